"""Radial, L'Abbé, Baujat, quantile and caterpillar plots: places, names, what is told."""

import math
from typing import Any

import numpy as np
import pandas as pd
import pytest
from figure_checks import LATITUDE, arrow_count, assert_readable, assert_whole, bcg, many, offsets
from scipy import stats

from evidence.effects.sizes.frame import effect_sizes
from evidence.effects.table import table_of
from evidence.errors import ReportError
from evidence.models.frequentist.fit import PooledFit
from evidence.models.frequentist.influence import baujat, influence, radial
from evidence.models.frequentist.pool import pool
from evidence.models.frequentist.shrinkage import shrunken_effects
from evidence.models.regression.regression import meta_regression
from evidence.report.figures.baujat import baujat_plot
from evidence.report.figures.caterpillar import caterpillar_plot
from evidence.report.figures.labbe import curve, labbe_plot
from evidence.report.figures.qq import qq_plot
from evidence.report.figures.radial import radial_plot


@pytest.fixture(scope="module")
def fit() -> PooledFit:
    return pool(bcg())


# Radial


@pytest.mark.parametrize("model", ["random", "common"])
def test_radial(model: Any) -> None:
    fit = pool(bcg(), model=model)
    plot = radial_plot(fit, title="BCG")
    assert_readable(plot)
    assert_whole(plot)
    found = radial(fit)
    np.testing.assert_allclose(offsets(plot.figure.axes[0], label="study"), found)
    np.testing.assert_allclose(plot.data["estimate"], fit.table.rows["estimate"])
    off = np.abs(found["standardised"] - fit.estimate * found["precision"]) > 1.959963985
    assert plot.data["outside"].tolist() == off.tolist()
    assert f"{off.sum()} of 13 outside the band" in plot.description
    (line,) = [x for x in plot.figure.axes[0].lines if x.get_label() == "pooled effect"]
    x, y = (np.asarray(v) for v in (line.get_xdata(), line.get_ydata()))
    assert y[-1] / x[-1] == pytest.approx(fit.estimate)


def test_the_ticks_of_the_arc_stand_on_the_rays_of_their_effects() -> None:
    plot = radial_plot(pool(bcg()))
    ax = plot.figure.axes[0]
    words = [t for t in ax.texts if t.get_text().replace(".", "").isdigit()]
    assert len(words) >= 3
    for text in words:
        x, y = text.get_position()
        assert y / x == pytest.approx(math.log(float(text.get_text())), abs=1e-9)


@pytest.mark.parametrize("k", [1, 2, 3, 200])
def test_radial_of_any_number(k: int) -> None:
    plot = radial_plot(pool(many(k)))
    assert_readable(plot)
    assert len(plot.data) == k


# L'Abbé


@pytest.mark.parametrize("measure", ["RR", "OR", "RD"])
@pytest.mark.parametrize("log", [False, True])
def test_labbe(measure: str, log: bool) -> None:
    fit = pool(bcg(measure))
    plot = labbe_plot(fit, arms=("BCG", "none"), log=log)
    assert_readable(plot)
    assert_whole(plot)
    assert plot.data["x"].iloc[0] == pytest.approx(11 / 139)
    assert plot.data["y"].iloc[0] == pytest.approx(4 / 123)
    points = offsets(plot.figure.axes[0])[: fit.k]
    np.testing.assert_allclose(points, plot.data[["x", "y"]])
    sizes = plot.figure.axes[0].collections[1].get_sizes()
    np.testing.assert_allclose(sizes / fit.weights, (sizes / fit.weights).iloc[0])
    (line,) = [x for x in plot.figure.axes[0].lines if x.get_label().startswith("pooled effect")]
    x, y = (np.asarray(v) for v in (line.get_xdata(), line.get_ydata()))
    np.testing.assert_allclose(y, curve(measure, x, fit.estimate))
    inside = (y > 1e-9) & (y < 1) & (x > 1e-9)
    x, y = x[inside], y[inside]
    back = {
        "RR": lambda: np.log(y / x),
        "RD": lambda: y - x,
        "OR": lambda: np.log(y * (1 - x) / (x * (1 - y))),
    }[measure]()
    np.testing.assert_allclose(back, fit.estimate, rtol=1e-8)
    assert "11 of 13 below the line" in plot.description


