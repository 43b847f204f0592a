"""Figures of the risk of bias, against the ratings they show."""

from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
import pytest
from figure_checks import assert_readable, assert_whole
from matplotlib.collections import PathCollection
from matplotlib.colors import to_rgb
from test_figure_hostile import HOSTILE

from evidence.catalog.risk_of_bias import Judged, RatedResult, SignallingAnswer, StudyRisk
from evidence.effects.table import EffectTable, table_of
from evidence.errors import EvidenceError, ReportError
from evidence.models.frequentist.pool import pool
from evidence.rating.risk_of_bias.lights import risk_lights
from evidence.report.figures.forest_plot import forest_plot
from evidence.report.figures.plot import Plot
from evidence.report.figures.risk_summary import risk_summary_plot
from evidence.report.figures.traffic_light import FILLS, traffic_light_plot
from evidence.report.risk.tables import risk_of_bias_table, unrated_table

GOOD = {
    "1.1": "Y", "1.2": "Y", "1.3": "N", "2.1": "N", "2.2": "N", "2.6": "Y", "3.1": "Y",
    "4.1": "N", "4.2": "N", "4.3": "N", "5.1": "Y", "5.2": "N", "5.3": "N",
}  # fmt: skip
ROBINS = {
    "1.1": "Y", "1.2": "N", "1.4": "Y", "1.5": "Y", "1.6": "N", "2.1": "N", "2.4": "Y",
    "3.1": "Y", "3.2": "Y", "3.3": "N", "4.1": "NI", "5.1": "Y", "5.2": "N", "5.3": "N",
    "6.1": "Y", "6.2": "Y", "6.3": "Y", "6.4": "N", "7.1": "N", "7.2": "N", "7.3": "N",
}  # fmt: skip
LOW_D5 = Judged(judgement="low", reason="the plan was seen", by="A", proposal="some_concerns")


def risk(
    study: str, change: dict[str, str] | None = None, tool: Any = "rob2_parallel"
) -> StudyRisk:
    plain = ROBINS if tool == "robins_i" else GOOD
    if tool == "rob2_crossover":
        plain = {**GOOD, "S.1": "Y", "S.3": "NI", "5.4": "N"}
    answers = {
        q: SignallingAnswer(answer=a)  # type: ignore[arg-type]
        for q, a in {**plain, **(change or {})}.items()
    }
    result = RatedResult(
        id="one", outcomes=("spine_bmd",), judgements={"D5": LOW_D5} if study == "judged" else {}
    )
    return StudyRisk(
        study=study, tool=tool, version="x", effect="assignment", read="all", answers=answers,
        results=(result,),
    )  # fmt: skip


def table_with(studies: list[str]) -> EffectTable:
    k = len(studies)
    table = table_of(np.linspace(-1, 1, k), np.linspace(0.1, 0.4, k), labels=studies)
    table.rows["study"] = studies
    table.rows["counted"] = "spine_bmd"
    table.rows["treatment"], table.rows["control"] = "drug", "placebo"
    return table


RISKS = [
    risk("low"),
    risk("high", {"1.2": "N"}),
    risk("unknown", {"2.6": "NI", "2.7": "NI"}),
    risk("judged", {"5.1": "NI"}),
]
STUDIES = ["low", "high", "unknown", "judged", "nobody"]


def discs(plot: Plot) -> list[PathCollection]:
    (ax,) = plot.figure.axes
    levels = set(FILLS)
    return [c for c in ax.collections if c.get_label() in levels]  # type: ignore[misc]


def test_each_disc_is_the_level_of_its_domain() -> None:
    plot = traffic_light_plot(RISKS, table_with(STUDIES))
    assert plot.data["overall"].tolist() == [
        "low", "high", "high for want of information (could be low)", "low", "not rated",
    ]  # fmt: skip
    assert plot.data["D5"].tolist()[3] == "low (judged; proposed: some concerns)"
    assert plot.data["why"].tolist()[-1] == "not rated"
    drawn = discs(plot)
    assert len(drawn) == 4 * 6 + 2  # and the key: low, high
    hollow = [c for c in drawn if to_rgb(c.get_facecolor()[0]) == (1.0, 1.0, 1.0)]
    assert [c.get_label() for c in hollow] == ["high", "high"]
    (ax,) = plot.figure.axes
    squares = [c for c in ax.collections if len(c.get_paths()[0].vertices) == 5]
    assert len(squares) == 1
    assert_whole(plot)
    assert_readable(plot)


def test_discs_stand_under_their_heads() -> None:
    plot = traffic_light_plot(RISKS)
    (ax,) = plot.figure.axes
    places = sorted({round(float(c.get_offsets()[0][0]), 3) for c in discs(plot)[:6]})
    plot.figure.draw_without_rendering()
    for head in ("D1", "D3", "Overall"):
        text = next(t for t in ax.texts if t.get_text() == head)
        box = text.get_window_extent().transformed(ax.transData.inverted())
        middle = (box.x0 + box.x1) / 2
        assert min(abs(middle - place) for place in places) < 1.0  # points


def test_the_fills_darken_as_risk_grows() -> None:
    def grey(level: str) -> float:
        return float(np.dot(to_rgb(FILLS[level]), (0.2126, 0.7152, 0.0722)))

    order = ("low", "some_concerns", "high", "critical")
    greys = [grey(level) for level in order]
    assert all(first - second > 0.08 for first, second in pairwise(greys))


