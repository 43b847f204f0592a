"""Events in two groups: a of n1 = a + b in the first, c of n2 = c + d in the second.

Every kernel takes the four cells, each of shape (k,), and gives estimate and variance of each
row, shape (k,). Where a row has no effect (no event anywhere, an empty group) it is NaN or
infinite here; :func:`~evidence.effects.sizes.frame.effect_sizes` sets it aside with the reason.
Checked against metafor 5.0-1 as far as tests/reference/effect_sizes has the measure and vtype.
"""

from __future__ import annotations

import numpy as np
from scipy.stats import norm

from evidence.effects.sizes.correction import Array, Effect, weighted_mean

NORMAL_SCALE = 1.65  # Cox and Snell 1989: logits over probits in the middle of the scale
LOGISTIC_SCALE = np.pi / np.sqrt(3)  # standard deviation of the logistic distribution


def risk_ratio(a: Array, b: Array, c: Array, d: Array, *, vtype: str = "LS") -> Effect:
    """Log risk ratio (Katz 1978).

    ``vtype`` "AV" puts the mean risks over the rows into the variance.

    Examples
    --------
    >>> y, v = risk_ratio(*np.array([[4.0], [119.0], [11.0], [128.0]]))
    >>> y.round(4), v.round(4)
    (array([-0.8893]), array([0.3256]))
    """
    n1, n2 = a + b, c + d
    y = np.log(a / n1) - np.log(c / n2)
    if vtype == "AV":
        p1, p2 = weighted_mean(a / n1, n1), weighted_mean(c / n2, n2)
        return y, (1 - p1) / (p1 * n1) + (1 - p2) / (p2 * n2)
    return y, 1 / a - 1 / n1 + 1 / c - 1 / n2


def odds_ratio(a: Array, b: Array, c: Array, d: Array) -> Effect:
    """Log odds ratio (Woolf 1955).

    Examples
    --------
    >>> y, v = odds_ratio(*np.array([[4.0], [119.0], [11.0], [128.0]]))
    >>> y.round(4), v.round(4)
    (array([-0.9387]), array([0.3571]))
    """
    return np.log(a) - np.log(b) - np.log(c) + np.log(d), 1 / a + 1 / b + 1 / c + 1 / d


def risk_difference(a: Array, b: Array, c: Array, d: Array, *, vtype: str = "LS") -> Effect:
    """Risk difference.

    ``vtype`` "UB" divides by n − 1 (unbiased), "AV" puts the mean risks over the rows into the
    variance, "HO" the common risk of the two groups of a row.

    Examples
    --------
    >>> y, v = risk_difference(*np.array([[4.0], [119.0], [11.0], [128.0]]))
    >>> y.round(4), v.round(6)
    (array([-0.0466]), array([0.00078]))
    """
    n1, n2 = a + b, c + d
    p1, p2 = a / n1, c / n2
    y = p1 - p2
    if vtype == "UB":
        return y, p1 * (1 - p1) / (n1 - 1) + p2 * (1 - p2) / (n2 - 1)
    if vtype == "AV":
        m1, m2 = weighted_mean(p1, n1), weighted_mean(p2, n2)
        return y, m1 * (1 - m1) / n1 + m2 * (1 - m2) / n2
    if vtype == "HO":
        p = (a + c) / (n1 + n2)
        return y, p * (1 - p) * (1 / n1 + 1 / n2)
    return y, p1 * (1 - p1) / n1 + p2 * (1 - p2) / n2


def peto_odds_ratio(a: Array, b: Array, c: Array, d: Array) -> Effect:
    """Log odds ratio by one step from no effect: (O − E) / V with variance 1 / V (Yusuf 1985).

    Examples
    --------
    >>> y, v = peto_odds_ratio(*np.array([[4.0], [119.0], [11.0], [128.0]]))
    >>> y.round(4), v.round(4)
    (array([-0.8604]), array([0.2828]))
    """
    n1, n2, m1, m2 = a + b, c + d, a + c, b + d
    n = n1 + n2
    information = n1 * n2 * m1 * m2 / (n**2 * (n - 1))
    return (a - n1 * m1 / n) / information, 1 / information


def arcsine_difference(a: Array, b: Array, c: Array, d: Array) -> Effect:
    """Difference of the arcsines of the roots of the risks (Rücker 2009).

    Examples
    --------
    >>> y, v = arcsine_difference(*np.array([[4.0], [119.0], [11.0], [128.0]]))
    >>> y.round(4), v.round(5)
    (array([-0.1038]), array([0.00383]))
    """
    n1, n2 = a + b, c + d
    y = np.arcsin(np.sqrt(a / n1)) - np.arcsin(np.sqrt(c / n2))
    return y, 1 / (4 * n1) + 1 / (4 * n2)


