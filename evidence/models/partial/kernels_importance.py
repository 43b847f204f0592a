"""A posterior of a few parameters by adaptive importance sampling on quasi-random points.

The mode and its curvature give a first Student-t proposal, which is then moved to the weighted
moments of what it drew (Oh & Berger 1992; Cornuet et al. 2012). The last draws are scrambled Sobol
points in several independent replicates, whose spread is the numerical error of every figure.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import gammaln, logsumexp, ndtri, stdtrit
from scipy.stats import qmc

from evidence.errors import FitError, Problem

Array = NDArray[np.float64]
LogDensity = Callable[[Array], Array]

DF = 5.0
# What is left of an equal weighting; below, the proposal missed the posterior.
LEAST_ESS = 0.05
# What is left of it when the proposal needs no more adapting.
ENOUGH = 0.5
# Height of a point without density, steps of its slope, and starts that are followed to a mode.
NOWHERE = 1e10
STEP = 1e-3
TRIED = 2
OPTIONS = {"gtol": 1e-2, "maxiter": 80}


@dataclass(frozen=True, slots=True)
class Draws:
    """Weighted draws, ``replicates`` independent sets of the same size one after the other.

    Attributes
    ----------
    x : ndarray, shape (n, d)
    weights : ndarray, shape (n,)
        Add up to 1.
    log_density : ndarray, shape (n,)
        Log of the density that was handed in.
    log_integral : float
        Log of its integral.
    ess : float
        Effective number of draws.
    replicates : int
    """

    x: Array
    weights: Array
    log_density: Array
    log_integral: float
    ess: float
    replicates: int

    def mean(self, values: Array) -> Array:
        """Posterior mean of values of shape (n, ...)."""
        return np.asarray(np.tensordot(self.weights, values, axes=1))

    def error(self, values: Array) -> Array:
        """Standard error of `mean`, from the replicates."""
        parts = [
            np.tensordot(w / w.sum(), v, axes=1)
            for w, v in zip(self._split(self.weights), self._split(values), strict=True)
        ]
        return np.asarray(np.std(parts, axis=0, ddof=1) / np.sqrt(self.replicates))

    def that_count(self) -> Draws:
        """Without the draws whose weight is lost in rounding; these no longer make replicates."""
        keep = self.weights > 1e-7 * self.weights.max()
        w = self.weights[keep] / self.weights[keep].sum()
        return Draws(self.x[keep], w, self.log_density[keep], self.log_integral, self.ess, 1)

    def _split(self, values: Array) -> list[Array]:
        return np.split(values, self.replicates)


def importance_sample(
    log_density: LogDensity,
    starts: Array,
    *,
    seed: int,
    log2_size: int = 11,
    replicates: int = 4,
    rounds: int = 16,
) -> Draws:
    """Draw from a density of ``x: (n, d)`` that need not be normalised.

    Parameters
    ----------
    log_density : callable
        Log of the density at ``x: (n, d)``, shape (n,).
    starts : ndarray, shape (m, d)
        Where the search for the mode begins.
    seed : int
    log2_size : int
        Binary logarithm of the draws in one replicate.
    replicates, rounds : int
        Independent sets of final draws; adaptations before them, at the most.

    Raises
    ------
    FitError
        If no mode is found, or the proposal does not come near the posterior.
    """
    centre, scale = _mode(log_density, starts)
    children = np.random.SeedSequence(seed).spawn(rounds + replicates)
    for child in children[:rounds]:
        x = _draw(centre, scale, log2_size - 1, child)
        log_w = log_density(x) - _log_t(x, centre, scale)
        w = _weights(log_w)
        ess = 1 / (w**2).sum()
        good_enough = ess >= ENOUGH * w.size
        # Flattened weights keep a proposal that is still far off from falling onto one draw.
        power = min(1.0, max(0.1, ess / 200))
        w = _weights(power * log_w)
        centre = np.asarray(w @ x)
        centred = x - centre
        scale = _root((w[:, None] * centred).T @ centred)
        if good_enough:
            break
    sets = [_draw(centre, scale, log2_size, child) for child in children[rounds:]]
    x = np.concatenate(sets)
    log_p = log_density(x)
    log_w = log_p - _log_t(x, centre, scale)
    w = _weights(log_w)
    ess = float(1 / (w**2).sum())
    if not ess >= LEAST_ESS * w.size:
        what = f"only {ess:.0f} of {w.size} draws count"
        right = "tighter priors, or fewer reports that say next to nothing"
        raise FitError("the posterior was not found", [Problem("importance sampling", what, right)])
    log_integral = float(logsumexp(log_w) - np.log(w.size))
    return Draws(x, w, log_p, log_integral, ess, replicates)


def _mode(log_density: LogDensity, starts: Array) -> tuple[Array, Array]:
    """Highest mode found, and the Cholesky factor of the inverse curvature there."""

    def negative(x: Array) -> tuple[float, Array]:
        """Value and slope, by central differences in one call."""
        steps = np.vstack([np.zeros(x.size), STEP * np.eye(x.size), -STEP * np.eye(x.size)])
        values = -log_density(x + steps)
        values = np.where(np.isfinite(values), values, NOWHERE)
        slope = (values[1 : x.size + 1] - values[x.size + 1 :]) / (2 * STEP)
        return float(values[0]), slope

    heights = log_density(starts)
    order = np.argsort(np.where(np.isfinite(heights), -heights, np.inf))[:TRIED]
    found = [minimize(negative, starts[i], method="BFGS", jac=True, options=OPTIONS) for i in order]
    best = min(found, key=lambda result: float(result.fun))
    if not np.isfinite(best.fun) or best.fun >= NOWHERE:
        right = "reports that agree with one another, or wider priors"
        raise FitError(
            "the posterior has no mode", [Problem("priors and reports", "contradict", right)]
        )
    x = np.asarray(best.x, dtype=np.float64)
    return x, _root(np.linalg.pinv(_curvature(log_density, x)))


def _curvature(log_density: LogDensity, x: Array, step: float = 1e-2) -> Array:
    """Negative Hessian by central differences, made positive definite."""
    d = x.size
    eye = np.eye(d) * step
    pairs = [(i, j) for i in range(d) for j in range(i + 1)]
    signs = ((1, 1), (1, -1), (-1, 1), (-1, -1))
    points = [x + a * eye[i] + b * eye[j] for i, j in pairs for a, b in signs]
    values = log_density(np.array(points)).reshape(-1, 4)
    second = (values[:, 0] - values[:, 1] - values[:, 2] + values[:, 3]) / (4 * step**2)
    hessian = np.zeros((d, d))
    for (i, j), value in zip(pairs, second, strict=True):
        hessian[i, j] = hessian[j, i] = -value if np.isfinite(value) else 0.0
    size, directions = np.linalg.eigh(hessian)
    # A direction in which the density is flat or bends the wrong way gets a wide proposal.
    return np.asarray((directions * np.maximum(size, 0.1)) @ directions.T)


def _root(covariance: NDArray[np.floating]) -> Array:
    """Cholesky factor of a covariance, made firm where it is nearly singular."""
    size, directions = np.linalg.eigh((covariance + covariance.T) / 2)
    firm = (directions * np.maximum(size, 1e-10 * size.max())) @ directions.T
    return np.asarray(np.linalg.cholesky(firm), dtype=np.float64)


def _draw(centre: Array, scale: Array, log2_size: int, seed: np.random.SeedSequence) -> Array:
    """Student-t draws: normal Sobol points divided by one root of a chi-square of their own."""
    d = centre.size
    engine = qmc.Sobol(d + 1, scramble=True, rng=np.random.default_rng(seed))
    u = np.clip(engine.random_base2(log2_size), 1e-12, 1 - 1e-12)
    if d == 1:
        z = stdtrit(DF, u[:, :1])
        return np.asarray(centre + z * scale[0, 0])
    from scipy.special import gammaincinv

    chi2 = 2 * gammaincinv(DF / 2, u[:, d])
    z = ndtri(u[:, :d]) / np.sqrt(chi2 / DF)[:, None]
    return np.asarray(centre + z @ scale.T)


def _log_t(x: Array, centre: Array, scale: Array) -> Array:
    d = centre.size
    z = np.linalg.solve(scale, (x - centre).T)
    constant = gammaln((DF + d) / 2) - gammaln(DF / 2) - 0.5 * d * np.log(DF * np.pi)
    constant -= np.log(np.diag(scale)).sum()
    return np.asarray(constant - 0.5 * (DF + d) * np.log1p((z**2).sum(axis=0) / DF))


def _weights(log_w: Array) -> Array:
    finite = np.where(np.isfinite(log_w), log_w, -np.inf)
    return np.asarray(np.exp(finite - logsumexp(finite)))


def weighted_quantile(x: Array, weights: Array, q: Array) -> Array:
    """Quantiles of weighted draws, linear between the draws' middles."""
    order = np.argsort(x)
    cumulated = np.cumsum(weights[order]) - 0.5 * weights[order]
    return np.asarray(np.interp(q, cumulated, x[order]))
