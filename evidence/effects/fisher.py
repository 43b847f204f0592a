"""Rules on correlations and Fisher's z: plain functions of floats and arrays, as in ``recover``."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from evidence.effects import recover

Array = NDArray[np.float64]


def fisher_z(r: ArrayLike) -> Array:
    """Fisher's z of a correlation.

    Examples
    --------
    >>> round(float(fisher_z(-0.367)), 4)
    -0.385
    """
    return np.arctanh(r)


def se_fisher_z(n: ArrayLike) -> Array:
    """Standard error of Fisher's z, 1 / sqrt(n - 3) (Fisher 1921).

    Examples
    --------
    >>> float(se_fisher_z(28))
    0.2
    """
    df = np.asarray(n, float) - 3
    return np.asarray(1 / np.sqrt(np.where(df > 0, df, np.nan)))


def se_fisher_z_from_ci(low: ArrayLike, high: ArrayLike, level: ArrayLike) -> Array:
    """Standard error of Fisher's z from the limits of the correlation.

    Examples
    --------
    >>> round(float(se_fisher_z_from_ci(0.1734, 0.5059, 0.95)), 4)
    0.0975
    """
    return recover.se_from_ci(np.arctanh(low), np.arctanh(high), level)


def fisher_z_from_p(p: ArrayLike, n: ArrayLike) -> Array:
    """Fisher's z, without its sign, of a correlation from the two-sided P of its t test and n.

    Examples
    --------
    >>> round(float(fisher_z_from_p(0.026, 37)), 3)
    0.384
    """
    df = np.asarray(n, float) - 2
    t = -special.stdtrit(df, np.asarray(p, float) / 2)
    return np.asarray(np.arcsinh(t / np.sqrt(df)))
