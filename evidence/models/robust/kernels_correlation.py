"""Correlations of sampling errors within a cluster, from who was compared with whom, when, on what.

An effect is the difference of two conditions (group, time); the error of a condition has variance
1 / weight, errors of one group are correlated phi^|lag| between times, and groups share nobody.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from evidence.errors import FitError, Problem

Array = NDArray[np.float64]
Codes = NDArray[np.intp]


class Conditions(NamedTuple):
    """One side of the contrasts: group codes, times and weights, each (k,)."""

    group: Codes
    time: Array
    weight: Array


def _shared(a: Conditions, b: Conditions, phi: float) -> Array:
    """Covariance of condition errors, rows of a against rows of b (k, k)."""
    lag = np.abs(a.time[:, None] - b.time)
    same = a.group[:, None] == b.group
    return np.where(same, phi**lag, 0.0) / np.sqrt(a.weight[:, None] * b.weight)


def contrast_correlation(first: Conditions, second: Conditions, phi: float) -> Array:
    """Correlation of the differences first - second between rows (k, k).

    Gleser and Olkin 2009, sec. 19.3 (shared control), with an autoregressive correlation of
    occasions. Rows whose two conditions are one and the same have no variance: NaN. Checked
    against metafor ``vcalc``.

    Examples
    --------
    >>> one = Conditions(np.array([0, 1]), np.zeros(2), np.ones(2))
    >>> other = Conditions(np.array([2, 2]), np.zeros(2), np.ones(2))
    >>> contrast_correlation(one, other, 1.0).tolist()
    [[1.0, 0.5], [0.5, 1.0]]
    """
    joint = _shared(first, first, phi) + _shared(second, second, phi)
    cross = _shared(first, second, phi)
    joint = joint - cross - cross.T
    spread = np.diag(joint)
    spread = np.where(spread > 1e-12 * np.abs(joint).max(initial=1.0), spread, np.nan)
    return np.asarray(joint / np.sqrt(spread[:, None] * spread))


def lag_correlation(time: Array, phi: float) -> Array:
    """phi^|lag| between rows (k, k).

    Examples
    --------
    >>> lag_correlation(np.array([1.0, 3.0]), 0.5).tolist()
    [[1.0, 0.25], [0.25, 1.0]]
    """
    return np.asarray(phi ** np.abs(time[:, None] - time))


def construct_correlation(
    obs: Codes | None, type_: Codes | None, within: Array | None, between: Array | None
) -> Array | float:
    """Correlation by what was measured: 1 for the same, else that of the two codes.

    ``within`` and ``between`` are looked up at the codes of ``obs`` and of ``type_``: between rows
    of different types it is ``between``, else between different observations ``within``.
    """
    found: Array | float = 1.0
    if obs is not None and within is not None:
        found = np.where(obs[:, None] == obs, 1.0, within[obs[:, None], obs])
    if type_ is not None and between is not None:
        found = np.where(type_[:, None] == type_, found, between[type_[:, None], type_])
    return found


def nearest_positive_definite(correlation: Array, floor: float = 1e-8) -> Array:
    """Nearest correlation matrix in the Frobenius norm, its eigenvalues not below ``floor``.

    Higham 2002, algorithm 3.3: alternating projections with Dykstra's correction. Checked against
    metafor ``vcalc(nearpd = TRUE)``.

    Raises
    ------
    FitError
        If the projections do not converge.
    """
    found, correction = correlation.copy(), np.zeros_like(correlation)
    for _ in range(20000):
        values, vectors = np.linalg.eigh(found - correction)
        semidefinite = (vectors * np.maximum(values, 0.0)) @ vectors.T
        correction = semidefinite - (found - correction)
        before, found = found, semidefinite.copy()
        np.fill_diagonal(found, 1.0)
        if np.abs(found - before).max() < 1e-13:
            values, vectors = np.linalg.eigh(found)
            lifted = (vectors * np.maximum(values, floor * values[-1])) @ vectors.T
            scale = 1.0 / np.sqrt(np.diag(lifted))
            return np.asarray(0.5 * (lifted + lifted.T) * np.outer(scale, scale))
    right = "state correlations that agree with each other"
    problem = Problem("nearest", "the nearest correlation matrix was not found", right)
    raise FitError("the search did not converge", [problem])


def smallest_share(covariance: Array) -> float:
    """Smallest eigenvalue of the correlations: 0 or below where they are not positive definite.

    Examples
    --------
    >>> round(smallest_share(np.array([[4.0, 2.0], [2.0, 4.0]])), 6)
    0.5
    """
    sd = np.sqrt(np.diag(covariance))
    return float(np.linalg.eigvalsh(covariance / np.outer(sd, sd))[0])
