"""Estimators of the residual tau2 of a meta-regression, batched: y, v (..., k), basis (k, p)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import special

from evidence.models.frequentist.kernels_search import Parts, highest
from evidence.models.frequentist.kernels_tau2 import Tau2, centre, decreasing_root
from evidence.models.regression.kernels_gls import cubic, project, residuals

Array = NDArray[np.float64]
Indices = NDArray[np.intp]
LIKELIHOOD = ("reml", "maximum_likelihood")
GENERALISED = ("paule_mandel", "empirical_bayes", "dersimonian_laird_iterated")


def estimate_tau2(
    method: str, y: Array, v: Array, basis: Array, weights: Array | None = None
) -> Tau2:
    """Residual between-study variance by an estimator's public name.

    Raudenbush 2009 (moments and likelihood), DerSimonian and Kacker 2007 (generalised moments),
    Sidik and Jonkman 2005, Viechtbauer et al. 2015; of several maxima of a likelihood the highest.
    Checked against metafor ``rma.uni(mods=)`` and a grid of the likelihood.

    Examples
    --------
    >>> ones = np.ones((3, 1)) / np.sqrt(3.0)
    >>> y = np.array([0.0, 2.0, 4.0])
    >>> round(estimate_tau2("reml", y, np.ones(3), ones).tau2.item(), 12)
    3.0
    """
    shape, k = y.shape[:-1], y.shape[-1]
    df = k - basis.shape[1]
    y, v = y.reshape(-1, k), np.broadcast_to(v, y.shape).reshape(-1, k)
    e = residuals(y, basis)
    if method in LIKELIHOOD:
        found = _likelihood(e, v, basis, restricted=method == "reml")
    elif method in GENERALISED:
        found = q_root(e, v, basis, float(df))
    elif method == "paule_mandel_median":
        found = q_root(e, v, basis, float(special.chdtri(df, 0.5)))
    else:
        a = None if weights is None else np.broadcast_to(weights, (*v.shape[:1], k))
        tau2 = _moments(method, y, e, v, basis, a)
        found = Tau2(np.maximum(0.0, tau2), np.ones(len(y), dtype=np.bool_))
    return Tau2(found.tau2.reshape(shape), found.converged.reshape(shape))


def form_weights(method: str, y: Array, v: Array, weights: Array | None) -> Array | None:
    """Weights of the quadratic form of a moment estimator; None for the others."""
    if method == "generalised_q":
        return weights
    if method == "hedges":
        return np.ones_like(v)
    if method == "sidik_jonkman":
        start = (centre(y) ** 2).mean(-1)[..., None]
        return np.asarray(np.where(start > 0, start / (v + start), 1.0))
    moment = ("dersimonian_laird", "hunter_schmidt", "hunter_schmidt_corrected")
    return 1.0 / v if method in moment else None


def _moments(
    method: str, y: Array, e: Array, v: Array, basis: Array, weights: Array | None
) -> Array:
    a = form_weights(method, y, v, weights)
    if a is None:
        raise ValueError(method)
    k, p = basis.shape
    found = project(e, 1.0 / a, basis, np.zeros(len(y)))
    if method == "sidik_jonkman":
        return np.asarray(found.q / (k - p))
    if method.startswith("hunter_schmidt"):
        factor = k / (k - p) if method == "hunter_schmidt_corrected" else 1.0
        return np.asarray((factor * found.q - k) / a.sum(-1))
    mean = (a * (1.0 - found.leverage) * v).sum(-1)
    return np.asarray((found.q - mean) / found.trace)


def q_root(y: Array, v: Array, basis: Array, target: float) -> Tau2:
    """tau2 (n,) at which the generalised Q, y'Py, equals the target; 0 where Q starts below it."""
    e = residuals(y, basis)
    zero = np.zeros(len(e))
    # The weights below 1 / tau2 give Q <= (sum of squared residuals) / tau2.
    high = 1.01 * (e**2).sum(-1) / target
    where = np.flatnonzero(project(e, v, basis, zero).q > target)

    def at(t: Array, which: Indices) -> tuple[Array, Array]:
        rows = where[which]
        found = project(e[rows], v[rows], basis, t)
        return found.q - target, -(found.py**2).sum(-1)

    root, done = decreasing_root(at, zero[where], high[where], v[where].min(-1, initial=np.inf))
    tau2, converged = zero.copy(), np.ones(len(e), dtype=np.bool_)
    tau2[where], converged[where] = root, done
    return Tau2(tau2, converged)


def score(y: Array, v: Array, basis: Array, t: Array, *, restricted: bool) -> tuple[Array, Array]:
    """Twice the slope of the log-likelihood in tau2, y'PPy - tr(P or W), and its derivative."""
    found = project(y, v, basis, t)
    value, derivative = (found.py**2).sum(-1), -2.0 * cubic(found)
    if restricted:
        return value - found.trace, derivative + found.trace_square
    return value - found.w.sum(-1), derivative + (found.w**2).sum(-1)


def height(y: Array, v: Array, basis: Array, t: Array, *, restricted: bool) -> Array:
    """Log-likelihood of tau2 without constants."""
    found = project(y, v, basis, t)
    body = np.log(v + t[..., None]).sum(-1) + found.q
    return np.asarray(-0.5 * (body + found.log_det if restricted else body))


def _likelihood(e: Array, v: Array, basis: Array, *, restricted: bool) -> Tau2:
    """Highest of all maxima; e (n, k) are residuals.

    With s2 the residual mean square, y'PPy <= (k - p) s2 / (min v + t)^2, and tr(P) is at least
    (k - p) / (max v + t): no maximum lies above s2 + s max(v)^(1/2).
    """

    def parts(y: Array, v: Array, t: Array) -> Parts:
        found = project(y, v, basis, t)
        push = found.trace if restricted else found.w.sum(-1)
        push_slope = found.trace_square if restricted else (found.w**2).sum(-1)
        return Parts((found.py**2).sum(-1), push, cubic(found), push_slope)

    def likelihood(y: Array, v: Array, t: Array) -> Array:
        return height(y, v, basis, t, restricted=restricted)

    p = basis.shape[1]
    return highest(e, v, parts, likelihood, fitted=p, width=p + 2)


def tau2_std_error(
    method: str, y: Array, v: Array, basis: Array, tau2: float, weights: Array | None
) -> float:
    """Large-sample standard error of tau2 of one data set, y and v (k,), at the estimate.

    Likelihoods: expected information; Paule-Mandel and its kin: delta method on Q with mean slope
    (k - p) / k sum(w), as metafor has it; moments: exact spread of the form, 2 tr(P_A V P_A V).
    Checked against metafor (``se.tau2``).
    """
    (k, p), t = basis.shape, np.asarray(tau2)
    df = k - p
    a = form_weights(method, y, v, weights)
    found = project(y, v, basis, t) if a is None else project(y, 1.0 / a, basis, np.zeros(()))
    if method == "reml":
        return float(np.sqrt(2.0 / found.trace_square))
    if method == "maximum_likelihood":
        return float(np.sqrt(2.0 / (found.w**2).sum()))
    if a is None:
        return float(np.sqrt(2.0 / df) * k / found.w.sum())
    root = np.sqrt(a)
    form = np.diag(a) - (root[:, None] * found.u) @ (root[:, None] * found.u).T
    product = form * (v + t)
    spread = float(np.sqrt(2.0 * (product * product.T).sum()))
    if method.startswith("hunter_schmidt"):
        factor = k / df if method == "hunter_schmidt_corrected" else 1.0
        return factor * spread / float(a.sum())
    return spread / df if method == "sidik_jonkman" else spread / float(found.trace)
