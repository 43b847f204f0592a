"""How numbers are written."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evidence.report.numbers import (
    MINUS,
    decimals_for,
    interval,
    number,
    p_value,
    percent,
    significant,
)

FINITE = st.floats(-1e9, 1e9, allow_nan=False)
PLACES = st.integers(0, 8)


def read(text: str) -> float:
    """Read a printed number back."""
    return float(text.replace(MINUS, "-"))


@given(FINITE, PLACES)
def test_a_number_is_the_nearest_with_so_many_decimals(value: float, places: int) -> None:
    text = number(value, places)
    assert "-" not in text
    assert len(text.partition(".")[2]) == places
    assert abs(read(text) - value) <= 0.5 * 10.0**-places * (1 + 1e-6) + 1e-6


@given(st.floats(-1e-3, 1e-3), st.integers(0, 2))
def test_zero_has_no_sign(value: float, places: int) -> None:
    text = number(value, places)
    assert (MINUS in text) == (read(text) != 0 and value < 0)


@given(FINITE, FINITE, PLACES)
def test_the_ends_of_an_interval_keep_their_order(a: float, b: float, places: int) -> None:
    low, word, high = interval(min(a, b), max(a, b), places).split(" ")
    assert word == "to"
    assert read(low) <= read(high)


@given(st.floats(1e-7, 1e9), st.integers(1, 6), st.booleans())
def test_significant_digits_are_counted(size: float, digits: int, negative: bool) -> None:
    value = -size if negative else size
    text = significant(value, digits)
    assert text.startswith(MINUS) == negative
    assert abs(read(text) - value) <= 0.5001 * 10.0 ** (math.floor(math.log10(size)) - digits + 1)
    shown = text.lstrip(MINUS).replace(".", "").lstrip("0")
    assert len(shown) == digits or (len(shown) > digits and "." not in text)


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.0, "0"), (9.996, "10.0"), (0.09996, "0.100"), (math.inf, "inf"), (-0.5, f"{MINUS}0.500")],
)
def test_significant_at_the_edges(value: float, text: str) -> None:
    assert significant(value) == text


@given(st.lists(st.floats(1e-6, 1e6), min_size=1, max_size=5))
def test_decimals_show_two_digits_of_the_narrowest_spread(widths: list[float]) -> None:
    places = decimals_for(widths)
    narrow = min(widths)
    assert 0 <= places <= 8
    if 0 < places < 8:
        assert narrow * 10**places * (1 + 1e-9) >= 10
        assert narrow * 10**places < 100 * (1 + 1e-9)


@pytest.mark.parametrize("widths", [[], [0.0], [math.inf], [math.nan]])
def test_decimals_without_a_spread(widths: list[float]) -> None:
    assert decimals_for(widths) == 2


@given(st.floats(0, 1))
def test_a_p_value_is_never_zero_nor_far_from_what_it_was(p: float) -> None:
    text = p_value(p)
    if p < 0.0001:
        assert text == "P < 0.0001"
        return
    shown = float(text.removeprefix("P = "))
    assert 0 < shown <= 1
    assert abs(shown - p) <= max(0.0051 if p >= 0.1 else 0.051 * p, 1e-12)
    assert "e" not in text


@given(st.floats(0, 1))
def test_a_share_near_none_or_all_is_not_none_or_all(share: float) -> None:
    text = percent(share)
    assert (text == "0 %") == (share == 0)
    assert (text == "100 %") == (share == 1 or 100 * share == 100)
    assert text[-2:] == " %"


def test_a_share_with_decimals() -> None:
    assert percent(0.9999, 2) == "99.99 %"


def test_a_share_below_zero_has_its_sign_and_no_minus_zero() -> None:
    assert (percent(-0.029), percent(-0.0001), percent(-0.5, 1)) == (
        "\u22123 %",
        "0 %",
        "\u221250.0 %",
    )
