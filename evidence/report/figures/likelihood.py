"""profile_plot and likelihood_plot: a log-likelihood curve with its maximum and its interval."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy import special

from evidence.errors import ReportError, as_numbers, check_kind, is_fraction
from evidence.models.frequentist.profile import ProfileTau2
from evidence.report.figures.axes import (
    ONE_COLUMN,
    legend_below,
    name_axes,
    padded,
    plain_axis,
    refuse,
    sheet,
)
from evidence.report.figures.plot import Plot, finished
from evidence.report.figures.style import BLUE, GREY, INK, ORANGE, VERMILION, clean, style
from evidence.report.numbers import level_text, number, significant


def profile_plot(
    profile: ProfileTau2, *, title: str | None = None, width: float = ONE_COLUMN
) -> Plot:
    """Profile log-likelihood of tau2, with its maximum and interval.

    Returns
    -------
    Plot
        ``data``: x (tau2) and log_likelihood, a row a point of the curve.

    Examples
    --------
    >>> from evidence.effects.table import table_of
    >>> from evidence.models.frequentist.pool import pool
    >>> from evidence.models.frequentist.profile import profile_tau2
    >>> fit = pool(table_of([0.0, 2.0, 4.0, 6.0], [1, 1, 1, 1]))
    >>> print(profile_plot(profile_tau2(fit)).description)
    Profile log-likelihood of τ², restricted. Highest, −7.10, at 5.67; 95 % interval 0.880 to 57.1.
    """
    check_kind("profile", profile, ProfileTau2, ReportError)
    words = f"Profile log-likelihood of τ², {profile.likelihood}"
    fitted = (
        None if np.isclose(profile.fitted_tau2, profile.tau2, rtol=1e-6) else profile.fitted_tau2
    )
    return _draw(
        profile.curve["tau2"].to_numpy(),
        profile.curve["log_likelihood"].to_numpy(),
        (profile.tau2, profile.log_likelihood, profile.threshold),
        (profile.low, profile.high),
        profile.level,
        words=words,
        name="τ² (between-study variance)",
        title=title,
        width=width,
        fitted=fitted,
    )


def likelihood_plot(
    x: ArrayLike,
    log_likelihood: ArrayLike,
    *,
    name: str,
    level: float = 0.95,
    title: str | None = None,
    width: float = ONE_COLUMN,
) -> Plot:
    """Any profile log-likelihood curve, with the interval of values it supports.

    The interval is where the curve is within chi-squared(1) / 2 of its highest point, by linear
    interpolation; an end that the curve does not reach is said to be open and not drawn.

    Parameters
    ----------
    x, log_likelihood : array_like (n,)
        Points of the curve, x rising, at least 3.
    name : str
        What x is.
    level : float
    title, width
        As in ``funnel_plot``.

    Raises
    ------
    ReportError
        If the points are not finite, too few, or x does not rise.

    Examples
    --------
    >>> plot = likelihood_plot([0, 1, 2, 3, 4], [-5, -1, 0, -1, -5], name="delta")
    >>> plot.description
    'Profile log-likelihood of delta. Highest, 0.00, at 2.00; 95 % interval 0.770 to 3.23.'
    """
    if not is_fraction(level):
        raise refuse("level", repr(level), "a fraction between 0 and 1, such as 0.95")
    at, height = (as_numbers("x, log_likelihood", v, ReportError) for v in (x, log_likelihood))
    if at.ndim != 1 or at.shape != height.shape or len(at) < 3:
        shapes = f"shapes {at.shape} and {height.shape}"
        raise refuse("x, log_likelihood", shapes, "two sequences of at least 3 numbers")
    if not np.isfinite([at, height]).all() or not (np.diff(at) > 0).all():
        raise refuse("x, log_likelihood", "not finite or not rising", "finite numbers, x rising")
    best = int(height.argmax())
    floor = float(height[best]) - float(special.chdtri(1, 1.0 - level)) / 2.0
    above = height >= floor
    first, last = int(above.argmax()), len(at) - 1 - int(above[::-1].argmax())
    low = None if first == 0 else _crossing(at, height, first - 1, first, floor)
    high = None if last == len(at) - 1 else _crossing(at, height, last, last + 1, floor)
    return _draw(
        at,
        height,
        (float(at[best]), float(height[best]), floor),
        (low, high),
        level,
        words=f"Profile log-likelihood of {clean(name)}",
        name=name,
        title=title,
        width=width,
        fitted=None,
    )


def _crossing(
    x: np.ndarray[tuple[int], np.dtype[np.float64]],
    height: np.ndarray[tuple[int], np.dtype[np.float64]],
    i: int,
    j: int,
    floor: float,
) -> float:
    share = (floor - height[i]) / (height[j] - height[i])
    return float(x[i] + share * (x[j] - x[i]))


def _draw(
    x: np.ndarray[tuple[int], np.dtype[np.float64]],
    height: np.ndarray[tuple[int], np.dtype[np.float64]],
    peak: tuple[float, float, float],
    ends: tuple[float | None, float | None],
    level: float,
    *,
    words: str,
    name: str,
    title: str | None,
    width: float,
    fitted: float | None,
) -> Plot:
    top, best, floor = peak
    with style(small=True):
        figure = sheet(width, share=0.8)
        ax = figure.add_subplot()
        plain_axis(ax, padded(x, 0.03))
        # Far below the threshold the curve says nothing more; its end may be minus infinity.
        seen = height[height >= floor - 2.0 * (best - floor)]
        plain_axis(ax, padded([*seen, floor, best], 0.06), "y")
        inside = [x[0] if ends[0] is None else ends[0], x[-1] if ends[1] is None else ends[1]]
        ax.axvspan(*inside, color="#e3eef6", lw=0, zorder=0, label=f"{level_text(level)} interval")
        ax.axhline(floor, color=GREY, lw=0.8, ls="--", zorder=1, label="threshold")
        ax.plot(x, height, color=BLUE, lw=1.2, zorder=3, label="log-likelihood")
        for end in ends:
            if end is not None:
                ax.plot([end, end], [ax.get_ylim()[0], floor], color=INK, lw=0.7, ls=":", zorder=2)
        ax.scatter([top], [best], s=18, color=VERMILION, zorder=4, label="maximum")
        if fitted is not None:
            ax.axvline(fitted, color=ORANGE, lw=1.0, ls="-.", zorder=2, label="the fit's τ²")
        name_axes(ax, name, "Log-likelihood", title)
        legend_below(ax, 3)
        told = [
            "below the curve's start" if ends[0] is None else significant(ends[0]),
            "beyond the curve's end" if ends[1] is None else significant(ends[1]),
        ]
        text = f"{words}. Highest, {number(best, 2)}, at {significant(top)}; "
        text += f"{level_text(level)} interval {told[0]} to {told[1]}."
        if fitted is not None:
            text += f" The fit's own τ² is {significant(fitted)}."
        data = pd.DataFrame({"x": x, "log_likelihood": height})
        return finished("likelihood", title or words, text, data, figure)
