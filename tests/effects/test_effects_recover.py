"""Every rule of recovery against an independent computation, and its properties."""

import inspect
import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.contingency_tables import Table2x2
from statsmodels.stats.weightstats import CompareMeans, DescrStatsW

from evidence.effects import counts, recover

size = st.integers(3, 5000)
spread = st.floats(1e-3, 1e3)
value = st.floats(-1e3, 1e3).filter(lambda x: abs(x) > 1e-3)
positive = st.floats(1e-2, 1e3)
probability = st.floats(1e-12, 0.999)
correlation = st.floats(-0.99, 0.99)
CLOSE = {"rel": 1e-9, "abs": 1e-12}


@given(spread, size)
def test_sd_to_se_and_back(sd: float, n: int) -> None:
    assert recover.sd_from_se(recover.se_from_sd(sd, n), n) == pytest.approx(sd)


@given(value, spread)
def test_se_to_p_to_se_by_the_normal(estimate: float, se: float) -> None:
    p = 2 * stats.norm.sf(abs(estimate) / se)
    assume(1e-300 < p < 0.9999)
    assert recover.se_from_p(estimate, p) == pytest.approx(se, rel=1e-6)


@given(value, spread, st.integers(1, 10_000))
def test_se_to_p_to_se_by_t(estimate: float, se: float, df: int) -> None:
    p = 2 * stats.t.sf(abs(estimate) / se, df)
    assume(1e-200 < p < 0.9999)
    assert recover.se_from_p_t(estimate, p, df) == pytest.approx(se, rel=1e-6)


@given(value, spread, st.floats(0.5, 0.999))
def test_se_to_interval_to_se(estimate: float, se: float, level: float) -> None:
    low, high = stats.norm.interval(level, estimate, se)
    assert recover.se_from_ci(low, high, level) == pytest.approx(se, rel=1e-7)


@given(st.floats(-3, 3), st.floats(0.01, 3), st.floats(0.5, 0.999))
def test_se_to_interval_of_a_ratio_to_se(estimate: float, se: float, level: float) -> None:
    low, high = np.exp(stats.norm.interval(level, estimate, se))
    assert recover.log_se_from_ci(low, high, level) == pytest.approx(se, rel=1e-7)


@given(value, spread, st.integers(1, 10_000), st.floats(0.5, 0.999))
def test_se_to_t_interval_to_se(mean: float, se: float, df: int, level: float) -> None:
    low, high = stats.t.interval(level, df, mean, se)
    assert recover.se_from_ci_t(low, high, level, df) == pytest.approx(se, rel=1e-6)


def test_se_from_p_t_is_the_two_sample_t_test_of_raw_data() -> None:
    rng = np.random.default_rng(1)
    first, second = rng.normal(1, 2, 14), rng.normal(0, 2, 19)
    compared = CompareMeans(DescrStatsW(first), DescrStatsW(second))
    p, df = compared.ttest_ind(usevar="pooled")[1:]
    assert df == recover.degrees_of_freedom(14, 19)
    found = recover.se_from_p_t(first.mean() - second.mean(), p, df)
    assert found == pytest.approx(compared.std_meandiff_pooledvar)


def test_se_from_p_t_is_the_paired_t_test_of_raw_data() -> None:
    rng = np.random.default_rng(2)
    first, second = rng.normal(1, 2, 14), rng.normal(0, 2, 14)
    p = stats.ttest_rel(first, second).pvalue
    apart = first - second
    found = recover.se_from_p_t(apart.mean(), p, recover.degrees_of_freedom_paired(14))
    assert found == pytest.approx(stats.sem(apart))


def test_se_from_ci_t_is_the_interval_of_raw_data() -> None:
    data = np.random.default_rng(3).normal(5, 2, 12)
    low, high = DescrStatsW(data).tconfint_mean()
    df = recover.degrees_of_freedom_paired(12)
    assert recover.se_from_ci_t(low, high, 0.95, df) == pytest.approx(stats.sem(data))


@given(value, probability, st.floats(1e-3, 1e3))
def test_se_from_p_is_equivariant_to_scale_and_blind_to_sign(
    estimate: float, p: float, factor: float
) -> None:
    se = recover.se_from_p(estimate, p)
    assert recover.se_from_p(factor * estimate, p) == pytest.approx(factor * se)
    assert recover.se_from_p(-estimate, p) == se
    assert se > 0


