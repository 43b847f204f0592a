"""Frequentist and Bayesian intervals side by side."""

import numpy as np
import pandas as pd
import pytest

from evidence.errors import FitError
from evidence.models.bayesian.priors import half_normal, normal, reference_prior
from evidence.models.calibration.coverage import COLUMNS, coverage_table
from evidence.models.frequentist.coverage import simulate_coverage

FEW = {"seed": 1, "repetitions": 400, "bayes_repetitions": 200}


@pytest.fixture(scope="module")
def found() -> pd.DataFrame:
    priors = [half_normal(0.5), half_normal(1.0)]
    return coverage_table([3, 10], [0.0, 0.2], priors=priors, **FEW)  # type: ignore[arg-type]


def test_every_interval_has_a_row_in_every_scenario(found: pd.DataFrame) -> None:
    assert list(found.columns) == list(COLUMNS)
    assert len(found) == 4 * (12 + 2)
    counts = found.groupby(["kind", "method", "interval"]).size()
    assert (counts == 4).all()
    assert set(found.loc[found["kind"] == "Bayesian", "method"]) == {
        "half-normal(0.5)", "half-normal(1)",
    }  # fmt: skip


def test_frequentist_rows_are_those_of_simulate_coverage(found: pd.DataFrame) -> None:
    known = simulate_coverage(
        [3, 10], [0.0, 0.2], seed=1, repetitions=400, tau2=["dersimonian_laird"], ci=["wald"]
    )
    mine = found.query("method == 'dersimonian_laird' and interval == 'wald'")
    assert mine["coverage"].tolist() == known["coverage"].tolist()
    assert mine["width"].tolist() == known["width"].tolist()


def test_bayesian_intervals_hold_what_they_should(found: pd.DataFrame) -> None:
    bayes = found[found["kind"] == "Bayesian"]
    assert bayes["coverage"].gt(0.9).all()
    assert bayes["bias"].abs().max() < 0.1
    assert (bayes.groupby("k")["width"].mean().diff().dropna() < 0).all()
    wider = bayes.pivot_table(index=["k", "true_tau2"], columns="method", values="width")
    assert (wider["half-normal(1)"] > wider["half-normal(0.5)"]).all()
    error = np.sqrt(bayes["coverage"] * (1 - bayes["coverage"]) / 200)
    assert bayes["coverage_std_error"].to_numpy() == pytest.approx(error.to_numpy())


@pytest.mark.slow
def test_an_interval_covers_its_level_on_the_average_over_its_prior() -> None:
    """Truths at the quantiles of the prior: the average coverage is the level."""
    tau = half_normal(0.5).quantile((np.arange(8) + 0.5) / 8)
    table = coverage_table(
        3, (tau**2).tolist(), seed=2, priors=half_normal(0.5), tau2="reml", ci="wald",
        repetitions=20, bayes_repetitions=500,
    )  # fmt: skip
    bayes = table[table["kind"] == "Bayesian"]
    assert bayes["coverage"].mean() == pytest.approx(0.95, abs=4 * (0.0475 / 4000) ** 0.5 + 0.003)


def test_the_same_seed_gives_the_same_table() -> None:
    twice = [
        coverage_table(
            3, 0.1, seed=7, priors=half_normal(0.5), mu=normal(0, 1), tau2="reml", ci="t",
            repetitions=50, bayes_repetitions=60,
        )
        for _ in range(2)
    ]  # fmt: skip
    pd.testing.assert_frame_equal(*twice)


def test_what_cannot_be_simulated_is_refused() -> None:
    prior = half_normal(0.5)
    with pytest.raises(FitError, match="whole numbers of at least 2"):
        coverage_table(1, 0.0, seed=1, priors=prior)
    with pytest.raises(FitError, match="priors, bayes_repetitions"):
        coverage_table(3, 0.0, seed=1, priors=[])
    with pytest.raises(FitError, match="priors, bayes_repetitions"):
        coverage_table(3, 0.0, seed=1, priors=prior, bayes_repetitions=0)
    improper = reference_prior("improper_uniform")
    with pytest.raises(FitError, match="improper"):
        coverage_table(2, 0.0, seed=1, priors=improper, repetitions=5, bayes_repetitions=5)
