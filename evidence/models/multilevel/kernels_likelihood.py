"""Likelihood of y ~ N(X b, M), M = V + sum of the random terms, block by block, and its slopes.

With P = W - W X (X'WX)^-1 X'W, W = M^-1 (Harville 1977):
restricted: -2 l = (k - p) log 2 pi - log|X'X| + log|M| + log|X'WX| + y'Py,
full: -2 l = k log 2 pi + log|M| + y'Py,
dl = sum of K_ij dM_ij with K = (Py y'P - P) / 2, for the full likelihood (Py y'P - W) / 2.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import lapack

from evidence.errors import FitError, Problem
from evidence.models.multilevel.kernels_blocks import Batch, Term
from evidence.models.multilevel.kernels_structures import State, covariance

Array = NDArray[np.float64]
LOG_2PI = float(np.log(2.0 * np.pi))
LARGE = 50


def marginal(
    batches: tuple[Batch, ...], terms: tuple[Term, ...], states: tuple[State, ...]
) -> list[Array]:
    """Covariance M (n, m, m) of the blocks of every batch."""
    found = []
    for batch in batches:
        m = batch.v
        for term, part, state in zip(terms, batch.parts, states, strict=True):
            m = m + covariance(term, part, state)
        found.append(m)
    return found


class Solved(NamedTuple):
    """Generalised least squares at given covariances.

    ``root`` (n, m, m) per batch with root'root = M^-1; ``u`` = root X; ``residual`` = root (y - X
    b) (n, m); ``b`` (p,), ``cov`` = (X'WX)^-1; ``log_det`` of M, ``log_det_x`` of X'WX, ``q`` =
    y'Py.
    """

    root: list[Array]
    u: list[Array]
    residual: list[Array]
    b: Array
    cov: Array
    log_det: float
    log_det_x: float
    q: float


def solve(batches: tuple[Batch, ...], m: list[Array]) -> Solved | None:
    """Generalised least squares; None where a block is not positive definite.

    Examples
    --------
    >>> y, x, v = np.array([[0.0, 2.0]]), np.ones((1, 2, 1)), np.eye(2)[None]
    >>> found = solve((Batch(np.array([[0, 1]]), y, x, v, ()),), [v])
    >>> found.b.round(12).tolist(), round(found.q, 12)
    ([1.0], 2.0)
    """
    roots, us, zs, log_det = [], [], [], 0.0
    for batch, block in zip(batches, m, strict=True):
        try:
            factor = np.linalg.cholesky(block)
        except np.linalg.LinAlgError:
            return None
        diagonal = np.diagonal(factor, axis1=-2, axis2=-1)
        if not np.all(diagonal > 0):
            return None
        log_det += 2.0 * float(np.log(diagonal).sum())
        root = _inverse_of_lower(factor)
        roots.append(root)
        us.append(root @ batch.x)
        zs.append((root @ batch.y[..., None])[..., 0])
    p = batches[0].x.shape[-1]
    u_all = np.concatenate([u.reshape(-1, p) for u in us])
    z_all = np.concatenate([z.ravel() for z in zs])
    q, r = np.linalg.qr(u_all)
    diagonal = np.abs(np.diag(r))
    if not np.all(np.isfinite(r)) or not np.all(diagonal > 0):
        return None
    b = np.linalg.solve(r, q.T @ z_all)
    inverse = np.linalg.inv(r)
    residual = [z - u @ b for u, z in zip(us, zs, strict=True)]
    return Solved(
        root=roots,
        u=us,
        residual=residual,
        b=b,
        cov=inverse @ inverse.T,
        log_det=log_det,
        log_det_x=2.0 * float(np.log(diagonal).sum()),
        q=float(sum((e**2).sum() for e in residual)),
    )


def solved(batches: tuple[Batch, ...], m: list[Array]) -> Solved:
    """Generalised least squares.

    Raises
    ------
    FitError
        If a block is not positive definite.
    """
    found = solve(batches, m)
    if found is None:
        right = "give each effect a variance of its own, or a random effect"
        problem = Problem("covariance", "is not positive definite", right)
        raise FitError("the covariance of the effects is singular", [problem])
    return found


def _inverse_of_lower(factor: NDArray[Any]) -> Array:
    """Inverse of lower triangles (n, m, m); of large ones without looking at the zeros."""
    if factor.shape[-1] <= LARGE:
        return np.asarray(np.linalg.inv(factor), dtype=np.float64)
    return np.stack([lapack.dtrtri(one, lower=1)[0] for one in factor])


def log_likelihoods(found: Solved, k: int, log_det_design: float = 0.0) -> tuple[float, float]:
    """Full and restricted log-likelihood with all constants; ``log_det_design`` = log|X'X|."""
    p, body = len(found.b), found.log_det + found.q
    restricted = (k - p) * LOG_2PI + body + found.log_det_x - log_det_design
    return -0.5 * (k * LOG_2PI + body), -0.5 * restricted


def projections(found: Solved) -> list[Array]:
    """Diagonal blocks (n, m, m) of P."""
    made = []
    for root, u in zip(found.root, found.u, strict=True):
        weighted = np.swapaxes(root, -1, -2) @ u
        inverse = np.swapaxes(root, -1, -2) @ root
        made.append(inverse - weighted @ found.cov @ np.swapaxes(weighted, -1, -2))
    return made


def weighted_residuals(found: Solved) -> list[Array]:
    """P y (n, m) of every batch."""
    return [
        (np.swapaxes(root, -1, -2) @ e[..., None])[..., 0]
        for root, e in zip(found.root, found.residual, strict=True)
    ]


def slope_weights(found: Solved, *, restricted: bool) -> list[Array]:
    """K (n, m, m): the slope of the log-likelihood by each entry of M."""
    made = []
    if restricted:
        inverses = projections(found)
    else:
        inverses = [np.swapaxes(root, -1, -2) @ root for root in found.root]
    for inverse, e in zip(inverses, weighted_residuals(found), strict=True):
        made.append(0.5 * (e[..., :, None] * e[..., None, :] - inverse))
    return made


def saturated(batches: tuple[Batch, ...]) -> float | None:
    """Full log-likelihood with a mean of its own for each effect; None where V is singular."""
    total, k = 0.0, 0
    for batch in batches:
        sign, log_det = np.linalg.slogdet(batch.v)
        if not np.all(sign > 0) or not np.all(np.isfinite(log_det)):
            return None
        total, k = total + float(log_det.sum()), k + batch.y.size
    return -0.5 * (total + k * LOG_2PI)
