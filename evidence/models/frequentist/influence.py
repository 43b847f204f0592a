"""What each study does to a meta-analysis: case diagnostics, Baujat and radial coordinates."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import special

from evidence.catalog.display import html_of_record
from evidence.catalog.phrases import figure, folded
from evidence.effects.table import EffectTable
from evidence.errors import FitError, Problem, check_kind, is_number
from evidence.models.frequentist import kernels
from evidence.models.frequentist.fit import PooledFit
from evidence.models.frequentist.leave_one_out import without_each
from evidence.models.frequentist.options import Model, Options, Tau2Method, require_rows, resolve
from evidence.models.frequentist.pool import arrays_of
from evidence.models.frequentist.pool_many import PooledMany, fit_arrays

Array = kernels.Array


class _Fits(NamedTuple):
    """The fit of all (k,), the fits without each study, tau2 of both (0: common effect)."""

    y: Array
    v: Array
    all: PooledMany
    without: PooledMany
    tau2: Array
    tau2_without: Array


def influence(
    table: EffectTable, *, model: Model = "random", tau2: Tau2Method | float | None = None
) -> pd.DataFrame:
    """Diagnose each study by leaving it out (Viechtbauer and Cheung 2010).

    All from Wald standard errors and inverse-variance weights; checked against metafor
    ``influence``, ``rstandard``, ``rstudent``.

    Returns
    -------
    DataFrame, k rows, indexed as the table
        rstudent (with rstudent_residual, rstudent_std_error): distance of the study from the mean
        of the others; rstandard (rstandard_residual, rstandard_std_error): from the mean of all;
        dffits, dfbetas: change of the mean in standard errors; cook: its square in those of the
        full fit; cov_ratio: variance of the mean without over with; tau2_without (0 under the
        common effect), q_without; hat; weight in percent; influential: any of
        abs(dffits) > 3 / sqrt(k - 1), chi-squared(1) probability of cook > 1/2, hat > 3 / k,
        abs(dfbetas) > 1.

    Raises
    ------
    FitError
        If fewer than 3 rows are there, or as in ``pool``.

    Examples
    --------
    >>> from evidence.effects.table import table_of
    >>> found = influence(table_of([0.0, 0.1, 0.2, 3.0], [0.1, 0.1, 0.1, 0.1]), model="common")
    >>> found["rstudent"].round(1).tolist()
    [-9.5, -8.4, -7.2, 25.1]
    """
    y, v, full, without, t, t_without = _fits(table, model, tau2)
    hat = full.weights / 100.0
    moved = full.estimate - without.estimate
    residual, residual_without = y - full.estimate, y - without.estimate
    error = np.sqrt((v + t) * (1.0 - hat))
    error_without = np.sqrt(v + t_without + without.wald_std_error**2)
    # The variance of the mean of all studies at the tau2 of the others.
    variance = 1.0 / (1.0 / (v + t_without[:, None])).sum(-1)
    dffits, dfbetas = moved / np.sqrt(hat * (v + t_without)), moved / np.sqrt(variance)
    cook = moved**2 / full.wald_std_error**2
    columns = {
        "rstudent": residual_without / error_without,
        "rstudent_residual": residual_without,
        "rstudent_std_error": error_without,
        "rstandard": residual / error,
        "rstandard_residual": residual,
        "rstandard_std_error": error,
        "dffits": dffits,
        "cook": cook,
        "cov_ratio": (without.wald_std_error / full.wald_std_error) ** 2,
        "tau2_without": t_without,
        "q_without": without.q,
        "hat": hat,
        "weight": full.weights,
        "dfbetas": dfbetas,
        "influential": _influential(dffits, cook, hat, dfbetas),
    }
    return pd.DataFrame(columns, index=table.rows.index)


def _influential(dffits: Array, cook: Array, hat: Array, dfbetas: Array) -> NDArray[np.bool_]:
    k = len(hat)
    return np.asarray(
        (np.abs(dffits) > 3.0 / np.sqrt(k - 1))
        | (special.chdtr(1.0, cook) > 0.5)
        | (hat > 3.0 / k)
        | (np.abs(dfbetas) > 1.0)
    )


def baujat(
    table: EffectTable, *, model: Model = "random", tau2: Tau2Method | float | None = None
) -> pd.DataFrame:
    """Coordinates of a Baujat plot: who causes heterogeneity, and who moves the result.

    Baujat et al. 2002; checked against metafor ``baujat``.

    Returns
    -------
    DataFrame, k rows, indexed as the table
        heterogeneity: (estimate - mean)^2 / (variance + tau2); influence: squared change of the
        mean on leaving the study out, over the variance of the mean without it.

    Raises
    ------
    FitError
        As in ``influence``.

    Examples
    --------
    >>> from evidence.effects.table import table_of
    >>> baujat(table_of([0.0, 0.0, 3.0], [1, 1, 1]), model="common").round(3)["influence"].tolist()
    [0.5, 0.5, 2.0]
    """
    y, v, full, without, t, _ = _fits(table, model, tau2)
    columns = {
        "heterogeneity": (y - full.estimate) ** 2 / (v + t),
        "influence": (full.estimate - without.estimate) ** 2 / without.wald_std_error**2,
    }
    return pd.DataFrame(columns, index=table.rows.index)


def radial(fit: PooledFit) -> pd.DataFrame:
    """Coordinates of a radial (Galbraith) plot: precision and standardised estimate.

    Galbraith 1988, with tau2 in the variances of a random-effects fit; the line from the origin
    with slope ``fit.estimate`` is the pooled estimate. Checked against metafor ``radial``.

    Returns
    -------
    DataFrame, k rows, indexed as the table
        precision, standardised.

    Examples
    --------
    >>> from evidence.effects.table import table_of
    >>> from evidence.models.frequentist.pool import pool
    >>> fit = pool(table_of([1.0, 2.0], [0.5, 0.25]), model="common")
    >>> radial(fit)["precision"].tolist()
    [2.0, 4.0]
    """
    check_kind("fit", fit, PooledFit, FitError)
    y, v = arrays_of(fit.table)
    precision = (v + (fit.heterogeneity.tau2 or 0.0)) ** -0.5
    columns = {"precision": precision, "standardised": y * precision}
    return pd.DataFrame(columns, index=fit.table.rows.index)


class Beyond(NamedTuple):
    """Confidence that the mean, and probability that a new study's true effect, is above."""

    mean: float
    new_study: float | None
    reason: str | None

    def __str__(self) -> str:
        new = "not known" if self.new_study is None else figure(self.new_study)
        why = "" if self.reason is None else f": {self.reason}"
        mean = f"Confidence that the mean is above the threshold: {figure(self.mean)}"
        return folded(f"{mean}; probability that the effect of a new study is: {new}{why}")

    def _repr_html_(self) -> str:
        return html_of_record(self)


