"""Summaries of findings, as summary_of_findings.json has them, and their agreement with answers."""

from __future__ import annotations

from collections.abc import Iterator

from evidence.report.certainty.summary_of_findings import SofRow, SummaryOfFindings
from evidence.report.coherence.cells import Cell, Expected, holds, says
from evidence.report.coherence.digits import fixed, leading, span
from evidence.report.coherence.record import Incoherence
from evidence.report.result import QuestionResult, ResultFile, Shown

FILE = "summary_of_findings.json"
LEVELS, ASSOCIATIONS = ("MN", "MNLN", "PLO"), ("ZCOR",)


def findings(summaries: tuple[SummaryOfFindings, ...]) -> list[Expected]:
    """Write every summary and its notes as a table."""
    found = []
    for i, summary in enumerate(summaries, 1):
        rows = tuple(_row(row) for row in summary.rows)
        found.append(Expected(f"t-findings-{i}", rows))
        if summary.footnotes:
            notes = tuple((says(str(n)), says(t)) for n, t in enumerate(summary.footnotes, 1))
            found.append(Expected(f"t-findings-{i}-notes", notes))
    return found


def _row(row: SofRow) -> tuple[Cell | None, ...]:
    people = ""
    if row.trials:
        people = "" if row.participants is None else f"{row.participants:,}"
        people += f" ({row.trials})"
    if row.told_in_part:
        people += f"; {row.told_in_part} in part: {row.directions}"
    level = row.measure in LEVELS
    mean = (row.relative, row.unit) if level else (row.treatment, row.absolute_unit)
    before = row.occasion == "baseline"
    cap = "1,000" if row.capped else ""
    return (
        holds(row.outcome, row.follow_up, row.smallest_difference),
        holds(_triple(*mean)) if before else says(row.comparator_text),
        says("") if before else holds(_triple(*mean), cap),
        holds(_relative(row)),
        holds(_difference(row)),
        holds(people),
        None,
        holds(" ".join(f"[{n}]" for n in row.footnotes)),
        says(row.statement),
    )


def _triple(values: Shown | None, unit: str | None) -> str:
    if values is None:
        return ""
    ends = f"{leading(values.low)} to {leading(values.high)}"
    return f"{leading(values.estimate)} ({ends}) {unit or ''}"


def _relative(row: SofRow) -> str:
    if row.relative is None or row.measure == "MD" or row.measure in LEVELS:
        return ""
    if row.measure in ASSOCIATIONS or row.relative.low < 0.095:
        return _triple(row.relative, row.unit if row.measure in ASSOCIATIONS else "")
    return f"{fixed(row.relative.estimate, 2)} ({span(row.relative.low, row.relative.high, 2)})"


def _difference(row: SofRow) -> str:
    d = row.difference
    if d is None:
        return ""
    if row.measure == "MD" or row.absolute_unit != "per 1,000":
        return _triple(d, row.unit if row.measure == "MD" else row.absolute_unit)
    # Fewer or more says the sign in words.
    one, low, high = (leading(abs(x)) for x in (d.estimate, d.low, d.high))
    return f"{one} per 1,000 ({low} to {high})"


def check_findings(
    result: ResultFile, summaries: tuple[SummaryOfFindings, ...]
) -> Iterator[Incoherence]:
    """Compare each row of a summary with the answer to its question."""
    asked = {q.id: q for q in result.questions}
    told = [row for summary in summaries for row in summary.rows]
    for row in told:
        question = asked.pop(row.question, None)
        if question is None:
            yield Incoherence(FILE, row.question, "no such question, or twice in the summaries")
        else:
            yield from _compare(row, question)
    for name in asked:
        yield Incoherence(FILE, name, "the question stands in no summary")


def _compare(row: SofRow, q: QuestionResult) -> Iterator[Incoherence]:
    in_part = len({line.study for line in q.partial if line.kind != "other_arms"})
    pairs = {
        "measure": (q.measure, row.measure),
        "unit": (q.unit, row.unit),
        "trials": (q.trials, row.trials),
        "participants": (q.participants, row.participants),
        "reported in part": (in_part, row.told_in_part),
        "relative effect": (None if q.main is None else q.main.shown, row.relative),
    }
    if q.rating is not None:
        pairs |= {
            "certainty": (q.rating.level, row.certainty.level),
            "certainty as asked": (q.rating.as_asked, row.as_asked.level),
        }
    if row.measure == "MD" and row.difference is not None:
        pairs["difference"] = (row.relative, row.difference)
    for what, (mine, theirs) in pairs.items():
        if mine != theirs:
            yield Incoherence(FILE, row.question, what, str(mine), str(theirs))
    yield from _absolute(row)


def _absolute(row: SofRow) -> Iterator[Incoherence]:
    """With the treatment minus with the comparator is the difference."""
    c, t, d = row.comparator, row.treatment, row.difference
    if c is None or t is None or d is None:
        return
    for name in ("estimate", "low", "high"):
        apart = getattr(t, name) - c
        if abs(apart - getattr(d, name)) > 1e-6 * max(abs(c), 1.0):
            what = f"difference of the two, {name}"
            yield Incoherence(FILE, row.question, what, leading(apart), str(getattr(d, name)))
