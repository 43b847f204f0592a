"""What must hold of every effect size, whatever the figures."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import gammaln
from scipy.stats import multivariate_normal, norm

from evidence.effects.sizes.cells import fill_zeros
from evidence.effects.sizes.correction import (
    LARGE,
    approximate_factor,
    exact_factor,
    factor,
    weighted_mean,
)
from evidence.effects.sizes.correlations import correlation, unbiased_correlation
from evidence.effects.sizes.registry import (
    CHANGE,
    MEASURES,
    TABLE,
    TWO_MEANS,
    TWO_RATES,
    TWO_SPREADS,
    Measure,
)
from evidence.effects.sizes.tetrachoric import tetrachoric
from evidence.effects.sizes.two_by_two import phi

count = st.integers(1, 400).map(float)
table = st.tuples(count, count, count, count)
mean = st.floats(0.5, 50)
sd = st.floats(0.1, 20)
size = st.integers(3, 300).map(float)
group = st.tuples(mean, sd, size)
NOT_ANTISYMMETRIC = {"SMD1", "SMD1H", "GLASS", "CLESN", "CLESCN", "SMCR", "SMCRH"}


def of(measure: Measure | str, figures: Any, **options: Any) -> tuple[float, float]:
    measure = MEASURES[measure] if isinstance(measure, str) else measure
    with np.errstate(all="ignore"):
        y, v = measure.kernel(*(np.array([float(x)]) for x in figures), **options)
    return float(y[0]), float(v[0])


def codes(roles: tuple[str, ...]) -> list[str]:
    return [m.code for m in MEASURES.values() if m.roles == roles]


def close(x: float, rel: float = 1e-9, abs: float = 1e-10) -> Any:
    return pytest.approx(x, rel=rel, abs=abs, nan_ok=True)


@pytest.mark.parametrize("code", codes(TABLE) + codes(TWO_RATES))
@given(figures=table)
def test_swapping_two_groups_of_events_turns_the_sign(code: str, figures: Any) -> None:
    y, v = of(code, figures)
    swapped, v_swapped = of(code, figures[2:] + figures[:2])
    assert swapped == close(-y)
    assert v_swapped == close(v)
    assert v > 0


@pytest.mark.parametrize("code", sorted(set(codes(TWO_MEANS)) - NOT_ANTISYMMETRIC))
@given(first=group, second=group)
def test_swapping_two_groups_of_means_turns_the_sign(code: str, first: Any, second: Any) -> None:
    y, v = of(code, first + second)
    swapped, v_swapped = of(code, second + first)
    assert swapped == close(-y)
    assert v_swapped == close(v)


@given(first=group, second=group)
def test_chances_of_being_larger_add_up_to_one(first: Any, second: Any) -> None:
    y, v = of("CLESN", first + second)
    swapped, v_swapped = of("CLESN", second + first)
    assert y + swapped == close(1.0)
    assert v_swapped == close(v)


@pytest.mark.parametrize("code", codes(TWO_SPREADS))
@given(first=st.tuples(sd, size), second=st.tuples(sd, size))
def test_swapping_two_spreads_turns_the_sign(code: str, first: Any, second: Any) -> None:
    y, v = of(code, first + second)
    assert of(code, second + first) == (close(-y), close(v))


@pytest.mark.parametrize("code", sorted(set(codes(CHANGE)) - NOT_ANTISYMMETRIC))
@given(first=st.tuples(mean, sd), second=st.tuples(mean, sd), r=st.floats(-0.9, 0.9), n=size)
def test_swapping_two_occasions_turns_the_sign(
    code: str, first: Any, second: Any, r: float, n: float
) -> None:
    y, v = of(code, (*first, *second, r, n))
    assert of(code, (*second, *first, r, n)) == (close(-y), close(v))


@pytest.mark.parametrize(
    "code", [m.code for m in MEASURES.values() if m.roles in (TWO_MEANS, CHANGE) and not m.has_unit]
)
@given(first=group, second=group, scale=st.floats(0.01, 100))
def test_what_has_no_unit_does_not_depend_on_it(
    code: str, first: Any, second: Any, scale: float
) -> None:
    if MEASURES[code].roles == CHANGE:
        plain = (*first[:2], *second[:2], 0.4, first[2])
        scaled = (*(scale * x for x in plain[:4]), *plain[4:])
    else:
        plain = first + second
        scaled = tuple(x if i % 3 == 2 else scale * x for i, x in enumerate(plain))
    y, v = of(code, plain)
    assert of(code, scaled) == (close(y), close(v))


@given(first=group, second=group, shift=st.floats(-30, 30))
def test_a_shift_of_both_means_leaves_differences_as_they_are(
    first: Any, second: Any, shift: float
) -> None:
    moved = (first[0] + shift, *first[1:], second[0] + shift, *second[1:])
    for code in ("MD", "SMD", "SMDH", "SMD1", "RPB", "CLESN"):
        y, v = of(code, first + second)
        assert of(code, moved) == (close(y, abs=1e-8), close(v, abs=1e-8))


@given(figures=table)
def test_odds_ratio_of_no_event_is_the_inverse(figures: Any) -> None:
    a, b, c, d = figures
    y, v = of("OR", (a, b, c, d))
    assert of("OR", (b, a, d, c)) == (close(-y), close(v))
    assert of("OR", (a, c, b, d)) == (close(y), close(v))
    assert of("YUQ", figures)[0] == close(np.tanh(y / 2))
    rr, rd = of("RR", figures)[0], of("RD", figures)[0]
    assert np.sign(round(rr, 12)) == np.sign(round(rd, 12)) == np.sign(round(y, 12))
    assert abs(rr) <= abs(y) + 1e-12


@given(figures=table)
def test_phi_is_the_correlation_of_the_people(figures: Any) -> None:
    a, b, c, d = (int(x) for x in figures)
    group = np.repeat([1, 1, 0, 0], [a, b, c, d])
    event = np.repeat([1, 0, 1, 0], [a, b, c, d])
    assert of("PHI", figures)[0] == close(np.corrcoef(group, event)[0, 1])


def test_variance_of_phi_against_brute_force() -> None:
    rng = np.random.default_rng(7)
    drawn = rng.binomial([60, 90], [0.3, 0.6], size=(200_000, 2)).astype(float)
    y, _ = phi(drawn[:, 0], 60 - drawn[:, 0], drawn[:, 1], 90 - drawn[:, 1])
    _, fixed = phi(*np.array([[18.0], [42.0], [54.0], [36.0]]), vtype="ST")
    assert y.var() == pytest.approx(fixed[0], rel=0.03)
    people = rng.multinomial(150, np.array([18, 42, 54, 36]) / 150, size=200_000).astype(float)
    y, _ = phi(*people.T)
    _, free = phi(*np.array([[18.0], [42.0], [54.0], [36.0]]), vtype="CS")
    assert y.var() == pytest.approx(free[0], rel=0.03)


@given(figures=st.tuples(*[st.integers(3, 200).map(float)] * 4))
def test_tetrachoric_correlation_solves_its_quadrant(figures: Any) -> None:
    r, v = of("RTET", figures)
    a, b, c, _ = figures
    n = sum(figures)
    cuts = norm.ppf([(a + b) / n, (a + c) / n])
    inside = multivariate_normal(cov=[[1, r], [r, 1]]).cdf(cuts)
    assert inside == pytest.approx(a / n, abs=1e-6)
    assert v > 0


@given(figures=table)
def test_tetrachoric_variance_is_the_one_that_pearson_printed(figures: Any) -> None:
    a, b, c, d = figures
    n, (r, v) = sum(figures), of("RTET", figures)
    h, k = norm.ppf([(a + b) / n, (a + c) / n])
    root = np.sqrt(1 - r**2)
    density = np.exp(-(h**2 - 2 * h * k * r + k**2) / (2 * root**2)) / (2 * np.pi * root)
    f, g = norm.cdf((k - r * h) / root) - 0.5, norm.cdf((h - r * k) / root) - 0.5
    inner = (a + d) * (b + c) / 4 + (a + c) * (b + d) * g**2 + (a + b) * (c + d) * f**2
    inner += 2 * f * g * (a * d - b * c) - g * (a * b - c * d) - f * (a * c - b * d)
    assert v == pytest.approx(inner / n**3 / density**2, rel=1e-6)


def test_tetrachoric_variance_against_brute_force() -> None:
    rng = np.random.default_rng(3)
    drawn = rng.multinomial(800, [0.3, 0.2, 0.15, 0.35], size=400).astype(float)
    y, _ = tetrachoric(*drawn.T)
    _, v = tetrachoric(*np.array([[240.0], [160.0], [120.0], [280.0]]))
    assert y.var() == pytest.approx(v[0], rel=0.25)


@given(st.floats(-1, 1), st.integers(5, 60).map(float))
def test_unbiased_correlation_is_the_larger_one(r: float, n: float) -> None:
    y, v = unbiased_correlation(np.array([r]), np.array([n]))
    assert abs(r) - 1e-12 <= abs(y[0]) <= 1 + 1e-9
    assert v[0] >= 0


def test_unbiased_correlation_of_four_and_of_fewer_people() -> None:
    y, _ = unbiased_correlation(np.array([0.0, 1e-9, 0.5]), np.array([4.0, 4.0, 3.0]))
    assert y[:2] == pytest.approx([0.0, 0.0], abs=1e-7)
    assert np.isnan(y[2])


def test_unbiased_correlation_against_brute_force() -> None:
    rng = np.random.default_rng(11)
    people = rng.multivariate_normal([0, 0], [[1, 0.6], [0.6, 1]], size=(60_000, 6))
    centred = people - people.mean(axis=1, keepdims=True)
    sums = np.einsum("kij,kil->kjl", centred, centred)
    r = sums[:, 0, 1] / np.sqrt(sums[:, 0, 0] * sums[:, 1, 1])
    n = np.full(len(r), 6.0)
    y, v = unbiased_correlation(r, n, vtype="UB")
    assert y.mean() == pytest.approx(0.6, abs=0.006)
    assert v.mean() == pytest.approx(y.var(), rel=0.03)
    assert correlation(r, n)[0].mean() < 0.585


def test_the_unbiased_smd_against_brute_force() -> None:
    rng = np.random.default_rng(5)
    x, z = rng.normal(0.8, 1, (100_000, 5)), rng.normal(0, 1, (100_000, 7))
    y, v = MEASURES["SMD"].kernel(
        x.mean(1), x.std(1, ddof=1), np.full(len(x), 5.0),
        z.mean(1), z.std(1, ddof=1), np.full(len(z), 7.0), vtype="UB",
    )  # fmt: skip
    assert y.mean() == pytest.approx(0.8, abs=0.01)
    assert v.mean() == pytest.approx(y.var(), rel=0.03)


@given(st.floats(1.01, 5e6))
def test_the_small_sample_factor(m: float) -> None:
    exact = float(exact_factor(m))
    assert 0 < exact < 1
    if m > 2:
        assert exact == pytest.approx(float(approximate_factor(m)), rel=0.05)
    if m < 1e5:
        log = gammaln(m / 2) - np.log(m / 2) / 2 - gammaln((m - 1) / 2)
        assert exact == pytest.approx(np.exp(log), rel=1e-9)
    assert exact_factor(m + 0.5) >= exact


def test_the_small_sample_factor_has_no_step_and_no_value_without_df() -> None:
    edge = 2 * LARGE + 1
    assert exact_factor(edge - 1e-9) == pytest.approx(exact_factor(edge + 1e-9), rel=1e-12)
    assert np.isnan(exact_factor([1.0, 0.0])).all()
    assert np.isnan(approximate_factor(1.0))
    assert np.isnan(factor(1.0, correct=False))


def test_a_mean_over_no_rows_does_not_exist() -> None:
    assert np.isnan(weighted_mean(np.array([np.nan]), np.array([3.0])))


@pytest.mark.parametrize(
    ("to", "first", "added"),
    [
        ("only0", [0.5, 3.0], [True, False]),
        ("all", [0.5, 3.5], [True, True]),
        ("if0all", [0.5, 3.5], [True, True]),
        ("none", [0.0, 3.0], [False, False]),
    ],
)
def test_zero_cell_policies(to: str, first: list[float], added: list[bool]) -> None:
    cells, changed = fill_zeros([np.array([0.0, 3.0]), np.array([5.0, 2.0])], 0.5, to)
    assert cells[0].tolist() == first
    assert changed.tolist() == added
    whole, unchanged = fill_zeros([np.array([1.0]), np.array([2.0])], 0.5, "if0all")
    assert (whole[0][0], unchanged[0]) == (1.0, False)


@pytest.mark.parametrize("code", list(MEASURES))
def test_huge_counts_and_sizes_stay_finite(code: str) -> None:
    measure = MEASURES[code]
    values = {
        "mean1": 3.0, "mean2": 2.0, "mean": 2.0, "sd1": 1.0, "sd2": 1.5, "sd": 1.0, "t": 3.0,
        "correlation": 0.5, "r_squared": 0.3, "alpha": 0.8, "items": 9.0, "predictors": 3.0,
        "events2": 2e9,
    }  # fmt: skip
    y, v = of(measure, [values.get(role, 1e9) for role in measure.roles])
    assert np.isfinite([y, v]).all()
    assert 0 < v < 1e-6


@pytest.mark.parametrize("measure", MEASURES.values(), ids=list(MEASURES))
def test_every_variance_to_choose_from_is_near_the_default(measure: Measure) -> None:
    values = {
        "mean1": [9.0, 10.0], "mean2": [8.0, 9.0], "sd1": [2.0, 2.2], "sd2": [2.1, 2.0],
        "mean": [9.0, 9.5], "sd": [2.0, 2.1], "correlation": [0.45, 0.5],
        "events1": [300.0, 330.0], "nonevents1": [700.0, 680.0], "events2": [350.0, 360.0],
        "nonevents2": [650.0, 640.0], "events": [300.0, 310.0], "nonevents": [700.0, 690.0],
        "n1": [1000.0, 900.0], "n2": [1000.0, 950.0], "n": [1000.0, 900.0],
    }  # fmt: skip
    if len(measure.vtypes) == 1:
        assert measure.vtypes == ("LS",)
        return
    arrays = [np.array(values[role]) for role in measure.roles]
    y, v = measure.kernel(*arrays)
    for vtype in measure.vtypes:
        other, w = measure.kernel(*arrays, vtype=vtype)
        assert np.allclose(other, y)
        assert np.allclose(w, v, rtol=0.25)
        assert vtype == "LS" or vtype == "ST" or vtype == "CS" or not np.array_equal(w, v)


@given(first=st.tuples(mean, st.floats(0.5, 3)), second=st.tuples(mean, st.floats(0.5, 3)), n=size)
def test_uncorrelated_occasions_are_two_groups(first: Any, second: Any, n: float) -> None:
    for change, groups in (("MC", "MD"), ("ROMC", "ROM"), ("CVRC", "CVR")):
        two = of(groups, (*first, n, *second, n))
        one = of(change, (*first, *second, 0.0, n))
        assert one == (close(two[0]), close(two[1]))
