"""sunset_plot: the funnel with the power that each study had."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy import optimize, special

from evidence.errors import ReportError, check_kind, is_number
from evidence.models.frequentist.fit import PooledFit
from evidence.models.frequentist.pool import arrays_of
from evidence.report.figures.axes import (
    ONE_COLUMN,
    Array,
    arrows,
    axis_name,
    checked_limits,
    counted,
    effect_axis,
    effect_text,
    labels_of,
    legend_below,
    name_axes,
    padded,
    places_for,
    plain_axis,
    reference_line,
    refuse,
    sheet,
    shown,
)
from evidence.report.figures.plot import Plot, finished
from evidence.report.figures.style import GREY, INK, VERMILION, style
from evidence.report.numbers import percent

if TYPE_CHECKING:
    from matplotlib.axes import Axes

BANDS = (0.2, 0.4, 0.6, 0.8)
# Light enough to carry dark marks, and falling in lightness for every kind of colour vision.
HUES = ("#f7d9b0", "#fbe9cd", "#f4f4f4", "#d5e6f2", "#aacde6")


def power_of(effect: float, std_error: Array, alpha: float = 0.05) -> Array:
    """Power of the two-sided z test of one study against no effect.

    Examples
    --------
    >>> power_of(0.28, np.array([0.1])).round(2)
    array([0.8])
    """
    z, ratio = -special.ndtri(alpha / 2.0), abs(effect) / std_error
    return np.asarray(special.ndtr(ratio - z) + special.ndtr(-ratio - z))


def sunset_plot(
    fit: PooledFit,
    *,
    effect: float | None = None,
    alpha: float = 0.05,
    limits: tuple[float, float] | None = None,
    title: str | None = None,
    width: float = ONE_COLUMN,
) -> Plot:
    """Sunset plot: a funnel whose bands say with what power a study tested (Kossmeier et al. 2020).

    Parameters
    ----------
    fit : PooledFit
    effect : float, optional
        True effect, as printed (a ratio where the table is of ratios); the pooled estimate if left
        out, which may itself be inflated.
    alpha : float
        Two-sided level of the studies' own tests.
    limits, title, width
        As in ``funnel_plot``.

    Returns
    -------
    Plot
        ``data``: x, y (standard error), power, significant, a row a study.

    Raises
    ------
    ReportError
        If the true effect is none at all, which no study has power for, or an option is wrong.

    Examples
    --------
    >>> from evidence.effects.table import table_of
    >>> from evidence.models.frequentist.pool import pool
    >>> plot = sunset_plot(pool(table_of([0.3, 0.4, 0.2], [0.1, 0.2, 0.3])))
    >>> plot.data["power"].round(2).tolist()
    [0.87, 0.34, 0.18]
    """
    check_kind("fit", fit, PooledFit, ReportError)
    delta = _effect(fit, effect)
    if not 0 < alpha < 1:
        raise refuse("alpha", repr(alpha), "between 0 and 1, such as 0.05")
    x, v = arrays_of(fit.table)
    s = np.sqrt(v)
    z = -float(special.ndtri(alpha / 2.0))
    cells = {"x": x, "y": s, "power": power_of(delta, s, alpha), "significant": np.abs(x) > z * s}
    data = pd.DataFrame(cells, index=pd.Index(labels_of(fit.table), name="study"))
    given = checked_limits(limits, fit.table.scale)
    with style(small=True):
        figure = sheet(width, share=0.94)
        ax = figure.add_subplot()
        deep = 1.06 * float(s.max())
        plain_axis(ax, (deep, 0.0), "y")
        held = [*x, fit.estimate, delta, z * deep, -z * deep]
        effect_axis(ax, given or padded(held, 0.02), fit.table.scale)
        edges = [_error_at(p, delta, alpha) for p in BANDS if p > alpha]
        _bands(ax, edges, deep, [p for p in BANDS if p > alpha])
        grid = np.array([0.0, deep])
        for sign in (-1, 1):
            label = f"p = {alpha:g}" if sign > 0 else None
            ax.plot(sign * z * grid, grid, color=GREY, lw=0.8, ls="--", label=label, zorder=2)
        reference_line(ax, 0.0, color=INK)
        reference_line(ax, delta, color=VERMILION, ls="--", lw=1.0, label="true effect assumed")
        size = 14 if fit.k <= 60 else 8
        ax.scatter(x, s, s=size, color=INK, edgecolors="white", linewidths=0.4, zorder=4)
        arrows(ax, x, s)
        name_axes(ax, axis_name(fit.table), "Standard error", title)
        legend_below(ax, 3)
        words = f"Sunset plot of {counted(fit.k)}"
        told = _told(words, fit, data, delta, alpha)
        return finished("sunset", title or words, told, data, figure)


def _effect(fit: PooledFit, effect: float | None) -> float:
    delta = fit.estimate
    if effect is not None:
        log = fit.table.scale == "log"
        if not is_number(effect) or (log and effect <= 0):
            raise refuse("effect", repr(effect), "a ratio above 0" if log else "a number")
        delta = float(np.log(effect)) if log else float(effect)
    if delta == 0.0:
        raise refuse("effect", "is no effect, for which no test has power", "state another one")
    return delta


def _error_at(power: float, delta: float, alpha: float) -> float:
    """Standard error at which a study has this power."""
    low, high = abs(delta) * 1e-3, abs(delta) * 1e6

    def excess(log_s: float) -> float:
        return float(power_of(delta, np.asarray(np.exp(log_s)), alpha)) - power

    return float(np.exp(optimize.brentq(excess, np.log(low), np.log(high), xtol=1e-12)))


def _bands(ax: Axes, edges: list[float], deep: float, powers: list[float]) -> None:
    """Fill the bands from the least power, at the bottom, up."""
    tops, bottoms = [*edges, 0.0], [np.inf, *edges]
    hues = HUES[len(HUES) - len(tops) :]
    ends = [0.0, *powers, 1.0]
    for i, (top, bottom) in enumerate(zip(tops, bottoms, strict=True)):
        if top < deep:
            ax.axhspan(top, min(bottom, deep), color=hues[i], lw=0, zorder=0)
        words = f"power {100 * ends[i]:.0f}–{100 * ends[i + 1]:.0f} %"
        ax.fill_between([], [], color=hues[i], lw=0, label=words)


def _told(words: str, fit: PooledFit, data: pd.DataFrame, delta: float, alpha: float) -> str:
    scale, places = fit.table.scale, places_for(fit.table)
    found = int(data["significant"].sum())
    return (
        f"{words}: {axis_name(fit.table)} against standard error, with bands of the power of each "
        f"study's two-sided test at {alpha:g} if the true effect were "
        f"{effect_text(delta, scale, places)} ({shown(delta, scale):.4g}). Median power "
        f"{percent(float(data['power'].median()))}, from {percent(float(data['power'].min()))} to "
        f"{percent(float(data['power'].max()))}. {found} of {len(data)} studies significant; "
        f"{float(data['power'].sum()):.1f} expected."
    )