def probability_above(fit: PooledFit, threshold: float) -> Beyond:
    """How sure a fit makes us that an effect is above a threshold on the analysis scale.

    From the confidence distribution of the mean (t or normal, as the fit's interval; Schweder and
    Hjort 2016) and from the distribution of the fit's prediction interval. At an end of the
    fit's 95% interval this is 0.025 or 0.975. Below the threshold: 1 less this.

    Raises
    ------
    FitError
        If the threshold is not finite.

    Examples
    --------
    >>> from evidence.effects.table import table_of
    >>> from evidence.models.frequentist.pool import pool
    >>> fit = pool(table_of([0.0, 2.0, 4.0], [1.0, 1.0, 1.0]))
    >>> probability_above(fit, fit.ci_low).mean.__round__(6)
    0.975
    """
    check_kind("fit", fit, PooledFit, FitError)
    if not is_number(threshold):
        raise FitError("no such threshold", [Problem("threshold", repr(threshold), "a number")])
    df = float(fit.terms["df"].to_numpy(dtype=float)[0])
    gap = fit.estimate - threshold
    mean = _lower_tail(gap / fit.std_error, df)
    if fit.prediction is None:
        return Beyond(mean, None, fit.prediction_reason)
    new = fit.prediction
    whole = new.df
    df = np.inf if whole is None else float(whole)
    spread = (new.high - new.low) / (2.0 * kernels.critical_value(new.level, df))
    return Beyond(mean, _lower_tail(gap / spread, df), None)


def _lower_tail(statistic: float, df: float) -> float:
    return float(special.ndtr(statistic) if np.isinf(df) else special.stdtr(df, statistic))


def _fits(table: EffectTable, model: Model, tau2: Tau2Method | float | None) -> _Fits:
    options: Options = resolve(model, tau2, "wald", 0.95)
    require_rows(table, 3, "leaving one out")
    y, v = arrays_of(table)
    full, without = fit_arrays(y, v, options), without_each(y, v, options)
    t = np.zeros(()) if full.tau2 is None else full.tau2
    t_without = np.zeros(len(y)) if without.tau2 is None else without.tau2
    return _Fits(y, v, full, without, t, t_without)
