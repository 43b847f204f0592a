"""Likelihood of effects that were selected by their p values, and its maximum.

An estimate y ~ N(mu, v + tau2) enters with probability proportional to w(p): its density is
w(p) phi / A, with A the mean of w over that normal (Hedges 1992; Vevea and Hedges 1995;
Preston, Ashby and Smyth 2004; Citkowicz and Vevea 2017).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, special

from evidence.errors import FitError, Problem

Array = NDArray[np.float64]
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(40)
_REACH = 9.0  # standard deviations over which a weight is integrated
_HIGHEST = 100.0  # of a delta: beyond it likelihoods are flat
_WORST = 1e13  # condition of a Hessian that still has an inverse
# Weights that vanish or diverge at 0 or 1: a p value is kept this far from either, or a single
# study would decide the fit.
_SMALLEST_P, _BOUNDED = 1e-5, ("beta", "power")


class Data(NamedTuple):
    """Estimates turned so that large ones are favoured: y, v, s (k,), X (k, p), precision (k,)."""

    y: Array
    v: Array
    X: Array
    precision: Array
    two_sided: bool
    steps: Array
    kind: str


class Maximum(NamedTuple):
    """Coefficients, tau2, deltas; log-likelihood; covariance of the free ones; which are free."""

    theta: Array
    log_likelihood: float
    covariance: Array
    free: NDArray[np.bool_]


def log_weight(kind: str, p: Array, upper: Array, d: Array, precision: Array) -> Array:
    """Logarithm of the weight at p values p; ``upper`` is 1 - p, kept apart for its digits."""
    if kind == "half_normal":
        return np.asarray(-d[0] * precision * p**2)
    if kind == "negative_exponential":
        return np.asarray(-d[0] * precision * p)
    if kind == "negative_exponential_power":
        return np.asarray(-d[0] * precision * p ** (1.0 / max(float(d[1]), 1e-8)))
    if kind == "logistic":
        x = d[0] * precision * p
        return np.asarray(np.log(2.0) - x - np.log1p(np.exp(-x)))
    if kind in _BOUNDED:
        p, upper = np.maximum(p, _SMALLEST_P), np.maximum(upper, _SMALLEST_P)
    if kind == "power":
        return np.asarray(d[0] * precision * np.log(upper))
    return np.asarray((d[0] - 1.0) * np.log(p) + (d[1] - 1.0) * np.log(upper))


def _p_values(z: Array, *, two_sided: bool) -> tuple[Array, Array]:
    if two_sided:
        a = np.abs(z)
        return np.maximum(2.0 * special.ndtr(-a), 1e-300), np.maximum(
            special.erf(a / np.sqrt(2.0)), 1e-300
        )
    return np.maximum(special.ndtr(-z), 1e-300), np.maximum(special.ndtr(z), 1e-300)


def log_likelihood(data: Data, b: Array, tau2: float, d: Array) -> float:
    """Log-likelihood with all its constants."""
    y, v, s = data.y, data.v, np.sqrt(data.v)
    mu, sd = data.X @ b, np.sqrt(data.v + tau2)
    plain = -0.5 * (np.log(2 * np.pi * (v + tau2)) + ((y - mu) / sd) ** 2)
    p, upper = _p_values(y / s, two_sided=data.two_sided)
    if data.kind == "step":
        place = np.searchsorted(data.steps, p, side="left")
        mean = _interval_shares(data, mu, sd) @ d
        with np.errstate(divide="ignore"):
            return float((plain + np.log(d[place]) - np.log(mean)).sum())
    own = log_weight(data.kind, p, upper, d, data.precision)
    return float((plain + own - _log_mean_weight(data, mu, sd, d)).sum())


def _interval_shares(data: Data, mu: Array, sd: Array) -> Array:
    """Probability (k, steps) of each interval of the p value, the last ending at 1."""
    s, ends = np.sqrt(data.v), data.steps[:-1]
    z = -special.ndtri(ends / 2 if data.two_sided else ends)
    cut = s[:, None] * z
    below = special.ndtr((mu[:, None] - cut) / sd[:, None])
    if data.two_sided:
        below = below + special.ndtr((-cut - mu[:, None]) / sd[:, None])
    full = np.column_stack([np.zeros(len(mu)), below, np.ones(len(mu))])
    return np.asarray(np.diff(full, axis=1))


def _kinks(data: Data) -> list[float]:
    """Values of z, rising, at which a weight may have a kink, and some between them."""
    if data.kind not in _BOUNDED:
        return [-4.0, -2.0, 0.0, 2.0, 4.0]
    if not data.two_sided:
        edge = -float(special.ndtri(_SMALLEST_P))
        return [-edge, -2.0, 0.0, 2.0, edge]
    far = -float(special.ndtri(_SMALLEST_P / 2))
    near = -float(special.ndtri((1.0 - _SMALLEST_P) / 2))
    return [-far, -2.0, -near, near, 2.0, far]


def _log_mean_weight(data: Data, mu: Array, sd: Array, d: Array) -> Array:
    """Logarithm of the mean weight, by Gauss-Legendre in pieces that part at its kinks."""
    s, logs, shares = np.sqrt(data.v), [], []
    # A steep weight finds its mass where p is small, however far from mu that is.
    low, high = np.minimum(mu, 0.0) - _REACH * sd, np.maximum(mu, 0.0) + _REACH * sd
    inner = [np.clip(z * s, low, high) for z in _kinks(data)]
    inner += [mu - 4.0 * sd, mu, mu + 4.0 * sd]
    edges = np.sort(np.column_stack([low, *inner, high]), axis=1).T
    for i in range(len(edges) - 1):
        left, right = edges[i], edges[i + 1]
        half = 0.5 * (right - left)
        x = (0.5 * (left + right))[:, None] + half[:, None] * _NODES
        p, upper = _p_values(x / s[:, None], two_sided=data.two_sided)
        logs.append(log_weight(data.kind, p, upper, d, data.precision[:, None]))
        density = np.exp(-0.5 * ((x - mu[:, None]) / sd[:, None]) ** 2)
        shares.append(half[:, None] * density * _WEIGHTS)
    # Relative to the largest weight: a delta of 100 makes weights too small for a float.
    log, share = np.concatenate(logs, axis=1), np.concatenate(shares, axis=1)
    top = log.max(axis=1)
    mean = (share * np.exp(log - top[:, None])).sum(axis=1)
    with np.errstate(divide="ignore"):
        return np.asarray(top + np.log(mean) - np.log(sd * np.sqrt(2.0 * np.pi)))


def maximise(data: Data, deltas: Array, estimated: NDArray[np.bool_], *, random: bool) -> Maximum:
    """Maximum likelihood over coefficients, tau2 (where ``random``) and the estimated deltas.

    Bounded quasi-Newton from several starts, then Newton steps with numerical derivatives on what
    is not at a bound. Data are in units of their typical error, so that scale plays no part.

    Raises
    ------
    FitError
        If the slope does not vanish at the best point, or the curvature has no inverse.
    """
    p, n = data.X.shape[1], len(deltas)
    active = np.concatenate([np.ones(p, bool), [random], estimated])
    full = np.concatenate([np.zeros(p + 1), deltas])

    def height(x: Array) -> float:
        theta = full.copy()
        theta[active] = x
        with np.errstate(all="ignore"):
            value = -log_likelihood(data, theta[:p], float(theta[p]), theta[p + 1 :])
        return value if np.isfinite(value) else 1e10

    low = np.concatenate([np.full(p, -np.inf), np.zeros(n + 1)])[active]
    high = np.concatenate([np.full(p, np.inf), [np.inf], np.full(n, _HIGHEST)])[active]
    best, reached = None, np.inf
    for start in _starts(data, full, p, random=random):
        bounds = optimize.Bounds(low, high)
        found = optimize.minimize(height, start[active], method="L-BFGS-B", bounds=bounds)
        if found.fun < reached:
            best, reached = found.x, found.fun
    if best is None or reached >= 1e10:
        problem = Problem("selection", "no finite likelihood", "try fewer steps or another kind")
        raise FitError("the selection model did not converge", [problem])
    x, hessian, inner = _polished(height, best, low, high)
    theta = full.copy()
    theta[active] = x
    places = np.flatnonzero(active)
    covariance, inner = _covariance(height, x, hessian, inner, places > p)
    free = np.zeros(len(full), bool)
    free[places[inner]] = True
    return Maximum(theta, -height(x), covariance, free)


def _covariance(
    height: Callable[[Array], float],
    x: Array,
    hessian: Array,
    inner: NDArray[np.bool_],
    is_delta: NDArray[np.bool_],
) -> tuple[Array, NDArray[np.bool_]]:
    """Inverse of the Hessian, and of which parameters it is.

    A delta that ended at 0 was estimated too: the curvature is continued past its bound, unless
    the data then do not tell the parameters apart.
    """
    at_bound = is_delta & (x == 0.0)
    if at_bound.any():
        wide = _derivatives(height, x, inner | at_bound, np.full(len(x), -np.inf))[1]
        found = _inverse(wide)
        if found is not None:
            return found, inner | at_bound
    found = _inverse(hessian)
    if found is None:
        right = "the data do not tell these parameters apart: try fewer steps or another kind"
        raise FitError(
            "the selection model did not converge", [Problem("curvature", "no inverse", right)]
        )
    return found, inner


def _inverse(hessian: Array) -> Array | None:
    """Inverse; None where it does not exist or has no variances."""
    if not np.all(np.isfinite(hessian)) or np.linalg.cond(hessian) > _WORST:
        return None
    found = np.asarray(np.linalg.inv(hessian), dtype=np.float64)
    return found if np.all(np.diag(found) > 0) else None


def _starts(data: Data, full: Array, p: int, *, random: bool) -> list[Array]:
    w = 1.0 / data.v
    for_plain = []
    b = np.linalg.lstsq(data.X * np.sqrt(w)[:, None], data.y * np.sqrt(w), rcond=None)[0]
    spread = float(np.var(data.y - data.X @ b))
    for share, delta in ((1.0, None), (0.3, 0.3), (0.3, 3.0), (0.0, 1.0)):
        start = full.copy()
        start[:p] = b * (1.0 if delta is None else 0.5)
        start[p] = share * spread if random else 0.0
        if delta is not None:
            start[p + 1 :] = delta
        for_plain.append(start)
    return for_plain


def _polished(
    height: Callable[[Array], float], x: Array, low: Array, high: Array
) -> tuple[Array, Array, NDArray[np.bool_]]:
    """Newton steps on what is inside its bounds; the Hessian there, and which are inside."""
    x = np.where(x - low < 1e-6, low, x)
    inner = (x > low) & (x < high)
    hessian = np.eye(int(inner.sum()))
    for _ in range(30):
        gradient, hessian = _derivatives(height, x, inner, low)
        values, vectors = np.linalg.eigh(hessian)
        size = np.maximum(np.abs(values), 1e-8)
        step = -vectors @ ((vectors.T @ gradient) / size)
        scale, here = 1.0, height(x)
        for _ in range(30):
            new = x.copy()
            new[inner] = x[inner] + scale * step
            inside = np.all((new >= low) & (new <= high))
            if inside and height(new) <= here + 1e-13 * max(1.0, abs(here)):
                break
            scale *= 0.5
        else:
            break
        moved = np.abs(new - x)
        x = new
        if np.all(moved <= 1e-9 * np.maximum(1.0, np.abs(x))):
            break
    gradient, hessian = _derivatives(height, x, inner, low)
    decrement = float(gradient @ np.linalg.lstsq(hessian, gradient, rcond=None)[0])
    if abs(decrement) > 1e-6:
        right = "try fewer steps, another kind, or model='common'"
        problem = Problem("selection", f"the slope is not 0 at the best point: {gradient}", right)
        raise FitError("the selection model did not converge", [problem])
    return x, hessian, inner


def _derivatives(
    height: Callable[[Array], float], x: Array, inner: NDArray[np.bool_], low: Array
) -> tuple[Array, Array]:
    """Central differences of the gradient and the Hessian over the inner parameters."""
    places = [int(place) for place in np.flatnonzero(inner)]
    n, room = len(places), np.where(np.isfinite(low), x - low, np.inf)
    h = np.minimum(3e-4 * np.maximum(0.1, np.abs(x)), 0.45 * room)
    base, gradient, hessian = height(x), np.zeros(n), np.zeros((n, n))

    def at(*moves: tuple[int, float]) -> float:
        new = x.copy()
        for place, sign in moves:
            new[place] += sign * h[place]
        return height(new)

    for i, a in enumerate(places):
        up, down = at((a, 1.0)), at((a, -1.0))
        up2, down2 = at((a, 2.0)), at((a, -2.0))
        gradient[i] = (8 * (up - down) - (up2 - down2)) / (12 * h[a])
        hessian[i, i] = (16 * (up + down) - (up2 + down2) - 30 * base) / (12 * h[a] ** 2)
        for j, c in enumerate(places[:i]):
            mixed = at((a, 1.0), (c, 1.0)) - at((a, 1.0), (c, -1.0))
            mixed += at((a, -1.0), (c, -1.0)) - at((a, -1.0), (c, 1.0))
            hessian[i, j] = hessian[j, i] = mixed / (4 * h[a] * h[c])
    return gradient, hessian
