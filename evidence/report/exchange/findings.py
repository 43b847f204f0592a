"""A Summary of Findings as CSV."""

from __future__ import annotations

from typing import Any

from evidence.errors import ReportError, check_kind
from evidence.report.certainty.summary_of_findings import SofRow, SummaryOfFindings
from evidence.report.exchange.cells import csv_file
from evidence.report.result import Shown

ENDS = ("estimate", "low", "high")
TRIPLES = ("relative", "treatment", "difference")
HEAD = ("title", "people", "intervention", "comparison", "meant_for")
PLAIN = tuple(name for name in SofRow.model_fields if name not in (*TRIPLES, "footnotes"))
RATED = ("as_asked", "certainty")


def findings_csv(table: SummaryOfFindings) -> dict[str, bytes]:
    """Write a Summary of Findings: one row an outcome, and its footnotes in a file of their own.

    Examples
    --------
    >>> from evidence.report.certainty.summary_of_findings import Rated
    >>> rated = Rated(level="low", status="judged")
    >>> row = SofRow(question="q", outcome="Death", follow_up="52 weeks", trials=2,
    ...     participants=40, told_in_part=0, directions="", relative=None, measure="RR", unit=None,
    ...     comparator=None, comparator_text="", comparator_source="", treatment=None,
    ...     difference=None, absolute_unit="", as_asked=rated, certainty=rated, footnotes=(1,),
    ...     smallest_difference="", statement="...")
    >>> table = SummaryOfFindings(title="A v B", people="men", intervention="A", comparison="B",
    ...     meant_for="", rows=(row,), footnotes=("Few events.",))
    >>> sorted(findings_csv(table))
    ['findings-footnotes.csv', 'findings.csv']
    """
    check_kind("table", table, SummaryOfFindings, ReportError)
    head = {name: getattr(table, name) for name in HEAD}
    rows = [head | _row(row) for row in table.rows]
    notes = [{"number": i, "footnote": text} for i, text in enumerate(table.footnotes, start=1)]
    return {
        "findings.csv": csv_file(list(rows[0]), rows),
        "findings-footnotes.csv": csv_file(("number", "footnote"), notes),
    }


def _row(row: SofRow) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name in PLAIN:
        value = getattr(row, name)
        found[name] = value.text if name in RATED else value
    for name in TRIPLES:
        shown: Shown | None = getattr(row, name)
        for end in ENDS:
            found[f"{name}_{end}"] = None if shown is None else getattr(shown, end)
    found["footnotes"] = " ".join(str(number) for number in row.footnotes)
    return found
