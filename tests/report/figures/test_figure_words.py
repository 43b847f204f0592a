"""Words, ticks and the Plot record: what all figures share."""

import math
from pathlib import Path

import pandas as pd
import pytest
from figure_checks import bcg
from hypothesis import given, settings
from hypothesis import strategies as st

from evidence.effects.table import table_of
from evidence.errors import ReportError
from evidence.models.frequentist.pool import pool
from evidence.report.figures.axes import (
    axis_name,
    check_choice,
    checked_limits,
    effect_name,
    effect_text,
    effect_ticks,
    labels_of,
    padded,
    plain_ticks,
    sheet,
    tick_words,
)
from evidence.report.figures.funnel import funnel_plot
from evidence.report.figures.plot import finished
from evidence.report.figures.raw import counts_of, means_of
from evidence.report.figures.style import clean
from evidence.report.figures.words import fitted, text_width, wrapped


@given(st.text(max_size=60))
def test_cleaned_words_are_one_line_that_xml_can_hold(words: str) -> None:
    found = clean(words)
    assert "\n" not in found
    assert found == found.strip()
    found.encode("utf-8")
    assert not any(ord(c) < 32 or 0x202A <= ord(c) <= 0x202E for c in found)
    assert clean(found) == found


@settings(max_examples=60)
@given(st.text(alphabet=st.characters(codec="latin-1", categories=["L", "N", "Zs"]), max_size=80),
       st.floats(20, 200))  # fmt: skip
def test_fitted_words_fit(words: str, room: float) -> None:
    found = fitted(words, room, 7.0)
    assert text_width(found, 7.0) <= room
    if text_width(words, 7.0) <= room:
        assert found == words


def test_the_year_at_the_end_stays() -> None:
    found = fitted("A very long name of a collaborative group 1998", 90.0, 7.0)
    assert found.endswith("1998")
    assert "…" in found


def test_wrapped_words_keep_their_order() -> None:
    words = "one two three four five six seven eight nine ten eleven twelve thirteen"
    lines = wrapped(words, 60.0, 7.0, most=3).split("\n")
    assert len(lines) == 3
    assert lines[0].startswith("one")
    assert max(text_width(line, 7.0) for line in lines) <= 60.0
    assert wrapped("short", 60.0, 7.0) == "short"


@settings(max_examples=200)
@given(st.floats(-12, 12), st.floats(1e-3, 25))
def test_ratio_ticks_are_true_and_inside(low: float, wide: float) -> None:
    places, words = effect_ticks(low, low + wide, "log")
    assert 1 <= len(places) <= 11
    assert len(set(words)) == len(words)
    for place, word in zip(places, words, strict=True):
        assert low - 1e-9 <= place <= low + wide + 1e-9
        assert math.log(float(word)) == pytest.approx(place, abs=2e-3 * max(wide, 1e-3) + 1e-5)


@settings(max_examples=200)
@given(st.floats(-1e6, 1e6), st.floats(1e-6, 1e6))
def test_plain_ticks_are_even(low: float, wide: float) -> None:
    low = round(low, 3) if wide > 1 else 0.0
    found = plain_ticks(low, low + wide)
    assert 2 <= len(found) <= 8
    assert all(low - 1e-6 * wide <= x <= low + 1.000001 * wide for x in found)


def test_tick_words_have_a_true_minus_and_all_their_digits() -> None:
    assert tick_words([-0.5, 0.0, 0.5]) == ["−0.5", "0.0", "0.5"]
    assert tick_words([0.0, 0.25]) == ["0.00", "0.25"]
    assert tick_words([-1e-7, 0.0]) == ["−1e-07".replace("e-", "e−"), "0"]


def test_effects_are_named_and_printed() -> None:
    assert effect_name(bcg()) == "Risk ratio"
    assert axis_name(bcg()) == "Risk ratio, log scale"
    assert effect_name(table_of([1.0], [1.0], measure="MD", unit="g/cm2")) == (
        "Mean difference (g/cm²)"
    )
    assert effect_name(table_of([1.0], [1.0], scale="log")) == "Ratio"
    assert effect_name(table_of([1.0], [1.0], scale="log", measure="HR")) == "Hazard ratio"
    assert effect_name(table_of([1.0], [1.0], measure="own")) == "Own"
    assert effect_text(math.log(0.0032), "log", 2) == "0.0032"
    assert effect_text(math.log(0.4), "log", 2) == "0.40"
    assert effect_text(-1.25, "identity", 1) == "−1.2"


