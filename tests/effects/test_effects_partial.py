"""What was reported only in part: one test a kind, with the bounds that follow from a P."""

import math
from typing import Any

import pytest
from helpers import assume, contrast, outcome, study, summary, table
from scipy import stats

from evidence.effects.partial import KINDS

MEANS = {"a": {"final": summary(10.0)}, "p": {"final": summary(20.0)}}
SIZED = {"a": {"n": 8, "final": summary(10.0)}, "p": {"n": 9, "final": summary(20.0)}}
UNCLEAR = {"arm": "a", "versus": "not_stated", "kind": "not_stated"}


def part(arms: dict[str, Any] | None, *contrasts: Any, **asked: Any) -> Any:
    found = table(study(outcome(arms, list(contrasts))), **asked)
    assert (found.k, len(found.partial), found.considered) == (0, 1, 1)
    return found.partial.iloc[0]


BELOW, ABOVE, NS = (
    {"relation": "<", "value": 0.01},
    {"relation": ">", "value": 0.05},
    {"relation": "ns"},
)
CASES = [
    ("estimate_with_bounded_p", MEANS, [contrast(p=BELOW)]),
    ("estimate_with_bounded_p", MEANS, [contrast(p=ABOVE)]),
    ("estimate_not_significant", MEANS, [contrast(p=NS)]),
    ("estimate_with_unlabelled_spread",
     {"a": {"final": summary(10.0, spread=4.0)}, "p": {"final": summary(20.0, spread=5.0)}}, []),
    ("estimate_alone", MEANS, []),
    ("medians", {"a": {"final": {"median": 10.0}}, "p": {"final": {"median": 20.0}}}, []),
    ("unnamed_centre", {"a": {"final": {"centre": 10.0}}, "p": {"final": {"centre": 20.0}}}, []),
    ("one_arm", {"a": {"n": 8, "final": summary(10.0, sd=4.0)}}, []),
    ("direction_with_p", None, [contrast(direction="decrease", p=BELOW)]),
    ("not_significant", None, [contrast(p=NS)]),
    ("direction", None, [contrast(direction="decrease")]),
    ("direction", {"a": {"direction": "decrease"}}, []),
    ("p_alone", None, [contrast(p=BELOW)]),
    ("other_unit", {"a": {"change_percent": summary(-5.0, se=1.0)},
                    "p": {"change_percent": summary(-2.0, se=1.0)}}, []),
    ("other_arms", None, [UNCLEAR | {"p": BELOW}]),
]  # fmt: skip


WITHIN = [("one_time", {"a": {"n": 8, "final": summary(10.0, sd=4.0)}}, [])]


@pytest.mark.parametrize(("kind", "arms", "contrasts"), WITHIN)
def test_kinds_of_changes_within_an_arm(kind: str, arms: Any, contrasts: list[Any]) -> None:
    assert part(arms, *contrasts, contrast="within", control=())["kind"] == kind


def test_another_arm_says_nothing_of_a_change_within_this_one() -> None:
    found = table(study(outcome({"p": {"final": summary(9.0)}})), contrast="within", control=())
    assert (len(found.partial), len(found.unused)) == (0, 1)


@pytest.mark.parametrize(("kind", "arms", "contrasts"), CASES)
def test_kinds(kind: str, arms: Any, contrasts: list[Any]) -> None:
    assert part(arms, *contrasts)["kind"] == kind


def test_a_figure_named_neither_mean_nor_median_is_a_mean_only_where_declared() -> None:
    arms = {"a": {"final": {"centre": 10.0}}, "p": {"final": {"centre": 20.0}}}
    exact = contrast(p={"relation": "=", "value": 0.01})
    asked = study(outcome(arms, [exact]))
    assert table(asked).k == 0
    assert table(asked, assumptions=(assume("unnamed_centre", "median"),)).k == 0
    read = table(asked, assumptions=(assume("unnamed_centre", "mean"),))
    assert read.rows["estimate"].tolist() == [-10.0]
    assert read.assumptions_used == ("unnamed_centre",)


def test_direction_is_told_apart_from_what_figures_show() -> None:
    stated = part(None, contrast(direction="decrease"))
    assert (stated["direction"], stated["direction_from"]) == ("decrease", "stated")
    shown = part(MEANS)
    assert (shown["direction"], shown["direction_from"]) == ("decrease", "figures")
    # "No significant change" is a statement on the test.
    silent = part(None, contrast(direction="no_change", p=NS))
    assert (silent["direction"], silent["kind"]) == (None, "not_significant")


def test_every_kind_is_tested() -> None:
    elsewhere = {"range_of_estimates", "other_association", "compared_groups"}  # associations
    assert {kind for kind, *_ in [*CASES, *WITHIN]} == set(KINDS) - elsewhere


