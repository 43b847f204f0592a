"""What a forest plot with measured columns shows, before anything is drawn."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import pandas as pd

from evidence.catalog.question import Scale
from evidence.report.figures.style import BLUE, ORANGE

Kind = Literal["study", "pooled", "subtotal", "prediction", "step", "heading", "note"]
Align = Literal["left", "right", "center"]


@dataclass(frozen=True, slots=True)
class Column:
    """One column of text; ``group`` heads it together with its neighbours of the same group."""

    head: str
    align: Align = "right"
    group: str = ""
    side: Literal["before", "after"] = "before"


@dataclass(frozen=True, slots=True)
class Row:
    """One line; ``estimate``, ``low``, ``high`` on the analysis scale, ``cells`` a column each.

    ``heading`` and ``note`` have their words in ``label`` and may run over all columns left of the
    graph.
    """

    kind: Kind
    label: str
    cells: tuple[str, ...] = ()
    estimate: float | None = None
    low: float | None = None
    high: float | None = None
    weight: float | None = None


@dataclass(frozen=True, slots=True)
class Look:
    """What tells the layouts apart."""

    square: str = BLUE
    diamond: str = ORANGE
    bar: str = ORANGE
    label_head: str = "Study"
    favours_above: bool = False
    pooled_line: bool = True


@dataclass(frozen=True, slots=True)
class ForestTable:
    """Everything that a forest plot with measured columns shows."""

    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    scale: Scale
    graph_head: str
    look: Look
    favours: tuple[str, str] = ("", "")
    notes: tuple[str, ...] = ()
    title: str = ""
    pooled: float | None = None
    limits: tuple[float, float] | None = None
    width: float = 170.0

    def frame(self) -> pd.DataFrame:
        """Make the table beside the figure: every row, its numbers and its printed cells."""
        low, high = axis_ends(self)
        cells: list[dict[str, Any]] = []
        for row in self.rows:
            ends = [e for e in (row.estimate, row.low, row.high) if e is not None]
            told: dict[str, Any] = {
                "kind": row.kind, "label": row.label, "estimate": row.estimate, "low": row.low,
                "high": row.high, "weight": row.weight,
                "cut": any(not low <= e <= high for e in ends),
            }  # fmt: skip
            for column, cell in zip(self.columns, row.cells, strict=False):
                name = f"{column.group} {column.head}".strip().replace("\n", " ")
                told[name] = cell
            cells.append(told)
        frame = pd.DataFrame(cells, dtype=object).rename_axis("line")
        return frame.where(frame.notna(), None)


def axis_ends(table: ForestTable) -> tuple[float, float]:
    """Ends of the axis: as stated, else all pooled marks and points, and intervals in reach."""
    if table.limits is not None:
        return table.limits
    marks = [r for r in table.rows if r.kind in ("pooled", "subtotal", "prediction")]
    studies = [r for r in table.rows if r.kind in ("study", "step")]
    marks += [r for r in studies if r.kind == "step"][-1:]
    ends = [0.0] + [v for r in marks for v in (r.low, r.high) if v is not None]
    if not marks:
        ends += [v for r in studies for v in (r.low, r.high) if v is not None]
    ends += [r.estimate for r in studies if r.estimate is not None]
    reach = 0.5 * (max(ends) - min(ends) or 1.0)
    bounds = min(ends) - reach, max(ends) + reach
    for row in studies:
        ends += [min(max(v, bounds[0]), bounds[1]) for v in (row.low, row.high) if v is not None]
    room = 0.04 * ((max(ends) - min(ends)) or 1.0)
    # An interval that is cut is cut at the end of the axis.
    low = bounds[0] if min(ends) == bounds[0] else min(ends) - room
    return low, bounds[1] if max(ends) == bounds[1] else max(ends) + room
