"""The answer again from results at low risk of bias only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pandas as pd

from evidence.catalog.risk_of_bias import StudyRisk
from evidence.effects.table import EffectTable
from evidence.errors import FitError, check_kind
from evidence.models.answer import Answer
from evidence.models.frequentist.pool import pool
from evidence.models.plan import Plan
from evidence.models.sensitivity import COLUMNS, subset
from evidence.rating.risk_of_bias.table import row_risks, summary_words

GROUP = "risk of bias"
LOW_ONLY = "only results at low risk of bias"
NOT_HIGH = "without results at high risk of bias"
BAD = ("high", "serious", "critical")


def low_risk_only(table: EffectTable, risks: Sequence[StudyRisk]) -> tuple[str, ...]:
    """Name the rows of an effect table that are at low risk of bias.

    Raises
    ------
    StudyError
        If an argument is of the wrong kind.

    Examples
    --------
    >>> from evidence.effects.table import table_of
    >>> low_risk_only(table_of([0.1, 0.4], [0.1, 0.2]), [])
    ()
    """
    found = row_risks(table, risks)
    return tuple(str(name) for name in found.index[found["overall"] == "low"])


def low_risk_rows(table: EffectTable, plan: Plan, risks: Sequence[StudyRisk]) -> pd.DataFrame:
    """Pool the results at low risk of bias, as the plan says.

    A second row leaves out results at high (serious, critical) risk, where there are any. Where
    none is left the row says how the others are rated.

    Returns
    -------
    DataFrame
        The columns of ``sensitivity``, on the analysis scale; no row where nothing was pooled.
    """
    check_kind("plan", plan, Plan, FitError)
    if table.k == 0:
        return pd.DataFrame(columns=list(COLUMNS))
    found = row_risks(table, risks)
    levels = found["overall"]
    told = summary_words(levels)
    unjudged = bool((found["basis"].dropna() != "judged").any())
    seen = "; proposed by the algorithm where nobody has judged" if unjudged else ""
    chosen = [(LOW_ONLY, levels == "low")]
    bad = levels.isin(BAD)
    if bad.any():
        chosen.append((NOT_HIGH, ~bad))
    rows = [_pooled(f"{words} ({told}{seen})", table, keep, plan) for words, keep in chosen]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _pooled(words: str, table: EffectTable, keep: pd.Series, plan: Plan) -> dict[str, object]:
    head: dict[str, object] = {"group": GROUP, "choice": words, "k": int(keep.sum())}
    if not keep.any():
        return {**head, "why": "no trial is left"}
    try:
        left = subset(table, keep, words)
        fit = pool(left, tau2=plan.tau2, ci=plan.ci, level=plan.level)
    except FitError as error:
        return {**head, "why": error.message}
    numbers = {"estimate": fit.estimate, "ci_low": fit.ci_low, "ci_high": fit.ci_high}
    return {**head, **numbers, "tau2": fit.heterogeneity.tau2}


def with_low_risk(answer: Answer, risks: Sequence[StudyRisk]) -> Answer:
    """Add the low-risk-only rows to the sensitivity of an answer.

    Raises
    ------
    FitError, StudyError
        If an argument is of the wrong kind.
    """
    check_kind("answer", answer, Answer, FitError)
    rows = low_risk_rows(answer.table, answer.plan, risks)
    if rows.empty:
        return answer
    parts = [frame for frame in (answer.sensitivity, rows) if len(frame)]
    # One row without figures must not turn the figures of the others into objects.
    together = pd.DataFrame(
        [record for frame in parts for record in frame.to_dict("records")], columns=list(COLUMNS)
    )
    return replace(answer, sensitivity=together)
