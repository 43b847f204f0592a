"""pool_glmm: what it answers, what it leaves out, and what it refuses."""

import numpy as np
import pandas as pd
import pytest

from evidence.errors import FitError
from evidence.models.glmm.glmm import pool_glmm
from evidence.models.glmm.profile import (
    glmm_predict,
    glmm_tau2_interval,
    marginal_log_likelihood,
    profile_log_likelihood,
)

LIKELIHOODS = (
    "unconditional_fixed", "unconditional_random", "conditional_exact", "conditional_approximate",
)  # fmt: skip
NAMES = ("events_treatment", "total_treatment", "events_control", "total_control")


def tables(*rows: tuple[int, int, int, int], **more: object) -> pd.DataFrame:
    return pd.DataFrame(list(rows), columns=list(NAMES)).assign(**more)


SPREAD = tables(
    (4, 123, 11, 139), (6, 306, 29, 303), (3, 231, 11, 220), (62, 1359, 248, 1286),
    (33, 506, 47, 580), (180, 1541, 372, 1451), (8, 254, 10, 62), (50, 883, 49, 883),
)  # fmt: skip
EQUAL = tables((4, 100, 8, 100), (5, 110, 9, 105), (3, 95, 7, 99), (6, 130, 11, 128))
GROUP = pd.DataFrame({"events": [1, 9, 2, 1, 0], "total": [10, 12, 15, 9, 14]})


@pytest.mark.parametrize("likelihood", LIKELIHOODS)
@pytest.mark.parametrize("model", ["random", "common"])
def test_a_fit_is_consistent(likelihood: str, model: str) -> None:
    fit = pool_glmm(SPREAD, measure="OR", likelihood=likelihood, model=model)
    assert fit.gradient < 1e-5
    assert fit.k == fit.k_informative == 8
    assert fit.std_error == pytest.approx(np.sqrt(fit.covariance[0, 0]))
    assert (fit.sigma2 is not None) == (likelihood == "unconditional_random")
    assert (fit.study_mean is not None) == (likelihood == "unconditional_random")
    assert fit.correlation is None
    assert (fit.tau2 > 0) == (model == "random")
    assert (fit.tau2_test is not None) == (model == "random")
    assert fit.lr_heterogeneity is not None
    assert fit.lr_heterogeneity.df == 7
    assert fit.wald_heterogeneity is not None
    counts = {"unconditional_fixed": 1 + 8, "unconditional_random": 3}.get(likelihood, 1)
    parameters = counts + (model == "random")
    own = fit.likelihood
    assert own.aic == pytest.approx(-2 * own.log_likelihood + 2 * parameters)
    n = 16 if likelihood.startswith("un") else 8
    assert own.bic == pytest.approx(-2 * own.log_likelihood + parameters * np.log(n))
    assert "QE LR(7)" in repr(fit)
    if model == "random":
        assert fit.tau2_test.statistic > 0
        assert 0 < fit.i2 < 100
        assert fit.h2 == pytest.approx(100 / (100 - fit.i2))


def test_tau2_at_the_edge() -> None:
    for likelihood in LIKELIHOODS:
        fit = pool_glmm(EQUAL, measure="OR", likelihood=likelihood)
        same = pool_glmm(
            EQUAL, measure="OR", likelihood=likelihood, model="common",
            **({"quadrature_points": 1} if likelihood == "unconditional_random" else {}),
        )  # fmt: skip
        assert fit.tau2 == 0.0
        assert fit.estimate == pytest.approx(same.estimate, abs=1e-9)
        assert fit.std_error == pytest.approx(same.std_error, abs=1e-7)
        assert (fit.tau2_test.statistic, fit.tau2_test.p) == (0.0, 1.0)
        assert (fit.i2, fit.h2) == (0.0, 1.0)
        assert any("edge" in note for note in fit.notes)
        assert glmm_tau2_interval(fit).low == 0.0


def test_correlated_effects() -> None:
    fit = pool_glmm(SPREAD, measure="OR", likelihood="unconditional_random", correlated=True)
    plain = pool_glmm(SPREAD, measure="OR", likelihood="unconditional_random")
    assert -1 <= fit.correlation <= 1
    assert fit.likelihood.log_likelihood >= plain.likelihood.log_likelihood - 1e-9
    assert fit.likelihood.aic == pytest.approx(-2 * fit.likelihood.log_likelihood + 10)
    assert fit.tau2_test.df == 2
    assert "correlation" in repr(fit)
    found = glmm_tau2_interval(fit)
    assert found.low <= fit.tau2 <= found.high


