"""Mixtures of betas and of normals as priors: quantiles, differences, effective sample sizes.

Effective sample sizes are those of Morita, Thall and Mueller (2008, Biometrics 64:595) and
Neuenschwander et al. (2020, Biometrics 76:578, expected local information ratio, ELIR).
"""

from __future__ import annotations

import numpy as np
from numpy.polynomial.legendre import leggauss
from numpy.typing import NDArray
from scipy.special import (
    betainc,
    betaincinv,
    betaln,
    digamma,
    expit,
    gammaln,
    log_expit,
    logsumexp,
    ndtr,
    polygamma,
)  # fmt: skip

Array = NDArray[np.float64]
Parts = tuple[Array, Array, Array]
NODES, NODE_WEIGHTS = (np.asarray(a, dtype=np.float64) for a in leggauss(24))


def beta_cdf(p: Array, a: Array, b: Array, x: Array) -> Array:
    """P(X <= x) of a mixture of betas; ``p, a, b: (n,)``, ``x: (q,)``."""
    return np.asarray(betainc(a, b, np.clip(x, 0.0, 1.0)[:, None]) @ p)


def beta_log_density(p: Array, a: Array, b: Array, x: Array) -> Array:
    """Log density inside 0 to 1, ``x: (q,)``."""
    z = x[:, None]
    each = (a - 1) * np.log(z) + (b - 1) * np.log1p(-z) - betaln(a, b)
    return np.asarray(logsumexp(each, b=p, axis=1))


def beta_quantile(p: Array, a: Array, b: Array, q: Array) -> Array:
    """Quantiles by bisection between those of the components, ``q: (m,)``."""
    own = betaincinv(a, b, q[:, None])
    low, high = own.min(axis=1), own.max(axis=1)
    for _ in range(80):
        middle = 0.5 * (low + high)
        enough = beta_cdf(p, a, b, middle) >= q
        low, high = np.where(enough, low, middle), np.where(enough, middle, high)
    return np.asarray(0.5 * (low + high))


def beta_binomial(p: Array, a: Array, b: Array, n: int) -> Array:
    """Probabilities of 0, ..., n events in n, shape (n + 1,)."""
    r = np.arange(n + 1)[:, None]
    choose = gammaln(n + 1) - gammaln(r + 1) - gammaln(n - r + 1)
    return np.asarray(np.exp(choose + betaln(a + r, b + n - r) - betaln(a, b)) @ p)


def _pieces(edges: Array) -> tuple[Array, Array]:
    half = 0.5 * np.diff(edges)[:, None]
    middle = 0.5 * (edges[1:] + edges[:-1])[:, None]
    return (middle + half * NODES).ravel(), (half * NODE_WEIGHTS).ravel()


def beta_difference(one: Parts, two: Parts, q: float) -> float:
    """P(X1 - X2 <= q) of two mixtures of betas (p, a, b), over the quantiles of X2."""
    total = 0.0
    for p, a, b in zip(*two, strict=True):
        kinks = betainc(a, b, np.clip([-q, 1.0 - q], 0.0, 1.0))
        ends = np.unique(np.concatenate([[0.0, 1e-8, 1e-5, 1e-3], np.linspace(0.02, 0.98, 25)]))
        ends = np.unique(np.concatenate([ends, 1.0 - ends, kinks, [1.0]]))
        u, w = _pieces(ends)
        total += p * float(w @ beta_cdf(*one, betaincinv(a, b, u) + q))
    return total


def normal_difference(one: Parts, two: Parts, q: Array) -> Array:
    """P(X1 - X2 <= q) of two mixtures of normals (p, m, s), in closed form; ``q: (m,)``."""
    p = (one[0][:, None] * two[0]).ravel()
    m = (one[1][:, None] - two[1]).ravel()
    s = np.hypot(one[2][:, None], two[2]).ravel()
    return np.asarray(ndtr((q[:, None] - m) / s) @ p)


