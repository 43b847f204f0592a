"""Reference files of meta-regression: which of our calls answers which of theirs."""

import re
from typing import Any

import formulaic
import numpy as np
import pandas as pd
from adapt_pairwise import INTERVAL_KINDS, ITERATED, TAU2, ZERO_TAU2, statistics_pairs
from comparison import Comparison, NotOfferedError

from evidence.effects.table import EffectTable, table_of
from evidence.models.frequentist.fit import PooledFit
from evidence.models.frequentist.pool import pool
from evidence.models.regression.fit import RegressionFit, WaldTest
from evidence.models.regression.likelihood_ratio import likelihood_ratio_test
from evidence.models.regression.location_scale import LocationScaleFit, location_scale
from evidence.models.regression.permutation import permutation_test
from evidence.models.regression.regression import meta_regression
from evidence.models.regression.wald import linear_hypotheses, omnibus_test, predict

TESTS = {"z": "z", "t": "t", "knha": "knapp_hartung", "adhoc": "knapp_hartung_floored"}
KNOWN = {
    "measure", "formula", "method", "test", "btt", "dummy_coding", "extra", "scale", "link",
    "level",
}  # fmt: skip
COEFFICIENT = {
    "estimate": "beta", "std_error": "se", "statistic": "stat", "p": "pval", "ci_low": "ci_lb",
    "ci_high": "ci_ub",
}  # fmt: skip
CLOSED_TOLERANCE, ITERATED_TOLERANCE = 1e-8, 1e-6


def rma_with_moderators(fixture: dict[str, Any]) -> list[Comparison]:
    """Compare ``rma.uni`` with moderators of the effect, or of its spread too."""
    options = fixture["options"]
    unknown = set(options) - KNOWN
    if unknown:
        raise NotOfferedError(f"{fixture['name']}: options {sorted(unknown)}")
    return _scale(fixture) if "scale" in options else _regression(fixture)


def statistics_fit(fixture: dict[str, Any], formula: str) -> PooledFit | RegressionFit:
    """Fit one formula of a file of fit statistics."""
    table, frame = prepared(fixture, formula)
    method = fixture["options"]["method"]
    if method not in TAU2 and method not in ("FE", "EE", "CE"):
        raise NotOfferedError(f"{fixture['name']}: method {method!r}")
    if formula.replace(" ", "") == "~1":
        only = {"tau2": TAU2[method]} if method in TAU2 else {"model": "common"}
        return pool(table, **only)
    return meta_regression(table, **moderators_of(formula, frame), tau2=TAU2.get(method), test="z")


def our_formula(text: str) -> str:
    text = re.sub(r"\bfactor\(", "C(", text).replace("^", "**")
    return re.sub(r"\b(sqrt|log|exp)\(", r"np.\1(", text)


def prepared(fixture: dict[str, Any], *formulas: str) -> tuple[EffectTable, pd.DataFrame]:
    """Return the complete rows, as the reference uses them."""
    frame = pd.DataFrame(fixture["data"])
    used = {"yi", "vi"}
    for formula in formulas:
        parsed = formulaic.Formula(our_formula(formula).removeprefix("~"))
        used |= {str(name) for name in parsed.required_variables}
    frame = frame.dropna(subset=sorted(used)).reset_index(drop=True)
    return table_of(frame["yi"], np.sqrt(frame["vi"])), frame


def moderators_of(formula: str, frame: pd.DataFrame) -> dict[str, Any]:
    """Moderators as a formula; where columns depend on each other, as those the reference keeps."""
    text = our_formula(formula)
    matrix = formulaic.Formula(text.removeprefix("~")).get_model_matrix(frame)
    columns = np.asarray(matrix, dtype=float)
    kept: list[int] = []
    for j in range(columns.shape[1]):
        if np.linalg.matrix_rank(columns[:, [*kept, j]]) > len(kept):
            kept.append(j)
    if len(kept) == columns.shape[1]:
        return {"moderators": text, "data": frame}
    if matrix.columns[0] != "Intercept":
        raise NotOfferedError(f"dependent columns without an intercept: {formula}")
    numbers = {str(matrix.columns[j]): columns[:, j] for j in kept[1:]}
    return {"moderators": pd.DataFrame(numbers)}


