"""Which way is taken from what was printed, and the number that it leads to."""

import math
from typing import Any

import pytest
from helpers import assume, contrast, only, outcome, study, summary, table
from scipy import stats

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


def test_published_estimate_with_interval_comes_first() -> None:
    told = contrast(measure="MD", estimate=-9.0, ci=[-12.0, -6.0], p=P_EXACT)
    estimate, se, route = only(one({"a": A, "p": P}, told))
    assert route == "published estimate with interval"
    assert estimate == -9.0
    # The sizes were printed, so that the interval is one of a t test with 43 degrees.
    assert se == pytest.approx(3 / stats.t.isf(0.025, 43))


def test_an_interval_without_sizes_is_a_normal_one() -> None:
    told = contrast(measure="MD", estimate=-9.0, ci=[-12.0, -6.0])
    assert only(one(None, told))[1] == pytest.approx(3 / Z)


def test_the_level_of_an_interval_that_is_printed_is_taken() -> None:
    told = contrast(measure="MD", estimate=-9.0, ci=[-12.0, -6.0], ci_level=0.9)
    assert only(one(None, told))[1] == pytest.approx(3 / stats.norm.isf(0.05))


def test_published_estimate_with_standard_error() -> None:
    told = contrast(measure="MD", estimate=-9.0, se=1.5, p=P_EXACT)
    assert only(one(None, told)) == (-9.0, 1.5, "published estimate with standard error")


def test_published_estimate_with_exact_p() -> None:
    told = contrast(measure="MD", estimate=-9.0, p=P_EXACT)
    estimate, se, route = only(one(None, told))
    assert (estimate, route) == (-9.0, "published estimate with exact P")
    assert se == pytest.approx(9 / stats.norm.isf(0.005))


def test_a_published_estimate_without_an_error_gives_way_to_the_arms() -> None:
    told = contrast(measure="MD", estimate=-9.0)
    assert only(one({"a": A, "p": P}, told))[2] == "two arms: means and spreads of final values"


def test_arms_with_spreads_come_before_the_exact_p() -> None:
    estimate, se, route = only(one({"a": A, "p": P}, contrast(p=P_EXACT)))
    assert route == "two arms: means and spreads of final values"
    assert (estimate, se) == (-10.0, pytest.approx(SE_AP))


def test_events_come_before_nothing() -> None:
    arms = {"a": {"events": 5, "total": 50}, "p": {"events": 9, "total": 60}}
    told = study(outcome(arms, word="cv_event", unit="count"))
    estimate, se, route = only(table(told, outcomes=("cv_event",), measure="RR"))
    assert route == "two arms: events"
    assert estimate == pytest.approx(math.log((5 / 50) / (9 / 60)))
    assert se == pytest.approx(math.sqrt(1 / 5 - 1 / 50 + 1 / 9 - 1 / 60))


def test_means_with_an_exact_p_come_last() -> None:
    estimate, se, route = only(one({"a": NO_SIZE_A, "p": NO_SIZE_P}, contrast(p=P_EXACT)))
    assert route == "means with exact P"
    assert (estimate, se) == (-10.0, pytest.approx(10 / stats.norm.isf(0.005)))


def test_means_with_an_exact_p_and_sizes_by_t() -> None:
    arms = {"a": {"n": 8, **NO_SIZE_A}, "p": {"n": 9, **NO_SIZE_P}}
    assert only(one(arms, contrast(p=P_EXACT)))[1] == pytest.approx(10 / stats.t.isf(0.005, 15))


@pytest.mark.parametrize("p", [P_BOUND, {"relation": ">", "value": 0.05}, {"relation": "ns"},
                               {"relation": "=", "value": 1.0}])  # fmt: skip
@pytest.mark.parametrize("measure", ["MD", None])
def test_a_bound_never_becomes_a_standard_error(p: Any, measure: str | None) -> None:
    published = {} if measure is None else {"measure": measure, "estimate": -10.0}
    found = one({"a": NO_SIZE_A, "p": NO_SIZE_P}, contrast(p=p, **published))
    assert (found.k, len(found.partial)) == (0, 1)


