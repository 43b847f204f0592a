"""Correlations and slopes: which way is taken, what stays partial, and what it says."""

import math
from typing import Any

import pytest
from helpers import DATA, assume, contrast, only, outcome, recomputed, study, table
from scipy import stats

from evidence.catalog.number import Reported, leaves
from evidence.catalog.question import Question, Window
from evidence.catalog.read import load_studies, load_terms
from evidence.effects.assemble import effect_table
from evidence.effects.trace import trace, trace_frame
from evidence.models.bayesian.priors import half_normal, normal
from evidence.models.partial.pool_reports import pool_reports
from evidence.models.partial.space import ReportPriors

ASKED: dict[str, Any] = {
    "contrast": "association", "measure": "ZCOR", "treatment": (), "control": (),
    "designs": ("cohort", "cross_sectional", "parallel_rct"),
}  # fmt: skip
EXACT = {"relation": "=", "value": 0.03}
BOUND = {"relation": "<", "value": 0.05}
NS = {"relation": "ns"}
MEN = {"men": {"n": 100}}


def joins(arm: str | None = "men", **told: Any) -> dict[str, Any]:
    return {"arm": arm, "kind": "association", "measure": "r", **told}


def seen(*contrasts: Any, arms: Any = None, word: str = "spine_bmd", **more: Any) -> Any:
    entry = outcome(MEN if arms is None else arms, list(contrasts), word=word,
                    unit=more.pop("unit", None), type="correlation")  # fmt: skip
    groups = more.pop("groups", [{"id": "men", "drug": "none"}, {"id": "women", "drug": "none"}])
    return study(entry, arms=groups, design=more.pop("design", "cohort"), **more)


def found(*studies: Any, **changes: Any) -> Any:
    return table(*studies, **(ASKED | {"outcomes": ("spine_bmd",)} | changes))


def part(*contrasts: Any, arms: Any = None, **changes: Any) -> dict[str, Any]:
    made = found(seen(*contrasts, arms=arms), **changes)
    assert (made.k, len(made.partial)) == (0, 1), made.unused
    return {str(k): v for k, v in made.partial.to_dict("records")[0].items()}


def test_a_correlation_with_n_is_fishers_z() -> None:
    # metafor: escalc(measure="ZCOR", ri=.35, ni=115)
    row = only(found(seen(joins(estimate=0.35, p=EXACT), arms={"men": {"n": 115}})))
    assert row == (pytest.approx(0.36544375), pytest.approx(math.sqrt(0.00892857)),
                   "correlation and n")  # fmt: skip
    assert found(seen(joins(estimate=0.35))).scale == "fisher_z"


def test_an_interval_serves_where_n_was_not_printed() -> None:
    told = joins(estimate=0.35, ci=[0.1734, 0.5059])
    z, se, route = only(found(seen(told, arms={"men": {}})))
    assert (z, route) == (pytest.approx(math.atanh(0.35)), "correlation with interval")
    ends = math.atanh(0.5059) - math.atanh(0.1734)
    assert se == pytest.approx(ends / 2 / stats.norm.isf(0.025))
    wide = only(found(seen({**told, "ci_level": 0.9}, arms={"men": {}})))
    assert wide[1] == pytest.approx(ends / 2 / stats.norm.isf(0.05))


def test_an_exact_p_serves_where_neither_was_printed() -> None:
    z, se, route = only(found(seen(joins(estimate=-0.4, p=EXACT), arms={"men": {}})))
    assert route == "correlation with exact P"
    assert se == pytest.approx(-z / stats.norm.isf(0.015))


@pytest.mark.parametrize(("way", "sign"), [("increase", 1), ("decrease", -1)])
def test_direction_p_and_n_are_a_correlation(way: str, sign: int) -> None:
    z, se, route = only(found(seen(joins(direction=way, p=EXACT))))
    assert (se, route) == (pytest.approx(97**-0.5), "direction with exact P and n")
    r = math.tanh(z)
    assert math.copysign(1, r) == sign
    t = abs(r) * math.sqrt(98 / (1 - r**2))
    assert 2 * stats.t.sf(t, 98) == pytest.approx(0.03)


