"""Reference files of robust variance estimation, aggregation and sampling covariances."""

import re
from typing import Any

import numpy as np
import pandas as pd
from adapt_pairwise import TAU2
from comparison import Comparison, NotOfferedError
from r_formula import Translated, arguments, evaluated, number, vector

from evidence.effects.table import EffectTable, table_of
from evidence.errors import FitError
from evidence.models.frequentist.pool import pool
from evidence.models.regression.regression import meta_regression
from evidence.models.robust.aggregate import aggregate_effects
from evidence.models.robust.cluster_robust import cluster_robust, robust_wald
from evidence.models.robust.fit import RobustFit
from evidence.models.robust.rve import robust_regression
from evidence.models.robust.sampling_covariance import sampling_covariance

INHERITED, EXACT = 1e-4, 1e-8
WORKING = {"CORR": "correlated", "HIER": "hierarchical"}
STRUCTURES = {
    "ID": "independent", "CS": "compound_symmetry", "CAR": "autoregressive",
    "CS+CAR": "compound_symmetry_plus_autoregressive",
    "CS*CAR": "compound_symmetry_times_autoregressive",
}  # fmt: skip
TERMS = {
    "se": "std_error", "stat": "statistic", "t": "statistic", "zval": "statistic", "pval": "p",
    "ci_lb": "ci_low", "ci_ub": "ci_high", "df_satterthwaite": "df", "p_satterthwaite": "p",
}  # fmt: skip


def robust_comparisons(fixture: dict[str, Any], fit: Any, frame: pd.DataFrame) -> list[Comparison]:
    """Compare the ``robust`` block of a file with sandwiches of a fit of ours."""
    block = fixture["expected"].get("robust")
    if not block:
        return []
    cluster = frame[block["cluster"]].to_numpy()
    found = []
    for name, theirs in block.items():
        if name != "cluster":
            found += sandwich_comparisons(fit, cluster, name, theirs)
    return found


def sandwich_comparisons(
    fit: Any, cluster: Any, name: str, theirs: dict[str, Any]
) -> list[Comparison]:
    """Compare one kind of sandwich: its errors, tests, intervals and joint tests."""
    kind = re.match(r"CR\d[pS]?", name)
    if kind is None:
        raise NotOfferedError(f"a sandwich called {name!r}")
    flat = (
        kind[0] in ("CR0", "CR1")
        and "clubSandwich" not in name
        and ("metafor" in name or "df" in theirs)
    )
    chosen = {"CR1": "CR1p"}.get(kind[0], kind[0]) if flat else kind[0]
    try:
        own = cluster_robust(fit, cluster, kind=chosen, df="residual" if flat else "satterthwaite")
    except FitError as error:
        # Rounding noise there: the inverse of a matrix that is singular.
        if chosen == "CR3" and "rests on one cluster alone" in error.message:
            return []
        raise
    unknown = set(theirs) - set(TERMS) - {
        "df", "beta", "vcov", "QM", "QM_df", "QM_p", "wald_HTZ", "p_naive_t",
    }  # fmt: skip
    if unknown:
        raise NotOfferedError(f"{name}: {sorted(unknown)}")
    pairs = [(key, own.terms[TERMS[key]].to_numpy(), theirs[key]) for key in TERMS if key in theirs]
    if "df" in theirs:
        df = own.terms["df"].to_numpy()
        pairs.append(("df", df[: len(np.atleast_1d(theirs["df"]))], theirs["df"]))
    if "vcov" in theirs:
        size = np.outer(*(np.sqrt(np.diag(theirs["vcov"])),) * 2)
        pairs.append(("vcov", own.covariance / size, np.asarray(theirs["vcov"]) / size))
    if "p_naive_t" in theirs:
        naive = cluster_robust(fit, cluster, kind=chosen, df="clusters")
        pairs.append(("naive p", naive.terms["p"].to_numpy(), theirs["p_naive_t"]))
    pairs += _joint(own, theirs, flat=flat)
    return [Comparison(f"{name} {key}", a, b, INHERITED) for key, a, b in pairs]


