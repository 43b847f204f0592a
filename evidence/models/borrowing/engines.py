"""The ways of borrowing: each gives the target's posterior at any discount."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import logsumexp

from evidence.catalog.display import html_of_record
from evidence.errors import FitError, Problem
from evidence.models.bayesian import mixtures
from evidence.models.bayesian.exact import solve
from evidence.models.bayesian.fit import moments_that_exist, require_proper_posterior
from evidence.models.bayesian.kernels import tau_grid
from evidence.models.bayesian.priors import MuPrior, TauPrior
from evidence.models.borrowing import kernels_borrow as kernels

Array = NDArray[np.float64]
Parts = tuple[Array, Array, Array]
Data = tuple[Array, Array]
TOLERANCE = 1e-11


@dataclass(frozen=True, slots=True)
class SpikeSlab:
    """Prior of the precision between source and target (Hobbs et al. 2012, Bayesian Anal 7:639).

    Attributes
    ----------
    probability : float
        Of the spike.
    spike : float
        Precision of near identity.
    low, high : float
        Range of the slab, uniform in the precision.
    """

    probability: float
    spike: float
    low: float
    high: float

    _repr_html_ = html_of_record

    def __str__(self) -> str:
        slab = f"{self.low:.4g} to {self.high:.4g}"
        return f"spike-and-slab({self.probability:g}; spike {self.spike:.4g}, slab {slab})"


def spike_slab(probability: float, *, spike_sd: float, slab_sd: tuple[float, float]) -> SpikeSlab:
    """State the spike-and-slab prior by standard deviations between source and target.

    Parameters
    ----------
    probability : float
        Of the spike: that the populations are all but identical.
    spike_sd : float
        Standard deviation under the spike.
    slab_sd : (float, float)
        Smallest and largest standard deviation under the slab.

    Raises
    ------
    FitError
        If a number is out of range.

    Examples
    --------
    >>> spike_slab(0.5, spike_sd=0.01, slab_sd=(0.1, 2.0)).low
    0.25
    """
    narrow, wide = slab_sd
    problems = []
    if not 0.0 <= probability <= 1.0:
        problems.append(Problem("probability", repr(probability), "a fraction from 0 to 1"))
    if not 0.0 < spike_sd < np.inf:
        problems.append(Problem("spike_sd", repr(spike_sd), "a number above 0"))
    if not 0.0 < narrow < wide < np.inf:
        problems.append(Problem("slab_sd", repr(slab_sd), "two rising numbers above 0"))
    if problems:
        raise FitError("the prior is not a distribution", problems)
    return SpikeSlab(float(probability), spike_sd**-2.0, wide**-2.0, narrow**-2.0)


@dataclass(frozen=True, slots=True)
class Engine:
    """One way of borrowing.

    Attributes
    ----------
    axis : str
        What the discount is: ``a0``, ``sd``, ``spike_probability`` or ``map_weight``.
    at : callable
        From a discount to the mixture of normals of the target's mean.
    stated : callable
        The answer at what was stated (or over the prior of the discount).
    moments : int
        Highest moment of the target's mean that exists.
    range : (float, float)
        Ends of the axis.
    """

    axis: str
    at: Callable[[float], Parts]
    stated: Callable[[], Parts]
    moments: int
    range: tuple[float, float]


def stacked(populations: Sequence[Data]) -> Data:
    """Estimates and standard errors of several populations as one."""
    y, s = (np.concatenate([pair[i] for pair in populations]) for i in (0, 1))
    return y, s


def scales(data: Sequence[Data], tau: TauPrior, mu: MuPrior) -> tuple[float, float]:
    """Smallest and largest scale at which something can happen to tau."""
    y, s = stacked(data)
    low, high = float(s.min()), float(max(s.max(), np.ptp(y)))
    if mu.proper:
        high = max(high, float(np.abs(y - mu.mean).max()))
    if tau.proper and not tau.family.from_data:
        ends = tau.quantile([1e-6, 0.999])
        low, high = min(low, float(ends[0])), max(high, float(ends[1]))
    return low, high


def power(target: Data, source: Data, tau: TauPrior, mu: MuPrior, stated: float) -> Engine:
    """Power prior with a fixed discount on the source's likelihood, for mean and tau alike."""
    y, s = stacked([target, source])
    k = target[0].size
    right = require_proper_posterior(k, tau, mu)
    moment = moments_that_exist(right)
    low, high = scales([target, source], tau, mu)

    def at(discount: float) -> Parts:
        a = np.concatenate([np.ones(k), np.full(y.size - k, discount)])
        # At 0 the source says nothing at all, not even where the grid ends.
        used = y.size if discount > 0 else k
        mine = y[:used], s[:used], a[:used]

        def log_density(t: Array) -> Array:
            found = kernels.discounted(t, *mine, mu.mean, mu.precision)[0]
            return np.asarray(tau.log_density(t, s[:k]) + found)

        grid = tau_grid(
            log_density,
            low=low,
            high=high,
            left=tau.family.order + 1.0,
            right=right,
            moment=float(moment),
            upper=tau.upper,
            tolerance=TOLERANCE,
        )
        _, m, v = kernels.discounted(grid.tau, *mine, mu.mean, mu.precision)
        return grid.weights, m, np.sqrt(v)

    return Engine("a0", at, lambda: at(stated), 2 if mu.proper else moment, (0.0, 1.0))


