"""prior_sensitivity_plot: what is concluded over the scale of the prior of tau."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import pandas as pd

from evidence.errors import ReportError, check_kind, is_number
from evidence.report.figures.axes import (
    ONE_COLUMN,
    Array,
    check_choice,
    effect_axis,
    effect_text,
    interval_text,
    name_axes,
    padded,
    plain_axis,
    plain_ticks,
    ratio_ticks,
    reference_line,
    refuse,
    sheet,
    tick_words,
)
from evidence.report.figures.plot import Plot, finished
from evidence.report.figures.style import BLUE, GREEN, INK, ORANGE, clean, style
from evidence.report.figures.words import wrapped
from evidence.report.numbers import decimals_for, level_text, percent, significant

COLUMNS = (
    "scale", "mu_median", "mu_ci_low", "mu_ci_high", "tau_median", "tau_ci_low", "tau_ci_high",
    "prediction_ci_low", "prediction_ci_high", "probability_below",
)  # fmt: skip
WIDE = 12.0  # ratio of the scales' ends from which their axis is logarithmic


def prior_sensitivity_plot(
    curve: pd.DataFrame,
    *,
    used: float | None = None,
    name: str = "Mean effect",
    scale: Literal["identity", "log"] = "identity",
    level: float = 0.95,
    threshold: float = 0.0,
    title: str | None = None,
    width: float = ONE_COLUMN,
) -> Plot:
    """Posterior of mean, new study and tau over the scale of the prior of tau.

    Three panels: median and interval of the mean with the interval of a new study; median and
    interval of tau; probability that the mean is below the threshold.

    Parameters
    ----------
    curve : DataFrame
        Of ``prior_sensitivity``, at least two scales.
    used : float, optional
        Scale of the prior that the analysis takes, marked.
    name : str
        What the mean is.
    scale : {"identity", "log"}
        "log" where effects are logarithms, for the axis to show ratios.
    level, threshold : float
        As in ``prior_sensitivity``; the threshold on the analysis scale.
    title, width
        As in ``funnel_plot``.

    Returns
    -------
    Plot
        ``data``: the curve, rising in scale.

    Raises
    ------
    ReportError
        If the frame is not one of ``prior_sensitivity`` or an option is wrong.

    Examples
    --------
    >>> from evidence.effects.table import table_of
    >>> from evidence.models.bayesian.priors import half_normal
    >>> from evidence.models.bayesian.sensitivity import prior_sensitivity
    >>> table = table_of([-0.9, -1.4, 0.4], [0.5, 0.2, 0.7])
    >>> curve = prior_sensitivity(table, half_normal, [0.1, 0.3, 1.0])
    >>> prior_sensitivity_plot(curve, used=0.5).title
    'Sensitivity to the prior of τ, 3 scales'
    """
    check_kind("curve", curve, pd.DataFrame, ReportError)
    check_choice("scale", scale, ("identity", "log"))
    if not (is_number(level) and 0 < level < 1):
        raise refuse("level", repr(level), "a fraction between 0 and 1, such as 0.95")
    data = _checked(curve)
    if used is not None and not (is_number(used) and used > 0):
        raise refuse("used", repr(used), "a scale above 0")
    if not is_number(threshold):
        raise refuse("threshold", repr(threshold), "a finite number")
    with style(small=True):
        figure = sheet(width, 1.3 * width)
        axes = figure.subplots(3, 1, height_ratios=(3, 2, 1.6))
        at = data["scale"].to_numpy()
        for ax in axes:
            _scale_axis(ax, at, used)
            if used is not None:
                reference_line(ax, used, color=INK, lw=0.7, ls="--")
        for ax in axes[:2]:
            ax.tick_params("x", labelbottom=False)
        _effects(axes[0], data, scale, level, threshold)
        _tau(axes[1], data)
        axes[2].plot(at, data["probability_below"], color=BLUE, lw=1.3, marker=_dots(at), ms=2.5)
        plain_axis(axes[2], (-0.03, 1.03), "y", 4)
        event = f"P({'ratio' if scale == 'log' else 'mean'} < {_value(threshold, scale)})"
        name_axes(axes[0], "", "", title)
        side_name(axes[0], name + (", log scale" if scale == "log" else ""))
        name_axes(axes[1], "", "τ")
        name_axes(axes[2], "Scale of the prior of τ", event)
        figure.align_ylabels()
        _legend(figure, axes, used)
        head = f"Sensitivity to the prior of τ, {len(data)} scales"
        told = f"{head}: {clean(name)}, {_told(data, scale, level, event)}."
        return finished("prior sensitivity", title or head, told, data, figure)


def side_name(ax: Any, words: str) -> None:
    """Write the name of the upper panel's vertical axis, on no more room than the panel has."""
    room = 0.33 * float(ax.figure.get_size_inches()[1]) * 72.0
    ax.set_ylabel(wrapped(clean(words), room, 7.0, most=2), parse_math=False)


