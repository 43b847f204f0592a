"""Reference files of multilevel and multivariate models: which of our calls answers which."""

import itertools
import math
import re
from typing import Any

import numpy as np
import pandas as pd
from comparison import Comparison, NotOfferedError
from r_formula import Translated, arguments, number, random_terms, vector

from evidence.models.multilevel.assemble import wald_multilevel
from evidence.models.multilevel.fit import MultilevelFit
from evidence.models.multilevel.influence import multilevel_influence
from evidence.models.multilevel.multilevel import multilevel
from evidence.models.multilevel.predict import predict_multilevel
from evidence.models.multilevel.profile import profile_intervals, profile_likelihood
from evidence.models.multilevel.random_effects import random_effects

STRUCTURES = {
    "ID": "identity", "DIAG": "diagonal", "CS": "compound_symmetry",
    "HCS": "heterogeneous_compound_symmetry", "UN": "unstructured", "AR": "autoregressive",
    "HAR": "heterogeneous_autoregressive", "CAR": "continuous_autoregressive",
}  # fmt: skip
METHODS = {"REML": "reml", "ML": "maximum_likelihood", "fixed": "reml", "FE": "reml", "EE": "reml"}
COEFFICIENT = {
    "estimate": "beta", "std_error": "se", "statistic": "stat", "ci_low": "ci_lb",
    "ci_high": "ci_ub",
}  # fmt: skip
# What a call may say without changing what is computed here, or what is read elsewhere.
IGNORED = {"data", "control", "sparse", "digits", "verbose", "slab", "cvvc", "btt", "subset"}
READ = {
    "yi", "V", "mods", "random", "struct", "method", "test", "dfs", "level", "intercept",
    "sigma2", "tau2", "rho", "gamma2", "phi",
}  # fmt: skip
OPTIONS = {
    "random", "struct", "formula", "method", "test", "dfs", "V", "within_study_correlation",
    "sampling_autocorrelation", "level", "cluster", "btt", "sigma2", "tau2", "rho",
    "gamma2", "phi",
}  # fmt: skip
FIXED, COMPONENT, CORRELATION, LIKELIHOOD, PROFILE, INTERVAL = 1e-5, 1e-4, 1e-4, 1e-7, 1e-6, 1e-3
EXACT = 1e-8
ZERO = 1e-6
"""A variance below this counts as 0."""


