"""The sign test and the direction of a study."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from evidence.errors import FitError
from evidence.models.sign_test import sign_test, study_direction


def test_the_example_of_the_handbook() -> None:
    # 12.4.2.3: 8 of 12 studies favour one side, 67 % (95 % interval 35 % to 90 %), P = 0.388.
    found = sign_test(8, 4)
    told = [round(100 * x) for x in (found.proportion, found.ci_low, found.ci_high)]
    assert told == [67, 35, 90]
    assert found.p == pytest.approx(0.3877, abs=1e-4)


@given(st.integers(0, 60), st.integers(0, 60), st.floats(0.5, 0.99))
def test_against_the_binomial_itself(up: int, down: int, level: float) -> None:
    if up + down == 0:
        return
    found, n, tail = sign_test(up, down, level=level), up + down, (1 - level) / 2
    assert 0 <= found.ci_low <= found.proportion <= found.ci_high <= 1
    if up:
        assert stats.binom.sf(up - 1, n, found.ci_low) == pytest.approx(tail, rel=1e-6)
    if down:
        assert stats.binom.cdf(up, n, found.ci_high) == pytest.approx(tail, rel=1e-6)
    least = min(up, down)
    p = 1.0 if up == down else 2 * stats.binom.cdf(least, n, 0.5)
    assert found.p == pytest.approx(min(1.0, p))
    turned = sign_test(down, up, level=level)
    assert (turned.p, turned.ci_low) == (
        pytest.approx(found.p), pytest.approx(1 - found.ci_high, abs=1e-9)
    )  # fmt: skip


def test_numpys_integers_are_whole_numbers() -> None:
    up: Any
    down: Any
    up, down = np.int8(100), np.int8(60)
    found = sign_test(up, down)
    assert found == sign_test(100, 60)
    assert type(found.positive) is int


@pytest.mark.parametrize(
    ("call", "message"),
    [
        ({"positive": 0, "negative": 0}, "no direction; at least one study"),
        ({"positive": -1, "negative": 2}, "positive: -1; a whole number of studies"),
        ({"positive": 1.0, "negative": 2}, r"positive: 1\.0; a whole number"),
        ({"positive": True, "negative": 2}, "positive: True; a whole number"),
        ({"positive": 1, "negative": 2, "level": 95}, "level: 95; a fraction"),
        ({"positive": 10**10, "negative": 2}, "too many; numbers of studies"),
    ],
)
def test_what_cannot_be_tested(call: Any, message: str) -> None:
    with pytest.raises(FitError, match=message):
        sign_test(**call)


@pytest.mark.parametrize(
    ("directions", "direction"),
    [
        ([], None),
        ([None], None),
        (["increase"], "increase"),
        (["increase", None], "increase"),
        (["increase"] * 7 + ["decrease"] * 3, "increase"),
        (["increase"] * 2 + ["decrease"], "conflicting"),
        (["no_change", "no_change"], "no_change"),
        (["increase", "no_change"], "conflicting"),
    ],
)
def test_the_direction_of_a_study(directions: list[str | None], direction: str | None) -> None:
    assert study_direction(directions) == direction
    assert study_direction(reversed(directions)) == direction
