"""contribution_plot: what each report, complete or partial, adds to the mean effect."""

from __future__ import annotations

import math
from typing import Any, get_args

import pandas as pd

from evidence.catalog.question import Scale
from evidence.errors import ReportError, check_kind
from evidence.models.partial.fit import ReportsFit
from evidence.models.partial.ladder import step_of
from evidence.report.figures.axes import (
    TWO_COLUMNS,
    check_choice,
    counted,
    effect_text,
    interval_text,
    plain_ticks,
    refuse,
    sentence,
)
from evidence.report.figures.plot import Plot, finished
from evidence.report.figures.row_sheet import Graph, RowSheet, Words, records_of, term_of
from evidence.report.figures.style import BLUE, INK, ORANGE, clean, style
from evidence.report.numbers import decimals_for, level_text, number

GROUPS = (
    "Complete",
    "Estimate without standard error",
    "Test without an estimate",
    "Direction only",
    "Treated arm without its control",
)
SILENT = "Nothing that can be used"
# Beyond so many lines they stand closer.
MANY = 45
SHIFTS = {"log": " (factor)", "logit": " (log odds)", "fisher_z": " (Fisher's z)"}


def contribution_plot(
    fit: ReportsFit,
    *,
    name: str = "Mean effect",
    scale: Scale = "identity",
    title: str | None = None,
    width: float = TWO_COLUMNS,
) -> Plot:
    """Precision and shift of the mean that each report makes, by kind of report.

    Left the share of the posterior precision of the mean that is lost without the report, right
    how far the report moves the posterior mean; within a kind the most telling report comes first.

    Parameters
    ----------
    fit : ReportsFit
        Of ``pool_reports`` with ``influence=True``.
    name : str
        What the mean is, for the note below.
    scale : {"identity", "log", "logit", "fisher_z"}
        "log" where effects are logarithms: shifts are shown as factors.
    title : str, optional
    width : float
        Millimetres.

    Returns
    -------
    Plot
        ``data``: label, group, kind, information, shift (analysis scale), left_out_mean, a row a
        report; None where the fit has none.

    Raises
    ------
    ReportError
        If the fit was made without influence, or an option is wrong.

    Examples
    --------
    >>> from evidence.effects.table import table_of
    >>> from evidence.models.bayesian.priors import half_normal, normal
    >>> from evidence.models.partial.pool_reports import pool_reports
    >>> from evidence.models.partial.space import ReportPriors
    >>> table = table_of([-0.6, -0.4, -0.5], [0.4, 0.1, 0.2], labels=["a", "b", "c"])
    >>> fit = pool_reports(table, priors=ReportPriors(mu=normal(0, 2), tau=half_normal(0.5)))
    >>> contribution_plot(fit).data["label"].tolist()
    ['b', 'c', 'a']
    """
    check_kind("fit", fit, ReportsFit, ReportError)
    check_choice("scale", scale, get_args(Scale))
    data = _data(fit)
    silent = data[data["group"] == SILENT]
    told = data[data["group"] != SILENT]
    if told["information"].isna().all():
        raise refuse("fit", "has no influence of reports", "pool_reports(..., influence=True)")
    with style(small=True):
        sheet = _sheet(fit, told, silent, name, scale, title, width)
        head = f"What each of {counted(len(told), 'report', 'reports')} adds to the mean"
        words = f"{head}: {_said(told, scale)}. {sentence(_mean(fit, name, scale))}."
        return finished("contribution", title or head, words, data, sheet.figure)


def _data(fit: ReportsFit) -> pd.DataFrame:
    cells: list[dict[str, Any]] = []
    every = zip(fit.statements, _labels(fit), records_of(fit.trials), strict=True)
    for told, label, row in every:
        step = step_of(told)
        found = {n: _number(row[n]) for n in ("information", "shift", "left_out_mean")}
        order = (len(GROUPS) if step is None else step, -(found["information"] or 0.0))
        group = SILENT if step is None else GROUPS[step]
        cells.append(
            {"order": order, "row": told.row, "label": label, "group": group, "kind": told.kind}
            | found
        )
    cells.sort(key=lambda c: c["order"])
    frame = pd.DataFrame(cells, dtype=object).drop(columns="order").set_index("row")
    return frame.where(frame.notna(), None)


