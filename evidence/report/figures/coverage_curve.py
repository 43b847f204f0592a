"""coverage_curve: how often intervals hold the truth, and how long they are, against k."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from evidence.report.figures.axes import (
    TWO_COLUMNS,
    legend_below,
    name_axes,
    plain_axis,
    refuse,
    sheet,
)
from evidence.report.figures.plot import Plot, finished
from evidence.report.figures.style import (
    BLUE,
    GREEN,
    GREY,
    INK,
    ORANGE,
    PINK,
    VERMILION,
    clean,
    style,
)
from evidence.report.numbers import level_text

if TYPE_CHECKING:
    from matplotlib.axes import Axes

COLOURS = (VERMILION, ORANGE, BLUE, GREEN, PINK, GREY, INK)
MARKS = ("o", "s", "^", "D", "v", "P", "X")
NEEDED = ("kind", "method", "interval", "k", "true_tau2", "coverage", "width")
NAMES = {
    "wald": "Wald",
    "t": "t",
    "hartung_knapp": "Hartung-Knapp",
    "hartung_knapp_floored": "Hartung-Knapp, floored",
    "hartung_knapp_wider": "Hartung-Knapp, wider",
    "hartung_knapp_checked": "Hartung-Knapp, checked",
    "central": "Bayes",
    "reml": "REML",
    "dersimonian_laird": "DerSimonian-Laird",
    "paule_mandel": "Paule-Mandel",
}


def coverage_curve(
    coverage: pd.DataFrame,
    *,
    methods: Sequence[str] | None = None,
    level: float = 0.95,
    title: str | None = None,
    width: float = TWO_COLUMNS,
) -> Plot:
    """Coverage (above) and mean length (below, on a log scale) of intervals against k.

    A column of panels for each true tau2, a line for each method and interval; points of coverage
    carry two Monte Carlo standard errors where the table has them.

    Parameters
    ----------
    coverage : DataFrame
        As ``coverage_table`` gives it; rows of one ``kind``, ``method`` and ``interval`` are a
        line. At most seven lines.
    methods : sequence of str, optional
        Only these of the column ``method``.
    level : float
        Of the intervals; drawn as a line.
    title : str, optional
    width : float
        Millimetres.

    Returns
    -------
    Plot
        ``data``: method (with interval), true_tau2, k, coverage, width, a row a point.

    Raises
    ------
    ReportError
        If columns are absent, nothing is left to draw, or there are too many lines.

    Examples
    --------
    >>> rows = {"kind": "frequentist", "method": "reml", "interval": "wald", "k": [2, 5, 10]}
    >>> table = pd.DataFrame(
    ...     rows | {"true_tau2": 0.1, "coverage": [0.86, 0.9, 0.93], "width": [1.4, 0.9, 0.6]}
    ... )
    >>> coverage_curve(table).data["method"].unique().tolist()
    ['Wald, REML']
    """
    rows = _rows(coverage, methods, level)
    lines = list(dict.fromkeys(rows["line"]))
    spreads = sorted(rows["true_tau2"].unique())
    places = {k: i for i, k in enumerate(sorted(rows["k"].unique()))}
    with style(small=True):
        figure = sheet(width, 100.0)
        axes = figure.subplots(2, len(spreads), squeeze=False, sharey="row", sharex=True)
        low = max(0.0, float(rows["coverage"].min()) - 0.02)
        lengths = float(rows["width"].min()) / 1.15, float(rows["width"].max()) * 1.15
        for i, spread in enumerate(spreads):
            here = rows[rows["true_tau2"] == spread]
            top, bottom = axes[0, i], axes[1, i]
            plain_axis(top, (min(low, level - 0.05), 1.008), "y", 6)
            top.axhline(level, color=INK, lw=0.7, zorder=1)
            top.set_title(f"true τ² = {spread:g}", loc="left")
            for j, line in enumerate(lines):
                _line(top, bottom, here[here["line"] == line], line, j, len(lines), places)
            _k_axis(bottom, places)
            _length_axis(bottom, lengths)
            name_axes(bottom, "Studies, k", "Mean length" if i == 0 else "")
        name_axes(axes[0, 0], "", f"Coverage of {level_text(level)} intervals")
        if title:
            figure.suptitle(clean(title), x=0.01, ha="left", weight="bold", size=7.5)
        legend_below(axes[1, 0], {4: 4, 5: 5, 7: 4}.get(len(lines), 3))  # no line is left alone
        data = rows.drop(columns=["method"]).rename(columns={"line": "method"})
        data = data[["method", "true_tau2", "k", "coverage", "width"]].reset_index(drop=True)
        head = f"Coverage and length of {level_text(level)} intervals"
        worst = data.iloc[int(data["coverage"].to_numpy().argmin())]
        told = (
            f"{head} of {len(lines)} methods ({'; '.join(lines)}) for k from {data['k'].min()} to "
            f"{data['k'].max()} and true tau2 {', '.join(f'{t:g}' for t in spreads)}. Lowest: "
            f"{100 * worst['coverage']:.1f}% by {worst['method']} at k = {worst['k']}, tau2 "
            f"{worst['true_tau2']:g}."
        )
        return finished("coverage", title or head, told, data.rename_axis("point"), figure)


def _rows(coverage: pd.DataFrame, methods: Sequence[str] | None, level: float) -> pd.DataFrame:
    missing = [name for name in NEEDED if name not in coverage]
    if missing:
        raise refuse("coverage", f"has no {', '.join(missing)}", "a table of coverage_table")
    if not 0 < level < 1:
        raise refuse("level", repr(level), "a fraction between 0 and 1, such as 0.95")
    rows = coverage
    if methods is not None:
        unknown = sorted(set(methods) - set(coverage["method"]))
        if unknown:
            known = ", ".join(dict.fromkeys(map(str, coverage["method"])))
            raise refuse("methods", f"not in the table: {', '.join(unknown)}", f"of {known}")
        rows = coverage[coverage["method"].isin(list(methods))]
    words = [
        clean(f"{NAMES.get(i, i)}, {NAMES.get(m, m)}")
        for i, m in zip(rows["interval"], rows["method"], strict=True)
    ]
    rows = rows.assign(line=words)
    count = rows["line"].nunique()
    if not 0 < count <= len(COLOURS):
        right = f"1 to {len(COLOURS)}: choose by methods"
        raise refuse("coverage", f"{count} lines", right)
    return rows.sort_values(["true_tau2", "k"], kind="stable")


def _line(
    top: Axes,
    bottom: Axes,
    rows: pd.DataFrame,
    name: str,
    number: int,
    count: int,
    places: dict[int, int],
) -> None:
    colour, mark = COLOURS[number], MARKS[number]
    at = np.array([places[k] for k in rows["k"]], dtype=np.float64)
    apart = at + 0.08 * (number - (count - 1) / 2)  # so that their bars can be told apart
    look: dict[str, Any] = {"color": colour, "lw": 1.0, "marker": mark, "ms": 2.6, "zorder": 3}
    if "coverage_std_error" in rows:
        error = 2 * rows["coverage_std_error"].to_numpy(dtype=float)
        top.errorbar(apart, rows["coverage"], error, ls="none", ecolor=colour, elinewidth=0.5)
    top.plot(apart, rows["coverage"], label="_top", **look)
    bottom.plot(at, rows["width"], label=name, **look)


def _k_axis(ax: Axes, places: dict[int, int]) -> None:
    ax.set_xlim(-0.5, len(places) - 0.5)
    words = [str(k) if i % max(1, len(places) // 7) == 0 or i == len(places) - 1 else ""
             for i, k in enumerate(places)]  # fmt: skip
    ax.set_xticks(list(places.values()), words)


def _length_axis(ax: Axes, limits: tuple[float, float]) -> None:
    ax.set_yscale("log")
    ax.set_ylim(*limits)
    ticks = [m * 10.0**e for e in range(-6, 7) for m in (1, 2, 5)]
    inside = [t for t in ticks if limits[0] <= t <= limits[1]]
    ax.set_yticks(inside, [f"{t:g}" for t in inside])
    ax.minorticks_off()
