"""Reference files of Bayesian meta-analysis: which of our calls answers which of theirs.

``bmr`` is meta-regression; ``RoBMA`` averages over models by Monte Carlo, whose quantiles are
compared as probabilities (ours, at their value), since beside a spike the density is next to 0.
Left out of the files: ``joint_maximum_likelihood`` (the frequentist fit) and ``joint_MAP`` (the
mode of mu and tau together, which we do not offer).
"""

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
from comparison import Comparison, NotOfferedError

from evidence.effects.table import table_of
from evidence.models.bayesian.average import ModelAverage, average_models
from evidence.models.bayesian.coefficients import BayesRegression, bayes_regression
from evidence.models.bayesian.exact import compare_models, pool_bayes
from evidence.models.bayesian.families import typical_variance
from evidence.models.bayesian.fit import BayesFit
from evidence.models.bayesian.posterior import ExactPosterior
from evidence.models.bayesian.priors import (
    MuPrior,
    TauPrior,
    exponential,
    flat,
    half_cauchy,
    half_normal,
    half_t,
    inverse_gamma,
    log_normal,
    normal,
    reference_prior,
    uniform,
)

QUADRATURE = 1e-5  # posterior standard deviations; ours agrees to 1e-9
LOCATION = 1e-3  # posterior standard deviations: their grid over tau is discrete
SPREAD = 2e-3
LOG_EVIDENCE = 1e-4
# Posterior standard deviations: beside a coefficient of 0.008 their grid over tau (delta = 0.002)
# puts limits and modes up to 0.0025 off; ours hold 95 percent to 1e-12.
COEFFICIENT_LIMIT = 4e-3
AVERAGED = 0.02  # estimates
BAYES_FACTOR = 0.05  # relative
BRIDGE = 0.05  # logs of marginal likelihoods, by bridge sampling
MASS = 0.01  # probabilities below a quantile of theirs
FAMILIES: dict[str, Callable[[dict[str, Any]], TauPrior]] = {
    "half-normal": lambda o: half_normal(o["scale"]),
    "half-Cauchy": lambda o: half_cauchy(o["scale"]),
    "half-t": lambda o: half_t(o["scale"], o["df"]),
    "exponential": lambda o: exponential(o["rate"]),
    "uniform": lambda o: uniform(o["upper"]),
    "inverse-gamma": lambda o: inverse_gamma(o["shape"], o["scale"]),
    "log-normal": lambda o: log_normal(o["meanlog"], o["sdlog"]),
}
# The others are named by how their description starts.
REFERENCE = {
    "uniform on (0, infinity)": "improper_uniform",
    "uniform in the square root": "sqrt_uniform",
    "uniform in I2": "i2_uniform",
    "uniform shrinkage": "shrinkage",
    "Jeffreys": "jeffreys",
    "Berger-Deely": "berger_deely",
    "conventional": "conventional",
    "DuMouchel": "dumouchel",
}
TAU_ZERO, MU_ZERO = "log_bayes_factor_tau_zero", "log_bayes_factor_mu_zero"


def _tau(stated: dict[str, Any]) -> TauPrior:
    family = stated["family"]
    if family in FAMILIES:
        return FAMILIES[family](stated)
    for start, kind in REFERENCE.items():
        if family.startswith(start):
            return reference_prior(kind)
    raise NotOfferedError(f"prior of tau {family!r}")


def _mu(stated: dict[str, Any]) -> MuPrior:
    return flat() if stated["family"] == "flat" else normal(stated["mean"], stated["sd"])


def _posterior(fit: BayesFit) -> ExactPosterior:
    if not isinstance(fit.posterior, ExactPosterior):
        raise TypeError("the adapter takes exact fits")
    return fit.posterior


def _apart(name: str, ours: Any, expected: Any, sd: Any, tolerance: float) -> Comparison:
    """Compare in units of the posterior standard deviation."""
    gap = (np.asarray(ours, dtype=float) - np.asarray(expected, dtype=float)) / np.asarray(sd)
    return Comparison(f"{name} (posterior sd away)", gap, np.zeros_like(gap), tolerance)


