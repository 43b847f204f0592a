"""Levels of single arms: which figures serve, whose they are, and what never mixes with them."""

import math
from typing import Any

import pytest
from helpers import DATA, assume, contrast, only, outcome, recomputed, study, summary, table
from scipy import stats

from evidence.catalog.question import Assumption, Question, Window
from evidence.catalog.read import load_studies, load_terms
from evidence.effects.assemble import effect_table

ASKED: dict[str, Any] = {
    "contrast": "level", "measure": "MN", "unit": "pg/mL", "treatment": ("anastrozole",),
    "control": (), "designs": ("parallel_rct", "cohort", "single_arm", "crossover_rct"),
}  # fmt: skip
A = {"n": 12, "baseline": summary(26.0, sd=8.0), "final": summary(17.0, sd=6.0)}
B = {"n": 11, "baseline": summary(27.0, sd=8.0), "final": summary(17.0, sd=5.0)}


def found(*studies: Any, **changes: Any) -> Any:
    return table(*studies, **(ASKED | changes))


def test_the_final_mean_of_an_arm() -> None:
    # metafor: escalc(measure="MN", mi=17, sdi=6, ni=12)
    made = found(study(outcome({"a": A, "p": B})))
    assert only(made) == (17.0, pytest.approx(3.0**0.5), "one arm: mean and spread of final values")
    assert made.rows.index.tolist() == ["s/o/a"]
    assert made.rows["n_treatment"].tolist() == [12]


def test_the_baseline_where_it_is_asked_for() -> None:
    made = found(study(outcome({"a": A})), occasion="baseline")
    assert only(made)[:2] == (26.0, pytest.approx(8 / math.sqrt(12)))
    start = study(outcome({"a": {"n": 12, "final": summary(26.0, sd=8.0)}}, weeks=0))
    assert only(found(start, occasion="baseline"))[0] == 26.0
    assert found(study(outcome({"a": {"n": 12, "final": summary(17.0, sd=6.0)}})),
                 occasion="baseline").k == 0  # fmt: skip


def test_the_logarithm_of_a_mean() -> None:
    # metafor: escalc(measure="MNLN", mi=17, sdi=6, ni=12)
    made = found(study(outcome({"a": A})), measure="MNLN")
    assert (made.scale, made.unit) == ("log", "pg/mL")
    assert only(made)[:2] == (pytest.approx(2.83321334), pytest.approx(0.01038062**0.5, rel=1e-6))


@pytest.mark.parametrize("measure", ["MN", "MNLN"])
def test_units_are_converted_before_anything_else(measure: str) -> None:
    other = {"n": 12, "final": summary(17.0 * 3.6713415, sd=6.0 * 3.6713415)}
    here = found(study(outcome({"a": A})), measure=measure)
    there = found(study(outcome({"a": other}, unit="pmol/L")), measure=measure)
    assert only(there)[:2] == pytest.approx(only(here)[:2], rel=1e-6)
    assert found(study(outcome({"a": A}, unit="%")), measure=measure).k == 0


def test_doses_of_one_randomisation_are_counted_together() -> None:
    trial = study(outcome({"a": A, "b": B}), arms={"a": "anastrozole", "b": "anastrozole"})
    mean, se, _ = only(found(trial))
    assert mean == 17.0
    assert se == pytest.approx(math.sqrt((11 * 36 + 10 * 25) / 22 / 23))
    made = found(trial)
    assert made.rows["n_treatment"].tolist() == [23]
    assert "a and b counted together" in made.rows["notes"].iloc[0]
    apart = found(trial, shared_arms="covariance")
    assert (apart.k, apart.independent) == (2, True)


@pytest.mark.parametrize(
    ("design", "extra"), [("cohort", {}), ("parallel_rct", {"randomised": False})]
)
def test_groups_that_may_share_people_count_once(design: str, extra: dict[str, Any]) -> None:
    arms = [{"id": x, "drug": "anastrozole", **extra} for x in "ab"]
    made = found(study(outcome({"a": B, "b": A}), arms=arms, design=design))
    assert made.rows["treatment"].tolist() == ["b"]
    assert made.unused["reason"].tolist() == ["may hold the same people as s/o/b, which is used"]


