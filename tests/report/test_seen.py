"""Levels and associations in a report: scales brought back, and no word of a treatment effect."""

import re
from typing import Any

import pytest
from helpers import TERMS, outcome, study, summary
from samples import RUN, answered, file_of, material_of, plan, result_of, trial, trials

from evidence.effects.scales import to_readers
from evidence.effects.trace import trace
from evidence.models.answer import answer
from evidence.models.bayesian.priors import half_normal, normal
from evidence.models.plan import Limits
from evidence.report.collect import collect
from evidence.report.directions import direction_rows, direction_table
from evidence.report.forest.data import axis_limits, ticks
from evidence.report.forest.result import favours, forest_of
from evidence.report.methods import methods
from evidence.report.page import page
from evidence.report.pictures import further_pictures, picture
from evidence.report.result import QuestionResult
from evidence.report.said.wording import said_sentence
from evidence.report.tables import effects_table, models_table, partial_table, unused_tables

LEVEL: dict[str, Any] = {
    "contrast": "level", "treatment": ("anastrozole",), "control": (), "measure": "MN",
    "unit": "pg/mL", "designs": ("parallel_rct", "cohort"),
    "prior_mu": normal(20, 30, "wide"), "prior_tau": half_normal(10, "some"),
}  # fmt: skip
LOG = LEVEL | {"measure": "MNLN", "prior_mu": normal(3, 2, "x"), "prior_tau": half_normal(1, "x")}
SHARE = LEVEL | {"measure": "PLO", "unit": None, "outcomes": ("cv_event",),
                 "prior_mu": normal(0, 2, "x"), "prior_tau": half_normal(1, "x")}  # fmt: skip
JOINED: dict[str, Any] = {
    "contrast": "association", "treatment": (), "control": (), "measure": "ZCOR",
    "designs": ("cohort",), "prior_mu": normal(0, 1, "x"), "prior_tau": half_normal(0.3, "x"),
    "limits": Limits(effect=(-1, 1), reason="r beyond 0.76 was never seen"),
}  # fmt: skip


def level(name: str, mean: float, **more: Any) -> Any:
    arm = {"n": 20, "final": summary(mean, sd=6.0)} | more
    return study(outcome({"a": arm}), id=name)


def share(name: str, events: int, total: int) -> Any:
    arms = {"a": {"events": events, "total": total}}
    return study(outcome(arms, word="cv_event", unit="count"), id=name)


def joined(name: str, n: int | None = 100, **told: Any) -> Any:
    link = {"arm": "a", "kind": "association", "measure": "r", **told}
    arms = {} if n is None else {"a": {"n": n}}
    return study(outcome(arms, [link], unit=None, type="correlation"), id=name, design="cohort")


LEVELS = [level("x-2001", 17), level("y-2002", 25), level("z-2003", 21)]
PART = level("w-2004", 19, final=summary(19.0))
SHARES = [share("x-2001", 4, 20), share("y-2002", 0, 15), share("z-2003", 9, 30)]
LINKS = [joined("x-2001", estimate=0.35), joined("y-2002", estimate=0.1, n=60),
         joined("z-2003", estimate=-0.05)]  # fmt: skip
BOUND = joined("w-2004", direction="increase", p={"relation": "<", "value": 0.05})
CASES = {
    "MN": ([*LEVELS, PART], LEVEL), "MNLN": ([*LEVELS, PART], LOG), "PLO": (SHARES, SHARE),
    "ZCOR": ([*LINKS, BOUND], JOINED),
}  # fmt: skip


@pytest.fixture(scope="module")
def results() -> dict[str, QuestionResult]:
    return {name: result_of(studies, **asked) for name, (studies, asked) in CASES.items()}


def words_of(result: QuestionResult) -> str:
    tables = [effects_table(result), models_table(result), *unused_tables(result)]
    tables += [t for t in (partial_table(result),) if t is not None]
    cells = [x for t in tables for x in (t.title, *t.head, *(c for row in t.rows for c in row))]
    return " ".join([result.finding, *result.certainty, said_sentence(result), *cells])


