"""dose_ratios, dose_means, shapes: what is read, and what is refused."""

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from dose_data import COLUMNS, COUNTS, published, table

from evidence.errors import EffectError, FitError
from evidence.models.dose_response.reading import dose_means, dose_ratios
from evidence.models.dose_response.shape import DoseShape, dose_powers, dose_spline, shape_of
from evidence.models.dose_response.table import DoseStudy, DoseTable


def frame(**changes: list[Any]) -> pd.DataFrame:
    cells: dict[str, list[Any]] = {
        "study": ["a", "a", "a", "b", "b"],
        "dose": [0.0, 1.0, 2.0, 0.0, 3.0],
        "log_ratio": [0.0, 0.2, 0.5, 0.0, 0.4],
        "std_error": [0.0, 0.2, 0.25, np.nan, 0.2],
        "cases": [60, 70, 40, 10, 20],
        "n": [900, 880, 370, 100, 110],
        "design": ["ir", "ir", "ir", "cc", "cc"],
    }
    return pd.DataFrame(cells | changes)


WORDS = {"cases": "cases", "n": "n", "design": "design"}


def test_ratios_are_read() -> None:
    found = dose_ratios(frame(), **WORDS, unit="g/day")
    assert (found.measure, found.scale, found.k) == ("RR", "log", 2)
    assert found.rows["dose"].tolist() == [1.0, 2.0, 3.0]
    assert found.doses.tolist() == [0.0, 1.0, 2.0, 0.0, 3.0]
    a = found.studies[0].covariance
    np.testing.assert_allclose(np.diag(a), [0.04, 0.0625])
    assert 0 < a[0, 1] < 0.04
    assert "g/day" in repr(found)
    assert dose_ratios(frame(), **{**WORDS, "design": "incidence_rate"}).measure == "IRR"


def test_one_dose_needs_no_counts() -> None:
    pair = frame()[lambda x: x["study"] == "b"]
    assert dose_ratios(pair).studies[0].covariance.tolist() == [[pytest.approx(0.04)]]
    with pytest.raises(EffectError, match="study 'a': several doses and no counts; give cases"):
        dose_ratios(frame())


def test_the_reference_need_not_come_first() -> None:
    rows = frame()
    turned = pd.concat([rows.iloc[[2, 1, 0]], rows.iloc[[3, 4]]])
    first, second = dose_ratios(rows, **WORDS), dose_ratios(turned, **WORDS)
    assert second.studies[0].reference_dose == 0.0
    assert second.studies[0].doses.tolist() == [2.0, 1.0]
    np.testing.assert_allclose(
        second.studies[0].covariance, first.studies[0].covariance[::-1, ::-1]
    )


def test_covariances_can_be_stated_or_left_out() -> None:
    a = np.array([[0.04, 0.01], [0.01, 0.0625]])
    found = dose_ratios(frame(), covariance={"a": a, "b": [[0.04]]})
    np.testing.assert_allclose(found.studies[0].covariance, a)
    assert found.covariance_method == "stated"
    alone = dose_ratios(frame(), covariance="independent")
    np.testing.assert_allclose(alone.studies[0].covariance, np.diag([0.04, 0.0625]))
    with pytest.raises(EffectError, match="has no matrix of study 'b'"):
        dose_ratios(frame(), covariance={"a": a})
    with pytest.raises(EffectError, match="names a study that is not there: 'c'"):
        dose_ratios(frame(), covariance={"a": a, "b": [[0.04]], "c": a})


def test_hamling_shares_one_covariance_in_a_study() -> None:
    for study in table("coffee", "hamling").studies:
        shared = study.covariance[~np.eye(len(study.doses), dtype=bool)]
        np.testing.assert_allclose(shared, shared[0], rtol=1e-6)
        assert 0 < shared[0] < np.diag(study.covariance).min()


def test_risks_are_less_correlated_than_rates() -> None:
    rows = published("alcohol")
    rows = rows[rows["study"] == "Vliegenthart-wine"]
    risk, rate = (
        dose_ratios(rows, **COLUMNS, **{**COUNTS, "design": d}).studies[0].covariance
        for d in ("ci", "ir")
    )
    assert risk[0, 1] < 0.95 * rate[0, 1]


