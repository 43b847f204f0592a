"""pool: the pairwise meta-analysis of an EffectTable."""

from __future__ import annotations

import numpy as np
import pandas as pd

from evidence.effects.table import EffectTable
from evidence.errors import FitError, Problem
from evidence.models.frequentist import kernels
from evidence.models.frequentist.fit import (
    TERM_COLUMNS,
    FitStatistics,
    Heterogeneity,
    PooledFit,
    Prediction,
)
from evidence.models.frequentist.options import (
    CiMethod,
    Model,
    Options,
    Tau2Method,
    require_rows,
    resolve,
)
from evidence.models.frequentist.pool_many import PooledMany, fit_arrays
from evidence.models.frequentist.prediction import no_prediction_reason, predict

_TWO = "two studies: tau2 rests on one difference, and intervals by t have 1 degree of freedom"


def pool(
    table: EffectTable,
    *,
    model: Model = "random",
    tau2: Tau2Method | None = None,
    ci: CiMethod | None = None,
    level: float = 0.95,
) -> PooledFit:
    """Pool the effects of a table by inverse variance.

    Parameters
    ----------
    table : EffectTable
        Rows must be independent of each other.
    model : {"random", "common"}
        Whether true effects may differ between studies.
    tau2 : {"reml", "paule_mandel", "dersimonian_laird"}, optional
        Estimator of the between-study variance; "reml" if left out. Random effects only.
    ci : {"hartung_knapp_floored", "hartung_knapp", "t", "wald"}, optional
        Interval. "hartung_knapp_floored" (metafor: ``adhoc``), the default under random effects,
        is never narrower than "t", which is Wald's standard error with t on k - 1 degrees of
        freedom; "wald", the default of the common effect, takes the normal.
    level : float
        Level of all intervals.

    Returns
    -------
    PooledFit
        One study alone is an answer too: its own estimate and normal interval, marked as such.

    Raises
    ------
    FitError
        If nothing is there to pool, rows share an arm, an option is unknown or would do nothing,
        or tau2 did not converge.

    Examples
    --------
    >>> from evidence.effects.table import table_of
    >>> fit = pool(table_of([0.0, 2.0, 4.0], [1.0, 1.0, 1.0]))
    >>> round(fit.estimate, 3), round(fit.heterogeneity.tau2, 3)
    (2.0, 3.0)
    """
    options = resolve(model, tau2, ci, level)
    require_rows(table, 1, "a meta-analysis")
    return _single(table, options) if table.k == 1 else _several(table, options)


def arrays_of(table: EffectTable) -> tuple[kernels.Array, kernels.Array]:
    """Estimates and sampling variances of a table, each (k,)."""
    y = table.rows["estimate"].to_numpy(dtype=np.float64)
    return y, table.rows["std_error"].to_numpy(dtype=np.float64) ** 2


def _several(table: EffectTable, options: Options) -> PooledFit:
    y, v = arrays_of(table)
    many = fit_arrays(y, v, options)
    heterogeneity = _heterogeneity(y, v, many)
    prediction, reason = _prediction(many)
    full, restricted = _statistics(y, v, many)
    q = many.hartung_knapp_multiplier
    return PooledFit(
        table=table,
        model=options.model,
        tau2_method=options.tau2,
        ci_method=options.ci,
        level=options.level,
        terms=_terms(many),
        wald_std_error=float(many.wald_std_error),
        hartung_knapp_multiplier=None if q is None else float(q),
        heterogeneity=heterogeneity,
        prediction=prediction,
        prediction_reason=reason,
        weights=pd.Series(many.weights, index=table.rows.index, name="weight", dtype=float),
        full_likelihood=full,
        restricted_likelihood=restricted,
        notes=_notes(many, heterogeneity),
    )


def _terms(many: PooledMany) -> pd.DataFrame:
    row = ("pooled", many.estimate, many.std_error, many.statistic, many.df, many.p)
    ends = (many.ci_low, many.ci_high, many.options.level)
    cells = [cell if isinstance(cell, str) else float(cell) for cell in (*row, *ends)]
    return pd.DataFrame([cells], columns=list(TERM_COLUMNS))


