"""joint_posterior: the mean effect and the heterogeneity together, with their margins."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from evidence.errors import ReportError, check_kind, is_number
from evidence.models.bayesian.fit import BayesFit, arrays_of
from evidence.models.bayesian.kernels import conditional
from evidence.models.bayesian.posterior import ExactPosterior
from evidence.report.figures.axes import (
    INCH,
    TWO_COLUMNS,
    Array,
    axis_name,
    checked_limits,
    counted,
    effect_axis,
    effect_text,
    name_axes,
    padded,
    places_for,
    plain_axis,
    reference_line,
    refuse,
    sheet,
)
from evidence.report.figures.plot import Plot, finished
from evidence.report.figures.posterior_density import density_of, draws_of, quantiles_of
from evidence.report.figures.style import BLUE, INK, ORANGE, clean, style
from evidence.report.figures.words import wrapped
from evidence.report.numbers import level_text, significant

POINTS = 121  # a side of the grid
# From the widest region inwards; told apart without colour.
SHADES = ("#dbe7f2", "#a6c8e2", "#5b9bc8", "#2f76ab", "#0b4f80")


def joint_posterior(
    fit: BayesFit,
    *,
    levels: Sequence[float] = (0.5, 0.8, 0.95),
    limits: tuple[float, float] | None = None,
    title: str | None = None,
    width: float = TWO_COLUMNS / 1.5,
) -> Plot:
    """Joint posterior density of mean and tau: regions of highest density, margins beside it.

    Parameters
    ----------
    fit : BayesFit
        Of a sampled fit the density is smoothed from its draws.
    levels : sequence of float
        Probabilities of the regions, at most five.
    limits : (float, float), optional
        Ends of the axis of effects, ratios where the table is of ratios.
    title, width
        As in ``funnel_plot``.

    Returns
    -------
    Plot
        ``data``: mu, tau, density, region (probability of the smallest region that holds the
        point; 1 outside all), a row a point of the grid.

    Raises
    ------
    ReportError
        If an option is wrong.

    Examples
    --------
    >>> from evidence.effects.table import table_of
    >>> from evidence.models.bayesian.exact import pool_bayes
    >>> from evidence.models.bayesian.priors import half_normal
    >>> fit = pool_bayes(table_of([-0.9, -1.4, 0.4], [0.5, 0.2, 0.7]), tau=half_normal(0.5))
    >>> data = joint_posterior(fit).data
    >>> sorted(data["region"].unique().tolist())
    [0.5, 0.8, 0.95, 1.0]
    """
    check_kind("fit", fit, BayesFit, ReportError)
    check_kind("levels", levels, (tuple, list), ReportError)
    numbers = all(is_number(level) and 0 < level < 1 for level in levels)
    if not numbers or not 0 < len(levels) <= len(SHADES):
        raise refuse("levels", repr(levels), "one to five fractions, such as (0.5, 0.8, 0.95)")
    asked = sorted(float(level) for level in levels)
    if len(set(asked)) != len(asked):
        raise refuse("levels", repr(levels), "each once")
    given = checked_limits(limits, fit.table.scale)
    heights = _heights(fit, asked)
    mu, tau, density = _drawn(fit, heights[-1])
    with style(small=True):
        figure = sheet(width, 0.85 * width)
        grid = figure.add_gridspec(2, 2, width_ratios=(5, 1), height_ratios=(1, 5))
        ax = figure.add_subplot(grid[1, 0])
        effect_axis(ax, given or (float(mu[0]), float(mu[-1])), fit.table.scale)
        plain_axis(ax, (0.0, float(tau[-1])), "y")
        shades = SHADES[: len(asked)] if len(asked) > 3 else SHADES[:3]
        edges = [*heights[::-1], max(float(density.max()), heights[0]) * 1.001]
        ax.contourf(mu, tau, density, levels=edges, colors=shades[: len(asked)], zorder=1)
        ax.contour(mu, tau, density, levels=edges[:-1], colors=INK, linewidths=0.5, zorder=2)
        reference_line(ax, 0.0, color=INK, lw=0.7, ls=":")
        middle = [quantiles_of(fit, name, [0.5])[0] for name in ("mu", "tau")]
        mark: dict[str, Any] = {
            "s": 34,
            "color": ORANGE,
            "edgecolors": INK,
            "linewidths": 0.6,
            "zorder": 5,
        }
        ax.scatter(*[[m] for m in middle], marker="P", **mark)
        _margins(figure, grid, ax, fit, mu, tau)
        unit = "τ (SD between studies" + (", log scale)" if fit.table.scale == "log" else ")")
        name_axes(ax, f"Mean effect: {axis_name(fit.table)}", unit)
        if title:
            lines = wrapped(clean(title), 0.9 * width / INCH * 72.0, 7.5, "bold")
            figure.suptitle(lines, x=0.02, ha="left", weight="bold", size=7.5, parse_math=False)
        _legend(figure, asked, shades, mark)
        data = _frame(mu, tau, density, asked, heights)
        head = f"Joint posterior of mean and heterogeneity from {counted(fit.table.k)}"
        told = f"{head}: {_told(fit, data, asked)}."
        return finished("joint posterior", title or head, told, data, figure)


def _drawn(fit: BayesFit, floor: float) -> tuple[Array, Array, Array]:
    """Points of mu and tau, and the density there, shape (tau, mu), about the widest region."""
    low, high = quantiles_of(fit, "mu", [0.002, 0.998])
    last = quantiles_of(fit, "tau", [0.998])[0]
    # A first grid finds the region, the second is fine where it lies.
    for points in (POINTS // 2, POINTS):
        mu = np.linspace(low, high, points)
        # Half a step from 0, where the density may grow without bound.
        tau = (np.arange(points) + 0.5) / points * last
        density = _density(fit, mu, tau)
        inside = density >= floor
        if points < POINTS and inside.any():
            across, up = mu[inside.any(axis=0)], tau[inside.any(axis=1)]
            low, high = padded(across, 0.12)
            last = float(up[-1]) * 1.12 + (tau[1] - tau[0])
    return mu, tau, density


def _density(fit: BayesFit, mu: Array, tau: Array) -> Array:
    if not isinstance(fit.posterior, ExactPosterior):
        return _smoothed(fit, *np.meshgrid(mu, tau))
    m, sd = _given(fit, tau)
    z = (mu - m[:, None]) / sd[:, None]
    given = np.exp(-0.5 * z**2) / (sd[:, None] * np.sqrt(2.0 * np.pi))
    return np.asarray(density_of(fit, "tau", tau)[:, None] * given, dtype=np.float64)


def _given(fit: BayesFit, tau: Array) -> tuple[Array, Array]:
    """Mean and standard deviation of mu given tau, shape (n,)."""
    y, s = arrays_of(fit.table)
    _, m, variance = conditional(tau, y, s, fit.prior_mu.mean, fit.prior_mu.precision)
    return m, np.sqrt(variance)


def _smoothed(fit: BayesFit, mu: Array, tau: Array) -> Array:
    from scipy.stats import gaussian_kde

    draws = np.array([draws_of(fit, "mu"), draws_of(fit, "tau")])
    kernel = gaussian_kde(draws[:, :: max(1, draws.shape[1] // 4000)])
    at, mirrored = (np.array([mu.ravel(), sign * tau.ravel()]) for sign in (1.0, -1.0))
    return np.asarray(kernel(at) + kernel(mirrored), dtype=np.float64).reshape(mu.shape)


def _heights(fit: BayesFit, levels: Sequence[float]) -> list[float]:
    """Heights of the density above which each probability lies, falling.

    They are quantiles of the density's own value under the posterior.
    """
    if isinstance(fit.posterior, ExactPosterior):
        nodes = fit.posterior.grid
        some = nodes.weights > 1e-9 * nodes.weights.max()
        tau, p = nodes.tau[some], nodes.weights[some]
        z = np.linspace(-6.0, 6.0, 241)
        phi = np.exp(-0.5 * z**2) / np.sqrt(2.0 * np.pi)
        value = density_of(fit, "tau", tau)[:, None] / _given(fit, tau)[1][:, None] * phi
        mass = p[:, None] * phi
    else:
        mu, tau = draws_of(fit, "mu"), draws_of(fit, "tau")
        every = max(1, len(mu) // 4000)
        value = _smoothed(fit, mu[::every], tau[::every])
        mass = np.ones(value.shape)
    order = np.argsort(value, axis=None)[::-1]
    share = np.cumsum(mass.ravel()[order]) / mass.sum()
    return [float(x) for x in np.interp(levels, share, value.ravel()[order])]


def _margins(figure: Any, grid: Any, ax: Any, fit: BayesFit, mu: Array, tau: Array) -> None:
    above = figure.add_subplot(grid[0, 0], sharex=ax)
    beside = figure.add_subplot(grid[1, 1], sharey=ax)
    height = density_of(fit, "mu", mu)
    above.fill_between(mu, height, color=BLUE, alpha=0.35, lw=0)
    above.plot(mu, height, color=BLUE, lw=1.0)
    above.set_ylim(0, 1.05 * float(height.max()))
    height = density_of(fit, "tau", tau)
    beside.fill_betweenx(tau, height, color=BLUE, alpha=0.35, lw=0)
    beside.plot(height, tau, color=BLUE, lw=1.0)
    beside.set_xlim(0, 1.05 * float(np.quantile(height, 0.99)))
    for side in (above, beside):
        side.set_axis_off()


def _legend(
    figure: Any, levels: Sequence[float], shades: Sequence[str], mark: dict[str, Any]
) -> None:
    from matplotlib.patches import Patch

    keys: list[Any] = [
        Patch(fc=shade, ec=INK, lw=0.5)
        for shade in reversed(shades[: len(levels)])
    ]  # fmt: skip
    keys.append(figure.axes[0].scatter([], [], marker="P", **{**mark, "s": 20}))
    words = [*(f"{level_text(level)} region" for level in levels), "medians"]
    box = figure.legend(
        keys, words, loc="outside lower center", ncols=4, handlelength=1.6, columnspacing=1.2
    )
    for text in box.get_texts():
        text.set_parse_math(False)


def _frame(
    mu: Array, tau: Array, density: Array, levels: Sequence[float], heights: Sequence[float]
) -> pd.DataFrame:
    region = np.ones(density.shape)
    for level, height in sorted(zip(levels, heights, strict=True), reverse=True):
        region[density >= height] = level
    at = np.meshgrid(mu, tau)
    cells = {"mu": at[0], "tau": at[1], "density": density, "region": region}
    frame = pd.DataFrame({name: values.ravel() for name, values in cells.items()})
    return frame.rename_axis("point")


def _told(fit: BayesFit, data: pd.DataFrame, levels: Sequence[float]) -> str:
    scale, places = fit.table.scale, places_for(fit.table)
    middle = effect_text(quantiles_of(fit, "mu", [0.5])[0], scale, places)
    text = (
        f"{axis_name(fit.table)}, median {middle}; τ, median "
        f"{significant(quantiles_of(fit, 'tau', [0.5])[0])}"
    )
    for level in levels:
        inside = data[data["region"] <= level]
        ends = [
            effect_text(float(v), scale, places) for v in (inside["mu"].min(), inside["mu"].max())
        ]
        spread = [significant(float(v)) for v in (inside["tau"].min(), inside["tau"].max())]
        text += (
            f"; the {level_text(level)} region reaches from {ends[0]} to {ends[1]} and from τ "
            f"{spread[0]} to {spread[1]}"
        )
    return text
