"""Write a summary of findings in words and numbers."""

from __future__ import annotations

from evidence.catalog.question import MEASURE_LABELS, MEASURES_OF
from evidence.rating.certainty.rules_text import written
from evidence.report.certainty.summary_of_findings import SofRow, SummaryOfFindings
from evidence.report.numbers import pretty_unit, significant
from evidence.report.result import Shown
from evidence.report.tables import Table

# What the second column holds: levels before the treatment are compared with nothing.
COMPARED = {False: "With the comparator", True: "Before the treatment"}


def findings_table(summary: SummaryOfFindings) -> Table:
    """Write a summary of findings as a table of words and numbers."""
    rows = tuple(
        (
            _outcome_text(row),
            _comparator_text(row),
            _treatment_text(row),
            _relative(row),
            _difference_text(row),
            _trials_text(row),
            row.as_asked.text,
            row.certainty.text + _marks(row.footnotes),
            row.statement,
        )
        for row in summary.rows
    )
    early = all(row.occasion == "baseline" for row in summary.rows)
    names = (
        "Outcome", COMPARED[early], "With the treatment", "Relative effect (95 % CI)",
        "Difference (95 % CI)", "People (trials)", "Certainty, as asked",
        "Certainty, for what it is meant for", "What happens",
    )  # fmt: skip
    sources = [f"{r.outcome}: {r.comparator_source}" for r in summary.rows if r.comparator_source]
    caption = (
        f"Population: {summary.people}. Intervention: {summary.intervention}. Comparison: "
        f"{summary.comparison}. Setting: as in the trials. Ratios to two decimals, small "
        "ones and other figures to three digits, printed means as printed. As asked: in these "
        "people, against this comparator and for the outcome itself. A high risk of bias that "
        "rests on missing information alone counts as some concerns."
    )
    if summary.meant_for:
        caption += f" What it is meant for: {summary.meant_for}"
    if sources:
        caption += f" Figures with the comparator: {'. '.join(sources)}. They are taken as known, "
        caption += "so that the limits carry the uncertainty of the effect alone."
    return Table(f"Summary of findings: {summary.title}", names, rows, (), caption)


def footnotes_table(summary: SummaryOfFindings) -> Table | None:
    """Write the reasons for rating down or up, by number; None where there are none."""
    if not summary.footnotes:
        return None
    rows = tuple((str(i), text) for i, text in enumerate(summary.footnotes, 1))
    return Table("Reasons for the certainty", ("No.", "Reason"), rows, (0,))


def _marks(numbers: tuple[int, ...]) -> str:
    return f" [{', '.join(map(str, numbers))}]" if numbers else ""


def _outcome_text(row: SofRow) -> str:
    text = row.outcome + (f"; {row.follow_up}" if row.follow_up else "")
    mark = row.smallest_difference
    return f"{text}. What matters: {mark}" if mark else text


def _triple(values: Shown | None, unit: str, measure: str = "") -> str:
    if values is None:
        return ""
    estimate, low, high = written(measure, values.estimate, values.low, values.high)
    return f"{estimate} ({low} to {high}) {pretty_unit(unit)}".rstrip()


def _comparator_text(row: SofRow) -> str:
    if row.occasion == "baseline":
        return _triple(row.relative, row.unit or "")
    return row.comparator_text


def _treatment_text(row: SofRow) -> str:
    if row.occasion == "baseline":
        return ""
    if row.measure in MEASURES_OF["level"]:
        return _triple(row.relative, row.unit or "")
    cap = "; 1,000 is the cap" if row.capped else ""
    return _triple(row.treatment, row.absolute_unit) + cap


def _relative(row: SofRow) -> str:
    if row.relative is None:
        return "no trial" if not row.told_in_part else "not pooled"
    if row.measure == "MD" or row.measure in MEASURES_OF["level"]:
        return ""
    if row.measure in MEASURES_OF["association"]:
        return f"{MEASURE_LABELS[row.measure]} {_triple(row.relative, row.unit or '')}"
    return f"{row.measure} {_triple(row.relative, '', row.measure)}"


def _difference_text(row: SofRow) -> str:
    if row.difference is None:
        return ""
    if row.measure == "MD":
        return f"MD {_triple(row.difference, row.unit or '')}"
    if row.absolute_unit != "per 1,000":
        return _triple(row.difference, row.absolute_unit)

    def more(value: float) -> str:
        return f"{significant(abs(value))} {'fewer' if value < 0 else 'more'}"

    d = row.difference
    return f"{more(d.estimate)} per 1,000 ({more(d.low)} to {more(d.high)})"


def _trials_text(row: SofRow) -> str:
    if not row.trials and not row.told_in_part:
        return "no trial"
    people = "not all printed" if row.participants is None else f"{row.participants:,}"
    text = f"{people} ({row.trials})" if row.trials else "none pooled"
    if row.told_in_part:
        more = " more" if row.trials else ""
        text += f"; {row.told_in_part}{more} in part: {row.directions}"
    return text
