"""Quantiles of tau on many grids at once."""

from __future__ import annotations

import numpy as np
from numpy.polynomial.legendre import legvander
from numpy.typing import NDArray

from evidence.models.bayesian.kernels import ORDER, TO_SERIES, TauGrid, tau_of

Array = NDArray[np.float64]


def tau_quantiles(grid: TauGrid, q: Array, steps: int = 60) -> Array:
    """Quantiles of tau of every grid; ``q: (Q,)`` between 0 and 1 gives ``(rows, Q)``.

    The panel that holds the quantile is read off the summed weights; inside it Newton's method,
    with bisection where it leaves, works on the integral of the Legendre series of the density.
    """
    rows = grid.weights.shape[0]
    edges, at = grid.edges, np.arange(rows)[:, None]
    mass = grid.weights.reshape(rows, -1, ORDER).sum(axis=-1)
    below = np.concatenate([np.zeros((rows, 1)), np.cumsum(mass, axis=-1)], axis=-1)
    panel = (below[:, 1:, None] <= q).sum(axis=1)
    panel = np.minimum(panel, mass.shape[1] - 1)
    half = 0.5 * (edges[at, panel + 1] - edges[at, panel])
    density = np.exp(grid.log_density).reshape(rows, -1, ORDER)[at, panel]
    series = density @ TO_SERIES.T
    wanted = (q - below[at, panel]) / half
    low, high = np.full(wanted.shape, -1.0), np.full(wanted.shape, 1.0)
    x = np.zeros(wanted.shape)
    for _ in range(steps):
        P = legvander(x, ORDER)
        rest = (P[..., 2:] - P[..., :-2]) / (2 * np.arange(1, ORDER) + 1)
        integral = np.concatenate([P[..., 1:2] + 1.0, rest], axis=-1)
        value = (series * integral).sum(axis=-1) - wanted
        slope = (series * P[..., :ORDER]).sum(axis=-1)
        low, high = np.where(value < 0, x, low), np.where(value < 0, high, x)
        with np.errstate(divide="ignore", invalid="ignore"):
            step = x - value / slope
        after = np.where((step >= low) & (step <= high), step, 0.5 * (low + high))
        still = np.abs(after - x) <= 1e-13
        x = after
        if still.all():
            break
    v = edges[at, panel] + half * (x + 1.0)
    return tau_of(v, grid.upper)