def _checked(curve: pd.DataFrame) -> pd.DataFrame:
    missing = [c for c in COLUMNS if c not in curve.columns]
    if missing:
        raise refuse("curve", f"lacks {', '.join(missing)}", "the frame of prior_sensitivity(...)")
    data = curve[list(COLUMNS)].astype(np.float64).sort_values("scale", ignore_index=True)
    at = data["scale"].to_numpy()
    if len(data) < 2 or not np.isfinite(data.to_numpy()).all() or np.unique(at).size < len(at):
        raise refuse("curve", "no curve", "at least two different scales, all figures finite")
    if at[0] <= 0:
        raise refuse("curve", f"scale {at[0]:g}", "scales above 0")
    return data.rename_axis("point")


def _dots(at: Array) -> str:
    """Marks at few points; a curve where they are many."""
    return "o" if len(at) <= 12 else ""


def _scale_axis(ax: Any, at: Array, used: float | None) -> None:
    held = [*at, used] if used is not None else [*at]
    low, high = float(min(held)), float(max(held))
    if high / low < WIDE:
        ends = padded([low, high], 0.03)
        ticks = plain_ticks(*ends, 6)
        ax.set_xlim(*ends)
        ax.set_xticks(ticks, tick_words(ticks))
        return
    ax.set_xscale("log")
    ends = padded([np.log(low), np.log(high)], 0.03)
    ticks = ratio_ticks(*ends, 7)
    ax.set_xlim(*np.exp(ends))
    ax.set_xticks(ticks, [f"{t:g}" for t in ticks])
    ax.minorticks_off()


def _effects(ax: Any, data: pd.DataFrame, scale: str, level: float, threshold: float) -> None:
    x = data["scale"].to_numpy()
    new = [data[f"prediction_ci_{end}"].to_numpy() for end in ("low", "high")]
    own = [data[f"mu_ci_{end}"].to_numpy() for end in ("low", "high")]
    effect_axis(ax, padded([*new[0], *new[1], *own[0], *own[1], threshold], 0.04), scale, "y")
    words = f"new study, {level_text(level)} interval"
    for i, end in enumerate(new):
        ax.plot(x, end, color=BLUE, lw=0.9, ls="--", label=words if i == 0 else "_other end")
    words = f"mean, {level_text(level)} interval"
    ax.fill_between(x, *own, color=ORANGE, alpha=0.28, lw=0, label=words)
    median = data["mu_median"]
    ax.plot(x, median, color=ORANGE, lw=1.5, marker=_dots(x), ms=2.5, label="mean, median")
    reference_line(ax, threshold, "y", color=INK, lw=0.6, ls=":")


def _tau(ax: Any, data: pd.DataFrame) -> None:
    x = data["scale"].to_numpy()
    ends = [data[f"tau_ci_{end}"].to_numpy() for end in ("low", "high")]
    plain_axis(ax, (0.0, 1.04 * float(ends[1].max())), "y", 4)
    ax.fill_between(x, *ends, color=GREEN, alpha=0.25, lw=0, label="τ, interval")
    median = data["tau_median"]
    ax.plot(x, median, color=GREEN, lw=1.5, ls="-.", marker=_dots(x), ms=2.5, label="τ, median")


def _legend(figure: Any, axes: Any, used: float | None) -> None:
    handles, words = [], []
    for ax in axes[:2]:
        found = ax.get_legend_handles_labels()
        handles += found[0]
        words += found[1]
    if used is not None:
        handles.append(axes[2].plot([], [], color=INK, lw=0.7, ls="--")[0])
        words.append(f"the scale taken, {used:g}")
    figure.legend(
        handles, words, loc="outside lower center", ncols=2, handlelength=1.8, columnspacing=1.2,
        borderpad=0.2,
    )  # fmt: skip


def _value(value: float, scale: str) -> str:
    return f"{np.exp(value) if scale == 'log' else value:.3g}".replace("-", "\u2212")


def _told(data: pd.DataFrame, scale: str, level: float, event: str) -> str:
    width = (data["mu_ci_high"] - data["mu_ci_low"]) / 4
    places = 2 if scale == "log" else decimals_for(width.tolist())
    parts = []
    for i in sorted({0, len(data) // 2, len(data) - 1}):
        row = {name: float(data[name].iloc[i]) for name in data.columns}
        ends = interval_text(row["mu_ci_low"], row["mu_ci_high"], scale, places)
        parts.append(
            f"at scale {row['scale']:g} median {effect_text(row['mu_median'], scale, places)} "
            f"({level_text(level)} interval {ends}), τ {significant(row['tau_median'])}, {event} "
            f"{percent(row['probability_below'])}"
        )
    return "; ".join(parts)
