"""verify: rebuild a report and name every number that moved."""

from __future__ import annotations

import json
import math
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from evidence.catalog.display import html_of, plain
from evidence.catalog.phrases import counted, folded
from evidence.catalog.project import Project
from evidence.errors import Problem, ReportError
from evidence.models.answer import tell_nobody
from evidence.report.analysis import Analysis
from evidence.report.build import RESULT, RUN, Built, make
from evidence.report.coherence.examine import examine
from evidence.report.coherence.record import Incoherence
from evidence.report.files import json_bytes, result_bytes
from evidence.report.page import NOT_COMMITTED, forms
from evidence.report.record import data_hash
from evidence.report.result import BayesTerm, QuestionResult, ResultFile

# A sampled figure counts as moved beyond so many Monte Carlo errors of the difference.
Z_LIMIT = 5.0
# Parts of the run record that are compared in their own way, or noted only.
NOTED = ("inputs", "environment", "data_hash", "evidence")
IDENTITY = ("id", "row", "term", "choice", "name")
# So many differences are printed of a verification.
TOLD = 12
SAMPLED = ("mean", "median", "ci_low", "ci_high")


@dataclass(frozen=True, slots=True)
class Moved:
    """One figure or file that is not what was committed."""

    where: str
    committed: str
    rebuilt: str

    def __str__(self) -> str:
        return f"{self.where}: {self.committed} → {self.rebuilt}"


@dataclass(frozen=True, slots=True)
class Verification:
    """What a rebuild showed: ``moved`` is empty where all is as committed.

    ``incoherent``: where a form of the report says something else than the result beside it.
    """

    name: str
    moved: tuple[Moved, ...]
    notes: tuple[str, ...]
    files: int
    numbers: int
    incoherent: tuple[Incoherence, ...] = ()

    def __str__(self) -> str:
        told = [*map(str, self.moved), *map(str, self.incoherent)]
        lines = [self._head(), *(f"  {plain(one)}" for one in told[:TOLD])]
        lines += [f"  and {len(told) - TOLD} more"] if len(told) > TOLD else []
        return folded("\n".join([*lines, *(f"  note: {note}" for note in self.notes)]))

    def _repr_html_(self) -> str:
        import pandas as pd

        moved = [(one.where, one.committed, one.rebuilt) for one in self.moved]
        other = [(one.file, one.where, one.what) for one in self.incoherent]
        return html_of(
            self._head(),
            self.notes,
            ("Moved", pd.DataFrame(moved, columns=["where", "committed", "rebuilt"])),
            ("Not as the result", pd.DataFrame(other, columns=["file", "where", "what"])),
        )

    def _head(self) -> str:
        moved = "has moved" if len(self.moved) == 1 else "have moved"
        other = "does not agree" if len(self.incoherent) == 1 else "do not agree"
        apart = f"{len(self.moved)} {moved}, {len(self.incoherent)} {other}"
        said = "as committed" if self.passed else apart
        of = f"{counted(self.files, 'file')} and {counted(self.numbers, 'number')}"
        return f"{self.name}: {of} compared, {said}"

    @property
    def passed(self) -> bool:
        """Whether nothing moved, and all forms agree with the result."""
        return not self.moved and not self.incoherent


def verify(
    analysis: Analysis, project: Project, folder: Path, *, tell: Callable[[str], None] = tell_nobody
) -> Verification:
    """Rebuild a report in memory and compare it with what is committed.

    Everything that is exact is compared byte for byte: CSV, JSON, SVG, PNG, and the page, which is
    written anew from the rebuilt result with the committed sampled part in it. Sampled figures are
    compared within their Monte Carlo error. Versions that differ are notes, not failures.

    Raises
    ------
    ReportError
        If there is no report to compare with, or its files cannot be read.
    EvidenceError
        Whatever is wrong with data, questions or fits.
    """
    committed, run = _committed(folder, analysis.name)
    built = make(analysis, project, tell=tell)
    moved = [*_inputs(run, built.run), *_record(run, built.run)]
    old, new = committed.model_dump(mode="json"), built.result.model_dump(mode="json")
    leaves = list(_leaves(_exact(old), _exact(new), analysis.name))
    moved += [Moved(where, _show(a), _show(b)) for where, a, b in leaves if a != b]
    moved += list(_sampled(committed, built.result))
    expected = _expected(built, committed, run)
    moved += compared(folder, expected)
    tell(f"{analysis.name}: reading its forms again")
    return Verification(
        name=analysis.name,
        moved=tuple(moved),
        incoherent=examined(folder, expected, examine),
        notes=tuple(_versions(run, built.run)),
        files=len(built.files),
        numbers=sum(isinstance(b, float | int) for _, _, b in leaves),
    )


