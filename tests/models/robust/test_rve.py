"""robust_regression beside its formulas written out, and what it refuses."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evidence.effects.table import EffectTable, table_of
from evidence.errors import FitError
from evidence.models.robust.cluster_robust import robust_wald
from evidence.models.robust.rve import robust_regression, robust_sensitivity

STUDIES = np.repeat(np.arange(9), [1, 2, 3, 4, 2, 1, 3, 2, 1])


def example(spread: float = 0.5, seed: int = 4) -> tuple[EffectTable, pd.DataFrame]:
    random = np.random.default_rng(seed)
    k = len(STUDIES)
    s = random.uniform(0.1, 0.4, k)
    y = 0.3 + random.normal(0, spread, 9)[STUDIES] + random.normal(size=k) * s
    return table_of(y, s), pd.DataFrame({"dose": random.normal(size=k)})


def expected_form(form: np.ndarray, hat: np.ndarray, errors: np.ndarray) -> float:
    rest = np.eye(len(hat)) - hat
    return float(np.trace(form @ rest @ errors @ rest.T))


def arrays(table: EffectTable, frame: pd.DataFrame) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    y = table.rows["estimate"].to_numpy(float)
    v = table.rows["std_error"].to_numpy(float) ** 2
    return y, v, np.column_stack([np.ones(len(y)), frame])


def test_correlated_effects_solve_the_moment_equation() -> None:
    table, frame = example()
    y, v, x = arrays(table, frame)
    fit = robust_regression(table, STUDIES, frame, rho=0.6)
    size = np.bincount(STUDIES)[STUDIES]
    mean = (np.bincount(STUDIES, v) / np.bincount(STUDIES))[STUDIES]
    w = np.diag(1 / (size * mean))
    hat = x @ np.linalg.inv(x.T @ w @ x) @ x.T @ w
    same = (STUDIES[:, None] == STUDIES).astype(float)
    errors = same * mean * 0.6 + 0.4 * np.diag(mean)
    rest = y - hat @ y
    excess = rest @ w @ rest - expected_form(w, hat, errors)
    assert fit.tau2 == pytest.approx(excess / expected_form(w, hat, same), rel=1e-9)
    assert fit.i2 == pytest.approx(100 * excess / (rest @ w @ rest), rel=1e-9)
    np.testing.assert_allclose(fit.weights, 1 / (size * (mean + (fit.tau2 or 0))))


def test_hierarchical_effects_solve_both_moment_equations() -> None:
    random = np.random.default_rng(0)
    v = random.uniform(0.01, 0.03, len(STUDIES))
    y = random.normal(0, 0.6, 9)[STUDIES] + random.normal(0, 0.8, len(STUDIES))
    fit = robust_regression(table_of(y, np.sqrt(v)), STUDIES, working="hierarchical")
    w, same = np.diag(1 / v), (STUDIES[:, None] == STUDIES).astype(float)
    x = np.ones((len(y), 1))
    hat = x @ np.linalg.inv(x.T @ w @ x) @ x.T @ w
    rest = y - hat @ y
    assert fit.tau2 is not None
    assert fit.omega2 is not None
    assert min(fit.tau2, fit.omega2) > 0.05
    total = np.diag(v) + fit.omega2 * np.eye(len(y)) + fit.tau2 * same
    for form in (w, same):
        assert rest @ form @ rest == pytest.approx(expected_form(form, hat, total), rel=1e-9)
    assert (fit.rho, fit.i2) == (None, None)


def test_agreeing_effects_put_tau2_at_zero_and_say_so() -> None:
    table, _ = example()
    same = table_of(np.linspace(0.3, 0.32, len(STUDIES)), table.rows["std_error"])
    fit = robust_regression(same, STUDIES)
    assert (fit.tau2, fit.i2) == (0.0, 0.0)
    assert any("tau2 is estimated at 0" in note for note in fit.notes)
    other = robust_regression(same, STUDIES, working="hierarchical")
    assert (other.tau2, other.omega2) == (0.0, 0.0)


def test_single_row_clusters_make_rho_irrelevant() -> None:
    table, frame = example()
    one, other = (robust_regression(table, range(19), frame, rho=rho) for rho in (0.0, 1.0))
    np.testing.assert_allclose(one.terms["estimate"], other.terms["estimate"], rtol=1e-12)
    assert one.tau2 == pytest.approx(other.tau2, rel=1e-12)


def test_large_sample_is_cr1_with_residual_df() -> None:
    table, frame = example()
    fit = robust_regression(table, STUDIES, frame, small_sample=False)
    _, _, x = arrays(table, frame)
    y = table.rows["estimate"].to_numpy(float)
    w = np.diag(fit.weights)
    bread = np.linalg.inv(x.T @ w @ x)
    pulls = pd.DataFrame((w @ x) * (y - x @ bread @ x.T @ w @ y)[:, None]).groupby(STUDIES).sum()
    meat = pulls.to_numpy().T @ pulls.to_numpy()
    np.testing.assert_allclose(fit.covariance, 9 / 7 * bread @ meat @ bread, rtol=1e-9)
    assert fit.terms["df"].tolist() == [7.0, 7.0]
    assert (fit.k, fit.m) == (19, 9)


def test_stated_weights() -> None:
    table, frame = example()
    fit = robust_regression(table, STUDIES, frame, weights=np.ones(19))
    _, _, x = arrays(table, frame)
    b, *_ = np.linalg.lstsq(x, table.rows["estimate"].to_numpy(float), rcond=None)
    np.testing.assert_allclose(fit.terms["estimate"], b, rtol=1e-10)
    assert (fit.working, fit.tau2, fit.q) == ("stated weights", None, None)
    large = robust_regression(table, STUDIES, frame, weights=np.ones(19), small_sample=False)
    np.testing.assert_allclose(large.terms["estimate"], b, rtol=1e-10)


def test_wald_test_of_moderators() -> None:
    table, frame = example()
    fit = robust_regression(table, STUDIES, frame)
    assert robust_wald(fit, "dose") == fit.inference.moderators


def test_summary() -> None:
    table, frame = example()
    text = " ".join(repr(robust_regression(table, STUDIES, frame)).split())
    assert text.startswith("Robust variance estimation of 19 effects in 9 clusters (correlated ")
    assert "rho = 0.8); small-sample corrected; tau2 " in text
    assert "note: the correlation within clusters, 0.8, is assumed" in text
    fit = robust_regression(table, STUDIES, working="hierarchical", small_sample=False)
    text = " ".join(repr(fit).split())
    assert "large-sample; tau2 " in text
    assert "omega2" in text
    assert "(stated weights)" in repr(robust_regression(table, STUDIES, weights=np.ones(19)))


def test_sensitivity_repeats_the_fit() -> None:
    table, frame = example()
    found = robust_sensitivity(table, STUDIES, frame, values=[0.1, 0.9])
    fit = robust_regression(table, STUDIES, frame, rho=0.9)
    mine = found[found["rho"] == 0.9]
    assert mine["estimate"].tolist() == fit.terms["estimate"].tolist()
    assert mine["tau2"].unique().tolist() == [fit.tau2]
    assert found["term"].tolist() == ["intercept", "dose"] * 2
    with pytest.raises(FitError, match="there is no correlation to try"):
        robust_sensitivity(table, STUDIES, values=[])


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"working": "corr"}, "unknown: 'corr'"),
        ({"rho": 1.5}, "a number from 0 to 1"),
        ({"working": "hierarchical", "rho": 0.5}, "rho: would do nothing"),
        ({"weights": np.ones(19), "rho": 0.5}, "rho: would do nothing beside weights"),
        ({"weights": np.ones(19), "working": "correlated"}, "working: would do nothing"),
        ({"weights": np.zeros(19)}, "weights must be finite numbers above 0"),
        ({"level": 0.0}, "a fraction between 0 and 1"),
    ],
)
def test_wrong_options(options: dict[str, Any], match: str) -> None:
    with pytest.raises(FitError, match=match):
        robust_regression(example()[0], STUDIES, **options)


def test_designs_and_clusters_that_cannot_be_fitted() -> None:
    table, frame = example()
    with pytest.raises(FitError, match="1 cluster"):
        robust_regression(table, np.zeros(19))
    twice = frame.assign(again=2 * frame["dose"])
    with pytest.raises(FitError, match="column 'again': is a sum of columns before it"):
        robust_regression(table, STUDIES, twice)
    with pytest.raises(FitError, match="2 effects for 2 coefficients"):
        robust_regression(table_of([1, 2], [1, 1]), [1, 2], pd.DataFrame({"x": [1, 2]}))
    with pytest.raises(FitError, match="2 clusters for 2 coefficients"):
        robust_regression(table, STUDIES > 4, frame, small_sample=False)


@settings(max_examples=20, deadline=None)
@given(
    st.sampled_from([1e-6, 0.3, 1e6]),
    st.floats(-3.0, 3.0),
    st.permutations(list(range(19))),
    st.sampled_from(["correlated", "hierarchical"]),
)
def test_scale_shift_and_order(scale: float, shift: float, order: list[int], working: Any) -> None:
    table, frame = example()
    plain = robust_regression(table, STUDIES, frame, working=working)
    y, s = (table.rows[c].to_numpy(float)[order] for c in ("estimate", "std_error"))
    moved = frame.iloc[order].reset_index(drop=True)
    other = robust_regression(
        table_of(scale * (y + shift), scale * s), STUDIES[order], moved, working=working
    )
    expected = scale * (plain.terms["estimate"] + shift * np.array([1.0, 0.0]))
    np.testing.assert_allclose(other.terms["estimate"], expected, rtol=1e-7, atol=1e-9 * scale)
    np.testing.assert_allclose(other.covariance, scale**2 * plain.covariance, rtol=1e-6)
    assert other.tau2 == pytest.approx(scale**2 * (plain.tau2 or 0.0), rel=1e-6)
