"""Every universe against the same analysis made by itself; what is excluded, shared, failing."""

import warnings
from dataclasses import replace
from itertools import product

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evidence.effects.table import EffectTable, table_of
from evidence.errors import EvidenceWarning, FitError
from evidence.models.bias.pet_peese import pet_peese
from evidence.models.bias.trim_fill import trim_and_fill
from evidence.models.frequentist.pool import pool
from evidence.models.multiverse import space as space_module
from evidence.models.multiverse.dimensions import Dimension, Exclusion, each_left_out
from evidence.models.multiverse.fitting import ALONE, NO_STUDY, SHARED
from evidence.models.multiverse.multiverse import multiverse
from evidence.models.multiverse.result import Multiverse
from evidence.models.sensitivity import subset
from tests.models.multiverse.universe_data import studies

RISK = Dimension(
    "risk of bias", "rows", {"all": None, "low": {"risk": "low"}}, "trials at high risk mislead"
)
PEOPLE = Dimension(
    "population", "rows", {"all": None, "a or b": {"population": ["a", "b"]}}, "c is another age"
)
MODEL = Dimension("model", "model", {"random": "random", "common": "common"}, "both are in use")
ESTIMATOR = Dimension(
    "estimator",
    "tau2",
    {"REML": "reml", "DL": "dersimonian_laird", "fixed": 0.1},
    {"REML": "simulations", "DL": "habit", "fixed": "earlier reviews"},
    possible=["fixed"],
)
INTERVAL = Dimension(
    "interval", "ci", {"floored": "hartung_knapp_floored", "wald": "wald"}, "both are in use"
)


def everything(table: EffectTable) -> Multiverse:
    left_out = Dimension("left out", "without", each_left_out(table), "no study should decide")
    return multiverse(table, [RISK, PEOPLE, MODEL, ESTIMATOR, INTERVAL, left_out])


def by_itself(table: EffectTable, row: dict[str, str]) -> tuple[int, tuple[float, ...]]:
    """One universe without any of the multiverse's code."""
    rows = table.rows
    keep = np.ones(table.k, dtype=bool)
    if row["risk of bias"] == "low":
        keep &= (rows["risk"] == "low").to_numpy()
    if row["population"] == "a or b":
        keep &= (rows["population"] != "c").to_numpy()
    if row["left out"] != "none":
        keep &= rows.index != row["left out"].removeprefix("without ")
    tau2 = None if row["model"] == "common" else ESTIMATOR.options[row["estimator"]]
    fit = pool(
        subset(table, keep, "test"),
        model=row["model"],
        tau2=tau2,
        ci=INTERVAL.options[row["interval"]],
    )
    heterogeneity = fit.heterogeneity
    numbers = (fit.estimate, fit.ci_low, fit.ci_high, float(fit.terms["p"].iloc[0]))
    return fit.k, (*numbers, heterogeneity.tau2 or 0.0, heterogeneity.i2 or 0.0)


def test_every_universe_is_the_analysis_it_names() -> None:
    table = studies()
    found = everything(table)
    assert len(found.universes) + len(found.excluded) == 2 * 2 * 2 * 3 * 2 * 11
    for row in found.universes.iloc[::7].to_dict("records"):
        k, numbers = by_itself(table, row)
        assert row["k"] == k
        ours = [row[name] for name in ("estimate", "ci_low", "ci_high", "p", "tau2", "i2")]
        assert ours == pytest.approx(numbers, rel=1e-9, abs=1e-12)


def test_impossible_combinations_are_counted_with_their_reason() -> None:
    found = everything(studies())
    assert set(found.excluded["model"]) == {"common"}
    assert set(found.excluded["interval"]) == {"floored"}
    assert found.excluded_counts().sum() == len(found.excluded) == 2 * 2 * 3 * 11
    assert all("belongs to model='random'" in words for words in found.excluded_counts().index)


def test_the_same_universe_is_fitted_once_and_flagged() -> None:
    found = everything(studies())
    again = found.universes[found.universes["duplicate_of"].notna()]
    common = found.universes[found.universes["model"] == "common"]
    # Under the common effect REML, DL and a stated tau2 are one and the same.
    assert set(common[common["estimator"] != "REML"].index) <= set(again.index)
    for at, first in again["duplicate_of"].items():
        assert first < at
        one, other = found.universes.loc[int(first)], found.universes.loc[at]
        assert one["estimate"] == other["estimate"]
        assert one["k"] == other["k"]
    distinct = found.answered()
    keys = ["model", "estimator", "k", "estimate", "ci_low", "ci_high", "tau2"]
    assert not distinct.duplicated(keys).any()
    assert len(np.unique(found.space.job)) == len(distinct)


