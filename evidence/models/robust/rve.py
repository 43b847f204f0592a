"""robust_regression: meta-regression of dependent effects by robust variance estimation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, get_args

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from evidence.effects.table import EffectTable
from evidence.errors import FitError, Problem, check_kind, is_number
from evidence.models.frequentist.pool import arrays_of
from evidence.models.frequentist.pool_many import checked_weights
from evidence.models.regression.design import Design, build
from evidence.models.regression.kernels_gls import basis_of
from evidence.models.robust.cluster_robust import (
    check_choice,
    check_clusters,
    check_level,
    robust_fit,
)
from evidence.models.robust.clusters import Clusters, Labels, clusters_of
from evidence.models.robust.fit import RobustRegression
from evidence.models.robust.kernels_rve import correlated_effects, hierarchical_effects
from evidence.models.robust.kernels_sandwich import (
    Clustered,
    Scores,
    fit_clusters,
    scores,
    weighted_scores,
)

Array = NDArray[np.float64]
Working = Literal["correlated", "hierarchical"]
RHO = 0.8


def robust_regression(
    table: EffectTable,
    cluster: Labels,
    moderators: pd.DataFrame | str | None = None,
    *,
    data: pd.DataFrame | None = None,
    working: Working | None = None,
    rho: float | None = None,
    small_sample: bool = True,
    weights: ArrayLike | None = None,
    intercept: bool = True,
    level: float = 0.95,
) -> RobustRegression:
    """Regress dependent effects on moderators; the errors allow any dependence within clusters.

    Parameters
    ----------
    table : EffectTable
        Rows may depend on each other within clusters; only their variances are used.
    cluster : labels (k,)
        Usually the study.
    moderators : DataFrame or str, optional
        As in ``meta_regression``; None: the mean effect.
    data : DataFrame, optional
        Where a formula finds its columns.
    working : {"correlated", "hierarchical"}, optional
        Working model: effects of a cluster share people ("correlated", the default), or a cluster
        holds several studies ("hierarchical").
    rho : float, optional
        Correlation of the errors within a cluster, 0.8 if left out; correlated effects only.
        ``sweep_correlation`` shows what hangs on it.
    small_sample : bool
        CR2 with Satterthwaite degrees of freedom (Tipton 2015); else CR1p with m - p.
    weights : array_like (k,), optional
        Weights in place of those of a working model.
    intercept : bool
    level : float

    Returns
    -------
    RobustRegression
        Hedges, Tipton and Johnson 2010; checked against robumeta ``robu``.

    Raises
    ------
    FitError
        If options are wrong or would do nothing, the clusters are too few, or the moderators are
        missing, constant or sums of others.

    Examples
    --------
    >>> from evidence.effects.table import table_of
    >>> table = table_of([0.1, 0.3, 0.8, 0.4, 0.5], [0.2, 0.2, 0.1, 0.2, 0.1])
    >>> fit = robust_regression(table, ["a", "a", "b", "c", "c"])
    >>> fit.terms[["estimate", "std_error", "df"]].round(3).to_numpy().tolist()
    [[0.513, 0.178, 1.969]]
    """
    check_kind("table", table, EffectTable, FitError)
    model, used_rho = _model(working, rho, weighted=weights is not None)
    check_level(level)
    clusters = clusters_of(cluster, table.k, table.rows.index, least=2)
    design = _design(table, moderators, data, intercept=intercept)
    y, v = arrays_of(table)
    spread: dict[str, float | None] = {"tau2": None, "omega2": None, "q": None, "i2": None}
    if model == "stated weights":
        w = checked_weights(np.ones(table.k) if weights is None else weights, (table.k,))
    elif used_rho is not None:
        found = correlated_effects(y, design.matrix, v, clusters.places, used_rho)
        w = found.weights
        spread |= {"tau2": found.tau2, "q": found.q, "i2": found.i2}
    else:
        other = hierarchical_effects(y, design.matrix, v, clusters.places)
        w = other.weights
        spread |= {"tau2": other.tau2, "omega2": other.omega2, "q": other.q}
    if not small_sample:
        check_clusters(len(clusters.places), len(design.names), "CR1p", "residual")
    parts, sums = _scores(y, design.matrix, v, w, clusters, model, small_sample=small_sample)
    options = ("CR2", "satterthwaite", level) if small_sample else ("CR1p", "residual", level)
    inference = robust_fit(design.names, parts, sums, clusters, options)
    return RobustRegression(
        working=model,
        rho=used_rho,
        small_sample=small_sample,
        inference=inference,
        weights=pd.Series(w, index=table.rows.index, name="weight"),
        notes=(*inference.notes, *_notes(used_rho, spread["tau2"])),
        **spread,
    )


def robust_sensitivity(
    table: EffectTable,
    cluster: Labels,
    moderators: pd.DataFrame | str | None = None,
    *,
    data: pd.DataFrame | None = None,
    values: Sequence[float] = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0),
    small_sample: bool = True,
    level: float = 0.95,
) -> pd.DataFrame:
    """Correlated-effects fits over assumed correlations.

    Parameters
    ----------
    table, cluster, moderators, data, small_sample, level
        As in ``robust_regression``.
    values : sequence of float
        Correlations from 0 to 1.

    Returns
    -------
    DataFrame, a row for each value and coefficient
        rho, term, estimate, std_error, statistic, df, p, ci_low, ci_high, level, tau2, i2.

    Raises
    ------
    FitError
        As ``robust_regression``; or if no value is given.

    Examples
    --------
    >>> from evidence.effects.table import table_of
    >>> table = table_of([0.1, 0.3, 0.8, 0.4, 0.5], [0.2, 0.2, 0.1, 0.2, 0.1])
    >>> found = robust_sensitivity(table, ["a", "a", "b", "c", "c"], values=[0.0, 1.0])
    >>> found["estimate"].round(3).tolist()
    [0.513, 0.513]
    """
    check_kind("table", table, EffectTable, FitError)
    if not len(values):
        problem = Problem("values", "none is given", "such as [0.0, 0.2, 0.4, 0.6, 0.8, 1.0]")
        raise FitError("there is no correlation to try", [problem])
    frames = []
    for value in values:
        fit = robust_regression(
            table,
            cluster,
            moderators,
            data=data,
            rho=float(value),
            small_sample=small_sample,
            level=level,
        )
        frame = fit.terms.assign(tau2=fit.tau2, i2=fit.i2)
        frame.insert(0, "rho", float(value))
        frames.append(frame)
    return pd.concat(frames, ignore_index=True)


def _model(
    working: Working | None, rho: float | None, *, weighted: bool
) -> tuple[str, float | None]:
    if working is not None:
        check_choice("working", working, get_args(Working))
    if rho is not None and not (is_number(rho) and 0.0 <= rho <= 1.0):
        raise _wrong(Problem("rho", repr(rho), "a number from 0 to 1"))
    for name, given in (("working", working), ("rho", rho)):
        if weighted and given is not None:
            raise _wrong(Problem(name, "would do nothing beside weights", "leave one out"))
    if weighted:
        return "stated weights", None
    if working == "hierarchical":
        if rho is not None:
            raise _wrong(Problem("rho", "would do nothing", "hierarchical effects take it as 0"))
        return working, None
    return "correlated", RHO if rho is None else float(rho)


def _design(
    table: EffectTable,
    moderators: pd.DataFrame | str | None,
    data: pd.DataFrame | None,
    *,
    intercept: bool,
) -> Design:
    index = table.rows.index
    chosen = pd.DataFrame(index=index) if moderators is None else moderators
    design = build(chosen, data, index, intercept=intercept)
    k, p = design.matrix.shape
    if k <= p:
        right = f"{p} coefficients need at least {p + 1}; leave moderators out"
        raise _wrong(Problem("moderators", f"{k} effects for {p} coefficients", right))
    dependent = [design.names[j] for j in basis_of(design.matrix).dependent]
    if dependent:
        right = "leave it out, or pool levels that never stand apart"
        what = "is a sum of columns before it"
        problems = [Problem(f"column {name!r}", what, right) for name in dependent]
        raise FitError("the moderators cannot be told apart", problems)
    return design


def _scores(
    y: Array,
    x: Array,
    v: Array,
    w: Array,
    clusters: Clusters,
    model: str,
    *,
    small_sample: bool,
) -> tuple[Clustered, Scores]:
    if model == "stated weights" and small_sample:
        return weighted_scores(y, x, w, v, clusters.places)
    blocks = tuple(np.diag(w[rows]) for rows in clusters.places)
    working = tuple(np.diag(1.0 / w[rows]) for rows in clusters.places)
    parts = fit_clusters(y, x, clusters.places, blocks, working)
    return parts, scores(parts, "CR2" if small_sample else "CR1p")


def _notes(rho: float | None, tau2: float | None) -> tuple[str, ...]:
    notes = []
    if rho is not None:
        notes.append(f"the correlation within clusters, {rho:g}, is assumed: see sweep_correlation")
    if tau2 == 0.0:
        notes.append("tau2 is estimated at 0, the edge of what it can be; this is not proof of 0")
    return tuple(notes)


def _wrong(problem: Problem) -> FitError:
    return FitError("the options of the robust regression are not right", [problem])