def test_the_coding_is_no_matter_to_correlated_effects() -> None:
    options = {"measure": "OR", "likelihood": "unconditional_random", "correlated": True}
    fits = [pool_glmm(SPREAD, coding=c, **options) for c in ("both", "treatment", "control")]
    for fit in fits[1:]:
        assert fit.estimate == pytest.approx(fits[0].estimate, abs=1e-6)
        assert fit.tau2 == pytest.approx(fits[0].tau2, abs=1e-6)


def test_correlated_effects_without_spread_have_no_correlation() -> None:
    fit = pool_glmm(EQUAL, measure="OR", likelihood="unconditional_random", correlated=True)
    assert fit.tau2 == 0.0
    assert fit.correlation is None
    assert "a variance is 0: there is no correlation" in fit.notes
    assert profile_log_likelihood(fit, 0.0) == pytest.approx(fit.likelihood.log_likelihood)


def test_a_correlation_at_the_edge_is_said() -> None:
    rows = tables((1, 900, 1, 900), (20, 900, 4, 900), (150, 900, 12, 900), (3, 900, 2, 900))
    fit = pool_glmm(rows, measure="OR", likelihood="unconditional_random", correlated=True)
    assert fit.correlation == pytest.approx(1.0)
    assert "the correlation is estimated at the edge" in fit.notes


DOUBLE = pd.concat([SPREAD, tables((0, 50, 0, 60), (40, 40, 30, 30))], ignore_index=True)


def test_uninformative_studies_are_left_out_and_named() -> None:
    fit = pool_glmm(DOUBLE, measure="OR")
    assert fit.k == 8
    assert fit.dropped.index.tolist() == [8, 9]
    assert fit.dropped["reason"].str.contains("uninformative").all()
    assert "2 uninformative studies left out" in fit.notes


@pytest.mark.parametrize("likelihood", ["unconditional_fixed", "conditional_exact"])
def test_uninformative_studies_kept_count_but_say_nothing(likelihood: str) -> None:
    kept = pool_glmm(DOUBLE, measure="OR", likelihood=likelihood, drop_double_zero=False)
    gone = pool_glmm(DOUBLE, measure="OR", likelihood=likelihood)
    assert (kept.k, kept.k_informative) == (10, 8)
    assert kept.lr_heterogeneity.df == 9
    assert kept.estimate == pytest.approx(gone.estimate, abs=1e-9)
    assert kept.tau2 == pytest.approx(gone.tau2, abs=1e-9)
    assert kept.wald_heterogeneity is None
    assert "infinite" in kept.wald_reason
    assert any("say nothing" in note for note in kept.notes)


def test_uninformative_studies_inform_random_intercepts() -> None:
    options = {"measure": "OR", "likelihood": "unconditional_random"}
    kept = pool_glmm(DOUBLE, drop_double_zero=False, **options)
    assert kept.sigma2 > pool_glmm(DOUBLE, **options).sigma2
    assert kept.k == kept.k_informative == 10


def test_a_rate_with_only_events_is_no_matter() -> None:
    rows = tables((4, 4, 8, 8), (3, 9, 7, 9))
    assert pool_glmm(rows, measure="IRR", model="common").k == 2


def test_an_empty_cell_leaves_no_wald_test_but_a_ratio() -> None:
    rows = pd.concat([EQUAL, tables((0, 100, 9, 100))], ignore_index=True)
    for likelihood in LIKELIHOODS:
        fit = pool_glmm(rows, measure="OR", likelihood=likelihood)
        assert fit.wald_heterogeneity is None
        assert np.isfinite(fit.lr_heterogeneity.statistic)
    group = pool_glmm(GROUP, measure="PLO")
    assert group.wald_heterogeneity is None


def test_one_study_has_a_common_effect_but_no_test_of_others() -> None:
    one = pool_glmm(EQUAL.iloc[:1], measure="OR", model="common")
    assert one.estimate == pytest.approx(np.log(4 * 92 / (96 * 8)))
    assert one.std_error == pytest.approx(np.sqrt(1 / 4 + 1 / 96 + 1 / 8 + 1 / 92))
    assert one.lr_heterogeneity is None
    assert "as many coefficients" in one.wald_reason


def test_two_studies_are_enough() -> None:
    fit = pool_glmm(EQUAL.iloc[:2], measure="OR")
    assert fit.k == 2
    assert "2 studies say little about tau2" in fit.notes


