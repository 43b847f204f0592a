"""Mixture priors: robust ones, their posteriors and predictions, and what they weigh."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import betaln, logsumexp

from evidence.catalog.display import html_of_record, text_of_record
from evidence.errors import FitError, Problem, did_you_mean
from evidence.models.bayesian import mixtures
from evidence.models.borrowing import kernels_mixtures as kernels

Array = NDArray[np.float64]
# The almost empty prior of Morita et al. has this many times less information than the prior.
EMPTY = 4096.0


@dataclass(frozen=True, slots=True, eq=False)
class NormalMixture:
    """Mixture of normals, a prior of a mean.

    Attributes
    ----------
    weights, means, sds : ndarray, shape (n,)
    sigma : float or None
        Standard deviation of one observation, where effective sample sizes are wanted.
    """

    weights: Array
    means: Array
    sds: Array
    sigma: float | None = None

    _repr_html_, __str__ = html_of_record, text_of_record

    @property
    def parts(self) -> tuple[Array, Array, Array]:
        """Weights, means and standard deviations."""
        return self.weights, self.means, self.sds

    @property
    def mean(self) -> float:
        """Mean of the mixture."""
        return float(mixtures.moments(*self.parts)[0])

    @property
    def sd(self) -> float:
        """Standard deviation of the mixture."""
        return float(mixtures.moments(*self.parts)[1])

    def density(self, x: ArrayLike) -> Array:
        """Density at the points x."""
        at = np.asarray(x, dtype=np.float64)
        return mixtures.density(*self.parts, at.ravel()).reshape(at.shape)

    def cdf(self, x: ArrayLike) -> Array:
        """Probability to be at most x."""
        at = np.asarray(x, dtype=np.float64)
        return mixtures.cdf(*self.parts, at.ravel()).reshape(at.shape)

    def quantile(self, probability: ArrayLike) -> Array:
        """Quantiles; probabilities between 0 and 1, else FitError."""
        q = _probabilities(probability)
        return mixtures.quantile(*self.parts, q.ravel()).reshape(q.shape)


@dataclass(frozen=True, slots=True, eq=False)
class BetaMixture:
    """Mixture of betas, a prior of a proportion: weights, a, b of shape (n,)."""

    weights: Array
    a: Array
    b: Array

    _repr_html_, __str__ = html_of_record, text_of_record

    @property
    def parts(self) -> tuple[Array, Array, Array]:
        """Weights, a and b."""
        return self.weights, self.a, self.b

    @property
    def mean(self) -> float:
        """Mean of the mixture."""
        return float(self.weights @ (self.a / (self.a + self.b)))

    @property
    def sd(self) -> float:
        """Standard deviation of the mixture."""
        n, m = self.a + self.b, self.a / (self.a + self.b)
        square = self.weights @ (m * (1 - m) / (n + 1) + (m - self.mean) ** 2)
        return float(np.sqrt(square))

    def density(self, x: ArrayLike) -> Array:
        """Density at points inside 0 to 1, and 0 outside."""
        at = np.asarray(x, dtype=np.float64)
        inside = (at > 0) & (at < 1)
        safe = np.where(inside, at, 0.5).ravel()
        found = np.exp(kernels.beta_log_density(*self.parts, safe)).reshape(at.shape)
        return np.where(inside, found, 0.0)

    def cdf(self, x: ArrayLike) -> Array:
        """Probability to be at most x."""
        at = np.asarray(x, dtype=np.float64)
        return kernels.beta_cdf(*self.parts, at.ravel()).reshape(at.shape)

    def quantile(self, probability: ArrayLike) -> Array:
        """Quantiles; probabilities between 0 and 1, else FitError."""
        q = _probabilities(probability)
        return kernels.beta_quantile(*self.parts, q.ravel()).reshape(q.shape)


Mixture = NormalMixture | BetaMixture


def normal_mixture(
    weights: Sequence[float], means: ArrayLike, sds: ArrayLike, sigma: float | None = None
) -> NormalMixture:
    """Make a mixture of normals (RBesT: ``mixnorm``).

    Raises
    ------
    FitError
        If the weights do not sum to 1, or the numbers are no mixture.

    Examples
    --------
    >>> normal_mixture([0.7, 0.3], [-49, -46], [5.2, 9.1]).mean
    -48.099999999999994
    """
    w, (m, s) = _numbers(weights, means=means, sds=sds)
    problems = []
    if (s <= 0).any():
        problems.append(Problem("sds", "one is not above 0", "standard deviations above 0"))
    if sigma is not None and not (np.isfinite(sigma) and sigma > 0):
        problems.append(Problem("sigma", repr(sigma), "a number above 0"))
    if problems:
        raise FitError("this is no mixture", problems)
    return NormalMixture(w, m, s, None if sigma is None else float(sigma))


def beta_mixture(weights: Sequence[float], a: ArrayLike, b: ArrayLike) -> BetaMixture:
    """Make a mixture of betas (RBesT: ``mixbeta``).

    Raises
    ------
    FitError
        If the weights do not sum to 1, or the numbers are no mixture.

    Examples
    --------
    >>> round(beta_mixture([0.6, 0.4], [11, 3], [51, 15]).mean, 4)
    0.1731
    """
    w, (alpha, beta) = _numbers(weights, a=a, b=b)
    if (alpha <= 0).any() or (beta <= 0).any():
        raise FitError("this is no mixture", [Problem("a, b", "one is not above 0", "above 0")])
    return BetaMixture(w, alpha, beta)


def robustify(prior: Mixture, weight: float, mean: float | None = None, n: float = 1.0) -> Mixture:
    """Add a vague component (Schmidli et al. 2014, Biometrics 70:1023; RBesT: ``robustify``).

    Parameters
    ----------
    prior : NormalMixture or BetaMixture
    weight : float
        Of the vague component, between 0 and 1.
    mean : float, optional
        Of the vague component; the prior's own for normals, 1/2 for betas.
    n : float
        What it weighs: normals get ``sigma / sqrt(n)``, betas ``n mean + 1`` pseudo-observations
        over ``mean = 1/2`` being Beta(1, 1) for n = 1.

    Raises
    ------
    FitError
        If an argument is out of range, or a normal mixture has no sigma.

    Examples
    --------
    >>> wide = robustify(beta_mixture([1.0], [7.5], [30.5]), 0.5)
    >>> wide.a.tolist(), wide.b.tolist()
    ([7.5, 1.0], [30.5, 1.0])
    """
    _fraction("weight", weight)
    if not (np.isfinite(n) and n > 0):
        raise FitError("no vague component", [Problem("n", repr(n), "a number above 0")])
    w = np.append(prior.weights * (1 - weight), weight)
    if isinstance(prior, NormalMixture):
        sigma, centre = _sigma(prior), prior.mean if mean is None else float(mean)
        if not np.isfinite(centre):
            raise FitError("no vague component", [Problem("mean", repr(mean), "a number")])
        sds = np.append(prior.sds, sigma / np.sqrt(n))
        return NormalMixture(w, np.append(prior.means, centre), sds, sigma)
    centre = 0.5 if mean is None else float(mean)
    _fraction("mean", centre)
    a, b = np.append(prior.a, centre * (n + 1)), np.append(prior.b, (1 - centre) * (n + 1))
    return BetaMixture(w, a, b)


def update_mixture(
    prior: Mixture,
    *,
    estimate: float | None = None,
    std_error: float | None = None,
    events: int | None = None,
    total: int | None = None,
) -> Mixture:
    """Conjugate posterior (RBesT: ``postmix``).

    Parameters
    ----------
    prior : NormalMixture or BetaMixture
    estimate, std_error : float
        New data, for normals.
    events, total : int
        New data, for betas.

    Raises
    ------
    FitError
        If the data are not of the prior's kind, or not usable.

    Examples
    --------
    >>> update_mixture(beta_mixture([1.0], [1], [1]), events=3, total=10).a.tolist()
    [4.0]
    """
    if isinstance(prior, NormalMixture):
        if events is not None or total is not None or estimate is None or std_error is None:
            problem = Problem("data", "not those of a mean", "estimate= and std_error=")
            raise FitError("the prior cannot be updated", [problem])
        if not (np.isfinite(estimate) and np.isfinite(std_error) and std_error > 0):
            problem = Problem("estimate, std_error", f"{estimate!r}, {std_error!r}", "finite, > 0")
            raise FitError("the prior cannot be updated", [problem])
        p, m, s = prior.parts
        total_sd = np.hypot(s, std_error)
        log_w = np.log(p) - 0.5 * ((estimate - m) / total_sd) ** 2 - np.log(total_sd)
        share = s**2 / total_sd**2
        return NormalMixture(
            np.exp(log_w - logsumexp(log_w)),
            m + share * (estimate - m),
            s * std_error / total_sd,
            prior.sigma,
        )
    if estimate is not None or std_error is not None or events is None or total is None:
        problem = Problem("data", "not those of a proportion", "events= and total=")
        raise FitError("the prior cannot be updated", [problem])
    if not 0 <= events <= total:
        problem = Problem("events, total", f"{events!r} of {total!r}", "0 <= events <= total")
        raise FitError("the prior cannot be updated", [problem])
    a, b = prior.a + events, prior.b + total - events
    log_w = np.log(prior.weights) + betaln(a, b) - betaln(prior.a, prior.b)
    return BetaMixture(np.exp(log_w - logsumexp(log_w)), a, b)


def predictive(prior: Mixture, n: int) -> NormalMixture | Array:
    """Predictive distribution of n new observations (RBesT: ``preddist``).

    Returns
    -------
    NormalMixture or ndarray
        Of the mean of n observations; of betas the probabilities of 0, ..., n events.

    Raises
    ------
    FitError
        If n is below 1 or a normal mixture has no sigma.

    Examples
    --------
    >>> predictive(beta_mixture([1.0], [1], [1]), 4).round(3).tolist()
    [0.2, 0.2, 0.2, 0.2, 0.2]
    """
    if n < 1 or int(n) != n:
        raise FitError("nothing is predicted", [Problem("n", repr(n), "a whole number from 1 on")])
    if isinstance(prior, NormalMixture):
        sds = np.hypot(prior.sds, _sigma(prior) / np.sqrt(n))
        return NormalMixture(prior.weights, prior.means, sds, prior.sigma)
    return kernels.beta_binomial(*prior.parts, int(n))


def effective_sample_size(prior: Mixture, method: str = "elir") -> float:
    """Number of observations that the prior weighs (RBesT: ``ess``).

    Parameters
    ----------
    prior : NormalMixture or BetaMixture
        Normals need ``sigma``.
    method : {"elir", "moment", "morita"}
        Expected local information ratio (Neuenschwander et al. 2020), sample size of the one
        component with the same mean and variance, or Morita et al. (2008), at the mode.

    Raises
    ------
    FitError
        If the method is unknown, sigma is missing, or ELIR or Morita do not exist: a or b below 1.

    Examples
    --------
    >>> round(effective_sample_size(beta_mixture([1.0], [7.5], [30.5])), 3)
    38.0
    """
    if method not in ("elir", "moment", "morita"):
        right = did_you_mean(str(method), ("elir", "moment", "morita"))
        raise FitError("no such method", [Problem("method", f"unknown: {method!r}", right)])
    if isinstance(prior, NormalMixture):
        sigma = _sigma(prior)
        if method == "moment":
            return sigma**2 / prior.sd**2
        if method == "elir":
            return kernels.normal_elir(*prior.parts, sigma)
        at = mixtures.mode(*prior.parts)
        information = kernels.normal_information(*prior.parts, np.array([float(at)]))[1]
        return float(sigma**2 * information[0] - 1.0 / EMPTY)
    if method == "moment":
        return prior.mean * (1 - prior.mean) / prior.sd**2 - 1.0
    if (prior.a < 1).any() or (prior.b < 1).any():
        problem = Problem("prior", "a component has a or b below 1", 'method="moment"')
        raise FitError("the information of the prior has no finite expectation", [problem])
    if method == "elir":
        return kernels.beta_elir(*prior.parts)
    return kernels.beta_morita(*prior.parts, EMPTY, _beta_mode(prior))


def difference_below(one: Mixture, two: Mixture, thresholds: ArrayLike) -> Array:
    """Probability that ``one - two`` is at most each threshold (RBesT: ``pmixdiff``).

    Raises
    ------
    FitError
        If the two are not of one kind, or a threshold is not finite.

    Examples
    --------
    >>> a, b = normal_mixture([1.0], [1.0], [3.0]), normal_mixture([1.0], [0.0], [4.0])
    >>> difference_below(a, b, [1.0]).tolist()
    [0.5]
    """
    q = np.asarray(thresholds, dtype=np.float64)
    if not np.isfinite(q).all():
        problem = Problem("thresholds", repr(thresholds), "finite numbers")
        raise FitError("no such probability", [problem])
    if isinstance(one, NormalMixture) and isinstance(two, NormalMixture):
        return kernels.normal_difference(one.parts, two.parts, q.ravel()).reshape(q.shape)
    if isinstance(one, BetaMixture) and isinstance(two, BetaMixture):
        found = [kernels.beta_difference(one.parts, two.parts, float(x)) for x in q.ravel()]
        return np.array(found).reshape(q.shape)
    problem = Problem("one, two", "a mixture of normals and one of betas", "two of one kind")
    raise FitError("the two cannot be compared", [problem])


def _beta_mode(prior: BetaMixture) -> float:
    low, high = (float(x) for x in prior.quantile([0.001, 0.999]))
    for _ in range(12):
        x = np.linspace(low, high, 65)
        at = int(np.argmax(kernels.beta_log_density(*prior.parts, x)))
        low, high = float(x[max(at - 1, 0)]), float(x[min(at + 1, 64)])
    return 0.5 * (low + high)


def _sigma(prior: NormalMixture) -> float:
    if prior.sigma is None:
        problem = Problem("prior", "has no sigma", "normal_mixture(..., sigma=)")
        raise FitError("the standard deviation of one observation is needed", [problem])
    return prior.sigma


def _fraction(where: str, value: float) -> None:
    if not 0.0 < value < 1.0:
        problem = Problem(where, repr(value), "a fraction between 0 and 1")
        raise FitError("no vague component", [problem])


def _probabilities(probability: ArrayLike) -> Array:
    q = np.asarray(probability, dtype=np.float64)
    if not np.all((q > 0) & (q < 1)):
        problem = Problem("probability", f"{probability!r}", "numbers between 0 and 1")
        raise FitError("no such quantile", [problem])
    return q


def _numbers(weights: Sequence[float], **columns: ArrayLike) -> tuple[Array, list[Array]]:
    found = [np.atleast_1d(np.asarray(c, dtype=np.float64)) for c in (weights, *columns.values())]
    w, problems = found[0], []
    if w.ndim != 1 or any(c.shape != w.shape for c in found) or w.size == 0:
        what = f"shapes {[c.shape for c in found]}"
        problems.append(Problem(f"weights, {', '.join(columns)}", what, "one number a component"))
    elif not all(np.isfinite(c).all() for c in found):
        problems.append(Problem("mixture", "a number is not finite", "finite numbers"))
    elif (w <= 0).any() or abs(w.sum() - 1.0) > 1e-9:
        problems.append(Problem("weights", f"{w.tolist()}", "positive numbers that sum to 1"))
    if problems:
        raise FitError("this is no mixture", problems)
    return w, found[1:]