def test_arms_counted_together_by_the_file_are_no_arm() -> None:
    arms = [{"id": "a", "drug": "anastrozole"},
            {"id": "both", "drug": "anastrozole", "randomised": False}]  # fmt: skip
    made = found(study(outcome({"a": A, "both": B}), arms=arms))
    assert made.rows["treatment"].tolist() == ["a"]
    assert made.considered == 1


def test_periods_of_a_crossover_are_the_same_people() -> None:
    arms = {"a": "anastrozole", "b": "anastrozole"}
    made = found(study(outcome({"a": A, "b": B}), arms=arms, design="crossover_rct"))
    assert made.k == 1
    assert "the same people as in s/o/a" in made.unused["reason"].iloc[0]


T = {"drug": "testosterone"}
REGIMENS = [
    {"id": "alone", "drug": "testosterone"},
    {"id": "with_placebo", "drug": "placebo", "background": [T]},
    {"id": "both", "drug": "anastrozole", "background": [T]},
    {"id": "other", "drug": "anastrozole"},
]


@pytest.mark.parametrize(
    ("changes", "arms"),
    [
        ({"treatment": ("testosterone",), "background_without": ("aromatase_inhibitor",)},
         {"alone", "with_placebo"}),
        ({"treatment": ("testosterone",), "background_with": ("aromatase_inhibitor",)}, {"both"}),
        ({"treatment": ("aromatase_inhibitor",), "background_without": ("testosterone",)},
         {"other"}),
        ({"treatment": ("aromatase_inhibitor",), "background_with": ("androgen",)}, {"both"}),
    ],
)  # fmt: skip
def test_what_people_got_matters_not_what_the_trial_tested(
    changes: dict[str, Any], arms: set[str]
) -> None:
    told = study(outcome(dict.fromkeys((x["id"] for x in REGIMENS), A)), arms=REGIMENS)
    made = found(told, shared_arms="covariance", **changes)
    assert set(made.rows["treatment"]) == arms


def test_changes_and_contrasts_say_nothing_of_a_level() -> None:
    exact = {"relation": "=", "value": 0.01}
    arms = {"a": {"n": 12, "change": summary(-9.0, sd=3.0), "direction": "decrease"}}
    told = [contrast("a", "baseline", p=exact), contrast(measure="MD", estimate=-5.0, se=1.0)]
    made = found(study(outcome(arms, told)))
    assert (made.k, len(made.partial)) == (0, 0)
    assert made.unused["reason"].tolist() == [
        "no value of the arm at the occasion asked for was printed"
    ]


@pytest.mark.parametrize(
    ("figures", "kind", "estimate"),
    [
        (summary(17.0), "estimate_alone", 17.0),
        (summary(17.0, spread=6.0), "estimate_with_unlabelled_spread", 17.0),
        ({"median": 17.0, "iqr": [12, 20]}, "medians", None),
        ({"centre": 17.0}, "unnamed_centre", None),
    ],
)
def test_levels_in_part(figures: Any, kind: str, estimate: float | None) -> None:
    told = [contrast("a", "baseline", p={"relation": "<", "value": 0.01}, direction="decrease")]
    made = found(study(outcome({"a": {"n": 12, "final": figures}}, told)))
    row = made.partial.to_dict("records")[0]
    assert (row["kind"], row["direction"], row["p_value"]) == (kind, None, None)
    assert row["estimate"] == (None if estimate is None else pytest.approx(estimate))
    (said,) = made.statements
    assert (said.sign, said.z_low, said.estimate) == (0, 0.0, estimate)


def test_a_level_in_another_unit() -> None:
    told = study(outcome({"a": {"n": 12, "final": summary(17.0)}}, unit="%"))
    assert found(told).partial["kind"].tolist() == ["other_unit"]
    log = found(study(outcome({"a": {"n": 12, "final": summary(17.0)}})), measure="MNLN")
    assert log.partial["estimate"].tolist() == [pytest.approx(math.log(17))]


def share(arms: Any, **changes: Any) -> Any:
    asked = {"measure": "PLO", "unit": None, "outcomes": ("cv_event",)}
    return found(study(outcome(arms, word="cv_event", unit="count")), **(asked | changes))


