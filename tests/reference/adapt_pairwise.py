"""Reference files of pairwise meta-analysis: which of our calls answers which of theirs."""

from collections.abc import Callable
from typing import Any

import numpy as np
from comparison import Comparison, NotOfferedError

from evidence.effects.table import EffectTable, table_of
from evidence.models.frequentist.fit import FitStatistics, PooledFit
from evidence.models.frequentist.kernels import h2_of, i2_of
from evidence.models.frequentist.leave_one_out import leave_one_out
from evidence.models.frequentist.pool import pool
from evidence.models.frequentist.prediction import prediction_interval
from evidence.models.frequentist.shrinkage import shrunken_effects

TAU2 = {"REML": "reml", "PM": "paule_mandel", "DL": "dersimonian_laird"}
CI = {"z": "wald", "t": "t", "knha": "hartung_knapp", "adhoc": "hartung_knapp_floored"}
# Closed forms agree to rounding; REML and Paule-Mandel to the reference's stopping rule.
TOLERANCE = {"EE": 1e-9, "DL": 1e-9, "PM": 1e-7, "REML": 1e-7}
INTERVAL_TOLERANCE = 1e-6  # ends of the Q-profile interval
# Their Paule-Mandel stops at the fourth digit (its generalised Q misses k - 1 there); the metafor
# files have the same figures to 1e-12.
METAGEN_TOLERANCE = {"DL": 1e-9, "PM": 3e-4, "REML": 1e-6}
METAGEN_PREDICTION = {
    "HTS": ("wald", "k-2"),
    "V": ("wald", "k-1"),
    "S": ("wald", "normal"),
    "HK": ("hartung_knapp", "k-1"),
    "HK-PR": ("hartung_knapp", "k-2"),
}


def _table(fixture: dict[str, Any]) -> EffectTable:
    y = [row["yi"] for row in fixture["data"]]
    v = [row["vi"] for row in fixture["data"]]
    return table_of(y, np.sqrt(v), labels=[str(row["id"]) for row in fixture["data"]])


def _options(fixture: dict[str, Any], test: str) -> dict[str, Any]:
    """Return our keywords for a metafor call; what they do not cover is not offered."""
    stated = fixture["options"]
    unknown = set(stated) - {"measure", "model", "method", "test", "level"}
    if unknown:
        raise NotOfferedError(f"{fixture['name']}: options {sorted(unknown)}")
    method, level = stated["method"], stated.get("level", 95) / 100
    if method == "EE":
        return {"model": "common", "ci": CI[test], "level": level}
    if method not in TAU2:
        raise NotOfferedError(f"{fixture['name']}: method {method!r}")
    return {"tau2": TAU2[method], "ci": CI[test], "level": level}


def rma_uni(fixture: dict[str, Any]) -> list[Comparison]:
    """Compare ``rma.uni`` with ``predict``, ``confint`` and ``blup``."""
    table, expected = _table(fixture), fixture["expected"]
    fit = pool(table, **_options(fixture, fixture["options"]["test"]))
    tolerance = TOLERANCE[fixture["options"]["method"]]
    found: list[Comparison] = []
    pairs = _coefficient(fit, expected, "") + _spread(fit, expected)
    pairs.append(("weights", fit.weights.to_numpy(), expected["weights_percent"]))
    for name, likelihood in (("ML", fit.full_likelihood), ("REML", fit.restricted_likelihood)):
        pairs += _statistics(likelihood, expected["fit"][name], name)
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
        other = pool(table, **_options(fixture, test))
        pairs += _coefficient(other, stated, f"{test} ")
        pairs += _prediction_ends(other, stated, f"{test} ")
    found += [Comparison(*pair, tolerance, relative=True) for pair in pairs]
    return found + _tau2_interval(fit, expected.get("tau2_ci", {}).get("QP"))


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
        ("i2", own.i2, stated["I2"]),
        ("h2", own.h2, stated["H2"]),
    ]
    if fit.model == "random":
        pairs.append(("tau2", own.tau2, stated["tau2"]))
        pairs.append(("tau2_std_error", own.tau2_std_error, stated["se_tau2"]))
    return pairs


def _statistics(own: FitStatistics | None, stated: dict[str, float], name: str) -> list[Pair]:
    assert own is not None
    names = {
        "log_likelihood": "logLik", "deviance": "deviance", "aic": "AIC", "bic": "BIC",
        "aicc": "AICc",
    }  # fmt: skip
    return [(f"{name} {a}", getattr(own, a), stated[b]) for a, b in names.items()]


