"""posterior_density: densities of the mean, of a new study, and of tau, with their priors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, get_args

import numpy as np
import pandas as pd

from evidence.errors import ReportError, check_kind, is_number
from evidence.models.bayesian.fit import BayesFit, arrays_of
from evidence.models.bayesian.posterior import ExactPosterior
from evidence.report.figures.axes import (
    TWO_COLUMNS,
    Array,
    axis_name,
    check_choice,
    checked_limits,
    counted,
    effect_axis,
    effect_text,
    interval_text,
    legend_below,
    name_axes,
    padded,
    places_for,
    plain_axis,
    reference_line,
    refuse,
    sheet,
)
from evidence.report.figures.plot import Plot, finished
from evidence.report.figures.row_sheet import term_of
from evidence.report.figures.style import BLUE, GREEN, GREY, INK, ORANGE, style
from evidence.report.numbers import level_text, percent, significant

Quantity = Literal["mu", "prediction", "tau"]
Side = Literal["below", "above"]
WORDS = {"mu": "mean effect", "prediction": "effect of a new study", "tau": "τ"}
LOOK = {"mu": (ORANGE, "-"), "prediction": (BLUE, "--"), "tau": (GREEN, "-")}
POINTS = 401
TAIL = 0.002  # of the posterior beyond either end of the axis


def posterior_density(
    fit: BayesFit,
    of: Sequence[Quantity] = ("mu", "prediction"),
    *,
    threshold: float | None = None,
    side: Side = "below",
    prior: bool = True,
    limits: tuple[float, float] | None = None,
    title: str | None = None,
    width: float = TWO_COLUMNS / 1.5,
) -> Plot:
    """Posterior densities, with the priors where they are proper.

    The mean and a new study share one panel; tau has its own. The area of the first quantity
    beyond the threshold is filled, and the legend has the probability of each quantity there.

    Parameters
    ----------
    fit : BayesFit
        Of a sampled fit the density is smoothed from its draws (Gaussian kernel, mirrored at 0
        for tau).
    of : sequence of {"mu", "prediction", "tau"}
    threshold : float, optional
        On the scale that is printed, a ratio where the table is of ratios; no effect if left out.
    side : {"below", "above"}
        Of the threshold, whose probability is shown.
    prior : bool
        Whether proper priors of the mean and of tau are drawn.
    limits : (float, float), optional
        Ends of the axis of effects, ratios where the table is of ratios.
    title, width
        As in ``funnel_plot``.

    Returns
    -------
    Plot
        ``data``: curve (``mu``, ``mu prior``, ...), x (analysis scale), density, a row a point.

    Raises
    ------
    ReportError
        If a quantity or an option is unknown.

    Examples
    --------
    >>> from evidence.effects.table import table_of
    >>> from evidence.models.bayesian.exact import pool_bayes
    >>> from evidence.models.bayesian.priors import half_normal, normal
    >>> table = table_of([-0.9, -1.4, 0.4], [0.5, 0.2, 0.7])
    >>> fit = pool_bayes(table, tau=half_normal(0.5), mu=normal(0, 2))
    >>> posterior_density(fit, ["mu", "tau"]).data["curve"].unique().tolist()
    ['mu', 'mu prior', 'tau', 'tau prior']
    """
    check_kind("fit", fit, BayesFit, ReportError)
    check_kind("of", of, (tuple, list), ReportError)
    for name in of:
        check_choice("of", name, get_args(Quantity))
    if not len(of) or len(set(of)) != len(of):
        raise refuse("of", repr(of), "quantities, each once, such as ('mu', 'prediction')")
    check_choice("side", side, get_args(Side))
    scale = fit.table.scale
    given = checked_limits(limits, scale)
    line = _line(threshold, scale)
    effects = [name for name in of if name != "tau"]
    with style(small=True):
        tau = "tau" in of
        panels = int(bool(effects)) + int(tau)
        figure = sheet(width, (0.62 if panels == 1 else 1.0) * width)
        axes = [*figure.subplots(panels, 1, squeeze=False)[:, 0]]
        curves: dict[str, tuple[Array, Array]] = {}
        if effects:
            ends = given or _ends(fit, effects, line)
            curves |= _effect_panel(axes[0], fit, effects, ends, line, side, prior=prior)
            reference_line(axes[0], line, color=INK, lw=0.7)
            name_axes(axes[0], axis_name(fit.table), "Density", title)
        if tau:
            curves |= _tau_panel(axes[-1], fit, prior=prior)
            unit = "τ (SD between studies" + (", log scale)" if scale == "log" else ")")
            name_axes(axes[-1], unit, "Density", None if effects else title)
        for ax in axes:
            _from_zero(ax)
        _legend(figure, axes)
        data = pd.concat(
            [pd.DataFrame({"curve": n, "x": x, "density": d}) for n, (x, d) in curves.items()],
            ignore_index=True,
        ).rename_axis("point")
        head = f"Posterior density from {counted(fit.table.k)}"
        told = f"{head}, {axis_name(fit.table)}: {_told(fit, of, line, side)}."
        return finished("posterior density", title or head, told, data, figure)


def _line(threshold: float | None, scale: str) -> float:
    if threshold is None:
        return 0.0
    right = "a ratio above 0" if scale == "log" else "a finite number"
    if not is_number(threshold) or (scale == "log" and threshold <= 0):
        raise refuse("threshold", repr(threshold), right)
    return float(np.log(threshold)) if scale == "log" else float(threshold)


def quantiles_of(fit: BayesFit, of: str, q: Sequence[float]) -> list[float]:
    """Quantiles of ``mu``, ``tau`` or ``prediction``, of an exact fit or from draws."""
    if isinstance(fit.posterior, ExactPosterior):
        return [float(x) for x in fit.posterior.quantile(list(q), of)]
    return [float(x) for x in np.quantile(draws_of(fit, of), q)]


def draws_of(fit: BayesFit, of: str) -> Array:
    """All draws of a quantity of a sampled fit, shape (n,)."""
    held: Any = fit.posterior
    return np.asarray(held["posterior"][of].to_numpy(), dtype=np.float64).ravel()


def density_of(fit: BayesFit, of: str, x: Array) -> Array:
    """Posterior density of ``mu``, ``tau`` or ``prediction`` at x, shape (n,)."""
    if isinstance(fit.posterior, ExactPosterior):
        return fit.posterior.density(x, of)
    from scipy.stats import gaussian_kde

    draws = draws_of(fit, of)
    kernel = gaussian_kde(draws[:: max(1, len(draws) // 8000)])
    found = kernel(x)
    return np.asarray(found + kernel(-x) if of == "tau" else found, dtype=np.float64)


def _ends(fit: BayesFit, effects: Sequence[str], line: float) -> tuple[float, float]:
    held = [x for name in effects for x in quantiles_of(fit, name, [TAIL, 1 - TAIL])]
    own = padded(held, 0.04)
    # A threshold that is far away would leave the densities no room.
    near = min(abs(line - x) for x in own) < 0.5 * (own[1] - own[0])
    return padded([*held, line], 0.04) if near else own


def _effect_panel(
    ax: Any,
    fit: BayesFit,
    effects: Sequence[str],
    ends: tuple[float, float],
    line: float,
    side: str,
    *,
    prior: bool,
) -> dict[str, tuple[Array, Array]]:
    x = np.unique(np.r_[np.linspace(*ends, POINTS), np.clip(line, *ends)])
    effect_axis(ax, ends, fit.table.scale)
    curves = {}
    for i, name in enumerate(effects):
        height = density_of(fit, name, x)
        color, dash = LOOK[name]
        share = _beyond(fit, name, line, side)
        told = percent(share)
        sign = "" if told[0] in "<>" else "= "
        words = f"{WORDS[name]}: P({_event(fit, line, side)}) {sign}{told}"
        ax.plot(x, height, color=color, ls=dash, lw=1.4, zorder=4 - i, label=words)
        curves[name] = x, height
        if i == 0:
            inside = x <= line if side == "below" else x >= line
            ax.fill_between(x[inside], height[inside], color=color, alpha=0.3, lw=0, zorder=2)
    if prior and fit.prior_mu.proper and "mu" in effects:
        height = np.exp(fit.prior_mu.log_density(x))
        ax.plot(x, height, color=GREY, lw=1.0, ls=":", label=f"prior of the mean: {fit.prior_mu}")
        curves["mu prior"] = x, height
    return curves


def _tau_panel(ax: Any, fit: BayesFit, *, prior: bool) -> dict[str, tuple[Array, Array]]:
    last = quantiles_of(fit, "tau", [0.995])[0]
    # A density may grow without bound at 0: it starts half a step away.
    x = (np.arange(POINTS) + 0.5) / POINTS * last
    height = density_of(fit, "tau", x)
    plain_axis(ax, (0.0, last))
    color, dash = LOOK["tau"]
    words = f"τ: median {significant(term_of(fit.terms, 'tau')[0])}"
    ax.plot(x, height, color=color, ls=dash, lw=1.4, zorder=4, label=words)
    curves = {"tau": (x, height)}
    if prior and fit.prior_tau.proper:
        height = np.exp(fit.prior_tau.log_density(x, arrays_of(fit.table)[1]))
        ax.plot(x, height, color=GREY, lw=1.0, ls=":", label=f"prior of τ: {fit.prior_tau}")
        curves["tau prior"] = x, height
    return curves


def _from_zero(ax: Any) -> None:
    """Densities stand on the axis; their height has no unit that a reader needs."""
    heights = [line.get_ydata() for line in ax.get_lines() if line.get_label()[0] != "_"]
    top = max(float(np.quantile(height, 0.995)) for height in heights)
    highest = max(float(np.max(height)) for height in heights)
    ax.set_ylim(0.0, 1.06 * (highest if highest < 3 * top else top))
    ax.set_yticks([])
    ax.spines["left"].set_visible(False)


def _legend(figure: Any, axes: Sequence[Any]) -> None:
    """Put all curves under the panels, those of the second beside those of the first."""
    if len(axes) == 1:
        legend_below(axes[0], 1)
        return
    found = [ax.get_legend_handles_labels() for ax in axes]
    handles = [h for handles, _ in found for h in handles]
    words = [w for _, labels in found for w in labels]
    box = figure.legend(
        handles, words, loc="outside lower center", ncols=1 + (len(words) > 2), handlelength=1.8,
        columnspacing=1.2, borderpad=0.2,
    )  # fmt: skip
    for text in box.get_texts():
        text.set_parse_math(False)


def _beyond(fit: BayesFit, name: str, line: float, side: str) -> float:
    below = fit.probability_below(line, name)
    return below if side == "below" else 1.0 - below


def _event(fit: BayesFit, line: float, side: str) -> str:
    table = fit.table
    what = "ratio" if table.scale == "log" else "effect"
    plain = line == 0.0
    value = ("1" if table.scale == "log" else "0") if plain else _shown(fit, line)
    return f"{what} {'<' if side == 'below' else '>'} {value}"


def _shown(fit: BayesFit, value: float) -> str:
    return effect_text(value, fit.table.scale, places_for(fit.table))


def _told(fit: BayesFit, of: Sequence[str], line: float, side: str) -> str:
    parts, level = [], level_text(fit.level)
    for name in of:
        middle, low, high = term_of(fit.terms, name)
        if name == "tau":
            ends = f"{significant(low)} to {significant(high)}"
            parts.append(f"τ median {significant(middle)} ({level} interval {ends})")
            continue
        ends = interval_text(low, high, fit.table.scale, places_for(fit.table))
        share = percent(_beyond(fit, name, line, side))
        parts.append(
            f"{WORDS[name]} median {_shown(fit, middle)} ({level} interval {ends}), "
            f"probability of {_event(fit, line, side)} {share}"
        )
    return "; ".join(parts)
