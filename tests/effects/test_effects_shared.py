"""Two doses against one control, two controls, crossover doses, and studies that share patients."""

import math
from typing import Any

import numpy as np
import pytest
from helpers import assume, contrast, outcome, study, summary, table
from scipy import stats

DOSES = {"low": "anastrozole", "high": "anastrozole", "p": "placebo"}
FIGURES = {
    "low": {"n": 20, "final": summary(12.0, sd=4.0)},
    "high": {"n": 30, "final": summary(9.0, sd=3.0)},
    "p": {"n": 25, "final": summary(20.0, sd=5.0)},
}
EVENTS = {
    "low": {"events": 5, "total": 50},
    "high": {"events": 8, "total": 60},
    "p": {"events": 9, "total": 70},
}


def doses(
    figures: dict[str, Any], *contrasts: Any, arms: dict[str, str] | None = None, **more: Any
) -> Any:
    design = more.pop("design", "parallel_rct")
    return study(outcome(figures, list(contrasts), **more), arms=arms or DOSES, design=design)


def people(seed: int = 1) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    rng = np.random.default_rng(seed)
    raw = {"low": rng.normal(12, 4, 20), "high": rng.normal(9, 3, 30), "p": rng.normal(20, 5, 25)}
    told = {
        k: {"n": len(x), "final": summary(float(x.mean()), sd=float(x.std(ddof=1)))}
        for k, x in raw.items()
    }
    return told, raw


def test_combined_doses_are_the_pooled_people() -> None:
    figures, raw = people()
    found = table(doses(figures))
    treated = np.concatenate([raw["low"], raw["high"]])
    assert found.rows["estimate"].iloc[0] == pytest.approx(treated.mean() - raw["p"].mean())
    se = math.hypot(stats.sem(treated), stats.sem(raw["p"]))
    assert found.rows["std_error"].iloc[0] == pytest.approx(se)
    assert found.rows[["n_treatment", "n_control"]].iloc[0].tolist() == [50, 25]
    assert "low and high combined into one arm" in found.rows["notes"].iloc[0]
    assert found.unused["reason"].tolist() == ["combined with s/o/low-v-p into one row"]
    assert found.considered == 2


def test_combined_doses_are_given_in_the_unit_that_was_asked_for() -> None:
    printed = table(doses(FIGURES))
    asked = table(doses(FIGURES), unit="pmol/L")
    columns = ["estimate", "std_error"]
    factor = 1000 / 272.38
    assert asked.rows[columns].iloc[0].to_numpy(float) == pytest.approx(
        printed.rows[columns].iloc[0].to_numpy(float) * factor
    )
    assert asked.k == printed.k == 1


def test_combined_doses_of_events_are_their_sums() -> None:
    found = table(
        doses(EVENTS, word="cv_event", unit="count"), outcomes=("cv_event",), measure="RR"
    )
    assert found.rows["estimate"].iloc[0] == pytest.approx(math.log((13 / 110) / (9 / 70)))
    assert found.rows["std_error"].iloc[0] == pytest.approx(
        math.sqrt(1 / 13 - 1 / 110 + 1 / 9 - 1 / 70)
    )


def test_three_doses_are_one_row() -> None:
    arms = {"low": "anastrozole", "mid": "letrozole", "high": "anastrozole", "p": "placebo"}
    figures = FIGURES | {"mid": {"n": 10, "final": summary(11.0, sd=2.0)}}
    found = table(doses(figures, arms=arms))
    assert (found.k, found.considered) == (1, 3)
    assert found.rows["n_treatment"].iloc[0] == 60
    assert found.rows["estimate"].iloc[0] == pytest.approx((12 * 20 + 11 * 10 + 9 * 30) / 60 - 20)


def test_two_doses_against_two_controls_count_every_arm_once() -> None:
    arms = DOSES | {"q": "none"}
    figures = FIGURES | {"q": {"n": 15, "final": summary(22.0, sd=5.0)}}
    found = table(doses(figures, arms=arms))
    assert (found.k, found.considered) == (1, 4)
    assert found.rows[["n_treatment", "n_control"]].iloc[0].tolist() == [50, 40]
    rows = table(doses(figures, arms=arms), shared_arms="covariance")
    # The fourth difference follows from three: with it the covariance would be singular.
    assert (rows.k, rows.considered) == (3, 4)
    assert np.linalg.eigvalsh(rows.covariance).min() > 0.1
    assert rows.unused["reason"].tolist() == ["both its arms stand in rows that are used"]


def test_the_covariance_of_two_doses_is_the_variance_of_the_control() -> None:
    found = table(doses(FIGURES), shared_arms="covariance")
    assert found.k == 2
    assert not found.independent
    low, high, control = 16 / 20, 9 / 30, 25 / 25
    expected = [[low + control, control], [control, high + control]]
    assert found.covariance == pytest.approx(np.array(expected))


