"""dose_response and what is made of its fits."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from dose_data import COLUMNS, COUNTS, made, published, table
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from evidence.effects.table import table_of
from evidence.errors import FitError
from evidence.models.dose_response.dose_response import dose_response
from evidence.models.dose_response.kernels_between import Between
from evidence.models.dose_response.predict import dose_goodness, dose_predictions
from evidence.models.dose_response.reading import dose_ratios
from evidence.models.dose_response.shape import dose_powers, dose_spline
from evidence.models.dose_response.table import DoseStudy, DoseTable
from evidence.models.frequentist.pool import pool


def table_independent(name: str) -> DoseTable:
    return dose_ratios(published(name), **COLUMNS, covariance="independent")


COFFEE = dose_spline([0.495, 2.0, 4.5])


def scaled(data: DoseTable, dose: float, effect: float) -> DoseTable:
    studies = tuple(
        replace(
            s, reference_dose=s.reference_dose * dose, doses=s.doses * dose,
            estimates=s.estimates * effect, covariance=s.covariance * effect**2,
        )
        for s in data.studies
    )  # fmt: skip
    return replace(data, studies=studies)


def test_one_coefficient_in_two_stages_is_the_meta_analysis_of_slopes() -> None:
    fit = dose_response(table("alcohol"))
    slopes = [float(t.estimate[0]) for t in fit.trends]
    errors = [float(np.sqrt(t.covariance[0, 0])) for t in fit.trends]
    own = pool(table_of(slopes, errors), tau2="reml", ci="wald")
    assert fit.estimates[0] == pytest.approx(own.estimate, rel=1e-6)
    assert fit.terms["std_error"][0] == pytest.approx(own.std_error, rel=1e-5)
    assert fit.between is not None
    assert fit.between[0, 0] == pytest.approx(own.heterogeneity.tau2, rel=1e-4)
    assert own.restricted_likelihood is not None
    assert fit.likelihood is not None
    # A single coefficient's restricted likelihood is that of the meta-analysis.
    own_value = own.restricted_likelihood.log_likelihood
    assert fit.likelihood.log_likelihood == pytest.approx(own_value, rel=1e-6)
    assert fit.heterogeneity is not None
    assert fit.heterogeneity["q"][0] == pytest.approx(own.heterogeneity.q)
    assert fit.likelihood.aic == pytest.approx(-2 * fit.likelihood.log_likelihood + 4)


def test_both_stages_agree_where_every_study_has_its_trend() -> None:
    data = made(8, 4)
    for method in ("reml", "maximum_likelihood"):
        one, two = (dose_response(data, "quadratic", method=method, stages=s) for s in (1, 2))
        np.testing.assert_allclose(one.estimates, two.estimates, rtol=1e-6)
        np.testing.assert_allclose(one.covariance, two.covariance, rtol=1e-5)
        assert one.heterogeneity is None
        assert "one stage" in str(one.heterogeneity_reason)
        assert two.heterogeneity is not None
        assert two.heterogeneity["term"].tolist() == ["all", "dose", "dose^2"]
        assert two.heterogeneity["df"].tolist() == [14, 7, 7]


def test_fixed_one_stage_is_generalised_least_squares() -> None:
    data = made(3, 3)
    fit = dose_response(data, method="fixed", stages=1)
    x = np.concatenate([s.doses for s in data.studies])
    y = np.concatenate([s.estimates for s in data.studies])
    v = np.zeros((9, 9))
    for i, s in enumerate(data.studies):
        v[3 * i : 3 * i + 3, 3 * i : 3 * i + 3] = s.covariance
    w = np.linalg.inv(v)
    assert fit.estimates[0] == pytest.approx((x @ w @ y) / (x @ w @ x))
    assert fit.covariance[0, 0] == pytest.approx(1 / (x @ w @ x))
    assert fit.likelihood is not None
    direct = stats.multivariate_normal.logpdf(y, x * fit.estimates[0], v)
    assert fit.likelihood.log_likelihood == pytest.approx(direct)
    assert fit.likelihood.bic == pytest.approx(-2 * direct + np.log(9))
    assert fit.study_coefficients is None
    assert fit.between is None
    assert fit.between_correlation is None


def test_a_study_with_few_doses_is_named_in_two_stages_and_used_in_one() -> None:
    data = table("coffee")
    with pytest.raises(FitError, match=r"study '8': 2 doses .* cannot tell 3 .*\n?.*stages=1"):
        dose_response(data, dose_spline([0.5, 2.0, 3.5, 5.0]))
    fit = dose_response(data, dose_spline([0.5, 2.0, 3.5, 5.0]), stages=1)
    assert "8, 9" in " ".join(fit.notes)
    assert len(fit.trends) == fit.k - 2
    assert fit.study_coefficients is not None
    assert len(fit.study_coefficients) == fit.k == 22
    without = replace(data, studies=tuple(s for s in data.studies if s.name not in ("8", "9")))
    other = dose_response(without, dose_spline([0.5, 2.0, 3.5, 5.0]), stages=1)
    assert not np.allclose(fit.estimates, other.estimates, rtol=1e-4)


def test_doses_beyond_the_knots_alone_cannot_carry_a_spline() -> None:
    # Beyond the last knot the spline is straight, so two doses there tell one coefficient.
    study = DoseStudy("far", 6.0, np.array([7.0, 8.0]), np.array([0.1, 0.2]), np.eye(2) * 0.01)
    data = made(4, 3)
    data = replace(data, studies=(*data.studies, study))
    with pytest.raises(FitError, match="study 'far'"):
        dose_response(data, dose_spline([1.0, 2.0, 3.0]))
    assert dose_response(data, dose_spline([1.0, 2.0, 3.0]), stages=1).k == 5


def test_a_singular_between_covariance_is_said() -> None:
    fit = dose_response(table("alcohol"), "quadratic", method="maximum_likelihood")
    assert fit.between is not None
    assert fit.between_rank == 1
    assert abs(np.linalg.det(fit.between)) < 1e-20
    assert any("rank 1 of 2" in note for note in fit.notes)
    assert "rank 1 of 2" in repr(fit)
    assert fit.between_correlation is not None
    assert fit.between_correlation[0, 1] == pytest.approx(1.0, abs=1e-6)


def test_no_spread_gives_the_fixed_effects() -> None:
    fit, fixed = (dose_response(table("cancer"), method=m) for m in ("reml", "fixed"))
    assert fit.between_rank == 0
    assert fit.between is not None
    assert fit.between[0, 0] == 0.0
    assert fit.between_correlation is None
    np.testing.assert_allclose(fit.estimates, fixed.estimates, rtol=1e-12)
    assert any("fixed effects" in note for note in fit.notes)


def test_moments() -> None:
    fit = dose_response(made(9, 3), "quadratic", method="moments")
    assert fit.likelihood is None
    assert "no likelihood" in str(fit.likelihood_reason)
    assert fit.between is not None
    assert np.linalg.eigvalsh(fit.between)[0] >= -1e-12
    flat = dose_response(table("cancer"), method="moments", eigenvalue_floor=0.5)
    assert flat.between is not None
    assert flat.between[0, 0] == pytest.approx(0.5)


def test_one_study_is_an_answer() -> None:
    data = made(1, 4)
    fit = dose_response(data, "quadratic", method="fixed")
    np.testing.assert_allclose(fit.estimates, fit.trends[0].estimate)
    assert fit.heterogeneity_reason == "one study"
    assert "not assessed: one study" in repr(fit)
    with pytest.raises(FitError, match=r"one study says nothing .*method='fixed'"):
        dose_response(data)


@pytest.mark.parametrize(
    ("chosen", "message"),
    [
        ({"method": "rem"}, "method: unknown: 'rem'; did you mean \"reml\""),
        ({"stages": 3}, "stages: is 3; 1 or 2"),
        ({"method": "moments", "stages": 1}, "'moments' is of the second stage"),
        ({"eigenvalue_floor": 0.1}, "eigenvalue_floor: 0.1 would do nothing"),
        ({"method": "moments", "eigenvalue_floor": -1.0}, "a number of at least 0"),
        ({"level": 95}, "level: 95; a fraction"),
        ({"shape": "cubic"}, "shape: unknown: 'cubic'"),
    ],
)
def test_wrong_options_are_refused(chosen: dict[str, object], message: str) -> None:
    with pytest.raises(FitError, match=message.replace("(", r"\(")):
        dose_response(made(3, 3), **chosen)  # type: ignore[arg-type]


def test_a_trend_that_no_doses_carry() -> None:
    one = DoseTable("RR", "log", None, "stated", tuple(
        DoseStudy(n, 0.0, np.array([2.0]), np.array([0.1]), np.eye(1) * 0.01) for n in "abc"
    ))  # fmt: skip
    with pytest.raises(FitError, match="all doses together cannot tell 2 coefficients apart"):
        dose_response(one, "quadratic", stages=1)
    # Two doses in all: the mean trend is carried, its spread between studies is not.
    two = replace(
        one, studies=(*one.studies, replace(one.studies[0], name="d", doses=np.array([4.0])))
    )
    assert dose_response(two, "quadratic", stages=1, method="fixed").k == 4
    least = replace(two, studies=two.studies[2:])
    with pytest.raises(FitError, match="2 effects for 2 coefficients leave nothing for a spread"):
        dose_response(least, "quadratic", stages=1)
    assert dose_response(least, "quadratic", stages=1, method="fixed").k == 2


def test_a_category_at_the_reference_dose_is_noted() -> None:
    data = made(4, 3)
    first = data.studies[0]
    moved = replace(first, doses=np.array([0.0, *first.doses[1:]]))
    fit = dose_response(replace(data, studies=(moved, *data.studies[1:])))
    assert any("the dose of the reference: s0" in note for note in fit.notes)
    assert not any("the dose of the reference" in note for note in dose_response(data).notes)


def test_independence_is_noted_only_where_it_is_wrong() -> None:
    fit = dose_response(table_independent("alcohol"))
    assert any("taken as independent" in note for note in fit.notes)


def test_non_linearity() -> None:
    fit = dose_response(table("coffee"), COFFEE)
    assert fit.nonlinearity is not None
    z2 = float(fit.terms["statistic"][1]) ** 2
    assert fit.nonlinearity.statistic == pytest.approx(z2)
    assert fit.nonlinearity.coefficients == ("spline 1",)
    linear = dose_response(table("coffee"))
    assert linear.nonlinearity is None
    assert "straight line" in str(linear.nonlinearity_reason)
    root = dose_response(table("coffee"), dose_powers([0.5]))
    assert "no straight line" in str(root.nonlinearity_reason)


def test_predictions() -> None:
    fit = dose_response(table("coffee"), COFFEE)
    found = dose_predictions(fit, [0, 3, 12], reference=3)
    assert found["estimate"][1] == found["std_error"][1] == 0.0
    assert found["extrapolated"].tolist() == [False, False, True]
    x = fit.shape.basis(np.array([0.0])) - fit.shape.basis(np.array([3.0]))
    assert found["estimate"][0] == pytest.approx((x @ fit.estimates)[0])
    assert found["std_error"][0] == pytest.approx(np.sqrt((x @ fit.covariance @ x.T)[0, 0]))
    assert fit.between is not None
    spread = np.sqrt((x @ (fit.covariance + fit.between) @ x.T)[0, 0])
    assert found["prediction_high"][0] == pytest.approx(found["estimate"][0] + 1.959964 * spread)
    assert found["ratio"][0] == pytest.approx(np.exp(found["estimate"][0]))
    assert np.all(found["ratio_ci_low"] <= found["ratio_ci_high"])
    every = dose_predictions(fit, level=0.5)
    assert every["dose"].tolist() == np.unique(fit.table.doses).tolist()
    assert set(every["reference_dose"]) == {0.0}
    fixed = dose_predictions(dose_response(made(3, 3), method="fixed"), 2.0)
    assert "prediction_low" not in fixed


@pytest.mark.parametrize(
    ("chosen", "message"),
    [
        ({"doses": ["x"]}, "doses: .*; numbers"),
        ({"doses": [np.nan]}, "not finite"),
        ({"doses": []}, "doses: shape"),
        ({"reference": np.inf}, "reference: inf"),
        ({"level": 1.0}, "level: 1.0"),
    ],
)
def test_wrong_predictions_are_refused(chosen: dict[str, object], message: str) -> None:
    fit = dose_response(made(3, 3), method="fixed")
    with pytest.raises(FitError, match=message):
        dose_predictions(fit, **chosen)  # type: ignore[arg-type]


def test_goodness_of_fit() -> None:
    data = made(5, 3)
    fit = dose_response(data, "quadratic", method="fixed")
    found = dose_goodness(fit)
    assert (found.df, len(found.rows)) == (13, 15)
    assert found.deviance == pytest.approx((found.rows["decorrelated"] ** 2).sum())
    assert 0 < found.r2 < 100
    assert found.r2_adjusted < found.r2
    # A trend fitted by least squares leaves what is least; the overall test is what it took away.
    nothing = sum(
        float(s.estimates @ np.linalg.solve(s.covariance, s.estimates)) for s in data.studies
    )
    one = dose_goodness(dose_response(data, "quadratic", method="fixed", stages=1))
    assert nothing - one.deviance == pytest.approx(fit.overall.statistic, rel=1e-8)
    assert found.r2 == pytest.approx(100 * (1 - found.deviance / nothing))
    single = dose_response(made(1, 1), method="fixed")
    with pytest.raises(FitError, match="1 effects for 1 coefficients"):
        dose_goodness(single)


def test_the_frame_of_coefficients() -> None:
    fit = dose_response(made(4, 3), "quadratic")
    frame = fit.frame()
    assert frame["kind"].value_counts().to_dict() == {"alone": 8, "shrunken": 8, "mean": 2}
    assert fit.study_coefficients is not None
    middle = np.mean([t.estimate for t in fit.study_coefficients], axis=0)
    alone = np.var([t.estimate for t in fit.trends], axis=0)
    drawn = np.var([t.estimate for t in fit.study_coefficients], axis=0)
    assert np.all(drawn < alone)
    assert np.isfinite(middle).all()


@settings(max_examples=8, deadline=None)
@given(
    seed=st.integers(0, 500), dose=st.sampled_from([1e-6, 0.1, 28.35, 1e6]),
    effect=st.sampled_from([1e-6, 1.0, 1e6]),
)  # fmt: skip
def test_units_of_dose_and_effect(seed: int, dose: float, effect: float) -> None:
    data = made(6, 3, seed)
    first = dose_response(data, "quadratic")
    second = dose_response(scaled(data, dose, effect), "quadratic")
    back = np.array([dose, dose**2]) / effect
    error = first.terms["std_error"].to_numpy()
    np.testing.assert_allclose(second.estimates * back / error, first.estimates / error, atol=1e-4)
    assert second.overall.statistic == pytest.approx(first.overall.statistic, rel=1e-4)


@settings(max_examples=10, deadline=None)
@given(order=st.permutations(range(6)))
def test_the_order_of_studies_and_rows_is_nothing(order: list[int]) -> None:
    frame = published("alcohol")
    names = frame["study"].unique()
    shuffled = pd.concat([frame[frame["study"] == names[i]].iloc[::-1] for i in order])
    first, second = (dose_response(dose_ratios(f, **COLUMNS, **COUNTS)) for f in (frame, shuffled))
    np.testing.assert_allclose(first.estimates, second.estimates, rtol=1e-7)


def test_a_fit_that_does_not_converge_or_has_no_answer_is_an_error(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    where = "evidence.models.dose_response.dose_response.likelihood_estimate"
    monkeypatch.setattr(where, lambda *_, **__: Between(np.eye(1), 1, False))
    with pytest.raises(FitError, match="no maximum of the likelihood was found"):
        dose_response(made(3, 3))
    monkeypatch.setattr(where, lambda *_, **__: None)
    with pytest.raises(FitError, match="cannot tell the spreads of 1 coefficients apart"):
        dose_response(made(3, 3))
