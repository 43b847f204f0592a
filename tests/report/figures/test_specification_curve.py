"""The specification curve: its data are the universes, its marks the data, its words both."""

import xml.etree.ElementTree as ElementTree
from typing import Any

import numpy as np
import pandas as pd
import pytest
from matplotlib.collections import PathCollection, QuadMesh

from evidence.effects.table import EffectTable, table_of
from evidence.errors import ReportError
from evidence.models.multiverse.dimensions import Dimension, each_left_out
from evidence.models.multiverse.multiverse import multiverse
from evidence.models.multiverse.result import Multiverse
from evidence.report.figures.specification_curve import FEW, specification_curve

MODEL = Dimension("model", "model", {"random": "random", "common": "common"}, "both in use")
WEAK = Dimension(
    "interval", "ci", {"wald": "wald", "t": "t"}, "both in use", possible=["t"]
)  # fmt: skip


def studies(k: int = 8, scale: Any = "identity") -> EffectTable:
    random = np.random.default_rng(k)
    v = random.uniform(0.02, 0.3, k)
    return table_of(random.normal(-0.3, np.sqrt(v + 0.1)), np.sqrt(v), scale=scale)


def small(**options: Any) -> Multiverse:
    table = studies(**options)
    out = Dimension("left out", "without", each_left_out(table), "one at a time")
    return multiverse(table, [MODEL, WEAK, out])


def large() -> Multiverse:
    table = studies(16)
    out = Dimension("left out", "without", each_left_out(table), "one at a time")
    again = Dimension("and", "without", each_left_out(table), "two at a time")
    return multiverse(table, [MODEL, WEAK, out, again])


def drawn(plot: Any, label: str) -> PathCollection:
    found = [c for c in plot.figure.axes[0].collections if c.get_label() == label]
    assert len(found) == 1
    return found[0]


def test_data_are_the_distinct_universes_in_order() -> None:
    result = small()
    data = specification_curve(result).data
    own = result.answered().sort_values("estimate", kind="stable")
    assert data["universe"].tolist() == own.index.tolist()
    np.testing.assert_array_equal(data["ci_low"], own["ci_low"])
    np.testing.assert_array_equal(data["significant"], own["p"] < 0.05)
    assert data["left out"].tolist() == own["left out"].astype(str).tolist()
    assert data.index.tolist() == list(range(1, len(own) + 1))
    assert data["primary"].sum() == 1


def test_marks_stand_where_the_data_are() -> None:
    plot = specification_curve(small())
    sure = plot.data[plot.data["significant"]]
    marks = drawn(plot, "95 % CI excludes no effect").get_offsets()
    np.testing.assert_allclose(marks, np.column_stack([sure.index, sure["estimate"]]))
    own = plot.data[plot.data["primary"]]
    place = drawn(plot, "primary analysis").get_offsets()
    np.testing.assert_allclose(place, [[own.index[0], own["estimate"].iloc[0]]])


def test_options_are_named_and_the_merely_possible_marked() -> None:
    plot = specification_curve(small())
    words = [text.get_text() for text in plot.figure.axes[1].texts]
    for label in ("model", "random", "common", "interval", "wald", "t *", "without study 8"):
        assert label in words
    assert "* merely possible, not as good as the other options" in words


def test_many_universes_are_a_band_and_shades() -> None:
    result = large()
    plot = specification_curve(result, threshold=-0.2, title="Many")
    assert len(plot.data) > FEW
    below = plot.figure.axes[1]
    shades = [c for c in below.collections if isinstance(c, QuadMesh)]
    # significance, 2 models, 2 intervals, and 11 + 1 rows of each "left out"
    assert len(shades) == 1 + 2 + 2 + 12 + 12
    words = [text.get_text() for text in below.texts]
    assert words.count("any of 6 others") == 2
    share = np.asarray(shades[1].get_array()).ravel() + np.asarray(shades[2].get_array()).ravel()
    np.testing.assert_allclose(share[share > 0], 1.0)  # every universe is of one model
    summary = result.summary(threshold=-0.2)
    assert f"Beyond −0.20: {100 * summary.share_beyond:.0f} %" in plot.description
    assert plot.title == "Many"