def test_a_proportion_of_one_arm() -> None:
    # metafor: escalc(measure="PLO", xi=4, ni=20)
    y, se, route = only(share({"a": {"events": 4, "total": 20}}))
    assert (y, se**2, route) == (pytest.approx(math.log(4 / 16)), pytest.approx(0.3125),
                                 "one arm: events")  # fmt: skip


def test_nobody_with_an_event_is_half_an_event() -> None:
    # metafor: escalc(measure="PLO", xi=0, ni=25)
    made = share({"a": {"events": 0, "total": 25}})
    assert only(made)[:2] == (pytest.approx(-3.9318256), pytest.approx(2.0392157**0.5))
    assert "half added to both" in made.rows["notes"].iloc[0]


def test_a_percentage_is_a_count_only_where_declared() -> None:
    arms = {"a": {"total": 86, "events_percent": 95.3}}
    kept = share(arms).partial
    assert kept["estimate"].tolist() == [pytest.approx(math.log(95.3 / 4.7))]
    read = share(arms, assumptions=(assume("percent_to_count", "nearest"),))
    assert only(read)[0] == pytest.approx(math.log(82 / 4))
    assert only(read)[2] == "one arm: events from a printed percentage"
    assert share({"a": {"total": 86, "events_percent": 100.0}}).partial.empty


def test_arms_of_one_trial_are_one_proportion() -> None:
    arms = {"a": {"events": 4, "total": 20}, "b": {"events": 1, "total": 10}}
    trial = study(outcome(arms, word="cv_event", unit="count"),
                  arms={"a": "anastrozole", "b": "anastrozole"})  # fmt: skip
    made = found(trial, measure="PLO", unit=None, outcomes=("cv_event",))
    assert only(made)[0] == pytest.approx(math.log(5 / 25))
    for number in (made.traces["s/o/a"].estimate, made.traces["s/o/a"].std_error):
        assert recomputed(number) == pytest.approx(number.value)


# --- real files ---------------------------------------------------------------------------------

DESIGNS = ("parallel_rct", "crossover_rct", "single_arm", "cohort")


def real(*names: str, **asked: Any) -> Any:
    terms = load_terms(DATA / "terms.yaml")
    studies = load_studies([DATA / "studies" / f"{name}.yaml" for name in names], terms)
    plain: dict[str, Any] = {"id": "q", "title": "t", "sexes": ("male",), "control": (),
                             "window": Window(1, 200, 12, untimed=True), "designs": DESIGNS,
                             "outcomes": ("estradiol",)}  # fmt: skip
    return effect_table(studies, Question(**(plain | asked)), terms)


def test_estradiol_on_anastrozole() -> None:
    made = real("leder-2004", "gibb-2016", treatment=("anastrozole",), measure="MN", unit="pg/mL",
                contrast="level")  # fmt: skip
    rows = made.rows.set_index("study")
    assert rows["estimate"]["leder-2004"] == 17.0
    assert rows["estimate"]["gibb-2016"] == pytest.approx(59.9 * 0.27238)
    assert rows["n_treatment"].tolist() == [17, 23]


def test_the_change_within_men_on_letrozole() -> None:
    r = Assumption("baseline_final_correlation", 0.5, "no page says")
    made = real("de-boer-2005", treatment=("letrozole",), measure="MD", unit="pmol/L",
                contrast="within", assumptions=(r,))  # fmt: skip
    estimate, se, route = only(made)
    # The paired test's P comes before a correlation that nobody printed.
    assert (estimate, route) == (-50.0, "means with exact P")
    assert se == pytest.approx(50 / stats.t.isf(0.006 / 2, 9))
    assert made.assumptions_used == ()
    by_p = real("de-boer-2005", treatment=("letrozole",), measure="MD", unit="pmol/L",
                contrast="within")  # fmt: skip
    assert only(by_p) == only(made)


def test_a_percent_change_of_one_arm() -> None:
    arms = {"a": {"n": 10, "change_percent": summary(-38.0, sd=24.0)}}
    made = table(study(outcome(arms), design="single_arm"), contrast="within", control=(),
                 unit="%", designs=("single_arm",))  # fmt: skip
    assert only(made)[:2] == (-38.0, pytest.approx(24 / math.sqrt(10)))
    median = {"a": {"n": 10, "final": {"median": 5.0}}}
    kept = table(study(outcome(median)), contrast="within", control=()).partial
    assert kept["kind"].tolist() == ["medians"]