def _joint(own: RobustFit, theirs: dict[str, Any], *, flat: bool) -> list[tuple[str, Any, Any]]:
    names = [name for name in own.names if name != "intercept"] or list(own.names)
    pairs: list[tuple[str, Any, Any]] = []
    if "QM" in theirs:
        test = robust_wald(own, names, method="f" if flat else "hotelling")
        pairs += [
            ("QM", test.statistic, theirs["QM"]),
            ("QM df", [test.df, test.df_residual], theirs["QM_df"]),
            ("QM p", test.p, theirs["QM_p"]),
        ]
    if "wald_HTZ" in theirs:
        test, stated = robust_wald(own, names), theirs["wald_HTZ"]
        if test.df_residual is not None:
            df = [stated["df_num"], stated["df_denom"]]
            pairs.append(("HTZ df", [test.df, test.df_residual], df))
        if test.p is not None:  # without degrees of freedom left there is no test
            pairs += [("HTZ F", test.statistic, stated["F"]), ("HTZ p", test.p, stated["p"])]
    return pairs


def _frame(fixture: dict[str, Any]) -> pd.DataFrame:
    return pd.DataFrame(fixture["data"]).reset_index(drop=True)


def _effects(frame: pd.DataFrame, yi: str = "yi", vi: str = "vi") -> EffectTable:
    return table_of(frame[yi], np.sqrt(frame[vi].astype(float)))


def _call(fixture: dict[str, Any], function: str) -> tuple[list[str], dict[str, str]]:
    source = fixture["source"]["call"]
    calls = source if isinstance(source, list) else [source]
    mine = [call for call in calls if call.startswith(f"{function}(")]
    if not mine:
        raise NotOfferedError(f"{fixture['name']}: no call of {function} in {calls}")
    return arguments(mine[0])


def _only(fixture: dict[str, Any], named: dict[str, str], known: set[str]) -> None:
    unknown = set(named) - known
    if unknown:
        raise NotOfferedError(f"{fixture['name']}: {sorted(unknown)}")


def _names(expected: dict[str, Any]) -> list[str]:
    """Names of coefficients as R has them before ``make.names``, as far as they tell levels."""
    return [str(name) for name in expected.get("names", [])]


def robust_uni(fixture: dict[str, Any]) -> list[Comparison]:
    """Compare ``robust`` of a two-level fit."""
    positional, named = _call(fixture, "rma" if "rma(" in str(fixture["source"]) else "rma.uni")
    _only(
        fixture,
        named,
        {"yi", "vi", "mods", "data", "control", "method", "test", "weighted", "weights", "tau2"}
        | {"level", "digits", "intercept"},
    )
    named = dict(zip(("yi", "vi", "mods"), positional, strict=False)) | named
    frame, expected = _frame(fixture), fixture["expected"]
    columns = [named["yi"], named["vi"]]
    text = named.get("mods")
    columns += [c for c in frame.columns if text and c in re.findall(r"[A-Za-z_.][\w.]*", text)]
    frame = frame.dropna(subset=columns).reset_index(drop=True)
    method = named.get("method", '"REML"').strip('"')
    options: dict[str, Any] = {}
    if "tau2" in named:
        options["tau2"] = number(named["tau2"])
    elif method in TAU2:
        options["tau2"] = TAU2[method]
    elif method not in ("FE", "EE", "CE"):
        raise NotOfferedError(f"{fixture['name']}: method {method!r}")
    if named.get("weighted") == "FALSE":
        options["weights"] = "equal"
    if "weights" in named:
        options["weights"] = evaluated(named["weights"], frame)
    options["level"] = float(named.get("level", "95")) / 100
    table = _effects(frame, named["yi"], named["vi"])
    if text is None:
        common = {} if "tau2" in options else {"model": "common"}
        fit: Any = pool(table, **common, **options)
    else:
        made = Translated(text, frame, _names(expected))
        options = {"tau2": None} | options
        fit = meta_regression(table, made.formula, data=made.frame, test="z", **options)
    _, asked = _call(fixture, "robust")
    cluster = frame[asked["cluster"].removeprefix("dat$")].to_numpy()
    found = [Comparison("beta", fit.terms["estimate"].to_numpy(), expected["beta"], INHERITED)]
    for name, theirs in expected.items():
        if name.startswith("CR"):
            found += sandwich_comparisons(fit, cluster, name, theirs)
    return found


