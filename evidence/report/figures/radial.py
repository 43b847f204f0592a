"""radial_plot: standardised estimates against precision, after Galbraith."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy import special

from evidence.errors import ReportError, check_kind
from evidence.models.frequentist.fit import PooledFit
from evidence.models.frequentist.influence import radial
from evidence.report.figures.axes import (
    ONE_COLUMN,
    Array,
    counted,
    effect_name,
    effect_ticks,
    label_points,
    labels_of,
    legend_below,
    name_axes,
    padded,
    plain_axis,
    plain_ticks,
    pooled_text,
    sentence,
    sheet,
    tick_words,
)
from evidence.report.figures.plot import Plot, finished
from evidence.report.figures.style import BLUE, GREY, INK, VERMILION, style
from evidence.report.figures.words import fitted
from evidence.report.numbers import level_text

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MOST_NAMES = 8


def radial_plot(fit: PooledFit, *, title: str | None = None, width: float = ONE_COLUMN) -> Plot:
    """Radial plot (Galbraith 1988): the slope from the origin to a study is its estimate.

    With tau2 in the variances of a random-effects fit. Studies off the band about the pooled line
    are named, as far as there is room. The arc gives the effects that slopes stand for.

    Returns
    -------
    Plot
        ``data``: x (precision), y (standardised estimate), estimate, outside, a row a study.

    Examples
    --------
    >>> from evidence.effects.table import table_of
    >>> from evidence.models.frequentist.pool import pool
    >>> plot = radial_plot(pool(table_of([1.0, 2.0], [0.5, 0.25]), model="common"))
    >>> plot.data[["x", "y"]].values.tolist()
    [[2.0, 2.0], [4.0, 8.0]]
    """
    check_kind("fit", fit, PooledFit, ReportError)
    at = radial(fit)
    x, y = at["precision"].to_numpy(), at["standardised"].to_numpy()
    z = float(special.ndtri(0.5 + fit.level / 2.0))
    cells = {"x": x, "y": y, "estimate": y / x, "outside": np.abs(y - fit.estimate * x) > z}
    names = labels_of(fit.table)
    data = pd.DataFrame(cells, index=pd.Index(names, name="study"))
    with style(small=True):
        figure = sheet(width, share=0.86)
        ax = figure.add_subplot()
        reach = 1.12 * float(x.max())
        plain_axis(ax, (0.0, 1.2 * reach))
        ends = [0.0, *y, *(fit.estimate * reach + np.array([-z, z])), -z, z]
        plain_axis(ax, padded(ends, 0.05), "y")
        ticks = [t for t in plain_ticks(0.0, 1.2 * reach) if t <= reach]
        ax.set_xticks(ticks, tick_words(ticks))
        avoid = _arc(ax, fit, data, reach)
        line = np.array([0.0, reach])
        ax.fill_between(
            line, fit.estimate * line - z, fit.estimate * line + z, color="#e3eef6", lw=0,
            zorder=0, label=f"pooled ± {z:.2f} ({level_text(fit.level)} of studies)",
        )  # fmt: skip
        label = "pooled effect" if fit.k > 1 else "the study's effect"
        ax.plot(line, fit.estimate * line, color=VERMILION, lw=1.0, label=label, zorder=2)
        ax.plot(line, 0.0 * line, color=GREY, lw=0.6, ls=":", zorder=1, label="no effect")
        ax.scatter(
            x, y, s=14 if fit.k <= 60 else 7, color=BLUE, edgecolors="white", linewidths=0.4,
            zorder=4, label="study",
        )  # fmt: skip
        tau = "" if not fit.heterogeneity.tau2 else " + τ²"
        name_axes(ax, f"Precision, 1 / √(variance{tau})", "Standardised estimate", title)
        legend_below(ax)
        _name_outside(ax, data, np.vstack([data[["x", "y"]].to_numpy(), avoid]))
        words = f"Radial plot of {counted(fit.k)}"
        off = [
            f"{n} ({e:.3g})" for n, e, o in zip(names, y / x, cells["outside"], strict=True) if o
        ]
        told = (
            f"{words}, {effect_name(fit.table)}: standardised estimate against precision. "
            f"{sentence(pooled_text(fit))}, the slope of the line. "
            f"{len(off)} of {fit.k} outside the band"
            + (f": {', '.join(off[:MOST_NAMES])}" if off else "")
            + (" and more." if len(off) > MOST_NAMES else ".")
        )
        return finished("radial", title or words, told, data, figure)


def _name_outside(ax: Axes, data: pd.DataFrame, avoid: Array) -> None:
    far = data[data["outside"]]
    order = far["y"].abs().sort_values(ascending=False).index[:MOST_NAMES]
    far = far.loc[order]
    label_points(
        ax, far["x"].tolist(), far["y"].tolist(), [str(n) for n in far.index], avoid,
    )  # fmt: skip


def _arc(ax: Axes, fit: PooledFit, data: pd.DataFrame, reach: float) -> Array:
    """Draw the axis of effects along an arc that is round on paper; return what it covers."""
    low, high = ax.get_ylim()
    box = ax.get_position()
    wide, tall = ax.figure.get_figure(root=True).get_size_inches() * (box.width, box.height)
    round_y = reach * (high - low) / (1.2 * reach) * (wide / tall)

    def point(effect: float, far: float = 1.0) -> tuple[float, float]:
        px = far / float(np.sqrt(reach**-2 + (effect / round_y) ** 2))
        return px, effect * px

    # Steeper effects than the axes hold have no place on the arc.
    steep = [_steepest(end, reach, round_y) for end in (low, high)]
    ends = padded([*data["estimate"], fit.estimate, 0.0], 0.02)
    ends = max(ends[0], steep[0]), min(ends[1], steep[1])
    places, words = effect_ticks(*ends, fit.table.scale, 6)
    arc = np.array([point(e) for e in np.linspace(*ends, 200)])
    ax.plot(arc[:, 0], arc[:, 1], color=INK, lw=0.6, zorder=1)
    covered, last = [arc], -np.inf
    for place, word in sorted(zip(places, words, strict=True)):
        (x0, y0), (x1, y1), (x2, y2) = (point(place, far) for far in (1.0, 1.02, 1.035))
        ax.plot([x0, x1], [y0, y1], color=INK, lw=0.6, zorder=1)
        if y2 - last > 0.045 * (high - low):
            ax.text(x2, y2, word, fontsize=6.2, va="center", ha="left", parse_math=False)
            covered.append(np.array([[x2 + share * reach, y2] for share in (0, 0.03, 0.06, 0.09)]))
            last = y2
    ax.text(
        1.0, 0.5, fitted(effect_name(fit.table), 130.0, 7.0), transform=ax.transAxes, rotation=270,
        va="center", ha="left", fontsize=7, parse_math=False,
    )  # fmt: skip
    return np.vstack(covered)


def _steepest(end: float, reach: float, round_y: float) -> float:
    """Effect whose ray meets the arc at this height; beyond the arc's own height there is none."""
    share = 0.92 * end / round_y
    if abs(share) >= 1:
        return float(np.copysign(np.inf, end))
    return float(0.92 * end / (reach * np.sqrt(1.0 - share**2)))
