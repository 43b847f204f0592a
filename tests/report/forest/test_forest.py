"""Forest plots and direction displays: their rows as data, then what stands on the canvas."""

import math
import xml.etree.ElementTree as ET
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from samples import FIVE, THREE, part, result_of, terms, trial, trials

from evidence.effects.table import table_of
from evidence.models.frequentist.pool import pool
from evidence.report.directions import direction_figure, direction_rows
from evidence.report.forest.data import ForestData, ForestLine, axis_limits, ticks, weights_area
from evidence.report.forest.forest import forest, forest_of_fit
from evidence.report.forest.marks import LEFT, RIGHT, draw, new_figure
from evidence.report.forest.result import arm_text, forest_of
from evidence.report.pictures import picture
from evidence.report.result import QuestionResult

SAID = part("said-2010", direction="decrease", p={"relation": "<", "value": 0.05})
BOUNDED = part("bounded-2011", measure="MD", estimate=-1.5, p={"relation": ">", "value": 0.05})
SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module")
def five() -> QuestionResult:
    return result_of([*trials(FIVE), SAID, BOUNDED], known=terms("lower"))


@pytest.fixture(scope="module")
def data(five: QuestionResult) -> ForestData:
    return forest_of(five)


def of_kind(data: ForestData, *kinds: str) -> list[ForestLine]:
    return [line for line in data.lines if line.kind in kinds]


# The rows as data


def test_every_trial_stands_once_with_its_numbers(five: QuestionResult, data: ForestData) -> None:
    rows = of_kind(data, "trial")
    assert [row.label for row in rows] == [line.label for line in five.effects]
    assert len({row.label for row in rows}) == five.k == 5
    for row, line in zip(rows, five.effects, strict=True):
        assert (row.estimate, row.low, row.high) == (line.estimate, line.ci_low, line.ci_high)
        assert (row.left, row.right) == ("20", "22")
        assert row.low is not None
        assert row.high is not None
        assert row.low < line.estimate < row.high


def test_weights_sum_to_one_hundred(data: ForestData) -> None:
    assert sum(row.weight or 0 for row in of_kind(data, "trial")) == pytest.approx(100)
    assert [row.weight for row in of_kind(data, "pooled")] == [100.0]


def test_pooled_and_prediction_stand_on_rows_of_their_own(
    five: QuestionResult, data: ForestData
) -> None:
    assert five.main is not None
    assert five.main.prediction is not None
    (pooled,) = of_kind(data, "pooled")
    assert (pooled.estimate, pooled.low, pooled.high) == (
        five.main.estimate,
        five.main.ci_low,
        five.main.ci_high,
    )
    (new,) = of_kind(data, "prediction")
    assert (new.low, new.high) == (five.main.prediction.low, five.main.prediction.high)
    assert new.estimate is None
    assert new.low is not None
    assert pooled.low is not None
    assert new.low < pooled.low
    others = [row.label for row in of_kind(data, "other")]
    assert others == ["Common effect", "Random effects, Wald", "Bayes, exact"]


def test_what_was_said_in_part_is_shown_and_not_pooled(data: ForestData) -> None:
    shown = of_kind(data, "partial")
    assert {row.weight for row in shown} == {None}
    assert [row.estimate for row in shown if not row.below] == [-1.5]
    (words,) = (row for row in shown if row.below)
    assert words.estimate is None
    assert "decrease" in words.left
    without = forest_of(result_of(trials(FIVE), known=terms("lower")))
    assert of_kind(without, "pooled") == of_kind(data, "pooled")


def test_a_bounded_estimate_is_dotted_as_wide_as_its_bound_allows(
    five: QuestionResult, data: ForestData
) -> None:
    bounded = next(line for line in five.partial if line.estimate is not None)
    row = next(row for row in of_kind(data, "partial") if row.estimate is not None)
    if bounded.se_high is None:
        assert (row.low, row.high) == (None, None)
    assert "P > 0.05" in row.effect
    p = {"relation": "<", "value": 0.05}
    closed = result_of([*trials(THREE), part("b-2011", measure="MD", estimate=-1.5, p=p)])
    row = next(row for row in of_kind(forest_of(closed), "partial") if not row.below)
    high = closed.partial[0].se_high
    assert high is not None
    assert row.low is not None
    assert row.high is not None
    assert row.high - row.low == pytest.approx(2 * 1.959964 * high, rel=1e-6)
    assert any("not pooled" in note for note in forest_of(closed).footnotes)


