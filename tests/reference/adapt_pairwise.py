"""Reference files of pairwise meta-analysis: which of our calls answers which of theirs."""

from typing import Any

import numpy as np
from comparison import Comparison, NotOfferedError

from evidence.effects.table import EffectTable, table_of
from evidence.models.frequentist.fit import FitStatistics, PooledFit
from evidence.models.frequentist.kernels import h2_of, i2_of
from evidence.models.frequentist.pool import pool
from evidence.models.frequentist.prediction import prediction_interval
from evidence.models.frequentist.ratio import i2_from_q
from evidence.models.frequentist.shrinkage import shrunken_effects
from evidence.models.frequentist.subgroups import subgroups

TAU2 = {
    "REML": "reml",
    "ML": "maximum_likelihood",
    "PM": "paule_mandel",
    "PMM": "paule_mandel_median",
    "EB": "empirical_bayes",
    "DL": "dersimonian_laird",
    "DLIT": "dersimonian_laird_iterated",
    "HE": "hedges",
    "HS": "hunter_schmidt",
    "HSk": "hunter_schmidt_corrected",
    "SJ": "sidik_jonkman",
    "GENQ": "generalised_q",
}
CI = {"z": "wald", "t": "t", "knha": "hartung_knapp", "adhoc": "hartung_knapp_floored"}
# Closed forms agree to rounding; the others to the reference's stopping rule.
ITERATED = ("REML", "ML", "PM", "PMM", "EB", "DLIT")
ZERO_TAU2 = 1e-6  # where both are below it, neither search can tell tau2 from 0
INTERVAL_KINDS = {"QP": "q_profile", "PL": "profile_likelihood", "GENQ": "generalised_q"}
INTERVAL_TOLERANCE = {"QP": 1e-6, "PL": 1e-5}
GENQ_TOLERANCE = 1.3e-4  # their root finder's default, on the scale of tau2
# Their Paule-Mandel stops at the fourth digit (its generalised Q misses k - 1 there); the metafor
# files have the same figures to 1e-12.
METAGEN_TOLERANCE = {"PM": 3e-4} | dict.fromkeys(("DL", "HE", "HS", "SJ"), 1e-9)  # else 1e-6
METAGEN_PREDICTION = {
    "HTS": ("wald", "k-2"),
    "V": ("wald", "k-1"),
    "S": ("wald", "normal"),
    "HK": ("hartung_knapp", "k-1"),
    "HK-PR": ("hartung_knapp", "k-2"),
}
METAGEN_CI = {
    ("classic", ""): "wald",
    ("HK", ""): "hartung_knapp",
    ("HK", "se"): "hartung_knapp_floored",
    ("HK", "ci"): "hartung_knapp_wider",
    ("HK", "IQWiG6"): "hartung_knapp_checked",
}


def table_from(fixture: dict[str, Any]) -> EffectTable:
    y = [row["yi"] for row in fixture["data"]]
    v = [row["vi"] for row in fixture["data"]]
    return table_of(y, np.sqrt(v), labels=[str(row["id"]) for row in fixture["data"]])


def options_of(fixture: dict[str, Any], test: str) -> dict[str, Any]:
    """Return our keywords for a metafor call; what they do not cover is not offered."""
    stated = fixture["options"]
    unknown = set(stated) - {
        "measure",
        "model",
        "method",
        "test",
        "level",
        "extra",
        "order",
        "order_of_rows",
    }
    if unknown:
        raise NotOfferedError(f"{fixture['name']}: options {sorted(unknown)}")
    method, level = stated["method"], stated.get("level", 95) / 100
    if method in ("EE", "FE", "CE"):
        found = {"model": "common", "ci": CI[test], "level": level}
    elif method in TAU2:
        found = {"tau2": TAU2[method], "ci": CI[test], "level": level}
    else:
        raise NotOfferedError(f"{fixture['name']}: method {method!r}")
    for name, value in (stated.get("extra") or {}).items():
        if name == "weights":
            found["weights"] = [row[value] for row in fixture["data"]]
        elif name == "weighted" and value == "FALSE":
            found["weights"] = "equal"
        elif name == "tau2":
            found["tau2"] = float(value)
        else:
            raise NotOfferedError(f"{fixture['name']}: {name}={value}")
    return found


