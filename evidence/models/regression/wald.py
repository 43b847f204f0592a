"""Tests of several coefficients at once, linear hypotheses, likelihood ratios, predictions."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy import special

from evidence.errors import FitError, Problem, as_numbers, check_kind, is_fraction
from evidence.models.frequentist.kernels import critical_value, two_sided_p
from evidence.models.regression.design import INTERCEPT, Design, columns_of, rows_of
from evidence.models.regression.fit import RegressionFit, WaldTest

Array = NDArray[np.float64]


def wald_statistic(estimate: Array, covariance: Array) -> Array:
    """B' C^-1 b of batches (..., m) and (..., m, m), insensitive to the scale of coefficients."""
    error = np.sqrt(np.diagonal(covariance, axis1=-2, axis2=-1))
    correlation = covariance / (error[..., :, None] * error[..., None, :])
    z = estimate / error
    return np.asarray((z * np.linalg.solve(correlation, z[..., None])[..., 0]).sum(-1))


def wald_test(estimate: Array, covariance: Array, df: float, names: tuple[str, ...]) -> WaldTest:
    """Chi-squared test that all are 0, or F where df is finite."""
    m = len(estimate)
    statistic = float(wald_statistic(estimate, covariance))
    if np.isinf(df):
        return WaldTest(statistic, m, df, float(special.chdtrc(m, statistic)), names)
    return WaldTest(statistic / m, m, df, float(special.fdtrc(m, df, statistic / m)), names)


def moderators_test(
    design: Design, estimate: Array, covariance: Array, df: float
) -> WaldTest | None:
    """Test of all coefficients but the intercept; None where there is no other."""
    places = [i for i, name in enumerate(design.names) if name != INTERCEPT]
    if not places:
        return None
    names = tuple(design.names[i] for i in places)
    return wald_test(estimate[places], covariance[np.ix_(places, places)], df, names)


def omnibus_test(fit: RegressionFit, names: str | list[str]) -> WaldTest:
    """Test that the named coefficients, or all those of the named moderators, are 0.

    Examples
    --------
    >>> from evidence.effects.table import table_of
    >>> from evidence.models.regression.regression import meta_regression
    >>> table = table_of([0.1, 0.4, 0.2, 0.9], [0.1, 0.1, 0.2, 0.2])
    >>> frame = pd.DataFrame({"dose": [1.0, 2.0, 3.0, 4.0], "year": [1, 0, 0, 2]})
    >>> omnibus_test(meta_regression(table, frame, test="z"), "dose").df
    1
    """
    check_kind("fit", fit, RegressionFit, FitError)
    places = list(columns_of(fit.design, names))
    chosen = tuple(fit.design.names[i] for i in places)
    part = fit.covariance[np.ix_(places, places)]
    return wald_test(fit.estimates[places], part, fit.df, chosen)


