"""The same people on both sides, counts, and which outcome, time and people answer."""

import math
from typing import Any

import pytest
from helpers import assume, contrast, only, outcome, question, study, summary, table
from scipy import stats

from evidence.catalog.question import Window
from evidence.effects.assemble import effect_table
from evidence.errors import QuestionError

Z = stats.norm.isf(0.025)
P_EXACT = {"relation": "=", "value": 0.01}
P_BOUND = {"relation": "<", "value": 0.01}
A = {"n": 20, "final": summary(10.0, sd=4.0)}
P = {"n": 25, "final": summary(20.0, sd=5.0)}
SE_AP = math.hypot(4 / math.sqrt(20), 5 / math.sqrt(25))
NO_SIZE_A, NO_SIZE_P = {"final": summary(10.0)}, {"final": summary(20.0)}


def one(
    arms: dict[str, Any] | None, *contrasts: Any, design: str = "parallel_rct", **asked: Any
) -> Any:
    return table(study(outcome(arms, list(contrasts)), design=design), **asked)


# --- the same people ----------------------------------------------------------------------------


def test_a_crossover_without_a_declared_correlation_has_no_standard_error() -> None:
    arms = {
        "a": {"n": 17, "final": summary(10.0, sd=4.0)},
        "p": {"n": 17, "final": summary(20.0, sd=5.0)},
    }
    silent = one(arms, design="crossover_rct")
    assert (silent.k, silent.partial["kind"].tolist()) == (0, ["estimate_alone"])
    found = one(arms, design="crossover_rct", assumptions=(assume("crossover_correlation", 0.5),))
    assert only(found)[1] == pytest.approx(math.sqrt((16 + 25 - 2 * 0.5 * 20) / 17))
    assert found.assumptions_used == ("crossover_correlation",)


def test_an_exact_p_comes_before_an_assumed_correlation() -> None:
    arms = {"a": {"n": 17, "final": {"mean": 25.8, "se": 1.2}},
            "p": {"n": 17, "final": {"mean": 21.4, "se": 0.7}}}  # fmt: skip
    assumed = (assume("crossover_correlation", 0.5),)
    exact = contrast(p={"relation": "=", "value": 0.003})
    by_p = one(arms, exact, design="crossover_rct", assumptions=assumed)
    assert only(by_p)[1] == pytest.approx(4.4 / stats.t.isf(0.003 / 2, 16))
    assert by_p.assumptions_used == ()
    # A bound says less than the spreads do, and without a pair the spreads are what was printed.
    bound = contrast(p={"relation": "<", "value": 0.003})
    silent = one(arms, bound, design="crossover_rct", assumptions=assumed)
    assert only(silent)[1] == pytest.approx(math.sqrt(1.2**2 + 0.7**2 - 1.2 * 0.7))
    assert only(one(arms, exact))[1] == pytest.approx(math.hypot(1.2, 0.7))


def test_a_crossover_with_an_exact_p_by_the_paired_t_test() -> None:
    arms = {"a": {"n": 17, "final": summary(10.0)}, "p": {"n": 17, "final": summary(20.0)}}
    found = only(one(arms, contrast(p=P_EXACT), design="crossover_rct"))
    assert found[:2] == pytest.approx((-10.0, 10 / stats.t.isf(0.005, 16)))


def test_a_crossover_ratio_with_the_correlation() -> None:
    arms = {
        "a": {"n": 16, "final": summary(10.0, sd=4.0)},
        "p": {"n": 16, "final": summary(20.0, sd=4.0)},
    }
    r = (assume("crossover_correlation", 0.25),)
    found = only(one(arms, design="crossover_rct", measure="ROM", assumptions=r))
    assert found[1] == pytest.approx(math.sqrt(0.1**2 + 0.05**2 - 2 * 0.25 * 0.1 * 0.05))


def test_events_of_a_crossover_are_not_taken_for_those_of_two_groups() -> None:
    arms = {"a": {"events": 5, "total": 50}, "p": {"events": 9, "total": 50}}
    told = study(outcome(arms, word="cv_event", unit="count"), design="crossover_rct")
    assert table(told, outcomes=("cv_event",), measure="RR").k == 0


# --- within an arm ------------------------------------------------------------------------------