def rma_uni(fixture: dict[str, Any]) -> list[Comparison]:
    """Compare ``rma.uni`` with ``predict``, ``confint`` and ``blup``; moderators: elsewhere."""
    if "formula" in fixture["options"]:
        from adapt_regression import rma_with_moderators

        return rma_with_moderators(fixture)
    table, expected = table_from(fixture), fixture["expected"]
    options = options_of(fixture, fixture["options"]["test"])
    fit = pool(table, **options)
    tolerance = 1e-7 if fixture["options"]["method"] in ITERATED else 1e-9
    found: list[Comparison] = []
    pairs = _coefficient(fit, expected, "") + _spread(fit, expected)
    pairs.append(("weights", fit.weights.to_numpy(), expected["weights_percent"]))
    for name, likelihood in (("ML", fit.full_likelihood), ("REML", fit.restricted_likelihood)):
        pairs += statistics_pairs(likelihood, expected["fit"][name], name)
    if "predict" in expected:
        pairs += _predict(fit, expected)
    if "blup" in expected:
        own, stated = shrunken_effects(fit), expected["blup"]
        for ours, theirs in (
            ("effect", "pred"), ("std_error", "se"), ("low", "pi_lb"), ("high", "pi_ub"),
        ):  # fmt: skip
            # Ends near 0 carry the absolute error of an iterative tau2, not its relative one.
            pair = (f"blup {ours}", own[ours].to_numpy(), stated[theirs])
            found.append(Comparison(*pair, tolerance, relative=tolerance <= 1e-9))
    for test, stated in expected["by_test"].items():
        other = pool(table, **options_of(fixture, test))
        pairs += _coefficient(other, stated, f"{test} ")
        pairs += _prediction_ends(other, stated, f"{test} ")
    found += [Comparison(*pair, tolerance, relative=True) for pair in pairs]
    for kind, stated in expected.get("tau2_ci", {}).items():
        other = pool(table, **options, tau2_interval=INTERVAL_KINDS[kind])
        found += _genq(other, stated) if kind == "GENQ" else _tau2_interval(other, stated, kind)
    return found


Pair = tuple[str, object, object]


def _coefficient(fit: PooledFit, stated: dict[str, Any], prefix: str) -> list[Pair]:
    row = fit.terms.iloc[0]
    names = {
        "estimate": "beta", "std_error": "se", "statistic": "stat", "p": "pval",
        "ci_low": "ci_lb", "ci_high": "ci_ub",
    }  # fmt: skip
    if "df" in stated:
        names["df"] = "df"
    return [(prefix + ours, row[ours], stated[theirs]) for ours, theirs in names.items()]


def _spread(fit: PooledFit, stated: dict[str, Any]) -> list[Pair]:
    own = fit.heterogeneity
    pairs: list[Pair] = [
        ("q", own.q, stated["QE"]),
        ("q df", own.df, stated["QE_df"]),
        ("q p", own.p, stated["QE_p"]),
    ]
    if own.tau2 is None or max(own.tau2, stated["tau2"]) >= ZERO_TAU2:
        pairs += [("i2", own.i2, stated["I2"]), ("h2", own.h2, stated["H2"])]
    if own.tau2 is not None:
        if max(own.tau2, stated["tau2"]) >= ZERO_TAU2:
            pairs.append(("tau2", own.tau2, stated["tau2"]))
        if fit.tau2_method != "fixed":  # a stated tau2 has no standard error, they print one
            pairs.append(("tau2_std_error", own.tau2_std_error, stated["se_tau2"]))
    return pairs


def statistics_pairs(own: FitStatistics | None, stated: dict[str, float], name: str) -> list[Pair]:
    assert own is not None
    names = {
        "log_likelihood": "logLik", "deviance": "deviance", "aic": "AIC", "bic": "BIC",
        "aicc": "AICc",
    }  # fmt: skip
    return [(f"{name} {a}", getattr(own, a), stated[b]) for a, b in names.items()]


def _predict(fit: PooledFit, expected: dict[str, Any]) -> list[Pair]:
    # Theirs spends one of the degrees of freedom on tau2 only where tau2 is estimated; the df that
    # the file states beside the ends takes it off always.
    estimated = fit.tau2_method != "fixed"
    normal = prediction_interval(fit, "normal")
    t = prediction_interval(fit, "k-2" if estimated else "k-1")
    stated, stated_t = expected["predict"], expected["predict_t_km2"]
    df: list[Pair] = [("prediction df", t.df, stated_t["df"])] if estimated else []
    return [
        *df,
        ("prediction low, normal", normal.low, stated["pi_lb"]),
        ("prediction high, normal", normal.high, stated["pi_ub"]),
        ("prediction low, k-2", t.low, stated_t["pi_lb"]),
        ("prediction high, k-2", t.high, stated_t["pi_ub"]),
    ]


