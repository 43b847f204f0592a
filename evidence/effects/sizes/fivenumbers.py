"""Mean and SD from what a page printed of a skewed outcome: minimum, quartiles, median, maximum.

Three things can be printed: the range (minimum, median, maximum), the quartiles (lower, median,
upper), or all five. The methods are those of Hozo 2005, Wan 2014, Bland 2015, Luo 2018,
Shi 2020 (normal) and Shi 2020b (log-normal). The default methods, "wan2014" and the mean of
"hozo2005" are checked against metafor 5.0-1.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import norm

from evidence.effects.sizes.correction import Array
from evidence.errors import EffectError, Problem, as_numbers, did_you_mean

RANGE, QUARTILES, ALL = 1, 2, 3
MEAN_METHODS = ("default", "hozo2005", "wan2014", "bland2015", "luo2018")
SD_METHODS = ("default", "hozo2005", "wan2014", "bland2015", "shi2020")
DISTRIBUTIONS = ("normal", "lognormal")


@dataclass(frozen=True, slots=True)
class FiveNumbers:
    """Minimum, quartiles, median, maximum and size of each row, shape (k,); NaN: not printed."""

    minimum: Array
    q1: Array
    median: Array
    q3: Array
    maximum: Array
    n: Array

    def printed(self) -> Array:
        """Which of the three was printed: RANGE, QUARTILES, ALL, or NaN for too little."""
        outer = np.isfinite(self.minimum) & np.isfinite(self.maximum)
        inner = np.isfinite(self.q1) & np.isfinite(self.q3)
        enough = np.isfinite(self.median) & np.isfinite(self.n)
        kind = np.where(outer & inner, ALL, np.where(outer, RANGE, np.where(inner, QUARTILES, 0)))
        return np.where(enough & (kind > 0), kind, np.nan)


def means_and_sds(
    *,
    minimum: ArrayLike | None = None,
    q1: ArrayLike | None = None,
    median: ArrayLike,
    q3: ArrayLike | None = None,
    maximum: ArrayLike | None = None,
    n: ArrayLike,
    mean_method: str = "default",
    sd_method: str = "default",
    distribution: str = "normal",
) -> tuple[Array, Array]:
    """Estimate means and SDs from ranges or quartiles.

    Parameters
    ----------
    minimum, q1, median, q3, maximum, n : array_like, shape (k,)
        NaN or None where a row did not print it.
    mean_method : {"default", "luo2018", "wan2014", "hozo2005", "bland2015"}
        The default is Luo 2018. "hozo2005" is for ranges, "bland2015" for all five numbers alone.
    sd_method : {"default", "wan2014", "shi2020", "hozo2005", "bland2015"}
        The default is Shi 2020 for all five numbers and Wan 2014 otherwise.
    distribution : {"normal", "lognormal"}
        "lognormal" works on logarithms and returns to the scale of the figures (Shi 2020b).

    Returns
    -------
    mean, sd : ndarray, shape (k,)
        NaN where too little was printed, or where the method is not for what was printed.

    Raises
    ------
    EffectError
        For an unknown method, numbers out of order, n below 2, or logarithms of what is not
        above 0.

    Examples
    --------
    >>> mean, sd = means_and_sds(q1=[4.0], median=[6.0], q3=[10.0], n=[20])
    >>> mean.round(4), sd.round(4)
    (array([6.7195]), array([4.7871]))
    """
    _check_options(mean_method, sd_method, distribution)
    f = five_numbers(
        minimum=minimum,
        q1=q1,
        median=median,
        q3=q3,
        maximum=maximum,
        n=n,
        positive=distribution == "lognormal",
    )
    with np.errstate(all="ignore"):
        if distribution == "lognormal":
            return _lognormal(f)
        return _mean(f, mean_method), _sd(f, sd_method)


def _check_options(mean_method: str, sd_method: str, distribution: str) -> None:
    options = (
        ("mean_method", mean_method, MEAN_METHODS),
        ("sd_method", sd_method, SD_METHODS),
        ("distribution", distribution, DISTRIBUTIONS),
    )
    found = [Problem(a, repr(b), did_you_mean(str(b), c)) for a, b, c in options if b not in c]
    if distribution == "lognormal" and (mean_method, sd_method) != ("default", "default"):
        found.append(Problem("mean_method, sd_method", "do nothing", "lognormal has one method"))
    if found:
        raise EffectError("there is no such way from five numbers", found)


def five_numbers(
    *,
    minimum: ArrayLike | None,
    q1: ArrayLike | None,
    median: ArrayLike,
    q3: ArrayLike | None,
    maximum: ArrayLike | None,
    n: ArrayLike,
    positive: bool = False,
) -> FiveNumbers:
    """Read what was printed, and refuse what cannot be.

    Parameters
    ----------
    minimum, q1, median, q3, maximum, n : array_like, shape (k,)
        NaN or None where a row did not print it.
    positive : bool
        Whether logarithms will be taken, so that each figure has to be above 0.

    Raises
    ------
    EffectError
        For numbers that do not pair up or are out of order, n below 2, or figures that have no
        logarithm.
    """
    given = {"minimum": minimum, "q1": q1, "median": median, "q3": q3, "maximum": maximum, "n": n}
    length = np.size(np.asarray(median))
    arrays = {
        name: np.full(length, np.nan)
        if x is None
        else np.atleast_1d(as_numbers(name, x, EffectError))
        for name, x in given.items()
    }
    found = [
        Problem(name, f"shape {x.shape}", f"({length},) as median has")
        for name, x in arrays.items()
        if x.shape != (length,)
    ]
    if found:
        raise EffectError("the five numbers do not pair up", found)
    order = np.stack([arrays[name] for name in ("minimum", "q1", "median", "q3", "maximum")])
    for i, row in enumerate(order.T):
        known = row[np.isfinite(row)]
        if np.any(np.diff(known) < 0):
            found.append(Problem(f"row {i + 1}", f"{known.tolist()}", "minimum <= q1 <= ..."))
        if positive and np.any(known <= 0):
            found.append(Problem(f"row {i + 1}", f"{known.tolist()}", "above 0 for this method"))
        if arrays["n"][i] < 2:
            found.append(Problem(f"row {i + 1}", f"n = {arrays['n'][i]:g}", "at least 2"))
    if found:
        raise EffectError("five numbers are impossible", found)
    return FiveNumbers(**arrays)


def _by_kind(kind: Array, values: Mapping[int, Array]) -> Array:
    out = np.full(kind.shape, np.nan)
    for which, value in values.items():
        out = np.where(kind == which, value, out)
    return out


def _mean(f: FiveNumbers, method: str) -> Array:
    a, m, b, kind = f.minimum, f.median, f.maximum, f.printed()
    ends = (a + 2 * f.q1 + 2 * m + 2 * f.q3 + b) / 8  # Bland 2015
    hozo = (a + 2 * m + b) / 4  # Hozo 2005
    if method == "hozo2005":
        return _by_kind(kind, {RANGE: hozo})
    if method == "bland2015":
        return _by_kind(kind, {ALL: ends})
    if method == "wan2014":
        return _by_kind(kind, {RANGE: hozo, QUARTILES: (f.q1 + m + f.q3) / 3, ALL: ends})
    return _luo(f, kind)


def _luo(f: FiveNumbers, kind: Array) -> Array:
    """Weighted means (Luo 2018)."""
    n, outer, inner = f.n, (f.minimum + f.maximum) / 2, (f.q1 + f.q3) / 2
    w = 4 / (4 + n**0.75)
    w_inner = 0.7 + 0.39 / n
    w1, w2 = 2.2 / (2.2 + n**0.75), 0.7 - 0.72 / n**0.55
    values = {
        RANGE: w * outer + (1 - w) * f.median,
        QUARTILES: w_inner * inner + (1 - w_inner) * f.median,
        ALL: w1 * outer + w2 * inner + (1 - w1 - w2) * f.median,
    }
    return _by_kind(kind, values)


def _shi_all(f: FiveNumbers) -> Array:
    """SD from all five numbers (Shi 2020)."""
    outer, inner = _quantiles(f.n)
    theta1 = (2 + 0.14 * f.n**0.6) * outer
    theta2 = (2 + 2 / (0.07 * f.n**0.6)) * inner
    return np.asarray((f.maximum - f.minimum) / theta1 + (f.q3 - f.q1) / theta2)


def _quantiles(n: Array) -> tuple[Array, Array]:
    """Expected places of the maximum and of the upper quartile in SDs (Blom 1958)."""
    return norm.ppf((n - 0.375) / (n + 0.25)), norm.ppf((0.75 * n - 0.125) / (n + 0.25))


def _sd(f: FiveNumbers, method: str) -> Array:
    kind, (outer, inner) = f.printed(), _quantiles(f.n)
    spread = f.maximum - f.minimum
    by_range, by_quartiles = spread / (2 * outer), (f.q3 - f.q1) / (2 * inner)  # Wan 2014
    wan = {RANGE: by_range, QUARTILES: by_quartiles, ALL: (by_range + by_quartiles) / 2}
    if method == "wan2014":
        return _by_kind(kind, wan)
    if method == "shi2020":
        return _by_kind(kind, {ALL: _shi_all(f)})
    if method == "hozo2005":
        skew = f.minimum - 2 * f.median + f.maximum
        small = np.sqrt((skew**2 / 4 + spread**2) / 12)
        return _by_kind(
            kind, {RANGE: np.where(f.n <= 15, small, spread / np.where(f.n <= 70, 4, 6))}
        )
    if method == "bland2015":
        return _by_kind(kind, {ALL: _bland_sd(f)})
    return _by_kind(kind, wan | {ALL: _shi_all(f)})


def _bland_sd(f: FiveNumbers) -> Array:
    """SD from all five numbers (Bland 2015)."""
    a, q1, m, q3, b = f.minimum, f.q1, f.median, f.q3, f.maximum
    squares = (a**2 + 2 * q1**2 + 2 * m**2 + 2 * q3**2 + b**2) / 16
    products = (a * q1 + q1 * m + m * q3 + q3 * b) / 8
    return np.sqrt(squares + products - (a + 2 * q1 + 2 * m + 2 * q3 + b) ** 2 / 64)


def _lognormal(f: FiveNumbers) -> tuple[Array, Array]:
    """Shi 2020b: Luo's mean and a nearly unbiased variance of the logarithms, transformed back."""
    a, q1, m, q3, b = (np.log(x) for x in (f.minimum, f.q1, f.median, f.q3, f.maximum))
    logs = FiveNumbers(a, q1, m, q3, b, f.n)
    kind, n = logs.printed(), f.n
    outer, inner = _quantiles(n)
    ends, middle, log_n = logs.maximum - logs.minimum, logs.q3 - logs.q1, np.log(n)
    crude = {RANGE: ends / (2 * outer), QUARTILES: middle / (2 * inner), ALL: _shi_all(logs)}
    mu, s = _luo(logs, kind), _by_kind(kind, crude)
    bias2 = {RANGE: 1.01 + 0.25 / log_n**2, QUARTILES: 1 + 1.58 / n, ALL: 1 + 0.28 / log_n**2}
    bias4 = {RANGE: 1 + 2.23 / log_n**2, QUARTILES: 1 + 19.2 / n**1.2, ALL: 1 + 3.93 / n}
    s2, s4 = s**2 / _by_kind(kind, bias2), s**4 / _by_kind(kind, bias4)
    one = _by_kind(kind, {RANGE: 0.565 / n, QUARTILES: 0.57 / n, ALL: 0.405 / n})
    two = _by_kind(kind, {RANGE: 0.37 / n, QUARTILES: 0.75 / n, ALL: 0.315 / n})
    mean = np.exp(mu + s2 / 2) / (1 + one * s2 + two * s4)
    square = np.exp(2 * mu + 2 * s2) / (1 + 4 * one * s2 + 16 * two * s4)
    level = np.exp(2 * mu + s2) / (1 + 4 * one * s2 + 4 * two * s4)
    return mean, np.sqrt(square - level)
