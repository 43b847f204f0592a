"""Meta-regression beside its formulas written out, and beside a grid of its likelihood."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from evidence.effects.table import EffectTable, table_of
from evidence.models.frequentist.options import TAU2_METHODS
from evidence.models.frequentist.pool import pool
from evidence.models.regression.kernels_gls_tau2 import estimate_tau2
from evidence.models.regression.kernels_spread import spread_derivatives
from evidence.models.regression.likelihood_ratio import likelihood_ratio_test
from evidence.models.regression.location_scale import location_scale
from evidence.models.regression.permutation import permutation_test
from evidence.models.regression.regression import meta_regression
from evidence.models.regression.wald import linear_hypotheses, omnibus_test, predict

NAMED = [name for name in TAU2_METHODS if name != "generalised_q"]


def example(seed: int = 1, k: int = 14) -> tuple[EffectTable, pd.DataFrame]:
    random = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {"dose": random.normal(size=k), "arm": random.permutation(["a", "b"] * (k // 2))}
    )
    s = random.uniform(0.1, 0.5, size=k)
    y = 0.2 + 0.5 * frame["dose"].to_numpy() + random.normal(size=k) * np.sqrt(s**2 + 0.2)
    return table_of(y, s), frame


def arrays(table: EffectTable, frame: pd.DataFrame) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    x = np.column_stack([np.ones(len(frame)), frame["dose"], frame["arm"] == "b"])
    v = table.rows["std_error"].to_numpy(dtype=float) ** 2
    return table.rows["estimate"].to_numpy(dtype=float), v, x.astype(float)


def test_coefficients_are_generalised_least_squares() -> None:
    table, frame = example()
    y, v, x = arrays(table, frame)
    fit = meta_regression(table, frame, tau2=0.3, test="knapp_hartung")
    w = np.diag(1.0 / (v + 0.3))
    inverse = np.linalg.inv(x.T @ w @ x)
    b = inverse @ x.T @ w @ y
    rest = y - x @ b
    q = rest @ w @ rest / (len(y) - 3)
    np.testing.assert_allclose(fit.estimates, b, rtol=1e-11)
    np.testing.assert_allclose(fit.covariance, q * inverse, rtol=1e-10)
    assert fit.knapp_hartung_multiplier == pytest.approx(q, rel=1e-11)
    hat = x @ inverse @ x.T @ w
    np.testing.assert_allclose(
        fit.rows["residual_std_error"],
        np.sqrt(np.diag((np.eye(len(y)) - hat) @ np.diag(v + 0.3) @ (np.eye(len(y)) - hat).T)),
        rtol=1e-10,
    )


def log_likelihood(y, v, x, t: float, *, restricted: bool) -> float:
    w = np.diag(1.0 / (v + t))
    middle = x.T @ w @ x
    rest = y - x @ np.linalg.solve(middle, x.T @ w @ y)
    value = -0.5 * (np.log(v + t).sum() + rest @ w @ rest + len(y) * np.log(2 * np.pi))
    if not restricted:
        return float(value)
    value += 0.5 * (x.shape[1] * np.log(2 * np.pi) + np.linalg.slogdet(x.T @ x)[1])
    return float(value - 0.5 * np.linalg.slogdet(middle)[1])


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("method", ["reml", "maximum_likelihood"])
def test_likelihood_is_nowhere_higher_on_a_grid(seed: int, method: str) -> None:
    table, frame = example(seed)
    y, v, x = arrays(table, frame)
    restricted = method == "reml"
    fit = meta_regression(table, frame, tau2=method, test="z")
    own = fit.restricted_likelihood if restricted else fit.full_likelihood
    assert own.log_likelihood == pytest.approx(
        log_likelihood(y, v, x, fit.tau2, restricted=restricted), abs=1e-9
    )
    grid = np.concatenate([[0.0], np.geomspace(1e-5, 20.0, 400)])
    heights = [log_likelihood(y, v, x, float(t), restricted=restricted) for t in grid]
    assert own.log_likelihood >= max(heights) - 1e-10


@pytest.mark.parametrize("seed", range(4))
def test_paule_mandel_and_moments_solve_their_equations(seed: int) -> None:
    table, frame = example(seed)
    y, v, x = arrays(table, frame)
    df = len(y) - 3

    def q(t: float, a: np.ndarray) -> float:
        rest = y - x @ np.linalg.solve(x.T @ (a[:, None] * x), x.T @ (a * y))
        return float((a * rest**2).sum())

    t = meta_regression(table, frame, tau2="paule_mandel").tau2
    assert q(t, 1.0 / (v + t)) == pytest.approx(df, rel=1e-10)
    for method, a in (("dersimonian_laird", 1.0 / v), ("hedges", np.ones_like(v))):
        t = meta_regression(table, frame, tau2=method).tau2
        form = np.diag(a) - (a[:, None] * x) @ np.linalg.solve(x.T @ (a[:, None] * x), x.T * a)
        assert y @ form @ y == pytest.approx(np.trace(form @ np.diag(v + t)), rel=1e-9)


@pytest.mark.parametrize("method", NAMED)
def test_intercept_alone_is_the_pairwise_model(method: str) -> None:
    table, frame = example(3)
    fit = meta_regression(table, frame[[]], tau2=method, test="knapp_hartung_floored")
    pooled = pool(table, tau2=method)
    for name in ("estimate", "std_error", "p", "ci_low", "ci_high"):
        assert fit.terms[name].iloc[0] == pytest.approx(pooled.terms[name].iloc[0], rel=1e-8)
    own, other = fit.heterogeneity, pooled.heterogeneity
    for name in ("q", "tau2", "i2", "h2", "tau2_std_error", "tau2_ci_low", "tau2_ci_high"):
        assert getattr(own, name) == pytest.approx(getattr(other, name), rel=1e-8)
    assert fit.moderators is None
    assert fit.r2_reason == "there is no moderator"
    ours, theirs = fit.restricted_likelihood, pooled.restricted_likelihood
    assert theirs is not None
    assert ours.log_likelihood == pytest.approx(theirs.log_likelihood, rel=1e-9)


def test_weights_of_the_user_and_generalised_q() -> None:
    table, frame = example()
    y, v, x = arrays(table, frame)
    a = np.linspace(1.0, 2.0, len(y))
    fit = meta_regression(table, frame, tau2="generalised_q", weights=a, test="z")
    middle = np.linalg.inv(x.T @ (a[:, None] * x)) @ x.T * a
    np.testing.assert_allclose(fit.estimates, middle @ y, rtol=1e-10)
    total = np.diag(v + fit.tau2)
    np.testing.assert_allclose(fit.covariance, middle @ total @ middle.T, rtol=1e-9)
    form = np.diag(a) - (a[:, None] * x) @ middle
    assert y @ form @ y == pytest.approx(np.trace(form @ total), rel=1e-9)
    rest = y - x @ fit.estimates
    height = stats.norm.logpdf(rest, scale=np.sqrt(v + fit.tau2)).sum()
    assert fit.full_likelihood.log_likelihood == pytest.approx(height, rel=1e-10)


def test_predictions_hypotheses_and_tests_agree_with_each_other() -> None:
    table, frame = example()
    fit = meta_regression(table, frame, test="t")
    new = pd.DataFrame({"arm": ["b", "a"], "dose": [0.5, 0.5]}, index=["x", "y"])
    found = predict(fit, new)
    lines = linear_hypotheses(fit, [[1, 0.5, 1], [1, 0.5, 0]])
    np.testing.assert_allclose(found[["estimate", "ci_low"]], lines[["estimate", "ci_low"]])
    assert list(found.index) == ["x", "y"]
    half = stats.t.ppf(0.975, 11) * np.sqrt(found["std_error"] ** 2 + fit.tau2)
    np.testing.assert_allclose(found["prediction_high"], found["estimate"] + half, rtol=1e-10)
    one = omnibus_test(fit, "arm")
    assert one.p == pytest.approx(fit.terms["p"].iloc[2], rel=1e-9)
    assert omnibus_test(fit, ["dose", "arm[T.b]"]).statistic == fit.moderators.statistic
    assert linear_hypotheses(fit, [0, 1, 0], [fit.estimates[1]])["p"].item() == 1.0


def test_likelihood_ratio_is_twice_the_gap() -> None:
    table, frame = example()
    full = meta_regression(table, frame, tau2="maximum_likelihood")
    reduced = meta_regression(table, frame[["dose"]], tau2="maximum_likelihood")
    found = likelihood_ratio_test(full, reduced)
    gap = full.full_likelihood.log_likelihood - reduced.full_likelihood.log_likelihood
    assert (found.statistic, found.df) == (pytest.approx(2 * gap), 1)
    assert found.p == pytest.approx(stats.chi2.sf(2 * gap, 1))


def test_exact_permutations_are_refits_one_by_one() -> None:
    from itertools import permutations

    table, _ = example(5, 6)
    dose = pd.Series([1.0, 1.0, 2.0, 3.0, 4.0, 4.0])
    fit = meta_regression(table, dose.to_frame("dose"), test="z")
    found = permutation_test(fit)
    each = []
    for order in sorted(set(permutations(dose))):
        other = meta_regression(table, pd.DataFrame({"dose": order}), test="z")
        each.append(other.terms["statistic"].to_numpy())
    share = (np.abs(each) >= np.abs(fit.terms["statistic"].to_numpy()) - 1e-8).mean(0)
    assert found.iterations == len(each) == 180
    np.testing.assert_allclose(found.terms["p"], share, atol=1e-12)


def test_random_permutations_come_near_the_exact_ones_and_repeat() -> None:
    table, frame = example(5, 6)
    fit = meta_regression(table, frame[["dose"]], tau2="dersimonian_laird", test="z")
    exact, drawn = permutation_test(fit), permutation_test(fit, draws=4000, seed=1)
    assert drawn.p == pytest.approx(exact.p, abs=0.03)
    assert drawn.p == permutation_test(fit, draws=4000, seed=1).p
    assert (drawn.iterations, drawn.exact, exact.exact) == (4000, False, True)


@pytest.mark.parametrize("restricted", [True, False])
def test_slopes_of_the_spread_are_differences(restricted: bool) -> None:
    table, frame = example(2, 8)
    y, v, x = arrays(table, frame)
    basis, tau2 = np.linalg.qr(x)[0], np.linspace(0.1, 0.8, 8)
    slope, second = spread_derivatives(y, v, basis, tau2, restricted=restricted)[1:]
    for i in range(8):
        step = np.zeros(8)
        step[i] = 1e-5
        up = spread_derivatives(y, v, basis, tau2 + step, restricted=restricted)
        down = spread_derivatives(y, v, basis, tau2 - step, restricted=restricted)
        assert slope[i] == pytest.approx((up[0] - down[0]) / 2e-5, abs=1e-7)
        np.testing.assert_allclose(second[i], (up[1] - down[1]) / 2e-5, atol=1e-6)


@pytest.mark.parametrize("link", ["log", "identity"])
def test_constant_scale_is_meta_regression(link: str) -> None:
    table, frame = example(1)
    fit = location_scale(table, frame, frame[[]], link=link)
    plain = meta_regression(table, frame, test="t")
    np.testing.assert_allclose(fit.tau2, plain.tau2, rtol=1e-8)
    np.testing.assert_allclose(fit.terms["p"], plain.terms["p"], rtol=1e-6)
    assert fit.restricted_likelihood.aic == pytest.approx(plain.restricted_likelihood.aic)


def test_batches_are_fitted_one_by_one() -> None:
    table, frame = example()
    y, v, x = arrays(table, frame)
    basis = np.linalg.qr(x)[0]
    many = np.stack([y, y * 2.0, y[::-1]])
    for method in NAMED:
        together = estimate_tau2(method, many, np.stack([v, v, v]), basis).tau2
        alone = [float(estimate_tau2(method, row, v, basis).tau2) for row in many]
        np.testing.assert_allclose(together, alone, rtol=1e-9, atol=1e-12)
