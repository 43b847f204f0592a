"""One group at two occasions: means, SDs, the correlation r between the occasions, and n.

Kernels take m1, sd1, m2, sd2, r, n, each shape (k,), and give estimate (first less second) and
variance, shape (k,). NaN where n <= 1, or where the change has no spread.
Checked against metafor 5.0-1 as far as tests/reference/effect_sizes has the measure and vtype.
"""

from __future__ import annotations

import numpy as np
from scipy.stats import norm

from evidence.effects.sizes.correction import Array, Effect, factor


def _change_variance(sd1: Array, sd2: Array, r: Array) -> Array:
    return np.asarray(sd1**2 + sd2**2 - 2 * r * sd1 * sd2)


def _df(n: Array) -> Array:
    return np.where(n > 1, n - 1, np.nan)


def mean_change(m1: Array, sd1: Array, m2: Array, sd2: Array, r: Array, n: Array) -> Effect:
    """Mean change.

    Examples
    --------
    >>> mean_change(*np.array([[9.0], [3.0], [5.0], [3.0], [0.5], [9.0]]))
    (array([4.]), array([1.]))
    """
    return m1 - m2, _change_variance(sd1, sd2, r) / n


def smc_by_change_sd(
    m1: Array, sd1: Array, m2: Array, sd2: Array, r: Array, n: Array, *, correct: bool = True
) -> Effect:
    """Mean change over the SD of the changes (Gibbons 1993).

    Examples
    --------
    >>> smc_by_change_sd(*np.array([[9.0], [3.0], [5.0], [3.0], [0.5], [9.0]]))[0].round(4)
    array([1.2036])
    """
    y = factor(n - 1, correct) * (m1 - m2) / np.sqrt(_change_variance(sd1, sd2, r))
    return y, 1 / n + y**2 / (2 * n)


def smc_by_first_sd(
    m1: Array, sd1: Array, m2: Array, sd2: Array, r: Array, n: Array, *, correct: bool = True
) -> Effect:
    """Mean change over the SD of the first occasion (Becker 1988).

    Examples
    --------
    >>> smc_by_first_sd(*np.array([[9.0], [3.0], [5.0], [3.0], [0.5], [9.0]]))[0].round(4)
    array([1.2036])
    """
    y = factor(n - 1, correct) * (m1 - m2) / sd1 + 0 * sd2
    return y, 2 * (1 - r) / n + y**2 / (2 * n)


def smc_by_first_sd_unequal_spreads(
    m1: Array, sd1: Array, m2: Array, sd2: Array, r: Array, n: Array, *, correct: bool = True
) -> Effect:
    """As :func:`smc_by_first_sd`; its variance lets the SDs differ (Bonett 2008).

    Examples
    --------
    >>> one = np.array([[9.0], [3.0], [5.0], [3.0], [0.5], [9.0]])
    >>> smc_by_first_sd_unequal_spreads(*one)[1].round(4)
    array([0.2155])
    """
    y = factor(n - 1, correct) * (m1 - m2) / sd1
    return y, (_change_variance(sd1, sd2, r) / sd1**2 + y**2 / 2) / _df(n)


def smc_by_mean_sd(
    m1: Array, sd1: Array, m2: Array, sd2: Array, r: Array, n: Array, *, correct: bool = True
) -> Effect:
    """Mean change over the root of the mean variance, 2 (n − 1) / (1 + r²) df (Cousineau 2020).

    Examples
    --------
    >>> smc_by_mean_sd(*np.array([[9.0], [3.0], [5.0], [3.0], [0.5], [9.0]]))[0].round(4)
    array([1.2534])
    """
    j = factor(2 * (n - 1) / (1 + r**2), correct)
    y = j * (m1 - m2) / np.sqrt((sd1**2 + sd2**2) / 2)
    return y, 2 * (1 - r) / n + y**2 * (1 + r**2) / (4 * n)


def smc_by_mean_sd_unequal_spreads(
    m1: Array, sd1: Array, m2: Array, sd2: Array, r: Array, n: Array, *, correct: bool = True
) -> Effect:
    """As :func:`smc_by_mean_sd`; its variance lets the SDs differ (Bonett 2008).

    Examples
    --------
    >>> one = np.array([[9.0], [3.0], [5.0], [3.0], [0.5], [9.0]])
    >>> smc_by_mean_sd_unequal_spreads(*one)[1].round(4)
    array([0.1864])
    """
    y, _ = smc_by_mean_sd(m1, sd1, m2, sd2, r, n, correct=correct)
    variance = (sd1**2 + sd2**2) / 2
    fourth = sd1**4 + sd2**4 + 2 * r**2 * sd1**2 * sd2**2
    spread = y**2 * fourth / (8 * variance**2)
    return y, (spread + _change_variance(sd1, sd2, r) / variance) / _df(n)


def ratio_of_means_change(
    m1: Array, sd1: Array, m2: Array, sd2: Array, r: Array, n: Array, *, correct: bool = True
) -> Effect:
    """Log ratio of the two means (Lajeunesse 2011), corrected by the second-order term.

    Examples
    --------
    >>> ratio_of_means_change(*np.array([[9.0], [3.0], [5.0], [3.0], [0.5], [9.0]]))[0].round(4)
    array([0.574])
    """
    first, second = sd1**2 / (n * m1**2), sd2**2 / (n * m2**2)
    y = np.log(m1 / m2) + (0.5 * (first - second) if correct else 0.0)
    return y, first + second - 2 * r * sd1 * sd2 / (m1 * m2 * n)


def variability_ratio_change(sd1: Array, sd2: Array, r: Array, n: Array) -> Effect:
    """Log ratio of the two SDs (Nakagawa 2015); its correction is 0, both have n − 1 df.

    Examples
    --------
    >>> variability_ratio_change(*np.array([[4.0], [4.0], [0.5], [4.0]]))
    (array([0.]), array([0.25]))
    """
    return np.log(sd1 / sd2), (1 - r**2) / _df(n)


def coefficient_of_variation_ratio_change(
    m1: Array, sd1: Array, m2: Array, sd2: Array, r: Array, n: Array, *, correct: bool = True
) -> Effect:
    """Log ratio of the two coefficients of variation (Nakagawa 2015).

    Examples
    --------
    >>> one = np.array([[9.0], [3.0], [5.0], [3.0], [0.5], [9.0]])
    >>> coefficient_of_variation_ratio_change(*one)[0].round(4)
    array([-0.574])
    """
    spread, v_spread = variability_ratio_change(sd1, sd2, r, n)
    ratio, v_ratio = ratio_of_means_change(m1, sd1, m2, sd2, r, n, correct=correct)
    return spread - ratio, v_spread + v_ratio


def chance_of_larger_change(
    m1: Array, sd1: Array, m2: Array, sd2: Array, r: Array, n: Array
) -> Effect:
    """Chance that a figure of the first occasion exceeds one of the second, Φ(Δ/√(sd1² + sd2²)).

    Examples
    --------
    >>> chance_of_larger_change(*np.array([[9.0], [3.0], [5.0], [3.0], [0.5], [9.0]]))[0].round(4)
    array([0.8271])
    """
    spread = sd1**2 + sd2**2
    z = (m1 - m2) / np.sqrt(spread)
    fourth = sd1**4 + sd2**4 + 2 * r**2 * sd1**2 * sd2**2
    v = _change_variance(sd1, sd2, r) / spread + z**2 * fourth / (2 * spread**2)
    return norm.cdf(z), norm.pdf(z) ** 2 * v / _df(n)