def exchangeable(
    populations: Sequence[Data], tau: TauPrior, mu: MuPrior, between: TauPrior
) -> Engine:
    """Population means about a common one; the discount is their standard deviation."""
    return _by_sd(populations, tau, mu, between, kernels.linked)


def commensurate(
    target: Data, source: Data, tau: TauPrior, mu: MuPrior, between: TauPrior | SpikeSlab
) -> Engine:
    """Target's mean about the source's, with a prior of the sd or of the precision between."""
    if isinstance(between, TauPrior):
        return _by_sd([target, source], tau, mu, between, kernels.commensurate)
    prior = between
    nodes, weights = np.polynomial.legendre.leggauss(64)
    # Uniform in the precision, on the scale of its logarithm: the slab may span many decades.
    logs = 0.5 * (np.log(prior.high) + np.log(prior.low))
    logs = logs + 0.5 * (np.log(prior.high) - np.log(prior.low)) * nodes
    precisions = np.exp(logs)
    weights = weights * precisions
    sd = np.concatenate([[prior.spike**-0.5], precisions**-0.5])
    joint = _Joint([target, source], tau, mu, kernels.commensurate, sd)
    log_p, m, v = joint.given(sd)
    evidence = logsumexp(log_p, axis=1)
    slab = np.log(weights / weights.sum()) + evidence[1:]

    def at(probability: float) -> Parts:
        with np.errstate(divide="ignore"):
            each = np.concatenate(
                [[np.log(probability) + evidence[0]], np.log(1 - probability) + slab]
            )
        each = np.exp(each - logsumexp(each))
        p = each[:, None] * np.exp(log_p - evidence[:, None])
        return kept(p, m, np.sqrt(v))

    own = prior.probability
    return Engine("spike_probability", at, lambda: at(own), joint.moments, (0.0, 1.0))


def robust_map(
    target: Data, source: Data, tau: TauPrior, mu: MuPrior, vague: MuPrior, stated: float
) -> Engine:
    """Meta-analytic-predictive prior of the target's mean, beside a vague one (Schmidli 2014)."""
    posterior, _ = solve(*source, tau, mu)
    grid = solve(*target, tau, vague)[0].grid
    log_p, m, v = kernels.population(grid.tau, *target)
    # The grid's weights hold a likelihood; what is wanted is prior times the rule's weights.
    held = np.log(grid.weights) - _vague_likelihood(log_p, m, v, vague)
    log_w = held + log_p
    ahead = posterior.components("prediction")
    informed = kernels.against_mixture(log_w, m, v, kept(*ahead))
    empty = kernels.against_mixture(
        log_w, m, v, (np.ones(1), np.array([vague.mean]), np.array([vague.sd]))
    )

    def at(weight: float) -> Parts:
        with np.errstate(divide="ignore"):
            logs = np.log([weight, 1 - weight]) + np.array([informed[0], empty[0]])
        return _shared(np.exp(logs - logsumexp(logs)), informed[1], empty[1])

    return Engine("map_weight", at, lambda: at(stated), 2, (0.0, 1.0))


def predicted(source: Data, tau: TauPrior, mu: MuPrior, vague: MuPrior, stated: float) -> Engine:
    """Robust MAP of a population without trials: its prior, for there is nothing to update it."""
    posterior, _ = solve(*source, tau, mu)
    ahead = kept(*posterior.components("prediction"))
    empty = np.ones(1), np.array([vague.mean]), np.array([vague.sd])

    def at(weight: float) -> Parts:
        return _shared(np.array([weight, 1.0 - weight]), ahead, empty)

    exist = min(posterior.mu_moments, posterior.tau_moments)
    return Engine("map_weight", at, lambda: at(stated), exist, (0.0, 1.0))


def _shared(share: Array, one: Parts, two: Parts) -> Parts:
    """Two mixtures as one, the weight of each as stated; one that weighs nothing is left out."""
    pieces = [(w * part[0], *part[1:]) for w, part in zip(share, (one, two), strict=True) if w > 0]
    p, centre, sd = (np.concatenate(part) for part in zip(*pieces, strict=True))
    return p, centre, sd


