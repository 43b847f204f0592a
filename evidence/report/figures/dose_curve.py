"""dose_curve: the pooled trend over doses, with the studies it was made of."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import special

from evidence.errors import ReportError, check_kind
from evidence.models.dose_response.fit import METHOD_WORDS, DoseFit
from evidence.models.dose_response.predict import dose_predictions
from evidence.report.figures.axes import (
    ONE_COLUMN,
    arrows,
    checked_limits,
    counted,
    effect_axis,
    effect_text,
    interval_text,
    legend_below,
    name_axes,
    padded,
    plain_axis,
    reference_line,
    refuse,
    sheet,
)
from evidence.report.figures.plot import Plot, finished
from evidence.report.figures.style import BLUE, INK, ORANGE, style
from evidence.report.numbers import decimals_for, level_text, number, p_value

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Array = NDArray[np.float64]
WORDS = {
    "OR": "Odds ratio", "IRR": "Rate ratio", "RR": "Relative risk", "MD": "Mean difference",
    "SMD": "Standardised mean difference",
}  # fmt: skip
LARGEST, SMALLEST, FINE = 70.0, 4.0, 201


def dose_curve(
    fit: DoseFit,
    *,
    reference: float | None = None,
    doses: tuple[float, float] | None = None,
    limits: tuple[float, float] | None = None,
    points: bool = True,
    prediction: bool = False,
    title: str | None = None,
    width: float = ONE_COLUMN,
) -> Plot:
    """Draw the mean trend with its interval, the reference dose, and the studies' effects.

    Parameters
    ----------
    fit : DoseFit
    reference : float, optional
        Dose at which the effect is none; the lowest of the table if left out.
    doses : (low, high), optional
        Ends of the axis of doses; those of the table if left out.
    limits : (low, high), optional
        Ends of the axis of effects, as printed.
    points : bool
        Show each study's effects, areas in proportion to 1 / std_error^2. A study whose reference
        is another dose is moved by the fitted trend between the two references.
    prediction : bool
        Show where the trend of one new study lies; of random effects alone.
    title : str, optional
    width : float
        Millimetres.

    Returns
    -------
    Plot
        ``data``: kind ("curve", "prediction", "study"), study, dose, estimate, ci_low, ci_high
        (analysis scale), area (of a study's mark, the largest 1; of the others 0).

    Raises
    ------
    ReportError
        If the ends of an axis are wrong, or a prediction of fixed effects is asked for.

    Examples
    --------
    >>> from evidence.models.dose_response.dose_response import dose_response
    >>> from evidence.models.dose_response.reading import dose_ratios
    >>> frame = pd.DataFrame({
    ...     "study": ["a", "a", "b", "b"], "dose": [0.0, 1.0, 0.0, 2.0],
    ...     "log_ratio": [0.0, 0.2, 0.0, 0.1], "std_error": [0.0, 0.1, 0.0, 0.1]})
    >>> fit = dose_response(dose_ratios(frame, covariance="independent"), method="fixed")
    >>> dose_curve(fit)
    Plot(dose curve: Dose-response curve of 2 studies)
    """
    check_kind("fit", fit, DoseFit, ReportError)
    known = fit.table.doses
    low, high = _ends(doses, float(known.min()), float(known.max()))
    if prediction and fit.between is None:
        raise refuse("prediction", "of fixed effects there is none", "leave it out")
    at = float(known.min()) if reference is None else float(reference)
    data = _data(fit, np.linspace(low, high, FINE), at, points=points, prediction=prediction)
    given, scale = checked_limits(limits, fit.table.scale), fit.table.scale
    with style(small=True):
        figure = sheet(width, share=0.92)
        ax = figure.add_subplot()
        plain_axis(ax, padded([low, high], 0.03))
        effect_axis(ax, given or _effect_limits(data), scale, "y")
        reference_line(ax, 0.0, "y", color=INK)
        _draw(ax, data, level_text(fit.level))
        if low <= at <= high:
            ax.scatter([at], [0.0], s=26, marker="D", facecolors="white", edgecolors=INK,
                       linewidths=0.9, zorder=5, label=f"reference dose {at:g}")  # fmt: skip
        unit = f" ({fit.table.unit})" if fit.table.unit else ""
        effect = WORDS.get(fit.table.measure, fit.table.measure)
        effect += ", log scale" if scale == "log" else ""
        name_axes(ax, f"Dose{unit}", effect, title)
        legend_below(ax, 2)
        # Each drawing would bring the layout a little nearer to its rest, and change the bytes.
        figure.draw_without_rendering()
        figure.set_layout_engine("none")
        words = f"Dose-response curve of {counted(fit.k)}"
        told = _told(words, fit, data, at)
        return finished("dose curve", title or words, told, data, figure)


def _ends(doses: tuple[float, float] | None, low: float, high: float) -> tuple[float, float]:
    if doses is None:
        return low, high
    try:
        first, last = (float(x) for x in doses)
    except (TypeError, ValueError):
        raise refuse("doses", repr(doses), "two rising numbers") from None
    if not (np.isfinite(first) and np.isfinite(last) and first < last):
        raise refuse("doses", repr(doses), "two rising numbers")
    return first, last


def _data(fit: DoseFit, grid: Array, at: float, *, points: bool, prediction: bool) -> pd.DataFrame:
    inside = [at] if grid[0] <= at <= grid[-1] else []
    curve = dose_predictions(fit, np.unique([*grid, *inside]), reference=at)
    columns = ["dose", "estimate", "ci_low", "ci_high"]
    parts = [curve[columns].assign(kind="curve", study="", area=0.0)]
    if prediction:
        ends = {"prediction_low": "ci_low", "prediction_high": "ci_high"}
        wide = curve[["dose", "estimate", *ends]].rename(columns=ends)
        parts.append(wide.assign(kind="prediction", study="", area=0.0))
    if points:
        rows = fit.table.rows
        moved = dose_predictions(fit, rows["reference_dose"].to_numpy(), reference=at)
        y = rows["estimate"].to_numpy() + moved["estimate"].to_numpy()
        error = rows["std_error"].to_numpy()
        half = float(special.ndtri((1 + fit.level) / 2)) * error
        cells = {"dose": rows["dose"], "estimate": y, "ci_low": y - half, "ci_high": y + half}
        area = error.min() ** 2 / error**2
        parts.append(pd.DataFrame(cells).assign(kind="study", study=rows["study"], area=area))
    data = pd.concat(parts, ignore_index=True)
    data.index.name = "row"
    return data[["kind", "study", *columns, "area"]]


def _effect_limits(data: pd.DataFrame) -> tuple[float, float]:
    """All estimates and the interval of the trend, as far as it leaves the rest readable."""
    values = [0.0, *data["estimate"]]
    reach = (max(values) - min(values)) or 1.0
    lines = data[data["kind"] != "study"]
    ends = [*lines["ci_low"], *lines["ci_high"]]
    held = [x for x in ends if min(values) - reach <= x <= max(values) + reach]
    return padded([*values, *held])


def _draw(ax: Axes, data: pd.DataFrame, level: str) -> None:
    curve = data[data["kind"] == "curve"]
    x = curve["dose"].to_numpy()
    ax.fill_between(
        x, curve["ci_low"], curve["ci_high"], color=BLUE, alpha=0.22, lw=0, zorder=1,
        label=f"{level} confidence interval",
    )  # fmt: skip
    wide = data[data["kind"] == "prediction"]
    for i, column in enumerate(("ci_low", "ci_high") if len(wide) else ()):
        words = f"{level} prediction interval" if not i else None
        ax.plot(x, wide[column], color=BLUE, lw=0.8, ls=(0, (4, 2)), zorder=2, label=words)
    ax.plot(x, curve["estimate"], color=BLUE, lw=1.6, zorder=4, label="mean trend")
    shown = data[data["kind"] == "study"]
    if len(shown):
        size = np.maximum(LARGEST * shown["area"].to_numpy(), SMALLEST)
        ax.scatter(
            shown["dose"], shown["estimate"], s=size, facecolors=ORANGE, alpha=0.55,
            edgecolors=INK, linewidths=0.4, zorder=3, label="effect in a study (area: precision)",
        )  # fmt: skip
        arrows(ax, shown["dose"].to_numpy(), shown["estimate"].to_numpy())


def _told(words: str, fit: DoseFit, data: pd.DataFrame, at: float) -> str:
    table, scale = fit.table, fit.table.scale
    curve = data[data["kind"] == "curve"]
    places = 2 if scale == "log" else decimals_for(table.rows["std_error"].tolist())
    unit = f" {table.unit}" if table.unit else ""
    picked = np.unique([curve["dose"].iloc[i] for i in (0, len(curve) // 2, -1)])
    said = []
    for row in dose_predictions(fit, picked, reference=at).to_dict("records"):
        if row["dose"] == at:
            continue
        ends = interval_text(row["ci_low"], row["ci_high"], scale, places)
        value = effect_text(row["estimate"], scale, places)
        said.append(f"{value} ({ends}) at {number(row['dose'], _digits(row['dose']))}{unit}")
    effect = WORDS.get(table.measure, table.measure)
    tests = f"Overall {p_value(fit.overall.p)}"
    if fit.nonlinearity is not None:
        tests += f"; non-linearity {p_value(fit.nonlinearity.p)}"
    references = {s.reference_dose for s in table.studies}
    moved = ""
    if references != {at} and (data["kind"] == "study").any():
        moved = " Studies with another reference are moved by the trend between the references."
    return (
        f"{words} ({fit.shape.words}; {METHOD_WORDS[fit.method]}): {effect.lower()} against dose "
        f"{at:g}{unit}, with {level_text(fit.level)} intervals: {'; '.join(said)}. {tests}.{moved}"
    )


def _digits(dose: float) -> int:
    return next((d for d in range(4) if abs(round(dose, d) - dose) <= 1e-9 * abs(dose)), 2)
