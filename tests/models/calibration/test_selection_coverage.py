"""Intervals that answer publication bias, where studies were selected."""

import pandas as pd
import pytest

from evidence.errors import FitError
from evidence.models.calibration.selection import COLUMNS, METHODS, selection_coverage


@pytest.mark.slow
def test_corrections_hold_the_truth_more_often_where_studies_were_selected() -> None:
    found = selection_coverage(30, 0.3, 0.05, [1.0, 0.2], seed=3, repetitions=60)
    assert list(found.columns) == list(COLUMNS)
    assert len(found) == 2 * len(METHODS)
    held = found.pivot_table(index="method", columns="weight", values="coverage")
    plain, model = (next(m for m in METHODS if m.startswith(w)) for w in ("no corr", "selection"))
    assert held.loc[plain, 1.0] > 0.85
    assert held.loc[plain, 0.2] < 0.6
    assert held.loc[model, 0.2] > 0.85
    off = found[found["weight"] == 0.2].set_index("method")["bias"]
    assert off[plain] > 0.2
    assert abs(off[model]) < 0.12


def test_what_has_no_answer_is_counted() -> None:
    found = selection_coverage(4, 0.0, 0.0, 1.0, seed=1, repetitions=12).set_index("method")
    model = next(m for m in METHODS if m.startswith("selection"))
    # With few studies none is significant, and no weight can be told.
    assert found.loc[model, "failed"] > 0
    assert found["repetitions"].eq(12).all()
    assert found["failed"].le(12).all()


def test_the_same_seed_gives_the_same_table() -> None:
    twice = [selection_coverage(6, 0.2, 0.0, 0.5, seed=5, repetitions=4) for _ in range(2)]
    pd.testing.assert_frame_equal(*twice)


@pytest.mark.parametrize(
    ("wrong", "match"),
    [
        ({"k": 2}, "at least 3"),
        ({"true_mu": float("nan")}, "finite"),
        ({"true_tau2": -1.0}, "at least 0"),
        ({"weight": 0.0}, "above 0, at most 1"),
        ({"repetitions": 0}, "repetitions: 0"),
    ],
)
def test_impossible_numbers_are_refused(wrong: dict[str, float], match: str) -> None:
    given = {"k": 5, "true_mu": 0.0, "true_tau2": 0.0, "weight": 1.0} | wrong
    with pytest.raises(FitError, match=match):
        selection_coverage(**given, seed=1)  # type: ignore[arg-type]
