"""Events in person-time: x events in t, in two groups or in one.

Kernels take arrays of shape (k,) and give estimate and variance, shape (k,); time in any unit, the
same in both groups.
Checked against metafor 5.0-1 as far as tests/reference/effect_sizes has the measure and vtype.
"""

from __future__ import annotations

import numpy as np

from evidence.effects.sizes.correction import Array, Effect


def rate_ratio(x1: Array, t1: Array, x2: Array, t2: Array) -> Effect:
    """Log ratio of two Poisson rates (Rothman 2008, chapter 14).

    Examples
    --------
    >>> y, v = rate_ratio(*np.array([[7.0], [1344.0], [11.0], [1988.0]]))
    >>> y.round(4), v.round(4)
    (array([-0.0605]), array([0.2338]))
    """
    return np.log(x1 / t1) - np.log(x2 / t2), 1 / x1 + 1 / x2


def rate_difference(x1: Array, t1: Array, x2: Array, t2: Array) -> Effect:
    """Difference of two Poisson rates (Rothman 2008, chapter 14).

    Examples
    --------
    >>> rate_difference(*np.array([[7.0], [1344.0], [11.0], [1988.0]]))[0].round(6)
    array([-0.000325])
    """
    return x1 / t1 - x2 / t2, x1 / t1**2 + x2 / t2**2


def root_rate_difference(x1: Array, t1: Array, x2: Array, t2: Array) -> Effect:
    """Difference of the square roots of two rates, whose variance needs no rate.

    Examples
    --------
    >>> root_rate_difference(*np.array([[7.0], [1344.0], [11.0], [1988.0]]))[0].round(6)
    array([-0.002217])
    """
    return np.sqrt(x1 / t1) - np.sqrt(x2 / t2), 1 / (4 * t1) + 1 / (4 * t2)


def rate(x: Array, t: Array) -> Effect:
    """A Poisson rate.

    Examples
    --------
    >>> rate(np.array([19.0]), np.array([398.0]))[0].round(5)
    array([0.04774])
    """
    return x / t, x / t**2


def log_rate(x: Array, t: Array) -> Effect:
    """Logarithm of a Poisson rate.

    Examples
    --------
    >>> log_rate(np.array([19.0]), np.array([398.0]))[0].round(5)
    array([-3.04201])
    """
    return np.log(x / t), 1 / x


def root_rate(x: Array, t: Array) -> Effect:
    """Square root of a Poisson rate.

    Examples
    --------
    >>> root_rate(np.array([19.0]), np.array([398.0]))[0].round(5)
    array([0.21849])
    """
    return np.sqrt(x / t), 1 / (4 * t)


def freeman_tukey_rate(x: Array, t: Array) -> Effect:
    """Mean of the roots of x/t and (x + 1)/t (Freeman and Tukey 1950).

    Examples
    --------
    >>> freeman_tukey_rate(np.array([19.0]), np.array([398.0]))[0].round(5)
    array([0.22133])
    """
    return (np.sqrt(x / t) + np.sqrt((x + 1) / t)) / 2, 1 / (4 * t)