@pytest.mark.parametrize("name", CASES)
def test_no_word_of_a_treatment_effect(results: dict[str, QuestionResult], name: str) -> None:
    said = words_of(results[name])
    said = re.sub(r"(A level|An association), no treatment effect", "", said)
    for word in ("treatment effect", "favours", "lower with", "higher with", "P(ratio",
                 "P(difference", "no difference", "v baseline"):  # fmt: skip
        assert word not in said
    assert "stud" in results[name].finding
    assert "trial" not in results[name].finding


def test_what_is_found_of_a_level(results: dict[str, QuestionResult]) -> None:
    said = results["MN"].finding
    assert said.startswith("an outcome, men on Anastrozole: mean level 21")
    assert said.endswith("pg/mL (95 % CI 11.1 to 30.9); three studies, 60 people. A level, no "
                         "treatment effect.")  # fmt: skip
    assert "values seen in people on treatment" in " ".join(results["MN"].certainty)
    assert "geometric mean level 20.9 pg/mL" in results["MNLN"].finding
    assert "proportion 0.2" in results["PLO"].finding


def test_what_is_found_of_an_association(results: dict[str, QuestionResult]) -> None:
    said = results["ZCOR"].finding
    assert "the interval reaches from a negative to a positive association; correlation 0.1" in said
    assert said.endswith("three studies, 260 people. An association, no treatment effect.")
    alone = result_of(LINKS[:1], **JOINED).finding
    assert "a positive association; correlation 0.35 (95 % CI 0.16 to 0.51); one study" in alone
    down = result_of([joined("x-2001", estimate=-0.5)], **JOINED).finding
    assert "a negative association" in down
    two = result_of(LINKS[:2], **JOINED).finding
    assert "correlation 0.35 (0.16 to 0.51) and 0.10 (−0.16 to 0.35) in the two studies" in two


@pytest.mark.parametrize("name", CASES)
def test_figures_are_brought_back(results: dict[str, QuestionResult], name: str) -> None:
    result = results[name]
    assert result.main is not None
    assert result.exact is not None
    blocks: list[Any] = [*result.effects, result.main]
    for one in blocks:
        for shown, figure in ((one.shown.estimate, one.estimate), (one.shown.low, one.ci_low),
                              (one.shown.high, one.ci_high)):  # fmt: skip
            assert shown == pytest.approx(to_readers(figure, result.scale), rel=1e-8)
    mu = result.exact.terms[0]
    assert mu.shown is not None
    assert mu.shown.estimate == pytest.approx(to_readers(mu.median, result.scale), rel=1e-8)
    assert all(line.shown is not None for line in result.sensitivity if line.estimate is not None)
    if name in ("PLO", "ZCOR"):
        least = 0.0 if name == "PLO" else -1.0
        assert all(least < x.shown.low < x.shown.high < 1 for x in blocks)


def test_proportions_are_fitted_by_the_binomial_too(results: dict[str, QuestionResult]) -> None:
    lines = {line.choice: line for line in results["PLO"].sensitivity}
    mixed = lines["generalised linear mixed model, binomial"]
    assert mixed.shown is not None
    # Half an event for the study without any pulls the other estimate up.
    assert mixed.shown.estimate < results["PLO"].main.shown.estimate  # type: ignore[union-attr]


def test_counts_that_were_given_by_hand_have_no_binomial_fit() -> None:
    made = answered(SHARES, **SHARE)
    assert made.main is not None
    texts = made.sensitivity["choice"].tolist()
    assert texts.count("generalised linear mixed model, binomial") == 1


def test_the_second_answer_of_associations_and_levels(results: dict[str, QuestionResult]) -> None:
    said = said_sentence(results["ZCOR"])
    assert "the probability of a correlation below 0 is" in said
    assert "if one study can show −0.76 to 0.76" in said
    told = said_sentence(results["MN"])
    assert "probability of" not in told.replace("the probability of what it says", "")
    assert "the mean level is on average" in told
    alone = joined("w-2004", n=None, direction="increase", p={"relation": "<", "value": 0.05})
    assert "no report printed n" in said_sentence(result_of([alone], **JOINED))


