"""bubble_plot: a meta-regression along one numeric moderator."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from evidence.errors import ReportError, check_kind, did_you_mean
from evidence.models.regression.fit import RegressionFit
from evidence.models.regression.wald import predict
from evidence.report.figures.axes import (
    TWO_COLUMNS,
    Array,
    arrows,
    axis_name,
    checked_limits,
    counted,
    effect_axis,
    effect_name,
    effect_text,
    label_points,
    labels_of,
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
from evidence.report.figures.style import BLUE, INK, VERMILION, clean, style
from evidence.report.numbers import level_text

POINTS = 101


def bubble_plot(
    fit: RegressionFit,
    moderator: str,
    *,
    at: Mapping[str, Any] | None = None,
    data: pd.DataFrame | None = None,
    limits: tuple[float, float] | None = None,
    name: str | None = None,
    title: str | None = None,
    width: float = TWO_COLUMNS / 1.5,
) -> Plot:
    """Bubble plot of a meta-regression: curve, confidence band, prediction band, studies.

    Parameters
    ----------
    fit : RegressionFit
    moderator : str
        Numeric column along which the curve is drawn.
    at : mapping of str to value, optional
        Where the other moderators are held; else numeric ones at their mean, others at their
        reference level.
    data : DataFrame, optional
        The moderators as the fit had them; needed where it was given a formula.
    limits : (float, float), optional
        Ends of the axis of effects, as printed; studies beyond become arrows.
    name : str, optional
        What the moderator is called.
    title, width
        As in ``funnel_plot``.

    Returns
    -------
    Plot
        ``data``: kind (study or curve), x, y and the weight in percent of studies, or the low,
        high, prediction_low, prediction_high of the curve; what a kind has not is absent.

    Raises
    ------
    ReportError
        If the moderator is not a numeric one of the fit, or ``data`` is needed and absent.

    Examples
    --------
    >>> from evidence.effects.table import table_of
    >>> from evidence.models.regression.regression import meta_regression
    >>> table = table_of([0.1, 0.4, 0.2, 0.9], [0.1, 0.1, 0.2, 0.2])
    >>> fit = meta_regression(table, pd.DataFrame({"dose": [1.0, 2.0, 3.0, 4.0]}), test="z")
    >>> plot = bubble_plot(fit, "dose")
    >>> plot.data[plot.data["kind"] == "study"]["x"].tolist()
    [1.0, 2.0, 3.0, 4.0]
    """
    check_kind("fit", fit, RegressionFit, ReportError)
    frame = _frame(fit, moderator, data)
    x = frame[moderator].to_numpy(dtype=float)
    y = fit.table.rows["estimate"].to_numpy(dtype=float)
    grid: Array = np.linspace(*padded(x, 0.04), POINTS)
    held = _held(fit, frame, moderator, at)
    new = pd.DataFrame({c: [held[c]] * POINTS if c in held else grid for c in fit.design.columns})
    line = predict(fit, new)
    given = checked_limits(limits, fit.table.scale)
    bands = [c for c in ("prediction_low", "prediction_high") if c in line]
    with style(small=True):
        figure = sheet(width, share=0.75)
        ax = figure.add_subplot()
        plain_axis(ax, (float(grid[0]), float(grid[-1])))
        ends = padded(np.r_[y, line[["ci_low", "ci_high", *bands]].to_numpy().ravel(), 0.0], 0.03)
        effect_axis(ax, given or ends, fit.table.scale, "y")
        level = level_text(fit.level)
        if bands:
            ax.fill_between(grid, line[bands[0]], line[bands[1]], color="#e9f1f7", lw=0, zorder=0,
                            label=f"{level} prediction band")  # fmt: skip
        ax.fill_between(grid, line["ci_low"], line["ci_high"], color="#bcd7ea", lw=0, zorder=1,
                        label=f"{level} confidence band")  # fmt: skip
        ax.plot(grid, line["estimate"], color=VERMILION, lw=1.3, zorder=3, label="regression")
        reference_line(ax, 0.0, "y", color=INK, lw=0.6, ls=":")
        weight = np.asarray(fit.weights, dtype=np.float64)
        area = np.maximum(90 * weight / weight.max(), 3.0)
        low, high = ax.get_ylim()
        inside = (y >= low) & (y <= high)
        ax.scatter(
            x[inside], y[inside], s=area[inside], color=BLUE, alpha=0.75, edgecolors="white",
            linewidths=0.5, zorder=4,
        )  # fmt: skip
        ax.scatter([], [], s=14, color=BLUE, label="study, area like its weight")
        arrows(ax, x, y)
        name_axes(ax, name or moderator, axis_name(fit.table), title)
        legend_below(ax)
        names = labels_of(fit.table)
        _name_far(ax, fit, x, y, names)
        told = _data(names, x, y, weight, grid, line, bands)
        head = f"Bubble plot of {counted(fit.k)}"
        words = _told(head, fit, moderator, name, x, line, held)
        return finished("bubble", title or head, words, told, figure)


def _frame(fit: RegressionFit, moderator: str, data: pd.DataFrame | None) -> pd.DataFrame:
    """Moderators as they were given, one row an effect."""
    design = fit.design
    if moderator not in design.columns:
        right = did_you_mean(str(moderator), design.columns)
        raise refuse("moderator", f"unknown: {moderator!r}", right)
    if moderator in design.levels:
        raise refuse("moderator", f"{moderator!r} is in categories", "a numeric one")
    if design.spec is None:
        if data is not None:
            raise refuse("data", "would do nothing: the fit has the moderators", "leave it out")
        plain = {
            c: design.matrix[:, design.terms[c][0]]
            for c in design.columns
            if c not in design.levels
        }
        return pd.DataFrame(plain, index=fit.table.rows.index)
    if data is None:
        raise refuse(
            "data", "is needed: the fit was given a formula", "data=the frame it was given"
        )
    from evidence.models.regression.design import aligned

    frame = aligned(data, fit.table.rows.index)
    absent = [c for c in design.columns if c not in frame]
    if absent:
        raise refuse("data", f"has no column {absent[0]!r}", "the frame the fit was given")
    return frame


def _held(
    fit: RegressionFit, frame: pd.DataFrame, moderator: str, at: Mapping[str, Any] | None
) -> dict[str, Any]:
    others = [c for c in fit.design.columns if c != moderator]
    asked = dict(at or {})
    for column in asked:
        if column not in others:
            right = did_you_mean(column, others) if others else "leave it out"
            raise refuse("at", f"{column!r} is no other moderator of the fit", right)
    return {
        c: asked.get(
            c, fit.design.levels[c][0] if c in fit.design.levels else float(frame[c].mean())
        )
        for c in others
    }


def _name_far(ax: Any, fit: RegressionFit, x: Array, y: Array, names: list[str]) -> None:
    """Name the studies with standardised residuals beyond 1.96, as far as there is room."""
    z = fit.rows["standardised"].to_numpy(dtype=float)
    far = [int(i) for i in np.argsort(-np.abs(z), kind="stable") if abs(z[i]) > 1.96][:6]
    label_points(
        ax, x[far].tolist(), y[far].tolist(), [names[i] for i in far], np.column_stack([x, y])
    )


def _data(
    names: list[str],
    x: Array,
    y: Array,
    weight: Array,
    grid: Array,
    line: pd.DataFrame,
    bands: list[str],
) -> pd.DataFrame:
    studies = pd.DataFrame({"kind": "study", "x": x, "y": y, "weight": weight}, index=names)
    curve = pd.DataFrame({"kind": "curve", "x": grid, "y": line["estimate"].to_numpy()})
    for column, source in zip(("low", "high"), ("ci_low", "ci_high"), strict=True):
        curve[column] = line[source].to_numpy()
    for column in bands:
        curve[column] = line[column].to_numpy()
    curve.index = pd.Index([f"curve {i + 1}" for i in range(len(curve))])
    columns = [*studies.columns, *(c for c in curve.columns if c not in studies)]
    parts = [part.reindex(columns=columns).astype(object) for part in (studies, curve)]
    both = pd.concat(parts).rename_axis("row")
    both = both.where(both.notna(), None)
    return both.astype({"x": float, "y": float})


def _told(
    head: str,
    fit: RegressionFit,
    moderator: str,
    name: str | None,
    x: Array,
    line: pd.DataFrame,
    held: dict[str, Any],
) -> str:
    scale, places = fit.table.scale, places_for(fit.table)
    ends = [effect_text(float(line["estimate"].iloc[i]), scale, places) for i in (0, -1)]
    text = (
        f"{head}: {effect_name(fit.table)} against {clean(name or moderator)}, from {x.min():.4g} "
        f"to {x.max():.4g}. The curve goes from {ends[0]} to {ends[1]}."
    )
    if moderator in fit.design.names:
        row = fit.terms[fit.terms["term"] == moderator].iloc[0]
        text += (
            f" Slope {row['estimate']:.4g} ({level_text(fit.level)} CI {row['ci_low']:.4g} to "
            f"{row['ci_high']:.4g}), p = {row['p']:.3g}."
        )
    kept = ", ".join(
        f"{c} = {v:.4g}" if isinstance(v, float) else f"{c} = {v}" for c, v in held.items()
    )
    return text + (f" Held: {kept}." if kept else "")
