"""Forest plots with measured columns: rows as data, marks at their numbers, layouts."""

import math
from typing import Any

import numpy as np
import pandas as pd
import pytest
from figure_checks import ALLOCATION, YEAR, arrow_count, assert_readable, assert_whole, bcg, many
from figure_checks import texts_of as texts

from evidence.effects.sizes.frame import effect_sizes
from evidence.effects.table import EffectTable, table_of
from evidence.errors import FitError, ReportError
from evidence.models.frequentist.cumulative import cumulative
from evidence.models.frequentist.fit import PooledFit
from evidence.models.frequentist.leave_one_out import leave_one_out
from evidence.models.frequentist.pool import pool
from evidence.models.frequentist.subgroups import subgroups
from evidence.report.figures.forest_columns import arm_columns, p_text
from evidence.report.figures.forest_painter import Painter
from evidence.report.figures.forest_plot import forest_plot
from evidence.report.figures.forest_repeated import (
    forest_cumulative,
    forest_leave_one_out,
    forest_subgroups,
)
from evidence.report.figures.forest_table import Column, ForestTable, Look, Row, axis_ends
from evidence.report.figures.plot import Plot

ARMS, FAVOURS = ("BCG", "No vaccine"), ("vaccine", "no vaccine")
LAYOUTS = ("evidence", "revman", "jama")


@pytest.fixture(scope="module")
def fit() -> PooledFit:
    return pool(bcg())


def means() -> EffectTable:
    frame = pd.DataFrame(
        {
            "s": ["Doe 2001", "Roe 2005", "Poe 2010"],
            "m1": [10.2, 11, 9.8], "s1": [2.1, 3, 2.5], "n1": [20, 31, 40],
            "m2": [12, 12.5, 11], "s2": [2.2, 3.1, 2.4], "n2": [22, 30, 41],
        }
    )  # fmt: skip
    return effect_sizes(frame, measure="MD", study="s", mean1="m1", sd1="s1", n1="n1",
                        mean2="m2", sd2="s2", n2="n2", unit="mmHg")  # fmt: skip


def words_of(plot: Plot) -> list[str]:
    return [t.get_text() for t in texts(plot.figure)]


@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_number_of_the_fit_is_in_the_table_and_on_the_canvas(
    fit: PooledFit, layout: Any
) -> None:
    plot = forest_plot(fit, layout=layout, arms=ARMS, favours=FAVOURS, title="BCG")
    assert_readable(plot)
    assert_whole(plot)
    studies = plot.data[plot.data["kind"] == "study"]
    assert studies["label"].tolist() == fit.table.rows["label"].tolist()
    np.testing.assert_allclose(studies["estimate"].astype(float), fit.table.rows["estimate"])
    np.testing.assert_allclose(studies["weight"].astype(float), fit.weights)
    half = 1.959963985 * fit.table.rows["std_error"].to_numpy()
    width = (studies["high"] - studies["low"]).astype(float).to_numpy()
    np.testing.assert_allclose(width, 2 * half, rtol=1e-8)
    (pooled,) = plot.data[plot.data["kind"] == "pooled"].to_dict("records")
    assert (pooled["estimate"], pooled["low"], pooled["high"]) == (
        fit.estimate, fit.ci_low, fit.ci_high,
    )  # fmt: skip
    assert fit.prediction is not None
    (new,) = plot.data[plot.data["kind"] == "prediction"].to_dict("records")
    assert (new["low"], new["high"], new["estimate"]) == (
        fit.prediction.low, fit.prediction.high, None,
    )  # fmt: skip
    told = (
        f"{math.exp(fit.estimate):.2f} ({math.exp(fit.ci_low):.2f} to {math.exp(fit.ci_high):.2f})"
    )
    assert told in words_of(plot)
    assert told in plot.description
    for label in studies["label"]:
        assert label in words_of(plot)
        assert label in plot.description