def test_no_event_is_an_arrow_on_logarithmic_axes() -> None:
    frame = pd.DataFrame({"a": [0, 6], "n": [100, 300], "c": [11, 30], "m": [110, 300]})
    table = effect_sizes(frame, measure="RR", events1="a", n1="n", events2="c", n2="m")
    plot = labbe_plot(pool(table), log=True)
    assert arrow_count(plot) == 1
    assert plot.data["y"].tolist() == [0.0, 0.02]
    assert_readable(plot)
    assert arrow_count(labbe_plot(pool(table))) == 0


def test_labbe_needs_counts_and_a_curve() -> None:
    with pytest.raises(ReportError, match="MD has no curve of equal effects"):
        labbe_plot(pool(many(3, scale="identity")))
    with pytest.raises(ReportError, match="does not say how many events"):
        labbe_plot(pool(many(3)))


def test_one_table_has_a_labbe_plot() -> None:
    frame = pd.DataFrame({"a": [4], "n": [100], "c": [11], "m": [110]})
    table = effect_sizes(frame, measure="OR", events1="a", n1="n", events2="c", n2="m")
    plot = labbe_plot(pool(table))
    assert_readable(plot)
    assert "1 of 1 below" in plot.description


# Baujat


@pytest.mark.parametrize("options", [{}, {"model": "common"}, {"tau2": 0.2}])
def test_baujat(options: Any) -> None:
    fit = pool(bcg(), **options)
    plot = baujat_plot(fit, title="BCG")
    assert_readable(plot)
    assert_whole(plot)
    found = baujat(fit.table, **options)
    np.testing.assert_allclose(offsets(plot.figure.axes[0]), found)
    names = {t.get_text() for t in plot.figure.axes[0].texts}
    assert {"Hart & Sutherland 1977", "TPT Madras 1980"} <= names
    first = found.loc["TPT Madras 1980"]
    assert f"TPT Madras 1980 ({first.iloc[0]:.3g}, {first.iloc[1]:.3g})" in plot.description


def test_names_stand_at_their_points(fit: PooledFit) -> None:
    plot = baujat_plot(fit)
    for text in plot.figure.axes[0].texts:
        assert plot.data.loc[text.get_text()].tolist() == pytest.approx(list(text.xy))  # type: ignore[attr-defined]


@pytest.mark.parametrize("draw", [baujat_plot, qq_plot])
def test_diagnostics_of_few_many_and_of_weights(draw: Any) -> None:
    for k in (3, 200):
        assert_readable(draw(pool(many(k))))
    for k in (1, 2):
        with pytest.raises(ReportError, match="needs at least 3"):
            draw(pool(many(k)))
    with pytest.raises(ReportError, match="is of inverse-variance weights"):
        draw(pool(many(5), weights="equal"))


# Quantiles


def test_qq(fit: PooledFit) -> None:
    plot = qq_plot(fit)
    assert_readable(plot)
    assert_whole(plot)
    z = np.sort(influence(fit.table)["rstudent"])
    np.testing.assert_allclose(plot.data["y"], z)
    np.testing.assert_allclose(plot.data["x"], stats.norm.ppf((np.arange(13) + 0.5) / 13))
    np.testing.assert_allclose(offsets(plot.figure.axes[0], label="study"), plot.data[["x", "y"]])
    other = qq_plot(fit, residuals="standardised")
    np.testing.assert_allclose(other.data["y"], np.sort(influence(fit.table)["rstandard"]))