def test_leaving_out_who_is_not_there_is_the_same_universe() -> None:
    table = studies(6)
    low = Dimension("risk", "rows", {"low": {"risk": "low"}}, "low risk only")
    out = Dimension("out", "without", {"none": None, "2": "study 2"}, "study 2 is at high risk")
    found = multiverse(table, [low, out])
    assert found.universes["duplicate_of"].tolist()[1:] == [0]


def test_tables_and_what_one_of_them_lacks() -> None:
    one, other = studies(5, seed=1), studies(4, seed=2)
    data = Dimension("correlation", "table", {"r=0.5": one, "r=0.8": other}, "r is not known")
    gone = {"none": None, "5": "study 5", "1, 2": ["study 1", "study 2"]}
    out = Dimension("out", "without", gone, "the largest")
    found = multiverse(None, [data, out])
    assert found.universes["k"].tolist() == [5, 4, 3, 4, 2]
    assert found.excluded["reason"].tolist() == ["the table has no study 5 to leave out"]
    assert found.universes["estimate"].iloc[3] == pytest.approx(pool(other).estimate, rel=1e-10)


def test_declared_exclusions() -> None:
    reason = "the two together leave two trials"
    never = Exclusion({"risk of bias": "low", "population": ["a or b"]}, reason)
    found = multiverse(studies(), [RISK, PEOPLE, ESTIMATOR], exclude=[never])
    assert found.excluded_counts().to_dict() == {reason: 3}
    assert len(found.universes) == 9


def test_corrections_are_those_of_their_own_functions() -> None:
    table = studies(12)
    effects = Dimension(
        "small studies",
        "correction",
        {"none": None, "filled": "trim_and_fill", "pet": "pet_peese"},
        "small trials may be missing",
    )
    found = multiverse(table, [MODEL, effects], ci="wald").universes
    fill = trim_and_fill(table, model="common").adjusted
    own = found[(found["model"] == "common") & (found["small studies"] == "filled")].iloc[0]
    assert own["estimate"] == pytest.approx(fill.estimate, rel=1e-10)
    assert own["ci_high"] == pytest.approx(fill.ci_high, rel=1e-10)
    pet = found[found["small studies"] == "pet"]
    assert pet["estimate"].iloc[0] == pytest.approx(pet_peese(table).estimate, rel=1e-10)
    assert pd.isna(pet["tau2"].iloc[0])
    assert pet["duplicate_of"].notna().tolist() == [False, True]  # the model does nothing here


def test_warnings_of_a_correction_become_a_note() -> None:
    filled = Dimension("small studies", "correction", {"filled": "trim_and_fill"}, "as above")
    with warnings.catch_warnings():
        warnings.simplefilter("error", EvidenceWarning)
        found = multiverse(studies(6), [filled])
    assert found.universes["note"].tolist() == ["few-studies"]


def test_a_failing_universe_is_a_row_and_takes_no_other_with_it() -> None:
    table = table_of([0.3, 0.3, 0.3, 0.9], [0.2, 0.2, 0.2, 0.2], labels=list("ABCD"))
    out = Dimension("left out", "without", each_left_out(table), "one at a time")
    found = multiverse(table, [out], ci="hartung_knapp").universes
    assert found["reason"].notna().tolist() == [False, False, False, False, True]
    assert "estimates are identical" in found["reason"].iloc[4]
    assert pd.isna(found["estimate"].iloc[4])
    alone = pool(subset(table, [False, True, True, True], "A"), ci="hartung_knapp")
    assert found["ci_low"].iloc[1] == pytest.approx(alone.ci_low, rel=1e-10)


def test_no_study_one_study_and_studies_that_share_an_arm() -> None:
    table = table_of([0.3, 0.5, 0.9], [0.2, 0.1, 0.2], labels=list("ABC"))
    covariance = table.covariance.copy()
    covariance[0, 1] = covariance[1, 0] = 0.01
    rows = {"AC": [True, False, True], "AB": [True, True, False], "C": [False, False, True],
            "none": [False, False, False]}  # fmt: skip
    choice = Dimension("rows", "rows", rows, "for the test")
    found = multiverse(replace(table, covariance=covariance), [choice]).universes
    assert found["k"].tolist() == [2, 2, 1, 0]
    assert found["reason"].iloc[[1, 3]].tolist() == [SHARED, NO_STUDY]
    assert found["note"].iloc[2] == ALONE
    single = pool(subset(table, rows["C"], "C"))
    assert found["ci_low"].iloc[2] == pytest.approx(single.ci_low)
    assert pd.isna(found["tau2"].iloc[2])


