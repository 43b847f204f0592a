"""Likelihood of a between-study variance that differs between studies: one data set, (k,)."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import linalg, optimize

from evidence.models.regression.kernels_gls import Basis, project, residuals
from evidence.models.regression.kernels_gls_tau2 import estimate_tau2

Array = NDArray[np.float64]
Parts = Callable[[Array], tuple[float, Array, Array]]
_AT_ZERO = 1e-7  # tau2 below this share of the study's own variance: at the edge
_ROUNDING = 1e-12  # the same, for what was kept at 0
_NEAR_ZERO = 1e-4  # the same, for a search that is then refined
_EDGE_SLOPE = 1e-6  # largest slope along the edge, in units of the typical sampling variance
AT_ZERO = "the likelihood is highest where tau2 of some studies is 0"
_FARTHEST = 300.0  # of a logarithm of tau2: beyond, squares overflow
_STRIDE = 3.0  # longest step in a logarithm of tau2
_SLOPE = 1e-6  # largest slope of a maximum, in units of one standard error


class Spread(NamedTuple):
    """Scale coefficients (q,), their covariance, tau2 (k,), log-likelihood, and what went wrong.

    ``covariance`` is None where some tau2 is 0, at the edge of what the identity link allows.
    """

    estimate: Array
    covariance: Array | None
    tau2: Array
    height: float
    problem: str


def spread_derivatives(
    y: Array, v: Array, basis: Array, tau2: Array, *, restricted: bool
) -> tuple[float, Array, Array]:
    """Log-likelihood without constants, its gradient (k,) and Hessian (k, k) in the tau2's.

    With u = Py: slope (u^2 - diag P) / 2, second derivative P_ij^2 / 2 - u_i P_ij u_j; in the full
    likelihood W stands for P except beside u. Checked against differences.
    """
    total = v + tau2
    found = project(y, total, basis, np.zeros(()))
    root = np.sqrt(found.w)
    p = np.diag(found.w) - (root[:, None] * found.u) @ (root[:, None] * found.u).T
    body = np.log(total).sum() + found.q + (found.log_det if restricted else 0.0)
    inner = p if restricted else np.diag(found.w)
    slope = 0.5 * (found.py**2 - np.diag(inner))
    second = 0.5 * inner**2 - np.outer(found.py, found.py) * p
    return -0.5 * float(body), slope, second


def fit_spread(
    y: Array, v: Array, basis: Array, z: Basis, *, restricted: bool, log: bool
) -> Spread:
    """Maximise the likelihood over scale coefficients, from several starts.

    The search is in units of the typical sampling variance and in orthonormal coordinates. Under
    the identity link it goes on along the edge tau2 = 0 where it ends there.
    """
    unit = float(np.median(v))
    y, v = residuals(y, basis) / np.sqrt(unit), v / unit
    k = len(y)
    directions = z.q * np.sqrt(k)
    shift = np.log(unit) if log else 0.0

    def tau2_of(a: Array) -> Array:
        eta = directions @ a
        return np.asarray(np.exp(np.clip(eta - shift, -_FARTHEST, _FARTHEST)) if log else eta)

    def parts(a: Array) -> tuple[float, Array, Array]:
        tau2 = tau2_of(a)
        height, slope, second = spread_derivatives(y, v, basis, tau2, restricted=restricted)
        first = tau2 if log else np.ones(k)
        curve = second * np.outer(first, first) + (np.diag(slope * tau2) if log else 0.0)
        return -height, -directions.T @ (slope * first), -directions.T @ curve @ directions

    best: Array | None = None
    for start in _starts(y, v, basis, directions, shift, restricted=restricted, log=log):
        a = _climb(parts, start, directions, log=log)
        if best is None or parts(a)[0] < parts(best)[0] - 1e-10:
            best = a
    back = z.back * (1.0 if log else unit) * np.sqrt(k)
    at_zero = best is None or bool(np.any(tau2_of(best) < _AT_ZERO * v))
    if at_zero and not log:
        first = np.zeros(directions.shape[1]) if best is None else best
        edge, problem = along_edge(parts, first, directions, v)
        tau2 = np.where(tau2_of(edge) < _ROUNDING * v, 0.0, tau2_of(edge)) * unit
        return Spread(back @ edge, None, tau2, -parts(edge)[0], problem)
    if best is None:
        return Spread(np.zeros(0), None, v, -np.inf, "no start has tau2 above 0")
    height, slope, curve = parts(best)
    problem = AT_ZERO if at_zero else _problem(slope, curve)
    covariance = None if problem else back @ np.linalg.inv(curve) @ back.T
    return Spread(back @ best, covariance, tau2_of(best) * unit, -height, problem)


def _starts(
    y: Array,
    v: Array,
    basis: Array,
    directions: Array,
    shift: float,
    *,
    restricted: bool,
    log: bool,
) -> list[Array]:
    """Constant tau2 at several levels, and squared residuals regressed on the scale."""
    method = "reml" if restricted else "maximum_likelihood"
    k = len(y)
    level = max(float(estimate_tau2(method, y, v, basis).tau2), 0.1 * float(np.median(v)))
    crude = np.maximum(y**2 - v, 0.1 * level)
    wanted = [np.full(k, level * factor) for factor in (1.0, 0.1, 5.0)] + [crude]
    found = []
    for tau2 in wanted:
        a = directions.T @ (np.log(tau2) + shift if log else tau2) / k
        if log or np.all(directions @ a > 0):
            found.append(np.asarray(a))
    return found


def _climb(parts: Parts, start: Array, directions: Array, *, log: bool) -> Array:
    """Newton's method with a trust region; under the identity link within tau2 > 0."""

    def value(a: Array) -> float:
        if not log and np.any(directions @ a <= 0):
            return np.inf
        return float(parts(a)[0])

    a = start
    damping = 1e-3
    for _ in range(500):
        height, slope, curve = parts(a)
        low = float(np.linalg.eigvalsh(curve)[0])
        size = float(np.abs(curve).max()) or 1.0
        lift = max(0.0, -low) * 1.1 + max(damping, 1e-12) * size
        step = -np.linalg.solve(curve + lift * np.eye(len(a)), slope)
        if log:
            step *= min(1.0, _STRIDE / max(float(np.abs(directions @ step).max()), 1e-300))
        new = value(a + step)
        if new <= height:
            a = a + step
            damping = 0.0 if damping < 1e-10 else damping / 10.0
            if float(np.abs(step).max()) <= 1e-13 * (1.0 + float(np.abs(a).max())):
                break
        elif float(np.abs(step).max()) <= 1e-13 * (1.0 + float(np.abs(a).max())):
            break
        else:
            damping = max(10.0 * damping, 1e-8)
    return np.asarray(a)