def test_nothing_said_is_unused_not_partial() -> None:
    found = table(study(outcome()))
    assert (found.k, len(found.partial), len(found.unused)) == (0, 0, 1)
    assert "no figure, P or direction was printed" in found.unused["reason"].iloc[0]


def test_a_p_below_a_bound_bounds_the_error_from_above() -> None:
    row = part(MEANS, contrast(p=BELOW))
    assert row["estimate"] == -10.0
    assert row["se_low"] is None
    assert row["se_high"] == pytest.approx(10 / stats.norm.isf(0.005))
    assert (row["p_relation"], row["p_value"], row["direction"]) == ("<", 0.01, "decrease")


@pytest.mark.parametrize(("p", "level"), [(ABOVE, 0.05), (NS, 0.05), (ABOVE | {"value": 0.2}, 0.2)])
def test_a_p_above_a_bound_bounds_the_error_from_below(p: Any, level: float) -> None:
    row = part(MEANS, contrast(p=p))
    assert row["se_high"] is None
    assert row["se_low"] == pytest.approx(10 / stats.norm.isf(level / 2))


def test_the_bounds_hold_whether_the_test_was_t_or_normal() -> None:
    """With sizes printed: the lower bound is that of t, the upper that of the normal."""
    above, below = part(SIZED, contrast(p=NS)), part(SIZED, contrast(p=BELOW))
    assert above["se_low"] == pytest.approx(10 / stats.t.isf(0.025, 15))
    assert above["se_low"] < 10 / stats.norm.isf(0.025)
    assert below["se_high"] == pytest.approx(10 / stats.norm.isf(0.005))
    assert below["se_high"] > 10 / stats.t.isf(0.005, 15)


@pytest.mark.parametrize("seed", range(20))
def test_the_bounds_hold_for_simulated_trials(seed: int) -> None:
    import numpy as np

    rng = np.random.default_rng(seed)
    first, second = rng.normal(0, 1, 6), rng.normal(1, 1, 7)
    p = stats.ttest_ind(first, second).pvalue
    df = 11
    apart = float(first.mean() - second.mean())
    se = abs(apart) / stats.t.isf(p / 2, df)
    arms = {"a": {"n": 6, "final": summary(float(first.mean()))},
            "p": {"n": 7, "final": summary(float(second.mean()))}}  # fmt: skip
    told = {"relation": "<", "value": 0.05} if p < 0.05 else {"relation": "ns"}
    row = part(arms, contrast(p=told))
    assert row["se_low"] is None or row["se_low"] <= se
    assert row["se_high"] is None or se <= row["se_high"]
    assert (row["se_low"] is None) != (row["se_high"] is None)


def test_bounds_are_in_the_unit_that_was_asked_for() -> None:
    row = part(MEANS, contrast(p=BELOW), unit="pmol/L")
    factor = 1000 / 272.38
    assert row["estimate"] == pytest.approx(-10 * factor)
    assert row["se_high"] == pytest.approx(10 * factor / stats.norm.isf(0.005))


def test_bounds_of_a_ratio_are_on_the_log_scale() -> None:
    row = part(MEANS, contrast(p=BELOW), measure="ROM")
    assert row["estimate"] == pytest.approx(math.log(0.5))
    assert row["se_high"] == pytest.approx(math.log(2) / stats.norm.isf(0.005))


def test_the_p_of_another_measure_bounds_nothing() -> None:
    row = part(MEANS, contrast(measure="HR", estimate=0.5, p=BELOW))
    assert row[["se_low", "se_high"]].isna().all()
    assert row["kind"] == "estimate_alone"


def test_a_direction_the_other_way_round_is_turned() -> None:
    row = part(None, contrast("p", "a", direction="increase", p=BELOW))
    assert row["direction"] == "decrease"
    assert part(None, contrast("p", "a", direction="no_change"))["direction"] == "no_change"


def test_a_published_estimate_the_other_way_round_is_turned() -> None:
    row = part(None, contrast("p", "a", measure="MD", estimate=9.0, p=BELOW))
    assert (row["estimate"], row["direction"]) == (-9.0, "decrease")


@pytest.mark.parametrize(
    ("arms", "contrasts", "said"),
    [
        (MEANS, [contrast(p=BELOW)],
         "a: final mean 10 pg/mL; p: final mean 20 pg/mL; between arms: P < 0.01"),
        (None, [contrast(direction="no_change", p=NS)], "between arms: no change, not significant"),
        (None, [UNCLEAR | {"p": BELOW}], "a: P < 0.01 (against what is not said)"),
        ({"a": {"change_percent": {"median": -40.0}}}, [], "a: change percent median −40 %"),
        ({"a": {"final": summary(1.0, spread=2.0)}}, [], "a: final mean 1 (± 2) pg/mL"),
    ],
)  # fmt: skip
def test_what_was_said_is_said_again(arms: Any, contrasts: list[Any], said: str) -> None:
    assert part(arms, *contrasts)["said"] == said
