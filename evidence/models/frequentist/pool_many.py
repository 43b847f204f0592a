"""pool_many: the same pairwise meta-analysis of many data sets of equal size, in one call."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from evidence.errors import FitError, Problem
from evidence.models.frequentist import kernels, kernels_moments, kernels_tau2
from evidence.models.frequentist.estimators import ESTIMATORS
from evidence.models.frequentist.options import (
    FIXED,
    CiMethod,
    Model,
    Options,
    Tau2Method,
    resolve,
)

Array = NDArray[np.float64]

_ESTIMATORS = ESTIMATORS


@dataclass(frozen=True, slots=True, eq=False)
class PooledMany:
    """Answers of ``pool_many``; arrays have the leading shape (...) of the data.

    ``df`` is that of the interval (infinite: normal); ``q_df`` that of Q, the same for all.
    ``weights`` (..., k) are percent. ``tau2``, ``typical_variance`` are None for the common-effect
    model, ``hartung_knapp_multiplier`` (before flooring) where the interval does not use it.
    """

    options: Options
    k: int
    estimate: Array
    std_error: Array
    wald_std_error: Array
    statistic: Array
    df: Array
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
    tau2: Tau2Method | float | None = None,
    ci: CiMethod | None = None,
    level: float = 0.95,
    weights: ArrayLike | None = None,
) -> PooledMany:
    """Pool every data set along the last axis.

    Parameters
    ----------
    estimates, variances : array_like, shape (..., k)
        Estimates and their sampling variances (squared standard errors), k >= 2.
    model, tau2, ci, level
        As in ``pool``.
    weights : array_like, optional
        Of the mean, above 0, of a shape that broadcasts to that of the estimates.

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
    options = resolve(model, tau2, ci, level, weighted=weights is not None)
    y, v = _checked(estimates, variances)
    return fit_arrays(y, v, options, None if weights is None else checked_weights(weights, y.shape))


def fit_arrays(y: Array, v: Array, options: Options, weights: Array | None = None) -> PooledMany:
    """Fit checked arrays y, v (and weights) of shape (..., k), k >= 2, with resolved options."""
    shape, k = y.shape[:-1], y.shape[-1]
    zero = np.zeros(shape)
    q = kernels_tau2.generalised_q(y, v, zero)
    t = None if options.tau2 is None else _tau2(y, v, options, weights)
    if t is None:
        s2, i2, h2 = None, kernels.i2_from_q(q, k - 1), np.asarray(q / (k - 1))
    else:
        s2 = kernels.typical_variance(v)
        i2, h2 = kernels.i2_of(t, s2), kernels.h2_of(t, s2)
    mean, variance, w = kernels.weighted_mean(y, v, zero if t is None else t, weights)
    wald = np.sqrt(variance)
    error, df, multiplier = _spread(y, v, zero if t is None else t, wald, options)
    _require_spread(error, options.ci)
    half = kernels.critical_values(options.level, df) * error
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
        q_p=kernels.q_p_value(q, k - 1),
        i2=i2,
        h2=h2,
        tau2=t,
        typical_variance=s2,
        hartung_knapp_multiplier=multiplier,
        weights=100.0 * w / w.sum(-1, keepdims=True),
    )


def _tau2(y: Array, v: Array, options: Options, weights: Array | None) -> Array:
    method = options.tau2 or ""
    if method == FIXED and options.stated_tau2 is not None:
        return np.full(y.shape[:-1], options.stated_tau2)
    if method == "generalised_q" and weights is not None:
        found = kernels_moments.from_form(y, v, weights)
    else:
        found = _ESTIMATORS[method](y, v)
    _require_converged(np.asarray(found.converged), method)
    return found.tau2


def _spread(
    y: Array, v: Array, t: Array, wald: Array, options: Options
) -> tuple[Array, Array, Array | None]:
    """Standard error of the interval, its degrees of freedom, and the multiplier, if one is used.

    "hartung_knapp_wider": Wald's normal interval wherever that is the wider one.
    "hartung_knapp_checked": the floor at 1 wherever the interval is narrower than Wald's normal
    one at the DerSimonian-Laird tau2 (meta: "IQWiG6"; checked where tau2 is DerSimonian-Laird's,
    so that the comparison for other estimators rests on no reference value).
    """
    ci, level, df = options.ci, options.level, np.full(wald.shape, float(y.shape[-1] - 1))
    if ci == "wald":
        return wald, np.full(wald.shape, np.inf), None
    if ci == "t":
        return wald, df, None
    q = kernels.hartung_knapp_multiplier(y, v, t)
    error = wald * np.sqrt(np.maximum(1.0, q) if ci == "hartung_knapp_floored" else q)
    if ci in ("hartung_knapp", "hartung_knapp_floored"):
        return error, df, q
    half, normal = kernels.critical_values(level, df) * error, kernels.critical_value(level, np.inf)
    if ci == "hartung_knapp_wider":
        narrower = half < normal * wald
        return np.where(narrower, wald, error), np.where(narrower, np.inf, df), q
    plain = kernels_tau2.dersimonian_laird(y, v).tau2
    narrower = half < normal * np.sqrt(kernels.weighted_mean(y, v, plain).variance)
    return np.where(narrower, wald * np.sqrt(np.maximum(1.0, q)), error), df, q


def checked_weights(weights: ArrayLike, shape: tuple[int, ...]) -> Array:
    """Weights as an array of the shape of the estimates.

    Raises
    ------
    FitError
        If they do not broadcast to that shape, or one is not a finite number above 0.
    """
    try:
        found = np.broadcast_to(np.asarray(weights, dtype=np.float64), shape)
    except (TypeError, ValueError) as error:
        problem = Problem("weights", str(error), f"numbers of shape {shape}")
        raise FitError("the weights do not fit the estimates", [problem]) from None
    bad = np.argwhere(~(np.isfinite(found) & (found > 0)))
    problems = [
        Problem(f"weights[{', '.join(map(str, place))}]", f"is {found[tuple(place)]}", "above 0")
        for place in bad
    ]
    if problems:
        raise FitError("weights must be finite numbers above 0", problems)
    return found


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
