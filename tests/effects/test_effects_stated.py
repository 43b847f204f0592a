"""Statements: what each page says of its estimate and standard error, with nothing filled in."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from helpers import DATA, assume, contrast, outcome, study, summary, table
from scipy import stats

from evidence.api import load_studies, load_terms
from evidence.catalog.number import Given, Reported
from evidence.catalog.question import Question, Window
from evidence.effects.assemble import effect_table
from evidence.effects.partial import KINDS
from evidence.effects.stated import critical, half_widths, once_each, rounded, rule_of
from evidence.effects.statements import ErrorForm, Statement

INF = np.inf
BELOW, ABOVE, EXACT, NS = (
    {"relation": "<", "value": 0.01}, {"relation": ">", "value": 0.05},
    {"relation": "=", "value": 0.03}, {"relation": "ns"},
)  # fmt: skip
MEANS = {"a": {"final": summary(10.5)}, "p": {"final": summary(20.5)}}
SIZED = {"a": {"n": 8, "final": summary(10.5)}, "p": {"n": 9, "final": summary(20.5)}}
BLANK = {"a": {"n": 8}, "p": {"n": 9}}


def told(arms: dict[str, Any] | None, *contrasts: Any, **asked: Any) -> Statement:
    found = table(study(outcome(arms, list(contrasts))), **asked)
    assert len(found.statements) == 1, (found.rows, found.partial, found.unused)
    return found.statements[0]


def t_value(p: float, df: float = 15) -> float:
    return float(stats.t.isf(p / 2, df))


# ------------------------------------------------------------------ complete reports


def test_a_complete_report_is_its_estimate_error_size_and_degrees() -> None:
    arms = {
        "a": {"n": 8, "final": summary(10.5, sd=4.0)},
        "p": {"n": 9, "final": summary(20.5, sd=5.0)},
    }
    s = told(arms)
    assert (s.kind, s.complete, s.estimate, s.df) == ("complete", True, -10.0, 15)
    assert s.errors[0].variance == pytest.approx(16 / 8 + 25 / 9)
    assert s.errors[0].slope == 0
    assert s.size == pytest.approx((1 / 8 + 1 / 9) ** 0.5)
    assert sorted(s.half_widths) == pytest.approx([0.05, 0.05])
    assert s.half_width == pytest.approx(0.1)


def test_an_exact_p_leaves_the_standard_error_what_its_rounding_leaves() -> None:
    s = told(SIZED, contrast(p=EXACT))
    assert (s.kind, s.errors, s.complete) == ("complete", (), False)
    off = 0.1 / 10
    assert s.se_low == pytest.approx(10 / t_value(0.025) * (1 - off))
    assert s.se_high == pytest.approx(10 / t_value(0.035) * (1 + off))


def test_an_exact_p_without_n_is_read_by_the_normal() -> None:
    s = told(MEANS, contrast(p=EXACT))
    assert s.size is None
    assert s.se_high == pytest.approx(10 / stats.norm.isf(0.035 / 2) * 1.01)


@pytest.mark.parametrize(("p", "low", "high"), [(0.7, 0.65, 0.75), (0.99, 0.985, 0.995)])
def test_a_large_p_bounds_the_error_on_both_sides(p: float, low: float, high: float) -> None:
    s = told(SIZED, contrast(p={"relation": "=", "value": p}))
    ends = 10 / t_value(low) * 0.99, 10 / t_value(high) * 1.01
    assert (s.se_low, s.se_high) == pytest.approx(ends)


def test_the_control_arm_s_own_change_is_kept_where_it_was_printed() -> None:
    arms = {
        "a": {"n": 8, "change": summary(-10.5, sd=4.0)},
        "p": {"n": 9, "change": summary(-1.5, sd=5.0)},
    }
    s = told(arms)
    assert s.control_change == pytest.approx((-1.5, 5 / 3))
    assert told(SIZED, contrast(p=EXACT)).control_change is None


def test_a_correlation_that_was_assumed_is_open_in_the_statement() -> None:
    arms = {
        "a": {"n": 8, "baseline": summary(30.5, sd=4.0), "final": summary(10.5, sd=3.0)},
        "p": {"n": 9, "baseline": summary(30.5, sd=5.0), "final": summary(20.5, sd=6.0)},
    }
    s = told(arms, assumptions=(assume("baseline_final_correlation", 0.7),))
    form = s.errors[0]
    assert form.variance == pytest.approx((16 + 9) / 8 + (25 + 36) / 9)
    assert form.slope == pytest.approx(2 * 4 * 3 / 8 + 2 * 5 * 6 / 9)
    assert not s.complete
    row = table(
        study(outcome(arms)), assumptions=(assume("baseline_final_correlation", 0.7),)
    ).rows.iloc[0]
    assert form.variance - 0.7 * form.slope == pytest.approx(row["std_error"] ** 2)


def test_a_crossover_s_correlation_is_open_too() -> None:
    arms = {
        "a": {"n": 9, "final": summary(10.5, sd=3.0)},
        "p": {"n": 9, "final": summary(20.5, sd=6.0)},
    }
    found = table(
        study(outcome(arms), design="crossover_rct"),
        assumptions=(assume("crossover_correlation", 0.5),),
    )
    form = found.statements[0].errors[0]
    assert (form.variance, form.slope) == pytest.approx(((9 + 36) / 9, 2 * 3 * 6 / 9))
    assert found.statements[0].size == pytest.approx(1 / 3)


# ------------------------------------------------------------------ estimates without an error


@pytest.mark.parametrize(
    ("p", "kind", "low", "high"),
    [
        # A bound that holds whichever test was made: t for the lower, the normal for the upper.
        (BELOW, "estimate_with_bounded_p", 0.0, 10 / stats.norm.isf(0.005)),
        (ABOVE, "estimate_with_bounded_p", 10 / t_value(0.05), INF),
        (NS, "estimate_not_significant", 10 / t_value(0.05), INF),
        (None, "estimate_alone", 0.0, INF),
    ],
)  # fmt: skip
def test_a_p_beside_an_estimate_bounds_its_error(
    p: Any, kind: str, low: float, high: float
) -> None:
    s = told(SIZED, *([contrast(p=p)] if p else []))
    assert (s.kind, s.estimate, s.errors) == (kind, -10.0, ())
    assert (s.se_low, s.se_high) == pytest.approx((low, high))
    assert (s.sign, s.z_low, s.z_high) == (0, 0.0, INF)


UNNAMED = {
    "a": {"n": 16, "final": summary(10.5, spread=4.0)},
    "p": {"n": 25, "final": summary(20.5, spread=5.0)},
}


def test_a_spread_without_a_name_is_read_both_ways() -> None:
    s = told(UNNAMED)
    assert s.kind == "estimate_with_unlabelled_spread"
    assert [f.probability for f in s.errors] == [0.5, 0.5]
    assert sorted(f.variance for f in s.errors) == pytest.approx([1 + 1, 16 + 25])


@pytest.mark.parametrize(("p", "variance"), [(BELOW, 2.0), (NS, 41.0)])
def test_a_p_tells_which_reading_it_was(p: Any, variance: float) -> None:
    s = told(UNNAMED, contrast(p=p))
    assert [(f.variance, f.probability) for f in s.errors] == [(pytest.approx(variance), 1.0)]
    assert (s.se_low, s.se_high) == (0.0, INF)


def test_a_spread_without_a_name_or_n_bounds_the_error_above() -> None:
    arms = {
        "a": {"final": summary(10.5, spread=4.0)}, "p": {"final": summary(20.5, spread=5.0)},
    }  # fmt: skip
    s = told(arms)
    assert (s.errors, s.size) == ((), None)
    assert (s.se_low, s.se_high) == pytest.approx((0.0, 41**0.5))
    lower = told(arms, contrast(p={"relation": "<", "value": 0.0001}))
    assert lower.se_high == pytest.approx(10 / stats.norm.isf(0.00005))
    between = told(arms, contrast(p={"relation": ">", "value": 0.05}))
    assert (between.se_low, between.se_high) == pytest.approx((10 / stats.norm.isf(0.025), 41**0.5))


def test_units_are_converted_with_all_that_goes_with_them() -> None:
    plain, other = (
        told({k: {"n": v["n"], "final": summary(v["final"]["mean"])} for k, v in SIZED.items()},
             contrast(p=BELOW), unit=unit)
        for unit in ("pg/mL", "pmol/L")
    )  # fmt: skip
    factor = 1000 / 272.38
    assert other.estimate == pytest.approx(factor * plain.estimate)
    assert other.se_high == pytest.approx(factor * plain.se_high)
    assert other.half_widths == pytest.approx([factor * h for h in plain.half_widths])


# ------------------------------------------------------------------ without an estimate


@pytest.mark.parametrize(
    ("given", "kind", "sign", "low", "high"),
    [
        ({"direction": "decrease", "p": BELOW}, "direction_with_p", -1, t_value(0.01), INF),
        ({"direction": "increase", "p": BELOW}, "direction_with_p", 1, t_value(0.01), INF),
        ({"direction": "decrease", "p": EXACT}, "direction_with_p", -1, t_value(0.035),
         t_value(0.025)),
        ({"direction": "decrease", "p": ABOVE}, "direction_with_p", -1, 0.0, t_value(0.05)),
        ({"p": NS}, "not_significant", 0, 0.0, t_value(0.05)),
        ({"direction": "no_change", "p": NS}, "not_significant", 0, 0.0, t_value(0.05)),
        ({"direction": "decrease"}, "direction", -1, 0.0, INF),
        ({"direction": "no_change"}, "direction", 0, 0.0, t_value(0.05)),
        ({"p": BELOW}, "p_alone", 0, t_value(0.01), INF),
    ],
)  # fmt: skip
def test_a_direction_or_a_p_bounds_the_estimate_in_errors(
    given: Any, kind: str, sign: int, low: float, high: float
) -> None:
    s = told(BLANK, contrast(**given))
    assert (s.kind, s.sign, s.estimate, s.errors) == (kind, sign, None, ())
    assert (s.z_low, s.z_high) == pytest.approx((low, high))
    assert not s.silent
    assert not s.arm_only


def test_a_contrast_told_the_other_way_round_turns_its_direction() -> None:
    assert told(BLANK, contrast("p", "a", direction="decrease")).sign == 1


def test_the_treated_arm_s_own_direction_is_one_against_its_baseline() -> None:
    s = told({"a": {"n": 16, "direction": "decrease"}, "p": {"n": 25}})
    assert (s.kind, s.sign, s.arm_only, s.size) == ("direction", -1, True, 0.25)
    assert "against its own baseline" in s.notes[0]
    flat = told({"a": {"n": 16, "direction": "no_change"}, "p": {"n": 25}})
    assert (flat.sign, flat.arm_only, flat.silent) == (0, False, True)


def test_one_arm_alone_is_its_change() -> None:
    s = told({"a": {"n": 16, "change": summary(-10.5, sd=4.0)}})
    assert (s.kind, s.arm_only, s.estimate, s.size, s.df) == ("one_arm", True, -10.5, 0.25, 15)
    assert s.errors == (ErrorForm(pytest.approx(1.0)),)
    assert s.half_widths == pytest.approx((0.05,))


def test_one_arm_s_baseline_and_final_leave_their_correlation_open() -> None:
    arms = {"a": {"n": 16, "baseline": summary(30.5, sd=4.0), "final": summary(20.5, sd=3.0)}}
    form = told(arms).errors[0]
    assert (form.variance, form.slope) == pytest.approx((25 / 16, 24 / 16))


def test_one_arm_at_one_time_says_nothing() -> None:
    s = told({"a": {"n": 16, "final": summary(20.5, sd=3.0)}})
    assert (s.kind, s.silent) == ("one_arm", True)


@pytest.mark.parametrize(
    ("arms", "contrasts", "kind"),
    [
        ({"a": {"final": {"median": 10.0}}, "p": {"final": {"median": 20.0}}}, [], "medians"),
        ({"a": {"final": {"centre": 10.0}}, "p": {"final": {"centre": 20.0}}}, [],
         "unnamed_centre"),
        ({"a": {"change_percent": summary(-5.0)}, "p": {"change_percent": summary(-2.0)}}, [],
         "other_unit"),
        (None, [{"arm": "a", "versus": "not_stated", "kind": "not_stated", "p": BELOW}],
         "other_arms"),
    ],
)  # fmt: skip
def test_what_this_measure_cannot_use_is_silent(arms: Any, contrasts: Any, kind: str) -> None:
    s = told(arms, *contrasts)
    assert (s.kind, s.silent) == (kind, True)


def test_medians_with_a_test_say_what_the_test_says() -> None:
    arms = {"a": {"n": 8, "final": {"median": 10.0}}, "p": {"n": 9, "final": {"median": 20.0}}}
    s = told(arms, contrast(direction="decrease", p=BELOW))
    assert (s.kind, s.sign, s.estimate) == ("medians", -1, None)
    assert s.z_low == pytest.approx(t_value(0.01))


# ------------------------------------------------------------------ a trial counts once

DOSES = [
    {"id": "a", "drug": "anastrozole"}, {"id": "b", "drug": "letrozole"},
    {"id": "p", "drug": "placebo"},
]  # fmt: skip


def doses(*contrasts: Any, arms: Any = None) -> tuple[Statement, ...]:
    given = arms or {"a": {"n": 8}, "b": {"n": 20}, "p": {"n": 9}}
    return table(study(outcome(given, list(contrasts)), arms=DOSES)).statements


def test_two_doses_against_one_control_are_counted_once() -> None:
    found = doses(contrast("a", direction="decrease"), contrast("b", direction="decrease"))
    assert [s.silent for s in found] == [True, False]
    assert found[0].notes == (f"the trial counts once: {found[1].row} is used",)


def test_of_two_doses_the_one_that_says_more_is_kept() -> None:
    arms = {
        "a": {"n": 8, "final": summary(10.5)},
        "b": {"n": 20},
        "p": {"n": 9, "final": summary(20.5)},
    }
    found = doses(contrast("b", direction="decrease"), arms=arms)
    assert [s.silent for s in found] == [False, True]


def test_where_a_dose_is_complete_the_partial_one_falls_silent() -> None:
    arms = {
        "a": {"n": 8, "final": summary(10.5, sd=4.0)}, "b": {"n": 20},
        "p": {"n": 9, "final": summary(20.5, sd=5.0)},
    }  # fmt: skip
    found = doses(contrast("b", direction="decrease"), arms=arms)
    assert [(s.kind, s.silent) for s in found] == [("complete", False), ("direction", True)]


def test_trials_of_their_own_are_not_silenced() -> None:
    one, other = (Statement(row=r, study=r, label=r, kind="direction", sign=-1) for r in ("x", "y"))
    assert once_each([one, other], ["c", "c"]) == (one, other)
    same = replace(other, study="x")
    kept = once_each([one, same], ["c", "d"])
    assert kept == (one, same)
    assert once_each([one, same], ["c", "c"])[1].silent


# ------------------------------------------------------------------ rounding


@pytest.mark.parametrize(
    ("value", "low", "high"),
    [(0.0014, 0.00135, 0.00145), (12.0, 11.5, 12.5), (1e-5, 0.5e-5, 1.5e-5), (-2.5, -2.55, -2.45)],
)
def test_what_prints_alike(value: float, low: float, high: float) -> None:
    assert rounded(value) == pytest.approx((low, high), rel=1e-9)


PRINTED = Reported(1.5, "pg/mL", "s/arms/a.mean", "r")


def test_only_printed_figures_are_rounded() -> None:
    assert half_widths(Given(1.5, None)) == ()
    assert len(half_widths(PRINTED)) == 1


def test_rounding_can_be_set_aside() -> None:
    s = told(SIZED)
    assert s.half_width > 0


def test_a_rule_that_does_not_exist() -> None:
    with pytest.raises(LookupError, match="no_such_rule"):
        rule_of("no_such_rule")


@pytest.mark.parametrize(("p", "df"), [(0.05, None), (0.05, 3.0), (1.0, None), (1.2, 4.0)])
def test_a_critical_value_gives_its_p_back(p: float, df: float | None) -> None:
    law = stats.norm() if df is None else stats.t(df)
    assert 2 * law.sf(critical(p, df)) == pytest.approx(min(p, 1.0))


# ------------------------------------------------------------------ the project's own studies


@pytest.fixture(scope="module")
def real() -> tuple[Any, Any]:
    return load_studies(DATA / "studies"), load_terms(DATA / "terms.yaml")


def ask(**changes: Any) -> Question:
    plain = {
        "id": "q", "title": "t", "sexes": ("male",), "treatment": ("aromatase_inhibitor",),
        "control": ("placebo",), "outcomes": ("estradiol",), "measure": "ROM",
        "window": Window(0, 100, 12, True),
    }  # fmt: skip
    return Question(**(plain | changes))


@pytest.mark.parametrize("measure", ["ROM", "MD"])
@pytest.mark.parametrize("within", [False, True])
def test_every_report_of_real_studies_has_a_statement(
    real: tuple[Any, Any], measure: str, within: bool
) -> None:
    studies, terms = real
    changes: Any = {"measure": measure} | ({"unit": "pg/mL"} if measure == "MD" else {})
    changes |= {"contrast": "within", "control": ()} if within else {"control": ("control",)}
    found = effect_table(studies, ask(**changes), terms)
    assert len(found.statements) == found.k + len(found.partial) > 5
    for s in found.statements:
        assert s.kind in {*KINDS, "complete"}
        if s.row in found.rows.index:
            row = found.rows.loc[s.row]
            assert s.estimate == pytest.approx(row["estimate"])
            assert s.kind == "complete"
            if s.errors and not s.errors[0].slope:
                assert s.errors[0].variance == pytest.approx(row["std_error"] ** 2)
            elif not s.errors:
                assert s.se_low <= row["std_error"] <= s.se_high
    silent = [s for s in found.statements if s.silent and s.notes]
    assert all("counts once" in s.notes[0] or "baseline" in s.notes[0] for s in silent)