def test_several_tools_in_one_figure() -> None:
    risks = [risk("a"), risk("b", tool="rob2_crossover"), risk("c", tool="robins_i")]
    plot = traffic_light_plot(risks)
    assert plot.data.columns.tolist() == [
        "result", "D1", "DS", "D2", "D3", "D4", "D5", "D6", "D7", "overall", "why",
    ]  # fmt: skip
    assert plot.data["DS"].tolist() == [
        "",
        "some concerns for want of information (could be low)",
        "",
    ]
    assert "D1 Randomisation (RoB 2, parallel groups)" in plot.description
    assert plot.data["overall"].iloc[2] == "serious"
    assert_readable(plot)
    shares = risk_summary_plot(risks).data
    assert shares.groupby("domain")["share"].sum().round(9).unique().tolist() == [100.0]
    assert shares.loc[shares["domain"] == "DS", "results"].tolist() == [1]


def test_the_bars_are_weights_of_the_pooled_effect() -> None:
    fit = pool(table_with(STUDIES))
    plot = risk_summary_plot(RISKS, fit)
    data = plot.data.set_index(["domain", "level"])
    weights = dict(zip(STUDIES, fit.weights, strict=True))
    assert data.loc[("D1", "high"), "share"] == pytest.approx(weights["high"])
    assert data.loc[("overall", "not_rated"), "share"] == pytest.approx(weights["nobody"])
    assert data.loc[("overall", "high"), "for_want"] == pytest.approx(weights["unknown"])
    assert "by its weight" in plot.description
    plain = risk_summary_plot(RISKS, fit.table)
    assert plain.data.set_index(["domain", "level"]).loc[("D1", "high"), "share"] == 20.0
    assert "not weighted" in plain.description
    (ax,) = plot.figure.axes
    x0, x1 = plot.figure.axes[0].get_xlim()
    bars = [p for p in ax.patches if hasattr(p, "get_width")]
    dotted = [p for p in bars if p.get_hatch()]
    assert len(dotted) == 2
    assert all(x0 <= p.get_x() <= x1 for p in bars)
    assert_whole(plot)
    assert_readable(plot)


def test_a_forest_plot_with_signs_for_each_domain() -> None:
    fit = pool(table_with(STUDIES))
    for layout in ("evidence", "revman", "jama"):
        plot = forest_plot(
            fit,
            layout=layout,
            risk=risk_lights(RISKS, fit.table),
            width=200,  # type: ignore[arg-type]
        )
        rows = plot.data[plot.data["kind"] == "study"]
        assert rows["Risk of bias D1"].tolist() == ["+", "\N{MINUS SIGN}", "+", "+", ""]
        assert rows["Risk of bias D2"].tolist()[2] == "(\N{MINUS SIGN})"
        assert rows["Risk of bias All"].tolist()[-1] == "not rated"
        pooled = plot.data[plot.data["kind"] == "pooled"]
        assert pooled["Risk of bias All"].tolist() == [""]
        assert_readable(plot)
    words = " ".join(t.get_text() for t in plot.figure.axes[0].texts)
    assert "+ low" in words
    assert "in brackets: it could be better if more were known" in words


def test_a_forest_plot_refuses_ratings_of_other_studies() -> None:
    fit = pool(table_with(STUDIES))
    with pytest.raises(ReportError, match="risk: 4 for 5 studies"):
        forest_plot(fit, risk=risk_lights(RISKS))
    with pytest.raises(ReportError, match="risk: none of the studies is rated"):
        forest_plot(fit, risk=risk_lights([], fit.table))
    with pytest.raises(ReportError, match="risk: 5 for 5 studies"):
        forest_plot(fit, risk=["low"] * 5)  # type: ignore[arg-type]


def test_many_results_and_hostile_names() -> None:
    names = [f"{name} {i}" for i, name in enumerate(HOSTILE)]
    risks = [risk("low", {"5.1": "NI"})]
    table = table_with(names)
    table.rows["study"], table.rows["label"] = "low", names
    for plot in (
        traffic_light_plot(risks, table, title=HOSTILE[1]),
        risk_summary_plot(risks, table),
    ):
        assert_whole(plot)
        assert_readable(plot)
    long = traffic_light_plot([risk(f"study-{i}") for i in range(60)])
    assert len(long.data) == 60
    assert_readable(long)


@pytest.mark.parametrize("call", [traffic_light_plot, risk_summary_plot])
def test_what_cannot_be_drawn_is_refused(call: Any) -> None:
    table = table_with(["low"])
    for junk in (None, 3, "x", [None], pd.DataFrame()):
        with pytest.raises(EvidenceError, match="risks"):
            call(junk, table)
    with pytest.raises(ReportError, match="none of these results is rated"):
        call([], table)
    with pytest.raises(ReportError, match="none of these results is rated"):
        call([])
    with pytest.raises(ReportError, match="width"):
        call(RISKS, width=3)
    with pytest.raises(EvidenceError, match="is a list"):
        call(RISKS, [])


def test_tables_beside_the_figures() -> None:
    lines = risk_lights(RISKS, table_with(STUDIES))
    table = risk_of_bias_table(lines)
    assert table is not None
    assert table.head[0] == "Result"
    assert table.head[-2:] == ("Overall", "Judged because")
    assert [row[-2] for row in table.rows] == [
        "low", "high", "high for want of information (could be low)", "low",
    ]  # fmt: skip
    assert table.rows[3][-1] == "the plan was seen (A)"
    assert "version 2019-08-22" in table.caption
    assert "nobody has judged" not in table.caption
    both = risk("both", {"1.2": "NI", "5.1": "NI"})
    several = risk_of_bias_table(risk_lights([both]))
    assert several is not None
    assert "may together make a high risk" in several.caption
    assert "together" not in table.caption
    rest = unrated_table(lines)
    assert rest is not None
    assert rest.rows == (("nobody", "not rated"),)
    assert risk_of_bias_table(lines[-1:]) is None
    assert unrated_table(lines[:1]) is None
    plain = risk_of_bias_table(lines[:1])
    assert plain is not None
    assert plain.caption.endswith("nobody has judged yet.")
