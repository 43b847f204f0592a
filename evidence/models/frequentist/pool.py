"""pool: the pairwise meta-analysis of an EffectTable."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from evidence.effects.table import EffectTable
from evidence.errors import FitError, Problem
from evidence.models.frequentist import kernels, kernels_intervals
from evidence.models.frequentist.estimators import form_weights, standard_error
from evidence.models.frequentist.fit import (
    TERM_COLUMNS,
    FitStatistics,
    Heterogeneity,
    PooledFit,
    Prediction,
    information_criteria,
)
from evidence.models.frequentist.options import (
    FIXED,
    CiMethod,
    Model,
    Options,
    Tau2Interval,
    Tau2Method,
    check_tau2_interval,
    require_rows,
    resolve,
)
from evidence.models.frequentist.pool_many import PooledMany, checked_weights, fit_arrays
from evidence.models.frequentist.prediction import no_prediction_reason, predict

# With two studies REML makes the multiplier 1, but for the last digit.
ROUNDING = 1e-12
_TWO = "two studies: tau2 rests on one difference, and intervals by t have 1 degree of freedom"


def pool(
    table: EffectTable,
    *,
    model: Model = "random",
    tau2: Tau2Method | float | None = None,
    ci: CiMethod | None = None,
    level: float = 0.95,
    weights: ArrayLike | Literal["equal"] | None = None,
    tau2_interval: Tau2Interval | None = None,
) -> PooledFit:
    """Pool the effects of a table by inverse variance.

    Parameters
    ----------
    table : EffectTable
        Rows must be independent of each other.
    model : {"random", "common"}
        Whether true effects may differ between studies.
    tau2 : str or float, optional
        Estimator of the between-study variance, one of ``options.Tau2Method`` ("reml" if left
        out; "generalised_q" uses the stated weights), or its value. Random effects only.
    ci : str, optional
        Interval. "hartung_knapp_floored" (metafor: ``adhoc``), the default under random effects,
        is never narrower than "t", which is Wald's standard error with t on k - 1 degrees of
        freedom; "wald", the default of the common effect, takes the normal. Also
        "hartung_knapp", "hartung_knapp_wider" (that or Wald's, the wider one),
        "hartung_knapp_checked" (floored only where narrower than Wald's).
    level : float
        Level of all intervals.
    weights : array_like (k,) or "equal", optional
        Weights of the mean in place of the inverse variances. They do not change how tau2 is
        estimated, except by "generalised_q".
    tau2_interval : {"q_profile", "profile_likelihood", "generalised_q"}, optional
        Interval of tau2. The profile likelihood goes with "reml" and "maximum_likelihood".

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
    options = resolve(model, tau2, ci, level, weighted=weights is not None)
    interval = check_tau2_interval(tau2_interval, options)
    require_rows(table, 1, "a meta-analysis")
    stated = None
    if weights is not None:
        equal = isinstance(weights, str) and weights == "equal"
        stated = checked_weights(np.ones(table.k) if equal else weights, (table.k,))
    if table.k > 1:
        return _several(table, options, stated, interval)
    return _single(
        table,
        options,
        [
            name
            for name, given in (
                ("weights", stated is not None),
                ("tau2_interval", tau2_interval is not None),
            )
            if given
        ],
    )


def arrays_of(table: EffectTable) -> tuple[kernels.Array, kernels.Array]:
    """Estimates and sampling variances of a table, each (k,)."""
    y = table.rows["estimate"].to_numpy(dtype=np.float64)
    return y, table.rows["std_error"].to_numpy(dtype=np.float64) ** 2


def _several(
    table: EffectTable,
    options: Options,
    weights: kernels.Array | None,
    interval: Tau2Interval | None,
) -> PooledFit:
    y, v = arrays_of(table)
    many = fit_arrays(y, v, options, weights)
    heterogeneity = _heterogeneity(y, v, many, weights, interval)
    prediction, reason = _prediction(many)
    full, restricted = _statistics(y, v, many, weighted=weights is not None)
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
        stated_weights=weights,
    )


def _terms(many: PooledMany) -> pd.DataFrame:
    row = ("pooled", many.estimate, many.std_error, many.statistic, many.df, many.p)
    ends = (many.ci_low, many.ci_high, many.options.level)
    cells = [cell if isinstance(cell, str) else float(cell) for cell in (*row, *ends)]
    return pd.DataFrame([cells], columns=list(TERM_COLUMNS))


def _heterogeneity(
    y: kernels.Array,
    v: kernels.Array,
    many: PooledMany,
    weights: kernels.Array | None,
    kind: Tau2Interval | None,
) -> Heterogeneity:
    q, p, i2, h2 = (float(x) for x in (many.q, many.q_p, many.i2, many.h2))
    method, level, s2 = many.options.tau2, many.options.level, many.typical_variance
    if many.tau2 is None or s2 is None or method is None:
        reason = "the common-effect model takes tau2 to be 0 and does not estimate it"
        return Heterogeneity(q=q, df=many.q_df, p=p, i2=i2, h2=h2, reason=reason)
    tau2 = float(many.tau2)
    known = Heterogeneity(
        q=q,
        df=many.q_df,
        p=p,
        i2=i2,
        h2=h2,
        tau2=tau2,
        tau=float(np.sqrt(tau2)),
        method=method,
        typical_variance=float(s2),
    )
    if method == FIXED or kind is None:
        reason = "tau2 was stated, not estimated: it has no standard error and no interval"
        return replace(known, reason=reason)
    interval = _interval(y, v, tau2, method, kind, weights, level)
    ends = [np.asarray(end) for end in (interval.low, interval.high)]
    i2_ends = [float(kernels.i2_of(end, s2)) for end in ends]
    h2_ends = [float(kernels.h2_of(end, s2)) for end in ends]
    error = float(standard_error(method, y, v, many.tau2, weights))
    return replace(
        known,
        tau2_std_error=error if error > 0 else None,
        reason=None if error > 0 else "identical estimates give tau2 no standard error",
        tau2_ci_low=float(interval.low),
        tau2_ci_high=float(interval.high),
        level=level,
        interval_method=kind,
        i2_ci_low=i2_ends[0],
        i2_ci_high=i2_ends[1],
        h2_ci_low=h2_ends[0],
        h2_ci_high=h2_ends[1],
        at_boundary=tau2 == 0.0,
        interval_empty=bool(interval.empty),
    )


def _interval(
    y: kernels.Array,
    v: kernels.Array,
    tau2: float,
    method: str,
    kind: Tau2Interval,
    weights: kernels.Array | None,
    level: float,
) -> kernels.Tau2Interval:
    form = form_weights(method, y, v, weights)
    if kind == "profile_likelihood":
        full = method == "maximum_likelihood"
        return kernels_intervals.profile_interval(y, v, tau2, level, full=full, weights=weights)
    if kind == "generalised_q" and form is not None:
        return kernels_intervals.generalised_q_interval(y, v, form, level)
    interval = kernels.q_profile_interval(y, v, level)
    if not interval.converged:
        where = Problem("heterogeneity", "an end of the Q-profile interval was not found")
        raise FitError("the interval of tau2 did not converge", [where])
    return interval


def _prediction(many: PooledMany) -> tuple[Prediction | None, str | None]:
    reason = no_prediction_reason(many.options.model, many.k)
    if reason is not None or many.tau2 is None:
        return None, reason
    estimate, error, tau2 = (float(x) for x in (many.estimate, many.std_error, many.tau2))
    ci, level = many.options.ci, many.options.level
    return predict(many.k, estimate, error, tau2, ci, level), None


def _statistics(
    y: kernels.Array, v: kernels.Array, many: PooledMany, *, weighted: bool
) -> tuple[FitStatistics, FitStatistics]:
    tau2 = np.zeros(()) if many.tau2 is None else many.tau2
    found = kernels.log_likelihoods(y, v, tau2, many.estimate if weighted else None)
    parameters = 1 if many.options.tau2 in (None, FIXED) else 2
    full, restricted = float(found.full), float(found.restricted)
    return (
        information_criteria(full, 2.0 * (float(found.saturated) - full), parameters, many.k),
        information_criteria(restricted, -2.0 * restricted, parameters, many.k - 1),
    )


def _notes(many: PooledMany, found: Heterogeneity) -> tuple[str, ...]:
    notes = [_TWO] if many.k == 2 else []
    q = many.hartung_knapp_multiplier
    if found.at_boundary:
        notes.append("tau2 is estimated at 0, the edge of what it can be; this is not proof of 0")
    if found.interval_empty:
        notes.append("the studies agree more closely than chance allows: no tau2 fits, not even 0")
    if q is not None and q < 1.0 - ROUNDING:
        less = f"the Hartung-Knapp multiplier is q = {float(q):.4g}, below 1"
        effect = "it was floored at 1" if many.options.ci == "hartung_knapp_floored" else (
            "the interval rests on a standard error smaller than Wald's"
        )  # fmt: skip
        notes.append(f"{less}: {effect}")
    return tuple(notes)


def _single(table: EffectTable, options: Options, unused: list[str]) -> PooledFit:
    """Answer with the only study there is: its own estimate and normal interval."""
    y, s = (float(table.rows[name].iloc[0]) for name in ("estimate", "std_error"))
    half = kernels.critical_value(options.level, np.inf) * s
    p = float(kernels.two_sided_p(np.asarray(y / s), np.inf))
    cells = (str(table.rows.index[0]), y, s, y / s, np.inf, p, y - half, y + half, options.level)
    reason = "one study says nothing about the spread between studies"
    notes = ["one study: its own estimate and its own normal (z) interval; nothing was pooled"]
    if options.model == "random":
        method = options.tau2 if options.stated_tau2 is None else options.stated_tau2
        what = " and ".join([f"tau2={method!r}", f"ci={options.ci!r}", *unused])
        notes.append(f"{what} need two studies and were not used")
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
