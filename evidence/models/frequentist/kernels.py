"""Arithmetic of the pairwise model, batched: y, v of shape (..., k), tau2 of shape (...).

Every function takes k >= 2 finite estimates ``y`` with sampling variances ``v`` > 0 along the last
axis and treats all leading axes as separate problems.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import special

from evidence.models.frequentist.kernels_tau2 import generalised_q, q_root

Array = NDArray[np.float64]


class WeightedMean(NamedTuple):
    """Inverse-variance weighted mean: mean and variance (...), weights (..., k)."""

    mean: Array
    variance: Array
    weights: Array


def weighted_mean(y: Array, v: Array, tau2: Array, weights: Array | None = None) -> WeightedMean:
    """Weighted mean with weights 1 / (v + tau2) or the stated ones, and its variance.

    The variance is sum(weights^2 (v + tau2)) / sum(weights)^2, without stated weights 1 / sum.
    DerSimonian and Laird 1986; checked against metafor ``rma.uni``.

    Examples
    --------
    >>> weighted_mean(np.array([0.0, 3.0]), np.array([1.0, 2.0]), np.array(0.0)).mean.item()
    1.0
    """
    # From the lowest up, so that a far offset costs no digits and identical estimates stay exact.
    lowest = y.min(-1)
    mean, variance, w = weighted_mean_above(y - lowest[..., None], v, tau2, weights)
    return WeightedMean(lowest + mean, variance, w)


def weighted_mean_above(
    y: Array, v: Array, tau2: Array, weights: Array | None = None
) -> WeightedMean:
    """Return ``weighted_mean`` of estimates that are counted from near themselves already.

    Examples
    --------
    >>> weighted_mean_above(np.array([0.0, 3.0]), np.ones(2), np.array(1.0)).mean.item()
    1.5
    """
    total_variance = v + tau2[..., None]
    if weights is None:
        w = np.divide(1.0, total_variance, out=total_variance)
        variance = 1.0 / w.sum(-1)
        return WeightedMean((w * y).sum(-1) * variance, variance, w)
    total = weights.sum(-1)
    mean = (weights * y).sum(-1) / total
    share = weights / total[..., None]
    share *= share
    share *= total_variance
    return WeightedMean(mean, np.asarray(share.sum(-1)), weights)


def typical_variance(v: Array) -> Array:
    """Typical sampling variance s2 of Higgins and Thompson 2002, eq. 9."""
    w = 1.0 / v
    total = w.sum(-1)
    return np.asarray((v.shape[-1] - 1) * total / (total**2 - (w**2).sum(-1)))


def i2_of(tau2: Array, s2: Array) -> Array:
    """I2 in percent, 100 tau2 / (tau2 + s2)."""
    return np.asarray(100.0 * tau2 / (tau2 + s2))


def h2_of(tau2: Array, s2: Array) -> Array:
    """H2 = (tau2 + s2) / s2."""
    return np.asarray(tau2 / s2 + 1.0)


def i2_from_q(q: Array, df: int) -> Array:
    """I2 in percent from Cochran's Q, max(0, (Q - df) / Q); 0 where Q is 0."""
    return 100.0 * np.maximum(0.0, q - df) / np.where(q > 0, q, 1.0)


def q_p_value(q: Array, df: int) -> Array:
    """Upper tail of chi-squared with ``df`` degrees of freedom."""
    return np.asarray(special.chdtrc(df, q))


def hartung_knapp_multiplier(y: Array, v: Array, tau2: Array) -> Array:
    """Hartung-Knapp q = Q(tau2) / (k - 1): its root multiplies the Wald standard error.

    Hartung and Knapp 2001; Sidik and Jonkman 2002.
    """
    return np.asarray(generalised_q(y, v, tau2) / (y.shape[-1] - 1))


def critical_value(level: float, df: float) -> float:
    """Two-sided critical value of t with ``df`` degrees of freedom; infinite df: of the normal."""
    return float(critical_values(level, np.asarray(df, dtype=np.float64)))


def critical_values(level: float, df: Array) -> Array:
    """Return ``critical_value`` for degrees of freedom of any shape."""
    upper = 0.5 + level / 2.0
    different, where = np.unique(df, return_inverse=True)  # mostly one: the inverse of t is slow
    normal = np.isinf(different)
    t = special.stdtrit(np.where(normal, 1.0, different), upper)
    found = np.where(normal, special.ndtri(upper), t)
    return np.asarray(found[where].reshape(np.shape(df)))


def two_sided_p(statistic: Array, df: float | Array) -> Array:
    """Two-sided p value by t with ``df`` degrees of freedom; infinite df: by the normal."""
    lower, normal = -np.abs(statistic), np.isinf(df)
    if np.all(normal):
        return np.asarray(2.0 * special.ndtr(lower))
    t = special.stdtr(np.where(normal, 1.0, df), lower)
    return np.asarray(2.0 * (np.where(normal, special.ndtr(lower), t) if np.any(normal) else t))


class Tau2Interval(NamedTuple):
    """Interval of tau2 (...); ``empty`` where no tau2 >= 0 is compatible, then both ends are 0."""

    low: Array
    high: Array
    empty: NDArray[np.bool_]
    converged: NDArray[np.bool_]