def test_moderators_by_formula_and_by_name() -> None:
    frame = SPREAD.assign(year=[48, 49, 60, 77, 73, 53, 73, 80], kind=list("aabbabab"))
    one = pool_glmm(frame, measure="OR", moderators="~ year + kind")
    two = pool_glmm(frame, measure="OR", moderators=["year", "kind"])
    assert one.estimates == pytest.approx(two.estimates, abs=1e-8)
    assert one.design.names[0] == "intercept"
    assert one.moderators.df == 2
    assert one.lr_heterogeneity.df == 5
    bare = pool_glmm(frame, measure="OR", moderators="~ kind - 1", test="t")
    assert bare.df == 6
    also = pool_glmm(frame, measure="OR", moderators=["kind"], intercept=False, test="t")
    assert bare.estimates == pytest.approx(also.estimates, abs=1e-8)
    new = pd.DataFrame({"year": [50, 80], "kind": ["b", "a"]})
    found = glmm_predict(two, new, level=0.9)
    by_hand = two.estimates[0] + two.estimates[1] * 50 + two.estimates[2]
    assert found["estimate"].iloc[0] == pytest.approx(by_hand, abs=1e-9)
    assert (found["prediction_low"] <= found["ci_low"]).all()
    assert found["level"].tolist() == [0.9, 0.9]
    assert "moderators(2)" in repr(one)


def test_moderators_stay_with_their_studies_when_some_are_dropped() -> None:
    years = [48.0, 49, 60, 77, 73, 53, 73, 80]
    whole = pool_glmm(SPREAD.assign(year=years), measure="OR", moderators="~ year")
    mixed = pd.concat([DOUBLE.iloc[8:], SPREAD]).assign(year=[1.0, 2.0, *years])
    fit = pool_glmm(mixed, measure="OR", moderators="~ year")
    assert fit.estimates == pytest.approx(whole.estimates, abs=1e-10)


def test_predictions_without_moderators() -> None:
    fit = pool_glmm(GROUP, measure="PLO", test="t")
    found = glmm_predict(fit)
    assert found["ci_low"].iloc[0] == pytest.approx(fit.terms["ci_low"].iloc[0])
    assert found["prediction_high"].iloc[0] > found["ci_high"].iloc[0]
    common = glmm_predict(pool_glmm(GROUP, measure="PLO", model="common"))
    assert "prediction_low" not in common


def test_large_and_tiny_counts() -> None:
    huge = tables(*[(x * 50, n * 50, y * 50, m * 50) for x, n, y, m in EQUAL.to_numpy()])
    for likelihood in LIKELIHOODS:
        fit = pool_glmm(huge, measure="OR", likelihood=likelihood)
        assert fit.gradient < 1e-2  # of thousands of events
        assert abs(fit.estimate + 0.7) < 0.15
    rare = EQUAL.assign(total_treatment=10**9, total_control=10**9)
    fit = pool_glmm(rare, measure="OR")
    assert fit.estimate == pytest.approx(np.log(18 / 35), abs=1e-6)


@pytest.mark.parametrize(
    ("options", "what"),
    [
        ({"measure": "RR"}, "measure: unknown: 'RR'"),
        ({"likelihood": "UM.FS"}, 'that is "unconditional_fixed" here'),
        ({"model": "fixed"}, "model: unknown: 'fixed'"),
        ({"coding": "half"}, "coding: unknown: 'half'"),
        ({"test": "knapp_hartung"}, "test: unknown: 'knapp_hartung'"),
        ({"level": 95}, "level: 95"),
        ({"quadrature_points": 0}, "quadrature_points: 0"),
        ({"quadrature_points": 7, "model": "common"}, "quadrature_points: would do nothing"),
        ({"coding": "both", "likelihood": "conditional_exact"}, "coding: would do nothing"),
        ({"coding": "both", "model": "common"}, "coding: would do nothing"),
        ({"correlated": True}, "correlated: would do nothing"),
        ({"measure": "IRR", "likelihood": "conditional_approximate"}, "need no approximation"),
        ({"measure": "PLO", "likelihood": "conditional_exact"}, "likelihood: would do nothing"),
        ({"measure": "PLO", "drop_double_zero": True}, "drop_double_zero: would do nothing"),
        ({"moderators": []}, "none is named"),
        ({"events": "x"}, "events: 'x' would do nothing for 'OR'"),
        ({"measure": "PLO", "total_control": "n"}, "total_control: 'n' would do nothing"),
        ({"intercept": False}, "nothing would be left"),
        ({"moderators": ["yaer"]}, "moderator 'yaer': not there"),
        ({"moderators": "~ yaer"}, "data has no column 'yaer'"),
        ({"events_control": "evnts_control"}, "did you mean"),
        ({"moderators": ["one", "two"]}, "column 'two'.*sum of columns before it"),
        ({"moderators": ["one"], "drop_double_zero": False}, None),
    ],
)  # fmt: skip
def test_wrong_options(options: dict[str, object], what: str | None) -> None:
    frame = SPREAD.assign(one=range(8), two=range(0, 16, 2))
    call = {"measure": "OR"} | options
    if what is None:
        assert pool_glmm(frame, **call).p == 2
        return
    with pytest.raises(FitError, match=what):
        pool_glmm(frame, **call)