class Asked:
    """A call of rma.mv in our words."""

    def __init__(self, fixture: dict[str, Any], names: list[str]) -> None:
        source, options = fixture["source"]["call"], fixture["options"]
        calls = source if isinstance(source, list) else [source]
        mine = [call for call in calls if call.startswith("rma.mv(")]
        unknown = set(options) - OPTIONS
        if len(mine) != 1 or unknown:
            raise NotOfferedError(f"{fixture['name']}: {calls}, options {sorted(unknown)}")
        positional, named = arguments(mine[0])
        named = dict(zip(("yi", "V"), positional, strict=False)) | named
        if set(named) - READ - IGNORED:
            raise NotOfferedError(f"{fixture['name']}: {sorted(set(named) - READ - IGNORED)}")
        self.named, self.options = named, options
        self.random = random_terms(named["random"]) if "random" in named else []
        frame = pd.DataFrame(fixture["data"])
        kept = _complete(frame, named, self.random)
        every = _sampling(fixture, frame, named["V"], self.random)
        self.v = every[np.ix_(kept, kept)]
        frame = frame.iloc[kept].reset_index(drop=True)
        self.formula: Translated | None = None
        if "mods" in named:
            formula = _formula(named["mods"])
            if named.get("intercept") in ("FALSE", "F"):
                formula += " - 1"
            self.formula = Translated(formula, frame, names)
            frame = self.formula.frame
        frame = frame.rename(columns={named["yi"]: "estimate"})
        self.frame = frame.assign(std_error=np.sqrt(np.diag(self.v)))
        for term in self.random:
            inner = term.split("|")[0].strip()
            if inner != "1":
                self.frame[inner] = _inner(self.frame[inner])

    def fit(self) -> MultilevelFit:
        named = self.named
        test = named.get("test", '"z"').strip('"')
        dfs = named.get("dfs", '"residual"').strip('"')
        if test not in ("t", "z") or dfs not in ("residual", "contain"):
            raise NotOfferedError(f"test {test!r}, dfs {dfs!r}")
        return multilevel(
            self.frame,
            self.random or None,
            structure=self.structures() or None,
            moderators=None if self.formula is None else self.formula.formula,
            covariance=self.v,
            fixed=self.fixed(),
            method=METHODS[named.get("method", '"REML"').strip('"')],
            test=test,
            df={"contain": "containment"}.get(dfs, dfs) if test == "t" else None,
            level=float(named.get("level", "95"))
            / (1 if float(named.get("level", "95")) < 1 else 100),
        )

    def structures(self) -> list[str]:
        count = len(self.inner_terms())
        given = vector(self.named.get("struct", '"CS"'))
        if set(given) - set(STRUCTURES):
            raise NotOfferedError(f"structures {given}")
        return [STRUCTURES[x] for x in (given * count)[:count]]

    def inner_terms(self) -> list[str]:
        return [term for term in self.random if term.split("|")[0].strip() != "1"]

    def groups(self) -> list[str]:
        """Names of the intercept terms, in the order of sigma2."""
        found = []
        for term in self.random:
            left, path = (part.strip() for part in term.split("|"))
            parts = path.split("/")
            found += ["/".join(parts[: i + 1]) for i in range(len(parts)) if left == "1"]
        return found

    def components(self, kind: str) -> list[str]:
        """Our names of sigma2, tau2, rho, gamma2 or phi, in R's order."""
        if kind == "sigma2":
            return [f"variance({name})" for name in self.groups()]
        place = 0 if kind in ("tau2", "rho") else 1
        if place >= len(self.inner_terms()):
            return []
        inner, outer = (part.strip() for part in self.inner_terms()[place].split("|"))
        structure = self.structures()[place]
        word = "variance" if kind in ("tau2", "gamma2") else "correlation"
        levels = [str(x) for x in self.frame[inner].cat.categories]
        if word == "variance" and (
            structure.startswith("hetero") or structure in ("diagonal", "unstructured")
        ):
            return [f"variance({inner}[{x}] | {outer})" for x in levels]
        if word == "correlation" and structure == "unstructured":
            both = itertools.combinations(levels, 2)
            return [f"correlation({inner}[{a}, {b}] | {outer})" for a, b in both]
        if word == "correlation" and structure in ("identity", "diagonal"):
            return []
        return [f"{word}({inner} | {outer})"]

    def fixed(self) -> dict[str, float] | None:
        found = {}
        for kind in ("sigma2", "tau2", "rho", "gamma2", "phi"):
            if kind not in self.named:
                continue
            names = self.components(kind)
            values = [number(x) for x in vector(self.named[kind])]
            values = values * len(names) if len(values) == 1 else values
            found |= {n: x for n, x in zip(names, values, strict=True) if x is not None}
        return found or None


def _formula(text: str) -> str:
    if not text.startswith("~"):
        names = re.fullmatch(r"cbind\((.*)\)", text)
        return "~ " + " + ".join(names[1].split(",") if names else [text])
    return text


def _inner(values: pd.Series) -> pd.Series:
    """Levels in R's order; numbers stay what they are called."""
    if isinstance(values.dtype, pd.CategoricalDtype):
        return values.cat.remove_unused_categories()
    if pd.api.types.is_numeric_dtype(values.dtype):
        return pd.Series(pd.Categorical(values, sorted(values.unique())), index=values.index)
    order = sorted(values.unique().tolist(), key=lambda x: (str(x).casefold(), str(x)))
    return pd.Series(pd.Categorical(values, order), index=values.index)


def _complete(frame: pd.DataFrame, named: dict[str, str], random: list[str]) -> np.ndarray:
    """Places of the rows without missing values in what the model uses."""
    text = " ".join([named.get("mods", ""), named["yi"], named["V"], *random])
    used = [name for name in frame.columns if name in re.findall(r"[A-Za-z_.][\w.]*", text)]
    return np.flatnonzero(frame[used].notna().all(axis=1))


def _sampling(
    fixture: dict[str, Any], frame: pd.DataFrame, text: str, random: list[str]
) -> np.ndarray:
    """Sampling covariance: stated, by a correlation within the outermost group, or variances."""
    options = fixture["options"]
    if "V" in options:
        given = options["V"]
        return np.asarray(given["matrix"] if isinstance(given, dict) else given, dtype=float)
    column = text if text in frame.columns else "vi"
    v = frame[column].to_numpy(dtype=float)
    if not {"within_study_correlation", "sampling_autocorrelation"} & set(options):
        if text not in frame.columns:
            raise NotOfferedError(f"{fixture['name']}: V = {text} is not stated")
        return np.diag(v)
    left, path = (part.strip() for part in random[0].split("|"))
    group = frame["study"] if "study" in frame.columns else frame[path.split("/")[0].strip()]
    codes = pd.factorize(group)[0]
    same = codes[:, None] == codes[None, :]
    if "within_study_correlation" in options:
        r = np.where(np.eye(len(v)) > 0, 1.0, options["within_study_correlation"])
    else:
        place = frame["time" if left == "1" else left].to_numpy(dtype=float)
        gap = np.abs(place[:, None] - place[None, :])
        r = options["sampling_autocorrelation"] ** gap
    return np.where(same, r, 0.0) * np.sqrt(np.outer(v, v))


