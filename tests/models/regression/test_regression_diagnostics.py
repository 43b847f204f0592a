"""Leave-one-out of meta-regressions, variance inflation, intervals of tau2, tau2 at its edge."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import special, stats

from evidence.effects.table import EffectTable, table_of
from evidence.errors import FitError
from evidence.models.frequentist.pool import pool
from evidence.models.regression.diagnostics import regression_influence, variance_inflation
from evidence.models.regression.fit import RegressionFit
from evidence.models.regression.kernels_gls_intervals import profile_interval, sum_cdf
from evidence.models.regression.location_scale import location_scale
from evidence.models.regression.permutation import permutation_test
from evidence.models.regression.regression import meta_regression

K = 14


def example(seed: int = 2) -> tuple[EffectTable, pd.DataFrame]:
    random = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {"dose": random.normal(size=K), "arm": random.permutation(["a", "b", "c"] * 5)[:K]}
    )
    s = random.uniform(0.1, 0.5, size=K)
    y = 0.2 + 0.5 * frame["dose"].to_numpy() + random.normal(size=K) * np.sqrt(s**2 + 0.2)
    return table_of(y, s), frame


TABLE, FRAME = example()
Y = TABLE.rows["estimate"].to_numpy(dtype=float)
S = TABLE.rows["std_error"].to_numpy(dtype=float)


def without(i: int, **options: object) -> RegressionFit:
    kept = np.arange(K) != i
    weights = options.pop("weights", None)
    if weights is not None:
        options["weights"] = np.asarray(weights)[kept]
    frame = FRAME[kept].reset_index(drop=True)
    return meta_regression(table_of(Y[kept], S[kept]), frame, **options)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "options",
    [
        {"test": "z"},
        {"test": "z", "tau2": "dersimonian_laird"},
        {"test": "z", "tau2": None},
        {"test": "z", "tau2": 0.1},
        {"test": "z", "weights": np.linspace(1, 3, K)},
        {"test": "knapp_hartung_floored"},
    ],
    ids=["reml", "moments", "fixed-effects", "stated", "weights", "knapp-hartung"],
)
def test_influence_is_that_of_refitting(options: dict[str, object]) -> None:
    fit = meta_regression(TABLE, FRAME, **options)  # type: ignore[arg-type]
    found = regression_influence(fit)
    x = fit.design.matrix
    for i in range(K):
        own, row = without(i, **options), found.rows.iloc[i]
        moved = fit.estimates - own.estimates
        residual = Y[i] - x[i] @ own.estimates
        error = np.sqrt(S[i] ** 2 + own.tau2 + x[i] @ own.covariance @ x[i])
        assert row["rstudent"] == pytest.approx(residual / error, rel=1e-7)
        assert row["cook"] == pytest.approx(
            moved @ np.linalg.solve(fit.covariance, moved), rel=1e-6, abs=1e-10
        )
        assert row["cov_ratio"] == pytest.approx(
            np.linalg.det(own.covariance) / np.linalg.det(fit.covariance), rel=1e-7
        )
        assert row["tau2_without"] == pytest.approx(own.tau2, abs=1e-10)
        assert row["q_without"] == pytest.approx(own.heterogeneity.q, rel=1e-9)
        assert row["reason"] is None
    np.testing.assert_allclose(found.rows["hat"].sum(), fit.p)
    assert list(found.dfbetas.columns) == list(fit.design.names)


def test_an_outlier_is_influential() -> None:
    y = Y.copy()
    y[3] += 8.0
    found = regression_influence(meta_regression(table_of(y, S), FRAME[["dose"]], test="z"))
    assert found.rows["influential"].to_numpy()[3]
    assert found.rows["rstudent"].abs().to_numpy().argmax() == 3


def test_a_study_that_alone_has_its_level_is_named() -> None:
    frame = FRAME.assign(arm=["x"] + ["y"] * (K - 1))
    found = regression_influence(meta_regression(TABLE, frame, test="z"))
    assert "cannot be told apart" in found.rows["reason"].iloc[0]
    assert np.isnan(found.rows["rstudent"].iloc[0])
    assert not found.rows["rstudent"].iloc[1:].isna().any()
    assert found.rows["hat"].iloc[0] == pytest.approx(1.0)


def test_too_few_rows_to_leave_one_out() -> None:
    fit = meta_regression(table_of(Y[:3], S[:3]), FRAME[["dose"]][:3], test="z")
    with pytest.raises(FitError, match="at least 4"):
        regression_influence(fit)


@settings(deadline=None, max_examples=10)
@given(st.floats(1e-4, 1e4), st.floats(-5, 5), st.permutations(range(K)))
def test_influence_follows_scale_shift_and_order(c: float, b: float, order: list[int]) -> None:
    one = regression_influence(meta_regression(TABLE, FRAME[["dose"]], test="z"))
    other = regression_influence(
        meta_regression(
            table_of(c * (Y + b)[order], c * S[order]),
            FRAME[["dose"]].iloc[order].reset_index(drop=True) * 10.0,
            test="z",
        )
    )
    for name in ("rstudent", "dffits", "cook", "cov_ratio", "hat"):
        np.testing.assert_allclose(
            other.rows[name], one.rows[name].to_numpy()[order], rtol=1e-5, atol=1e-7
        )


def test_variance_inflation_of_a_weighted_regression_is_one_over_tolerance() -> None:
    fit = meta_regression(TABLE, FRAME, test="z")
    found = variance_inflation(fit).set_index("term")
    x = fit.design.matrix
    w = 1 / (S**2 + fit.tau2)
    for j, name in enumerate(fit.design.names[1:], start=1):
        others = np.delete(x, j, axis=1)
        root = np.sqrt(w)[:, None]
        b = np.linalg.lstsq(others * root, x[:, j] * root[:, 0], rcond=None)[0]
        rest = float((w * (x[:, j] - others @ b) ** 2).sum())
        mean = float((w * x[:, j]).sum() / w.sum())
        whole = float((w * (x[:, j] - mean) ** 2).sum())
        assert found.loc[name, "vif"] == pytest.approx(whole / rest)
    # Of two sets that make up everything, each inflates the other alike.
    assert found.loc["arm", "vif"] == pytest.approx(found.loc["dose", "vif"])
    assert found.loc["arm", "coefficients"] == 2
    with pytest.raises(FitError, match="fewer than two coefficients"):
        variance_inflation(meta_regression(TABLE, FRAME[["dose"]], test="z"))


@pytest.mark.parametrize("method", ["reml", "maximum_likelihood"])
def test_profile_interval_without_moderators_is_that_of_pooling(method: str) -> None:
    ones = pd.DataFrame(index=range(K))
    own = meta_regression(TABLE, ones, tau2=method, tau2_interval="profile_likelihood")  # type: ignore[arg-type]
    other = pool(TABLE, tau2=method, tau2_interval="profile_likelihood")  # type: ignore[arg-type]
    for name in ("tau2_ci_low", "tau2_ci_high", "i2_ci_high", "h2_ci_low"):
        assert getattr(own.heterogeneity, name) == pytest.approx(
            getattr(other.heterogeneity, name), rel=1e-7, abs=1e-9
        )
    assert own.heterogeneity.interval_method == "profile_likelihood"


def test_profile_interval_ends_where_the_likelihood_has_fallen() -> None:
    fit = meta_regression(TABLE, FRAME, tau2_interval="profile_likelihood")
    drop = special.chdtri(1, 0.05) / 2

    def height(t: float) -> float:
        return meta_regression(TABLE, FRAME, tau2=t).restricted_likelihood.log_likelihood

    top = fit.restricted_likelihood.log_likelihood
    own = fit.heterogeneity
    assert own.tau2_ci_high is not None
    assert height(own.tau2_ci_high) == pytest.approx(top - drop, abs=1e-7)
    if own.tau2_ci_low:
        assert height(own.tau2_ci_low) == pytest.approx(top - drop, abs=1e-7)


def test_profile_interval_of_a_set_with_gaps_takes_the_outermost_ends() -> None:
    def height(t: float) -> float:
        return -min((t - 1.0) ** 2, 0.5 + (t - 6.0) ** 2)

    found = profile_interval(height, 1.0, np.ones(3), 12.0, 0.95)
    assert float(found.low) == 0.0
    assert float(found.high) == pytest.approx(6 + np.sqrt(special.chdtri(1, 0.05) / 2 - 0.5))


@pytest.mark.parametrize("weights", [None, np.linspace(1.0, 4.0, K)])
def test_generalised_q_interval_without_moderators_is_that_of_pooling(
    weights: np.ndarray | None,
) -> None:
    ones = pd.DataFrame(index=range(K))
    method = "generalised_q" if weights is not None else "dersimonian_laird"
    shared = {"tau2": method, "weights": weights, "tau2_interval": "generalised_q"}
    own = meta_regression(TABLE, ones, **shared)  # type: ignore[arg-type]
    other = pool(TABLE, **shared)  # type: ignore[arg-type]
    for name in ("tau2_ci_low", "tau2_ci_high"):
        assert getattr(own.heterogeneity, name) == pytest.approx(
            getattr(other.heterogeneity, name), rel=1e-7, abs=1e-9
        )


def test_generalised_q_interval_has_its_tails_in_simulation() -> None:
    a = np.linspace(1.0, 4.0, K)
    fit = meta_regression(TABLE, FRAME[["dose"]], tau2="generalised_q", weights=a)
    own, x = fit.heterogeneity, fit.design.matrix
    form = np.diag(a) - a[:, None] * x @ np.linalg.inv(x.T @ (a[:, None] * x)) @ x.T * a
    observed = float(Y @ form @ Y)
    assert own.tau2_ci_high is not None
    z = np.random.default_rng(5).normal(size=(200_000, K)) * np.sqrt(S**2 + own.tau2_ci_high)
    assert ((z @ form * z).sum(1) <= observed).mean() == pytest.approx(0.025, abs=1.5e-3)


@pytest.mark.parametrize("c", [np.array([2.0]), np.array([0.01, 1.0, 40.0]), np.linspace(1, 2, 30)])
def test_distribution_of_a_sum_of_chi_squares_is_that_of_simulation(c: np.ndarray) -> None:
    draws = np.random.default_rng(3).chisquare(1, size=(200_000, len(c))) @ c
    for p in (0.02, 0.5, 0.98):
        x = float(np.quantile(draws, p))
        assert sum_cdf(x, c) == pytest.approx(p, abs=4e-3)
    assert sum_cdf(0.0, c) == 0.0
    assert sum_cdf(3.0, np.array([2.0])) == pytest.approx(stats.chi2.cdf(1.5, 1), abs=1e-12)


def test_intervals_that_do_not_suit_are_refused() -> None:
    for options, match in (
        ({"tau2": "dersimonian_laird", "tau2_interval": "profile_likelihood"}, "goes with"),
        ({"tau2_interval": "generalised_q"}, "goes with"),
        ({"tau2": None, "tau2_interval": "q_profile"}, "not defined"),
        ({"tau2_interval": "qprofile"}, "did you mean"),
    ):
        with pytest.raises(FitError, match=match):
            meta_regression(TABLE, FRAME, **options)  # type: ignore[arg-type]


@pytest.mark.parametrize("seed", [0, 3, 10])
def test_identity_link_reaches_the_edge_that_a_grid_finds(seed: int) -> None:
    random = np.random.default_rng(seed)
    x = random.uniform(0, 1, 16)
    s = random.uniform(0.1, 0.4, 16)
    y = random.normal(0, np.sqrt(s**2 + 0.3 * np.maximum(0, x - 0.5)))
    frame = pd.DataFrame({"x": x})
    fit = location_scale(table_of(y, s), frame[[]], frame, link="identity")
    assert fit.tau2.min() == 0.0
    assert fit.scale_terms["std_error"].isna().all()

    def height(ends: tuple[float, float]) -> float:
        tau2 = np.interp(x, [x.min(), x.max()], ends)
        w = 1 / (s**2 + tau2)
        mean = (w * y).sum() / w.sum()
        body = np.log(w).sum() - np.log(w.sum()) - (w * (y - mean) ** 2).sum()
        return 0.5 * float(body - 15 * np.log(2 * np.pi) + np.log(16))

    levels = np.concatenate([[0.0], np.geomspace(1e-4, 1.0, 50)])
    best = max(height((a, b)) for a in levels for b in levels)
    own = fit.restricted_likelihood.log_likelihood
    assert best <= own + 1e-9
    assert best > own - 0.02


def test_no_spread_at_all_is_the_corner_of_the_identity_link() -> None:
    s = np.linspace(0.2, 0.4, 8)
    frame = pd.DataFrame({"x": np.linspace(0, 1, 8)})
    fit = location_scale(
        table_of(0.3 + 0.01 * np.cos(np.arange(8)), s), frame[[]], frame, link="identity"
    )
    assert fit.tau2.tolist() == [0.0] * 8
    common = pool(table_of(0.3 + 0.01 * np.cos(np.arange(8)), s), model="common")
    assert fit.terms["estimate"].iloc[0] == pytest.approx(common.estimate)


def test_summary_of_a_regression_names_its_parts() -> None:
    text = repr(meta_regression(TABLE, FRAME))
    assert "Meta-regression of 14 effects" in text
    assert "moderators F(3, 10) = " in text
    assert "fewer than 10 studies a coefficient" in text
    assert "moderators chi-squared(3) = " in repr(meta_regression(TABLE, FRAME, test="z"))
    fit = meta_regression(TABLE, FRAME)
    assert fit.fitted.equals(fit.rows["fitted"])
    assert fit.weights.sum() == pytest.approx(100.0)


def test_random_orderings_are_near_all_of_them() -> None:
    y, s = Y[:7], S[:7]
    fit = meta_regression(table_of(y, s), FRAME[["dose"]][:7], test="z", tau2="dersimonian_laird")
    every = permutation_test(fit)
    some = permutation_test(fit, draws=2000, seed=3)
    assert not some.exact
    assert some.iterations == 2000
    assert some.p == pytest.approx(every.p, abs=0.05)
    flips = meta_regression(table_of(y + 0.3, s), pd.DataFrame(index=range(7)), test="z")
    assert permutation_test(flips, draws=500, seed=1).p == pytest.approx(
        permutation_test(flips).p, abs=0.08
    )