@pytest.mark.parametrize("name", CASES)
def test_the_forest_plot_has_no_line_of_no_effect_for_a_level(
    results: dict[str, QuestionResult], name: str
) -> None:
    data = forest_of(results[name])
    assert data.head == "Study"
    if name == "ZCOR":
        assert favours(results[name]) == ("negative association", "positive association")
        assert data.null == 0.0
    else:
        assert favours(results[name]) == ("", "")
        assert data.null is None
    low, high = axis_limits(data)
    places, words = ticks(data)
    assert len(words) >= 2
    assert all(low <= place <= high for place in places)
    for place, word in zip(places, words, strict=True):
        shown = to_readers(place, data.scale)
        assert float(word.replace("−", "-")) == pytest.approx(shown, rel=0.01, abs=1e-9)
    assert not any("test of the mean" in note.lower() for note in data.footnotes) or name == "ZCOR"
    drawn = picture(results[name])
    assert drawn.svg.startswith(b"<?xml")
    assert drawn.png.startswith(b"\x89PNG")
    assert drawn.description.startswith("Forest plot.")
    assert picture(results[name]) == drawn


@pytest.mark.parametrize("name", CASES)
def test_a_page_and_its_further_pictures(results: dict[str, QuestionResult], name: str) -> None:
    result = results[name]
    studies, asked = CASES[name]
    made = answered(studies, **asked)
    assert set(further_pictures(made)) >= {"posterior"}
    html = page(file_of(result), material_of(result, traces=trace(made.table, "")), RUN)
    tag = "an association" if name == "ZCOR" else "a level"
    assert f'<span class="tag">{tag}, no treatment effect</span>' in html
    assert "by log_odds" in html if name == "PLO" else "printed" in html


def test_the_methods_tell_of_each_measure(results: dict[str, QuestionResult]) -> None:
    text = " ".join(p.text for p in methods(file_of(*results.values())))
    for words in ("Fisher's z", "Levels are means of single arms", "binomial mixed model"):
        assert words in text
    assert "Fisher's z" not in " ".join(p.text for p in methods(file_of(results["MN"])))


def test_directions_of_associations_are_told_with_the_sign_test() -> None:
    told = [joined(f"s-200{i}", direction=way) for i, way in enumerate(["increase"] * 3)]
    told += [joined("s-2008", direction="decrease"), joined("s-2009", direction="no_change")]
    result = result_of(told, **JOINED)
    assert "3 state a positive association, 1 states a negative association" in result.finding
    assert "Of 4 directions 3 are positive: 75 % (95 % exact interval 19 % to > 99 %" in (
        result.finding
    )
    assert "1 without one direction left out" in result.finding
    found = direction_table(result)
    assert found is not None
    assert [row[2] for row in found.rows].count("positive association") == 3
    assert [row[1] for row in found.rows] == ["100"] * 5
    assert "no association" in [row[2] for row in found.rows]


def test_a_level_has_no_directions() -> None:
    result = result_of([PART], **LEVEL)
    assert "could" not in result.finding
    assert result.finding.endswith("One study reported it in part.")
    assert direction_table(result) is None
    assert direction_rows(result)[0][1] is None
    told = picture(result).description
    assert "final mean 19" in told


def test_treatment_questions_read_as_before() -> None:
    result = result_of(trials(((-3.0, 0.4), (-3.2, 0.5), (-2.9, 0.3))))
    assert "lower with an aromatase inhibitor than with placebo" in result.finding
    assert forest_of(result).head == "Trial"
    assert forest_of(result).null == 0.0
    assert direction_table(result_of([])) is None
    alone = " ".join(result_of([trial("t-2001", -1.0, 0.5)]).certainty)
    assert "k = 1: this is the result of a single trial" in alone


def test_nothing_of_an_association_enters_a_question_of_effects() -> None:
    made = answer(
        answered(LINKS, **JOINED).question, plan(prior_tau=half_normal(0.3, "x")),
        [*LINKS, *LEVELS], TERMS, sample=False,
    )  # fmt: skip
    assert set(made.table.rows["study"]) == {"x-2001", "y-2002", "z-2003"}
    assert made.table.scale == "fisher_z"
    assert set(made.table.rows["design"]) == {"cohort"}
    assert collect(made, TERMS).k == 3


def test_the_second_answer_of_a_level_has_no_value_of_no_effect() -> None:
    told = further_pictures(answered([*LEVELS, PART], **LOG))["said"]
    assert b"Probability" not in told.svg
    assert b"Probability" in further_pictures(answered([*LINKS, BOUND], **JOINED))["said"].svg
