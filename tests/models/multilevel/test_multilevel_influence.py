"""Case diagnostics of multilevel models against refits, and properties of fits."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from multilevel_samples import simulated

from evidence.errors import FitError
from evidence.models.multilevel.influence import multilevel_influence
from evidence.models.multilevel.multilevel import multilevel


def test_refits_are_those_of_the_other_rows() -> None:
    frame = simulated(24, studies=6)
    fit = multilevel(frame, "study/effect", moderators="~ dose", test="z")
    found = multilevel_influence(fit, "study")
    left = frame[frame["study"] != 2]
    other = multilevel(left, "study/effect", moderators="~ dose", test="z")
    own = found.without.loc["2"].to_numpy()
    theirs = np.concatenate([other.estimates, other.components["estimate"]])
    np.testing.assert_allclose(own, theirs, atol=1e-7)
    change = fit.estimates - other.estimates
    cook = change @ np.linalg.solve(fit.covariance, change)
    assert found.clusters.loc["2", "cook"] == pytest.approx(cook, rel=1e-6)
    assert found.clusters["k"].sum() == 24
    labels = frame["study"].map(lambda x: f"s{x}")
    again = multilevel_influence(fit, labels)
    np.testing.assert_allclose(
        again.clusters["cook"].sort_values(), found.clusters["cook"].sort_values(), rtol=1e-6
    )


def test_single_rows_and_variances_that_stay() -> None:
    frame = simulated(12, studies=4)
    fit = multilevel(frame, "study", test="z")
    found = multilevel_influence(fit, reestimate=False)
    assert len(found.clusters) == 12
    assert found.without["variance(study)"].nunique() == 1
    # One row alone: the quadratic form is the square of its residual.
    np.testing.assert_allclose(
        found.clusters["studentised_chi2"], found.rows["studentised"] ** 2, rtol=1e-9
    )
    np.testing.assert_allclose(
        found.clusters["standardised_chi2"], found.rows["standardised"] ** 2, rtol=1e-9
    )


def test_known_correlations_are_kept_in_refits() -> None:
    frame = simulated(16, studies=4)
    names = [str(i) for i in range(4)]
    known = pd.DataFrame(0.3 + 0.7 * np.eye(4), index=names, columns=names)
    fit = multilevel(frame, "study", known_correlations={"study": known}, test="z")
    found = multilevel_influence(fit, "study")
    some = known.drop(index="1", columns="1")
    left = frame[frame["study"] != 1]
    other = multilevel(left, "study", known_correlations={"study": some}, test="z")
    assert found.without.loc["1", "intercept"] == pytest.approx(other.estimates[0], abs=1e-7)


def test_a_coefficient_that_rests_on_one_cluster() -> None:
    frame = simulated(16, studies=4)
    frame["first"] = (frame["study"] == 0).astype(float)
    fit = multilevel(frame, "effect", moderators="~ first", test="z")
    found = multilevel_influence(fit, frame["study"])
    assert found.clusters.loc["0", "reason"] == "without it a coefficient cannot be estimated"
    assert np.isnan(found.clusters.loc["0", "cook"])
    assert found.clusters["cook"].drop("0").notna().all()


@pytest.mark.parametrize(
    ("cluster", "message"),
    [
        ("nope", "no random term 'nope'"),
        ([1, 2], r"\(12,\): one label a row"),
        ([1.0] * 11 + [np.nan], "a label is missing"),
        ([1] * 12, "one cluster only"),
    ],
)
def test_clusters_that_are_none(cluster: object, message: str) -> None:
    fit = multilevel(simulated(12, studies=4), "study", test="z")
    with pytest.raises(FitError, match=message):
        multilevel_influence(fit, cluster)


@settings(max_examples=12, deadline=None)
@given(
    seed=st.integers(0, 1000),
    scale=st.sampled_from([1e-6, 0.1, 3.0, 1e6]),
    shift=st.sampled_from([0.0, -5.0, 1e3]),
    structure=st.sampled_from(["compound_symmetry", "diagonal", "unstructured"]),
)
def test_order_scale_and_shift(seed: int, scale: float, shift: float, structure: str) -> None:
    frame = simulated(24, studies=7, seed=seed, outcomes=2)
    fit = multilevel(frame, ["outcome | study", "effect"], structure=structure, test="z")
    moved = frame.sample(frac=1.0, random_state=seed)
    moved = moved.assign(
        estimate=scale * (moved["estimate"] + shift), std_error=scale * moved["std_error"]
    )
    other = multilevel(moved, ["outcome | study", "effect"], structure=structure, test="z")
    size = abs(fit.estimates[0] + shift) + 1
    assert other.estimates[0] == pytest.approx(
        scale * (fit.estimates[0] + shift), abs=1e-5 * scale * size
    )
    log_scale = (fit.k - 1) * np.log(scale)
    assert other.log_likelihood + log_scale == pytest.approx(fit.log_likelihood, abs=1e-6)


@pytest.mark.slow
def test_thousands_of_rows() -> None:
    frame = simulated(3000, studies=400)
    fit = multilevel(frame, "study/effect", test="z")
    assert fit.component("variance(study)") == pytest.approx(0.36, rel=0.2)
    assert fit.component("variance(study/effect)") == pytest.approx(0.16, rel=0.2)
    assert max(batch.y.shape[1] for batch in fit.model.batches) < 40
