"""What a multilevel model reads, refuses and says in words."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from multilevel_samples import simulated
from scipy import sparse

from evidence.effects.table import EffectTable, table_of
from evidence.errors import EffectError, FitError
from evidence.models.frequentist.pool import pool
from evidence.models.multilevel.compare import compare_multilevel, variance_shares
from evidence.models.multilevel.multilevel import multilevel
from evidence.models.multilevel.predict import predict_multilevel
from evidence.models.multilevel.profile import profile_intervals, profile_likelihood
from evidence.models.multilevel.random_effects import random_effects

SIX = pd.DataFrame(
    {
        "study": [1, 1, 2, 2, 3, 3],
        "effect": [1, 2, 3, 4, 5, 6],
        "outcome": list("ababab"),
        "estimate": [0.1, 0.3, 0.5, 0.9, -0.4, 0.2],
        "std_error": 0.2,
    }
)
OTHERS = {"names": ["a", "b"]}


def shared_arm() -> EffectTable:
    """Two contrasts with one control arm, and one of its own."""
    table = table_of([0.2, 0.4, 0.1], [0.2, 0.2, 0.3], labels=["a", "b", "c"])
    covariance = np.diag([0.04, 0.04, 0.09])
    covariance[0, 1] = covariance[1, 0] = 0.02
    rows = table.rows.assign(study=["x", "x", "y"])
    parts = (table.partial, table.unused, table.traces, table.considered)
    return EffectTable("GEN", None, "identity", rows, covariance, *parts)


def test_a_shared_arm_that_pool_refuses_is_fitted() -> None:
    table = shared_arm()
    with pytest.raises(FitError, match="share"):
        pool(table)
    fit = multilevel(table, None, test="z")
    w = np.linalg.inv(table.covariance)
    assert fit.estimates[0] == pytest.approx(w.sum(0) @ [0.2, 0.4, 0.1] / w.sum())
    again = multilevel(table, "study", test="z")
    assert [term.groups for term in again.random] == [("x", "y")]


def test_columns_come_from_the_table_and_from_data() -> None:
    table = shared_arm()
    data = pd.DataFrame({"dose": [1.0, 2.0, 4.0]})
    fit = multilevel(table, "study", data=data, moderators="~ dose", test="z", df=None)
    assert fit.design.names == ("intercept", "dose")
    frame = multilevel(table, None, moderators=data, intercept=False, test="z")
    assert frame.design.names == ("dose",)


def test_frames_and_tables_agree() -> None:
    fit = multilevel(SIX, "~ 1 | study/effect")
    table = table_of(SIX["estimate"], SIX["std_error"])
    other = multilevel(table, ["study", "study/effect"][1:], data=SIX[["study", "effect"]])
    pd.testing.assert_frame_equal(fit.terms, other.terms)


@pytest.mark.parametrize(
    ("random", "options", "message"),
    [
        ("nope", {}, "data has no column 'nope'"),
        ("study |", {}, "cannot be read"),
        ("| study", {}, "cannot be read"),
        ("a + b", {}, "cannot be read"),
        (3, {}, "is a int"),
        ([3], {}, "is a int"),
        ("study", {"structure": "unstructured"}, "would do nothing: no random term"),
        ("outcome | study", {"structure": "UN"}, "unknown: 'UN'"),
        ("outcome | study", {"structure": ["diagonal"] * 2}, "2 structures for 1 terms"),
        ("outcome | study", {"structure": "continuous_autoregressive"}, "is not numeric"),
        (["study", "study"], {}, "stands there twice"),
        (["study", "other"], {}, "groups the rows as 'study' does"),
        ("one", {}, "has one group only"),
        ("one | study", {}, "has one inner level only"),
        ("gap", {}, "row '1': missing"),
        ("study", {"fixed": {"variance(stud)": 1.0}}, 'did you mean "variance\\(study\\)"'),
        ("study", {"fixed": {"variance(study)": -1.0}}, "0 or more"),
        ("study", {"df": "residual", "test": "z"}, "would do nothing with test='z'"),
        ("study", {"df": "satterthwaite"}, "df: unknown: 'satterthwaite'"),
        ("study", {"test": "f"}, "test: unknown: 'f'"),
        ("study", {"method": "ml"}, "method: unknown: 'ml'"),
        ("study", {"level": 95}, "level: 95"),
        ("study", {"level": True}, "level: True"),
        ("study", {"covariance": np.eye(5)}, r"shape \(5, 5\)"),
        ("study", {"covariance": np.eye(6)}, "is not std_error"),
        ("study", {"covariance": "none"}, "covariance"),
        ("study", {"covariance": np.full((6, 6), np.nan)}, "is not finite"),
        ("study", {"covariance": np.triu(np.full((6, 6), 0.04))}, "is not symmetric"),
        ("study", {"covariance": np.full((6, 6), 0.04)}, "is singular together"),
        ("study", {"moderators": "~ C(study)"}, "has 0 degrees of freedom"),
        ("study", {"known_correlations": {"stud": SIX}}, "no term 'stud'"),
        ("study", {"known_correlations": {"study": 1.0}}, "is a float"),
        ("study", {"known_correlations": {"study": SIX}}, "has no group"),
    ],
)
def test_refused(random: Any, options: dict[str, Any], message: str) -> None:
    frame = SIX.assign(other=list("qqrrss"), one="x", gap=[1, None, 2, 2, 3, 3])
    with pytest.raises(FitError, match=message):
        multilevel(frame, random, **options)


def test_distances_in_a_far_unit_are_refused() -> None:
    for unit in (1e-3, 1e8):
        frame = SIX.assign(outcome=unit * np.array([1.0, 2.0] * 3))
        with pytest.raises(FitError, match="in a unit in which they are about 1 apart"):
            multilevel(frame, "outcome | study", structure="continuous_autoregressive")


def test_a_covariance_with_a_negative_eigenvalue_is_refused() -> None:
    v = np.full((6, 6), -0.02)
    np.fill_diagonal(v, 0.04)
    with pytest.raises(FitError, match="negative eigenvalue"):
        multilevel(SIX, "study", covariance=sparse.csr_array(v))


@pytest.mark.parametrize("entry", [2.0, 0.9])
def test_known_correlations_must_be_some(entry: float) -> None:
    matrix = pd.DataFrame(np.eye(3), index=[1, 2, 3], columns=[1, 2, 3])
    matrix.iloc[0, 1:] = entry
    matrix.iloc[1:, 0] = entry if entry > 1 else [entry, entry]
    if entry < 1:
        matrix.iloc[1, 2] = matrix.iloc[2, 1] = -0.9
    with pytest.raises(FitError, match="negative eigenvalue"):
        multilevel(SIX, "study", known_correlations={"study": matrix})
    matrix.iloc[0, 1] = 0.0
    with pytest.raises(FitError, match="is not symmetric with 1 on the diagonal"):
        multilevel(SIX, "study", known_correlations={"study": matrix})


def test_tables_that_are_none() -> None:
    with pytest.raises(FitError, match="is a list"):
        multilevel([1.0], "study")
    with pytest.raises(FitError, match="has not one column 'std_error'"):
        multilevel(SIX.drop(columns="std_error"), "study")
    with pytest.raises(FitError, match="would do nothing: the table is a frame"):
        multilevel(SIX, "study", data=SIX)
    with pytest.raises(EffectError, match="std_error"):
        multilevel(SIX.assign(std_error=0.0), "study")
    with pytest.raises(FitError, match="too few effects"):
        multilevel(SIX.iloc[:1], None)
    with pytest.raises(FitError, match="cannot be told apart"):
        multilevel(SIX.assign(x=1.0), "study", moderators="~ x")


def test_two_effects_are_fitted() -> None:
    fit = multilevel(SIX.iloc[[0, 2]], "study")
    assert fit.component("variance(study)") == pytest.approx(0.04, abs=1e-8)
    assert fit.df.tolist() == [1.0]


def test_no_spread_is_exactly_zero_and_said() -> None:
    frame = SIX.assign(estimate=[0.1, 0.3, 0.2, 0.2, 0.1, 0.3])
    fit = multilevel(frame, "outcome | study", structure="unstructured")
    assert fit.components["at_bound"].tolist() == [True, True, False]
    assert fit.components["estimate"].iloc[:2].tolist() == [0.0, 0.0]
    assert np.isnan(fit.components["estimate"].iloc[2])
    assert "is not identified: a variance is 0" in repr(fit)
    assert "the edge" in repr(fit)
    np.testing.assert_array_equal(fit.effect_covariance("outcome | study").to_numpy(), 0.0)


def test_correlations_that_no_group_tells_of() -> None:
    frame = SIX.assign(outcome=list("aabbcc"), estimate=[1.0, -1.0, 2.0, 0.0, -2.0, 3.0])
    for structure in ("compound_symmetry", "unstructured"):
        fit = multilevel(frame, "outcome | study", structure=structure, test="z")
        lost = fit.components[fit.components["kind"] == "correlation"]
        assert lost["estimate"].isna().all()
        assert lost["fixed"].all()
        assert "no group has both levels" in repr(fit)
        first = lost["component"].iloc[0]
        with pytest.raises(FitError, match="is fixed or not identified"):
            profile_likelihood(fit, first, 0.5)


def test_containment_and_residual_degrees_of_freedom() -> None:
    frame = simulated(30, studies=6)
    frame["year"] = frame["study"] % 4
    fit = multilevel(frame, "study/effect", moderators="~ year + dose")
    assert fit.df.tolist() == [3.0, 3.0, 27.0]
    assert fit.moderators is not None
    assert fit.moderators.df_residual == 3.0
    other = multilevel(frame, "study/effect", moderators="~ year + dose", df="residual")
    assert other.df.tolist() == [27.0] * 3
    cells = multilevel(frame, "outcome | study", moderators="~ C(outcome)", structure="identity")
    pairs = len(frame.drop_duplicates(["study", "outcome"]))
    assert cells.df.tolist() == [3.0, pairs - 3.0, pairs - 3.0]


def test_predictions_at_inner_levels() -> None:
    frame = simulated(40)
    fit = multilevel(frame, "outcome | study", structure="diagonal", test="z")
    found = predict_multilevel(fit)
    assert found["outcome"].tolist() == ["0", "1", "2"]
    variances = fit.components["estimate"].to_numpy()
    spread = np.sqrt(found["std_error"] ** 2 + variances)
    half = (found["prediction_high"] - found["prediction_low"]) / 2
    np.testing.assert_allclose(half, 1.959963984540054 * spread)
    one = predict_multilevel(fit, pd.DataFrame({"outcome": [2]}), level=0.5)
    assert one["level"].tolist() == [0.5]
    assert "prediction_low" not in predict_multilevel(fit, prediction=False)
    with pytest.raises(FitError, match="column 'outcome': is absent"):
        predict_multilevel(fit, pd.DataFrame({"x": [1]}))
    with pytest.raises(FitError, match="unknown level '7'"):
        predict_multilevel(fit, pd.DataFrame({"outcome": [7.0]}))
    with pytest.raises(FitError, match="level: 2"):
        predict_multilevel(fit, level=2)
    several = multilevel(frame, "study", moderators="~ dose", test="z")
    with pytest.raises(FitError, match="the model has moderators"):
        predict_multilevel(several)


def test_profiles_and_intervals() -> None:
    frame = simulated(40)
    fit = multilevel(frame, "study/effect", test="z")
    found = profile_intervals(fit)
    gap = 0.5 * 3.841458820694124
    for name, low, high in found[["component", "ci_low", "ci_high"]].itertuples(index=False):
        ends = [end for end in (low, high) if end > 0]
        heights = profile_likelihood(fit, name, ends)["log_likelihood"]
        np.testing.assert_allclose(heights, fit.log_likelihood - gap, atol=1e-5)
        stated = multilevel(frame, "study/effect", test="z", fixed={name: high})
        assert stated.log_likelihood == pytest.approx(heights.iloc[-1], abs=1e-9)
    narrow = profile_intervals(fit, "variance(study)", level=0.5)
    assert narrow["ci_high"].iloc[0] < found["ci_high"].iloc[0]
    with pytest.raises(FitError, match="unknown: 'study'"):
        profile_intervals(fit, "study")
    with pytest.raises(FitError, match="level: 0"):
        profile_intervals(fit, level=0)
    with pytest.raises(FitError, match="numbers from 0 to inf"):
        profile_likelihood(fit, "variance(study)", -1.0)


def test_an_interval_without_an_upper_end() -> None:
    frame = SIX.iloc[[0, 1, 2, 3]].assign(estimate=[0.0, 0.1, 5.0, 5.1])
    fit = multilevel(frame, ["study", "effect"], test="z")
    found = profile_intervals(fit, "variance(study)", level=0.999)
    assert np.isinf(found["ci_high"].iloc[0])


def test_intervals_of_unstructured_correlations() -> None:
    frame = simulated(60, studies=20, seed=8)
    fit = multilevel(frame, "outcome | study", structure="unstructured", test="z")
    name = "correlation(outcome[0, 2] | study)"
    low, high = profile_intervals(fit, name)[["ci_low", "ci_high"]].iloc[0]
    assert -1.0 <= low <= fit.component(name) <= high <= 1.0
    if low > -1:
        height = profile_likelihood(fit, name, low)["log_likelihood"].iloc[0]
        assert height == pytest.approx(fit.log_likelihood - 0.5 * 3.841458820694124, abs=1e-5)


def test_fixed_components() -> None:
    frame = simulated(30)
    names = {
        "variance(outcome[0] | study)": 0.2,
        "variance(outcome[1] | study)": 0.3,
        "variance(outcome[2] | study)": 0.1,
        "correlation(outcome[0, 1] | study)": 0.5,
        "correlation(outcome[0, 2] | study)": 0.2,
        "correlation(outcome[1, 2] | study)": -0.1,
    }
    fit = multilevel(frame, "outcome | study", structure="unstructured", fixed=names, test="z")
    assert fit.components["estimate"].tolist() == list(names.values())
    assert fit.components["fixed"].all()
    assert fit.parameters == 1
    one = {"correlation(outcome[1, 2] | study)": 0.25}
    free = multilevel(frame, "outcome | study", structure="unstructured", fixed=one, test="z")
    assert free.component("correlation(outcome[1, 2] | study)") == pytest.approx(0.25, abs=1e-12)
    two = dict(list(names.items())[3:5])
    with pytest.raises(FitError, match="state one of them, or all"):
        multilevel(frame, "outcome | study", structure="unstructured", fixed=two)
    three = {**dict(list(names.items())[3:]), "correlation(outcome[0, 1] | study)": -1.0}
    three["correlation(outcome[0, 2] | study)"] = 1.0
    with pytest.raises(FitError, match="cannot hold together"):
        multilevel(frame, "outcome | study", structure="unstructured", fixed=three)
    equal = {"correlation(outcome | study)": 0.5}
    same = multilevel(frame, "outcome | study", fixed=equal, test="z")
    assert same.component("correlation(outcome | study)") == 0.5
    with pytest.raises(FitError, match=r"-0\.5 to 1"):
        multilevel(frame, "outcome | study", fixed={"correlation(outcome | study)": -0.8})


def test_comparisons_by_likelihood() -> None:
    frame = simulated(40)
    full = multilevel(frame, "study/effect", test="z")
    reduced = multilevel(frame, "study", test="z")
    found = compare_multilevel(full, reduced)
    assert found.df == 1
    assert found.statistic == pytest.approx(2 * (full.log_likelihood - reduced.log_likelihood))
    assert found.note is not None
    with pytest.raises(FitError, match="the larger one first"):
        compare_multilevel(reduced, full)
    more = multilevel(frame, "study/effect", moderators="~ dose", test="z")
    with pytest.raises(FitError, match="restricted likelihoods are of different data"):
        compare_multilevel(more, full)
    ml = [
        multilevel(frame, "study/effect", moderators=m, method="maximum_likelihood", test="z")
        for m in ("~ dose", None, "~ C(outcome) - 1")
    ]
    assert compare_multilevel(ml[0], ml[1]).note is None
    with pytest.raises(FitError, match="are not nested"):
        compare_multilevel(ml[2], ml[0])
    with pytest.raises(FitError, match="fit both by one method"):
        compare_multilevel(full, ml[1])
    other = multilevel(frame.assign(estimate=frame["estimate"] + 1), "study", test="z")
    with pytest.raises(FitError, match="differ in estimate"):
        compare_multilevel(full, other)
    v = np.diag(frame["std_error"] ** 2)
    v[0, 1] = v[1, 0] = 0.001
    with pytest.raises(FitError, match="differ in sampling covariance"):
        compare_multilevel(full, multilevel(frame, "study", covariance=v, test="z"))
    crossed = multilevel(frame, "study", test="z")
    apart = multilevel(frame, "outcome | effect", structure="diagonal", test="z")
    with pytest.raises(FitError, match="higher likelihood"):
        compare_multilevel(apart, crossed)


def test_shares_of_the_variance() -> None:
    fit = multilevel(simulated(40), "study/effect", test="z")
    found = variance_shares(fit)
    assert found["share"].sum() == pytest.approx(100.0)
    assert found["share"].iloc[:2].sum() == pytest.approx(fit.heterogeneity.i2)
    hetero = multilevel(simulated(40), "outcome | study", structure="diagonal", test="z")
    shares = variance_shares(hetero)["share"]
    assert shares.iloc[0] == pytest.approx(hetero.heterogeneity.i2)


def test_a_singular_sampling_covariance_needs_random_effects() -> None:
    v = np.kron(np.eye(3), np.full((2, 2), 0.04))
    fit = multilevel(SIX, "study/effect", covariance=v, test="z")
    assert fit.heterogeneity.q is None
    assert "not assessed: the sampling covariance matrix is singular" in repr(fit)
    with pytest.raises(FitError, match="cannot be divided"):
        variance_shares(fit)
    with pytest.raises(FitError, match="is singular"):
        multilevel(SIX, None, covariance=v)


def test_no_random_effects_to_predict() -> None:
    with pytest.raises(FitError, match="there are no random effects"):
        random_effects(multilevel(SIX, None))


def test_unknown_names_of_terms() -> None:
    with pytest.raises(KeyError, match="nope"):
        multilevel(SIX, "study").effect_covariance("nope")


def test_levels_of_categories_keep_their_order() -> None:
    frame = SIX.assign(outcome=pd.Categorical(list("ababab"), ["b", "a", "z"]))
    fit = multilevel(frame, "outcome | study", structure="diagonal")
    assert fit.random[0].levels == ("b", "a")
    assert fit.effect_covariance("outcome | study").index.tolist() == ["b", "a"]
