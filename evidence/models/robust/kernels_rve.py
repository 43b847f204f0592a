"""Moment estimators of the working models of robust variance estimation.

Hedges, Tipton and Johnson 2010, eq. 12-16, and its erratum: quadratic forms of the residuals of a
first weighted fit are set equal to what they are expected to be, which is linear in the variances.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from evidence.models.robust.kernels_sandwich import Clustered, Places, fit_clusters

Array = NDArray[np.float64]


class Correlated(NamedTuple):
    """Correlated effects: tau2, Q of the first fit, I2 (percent), weights (k,)."""

    tau2: float
    q: float
    i2: float
    weights: Array


class Hierarchical(NamedTuple):
    """Hierarchical effects: tau2 between, omega2 within clusters, Q of the first fit, weights."""

    tau2: float
    omega2: float
    q: float
    weights: Array


def _expected(fit: Clustered, forms: list[Array], parts: list[Array]) -> float:
    """Expected sum of e_i' F_i e_i if the errors have covariances S_i: tr F (I - H) S (I - H)'."""
    total = 0.0
    wz = [w @ z for w, z in zip(fit.weights, fit.z, strict=True)]
    middle = np.sum([b.T @ s @ b for b, s in zip(wz, parts, strict=True)], axis=0)
    for z, b, form, part in zip(fit.z, wz, forms, parts, strict=True):
        direct = np.sum(form * part) - 2.0 * np.sum((form @ z) * (part @ b))
        total += float(direct + np.sum((z.T @ form @ z) * middle))
    return total


def _quadratic(fit: Clustered, forms: list[Array]) -> float:
    return sum(float(e @ form @ e) for e, form in zip(fit.residuals, forms, strict=True))


def _diagonals(values: Array, places: Places) -> tuple[Array, ...]:
    return tuple(np.diag(values[rows]) for rows in places)


def correlated_effects(y: Array, x: Array, v: Array, places: Places, rho: float) -> Correlated:
    """Weights 1 / (k_i (mean variance of the cluster + tau2)) of correlated effects.

    Errors of a cluster are taken to have its mean variance and the correlation ``rho``. Checked
    against robumeta ``robu(modelweights = "CORR")``.
    """
    size, mean = np.empty_like(v), np.empty_like(v)
    for rows in places:
        size[rows], mean[rows] = len(rows), v[rows].mean()
    first = _diagonals(1.0 / (size * mean), places)
    fit = fit_clusters(y, x, places, first, first)
    forms = list(first)
    q = _quadratic(fit, forms)
    ones = [np.ones((len(rows), len(rows))) for rows in places]
    errors = [
        mean[rows[0]] * (rho * one + (1.0 - rho) * np.eye(len(rows)))
        for rows, one in zip(places, ones, strict=True)
    ]
    excess = q - _expected(fit, forms, errors)
    tau2 = max(0.0, excess / _expected(fit, forms, ones))
    i2 = 100.0 * max(0.0, excess / q) if q > 0 else 0.0
    return Correlated(tau2, q, i2, 1.0 / (size * (mean + tau2)))


def hierarchical_effects(y: Array, x: Array, v: Array, places: Places) -> Hierarchical:
    """Weights 1 / (v + tau2 + omega2) of hierarchical effects.

    Where omega2 comes out below 0 it is 0, and tau2 is what Q alone then says. Checked against
    robumeta ``robu(modelweights = "HIER")``.
    """
    first = _diagonals(1.0 / v, places)
    fit = fit_clusters(y, x, places, first, first)
    ones = [np.ones((len(rows), len(rows))) for rows in places]
    each = [np.eye(len(rows)) for rows in places]
    errors = list(_diagonals(v, places))
    lines = []
    for forms in (list(first), ones):
        excess = _quadratic(fit, forms) - _expected(fit, forms, errors)
        lines.append((_expected(fit, forms, ones), _expected(fit, forms, each), excess))
    (a, b, c), (d, e, f) = lines
    omega2 = max(0.0, (a * f - d * c) / (a * e - d * b)) if abs(a * e - d * b) > 0 else 0.0
    tau2 = max(0.0, (c - b * omega2) / a)
    q = _quadratic(fit, list(first))
    return Hierarchical(tau2, omega2, q, 1.0 / (v + tau2 + omega2))
