"""The estimators of tau2 against brute force, at the edges and at every scale."""

import numpy as np
import pytest
from scipy import optimize

from evidence.models.frequentist import kernels_roots
from evidence.models.frequentist.kernels_tau2 import (
    Array,
    decreasing_root,
    dersimonian_laird,
    generalised_q,
    paule_mandel,
    q_root,
    reml,
    restricted_log_likelihood,
)

ESTIMATORS = [reml, paule_mandel, dersimonian_laird]
# Two interior maxima; then a maximum at 0 beside an interior one, the higher in each place.
TWO_INTERIOR = ([-5.0, 3.0, 2.0], [10.0, 0.5, 0.001])
ZERO_AND_HIGHER = ([10.0, 10.0, 0.0], [0.004, 0.06, 6.0])
FAR_APART = ([0.06, 0.04, 0.09, 0.05, 194.0], [0.008, 2e-5, 0.003, 6e-5, 1000.0])
ZERO_HIGHER = ([0.0, 0.0, 7.0], [0.06, 0.01, 6.0])


def data_sets(n: int, k: int, seed: int) -> tuple[Array, Array]:
    rng = np.random.default_rng(seed)
    v = rng.lognormal(-1.0, 1.5, (n, k))
    spread = rng.choice([0.0, 0.1, 1.0, 20.0], (n, 1))
    return 3.0 + rng.normal(size=(n, k)) * np.sqrt(v + spread), v


def restricted_by_matrices(y: Array, v: Array, tau2: float) -> float:
    """Compute it from its definition: determinants and an explicit projection."""
    total = np.diag(v + tau2)
    x = np.ones((len(y), 1))
    inverse = np.linalg.inv(total)
    information = x.T @ inverse @ x
    beta = np.linalg.solve(information, x.T @ inverse @ y)
    residual = y - x @ beta
    return float(
        -0.5 * np.linalg.slogdet(total)[1]
        - 0.5 * np.linalg.slogdet(information)[1]
        - 0.5 * residual @ inverse @ residual
    )


def test_restricted_log_likelihood_is_its_matrix_definition() -> None:
    y, v = data_sets(20, 5, seed=1)
    for yi, vi in zip(y, v, strict=True):
        for tau2 in (0.0, 0.3, 7.0):
            ours = float(restricted_log_likelihood(yi, vi, np.array(tau2)))
            assert ours == pytest.approx(restricted_by_matrices(yi, vi, tau2), rel=1e-12)


@pytest.mark.parametrize("k", [2, 3, 5, 12])
def test_reml_is_the_highest_point_of_a_fine_grid(k: int) -> None:
    y, v = data_sets(40, k, seed=k)
    found = reml(y, v)
    assert found.converged.all()
    top = 50.0 * float(np.var(y, axis=1).max() + v.max())
    grid = np.concatenate([[0.0], np.geomspace(1e-8, top, 20_000)])
    for yi, vi, tau2 in zip(y, v, found.tau2, strict=True):
        heights = restricted_log_likelihood(yi, vi, grid)
        ours = float(restricted_log_likelihood(yi, vi, np.array(tau2)))
        assert ours >= heights.max() - 1e-10
        best = grid[heights.argmax()]
        assert tau2 == pytest.approx(best, rel=2e-3, abs=1e-8)


@pytest.mark.parametrize(
    ("data", "near", "other"),
    [
        (TWO_INTERIOR, 0.22, 6.0),
        (FAR_APART, 1.27e-5, 4.3e3),
        (ZERO_AND_HIGHER, 21.0, 0.0),
        (ZERO_HIGHER, 0.0, 7.6),
    ],
)
def test_reml_takes_the_higher_of_two_maxima(
    data: tuple[list[float], list[float]], near: float, other: float
) -> None:
    y, v = np.array(data[0]), np.array(data[1])

    def loss(t: float) -> float:
        return -float(restricted_log_likelihood(y, v, np.array(max(t, 0.0))))

    peaks = []
    for centre in (near, other):
        if centre == 0.0:
            assert loss(0.0) < loss(1e-4)
            peaks.append(0.0)
        else:
            bounds = (0.6 * centre, 1.6 * centre)
            peak = optimize.minimize_scalar(
                loss, bounds=bounds, method="bounded", options={"xatol": 1e-6 * centre}
            ).x
            assert min(peak - bounds[0], bounds[1] - peak) > 0.05 * centre  # a maximum inside
            peaks.append(peak)
    assert loss(peaks[0]) < loss(peaks[1])
    for unit in (1e-6, 1.0, 1e6):
        tau2 = reml(y * unit, v * unit**2).tau2 / unit**2
        assert tau2 == pytest.approx(peaks[0], rel=1e-3)


