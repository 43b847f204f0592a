"""What the pooled evidence says about one part of a claim: estimate, interval, probability."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from evidence.catalog.claims import Holds
from evidence.catalog.question import Question
from evidence.catalog.study import Study
from evidence.catalog.terms import Terms
from evidence.effects.assemble import effect_table
from evidence.effects.scales import from_readers, to_readers
from evidence.effects.table import EffectTable
from evidence.errors import Problem, QuestionError
from evidence.models.bayesian.exact import pool_bayes
from evidence.models.bayesian.fit import BayesFit
from evidence.models.frequentist.fit import PooledFit
from evidence.models.frequentist.pool import pool
from evidence.models.plan import Plan
from evidence.rating.claims.verdict import Basis, Certainty, ClaimEvidence

Below = Callable[[float], float]


@dataclass(frozen=True, slots=True, kw_only=True)
class AllSaid:
    """The second answer of a question, as its report holds it: the mean over all reports.

    Attributes
    ----------
    reports, used : int
        Reports there are, and those that say something.
    median, ci_low, ci_high : float
        On the scale that readers know.
    probability_below_null : float
    """

    reports: int
    used: int
    median: float
    ci_low: float
    ci_high: float
    probability_below_null: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A declared question, the plan of its analysis, and the words for its sides.

    ``said`` is the second answer, read from the committed report; None where there is none.
    """

    question: Question
    plan: Plan
    analysis: str
    treatment: str
    control: str
    outcome: str
    people: str
    better: str = "neither"
    said: AllSaid | None = None

    @property
    def is_level(self) -> bool:
        """Whether the question asks for a level, of which no difference has no meaning."""
        return self.question.contrast == "level"


@dataclass(frozen=True, slots=True, eq=False)
class BriefAnswer:
    """What complete reports show on a question, without sampling.

    ``main`` and ``exact`` are None where no trial has an effect with a standard error.
    """

    asked: Asked
    table: EffectTable
    main: PooledFit | None
    exact: BayesFit | None

    @property
    def in_part(self) -> int:
        """Trials that reported in part only."""
        whole = set(self.table.rows["study"])
        partly = self.table.partial
        told = set(partly.loc[partly["kind"] != "other_arms", "study"])
        return len(told - whole)


def answer_briefly(asked: Asked, studies: Iterable[Study], terms: Terms) -> BriefAnswer:
    """Pool the complete reports of a question, and find its exact posterior; milliseconds.

    Raises
    ------
    FitError, QuestionError
        As ``effect_table``, ``pool`` and ``pool_bayes``.
    """
    plan = asked.plan
    table = effect_table(studies, asked.question, terms)
    if table.k == 0:
        return BriefAnswer(asked, table, None, None)
    main = pool(table, tau2=plan.tau2, ci=plan.ci, level=plan.level)
    exact = pool_bayes(table, tau=plan.prior_tau, mu=plan.prior_mu, level=plan.level)
    return BriefAnswer(asked, table, main, exact)


def found_for(
    holds: Holds, brief: BriefAnswer, *, certainty: Certainty | None = None, direct: bool = True
) -> ClaimEvidence:
    """Hold what a claim says against the answer to its question.

    The probability is that of the answer from complete and partial reports where the report has
    one and the claim's limit is no difference, else that of the exact posterior of the mean
    effect (or of the effect in a new population) under the plan's priors. Leaving out reports that
    printed a direction or a P only would leave out results by how they were reported.
    """
    asked = brief.asked
    if asked.is_level and (holds.relation not in ("below", "above", "between") or _at_null(holds)):
        problem = Problem(asked.question.id, "is a level", "say between, or above or below what")
        raise QuestionError("no difference has no meaning for a level", [problem])
    complete = said = None
    if brief.exact is not None:
        complete = _odds(holds, _posterior(brief.exact, holds), asked)
    if asked.said is not None and holds.of == "mean" and _at_null(holds):
        below = asked.said.probability_below_null
        said = _odds(holds, lambda _: below, asked)
    used, other = (said, complete) if said is not None else (complete, None)
    basis: Basis = "complete" if said is None else "all_said"
    estimate, low, high = _shown(brief)
    return ClaimEvidence(
        k=brief.table.k,
        in_part=brief.in_part,
        estimate=estimate,
        ci_low=low,
        ci_high=high,
        probability=None if used is None else used.true,
        against=None if used is None else used.false,
        direction=None if used is None else used.direction,
        smaller=None if used is None else used.smaller,
        interval_agrees=_interval_agrees(holds, brief),
        other_probability=None if other is None else other.true,
        basis=basis,
        certainty=certainty,
        direct=direct,
        controlled=asked.question.contrast != "within",
    )


