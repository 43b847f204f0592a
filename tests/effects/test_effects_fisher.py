"""Rules on correlations, against independent computations, and the scales of readers."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from evidence.effects import fisher
from evidence.effects.scales import NAMES, from_readers, to_readers
from evidence.effects.sizes.correlations import fisher_z as kernel

correlation = st.floats(-0.99, 0.99)


@given(correlation, st.integers(4, 10_000))
def test_z_and_its_error_are_those_of_the_effect_sizes(r: float, n: int) -> None:
    y, v = kernel(np.array([r]), np.array([float(n)]))
    assert fisher.fisher_z(r) == pytest.approx(y[0])
    assert fisher.se_fisher_z(n) == pytest.approx(v[0] ** 0.5)


@pytest.mark.parametrize("n", [0, 2, 3])
def test_three_people_have_no_error(n: int) -> None:
    assert math.isnan(fisher.se_fisher_z(n))


@given(correlation.filter(lambda r: abs(r) > 1e-3), st.integers(4, 500))
def test_a_p_and_n_are_the_correlation_they_came_from(r: float, n: int) -> None:
    t = abs(r) * math.sqrt((n - 2) / (1 - r**2))
    p = 2 * stats.t.sf(t, n - 2)
    if p > 1e-280:
        assert math.tanh(fisher.fisher_z_from_p(p, n)) == pytest.approx(abs(r), rel=1e-5)


def test_p_of_a_correlation_is_that_of_scipy() -> None:
    x = np.random.default_rng(3).normal(size=(2, 40))
    r, p = stats.pearsonr(x[0], x[0] + 2 * x[1])
    assert math.tanh(fisher.fisher_z_from_p(p, 40)) == pytest.approx(r)


@given(correlation, st.integers(5, 500), st.floats(0.5, 0.999))
def test_an_interval_is_the_error_it_came_from(r: float, n: int, level: float) -> None:
    low, high = np.tanh(stats.norm.interval(level, np.arctanh(r), (n - 3) ** -0.5))
    found = fisher.se_fisher_z_from_ci(low, high, level)
    assert found == pytest.approx((n - 3) ** -0.5, rel=1e-4)


@given(st.sampled_from(["identity", *NAMES]), st.floats(-8, 8))
def test_there_and_back(scale: str, value: float) -> None:
    shown = to_readers(value, scale)
    assert from_readers(shown, scale) == pytest.approx(value, rel=1e-5, abs=1e-7)
    assert {"logit": 0 < shown < 1, "fisher_z": -1 < shown < 1, "log": shown > 0}.get(scale, True)
