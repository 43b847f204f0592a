"""Fail-safe numbers of random effects, selection ratios with robust errors, deltas at a bound."""

import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from evidence.effects.table import table_of
from evidence.errors import FitError
from evidence.models.bias.asymmetry import rank_test, regression_test
from evidence.models.bias.checks import FewStudiesWarning
from evidence.models.bias.corrected import limit_meta_analysis, selection_ratio
from evidence.models.bias.events_asymmetry import COLUMNS, events_asymmetry
from evidence.models.bias.excess import excess_significance
from evidence.models.bias.fail_safe import fail_safe_n, with_null_results
from evidence.models.bias.selection import selection_model
from evidence.models.frequentist.pool import pool

RNG = np.random.default_rng(11)
S = RNG.uniform(0.1, 0.6, 14)
Y = 0.3 + RNG.normal(0, np.sqrt(S**2 + 0.04))
TABLE = table_of(Y, S)


@pytest.mark.parametrize("exact", [False, True])
def test_general_number_is_the_least_that_undoes_the_finding(exact: bool) -> None:
    found = fail_safe_n(TABLE, kind="general", exact=exact)
    assert found.number > 1
    assert with_null_results(TABLE, found.number, exact=exact).p >= 0.05
    assert with_null_results(TABLE, found.number - 1, exact=exact).p < 0.05
    last = with_null_results(TABLE, found.number, exact=exact)
    assert (found.estimate_with, found.tau2_with, found.p_with) == tuple(last)
    assert "General" in str(found)
    goal = fail_safe_n(TABLE, kind="general", target=-0.1, exact=exact)
    assert goal.target == pytest.approx(0.1)
    assert abs(with_null_results(TABLE, goal.number, exact=exact).estimate) <= 0.1
    assert abs(with_null_results(TABLE, goal.number - 1, exact=exact).estimate) > 0.1


@pytest.mark.parametrize("number", [1, 2, 5, 8])
def test_exact_null_results_are_a_pool_of_any_with_their_spread(number: int) -> None:
    alone = pool(TABLE, ci="wald")
    own = 1 / np.mean(S**-2)
    total = (number - 1) * ((alone.heterogeneity.tau2 or 0.0) + own)
    filed = np.arange(number) - (number - 1) / 2  # another set of the same mean and variance
    filed = filed * math.sqrt(total / max(1.0, float((filed**2).sum())))
    if number == 2:
        filed = np.array([1, -1]) * math.sqrt(total / 2)
    whole = pool(
        table_of(np.append(Y, filed), np.append(S, np.full(number, math.sqrt(own)))), ci="wald"
    )
    found = with_null_results(TABLE, number, exact=True)
    assert found.estimate == pytest.approx(whole.estimate, rel=1e-9)
    assert found.tau2 == pytest.approx(whole.heterogeneity.tau2, rel=1e-7)


def test_approximate_tau2_is_the_variance_of_two_groups_with_different_means() -> None:
    alone = with_null_results(TABLE, 0)
    found = with_null_results(TABLE, 10)
    k, n = 14, 10
    grand = k * alone.estimate / (k + n)
    between = k * (alone.estimate - grand) ** 2 + n * grand**2
    expected = ((k - 1) * alone.tau2 + (n - 1) * alone.tau2 + between) / (k + n - 1)
    assert found.tau2 == pytest.approx(expected)


def test_a_finding_that_is_none_needs_no_null_results() -> None:
    none = table_of([0.1, -0.1, 0.2, -0.2], [0.3] * 4)
    assert fail_safe_n(none, kind="general").number == 0
    assert with_null_results(none, 0).p > 0.05


def test_general_number_refuses() -> None:
    sure = table_of([1.0, 1.1], [1e-6, 1e-6])
    for call, match in (
        (lambda: fail_safe_n(TABLE, kind="general", weighted=True), "would do nothing"),
        (lambda: fail_safe_n(TABLE, exact=True), "would do nothing"),
        (lambda: fail_safe_n(TABLE, kind="general", alpha=0.1, target=0.1), "with a target"),
        (lambda: fail_safe_n(TABLE, kind="general", target=0.0), "other than 0"),
        (lambda: fail_safe_n(TABLE, kind="general", tau2="rem"), "did you mean"),
        (lambda: fail_safe_n(table_of([1.0], [0.1])), "at least 2"),
        (lambda: fail_safe_n(sure, kind="general", target=1e-9), "above 10,000,000"),
        (lambda: with_null_results(TABLE, -1), "whole number"),
    ):
        with pytest.raises(FitError, match=match):
            call()