def _posterior(fit: BayesFit, holds: Holds) -> Below:
    of = "mu" if holds.of == "mean" else "prediction"
    return lambda x: fit.probability_below(x, of=of)


def _at_null(holds: Holds) -> bool:
    return holds.relation != "between" and holds.low is None and holds.margin is None


@dataclass(frozen=True, slots=True)
class Odds:
    """Probabilities that a claim is true, that it is false, and of its direction alone."""

    true: float | None
    false: float | None
    direction: float | None = None
    smaller: float | None = None


def _odds(holds: Holds, below: Below, asked: Asked) -> Odds:
    """Probabilities of a claim; ``below`` gives those of the analysis scale."""
    scale = asked.question.scale
    if holds.relation == "between":
        low, high = (from_readers(x or 0.0, scale) for x in (holds.low, holds.high))
        return _between(low, high, below, level=asked.is_level)
    if holds.relation in ("below", "above"):
        return _one_sided(holds, below, asked)
    less = below(0.0)
    if holds.relation == "differs":
        # No difference at all has probability 0: what can be shown is one direction.
        return Odds(max(less, 1 - less), None)
    if holds.margin is None:
        if holds.relation == "not_worse":
            return Odds(None, {"higher": less, "lower": 1 - less}.get(asked.better))
        return Odds(None, max(less, 1 - less))
    edge = abs(from_readers(holds.margin, scale))
    if holds.relation == "no_difference":
        true = below(edge) - below(-edge)
    else:
        true = 1 - below(-edge) if asked.better == "higher" else below(edge)
    return Odds(true, 1 - true)


def _one_sided(holds: Holds, below: Below, asked: Asked) -> Odds:
    down = holds.relation == "below"
    limit = 0.0 if holds.low is None else from_readers(holds.low, asked.question.scale)
    true = below(limit) if down else 1 - below(limit)
    beyond = limit < 0 if down else limit > 0
    if not beyond or asked.is_level:
        return Odds(true, 1 - true)
    direction = below(0.0) if down else 1 - below(0.0)
    return Odds(true, 1 - true, direction, 1 - true)


def _between(low: float, high: float, below: Below, *, level: bool) -> Odds:
    true = below(high) - below(low)
    if low >= 0 and not level:
        return Odds(true, 1 - true, 1 - below(0.0), below(low))
    if high <= 0 and not level:
        return Odds(true, 1 - true, below(0.0), 1 - below(high))
    return Odds(true, 1 - true)


def _shown(brief: BriefAnswer) -> tuple[float | None, float | None, float | None]:
    """Pooled estimate and interval of the complete reports, for readers."""
    if brief.main is None:
        return None, None, None
    scale, fit = brief.table.scale, brief.main
    low, high = to_readers(fit.ci_low, scale), to_readers(fit.ci_high, scale)
    return to_readers(fit.estimate, scale), low, high


def _interval_agrees(holds: Holds, brief: BriefAnswer) -> bool | None:
    if brief.main is None or holds.of != "mean":
        return None
    low, high, scale = brief.main.ci_low, brief.main.ci_high, brief.table.scale
    if holds.relation == "between":
        inner, outer = (from_readers(x or 0.0, scale) for x in (holds.low, holds.high))
        return inner <= low and high <= outer
    limit = 0.0 if holds.low is None else from_readers(holds.low, scale)
    return {
        "below": high < limit, "above": low > limit, "differs": high < 0 or low > 0
    }.get(holds.relation)  # fmt: skip
