"""Matched pairs: a with the event twice, b only in the first, c only in the second, d never.

Kernels take the four cells, each shape (k,), and give estimate and variance, shape (k,).
Checked against metafor 5.0-1 as far as tests/reference/effect_sizes has the measure and vtype.
"""

from __future__ import annotations

import numpy as np

from evidence.effects.sizes.correction import Array, Effect


def matched_risk_ratio(a: Array, b: Array, c: Array, d: Array) -> Effect:
    """Log ratio of the two marginal risks (Zou 2007).

    Examples
    --------
    >>> y, v = matched_risk_ratio(*np.array([[10.0], [4.0], [7.0], [20.0]]))
    >>> y.round(4), v.round(4)
    (array([-0.1942]), array([0.0462]))
    """
    return np.log((a + b) / (a + c)), (b + c) / ((a + b) * (a + c)) + 0 * d


def matched_odds_ratio(a: Array, b: Array, c: Array, d: Array) -> Effect:
    """Log ratio of the two marginal odds, correlation accounted for (Becker and Balagtas 1993).

    Examples
    --------
    >>> y, v = matched_odds_ratio(*np.array([[10.0], [4.0], [7.0], [20.0]]))
    >>> y.round(4), v.round(4)
    (array([-0.3119]), array([0.1175]))
    """
    first, second, n = (a + b) * (c + d), (a + c) * (b + d), a + b + c + d
    y = np.log((a + b) / (c + d)) - np.log((a + c) / (b + d))
    return y, n / first + n / second - 2 * n * (a * d - b * c) / (first * second)


def matched_conditional_odds_ratio(a: Array, b: Array, c: Array, d: Array) -> Effect:
    """Log ratio of the discordant pairs, the conditional odds ratio (McNemar 1947).

    Examples
    --------
    >>> y, v = matched_conditional_odds_ratio(*np.array([[10.0], [4.0], [7.0], [20.0]]))
    >>> y.round(4), v.round(4)
    (array([-0.5596]), array([0.3929]))
    """
    return np.log(b / c) + 0 * (a + d), 1 / b + 1 / c


def matched_peto_odds_ratio(a: Array, b: Array, c: Array, d: Array) -> Effect:
    """Conditional log odds ratio by one step from no effect (Curtin 2002).

    Examples
    --------
    >>> y, v = matched_peto_odds_ratio(*np.array([[10.0], [4.0], [7.0], [20.0]]))
    >>> y.round(4), v.round(4)
    (array([-0.5455]), array([0.3636]))
    """
    return 2 * (b - c) / (b + c) + 0 * (a + d), 4 / (b + c)


def matched_risk_difference(a: Array, b: Array, c: Array, d: Array) -> Effect:
    """Difference of the two marginal risks (McNemar 1947).

    Examples
    --------
    >>> y, v = matched_risk_difference(*np.array([[10.0], [4.0], [7.0], [20.0]]))
    >>> y.round(4), v.round(5)
    (array([-0.0732]), array([0.00641]))
    """
    n = a + b + c + d
    y = (b - c) / n
    return y, ((b + c) / n - y**2) / n
