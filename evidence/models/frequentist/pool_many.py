"""pool_many: the same pairwise meta-analysis of many data sets of equal size, in one call."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from evidence.errors import FitError, Problem
from evidence.models.frequentist import kernels, kernels_tau2
from evidence.models.frequentist.options import (
    HARTUNG_KNAPP,
    CiMethod,
    Model,
    Options,
    Tau2Method,
    resolve,
)

Array = NDArray[np.float64]

_ESTIMATORS = {
    "reml": kernels_tau2.reml,
    "paule_mandel": kernels_tau2.paule_mandel,
    "dersimonian_laird": kernels_tau2.dersimonian_laird,
}


@dataclass(frozen=True, slots=True, eq=False)
class PooledMany:
    """Answers of ``pool_many``; arrays have the leading shape (...) of the data.

    ``df`` is that of the interval (infinite: normal) and of Q (``q_df``), the same for all.
    ``weights`` (..., k) are percent. ``tau2``, ``typical_variance`` are None for the common-effect
    model, ``hartung_knapp_multiplier`` (before flooring) where the interval does not use it.
    """

    options: Options
    k: int
    estimate: Array
    std_error: Array
    wald_std_error: Array
    statistic: Array
    df: float
    p: Array
    ci_low: Array
    ci_high: Array
    q: Array
    q_df: int
    q_p: Array
    i2: Array
    h2: Array
    tau2: Array | None
    typical_variance: Array | None
    hartung_knapp_multiplier: Array | None
    weights: Array


def pool_many(
    estimates: ArrayLike,
    variances: ArrayLike,
    *,
    model: Model = "random",
    tau2: Tau2Method | None = None,
    ci: CiMethod | None = None,
    level: float = 0.95,
) -> PooledMany:
    """Pool every data set along the last axis.

    Parameters
    ----------
    estimates, variances : array_like, shape (..., k)
        Estimates and their sampling variances (squared standard errors), k >= 2.
    model, tau2, ci, level
        As in ``pool``.

    Raises
    ------
    FitError
        If an option is unknown or would do nothing, a number is not finite, a variance is not
        above 0, k < 2, or tau2 did not converge somewhere.

    Examples
    --------
    >>> many = pool_many([[0.0, 2.0, 4.0], [1.0, 1.0, 1.0]], np.ones((2, 3)))
    >>> many.estimate.round(3), many.tau2.round(3)
    (array([2., 1.]), array([3., 0.]))
    """
    options = resolve(model, tau2, ci, level)
    return fit_arrays(*_checked(estimates, variances), options)


def fit_arrays(y: Array, v: Array, options: Options) -> PooledMany:
    """Fit checked arrays y, v of shape (..., k), k >= 2, with resolved options."""
    shape, k = y.shape[:-1], y.shape[-1]
    zero = np.zeros(shape)
    q = kernels_tau2.generalised_q(y, v, zero)
    q_p = kernels.q_p_value(q, k - 1)
    t, s2, multiplier = None, None, None
    if options.tau2 is None:
        i2, h2 = kernels.i2_from_q(q, k - 1), np.asarray(q / (k - 1))
    else:
        t, converged = _ESTIMATORS[options.tau2](y, v)
        _require_converged(np.asarray(converged), options.tau2)
        s2 = kernels.typical_variance(v)
        i2, h2 = kernels.i2_of(t, s2), kernels.h2_of(t, s2)
    mean, variance, w = kernels.weighted_mean(y, v, zero if t is None else t)
    wald = np.sqrt(variance)
    scale = np.ones(shape)
    if t is not None and options.ci in HARTUNG_KNAPP:
        multiplier = kernels.hartung_knapp_multiplier(y, v, t)
        floored = options.ci == "hartung_knapp_floored"
        scale = np.sqrt(np.maximum(1.0, multiplier) if floored else multiplier)
    error = wald * scale
    _require_spread(error, options.ci)
    df = float("inf") if options.ci == "wald" else float(k - 1)
    half = kernels.critical_value(options.level, df) * error
    return PooledMany(
        options=options,
        k=k,
        estimate=mean,
        std_error=error,
        wald_std_error=wald,
        statistic=np.asarray(mean / error),
        df=df,
        p=kernels.two_sided_p(mean / error, df),
        ci_low=mean - half,
        ci_high=mean + half,
        q=q,
        q_df=k - 1,
        q_p=q_p,
        i2=i2,
        h2=h2,
        tau2=t,
        typical_variance=s2,
        hartung_knapp_multiplier=multiplier,
        weights=100.0 * w / w.sum(-1, keepdims=True),
    )


def _checked(estimates: ArrayLike, variances: ArrayLike) -> tuple[Array, Array]:
    try:
        y = np.asarray(estimates, dtype=np.float64)
        v = np.asarray(variances, dtype=np.float64)
    except (TypeError, ValueError) as error:
        problem = Problem("estimates, variances", str(error), "give two arrays of numbers")
        raise FitError("the data are not numbers", [problem]) from None
    if y.shape != v.shape or y.ndim == 0 or y.shape[-1] < 2:
        shapes = f"shapes {y.shape} and {v.shape}"
        right = "give the same shape (..., k) twice, with k of at least 2"
        raise FitError("the data do not pair up", [Problem("estimates, variances", shapes, right)])
    problems = [
        Problem(f"{name}[{', '.join(str(i) for i in place)}]", f"is {values[tuple(place)]}", right)
        for name, values, bad, right in (
            ("estimates", y, ~np.isfinite(y), "a finite number"),
            ("variances", v, ~(np.isfinite(v) & (v > 0)), "a finite number above 0"),
        )
        for place in np.argwhere(bad)
    ]
    if problems:
        raise FitError("some numbers cannot be pooled", problems)
    return y, v


def _require_converged(converged: NDArray[np.bool_], method: str) -> None:
    if converged.all():
        return
    stuck = [
        Problem(f"data set {tuple(int(i) for i in place)}", f"tau2 by {method} did not converge")
        for place in np.argwhere(~converged)
    ]
    raise FitError("tau2 did not converge", stuck)


def _require_spread(error: Array, ci: str) -> None:
    """Refuse the unfloored Hartung-Knapp interval of identical estimates: its width would be 0."""
    if np.all(error > 0):
        return
    what = "the estimates are identical, so the standard error would be 0"
    right = "ci='hartung_knapp_floored' never falls below the Wald standard error"
    raise FitError("no interval of this kind exists", [Problem(f"ci={ci!r}", what, right)])
