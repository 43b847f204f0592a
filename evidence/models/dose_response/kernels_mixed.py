"""The multivariate random-effects model of studies with vectors of their own length.

Study i: y_i ~ N(X_i b, S_i + Z_i Psi Z_i'). Each is turned once, by the Cholesky factor of S_i and
the QR decomposition of the Z_i it whitens, into an outcome u (r,) with covariance I + R Psi R', R
(r, r); what is orthogonal to Z_i enters by its sums. All studies are then one batch.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import linalg

Array = NDArray[np.float64]
LOG_2PI = float(np.log(2.0 * np.pi))


class Study(NamedTuple):
    """One study: y (n,), x (n, q) of the coefficients, z (n, r) of the random ones, s (n, n)."""

    y: Array
    x: Array
    z: Array
    s: Array


class Reduced(NamedTuple):
    """Studies as one batch.

    ``u`` (k, r), ``w`` (k, r, q), ``r`` (k, r, r); ``a`` (q, q), ``b`` (q,), ``c``: sums of squares
    and products of what is orthogonal to Z; ``log_det`` of all S; ``n`` numbers in all.
    """

    u: Array
    w: Array
    r: Array
    a: Array
    b: Array
    c: float
    log_det: float
    n: int


def reduce(studies: list[Study]) -> Reduced:
    """Turn studies into a batch; raises LinAlgError where an S is not positive definite."""
    k, q, r = len(studies), studies[0].x.shape[1], studies[0].z.shape[1]
    u, w, root = np.zeros((k, r)), np.zeros((k, r, q)), np.zeros((k, r, r))
    a, b, c, log_det = np.zeros((q, q)), np.zeros(q), 0.0, 0.0
    for i, study in enumerate(studies):
        factor = np.linalg.cholesky(study.s)
        log_det += 2.0 * float(np.log(np.diag(factor)).sum())
        y, x, z = (
            linalg.solve_triangular(factor, part, lower=True)
            for part in (study.y, study.x, study.z)
        )
        basis, upper = np.linalg.qr(z)
        m = upper.shape[0]
        u[i, :m], w[i, :m], root[i, :m] = basis.T @ y, basis.T @ x, upper
        y, x = y - basis @ u[i, :m], x - basis @ w[i, :m]
        a, b, c = a + x.T @ x, b + x.T @ y, c + float(y @ y)
    return Reduced(u, w, root, a, b, c, log_det, sum(len(s.y) for s in studies))


class Fixed(NamedTuple):
    """Generalised least squares at a Psi.

    ``estimate`` (q,), ``covariance`` (q, q), ``information`` its inverse, ``q`` the weighted sum of
    squares, ``residual`` (k, r), ``inverse`` (k, r, r) of I + R Psi R', ``log_det`` of all those.
    """

    estimate: Array
    covariance: Array
    information: Array
    q: float
    residual: Array
    inverse: Array
    log_det: float


def least_squares(data: Reduced, psi: Array) -> Fixed:
    """Coefficients at Psi (r, r)."""
    total = np.eye(data.r.shape[1]) + data.r @ psi @ np.swapaxes(data.r, -1, -2)
    raw = np.linalg.inv(total)
    inverse: Array = np.asarray(0.5 * (raw + np.swapaxes(raw, -1, -2)), dtype=np.float64)
    log_det = float(np.linalg.slogdet(total)[1].sum())
    wt = np.swapaxes(data.w, -1, -2) @ inverse
    information = data.a + (wt @ data.w).sum(0)
    right = data.b + (wt @ data.u[..., None])[..., 0].sum(0)
    # Coefficients of dose and of its square may be of very different sizes.
    size = np.sqrt(np.diag(information))
    covariance: Array = np.linalg.inv(information / np.outer(size, size)) / np.outer(size, size)
    covariance = 0.5 * (covariance + covariance.T)
    estimate = covariance @ right
    residual = data.u - data.w @ estimate
    inside = float((residual * (inverse @ residual[..., None])[..., 0]).sum())
    outside = data.c - 2.0 * float(data.b @ estimate) + float(estimate @ data.a @ estimate)
    return Fixed(
        estimate, covariance, information, inside + max(outside, 0.0),
        residual, inverse, log_det,
    )  # fmt: skip


def log_likelihood(data: Reduced, found: Fixed, *, restricted: bool) -> float:
    """Full or restricted log-likelihood with all constants.

    The restricted one has log det of the information of the coefficients and no log det(X'X), as
    mixmeta has it.
    """
    q = len(found.estimate)
    n = data.n - q if restricted else data.n
    value = -0.5 * (n * LOG_2PI + data.log_det + found.log_det + found.q)
    if restricted:
        value -= 0.5 * float(np.linalg.slogdet(found.information)[1])
    return value


def gradient(data: Reduced, found: Fixed, *, restricted: bool) -> Array:
    """Derivative (r, r) of the log-likelihood with respect to Psi, symmetric."""
    rt = np.swapaxes(data.r, -1, -2) @ found.inverse
    score = (rt @ found.residual[..., None])[..., 0]
    value = score.T @ score - (rt @ data.r).sum(0)
    if restricted:
        side = rt @ data.w
        value = value + (side @ found.covariance @ np.swapaxes(side, -1, -2)).sum(0)
    return np.asarray(0.25 * (value + value.T))


class Shrunken(NamedTuple):
    """Deviations (k, r) of studies from the mean and their covariances (k, r, r)."""

    deviation: Array
    covariance: Array


def shrunken(data: Reduced, psi: Array, found: Fixed) -> Shrunken:
    """Best linear unbiased predictions of the random effects b_i + deviation, where Z is X.

    Covariance of b + deviation - truth: Psi - B R Psi + (I - B R) C (I - B R)', B = Psi R' (I + R
    Psi R')^-1 (Henderson 1975).
    """
    gain = psi @ np.swapaxes(data.r, -1, -2) @ found.inverse
    deviation = (gain @ found.residual[..., None])[..., 0]
    kept = np.eye(psi.shape[0]) - gain @ data.r
    covariance = kept @ psi + kept @ found.covariance @ np.swapaxes(kept, -1, -2)
    return Shrunken(deviation, 0.5 * (covariance + np.swapaxes(covariance, -1, -2)))
