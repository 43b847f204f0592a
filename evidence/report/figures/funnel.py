"""funnel_plot: estimates against their precision, with limits, contours, imputed studies."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np
import pandas as pd
from scipy import special

from evidence.errors import ReportError, as_numbers, check_kind
from evidence.models.bias.asymmetry import RegressionTest
from evidence.models.bias.checks import sizes_of
from evidence.models.bias.trim_fill import TrimAndFill
from evidence.models.frequentist.fit import PooledFit
from evidence.models.frequentist.pool import arrays_of
from evidence.report.figures.axes import (
    ONE_COLUMN,
    Array,
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
    plain_axis,
    pooled_text,
    reference_line,
    refuse,
    sentence,
    sheet,
)
from evidence.report.figures.plot import Plot, finished
from evidence.report.figures.style import BLUE, GREY, INK, ORANGE, VERMILION, style
from evidence.report.numbers import level_text

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Vertical = Literal["std_error", "precision", "variance", "inverse_variance", "size"]
NAMES = {
    "std_error": "Standard error",
    "precision": "Precision (1 / standard error)",
    "variance": "Sampling variance",
    "inverse_variance": "Inverse variance",
    "size": "Total sample size",
}
DOWN = ("std_error", "variance")  # the precise studies stand at the top all the same
CONTOURS = (0.1, 0.05, 0.01)
SHADES = ("#ffffff", "#ebebeb", "#d2d2d2", "#b5b5b5", "#9a9a9a", "#808080")


def funnel_plot(
    fit: PooledFit | TrimAndFill,
    *,
    y: Vertical = "std_error",
    contours: bool | Sequence[float] = False,
    test: RegressionTest | None = None,
    limits: tuple[float, float] | None = None,
    title: str | None = None,
    width: float = ONE_COLUMN,
) -> Plot:
    """Funnel plot (Light and Pillemer 1984; Sterne and Egger 2001).

    Parameters
    ----------
    fit : PooledFit or TrimAndFill
        Of trim and fill, the imputed studies are hollow and the line is the adjusted estimate.
    y : {"std_error", "precision", "variance", "inverse_variance", "size"}
        Vertical axis.
    contours : bool or sequence of float
        Shade where a study's own two-sided test against no effect has p below 0.1, 0.05 and 0.01,
        or below these (Peters et al. 2008), in place of the limits about the pooled estimate.
    test : RegressionTest, optional
        Its line, of a test on the standard error or the variance.
    limits : (float, float), optional
        Ends of the horizontal axis, ratios where the table is of ratios; studies beyond become
        arrows.
    title : str, optional
    width : float
        Millimetres.

    Returns
    -------
    Plot
        ``data``: a row a study; x (analysis scale), y, std_error, imputed, p, outside (of the
        limits about the pooled estimate, at the fit's level; they are of sampling error alone).

    Raises
    ------
    ReportError
        If an option is unknown, or has no meaning on this vertical axis.

    Examples
    --------
    >>> from evidence.effects.table import table_of
    >>> from evidence.models.frequentist.pool import pool
    >>> plot = funnel_plot(pool(table_of([0.1, 0.4, 0.2], [0.1, 0.2, 0.3])), contours=True)
    >>> plot.data["outside"].tolist()
    [False, False, False]
    """
    check_kind("fit", fit, (PooledFit, TrimAndFill), ReportError)
    check_choice("y", y, get_args(Vertical))
    edges = _contours(contours, y)
    _check_test(test, fit, y)
    base = fit.adjusted if isinstance(fit, TrimAndFill) else fit
    data = _data(fit, base, y)
    given = checked_limits(limits, base.table.scale)
    with style(small=True):
        figure = sheet(width, share=0.94)
        ax = figure.add_subplot()
        _axes(ax, base, data, y, given, test)
        s = _errors_shown(ax, y, data)
        if edges:
            _shade(ax, s, y, edges)
            reference_line(ax, 0.0, color=INK)
        elif y != "size":
            _limits(ax, base, s, y)
        kind = "adjusted effect" if isinstance(fit, TrimAndFill) else "pooled effect"
        kind = kind if base.k > 1 else "the study's effect"
        reference_line(ax, base.estimate, color=VERMILION, lw=1.0, ls="--", label=kind)
        if test is not None:
            at = s if test.predictor == "std_error" else s**2
            line = test.intercept + test.slope * at
            ax.plot(line, _height(s, y), color=BLUE, lw=1.0, ls="-.", label="regression line")
        _points(ax, data)
        name_axes(ax, axis_name(base.table), NAMES[y], title)
        legend_below(ax)
        words = f"Funnel plot of {counted(len(data) - int(data['imputed'].sum()))}"
        return finished(
            "funnel", title or words, _told(words, fit, base, data, y, test), data, figure
        )


def _contours(asked: bool | Sequence[float], y: str) -> tuple[float, ...]:
    if isinstance(asked, bool) or asked is None:
        edges: tuple[float, ...] = CONTOURS if asked else ()
    else:
        edges = tuple(as_numbers("contours", asked, ReportError).ravel().tolist())
        falling = all(a > b for a, b in pairwise(edges))
        if not edges or not falling or not all(0 < p < 1 for p in edges) or len(edges) > 5:
            raise refuse("contours", repr(asked), "up to 5 falling p values, such as (0.1, 0.05)")
    if edges and y == "size":
        raise refuse("contours", "a sample size has no p value", "take y='std_error'")
    return edges


def _check_test(test: RegressionTest | None, fit: PooledFit | TrimAndFill, y: str) -> None:
    if test is None:
        return
    check_kind("test", test, RegressionTest, ReportError)
    k = fit.observed.k if isinstance(fit, TrimAndFill) else fit.k
    if test.predictor not in DOWN or y == "size":
        raise refuse("test", f"its predictor is {test.predictor!r}, y is {y!r}",
                     "a test on std_error or variance, and y not 'size'")  # fmt: skip
    if test.k != k:
        raise refuse("test", f"of {test.k} studies, the fit of {k}", "test the fit's table")


def _height(s: Array, y: str) -> Array:
    """Place on the vertical axis of a standard error."""
    made = {"std_error": s, "variance": s**2, "precision": 1 / s, "inverse_variance": s**-2.0}
    return np.asarray(made[y])


def _data(fit: PooledFit | TrimAndFill, base: PooledFit, y: str) -> pd.DataFrame:
    x, v = arrays_of(base.table)
    s = np.sqrt(v)
    imputed = np.zeros(len(x), dtype=bool)
    if isinstance(fit, TrimAndFill):
        imputed[len(x) - fit.filled :] = True
        if y == "size" and fit.filled:
            raise refuse("y", "imputed studies have no sample size", "take y='std_error'")
    z = special.ndtri(0.5 + base.level / 2.0)
    height = np.asarray(sizes_of(base.table, None)) if y == "size" else _height(s, y)
    return pd.DataFrame(
        {
            "x": x,
            "y": height,
            "std_error": s,
            "p": 2.0 * special.ndtr(-np.abs(x / s)),
            "imputed": imputed,
            "outside": np.abs(x - base.estimate) > z * s,
        },
        index=pd.Index(labels_of(base.table), name="study"),
    )


def _axes(
    ax: Axes,
    fit: PooledFit,
    data: pd.DataFrame,
    y: str,
    given: tuple[float, float] | None,
    test: RegressionTest | None,
) -> None:
    height = data["y"].to_numpy()
    if y in DOWN:
        ends = (1.06 * float(height.max()), 0.0)
    else:
        low, high = padded(height)
        ends = (max(low, 0.5 * float(height.min())), high)
    plain_axis(ax, ends, "y")
    x, reach = data["x"].to_numpy(), float(data["std_error"].max()) * 1.06
    z = float(special.ndtri(0.5 + fit.level / 2.0)) if y != "size" else 0.0
    held = [*x, fit.estimate, 0.0, fit.estimate - z * reach, fit.estimate + z * reach]
    if test is not None:
        held.append(
            test.intercept + test.slope * (reach if test.predictor == "std_error" else reach**2)
        )
    effect_axis(ax, given or padded(held, 0.03), fit.table.scale)


def _errors_shown(ax: Axes, y: str, data: pd.DataFrame) -> Array:
    """Standard errors from the most precise to the least that the axis shows."""
    if y == "size":
        return np.sort(data["std_error"].to_numpy())
    power = {"std_error": 1.0, "variance": 0.5, "precision": -1.0, "inverse_variance": -0.5}[y]
    ends = sorted(max(float(x), 1e-300) ** power for x in ax.get_ylim())
    return np.linspace(max(ends[0], 1e-9 * ends[1]), ends[1], 300)


def _limits(ax: Axes, fit: PooledFit, s: Array, y: str) -> None:
    z = special.ndtri(0.5 + fit.level / 2.0)
    for sign in (-1, 1):
        label = f"{level_text(fit.level)} limits of sampling error" if sign > 0 else None
        line = fit.estimate + sign * z * s
        ax.plot(line, _height(s, y), color=GREY, lw=0.8, label=label, zorder=2)
    reference_line(ax, 0.0, color=INK, lw=0.5, ls=":")


def _shade(ax: Axes, s: Array, y: str, edges: tuple[float, ...]) -> None:
    low, high = ax.get_xlim()
    at = _height(s, y)
    ax.axvspan(low, high, color=SHADES[len(edges)], lw=0, zorder=0)
    for i in range(len(edges) - 1, -1, -1):
        reach = -special.ndtri(edges[i] / 2.0) * s
        ends = np.clip([-reach, reach], low, high)
        ax.fill_betweenx(at, *ends, color=SHADES[i], lw=0, zorder=0.1)
    for i, edge in enumerate(edges):
        upper = edges[i + 1] if i + 1 < len(edges) else None
        words = f"p < {edge:g}" if upper is None else f"{upper:g} < p < {edge:g}"
        ax.fill_between([], [], color=SHADES[i + 1], label=words, lw=0)


def _points(ax: Axes, data: pd.DataFrame) -> None:
    size = 15 if len(data) <= 60 else 8
    for imputed in (False, True):
        part = data[data["imputed"] == imputed]
        look: dict[str, Any] = {"facecolors": BLUE, "edgecolors": "white", "linewidths": 0.4}
        if imputed:
            look = {"facecolors": "white", "edgecolors": ORANGE, "linewidths": 1.0}
        if len(part):
            label = "imputed study" if imputed else "study"
            ax.scatter(part["x"], part["y"], s=size, zorder=4, label=label, **look)
            arrows(ax, part["x"].to_numpy(), part["y"].to_numpy())


def _told(
    words: str,
    fit: PooledFit | TrimAndFill,
    base: PooledFit,
    data: pd.DataFrame,
    y: str,
    test: RegressionTest | None,
) -> str:
    seen = data[~data["imputed"]]
    parts = [f"{words}: {axis_name(base.table)} against {NAMES[y].lower()}"]
    head = "with imputed studies, " if isinstance(fit, TrimAndFill) else ""
    parts.append(head + pooled_text(base))
    if y != "size":
        limits = f"outside the {level_text(base.level)} limits of sampling error"
        parts.append(f"{int(seen['outside'].sum())} of {len(seen)} {limits}")
    left = int((seen["x"] < base.estimate).sum())
    parts.append(f"{left} left and {len(seen) - left} right of the line")
    parts.append(f"{int((seen['p'] < 0.05).sum())} with p < 0.05 by themselves")
    if isinstance(fit, TrimAndFill):
        parts.append(f"{counted(fit.filled)} imputed on the {fit.side}, drawn hollow")
    if test is not None:
        parts.append(f"regression line: slope {test.slope:.3g}, p = {test.p:.3g}")
    return ". ".join(sentence(p) for p in parts) + "."
