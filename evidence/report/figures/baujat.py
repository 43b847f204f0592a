"""baujat_plot: who causes heterogeneity, and who moves the result."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from evidence.errors import ReportError, check_kind
from evidence.models.frequentist.fit import PooledFit
from evidence.models.frequentist.influence import baujat
from evidence.report.figures.axes import (
    ONE_COLUMN,
    counted,
    label_points,
    labels_of,
    name_axes,
    plain_axis,
    refuse,
    sheet,
)
from evidence.report.figures.plot import Plot, finished
from evidence.report.figures.style import BLUE, style

MOST_NAMES = 8


def options_of(fit: PooledFit, purpose: str, least: int = 3) -> dict[str, Any]:
    """Model and tau2 with which a fit's diagnostics are made anew.

    Raises
    ------
    ReportError
        If there are too few studies, or the fit has weights of its own, which diagnostics have not.
    """
    if fit.k < least:
        raise refuse("fit", f"{counted(fit.k)}", f"{purpose} needs at least {least}")
    if fit.stated_weights is not None:
        raise refuse("fit", "has stated weights", f"{purpose} is of inverse-variance weights")
    if fit.model == "common":
        return {"model": "common"}
    method = fit.tau2_method
    return {"model": "random", "tau2": fit.heterogeneity.tau2 if method == "fixed" else method}


def baujat_plot(fit: PooledFit, *, title: str | None = None, width: float = ONE_COLUMN) -> Plot:
    """Baujat plot (Baujat et al. 2002), the studies that stand out named.

    Returns
    -------
    Plot
        ``data``: x (contribution to heterogeneity), y (influence on the pooled estimate).

    Raises
    ------
    ReportError
        With fewer than 3 studies, or stated weights.

    Examples
    --------
    >>> from evidence.effects.table import table_of
    >>> from evidence.models.frequentist.pool import pool
    >>> fit = pool(table_of([0.0, 0.0, 3.0], [1, 1, 1]), model="common")
    >>> baujat_plot(fit).data["y"].round(3).tolist()
    [0.5, 0.5, 2.0]
    """
    check_kind("fit", fit, PooledFit, ReportError)
    found = baujat(fit.table, **options_of(fit, "a Baujat plot"))
    x, y = found["heterogeneity"].to_numpy(), found["influence"].to_numpy()
    names = labels_of(fit.table)
    data = pd.DataFrame({"x": x, "y": y}, index=pd.Index(names, name="study"))
    tops = [float(v.max()) or 1.0 for v in (x, y)]
    order = np.argsort(-(x / tops[0] + y / tops[1]), kind="stable")[:MOST_NAMES]
    with style(small=True):
        figure = sheet(width, share=0.8)
        ax = figure.add_subplot()
        for which, top in zip("xy", tops, strict=True):
            plain_axis(ax, (-0.03 * top, 1.08 * top), which)
        ax.scatter(
            x, y, s=15 if fit.k <= 60 else 8, color=BLUE, edgecolors="white", linewidths=0.4,
            zorder=4,
        )  # fmt: skip
        name_axes(ax, "Contribution to heterogeneity", "Influence on the pooled estimate", title)
        label_points(
            ax, x[order].tolist(), y[order].tolist(), [names[i] for i in order],
            data[["x", "y"]].to_numpy(),
        )  # fmt: skip
        head = f"Baujat plot of {counted(fit.k)}"
        listed = "; ".join(f"{names[i]} ({x[i]:.3g}, {y[i]:.3g})" for i in order[:5])
        spread = "variance + τ²" if fit.heterogeneity.tau2 else "variance"
        told = (
            f"{head}: contribution of each study to heterogeneity, (estimate − pooled)² / "
            f"({spread}), against its influence on the pooled estimate, the squared change without "
            f"it over the variance then. Farthest out: {listed}."
        )
        return finished("baujat", title or head, told, data, figure)
