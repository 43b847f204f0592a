"""cluster_robust on pooled, regression and other fits: figures, options, refusals."""

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from evidence.effects.table import EffectTable, table_of
from evidence.errors import FitError
from evidence.models.frequentist.pool import pool
from evidence.models.regression.design import Design
from evidence.models.regression.regression import meta_regression
from evidence.models.robust.cluster_robust import cluster_robust, robust_wald
from evidence.models.robust.fit import RobustFit

REFERENCE = Path(__file__).resolve().parents[2] / "reference" / "multilevel"
STUDIES = ["a", "a", "b", "b", "b", "c", "d", "d", "e", "f"]


def example(scale: float = 1.0, shift: float = 0.0) -> tuple[EffectTable, pd.DataFrame]:
    random = np.random.default_rng(8)
    y, s = random.normal(0.4, 0.5, 10), random.uniform(0.2, 0.4, 10)
    frame = pd.DataFrame({"dose": random.normal(size=10), "age": random.normal(size=10)})
    return table_of(scale * y + shift, scale * s), frame


@dataclass(frozen=True)
class Marginal:
    """The least that carries a marginal covariance."""

    design: Design
    outcomes: np.ndarray
    marginal_covariance: np.ndarray
    weight_matrix: np.ndarray | None = None
    level: float = 0.95

    @property
    def index(self) -> pd.Index:
        return pd.RangeIndex(len(self.outcomes))


def three_level(name: str) -> tuple[Marginal, np.ndarray, dict[str, Any]]:
    """The fit a reference file states, from its own variance components."""
    fixture = json.loads((REFERENCE / f"{name}.json").read_text(encoding="utf-8"))
    frame, expected = pd.DataFrame(fixture["data"]), fixture["expected"]
    outer, inner = ("study", "esid") if "esid" in frame else ("district", "school")
    study = frame[outer].to_numpy()
    within = fixture["options"].get("within_study_correlation", 0.0)
    sd = np.sqrt(frame["vi"].to_numpy())
    same = study[:, None] == study
    marginal = np.where(same, within * np.outer(sd, sd), 0.0)
    np.fill_diagonal(marginal, sd**2)
    between, inside = expected["sigma2"]
    effect = frame.groupby([outer, inner], sort=False).ngroup().to_numpy()
    marginal += between * same + inside * (effect[:, None] == effect)
    columns = [np.ones(len(frame))]
    for label in expected["names"][1:]:
        if label.startswith("deltype"):
            columns.append((frame["deltype"] == label.removeprefix("deltype")).to_numpy(float))
        else:
            column = frame["year" if "year" in label else label].to_numpy(float)
            columns.append(column - column.mean() if "mean" in label else column)
    names = ("intercept", *expected["names"][1:])
    design = Design(np.column_stack(columns), names, {}, {}, ())
    return Marginal(design, frame["yi"].to_numpy(), marginal), study, expected


@pytest.mark.parametrize(
    "name",
    [
        "assink2016-che", "assink2016-threelevel", "assink2016-pubstatus-year",
        "konstantopoulos2011-year", "konstantopoulos2011-threelevel", "assink2016-deltype",
    ],
)  # fmt: skip
def test_agrees_with_club_sandwich_at_its_own_variance_components(name: str) -> None:
    fit, study, expected = three_level(name)
    compared = 0
    for key, theirs in expected["robust"].items():
        if not key.endswith("clubSandwich"):
            continue
        if key.startswith("CR3") and name == "assink2016-deltype":
            continue
        kind: Any = key.split("_")[0]
        own = cluster_robust(fit, study, kind=kind)
        np.testing.assert_allclose(own.covariance, theirs["vcov"], rtol=1e-10)
        np.testing.assert_allclose(own.terms["df"], theirs["df_satterthwaite"], rtol=1e-9)
        np.testing.assert_allclose(own.terms["p"], theirs["p_satterthwaite"], rtol=1e-8)
        if "wald_HTZ" in theirs:
            assert own.moderators is not None
            assert own.moderators.statistic == pytest.approx(theirs["wald_HTZ"]["F"], rel=1e-9)
            assert own.moderators.df_residual == pytest.approx(theirs["wald_HTZ"]["df_denom"])
            assert own.moderators.p == pytest.approx(theirs["wald_HTZ"]["p"], rel=1e-8)
        compared += 1
    assert compared >= 4