def probit_difference(a: Array, b: Array, c: Array, d: Array) -> Effect:
    """Difference of the probits of the risks, a standardized mean difference (Sánchez-Meca 2003).

    Examples
    --------
    >>> y, v = probit_difference(*np.array([[4.0], [119.0], [11.0], [128.0]]))
    >>> y.round(4), v.round(4)
    (array([-0.4341]), array([0.0725]))
    """
    n1, n2 = a + b, c + d
    p1, p2 = a / n1, c / n2
    z1, z2 = norm.ppf(p1), norm.ppf(p2)
    v = p1 * (1 - p1) / (n1 * norm.pdf(z1) ** 2) + p2 * (1 - p2) / (n2 * norm.pdf(z2) ** 2)
    return z1 - z2, v


def odds_ratio_to_d_normal(a: Array, b: Array, c: Array, d: Array) -> Effect:
    """Log odds ratio / 1.65: a standardized mean difference of normal outcomes (Cox, Snell 1989).

    Examples
    --------
    >>> odds_ratio_to_d_normal(*np.array([[4.0], [119.0], [11.0], [128.0]]))[0].round(4)
    array([-0.5689])
    """
    y, v = odds_ratio(a, b, c, d)
    return y / NORMAL_SCALE, v / NORMAL_SCALE**2


def odds_ratio_to_d_logistic(a: Array, b: Array, c: Array, d: Array) -> Effect:
    """Log odds ratio · √3/π: a standardized mean difference of logistic outcomes (Chinn 2000).

    Examples
    --------
    >>> odds_ratio_to_d_logistic(*np.array([[4.0], [119.0], [11.0], [128.0]]))[0].round(4)
    array([-0.5175])
    """
    y, v = odds_ratio(a, b, c, d)
    return y / LOGISTIC_SCALE, v / LOGISTIC_SCALE**2


def yule_q(a: Array, b: Array, c: Array, d: Array) -> Effect:
    """Yule's coefficient of association, (OR − 1) / (OR + 1) (Yule 1900, 1912).

    Examples
    --------
    >>> y, v = yule_q(*np.array([[4.0], [119.0], [11.0], [128.0]]))
    >>> y.round(4), v.round(4)
    (array([-0.4377]), array([0.0584]))
    """
    log_or, v = odds_ratio(a, b, c, d)
    y = np.tanh(log_or / 2)
    return y, v * (1 - y**2) ** 2 / 4


def yule_y(a: Array, b: Array, c: Array, d: Array) -> Effect:
    """Yule's coefficient of colligation, (√OR − 1) / (√OR + 1) (Yule 1912).

    Examples
    --------
    >>> y, v = yule_y(*np.array([[4.0], [119.0], [11.0], [128.0]]))
    >>> y.round(4), v.round(4)
    (array([-0.2305]), array([0.02]))
    """
    log_or, v = odds_ratio(a, b, c, d)
    y = np.tanh(log_or / 4)
    return y, v * (1 - y**2) ** 2 / 16


def phi(a: Array, b: Array, c: Array, d: Array, *, vtype: str = "LS") -> Effect:
    """Correlation of two yes-or-no variables, by the delta method.

    ``vtype`` "CS" (and "LS", the default): only the total was fixed (Yule 1912).
    "ST": the sizes of the two groups were.

    Examples
    --------
    >>> y, v = phi(*np.array([[4.0], [119.0], [11.0], [128.0]]))
    >>> y.round(4), v.round(5)
    (array([-0.1001]), array([0.00318]))
    """
    n1, n2 = a + b, c + d
    n = n1 + n2
    row, col = n1 / n, (a + c) / n
    y = (a * d - b * c) / np.sqrt(n1 * n2 * (a + c) * (b + d))
    if vtype != "ST":
        u, w = row * (1 - row), col * (1 - col)
        skew_row, skew_col = 2 * row - 1, 2 * col - 1
        third = (y + y**3 / 2) * skew_row * skew_col / np.sqrt(u * w)
        fourth = 0.75 * y**2 * (skew_row**2 / u + skew_col**2 / w)
        return y, (1 - y**2 + third - fourth) / n
    p1, p2 = a / n1, c / n2
    spread, mixed = np.sqrt(row * (1 - row)), col * (1 - col)
    inner = (p1 - p2) * (1 - 2 * col) / (2 * mixed)
    slope1 = spread / np.sqrt(mixed) * (1 - inner * row)
    slope2 = -spread / np.sqrt(mixed) * (1 + inner * (1 - row))
    return y, slope1**2 * p1 * (1 - p1) / n1 + slope2**2 * p2 * (1 - p2) / n2


def fisher_z_phi(a: Array, b: Array, c: Array, d: Array, *, vtype: str = "LS") -> Effect:
    """Fisher's z of the phi coefficient, by the delta method.

    Examples
    --------
    >>> fisher_z_phi(*np.array([[4.0], [119.0], [11.0], [128.0]]))[0].round(4)
    array([-0.1005])
    """
    y, v = phi(a, b, c, d, vtype=vtype)
    return np.arctanh(y), v / (1 - y**2) ** 2
