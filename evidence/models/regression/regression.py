"""meta_regression: effects explained by moderators, with what they leave."""

from __future__ import annotations

from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from evidence.effects.table import EffectTable
from evidence.errors import FitError, Problem, check_kind
from evidence.models.frequentist.fit import TERM_COLUMNS, Heterogeneity
from evidence.models.frequentist.kernels import critical_value, two_sided_p
from evidence.models.frequentist.options import FIXED, Tau2Interval, Tau2Method, require_rows
from evidence.models.frequentist.pool import arrays_of
from evidence.models.regression.design import Design, build
from evidence.models.regression.fit import RegressionFit
from evidence.models.regression.kernels_gls import Basis, basis_of, coefficients, project, residuals
from evidence.models.regression.options import Choice, Test, check_options
from evidence.models.regression.residual import heterogeneity_of, statistics_of, tau2_of
from evidence.models.regression.wald import moderators_test

Array = NDArray[np.float64]
# With two studies REML makes the multiplier 1, but for the last digit.
ROUNDING = 1e-12
STUDIES_PER_COEFFICIENT = 10


def meta_regression(
    table: EffectTable,
    moderators: pd.DataFrame | str,
    *,
    data: pd.DataFrame | None = None,
    tau2: Tau2Method | float | None = "reml",
    test: Test = "knapp_hartung_floored",
    weights: ArrayLike | Literal["equal"] | None = None,
    intercept: bool = True,
    level: float = 0.95,
    tau2_interval: Tau2Interval | None = None,
) -> RegressionFit:
    """Regress the effects of a table on moderators of the studies.

    Parameters
    ----------
    table : EffectTable
        Rows must be independent of each other.
    moderators : DataFrame or str
        One row an effect, indexed as ``table.rows`` (or 0, 1, 2, ... in the same order); columns
        of words or categories get a coefficient for each level but the first. Or a formula such as
        "~ year + C(design)", which needs the package formulaic and ``data``.
    data : DataFrame, optional
        Where the formula finds its columns.
    tau2 : str, float or None
        Estimator of the residual between-study variance, or its value; None: there is none (a
        fixed-effects regression).
    test : {"knapp_hartung_floored", "knapp_hartung", "t", "z"}
        Tests and intervals of the coefficients. Knapp and Hartung 2003 rescale the covariance by
        the residual mean square and take t with k - p degrees of freedom; floored: by no less
        than 1.
    weights : array_like (k,) or "equal", optional
        Weights of the regression in place of the inverse variances.
    intercept : bool
        Not with a formula, which says it itself ("- 1").
    level : float
    tau2_interval : {"q_profile", "profile_likelihood", "generalised_q"}, optional
        Interval of the residual tau2, as in ``pool``; if left out "q_profile", for
        ``tau2="generalised_q"`` its own.

    Returns
    -------
    RegressionFit

    Raises
    ------
    FitError
        If there are no more effects than coefficients, a moderator is missing, constant or a sum
        of others, an option is wrong, or tau2 did not converge.

    Examples
    --------
    >>> from evidence.effects.table import table_of
    >>> table = table_of([0.1, 0.4, 0.2, 0.9], [0.1, 0.1, 0.2, 0.2])
    >>> fit = meta_regression(table, pd.DataFrame({"dose": [1.0, 2.0, 3.0, 4.0]}), test="z")
    >>> fit.terms["estimate"].round(3).tolist()
    [-0.106, 0.212]
    """
    check_kind("table", table, EffectTable, FitError)
    choice = check_options(tau2, test, weights, level, table.k, tau2_interval)
    require_rows(table, 2, "a meta-regression")
    design = build(moderators, data, table.rows.index, intercept=intercept)
    return fit_design(table, design, choice)


def checked_basis(design: Design, k: int) -> Basis:
    """Basis of a design that can be fitted.

    Raises
    ------
    FitError
        If k <= p, or a column is a sum of columns before it.
    """
    p = len(design.names)
    if k <= p:
        right = f"{p} coefficients need at least {p + 1}; leave moderators out"
        problem = Problem("moderators", f"{k} effects for {p} coefficients", right)
        raise FitError("too few effects for the meta-regression", [problem])
    basis = basis_of(design.matrix)
    if basis.dependent:
        right = "leave it out, or pool levels that never stand apart"
        raise FitError(
            "the moderators cannot be told apart",
            [
                Problem(f"column {design.names[j]!r}", "is a sum of columns before it", right)
                for j in basis.dependent
            ],
        )
    return basis


def multiplier(choice: Choice, y: Array, v: Array, basis: Basis, tau2: Array) -> Array | None:
    """Knapp-Hartung q (...) before flooring: residual mean square; None where it is not used.

    Knapp and Hartung 2003, eq. 9. With stated weights still at 1 / (v + tau2), as metafor has it.
    """
    if not choice.test.startswith("knapp_hartung"):
        return None
    k, p = basis.q.shape
    return np.asarray(project(residuals(y, basis.q), v, basis.q, tau2).q / (k - p))


def scaled(choice: Choice, covariance: Array, q: Array | None) -> Array:
    """Multiply a covariance (..., p, p) by the Knapp-Hartung q, floored where asked for."""
    if q is None:
        return covariance
    used = np.maximum(q, 1.0) if choice.test == "knapp_hartung_floored" else q
    return np.asarray(covariance * used[..., None, None])


