"""Estimates of the between-study covariance Psi: likelihoods over Cholesky factors, and moments."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import optimize

from evidence.models.dose_response.kernels_mixed import (
    Reduced,
    gradient,
    least_squares,
    log_likelihood,
)

Array = NDArray[np.float64]
Objective = Callable[[Array], tuple[float, Array]]
# In the unit of one study's mean information; a spread below this is none.
ZERO, GRADIENT, STEPS, ESCAPES = 1e-9, 1e-6, 40, 6


class Between(NamedTuple):
    """Psi (r, r) in its own unit, its rank, and whether no step from it raises the likelihood."""

    psi: Array
    rank: int
    converged: bool


class Unit(NamedTuple):
    """Data with R and X divided so that the mean information is I; ``factor``: Psi = F P F'."""

    data: Reduced
    factor: Array


def to_unit(data: Reduced) -> Unit | None:
    """Scale the data; None where some combination of random effects is seen by no study."""
    information = (np.swapaxes(data.r, -1, -2) @ data.r).mean(0)
    size = np.sqrt(np.diag(information))
    if not np.all(size > 0):
        return None
    correlation = information / np.outer(size, size)
    if np.linalg.eigvalsh(correlation)[0] < 1e-13:
        return None
    factor = np.diag(1.0 / size) @ np.linalg.inv(np.linalg.cholesky(correlation)).T
    x = (np.swapaxes(data.w, -1, -2) @ data.w).sum(0) + data.a
    norm = np.sqrt(np.diag(x))
    back = np.diag(1.0 / norm) @ np.linalg.inv(np.linalg.cholesky(x / np.outer(norm, norm))).T
    moved = data._replace(
        r=data.r @ factor, w=data.w @ back, a=back.T @ data.a @ back, b=back.T @ data.b
    )
    return Unit(moved, factor)


def likelihood_estimate(data: Reduced, *, restricted: bool) -> Between | None:
    """Maximise the (restricted) likelihood over positive semi-definite Psi.

    Psi = LL' over lower triangles by BFGS from several starts and Newton steps at the end. At the
    maximum, with G the gradient in Psi, G Psi = 0 and G has no positive eigenvalue: both are
    checked, and a positive one shows where to leave a flat place. None: not identified.
    """
    unit = to_unit(data)
    if unit is None:
        return None
    size = data.r.shape[-1]
    lower = np.tril_indices(size)

    def negative(flat: Array) -> tuple[float, Array]:
        factor = _filled(flat, size, lower)
        found = least_squares(unit.data, factor @ factor.T)
        slope = 2.0 * gradient(unit.data, found, restricted=restricted) @ factor
        return -log_likelihood(unit.data, found, restricted=restricted), -slope[lower]

    found = [_ascend(negative, start[lower]) for start in _starts(unit.data)]
    best = min(found, key=lambda pair: pair[0])
    psi, converged = _escape(unit.data, negative, best[1], restricted=restricted)
    psi, rank = _rounded(unit.data, psi, restricted=restricted)
    return Between(unit.factor @ psi @ unit.factor.T, rank, converged)


def _filled(flat: Array, size: int, lower: tuple[NDArray[np.intp], ...]) -> Array:
    factor = np.zeros((size, size))
    factor[lower] = flat
    return factor


def _starts(data: Reduced) -> list[Array]:
    """Cholesky factors to start from: small and large spheres, and the moments."""
    size = data.r.shape[-1]
    moment = moments_matrix(data)
    starts = [np.eye(size) * s for s in (0.3, 1.0, 3.0)]
    if moment is not None:
        values, vectors = np.linalg.eigh(moment)
        spread = (vectors * np.maximum(values, 0.05)) @ vectors.T
        starts.insert(0, np.linalg.cholesky(spread))
    return starts


def _ascend(f: Objective, start: Array) -> tuple[float, Array]:
    """BFGS, then Newton steps with a numerical Hessian as long as the gradient falls."""
    found = optimize.minimize(f, start, jac=True, method="BFGS", options={"gtol": 1e-9})
    flat = np.asarray(found.x, dtype=np.float64)
    value, slope = f(flat)
    for _ in range(STEPS):
        if np.abs(slope).max() < 1e-11:
            break
        step = 1e-5
        hessian = np.array(
            [
                (f(flat + step * e)[1] - f(flat - step * e)[1]) / (2.0 * step)
                for e in np.eye(len(flat))
            ]
        )
        values, vectors = np.linalg.eigh(0.5 * (hessian + hessian.T))
        keep = values > 1e-7 * max(1.0, float(values.max()))
        move = -vectors[:, keep] @ ((vectors[:, keep].T @ slope) / values[keep])
        new = flat + move
        new_value, new_slope = f(new)
        if new_value > value + 1e-11 or np.abs(new_slope).max() >= np.abs(slope).max():
            break
        flat, value, slope = new, new_value, new_slope
    return float(value), flat


