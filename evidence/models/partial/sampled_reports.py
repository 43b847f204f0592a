"""The model of partial reports in PyMC: a second answer that shares no integral with the first.

Every trial's true effect, every standard error, correlation and control arm's change that was not
printed, and what rounding hid are drawn. PyMC, nutpie and ArviZ are imported when first needed.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from evidence.effects.statements import Statement
from evidence.effects.table import EffectTable
from evidence.models.bayesian.chains import quiet, require_converged, summarise
from evidence.models.bayesian.priors import MuPrior, TauPrior
from evidence.models.bayesian.sampled import Run, diagnostics_of
from evidence.models.partial.fit import SampledReports
from evidence.models.partial.kernels_reports import Report, own_spread
from evidence.models.partial.pool_reports import require_level, statements_of
from evidence.models.partial.space import ReportPriors, Space, space_of

if TYPE_CHECKING:
    from pymc import Model

Array = NDArray[np.float64]


def build_reports_model(told: EffectTable | Sequence[Statement], *, priors: ReportPriors) -> Model:
    """Build the model of ``pool_reports`` in PyMC, every quantity that was not printed as a draw.

    Parameters
    ----------
    told, priors
        As in ``pool_reports``.

    Returns
    -------
    pymc.Model
        With ``mu``, ``tau``, ``theta`` (one a report that says something) and, where the reports
        need them, ``log_sd``, ``log_sd_spread``, ``control``, ``control_tau``; it can be extended.

    Raises
    ------
    FitError
        As ``pool_reports``.

    Examples
    --------
    >>> from evidence.effects.table import table_of
    >>> from evidence.models.bayesian.priors import half_normal, normal
    >>> priors = ReportPriors(mu=normal(0, 2), tau=half_normal(0.5))
    >>> model = build_reports_model(table_of([-0.5, -0.3], [0.2, 0.3]), priors=priors)
    >>> [variable.name for variable in model.free_RVs]
    ['mu_raw', 'tau_raw', 'theta_raw']
    """
    statements = statements_of(told) if isinstance(told, EffectTable) else tuple(told)
    return _model(space_of(statements, priors))


def _model(space: Space) -> Model:
    with quiet():
        import pymc as pm

        reports = space.reports
        with pm.Model() as model:
            p = {name: _parameter(name, prior) for name, prior in space.named_priors()}
            log_weight, s2 = _variances(reports, p, space.priors.correlation)
            y, width = _hidden(reports)
            change, taken = _control_changes(reports, p)
            rest = s2 - taken[:, None]
            typical = pm.math.sum(pm.math.exp(log_weight) * rest, axis=1)
            theta = _true_effects(y - change, typical, np.isfinite([r.y for r in reports]), p)
            pm.Deterministic("theta", theta)
            centre = (theta + change)[:, None]
            told = _told(reports, y[:, None], centre, rest, s2, width)
            told = told + log_weight + _population(reports, s2, p)
            pm.Potential("reports", pm.math.sum(pm.math.logsumexp(told, axis=1)))
    return model


def _parameter(name: str, prior: MuPrior | TauPrior) -> Any:
    """A parameter as a standard variable times its scale."""
    import pymc as pm

    raw = f"{name}_raw"
    if isinstance(prior, MuPrior):
        return pm.Deterministic(name, prior.mean + prior.sd * pm.Normal(raw, 0.0, 1.0))
    par = dict(prior.parameters)
    made = {
        "half_normal": lambda: par["scale"] * pm.HalfNormal(raw, 1.0),
        "half_cauchy": lambda: par["scale"] * pm.HalfCauchy(raw, 1.0),
        "half_t": lambda: par["scale"] * pm.HalfStudentT(raw, nu=par["df"], sigma=1.0),
        "exponential": lambda: pm.Exponential(raw, 1.0) / par["rate"],
        "uniform": lambda: par["upper"] * pm.Uniform(raw, 0.0, 1.0),
        "log_normal": lambda: pm.math.exp(par["mean_log"] + par["sd_log"] * pm.Normal(raw)),
        "inverse_gamma": lambda: par["scale"] * pm.InverseGamma(raw, alpha=par["shape"], beta=1.0),
        "log_t": lambda: pm.math.exp(
            par["mean_log"] + par["scale_log"] * pm.StudentT(raw, nu=par["df"])
        ),
    }
    return pm.Deterministic(name, made[prior.kind]())


def _variances(
    reports: tuple[Report, ...], p: dict[str, Any], beta: tuple[float, float]
) -> tuple[Any, Any]:
    """Log probability and variance of each reading of each standard error, (k, F)."""
    import pymc as pm
    import pytensor.tensor as pt

    most = max(max(len(r.forms), 1) for r in reports)
    forms = np.tile([1e-300, 1.0, 0.0], (len(reports), most, 1))
    for i, r in enumerate(reports):
        forms[i, : len(r.forms)] = r.forms
        forms[i, len(r.forms) :, 1] = r.forms[0, 1] if len(r.forms) else 1.0
    log_weight = np.log(forms[..., 0])
    s2: Any = pt.as_tensor_variable(forms[..., 1])
    at = np.flatnonzero(forms[..., 2].any(axis=1))
    if at.size:
        correlation = pm.Beta("correlation", *beta, shape=at.size)
        s2 = _put(s2, at, forms[at, :, 1] - forms[at, :, 2] * correlation[:, None])
    unprinted = np.array([not len(r.forms) for r in reports])
    log_weight[unprinted, 0] = 0.0
    for name, group in _by_bounds(reports, unprinted).items():
        log_s = _open_errors(name, [reports[i] for i in group], p)
        s2 = _put(s2, group, pm.math.exp(2 * log_s)[:, None] * np.ones((1, most)))
    return log_weight, s2


def _by_bounds(reports: tuple[Report, ...], unprinted: Array) -> dict[str, NDArray[np.intp]]:
    """Positions of reports whose standard error is open, by the bounds that it has."""
    groups: dict[str, list[int]] = {}
    for i in np.flatnonzero(unprinted):
        low, high = reports[i].bounds
        name = {(False, False): "open", (True, False): "from", (False, True): "up_to"}.get(
            (low > 0, bool(np.isfinite(high))), "between"
        )
        groups.setdefault(name, []).append(int(i))
    return {name: np.array(group) for name, group in groups.items()}


def _open_errors(name: str, reports: Sequence[Report], p: dict[str, Any]) -> Any:
    """Logarithms of standard errors drawn from the population of SDs, within their bounds."""
    import pymc as pm

    centre = p["log_sd"] + np.array([r.log_size for r in reports])
    spread = pm.math.sqrt(p["log_sd_spread"] ** 2 + np.array([own_spread(r) ** 2 for r in reports]))
    if name == "open":
        return centre + spread * pm.Normal("log_se_open", 0.0, 1.0, shape=len(reports))
    u = pm.Logistic(f"log_se_{name}", 0.0, 1.0, shape=len(reports))
    with np.errstate(divide="ignore"):
        low, high = (np.log([r.bounds[j] for r in reports]) for j in (0, 1))
    # Log of the slope of log s in u, less the log density that u was given above.
    given = pm.logp(pm.Logistic.dist(0.0, 1.0), u)
    if name == "between":
        log_s = low + (high - low) * pm.math.sigmoid(u)
        slope = np.log(high - low) + _log_sigmoid(u) + _log_sigmoid(-u)
    else:
        beyond = pm.math.log1pexp(u)
        log_s = low + beyond if name == "from" else high - beyond
        slope = _log_sigmoid(u)
    density = pm.logp(pm.Normal.dist(centre, spread), log_s)
    pm.Potential(f"log_se_{name}_density", pm.math.sum(density + slope - given))
    return log_s


def _put(x: Any, at: NDArray[np.intp], values: Any) -> Any:
    """Copy of a tensor with other values at some positions of its first axis."""
    import pytensor.tensor as pt

    # PyTensor declares no types of this function.
    tensor: Any = pt
    return tensor.set_subtensor(x[at], values)


def _log_sigmoid(u: Any) -> Any:
    import pymc as pm

    return -pm.math.log1pexp(-u)


def _hidden(reports: tuple[Report, ...]) -> tuple[Any, Array]:
    """What rounding hid: estimates (k,), or ``|y| / s`` where a P bounds it on both sides.

    Also the width of the interval of ``|y| / s`` (0: none was drawn).
    """
    import pymc as pm
    import pytensor.tensor as pt

    y: Any = pt.as_tensor_variable(np.array([r.y if np.isfinite(r.y) else 0.0 for r in reports]))
    half = np.array([r.half if np.isfinite(r.y) else 0.0 for r in reports])
    at = np.flatnonzero(half > 0)
    if at.size:
        off = pm.Uniform("rounded_off", -1.0, 1.0, shape=at.size)
        y = _put(y, at, y[at] + half[at] * off)
    bounds = np.array([r.z for r in reports])
    both = np.flatnonzero(np.isfinite(bounds[:, 1]) & ~np.isfinite([r.y for r in reports]))
    width = np.zeros(len(reports))
    if both.size:
        width[both] = bounds[both, 1] - bounds[both, 0]
        share = pm.Uniform("test_value", 0.0, 1.0, shape=both.size)
        y = _put(y, both, bounds[both, 0] + width[both] * share)
    return y, width


def _control_changes(reports: tuple[Report, ...], p: dict[str, Any]) -> tuple[Any, Array]:
    """What control arms add to y (k,), and the variance that they share with it.

    A treated arm alone holds its control arm's true change c. Where the control arm's change a was
    printed, its error is a - c: y is short of it, and what is left of y's variance is the treated
    arm's own.
    """
    import pymc as pm
    import pytensor.tensor as pt

    k = len(reports)
    nothing, taken = np.zeros(k), np.zeros(k)
    arms = np.flatnonzero([r.arm for r in reports])
    if not arms.size:
        return nothing, taken
    added: Any = pt.as_tensor_variable(nothing)
    gamma, kappa = p["control"], p["control_tau"]
    c = gamma + kappa * pm.Normal("control_change_raw", 0.0, 1.0, shape=arms.size)
    added = _put(added, arms, c)
    told = np.flatnonzero([np.isfinite(r.control[0]) and not r.arm for r in reports])
    if told.size:
        a, error = (np.array([reports[i].control[j] for i in told]) for j in (0, 1))
        taken[told] = error**2
        rest = error**2 / (kappa**2 + error**2)
        raw = pm.Normal("control_told_raw", 0.0, 1.0, shape=told.size)
        u = kappa * (a - gamma) / (kappa**2 + error**2) + pm.math.sqrt(rest) * raw
        c = gamma + kappa * u
        # The change of variable, as in `_true_effects`, and the density of what was printed.
        density = -0.5 * u**2 + 0.5 * pm.math.log(rest) + 0.5 * raw**2
        density = density + pm.logp(pm.Normal.dist(c, error), a)
        pm.Potential("control_told", pm.math.sum(density))
        added = _put(added, told, c - a)
    return added, taken


def _true_effects(y: Any, s2: Any, printed: Array, p: dict[str, Any]) -> Any:
    """True effects (k,), drawn where mu, tau and y lead to expect them.

    theta = a + b z with any a and b is the same model, if the slope b enters the density.
    """
    import pymc as pm

    mu, tau = p["mu"], p["tau"]
    z = pm.Normal("theta_raw", 0.0, 1.0, shape=len(printed))
    # Written in units of tau, nothing cancels where tau is nearly 0.
    rest = pm.math.switch(printed, s2 / (tau**2 + s2), 1.0)
    lean = pm.math.switch(printed, tau * (y - mu) / (tau**2 + s2), 0.0)
    u = lean + pm.math.sqrt(rest) * z
    density = -0.5 * u**2 + 0.5 * pm.math.log(rest)
    pm.Potential("true_effects", pm.math.sum(density + 0.5 * z**2))
    return mu + tau * u


def _told(
    reports: tuple[Report, ...], y: Any, centre: Any, rest: Any, s2: Any, width: Array
) -> Any:
    """Log likelihood of each report under each reading of its standard error, (k, F)."""
    import pymc as pm

    found: Any = 0.0 * s2
    printed = np.isfinite([r.y for r in reports])
    blur = np.array([r.blur for r in reports])[:, None]
    at = np.flatnonzero(printed)
    if at.size:
        sd = pm.math.sqrt(rest[at] + blur[at] ** 2)
        found = _put(found, at, pm.logp(pm.Normal.dist(centre[at], sd), y[at]))
    for sign in (-1, 0, 1):
        chosen = np.array([r.sign == sign for r in reports]) & ~printed
        signs = (sign,) if sign else (-1, 1)
        for drawn in (False, True):
            at = np.flatnonzero(chosen & ((width > 0) == drawn))
            if at.size:
                low = np.array([reports[i].z[0] for i in at])[:, None]
                s, sd = pm.math.sqrt(s2[at]), pm.math.sqrt(rest[at])
                sides = [_side(x, y[at], low, centre[at], s, sd, drawn) for x in signs]
                terms = sides[0] if sign else pm.math.logaddexp(*sides)
                more = np.log(width[at])[:, None] if drawn else 0.0
                found = _put(found, at, terms + more)
    return found


def _side(side: int, t: Any, low: Array, centre: Any, s: Any, sd: Any, drawn: bool) -> Any:
    """Log density of ``side * y / s`` at t, or the log of its probability above ``low``."""
    import pymc as pm

    if drawn:
        return pm.logp(pm.Normal.dist(centre, sd), side * t * s) + pm.math.log(s)
    return pm.logcdf(pm.Normal.dist(0.0, 1.0), (side * centre - low * s) / sd)


def _population(reports: tuple[Report, ...], s2: Any, p: dict[str, Any]) -> Any:
    """Log density of printed SDs in the population of SDs, (k, F); 0 where they tell nothing."""
    import pymc as pm

    at = np.flatnonzero([bool(len(r.forms)) and not np.isnan(r.df) for r in reports])
    found: Any = 0.0 * s2
    if not at.size:
        return found
    size = np.array([reports[i].log_size for i in at])[:, None]
    own = np.array([own_spread(reports[i]) ** 2 for i in at])[:, None]
    law = pm.Normal.dist(p["log_sd"] + size, pm.math.sqrt(p["log_sd_spread"] ** 2 + own))
    return _put(found, at, pm.logp(law, 0.5 * pm.math.log(s2[at])))


def sample_reports(
    told: EffectTable | Sequence[Statement],
    *,
    priors: ReportPriors,
    seed: int,
    level: float = 0.95,
    chains: int = 4,
    draws: int = 2000,
    tune: int = 2000,
    target_accept: float = 0.99,
    max_divergences: int = 0,
    cores: int | None = None,
) -> SampledReports:
    """Fit the model of ``pool_reports`` by NUTS (nutpie): a second, independent answer.

    Parameters
    ----------
    told, priors, level
        As in ``pool_reports``.
    seed, chains, draws, tune, target_accept, max_divergences, cores
        As in ``sample_bayes``.

    Returns
    -------
    SampledReports

    Raises
    ------
    FitError
        As ``pool_reports``, and if the chains fail as in ``sample_bayes``.

    Notes
    -----
    A P with neither estimate nor direction leaves the trial's effect on either side of 0, two
    modes between which chains seldom move; where they do not meet, the fit is refused.

    Examples
    --------
    >>> from evidence.effects.table import table_of
    >>> from evidence.models.bayesian.priors import half_normal, normal
    >>> priors = ReportPriors(mu=normal(0, 2), tau=half_normal(0.5))
    >>> table = table_of([-0.5, -0.3], [0.2, 0.3])
    >>> fit = sample_reports(table, priors=priors, seed=1)  # doctest: +SKIP
    """
    run = Run(chains, draws, tune, seed, target_accept, max_divergences, cores)
    require_level(level)
    statements = statements_of(told) if isinstance(told, EffectTable) else tuple(told)
    space = space_of(statements, priors)
    with quiet():
        import nutpie

        compiled = nutpie.compile_pymc_model(_model(space), var_names=[*space.active, "theta"])
        data: Any = nutpie.sample(
            compiled, draws=run.draws, tune=run.tune, chains=run.chains, seed=run.seed,
            cores=min(run.chains, run.cores or os.cpu_count() or 1),
            target_accept=run.target_accept, progress_bar=False, save_warmup=False,
        )  # fmt: skip
    terms = pd.concat([summarise(data, name, level, "central") for name in space.active])
    terms.index = pd.Index(space.active, name="term")
    trials = summarise(data, "theta", level, "central")
    trials.index = pd.Index([s.row for s in statements if not s.silent], name="row")
    diagnostics = diagnostics_of((terms, trials), data, run)
    require_converged(diagnostics, max_divergences)
    return SampledReports(terms, trials, diagnostics, data)