def robu(fixture: dict[str, Any]) -> list[Comparison]:
    """Compare ``robumeta::robu``."""
    positional, named = _call(fixture, "robu")
    known = {"formula", "data", "studynum", "var.eff.size", "modelweights", "rho", "small"}
    _only(fixture, named, known | {"userweights"})
    options, expected = fixture["options"], fixture["expected"]
    left, right = (named.get("formula") or positional[0]).split("~")
    frame, vi, study = _frame(fixture), named["var.eff.size"], named["studynum"]
    used = set(re.findall(r"[A-Za-z_.][\w.]*", f"{left} {right}")) | {vi, study}
    frame = frame.dropna(subset=[c for c in frame.columns if c in used]).reset_index(drop=True)
    moderators = None if right.strip() == "1" else Translated(right, frame, _names(expected))
    chosen: dict[str, Any] = {"small_sample": named.get("small", "TRUE") != "FALSE"}
    if chosen["small_sample"] != options.get("small_sample_correction", chosen["small_sample"]):
        raise NotOfferedError(f"{fixture['name']}: small says one thing, the options another")
    if "userweights" in named:
        chosen["weights"] = evaluated(named["userweights"], frame)
    else:
        chosen["working"] = WORKING[named.get("modelweights", '"CORR"').strip("\"'")]
        if chosen["working"] == "correlated":
            rho = named.get("rho", "0.8")
            chosen["rho"] = float(options["rho"]) if rho == "rho" else number(rho)
    if moderators is not None:
        chosen |= {"moderators": moderators.formula, "data": moderators.frame}
    fit = robust_regression(_effects(frame, left.strip(), vi), frame[study].to_numpy(), **chosen)
    terms = fit.terms
    names = {
        "beta": "estimate", "se": "std_error", "t": "statistic", "df": "df", "pval": "p",
        "ci_lb": "ci_low", "ci_ub": "ci_high",
    }  # fmt: skip
    own: dict[str, Any] = {theirs: terms[ours].to_numpy() for theirs, ours in names.items()}
    mute = terms["std_error"].isna().to_numpy()
    if mute.any():  # rounding noise there, and nothing in ours
        expected = dict(expected) | {
            key: np.asarray(expected[key], dtype=float)[~mute] for key in names if key != "beta"
        }
        own |= {key: own[key][~mute] for key in names if key != "beta"}
    own |= {"n_studies": fit.m, "n_effects": fit.k}
    own |= {"tau2": fit.tau2, "omega2": fit.omega2, "I2": fit.i2}
    if set(expected) - set(own) - {"names"}:
        raise NotOfferedError(f"{fixture['name']}: {sorted(set(expected) - set(own))}")
    return [Comparison(key, own[key], expected[key], EXACT) for key in own if key in expected]


def _labels(text: str, frame: pd.DataFrame) -> np.ndarray:
    """A column of the data, plain, as a factor, or made by R."""
    found = re.fullmatch(r"(?:as\.)?(?:factor|character|numeric)\((.*)\)", text.strip())
    name = (found[1] if found else text).strip().removeprefix("dat$")
    return frame[name].to_numpy() if name in frame.columns else evaluated(name, frame)


def _value(text: str, options: dict[str, Any], name: str) -> Any:
    """Correlations as written; a name stands for what the options hold."""
    text = text.strip()
    if re.fullmatch(r"[A-Za-z.][\w.]*", text):
        given = options.get(text, options.get(name))
        return _matrix(given)
    parts = vector(text)
    if len(parts) == 1:
        return number(parts[0])
    return tuple(_value(part, options, name) for part in parts)


def _matrix(given: Any) -> Any:
    if isinstance(given, dict) and "matrix" in given:
        names = given.get("names") or given.get("rownames") or given.get("levels")
        return pd.DataFrame(given["matrix"], index=names, columns=names)
    if isinstance(given, list):
        return tuple(_matrix(part) for part in given)
    if given is None:
        raise NotOfferedError("correlations that are not stated")
    return given


def _vcalc(call: str, frame: pd.DataFrame, options: dict[str, Any]) -> np.ndarray:
    positional, named = arguments(call)
    named = dict(zip(("vi", "cluster"), positional, strict=False)) | named
    labels = ("subgroup", "obs", "type", "grp1", "grp2")
    numbers = ("time1", "time2", "w1", "w2")
    known = {"vi", "cluster", *labels, *numbers, "rho", "phi", "rvars", "data", "checkpd"}
    unknown = set(named) - known - {"nearpd", "sparse"}
    if unknown:
        raise NotOfferedError(f"vcalc: {sorted(unknown)}")
    vi = named["vi"]
    v = np.ones(len(frame)) if vi == "1" else evaluated(vi, frame)
    found: dict[str, Any] = {x: _labels(named[x], frame) for x in labels if x in named}
    found |= {x: evaluated(named[x], frame) for x in numbers if x in named}
    if "grp2" not in found:
        found.pop("w1", None)  # of no use there without the other group, and refused by us
    found |= {x: _value(named[x], options, x) for x in ("rho", "phi") if x in named}
    if "rvars" in named:
        columns: list[str] = []
        for part in vector(named["rvars"]):
            ends = [list(frame.columns).index(x) for x in part.split(":")]
            columns += list(frame.columns)[ends[0] : ends[-1] + 1]
        subgroup = found.get("subgroup")
        own = frame[columns].to_numpy(dtype=float)
        if vi == "1":  # covariances, which we take as correlations and variances
            places = frame.groupby(_labels(named["cluster"], frame), sort=False).cumcount()
            v = own[np.arange(len(own)), places]
            own = _correlations(own, v, _labels(named["cluster"], frame))
        found = {"correlations": own} | ({} if subgroup is None else {"subgroup": subgroup})
    nearest = named.get("nearpd", "FALSE") == "TRUE"
    cluster = _labels(named["cluster"], frame)
    return sampling_covariance(v, cluster, nearest=nearest, **found).matrix


