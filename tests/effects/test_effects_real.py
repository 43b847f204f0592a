"""The curated trials: known answers, worked out by hand from the printed figures."""

import math
from typing import Any

import pytest
from helpers import DATA, recomputed
from scipy import stats

from evidence.catalog.number import Assumed, Reported, leaves
from evidence.catalog.question import Assumption, Question, Window
from evidence.catalog.read import load_studies, load_terms
from evidence.catalog.study import Study
from evidence.catalog.terms import Terms
from evidence.effects.assemble import effect_table
from evidence.effects.table import EffectTable

CHANGE = Assumption("baseline_final_correlation", 0.5, "no page says", (0.0, 0.25, 0.75))
CROSSOVER = Assumption("crossover_correlation", 0.5, "no page says", (0.0, 0.25, 0.75))
PERCENT = Assumption("percent_to_count", "nearest", "no page says", ("fewest", "most"))
LONG = Window(26, 700, 260, True)


def asked(id: str, **changes: Any) -> Question:
    base: dict[str, Any] = {
        "id": id,
        "title": "t",
        "sexes": ("female",),
        "treatment": ("aromatase_inhibitor",),
        "control": ("control",),
    }
    return Question(**(base | changes))


VTE: dict[str, Any] = {"control": ("serm", "sequence"), "outcomes": ("venous_thromboembolism",),
                       "measure": "RR", "window": LONG}  # fmt: skip
QUESTIONS = [
    asked("spine_men", sexes=("male",), outcomes=("spine_bmd",), measure="MD", unit="g/cm2",
          window=Window(16, 160, 52), assumptions=(CHANGE,)),
    asked("spine_women", outcomes=("spine_bmd",), measure="MD", unit="percentage points",
          window=Window(26, 270, 104)),
    asked("estradiol_men", sexes=("male", "mixed"), outcomes=("estradiol",), measure="ROM",
          window=Window(2, 60, 12, True), background_without=("androgen", "gnrh"),
          assumptions=(CROSSOVER,)),
    asked("estradiol_md", sexes=("male",), outcomes=("estradiol",), measure="MD", unit="pg/mL",
          window=Window(2, 60, 12, True), assumptions=(CROSSOVER, CHANGE)),
    asked("estradiol_within", sexes=("male",), control=(), contrast="within",
          outcomes=("estradiol",), measure="ROM", window=Window(1, 60, 12, True),
          assumptions=(CHANGE,)),
    asked("vte", **VTE, assumptions=(PERCENT,)),
    asked("vte_silent", **VTE),
    asked("vte_fewest", **VTE, assumptions=(Assumption("percent_to_count", "fewest", "x"),)),
    asked("cardiovascular", control=("serm", "sequence"), measure="RR", window=LONG,
          outcomes=("cv_event", "cardiac_event", "ischemic_heart_disease"), assumptions=(PERCENT,)),
]  # fmt: skip


@pytest.fixture(scope="module")
def terms() -> Terms:
    return load_terms(DATA / "terms.yaml")


@pytest.fixture(scope="module")
def studies(terms: Terms) -> tuple[Study, ...]:
    return load_studies(DATA / "studies", terms)


@pytest.fixture(scope="module")
def tables(studies: tuple[Study, ...], terms: Terms) -> dict[str, EffectTable]:
    return {question.id: effect_table(studies, question, terms) for question in QUESTIONS}


@pytest.mark.parametrize("name", [question.id for question in QUESTIONS])
def test_every_table_holds_together(
    tables: dict[str, EffectTable], studies: tuple[Study, ...], terms: Terms, name: str
) -> None:
    found = tables[name]
    assert found.considered == found.k + len(found.partial) + len(found.unused)
    printed = {report.key for study in studies for report in study.reports}
    for pair in found.traces.values():
        for number in (pair.estimate, pair.std_error):
            assert recomputed(number) == pytest.approx(number.value, rel=1e-12)
            for leaf in leaves(number):
                assert isinstance(leaf, Reported | Assumed)
                if isinstance(leaf, Reported) and not leaf.address.startswith("terms/"):
                    assert leaf.source.report in printed
    question = next(q for q in QUESTIONS if q.id == name)
    again = effect_table(reversed(studies), question, terms)
    assert again.rows.equals(found.rows)
    assert again.partial.equals(found.partial)
    assert again.unused.equals(found.unused)


def test_the_spine_of_men_is_one_trial_from_means_and_an_exact_p(
    tables: dict[str, EffectTable],
) -> None:
    found = tables["spine_men"]
    assert found.k == 1
    row = found.rows.iloc[0]
    assert (row["study"], row["route"]) == ("burnett-bowie-2009", "means with exact P")
    assert row["estimate"] == pytest.approx((1.102 - 1.121) - (1.189 - 1.180))
    assert row["estimate"] == pytest.approx(-0.028)
    assert row["std_error"] == pytest.approx(0.028 / stats.norm.isf(0.0007))
    assert round(row["std_error"], 5) == 0.00876
    assert (row["n_treatment"], row["n_control"]) == (None, None)
    assert found.assumptions_used == ()


