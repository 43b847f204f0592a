"""moved_plot: estimates before and after, each in its own standard errors, as dumbbells."""

from __future__ import annotations

import math
from typing import Any

import pandas as pd

from evidence.errors import ReportError, check_kind, is_number
from evidence.report.figures.axes import TWO_COLUMNS, counted, refuse
from evidence.report.figures.plot import Plot, finished
from evidence.report.figures.row_sheet import SIZE, Graph, RowSheet, Words, records_of, sheet_ends
from evidence.report.figures.style import BLUE, GREY, VERMILION, clean, style
from evidence.report.figures.words import fitted
from evidence.report.numbers import MINUS

STEP, HEADING, GRAPH, APART = 17.0, 13.0, 3, 3.0
MOST_HEAD = 80.0  # points
COLUMNS = (
    "group", "name", "old", "old_low", "old_high", "old_error", "new", "new_low", "new_high",
    "new_error", "null", "printed_old", "printed_new",
)  # fmt: skip
FINITE = COLUMNS[2:10]


def moved_plot(
    rows: pd.DataFrame,
    *,
    before: str = "Before",
    after: str = "After",
    title: str | None = None,
    width: float = TWO_COLUMNS,
) -> Plot:
    """Estimates that moved, each in its own standard errors, as a dumbbell a line.

    Parameters
    ----------
    rows : DataFrame
        A line each with ``group``, the question, told once above lines that stand together, and
        ``name``, the answer; estimate, limits and standard error before (``old``, ``old_low``,
        ``old_high``, ``old_error``) and after (``new`` and so on) on the analysis scale; ``null``,
        the value of no effect, or None; both as they are printed (``printed_old``,
        ``printed_new``).
    before, after : str
        Heads of the columns of printed figures.
    title : str, optional
    width : float
        Millimetres.

    Returns
    -------
    Plot
        ``data``: group, name, printed_old, printed_new, old_low, old_high, new, new_low, new_high,
        null; figures in standard errors from the estimate before, of which the root mean square of
        both standard errors is 1.

    Raises
    ------
    ReportError
        If there is no row, a column is missing, or a figure is no number.

    Examples
    --------
    >>> import pandas as pd
    >>> before, after = (-0.5, -0.7, -0.3, 0.1), (-0.4, -0.6, -0.2, 0.1)
    >>> row = ("Estradiol", "main answer", *before, *after, 0.0, "0.61", "0.67")
    >>> plot = moved_plot(pd.DataFrame([row], columns=list(COLUMNS)))
    >>> float(plot.data["new"].iloc[0].round(3)), plot.data["null"].iloc[0]
    (1.0, 5.0)
    """
    check_kind("rows", rows, pd.DataFrame, ReportError)
    for name, words in (("before", before), ("after", after), ("title", title or "")):
        check_kind(name, words, str, ReportError)
    lines = [_standardised(row) for row in _checked(rows)]
    with style(small=True):
        grouped = _grouped(lines)
        sheet = _sheet(lines, grouped, (before, after), title, width)
        for i, line in enumerate(grouped):
            if not isinstance(line, str):
                _marks(sheet, line, i)
        head = f"{counted(len(lines), 'answer', 'answers')} that moved"
        told = "; ".join(
            f"{line['group']}, {line['name']}: {line['printed_old']} before, "
            f"{line['printed_new']} after, {signed(line['new'])} standard errors"
            for line in lines
        )
        data = pd.DataFrame(lines).rename_axis("line")
        data = data.astype({"null": object}).where(data.notna(), None)
        return finished("moved", title or head, f"{head}. {told}.", data, sheet.figure)


def _checked(rows: pd.DataFrame) -> list[dict[str, Any]]:
    missing = [column for column in COLUMNS if column not in rows.columns]
    if missing or not len(rows):
        what = f"lacks {', '.join(missing)}" if missing else "has no rows"
        raise refuse("rows", what, f"a line an answer, with {', '.join(COLUMNS)}")
    found = records_of(rows)
    for i, row in enumerate(found):
        for column in FINITE:
            if not is_number(row[column]):
                raise refuse(f"rows[{i}].{column}", f"is {row[column]!r}", "a finite number")
        if row["null"] is not None and not is_number(row["null"]):
            raise refuse(f"rows[{i}].null", f"is {row['null']!r}", "a finite number, or None")
        if not (row["old_error"] > 0 and row["new_error"] > 0):
            raise refuse(f"rows[{i}]", "has a standard error that is not positive", "above 0")
    return found


