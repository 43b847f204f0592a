"""Exact posterior of the normal-normal hierarchical model by quadrature over tau.

Model: ``y_i ~ N(theta_i, s_i^2)``, ``theta_i ~ N(mu, tau^2)``, mu normal, flat or fixed, tau any
prior. Given tau everything is normal (Gelman et al. 2013, section 5.4), so one integral is left.
It is taken over ``v = log tau`` (or ``v = logit(tau / upper)``), in which the posterior has
exponential or thinner tails, in Gauss-Legendre panels that are laid where the log density bends.
All functions take leading batch axes: ``y, s: (..., k)``, ``tau: (..., n)``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.polynomial.legendre import leggauss, legvander
from numpy.typing import ArrayLike, NDArray
from scipy.special import expit, logsumexp

from evidence.errors import FitError, Problem
from evidence.models.bayesian.mixtures import root

Array = NDArray[np.float64]
LogDensity = Callable[[Array], Array]

ORDER = 12
NODES, NODE_WEIGHTS = (np.asarray(a, dtype=np.float64) for a in leggauss(ORDER))
# Values at the nodes -> coefficients of the Legendre series through them.
TO_SERIES = legvander(NODES, ORDER - 1).T * NODE_WEIGHTS * (np.arange(ORDER)[:, None] + 0.5)
# exp(-DEPTH) of the peak is where a tail is cut: below the rounding of the integral.
DEPTH = 46.0
MOST_PANELS = 4096


@dataclass(frozen=True, slots=True)
class TauGrid:
    """Quadrature of one density of tau.

    Attributes
    ----------
    edges : ndarray, shape (..., P + 1)
        Panel edges in v.
    tau, v, weights : ndarray, shape (..., P * ORDER)
        Nodes, and their probabilities, which sum to 1.
    log_density : ndarray, shape (..., P * ORDER)
        Log of the normalised density of v at the nodes.
    log_integral : ndarray, shape (...)
        Log of the integral of the density that was handed in.
    upper : float
        End of the support of tau; infinite for most priors.
    """

    edges: Array
    tau: Array
    v: Array
    weights: Array
    log_density: Array
    log_integral: Array
    upper: float


def tau_of(v: Array, upper: float = np.inf) -> Array:
    """Map v to tau: ``exp(v)``, or ``upper * expit(v)`` on a bounded support."""
    return np.asarray(np.exp(v) if np.isinf(upper) else upper * expit(v), dtype=np.float64)


def v_of(tau: ArrayLike, upper: float = np.inf) -> Array:
    """Map tau to v, the inverse of `tau_of`; 0 and ``upper`` go to the infinities."""
    t = np.asarray(tau, dtype=np.float64)
    with np.errstate(divide="ignore"):
        return np.log(t) if np.isinf(upper) else np.log(t) - np.log(upper - t)


def log_jacobian(v: Array, upper: float = np.inf) -> Array:
    """Log of ``d tau / d v``."""
    if np.isinf(upper):
        return v
    return np.asarray(np.log(upper) - np.logaddexp(0, -v) - np.logaddexp(0, v), dtype=np.float64)


def conditional(
    tau: Array, y: Array, s: Array, mean: float = 0.0, precision: float = 0.0
) -> tuple[Array, Array, Array]:
    """Integrate mu out at given tau.

    Parameters
    ----------
    tau : ndarray, shape (..., n)
    y, s : ndarray, shape (..., k)
    mean, precision : float
        Of the normal prior of mu; precision 0 is the flat prior, infinite precision fixes mu.

    Returns
    -------
    log_likelihood, m, variance : ndarray, shape (..., n)
        ``log p(y | tau)``, and mean and variance of ``mu | tau, y``. Under the flat prior the
        first takes the prior density of mu as 1 (Gelman et al. 2013, eq. 5.21).
    """
    total = s[..., None, :] ** 2 + tau[..., None] ** 2
    w = 1.0 / total
    sums = w.sum(axis=-1) + (precision if np.isfinite(precision) else 0.0)
    if np.isinf(precision):
        m, variance = np.full(tau.shape, mean), np.zeros(tau.shape)
        constant = np.zeros(tau.shape)
    else:
        centre = mean if precision > 0 else 0.0
        m = centre + (w * (y - centre)[..., None, :]).sum(axis=-1) / sums
        variance = 1.0 / sums
        known = np.log(precision) if precision > 0 else np.log(2 * np.pi)
        constant = 0.5 * (known - np.log(sums) - precision * (m - mean) ** 2)
    squares = (w * (y[..., None, :] - m[..., None]) ** 2).sum(axis=-1)
    spread = -0.5 * (np.log(2 * np.pi * total).sum(axis=-1) + squares)
    return spread + constant, m, variance


def _support(log_g: Array, v: Array, log_tau: Array, moment: float) -> tuple[Array, Array]:
    """First and last index of the grid that matters, for the mass and for the moment."""
    lifted = log_g + moment * log_tau
    keep = log_g > log_g.max(axis=-1, keepdims=True) - DEPTH
    keep |= lifted > lifted.max(axis=-1, keepdims=True) - DEPTH
    first = np.maximum(keep.argmax(axis=-1) - 1, 0)
    last = np.minimum(v.size - keep[..., ::-1].argmax(axis=-1), v.size - 1)
    return first, last


def _coarse(
    log_density: LogDensity, start: float, stop: float, moment: float, upper: float
) -> tuple[Array, Array, Array, Array]:
    """Grid of v on which the log density is seen, drawn in around what matters.

    Returns v, the log density of v there, and the first and last index that matter.
    """
    count = int(4 * (stop - start)) + 2
    while True:
        v = np.linspace(start, stop, count)
        tau = tau_of(v, upper)
        log_g = log_density(tau) + log_jacobian(v, upper)
        first, last = _support(log_g, v, np.log(tau), moment)
        inner = float(v[first.min()]), float(v[last.max()])
        if inner[1] - inner[0] > 0.5 * (stop - start) or stop - start < 1e-6:
            return v, log_g, first, last
        start, stop = inner


def _crowding(log_g: Array, v: Array, first: Array, last: Array) -> Array:
    """Integral over v of how many panels a unit of v needs: slope and bend of the log density."""
    index = np.arange(v.size)
    low = log_g.max(axis=-1, keepdims=True) - 2 * DEPTH
    clipped = np.maximum(log_g, low)
    slope = np.gradient(clipped, v, axis=-1)
    bend = np.gradient(slope, v, axis=-1)
    need = 0.3 + np.abs(slope) / 10 + 0.45 * np.sqrt(np.abs(bend))
    need = np.where((index >= first[..., None]) & (index <= last[..., None]), need, 0.0)
    steps = 0.5 * (need[..., 1:] + need[..., :-1]) * np.diff(v)
    inside = (index[:-1] >= first[..., None]) & (index[1:] <= last[..., None])
    start = np.zeros((*need.shape[:-1], 1))
    return np.concatenate([start, np.cumsum(np.where(inside, steps, 0.0), axis=-1)], axis=-1)


def _panels(need: Array, v: Array, count: int) -> Array:
    """Place ``count`` panels so that each has the same share of the need."""
    flat = need.reshape(-1, v.size)
    edges = np.empty((flat.shape[0], count + 1))
    for row, cumulated in enumerate(flat):
        rising = np.flatnonzero(np.diff(cumulated) > 0)
        keep = slice(rising[0], rising[-1] + 2)
        shares = np.linspace(cumulated[keep][0], cumulated[keep][-1], count + 1)
        edges[row] = np.interp(shares, cumulated[keep], v[keep])
    return edges.reshape(*need.shape[:-1], count + 1)


def _rule(log_density: LogDensity, edges: Array, upper: float) -> TauGrid:
    half = 0.5 * np.diff(edges, axis=-1)[..., None]
    middle = 0.5 * (edges[..., 1:] + edges[..., :-1])[..., None]
    flat = (*edges.shape[:-1], -1)
    v = (middle + half * NODES).reshape(flat)
    tau = tau_of(v, upper)
    log_g = log_density(tau) + log_jacobian(v, upper)
    log_w = log_g + np.log(half * NODE_WEIGHTS).reshape(flat)
    log_integral = logsumexp(log_w, axis=-1)
    return TauGrid(
        edges=edges,
        tau=tau,
        v=v,
        weights=np.exp(log_w - log_integral[..., None]),
        log_density=log_g - log_integral[..., None],
        log_integral=np.asarray(log_integral),
        upper=upper,
    )


def tau_grid(
    log_density: LogDensity,
    *,
    low: float,
    high: float,
    left: float,
    right: float,
    moment: float,
    upper: float = np.inf,
    moments: Callable[[Array], tuple[Array, ...]] | None = None,
    tolerance: float = 1e-9,
) -> TauGrid:
    """Lay panels for a density of tau and refine them until the integrals stand still.

    Parameters
    ----------
    log_density : callable
        Log of an integrable density, of ``tau (..., n)``; not normalised.
    low, high : float
        Smallest and largest scale at which something can happen (standard errors, prior, spread).
    left, right : float
        The density falls at least as ``tau ** (left - 1)`` below ``low`` and as
        ``tau ** -(right + 1)`` above ``high``.
    moment : float
        Highest power of tau whose integral is wanted; below ``right``.
    upper : float
        End of the support.
    moments : callable, optional
        Further quantities, of ``tau (..., n)``, whose posterior means must stand still too.
    tolerance : float
        Largest relative change at the last doubling of the panels.

    Raises
    ------
    FitError
        If the integrals still move with the most panels allowed.
    """
    start = v_of(min(low, 0.5 * upper), upper) - DEPTH / min(left, 1.0) - 2.0
    stop = DEPTH if np.isfinite(upper) else np.log(high) + DEPTH / min(right - moment, 2.0) + 2.0
    v, log_g, first, last = _coarse(log_density, float(start), float(stop), moment, upper)
    need = _crowding(log_g, v, first, last)
    count = max(8, int(np.ceil(need[..., -1].max())))
    grid = _rule(log_density, _panels(need, v, count), upper)
    reference = grid.log_integral
    sums = _sums(grid, reference, moment, moments)
    while (count := 2 * count) <= MOST_PANELS:
        finer = _rule(log_density, _panels(need, v, count), upper)
        again = _sums(finer, reference, moment, moments)
        still = np.abs(again - sums) <= tolerance * np.abs(again)
        if still.all():
            return grid  # the finer one was its check
        grid, sums = finer, again
    problem = Problem(
        "tau", f"the integral over tau still moves with {MOST_PANELS} panels", "a smoother prior"
    )
    raise FitError("the quadrature did not converge", [problem])


def _sums(
    grid: TauGrid,
    reference: Array,
    moment: float,
    moments: Callable[[Array], tuple[Array, ...]] | None,
) -> Array:
    """Integral (as a factor) and posterior means that the refinement watches."""
    raised = grid.tau**moment
    size = raised.max(axis=-1, keepdims=True)
    found = [np.exp(grid.log_integral - reference)]
    found.append((grid.weights * (raised / size)).sum(axis=-1) * size[..., 0])
    if moments is not None:
        found += [(grid.weights * value).sum(axis=-1) for value in moments(grid.tau)]
    return np.stack(np.broadcast_arrays(*found))


def tau_density(grid: TauGrid, tau: ArrayLike) -> Array:
    """Density of tau, by the Legendre series of its panel; ``tau: (m,)``, no batch axes."""
    return _series(grid, np.asarray(tau, dtype=np.float64))[0]


def tau_cdf(grid: TauGrid, tau: ArrayLike) -> Array:
    """P(tau <= t), by the integral of the same series; ``tau: (m,)``, no batch axes."""
    return _series(grid, np.asarray(tau, dtype=np.float64))[1]


def tau_quantile(grid: TauGrid, q: ArrayLike) -> Array:
    """Quantiles of tau; ``q: (m,)`` from 0 to 1, which give the ends of the support."""
    wanted = np.asarray(q, dtype=np.float64)

    def shortfall(v: Array) -> tuple[Array, Array]:
        density, cumulated = _series(grid, tau_of(v, grid.upper))
        return cumulated - wanted, density * np.exp(log_jacobian(v, grid.upper))

    edges = grid.edges
    mass = np.cumsum(grid.weights.reshape(-1, ORDER).sum(axis=1))
    panel = np.minimum(np.searchsorted(mass, wanted), edges.size - 2)
    # A panel to either side, for what rounding does at the edges.
    low, high = edges[np.maximum(panel - 1, 0)], edges[np.minimum(panel + 2, edges.size - 1)]
    v = root(shortfall, low, high)
    found = np.where(wanted <= 0.0, 0.0, tau_of(v, grid.upper))
    return np.where(wanted >= 1.0, grid.upper, found)


def _series(grid: TauGrid, tau: Array) -> tuple[Array, Array]:
    """Density of tau and its integral from 0, for one grid (no batch axes).

    The density is interpolated on the log scale, where its tails are nearly straight; the
    integral is that of the interpolated density itself, as the rule sums it.
    """
    edges, flat = grid.edges, np.ravel(tau)
    v = np.clip(v_of(np.clip(flat, 0.0, grid.upper), grid.upper), edges[0], edges[-1])
    panel = np.clip(np.searchsorted(edges, v, side="right") - 1, 0, edges.size - 2)
    half = 0.5 * (edges[panel + 1] - edges[panel])
    P = legvander((v - edges[panel]) / half - 1.0, ORDER)
    log_g = grid.log_density.reshape(-1, ORDER)
    log_density = ((log_g @ TO_SERIES.T)[panel] * P[:, :ORDER]).sum(axis=1)
    # Integral of P_n from -1 to x: (P_{n+1} - P_{n-1}) / (2n + 1), and x + 1 for n = 0.
    rest = (P[:, 2:] - P[:, :-2]) / (2 * np.arange(1, ORDER) + 1)
    integral = np.concatenate([P[:, 1:2] + 1.0, rest], axis=1)
    within = half * ((np.exp(log_g) @ TO_SERIES.T)[panel] * integral).sum(axis=1)
    mass = grid.weights.reshape(-1, ORDER).sum(axis=1)
    cdf = np.concatenate([[0.0], np.cumsum(mass)])[panel] + within
    cdf = np.where(flat <= 0.0, 0.0, np.clip(cdf, 0.0, 1.0))
    outside = (flat < 0.0) | (flat > tau_of(edges[-1], grid.upper))
    density = np.where(outside, 0.0, np.exp(log_density - log_jacobian(v, grid.upper)))
    return density.reshape(tau.shape), cdf.reshape(tau.shape)
