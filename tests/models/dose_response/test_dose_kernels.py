"""Kernels of dose-response: pseudo-counts, bases, likelihood and moments beside brute force."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import optimize, stats

from evidence.models.dose_response.kernels_basis import power_basis, spline_basis
from evidence.models.dose_response.kernels_between import (
    _escape,
    _rounded,
    likelihood_estimate,
    moments_estimate,
    moments_matrix,
    to_unit,
)
from evidence.models.dose_response.kernels_covariance import (
    CASE_CONTROL,
    CUMULATIVE,
    INCIDENCE_RATE,
    count_variances,
    greenland_longnecker_counts,
    hamling_counts,
    mean_differences,
    shared_reference_covariance,
    standardised_differences,
)
from evidence.models.dose_response.kernels_mixed import (
    Study,
    gradient,
    least_squares,
    log_likelihood,
    reduce,
    shrunken,
)

DESIGNS = (CASE_CONTROL, INCIDENCE_RATE, CUMULATIVE)
CASES, N = np.array([40.0, 55.0, 30.0, 12.0]), np.array([400.0, 700.0, 300.0, 90.0])


def crude(design: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Log ratios, variances, and contributions of counts as they are."""
    base = N - CASES if design == CASE_CONTROL else N
    y = np.log(CASES[1:] / base[1:]) - np.log(CASES[0] / base[0])
    sign = {CASE_CONTROL: 1.0, INCIDENCE_RATE: 0.0, CUMULATIVE: -1.0}[design]
    parts = 1.0 / CASES + sign / base
    return y, parts[0] + parts[1:], parts


@pytest.mark.parametrize("design", DESIGNS)
def test_crude_ratios_give_back_their_own_counts(design: str) -> None:
    y, v, parts = crude(design)
    first = greenland_longnecker_counts(y, CASES, N, design)
    second = hamling_counts(y, v, CASES, N, design)
    assert second is not None
    for counts in (first, second):
        np.testing.assert_allclose(counts.cases, CASES, rtol=1e-7)
        found = shared_reference_covariance(v, count_variances(counts, design))
        np.testing.assert_allclose(found, parts[0] + np.diag(parts[1:]), rtol=1e-6)


@pytest.mark.parametrize("design", DESIGNS)
def test_adjusted_ratios_are_those_of_the_pseudo_counts(design: str) -> None:
    y = np.array([0.2, -0.3, 0.5])
    counts = greenland_longnecker_counts(y, CASES, N, design)
    odds = counts.cases / counts.base
    np.testing.assert_allclose(np.log(odds[1:] / odds[0]), y, rtol=1e-10)
    assert counts.cases.sum() == pytest.approx(CASES.sum(), rel=1e-12)
    if design == CASE_CONTROL:
        np.testing.assert_allclose(counts.cases + counts.base, N, rtol=1e-12)


@pytest.mark.parametrize("design", DESIGNS)
def test_effective_counts_give_ratios_variances_and_margins(design: str) -> None:
    y, v, _ = crude(design)
    y, v = y + np.array([0.1, -0.2, 0.15]), v * np.array([1.3, 1.15, 1.4])
    counts = hamling_counts(y, v, CASES, N, design)
    assert counts is not None
    odds = counts.cases / counts.base
    np.testing.assert_allclose(np.log(odds[1:] / odds[0]), y, rtol=1e-7)
    parts = count_variances(counts, design)
    np.testing.assert_allclose(parts[0] + parts[1:], v, rtol=1e-7)
    base = N - CASES if design == CASE_CONTROL else N
    assert counts.base[0] / counts.base.sum() == pytest.approx(base[0] / base.sum(), rel=1e-6)
    ratio = counts.base.sum() / counts.cases.sum()
    assert ratio == pytest.approx(base.sum() / CASES.sum(), rel=1e-6)


