"""Prediction intervals: where the true effect of one new study is to be expected."""

from __future__ import annotations

import numpy as np

from evidence.errors import FitError, Problem, check_kind, did_you_mean
from evidence.models.frequentist.fit import CI_WORDS, PooledFit, Prediction
from evidence.models.frequentist.kernels import critical_value

_SUBTRACTED = {"k-1": 1, "k-2": 2}


def prediction_interval(fit: PooledFit, df: str = "k-1") -> Prediction:
    """Interval estimate +- c sqrt(tau2 + std_error^2), at the fit's level.

    Parameters
    ----------
    fit : PooledFit
        Random effects of at least 3 studies; its ``std_error`` is used, so that a Hartung-Knapp
        fit gives the Hartung-Knapp prediction interval.
    df : {"k-1", "k-2", "normal"}
        Distribution that c is taken from: t with that many degrees of freedom, or the normal. With
        ``ci="wald"``, "k-2" is the interval of Higgins, Thompson and Spiegelhalter 2009.

    Raises
    ------
    FitError
        If there is no such interval, or ``df`` is unknown.

    Examples
    --------
    >>> from evidence.effects.table import table_of
    >>> from evidence.models.frequentist.pool import pool
    >>> fit = pool(table_of([0.0, 2.0, 4.0, 6.0], [1, 1, 1, 1]), ci="wald")
    >>> found = prediction_interval(fit, df="k-2")
    >>> round(found.low, 2), round(found.high, 2), found.df
    (-8.65, 14.65, 2)
    """
    check_kind("fit", fit, PooledFit, FitError)
    if not isinstance(df, str) or df not in (*_SUBTRACTED, "normal"):
        known = did_you_mean(str(df), (*_SUBTRACTED, "normal"))
        raise FitError("no such prediction interval", [Problem("df", f"unknown: {df!r}", known)])
    tau2 = fit.heterogeneity.tau2
    reason = no_prediction_reason(fit.model, fit.k)
    if reason is not None or tau2 is None:
        right = "pool at least 3 studies with model='random'"
        raise FitError("no prediction interval exists", [Problem("fit", reason or "", right)])
    return predict(fit.k, fit.estimate, fit.std_error, tau2, fit.ci_method, fit.level, df)


def no_prediction_reason(model: str, k: int) -> str | None:
    """Say why a model of k studies has no prediction interval; None where it has one."""
    if model == "common":
        return "the common-effect model has no spread of effects"
    if k < 3:
        return f"a spread of effects cannot be predicted from {k} of them; 3 are needed"
    return None


def predict(
    k: int,
    estimate: float,
    std_error: float,
    tau2: float,
    ci_method: str,
    level: float,
    df: str = "k-1",
) -> Prediction:
    """Compute the interval of ``prediction_interval`` from its parts."""
    whole = k - _SUBTRACTED[df] if df in _SUBTRACTED else None
    degrees = np.inf if whole is None else float(whole)
    half = critical_value(level, degrees) * float(np.sqrt(tau2 + std_error**2))
    shape = "normal" if whole is None else f"t with {df.replace('-', ' - ')} = {whole} df"
    words = "Wald" if ci_method in ("wald", "t") else CI_WORDS[ci_method]
    method = f"{shape}, standard error: {words}"
    return Prediction(estimate - half, estimate + half, level, whole, method)
