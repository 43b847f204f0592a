"""Numbers, counts and tests in text, and lines that are folded and unfolded."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evidence.catalog.phrases import (
    WIDTH,
    counted,
    figure,
    folded,
    interval,
    p_value,
    percent,
    q_words,
    unfolded,
    wald_words,
)

WORD = st.text(alphabet="abc,;=()-.0123456789", min_size=1, max_size=12)
LABEL = st.sampled_from(["", "  ", "  pooled        ", "  note: ", "  a long label of a line  "])


@pytest.mark.parametrize(
    ("n", "said"),
    [(0, "0 analyses"), (1, "1 analysis"), (2, "2 analyses"), (12_345, "12,345 analyses")],
)
def test_a_count_has_the_noun_of_its_number(n: int, said: str) -> None:
    assert counted(n, "analysis", "analyses") == said


def test_a_noun_without_a_plural_of_its_own_takes_an_s() -> None:
    assert [counted(n, "open point") for n in (0, 1, 2)] == [
        "0 open points",
        "1 open point",
        "2 open points",
    ]


def test_figures_are_those_of_the_summaries() -> None:
    assert figure(0.123456) == "0.1235"
    assert percent(0.9) == "90%"
    assert interval(-1.0, 2.34567, 0.9) == "90% CI -1 to 2.346"
    assert p_value(0.0001) == "p = 0.0001"
    assert p_value(0.00009999) == "p < 0.0001"


def test_tests_name_their_distribution() -> None:
    assert wald_words(4.5, 2, 0.1, math.inf) == "chi-squared(2) = 4.5, p = 0.1"
    assert wald_words(4.5, 2, 0.1, 1.8) == "F(2, 1.8) = 4.5, p = 0.1"
    assert q_words(0.0, 0, None) == "Q(0) = 0"


@given(LABEL, st.lists(WORD, min_size=1, max_size=60))
def test_folded_lines_are_short_and_come_back(label: str, words: list[str]) -> None:
    line = label + " ".join(words)
    parts = folded(line).split("\n")
    # Only what holds together as one figure may be longer: no such word is.
    assert all(len(part) <= WIDTH for part in parts) or "=" in line
    assert unfolded(folded(line)) == [line]


def test_what_goes_on_stands_below_what_its_line_says() -> None:
    first, second = folded(f"  prediction    {'word ' * 20}last").split("\n")
    assert len(first) <= WIDTH
    assert second.startswith(" " * 16 + "word")
    head = folded("word " * 25 + "last").split("\n")
    assert head[1].startswith(" " * 8 + "word")


@pytest.mark.parametrize("end", ["p = 0.0123", "p < 0.0001", "95% CI -0.123 to 0.456"])
@pytest.mark.parametrize("room", range(70, 100))
def test_a_figure_is_not_torn(room: int, end: str) -> None:
    line = f"{'x' * room}, {end} y"
    assert end in folded(line)
    assert unfolded(folded(line)) == [line]


def test_lines_that_are_no_part_of_another_stay() -> None:
    text = "head\n  pooled  1\n                second line\n  note: few"
    assert folded(text) == text
    assert unfolded(text) == text.split("\n")
