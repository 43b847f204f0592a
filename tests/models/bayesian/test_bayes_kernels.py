import numpy as np
import pytest
from scipy import integrate, stats

from evidence.errors import FitError
from evidence.models.bayesian.kernels import (
    conditional,
    tau_cdf,
    tau_density,
    tau_grid,
    tau_quantile,
)

Y, S = np.array([-0.9, -1.4, 0.4]), np.array([0.57, 0.14, 0.73])


def test_conditional_is_the_multivariate_normal() -> None:
    tau = np.array([0.0, 0.3, 2.0])
    found, m, variance = conditional(tau, Y, S, 0.2, 0.25)
    for i, t in enumerate(tau):
        covariance = np.diag(S**2 + t**2) + 4.0
        expected = stats.multivariate_normal(np.full(3, 0.2), covariance).logpdf(Y)
        assert found[i] == pytest.approx(expected, rel=1e-12)
        gain = 4.0 * np.ones(3) @ np.linalg.inv(covariance)
        assert m[i] == pytest.approx(0.2 + gain @ (Y - 0.2))
        assert variance[i] == pytest.approx(4.0 - 4.0 * gain.sum())


def test_conditional_flat_is_the_integral_over_mu() -> None:
    found, _, _ = conditional(np.array([0.3]), Y, S)

    def likelihood(mu: float) -> float:
        return float(np.exp(stats.norm(mu, np.sqrt(S**2 + 0.09)).logpdf(Y).sum()))

    expected = integrate.quad(likelihood, -6, 4, epsabs=0, epsrel=1e-11)[0]
    assert found[0] == pytest.approx(np.log(expected), rel=1e-9)


def test_conditional_fixed_mu() -> None:
    found, m, variance = conditional(np.array([0.3]), Y, S, -1.0, np.inf)
    expected = stats.norm(-1.0, np.sqrt(S**2 + 0.09)).logpdf(Y).sum()
    assert (found[0], m[0], variance[0]) == (pytest.approx(expected), -1.0, 0.0)


@pytest.mark.parametrize(
    ("known", "left", "right", "moment", "upper"),
    [
        (stats.gamma(3.0, scale=0.2), 3.0, np.inf, 2.0, np.inf),
        (stats.halfcauchy(scale=0.3), 1.0, 1.0, 0.0, np.inf),
        (stats.halfnorm(scale=1e-6), 1.0, np.inf, 2.0, np.inf),
        (stats.uniform(0, 4), 1.0, np.inf, 2.0, 4.0),
        (stats.norm(5.0, 0.01), 1.0, np.inf, 2.0, np.inf),
    ],
    ids=["gamma", "half-Cauchy", "tiny", "uniform", "narrow"],
)
def test_grid_of_known_densities(
    known: stats.rv_continuous, left: float, right: float, moment: float, upper: float
) -> None:
    low, high = known.ppf([1e-3, 0.999])
    grid = tau_grid(
        known.logpdf, low=low, high=high, left=left, right=right, moment=moment, upper=upper
    )
    q = np.array([0.001, 0.05, 0.5, 0.95, 0.999])
    x = known.ppf(q)
    assert float(grid.log_integral) == pytest.approx(0.0, abs=1e-10)
    np.testing.assert_allclose(tau_cdf(grid, x), q, rtol=1e-8)
    np.testing.assert_allclose(tau_density(grid, x), known.pdf(x), rtol=1e-7)
    np.testing.assert_allclose(tau_quantile(grid, q), x, rtol=1e-7)
    if moment == 2.0:
        second = (grid.weights * grid.tau**2).sum()
        assert second == pytest.approx(known.moment(2), rel=1e-9)


def test_ends_of_the_support() -> None:
    known = stats.uniform(0, 4)
    grid = tau_grid(known.logpdf, low=0.1, high=4.0, left=1.0, right=np.inf, moment=2.0, upper=4.0)
    np.testing.assert_allclose(tau_quantile(grid, [0.0, 1.0]), [0.0, 4.0])
    np.testing.assert_allclose(tau_cdf(grid, [-1.0, 0.0, 4.0, 9.0]), [0, 0, 1, 1], atol=1e-12)
    np.testing.assert_allclose(tau_density(grid, [-1.0, 0.0, 9.0]), [0.0, 0.25, 0.0], rtol=1e-9)


def test_leading_axes_are_separate_problems() -> None:
    scales = np.array([[0.1], [1.0], [7.0]])

    def log_density(tau: np.ndarray) -> np.ndarray:
        return stats.halfnorm.logpdf(tau, scale=scales)

    grid = tau_grid(log_density, low=0.01, high=20.0, left=1.0, right=np.inf, moment=2.0)
    np.testing.assert_allclose(grid.log_integral, 0.0, atol=1e-10)
    np.testing.assert_allclose((grid.weights * grid.tau**2).sum(axis=-1), scales[:, 0] ** 2)


def test_a_density_with_a_jump_is_refused() -> None:
    def log_density(tau: np.ndarray) -> np.ndarray:
        return np.where(tau < 0.12345, 0.0, -5.0) - tau

    with pytest.raises(FitError, match=r"did not converge\n.*4096 panels; a smoother prior"):
        tau_grid(log_density, low=0.1, high=1.0, left=1.0, right=np.inf, moment=2.0)