def _heterogeneity(y: kernels.Array, v: kernels.Array, many: PooledMany) -> Heterogeneity:
    q, p, i2, h2 = (float(x) for x in (many.q, many.q_p, many.i2, many.h2))
    method, level = many.options.tau2, many.options.level
    if many.tau2 is None or many.typical_variance is None or method is None:
        reason = "the common-effect model takes tau2 to be 0 and does not estimate it"
        return Heterogeneity(q=q, df=many.q_df, p=p, i2=i2, h2=h2, reason=reason)
    tau2 = float(many.tau2)
    interval = kernels.q_profile_interval(y, v, level)
    if not interval.converged:
        where = Problem("heterogeneity", "an end of the Q-profile interval was not found")
        raise FitError("the interval of tau2 did not converge", [where])
    return Heterogeneity(
        q=q,
        df=many.q_df,
        p=p,
        i2=i2,
        h2=h2,
        tau2=tau2,
        tau=float(np.sqrt(tau2)),
        tau2_std_error=float(kernels.tau2_standard_error(v, many.tau2, method)),
        tau2_ci_low=float(interval.low),
        tau2_ci_high=float(interval.high),
        level=level,
        method=method,
        at_boundary=tau2 == 0.0,
        interval_empty=bool(interval.empty),
        typical_variance=float(many.typical_variance),
    )


def _prediction(many: PooledMany) -> tuple[Prediction | None, str | None]:
    reason = no_prediction_reason(many.options.model, many.k)
    if reason is not None or many.tau2 is None:
        return None, reason
    estimate, error, tau2 = (float(x) for x in (many.estimate, many.std_error, many.tau2))
    return predict(many.k, estimate, error, tau2, many.options.ci, many.options.level, "k-1"), None


def _statistics(
    y: kernels.Array, v: kernels.Array, many: PooledMany
) -> tuple[FitStatistics, FitStatistics]:
    tau2 = np.zeros(()) if many.tau2 is None else many.tau2
    found = kernels.log_likelihoods(y, v, tau2)
    parameters = 1 if many.tau2 is None else 2
    full, restricted = float(found.full), float(found.restricted)
    return (
        _criteria(full, 2.0 * (float(found.saturated) - full), parameters, many.k),
        _criteria(restricted, -2.0 * restricted, parameters, many.k - 1),
    )


def _criteria(log_likelihood: float, deviance: float, parameters: int, n: int) -> FitStatistics:
    base = -2.0 * log_likelihood
    # The small-sample correction has a pole at n = parameters + 1; n is taken no smaller than + 2.
    room = max(n, parameters + 2) - parameters - 1
    return FitStatistics(
        log_likelihood=log_likelihood,
        deviance=deviance,
        aic=base + 2.0 * parameters,
        bic=base + parameters * float(np.log(n)),
        aicc=base + 2.0 * parameters * (1.0 + (parameters + 1.0) / room),
    )


def _notes(many: PooledMany, found: Heterogeneity) -> tuple[str, ...]:
    notes = [_TWO] if many.k == 2 else []
    q = many.hartung_knapp_multiplier
    if found.at_boundary:
        notes.append("tau2 is estimated at 0, the edge of what it can be; this is not proof of 0")
    if found.interval_empty:
        notes.append("the studies agree more closely than chance allows: no tau2 fits, not even 0")
    if q is not None and q < 1.0:
        less = f"the Hartung-Knapp multiplier is q = {float(q):.4g}, below 1"
        effect = "it was floored at 1" if many.options.ci == "hartung_knapp_floored" else (
            "the interval rests on a standard error smaller than Wald's"
        )  # fmt: skip
        notes.append(f"{less}: {effect}")
    return tuple(notes)


def _single(table: EffectTable, options: Options) -> PooledFit:
    """Answer with the only study there is: its own estimate and normal interval."""
    y, s = (float(table.rows[name].iloc[0]) for name in ("estimate", "std_error"))
    half = kernels.critical_value(options.level, np.inf) * s
    p = float(kernels.two_sided_p(np.asarray(y / s), np.inf))
    cells = (str(table.rows.index[0]), y, s, y / s, np.inf, p, y - half, y + half, options.level)
    reason = "one study says nothing about the spread between studies"
    notes = ["one study: its own estimate and its own normal (z) interval; nothing was pooled"]
    if options.model == "random":
        unused = f"tau2={options.tau2!r} and ci={options.ci!r}"
        notes.append(f"{unused} need two studies and were not used")
    elif options.ci != "wald":
        notes.append(f"ci={options.ci!r} needs two studies and was not used")
    return PooledFit(
        table=table,
        model="single study",
        tau2_method=None,
        ci_method="wald",
        level=options.level,
        terms=pd.DataFrame([cells], columns=list(TERM_COLUMNS)),
        wald_std_error=s,
        hartung_knapp_multiplier=None,
        heterogeneity=Heterogeneity(reason=reason),
        prediction=None,
        prediction_reason=reason,
        weights=pd.Series([100.0], index=table.rows.index, name="weight"),
        full_likelihood=None,
        restricted_likelihood=None,
        notes=tuple(notes),
    )