def test_a_coefficient_on_one_cluster_alone_has_cr2_and_no_cr3() -> None:
    fit, study, _ = three_level("assink2016-deltype")
    found = cluster_robust(fit, study)
    assert any("rests on one cluster alone (16)" in note for note in found.notes)
    with pytest.raises(FitError, match="CR3 leaves out cluster 16"):
        cluster_robust(fit, study, kind="CR3")


def test_pool_and_a_regression_on_nothing_agree() -> None:
    table, _ = example()
    one = cluster_robust(pool(table), STUDIES)
    other = cluster_robust(
        meta_regression(table, "~ 1", data=pd.DataFrame(index=range(10))), STUDIES
    )
    columns = ["estimate", "std_error", "df", "p", "ci_low", "ci_high"]
    np.testing.assert_allclose(one.terms[columns], other.terms[columns], rtol=1e-9)
    assert (one.moderators, one.names, one.m, one.k) == (None, ("pooled",), 6, 10)
    assert one.estimate == pytest.approx(pool(table).estimate)


def test_common_effect_pool_by_hand() -> None:
    table, _ = example()
    found = cluster_robust(pool(table, model="common"), STUDIES, kind="CR0", df="normal")
    y = table.rows["estimate"].to_numpy(float)
    w = table.rows["std_error"].to_numpy(float) ** -2
    pulls = pd.Series(w * (y - (w * y).sum() / w.sum())).groupby(STUDIES).sum()
    error = float(np.sqrt((pulls**2).sum())) / w.sum()
    assert found.terms["std_error"].iloc[0] == pytest.approx(error)
    z = found.estimate / error
    assert found.terms["p"].iloc[0] == pytest.approx(2 * stats.norm.sf(abs(z)))


def test_stated_weights_are_kept() -> None:
    table, frame = example()
    fit = meta_regression(table, frame, weights="equal")
    found = cluster_robust(fit, STUDIES, kind="CR0")
    x = np.column_stack([np.ones(10), frame])
    y = table.rows["estimate"].to_numpy(float)
    b, *_ = np.linalg.lstsq(x, y, rcond=None)
    np.testing.assert_allclose(found.estimates, b, rtol=1e-9)
    pulls = pd.DataFrame(x * (y - x @ b)[:, None]).groupby(STUDIES).sum().to_numpy()
    bread = np.linalg.inv(x.T @ x)
    np.testing.assert_allclose(found.covariance, bread @ pulls.T @ pulls @ bread, rtol=1e-9)


def test_degrees_of_freedom_by_method() -> None:
    table, frame = example()
    fit = meta_regression(table, frame)
    found = {df: cluster_robust(fit, STUDIES, df=df) for df in ("residual", "clusters", "normal")}
    assert [float(x.terms["df"].iloc[0]) for x in found.values()] == [3.0, 5.0, np.inf]
    wide = cluster_robust(fit, STUDIES, df="residual", level=0.99).terms
    half = stats.t.ppf(0.995, 3) * wide["std_error"]
    np.testing.assert_allclose(wide["ci_high"] - wide["estimate"], half)
    kinds = [found[df].moderators for df in found]
    assert [k.method for k in kinds if k is not None] == ["f", "f", "chi_squared"]


def test_wald_tests_of_each_method() -> None:
    table, frame = example()
    found = cluster_robust(meta_regression(table, frame), STUDIES, df="residual")
    both = robust_wald(found, ["dose", "age"], method="f")
    assert found.moderators == both
    quadratic = robust_wald(found, [[0, 1, 0], [0, 0, 1]], method="chi_squared")
    assert quadratic.statistic == pytest.approx(2 * (both.statistic or 0))
    assert quadratic.p == pytest.approx(stats.chi2.sf(quadratic.statistic, 2))
    assert quadratic.contrasts == ("1 dose", "1 age")
    shifted = robust_wald(found, [[0, 1, 0]], [found.estimates[1]])
    assert (shifted.statistic, shifted.p) == (pytest.approx(0.0, abs=1e-20), pytest.approx(1.0))


