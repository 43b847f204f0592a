import numpy as np
import pytest
from scipy import integrate, stats

from evidence.errors import FitError
from evidence.models.bayesian.families import FAMILIES, typical_variance
from evidence.models.bayesian.priors import (
    TauPrior,
    exponential,
    flat,
    half_cauchy,
    half_normal,
    half_t,
    log_normal,
    normal,
    reference_prior,
    uniform,
)

S = np.array([0.57, 0.14, 0.73, 0.2])
CLOSED = [
    (half_normal(0.5), stats.halfnorm(scale=0.5)),
    (half_cauchy(0.3), stats.halfcauchy(scale=0.3)),
    (exponential(2.0), stats.expon(scale=0.5)),
    (uniform(4.0), stats.uniform(0, 4)),
    (log_normal(-1.2, 0.7), stats.lognorm(0.7, scale=np.exp(-1.2))),
]
FROM_DATA = [reference_prior(kind) for kind in ("conventional", "dumouchel", "shrinkage")] + [
    reference_prior("i2_uniform")
]


@pytest.mark.parametrize(("prior", "known"), CLOSED, ids=[str(prior) for prior, _ in CLOSED])
def test_closed_priors_match_scipy(prior: TauPrior, known: stats.rv_continuous) -> None:
    tau, q = np.array([0.01, 0.2, 1.0, 3.0]), np.array([0.05, 0.5, 0.95])
    np.testing.assert_allclose(prior.log_density(tau), known.logpdf(tau), rtol=1e-12)
    np.testing.assert_allclose(prior.quantile(q), known.ppf(q), rtol=1e-12)


def test_half_t_folds_the_t() -> None:
    tau, prior = np.array([0.0, 0.4, 2.0]), half_t(0.4, 4.0)
    folded = 2 * stats.t(4, scale=0.4).pdf(tau)
    np.testing.assert_allclose(np.exp(prior.log_density(tau)), folded, rtol=1e-12)
    np.testing.assert_allclose(
        half_t(0.4, 1.0).log_density(tau), half_cauchy(0.4).log_density(tau), rtol=1e-12
    )


@pytest.mark.parametrize("prior", FROM_DATA, ids=str)
def test_priors_from_data_are_normalised(prior: TauPrior) -> None:
    def density(t: float) -> float:
        return float(np.exp(prior.log_density(np.array([t]), S))[0])

    total = integrate.quad(density, 0, 1)[0] + integrate.quad(density, 1, np.inf)[0]
    assert total == pytest.approx(1.0, abs=1e-7)
    median = float(prior.quantile(np.array([0.5]), S)[0])
    assert integrate.quad(density, 0, median)[0] == pytest.approx(0.5, abs=1e-7)


def test_log_density_outside_support() -> None:
    assert uniform(2.0).log_density(3.0) == -np.inf
    assert log_normal(0.0, 1.0).log_density(0.0) == -np.inf


@pytest.mark.parametrize("kind", sorted(FAMILIES))
def test_tail_and_order_are_the_powers_of_the_density(kind: str) -> None:
    parameters = {
        "scale": 0.5, "df": 4.0, "rate": 2.0, "upper": 4.0, "mean_log": -1, "sd_log": 0.7,
        "shape": 1.5, "scale_log": 1.2,
    }  # fmt: skip
    needed = {
        "half_normal": ("scale",), "half_cauchy": ("scale",), "half_t": ("scale", "df"),
        "exponential": ("rate",), "uniform": ("upper",), "log_normal": ("mean_log", "sd_log"),
        "inverse_gamma": ("shape", "scale"), "log_t": ("mean_log", "scale_log", "df"),
    }  # fmt: skip
    prior = TauPrior(kind, tuple((name, parameters[name]) for name in needed.get(kind, ())))

    def power(tau: float) -> float:
        pair = prior.log_density(np.array([tau, 2 * tau]), S)
        return float((pair[1] - pair[0]) / np.log(2))

    if kind == "log_t":  # powers of 1 / tau, times powers of the logarithm of tau
        assert -1.0 < power(1e-7) < -0.5
        assert -1.5 < power(1e7) < -1.0
        return
    if kind not in ("log_normal", "inverse_gamma"):
        assert power(1e-7) == pytest.approx(prior.family.order, abs=1e-5)
    if np.isfinite(prior.tail):
        assert power(1e7) == pytest.approx(-prior.tail, abs=1e-5)


def test_words_and_reason() -> None:
    prior = half_normal(0.5, reason="Friede 2017, log odds ratios")
    assert str(prior) == "half-normal(0.5)"
    assert prior.reason.startswith("Friede")
    assert (str(half_t(0.4, 4)), str(flat())) == ("half-t(0.4, 4)", "flat")
    assert str(reference_prior("i2_uniform")) == "uniform in I2"
    assert hash(prior) == hash(half_normal(0.5, reason="Friede 2017, log odds ratios"))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: half_normal(0.0), r"half_normal: scale: 0.0; a number above 0"),
        (lambda: half_cauchy(-1), r"half_cauchy: scale: -1"),
        (lambda: half_t(0.4, 0.5), r"half_t: df: 0.5; 1 or more"),
        (lambda: exponential(np.nan), r"exponential: rate: nan; a finite number"),
        (lambda: uniform(np.inf), r"uniform: upper: inf"),
        (lambda: log_normal(0.0, 0.0), r"log_normal: sd_log"),
        (lambda: normal(0.0, -2.0), r"normal: sd: -2.0"),
        (lambda: half_normal("wide"), r"'wide' is not a number"),  # type: ignore[arg-type]
        (lambda: half_normal(True), r"True is not a number"),
        (lambda: reference_prior("jefreys"), r'did you mean "jeffreys"'),
        (lambda: reference_prior("half_normal"), r"no such prior"),
        (lambda: reference_prior("jeffreys").quantile(0.5, S), r"Jeffreys has no quantiles"),
        (lambda: reference_prior("dumouchel").quantile(0.5), r"std_errors: DuMouchel depends"),
        (lambda: reference_prior("i2_uniform").log_density(0.1, [0.3]), r"needs two studies"),
        (lambda: half_normal(0.5).quantile(1.5), r"probability: 1.5"),
        (lambda: flat().quantile(0.5), r"flat prior has no quantiles"),
    ],
)
def test_refusals(make: object, message: str) -> None:
    with pytest.raises(FitError, match=message):
        make()  # type: ignore[operator]


def test_normal_prior_of_mu() -> None:
    prior = normal(1.0, 2.0)
    assert float(prior.log_density(0.0)) == pytest.approx(stats.norm(1, 2).logpdf(0))
    assert float(prior.quantile(0.975)) == pytest.approx(stats.norm(1, 2).ppf(0.975))
    assert (prior.precision, flat().precision, flat().proper) == (0.25, 0.0, False)
    assert float(flat().log_density(3.0)) == 0.0


def test_typical_variance_of_equal_errors_is_theirs() -> None:
    np.testing.assert_allclose(typical_variance(np.full((2, 5), 0.3)), 0.09)
