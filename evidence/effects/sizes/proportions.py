"""One group: x with the event and m without, n = x + m.

Kernels take arrays of shape (k,) and give estimate and variance, shape (k,).
Checked against metafor 5.0-1 as far as tests/reference/effect_sizes has the measure and vtype.
"""

from __future__ import annotations

import numpy as np
from scipy.stats import norm

from evidence.effects.sizes.correction import Array, Effect, weighted_mean


def proportion(x: Array, m: Array, *, vtype: str = "LS") -> Effect:
    """Proportion with the event.

    ``vtype`` "UB" divides by n − 1, "AV" puts the mean over the rows into the variance.

    Examples
    --------
    >>> proportion(np.array([4.0]), np.array([4.0]))
    (array([0.5]), array([0.03125]))
    """
    n = x + m
    y = x / n
    if vtype == "UB":
        return y, y * (1 - y) / (n - 1)
    p = weighted_mean(y, n) if vtype == "AV" else y
    return y, p * (1 - p) / n


def log_proportion(x: Array, m: Array, *, vtype: str = "LS") -> Effect:
    """Logarithm of the proportion; ``vtype`` "AV" as in :func:`proportion`.

    Examples
    --------
    >>> log_proportion(np.array([4.0]), np.array([4.0]))[1]
    array([0.125])
    """
    n = x + m
    if vtype == "AV":
        p = weighted_mean(x / n, n)
        return np.log(x / n), (1 - p) / (p * n)
    return np.log(x / n), 1 / x - 1 / n


def logit_proportion(x: Array, m: Array, *, vtype: str = "LS") -> Effect:
    """Log odds; ``vtype`` "AV" as in :func:`proportion`.

    Examples
    --------
    >>> logit_proportion(np.array([4.0]), np.array([4.0]))
    (array([0.]), array([0.5]))
    """
    if vtype == "AV":
        n = x + m
        p = weighted_mean(x / n, n)
        return np.log(x / m), 1 / (p * (1 - p) * n)
    return np.log(x / m), 1 / x + 1 / m


def probit_proportion(x: Array, m: Array) -> Effect:
    """Normal quantile of the proportion, by the delta method.

    Examples
    --------
    >>> probit_proportion(np.array([4.0]), np.array([4.0]))[1].round(4)
    array([0.1963])
    """
    n = x + m
    z = norm.ppf(x / n)
    return z, x * m / n**3 / norm.pdf(z) ** 2


def arcsine_proportion(x: Array, m: Array) -> Effect:
    """Arcsine of the root of the proportion (Anscombe 1948).

    Examples
    --------
    >>> arcsine_proportion(np.array([4.0]), np.array([4.0]))[0].round(4)
    array([0.7854])
    """
    n = x + m
    return np.arcsin(np.sqrt(x / n)), 1 / (4 * n)


def freeman_tukey_proportion(x: Array, m: Array) -> Effect:
    """Mean of the arcsines of √(x/(n + 1)) and √((x + 1)/(n + 1)) (Freeman and Tukey 1950).

    Examples
    --------
    >>> freeman_tukey_proportion(np.array([4.0]), np.array([4.0]))[1].round(5)
    array([0.02941])
    """
    n = x + m
    y = (np.arcsin(np.sqrt(x / (n + 1))) + np.arcsin(np.sqrt((x + 1) / (n + 1)))) / 2
    return y, 1 / (4 * n + 2)
