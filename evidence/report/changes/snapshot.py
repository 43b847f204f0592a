"""Snapshot: the figures of a data release, kept as JSON, one line a file, report and question."""

from __future__ import annotations

import hashlib
import itertools
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError

from evidence.catalog.question import Kind, Scale
from evidence.catalog.releases import DAY, Hash, Version
from evidence.catalog.study import Identifier, Record
from evidence.errors import Problem, ReportError, check_kind
from evidence.report.record import data_hash
from evidence.report.result import Shown

FORMAT: Literal["evidence-release/1"] = "evidence-release/1"
MAX_BYTES = 20_000_000
Number = Annotated[float, Field(allow_inf_nan=False)]


class Interval(Record):
    """An estimate and its limits on the analysis scale, and as readers know them."""

    estimate: Number
    low: Number
    high: Number
    shown: Shown


class MainState(Record):
    """The frequentist answer; ``tau`` on the analysis scale."""

    method: str
    level: Number
    at: Interval
    tau: Number | None
    prediction: Interval | None


class BayesState(Record):
    """A posterior of the mean effect: its median and interval; ``reports`` went into it."""

    level: Number
    at: Interval
    tau: Number | None
    below: Number | None
    reports: int | None


class BorrowedState(Record):
    """What the declared borrowing gives, at its declared discount."""

    level: Number
    discount: Number | None
    at: Interval


class RatingState(Record):
    """Certainty of an answer; ``domains`` has the steps that hold: judged, or else suggested."""

    level: str | None
    as_asked: str | None
    suggested: str | None
    status: str
    domains: Mapping[str, int]


class QuestionState(Record):
    """What a release says of one question.

    ``decimals`` are those at which its figures are printed, ``matters`` the effects that matter
    on the analysis scale, ``partial`` and ``unused`` count lines, ``studies`` and ``in_part``
    name the studies with an effect and those told in part.
    """

    id: Identifier
    analysis: Identifier
    title: str
    measure: str
    measure_label: str
    unit: str | None
    scale: Scale
    contrast: Kind
    better: str
    decimals: int
    matters: tuple[Number, Number] | None
    k: int
    trials: int
    participants: int | None
    considered: int
    partial: int
    unused: int
    studies: tuple[str, ...]
    in_part: tuple[str, ...]
    main: MainState | None
    bayes: BayesState | None
    said: BayesState | None
    borrowed: BorrowedState | None
    rating: RatingState | None
    finding: str
    certainty: tuple[str, ...]


class ClaimState(Record):
    """What a release says of one claim."""

    id: Identifier
    claim: str
    verdict: str
    reason: str
    wording: tuple[str, ...]


class ReportState(Record):
    """A report: the program's version, and its inputs by their place among the files."""

    name: Identifier
    title: str
    evidence: str
    data_hash: Hash
    inputs: tuple[int, ...]


class Snapshot(Record):
    """All figures of a data release; ``version`` and ``date`` are None for what is not released."""

    format: Literal["evidence-release/1"]
    version: Version | None
    date: Annotated[str, Field(pattern=DAY)] | None
    data_hash: Hash
    files: tuple[tuple[str, Hash], ...]
    reports: tuple[ReportState, ...]
    questions: tuple[QuestionState, ...]
    claims: tuple[ClaimState, ...] | None

    @property
    def name(self) -> str:
        """What readers call it."""
        return self.version or "now"

    def inputs(self, report: str) -> dict[str, str]:
        """Files that a report was made from, with their hashes; none if there is no such report."""
        found = next((r for r in self.reports if r.name == report), None)
        return {} if found is None else dict(self.files[i] for i in found.inputs)


def files_hash(files: Iterable[tuple[str, str]]) -> str:
    """Hash of a release's files, as a citation gives it; a file may stand there in two states."""
    lines = "".join(f"{digest}  {path}\n" for path, digest in sorted(files))
    return hashlib.sha256(lines.encode()).hexdigest()


def snapshot_bytes(snapshot: Snapshot) -> bytes:
    """Write a snapshot: the same bytes each time, one line an item.

    Examples
    --------
    >>> empty = Snapshot(format=FORMAT, version="0.1.0", date="2026-11-21", files=(), reports=(),
    ...                  data_hash=files_hash(()), questions=(), claims=None)
    >>> snapshot_bytes(empty).decode().splitlines()[1]
    '"format": "evidence-release/1",'
    >>> read_snapshot_bytes("x", snapshot_bytes(empty)) == empty
    True
    """
    check_kind("snapshot", snapshot, Snapshot, ReportError)
    plain = snapshot.model_dump(mode="json")
    # Questions share most sentences on certainty: each is written once.
    sentences = sorted({text for question in snapshot.questions for text in question.certainty})
    place = {text: i for i, text in enumerate(sentences)}
    for question in plain["questions"]:
        question["certainty"] = [place[text] for text in question["certainty"]]
    parts = []
    for key, value in {**plain, "sentences": sentences}.items():
        if isinstance(value, list):
            lines = ",\n".join(_compact(item) for item in value)
            parts.append(f'"{key}": [\n{lines}\n]' if lines else f'"{key}": []')
        else:
            parts.append(f'"{key}": {_compact(value)}')
    return ("{\n" + ",\n".join(parts) + "\n}\n").encode("utf-8")


