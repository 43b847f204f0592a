"""discount_curve: a target's mean effect from nothing borrowed to everything pooled."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from evidence.errors import ReportError, check_kind
from evidence.models.borrowing.result import Borrowing
from evidence.report.figures.axes import (
    ONE_COLUMN,
    Array,
    axis_name,
    effect_axis,
    effect_text,
    interval_text,
    name_axes,
    padded,
    places_for,
    plain_axis,
    plain_ticks,
    reference_line,
    refuse,
    sheet,
    tick_words,
)
from evidence.report.figures.plot import Plot, finished
from evidence.report.figures.prior_sensitivity import side_name
from evidence.report.figures.style import BLUE, GREEN, INK, ORANGE, VERMILION, style
from evidence.report.numbers import level_text, percent, significant

# What the discount is, and what its ends are; an end without a word is none of both.
AXES = {
    "a0": ("Discount a₀ of the borrowed evidence", "target alone", "pooled"),
    "sd": ("SD between populations", "pooled", ""),
    "spike_probability": ("Probability of the spike", "", ""),
    "map_weight": ("Weight of what the source predicts", "target alone", "no robust part"),
}
ROWS = {"target_only": "target alone", "borrowed": "as stated", "pooled": "pooled"}
# What stands at the end without borrowing where the target has no trials.
NO_TARGET = "vague prior"
CRITERIA = {
    "ci_low": "the interval's lower end meets the threshold",
    "ci_high": "the interval's upper end meets the threshold",
    "probability_below": "the probability below the threshold meets its level",
    "probability_above": "the probability above the threshold meets its level",
}


def discount_curve(
    found: Borrowing, *, title: str | None = None, width: float = ONE_COLUMN
) -> Plot:
    """Target's mean effect over the discount, with tipping points and effective sample size.

    Panels: median and interval of the mean; what was borrowed, in patients where the target's
    table has them, else in multiples of the target's own evidence (left out where there are
    neither); probability to be below the threshold.

    Parameters
    ----------
    found : Borrowing
        Of ``borrow``, with at least two points of the curve.
    title, width
        As in ``funnel_plot``.

    Returns
    -------
    Plot
        ``data``: kind (``curve``, ``tipping``, or a row of the record's terms), discount, median,
        low, high (analysis scale), probability_below, borrowed_evidence; None where there is none.

    Raises
    ------
    ReportError
        If the curve has fewer than two points.

    Examples
    --------
    >>> from evidence.effects.table import table_of
    >>> from evidence.models.bayesian.priors import half_normal
    >>> from evidence.models.borrowing.borrow import borrow
    >>> men, women = table_of([-0.5, -0.1], [0.4, 0.5]), table_of([-0.6, -0.4], [0.1, 0.15])
    >>> plot = discount_curve(borrow(men, women, method="power", tau=half_normal(0.3), discount=1))
    >>> int((plot.data["kind"] == "curve").sum())
    21
    """
    check_kind("found", found, Borrowing, ReportError)
    curve = found.curve
    if len(curve) < 2:
        raise refuse("found", "a curve of one point", "borrow(..., curve=[0, 0.5, 1])")
    x = curve["discount"].to_numpy(dtype=np.float64)
    borrowed = _borrowed(curve)
    tipping = _tipping(found)
    with style(small=True):
        panels = 3 if borrowed else 2
        figure = sheet(width, (1.35 if borrowed else 1.1) * width)
        ratios = (3, 1.6, 1.6) if borrowed else (3, 1.6)
        axes = figure.subplots(panels, 1, height_ratios=ratios)
        for ax in axes:
            _x_axis(ax, x, found, last=ax is axes[-1])
            for at in tipping:
                ax.axvline(at, color=VERMILION, lw=0.9, ls="-.", zorder=2)
            if _shown(found, x):
                reference_line(ax, float(found.stated or 0.0), color=INK, lw=0.7, ls="--")
        _effects(axes[0], found, x)
        name_axes(axes[0], "", "", title)
        side_name(axes[0], axis_name(found.target))
        if borrowed:
            _evidence(axes[1], x, *borrowed)
        _probabilities(axes[-1], found, x)
        event = f"P({'ratio' if found.target.scale == 'log' else 'mean'} < {_threshold(found)})"
        name_axes(axes[-1], AXES[found.axis][0], event)
        figure.align_ylabels()
        _legend(figure, axes, found, x, tipping)
        head = f"Mean effect over the discount, {found.method.replace('_', ' ')}"
        told = f"{head}: {_told(found)}."
        return finished("discount", title or head, told, _data(found), figure)


def _borrowed(curve: pd.DataFrame) -> tuple[str, Array] | None:
    for column, words in (
        ("borrowed_patients", "Borrowed\npatients"),
        ("borrowed_evidence", "Borrowed,\n× own evidence"),
    ):
        if not curve[column].isna().any():
            return words, curve[column].to_numpy(dtype=np.float64)
    return None


def _tipping(found: Borrowing) -> list[float]:
    """Discounts at which a conclusion changes, those of several criteria once."""
    places: list[float] = []
    size = float(found.curve["discount"].max())
    for at in sorted(float(v) for v in found.tipping["discount"]):
        if not places or at - places[-1] > 1e-4 * size:
            places.append(at)
    return places


def _shown(found: Borrowing, x: Array) -> bool:
    return found.stated is not None and float(x[0]) <= found.stated <= float(x[-1])


def _x_axis(ax: Any, x: Array, found: Borrowing, *, last: bool) -> None:
    ends = padded([x[0], x[-1]], 0.02)
    ticks = plain_ticks(float(x[0]), float(x[-1]), 5)
    ax.set_xlim(*ends)
    if not last:
        ax.set_xticks(ticks, [""] * len(ticks))
        return
    words = tick_words(ticks)
    alone, all_of_it = AXES[found.axis][1:]
    told = {0.0: alone if found.target.k else NO_TARGET, 1.0: all_of_it}
    ax.set_xticks(
        ticks, [f"{w}\n{told.get(t, '')}".rstrip() for w, t in zip(words, ticks, strict=True)]
    )


def _effects(ax: Any, found: Borrowing, x: Array) -> None:
    curve, level = found.curve, level_text(found.level)
    low, middle, high = (
        curve[c].to_numpy(dtype=np.float64) for c in ("ci_low", "median", "ci_high")
    )
    effect_axis(ax, padded([*low, *high, found.threshold], 0.05), found.target.scale, "y")
    ax.fill_between(x, low, high, color=ORANGE, alpha=0.28, lw=0, label=f"{level} interval")
    ax.plot(x, middle, color=ORANGE, lw=1.5, zorder=3, label="median")
    reference_line(ax, found.threshold, "y", color=INK, lw=0.6, ls=":", label="threshold")


def _evidence(ax: Any, x: Array, words: str, height: Array) -> None:
    plain_axis(ax, padded([*height, 0.0], 0.08), "y", 4)
    ax.plot(x, height, color=GREEN, lw=1.3, zorder=3)
    reference_line(ax, 0.0, "y", color=INK, lw=0.6, ls=":")
    ax.set_ylabel(words, parse_math=False)


def _probabilities(ax: Any, found: Borrowing, x: Array) -> None:
    height = found.curve["probability_below"].to_numpy(dtype=np.float64)
    plain_axis(ax, (-0.03, 1.03), "y", 4)
    ax.plot(x, height, color=BLUE, lw=1.3, zorder=3)
    for at in (found.probability, 1.0 - found.probability):
        reference_line(ax, at, "y", color=INK, lw=0.5, ls=":")


def _legend(figure: Any, axes: Any, found: Borrowing, x: Array, tipping: list[float]) -> None:
    handles, words = axes[0].get_legend_handles_labels()
    if _shown(found, x):
        handles.append(axes[0].plot([], [], color=INK, lw=0.7, ls="--")[0])
        words.append(f"stated, {found.stated:g}")
    if tipping:
        handles.append(axes[0].plot([], [], color=VERMILION, lw=0.9, ls="-.")[0])
        words.append("tipping point, " + ", ".join(f"{at:.2g}" for at in tipping[:3]))
    figure.legend(
        handles, words, loc="outside lower center", ncols=2, handlelength=2.2, columnspacing=1.2,
        borderpad=0.2,
    )  # fmt: skip


def _threshold(found: Borrowing) -> str:
    value = np.exp(found.threshold) if found.target.scale == "log" else found.threshold
    return f"{value:.3g}".replace("-", "\u2212")


def _data(found: Borrowing) -> pd.DataFrame:
    columns = {"median": "median", "ci_low": "low", "ci_high": "high"}
    kept = [*columns, "probability_below", "borrowed_evidence"]
    curve = found.curve[["discount", *kept]].assign(kind="curve")
    terms = found.terms[kept].assign(kind=found.terms.index, discount=None)
    tipping = found.tipping[["discount"]].assign(kind="tipping")
    parts = [part.astype(object) for part in (curve, terms, tipping) if len(part)]
    frame = pd.concat(parts, ignore_index=True).rename(columns=columns)
    order = ["kind", "discount", "median", "low", "high", "probability_below", "borrowed_evidence"]
    return frame[order].where(frame[order].notna(), None).rename_axis("point")


def _told(found: Borrowing) -> str:
    scale, places = found.target.scale, places_for(found.target)
    parts = []
    for name, row in found.terms.to_dict("index").items():
        ends = interval_text(float(row["ci_low"]), float(row["ci_high"]), scale, places)
        words = ROWS[str(name)] if found.target.k or name != "target_only" else NO_TARGET
        parts.append(
            f"{words} {effect_text(float(row['median']), scale, places)} "
            f"({level_text(found.level)} interval {ends}), probability below {_threshold(found)} "
            f"{percent(float(row['probability_below']))}"
        )
    tips = [
        f"{CRITERIA[str(row['criterion'])]} at {significant(float(row['discount']))}"
        for row in found.tipping.to_dict("records")
    ]
    turn = "; ".join(tips) if tips else "no conclusion changes along the curve"
    return f"{'; '.join(parts)}. Tipping points: {turn}"
