"""The model of partial reports in PyMC: a second answer that shares no integral with the first.

Every trial's true effect, every standard error, correlation and control arm's change that was not
printed, and what rounding hid are drawn. PyMC, nutpie and ArviZ are imported when first needed.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import pandas as pd

from evidence.effects.statements import Statement
from evidence.effects.table import EffectTable
from evidence.models.bayesian.chains import quiet, require_converged, summarise
from evidence.models.bayesian.sampled import Run, diagnostics_of
from evidence.models.partial.fit import SampledReports
from evidence.models.partial.pool_reports import require_level, statements_of
from evidence.models.partial.sampled_parts import (
    arm_changes,
    beyond,
    control_arms,
    hidden,
    mean_effect,
    parameter,
    population,
    said_of,
    true_effects,
    variances,
)
from evidence.models.partial.space import ReportPriors, Space, space_of

if TYPE_CHECKING:
    from pymc import Model


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
    ['tau_raw', 'mu_raw', 'theta_raw']
    """
    statements = statements_of(told) if isinstance(told, EffectTable) else tuple(told)
    return _model(space_of(statements, priors))


def _model(space: Space) -> Model:
    with quiet():
        import pymc as pm

        reports = space.reports
        with pm.Model() as model:
            p = {name: parameter(name, q) for name, q in space.named_priors() if name != "mu"}
            log_weight, s2 = variances(reports, p, space.priors.correlation)
            shift, extra, taken = control_arms(reports, p)
            rest = s2 - taken[:, None]
            typical = pm.math.sum(pm.math.exp(log_weight) * rest, axis=1)
            held, variance = hidden(reports, s2), p["tau"] ** 2 + extra + typical
            p["mu"] = mean_effect(space.priors.mu, held, shift, variance)
            held = beyond(reports, held, p["mu"] + shift, pm.math.sqrt(variance), s2)
            change = arm_changes(reports, held, shift, typical, p)
            theta = true_effects(held, change, typical, p)
            pm.Deterministic("theta", theta)
            said = said_of(reports, held, (theta + change)[:, None], rest, s2)
            said = said + log_weight + population(reports, s2, p)
            pm.Potential("reports", pm.math.sum(pm.math.logsumexp(said, axis=1)))
    return model


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
