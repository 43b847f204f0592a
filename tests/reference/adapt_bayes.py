"""Reference files of Bayesian meta-analysis: which of our calls answers which of theirs.

Left out of the files: ``joint_maximum_likelihood`` (the frequentist fit) and ``joint_MAP`` (the
mode of mu and tau together, which we do not offer).
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
from comparison import Comparison, NotOfferedError

from evidence.effects.table import table_of
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
    log_normal,
    normal,
    reference_prior,
    uniform,
)

QUADRATURE = 1e-5  # posterior standard deviations; ours agrees to 1e-9
LOCATION = 1e-3  # posterior standard deviations: their grid over tau is discrete
SPREAD = 2e-3
LOG_EVIDENCE = 1e-4
FAMILIES: dict[str, Callable[[dict[str, Any]], TauPrior]] = {
    "half-normal": lambda o: half_normal(o["scale"]),
    "half-Cauchy": lambda o: half_cauchy(o["scale"]),
    "half-t": lambda o: half_t(o["scale"], o["df"]),
    "exponential": lambda o: exponential(o["rate"]),
    "uniform": lambda o: uniform(o["upper"]),
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


ADAPTERS = {"bayesmeta": bayesmeta}
