"""Kernels of the pairwise model against definitions, root finders and simulation."""

import numpy as np
import pytest
from scipy import optimize, stats

from evidence.models.frequentist import kernels, kernels_roots
from evidence.models.frequentist.kernels_tau2 import generalised_q, reml, restricted_log_likelihood


def test_weighted_mean_is_least_squares() -> None:
    rng = np.random.default_rng(1)
    y, v, tau2 = rng.normal(size=6), rng.uniform(0.1, 2, 6), 0.4
    weight = np.sqrt(1 / (v + tau2))
    solution = np.linalg.lstsq(weight[:, None], weight * y, rcond=None)[0]
    found = kernels.weighted_mean(y, v, np.array(tau2))
    assert found.mean == pytest.approx(solution[0], rel=1e-12)
    assert found.variance == pytest.approx(1 / (weight**2).sum(), rel=1e-12)


@pytest.mark.parametrize("level", [0.8, 0.95, 0.99])
def test_q_profile_ends_are_the_roots(level: float) -> None:
    rng = np.random.default_rng(2)
    y, v = rng.normal(0, 2, (30, 6)), rng.uniform(0.2, 3, (30, 6))
    found = kernels.q_profile_interval(y, v, level)
    assert found.converged.all()
    tail = (1 - level) / 2
    for ends, c in ((found.low, stats.chi2.isf(tail, 5)), (found.high, stats.chi2.ppf(tail, 5))):
        for yi, vi, end in zip(y, v, ends, strict=True):

            def gap(t: float, a=yi, b=vi, c=c) -> float:
                return float(generalised_q(a, b, np.array(t))) - c

            expected = 0.0 if gap(0.0) <= 0 else optimize.brentq(gap, 0, 1e5, xtol=1e-13)
            assert end == pytest.approx(expected, rel=1e-9, abs=1e-11)


def test_q_profile_interval_can_be_empty() -> None:
    found = kernels.q_profile_interval(np.full(10, 3.0), np.ones(10), 0.95)
    assert (found.low, found.high, found.empty) == (0.0, 0.0, True)


def test_unfinished_q_profile_is_marked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kernels_roots, "MAX_STEPS", 1)
    y, v = np.array([[0.0, 0.5, 2.0], [1.0, 1.0, 1.0]]), np.array([[1.0, 0.2, 3.0]] * 2)
    found = kernels.q_profile_interval(y, v, 0.95)
    assert found.low[0] == 0.0  # that end needs no search: only the upper one is unfinished
    assert found.converged.tolist() == [False, True]


@pytest.mark.parametrize("factor", [1e-6, 1e6])
def test_q_profile_is_scale_free(factor: float) -> None:
    rng = np.random.default_rng(3)
    y, v = rng.normal(0, 1, (40, 5)), rng.uniform(0.2, 3, (40, 5))
    plain = kernels.q_profile_interval(y, v, 0.95)
    scaled = kernels.q_profile_interval(y * factor, v * factor**2, 0.95)
    np.testing.assert_allclose(scaled.low / factor**2, plain.low, rtol=1e-9, atol=1e-13)
    np.testing.assert_allclose(scaled.high / factor**2, plain.high, rtol=1e-9, atol=1e-13)
    assert (scaled.empty == plain.empty).all()


def test_q_profile_covers_at_its_level() -> None:
    rng = np.random.default_rng(4)
    v = np.array([0.1, 0.5, 0.2, 1.0, 0.05])
    y = rng.normal(size=(4000, 5)) * np.sqrt(v + 0.3)
    found = kernels.q_profile_interval(y, np.broadcast_to(v, y.shape), 0.9)
    covered = ((found.low <= 0.3) & (found.high >= 0.3)).mean()
    assert covered == pytest.approx(0.9, abs=4 * np.sqrt(0.09 / 4000))


def test_reml_standard_error_is_the_expected_curvature() -> None:
    """Mean curvature of the restricted likelihood over data from the model, at the truth."""
    rng = np.random.default_rng(5)
    v, tau2, h = np.array([0.1, 0.5, 0.2, 1.0]), 0.4, 1e-3
    y = rng.normal(size=(200_000, 4)) * np.sqrt(v + tau2)
    wide = np.broadcast_to(v, y.shape)
    at = [restricted_log_likelihood(y, wide, np.full(len(y), tau2 + d)) for d in (-h, 0, h)]
    information = -float(((at[0] - 2 * at[1] + at[2]) / h**2).mean())
    ours = float(kernels.tau2_standard_error(v, np.array(tau2), "reml"))
    assert ours == pytest.approx(1 / np.sqrt(information), rel=0.01)