def test_the_spine_of_women(tables: dict[str, EffectTable]) -> None:
    found = tables["spine_women"]
    goss = found.rows.set_index("study").loc["goss-2005"]
    assert goss["estimate"] == pytest.approx(-4.65)
    # The numbers enrolled are known, those with a scan at 24 months are not: hence the normal.
    assert goss["std_error"] == pytest.approx(4.65 / stats.norm.isf(0.004))
    assert "cuzick-2014" not in set(found.rows["study"])
    cuzick = found.partial.set_index("study").loc["cuzick-2014"]
    assert cuzick["kind"] == "estimate_with_bounded_p"
    assert cuzick["estimate"] == pytest.approx(-2.8)
    assert cuzick["se_low"] is None
    assert cuzick["se_high"] == pytest.approx(2.8 / stats.norm.isf(0.00005))
    assert round(cuzick["se_high"], 2) == 0.72


def test_estradiol_of_gibb_is_a_ratio_of_means_of_the_same_men(
    tables: dict[str, EffectTable],
) -> None:
    found = tables["estradiol_men"]
    row = found.rows.set_index("study").loc["gibb-2016"]
    assert row["estimate"] == pytest.approx(math.log(59.9 / 102.0))
    share = (3.6 / 59.9, 5.7 / 102.0)
    expected = math.sqrt(share[0] ** 2 + share[1] ** 2 - 2 * 0.5 * share[0] * share[1])
    assert row["std_error"] == pytest.approx(expected)
    assert found.assumptions_used == ("crossover_correlation",)


def test_estradiol_of_gibb_in_another_unit(tables: dict[str, EffectTable]) -> None:
    row = tables["estradiol_md"].rows.set_index("study").loc["gibb-2016"]
    factor = 272.38 / 1000
    assert row["estimate"] == pytest.approx((59.9 - 102.0) * factor)
    assert row["std_error"] == pytest.approx(math.sqrt(3.6**2 + 5.7**2 - 3.6 * 5.7) * factor)


def test_a_trial_whose_placebo_arm_was_not_printed_is_partial(
    tables: dict[str, EffectTable],
) -> None:
    partial = tables["estradiol_men"].partial
    leder = partial[partial["study"] == "leder-2004"]
    assert leder["kind"].tolist() == ["one_arm", "one_arm"]
    assert leder["estimate"].isna().all()


def test_venous_thromboembolism_against_tamoxifen(tables: dict[str, EffectTable]) -> None:
    found = tables["vte"]
    assert found.rows["study"].tolist() == [
        "buzdar-2006", "forbes-2016", "margolese-2016", "mouridsen-2007", "vandevelde-2011",
    ]  # fmt: skip
    assert (found.rows["estimate"] < 0).all()
    assert found.independent
    assert found.assumptions_used == ("percent_to_count",)


def test_forbes_by_its_counts(tables: dict[str, EffectTable]) -> None:
    row = tables["cardiovascular"].rows.set_index("study").loc["forbes-2016"]
    a, n, c, m = 93, 1449, 84, 1489
    assert row["estimate"] == pytest.approx(math.log((a / n) / (c / m)))
    assert row["std_error"] == pytest.approx(math.sqrt(1 / a - 1 / n + 1 / c - 1 / m))
    assert (row["n_treatment"], row["n_control"], row["route"]) == (n, m, "two arms: events")


@pytest.mark.parametrize(("name", "a", "c"), [("vte", 87, 139), ("vte_fewest", 86, 138)])
def test_percentages_to_counts(tables: dict[str, EffectTable], name: str, a: int, c: int) -> None:
    row = tables[name].rows.set_index("study").loc["buzdar-2006"]
    assert row["estimate"] == pytest.approx(math.log((a / 3092) / (c / 3094)))
    assert row["route"] == "two arms: events from printed percentages"


def test_percentages_stay_percentages_where_the_question_is_silent(
    tables: dict[str, EffectTable],
) -> None:
    found = tables["vte_silent"]
    assert "buzdar-2006" not in set(found.rows["study"])
    assert "buzdar-2006" in set(found.partial["study"])
    assert found.assumptions_used == ()


def test_changes_within_the_arms_never_stand_among_differences(
    tables: dict[str, EffectTable],
) -> None:
    found = tables["estradiol_within"]
    assert found.rows["control"].isna().all()
    assert found.rows["route"].str.startswith(("one arm", "published", "means with exact P")).all()
