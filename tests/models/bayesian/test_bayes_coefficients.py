import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, stats

from evidence.effects.table import table_of
from evidence.errors import FitError
from evidence.models.bayesian.coefficients import bayes_predict, bayes_regression
from evidence.models.bayesian.exact import pool_bayes
from evidence.models.bayesian.kernels_coefficients import conditional
from evidence.models.bayesian.priors import flat, half_cauchy, half_normal, normal, reference_prior

Y = np.array([-0.9, -1.4, 0.4, -0.2, 0.1, -0.6])
S = np.array([0.5, 0.2, 0.7, 0.3, 0.4, 0.25])
DOSE = np.array([3.0, 5.0, 0.5, 1.0, 1.5, 2.0])
FRAME = pd.DataFrame({"dose": DOSE})
TABLE = table_of(Y, S)


def test_conditional_is_the_multivariate_normal() -> None:
    X = np.column_stack([np.ones(6), DOSE])
    mean, sd = np.array([0.3, -0.2]), np.array([1.5, 0.4])
    for tau in (0.0, 0.7):
        found, b, V = conditional(np.array([tau]), Y, S, X, mean, sd**-2)
        covariance = np.diag(S**2 + tau**2) + X @ np.diag(sd**2) @ X.T
        expected = stats.multivariate_normal(X @ mean, covariance).logpdf(Y)
        assert found[0] == pytest.approx(expected, rel=1e-11)
        gain = np.diag(sd**2) @ X.T @ np.linalg.inv(covariance)
        np.testing.assert_allclose(b[0], mean + gain @ (Y - X @ mean), rtol=1e-9)
        np.testing.assert_allclose(V[0], np.diag(sd**2) - gain @ X @ np.diag(sd**2), rtol=1e-8)


def test_flat_coefficients_are_the_limit_of_wide_ones() -> None:
    X, tau = np.column_stack([np.ones(6), DOSE]), np.array([0.3])
    wide = conditional(tau, Y, S, X, np.zeros(2), np.full(2, 1e-12))[0][0]
    flat_one = conditional(tau, Y, S, X, np.zeros(2), np.zeros(2))[0][0]
    assert flat_one == pytest.approx(wide + np.log(2 * np.pi * 1e12), abs=1e-6)


def test_against_a_grid_of_tau_and_coefficients() -> None:
    fit = bayes_regression(
        TABLE, "~ dose", data=FRAME, tau=half_normal(0.5),
        coefficients={"intercept": normal(0, 2), "dose": normal(0, 1)},
    )  # fmt: skip
    tau = np.linspace(0, 4, 4001)
    X = np.column_stack([np.ones(6), DOSE])
    density = np.empty_like(tau)
    slope = np.empty((2, tau.size))
    for i, t in enumerate(tau):
        W = np.diag(1 / (S**2 + t**2))
        A = X.T @ W @ X + np.diag([0.25, 1.0])
        slope[0, i] = np.linalg.solve(A, X.T @ W @ Y)[1]
        slope[1, i] = np.linalg.inv(A)[1, 1]
        cov = np.diag(S**2 + t**2) + X @ np.diag([4.0, 1.0]) @ X.T
        density[i] = np.exp(stats.multivariate_normal(np.zeros(6), cov).logpdf(Y))
        density[i] *= stats.halfnorm(scale=0.5).pdf(t)
    total = integrate.simpson(density, x=tau)
    mean = integrate.simpson(density * slope[0], x=tau) / total
    spread = integrate.simpson(density * (slope[1] + (slope[0] - mean) ** 2), x=tau) / total
    below = integrate.simpson(density * stats.norm(slope[0], np.sqrt(slope[1])).cdf(0), x=tau)
    row = fit.terms.set_index("term").loc["dose"]
    assert row["mean"] == pytest.approx(mean, abs=1e-8)
    assert row["sd"] == pytest.approx(np.sqrt(spread), rel=1e-7)
    assert fit.probability_below(0.0, "dose") == pytest.approx(below / total, abs=1e-8)
    assert fit.log_marginal_likelihood == pytest.approx(np.log(total), abs=1e-8)