@pytest.mark.parametrize("relation", ["<", ">", "="])
def test_no_change_at_all_has_no_standard_error_from_p(relation: str) -> None:
    told = contrast(measure="MD", estimate=0.0, p={"relation": relation, "value": 0.9})
    found = one(None, told)
    assert found.k == 0
    assert found.partial["kind"].tolist()[0].startswith("estimate")
    assert found.partial[["se_low", "se_high"]].isna().all(axis=None)


def test_a_contrast_the_other_way_round_is_turned() -> None:
    told = contrast("p", "a", measure="MD", estimate=9.0, ci=[6.0, 12.0])
    straight = contrast(measure="MD", estimate=-9.0, ci=[-12.0, -6.0])
    assert only(one(None, told)) == only(one(None, straight))


def test_a_ratio_the_other_way_round_is_turned() -> None:
    told = contrast("p", "a", measure="RR", estimate=2.0, ci=[1.0, 4.0])
    found = table(study(outcome(None, [told], word="cv_event", unit="count")),
                  outcomes=("cv_event",), measure="RR")  # fmt: skip
    estimate, se, _ = only(found)
    assert estimate == pytest.approx(-math.log(2))
    assert se == pytest.approx(math.log(4) / (2 * Z))


def test_the_p_of_another_measure_is_not_taken() -> None:
    other = contrast(measure="HR", estimate=0.5, p=P_EXACT)
    found = one({"a": NO_SIZE_A, "p": NO_SIZE_P}, other)
    assert found.k == 0
    both = one(
        None, other, contrast(measure="MD", estimate=-9.0, p={"relation": "=", "value": 0.2})
    )
    assert only(both)[1] == pytest.approx(9 / stats.norm.isf(0.1))


def test_its_own_p_comes_before_that_of_a_contrast_without_estimate() -> None:
    bare = contrast(p={"relation": "=", "value": 0.5})
    own = contrast(measure="MD", estimate=-9.0, p=P_EXACT)
    assert only(one(None, bare, own))[1] == pytest.approx(9 / stats.norm.isf(0.005))


def test_the_p_of_a_ratio_is_one_of_the_normal_whatever_the_sizes() -> None:
    told = contrast(measure="RR", estimate=0.5, p=P_EXACT)
    arms = {"a": {"total": 8}, "p": {"total": 9}}
    found = table(study(outcome(arms, [told], word="cv_event", unit="count")),
                  outcomes=("cv_event",), measure="RR")  # fmt: skip
    assert only(found)[1] == pytest.approx(math.log(2) / stats.norm.isf(0.005))


@pytest.mark.parametrize("measure", ["RR", "OR", "HR"])
def test_no_ratio_stands_in_for_another(measure: str) -> None:
    told = contrast(measure=measure, estimate=0.5, ci=[0.25, 1.0])
    made = study(outcome(None, [told], word="cv_event", unit="count"))
    for asked in ("RR", "OR", "HR"):
        assert table(made, outcomes=("cv_event",), measure=asked).k == (asked == measure)


def test_a_p_against_what_is_not_said_is_not_taken() -> None:
    unclear = {"arm": "a", "versus": "not_stated", "kind": "not_stated", "p": P_EXACT}
    assert one({"a": NO_SIZE_A, "p": NO_SIZE_P}, unclear).k == 0


# --- spreads ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("spread", "se"),
    [
        ({"sd": 4.0}, 4 / math.sqrt(20)),
        ({"se": 0.7}, 0.7),
        ({"se": 0.7, "sd": 4.0}, 0.7),
        ({"ci95": [8.0, 12.0]}, 2 / stats.t.isf(0.025, 19)),
    ],
)
def test_the_standard_error_of_a_mean(spread: dict[str, Any], se: float) -> None:
    arms = {"a": {"n": 20, "final": summary(10.0, **spread)}, "p": P}
    assert only(one(arms))[1] == pytest.approx(math.hypot(se, 1.0))


@pytest.mark.parametrize("spread", [{"iqr": [8.0, 12.0]}, {"range": [2.0, 30.0]}])
def test_a_quartile_or_a_range_is_no_standard_error(spread: dict[str, Any]) -> None:
    assert one({"a": {"n": 20, "final": summary(10.0, **spread)}, "p": P}).k == 0


