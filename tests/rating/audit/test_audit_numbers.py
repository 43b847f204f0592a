"""The arithmetic of the audit: rounding, granularity, P values from printed summaries."""

import math
from itertools import product

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy import stats

from evidence.rating.audit import chance, granularity, rounding

finite = st.floats(-1e6, 1e6, allow_nan=False)


@given(finite, st.integers(0, 5))
def test_a_rounded_figure_spans_what_was_rounded(value: float, places: int) -> None:
    printed = round(value, places)
    low, high = rounding.span(printed)
    assert low <= value <= high
    assert rounding.decimals(printed) <= places


@given(st.lists(st.floats(0.001, 999), min_size=1, max_size=3), st.integers(1, 3))
def test_figures_that_stand_together_span_what_was_rounded(
    values: list[float], places: int
) -> None:
    printed = [round(v, places) for v in values]
    for value, (low, high) in zip(values, rounding.together(printed), strict=True):
        assert low <= value <= high


@pytest.mark.parametrize(
    ("value", "decimals", "digits"),
    [(0.0, 0, 1), (12.0, 0, 2), (1.10, 1, 2), (0.05, 2, 1), (1e-7, 7, 1), (-3.25, 2, 3)],
)
def test_decimals_and_digits(value: float, decimals: int, digits: int) -> None:
    assert (rounding.decimals(value), rounding.digits(value)) == (decimals, digits)


def test_log_spans_reach_minus_infinity() -> None:
    assert rounding.log_span((0.0, 1.0)) == (-math.inf, 0.0)


scores = st.lists(st.integers(0, 30), min_size=2, max_size=40)


@given(scores, st.integers(0, 3))
def test_whole_numbers_are_never_refused(raw: list[int], places: int) -> None:
    mean, sd = float(np.mean(raw)), float(np.std(raw, ddof=1))
    assert granularity.grim_mean(round(mean, places), len(raw))
    assert granularity.grimmer(round(mean, places), round(sd, places), len(raw))


@given(st.integers(1, 3000), st.data(), st.integers(0, 2))
def test_shares_of_whole_people_are_never_refused(n: int, data: st.DataObject, places: int) -> None:
    events = data.draw(st.integers(0, n))
    assert granularity.grim_percent(round(100 * events / n, places), n)


def test_grimmer_agrees_with_all_sets_of_small_numbers() -> None:
    possible = set()
    for raw in product(range(6), repeat=4):
        possible.add((round(float(np.mean(raw)), 2), round(float(np.std(raw, ddof=1)), 2)))
    refused = 0
    for mean in {m for m, _ in possible}:
        for sd in np.round(np.arange(0, 3, 0.01), 2):
            allowed = granularity.grimmer(mean, float(sd), 4)
            assert allowed or (mean, float(sd)) not in possible
            refused += not allowed
    assert refused > 1000


@pytest.mark.parametrize(("percent", "n"), [(35.0, 12), (50.0, 15), (8.0, 15), (0.4, 100)])
def test_shares_that_no_people_give(percent: float, n: int) -> None:
    assert not granularity.grim_percent(percent, n)


def test_published_examples_of_grim_and_grimmer() -> None:
    # Brown and Heathers 2017: 5.19 of 28 answers; Anaya's and Allard's 3.44 (2.47) of 18.
    assert not granularity.grim_mean(5.19, 28)
    assert granularity.grim_mean(5.18, 28)
    assert not granularity.grimmer(3.44, 2.47, 18)
    assert granularity.grim_mean(3.44, 18)


def test_many_people_are_not_informative() -> None:
    assert not granularity.informative(5.2, 10)
    assert granularity.informative(5.25, 10)


samples = st.integers(0, 2**32 - 1)