def _quadrature(fit: BayesFit, expected: dict[str, Any]) -> list[Comparison]:
    rows = fit.terms.set_index("term")
    names = {"mean": "mean", "median": "median", "q025": "ci_low", "q975": "ci_high"}
    found = []
    for term in ("tau", "mu", "prediction"):
        stated = expected[term]
        for theirs, ours in names.items():
            if theirs in stated:
                value = rows.loc[term, ours]
                found.append(
                    _apart(f"{term} {theirs}", value, stated[theirs], stated["sd"], QUADRATURE)
                )
        value = rows.loc[term, "sd"]
        found.append(Comparison(f"{term} sd", value, stated["sd"], QUADRATURE, relative=True))
        if "prob_below_zero" in stated:
            below = fit.probability_below(0.0, term)
            found.append(
                Comparison(f"{term} below 0", below, stated["prob_below_zero"], QUADRATURE)
            )
    return found


def _evidence(models: pd.DataFrame, expected: dict[str, Any]) -> list[Comparison]:
    stated, package = expected["quadrature"], expected["bayesmeta"]
    marginal, factor = models["log_marginal_likelihood"], models["log_bayes_factor"]
    pairs = [
        ("log_marginal_likelihood", marginal["full"], stated["log_marginal_likelihood"]),
        ("fixed effect", marginal["tau_zero"], stated["log_marginal_fixed_effect"]),
        ("random null", marginal["mu_null"], stated["log_marginal_random_null"]),
        ("fixed null", marginal["both"], stated["log_marginal_fixed_null"]),
        (TAU_ZERO, factor["tau_zero"], stated[TAU_ZERO]),
        (MU_ZERO, factor["mu_null"], stated[MU_ZERO]),
        ("package: marginal", marginal["full"], np.log(package["marginal_likelihood"])),
        ("package: tau 0", factor["tau_zero"], np.log(package["bayes_factor_tau_zero"])),
        ("package: mu 0", factor["mu_null"], np.log(package["bayes_factor_mu_zero"])),
    ]
    return [Comparison(name, ours, theirs, LOG_EVIDENCE) for name, ours, theirs in pairs]


def _package(fit: BayesFit, expected: dict[str, Any]) -> list[Comparison]:
    rows, posterior = fit.terms.set_index("term"), _posterior(fit)
    limits = {"lb95": "ci_low", "ub95": "ci_high"}
    found = []
    for term in ("tau", "mu", "prediction"):
        stated, row = expected[term], rows.loc[term]
        sd = stated["sd"]
        found.append(_apart(f"{term} mode", posterior.mode(term), stated["mode"], sd, LOCATION))
        names = {"mean": ("mean", LOCATION), "median": ("median", LOCATION)}
        names |= {theirs: (ours, SPREAD) for theirs, ours in limits.items()}
        found += [
            _apart(f"{term} {theirs}", row[ours], stated[theirs], sd, tolerance)
            for theirs, (ours, tolerance) in names.items()
        ]
        found.append(Comparison(f"{term} package sd", row["sd"], sd, SPREAD, relative=True))
    studies = expected["shrinkage"]
    for theirs, ours in {"mean": "mean", "median": "median", **limits}.items():
        tolerance = LOCATION if ours in ("mean", "median") else SPREAD
        value = fit.shrinkage[ours]
        found.append(_apart(f"theta {theirs}", value, studies[theirs], studies["sd"], tolerance))
    found.append(Comparison("theta sd", fit.shrinkage["sd"], studies["sd"], SPREAD, relative=True))
    weights = fit.shrinkage["weight"]
    found.append(Comparison("weights", weights, expected["mean_weights"], LOCATION))
    tau2 = float(rows.loc["tau", "median"]) ** 2
    i2 = tau2 / (tau2 + float(typical_variance(posterior.std_errors)[0]))
    below = fit.probability_below(0.0)
    return [
        *found,
        Comparison("mu below 0", below, expected["prob_mu_below_zero"], LOCATION),
        Comparison("I2 at median tau", i2, expected["I2_at_posterior_median_tau"], LOCATION),
        Comparison("prior proper", fit.prior_tau.proper, expected["prior_tau_proper"], 0.0),
    ]