def test_more_contrasts_than_clusters_can_bear_have_no_p_but_a_reason() -> None:
    table, frame = example()
    few = ["a"] * 5 + ["b"] * 5
    found = cluster_robust(meta_regression(table, frame), few, kind="CR0", df="normal")
    test = found.moderators
    assert test is not None
    assert (test.statistic, test.p) == (None, None)
    assert test.reason == "2 clusters do not suffice to test 2 coefficients at once"
    assert "not tested" in repr(found)
    every = robust_wald(found, np.eye(3))
    assert every.reason == "2 clusters do not suffice to test 3 coefficients at once"


def test_no_degrees_of_freedom_left_is_said() -> None:
    random = np.random.default_rng(0)
    frame = pd.DataFrame(random.normal(size=(8, 4)), columns=list("abcd"))
    fit = meta_regression(table_of(random.normal(size=8), np.full(8, 0.3)), frame)
    test = cluster_robust(fit, [0, 1, 2, 3, 4, 5, 0, 1]).moderators
    assert test is not None
    assert test.reason is not None
    assert test.reason.startswith("the clusters leave no degrees of freedom")
    assert test.df_residual is not None
    assert test.df_residual <= 0.0


def test_labels_of_a_series_follow_the_rows() -> None:
    table, frame = example()
    fit = meta_regression(table, frame)
    labels = pd.Series(STUDIES, index=table.rows.index)
    one = cluster_robust(fit, labels.iloc[::-1])
    np.testing.assert_allclose(one.covariance, cluster_robust(fit, STUDIES).covariance)
    plain = cluster_robust(fit, pd.Series(STUDIES))
    np.testing.assert_allclose(one.covariance, plain.covariance)
    with pytest.raises(FitError, match="has no row 'study 1'"):
        cluster_robust(fit, pd.Series(STUDIES, index=range(100, 110)))
    with pytest.raises(FitError, match="names a row twice"):
        cluster_robust(fit, pd.concat([labels, labels]))


def test_summary_names_clusters_and_notes() -> None:
    table, frame = example()
    text = repr(cluster_robust(meta_regression(table, frame), STUDIES))
    assert text.startswith("Cluster-robust tests of 10 effects in 6 clusters; CR2")
    assert "moderators F(2, " in text
    assert "degrees of freedom, below 4" in text
    assert "chi-squared(2)" in repr(
        cluster_robust(meta_regression(table, frame), STUDIES, df="normal")
    )


def test_leverage_adds_up_to_the_coefficients() -> None:
    table, frame = example()
    found = cluster_robust(meta_regression(table, frame), STUDIES)
    assert found.clusters["leverage"].sum() == pytest.approx(3.0)
    assert found.clusters["rows"].tolist() == [2, 3, 1, 2, 1, 1]


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"kind": "CR9"}, 'known: CR0, CR1|did you mean "CR'),
        ({"df": "satterthwait"}, 'did you mean "satterthwaite"'),
        ({"level": 95}, "a fraction between 0 and 1"),
    ],
)
def test_wrong_options(options: dict[str, Any], match: str) -> None:
    with pytest.raises(FitError, match=match):
        cluster_robust(pool(example()[0]), STUDIES, **options)


@pytest.mark.parametrize(
    ("labels", "match"),
    [
        (STUDIES[:9], "9 labels for 10 rows"),
        ([None, *STUDIES[1:]], r"cluster\[0\]: missing"),
        (["a"] * 10, "1 cluster"),
    ],
)
def test_wrong_clusters(labels: list[Any], match: str) -> None:
    with pytest.raises(FitError, match=match):
        cluster_robust(pool(example()[0]), labels)


def test_what_carries_no_working_model() -> None:
    with pytest.raises(FitError, match="a single study has no robust standard error"):
        cluster_robust(pool(table_of([0.1], [0.1])), ["a"])
    wrong: Any = {"terms": 1}
    with pytest.raises(FitError, match="is a dict; the result of pool"):
        cluster_robust(wrong, ["a"])


def test_residual_df_need_more_clusters_than_coefficients() -> None:
    table, frame = example()
    with pytest.raises(FitError, match="3 clusters for 3 coefficients"):
        cluster_robust(meta_regression(table, frame), list("aaabbbcccc"), df="residual")


def test_links_between_clusters_are_refused() -> None:
    fit, study, _ = three_level("assink2016-threelevel")
    with pytest.raises(FitError, match=r"rows of 0 and 1 depend on each other \(marginal_cov"):
        cluster_robust(fit, np.arange(len(study)))
    weights = np.ones_like(fit.marginal_covariance) + np.eye(len(study))
    with pytest.raises(FitError, match="weight_matrix"):
        cluster_robust(replace(fit, weight_matrix=weights), study)


