"""Names that would break or run: every figure must take them as the text they are."""

from collections.abc import Callable
from functools import cache
from typing import Any

import pandas as pd
import pytest
from figure_checks import assert_readable, assert_whole

from evidence.effects.sizes.frame import effect_sizes
from evidence.effects.table import EffectTable, table_of
from evidence.models.bias.trim_fill import trim_and_fill
from evidence.models.frequentist.gosh import gosh
from evidence.models.frequentist.pool import pool
from evidence.models.frequentist.profile import profile_tau2
from evidence.models.regression.regression import meta_regression
from evidence.report.figures.baujat import baujat_plot
from evidence.report.figures.bubble import bubble_plot
from evidence.report.figures.caterpillar import caterpillar_plot
from evidence.report.figures.drapery import drapery_plot
from evidence.report.figures.forest_plot import forest_plot
from evidence.report.figures.forest_repeated import (
    forest_cumulative,
    forest_leave_one_out,
    forest_subgroups,
)
from evidence.report.figures.funnel import funnel_plot
from evidence.report.figures.gosh import gosh_plot
from evidence.report.figures.influence import influence_plot
from evidence.report.figures.labbe import labbe_plot
from evidence.report.figures.likelihood import likelihood_plot, profile_plot
from evidence.report.figures.permutation import permutation_plot
from evidence.report.figures.plot import Plot
from evidence.report.figures.qq import qq_plot
from evidence.report.figures.radial import radial_plot
from evidence.report.figures.sunset import sunset_plot

HOSTILE = [
    "<script>alert(1)</script>",
    "$x^2$",
    r"\frac{1}{2} $\unknown{",
    "A very long name " * 20 + "1998",
    "דוד 2001 \u202egpj.exe",
    "🧪👩‍🔬 Lab 2010",
    "two\nlines\r\nand\ttab",
    "null \x00\x0b\x1b[31m byte",
    "=1+1|cmd",
    "\"quoted\" & 'amp' ]]> -->",
    "مؤلف 2005",
    "W" * 90,
]
K = len(HOSTILE)
Y = [0.1 * (-1) ** i * (1 + i % 4) for i in range(K)]
Y[3], Y[8] = 2.6, -2.4
S = [0.1 + 0.04 * i for i in range(K)]


@cache
def table() -> EffectTable:
    return table_of(Y, S, labels=HOSTILE, scale="log", measure="RR")


@cache
def counted() -> EffectTable:
    frame = pd.DataFrame({"s": HOSTILE, "a": range(1, K + 1), "n": 100, "c": range(K, 0, -1)})
    frame["m"] = 110
    return effect_sizes(frame, measure="OR", study="s", events1="a", n1="n", events2="c", n2="m")


ARMS, FAVOURS = (HOSTILE[0], HOSTILE[3]), (HOSTILE[2], HOSTILE[3])
TITLE = HOSTILE[3] + " $y_1$ <b>"


def forest(layout: Any) -> Plot:
    return forest_plot(pool(counted()), layout=layout, arms=ARMS, favours=FAVOURS, title=TITLE)


def bubble() -> Plot:
    name = "$x^2$ <b>"
    fit = meta_regression(table(), pd.DataFrame({name: [float(i) for i in range(K)]}))
    return bubble_plot(fit, name, title=TITLE)


DRAWN: dict[str, Callable[[], Plot]] = {
    "forest evidence": lambda: forest("evidence"),
    "forest revman": lambda: forest("revman"),
    "forest jama": lambda: forest("jama"),
    "forest subgroups": lambda: forest_subgroups(
        pool(counted()), ["<b>$g$", HOSTILE[3], "\x01"] * 4, arms=ARMS, favours=FAVOURS
    ),
    "forest cumulative": lambda: forest_cumulative(pool(table()), title=TITLE),
    "forest leave one out": lambda: forest_leave_one_out(pool(table()), title=TITLE),
    "funnel": lambda: funnel_plot(pool(table()), title=TITLE),
    "trim and fill": lambda: funnel_plot(trim_and_fill(table()), contours=True),
    "radial": lambda: radial_plot(pool(table(), model="common"), title=TITLE),
    "labbe": lambda: labbe_plot(pool(counted()), arms=ARMS, title=TITLE),
    "baujat": lambda: baujat_plot(pool(table()), title=TITLE),
    "bubble": bubble,
    "gosh": lambda: gosh_plot(
        gosh(table()), study=HOSTILE[3], name="$x$", title=TITLE, scale="log"
    ),
    "profile": lambda: profile_plot(profile_tau2(pool(table())), title=TITLE),
    "likelihood": lambda: likelihood_plot([0, 1, 2], [-3, 0, -3], name=TITLE, title=TITLE),
    "drapery": lambda: drapery_plot(pool(table()), title=TITLE),
    "influence": lambda: influence_plot(pool(table()), title=TITLE),
    "qq": lambda: qq_plot(pool(table(), model="common"), title=TITLE),
    "caterpillar": lambda: caterpillar_plot(pool(table()), title=TITLE),
    "sunset": lambda: sunset_plot(pool(table()), title=TITLE),
    "permutation": lambda: permutation_plot([1.0, 2.0, 3.0], 3.0, name=TITLE, title=TITLE),
}


@cache
def drawn(kind: str) -> Plot:
    return DRAWN[kind]()


@pytest.mark.parametrize("kind", DRAWN)
def test_hostile_names_are_text_and_nothing_else(kind: str) -> None:
    plot = drawn(kind)
    assert_readable(plot)
    root = assert_whole(plot)
    assert "\x00" not in plot.text()
    assert plot.png(80)[:4] == b"\x89PNG"
    # A formula would have become other signs: the dollars must still be there.
    words = "".join(root.itertext())
    if "$y_1$" in plot.title:
        assert "$y_1$" in words


@pytest.mark.slow
@pytest.mark.parametrize("kind", DRAWN)
def test_every_figure_is_the_same_bytes_each_time(kind: str) -> None:
    first, second = drawn(kind), DRAWN[kind]()
    assert first.svg() == second.svg()
    assert first.description == second.description


def test_names_on_the_canvas_are_the_names() -> None:
    plot = forest_plot(pool(table()))
    seen = {t.get_text() for t in plot.figure.axes[0].texts}
    for name in ("<script>alert(1)</script>", "$x^2$", "two lines and tab", "דוד 2001 gpj.exe"):
        assert name in seen
    svg = plot.svg().decode("utf-8")
    assert "<script" not in svg
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in svg


@pytest.mark.parametrize("kind", ["forest evidence", "funnel"])
def test_the_table_of_a_hostile_figure_can_be_saved(kind: str, tmp_path: Any) -> None:
    plot = drawn(kind)
    plot.save(tmp_path / "table.csv")
    again = pd.read_csv(tmp_path / "table.csv")
    assert len(again) == len(plot.data)
