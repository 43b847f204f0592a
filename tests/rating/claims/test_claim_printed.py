"""Claims that rest on what one study printed."""

import math
from typing import Any

import pytest
from helpers import contrast, outcome, study

from evidence.catalog.claims import Holds, PrintedFigure
from evidence.errors import StudyError
from evidence.rating.claims.printed import found_on_page, on_page, read_printed

BELOW, ABOVE = Holds(relation="below"), Holds(relation="above")
SAME = Holds(relation="no_difference")


def at(arm: str = "a", versus: str = "p", name: str = "o") -> PrintedFigure:
    return PrintedFigure(study="s", outcome=name, arm=arm, versus=versus)


def printed(arms: Any = None, told: Any = None, versus: str = "p", **more: Any) -> Any:
    entry = outcome(arms or {"a": {"n": 9}}, [contrast(**told)] if told else [], **more)
    return read_printed(study(entry), at(versus=versus))


P = {"relation": "=", "value": 0.01}
FELL = {"a": {"baseline": {"mean": 26}, "final": {"mean": 17}}}
BOTH = FELL | {"p": {"baseline": {"mean": 20}, "final": {"mean": 21}}}


@pytest.mark.parametrize(
    ("arms", "told", "versus", "direction"),
    [
        (None, {"direction": "decrease"}, "p", "decrease"),
        (None, {"measure": "MD", "estimate": -2.0}, "p", "decrease"),
        (None, {"measure": "HR", "estimate": 2.0}, "p", "increase"),
        (None, {"measure": "HR", "estimate": 1.0}, "p", "no_change"),
        (None, {"estimate": 1.0}, "p", None),
        (None, {"measure": "RR_inverse", "estimate": 2.0}, "p", None),
        (FELL, None, "baseline", "decrease"),
        ({"a": {"direction": "no_change"}}, None, "baseline", "no_change"),
        ({"a": {"direction": "decrease"}}, None, "p", None),
        (BOTH, {"p": P}, "p", "decrease"),
        ({"a": {"change": {"median": 3}}}, None, "baseline", "increase"),
        ({"a": {"change_percent": {"mean": -5}}}, {"p": P}, "p", "decrease"),
        ({"a": {"n": 9}}, {"p": P}, "p", None),
        ({"a": {"change": {"mean": 1}}, "p": {"n": 9}}, {"p": P}, "p", None),
    ],
)
def test_direction_is_what_was_said_or_what_the_figures_have(
    arms: Any, told: Any, versus: str, direction: str | None
) -> None:
    assert printed(arms, told, versus).direction == direction


@pytest.mark.parametrize(
    ("told", "holds", "verdict", "rule"),
    [
        ({"direction": "decrease", "p": P}, BELOW, "supported", "printed_agrees"),
        ({"direction": "decrease"}, BELOW, "supported", "printed_figures"),
        ({"direction": "increase", "p": P}, BELOW, "contradicted", "printed_against"),
        ({"p": P}, BELOW, "uncertain", "printed_silent"),
        ({"direction": "no_change"}, SAME, "supported", "printed_agrees"),
        ({"p": {"relation": "ns"}}, SAME, "supported", "printed_agrees"),
        ({"direction": "increase", "p": P}, SAME, "contradicted", "printed_against"),
        ({"direction": "increase"}, SAME, "uncertain", "printed_silent"),
        ({"direction": "increase"}, Holds(relation="differs"), "uncertain", "printed_silent"),
    ],
)
def test_what_one_study_found_is_judged_by_its_page(
    told: Any, holds: Holds, verdict: str, rule: str
) -> None:
    ruling = on_page(holds, printed(told=told))
    assert (ruling.verdict, ruling.rule) == (verdict, rule)


def test_a_printed_interval_gives_a_probability() -> None:
    page = printed(told={"measure": "HR", "estimate": 2.0, "ci": [1.0, 4.0]})
    found = found_on_page(ABOVE, page)
    assert found.probability == pytest.approx(0.5 * (1 + math.erf(1.959964 / math.sqrt(2))))
    assert (found.k, found.basis, found.estimate) == (1, "printed", 2.0)
    assert found_on_page(BELOW, page).against == pytest.approx(found.probability)
    plain = printed(told={"measure": "MD", "estimate": -1.0, "ci": [-2.0, 0.0]})
    assert found_on_page(BELOW, plain).probability == pytest.approx(0.975, abs=1e-6)


def test_a_printed_p_gives_a_probability_and_none_gives_none() -> None:
    fell = printed(told={"direction": "decrease", "p": P})
    assert found_on_page(BELOW, fell).probability == pytest.approx(0.995)
    rose = printed(told={"direction": "increase", "p": {"relation": "<", "value": 0.001}})
    assert found_on_page(ABOVE, rose).probability == pytest.approx(0.9995)
    for told in ({"direction": "decrease"}, {"direction": "no_change", "p": P}, {"p": P}):
        assert found_on_page(BELOW, printed(told=told)).probability is None
    assert found_on_page(SAME, fell).probability is None
    assert found_on_page(Holds(relation="below", low=0.5), fell).probability is None


def test_a_figure_that_is_not_there() -> None:
    one = study(outcome({"a": {"n": 9}}))
    with pytest.raises(StudyError, match="s: x: is no outcome"):
        read_printed(one, at(name="x"))
    with pytest.raises(StudyError, match="o: zzz: is told nothing of"):
        read_printed(one, at(arm="zzz"))


def test_a_change_against_the_same_peoples_baseline_has_no_control() -> None:
    assert found_on_page(BELOW, printed(told={"direction": "decrease", "p": P})).controlled
    told = {"direction": "decrease", "p": P, "versus": "baseline"}
    assert not found_on_page(BELOW, printed(told=told, versus="baseline")).controlled