def test_the_primary_analysis_lies_in_the_set() -> None:
    found = multiverse(studies(), [RISK, ESTIMATOR], primary={"estimator": "DL"})
    own = found.universes[found.universes["primary"]]
    assert own[["risk of bias", "estimator"]].astype(str).to_numpy().tolist() == [["all", "DL"]]
    common = Dimension("model", "model", {"common": "common", "random": "random"}, "in use")
    with pytest.raises(FitError, match=r"is not in the multiverse\n.*is excluded: .*belongs to"):
        multiverse(studies(), [common, INTERVAL])
    with pytest.raises(FitError, match="unknown: 'estimators'; did you mean \"estimator\""):
        multiverse(studies(), [ESTIMATOR], primary={"estimators": "DL"})
    with pytest.raises(FitError, match="unknown: 'D'"):
        multiverse(studies(), [ESTIMATOR], primary={"estimator": "D"})
    empty = Dimension("rows", "rows", {"none": [False] * 10, "all": None}, "for the test")
    with pytest.raises(FitError, match=f"primary analysis has no answer\n.*{NO_STUDY}"):
        multiverse(studies(), [empty])


def test_summary_counts_distinct_universes() -> None:
    found = everything(studies())
    every = found.universes
    told = found.summary(threshold=-0.3)
    distinct = every[every["duplicate_of"].isna()]
    assert told.declared == told.universes + told.excluded == 528
    assert told.universes == told.duplicates + told.failed + told.distinct
    assert told.distinct == len(distinct)
    assert told.median == np.median(distinct["estimate"])
    assert told.direction == "negative"
    assert told.share_significant == np.mean(distinct["p"] < 0.05)
    assert told.share_beyond == np.mean(distinct["estimate"] < -0.3)
    assert told.share_significant_same + told.share_significant_opposite == pytest.approx(
        told.share_significant
    )
    other = found.summary(direction="positive")
    assert other.share_same_direction == pytest.approx(1.0 - told.share_same_direction)
    assert other.share_beyond is None
    good = found.summary(principled=True)
    assert good.median == np.median(distinct.loc[distinct["estimator"] != "fixed", "estimate"])
    assert told.frame().loc["median", "value"] == told.median
    assert f"{told.distinct} distinct" in str(found)


def test_summary_refuses() -> None:
    found = everything(studies())
    with pytest.raises(FitError, match="'up'; known: negative, positive"):
        found.summary(direction="up")  # type: ignore[arg-type]
    with pytest.raises(FitError, match="threshold: nan; a finite number"):
        found.summary(threshold=float("nan"))
    zero = multiverse(table_of([0.0, 0.0], [1.0, 1.0]), [MODEL])
    with pytest.raises(FitError, match="the primary estimate is 0"):
        zero.summary()
    weak = Dimension("model", "model", {"common": "common"}, "in use", possible=["common"])
    with pytest.raises(FitError, match="none has an answer"):
        multiverse(studies(), [weak]).summary(principled=True)
    with pytest.raises(FitError, match="1 with an answer; two or more"):
        multiverse(studies(), [weak]).by_dimension()


def test_shares_of_the_variance_by_explicit_regression() -> None:
    found = multiverse(studies(), [RISK, PEOPLE, ESTIMATOR])
    every = found.universes
    dummies = [pd.get_dummies(every[d.name].astype(str), dtype=float) for d in found.dimensions]
    y = every["estimate"].to_numpy()

    def explained(parts: list[pd.DataFrame]) -> float:
        x = np.column_stack([np.ones(len(y)), *parts])
        fitted = x @ np.linalg.lstsq(x, y, rcond=None)[0]
        return float(((fitted - y.mean()) ** 2).sum() / ((y - y.mean()) ** 2).sum())

    table = found.by_dimension()
    for at, dimension in enumerate(found.dimensions):
        row = table.loc[dimension.name]
        others = dummies[:at] + dummies[at + 1 :]
        assert row["share_alone"] == pytest.approx(explained([dummies[at]]), abs=1e-10)
        last = explained(dummies) - explained(others)
        assert row["share_last"] == pytest.approx(last, abs=1e-10)
        assert row["share_last"] == pytest.approx(row["share_alone"], abs=1e-10)  # all crossed
    assert table.loc["interactions", "share_last"] == pytest.approx(1.0 - explained(dummies))
    options = found.by_option()
    low = every[every["risk of bias"] == "low"]
    row = options.loc[("risk of bias", "low")]
    assert row["median"] == low["estimate"].median()
    assert row["universes"] == len(low)
    assert row["reason"] == "trials at high risk mislead"
    assert not options.loc[("estimator", "fixed"), "principled"]
    middles = options.loc["risk of bias", "median"].astype(float)
    assert table.loc["risk of bias", "median_range"] == pytest.approx(middles.max() - middles.min())