def test_paule_mandel_is_the_root_of_generalised_q() -> None:
    y, v = data_sets(60, 6, seed=3)
    found = paule_mandel(y, v)
    assert found.converged.all()
    for yi, vi, tau2 in zip(y, v, found.tau2, strict=True):
        if generalised_q(yi, vi, np.array(0.0)) <= 5:
            assert tau2 == 0.0
            continue
        root = optimize.brentq(
            lambda t, a=yi, b=vi: float(generalised_q(a, b, np.array(t))) - 5.0, 0, 1e4, xtol=1e-14
        )
        assert tau2 == pytest.approx(root, rel=1e-9)
    assert 0 < (found.tau2 == 0).sum() < 60


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_equal_variances_give_the_moment_estimate(estimator) -> None:
    y = np.array([0.0, 1.0, 5.0, 2.0])
    v = np.full(4, 0.7)
    expected = y.var(ddof=1) - 0.7
    assert estimator(y, v).tau2 == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_identical_studies_have_no_spread(estimator) -> None:
    found = estimator(np.full(5, 0.1), np.array([0.1, 0.2, 0.3, 0.4, 0.5]))
    assert found.tau2 == 0.0
    assert found.converged


@pytest.mark.parametrize("estimator", ESTIMATORS)
@pytest.mark.parametrize("factor", [1e-30, 1e-6, 1e6, 1e30])
def test_scale_of_the_data_is_only_a_unit(estimator, factor: float) -> None:
    y, v = data_sets(50, 7, seed=4)
    plain, scaled = estimator(y, v), estimator(y * factor, v * factor**2)
    assert scaled.converged.all()
    np.testing.assert_allclose(scaled.tau2 / factor**2, plain.tau2, rtol=1e-9, atol=1e-13)


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_far_offset_costs_only_its_rounding(estimator) -> None:
    y, v = data_sets(50, 7, seed=5)
    np.testing.assert_allclose(estimator(y + 1e6, v).tau2, estimator(y, v).tau2, atol=1e-7)


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_variances_far_apart_converge(estimator) -> None:
    rng = np.random.default_rng(6)
    v = 10.0 ** rng.uniform(-14, 6, (500, 4))
    y = rng.normal(size=(500, 4)) * 10.0 ** rng.uniform(-5, 5, (500, 1))
    found = estimator(y, v)
    assert found.converged.all()
    assert np.isfinite(found.tau2).all()


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_batch_equals_one_by_one(estimator) -> None:
    y, v = data_sets(60, 5, seed=7)
    batch = estimator(y.reshape(3, 4, 5, 5), v.reshape(3, 4, 5, 5)).tau2
    assert batch.shape == (3, 4, 5)
    single = [float(estimator(a, b).tau2) for a, b in zip(y, v, strict=True)]
    np.testing.assert_allclose(batch.ravel(), single, rtol=1e-12)


def test_reml_is_the_same_across_chunks() -> None:
    y, v = data_sets(3000, 5, seed=8)
    whole = reml(y, v).tau2
    np.testing.assert_allclose(whole[::250], reml(y[::250], v[::250]).tau2, rtol=1e-12)


def test_empty_batch_gives_an_empty_answer() -> None:
    for estimator in ESTIMATORS:
        assert estimator(np.empty((0, 3)), np.empty((0, 3))).tau2.shape == (0,)


def test_q_root_is_zero_below_the_start() -> None:
    y, v = np.array([0.0, 1.0]), np.ones(2)
    assert q_root(y, v, 0.5).tau2 == 0.0
    assert q_root(y, v, 0.25).tau2 == pytest.approx(1.0, rel=1e-12)


def test_root_finder_says_when_it_did_not_arrive() -> None:
    def no_slope(x: Array, at: np.ndarray) -> tuple[Array, Array]:
        return np.full_like(x, np.nan), np.full_like(x, np.nan)

    _, converged = decreasing_root(no_slope, np.zeros(1), np.ones(1), np.zeros(1))
    assert converged.tolist() == [False]


@pytest.mark.parametrize("estimator", [reml, paule_mandel])
def test_too_few_steps_are_not_passed_off_as_an_answer(
    estimator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kernels_roots, "MAX_STEPS", 2)
    y = np.array([[0.0, 2.0, 4.5], [1.0, 1.0, 1.0]])
    assert estimator(y, np.array([[1.0, 0.3, 2.0]] * 2)).converged.tolist() == [False, True]


def test_root_finder_survives_a_misleading_slope() -> None:
    target = np.array([0.3, 7.0, 1e-9])

    def flat_then_steep(x: Array, at: np.ndarray) -> tuple[Array, Array]:
        return np.sign(target[at] - x), np.full_like(x, -1e-6)

    root, converged = decreasing_root(flat_then_steep, np.zeros(3), np.full(3, 10.0), np.ones(3))
    assert converged.all()
    np.testing.assert_allclose(root, target, atol=1e-13)
