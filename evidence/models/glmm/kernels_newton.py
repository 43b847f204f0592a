"""Maximum likelihood of a mixed model: Newton steps, the studies' own intercepts eliminated.

The shared parameters are the coefficients, then the elements of the random effects' root. A study's
own intercept (unconditional models with fixed study effects) enters that study alone, so that the
Hessian is an arrow and the shared step follows from its Schur complement.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from evidence.errors import FitError, Problem
from evidence.models.glmm.kernels_arms import Arms, Array
from evidence.models.glmm.kernels_marginal import Derivatives, derivatives, marginal

ITERATIONS = 100
DECREMENT = 1e-18  # of the log-likelihood, relative to its size
ROUNDING = 1e-11  # below it the likelihood cannot tell a better point from a worse
PLATEAU = 1e-4  # below it a likelihood without information is one that rises without end
REACH = 3.0  # longest move of a predictor in one step
FLAT = 1e3  # a standard error above it: the likelihood rises without end


class Model(NamedTuple):
    """A model of k studies with m observations each.

    ``offset`` (k, m), ``fixed`` (k, m, p), ``own`` (k, m): multiplier of the study's own intercept
    (all 0: there is none), ``z`` (m, q): multipliers of the random effects, the treatment effect's
    first, ``correlated``: whether two random effects are, ``points``: quadrature points.
    """

    arms: Arms
    offset: Array
    fixed: Array
    own: Array
    z: Array
    correlated: bool
    points: int

    @property
    def elements(self) -> int:
        """Number of elements of the random effects' root."""
        return 3 if self.correlated else int(self.z.shape[1])


class Solution(NamedTuple):
    """Maximum: coefficients (p,), own intercepts (k,), root's elements (t,), log-likelihood.

    ``information`` is the negative Hessian of the shared parameters, own intercepts profiled out;
    ``decrement`` what a further Newton step would add to the log-likelihood.
    """

    beta: Array
    own: Array
    theta: Array
    value: float
    information: Array
    decrement: float
    iterations: int


class _Step(NamedTuple):
    shared: Array
    own: Array
    decrement: float
    information: Array


def fixed_part(model: Model, beta: Array, own: Array) -> Array:
    """Fixed parts (k, m) of the predictors."""
    return np.asarray(model.offset + model.fixed @ beta + model.own * own[:, None])


def log_likelihood(model: Model, beta: Array, own: Array, theta: Array) -> float:
    """Log-likelihood of the model, all constants included."""
    with np.errstate(over="ignore", invalid="ignore"):
        a = fixed_part(model, beta, own)
        value = float(marginal(model.arms, a, theta, model.z, model.points).real.sum())
    return value if np.isfinite(value) else -np.inf


def maximise(
    model: Model, beta: Array, own: Array, theta: Array, held: tuple[int, ...] = ()
) -> Solution:
    """Climb from a start to a maximum.

    Parameters
    ----------
    model : Model
    beta, own, theta : ndarray
        The start; elements of theta at exactly 0 stay there only where ``held``.
    held : tuple of int
        Shared parameters (places in beta, then theta) that are not moved.

    Raises
    ------
    FitError
        If no maximum is reached, or the likelihood rises without end.
    """
    p, size = len(beta), len(beta) + len(theta)
    free = np.array([j for j in range(size) if j not in held], dtype=np.intp)
    value = log_likelihood(model, beta, own, theta)
    for iteration in range(ITERATIONS):
        step = _newton(model, derivatives_at(model, beta, own, theta), free, size)
        size_of_value = 1.0 + abs(value)
        if step.decrement <= PLATEAU * size_of_value:
            _refuse_flat(step.information, int((free < p).sum()))
        if step.decrement <= DECREMENT * size_of_value:
            left = max(0.0, step.decrement)
            return Solution(beta, own, theta, value, step.information, left, iteration)
        near = step.decrement <= ROUNDING * size_of_value
        scale = 1.0 if near else _scale(model, step, p)
        for _ in range(60):
            moved = (
                beta + scale * step.shared[:p],
                own + scale * step.own,
                theta + scale * step.shared[p:],
            )
            new = log_likelihood(model, *moved)
            if near or new > value:
                break
            scale *= 0.5
        else:
            break
        beta, own, theta = moved
        value = new
    what = f"the likelihood did not settle in {ITERATIONS} steps"
    raise FitError("the model did not converge", [Problem("fit", what, "use fewer parameters")])


