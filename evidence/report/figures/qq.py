"""qq_plot: whether standardised residuals look like draws from a normal distribution."""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np
import pandas as pd
from scipy import special

from evidence.errors import ReportError, check_kind, is_fraction
from evidence.models.frequentist.fit import PooledFit
from evidence.models.frequentist.influence import influence
from evidence.models.regression.fit import RegressionFit
from evidence.report.figures.axes import (
    ONE_COLUMN,
    check_choice,
    counted,
    label_points,
    labels_of,
    legend_below,
    name_axes,
    padded,
    plain_axis,
    refuse,
    sheet,
)
from evidence.report.figures.baujat import options_of
from evidence.report.figures.plot import Plot, finished
from evidence.report.figures.style import BLUE, GREY, style
from evidence.report.numbers import level_text

Residuals = Literal["deleted", "standardised"]


def qq_plot(
    fit: PooledFit | RegressionFit,
    *,
    residuals: Residuals | None = None,
    level: float = 0.95,
    title: str | None = None,
    width: float = ONE_COLUMN,
) -> Plot:
    """Normal quantile-quantile plot of a fit's residuals (Wang and Bushman 1998).

    The band holds each ordered residual of k independent standard normal ones with probability
    ``level``: exact quantiles of order statistics, which are beta after the normal distribution
    function. It takes no account of the residuals' small dependence.

    Parameters
    ----------
    fit : PooledFit or RegressionFit
    residuals : {"deleted", "standardised"}, optional
        Each study against the mean of the others (the default, "rstudent"), or against that of
        all; a meta-regression has the second only.
    level : float
        Of the band, pointwise.
    title, width
        As in ``funnel_plot``.

    Returns
    -------
    Plot
        ``data``: x (normal quantile), y (residual), low, high, outside, from the lowest up.

    Raises
    ------
    ReportError
        With fewer than 3 studies, stated weights, or an option that is wrong.

    Examples
    --------
    >>> from evidence.effects.table import table_of
    >>> from evidence.models.frequentist.pool import pool
    >>> qq_plot(pool(table_of([0.0, 2.0, 4.0], [1, 1, 1]))).data["x"].round(3).tolist()
    [-0.967, 0.0, 0.967]
    """
    check_kind("fit", fit, (PooledFit, RegressionFit), ReportError)
    if not is_fraction(level):
        raise refuse("level", repr(level), "a fraction between 0 and 1, such as 0.95")
    kind, z = _residuals(fit, residuals)
    k, order = len(z), np.argsort(z, kind="stable")
    rank = np.arange(1, k + 1)
    names = labels_of(fit.table)
    ends = [
        special.ndtri(special.betaincinv(rank, k + 1 - rank, p))
        for p in ((1 - level) / 2, (1 + level) / 2)
    ]
    cells = {
        "x": special.ndtri((rank - 0.5) / k),
        "y": z[order],
        "low": ends[0],
        "high": ends[1],
    }
    data = pd.DataFrame(cells, index=pd.Index([names[i] for i in order], name="study"))
    data["outside"] = (data["y"] < data["low"]) | (data["y"] > data["high"])
    with style(small=True):
        figure = sheet(width, share=0.9)
        ax = figure.add_subplot()
        plain_axis(ax, padded(data["x"]))
        plain_axis(ax, padded([*data["y"], *data["low"], *data["high"]], 0.04), "y")
        band = f"{level_text(level)} band, pointwise"
        ax.fill_between(data["x"], data["low"], data["high"], color="#e3eef6", lw=0, label=band)
        line = np.array(ax.get_xlim())
        ax.plot(line, line, color=GREY, lw=0.8, label="normal", zorder=2)
        size = 14 if k <= 60 else 7
        ax.scatter(
            data["x"], data["y"], s=size, color=BLUE, edgecolors="white", linewidths=0.4, zorder=4,
            label="study",
        )  # fmt: skip
        words = {"deleted": "Studentised deleted residual", "standardised": "Standardised residual"}
        name_axes(ax, "Normal quantile", words[kind], title)
        legend_below(ax, 3)
        far = data[data["outside"]]
        label_points(
            ax, far["x"].tolist(), far["y"].tolist(), [str(n) for n in far.index],
            data[["x", "y"]].to_numpy(),
        )  # fmt: skip
        head = f"Normal quantile-quantile plot of {counted(k)}"
        off = ", ".join(f"{n} ({v:.2f})" for n, v in far["y"].items()) or "none"
        told = (
            f"{head}: {words[kind].lower()}s, from {z.min():.2f} to {z.max():.2f}, against normal "
            f"quantiles. {len(far)} outside the {band}: {off}."
        )
        return finished("qq", title or head, told, data, figure)


def _residuals(
    fit: PooledFit | RegressionFit, asked: Residuals | None
) -> tuple[str, np.ndarray[tuple[int], np.dtype[np.float64]]]:
    if asked is not None:
        check_choice("residuals", asked, get_args(Residuals))
    if isinstance(fit, RegressionFit):
        if asked == "deleted":
            raise refuse("residuals", "a meta-regression has none that are deleted", "leave it out")
        return "standardised", fit.rows["standardised"].to_numpy(dtype=float)
    found = influence(fit.table, **options_of(fit, "a quantile-quantile plot"))
    kind = asked or "deleted"
    return kind, found["rstudent" if kind == "deleted" else "rstandard"].to_numpy(dtype=float)
