"""Prediction, shrinkage, leave-one-out and the batched entry, each against pool itself."""

import numpy as np
import pytest
from scipy import stats

from evidence.effects.table import EffectTable, table_of
from evidence.errors import FitError
from evidence.models.frequentist.leave_one_out import leave_one_out
from evidence.models.frequentist.pool import pool
from evidence.models.frequentist.pool_many import pool_many
from evidence.models.frequentist.prediction import prediction_interval
from evidence.models.frequentist.shrinkage import shrunken_effects

Y, S = np.array([0.1, 0.9, 0.4, 1.6, 0.7]), np.array([0.3, 0.2, 0.4, 0.25, 0.1])
LABELS = ["a", "b", "c", "d", "e"]
COMBINATIONS = [
    {"model": "common"},
    {"model": "common", "ci": "t"},
    {"ci": "wald", "tau2": "dersimonian_laird"},
    {"ci": "hartung_knapp", "tau2": "paule_mandel", "level": 0.8},
    {},
]


@pytest.fixture
def table() -> EffectTable:
    return table_of(Y, S, labels=LABELS)


@pytest.mark.parametrize(("df", "degrees"), [("k-1", 4), ("k-2", 3), ("normal", None)])
@pytest.mark.parametrize("ci", ["wald", "hartung_knapp_floored"])
def test_prediction_interval_is_its_formula(table: EffectTable, ci, df: str, degrees) -> None:
    fit = pool(table, ci=ci, level=0.9)
    found = prediction_interval(fit, df)
    critical = stats.norm.ppf(0.95) if degrees is None else stats.t(degrees).ppf(0.95)
    tau2 = fit.heterogeneity.tau2
    assert tau2 is not None
    half = critical * np.sqrt(tau2 + fit.std_error**2)
    assert (found.low, found.high) == pytest.approx((fit.estimate - half, fit.estimate + half))
    assert (found.df, found.level) == (degrees, 0.9)
    assert ("Wald" in found.method) == (ci == "wald")


def test_default_prediction_is_by_k_minus_1(table: EffectTable) -> None:
    fit = pool(table)
    assert fit.prediction == prediction_interval(fit)
    assert fit.prediction is not None
    assert fit.prediction.df == 4


def test_prediction_is_refused_where_there_is_none(table: EffectTable) -> None:
    with pytest.raises(FitError, match="no spread of effects"):
        prediction_interval(pool(table, model="common"))
    with pytest.raises(FitError, match="cannot be predicted from 2"):
        prediction_interval(pool(table_of([0.0, 1.0], [1, 1])))
    with pytest.raises(FitError, match=r"df: unknown: 'k-3'; did you mean"):
        prediction_interval(pool(table), "k-3")


def test_shrunken_effects_lie_between_own_and_pooled(table: EffectTable) -> None:
    fit = pool(table)
    found = shrunken_effects(fit)
    assert list(found.index) == LABELS
    low, high = np.minimum(Y, fit.estimate), np.maximum(Y, fit.estimate)
    assert ((found["effect"] >= low) & (found["effect"] <= high)).all()
    assert (found["shrinkage"].to_numpy().argsort() == S.argsort()).all()


def test_shrunken_effects_use_the_intervals_own_error_and_distribution(table: EffectTable) -> None:
    fit = pool(table, ci="hartung_knapp")
    found = shrunken_effects(fit)
    tau2 = fit.heterogeneity.tau2
    assert tau2 is not None
    assert fit.std_error != pytest.approx(fit.wald_std_error, rel=1e-3)
    kept = tau2 / (tau2 + S**2)
    error = np.sqrt(kept * S**2 + (1 - kept) ** 2 * fit.std_error**2)
    np.testing.assert_allclose(found["std_error"], error, rtol=1e-12)
    half = stats.t(4).ppf(0.975) * error
    np.testing.assert_allclose(found["high"] - found["effect"], half, rtol=1e-10)


def test_shrinkage_is_refused_for_a_common_effect(table: EffectTable) -> None:
    with pytest.raises(FitError, match="model is 'common'"):
        shrunken_effects(pool(table, model="common"))


@pytest.mark.parametrize("options", COMBINATIONS)
def test_leave_one_out_equals_pooling_the_rest(table: EffectTable, options) -> None:
    found = leave_one_out(table, **options)
    assert list(found.index) == LABELS
    for i, label in enumerate(LABELS):
        rest = pool(table_of(np.delete(Y, i), np.delete(S, i)), **options)
        row = found.loc[label]
        for column in ("estimate", "std_error", "statistic", "df", "p", "ci_low", "ci_high"):
            assert row[column] == pytest.approx(rest.terms[column].iloc[0], rel=1e-12)
        assert row["q"] == pytest.approx(rest.heterogeneity.q, rel=1e-12)
        assert row["i2"] == pytest.approx(rest.heterogeneity.i2, rel=1e-11)
        if "tau2" in found:
            assert row["tau2"] == pytest.approx(rest.heterogeneity.tau2, rel=1e-11)
    assert ("tau2" in found) == (options.get("model") != "common")


def test_leave_one_out_needs_three() -> None:
    with pytest.raises(FitError, match="leaving one out needs at least 3"):
        leave_one_out(table_of([0.0, 1.0], [1, 1]))


@pytest.mark.parametrize("options", COMBINATIONS)
def test_many_equal_one_by_one(options) -> None:
    rng = np.random.default_rng(1)
    s = rng.uniform(0.1, 1, (2, 6, 5))
    y = rng.normal(0, 1, (2, 6, 5)) * s * rng.choice([1.0, 3.0], (2, 6, 1))
    many = pool_many(y, s**2, **options)
    assert many.estimate.shape == (2, 6)
    for at in np.ndindex(2, 6):
        fit = pool(table_of(y[at], s[at]), **options)
        assert many.estimate[at] == pytest.approx(fit.estimate, rel=1e-12)
        assert many.ci_low[at] == pytest.approx(fit.ci_low, rel=1e-11)
        assert many.p[at] == pytest.approx(fit.terms["p"].iloc[0], rel=1e-11)
        np.testing.assert_allclose(many.weights[at], fit.weights, rtol=1e-11)


@pytest.mark.parametrize(
    ("y", "v", "message"),
    [
        ([0.0, 1.0], [1.0, 0.0], r"variances\[1\]: is 0\.0; a finite number above 0"),
        ([[0.0, np.nan]], [[1.0, 1.0]], r"estimates\[0, 1\]: is nan; a finite number"),
        ([0.0], [1.0], r"shapes \(1,\) and \(1,\); .*k of at least 2"),
        ([0.0, 1.0], [1.0], r"shapes \(2,\) and \(1,\)"),
        (["x", 1.0], [1.0, 1.0], "the data are not numbers"),
    ],
)
def test_many_names_what_cannot_be_pooled(y, v, message: str) -> None:
    with pytest.raises(FitError, match=message):
        pool_many(y, v)


def test_many_checks_options_first() -> None:
    with pytest.raises(FitError, match="would do nothing"):
        pool_many([0.0, 1.0], [1.0, 1.0], model="common", tau2="reml")