def _vague_likelihood(log_p: Array, m: Array, v: Array, vague: MuPrior) -> Array:
    total = v + vague.sd**2
    found = log_p - 0.5 * (np.log(2 * np.pi * total) + (m - vague.mean) ** 2 / total)
    return np.asarray(found)


class _Joint:
    """Joint density of tau (on nodes) and of the estimates, given sds between populations."""

    def __init__(
        self,
        populations: Sequence[Data],
        tau: TauPrior,
        mu: MuPrior,
        link: Callable[..., Parts],
        sds: Array,
    ) -> None:
        s = np.concatenate([pair[1] for pair in populations])
        right = require_proper_posterior(s.size, tau, mu)
        exist = moments_that_exist(right)
        self.moments = 2 if mu.proper else exist
        self.link, self.mu = link, mu
        few = sds[np.unique(np.linspace(0, sds.size - 1, min(sds.size, 9)).astype(int))]
        low, high = scales(populations, tau, mu)

        def log_density(t: Array) -> Array:
            log_l, m, v = self._summaries(populations, t)
            joint = self.link(m, v, few[:, None], mu.mean, mu.precision)[0]
            return np.asarray(tau.log_density(t, s) + log_l + logsumexp(joint, axis=0))

        grid = tau_grid(
            log_density,
            low=low,
            high=high,
            left=tau.family.order + 1.0,
            right=right,
            moment=float(exist),
            upper=tau.upper,
            tolerance=TOLERANCE,
        )
        _, self.m, self.v = self._summaries(populations, grid.tau)
        joint = link(self.m, self.v, few[:, None], mu.mean, mu.precision)[0]
        # Rule's weight times prior and likelihoods, without the link: it is added for each sd.
        with np.errstate(divide="ignore"):
            self.rest = np.log(grid.weights) - logsumexp(joint, axis=0) + grid.log_integral

    @staticmethod
    def _summaries(populations: Sequence[Data], tau: Array) -> Parts:
        each = [kernels.population(tau, *pair) for pair in populations]
        log_l = np.sum([one[0] for one in each], axis=0)
        return log_l, np.stack([one[1] for one in each]), np.stack([one[2] for one in each])

    def given(self, sd: Array) -> Parts:
        """Log joint weights of the nodes (G, n), and mean and variance of the target's mean."""
        log_l, m, v = self.link(
            self.m, self.v, np.asarray(sd)[:, None], self.mu.mean, self.mu.precision
        )
        return self.rest + log_l, m, v


def _by_sd(
    populations: Sequence[Data],
    tau: TauPrior,
    mu: MuPrior,
    between: TauPrior,
    link: Callable[..., Parts],
) -> Engine:
    most = float(between.quantile([0.999])[0])
    low = 1e-3 * min(float(pair[1].min()) for pair in populations)
    joint = _Joint(populations, tau, mu, link, np.concatenate([[0.0], np.geomspace(low, most, 8)]))

    def at(sd: float) -> Parts:
        log_p, m, v = joint.given(np.array([sd]))
        p = np.exp(log_p[0] - logsumexp(log_p[0]))
        return p, m[0], np.sqrt(v[0])

    def stated() -> Parts:
        def log_density(sd: Array) -> Array:
            return np.asarray(between.log_density(sd) + logsumexp(joint.given(sd)[0], axis=1))

        grid = tau_grid(
            log_density,
            low=min(low, float(between.quantile([1e-6])[0])),
            high=max(most, 1e3 * low),
            left=between.family.order + 1.0,
            right=between.tail,
            moment=0.0,
            upper=between.upper,
            tolerance=1e-8,
        )
        log_p, m, v = joint.given(grid.tau)
        p = grid.weights[:, None] * np.exp(log_p - logsumexp(log_p, axis=1)[:, None])
        return kept(p, m, np.sqrt(v))

    return Engine("sd", at, stated, joint.moments, (0.0, most))


def kept(p: Array, m: Array, s: Array) -> Parts:
    """Flat components, without those that weigh nothing."""
    some = p > 1e-13 * p.max()
    weights = p[some]
    return weights / weights.sum(), m[some], s[some]


def figures(parts: Parts, level: float, threshold: float) -> dict[str, float]:
    """Mean, sd, median, central interval and probability below the threshold."""
    p, m, s = parts
    mean, sd = mixtures.moments(p, m, s)
    q = mixtures.quantile(p, m, s, np.array([0.5, (1 - level) / 2, (1 + level) / 2]))
    return {
        "mean": float(mean),
        "median": float(q[0]),
        "sd": float(sd),
        "ci_low": float(q[1]),
        "ci_high": float(q[2]),
        "probability_below": float(mixtures.cdf(p, m, s, np.array([threshold]))[0]),
    }
