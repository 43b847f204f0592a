"""Graphs of treatments: their parts, and weights of the contrasts of multi-arm studies."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from evidence.errors import FitError, Problem

Array = NDArray[np.float64]
Indices = NDArray[np.intp]


class Edges(NamedTuple):
    """All pairwise contrasts of all studies, m rows; treatments are 0 ... n - 1.

    ``study, first, second`` (m,) are indices, ``y`` the contrast first minus second, ``v`` its
    sampling variance, ``n`` the number of treatments.
    """

    study: Indices
    first: Indices
    second: Indices
    y: Array
    v: Array
    n: int

    @property
    def incidence(self) -> Array:
        """Matrix (m, n) with 1 for the first and -1 for the second treatment of a contrast."""
        x = np.zeros((len(self.y), self.n))
        rows = np.arange(len(self.y))
        x[rows, self.first] = 1.0
        x[rows, self.second] = -1.0
        return x

    @property
    def groups(self) -> list[Indices]:
        """Rows of each study."""
        order = np.argsort(self.study, kind="stable")
        cuts = np.flatnonzero(np.diff(self.study[order])) + 1
        return [np.asarray(rows) for rows in np.split(order, cuts)]

    def arms(self, rows: Indices) -> Indices:
        """Treatments that these rows compare, ascending."""
        return np.unique(np.concatenate([self.first[rows], self.second[rows]]))

    def take(self, keep: NDArray[np.bool_]) -> Edges:
        """Only some rows; the treatments keep their numbers."""
        return Edges(
            self.study[keep],
            self.first[keep],
            self.second[keep],
            self.y[keep],
            self.v[keep],
            self.n,
        )


def parts(first: Indices, second: Indices, n: int) -> list[list[int]]:
    """Connected parts of a graph of n treatments, each ascending, in the order of the first.

    Examples
    --------
    >>> parts(np.array([0, 3]), np.array([1, 4]), 5)
    [[0, 1], [2], [3, 4]]
    """
    label = np.arange(n)
    for a, b in zip(first, second, strict=True):
        label[label == label[a]] = label[b]
    return [np.flatnonzero(label == x).tolist() for x in dict.fromkeys(label.tolist())]


def variance_matrix(edges: Edges, rows: Indices, v: Array) -> tuple[Indices, Array]:
    """Arms of one study and the matrix of the variances of its pairwise contrasts."""
    arms = edges.arms(rows)
    p, q = (np.searchsorted(arms, x[rows]) for x in (edges.first, edges.second))
    found = np.zeros((len(arms), len(arms)))
    found[p, q] = found[q, p] = v[rows]
    return arms, found


def centred_covariance(variances: Array) -> Array:
    """Covariance of the arms about their mean from the variances of all their contrasts.

    The pseudo-inverse of the study's Laplacian (Rücker 2012, Gutman and Xiao 2004):
    ``-1/2 C R C`` with the centring matrix C.

    Examples
    --------
    >>> centred_covariance(np.array([[0.0, 2.0], [2.0, 0.0]]))
    array([[ 0.5, -0.5],
           [-0.5,  0.5]])
    """
    centring = np.eye(len(variances)) - 1.0 / len(variances)
    return np.asarray(-0.5 * centring @ variances @ centring)


def laplacian_of(covariance: Array) -> Array:
    """Pseudo-inverse of a centred covariance, without a threshold for what counts as 0.

    Examples
    --------
    >>> laplacian_of(np.array([[0.5, -0.5], [-0.5, 0.5]]))
    array([[ 0.5, -0.5],
           [-0.5,  0.5]])
    """
    m = len(covariance)
    size = float(np.trace(covariance)) / m
    level = np.full((m, m), 1.0 / m)
    return np.asarray(np.linalg.inv(covariance + size * level) - level / size)


def pseudo_inverse(information: Array, rank: int) -> Array:
    """Pseudo-inverse of an information matrix of known rank.

    Raises
    ------
    FitError
        If precisions differ so much that the smallest are rounding beside the largest.

    Examples
    --------
    >>> pseudo_inverse(np.array([[2.0, -2.0], [-2.0, 2.0]]), 1).round(6)
    array([[ 0.125, -0.125],
           [-0.125,  0.125]])
    """
    values, vectors = np.linalg.eigh(information)
    kept = slice(len(values) - rank, None)
    if rank and values[kept][0] <= 1e-14 * values[-1]:
        what = "the largest precision is more than 1e14 times the smallest"
        problem = Problem("std_error", what, "standard errors on one scale")
        raise FitError("the contrasts cannot be weighed against each other", [problem])
    return np.asarray((vectors[:, kept] / values[kept]) @ vectors[:, kept].T)


def reduced_weights(edges: Edges, tau2: float = 0.0) -> Array:
    """Weights (m,) of the contrasts, lowered in multi-arm studies so that nothing counts twice.

    Rücker 2012; Rücker and Schwarzer 2014. With them, weighted least squares on all contrasts is
    generalised least squares on any basic set. Half of tau2 belongs to each arm.
    """
    v = edges.v + tau2
    w = 1.0 / v
    for rows in edges.groups:
        if len(rows) > 1:
            arms, found = variance_matrix(edges, rows, v)
            laplacian = laplacian_of(centred_covariance(found))
            p, q = (np.searchsorted(arms, x[rows]) for x in (edges.first, edges.second))
            w[rows] = -laplacian[p, q]
    return w


def pair_spread(covariance: Array) -> Array:
    """Standard errors (n, n) of all differences from the covariance (n, n) of the levels."""
    d = np.diag(covariance)
    spread = np.sqrt(np.maximum(d[:, None] + d[None, :] - 2.0 * covariance, 0.0))
    np.fill_diagonal(spread, 0.0)
    return np.asarray(spread)