def options_from(fixture: dict[str, Any], frame: pd.DataFrame, test: str) -> dict[str, Any]:
    options = fixture["options"]
    method = options["method"]
    if test not in TESTS or (method not in TAU2 and method not in ("FE", "EE", "CE")):
        raise NotOfferedError(f"{fixture['name']}: method {method!r}, test {test!r}")
    found: dict[str, Any] = {"tau2": TAU2.get(method), "test": TESTS[test]}
    found["level"] = options.get("level", 95) / 100
    for name, value in (options.get("extra") or {}).items():
        if name == "weighted" and value == "FALSE":
            found["weights"] = "equal"
        elif name == "weights":
            found["weights"] = frame[value].to_numpy()
        elif name == "tau2":
            found["tau2"] = float(value)
        else:
            raise NotOfferedError(f"{fixture['name']}: {name}={value}")
    return found


def tolerance_of(method: str) -> float:
    return ITERATED_TOLERANCE if method in ITERATED else CLOSED_TOLERANCE


Pairs = list[tuple[str, object, object]]


def _regression(fixture: dict[str, Any]) -> list[Comparison]:
    stated, expected = fixture["options"], fixture["expected"]
    table, frame = prepared(fixture, stated["formula"])
    options = options_from(fixture, frame, stated["test"])
    design = moderators_of(stated["formula"], frame)
    fit = meta_regression(table, **design, **options)
    pairs = _coefficients(fit.terms, expected, "")
    if "df" in expected:
        pairs.append(("df", float(fit.df), expected["df"][0]))
    pairs += _residual(fit, expected)
    chosen = [fit.design.names[i - 1] for i in expected["btt"]]
    pairs += _wald(omnibus_test(fit, chosen), expected, "QM")
    if not stated["btt"] and fit.moderators is not None:
        pairs += _wald(fit.moderators, expected, "QM")
    pairs += [
        ("covariance", fit.covariance, expected["vcov"]),
        ("fitted", fit.fitted.to_numpy(), expected["fitted"]),
        ("residuals", fit.rows["residual"].to_numpy(), expected["residuals"]),
    ]
    names = {"residual": "resid", "residual_std_error": "se", "standardised": "z"}
    pairs += [
        (f"rstandard {a}", fit.rows[a].to_numpy(), expected["rstandard"][b])
        for a, b in names.items()
    ]
    for name, own in (("ML", fit.full_likelihood), ("REML", fit.restricted_likelihood)):
        pairs += statistics_pairs(own, expected["fit"][name], name)
    if expected.get("predict"):
        pairs += _predictions(fit, expected["predict"])
    tolerance = tolerance_of(stated["method"])
    found = [Comparison(*pair, tolerance) for pair in pairs]
    for kind, theirs in expected.get("tau2_ci", {}).items():
        if kind not in INTERVAL_KINDS:
            raise NotOfferedError(f"{fixture['name']}: interval of tau2 {kind!r}")
        other = meta_regression(table, **design, **options, tau2_interval=INTERVAL_KINDS[kind])
        found += _interval(other, theirs, kind)
    return found


def _coefficients(own: pd.DataFrame, stated: dict[str, Any], suffix: str) -> Pairs:
    names = {
        a: (b if not suffix else {"beta": "alpha"}.get(b, b + suffix))
        for a, b in COEFFICIENT.items()
    }
    return [(a, own[a].to_numpy(dtype=float), stated[b]) for a, b in names.items()]