def _correlations(own: np.ndarray, v: np.ndarray, cluster: np.ndarray) -> np.ndarray:
    found = np.full_like(own, np.nan)
    for label in pd.unique(cluster):
        rows = np.flatnonzero(cluster == label)
        block = own[rows][:, : len(rows)] / np.sqrt(np.outer(v[rows], v[rows]))
        found[np.ix_(rows, np.arange(len(rows)))] = block
    return found


def vcalc(fixture: dict[str, Any]) -> list[Comparison]:
    """Compare ``vcalc``."""
    call = fixture["source"]["call"]
    own = _vcalc(call, _frame(fixture), fixture["options"])
    return [Comparison("V", own, fixture["expected"]["V"], EXACT)]


def aggregate(fixture: dict[str, Any]) -> list[Comparison]:
    """Compare ``aggregate.escalc``."""
    _, named = _call(fixture, "aggregate")
    known = {"cluster", "rho", "phi", "struct", "time", "obs", "V", "weighted", "data", "addk"}
    _only(fixture, named, known | {"na.rm", "select", "checkpd"})
    options, expected, frame = fixture["options"], fixture["expected"], _frame(fixture)
    frame = frame.dropna(subset=["yi", "vi"]).reset_index(drop=True)
    cluster = _labels(named["cluster"], frame)
    labels = list(pd.unique(cluster))
    asked: dict[str, Any] = {}
    if "V" in named:
        asked["covariance"] = _stated_v(named["V"], frame, options)
    else:
        structure = STRUCTURES[named.get("struct", '"CS"').strip("\"'")]
        asked["structure"] = structure
        parts = {"rho": "compound" in structure, "phi": "autoregressive" in structure}
        for name in (name for name, used in parts.items() if used):
            value = _value(named[name], options, name)
            several = isinstance(value, tuple)
            asked[name] = dict(zip(labels, value, strict=True)) if several else value
        if "autoregressive" in structure:
            asked["time"] = evaluated(named["time"], frame)
        if "times" in structure:
            asked["obs"] = _labels(named["obs"], frame)
    blocks = {name: expected[name] for name in ("weighted", "unweighted") if name in expected}
    if "yi" in expected:
        blocks["unweighted" if named.get("weighted") == "FALSE" else "weighted"] = expected
    order = (
        [labels.index(x) for x in expected[named["cluster"]]]
        if named["cluster"] in expected
        else list(range(len(labels)))
    )
    found = []
    for name, theirs in blocks.items():
        own = aggregate_effects(_effects(frame), cluster, weighted=name == "weighted", **asked)
        rows = own.table.rows.iloc[order]
        y, v = rows["estimate"].to_numpy(float), rows["std_error"].to_numpy(float) ** 2
        found += [
            Comparison(f"{name} estimates", y, theirs["yi"], EXACT),
            Comparison(f"{name} variances", v, theirs["vi"], EXACT),
        ]
    return found


def _stated_v(text: str, frame: pd.DataFrame, options: dict[str, Any]) -> np.ndarray:
    if text.startswith("vcalc("):
        return _vcalc(text, frame, options)
    if text in frame.columns:
        return np.diag(frame[text].to_numpy(dtype=float))
    if "V" in options:
        given = options["V"]
        return np.asarray(given["matrix"] if isinstance(given, dict) else given, dtype=float)
    if "within_study_correlation" in options:
        rho = float(options["within_study_correlation"])
        own = sampling_covariance(frame["vi"], frame["study"], obs=np.arange(len(frame)), rho=rho)
        return own.matrix
    raise NotOfferedError(f"V = {text}")


ADAPTERS = {
    "aggregate.escalc": aggregate, "robu": robu, "robust.rma.uni": robust_uni, "vcalc": vcalc,
}  # fmt: skip