def _escape(
    data: Reduced, negative: Objective, flat: Array, *, restricted: bool
) -> tuple[Array, bool]:
    """Check the first-order conditions; step along a positive eigenvector where they fail."""
    size = data.r.shape[-1]
    lower = np.tril_indices(size)
    psi = np.zeros((size, size))
    for _ in range(ESCAPES):
        factor = _filled(flat, size, lower)
        psi = factor @ factor.T
        slope = gradient(data, least_squares(data, psi), restricted=restricted)
        values, vectors = np.linalg.eigh(slope)
        scale = float(len(data.u)) / (1.0 + float(np.trace(psi)))
        if np.abs(slope @ psi).max() <= GRADIENT and values[-1] <= GRADIENT * scale:
            return psi, True
        push = psi + 0.1 * np.outer(vectors[:, -1], vectors[:, -1]) + 1e-8 * np.eye(size)
        factor = np.asarray(np.linalg.cholesky(push), dtype=np.float64)
        flat = _ascend(negative, factor[lower])[1]
    return psi, False


def _rounded(data: Reduced, psi: Array, *, restricted: bool) -> tuple[Array, int]:
    """Psi with spreads that are nothing but rounding set to 0, and its rank."""
    values, vectors = np.linalg.eigh(psi)
    gone = values <= ZERO * max(1.0, float(values[-1]))
    clean = (vectors * np.where(gone, 0.0, values)) @ vectors.T
    old, new = (
        log_likelihood(data, least_squares(data, p), restricted=restricted) for p in (psi, clean)
    )
    if new < old - 1e-8:
        return psi, len(values)
    return clean, int((~gone).sum())


def moments_matrix(data: Reduced) -> Array | None:
    """Moment estimate before it is made semi-definite; None where it is not identified.

    Jackson, White and Riley 2013: Q = sum of R'e e' (S^-1-weighted residuals by residuals of the
    random part) set equal to its expectation, a linear system in Psi, solved and made symmetric.
    Every study needs full information on the random effects.
    """
    k, size = data.u.shape
    root = np.linalg.inv(data.r) if _regular(data.r) else None
    if root is None:
        return None
    found = least_squares(data, np.zeros((size, size)))
    e = (root @ found.residual[..., None])[..., 0]
    w = np.swapaxes(data.r, -1, -2) @ data.r
    x = root @ data.w
    q = (w @ (e[:, :, None] * e[:, None, :])).sum(0)
    hat = x @ found.covariance @ np.swapaxes(x, -1, -2)
    # E Q at Psi = 0 is sum of W_i (S_i - X_i C X_i') = sum of I - W_i X_i C X_i'.
    start = k * np.eye(size) - (w @ hat).sum(0)
    system = np.zeros((size * size, size * size))
    for i in range(k):
        for j in range(k):
            part = -x[i] @ found.covariance @ x[j].T @ w[j] + (np.eye(size) if i == j else 0.0)
            system += np.kron(w[i] @ part, part)
    try:
        flat = np.linalg.solve(system, (q - start).ravel())
    except np.linalg.LinAlgError:
        return None
    psi = flat.reshape(size, size)
    return np.asarray(0.5 * (psi + psi.T))


def _regular(r: Array) -> bool:
    return bool(np.all(np.linalg.cond(r) < 1e12))


def moments_estimate(data: Reduced, floor: float) -> Between | None:
    """Moment estimate with eigenvalues below 0 set to ``floor``.

    The estimate goes with any linear change of the coefficients, so it is solved in the unit of
    the data; its eigenvalues do not, and are those of the coefficients as they are.
    """
    unit = to_unit(data)
    raw = None if unit is None else moments_matrix(unit.data)
    if unit is None or raw is None:
        return None
    psi = unit.factor @ raw @ unit.factor.T
    values, vectors = np.linalg.eigh(psi)
    fixed = np.where(values < 0.0, floor, values)
    return Between((vectors * fixed) @ vectors.T, int((fixed > 0.0).sum()), True)
