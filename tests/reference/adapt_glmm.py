"""Reference files of generalised linear mixed models (``rma.glmm``)."""

import re
from typing import Any

import formulaic
import numpy as np
import pandas as pd
from adapt_regression import our_formula
from comparison import Comparison, NotOfferedError

from evidence.models.glmm.fit import GlmmFit
from evidence.models.glmm.glmm import pool_glmm
from evidence.models.glmm.options import METAFOR
from evidence.models.glmm.profile import glmm_predict, marginal_log_likelihood
from evidence.models.regression.wald import wald_test

CODING = {"1/2": "both", "0.5": "both", "1": "treatment", "0": "control"}
COMMON = ("EE", "FE", "CE")
POINTS_OF_MARGINAL = 61  # of the stated marginal log-likelihoods
POINTS_OF_TWO = 15  # a dimension, where there are two
# The reference integrates the non-central hypergeometric model to machine precision.
POINTS_OF_INTEGRATE = 41
ZERO_TAU2 = 1e-3
# Arguments that do not change what is compared: the constants enter only plots of the studies.
SILENT = {"data", "slab", "verbose", "digits", "control", "add", "to", "vtype"}
KNOWN = {
    "measure", "ai", "bi", "ci", "di", "n1i", "n2i", "x1i", "x2i", "t1i", "t2i", "xi", "mi", "ti",
    "ni", "mods", "intercept", "drop00", "model", "method", "coding", "cor", "test", "level",
    "btt", "nAGQ", "subset",
}  # fmt: skip
TWO = ("events_treatment", "total_treatment", "events_control", "total_control")


def arguments(call: str) -> dict[str, str]:
    """Arguments of an R call as text, split at its outer commas."""
    inside = call[call.index("(") + 1 : call.rindex(")")]
    parts, depth, start = [], 0, 0
    for place, letter in enumerate(inside):
        depth += (letter in "([{") - (letter in ")]}")
        if letter == "," and depth == 0:
            parts.append(inside[start:place])
            start = place + 1
    parts.append(inside[start:])
    pairs = (part.split("=", 1) for part in parts if "=" in part)
    return {name.strip(): value.strip().strip('"') for name, value in pairs}


def _columns(given: dict[str, str], data: pd.DataFrame) -> tuple[pd.DataFrame, dict[str, str]]:
    """Return the data with our columns, made of the arguments' expressions, and their names."""

    def of(name: str) -> pd.Series:
        return pd.to_numeric(data.eval(given[name]))

    found = data.copy()
    measure = given["measure"]
    if measure == "OR":
        for ours, events, others, total in (
            ("treatment", "ai", "bi", "n1i"),
            ("control", "ci", "di", "n2i"),
        ):
            size = of(total) if total in given else of(events) + of(others)
            found[f"events_{ours}"] = of(events) if events in given else size - of(others)
            found[f"total_{ours}"] = size
        return found, {name: name for name in TWO}
    if measure == "IRR":
        for ours, theirs in zip(TWO, ("x1i", "t1i", "x2i", "t2i"), strict=True):
            found[ours] = of(theirs)
        return found, {name: name for name in TWO}
    if measure == "PLO":
        found["total"] = of("ni") if "ni" in given else of("xi") + of("mi")
        found["events"] = of("xi") if "xi" in given else found["total"] - of("mi")
    elif measure == "IRLN":
        found["events"], found["total"] = of("xi"), of("ti")
    else:
        raise NotOfferedError(f"measure {measure!r}")
    return found, {"events": "events", "total": "total"}


def _moderators(given: dict[str, str], frame: pd.DataFrame) -> tuple[str | None, set[str]]:
    text = given.get("mods", "")
    bound = re.fullmatch(r"cbind\((.*)\)", text)
    if bound:
        text = "~ " + " + ".join(name.strip() for name in bound[1].split(","))
    if text and not text.startswith("~"):
        text = f"~ {text}"
    if given.get("intercept", "TRUE") in ("FALSE", "F") and text and "mods" in given:
        text = text if given["mods"].startswith("~") else f"{text} - 1"
    if text.replace(" ", "") in ("", "~1"):
        return None, set()
    formula = our_formula(text)
    used = {str(v) for v in formulaic.Formula(formula.removeprefix("~")).required_variables}
    return formula, used & set(frame.columns)


