"""Log-likelihoods with the studies' effects integrated out, beside direct integration."""

from itertools import pairwise

import numpy as np
import pytest
from scipy import integrate, stats

from evidence.models.sampling import kernels_marginal as kernels

Y, S = np.array([0.3, -1.2, 4.0]), np.array([0.5, 0.1, 0.3])
MU, TAU = np.array([0.1, -0.4]), np.array([0.6, 0.05])
MEAN = np.repeat(MU[:, None], 3, axis=1)


def integral(density: object, y: float, s: float, spread: float) -> float:
    """Density of y: effects of a density, seen with normal error s."""

    def joint(x: float) -> float:
        return float(stats.norm.pdf(y, x, s) * density.pdf(x))  # type: ignore[attr-defined]

    centre = float(density.mean())  # type: ignore[attr-defined]
    points = sorted({centre, y, centre - 3 * spread, centre + 3 * spread, y - 3 * s, y + 3 * s})
    edges = [min(points) - 60, *points, max(points) + 60]
    return sum(integrate.quad(joint, a, b, limit=400, epsabs=1e-90)[0] for a, b in pairwise(edges))


@pytest.mark.parametrize("freedom", [2.5, 4.0, 30.0, 1e5])
def test_student_effects(freedom: float) -> None:
    found = kernels.student_effects(Y, S, MEAN, TAU, np.full(2, freedom))
    for i in range(2):
        for j in range(3):
            density = stats.t(freedom, MU[i], TAU[i])
            direct = np.log(integral(density, Y[j], S[j], TAU[i]))
            assert found[i, j] == pytest.approx(direct, rel=5e-4, abs=1e-4)
    if freedom == 1e5:
        normal = kernels.normal_effects(Y, S, MEAN, TAU)
        np.testing.assert_allclose(found[:, :2], normal[:, :2], atol=2e-3)


def test_normal_and_mixture_effects() -> None:
    extra, weight = np.array([1.5, 2.0]), np.array([0.1, 0.0])
    found = kernels.mixture_effects(Y, S, MEAN, TAU, extra, weight)
    normal = kernels.normal_effects(Y, S, MEAN, TAU)
    np.testing.assert_allclose(found[1], normal[1], rtol=1e-14)
    for j in range(3):
        near = stats.norm.pdf(Y[j], MU[0], np.hypot(S[j], TAU[0]))
        far = stats.norm.pdf(Y[j], MU[0], np.sqrt(S[j] ** 2 + TAU[0] ** 2 + extra[0] ** 2))
        assert found[0, j] == pytest.approx(np.log(0.9 * near + 0.1 * far), rel=1e-12)


def test_clusters_are_multivariate_normal() -> None:
    codes, outer = np.array([0, 1, 0]), np.array([0.7, 0.0])
    found = kernels.clustered_effects(Y, S, MEAN, TAU, outer, codes)
    for i in range(2):
        for c in range(2):
            rows = np.flatnonzero(codes == c)
            v = np.diag(S[rows] ** 2 + TAU[i] ** 2) + outer[i] ** 2
            direct = stats.multivariate_normal(MEAN[i, rows], v).logpdf(Y[rows])
            assert found[i, c] == pytest.approx(direct, rel=1e-10)


@pytest.mark.parametrize("rates", [False, True])
def test_two_groups(rates: bool) -> None:
    groups = np.array([[0.0, 7.0, 40.0], [12.0, 90.0, 80.0], [3.0, 0.0, 20.0], [15.0, 70.0, 85.0]])
    mean = np.broadcast_to([[-1.5, -1.0]], (1, 3, 2)).copy()
    root = np.broadcast_to([[0.4, 0.6], [0.9, 0.0]], (1, 3, 2, 2)).copy()
    found = kernels.two_groups(groups, mean, root, rates=rates)

    def law(x: float, n: float, eta: np.ndarray) -> np.ndarray:
        if rates:
            return np.asarray(stats.poisson.pmf(x, n * np.exp(eta)))
        return np.asarray(stats.binom.pmf(x, n, 1 / (1 + np.exp(-eta))))

    grid = np.linspace(-8, 8, 641)
    a, b = np.meshgrid(grid, grid, indexing="ij")
    weight = stats.norm.pdf(a) * stats.norm.pdf(b) * (grid[1] - grid[0]) ** 2
    for j, (x1, n1, x2, n2) in enumerate(groups.T):
        treated = -1.5 + 0.4 * a + 0.6 * b
        control = -1.0 + 0.9 * a
        direct = np.log((law(x1, n1, treated) * law(x2, n2, control) * weight).sum())
        assert found[0, j] == pytest.approx(direct, abs=2e-6)


def test_no_spread_leaves_the_plain_probability() -> None:
    groups = np.array([[4.0], [20.0], [6.0], [25.0]])
    mean, root = np.full((2, 1, 2), -1.0), np.zeros((2, 1, 2, 2))
    found = kernels.two_groups(groups, mean, root, rates=False)
    p = 1 / (1 + np.e)
    direct = stats.binom.logpmf(4, 20, p) + stats.binom.logpmf(6, 25, p)
    np.testing.assert_allclose(found, direct, rtol=1e-9)


def test_beta_binomial_groups() -> None:
    groups = np.array([[4.0], [20.0], [6.0], [25.0]])
    found = kernels.overdispersed_groups(
        groups, np.array([[-1.0]]), np.array([[-0.5]]), np.array([0.1])
    )
    direct = 0.0
    for x, n, eta in ((4, 20, -1.0), (6, 25, -0.5)):
        p = 1 / (1 + np.exp(-eta))
        direct += stats.betabinom.logpmf(x, n, 9 * p, 9 * (1 - p))
    assert found[0, 0] == pytest.approx(direct, rel=1e-12)


def test_weighted_fit_of_many_data_sets() -> None:
    random = np.random.default_rng(1)
    x = np.c_[np.ones(6), random.normal(size=6)]
    y, s = random.normal(size=(3, 6)), random.uniform(0.2, 1.0, (3, 6))
    found, q = kernels.weighted_fit(y, s, x)
    for i in range(3):
        b, rss, *_ = np.linalg.lstsq(x / s[i][:, None], y[i] / s[i], rcond=None)
        np.testing.assert_allclose(found[i], b, rtol=1e-10)
        assert q[i] == pytest.approx(rss[0], rel=1e-10)
