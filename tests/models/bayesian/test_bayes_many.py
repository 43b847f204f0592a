import numpy as np
import pandas as pd
import pytest
from scipy import stats

from evidence.effects.table import table_of
from evidence.errors import FitError
from evidence.models.bayesian.empirical_priors import (
    COMPARISONS,
    RHODES_OUTCOMES,
    TURNER_2015,
    rhodes_prior,
    turner_prior,
)
from evidence.models.bayesian.exact import pool_bayes
from evidence.models.bayesian.many import pool_bayes_many
from evidence.models.bayesian.priors import (
    TauPrior,
    half_cauchy,
    half_normal,
    inverse_gamma,
    log_t,
    normal,
    reference_prior,
    uniform,
)
from evidence.models.bayesian.sensitivity import (
    prior_posterior,
    prior_sensitivity,
    probability_beyond,
)

RANDOM = np.random.default_rng(5)
Y, S = RANDOM.normal(0.2, 0.5, (6, 5)), RANDOM.uniform(0.1, 0.6, (6, 5))
TABLE = table_of(Y[0], S[0])
FIGURES = ("mean", "median", "sd", "ci_low", "ci_high")


def one_by_one(many: object, i: int, fit: object) -> None:
    rows = fit.terms.set_index("term")  # type: ignore[attr-defined]
    for of in ("mu", "tau", "prediction"):
        for name, values in getattr(many, of).items():
            assert values.ravel()[i] == pytest.approx(rows.loc[of, name], abs=2e-8), (of, name)


@pytest.mark.parametrize(
    "tau",
    [
        half_normal(0.5), uniform(3.0), inverse_gamma(1, 0.15), log_t(-1.5, 1.2, 5),
        reference_prior("dumouchel"), reference_prior("conventional"), reference_prior("jeffreys"),
    ],
    ids=str,
)  # fmt: skip
def test_many_data_sets_are_single_fits(tau: TauPrior) -> None:
    many = pool_bayes_many(Y.reshape(2, 3, 5), S.reshape(2, 3, 5), tau=tau, mu=normal(0, 2))
    assert many.mu["median"].shape == (2, 3)
    for i in (0, 4):
        fit = pool_bayes(table_of(Y[i], S[i]), tau=tau, mu=normal(0, 2))
        one_by_one(many, i, fit)
        if tau.proper:
            assert many.log_marginal_likelihood is not None
            found = many.log_marginal_likelihood.ravel()[i]
            assert found == pytest.approx(fit.log_marginal_likelihood, abs=1e-8)
        else:
            assert many.log_marginal_likelihood is None


def test_many_priors_of_several_families() -> None:
    priors = [half_normal(0.1), uniform(2.0), half_cauchy(1.0), half_normal(5.0), uniform(0.5)]
    many = pool_bayes_many(Y[0], S[0], tau=priors, thresholds=[0.0, 0.5])
    for i, prior in enumerate(priors):
        fit = pool_bayes(TABLE, tau=prior)
        one_by_one(many, i, fit)
        below = many.probability_below["mu"][i]
        assert below[1] == pytest.approx(fit.probability_below(0.5), abs=1e-8)
    assert many.frame("prediction")["below_0.5"].shape == (5,)
    assert many.frame("tau").columns.tolist() == list(FIGURES)


def test_one_prior_a_data_set() -> None:
    priors = [half_normal(x) for x in (0.1, 0.2, 0.4, 0.8, 1.6, 3.2)]
    many = pool_bayes_many(Y, S, tau=priors)
    one_by_one(many, 3, pool_bayes(table_of(Y[3], S[3]), tau=priors[3]))


def test_moments_that_do_not_exist_are_left_out() -> None:
    many = pool_bayes_many(Y[:, :2], S[:, :2], tau=half_cauchy(0.5))
    assert set(many.mu) == {"mean", "median", "ci_low", "ci_high"}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"tau": []}, "no prior of tau"),
        ({"tau": [half_normal(1)] * 4}, "4 priors for data of shape"),
        ({"mu": 3}, "3 is not a prior of mu"),
        ({"level": 1.0}, "level: 1.0"),
        ({"thresholds": [np.nan]}, "thresholds"),
        ({"std_errors": -S}, "a number is not usable"),
        ({"std_errors": S[0]}, "shapes"),
        ({"tau": reference_prior("jeffreys"), "estimates": Y[:, :1], "std_errors": S[:, :1]},
         "improper"),
    ],
)  # fmt: skip
def test_refuses(change: dict[str, object], message: str) -> None:
    arguments: dict[str, object] = {"estimates": Y, "std_errors": S, "tau": half_normal(0.5)}
    with pytest.raises(FitError, match=message):
        pool_bayes_many(**(arguments | change))  # type: ignore[arg-type]


def test_unknown_frame() -> None:
    with pytest.raises(FitError, match=r"of: unknown: 'sigma'"):
        pool_bayes_many(Y, S, tau=half_normal(0.5)).frame("sigma")