def _options(given: dict[str, str]) -> dict[str, Any]:
    found: dict[str, Any] = {"measure": given["measure"]}
    one_group = given["measure"] in ("PLO", "IRLN")
    method = given.get("method", "ML")
    if method not in ("ML", *COMMON):
        raise NotOfferedError(f"method {method!r}")
    random = method == "ML"
    found["model"] = "random" if random else "common"
    model = given.get("model", "UM.FS")
    if not one_group:
        if model not in METAFOR:
            raise NotOfferedError(f"model {model!r}")
        found["likelihood"] = METAFOR[model]
        found["drop_double_zero"] = given.get("drop00", "TRUE") in ("TRUE", "T")
        unconditional = random and model.startswith("UM")
        if "coding" in given and unconditional:
            found["coding"] = CODING[given["coding"]]
        if given.get("cor", "FALSE") in ("TRUE", "T") and model == "UM.RS" and random:
            found["correlated"] = True
    points = int(given.get("nAGQ", "7"))
    studies = model == "UM.RS" and not one_group
    if random and studies:
        points = 1  # all that the reference has for two random effects
    elif random and model == "CM.EL" and given["measure"] == "OR":
        points = POINTS_OF_INTEGRATE
    if random or studies:
        found["quadrature_points"] = points
    found["test"] = given.get("test", "z")
    found["level"] = float(given.get("level", "95")) / 100
    return found


def _subset(given: dict[str, str], data: pd.DataFrame) -> pd.DataFrame:
    if "subset" not in given:
        return data
    kept = data.eval(given["subset"].replace("&", " and ").replace("|", " or "))
    return data[kept].reset_index(drop=True)


def generalised(fixture: dict[str, Any]) -> list[Comparison]:
    """Compare ``rma.glmm``."""
    given = arguments(fixture["source"]["call"])
    unknown = given.keys() - KNOWN - SILENT
    if unknown:
        raise NotOfferedError(f"{fixture['name']}: arguments {sorted(unknown)}")
    frame, names = _columns(given, _subset(given, pd.DataFrame(fixture["data"])))
    formula, used = _moderators(given, frame)
    frame = frame.dropna(subset=sorted({*names.values(), *used})).reset_index(drop=True)
    options = _options(given)
    if options["test"] not in ("z", "t"):
        raise NotOfferedError(f"{fixture['name']}: test {options['test']!r}")
    fit = pool_glmm(frame, moderators=formula, **names, **options)
    expected = fixture["expected"]
    size = _sizes(fit)
    found = _terms(fit, expected, size) + _heterogeneity(fit, expected, size)
    found += _moderator_test(fit, given, expected, size)
    found += _likelihood(fit, expected) + _predictions(fit, frame, expected, size)
    return found


def _sizes(fit: GlmmFit) -> dict[str, float]:
    """Tolerances of estimates, standard errors, variances, statistics and QE by Wald.

    With Laplace's approximation lme4 stops its inner iterations at a relative 1e-7, which its
    finite differences turn into errors of 1 percent; at tolPwrss = 1e-13 it has our figures (SE
    0.2263484, Wald QE 10.54899 for the rates of Niel-Weise 2008, UM.RS). The package's density of
    the non-central hypergeometric has 7 digits, whose second differences have 4.
    """
    options = fit.options
    if options.random or options.random_studies:
        laplace = options.points == 1
        return {
            "estimate": 1e-3, "error": 5e-3 if laplace else 1e-3, "variance": 5e-3,
            "statistic": 2e-2 if laplace else 5e-3,
            "wald": 3e-2 if options.random_studies else 1e-5,
        }  # fmt: skip
    exact = options.likelihood == "conditional_exact" and options.measure == "OR"
    # R's glm stops at a relative change of 1e-8, one step before its variances have settled: of
    # 53 events in 6 studies (Hart 1999) it has 0.137357 for 1 / sqrt(53) = 0.1373606.
    return {
        "estimate": 1e-5 if exact else 1e-6, "error": 1e-3 if exact else 1e-5, "variance": 1e-6,
        "statistic": 1e-3 if exact else 1e-4, "wald": 1e-3 if exact else 1e-5,
    }  # fmt: skip


