"""From two groups' means to a correlation with the group, or to the chance of being the larger.

Kernels take mean, SD and size of the first group, then of the second, each shape (k,), and give
estimate and variance, shape (k,).
Checked against metafor 5.0-1 as far as tests/reference/effect_sizes has the measure and vtype.
"""

from __future__ import annotations

import numpy as np
from scipy.stats import norm

from evidence.effects.sizes.correction import Array, Effect
from evidence.effects.sizes.means import standardized_mean_difference


def point_biserial(
    m1: Array, sd1: Array, n1: Array, m2: Array, sd2: Array, n2: Array, *, vtype: str = "LS"
) -> Effect:
    """Correlation of the outcome with the group.

    ``vtype`` "ST" (and "LS", the default): the group sizes were fixed, delta method from d.
    "CS": only the total was (Tate 1954).

    Examples
    --------
    >>> one = np.array([[55.0], [47.0], [155.0], [75.0], [64.0], [156.0]])
    >>> y, v = point_biserial(*one)
    >>> y.round(4), v.round(5)
    (array([-0.1758]), array([0.00299]))
    """
    d, v = standardized_mean_difference(m1, sd1, n1, m2, sd2, n2, correct=False)
    total = n1 + n2
    h = (total - 2) * (1 / n1 + 1 / n2)
    y = d / np.sqrt(d**2 + h)
    if vtype == "CS":
        odd = y**2 * total**2 / (4 * n1 * n2)
        return y, (1 - y**2) ** 2 * (1 - 1.5 * y**2 + odd) / total
    return y, h**2 / (h + d**2) ** 3 * v


def point_biserial_z(
    m1: Array, sd1: Array, n1: Array, m2: Array, sd2: Array, n2: Array, *, vtype: str = "LS"
) -> Effect:
    """Fisher's z of the point-biserial correlation, by the delta method.

    Examples
    --------
    >>> one = np.array([[55.0], [47.0], [155.0], [75.0], [64.0], [156.0]])
    >>> point_biserial_z(*one)[0].round(4)
    array([-0.1777])
    """
    y, v = point_biserial(m1, sd1, n1, m2, sd2, n2, vtype=vtype)
    return np.arctanh(y), v / (1 - y**2) ** 2


def biserial(m1: Array, sd1: Array, n1: Array, m2: Array, sd2: Array, n2: Array) -> Effect:
    """Correlation with a normal variable that was cut into two groups (Soper 1914).

    Estimates beyond 1 in size, which far-apart groups can give, stay as they are.

    Examples
    --------
    >>> one = np.array([[55.0], [47.0], [155.0], [75.0], [64.0], [156.0]])
    >>> y, v = biserial(*one)
    >>> y.round(4), v.round(5)
    (array([-0.2203]), array([0.00468]))
    """
    r, _ = point_biserial(m1, sd1, n1, m2, sd2, n2)
    total = n1 + n2
    p, q = n1 / total, n2 / total
    z = norm.ppf(p)
    f = norm.pdf(z)
    y = np.sqrt(p * q) / f * r
    middle = 1.5 + (1 + p * z / f) * (1 - q * z / f)
    return y, (p * q / f**2 - middle * y**2 + y**4) / (total - 1)


def biserial_z(m1: Array, sd1: Array, n1: Array, m2: Array, sd2: Array, n2: Array) -> Effect:
    """Fisher's z of the biserial correlation, by the delta method; NaN where that exceeds 1.

    Examples
    --------
    >>> one = np.array([[55.0], [47.0], [155.0], [75.0], [64.0], [156.0]])
    >>> biserial_z(*one)[0].round(4)
    array([-0.224])
    """
    y, v = biserial(m1, sd1, n1, m2, sd2, n2)
    return np.arctanh(y), v / (1 - y**2) ** 2


def chance_of_larger(m1: Array, sd1: Array, n1: Array, m2: Array, sd2: Array, n2: Array) -> Effect:
    """P(first > second) of two normal outcomes: Φ((m1 − m2) / √(sd1² + sd2²)) (McGraw, Wong 1992).

    Variance by the delta method with n − 1 in place of n.

    Examples
    --------
    >>> one = np.array([[55.0], [47.0], [155.0], [75.0], [64.0], [156.0]])
    >>> chance_of_larger(*one)[0].round(4)
    array([0.4006])
    """
    f1, f2 = np.where(n1 > 1, n1 - 1, np.nan), np.where(n2 > 1, n2 - 1, np.nan)
    spread = sd1**2 + sd2**2
    z = (m1 - m2) / np.sqrt(spread)
    around = (sd1**2 / f1 + sd2**2 / f2) / spread
    v = around + z**2 * (sd1**4 / f1 + sd2**4 / f2) / (2 * spread**2)
    return norm.cdf(z), norm.pdf(z) ** 2 * v