Pairs = list[Comparison]


def rma_mv(fixture: dict[str, Any]) -> Pairs:
    """Compare ``rma.mv`` and what was computed from its fit."""
    expected = fixture["expected"]
    asked = Asked(fixture, expected["names"])
    fit = asked.fit()
    known = {
        "names", "beta", "se", "stat", "df", "pval", "ci_lb", "ci_ub", "sigma2", "tau2", "rho",
        "gamma2", "phi", "G", "H", "vcov", "QE", "QE_df", "QE_p", "QM", "QM_df", "QM_p", "fit", "k",
        "profile_ci", "profile", "ranef", "predict", "robust",
    }  # fmt: skip
    if set(expected) - known:
        raise NotOfferedError(f"{fixture['name']}: figures {sorted(set(expected) - known)}")
    found = _coefficients(fit, asked, expected)
    found += _tests(fit, asked, expected) + _components(fit, asked, expected)
    found += _likelihoods(fit, expected["fit"])
    found.append(Comparison("k", fit.k, expected["k"], 0.0))
    if "profile_ci" in expected:
        found += _intervals(fit, asked, expected["profile_ci"])
    if "profile" in expected:
        found += _profiles(fit, asked, expected["profile"])
    if "ranef" in expected:
        found += _effects(fit, expected["ranef"])
    if "predict" in expected:
        found += _predictions(fit, asked, expected["predict"])
    if "robust" in expected:
        from adapt_robust import robust_comparisons

        found += robust_comparisons(fixture, fit, asked.frame)
    return found


def _places(fit: MultilevelFit, asked: Asked, names: list[str]) -> list[int]:
    """Where R's coefficients stand among ours."""
    ours = list(fit.design.names)
    named = [
        asked.formula.r_name(x) if asked.formula else x.replace("intercept", "intrcpt")
        for x in ours
    ]
    if sorted(named) != sorted(names):
        raise NotOfferedError(f"coefficients {named}, expected {names}")
    return [named.index(name) for name in names]


def _coefficients(fit: MultilevelFit, asked: Asked, expected: dict[str, Any]) -> Pairs:
    places = _places(fit, asked, expected["names"])
    own = fit.terms.iloc[places]
    found = [
        Comparison(a, own[a].to_numpy(dtype=float), expected[b], FIXED)
        for a, b in COEFFICIENT.items()
    ]
    found += [_log_p("p", own["p"].to_numpy(dtype=float), expected["pval"])]
    found.append(
        Comparison("covariance", fit.covariance[np.ix_(places, places)], expected["vcov"], FIXED)
    )
    if "df" in expected:
        df = own["df"].to_numpy(dtype=float)
        stated = expected["df"]
        if len(stated) == 1:
            df = np.unique(df) if len(np.unique(df)) == 1 else df
        found.append(Comparison("df", df, stated, EXACT))
    return found


def _log_p(name: str, ours: object, theirs: object) -> Comparison:
    """Compare p-values by their logarithms; what underflows counts as the smallest number."""
    tiny = 1e-300
    one, other = (np.log(np.maximum(np.asarray(x, dtype=float), tiny)) for x in (ours, theirs))
    return Comparison(f"log {name}", one, other, 10 * FIXED)


def _tests(fit: MultilevelFit, asked: Asked, expected: dict[str, Any]) -> Pairs:
    residual = fit.heterogeneity
    found = [
        Comparison("QE", residual.q, expected["QE"], EXACT),
        Comparison("QE df", residual.df, expected["QE_df"], 0.0),
        _log_p("QE p", residual.p, expected["QE_p"]),
    ]
    names = list(fit.design.names)
    if "btt" in asked.named or "btt" in asked.options:
        raise NotOfferedError("btt")
    chosen = [x for x in names if x != "intercept"] or names
    own = wald_multilevel(fit, chosen)
    df = [own.df] if math.isinf(own.df_residual) else [own.df, own.df_residual]
    found += [
        Comparison("QM", own.statistic, expected["QM"], FIXED),
        Comparison("QM df", df, expected["QM_df"], EXACT),
        _log_p("QM p", own.p, expected["QM_p"]),
    ]
    return found


