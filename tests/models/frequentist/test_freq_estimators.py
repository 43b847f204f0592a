"""Every estimator of tau2 by its defining equation, its error by brute force, its edge cases."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import optimize, stats

from evidence.effects.table import table_of
from evidence.errors import FitError
from evidence.models.frequentist import kernels_tau2
from evidence.models.frequentist.estimators import ESTIMATORS, standard_error
from evidence.models.frequentist.kernels_moments import (
    form_trace,
    form_variance,
    from_form,
    quadratic_form,
)
from evidence.models.frequentist.pool import pool
from evidence.models.frequentist.pool_many import pool_many

NAMES = sorted(ESTIMATORS)


@st.composite
def studies(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray]:
    k = draw(st.integers(2, 8))
    y = draw(st.lists(st.floats(-5, 5), min_size=k, max_size=k))
    s = draw(st.lists(st.floats(0.05, 5), min_size=k, max_size=k))
    return np.round(y, 3), np.round(s, 3) ** 2


def spread_out(k: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    v = random.uniform(0.1, 2.0, k)
    return random.normal(0.0, np.sqrt(v + 30.0)), v


def form_matrix(a: np.ndarray) -> np.ndarray:
    return np.diag(a) - np.outer(a, a) / a.sum()


@given(studies())
def test_form_and_its_moments_match_matrices(data) -> None:
    y, v = data
    a = 1.0 / np.sqrt(v)
    matrix, cov = form_matrix(a), np.diag(v)
    product = matrix @ cov
    assert quadratic_form(y, a) == pytest.approx(y @ matrix @ y, rel=1e-7, abs=1e-7)
    assert form_trace(a, v) == pytest.approx(np.trace(product), rel=1e-9)
    assert form_variance(a, v) == pytest.approx(2 * np.trace(product @ product), rel=1e-9)


@pytest.mark.parametrize("seed", range(4))
def test_moment_estimators_equate_the_form_with_its_mean(seed: int) -> None:
    y, v = spread_out(7, seed)
    for a, name in ((1.0 / v, "dersimonian_laird"), (np.ones(7), "hedges")):
        tau2 = float(ESTIMATORS[name](y, v).tau2)
        assert tau2 > 0
        assert y @ form_matrix(a) @ y == pytest.approx(np.trace(form_matrix(a) @ np.diag(v + tau2)))
    weights = np.arange(1.0, 8.0)
    tau2 = float(from_form(y, v, weights).tau2)
    own = form_matrix(weights)
    assert y @ own @ y == pytest.approx(np.trace(own @ np.diag(v + tau2)))


@pytest.mark.parametrize("seed", range(4))
def test_hedges_is_the_variance_less_the_mean_sampling_variance(seed: int) -> None:
    y, v = spread_out(6, seed)
    assert ESTIMATORS["hedges"](y, v).tau2 == pytest.approx(np.var(y, ddof=1) - v.mean())


@pytest.mark.parametrize("k", [2, 3, 9])
def test_maximum_likelihood_is_the_highest_point_of_a_fine_grid(k: int) -> None:
    random = np.random.default_rng(k)
    v = random.uniform(0.01, 2.0, (30, k))
    y = random.normal(0.0, np.sqrt(v + random.uniform(0, 2, (30, 1))))
    found = kernels_tau2.maximum_likelihood(y, v)
    assert found.converged.all()
    grid = np.concatenate([[0.0], np.geomspace(1e-4, 60, 4000)])
    heights = kernels_tau2.full_log_likelihood(y[:, None], v[:, None], np.tile(grid, (30, 1)))
    own = kernels_tau2.full_log_likelihood(y, v, found.tau2)
    assert np.all(own >= heights.max(1) - 1e-9)
    inner = found.tau2 > 1e-3
    slope = kernels_tau2.full_score(y, v, found.tau2)[0]
    np.testing.assert_allclose(slope[inner], 0.0, atol=1e-7)


def test_full_score_is_twice_the_slope_of_the_likelihood() -> None:
    y, v = spread_out(5, 3)
    value, slope = kernels_tau2.full_score(kernels_tau2.centre(y), v, np.asarray(0.7))
    h = 1e-5

    def height(t: float) -> float:
        return float(kernels_tau2.full_log_likelihood(y, v, np.asarray(t)))

    assert value == pytest.approx((height(0.7 + h) - height(0.7 - h)) / h, rel=1e-7)
    second = (height(0.7 + h) - 2 * height(0.7) + height(0.7 - h)) / h**2
    assert slope == pytest.approx(2 * second, rel=1e-3)


@pytest.mark.parametrize("seed", range(4))
def test_median_unbiased_paule_mandel_meets_the_median(seed: int) -> None:
    y, v = spread_out(8, seed)
    tau2 = ESTIMATORS["paule_mandel_median"](y, v).tau2
    assert tau2 > 0
    assert kernels_tau2.generalised_q(y, v, tau2) == pytest.approx(stats.chi2.median(7), rel=1e-10)


@pytest.mark.parametrize("seed", range(4))
def test_iterated_estimators_are_fixed_points(seed: int) -> None:
    y, v = spread_out(8, seed)
    tau2 = float(ESTIMATORS["dersimonian_laird_iterated"](y, v).tau2)
    again = float(from_form(y, v, 1.0 / (v + tau2)).tau2)
    assert again == pytest.approx(tau2, rel=1e-9)
    # Morris 1983: tau2 = sum of w (k / (k - 1) (y - mean)^2 - v) / sum of w
    tau2 = float(ESTIMATORS["empirical_bayes"](y, v).tau2)
    w = 1.0 / (v + tau2)
    mean = (w * y).sum() / w.sum()
    assert tau2 == pytest.approx((w * (8 / 7 * (y - mean) ** 2 - v)).sum() / w.sum(), rel=1e-9)


@pytest.mark.parametrize("name", ["dersimonian_laird", "hedges", "hunter_schmidt", "sidik_jonkman"])
def test_standard_errors_of_moment_estimators_match_simulation(name: str) -> None:
    random = np.random.default_rng(5)
    v, tau2 = random.uniform(0.2, 0.6, 30), 4.0  # far from 0, so that nothing is cut off
    y = random.normal(0.0, np.sqrt(v + tau2), (20_000, 30))
    spread = ESTIMATORS[name](y, np.broadcast_to(v, y.shape)).tau2.std()
    stated = standard_error(name, y[0], v, np.asarray(tau2), None)
    # The weights of Sidik and Jonkman come from the data, which its formula neglects.
    assert stated == pytest.approx(spread, rel=0.25 if name == "sidik_jonkman" else 0.02)


def test_standard_error_of_maximum_likelihood_is_its_information() -> None:
    y, v = spread_out(6, 1)
    tau2 = np.asarray(1.3)
    w = 1.0 / (v + 1.3)
    own = standard_error("maximum_likelihood", y, v, tau2, None)
    assert own == pytest.approx((0.5 * (w**2).sum()) ** -0.5)


@given(studies(), st.sampled_from(NAMES), st.sampled_from([1e-6, 0.1, 30.0, 1e6]), st.floats(-9, 9))
def test_shift_scale_order(data, name: str, factor: float, shift: float) -> None:
    y, v = data
    plain = ESTIMATORS[name](y, v)
    moved = ESTIMATORS[name]((y + shift)[::-1] * factor, v[::-1] * factor**2)
    assert plain.converged
    assert moved.converged
    assert moved.tau2 / factor**2 == pytest.approx(float(plain.tau2), rel=1e-6, abs=1e-7)


@pytest.mark.parametrize("name", NAMES)
def test_identical_estimates_give_0_and_it_is_reported(name: str) -> None:
    fit = pool(table_of([1.0, 1.0, 1.0], [0.1, 0.2, 0.3]), tau2=name)
    assert fit.heterogeneity.tau2 == 0.0
    assert fit.heterogeneity.at_boundary
    assert fit.heterogeneity.i2 == 0.0


@pytest.mark.parametrize("name", NAMES)
def test_batch_is_one_by_one(name: str) -> None:
    sets = [spread_out(5, seed) for seed in range(6)]
    y, v = (np.array([one[i] for one in sets]) for i in (0, 1))
    many = pool_many(y, v, tau2=name)
    for i, (own, variance) in enumerate(sets):
        alone = pool(table_of(own, np.sqrt(variance)), tau2=name)
        assert many.tau2[i] == pytest.approx(alone.heterogeneity.tau2, rel=1e-10)
        assert many.ci_low[i] == pytest.approx(alone.ci_low, rel=1e-10)


def test_stated_tau2_and_weights() -> None:
    y, s = [0.0, 2.0, 5.0], [1.0, 0.5, 2.0]
    fit = pool(table_of(y, s), tau2=0.75, weights=[1, 2, 3], ci="wald")
    share, v = np.array([1, 2, 3]) / 6, np.array(s) ** 2 + 0.75
    assert fit.estimate == pytest.approx(share @ np.array(y))
    assert fit.std_error == pytest.approx(np.sqrt(share**2 @ v))
    assert fit.heterogeneity.tau2 == 0.75
    assert fit.heterogeneity.tau2_std_error is None
    assert "stated" in (fit.heterogeneity.reason or "")
    assert fit.full_likelihood is not None
    law = stats.norm(fit.estimate, np.sqrt(v))
    assert fit.full_likelihood.log_likelihood == pytest.approx(law.logpdf(y).sum())
    equal = pool(table_of(y, s), tau2=0.75, weights="equal", ci="wald")
    assert equal.estimate == pytest.approx(np.mean(y))
    assert "stated" in repr(equal)


@given(studies())
def test_conservative_hartung_knapp_intervals_are_never_the_narrower_ones(data) -> None:
    y, v = data
    if np.ptp(y) == 0:
        return
    table = table_of(y, np.sqrt(v))
    width = {
        ci: (fit := pool(table, ci=ci)).ci_high - fit.ci_low
        for ci in (
            "wald", "hartung_knapp", "hartung_knapp_floored", "hartung_knapp_wider",
            "hartung_knapp_checked",
        )
    }  # fmt: skip
    least = width["hartung_knapp"] * (1 - 1e-9)
    assert width["hartung_knapp_wider"] == pytest.approx(max(width["wald"], width["hartung_knapp"]))
    assert least <= width["hartung_knapp_checked"] <= width["hartung_knapp_floored"] * (1 + 1e-9)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"tau2": "sidik_jonkmann"}, "did you mean"),
        ({"tau2": -1.0}, "at least 0"),
        ({"tau2": float("nan")}, "at least 0"),
        ({"tau2": True}, "a method's name or a number"),
        ({"tau2": "generalised_q"}, "needs weights"),
        ({"weights": [1, 2]}, "do not fit"),
        ({"weights": [1, 2, 0]}, r"weights\[2\]: is 0"),
        ({"weights": "even"}, "do not fit"),
        ({"tau2_interval": "profile"}, "did you mean"),
        ({"tau2_interval": "profile_likelihood", "tau2": "hedges"}, "not defined where tau2"),
        ({"tau2_interval": "generalised_q"}, "not defined where tau2"),
        ({"tau2_interval": "q_profile", "model": "common"}, "not defined where tau2"),
        ({"tau2_interval": "q_profile", "tau2": 1.0}, "not defined where tau2"),
    ],
)
def test_options_that_cannot_be(options, message: str) -> None:
    with pytest.raises(FitError, match=message):
        pool(table_of([0.0, 1.0, 3.0], [1.0, 1.0, 1.0]), **options)


def test_two_studies_have_every_estimator() -> None:
    y, v = np.array([0.0, 4.0]), np.array([1.0, 3.0])
    for name in NAMES:
        assert ESTIMATORS[name](y, v).tau2 >= 0
    # With two studies Q = d^2 / (v1 + v2 + 2 tau2), so that the equation can be solved by hand.
    assert ESTIMATORS["paule_mandel"](y, v).tau2 == pytest.approx(6.0)
    best = optimize.minimize_scalar(
        lambda t: -kernels_tau2.full_log_likelihood(y, v, np.asarray(t)),
        bounds=(0, 50),
        method="bounded",
    )
    assert ESTIMATORS["maximum_likelihood"](y, v).tau2 == pytest.approx(best.x, rel=1e-4)
