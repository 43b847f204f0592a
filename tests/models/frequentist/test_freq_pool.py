"""pool: options, edges, what it says of itself."""

import dataclasses

import numpy as np
import pytest
from scipy import stats

from evidence.effects.table import EffectTable, table_of
from evidence.errors import FitError
from evidence.models.frequentist import figures as figures_module
from evidence.models.frequentist import kernels_roots
from evidence.models.frequentist.kernels_tau2 import Tau2
from evidence.models.frequentist.pool import pool

Y, S = [0.1, 0.9, 0.4, 1.6], [0.3, 0.2, 0.4, 0.25]


@pytest.fixture
def table() -> EffectTable:
    return table_of(Y, S, labels=["a", "b", "c", "d"], measure="RR", scale="log")


def shared(table: EffectTable, i: int, j: int) -> EffectTable:
    covariance = table.covariance.copy()
    covariance[i, j] = covariance[j, i] = 0.01
    return dataclasses.replace(table, covariance=covariance)


def test_defaults_are_reml_and_the_floored_interval(table: EffectTable) -> None:
    fit = pool(table)
    assert (fit.model, fit.tau2_method, fit.ci_method, fit.level) == (
        "random", "reml", "hartung_knapp_floored", 0.95,
    )  # fmt: skip
    assert pool(table, model="common").ci_method == "wald"


@pytest.mark.parametrize(
    ("theirs", "ours"), [("chi2", "dersimonian_laird"), ("iterated", "paule_mandel")]
)
def test_agrees_with_statsmodels(table: EffectTable, theirs: str, ours) -> None:
    meta_analysis = pytest.importorskip("statsmodels.stats.meta_analysis")
    other = meta_analysis.combine_effects(
        np.array(Y), np.array(S) ** 2, method_re=theirs, use_t=False, atol=1e-13
    )
    common, random = pool(table, model="common"), pool(table, tau2=ours, ci="wald")
    columns = ["eff", "sd_eff", "ci_low", "ci_upp"]
    for fit, row in ((common, "fixed effect"), (random, "random effect")):
        stated = other.summary_frame().loc[row, columns].to_numpy(dtype=float)
        found = [fit.estimate, fit.std_error, fit.ci_low, fit.ci_high]
        np.testing.assert_allclose(found, stated, rtol=1e-9)
    assert common.heterogeneity.q == pytest.approx(other.q, rel=1e-10)
    assert random.heterogeneity.tau2 == pytest.approx(other.tau2, rel=1e-9)


def test_intervals_are_built_of_the_stated_parts(table: EffectTable) -> None:
    t, z = stats.t(3).ppf(0.95), stats.norm.ppf(0.95)
    for ci, critical in (("wald", z), ("t", t), ("hartung_knapp", t)):
        fit = pool(table, ci=ci, level=0.9)
        assert fit.ci_high - fit.estimate == pytest.approx(critical * fit.std_error, rel=1e-12)
        if fit.hartung_knapp_multiplier is None:
            assert fit.std_error == fit.wald_std_error
        else:
            scale = np.sqrt(fit.hartung_knapp_multiplier)
            assert fit.std_error == pytest.approx(fit.wald_std_error * scale, rel=1e-12)


def test_flooring_is_stated() -> None:
    agreeing = table_of([1.0, 1.1, 0.9, 1.05], [0.3, 0.2, 0.4, 0.25])
    bare, floored = pool(agreeing, ci="hartung_knapp"), pool(agreeing)
    q = floored.hartung_knapp_multiplier
    assert q is not None
    assert q == bare.hartung_knapp_multiplier
    assert 0 < q < 1
    assert floored.std_error == floored.wald_std_error
    assert bare.std_error == pytest.approx(bare.wald_std_error * np.sqrt(q), rel=1e-12)
    assert "floored at 1" in str(floored)
    assert f"q = {q:.4g}" in str(floored)
    assert any("smaller than Wald's" in note for note in bare.notes)
    assert any("floored at 1" in note for note in floored.notes)


def test_two_studies_are_pooled_and_said_to_be_two() -> None:
    fit = pool(table_of([0.0, 1.0], [0.1, 0.1]))
    assert fit.terms["df"].iloc[0] == 1
    assert fit.heterogeneity.tau2 == pytest.approx(0.49, rel=1e-12)
    assert fit.prediction is None
    assert fit.prediction_reason is not None
    assert "3 are needed" in fit.prediction_reason
    assert any("two studies" in note for note in fit.notes)


@pytest.mark.parametrize("model", ["random", "common"])
def test_one_study_is_an_answer(model) -> None:
    one = table_of([0.4], [0.1], labels=["only"])
    fit = pool(one, model=model)
    assert fit.model == "single study"
    assert (fit.estimate, fit.std_error) == (0.4, 0.1)
    assert fit.ci_high == pytest.approx(0.4 + stats.norm.ppf(0.975) * 0.1, rel=1e-12)
    assert fit.weights.to_dict() == {"only": 100.0}
    assert (fit.tau2_method, fit.ci_method) == (None, "wald")
    assert fit.prediction is None
    found = dataclasses.asdict(fit.heterogeneity)
    assert found.pop("reason")
    assert not any(found.values())
    assert any("nothing was pooled" in note for note in fit.notes)
    assert any("were not used" in note for note in fit.notes) == (model == "random")
    assert "A single study" in str(fit)
    assert repr(fit) == str(fit)


def test_one_study_says_that_the_asked_interval_was_not_used() -> None:
    fit = pool(table_of([0.4], [0.1]), model="common", ci="t")
    assert "ci='t' needs two studies and was not used" in fit.notes


