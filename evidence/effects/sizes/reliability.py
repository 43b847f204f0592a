"""Cronbach's alpha of a scale of m items answered by n people.

Kernels take arrays of shape (k,) and give estimate and variance, shape (k,).
Checked against metafor 5.0-1 as far as tests/reference/effect_sizes has the measure and vtype.
"""

from __future__ import annotations

import numpy as np

from evidence.effects.sizes.correction import Array, Effect


def alpha_raw(alpha: Array, m: Array, n: Array) -> Effect:
    """Alpha as it stands (Bonett 2002).

    Examples
    --------
    >>> y, v = alpha_raw(np.array([0.71]), np.array([5.0]), np.array([40.0]))
    >>> v.round(6)
    array([0.005533])
    """
    return alpha, 2 * m * (1 - alpha) ** 2 / ((m - 1) * (n - 2))


def alpha_cube_root(alpha: Array, m: Array, n: Array) -> Effect:
    """1 − (1 − α)^(1/3) (Hakstian and Whalen 1976).

    Examples
    --------
    >>> alpha_cube_root(np.array([0.71]), np.array([5.0]), np.array([40.0]))[0].round(4)
    array([0.3381])
    """
    v = 18 * m * (n - 1) * np.cbrt(1 - alpha) ** 2 / ((m - 1) * (9 * n - 11) ** 2)
    return 1 - np.cbrt(1 - alpha), v


def alpha_log(alpha: Array, m: Array, n: Array) -> Effect:
    """−log(1 − α) (Bonett 2002).

    Examples
    --------
    >>> alpha_log(np.array([0.71]), np.array([5.0]), np.array([40.0]))[0].round(4)
    array([1.2379])
    """
    return -np.log(1 - alpha), 2 * m / ((m - 1) * (n - 2))
