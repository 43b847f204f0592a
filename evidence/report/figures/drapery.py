"""drapery_plot: p value functions of the studies, of the pooled effect, and of a new study's."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from scipy import special

from evidence.errors import ReportError, check_kind
from evidence.models.frequentist.fit import PooledFit
from evidence.models.frequentist.kernels import two_sided_p
from evidence.models.frequentist.pool import arrays_of
from evidence.report.figures.axes import (
    TWO_COLUMNS,
    Array,
    axis_name,
    checked_limits,
    counted,
    effect_axis,
    interval_text,
    labels_of,
    legend_below,
    name_axes,
    padded,
    places_for,
    plain_axis,
    pooled_text,
    reference_line,
    refuse,
    sentence,
    sheet,
)
from evidence.report.figures.plot import Plot, finished
from evidence.report.figures.style import BLUE, GREY, INK, VERMILION, style
from evidence.report.numbers import level_text

POINTS = 401


def drapery_plot(
    fit: PooledFit,
    *,
    levels: Sequence[float] = (0.8, 0.95, 0.99),
    limits: tuple[float, float] | None = None,
    title: str | None = None,
    width: float = TWO_COLUMNS / 1.5,
) -> Plot:
    """Drapery plot: the two-sided p value of every effect that could be asked about.

    Rücker and Schwarzer 2021. A study's curve by the normal distribution, darker the more it
    weighs; the pooled one by the fit's own test; the prediction curve by the distribution of the
    fit's prediction interval. Where a curve crosses 1 - level its interval of that level ends.

    Parameters
    ----------
    fit : PooledFit
    levels : sequence of float
        Of the intervals whose ends are marked by horizontal lines.
    limits, title, width
        As in ``funnel_plot``.

    Returns
    -------
    Plot
        ``data``: x, p and curve (a study's name, ``pooled``, ``prediction``), a row a point.

    Raises
    ------
    ReportError
        If an option is wrong.

    Examples
    --------
    >>> from evidence.effects.table import table_of
    >>> from evidence.models.frequentist.pool import pool
    >>> plot = drapery_plot(pool(table_of([0.1, 0.4, 0.2], [0.1, 0.2, 0.3])))
    >>> float(plot.data["p"].max().round(2))
    1.0
    """
    check_kind("fit", fit, PooledFit, ReportError)
    if not len(levels) or not all(0 < level < 1 for level in levels):
        raise refuse("levels", repr(levels), "fractions between 0 and 1, such as (0.8, 0.95)")
    table = fit.table
    given = checked_limits(limits, table.scale)
    y, v = arrays_of(table)
    s = np.sqrt(v)
    wide = 2.6 * float(fit.std_error)
    held = [fit.estimate - wide, fit.estimate + wide, 0.0, *y]
    if fit.prediction is not None:
        held += [fit.prediction.low, fit.prediction.high]
    ends = given or padded(held, 0.08)
    grid = np.unique(np.r_[np.linspace(*ends, POINTS), y, fit.estimate])
    grid = grid[(grid >= ends[0]) & (grid <= ends[1])]
    names = labels_of(table)
    curves = {
        n: 2 * special.ndtr(-np.abs((grid - a) / b)) for n, a, b in zip(names, y, s, strict=True)
    }
    df = float(fit.terms["df"].to_numpy(dtype=float)[0])
    own = two_sided_p((grid - fit.estimate) / fit.std_error, df)
    new = _prediction(fit, grid)
    with style(small=True):
        figure = sheet(width, share=0.72)
        ax = figure.add_subplot()
        effect_axis(ax, ends, table.scale)
        plain_axis(ax, (0.0, 1.02), "y", 6)
        share = fit.weights.to_numpy() / fit.weights.max()
        faint = float(np.clip(25 / fit.k, 0.3, 1.0))  # many studies must not hide the pooled curve
        for p, weight in zip(curves.values(), share, strict=True):
            ax.plot(grid, p, color=GREY, lw=0.7, alpha=faint * (0.3 + 0.6 * weight), zorder=2)
        ax.plot([], [], color=GREY, lw=0.7, label="study, darker the more it weighs")
        if new is not None:
            ax.fill_between(grid, 0, new, color=BLUE, alpha=0.15, lw=0, zorder=1)
            ax.plot(
                grid, new, color=BLUE, lw=1.3, ls="--", zorder=4, label="prediction for a new study"
            )
        if fit.k > 1:
            ax.plot(grid, own, color=VERMILION, lw=1.8, zorder=5, label="pooled effect")
        reference_line(ax, 0.0, color=INK, lw=0.7)
        _levels(ax, levels)
        name_axes(ax, axis_name(table), "Two-sided p value", title)
        legend_below(ax, 3)
        drawn = (
            curves
            | ({"pooled": own} if fit.k > 1 else {})
            | ({} if new is None else {"prediction": new})
        )
        frames = [pd.DataFrame({"curve": n, "x": grid, "p": p}) for n, p in drawn.items()]
        data = pd.concat(frames, ignore_index=True).rename_axis("point")
        head = f"Drapery plot of {counted(fit.k)}"
        return finished("drapery", title or head, _told(head, fit, levels), data, figure)


def _prediction(fit: PooledFit, grid: Array) -> Array | None:
    if fit.prediction is None:
        return None
    df = np.inf if fit.prediction.df is None else float(fit.prediction.df)
    spread = float(np.hypot(fit.std_error, fit.heterogeneity.tau or 0.0))
    return two_sided_p((grid - fit.estimate) / spread, df)


def _levels(ax: Any, levels: Sequence[float]) -> None:
    """Mark the levels at the right, where they keep apart."""
    last = -1.0
    for level in sorted(levels, reverse=True):
        ax.axhline(1 - level, color=INK, lw=0.4, ls=":", zorder=1)
        if 1 - level - last > 0.035:
            ax.annotate(
                f"{level_text(level)} CI", (1.0, 1 - level), xycoords=("axes fraction", "data"),
                xytext=(3, 0), textcoords="offset points", va="center", fontsize=6,
            )  # fmt: skip
            last = 1 - level


def _told(head: str, fit: PooledFit, levels: Sequence[float]) -> str:
    scale, places = fit.table.scale, places_for(fit.table)
    df = float(fit.terms["df"].to_numpy(dtype=float)[0])
    parts = []
    for level in levels:
        upper = 0.5 + level / 2
        c = special.ndtri(upper) if np.isinf(df) else special.stdtrit(df, upper)
        low, high = fit.estimate - c * fit.std_error, fit.estimate + c * fit.std_error
        parts.append(f"{level_text(level)} {interval_text(low, high, scale, places)}")
    text = (
        f"{head}: two-sided p value against {axis_name(fit.table)}, a curve a study"
        f"{' and one of the pooled effect' if fit.k > 1 else ''}. "
        f"{sentence(pooled_text(fit))}. Its intervals: {', '.join(parts)}."
    )
    if fit.prediction is None:
        return f"{text} No prediction curve: {fit.prediction_reason}."
    ends = interval_text(fit.prediction.low, fit.prediction.high, scale, places)
    return f"{text} {level_text(fit.prediction.level)} prediction interval {ends}."
