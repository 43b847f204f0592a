"""Trim and fill, fail-safe numbers, excess significance, corrected means, selection models."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, stats

from evidence.effects.table import table_of
from evidence.errors import FitError
from evidence.models.bias.corrected import henmi_copas, limit_meta_analysis, selection_ratio
from evidence.models.bias.excess import excess_significance
from evidence.models.bias.fail_safe import fail_safe_n
from evidence.models.bias.kernels_selection import Data, log_likelihood, log_weight
from evidence.models.bias.selection import selection_model
from evidence.models.bias.trim_fill import trim_and_fill
from evidence.models.frequentist.pool import pool

RNG = np.random.default_rng(8)
S = RNG.uniform(0.1, 0.6, 14)
Y = 0.1 + 1.0 * S + RNG.normal(0, S)
TABLE = table_of(Y, S)


def test_trim_and_fill_adds_mirror_images() -> None:
    found = trim_and_fill(TABLE, model="common", side="left")
    assert found.filled > 0
    centres = (found.estimates + np.sort(Y)[-found.filled :]) / 2
    assert np.ptp(centres) < 1e-12
    assert found.adjusted.k == 14 + found.filled
    assert found.adjusted.estimate < found.observed.estimate
    assert f"{found.filled} studies filled on the left" in str(found)


def test_an_estimator_that_runs_away_is_an_error() -> None:
    with pytest.raises(FitError, match="did not settle"):
        trim_and_fill(TABLE, estimator="Q0", model="common")


@pytest.mark.parametrize("estimator", ["L0", "R0"])
def test_trim_and_fill_turns_with_the_sign(estimator: str) -> None:
    first = trim_and_fill(TABLE, estimator=estimator, model="common")
    second = trim_and_fill(table_of(-Y, S), estimator=estimator, model="common")
    assert {first.side, second.side} == {"left", "right"}
    assert second.filled == first.filled
    assert second.adjusted.estimate == pytest.approx(-first.adjusted.estimate)


def test_fail_safe_number_is_the_first_that_undoes_the_finding() -> None:
    z = Y / S
    number = fail_safe_n(TABLE).number
    assert z.sum() / np.sqrt(14 + number) <= stats.norm.isf(0.05)
    assert z.sum() / np.sqrt(14 + number - 1) > stats.norm.isf(0.05)
    assert fail_safe_n(TABLE, kind="orwin").number == 14
    assert "Rosenberg" in str(fail_safe_n(TABLE, kind="rosenberg"))


def test_excess_significance_counts_every_outcome() -> None:
    found = excess_significance(table_of(Y[:10], S[:10]))
    total = sum(
        np.prod(np.where(outcome, found.power, 1 - found.power))
        for outcome in itertools.product([True, False], repeat=10)
        if sum(outcome) >= found.observed
    )
    assert found.p_exact == pytest.approx(float(total))
    assert "significant" in str(found)


def test_corrections_on_data_without_small_study_effects() -> None:
    flat = table_of(np.full(10, 0.3), [0.1, 0.2, 0.3, 0.4, 0.5] * 2)
    assert henmi_copas(flat).estimate == pytest.approx(0.3)
    assert limit_meta_analysis(flat).mean.estimate == pytest.approx(0.3)
    assert selection_ratio(flat, 3).estimate == pytest.approx(0.3)
    assert "95% CI" in str(henmi_copas(flat))
    assert "small-study" in str(limit_meta_analysis(flat))


@settings(deadline=None, max_examples=15)
@given(st.floats(0.01, 100), st.permutations(range(14)))
def test_scale_and_order_do_not_matter(scale: float, order: list[int]) -> None:
    other = table_of(scale * Y[order], scale * S[order])
    for call in (
        lambda table: henmi_copas(table).ci_high,
        lambda table: limit_meta_analysis(table).mean.estimate,
        lambda table: selection_ratio(table, 4).ci_low,
        lambda table: selection_model(table, model="common").coefficients[0],
    ):
        assert call(other) == pytest.approx(scale * call(TABLE), rel=1e-5, abs=1e-5 * scale)


KINDS = {
    "half_normal": [1.3],
    "negative_exponential": [1.3],
    "negative_exponential_power": [1.3, 2.0],
    "logistic": [1.3],
    "power": [1.3],
    "beta": [1.4, 1.2],
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("two_sided", [False, True])
def test_selected_density_integrates_to_one(kind: str, two_sided: bool) -> None:
    d, v, X = np.array(KINDS[kind]), np.array([0.09]), np.ones((1, 1))

    def density(y: float) -> float:
        data = Data(np.array([y]), v, X, np.ones(1), two_sided, np.ones(1), kind)
        return float(np.exp(log_likelihood(data, np.array([0.2]), 0.05, d)))

    parts = [integrate.quad(density, a, b)[0] for a, b in ((-4, -1), (-1, 0), (0, 1), (1, 4))]
    assert sum(parts) == pytest.approx(1.0, abs=1e-4)


def test_step_density_integrates_to_one() -> None:
    steps, d = np.array([0.025, 0.5, 1.0]), np.array([1.0, 0.4, 0.2])

    def density(y: float) -> float:
        data = Data(np.array([y]), np.ones(1), np.ones((1, 1)), np.ones(1), False, steps, "step")
        return float(np.exp(log_likelihood(data, np.array([0.5]), 0.3, d)))

    cuts = [-9.0, 0.0, stats.norm.isf(0.025), 12.0]
    total = sum(integrate.quad(density, a, b)[0] for a, b in itertools.pairwise(cuts))
    assert total == pytest.approx(1.0, abs=1e-7)


def test_weights_of_one_are_no_selection() -> None:
    fit = selection_model(TABLE, steps=(0.025,), weights=(1.0, 1.0))
    plain = pool(TABLE, tau2="maximum_likelihood", ci="wald")
    assert fit.coefficients[0] == pytest.approx(plain.estimate, abs=1e-6)
    assert fit.tau2 == pytest.approx(plain.heterogeneity.tau2, abs=1e-6)
    assert fit.selection_chi2 == pytest.approx(0.0, abs=1e-9)
    assert fit.selection_p is None
    assert "weights stated" in " ".join(str(fit).split())


def test_mirrored_data_under_the_other_alternative_give_the_mirrored_mean() -> None:
    first = selection_model(TABLE, kind="half_normal")
    second = selection_model(table_of(-Y, S), kind="half_normal", alternative="less")
    assert second.coefficients[0] == pytest.approx(-first.coefficients[0], abs=1e-7)
    assert second.selection_p == pytest.approx(first.selection_p, abs=1e-7)


def test_weights_fall_from_one() -> None:
    p = np.array([0.0, 0.2, 0.6])
    for kind in ("half_normal", "negative_exponential", "logistic", "power"):
        weight = np.exp(log_weight(kind, p, 1 - p, np.array([2.0]), np.ones(3)))
        assert weight[0] == pytest.approx(1.0, abs=1e-4)
        assert np.all(np.diff(weight) < 0)


def test_what_is_refused() -> None:
    for call, match in (
        (lambda: selection_model(TABLE, kind="stepp"), "did you mean"),  # type: ignore[arg-type]
        (lambda: selection_model(TABLE, kind="power", steps=(0.1,)), "would do nothing"),
        (lambda: selection_model(TABLE, steps=(0.5, 0.1)), "rising"),
        (lambda: selection_model(TABLE, weights=(1.0,)), "2 numbers above 0"),
        (lambda: selection_model(TABLE, steps=(1e-30,)), "no study lies in it"),
        (lambda: selection_model(TABLE, moderators=np.ones(14)), "collinear"),
        (lambda: selection_model(table_of(Y[:2], S[:2])), "at least 3"),
        (lambda: fail_safe_n(TABLE, target=0.1), "would do nothing"),
        (lambda: fail_safe_n(TABLE, kind="orwin", target=0.0), "other than 0"),
        (lambda: selection_ratio(TABLE, 0.5), "at least 1"),
        (lambda: trim_and_fill(TABLE, side="up"), "known"),  # type: ignore[arg-type]
        (lambda: excess_significance(TABLE, alpha=1.0), "fraction"),
        (lambda: henmi_copas(TABLE, level=95), "fraction"),
    ):
        with pytest.raises(FitError, match=match):
            call()
