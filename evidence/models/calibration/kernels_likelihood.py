"""The likelihood of the data as a quantity of which the rank is taken.

Ranks of parameters alone do not see a posterior that ignores the data and returns the prior; those
of a quantity that holds the data do (Modrak et al. 2023, Bayesian Analysis 20:461).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

Array = NDArray[np.float64]


def log_likelihood(mu: Array, tau: Array, y: Array, s: Array) -> Array:
    """Log likelihood of normal estimates ``y, s: (k,)``; ``mu, tau: (n,)`` give ``(n,)``."""
    total = s**2 + np.asarray(tau)[..., None] ** 2
    squares = (y - np.asarray(mu)[..., None]) ** 2 / total
    return np.asarray(-0.5 * (np.log(2 * np.pi * total) + squares).sum(axis=-1))


def likelihood_cdf(
    p: Array, tau: Array, m: Array, sd: Array, y: Array, s: Array, truth: float
) -> float:
    """Posterior probability that the log likelihood is at most ``truth``.

    Given tau the log likelihood is a parabola in mu, so that its probability is that of mu being
    outside an interval.

    Parameters
    ----------
    p, tau, m, sd : ndarray, shape (n,)
        Probabilities of nodes of tau, and mean and standard deviation of mu given each.
    y, s : ndarray, shape (k,)
    truth : float
    """
    w = 1.0 / (s**2 + tau[:, None] ** 2)
    W = w.sum(axis=-1)
    centre = (w @ y) / W
    peak = log_likelihood(centre, tau, y, s)
    reach = np.sqrt(np.maximum(2.0 * (peak - truth) / W, 0.0))
    outside = ndtr((centre - reach - m) / sd) + ndtr((m - centre - reach) / sd)
    return float(p @ np.where(peak > truth, outside, 1.0))
