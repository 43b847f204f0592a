"""Reference files of small-study effects and selection: which of our calls answers which."""

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
from adapt_pairwise import TAU2
from comparison import Comparison, NotOfferedError
from scipy import stats

from evidence.effects.table import EffectTable, table_of
from evidence.models.bias.asymmetry import rank_test, regression_test
from evidence.models.bias.checks import FewStudiesWarning
from evidence.models.bias.corrected import henmi_copas, limit_meta_analysis, selection_ratio
from evidence.models.bias.events_asymmetry import COLUMNS, events_asymmetry
from evidence.models.bias.excess import excess_significance
from evidence.models.bias.fail_safe import fail_safe_n, with_null_results
from evidence.models.bias.p_uniform import p_uniform, p_uniform_star
from evidence.models.bias.pet_peese import pet_peese
from evidence.models.bias.selection import SelectionFit, selection_model
from evidence.models.bias.trim_fill import trim_and_fill
from evidence.models.frequentist.pool import pool

PREDICTORS = {
    "sei": "std_error",
    "vi": "variance",
    "ni": "size",
    "ninv": "inverse_size",
    "sqrtni": "root_size",
    "sqrtninv": "root_inverse_size",
}
MODELS = {"lm": "dispersion", "rma": "random", "fixed": "common"}
LINES = {"wls": "dispersion", "fe": "common", "reml": "random"}
LIMITS = {"beta0": "expectation", "betalim": "intercept", "mulim": "common"}
KINDS = {
    "stepfun": "step",
    "trunc": "truncated",
    "halfnorm": "half_normal",
    "negexp": "negative_exponential",
    "negexppow": "negative_exponential_power",
    "logistic": "logistic",
    "power": "power",
    "beta": "beta",
}
UNIFORM = {
    "p": "sum",
    "lnp": "fisher",
    "ln1minp": "fisher_complement",
    "ks": "kolmogorov_smirnov",
}
PLAIN = {
    "est": "estimate",
    "ci.lb": "ci_low",
    "ci.ub": "ci_high",
    "ksig": "significant",
    "L.0": "statistic",
    "pval.0": "p",
    "L.pb": "bias_statistic",
    "pval.pb": "bias_p",
    "est.fe": "common_estimate",
}
STAR = {
    "k": "k",
    "ksig": "significant",
    "est": "estimate",
    "ci.lb": "ci_low",
    "ci.ub": "ci_high",
    "L.0": "statistic",
    "pval.0": "p",
    "tau2": "tau2",
    "tau2.lb": "tau2_ci_low",
    "tau2.ub": "tau2_ci_high",
    "L.het": "tau2_statistic",
    "pval.het": "tau2_p",
}
METHODS = {"DL": "dersimonian_laird", "REML": "reml"}
REML = 1e-5  # their default stopping rule is inside some of the figures
LOOSE_DELTA, HUGE = 5e-3, 5.0
# Standard errors, and the test of tau2 = 0, where their integrals are too coarse: to the absolute
# precision of their quadrature, mean weights of 1e-12 (power weights of precise studies) are off
# by 3 percent, and a Hessian by differences is noise. With finite limits and a finer rule metafor
# itself comes to our figures.
NOISY = {"negative_exponential_power": (0.1, 2e-5), "power": (1e-3, 0.05)}


def table_from(fixture: dict[str, Any]) -> EffectTable:
    y = [row["yi"] for row in fixture["data"]]
    return table_of(y, np.sqrt([row["vi"] for row in fixture["data"]]))


def mapped(known: dict[str, str], word: str, fixture: dict[str, Any]) -> Any:
    if word not in known:
        raise NotOfferedError(f"{fixture['name']}: {word!r}; known: {', '.join(known)}")
    return known[word]