def test_nothing_to_pool_is_an_error() -> None:
    with pytest.raises(FitError, match=r"too few effects for a meta-analysis\n.*0 rows"):
        pool(table_of([], []))


def test_identical_studies() -> None:
    fit = pool(table_of([0.1] * 10, np.linspace(0.1, 0.4, 10)))
    found = fit.heterogeneity
    assert (found.tau2, found.at_boundary, found.interval_empty) == (0.0, True, True)
    assert fit.estimate == 0.1
    assert found.q == 0.0
    assert fit.std_error == fit.wald_std_error
    assert any("not proof of 0" in note for note in fit.notes)
    assert any("no tau2 fits" in note for note in fit.notes)
    assert "no tau2 is in the Q-profile interval" in str(fit)


@pytest.mark.parametrize("value", [0.0, 0.1, -1e6 / 3])
def test_unfloored_interval_of_identical_studies_is_refused(value: float) -> None:
    with pytest.raises(FitError, match="the estimates are identical"):
        pool(table_of([value] * 7, np.linspace(0.1, 0.3, 7)), ci="hartung_knapp")


def test_common_effect_has_no_tau2_and_says_so(table: EffectTable) -> None:
    fit = pool(table, model="common")
    assert fit.heterogeneity.tau2 is None
    assert fit.heterogeneity.reason is not None
    assert "does not estimate" in fit.heterogeneity.reason
    assert fit.prediction is None
    assert fit.prediction_reason == "the common-effect model has no spread of effects"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"tau2": "remi"}, r'tau2: unknown: \'remi\'; did you mean "reml"\?'),
        ({"ci": "hartung"}, r'ci: unknown: \'hartung\'; did you mean "hartung_knapp"\?'),
        ({"model": "fixed"}, r"model: unknown: 'fixed'; known: common, random"),
        ({"level": 95}, r"level: 95; a fraction between 0 and 1"),
        ({"model": "common", "tau2": "reml"}, r"tau2: 'reml' would do nothing"),
        ({"model": "common", "ci": "hartung_knapp"}, r"ci: 'hartung_knapp' belongs to"),
    ],
)
def test_wrong_options_are_named(table: EffectTable, options, message: str) -> None:
    with pytest.raises(FitError, match=message):
        pool(table, **options)


def test_all_wrong_options_are_named_at_once(table: EffectTable) -> None:
    with pytest.raises(FitError, match=r"(?s)tau2: unknown.*ci: unknown.*level: nan"):
        pool(table, tau2="x", ci="y", level=float("nan"))


def test_rows_that_share_an_arm_are_named_with_the_remedy(table: EffectTable) -> None:
    with pytest.raises(FitError, match=r"rows 'b' and 'd': share an arm.*shared_arms=\"combine\""):
        pool(shared(table, 1, 3))
    with pytest.raises(FitError) as caught:
        pool(shared(table, 0, 2))
    assert [problem.where for problem in caught.value.problems] == ["rows 'a' and 'c'"]


def test_unconverged_fit_is_an_error(table: EffectTable, monkeypatch: pytest.MonkeyPatch) -> None:
    def stuck(y: np.ndarray, v: np.ndarray) -> Tau2:
        return Tau2(np.ones(()), np.zeros((), dtype=np.bool_))

    monkeypatch.setitem(figures_module.ESTIMATORS, "reml", stuck)
    with pytest.raises(FitError, match="tau2 by reml did not converge"):
        pool(table)


def test_unconverged_interval_is_an_error(
    table: EffectTable, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kernels_roots, "MAX_STEPS", 2)
    with pytest.raises(FitError, match="the interval of tau2 did not converge"):
        pool(table, tau2="dersimonian_laird")


def test_criteria_of_three_studies() -> None:
    """Two parameters and three (restricted: two) observations: the correction is at its cap."""
    fit = pool(table_of([0.0, 1.0, 3.0], [0.3, 0.4, 0.5]))
    for found, n in ((fit.full_likelihood, 3), (fit.restricted_likelihood, 2)):
        assert found is not None
        base = -2 * found.log_likelihood
        expected = [base + 4, base + 2 * np.log(n), base + 4 + 2 * 2 * 3 / 1]
        np.testing.assert_allclose([found.aic, found.bic, found.aicc], expected, rtol=1e-12)


def test_summary_states_every_part(table: EffectTable) -> None:
    fit = pool(table)
    text = str(fit)
    found, prediction = fit.heterogeneity, fit.prediction
    assert found.tau2 is not None
    assert found.tau2_ci_high is not None
    assert prediction is not None
    figures = [
        fit.estimate, fit.ci_low, fit.ci_high, fit.std_error, found.tau2, found.tau2_ci_high,
        prediction.low, prediction.high, np.exp(fit.estimate), np.exp(fit.ci_low),
        np.exp(fit.ci_high), np.exp(prediction.low), fit.hartung_knapp_multiplier,
    ]  # fmt: skip
    for figure in figures:
        assert f"{figure:.4g}" in text
    for word in ("REML", "Hartung-Knapp", "4 effects", "(RR, log scale)", "t(3)", "I2"):
        assert word in text


def test_weights_follow_the_rows(table: EffectTable) -> None:
    fit = pool(table, model="common")
    expected = 100 / np.array(S) ** 2 / (1 / np.array(S) ** 2).sum()
    assert list(fit.weights.index) == ["a", "b", "c", "d"]
    np.testing.assert_allclose(fit.weights, expected, rtol=1e-12)