def test_marks_stand_at_their_numbers(fit: PooledFit) -> None:
    plot = forest_plot(fit, limits=(0.05, 5))
    ax = plot.figure.axes[0]
    squares = [c for c in ax.collections if c.get_label() != "_arrow"]
    assert len(squares) == fit.k
    xs = np.array([c.get_offsets()[0][0] for c in squares])
    y = fit.table.rows["estimate"].to_numpy()
    slope, start = np.polyfit(y, xs, 1)
    np.testing.assert_allclose(xs, start + slope * y, atol=1e-6)
    (diamond,) = ax.patches
    corners = diamond.get_xy()[:4, 0]
    ends = [fit.ci_low, fit.estimate, fit.ci_high, fit.estimate]
    np.testing.assert_allclose(corners, start + slope * np.array(ends), atol=1e-6)
    sizes = np.array([c.get_sizes()[0] for c in squares])
    np.testing.assert_allclose(sizes / fit.weights, (sizes / fit.weights).max(), rtol=1e-9)
    low, high = start + slope * np.log([0.05, 5])
    bars = [sorted(line.get_xdata()) for line in ax.lines]
    for row in plot.data[plot.data["kind"] == "study"].to_dict("records"):
        wanted = [max(start + slope * row["low"], low), min(start + slope * row["high"], high)]
        assert any(np.allclose(bar, wanted, atol=1e-6) for bar in bars), row["label"]
    cut = plot.data[plot.data["cut"] == True]  # noqa: E712
    assert len(cut) == arrow_count(plot) > 0


def test_what_lies_beyond_the_limits_is_an_arrow_and_never_dropped(fit: PooledFit) -> None:
    plot = forest_plot(fit, limits=(1.5, 3))
    ends = plot.data[plot.data["high"].notna()]
    # Each line reaches below 1.5; those that also reach beyond 3 have two arrows.
    low = int((ends["low"].astype(float) < math.log(1.5)).sum())
    high = int((ends["high"].astype(float) > math.log(3)).sum())
    assert arrow_count(plot) == low + high
    assert_readable(plot)


def test_the_revman_layout(fit: PooledFit) -> None:
    plot = forest_plot(fit, layout="revman", arms=ARMS, favours=FAVOURS)
    words = words_of(plot)
    for head in ("Study or subgroup", "Events", "Total", "Weight", "BCG", "No vaccine",
                 "Risk ratio\nIV, Random, 95 % CI", "Favours [vaccine]", "Total (95 % CI)",
                 "Total events: 1,065 and 1,510"):  # fmt: skip
        assert head in words
    assert any(w.startswith("Heterogeneity: Tau² = 0.31; Chi² = 152.23, df = 12") for w in words)
    assert any(w.startswith("Test for overall effect: t = −3.9") for w in words)
    row = plot.data.iloc[0]
    assert (row["BCG Events"], row["BCG Total"], row["No vaccine Events"]) == ("4", "123", "11")
    common = forest_plot(pool(bcg(), model="common"), layout="revman")
    assert "Risk ratio\nIV, Fixed, 95 % CI" in words_of(common)
    assert any(w.startswith("Test for overall effect: Z = ") for w in words_of(common))
    plain = forest_plot(pool(many(5)), layout="revman")
    assert {"log[Odds ratio]", "SE"} <= set(words_of(plain))
    columns = [*forest_plot(pool(means()), layout="revman").data.columns]
    assert columns[7:13] == ["Treatment Mean", "Treatment SD", "Treatment Total", "Control Mean",
                             "Control SD", "Control Total"]  # fmt: skip


def test_columns_left_of_the_graph_in_revman_and_around_it_else(fit: PooledFit) -> None:
    def places(layout: Any) -> dict[str, float]:
        plot = forest_plot(fit, layout=layout, arms=ARMS)
        found = {t.get_text(): t.get_window_extent().x0 for t in plot.figure.axes[0].texts}
        squares = [c for c in plot.figure.axes[0].collections if c.get_label() != "_arrow"]
        found["graph"] = min(float(c.get_offsets()[0][0]) for c in squares)
        return found

    text = "0.41 (0.13 to 1.26)"
    left, around, right = (places(layout) for layout in ("revman", "jama", "evidence"))
    scale = 100 / 72
    assert left[text] < left["graph"] * scale
    assert around[text] < around["graph"] * scale < around["Weight,\n%"]
    assert right["graph"] * scale < right["Weight"] < right[text]


def test_the_jama_layout(fit: PooledFit) -> None:
    plot = forest_plot(fit, layout="jama", arms=ARMS, favours=FAVOURS)
    words = words_of(plot)
    assert {"Source", "No./total", "Favors vaccine", "Favors no vaccine", "Overall"} <= set(words)
    above = next(t for t in plot.figure.axes[0].texts if t.get_text() == "Favors vaccine")
    first = next(t for t in plot.figure.axes[0].texts if t.get_text() == "Aronson 1948")
    assert above.get_position()[1] < first.get_position()[1]
    assert above.get_weight() == "bold"
    assert any("P < .001" in w for w in words)


