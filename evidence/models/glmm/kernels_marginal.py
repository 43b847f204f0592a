"""Marginal likelihood of studies with normal random effects: adaptive Gauss-Hermite quadrature.

The predictor of observation j of study i is a_ij + z_j' L v_i with v_i standard normal in q <= 2
dimensions. The nodes are centred at the mode of v_i and scaled by the curvature there (Liu and
Pierce 1994; Pinheiro and Bates 1995); one node is Laplace's approximation.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy import special

from evidence.models.glmm.kernels_arms import Arms, Array, Predictor, density

COMPLEX_STEP = 1e-30
STEP = 1e-4  # of the central differences of exact gradients: error about STEP^2


class Derivatives(NamedTuple):
    """Log-likelihood of each study (k,), gradient (k, r) and Hessian (k, r, r).

    r runs over the m fixed parts of the predictors, then the elements of the random effects' root.
    """

    value: Array
    gradient: Array
    hessian: Array


def root_of(theta: Predictor) -> Predictor:
    """Lower triangular L (..., q, q) of its elements (..., t), t = 0, 1, 2 (diagonal) or 3."""
    t = theta.shape[-1]
    q = min(t, 2)
    found = np.zeros((*theta.shape[:-1], q, q), dtype=theta.dtype)
    if t:
        found[..., 0, 0] = theta[..., 0]
    if t == 2:
        found[..., 1, 1] = theta[..., 1]
    if t == 3:
        found[..., 1, 0], found[..., 1, 1] = theta[..., 1], theta[..., 2]
    return found


def marginal(arms: Arms, a: Predictor, theta: Predictor, z: Array, points: int) -> Predictor:
    """Log-likelihood (..., k) of fixed parts a (..., k, m) and a root's elements (..., t).

    ``z`` (m, q) multiplies the random effects; with t = 0 there are none.

    Examples
    --------
    >>> from evidence.models.glmm.kernels_arms import binomial
    >>> arms = binomial(np.array([[3.0]]), np.array([[10.0]]))
    >>> a, z = np.zeros((1, 1)), np.ones((1, 1))
    >>> [round(marginal(arms, a, np.array([1.0]), z, n).item(), 5) for n in (1, 7, 41)]
    [-2.16374, -2.15169, -2.15168]
    """
    if theta.shape[-1] == 0:
        return np.asarray(density(arms, a).value.sum(-1))
    slope = z @ root_of(theta)
    q = slope.shape[-1]
    v = _mode(arms, a, slope)
    _, curvature = _tangent(arms, a, slope, v)
    factor = _cholesky(curvature)
    x, log_weight = _nodes(points, q)
    value = None
    total = []
    for node, log_w in zip(x, log_weight, strict=True):
        at = v + np.sqrt(2.0) * _back_substitute(factor, node)
        eta = a + np.einsum("...mq,...kq->...km", slope, at)
        found = density(arms, eta).value.sum(-1) - 0.5 * (at**2).sum(-1)
        total.append(found + (log_w + node @ node))
    value = np.stack(total)
    top = value.real.max(0)
    log_det = sum(np.log(factor[..., j, j]) for j in range(q))
    return np.asarray(np.log(np.exp(value - top).sum(0)) + top - log_det - 0.5 * q * np.log(np.pi))


def derivatives(arms: Arms, a: Array, theta: Array, z: Array, points: int) -> Derivatives:
    """Value, exact gradient and Hessian of each study at a (k, m) and theta (t,).

    The gradient is by the complex step, so that it is that of the quadrature itself; the Hessian
    is by central differences of it.
    """
    m, r = a.shape[1], a.shape[1] + len(theta)
    if r == m:
        plain = density(arms, a)
        bent = np.zeros((len(a), m, m))
        bent[:, range(m), range(m)] = -plain.information
        return Derivatives(plain.value.sum(-1), np.asarray(plain.score), bent)
    value = marginal(arms, a, theta, z, points).real
    gradient = _gradient(arms, a, theta, z, points)
    hessian = np.empty((len(a), r, r))
    for c in range(r):
        sides = []
        for sign in (1.0, -1.0):
            moved_a, moved_t = a.copy(), theta.copy()
            if c < m:
                moved_a[:, c] += sign * STEP
            else:
                moved_t[c - m] += sign * STEP
            sides.append(_gradient(arms, moved_a, moved_t, z, points))
        hessian[:, c] = (sides[0] - sides[1]) / (2.0 * STEP)
    return Derivatives(value, gradient, 0.5 * (hessian + hessian.swapaxes(1, 2)))


def _gradient(arms: Arms, a: Array, theta: Array, z: Array, points: int) -> Array:
    m, t = a.shape[1], len(theta)
    moves = 1j * COMPLEX_STEP * np.eye(m + t)
    at_a = a + moves[:, None, :m]
    at_t = theta + moves[:, m:]
    return np.asarray(marginal(arms, at_a, at_t, z, points).imag.T / COMPLEX_STEP)


def _nodes(points: int, q: int) -> tuple[Array, Array]:
    x, w = special.roots_hermite(points)
    if q == 1:
        return x[:, None], np.log(w)
    grid = np.stack(np.meshgrid(x, x, indexing="ij"), -1).reshape(-1, 2)
    return grid, np.add.outer(np.log(w), np.log(w)).ravel()


def _tangent(
    arms: Arms, a: Predictor, slope: Predictor, v: Predictor
) -> tuple[Predictor, Predictor]:
    """Gradient (..., k, q) and negative Hessian (..., k, q, q) of the joint log density in v."""
    found = density(arms, a + np.einsum("...mq,...kq->...km", slope, v))
    gradient = np.einsum("...km,...mq->...kq", found.score, slope) - v
    curvature = np.einsum("...km,...mq,...mp->...kqp", found.information, slope, slope)
    return gradient, curvature + np.eye(slope.shape[-1])


def _joint(arms: Arms, a: Array, slope: Array, v: Array) -> Array:
    eta = a + np.einsum("...mq,...kq->...km", slope, v)
    return np.asarray(density(arms, eta).value.sum(-1) - 0.5 * (v**2).sum(-1))


def _mode(arms: Arms, a: Predictor, slope: Predictor) -> Predictor:
    """Mode of v (..., k, q): Newton with halved steps; the joint density is log-concave."""
    real_a, real_slope = a.real, slope.real
    shape = np.broadcast_shapes(a.shape[:-2], slope.shape[:-2])
    v = np.zeros((*shape, a.shape[-2], slope.shape[-1]))
    height = _joint(arms, real_a, real_slope, v)
    for _ in range(200):
        gradient, curvature = _tangent(arms, real_a, real_slope, v)
        step = _solve(curvature, gradient)
        moving = (gradient * step).sum(-1) > 1e-24 * (1.0 + np.abs(height))
        if not moving.any():
            break
        length = np.sqrt((step**2).sum(-1, keepdims=True))
        step = np.where(moving[..., None], step * np.minimum(1.0, 4.0 / (length + 1e-300)), 0.0)
        for _ in range(50):
            new = _joint(arms, real_a, real_slope, v + step)
            worse = ~(new >= height - 1e-12 * (1.0 + np.abs(height)))
            if not worse.any():
                break
            step = np.where(worse[..., None], 0.5 * step, step)
        v, height = v + step, new
        if float(np.abs(step).max()) < 1e-13:
            break
    if np.iscomplexobj(a) or np.iscomplexobj(slope):
        # From the real mode one complex step gives the derivative of the mode; two, for safety.
        for _ in range(2):
            gradient, curvature = _tangent(arms, a, slope, v)
            v = v + _solve(curvature, gradient)
    return v


def _solve(h: Predictor, g: Predictor) -> Predictor:
    """Solve h x = g for symmetric h (..., q, q), q <= 2."""
    if h.shape[-1] == 1:
        return np.asarray(g / h[..., 0])
    det = h[..., 0, 0] * h[..., 1, 1] - h[..., 0, 1] ** 2
    first = h[..., 1, 1] * g[..., 0] - h[..., 0, 1] * g[..., 1]
    second = h[..., 0, 0] * g[..., 1] - h[..., 0, 1] * g[..., 0]
    return np.stack([first / det, second / det], -1)


def _cholesky(h: Predictor) -> Predictor:
    """Lower Cholesky factor of h (..., q, q), q <= 2, for complex h without conjugation."""
    found = np.zeros_like(h)
    found[..., 0, 0] = np.sqrt(h[..., 0, 0])
    if h.shape[-1] == 2:
        found[..., 1, 0] = h[..., 1, 0] / found[..., 0, 0]
        found[..., 1, 1] = np.sqrt(h[..., 1, 1] - found[..., 1, 0] ** 2)
    return found


def _back_substitute(factor: Predictor, x: Array) -> Predictor:
    """C^-T x of a lower factor (..., q, q) and one node (q,)."""
    if factor.shape[-1] == 1:
        return np.asarray(x[0] / factor[..., 0])
    second = x[1] / factor[..., 1, 1]
    first = (x[0] - factor[..., 1, 0] * second) / factor[..., 0, 0]
    return np.stack([first, second], -1)
