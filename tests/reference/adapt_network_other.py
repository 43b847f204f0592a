"""Reference files of ``netmetabin`` (rare events), ``netcomb`` and ``discomb`` (components)."""

from typing import Any

import numpy as np
import pandas as pd
from comparison import Comparison, NotOfferedError
from network_reading import (
    argument,
    calls,
    estimates,
    level,
    matrix,
    network,
    off_diagonal,
    option,
    p_values,
    places,
)

from evidence.models.network.components import ComponentFit, component_network
from evidence.models.network.events import NetworkEventsFit, network_events
from evidence.models.network.kernels_rare import multinomial

# netmetabin's optimiser of the conditional likelihood stops short of the maximum, by up to 0.002 in
# the log-likelihood (baker2009): 0.04 standard errors. `_conditional` proves that it is that.
SHORT_OF_MAXIMUM = 0.01


def netmetabin(fixture: dict[str, Any]) -> list[Comparison]:
    """Compare ``netmetabin``: Mantel-Haenszel and the conditional likelihood."""
    call, expected = calls(fixture), fixture["expected"]
    methods = {"MH": "mantel_haenszel", "NCH": "noncentral_hypergeometric_rare"}
    method = argument(call, "method") or "MH"
    measure = option(fixture, "measure", "sm")
    if method not in methods or measure != "OR" or argument(call, "cc.pooled") in ("TRUE", "T"):
        raise NotOfferedError(f"netmetabin method {method!r}, sm {measure!r}")
    frame = pd.DataFrame(fixture["data"])
    fit = network_events(
        frame,
        method=methods[method],
        study="studlab",
        treatment="treat",
        events="event",
        n="n",
        reference=option(fixture, "reference", "reference.group"),
        level=level(call, "level.ma", "level.comb", "level"),
    )
    order = places(fit.estimates.treatments, expected["treatments"])
    found = [Comparison("k", fit.k, expected["k"], 0.0)] if "k" in expected else []
    if method == "NCH":
        return [*found, *_conditional(fit, frame, expected, order)]
    found += estimates("common", fit.estimates, expected["common"], order, 1e-7)
    if expected.get("Q_inconsistency") is not None and fit.inconsistency is not None:
        found += [
            Comparison("Q", fit.inconsistency.q, expected["Q_inconsistency"], 1e-7),
            Comparison("Q df", fit.inconsistency.df, expected["Q_inconsistency_df"], 0.0),
        ]
    return found


def _conditional(
    fit: NetworkEventsFit, frame: pd.DataFrame, expected: dict[str, Any], order: list[int]
) -> list[Comparison]:
    """Compare at the place where the file's optimiser stopped, and see that it is a flat one."""
    names, stated = expected["treatments"], matrix(expected["common"]["TE"])
    theta = dict(zip(names, stated[:, 0], strict=True))
    gone = {
        s for s, t in zip(fit.unused["study"], fit.unused["treatment"], strict=True) if t is None
    }
    lost = {(s, t) for s, t in zip(fit.unused["study"], fit.unused["treatment"], strict=True)}
    height, information = 0.0, np.zeros((len(names),) * 2)
    for study, arms in frame.groupby(frame["studlab"].astype(str), sort=False):
        kept = arms[[(study, t) not in lost for t in arms["treat"]]]
        if study in gone:
            continue
        place = [names.index(t) for t in kept["treat"]]
        one = multinomial(
            kept["event"].to_numpy(float),
            kept["n"].to_numpy(float),
            np.array([theta[t] for t in kept["treat"]]),
        )
        height += one.height
        information[np.ix_(place, place)] += one.information
    spread = np.linalg.pinv(information)
    d = np.diag(spread)
    errors = np.sqrt(np.maximum(d[:, None] + d[None, :] - 2 * spread, 0))
    square, near = np.ix_(order, order), 0.1 * matrix(expected["common"]["se"])
    off = ~np.eye(len(names), dtype=bool)
    z = fit.estimates.ci_high.to_numpy()[order[0], order[1]]
    z -= fit.estimates.estimate.to_numpy()[order[0], order[1]]
    z /= fit.estimates.std_error.to_numpy()[order[0], order[1]]
    gap = fit.estimates.estimate.to_numpy()[square] - stated
    return [
        # Standard errors where the file's optimiser stopped: the same likelihood exactly.
        off_diagonal("std_error at the stated estimates", errors, expected["common"]["se"], 1e-6),
        off_diagonal("ci_low there", stated - z * errors, expected["common"]["lower"], 1e-6),
        off_diagonal("ci_high there", stated + z * errors, expected["common"]["upper"], 1e-6),
        Comparison("log-likelihood is not below", min(fit.log_likelihood - height, 0.0), 0.0, 1e-9),
        Comparison("log-likelihood", fit.log_likelihood, height, SHORT_OF_MAXIMUM),
        Comparison(
            "estimates, in tenths of a standard error", gap[off] / near[off], 0 * gap[off], 1.0
        ),
    ]


