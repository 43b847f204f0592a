"""What follows from a fitted mixed model: predictions, and the profile likelihood of tau2."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy import optimize, special

from evidence.catalog.display import html_of_record
from evidence.catalog.phrases import figure, interval
from evidence.errors import FitError, Problem, check_kind, is_fraction
from evidence.models.frequentist.kernels import critical_value
from evidence.models.glmm.fit import GlmmFit
from evidence.models.glmm.kernels_newton import Solution, maximise
from evidence.models.regression.design import rows_of

Array = NDArray[np.float64]
TAU_MOST = 20.0  # effects that differ by e^20 are beyond any counts


@dataclass(frozen=True, slots=True)
class Tau2ProfileInterval:
    """Profile-likelihood interval of tau2: all values a likelihood-ratio test keeps.

    ``low`` is 0 where the test keeps 0.
    """

    tau2: float
    low: float
    high: float
    level: float

    _repr_html_ = html_of_record

    def __str__(self) -> str:
        ends = interval(self.low, self.high, self.level)
        return f"Profile-likelihood interval of tau2: {figure(self.tau2)} ({ends})"


def glmm_predict(
    fit: GlmmFit, frame: pd.DataFrame | None = None, *, level: float | None = None
) -> pd.DataFrame:
    """Predict the mean effect, and the effect of one new study, where the moderators are as stated.

    Parameters
    ----------
    fit : GlmmFit
    frame : DataFrame, optional
        The moderators of the fit, one row a prediction; left out where there are none.
    level : float, optional
        The fit's if left out.

    Returns
    -------
    DataFrame
        estimate, std_error, ci_low, ci_high, prediction_low, prediction_high, level. The
        prediction interval has the variance std_error^2 + tau2 and the distribution of the tests;
        a common-effect fit has none.

    Raises
    ------
    FitError
        If a column is absent, a value missing, or a level not in the fit.

    Examples
    --------
    >>> from evidence.models.glmm.glmm import pool_glmm
    >>> frame = pd.DataFrame({"events": [1, 9, 2, 1], "total": [10, 12, 15, 9]})
    >>> fit = pool_glmm(frame, measure="PLO")
    >>> found = glmm_predict(fit)
    >>> found[["estimate", "prediction_low", "prediction_high"]].round(2).to_numpy().tolist()
    [[-1.27, -4.35, 1.81]]
    """
    check_kind("fit", fit, GlmmFit, FitError)
    level = fit.options.level if level is None else level
    problems = []
    if not is_fraction(level):
        right = "a fraction between 0 and 1, such as 0.95"
        problems.append(Problem("level", repr(level), right))
    if frame is None and fit.design.columns:
        right = f"give {', '.join(fit.design.columns)}"
        problems.append(Problem("frame", "is left out, but the fit has moderators", right))
    if frame is not None and not fit.design.columns:
        problems.append(Problem("frame", "would do nothing: no moderators", "leave it out"))
    if problems:
        raise FitError("the prediction is not possible", problems)
    rows = np.ones((1, 1)) if frame is None else rows_of(fit.design, frame)
    estimate = rows @ fit.estimates
    error = np.sqrt(np.maximum(0.0, ((rows @ fit.covariance) * rows).sum(1)))
    critical = critical_value(level, fit.df)
    cells = {
        "estimate": estimate,
        "std_error": error,
        "ci_low": estimate - critical * error,
        "ci_high": estimate + critical * error,
    }
    if fit.options.random:
        spread = np.sqrt(error**2 + fit.tau2)
        cells["prediction_low"] = estimate - critical * spread
        cells["prediction_high"] = estimate + critical * spread
    return pd.DataFrame({**cells, "level": level}, index=None if frame is None else frame.index)


def glmm_tau2_interval(fit: GlmmFit, *, level: float | None = None) -> Tau2ProfileInterval:
    """Profile-likelihood interval of tau2.

    All other parameters are estimated anew at each tau2; the interval is where twice the loss of
    log-likelihood stays below the chi-squared quantile with 1 degree of freedom.

    Raises
    ------
    FitError
        If the fit has no tau2, or the likelihood is so flat that no upper end is found.

    Examples
    --------
    >>> from evidence.models.glmm.glmm import pool_glmm
    >>> frame = pd.DataFrame({"events": [1, 9, 2, 1], "total": [10, 12, 15, 9]})
    >>> found = glmm_tau2_interval(pool_glmm(frame, measure="PLO"))
    >>> round(found.low, 2), round(found.high, 1)
    (0.21, 14.9)
    """
    check_kind("fit", fit, GlmmFit, FitError)
    level = fit.options.level if level is None else level
    problems = []
    if not is_fraction(level):
        right = "a fraction between 0 and 1, such as 0.95"
        problems.append(Problem("level", repr(level), right))
    if not fit.options.random:
        problems.append(Problem("fit", "a common-effect model has no tau2", "model='random'"))
    if problems:
        raise FitError("there is no interval of tau2", problems)
    allowed = float(special.chdtri(1, 1.0 - level))
    top = float(np.sqrt(fit.tau2))

    last = fit.fitted.solution

    def excess(tau: float) -> float:
        nonlocal last
        last = _profiled(fit, tau, last)
        return 2.0 * (fit.fitted.solution.value - last.value) - allowed

    low = 0.0
    if top > 0.0 and 2.0 * (fit.fitted.solution.value - fit.fitted.common.value) > allowed:
        below = 0.5 * top
        while excess(below) < 0.0:
            below *= 0.5
        low = _root(excess, below, top)
    high = max(2.0 * top, 0.1)
    while excess(high) < 0.0:
        high *= 2.0
        if high > TAU_MOST:
            what = f"the likelihood is flat up to tau = {TAU_MOST:g}"
            raise FitError("there is no interval of tau2", [Problem("fit", what, "more studies")])
    return Tau2ProfileInterval(fit.tau2, low**2, _root(excess, top, high) ** 2, level)


def profile_log_likelihood(fit: GlmmFit, tau2: float) -> float:
    """Log-likelihood at a tau2, all else estimated."""
    return _profiled(fit, float(np.sqrt(tau2)), fit.fitted.solution).value


def marginal_log_likelihood(
    fit: GlmmFit, estimates: ArrayLike, tau2: float, *, points: int | None = None
) -> float:
    """Log-likelihood at stated coefficients and tau2, the studies' own parameters estimated.

    ``points`` (the fit's if left out) is the number of quadrature points.

    Raises
    ------
    FitError
        If the number of coefficients differs from the fit's.
    """
    stated = np.asarray(estimates, dtype=np.float64)
    if stated.shape != (fit.p,) or not (np.isfinite(tau2) and tau2 >= 0.0):
        problem = Problem("estimates", f"shape {stated.shape}", f"({fit.p},), and tau2 >= 0")
        raise FitError("the likelihood cannot be evaluated there", [problem])
    setting, start = fit.fitted.setting, fit.fitted.solution
    model = setting.model if points is None else setting.model._replace(points=points)
    scaled = setting.basis.back * np.sqrt(len(setting.basis.q))
    beta = np.concatenate([start.beta[: setting.intercepts], np.linalg.solve(scaled, stated)])
    theta, held = _held_at(fit, float(np.sqrt(tau2)), start)
    coefficients = tuple(range(setting.intercepts, len(beta)))
    return maximise(model, beta, start.own, theta, coefficients + held).value


def _held_at(fit: GlmmFit, tau: float, start: Solution) -> tuple[Array, tuple[int, ...]]:
    """Root's elements with tau as stated, and the places that stay."""
    model = fit.fitted.setting.model
    theta = start.theta.copy()
    p = len(start.beta)
    if not fit.options.random:
        return theta, ()
    theta[0] = tau
    held = [p]
    if model.correlated and tau == 0.0:
        theta = np.array([0.0, 0.0, float(np.hypot(theta[1], theta[2]))])
        held.append(p + 1)
    # A variance estimated at 0 has no slope there: it may leave the edge at another tau.
    for j in range(1, len(theta)):
        if abs(theta[j]) < 1e-3 and p + j not in held:
            theta[j] = 0.05
    return theta, tuple(held)


def _profiled(fit: GlmmFit, tau: float, start: Solution) -> Solution:
    theta, held = _held_at(fit, tau, start)
    return maximise(fit.fitted.setting.model, start.beta, start.own, theta, held)


def _root(f: Callable[[float], float], low: float, high: float) -> float:
    return float(optimize.brentq(f, low, high, xtol=1e-9, rtol=1e-9))