WIDE_S = RNG.uniform(0.2, 0.4, 30)
WIDE_Y = 0.3 + RNG.normal(0, np.sqrt(WIDE_S**2 + 0.04))
WIDE = table_of(WIDE_Y, WIDE_S)


def naive_robust(ratio: float, codes: list[int]) -> tuple[float, float]:
    """Weighted mean and its CR2 error by matrices, working variances equal within clusters."""
    y, s, k = WIDE_Y, WIDE_S, len(WIDE_Y)
    tau2 = pool(WIDE, ci="wald").heterogeneity.tau2 or 0.0
    weight = np.where(2 * stats.norm.sf(y / s) < 0.05, 1.0, ratio) / (s**2 + tau2)
    mean = float((weight * y).sum() / weight.sum())
    groups = [np.flatnonzero(np.array(codes) == g) for g in sorted(set(codes))]
    phi = np.zeros((k, k))
    for rows in groups:
        phi[rows, rows] = (s[rows] ** 2).mean()
    maker = np.eye(k) - np.outer(np.ones(k), weight) / weight.sum()
    total = 0.0
    for rows in groups:
        own = (maker @ phi @ maker.T)[np.ix_(rows, rows)]
        root = np.sqrt(phi[np.ix_(rows, rows)])
        values, vectors = np.linalg.eigh(root @ own @ root)
        adjust = root @ (vectors / np.sqrt(values)) @ vectors.T @ root
        total += float(weight[rows] @ adjust @ (y[rows] - mean)) ** 2
    return mean, math.sqrt(total) / float(weight.sum())