def quietly(call: Callable[..., Any], *args: Any, **options: Any) -> Any:
    """Call without the warning of few studies, which some data sets earn."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FewStudiesWarning)
        return call(*args, **options)


def pairs(
    prefix: str, expected: dict[str, Any], ours: dict[str, Any], tolerance: float
) -> list[Comparison]:
    return [
        Comparison(f"{prefix}.{name}", value, expected[name], tolerance)
        for name, value in ours.items()
        if name in expected
    ]


def regression(fixture: dict[str, Any]) -> list[Comparison]:
    found, table = [], table_from(fixture)
    for key, expected in fixture["expected"].items():
        kind, word = key.split("_")
        model, predictor = mapped(MODELS, kind, fixture), mapped(PREDICTORS, word, fixture)
        sizes = None if word in ("sei", "vi") else [row["ni"] for row in fixture["data"]]
        test = quietly(regression_test, table, predictor=predictor, model=model, sizes=sizes)
        ours = {
            "stat": test.statistic,
            "df": None if np.isinf(test.df) else test.df,
            "pval": test.p,
            "limit_estimate": test.limit,
            "limit_ci_lb": test.limit_low,
            "limit_ci_ub": test.limit_high,
            "coefficients": [test.intercept, test.slope],
            "se": [test.intercept_std_error, test.slope_std_error],
        }
        found += pairs(key, expected, ours, REML if kind == "rma" else 1e-7)
    return found


def rank(fixture: dict[str, Any]) -> list[Comparison]:
    test = quietly(rank_test, table_from(fixture))
    return pairs("rank", fixture["expected"], {"tau": test.tau, "pval": test.p}, 1e-7)


def filled(fixture: dict[str, Any]) -> list[Comparison]:
    method, found, table = fixture["options"]["method"], [], table_from(fixture)
    options: dict[str, Any] = {"model": "common"}
    if method not in ("FE", "EE", "CE"):
        tau2 = mapped(METHODS, method, fixture)
        options = {"model": "random", "tau2": tau2, "ci": "wald"}
    for key, expected in fixture["expected"].items():
        estimator, side = key.split("_")
        ours = quietly(trim_and_fill, table, estimator=estimator, side=side, **options)
        fit, h = ours.adjusted, ours.adjusted.heterogeneity
        figures = {
            "k0": ours.filled,
            "se_k0": ours.filled_std_error,
            "p_k0": ours.p,
            "beta": fit.estimate,
            "se": fit.std_error,
            "ci_lb": fit.ci_low,
            "ci_ub": fit.ci_high,
            "tau2": h.tau2 or 0.0,
            "QE": h.q,
            "filled_yi": sorted(ours.estimates) or None,
            "filled_vi": sorted(ours.variances) or None,
        }
        theirs = expected | {n: sorted(expected[n]) or None for n in ("filled_yi", "filled_vi")}
        found += pairs(key, theirs, figures, REML if method == "REML" else 1e-7)
        # In percent, and through their REML, which stops early.
        found.append(Comparison(f"{key}.I2", h.i2, expected["I2"], 1e-4))
        found.append(Comparison(f"{key}.side", ours.side == expected["side"], True, 0.0))
    return found


def fail_safe(fixture: dict[str, Any]) -> list[Comparison]:
    """Rosenthal, Orwin, Rosenberg, and the general number with its fit."""
    found, table = [], table_from(fixture)
    for key, expected in fixture["expected"].items():
        kind, alpha = key.split("_")[0], fixture["options"]["alpha"]
        options: dict[str, Any] = {"alpha": alpha}
        if kind == "orwin":
            target = expected["target"] if key.endswith("_target") else None
            options = {"target": target, "weighted": "_weighted_" in key}
        if kind == "general":
            found += _general(fixture, key, table, alpha)
            continue
        ours = fail_safe_n(table, kind=kind, **options)
        figures = {
            "fsnum": ours.number,
            "pval": ours.p,
            "estimate": ours.estimate,
            "target": ours.target,
        }
        found += pairs(key, expected, figures, 1e-7)
    return found


def _general(
    fixture: dict[str, Any], key: str, table: EffectTable, alpha: float
) -> list[Comparison]:
    """Their search may stop one above the least number; the fit is compared at theirs."""
    expected, words = fixture["expected"][key], key.split("_")
    target, number = expected["target"], expected["fsnum"]
    shared = {"tau2": mapped(TAU2, words[1].upper(), fixture), "exact": "exact" in words}
    only = {"alpha": alpha} if target is None else {"target": target}
    ours = fail_safe_n(table, kind="general", **only, **shared)
    fit = with_null_results(table, number, **shared)
    figures = {
        "estimate": ours.estimate,
        "estimate_with_filed": fit.estimate,
        "tau2_with_filed": fit.tau2,
        "p_with_filed": fit.p,
    }
    found = pairs(key, expected, figures, REML)
    return [*found, Comparison(f"{key}.fsnum", ours.number, number, 1.0 / max(1, number))]


def pet(fixture: dict[str, Any]) -> list[Comparison]:
    found, table = [], table_from(fixture)
    for key, expected in fixture["expected"].items():
        if key == "conditional_pet_peese":
            rule = quietly(pet_peese, table, direction=expected["direction"])
            found.append(Comparison(key, rule.estimate, expected["estimate"], 1e-7))
            continue
        kind, word = key.split("_", 1)
        if word not in ("sei", "vi"):
            raise NotOfferedError(f"{fixture['name']}: {key!r}")
        both = quietly(pet_peese, table, model=mapped(LINES, kind, fixture))
        test = both.pet if word == "sei" else both.peese
        b, se = [test.intercept, test.slope], [test.intercept_std_error, test.slope_std_error]
        ours = {"coefficients": b, "beta": b, "se": se, "tau2": test.tau2 or 0.0, "df": test.df}
        found += pairs(key, expected, ours, REML if kind == "reml" else 1e-7)
        low, high = expected["ci_lb"][0], expected["ci_ub"][0]
        for name, end, theirs in (("low", test.limit_low, low), ("high", test.limit_high, high)):
            found.append(Comparison(f"{key}.{name}", end, theirs, REML))
        if word == "sei":
            found.append(Comparison(f"{key}.pet_p", both.pet_p, expected["pval"][0], REML))
    return found


def excess(fixture: dict[str, Any]) -> list[Comparison]:
    found, table = [], table_from(fixture)
    for key, expected in fixture["expected"].items():
        side, alpha = key.removeprefix("random_").rsplit("_", 1)
        test = quietly(
            excess_significance,
            table,
            alternative=side.replace(".", "-"),
            alpha=float(alpha),
            model="random" if key.startswith("random_") else "common",
        )
        ours = {
            "theta": test.effect,
            "observed": test.observed,
            "expected": test.expected,
            "ratio": test.ratio,
            "X2": test.chi2,
            "p_chi2": test.p,
            "p_binomial": test.p_binomial,
            "power": test.power,
        }
        found += pairs(key, expected, ours, REML if key.startswith("random_") else 1e-7)
        # Theirs enumerates subsets and gives up on long tables; ours convolves and never does.
        if expected.get("p_exact") is not None:
            found.append(Comparison(f"{key}.p_exact", test.p_exact, expected["p_exact"], 1e-7))
        if "theta_limit" in expected:  # their root finder stops at the fourth digit
            limit = None if test.limit is None else [test.limit]
            theirs = None if expected["theta_limit"] == [None] else expected["theta_limit"]
            found.append(Comparison(f"{key}.theta_limit", limit, theirs, 3e-4))
    return found


def copas(fixture: dict[str, Any]) -> list[Comparison]:
    mean = henmi_copas(table_from(fixture))
    ours = {
        "beta": mean.estimate,
        "se": mean.std_error,
        "ci_lb": mean.ci_low,
        "ci_ub": mean.ci_high,
        "tau2": mean.tau2,
    }
    return pairs("hc", fixture["expected"], ours, 1e-4)


def limit(fixture: dict[str, Any]) -> list[Comparison]:
    if fixture["options"]["method"] != "DL":
        raise NotOfferedError(f"{fixture['name']}: method {fixture['options']['method']!r}")
    found, table = [], table_from(fixture)
    for key, expected in fixture["expected"].items():
        fit = quietly(limit_meta_analysis, table, method=mapped(LIMITS, key, fixture))
        ours = {
            "TE_adjust": fit.mean.estimate,
            "se": fit.mean.std_error,
            "lower": fit.mean.ci_low,
            "upper": fit.mean.ci_high,
            "pval": fit.mean.p,
            "alpha_r": fit.intercept,
            "beta_r": fit.slope,
            "Q": fit.q,
            "Q_small": fit.q_small,
            "Q_resid": fit.q_residual,
            "G2": fit.g2,
            "TE_limit": fit.limits,
        }
        found += pairs(key, expected, ours, 1e-7)
    return found


def events(fixture: dict[str, Any]) -> list[Comparison]:
    scales = {"OR": "odds_ratio", "ASD": "arcsine", "AS": "arcsine"}
    scale = mapped(scales, fixture["options"]["measure"], fixture)
    columns = dict(zip(("ai", "n1i", "ci", "n2i"), COLUMNS, strict=True))
    frame, found = pd.DataFrame(fixture["data"]).rename(columns=columns), []
    for key, expected in fixture["expected"].items():
        test = quietly(events_asymmetry, frame, method=key, scale=scale)
        ours = {
            "stat": test.statistic,
            "df": None if np.isinf(test.df) else test.df,
            "pval": test.p,
            "bias": test.bias,
            "se_bias": test.std_error,
        }
        found += pairs(key, expected, ours, REML if key == "thompson" else 1e-7)
    return found


def ratio(fixture: dict[str, Any]) -> list[Comparison]:
    found, table, options = [], table_from(fixture), fixture["options"]
    favours = "greater" if options["favor_positive"] else "less"
    for key, expected in fixture["expected"].items():
        kind, eta = key.split("_")
        model = mapped({"fixed": "common", "robust": "random"}, kind, fixture)
        alpha = options["alpha_select"]
        mean = quietly(
            selection_ratio, table, float(eta), favours=favours, alpha=alpha, model=model
        )
        ours = {
            "estimate": mean.estimate,
            "se": mean.std_error,
            "ci_lower": mean.ci_low,
            "ci_upper": mean.ci_high,
            "p_value": mean.p,
        }
        # Their tau2 is searched to metafor's default of the fifth digit.
        found += pairs(key, expected, ours, 1e-4 if kind == "robust" else 1e-7)
    return found


def uniform(fixture: dict[str, Any]) -> list[Comparison]:
    """p-uniform and p-uniform*; left out: how their search went (``approx``, ``ext.lb``)."""
    options, found, table = fixture["options"], [], table_from(fixture)
    shared = {
        "favours": mapped({"right": "greater", "left": "less"}, options["side"], fixture),
        "alpha": options["alpha"],
    }
    for key, expected in fixture["expected"].items():
        if key == "puni_star_ml":
            ours = vars_of(quietly(p_uniform_star, table, **shared), STAR)
        else:
            method = mapped(UNIFORM, key.removeprefix("puniform_"), fixture)
            one = quietly(p_uniform, table, method=method, **shared)
            ours = vars_of(one, PLAIN) | _common(table, shared["favours"])
        found += pairs(key, expected, ours, 1e-4)
    return found


def vars_of(record: object, names: dict[str, str]) -> dict[str, Any]:
    return {theirs: getattr(record, ours) for theirs, ours in names.items()}


def _common(table: EffectTable, favours: str) -> dict[str, Any]:
    fit = pool(table, model="common")
    row, spread = fit.terms.iloc[0], fit.heterogeneity
    z = row["statistic"] if favours == "greater" else -row["statistic"]
    return {
        "se.fe": fit.std_error,
        "zval.fe": row["statistic"],
        "pval.fe": stats.norm.sf(z),
        "ci.lb.fe": fit.ci_low,
        "ci.ub.fe": fit.ci_high,
        "Qstat": spread.q,
        "Qpval": spread.p,
    }


def selected(fixture: dict[str, Any]) -> list[Comparison]:
    options, expected = fixture["options"], fixture["expected"]
    v, word = np.array([row["vi"] for row in fixture["data"]]), options["precision_measure"]
    formulas = {None: None, "~ sqrt(vi)": np.sqrt(v), "~ vi": v}
    if options["formula"] not in formulas:
        raise NotOfferedError(f"{fixture['name']}: formula {options['formula']!r}")
    if options["method"] not in ("ML", "EE", "FE", "CE"):
        raise NotOfferedError(f"{fixture['name']}: method {options['method']!r}")
    fit = quietly(
        selection_model,
        table_from(fixture),
        kind=mapped(KINDS, options["type"], fixture),
        steps=options["steps"] if options["type"] == "stepfun" else None,
        weights=options["fixed_delta"],
        alternative=options["alternative"].replace(".", "-"),
        model="random" if options["method"] == "ML" else "common",
        precision=None if word is None else mapped(PREDICTORS, word, fixture),
        sizes=[row["ni"] for row in fixture["data"]] if word in ("ninv", "sqrtninv") else None,
        moderators=formulas[options["formula"]],
    )
    return _selected(fit, expected)


def _selected(fit: SelectionFit, expected: dict[str, Any]) -> list[Comparison]:
    error, spread = NOISY.get(fit.kind, (1e-3, 2e-5))
    figures = (
        ("beta", fit.coefficients, 1e-4),
        ("se", fit.std_errors, error),
        ("ci_lb", fit.ci_low, error),
        ("ci_ub", fit.ci_high, error),
        ("pval", fit.p, error),
        ("tau2", fit.tau2 or 0.0, 1e-4),
        ("LRT_selection", fit.selection_chi2, 2e-5),
        ("LRT_selection_df", fit.selection_df, 0.0),
        ("LRT_selection_p", fit.selection_p, 1e-5),
        ("LRT_tau2", fit.tau2_chi2, spread),
        ("LRT_tau2_p", fit.tau2_p, spread),
    )
    found = [Comparison(name, ours, expected[name], t) for name, ours, t in figures]
    if fit.tau2_std_error is not None or expected["se_tau2"] is not None:
        found.append(Comparison("se_tau2", fit.tau2_std_error, expected["se_tau2"], error))
    found += _deltas(fit, expected, error)
    likelihood, theirs = fit.likelihood, expected["fit_ML"]
    for name, value in (
        ("logLik", likelihood.log_likelihood),
        ("AIC", likelihood.aic),
        ("BIC", likelihood.bic),
        ("AICc", likelihood.aicc),
    ):
        found.append(Comparison(name, value, theirs[name], 1e-6))
    return found


def _deltas(fit: SelectionFit, expected: dict[str, Any], error: float) -> list[Comparison]:
    """Compare the deltas and their errors; loosely at a bound or where the error is huge."""
    skip = len(fit.deltas) - len(expected["delta"])
    found = [Comparison("delta", fit.deltas[skip:], expected["delta"], LOOSE_DELTA)]
    both = zip(fit.delta_std_errors[skip:], expected["se_delta"], expected["delta"], strict=True)
    for i, (ours, theirs, delta) in enumerate(both):
        loose = theirs is not None and (delta < 1e-6 or theirs > HUGE)
        tolerance = max(error, LOOSE_DELTA) if loose else error
        found.append(Comparison(f"se_delta {i + 1}", ours, theirs, tolerance))
    return found


ADAPTERS: dict[str, Callable[[dict[str, Any]], list[Comparison]]] = {
    "regtest": regression,
    "ranktest": rank,
    "trimfill": filled,
    "fsn": fail_safe,
    "lm, rma": pet,
    "tes": excess,
    "hc": copas,
    "limitmeta": limit,
    "metabias": events,
    "pubbias_meta": ratio,
    "selmodel": selected,
    "puniform, puni_star": uniform,
}
