"""influence_plot: eight diagnostics of every study, side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy import special

from evidence.errors import ReportError, check_kind
from evidence.models.frequentist.fit import PooledFit
from evidence.models.frequentist.influence import influence
from evidence.report.figures.axes import (
    INCH,
    TWO_COLUMNS,
    counted,
    labels_of,
    padded,
    plain_ticks,
    reference_line,
    sheet,
    tick_words,
)
from evidence.report.figures.baujat import options_of
from evidence.report.figures.plot import Plot, finished
from evidence.report.figures.style import BLUE, GREY, INK, VERMILION, clean, style
from evidence.report.figures.words import fitted, text_width, wrapped

if TYPE_CHECKING:
    from matplotlib.axes import Axes

PANELS = {
    "rstudent": "Studentised\nresidual",
    "dffits": "DFFITS",
    "cook": "Cook's\ndistance",
    "cov_ratio": "Covariance\nratio",
    "tau2_without": "τ² without\nthe study",
    "q_without": "Q without\nthe study",
    "hat": "Hat value",
    "weight": "Weight (%)",
}
NAMED = 60


def influence_plot(fit: PooledFit, *, title: str | None = None, width: float = TWO_COLUMNS) -> Plot:
    """Panel of case diagnostics (Viechtbauer and Cheung 2010), influential studies marked.

    Dashed lines: where a study counts as influential (metafor's rules), for the residual ±1.96;
    dotted: what is expected, or the value of the fit to all studies.

    Returns
    -------
    Plot
        ``data``: rstudent, dffits, cook, cov_ratio, tau2_without, q_without, hat, weight,
        influential.

    Raises
    ------
    ReportError
        With fewer than 3 studies, or stated weights.

    Examples
    --------
    >>> from evidence.effects.table import table_of
    >>> from evidence.models.frequentist.pool import pool
    >>> fit = pool(table_of([0.0, 0.1, 0.2, 3.0], [0.1, 0.1, 0.1, 0.1]), model="common")
    >>> influence_plot(fit).data["influential"].tolist()
    [True, True, True, True]
    """
    check_kind("fit", fit, PooledFit, ReportError)
    found = influence(fit.table, **options_of(fit, "an influence plot"))
    k, names = fit.k, labels_of(fit.table)
    data = found[[*PANELS, "influential"]].set_axis(pd.Index(names, name="study"))
    cuts = {
        "rstudent": [-1.96, 1.96],
        "dffits": [-3 / np.sqrt(k - 1), 3 / np.sqrt(k - 1)],
        "cook": [float(special.chdtri(1, 0.5))],
        "hat": [3 / k],
        "weight": [300 / k],
    }
    tau2, q = fit.heterogeneity.tau2, fit.heterogeneity.q
    usual = {
        "rstudent": 0.0, "dffits": 0.0, "cov_ratio": 1.0, "hat": 1 / k, "weight": 100 / k,
        "tau2_without": tau2 or 0.0, "q_without": q or 0.0,
    }  # fmt: skip
    with style(small=True):
        row = 3.4 if k <= NAMED else 120.0 / k
        figure = sheet(width, max(50.0, row * k + 26), 120.0)
        axes = figure.subplots(1, len(PANELS), sharey=True)
        for ax, (column, words) in zip(axes, PANELS.items(), strict=True):
            _panel(
                ax,
                data,
                column,
                cuts.get(column, []),
                usual.get(column),
                0.7 * width / 8 / INCH * 72,
            )
            ax.set_title(words, fontsize=6.2, pad=3)
        first = axes[0]
        first.set_ylim(k + 1.2, -0.2)
        if k <= NAMED:
            room = 0.2 * width / INCH * 72
            first.set_yticks(range(1, k + 1), [fitted(n, room, 6.0) for n in names], fontsize=6,
                             parse_math=False)  # fmt: skip
            for text, marked in zip(first.get_yticklabels(), data["influential"], strict=True):
                text.set_color(VERMILION if marked else INK)
                text.set_fontweight("bold" if marked else "normal")
        else:
            first.set_ylabel("Study, in the order of the table")
        if title:
            lines = wrapped(clean(title), 0.9 * width / INCH * 72, 7.5, "bold")
            figure.suptitle(lines, x=0.02, ha="left", weight="bold", size=7.5, parse_math=False)
        head = f"Influence diagnostics of {counted(k)}"
        marked = [n for n, m in zip(names, data["influential"], strict=True) if m]
        words = ", ".join(marked) if marked else "none"
        big = names[int(data["cook"].to_numpy().argmax())]
        spread = data["tau2_without"]
        far = int(data["rstudent"].abs().to_numpy().argmax())
        told = (
            f"{head}. Influential: {words}. Largest Cook's distance {data['cook'].max():.3g}, "
            f"{big}; residual farthest from 0 {data['rstudent'].iloc[far]:.2f}, {names[far]}; "
            f"τ² without a study from {spread.min():.3g} to {spread.max():.3g}, with all "
            f"{tau2 or 0.0:.3g}."
        )
        return finished("influence", title or head, told, data, figure)


def _apart(low: float, high: float, room: float) -> list[float]:
    """Ticks whose words keep apart on so many points: at best three or so, at least two."""
    found: list[float] = []
    for most in (3, 2, 4, 5, 6):
        found = plain_ticks(low, high, most)
        widest = max([text_width(word, 5.5) for word in tick_words(found)] or [0.0])
        gap = room / (high - low) * (found[1] - found[0]) if len(found) > 1 else 0.0
        if gap > widest + 3.0:
            return found
    return [found[0], found[-1]] if len(found) > 1 else found


def _panel(
    ax: Axes,
    data: pd.DataFrame,
    column: str,
    cuts: list[float],
    usual: float | None,
    room: float,
) -> None:
    values = data[column].to_numpy()
    at = np.arange(1, len(values) + 1)
    shown = [c for c in cuts if abs(c) <= 2.5 * max(float(np.abs(values).max()), 1e-300)]
    low, high = padded([*values, *shown, *([] if usual is None else [usual])], 0.1)
    ax.set_xlim(low, high)
    ticks = _apart(low, high, room)
    ax.set_xticks(ticks, tick_words(ticks), fontsize=5.5)
    for cut in shown:
        reference_line(ax, cut, color=INK, lw=0.6, ls="--")
    if usual is not None:
        reference_line(ax, usual, color=GREY, lw=0.6, ls=":")
    ax.plot(values, at, color=GREY, lw=0.5, zorder=2)
    marked = data["influential"].to_numpy()
    size = 9 if len(values) <= NAMED else 3
    ax.scatter(values[~marked], at[~marked], s=size, color=BLUE, linewidths=0, zorder=4)
    ax.scatter(
        values[marked],
        at[marked],
        s=1.6 * size,
        color=VERMILION,
        marker="D",
        linewidths=0,
        zorder=5,
    )
    ax.tick_params("y", length=0)
    ax.spines["left"].set_visible(False)
