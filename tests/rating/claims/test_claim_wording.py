"""Wording that the evidence would allow, tied to certainty."""

from typing import Any

import pytest

from evidence.rating.claims.verdict import ClaimEvidence
from evidence.rating.claims.wording import (
    Sides,
    allowed_wording,
    figures,
    lowered,
    three_digits,
    wording_not_held,
    wording_without_test,
)


def sides(**changes: Any) -> Sides:
    told: dict[str, Any] = {
        "treatment": "an aromatase inhibitor",
        "control": "placebo",
        "outcome": "Estradiol, serum",
        "people": "men",
        "title": "Estradiol in men on testosterone",
    }
    return Sides(**(told | changes))


def said(below: float | None = 0.999, certainty: Any = "high", k: int = 4, **changes: Any) -> str:
    in_part = changes.pop("in_part", 0)
    found = ClaimEvidence(k=k, in_part=in_part, certainty=certainty)
    return allowed_wording(sides(**changes), found, below_null=below)


@pytest.mark.parametrize(
    ("certainty", "words"),
    [
        ("high", "In men, an aromatase inhibitor lowers estradiol compared with placebo."),
        ("moderate", "an aromatase inhibitor probably lowers estradiol"),
        ("low", "an aromatase inhibitor may lower estradiol"),
        ("very_low", "very uncertain about the effect of an aromatase inhibitor on estradiol"),
        (None, "may lower estradiol compared with placebo (certainty not yet rated)."),
    ],
)
def test_the_verb_follows_the_certainty(certainty: Any, words: str) -> None:
    assert words in said(certainty=certainty)


@pytest.mark.parametrize(
    ("certainty", "words"),
    [("high", "makes stroke more"), ("moderate", "probably makes"), ("low", "may make stroke")],
)
def test_events_are_counted(certainty: Any, words: str) -> None:
    assert words in said(0.001, certainty, outcome="Stroke", counted=True)


def test_what_is_not_settled_is_left_open() -> None:
    open_ = said(0.9)
    assert "leaves open whether an aromatase inhibitor makes estradiol lower or higher" in open_
    assert "less or more frequent" in said(None, counted=True)
    assert said(None, k=0, in_part=2).endswith("which 2 trials reported in part only.")
    assert said(None, k=0, in_part=1).endswith("which one trial reported in part only.")
    assert said(None, k=0).endswith("no study seen reports this comparison.")


def test_a_change_is_no_effect() -> None:
    text = said(0.001, "low", contrast="within")
    assert "may be higher after an aromatase inhibitor than before" in text
    assert "no effect of treatment" in text
    assert "compared with" not in text
    assert "than before" in said(0.5, contrast="within")
    assert "a change of estradiol" in said(certainty="very_low", contrast="within")


def test_people_who_were_not_randomised_are_only_compared() -> None:
    told: dict[str, Any] = {
        "randomised": False,
        "treatment": "Low estradiol, as cut",
        "counted": True,
    }
    text = said(0.001, "low", control="Higher estradiol, as cut", outcome="Fracture", **told)
    assert text.startswith(
        "In men, fracture may be more frequent with low estradiol than with higher estradiol; an "
        "association, which is no effect"
    )
    assert "makes" not in said(0.5, **told)


def test_levels_and_associations() -> None:
    told: dict[str, Any] = {"contrast": "level", "figures": "25 pg/mL (20 to 30)"}
    assert said(None, "moderate", **told) == (
        "Estradiol in men on testosterone: the mean is probably 25 pg/mL (20 to 30), in 4 studies."
    )
    assert said(None, "low", k=1, **told).endswith("may be 25 pg/mL (20 to 30), in one study.")
    assert "no study seen gives the level" in said(None, contrast="level")
    assert said(None, k=0, contrast="level").startswith("Estradiol in men on testosterone: no")
    together = said(0.001, "low", contrast="association", outcome="Correlation of both")
    assert (
        together
        == "In men, the correlation of both may be positive; an association, which is no effect."
    )
    assert "is negative" in said(0.999, "high", contrast="association")
    assert "leaves open the sign" in said(0.5, contrast="association")


def test_figures_and_names() -> None:
    found = ClaimEvidence(k=1, estimate=-0.028, ci_low=-0.0452, ci_high=-0.0108)
    assert figures(found, "g/cm2") == "−0.0280 g/cm2 (−0.0452 to −0.0108)"
    assert figures(ClaimEvidence(k=1, estimate=2.0), None) == "2.00"
    assert figures(ClaimEvidence(k=0), None) == ""
    assert [three_digits(x) for x in (0.0, 1234.5, 0.5)] == ["0", "1230", "0.500"]
    assert [lowered(x) for x in ("LDL", "C-reactive protein", "Hip, total", "")] == [
        "LDL", "C-reactive protein", "hip", "",
    ]  # fmt: skip


def test_claims_that_nothing_pooled_is_held_against() -> None:
    assert "1 agrees, 2 do not" in wording_not_held(["yes", "no", "no"])
    assert "hypothesis" in wording_not_held([])
    assert "no source was seen" in wording_without_test("mechanism", seen=0)
    assert "2 sources were seen" in wording_without_test("fact", seen=2)
    assert "opinion" in wording_without_test("advice", seen=1)
