"""Reference files of effect sizes, conversions and back-transformations."""

import re
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
from comparison import Comparison, NotOfferedError

from evidence.effects.sizes import back
from evidence.effects.sizes.fivenumbers import means_and_sds
from evidence.effects.sizes.frame import effect_sizes, row_effects
from evidence.effects.sizes.options import measure_of, options_of
from evidence.effects.sizes.reading import read_figures
from evidence.effects.sizes.registry import BY_SIZE, MEASURES, PAIRS, Measure
from evidence.effects.sizes.wald import from_wald
from evidence.errors import PlausibilityWarning

CLOSED, THROUGH_FUNCTIONS = 1e-10, 1e-9
# Through the normal or gamma functions; the others are closed forms.
BY_FUNCTIONS = {
    "SMD", "SMDH", "SMD1", "SMD1H", "SMN", "SMCC", "SMCR", "SMCRH", "SMCRP", "SMCRPH", "UCOR",
    "COR", "PBIT", "PRZ", "RBIS", "ZBIS", "CLESN", "CLESCN",
}  # fmt: skip
# Their maximum is searched to the fourth digit of r; ours solves the quadrant to rounding.
TETRACHORIC = 1e-4
# Our role for each of their arguments; those of one letter mean different things by measure.
ROLES = {
    "ai": "events1", "bi": "nonevents1", "ci": "events2", "di": "nonevents2", "n1i": "n1",
    "n2i": "n2", "x1i": "events1", "x2i": "events2", "t1i": "time1", "t2i": "time2",
    "m1i": "mean1", "m2i": "mean2", "sd1i": "sd1", "sd2i": "sd2", "sdi": "sd",
    "ri": "correlation", "ni": "n", "xi": "events", "r2i": "r_squared",
}  # fmt: skip
BY_MEASURE = {"mi": ("nonevents", "mean", "predictors", "items"), "ti": ("time", "t")}


def escalc(fixture: dict[str, Any]) -> list[Comparison]:
    """Compare ``escalc``."""
    stated = dict(fixture["options"])
    arguments = stated.pop("arguments")
    measure = _measure(fixture["name"], stated.pop("measure"))
    known = {"add", "to", "drop00", "vtype", "correct"}
    if set(stated) - known:
        raise NotOfferedError(f"{fixture['name']}: options {sorted(set(stated) - known)}")
    options: dict[str, Any] = {}
    if measure.cells:
        if stated["to"] != "none":
            options["add"] = stated["add"]
        if stated["add"] > 0 or stated["to"] == "none":
            options["to"] = stated["to"]
    if stated["drop00"] and "events1" in measure.cells:  # elsewhere theirs ignores it
        options["drop00"] = True
    if stated["vtype"] != "LS":
        if stated["vtype"] not in measure.vtypes:
            raise NotOfferedError(f"{fixture['name']}: vtype {stated['vtype']!r}")
        options["vtype"] = stated["vtype"]
    if measure.correctable:
        options["correct"] = stated["correct"]
    columns = _columns(fixture["name"], measure, arguments)
    return _compare(fixture, measure, columns, options)


def _measure(name: str, code: str) -> Measure:
    if code not in MEASURES:
        raise NotOfferedError(f"{name}: measure {code!r}")
    return measure_of(code)


def _columns(name: str, measure: Measure, arguments: dict[str, str]) -> dict[str, str]:
    """Our keywords; what the measure does not take (a mean beside an SD ratio) is left out."""
    sizes = {BY_SIZE[role][0] for role in measure.roles if role in BY_SIZE}
    takes = set(measure.roles) | sizes
    found = {}
    for theirs, column in arguments.items():
        if measure.roles == PAIRS and theirs in ("ai", "bi", "ci", "di"):
            found[PAIRS[("ai", "bi", "ci", "di").index(theirs)]] = column
        elif theirs == "ai" and "alpha" in takes:
            found["alpha"] = column
        elif theirs in BY_MEASURE:
            found |= {role: column for role in BY_MEASURE[theirs] if role in takes}
        elif theirs not in ROLES:
            raise NotOfferedError(f"{name}: argument {theirs!r}")
        elif ROLES[theirs] in takes:
            found[ROLES[theirs]] = column
    for cell, (size, _) in BY_SIZE.items():
        if cell in found and size in found:  # their calls may state both
            del found[size]
    return found


