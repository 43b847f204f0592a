"""Weighted least squares on a network, and the moment estimator of its tau2."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from evidence.models.network.kernels_graph import Array, Edges, pseudo_inverse, reduced_weights


class Solution(NamedTuple):
    """Weighted least squares on a network.

    ``levels`` (p,) are the coefficients (treatments: with mean 0), ``covariance`` (p, p) theirs,
    ``w`` (m,) the weights used, ``q`` the weighted residual sum of squares, ``rank`` that of the
    design.
    """

    levels: Array
    covariance: Array
    w: Array
    q: float
    rank: int


def solve(edges: Edges, tau2: float = 0.0, columns: Array | None = None) -> Solution:
    """Fit the consistency model, or the additive one where ``columns`` (n, p) maps p components.

    Rücker 2012 (equations 2 to 5); Rücker, Petropoulou and Schwarzer 2020. Checked against
    netmeta's ``netmeta`` and ``netcomb``.

    Examples
    --------
    >>> edges = Edges(np.array([0, 1]), np.array([0, 1]), np.array([1, 2]), np.array([1.0, 2.0]),
    ...               np.ones(2), 3)
    >>> found = solve(edges)
    >>> round(float(found.levels[0] - found.levels[2]), 12), found.rank
    (3.0, 2)
    """
    w = reduced_weights(edges, tau2)
    x = edges.incidence if columns is None else edges.incidence @ columns
    rank = int(np.linalg.matrix_rank(x))
    covariance = pseudo_inverse(x.T @ (w[:, None] * x), rank)
    levels = covariance @ (x.T @ (w * edges.y))
    e = edges.y - x @ levels
    return Solution(levels, covariance, w, float((w * e**2).sum()), rank)


def degrees(edges: Edges, rank: int) -> int:
    """Degrees of freedom of Q: independent contrasts less the rank of the model."""
    return sum(len(edges.arms(rows)) - 1 for rows in edges.groups) - rank


def trace_per_tau2(edges: Edges, found: Solution, columns: Array | None = None) -> float:
    """Rate at which the expectation of Q grows with tau2.

    Generalised method of moments (DerSimonian and Laird 1986; Jackson, White and Riley 2012):
    tr((W - W X (X'WX)^+ X'W) U), where a study's block of U is half the covariance of its
    contrasts under independent unit variances of its arms.
    """
    x = edges.incidence
    wx = found.w[:, None] * (x if columns is None else x @ columns)
    total = 0.0
    for rows in edges.groups:
        block = 0.5 * x[rows] @ x[rows].T
        own = np.diag(found.w[rows]) - wx[rows] @ found.covariance @ wx[rows].T
        total += float((own * block).sum())
    return total


def moment_tau2(edges: Edges, columns: Array | None = None) -> float:
    """Generalised DerSimonian-Laird estimate of tau2, not below 0; needs degrees of freedom."""
    found = solve(edges, 0.0, columns)
    excess = found.q - degrees(edges, found.rank)
    return max(0.0, excess / trace_per_tau2(edges, found, columns))