@pytest.mark.parametrize(
    ("changes", "chosen", "message"),
    [
        ({}, {"covariance": "greenland"}, "covariance: unknown: 'greenland'"),
        ({}, {"covariance": "independent", **WORDS}, "cases: 'cases' would do nothing"),
        ({}, {**WORDS, "cases": "case"}, "no column 'case'; did you mean \"cases\""),
        ({"std_error": [0.1, 0.2, 0.25, np.nan, 0.2]}, WORDS, "study 'a': 0 rows have no standard"),
        ({"std_error": [0, 0, 0.25, np.nan, 0.2]}, WORDS, "study 'a': 2 rows have no standard"),
        ({"log_ratio": [1, 0.2, 0.5, 0, 0.4]}, WORDS, "the reference has the log ratio 1; 0"),
        ({"log_ratio": [0, np.nan, 0.5, 0, 0.4]}, WORDS, "a log ratio is missing"),
        ({"std_error": [0, -0.2, 0.25, np.nan, 0.2]}, WORDS, "standard error negative"),
        ({"dose": [0, np.nan, 2, 0, 3]}, WORDS, "study 'a' dose: a figure is missing"),
        ({"dose": [0, "one", 2, 0, 3]}, WORDS, "study 'a' dose: .*; numbers"),
        ({"cases": [60, np.nan, 40, 10, 20]}, WORDS, "cases or n are missing"),
        ({"cases": [60, -1, 40, 10, 20]}, WORDS, "the counts are impossible"),
        ({"n": [900, 60, 370, 100, 110]}, {**WORDS, "design": "cc"}, "the counts are impossible"),
        ({"design": ["ir", "cc", "ir", "cc", "cc"]}, WORDS, "several: .*one design a study"),
        ({"design": ["x", "x", "x", "cc", "cc"]}, WORDS, "unknown: 'x'"),
        ({"study": ["a", "a", "a", None, "b"]}, WORDS, "a study has no name"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_refused(
    changes: dict[str, list[Any]], chosen: dict[str, Any], message: str
) -> None:
    with pytest.raises(EffectError, match=message):
        dose_ratios(frame(**changes), **chosen)


def test_more_cases_than_persons_by_the_adjusted_ratios() -> None:
    rows = frame(
        log_ratio=[0, 2.0, 0.0, 0, 0.4], cases=[50, 90, 50, 10, 20], n=[100, 100, 100, 100, 110]
    )
    with pytest.raises(EffectError, match="imply more cases than persons"):
        dose_ratios(rows, **{**WORDS, "design": "ci"})


def test_ratios_that_no_effective_counts_have() -> None:
    rows = frame(
        log_ratio=[0, 1.0, 1.2, 0, 0.4], cases=[80, 95, 96, 10, 20], n=[100, 100, 100, 100, 110]
    )
    with pytest.raises(EffectError, match="study 'a': no effective counts give its ratios"):
        dose_ratios(rows, **{**WORDS, "design": "ci"}, covariance="hamling")


def test_two_columns_of_one_name() -> None:
    twice = pd.concat([frame(), frame()[["dose"]]], axis=1)
    with pytest.raises(EffectError, match="two columns have one name"):
        dose_ratios(twice, **WORDS)


MEANS = pd.DataFrame({
    "study": ["a"] * 3 + ["b"] * 2, "dose": [0, 10, 20, 0, 15], "mean": [1.0, 3, 4, 2, 3],
    "sd": [2.0, 2.5, 2, 3, 3], "n": [50, 40, 50, 30, 30],
})  # fmt: skip


def test_means_are_read() -> None:
    found = dose_means(MEANS)
    assert (found.measure, found.scale) == ("MD", "identity")
    assert found.rows["estimate"].tolist() == [2.0, 3.0, 1.0]
    apart = dose_means(MEANS, variances="separate")
    assert apart.studies[1].covariance[0, 0] == pytest.approx(9 / 30 + 9 / 30)
    cohen, hedges = (dose_means(MEANS, measure="SMD", standardiser=s) for s in (None, "hedges"))
    assert cohen.covariance_method == "cohen"
    assert hedges.rows["estimate"][0] < cohen.rows["estimate"][0]


@pytest.mark.parametrize(
    ("chosen", "message"),
    [
        ({"measure": "ROM"}, "measure: unknown: 'ROM'"),
        ({"standardiser": "glass"}, "standardiser: would do nothing for measure='MD'"),
        ({"measure": "SMD", "variances": "pooled"}, "variances: would do nothing"),
        ({"measure": "SMD", "standardiser": "x"}, "standardiser: unknown"),
    ],
)
def test_wrong_options_of_means(chosen: dict[str, Any], message: str) -> None:
    with pytest.raises(EffectError, match=message):
        dose_means(MEANS, **chosen)


def test_impossible_means() -> None:
    with pytest.raises(EffectError, match="standard deviation is not above 0"):
        dose_means(MEANS.assign(sd=0.0))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"doses": np.array([])}, "has no dose beside its reference"),
        ({"estimates": np.array([0.1])}, r"shapes \(1,\)"),
        ({"estimates": np.array([0.1, np.nan])}, "is not finite"),
        ({"covariance": np.array([[0.0, 0.0], [0.0, 1.0]])}, "a variance is not above 0"),
        ({"covariance": np.array([[1.0, 0.5], [0.0, 1.0]])}, "is not symmetric"),
        ({"covariance": np.array([[1.0, 1.0], [1.0, 1.0]])}, "is not positive definite"),
    ],
)
def test_a_table_holds_together(changes: dict[str, Any], message: str) -> None:
    study = DoseStudy("a", 0.0, np.array([1.0, 2.0]), np.array([0.1, 0.2]), np.eye(2))
    with pytest.raises(EffectError, match=message):
        DoseTable("RR", "log", None, "stated", (replace(study, **changes),))


