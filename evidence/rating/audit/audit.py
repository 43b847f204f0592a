"""Run the checks over studies, place each finding in its file, and find its recorded answer."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from evidence.catalog.audit_answers import AuditAnswer, AuditAnswers
from evidence.catalog.display import html_of, plain
from evidence.catalog.phrases import counted, folded
from evidence.catalog.project import find_project
from evidence.catalog.study import Study, as_studies
from evidence.catalog.terms import Terms
from evidence.catalog.yaml_reader import read_yaml
from evidence.errors import EffectError, Problem, check_kind
from evidence.rating.audit.body import Body
from evidence.rating.audit.finding import AuditFinding, Hit
from evidence.rating.audit.registry import CHECKS

if TYPE_CHECKING:
    import pandas as pd

# So many findings are printed.
TOLD = 20
NAMES = {check.code: check.name for check in CHECKS}
COLUMNS = (
    "code", "name", "severity", "study", "outcome", "address", "where", "found", "expected",
    "answer", "reason",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class AuditResult:
    """What the audit found.

    Attributes
    ----------
    findings : tuple of AuditFinding
        By study, outcome and code.
    stale : tuple of AuditAnswer
        Recorded answers that answer no finding: the figures or the study have changed.
    too_few : mapping of str to int
        Code of a check to the number of places that it could not judge: too few other trials to
        compare with, no bound in the table, or so many people that every figure is possible.
    studies : int
    """

    findings: tuple[AuditFinding, ...]
    stale: tuple[AuditAnswer, ...]
    too_few: Mapping[str, int]
    studies: int

    def _repr_html_(self) -> str:
        head, *notes = self._heads()
        columns = ["code", "severity", "study", "where", "found", "expected", "answer"]
        return html_of(head, notes, ("Findings", self.frame()[columns]))

    def __str__(self) -> str:
        head, *notes = self._heads()
        lines = [f"  {plain(finding)}" for finding in self.unanswered[:TOLD]]
        more = len(self.unanswered) - TOLD
        lines += [f"  and {more} more without an answer"] if more > 0 else []
        return folded("\n".join([head, *lines, *(f"  note: {note}" for note in notes)]))

    def _heads(self) -> list[str]:
        of = counted(self.studies, "study", "studies")
        head = f"Audit of {of}: {counted(len(self.findings), 'finding')}, "
        notes = [
            f"{code}: too little to judge at {counted(n, 'place')}"
            for code, n in self.too_few.items()
        ]
        if self.stale:
            answers = "answer answers" if len(self.stale) == 1 else "answers answer"
            notes.append(f"{len(self.stale)} recorded {answers} no finding")
        return [f"{head}{len(self.unanswered)} without an answer", *notes]

    @property
    def unanswered(self) -> tuple[AuditFinding, ...]:
        """Findings without a recorded answer."""
        return tuple(f for f in self.findings if f.answer is None)

    @property
    def passed(self) -> bool:
        """Whether every finding of severity ``error`` has an answer."""
        return not any(f.severity == "error" for f in self.unanswered)

    def frame(self) -> pd.DataFrame:
        """Findings as a table, one row each."""
        import pandas as pd

        return pd.DataFrame([_row(f) for f in self.findings], columns=list(COLUMNS))


def audit(
    studies: Iterable[Study],
    terms: Terms | None = None,
    answers: AuditAnswers | None = None,
    files: Mapping[str, str | Path] | None = None,
) -> AuditResult:
    """Look for what extraction and typesetting get wrong; see ``evidence audit --help``.

    Nineteen checks (spreads, levels, units, P values, counts, granularity, baselines, repeats),
    each with its threshold and source in ``evidence.rating.audit.registry.CHECKS``; what they find
    and what they miss on a bank of seeded errors is in docs/validation-audit.md.

    Parameters
    ----------
    studies : iterable of Study
        Read by ``load_studies``; the trials of one outcome are compared with one another.
    terms : Terms, optional
        The vocabulary; that of the project where absent.
    answers : AuditAnswers, optional
        The record of answers; none where absent.
    files : mapping of str to path, optional
        File of each study, so that findings name the line.

    Raises
    ------
    EffectError
        If ``studies`` holds something else, or two studies of one id, or a file is no path.

    Examples
    --------
    >>> import evidence as ev
    >>> found = ev.audit(ev.load_studies())
    >>> found.studies > 50, {f.code[0] for f in found.findings} <= {"A"}
    (True, True)
    """
    given = _checked(studies)
    if terms is None:
        terms = find_project().terms()
    check_kind("terms", terms, Terms, EffectError)
    record = AuditAnswers() if answers is None else answers
    check_kind("answers", record, AuditAnswers, EffectError)
    paths = {} if files is None else files
    check_kind("files", paths, Mapping, EffectError)
    for name, path in paths.items():
        check_kind(f"files[{name!r:.80}]", path, (str, Path), EffectError)
    body = Body(given, terms)
    known = {answer.key: answer for answer in record.answers}
    lines: dict[str, Any] = {}
    findings = [_placed(hit, paths, lines, known) for check in CHECKS for hit in check.run(body)]
    findings.sort(key=lambda f: (f.study, f.outcome, f.code, f.address))
    used = {f.key for f in findings}
    ids = {study.id for study in given}
    stale = tuple(a for a in record.answers if a.study in ids and a.key not in used)
    return AuditResult(tuple(findings), stale, dict(sorted(body.too_few.items())), len(given))


def _checked(studies: Iterable[Study]) -> tuple[Study, ...]:
    given = as_studies(studies, EffectError)
    seen: set[str] = set()
    for study in given:
        if study.id in seen:
            problem = Problem(f'the study "{study.id}"', "stands twice", "give each study once")
            raise EffectError("the studies cannot be audited", [problem])
        seen.add(study.id)
    return given


def _placed(
    hit: Hit,
    paths: Mapping[str, str | Path],
    lines: dict[str, Any],
    known: Mapping[Any, AuditAnswer],
) -> AuditFinding:
    where = " ".join(part for part in (hit.study, hit.outcome, hit.place) if part)
    if hit.study in paths:
        if hit.study not in lines:
            lines[hit.study] = read_yaml(Path(paths[hit.study]))
        where = lines[hit.study].where(hit.at)
    finding = AuditFinding(
        hit.code, NAMES[hit.code], hit.severity, hit.study, hit.outcome, hit.place, where,
        tuple(dict(hit.figures).items()), hit.found, hit.expected,
    )  # fmt: skip
    answer = known.get(finding.key)
    return finding if answer is None else replace(finding, answer=answer)


def _row(finding: AuditFinding) -> dict[str, object]:
    row: dict[str, object] = {name: getattr(finding, name) for name in COLUMNS[:-2]}
    answer = finding.answer
    row["answer"] = None if answer is None else answer.answer
    row["reason"] = None if answer is None else answer.reason
    return row


def as_record(result: AuditResult) -> dict[str, object]:
    """Everything of a result as plain values, for JSON."""
    return {
        "studies": result.studies,
        "passed": result.passed,
        "findings": [_row(f) | {"figures": dict(f.figures)} for f in result.findings],
        "stale_answers": [answer.model_dump(mode="json") for answer in result.stale],
        "too_few_to_compare": dict(result.too_few),
        "checks": [
            {"code": c.code, "name": c.name, "threshold": c.threshold, "source": c.source}
            for c in CHECKS
        ],
    }
