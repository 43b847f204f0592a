"""The profile of tau2 against the normal density, integration over the mean, and pool itself."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, optimize, stats

from evidence.effects.table import EffectTable, table_of
from evidence.errors import FitError
from evidence.models.frequentist.pool import pool
from evidence.models.frequentist.profile import profile_tau2

FILE = Path(__file__).parents[2] / "reference" / "pairwise" / "bcg-rr-reml.json"


@pytest.fixture(scope="module")
def bcg() -> EffectTable:
    rows = json.loads(FILE.read_text(encoding="utf-8"))["data"]
    return table_of([r["yi"] for r in rows], [r["vi"] ** 0.5 for r in rows])


def test_the_full_profile_is_the_density_at_the_best_mean(bcg: EffectTable) -> None:
    found = profile_tau2(pool(bcg, tau2="maximum_likelihood"), at=[0.0, 0.1, 0.5, 2.0])
    y, v = bcg.rows["estimate"].to_numpy(), bcg.rows["std_error"].to_numpy() ** 2
    for t, height in found.curve[["tau2", "log_likelihood"]].to_numpy():

        def loss(mu: float, t: float = t) -> float:
            return -float(stats.norm.logpdf(y, mu, np.sqrt(v + t)).sum())

        best = optimize.minimize_scalar(loss, bracket=(-1.0, 0.0), tol=1e-12)
        assert height == pytest.approx(-best.fun, abs=1e-8)


def test_the_restricted_profile_integrates_the_mean_out(bcg: EffectTable) -> None:
    found = profile_tau2(pool(bcg), at=[0.05, 0.3, 1.0])
    y, v = bcg.rows["estimate"].to_numpy(), bcg.rows["std_error"].to_numpy() ** 2
    for t, height in found.curve[["tau2", "log_likelihood"]].to_numpy():
        area, _ = integrate.quad(
            lambda mu, t=t: np.exp(stats.norm.logpdf(y, mu, np.sqrt(v + t)).sum() + 15), -5, 4,
            epsabs=0, epsrel=1e-10, points=[-0.7],
        )  # fmt: skip
        # Harville's likelihood carries log(k) / 2 beside the integral over the mean.
        assert height == pytest.approx(np.log(area) - 15 + 0.5 * np.log(len(y)), abs=1e-8)


@pytest.mark.parametrize("method", ["reml", "maximum_likelihood"])
def test_the_maximum_and_the_interval_are_those_of_pool(bcg: EffectTable, method: str) -> None:
    fit = pool(bcg, tau2=method, tau2_interval="profile_likelihood")  # type: ignore[arg-type]
    found = profile_tau2(fit)
    left = fit.heterogeneity
    assert found.tau2 == pytest.approx(left.tau2, rel=1e-8)
    assert (found.low, found.high) == pytest.approx((left.tau2_ci_low, left.tau2_ci_high), rel=1e-6)
    own = fit.restricted_likelihood if method == "reml" else fit.full_likelihood
    assert own is not None
    assert found.log_likelihood == pytest.approx(own.log_likelihood, abs=1e-9)
    assert found.fitted_tau2 == left.tau2
    curve = found.curve["log_likelihood"]
    assert curve.max() == found.log_likelihood
    assert found.threshold == pytest.approx(found.log_likelihood - stats.chi2.ppf(0.95, 1) / 2)
    inside = found.curve[found.curve["tau2"].between(found.low, found.high)]
    assert (inside["log_likelihood"] >= found.threshold - 1e-9).all()
    outside = found.curve[~found.curve["tau2"].between(found.low, found.high)]
    assert len(outside) > 5
    assert (outside["log_likelihood"] < found.threshold).all()
    assert "highest at" in str(found)


def test_mean_and_standard_error_follow_tau2(bcg: EffectTable) -> None:
    found = profile_tau2(pool(bcg), at=[0.0, 0.25])
    fixed = pool(bcg, tau2=0.25, ci="wald")
    row = found.curve[found.curve["tau2"] == 0.25].iloc[0]
    assert row["estimate"] == pytest.approx(fixed.estimate)
    assert row["std_error"] == pytest.approx(fixed.std_error)


def test_another_estimator_has_no_likelihood_of_its_own(bcg: EffectTable) -> None:
    fit = pool(bcg, tau2="paule_mandel")
    with pytest.raises(FitError, match="'paule_mandel' maximises none"):
        profile_tau2(fit)
    found = profile_tau2(fit, likelihood="restricted")
    assert found.tau2 == pytest.approx(pool(bcg).heterogeneity.tau2, rel=1e-8)
    assert found.fitted_tau2 == fit.heterogeneity.tau2 != found.tau2


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"likelihood": "partial"}, "unknown: 'partial'"),
        ({"level": 1.0}, "a fraction between 0 and 1"),
        ({"points": 1}, "from 2 to 100,000"),
        ({"points": True}, "from 2 to 100,000"),
        ({"at": [0.1], "points": 5}, "would do nothing"),
        ({"at": [-0.1]}, "finite numbers of at least 0"),
        ({"at": []}, "finite numbers of at least 0"),
        ({"at": [np.nan]}, "finite numbers of at least 0"),
    ],
)
def test_wrong_options(bcg: EffectTable, options: dict[str, object], match: str) -> None:
    with pytest.raises(FitError, match=match):
        profile_tau2(pool(bcg), **options)  # type: ignore[arg-type]


def test_models_without_tau2(bcg: EffectTable) -> None:
    with pytest.raises(FitError, match="is a common model"):
        profile_tau2(pool(bcg, model="common"))
    with pytest.raises(FitError, match="is a single study model"):
        profile_tau2(pool(table_of([1.0], [1.0])))
    with pytest.raises(FitError, match="has stated weights"):
        profile_tau2(pool(bcg, weights="equal"))


def test_studies_that_agree_peak_at_0() -> None:
    found = profile_tau2(pool(table_of([1.0, 1.0, 1.0], [0.1, 0.2, 0.3])))
    assert (found.tau2, found.low) == (0.0, 0.0)
    assert found.curve["log_likelihood"].is_monotonic_decreasing


@pytest.mark.parametrize("k", [2, 3])
def test_few_studies(k: int) -> None:
    found = profile_tau2(pool(table_of(np.arange(k) * 3.0, np.ones(k))), points=20)
    assert np.isfinite(found.curve.to_numpy()).all()
    assert found.low <= found.tau2 <= found.high


@settings(max_examples=25)
@given(
    st.lists(st.tuples(st.floats(-3, 3), st.floats(0.1, 2)), min_size=3, max_size=8),
    st.sampled_from([1e-6, 0.1, 1e6]),
    st.floats(-100, 100),
)
def test_scale_and_shift(pairs: list[tuple[float, float]], c: float, shift: float) -> None:
    y, s = np.array(pairs).T
    one = profile_tau2(pool(table_of(y, s), ci="wald"), at=[0.0, 1.0])
    other = profile_tau2(pool(table_of(c * (y + shift), c * s), ci="wald"), at=[0.0, c**2])
    assert other.tau2 == pytest.approx(c**2 * one.tau2, rel=1e-4, abs=1e-6 * c**2)
    assert other.high == pytest.approx(c**2 * one.high, rel=1e-4, abs=1e-6 * c**2)
    moved = other.curve["log_likelihood"].iloc[0] + (len(y) - 1) * np.log(c)
    assert moved == pytest.approx(one.curve["log_likelihood"].iloc[0], abs=1e-5)
