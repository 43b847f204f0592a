"""Sentences: what may be said of which numbers."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from samples import FIVE, THREE, part, result_of, terms, trial, trials

from evidence.report.forest.result import favours
from evidence.report.numbers import MINUS
from evidence.report.result import QuestionResult
from evidence.report.wording import finding, list_words, told_of
from evidence.report.wording_certainty import limits

CLEAR = ((-3.0, 0.4), (-3.2, 0.5), (-2.9, 0.3))
DIFFERENCE = re.compile(r": (lower|higher|less frequent|more frequent) ")


Part = tuple[str, str | None, str, str]  # study, direction, stated or figures, kind


def with_parts(result: QuestionResult, *parts: Part) -> QuestionResult:
    line = result_of([part("x-2000", direction="increase")]).partial[0]
    lines = tuple(
        line.model_copy(
            update={
                "study": study,
                "label": study,
                "direction": direction,
                "direction_from": how if direction else None,
                "kind": kind,
                "p_relation": "ns" if kind == "not_significant" else None,
            }
        )
        for study, direction, how, kind in parts
    )
    return result.model_copy(update={"partial": lines})


NOTHING = result_of([])


def test_nothing_at_all_was_found() -> None:
    assert NOTHING.k == 0
    assert finding(NOTHING).startswith("No trial that could answer this question")
    assert "GRADE" in NOTHING.certainty[-1]


def test_directions_of_trials_that_cannot_be_pooled() -> None:
    result = with_parts(
        NOTHING,
        ("a", "increase", "stated", "direction"),
        ("a", "increase", "stated", "direction"),
        ("b", "decrease", "stated", "direction"),
        ("c", "no_change", "stated", "direction"),
        ("d", None, "", "not_significant"),
        ("e", None, "", "one_arm"),
        ("f", "decrease", "figures", "estimate_alone"),
        ("g", None, "", "other_arms"),
    )
    said = finding(result)
    assert set(told_of(result)) == set("abcdef")
    assert "nothing can be pooled. 6 trials reported it in part: " in said
    assert "1 states an increase, 1 states a decrease, 1 states no change" in said
    assert "the figures of 1 show a decrease" in said
    assert '1 states only "not significant"' in said


def test_a_direction_that_was_stated_counts_before_the_figures() -> None:
    both = [("a", "increase", how, "direction") for how in ("figures", "stated")]
    for parts in (both, both[::-1]):
        assert "1 states an increase" in finding(with_parts(NOTHING, *parts))


@settings(max_examples=60)
@given(
    st.lists(
        st.tuples(
            st.sampled_from("abcdef"),
            st.sampled_from(["increase", "decrease", "no_change", None]),
            st.sampled_from(["stated", "figures"]),
            st.sampled_from(["direction", "not_significant", "one_arm", "other_arms"]),
        ),
        min_size=1,
        max_size=9,
    )
)
def test_the_counts_of_a_sentence_add_up_to_its_trials(parts: list[Part]) -> None:
    said = finding(with_parts(NOTHING, *parts))
    counted = {study for study, _, _, kind in parts if kind != "other_arms"}
    if not counted:
        assert said == finding(NOTHING)
        return
    said = said.split("reported it in part: ")[1].split(".")[0]
    assert sum(map(int, re.findall(r"\d+", said))) == len(counted)


def test_one_trial_is_an_answer_and_nothing_was_pooled() -> None:
    result = result_of(trials(CLEAR[:1]))
    assert "lower with an aromatase inhibitor than with placebo" in result.finding
    assert result.finding.endswith("; one trial, 42 people.")
    assert "k = 1" in result.certainty[0]
    assert "Nothing was pooled" in result.certainty[0]


def test_two_trials_are_told_with_all_three_intervals_and_no_verdict() -> None:
    result = result_of(trials(CLEAR[:2]))
    assert result.finding.endswith("; two trials, 84 people.")
    for words in ("Hartung-Knapp", "Wald", "Bayes"):
        assert words in result.finding
    assert result.finding.count(" to ") == 2 + 3
    assert not DIFFERENCE.search(result.finding)
    assert "lower" not in result.finding
    assert any(line.startswith("k = 2") for line in result.certainty)


def test_two_groups_of_one_trial_are_no_two_trials() -> None:
    result = result_of(trials(CLEAR[:2])).model_copy(update={"trials": 1})
    assert "in the two groups; their mean" in finding(result)
    assert any(line.startswith("k = 2: the difference between groups") for line in limits(result))


@pytest.mark.parametrize(("k", "words"), [(3, "three trials"), (5, "5 trials")])
def test_more_trials_come_with_a_prediction_interval(k: int, words: str) -> None:
    result = result_of(trials(FIVE[:k]))
    assert f"; {words}, {42 * k} people." in result.finding
    assert "prediction interval" in result.certainty[0]


@settings(max_examples=40)
@given(
    st.lists(
        st.tuples(st.floats(-5, 5), st.floats(0.2, 3)),
        min_size=1,
        max_size=4,
    )
)
def test_an_interval_with_the_null_is_called_neither_difference_nor_equality(
    pairs: list[tuple[float, float]],
) -> None:
    result = result_of(trials(tuple(pairs)))
    assert result.main is not None
    low, high, said = result.main.ci_low, result.main.ci_high, result.finding
    if result.k == 2:
        assert not re.search("lower|higher", said)
    elif low <= 0 <= high:
        assert not DIFFERENCE.search(said)
        assert "the interval reaches from lower to higher" in said
    else:
        assert f": {'lower' if high < 0 else 'higher'} with" in said
    for word in ("no difference", "no effect", "significant", "equal", "same"):
        assert word not in said


@pytest.mark.parametrize(
    ("estimate", "words"),
    [(0.5, "less frequent with"), (2.0, "more frequent with"), (1.01, "reaches from less")],
)
def test_events_are_more_or_less_frequent(estimate: float, words: str) -> None:
    one = trial("e-2001", estimate, 1.2, measure="RR", word="cv_event", unit="count")
    result = result_of([one], measure="RR", outcomes=("cv_event",))
    assert words in result.finding
    assert f"risk ratio {estimate:.2f} (95 % CI {estimate / 1.2:.2f} to" in result.finding


def test_a_change_within_an_arm_is_not_told_as_a_comparison() -> None:
    from helpers import contrast, outcome, study

    change = contrast(versus="baseline", measure="MD", estimate=-4, se=1)
    one = study(outcome({"a": {"n": 20}}, [change]), id="w-2001")
    result = result_of([one], contrast="within", control=())
    assert result.k == 1
    assert "lower after an aromatase inhibitor than before it" in result.finding
    assert "than with" not in result.finding
    assert favours(result) == ("lower after treatment", "higher after treatment")


@pytest.mark.parametrize(
    ("better", "ends"),
    [
        ("higher", ("favours placebo or no treatment", "favours aromatase inhibitor")),
        ("lower", ("favours aromatase inhibitor", "favours placebo or no treatment")),
        ("neither", ("lower with aromatase inhibitor", "higher with aromatase inhibitor")),
    ],
)
def test_words_under_the_axis_follow_the_direction_that_is_better(
    better: str, ends: tuple[str, str]
) -> None:
    assert favours(result_of(trials(THREE), known=terms(better))) == ends


def test_numbers_carry_unit_minus_sign_and_level() -> None:
    result = result_of(trials(CLEAR), level=0.9)
    assert (
        f"mean difference {MINUS}2.99 pg/mL (90 % CI {MINUS}3.62 to {MINUS}2.35)" in result.finding
    )


def test_weak_sources_are_told_with_their_weight() -> None:
    studies = [*trials(CLEAR), trial("s-2009", -3.0, 0.4, read="secondary_source")]
    result = result_of(studies)
    weight = sum(x.weight for x in result.effects if x.read == "secondary_source")
    assert any(line.startswith(f"{weight:.0f} % of the weight") for line in result.certainty)
    told = next(x for x in result.certainty if x.startswith("What was read: "))
    assert "(three trials)" in told
    assert "a secondary source only (one trial)" in told


def test_trials_told_of_in_part_are_named_beside_the_pooled_answer() -> None:
    result = result_of([*trials(CLEAR), part("said-2010", direction="decrease")])
    line = next(x for x in result.certainty if "only in part" in x)
    assert line.startswith("One trial reported")
    assert "Said 2010" in line or "Doe 2010" in line
    assert "1 states a decrease" in line


def test_an_indirect_question_says_so_first() -> None:
    result = result_of(trials(CLEAR), indirect="the trials are in others.")
    assert result.certainty[0] == "Indirect: the trials are in others."


def test_choices_that_turn_the_answer_are_named() -> None:
    turned = result_of(trials(THREE))
    assert turned.main is not None
    assert turned.main.ci_low < 0 < turned.main.ci_high
    line = next(x for x in turned.certainty if "other choices" in x)
    apart = {x.choice for x in turned.sensitivity if x.ci_high is not None and x.ci_high < 0}
    assert apart
    named = set(line.rstrip(".").split("other choices: ")[1].split("; "))
    assert named == apart
    assert line.startswith("The interval includes no difference; it excludes it in")
    steady = result_of(trials(((-3.0, 0.1), (-3.2, 0.1), (-2.9, 0.1))))
    line = next(x for x in steady.certainty if "other choices" in x)
    assert line == (
        f"The interval excludes no difference, as in all {len(steady.sensitivity)} other choices."
    )


@pytest.mark.parametrize(
    ("kind", "unit", "words"),
    [
        ("minimal_important_difference", "pg/mL", "smallest difference that matters: 5 pg/mL"),
        ("stand_in", "pg/mL", "no minimal important difference"),
        ("stand_in", "pmol/L", None),
    ],
)
def test_a_size_is_judged_only_by_what_was_seen_and_fits(
    kind: str, unit: str, words: str | None
) -> None:
    mark = {"kind": kind, "value": 5, "unit": unit, "meaning": "m", "source": "s"}
    said = " ".join(limits(result_of(trials(CLEAR), known=terms(smallest_difference=mark))))
    assert "No page that states" not in said
    assert ("(m; s)" in said) == (words is not None)
    assert words is None or words in said


def test_drugs_and_classes_are_named_as_readers_name_them() -> None:
    assert list_words(("control",), terms()) == "placebo or no treatment"
    assert list_words(("anastrozole", "tamoxifen"), terms()) == "Anastrozole or Tamoxifen"
    assert list_words(("serm", "serm"), terms()).count("tamoxifen") == 1