def test_the_covariance_of_two_doses_is_in_the_unit_that_was_asked_for() -> None:
    printed = table(doses(FIGURES), shared_arms="covariance")
    asked = table(doses(FIGURES), shared_arms="covariance", unit="pmol/L")
    assert asked.covariance == pytest.approx(printed.covariance * (1000 / 272.38) ** 2)


def test_the_covariance_of_two_log_ratios_of_means() -> None:
    found = table(doses(FIGURES), shared_arms="covariance", measure="ROM")
    assert found.covariance[0, 1] == pytest.approx((1 / 20) ** 2)


@pytest.mark.parametrize("measure", ["RR", "OR"])
def test_the_covariance_of_two_ratios_of_events(measure: str) -> None:
    found = table(doses(EVENTS, word="cv_event", unit="count"), outcomes=("cv_event",),
                  measure=measure, shared_arms="covariance")  # fmt: skip
    expected = {"RR": 1 / 9 - 1 / 70, "OR": 1 / 9 + 1 / 61}[measure]
    assert found.covariance[0, 1] == pytest.approx(expected)


def test_the_covariances_by_simulation() -> None:
    rng = np.random.default_rng(7)
    means = {
        arm: rng.normal(told["final"]["mean"], told["final"]["sd"] / math.sqrt(told["n"]), 40_000)
        for arm, told in FIGURES.items()
    }
    apart = np.cov(means["low"] - means["p"], means["high"] - means["p"])
    found = table(doses(FIGURES), shared_arms="covariance")
    assert found.covariance == pytest.approx(apart, rel=0.05)
    logs = np.cov(np.log(means["low"] / means["p"]), np.log(means["high"] / means["p"]))
    found = table(doses(FIGURES), shared_arms="covariance", measure="ROM")
    assert found.covariance == pytest.approx(logs, rel=0.05)
    events = {
        k: rng.binomial(20 * v["total"], v["events"] / v["total"], 40_000) / (20 * v["total"])
        for k, v in EVENTS.items()
    }
    logs = np.cov(np.log(events["low"] / events["p"]), np.log(events["high"] / events["p"]))
    found = table(doses(EVENTS, word="cv_event", unit="count"), outcomes=("cv_event",),
                  measure="RR", shared_arms="covariance")  # fmt: skip
    assert found.covariance == pytest.approx(20 * logs, rel=0.05)


def test_an_empty_dose_leaves_a_covariance_matrix() -> None:
    figures = EVENTS | {"low": {"events": 0, "total": 50}}
    found = table(doses(figures, word="cv_event", unit="count"), outcomes=("cv_event",),
                  measure="RR", shared_arms="covariance")  # fmt: skip
    assert np.linalg.eigvalsh(found.covariance).min() > 0
    with_half, without = 1 / 9.5 - 1 / 71, 1 / 9 - 1 / 70
    assert found.covariance[0, 1] == pytest.approx(math.sqrt(with_half * without))


def test_published_estimates_give_way_to_arms_that_can_be_combined() -> None:
    told = [
        contrast(x, "p", measure="MD", estimate=e, ci=[e - 3, e + 3])
        for x, e in (("low", -8.0), ("high", -11.0))
    ]
    found = table(doses(FIGURES, *told))
    plain = table(doses(FIGURES))
    assert found.rows["estimate"].iloc[0] == pytest.approx(plain.rows["estimate"].iloc[0])
    assert found.rows["n_treatment"].iloc[0] == 50
    rows = table(doses(FIGURES, *told), shared_arms="covariance")
    assert rows.k == 2
    assert rows.covariance[0, 1] == pytest.approx(1.0)


@pytest.mark.parametrize("shared", ["combine", "covariance"])
def test_published_estimates_without_arms_count_once(shared: str) -> None:
    told = [
        contrast(x, "p", measure="MD", estimate=-8.0, ci=[-11.0, -5.0]) for x in ("low", "high")
    ]
    found = table(doses({}, *told), shared_arms=shared)
    assert (found.k, found.considered) == (1, 2)
    assert "figures that would be needed" in found.unused["reason"].iloc[0]
    assert found.rows["route"].tolist() == ["published estimate with interval"]


def test_a_dose_without_its_size_cannot_be_combined() -> None:
    figures = FIGURES | {"high": {"final": summary(9.0, se=0.5)}}
    found = table(doses(figures))
    assert (found.k, found.considered) == (1, 2)
    assert found.rows["n_treatment"].tolist() == [20]
    assert "were not printed" in found.unused["reason"].iloc[0]


@pytest.mark.parametrize("shared", ["combine", "covariance"])
def test_a_change_and_a_final_value_are_never_put_together(shared: str) -> None:
    figures = {
        "low": FIGURES["low"] | {"change": summary(-8.0, sd=2.0)},
        "high": FIGURES["high"],
        "p": FIGURES["p"] | {"change": summary(0.0, sd=2.0)},
    }
    found = table(doses(figures), shared_arms=shared)
    assert (found.k, found.considered) == (1, 2)
    assert found.rows["estimate"].tolist() == [-8.0]
    assert found.rows["n_treatment"].tolist() == [20]