def test_means_share_their_reference() -> None:
    mean, sd, n = np.array([1.0, 2.0, 4.0]), np.array([1.0, 2.0, 3.0]), np.array([10.0, 20.0, 30.0])
    own = mean_differences(mean, sd, n, pooled=False)
    np.testing.assert_allclose(own.covariance, [[0.1 + 0.2, 0.1], [0.1, 0.1 + 0.3]])
    s2 = (9 + 19 * 4 + 29 * 9) / 57
    np.testing.assert_allclose(
        mean_differences(mean, sd, n, pooled=True).covariance,
        [[s2 / 10 + s2 / 20, s2 / 10], [s2 / 10, s2 / 10 + s2 / 30]],
    )
    cohen = standardised_differences(mean, sd, n, "cohen")
    d = np.array([1.0, 3.0]) / np.sqrt(s2)
    np.testing.assert_allclose(cohen.estimate, d)
    assert cohen.covariance[0, 1] == pytest.approx(0.1 + d[0] * d[1] / 120)
    assert cohen.covariance[1, 1] == pytest.approx(0.1 + 1 / 30 + d[1] ** 2 / 120)
    hedges = standardised_differences(mean, sd, n, "hedges")
    factor = hedges.estimate[0] / d[0]
    assert factor == pytest.approx(1 - 3 / (4 * 57 - 1), rel=1e-4)
    np.testing.assert_allclose(hedges.covariance, factor**2 * cohen.covariance)
    glass = standardised_differences(mean, sd, n, "glass")
    np.testing.assert_allclose(glass.estimate, [1.0, 3.0])
    assert glass.covariance[0, 1] == pytest.approx(0.1 + 3.0 / 20)


def test_the_spline_is_smooth_and_straight_outside_its_knots() -> None:
    knots = np.array([1.0, 3.0, 4.0, 8.0])
    outside = spline_basis(np.array([-3.0, -1.0, 0.0, 9.0, 10.0, 12.0]), knots)
    assert outside.shape == (6, 3)
    np.testing.assert_allclose(outside[:3, 1:], 0.0)
    step = (outside[4] - outside[3]) * 2
    np.testing.assert_allclose(outside[5] - outside[4], step, rtol=1e-9)
    h = 1e-4
    for knot in knots:  # second derivatives meet
        left, right = (
            (spline_basis(x + h, knots) - 2 * spline_basis(x, knots) + spline_basis(x - h, knots))
            / h**2
            for x in (np.array(knot - 2 * h), np.array(knot + 2 * h))
        )
        np.testing.assert_allclose(left, right, atol=1e-2)


def test_powers_and_logarithms() -> None:
    found = power_basis(np.array([2.0]), (0.0, 0.0, -1.0, 3.0, 3.0), 1.0)
    log = np.log(3.0)
    np.testing.assert_allclose(found[0], [log, log**2, 1 / 3, 27.0, 27.0 * log])


def studies_of(k: int, p: int, seed: int, one_stage: bool, spread: float = 0.5) -> list[Study]:
    rng = np.random.default_rng(seed)
    found = []
    for i in range(k):
        n = (p + 2 if i < 2 else 1 + i % 3) if one_stage else p
        x = rng.normal(size=(n, p)) if one_stage else np.eye(p)
        root = rng.normal(size=(n, n + 3))
        s = root @ root.T / (n + 3)
        y = x @ (1.0 + spread * rng.normal(size=p)) + np.linalg.cholesky(s) @ rng.normal(size=n)
        found.append(Study(y, x, x, s))
    return found


def direct(studies: list[Study], psi: np.ndarray, b: np.ndarray, restricted: bool) -> float:
    value, information = 0.0, np.zeros((len(b), len(b)))
    for s in studies:
        v = s.s + s.z @ psi @ s.z.T
        value += float(stats.multivariate_normal.logpdf(s.y, s.x @ b, v))
        information += s.x.T @ np.linalg.solve(v, s.x)
    if restricted:
        value += 0.5 * len(b) * np.log(2 * np.pi) - 0.5 * np.linalg.slogdet(information)[1]
    return value


