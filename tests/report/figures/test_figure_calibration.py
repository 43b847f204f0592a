"""Rank histograms and coverage curves."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from figure_checks import assert_readable, assert_whole

from evidence.errors import ReportError
from evidence.models.calibration.calibrate import Calibration, calibrate
from evidence.report.figures.coverage_curve import coverage_curve
from evidence.report.figures.rank_histogram import rank_histogram


def ranks(power: float = 1.0, names: tuple[str, ...] = ("mu", "tau", "other")) -> Calibration:
    def draw(random: np.random.Generator, n: int) -> dict[str, Any]:
        return {name: random.uniform(size=n) ** power for name in names}

    return calibrate(draw, fits=400, seed=1, name="a model")


def coverage(lines: int = 3) -> pd.DataFrame:
    rows = [
        {
            "kind": "frequentist", "method": f"method {i}", "interval": "wald", "k": k,
            "true_tau2": t, "coverage": 0.8 + 0.01 * k - 0.02 * i, "width": 3 / k + i,
            "coverage_std_error": 0.01,
        }
        for i in range(lines) for k in (2, 5, 15) for t in (0.0, 0.3)
    ]  # fmt: skip
    return pd.DataFrame(rows)


def test_bars_hold_every_rank_and_curves_end_at_nothing() -> None:
    found = ranks()
    plot = rank_histogram(found)
    bars = plot.data[plot.data["part"] == "count"]
    assert (bars.groupby("quantity")["value"].sum() == 400).all()
    assert ((bars["low"] < 20) & (bars["high"] > 20)).all()
    curve = plot.data[plot.data["part"] == "difference"]
    assert ((curve["low"] <= 0) & (curve["high"] >= 0)).all()
    u = found.ranks["mu"].to_numpy()
    mine = curve[curve["quantity"] == "mu"]
    assert mine["value"].iloc[49] == pytest.approx(float((u <= 0.5).mean()) - 0.5)
    assert "Outside the band: none" in plot.description
    assert_readable(plot)
    assert_whole(plot)


def test_what_leaves_its_band_is_named() -> None:
    plot = rank_histogram(ranks(1.5), title="Leaning <b>$x$")
    assert "Outside the band: mu, tau, other" in plot.description
    assert plot.svg() == plot.svg()
    assert_readable(plot)


def test_a_line_for_each_method_in_each_panel() -> None:
    plot = coverage_curve(coverage())
    assert len(plot.data) == 18
    assert len(plot.figure.axes) == 4
    assert "3 methods" in plot.description
    assert "Lowest: 78.0% by Wald, method 2 at k = 2" in plot.description
    assert_readable(plot)
    assert_whole(plot)


def test_only_the_methods_that_are_asked_for() -> None:
    bare = coverage().drop(columns="coverage_std_error")
    plot = coverage_curve(bare, methods=["method 1"], title="One")
    assert plot.data["method"].unique().tolist() == ["Wald, method 1"]


@pytest.mark.parametrize(
    ("table", "options", "match"),
    [
        (coverage().drop(columns="width"), {}, "has no width"),
        (coverage(8), {}, "8 lines"),
        (coverage().head(0), {}, "0 lines"),
        (coverage(), {"methods": ["reml"]}, "not in the table: reml"),
        (coverage(), {"level": 95}, "between 0 and 1"),
        (coverage(), {"width": 20}, "the figure has no room"),
    ],
)
def test_what_cannot_be_drawn_is_refused(
    table: pd.DataFrame, options: dict[str, Any], match: str
) -> None:
    with pytest.raises(ReportError, match=match):
        coverage_curve(table, **options)
