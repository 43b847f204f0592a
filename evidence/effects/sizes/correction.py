"""The small-sample factor of a standardized mean, exact and approximate."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import gammaln

Array = NDArray[np.float64]
Effect = tuple[Array, Array]
LARGE = 300.0


def exact_factor(m: ArrayLike) -> Array:
    r"""Γ(m/2) / (√(m/2) Γ((m − 1)/2)), by which a standardized mean with m df is too large.

    Hedges 1981. From m = 600 on by the asymptotic series of the ratio, because the
    difference of two large log-gammas keeps few digits. NaN where m <= 1: no such factor exists.

    Examples
    --------
    >>> exact_factor(10.0).round(6)
    np.float64(0.922746)
    """
    m = np.asarray(m, dtype=np.float64)
    x = (np.where(m > 1, m, np.nan) - 1) / 2
    small = np.exp(gammaln(x + 0.5) - gammaln(x))
    u = 1 / x
    series = 1 - u / 8 + u**2 / 128 + 5 * u**3 / 1024 - 21 * u**4 / 32768
    ratio = np.where(x < LARGE, small, np.sqrt(x) * series)
    return np.asarray(ratio / np.sqrt(m / 2))


def approximate_factor(m: ArrayLike) -> Array:
    """1 − 3 / (4 m − 1), nearly the exact factor (Hedges 1981). NaN where m <= 1.

    Examples
    --------
    >>> approximate_factor(10.0).round(6)
    np.float64(0.923077)
    """
    m = np.asarray(m, dtype=np.float64)
    return np.asarray(1 - 3 / (4 * np.where(m > 1, m, np.nan) - 1))


def factor(m: ArrayLike, correct: bool) -> Array:
    """The exact factor, or 1 where no correction is wanted (m <= 1 is NaN either way).

    Examples
    --------
    >>> factor(10.0, False)
    array(1.)
    """
    exact = exact_factor(m)
    return exact if correct else np.asarray(np.where(np.isnan(exact), np.nan, 1.0))


def weighted_mean(x: Array, n: Array) -> np.float64:
    """Mean of the rows that exist, weighted by their sizes; NaN where none exists.

    Examples
    --------
    >>> weighted_mean(np.array([1.0, np.nan, 3.0]), np.array([1.0, 9.0, 3.0]))
    np.float64(2.5)
    """
    known = np.isfinite(x) & np.isfinite(n)
    total = n[known].sum()
    return np.float64((x[known] * n[known]).sum() / total) if total > 0 else np.float64(np.nan)