def test_two_cohorts_of_one_study_are_two_rows_without_covariance() -> None:
    arms = [
        {"id": f"{drug}{cohort}", "drug": drug, "cohort": cohort}
        for cohort in ("young", "old")
        for drug in ("anastrozole", "placebo")
    ]
    figures = {arm["id"]: FIGURES["low" if arm["drug"] == "anastrozole" else "p"] for arm in arms}
    found = table(study(outcome(figures), arms=arms))
    assert (found.k, found.considered, found.independent) == (2, 2, True)


CROSSOVER = {"design": "crossover_rct"}
SAME = {k: v | {"n": 16} for k, v in FIGURES.items()}


def test_doses_given_to_the_same_people_are_not_combined() -> None:
    r = (assume("crossover_correlation", 0.5),)
    found = table(doses(SAME, **CROSSOVER), assumptions=r)
    assert (found.k, found.considered) == (1, 2)
    assert found.unused["reason"].tolist() == ["the same people as in s/o/low-v-p"]


def test_the_covariance_of_doses_given_to_the_same_people() -> None:
    r = 0.6
    found = table(doses(SAME, **CROSSOVER), assumptions=(assume("crossover_correlation", r),),
                  shared_arms="covariance")  # fmt: skip
    sd = np.array([4.0, 3.0, 5.0])
    people = np.outer(sd, sd) * (r + (1 - r) * np.eye(3)) / 16
    contrasts = np.array([[1, 0, -1], [0, 1, -1]])
    assert found.covariance == pytest.approx(contrasts @ people @ contrasts.T)


def test_changes_within_the_arms_of_a_crossover_are_of_the_same_people() -> None:
    figures = {k: {"n": 16, "change": summary(-5.0, sd=4.0)} for k in DOSES}
    within = {"contrast": "within", "control": ()}
    for shared in ("combine", "covariance"):
        found = table(doses(figures, **CROSSOVER), **within, shared_arms=shared)
        assert (found.k, found.considered) == (1, 2)


def test_changes_within_the_arms_of_one_trial_count_once() -> None:
    figures = {
        "low": {"n": 16, "change": summary(-5.0, sd=4.0)},
        "high": {"n": 9, "change": summary(-8.0, sd=6.0)},
    }
    within = {"contrast": "within", "control": ()}
    found = table(doses(figures), **within)
    assert (found.k, found.considered) == (1, 2)
    weights = np.array([1.0, 0.25])
    row = found.rows.iloc[0]
    assert row["estimate"] == pytest.approx(np.average([-5.0, -8.0], weights=weights))
    assert row["std_error"] == pytest.approx(weights.sum() ** -0.5)
    assert row["n_treatment"] == 25
    assert "averaged by inverse variance" in row["notes"]
    apart = table(doses(figures), **within, shared_arms="covariance")
    assert (apart.k, apart.independent) == (2, True)


# --- the same patients --------------------------------------------------------------------------


def trial(id: str, n: int, overlaps: tuple[str, ...] = (), *, told: bool = True) -> Any:
    figures = {"a": FIGURES["low"], "p": FIGURES["p"]} if told else {"a": {"direction": "decrease"}}
    return study(outcome(figures), id=id, n_randomised=n, overlaps=overlaps)


def used(*studies: Any) -> list[str]:
    found = table(*studies)
    assert found.considered == found.k + len(found.partial) + len(found.unused)
    return [*found.rows["study"], *found.partial["study"]]


def test_overlapping_studies_count_once_the_larger() -> None:
    assert used(trial("small", 50), trial("large", 100, ("small",))) == ["large"]
    assert used(trial("small", 50, ("large",)), trial("large", 100)) == ["large"]


def test_overlapping_studies_count_once_the_one_that_says_more() -> None:
    assert used(trial("small", 50), trial("large", 100, ("small",), told=False)) == ["small"]


def test_overlapping_studies_of_one_size_count_once() -> None:
    assert len(used(trial("x", 50), trial("y", 50, ("x",)))) == 1


def test_a_study_that_overlaps_only_with_one_set_aside_counts() -> None:
    chain = (trial("one", 50, ("two",)), trial("two", 60, ("three",)), trial("three", 70))
    assert used(*chain) == ["one", "three"]
    found = table(*chain)
    assert found.unused["reason"].tolist() == ["holds the same patients as three, which is used"]


def test_an_overlap_with_a_study_that_does_not_count_is_none() -> None:
    other = study(
        outcome({"a": FIGURES["low"], "p": FIGURES["p"]}), id="big", n_randomised=900, sex="female"
    )
    assert used(trial("small", 50, ("big",)), other) == ["small"]
