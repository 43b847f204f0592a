"""Optimal information size against published readings, R, and power by simulation."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evidence.errors import EffectError
from evidence.rating.certainty.information_size import information_size

# 2 * ceiling(power.prop.test(p1 = p, p2 = p * (1 - r), power = 0.8)$n) of R 4.2.
OF_R = [
    (0.2, 0.2, 2894), (0.2, 0.25, 1812), (0.2, 0.3, 1230), (0.05, 0.2, 13490),
    (0.05, 0.25, 8404), (0.05, 0.3, 5676), (0.01, 0.25, 43568), (0.5, 0.25, 494),
]  # fmt: skip


@pytest.mark.parametrize(("risk", "reduction", "people"), OF_R)
def test_of_events_as_in_r(risk: float, reduction: float, people: int) -> None:
    assert information_size(control_risk=risk, relative_reduction=reduction) == people


def test_grade_reads_about_two_thousand_from_its_figure() -> None:
    # GRADE guidelines 6, figure 4: control risk 0.2, reduction 25 %, "approximately 2,000".
    assert information_size(control_risk=0.2) == pytest.approx(2000, rel=0.1)


def test_of_means_by_hand() -> None:
    # 2 (1.959964 + 0.841621)^2 / 0.2^2 = 392.44 an arm.
    assert information_size(difference=0.2, sd=1) == 2 * 393
    assert information_size(difference=-2.0, sd=10) == 2 * 393
    assert information_size(difference=1, sd=1, alpha=0.01, power=0.9) == 2 * 30


def test_of_a_very_small_alpha() -> None:
    # 2 (8.573944 + 0.841621)^2 = 177.31 an arm; erfc(8.573944 / sqrt(2)) is 1e-17.
    assert information_size(difference=1, sd=1, alpha=1e-17) == 2 * 178


def test_more_power_needs_no_fewer() -> None:
    sizes = [information_size(control_risk=0.2, power=p / 100) for p in range(3, 100)]
    assert sizes == sorted(sizes)


def test_that_many_people_give_the_power() -> None:
    n, rng = information_size(control_risk=0.3) // 2, np.random.default_rng(1)
    a, c = rng.binomial(n, 0.225, 40_000) / n, rng.binomial(n, 0.3, 40_000) / n
    p = (a + c) / 2
    z = (a - c) / np.sqrt(2 * p * (1 - p) / n)
    assert np.mean(np.abs(z) > 1.959964) == pytest.approx(0.8, abs=0.01)


@given(st.floats(0.001, 0.9), st.floats(0.05, 0.9))
def test_rarer_events_and_smaller_effects_need_more(risk: float, reduction: float) -> None:
    base = information_size(control_risk=risk, relative_reduction=reduction)
    assert information_size(control_risk=risk / 2, relative_reduction=reduction) > base
    assert information_size(control_risk=risk, relative_reduction=reduction / 2) > base
    assert base % 2 == 0


@given(st.floats(0.01, 10), st.floats(1e-6, 1e6))
def test_scale_does_not_matter(effect: float, scale: float) -> None:
    here = information_size(difference=effect, sd=1)
    there = information_size(difference=effect * scale, sd=scale)
    assert abs(here - there) <= 2


@pytest.mark.parametrize(
    ("given_", "match"),
    [
        ({}, "of events or of means"),
        ({"control_risk": 0.2, "sd": 1.0, "difference": 1.0}, "of events or of means"),
        ({"relative_reduction": 0.2}, "control_risk: is missing"),
        ({"difference": 1.0}, "give both"),
        ({"control_risk": 0.0}, "control_risk: 0.0; a number between 0 and 1"),
        ({"control_risk": 0.2, "relative_reduction": 1.0}, "relative_reduction: 1.0"),
        ({"difference": 0.0, "sd": 1.0}, "difference: 0.0; a number other than 0"),
        ({"difference": 1.0, "sd": -1.0}, "sd: -1.0; a number above 0"),
        ({"difference": 1.0, "sd": "x"}, "sd: 'x'"),
        ({"control_risk": 0.2, "alpha": None}, "alpha: None"),
        ({"control_risk": 0.2, "power": 1}, "power: 1"),
        ({"difference": 1e-12, "sd": 1e6}, "beyond 1e15 people"),
        ({"difference": 1e-100, "sd": 1e100}, "beyond 1e15 people"),
        ({"control_risk": 1e-320}, "beyond 1e15 people"),
        ({"control_risk": 5e-324}, "beyond 1e15 people"),
        ({"control_risk": 0.2, "relative_reduction": 1e-20}, "beyond 1e15 people"),
        ({"control_risk": 0.2, "alpha": 5e-324}, "beyond 1e15 people"),
        ({"control_risk": 0.2, "power": 0.025}, "power: 0.025; a number above alpha / 2"),
        ({"difference": 1.0, "sd": 1.0, "alpha": 0.5, "power": 0.1}, "above alpha / 2"),
    ],
)
def test_what_is_refused(given_: dict[str, Any], match: str) -> None:
    with pytest.raises(EffectError, match=match):
        information_size(**given_)