def _committed(folder: Path, name: str) -> tuple[ResultFile, dict[str, Any]]:
    right = f"build it first: evidence run {name}"
    if not (folder / RESULT).is_file() or not (folder / RUN).is_file():
        problem = Problem(str(folder), f"holds no {RESULT} and {RUN}", right)
        raise ReportError("there is no report to verify", [problem])
    try:
        raw = (folder / RESULT).read_bytes()
        json.loads(raw, parse_constant=_refuse_constant)
        result = ResultFile.model_validate_json(raw)
        run = json.loads((folder / RUN).read_bytes())
    except (ValidationError, ValueError, RecursionError) as error:
        first = str(error).splitlines()[0]
        problem = Problem(str(folder / RESULT), f"cannot be read: {first}", right)
        raise ReportError("the committed report is damaged", [problem]) from None
    if not _is_run_record(run):
        problem = Problem(str(folder / RUN), "is no complete run record", right)
        raise ReportError("the committed report is damaged", [problem])
    return result, run


def _refuse_constant(word: str) -> None:
    raise ValueError(f"{word} is not a number")


def _is_run_record(run: Any) -> bool:
    if not isinstance(run, dict):
        return False
    texts = [run.get(name) for name in ("format", "command", "evidence", "data_hash")]
    parts = [run.get(name) for name in ("inputs", "seeds", "environment")]
    if not all(isinstance(x, str) for x in texts) or not all(isinstance(x, dict) for x in parts):
        return False
    return isinstance(run["environment"].get("packages"), dict)


def _exact(tree: dict[str, Any]) -> dict[str, Any]:
    """Drop the sampled parts."""
    questions = [{**q, "sampled": q["sampled"] is not None} for q in tree["questions"]]
    return {**tree, "questions": questions}


def _leaves(old: Any, new: Any, where: str) -> Iterator[tuple[str, Any, Any]]:
    """Walk two trees side by side; lists of records by the name of each record."""
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        for key in {**old, **new}:
            yield from _leaves(old.get(key), new.get(key), f"{where}.{key}")
    elif isinstance(old, list) and isinstance(new, list):
        mine, theirs = _named(old), _named(new)
        for key in {**mine, **theirs}:
            yield from _leaves(mine.get(key), theirs.get(key), f"{where}[{key}]")
    else:
        yield where, old, new