def test_the_band_holds_ordered_normal_draws(fit: PooledFit) -> None:
    band = qq_plot(fit, level=0.8).data
    draws = np.sort(np.random.default_rng(1).normal(size=(20_000, 13)))
    for i in (0, 4, 12):
        share = ((draws[:, i] > band["low"].iloc[i]) & (draws[:, i] < band["high"].iloc[i])).mean()
        assert share == pytest.approx(0.8, abs=0.01)


def test_a_residual_far_out_is_named() -> None:
    names = [f"s{i}" for i in range(9)] + ["far"]
    table = table_of([0.1] * 9 + [9.0], [1.0] * 10, labels=names)
    plot = qq_plot(pool(table, model="common"))
    assert "far" in [t.get_text() for t in plot.figure.axes[0].texts]
    assert plot.data.loc["far", "outside"]
    assert "far (" in plot.description


def test_qq_of_a_meta_regression() -> None:
    fit = meta_regression(bcg(), pd.DataFrame({"latitude": LATITUDE}))
    plot = qq_plot(fit)
    np.testing.assert_allclose(plot.data["y"], np.sort(fit.rows["standardised"]))
    with pytest.raises(ReportError, match="has none that are deleted"):
        qq_plot(fit, residuals="deleted")


@pytest.mark.parametrize(
    ("options", "match"), [({"residuals": "raw"}, "unknown: 'raw'"), ({"level": 0}, "a fraction")]
)
def test_wrong_options_of_qq(fit: PooledFit, options: Any, match: str) -> None:
    with pytest.raises(ReportError, match=match):
        qq_plot(fit, **options)


# Caterpillar


@pytest.mark.parametrize("effects", ["observed", "shrunken"])
def test_caterpillar(fit: PooledFit, effects: Any) -> None:
    plot = caterpillar_plot(fit, effects=effects, title="BCG")
    assert_readable(plot)
    assert_whole(plot)
    assert plot.data["x"].is_monotonic_increasing
    assert plot.data["rank"].tolist() == list(range(1, 14))
    wanted = fit.table.rows["estimate"]
    if effects == "shrunken":
        wanted = shrunken_effects(fit)["effect"]
    np.testing.assert_allclose(plot.data["x"], np.sort(wanted))
    points = offsets(plot.figure.axes[0], label="study, 95 % interval")
    np.testing.assert_allclose(points, plot.data[["x", "rank"]])
    ticks = [t.get_text() for t in plot.figure.axes[0].get_yticklabels()]
    assert ticks == plot.data.index.tolist()
    (lines,) = [c for c in plot.figure.axes[0].collections if hasattr(c, "get_segments")]
    ends = np.array([segment[:, 0] for segment in lines.get_segments()])
    np.testing.assert_allclose(ends, plot.data[["low", "high"]])


def test_caterpillar_beyond_its_limits(fit: PooledFit) -> None:
    plot = caterpillar_plot(fit, limits=(0.3, 1.2))
    data = plot.data
    beyond = (data["low"] < math.log(0.3)).sum() + (data["high"] > math.log(1.2)).sum()
    # An interval wholly on one side of the limits has both ends at that edge.
    beyond += (data["high"] < math.log(0.3)).sum() + (data["low"] > math.log(1.2)).sum()
    assert arrow_count(plot) == beyond > 5
    assert_readable(plot)


@pytest.mark.parametrize("k", [1, 2, 3, 45, 200])
def test_caterpillar_of_any_number(k: int) -> None:
    plot = caterpillar_plot(pool(many(k)))
    assert_readable(plot)
    assert len(plot.data) == k


def test_only_random_effects_are_shrunken() -> None:
    with pytest.raises(ReportError, match="a common fit has none to shrink"):
        caterpillar_plot(pool(bcg(), model="common"), effects="shrunken")
    with pytest.raises(ReportError, match="unknown: 'both'"):
        caterpillar_plot(pool(bcg()), effects="both")  # type: ignore[arg-type]
