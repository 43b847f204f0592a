"""What pooled evidence says about a claim, against the normal distribution and by hand."""

import math
from typing import Any

import pytest
from helpers import TERMS, question
from samples import THREE, part, plan, terms, trial, trials

from evidence.catalog.claims import Holds
from evidence.errors import QuestionError
from evidence.models.bayesian.priors import half_normal, normal
from evidence.rating.claims.found import AllSaid, Asked, BriefAnswer, answer_briefly, found_for


def asked(*, better: str = "neither", said: AllSaid | None = None, **changes: Any) -> Asked:
    of_plan = {k: changes.pop(k) for k in list(changes) if k.startswith("prior")}
    return Asked(
        question=question(**changes),
        plan=plan(**of_plan),
        analysis="demo",
        treatment="an aromatase inhibitor",
        control="placebo",
        outcome="Estradiol",
        people="men",
        better=better,
        said=said,
    )


def one_trial(estimate: float, error: float, **changes: Any) -> BriefAnswer:
    """A single trial under priors so narrow of tau and wide of mu that it speaks alone."""
    wide: dict[str, Any] = {
        "prior_mu": normal(0, 1e4, "wide"),
        "prior_tau": half_normal(1e-4, "none"),
    }
    study = trial("one-2001", estimate, error)
    return answer_briefly(asked(**wide, **changes), [study], TERMS)


def holds(relation: str, **more: Any) -> Holds:
    return Holds(relation=relation, **more)  # type: ignore[arg-type]


def phi(x: float) -> float:
    return 0.5 * math.erfc(-x / math.sqrt(2))


CASES = [
    (holds("below"), phi(1.5)),
    (holds("above"), phi(-1.5)),
    (holds("below", low=-2.0), phi(0.5)),
    (holds("above", low=-4.0), phi(0.5)),
    (holds("between", low=-4.0, high=-2.0), phi(0.5) - phi(-0.5)),
    (holds("differs"), phi(1.5)),
    (holds("no_difference", margin=1.0), phi(2.0) - phi(1.0)),
]


@pytest.mark.parametrize(("claim", "expected"), CASES)
def test_probability_is_that_of_a_normal_where_one_trial_speaks_alone(
    claim: Holds, expected: float
) -> None:
    found = found_for(claim, one_trial(-3.0, 2.0))
    assert found.probability == pytest.approx(expected, abs=2e-4)
    assert found.k == 1
    if claim.relation != "differs":
        assert found.against == pytest.approx(1 - expected, abs=2e-4)


def test_estimate_and_interval_are_those_of_the_main_analysis() -> None:
    found = found_for(holds("below"), one_trial(-3.0, 2.0))
    assert found.estimate == pytest.approx(-3.0)
    assert found.ci_low == pytest.approx(-3.0 - 1.959964 * 2, abs=1e-5)
    assert found.interval_agrees is False
    assert found_for(holds("below"), one_trial(-6.0, 2.0)).interval_agrees is True
    assert found_for(holds("above"), one_trial(6.0, 2.0)).interval_agrees is True
    assert found_for(holds("differs"), one_trial(6.0, 2.0)).interval_agrees is True
    wide = holds("between", low=-20, high=20)
    assert found_for(wide, one_trial(-3.0, 2.0)).interval_agrees is True
    assert found_for(holds("no_difference"), one_trial(-3.0, 2.0)).interval_agrees is None


def test_a_size_has_a_direction_and_a_side() -> None:
    smaller = found_for(holds("below", low=-6.0), one_trial(-3.0, 1.0))
    assert smaller.direction == pytest.approx(phi(3.0), abs=1e-3)
    assert smaller.smaller == pytest.approx(phi(3.0), abs=1e-3)
    window = found_for(holds("between", low=2.0, high=4.0), one_trial(1.0, 0.5))
    assert window.direction == pytest.approx(phi(2.0), abs=1e-3)
    assert window.smaller == pytest.approx(phi(2.0), abs=1e-3)
    down = found_for(holds("between", low=-4.0, high=-2.0), one_trial(-1.0, 0.5))
    assert down.direction == pytest.approx(phi(2.0), abs=1e-3)
    assert down.smaller == pytest.approx(phi(2.0), abs=1e-3)
    across = found_for(holds("between", low=-1.0, high=1.0), one_trial(0.5, 0.5))
    assert across.direction is None
    # A limit on the other side of no difference names no size of an effect.
    assert found_for(holds("below", low=6.0), one_trial(-3.0, 1.0)).direction is None