def test_sensitivity_curve_is_the_single_fits() -> None:
    curve = prior_sensitivity(TABLE, half_cauchy, [0.01, 0.3, 10.0], threshold=0.1)
    fit = pool_bayes(TABLE, tau=half_cauchy(0.3))
    rows = fit.terms.set_index("term")
    row = curve.loc[1]
    assert row["mu_ci_low"] == pytest.approx(rows.loc["mu", "ci_low"], abs=1e-8)
    assert row["tau_median"] == pytest.approx(rows.loc["tau", "median"], abs=1e-8)
    assert row["probability_below"] == pytest.approx(fit.probability_below(0.1), abs=1e-8)
    assert curve["tau_median"].is_monotonic_increasing
    one = prior_sensitivity(TABLE, half_normal, 0.4)
    assert len(one) == 1
    with pytest.raises(FitError, match="scales"):
        prior_sensitivity(TABLE, half_normal, [np.nan])


def test_prior_beside_posterior() -> None:
    fit = pool_bayes(TABLE, tau=half_normal(0.5), mu=normal(0, 1))
    for of in ("mu", "tau"):
        frame = prior_posterior(fit, of)
        area = np.trapezoid(frame["posterior"], frame["x"])
        assert area == pytest.approx(0.999, abs=2e-3)
    at = prior_posterior(fit, "mu", [0.3])
    assert at["prior"].item() == pytest.approx(stats.norm.pdf(0.3))
    assert prior_posterior(pool_bayes(TABLE, tau=half_normal(1)))["prior"].isna().all()
    with pytest.raises(FitError, match="points"):
        prior_posterior(fit, "tau", [-1.0])
    with pytest.raises(FitError, match="of: unknown"):
        prior_posterior(fit, "prediction")


def test_probability_beyond() -> None:
    fit = pool_bayes(TABLE, tau=half_normal(0.5))
    below = probability_beyond(fit, [0.0, 0.2], of="prediction")
    above = probability_beyond(fit, [0.0, 0.2], of="prediction", direction="above")
    assert (below["probability"] + above["probability"]).tolist() == pytest.approx([1.0, 1.0])
    assert below["probability"][1] == pytest.approx(fit.probability_below(0.2, "prediction"))
    with pytest.raises(FitError, match="direction: unknown: 'beneath'"):
        probability_beyond(fit, [0.0], direction="beneath")
    with pytest.raises(FitError, match="thresholds"):
        probability_beyond(fit, [])


def test_empirical_priors_hold_for_the_variance() -> None:
    prior = turner_prior("all-cause mortality", "pharmacological v placebo")
    # bayesmeta prints -1.975 and 0.67 for log tau.
    assert dict(prior.parameters) == {"mean_log": -1.975, "sd_log": 0.67}
    median = float(turner_prior("subjective", "pharmacological v placebo", year=2012).quantile(0.5))
    assert median**2 == pytest.approx(0.12, abs=0.002)  # the paper's median of tau^2
    general = rhodes_prior()
    assert float(general.quantile(0.5)) ** 2 == pytest.approx(0.032, abs=1e-3)
    other = rhodes_prior("biological marker", "pharmacological v placebo", "cancer")
    assert dict(other.parameters) == {"mean_log": -0.425, "scale_log": 1.465, "df": 5.0}
    assert str(turner_prior()) == "log-normal(-1.28, 0.87)"
    assert len(TURNER_2015) * len(COMPARISONS) == 80
    assert len(RHODES_OUTCOMES) == 8


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: turner_prior("mortality", "x"), "(?s)outcome: unknown: 'mortality'.*comparison"),
        (lambda: turner_prior("pain"), "comparison: unknown: None"),
        (lambda: turner_prior(year=2020), "year: 2020"),
        (lambda: turner_prior("obstetric", "pharmacological v placebo"), "not offered"),
        (lambda: rhodes_prior(area="skin"), "area: unknown: 'skin'"),
        (lambda: rhodes_prior(area="cancer"), "'cancer' would do nothing"),
        (lambda: rhodes_prior("structure", "pharmacological v placebo", "cancer"), "not offered"),
        (lambda: log_t(0, 1, 3), "log_t: df: 3; 4 or more"),
        (lambda: inverse_gamma(0, 1), "inverse_gamma: shape: 0"),
    ],
)
def test_empirical_priors_refuse(call: object, message: str) -> None:
    with pytest.raises(FitError, match=message):
        call()  # type: ignore[operator]


def test_log_t_and_inverse_gamma_densities() -> None:
    x = np.array([0.05, 0.3, 2.0])
    t = np.exp(log_t(-1.5, 1.2, 5).log_density(x))
    np.testing.assert_allclose(t, stats.t(5, -1.5, 1.2).pdf(np.log(x)) / x)
    g = np.exp(inverse_gamma(1.5, 0.2).log_density(x))
    np.testing.assert_allclose(g, stats.invgamma(1.5, scale=0.2).pdf(x))
    q = inverse_gamma(1.5, 0.2).quantile([0.1, 0.9])
    np.testing.assert_allclose(q, stats.invgamma(1.5, scale=0.2).ppf([0.1, 0.9]))
    frame = pd.DataFrame({"q": log_t(-1.5, 1.2, 5).quantile([0.5])})
    assert frame["q"].item() == pytest.approx(np.exp(-1.5))