def test_the_number_randomised_never_stands_in_for_the_number_analysed() -> None:
    arms = [{"id": "a", "drug": "anastrozole", "n": 20}, {"id": "p", "drug": "placebo", "n": 25}]
    told = outcome({"a": {"final": A["final"]}, "p": {"final": P["final"]}})
    found = table(study(told, arms=arms, n_randomised=45))
    assert found.k == 0
    assert found.partial["n_treatment"].tolist() == [None]
    events = outcome({"a": {"events": 3}, "p": {"events": 5}}, word="cv_event", unit="count")
    assert table(study(events, arms=arms), outcomes=("cv_event",), measure="RR").k == 0


@pytest.mark.parametrize(
    ("reading", "se"), [("se", math.hypot(4, 5)), ("sd", math.hypot(4 / math.sqrt(20), 1.0))]
)
def test_an_unlabelled_spread_serves_only_as_declared(reading: str, se: float) -> None:
    arms = {"a": {"n": 20, "final": summary(10.0, spread=4.0)},
            "p": {"n": 25, "final": summary(20.0, spread=5.0)}}  # fmt: skip
    silent = one(arms)
    assert silent.k == 0
    assert silent.partial["kind"].tolist() == ["estimate_with_unlabelled_spread"]
    found = one(arms, assumptions=(assume("unlabelled_spread", reading),))
    assert only(found)[1] == pytest.approx(se)
    assert found.assumptions_used == ("unlabelled_spread",)


def test_an_assumption_that_no_row_leans_on_is_not_called_used() -> None:
    arms = {"a": A | {"baseline": summary(11.0, spread=3.0)}, "p": P}
    found = one(
        arms,
        assumptions=(
            assume("unlabelled_spread", "sd"),
            assume("baseline_final_correlation", 0.5),
            assume("percent_to_count", "nearest"),
        ),
    )
    assert found.k == 1
    assert found.assumptions_used == ()


# --- change, final, percent ---------------------------------------------------------------------


def test_a_printed_change_comes_before_final_values() -> None:
    arms = {
        "a": A | {"change": summary(-5.0, sd=2.0)},
        "p": P | {"change": summary(1.0, sd=2.5)},
    }
    estimate, se, route = only(one(arms))
    assert route == "two arms: means and spreads of changes"
    assert (estimate, se) == (-6.0, pytest.approx(math.hypot(2 / math.sqrt(20), 0.5)))


def test_a_change_is_never_set_against_a_final_value() -> None:
    arms = {"a": {"n": 20, "change": summary(-5.0, sd=2.0)}, "p": P}
    found = one(arms)
    assert found.k == 0
    assert found.partial["estimate"].isna().all()


def test_final_values_become_changes_with_a_declared_correlation() -> None:
    arms = {
        "a": A | {"baseline": summary(18.0, sd=6.0)},
        "p": P | {"baseline": summary(19.0, sd=5.0)},
    }
    plain = only(one(arms))
    assert plain == (-10.0, pytest.approx(SE_AP), "two arms: means and spreads of final values")
    found = one(arms, assumptions=(assume("baseline_final_correlation", 0.6),))
    estimate, se, route = only(found)
    assert route == "two arms: means and spreads of changes formed with an assumed correlation"
    assert found.rows["notes"].tolist() == [""]
    assert found.assumptions_used == ("baseline_final_correlation",)
    assert estimate == pytest.approx((10 - 18) - (20 - 19))
    first = (16 + 36 - 2 * 0.6 * 4 * 6) / 20
    assert se == pytest.approx(math.sqrt(first + (25 + 25 - 2 * 0.6 * 25) / 25))


@pytest.mark.parametrize("unit", ["%", "percentage points"])
def test_percent_and_absolute_changes_are_never_mixed(unit: str) -> None:
    arms = {
        "a": {"n": 20, "change": summary(-0.02, sd=0.01), "change_percent": summary(-3.0, sd=2.0)},
        "p": {"n": 25, "change": summary(0.01, sd=0.01), "change_percent": summary(-1.0, sd=2.0)},
    }
    told = study(outcome(arms, word="spine_bmd", unit="g/cm2"))
    asked = {"outcomes": ("spine_bmd",)}
    assert only(table(told, **asked, unit="g/cm2"))[0] == pytest.approx(-0.03)
    assert only(table(told, **asked, unit="mg/cm2"))[0] == pytest.approx(-30.0)
    estimate, se, route = only(table(told, **asked, unit=unit))
    assert (estimate, route) == (-2.0, "two arms: means and spreads of percent changes")
    assert se == pytest.approx(math.hypot(2 / math.sqrt(20), 0.4))