def test_one_trial_draws_no_diamond() -> None:
    alone = forest_of(result_of(trials(THREE[:1])))
    assert of_kind(alone, "pooled", "prediction", "other") == []
    assert alone.pooled is None
    low, high = axis_limits(alone)
    (row,) = of_kind(alone, "trial")
    assert row.low is not None
    assert row.high is not None
    assert low < row.low < row.high < high


def test_one_trial_near_the_null_is_seen_whole() -> None:
    alone = forest_of(result_of([trial("n-2001", 0.001, 1.0)]))
    low, high = axis_limits(alone)
    assert low < -1.9
    assert high > 1.9


def test_two_rows_of_one_label_are_told_apart(five: QuestionResult) -> None:
    names = ("arm", "arm_daily", "other", "other", "arm_weekly")
    labels = ("Doe 2001", "Doe 2001", "Doe 2003", "Doe 2004", "Doe 2001")
    twice = five.model_copy(
        update={
            "effects": tuple(
                line.model_copy(update={"label": label, "treatment": name})
                for line, label, name in zip(five.effects, labels, names, strict=True)
            )
        }
    )
    told = [row.label for row in of_kind(forest_of(twice), "trial")]
    assert told == [
        "Doe 2001, arm", "Doe 2001, daily", "Doe 2003", "Doe 2004", "Doe 2001, weekly",
    ]  # fmt: skip


def test_the_level_of_the_plan_is_the_level_that_is_named() -> None:
    result = result_of([*trials(THREE), SAID], level=0.9)
    data = forest_of(result)
    assert [row.label for row in of_kind(data, "prediction")] == ["90 % prediction interval"]
    assert "(90 % CI " in data.footnotes[0]
    texts = [text.get_text() for text in drawn(data).texts]
    assert "Mean difference (pg/mL)\n90 % CI" in texts
    assert not [text for text in texts if "95 %" in text]
    row = of_kind(data, "trial")[0]
    assert row.low == pytest.approx(-3 - 1.6448536, abs=1e-6)


def test_a_secondary_source_is_marked() -> None:
    data = forest_of(result_of([*trials(THREE), trial("s-2009", -3, 1, read="secondary_source")]))
    marked = [row.label for row in of_kind(data, "trial") if row.label.endswith("*")]
    assert len(marked) == 1
    assert "* known from a secondary source only" in data.footnotes


def test_many_partial_reports_are_cut_and_counted() -> None:
    more = [part(f"p-{2000 + i}", direction="increase") for i in range(25)]
    data = forest_of(result_of([*trials(THREE), *more]))
    lines = [row for row in data.words if row.kind == "partial"]
    assert len(lines) == 19
    assert lines[-1].left == "and 7 more, in the table"


@pytest.mark.parametrize(
    ("said", "n", "text"),
    [
        ("12/340", 340, "12/340"),
        ("final mean 17 (SD 5) pg/mL", 12, "12"),
        ("3.4 % with an event", 500, "3.4 % of 500"),
        ("3.4 % with an event", None, "3.4 %"),
        ("", None, "not printed"),
    ],
)
def test_the_column_of_an_arm(said: str, n: int | None, text: str) -> None:
    assert arm_text(said, n) == text


def test_ratios_are_pooled_as_logarithms_and_shown_as_ratios() -> None:
    studies = [
        trial(f"e-200{i}", 0.5 + i / 10, 1.3, measure="RR", word="cv_event", unit="count")
        for i in range(3)
    ]
    result = result_of(studies, measure="RR", outcomes=("cv_event",))
    data = forest_of(result)
    row = of_kind(data, "trial")[0]
    assert row.estimate == pytest.approx(math.log(0.5))
    assert row.effect.startswith("0.50 (")
    assert data.scale == "log"
    assert data.left_head.endswith("events/n")