@pytest.mark.parametrize("restricted", [True, False])
@pytest.mark.parametrize("one_stage", [True, False])
def test_likelihood_and_its_gradient_beside_brute_force(restricted: bool, one_stage: bool) -> None:
    studies = studies_of(7, 2, 3, one_stage)
    data = reduce(studies)
    psi = np.array([[0.5, 0.1], [0.1, 0.2]])
    found = least_squares(data, psi)
    value = log_likelihood(data, found, restricted=restricted)
    assert value == pytest.approx(direct(studies, psi, found.estimate, restricted), rel=1e-10)
    slope, h = gradient(data, found, restricted=restricted), 1e-5
    for i, j in ((0, 0), (1, 1), (0, 1)):
        step = np.zeros((2, 2))
        step[i, j] = step[j, i] = h
        up, down = (
            log_likelihood(data, least_squares(data, psi + sign * step), restricted=restricted)
            for sign in (1, -1)
        )
        expected = (up - down) / (2 * h)
        assert slope[i, j] * (1 if i == j else 2) == pytest.approx(expected, rel=1e-5, abs=1e-6)


@pytest.mark.parametrize("seed", range(6))
def test_no_other_psi_is_likelier(seed: int) -> None:
    studies = studies_of(4 + seed, 2, seed, seed % 2 == 0, spread=0.4 * seed)
    data = reduce(studies)
    for restricted in (True, False):
        found = likelihood_estimate(data, restricted=restricted)
        assert found is not None
        assert found.converged
        assert np.linalg.matrix_rank(found.psi, tol=1e-9) == found.rank
        fixed = least_squares(data, found.psi)
        best = log_likelihood(data, fixed, restricted=restricted)

        def negative(z: np.ndarray, restricted: bool = restricted) -> float:
            root = np.array([[z[0], 0.0], [z[1], z[2]]])
            other = least_squares(data, root @ root.T)
            return -log_likelihood(data, other, restricted=restricted)

        for start in (np.array([1.0, 0.0, 1.0]), np.array([0.2, -0.5, 0.1])):
            other = optimize.minimize(negative, start, method="Nelder-Mead")
            assert -other.fun <= best + 1e-7


def test_one_random_effect_by_moments_is_dersimonian_laird() -> None:
    y, v = np.array([0.1, 0.9, 0.4, 1.6]), np.array([0.1, 0.2, 0.05, 0.3])
    ones = np.ones((1, 1))
    data = reduce([Study(y[i : i + 1], ones, ones, v[i] * ones) for i in range(4)])
    w = 1 / v
    q = (w * (y - (w * y).sum() / w.sum()) ** 2).sum()
    tau2 = (q - 3) / (w.sum() - (w**2).sum() / w.sum())
    found = moments_estimate(data, 0.0)
    assert found is not None
    assert found.psi[0, 0] == pytest.approx(tau2, rel=1e-10)


def test_moments_are_unbiased_and_go_with_the_unit() -> None:
    studies = studies_of(6, 2, 2, False)
    psi = np.array([[0.6, -0.2], [-0.2, 0.3]])
    # The mean of a quadratic form over a normal vector is that over the columns of its root.
    total, n = np.zeros((2, 2)), 12
    for i in range(n):
        for sign in (1.0, -1.0):
            step = np.zeros(n)
            step[i] = sign * np.sqrt(n)
            drawn = [
                s._replace(
                    y=np.array([1.0, 2.0]) + np.linalg.cholesky(s.s + psi) @ step[2 * j : 2 * j + 2]
                )
                for j, s in enumerate(studies)
            ]
            found = moments_matrix(reduce(drawn))
            assert found is not None
            total += found / (2 * n)
    np.testing.assert_allclose(total, psi, atol=1e-10)
    turn = np.array([[3.0, 1.0], [0.0, 0.01]])
    plain = moments_matrix(reduce(studies))
    turned = moments_matrix(
        reduce([s._replace(y=turn @ s.y, s=turn @ s.s @ turn.T) for s in studies])
    )
    assert plain is not None
    assert turned is not None
    np.testing.assert_allclose(turned, turn @ plain @ turn.T, rtol=1e-8)


def test_negative_eigenvalues_of_moments_are_set_to_the_floor() -> None:
    ones = np.ones((1, 1))
    data = reduce([Study(np.array([0.1 * i]), ones, ones, ones) for i in range(3)])
    zero, floor = moments_estimate(data, 0.0), moments_estimate(data, 0.25)
    assert zero is not None
    assert floor is not None
    assert (zero.psi[0, 0], zero.rank) == (0.0, 0)
    assert (floor.psi[0, 0], floor.rank) == (0.25, 1)