def _compare(
    fixture: dict[str, Any], measure: Measure, columns: dict[str, str], options: dict[str, Any]
) -> list[Comparison]:
    """Both layers: the estimates and variances of all rows, and the table's own."""
    frame, expected = pd.DataFrame(fixture["data"]), fixture["expected"]
    frame.index = pd.Index([f"row {i + 1}" for i in range(len(frame))])
    labels = list(frame.index)
    figures = read_figures(frame, measure, columns, labels)
    stated = [options.get(name) for name in ("add", "to", "vtype", "correct")]
    chosen = options_of(measure, *stated[:2], options.get("drop00", False), *stated[2:], None)
    effects = row_effects(measure, figures, chosen)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PlausibilityWarning)
        table = effect_sizes(frame, measure=measure.code, **columns, **options)
    tolerance = THROUGH_FUNCTIONS if measure.code in BY_FUNCTIONS else CLOSED
    tolerance = TETRACHORIC if measure.code == "RTET" else tolerance
    relative = measure.code != "RTET"
    found = []
    for i, label in enumerate(labels):
        y, v = expected["yi"][i], expected["vi"][i]
        ours = (_none(effects.estimate[i]), _none(effects.variance[i]))
        found.append(Comparison(f"{label} estimate", ours[0], y, tolerance, relative and y != 0))
        found.append(Comparison(f"{label} variance", ours[1], v, tolerance, relative=True))
        if v is None or v == 0:
            held = label in table.rows.index
            found.append(Comparison(f"{label} in the table", float(held), 0.0, 0.0))
        else:
            row = table.rows.loc[label] if label in table.rows.index else None
            pair = (None, None) if row is None else (row["estimate"], row["std_error"])
            found.append(Comparison(f"table {label}", pair[0], y, tolerance, relative and y != 0))
            found.append(
                Comparison(f"table {label} error", pair[1], v**0.5, tolerance, relative=True)
            )
    return found


def _none(x: float) -> float | None:
    return None if np.isnan(x) else float(x)


def metacont(fixture: dict[str, Any]) -> list[Comparison]:
    """Compare the standardized differences of ``metacont``."""
    stated, name = fixture["options"], fixture["name"]
    ways: dict[tuple[str, bool], tuple[str, dict[str, Any]]] = {
        ("Hedges", True): ("SMD", {"vtype": "UB"}),
        ("Hedges", False): ("SMD_APPROX", {}),
        ("Cohen", False): ("SMD", {"correct": False}),
        ("Glass", True): ("GLASS", {}),
        ("Glass", False): ("GLASS", {}),
    }
    key = (stated.get("method_smd"), stated.get("exact_small_sample_factor"))
    if stated.get("measure") != "SMD" or key not in ways:
        raise NotOfferedError(f"{name}: {stated}")
    code, options = ways[key]
    call = re.match(r"metacont\((\w+), (\w+), (\w+), (\w+), (\w+), (\w+), data", _call(fixture))
    if call is None:
        raise NotOfferedError(f"{name}: call {fixture['source']['call']!r}")
    roles = ("n1", "mean1", "sd1", "n2", "mean2", "sd2")
    columns = dict(zip(roles, call.groups(), strict=True))
    return _compare(fixture, measure_of(code), columns, options)


def _call(fixture: dict[str, Any]) -> str:
    return str(fixture["source"]["call"])


def _arguments(text: str, fixture: dict[str, Any]) -> dict[str, list[Any]]:
    """Columns that a call names: ``n = ni`` gives the figures of ``ni`` under ``n``."""
    present = fixture["data"][0]
    return {
        left: [row[right] for row in fixture["data"]]
        for left, right in re.findall(r"([\w.]+) = ([\w.]+)", text)
        if right in present
    }