def fit_design(table: EffectTable, design: Design, choice: Choice) -> RegressionFit:
    """Fit a design that is built.

    Raises
    ------
    FitError
    """
    basis = checked_basis(design, table.k)
    y, v = arrays_of(table)
    tau2 = tau2_of(choice, y, v, basis.q)
    found = coefficients(y, v, basis, tau2, choice.weights)
    q = multiplier(choice, y, v, basis, tau2)
    covariance = scaled(choice, found.covariance, q)
    if not np.all(np.diag(covariance) > 0):
        right = "test='knapp_hartung_floored' or 'z'"
        problem = Problem("test", "the fit is perfect: Knapp-Hartung standard errors are 0", right)
        raise FitError("the coefficients have no standard errors", [problem])
    df = np.inf if choice.test == "z" else float(table.k - len(design.names))
    terms = terms_frame(design.names, found.estimate, covariance, df, choice.level)
    heterogeneity = heterogeneity_of(y, v, basis, tau2, choice)
    full, restricted = statistics_of(y, v, basis, tau2, choice)
    r2, reason = _r2(y, v, basis, design, heterogeneity, choice)
    return RegressionFit(
        table=table,
        design=design,
        tau2_method=choice.method,
        test=choice.test,
        level=choice.level,
        terms=terms,
        covariance=covariance,
        knapp_hartung_multiplier=None if q is None else float(q),
        heterogeneity=heterogeneity,
        moderators=moderators_test(design, found.estimate, covariance, df),
        r2=r2,
        r2_reason=reason,
        rows=_rows(table, y, v, basis, tau2, found.estimate, design, choice),
        full_likelihood=full,
        restricted_likelihood=restricted,
        notes=_notes(table.k, design, heterogeneity, q, choice),
        stated_weights=choice.weights,
    )


def terms_frame(
    names: tuple[str, ...], estimate: Array, covariance: Array, df: float, level: float
) -> pd.DataFrame:
    """Coefficients with tests and intervals."""
    error = np.sqrt(np.diag(covariance))
    statistic, half = estimate / error, critical_value(level, df) * error
    p = two_sided_p(statistic, df)
    cells = (
        list(names),
        estimate,
        error,
        statistic,
        df,
        p,
        estimate - half,
        estimate + half,
        level,
    )
    return pd.DataFrame(dict(zip(TERM_COLUMNS, cells, strict=True)))


def _r2(
    y: Array, v: Array, basis: Basis, design: Design, left: Heterogeneity, choice: Choice
) -> tuple[float | None, str | None]:
    k, p = basis.q.shape
    ones = np.full((k, 1), 1.0 / np.sqrt(k))
    if p == 1 and np.ptp(design.matrix[:, 0]) == 0.0:
        return None, "there is no moderator"
    if float(np.abs(1.0 - basis.q @ basis.q.sum(0)).max()) > 1e-8:
        return None, "the model does not contain the one without moderators"
    if choice.method == FIXED:
        return None, "tau2 was stated: moderators cannot account for it"
    if choice.method is None:
        total = float(project(residuals(y, ones), v, ones, np.zeros(())).q) / (k - 1)
        rest = float(left.q or 0.0) / (k - p)
        return (100.0 * max(0.0, 1.0 - rest / total), None) if total > 0 else (None, "no spread")
    without = float(tau2_of(choice, y, v, ones))
    if without == 0.0:
        return None, "tau2 without moderators is estimated at 0: there is nothing to account for"
    return 100.0 * max(0.0, 1.0 - (left.tau2 or 0.0) / without), None


def _rows(
    table: EffectTable,
    y: Array,
    v: Array,
    basis: Basis,
    tau2: Array,
    estimate: Array,
    design: Design,
    choice: Choice,
) -> pd.DataFrame:
    """Fitted values and internally standardised residuals of every row."""
    total = v + tau2
    w = 1.0 / total if choice.weights is None else choice.weights
    # With B the basis, the residual is y minus B (B'AB)^-1 B'A y.
    weighted = basis.q * w[:, None]
    hat = basis.q @ np.linalg.solve(basis.q.T @ weighted, weighted.T)
    maker = np.eye(len(y)) - hat
    variance = ((maker**2) * total).sum(1)
    fitted = design.matrix @ estimate
    error = np.sqrt(variance)
    flat = variance <= 1e-12 * total
    standardised = np.where(flat, 0.0, (y - fitted) / np.where(flat, 1.0, error))
    cells = {
        "fitted": fitted,
        "residual": y - fitted,
        "residual_std_error": np.where(flat, 0.0, error),
        # A study that alone decides a coefficient is fitted exactly: it has no residual.
        "standardised": standardised,
        "weight": 100.0 * w / w.sum(),
    }
    return pd.DataFrame(cells, index=table.rows.index)


def _notes(
    k: int, design: Design, left: Heterogeneity, q: Array | None, choice: Choice
) -> tuple[str, ...]:
    notes = []
    count = len(design.names) - int(design.has_intercept)
    if k < STUDIES_PER_COEFFICIENT * count:
        what = f"{k} studies for {count} moderator coefficient{'s' if count > 1 else ''}"
        notes.append(f"{what}: fewer than {STUDIES_PER_COEFFICIENT} studies a coefficient")
    if left.at_boundary:
        notes.append("residual tau2 is estimated at 0, the edge; this is not proof of 0")
    if left.interval_empty:
        notes.append("the residuals are smaller than chance allows: no tau2 fits, not even 0")
    if q is not None and float(q) < 1.0 - ROUNDING:
        floored = choice.test == "knapp_hartung_floored"
        effect = "it was floored at 1" if floored else "standard errors are smaller than Wald's"
        notes.append(f"the Knapp-Hartung multiplier is q = {float(q):.4g}, below 1: {effect}")
    return tuple(notes)