def test_options_that_give_no_universe_are_told_of() -> None:
    common = Dimension("model", "model", {"common": "common"}, "in use")
    ci = Dimension("interval", "ci", {"wald": "wald", "hk": "hartung_knapp"}, "in use")
    row = multiverse(studies(), [common, ci]).by_option().loc[("interval", "hk")]
    assert row["universes"] == 0
    assert row["median"] is None or pd.isna(row["median"])


@pytest.mark.parametrize(
    ("dimensions", "message"),
    [
        ([], "dimensions: are none"),
        ([MODEL, MODEL], "'model' comes twice"),
        ([MODEL, replace(MODEL, name="again")], "two are of kind 'model'"),
        ([Dimension("t", "tau2", {"a": "remll"}, "x")], 'did you mean "reml"'),
        ([Dimension("m", "model", {"a": "fixed"}, "x")], "unknown: 'fixed'"),
        ([Dimension("c", "ci", {"a": "walt"}, "x")], 'did you mean "wald"'),
        ([Dimension("c", "correction", {"a": "petpeese"}, "x")], 'did you mean "pet_peese"'),
        ([Dimension("r", "rows", {"a": {"rsk": 1}}, "x")], "unknown column 'rsk'"),
        (
            [Dimension("r", "rows", {"a": {"risk": "lo"}}, "x")],
            "no row has 'lo' in 'risk'; did you",
        ),
        ([Dimension("r", "rows", {"a": [True]}, "x")], r"bool of shape \(1,\); None, a mapping"),
        ([Dimension("d", "table", {"a": studies()}, "x")], "would do nothing beside a dimension"),
    ],
)
def test_what_is_declared_wrong_is_named(dimensions: list[Dimension], message: str) -> None:
    with pytest.raises(FitError, match=message):
        multiverse(studies(), dimensions)


def test_tables_must_be_tables_of_one_measure() -> None:
    log = replace(studies(), measure="RR", scale="log")
    both = Dimension("data", "table", {"a": studies(), "b": log}, "for the test")
    with pytest.raises(FitError, match=r"measure GEN .*, RR"):
        multiverse(None, [both])
    with pytest.raises(FitError, match="table 1: is a str; an EffectTable"):
        multiverse(None, [Dimension("data", "table", {"a": studies(), "b": "b"}, "for the test")])
    with pytest.raises(FitError, match="table: is needed"):
        multiverse(None, [MODEL])


def test_too_many_universes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(space_module, "MOST", 5)
    with pytest.raises(FitError, match="12 combinations, more than 5"):
        multiverse(studies(), [RISK, PEOPLE, ESTIMATOR])


def test_row_choices_in_parts_are_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = everything(studies()).universes
    monkeypatch.setattr(space_module, "_AT_ONCE", 7)
    pd.testing.assert_frame_equal(everything(studies()).universes, whole, check_exact=True)


@settings(max_examples=15)
@given(
    order=st.permutations(range(7)),
    unit=st.sampled_from([1e-6, 1.0, 1e6]),
    shift=st.sampled_from([0.0, 3.0]),
)
def test_rows_in_any_order_and_unit(order: list[int], unit: float, shift: float) -> None:
    table = studies(7)
    y, s = table.rows["estimate"].to_numpy(), table.rows["std_error"].to_numpy()
    names = [str(name) for name in table.rows.index]
    other = table_of((y[order] + shift) * unit, s[order] * unit, labels=[names[i] for i in order])
    out = Dimension("out", "without", {"none": None, "3": "study 3"}, "for the test")
    choices = [MODEL, replace(ESTIMATOR, options={"REML": "reml", "PM": "paule_mandel"},
                              reason="x", possible=()), out]  # fmt: skip
    one, two = (multiverse(t, choices, ci="wald").universes for t in (table, other))
    np.testing.assert_allclose(two["estimate"], (one["estimate"] + shift) * unit, rtol=1e-8)
    np.testing.assert_allclose(two["tau2"], one["tau2"] * unit**2, rtol=1e-6, atol=1e-9 * unit**2)
    np.testing.assert_array_equal(two["k"], one["k"])


def test_the_number_is_the_product() -> None:
    sizes = [2, 2, 3, 2]
    found = multiverse(studies(), [RISK, PEOPLE, ESTIMATOR, INTERVAL])
    assert len(found.universes) == np.prod(sizes)
    names = [d.name for d in found.dimensions]
    taken = [tuple(row) for row in found.universes[names].astype(str).to_numpy()]
    assert taken == list(product(*(d.labels for d in found.dimensions)))
