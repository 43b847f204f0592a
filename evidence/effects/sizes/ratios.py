"""Ratios of two groups' means, of their SDs, and of their coefficients of variation (all logs).

Kernels take mean, SD and size of the first group, then of the second, each shape (k,), and give
estimate and variance, shape (k,). NaN where the means do not have one sign or a group is too small.
Checked against metafor 5.0-1 as far as tests/reference/effect_sizes has the measure and vtype.
"""

from __future__ import annotations

import numpy as np

from evidence.effects.sizes.correction import Array, Effect, weighted_mean
from evidence.effects.sizes.means import pooled_sd


def ratio_of_means(
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
    """Log ratio of means (Hedges 1999), corrected by the second-order term (Lajeunesse 2015).

    ``vtype``: "HO" one SD for both groups, "AV" each group's mean coefficient of variation over
    the rows, "AVHO" one such mean for both (Nakagawa 2023).

    Examples
    --------
    >>> one = np.array([[55.0], [47.0], [155.0], [75.0], [64.0], [156.0]])
    >>> y, v = ratio_of_means(*one)
    >>> y.round(4), v.round(5)
    (array([-0.3101]), array([0.00938]))
    """
    first, second = sd1**2 / (n1 * m1**2), sd2**2 / (n2 * m2**2)
    y = np.log(m1 / m2) + (0.5 * (first - second) if correct else 0.0)
    cv1, cv2 = sd1 / m1, sd2 / m2
    if vtype == "HO":
        variance = pooled_sd(sd1, n1, sd2, n2) ** 2
        return y, variance / (n1 * m1**2) + variance / (n2 * m2**2)
    if vtype == "AV":
        return y, weighted_mean(cv1, n1) ** 2 / n1 + weighted_mean(cv2, n2) ** 2 / n2
    if vtype == "AVHO":
        both = weighted_mean((n1 * cv1 + n2 * cv2) / (n1 + n2), n1 + n2)
        return y, both**2 * (1 / n1 + 1 / n2)
    return y, first + second


def variability_ratio(
    sd1: Array, n1: Array, sd2: Array, n2: Array, *, correct: bool = True
) -> Effect:
    """Log ratio of SDs (Nakagawa 2015).

    Examples
    --------
    >>> variability_ratio(*np.array([[47.0], [155.0], [64.0], [156.0]]))[0].round(4)
    array([-0.3087])
    """
    f1, f2 = 2 * np.where(n1 > 1, n1 - 1, np.nan), 2 * np.where(n2 > 1, n2 - 1, np.nan)
    return np.log(sd1 / sd2) + (1 / f1 - 1 / f2 if correct else 0.0), 1 / f1 + 1 / f2


def coefficient_of_variation_ratio(
    m1: Array, sd1: Array, n1: Array, m2: Array, sd2: Array, n2: Array, *, correct: bool = True
) -> Effect:
    """Log ratio of coefficients of variation (Nakagawa 2015), corrected as in Senior 2020.

    Examples
    --------
    >>> one = np.array([[55.0], [47.0], [155.0], [75.0], [64.0], [156.0]])
    >>> y, v = coefficient_of_variation_ratio(*one)
    >>> y.round(5), v.round(5)
    (array([0.00142]), array([0.01585]))
    """
    spread, v_spread = variability_ratio(sd1, n1, sd2, n2, correct=correct)
    ratio, v_ratio = ratio_of_means(m1, sd1, n1, m2, sd2, n2, correct=correct)
    return spread - ratio, v_spread + v_ratio