def _standardised(row: dict[str, Any]) -> dict[str, Any]:
    error = math.sqrt((row["old_error"] ** 2 + row["new_error"] ** 2) / 2)
    ends = ("old_low", "old_high", "new", "new_low", "new_high")
    found = {name: (row[name] - row["old"]) / error for name in ends}
    null = None if row["null"] is None else (row["null"] - row["old"]) / error
    words = {name: clean(row[name]) for name in ("group", "name", "printed_old", "printed_new")}
    return {**words, **found, "null": null}


def signed(value: float) -> str:
    """Write a shift with its sign: "+0.20", "−1.10", "0.00".

    Examples
    --------
    >>> signed(0.198), signed(-1.1), signed(-0.001)
    ('+0.20', '−1.10', '0.00')
    """
    text = f"{value:+.2f}"
    return "0.00" if float(text) == 0 else text.replace("-", MINUS)


def _grouped(lines: list[dict[str, Any]]) -> list[str | dict[str, Any]]:
    """Lines of the sheet: each group's name above its lines."""
    found: list[str | dict[str, Any]] = []
    last = None
    for line in lines:
        if line["group"] != last:
            found.append(str(line["group"]))
            last = line["group"]
        found.append(line)
    return found


def _sheet(
    lines: list[dict[str, Any]],
    grouped: list[str | dict[str, Any]],
    sides: tuple[str, str],
    title: str | None,
    width: float,
) -> RowSheet:
    before, after = (clean(side) for side in sides)
    names = ("old_low", "old_high", "new_low", "new_high")
    whiskers = [line[name] for line in lines for name in names]
    ends = sheet_ends([line["new"] for line in lines] + [-2.5, 2.5], whiskers, reach=0.8)
    known = [line for line in lines if line["null"] is not None]
    seen = [line for line in known if ends[0] <= line["null"] <= ends[1]]
    note = f"Open dot and grey line: {before}; full dot and blue line: {after}."
    if known:
        note += " Red bar: no effect" + (
            "." if len(seen) == len(known) else "; where it lies beyond the axis it is not shown."
        )

    def cells(name: str) -> tuple[str, ...]:
        return tuple("" if isinstance(line, str) else line[name] for line in grouped)

    first = tuple(line if isinstance(line, str) else f"  {line['name']}" for line in grouped)
    shifts = tuple("" if isinstance(line, str) else signed(line["new"]) for line in grouped)
    columns: list[Words | Graph] = [
        Words("Answer", first, gives=True),
        Words(fitted(before, MOST_HEAD, SIZE), cells("printed_old"), "right", gives=True),
        Words(fitted(after, MOST_HEAD, SIZE), cells("printed_new"), "right", gives=True),
        Graph("Shift from before, in standard errors", ends),
        Words("Shift", shifts, "right"),
    ]
    return RowSheet(
        columns=tuple(columns),
        heights=tuple(HEADING if isinstance(line, str) else STEP for line in grouped),
        width=width,
        title=title or "",
        notes=(note,),
        headings=frozenset(i for i, line in enumerate(grouped) if isinstance(line, str)),
    )


def _marks(sheet: RowSheet, line: dict[str, Any], i: int) -> None:
    y = sheet.middle(i)
    above, below = y - APART, y + APART
    sheet.line(GRAPH, line["old_low"], line["old_high"], above, color=GREY, lw=0.9)
    sheet.line(GRAPH, line["new_low"], line["new_high"], below, color=BLUE, lw=0.9)
    places = [sheet.x(GRAPH, 0.0), sheet.x(GRAPH, line["new"])]
    sheet.ax.plot(places, [above, below], color=BLUE, lw=0.7, zorder=4)
    sheet.dot(GRAPH, 0.0, above, color="white", edgecolors=GREY, linewidths=0.9, s=16)
    sheet.dot(GRAPH, line["new"], below, color=BLUE, s=16)
    graph = sheet.columns[GRAPH]
    if line["null"] is not None and isinstance(graph, Graph):
        low, high = graph.ends
        if low <= line["null"] <= high:
            x = sheet.x(GRAPH, line["null"])
            sheet.ax.plot([x, x], [above - 2.5, below + 2.5], color=VERMILION, lw=1.2, zorder=4)
