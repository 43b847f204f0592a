"""Arithmetic of meta-regression on arrays: generalised least squares and tau2, batched.

y and v have shape (..., k); the columns of ``basis`` (k, p) are orthonormal and span the
moderators. With W = diag(1 / (v + tau2)) all follows from U of the QR decomposition of W^(1/2) X:
P = W - W X (X'WX)^-1 X'W = W^(1/2) (I - UU') W^(1/2).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
RANK_TOLERANCE = 1e-10


class Basis(NamedTuple):
    """Orthonormal ``q`` (k, p) of a design; coefficients of the design are ``back`` @ those of q.

    ``dependent`` lists columns that are sums of columns before them; ``back`` is then of no use.
    """

    q: Array
    back: Array
    dependent: tuple[int, ...]


def basis_of(x: Array) -> Basis:
    """Orthonormal basis of the columns of a design (k, p), k >= p.

    Examples
    --------
    >>> basis_of(np.array([[1.0, 2.0], [1.0, 2.0], [1.0, 2.0]])).dependent
    (1,)
    """
    scale = np.sqrt((x**2).sum(0))
    scale = np.where(scale > 0, scale, 1.0)
    q, r = np.linalg.qr(x / scale)
    diagonal = np.abs(np.diag(r))
    dependent = tuple(int(j) for j in np.flatnonzero(diagonal <= RANK_TOLERANCE))
    if dependent:
        return Basis(q, np.zeros_like(r), dependent)
    return Basis(q, np.linalg.inv(r) / scale[:, None], ())


class Projection(NamedTuple):
    """What the weights 1 / (v + tau2) leave of y beside the basis.

    ``q`` = y'Py, ``py`` = Py (..., k), ``leverage`` (..., k), ``trace`` = tr(P), ``trace_square`` =
    tr(PP), ``log_det`` = log det(B'WB), ``u`` (..., k, p), ``r`` (..., p, p), ``w`` (..., k).
    """

    q: Array
    py: Array
    leverage: Array
    trace: Array
    trace_square: Array
    log_det: Array
    u: Array
    r: Array
    w: Array


def project(y: Array, v: Array, basis: Array, tau2: Array) -> Projection:
    """Project y (..., k) at tau2 (...).

    Examples
    --------
    >>> ones = np.ones((3, 1)) / np.sqrt(3.0)
    >>> found = project(np.array([0.0, 2.0, 4.0]), np.ones(3), ones, np.array(0.0))
    >>> round(found.q.item(), 12), round(found.trace.item(), 12)
    (8.0, 2.0)
    """
    w = 1.0 / (v + tau2[..., None])
    root = np.sqrt(w)
    u, r = np.linalg.qr(root[..., None] * basis)
    rest = _rest(u, root * y)
    h = (u**2).sum(-1)
    inner = np.swapaxes(u, -1, -2) @ (w[..., None] * u)
    square = (w**2 * (1.0 - 2.0 * h)).sum(-1) + (inner**2).sum((-1, -2))
    log_det = 2.0 * np.log(np.abs(np.diagonal(r, axis1=-2, axis2=-1))).sum(-1)
    return Projection(
        q=np.asarray((rest**2).sum(-1)),
        py=root * rest,
        leverage=h,
        trace=np.asarray((w * (1.0 - h)).sum(-1)),
        trace_square=np.asarray(square),
        log_det=np.asarray(log_det),
        u=u,
        r=r,
        w=w,
    )


def _rest(u: Array, z: Array) -> Array:
    """(I - UU') z."""
    return np.asarray(z - (u @ (np.swapaxes(u, -1, -2) @ z[..., None]))[..., 0])


def cubic(found: Projection) -> Array:
    """Y'PPPy."""
    return np.asarray((_rest(found.u, np.sqrt(found.w) * found.py) ** 2).sum(-1))


def residuals(y: Array, basis: Array) -> Array:
    """Ordinary least-squares residuals of y (..., k): P is blind to the rest, rounding is not."""
    from_lowest = y - y.min(-1, keepdims=True)
    fitted = (from_lowest @ basis) @ basis.T
    # What the lowest value was must be fitted too: a design need not contain a constant.
    constant = 1.0 - basis @ basis.sum(0)
    constant = np.where(np.abs(constant) < 1e-12, 0.0, constant)
    return np.asarray(from_lowest - fitted + y.min(-1, keepdims=True) * constant)


class Coefficients(NamedTuple):
    """Coefficients (..., p) of the design and their covariance (..., p, p) before multipliers."""

    estimate: Array
    covariance: Array


def coefficients(
    y: Array, v: Array, basis: Basis, tau2: Array, weights: Array | None = None
) -> Coefficients:
    """Weighted least squares with 1 / (v + tau2), or with stated weights and a sandwich.

    (X'WX)^-1 X'Wy; with weights A: covariance (X'AX)^-1 X'A (V + tau2) A X (X'AX)^-1 (Viechtbauer,
    Lopez-Lopez, Sanchez-Meca and Marin-Martinez 2015). Checked against metafor
    ``rma.uni`` and by hand.
    """
    total = v + tau2[..., None]
    w = 1.0 / total if weights is None else weights
    root = np.sqrt(w)
    u, r = np.linalg.qr(root[..., None] * basis.q)
    # The part that the basis explains without weights is added as it is: a far offset stays exact.
    known = y @ basis.q
    left = residuals(y, basis.q)
    inverse = np.linalg.inv(r)
    ut = np.swapaxes(u, -1, -2)
    b = known + (inverse @ (ut @ (root * left)[..., None]))[..., 0]
    middle = ut @ ((w * total)[..., None] * u) if weights is not None else np.eye(basis.q.shape[1])
    back = basis.back @ inverse
    covariance = back @ middle @ np.swapaxes(back, -1, -2)
    return Coefficients((basis.back @ b[..., None])[..., 0], covariance)


class LogLikelihoods(NamedTuple):
    """Full, restricted and saturated log-likelihood with all constants."""

    full: Array
    restricted: Array
    saturated: Array


def log_likelihoods(y: Array, v: Array, basis: Array, total: Array) -> LogLikelihoods:
    """Evaluate at total variances (..., k) and their weighted coefficients.

    The restricted one carries log det(X'X) / 2 (Harville 1974), so that the scale of the moderators
    does not matter; checked against metafor ``fitstats``.
    """
    k, p = basis.shape
    found = project(residuals(y, basis), total, basis, np.zeros(total.shape[:-1]))
    body = -0.5 * (np.log(total).sum(-1) + found.q)
    log_2pi = np.log(2.0 * np.pi)
    return LogLikelihoods(
        full=np.asarray(body - 0.5 * k * log_2pi),
        restricted=np.asarray(body - 0.5 * (k - p) * log_2pi - 0.5 * found.log_det),
        saturated=np.asarray(-0.5 * np.log(v).sum(-1) - 0.5 * k * log_2pi),
    )
