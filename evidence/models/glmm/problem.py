"""From counts and options to the arrays of a model, and its fits: common, saturated, random."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evidence.errors import FitError, Problem
from evidence.models.glmm import kernels_arms, kernels_newton
from evidence.models.glmm.counts import Counts, uninformative
from evidence.models.glmm.kernels_arms import Arms
from evidence.models.glmm.kernels_newton import Model, Solution, log_likelihood, maximise
from evidence.models.glmm.options import GlmmOptions
from evidence.models.regression.kernels_gls import Basis

Array = NDArray[np.float64]
TAU_STARTS = (0.05, 0.2, 0.5, 1.0, 2.0)
SIGMA_STARTS = (0.1, 0.5, 1.0, 2.0)
ZERO = 1e-4  # a standard deviation below it is at the edge: a tau2 of 1e-8
TREATED = np.array([1.0, 0.0])  # fixed effects: a study's own intercept is that of its controls
CODES = {"both": np.array([0.5, -0.5]), "treatment": TREATED, "control": 1.0 - TREATED}


@dataclass(frozen=True, slots=True, eq=False)
class Setting:
    """A model's arrays over the informative studies.

    ``rows`` (k,) marks the informative ones; ``basis`` is scaled so that a coefficient of it moves
    a typical study by as much.
    """

    model: Model
    rows: NDArray[np.bool_]
    basis: Basis
    intercepts: int  # coefficients before those of the design: the mean of random study effects


def arms_of(counts: Counts, options: GlmmOptions, rows: NDArray[np.bool_]) -> tuple[Arms, Array]:
    """Observations and offsets (k, m) of the informative studies."""
    x1, n1 = counts.x1[rows], counts.n1[rows]
    if options.one_group:
        make = kernels_arms.poisson if options.rates else kernels_arms.binomial
        return make(x1[:, None], n1[:, None]), np.zeros((len(x1), 1))
    x2, n2 = counts.x2[rows], counts.n2[rows]
    if options.observations == 2:
        make = kernels_arms.poisson if options.rates else kernels_arms.binomial
        return make(np.c_[x1, x2], np.c_[n1, n2]), np.zeros((len(x1), 2))
    if options.measure == "OR" and options.likelihood == "conditional_exact":
        return kernels_arms.hypergeometric(x1, n1, x2, n2), np.zeros((len(x1), 1))
    arms = kernels_arms.binomial(x1[:, None], (x1 + x2)[:, None])
    return arms, np.log(n1 / n2)[:, None]


def setting_of(counts: Counts, basis: Basis, options: GlmmOptions) -> Setting:
    """Build the model with its random effects (none but the studies' in a common-effect one)."""
    rows = ~uninformative(counts, options)
    arms, offset = arms_of(counts, options, rows)
    k, m = offset.shape
    x = (basis.q * np.sqrt(len(basis.q)))[rows]
    treated = TREATED if m == 2 else np.ones(1)
    fixed = treated[None, :, None] * x[:, None, :]
    own, effects = np.zeros((k, m)), []
    if options.likelihood == "unconditional_fixed":
        own = np.ones((k, m))
    if options.random:
        effects.append(CODES[options.coding] if m == 2 else np.ones(1))
    if options.random_studies:
        effects.append(np.ones(m))
        fixed = np.concatenate([np.ones((k, m, 1)), fixed], axis=2)
    z = np.stack(effects, axis=1) if effects else np.zeros((m, 0))
    model = Model(arms, offset, fixed, own, z, options.correlated, options.points)
    return Setting(model, rows, basis, int(options.random_studies))


def common_fit(setting: Setting, options: GlmmOptions) -> tuple[Model, Solution]:
    """Fit without heterogeneity of the effect; random study effects stay."""
    full = setting.model
    z = np.ones((full.z.shape[0], 1)) if options.random_studies else full.z[:, :0]
    model = full._replace(z=z, correlated=False)
    beta = np.zeros(model.fixed.shape[2])
    arms = full.arms
    overall = _crude(arms, arms.y.sum(1), arms.n.sum(1))
    if setting.intercepts or options.one_group:
        level = _crude(arms, arms.y.sum(), arms.n.sum()).item()
        # One group's intercept may be any combination of the design's columns.
        beta = np.linalg.lstsq(model.fixed[:, -1], np.full(len(overall), level), rcond=None)[0]
        if setting.intercepts:
            beta = np.concatenate([[level], np.zeros(len(beta) - 1)])
    own = np.where(model.own.any(1), overall, 0.0)
    starts = [np.array([s]) for s in SIGMA_STARTS] if options.random_studies else [np.zeros(0)]
    best = max(starts, key=lambda theta: log_likelihood(model, beta, own, theta))
    return model, _tidied(model, maximise(model, beta, own, best))


def random_fit(setting: Setting, common: Solution) -> Solution:
    """Fit with heterogeneity, from the common fit and the best of several values of tau."""
    model = setting.model
    starts = [_theta(model, tau, common) for tau in TAU_STARTS]
    heights = [log_likelihood(model, common.beta, common.own, theta) for theta in starts]
    best = int(np.argmax(heights))
    tried = [best, 2 if best < 2 else 0]
    found, failure = [], None
    for i in dict.fromkeys(tried):
        try:
            found.append(maximise(model, common.beta, common.own, starts[i]))
        except FitError as error:
            failure = error
    if not found and failure is not None:
        raise failure
    highest = max(found, key=lambda solution: solution.value)
    return _tidied(model, highest)


def _theta(model: Model, tau: float, common: Solution) -> Array:
    sigma = np.abs(common.theta)
    if model.correlated:
        return np.array([tau, 0.0, max(float(sigma[0]), 0.1)])
    return np.concatenate([[tau], np.maximum(sigma, 0.1)]) if len(sigma) else np.array([tau])


def _tidied(model: Model, found: Solution) -> Solution:
    """Positive standard deviations; those at the edge set to 0 and the rest fitted again there."""
    theta = found.theta.copy()
    if model.correlated:
        if abs(theta[0]) < ZERO:
            theta = np.array([0.0, 0.0, float(np.hypot(theta[1], theta[2]))])
        theta[1] *= np.sign(theta[0]) or 1.0
        if abs(theta[2]) < ZERO:
            theta[2] = 0.0
        theta[[0, 2]] = np.abs(theta[[0, 2]])
        edge = np.array([theta[0] == 0.0, theta[0] == 0.0, theta[2] == 0.0])
    else:
        edge = np.abs(theta) < ZERO
        theta = np.where(edge, 0.0, np.abs(theta))
    if not edge.any():
        return found._replace(theta=theta)
    held = tuple(len(found.beta) + int(j) for j in np.flatnonzero(edge))
    fitted = maximise(model, found.beta, found.own, theta, held)
    if fitted.value < found.value - 1e-6 * (1.0 + abs(found.value)):
        what = f"a standard deviation below {ZERO:g}, yet not 0: too many events to resolve it"
        right = "pool the studies' own effects: with so many events they are normal"
        raise FitError("the model did not converge", [Problem("fit", what, right)])
    return fitted


def saturated_fit(
    counts: Counts, setting: Setting, common: tuple[Model, Solution], options: GlmmOptions
) -> tuple[float, Array | None, Array | None]:
    """Largest log-likelihood with an effect of each study's own, these and their covariance.

    The last two are None where one of them is infinite.
    """
    model, solution = common
    if not options.random_studies:
        value = float(kernels_arms.saturated(model.arms).sum())
        return (value, *_own_effects(counts, setting, options))
    arms = model.arms
    edge = (arms.y[:, 0] == 0) | ((arms.y[:, 0] == arms.n[:, 0]) & (arms.family == "binomial"))
    y, n, constant = arms.y.copy(), arms.n.copy(), arms.constant.copy()
    # An effect that is free and infinite fits its group perfectly: nothing of it is left.
    for a in (y, n, constant):
        a[edge, 0] = 0.0
    k = len(y)
    free = model._replace(
        arms=arms._replace(y=y, n=n, constant=constant),
        fixed=np.ones((k, 2, 1)),
        own=TREATED * ~edge[:, None],
    )
    effect = np.where(edge, 0.0, model.fixed[:, 0, 1:] @ solution.beta[1:])
    theta = np.maximum(solution.theta, 0.1)
    found = _tidied(free, maximise(free, solution.beta[:1], effect, theta))
    if edge.any():
        return found.value, None, None
    return found.value, found.own, kernels_newton.own_covariance(free, found)


def _own_effects(
    counts: Counts, setting: Setting, options: GlmmOptions
) -> tuple[Array | None, Array | None]:
    if not setting.rows.all():
        return None, None
    arms = setting.model.arms
    if arms.family == "hypergeometric":
        effect, variance = kernels_arms.conditional_estimates(arms)
    elif options.likelihood == "conditional_approximate":
        with np.errstate(divide="ignore"):
            effect = np.log(counts.x1 / counts.n1) - np.log(counts.x2 / counts.n2)
            variance = 1.0 / counts.x1 + 1.0 / counts.x2
    else:
        effect, variance = plain_effects(counts, options, 0.0)
    if not np.isfinite(variance).all() or not np.isfinite(effect).all():
        return None, None
    return effect, np.diag(variance)


def plain_effects(counts: Counts, options: GlmmOptions, added: float) -> tuple[Array, Array]:
    """Each study's own effect and variance (k,), ``added`` to the cells of tables with a zero."""
    cells = [counts.x1] if options.one_group else [counts.x1, counts.x2]
    if not options.rates:
        cells += [n - x for n, x in zip((counts.n1, counts.n2), tuple(cells), strict=False)]
    zero = np.any([c == 0 for c in cells], axis=0)
    full = [c + np.where(zero, added, 0.0) for c in cells]
    with np.errstate(divide="ignore"):
        logs = [np.log(c) for c in full]
        variance = sum((1.0 / c for c in full), np.zeros(counts.k))
    signs = {1: (1.0,), 2: (1.0, -1.0), 4: (1.0, -1.0, -1.0, 1.0)}[len(cells)]
    with np.errstate(invalid="ignore"):
        effect = sum((s * g for s, g in zip(signs, logs, strict=True)), np.zeros(counts.k))
    if options.measure == "IRR":
        effect = effect - np.log(counts.n1 / counts.n2)
    if options.measure == "IRLN":
        effect = effect - np.log(counts.n1)
    return effect, variance


def _crude(arms: Arms, y: Any, n: Any) -> Array:
    """Log odds or log rates of pooled groups, with half an event added."""
    if arms.family == "poisson":
        return np.asarray(np.log((y + 0.5) / n))
    return np.asarray(np.log((y + 0.5) / (n - y + 0.5)))