@pytest.mark.parametrize(
    ("p", "layout", "text"),
    [(0.2, "jama", "P = .20"), (0.004, "jama", "P = .004"), (1e-5, "jama", "P < .001"),
     (0.2, "revman", "P = 0.20"), (7e-5, "revman", "P < 0.0001"), (0.0009, "revman", "P = 0.0009"),
     (0.2, "evidence", "P = 0.20")],
)  # fmt: skip
def test_p_values_as_each_layout_prints_them(p: float, layout: str, text: str) -> None:
    assert p_text(p, layout) == text


def test_columns_of_means_and_of_sizes() -> None:
    fit = pool(means())
    plot = forest_plot(fit, arms=("Drug", "Placebo"))
    assert_readable(plot)
    assert plot.data["Drug mean (SD)"].iloc[0] == "10.2 (2.1)"
    assert plot.data["Placebo n"].iloc[3] == "93"
    table = table_of([1.0, 2.0], [1.0, 1.0])
    table.rows["n_treatment"], table.rows["n_control"] = [10, 20], [11, 21]
    found = arm_columns(table, "evidence", ("a", "b"))
    assert found.cells == (("10", "11"), ("20", "21"))
    assert found.totals == ("30", "32")


def test_one_study_is_not_pooled() -> None:
    plot = forest_plot(pool(table_of([0.2], [0.1])))
    assert plot.data["kind"].tolist() == ["study"]
    assert "One study: nothing was pooled." in words_of(plot)
    assert not plot.figure.axes[0].patches
    assert_readable(plot)


def test_the_prediction_interval_can_be_left_out(fit: PooledFit) -> None:
    plot = forest_plot(fit, prediction=False)
    assert "prediction" not in plot.data["kind"].tolist()


@pytest.mark.parametrize(
    "k", [2, 3, pytest.param(70, marks=pytest.mark.slow), pytest.param(200, marks=pytest.mark.slow)]
)
@pytest.mark.parametrize("layout", LAYOUTS)
def test_few_and_many_studies(k: int, layout: Any) -> None:
    plot = forest_plot(pool(many(k)), layout=layout, favours=("A", "B"))
    assert (plot.data["kind"] == "study").sum() == k
    if k < 200:
        assert_readable(plot)
    assert plot.figure.get_size_inches()[0] == pytest.approx(170 / 25.4)


def test_long_labels_are_shortened_on_the_canvas_alone() -> None:
    name = "The Very Long Named Collaborative Group for the Study of Something or Other 1998"
    fit = pool(table_of([0.1, 0.2, 9.0], [0.1, 0.2, 2.0], labels=[name, "B", "C"]))
    plot = forest_plot(fit, favours=("a long name of a drug combination and its dose", "none"))
    assert_readable(plot)
    assert plot.data["label"].iloc[0] == name
    assert name in plot.description
    assert name not in words_of(plot)
    assert any(w.startswith("The Very Long") and w.endswith("1998") for w in words_of(plot))


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"layout": "revmann"}, 'did you mean "revman"'),
        ({"favours": "ab"}, "two names"),
        ({"arms": ("a",)}, "two names"),
        ({"limits": (3, 1)}, "two rising numbers"),
        ({"width": 70}, "leave no room for the columns; at least [0-9]+ mm"),
    ],
)
def test_wrong_options(fit: PooledFit, options: dict[str, Any], match: str) -> None:
    with pytest.raises(ReportError, match=match):
        forest_plot(fit, **options)


# Several meta-analyses


@pytest.mark.parametrize("layout", LAYOUTS)
def test_subgroups(fit: PooledFit, layout: Any) -> None:
    plot = forest_subgroups(fit, ALLOCATION, layout=layout, arms=ARMS, favours=FAVOURS)
    assert_readable(plot)
    assert_whole(plot)
    found = subgroups(fit.table, ALLOCATION)
    lines = plot.data[plot.data["kind"] == "subtotal"]
    for column, source in (("estimate", "estimate"), ("low", "ci_low"), ("high", "ci_high")):
        np.testing.assert_allclose(lines[column].astype(float), found.groups[source])
    assert float(lines["weight"].sum()) == pytest.approx(100)
    test = [x for x in plot.data["label"] if x.startswith("Test for subgroup differences")]
    assert len(test) == 1
    assert f"{found.q_between:.2f}, df = 2" in test[0]
    assert test[0] in plot.description
    assert len(plot.figure.axes[0].patches) == 4