def test_dersimonian_laird_standard_error_is_that_of_the_uncut_estimator() -> None:
    rng = np.random.default_rng(6)
    v, tau2 = np.array([0.1, 0.5, 0.2, 1.0, 0.7]), 0.4
    y = rng.normal(size=(200_000, 5)) * np.sqrt(v + tau2)
    w = 1 / v
    mean = (y @ w) / w.sum()
    q = ((y - mean[:, None]) ** 2) @ w
    uncut = (q - 4) / (w.sum() - (w**2).sum() / w.sum())
    ours = float(kernels.tau2_standard_error(v, np.array(tau2), "dersimonian_laird"))
    assert ours == pytest.approx(uncut.std(), rel=0.01)


def test_paule_mandel_standard_error_at_equal_variances() -> None:
    """Then tau2 is s^2 - v, and s^2 has standard error (tau2 + v) sqrt(2 / (k - 1))."""
    ours = kernels.tau2_standard_error(np.full(6, 0.5), np.array(1.5), "paule_mandel")
    assert ours == pytest.approx(2.0 * np.sqrt(2 / 5), rel=1e-12)


def test_full_log_likelihood_is_the_normal_density() -> None:
    y, v = np.array([0.1, 0.5, 1.4]), np.array([0.2, 0.1, 0.3])
    tau2 = reml(y, v).tau2
    mean = kernels.weighted_mean(y, v, tau2).mean
    expected = stats.norm.logpdf(y, mean, np.sqrt(v + tau2)).sum()
    found = kernels.log_likelihoods(y, v, tau2)
    assert found.full == pytest.approx(expected, rel=1e-12)
    assert found.saturated == pytest.approx(stats.norm.logpdf(y, y, np.sqrt(v)).sum(), rel=1e-12)


def test_restricted_log_likelihood_is_the_density_of_contrasts() -> None:
    """Orthonormal contrasts K y carry it, log(k) / 2 and all: det(K V K') = det(V) 1'V^-1 1 / k."""
    y, v, tau2 = np.array([0.1, 0.5, 1.4, 0.3]), np.array([0.2, 0.1, 0.3, 0.6]), 0.25
    basis = np.linalg.svd(np.ones((1, 4)))[2][1:]
    covariance = basis @ np.diag(v + tau2) @ basis.T
    expected = stats.multivariate_normal(np.zeros(3), covariance).logpdf(basis @ y)
    found = kernels.log_likelihoods(y, v, np.array(tau2))
    assert found.restricted == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("df", [1.0, 4.0, 36.0, np.inf])
def test_distributions_are_scipys(df: float) -> None:
    law = stats.norm() if np.isinf(df) else stats.t(df)
    assert kernels.critical_value(0.95, df) == pytest.approx(law.ppf(0.975), rel=1e-12)
    z = np.array([-7.0, 0.0, 0.4, 25.0])
    np.testing.assert_allclose(kernels.two_sided_p(z, df), 2 * law.sf(np.abs(z)), rtol=1e-9)


def test_i2_of_equal_variances() -> None:
    s2 = kernels.typical_variance(np.full(5, 0.3))
    assert s2 == pytest.approx(0.3, rel=1e-12)
    assert kernels.i2_of(np.array(0.1), s2) == pytest.approx(25.0, rel=1e-12)
    assert kernels.h2_of(np.array(0.1), s2) == pytest.approx(4 / 3, rel=1e-12)


def test_i2_from_q_at_its_ends() -> None:
    found = kernels.i2_from_q(np.array([0.0, 3.0, 4.0, 8.0]), 4)
    assert found.tolist() == [0.0, 0.0, 0.0, 50.0]


def test_shrinkage_is_the_conditional_mean() -> None:
    y, v, tau2 = np.array([0.0, 4.0]), np.array([1.0, 3.0]), np.array(1.0)
    found = kernels.study_effects(y, v, tau2, np.array(2.0), np.array(0.0))
    assert found.effect.tolist() == [1.0, 2.5]
    assert found.shrinkage.tolist() == [0.5, 0.75]
    # With a known mean the variance is that of the posterior, v tau2 / (v + tau2).
    np.testing.assert_allclose(found.std_error**2, [0.5, 0.75])
