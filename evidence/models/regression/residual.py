"""What the moderators of a meta-regression leave: tau2, heterogeneity, likelihoods."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy import special

from evidence.errors import FitError, Problem
from evidence.models.frequentist.fit import FitStatistics, Heterogeneity, information_criteria
from evidence.models.frequentist.kernels import q_p_value
from evidence.models.frequentist.options import FIXED
from evidence.models.regression.kernels_gls import (
    Basis,
    coefficients,
    log_likelihoods,
    project,
    residuals,
)
from evidence.models.regression.kernels_gls_intervals import (
    generalised_q_interval,
    profile_interval,
)
from evidence.models.regression.kernels_gls_tau2 import (
    estimate_tau2,
    form_weights,
    q_root,
    tau2_std_error,
)
from evidence.models.regression.options import Choice

Array = NDArray[np.float64]


def tau2_of(choice: Choice, y: Array, v: Array, q: Array) -> Array:
    """tau2 of batches (..., k).

    Raises
    ------
    FitError
        If a search did not end.
    """
    if choice.method is None or choice.stated_tau2 is not None:
        return np.full(y.shape[:-1], choice.stated_tau2 or 0.0)
    found = estimate_tau2(choice.method, y, v, q, choice.weights)
    if not found.converged.all():
        problem = Problem("tau2", f"{choice.method!r} did not converge", "try another estimator")
        raise FitError("the meta-regression did not converge", [problem])
    return found.tau2


def heterogeneity_of(
    y: Array, v: Array, basis: Basis, tau2: Array, choice: Choice
) -> Heterogeneity:
    """Residual heterogeneity: Q, I2, H2, tau2 with its standard error and interval."""
    k, p = basis.q.shape
    df, zero = k - p, np.zeros(())
    e = residuals(y, basis.q)
    at_zero = project(e, v, basis.q, zero)
    q, s2, t = float(at_zero.q), df / float(at_zero.trace), float(tau2)
    q_p = float(q_p_value(np.asarray(q), df))
    if choice.method is None:
        i2 = 100.0 * max(0.0, q - df) / q if q > 0 else 0.0
        reason = "the model allows for no residual tau2"
        return Heterogeneity(q=q, df=df, p=q_p, i2=i2, h2=q / df, reason=reason)
    i2, h2 = 100.0 * t / (t + s2), t / s2 + 1.0
    known = {"q": q, "df": df, "p": q_p, "i2": i2, "h2": h2, "tau2": t, "tau": float(np.sqrt(t))}
    if choice.method == FIXED:
        reason = "tau2 was stated, not estimated: it has no standard error and no interval"
        return Heterogeneity(**known, method=FIXED, typical_variance=s2, reason=reason)
    error = tau2_std_error(choice.method, y, v, basis.q, t, choice.weights)
    low, high, empty = _ends(y, v, basis, t, choice)
    return Heterogeneity(
        **known,
        method=choice.method,
        typical_variance=s2,
        tau2_std_error=error if error > 0 else None,
        reason=None if error > 0 else "a perfect fit gives tau2 no standard error",
        tau2_ci_low=low,
        tau2_ci_high=high,
        level=choice.level,
        interval_method=choice.interval,
        i2_ci_low=100.0 * low / (low + s2),
        i2_ci_high=100.0 * high / (high + s2),
        h2_ci_low=low / s2 + 1.0,
        h2_ci_high=high / s2 + 1.0,
        at_boundary=t == 0.0,
        interval_empty=empty,
    )


def _ends(
    y: Array, v: Array, basis: Basis, tau2: float, choice: Choice
) -> tuple[float, float, bool]:
    """Ends of the interval of tau2, and whether no tau2 is in it."""
    e, level = residuals(y, basis.q), choice.level
    if choice.interval == "profile_likelihood":
        found = profile_interval(_profile(y, v, basis, choice), tau2, v, _far(e, v, basis), level)
    elif choice.interval == "generalised_q":
        a = form_weights(str(choice.method), y, v, choice.weights)
        if a is None:
            raise ValueError(choice.method)
        found = generalised_q_interval(e, v, basis.q, a, level)
    else:
        return _q_profile(e, v, basis.q, (1.0 - level) / 2.0)
    return float(found.low), float(found.high), bool(found.empty)


def _profile(y: Array, v: Array, basis: Basis, choice: Choice) -> Callable[[float], float]:
    """Log-likelihood of tau2 at the coefficients that the weights of the fit give."""

    def height(t: float) -> float:
        full, restricted = statistics_of(y, v, basis, np.asarray(t), choice)
        found = restricted if choice.method == "reml" else full
        return found.log_likelihood

    return height


def _far(e: Array, v: Array, basis: Basis) -> float:
    """Above any maximum of the likelihood."""
    s2 = float((e**2).sum()) / (len(e) - basis.q.shape[1])
    return float(s2 + np.sqrt(s2 * v.max()))


def _q_profile(e: Array, v: Array, basis: Array, tail: float) -> tuple[float, float, bool]:
    """Q-profile interval of tau2 (Viechtbauer 2007), with k - p degrees of freedom."""
    df = basis.shape[0] - basis.shape[1]
    ends, largest = [], float(special.chdtri(df, 1.0 - tail))
    for target in (float(special.chdtri(df, tail)), largest):
        found = q_root(e[None], v[None], basis, target)
        if not found.converged[0]:
            where = Problem("heterogeneity", "an end of the Q-profile interval was not found")
            raise FitError("the interval of tau2 did not converge", [where])
        ends.append(float(found.tau2[0]))
    return ends[0], ends[1], bool(project(e, v, basis, np.zeros(())).q < largest)


def statistics_of(
    y: Array, v: Array, basis: Basis, tau2: Array, choice: Choice
) -> tuple[FitStatistics, FitStatistics]:
    """Full and restricted likelihood with all constants."""
    k, p = basis.q.shape
    found = log_likelihoods(y, v, basis.q, v + tau2)
    full, restricted = float(found.full), float(found.restricted)
    if choice.weights is not None:
        # At coefficients that do not maximise it, the likelihood is lower by their excess.
        b = coefficients(y, v, basis, tau2, choice.weights).estimate
        best = coefficients(y, v, basis, tau2)
        gap = np.linalg.solve(basis.back, b - best.estimate)
        r = project(y, v, basis.q, tau2).r
        excess = 0.5 * float(((r @ gap) ** 2).sum())
        full, restricted = full - excess, restricted - excess
    parameters = p if choice.method in (None, FIXED) else p + 1
    deviance = 2.0 * (float(found.saturated) - full)
    return (
        information_criteria(full, deviance, parameters, k),
        information_criteria(restricted, -2.0 * restricted, parameters, k - p),
    )