def _labels(fit: ReportsFit) -> list[str]:
    """Names of the reports; those of one name with the parts of their row ids that differ."""
    names = [clean(s.label) or clean(s.row) for s in fit.statements]
    parts = [clean(s.row).split("/") for s in fit.statements]
    found = []
    for i, name in enumerate(names):
        same = [parts[j] for j, other in enumerate(names) if other == name and j != i]
        own = [p for p in parts[i] if any(p not in other for other in same)]
        # Ids are written with signs that stand for spaces: anastrozole_daily-v-placebo.
        found.append(
            ", ".join([name, *own]).replace("_", " ").replace("-v-", " v ") if own else name
        )
    return found


def _number(value: Any) -> float | None:
    return None if value is None or pd.isna(value) else float(value)


def _sheet(
    fit: ReportsFit,
    told: pd.DataFrame,
    silent: pd.DataFrame,
    name: str,
    scale: str,
    title: str | None,
    width: float,
) -> RowSheet:
    """Draw headings of kinds with their reports below."""
    lines: list[tuple[str, dict[str, Any] | None]] = []
    for group, part in told.groupby("group", sort=False):
        lines.append((str(group), None))
        lines += [(row["label"], row) for row in records_of(part)]
    shares = [row["information"] for _, row in lines if row and row["information"] is not None]
    shifts = [row["shift"] for _, row in lines if row and row["shift"] is not None]
    places = _places(shifts, scale)
    cells = [_cells(row, scale, places) for _, row in lines]
    step, gap = (11.4, 14.0) if len(lines) <= MANY else (9.0, 11.0)
    beyond = "factor" if scale == "log" else "shift"
    # A shift of Fisher's z is no correlation, nor one of log odds a proportion.
    shift_scale = "log" if scale == "log" else "identity"
    sheet = RowSheet(
        columns=(
            Words("Report", tuple(label for label, _ in lines), gives=True),
            _share_graph(shares),
            Words("%", tuple(c[0] for c in cells), "right"),
            Graph(_shift_head(scale), _shift_ends(shifts), shift_scale, 0.85),
            Words(beyond, tuple(c[1] for c in cells), "right"),
        ),
        heights=tuple(gap if row is None else step for _, row in lines),
        width=width,
        title=title or "",
        notes=_notes(fit, silent, name, scale),
        headings=frozenset(i for i, (_, row) in enumerate(lines) if row is None),
    )
    for i, (_, row) in enumerate(lines):
        if row is not None:
            _draw(sheet, i, row, step)
    return sheet


def _share_graph(shares: list[float]) -> Graph:
    low, high = min([0.0, *shares]), max([0.0, *shares])
    if high > 0:  # one report far below 0 would leave the others no room: it is cut
        low = max(low, -high)
    room = 0.03 * (high - low or 1.0)
    ends = (low - room if low < 0 else 0.0), high + room
    ticks = plain_ticks(100 * ends[0], 100 * ends[1], 5)
    places = tuple(
        (t / 100.0, number(t, 0 if all(x % 1 == 0 for x in ticks) else 1)) for t in ticks
    )
    return Graph("Precision of the mean\nlost without it (%)", ends, "identity", 1.0, True, places)


def _shift_head(scale: str) -> str:
    return "Shift of the mean\nthat it makes" + SHIFTS.get(scale, "")


def _shift_ends(shifts: list[float]) -> tuple[float, float]:
    low, high = min([0.0, *shifts]), max([0.0, *shifts])
    room = 0.08 * (high - low or 1.0)
    return low - room, high + room


