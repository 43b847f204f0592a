"""Means of two groups: raw and standardized differences, and the ratio of means.

Kernels take mean, SD and size of the first group, then of the second, each shape (k,), and give
estimate and variance, shape (k,). J is the exact small-sample factor (``correction.exact_factor``).
NaN where a group is too small for its degrees of freedom.
Checked against metafor 5.0-1 and meta 8.3-0 as far as tests/reference/effect_sizes has them.
"""

from __future__ import annotations

import numpy as np

from evidence.effects.sizes.correction import (
    Array,
    Effect,
    approximate_factor,
    exact_factor,
    factor,
    weighted_mean,
)


def pooled_sd(sd1: Array, n1: Array, sd2: Array, n2: Array) -> Array:
    """Standard deviation within both groups together.

    Examples
    --------
    >>> pooled_sd(*np.array([[3.0], [10.0], [4.0], [10.0]])).round(4)
    array([3.5355])
    """
    return np.sqrt(((n1 - 1) * sd1**2 + (n2 - 1) * sd2**2) / (n1 + n2 - 2))


def mean_difference(
    m1: Array, sd1: Array, n1: Array, m2: Array, sd2: Array, n2: Array, *, vtype: str = "LS"
) -> Effect:
    """Difference of means; ``vtype`` "HO" takes one SD for both groups.

    Examples
    --------
    >>> mean_difference(*np.array([[7.0], [3.0], [9.0], [5.0], [4.0], [16.0]]))
    (array([2.]), array([2.]))
    """
    if vtype == "HO":
        return m1 - m2, pooled_sd(sd1, n1, sd2, n2) ** 2 * (1 / n1 + 1 / n2)
    return m1 - m2, sd1**2 / n1 + sd2**2 / n2


def standardized_mean_difference(
    m1: Array,
    sd1: Array,
    n1: Array,
    m2: Array,
    sd2: Array,
    n2: Array,
    *,
    vtype: str = "LS",
    correct: bool = True,
) -> Effect:
    """Difference of means over the SD within groups: Hedges' g, or Cohen's d uncorrected.

    ``vtype``: "LS" large sample (Hedges 1982), "LS2" the same of d times J²
    (Borenstein 2009), "UB" unbiased (Hedges 1983), "AV" with the
    mean over the rows.

    Examples
    --------
    >>> one = np.array([[55.0], [47.0], [155.0], [75.0], [64.0], [156.0]])
    >>> y, v = standardized_mean_difference(*one)
    >>> y.round(4), v.round(5)
    (array([-0.3552]), array([0.01306]))
    """
    total, df, inverse = n1 + n2, n1 + n2 - 2, 1 / n1 + 1 / n2
    d, j = (m1 - m2) / pooled_sd(sd1, n1, sd2, n2), factor(df, correct)
    y = j * d
    if vtype == "LS2":
        return y, j**2 * (inverse + d**2 / (2 * total))
    if vtype == "UB":
        return y, inverse + (1 - (df - 2) / (df * exact_factor(df) ** 2)) * y**2
    if vtype == "AV":
        return y, inverse + weighted_mean(y, total) ** 2 / (2 * total)
    return y, inverse + y**2 / (2 * total)


def approximate_standardized_mean_difference(
    m1: Array, sd1: Array, n1: Array, m2: Array, sd2: Array, n2: Array
) -> Effect:
    """Hedges' g with the factor 1 − 3/(4m − 1) and variance 1/n1 + 1/n2 + g²/(2 (N − 3.94)).

    Examples
    --------
    >>> one = np.array([[55.0], [47.0], [155.0], [75.0], [64.0], [156.0]])
    >>> approximate_standardized_mean_difference(*one)[0].round(6)
    array([-0.35517])
    """
    total = n1 + n2
    y = approximate_factor(total - 2) * (m1 - m2) / pooled_sd(sd1, n1, sd2, n2)
    return y, 1 / n1 + 1 / n2 + y**2 / (2 * (total - 3.94))