def _components(fit: MultilevelFit, asked: Asked, expected: dict[str, Any]) -> Pairs:
    own = fit.components.set_index("component")["estimate"]
    found = []
    for kind in ("sigma2", "tau2", "gamma2", "rho", "phi"):
        if kind not in expected or expected[kind] is None:
            continue
        names = asked.components(kind)
        if kind in ("rho", "phi") and not names:
            # Structures without correlations: the reference writes 0.
            found.append(Comparison(kind, [0.0], np.unique(expected[kind]), 0.0))
            continue
        values = own.reindex(names).to_numpy()
        theirs = np.atleast_1d(np.asarray(expected[kind], dtype=float))
        if kind in ("rho", "phi"):
            known = ~np.isnan(values)  # not identified: it writes 0 or where its search stopped
            if known.any():
                found.append(Comparison(kind, values[known], theirs[known], CORRELATION))
            continue
        # A variance is known no better than a small part of the sampling variances.
        near = np.abs(values - theirs) <= 1e-5 * np.median(np.diag(asked.v))
        values = np.where(near, theirs, values)
        zero = (values < ZERO) & (theirs < ZERO)
        found.append(
            Comparison(
                kind, np.where(zero, 0, values), np.where(zero, 0, theirs), COMPONENT, relative=True
            )
        )
    for place, name in enumerate(("G", "H")):
        if expected.get(name) is not None:
            term = [t for t in fit.random if t.levels][place]
            matrix, theirs = fit.effect_covariance(term.name).to_numpy(), np.asarray(expected[name])
            seen = ~np.isnan(matrix)
            found.append(Comparison(name, matrix[seen], theirs[seen], COMPONENT))
    return found


def _likelihoods(fit: MultilevelFit, expected: dict[str, Any]) -> Pairs:
    found = []
    names = {
        "log_likelihood": "logLik", "deviance": "deviance", "aic": "AIC", "bic": "BIC",
        "aicc": "AICc",
    }  # fmt: skip
    for kind, own, method in (
        ("ML", fit.full_likelihood, "maximum_likelihood"),
        ("REML", fit.restricted_likelihood, "reml"),
    ):
        # The other likelihood is not flat at the estimates, and these have their own rounding.
        tolerance = LIKELIHOOD if fit.method == method else FIXED
        found += [
            Comparison(f"{kind} {a}", getattr(own, a), expected[kind][b], tolerance)
            for a, b in names.items()
        ]
    return found


def _our_component(asked: Asked, parameter: str) -> str:
    """Our name of ``sigma^2.1``, ``tau^2``, ``rho.2``, ..."""
    found = re.fullmatch(r"(sigma|tau|gamma|rho|phi)(?:\^2)?(?:\.(\d+))?", parameter)
    if not found:
        raise NotOfferedError(f"component {parameter!r}")
    kind = found[1] + ("2" if found[1] in ("sigma", "tau", "gamma") else "")
    return asked.components(kind)[int(found[2] or 1) - 1]


def _intervals(fit: MultilevelFit, asked: Asked, expected: list[dict[str, Any]]) -> Pairs:
    free = fit.components.loc[fit.components["estimate"].notna(), "component"].tolist()
    # What is not identified has no interval, and theirs is arbitrary.
    expected = [row for row in expected if _our_component(asked, row["parameter"]) in free]
    names = [_our_component(asked, row["parameter"]) for row in expected]
    own = profile_intervals(fit, names)
    found = []
    for ours, row in zip(own.to_dict("records"), expected, strict=True):
        name, interval = ours["component"], (ours["ci_low"], ours["ci_high"])
        found.append(Comparison(name, ours["estimate"], row["estimate"], COMPONENT))
        for side, end in zip(("lb", "ub"), interval, strict=True):
            if row[side] is None and math.isfinite(end):
                continue  # theirs was not found
            if (
                row[side] == 0
                and name.startswith("correlation")
                and "autoreg" in asked.structures()[0]
            ):
                end = max(end, 0.0)  # theirs looks at correlations above 0 alone
            found.append(
                Comparison(f"{name} {side}", None if math.isinf(end) else end, row[side], INTERVAL)
            )
    return found


def _profiles(fit: MultilevelFit, asked: Asked, expected: list[dict[str, Any]]) -> Pairs:
    found = []
    for row in expected:
        kinds = set(row) - {"values", "logLik"}
        if len(kinds) != 1:
            raise NotOfferedError(f"profile of {sorted(kinds)}")
        kind = kinds.pop()
        name = asked.components(kind)[int(row[kind]) - 1]
        own = profile_likelihood(fit, name, row["values"])["log_likelihood"].to_numpy()
        found.append(Comparison(f"profile of {name}", own, row["logLik"], PROFILE))
    return found


