import numpy as np
import pytest
from scipy import stats

from evidence.errors import FitError
from evidence.models.bayesian import mixtures

P = np.array([[0.3, 0.7], [1.0, 0.0]])
M = np.array([[-1.0, 0.5], [2.0, 2.0]])
S = np.array([[0.2, 1.0], [3.0, 3.0]])


def test_one_component_is_the_normal() -> None:
    q = np.array([[0.025, 0.5, 0.975]])
    found = mixtures.quantile(P[1:], M[1:], S[1:], q)
    np.testing.assert_allclose(found, stats.norm(2, 3).ppf(q), rtol=1e-12)
    mean, sd = mixtures.moments(P[1:], M[1:], S[1:])
    np.testing.assert_allclose([mean[0], sd[0]], [2.0, 3.0])


def test_quantile_inverts_cdf() -> None:
    q = np.broadcast_to([1e-6, 0.025, 0.4, 0.999], (2, 4))
    x = mixtures.quantile(P, M, S, q)
    np.testing.assert_allclose(mixtures.cdf(P, M, S, x), q, rtol=1e-11)


def test_moments_and_density_match_a_grid() -> None:
    x = np.linspace(-8, 9, 20001)
    f = mixtures.density(P[0], M[0], S[0], x)
    mean, sd = mixtures.moments(P[0], M[0], S[0])
    assert np.trapezoid(f, x) == pytest.approx(1.0, abs=1e-10)
    assert np.trapezoid(f * x, x) == pytest.approx(float(mean), abs=1e-10)
    assert np.trapezoid(f * (x - mean) ** 2, x) == pytest.approx(float(sd) ** 2, abs=1e-10)


def test_components_of_hugely_different_width() -> None:
    p, m, s = np.array([0.5, 0.5]), np.zeros(2), np.array([1e-6, 1e30])
    x = mixtures.quantile(p, m, s, np.array([0.01, 0.3, 0.9]))
    np.testing.assert_allclose(mixtures.cdf(p, m, s, x), [0.01, 0.3, 0.9], rtol=1e-9)


def test_mode_of_the_mixture() -> None:
    x = np.linspace(-2, 2, 400001)
    best = x[mixtures.density(P[0], M[0], S[0], x).argmax()]
    assert float(mixtures.mode(P[0], M[0], S[0])) == pytest.approx(best, abs=2e-5)


def test_shortest_of_the_normal_is_central() -> None:
    def cdf(x: np.ndarray) -> np.ndarray:
        return mixtures.cdf(P[1:], M[1:], S[1:], x)

    def density(x: np.ndarray) -> np.ndarray:
        return mixtures.density(P[1:], M[1:], S[1:], x)

    points = mixtures.sinh_points(P[1:], M[1:], S[1:], 1e-5)
    low, high = mixtures.shortest(cdf, density, points, 0.9)
    np.testing.assert_allclose([low[0], high[0]], stats.norm(2, 3).ppf([0.05, 0.95]), rtol=1e-7)


def test_shortest_starts_at_the_end_of_the_support() -> None:
    points = np.concatenate([[0.0], np.geomspace(1e-4, 40, 200)])[None, :]
    low, high = mixtures.shortest(stats.expon.cdf, stats.expon.pdf, points, 0.95, end=0.0)
    assert low[0] == 0.0
    assert high[0] == pytest.approx(-np.log(0.05), rel=1e-10)


def test_shortest_leaves_the_end_where_the_density_rises() -> None:
    gamma = stats.gamma(3.0)
    points = np.concatenate([[0.0], np.geomspace(1e-3, 60, 300)])[None, :]
    low, high = mixtures.shortest(gamma.cdf, gamma.pdf, points, 0.95, end=0.0)
    assert gamma.cdf(high[0]) - gamma.cdf(low[0]) == pytest.approx(0.95, abs=1e-10)
    assert gamma.pdf(low[0]) == pytest.approx(gamma.pdf(high[0]), rel=1e-6)


def test_shortest_refuses_what_has_no_peak() -> None:
    def density(x: np.ndarray) -> np.ndarray:
        return np.where(np.floor(x * 1e4) % 2 == 0, 2.0, 1e-9)

    points = np.linspace(0.0, 1.0, 50)[None, :]
    with pytest.raises(FitError, match=r"no clear shortest interval\n.*central"):
        mixtures.shortest(lambda x: x**1.001, density, points, 0.5)
