"""Funnel and sunset plots: places, limits, contours, imputed studies, power."""

import math
import warnings
from typing import Any

import numpy as np
import pytest
from figure_checks import arrow_count, assert_readable, assert_whole, bcg, bcg_counts, many, offsets
from scipy import stats

from evidence.effects.sizes.frame import effect_sizes
from evidence.effects.table import table_of
from evidence.errors import ReportError
from evidence.models.bias.asymmetry import regression_test
from evidence.models.bias.trim_fill import trim_and_fill
from evidence.models.frequentist.fit import PooledFit
from evidence.models.frequentist.pool import pool
from evidence.report.figures.funnel import funnel_plot
from evidence.report.figures.sunset import power_of, sunset_plot


@pytest.fixture(scope="module")
def fit() -> PooledFit:
    return pool(bcg())


@pytest.mark.parametrize("y", ["std_error", "precision", "variance", "inverse_variance"])
@pytest.mark.parametrize("contours", [False, True, (0.2, 0.05)])
def test_points_stand_at_their_numbers(fit: PooledFit, y: Any, contours: Any) -> None:
    plot = funnel_plot(fit, y=y, contours=contours, title="BCG")
    assert_readable(plot)
    s = fit.table.rows["std_error"].to_numpy()
    wanted = {"std_error": s, "precision": 1 / s, "variance": s**2, "inverse_variance": s**-2}[y]
    points = offsets(plot.figure.axes[0], label="study")
    np.testing.assert_allclose(points, np.column_stack([fit.table.rows["estimate"], wanted]))
    np.testing.assert_allclose(plot.data["y"].astype(float), wanted)
    assert plot.figure.axes[0].yaxis_inverted() == (y in ("std_error", "variance"))
    assert arrow_count(plot) == 0
    drawn = {line.get_label() for line in plot.figure.axes[0].lines}
    assert ("95 % limits of sampling error" in drawn) == (not contours)


def test_the_limits_are_those_of_the_level() -> None:
    fit = pool(bcg(), level=0.9)
    plot = funnel_plot(fit)
    (line,) = [
        x for x in plot.figure.axes[0].lines if x.get_label() == "90 % limits of sampling error"
    ]
    x, y = line.get_xdata(), line.get_ydata()
    np.testing.assert_allclose(x, fit.estimate + stats.norm.ppf(0.95) * np.asarray(y), rtol=1e-9)
    off = np.abs(plot.data["x"] - fit.estimate) > 1.6448536 * plot.data["std_error"]
    assert plot.data["outside"].tolist() == off.tolist()
    assert f"{off.sum()} of 13 outside the 90 % limits" in plot.description


def test_contours_follow_the_p_values(fit: PooledFit) -> None:
    plot = funnel_plot(fit, contours=True)
    z = plot.data["x"] / plot.data["std_error"]
    np.testing.assert_allclose(plot.data["p"], 2 * stats.norm.sf(np.abs(z)))
    labels = [t.get_text() for t in plot.figure.legends[0].get_texts()]
    assert labels[:3] == ["0.05 < p < 0.1", "0.01 < p < 0.05", "p < 0.01"]
    edges = []
    for region in plot.figure.axes[0].collections:
        for path in region.get_paths() if region.get_zorder() == 0.1 else []:
            bottom = path.vertices[np.abs(path.vertices[:, 1] - 0.12) < 0.08]
            edges.append(float((np.abs(bottom[:, 0]) / bottom[:, 1]).min()))
    np.testing.assert_allclose(sorted(edges), stats.norm.isf([0.05, 0.025, 0.005]), rtol=1e-3)


def test_imputed_studies_are_hollow() -> None:
    found = trim_and_fill(bcg())
    plot = funnel_plot(found)
    assert_readable(plot)
    assert found.filled == plot.data["imputed"].sum() == 1
    points = offsets(plot.figure.axes[0], label="imputed study")
    np.testing.assert_allclose(points, [[found.estimates[0], math.sqrt(found.variances[0])]])
    (hollow,) = [c for c in plot.figure.axes[0].collections if c.get_label() == "imputed study"]
    assert hollow.get_facecolor()[0].tolist() == [1, 1, 1, 1]
    assert "1 study imputed on the right" in plot.description
    with pytest.raises(ReportError, match="imputed studies have no sample size"):
        funnel_plot(found, y="size")