def _effects(fit: MultilevelFit, expected: dict[str, Any]) -> Pairs:
    own, found = random_effects(fit), []
    for name, theirs in expected.items():
        term = name.strip().removeprefix("~").strip()
        term = re.sub(r"\b(?:as\.)?factor\((\w+)\)", r"\1", term)
        mine = own[own["term"] == term]
        labels = [
            g if pd.isna(x) else f"{x} | {g}"
            for g, x in zip(mine["group"], mine["level"], strict=True)
        ]
        mine = mine.set_index(pd.Index(labels)).loc[[str(x) for x in theirs["level"]]]
        estimates, errors = mine["estimate"].to_numpy(), mine["std_error"].to_numpy()
        found.append(Comparison(f"effects of {term}", estimates, theirs["intrcpt"], FIXED))
        # The root of a variance that counts as 0 is not so small.
        limit = np.sqrt(ZERO) if (fit.components["estimate"] < ZERO).any() else FIXED
        found.append(Comparison(f"errors of effects of {term}", errors, theirs["se"], limit))
    return found


def _predictions(fit: MultilevelFit, asked: Asked, expected: dict[str, Any]) -> Pairs:
    names = {"pred": "estimate", "se": "std_error", "ci_lb": "ci_low", "ci_ub": "ci_high"}
    frame = None if asked.formula is None else asked.frame  # every row's own moderators
    if "newmods" in expected:
        frame = pd.DataFrame(expected["newmods"], columns=expected["newmods_columns"])
    has = expected.get("pi_lb") is not None
    if has:
        names |= {"pi_lb": "prediction_low", "pi_ub": "prediction_high"}
    own = predict_multilevel(fit, frame, prediction=has)
    return [
        Comparison(f"predict {a}", own[b].to_numpy(), expected[a], FIXED) for a, b in names.items()
    ]


def diagnostics(fixture: dict[str, Any]) -> Pairs:
    """Compare ``cooks.distance``, ``hatvalues``, ``rstandard`` and ``rstudent`` of ``rma.mv``."""
    expected = dict(fixture["expected"])
    asked = Asked(fixture, [])
    fit = asked.fit()
    own = multilevel_influence(fit, asked.frame[fixture["options"]["cluster"]].to_numpy())
    tolerance, found = COMPONENT, []
    rows = {
        "hat": "hat", "rstandard_z": "standardised", "rstudent_z": "studentised",
        "weights_percent_diag": "precision_share", "weights_percent_rowsum": "weight",
    }  # fmt: skip
    for theirs, ours in rows.items():
        if theirs in expected:
            found.append(
                Comparison(ours, own.rows[ours].to_numpy(), expected.pop(theirs), tolerance)
            )
    standard = expected.pop("rstandard_cluster_X2", None)
    names = (standard or expected.get("cooks_distance") or {}).get("cluster")
    clusters = own.clusters if names is None else own.clusters.loc[[str(x) for x in names]]
    if standard is not None:
        figures = clusters["standardised_chi2"].to_numpy()
        found.append(Comparison("standardised_chi2", figures, standard["X2"], tolerance))
        found.append(Comparison("cluster sizes", clusters["k"].to_numpy(), standard["k"], 0.0))
    if "rstudent_cluster_X2" in expected:
        figures, theirs = (
            clusters["studentised_chi2"].to_numpy(),
            expected.pop("rstudent_cluster_X2"),
        )
        theirs = theirs["X2"] if isinstance(theirs, dict) else theirs
        found.append(Comparison("studentised_chi2", figures, theirs, tolerance))
    if "cooks_distance" in expected:
        cook = expected.pop("cooks_distance")
        figures = own.clusters.loc[[str(x) for x in cook["cluster"]], "cook"].to_numpy()
        found.append(Comparison("cook", figures, cook["value"], tolerance))
    if expected:
        raise NotOfferedError(f"{fixture['name']}: figures {sorted(expected)}")
    return found


def _combinations() -> dict[str, Any]:
    """Keys of a fit alone and with what may be computed from it, in the order files name them."""
    extras = (
        "confint",
        "profile",
        "ranef",
        "predict",
        "robust",
        "vcovCR",
        "coef_test",
        "Wald_test",
    )
    keys = {}
    for count in range(len(extras) + 1):
        for chosen in itertools.combinations(extras, count):
            keys[", ".join(("rma.mv", *chosen))] = rma_mv
    return keys


ADAPTERS = _combinations() | {"cooks.distance.rma.mv, hatvalues, rstandard, rstudent": diagnostics}
