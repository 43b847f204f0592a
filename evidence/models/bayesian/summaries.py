"""Intervals and modes of what quadrature gives: mixtures of normals, and tau on its grid."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from evidence.models.bayesian import mixtures
from evidence.models.bayesian.kernels import TauGrid, tau_cdf, tau_density, tau_quantile

Array = NDArray[np.float64]


def figures_of(parts: tuple[Array, Array, Array], level: float, interval: str) -> Array:
    """Median, lower and upper limit of mixtures of normals, shape (rows, 3).

    Raises
    ------
    FitError
        If a shortest interval is not found.
    """
    p, m, s = (np.atleast_2d(part) for part in parts)
    ends = [0.5, (1 - level) / 2, (1 + level) / 2]
    if interval == "central":
        return mixtures.quantile(p, m, s, np.broadcast_to(ends, (m.shape[0], 3)))

    found = mixtures.shortest(
        lambda x: mixtures.cdf(p, m, s, x),
        lambda x: mixtures.density(p, m, s, x),
        mixtures.sinh_points(p, m, s, (1 - level) / 1000),
        level,
    )
    median = mixtures.quantile(p, m, s, np.full((m.shape[0], 1), 0.5))
    return np.column_stack([median, *found])


def tau_figures(grid: TauGrid, level: float, interval: str) -> Array:
    """Median, lower and upper limit of tau, shape (3,)."""
    if interval == "central":
        return tau_quantile(grid, [0.5, (1 - level) / 2, (1 + level) / 2])

    probabilities = np.concatenate([[0.0], expit(np.linspace(-12.0, 12.0, 160))])
    points = tau_quantile(grid, probabilities)
    found = mixtures.shortest(
        lambda x: tau_cdf(grid, x),
        lambda x: tau_density(grid, x),
        points[None, :],
        level,
        end=0.0,
    )
    return np.concatenate([tau_quantile(grid, [0.5]), *found])


def tau_mode(grid: TauGrid) -> float:
    """Highest point of a bounded density of tau; it may be 0."""
    low, high = 0.0, float(tau_quantile(grid, [0.999])[0])
    for _ in range(12):
        x = np.linspace(low, high, 65)
        at = int(np.argmax(tau_density(grid, x)))
        low, high = float(x[max(at - 1, 0)]), float(x[min(at + 1, 64)])
    return 0.0 if low == 0.0 else 0.5 * (low + high)