def _log_p(name: str, ours: Any, theirs: Any, tolerance: float) -> Comparison:
    """Logarithms: twice the relative error of a statistic is that of its log p."""
    tiny = 1e-300
    logs = [np.log(np.maximum(np.asarray(p, dtype=float), tiny)) for p in (ours, theirs)]
    return Comparison(f"log {name}", logs[0], logs[1], 2.0 * tolerance)


def _terms(fit: GlmmFit, expected: dict[str, Any], size: dict[str, float]) -> list[Comparison]:
    own = fit.terms
    error = own["std_error"].to_numpy()
    stated = np.asarray(expected["se"])
    found = [
        Comparison("estimate", fit.estimates, expected["beta"], size["estimate"]),
        Comparison("std_error", error, stated, size["error"]),
        Comparison("statistic", own["statistic"].to_numpy(), expected["stat"], size["statistic"]),
        _log_p("p", own["p"].to_numpy(), expected["pval"], size["statistic"]),
        Comparison("ci_low", own["ci_low"].to_numpy(), expected["ci_lb"], 3 * size["error"]),
        Comparison("ci_high", own["ci_high"].to_numpy(), expected["ci_ub"], 3 * size["error"]),
        Comparison("k", fit.k, expected["k"], 0.0),
    ]
    if "df" in expected:
        found.append(Comparison("df", fit.df, expected["df"][0], 0.0))
    if "vcov" in expected:
        ours = fit.covariance / np.outer(error, error)
        theirs = np.asarray(expected["vcov"]) / np.outer(stated, stated)
        found.append(Comparison("correlations", ours, theirs, 3 * size["error"]))
    for name, own_value in (("tau2", fit.tau2), ("sigma2", fit.sigma2)):
        theirs = expected.get(name)
        if own_value is None or theirs is None:
            found.append(Comparison(name, own_value, theirs, 0.0))
            continue
        both_zero = own_value < ZERO_TAU2 and theirs < ZERO_TAU2
        values = (0.0, 0.0) if both_zero else (own_value, theirs)
        found.append(Comparison(name, *values, size["variance"]))
    if expected.get("rho") is not None:
        found.append(Comparison("correlation", fit.correlation, expected["rho"], 5e-3))
    return found + [
        Comparison(name, getattr(fit, name.lower()), expected[name], 5e-3)
        for name in ("I2", "H2")
        if expected.get(name) is not None
    ]


def _heterogeneity(
    fit: GlmmFit, expected: dict[str, Any], size: dict[str, float]
) -> list[Comparison]:
    found = []
    if expected.get("QE_df") is None:
        # The exact conditional model's tests are missing in the reference; ours exist.
        return [Comparison("QE exists", fit.lr_heterogeneity is not None, True, 0.0)]
    test = fit.lr_heterogeneity
    if test is None:
        return [Comparison("QE_df", 0, expected["QE_df"], 0.0)]
    ratio = 1e-4 if fit.options.random_studies else 1e-6
    found = [
        Comparison("QE_df", test.df, expected["QE_df"], 0.0),
        Comparison("QE_LRT", test.statistic, expected["QE_LRT"], ratio),
        _log_p("QE_LRT_p", test.p, expected["QE_LRT_p"], ratio),
    ]
    wald = fit.wald_heterogeneity
    if wald is None or expected["QE_Wald"] is None:
        ours = None if wald is None else wald.statistic
        return [*found, Comparison("QE_Wald", ours, expected["QE_Wald"], 0.0)]
    return [
        *found,
        Comparison("QE_Wald", wald.statistic, expected["QE_Wald"], size["wald"]),
        _log_p("QE_Wald_p", wald.p, expected["QE_Wald_p"], size["wald"]),
    ]