@given(value, probability, st.integers(2, 500))
def test_se_from_p_by_t_is_below_that_by_the_normal(estimate: float, p: float, df: int) -> None:
    assert recover.se_from_p_t(estimate, p, df) <= recover.se_from_p(estimate, p) * (1 + 1e-9)


@given(spread, spread, correlation)
def test_se_of_change(first: float, second: float, r: float) -> None:
    covariance = np.array([[first**2, r * first * second], [r * first * second, second**2]])
    apart = np.array([-1.0, 1.0])
    found = recover.se_of_change(first, second, r)
    assert found**2 == pytest.approx(apart @ covariance @ apart, rel=1e-6)
    assert found == pytest.approx(recover.se_of_change(second, first, r), **CLOSE)


def test_se_of_change_of_simulated_people() -> None:
    rng = np.random.default_rng(4)
    data = rng.multivariate_normal([5, 4], [[4, 0.6 * 2 * 3], [0.6 * 2 * 3, 9]], size=4000)
    data = (data - data.mean(0)) @ np.linalg.inv(np.linalg.cholesky(np.cov(data.T)).T)
    data = data @ np.linalg.cholesky([[4, 3.6], [3.6, 9]]).T  # its own correlation is exactly 0.6
    first, second = stats.sem(data)
    assert recover.se_of_change(first, second, 0.6) == pytest.approx(
        stats.sem(data[:, 1] - data[:, 0])
    )


@given(value, value, spread, spread)
def test_swapping_the_arms_turns_the_sign_and_keeps_the_error(
    a: float, b: float, s: float, t: float
) -> None:
    assert recover.difference(a, b) == pytest.approx(-recover.difference(b, a))
    assert recover.se_of_difference(s, t) == pytest.approx(recover.se_of_difference(t, s))
    assert recover.se_of_difference(s, t) == pytest.approx(math.sqrt(s**2 + t**2))


@given(positive, positive, spread, spread)
def test_swapping_the_arms_of_a_ratio(a: float, b: float, s: float, t: float) -> None:
    assert recover.log_ratio(a, b) == pytest.approx(-recover.log_ratio(b, a), **CLOSE)
    one = recover.se_log_ratio_of_means(s, a, t, b)
    assert one == pytest.approx(recover.se_log_ratio_of_means(t, b, s, a))
    assert one == pytest.approx(recover.se_log_ratio_of_paired_means(s, a, t, b, 0.0))


@given(positive, positive, spread, spread, st.floats(1e-3, 1e3))
def test_a_log_ratio_has_no_unit(a: float, b: float, s: float, t: float, factor: float) -> None:
    turned = recover.log_ratio(factor * a, factor * b)
    assert turned == pytest.approx(recover.log_ratio(a, b), **CLOSE)
    error = recover.se_log_ratio_of_means(factor * s, factor * a, factor * t, factor * b)
    assert error == pytest.approx(recover.se_log_ratio_of_means(s, a, t, b))


def test_the_error_of_a_log_ratio_of_means_by_simulation() -> None:
    rng = np.random.default_rng(5)
    n, m, repeats = 80, 60, 20_000
    first = rng.normal(10, 2 / math.sqrt(n), repeats)
    second = rng.normal(20, 6 / math.sqrt(m), repeats)
    expected = recover.se_log_ratio_of_means(2 / math.sqrt(n), 10, 6 / math.sqrt(m), 20)
    assert np.std(np.log(first / second)) == pytest.approx(float(expected), rel=0.02)


def test_the_error_of_a_log_ratio_of_paired_means_by_simulation() -> None:
    rng = np.random.default_rng(6)
    s, t, r = 0.4, 0.9, 0.7
    means = rng.multivariate_normal([10, 20], [[s**2, r * s * t], [r * s * t, t**2]], 20_000)
    expected = recover.se_log_ratio_of_paired_means(s, 10, t, 20, r)
    assert np.std(np.log(means[:, 0] / means[:, 1])) == pytest.approx(float(expected), rel=0.02)


@given(st.floats(-99, 500), st.floats(-99, 500))
def test_percent_changes_are_ratios(first: float, second: float) -> None:
    ratio = (1 + first / 100) / (1 + second / 100)
    assert recover.log_ratio_of_percent_changes(first, second) == pytest.approx(
        math.log(ratio), abs=1e-9
    )
    one = recover.log_ratio_from_percent_change(first)
    assert one - recover.log_ratio_from_percent_change(second) == pytest.approx(
        math.log(ratio), abs=1e-9
    )