def along_edge(parts: Parts, start: Array, directions: Array, v: Array) -> tuple[Array, str]:
    """Coefficients that minimise where no tau2 is below 0 and some are 0, and what went wrong.

    A start for the set of zeros is found by sequential quadratic programming; then Newton's method
    in the coefficients that keep them at 0, and a check of the multipliers.

    Examples
    --------
    >>> parts = lambda a: (float(((a + 1.0) ** 2).sum()), 2.0 * (a + 1.0), 2.0 * np.eye(1))
    >>> along_edge(parts, np.ones(1), np.ones((3, 1)), np.ones(3))
    (array([0.]), '')
    """
    found = optimize.minimize(
        lambda a: parts(a)[0],
        start,
        jac=lambda a: parts(a)[1],
        method="SLSQP",
        constraints=[
            {"type": "ineq", "fun": lambda a: directions @ a, "jac": lambda _: directions}
        ],
        options={"ftol": 1e-14, "maxiter": 500},
    )
    zero = directions @ found.x < _NEAR_ZERO * v
    kept = linalg.null_space(directions[zero]) if zero.any() else np.eye(len(found.x))
    a = np.asarray(kept @ (kept.T @ found.x), dtype=np.float64)
    for _ in range(50):
        height, slope, curve = parts(a)
        if not kept.size:
            break
        step = -kept @ np.linalg.lstsq(kept.T @ curve @ kept, kept.T @ slope, rcond=None)[0]
        size = 1.0
        while size > 1e-12 and not (
            np.all(directions[~zero] @ (a + size * step) >= 0.0)
            and parts(a + size * step)[0] <= height
        ):
            size *= 0.5
        if size <= 1e-12:
            break
        a = a + size * step
        if float(np.abs(step).max()) <= 1e-13 * (1.0 + float(np.abs(a).max())):
            break
    slope = parts(a)[1]
    # At the minimum the slope is a sum of the constraints' directions, each counted at least 0.
    rest = optimize.nnls(directions[zero].T, slope)[1] if zero.any() else np.linalg.norm(slope)
    if float(rest) > _EDGE_SLOPE or np.any(directions @ a < -_AT_ZERO * v):
        return a, "the search along the edge tau2 = 0 ended before a maximum"
    return a, ""


def _problem(slope: Array, curve: Array) -> str:
    if float(np.linalg.eigvalsh(curve)[0]) <= 0.0:
        return "the likelihood has no maximum with a curvature: it is flat along the scale"
    errors = np.sqrt(np.diag(np.linalg.inv(curve)))
    if float(np.abs(slope * errors).max()) > _SLOPE:
        return "the search ended before a maximum"
    return ""