@pytest.mark.parametrize("interval", ["central", "shortest"])
def test_intercept_alone_is_pool_bayes(interval: str) -> None:
    fit = bayes_regression(TABLE, "~ 1", tau=half_cauchy(0.3), interval=interval)
    plain = pool_bayes(TABLE, tau=half_cauchy(0.3), interval=interval)
    ours, theirs = fit.terms.set_index("term"), plain.terms.set_index("term")
    columns = ["mean", "median", "sd", "ci_low", "ci_high"]
    for term, other in (("intercept", "mu"), ("tau", "tau")):
        np.testing.assert_allclose(
            ours.loc[term, columns].astype(float), theirs.loc[other, columns].astype(float),
            atol=1e-8,
        )  # fmt: skip
    np.testing.assert_allclose(fit.shrinkage[columns], plain.shrinkage[columns], atol=1e-8)
    ahead = bayes_predict(fit, pd.DataFrame(index=[0]))
    np.testing.assert_allclose(
        ahead.loc[(0, "study"), columns].astype(float),
        theirs.loc["prediction", columns].astype(float), atol=1e-8,
    )  # fmt: skip
    assert fit.mode("intercept") == pytest.approx(plain.posterior.mode("mu"), abs=1e-5)
    assert fit.mode("tau") == pytest.approx(plain.posterior.mode("tau"), abs=1e-5)


@settings(max_examples=15, deadline=None)
@given(st.floats(1e-4, 1e4), st.floats(-5, 5), st.permutations(range(6)))
def test_scale_shift_and_order(factor: float, shift: float, order: list[int]) -> None:
    base = bayes_regression(TABLE, "~ dose", data=FRAME, tau=half_normal(0.5)).terms
    table = table_of(factor * (Y + shift)[order], factor * S[order])
    frame = FRAME.iloc[order].reset_index(drop=True)
    moved = bayes_regression(table, "~ dose", data=frame, tau=half_normal(0.5 * factor)).terms
    columns = ["median", "ci_low", "ci_high"]
    expected = base[columns].to_numpy(copy=True)
    expected[0] += shift
    np.testing.assert_allclose(moved[columns] / factor, expected, rtol=1e-6, atol=1e-7)


def test_rescaled_moderator_rescales_its_coefficient() -> None:
    base = bayes_regression(TABLE, "~ dose", data=FRAME, tau=half_normal(0.5)).terms
    big = bayes_regression(TABLE, "~ dose", data=FRAME * 1e6, tau=half_normal(0.5)).terms
    assert big.loc[1, "median"] * 1e6 == pytest.approx(base.loc[1, "median"], rel=1e-8)
    assert big.loc[2, "median"] == pytest.approx(base.loc[2, "median"], rel=1e-8)


def test_heavy_tails_leave_moments_out() -> None:
    fit = bayes_regression(table_of(Y[:3], S[:3]), "~ dose", data=FRAME[:3], tau=half_cauchy(0.5))
    assert fit.terms["sd"].tolist()[0] is None
    assert "no standard deviations" in fit.notes[0]
    assert "sd" not in bayes_predict(fit, pd.DataFrame({"dose": [1.0]}))
    assert "no standard deviations" in str(fit)


def test_data_made_prior_and_categories() -> None:
    frame = pd.DataFrame({"drug": ["a", "b", "a", "b", "a", "b"]})
    fit = bayes_regression(TABLE, frame, tau=reference_prior("dumouchel"), intercept=False)
    assert fit.design.names == ("drug[a]", "drug[b]")
    assert fit.probability_below(np.float64(50.0), "tau") > 0.9
    assert set(bayes_predict(fit, frame[:2]).index.get_level_values(1)) == {"mean", "study"}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"tau": 0.5}, "0.5 is not a prior of tau"),
        ({"coefficients": {"dosage": flat()}}, "coefficients: unknown: 'dosage'.*dose"),
        ({"coefficients": {"dose": 3}}, "3 is not a prior"),
        ({"moderators": "~ dose + I(2 * dose)"}, "depend on each other"),
        ({"tau": reference_prior("improper_uniform"), "few": True}, "improper: it has no finite"),
        ({"interval": "short"}, "interval: unknown: 'short'"),
    ],
)
def test_refuses(change: dict[str, object], message: str) -> None:
    few = change.pop("few", False)
    k = 3 if few else 6
    arguments = {"moderators": "~ dose", "data": FRAME[:k], "tau": half_normal(0.5)} | change
    moderators = arguments.pop("moderators")
    with pytest.raises(FitError, match=message):
        bayes_regression(table_of(Y[:k], S[:k]), moderators, **arguments)  # type: ignore[arg-type]


def test_unknown_terms_thresholds_and_rows() -> None:
    fit = bayes_regression(TABLE, "~ dose", data=FRAME, tau=half_normal(0.5))
    with pytest.raises(FitError, match=r"term: unknown: 'dos'"):
        fit.mode("dos")
    with pytest.raises(FitError, match="threshold: nan"):
        fit.probability_below(np.nan, "dose")
    with pytest.raises(FitError, match="new: is a list"):
        bayes_predict(fit, [1.0])  # type: ignore[arg-type]
    with pytest.raises(FitError, match=r"column 'dose': is absent"):
        bayes_predict(fit, pd.DataFrame({"x": [1.0]}))
