"""The answer again under other defensible choices: assumptions, estimators, single trials."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import numpy as np
import pandas as pd

from evidence.catalog.number import Derived
from evidence.catalog.question import Assumption, Question
from evidence.catalog.study import Study
from evidence.catalog.terms import Terms
from evidence.effects.assemble import effect_table
from evidence.effects.table import EffectTable, table_of
from evidence.errors import FitError
from evidence.models.bayesian.exact import pool_bayes
from evidence.models.bayesian.priors import TauPrior
from evidence.models.frequentist.fit import PooledFit
from evidence.models.frequentist.leave_one_out import leave_one_out
from evidence.models.frequentist.pool import pool
from evidence.models.plan import Plan

WITHOUT_SECONDARY = "without trials known from secondary sources only"
WITHOUT_P = "without standard errors recovered from a P"
COLUMNS = ("group", "choice", "k", "estimate", "ci_low", "ci_high", "tau2", "why")


def subset(table: EffectTable, keep: Iterable[bool], reason: str) -> EffectTable:
    """Leave rows out of a table; they join ``unused`` with the reason.

    Examples
    --------
    >>> from evidence.effects.table import table_of
    >>> subset(table_of([1.0, 2.0], [0.1, 0.1]), [True, False], "left out").k
    1
    """
    kept = np.asarray(list(keep), dtype=np.bool_)
    gone = table.rows[~kept]
    columns = ["study", "label", "outcome", "treatment", "control", "sources"]
    unused = pd.DataFrame(gone[columns]).assign(stage="sensitivity", reason=reason)
    parts = [frame for frame in (table.unused, unused) if len(frame)]
    return replace(
        table,
        rows=table.rows.loc[kept],
        covariance=table.covariance[np.ix_(kept, kept)],
        unused=pd.concat(parts, ignore_index=True) if parts else table.unused,
        traces={name: table.traces[name] for name in table.rows.index[kept]},
    )


def sensitivity(
    table: EffectTable, question: Question, plan: Plan, studies: Iterable[Study], terms: Terms
) -> pd.DataFrame:
    """Answer a question again with each declared choice changed in turn.

    Swept are: every assumption that a row leans on, over the values the question names; the model,
    the estimator of tau2 and the interval; the trials, left out one at a time (k >= 3); the trials
    known from secondary sources only; those whose standard error came from a P; those that count
    another outcome than the first of the question; trials whose P is only a bound, added with the
    largest standard error that the bound allows; and Bayes under the declared prior of tau and with
    its scale halved and doubled.

    Returns
    -------
    DataFrame
        Columns group, choice, k, estimate, ci_low, ci_high, tau2 (missing where it is not
        estimated) and why a choice gave no answer; on the analysis scale.
    """
    records: list[dict[str, object]] = []
    if table.k:
        records += _assumptions(table, question, plan, list(studies), terms)
        records += _models(table, plan)
        records += _rows(table, question, plan)
        records += _bounded(table, plan)
        records += _priors(table, plan)
    return pd.DataFrame(records, columns=list(COLUMNS))


def _assumptions(
    table: EffectTable, question: Question, plan: Plan, studies: list[Study], terms: Terms
) -> list[dict[str, object]]:
    found = []
    for name in table.assumptions_used:
        declared = next(a for a in question.assumptions if a.name == name)
        for value in declared.otherwise:
            other = _with(question, replace(declared, value=value))
            words = f"{name.replace('_', ' ')} = {value} (main analysis: {declared.value})"
            again = effect_table(studies, other, terms)
            found.append(_pooled("assumption", words, again, plan))
    return found


def _with(question: Question, changed: Assumption) -> Question:
    rest = tuple(a for a in question.assumptions if a.name != changed.name)
    return replace(question, assumptions=(*rest, changed))


def _models(table: EffectTable, plan: Plan) -> list[dict[str, object]]:
    if table.k < 2:
        return []
    found = [_record("model", "common effect", pool(table, model="common", level=plan.level))]
    for tau2 in ("reml", "paule_mandel", "dersimonian_laird"):
        for ci in ("hartung_knapp_floored", "hartung_knapp", "wald"):
            if (tau2, ci) == (plan.tau2, plan.ci) or (tau2 != plan.tau2 and ci != plan.ci):
                continue
            words = f"random effects, {tau2.replace('_', ' ')}, {ci.replace('_', ' ')}"
            try:
                fit = pool(table, tau2=tau2, ci=ci, level=plan.level)
            except FitError as error:
                found.append(_no_answer("model", words, table.k, error.message))
            else:
                found.append(_record("model", words, fit))
    return found + (_counts(table, plan) if table.measure == "PLO" else [])


def _counts(table: EffectTable, plan: Plan) -> list[dict[str, object]]:
    """Proportions by their exact distribution, which needs no half events."""
    from evidence.models.glmm.glmm import pool_glmm

    traces = [table.traces[row].estimate for row in table.rows.index]
    inputs = [dict(x.inputs) if isinstance(x, Derived) else {} for x in traces]
    words = "generalised linear mixed model, binomial"
    if any(set(known) != {"events", "total"} for known in inputs):
        return [_no_answer("model", words, table.k, "counts of some study were not printed")]
    cells = [{name: number.value for name, number in known.items()} for known in inputs]
    try:
        fit = pool_glmm(pd.DataFrame(cells), measure="PLO", test="t", level=plan.level)
    except FitError as error:
        return [_no_answer("model", words, table.k, error.message)]
    row = fit.terms.to_dict("records")[0]
    found = {name: row[name] for name in ("estimate", "ci_low", "ci_high")}
    return [{"group": "model", "choice": words, "k": table.k, **found, "tau2": fit.tau2}]


def _rows(table: EffectTable, question: Question, plan: Plan) -> list[dict[str, object]]:
    found: list[dict[str, object]] = []
    if table.k >= 3:
        without = leave_one_out(table, tau2=plan.tau2, ci=plan.ci, level=plan.level)
        labels = dict(zip(table.rows.index, table.rows["label"], strict=True))
        for row, cells in zip(without.index, without.to_dict("records"), strict=True):
            numbers = {name: cells[name] for name in ("estimate", "ci_low", "ci_high", "tau2")}
            words = f"without {labels[row]}"
            head = {"group": "trial left out", "choice": words, "k": table.k - 1}
            found.append(head | numbers)
    first = question.outcomes[0]
    for group, words, gone in (
        (
            "definition",
            f"only trials that count {first.replace('_', ' ')}",
            table.rows["counted"] != first,
        ),
        ("source", WITHOUT_SECONDARY, table.rows["read"] == "secondary_source"),
        ("source", WITHOUT_P, table.rows["route"].str.contains("exact P", regex=False)),
    ):
        if gone.any():
            found.append(_pooled(group, words, subset(table, ~gone, words), plan))
    return found


def _bounded(table: EffectTable, plan: Plan) -> list[dict[str, object]]:
    """Add the trials whose P is a bound, each with the largest error that its bound allows."""
    parts = table.partial
    usable = parts[parts["estimate"].notna() & parts["se_high"].notna()]
    # A second arm of a trial would count its control twice.
    usable = usable[~usable["study"].isin(table.rows["study"])].drop_duplicates("study")
    if usable.empty:
        return []
    names = [*table.rows.index, *(f"{p.study}/{p.outcome}" for p in usable.itertuples())]
    added = table_of(
        [*table.rows["estimate"], *usable["estimate"]],
        [*table.rows["std_error"], *usable["se_high"]],
        labels=names,
        measure=table.measure,
        unit=table.unit,
        scale=table.scale,
    )
    whose = " and ".join(dict.fromkeys(usable["label"]))
    words = f"with {whose}, the standard error as large as its bound on P allows"
    return [_pooled("reported in part", words, added, plan)]


def _priors(table: EffectTable, plan: Plan) -> list[dict[str, object]]:
    found = []
    for factor, words in ((1.0, "as declared"), (0.5, "halved"), (2.0, "doubled")):
        prior = plan.prior_tau if factor == 1.0 else _scaled(plan.prior_tau, factor)
        if prior is None:
            continue
        fit = pool_bayes(table, tau=prior, mu=plan.prior_mu, level=plan.level)
        mu = fit.terms.to_dict("records")[0]
        found.append(
            {
                "group": "prior",
                "choice": f"Bayes, prior of tau {words}: {prior}",
                "k": table.k,
                "estimate": mu["median"],
                "ci_low": mu["ci_low"],
                "ci_high": mu["ci_high"],
            }
        )
    return found


def _scaled(prior: TauPrior, factor: float) -> TauPrior | None:
    names = [name for name, _ in prior.parameters]
    if "scale" not in names:
        return None
    values = tuple((n, v * factor if n == "scale" else v) for n, v in prior.parameters)
    return replace(prior, parameters=values)


def _pooled(group: str, words: str, table: EffectTable, plan: Plan) -> dict[str, object]:
    if table.k == 0:
        return _no_answer(group, words, 0, "no trial is left")
    try:
        return _record(group, words, pool(table, tau2=plan.tau2, ci=plan.ci, level=plan.level))
    except FitError as error:
        return _no_answer(group, words, table.k, error.message)


def _record(group: str, words: str, fit: PooledFit) -> dict[str, object]:
    return {
        "group": group,
        "choice": words,
        "k": fit.k,
        "estimate": fit.estimate,
        "ci_low": fit.ci_low,
        "ci_high": fit.ci_high,
        "tau2": fit.heterogeneity.tau2,
    }


def _no_answer(group: str, words: str, k: int, why: str) -> dict[str, object]:
    return {"group": group, "choice": words, "k": k, "why": why}
