"""Likelihood, drapery, bubble, GOSH, influence and permutation plots against their numbers."""

import math
from typing import Any

import numpy as np
import pandas as pd
import pytest
from figure_checks import (
    ALLOCATION,
    LATITUDE,
    arrow_count,
    assert_readable,
    assert_whole,
    bcg,
    many,
    offsets,
)
from scipy import stats

from evidence.effects.table import table_of
from evidence.errors import ReportError
from evidence.models.frequentist.fit import PooledFit
from evidence.models.frequentist.gosh import Gosh, gosh
from evidence.models.frequentist.influence import influence
from evidence.models.frequentist.pool import pool
from evidence.models.frequentist.prediction import prediction_interval
from evidence.models.frequentist.profile import profile_tau2
from evidence.models.regression.fit import RegressionFit
from evidence.models.regression.permutation import permutation_test
from evidence.models.regression.regression import meta_regression
from evidence.models.regression.wald import predict
from evidence.report.figures.bubble import bubble_plot
from evidence.report.figures.drapery import drapery_plot
from evidence.report.figures.gosh import gosh_plot
from evidence.report.figures.influence import PANELS, influence_plot
from evidence.report.figures.likelihood import likelihood_plot, profile_plot
from evidence.report.figures.permutation import permutation_plot


@pytest.fixture(scope="module")
def fit() -> PooledFit:
    return pool(bcg())


@pytest.fixture(scope="module")
def regression() -> RegressionFit:
    return meta_regression(
        bcg(), pd.DataFrame({"latitude": LATITUDE, "allocation": ALLOCATION, "z": range(13)})
    )


# Likelihood


def test_profile(fit: PooledFit) -> None:
    found = profile_tau2(fit)
    plot = profile_plot(found, title="BCG")
    assert_readable(plot)
    assert_whole(plot)
    ax = plot.figure.axes[0]
    (line,) = [x for x in ax.lines if x.get_label() == "log-likelihood"]
    np.testing.assert_allclose(line.get_xdata(), found.curve["tau2"])
    np.testing.assert_allclose(line.get_ydata(), found.curve["log_likelihood"])
    np.testing.assert_allclose(offsets(ax, label="maximum"), [[found.tau2, found.log_likelihood]])
    (band,) = [p for p in ax.patches if p.get_label() == "95 % interval"]
    assert (band.get_x(), band.get_x() + band.get_width()) == pytest.approx((found.low, found.high))
    assert "0.115 to 0.965" in plot.description
    assert "the fit's τ²" not in {x.get_label() for x in ax.lines}
    other = profile_plot(profile_tau2(pool(bcg(), tau2="hedges"), likelihood="full"))
    assert "The fit's own τ² is" in other.description


def test_any_curve_has_the_interval_of_its_quadratic() -> None:
    x = np.linspace(-4, 6, 4001)
    plot = likelihood_plot(x, stats.norm.logpdf(x, 1.0, 0.7), name="a $\\frac{x}$", level=0.9)
    low, high = stats.norm.interval(0.9, 1.0, 0.7)
    (band,) = plot.figure.axes[0].patches
    assert band.get_x() == pytest.approx(low, abs=1e-5)
    assert band.get_x() + band.get_width() == pytest.approx(high, abs=1e-5)
    assert plot.figure.axes[0].get_xlabel() == "a $\\frac{x}$"
    assert_readable(plot)


def test_an_end_that_is_not_reached_is_open() -> None:
    plot = likelihood_plot([0.0, 1.0, 2.0], [0.0, -0.1, -0.2], name="x")
    assert "below the curve's start to beyond the curve's end" in plot.description


@pytest.mark.parametrize(
    ("x", "height", "level", "match"),
    [
        ([0, 1], [0, 1], 0.95, "at least 3 numbers"),
        ([0, 1, 1], [0, 1, 0], 0.95, "not finite or not rising"),
        ([0, 1, 2], [0, math.nan, 0], 0.95, "not finite or not rising"),
        ([0, 1, 2], [0, 1, 0], 1.0, "a fraction"),
    ],
)
def test_curves_that_are_none(x: Any, height: Any, level: float, match: str) -> None:
    with pytest.raises(ReportError, match=match):
        likelihood_plot(x, height, name="x", level=level)


