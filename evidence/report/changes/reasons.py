"""Reasons that a person gave for what moved, and what moved without any."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Literal

from evidence.catalog.releases import Reason
from evidence.errors import Problem, did_you_mean
from evidence.report.changes.causes import STUDIES
from evidence.report.changes.difference import ClaimChange, Difference, QuestionChange
from evidence.report.changes.snapshot import QuestionState, Snapshot

NO_REASON = "No reason given."


@dataclass(frozen=True, slots=True)
class Unexplained:
    """Something that moved, and for which nobody gave a reason."""

    kind: Literal["number", "rating", "verdict", "removed"]
    id: str
    what: str


def reasons_for(change: QuestionChange, reasons: Sequence[Reason]) -> tuple[str, ...]:
    """Reasons that name a question, its report, or a study whose change bears on it."""
    touched = {file.name for file in change.cause.studies} | {*change.entered, *change.left}
    ids, reports = {change.old.id, change.new.id}, {change.old.analysis, change.new.analysis}
    return tuple(
        reason.why
        for reason in reasons
        if ids & {*reason.questions} or reports & {*reason.reports} or touched & {*reason.studies}
    )


def reasons_for_claim(change: ClaimChange, reasons: Sequence[Reason]) -> tuple[str, ...]:
    """Reasons that name a claim."""
    return tuple(reason.why for reason in reasons if change.new.id in reason.claims)


def reasons_for_removed(question: QuestionState, reasons: Sequence[Reason]) -> tuple[str, ...]:
    """Reasons that name a question that is gone, or its report."""
    return tuple(
        reason.why
        for reason in reasons
        if question.id in reason.questions or question.analysis in reason.reports
    )


def unexplained(difference: Difference, reasons: Sequence[Reason]) -> tuple[Unexplained, ...]:
    """What moved without any reason: printed numbers, certainty, verdicts, questions that went.

    Figures that moved by less than is printed, and what is wholly new, need none: of them the
    release's own sentence says why.
    """
    found = []
    for change in difference.changed:
        if reasons_for(change, reasons):
            continue
        found += [
            Unexplained("number", change.id, f"{a.answer}: {a.printed[0]} → {a.printed[1] or '–'}")
            for a in change.moved
        ]
        rated = [m for m in change.rating if change.old.rating is not None]
        found += [Unexplained("rating", change.id, f"{m.what}: {m.old} → {m.new}") for m in rated]
    for question in difference.removed:
        if not reasons_for_removed(question, reasons):
            found.append(Unexplained("removed", question.id, question.title))
    for claim in difference.claims:
        if claim.verdict is not None and not reasons_for_claim(claim, reasons):
            what = f"{claim.verdict.old} → {claim.verdict.new}"
            found.append(Unexplained("verdict", claim.new.id, what))
    return tuple(found)


def reason_problems(
    where: str, reasons: Sequence[Reason], old: Snapshot | None, new: Snapshot
) -> list[Problem]:
    """Ids that a reason names and that stand in neither release."""
    sides = [side for side in (old, new) if side is not None]
    known = {
        "questions": {q.id for side in sides for q in side.questions},
        "reports": {r.name for side in sides for r in side.reports},
        "claims": {c.id for side in sides for c in side.claims or ()},
        "studies": {
            PurePosixPath(path).stem
            for side in sides
            for path, _ in side.files
            if PurePosixPath(path).parent.as_posix() == STUDIES
        },
    }
    found = []
    for i, reason in enumerate(reasons):
        for kind, names in known.items():
            for name in getattr(reason, kind):
                if name not in names:
                    at, what = f"{where} reasons[{i}].{kind}", f'"{name}" stands in no release'
                    found.append(Problem(at, what, did_you_mean(name, names)))
    return found
