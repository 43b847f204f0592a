"""Odds ratios of several arms from counts: Mantel-Haenszel and conditional likelihoods."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy import optimize, signal, special

from evidence.models.network.kernels_graph import Array

_SPREAD, _LEAST = 15.0, 40.0  # what is kept of a binomial: so many SDs, and counts, each side
_DIRECT = 500  # arms up to this size are convolved directly, larger ones by Fourier transform


def cross_products(events: Array, totals: Array) -> Array:
    """Sums R (m, m) over studies of x_i (n_j - x_j) / N; a pair with a 0 has no odds ratio.

    Examples
    --------
    >>> cross_products(np.array([[1.0, 2.0]]), np.array([[4.0, 4.0]]))
    array([[0.375, 0.25 ],
           [0.75 , 0.5  ]])
    """
    return np.asarray((events / totals.sum(1)[:, None]).T @ (totals - events))


class Pooled(NamedTuple):
    """Log odds (m,) of the arms about their mean, and their covariance (m, m)."""

    levels: Array
    covariance: Array


def mantel_haenszel_design(events: Array, totals: Array) -> Pooled:
    """Generalised Mantel-Haenszel log odds of the arms of one design; counts (studies, m).

    Mickey and Elashoff 1985 and Greenland 1989, as in Efthimiou et al. 2019: every pair of arms
    by Mantel and Haenszel with the whole study's size as divisor, then averaged over the third
    arms. Variances are those of Robins, Breslow and Greenland 1986; the covariance of two
    logarithms that share arm i is the mean of three estimates of
    n_i n_j n_k p_i q_j q_k / q_i / (R_ij R_ik N^2) that hold with few large or many small studies.

    Examples
    --------
    >>> found = mantel_haenszel_design(np.array([[4.0, 8.0]]), np.array([[20.0, 20.0]]))
    >>> round(float(found.levels[1] - found.levels[0]), 6), round(float(np.log(8 * 16 / 48)), 6)
    (0.980829, 0.980829)
    """
    x, f, size = events, totals - events, totals.sum(1)
    m = x.shape[1]
    r = cross_products(events, totals)
    np.fill_diagonal(r, 1.0)  # never read, and 0 / 0 where all studies are all or nothing
    ratio = r / r.T
    pairs = [(i, j) for i in range(m) for j in range(i + 1, m)]
    logs = np.log([ratio[i, j] for i, j in pairs])

    def covariance(i: int, j: int, k: int) -> float:
        if j == k:
            return _variance(x, f, size, i, j)
        inner = [
            ratio[i, j] * totals[:, i] * x[:, j] * f[:, k],
            ratio[i, k] * totals[:, i] * x[:, k] * f[:, j],
            x[:, i] * f[:, j] * f[:, k] + ratio[i, j] * ratio[i, k] * x[:, j] * x[:, k] * f[:, i],
        ]
        mean = float((sum(inner) / size**2).sum()) / 3.0
        return mean / float(r[i, j] * r[i, k])

    spread = np.zeros((len(pairs), len(pairs)))
    for s, (i, j) in enumerate(pairs):
        for t, (k, n) in enumerate(pairs):
            if i == k:
                spread[s, t] = covariance(i, j, n)
            elif j == n:
                spread[s, t] = covariance(j, i, k)
            elif i == n:
                spread[s, t] = -covariance(i, j, k)
            elif j == k:
                spread[s, t] = -covariance(j, i, n)
    mean = np.zeros((m, len(pairs)))
    for s, (i, j) in enumerate(pairs):
        mean[i, s], mean[j, s] = 1.0 / m, -1.0 / m
    covariances = mean @ spread @ mean.T
    return Pooled(mean @ logs, 0.5 * (covariances + covariances.T))


def _variance(x: Array, f: Array, size: Array, i: int, j: int) -> float:
    """Variance of a Mantel-Haenszel log odds ratio (Robins, Breslow and Greenland 1986)."""
    c, d = x[:, i] * f[:, j] / size, x[:, j] * f[:, i] / size
    p, q = (x[:, i] + f[:, j]) / size, (x[:, j] + f[:, i]) / size
    r, s = c.sum(), d.sum()
    own = (p * c).sum() / r**2 + (p * d + q * c).sum() / (r * s) + (q * d).sum() / s**2
    return float(0.5 * own)


class Conditional(NamedTuple):
    """Log-likelihood of one study given its total of events, its gradient and information."""

    height: float
    gradient: Array
    information: Array


def multinomial(x: Array, n: Array, theta: Array) -> Conditional:
    """Conditional likelihood of counts x (m,) where events are rare: x given its sum, multinomial.

    The limit of the non-central hypergeometric distribution when events are few among many
    (Breslow 1981; Stijnen, Hamza and Özdemir 2010).

    Examples
    --------
    >>> found = multinomial(np.array([1.0, 3.0]), np.array([50.0, 50.0]), np.zeros(2))
    >>> found.gradient
    array([-1.,  1.])
    """
    total = x.sum()
    log = np.log(n) + theta
    log -= special.logsumexp(log)
    p = np.exp(log)
    height = special.gammaln(total + 1.0) - special.gammaln(x + 1.0).sum() + x @ log
    return Conditional(float(height), x - total * p, total * (np.diag(p) - np.outer(p, p)))


def hypergeometric(x: Array, n: Array, theta: Array) -> Conditional:
    """Exact conditional likelihood: multivariate Fisher non-central hypergeometric.

    Binomial arms, tilted so that the observed total is their mean, are convolved: nothing
    underflows (Stijnen, Hamza and Özdemir 2010). Checked by enumeration.

    Examples
    --------
    >>> found = hypergeometric(np.array([1.0, 1.0]), np.array([2.0, 2.0]), np.zeros(2))
    >>> round(float(np.exp(found.height)), 6)
    0.666667
    """
    total, m = float(x.sum()), len(x)

    def excess(tilt: float) -> float:
        return float((n * special.expit(theta + tilt)).sum()) - total

    reach = 40.0 + float(np.abs(theta).max()) + float(np.log(n.sum()))
    tilt = optimize.brentq(excess, -reach, reach)
    arms = [_arm(int(k), float(special.expit(t + tilt))) for k, t in zip(n, theta, strict=True)]

    def at_total(weights: list[Array]) -> float:
        offset = sum(low for low, _ in arms)
        mass = weights[0]
        for other in weights[1:-1]:
            mass = _convolve(mass, other)
        last, place = weights[-1], int(total) - offset
        j = np.arange(max(0, place - len(mass) + 1), min(len(last), place + 1))
        return float((last[j] * mass[place - j]).sum())

    masses = [mass for _, mass in arms]
    # Counts about their tilted means: moments do not cancel.
    away = [low + np.arange(len(mass)) - k * p for (low, mass), k, p in zip(
        arms, n, special.expit(theta + tilt), strict=True)]  # fmt: skip
    all_of = at_total(masses)
    first = np.zeros(m)
    second = np.zeros((m, m))
    for i in range(m):
        own = [a * w if i == s else w for s, (a, w) in enumerate(zip(away, masses, strict=True))]
        first[i] = at_total(own) / all_of
        for j in range(i, m):
            both = [a * w if j == s else w for s, (a, w) in enumerate(zip(away, own, strict=True))]
            second[i, j] = second[j, i] = at_total(both) / all_of
    p = special.expit(theta + tilt)
    log = special.xlogy(x, p) + special.xlog1py(n - x, -p) - special.betaln(x + 1, n - x + 1)
    height = float((log - np.log(n + 1)).sum()) - float(np.log(all_of))
    return Conditional(height, x - n * p - first, second - np.outer(first, first))


def _arm(n: int, p: float) -> tuple[int, Array]:
    """Lowest count kept and the binomial masses from there on."""
    reach = _SPREAD * np.sqrt(n * p * (1.0 - p)) + _LEAST
    low, high = max(0, int(n * p - reach)), min(n, int(n * p + reach) + 1)
    k = np.arange(low, high + 1)
    log = special.xlogy(k, p) + special.xlog1py(n - k, -p) - special.betaln(k + 1, n - k + 1)
    return low, np.asarray(np.exp(log - np.log(n + 1)))


def _convolve(a: Array, b: Array) -> Array:
    if min(len(a), len(b)) <= _DIRECT:
        return np.asarray(np.convolve(a, b))
    return np.asarray(signal.fftconvolve(a, b))