# Drapery


@pytest.mark.parametrize("ci", ["hartung_knapp_floored", "wald"])
def test_curves_cross_one_minus_the_level_at_the_ends_of_the_intervals(ci: Any) -> None:
    fit = pool(bcg(), ci=ci)
    plot = drapery_plot(fit, title="BCG")
    assert_readable(plot)
    assert_whole(plot)
    assert fit.prediction is not None
    ends = {"pooled": (fit.ci_low, fit.ci_high), "prediction": (
        prediction_interval(fit).low, prediction_interval(fit).high)}  # fmt: skip
    y, s = fit.table.rows[["estimate", "std_error"]].iloc[3]
    ends["Hart & Sutherland 1977"] = (y - 1.959963985 * s, y + 1.959963985 * s)
    for name, (low, high) in ends.items():
        part = plot.data[plot.data["curve"] == name]
        for end in (low, high):
            p = float(np.interp(end, part["x"], part["p"]))
            assert p == pytest.approx(0.05, abs=0.004), name
        assert part["p"].max() == pytest.approx(1.0, abs=1e-9 if name != "x" else 0)
    drawn = [line for line in plot.figure.axes[0].lines if len(line.get_xdata()) > 100]
    assert len(drawn) == fit.k + 2


@pytest.mark.parametrize("k", [1, 2, 3, 200])
def test_drapery_of_any_number(k: int) -> None:
    plot = drapery_plot(pool(many(k)), limits=(0.3, 5))
    assert_readable(plot)
    assert plot.data["p"].between(0, 1).all()
    assert ("No prediction curve" in plot.description) == (k < 3)
    assert ("pooled" in set(plot.data["curve"])) == (k > 1)


@pytest.mark.parametrize("levels", [(), (1.0,), (0.5, -1)])
def test_wrong_levels(fit: PooledFit, levels: Any) -> None:
    with pytest.raises(ReportError, match="fractions between 0 and 1"):
        drapery_plot(fit, levels=levels)


# Bubble


def test_bubble(regression: RegressionFit) -> None:
    plot = bubble_plot(regression, "latitude", name="Latitude (degrees)", title="BCG")
    assert_readable(plot)
    assert_whole(plot)
    studies = plot.data[plot.data["kind"] == "study"]
    assert studies["x"].tolist() == LATITUDE
    np.testing.assert_allclose(studies["y"], bcg().rows["estimate"])
    curve = plot.data[plot.data["kind"] == "curve"]
    frame = pd.DataFrame({"latitude": curve["x"], "allocation": "alternate", "z": 6.0})
    wanted = predict(regression, frame.reset_index(drop=True))
    for column, source in {
        "y": "estimate", "low": "ci_low", "high": "ci_high",
        "prediction_low": "prediction_low", "prediction_high": "prediction_high",
    }.items():  # fmt: skip
        np.testing.assert_allclose(curve[column].astype(float), wanted[source], rtol=1e-9)
    row = regression.terms[regression.terms["term"] == "latitude"].iloc[0]
    assert f"Slope {row['estimate']:.4g}" in plot.description
    assert "Held: allocation = alternate, z = 6." in plot.description
    points = offsets(plot.figure.axes[0])[:13]
    np.testing.assert_allclose(points, studies[["x", "y"]])
    areas = plot.figure.axes[0].collections[2].get_sizes()
    np.testing.assert_allclose(areas / regression.weights, (areas / regression.weights).iloc[0])


def test_the_other_moderators_can_be_held_elsewhere(regression: RegressionFit) -> None:
    plot = bubble_plot(regression, "latitude", at={"allocation": "systematic", "z": 0.0})
    first = plot.data[plot.data["kind"] == "curve"].iloc[0]
    frame = pd.DataFrame({"latitude": [first["x"]], "allocation": "systematic", "z": 0.0})
    assert first["y"] == pytest.approx(predict(regression, frame)["estimate"].iloc[0])