def _prediction_ends(fit: PooledFit, stated: dict[str, Any], prefix: str) -> list[Pair]:
    own = fit.prediction
    return [
        (f"{prefix}prediction low", None if own is None else own.low, stated["pi_lb"]),
        (f"{prefix}prediction high", None if own is None else own.high, stated["pi_ub"]),
    ]


def _tau2_interval(fit: PooledFit, stated: dict[str, Any], kind: str) -> list[Comparison]:
    own = fit.heterogeneity
    assert own.tau2_ci_low is not None
    assert own.tau2_ci_high is not None
    ends = {
        "tau2": (own.tau2_ci_low, own.tau2_ci_high),
        "tau": (np.sqrt(own.tau2_ci_low), np.sqrt(own.tau2_ci_high)),
        "I2": (own.i2_ci_low, own.i2_ci_high),
        "H2": (own.h2_ci_low, own.h2_ci_high),
    }
    return [
        Comparison(f"{kind} {name} {side}", end, stated[name][side], INTERVAL_TOLERANCE[kind], True)
        for name, pair in ends.items()
        for side, end in zip(("lb", "ub"), pair, strict=True)
    ]


def _genq(fit: PooledFit, stated: dict[str, Any]) -> list[Comparison]:
    """Compare generalised-Q ends as far as theirs were searched.

    They stop within 1.2e-4 of the root, so tau2 is compared at that, and I2 and H2 by what ours
    are at their tau2.
    """
    own = fit.heterogeneity
    assert own.typical_variance is not None
    s2, found = np.asarray(own.typical_variance), []
    for side, end in (("lb", own.tau2_ci_low), ("ub", own.tau2_ci_high)):
        theirs = np.asarray(stated["tau2"][side])
        found += [
            Comparison(f"GENQ tau2 {side}", end, theirs, GENQ_TOLERANCE),
            Comparison(f"GENQ I2 {side}", i2_of(theirs, s2), stated["I2"][side], 1e-9),
            Comparison(f"GENQ H2 {side}", h2_of(theirs, s2), stated["H2"][side], 1e-9),
        ]
    return found


def metagen(fixture: dict[str, Any]) -> list[Comparison]:
    """Compare ``metagen``: both models, prediction, Q, and I2 and H from Q.

    Its ends of the tau2 interval are left out: they carry the four digits of a root finder's
    default tolerance, and the metafor files have the same interval in full.
    """
    stated, expected = fixture["options"], fixture["expected"]
    if "subgroup" in stated:
        return _subgroups(fixture)
    kind = METAGEN_CI.get((stated["interval"], stated["adhoc_correction"]))
    if kind is None or stated["prediction"] not in METAGEN_PREDICTION:
        raise NotOfferedError(f"{fixture['name']}: {stated}")
    if stated["method"] not in TAU2:
        raise NotOfferedError(f"{fixture['name']}: {stated}")
    tolerance, tau2 = METAGEN_TOLERANCE.get(stated["method"], 1e-6), TAU2[stated["method"]]
    table = table_from(fixture)
    common, fit = pool(table, model="common"), pool(table, tau2=tau2, ci=kind)
    ci, df = METAGEN_PREDICTION[stated["prediction"]]
    new = prediction_interval(pool(table, tau2=tau2, ci=ci), df)
    iterated = _metagen_model(fit, expected["random"], "random ")
    iterated += [
        ("prediction low", new.low, expected["predict"]["lower"]),
        ("prediction high", new.high, expected["predict"]["upper"]),
        ("prediction df", new.df, expected["predict"]["df"]),
        ("tau2", fit.heterogeneity.tau2, expected["tau2"]),
    ]
    found = common.heterogeneity
    assert found.i2 is not None
    assert found.h2 is not None
    closed = _metagen_model(common, expected["common"], "common ")
    closed += [
        ("q", found.q, expected["Q"]),
        ("q df", found.df, expected["Q_df"]),
        ("q p", found.p, expected["Q_p"]),
        ("i2 from q", found.i2 / 100.0, expected["I2_fraction"]),
    ]
    ratio = i2_from_q(common)
    closed += [
        ("i2 low", ratio.i2_low / 100.0, expected["I2_lb"]),
        ("i2 high", ratio.i2_high / 100.0, expected["I2_ub"]),
        ("h", ratio.h, expected["H"]),
        ("h low", ratio.h_low, expected["H_lb"]),
        ("h high", ratio.h_high, expected["H_ub"]),
    ]
    return [Comparison(*pair, 1e-9, relative=True) for pair in closed] + [
        Comparison(*pair, tolerance, relative=tolerance <= 1e-9) for pair in iterated
    ]


