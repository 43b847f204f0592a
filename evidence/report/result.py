"""ResultFile: all that a report says, as one object that page, figure, table and JSON share."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from evidence.catalog.question import Kind, Scale
from evidence.catalog.study import Record
from evidence.effects.scales import to_readers
from evidence.report.borrowed.result import BorrowBlock
from evidence.report.certainty.result import RatingBlock
from evidence.report.risk.result import RiskBlock


class Shown(Record):
    """An estimate and its interval on the scale that readers know: ratios, proportions, r."""

    estimate: float
    low: float
    high: float


class EffectLine(Record):
    """One trial's effect as it entered the analysis; estimate to ci_high on the analysis scale."""

    row: str
    study: str
    label: str
    outcome: str
    counted: str
    definition: str
    treatment: str
    control: str | None
    weeks: float | None
    n_treatment: int | None
    n_control: int | None
    estimate: float
    std_error: float
    ci_low: float
    ci_high: float
    shown: Shown
    weight: float
    route: str
    design: str
    blinding: str
    read: str
    sources: str
    notes: str
    remark: str
    said_treatment: str
    said_control: str


class PartialLine(Record):
    """A comparison that was reported only in part."""

    study: str
    label: str
    outcome: str
    counted: str
    definition: str
    treatment: str
    control: str | None
    weeks: float | None
    kind: str
    said: str
    direction: str | None
    direction_from: str | None
    estimate: float | None
    se_low: float | None
    se_high: float | None
    p_relation: str | None
    p_value: float | None
    n_treatment: int | None
    n_control: int | None
    read: str
    sources: str
    remark: str


class UnusedLine(Record):
    """A report that could not be used, and why."""

    study: str
    label: str
    outcome: str
    treatment: str | None
    control: str | None
    stage: str
    reason: str
    said: str
    sources: str


class PredictionBlock(Record):
    """Interval for the true effect of one new trial."""

    low: float
    high: float
    df: int | None
    method: str
    shown: Shown


class FitBlock(Record):
    """A frequentist fit on the analysis scale."""

    name: str
    method: str
    k: int
    estimate: float
    std_error: float
    ci_low: float
    ci_high: float
    level: float
    p: float
    df: float | None
    shown: Shown
    hartung_knapp_multiplier: float | None
    q: float | None
    q_df: int | None
    q_p: float | None
    i2: float | None
    h2: float | None
    tau2: float | None
    tau: float | None
    tau2_ci_low: float | None
    tau2_ci_high: float | None
    heterogeneity_reason: str | None
    prediction: PredictionBlock | None
    prediction_reason: str | None
    notes: tuple[str, ...]


class BayesTerm(Record):
    """Posterior of one quantity; Monte Carlo errors where it was sampled."""

    term: str
    mean: float | None
    median: float
    sd: float | None
    ci_low: float
    ci_high: float
    shown: Shown | None
    mcse_median: float | None = None
    mcse_ci_low: float | None = None
    mcse_ci_high: float | None = None
    mcse_mean: float | None = None
    ess_bulk: float | None = None
    ess_tail: float | None = None
    r_hat: float | None = None


class ExactBlock(Record):
    """The Bayesian model by quadrature."""

    prior_mu: str
    prior_mu_reason: str
    prior_tau: str
    prior_tau_reason: str
    level: float
    terms: tuple[BayesTerm, ...]
    probability_below_null: float
    probability_new_below_null: float
    shrinkage: tuple[BayesTerm, ...]


class AgreementLine(Record):
    """Exact against sampled, one figure."""

    term: str
    quantity: str
    exact: float
    sampled: float
    mcse: float
    z: float
    within: bool


class SampledBlock(Record):
    """The Bayesian model by PyMC; the one part of a result that carries Monte Carlo error."""

    sampler: str
    chains: int
    draws: int
    tune: int
    seed: int
    r_hat_max: float
    ess_bulk_min: float
    ess_tail_min: float
    divergences: int
    terms: tuple[BayesTerm, ...]
    agreement: tuple[AgreementLine, ...]


class SensitivityLine(Record):
    """The answer under one other choice."""

    group: str
    choice: str
    k: int
    estimate: float | None
    ci_low: float | None
    ci_high: float | None
    shown: Shown | None
    tau2: float | None
    why: str | None


class SaidLine(Record):
    """One report in the second answer: its true effect and what it adds to the mean."""

    row: str
    label: str
    kind: str
    said: str
    mean: float | None
    sd: float | None
    information: float | None
    shift: float | None
    note: str


class StepLine(Record):
    """The second answer after one more kind of report came in."""

    step: str
    added: int
    reports: int
    shown: Shown | None
    probability_below_null: float | None
    why: str


class PossibleBlock(Record):
    """Smallest and largest pooled estimate that what was printed allows, on the readers' scale."""

    low: float
    high: float
    ci_low: float
    ci_high: float
    used: int
    limits: str
    limits_reason: str
    notes: tuple[str, ...]


class SaidBlock(Record):
    """The second answer: complete and partial reports together; ``reason``: why it is not there."""

    reports: int
    complete: int
    used: int
    level: float
    terms: tuple[BayesTerm, ...]
    probability_below_null: float | None
    priors: tuple[tuple[str, str, str], ...]
    lines: tuple[SaidLine, ...]
    steps: tuple[StepLine, ...]
    possible: PossibleBlock | None
    notes: tuple[str, ...]
    reason: str


class ThresholdBlock(Record):
    """The smallest difference that matters, or what stands in for it."""

    kind: str
    value: float | None
    unit: str | None
    meaning: str | None
    source: str | None
    url: str | None
    open_point: str | None


class AssumptionLine(Record):
    """An assumption of the question."""

    name: str
    value: str
    reason: str
    otherwise: tuple[str, ...]
    used: bool


class QuestionResult(Record):
    """The answer to one question."""

    id: str
    title: str
    measure: str
    measure_label: str
    unit: str | None
    scale: Scale
    contrast: Kind
    treatment: str
    control: str
    outcome_label: str
    better: str
    indirect: str
    note: str
    window: str
    people: str
    k: int
    trials: int
    considered: int
    participants: int | None
    effects: tuple[EffectLine, ...]
    partial: tuple[PartialLine, ...]
    unused: tuple[UnusedLine, ...]
    assumptions: tuple[AssumptionLine, ...]
    threshold: ThresholdBlock
    main: FitBlock | None
    others: tuple[FitBlock, ...]
    exact: ExactBlock | None
    sampled: SampledBlock | None
    sensitivity: tuple[SensitivityLine, ...]
    said: SaidBlock | None
    borrowed: BorrowBlock | None
    risk: RiskBlock | None
    rating: RatingBlock | None
    finding: str
    certainty: tuple[str, ...]


class ResultFile(Record):
    """A whole report."""

    format: Literal["evidence-result/1"]
    name: str
    title: str
    lead: str
    questions: Annotated[tuple[QuestionResult, ...], Field(min_length=1)]


def result_schema() -> dict[str, Any]:
    """JSON Schema of ``result.json``."""
    schema = ResultFile.model_json_schema()
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}


def shown(scale: str, estimate: float, low: float, high: float) -> Shown:
    """Bring an estimate and its interval to the scale that readers know."""
    estimate, low, high = (to_readers(x, scale) for x in (estimate, low, high))
    return Shown(estimate=ten(estimate), low=ten(low), high=ten(high))


def ten(value: float) -> float:
    """Keep ten significant digits."""
    return float(f"{float(value):.10g}")