def test_bubble_of_a_formula_and_without_tau2() -> None:
    pytest.importorskip("formulaic")
    frame = pd.DataFrame({"latitude": [float(x) for x in LATITUDE]})
    fit = meta_regression(bcg(), "~ latitude + I(latitude ** 2)", data=frame, tau2=None, test="z")
    plot = bubble_plot(fit, "latitude", data=frame)
    assert_readable(plot)
    assert "prediction_low" not in plot.data
    curve = plot.data[plot.data["kind"] == "curve"]
    b = fit.estimates
    x = curve["x"].to_numpy(dtype=float)
    np.testing.assert_allclose(curve["y"].astype(float), b[0] + b[1] * x + b[2] * x**2, rtol=1e-8)
    with pytest.raises(ReportError, match="the fit was given a formula"):
        bubble_plot(fit, "latitude")
    with pytest.raises(ReportError, match="has no column 'latitude'"):
        bubble_plot(fit, "latitude", data=frame.rename(columns={"latitude": "x"}))


def test_bubbles_beyond_the_limits_are_arrows(regression: RegressionFit) -> None:
    plot = bubble_plot(regression, "latitude", limits=(0.3, 1.2))
    y = bcg().rows["estimate"]
    assert arrow_count(plot) == ((y < math.log(0.3)) | (y > math.log(1.2))).sum() > 0


@pytest.mark.parametrize(
    ("moderator", "options", "match"),
    [
        ("lattitude", {}, 'did you mean "latitude"'),
        ("allocation", {}, "is in categories"),
        ("latitude", {"at": {"latitude": 3}}, "is no other moderator"),
        ("latitude", {"data": pd.DataFrame()}, "would do nothing"),
    ],
)
def test_wrong_options_of_a_bubble_plot(
    regression: RegressionFit, moderator: str, options: Any, match: str
) -> None:
    with pytest.raises(ReportError, match=match):
        bubble_plot(regression, moderator, **options)


# GOSH


@pytest.fixture(scope="module")
def subsets() -> Gosh:
    return gosh(bcg())


@pytest.mark.parametrize("y", ["i2", "tau2", "h2", "q"])
def test_gosh(subsets: Gosh, y: Any) -> None:
    plot = gosh_plot(subsets, y=y, scale="log", name="Risk ratio", title="BCG")
    assert_readable(plot)
    several = subsets.fits[subsets.fits["k"] > 1]
    assert len(plot.data) == len(several) == 2**13 - 14
    np.testing.assert_allclose(plot.data["x"], several["estimate"])
    np.testing.assert_allclose(plot.data["y"], several[y])
    points = offsets(plot.figure.axes[0], label="subset")
    np.testing.assert_allclose(points, plot.data[["x", "y"]])


def test_a_study_sets_its_subsets_apart_by_colour_and_marker(subsets: Gosh) -> None:
    plot = gosh_plot(subsets, study="TPT Madras 1980", scale="log")
    assert_readable(plot)
    assert_whole(plot)
    assert plot.data["with_study"].sum() == 2**12 - 1
    inside = subsets.members[subsets.fits["k"] > 1, 7]
    assert plot.data["with_study"].tolist() == inside.tolist()
    ax = plot.figure.axes[0]
    drawn = offsets(ax, label="with TPT Madras 1980")
    np.testing.assert_allclose(drawn, plot.data.loc[plot.data["with_study"], ["x", "y"]])
    middle = math.exp(plot.data.loc[plot.data["with_study"], "x"].median())
    assert f"With TPT Madras 1980: {middle:.3f} with I²" in plot.description
    paths = [c.get_paths()[0].vertices.shape for c in ax.collections[:2]]
    assert paths[0] != paths[1]


def test_many_subsets_are_thinned_and_the_margins_are_not() -> None:
    found = gosh(many(20), draws=30_000, seed=1)
    plot = gosh_plot(found, scale="log")
    assert 10_000 <= len(plot.data) <= 20_000
    assert "30,000 subsets" in plot.description or "29,9" in plot.description
    margins = plot.figure.axes[1].patches[0].get_xy()
    assert margins[:, 1].max() > 1000


