"""Basic contrasts: the arms of each study against one of them, with their full covariance."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy import linalg, optimize

from evidence.errors import FitError, Problem
from evidence.models.network.kernels_graph import Array, Edges, Indices, variance_matrix

_GRID = 80  # points of tau2 at which the slope of the likelihood is looked at before refining


class Basic(NamedTuple):
    """Basic contrasts, r rows in all.

    ``y`` (r,), ``x`` (r, n) their treatments, ``s`` (r, r) sampling covariance, ``h`` (r, r)
    covariance per unit of tau2, ``study`` (r,).
    """

    y: Array
    x: Array
    s: Array
    h: Array
    study: Indices


def basic_contrasts(edges: Edges, base: int | None = None, *, correlated: bool = True) -> Basic:
    """Contrasts of each study's arms with its base (Salanti 2008).

    The base is treatment ``base`` where a study has it, else the first of its first contrast.
    ``correlated=False`` leaves out the sampling covariance within multi-arm studies.
    """
    ys, xs, ss, hs, studies = [], [], [], [], []
    for rows in edges.groups:
        arms, found = variance_matrix(edges, rows, edges.v)
        m = len(arms)
        p, q = (np.searchsorted(arms, z[rows]) for z in (edges.first, edges.second))
        values = np.zeros((m, m))
        values[p, q], values[q, p] = edges.y[rows], -edges.y[rows]
        held = base is not None and base in arms
        b = int(np.flatnonzero(arms == base)[0]) if held else int(p[0])
        others = np.delete(np.arange(m), b)
        x = np.zeros((m - 1, edges.n))
        x[np.arange(m - 1), arms[others]], x[:, arms[b]] = 1.0, -1.0
        own = found[others, b]
        shared = 0.5 * (own[:, None] + own[None, :] - found[np.ix_(others, others)])
        ys.append(values[others, b])
        xs.append(x)
        ss.append(shared if correlated else np.diag(own))
        hs.append(0.5 * (np.eye(m - 1) + 1.0))
        studies.append(np.full(m - 1, edges.study[rows[0]]))
    return Basic(
        np.concatenate(ys),
        np.concatenate(xs),
        linalg.block_diag(*ss),
        linalg.block_diag(*hs),
        np.concatenate(studies),
    )


def column_basis(x: Array) -> Array:
    """Orthonormal basis of the columns of a design, which need not have full rank."""
    basis, _, _ = np.linalg.svd(x, full_matrices=False)
    return np.asarray(basis[:, : int(np.linalg.matrix_rank(x))])


def gls_q(y: Array, x: Array, v: Array) -> tuple[float, int]:
    """Q of generalised least squares and the rank of its design, which need not be full."""
    root = np.linalg.cholesky(v)
    columns = column_basis(x)
    z, u = (linalg.solve_triangular(root, part, lower=True) for part in (y, columns))
    basis = np.linalg.qr(u)[0]
    e = z - basis @ (basis.T @ z)
    return float(e @ e), columns.shape[1]


def projector(x: Array, v: Array) -> Array:
    """Matrix P of GLS, inverse(V) - inverse(V) X (X' inverse(V) X)^+ X' inverse(V)."""
    root = np.linalg.cholesky(v)
    basis = np.linalg.qr(linalg.solve_triangular(root, column_basis(x), lower=True))[0]
    inverse = linalg.solve_triangular(root, np.eye(len(v)), lower=True)
    rest = inverse - basis @ (basis.T @ inverse)
    return np.asarray(inverse.T @ rest)


def likelihood(basic: Basic, tau2: float, *, restricted: bool) -> tuple[float, float]:
    """Log-likelihood of tau2 without constants, and its slope.

    Examples
    --------
    >>> edges = Edges(np.arange(3), np.zeros(3, int), np.ones(3, int), np.array([0.0, 2.0, 4.0]),
    ...               np.ones(3), 2)
    >>> abs(likelihood(basic_contrasts(edges), 3.0, restricted=True)[1]) < 1e-12
    True
    """
    v = basic.s + tau2 * basic.h
    root = np.linalg.cholesky(v)
    u = linalg.solve_triangular(root, column_basis(basic.x), lower=True)
    q, r = np.linalg.qr(u)
    z = linalg.solve_triangular(root, basic.y, lower=True)
    e = z - q @ (q.T @ z)
    half = linalg.solve_triangular(root, basic.h, lower=True)
    g = linalg.solve_triangular(root, half.T, lower=True)  # root^-1 H root^-T
    height = -np.log(np.diag(root)).sum() - 0.5 * e @ e
    slope = -0.5 * np.trace(g) + 0.5 * e @ g @ e
    if restricted:
        height -= np.log(np.abs(np.diag(r))).sum()
        slope += 0.5 * np.trace(q.T @ g @ q)
    return float(height), float(slope)


def likelihood_tau2(basic: Basic, *, restricted: bool) -> float:
    """Maximum-likelihood or REML estimate of tau2: of several maxima the highest.

    Raises
    ------
    FitError
        If the slope of the likelihood does not turn within the range looked at.
    """
    floor = 1e-4 * float(np.diag(basic.s).min())
    top = 4.0 * float(basic.y @ basic.y + np.diag(basic.s).max())

    def slope(t: float) -> float:
        return likelihood(basic, t, restricted=restricted)[1]

    grid = np.concatenate([[0.0], np.geomspace(floor, max(top, 1e3 * floor), _GRID)])
    slopes = np.array([slope(t) for t in grid])
    if slopes[-1] > 0:
        problem = Problem("tau2", "the likelihood still rises", "another estimator of tau2")
        raise FitError("tau2 was not found", [problem])
    places = [0.0] if slopes[0] <= 0 else []
    for i in np.flatnonzero((slopes[:-1] > 0) & (slopes[1:] <= 0)):
        low, high = float(grid[i]), float(grid[i + 1])
        places.append(float(optimize.brentq(slope, low, high, xtol=1e-12 * high, rtol=1e-14)))
    return max(places, key=lambda t: likelihood(basic, t, restricted=restricted)[0])
