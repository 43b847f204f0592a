"""permutation_plot: where the observed statistic falls among those of the permuted data."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from evidence.errors import ReportError, as_numbers, is_number
from evidence.report.figures.axes import (
    ONE_COLUMN,
    check_choice,
    legend_below,
    name_axes,
    padded,
    plain_axis,
    reference_line,
    refuse,
    sheet,
)
from evidence.report.figures.plot import Plot, finished
from evidence.report.figures.style import BLUE, VERMILION, clean, style
from evidence.report.numbers import p_value

_TIES = float(np.sqrt(np.finfo(np.float64).eps))
TAILS = ("two-sided", "greater")


def permutation_plot(
    statistics: ArrayLike,
    observed: float,
    *,
    tail: str = "two-sided",
    name: str = "Test statistic",
    title: str | None = None,
    width: float = ONE_COLUMN,
) -> Plot:
    """Histogram of a statistic over permutations, with the observed one.

    Parameters
    ----------
    statistics : array_like (n,)
        Of every permutation, the observed one among them.
    observed : float
    tail : {"two-sided", "greater"}
        What counts as at least as extreme: as far from 0, or as large (chi-squared, F).
    name : str
        What the statistic is.
    title, width
        As in ``funnel_plot``.

    Returns
    -------
    Plot
        ``data``: low, high (ends of the bar), count, extreme (how many are as extreme).

    Raises
    ------
    ReportError
        If the statistics are not finite numbers.

    Examples
    --------
    >>> permutation_plot([-2.0, -1.0, 0.5, 1.0, 2.0], 2.0).description
    'Distribution of 5 permuted values of Test statistic, from -2 to 2. Observed 2; 2 are as extreme
    (two-sided), P = 0.40.'
    """
    check_choice("tail", tail, TAILS)
    t = as_numbers("statistics", statistics, ReportError)
    if t.ndim != 1 or not len(t) or not np.isfinite(t).all() or not is_number(observed):
        raise refuse(
            "statistics, observed", "not finite, or none", "a sequence of numbers, and one"
        )
    size = np.abs(t) if tail == "two-sided" else t
    at = abs(observed) if tail == "two-sided" else observed
    # As in permutation_test, what differs by rounding is a tie, and counts as extreme.
    extreme = size >= at - _TIES
    bins = int(np.clip(np.ceil(np.sqrt(len(t))), 5, 50))
    if np.ptp(t) > 0:
        edges = np.linspace(t.min(), t.max(), bins + 1)
    else:
        edges = np.linspace(*padded([t[0]], 0.5), 6)
    count = np.histogram(t, edges)[0]
    far = np.histogram(t[extreme], edges)[0]
    data = pd.DataFrame({"low": edges[:-1], "high": edges[1:], "count": count, "extreme": far})
    data = data.rename_axis("bar")
    p = float(extreme.mean())
    with style(small=True):
        figure = sheet(width, share=0.75)
        ax = figure.add_subplot()
        plain_axis(ax, padded([*edges, observed, *([0.0] if tail == "two-sided" else [])], 0.03))
        plain_axis(ax, (0.0, 1.08 * float(count.max())), "y")
        wide, near = np.diff(edges), count - far
        look: dict[str, Any] = {"edgecolor": "white", "linewidth": 0.3, "align": "edge"}
        ax.bar(edges[:-1], near, wide, color=BLUE, label="permutation", **look)
        label = f"as extreme: {p_value(p)}"
        ax.bar(
            edges[:-1], far, wide, bottom=near, color="#e69f73", hatch="////", label=label, **look
        )
        reference_line(ax, observed, color=VERMILION, lw=1.4, label="observed", zorder=5)
        if tail == "two-sided" and observed != 0:
            reference_line(ax, -observed, color=VERMILION, lw=0.9, ls="--", zorder=5)
        name_axes(ax, name, "Permutations", title)
        legend_below(ax, 3)
        head = f"Distribution of {len(t):,} permuted values of {clean(name)}"
        told = (
            f"{head}, from {t.min():.4g} to {t.max():.4g}. Observed {observed:.4g}; "
            f"{int(extreme.sum()):,} are as extreme ({tail}), {p_value(p)}."
        )
        return finished("permutation", title or head, told, data, figure)
