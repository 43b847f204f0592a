"""Posteriors of a target's mean that lean on a source, given tau and the discount.

Studies are ``y_i ~ N(theta_p, s_i^2 + tau^2)`` in population p, with one tau for all. Given tau a
population is its weighted mean and that mean's variance; everything else is normal.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import logsumexp

Array = NDArray[np.float64]


def discounted(
    tau: Array, y: Array, s: Array, a: Array, mean: float, precision: float
) -> tuple[Array, Array, Array]:
    """Power prior: each study's likelihood to the power ``a`` (Ibrahim and Chen 2000, eq. 2).

    Parameters
    ----------
    tau : ndarray, shape (..., n)
    y, s, a : ndarray, shape (..., k)
        Powers are 1 for the target and the discount for the source.
    mean, precision : float
        Of the normal prior of the common mean; precision 0 is flat.

    Returns
    -------
    log_likelihood, m, variance : ndarray, shape (..., n)
    """
    total = s[..., None, :] ** 2 + tau[..., None] ** 2
    power = a[..., None, :]
    w = power / total
    sums = w.sum(axis=-1) + precision
    centre = mean if precision > 0 else 0.0
    m = centre + (w * (y - centre)[..., None, :]).sum(axis=-1) / sums
    known = np.log(precision) if precision > 0 else np.log(2 * np.pi)
    constant = 0.5 * (known - np.log(sums) - precision * (m - mean) ** 2)
    squares = (w * (y[..., None, :] - m[..., None]) ** 2).sum(axis=-1)
    spread = -0.5 * ((power * np.log(2 * np.pi * total)).sum(axis=-1) + squares)
    return spread + constant, m, 1.0 / sums


def population(tau: Array, y: Array, s: Array) -> tuple[Array, Array, Array]:
    """Log likelihood of a population with its mean integrated, that mean and its variance.

    ``tau: (n,)``, ``y, s: (k,)``; three arrays (n,).
    """
    total = s**2 + tau[:, None] ** 2
    w = 1.0 / total
    v = 1.0 / w.sum(axis=1)
    m = (w * y).sum(axis=1) * v
    squares = (w * (y - m[:, None]) ** 2).sum(axis=1)
    log_l = 0.5 * (np.log(2 * np.pi * v) - np.log(2 * np.pi * total).sum(axis=1) - squares)
    return log_l, m, v


def linked(
    m: Array, v: Array, sd: Array, mean: float, precision: float
) -> tuple[Array, Array, Array]:
    """Exchangeable populations: means ``theta_p ~ N(M, sd^2)`` (Roever and Friede 2020).

    Parameters
    ----------
    m, v : ndarray, shape (P, n)
        Estimates and variances of the population means given tau; the target first.
    sd : ndarray, shape (G, 1)
        Standard deviations between populations.
    mean, precision : float
        Of the normal prior of M; precision 0 is flat.

    Returns
    -------
    log_likelihood, mean, variance : ndarray, shape (G, n)
        Of the estimates, and of the target's ``theta`` given all of them.
    """
    total = v[:, None, :] + sd**2
    w = 1.0 / total
    sums = w.sum(axis=0) + precision
    centre = ((w * m[:, None, :]).sum(axis=0) + precision * mean) / sums
    known = np.log(precision) if precision > 0 else np.log(2 * np.pi)
    squares = (w * (m[:, None, :] - centre) ** 2).sum(axis=0) + precision * (centre - mean) ** 2
    log_l = 0.5 * (known - np.log(sums) - np.log(2 * np.pi * total).sum(axis=0) - squares)
    others = sums - w[0]
    prior_mean = (centre * sums - w[0] * m[0]) / others
    prior_variance = 1.0 / others + sd**2
    share = prior_variance / (prior_variance + v[0])
    return log_l, prior_mean + share * (m[0] - prior_mean), share * v[0]


def commensurate(
    m: Array, v: Array, sd: Array, mean: float, precision: float
) -> tuple[Array, Array, Array]:
    """Target about source: ``theta_T ~ N(theta_S, sd^2)`` (Hobbs et al. 2011, eq. 5).

    As `linked`, with two rows in ``m, v`` and the prior (mean, precision) that of ``theta_S``.
    """
    post = 1.0 / v[1] + precision
    source = (m[1] / v[1] + precision * mean) / post
    if precision > 0:
        spread = v[1] + 1.0 / precision
        log_s = -0.5 * (np.log(2 * np.pi * spread) + (m[1] - mean) ** 2 / spread)
    else:
        log_s = np.zeros_like(m[1])
    prior_variance = 1.0 / post + sd**2
    total = prior_variance + v[0]
    log_l = log_s - 0.5 * (np.log(2 * np.pi * total) + (m[0] - source) ** 2 / total)
    share = prior_variance / total
    return log_l, source + share * (m[0] - source), share * v[0]


def against_mixture(
    log_p: Array, m: Array, v: Array, prior: tuple[Array, Array, Array], least: float = 1e-13
) -> tuple[float, tuple[Array, Array, Array]]:
    """Posterior under a mixture prior of theta: evidence and a mixture of normals.

    Parameters
    ----------
    log_p : ndarray, shape (n,)
        Log of weight times likelihood of each tau, theta integrated.
    m, v : ndarray, shape (n,)
        Estimate of theta and its variance given tau.
    prior : tuple of ndarray, shape (c,)
        Probabilities, means and standard deviations.
    least : float
        Components below this share of the largest are dropped.
    """
    p, centre, sd = (part[:, None] for part in prior)
    total = sd**2 + v
    log_w = np.log(p) + log_p - 0.5 * (np.log(2 * np.pi * total) + (m - centre) ** 2 / total)
    evidence = float(logsumexp(log_w))
    share = sd**2 / total
    mean, spread = centre + share * (m - centre), np.sqrt(share * v)
    some = log_w > log_w.max() + np.log(least)
    weights = np.exp(log_w[some] - evidence)
    return evidence, (weights / weights.sum(), mean[some], spread[some])


def two_sided(p: Array, m: Array, s: Array, at: float, points: int = 4001) -> float:
    """Box's p of a mixture of normals: P(density <= density at ``at``), by a grid of x."""
    low, high = (m - 9 * s).min(), (m + 9 * s).max()
    centre = float(p @ m)
    width = float(np.sqrt(p @ (s**2 + (m - centre) ** 2)))
    span = np.arcsinh((np.array([low, high]) - centre) / width)
    t = np.linspace(span[0], span[1], points)
    x = centre + width * np.sinh(t)
    step = width * np.cosh(t) * (t[1] - t[0])

    def density(at: Array) -> Array:
        z = (at[:, None] - m) / s
        return np.asarray((np.exp(-0.5 * z**2) / (s * np.sqrt(2 * np.pi))) @ p)

    f = density(x)
    here = float(density(np.array([at]))[0])
    # The last step across the level is shared out, so that p is smooth in ``at``.
    edge = np.clip((here - f) / np.maximum(np.abs(np.gradient(f)), 1e-300) + 0.5, 0.0, 1.0)
    return float(min(1.0, (f * step * edge).sum() / (f * step).sum()))
