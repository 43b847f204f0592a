"""rank_histogram: whether the ranks of a calibration are uniform."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy import stats

from evidence.models.calibration.calibrate import Calibration
from evidence.models.calibration.kernels_uniform import band, bins_for, counts_at
from evidence.report.figures.axes import (
    INCH,
    TWO_COLUMNS,
    legend_below,
    name_axes,
    plain_axis,
    sheet,
)
from evidence.report.figures.plot import Plot, finished
from evidence.report.figures.style import BLUE, GREY, INK, VERMILION, clean, style
from evidence.report.figures.words import fitted
from evidence.report.numbers import level_text, p_value

if TYPE_CHECKING:
    from matplotlib.axes import Axes

BAND = "#dbe7f0"
WORDS = {
    "mu": "Mean, μ",
    "tau": "Spread, τ",
    "prediction": "New effect",
    "theta_1": "Study 1, θ₁",
    "log_likelihood": "Log likelihood",
    "intercept": "Intercept",
    "slope": "Slope",
    "target_mean": "Target's mean",
    "log_sd": "Log SD",
    "log_sd_spread": "Spread of SDs",
}


def rank_histogram(
    calibration: Calibration, *, title: str | None = None, width: float = TWO_COLUMNS
) -> Plot:
    """Histogram of the ranks of each quantity, and how far their distribution is from uniform.

    Above, the ranks, with the range that each bar's count has at the calibration's level if they
    are uniform (binomial, bar by bar). Below, their distribution function less that of the uniform
    distribution, with the band that holds all of it at that level (Saeilynoja et al. 2022); a
    curve outside is drawn red.

    Parameters
    ----------
    calibration : Calibration
    title : str, optional
    width : float
        Millimetres.

    Returns
    -------
    Plot
        ``data``: quantity, part (``count`` of a bar that ends at x, ``difference`` at x), x,
        value, low, high.

    Raises
    ------
    ReportError
        If the width is not possible.

    Examples
    --------
    >>> from evidence.models.calibration.calibrate import calibrate
    >>> found = calibrate(lambda random, n: {"mu": random.uniform(size=n)}, fits=100, seed=1)
    >>> float(rank_histogram(found).data["value"].iloc[:10].sum())
    100.0
    """
    summary = calibration.summary()
    parts = []
    with style(small=True):
        columns = len(summary)
        figure = sheet(width, 78.0)
        axes = figure.subplots(2, columns, squeeze=False, sharey="row")
        most = max(
            float(np.histogram(u, bins_for(len(u)), (0, 1))[0].max())
            for u in calibration.ranks.to_numpy().T
        )
        worst = 0.0
        for i, name in enumerate(summary.index):
            u = calibration.ranks[name].to_numpy(dtype=np.float64)
            bars, curve = _bars(u, calibration.level), _difference(u, calibration.level)
            _draw_bars(axes[0, i], bars, most)
            _draw_difference(axes[1, i], curve)
            worst = max(worst, float(curve[["value", "low", "high"]].abs().to_numpy().max()))
            p = p_value(float(summary.loc[name, "p_ecdf"]))
            room = 0.8 * width / columns / INCH * 72.0
            words = f"{fitted(WORDS.get(str(name), clean(str(name))), room, 7.5)}\n{p}"
            axes[0, i].set_title(words, loc="left", parse_math=False)
            parts += [bars.assign(quantity=name), curve.assign(quantity=name)]
        for i, ax in enumerate(axes[1]):
            plain_axis(ax, (-1.15 * worst, 1.15 * worst), "y", 5)
            name_axes(
                ax, "Rank", "Distribution less uniform" if i == 0 else "", share=0.7 / columns
            )
        name_axes(axes[0, 0], "", "Fits")
        if title:
            figure.suptitle(clean(title), x=0.01, ha="left", weight="bold", size=7.5)
        legend_below(axes[1, 0], 3)
        data = pd.concat(parts, ignore_index=True)[
            ["quantity", "part", "x", "value", "low", "high"]
        ]
        head = f"Rank histograms of {calibration.name}"
        told = f"{head}: {_told(calibration, summary)}"
        return finished("rank_histogram", title or head, told, data.rename_axis("mark"), figure)


def _bars(u: np.ndarray[tuple[int], np.dtype[np.float64]], level: float) -> pd.DataFrame:
    bins = bins_for(u.size)
    count, edges = np.histogram(u, bins, (0.0, 1.0))
    low, high = stats.binom.interval(level, u.size, 1 / bins)
    cells = {"part": "count", "x": edges[1:], "value": count.astype(float)}
    return pd.DataFrame({**cells, "low": float(low), "high": float(high)})


def _difference(u: np.ndarray[tuple[int], np.dtype[np.float64]], level: float) -> pd.DataFrame:
    z, low, high = band(u.size, level)
    cells = {"part": "difference", "x": z, "value": counts_at(u, z) / u.size - z}
    return pd.DataFrame({**cells, "low": low - z, "high": high - z})


def _draw_bars(ax: Axes, bars: pd.DataFrame, most: float) -> None:
    plain_axis(ax, (0.0, 1.0), "x", 2)
    plain_axis(ax, (0.0, 1.08 * max(most, float(bars["high"].max()))), "y", 5)
    wide = 1 / len(bars)
    low, high = bars["low"].iloc[0], bars["high"].iloc[0]
    ax.axhspan(low, high, color=BAND, lw=0, zorder=0)
    ax.bar(
        bars["x"] - wide, bars["value"], wide, align="edge", color=BLUE, alpha=0.75,
        edgecolor="white", linewidth=0.3, zorder=2,
    )  # fmt: skip
    ax.axhline(float(bars["value"].mean()), color=INK, lw=0.7, zorder=3)
    for end in (low, high):
        ax.axhline(end, color=GREY, lw=0.5, ls="--", zorder=3)


def _draw_difference(ax: Axes, curve: pd.DataFrame) -> None:
    plain_axis(ax, (0.0, 1.0), "x", 2)
    x = [0.0, *curve["x"], 1.0]
    low, high = ([0.0, *curve[end], 0.0] for end in ("low", "high"))
    ax.fill_between(x, low, high, color=BAND, lw=0, label="where uniform ranks are")
    ax.axhline(0.0, color=INK, lw=0.7)
    outside = bool(((curve["value"] < curve["low"]) | (curve["value"] > curve["high"])).any())
    ax.plot(
        x, [0.0, *curve["value"], 0.0], color=VERMILION if outside else BLUE, lw=1.1,
        label="ranks (red: outside it somewhere)", zorder=3,
    )  # fmt: skip


def _told(calibration: Calibration, summary: pd.DataFrame) -> str:
    failed = f", {calibration.failed} failed" if calibration.failed else ""
    each = ", ".join(f"{name} {p_value(float(p))}" for name, p in summary["p_ecdf"].items())
    outside = [str(n) for n, p in summary["p_ecdf"].items() if p < 1 - calibration.level]
    return (
        f"{calibration.fits:,} fits{failed}. Test of uniform ranks at "
        f"{level_text(calibration.level)}: {each}. Outside the band: "
        f"{', '.join(outside) or 'none'}."
    )