def bayesmeta(fixture: dict[str, Any]) -> list[Comparison]:
    """Compare with the package and with the quadrature beside it."""
    options, expected = fixture["options"], fixture["expected"]
    unknown = set(options) - {"measure", "prior_tau", "prior_mu", "interval"}
    if unknown:
        raise NotOfferedError(f"{fixture['name']}: options {sorted(unknown)}")
    data = fixture["data"]
    table = table_of([row["yi"] for row in data], [row["sei"] for row in data])
    tau, mu = _tau(options["prior_tau"]), _mu(options["prior_mu"])
    found = _quadrature(pool_bayes(table, tau=tau, mu=mu), expected["quadrature"])
    fit = pool_bayes(table, tau=tau, mu=mu, interval=options["interval"])
    found += _package(fit, expected["bayesmeta"])
    if "log_marginal_likelihood" in expected["quadrature"]:
        found += _evidence(compare_models(table, tau=tau, mu=mu), expected)
        stated = expected["quadrature"]["log_marginal_likelihood"]
        ours = fit.log_marginal_likelihood
        found.append(Comparison("log marginal of the fit", ours, stated, LOG_EVIDENCE))
    return found


def _coefficient_priors(stated: Any, columns: list[str]) -> dict[str, MuPrior] | None:
    if stated == "flat":
        return None
    if stated["family"] != "independent normals":
        raise NotOfferedError(f"prior of the coefficients {stated['family']!r}")
    pairs = zip(columns, stated["mean"], stated["sd"], strict=True)
    return {column: normal(mean, sd) for column, mean, sd in pairs}


def _regression_row(fit: BayesRegression, term: str, stated: dict[str, Any]) -> list[Comparison]:
    row, sd = fit.terms.set_index("term").loc[term], stated["sd"]
    found = [_apart(f"{term} mode", fit.mode(term), stated["mode"], sd, COEFFICIENT_LIMIT)]
    names = {"mean": LOCATION, "median": LOCATION, "lb95": None, "ub95": None}
    limits = {"lb95": "ci_low", "ub95": "ci_high"}
    for theirs, tolerance in names.items():
        value = row[limits.get(theirs, theirs)]
        allowed = COEFFICIENT_LIMIT if tolerance is None else tolerance
        found.append(_apart(f"{term} {theirs}", value, stated[theirs], sd, allowed))
    found.append(Comparison(f"{term} sd", row["sd"], sd, SPREAD, relative=True))
    return found


def bmr(fixture: dict[str, Any]) -> list[Comparison]:
    """Compare the coefficients and tau of a meta-regression."""
    options, expected, data = fixture["options"], fixture["expected"], fixture["data"]
    unknown = set(options) - {"measure", "prior_tau", "prior_beta", "design", "interval"}
    if unknown:
        raise NotOfferedError(f"{fixture['name']}: options {sorted(unknown)}")
    columns = options["design"]["columns"]
    X = pd.DataFrame(options["design"]["X"], columns=columns)
    call = fixture["source"]["call"]
    interval = options.get("interval", "central" if '"central"' in call else "shortest")
    table = table_of([row["yi"] for row in data], [row["sei"] for row in data])
    fit = bayes_regression(
        table,
        X.drop(columns="intercept", errors="ignore"),
        tau=_tau(options["prior_tau"]),
        intercept="intercept" in columns,
        coefficients=_coefficient_priors(options.get("prior_beta", "flat"), columns),
        interval=interval,
    )
    found = []
    for term, stated in expected.items():
        if term not in (*columns, "tau"):
            raise NotOfferedError(f"{fixture['name']}: figure {term!r}")
        found += _regression_row(fit, term, stated)
    return found


