"""Absolute effects: formulas by hand, and the comparator's figures from the trials."""

import pytest
from helpers import contrast, outcome, study
from hypothesis import given
from hypothesis import strategies as st
from samples import answered

from evidence.errors import EffectError
from evidence.rating.certainty.absolute import absolute_risk, comparator_means, comparator_risk

ARMS = {"a": {"events": 5, "total": 50}, "p": {"events": 10, "total": 50}}


def counted(name: str, arms: dict[str, dict[str, float]], weeks: float | None = 12) -> object:
    return study(outcome(arms, word="cv_event", unit="count", type="binary", weeks=weeks), id=name)


def test_by_hand() -> None:
    found = absolute_risk(0.2, "OR", 0.5, 0.25, 1.0)
    assert found.treatment == pytest.approx((1000 / 9, 1000 * 0.05 / 0.85, 200))
    assert found.difference == pytest.approx((1000 / 9 - 200, 1000 * 0.05 / 0.85 - 200, 0))
    assert absolute_risk(0.2, "HR", 2, 1, 3).treatment == pytest.approx((360, 200, 488))
    assert not found.capped


def test_a_risk_above_one_is_capped_and_says_so() -> None:
    found = absolute_risk(0.6, "RR", 1.5, 1.0, 3.0)
    assert found.capped
    assert found.treatment == pytest.approx((900, 600, 1000))


@given(
    st.floats(0, 1, exclude_min=True, exclude_max=True),
    st.sampled_from(["RR", "OR", "HR"]),
    st.floats(1e-3, 1e3),
)
def test_no_effect_changes_nothing_and_risks_stay_risks(p: float, measure: str, r: float) -> None:
    same = absolute_risk(p, measure, 1.0, 1.0, 1.0)
    assert same.difference == pytest.approx((0, 0, 0), abs=1e-9)
    found = absolute_risk(p, measure, r, r, r)
    assert 0 <= found.treatment[0] <= 1000 + 1e-9
    assert (found.difference[0] <= 1e-9) or r > 1


@pytest.mark.parametrize(
    ("given_", "match"),
    [
        ((0.1, "MD", 1, 1, 1), "measure: 'MD'; one of RR, OR, HR"),
        ((1.1, "RR", 1, 1, 1), "comparator_risk: 1.1"),
        ((0.0, "RR", 1, 1, 1), "comparator_risk: 0.0; above 0 and below 1"),
        ((1.0, "HR", 1, 1, 1), "comparator_risk: 1.0; above 0 and below 1"),
        ((0.1, "RR", 0, 1, 1), "estimate: 0; a ratio, above 0"),
        ((0.1, "RR", 1, float("nan"), 1), "low: nan"),
    ],
)
def test_what_is_refused(given_: tuple[float, str, float, float, float], match: str) -> None:
    with pytest.raises(EffectError, match=match):
        absolute_risk(*given_)


def test_the_comparators_risk_is_the_median_with_its_trials() -> None:
    trials = [
        counted("t-2001", ARMS),
        counted("t-2002", {"a": {"events": 1, "total": 10}, "p": {"events": 3, "total": 10}}, None),
        counted("t-2003", {"a": {"events": 2, "total": 90}, "p": {"events": 9, "total": 90}}),
    ]
    rows = answered(trials, measure="RR", outcomes=("cv_event",)).table.rows
    found = comparator_risk(rows, trials)
    assert found is not None
    assert (found.median, found.lowest, found.highest) == (0.2, 0.1, 0.3)
    assert found.source == (
        "median of the comparator arms of 3 trials: Doe 2001 10/50 at 12 weeks; Doe 2002 3/10; "
        "Doe 2003 9/90 at 12 weeks"
    )
    one = comparator_risk(rows, trials[:1])
    assert one is not None
    assert one.source == "the comparator arm: Doe 2001 10/50 at 12 weeks; 2 more printed none"
    assert comparator_risk(rows, []) is None


@pytest.mark.parametrize(
    ("risks", "why"),
    [
        ([0], "no event in the comparator arm"),
        ([0, 0], "no event in the comparator arms"),
        ([0, 0, 5], "no event in the middle one of the comparator arms"),
        ([50], "an event in everyone of the comparator arm"),
        ([0, 5], ""),
    ],
)
def test_a_comparator_without_events_or_with_nothing_else_says_why(
    risks: list[int], why: str
) -> None:
    trials = [
        counted(f"t-200{i}", {"a": {"events": 5, "total": 50}, "p": {"events": n, "total": 50}})
        for i, n in enumerate(risks)
    ]
    found = comparator_risk(
        answered(trials, measure="RR", outcomes=("cv_event",)).table.rows, trials
    )
    assert found is not None
    told = f"{why}: no absolute difference follows from a ratio" if why else ""
    assert found.unusable == told


def test_the_comparators_mean_is_the_final_value_else_the_change() -> None:
    told = [contrast(measure="MD", estimate=-1, se=1)]

    def one(name: str, **summaries: dict[str, float]) -> object:
        return study(outcome({"a": {"n": 9}, "p": {"n": 9, **summaries}}, told), id=name)

    trials = [
        one("t-2001", final={"mean": 20.0}, change={"mean": 1.0}),
        one("t-2002", change={"centre": 2.0}),
        one("t-2003", change_percent={"mean": 3.0}),
        one("t-2004", final={"median": 20.0}),
    ]
    found = comparator_means(answered(trials).table.rows, trials)
    assert [(m.label, m.part, m.value, m.unit) for m in found] == [
        ("Doe 2001", "final", 20.0, "pg/mL"),
        ("Doe 2002", "change", 2.0, "pg/mL"),
        ("Doe 2003", "change_percent", 3.0, "%"),
    ]
