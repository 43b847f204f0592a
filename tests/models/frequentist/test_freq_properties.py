"""What must hold for all data: units, order, bounds."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evidence.effects.table import table_of
from evidence.models.frequentist.pool import pool

TAU2 = st.sampled_from(["reml", "paule_mandel", "dersimonian_laird"])
CI = st.sampled_from(["wald", "t", "hartung_knapp_floored"])


@st.composite
def studies(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray]:
    k = draw(st.integers(2, 8))
    y = draw(st.lists(st.floats(-5, 5), min_size=k, max_size=k))
    s = draw(st.lists(st.floats(0.05, 5), min_size=k, max_size=k))
    # Whole thousandths: no data set then hides all its disagreement in the last digit.
    return np.round(y, 3), np.round(s, 3)


@given(studies(), TAU2, CI, st.floats(-100, 100), st.sampled_from([1e-6, 0.1, 30.0, 1e6]))
def test_shift_and_unit(data, tau2, ci, shift: float, factor: float) -> None:
    y, s = data
    plain = pool(table_of(y, s), tau2=tau2, ci=ci)
    moved = pool(table_of((y + shift) * factor, s * factor), tau2=tau2, ci=ci)
    size = 1 + abs(shift)
    assert moved.estimate / factor == pytest.approx(plain.estimate + shift, abs=1e-7 * size)
    assert moved.ci_high / factor == pytest.approx(plain.ci_high + shift, abs=1e-6 * size)
    before, after = plain.heterogeneity, moved.heterogeneity
    assert before.tau2 is not None
    assert after.tau2 is not None
    assert after.tau2 / factor**2 == pytest.approx(before.tau2, rel=1e-6, abs=1e-8 * size)
    assert after.i2 == pytest.approx(before.i2, abs=1e-4)


@given(studies(), TAU2, st.randoms(use_true_random=False))
def test_order_of_studies_is_irrelevant(data, tau2, random) -> None:
    y, s = data
    order = random.sample(range(len(y)), len(y))
    names = [f"s{i}" for i in range(len(y))]
    plain = pool(table_of(y, s, labels=names), tau2=tau2)
    mixed = pool(table_of(y[order], s[order], labels=[names[i] for i in order]), tau2=tau2)
    assert mixed.estimate == pytest.approx(plain.estimate, abs=1e-9)
    assert mixed.std_error == pytest.approx(plain.std_error, rel=1e-7)
    np.testing.assert_allclose(mixed.weights[names], plain.weights[names], rtol=1e-6)


@given(studies())
def test_swapping_the_arms_mirrors_the_answer(data) -> None:
    y, s = data
    plain, mirrored = pool(table_of(y, s)), pool(table_of(-y, s))
    assert mirrored.estimate == pytest.approx(-plain.estimate, abs=1e-10)
    assert mirrored.ci_low == pytest.approx(-plain.ci_high, abs=1e-8)


@given(studies(), TAU2)
def test_estimates_lie_within_the_data_and_weights_sum_to_100(data, tau2) -> None:
    y, s = data
    for fit in (pool(table_of(y, s), model="common"), pool(table_of(y, s), tau2=tau2)):
        assert y.min() - 1e-12 <= fit.estimate <= y.max() + 1e-12
        assert fit.weights.sum() == pytest.approx(100.0, rel=1e-12)
        assert fit.ci_low < fit.estimate < fit.ci_high


@given(studies(), TAU2)
def test_floored_interval_is_never_narrower_than_wald(data, tau2) -> None:
    y, s = data
    floored, wald = (
        pool(table_of(y, s), tau2=tau2, ci=ci) for ci in ("hartung_knapp_floored", "wald")
    )
    assert floored.ci_low <= wald.ci_low
    assert floored.ci_high >= wald.ci_high


@given(studies())
def test_random_effects_are_no_more_certain_than_a_common_one(data) -> None:
    y, s = data
    random, common = pool(table_of(y, s), ci="wald"), pool(table_of(y, s), model="common")
    assert random.std_error >= common.std_error * (1 - 1e-12)


@given(studies(), st.integers(2, 5))
def test_repeating_one_study_shrinks_its_error_by_the_root(data, times: int) -> None:
    y, s = data[0][0], data[1][0]
    fit = pool(table_of([y] * times, [s] * times), model="common")
    assert fit.estimate == pytest.approx(y, abs=1e-12)
    assert fit.std_error == pytest.approx(s / np.sqrt(times), rel=1e-12)


@given(studies())
def test_q_profile_interval_is_in_order_and_widens_with_its_level(data) -> None:
    y, s = data
    narrow = pool(table_of(y, s), level=0.8).heterogeneity
    wide = pool(table_of(y, s), level=0.99).heterogeneity
    ends = (wide.tau2_ci_low, narrow.tau2_ci_low, narrow.tau2_ci_high, wide.tau2_ci_high)
    assert list(ends) == sorted(ends)  # type: ignore[type-var]