def linear_hypotheses(
    fit: RegressionFit, contrasts: ArrayLike, values: ArrayLike | None = None
) -> pd.DataFrame:
    """Estimate and test combinations of coefficients, one a row.

    Parameters
    ----------
    fit : RegressionFit
    contrasts : array_like, shape (m, p)
        Multipliers of the coefficients in the order of ``fit.terms``.
    values : array_like, shape (m,), optional
        What they are tested against; 0 if left out.

    Returns
    -------
    DataFrame
        estimate, std_error, statistic, df, p, ci_low, ci_high, level.

    Raises
    ------
    FitError
        If the shapes do not fit or a row is all 0.

    Examples
    --------
    >>> from evidence.effects.table import table_of
    >>> from evidence.models.regression.regression import meta_regression
    >>> table = table_of([0.1, 0.4, 0.2, 0.9], [0.1, 0.1, 0.2, 0.2])
    >>> fit = meta_regression(table, pd.DataFrame({"dose": [1.0, 2.0, 3.0, 4.0]}), test="z")
    >>> linear_hypotheses(fit, [[1, 2.5]])["estimate"].round(3).tolist()
    [0.424]
    """
    check_kind("fit", fit, RegressionFit, FitError)
    rows = np.atleast_2d(as_numbers("contrasts", contrasts, FitError))
    problems = []
    if rows.ndim != 2 or rows.shape[1] != fit.p:
        right = f"(m, {fit.p}): one multiplier for each of {', '.join(fit.design.names)}"
        problems.append(Problem("contrasts", f"shape {rows.shape}", right))
    elif not np.isfinite(rows).all() or not np.any(rows != 0, axis=1).all():
        problems.append(Problem("contrasts", "a row is all 0 or not finite", "name a combination"))
    against = np.zeros(len(rows)) if values is None else as_numbers("values", values, FitError)
    if against.shape != (len(rows),) or not np.isfinite(against).all():
        right = f"{len(rows)} finite numbers"
        problems.append(Problem("values", f"shape {against.shape}", right))
    if problems:
        raise FitError("the linear hypotheses are not right", problems)
    estimate, error = rows @ fit.estimates, _errors(rows, fit.covariance)
    statistic, half = (estimate - against) / error, critical_value(fit.level, fit.df) * error
    return pd.DataFrame(
        {
            "estimate": estimate,
            "std_error": error,
            "statistic": statistic,
            "df": fit.df,
            "p": two_sided_p(statistic, fit.df),
            "ci_low": estimate - half,
            "ci_high": estimate + half,
            "level": fit.level,
        }
    )


def predict(fit: RegressionFit, frame: pd.DataFrame, *, level: float | None = None) -> pd.DataFrame:
    """Predict the mean effect, and the effect of one new study, where the moderators are as stated.

    Parameters
    ----------
    fit : RegressionFit
    frame : DataFrame
        The moderators of the fit (of a formula: the columns it names), one row a prediction.
    level : float, optional
        The fit's if left out.

    Returns
    -------
    DataFrame, indexed as ``frame``
        estimate, std_error, ci_low, ci_high, prediction_low, prediction_high, level. The
        prediction interval has the variance std_error^2 + tau2 and the distribution of the tests
        (Riley, Higgins and Deeks 2011); without residual tau2 its columns are not there.

    Raises
    ------
    FitError
        If a column is absent, a value missing, or a level not in the fit.

    Examples
    --------
    >>> from evidence.effects.table import table_of
    >>> from evidence.models.regression.regression import meta_regression
    >>> table = table_of([0.1, 0.4, 0.2, 0.9], [0.1, 0.1, 0.2, 0.2])
    >>> fit = meta_regression(table, pd.DataFrame({"dose": [1.0, 2.0, 3.0, 4.0]}), test="z")
    >>> predict(fit, pd.DataFrame({"dose": [2.5]}))["estimate"].round(3).tolist()
    [0.424]
    """
    check_kind("fit", fit, RegressionFit, FitError)
    check_kind("frame", frame, pd.DataFrame, FitError)
    level = fit.level if level is None else level
    if not is_fraction(level):
        problem = Problem("level", repr(level), "a fraction between 0 and 1, such as 0.95")
        raise FitError("the prediction is not possible", [problem])
    rows = rows_of(fit.design, frame)
    estimate, error = rows @ fit.estimates, _errors(rows, fit.covariance)
    critical = critical_value(level, fit.df)
    cells = {
        "estimate": estimate,
        "std_error": error,
        "ci_low": estimate - critical * error,
        "ci_high": estimate + critical * error,
    }
    if fit.tau2_method is not None:
        spread = np.sqrt(error**2 + fit.tau2)
        cells["prediction_low"] = estimate - critical * spread
        cells["prediction_high"] = estimate + critical * spread
    return pd.DataFrame({**cells, "level": level}, index=frame.index)


def _errors(rows: Array, covariance: Array) -> Array:
    return np.asarray(np.sqrt(np.maximum(0.0, ((rows @ covariance) * rows).sum(1))))