@given(st.floats(-90, 300), st.floats(0.1, 20))
def test_the_error_of_a_percent_change_is_the_slope_of_its_logarithm(p: float, se: float) -> None:
    step = 1e-5
    up, down = (recover.log_ratio_from_percent_change(p + d) for d in (step, -step))
    slope = (up - down) / (2 * step)
    assert recover.se_log_ratio_from_percent_change(se, p) == pytest.approx(se * slope, rel=1e-4)


@given(value, value, value, value)
def test_a_difference_of_changes(a: float, b: float, c: float, d: float) -> None:
    assert recover.difference_of_changes(a, b, c, d) == pytest.approx((a - b) - (c - d), abs=1e-9)
    turned = recover.difference_of_changes(c, d, a, b)
    assert turned == pytest.approx(-recover.difference_of_changes(a, b, c, d), abs=1e-9)


tables = st.tuples(size, size).flatmap(
    lambda sizes: st.tuples(
        st.integers(0, sizes[0]), st.just(sizes[0]), st.integers(0, sizes[1]), st.just(sizes[1])
    )
)


@given(tables)
def test_ratios_of_events_against_statsmodels(cells: tuple[int, int, int, int]) -> None:
    a, n, c, m = cells
    assume(not (a == c == 0 or (a == n and c == m)))
    four = np.array([[a, n - a], [c, m - c]], dtype=float)
    # statsmodels' own shift_zeros adds a half to the empty cell alone, which is biased.
    two = Table2x2(four + 0.5 * (four == 0).any(), shift_zeros=False)
    assert counts.log_odds_ratio(a, n, c, m) == pytest.approx(two.log_oddsratio, rel=1e-7, abs=1e-9)
    assert counts.se_log_odds_ratio(a, n, c, m) == pytest.approx(two.log_oddsratio_se)
    assert counts.log_risk_ratio(a, n, c, m) == pytest.approx(two.log_riskratio, rel=1e-7, abs=1e-9)
    assert counts.se_log_risk_ratio(a, n, c, m) == pytest.approx(two.log_riskratio_se)


@given(tables)
def test_swapping_the_arms_of_events(cells: tuple[int, int, int, int]) -> None:
    a, n, c, m = cells
    for ratio, error in (
        (counts.log_risk_ratio, counts.se_log_risk_ratio),
        (counts.log_odds_ratio, counts.se_log_odds_ratio),
    ):
        assert ratio(a, n, c, m) == pytest.approx(-ratio(c, m, a, n), abs=1e-9)
        assert error(a, n, c, m) == pytest.approx(error(c, m, a, n))
    ratio, error = counts.log_odds_ratio, counts.se_log_odds_ratio
    assert ratio(a, n, c, m) == pytest.approx(-ratio(n - a, n, m - c, m), abs=1e-9)
    assert error(a, n, c, m) == pytest.approx(error(n - a, n, m - c, m))


def test_an_arm_without_events_by_hand() -> None:
    assert counts.log_risk_ratio(0, 50, 5, 50) == pytest.approx(math.log((0.5 / 51) / (5.5 / 51)))
    assert counts.se_log_risk_ratio(0, 50, 5, 50) == pytest.approx(
        math.sqrt(1 / 0.5 - 1 / 51 + 1 / 5.5 - 1 / 51)
    )
    assert counts.log_odds_ratio(0, 50, 5, 50) == pytest.approx(math.log(0.5 * 45.5 / (50.5 * 5.5)))


@given(st.integers(1, 20_000), st.data())
def test_counts_from_a_percentage_hold_the_true_count(total: int, data: st.DataObject) -> None:
    events = data.draw(st.integers(0, total))
    percent = round(100 * events / total, 1)
    nearest = float(counts.events_from_percent_nearest(percent, total))
    fewest = float(counts.events_from_percent_fewest(percent, total))
    most = float(counts.events_from_percent_most(percent, total))
    exact = 100 * events / total
    # A count whose percentage lies on the edge of rounding may be printed either way.
    assume(abs(abs(exact - percent) - 0.05) > 1e-6)
    assert fewest <= events <= most
    assert fewest <= nearest <= most
    assert fewest >= 0
    assert most <= total


