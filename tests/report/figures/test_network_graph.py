"""The graph of a network: its numbers, its marks, what can be read, and what it refuses."""

import itertools
import json
import xml.etree.ElementTree as ET
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from matplotlib.patches import Circle

from evidence.errors import ReportError
from evidence.models.network.arms import network_arms
from evidence.models.network.contrasts import network_contrasts
from evidence.models.network.data import NetworkData
from evidence.report.figures.network_graph import LARGEST, SMALLEST, THICK, network_graph
from evidence.report.figures.plot import Plot
from evidence.report.figures.style import style

SVG = "{http://www.w3.org/2000/svg}"
REFERENCE = Path(__file__).parents[2] / "reference" / "network"


def published(name: str) -> NetworkData:
    fixture = json.loads((REFERENCE / f"{name}.json").read_text(encoding="utf-8"))
    if "arms" not in fixture["options"]:
        return network_contrasts(
            pd.DataFrame(fixture["data"]),
            study="studlab",
            treatment1="treat1",
            treatment2="treat2",
            estimate="TE",
            std_error="seTE",
        )
    frame = pd.DataFrame(fixture["options"]["arms"])
    columns = {"mean": "mean", "sd": "sd"} if "mean" in frame else {"events": "event"}
    measure = fixture["options"]["measure"]
    return network_arms(
        frame, measure=measure, study="studlab", treatment="treat", n="n", **columns
    )


@pytest.fixture(scope="module")
def senn() -> NetworkData:
    return published("senn2013-dl")


@pytest.fixture(scope="module")
def plot(senn: NetworkData) -> Plot:
    return network_graph(senn)


def of(plot: Plot, kind: str) -> pd.DataFrame:
    return plot.data[plot.data["kind"] == kind].set_index("name")


def test_lines_are_the_direct_comparisons(senn: NetworkData, plot: Plot) -> None:
    lines = of(plot, "comparison")
    pairs = senn.contrasts[["treatment1", "treatment2"]].apply(
        lambda r: ":".join(sorted(r)), axis=1
    )
    assert lines["studies"].to_dict() == pairs.value_counts().to_dict()
    assert lines["size"].max() == pytest.approx(THICK)
    ratio = lines["size"] / lines["studies"]
    assert ratio.to_numpy() == pytest.approx(ratio.iloc[0])
    drawn = plot.figure.axes[0].lines
    assert len(drawn) == len(lines) == 15
    for line, (_, row) in zip(drawn, lines.iterrows(), strict=True):
        assert line.get_linewidth() == pytest.approx(row["size"])
        assert [*line.get_xdata(), *line.get_ydata()] == row[["x", "x2", "y", "y2"]].tolist()


def test_nodes_stand_on_a_circle_with_areas_by_participants(senn: NetworkData, plot: Plot) -> None:
    nodes = of(plot, "treatment")
    assert tuple(nodes.index) == senn.treatments
    assert senn.arms is not None
    people = senn.arms.groupby("treatment")["n"].sum()
    assert nodes["participants"].to_dict() == people.to_dict()
    large = nodes[nodes["size"] > SMALLEST * 1.001]
    area = large["size"] ** 2 / large["participants"]
    assert area.to_numpy() == pytest.approx(area.iloc[0])
    assert nodes["size"].max() <= LARGEST
    middle = nodes[["x", "y"]].mean()
    reach = np.hypot(nodes["x"] - middle["x"], nodes["y"] - middle["y"])
    assert reach.to_numpy() == pytest.approx(reach.iloc[0])
    circles = [p for p in plot.figure.axes[0].patches if isinstance(p, Circle)]
    assert [c.get_radius() for c in circles] == nodes["size"].tolist()
    assert nodes["y"].idxmax() == senn.treatments[0]


def test_multi_arm_designs_are_shaded_and_named(plot: Plot) -> None:
    assert of(plot, "multi-arm")["studies"].to_dict() == {"acarbose:metformin:placebo": 1}
    words = [t.get_text() for t in plot.figure.axes[0].texts]
    assert "1 study of 3 arms: acarbose, metformin, placebo" in words
    plain = network_graph(published("senn2013-dl"), multi_arm=False)
    assert len(of(plain, "multi-arm")) == 0
    assert not any("of 3 arms" in t.get_text() for t in plain.figure.axes[0].texts)


def test_widths_by_precision_and_equal_sizes(senn: NetworkData) -> None:
    by = of(network_graph(senn, edge_width="precision", node_size="studies"), "comparison")
    rows = senn.contrasts
    pair = rows[(rows["treatment1"] == "placebo") & (rows["treatment2"] == "rosiglitazone")]
    weight = (pair["std_error"] ** -2).sum()
    assert by.loc["placebo:rosiglitazone", "size"] == pytest.approx(THICK)
    one = rows[rows["treatment2"] == "sitagliptin"]["std_error"].iloc[0] ** -2
    assert by.loc["placebo:sitagliptin", "size"] == pytest.approx(THICK * one / weight)
    same = network_graph(senn, edge_width="equal", node_size="equal")
    assert of(same, "comparison")["size"].nunique() == 1
    assert of(same, "treatment")["size"].nunique() == 1
    assert "Numbers on lines: studies" in [t.get_text() for t in same.figure.axes[0].texts]


