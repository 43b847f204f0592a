"""Covariance of the random effects of one group: spreads, correlations, and their slopes.

Every structure is sd_a sd_b r_ab for the levels a and b. Correlations are searched for on angles,
where the ends of their range are ordinary points with slope 0: r = middle + half sin(angle), and
for the unstructured matrix the Cholesky factor with rows of length 1 (Pinheiro and Bates 1996).
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from evidence.models.multilevel.kernels_blocks import Part, Term

Array = NDArray[np.float64]
COMPLEX_STEP = 1e-30


class Structure(NamedTuple):
    """What a structure has: a spread for each level (or one), and which correlations.

    ``correlation`` is "none", "equal", "lag" or "free".
    """

    one_each: bool
    correlation: str


STRUCTURES = {
    "intercept": Structure(False, "none"),
    "identity": Structure(False, "none"),
    "diagonal": Structure(True, "none"),
    "compound_symmetry": Structure(False, "equal"),
    "heterogeneous_compound_symmetry": Structure(True, "equal"),
    "unstructured": Structure(True, "free"),
    "autoregressive": Structure(False, "lag"),
    "heterogeneous_autoregressive": Structure(True, "lag"),
    "continuous_autoregressive": Structure(False, "lag"),
}


def counts(term: Term) -> tuple[int, int]:
    """Number of spreads and of correlations of a term."""
    kind, j = STRUCTURES[term.structure], term.levels
    spreads = j if kind.one_each else 1
    return spreads, {"none": 0, "free": j * (j - 1) // 2}.get(kind.correlation, 1)


def pairs(j: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Levels (a < b) of the correlations of an unstructured matrix: 01, 02, ..., 12, ..."""
    return np.triu_indices(j, 1)


def bounds(term: Term) -> tuple[float, float]:
    """Smallest and largest correlation that leaves a covariance matrix.

    Equal correlations: from -1 / (m - 1), m the most levels that one group has.
    """
    if term.structure == "continuous_autoregressive":
        return 0.0, 1.0
    if STRUCTURES[term.structure].correlation == "equal":
        return -1.0 / max(1, _most_levels(term) - 1), 1.0
    return -1.0, 1.0


def _most_levels(term: Term) -> int:
    seen = np.unique(np.column_stack([term.outer, term.inner]), axis=0)
    return int(np.bincount(seen[:, 0]).max())


def correlation_matrix(angles: Any, j: int, order: NDArray[np.intp]) -> Array:
    """Correlation matrix (j, j) from j (j - 1) / 2 angles; levels are taken in the given order.

    The first angle decides the correlation of the first two levels of that order alone: its sine.

    Examples
    --------
    >>> correlation_matrix(np.array([np.pi / 6]), 2, np.arange(2)).round(12).tolist()
    [[1.0, 0.5], [0.5, 1.0]]
    """
    factor = np.zeros((j, j), dtype=angles.dtype)
    factor[0, 0], at = 1.0, 0
    for row in range(1, j):
        left = angles.dtype.type(1.0)
        for column in range(row):
            factor[row, column] = left * np.sin(angles[at])
            left, at = left * np.cos(angles[at]), at + 1
        factor[row, row] = left
    back = np.argsort(order)
    return np.asarray((factor @ factor.T)[np.ix_(back, back)])


def correlation_slopes(angles: Array, j: int, order: NDArray[np.intp]) -> Array:
    """Slopes (angles, j, j) of ``correlation_matrix``, by complex steps: exact to rounding."""
    found = []
    for at in range(len(angles)):
        moved = angles.astype(np.complex128)
        moved[at] += 1j * COMPLEX_STEP
        found.append(correlation_matrix(moved, j, order).imag / COMPLEX_STEP)
    return np.asarray(found).reshape(len(angles), j, j)


