"""Mixtures of normals: what is known of mu, theta and a new study once tau is integrated out.

All functions take ``p, m, s: (..., n)`` (probabilities, means, standard deviations of the
components) and points ``x: (..., q)``; leading axes broadcast. Quantiles and shortest intervals
were checked against SciPy's normal distribution and brute-force grids.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from evidence.errors import FitError, Problem

Array = NDArray[np.float64]


def moments(p: Array, m: Array, s: Array) -> tuple[Array, Array]:
    """Mean and standard deviation, shape ``(...)``."""
    mean = (p * m).sum(axis=-1)
    variance = (p * (s**2 + (m - mean[..., None]) ** 2)).sum(axis=-1)
    return mean, np.sqrt(variance)


def cdf(p: Array, m: Array, s: Array, x: Array) -> Array:
    """P(X <= x), shape ``(..., q)``."""
    z = (x[..., None] - m[..., None, :]) / s[..., None, :]
    return np.asarray((p[..., None, :] * ndtr(z)).sum(axis=-1), dtype=np.float64)


def density(p: Array, m: Array, s: Array, x: Array) -> Array:
    """Density at x, shape ``(..., q)``."""
    sd = s[..., None, :]
    z = (x[..., None] - m[..., None, :]) / sd
    phi = np.exp(-0.5 * z**2) / (np.sqrt(2 * np.pi) * sd)
    return np.asarray((p[..., None, :] * phi).sum(axis=-1), dtype=np.float64)


def root(
    function: Callable[[Array], tuple[Array, Array]],
    low: Array,
    high: Array,
    steps: int = 200,
    start: Array | None = None,
) -> Array:
    """Root of increasing functions between ``low`` and ``high``: Newton, bisection where it leaves.

    ``function`` returns value and derivative, elementwise. For unknowns of order 1 to 100, such
    as logarithms.
    """
    low, high = np.array(low), np.array(high)
    x = 0.5 * (low + high) if start is None else np.clip(start, low, high)
    for _ in range(steps):
        value, slope = function(x)
        low = np.where(value < 0, x, low)
        high = np.where(value < 0, high, x)
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            step = x - value / slope
        middle = 0.5 * (low + high)
        after = np.where((step >= low) & (step <= high), step, middle)
        # Newton's last step squares the error that is left: 1e-11 before it is 1e-16 after.
        still = np.abs(after - x) <= 1e-11 * np.maximum(1.0, np.abs(after))
        done = still | (value == 0)
        x = np.where(value == 0, x, after)
        if done.all():
            break
    return x


def quantile(p: Array, m: Array, s: Array, q: Array) -> Array:
    """Quantiles; ``q: (..., q)`` strictly between 0 and 1.

    A quantile of the mixture lies between the smallest and the largest of the components' own.
    Roots are sought on an asinh scale, so that components of hugely different width do no harm.
    """
    some = (p > 1e-17 * q.min()).reshape(-1, p.shape[-1]).any(axis=0)
    p, m, s = p[..., some], m[..., some], s[..., some]
    z = ndtri(q)
    own = m[..., None, :] + s[..., None, :] * z[..., None]
    low, high = own.min(axis=-1), own.max(axis=-1)
    best = p.argmax(axis=-1)[..., None]
    centre = np.take_along_axis(m, best, axis=-1)
    width = np.take_along_axis(s, best, axis=-1)
    deep, per_width = s[..., None, :], p / (s * np.sqrt(2 * np.pi))

    def shortfall(t: Array) -> tuple[Array, Array]:
        x = centre + width * np.sinh(t)
        z = (x[..., None] - m[..., None, :]) / deep
        value = (ndtr(z) @ p[..., None])[..., 0]
        slope = (np.exp(-0.5 * z**2) @ per_width[..., None])[..., 0]
        return value - q, slope * width * np.cosh(t)

    mean, sd = moments(p / p.sum(axis=-1, keepdims=True), m, s)
    near = mean[..., None] + sd[..., None] * z
    low, high, near = (np.arcsinh((x - centre) / width) for x in (low, high, near))
    t = root(shortfall, low, high, start=near)
    return np.asarray(centre + width * np.sinh(t), dtype=np.float64)


def mode(p: Array, m: Array, s: Array) -> Array:
    """Highest point of the density, shape ``(...)``; to a millionth of its standard deviation."""
    ends = quantile(p, m, s, np.broadcast_to([0.01, 0.99], (*p.shape[:-1], 2)))
    low, high = ends[..., :1], ends[..., 1:]
    for _ in range(7):
        x = low + (high - low) * np.linspace(0.0, 1.0, 25)
        at = density(p, m, s, x).argmax(axis=-1)[..., None]
        step = (high - low) / 24.0
        peak = np.take_along_axis(x, at, axis=-1)
        low, high = peak - step, peak + step
    return np.asarray(peak[..., 0], dtype=np.float64)


def sinh_points(p: Array, m: Array, s: Array, tail: float, count: int = 160) -> Array:
    """Points between the ``tail`` quantiles, dense in the middle, shape ``(..., count)``."""
    ends = quantile(p, m, s, np.broadcast_to([tail, 1.0 - tail], (*m.shape[:-1], 2)))
    centre, width = ends.mean(axis=-1, keepdims=True), s.min(axis=-1, keepdims=True)
    span = np.arcsinh((ends - centre) / width)
    t = span[..., :1] + (span[..., 1:] - span[..., :1]) * np.linspace(0.0, 1.0, count)
    return np.asarray(centre + width * np.sinh(t), dtype=np.float64)


def shortest(
    cdf: Callable[[Array], Array],
    density: Callable[[Array], Array],
    x: Array,
    level: float,
    end: float | None = None,
) -> tuple[Array, Array]:
    """Shortest intervals of probability ``level``, of many distributions at once.

    The best interval between points of the grid starts Newton's method on the two equations
    ``F(b) - F(a) = level`` and ``f(a) = f(b)``.

    Parameters
    ----------
    cdf, density : callable
        Of points ``(rows, q)``.
    x : ndarray, shape (rows, g)
        Rising grid that reaches far into both tails, or starts at ``end``.
    level : float
    end : float, optional
        Lower end of the support, where the interval starts if that makes it shortest.

    Returns
    -------
    low, high : ndarray, shape (rows,)

    Raises
    ------
    FitError
        If Newton's method does not arrive.
    """
    ab = _shortest_on_grid(cdf(x), x, level)
    free = np.ones(len(x), dtype=bool) if end is None else ab[:, 0] > end
    for _ in range(30):
        f = density(ab)
        h = 1e-5 * (ab[:, 1:] - ab[:, :1])
        ahead = np.maximum(ab - h, -np.inf if end is None else end)
        slope = (density(ab + h) - density(ahead)) / (ab + h - ahead)
        excess = np.diff(cdf(ab), axis=-1)[:, 0] - level
        uneven = np.where(free, f[:, 0] - f[:, 1], 0.0)
        size = np.abs(f).max(axis=-1)
        width = ab[:, 1] - ab[:, 0]
        if np.all((np.abs(excess) < 1e-12) & (np.abs(uneven) < 1e-8 * size)):
            return ab[:, 0], ab[:, 1]
        fa, fb, ga, gb = f[:, 0], f[:, 1], slope[:, 0], slope[:, 1]
        bottom = fb * ga - fa * gb
        with np.errstate(divide="ignore", invalid="ignore"):
            left = np.where(free, -(fb * uneven + gb * excess) / bottom, 0.0)
            right = (fa * left - excess) / fb
            limit = np.minimum(1.0, 0.25 * width / np.maximum(np.abs(left), np.abs(right)))
            ab = ab + np.stack([left, right], axis=-1) * limit[:, None]
        if end is not None:
            ab[:, 0] = np.maximum(ab[:, 0], end)
    problem = Problem("interval", "the shortest interval was not found", 'interval="central"')
    raise FitError("the posterior has no clear shortest interval", [problem])


def _shortest_on_grid(F: Array, x: Array, level: float) -> Array:
    """Limits of the shortest intervals between points where the distribution is known."""
    found = np.empty((len(x), 2))
    for row in range(len(x)):
        p = np.linspace(F[row, 0], F[row, -1] - level, 401)
        low, high = np.interp(p, F[row], x[row]), np.interp(p + level, F[row], x[row])
        length = high - low
        at = int(np.argmax(length <= length.min() * (1 + 1e-9)))  # the lowest of equals
        found[row] = low[at], high[at]
    return found
