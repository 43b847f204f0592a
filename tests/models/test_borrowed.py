"""Borrowing as a plan declares it: what is refused, what is computed, and when there is none."""

from typing import Any

import pytest
from helpers import TERMS, question, study
from samples import THREE, part, plan, trial, trials

from evidence.catalog.study import Study
from evidence.effects.assemble import effect_table
from evidence.errors import FitError, QuestionError
from evidence.models.bayesian.priors import half_normal, normal
from evidence.models.borrowed import Borrowed, Source, borrow_as_declared
from evidence.models.borrowing.borrow import borrow
from evidence.models.plan import Borrow
from evidence.report.analysis import Analysis, Section

ASKED: dict[str, Any] = {"sources": ("women",), "reason": "they are other people"}
POWER = ASKED | {"method": "power", "discount": 0.3}
MAP = ASKED | {"method": "robust_map", "discount": 0.3, "vague": normal(0, 5, "wide")}
MEN, WOMEN = question(id="men"), question(id="women", sexes=("female",))


def women(*pairs: tuple[float, float]) -> list[Study]:
    return [trial(f"women-{2001 + i}", y, s, sex="female") for i, (y, s) in enumerate(pairs)]


def borrowed(studies: list[Study], declared: Borrow | None) -> Borrowed | None:
    asked = {q.id: Source(q, effect_table(studies, q, TERMS)) for q in (MEN, WOMEN)}
    return borrow_as_declared(asked["men"].table, plan(borrow=declared), asked)


def declared(declaration: Borrow, **other: Any) -> Analysis:
    source = question(id="women", sexes=("female",), **other)
    sections = (
        Section("Men", MEN, plan(borrow=declaration)),
        Section("Women", source, plan()),
    )
    return Analysis("demo", "Demonstration", "What is asked?", sections)


def test_what_is_borrowed_is_what_borrow_gives() -> None:
    studies = [*trials(THREE), *women((-5.0, 0.5), (-4.0, 0.7))]
    found = borrowed(studies, Borrow(**POWER))
    assert found is not None
    assert found.found is not None
    assert found.reason == ""
    assert [s.question.id for s in found.sources] == ["women"]
    tables = [effect_table(studies, q, TERMS) for q in (MEN, WOMEN)]
    own = borrow(*tables, method="power", tau=half_normal(1), mu=normal(0, 10), discount=0.3)
    assert found.found.terms.astype(float).equals(own.terms.astype(float))


def test_no_declaration_no_borrowing() -> None:
    assert borrowed([*trials(THREE), *women((-5.0, 0.5))], None) is None


def test_sources_that_printed_less_leave_nothing_to_borrow() -> None:
    found = borrowed([*trials(THREE), part("said-2010", direction="decrease")], Borrow(**POWER))
    assert found is not None
    assert found.found is None
    assert found.reason == "none of their trials printed an effect with its uncertainty"


def test_without_trials_of_its_own_only_a_prediction_is_given() -> None:
    studies = women((-5.0, 0.5), (-4.0, 0.7))
    none, map_ = (borrowed(studies, Borrow(**way)) for way in (POWER, MAP))
    assert none is not None
    assert none.found is None
    assert none.reason.startswith("no trial of this question has an effect")
    assert map_ is not None
    assert map_.found is not None
    assert map_.found.conflict is None


@pytest.mark.parametrize(
    ("change", "match"),
    [
        ({"sources": "women"}, "sources: 'women'; ids of questions in a tuple"),
        ({"sources": ()}, "sources: ()"),
        ({"sources": (3,)}, "sources: (3,)"),
        ({"reason": "  "}, "reason: '  '; say why"),
        ({"reason": None}, "reason: None"),
    ],
)
def test_a_declaration_names_its_sources_and_its_reason(change: Any, match: str) -> None:
    import re

    with pytest.raises(FitError, match=re.escape(match)):
        Borrow(**(POWER | change))


@pytest.mark.parametrize(
    ("change", "other", "match"),
    [
        ({"sources": ("womn",)}, {}, r'men: borrow: "womn" is no question.*did you mean "women"'),
        ({"sources": ("men",)}, {}, 'men: borrow: "men" is the question itself'),
        ({"sources": ("women", "women")}, {}, "a source stands twice; name it once"),
        ({}, {"unit": "pmol/L"}, "women: unit: 'pmol/L'; 'pg/mL', as the question has it"),
        ({}, {"measure": "ROM", "unit": None}, "(?s)women: measure: 'ROM'.*women: unit: None"),
        ({}, {"contrast": "within", "control": ()}, "women: contrast: 'within'"),
        ({}, {"outcomes": ("testosterone",)}, "women: outcomes: .'testosterone',."),
        ({"method": "powr"}, {}, "men: borrow, method: unknown: 'powr'"),
        ({"discount": None}, {}, "men: borrow, discount: power needs it"),
        ({"discount": 2.0}, {}, r"men: borrow, discount: 2\.0"),
        ({"threshold": float("nan")}, {}, "men: borrow, threshold: nan"),
    ],
)
def test_an_analysis_refuses_what_does_not_fit(change: Any, other: Any, match: str) -> None:
    with pytest.raises(QuestionError, match=match):
        declared(Borrow(**(POWER | change)), **other)


def test_an_analysis_that_fits_is_declared() -> None:
    analysis = declared(Borrow(**MAP))
    assert analysis.sections[0].plan.borrow is not None
    assert study(id="a-2001").id == "a-2001"
