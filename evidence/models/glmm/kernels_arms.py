"""Counts as canonical exponential families of a linear predictor, real or complex.

Each study has m observations (its groups; one where the likelihood is conditional). Complex
predictors are there for derivatives by the complex step (Squire and Trapp 1998).
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import special

Array = NDArray[np.float64]
Predictor = NDArray[Any]  # float64, or complex128 where a derivative is taken


class Arms(NamedTuple):
    """Observations of k studies.

    ``family`` is "binomial" (y of n), "poisson" (y in exposure n) or "hypergeometric" (y in group
    1, whose support is y + ``steps``); y, n and ``constant`` have shape (k, m); ``steps`` and
    ``weights`` (log of the central probabilities, relative to that of y) have shape (k, s).
    """

    family: str
    y: Array
    n: Array
    constant: Array
    steps: Array
    weights: Array

    def part(self, rows: Any) -> Arms:
        """Observations of some of the studies."""
        return Arms(self.family, *(a[rows] for a in self[1:]))


class Density(NamedTuple):
    """Log density and its first two derivatives, the second with its sign changed."""

    value: Predictor
    score: Predictor
    information: Predictor


NONE = np.zeros((0, 0))


def binomial(y: Array, n: Array) -> Arms:
    """Events y of n, shapes (k, m).

    Examples
    --------
    >>> arms = binomial(np.array([[1.0]]), np.array([[2.0]]))
    >>> round(density(arms, np.zeros((1, 1))).value.item(), 6) == round(float(np.log(0.5)), 6)
    True
    """
    constant = -special.betaln(y + 1.0, n - y + 1.0) - np.log1p(n)
    return Arms("binomial", y, n, constant, np.zeros((len(y), 0)), np.zeros((len(y), 0)))


def poisson(y: Array, time: Array) -> Arms:
    """Events y in a person-time, shapes (k, m); the predictor is the log rate."""
    constant = special.xlogy(y, time) - special.gammaln(y + 1.0)
    return Arms("poisson", y, time, constant, np.zeros((len(y), 0)), np.zeros((len(y), 0)))


def hypergeometric(x1: Array, n1: Array, x2: Array, n2: Array) -> Arms:
    """Events in group 1 given the margins, shapes (k,); the predictor is the log odds ratio.

    Liao and Rosen 2001: the probabilities relative to one point of the support, here the observed
    one, so that the log density loses no digits.
    """
    total = x1 + x2
    low, high = np.maximum(0.0, total - n2), np.minimum(n1, total)
    steps = np.arange(int((high - low).max()) + 1) + (low - x1)[:, None]
    at = x1[:, None] + steps
    inside = at <= high[:, None]
    at = np.where(inside, at, x1[:, None])

    def log_choose(n: Array, x: Array) -> Array:
        return np.asarray(-special.betaln(x + 1.0, n - x + 1.0) - np.log1p(n))

    first, second = n1[:, None], n2[:, None]
    log = log_choose(first, at) + log_choose(second, total[:, None] - at)
    own = log_choose(n1, x1) + log_choose(n2, x2)
    weights = np.where(inside, log - own[:, None], -np.inf)
    steps = np.where(inside, steps, 0.0)
    zero = np.zeros((len(x1), 1))
    return Arms("hypergeometric", x1[:, None], n1[:, None], zero, steps, weights)


def density(arms: Arms, eta: Predictor) -> Density:
    """Log density of every observation at predictors (..., k, m).

    Examples
    --------
    Fisher's 2 of 3 against 1 of 3, at an odds ratio of 1: 9 of 20 tables.

    >>> two, three, one = np.array([2.0]), np.array([3.0]), np.array([1.0])
    >>> arms = hypergeometric(two, three, one, three)
    >>> round(float(np.exp(density(arms, np.zeros((1, 1))).value.item())), 12)
    0.45
    """
    if arms.family == "binomial":
        positive = eta.real > 0
        e = np.exp(np.where(positive, -eta, eta))
        softplus = np.log1p(e) + np.where(positive, eta, 0.0)
        p = np.where(positive, 1.0, e) / (1.0 + e)
        information = arms.n * e / (1.0 + e) ** 2
        return Density(
            arms.constant + arms.y * eta - arms.n * softplus, arms.y - arms.n * p, information
        )
    if arms.family == "poisson":
        mean = arms.n * np.exp(eta)
        return Density(arms.constant + arms.y * eta - mean, arms.y - mean, mean)
    exponent = arms.weights + arms.steps * eta
    top = exponent.real.max(-1, keepdims=True)
    terms = np.exp(exponent - top)
    total = terms.sum(-1, keepdims=True)
    first = (terms * arms.steps).sum(-1, keepdims=True) / total
    second = (terms * (arms.steps - first) ** 2).sum(-1, keepdims=True) / total
    return Density(-(np.log(total) + top), -first, second)


def saturated(arms: Arms) -> Array:
    """Largest log density of each study, shape (k,), were every predictor free."""
    y, n = arms.y, arms.n
    if arms.family == "binomial":
        found = special.xlogy(y, y / n) + special.xlogy(n - y, (n - y) / n)
        return np.asarray((arms.constant + found).sum(1))
    if arms.family == "poisson":
        return np.asarray((arms.constant + special.xlogy(y, y / n) - y).sum(1))
    eta, _ = conditional_estimates(arms)
    finite = np.isfinite(eta)
    value = density(arms, np.where(finite, eta, 0.0)[:, None]).value[:, 0].real
    return np.where(finite, value, 0.0)


def conditional_estimates(arms: Arms) -> tuple[Array, Array]:
    """Conditional estimates (k,) of log odds ratios and their variances; infinite at the ends.

    Newton steps, each no longer than 2; the log density is concave.
    """
    low, high = arms.steps.min(1), arms.steps.max(1)
    inside = (low < 0) & (high > 0)
    eta = np.zeros((len(low), 1))
    for _ in range(200):
        found = density(arms, eta)
        step = np.clip(found.score / np.maximum(found.information, 1e-300), -2.0, 2.0)
        step = np.where(inside[:, None], step, 0.0)
        eta = eta + step
        if float(np.abs(step).max(initial=0.0)) < 1e-12:
            break
    information = density(arms, eta).information[:, 0]
    ends = np.where(high > 0, -np.inf, np.where(low < 0, np.inf, np.nan))
    variance = 1.0 / np.where(inside, information, 1.0)
    return np.where(inside, eta[:, 0], ends), np.where(inside, variance, np.inf)