# Axis and ticks


def simple(scale: Any, *spans: tuple[float, float, float]) -> ForestData:
    lines = [
        ForestLine("trial", f"t{i}", weight=50.0, estimate=y, low=a, high=b)
        for i, (a, y, b) in enumerate(spans)
    ]
    return ForestData("", "", scale, "", "", tuple(lines), "", "", (), None)


@settings(max_examples=200)
@given(
    st.lists(st.tuples(st.floats(-1e3, 1e3), st.floats(1e-4, 1e3)), min_size=1, max_size=6),
    st.floats(1e-4, 1e4),
)
def test_ticks_are_true_evenly_spaced_and_inside(
    pairs: list[tuple[float, float]], unit: float
) -> None:
    data = simple("identity", *((unit * (y - s), unit * y, unit * (y + s)) for y, s in pairs))
    low, high = axis_limits(data)
    places, words = ticks(data)
    assert 2 <= len(places) <= 12
    assert all(low <= x <= high + 1e-9 * abs(high) for x in places)
    for place, word in zip(places, words, strict=True):
        assert float(word.replace("\u2212", "-")) == pytest.approx(place, abs=1e-9 * (high - low))
    assert len(set(words)) == len(words)


@settings(max_examples=200)
@given(st.lists(st.tuples(st.floats(-6, 6), st.floats(0.01, 3)), min_size=1, max_size=6))
def test_log_ticks_stand_at_round_ratios(pairs: list[tuple[float, float]]) -> None:
    data = simple("log", *((y - s, y, y + s) for y, s in pairs))
    low, high = axis_limits(data)
    places, words = ticks(data)
    assert "1" in words
    assert 1 <= len(words) <= 9
    for place, word in zip(places, words, strict=True):
        assert place == pytest.approx(math.log(float(word)))
        assert low <= place <= high
        assert len(word.replace(".", "").strip("0")) <= 2


def test_areas_are_in_proportion_to_weights(data: ForestData) -> None:
    weights = np.array([row.weight for row in of_kind(data, "trial")], dtype=float)
    areas = weights_area(data.lines)
    assert areas.max() == 1
    np.testing.assert_allclose(areas / weights, areas[0] / weights[0])
    assert weights_area(()).size == 0


# What stands on the canvas


def drawn(data: ForestData) -> Any:
    figure = new_figure(data)
    draw(data, figure.axes[0])
    return figure.axes[0]


def scale_of(data: ForestData) -> Callable[[float], float]:
    low, high = axis_limits(data)
    return lambda value: LEFT + (value - low) / (high - low) * (RIGHT - LEFT)


def test_squares_stand_at_the_estimates_with_areas_like_the_weights(data: ForestData) -> None:
    x, ax = scale_of(data), drawn(data)
    rows = of_kind(data, "trial")
    blue = [c for c in ax.collections if c.get_facecolor()[0][0] < 0.05 and c.get_zorder() == 3]
    assert len(blue) == len(rows)
    ys = [float(c.get_offsets()[0][1]) for c in blue]
    assert ys == sorted(ys, reverse=True)
    for row, square in zip(rows, blue, strict=True):
        assert float(square.get_offsets()[0][0]) == pytest.approx(x(row.estimate or 0))
    sizes = np.array([float(c.get_sizes()[0]) for c in blue])
    weights = np.array([row.weight for row in rows], dtype=float)
    seen = sizes > 3.0
    assert seen.sum() >= 2
    np.testing.assert_allclose(sizes[seen] / weights[seen], sizes.max() / weights.max())


def test_the_diamond_ends_at_the_interval(data: ForestData) -> None:
    x, ax = scale_of(data), drawn(data)
    (pooled,) = of_kind(data, "pooled")
    (diamond,) = ax.patches
    xs, ys = diamond.get_xy()[:, 0], diamond.get_xy()[:, 1]
    assert xs.min() == pytest.approx(x(pooled.low or 0))
    assert xs.max() == pytest.approx(x(pooled.high or 0))
    assert xs[np.argmax(ys)] == xs[np.argmin(ys)] == pytest.approx(x(pooled.estimate or 0))