def test_a_table_has_studies_of_their_own_names() -> None:
    study = DoseStudy("a", 0.0, np.array([1.0]), np.array([0.1]), np.eye(1))
    with pytest.raises(EffectError, match="study 'a': stands twice"):
        DoseTable("RR", "log", None, "stated", (study, study))
    with pytest.raises(EffectError, match="there is none"):
        DoseTable("RR", "log", None, "stated", ())


# Shapes


def test_knots_by_number_and_by_quantiles() -> None:
    doses = np.arange(101.0)
    assert shape_of("spline", doses).knots == pytest.approx((10.0, 50.0, 90.0))
    assert shape_of(dose_spline(5), doses).knots == pytest.approx((5, 27.5, 50, 72.5, 95))
    assert shape_of(dose_spline(quantiles=[0.2, 0.5, 0.6]), doses).knots == pytest.approx(
        (20, 50, 60)
    )
    assert dose_spline(4).size == 3
    assert dose_spline(np.int64(4)) == dose_spline(4)
    assert dose_spline([1, 2, 3]).names == ("dose", "spline 1")


def test_names_and_words() -> None:
    assert dose_powers([1, 2]).words == "quadratic"
    assert dose_powers([0, 0, 1, 1]).names == ("log dose", "log dose^2", "dose", "dose log dose")
    assert dose_powers([-1, 0.5]).words == "powers -1, 0.5"
    assert dose_powers([-1, 0.5]).bent == ()
    assert dose_powers([1, 1]).bent == (1,)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: dose_spline(8), "knots: is 8; 3 to 7"),
        (lambda: dose_spline([1, 2]), "three or more numbers that rise"),
        (lambda: dose_spline([1, 3, 2]), "three or more numbers that rise"),
        (lambda: dose_spline(quantiles=[0.1, 0.5, 1.1]), "quantiles: is"),
        (lambda: dose_spline(4, quantiles=[0.1, 0.5, 0.9]), "both given"),
        (lambda: dose_powers(2), "powers: is 2; numbers"),
        (lambda: dose_spline(["a", 1, 2]), "knots: .*numbers"),
        (lambda: dose_powers([]), "one or more finite numbers"),
        (lambda: dose_powers([1], shift=-1), "shift: is -1"),
        (lambda: shape_of(dose_spline(3), np.zeros(20)), "the quantiles of the doses are 0, 0, 0"),
        (lambda: dose_powers([-1]).basis(np.array([0.0, 1.0])), "dose 0 has no finite term"),
        (lambda: dose_powers([2, 2]).basis(np.array([0.0, 1.0])), "dose 0 has no finite term"),
    ],
)
def test_wrong_shapes_are_refused(make: Any, message: str) -> None:
    with pytest.raises(FitError, match=message):
        make()


def test_roots_of_nothing_are_nothing() -> None:
    found = dose_powers([0.5, 2]).basis(np.array([0.0, 4.0]))
    np.testing.assert_allclose(found, [[0, 0], [2, 16]])
    assert isinstance(dose_powers([0], shift=1), DoseShape)
    np.testing.assert_allclose(dose_powers([0], shift=1).basis(np.array([0.0])), [[0.0]])
