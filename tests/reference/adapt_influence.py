"""Reference files of leave-one-out, cumulative, case diagnostics, plot coordinates, subsets."""

from typing import Any

import numpy as np
import pandas as pd
from adapt_pairwise import TAU2, ZERO_TAU2, options_of, table_from
from adapt_regression import moderators_of, options_from, prepared
from comparison import Comparison, NotOfferedError

from evidence.models.frequentist.cumulative import cumulative
from evidence.models.frequentist.gosh import gosh
from evidence.models.frequentist.influence import baujat, influence, radial
from evidence.models.frequentist.leave_one_out import leave_one_out
from evidence.models.frequentist.pool import pool
from evidence.models.regression.diagnostics import regression_influence, variance_inflation
from evidence.models.regression.regression import meta_regression

CLOSED = ("EE", "FE", "CE", "DL", "HE", "HS", "HSk", "SJ")
FIT_NAMES = {
    "estimate": "estimate", "std_error": "se", "p": "pval", "ci_low": "ci_lb",
    "ci_high": "ci_ub", "q": "Q", "q_p": "Qp", "i2": "I2", "h2": "H2", "tau2": "tau2",
}  # fmt: skip


def _tolerance(fixture: dict[str, Any]) -> float:
    return 1e-8 if fixture["options"]["method"] in CLOSED else 1e-6


def _model(fixture: dict[str, Any]) -> dict[str, Any]:
    method = fixture["options"]["method"]
    if method in ("EE", "FE", "CE"):
        return {"model": "common"}
    if method not in TAU2 or "mods" in str(fixture["source"]["call"]):
        raise NotOfferedError(f"{fixture['name']}: {fixture['source']['call']}")
    return {"tau2": TAU2[method]}


def _fits(fixture: dict[str, Any], own: pd.DataFrame) -> list[Comparison]:
    expected, names, own = dict(fixture["expected"]), dict(FIT_NAMES), own.copy()
    if expected["zval"]:
        names["statistic"] = "zval"
    if "tau2" not in own:
        del names["tau2"]  # a common-effect model has none, the reference writes 0
    else:
        theirs = np.asarray(expected["tau2"], dtype=float)
        zero = (theirs < ZERO_TAU2) & (own["tau2"].to_numpy() < ZERO_TAU2)
        for ours, name, value in (("tau2", "tau2", 0.0), ("i2", "I2", 0.0), ("h2", "H2", 1.0)):
            own[ours] = np.where(zero, value, own[ours])
            expected[name] = np.where(zero, value, np.asarray(expected[name], dtype=float))
    return [
        Comparison(
            ours, own[ours].to_numpy(dtype=float), expected[theirs], _tolerance(fixture), True
        )
        for ours, theirs in names.items()
    ]


def leave1out(fixture: dict[str, Any]) -> list[Comparison]:
    """Compare ``leave1out``."""
    options = options_of(fixture, fixture["options"]["test"])
    return _fits(fixture, leave_one_out(table_from(fixture), **options))


def cumul(fixture: dict[str, Any]) -> list[Comparison]:
    """Compare ``cumul``; rows come in the order of adding."""
    column = fixture["options"]["order"].split(";")[0]
    keys = [row[column] for row in fixture["data"]]
    options = options_of(fixture, fixture["options"]["test"])
    own, stated = cumulative(table_from(fixture), keys, **options), "order_of_rows"
    ids = [Comparison("order", own.index.astype(int), fixture["options"][stated], 0.0)]
    return _fits(fixture, own) + ids


def case_diagnostics(fixture: dict[str, Any]) -> list[Comparison]:
    """Compare ``influence``, ``rstandard`` and ``rstudent``."""
    own, expected = influence(table_from(fixture), **_model(fixture)), fixture["expected"]
    names = {
        "rstudent": "rstudent", "rstudent_residual": "rstudent_resid",
        "rstudent_std_error": "rstudent_se", "rstandard": "rstandard_z",
        "rstandard_std_error": "rstandard_se", "dffits": "dffits", "cook": "cook_d",
        "cov_ratio": "cov_r", "q_without": "QE_del", "hat": "hat", "weight": "weight",
        "dfbetas": "dfbs", "influential": "is_influential",
    }  # fmt: skip
    if "tau2_del" in expected:
        names["tau2_without"] = "tau2_del"
    # Differences of two means carry the absolute error of an iterated tau2.
    tolerance = _tolerance(fixture)
    return [
        Comparison(ours, own[ours].to_numpy(dtype=float), expected[theirs], tolerance)
        for ours, theirs in names.items()
    ]


