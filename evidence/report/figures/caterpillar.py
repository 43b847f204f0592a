"""caterpillar_plot: the effects of many studies in the order of their size."""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np
import pandas as pd
from scipy import special

from evidence.errors import ReportError, check_kind
from evidence.models.frequentist.fit import PooledFit
from evidence.models.frequentist.pool import arrays_of
from evidence.models.frequentist.shrinkage import shrunken_effects
from evidence.report.figures.axes import (
    INCH,
    ONE_COLUMN,
    arrows,
    axis_name,
    check_choice,
    checked_limits,
    counted,
    effect_axis,
    labels_of,
    legend_below,
    name_axes,
    padded,
    pooled_text,
    reference_line,
    refuse,
    sentence,
    sheet,
)
from evidence.report.figures.plot import Plot, finished
from evidence.report.figures.style import BLUE, INK, ORANGE, VERMILION, style
from evidence.report.figures.words import fitted
from evidence.report.numbers import level_text

Effects = Literal["observed", "shrunken"]
NAMED = 45  # as many names as still stand apart; more are told in the data alone


def caterpillar_plot(
    fit: PooledFit,
    *,
    effects: Effects = "observed",
    limits: tuple[float, float] | None = None,
    title: str | None = None,
    width: float = ONE_COLUMN,
) -> Plot:
    """Effects with their intervals in the order of their size, and the pooled effect behind them.

    Parameters
    ----------
    fit : PooledFit
    effects : {"observed", "shrunken"}
        Each study's own estimate, or the best linear unbiased prediction of its true effect.
    limits, title, width
        As in ``funnel_plot``; intervals beyond the limits end in arrows.

    Returns
    -------
    Plot
        ``data``: rank, x, low, high, from the lowest up.

    Raises
    ------
    ReportError
        If a study's true effect is asked for and the fit is not of random effects.

    Examples
    --------
    >>> from evidence.effects.table import table_of
    >>> from evidence.models.frequentist.pool import pool
    >>> fit = pool(table_of([4.0, 0.0, 2.0], [1, 1, 1], labels=["a", "b", "c"]))
    >>> caterpillar_plot(fit).data.index.tolist()
    ['b', 'c', 'a']
    """
    check_kind("fit", fit, PooledFit, ReportError)
    check_choice("effects", effects, get_args(Effects))
    given = checked_limits(limits, fit.table.scale)
    data = _data(fit, effects)
    k = len(data)
    with style(small=True):
        tall = max(46.0, 3.1 * k + 30) if k <= NAMED else 1.35 * width
        figure = sheet(width, tall)
        ax = figure.add_subplot()
        rank = data["rank"].to_numpy()
        ax.set_ylim(0.2, k + 0.8)
        if k <= NAMED:
            room = 0.34 * width / INCH * 72.0
            names = [fitted(str(name), room, 6.0) for name in data.index]
            ax.set_yticks(rank, names, parse_math=False, fontsize=6.0)
            ax.tick_params("y", length=0)
            ax.spines["left"].set_visible(False)
        ends = padded([*data["low"], *data["high"], fit.ci_low, fit.ci_high, 0.0], 0.03)
        effect_axis(ax, given or ends, fit.table.scale)
        low, high = ax.get_xlim()
        band = f"pooled, {level_text(fit.level)} CI" if fit.k > 1 else "the study's interval"
        ax.axvspan(fit.ci_low, fit.ci_high, color=VERMILION, alpha=0.15, lw=0, zorder=0, label=band)
        reference_line(ax, fit.estimate, color=VERMILION, lw=0.9)
        if fit.prediction is not None:
            for end in (fit.prediction.low, fit.prediction.high):
                words = "prediction interval" if end == fit.prediction.low else None
                reference_line(ax, end, color=ORANGE, lw=0.9, ls="--", label=words)
        reference_line(ax, 0.0, color=INK, lw=0.6, ls=":")
        seen = [np.clip(data[c].to_numpy(), low, high) for c in ("low", "high")]
        ax.hlines(rank, *seen, color=BLUE, lw=0.9 if k <= NAMED else 0.5, zorder=3)
        dot = 9 if k <= NAMED else 2.5
        inside = data["x"].between(low, high)
        label = f"study, {level_text(fit.level)} interval"
        ax.scatter(data["x"][inside], rank[inside], s=dot, color=BLUE, zorder=4, label=label)
        small = {"s": 9 if k <= NAMED else 3, "color": BLUE}
        for column in ("low", "high"):
            beyond = ~data[column].between(low, high).to_numpy()
            arrows(ax, data[column].to_numpy()[beyond], rank[beyond], **small)
        vertical = "" if k <= NAMED else "Rank of the study"
        kind = "" if effects == "observed" else ", shrunken towards the mean"
        share = 0.58 if k <= NAMED else 0.78  # beside the names
        name_axes(ax, axis_name(fit.table) + kind, vertical, title, share=share)
        legend_below(ax)
        head = f"Caterpillar plot of {counted(k)}"
        clear = int(((data["low"] > 0) | (data["high"] < 0)).sum())
        told = (
            f"{head}: {effects} effects from the lowest, {data.index[0]}, to the highest, "
            f"{data.index[-1]}; {axis_name(fit.table)}. {clear} of {k} intervals exclude no "
            f"effect. {sentence(pooled_text(fit))}."
        )
        return finished("caterpillar", title or head, told, data, figure)


def _data(fit: PooledFit, effects: str) -> pd.DataFrame:
    names = labels_of(fit.table)
    if effects == "observed":
        y, v = arrays_of(fit.table)
        half = float(special.ndtri(0.5 + fit.level / 2.0)) * np.sqrt(v)
        cells = {"x": y, "low": y - half, "high": y + half}
    else:
        if fit.heterogeneity.tau2 is None:
            raise refuse("effects", f"a {fit.model} fit has none to shrink", "effects='observed'")
        found = shrunken_effects(fit)
        cells = {"x": found["effect"].to_numpy(), "low": found["low"].to_numpy(),
                 "high": found["high"].to_numpy()}  # fmt: skip
    frame = pd.DataFrame(cells, index=pd.Index(names, name="study"))
    frame = frame.sort_values("x", kind="stable")
    frame.insert(0, "rank", np.arange(1, len(frame) + 1))
    return frame