def test_designs_that_do_not_determine_their_coefficients() -> None:
    fit, study, _ = three_level("assink2016-threelevel")
    twice = Design(np.ones((100, 2)), ("intercept", "again"), {}, {}, ())
    with pytest.raises(FitError, match="100 rows do not determine 2 coefficients"):
        cluster_robust(replace(fit, design=twice), study)


def test_a_coefficient_that_fits_its_cluster_exactly_has_no_error_and_says_so() -> None:
    frame = pd.DataFrame({"alone": [1.0, 1.0, 0.0, 0.0, 0.0, 0.0], "others": [0.0] * 2 + [1.0] * 4})
    table = table_of([0.1, 0.4, 0.3, 0.8, 0.2, 0.6], [0.2] * 6)
    fit = meta_regression(table, frame, intercept=False)
    found = cluster_robust(fit, list("aabbcc"))
    assert found.terms["std_error"].isna().tolist() == [True, False]
    assert found.terms["ci_low"].isna().tolist() == [True, False]
    assert "alone rests on one cluster alone, or fits without residual" in " ".join(found.notes)
    assert "0.25, no robust std. error" in repr(found)
    test = robust_wald(found, "alone")
    assert (test.p, test.statistic) == (None, None)
    assert str(test.reason).startswith("a contrast rests on one cluster alone")
    np.testing.assert_allclose(found.terms["estimate"], [0.25, 0.475])


def test_coefficients_that_are_all_mute_are_refused() -> None:
    frame = pd.DataFrame({"one": [1.0, 1.0, 0.0, 0.0], "two": [0.0, 0.0, 1.0, 1.0]})
    table = table_of([0.1, 0.4, 0.3, 0.8], [0.2] * 4)
    with pytest.raises(FitError, match="coefficient 'two': rests on one cluster alone"):
        cluster_robust(meta_regression(table, frame, intercept=False), list("aabb"))


@pytest.mark.parametrize(
    ("contrasts", "values", "options", "match"),
    [
        ("doze", None, {}, 'did you mean "dose"'),
        (["dose", "dose"], None, {}, "a name stands there twice"),
        ([[1.0, 2.0]], None, {}, r"shape \(1, 2\)"),
        ([["x"]], None, {}, "contrasts"),
        ([[0, 1, 0], [0, 2, 0]], None, {}, "one follows from the others"),
        ([[0, 1, 0]], [1.0, 2.0], {}, "1 finite numbers"),
        ("dose", None, {"method": "F"}, "unknown: 'F'"),
        ("dose", None, {"method": "f"}, "no flat df beside"),
    ],
)
def test_wrong_contrasts(contrasts: Any, values: Any, options: dict[str, Any], match: str) -> None:
    table, frame = example()
    found = cluster_robust(meta_regression(table, frame), STUDIES)
    with pytest.raises(FitError, match=match):
        robust_wald(found, contrasts, values, **options)


def _robust(scale: float, shift: float, order: list[int]) -> RobustFit:
    table, frame = example(scale, shift)
    y, s = (table.rows[c].to_numpy(float)[order] for c in ("estimate", "std_error"))
    moved = frame.iloc[order].reset_index(drop=True)
    fit = meta_regression(table_of(y, s), moved, tau2="dersimonian_laird")
    return cluster_robust(fit, [STUDIES[i] for i in order])


@settings(max_examples=25, deadline=None)
@given(
    st.sampled_from([1e-6, 0.5, 3.0, 1e6]), st.floats(-5.0, 5.0), st.permutations(list(range(10)))
)
def test_scale_shift_and_order(scale: float, shift: float, order: list[int]) -> None:
    plain, other = _robust(1.0, 0.0, list(range(10))), _robust(scale, scale * shift, order)
    expected = scale * (plain.estimates + shift * np.array([1.0, 0.0, 0.0]))
    np.testing.assert_allclose(other.estimates, expected, rtol=1e-7, atol=1e-8 * scale)
    np.testing.assert_allclose(other.covariance, scale**2 * plain.covariance, rtol=1e-6)
    np.testing.assert_allclose(other.terms["df"], plain.terms["df"], rtol=1e-6)
