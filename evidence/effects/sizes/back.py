"""From the scale of the analysis back to one that people read.

Each function takes arrays of any one shape and gives that shape. Values outside what the forward
transformation can give go to the nearest end (0 or 1). Checked against metafor 5.0-1 as far
as tests/reference/effect_sizes has the function, and by going there and back.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import norm

from evidence.effects.sizes.correction import Array


def _array(x: ArrayLike) -> Array:
    return np.asarray(x, dtype=np.float64)


def inverse_logit(x: ArrayLike) -> Array:
    """Proportion from log odds.

    Examples
    --------
    >>> inverse_logit(0.0)
    array(0.5)
    """
    return np.asarray((1 + np.tanh(_array(x) / 2)) / 2)


def inverse_probit(x: ArrayLike) -> Array:
    """Proportion from a normal quantile.

    Examples
    --------
    >>> inverse_probit(0.0)
    array(0.5)
    """
    return np.asarray(norm.cdf(_array(x)))


def inverse_fisher_z(x: ArrayLike) -> Array:
    """Correlation from Fisher's z.

    Examples
    --------
    >>> inverse_fisher_z(0.5).round(4)
    np.float64(0.4621)
    """
    return np.asarray(np.tanh(_array(x)))


def inverse_arcsine(x: ArrayLike) -> Array:
    """Proportion from the arcsine of its root.

    Examples
    --------
    >>> inverse_arcsine(np.pi / 4).round(4)
    np.float64(0.5)
    """
    return np.asarray(np.sin(np.clip(_array(x), 0.0, np.pi / 2)) ** 2)


def inverse_freeman_tukey(x: ArrayLike, n: ArrayLike) -> Array:
    """Proportion from the double arcsine of a sample of n (Miller 1978).

    For a pooled estimate n is usually the harmonic mean of the sizes
    (:func:`harmonic_mean`), which can mislead where the sizes differ much (Schwarzer 2019).

    Examples
    --------
    >>> inverse_freeman_tukey(0.7853981634, 8).round(4)
    np.float64(0.5)
    """
    y, size = _array(x), _array(n)
    lowest = np.arcsin(np.sqrt(1 / (size + 1))) / 2
    highest = (np.arcsin(np.sqrt(size / (size + 1))) + np.pi / 2) / 2
    with np.errstate(all="ignore"):
        s = np.sin(2 * y)
        inside = 1 - (s + (s - 1 / s) / size) ** 2
        p = (1 - np.sign(np.cos(2 * y)) * np.sqrt(np.maximum(inside, 0.0))) / 2
    return np.where(y <= lowest, 0.0, np.where(y >= highest, 1.0, p))


def harmonic_mean(n: ArrayLike) -> float:
    """Harmonic mean of sample sizes.

    Examples
    --------
    >>> harmonic_mean([10, 40])
    16.0
    """
    return float(1 / np.mean(1 / _array(n)))


def inverse_freeman_tukey_rate(x: ArrayLike, time: ArrayLike) -> Array:
    """Rate from the Freeman-Tukey root of a sample of that person-time.

    Examples
    --------
    >>> inverse_freeman_tukey_rate(0.2213298906, 398).round(5)
    np.float64(0.04774)
    """
    y, t = _array(x), _array(time)
    lowest = np.sqrt(1 / t) / 2
    with np.errstate(all="ignore"):
        found = (1 / t - 8 * y**2 + 16 * t * y**4) / (16 * y**2 * t)
    return np.where(y <= lowest, 0.0, found)


def inverse_cube_root_alpha(x: ArrayLike) -> Array:
    """Alpha from 1 − (1 − α)^(1/3).

    Examples
    --------
    >>> inverse_cube_root_alpha(0.5)
    array(0.875)
    """
    return np.asarray(1 - (1 - _array(x)) ** 3)


def inverse_log_alpha(x: ArrayLike) -> Array:
    """Alpha from −log(1 − α).

    Examples
    --------
    >>> inverse_log_alpha(0.0)
    array(0.)
    """
    return np.asarray(-np.expm1(-_array(x)))


def d_to_u3(d: ArrayLike) -> Array:
    """Cohen's U3: the part of the second group that the mean of the first exceeds.

    Examples
    --------
    >>> d_to_u3(0.0)
    array(0.5)
    """
    return np.asarray(norm.cdf(_array(d)))


def d_to_chance_of_larger(d: ArrayLike) -> Array:
    """Chance that a person of the first group exceeds one of the second (McGraw and Wong 1992).

    Examples
    --------
    >>> d_to_chance_of_larger(0.0)
    array(0.5)
    """
    return np.asarray(norm.cdf(_array(d) / np.sqrt(2)))


def d_to_overlap(d: ArrayLike) -> Array:
    """Overlap of two normal densities d apart, 2 Φ(−|d|/2) (Inman and Bradley 1989).

    Examples
    --------
    >>> d_to_overlap(0.0)
    array(1.)
    """
    return np.asarray(2 * norm.cdf(-np.abs(_array(d)) / 2))


def d_to_correlation(d: ArrayLike) -> Array:
    """Point-biserial correlation of two groups of one size, d / √(d² + 4).

    Examples
    --------
    >>> d_to_correlation(0.0)
    array(0.)
    """
    y = _array(d)
    return np.asarray(y / np.sqrt(y**2 + 4))


def d_to_success_rate(d: ArrayLike) -> Array:
    """Binomial effect size display, 1/2 + r/2 (Rosenthal and Rubin 1982).

    Examples
    --------
    >>> d_to_success_rate(0.0)
    array(0.5)
    """
    return np.asarray(0.5 + d_to_correlation(d) / 2)


def log_odds_ratio_to_risk_difference(x: ArrayLike, control_risk: ArrayLike) -> Array:
    """Risk difference that an odds ratio makes of a control group's risk.

    Examples
    --------
    >>> log_odds_ratio_to_risk_difference(0.0, 0.2).round(6)
    np.float64(0.0)
    """
    p = _array(control_risk)
    odds = p / (1 - p) * np.exp(_array(x))
    return np.asarray(odds / (1 + odds) - p)


def log_odds_ratio_to_risk_ratio(x: ArrayLike, control_risk: ArrayLike) -> Array:
    """Risk ratio that an odds ratio makes of a control group's risk.

    Examples
    --------
    >>> log_odds_ratio_to_risk_ratio(0.0, 0.2).round(6)
    np.float64(1.0)
    """
    p, ratio = _array(control_risk), np.exp(_array(x))
    return np.asarray(ratio / (1 - p + p * ratio))


def mean_over_normal(
    function: Callable[[Array], Array], mean: ArrayLike, variance: ArrayLike, *, nodes: int = 101
) -> Array:
    """Mean of a back-transformed value whose transformed value is normal (between studies, say).

    By Gauss-Hermite quadrature.

    Examples
    --------
    >>> mean_over_normal(np.exp, 0.0, 0.04).round(6) == np.exp(0.02).round(6)
    np.True_
    """
    x, w = np.polynomial.hermite_e.hermegauss(nodes)
    at = _array(mean)[..., None] + np.sqrt(_array(variance))[..., None] * x
    return np.asarray(function(at) @ (w / w.sum()))
