"""Sampled models: agreement, limits, predictions, files. Compiling one takes seconds."""

import json
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sampling_data import SCHOOL_PRIORS, SCHOOLS
from scipy import special, stats

from benchmarks.agreement import CASES, MOST, compared
from evidence.errors import FitError
from evidence.models.bayesian.chains import ChainLimits, compare_terms, quiet
from evidence.models.bayesian.exact import pool_bayes
from evidence.models.bayesian.priors import half_normal, normal
from evidence.models.sampling.compare import compare_loo, loo
from evidence.models.sampling.fit import SampledFit, load_sampled
from evidence.models.sampling.model import build_model
from evidence.models.sampling.priors import Priors
from evidence.models.sampling.sample import sample_model

FIXTURES = Path(__file__).parents[2] / "reference"
pytestmark = pytest.mark.slow
GROUPS = {
    "posterior", "sample_stats", "log_likelihood", "prior", "prior_predictive",
    "posterior_predictive", "observed_data", "constant_data",
}  # fmt: skip


@pytest.fixture(scope="module")
def schools() -> SampledFit:
    return sample_model(build_model(SCHOOLS, priors=SCHOOL_PRIORS), seed=11)


def test_a_part_of_the_published_data_sets_agrees_with_quadrature() -> None:
    small = [case for case in CASES if "mcdaniel" not in case.file]
    case = small[date.today().toordinal() % len(small)]
    frame, fit = compared(case)
    assert frame["within"].all(), f"{case}\n{frame.to_string()}"
    assert fit.diagnostics.divergences == 0
    assert MOST < 5


def test_eight_schools(schools: SampledFit) -> None:
    from evidence.effects.table import table_of

    table = table_of(SCHOOLS["estimate"], SCHOOLS["std_error"])
    exact = pool_bayes(table, tau=half_normal(10), mu=normal(0, 30))
    frame = compare_terms(exact.terms, schools.terms, most=4.5)
    assert frame["within"].all(), frame.to_string()
    gap = (schools.studies["mean"].to_numpy() - exact.shrinkage["mean"].to_numpy()) / (
        schools.studies["mcse_mean"].to_numpy()
    )
    assert np.abs(gap).max() < 4.5
    assert set(schools.inference_data.groups()) == GROUPS
    assert schools.studies.index.tolist() == list("ABCDEFGH")
    assert not schools.prior_check["conflict"].any()
    assert schools.notes == ()
    assert schools.probability_below(0.0) == pytest.approx(exact.probability_below(0.0), abs=0.02)
    assert "prior of tau: half-normal(10)" in str(schools)
    with pytest.raises(FitError, match=r"a finite threshold of one of mu, tau"):
        schools.probability_below(0.0, "theta")
    # Effects of new studies like these: predictions vary about mu by tau and error together.
    posterior = schools.inference_data["posterior"]
    total = posterior["mu"].var() + (posterior["tau"] ** 2).mean()
    replicates = schools.inference_data["posterior_predictive"]["effects"].std(("chain", "draw"))
    expected = np.sqrt(float(total) + SCHOOLS["std_error"].to_numpy() ** 2)
    np.testing.assert_allclose(replicates, expected, rtol=0.06)


def test_leave_one_out_is_that_of_refits(schools: SampledFit) -> None:
    found = loo(schools)
    # Exactly: each school's predictive density by quadrature of the others.
    draws = schools.inference_data["posterior"]
    mu, tau = (draws[name].to_numpy().ravel() for name in ("mu", "tau"))
    direct = []
    for y, s in SCHOOLS.to_numpy():
        density = stats.norm.pdf(y, mu, np.hypot(tau, s))
        direct.append(-np.log(np.mean(1 / density)))
    np.testing.assert_allclose(found.pointwise["elpd"], direct, atol=0.02)
    assert found.elpd == pytest.approx(sum(direct), abs=0.05)
    assert found.notes == ()
    other = sample_model(
        build_model(SCHOOLS, priors=Priors(mu=normal(0, 30), tau=half_normal(60))), seed=12
    )
    frame = compare_loo({"narrow": schools, "wide": other})
    assert frame["rank"].tolist() == [0, 1]
    assert frame["trusted"].all()
    assert frame["weight"].sum() == pytest.approx(1.0)
    with pytest.raises(FitError, match="1 given; two or more"):
        compare_loo({"one": schools})
    moved = SCHOOLS.assign(estimate=SCHOOLS["estimate"] + 1)
    third = sample_model(build_model(moved, priors=SCHOOL_PRIORS), seed=1, draws=500)
    with pytest.raises(FitError, match="moved: was fitted to other data"):
        compare_loo({"here": schools, "moved": third})


