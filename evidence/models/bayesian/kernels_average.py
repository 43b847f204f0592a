"""Models with and without effect, heterogeneity and publication bias, by tensor quadrature.

Given mu, tau and the bias parameters the studies are independent normals, whose means are shifted
by ``b x_i`` (PET: ``x = s``, PEESE: ``x = s^2``) or whose density is weighted by steps of the
one-sided p-value (Vevea and Hedges 1995; Maier, Bartos and Wagenmakers 2023, Psychol Methods).
Axes are mu, ``log tau`` and ``log b``; the relative publication probabilities of a weight
function, uniform over the falling ones, are integrated at every point.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.polynomial.legendre import leggauss, legvander
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

Array = NDArray[np.float64]
Axes = tuple[Array, ...]
AxesDensity = Callable[[Axes], Array]
ORDER = 8
NODES, NODE_WEIGHTS = (np.asarray(a, dtype=np.float64) for a in leggauss(ORDER))
TO_SERIES = legvander(NODES, ORDER - 1).T * NODE_WEIGHTS * (np.arange(ORDER)[:, None] + 0.5)
DEPTH = 25.0  # exp(-DEPTH) of the peak is where an axis is cut


def shifted(mu: Array, tau: Array, b: Array, y: Array, s: Array, x: Array) -> Array:
    """Log likelihood where means are ``mu + b x``; points (m,), (t,), (c,) give (m, t, c)."""
    w = 1.0 / (s**2 + tau[:, None] ** 2)
    constant = 0.5 * np.log(w / (2 * np.pi)).sum(axis=1)
    S, Sx, Sxx = w.sum(axis=1), w @ x, w @ x**2
    Sy, Sxy, Syy = w @ y, w @ (x * y), w @ y**2
    m, c = mu[:, None, None], b
    lift = S[:, None] * m**2 + 2 * Sx[:, None] * m * c + Sxx[:, None] * c**2
    cross = Sy[:, None] * m + Sxy[:, None] * c
    return np.asarray(constant[:, None] - 0.5 * (Syy[:, None] + lift - 2 * cross))


def weighted(
    mu: Array, tau: Array, y: Array, s: Array, cuts: Array, of: NDArray[np.int64], omega: Array
) -> Array:
    """Log likelihood under a weight function, shape (m, t, W).

    Parameters
    ----------
    mu, tau : ndarray, shape (m,), (t,)
    cuts : ndarray, shape (J - 1,)
        Rising one-sided p-values at which the weight changes.
    of : ndarray of int, shape (J,)
        Which of the weights holds in each interval of p.
    omega : ndarray, shape (W, L)
        Weights at which the likelihood is wanted.
    """
    steps = of[np.searchsorted(cuts, ndtr(-y / s))]
    base = shifted(mu, tau, np.zeros(1), y, s, np.zeros_like(s))
    total = np.log(omega)[:, steps].sum(axis=1)
    log_norm = np.zeros((mu.size * tau.size, len(omega)))
    product = np.ones_like(log_norm)
    for i in range(y.size):
        sd = np.sqrt(s[i] ** 2 + tau**2)
        z = (s[i] * ndtri(cuts)[:, None, None] + mu[:, None]) / sd
        # P(p <= cut) = P(y >= -s z_cut): exact in either tail.
        below = ndtr(z).reshape(cuts.size, -1)
        ends = np.vstack([np.zeros((1, below.shape[1])), below, np.ones((1, below.shape[1]))])
        mass = np.zeros((omega.shape[1], below.shape[1]))
        np.add.at(mass, of, np.diff(ends, axis=0))
        product *= np.maximum(mass.T @ omega.T, 1e-30)
        if i % 8 == 7:
            log_norm += np.log(product)
            product = np.ones_like(log_norm)
    log_norm += np.log(product)
    return np.asarray(base + total - log_norm.reshape(mu.size, tau.size, -1))


def falling_weights(levels: int, count: int) -> tuple[Array, Array]:
    """Nodes of falling weights ``1 >= w_2 >= ... >= w_L``, uniform: (W, L), probabilities (W,).

    This is the cumulated Dirichlet(1, ..., 1). The ratios of successive weights are integrated on
    the scale of their square roots, which crowds the nodes towards 0, where denominators bend.
    """
    free = levels - 1
    x, w = leggauss(count)
    root, w = 0.5 * (x + 1.0), 0.5 * w
    axes = np.meshgrid(*[root] * free, indexing="ij")
    shares = np.meshgrid(*[w] * free, indexing="ij")
    ratios = np.stack([axis.ravel() ** 2 for axis in axes], axis=1)
    p = np.prod([share.ravel() for share in shares], axis=0)
    for i in range(free):  # density of the i-th ratio: (free - i) r^(free - i - 1)
        r = ratios[:, i]
        p = p * (free - i) * r ** (free - i - 1) * 2 * np.sqrt(r)
    omega = np.concatenate([np.ones((len(ratios), 1)), np.cumprod(ratios, axis=1)], axis=1)
    return omega, np.asarray(p / p.sum())


def box(
    log_density: AxesDensity, boxes: Sequence[tuple[float, float]], points: int = 25
) -> list[tuple[float, float]]:
    """Draw a box in around where a log density of the axes lies within ``DEPTH`` of its peak."""
    found = list(boxes)
    for _ in range(12):
        axes = tuple(np.linspace(a, b, points) for a, b in found)
        value = log_density(axes)
        keep = value > value.max() - DEPTH
        inner = []
        for i, axis in enumerate(axes):
            others = tuple(j for j in range(keep.ndim) if j != i)
            seen = np.flatnonzero(keep.any(axis=others))
            inner.append((axis[max(seen[0] - 1, 0)], axis[min(seen[-1] + 1, points - 1)]))
        shrunk = [(d - c) / (b - a) for (a, b), (c, d) in zip(found, inner, strict=True)]
        found = [(float(a), float(b)) for a, b in inner]
        if min(shrunk) > 0.6:
            break
    return found


def centred_edges(low: float, high: float, count: int) -> Array:
    """Panel edges that are denser in the middle, for mu."""
    u = np.linspace(-1.0, 1.0, count + 1)
    return np.asarray(0.5 * (low + high) + 0.5 * (high - low) * np.sign(u) * np.abs(u) ** 1.6)


def leaning_edges(low: float, high: float, count: int) -> Array:
    """Panel edges that are denser at the high end, where a density of a logarithm is steep."""
    return np.asarray(high - (high - low) * np.linspace(1.0, 0.0, count + 1) ** 1.6)


def panels(edges: Array) -> tuple[Array, Array, Array]:
    """Edges, nodes and weights of Gauss-Legendre panels."""
    half = 0.5 * np.diff(edges)[:, None]
    nodes = (0.5 * (edges[1:] + edges[:-1])[:, None] + half * NODES).ravel()
    return edges, nodes, (half * NODE_WEIGHTS).ravel()


def marginal_cdf(edges: Array, probability: Array, at: Array) -> Array:
    """P(axis <= at) from the probabilities of the nodes of `panels`; ``at: (q,)``."""
    half = 0.5 * np.diff(edges)
    density = probability.reshape(-1, ORDER) / (half[:, None] * NODE_WEIGHTS)
    x = np.clip(at, edges[0], edges[-1])
    panel = np.clip(np.searchsorted(edges, x, side="right") - 1, 0, half.size - 1)
    P = legvander((x - edges[panel]) / half[panel] - 1.0, ORDER)
    rest = (P[:, 2:] - P[:, :-2]) / (2 * np.arange(1, ORDER) + 1)
    integral = np.concatenate([P[:, 1:2] + 1.0, rest], axis=1)
    within = half[panel] * ((density @ TO_SERIES.T)[panel] * integral).sum(axis=1)
    mass = np.concatenate([[0.0], np.cumsum(probability.reshape(-1, ORDER).sum(axis=1))])
    return np.asarray(np.clip(mass[panel] + within, 0.0, 1.0))
