"""Log-likelihood of each study given the population's parameters, its own effects integrated out.

That is what leaving a study out asks for (Merkle, Furr & Rabe-Hesketh 2019): given its own effect
a study predicts itself. Draws run along the first axis (n), studies along the second (k).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import special

Array = NDArray[np.float64]
NODES = 15  # of Gauss-Hermite, a dimension
MIXING = 64  # of the scale of Student-t effects
MIXING_COUNTS = 16
POWER = 10
STEPS = 60


def normal_log_density(x: Array, mean: Array, variance: Array) -> Array:
    """Log density of a normal distribution; broadcasts."""
    found = -0.5 * (np.log(2 * np.pi * variance) + (x - mean) ** 2 / variance)
    return np.asarray(found)


def mixing_scales(freedom: Array, nodes: int) -> tuple[Array, Array]:
    """Variances of the normals of which Student-t effects are a mixture.

    Returns
    -------
    scales : ndarray, shape (nodes, n)
        Quantiles of the inverse gamma distribution; with t effects of scale tau the variance is
        ``tau^2`` times that.
    log_weights : ndarray, shape (nodes, 1)
    """
    x, w = np.polynomial.legendre.leggauss(nodes)
    t = 0.5 * (x + 1.0)
    # A power of the probability: the few wide normals are what outlying studies come from.
    u, weight = t**POWER, 0.5 * w * POWER * t ** (POWER - 1)
    nu = np.asarray(freedom, dtype=np.float64)
    scales = 0.5 * nu / special.gammaincinv(0.5 * nu, u[:, None])
    return scales, np.log(weight)[:, None]


def normal_effects(y: Array, s: Array, mean: Array, tau: Array) -> Array:
    """Normal errors and normal effects: y (k,), s (k,), mean (n, k), tau (n,)."""
    return normal_log_density(y, mean, s**2 + tau[:, None] ** 2)


def student_effects(y: Array, s: Array, mean: Array, tau: Array, freedom: Array) -> Array:
    """Normal errors and Student-t effects with ``freedom`` (n,) degrees of freedom."""
    scales, log_w = mixing_scales(freedom, MIXING)
    total = np.full(mean.shape, -np.inf)
    for scale, weight in zip(scales, log_w, strict=True):
        v = s**2 + (tau**2 * scale)[:, None]
        total = np.logaddexp(total, weight + normal_log_density(y, mean, v))
    return total


def mixture_effects(
    y: Array, s: Array, mean: Array, tau: Array, extra: Array, weight: Array
) -> Array:
    """Normal errors; a share ``weight`` (n,) of effects has the variance ``extra^2`` besides."""
    near = normal_log_density(y, mean, s**2 + tau[:, None] ** 2)
    far = normal_log_density(y, mean, s**2 + (tau**2 + extra**2)[:, None])
    w = weight[:, None]
    with np.errstate(divide="ignore"):
        return np.asarray(np.logaddexp(np.log1p(-w) + near, np.log(w) + far))


def clustered_effects(
    y: Array, s: Array, mean: Array, tau: Array, outer: Array, codes: NDArray[np.intp]
) -> Array:
    """Normal effects within clusters that share a normal effect: (n, clusters).

    By the inverse and determinant of a diagonal plus a constant (Woodbury).
    """
    v = s**2 + tau[:, None] ** 2
    r = y - mean
    count = int(codes.max()) + 1
    member = (codes[:, None] == np.arange(count)).astype(np.float64)
    alone = -0.5 * (np.log(2 * np.pi * v) + r**2 / v) @ member
    precision, pull = (1.0 / v) @ member, (r / v) @ member
    shrink = 1.0 + outer[:, None] ** 2 * precision
    return np.asarray(alone - 0.5 * np.log(shrink) + 0.5 * outer[:, None] ** 2 * pull**2 / shrink)


def group_log_density(x: Array, n: Array, eta: Array, *, rates: bool) -> tuple[Array, Array, Array]:
    """Log probability of events, its first derivative by ``eta`` and less its second."""
    if rates:
        rate = n * np.exp(np.minimum(eta, 700.0))
        found = x * (np.log(n) + eta) - rate - special.gammaln(x + 1.0)
        return found, x - rate, rate
    p = special.expit(eta)
    ways = special.gammaln(n + 1.0) - special.gammaln(x + 1.0) - special.gammaln(n - x + 1.0)
    softplus = np.logaddexp(0.0, eta)
    return ways + x * eta - n * softplus, x - n * p, n * p * (1.0 - p)


def two_groups(
    groups: Array, mean: Array, root: Array, *, rates: bool, nodes: int = NODES
) -> Array:
    """Events of two groups whose logs are bivariate normal: (n, k).

    Adaptive Gauss-Hermite quadrature about each study's mode, which Newton's method finds.

    Parameters
    ----------
    groups : ndarray, shape (4, k)
        Events and size of the treated, events and size of the controls.
    mean : ndarray, shape (n, k, 2)
        Of the log odds (rates) of treated and controls.
    root : ndarray, shape (n, k, 2, 2)
        Square root of their covariance: log odds are ``mean + root z``, z standard normal.
    """
    x, total = groups[[0, 2]].T, groups[[1, 3]].T

    def height(z: Array) -> tuple[Array, Array, Array]:
        eta = mean + np.einsum("nkij,nkj->nki", root, z)
        value, slope, bend = group_log_density(x, total, eta, rates=rates)
        at = value.sum(-1) - 0.5 * (z**2).sum(-1)
        gradient = np.einsum("nkij,nki->nkj", root, slope) - z
        curvature = np.einsum("nkij,nki,nkil->nkjl", root, bend, root) + np.eye(2)
        return at, gradient, curvature

    z = np.zeros(mean.shape)
    at, gradient, curvature = height(z)
    for _ in range(STEPS):
        step = np.linalg.solve(curvature, gradient[..., None])[..., 0]
        # The height is concave: a step that is too long is shortened until it rises.
        size = np.ones(at.shape)
        for _ in range(30):
            higher, *_ = height(z + size[..., None] * step)
            low = higher < at - 1e-9 * (1.0 + np.abs(at))
            if not low.any():
                break
            size = np.where(low, 0.5 * size, size)
        z = z + size[..., None] * step
        at, gradient, curvature = height(z)
        if np.abs(gradient).max() < 1e-6:
            break
    scale = np.linalg.inv(np.swapaxes(np.linalg.cholesky(curvature), -1, -2))
    points, weights = np.polynomial.hermite_e.hermegauss(nodes)
    found = np.full(at.shape, -np.inf)
    for a, wa in zip(points, weights, strict=True):
        for b, wb in zip(points, weights, strict=True):
            node = z + scale @ np.array([a, b])
            eta = mean + np.einsum("nkij,nkj->nki", root, node)
            value = group_log_density(x, total, eta, rates=rates)[0].sum(-1)
            value = value - 0.5 * (node**2).sum(-1) + 0.5 * (a**2 + b**2)
            found = np.logaddexp(found, np.log(wa * wb) + value)
    volume = np.log(np.linalg.det(scale))
    return np.asarray(found + volume - np.log(2 * np.pi))


def overdispersed_groups(groups: Array, treated: Array, control: Array, intraclass: Array) -> Array:
    """Beta-binomial events of two groups: log odds (n, k) of each, intraclass (n,)."""
    size = ((1.0 - intraclass) / intraclass)[:, None]
    found = np.zeros(treated.shape)
    for x, n, eta in ((groups[0], groups[1], treated), (groups[2], groups[3], control)):
        a, b = special.expit(eta) * size, special.expit(-eta) * size
        ways = special.gammaln(n + 1.0) - special.gammaln(x + 1.0) - special.gammaln(n - x + 1.0)
        found += ways + special.betaln(x + a, n - x + b) - special.betaln(a, b)
    return found


def weighted_fit(y: Array, s: Array, x: Array) -> tuple[Array, Array]:
    """Weighted least squares of many data sets: coefficients (..., p) and Q (...).

    ``y`` and ``s`` (..., k), ``x`` (k, p).
    """
    w = s**-2.0
    left = np.einsum("kp,...k,kq->...pq", x, w, x)
    right = np.einsum("kp,...k->...p", x, w * y)
    found = np.linalg.solve(left, right[..., None])[..., 0]
    residual = y - found @ x.T
    return found, np.asarray((w * residual**2).sum(axis=-1))