def regression_diagnostics(fixture: dict[str, Any]) -> list[Comparison]:
    """Compare ``influence`` of a model with moderators, and ``vif`` where it is stated."""
    options, expected = fixture["options"], fixture["expected"]
    unknown = set(options) - {"measure", "method", "formula", "test", "level", "extra"}
    if unknown:
        raise NotOfferedError(f"{fixture['name']}: options {sorted(unknown)}")
    table, frame = prepared(fixture, options["formula"])
    chosen = options_from(fixture, frame, options.get("test", "z"))
    fit = meta_regression(table, **moderators_of(options["formula"], frame), **chosen)
    own, tolerance = regression_influence(fit), _tolerance(fixture)
    names = {
        "rstudent": "rstudent", "dffits": "dffits", "cook": "cook_d", "cov_ratio": "cov_r",
        "tau2_without": "tau2_del", "q_without": "QE_del", "hat": "hat", "weight": "weight",
        "influential": "is_influential", "rstandard": "rstandard_z",
    }  # fmt: skip
    found = [
        Comparison(ours, own.rows[ours].to_numpy(dtype=float), expected[theirs], tolerance)
        for ours, theirs in names.items()
        if theirs in expected
    ]
    found.append(Comparison("dfbetas", own.dfbetas.to_numpy(), expected["dfbs"], tolerance))
    if "vif" in expected:
        factors = variance_inflation(fit)
        single = factors.loc[factors["coefficients"] == 1, "vif"].to_numpy()
        found.append(Comparison("vif", single, expected["vif"], tolerance))
    return found


def baujat_plot(fixture: dict[str, Any]) -> list[Comparison]:
    """Compare ``baujat``."""
    own, expected = baujat(table_from(fixture), **_model(fixture)), fixture["expected"]
    tolerance = _tolerance(fixture)
    return [
        Comparison("x", own["heterogeneity"].to_numpy(), expected["x"], tolerance),
        Comparison("y", own["influence"].to_numpy(), expected["y"], tolerance),
    ]


def radial_plot(fixture: dict[str, Any]) -> list[Comparison]:
    """Compare ``radial``."""
    own, expected = radial(pool(table_from(fixture), **_model(fixture))), fixture["expected"]
    tolerance = _tolerance(fixture)
    return [
        Comparison("x", own["precision"].to_numpy(), expected["x"], tolerance, True),
        Comparison("y", own["standardised"].to_numpy(), expected["y"], tolerance, True),
    ]


def all_subsets(fixture: dict[str, Any]) -> list[Comparison]:
    """Compare ``gosh``: summaries, single subsets, medians with and without each study."""
    own, expected = gosh(table_from(fixture), **_model(fixture)), fixture["expected"]
    if fixture["options"]["method"] == "DL":
        # Theirs of all subsets by DL is Q / df, which can be below 1; ours follows from tau2.
        df = own.fits["k"].to_numpy() - 1.0
        own.fits["h2"] = np.where(df > 0, own.fits["q"] / np.maximum(df, 1.0), 1.0)
    names = {"estimate": "estimate", "q": "QE", "i2": "I2", "h2": "H2"}
    if "tau2" in own.fits:
        names["tau2"] = "tau2"
    found = [Comparison("subsets", len(own.fits), expected["n_subsets"], 0.0)]
    summary = own.summary(tuple(expected["probs"]))
    for ours, theirs in names.items():
        row, stated = summary.loc[ours], expected[theirs]
        figures = [row["mean"], row["sd"], *(row[p] for p in expected["probs"])]
        theirs_figures = [stated["mean"], stated["sd"], *stated["quantiles"]]
        found.append(Comparison(ours, figures, theirs_figures, 1e-6))
    for example in expected["examples"]:
        members = np.isin(np.arange(1, len(own.names) + 1), example["rows"])
        row = own.fits[(own.members == members).all(1)].iloc[0]
        for ours, theirs in names.items():
            label = f"{ours} of {example['rows']}"
            found.append(Comparison(label, row[ours], example[theirs], _tolerance(fixture)))
    medians = own.by_study()
    for ours in ("with", "without"):
        stated = expected[f"median_estimate_{ours}_row"]
        found.append(Comparison(f"median {ours}", medians[ours].to_numpy(), stated, 1e-6))
    return found


ADAPTERS = {
    "leave1out": leave1out,
    "cumul": cumul,
    "influence, rstandard, rstudent": case_diagnostics,
    "influence, vif": regression_diagnostics,
    "baujat": baujat_plot,
    "radial": radial_plot,
    "gosh": all_subsets,
}
