"""Correlations, raw and partial.

Kernels take arrays of shape (k,) and give estimate and variance, shape (k,).
Checked against metafor 5.0-1 as far as tests/reference/effect_sizes has the measure and vtype.
"""

from __future__ import annotations

import numpy as np
from scipy.special import hyp2f1

from evidence.effects.sizes.correction import Array, Effect, weighted_mean


def correlation(r: Array, n: Array, *, vtype: str = "LS") -> Effect:
    """Product-moment correlation with its large-sample variance (1 − r²)² / (n − 1).

    ``vtype`` "AV": the mean over the rows in the variance.

    Examples
    --------
    >>> correlation(np.array([0.5]), np.array([10.0]))
    (array([0.5]), array([0.0625]))
    """
    rho = weighted_mean(r, n) if vtype == "AV" else r
    return r, (1 - rho**2) ** 2 / (n - 1)


def unbiased_correlation(r: Array, n: Array, *, vtype: str = "LS") -> Effect:
    """Unbiased estimate r · F(1/2, 1/2; (n − 2)/2; 1 − r²) (Olkin and Pratt 1958).

    ``vtype`` "UB": unbiased variance (Hedges 1989); "AV" as in :func:`correlation`. NaN below
    n = 4.

    Examples
    --------
    >>> unbiased_correlation(np.array([0.57]), np.array([13.0]))[0].round(4)
    array([0.5901])
    """
    stretch = hyp2f1(0.5, 0.5, np.where(n >= 4, n - 2, np.nan) / 2, 1 - r**2)
    # At n = 4 the factor grows like log|r| towards r = 0; r times it goes to 0.
    y = np.where(np.isinf(stretch), 0.0, r * np.where(np.isinf(stretch), 0.0, stretch))
    if vtype == "UB":
        return y, _unbiased_variance(r, y, n)
    rho = weighted_mean(y, n) if vtype == "AV" else y
    return y, (1 - rho**2) ** 2 / (n - 1)


def _unbiased_variance(r: Array, y: Array, n: Array) -> Array:
    """y² less an unbiased estimate of ρ² (Hedges 1989, Olkin and Pratt 1958)."""
    enough = np.where(n >= 4, n, np.nan)
    squared = 1 - (n - 3) / (n - 2) * (1 - r**2) * hyp2f1(1.0, 1.0, enough / 2, 1 - r**2)
    return np.asarray(y**2 - squared)


def fisher_z(r: Array, n: Array) -> Effect:
    """artanh(r) with variance 1 / (n − 3) (Fisher 1921). NaN where n <= 3.

    Examples
    --------
    >>> fisher_z(np.array([0.57]), np.array([13.0]))[1]
    array([0.1])
    """
    return np.arctanh(r), 1 / np.where(n > 3, n - 3, np.nan)


def partial_correlation(t: Array, predictors: Array, n: Array) -> Effect:
    """Partial correlation from the t statistic of one of m predictors (Aloe and Thompson 2013).

    Examples
    --------
    >>> y, v = partial_correlation(np.array([4.61]), np.array([4.0]), np.array([218.0]))
    >>> y.round(4), v.round(5)
    (array([0.3012]), array([0.00386]))
    """
    df = n - predictors - 1
    y = t / np.sqrt(t**2 + df)
    return y, (1 - y**2) ** 2 / (df + 1)


def partial_fisher_z(t: Array, predictors: Array, n: Array) -> Effect:
    """Fisher's z of a partial correlation, variance 1 / (n − (m − 1) − 3).

    Examples
    --------
    >>> partial_fisher_z(np.array([4.61]), np.array([4.0]), np.array([218.0]))[0].round(4)
    array([0.3108])
    """
    y, _ = partial_correlation(t, predictors, n)
    df = n - predictors - 2
    return np.arctanh(y), 1 / np.where(df > 0, df, np.nan)


def semipartial_correlation(t: Array, predictors: Array, n: Array, r_squared: Array) -> Effect:
    """Semipartial correlation from t and R² of the whole regression (Aloe and Becker 2012).

    Examples
    --------
    >>> one = np.array([1.0])
    >>> semipartial_correlation(4.61 * one, 4 * one, 218 * one, 0.24 * one)[0].round(4)
    array([0.2754])
    """
    y = t * np.sqrt((1 - r_squared) / (n - predictors - 1))
    without = r_squared - y**2
    return y, (r_squared**2 - 2 * r_squared + without + 1 - without**2) / n