@pytest.mark.parametrize(
    ("told", "arms", "kind", "way", "how"),
    [
        (joins(direction="increase", p=BOUND), None, "direction_with_p", "increase", "stated"),
        (joins(direction="increase", p=EXACT), {"men": {}}, "direction_with_p", "increase",
         "stated"),
        (joins(direction="increase"), None, "direction", "increase", "stated"),
        (joins(direction="no_change", p=NS), None, "not_significant", None, None),
        (joins(p=EXACT), None, "p_alone", None, None),
        (joins(estimate=-0.2, p=BOUND), {"men": {}}, "estimate_with_bounded_p", "decrease",
         "figures"),
        (joins(estimate=-0.2, p=NS), {"men": {}}, "estimate_not_significant", "decrease",
         "figures"),
        (joins(estimate=0.2), {"men": {}}, "estimate_alone", "increase", "figures"),
        (joins(range=[0.2, 0.4]), None, "range_of_estimates", "increase", "figures"),
        (joins(range=[-0.2, 0.4]), None, "range_of_estimates", None, None),
        (joins(measure="beta", estimate=-3.0), None, "other_association", "decrease", "figures"),
        (joins(estimate=0.3, adjusted_for="age"), None, "other_association", "increase",
         "figures"),
        (joins(measure="partial_R2_percent", estimate=3, direction="increase"), None,
         "other_association", "increase", "stated"),
        (contrast("men", "women", direction="decrease"), None, "compared_groups", None, None),
    ],
)  # fmt: skip
def test_what_is_kept_in_part(
    told: Any, arms: Any, kind: str, way: str | None, how: str | None
) -> None:
    kept = part(told, arms=arms)
    assert (kept["kind"], kept["direction"], kept["direction_from"]) == (kind, way, how)
    assert kept["said"]


def test_the_direction_of_a_group_is_one_too() -> None:
    kept = part(arms={"men": {"n": 100, "direction": "no_change"}})
    assert (kept["kind"], kept["direction"]) == ("direction", "no_change")


@pytest.mark.parametrize(("measure", "words"), [
    ("partial_R2_percent", "a share of variance explained"), ("threshold", "a threshold"),
])  # fmt: skip
def test_what_is_no_association_is_not_used_and_the_reason_said(measure: str, words: str) -> None:
    made = found(seen(joins(measure=measure, estimate=2.5)))
    assert made.unused["reason"].tolist()[0].startswith(words)


def test_only_the_adjustment_asked_for_is_pooled() -> None:
    plain, aged = joins(estimate=0.2), joins(estimate=0.4, adjusted_for="age")
    assert only(found(seen(aged, plain)))[0] == pytest.approx(math.atanh(0.2))
    adjusted = found(seen(aged, plain), adjustment="age")
    assert only(adjusted)[0] == pytest.approx(math.atanh(0.4))
    assert "adjusted estimate (age)" in adjusted.rows["notes"].iloc[0]


@pytest.mark.parametrize("told", [joins(estimate=1.0), joins(estimate=0.5)])
def test_a_correlation_of_one_or_of_three_people_has_no_error(told: Any) -> None:
    made = found(seen(told, arms={"men": {"n": 3}}))
    assert made.k == 0
    assert "gives no number" in made.unused["reason"].iloc[0]


def test_groups_of_one_study_may_hold_the_same_people() -> None:
    arms = {"men": {"n": 90}, "women": {"n": 110}}
    made = found(seen(joins(estimate=0.2), joins("women", estimate=0.3), arms=arms))
    assert made.rows["treatment"].tolist() == ["women"]
    assert "may hold the same people as s/o/women" in made.unused["reason"].iloc[0]


def test_an_association_of_all_arms_names_none() -> None:
    told = seen(joins(None, direction="increase", p=EXACT), arms={})
    kept = found(told)
    assert kept.partial["treatment"].tolist() == ["all arms together"]
    assert found(told, treatment=("control",)).partial.empty


def test_effects_and_associations_never_mix() -> None:
    both = seen(joins(estimate=0.2), contrast("men", "women", measure="MD", estimate=1.0, se=1.0))
    assert found(both).rows["estimate"].tolist() == [pytest.approx(math.atanh(0.2))]
    asked = {"outcomes": ("spine_bmd",), "designs": ("cohort",), "unit": "g/cm2"}
    assert table(both, **asked).k == 0


def slopes(*studies: Any, **changes: Any) -> Any:
    return found(*studies, **({"measure": "BETA", "unit": "g/cm2"} | changes))


def test_slopes_are_pooled_only_in_the_unit_asked_for() -> None:
    told = joins(measure="beta", estimate=0.02, se=0.005)
    assert only(slopes(seen(told, unit="g/cm2")))[:2] == (0.02, 0.005)
    other = slopes(seen(told, unit="mg/cm2"))
    assert other.partial["kind"].tolist() == ["other_association"]
    none = slopes(seen(told))
    assert (none.k, none.partial["direction"].tolist()) == (0, ["increase"])
    ranged = slopes(seen(joins(range=[-0.3, -0.2])))
    assert ranged.partial["direction"].tolist() == ["decrease"]


