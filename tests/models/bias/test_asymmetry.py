"""Tests of funnel asymmetry against brute force, their properties, and what they refuse."""

import itertools
import warnings

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import optimize

from evidence.effects.table import EffectTable, table_of
from evidence.errors import FitError
from evidence.models.bias.asymmetry import rank_test, regression_test
from evidence.models.bias.checks import FewStudiesWarning
from evidence.models.bias.events_asymmetry import COLUMNS, events_asymmetry
from evidence.models.bias.kernels_lines import design, mixed_line
from evidence.models.bias.pet_peese import pet_peese

RNG = np.random.default_rng(5)
S = RNG.uniform(0.1, 0.6, 12)
Y = 0.2 + 0.8 * S + RNG.normal(0, S) + RNG.normal(0, 0.2, 12)
TABLE = table_of(Y, S)
COUNTS = pd.DataFrame(
    dict(
        zip(
            COLUMNS,
            (
                [4, 6, 3, 62, 33, 18, 8, 5, 29, 17],
                [123, 306, 231, 13598, 5069, 1541, 2545, 88391, 7499, 1716],
                [11, 29, 11, 248, 47, 36, 10, 8, 45, 65],
                [139, 303, 220, 12867, 5808, 1451, 629, 88391, 7277, 1665],
            ),
            strict=True,
        )
    )
)


def three(k: int = 3) -> EffectTable:
    return table_of(Y[:k], S[:k])


def test_dispersion_model_is_ordinary_least_squares_of_the_radial_plot() -> None:
    X = np.column_stack([1 / S, np.ones(12)])
    b, rest = np.linalg.lstsq(X, Y / S)[:2]
    found = regression_test(TABLE)
    assert [found.intercept, found.slope] == pytest.approx(b)
    spread = np.sqrt(np.diag(np.linalg.inv(X.T @ X)) * rest[0] / 10)
    assert found.slope_std_error == pytest.approx(spread[1])
    assert found.limit == found.intercept


def test_restricted_tau2_maximises_the_restricted_likelihood() -> None:
    X, v = design(S), S**2

    def height(t: float) -> float:
        w = 1 / (v + t)
        inner = X.T @ (X * w[:, None])
        r = Y - X @ np.linalg.solve(inner, X.T @ (w * Y))
        return -float(np.log(w).sum() - np.linalg.slogdet(inner)[1] - (w * r**2).sum())

    best = optimize.minimize_scalar(height, bounds=(0, 3), method="bounded")
    assert height(mixed_line(Y, X, v, "reml").tau2) <= best.fun + 1e-9


def test_exact_rank_test_counts_every_order() -> None:
    with pytest.warns(FewStudiesWarning, match=r"\[few-studies\].*5 studies"):
        found = rank_test(three(5))
    orders = list(itertools.permutations(range(5)))

    def score(order: tuple[int, ...]) -> int:
        return sum(1 if a < b else -1 for a, b in itertools.combinations(order, 2))

    observed = abs(found.tau) * 10 - 1e-9
    share = sum(abs(score(order)) >= observed for order in orders) / len(orders)
    assert found.exact
    assert found.p == pytest.approx(share)


@settings(deadline=None, max_examples=25)
@given(st.floats(0.01, 100), st.permutations(range(12)))
def test_scale_and_order_do_not_matter(scale: float, order: list[int]) -> None:
    other = table_of(scale * Y[order], scale * S[order])
    for model in ("dispersion", "random", "common"):
        first, second = regression_test(TABLE, model=model), regression_test(other, model=model)
        assert second.p == pytest.approx(first.p, rel=1e-6)
        assert second.intercept == pytest.approx(scale * first.intercept, rel=1e-6)
    assert rank_test(other).p == pytest.approx(rank_test(TABLE).p)


@pytest.mark.parametrize("method", ["egger", "harbord", "peters", "schwarzer", "deeks", "begg"])
def test_swapping_the_arms_mirrors_the_bias(method: str) -> None:
    swapped = COUNTS.rename(columns=dict(zip(COLUMNS, COLUMNS[2:] + COLUMNS[:2], strict=True)))
    first, second = (events_asymmetry(frame, method=method) for frame in (COUNTS, swapped))
    assert second.bias == pytest.approx(-first.bias, rel=1e-6)
    assert second.p == pytest.approx(first.p, rel=1e-6)
    assert method.title() in str(first)


def test_pet_peese_takes_peese_where_pet_sees_an_effect() -> None:
    effect = table_of(Y + 5, S)
    assert pet_peese(effect, direction="greater").chosen == "PEESE"
    assert pet_peese(effect, direction="less").chosen == "PET"
    both = pet_peese(effect)
    assert both.estimate == both.peese.intercept
    assert "PEESE gives" in str(both)


def test_what_is_refused() -> None:
    with pytest.raises(FitError, match="at least 3"):
        regression_test(three(2))
    with pytest.raises(FitError, match='did you mean "variance"'):
        regression_test(TABLE, predictor="varianc")  # type: ignore[arg-type]
    with pytest.raises(FitError, match="would do nothing"):
        regression_test(TABLE, sizes=[10] * 12)
    with pytest.raises(FitError, match="sizes"):
        regression_test(TABLE, predictor="size")
    with pytest.raises(FitError, match="is the same in all studies"):
        regression_test(table_of(Y, np.full(12, 0.2)))
    with pytest.raises(FitError, match="all values are equal"):
        rank_test(table_of(Y, np.full(12, 0.2)))
    with pytest.raises(FitError, match="columns are missing"):
        events_asymmetry(COUNTS.drop(columns="total_control"))
    with pytest.raises(FitError, match="impossible"):
        events_asymmetry(COUNTS.assign(events_control=10**9))
    with pytest.raises(FitError, match="at least 3"):
        events_asymmetry(COUNTS.head(2))


def test_text_names_the_test() -> None:
    assert "t(10) = " in str(regression_test(TABLE))
    assert "limit" not in str(regression_test(TABLE, predictor="size", sizes=range(20, 32)))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert "exact" in str(rank_test(TABLE))