def _residual(fit: RegressionFit, stated: dict[str, Any]) -> Pairs:
    own = fit.heterogeneity
    pairs: Pairs = [
        ("QE", own.q, stated["QE"]),
        ("QE df", own.df, stated["QE_df"]),
        ("QE p", own.p, stated["QE_p"]),
        ("tau2", fit.tau2, stated["tau2"]),
    ]
    if fit.tau2_method is None or max(fit.tau2, stated["tau2"]) >= ZERO_TAU2:
        pairs += [("I2", own.i2, stated["I2"]), ("H2", own.h2, stated["H2"])]
    if fit.tau2_method not in (None, "fixed"):
        pairs.append(("tau2_std_error", own.tau2_std_error, stated["se_tau2"]))
    if fit.r2 is not None:
        pairs.append(("R2", fit.r2, stated["R2"]))
    return pairs


def _wald(own: WaldTest, stated: dict[str, Any], name: str) -> Pairs:
    df = [own.df] if np.isinf(own.df_residual) else [own.df, own.df_residual]
    return [
        (name, own.statistic, stated[name]),
        (f"{name} df", df, stated[f"{name}_df"]),
        (f"{name} p", own.p, stated[f"{name}_p"]),
    ]


def _predictions(fit: RegressionFit, stated: dict[str, Any]) -> Pairs:
    new = pd.DataFrame(stated["newmods"], columns=stated["newmods_columns"])
    own = predict(fit, new)
    names = {"estimate": "pred", "std_error": "se", "ci_low": "ci_lb", "ci_high": "ci_ub"}
    if stated["pi_lb"] is not None:
        names |= {"prediction_low": "pi_lb", "prediction_high": "pi_ub"}
    elif "prediction_low" in own:
        raise NotOfferedError("a prediction interval that the reference does not have")
    return [(f"predict {a}", own[a].to_numpy(), stated[b]) for a, b in names.items()]


def _interval(fit: RegressionFit, stated: dict[str, Any], kind: str) -> list[Comparison]:
    own = fit.heterogeneity
    ends = {
        "tau2": (own.tau2_ci_low, own.tau2_ci_high),
        "I2": (own.i2_ci_low, own.i2_ci_high),
        "H2": (own.h2_ci_low, own.h2_ci_high),
    }
    # Their root finder stops within 1.2e-4 of a generalised-Q end; I2 and H2 are made of it.
    slack = 1.0 if own.typical_variance is None else 100.0 / own.typical_variance
    wide = {"tau2": 1.3e-4, "I2": 1.3e-4 * slack, "H2": 1.3e-4 * slack}
    close = {"QP": 1e-6, "PL": 1e-5}.get(kind)
    return [
        Comparison(f"{kind} {name} {side}", end, stated[name][side], close or wide[name])
        for name, pair in ends.items()
        for side, end in zip(("lb", "ub"), pair, strict=True)
    ]


def _scale(fixture: dict[str, Any]) -> list[Comparison]:
    stated, expected = fixture["options"], fixture["expected"]
    if stated["method"] not in ("REML", "ML") or stated["test"] not in ("z", "t"):
        raise NotOfferedError(f"{fixture['name']}: {stated}")
    table, frame = prepared(fixture, stated["formula"], stated["scale"])
    fit = location_scale(
        table,
        our_formula(stated["formula"]),
        our_formula(stated["scale"]),
        data=frame,
        method=TAU2[stated["method"]],
        link=stated["link"],
        test=stated["test"],
        level=stated.get("level", 95) / 100,
    )
    return _scale_pairs(fit, expected)


