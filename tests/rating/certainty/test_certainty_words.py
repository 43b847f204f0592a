"""Statements: no more sure than the certainty allows, and no "no difference" without reason."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evidence.errors import FitError
from evidence.rating.certainty.inputs import Inputs
from evidence.rating.certainty.rules import LEVELS
from evidence.rating.certainty.rules_text import written
from evidence.rating.certainty.words import SYMBOLS, statement, verb

BASE = Inputs(
    question="q", measure="RR", scale="log", trials=("a",), estimate=-0.5, ci_low=-0.8,
    ci_high=-0.2, important=(-0.29, 0.22),
)  # fmt: skip


def said(level: str | None, **changes: object) -> str:
    return statement(replace(BASE, **changes), level, "Anastrozole", "stroke", "placebo")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("level", "text"),
    [
        ("high", "Anastrozole reduces stroke compared with placebo."),
        ("moderate", "Anastrozole probably reduces stroke compared with placebo."),
        ("low", "Anastrozole may reduce stroke compared with placebo."),
        (
            "very_low",
            "The evidence is very uncertain about the effect of anastrozole on stroke compared "
            "with placebo.",
        ),
        (None, "No trial seen tells of stroke."),
    ],
)
def test_the_wording_follows_the_level(level: str | None, text: str) -> None:
    assert said(level) == text


def test_an_effect_below_what_matters_is_slight() -> None:
    assert said("low", estimate=0.1, ci_low=0.05, ci_high=0.3).startswith(
        "Anastrozole may increase stroke slightly compared with placebo."
    )


def test_little_or_no_difference_only_where_nothing_that_matters_is_left() -> None:
    inside = said("moderate", estimate=0.0, ci_low=-0.1, ci_high=0.1)
    assert inside == (
        "Anastrozole probably makes little or no difference to stroke compared with placebo."
    )
    for changes in ({"ci_high": 0.3}, {"important": None}):
        assert "not clear whether anastrozole changes stroke" in said(
            "moderate", **({"estimate": 0.0, "ci_low": -0.1, "ci_high": 0.1} | changes)
        )


@pytest.mark.parametrize(
    ("low", "y", "high", "wording"),
    [
        (0.05, 0.12, 0.2, "probably increases stroke slightly compared"),
        (-0.2, -0.1, -0.01, "probably reduces stroke slightly compared"),
        (0.0, 0.1, 0.2, "makes little or no difference to stroke"),
        (-0.1, 0.0, 0.1, "makes little or no difference to stroke"),
    ],
)
def test_an_interval_without_no_effect_is_never_little_or_no_difference(
    low: float, y: float, high: float, wording: str
) -> None:
    text = said("moderate", estimate=y, ci_low=low, ci_high=high)
    assert wording in text
    assert ("little or no" in text) == (low <= 0 <= high)


def test_a_level_before_the_treatment_says_so() -> None:
    found = replace(BASE, contrast="level", scale="identity", unit="pg/mL", measure="MN")
    sides = ("Anastrozole", "estradiol", "")
    assert statement(found, "very_low", *sides, before=True) == (
        "The evidence is very uncertain about estradiol before anastrozole."
    )
    assert statement(found, "low", *sides, before=True) == (
        "Estradiol before anastrozole may be within −0.800 to −0.200 pg/mL."
    )


@pytest.mark.parametrize(
    ("measure", "values", "text"),
    [
        ("RR", (1.4, 0.7661), ("1.40", "0.77")),
        ("ROM", (0.2, 0.0949), ("0.200", "0.0949")),
        ("OR", (0.095, 302.149), ("0.10", "302.15")),
        ("MD", (-0.045, 0.0, 12345.0), ("−0.0450", "0", "12300")),
    ],
)
def test_figures_that_belong_together(
    measure: str, values: tuple[float, ...], text: tuple[str, ...]
) -> None:
    assert written(measure, *values) == text


def test_an_interval_with_no_effect_in_it_is_said_beside_the_effect() -> None:
    text = said("low", ci_high=0.1)
    assert text == (
        "Anastrozole may reduce stroke compared with placebo, but the interval (0.45 to 1.11) "
        "reaches from a reduction to an increase."
    )


def test_other_kinds_of_question() -> None:
    assert said("low", contrast="within") == (
        "Stroke may be lower after anastrozole than before it; how much of that is due to the "
        "treatment is not known."
    )
    assert said("low", contrast="within", ci_high=0.1).startswith("It is not clear whether stroke")
    level = said("moderate", contrast="level", scale="identity", unit="pg/mL", measure="MN")
    assert level == "Stroke with anastrozole is probably within −0.800 to −0.200 pg/mL."
    assert "The association with stroke may be within" in said("low", contrast="association")
    assert said("very_low", contrast="association") == (
        "The evidence is very uncertain about the association with stroke."
    )
    assert "uncertain about stroke with anastrozole." in said("very_low", contrast="level")
    assert said("low", estimate=None, ci_low=None, ci_high=None) == (
        "The size of the effect of anastrozole on stroke is not known."
    )


@given(
    st.sampled_from(LEVELS), st.floats(-2, 2), st.floats(0, 2), st.floats(0, 2),
    st.sampled_from([None, (-0.29, 0.22)]),
)  # fmt: skip
def test_hedges_belong_to_their_level(
    level: str, y: float, a: float, b: float, important: tuple[float, float] | None
) -> None:
    text = said(level, estimate=y, ci_low=y - a, ci_high=y + b, important=important)
    assert ("very uncertain" in text) == (level == "very_low")
    assert "probably" not in text or level == "moderate"
    assert " may " not in text or level == "low"
    if important is None:
        assert "little or no" not in text


def test_levels_that_do_not_exist() -> None:
    assert tuple(SYMBOLS) == LEVELS[::-1]
    with pytest.raises(FitError, match='did you mean "very_low"'):
        said("very low")
    with pytest.raises(FitError, match="no wording for this level"):
        verb("very_low", "reduce", "reduces")
