"""ladder_plot: how the answer moves from complete reports to all that was said."""

from __future__ import annotations

from typing import Any, get_args

import pandas as pd

from evidence.catalog.question import Scale
from evidence.errors import ReportError, check_kind, is_number
from evidence.models.partial.ladder import COLUMNS, STEPS
from evidence.models.partial.possible import PossibleAnswers
from evidence.report.figures.axes import (
    TWO_COLUMNS,
    check_choice,
    checked_limits,
    counted,
    effect_text,
    interval_text,
    refuse,
    sentence,
)
from evidence.report.figures.plot import Plot, finished
from evidence.report.figures.row_sheet import Graph, RowSheet, Words, records_of, sheet_ends
from evidence.report.figures.style import BLUE, GREY, INK, ORANGE, clean, style
from evidence.report.figures.words import fitted
from evidence.report.numbers import decimals_for, level_text, percent

STEP, GRAPH = 13.0, 3
POSSIBLE = "Every value that agrees with them, no prior"


def ladder_plot(
    steps: pd.DataFrame,
    possible: PossibleAnswers | None = None,
    *,
    name: str = "Mean effect",
    scale: Scale = "identity",
    level: float = 0.95,
    null: bool = True,
    limits: tuple[float, float] | None = None,
    title: str | None = None,
    width: float = TWO_COLUMNS,
) -> Plot:
    """Mean effect at each step from complete reports only to all that was said.

    Parameters
    ----------
    steps : DataFrame
        Of ``reports_ladder``.
    possible : PossibleAnswers, optional
        Smallest and largest pooled estimate that agrees with what was said, as a last line.
    name : str
        What the mean is: ``Mean difference (g/cm²)``.
    scale : {"identity", "log", "logit", "fisher_z"}
        "log" where effects are logarithms, for the axis to show ratios.
    level : float
        That of the intervals in ``steps``.
    null : bool
        Whether there is a value of no effect, of which the probability to lie below it is shown;
        a level has none.
    limits : (float, float), optional
        Ends of the axis, ratios where the scale is "log"; what lies beyond becomes an arrow.
    title : str, optional
    width : float
        Millimetres.

    Returns
    -------
    Plot
        ``data``: step, added, reports, median, low, high, probability_below (analysis scale), a
        row a line; None where a step has no answer.

    Raises
    ------
    ReportError
        If the frame is not one of ``reports_ladder``, no step has an answer, or an option is wrong.

    Examples
    --------
    >>> import pandas as pd
    >>> from evidence.models.partial.ladder import COLUMNS
    >>> rows = [("complete reports only", 3, 3, -0.5, -0.5, -0.9, -0.1, 0.2, 0.98, ""),
    ...         ("and directions", 1, 4, -0.6, -0.6, -0.9, -0.3, 0.2, 0.99, "")]
    >>> plot = ladder_plot(pd.DataFrame(rows, columns=list(COLUMNS)))
    >>> plot.data["median"].tolist()
    [-0.5, -0.6]
    """
    check_kind("steps", steps, pd.DataFrame, ReportError)
    check_choice("scale", scale, get_args(Scale))
    if not (is_number(level) and 0 < level < 1):
        raise refuse("level", repr(level), "a fraction between 0 and 1, such as 0.95")
    check_kind("null", null, bool, ReportError)
    given = checked_limits(limits, scale)
    rows = _rows(steps)
    known = [r for r in rows if r["median"] is not None]
    if not known:
        raise refuse("steps", "no step has an answer", "priors under which one can be fitted")
    with style(small=True):
        sheet = _sheet(rows, possible, (name, scale, level), null, given, title, width)
        _marks(sheet, rows, known[-1])
        if possible is not None:
            _possible_mark(sheet, possible, len(rows))
        data = _frame(rows, possible)
        head = f"From complete reports to all that was said, {counted(len(rows), 'step', 'steps')}"
        words = f"{head}, {clean(name)}: {_told(rows, possible, scale, level)}."
        return finished("ladder", title or head, words, data, sheet.figure)


def _rows(steps: pd.DataFrame) -> list[dict[str, Any]]:
    missing = [c for c in COLUMNS if c not in steps.columns]
    if missing or not len(steps):
        what = f"lacks {', '.join(missing)}" if missing else "has no rows"
        raise refuse("steps", what, "the frame of reports_ladder(...)")
    return records_of(steps)


def _sheet(
    rows: list[dict[str, Any]],
    possible: PossibleAnswers | None,
    what: tuple[str, str, float],
    null: bool,
    given: tuple[float, float] | None,
    title: str | None,
    width: float,
) -> RowSheet:
    name, scale, level = what
    labels = [_label(clean(r["step"]), i) for i, r in enumerate(rows)]
    added = [str(int(r["added"])) if i == 0 else f"+{int(r['added'])}" for i, r in enumerate(rows)]
    counts = [str(int(r["reports"])) for r in rows]
    known = [r for r in rows if r["median"] is not None]
    places = _places(known, scale)
    found = [_cell(r, scale, places) for r in rows]
    below = [_percent(r["probability_below_0"]) for r in rows]
    whiskers = [float(r[c]) for r in known for c in ("ci_low", "ci_high")]
    marks = [float(r["median"]) for r in known] + whiskers[-2:]
    if possible is not None:
        labels.append(POSSIBLE)
        added.append("")
        counts.append(str(possible.used))
        found.append(interval_text(possible.low, possible.high, scale, places))
        below.append("")
        whiskers += [possible.low, possible.high, possible.ci_low, possible.ci_high]
    last = {len(rows) - 1} if rows[-1]["median"] is not None else set()
    ends = given or sheet_ends(marks, whiskers, zero=null, reach=0.8)
    columns: list[Words | Graph] = [
        Words("Reports used", tuple(labels), gives=True),
        Words("Added", tuple(added), "right"),
        Words("Total", tuple(counts), "right"),
        Graph(name, ends, scale, zero=null),
        Words(f"Median\n({level_text(level)} interval)", tuple(found), "right"),
        Words(f"Probability\n< {1 if scale == 'log' else 0}", tuple(below), "right"),
    ]
    return RowSheet(
        columns=tuple(columns if null else columns[:-1]),
        heights=tuple([STEP] * len(rows) + ([STEP + 4.0] if possible is not None else [])),
        width=width,
        title=title or "",
        notes=_notes(rows, possible, level),
        bold=frozenset(last),
    )


