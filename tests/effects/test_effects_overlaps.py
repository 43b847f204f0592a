"""Cohorts that share patients are never pooled together, however the overlap was declared."""

from dataclasses import replace
from itertools import permutations
from typing import Any

import pandas as pd
import pytest
from helpers import outcome, study, summary, table
from hypothesis import given, settings
from hypothesis import strategies as st

from evidence.effects.table import table_of
from evidence.errors import EffectError
from evidence.models.frequentist.pool import pool

LOW, HIGH = {"n": 20, "final": summary(10.0, sd=4.0)}, {"n": 25, "final": summary(20.0, sd=5.0)}


def trial(id: str, n: int, overlaps: tuple[str, ...] = ()) -> Any:
    return study(outcome({"a": LOW, "p": HIGH}), id=id, n_randomised=n, overlaps=overlaps)


@pytest.mark.parametrize("both", [(("y",), ()), ((), ("x",)), (("y",), ("x",))])
def test_declared_on_either_side(both: Any) -> None:
    found = table(trial("x", 10, both[0]), trial("y", 20, both[1]))
    assert found.rows["study"].tolist() == ["y"]
    assert found.overlaps == {("x", "y")}


@pytest.mark.parametrize("sizes", list(permutations((10, 20, 30))))
def test_a_chain_keeps_no_declared_pair_and_tells_of_the_third(sizes: Any) -> None:
    one, two, three = (
        trial(name, n, over)
        for name, n, over in zip("abc", sizes, (("b",), (), ("b",)), strict=True)
    )
    found = table(one, two, three)
    kept = set(found.rows["study"])
    assert not {"a", "b"} <= kept
    assert not {"b", "c"} <= kept
    assert kept == ({"b"} if sizes[1] == 30 else {"a", "c"} if sizes[1] == 10 else kept)
    if kept == {"a", "c"}:
        notes = found.rows.set_index("study")["notes"]
        assert "shares patients with b, which shares some with c too" in notes["a"]
        assert "shares patients with b, which shares some with a too" in notes["c"]


@settings(max_examples=80)
@given(st.data())
def test_no_two_studies_that_overlap_stand_together(data: Any) -> None:
    names = ["a", "b", "c", "d", "e"]
    pairs = data.draw(st.sets(st.tuples(st.sampled_from(names), st.sampled_from(names))))
    sizes = data.draw(st.lists(st.integers(1, 9), min_size=5, max_size=5))
    made = [
        trial(name, n, tuple(sorted(y for x, y in pairs if x == name != y)))
        for name, n in zip(names, sizes, strict=True)
    ]
    found = table(*made)
    kept = set(found.rows["study"])
    assert not any({x, y} <= kept for x, y in pairs if x != y)
    # Whoever was left out overlaps with one that is kept.
    assert all(any({x, name} in ({p, q} for p, q in pairs) for x in kept)
               for name in set(names) - kept)  # fmt: skip


def test_an_overlap_of_a_kind_of_evidence_that_does_not_count_is_none() -> None:
    other = study(outcome({"a": LOW, "p": HIGH}), id="big", n_randomised=900, design="cohort")
    found = table(trial("x", 10, ("big",)), other)
    assert found.rows["study"].tolist() == ["x"]


def test_a_table_made_by_hand_cannot_hold_both() -> None:
    with pytest.raises(EffectError, match=r"rows of 'A' and 'B': hold the same patients; keep one"):
        table_of([1.0, 2.0], [0.1, 0.2], labels=["A", "B"], overlaps=[("B", "A")])
    fine = table_of([1.0, 2.0], [0.1, 0.2], labels=["A", "B"], overlaps=[("A", "C")])
    assert pool(fine).k == 2
    with pytest.raises(EffectError, match="the overlaps are no pairs"):
        table_of([1.0, 2.0], [0.1, 0.2], overlaps=["ABC"])  # type: ignore[list-item]


def test_two_tables_put_together_by_hand_cannot_be_pooled() -> None:
    one, two = table(trial("x", 10, ("y",))), table(trial("y", 20))
    rows = pd.concat([one.rows, two.rows])
    with pytest.raises(EffectError, match="hold the same patients"):
        replace(
            one,
            rows=rows,
            covariance=pd.Series(rows["std_error"] ** 2).to_numpy()[:, None] * [[1, 0], [0, 1]],
            traces=dict(one.traces) | dict(two.traces),
            considered=2,
        )
