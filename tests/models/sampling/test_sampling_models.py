"""The PyMC models: their densities beside SciPy's, and what cannot be asked of them."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from sampling_data import CLUSTER_PRIORS, CLUSTERED, SCHOOL_PRIORS, SCHOOLS, TRIALS
from scipy import special, stats

from evidence.effects.table import EffectTable, table_of
from evidence.errors import FitError
from evidence.models.bayesian import priors as scales
from evidence.models.bayesian.chains import ChainLimits, quiet
from evidence.models.bayesian.priors import TauPrior, flat, half_normal, normal
from evidence.models.sampling.model import build_model
from evidence.models.sampling.options import Structure, resolve
from evidence.models.sampling.priors import Priors, beta, complete, gamma, held


def densities(model: Any, seed: int = 3) -> tuple[float, dict[str, np.ndarray]]:
    """Log density of the model at a point, and the values of its variables there."""
    random = np.random.default_rng(seed)
    point = {
        name: np.asarray(value + 0.3 * random.normal(size=np.shape(value)))
        for name, value in model.initial_point().items()
    }
    with quiet():
        density = model.compile_logp(jacobian=False, mode="FAST_COMPILE")
        replaced = model.replace_rvs_by_values([*model.free_RVs, *model.deterministics])
        values = model.compile_fn(replaced, inputs=model.value_vars, mode="FAST_COMPILE")
        names = [v.name for v in (*model.free_RVs, *model.deterministics)]
        found = dict(zip(names, values(point), strict=True))
        return float(density(point)), found


def scale_density(found: dict[str, np.ndarray], name: str) -> float:
    """Of a half-normal parameter as the model has it: of the standard variable."""
    return float(stats.halfnorm.logpdf(found[f"{name}_raw"]))


@pytest.mark.slow
def test_density_of_student_effects_with_moderators() -> None:
    mine = Priors(
        mu=normal(1, 30), tau=half_normal(10), slopes=normal(0.5, 4), freedom=gamma(2, 0.1, lower=2)
    )
    frame = SCHOOLS.assign(x=np.arange(8.0))
    model = build_model(frame, effects="student_t", moderators="~ x", priors=mine)
    total, v = densities(model)
    z = (np.arange(8.0) - 3.5) / np.std(np.arange(8.0))
    mean = v["mu"] + z * v["slopes_standard"][0]
    assert v["slopes"][0] == pytest.approx(v["slopes_standard"][0] / np.std(np.arange(8.0)))
    assert v["freedom"] == pytest.approx(2 + v["freedom_raw"] / 0.1)
    assert v["tau"] == pytest.approx(10 * v["tau_raw"])
    direct = stats.norm.logpdf(v["mu"], 1, 30) + scale_density(v, "tau")
    direct += stats.gamma.logpdf(v["freedom_raw"], 2)
    direct += stats.norm.logpdf(v["slopes_standard"][0], 0.5, 4)
    direct += stats.t.logpdf(v["theta"], v["freedom"], mean, v["tau"]).sum()
    direct += stats.norm.logpdf(SCHOOLS["estimate"], v["theta"], SCHOOLS["std_error"]).sum()
    assert total == pytest.approx(float(direct), rel=1e-9)


@pytest.mark.slow
@pytest.mark.parametrize("weight", [beta(1, 9), held(0.0)], ids=str)
def test_density_of_mixture_effects(weight: Any) -> None:
    mine = Priors(
        mu=normal(0, 30), tau=half_normal(10), outlier_sd=half_normal(20), outlier_weight=weight
    )
    total, v = densities(build_model(SCHOOLS, effects="mixture", priors=mine))
    w = v["outlier_weight"] if weight.kind == "beta" else dict(weight.parameters)["value"]
    wide = np.hypot(v["tau"], v["outlier_sd"])
    direct = stats.norm.logpdf(v["mu"], 0, 30)
    direct += scale_density(v, "tau") + scale_density(v, "outlier_sd")
    direct += stats.beta.logpdf(w, 1, 9) if weight.kind == "beta" else 0.0
    near = (1 - w) * stats.norm.pdf(v["theta"], v["mu"], v["tau"])
    direct += np.log(near + w * stats.norm.pdf(v["theta"], v["mu"], wide)).sum()
    direct += stats.norm.logpdf(SCHOOLS["estimate"], v["theta"], SCHOOLS["std_error"]).sum()
    assert total == pytest.approx(float(direct), rel=1e-9)


@pytest.mark.slow
def test_density_of_three_levels() -> None:
    model = build_model(CLUSTERED, cluster="site", priors=CLUSTER_PRIORS)
    total, v = densities(model)
    direct = stats.norm.logpdf(v["mu"], 0, 2)
    direct += scale_density(v, "tau") + scale_density(v, "tau_outer")
    direct += stats.norm.logpdf(v["outer"], v["mu"], v["tau_outer"]).sum()
    at = v["outer"][[0, 0, 1, 1, 1, 2, 2]]
    direct += stats.norm.logpdf(v["theta"], at, v["tau"]).sum()
    direct += stats.norm.logpdf(CLUSTERED["estimate"], v["theta"], CLUSTERED["std_error"]).sum()
    assert total == pytest.approx(float(direct), rel=1e-9)


def counts_density(treated: np.ndarray, control: np.ndarray, *, rates: bool) -> float:
    total = 0.0
    for group, eta in (("treatment", treated), ("control", control)):
        x, n = TRIALS[f"events_{group}"], TRIALS[f"total_{group}"]
        law = stats.poisson(n * np.exp(eta)) if rates else stats.binom(n, special.expit(eta))
        total += float(law.logpmf(x).sum())
    return total


@pytest.mark.slow
@pytest.mark.parametrize(
    ("likelihood", "baselines"), [("binomial", "random"), ("poisson", "fixed")]
)
def test_density_of_counts_by_contrast(likelihood: Any, baselines: Any) -> None:
    mine = Priors(mu=normal(0, 1), tau=half_normal(1), baseline=normal(-2, 3))
    model = build_model(TRIALS, likelihood=likelihood, baselines=baselines, priors=mine)
    total, v = densities(model)
    direct = stats.norm.logpdf(v["mu"]) + scale_density(v, "tau")
    place, width = -2.0, 3.0
    if baselines == "random":
        place, width = float(v["baseline_average"]), float(v["baseline_sd"])
        direct += stats.norm.logpdf(place, -2, 3) + scale_density(v, "baseline_sd")
    direct += stats.norm.logpdf(v["baseline"], place, width).sum()
    direct += stats.norm.logpdf(v["theta"], v["mu"], v["tau"]).sum()
    treated = v["baseline"] + v["theta"]
    direct += counts_density(treated, v["baseline"], rates=likelihood == "poisson")
    assert total == pytest.approx(float(direct), rel=1e-9)


@pytest.mark.slow
def test_density_by_arm() -> None:
    model = build_model(TRIALS, likelihood="binomial", arms="arm")
    total, v = densities(model)
    rho, sd, other = (float(v[n]) for n in ("correlation", "baseline_sd", "treated_sd"))
    cov = [[sd**2, rho * sd * other], [rho * sd * other, other**2]]
    average = float(v["baseline_average"])
    direct = stats.norm.logpdf(v["mu"], 0, 2.82) + stats.norm.logpdf(average, 0, 4)
    direct += scale_density(v, "baseline_sd") + scale_density(v, "treated_sd")
    direct += stats.beta.logpdf(v["correlation_raw"], 1, 1)
    both = np.c_[v["baseline"], v["treated_level"]]
    direct += stats.multivariate_normal([average, average + v["mu"]], cov).logpdf(both).sum()
    direct += counts_density(v["treated_level"], v["baseline"], rates=False)
    assert total == pytest.approx(float(direct), rel=1e-9)
    assert v["tau"] == pytest.approx(np.sqrt(sd**2 + other**2 - 2 * rho * sd * other))
    np.testing.assert_allclose(v["theta"], v["treated_level"] - v["baseline"])


@pytest.mark.slow
@pytest.mark.parametrize(
    "tau",
    [
        scales.half_cauchy(0.3), scales.half_t(0.4, 4), scales.exponential(2.0),
        scales.uniform(4.0), scales.log_normal(-1.2, 0.7), scales.inverse_gamma(2.0, 0.3),
        scales.log_t(-1.0, 0.8, 5.0),
    ],
    ids=str,
)  # fmt: skip
def test_priors_of_tau_are_those_of_the_exact_engine(tau: TauPrior) -> None:
    model = build_model(table_of([0.1, 0.4], [0.2, 0.3], scale="log"), priors=Priors(tau=tau))
    with quiet():
        import pymc as pm

        drawn = pm.draw(model["tau"], 4000, random_seed=1)
    probabilities = np.array([0.1, 0.5, 0.9])
    seen = (drawn[:, None] <= tau.quantile(probabilities)).mean(axis=0)
    np.testing.assert_allclose(seen, probabilities, atol=0.03)


def test_defaults_have_reasons_and_units_have_none() -> None:
    structure = resolve("binomial", "mixture", None, "random", clustered=True, moderated=True)
    found = complete(None, structure, "log", 0.0)
    frame = found.frame()
    assert set(frame["parameter"]) == set(structure.parameters)
    assert (frame["reason"].str.len() > 10).all()
    assert str(structure) == (
        "binomial likelihood, two-component mixture of effects, "
        "random baselines, three levels, moderators"
    )
    plain = resolve("normal", None, None, None, clustered=False, moderated=False)
    assert complete(None, plain, "standardized", 0.0).tau == half_normal(
        0.5, "0.34 as median: studies rarely differ by more (Röver et al. 2021)"
    )
    message = r"(?s)priors: mu: none is given.*priors: tau: none is given.*have no default"
    with pytest.raises(FitError, match=message):
        complete(None, plain, None, 0.0)
    rates = resolve("poisson", None, "arm", None, clustered=False, moderated=False)
    found = complete(None, rates, "log", -3.5)
    assert found.baseline is not None
    assert found.baseline.mean == -3.5
    student = resolve("normal", "student_t", None, None, clustered=False, moderated=False)
    assert str(complete(None, student, "log", 0.0).freedom) == "2 + gamma(2, 0.1)"


PLAIN = resolve("normal", None, None, None, clustered=False, moderated=False)
ARM = resolve("binomial", None, "arm", None, clustered=False, moderated=False)
STUDENT = resolve("normal", "student_t", None, None, clustered=False, moderated=False)
MIXED = resolve("normal", "mixture", None, None, clustered=False, moderated=False)


@pytest.mark.parametrize(
    ("structure", "given", "message"),
    [
        (PLAIN, Priors(freedom=held(4)), r"freedom: held at 4 would do nothing"),
        (PLAIN, Priors(mu=flat()), r"mu: flat; normal\(mean, sd\): prior predictions need"),
        (PLAIN, Priors(mu=half_normal(1)), r"is no prior of a mean"),
        (PLAIN, Priors(tau=normal(0, 1)), r"is no prior of a standard deviation"),
        (PLAIN, Priors(tau=scales.reference_prior("jeffreys")), r"Jeffreys, improper or made"),
        (PLAIN, Priors(tau=scales.reference_prior("dumouchel")), r"improper or made of the data"),
        (STUDENT, Priors(freedom=half_normal(1)), r"is no prior of a shape"),
        (STUDENT, Priors(freedom=held(-1)), r"freedom: held at -1; above 0"),
        (STUDENT, Priors(freedom=beta(1, 1)), r"freedom: beta\(1, 1\); gamma\(...\)"),
        (MIXED, Priors(outlier_weight=held(1)), r"held at 1; above 0 and below 1"),
        (ARM, Priors(correlation=beta(1, 1)), r"correlation: beta\(1, 1\); beta\(..., lower=-1\)"),
        (PLAIN, {"mu": 1}, r"priors: is a dict; Priors\(mu"),
    ],
)
def test_priors_that_do_not_fit_are_refused(structure: Structure, given: Any, message: str) -> None:
    with pytest.raises(FitError, match=message):
        complete(given, structure, "log", 0.0)


def test_shapes_are_checked_where_they_are_made() -> None:
    for make in (lambda: gamma(0, 1), lambda: beta(1, True)):
        with pytest.raises(FitError, match="a number above 0"):
            make()
    with pytest.raises(FitError, match=r"beta: lower: 0\.5; 0, or -1 for a correlation"):
        beta(1, 1, lower=0.5)
    assert str(beta(2, 3, lower=-1.0)) == "beta(2, 3) on -1 to 1"
    with pytest.raises(FitError, match=r"(?s)limits: r_hat: 0.9.*limits: divergences: True"):
        ChainLimits(r_hat=0.9, divergences=True)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"likelihood": "binom"}, r'likelihood: unknown: .binom.; did you mean "binomial"'),
        ({"effects": "t"}, r"effects: unknown: 't'"),
        ({"arms": "arm"}, r"arms: would do nothing for 'normal'"),
        ({"baselines": "random"}, r"baselines: would do nothing for 'normal'"),
        ({"likelihood": "binomial", "arms": "arm", "effects": "normal"}, r"effects: would do no"),
        ({"likelihood": "binomial", "arms": "arm", "baselines": "fixed"}, r"bivariate normal"),
        ({"likelihood": "beta_binomial", "cluster": "x"}, r"cluster: would do nothing"),
        ({"likelihood": "beta_binomial", "effects": "mixture"}, r"effects: would do nothing"),
        ({"events_control": "ci"}, r"events_control: 'ci' would do nothing for a normal"),
        ({"likelihood": "poisson", "data": TRIALS}, r"data: would do nothing: counts bring"),
        ({"likelihood": "poisson", "total_control": "t"}, r"column 't': not there"),
    ],
)
def test_options_that_do_not_go_together_are_refused(options: dict[str, Any], message: str) -> None:
    table = TRIALS if options.get("likelihood") in ("binomial", "poisson") else SCHOOLS
    with pytest.raises(FitError, match=message):
        build_model(table, priors=None, **options)


def test_data_that_do_not_make_a_model_are_refused() -> None:
    shared = table_of([0.1, 0.2], [0.1, 0.1])
    covariance = np.full((2, 2), 0.005) + 0.005 * np.eye(2)
    tied = EffectTable(
        shared.measure, None, "identity", shared.rows, covariance, shared.partial, shared.unused,
        shared.traces, 2,
    )  # fmt: skip
    cases: list[tuple[Any, dict[str, Any], str]] = [
        (tied, {}, r"rows share an arm or patients; combine the arms"),
        (shared, {"likelihood": "binomial"}, r"table: is a EffectTable; a DataFrame with events"),
        (table_of([], []), {}, r"table: no rows \(0 partial, 0 unused\)"),
        (TRIALS.iloc[[0, 0]], {"likelihood": "binomial"}, r"row 'trial 1': stands there twice"),
        (CLUSTERED, {"cluster": "sit"}, r'cluster: .sit.; did you mean "site"'),
        (CLUSTERED.iloc[:2], {"cluster": "site"}, r"too few clusters"),
        (CLUSTERED, {"cluster": "x"}, r"has one row in each cluster; leave it out"),
        (CLUSTERED, {"moderators": "~ x - 1"}, r"has no intercept, whose prior"),
        (CLUSTERED, {"moderators": "~ x + I(2 * x)"}, r"are linearly dependent"),
        (CLUSTERED, {"moderators": "~ 1"}, r"none is named"),
        (CLUSTERED.assign(one=1.0), {"moderators": "~ x + one"}, r"one.: is the same in all rows"),
    ]
    for table, options, message in cases:
        with pytest.raises(FitError, match=message):
            build_model(table, **options)


@pytest.mark.slow
def test_the_model_can_be_looked_at() -> None:
    frame = pd.DataFrame({"x": [1.0, 2.0, 4.0]})
    table = table_of([0.1, 0.3, 0.2], [0.1, 0.2, 0.1], labels=list("abc"), scale="log")
    model = build_model(table, moderators=frame)
    assert list(model.coords["moderator"]) == ["x"]
    assert list(model.coords["study"]) == ["a", "b", "c"]
    assert {v.name for v in model.observed_RVs} == {"effects"}
    assert build_model(SCHOOLS, priors=SCHOOL_PRIORS)["theta"].eval().shape == (8,)