def q_profile_interval(y: Array, v: Array, level: float) -> Tau2Interval:
    """Q-profile interval of tau2: all values whose generalised Q is an ordinary chi-squared draw.

    Viechtbauer 2007, eq. 9: Q falls in tau2, so each end is one root, and 0 where Q starts below.
    Checked against metafor ``confint.rma.uni`` and a scalar root finder.

    Examples
    --------
    >>> y, v = np.array([0.1, 0.9, 2.0]), np.array([0.1, 0.1, 0.1])
    >>> [round(float(x), 3) for x in q_profile_interval(y, v, 0.95)[:2]]
    [0.147, 35.843]
    """
    df, tail = y.shape[-1] - 1, (1.0 - level) / 2.0
    largest, smallest = float(special.chdtri(df, tail)), float(special.chdtri(df, 1.0 - tail))
    low, high = q_root(y, v, largest), q_root(y, v, smallest)
    empty = generalised_q(y, v, np.zeros(y.shape[:-1])) < smallest
    return Tau2Interval(low.tau2, high.tau2, empty, low.converged & high.converged)


def tau2_standard_error(v: Array, tau2: Array, method: str) -> Array:
    """Large-sample standard error of tau2 under normality, at the estimate.

    With P = W - W 1 1' W / sum(W): REML from the expected information, sqrt(2 / tr(PP));
    Paule-Mandel by the delta method on Q, whose variance is 2 (k - 1) and mean slope -tr(P), which
    is set to what it is for equal variances, (k - 1) / k sum(w), as metafor does;
    DerSimonian-Laird from the exact variance of Q with weights 1 / v,
    2 ((k - 1) + 2 tau2 tr(P) + tau2^2 tr(PP)) (Biggerstaff and Tweedie 1997).
    Checked against metafor ``rma.uni`` (``se.tau2``).
    """
    dersimonian = method == "dersimonian_laird"
    w = 1.0 / (v if dersimonian else v + tau2[..., None])
    s1, s2, s3 = w.sum(-1), (w**2).sum(-1), (w**3).sum(-1)
    trace = s1 - s2 / s1
    trace_square = s2 - 2.0 * s3 / s1 + (s2 / s1) ** 2
    if np.any(trace_square < 1e-6 * s2):
        # One study outweighs all others: the differences above are rounding noise.
        p = w / s1[..., None]
        off = (w[..., None] * p[..., None, :]) * (1.0 - np.eye(w.shape[-1]))
        trace, own = off.sum((-1, -2)), off.sum(-1)
        trace_square = (own**2).sum(-1) + (off**2).sum((-1, -2))
    df = v.shape[-1] - 1
    if method == "reml":
        return np.asarray(np.sqrt(2.0 / trace_square))
    if dersimonian:
        variance = 2.0 * (df + 2.0 * tau2 * trace + tau2**2 * trace_square)
        return np.asarray(np.sqrt(variance) / trace)
    return np.asarray(np.sqrt(2.0 * df) / (s1 * df / (df + 1)))


class LogLikelihoods(NamedTuple):
    """Full, restricted and saturated (one mean a study, tau2 = 0) log-likelihoods, each (...)."""

    full: Array
    restricted: Array
    saturated: Array


def log_likelihoods(y: Array, v: Array, tau2: Array, mean: Array | None = None) -> LogLikelihoods:
    """Evaluate the normal log-likelihoods at tau2 and its weighted mean, with all constants.

    ``mean`` stands in for the weighted mean where the fit used weights of its own.

    The restricted one carries log(k) / 2, as in Harville 1974; checked against metafor
    ``fitstats``.
    """
    k = y.shape[-1]
    total = v + tau2[..., None]
    q = generalised_q(y, v, tau2)
    if mean is not None:
        q = ((y - mean[..., None]) ** 2 / total).sum(-1)
    log_2pi = np.log(2.0 * np.pi)
    body = -0.5 * np.log(total).sum(-1) - 0.5 * q
    full = body - 0.5 * k * log_2pi
    extra = 0.5 * np.log(k) - 0.5 * np.log((1.0 / total).sum(-1))
    restricted = body - 0.5 * (k - 1) * log_2pi + extra
    saturated = -0.5 * np.log(v).sum(-1) - 0.5 * k * log_2pi
    return LogLikelihoods(full, restricted, saturated)


class StudyEffects(NamedTuple):
    """Best linear unbiased predictions of the studies' own effects, each (..., k)."""

    effect: Array
    std_error: Array
    shrinkage: Array


def study_effects(y: Array, v: Array, tau2: Array, mean: Array, variance: Array) -> StudyEffects:
    """Shrink every estimate towards the mean by v / (v + tau2).

    Raudenbush and Bryk 1985, eq. 11; ``variance`` is that of the mean, as the interval has it.
    Checked against metafor ``blup``.
    """
    kept = tau2[..., None] / (v + tau2[..., None])
    effect = kept * y + (1.0 - kept) * mean[..., None]
    spread = kept * v + (1.0 - kept) ** 2 * variance[..., None]
    return StudyEffects(effect, np.sqrt(spread), 1.0 - kept)
