import numpy as np
import pytest
from bcg_trials import bcg_trials

from evidence.effects.table import table_of
from evidence.errors import FitError
from evidence.models.bayesian.chains import agreement, require_converged
from evidence.models.bayesian.exact import pool_bayes
from evidence.models.bayesian.fit import Diagnostics
from evidence.models.bayesian.priors import (
    MuPrior,
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
from evidence.models.bayesian.sampled import sample_bayes

Bcg = tuple[np.ndarray, np.ndarray]


@pytest.fixture(scope="module")
def bcg() -> tuple[np.ndarray, np.ndarray]:
    return bcg_trials()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("k", "tau", "mu"),
    [
        (13, half_normal(0.5), flat()),
        (13, half_cauchy(0.3), normal(0, 4)),
        (1, half_normal(0.5), flat()),
        (2, half_normal(0.5), normal(0, 2.82)),
        (3, half_normal(0.5), flat()),
    ],
    ids=str,
)
def test_agrees_with_quadrature(bcg: Bcg, k: int, tau: TauPrior, mu: MuPrior) -> None:
    table = table_of(bcg[0][:k], bcg[1][:k])
    fit = sample_bayes(table, tau=tau, mu=mu, seed=20240607)
    exact = pool_bayes(table, tau=tau, mu=mu)
    found = agreement(exact, fit)
    assert len(found) == 12
    assert found["within"].all(), found.to_string()
    assert found["mcse"].max() < 0.1
    gap = (fit.shrinkage["mean"] - exact.shrinkage["mean"]) / fit.shrinkage["mcse_mean"]
    assert gap.abs().max() < 4.5
    np.testing.assert_allclose(fit.shrinkage["weight"], exact.shrinkage["weight"], atol=0.02)
    assert fit.probability_below(0.0) == pytest.approx(exact.probability_below(0.0), abs=0.02)


@pytest.mark.slow
@pytest.mark.parametrize(
    "tau",
    [
        half_t(0.4, 4),
        exponential(2.0),
        uniform(4.0),
        log_normal(-1.2, 0.7),
        *[
            reference_prior(kind)
            for kind in (
                "improper_uniform", "jeffreys", "berger_deely", "conventional",
                "dumouchel", "shrinkage", "i2_uniform",
            )
        ],
    ],
    ids=str,
)  # fmt: skip
def test_every_prior_is_written_alike_in_both_engines(bcg: Bcg, tau: TauPrior) -> None:
    table = table_of(*bcg)
    found = agreement(pool_bayes(table, tau=tau), sample_bayes(table, tau=tau, seed=5))
    assert found["within"].all(), found.to_string()


@pytest.mark.slow
def test_same_seed_same_draws_and_data_are_handed_in(bcg: Bcg) -> None:
    table, tau = table_of(bcg[0][:3], bcg[1][:3]), half_normal(0.5)
    one = sample_bayes(table, tau=tau, seed=7)
    # Another table through the same compiled model, in another unit, in between.
    other = table_of(bcg[0][3:6] * 1e3, bcg[1][3:6] * 1e3, labels=["a", "b", "c"])
    between = sample_bayes(other, tau=half_normal(300.0), seed=7, interval="shortest")
    assert between.posterior["posterior"]["study"].to_numpy().tolist() == ["a", "b", "c"]
    middle = pool_bayes(other, tau=half_normal(300.0)).terms.loc[0, "median"]
    mcse = between.terms.loc[0, "mcse_median"]
    assert between.terms.loc[0, "median"] == pytest.approx(middle, abs=4 * mcse)
    again = sample_bayes(table, tau=tau, seed=7, cores=1)
    for name in ("mu", "tau", "prediction", "theta"):
        first, second = (fit.posterior["posterior"][name].to_numpy() for fit in (one, again))
        np.testing.assert_array_equal(first, second)
    assert not np.array_equal(
        one.posterior["posterior"]["mu"],
        sample_bayes(table, tau=tau, seed=8).posterior["posterior"]["mu"],
    )
    assert "4 chains of 4000 draws, seed 7" in str(one)
    assert one.log_marginal_likelihood is None


@pytest.mark.slow
def test_too_few_draws_are_an_error(bcg: Bcg) -> None:
    table = table_of(bcg[0][:3], bcg[1][:3])
    with pytest.raises(FitError, match=r"chains did not converge\n(?s:.*)sample size: \d+, below"):
        sample_bayes(table, tau=half_normal(0.5), seed=1, draws=20, tune=20)


def test_chains_that_have_not_met_are_refused() -> None:
    def diagnostics(**change: float) -> Diagnostics:
        good = {
            "r_hat_max": 1.002, "ess_bulk_min": 900.0, "ess_tail_min": 900.0, "divergences": 0,
            "chains": 4, "draws": 1000, "tune": 500, "seed": 1,
        }  # fmt: skip
        return Diagnostics(**{**good, **change}, sampler="nutpie")  # type: ignore[arg-type]

    require_converged(diagnostics(), 0)
    require_converged(diagnostics(divergences=2), 2)
    for change, message in (
        ({"r_hat_max": 1.02}, r"R-hat: 1.0200, above 1.01; more than draws=1000, tune=500"),
        ({"r_hat_max": np.nan}, r"R-hat: nan"),
        ({"ess_bulk_min": 399.0}, r"bulk effective sample size: 399, below 400"),
        ({"ess_tail_min": 12.0}, r"tail effective sample size: 12, below 400"),
        ({"divergences": 3}, r"divergences: 3 of 4000 draws; target_accept nearer to 1"),
    ):
        with pytest.raises(FitError, match=message):
            require_converged(diagnostics(**change), 0)


def test_run_options_are_checked_together(bcg: Bcg) -> None:
    table = table_of(*bcg)
    with pytest.raises(FitError, match=r"(?s)chains: 1; .*draws: 2.5; .*target_accept: 1.0"):
        sample_bayes(
            table,
            tau=half_normal(1),
            seed=1,
            chains=1,
            draws=2.5,
            target_accept=1.0,  # type: ignore[arg-type]
        )
    with pytest.raises(FitError, match=r"posterior is improper"):
        sample_bayes(table_of([0.1], [0.2]), tau=reference_prior("jeffreys"), seed=1)


def test_agreement_refuses_fits_of_different_questions(bcg: Bcg) -> None:
    exact = pool_bayes(table_of(*bcg), tau=half_normal(0.5))
    other = pool_bayes(table_of(bcg[0] + 1, bcg[1]), tau=half_normal(1.0), interval="shortest")
    message = r"(?s)sampled: engine 'quadrature'.*interval 'shortest'.*effects differ.*prior_tau"
    with pytest.raises(FitError, match=message):
        agreement(exact, other)