def test_gosh_of_few_and_what_it_has_not(subsets: Gosh) -> None:
    for k in (2, 3):
        assert_readable(gosh_plot(gosh(many(k))))
    with pytest.raises(ReportError, match='did you mean "TPT Madras 1980"'):
        gosh_plot(subsets, study="TPT Madras 1890")
    common = gosh(many(3), model="common")
    with pytest.raises(ReportError, match="a common effect has no tau2"):
        gosh_plot(common, y="tau2")
    alone = Gosh(common.fits.iloc[:3], common.members[:3], common.names, False)
    with pytest.raises(ReportError, match="no subset has two studies"):
        gosh_plot(alone)
    only = Gosh(common.fits.iloc[3:4], common.members[3:4], common.names, False)
    absent = str(only.names[2])
    assert f"With {absent}: none" in gosh_plot(only, study=absent).description


# Influence


@pytest.mark.parametrize("options", [{}, {"model": "common"}, {"tau2": 0.1}])
def test_influence(options: Any) -> None:
    fit = pool(bcg(), **options)
    plot = influence_plot(fit, title="BCG")
    assert_readable(plot)
    assert_whole(plot)
    found = influence(fit.table, **options)
    assert len(plot.figure.axes) == len(PANELS) == 8
    for ax, column in zip(plot.figure.axes, PANELS, strict=True):
        points = offsets(ax)
        np.testing.assert_allclose(np.sort(points[:, 0]), np.sort(found[column]))
        at = {round(y): x for x, y in points}
        np.testing.assert_allclose([at[i + 1] for i in range(13)], found[column])
    marked = [str(n) for n in found.index[found["influential"]]]
    assert f"Influential: {', '.join(marked) or 'none'}." in plot.description
    bold = [t for t in plot.figure.axes[0].get_yticklabels() if t.get_fontweight() == "bold"]
    assert [t.get_text() for t in bold] == marked


@pytest.mark.slow
def test_influence_of_few_and_many() -> None:
    for k in (3, 60, 200):
        plot = influence_plot(pool(many(k)))
        assert_readable(plot)
        assert len(plot.data) == k
    with pytest.raises(ReportError, match="2 studies; an influence plot needs at least 3"):
        influence_plot(pool(many(2)))


# Permutation


def test_permutation_counts_as_the_test_does() -> None:
    table = table_of([0.1, 0.2, 0.4, 0.9], [0.1, 0.1, 0.2, 0.2])
    fit = meta_regression(table, pd.DataFrame({"dose": [1.0, 2.0, 3.0, 4.0]}), test="z")
    found = permutation_test(fit)
    from itertools import permutations

    statistics = []
    for order in permutations(range(4)):
        dealt = table_of(table.rows["estimate"].iloc[list(order)].tolist(),
                         table.rows["std_error"].iloc[list(order)].tolist())  # fmt: skip
        frame = pd.DataFrame({"dose": [1.0, 2.0, 3.0, 4.0]})
        statistics.append(meta_regression(dealt, frame, test="z").terms["statistic"].iloc[1])
    plot = permutation_plot(statistics, float(found.terms["statistic"].iloc[1]), name="z of dose")
    assert_readable(plot)
    assert_whole(plot)
    assert plot.data["extreme"].sum() / 24 == pytest.approx(found.terms["p"].iloc[1])
    assert plot.data["count"].sum() == 24


@pytest.mark.parametrize("tail", ["two-sided", "greater"])
def test_the_bars_are_the_counts(tail: Any) -> None:
    t = np.random.default_rng(1).normal(size=1000)
    plot = permutation_plot(t, 1.0, tail=tail)
    extreme = (np.abs(t) if tail == "two-sided" else t) >= 1.0
    assert f"{extreme.sum()} are as extreme" in plot.description
    bars = plot.figure.axes[0].patches
    n = len(plot.data)
    assert sum(b.get_height() for b in bars) == pytest.approx(1000)
    np.testing.assert_allclose([b.get_height() for b in bars[n : 2 * n]], plot.data["extreme"])
    assert_readable(plot)


def test_statistics_that_are_all_the_same_or_none() -> None:
    assert permutation_plot([1.0], 1.0).data["count"].sum() == 1
    with pytest.raises(ReportError, match="not finite, or none"):
        permutation_plot([], 1.0)
    with pytest.raises(ReportError, match="not finite, or none"):
        permutation_plot([1.0, math.nan], 1.0)
    with pytest.raises(ReportError, match="unknown: 'less'"):
        permutation_plot([1.0], 1.0, tail="less")