def test_the_line_of_the_regression_test(fit: PooledFit) -> None:
    for predictor, power in (("std_error", 1), ("variance", 2)):
        test = regression_test(fit.table, predictor=predictor)  # type: ignore[arg-type]
        for y in ("std_error", "precision"):
            plot = funnel_plot(fit, y=y, test=test)  # type: ignore[arg-type]
            (line,) = [x for x in plot.figure.axes[0].lines if x.get_label() == "regression line"]
            s = np.asarray(line.get_ydata()) ** (1 if y == "std_error" else -1)
            np.testing.assert_allclose(line.get_xdata(), test.intercept + test.slope * s**power)
            assert f"slope {test.slope:.3g}" in plot.description
    whole = effect_sizes(
        bcg_counts().assign(n1=lambda x: x["ai"] + x["bi"], n2=lambda x: x["ci"] + x["di"]),
        measure="RR", events1="ai", n1="n1", events2="ci", n2="n2",
    )  # fmt: skip
    sized = funnel_plot(pool(whole), y="size")
    assert sized.data["y"].iloc[0] == 262
    assert "outside" not in sized.description
    assert_readable(sized)
    by_size = regression_test(whole, predictor="size")
    with pytest.raises(ReportError, match="its predictor is 'size'"):
        funnel_plot(fit, test=by_size)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        other = regression_test(table_of([0.1, 0.2, 0.4], [0.1, 0.2, 0.3]))
    with pytest.raises(ReportError, match="of 3 studies, the fit of 13"):
        funnel_plot(fit, test=other)


@pytest.mark.parametrize("k", [1, 2, 3, 200])
def test_any_number_of_studies(k: int) -> None:
    plot = funnel_plot(pool(many(k)), contours=k == 2)
    assert_readable(plot)
    assert_whole(plot)
    assert len(offsets(plot.figure.axes[0], label="study")) == k


def test_studies_beyond_the_limits_are_arrows() -> None:
    fit = pool(many(200))
    plot = funnel_plot(fit, limits=(0.5, 3))
    x = fit.table.rows["estimate"]
    beyond = int(((x < math.log(0.5)) | (x > math.log(3))).sum())
    assert arrow_count(plot) == beyond > 0
    assert len(plot.data) == 200


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"y": "se"}, "unknown: 'se'"),
        ({"contours": (0.05, 0.1)}, "falling p values"),
        ({"contours": ()}, "falling p values"),
        ({"contours": True, "y": "size"}, "a sample size has no p value"),
        ({"width": 10}, "millimetres"),
    ],
)
def test_wrong_options(fit: PooledFit, options: dict[str, Any], match: str) -> None:
    with pytest.raises(ReportError, match=match):
        funnel_plot(fit, **options)


# Sunset


def test_power_by_brute_force() -> None:
    random = np.random.default_rng(1)
    draws = random.normal(0.3, 0.2, 400_000)
    share = (np.abs(draws / 0.2) > 1.959963985).mean()
    assert float(power_of(0.3, np.array(0.2))) == pytest.approx(share, abs=0.003)
    assert float(power_of(-0.3, np.array(0.2))) == float(power_of(0.3, np.array(0.2)))
    assert float(power_of(1e-12, np.array(1.0))) == pytest.approx(0.05)


@pytest.mark.parametrize("k", [1, 2, 3, 200])
def test_sunset(k: int) -> None:
    fit = pool(many(k))
    plot = sunset_plot(fit, effect=1.5, limits=(0.4, 4))
    assert_readable(plot)
    assert_whole(plot)
    np.testing.assert_allclose(
        plot.data["power"], power_of(math.log(1.5), fit.table.rows["std_error"].to_numpy())
    )
    found = np.abs(plot.data["x"]) > 1.959963985 * plot.data["y"]
    assert f"{found.sum()} of {k} studies significant" in plot.description
    assert f"{plot.data['power'].sum():.1f} expected" in plot.description


def test_the_bands_end_where_the_power_is() -> None:
    plot = sunset_plot(pool(bcg()))
    delta = pool(bcg()).estimate
    bands = [p for p in plot.figure.axes[0].patches if p.get_height() > 0]
    edges = sorted({round(p.get_y(), 9) for p in bands} - {0.0})
    powers = power_of(delta, np.array(edges))
    np.testing.assert_allclose(powers, [0.8, 0.6, 0.4, 0.2][: len(edges)], atol=1e-6)
    assert sunset_plot(pool(bcg()), alpha=0.3).data["power"].min() > 0.3


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"effect": 1.0}, "is no effect"),
        ({"effect": -1.0}, "a ratio above 0"),
        ({"effect": math.nan}, "a ratio above 0"),
        ({"alpha": 1.5}, "between 0 and 1"),
    ],
)
def test_wrong_options_of_a_sunset(fit: PooledFit, options: dict[str, Any], match: str) -> None:
    with pytest.raises(ReportError, match=match):
        sunset_plot(fit, **options)