def _moderator_test(
    fit: GlmmFit, given: dict[str, str], expected: dict[str, Any], size: dict[str, float]
) -> list[Comparison]:
    names = fit.design.names
    if "btt" in given:
        numbers = [int(n) for n in re.findall(r"\d+", given["btt"].replace(":", " to "))]
        if ":" in given["btt"]:
            numbers = list(range(numbers[0], numbers[1] + 1))
        places = [n - 1 for n in numbers]
    else:
        places = [i for i, name in enumerate(names) if name != "intercept"] or [0]
    part = fit.covariance[np.ix_(places, places)]
    chosen = tuple(names[i] for i in places)
    own = wald_test(fit.estimates[places], part, fit.df, chosen)
    if fit.moderators is not None and "btt" not in given and own != fit.moderators:
        raise NotOfferedError("the fit's own test of moderators is another one")
    df = [own.df] if np.isinf(own.df_residual) else [own.df, own.df_residual]
    return [
        Comparison("QM", own.statistic, expected["QM"], 2.0 * size["statistic"]),
        Comparison("QM_df", df, expected["QM_df"], 0.0),
        _log_p("QM_p", own.p, expected["QM_p"], size["statistic"]),
    ]


def _likelihood(fit: GlmmFit, expected: dict[str, Any]) -> list[Comparison]:
    stated, found = expected.get("fit_ML"), []
    if expected.get("marginal_logLik") is not None:
        theirs = expected["marginal_logLik"]
        points = None
        if fit.options.random or fit.options.random_studies:
            two = fit.options.random and fit.options.random_studies
            points = POINTS_OF_TWO if two else POINTS_OF_MARGINAL
        for name, beta, tau2, size in (
            ("there", expected["beta"], expected["tau2"], 1e-5),
            ("here", fit.estimates, fit.tau2, 1e-4),
        ):
            value = marginal_log_likelihood(fit, beta, tau2, points=points)
            found.append(Comparison(f"marginal logLik {name}", value, theirs, size))
    if stated is None:
        return found
    names = {
        "logLik": "log_likelihood", "deviance": "deviance", "AIC": "aic", "BIC": "bic",
        "AICc": "aicc",
    }  # fmt: skip
    size = 1e-4 if fit.options.random or fit.options.random_studies else 1e-6
    if fit.options.random:
        value = marginal_log_likelihood(fit, expected["beta"], expected["tau2"])
        near = 1e-4 if fit.options.random_studies else 1e-5  # Laplace, stopped early: see _sizes
        found.append(Comparison("logLik there", value, stated["logLik"], near))
    for theirs_name, ours_name in names.items():
        theirs = stated.get(theirs_name)
        criteria = theirs_name in ("AIC", "BIC", "AICc")
        # The reference has not always counted the correlation of its random effects.
        if theirs is None or (criteria and fit.options.correlated):
            continue
        found.append(Comparison(theirs_name, getattr(fit.likelihood, ours_name), theirs, size))
    return found


def _predictions(
    fit: GlmmFit, frame: pd.DataFrame, expected: dict[str, Any], size: dict[str, float]
) -> list[Comparison]:
    stated = expected.get("predict")
    if not stated:
        return []
    if fit.design.columns:
        if len(stated["pred"]) != fit.k:
            raise NotOfferedError("predictions at unknown moderators")
        own = glmm_predict(fit, frame.drop(index=fit.dropped.index))
    else:
        own = glmm_predict(fit)
    names = {
        "estimate": ("pred", 1), "std_error": ("se", 1), "ci_low": ("ci_lb", 3),
        "ci_high": ("ci_ub", 3), "prediction_low": ("pi_lb", 4), "prediction_high": ("pi_ub", 4),
    }  # fmt: skip
    return [
        Comparison(f"predicted {ours}", own[ours].to_numpy(), stated[theirs], times * size["error"])
        for ours, (theirs, times) in names.items()
        if ours in own and stated.get(theirs) is not None
    ]


ADAPTERS = {"rma.glmm": generalised}
