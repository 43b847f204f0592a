"""Mean and spread of one group.

Kernels take mean, SD and size, each shape (k,), and give estimate and variance, shape (k,).
Checked against metafor 5.0-1 as far as tests/reference/effect_sizes has the measure and vtype.
"""

from __future__ import annotations

import numpy as np

from evidence.effects.sizes.correction import Array, Effect, factor, weighted_mean


def mean(m: Array, sd: Array, n: Array, *, vtype: str = "LS") -> Effect:
    """Mean; ``vtype`` "HO" takes one SD for all rows, pooled over them.

    Examples
    --------
    >>> mean(np.array([2.0]), np.array([6.0]), np.array([9.0]))
    (array([2.]), array([4.]))
    """
    if vtype == "HO":
        return m, weighted_mean(sd**2, n - 1) / n
    return m, sd**2 / n


def standardized_mean(m: Array, sd: Array, n: Array, *, correct: bool = True) -> Effect:
    """Mean over its SD, corrected with n − 1 df.

    Examples
    --------
    >>> standardized_mean(np.array([2.0]), np.array([4.0]), np.array([9.0]))[0].round(4)
    array([0.4514])
    """
    y = factor(n - 1, correct) * m / sd
    return y, 1 / n + y**2 / (2 * n)


def log_mean(m: Array, sd: Array, n: Array, *, correct: bool = True) -> Effect:
    """Log mean, corrected by the second-order term (Lajeunesse 2015). NaN where it is not above 0.

    Examples
    --------
    >>> log_mean(np.array([2.0]), np.array([1.0]), np.array([25.0]))[1]
    array([0.01])
    """
    v = sd**2 / (n * m**2)
    return np.log(m) + (v / 2 if correct else 0.0), v


def log_sd(sd: Array, n: Array, *, correct: bool = True) -> Effect:
    """Log SD (Nakagawa 2015).

    Examples
    --------
    >>> log_sd(np.array([1.0]), np.array([6.0]))
    (array([0.1]), array([0.1]))
    """
    v = 1 / (2 * np.where(n > 1, n - 1, np.nan))
    return np.log(sd) + (v if correct else 0.0), v


def log_coefficient_of_variation(m: Array, sd: Array, n: Array, *, correct: bool = True) -> Effect:
    """Log coefficient of variation (Nakagawa 2015), corrected as the ratio of two is.

    Examples
    --------
    >>> one = np.array([2.0]), np.array([1.0]), np.array([26.0])
    >>> log_coefficient_of_variation(*one)[1].round(4)
    array([0.0296])
    """
    spread, v_spread = log_sd(sd, n, correct=correct)
    level, v_level = log_mean(m, sd, n, correct=correct)
    return spread - level, v_spread + v_level
