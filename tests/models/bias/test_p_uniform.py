"""p-uniform and p-uniform* beside simulation, quadrature and a grid, and what they refuse."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, optimize, special, stats

from evidence.effects.table import EffectTable, table_of
from evidence.errors import FitError
from evidence.models.bias.checks import FewStudiesWarning
from evidence.models.bias.kernels_p_uniform import (
    StarData,
    log_conditional_p,
    star_log_likelihood,
)
from evidence.models.bias.p_uniform import p_uniform, p_uniform_star

METHODS = ("sum", "fisher", "fisher_complement", "kolmogorov_smirnov")
Z = stats.norm.isf(0.025)


def example(seed: int = 4, k: int = 24, mu: float = 0.35, tau: float = 0.2) -> EffectTable:
    random = np.random.default_rng(seed)
    s = random.uniform(0.08, 0.4, k)
    return table_of(random.normal(mu, np.sqrt(s**2 + tau**2)), s)


TABLE = example()
Y = TABLE.rows["estimate"].to_numpy(dtype=float)
S = TABLE.rows["std_error"].to_numpy(dtype=float)


def test_conditional_p_values_are_those_of_simulated_significant_estimates() -> None:
    draws = np.random.default_rng(1).normal(0.3, 0.2, 400_000)
    kept = draws[draws > 0.2 * Z]
    for y in (0.45, 0.6, 0.9):
        ours = np.exp(log_conditional_p(np.array([y]), np.array([0.2]), np.array([0.2 * Z]), 0.3))
        assert ours[0] == pytest.approx((kept >= y).mean(), abs=4e-3)


@pytest.mark.parametrize("method", METHODS)
def test_at_the_estimate_the_p_values_are_uniform_in_the_sense_of_the_method(method: str) -> None:
    found = p_uniform(TABLE, method=method)
    which = Z * S < Y
    q = np.exp(log_conditional_p(Y[which], S[which], Z * S[which], found.estimate))
    k = len(q)
    assert found.significant == k
    if method == "sum":
        assert q.mean() == pytest.approx(0.5, abs=1e-9)
    elif method == "fisher":
        assert -np.log(q).sum() == pytest.approx(k)
    elif method == "fisher_complement":
        assert -np.log1p(-q).sum() == pytest.approx(k)
    else:
        own = stats.kstest(q, "uniform").statistic
        for nearby in np.linspace(found.estimate - 0.3, found.estimate + 0.3, 61):
            other = np.exp(log_conditional_p(Y[which], S[which], Z * S[which], float(nearby)))
            assert stats.kstest(other, "uniform").statistic >= own - 1e-9


def test_interval_covers_and_tests_hold_their_level() -> None:
    random = np.random.default_rng(8)
    inside = small = 0
    for _ in range(120):
        s = random.uniform(0.1, 0.3, 60)
        y = random.normal(0.2, s)
        found = p_uniform(table_of(y, s))
        assert found.ci_low is not None
        assert found.ci_high is not None
        assert found.bias_p is not None
        inside += found.ci_low <= 0.2 <= found.ci_high
        small += found.bias_p < 0.05
    assert 106 <= inside <= 119
    assert small <= 13


@settings(deadline=None, max_examples=15)
@given(st.floats(1e-6, 1e6), st.permutations(range(24)), st.sampled_from(METHODS))
def test_scale_order_and_sign_do_not_matter(c: float, order: list[int], method: str) -> None:
    one = p_uniform(TABLE, method=method)
    other = p_uniform(table_of(-c * Y[order], c * S[order]), method=method, favours="less")
    assert other.estimate == pytest.approx(-c * one.estimate, rel=1e-8)
    if one.ci_low is not None:
        assert other.ci_high == pytest.approx(-c * one.ci_low, rel=1e-8)
        assert other.p == pytest.approx(one.p, rel=1e-8)
        assert other.bias_p == pytest.approx(one.bias_p, rel=1e-8)


def test_star_densities_integrate_to_one_on_each_side() -> None:
    v, cut = np.array([0.09]), np.array([0.3 * Z])

    def density(y: float, *, significant: bool) -> float:
        data = StarData(np.array([y]), v, cut, np.array([significant]))
        return float(np.exp(star_log_likelihood(data, np.array(0.2), np.array(0.05))))

    above = integrate.quad(lambda y: density(y, significant=True), cut[0], 4)[0]
    below = integrate.quad(lambda y: density(y, significant=False), -4, cut[0])[0]
    assert above == pytest.approx(1.0, abs=1e-8)
    assert below == pytest.approx(1.0, abs=1e-8)


def height(mu: float, tau2: float) -> float:
    sd = np.sqrt(S**2 + tau2)
    sure = Z * S < Y
    room = np.where(sure, stats.norm.sf(Z * S, mu, sd), stats.norm.cdf(Z * S, mu, sd))
    return float((stats.norm.logpdf(Y, mu, sd) - np.log(room)).sum())


def test_star_is_the_highest_point_and_its_ends_are_where_the_profile_falls() -> None:
    found = p_uniform_star(TABLE)
    best = height(found.estimate, found.tau2)
    mus, tau2s = np.linspace(-0.5, 1.0, 31), np.concatenate([[0.0], np.geomspace(1e-3, 2, 30)])
    grid = np.array([[height(m, t) for t in tau2s] for m in mus])
    assert grid.max() <= best + 1e-9
    assert grid.max() > best - 0.2
    drop = special.chdtri(1, 0.05) / 2

    def over_tau2(mu: float) -> float:
        search = optimize.minimize_scalar(lambda t: -height(mu, t), bounds=(0, 1), method="bounded")
        return max(-float(search.fun), height(mu, 0.0))

    def over_mu(tau2: float) -> float:
        return -float(optimize.minimize_scalar(lambda m: -height(m, tau2), bounds=(-1, 1)).fun)

    for end in (found.ci_low, found.ci_high):
        assert end is not None
        assert over_tau2(end) == pytest.approx(best - drop, abs=1e-5)
    assert found.tau2_ci_high is not None
    for end in (found.tau2_ci_low, found.tau2_ci_high):
        if end > 0:
            assert over_mu(end) == pytest.approx(best - drop, abs=1e-5)
    assert found.statistic == pytest.approx(2 * (best - over_tau2(0.0)), abs=1e-5)
    assert found.tau2_statistic == pytest.approx(2 * (best - over_mu(0.0)), abs=1e-5)


@settings(deadline=None, max_examples=10)
@given(st.floats(1e-6, 1e6), st.permutations(range(24)))
def test_star_follows_scale_order_and_sign(c: float, order: list[int]) -> None:
    one = p_uniform_star(TABLE)
    other = p_uniform_star(table_of(-c * Y[order], c * S[order]), favours="less")
    assert other.estimate == pytest.approx(-c * one.estimate, rel=1e-5)
    assert other.tau2 == pytest.approx(c**2 * one.tau2, rel=1e-5)
    assert other.ci_high == pytest.approx(-c * one.ci_low, rel=1e-5, abs=1e-6 * c)
    assert other.p == pytest.approx(one.p, rel=1e-6)


def test_no_spread_gives_tau2_zero_at_the_edge() -> None:
    s = np.linspace(0.1, 0.4, 12)
    found = p_uniform_star(table_of(np.full(12, 0.2), s))
    assert found.tau2 == 0.0
    assert found.tau2_ci_low == 0.0
    assert found.tau2_p == 0.5


def test_a_likelihood_without_maximum_is_refused() -> None:
    # All just significant: the further below, the better.
    s = np.linspace(0.1, 0.4, 12)
    with pytest.raises(FitError, match="rises without end"):
        p_uniform_star(table_of(Z * s * 1.001, s))


def test_an_end_that_the_likelihood_never_reaches_is_none() -> None:
    s = np.linspace(0.1, 0.4, 12)
    y = Z * s * np.array([1.1, 1.5, 1.2, 1.4, 1.3, 1.6, 1.1, 1.5, 1.2, 1.4, 1.3, 1.6])
    found = p_uniform_star(table_of(y, s))
    assert found.ci_low is None
    assert "never falls" in str(found.reason)
    assert "none to" in str(found)


def test_what_is_refused_or_warned_of() -> None:
    few = table_of(Y[:9], S[:9])
    for call in (p_uniform, p_uniform_star):
        with pytest.warns(FewStudiesWarning, match="9 studies"):
            call(few)
        with pytest.raises(FitError, match="at least 3"):
            call(table_of(Y[:2], S[:2]))
        with pytest.raises(FitError, match="fraction"):
            call(TABLE, alpha=5.0)
        with pytest.raises(FitError, match="did you mean"):
            call(TABLE, favours="grater")
        with pytest.raises(FitError, match="no study is significant"):
            call(TABLE, favours="less", alpha=1e-6)
    with pytest.raises(FitError, match="did you mean"):
        p_uniform(TABLE, method="fishr")  # type: ignore[arg-type]


def test_texts_name_what_was_used() -> None:
    assert f"{(Z * S < Y).sum()} significant of 24 studies" in str(p_uniform(TABLE))
    plain = p_uniform(TABLE, method="kolmogorov_smirnov")
    assert "CI" not in str(plain)
    assert "estimate alone" in str(plain.reason)
    assert "p-uniform*, " in str(p_uniform_star(TABLE))
