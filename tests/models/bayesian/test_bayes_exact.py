import numpy as np
import pandas as pd
import pytest
from bcg_trials import bcg_trials
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, stats

from evidence.effects.table import EffectTable, table_of
from evidence.errors import FitError
from evidence.models.bayesian.exact import compare_models, pool_bayes
from evidence.models.bayesian.fit import BayesFit
from evidence.models.bayesian.posterior import ExactPosterior
from evidence.models.bayesian.priors import (
    MuPrior,
    TauPrior,
    flat,
    half_cauchy,
    half_normal,
    normal,
    reference_prior,
    uniform,
)

NUMBERS = ["mean", "median", "sd", "ci_low", "ci_high"]
Y3, S3 = [-0.9, -1.4, 0.4], [0.57, 0.14, 0.73]


@pytest.fixture(scope="module")
def bcg() -> tuple[np.ndarray, np.ndarray]:
    return bcg_trials()


def numbers(fit: BayesFit) -> np.ndarray:
    return fit.terms[NUMBERS].to_numpy(dtype=float)


def exact(fit: BayesFit) -> ExactPosterior:
    assert isinstance(fit.posterior, ExactPosterior)
    return fit.posterior


@pytest.mark.parametrize("mu", [flat(), normal(0.2, 0.8)], ids=str)
def test_against_a_grid_over_mu_and_tau(mu: MuPrior) -> None:
    y, s = np.array(Y3), np.array(S3)
    m, t = np.linspace(-6, 5, 1501), np.linspace(0, 3.5, 901)
    M, T = np.meshgrid(m, t, indexing="ij")
    log_p = stats.halfnorm.logpdf(T, scale=0.5) + mu.log_density(M)
    for a, b in zip(y, s, strict=True):
        log_p += stats.norm.logpdf(a, M, np.sqrt(b**2 + T**2))
    p = np.exp(log_p)
    over_t = np.trapezoid(p, t, axis=1)
    total = np.trapezoid(over_t, m)
    fit = pool_bayes(table_of(y, s), tau=half_normal(0.5), mu=mu)
    rows = fit.terms.set_index("term")
    mean = np.trapezoid(over_t * m, m) / total
    assert rows.loc["mu", "mean"] == pytest.approx(mean, abs=1e-5)
    sd = np.sqrt(np.trapezoid(over_t * (m - mean) ** 2, m) / total)
    assert rows.loc["mu", "sd"] == pytest.approx(sd, abs=1e-5)
    over_m = np.trapezoid(p, m, axis=0) / total
    assert rows.loc["tau", "mean"] == pytest.approx(np.trapezoid(over_m * t, t), abs=1e-5)
    np.testing.assert_allclose(exact(fit).density(t, "tau"), over_m, atol=1e-4)
    if mu.proper:
        assert fit.log_marginal_likelihood == pytest.approx(np.log(total), abs=1e-5)
    new = np.trapezoid(p * stats.norm.cdf((0.0 - M) / np.maximum(T, 1e-12)), t, axis=1)
    below = np.trapezoid(new, m) / total
    assert fit.probability_below(0.0, "prediction") == pytest.approx(below, abs=1e-4)


def test_one_study_against_scipy() -> None:
    """Flat mu and one study: tau keeps its prior, mu is a scale mixture about the estimate."""
    fit = pool_bayes(table_of([0.3], [0.2]), tau=half_normal(0.5))
    prior = stats.halfnorm(scale=0.5)

    def below(tau: float) -> float:
        return float(prior.pdf(tau) * stats.norm.cdf(-0.3 / np.hypot(0.2, tau)))

    expected = integrate.quad(below, 0, 6, epsabs=1e-13)[0]
    assert fit.probability_below(0.0) == pytest.approx(expected, abs=1e-10)
    tau = fit.terms.set_index("term").loc["tau"]
    assert tau["median"] == pytest.approx(prior.ppf(0.5), rel=1e-8)
    assert tau["mean"] == pytest.approx(prior.mean(), rel=1e-8)
    sd = fit.terms.set_index("term").loc["mu", "sd"]
    assert sd == pytest.approx(np.sqrt(0.2**2 + 0.5**2), rel=1e-9)
    assert fit.shrinkage.loc["study 1", ["mean", "sd"]].tolist() == pytest.approx([0.3, 0.2])


