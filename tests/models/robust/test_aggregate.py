"""Aggregation within clusters: generalised least squares by hand, tables, refusals."""

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evidence.catalog.number import Derived, Given
from evidence.effects.table import EffectTable, table_of
from evidence.errors import FitError
from evidence.models.frequentist.pool import pool
from evidence.models.robust.aggregate import aggregate_effects
from evidence.models.robust.sampling_covariance import sampling_covariance

STUDY = list("aababc")
TIME = [0, 1, 0, 3, 1, 2]


def example() -> EffectTable:
    random = np.random.default_rng(2)
    return table_of(random.normal(size=6), random.uniform(0.2, 0.5, 6))


def by_hand(
    table: EffectTable, v: np.ndarray, *, weighted: bool
) -> tuple[list[float], list[float]]:
    y, estimates, variances = table.rows["estimate"].to_numpy(float), [], []
    for label in "abc":
        rows = [i for i, x in enumerate(STUDY) if x == label]
        block = v[np.ix_(rows, rows)]
        w = np.linalg.inv(block).sum(0) if weighted else np.ones(len(rows))
        w = w / w.sum()
        estimates.append(float(w @ y[rows]))
        variances.append(float(w @ block @ w))
    return estimates, variances


def covariance(table: EffectTable, kind: str) -> np.ndarray:
    s, study = table.rows["std_error"].to_numpy(float), np.array(STUDY)
    lag = 0.8 ** np.abs(np.subtract.outer(TIME, TIME))
    obs = np.array([1, 2, 1, 1, 1, 1])
    r = {
        "independent": np.zeros((6, 6)), "compound_symmetry": np.full((6, 6), 0.4),
        "autoregressive": lag, "compound_symmetry_plus_autoregressive": 0.4 + 0.6 * lag,
        "compound_symmetry_times_autoregressive": lag * np.where(obs[:, None] == obs, 1, 0.4),
    }[kind] * (study[:, None] == study)  # fmt: skip
    np.fill_diagonal(r, 1.0)
    return r * np.outer(s, s)


@pytest.mark.parametrize("weighted", [True, False])
@pytest.mark.parametrize(
    "kind",
    [
        "independent", "compound_symmetry", "autoregressive",
        "compound_symmetry_plus_autoregressive", "compound_symmetry_times_autoregressive",
    ],
)  # fmt: skip
def test_each_structure_by_hand(kind: Any, weighted: bool) -> None:
    table, options = example(), {}
    if "compound" in kind:
        options["rho"] = 0.4
    if "auto" in kind:
        options |= {"phi": 0.8, "time": TIME}
    if "times" in kind:
        options["obs"] = [1, 2, 1, 1, 1, 1]
    found = aggregate_effects(table, STUDY, structure=kind, weighted=weighted, **options)
    estimates, variances = by_hand(table, covariance(table, kind), weighted=weighted)
    np.testing.assert_allclose(found.table.rows["estimate"], estimates)
    np.testing.assert_allclose(found.table.rows["std_error"] ** 2, variances)
    assert found.members.groupby("cluster")["weight"].sum().tolist() == pytest.approx([1.0] * 3)


def test_a_stated_covariance_and_that_of_a_table() -> None:
    table = example()
    v = covariance(table, "compound_symmetry")
    stated = aggregate_effects(table, STUDY, covariance=v)
    assumed = aggregate_effects(table, STUDY, rho=0.4)
    own = aggregate_effects(replace(table, covariance=v), STUDY)
    for other in (assumed, own):
        np.testing.assert_allclose(stated.table.covariance, other.table.covariance)
    assert own.notes == ("covariance of the errors as in the table",)
    built = sampling_covariance(np.diag(v), STUDY, obs=range(6), rho=0.4).matrix
    np.testing.assert_allclose(built, v)


def test_dependence_between_clusters_stays_in_the_result() -> None:
    table = example()
    s = table.rows["std_error"].to_numpy(float)
    v = (0.3 + 0.7 * np.eye(6)) * np.outer(s, s)
    found = aggregate_effects(table, STUDY, covariance=v)
    weights = np.zeros((3, 6))
    for i, label in enumerate("abc"):
        rows = [j for j, x in enumerate(STUDY) if x == label]
        weights[i, rows] = found.members["weight"].to_numpy()[rows]
    np.testing.assert_allclose(found.table.covariance, weights @ v @ weights.T)
    assert not found.table.independent


def test_values_per_cluster() -> None:
    table = example()
    found = aggregate_effects(table, STUDY, rho={"a": 0.0, "b": 0.9, "c": 0.5})
    zero, high = (aggregate_effects(table, STUDY, rho=rho).table.rows for rho in (0.0, 0.9))
    errors = found.table.rows["std_error"].to_numpy()
    assert errors[0] == pytest.approx(zero["std_error"].iloc[0])
    assert errors[1] == pytest.approx(high["std_error"].iloc[1])