def test_rows_of_one_label_are_told_apart() -> None:
    table = table_of([1.0, 2.0], [1.0, 1.0], labels=["a", "b"])
    table.rows["label"] = ["same", "same"]
    assert labels_of(table) == ["a", "b"]


def test_counts_and_means_are_read_back_from_the_traces() -> None:
    counts = counts_of(bcg())
    assert counts is not None
    assert counts.loc["Aronson 1948"].tolist() == [4.0, 123.0, 11.0, 139.0]
    assert means_of(bcg()) is None
    assert counts_of(table_of([1.0], [1.0])) is None


@pytest.mark.parametrize(
    ("limits", "scale"),
    [((2, 1), "log"), ((-1, 1), "log"), ((0, math.inf), "identity"), ((1,), "log"), (3, "log"),
     (("a", "b"), "identity")],
)  # fmt: skip
def test_limits_that_are_none(limits: object, scale: str) -> None:
    with pytest.raises(ReportError, match=r"two rising numbers|ratios above 0"):
        checked_limits(limits, scale)  # type: ignore[arg-type]


def test_limits_are_given_as_printed() -> None:
    assert checked_limits((0.5, 2), "log") == pytest.approx((-math.log(2), math.log(2)))
    assert checked_limits((0.5, 2), "identity") == (0.5, 2)


@pytest.mark.parametrize("width", [0, -5, math.nan, 20, 5000])
def test_a_sheet_needs_room(width: float) -> None:
    with pytest.raises(ReportError, match=r"millimetres, from 60 to 1000"):
        sheet(width, 80)


def test_an_unknown_word_names_the_nearest() -> None:
    with pytest.raises(ReportError, match=r"did you mean .std_error"):
        check_choice("y", "std_eror", ["std_error", "variance"])


def test_padding_of_equal_values_is_not_empty() -> None:
    for value in (0.0, 1 / 3, -1e6):
        low, high = padded([value, value * (1 + 1e-15)])
        assert low < value < high


# The record


def test_a_plot_is_saved_the_same_each_time(tmp_path: Path) -> None:
    plots = [funnel_plot(pool(bcg()), title="A & <b>") for _ in range(2)]
    for ending in ("svg", "png", "csv", "pdf"):
        files = [tmp_path / f"{i}.{ending}" for i in range(2)]
        for plot, file in zip(plots, files, strict=True):
            plot.save(file)
        assert files[0].read_bytes() == files[1].read_bytes()
    assert plots[0].svg() == plots[0].svg()
    again = pd.read_csv(tmp_path / "0.csv", index_col="study")
    pd.testing.assert_series_equal(again["x"], plots[0].data["x"], rtol=1e-9)
    assert b"A &amp; &lt;b&gt;" in plots[0].svg()
    assert plots[0].png(100)[:8] == plots[0]._repr_png_()[:8] == b"\x89PNG\r\n\x1a\n"
    assert repr(plots[0]) == "Plot(funnel: A & <b>)"


def test_the_text_holds_the_description_and_every_row() -> None:
    plot = funnel_plot(pool(bcg()))
    text = plot.text()
    assert plot.description in text
    assert all(str(name) in text for name in plot.data.index)


def test_a_plot_cannot_be_saved_as_anything_or_anywhere(tmp_path: Path) -> None:
    plot = funnel_plot(pool(bcg()))
    with pytest.raises(ReportError, match=r"end in \.csv, \.pdf, \.png, \.svg"):
        plot.save(tmp_path / "x.jpg")
    with pytest.raises(ReportError, match="cannot be written"):
        plot.save(tmp_path / "nowhere" / "x.svg")


def test_what_is_not_finite_is_not_drawn() -> None:
    plot = funnel_plot(pool(bcg()))
    with pytest.raises(ReportError, match="x: not finite"):
        finished("test", "t", "d.", pd.DataFrame({"x": [1.0, math.nan]}), plot.figure)


def test_the_users_own_style_changes_nothing() -> None:
    import matplotlib as mpl

    before = funnel_plot(pool(bcg())).svg()
    with mpl.rc_context({"font.size": 22, "axes.spines.top": True, "text.parse_math": True}):
        assert funnel_plot(pool(bcg())).svg() == before