def test_small_tau_is_the_common_effect() -> None:
    w = np.array(S3) ** -2.0
    fit = pool_bayes(table_of(Y3, S3), tau=half_normal(1e-6))
    mu = fit.terms.set_index("term").loc["mu"]
    assert mu["mean"] == pytest.approx(np.average(Y3, weights=w), abs=1e-9)
    assert mu["sd"] == pytest.approx(w.sum() ** -0.5, rel=1e-8)


def test_wide_prior_comes_near_the_improper_uniform(bcg: tuple[np.ndarray, np.ndarray]) -> None:
    table = table_of(*bcg)
    wide = pool_bayes(table, tau=uniform(1e4))
    improper = pool_bayes(table, tau=reference_prior("improper_uniform"))
    np.testing.assert_allclose(numbers(wide), numbers(improper), rtol=1e-8)
    assert wide.prior_tau.proper
    assert improper.log_marginal_likelihood is None


def test_far_end_of_a_uniform_prior_is_respected(bcg: tuple[np.ndarray, np.ndarray]) -> None:
    fit = pool_bayes(table_of(*bcg), tau=uniform(0.4))
    assert fit.terms.set_index("term").loc["tau", "ci_high"] < 0.4
    assert exact(fit).cdf(0.4, "tau") == pytest.approx(1.0, abs=1e-12)


SIZES = st.integers(1, 8)
PRIORS = st.sampled_from(["half_normal", "half_cauchy", "uniform"])


def prior_of(kind: str, scale: float) -> TauPrior:
    makers = {"half_normal": half_normal, "half_cauchy": half_cauchy, "uniform": uniform}
    return makers[kind](scale)