def _places(shifts: list[float], scale: str) -> int:
    most = max(map(abs, shifts), default=0.0)
    if scale == "log":
        return max(2, min(4, decimals_for([most])))
    return decimals_for([most])


def _cells(row: dict[str, Any] | None, scale: str, places: int) -> tuple[str, str]:
    if row is None:
        return "", ""
    share, shift = row["information"], row["shift"]
    told = "" if share is None else number(100 * share, 1)
    if shift is None:
        return told or "\u2013", "\u2013"
    if scale == "log":
        return told, f"\u00d7{effect_text(shift, 'log', places)}"
    return told, ("+" if round(shift, places) > 0 else "") + number(shift, places)


def _draw(sheet: RowSheet, line: int, row: dict[str, Any], step: float) -> None:
    """Bar of the share, filled by kind, and arrow of the shift."""
    y, tall = sheet.middle(line), 0.29 * step
    share, shift = row["information"], row["shift"]
    complete = row["group"] == GROUPS[0]
    if isinstance(share, float):
        x0, x1 = sorted((sheet.x(1, 0.0), sheet.x(1, share)))
        face = "white" if share < 0 else BLUE if complete else ORANGE
        look: dict[str, Any] = {"fc": face, "ec": INK, "lw": 0.5, "zorder": 3}
        sheet.ax.fill([x0, x1, x1, x0], [y - tall, y - tall, y + tall, y + tall], **look)
        sheet.line(1, min(0.0, share), max(0.0, share), y, lw=0.0)
    if isinstance(shift, float):
        sheet.line(3, min(0.0, shift), max(0.0, shift), y, color=INK, lw=0.9)
        far = abs(sheet.x(3, shift) - sheet.x(3, 0.0)) > 3.0
        marker = "o" if not far else ">" if shift > 0 else "<"
        color = BLUE if complete else ORANGE
        sheet.dot(3, shift, y, marker=marker, s=15, color=color, linewidths=0.5, edgecolors=INK)


def _mean(fit: ReportsFit, name: str, scale: str) -> str:
    middle, low, high = term_of(fit.terms, "mu")
    places = 2 if scale != "identity" else decimals_for([(high - low) / 4])
    complete = sum(s.kind == "complete" for s in fit.statements)
    return (
        f"{clean(name)} of all that was said: {effect_text(middle, scale, places)} "
        f"({level_text(fit.level)} interval {interval_text(low, high, scale, places)}); "
        f"{counted(len(fit.statements), 'report', 'reports')}, {complete} complete"
    )


def _notes(fit: ReportsFit, silent: pd.DataFrame, name: str, scale: str) -> tuple[str, ...]:
    notes = [
        f"{_mean(fit, name, scale)}.",
        "Blue (dark): complete reports; orange (light): reports of a part. Shares need not add up "
        "to 100 %; one below 0 (white) is of a report that differs from the rest, so that the mean "
        "is less certain with it.",
    ]
    if len(silent):
        notes.append(f"{SILENT}: {', '.join(silent['label'])}.")
    shifts = zip(_labels(fit), fit.trials["shift"], strict=True)
    missing = [label for label, x in shifts if _number(x) is None]
    if missing:
        notes.append(f"\u2013 no answer without: {', '.join(missing)}.")
    return tuple(notes)


def _said(told: pd.DataFrame, scale: str) -> str:
    parts = []
    for row in records_of(told):
        if row["information"] is None or row["shift"] is None:
            parts.append(f"{row['label']} ({row['group'].lower()}) not known")
            continue
        move = math.exp(row["shift"]) if scale == "log" else row["shift"]
        kind = "factor" if scale == "log" else "shift"
        moved = f"{move:.3g}".replace("-", "\u2212")
        share = number(100 * row["information"], 1)
        parts.append(f"{row['label']} ({row['group'].lower()}) {share} %, {kind} {moved}")
    return "; ".join(parts)