def _metagen_model(fit: PooledFit, stated: dict[str, Any], prefix: str) -> list[Pair]:
    row = fit.terms.iloc[0]
    names = {
        "estimate": "TE", "std_error": "se", "statistic": "stat", "p": "pval",
        "ci_low": "lower", "ci_high": "upper",
    }  # fmt: skip
    if stated.get("df") is not None:
        names["df"] = "df"
    return [(prefix + ours, row[ours], stated[theirs]) for ours, theirs in names.items()]


def _subgroups(fixture: dict[str, Any]) -> list[Comparison]:
    """Compare ``metagen(subgroup = )``, with one tau2 or one a group, and both tests."""
    stated, expected = fixture["options"], fixture["expected"]
    table, labels = table_from(fixture), [str(row[stated["subgroup"]]) for row in fixture["data"]]
    own = subgroups(
        table, labels, tau2_common=stated["common_tau2"], tau2=TAU2[stated["method"]], ci="wald"
    )
    common = subgroups(table, labels, model="common")
    groups, fixed = (found.groups.loc[expected["levels"]] for found in (own, common))
    names = {
        "k": "k", "estimate": "TE_random", "std_error": "se_random", "ci_low": "lower",
        "ci_high": "upper", "tau2": "tau2", "q": "Q_within",
    }  # fmt: skip
    pairs: list[Pair] = [
        (ours, groups[ours].to_numpy(dtype=float), expected[theirs])
        for ours, theirs in names.items()
        if None not in expected[theirs]
    ]
    pairs += [
        ("common estimate", fixed["estimate"].to_numpy(), expected["TE_common"]),
        ("common std_error", fixed["std_error"].to_numpy(), expected["se_common"]),
        ("q between, common", common.q_between, expected["Q_between_common"]),
        ("q between, random", own.q_between, expected["Q_between_random"]),
        ("df", own.q_between_df, expected["df"]),
        ("p, common", common.q_between_p, expected["p_common"]),
        ("p, random", own.q_between_p, expected["p_random"]),
    ]
    if None not in expected["I2_fraction"]:
        pairs.append(("i2", groups["i2"].to_numpy() / 100.0, expected["I2_fraction"]))
    tolerance = METAGEN_TOLERANCE.get(stated["method"], 1e-6)
    return [Comparison(*pair, tolerance, relative=tolerance <= 1e-9) for pair in pairs]


def _parameters(own: FitStatistics) -> float:
    return own.aic / 2.0 + own.log_likelihood


def fit_statistics(fixture: dict[str, Any]) -> list[Comparison]:
    """Compare ``fitstats`` and ``logLik`` of every formula, with moderators or without."""
    from adapt_regression import statistics_fit

    method, pairs = fixture["options"]["method"], []
    for formula, stated in fixture["expected"].items():
        fit = statistics_fit(fixture, formula)
        own = {"ML": fit.full_likelihood, "REML": fit.restricted_likelihood}
        own["default"] = own["REML" if method == "REML" else "ML"]
        found = statistics_pairs(own["ML"], stated["ML"], "ML")
        found += statistics_pairs(own["REML"], stated["REML"], "REML")
        names = {"log_likelihood": "logLik", "aic": "AIC", "bic": "BIC", "aicc": "AICc"}
        found += [
            (f"default {a}", getattr(own["default"], a), stated[f"{b}_default"])
            for a, b in names.items()
        ]
        found += [
            ("parameters", _parameters(own["default"]), stated["logLik_df"]),
            ("p", len(fit.terms), stated["p"]),
            ("residual df", fit.heterogeneity.df, stated["df_residual"]),
            ("tau2", fit.heterogeneity.tau2 or 0.0, stated["tau2"]),
        ]
        pairs += [(f"{formula} {name}", *rest) for name, *rest in found]
    return [Comparison(*pair, 1e-8, relative=True) for pair in pairs]


ADAPTERS = {
    "rma.uni": rma_uni,
    "rma.uni, predict, confint": rma_uni,
    "metagen": metagen,
    "fitstats, logLik, AIC, BIC": fit_statistics,
}