def glass_delta(m1: Array, sd1: Array, n1: Array, m2: Array, sd2: Array, n2: Array) -> Effect:
    """Difference of means over the SD of the second group, uncorrected (Glass 1976).

    The variance is 1/n1 + 1/n2 + Δ²/(2 (n2 − 1)) (Rosenthal 1994).

    Examples
    --------
    >>> glass_delta(*np.array([[55.0], [47.0], [155.0], [75.0], [64.0], [156.0]]))[0]
    array([-0.3125])
    """
    y = (m1 - m2) / sd2 + 0 * sd1
    return y, 1 / n1 + 1 / n2 + y**2 / (2 * np.where(n2 > 1, n2 - 1, np.nan))


def smd_unequal_spreads(
    m1: Array, sd1: Array, n1: Array, m2: Array, sd2: Array, n2: Array, *, correct: bool = True
) -> Effect:
    """Difference of means over the root of the mean variance of the groups (Bonett 2009).

    Examples
    --------
    >>> one = np.array([[55.0], [47.0], [155.0], [75.0], [64.0], [156.0]])
    >>> smd_unequal_spreads(*one)[0].round(4)
    array([-0.3553])
    """
    mean_variance = (sd1**2 + sd2**2) / 2
    y = factor(n1 + n2 - 2, correct) * (m1 - m2) / np.sqrt(mean_variance)
    f1, f2 = np.where(n1 > 1, n1 - 1, np.nan), np.where(n2 > 1, n2 - 1, np.nan)
    spread = y**2 * (sd1**4 / f1 + sd2**4 / f2) / (8 * mean_variance**2)
    return y, spread + (sd1**2 / f1 + sd2**2 / f2) / mean_variance


def smd_by_second_sd(
    m1: Array, sd1: Array, n1: Array, m2: Array, sd2: Array, n2: Array, *, correct: bool = True
) -> Effect:
    """Difference of means over the SD of the second group, corrected with n2 − 1 df (Glass 1976).

    Examples
    --------
    >>> one = np.array([[55.0], [47.0], [155.0], [75.0], [64.0], [156.0]])
    >>> smd_by_second_sd(*one)[0].round(4)
    array([-0.311])
    """
    y = factor(n2 - 1, correct) * (m1 - m2) / sd2 + 0 * sd1
    return y, 1 / n1 + 1 / n2 + y**2 / (2 * n2)


def smd_by_second_sd_unequal_spreads(
    m1: Array, sd1: Array, n1: Array, m2: Array, sd2: Array, n2: Array, *, correct: bool = True
) -> Effect:
    """As :func:`smd_by_second_sd`; its variance lets the SDs differ (Bonett 2008).

    Examples
    --------
    >>> one = np.array([[55.0], [47.0], [155.0], [75.0], [64.0], [156.0]])
    >>> smd_by_second_sd_unequal_spreads(*one)[1].round(5)
    array([0.01027])
    """
    y = factor(n2 - 1, correct) * (m1 - m2) / sd2
    f1, f2 = np.where(n1 > 1, n1 - 1, np.nan), np.where(n2 > 1, n2 - 1, np.nan)
    return y, (sd1 / sd2) ** 2 / f1 + 1 / f2 + y**2 / (2 * f2)


def d_to_log_odds_normal(
    m1: Array, sd1: Array, n1: Array, m2: Array, sd2: Array, n2: Array
) -> Effect:
    """Cohen's d times 1.65, a log odds ratio of normal outcomes (Cox and Snell 1989).

    Examples
    --------
    >>> one = np.array([[55.0], [47.0], [155.0], [75.0], [64.0], [156.0]])
    >>> d_to_log_odds_normal(*one)[0].round(4)
    array([-0.5875])
    """
    y, v = standardized_mean_difference(m1, sd1, n1, m2, sd2, n2, correct=False)
    return 1.65 * y, 1.65**2 * v


def d_to_log_odds_logistic(
    m1: Array, sd1: Array, n1: Array, m2: Array, sd2: Array, n2: Array
) -> Effect:
    """Cohen's d · π/√3, a log odds ratio of logistic outcomes (Chinn 2000).

    Examples
    --------
    >>> one = np.array([[55.0], [47.0], [155.0], [75.0], [64.0], [156.0]])
    >>> d_to_log_odds_logistic(*one)[0].round(4)
    array([-0.6458])
    """
    y, v = standardized_mean_difference(m1, sd1, n1, m2, sd2, n2, correct=False)
    return y * np.pi / np.sqrt(3), v * np.pi**2 / 3