def derivatives_at(model: Model, beta: Array, own: Array, theta: Array) -> Derivatives:
    """Derivatives of each study at a parameter point."""
    a = fixed_part(model, beta, own)
    return derivatives(model.arms, a, theta, model.z, model.points)


def own_covariance(model: Model, found: Solution) -> Array:
    """Covariance (k, k) of the studies' own parameters, where every study has one."""
    at = derivatives_at(model, found.beta, found.own, found.theta)
    p = len(found.beta)
    free = np.concatenate([np.arange(p), p + np.flatnonzero(found.theta)])
    parts = _arrow(model, at, free)
    shared = np.linalg.inv(found.information)
    spread = parts.inverse[:, None] * parts.cross
    return np.asarray(np.diag(parts.inverse) + spread @ shared @ spread.T)


def gradient_norm(model: Model, beta: Array, own: Array, theta: Array) -> float:
    """Largest absolute derivative of the log-likelihood over all parameters."""
    found = derivatives_at(model, beta, own, theta)
    m = model.offset.shape[1]
    per_study = found.gradient[:, :m]
    parts = (
        np.einsum("km,kmp->p", per_study, model.fixed),
        (per_study * model.own).sum(1),
        found.gradient[:, m:].sum(0),
    )
    return float(max(np.abs(part).max(initial=0.0) for part in parts))


class _Arrow(NamedTuple):
    """Gradient and negative Hessian of the free shared and of the studies' own parameters."""

    gradient: Array
    shared: Array
    own_gradient: Array
    inverse: Array
    cross: Array


def _arrow(model: Model, found: Derivatives, free: NDArray[np.intp]) -> _Arrow:
    m, p = model.fixed.shape[1:]
    t = model.elements
    jacobian = np.zeros((len(model.offset), m + t, p + t))
    jacobian[:, :m, :p] = model.fixed
    jacobian[:, m:, p:] = np.eye(t)
    jacobian = jacobian[:, :, free]
    own = np.concatenate([model.own, np.zeros((len(model.own), t))], axis=1)
    minus = -found.hessian
    has = np.abs(model.own).max(1, initial=0.0) > 0
    information = np.where(has, np.einsum("kr,kru,ku->k", own, minus, own), 1.0)
    return _Arrow(
        gradient=np.einsum("kr,krs->s", found.gradient, jacobian),
        shared=np.einsum("krs,kru,kuv->sv", jacobian, minus, jacobian, optimize=True),
        own_gradient=(found.gradient * own).sum(1),
        inverse=np.where(has, 1.0 / np.maximum(information, 1e-12), 0.0),
        cross=np.einsum("kr,kru,kus->ks", own, minus, jacobian, optimize=True),
    )


def _newton(model: Model, found: Derivatives, free: NDArray[np.intp], size: int) -> _Step:
    parts = _arrow(model, found, free)
    weighted = parts.inverse[:, None] * parts.cross
    schur = parts.shared - parts.cross.T @ weighted
    schur = 0.5 * (schur + schur.T)
    reduced = parts.gradient - weighted.T @ parts.own_gradient
    values, vectors = np.linalg.eigh(schur)
    # Where the surface bends upwards the step still climbs, by the size of the bend.
    floor = 1e-12 * float(np.abs(values).max(initial=0.0)) + 1e-300
    step = vectors @ ((vectors.T @ reduced) / np.maximum(np.abs(values), floor))
    own_step = parts.inverse * (parts.own_gradient - parts.cross @ step)
    decrement = float(reduced @ step + (parts.own_gradient**2 * parts.inverse).sum()) / 2.0
    full = np.zeros(size)
    full[free] = step
    return _Step(full, own_step, decrement, schur)


def _scale(model: Model, step: _Step, p: int) -> float:
    moved = model.fixed @ step.shared[:p] + model.own * step.own[:, None]
    longest = max(
        float(np.abs(moved).max(initial=0.0)), 2.0 * float(np.abs(step.shared[p:]).max(initial=0.0))
    )
    return min(1.0, REACH / longest) if longest > 0 else 1.0


def _refuse_flat(information: Array, coefficients: int) -> None:
    """Refuse a maximum at infinity: on the way there the coefficients lose their information."""
    own = information[:coefficients, :coefficients]
    if coefficients and float(np.linalg.eigvalsh(own).min()) < 1.0 / FLAT**2:
        what = (
            "an effect grows without end: outcomes are separated (a group, or the studies of"
            " a level, without events or with events only)"
        )
        right = "leave the moderator out, pool its levels, or drop these studies"
        raise FitError("the likelihood has no maximum", [Problem("counts", what, right)])
