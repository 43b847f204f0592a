"""The second answer: all that was said, partial reports included, beside the classical one."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from evidence.effects.table import EffectTable
from evidence.errors import FitError
from evidence.models.partial.fit import ReportsFit
from evidence.models.partial.ladder import reports_ladder
from evidence.models.partial.pool_reports import pool_reports
from evidence.models.partial.possible import PossibleAnswers, possible_answers
from evidence.models.partial.space import ReportPriors
from evidence.models.plan import Plan


@dataclass(frozen=True, slots=True, eq=False)
class Said:
    """What complete and partial reports say together, or why they cannot be put together.

    Attributes
    ----------
    fit : ReportsFit or None
    ladder : DataFrame or None
        From complete reports only to all that was said.
    possible : PossibleAnswers or None
        Best and worst case within the plan's limits; None where the plan names none.
    reason : str
        Why there is no ``fit``, or no ``possible``; empty where there is.
    """

    fit: ReportsFit | None
    ladder: pd.DataFrame | None
    possible: PossibleAnswers | None
    reason: str


def all_that_was_said(table: EffectTable, plan: Plan) -> Said | None:
    """Pool complete and partial reports under the plan's priors.

    Returns
    -------
    Said or None
        None where no report says anything in part, so that there is no second answer.
    """
    if not any(not s.silent and s.kind != "complete" for s in table.statements):
        return None
    priors = ReportPriors(mu=plan.prior_mu, tau=plan.prior_tau, log_sd=plan.prior_log_sd)
    try:
        fit = pool_reports(table, priors=priors, seed=plan.seed, level=plan.level)
        steps = reports_ladder(table, priors=priors, seed=plan.seed, level=plan.level)
    except FitError as error:
        return Said(None, None, None, _words(error))
    if plan.limits is None:
        return Said(fit, steps, None, "the plan names no limits of what one trial can show")
    try:
        possible = possible_answers(
            table,
            limits=plan.limits.effect,
            sd_limits=plan.limits.sd,
            control_limits=plan.limits.control,
            tau2=plan.tau2,
            level=plan.level,
        )
    except FitError as error:
        return Said(fit, steps, None, _words(error))
    return Said(fit, steps, possible, "")


def _words(error: FitError) -> str:
    return "; ".join([error.message, *map(str, error.problems)])
