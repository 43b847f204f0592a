"""Profile-likelihood, generalised-Q and test-based intervals."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import integrate, stats

from evidence.effects.table import table_of
from evidence.errors import FitError
from evidence.models.frequentist import kernels, kernels_intervals, kernels_moments
from evidence.models.frequentist.influence import probability_above
from evidence.models.frequentist.pool import pool
from evidence.models.frequentist.ratio import i2_from_q


def spread_out(k: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    v = random.uniform(0.1, 2.0, k)
    return random.normal(0.0, np.sqrt(v + 3.0)), v


def imhof(x: float, lambdas: np.ndarray) -> float:
    """P(sum of lambda chi-squared(1) <= x), Imhof 1961, by adaptive quadrature."""

    def integrand(u: float) -> float:
        angle = 0.5 * np.arctan(lambdas * u).sum() - 0.5 * x * u
        return float(np.sin(angle) / (u * np.prod((1 + (lambdas * u) ** 2) ** 0.25)))

    ends = np.linspace(0.0, 8000.0 / x, 2000)
    parts = [integrate.quad(integrand, a, b, epsabs=1e-13)[0] for a, b in pairwise(ends)]
    return 0.5 - sum(parts) / np.pi


@pytest.mark.parametrize("k", [2, 3, 10, 100, 1000])
@pytest.mark.parametrize("share", [0.1, 0.5, 1.0, 2.0])
def test_equal_variances_give_chi_squared(k: int, share: float) -> None:
    own = kernels_intervals.form_cdf(share * k, np.ones(k), np.ones(k))
    assert own == pytest.approx(stats.chi2.cdf(share * k, k - 1), abs=1e-13)


@pytest.mark.parametrize("seed", range(3))
def test_form_distribution_against_imhof(seed: int) -> None:
    random = np.random.default_rng(seed)
    a, s = np.exp(random.normal(0, 1, 9)), np.exp(random.normal(0, 1, 9))
    matrix = np.diag(a) - np.outer(a, a) / a.sum()
    lambdas = np.linalg.eigvalsh(np.sqrt(s)[:, None] * matrix * np.sqrt(s))[1:]
    for x in (0.4 * lambdas.sum(), lambdas.sum(), 2.5 * lambdas.sum()):
        own = kernels_intervals.form_cdf(float(x), a * s, a)
        assert own == pytest.approx(imhof(float(x), lambdas), abs=1e-8)


def test_form_distribution_of_nothing_is_0() -> None:
    assert kernels_intervals.form_cdf(0.0, np.ones(3), np.ones(3)) == 0.0


@pytest.mark.parametrize("seed", range(3))
def test_generalised_q_ends_have_the_stated_probability(seed: int) -> None:
    y, v = spread_out(7, seed)
    a = 1.0 / np.sqrt(v)
    low, high, empty, _ = kernels_intervals.generalised_q_interval(y, v, a, 0.9)
    q = float(kernels_moments.quadratic_form(y, a))
    assert not empty
    assert kernels_intervals.form_cdf(q, a * (v + high), a) == pytest.approx(0.05, abs=1e-10)
    if low > 0:
        assert kernels_intervals.form_cdf(q, a * (v + low), a) == pytest.approx(0.95, abs=1e-10)
    else:
        assert kernels_intervals.form_cdf(q, a * v, a) <= 0.95


def test_generalised_q_interval_of_equal_variances_is_the_q_profile() -> None:
    y, v = np.array([0.0, 2.0, 4.0, 9.0]), np.full(4, 0.5)
    own = kernels_intervals.generalised_q_interval(y, v, 1.0 / v, 0.95)
    other = kernels.q_profile_interval(y, v, 0.95)
    assert own.low == pytest.approx(float(other.low), rel=1e-9)
    assert own.high == pytest.approx(float(other.high), rel=1e-9)


def test_generalised_q_interval_can_be_empty() -> None:
    fit = pool(table_of(np.full(10, 3.0) + np.arange(10) * 1e-3, np.ones(10)), tau2="hedges",
        tau2_interval="generalised_q")  # fmt: skip
    assert fit.heterogeneity.interval_empty
    assert fit.heterogeneity.tau2_ci_high == 0.0
    assert "no tau2 is in the generalised-Q interval" in repr(fit)


@pytest.mark.parametrize("method", ["reml", "maximum_likelihood"])
@pytest.mark.parametrize("seed", range(4))
def test_profile_ends_are_where_the_likelihood_has_fallen(method: str, seed: int) -> None:
    y, v = spread_out(6, seed)
    fit = pool(table_of(y, np.sqrt(v)), tau2=method, tau2_interval="profile_likelihood", level=0.9)
    own = fit.heterogeneity
    assert own.tau2 is not None

    def height(t: float) -> float:
        found = kernels.log_likelihoods(y, v, np.asarray(t))
        return float(found.restricted if method == "reml" else found.full)

    drop = stats.chi2.ppf(0.9, 1) / 2
    assert height(own.tau2) - height(own.tau2_ci_high or 0.0) == pytest.approx(drop, abs=1e-8)
    if own.tau2_ci_low:
        assert height(own.tau2) - height(own.tau2_ci_low) == pytest.approx(drop, abs=1e-8)
    else:
        assert height(own.tau2) - height(0.0) <= drop
    assert own.interval_method == "profile_likelihood"


@given(st.integers(0, 10_000), st.sampled_from([1e-6, 1.0, 1e6]))
def test_profile_interval_holds_the_estimate_whatever_the_unit(seed: int, factor: float) -> None:
    y, v = spread_out(4, seed)
    ends = []
    for scale in (1.0, factor):
        own = pool(
            table_of(y * scale, np.sqrt(v) * scale), tau2_interval="profile_likelihood"
        ).heterogeneity
        assert own.tau2 is not None
        assert own.tau2_ci_low is not None
        assert own.tau2_ci_high is not None
        assert own.tau2_ci_low <= own.tau2 <= own.tau2_ci_high
        ends.append((own.tau2_ci_low / scale**2, own.tau2_ci_high / scale**2))
    assert ends[0] == pytest.approx(ends[1], rel=1e-6, abs=1e-9)


def test_ends_of_i2_are_those_of_tau2() -> None:
    own = pool(table_of([0.0, 2.0, 4.0], [1.0, 1.0, 1.0])).heterogeneity
    assert own.tau2_ci_high is not None
    assert own.i2_ci_high == pytest.approx(100 * own.tau2_ci_high / (own.tau2_ci_high + 1.0))
    assert own.h2_ci_high == pytest.approx(own.tau2_ci_high + 1.0)


def test_test_based_interval_at_q_below_its_mean() -> None:
    found = i2_from_q(pool(table_of([0.0, 0.1, 0.2], [1.0, 1.0, 1.0])))
    assert (found.h, found.h_low, found.i2, found.i2_low) == (1.0, 1.0, 0.0, 0.0)
    assert found.h_high == pytest.approx(np.exp(stats.norm.ppf(0.975) * np.sqrt((1 - 1 / 3) / 2)))


def test_test_based_interval_needs_three() -> None:
    with pytest.raises(FitError, match="no test-based interval"):
        i2_from_q(pool(table_of([0.0, 1.0], [1.0, 1.0])))


@pytest.mark.parametrize("ci", ["wald", "hartung_knapp_floored"])
def test_probability_at_the_ends_of_the_intervals(ci: str) -> None:
    fit = pool(table_of([0.0, 2.0, 4.0, 9.0], [1.0, 1.0, 1.0, 2.0]), ci=ci, level=0.9)
    assert probability_above(fit, fit.ci_low).mean == pytest.approx(0.95)
    assert probability_above(fit, fit.ci_high).mean == pytest.approx(0.05)
    assert fit.prediction is not None
    assert probability_above(fit, fit.prediction.low).new_study == pytest.approx(0.95)
    assert probability_above(fit, fit.estimate).new_study == pytest.approx(0.5)


def test_probability_without_a_new_study() -> None:
    fit = pool(table_of([0.0, 2.0], [1.0, 1.0]), model="common")
    found = probability_above(fit, 0.0)
    assert found.new_study is None
    assert found.reason == "the common-effect model has no spread of effects"
    with pytest.raises(FitError, match="no such threshold"):
        probability_above(fit, float("nan"))