def test_what_no_study_sees_is_not_identified() -> None:
    z = np.array([[1.0, 0.0], [2.0, 0.0]])
    study = Study(np.ones(2), np.ones((2, 1)), z, np.eye(2))
    assert to_unit(reduce([study, study])) is None
    assert likelihood_estimate(reduce([study, study]), restricted=True) is None
    assert moments_estimate(reduce([study, study]), 0.0) is None
    along = study._replace(z=np.array([[1.0, 1.0], [2.0, 2.0]]))
    assert likelihood_estimate(reduce([along, along]), restricted=False) is None


def test_shrunken_effects_are_conditional_means() -> None:
    studies = studies_of(5, 2, 8, False)
    data, psi = reduce(studies), np.array([[0.4, 0.1], [0.1, 0.3]])
    fixed = least_squares(data, psi)
    found = shrunken(data, psi, fixed)
    for s, deviation, covariance in zip(studies, found.deviation, found.covariance, strict=True):
        gain = psi @ np.linalg.inv(psi + s.s)
        np.testing.assert_allclose(deviation, gain @ (s.y - fixed.estimate), rtol=1e-9)
        kept = np.eye(2) - gain
        expected = kept @ psi + kept @ fixed.covariance @ kept.T
        np.testing.assert_allclose(covariance, expected, rtol=1e-8)


@settings(max_examples=12, deadline=None)
@given(seed=st.integers(0, 10_000), log_scale=st.floats(-6, 6), spread=st.floats(0.0, 3.0))
def test_the_fit_goes_with_the_unit(seed: int, log_scale: float, spread: float) -> None:
    studies = studies_of(8, 2, seed, False, spread)
    scale = np.array([10.0**log_scale, 1.0])
    moved = [s._replace(y=s.y * scale, s=s.s * np.outer(scale, scale)) for s in studies]
    first, second = (likelihood_estimate(reduce(x), restricted=True) for x in (studies, moved))
    assert first is not None
    assert second is not None
    assert second.converged
    back = second.psi / np.outer(scale, scale)
    np.testing.assert_allclose(back, first.psi, rtol=1e-4, atol=1e-5 * (1 + np.trace(first.psi)))


def test_a_flat_start_is_left_along_the_slope() -> None:
    # At 0 every derivative in the Cholesky factor is 0, though spread would be likelier.
    studies = studies_of(9, 2, 4, False, spread=2.0)
    unit = to_unit(reduce(studies))
    assert unit is not None

    def negative(flat: np.ndarray) -> tuple[float, np.ndarray]:
        root = np.array([[flat[0], 0.0], [flat[1], flat[2]]])
        found = least_squares(unit.data, root @ root.T)
        slope = 2.0 * gradient(unit.data, found, restricted=True) @ root
        value = -log_likelihood(unit.data, found, restricted=True)
        return value, -slope[np.tril_indices(2)]

    psi, converged = _escape(unit.data, negative, np.zeros(3), restricted=True)
    assert converged
    best = likelihood_estimate(reduce(studies), restricted=True)
    assert best is not None
    np.testing.assert_allclose(unit.factor @ psi @ unit.factor.T, best.psi, rtol=1e-5)
    stuck = _escape(unit.data, lambda flat: (0.0, np.zeros(3)), np.zeros(3), restricted=True)
    assert not stuck[1]


def test_tiny_spreads_are_rounded_only_where_the_likelihood_allows() -> None:
    unit = to_unit(reduce(studies_of(9, 2, 4, False, spread=2.0)))
    assert unit is not None
    psi, rank = _rounded(unit.data, np.diag([1.0, 1e-12]), restricted=True)
    assert rank == 1
    assert psi[1, 1] == 0.0
    small = np.diag([1e9, 0.5])
    kept, rank = _rounded(unit.data, small, restricted=True)
    assert rank == 2
    np.testing.assert_array_equal(kept, small)