def lines_from_to(ax: Any, low: float, high: float) -> list[Any]:
    return [
        line
        for line in ax.lines
        if np.allclose(sorted(line.get_xdata()), [low, high], atol=1e-9) and low != high
    ]


def test_intervals_reach_from_end_to_end(data: ForestData) -> None:
    x, ax = scale_of(data), drawn(data)
    low, high = axis_limits(data)
    for row in of_kind(data, "trial", "prediction", "other"):
        ends = max(row.low or 0, low), min(row.high or 0, high)
        assert len(lines_from_to(ax, x(ends[0]), x(ends[1]))) == 1, row.label


def test_an_arrow_stands_where_the_axis_cuts() -> None:
    data = simple("identity", (0.2, 0.5, 0.9), (0.1, 0.4, 0.8))
    cut = ForestLine("trial", "w", "", "", 1.0, "", 0.1, -90, 95)
    pooled = ForestLine("pooled", "all", "", "", 100.0, "", 0.4, 0.1, 0.8)
    wide = replace(data, lines=(*data.lines, cut, pooled))
    low, high = axis_limits(wide)
    assert low > -90
    assert high < 95
    x, ax = scale_of(wide), drawn(wide)
    ends = [float(c.get_offsets()[0][0]) for c in ax.collections]
    assert ends.count(pytest.approx(x(low))) == 1
    assert ends.count(pytest.approx(x(high))) == 1
    uncut = drawn(replace(wide, lines=(*data.lines, wide.lines[-1])))
    assert len(uncut.collections) == len(ax.collections) - 3


def test_every_word_of_the_data_stands_in_the_figure(data: ForestData) -> None:
    ax = drawn(data)
    texts = [text.get_text() for text in ax.texts]
    for line in data.lines:
        assert line.label in texts
        assert line.effect in texts
    assert f"← {data.favours_low}" in texts
    assert f"{data.favours_high} →" in texts
    assert data.title in texts
    ys = [text.get_position()[1] for text in ax.texts]
    assert 0 <= min(ys) <= max(ys) <= 1
    line = next(t for t in ax.texts if t.get_text() == f"← {data.favours_low}")
    other = next(t for t in ax.texts if t.get_text() == f"{data.favours_high} →")
    assert line.get_position()[0] < scale_of(data)(0) < other.get_position()[0]
    assert (line.get_ha(), other.get_ha()) == ("right", "left")


def test_a_dollar_is_no_formula() -> None:
    label = r"cost $5 and \frac{$6"
    data = replace(simple("identity", (-1, 0, 1)), title=label, footnotes=(label,))
    figure = new_figure(data)
    draw(data, figure.axes[0])
    figure.savefig("/dev/null", format="svg")


# A fit to a table of one's own


def test_the_forest_of_a_fit() -> None:
    fit = pool(table_of([0.1, 0.4, 0.2], [0.1, 0.2, 0.3], labels=["A", "B", "C"], scale="log"))
    data = forest_of_fit(fit)
    assert [row.label for row in of_kind(data, "trial")] == ["A", "B", "C"]
    assert sum(row.weight or 0 for row in of_kind(data, "trial")) == pytest.approx(100)
    (pooled,) = of_kind(data, "pooled")
    assert pooled.effect.startswith(f"{math.exp(fit.estimate):.2f} (")
    assert len(of_kind(data, "prediction")) == 1
    assert any(note.startswith("tau2 = ") for note in data.footnotes)
    assert data.measure == "GEN"


def test_the_forest_of_a_fit_is_drawn_into_a_given_axes() -> None:
    from matplotlib.figure import Figure

    fit = pool(table_of([5.0], [1.0], unit="pg/mL"))
    ax = Figure().add_subplot()
    assert forest(fit, ax) is ax
    texts = [text.get_text() for text in ax.texts]
    assert "Single study" in texts
    assert "GEN (pg/mL)\n95 % CI" in texts
    assert forest_of_fit(fit).footnotes == fit.notes