def test_the_description_says_it_all(senn: NetworkData, plot: Plot) -> None:
    assert plot.title == "Network of 10 treatments and 26 studies"
    for words in ("Direct comparisons (15 of 45)", "placebo and rosiglitazone: 6",
                  "placebo (19 studies, 2,062 participants)",
                  "Multi-arm designs: acarbose, metformin, placebo (1)"):  # fmt: skip
        assert words in plot.description
    root = ET.fromstring(plot.svg())
    assert root.get("role") == "img"
    (title,), (desc,) = root.findall(f"{SVG}title"), root.findall(f"{SVG}desc")
    assert (title.text, desc.text) == (plot.title, plot.description)
    titled = network_graph(senn, title="HbA1c & more")
    assert titled.title == "HbA1c & more"
    assert "HbA1c & more" in [t.get_text() for t in titled.figure.axes[0].texts]


def test_the_same_bytes_each_time(senn: NetworkData) -> None:
    one, two = network_graph(senn), network_graph(senn)
    assert one.svg() == two.svg()
    assert one.png(60) == two.png(60)


@pytest.mark.parametrize("width", [85.0, 170.0])
@pytest.mark.parametrize("name", ["senn2013-dl", "woods2010-or", "baker2009-or", "linde2015-or"])
def test_names_keep_apart_and_on_the_sheet(name: str, width: float) -> None:
    plot = network_graph(published(name), width=width)
    figure = plot.figure
    with style(small=True):
        figure.draw_without_rendering()
        boxes = {t: t.get_window_extent() for t in figure.axes[0].texts}
    sheet = figure.bbox
    for text, box in boxes.items():
        assert sheet.x0 <= box.x0 < box.x1 <= sheet.x1, text.get_text()
        assert sheet.y0 <= box.y0 < box.y1 <= sheet.y1, text.get_text()
    outside = [t for t in boxes if t.get_zorder() == 6]
    assert len(outside) == 2 * len(of(plot, "treatment"))
    for a, b in itertools.combinations(outside, 2):
        assert not boxes[a].shrunk(0.98, 0.8).overlaps(boxes[b]), (a.get_text(), b.get_text())


def test_many_multi_arm_designs_share_a_shade() -> None:
    plot = network_graph(published("linde2016-or"))
    words = [t.get_text() for t in plot.figure.axes[0].texts]
    assert "9 studies of three or more arms in 9 other designs" in words
    assert sum("arms" in w for w in words) == 5
    assert len(of(plot, "multi-arm")) == 13
    assert "participants" not in plot.description


def test_parts_are_drawn_and_said() -> None:
    frame = pd.DataFrame({"study": list("uv"), "treatment1": ["a", "c"], "treatment2": ["b", "d"],
                          "estimate": [0.1, 0.2], "std_error": [1.0, 1.0]})  # fmt: skip
    plot = network_graph(network_contrasts(frame))
    assert plot.description.endswith("The network falls into 2 parts.")
    two = network_graph(network_contrasts(frame.iloc[:1]))
    assert two.title == "Network of 2 treatments and 1 study"


def test_order_is_clockwise_from_the_top(senn: NetworkData) -> None:
    names = tuple(reversed(senn.treatments))
    nodes = of(network_graph(senn, order=names), "treatment")
    assert tuple(nodes.index) == names
    assert nodes["y"].idxmax() == names[0]
    assert nodes["x"].iloc[1] > nodes["x"].iloc[0]


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"node_size": "people"}, "node_size: unknown: 'people'"),
        ({"edge_width": "weight"}, "edge_width: unknown: 'weight'"),
        ({"order": ("placebo",)}, "all treatments, each once"),
        ({"width": 20.0}, "leave no room for the names"),
    ],
)
def test_wrong_options(senn: NetworkData, options: dict[str, object], match: str) -> None:
    with pytest.raises(ReportError, match=match):
        network_graph(senn, **options)  # type: ignore[arg-type]


def test_participants_that_are_not_known() -> None:
    with pytest.raises(ReportError, match="no n of the arms is known"):
        network_graph(published("linde2016-or"), node_size="participants")


@pytest.mark.parametrize("name", ["x" * 200, "<b>&amp;</b> $x^2$", "a\nb"])
def test_strange_names(name: str) -> None:
    frame = pd.DataFrame({"study": ["u"], "treatment1": [name], "treatment2": ["other"],
                          "estimate": [0.1], "std_error": [1.0]})  # fmt: skip
    plot = network_graph(network_contrasts(frame))
    assert ET.fromstring(plot.svg()).find(f"{SVG}desc") is not None
