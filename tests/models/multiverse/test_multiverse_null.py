"""The test of the whole curve: against all sign patterns, and under no effect."""

from itertools import product

import numpy as np
import pytest

from evidence.effects.table import table_of
from evidence.errors import FitError
from evidence.models.frequentist.pool import pool
from evidence.models.multiverse import fitting, null_test
from evidence.models.multiverse.dimensions import Dimension, each_left_out
from evidence.models.multiverse.multiverse import multiverse
from evidence.models.multiverse.null_test import STATISTICS, multiverse_test
from tests.models.multiverse.universe_data import studies

MODEL = Dimension("model", "model", {"random": "random", "common": "common"}, "both in use")


def test_statistics_of_every_sign_pattern_by_brute_force(monkeypatch: pytest.MonkeyPatch) -> None:
    table = studies(5)
    patterns = np.array(list(product((1.0, -1.0), repeat=5)))
    names = sorted(table.rows["study"])
    at = [names.index(name) for name in table.rows["study"]]
    monkeypatch.setattr(null_test, "_signs", lambda space, draws, stream: [patterns[:, at]])
    found = multiverse_test(multiverse(table, [MODEL], ci="wald"), draws=32, seed=1)
    y, s = table.rows["estimate"].to_numpy(), table.rows["std_error"].to_numpy()
    expected = []
    for signs in patterns[:, at]:
        fits = [pool(table_of(y * signs, s), model=m, ci="wald") for m in ("random", "common")]
        estimates = np.array([fit.estimate for fit in fits])
        sure = np.array([float(fit.terms["p"].iloc[0]) < 0.05 for fit in fits])
        z = np.array([float(fit.terms["statistic"].iloc[0]) for fit in fits])
        share = max((sure & (estimates > 0)).mean(), (sure & (estimates < 0)).mean())
        expected.append((abs(np.median(estimates)), share, abs(z.mean())))
    np.testing.assert_allclose(found.null, expected, rtol=1e-7, atol=1e-9)
    seen = found.terms["observed"].to_numpy()
    above = (np.array(expected) >= seen * (1.0 - 1e-9)).sum(0)
    np.testing.assert_allclose(found.terms["p"], (1 + above) / 33)
    assert list(found.null.columns) == list(STATISTICS)


def test_a_study_has_one_sign_in_all_tables() -> None:
    one, other = studies(6, seed=1), studies(6, seed=2)
    data = Dimension("data", "table", {"a": one, "b": other}, "for the test")
    space = multiverse(None, [data]).space
    signs = null_test._signs(space, 20, np.random.SeedSequence(1))
    np.testing.assert_array_equal(signs[0], signs[1])
    assert set(np.unique(signs[0])) == {-1.0, 1.0}


def test_a_clear_effect_is_found_and_its_absence_is_not() -> None:
    clear = table_of(np.linspace(0.8, 1.4, 10), [0.2] * 10)
    nothing = table_of([0.3, -0.3, 0.2, -0.2, 0.4, -0.4, 0.1, -0.1, 0.05], [0.2] * 9)
    for table, low, high in ((clear, 0.0, 0.05), (nothing, 0.5, 1.0)):
        out = Dimension("out", "without", each_left_out(table), "one at a time")
        terms = multiverse_test(multiverse(table, [MODEL, out]), draws=199, seed=4).terms
        assert terms["p"].between(low, high).all()


def test_draws_are_repeatable_and_do_not_hang_on_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    out = Dimension("out", "without", each_left_out(studies(8)), "one at a time")
    result = multiverse(studies(8), [MODEL, out])
    one, again = (multiverse_test(result, draws=70, seed=2).null for _ in range(2))
    assert one.equals(again)
    assert not one.equals(multiverse_test(result, draws=70, seed=3).null)
    monkeypatch.setattr(fitting, "BATCH", 5)
    other = multiverse_test(result, draws=70, seed=2).null
    np.testing.assert_allclose(other, one, rtol=1e-9, atol=1e-12)


def test_flips_without_an_answer_are_counted() -> None:
    # Two equal effects: where both have one sign the unfloored interval does not exist.
    table = table_of([0.5, -0.5], [0.1, 0.1])
    rows = Dimension("rows", "rows", {"both": None}, "for the test")
    found = multiverse_test(multiverse(table, [rows, MODEL], ci="wald"), draws=20, seed=1)
    assert found.failed == 0
    third = table_of([0.5, -0.5, 0.8], [0.1, 0.1, 0.2])
    two = Dimension("rows", "rows", {"all": None, "two": [True, True, False]}, "for the test")
    lost = multiverse_test(multiverse(third, [two], ci="hartung_knapp"), draws=20, seed=1)
    assert 0 < lost.failed < 20
    assert np.isfinite(lost.null.to_numpy()).all()


@pytest.mark.parametrize(
    ("draws", "seed", "message"), [(9, 1, "draws: is 9"), (20, -1, "seed: is")]
)
def test_options_that_are_not_right(draws: int, seed: int, message: str) -> None:
    with pytest.raises(FitError, match=message):
        multiverse_test(multiverse(studies(), [MODEL]), draws=draws, seed=seed)