def _label(step: str, i: int) -> str:
    words = step.removeprefix("and ")
    return sentence(words) if i == 0 else f"+ {words}"


def _places(known: list[dict[str, Any]], scale: str) -> int:
    if scale != "identity":
        return 2
    return decimals_for([(float(r["ci_high"]) - float(r["ci_low"])) / 4 for r in known])


def _cell(row: dict[str, Any], scale: str, places: int) -> str:
    if row["median"] is None:
        return "\u2013"
    ends = interval_text(float(row["ci_low"]), float(row["ci_high"]), scale, places)
    return f"{effect_text(float(row['median']), scale, places)} ({ends})"


def _percent(value: object) -> str:
    return "" if not isinstance(value, float) else percent(value)


def _marks(sheet: RowSheet, rows: list[dict[str, Any]], last: dict[str, Any]) -> None:
    """Complete reports as a square, all that was said as a diamond, a dotted path between."""
    path = []
    for i, row in enumerate(rows):
        y = sheet.middle(i)
        if row["median"] is None:
            x0, x1 = sheet.places[GRAPH]
            words = fitted(clean(row["why"]) or "no answer", x1 - x0 - 4.0, 6.0)
            box = {"fc": "white", "ec": "none", "pad": 1.0}
            style = {"ha": "center", "fontsize": 6.0, "color": GREY, "bbox": box, "zorder": 6}
            sheet.text((x0 + x1) / 2, y, words, **style)
            continue
        low, middle, high = (float(row[c]) for c in ("ci_low", "median", "ci_high"))
        path.append((sheet.x(GRAPH, middle), y))
        if row is last and (i > 0 or row["step"] != STEPS[0]):
            sheet.diamond(GRAPH, (low, middle, high), y, 0.3 * STEP, ORANGE)
            continue
        sheet.line(GRAPH, low, high, y, lw=1.0)
        look = {"marker": "s", "s": 24, "color": BLUE} if i == 0 else {"s": 17, "color": INK}
        sheet.dot(GRAPH, middle, y, **look)
    sheet.ax.plot(*zip(*path, strict=True), color=GREY, lw=0.8, ls=":", zorder=2)


def _possible_mark(sheet: RowSheet, possible: PossibleAnswers, line: int) -> None:
    """Thin double bar: possible estimates, and as a hairline their outermost intervals."""
    sheet.rule(line)
    y = sheet.middle(line)
    sheet.line(GRAPH, possible.ci_low, possible.ci_high, y, color=INK, lw=0.5)
    x0, x1 = sheet.x(GRAPH, possible.low), sheet.x(GRAPH, possible.high)
    corners = [x0, x1, x1, x0], [y - 1.6, y - 1.6, y + 1.6, y + 1.6]
    sheet.ax.fill(*corners, fc="white", ec=INK, lw=0.6, zorder=4)


def _notes(
    rows: list[dict[str, Any]], possible: PossibleAnswers | None, level: float
) -> tuple[str, ...]:
    notes = []
    if possible is not None:
        notes.append(
            "Open bar: smallest to largest pooled estimate over all values that agree with what "
            f"was said; hairline: their outermost {level_text(level)} confidence limits."
        )
        notes += [f"{sentence(clean(n))}." for n in possible.notes]
    notes += [
        f"{_label(clean(r['step']), i)}: {clean(r['why'])}."
        for i, r in enumerate(rows)
        if r["median"] is None
    ]
    return tuple(notes)


def _frame(rows: list[dict[str, Any]], possible: PossibleAnswers | None) -> pd.DataFrame:
    cells = [
        {
            "step": clean(r["step"]), "added": int(r["added"]), "reports": int(r["reports"]),
            "median": r["median"], "low": r["ci_low"], "high": r["ci_high"],
            "probability_below": r["probability_below_0"],
        }
        for r in rows
    ]  # fmt: skip
    if possible is not None:
        cells.append(
            {"step": "possible answers", "reports": possible.used, "low": possible.low,
             "high": possible.high}
        )  # fmt: skip
    frame = pd.DataFrame(cells, dtype=object).rename_axis("line")
    return frame.where(frame.notna(), None)


def _told(
    rows: list[dict[str, Any]], possible: PossibleAnswers | None, scale: str, level: float
) -> str:
    places = _places([r for r in rows if r["median"] is not None], scale)
    parts = [
        f"{clean(r['step'])}, {counted(int(r['reports']), 'report', 'reports')}, "
        + ("no answer" if r["median"] is None else _cell(r, scale, places))
        for r in rows
    ]
    text = f"median ({level_text(level)} interval): {'; '.join(parts)}"
    if possible is None:
        return text
    ends = interval_text(possible.low, possible.high, scale, places)
    return f"{text}. Without any prior the pooled estimate lies anywhere from {ends}"