def _scale_pairs(fit: LocationScaleFit, expected: dict[str, Any]) -> list[Comparison]:
    pairs = _coefficients(fit.terms, expected, "")
    scale = [(f"scale {a}", b, c) for a, b, c in _coefficients(fit.scale_terms, expected, "_alpha")]
    pairs.append(("tau2", fit.tau2.to_numpy(), expected["tau2"]))
    pairs += [("QE", fit.residual.q, expected["QE"]), ("QE p", fit.residual.p, expected["QE_p"])]
    if fit.moderators is not None:
        pairs += _wald(fit.moderators, expected, "QM")
    if fit.scale_moderators is not None:
        scale += _wald(fit.scale_moderators, expected, "QS")
    scale.append(("scale covariance", fit.scale_covariance, expected["vcov_alpha"]))
    fits = [
        ("ML", fit.full_likelihood, "maximum_likelihood"),
        ("REML", fit.restricted_likelihood, "reml"),
    ]
    # Coefficients and tau2 to 1e-4; what is made of standard errors as these are, to 1e-3.
    close = ("estimate", "tau2", "QE", "QE p", "scale estimate")
    found = [Comparison(*pair, 1e-4 if pair[0] in close else 1e-3) for pair in pairs + scale]
    for name, own, method in fits:
        # Only the likelihood that was maximised is flat at the estimates.
        tolerance = 1e-7 if fit.method == method else 1e-4
        found += [
            Comparison(*pair, tolerance)
            for pair in statistics_pairs(own, expected["fit"][name], name)
        ]
    return found


def anova(fixture: dict[str, Any]) -> list[Comparison]:
    """Compare ``anova`` of two fits, a Wald test, and linear hypotheses."""
    stated, expected = fixture["options"], fixture["expected"]
    if set(stated) - {"full", "reduced", "method", "measure"} or stated["method"] != "ML":
        raise NotOfferedError(f"{fixture['name']}: {stated}")
    table, frame = prepared(fixture, stated["full"], stated["reduced"])
    full, reduced = (
        meta_regression(
            table, **moderators_of(stated[name], frame), tau2="maximum_likelihood", test="z"
        )
        for name in ("full", "reduced")
    )
    own = likelihood_ratio_test(full, reduced)
    wald = omnibus_test(full, [full.design.names[1]])
    pairs: Pairs = [
        ("LRT", own.statistic, expected["LRT"]),
        ("df", own.df, expected["df"]),
        ("p", own.p, expected["pval"]),
        ("R2", own.r2, expected["R2"]),
        ("full", full.full_likelihood.log_likelihood, expected["logLik_full"]),
        ("reduced", reduced.full_likelihood.log_likelihood, expected["logLik_reduced"]),
        ("full AICc", full.full_likelihood.aicc, expected["AICc_full"]),
        ("reduced AICc", reduced.full_likelihood.aicc, expected["AICc_reduced"]),
    ]
    if "wald_btt2" in expected:
        pairs += [
            ("Wald", wald.statistic, expected["wald_btt2"]["QM"]),
            ("Wald df", wald.df, expected["wald_btt2"]["df"]),
            ("Wald p", wald.p, expected["wald_btt2"]["p"]),
        ]
    if "linear_hypotheses" in expected:
        theirs = expected["linear_hypotheses"]
        lines = linear_hypotheses(full, theirs["X"])
        names = {"estimate": "estimate", "std_error": "se", "statistic": "z", "p": "p"}
        pairs += [(f"line {a}", lines[a].to_numpy(), theirs[b]) for a, b in names.items()]
    return [Comparison(*pair, ITERATED_TOLERANCE) for pair in pairs]


def permutest(fixture: dict[str, Any]) -> list[Comparison]:
    """Compare ``permutest(exact = TRUE)``."""
    stated, expected = fixture["options"], fixture["expected"]
    if stated.get("exact") is not True:
        raise NotOfferedError(f"{fixture['name']}: random orderings are theirs alone")
    table, frame = prepared(fixture, stated["formula"])
    options = options_from(fixture, frame, stated["test"])
    fit = meta_regression(table, **moderators_of(stated["formula"], frame), **options)
    own = permutation_test(fit)
    tolerance = tolerance_of(stated["method"])
    return [
        Comparison("iterations", own.iterations, expected["iterations"], 0.0),
        Comparison("p", own.terms["p"].to_numpy(), expected["pval"], 1e-12),
        Comparison("p of all", own.p, expected["QM_p"], 1e-12),
        Comparison("statistic", own.terms["statistic"].to_numpy(), expected["stat"], tolerance),
        Comparison("statistic of all", own.statistic, expected["QM"], tolerance),
    ]


ADAPTERS = {"anova.rma": anova, "permutest": permutest}
