"""Questions that cannot be asked: refused with everything that is wrong."""

import math
from typing import Any

import pytest
from helpers import TERMS, question

from evidence.catalog.question import Assumption, Window, check_terms
from evidence.errors import QuestionError


def test_a_sound_question_is_asked() -> None:
    asked = question(
        assumptions=(Assumption("crossover_correlation", 0.5, "no page says", (0.0,)),)
    )
    check_terms(asked, TERMS)
    assert asked.scale == "identity"
    assert question(measure="ROM").scale == "log"
    assert asked.assumption("crossover_correlation") is not None
    assert asked.assumption("unlabelled_spread") is None


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"id": "a b"}, r'id: "a b"; letters, digits and underscores'),
        ({"id": ""}, r'id: ""; letters'),
        ({"id": "é"}, r"id: .*letters"),
        ({"measure": "MDD"}, r'"MDD" is not allowed; did you mean "MD"'),
        ({"contrast": "betwen"}, r'"betwen" is not allowed; did you mean "between"'),
        ({"shared_arms": "combined"}, r'did you mean "combine"'),
        ({"sexes": ("man",)}, r'sexes: "man" is not allowed'),
        ({"designs": ("rct",)}, r'designs: "rct" is not allowed'),
        ({"sexes": ()}, r"sexes: is empty; name at least one"),
        ({"treatment": ()}, r"treatment: is empty"),
        ({"outcomes": ()}, r"outcomes: is empty"),
        ({"designs": ()}, r"designs: is empty"),
        ({"control": ()}, r"control: is empty; name what the treatment is compared with"),
        ({"contrast": "within"}, r"control: has no meaning for a change within an arm"),
        ({"unit": None}, r"unit: is missing; a mean difference needs"),
        ({"measure": "ROM", "unit": "pg/mL"}, r'unit: "pg/mL" for a ratio; ratios have no unit'),
        ({"measure": "HR", "unit": ""}, r"for a ratio"),
        ({"window": Window(10, 5, 7)}, r"window: .*0 <= earliest <= target <= latest"),
        ({"window": Window(-1, 5, 2)}, r"window: .*in weeks"),
        ({"window": Window(0, 5, 9)}, r"window: .*in weeks"),
        ({"window": Window(0, math.nan, 1)}, r"window: .*in weeks"),
        ({"window": Window("0", 5, 1)}, r"window: .*weeks are numbers"),  # type: ignore[arg-type]
        ({"sexes": "male"}, r'sexes: the text "male"; give a tuple: \("male",\)'),
        ({"treatment": "letrozole"}, r'treatment: the text "letrozole"; give a tuple'),
    ],
)
def test_one_fault(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(QuestionError, match=message):
        question(**changes)


@pytest.mark.parametrize(
    ("assumption", "message"),
    [
        (Assumption("crossover_correlation", 0.5, ""), "has no reason; say why"),
        (Assumption("crossover_correlation", 0.5, "  "), "has no reason"),
        (Assumption("crossover_correlation", 1.0, "x"), "1.0 is no correlation; a number between"),
        (Assumption("crossover_correlation", -1.5, "x"), "-1.5 is no correlation"),
        (Assumption("crossover_correlation", math.nan, "x"), "nan is no correlation"),
        (Assumption("crossover_correlation", "0.5", "x"), "'0.5' is no correlation"),
        (Assumption("crossover_correlation", True, "x"), "True is no correlation"),
        (Assumption("crossover_correlation", None, "x"), "None is no correlation"),  # type: ignore[arg-type]
        (Assumption("baseline_final_correlation", 0.5, "x", (0.0, 1.5)), "1.5 is no correlation"),
        (Assumption("unlabelled_spread", "SD", "x"), "'SD' is not allowed; did you mean \"sd\""),
        (Assumption("unlabelled_spread", 1.0, "x"), "1.0 is not allowed"),
        (Assumption("percent_to_count", "most", "x", ("few",)), "'few' is not allowed"),
        (Assumption("crosover_correlation", 0.5, "x"), 'did you mean "crossover_correlation"'),  # type: ignore[arg-type]
    ],
)  # fmt: skip
def test_one_faulty_assumption(assumption: Assumption, message: str) -> None:
    with pytest.raises(QuestionError, match=message):
        question(assumptions=(assumption,))


def test_an_assumption_twice() -> None:
    one = Assumption("crossover_correlation", 0.5, "x")
    with pytest.raises(QuestionError, match="crossover_correlation stands twice; declare it once"):
        question(assumptions=(one, one))


def test_all_faults_of_a_declaration_are_told_at_once() -> None:
    with pytest.raises(QuestionError, match="cannot be asked like this") as caught:
        question(
            id="a-b",
            sexes=("men",),
            measure="RR",
            unit="%",
            window=Window(5, 4, 3),
            assumptions=(Assumption("crossover_correlation", 2.0, ""),),
        )
    assert len(caught.value.problems) == 6


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"treatment": ("anastrazole",)},
            r'treatment: "anastrazole" is not known; .*"anastrozole"',
        ),
        ({"control": ("plasebo",)}, r'control: "plasebo" is not known; did you mean "placebo"'),
        ({"outcomes": ("estradol",)}, r'did you mean "estradiol"'),
        ({"groups": ("mens",)}, r'groups: "mens" is not known; did you mean "men"'),
        ({"excluded_groups": ("womn",)}, r'excluded_groups: .*did you mean "women"'),
        ({"background_with": ("androgens",)}, r'did you mean "androgen"'),
        ({"background_without": ("androgens",)}, r'did you mean "androgen"'),
        ({"unit": "pg/ml"}, r'unit: "pg/ml" is not known; did you mean "pg/mL"'),
    ],
)
def test_an_unknown_word_names_the_nearest(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(QuestionError, match=message):
        check_terms(question(**changes), TERMS)


def test_all_unknown_words_are_told_at_once() -> None:
    asked = question(treatment=("x", "anastrozole"), control=("y",), outcomes=("z",), unit="w")
    with pytest.raises(QuestionError, match="does not fit the terms") as caught:
        check_terms(asked, TERMS)
    assert [p.where for p in caught.value.problems] == [
        "q.treatment", "q.control", "q.outcomes", "q.unit",
    ]  # fmt: skip


@pytest.mark.parametrize("control", [("letrozole", "placebo"), ("aromatase_inhibitor",)])
def test_a_drug_on_both_sides_would_count_each_pair_twice(control: tuple[str, ...]) -> None:
    with pytest.raises(QuestionError, match=r"letrozole would be compared with itself"):
        check_terms(question(control=control), TERMS)


LEVEL: dict[str, Any] = {"contrast": "level", "control": (), "measure": "MN", "unit": "pg/mL"}
JOINED: dict[str, Any] = {"contrast": "association", "control": (), "measure": "ZCOR"}


def test_levels_and_associations_are_asked() -> None:
    scales = {"MN": "identity", "MNLN": "log"}
    assert {m: question(**LEVEL | {"measure": m}).scale for m in scales} == scales
    assert question(**LEVEL | {"measure": "PLO", "unit": None}).scale == "logit"
    assert question(**JOINED, treatment=()).scale == "fisher_z"
    assert question(**JOINED | {"measure": "BETA", "unit": "pg/mL"}).scale == "identity"
    check_terms(question(**LEVEL, occasion="baseline"), TERMS)
    check_terms(question(**JOINED, treatment=(), adjustment="age"), TERMS)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"measure": "ZCOR"}, r'measure: "ZCOR" does not answer contrast="between"; one of MD, .*'
         "or contrast='association'"),
        (LEVEL | {"measure": "MD"}, r'"MD" does not answer contrast="level"; one of MN, MNLN, PLO'),
        (JOINED | {"measure": "MN", "unit": "pg/mL"}, r'"MN" does not answer contrast="assoc'),
        (LEVEL | {"contrast": "levl"}, r'contrast: "levl" is not allowed; did you mean "level"'),
        (LEVEL | {"unit": None}, r"unit: is missing; a level needs the unit"),
        (LEVEL | {"measure": "PLO"}, r'unit: "pg/mL" for a proportion; a proportion has no unit'),
        (JOINED | {"unit": "%"}, r'unit: "%" for a correlation'),
        (JOINED | {"measure": "BETA"}, r"unit: is missing; a slope needs the unit"),
        (LEVEL | {"control": ("placebo",)}, r"control: has no meaning for a level in one arm"),
        (JOINED | {"control": ("placebo",)}, r"control: has no meaning for an association"),
        (LEVEL | {"treatment": ()}, r"treatment: is empty"),
        (JOINED | {"occasion": "baseline"}, r'occasion: "baseline" for ZCOR; only levels'),
        (LEVEL | {"occasion": "start"}, r'occasion: "start" is not allowed'),
        (LEVEL | {"adjustment": "age"}, r"adjustment: of contrast='level'; only associations"),
    ],
)  # fmt: skip
def test_one_fault_of_a_level_or_an_association(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(QuestionError, match=message):
        question(**changes)
