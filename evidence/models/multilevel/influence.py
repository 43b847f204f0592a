"""What each group of effects does to a multilevel fit: residuals and refits without the group."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from evidence.catalog.display import html_of_record
from evidence.catalog.phrases import counted
from evidence.errors import FitError, Problem, check_kind, did_you_mean
from evidence.models.multilevel.fit import MultilevelFit
from evidence.models.multilevel.kernels_blocks import Batch, Codes, Term, batches_of, one_block
from evidence.models.multilevel.kernels_likelihood import marginal, solve
from evidence.models.multilevel.kernels_maximum import maximise, near_starts, scaled
from evidence.models.multilevel.kernels_parameters import values_of
from evidence.models.multilevel.kernels_structures import State
from evidence.models.regression.kernels_gls import basis_of

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class MultilevelInfluence:
    """Answer of ``multilevel_influence``.

    Attributes
    ----------
    rows : DataFrame, indexed as ``table.rows``
        cluster; standardised (residual over its standard error in the fit) and studentised
        (residual from the fit without the row's cluster); hat, weight, precision_share.
    clusters : DataFrame, indexed by cluster
        k; cook: (b - b_without)' cov(b)^-1 (b - b_without); standardised_chi2 and
        studentised_chi2: residuals of the cluster as one quadratic form, with k df; reason.
    without : DataFrame, indexed by cluster
        Coefficients and components of the fit without the cluster.
    """

    rows: pd.DataFrame
    clusters: pd.DataFrame
    without: pd.DataFrame

    _repr_html_ = html_of_record

    def __str__(self) -> str:
        of = counted(len(self.rows), "effect")
        return (
            f"Influence of {counted(len(self.clusters), 'cluster')} of {of} on a multilevel fit: "
            "see rows, clusters, without"
        )


class _Refit(NamedTuple):
    """Coefficients, their covariance, and the random terms without some rows."""

    estimate: Array
    covariance: Array
    states: tuple[State, ...]
    values: list[tuple[Array, Array]]


def multilevel_influence(
    fit: MultilevelFit, cluster: str | ArrayLike | None = None, *, reestimate: bool = True
) -> MultilevelInfluence:
    """Diagnose each cluster of effects by leaving it out.

    Parameters
    ----------
    fit : MultilevelFit
    cluster : str or array_like (k,), optional
        Name of a random term whose groups are left out, or a label for each row; each row by
        itself where left out.
    reestimate : bool
        Whether variances are estimated anew without the cluster; else they stay as in the fit.

    Returns
    -------
    MultilevelInfluence
        Figures are missing, with the reason, where a coefficient rests on one cluster alone.

    Raises
    ------
    FitError
        If there are fewer than 2 clusters, or a fit without a cluster does not converge.

    Notes
    -----
    Viechtbauer and Cheung 2010, for models with several random terms; checked against metafor
    ``cooks.distance``, ``rstandard``, ``rstudent`` and ``hatvalues`` of ``rma.mv``.

    Examples
    --------
    >>> from evidence.models.multilevel.multilevel import multilevel
    >>> frame = pd.DataFrame({
    ...     "study": [1, 1, 2, 2, 3, 3], "effect": [1, 2, 3, 4, 5, 6],
    ...     "estimate": [0.1, 0.3, 0.5, 0.9, -0.4, 0.2], "std_error": 0.2,
    ... })
    >>> found = multilevel_influence(multilevel(frame, "study/effect"), "study")
    >>> found.clusters["cook"].round(2).tolist()
    [0.02, 0.86, 0.62]
    """
    check_kind("fit", fit, MultilevelFit, FitError)
    codes, labels = _clusters(fit, cluster)
    k, y, x = fit.k, fit.outcomes, fit.design.matrix
    precision = np.linalg.inv(fit.covariance)
    arrays = tuple(term.arrays for term in fit.random)
    studentised = np.full(k, np.nan)
    rows: list[tuple[str, int, float, float, float, str | None]] = []
    without = []
    for place, label in enumerate(labels):
        inside = np.flatnonzero(codes == place)
        block = one_block(y, x, fit.model.sampling, arrays, inside)
        inner = y[inside] - x[inside] @ fit.estimates
        own = _covariance(block, arrays, fit.model.states)
        standard = _form(inner, own - x[inside] @ fit.covariance @ x[inside].T)
        refit = _refit(fit, codes != place, label, reestimate=reestimate)
        if refit is None:
            reason = "without it a coefficient cannot be estimated"
            rows.append((label, len(inside), np.nan, standard, np.nan, reason))
            without.append(np.full(fit.p + len(fit.components), np.nan))
            continue
        change = fit.estimates - refit.estimate
        outer = y[inside] - x[inside] @ refit.estimate
        spread = _covariance(block, arrays, refit.states)
        spread = spread + x[inside] @ refit.covariance @ x[inside].T
        studentised[inside] = outer / np.sqrt(np.diag(spread))
        cook = float(change @ precision @ change)
        rows.append((label, len(inside), cook, standard, _form(outer, spread), None))
        parts = [part for pair in refit.values for part in pair]
        without.append(np.concatenate([refit.estimate, *parts]))
    names = [*fit.design.names, *fit.components["component"]]
    columns = ["cluster", "k", "cook", "standardised_chi2", "studentised_chi2", "reason"]
    figures = fit.rows[["standardised", "hat", "weight", "precision_share"]].copy()
    figures.insert(0, "cluster", [labels[code] for code in codes])
    figures.insert(2, "studentised", studentised)
    index = pd.Index(labels, name="cluster")
    return MultilevelInfluence(
        rows=figures,
        clusters=pd.DataFrame(rows, columns=columns).set_index("cluster"),
        without=pd.DataFrame(np.array(without), index=index, columns=names),
    )


def _clusters(fit: MultilevelFit, cluster: str | ArrayLike | None) -> tuple[Codes, list[str]]:
    if cluster is None:
        return np.arange(fit.k), [str(name) for name in fit.index]
    if isinstance(cluster, str):
        for term in fit.random:
            if term.name == cluster:
                return term.arrays.outer, list(term.groups)
        right = did_you_mean(cluster, [term.name for term in fit.random])
        raise _wrong(Problem("cluster", f"no random term {cluster!r}", right))
    labels = np.asarray(cluster)
    if labels.shape != (fit.k,):
        raise _wrong(Problem("cluster", f"shape {labels.shape}", f"({fit.k},): one label a row"))
    if pd.isna(labels).any():
        raise _wrong(Problem("cluster", "a label is missing", "label every row"))
    codes, names = pd.factorize(labels)
    if len(names) < 2:
        raise _wrong(Problem("cluster", "there is one cluster only", "give at least 2"))
    return np.asarray(codes, dtype=np.intp), [str(name) for name in names]


def _covariance(block: Batch, terms: tuple[Term, ...], states: tuple[State, ...]) -> Array:
    return np.asarray(marginal((block,), terms, states)[0][0])


def _form(residual: Array, covariance: Array) -> float:
    """Quadratic form of residuals; a direction that is fitted exactly does not count."""
    scale = np.sqrt(np.diag(covariance))
    scale = np.where(scale > 0, scale, 1.0)
    values, vectors = np.linalg.eigh(covariance / np.outer(scale, scale))
    moved = vectors.T @ (residual / scale)
    kept = values > 1e-10
    return float((moved[kept] ** 2 / values[kept]).sum())


def _refit(
    fit: MultilevelFit, keep: NDArray[np.bool_], label: str, *, reestimate: bool
) -> _Refit | None:
    kept = np.flatnonzero(keep)
    x, y = fit.design.matrix[kept], fit.outcomes[kept]
    if len(kept) <= fit.p:
        return None
    basis = basis_of(x)
    if basis.dependent:
        return None
    v = fit.model.sampling[kept][:, kept]
    terms = tuple(_kept(term.arrays, kept) for term in fit.random)
    states, values = fit.model.states, values_of(terms, fit.model.states)
    if reestimate and fit.random:
        whole = scaled(y, basis.q, v, terms, list(fit.model.held), restricted=fit.method == "reml")
        try:
            found = maximise(whole, near_starts(whole, values))
        except FitError as error:
            where = f"without cluster {label!r}"
            problem = Problem(where, error.message, "reestimate=False keeps the variances")
            raise FitError("a fit without a cluster did not converge", [problem]) from None
        states, values = found.states, found.values
    offset = basis.q.T @ y
    batches = batches_of(y - basis.q @ offset, basis.q, v, terms)
    solved = solve(batches, marginal(batches, terms, states))
    if solved is None:
        return None
    estimate = basis.back @ (offset + solved.b)
    return _Refit(estimate, basis.back @ solved.cov @ basis.back.T, states, values)


def _kept(term: Term, kept: Codes) -> Term:
    """A term of some rows; its inner levels stay what they are."""
    groups, outer = np.unique(term.outer[kept], return_inverse=True)
    inner = term.inner[kept]
    both = np.zeros((len(groups), term.levels), dtype=np.intp)
    both[outer, inner] = 1
    known = None if term.known is None else term.known[np.ix_(groups, groups)]
    return term._replace(outer=outer, inner=inner, observed=both.T @ both, known=known)


def _wrong(problem: Problem) -> FitError:
    return FitError("the clusters are not right", [problem])