def test_rows_carry_what_their_effects_have_in_common() -> None:
    table = example()
    rows = table.rows.assign(outcome=["x"] * 5 + ["y"], weeks=[1, 1, 2, 1, 2, 3])
    found = aggregate_effects(replace(table, rows=rows), STUDY, rho=0.4).table
    assert found.rows["outcome"].tolist() == ["x", "x", "y"]
    assert found.rows["weeks"].tolist() == [1, 2, 3]
    mixed = aggregate_effects(replace(table, rows=rows), list("aaaaab"), rho=0.4).table
    assert mixed.rows["weeks"].tolist() == [None, 3]
    assert found.rows["route"].tolist() == ["aggregated", "aggregated", "given"]
    assert found.rows["remark"].tolist() == [
        "mean of 3 dependent effects",
        "mean of 2 dependent effects",
        None,
    ]
    assert (found.considered, found.measure) == (3, "GEN")


def test_figures_lead_back_to_what_they_are_made_of() -> None:
    table = example()
    found = aggregate_effects(table, STUDY, rho=0.4).table
    trace = found.traces["a"].estimate
    assert isinstance(trace, Derived)
    assert trace.value == found.rows.loc["a", "estimate"]
    assert [name for name, _ in trace.inputs][:2] == ["estimate of study 1", "std_error of study 1"]
    assert isinstance(found.traces["c"].estimate, Given)


def test_the_table_is_ready_for_pooling() -> None:
    found = aggregate_effects(example(), STUDY, rho=0.4)
    assert pool(found.table).k == 3


def test_one_row_a_cluster_changes_no_figure() -> None:
    table = example()
    found = aggregate_effects(table, range(6), structure="independent").table
    np.testing.assert_allclose(found.rows["estimate"], table.rows["estimate"].to_numpy(float))
    np.testing.assert_allclose(found.covariance, table.covariance)


def test_weights_below_zero_are_noted() -> None:
    table = table_of([0.1, 0.9], [0.1, 0.5])
    found = aggregate_effects(table, ["a", "a"], rho=0.9)
    assert found.members["weight"].min() < 0
    assert found.notes[-1] == "weights below 0 in cluster a: the correlation is high"


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({}, "structure: is absent"),
        ({"structure": "cs", "rho": 0.5}, "unknown: 'cs'"),
        ({"structure": "compound_symmetry"}, "rho: is absent"),
        ({"structure": "independent", "rho": 0.5}, "rho: would do nothing with structure="),
        ({"structure": "autoregressive", "phi": 0.5}, "time: is absent"),
        ({"phi": 0.5}, "structure: is absent"),
        ({"rho": 1.2}, "from -1 to 1"),
        ({"rho": "x"}, "a number, or a mapping"),
        ({"rho": {"a": 0.5}}, "has none for 'b', 'c'"),
        ({"structure": "autoregressive", "phi": -0.5, "time": TIME}, "from 0 to 1"),
        ({"rho": 1.0}, "not positive definite"),
        ({"rho": -0.9}, "not positive definite"),
        ({"covariance": np.eye(5)}, r"shape \(5, 5\)"),
        ({"covariance": "x"}, "numbers of shape"),
        ({"covariance": np.triu(np.ones((6, 6)))}, "is not symmetric"),
        ({"covariance": np.eye(6)}, "its diagonal is not the table's variances"),
        ({"covariance": np.eye(6), "rho": 0.1}, "rho: would do nothing beside covariance"),
    ],
)
def test_wrong_options(options: dict[str, Any], match: str) -> None:
    with pytest.raises(FitError, match=match):
        aggregate_effects(example(), STUDY, **options)


def test_labels_that_read_the_same() -> None:
    with pytest.raises(FitError, match="two labels read '1'"):
        aggregate_effects(table_of([1, 2], [1, 1]), [1, "1"], structure="independent")


@settings(max_examples=25, deadline=None)
@given(st.sampled_from([1e-6, 2.0, 1e6]), st.floats(-5, 5), st.permutations(list(range(6))))
def test_scale_shift_and_order(scale: float, shift: float, order: list[int]) -> None:
    table = example()
    plain = aggregate_effects(table, STUDY, rho=0.4).table.rows
    y, s = (table.rows[c].to_numpy(float)[order] for c in ("estimate", "std_error"))
    other = aggregate_effects(
        table_of(scale * (y + shift), scale * s), [STUDY[i] for i in order], rho=0.4
    ).table.rows.loc[["a", "b", "c"]]
    np.testing.assert_allclose(
        other["estimate"].to_numpy(float), scale * (plain["estimate"].to_numpy(float) + shift),
        rtol=1e-9, atol=1e-9 * scale,
    )  # fmt: skip
    np.testing.assert_allclose(
        pd.to_numeric(other["std_error"]), scale * pd.to_numeric(plain["std_error"]), rtol=1e-9
    )