def test_subgroups_of_one_study_and_without_an_overall_effect(fit: PooledFit) -> None:
    by = ["one"] + ["rest"] * 12
    plot = forest_subgroups(fit, by, overall=False, tau2_common=True)
    assert "pooled" not in plot.data["kind"].tolist()
    assert any("one τ² for all" in x for x in plot.data["label"])
    plot = forest_subgroups(fit, by)
    assert any("tau2 was not estimated" in x for x in plot.data["label"])
    named = pool(table_of([1.0, 2.0, 3.0], [1, 1, 1]))
    named.table.rows["design"] = ["a", "a", "b"]
    assert (forest_subgroups(named, "design").data["kind"] == "heading").sum() == 3
    common = pool(bcg(), model="common")
    assert not any("τ²" in x for x in forest_subgroups(common, by).data["label"])


def test_subgroups_that_are_none(fit: PooledFit) -> None:
    with pytest.raises(FitError, match="only one group"):
        forest_subgroups(fit, ["a"] * 13)
    with pytest.raises(ReportError, match="has stated weights"):
        forest_subgroups(pool(bcg(), weights="equal"), ALLOCATION)


def test_cumulative(fit: PooledFit) -> None:
    plot = forest_cumulative(fit, YEAR, favours=FAVOURS)
    assert_readable(plot)
    assert_whole(plot)
    found = cumulative(fit.table, YEAR)
    np.testing.assert_allclose(plot.data["estimate"].astype(float), found["estimate"])
    np.testing.assert_allclose(plot.data["high"].astype(float), found["ci_high"])
    assert plot.data["label"].tolist()[:2] == ["Aronson 1948", "+ Ferguson & Simes 1949"]
    assert plot.data["k"].tolist() == [str(i) for i in range(1, 14)]
    one = forest_cumulative(pool(table_of([0.2], [0.1])))
    assert len(one.data) == 1


@pytest.mark.parametrize("layout", LAYOUTS)
def test_leave_one_out(fit: PooledFit, layout: Any) -> None:
    plot = forest_leave_one_out(fit, layout=layout, favours=FAVOURS)
    assert_readable(plot)
    found = leave_one_out(fit.table)
    lines = plot.data[plot.data["kind"] == "step"]
    np.testing.assert_allclose(lines["low"].astype(float), found["ci_low"])
    last = plot.data.iloc[-1]
    assert (last["kind"], last["estimate"]) == ("pooled", fit.estimate)
    common = forest_leave_one_out(pool(bcg(), model="common"))
    assert "τ²" not in common.data.columns
    with pytest.raises(ReportError, match="leaving one out needs at least 3"):
        forest_leave_one_out(pool(table_of([1.0, 2.0], [1, 1])))


def test_repeated_fits_are_fitted_as_the_fit_was() -> None:
    fit = pool(bcg(), tau2=0.2, ci="wald", level=0.9)
    plot = forest_leave_one_out(fit)
    found = leave_one_out(fit.table, tau2=0.2, ci="wald", level=0.9)
    np.testing.assert_allclose(plot.data["low"].astype(float)[:-1], found["ci_low"])


# The painter


def table_with(rows: list[Row], **options: Any) -> ForestTable:
    return ForestTable((Column("effect", side="after"),), tuple(rows), "identity", "x", Look(),
                       **options)  # fmt: skip


def test_a_diamond_beyond_the_axis_is_an_arrow() -> None:
    row = Row("pooled", "all", ("9",), 9.0, 8.0, 10.0)
    painter = Painter(table_with([row], limits=(-1.0, 1.0)))
    figure = painter.paint()
    assert not figure.axes[0].patches
    assert [c.get_label() for c in figure.axes[0].collections] == ["_arrow"]


def test_the_axis_holds_pooled_marks_whole_and_cuts_far_intervals() -> None:
    rows = [
        Row("study", "far", ("",), 0.0, -90.0, 90.0, 1.0),
        Row("study", "near", ("",), 0.5, 0.0, 1.0, 9.0),
        Row("pooled", "all", ("",), 0.4, 0.1, 0.7),
    ]
    low, high = axis_ends(table_with(rows))
    assert -90 < low < 0 < 0.7 < high < 90
    assert axis_ends(table_with(rows, limits=(2.0, 3.0))) == (2.0, 3.0)
    alone = axis_ends(table_with(rows[:1]))
    assert alone[0] < -90 < 90 < alone[1]