# Directions


def test_the_direction_display_has_a_mark_for_each_stated_direction() -> None:
    rows = [
        part("up-2001", direction="increase"),
        part("down-2002", direction="decrease"),
        part("same-2003", direction="no_change"),
        part("silent-2004", p={"relation": "ns"}),
    ]
    result = result_of(rows)
    assert result.k == 0
    assert [d for _, d, _ in direction_rows(result)] == ["decrease", "no_change", None, "increase"]
    ax = direction_figure(result).axes[0]
    assert len(ax.collections) == 3
    texts = [text.get_text() for text in ax.texts]
    assert texts.count("?") == 1
    for words in ("higher with aromatase", "lower with aromatase", "said to be unchanged"):
        assert any(words in text for text in texts)


def test_the_direction_display_of_nothing() -> None:
    texts = [text.get_text() for text in direction_figure(result_of([])).axes[0].texts]
    assert "No trial reported this outcome." in texts


# Bytes


HOSTILE = '<script>alert(1)</script> & "quoted" <img src=x onerror=alert(1)> $x^2$ ]]> </desc>'


@pytest.mark.parametrize("k", [0, 1, 3])
def test_pictures_are_the_same_bytes_each_time(k: int) -> None:
    result = result_of([*trials(THREE[:k]), SAID])
    first, second = picture(result), picture(result)
    assert first == second
    assert first.png.startswith(b"\x89PNG\r\n\x1a\n")


def test_pictures_do_not_depend_on_the_users_settings() -> None:
    import matplotlib as mpl

    result = result_of(trials(THREE))
    plain = picture(result)
    with mpl.rc_context({"font.size": 30, "svg.fonttype": "path", "axes.facecolor": "red"}):
        assert picture(result) == plain
        assert mpl.rcParams["font.size"] == 30


@pytest.mark.parametrize("k", [0, 3])
def test_svg_is_sound_and_says_what_it_shows(k: int) -> None:
    result = result_of([*trials(THREE[:k]), SAID]).model_copy(update={"title": HOSTILE})
    hostile = result.model_copy(
        update={
            "effects": tuple(x.model_copy(update={"label": HOSTILE}) for x in result.effects),
            "partial": tuple(
                x.model_copy(update={"label": HOSTILE, "said": HOSTILE}) for x in result.partial
            ),
        }
    )
    drawn = picture(hostile)
    svg, description = drawn.svg, drawn.description
    root = ET.fromstring(svg)
    assert root.get("role") == "img"
    assert root.get("aria-labelledby") == "title desc"
    (title,), (desc,) = root.findall(f"{SVG}title"), root.findall(f"{SVG}desc")
    assert title.text == HOSTILE
    assert desc.text == description
    assert HOSTILE in description
    assert not {e.tag for e in root.iter()} & {f"{SVG}script", f"{SVG}img", f"{SVG}foreignObject"}
    links = [v for e in root.iter() for n, v in e.attrib.items() if n.endswith("href")]
    assert all(link.startswith("#") for link in links)


@pytest.mark.parametrize("label", ["x" * 500, "مرحبا بالعالم", "emoji 🎉", "a\nb\tc"])
def test_strange_labels_are_drawn(label: str) -> None:
    result = result_of(trials(THREE))
    strange = result.model_copy(
        update={
            "title": label,
            "effects": tuple(x.model_copy(update={"label": label}) for x in result.effects),
        }
    )
    svg = picture(strange).svg
    assert ET.fromstring(svg).find(f"{SVG}title") is not None


def test_the_painter_draws_each_line_where_its_height_says(data: ForestData) -> None:
    ax = drawn(data)
    heights = {t.get_text(): t.get_position()[1] for t in ax.texts}
    below = [heights[line.label] for line in data.words]
    assert max(below) < min(heights[row.label] for row in of_kind(data, "trial", "pooled"))