def test_a_fit_reloads_as_it_was(schools: SampledFit, tmp_path: Path) -> None:
    path = schools.save(tmp_path / "schools.nc")
    again = load_sampled(path)
    for name in ("terms", "studies", "priors", "prior_check", "posterior_check"):
        pd.testing.assert_frame_equal(getattr(again, name), getattr(schools, name))
    for name in ("model", "measure", "level", "diagnostics", "limits", "mcse_share", "notes"):
        assert getattr(again, name) == getattr(schools, name)
    assert set(again.inference_data.groups()) == GROUPS
    assert again.inference_data["posterior"].equals(schools.inference_data["posterior"])
    assert loo(again).elpd == loo(schools).elpd
    with pytest.raises(FitError, match=r"is not there; a file that fit\.save"):
        load_sampled(tmp_path / "nothing.nc")
    (tmp_path / "text.nc").write_text("no netCDF")
    with pytest.raises(FitError, match="the file cannot be read"):
        load_sampled(tmp_path / "text.nc")
    with quiet():
        schools.inference_data.to_netcdf(str(tmp_path / "plain.nc"), engine="h5netcdf")
    with pytest.raises(FitError, match="holds draws, but no SampledFit"):
        load_sampled(tmp_path / "plain.nc")


def test_same_seed_same_draws(schools: SampledFit) -> None:
    again = sample_model(build_model(SCHOOLS, priors=SCHOOL_PRIORS), seed=11, cores=1)
    for group in ("posterior", "prior_predictive", "posterior_predictive", "log_likelihood"):
        assert again.inference_data[group].equals(schools.inference_data[group]), group
    other = sample_model(build_model(SCHOOLS, priors=SCHOOL_PRIORS), seed=12)
    assert not other.inference_data["posterior"].equals(schools.inference_data["posterior"])


def test_a_prior_that_contradicts_the_data_is_reported() -> None:
    far = Priors(mu=normal(120, 10, "a mistaken belief"), tau=half_normal(5))
    fit = sample_model(build_model(SCHOOLS, priors=far), seed=1)
    row = fit.prior_check.set_index("statistic").loc["mean effect"]
    assert row["conflict"]
    assert row["tail_probability"] < 0.01
    assert any("contradicts the prior" in note for note in fit.notes)
    assert "CONFLICT" in str(fit)


def test_limits_are_errors_unless_relaxed() -> None:
    model = build_model(SCHOOLS, priors=SCHOOL_PRIORS)
    with pytest.raises(FitError, match=r"did not converge\n(?s:.*)more than draws=30, tune=100"):
        sample_model(model, seed=1, draws=30, tune=100)
    loose = ChainLimits(r_hat=2.0, ess=1.0, mcse_share=1.0)
    fit = sample_model(model, seed=1, draws=60, tune=300, limits=loose)
    assert any(note.startswith("let pass by the limits given: ") for note in fit.notes)


def as_it_is() -> Any:
    """The transform that changes nothing: effects as they are, about a mean and scale unknown."""
    with quiet():
        from pymc.logprob.transforms import Transform

    class Centred(Transform):  # type: ignore[misc]
        name = "standardized"

        def forward(self, value: Any, *inputs: Any) -> Any:
            return value

        def backward(self, value: Any, *inputs: Any) -> Any:
            return value

        def log_jac_det(self, value: Any, *inputs: Any) -> Any:
            return 0.0 * value

    return Centred()


def test_a_funnel_is_an_error() -> None:
    # The same posterior without the transform that takes the funnel out of it.
    tight = Priors(mu=normal(0, 30), tau=half_normal(1))
    model = build_model(SCHOOLS, priors=tight)
    model.rvs_to_transforms[model["theta"]] = as_it_is()
    with pytest.raises(FitError, match=r"did not converge\n(?s:.*)divergences: \d+ of 6000 draws"):
        sample_model(model, seed=1)
    standardized = sample_model(build_model(SCHOOLS, priors=tight), seed=1)
    assert standardized.diagnostics.divergences == 0


