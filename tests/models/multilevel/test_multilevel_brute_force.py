"""Multilevel fits against the density of the normal distribution and formulas written out."""

import itertools

import numpy as np
import pandas as pd
import pytest
from multilevel_samples import dense_log_likelihoods, simulated
from scipy import sparse

from evidence.errors import FitError
from evidence.models.frequentist.pool import pool
from evidence.models.multilevel.kernels_maximum import starts_of
from evidence.models.multilevel.kernels_parameters import height, height_and_slope
from evidence.models.multilevel.multilevel import multilevel
from evidence.models.multilevel.profile import _Profile
from evidence.models.multilevel.random_effects import random_effects
from evidence.models.multilevel.terms import NAMES
from evidence.models.regression.regression import meta_regression

METHODS = ("reml", "maximum_likelihood")


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("structure", NAMES)
def test_likelihood_is_the_density_and_its_slope_is_right(structure: str, method: str) -> None:
    frame = simulated()
    fit = multilevel(
        frame, ["outcome | study", "effect"], structure=structure, method=method,
        moderators="~ dose", test="z",
    )  # fmt: skip
    full, restricted = dense_log_likelihoods(fit, fit.marginal_covariance)
    assert fit.full_likelihood.log_likelihood == pytest.approx(full, abs=1e-9)
    assert fit.restricted_likelihood.log_likelihood == pytest.approx(restricted, abs=1e-9)
    whole = _Profile(fit, (0, 0, "variance")).whole
    for start in starts_of(whole.problem, whole.spread):
        theta = start + 0.05
        value, slope = height_and_slope(whole.problem, theta)
        assert value == pytest.approx(height(whole.problem, theta), abs=1e-12)
        steps = 1e-6 * np.eye(len(theta))
        rise = [height(whole.problem, theta + s) - height(whole.problem, theta - s) for s in steps]
        np.testing.assert_allclose(slope, np.array(rise) / 2e-6, atol=1e-6)


@pytest.mark.parametrize("structure", NAMES)
def test_no_neighbour_is_higher(structure: str) -> None:
    frame = simulated(seed=5)
    fit = multilevel(frame, "outcome | study", structure=structure, test="z")
    free = fit.components[fit.components["estimate"].notna()]
    stated = dict(zip(fit.components["component"], fit.components["estimate"], strict=True))
    for name, value, kind in free[["component", "estimate", "kind"]].itertuples(index=False):
        for step in (-0.02, 0.02):
            moved = value + step
            if (kind == "variance" and moved < 0) or abs(moved) > 1:
                continue
            try:
                other = multilevel(
                    frame, "outcome | study", structure=structure, test="z",
                    fixed={**stated, name: moved},
                )  # fmt: skip
            except FitError:  # correlations that cannot hold together
                continue
            assert other.log_likelihood <= fit.log_likelihood + 1e-9


@pytest.mark.parametrize("method", METHODS)
def test_one_effect_a_study_is_pool(method: str) -> None:
    frame = simulated(12).assign(study=range(12))
    fit = multilevel(frame, "study", method=method, test="z")
    own = pool(fit.table, tau2=method, ci="wald")
    assert fit.component("variance(study)") == pytest.approx(own.heterogeneity.tau2, rel=1e-6)
    assert fit.estimates[0] == pytest.approx(own.estimate, abs=1e-8)
    assert fit.heterogeneity.i2 == pytest.approx(own.heterogeneity.i2, rel=1e-6)
    np.testing.assert_allclose(fit.rows["weight"], own.weights, rtol=1e-6)


def test_without_random_effects_it_is_a_fixed_effects_regression() -> None:
    frame = simulated(15)
    fit = multilevel(frame, None, moderators="~ dose", test="z")
    own = meta_regression(fit.table, "~ dose", data=frame.set_axis(fit.index), tau2=None, test="z")
    np.testing.assert_allclose(fit.covariance, own.covariance, rtol=1e-10)
    columns = ["fitted", "residual", "residual_std_error", "standardised"]
    np.testing.assert_allclose(fit.rows[columns], own.rows[columns], atol=1e-10)
    assert fit.full_likelihood == pytest.approx(own.full_likelihood)
    assert fit.components.empty
    assert fit.heterogeneity.q == pytest.approx(own.heterogeneity.q)


def test_generalised_least_squares_with_a_full_covariance() -> None:
    frame = simulated(10)
    rng = np.random.default_rng(3)
    root = rng.normal(size=(10, 10))
    v = root @ root.T
    frame["std_error"] = np.sqrt(np.diag(v))
    for given in (v, sparse.csr_array(v)):
        fit = multilevel(frame, None, covariance=given, test="z")
        w = np.linalg.inv(v)
        assert fit.covariance[0, 0] == pytest.approx(1 / w.sum())
        assert fit.estimates[0] == pytest.approx(w.sum(0) @ frame["estimate"] / w.sum())
        np.testing.assert_allclose(fit.rows["weight"], 100 * w.sum(0) / w.sum(), rtol=1e-8)
        np.testing.assert_allclose(fit.marginal_covariance, v, rtol=1e-10)