def _predict(fit: PooledFit, expected: dict[str, Any]) -> list[Pair]:
    normal, t = prediction_interval(fit, "normal"), prediction_interval(fit, "k-2")
    stated, stated_t = expected["predict"], expected["predict_t_km2"]
    return [
        ("prediction low, normal", normal.low, stated["pi_lb"]),
        ("prediction high, normal", normal.high, stated["pi_ub"]),
        ("prediction low, k-2", t.low, stated_t["pi_lb"]),
        ("prediction high, k-2", t.high, stated_t["pi_ub"]),
        ("prediction df", t.df, stated_t["df"]),
    ]


def _prediction_ends(fit: PooledFit, stated: dict[str, Any], prefix: str) -> list[Pair]:
    own = fit.prediction
    return [
        (f"{prefix}prediction low", None if own is None else own.low, stated["pi_lb"]),
        (f"{prefix}prediction high", None if own is None else own.high, stated["pi_ub"]),
    ]


def _tau2_interval(fit: PooledFit, stated: dict[str, Any] | None) -> list[Comparison]:
    own = fit.heterogeneity
    if stated is None:
        return []
    assert own.typical_variance is not None
    s2, found = np.asarray(own.typical_variance), []
    functions: dict[str, Callable[[Any], Any]] = {
        "tau2": lambda t: t,
        "tau": np.sqrt,
        "I2": lambda t: i2_of(t, s2),
        "H2": lambda t: h2_of(t, s2),
    }
    for name, function in functions.items():
        for side, end in (("lb", own.tau2_ci_low), ("ub", own.tau2_ci_high)):
            ours = function(np.asarray(end))
            theirs = stated[name][side]
            found.append(Comparison(f"{name} {side}", ours, theirs, INTERVAL_TOLERANCE, True))
    return found


def leave1out(fixture: dict[str, Any]) -> list[Comparison]:
    """Compare ``leave1out``."""
    expected = fixture["expected"]
    options = _options(fixture, fixture["options"]["test"])
    own = leave_one_out(_table(fixture), **options)
    tolerance = {"EE": 1e-8, "DL": 1e-8, "REML": 1e-6}[fixture["options"]["method"]]
    names = {
        "estimate": "estimate", "std_error": "se", "p": "pval", "ci_low": "ci_lb",
        "ci_high": "ci_ub", "q": "Q", "q_p": "Qp", "i2": "I2", "h2": "H2", "tau2": "tau2",
    }  # fmt: skip
    if expected["zval"]:
        names["statistic"] = "zval"
    if "tau2" not in own:
        del names["tau2"]  # a common-effect model has none, the reference writes 0
    return [
        Comparison(ours, own[ours].to_numpy(dtype=float), expected[theirs], tolerance, True)
        for ours, theirs in names.items()
    ]


def metagen(fixture: dict[str, Any]) -> list[Comparison]:
    """Compare ``metagen``: both models, prediction, Q, and I2 and H from Q.

    Its ends of the tau2 interval are left out: they carry the four digits of a root finder's
    default tolerance, and the metafor files have the same interval in full.
    """
    stated, expected = fixture["options"], fixture["expected"]
    kinds = {("classic", ""): "wald", ("HK", ""): "hartung_knapp"}
    kinds["HK", "se"] = "hartung_knapp_floored"
    kind = kinds.get((stated["interval"], stated["adhoc_correction"]))
    if kind is None or stated["prediction"] not in METAGEN_PREDICTION:
        raise NotOfferedError(f"{fixture['name']}: {stated}")
    tolerance, tau2 = METAGEN_TOLERANCE[stated["method"]], TAU2[stated["method"]]
    table = _table(fixture)
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
        ("h from q, at least 1", max(1.0, found.h2) ** 0.5, expected["H"]),
    ]
    return [Comparison(*pair, 1e-9, relative=True) for pair in closed] + [
        Comparison(*pair, tolerance, relative=tau2 == "dersimonian_laird") for pair in iterated
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


ADAPTERS = {
    "rma.uni": rma_uni,
    "rma.uni, predict, confint": rma_uni,
    "leave1out": leave1out,
    "metagen": metagen,
}
