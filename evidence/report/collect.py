"""From an Answer to a QuestionResult: every figure rounded to ten digits, nothing recomputed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from scipy import special

from evidence.catalog.question import MEASURE_LABELS, Question
from evidence.catalog.risk_of_bias import StudyRisk
from evidence.catalog.terms import Terms
from evidence.models.answer import Answer
from evidence.models.bayesian.fit import BayesFit
from evidence.models.frequentist.fit import CI_WORDS, MODEL_WORDS, TAU2_WORDS, PooledFit
from evidence.rating.certainty.certainty import Certainty
from evidence.report.borrowed.collect import borrowed_block
from evidence.report.certainty.collect import rating_block
from evidence.report.result import (
    AgreementLine,
    AssumptionLine,
    BayesTerm,
    EffectLine,
    ExactBlock,
    FitBlock,
    PartialLine,
    PredictionBlock,
    QuestionResult,
    SampledBlock,
    SensitivityLine,
    ThresholdBlock,
    UnusedLine,
    shown,
    ten,
)
from evidence.report.risk.collect import risk_block
from evidence.report.said.collect import said_block
from evidence.report.wording import finding, list_words, people_words
from evidence.report.wording_certainty import limits


def collect(
    answer: Answer,
    terms: Terms,
    *,
    risks: Sequence[StudyRisk] = (),
    certainty: Certainty | None = None,
) -> QuestionResult:
    """Gather everything that a report says of one question.

    Parameters
    ----------
    answer : Answer
    terms : Terms
    risks : sequence of StudyRisk, optional
        Ratings of the risk of bias; without them the result has none.
    certainty : Certainty, optional
    """
    question, table = answer.question, answer.table
    outcome = terms.outcomes[question.outcomes[0]]
    effects = _effects(answer)
    bare = QuestionResult(
        id=question.id,
        title=question.title,
        measure=question.measure,
        measure_label=MEASURE_LABELS[question.measure],
        unit=question.unit,
        scale=question.scale,
        contrast=question.contrast,
        treatment=question.treatment_label or list_words(question.treatment, terms),
        control=question.control_label or list_words(question.control, terms),
        outcome_label=outcome.label,
        better=outcome.better,
        indirect=question.indirect,
        note=question.note,
        window=_window(question),
        people=people_words(question.sexes),
        k=table.k,
        trials=int(table.rows["study"].nunique()),
        considered=table.considered,
        participants=_participants(effects),
        effects=effects,
        partial=tuple(PartialLine(**row) for row in _records(table.partial, PartialLine)),
        unused=tuple(UnusedLine(**row) for row in _records(table.unused, UnusedLine)),
        assumptions=_assumptions(answer),
        threshold=ThresholdBlock(**outcome.smallest_difference.model_dump()),
        main=None if answer.main is None else fit_block("main", answer.main),
        others=tuple(
            fit_block(name, fit)
            for name, fit in (("common", answer.common), ("wald", answer.wald))
            if fit is not None
        ),
        exact=None if answer.exact is None else _exact(answer.exact),
        sampled=None if answer.sampled is None else _sampled(answer),
        sensitivity=_sensitivity(answer),
        said=said_block(answer),
        borrowed=borrowed_block(answer),
        risk=risk_block(answer, risks) if risks else None,
        rating=None if certainty is None else rating_block(certainty),
        finding="",
        certainty=(),
    )
    return bare.model_copy(update={"finding": finding(bare), "certainty": limits(bare)})


def _window(question: Question) -> str:
    window = question.window
    text = (
        f"weeks {window.earliest:g} to {window.latest:g}, the result nearest to week "
        f"{window.target:g}"
    )
    return text + ("; results printed without a time count too" if window.untimed else "")


def _plain(value: Any) -> Any:
    """A cell as JSON knows it: missing is None, floats keep ten digits."""
    if value is None or (isinstance(value, float) and np.isnan(value)) or value is pd.NA:
        return None
    if isinstance(value, np.integer):
        return int(value)
    if isinstance(value, float | np.floating):
        return ten(float(value))
    return value


def _records(frame: pd.DataFrame, line: type) -> list[dict[str, Any]]:
    fields: dict[str, Any] = line.model_fields  # type: ignore[attr-defined]
    whole = [name for name, field in fields.items() if "int" in str(field.annotation)]
    found = []
    for record in frame.to_dict("records"):
        cells = {str(name): _plain(value) for name, value in record.items() if name in fields}
        for name in whole:
            cells[name] = None if cells.get(name) is None else int(cells[name])
        found.append(cells)
    return found


def _effects(answer: Answer) -> tuple[EffectLine, ...]:
    table, main = answer.table, answer.main
    if main is None:
        return ()
    frame = table.rows.assign(row=table.rows.index, weight=main.weights)
    z = float(special.ndtri((1 + answer.plan.level) / 2))
    frame["ci_low"] = frame["estimate"] - z * frame["std_error"]
    frame["ci_high"] = frame["estimate"] + z * frame["std_error"]
    lines = []
    for cells in _records(frame, EffectLine):
        limits = (cells["estimate"], cells["ci_low"], cells["ci_high"])
        lines.append(EffectLine(**cells, shown=shown(table.scale, *limits)))
    return tuple(lines)


def _participants(effects: tuple[EffectLine, ...]) -> int | None:
    """People behind the effects; None where one trial did not print its numbers."""
    total = 0
    for line in effects:
        if line.n_treatment is None or (line.control is not None and line.n_control is None):
            return None
        paired = line.design == "crossover_rct"
        total += line.n_treatment + (0 if paired else line.n_control or 0)
    return total or None


def fit_block(name: str, fit: PooledFit) -> FitBlock:
    """Put a frequentist fit into words and rounded numbers."""
    row, scale = fit.terms.to_dict("records")[0], fit.table.scale
    het, prediction = fit.heterogeneity, fit.prediction
    tau2 = TAU2_WORDS.get(fit.tau2_method or "", "")
    method = MODEL_WORDS[fit.model] + (f", {tau2}" if tau2 else "")
    block = None
    if prediction is not None:
        limits = (fit.estimate, prediction.low, prediction.high)
        block = PredictionBlock(
            low=ten(prediction.low),
            high=ten(prediction.high),
            df=prediction.df,
            method=prediction.method,
            shown=shown(scale, *limits),
        )
    df = float(row["df"])
    return FitBlock(
        name=name,
        method=f"{method}; {CI_WORDS[fit.ci_method]}",
        k=fit.k,
        estimate=ten(fit.estimate),
        std_error=ten(fit.std_error),
        ci_low=ten(fit.ci_low),
        ci_high=ten(fit.ci_high),
        level=fit.level,
        p=ten(float(row["p"])),
        df=ten(df) if np.isfinite(df) else None,
        shown=shown(scale, fit.estimate, fit.ci_low, fit.ci_high),
        hartung_knapp_multiplier=_plain(fit.hartung_knapp_multiplier),
        q=_plain(het.q),
        q_df=het.df,
        q_p=_plain(het.p),
        i2=_plain(het.i2),
        h2=_plain(het.h2),
        tau2=_plain(het.tau2),
        tau=_plain(het.tau),
        tau2_ci_low=_plain(het.tau2_ci_low),
        tau2_ci_high=_plain(het.tau2_ci_high),
        heterogeneity_reason=het.reason,
        prediction=block,
        prediction_reason=fit.prediction_reason,
        notes=fit.notes,
    )


def _terms_of(fit: BayesFit) -> tuple[BayesTerm, ...]:
    lines = []
    for row in fit.terms.to_dict("records"):
        cells = {str(k): _plain(v) for k, v in row.items() if k in BayesTerm.model_fields}
        back = None
        if row["term"] != "tau":
            limits = (row["median"], row["ci_low"], row["ci_high"])
            back = shown(fit.table.scale, *limits)
        lines.append(BayesTerm(**cells, shown=back))
    return tuple(lines)


def _exact(fit: BayesFit) -> ExactBlock:
    shrunk = []
    for row, cells in fit.shrinkage.to_dict("index").items():
        limits = (cells["median"], cells["ci_low"], cells["ci_high"])
        known = {k: _plain(v) for k, v in cells.items() if k in BayesTerm.model_fields}
        back = shown(fit.table.scale, *limits)
        shrunk.append(BayesTerm(term=str(row), **known, shown=back))
    return ExactBlock(
        prior_mu=str(fit.prior_mu),
        prior_mu_reason=fit.prior_mu.reason,
        prior_tau=str(fit.prior_tau),
        prior_tau_reason=fit.prior_tau.reason,
        level=fit.level,
        terms=_terms_of(fit),
        probability_below_null=ten(fit.probability_below(0.0)),
        probability_new_below_null=ten(fit.probability_below(0.0, of="prediction")),
        shrinkage=tuple(shrunk),
    )


def _sampled(answer: Answer) -> SampledBlock | None:
    fit = answer.sampled
    if fit is None or fit.diagnostics is None or answer.agreement is None:
        return None
    d = fit.diagnostics
    lines = [
        AgreementLine(
            **{str(k): _plain(v) for k, v in row.items() if k in AgreementLine.model_fields}
        )
        for row in answer.agreement.to_dict("records")
    ]
    return SampledBlock(
        sampler=d.sampler,
        chains=d.chains,
        draws=d.draws,
        tune=d.tune,
        seed=d.seed,
        r_hat_max=ten(d.r_hat_max),
        ess_bulk_min=ten(d.ess_bulk_min),
        ess_tail_min=ten(d.ess_tail_min),
        divergences=d.divergences,
        terms=_terms_of(fit),
        agreement=tuple(lines),
    )


def _sensitivity(answer: Answer) -> tuple[SensitivityLine, ...]:
    lines = []
    for row in answer.sensitivity.to_dict("records"):
        cells = {str(name): _plain(value) for name, value in row.items()}
        back = None
        if cells["estimate"] is not None:
            limits = (cells["estimate"], cells["ci_low"], cells["ci_high"])
            back = shown(answer.table.scale, *limits)
        lines.append(SensitivityLine(**cells, shown=back))
    return tuple(lines)


def _assumptions(answer: Answer) -> tuple[AssumptionLine, ...]:
    return tuple(
        AssumptionLine(
            name=a.name,
            value=str(a.value),
            reason=a.reason,
            otherwise=tuple(map(str, a.otherwise)),
            used=a.name in answer.table.assumptions_used,
        )
        for a in answer.question.assumptions
    )