@pytest.mark.parametrize(
    ("frame", "what"),
    [
        (SPREAD.iloc[:0], "has no rows"),
        (tables((5, 4, 1, 10), (1, 10, 1, 10)), "row 0: events_treatment=5"),
        (tables((-1, 4, 1, 10)), "impossible"),
        (tables((1, 10, 2, 10)).astype(float) + 0.5, "whole numbers"),
        (tables((1, 10, 2, 10)).astype(object).replace(1, "x"), "not numbers"),
        (tables((0, 10, 2, 10), (0, 10, 3, 10)), "treatment groups: have no events at all"),
        (tables((1, 10, 10, 10), (2, 10, 10, 10)), "control groups: have events only"),
        (tables((0, 10, 0, 10)), "no study has both"),
        (SPREAD.iloc[:1], "1 studies for 1 coefficients"),
    ],
)
def test_impossible_counts(frame: pd.DataFrame, what: str) -> None:
    with pytest.raises(FitError, match=what):
        pool_glmm(frame, measure="OR")


def test_separation_is_an_error() -> None:
    frame = EQUAL.assign(kind=list("aabb"))
    frame.loc[frame["kind"] == "b", "events_treatment"] = 0
    with pytest.raises(FitError, match="grows without end"):
        pool_glmm(frame, measure="OR", moderators="~ kind", model="common")


def test_moderators_that_no_informative_study_tells_apart() -> None:
    frame = DOUBLE.assign(kind=["a"] * 8 + ["b"] * 2)
    with pytest.raises(FitError, match="8 studies inform about 2 coefficients"):
        pool_glmm(frame, measure="OR", moderators="~ kind", drop_double_zero=False)


def test_a_spread_that_cannot_be_resolved_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("evidence.models.glmm.problem.ZERO", 10.0)
    with pytest.raises(FitError, match="too many events to resolve it"):
        pool_glmm(SPREAD, measure="OR")


def test_a_fit_that_does_not_settle_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("evidence.models.glmm.kernels_newton.ITERATIONS", 2)
    with pytest.raises(FitError, match="did not settle in 2 steps"):
        pool_glmm(SPREAD, measure="OR")


def test_wrong_requests_of_a_fit() -> None:
    fit = pool_glmm(GROUP, measure="PLO")
    common = pool_glmm(GROUP, measure="PLO", model="common")
    with pytest.raises(FitError, match="would do nothing: no moderators"):
        glmm_predict(fit, pd.DataFrame({"year": [1]}))
    with pytest.raises(FitError, match="level: 2"):
        glmm_predict(fit, level=2)
    with pytest.raises(FitError, match="level: 0"):
        glmm_tau2_interval(fit, level=0)
    with pytest.raises(FitError, match="has no tau2"):
        glmm_tau2_interval(common)
    with pytest.raises(FitError, match="cannot be evaluated"):
        marginal_log_likelihood(fit, [0.0, 1.0], 0.1)
    with pytest.raises(FitError, match="cannot be evaluated"):
        marginal_log_likelihood(fit, [0.0], -0.1)
    moderated = pool_glmm(GROUP.assign(m=range(5)), measure="PLO", moderators=["m"])
    with pytest.raises(FitError, match="is left out, but the fit has moderators"):
        glmm_predict(moderated)


def test_a_common_fit_can_be_evaluated_elsewhere() -> None:
    fit = pool_glmm(EQUAL, measure="OR", model="common", likelihood="unconditional_random")
    at = marginal_log_likelihood(fit, [fit.estimate], 0.0)
    assert at == pytest.approx(fit.likelihood.log_likelihood, abs=1e-9)
    assert marginal_log_likelihood(fit, [0.0], 0.0) < at


def test_a_flat_likelihood_has_no_interval(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("evidence.models.glmm.profile.TAU_MOST", 0.3)
    with pytest.raises(FitError, match=r"flat up to tau = 0\.3"):
        glmm_tau2_interval(pool_glmm(EQUAL.iloc[:2], measure="OR"))
