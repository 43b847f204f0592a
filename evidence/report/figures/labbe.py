"""labbe_plot: events with treatment against events without, study by study."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from evidence.errors import ReportError, check_kind
from evidence.models.frequentist.fit import PooledFit
from evidence.report.figures.axes import (
    ONE_COLUMN,
    Array,
    arrows,
    counted,
    label_points,
    labels_of,
    legend_below,
    name_axes,
    padded,
    plain_axis,
    pooled_text,
    ratio_ticks,
    refuse,
    sentence,
    sheet,
)
from evidence.report.figures.forest_plot import check_pair
from evidence.report.figures.plot import Plot, finished
from evidence.report.figures.raw import counts_of
from evidence.report.figures.style import BLUE, GREY, VERMILION, clean, style
from evidence.report.numbers import level_text

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MEASURES = ("RR", "OR", "RD", "PETO")


def labbe_plot(
    fit: PooledFit,
    *,
    arms: tuple[str, str] = ("treatment", "control"),
    log: bool = False,
    title: str | None = None,
    width: float = ONE_COLUMN,
) -> Plot:
    """L'Abbé plot (L'Abbé, Detsky and O'Rourke 1987), circles with areas like the weights.

    Parameters
    ----------
    fit : PooledFit
        Of risk ratios, odds ratios or risk differences that ``effect_sizes`` computed from counts.
    arms : (str, str)
        Names of the first and the second arm.
    log : bool
        Whether risks stand on logarithmic axes, for rare events; no event is then an arrow.
    title, width
        As in ``funnel_plot``.

    Returns
    -------
    Plot
        ``data``: x and y (risks in the second and first arm), events1, n1, events2, n2, weight.

    Raises
    ------
    ReportError
        If the table was not made from counts, or its measure has no curve of equal effects.

    Examples
    --------
    >>> from evidence.effects.sizes.frame import effect_sizes
    >>> from evidence.models.frequentist.pool import pool
    >>> frame = pd.DataFrame({"a": [4, 6], "n": [100, 300], "c": [11, 30], "m": [110, 300]})
    >>> table = effect_sizes(frame, measure="RR", events1="a", n1="n", events2="c", n2="m")
    >>> labbe_plot(pool(table)).data[["x", "y"]].values.tolist()
    [[0.1, 0.04], [0.1, 0.02]]
    """
    check_kind("fit", fit, PooledFit, ReportError)
    table = fit.table
    if table.measure not in MEASURES:
        right = f"one of {', '.join(MEASURES)}"
        raise refuse("fit", f"{table.measure} has no curve of equal effects", right)
    check_pair("arms", arms)
    counts = counts_of(table)
    if counts is None:
        right = "pool a table that effect_sizes made from counts of both arms"
        raise refuse("fit", "its table does not say how many events there were", right)
    names = labels_of(table)
    data = counts.set_axis(pd.Index(names, name="study"))
    data.insert(0, "x", data["events2"] / data["n2"])
    data.insert(1, "y", data["events1"] / data["n1"])
    data["weight"] = fit.weights.to_numpy()
    with style(small=True):
        figure = sheet(width, share=1.1)
        ax = figure.add_subplot()
        least, top = _risk_axes(ax, data, log=log)
        risk = np.geomspace(least, top, 400) if log else np.linspace(0.0, min(top, 1.0), 400)
        risk = risk[risk <= 1.0]
        ax.plot(risk, risk, color=GREY, lw=0.8, label="no effect", zorder=1)
        label = f"pooled effect and {level_text(fit.level)} CI"
        low, high = (curve(table.measure, risk, e) for e in (fit.ci_low, fit.ci_high))
        ax.fill_between(risk, low, high, color=VERMILION, alpha=0.13, lw=0, zorder=0)
        ax.plot(
            risk, curve(table.measure, risk, fit.estimate), color=VERMILION, lw=1.1, ls="--",
            label=label, zorder=2,
        )  # fmt: skip
        area = np.maximum(110 * data["weight"] / data["weight"].max(), 3.0)
        x, y = (np.maximum(data[c], least) for c in ("x", "y"))
        ax.scatter(
            x, y, s=area, facecolors=BLUE, edgecolors="white", alpha=0.75, linewidths=0.5, zorder=4
        )
        ax.scatter([], [], s=14, color=BLUE, label="study, area like its weight")
        if log:
            arrows(ax, data["x"].to_numpy(), data["y"].to_numpy())
        first, second = (clean(arm) for arm in arms)
        name_axes(ax, f"Risk, {second}", f"Risk, {first}", title)
        legend_below(ax, 1)
        _name(ax, fit, data.assign(x=x, y=y))
        words = f"L'Abbé plot of {counted(fit.k)}"
        lower = int((data["y"] < data["x"]).sum())
        risks = [f"{data[c].min():.3g} to {data[c].max():.3g}" for c in ("y", "x")]
        told = (
            f"{words}: risk with {first} ({risks[0]}) against risk with {second} ({risks[1]}). "
            f"{lower} of {fit.k} below the line of no effect. "
            f"{sentence(pooled_text(fit))}, drawn as a curve."
        )
        return finished("labbe", title or words, told, data, figure)


def _risk_axes(ax: Axes, data: pd.DataFrame, *, log: bool) -> tuple[float, float]:
    """Give both axes the same limits and ticks; return the limits."""
    risks = data[["x", "y"]].to_numpy()
    if log:
        seen = risks[risks > 0]
        if not len(seen):
            raise refuse("log", "no study had an event", "log=False")
        ends = padded(np.log(seen), 0.08)
        low, top = float(np.exp(ends[0])), float(min(np.exp(ends[1]), 1.05))
        ticks = [t for t in ratio_ticks(float(np.log(low)), float(np.log(top)), 7) if t <= 1]
        for axis in (ax.xaxis, ax.yaxis):
            axis.axes.set(**{f"{axis.axis_name}scale": "log", f"{axis.axis_name}lim": (low, top)})
            axis.set_ticks(ticks, [f"{t:g}" for t in ticks])
            axis.set_ticks([], minor=True)
    else:
        top = min(1.02, 1.12 * float(max(risks.max(), 0.01)))
        low = -0.03 * top
        for which in ("x", "y"):
            plain_axis(ax, (low, top), which, 5)
    ax.set_aspect("equal")
    return low, top


def curve(measure: str, risk: Array, effect: float) -> Array:
    """Risk in the first arm where the second has ``risk`` and the effect is on the analysis scale.

    Examples
    --------
    >>> curve("OR", np.array([0.5]), float(np.log(3.0))).round(3)
    array([0.75])
    """
    if measure == "RD":
        return np.clip(risk + effect, 0.0, 1.0)
    if measure == "RR":
        return np.asarray(np.minimum(risk * np.exp(effect), 1.0))
    odds = np.exp(effect)
    return np.asarray(odds * risk / (1.0 - risk + odds * risk))


def _name(ax: Axes, fit: PooledFit, data: pd.DataFrame) -> None:
    """Name the studies farthest, for their precision, from the pooled effect."""
    off = np.abs(fit.table.rows["estimate"].to_numpy(dtype=float) - fit.estimate)
    off = off / fit.table.rows["std_error"].to_numpy(dtype=float)
    far = data.iloc[np.argsort(-off, kind="stable")[: min(5, fit.k)]]
    label_points(
        ax, far["x"].tolist(), far["y"].tolist(), [str(n) for n in far.index],
        data[["x", "y"]].to_numpy(),
    )  # fmt: skip