def netcomb(fixture: dict[str, Any]) -> list[Comparison]:
    """Compare ``netcomb`` and ``discomb``."""
    call, expected, stated = calls(fixture), fixture["expected"], fixture["options"]
    method = option(fixture, "method_tau", "method.tau") or "DL"
    tau2 = {"DL": "dersimonian_laird", "REML": "reml", "ML": "maximum_likelihood"}[method]
    separator = stated.get("separator") or argument(call, "sep.comps") or "+"
    inactive = stated.get("inactive") or argument(call, "inactive")
    stated_level = level(call, "level.ma", "level.comb", "level")
    fit = component_network(
        network(fixture), inactive=inactive, separator=separator, tau2=tau2, level=stated_level
    )
    near = 1e-7 if method == "DL" else 1e-4
    found = []
    for model, one, whole in (
        ("common", fit.common, fit.combinations_common),
        ("random", fit.random, fit.combinations_random),
    ):
        if expected.get(model) and one is not None and whole is not None:
            mine = one.set_index("component").loc[expected["components"]]
            sums = whole.set_index("treatment").loc[expected["treatments"]]
            found += _components(model, mine, sums, expected[model], near)
    if expected.get("tau2") is not None:
        found.append(Comparison("tau2", fit.tau2, expected["tau2"], near))
    return [*found, *_additivity(fit, expected)]


COMPONENT = {"component": "estimate", "se": "std_error", "lower": "ci_low", "upper": "ci_high"}
SUM = {"combination": "estimate", "combination_se": "std_error"}


def _components(
    model: str, mine: pd.DataFrame, sums: pd.DataFrame, stated: dict[str, Any], near: float
) -> list[Comparison]:
    found = []
    for rows, columns in ((mine, COMPONENT), (sums, SUM)):
        for theirs, ours in columns.items():
            if theirs in stated:
                values = [None if pd.isna(x) else float(x) for x in rows[ours]]
                found += [
                    Comparison(f"{model} {name} {theirs}", a, b, near)
                    for name, a, b in zip(rows.index, values, stated[theirs], strict=True)
                ]
    known = [i for i, p in enumerate(stated["pval"]) if p is not None]
    p = [mine["p"].iloc[i] for i in known]
    return found + p_values(f"{model} p", p, [stated["pval"][i] for i in known], near)


def _additivity(fit: ComponentFit, expected: dict[str, Any]) -> list[Comparison]:
    found = []
    tests = {"additive": fit.additive, "standard": fit.standard, "difference": fit.difference}
    for name, q in tests.items():
        if expected.get(f"Q_{name}") is not None:
            found.append(Comparison(name, None if q is None else q.q, expected[f"Q_{name}"], 1e-7))
            df = None if q is None else q.df
            found.append(Comparison(f"{name} df", df, expected[f"Q_{name}_df"], 0.0))
            p = expected.get(f"Q_{name}_p")
            if p is not None and q is not None and q.p is not None:
                found += p_values(f"{name} p", q.p, p, 1e-7)
    return found


ADAPTERS = {"netmetabin": netmetabin, "netcomb": netcomb, "discomb": netcomb}
