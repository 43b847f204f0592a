"""What a sandwich needs of a fit: design, outcomes, weights and the covariance it believes in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from evidence.errors import FitError, Problem
from evidence.models.frequentist.fit import PooledFit
from evidence.models.frequentist.pool import arrays_of
from evidence.models.regression.design import Design
from evidence.models.regression.fit import RegressionFit
from evidence.models.regression.kernels_gls import basis_of
from evidence.models.robust.clusters import Clusters
from evidence.models.robust.kernels_sandwich import Clustered, cut, fit_clusters

Array = NDArray[np.float64]
FAR = 1e-10


@runtime_checkable
class MarginalFit(Protocol):
    """A fit that carries the marginal covariance of its outcomes, as multilevel fits do.

    Attributes
    ----------
    design : Design
        ``matrix`` (k, p) and ``names``.
    outcomes : ndarray (k,)
    marginal_covariance : ndarray (k, k)
        Of the outcomes, at the estimates.
    weight_matrix : ndarray (k, k) or None
        Stated weights; None: the inverse of ``marginal_covariance``.
    level : float
    index : Index
        Row labels.
    """

    @property
    def design(self) -> Design:
        """Columns of the coefficients."""
        ...

    @property
    def outcomes(self) -> Array:
        """Effects."""
        ...

    @property
    def marginal_covariance(self) -> Array:
        """Covariance of the outcomes."""
        ...

    @property
    def weight_matrix(self) -> Array | None:
        """Stated weights."""
        ...

    @property
    def level(self) -> float:
        """Level of the intervals."""
        ...

    @property
    def index(self) -> pd.Index:
        """Row labels."""
        ...


AnyFit = PooledFit | RegressionFit | MarginalFit


@dataclass(frozen=True, slots=True, eq=False)
class WorkingModel:
    """Outcomes (k,), design (k, p), marginal covariance and weights, each (k, k) or its diagonal.

    ``weights`` None: the inverse of ``covariance``.
    """

    names: tuple[str, ...]
    matrix: Array
    outcomes: Array
    covariance: Array
    weights: Array | None
    level: float
    index: pd.Index


def working_model(fit: AnyFit) -> WorkingModel:
    """Read the working model of a fit.

    Raises
    ------
    FitError
        If the fit is of another kind, or of one study.
    """
    if isinstance(fit, PooledFit):
        if fit.model == "single study":
            problem = Problem("fit", "is of one study", "a sandwich needs two clusters at least")
            raise FitError("a single study has no robust standard error", [problem])
        return _independent(fit, ("pooled",), np.ones((fit.k, 1)), fit.heterogeneity.tau2 or 0.0)
    if isinstance(fit, RegressionFit):
        return _independent(fit, fit.design.names, fit.design.matrix, fit.tau2)
    if not isinstance(fit, MarginalFit):
        right = "the result of pool, meta_regression or a multilevel model"
        problem = Problem("fit", f"is a {type(fit).__name__}", right)
        raise FitError("this fit carries no working model", [problem])
    return WorkingModel(
        fit.design.names,
        fit.design.matrix,
        fit.outcomes,
        fit.marginal_covariance,
        fit.weight_matrix,
        fit.level,
        fit.index,
    )


def _independent(
    fit: PooledFit | RegressionFit, names: tuple[str, ...], matrix: Array, tau2: float
) -> WorkingModel:
    y, v = arrays_of(fit.table)
    index = fit.table.rows.index
    return WorkingModel(names, matrix, y, v + tau2, fit.stated_weights, fit.level, index)


def cut_model(model: WorkingModel, clusters: Clusters) -> Clustered:
    """Cut a working model into clusters.

    Raises
    ------
    FitError
        If there are no more clusters than coefficients need, or rows of two clusters depend on
        each other under the model.
    """
    m, p = len(clusters.places), model.matrix.shape[1]
    if m < 2:
        what, right = f"{m} cluster", "at least 2: name what dependent rows have in common"
        raise FitError("too few clusters for a sandwich", [Problem("cluster", what, right)])
    basis = basis_of(model.matrix) if len(model.outcomes) > p else None
    if basis is None or basis.dependent:
        what = f"{len(model.outcomes)} rows do not determine {p} coefficients"
        raise FitError("the design cannot be fitted", [Problem("design", what, "leave some out")])
    covariance = _blocks("marginal_covariance", model.covariance, clusters)
    if model.weights is None:
        weights = tuple(np.asarray(np.linalg.inv(block)) for block in covariance)
    else:
        weights = _blocks("weight_matrix", model.weights, clusters)
    return fit_clusters(model.outcomes, model.matrix, clusters.places, weights, covariance)


def _blocks(where: str, given: Array, clusters: Clusters) -> tuple[Array, ...]:
    if given.ndim == 1:
        return tuple(np.diag(given[rows]) for rows in clusters.places)
    sd = np.sqrt(np.abs(np.diag(given)))
    apart = clusters.codes[:, None] != clusters.codes
    linked = np.argwhere(np.triu(apart & (np.abs(given) > FAR * np.outer(sd, sd))))
    if len(linked):
        i, j = linked[0]
        a, b = (clusters.labels[clusters.codes[row]] for row in (i, j))
        right = "name the level that holds all dependent rows, the outermost of the random effects"
        what = f"rows of {a!r} and {b!r} depend on each other ({where})"
        problem = Problem("cluster", what, right)
        raise FitError("the clusters are not independent under the model", [problem])
    return cut(given, clusters.places)