def angles_of(correlation: Array, order: NDArray[np.intp]) -> Array:
    """Angles of a correlation matrix (j, j); the inverse of ``correlation_matrix``.

    Examples
    --------
    >>> angles = np.array([0.3, -0.2, 0.7])
    >>> made = correlation_matrix(angles, 3, np.arange(3))
    >>> bool(np.allclose(angles_of(made, np.arange(3)), angles))
    True
    """
    j = len(correlation)
    moved = correlation[np.ix_(order, order)]
    # A matrix at the edge of what is possible has no Cholesky factor: draw it in a little.
    factor = np.linalg.cholesky((1.0 - 1e-10) * moved + 1e-10 * np.eye(j))
    found = []
    for row in range(1, j):
        left = 1.0
        for column in range(row):
            ratio = np.clip(factor[row, column] / max(left, 1e-300), -1.0, 1.0)
            found.append(float(np.arcsin(ratio)))
            left *= float(np.sqrt(max(0.0, 1.0 - ratio**2)))
    return np.asarray(found)


class State(NamedTuple):
    """A term at some parameters: ``sd`` (1 or levels,), ``rho`` (1,) or (levels, levels) or ()."""

    sd: Array
    rho: Array


def correlations(term: Term, part: Part, state: State) -> Array:
    """Correlation r_ab of every two rows of a batch, (n, m, m) or broadcastable."""
    kind = STRUCTURES[term.structure].correlation
    if term.structure == "intercept":
        return np.ones((1, 1, 1))
    a, b = part.inner[:, :, None], part.inner[:, None, :]
    if kind == "none":
        return np.asarray(a == b, dtype=np.float64)
    if kind == "equal":
        return np.asarray(np.where(a == b, 1.0, state.rho[0]))
    if kind == "lag":
        return np.asarray(np.power(state.rho[0], part.lag))
    return np.asarray(state.rho[a, b])


def covariance(term: Term, part: Part, state: State) -> Array:
    """Contribution (n, m, m) of a term to the covariance of the rows of a batch."""
    r = correlations(term, part, state)
    if len(state.sd) == 1:
        return np.asarray(state.sd[0] ** 2 * part.shared * r)
    sd = state.sd[part.inner]
    return np.asarray(part.shared * r * sd[:, :, None] * sd[:, None, :])


def slopes(term: Term, part: Part, state: State, k: Array) -> tuple[Array, Array]:
    """Sum of K_ij dM_ij over a batch: slopes by each sd and by each correlation.

    For the unstructured matrix the second is (levels, levels): slopes by each entry.
    """
    kind = STRUCTURES[term.structure].correlation
    weighted = k * part.shared
    r = correlations(term, part, state)
    if len(state.sd) == 1:
        sd = np.full(part.inner.shape, state.sd[0])
        by_sd = np.array([2.0 * state.sd[0] * (weighted * r).sum()])
    else:
        sd = state.sd[part.inner]
        each = 2.0 * ((weighted * r) @ sd[:, :, None])[..., 0]
        by_sd = np.bincount(part.inner.ravel(), each.ravel(), minlength=term.levels)
    if kind == "none":
        return by_sd, np.zeros(0)
    scaled = weighted * sd[:, :, None] * sd[:, None, :]
    if kind == "free":
        j = term.levels
        cells = part.inner[:, :, None] * j + part.inner[:, None, :]
        return by_sd, np.bincount(cells.ravel(), scaled.ravel(), j * j).reshape(j, j).astype(float)
    if kind == "equal":
        apart = part.inner[:, :, None] != part.inner[:, None, :]
        return by_sd, np.array([scaled[apart].sum()])
    lag = np.where(part.lag > 0, part.lag, 1.0)
    # The root of a correlation, where lags are fractions, is infinitely steep at 0.
    base = max(state.rho[0], 1e-12) if term.structure.startswith("continuous") else state.rho[0]
    slope = np.where(part.lag > 0, part.lag * np.power(base, lag - 1.0), 0.0)
    return by_sd, np.array([(scaled * slope).sum()])


def level_covariance(term: Term, state: State) -> Array:
    """Covariance matrix G (levels, levels) of the effects of one group."""
    j, kind = term.levels, STRUCTURES[term.structure].correlation
    sd = np.broadcast_to(state.sd, (j,))
    r: Array
    if kind == "none":
        r = np.eye(j)
    elif kind == "equal":
        r = np.where(np.eye(j) > 0, 1.0, state.rho[0])
    elif kind == "lag":
        lag = np.abs(term.position[:, None] - term.position[None, :])
        r = np.asarray(np.power(state.rho[0], lag))
    else:
        r = state.rho
    return np.asarray(sd[:, None] * sd[None, :] * r)