@pytest.mark.parametrize("size", [1, 2])
def test_random_selection_ratio_is_a_weighted_mean_with_cr2_error(size: int) -> None:
    codes = [i // size for i in range(30)]
    labels = None if size == 1 else [f"lab {i}" for i in codes]
    found = selection_ratio(WIDE, 3, model="random", clusters=labels)
    mean, error = naive_robust(3.0, codes)
    assert found.estimate == pytest.approx(mean, rel=1e-9)
    assert found.std_error == pytest.approx(error, rel=1e-9)
    assert found.tau2 is not None


@settings(deadline=None, max_examples=10)
@given(st.floats(1e-3, 1e3), st.permutations(range(30)))
def test_random_selection_ratio_follows_scale_and_order(c: float, order: list[int]) -> None:
    one = selection_ratio(WIDE, 4, model="random")
    other = selection_ratio(table_of(c * WIDE_Y[order], c * WIDE_S[order]), 4, model="random")
    assert other.estimate == pytest.approx(c * one.estimate, rel=1e-7)
    assert other.ci_low == pytest.approx(c * one.ci_low, rel=1e-6, abs=1e-6 * c)


def test_rows_of_one_cluster_may_share_an_arm() -> None:
    covariance = WIDE.covariance.copy()
    covariance[0, 1] = covariance[1, 0] = 0.01
    table = replace(WIDE, covariance=covariance)
    with pytest.raises(FitError, match="independent"):
        selection_ratio(table, 2, model="random")
    with pytest.raises(FitError, match="rows of different clusters share an arm"):
        selection_ratio(table, 2, model="random", clusters=range(30))
    together = [i // 2 for i in range(30)]
    found = selection_ratio(table, 2, model="random", clusters=together)
    same = selection_ratio(WIDE, 2, model="random", clusters=together)
    assert found.std_error == same.std_error


def test_clusters_are_checked() -> None:
    for call, match in (
        (lambda: selection_ratio(TABLE, 2, clusters=range(14)), "would do nothing"),
        (lambda: selection_ratio(TABLE, 2, model="random", clusters=[1, 2]), "2 labels"),
        (lambda: selection_ratio(TABLE, 2, model="random", clusters=[None] * 14), "missing"),
        (lambda: selection_ratio(TABLE, 2, model="random", clusters=[1] * 14), "one cluster"),
        (lambda: selection_ratio(TABLE, 2, model="mixed"), "unknown"),
    ):
        with pytest.raises(FitError, match=match):
            call()
    with pytest.warns(FewStudiesWarning, match="few-clusters"):
        selection_ratio(TABLE, 2, model="random", clusters=[1, 2] * 7)


def test_a_delta_at_its_bound_counts_in_the_errors() -> None:
    # The more significant, the smaller: selection the other way round.
    s = np.linspace(0.1, 0.5, 12)
    table = table_of(0.7 - 2.0 * s + 0.02 * np.cos(np.arange(12)), s)
    fit = selection_model(table, kind="half_normal", model="common")
    plain = pool(table, model="common")
    assert fit.deltas.tolist() == [0.0]
    assert fit.coefficients[0] == pytest.approx(plain.estimate)
    assert fit.delta_std_errors[0] is not None
    assert fit.std_errors[0] > plain.std_error


def test_deltas_at_bounds_that_the_data_do_not_tell_apart_have_no_errors() -> None:
    s = np.linspace(0.1, 0.5, 12)
    table = table_of(0.7 - 2.5 * s + np.random.default_rng(20).normal(0, 0.05, 12), s)
    flat = selection_model(table, kind="negative_exponential_power", model="common")
    assert flat.deltas.tolist() == [0.0, 0.0]
    assert flat.delta_std_errors == (None, None)
    assert flat.std_errors[0] == pytest.approx(pool(table, model="common").std_error, rel=1e-5)


def test_few_studies_are_refused_or_warned_of() -> None:
    few, rest = table_of(Y[:9], S[:9]), table_of(Y[:3], S[:3])
    for call in (
        regression_test,
        rank_test,
        limit_meta_analysis,
        excess_significance,
        selection_model,
    ):
        with pytest.warns(FewStudiesWarning, match="9 studies"):
            call(few)
        with pytest.raises(FitError, match="at least 3"):
            call(table_of(Y[:2], S[:2]))
    with pytest.raises(FitError, match="3 rows for 3 parameters"):
        selection_model(rest, kind="logistic")


COUNTS = pd.DataFrame(
    dict(
        zip(
            COLUMNS,
            (
                [4, 6, 3, 62, 33, 18, 8, 5, 29, 0],
                [123, 306, 231, 13598, 5069, 1541, 2545, 88391, 7499, 1716],
                [11, 29, 11, 248, 47, 36, 10, 8, 45, 65],
                [139, 303, 220, 12867, 5808, 1451, 629, 88391, 7277, 1665],
            ),
            strict=True,
        )
    )
)


@pytest.mark.parametrize("method", ["egger", "thompson", "begg"])
def test_arcsine_tests_are_the_general_ones_on_arcsine_differences(method: str) -> None:
    a, n1, c, n2 = (COUNTS[name].to_numpy(dtype=float) for name in COLUMNS)
    y = np.arcsin(np.sqrt(a / n1)) - np.arcsin(np.sqrt(c / n2))
    table = table_of(y, np.sqrt(1 / (4 * n1) + 1 / (4 * n2)))
    found = events_asymmetry(COUNTS, method=method, scale="arcsine")
    assert "arcsine" in str(found)
    if method == "begg":
        assert np.sign(found.bias) == np.sign(rank_test(table).tau)
        return
    other = regression_test(table, model="dispersion" if method == "egger" else "random")
    assert found.bias == pytest.approx(other.slope, rel=1e-8)
    assert found.std_error == pytest.approx(other.slope_std_error, rel=1e-8)


def test_arcsine_is_refused_for_tests_of_odds_ratios() -> None:
    with pytest.raises(FitError, match="is a test of odds ratios"):
        events_asymmetry(COUNTS, method="harbord", scale="arcsine")
    with pytest.raises(FitError, match="did you mean"):
        events_asymmetry(COUNTS, method="egger", scale="arcsin")


def test_what_tables_cannot_tell_is_refused() -> None:
    empty = COUNTS.assign(events_treatment=0, events_control=0)
    one = COUNTS.assign(events_treatment=0)
    one_empty = COUNTS.copy()
    one_empty.loc[0, ["events_treatment", "events_control"]] = 0
    for frame, method, match in (
        (empty, "harbord", "a table tells nothing"),
        (empty, "peters", "a table tells nothing"),
        (one, "schwarzer", "no events in any table"),
        (one_empty, "schwarzer", "a table tells nothing"),
        (COUNTS.assign(events_control="many"), "egger", "not numbers"),
        (pd.concat([COUNTS.head(1)] * 10), "begg", "all values are equal"),
    ):
        with pytest.raises(FitError, match=match):
            events_asymmetry(frame, method=method)


def test_tables_on_a_line_have_no_test() -> None:
    n = np.array([40, 80, 120, 160, 200, 240, 280, 320, 360, 400]) * 2
    same = pd.DataFrame(dict(zip(COLUMNS, [n // 4, n, n // 4, n], strict=True)))
    with pytest.raises(FitError, match="dispersion is estimated at 0"):
        events_asymmetry(same, method="peters")


@pytest.mark.parametrize("method", ["macaskill", "deeks", "begg", "thompson", "schwarzer"])
def test_event_tests_do_not_depend_on_the_order_of_tables(method: str) -> None:
    one = events_asymmetry(COUNTS, method=method)
    other = events_asymmetry(COUNTS.iloc[::-1], method=method)
    assert other.p == pytest.approx(one.p, rel=1e-9)


def brute_limit(y: np.ndarray, s: np.ndarray, alternative: str) -> float:
    """Effect at which the p value of the test is 0.1, on a fine grid from 0 on."""
    sign = 1.0 if float((y / s**2).sum()) > 0 else -1.0
    c = stats.norm.isf(0.025 if alternative == "two-sided" else 0.05) * s
    for effect in np.linspace(0, 3, 30_001):
        above = stats.norm.sf((c - effect) / s)
        below = stats.norm.cdf((-c - effect) / s) if alternative == "two-sided" else 0.0
        expected = float((above + below).sum())
        z = y / s * sign
        tail = np.abs(z) if alternative == "two-sided" else z
        observed = int((tail >= c / s).sum())
        gap = observed - expected
        chi2 = gap**2 / expected + gap**2 / (len(y) - expected)
        if stats.norm.sf(math.copysign(math.sqrt(chi2), gap)) > 0.1:
            return sign * float(effect)
    raise AssertionError("no limit")


@pytest.mark.parametrize("alternative", ["two-sided", "greater", "less"])
def test_excess_limit_is_where_the_test_loses_significance(alternative: str) -> None:
    s = np.linspace(0.2, 0.6, 12)
    y = 2.05 * s
    y[:3] = 0.05
    sign = -1.0 if alternative == "less" else 1.0
    found = excess_significance(table_of(sign * y, s), alternative=alternative)
    assert found.limit == pytest.approx(brute_limit(sign * y, s, alternative), abs=2e-4)
    other = excess_significance(
        table_of(-sign * y, s), alternative="less" if sign > 0 else "greater"
    )
    if alternative != "two-sided":
        assert other.p == pytest.approx(found.p)


def test_excess_limit_says_why_it_is_none() -> None:
    s = np.full(12, 0.3)
    none = excess_significance(table_of(np.linspace(-0.2, 0.25, 12), s))
    assert none.limit is None
    assert "an effect of 0 explains" in str(none.limit_reason)
    wrong = excess_significance(table_of(np.linspace(0.5, 0.9, 12), s), alternative="less")
    assert "opposite to the alternative" in str(wrong.limit_reason)


def test_precision_scales_the_delta() -> None:
    # Sizes in proportion to the inverse variances: the same shares by another name.
    one = selection_model(TABLE, kind="half_normal", precision="variance")
    other = selection_model(TABLE, kind="half_normal", precision="inverse_size", sizes=40 / S**2)
    assert other.coefficients[0] == pytest.approx(one.coefficients[0], rel=1e-6)
    same = table_of(Y, np.full(14, 0.3))
    alike = selection_model(same, kind="half_normal", precision="std_error")
    plain = selection_model(same, kind="half_normal")
    assert alike.deltas[0] == pytest.approx(plain.deltas[0], rel=1e-6)
    for options, match in (
        ({"kind": "beta", "precision": "std_error"}, "would do nothing"),
        ({"precision": "std_error"}, "would do nothing with kind='step'"),
        ({"kind": "power", "sizes": [10] * 14}, "name a precision by size"),
        ({"kind": "power", "precision": "variance", "sizes": [10] * 14}, "would do nothing"),
        ({"kind": "power", "precision": "inverse_size"}, "sample sizes"),
        ({"kind": "power", "precision": "varianc"}, "did you mean"),
    ):
        with pytest.raises(FitError, match=match):
            selection_model(TABLE, **options)