def draw(seed: int, k: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    return rng.normal(0.0, 1.0, k), rng.uniform(0.05, 1.0, k)


@settings(max_examples=25)
@given(st.integers(0, 10_000), SIZES, PRIORS, st.floats(-50, 50), st.floats(-6, 6))
def test_shift_scale_and_order(seed: int, k: int, kind: str, shift: float, power: float) -> None:
    y, s = draw(seed, k)
    factor, order = 10.0**power, np.random.default_rng(seed).permutation(k)
    one = pool_bayes(table_of(y, s), tau=prior_of(kind, 0.7), mu=normal(0.0, 2.0))
    other = pool_bayes(
        table_of(((y + shift) * factor)[order], (s * factor)[order]),
        tau=prior_of(kind, 0.7 * factor),
        mu=normal(shift * factor, 2.0 * factor),
    )
    moved = pd.DataFrame(numbers(one), columns=NUMBERS)
    moved.loc[[0, 2], ["mean", "median", "ci_low", "ci_high"]] += shift
    size = factor * (1 + abs(shift))
    np.testing.assert_allclose(numbers(other), moved * factor, rtol=1e-7, atol=1e-7 * size)
    np.testing.assert_allclose(
        other.shrinkage["mean"], (one.shrinkage["mean"].to_numpy() + shift)[order] * factor,
        rtol=1e-7, atol=1e-8 * size,
    )  # fmt: skip
    assert one.log_marginal_likelihood is not None
    assert other.log_marginal_likelihood is not None
    jacobian = one.log_marginal_likelihood - k * np.log(factor)
    assert other.log_marginal_likelihood == pytest.approx(jacobian, abs=1e-7)


@settings(max_examples=25)
@given(st.integers(0, 10_000), SIZES, st.floats(0.5, 0.99))
def test_shortest_is_shorter_and_holds_the_level(seed: int, k: int, level: float) -> None:
    table = table_of(*draw(seed, k))
    central = pool_bayes(table, tau=half_normal(0.5), level=level)
    shortest = pool_bayes(table, tau=half_normal(0.5), level=level, interval="shortest")
    posterior = exact(shortest)
    for one, other in zip(
        central.terms.to_dict("records"), shortest.terms.to_dict("records"), strict=True
    ):
        assert other["ci_high"] - other["ci_low"] <= one["ci_high"] - one["ci_low"] + 1e-9
        mass = posterior.cdf([other["ci_low"], other["ci_high"]], other["term"])
        assert mass[1] - mass[0] == pytest.approx(level, abs=1e-9)


@settings(max_examples=20)
@given(st.integers(0, 10_000), SIZES)
def test_shrinkage_lies_between_estimate_and_mean(seed: int, k: int) -> None:
    y, s = draw(seed, k)
    fit = pool_bayes(table_of(y, s), tau=half_normal(0.5))
    assert np.all(fit.shrinkage["sd"] <= s * (1 + 1e-9) + fit.terms.loc[0, "sd"])
    assert np.all(fit.shrinkage["mean"] >= y.min() - 1e-9)
    assert np.all(fit.shrinkage["mean"] <= y.max() + 1e-9)
    assert fit.shrinkage["weight"].sum() == pytest.approx(1.0)


def test_moments_that_do_not_exist_are_none() -> None:
    fit = pool_bayes(table_of([0.3], [0.2]), tau=half_cauchy(0.5))
    assert fit.terms["mean"].tolist() == [None, None, None]
    assert fit.terms["sd"].tolist() == [None, None, None]
    assert "neither means nor standard deviations here: with 1 study" in fit.notes[0]
    assert "mean none, sd none" in str(fit)
    expected = stats.halfcauchy(scale=0.5).ppf(0.975)
    assert fit.terms.set_index("term").loc["tau", "ci_high"] == pytest.approx(expected, rel=1e-8)


def test_proper_mu_keeps_its_moments() -> None:
    fit = pool_bayes(table_of([0.3, 0.1], [0.2, 0.3]), tau=half_cauchy(0.5), mu=normal(0, 1))
    rows = fit.terms.set_index("term")
    assert rows.loc["mu", "sd"] < 1.0
    assert rows.loc["tau", "mean"] > 0.0
    assert rows.loc["tau", "sd"] is not None
    assert fit.notes == ()


@pytest.mark.parametrize(
    ("kind", "k", "least", "mu"),
    [
        ("improper_uniform", 2, 3, flat()),
        ("improper_uniform", 1, 2, normal(0, 4)),
        ("sqrt_uniform", 1, 2, flat()),
        ("jeffreys", 1, 2, flat()),
        ("berger_deely", 1, 2, flat()),
    ],
)
def test_improper_posteriors_are_refused(kind: str, k: int, least: int, mu: MuPrior) -> None:
    prior = reference_prior(kind)
    message = rf"posterior is improper.*\n.*needs {least} studies, here are {k}; .*half_normal"
    with pytest.raises(FitError, match=message):
        pool_bayes(table_of(Y3[:k], S3[:k]), tau=prior, mu=mu)
    fit = pool_bayes(table_of(Y3[:least], S3[:least]), tau=prior, mu=mu)
    tau = fit.terms.set_index("term").loc["tau"]
    assert 0.0 < tau["ci_low"] < tau["median"] < tau["ci_high"] < np.inf


def dependent() -> EffectTable:
    table = table_of(Y3, S3)
    covariance = table.covariance.copy()
    covariance[0, 1] = covariance[1, 0] = 0.01
    return EffectTable(
        measure="GEN", unit=None, scale="identity", rows=table.rows, covariance=covariance,
        partial=table.partial, unused=table.unused, traces=table.traces, considered=3,
    )  # fmt: skip


def test_dependent_rows_are_refused() -> None:
    with pytest.raises(FitError, match=r"independent of each other\n.*'study 1' and 'study 2'"):
        pool_bayes(dependent(), tau=half_normal(0.5))


def test_options_are_checked_together() -> None:
    with pytest.raises(FitError, match=r"(?s)level: 95.*interval: unknown.*\"shortest\""):
        pool_bayes(table_of(Y3, S3), tau=half_normal(1), level=95, interval="shortst")
    with pytest.raises(FitError, match=r"tau: 0.5 is not a prior of tau"):
        pool_bayes(table_of(Y3, S3), tau=0.5)  # type: ignore[arg-type]
    with pytest.raises(FitError, match=r"table: no rows \(0 partial, 0 unused\)"):
        pool_bayes(table_of([], []), tau=half_normal(1))


def test_posterior_answers_and_refuses() -> None:
    fit = pool_bayes(table_of(Y3, S3), tau=half_normal(0.5))
    posterior = exact(fit)
    for of in ("mu", "tau", "prediction"):
        x = posterior.quantile([[0.1, 0.4], [0.6, 0.9]], of)
        np.testing.assert_allclose(posterior.cdf(x, of), [[0.1, 0.4], [0.6, 0.9]], atol=1e-10)
        step = 1e-5
        rise = (posterior.cdf(x + step, of) - posterior.cdf(x - step, of)) / (2 * step)
        np.testing.assert_allclose(rise, posterior.density(x, of), rtol=1e-5)
    with pytest.raises(FitError, match=r'of: unknown: \'tua\'; did you mean "tau"'):
        fit.probability_below(0.0, "tua")
    with pytest.raises(FitError, match=r"threshold: nan"):
        fit.probability_below(np.nan)
    with pytest.raises(FitError, match=r"numbers between 0 and 1"):
        posterior.quantile(1.0)


def test_text_says_priors_and_reasons() -> None:
    fit = pool_bayes(
        table_of(Y3, S3, measure="MD", unit="%"),
        tau=half_normal(0.5, reason="expected spread"), mu=normal(0, 4),
    )  # fmt: skip
    text = str(fit)
    assert "3 studies, MD, % (identity scale)" in text
    assert "prior of tau: half-normal(0.5) (expected spread)" in text
    assert "exact, by quadrature; log marginal likelihood" in text
    assert str(pool_bayes(table_of(Y3[:1], S3[:1]), tau=half_normal(1))).startswith(
        "Bayesian view of one study: 1 study"
    )


def test_bayes_factors_of_one_study_in_closed_form() -> None:
    models = compare_models(table_of([0.3], [0.2]), tau=half_normal(1e-7), mu=normal(0.1, 0.5))
    full = stats.norm(0.1, np.hypot(0.5, 0.2)).logpdf(0.3)
    null = stats.norm(0.0, 0.2).logpdf(0.3)
    found = models["log_marginal_likelihood"]
    assert found.tolist() == pytest.approx([full, full, null, null], abs=1e-10)
    assert models.loc["mu_null", "log_bayes_factor"] == pytest.approx(null - full)


def test_bayes_factors_need_proper_priors() -> None:
    with pytest.raises(FitError, match=r"(?s)tau: the prior is Jeffreys.*mu: the prior is flat"):
        compare_models(table_of(Y3, S3), tau=reference_prior("jeffreys"), mu=flat())
    with pytest.raises(FitError, match=r"null: nan"):
        compare_models(table_of(Y3, S3), tau=half_normal(1), mu=normal(0, 1), null=np.nan)


def test_shortest_of_a_flat_density_starts_at_zero() -> None:
    fit = pool_bayes(table_of([0.1], [0.1]), tau=uniform(4.0), interval="shortest")
    tau = fit.terms.set_index("term").loc["tau"]
    assert [tau["ci_low"], tau["ci_high"]] == pytest.approx([0.0, 3.8], abs=1e-8)


def test_extremes_stay_finite() -> None:
    rng = np.random.default_rng(0)
    cases = [
        (rng.normal(0, 0.3, 300), np.full(300, 0.02), half_normal(0.5)),
        (np.array([-50.0, 50.0]), np.array([0.01, 0.01]), half_normal(0.01)),
        (np.array([0.0, 1.0, 2.0]), np.array([1e-6, 1.0, 1e6]), half_cauchy(0.5)),
        (np.array([0.0, 1.0, 2.0]), np.full(3, 0.1), uniform(1e9)),
        (np.full(5, 0.1), np.full(5, 0.1), half_normal(1e3)),
    ]
    for y, s, tau in cases:
        for interval in ("central", "shortest"):
            fit = pool_bayes(table_of(y, s), tau=tau, interval=interval)
            assert np.isfinite(numbers(fit)).all()
            assert np.all(fit.terms["ci_low"] < fit.terms["ci_high"])
