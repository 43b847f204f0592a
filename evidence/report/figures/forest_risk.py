"""Columns of a forest plot for the risk of bias of each study: a sign for each domain."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from evidence.rating.risk_of_bias.lights import SIGNS, Lights, domain_heads, sign
from evidence.rating.risk_of_bias.tools import LEVEL_WORDS
from evidence.report.figures.axes import refuse
from evidence.report.figures.forest_table import Column, Row

GROUP = "Risk of bias"


def with_risk(
    columns: tuple[Column, ...], rows: Sequence[Row], lines: Sequence[Lights]
) -> tuple[tuple[Column, ...], tuple[Row, ...]]:
    """Add a column for each domain and one for all of them, right of the others.

    ``lines`` are of the studies in their order, as ``risk_lights(risks, fit.table)`` makes them.

    Raises
    ------
    ReportError
        If there are not as many lines as studies, or none of them is rated.
    """
    studies = sum(row.kind == "study" for row in rows)
    if len(lines) != studies or not all(isinstance(line, Lights) for line in lines):
        raise refuse("risk", f"{len(lines)} for {studies} studies", "risk_lights(risks, fit.table)")
    heads = domain_heads(lines)
    if not heads:
        raise refuse("risk", "none of the studies is rated", "leave it out, or rate them")
    more = [Column(d, "center", GROUP, "after") for d in heads]
    more.append(Column("All", "center", GROUP, "after"))
    left, made = iter(lines), []
    for row in rows:
        if row.kind == "study":
            made.append(replace(row, cells=(*row.cells, *_cells(next(left), heads))))
        elif row.cells:
            made.append(replace(row, cells=(*row.cells, *("" for _ in more))))
        else:
            made.append(row)
    return (*columns, *more), tuple(made)


def _cells(line: Lights, heads: dict[str, str]) -> tuple[str, ...]:
    signs = [sign(line.domains.get(domain)) for domain in heads]
    return (*signs, sign(line.overall) or "not rated")


def risk_notes(lines: Sequence[Lights]) -> tuple[str, ...]:
    """Explain the columns: names of the domains, the signs that occur, who judged."""
    heads = domain_heads(lines)
    shown = [s for line in lines for s in (*line.domains.values(), line.overall) if s is not None]
    levels = [level for level in LEVEL_WORDS if any(s.level == level for s in shown)]
    if not shown:
        return ()
    signs = ", ".join(f"{SIGNS[level]} {LEVEL_WORDS[level]}" for level in levels)
    told = f"Risk of bias: {signs}"
    if any(s.for_want for s in shown):
        told += "; in brackets: it could be better if more were known"
    told += "." if any(s.judged for s in shown) else "; proposed by the algorithm, not yet judged."
    names = " ".join(f"{domain}: {name}." for domain, name in heads.items())
    return (told, names)