def _named(items: list[Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for index, item in enumerate(items):
        name = str(index)
        if isinstance(item, Mapping):
            words = [item[key] for key in IDENTITY if isinstance(item.get(key), str)]
            if not words and "study" in item:
                words = [f"{item['study']}/{item.get('outcome')}/{item.get('treatment')}"]
            name = words[0] if words else name
        found[name if name not in found else f"{name} #{index}"] = item
    return found


def _show(value: Any) -> str:
    if isinstance(value, Mapping | list):
        return "present"
    if isinstance(value, str):
        return f'"{value}"'
    return "absent" if value is None else f"{value}"


def _sampled(old: ResultFile, new: ResultFile) -> Iterator[Moved]:
    before = {q.id: q for q in old.questions}
    for question in new.questions:
        other = before.get(question.id)
        if other is not None:
            yield from _sampled_question(other, question, old.name)


def _sampled_question(old: QuestionResult, new: QuestionResult, name: str) -> Iterator[Moved]:
    if old.sampled is None or new.sampled is None:
        return
    before = {term.term: term for term in old.sampled.terms}
    for other in new.sampled.terms:
        for figure in SAMPLED:
            term = before.get(other.term)
            a, b = None if term is None else getattr(term, figure), getattr(other, figure)
            # The error of the rebuilt figure alone: no file widens its own tolerance.
            error = math.sqrt(2) * _mcse(other, figure)
            apart = a is not None and b is not None and not abs(a - b) <= Z_LIMIT * error
            if (a is None) != (b is None) or apart:
                where = f"{name}.questions[{new.id}].sampled[{other.term}].{figure}"
                yield Moved(where, f"{a}", f"{b} (Monte Carlo error {error:.2g})")
    for figure in ("chains", "draws", "tune", "seed", "sampler"):
        a, b = getattr(old.sampled, figure), getattr(new.sampled, figure)
        if a != b:
            yield Moved(f"{name}.questions[{new.id}].sampled.{figure}", f"{a}", f"{b}")


def _mcse(term: BayesTerm, figure: str) -> float:
    return getattr(term, f"mcse_{figure}") or 0.0


def _inputs(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Moved]:
    before, after = old["inputs"], new["inputs"]
    for path in sorted({*before, *after}):
        if before.get(path) != after.get(path):
            words = [str(side.get(path, "absent"))[:12] for side in (before, after)]
            yield Moved(f"input {path}", words[0], words[1])


def _record(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Moved]:
    """What a run record says beside its inputs and versions."""
    mine, theirs = ({k: v for k, v in side.items() if k not in NOTED} for side in (old, new))
    for where, a, b in _leaves(mine, theirs, "run"):
        if a != b:
            yield Moved(where, _show(a), _show(b))
    implied = data_hash(old["inputs"])
    if old["data_hash"] != implied:
        yield Moved("run.data_hash", str(old["data_hash"])[:12], f"{implied[:12]}, by its inputs")


def _expected(built: Built, committed: ResultFile, run: Mapping[str, Any]) -> dict[str, bytes]:
    """The files as they must be: rebuilt, with the committed sampled part and run record."""
    merged = _with_sampled(built.result, committed)
    written = forms(merged, built.material, run)
    return {**built.files, RESULT: result_bytes(merged), RUN: json_bytes(run), **written}


def examined(
    folder: Path, expected: Mapping[str, bytes], read: Callable[[Path], tuple[Incoherence, ...]]
) -> tuple[Incoherence, ...]:
    """Read the forms of a report again; those that are not committed as they were rebuilt."""
    with tempfile.TemporaryDirectory() as place:
        for name, content in expected.items():
            path = folder / name
            if path.is_file():
                shutil.copyfile(path, Path(place) / name)
            elif name in NOT_COMMITTED:
                (Path(place) / name).write_bytes(content)
        return read(Path(place))


def compared(folder: Path, files: Mapping[str, bytes]) -> Iterator[Moved]:
    """Compare a folder with the files that were made anew.

    A form that is not committed may be absent: then its hash in ``forms.json``, which is compared
    with the others, speaks for it.
    """
    for name, content in files.items():
        path = folder / name
        if not path.is_file():
            if name not in NOT_COMMITTED:
                yield Moved(f"file {name}", "absent", f"{len(content)} bytes")
        elif path.read_bytes() != content:
            yield Moved(f"file {name}", "committed bytes", "rebuilt bytes differ")
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        if path.name not in files:
            yield Moved(f"file {path.name}", "present", "not part of the report")


def _with_sampled(new: ResultFile, old: ResultFile) -> ResultFile:
    """The rebuilt result with the committed sampled part in it."""
    before = {q.id: q.sampled for q in old.questions}
    questions = tuple(
        q.model_copy(update={"sampled": before.get(q.id)}) if q.sampled is not None else q
        for q in new.questions
    )
    return new.model_copy(update={"questions": questions})


def _versions(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[str]:
    before, after = ({"evidence": x["evidence"], **x["environment"]} for x in (old, new))
    before |= before.pop("packages", {})
    after |= after.pop("packages", {})
    for name in sorted({*before, *after}):
        if before.get(name) != after.get(name):
            yield f"{name}: built with {before.get(name)}, verified with {after.get(name)}"