def test_far_estimates_are_arrows_at_the_edge() -> None:
    table = table_of([0.1, 0.2, 0.3, 0.2, 0.25, 500.0], [0.1, 0.1, 0.1, 0.1, 0.1, 9.0])
    alone = {f"{i}": [j == i for j in range(6)] for i in range(6)}
    rows = {"all": None, "rest": [True] * 5 + [False]} | alone
    rows |= {f"two {i}": [j in (i, i + 1) for j in range(6)] for i in range(4)}
    plot = specification_curve(
        multiverse(table, [Dimension("rows", "rows", rows, "for the test")], model="common")
    )
    arrow = drawn(plot, "estimate off the axis").get_offsets()
    top = plot.figure.axes[0].get_ylim()[1]
    assert arrow.tolist() == [[len(plot.data), top]]
    assert top < 400


def test_words_give_the_same_numbers() -> None:
    result = small(scale="log")
    plot = specification_curve(result)
    summary, y = result.summary(), plot.data["estimate"]
    assert f"median {np.exp(y.median()):.2f}, from {np.exp(y.min()):.2f}" in plot.description
    assert f"{summary.declared} combinations: {summary.excluded} excluded" in plot.description
    assert f"{summary.duplicates} duplicates" in plot.description
    own = plot.data[plot.data["primary"]]
    assert f"Primary analysis: {np.exp(own['estimate'].iloc[0]):.2f}" in plot.description
    middle = np.exp(plot.data.loc[plot.data["model"] == "common", "estimate"].median())
    assert f"common {middle:.2f}" in plot.description
    assert "log scale" in plot.figure.axes[0].get_ylabel()


def test_principled_universes_alone() -> None:
    plot = specification_curve(small(), principled=True)
    assert set(plot.data["interval"]) == {"wald"}
    assert "the principled ones" in plot.description


def test_where_the_primary_is_not_principled_it_is_not_drawn() -> None:
    weak = Dimension("interval", "ci", {"t": "t", "wald": "wald"}, "in use", possible=["t"])
    plot = specification_curve(multiverse(studies(), [MODEL, weak]), principled=True)
    assert not plot.data["primary"].any()
    assert "Primary analysis" not in plot.description


def test_the_svg_tells_itself_and_is_the_same_each_time() -> None:
    result = small()
    svg = specification_curve(result, title="<b>$x$ & y</b>").svg()
    tree = ElementTree.fromstring(svg)
    names = {part.tag.split("}")[1]: part.text for part in tree}
    assert names["title"] == "<b>$x$ & y</b>"
    assert "Specification curve of" in names["desc"]
    assert svg == specification_curve(result, title="<b>$x$ & y</b>").svg()


def test_long_names_are_shortened() -> None:
    name = "an option whose name is far longer than any page is wide " * 4
    long = Dimension(name, "model", {name: "random", "common": "common"}, "for the test")
    plot = specification_curve(multiverse(studies(), [long]), width=85.0)
    plot.figure.draw_without_rendering()
    box = plot.figure.bbox
    for text in plot.figure.axes[1].texts:
        assert text.get_window_extent().x0 >= box.x0


def test_what_cannot_be_drawn() -> None:
    result = small()
    with pytest.raises(ReportError, match="threshold: nan; a finite number"):
        specification_curve(result, threshold=float("nan"))
    with pytest.raises(ReportError, match="millimetres, from 85"):
        specification_curve(result, width=20.0)
    weak = Dimension("model", "model", {"common": "common"}, "in use", possible=["common"])
    with pytest.raises(ReportError, match="no universe has an answer"):
        specification_curve(multiverse(studies(), [weak]), principled=True)


def test_the_table_can_be_saved(tmp_path: Any) -> None:
    path = tmp_path / "curve.csv"
    specification_curve(small()).save(path)
    assert list(pd.read_csv(path).columns)[:3] == ["rank", "universe", "estimate"]