@pytest.mark.parametrize("only_part", ["change", "change_percent"])
def test_where_only_the_other_kind_of_change_was_printed_there_is_no_estimate(
    only_part: str,
) -> None:
    arms = {"a": {"n": 20, only_part: summary(-3.0, sd=2.0)},
            "p": {"n": 25, only_part: summary(-1.0, sd=2.0)}}  # fmt: skip
    unit = "percentage points" if only_part == "change" else "g/cm2"
    told = study(outcome(arms, word="spine_bmd", unit="g/cm2"))
    found = table(told, outcomes=("spine_bmd",), unit=unit)
    assert found.k == 0
    assert found.partial["kind"].tolist() == ["other_unit"]
    assert found.partial["estimate"].isna().all()


def test_a_published_difference_in_another_unit_does_not_hide_percent_changes() -> None:
    arms = {"a": {"change_percent": summary(-3.0)}, "p": {"change_percent": summary(-1.0)}}
    told = contrast(measure="MD", estimate=-0.03)
    found = table(study(outcome(arms, [told], word="spine_bmd", unit="g/cm2")),
                  outcomes=("spine_bmd",), unit="percentage points")  # fmt: skip
    assert found.partial["estimate"].tolist() == [-2.0]


# --- units --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("word", "mass", "amount", "factor"),
    [
        ("estradiol", "pg/mL", "pmol/L", 1000 / 272.38),
        ("testosterone", "ng/dL", "nmol/L", 10 / 288.42),
        ("ldl", "mg/dL", "mmol/L", 10 / 386.65),
    ],
)
def test_mass_and_amount_there_and_back(word: str, mass: str, amount: str, factor: float) -> None:
    def asked(printed: str, wanted: str, scale: float) -> tuple[float, float, str]:
        arms = {"a": {"n": 20, "final": summary(10.0 * scale, sd=4.0 * scale)},
                "p": {"n": 25, "final": summary(20.0 * scale, sd=5.0 * scale)}}  # fmt: skip
        return only(
            table(study(outcome(arms, word=word, unit=printed)), outcomes=(word,), unit=wanted)
        )

    for found in (asked(mass, amount, 1.0), asked(amount, amount, factor)):
        assert found[:2] == pytest.approx((-10.0 * factor, SE_AP * factor))
    for found in (asked(amount, mass, factor), asked(mass, mass, 1.0)):
        assert found[:2] == pytest.approx((-10.0, SE_AP))


def test_units_that_no_rule_joins() -> None:
    found = one({"a": A, "p": P}, unit="g/cm2")
    assert found.k == 0
    assert found.partial["kind"].tolist() == ["other_unit"]


def test_a_ratio_of_means_needs_no_unit() -> None:
    found = only(one({"a": A, "p": P}, measure="ROM"))
    assert found[0] == pytest.approx(math.log(0.5))
    assert found[1] == pytest.approx(math.hypot(4 / math.sqrt(20) / 10, 1 / 20))


@pytest.mark.parametrize(
    ("measure", "estimate", "log"),
    [
        ("ratio", 0.5, math.log(0.5)),
        ("fold_change", 2.0, math.log(2)),
        ("percent_difference", -20.0, math.log(0.8)),
    ],
)
def test_published_ratios_of_means(measure: str, estimate: float, log: float) -> None:
    told = contrast(measure=measure, estimate=estimate, p=P_EXACT)
    found = only(one(None, told, measure="ROM"))
    assert found[:2] == pytest.approx((log, abs(log) / stats.norm.isf(0.005)))


def test_percent_changes_with_an_exact_p_as_a_ratio() -> None:
    arms = {"a": {"change_percent": summary(-50.0)}, "p": {"change_percent": summary(-20.0)}}
    found = only(one(arms, contrast(p=P_EXACT), measure="ROM"))
    assert found[0] == pytest.approx(math.log(0.5 / 0.8))


def test_a_ratio_of_means_of_which_one_is_negative_is_told_not_made() -> None:
    arms = {"a": {"n": 20, "final": summary(-1.0, sd=4.0)}, "p": P}
    found = one(arms, measure="ROM")
    assert (found.k, len(found.partial), len(found.unused)) == (0, 0, 1)
    assert "log_ratio: gives no number for first = -1" in found.unused["reason"].iloc[0]