def normal_information(p: Array, m: Array, s: Array, x: Array) -> tuple[Array, Array]:
    """Density and minus the second derivative of its log, ``x: (q,)``."""
    z = (x[:, None] - m) / s
    log_each = -0.5 * z**2 - np.log(s * np.sqrt(2 * np.pi))
    log_f = logsumexp(log_each, b=p, axis=1)
    share = p * np.exp(log_each - log_f[:, None])
    slope = (share * -z / s).sum(axis=1)
    bend = (share * (z**2 - 1) / s**2).sum(axis=1)
    return np.exp(log_f), slope**2 - bend


def normal_elir(p: Array, m: Array, s: Array, sigma: float) -> float:
    """ELIR of a mixture of normals for observations of standard deviation ``sigma``."""
    some = p > 0
    p, m, s = p[some], m[some], s[some]
    steps = np.linspace(-9.0, 9.0, 13)
    edges = np.unique((m[:, None] + s[:, None] * steps).ravel())
    x, w = _pieces(edges)
    density, information = normal_information(p, m, s, x)
    return float(sigma**2 * (w @ (density * information)))


def beta_information(p: Array, a: Array, b: Array, x: Array) -> tuple[Array, Array]:
    """Density and minus the second derivative of its log inside 0 to 1, ``x: (q,)``."""
    z = x[:, None]
    log_each = (a - 1) * np.log(z) + (b - 1) * np.log1p(-z) - betaln(a, b)
    log_f = logsumexp(log_each, b=p, axis=1)
    share = p * np.exp(log_each - log_f[:, None])
    slope_each = (a - 1) / z - (b - 1) / (1 - z)
    bend_each = slope_each**2 - (a - 1) / z**2 - (b - 1) / (1 - z) ** 2
    slope, bend = (share * slope_each).sum(axis=1), (share * bend_each).sum(axis=1)
    return np.exp(log_f), slope**2 - bend


def beta_elir(p: Array, a: Array, b: Array) -> float:
    """ELIR of a mixture of betas for binary observations; every a and b at least 1.

    Taken over the logit, on which the tails fall exponentially: slowly where a or b is just
    above 1, and so over panels that widen.
    """
    middle, sd = digamma(a) - digamma(b), np.sqrt(polygamma(1, a) + polygamma(1, b))
    inner = (middle[:, None] + sd[:, None] * np.linspace(-9.0, 9.0, 19)).ravel()
    powers = np.concatenate([a - 1.0, b - 1.0])
    far = 50.0 / powers[powers > 0].min(initial=np.inf) + 100.0
    tails = np.geomspace(1.0, far, int(8 * np.log(far)) + 2)
    t, w = _pieces(np.unique(np.concatenate([inner, inner.min() - tails, inner.max() + tails])))
    x, rest = expit(t)[:, None], expit(-t)[:, None]
    log_each = (a - 1) * log_expit(t)[:, None] + (b - 1) * log_expit(-t)[:, None] - betaln(a, b)
    log_f = logsumexp(log_each, b=p, axis=1)
    share = p * np.exp(log_each - log_f[:, None])
    # Slope and bend of each log density, times x (1 - x) and its square: finite everywhere.
    slope = (a - 1) * rest - (b - 1) * x
    bend = slope**2 - (a - 1) * rest**2 - (b - 1) * x**2
    information = (share * slope).sum(axis=1) ** 2 - (share * bend).sum(axis=1)
    return float(w @ (np.exp(log_f) * information))


def beta_morita(p: Array, a: Array, b: Array, scale: float, location: float) -> float:
    """Sample size m whose expected information equals that of the prior at ``location``.

    The information of an almost empty prior of the same mean (``scale`` times less) with m
    observations, averaged over the prior predictive distribution, against that of the prior.
    """
    mean = float(p @ (a / (a + b)))
    wanted = float(beta_information(p, a, b, np.array([location]))[1][0])
    first = float(p @ (a + b)) / scale
    each = mean / location**2 + (1 - mean) / (1 - location) ** 2
    empty = (first * mean - 1) / location**2 + (first * (1 - mean) - 1) / (1 - location) ** 2
    return (wanted - empty) / each