def _compact(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def read_snapshot(path: Path) -> Snapshot:
    """Read the figures of a release.

    Raises
    ------
    ReportError
        If the file cannot be read, with every problem in it.
    """
    try:
        if path.stat().st_size > MAX_BYTES:
            problem = Problem(str(path), "is too large", f"at most {MAX_BYTES:,} bytes are read")
            raise ReportError("a snapshot cannot be read", [problem])
        raw = path.read_bytes()
    except (OSError, ValueError) as error:
        what = f"cannot be read ({getattr(error, 'strerror', None) or error})"
        right = "each release has its snapshot: take it from the history of the project"
        raise ReportError("a snapshot is missing", [Problem(str(path), what, right)]) from None
    return read_snapshot_bytes(str(path), raw)


def read_snapshot_bytes(where: str, raw: bytes) -> Snapshot:
    """Read a snapshot that is at hand as bytes; ``where`` names it in messages.

    Raises
    ------
    ReportError
        With every problem in it.
    """
    try:
        plain = json.loads(raw, parse_constant=_refuse)
        snapshot = Snapshot.model_validate_json(json.dumps(_with_sentences(plain)))
    except ValidationError as error:
        problems = [
            Problem(f"{where} {'.'.join(map(str, item['loc']))}".rstrip(), item["msg"])
            for item in error.errors(include_url=False, include_input=False, include_context=False)
        ]
        raise ReportError(f"{where} is no snapshot ({len(problems)} wrong)", problems) from None
    except (ValueError, RecursionError) as error:
        problem = Problem(where, f"is not JSON: {error}", "take it from the project's history")
        raise ReportError("a snapshot is damaged", [problem]) from None
    problems = _inconsistent(where, snapshot)
    if problems:
        raise ReportError(f"{where} does not hold together", problems)
    return snapshot


def _refuse(word: str) -> None:
    raise ValueError(f"{word} is not a number")


def _with_sentences(plain: Any) -> Any:
    """Put the sentences on certainty where their places stand; what is no place stays as it is."""
    if not isinstance(plain, dict) or not isinstance(plain.get("sentences"), list):
        raise ValueError('it has no list of "sentences"')
    sentences = plain.pop("sentences")
    questions = plain.get("questions")
    for question in questions if isinstance(questions, list) else ():
        told = question.get("certainty") if isinstance(question, dict) else None
        if isinstance(told, list):
            question["certainty"] = [
                sentences[i] if type(i) is int and 0 <= i < len(sentences) else i for i in told
            ]
    return plain


def _inconsistent(where: str, snapshot: Snapshot) -> list[Problem]:
    """Items out of order or twice, inputs that lead nowhere, hashes that do not fit."""
    found = []
    named: dict[str, list[Any]] = {
        "files": [list(pair) for pair in snapshot.files],
        "reports": [report.name for report in snapshot.reports],
        "questions": [question.id for question in snapshot.questions],
        "claims": [claim.id for claim in snapshot.claims or ()],
    }
    for kind, names in named.items():
        wrong = [b for a, b in itertools.pairwise(names) if a >= b]
        found += [Problem(f"{where} {kind}", f"{x!r} stands twice or out of order") for x in wrong]
    reports = {report.name for report in snapshot.reports}
    for question in snapshot.questions:
        if question.analysis not in reports:
            what = f"belongs to {question.analysis!r}, which is no report of it"
            found.append(Problem(f"{where} questions.{question.id}", what))
    most = len(snapshot.files)
    for report in snapshot.reports:
        at = f"{where} reports.{report.name}"
        if any(not 0 <= i < most for i in report.inputs):
            found.append(Problem(f"{at}.inputs", "leads to no file", f"from 0 to {most - 1}"))
        elif data_hash(snapshot.inputs(report.name)) != report.data_hash:
            found.append(Problem(f"{at}.data_hash", "is not that of its inputs"))
    if files_hash(snapshot.files) != snapshot.data_hash:
        found.append(Problem(f"{where} data_hash", "is not that of the files"))
    return found