@settings(max_examples=60, deadline=None)
@given(samples, st.integers(3, 60), st.integers(3, 60), st.integers(0, 3))
def test_the_spans_hold_the_test_of_the_raw_data(seed: int, n: int, m: int, places: int) -> None:
    rng = np.random.default_rng(seed)
    a, b = rng.normal(10, 3, n), rng.normal(10 + rng.normal(0, 2), rng.uniform(1, 5), m)
    true = chance.z_of_p(float(stats.ttest_ind(a, b, equal_var=False).pvalue))
    means = [rounding.span(round(float(x.mean()), places)) for x in (a, b)]
    errors = [rounding.span(round(float(stats.sem(x)), places + 1)) for x in (a, b)]
    low, high = chance.welch_span(means, errors, (n, m))
    # The degrees of freedom are those of the ends of the spans, not of the raw data.
    slack = 0.15 * (1 + true) if min(n, m) < 8 else 0.02 * (1 + true)
    assert low - slack <= true <= high + slack


@settings(max_examples=60, deadline=None)
@given(samples, st.integers(2, 4), st.integers(0, 2))
def test_the_span_of_the_analysis_of_variance_holds_that_of_the_raw_data(
    seed: int, arms: int, places: int
) -> None:
    rng = np.random.default_rng(seed)
    raw = [rng.normal(20, 4, rng.integers(4, 40)) for _ in range(arms)]
    true = float(stats.f_oneway(*raw).pvalue)
    means = [rounding.span(round(float(x.mean()), places)) for x in raw]
    sds = [rounding.span(round(float(x.std(ddof=1)), places)) for x in raw]
    low, high = chance.anova_span(means, sds, [float(len(x)) for x in raw])
    # The move to the ends is a bound for two arms, and near one for more.
    slack = 1e-9 if arms == 2 else 0.1
    assert low - slack <= true <= high + slack


@given(st.integers(0, 40), st.integers(0, 40), st.integers(0, 40), st.integers(0, 40))
def test_fisher_is_that_of_scipy(a: int, b: int, c: int, d: int) -> None:
    assume(a + b > 0 and c + d > 0)
    expected = float(stats.fisher_exact([[a, b], [c, d]])[1])
    assert chance.fisher_p(a, a + b, c, c + d) == pytest.approx(expected, rel=1e-6)


def test_fisher_of_large_tables() -> None:
    expected = float(stats.fisher_exact([[71, 3021], [51, 3043]])[1])
    assert chance.fisher_p(71, 3092, 51, 3094) == pytest.approx(expected, rel=1e-6)


@given(st.integers(1, 30), st.integers(1, 30), st.integers(0, 30), st.integers(0, 30))
def test_the_span_of_a_table_holds_every_usual_test(a: int, c: int, b: int, d: int) -> None:
    low, high = chance.table_span(((a, a), a + b), ((c, c), c + d))
    table = [[a, b], [c, d]]
    ps = [float(stats.fisher_exact(table)[1])]
    if b + d > 0:
        ps += [float(stats.chi2_contingency(table, correction=k)[1]) for k in (False, True)]
    for p in ps:
        assert low - 1e-6 <= chance.z_of_p(p) <= high + 1e-6


def test_ends_of_small_p_and_certain_events() -> None:
    assert chance.z_of_p(0.0) == chance.LARGEST_Z
    assert chance.welch((1.0, 1.0), (0.0, 0.0), (5, 5)) == 0.0
    assert chance.welch((1.0, 2.0), (0.0, 0.0), (5, 5)) == chance.LARGEST_Z
    assert chance.anova_p([1, 2], [0, 0], [5, 5]) == 0.0
    assert chance.anova_p([1, 1], [0, 0], [5, 5]) == 1.0
    assert chance.variance_ratio_p([1, 0], [5, 5]) == 0.0
    assert chance.table_span(((0, 0), 10), ((0, 0), 10)) == (0.0, 0.0)
    assert chance.p_of_z(0) == 1.0


def test_a_percentage_that_crosses_allows_no_difference() -> None:
    assert chance.table_span(((9.0, 11.0), 100), ((10.0, 12.0), 100))[0] == 0.0


@given(st.floats(0.001, 0.999))
def test_quantiles_of_t_lie_beyond_those_of_the_normal(level: float) -> None:
    assert chance.t_quantile(level, 5) > chance.t_quantile(level, math.inf)
