"""Reference files of Mantel-Haenszel and Peto pooling, and of these repeated."""

from typing import Any

import pandas as pd
from comparison import Comparison, NotOfferedError

from evidence.models.frequentist.events import EventsFit, pool_events
from evidence.models.frequentist.events_repeated import events_cumulative, events_leave_one_out

ADD_TO = {"none": "none", "only0": "zero_cells", "if0all": "all_if_any_zero", "all": "all"}
METHODS = {"Mantel-Haenszel": "mantel_haenszel", "Peto": "peto"}
TESTED = ("OR", "IRR")


def _columns(fixture: dict[str, Any]) -> dict[str, str]:
    rates = fixture["options"]["measure"] in ("IRR", "IRD")
    names = ("x1i", "t1i", "x2i", "t2i") if rates else ("ai", "n1i", "ci", "n2i")
    ours = ("events_treatment", "total_treatment", "events_control", "total_control")
    return dict(zip(ours, names, strict=True))


def _adding(options: dict[str, Any]) -> dict[str, Any]:
    if "add" not in options:
        return {}
    amount, to = options["add"], options["to"]
    if {to["individual"], to["pooling"]} - ADD_TO.keys():
        raise NotOfferedError(f"to = {to}")
    found = {"added": (amount["individual"], ADD_TO[to["individual"]])}
    if to["pooling"] != "none" and amount["pooling"] > 0:
        found["added_to_pool"] = (amount["pooling"], ADD_TO[to["pooling"]])
    return found


def pooled_events(fixture: dict[str, Any]) -> list[Comparison]:
    """Compare ``rma.mh`` and ``rma.peto``."""
    stated, expected = fixture["options"], fixture["expected"]
    options: dict[str, Any] = {"level": stated.get("level", 95) / 100} | _adding(stated)
    if stated["measure"] in TESTED and "continuity_correction_of_test" in stated:
        options["continuity_correction"] = stated["continuity_correction_of_test"]
    fit = pool_events(
        pd.DataFrame(fixture["data"]),
        method=METHODS[stated["method"]],
        measure=stated["measure"],
        drop_double_zero=stated.get("drop00", False),
        **_columns(fixture),
        **options,
    )
    names = {
        "estimate": "beta", "std_error": "se", "statistic": "stat", "p": "pval",
        "ci_low": "ci_lb", "ci_high": "ci_ub", "q": "QE", "q_df": "QE_df", "q_p": "QE_p",
        "i2": "I2", "h2": "H2", "k": "k", "k_compared": "k_yi",
    }  # fmt: skip
    pairs = [(ours, getattr(fit, ours), expected[theirs]) for ours, theirs in names.items()]
    likelihood = {
        "log_likelihood": "logLik", "deviance": "deviance", "aic": "AIC", "bic": "BIC",
        "aicc": "AICc",
    }  # fmt: skip
    for ours, theirs in likelihood.items():
        pairs.append((ours, getattr(fit.likelihood, ours), expected["fit_ML"][theirs]))
    pairs += _tests(fit, expected)
    return [Comparison(*pair, 1e-9, relative=True) for pair in pairs]


def _tests(fit: EventsFit, expected: dict[str, Any]) -> list[tuple[str, object, object]]:
    found: list[tuple[str, object, object]] = []
    for name, test in (
        ("cochran_mantel_haenszel", fit.association),
        ("breslow_day", fit.breslow_day),
        ("tarone", fit.tarone),
    ):
        if name in expected:
            statistic, p = (None, None) if test is None else (test.statistic, test.p)
            found += [(name, statistic, expected[name]), (f"{name} p", p, expected[f"{name}_p"])]
    if fit.tarone is not None:
        found.append(("tarone df", fit.tarone.df, expected["table_df"]))
    return found


def repeated(fixture: dict[str, Any]) -> list[Comparison]:
    """Compare ``leave1out.rma.mh`` and ``cumul.rma.mh`` (or ``rma.peto``)."""
    stated, frame = fixture["options"], pd.DataFrame(fixture["data"])
    method = "peto" if "peto" in fixture["source"]["function"] else "mantel_haenszel"
    options = {"method": method, "measure": stated["measure"], **_columns(fixture)}
    fits = {}
    if "leave1out" in fixture["expected"]:
        fits["leave1out"] = events_leave_one_out(frame, **options)
    if "cumulative" in fixture["expected"]:
        column = stated["order"].split(";")[0]
        fits["cumulative"] = events_cumulative(frame, column, **options)
    names = {
        "estimate": "estimate", "std_error": "se", "statistic": "zval", "p": "pval",
        "ci_low": "ci_lb", "ci_high": "ci_ub", "q": "Q", "q_p": "Qp", "i2": "I2", "h2": "H2",
    }  # fmt: skip
    return [
        Comparison(
            f"{kind} {ours}",
            own[ours].to_numpy(dtype=float),
            fixture["expected"][kind][theirs],
            1e-8,
            ours != "q",  # Q of one study is 0 but for rounding
        )
        for kind, own in fits.items()
        for ours, theirs in names.items()
    ]


ADAPTERS = {
    "rma.mh": pooled_events,
    "rma.peto": pooled_events,
    "leave1out.rma.mh, cumul.rma.mh": repeated,
    "leave1out.rma.peto, cumul.rma.peto": repeated,
}