WITHIN = {"contrast": "within", "control": ()}
BEFORE_AFTER = {"a": {"n": 16, "baseline": summary(20.0, sd=8.0), "final": summary(10.0, sd=4.0)}}


def test_a_change_within_an_arm_needs_its_correlation() -> None:
    assert one(BEFORE_AFTER, **WITHIN).k == 0
    found = one(BEFORE_AFTER, **WITHIN, assumptions=(assume("baseline_final_correlation", 0.5),))
    assert only(found)[:2] == pytest.approx((-10.0, math.sqrt(64 + 16 - 2 * 0.5 * 32) / 4))


def test_a_printed_change_within_an_arm() -> None:
    arms = {"a": {"n": 16, "change": summary(-10.0, sd=4.0)}}
    assert only(one(arms, **WITHIN))[:2] == (-10.0, 1.0)


def test_a_ratio_within_an_arm() -> None:
    r = (assume("baseline_final_correlation", 0.5),)
    found = only(one(BEFORE_AFTER, **WITHIN, measure="ROM", assumptions=r))
    assert found[:2] == pytest.approx((math.log(0.5), math.sqrt(0.01 + 0.01 - 0.01)))
    percent = {"a": {"n": 16, "change_percent": summary(-50.0, sd=20.0)}}
    found = only(one(percent, **WITHIN, measure="ROM"))
    assert found[:2] == pytest.approx((math.log(0.5), 5.0 / 50.0))


def test_a_p_within_an_arm_is_never_taken_between_arms() -> None:
    arms = {"a": BEFORE_AFTER["a"] | {"final": summary(10.0)}, "p": {"final": summary(20.0)}}
    told = contrast("a", "baseline", p=P_EXACT)
    assert one(arms, told).k == 0
    between = contrast("a", "p", p=P_EXACT)
    assert one(arms, between, **WITHIN).k == 0
    found = only(one(arms, told, **WITHIN))
    assert found[:2] == pytest.approx((-10.0, 10 / stats.t.isf(0.005, 15)))


# --- counts -------------------------------------------------------------------------------------

PERCENT = {"a": {"total": 3092, "events_percent": 2.8}, "p": {"total": 3094, "events_percent": 4.5}}
EVENTS = {"outcomes": ("cv_event",), "measure": "RR"}


@pytest.mark.parametrize(
    ("reading", "a", "p"), [("nearest", 87, 139), ("fewest", 86, 138), ("most", 88, 140)]
)
def test_percentages_become_counts_only_as_declared(reading: str, a: int, p: int) -> None:
    told = study(outcome(PERCENT, word="cv_event", unit="count"))
    silent = table(told, **EVENTS)
    assert silent.partial["kind"].tolist() == ["estimate_alone"]
    assert silent.partial["estimate"].tolist() == pytest.approx([math.log(2.8 / 4.5)])
    found = table(told, **EVENTS, assumptions=(assume("percent_to_count", reading),))
    estimate, se, route = only(found)
    assert route == "two arms: events from printed percentages"
    assert estimate == pytest.approx(math.log((a / 3092) / (p / 3094)))
    assert se == pytest.approx(math.sqrt(1 / a - 1 / 3092 + 1 / p - 1 / 3094))
    assert found.assumptions_used == ("percent_to_count",)


def test_no_events_in_either_arm_tell_nothing_of_a_ratio() -> None:
    arms = {"a": {"events": 0, "total": 50}, "p": {"events": 0, "total": 60}}
    for measure in ("RR", "OR"):
        found = table(study(outcome(arms, word="cv_event", unit="count")),
                      outcomes=("cv_event",), measure=measure)  # fmt: skip
        assert found.k == 0
    arms = {"a": {"events": 50, "total": 50}, "p": {"events": 60, "total": 60}}
    assert table(study(outcome(arms, word="cv_event", unit="count")), **EVENTS).k == 0


def test_an_arm_without_events_is_named_in_the_notes() -> None:
    arms = {"a": {"events": 0, "total": 50}, "p": {"events": 5, "total": 50}}
    found = table(study(outcome(arms, word="cv_event", unit="count")), **EVENTS)
    assert only(found)[0] == pytest.approx(math.log(0.5 / 5.5))
    assert "half added" in found.rows["notes"].iloc[0]


# --- which outcome, which time, which people ----------------------------------------------------