def conv_fivenum(fixture: dict[str, Any]) -> list[Comparison]:
    """Compare ``conv.fivenum``; of several methods the first is the mean's, the second the SD's."""
    stated, expected = fixture["options"], fixture["expected"]
    given = _arguments(_call(fixture), fixture)
    known = {"min": "minimum", "q1": "q1", "median": "median", "q3": "q3", "max": "maximum",
             "n": "n"}  # fmt: skip
    if set(given) - set(known) or "test = FALSE" not in _call(fixture):
        raise NotOfferedError(f"{fixture['name']}: call {_call(fixture)!r}")
    method = stated["method"]
    methods = [method, method] if isinstance(method, str) else list(method)
    if methods[0] in ("luo/wan/shi", "default"):
        methods = ["default", "default"]
    distribution = {"norm": "normal", "lnorm": "lognormal"}[stated["dist"]]
    mean, sd = means_and_sds(
        **{known[name]: np.array(column, dtype=float) for name, column in given.items()},
        mean_method=methods[0],
        sd_method=methods[1],
        distribution=distribution,
    )
    return [
        Comparison(f"{name} {i + 1}", _none(ours), theirs, THROUGH_FUNCTIONS, relative=True)
        for name, found in (("mean", mean), ("sd", sd))
        for i, (ours, theirs) in enumerate(zip(found, expected[name], strict=True))
    ]


def conv_wald(fixture: dict[str, Any]) -> list[Comparison]:
    """Compare ``conv.wald``."""
    given = _arguments(_call(fixture), fixture)
    names = {"out": "estimate", "ci.lb": "low", "ci.ub": "high", "level": "level",
             "zval": "statistic", "pval": "p"}  # fmt: skip
    figures = {names[k]: np.array(x, dtype=float) for k, x in given.items() if k in names}
    if "level" in figures:
        figures["level"] = np.where(figures["level"] > 1, figures["level"] / 100, figures["level"])
    sizes = np.array(given.get("n", [None]), dtype=float)
    if np.isfinite(sizes).any():
        figures["df"] = sizes - 2
    y, v = from_wald(**figures, log=bool(re.search(r"transf = log\b", _call(fixture))))
    return [
        Comparison(f"{name} {i + 1}", _none(ours), theirs, THROUGH_FUNCTIONS, relative=True)
        for name, found in (("yi", y), ("vi", v))
        for i, (ours, theirs) in enumerate(zip(found, fixture["expected"][name], strict=True))
    ]


BACK: dict[str, Callable[..., Any]] = {
    "exp": np.exp,
    "transf.ztor": back.inverse_fisher_z,
    "transf.ilogit": back.inverse_logit,
    "transf.iprobit": back.inverse_probit,
    "transf.iarcsin": back.inverse_arcsine,
    "transf.ipft": back.inverse_freeman_tukey,
    "transf.ipft.hm": lambda x, n: back.inverse_freeman_tukey(x, back.harmonic_mean(n)),
    "transf.iirft": back.inverse_freeman_tukey_rate,
    "transf.iahw": back.inverse_cube_root_alpha,
    "transf.iabt": back.inverse_log_alpha,
    "transf.dtou3": back.d_to_u3,
    "transf.dtocles": back.d_to_chance_of_larger,
    "transf.dtoovl": back.d_to_overlap,
    "transf.dtobesd": back.d_to_success_rate,
    "transf.dtorpb": back.d_to_correlation,
    "transf.lnortord": back.log_odds_ratio_to_risk_difference,
    "transf.lnortorr": back.log_odds_ratio_to_risk_ratio,
}


def transf(fixture: dict[str, Any]) -> list[Comparison]:
    """Compare the back-transformations, one call for each expected vector."""
    frame, found = pd.DataFrame(fixture["data"]), []
    calls = fixture["source"]["call"]
    calls = [calls] if isinstance(calls, str) else calls
    for call, (name, theirs) in zip(calls, fixture["expected"].items(), strict=True):
        function = call.split("(")[0]
        if function not in BACK:
            raise NotOfferedError(f"{fixture['name']}: {call}")
        words = [w for w in re.findall(r"\w+", call.split("(", 1)[1]) if w in frame.columns]
        columns = [frame[w].to_numpy(dtype=float) for w in dict.fromkeys(words)]
        ours = BACK[function](*columns)
        found.append(Comparison(name, ours, theirs, THROUGH_FUNCTIONS, relative=True))
    return found


ADAPTERS = {
    "escalc": escalc,
    "metacont": metacont,
    "conv.fivenum": conv_fivenum,
    "conv.wald": conv_wald,
    "transf.*": transf,
}