def test_ratios_are_named_as_readers_know_them() -> None:
    study = trial("one-2001", 0.5, 1.3, measure="RR", unit=None, word="cv_event")
    wide: dict[str, Any] = {
        "prior_mu": normal(0, 1e3, "wide"),
        "prior_tau": half_normal(1e-4, "none"),
    }
    brief = answer_briefly(asked(**wide, measure="RR", outcomes=("cv_event",)), [study], TERMS)
    error = math.log(1.3) / 1.959964
    found = found_for(holds("below", low=0.6), brief)
    assert found.estimate == pytest.approx(0.5)
    assert found.probability == pytest.approx(phi(math.log(0.6 / 0.5) / error), abs=1e-3)


@pytest.mark.parametrize(("better", "against"), [("higher", phi(1.5)), ("lower", phi(-1.5))])
def test_not_worse_without_a_margin_can_only_be_refuted(better: str, against: float) -> None:
    found = found_for(holds("not_worse"), one_trial(-3.0, 2.0, better=better))
    assert found.probability is None
    assert found.against == pytest.approx(against, abs=2e-4)


@pytest.mark.parametrize(("better", "true"), [("higher", phi(-0.5)), ("lower", phi(2.5))])
def test_not_worse_by_a_margin(better: str, true: float) -> None:
    claim = holds("not_worse", margin=2.0)
    found = found_for(claim, one_trial(-3.0, 2.0, better=better))
    assert found.probability == pytest.approx(true, abs=2e-4)


def test_no_difference_without_a_margin_is_refuted_by_either_direction() -> None:
    for estimate in (-6.0, 6.0):
        found = found_for(holds("no_difference"), one_trial(estimate, 2.0))
        assert found.probability is None
        assert found.against == pytest.approx(phi(3.0), abs=2e-4)


SAID = AllSaid(
    reports=4, used=3, median=-2.0, ci_low=-4.0, ci_high=-0.1, probability_below_null=0.98
)


def test_the_answer_from_all_reports_is_used_where_there_is_one() -> None:
    brief = answer_briefly(asked(said=SAID), trials(THREE), terms())
    found = found_for(holds("below"), brief)
    assert (found.probability, found.basis) == (0.98, "all_said")
    assert brief.exact is not None
    assert found.other_probability == pytest.approx(brief.exact.probability_below(0.0))
    assert found_for(holds("above"), brief).probability == pytest.approx(0.02)
    # Of another limit than no difference, and of a new population, it says nothing.
    for claim in (holds("below", low=-1.0), holds("below", of="new_population")):
        assert found_for(claim, brief).basis == "complete"


def test_a_new_population_is_less_certain_than_the_mean() -> None:
    brief = answer_briefly(asked(), trials(THREE), terms())
    mean = found_for(holds("below"), brief)
    new = found_for(holds("below", of="new_population"), brief)
    assert brief.exact is not None
    assert new.probability == pytest.approx(brief.exact.probability_below(0.0, of="prediction"))
    assert (mean.probability or 0) > (new.probability or 0)
    assert new.interval_agrees is None


def test_reports_in_part_are_counted_and_give_no_probability() -> None:
    said = part("said-2010", direction="decrease", p={"relation": "<", "value": 0.05})
    found = found_for(holds("below"), answer_briefly(asked(), [said], terms()))
    assert (found.k, found.in_part, found.probability, found.estimate) == (0, 1, None, None)
    both = answer_briefly(asked(), [said, *trials(THREE)], terms())
    assert (both.table.k, both.in_part) == (3, 1)


def test_a_change_from_baseline_is_marked() -> None:
    brief = answer_briefly(asked(contrast="within", control=()), trials(THREE), terms())
    assert not found_for(holds("below"), brief).controlled


def test_a_level_has_no_null() -> None:
    level = asked(contrast="level", control=(), measure="MN", unit="pg/mL")
    brief = answer_briefly(level, [], terms())
    assert level.is_level
    for claim in (holds("below"), holds("differs"), holds("not_worse")):
        with pytest.raises(QuestionError, match="no meaning for a level"):
            found_for(claim, brief)
    found = found_for(holds("between", low=20, high=30), brief)
    assert (found.k, found.direction) == (0, None)