def test_of_several_times_the_nearest_to_the_target_among_the_usable() -> None:
    told = [
        outcome({"a": A, "p": P}, id="early", weeks=4),
        outcome({"a": A, "p": P}, id="near", weeks=11),
        outcome({"a": {"final": summary(1.0)}}, id="exact", weeks=12),
        outcome({"a": A, "p": P}, id="late", weeks=200),
        outcome({"a": A, "p": P}, id="untimed", weeks=None),
    ]
    found = table(study(*told))
    assert found.rows["outcome"].tolist() == ["near"]
    assert found.considered == 5
    why = dict(zip(found.unused["outcome"], found.unused["reason"], strict=True))
    assert why["early"] == why["exact"] == "the trial counts once: near is used"
    assert "outside the window" in why["late"]


def test_untimed_figures_count_only_where_the_question_says_so() -> None:
    told = study(outcome({"a": A, "p": P}, weeks=None))
    assert table(told).k == 1
    strict = table(told, window=Window(0, 100, 12))
    assert strict.unused["reason"].tolist() == ["no time was printed"]


def test_the_outcome_first_in_the_list_comes_before_the_nearer_time() -> None:
    told = study(
        outcome({"a": A, "p": P}, id="ldl", word="ldl", unit="mg/dL", weeks=12),
        outcome({"a": A, "p": P}, id="tc", word="estradiol", weeks=40),
    )
    assert table(told, measure="ROM", outcomes=("estradiol", "ldl")).rows["outcome"].tolist() == [
        "tc"
    ]
    assert table(told, measure="ROM", outcomes=("ldl", "estradiol")).rows["outcome"].tolist() == [
        "ldl"
    ]


def test_arms_that_differ_in_more_than_the_treatment_are_no_pair() -> None:
    arms = [
        {"id": "a", "drug": "anastrozole", "background": [{"drug": "testosterone"}]},
        {"id": "p", "drug": "placebo"},
    ]
    found = table(study(outcome({"a": A, "p": P}), arms=arms))
    assert "differ in nothing else" in found.unused["reason"].iloc[0]
    arms[1]["background"] = [{"drug": "testosterone"}, {"drug": "placebo"}]
    assert table(study(outcome({"a": A, "p": P}), arms=arms)).k == 1
    with_it = table(study(outcome({"a": A, "p": P}), arms=arms), background_with=("androgen",))
    assert with_it.k == 1
    without = table(study(outcome({"a": A, "p": P}), arms=arms), background_without=("androgen",))
    assert without.k == 0


@pytest.mark.parametrize("change", [{"cohort": "other"}, {"randomised": False}])
def test_arms_that_were_not_randomised_against_one_another_are_no_pair(change: Any) -> None:
    plain = [{"id": "a", "drug": "anastrozole"}, {"id": "p", "drug": "placebo"}]
    assert table(study(outcome({"a": A, "p": P}), arms=plain)).k == 1
    for changed in (0, 1):
        arms = [arm | (change if i == changed else {}) for i, arm in enumerate(plain)]
        assert table(study(outcome({"a": A, "p": P}), arms=arms)).k == 0


@pytest.mark.parametrize(
    "role", ["subgroup", "severity_subset", "other_analysis", "off_treatment", "duplicate_source"]
)
def test_roles_that_do_not_count(role: str) -> None:
    found = table(study(outcome({"a": A, "p": P}, role=role)))
    assert (found.k, found.unused["stage"].tolist()) == (0, ["role or time"])


@pytest.mark.parametrize(
    ("asked", "reason"),
    [
        ({"sexes": ("female",)}, "the people are male"),
        ({"designs": ("crossover_rct",)}, "the design is parallel rct"),
        ({"groups": ("women",)}, "the people are men"),
        ({"excluded_groups": ("men",)}, "the people are men"),
    ],
)
def test_studies_that_do_not_count(asked: dict[str, Any], reason: str) -> None:
    assert one({"a": A, "p": P}, **asked).unused["reason"].tolist() == [reason]


def test_a_question_that_does_not_fit_the_terms_is_refused() -> None:
    from helpers import TERMS

    with pytest.raises(QuestionError, match="estradol"):
        effect_table([], question(outcomes=("estradol",)), TERMS)


def test_no_study_at_all() -> None:
    found = table()
    assert (found.k, found.considered, found.covariance.shape) == (0, 0, (0, 0))