def test_random_baselines_are_near_maximum_likelihood() -> None:
    path = FIXTURES / "glmm" / "collins1985b-or-umrs-ml.json"
    held = json.loads(path.read_text(encoding="utf-8"))
    rows = pd.DataFrame(held["data"])
    fit = sample_model(
        build_model(
            rows, likelihood="binomial", baselines="random",
            events_treatment="ai", total_treatment="n1i", events_control="ci", total_control="n2i",
        ),
        seed=4,
    )  # fmt: skip
    mu, tau = fit.terms.set_index("term").loc[["mu", "tau"], "median"]
    se = float(np.ravel(held["expected"]["se"])[0])
    assert mu == pytest.approx(float(np.ravel(held["expected"]["beta"])[0]), abs=0.35 * se)
    ml = float(np.sqrt(held["expected"]["tau2"]))
    assert 0.8 * ml < tau < 1.6 * ml
    assert set(fit.prior_check["statistic"]) == {"mean effect", "control level", "Q"}
    assert np.isfinite(fit.inference_data["log_likelihood"]["studies"].to_numpy()).all()


def test_beta_binomial_is_that_of_a_grid() -> None:
    frame = pd.DataFrame(
        {
            "events_treatment": [2, 5, 1], "total_treatment": [20, 31, 18],
            "events_control": [6, 7, 9], "total_control": [21, 30, 25],
        }
    )  # fmt: skip
    mine = Priors(mu=normal(0, 1), baseline=normal(-1, 1))
    fit = sample_model(build_model(frame, likelihood="beta_binomial", priors=mine), seed=2)
    mu, level = np.linspace(-4, 3, 71), np.linspace(-4, 2, 61)
    rho = (np.arange(80) + 0.5) / 80
    m, b, r = np.meshgrid(mu, level, rho, indexing="ij")
    log = stats.norm.logpdf(m) + stats.norm.logpdf(b, -1, 1) + stats.beta.logpdf(r, 1, 9)
    size = (1 - r) / r
    for group, eta in (("treatment", b + m), ("control", b)):
        p = special.expit(eta)
        for x, n in frame[[f"events_{group}", f"total_{group}"]].to_numpy():
            log += stats.betabinom.logpmf(x, n, p * size, (1 - p) * size)
    weight = np.exp(log - log.max())
    weight /= weight.sum()
    terms = fit.terms.set_index("term")
    values: dict[str, Any] = {"mu": m, "baseline_average": b, "intraclass": r}
    for name, grid in values.items():
        mean = float((weight * grid).sum())
        assert terms.loc[name, "mean"] == pytest.approx(
            mean, abs=4 * terms.loc[name, "mcse_mean"] + 2e-3
        )
    assert "prediction" not in terms.index
    assert fit.studies.empty


def test_what_was_added_is_sampled_and_told() -> None:
    from evidence.effects.table import table_of

    model = build_model(SCHOOLS, priors=SCHOOL_PRIORS)
    with model, quiet():
        import pymc as pm

        pm.Potential("opinion", pm.logp(pm.Normal.dist(20.0, 5.0), model["mu"]))
        pm.Deterministic("twice", 2 * model["mu"])
    fit = sample_model(model, seed=1)
    terms = fit.terms.set_index("term")
    # Prior and opinion together are one normal prior.
    precision = 30.0**-2 + 5.0**-2
    both = normal(20.0 * 5.0**-2 / precision, precision**-0.5)
    table = table_of(SCHOOLS["estimate"], SCHOOLS["std_error"])
    exact = pool_bayes(table, tau=half_normal(10), mu=both)
    ours = fit.terms[fit.terms["term"].isin(["mu", "tau", "prediction"])]
    frame = compare_terms(exact.terms, ours, most=4.5)
    assert frame["within"].all(), frame.to_string()
    assert terms.loc["twice", "mean"] == pytest.approx(2 * terms.loc["mu", "mean"])
    assert any("no predictions: nothing can be drawn from the potential" in n for n in fit.notes)
    assert fit.prior_check.empty


def test_what_cannot_be_sampled_is_refused() -> None:
    model = build_model(SCHOOLS, priors=SCHOOL_PRIORS)
    message = r"(?s)level: 1.5.*interval: unknown: 'hdi'.*limits: 3.*prior_draws: 5"
    with pytest.raises(FitError, match=message):
        sample_model(model, seed=1, level=1.5, interval="hdi", limits=3, prior_draws=5)  # type: ignore[arg-type]
    with pytest.raises(FitError, match="model: str; a model that build_model made"):
        sample_model("model", seed=1)  # type: ignore[arg-type]
    with quiet():
        import pymc as pm

        with model:
            pm.set_data({"given_y": np.zeros(8)})
    with pytest.raises(FitError, match="'given_y': is not what was read"):
        sample_model(model, seed=1)