@pytest.mark.parametrize("percent", [0.0, 0.04, 99.96, 100.0])
def test_counts_from_a_percentage_stay_within_the_arm(percent: float) -> None:
    for rule in (
        counts.events_from_percent_fewest,
        counts.events_from_percent_nearest,
        counts.events_from_percent_most,
    ):
        assert 0 <= float(rule(percent, 5000)) <= 5000


@given(st.integers(2, 40), st.integers(2, 40), st.integers(0, 10_000))
def test_combined_arms_are_the_pooled_people(n: int, m: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    first, second = rng.normal(1, 2, n), rng.normal(4, 1, m)
    everyone = np.concatenate([first, second])
    means = (n, first.mean(), m, second.mean())
    assert recover.combined_mean(*means) == pytest.approx(everyone.mean())
    found = recover.combined_se(
        n, first.mean(), stats.sem(first), m, second.mean(), stats.sem(second)
    )
    assert found == pytest.approx(stats.sem(everyone))
    assert recover.combined_n(n, m) == len(everyone)


def test_rules_take_arrays() -> None:
    estimates, ps = np.array([1.0, -2.0]), np.array([0.05, 0.01])
    expected = [recover.se_from_p(e, p) for e, p in zip(estimates, ps, strict=True)]
    assert recover.se_from_p(estimates, ps) == pytest.approx(np.array(expected))
    rows = (np.array([0, 5]), np.array([50, 50]), np.array([5, 4]), np.array([50, 60]))
    both = counts.se_log_risk_ratio(*rows)
    assert both[0] == pytest.approx(counts.se_log_risk_ratio(0, 50, 5, 50))
    assert both[1] == pytest.approx(counts.se_log_risk_ratio(5, 50, 4, 60))


@given(positive, positive, positive, positive)
def test_percent_of_baseline(a: float, b: float, c: float, d: float) -> None:
    assert recover.percent_of_own_baseline(a, b) == pytest.approx(100 * (a - b) / b, **CLOSE)
    common = recover.percent_of_common_baseline(a, b, c, d)
    assert common == pytest.approx(100 * ((a - b) - (c - d)) / ((b + d) / 2), rel=1e-6, abs=1e-6)
    # From one baseline both ways agree.
    own = recover.percent_of_own_baseline(a, b) - recover.percent_of_own_baseline(c, b)
    same = recover.percent_of_common_baseline(a, b, c, b)
    assert own == pytest.approx(same, rel=1e-6, abs=1e-6)


@given(st.integers(0, 200), st.integers(1, 200))
def test_log_odds_of_one_group_are_those_of_its_two_cells(events: int, others: int) -> None:
    a, b = (events, others) if events else (0.5, others + 0.5)
    assert counts.log_odds(events, events + others) == pytest.approx(math.log(a / b))
    assert counts.se_log_odds(events, events + others) == pytest.approx(math.sqrt(1 / a + 1 / b))
    if events:
        percent = 100 * events / (events + others)
        assert counts.log_odds_of_percent(percent) == pytest.approx(math.log(a / b), abs=1e-9)


@given(positive, spread)
def test_the_relative_error_is_that_of_a_logarithm(mean: float, se: float) -> None:
    slope = (math.log(mean * (1 + 1e-6)) - math.log(mean)) / (mean * 1e-6)
    assert recover.relative_se(se, mean) == pytest.approx(se * slope, rel=1e-5)


def test_every_rule_is_tested_here() -> None:
    text = inspect.getsource(inspect.getmodule(test_rules_take_arrays))  # type: ignore[arg-type]
    rules = [f"{home.__name__.rpartition('.')[2]}.{name}" for home in (recover, counts)
             for name, rule in vars(home).items()
             if inspect.isfunction(rule) and not name.startswith("_")]  # fmt: skip
    assert len(rules) > 25
    assert [name for name in rules if name not in text] == []
    assert recover.negative(2.0) == -2.0
    pair = np.array([1.0, 4.0]), np.array([0.5, 2.0])
    assert recover.weighted_mean(1.0, 0.5, 4.0, 2.0) == pytest.approx(
        np.average(pair[0], weights=pair[1] ** -2)
    )
    assert recover.se_of_weighted_mean(0.5, 2.0) == pytest.approx((pair[1] ** -2).sum() ** -0.5)
    assert recover.logarithm(math.e) == pytest.approx(1.0)
    assert recover.convert_unit(2.0, 3.0) == 6.0
