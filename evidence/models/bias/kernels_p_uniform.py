"""Arithmetic of p-uniform and p-uniform*: p values given that they were small enough.

Estimates are turned so that large ones are favoured; ``cut`` is what an estimate must exceed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, special, stats

from evidence.errors import FitError, Problem

Array = NDArray[np.float64]
_GRID = 60
_FAR = 50.0  # half width of the search for a mean, in units of the largest estimate
_EDGE = 0.99  # share of the search that a maximum must stay within


def log_conditional_p(y: Array, s: Array, cut: Array, mu: float) -> Array:
    """Logarithm of P(Y >= y | Y >= cut) for Y ~ N(mu, s^2), (k,).

    Examples
    --------
    >>> y, s, cut = np.array([2.0]), np.array([1.0]), np.array([1.0])
    >>> np.exp(log_conditional_p(y, s, cut, 0.0)).round(4)
    array([0.1434])
    """
    return np.asarray(special.log_ndtr((mu - y) / s) - special.log_ndtr((mu - cut) / s))


def _log_one_minus(log_q: Array) -> Array:
    return np.asarray(np.log(np.maximum(-np.expm1(log_q), 1e-300)))


def combined(method: str, log_q: Array) -> float:
    """Combine conditional p values into the statistic of a method."""
    if method == "sum":
        return float(np.exp(log_q).sum())
    if method == "fisher":
        return float(-log_q.sum())
    if method == "fisher_complement":
        return float(-_log_one_minus(log_q).sum())
    q, k = np.sort(np.exp(log_q)), len(log_q)
    place = np.arange(1, k + 1) / k
    # How far the q lie above the uniform less how far below: 0 where the larger is smallest.
    return float((q - place + 1.0 / k).max() - (place - q).max())


def quantile(method: str, p: float, k: int) -> float:
    """Quantile of the statistic where the conditional p values are uniform."""
    return float(stats.irwinhall.ppf(p, k) if method == "sum" else special.gammaincinv(k, p))


def centre_of(method: str, k: int) -> float:
    """Value of the statistic that defines the estimate: its mean; 0 for the distance."""
    return {"sum": k / 2.0, "kolmogorov_smirnov": 0.0}.get(method, float(k))


def mean_at(method: str, y: Array, s: Array, cut: Array, target: float) -> float:
    """Mean at which the statistic equals the target; every statistic is monotone in the mean.

    Raises
    ------
    FitError
        If no mean does.
    """
    sign, unit = (-1.0 if method == "fisher" else 1.0), float(s.max())

    def gap(mu: float) -> float:
        return sign * (combined(method, log_conditional_p(y, s, cut, mu)) - target)

    ends = []
    for direction in (-1.0, 1.0):
        end, step = float(y.mean()), unit
        while direction * gap(end) <= 0.0 and step < 1e12 * unit:
            end, step = end + direction * step, 2.0 * step
        ends.append(end)
    if not gap(ends[0]) < 0.0 < gap(ends[1]):
        right = "an estimate lies at the limit of significance: look at alpha"
        problem = Problem("alpha", "no effect has the p values that were seen", right)
        raise FitError("p-uniform has no estimate", [problem])
    return float(optimize.brentq(gap, *ends, xtol=1e-13 * unit, rtol=1e-14, maxiter=500))


class StarData(NamedTuple):
    """Estimates, variances, cuts and whether each estimate exceeds its cut, (k,)."""

    y: Array
    v: Array
    cut: Array
    significant: NDArray[np.bool_]


def star_log_likelihood(data: StarData, mu: Array, tau2: Array) -> Array:
    """Log-likelihood of estimates given on which side of their cut they fell, with constants.

    ``mu`` and ``tau2`` of one shape (...); van Aert and van Assen 2023.
    """
    sd = np.sqrt(data.v + tau2[..., None])
    m = mu[..., None]
    side = np.where(data.significant, 1.0, -1.0)
    room = special.log_ndtr(side * (m - data.cut) / sd)
    plain = -0.5 * ((data.y - m) / sd) ** 2 - np.log(sd * np.sqrt(2.0 * np.pi))
    return np.asarray((plain - room).sum(-1))


def _best(height: Callable[[Array], Array], grid: Array) -> tuple[float, float]:
    """Place and value of the maximum over a rising grid, refined beside its best point."""
    values = height(grid)
    i = int(np.argmax(values))
    low, high = float(grid[max(0, i - 1)]), float(grid[min(len(grid) - 1, i + 1)])
    found = optimize.minimize_scalar(
        lambda x: -float(height(np.asarray([x]))[0]),
        bounds=(low, high),
        method="bounded",
        options={"xatol": 1e-11 * (high - low)},
    )
    if -found.fun > values[i]:
        return float(found.x), -float(found.fun)
    return float(grid[i]), float(values[i])


class Star(NamedTuple):
    """Maximum of the likelihood, its value, and the profiles over the other parameter."""

    mu: float
    tau2: float
    height: float
    over_tau2: Callable[[float], float]
    over_mu: Callable[[float], float]
    reach: float


def fit_star(data: StarData) -> Star:
    """Maximise over the mean and tau2 >= 0.

    Raises
    ------
    FitError
        If the likelihood rises towards the edge of the search.
    """
    unit = float(np.abs(data.y).max() + np.sqrt(data.v).max())
    mus = unit * np.sinh(np.linspace(-1.0, 1.0, 2 * _GRID + 1) * np.arcsinh(_FAR))
    top = (_FAR * unit) ** 2
    tau2s = np.concatenate([[0.0], np.geomspace(1e-4 * float(data.v.min()), top, _GRID)])

    def over_tau2(mu: float) -> tuple[float, float]:
        return _best(lambda t: star_log_likelihood(data, np.full(t.shape, mu), t), tau2s)

    def over_mu(tau2: float) -> tuple[float, float]:
        return _best(lambda m: star_log_likelihood(data, m, np.full(m.shape, tau2)), mus)

    mu, height = _best(lambda m: np.array([over_tau2(float(x))[1] for x in m]), mus)
    tau2 = over_tau2(mu)[0]
    if abs(mu) > _EDGE * mus[-1] or tau2 > _EDGE * top:
        right = "p-uniform* needs estimates that are not significant too: take p_uniform"
        problem = Problem("table", "the likelihood rises without end", right)
        raise FitError("p-uniform* did not converge", [problem])
    profiles = (lambda x: over_tau2(x)[1], lambda x: over_mu(x)[1])
    return Star(mu, tau2, height, *profiles, float(mus[-1]))


def profile_end(height: Callable[[float], float], inside: float, step: float, far: float) -> float:
    """Where a profile less its floor falls through 0, going from ``inside`` by growing steps.

    Infinite where it does not before ``far``; a step of either sign.
    """
    last, new = inside, inside + step
    while height(new) > 0.0:
        if abs(new) > far:
            return float(np.copysign(np.inf, step))
        step *= 2.0
        last, new = new, new + step
    return float(optimize.brentq(height, last, new, xtol=1e-13 * abs(step), rtol=1e-14))
