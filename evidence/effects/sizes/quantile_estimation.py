"""Mean and SD by the distribution whose quantiles come nearest to the printed ones."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy import stats
from scipy.optimize import least_squares

from evidence.effects.sizes.correction import Array
from evidence.effects.sizes.fivenumbers import ALL, QUARTILES, RANGE, FiveNumbers, five_numbers

# Each from two free numbers; the logarithms keep scales and shapes above 0.
DISTRIBUTIONS: dict[str, Callable[[float, float], Any]] = {
    "normal": lambda a, b: stats.norm(a, np.exp(b)),
    "lognormal": lambda a, b: stats.lognorm(np.exp(b), scale=np.exp(a)),
    "gamma": lambda a, b: stats.gamma(np.exp(a), scale=np.exp(b)),
    "weibull": lambda a, b: stats.weibull_min(np.exp(a), scale=np.exp(b)),
}


def quantile_estimation(
    *,
    minimum: ArrayLike | None = None,
    q1: ArrayLike | None = None,
    median: ArrayLike,
    q3: ArrayLike | None = None,
    maximum: ArrayLike | None = None,
    n: ArrayLike,
) -> pd.DataFrame:
    """Estimate means and SDs of skewed outcomes by quantile estimation (McGrath 2020).

    A normal, log-normal, gamma and Weibull distribution are fitted by least squares to the
    printed quantiles (the minimum and maximum stand for the quantiles 1/n and 1 - 1/n), and the
    mean and SD of the nearest one are taken. A distribution on positive numbers is tried only
    where all that was printed is above 0.

    Parameters
    ----------
    minimum, q1, median, q3, maximum, n : array_like, shape (k,)
        NaN or None where a row did not print it.

    Returns
    -------
    DataFrame
        One row a row of the input: ``mean``, ``sd``, the ``distribution`` chosen and the
        ``distance`` (root of the sum of squares, in the unit of the outcome) of each one tried
        in ``distance_normal`` and so on; None where too little was printed, where all printed
        quantiles are equal or where a distribution was not tried.

    Raises
    ------
    EffectError
        For numbers out of order, or n below 2.

    Notes
    -----
    McGrath, Zhao, Steele et al. (2020), Statistical Methods in Medical Research 29, 2520-2537,
    section 2.3. Their beta distribution, for outcomes within [0, 1], is not offered. Checked
    against exact quantiles of each distribution, from which the mean and SD come back.

    Examples
    --------
    >>> frame = quantile_estimation(q1=[4.0], median=[6.0], q3=[10.0], n=[20])
    >>> frame.loc[0, "distribution"], float(frame.loc[0, "mean"].round(2))
    ('lognormal', 7.92)
    """
    f = five_numbers(minimum=minimum, q1=q1, median=median, q3=q3, maximum=maximum, n=n)
    kind = f.printed()
    return pd.DataFrame([_row(f, i, kind[i]) for i in range(kind.size)])


def _row(f: FiveNumbers, i: int, kind: float) -> dict[str, object]:
    empty: dict[str, object] = {"mean": None, "sd": None, "distribution": None}
    empty |= {f"distance_{name}": None for name in DISTRIBUTIONS}
    places, printed = _quantiles(f, i, kind)
    if printed.size == 0 or printed[0] == printed[-1]:
        return empty
    tried = {
        name: _fit(build, places, printed, name)
        for name, build in DISTRIBUTIONS.items()
        if name == "normal" or printed[0] > 0
    }
    tried = {name: found for name, found in tried.items() if np.isfinite(_moments(found[1])).all()}
    if not tried:
        return empty
    nearest = min(tried, key=lambda name: tried[name][0])
    scale = float(np.max(np.abs(printed)))
    mean, variance = _moments(tried[nearest][1])
    return empty | {
        "mean": mean * scale,
        "sd": variance**0.5 * scale,
        "distribution": nearest,
        **{f"distance_{name}": distance * scale for name, (distance, _) in tried.items()},
    }


def _moments(distribution: Any) -> tuple[float, float]:
    """Mean and variance; NaN where they are no numbers, as those of a very long tail."""
    with np.errstate(all="ignore"):
        mean, variance = (float(x) for x in distribution.stats("mv"))
    return mean, variance if variance > 0 else np.nan


def _quantiles(f: FiveNumbers, i: int, kind: float) -> tuple[Array, Array]:
    n = f.n[i]
    outer = {1 / n: f.minimum[i], 0.5: f.median[i], 1 - 1 / n: f.maximum[i]}
    inner = {0.25: f.q1[i], 0.5: f.median[i], 0.75: f.q3[i]}
    # With n of 4 or less the extremes would stand for quantiles within the quartiles.
    everything = outer | inner if n > 4 else inner
    by_kind = {RANGE: outer if n > 2 else {}, QUARTILES: inner, ALL: everything}
    chosen = by_kind.get(int(kind), {}) if np.isfinite(kind) else {}
    places = np.array(sorted(chosen))
    return places, np.array([chosen[p] for p in places])


def _fit(
    build: Callable[[float, float], Any], places: Array, printed: Array, name: str
) -> tuple[float, Any]:
    """Distance and distribution, in units of the largest printed number."""
    scaled = printed / np.max(np.abs(printed))
    spread = (scaled[-1] - scaled[0]) / (stats.norm.ppf(places[-1]) - stats.norm.ppf(places[0]))
    middle = float(np.interp(0.5, places, scaled))
    relative = max(spread / middle, 1e-3) if middle > 0 else 1.0
    start = {
        "normal": (middle, np.log(spread)),
        "lognormal": (np.log(middle) if middle > 0 else 0.0, np.log(relative)),
        "gamma": (-2 * np.log(relative), np.log(middle * relative**2) if middle > 0 else 0.0),
        "weibull": (-np.log(relative), np.log(middle) if middle > 0 else 0.0),
    }[name]
    result = least_squares(
        lambda x: build(*x).ppf(places) - scaled, start, xtol=1e-12, ftol=1e-12, gtol=1e-12
    )
    return float(np.sqrt(2 * result.cost)), build(*result.x)