def test_compound_symmetry_is_the_three_level_model() -> None:
    frame = simulated(30, studies=6, seed=2).drop_duplicates(["study", "outcome"])
    nested = multilevel(frame, "study/outcome", test="z")
    same = multilevel(frame, "outcome | study", structure="compound_symmetry", test="z")
    total = nested.components["estimate"].sum()
    assert same.component("variance(outcome | study)") == pytest.approx(total, rel=1e-6)
    assert same.component("correlation(outcome | study)") == pytest.approx(
        nested.component("variance(study)") / total, rel=1e-5
    )
    np.testing.assert_allclose(same.marginal_covariance, nested.marginal_covariance, atol=1e-6)


def test_predictions_of_groups_are_those_of_henderson() -> None:
    frame = simulated(25)
    fit = multilevel(frame, ["study", "effect"], moderators="~ dose", test="z")
    own = random_effects(fit)
    x, y = fit.design.matrix, fit.outcomes
    z = [pd.get_dummies(frame[name]).to_numpy(float) for name in ("study", "effect")]
    big = np.hstack([x, *z])
    r = np.diag(1 / frame["std_error"].to_numpy() ** 2)
    spreads = fit.components["estimate"].to_numpy()
    penalty = np.concatenate(
        [np.zeros(2), *(np.full(a.shape[1], 1 / s) for a, s in zip(z, spreads, strict=True))]
    )
    inverse = np.linalg.inv(big.T @ r @ big + np.diag(penalty))
    np.testing.assert_allclose(own["estimate"], (inverse @ big.T @ r @ y)[2:], atol=1e-7)
    np.testing.assert_allclose(own["std_error"], np.sqrt(np.diag(inverse))[2:], rtol=1e-6)


def test_known_correlations_between_groups() -> None:
    frame = simulated(20, studies=4)
    index = [str(i) for i in range(4)]
    matrix = pd.DataFrame(0.4 * np.ones((4, 4)) + 0.6 * np.eye(4), index=index, columns=index)
    fit = multilevel(frame, "study", known_correlations={"study": matrix}, test="z")
    codes = frame["study"].to_numpy()
    m = (
        np.diag(frame["std_error"] ** 2)
        + fit.component("variance(study)") * matrix.to_numpy()[np.ix_(codes, codes)]
    )
    np.testing.assert_allclose(fit.marginal_covariance, m, atol=1e-12)
    assert random_effects(fit)["group"].tolist() == index
    # With no correlation between groups it is the ordinary model.
    apart = pd.DataFrame(np.eye(4), index=index, columns=index)
    plain = multilevel(frame, "study", test="z")
    same = multilevel(frame, "study", known_correlations={"study": apart}, test="z")
    assert same.log_likelihood == pytest.approx(plain.log_likelihood, abs=1e-9)


def test_unstructured_covariance_at_the_edge() -> None:
    """Three outcomes moved by one thing alone: the covariance between studies has rank 1."""
    rng = np.random.default_rng(4)
    rows = []
    for study, outcome in itertools.product(range(12), range(3)):
        rows.append((study, outcome, 0.0))
    frame = pd.DataFrame(rows, columns=["study", "outcome", "estimate"])
    shared = rng.normal(size=12)
    frame["estimate"] = shared[frame["study"]] * (1 + frame["outcome"])
    frame["std_error"] = 0.3
    fit = multilevel(
        frame, "outcome | study", structure="unstructured", moderators="~ C(outcome) - 1", test="z"
    )
    found = fit.components[fit.components["kind"] == "correlation"]["estimate"]
    np.testing.assert_allclose(found, 1.0, atol=1e-5)
    assert any("singular, the edge" in note for note in fit.notes)


@pytest.mark.parametrize("unit", [0.1, 365.25, 1e5])
def test_the_unit_of_time_does_not_matter(unit: float) -> None:
    frame = simulated(60, studies=12, outcomes=5, seed=11)
    days = frame.assign(outcome=unit * frame["outcome"])
    options = {"structure": "continuous_autoregressive", "test": "z"}
    own = multilevel(frame, "outcome | study", **options)
    other = multilevel(days, "outcome | study", **options)
    assert other.log_likelihood == pytest.approx(own.log_likelihood, abs=1e-7)
    name = "correlation(outcome | study)"
    assert other.component(name) ** unit == pytest.approx(own.component(name), rel=1e-4)