def test_a_slope_with_a_spread_without_a_name() -> None:
    told = seen(joins(measure="beta", estimate=0.02, spread=0.004, p=BOUND), unit="g/cm2")
    assert slopes(told).partial["kind"].tolist() == ["estimate_with_bounded_p"]
    read = slopes(told, assumptions=(assume("unlabelled_spread", "se"),))
    assert only(read) == (0.02, 0.004, "slope with spread")
    assert read.assumptions_used == ("unlabelled_spread",)
    assert slopes(told, assumptions=(assume("unlabelled_spread", "sd"),)).k == 0


def test_a_correlation_is_no_slope() -> None:
    made = slopes(seen(joins(measure="partial_R2_percent", estimate=3), unit="g/cm2"))
    assert "share of variance" in made.unused["reason"].iloc[0]


def test_every_figure_leads_to_its_page() -> None:
    made = found(seen(joins(direction="decrease", p=EXACT)), seen(joins(estimate=0.4), id="t"))
    for pair in made.traces.values():
        for number in (pair.estimate, pair.std_error):
            assert recomputed(number) == pytest.approx(number.value)
            assert all(isinstance(leaf, Reported) for leaf in leaves(number))
    assert "by fisher_z: Fisher's z of a correlation" in trace(made, "t/o/men")
    addresses = set(trace_frame(made)["address"])
    assert {"t/o/contrasts[0].estimate", "t/o/arms.men.n", "s/o/contrasts[0].p.value"} <= addresses


def test_statements_say_no_more_than_was_said() -> None:
    told = [
        seen(joins(estimate=0.3), id="full"),
        seen(joins(direction="increase", p=BOUND), id="bound"),
        seen(joins(direction="increase"), id="way"),
        seen(joins(direction="increase", p=EXACT), arms={"men": {}}, id="small"),
        seen(joins(measure="beta", estimate=3.0), id="slope"),
        seen(arms={"men": {"n": 100, "direction": "no_change"}}, id="none"),
    ]
    said = {s.study: s for s in found(*told).statements}
    assert said["full"].complete
    assert said["bound"].errors[0].variance == pytest.approx(1 / 97)
    assert (said["bound"].sign, said["bound"].z_low) == (1, pytest.approx(stats.norm.isf(0.025)))
    assert (said["way"].sign, said["way"].z_low, said["way"].estimate) == (1, 0.0, None)
    assert (said["small"].errors, said["small"].size) == ((), None)
    assert said["slope"].silent
    assert (said["none"].sign, said["none"].z_high) == (0, pytest.approx(stats.norm.isf(0.025)))
    priors = ReportPriors(mu=normal(0, 1, "x"), tau=half_normal(0.3, "x"))
    fit = pool_reports(list(said.values()), priors=priors, influence=False)
    assert fit.used == 5
    assert 0 < float(fit.terms["median"].iloc[0]) < 0.4


# --- real files ---------------------------------------------------------------------------------

REAL = (
    "farina-2008",
    "ho-pham-2013",
    "hsu-2015",
    "khosla-1998",
    "khosla-2001",
    "khosla-2005",
    "khosla-2008",
    "middle-aged-men-2009",
    "roelfsema-2018",
    "slemenda-1997",
    "t2dm-men-2023",
)


def real(word: str) -> Any:
    terms = load_terms(DATA / "terms.yaml")
    files = [DATA / "studies" / f"{name}.yaml" for name in REAL]
    asked = Question(
        id="q", title="t", sexes=("male", "mixed"), treatment=(), control=(), outcomes=(word,),
        measure="ZCOR", contrast="association", window=Window(0, 1000, 12, untimed=True),
        designs=("cohort", "cross_sectional", "parallel_rct"),
    )  # fmt: skip
    return effect_table(load_studies(files, terms), asked, terms)


def test_farina_2008() -> None:
    made = real("e2_sexual_function_correlation")
    z, se, route = only(made)
    assert (math.tanh(z), route) == (pytest.approx(-0.367), "correlation with exact P")
    # 37 men were analysed; the P alone leads to nearly the same standard error.
    assert se == pytest.approx(34**-0.5, rel=0.02)


def test_khosla_2008_is_what_metafor_gives() -> None:
    z, se, _ = only(real("assay_agreement_estradiol"))
    assert (z, se**2) == (pytest.approx(0.74141614), pytest.approx(0.00322581, rel=1e-5))


def test_associations_with_bone_are_directions() -> None:
    made = real("e2_bmd_correlation")
    kinds = dict(zip(made.partial["study"], made.partial["kind"], strict=True))
    assert kinds["slemenda-1997"] == "range_of_estimates"
    assert kinds["t2dm-men-2023"] == "other_association"
    assert "ho-pham-2013" in set(made.unused["study"])
    change = real("e2_bmd_change_correlation").partial.set_index("study")["direction"]
    assert (change["hsu-2015"], change["khosla-2001"]) == ("no_change", "increase")
