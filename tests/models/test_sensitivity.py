"""sensitivity: each other choice is made once, and only that choice."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from helpers import TERMS, contrast, outcome, question, study
from hypothesis import given, settings
from hypothesis import strategies as st
from samples import FIVE, THREE, answered, part, plan, terms, trial, trials

from evidence.catalog.question import Assumption
from evidence.catalog.study import Study
from evidence.effects.assemble import effect_table
from evidence.effects.table import EffectTable, table_of
from evidence.errors import FitError
from evidence.models import sensitivity as module
from evidence.models.bayesian.exact import pool_bayes
from evidence.models.bayesian.priors import exponential, half_normal
from evidence.models.frequentist.pool import pool
from evidence.models.sensitivity import COLUMNS, sensitivity, subset


def of_group(frame: pd.DataFrame, group: str) -> list[dict[str, Any]]:
    return frame[frame["group"] == group].to_dict("records")  # type: ignore[return-value]


def crossover(name: str, estimate: float, sd: float) -> Study:
    """A crossover trial whose error depends on the correlation that nobody printed."""
    arms = {
        "a": {"n": 16, "final": {"mean": 20 + estimate, "sd": sd}},
        "p": {"n": 16, "final": {"mean": 20.0, "sd": sd}},
    }
    return study(outcome(arms), id=name, design="crossover_rct")


ASSUMED = Assumption("crossover_correlation", 0.5, "in the middle", (0.0, 0.25, 0.75))


def test_an_assumption_is_swept_over_its_declared_values() -> None:
    studies = [crossover("c-2001", -3, 4), crossover("d-2002", -1, 5), trial("e-2003", -2, 1)]
    found = answered(studies, assumptions=(ASSUMED,))
    assert found.table.assumptions_used == ("crossover_correlation",)
    rows = of_group(found.sensitivity, "assumption")
    assert [row["choice"] for row in rows] == [
        f"crossover correlation = {value} (main analysis: 0.5)" for value in (0.0, 0.25, 0.75)
    ]
    for row, value in zip(rows, (0.0, 0.25, 0.75), strict=True):
        other = Assumption("crossover_correlation", value, "r")
        fit = pool(
            effect_table(studies, question(assumptions=(other,)), TERMS),
            tau2="reml",
            ci="hartung_knapp_floored",
        )
        assert (row["estimate"], row["ci_low"]) == (fit.estimate, fit.ci_low)
    assert len({row["ci_low"] for row in rows}) == 3


def test_an_assumption_that_no_row_leans_on_is_not_swept() -> None:
    found = answered(trials(THREE), assumptions=(ASSUMED,))
    assert of_group(found.sensitivity, "assumption") == []


def test_a_choice_that_leaves_no_trial_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    studies = [crossover("c-2001", -3, 4)]
    asked = question(assumptions=(ASSUMED,))
    table = effect_table(studies, asked, TERMS)
    empty = effect_table([], asked, TERMS)
    monkeypatch.setattr(module, "effect_table", lambda *_: empty)
    found = sensitivity(table, asked, plan(), studies, TERMS)
    rows = of_group(found, "assumption")
    assert [(row["k"], row["why"]) for row in rows] == [(0, "no trial is left")] * 3
    assert pd.isna(rows[0]["estimate"])


@pytest.mark.parametrize("k", [0, 1, 2, 3, 5])
def test_each_trial_is_left_out_once_from_three_on(k: int) -> None:
    frame = answered(trials(FIVE[:k])).sensitivity
    rows = of_group(frame, "trial left out")
    assert len(rows) == (k if k >= 3 else 0)
    assert list(frame.columns) == list(COLUMNS)
    for i, row in enumerate(rows):
        rest = [pair for j, pair in enumerate(FIVE[:k]) if j != i]
        fit = pool(table_of(*zip(*rest, strict=True)), tau2="reml", ci="hartung_knapp_floored")
        assert row["k"] == k - 1
        assert row["choice"] == f"without Doe {2001 + i}"
        assert row["estimate"] == pytest.approx(fit.estimate, abs=1e-9)
        assert row["ci_high"] == pytest.approx(fit.ci_high, abs=1e-6)
        assert row["tau2"] == pytest.approx(fit.heterogeneity.tau2, abs=1e-6)


def test_models_differ_from_the_plan_in_one_thing_each() -> None:
    rows = of_group(answered(trials(FIVE)).sensitivity, "model")
    assert [row["choice"] for row in rows] == [
        "common effect",
        "random effects, reml, hartung knapp",
        "random effects, reml, wald",
        "random effects, paule mandel, hartung knapp floored",
        "random effects, dersimonian laird, hartung knapp floored",
    ]
    table = answered(trials(FIVE)).table
    assert rows[0]["estimate"] == pool(table, model="common").estimate
    assert pd.isna(rows[0]["tau2"])
    assert (
        rows[4]["ci_low"]
        == pool(table, tau2="dersimonian_laird", ci="hartung_knapp_floored").ci_low
    )


def test_one_trial_has_no_other_models() -> None:
    frame = answered(trials(FIVE[:1])).sensitivity
    assert set(frame["group"]) == {"prior"}


def test_trials_known_from_secondary_sources_are_left_out() -> None:
    weak = trial("s-2009", -9, 1, read="secondary_source")
    frame = answered([*trials(THREE), weak]).sensitivity
    (row,) = of_group(frame, "source")
    assert row["choice"] == "without trials known from secondary sources only"
    direct = answered(trials(THREE)).main
    assert direct is not None
    assert (row["k"], row["estimate"], row["ci_low"]) == (3, direct.estimate, direct.ci_low)


def test_where_all_trials_are_secondary_none_is_left() -> None:
    studies = [trial(f"s-200{i}", -9 + i, 1, read="secondary_source") for i in range(2)]
    (row,) = of_group(answered(studies).sensitivity, "source")
    assert (row["k"], row["why"]) == (0, "no trial is left")


def test_standard_errors_recovered_from_a_p_are_left_out() -> None:
    told = contrast(measure="MD", estimate=-3, p={"relation": "=", "value": 0.01})
    from_p = study(outcome({"a": {"n": 20}, "p": {"n": 20}}, [told]), id="p-2004")
    frame = answered([*trials(THREE), from_p]).sensitivity
    (row,) = of_group(frame, "source")
    assert row["choice"] == "without standard errors recovered from a P"
    assert row["k"] == 3


def test_the_scale_of_the_prior_is_halved_and_doubled() -> None:
    found = answered(trials(FIVE), prior_tau=half_normal(2.0, "r"))
    rows = of_group(found.sensitivity, "prior")
    assert [row["choice"].rsplit(": ")[1] for row in rows] == [
        "half-normal(2)",
        "half-normal(1)",
        "half-normal(4)",
    ]
    for row, scale in zip(rows, (2.0, 1.0, 4.0), strict=True):
        fit = pool_bayes(found.table, tau=half_normal(scale), mu=plan().prior_mu)
        assert row["estimate"] == fit.terms["median"].iloc[0]
        assert row["ci_low"] == fit.terms["ci_low"].iloc[0]


def test_a_prior_without_a_scale_is_not_scaled() -> None:
    found = answered(trials(FIVE), prior_tau=exponential(1.0))
    (only,) = of_group(found.sensitivity, "prior")
    assert only["choice"] == "Bayes, prior of tau as declared: exponential(1)"


def test_trials_that_count_another_outcome_are_left_out() -> None:
    both = ("estradiol", "testosterone")
    other = trial("other-2009", -9, 1, word="testosterone", unit="pg/mL")
    known = terms(word="testosterone", units=["pg/mL"])
    frame = answered([*trials(THREE), other], known=known, outcomes=both).sensitivity
    (row,) = of_group(frame, "definition")
    direct = answered(trials(THREE)).main
    assert direct is not None
    assert row["choice"] == "only trials that count estradiol"
    assert (row["k"], row["estimate"], row["ci_low"]) == (3, direct.estimate, direct.ci_low)


def bounded(name: str, **more: Any) -> Study:
    told = contrast(measure="MD", estimate=-4, p={"relation": "<", "value": 0.05})
    return study(outcome({"a": {"n": 20}, "p": {"n": 20}}, [told]), id=name, **more)


def test_trials_with_a_bounded_p_are_added_with_the_largest_error_it_allows() -> None:
    found = answered([*trials(THREE), bounded("b-2009")])
    (row,) = of_group(found.sensitivity, "reported in part")
    error = found.table.partial["se_high"].iloc[0]
    fit = pool(
        table_of([*(y for y, _ in THREE), -4], [*(s for _, s in THREE), error]),
        tau2="reml",
        ci="hartung_knapp_floored",
    )
    assert (found.table.k, row["k"]) == (3, 4)
    assert row["estimate"] == pytest.approx(fit.estimate, abs=1e-9)
    assert "Doe 2009" in row["choice"]


def test_two_bounded_arms_against_one_control_are_not_added_as_two_trials() -> None:
    p = {"relation": "<", "value": 0.05}
    told = [contrast(arm, measure="MD", estimate=-4, p=p) for arm in ("a", "b")]
    arms = {"a": "anastrozole", "b": "anastrozole", "p": "placebo"}
    two = study(outcome({name: {"n": 9} for name in arms}, told), id="t-2009", arms=arms)
    found = answered([*trials(THREE), two])
    assert len(found.table.partial) == 2
    (row,) = of_group(found.sensitivity, "reported in part")
    assert row["k"] == found.table.k + 1 == 4


def test_an_estimator_that_fails_is_told_and_does_not_stop_the_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def stubborn(table: EffectTable, **options: Any) -> Any:
        if options.get("tau2") == "paule_mandel":
            raise FitError("does not converge")
        return pool(table, **options)

    table = answered(trials(FIVE)).table
    monkeypatch.setattr(module, "pool", stubborn)
    frame = sensitivity(table, question(), plan(), [], TERMS)
    rows = {row["choice"]: row["why"] for row in of_group(frame, "model")}
    assert rows.pop("random effects, paule mandel, hartung knapp floored") == "does not converge"
    assert len(rows) == 4
    assert all(pd.isna(why) for why in rows.values())
    weak = [*trials(THREE), trial("s-2009", -9, 1, read="secondary_source")]
    table = effect_table(weak, question(), TERMS)
    frame = sensitivity(table, question(), plan(tau2="paule_mandel"), [], TERMS)
    (row,) = of_group(frame, "source")
    assert row["why"] == "does not converge"


def test_leaving_rows_out_keeps_the_account() -> None:
    late = part("said-2010", direction="decrease")
    table = effect_table([*trials(FIVE), late], question(), TERMS)
    keep = [True, False, True, True, False]
    less = subset(table, keep, "for the test")
    assert less.considered == table.considered == 6
    assert (less.k, len(less.partial), len(less.unused)) == (3, 1, 2)
    assert set(less.unused["reason"]) == {"for the test"}
    assert list(less.unused["label"]) == ["Doe 2002", "Doe 2005"]
    assert set(less.traces) == set(less.rows.index)
    np.testing.assert_array_equal(less.covariance, table.covariance[np.ix_(keep, keep)])
    assert (table.k, len(table.unused)) == (5, 0)
    again = subset(less, [False, True, True], "once more")
    assert (again.k, len(again.unused), again.considered) == (2, 3, 6)
    assert subset(table, [False] * 5, "all").k == 0


@settings(max_examples=25)
@given(st.lists(st.tuples(st.floats(-20, 20), st.floats(0.05, 10)), min_size=1, max_size=6))
def test_every_choice_has_an_answer_or_a_reason(pairs: list[tuple[float, float]]) -> None:
    frame = answered(trials(tuple(pairs))).sensitivity
    for row in frame.to_dict("records"):
        numbers = [row[name] for name in ("estimate", "ci_low", "ci_high")]
        if pd.isna(row["why"]):
            assert np.isfinite(numbers).all(), row
            assert row["ci_low"] <= row["estimate"] <= row["ci_high"]
        else:
            assert all(pd.isna(x) for x in numbers)
    assert not frame.duplicated(["group", "choice", "k"]).any()
