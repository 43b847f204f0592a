"""Subgroups: each group is a fit of its own; one tau2 for all; the test between groups."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evidence.effects.table import table_of
from evidence.errors import FitError
from evidence.models.frequentist.estimators import ESTIMATORS
from evidence.models.frequentist.kernels_common import COMMON_METHODS, common_tau2
from evidence.models.frequentist.pool import pool
from evidence.models.frequentist.subgroups import subgroups

Y = np.array([0.1, 2.0, 3.5, 5.0, 8.0, 4.0, 9.5])
S = np.array([1.0, 0.5, 0.8, 1.2, 0.4, 0.9, 1.0])
BY = ["a", "b", "a", "b", "b", "a", "b"]


def test_groups_with_their_own_tau2_are_fits_of_their_own() -> None:
    found = subgroups(table_of(Y, S), BY)
    for name in "ab":
        of = np.array(BY) == name
        own = pool(table_of(Y[of], S[of]))
        row = found.groups.loc[name]
        assert row["estimate"] == pytest.approx(own.estimate)
        assert row["ci_low"] == pytest.approx(own.ci_low)
        assert row["tau2"] == pytest.approx(own.heterogeneity.tau2)
        assert row["q"] == pytest.approx(own.heterogeneity.q)


def test_common_effect_q_splits_into_within_and_between() -> None:
    found = subgroups(table_of(Y, S), BY, model="common")
    whole = pool(table_of(Y, S), model="common").heterogeneity.q
    assert found.groups["q"].sum() + found.q_between == pytest.approx(whole)
    assert found.q_between_df == 1


@pytest.mark.parametrize("method", COMMON_METHODS)
def test_common_tau2_of_one_group_is_that_of_the_group(method: str) -> None:
    own = common_tau2([(Y, S**2)], method)
    assert own.converged
    assert own.tau2 == pytest.approx(float(ESTIMATORS[method](Y, S**2).tau2), rel=1e-9)


@pytest.mark.parametrize("method", ["reml", "maximum_likelihood"])
def test_common_tau2_is_the_highest_point(method: str) -> None:
    groups = [(Y[[0, 2, 5]], S[[0, 2, 5]] ** 2), (Y[[1, 3, 4, 6]], S[[1, 3, 4, 6]] ** 2)]

    def height(t: float) -> float:
        total = 0.0
        for y, v in groups:
            w = 1 / (v + t)
            m = (w * y).sum() / w.sum()
            total += 0.5 * np.log(w).sum() - 0.5 * (w * (y - m) ** 2).sum()
            total -= 0.5 * np.log(w.sum()) if method == "reml" else 0.0
        return float(total)

    own = float(common_tau2(groups, method).tau2)
    assert own > 0
    assert height(own) >= max(height(t) for t in np.geomspace(1e-4, 100, 5000))


def test_common_paule_mandel_meets_its_degrees_of_freedom() -> None:
    groups = [(Y[[0, 2, 5]], S[[0, 2, 5]] ** 2), (Y[[1, 3, 4, 6]], S[[1, 3, 4, 6]] ** 2)]
    t, q = float(common_tau2(groups, "paule_mandel").tau2), 0.0
    for y, v in groups:
        w = 1 / (v + t)
        q += (w * (y - (w * y).sum() / w.sum()) ** 2).sum()
    assert t > 0
    assert q == pytest.approx(5.0)


@pytest.mark.parametrize("method", COMMON_METHODS)
def test_common_tau2_at_the_boundary(method: str) -> None:
    alike = (np.array([1.0, 1.0, 1.0]), np.array([0.1, 0.2, 0.3]))
    found = common_tau2([alike, alike], method)
    assert found.converged
    assert found.tau2 == 0.0


@given(st.sampled_from(COMMON_METHODS), st.sampled_from([1e-5, 10.0, 1e5]), st.floats(-20, 20))
def test_common_tau2_follows_the_unit(method: str, factor: float, shift: float) -> None:
    groups = [(Y[:3], S[:3] ** 2), (Y[3:], S[3:] ** 2)]
    moved = [((y + shift) * factor, v * factor**2) for y, v in groups]
    plain = float(common_tau2(groups, method).tau2)
    assert common_tau2(moved, method).tau2 / factor**2 == pytest.approx(plain, rel=1e-8)


def test_single_study_in_a_group() -> None:
    by = ["a", "b", "a", "a", "a", "a", "a"]
    alone = subgroups(table_of(Y, S), by, ci="wald").groups.loc["b"]
    assert (alone["k"], alone["std_error"]) == (1, 0.5)
    assert np.isnan(alone["tau2"])
    assert alone["note"] == "one study: tau2 was not estimated and not added"
    shared = subgroups(table_of(Y, S), by, ci="wald", tau2_common=True).groups.loc["b"]
    assert shared["std_error"] == pytest.approx(np.sqrt(0.25 + shared["tau2"]))


@pytest.mark.parametrize(
    ("by", "options", "message"),
    [
        (BY[:3], {}, "3 labels for 7 rows"),
        (["a"] * 7, {}, "only one group"),
        ([None, *BY[1:]], {}, "has no label"),
        ("studdy", {}, "no such column"),
        (BY, {"tau2_common": True, "model": "common"}, "would do nothing"),
        (BY, {"tau2_common": True, "tau2": "sidik_jonkman"}, "no form common"),
    ],
)
def test_what_cannot_be(by, options, message: str) -> None:
    with pytest.raises(FitError, match=message):
        subgroups(table_of(Y, S), by, **options)


def test_groups_from_a_column() -> None:
    table = table_of(Y, S)
    table.rows["blinding"] = BY
    assert subgroups(table, "blinding").q_between == subgroups(table, BY).q_between