def _ensemble(call: str, stated: str) -> str | None:
    if re.search(r"priors_bias\s*=\s*NULL", call) or stated == "none":
        return None
    kind = re.search(r'model_type\s*=\s*"(\w+)"', call)
    name = (kind[1] if kind else "PSMA").lower()
    if name not in ("psma", "pp", "2w") or "priors_bias" in call:
        raise NotOfferedError(f"ensemble of bias models {stated!r}")
    return name


def _averaged_prior(pattern: str, text: str) -> tuple[float, float]:
    found = re.search(pattern, text)
    if not found:
        raise NotOfferedError(f"prior {text!r}")
    return float(found[1]), float(found[2])


def _row_of(name: str) -> str:
    found = re.fullmatch(r"omega\[([\d.]+),([\d.]+)\]", name)
    if found:
        return f"weight {float(found[1]):g} to {float(found[2]):g}"
    return name.lower()


def _estimate(found: ModelAverage, name: str, stated: dict[str, float]) -> list[Comparison]:
    """Means as such; of quantiles the probability that ours gives theirs."""
    term = _row_of(name)
    row = found.estimates.loc[term]
    items = [Comparison(f"{name} mean", row["mean"], stated["Mean"], AVERAGED)]
    for key, q in (("Median", 0.5), ("0.025", 0.025), ("0.975", 0.975)):
        value = stated[key]
        # Their Monte Carlo error on the scale of probability: anywhere within MASS of q.
        low, high = found.quantile(term, q - MASS), found.quantile(term, q + MASS)
        slack = AVERAGED * max(1.0, abs(value)) / 2
        outside = max(low - slack - value, value - high - slack, 0.0)
        items.append(Comparison(f"{name} {key} outside", outside, 0.0, 1e-9))
    return items


def robma(fixture: dict[str, Any]) -> list[Comparison]:
    """Compare marginal likelihoods, inclusion Bayes factors and averaged estimates."""
    options, expected, data = fixture["options"], fixture["expected"], fixture["data"]
    call, priors = fixture["source"]["call"], options["priors"]
    mean, sd = _averaged_prior(r"normal mean ([-\d.]+) sd ([\d.]+)", priors["effect"])
    shape, scale = _averaged_prior(
        r"inverse gamma shape ([\d.]+) scale ([\d.]+)", priors["heterogeneity"]
    )
    found = average_models(
        table_of([row["yi"] for row in data], [row["sei"] for row in data]),
        effect=normal(mean, sd),
        heterogeneity=inverse_gamma(shape, scale),
        bias=_ensemble(call, priors["bias"]),
        direction="negative" if '"negative"' in call else "positive",
    )
    items = []
    for name, stated in expected["components"].items():
        row = found.components.loc[name.lower()]
        factor = stated["inclusion_BF"]
        ours = row["inclusion_bayes_factor"]
        items += [
            Comparison(f"{name} models", row["models"], stated["models"], 0.0),
            Comparison(f"{name} prior", row["prior_probability"], stated["prior_prob"], 1e-9),
            Comparison(f"{name} post", row["posterior_probability"], stated["post_prob"], AVERAGED),
            Comparison(f"{name} Bayes factor", ours, factor, BAYES_FACTOR, relative=True),
        ]
    for name, stated in expected["estimates"].items():
        items += _estimate(found, name, stated)
    ours, theirs = found.models, expected["models"]
    stated = [model["marglik"] for model in theirs]
    items.append(Comparison("marginals", ours["log_marginal_likelihood"], stated, BRIDGE))
    stated = [model["prior_prob"] for model in theirs]
    items.append(Comparison("priors", ours["prior_probability"], stated, 1e-9))
    stated = [model["post_prob"] for model in theirs]
    items.append(Comparison("posteriors", ours["posterior_probability"], stated, AVERAGED))
    return items


ADAPTERS = {"bayesmeta": bayesmeta, "bmr": bmr, "RoBMA": robma}
