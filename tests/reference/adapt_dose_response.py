"""Reference files of dose-response meta-analysis: which of our calls answers which of theirs."""

import re
from typing import Any

import numpy as np
import pandas as pd
from comparison import Comparison, NotOfferedError
from scipy import special

from evidence.models.dose_response.dose_response import dose_response
from evidence.models.dose_response.fit import DoseFit
from evidence.models.dose_response.kernels_covariance import (
    CASE_CONTROL,
    CUMULATIVE,
    INCIDENCE_RATE,
    count_variances,
    greenland_longnecker_counts,
    hamling_counts,
    shared_reference_covariance,
)
from evidence.models.dose_response.predict import dose_predictions
from evidence.models.dose_response.reading import dose_means, dose_ratios
from evidence.models.dose_response.shape import DoseShape, dose_powers, dose_spline
from evidence.models.dose_response.table import DoseTable

DESIGNS = {"cc": CASE_CONTROL, "ir": INCIDENCE_RATE, "ci": CUMULATIVE}
METHODS = {"fixed": "fixed", "reml": "reml", "ml": "maximum_likelihood", "mm": "moments"}
KNOWN = {
    "shape", "method", "procedure", "covariance_of_logrr", "knots", "spline_basis",
    "reference_dose", "centring", "level", "rows", "knot_quantiles",
}  # fmt: skip
ARGUMENTS = {
    "id", "type", "se", "v", "sd", "cases", "n", "data", "method", "proc", "covariance", "control",
    "knots", "parms", "nk",
}  # fmt: skip
# Their value for negative eigenvalues of the moments estimate: root of the machine's precision.
FLOOR = float(np.sqrt(np.finfo(float).eps))
CLOSED, ITERATED, COVARIANCES = 1e-5, 1e-3, 1e-4


def their_covariance(
    method: str, design: str, rows: pd.DataFrame, log_ratio: str, variance: np.ndarray
) -> np.ndarray:
    """Covariance as the reference has it, of our parts.

    For risks it leaves -1/n out of Greenland and Longnecker's variances, and in Hamling's method
    it takes the equations of rates for risks and those of risks for rates, while the variances of
    the counts are those of the design. Ours are right; see the docstring of ``dose_ratios``.
    """
    y = rows[log_ratio].to_numpy(dtype=float)[1:]
    if len(y) == 1:
        return np.diag(variance)
    cases, n = rows["cases"].to_numpy(dtype=float), rows["n"].to_numpy(dtype=float)
    if method == "gl":
        like = CASE_CONTROL if design == CASE_CONTROL else INCIDENCE_RATE
        counts = greenland_longnecker_counts(y, cases, n, like)
        return shared_reference_covariance(variance, count_variances(counts, like))
    if method != "h":
        raise NotOfferedError(f"covariance {method!r}")
    swapped = {INCIDENCE_RATE: CUMULATIVE, CUMULATIVE: INCIDENCE_RATE, CASE_CONTROL: CASE_CONTROL}
    found = hamling_counts(y, variance, cases, n, swapped[design])
    assert found is not None
    return shared_reference_covariance(variance, count_variances(found, design))


def ordered(frame: pd.DataFrame, study: str, error: str) -> list[tuple[str, pd.DataFrame]]:
    """Studies with their reference first."""
    found = []
    for name, rows in frame.groupby(study, sort=False):
        reference = ~(rows[error].fillna(0.0) > 0)
        found.append((str(name), pd.concat([rows[reference], rows[~reference]])))
    return found


def argument(call: str, name: str, default: str | None = None) -> str | None:
    found = re.search(rf"[(,\s]{name}\s*=\s*\"?([\w.]+)\"?", call)
    return found.group(1) if found else default


def design_of(call: str, rows: pd.DataFrame) -> str:
    word = argument(call, "type", "type") or "type"
    if word in DESIGNS:
        return DESIGNS[word]
    return DESIGNS[str(rows[word].iloc[0])]


def ratios(frame: pd.DataFrame, call: str, response: str, covariance: str) -> DoseTable:
    study, error = argument(call, "id", "study") or "study", argument(call, "se")
    if covariance in ("md", "smd"):
        return dose_means(
            frame, study=study, mean=response, sd=argument(call, "sd", "sd") or "sd",
            n=argument(call, "n", "n") or "n", measure="MD" if covariance == "md" else "SMD",
        )  # fmt: skip
    if error is None:
        error = "se_of_v"
        frame = frame.assign(se_of_v=np.sqrt(frame[argument(call, "v") or "v"]))
    columns = {"study": study, "log_ratio": response, "std_error": error}
    if covariance == "indep":
        return dose_ratios(frame, **columns, covariance="independent")
    names = {argument(call, "cases", "cases"): "cases", argument(call, "n", "n"): "n"}
    frame = frame.rename(columns={k: v for k, v in names.items() if k is not None})
    groups = ordered(frame, study, error)
    designs = {design_of(call, rows) for _, rows in groups}
    if covariance == "gl" and CUMULATIVE not in designs:
        design = argument(call, "type", "type")
        return dose_ratios(frame, **columns, cases="cases", n="n", design=design)
    matrices = {
        name: their_covariance(
            covariance, design_of(call, rows), rows, response,
            rows[error].to_numpy(dtype=float)[1:] ** 2,
        )
        for name, rows in groups
    }  # fmt: skip
    return dose_ratios(frame, **columns, covariance=matrices)


def shape_from(terms: list[str], options: dict[str, Any]) -> DoseShape:
    """Shape of the terms of a formula."""
    powers = []
    for term in terms:
        power = re.fullmatch(r"I\((\w+)\^([\d.]+)\)", term)
        if re.fullmatch(r"s\d+|rcs\(.*", term):
            knots = options.get("knots")
            if knots is None:
                raise NotOfferedError(f"a spline without knots: {term}")
            return dose_spline(knots)
        if power:
            powers.append(float(power.group(2)))
        elif re.fullmatch(r"\w+", term):
            powers.append(1.0)
        elif re.fullmatch(r"I?\(?sqrt\(\w+\)\)?", term):
            powers.append(0.5)
        else:
            raise NotOfferedError(f"term {term!r}")
    return dose_powers(powers)


def dosresmeta(fixture: dict[str, Any]) -> list[Comparison]:
    """Compare ``dosresmeta`` in one or two stages."""
    options, call, expected = fixture["options"], fixture["source"]["call"], fixture["expected"]
    unknown = set(options) - KNOWN
    method = argument(call, "method", options.get("method")) or ""
    covariance = argument(call, "covariance", "gl") or ""
    unknown |= set(re.findall(r"[(,]\s*(\w+)\s*=", call)) - ARGUMENTS
    if unknown or method not in METHODS:
        raise NotOfferedError(f"{fixture['name']}: options {sorted(unknown)}, method {method!r}")
    response, right = re.search(r"(\w+)\s*~\s*(.+?),\s*id", call).groups()  # type: ignore[union-attr]
    terms = [part.strip() for part in right.split("+")]
    table = ratios(pd.DataFrame(fixture["data"]), call, response, covariance)
    chosen: dict[str, Any] = {"shape": shape_from(terms, options)}
    chosen["stages"] = 1 if argument(call, "proc", "2stage") == "1stage" else 2
    if method == "mm":
        chosen["eigenvalue_floor"] = FLOOR
    fit = dose_response(table, method=METHODS[method], **chosen)
    tolerance = CLOSED if method in ("fixed", "mm") else ITERATED
    found = _coefficients(fit, expected, tolerance)
    found += _between(fit, expected)
    if expected.get("logLik") is not None:
        assert fit.likelihood is not None
        value = fit.likelihood.log_likelihood
        found.append(Comparison("logLik", value, expected["logLik"], 1e-5))
    if expected.get("prediction"):
        level = options.get("level", 95) / 100
        found += _predictions(fit, expected["prediction"], tolerance, level)
    if expected.get("heterogeneity"):
        common = dose_response(table, chosen["shape"], method="fixed")
        found += _heterogeneity(fit, common, expected["heterogeneity"])
    if expected.get("first_stage"):
        found += _first_stage(fit, expected["first_stage"])
    return found


def _coefficients(fit: DoseFit, expected: dict[str, Any], tolerance: float) -> list[Comparison]:
    theirs, error = np.array(expected["coefficients"]), np.array(expected["se"])
    ours = fit.terms["std_error"].to_numpy()
    found = [
        Comparison("coefficients", fit.estimates, theirs, tolerance),
        # That tolerance is wide beside a slope of a thousandth: also in standard errors.
        Comparison("coefficients / se", fit.estimates / error, theirs / error, 1e-2),
        Comparison("se", ours, error, tolerance),
        Comparison("se, relative", ours, error, max(tolerance, COVARIANCES), relative=True),
        Comparison("vcov", fit.covariance, expected["vcov"], COVARIANCES),
        Comparison(
            "vcov, scaled",
            fit.covariance / np.outer(error, error),
            np.array(expected["vcov"]) / np.outer(error, error),
            max(2.0 * tolerance, COVARIANCES),
        ),
    ]
    if expected.get("wald_all"):
        stated = expected["wald_all"]
        # What the pseudo-counts leave open is multiplied here: 1e-4 where 1e-5 is advised.
        own = max(tolerance, COVARIANCES)
        found += [
            Comparison("Wald", fit.overall.statistic, stated["chi2"], own),
            Comparison("Wald df", fit.overall.df, stated["df"], 0.0),
            Comparison("Wald p", np.log(fit.overall.p), np.log(stated["p"]), own * 5),
        ]
    return found


def _between(fit: DoseFit, expected: dict[str, Any]) -> list[Comparison]:
    theirs = expected["between_study_covariance"]
    if theirs is None or fit.between is None:
        return [Comparison("between", fit.between, theirs, 0.0)]
    # In units of their own spread, or of the sampling variance where there is next to none.
    size = np.sqrt(np.maximum(np.diag(theirs), np.array(expected["se"]) ** 2))
    unit = np.outer(size, size)
    return [Comparison("between", fit.between / unit, np.array(theirs) / unit, 1e-2)]


def _predictions(
    fit: DoseFit, stated: dict[str, Any], tolerance: float, level: float
) -> list[Comparison]:
    own = dose_predictions(fit, stated["dose"], reference=stated["reference_dose"], level=level)
    names = {
        "logrr": "estimate", "se": "std_error", "rr": "ratio", "rr_lb": "ratio_ci_low",
        "rr_ub": "ratio_ci_high",
    }  # fmt: skip
    return [
        Comparison(f"prediction {theirs}", own[ours].to_numpy(), stated[theirs], tolerance)
        for theirs, ours in names.items()
        if theirs in stated
    ]


def _heterogeneity(fit: DoseFit, common: DoseFit, stated: dict[str, Any]) -> list[Comparison]:
    """Q of all; theirs of single coefficients is about the multivariate mean, with k - p df.

    Ours is that of a univariate analysis, with k - 1; from its parts theirs is made here.
    """
    assert fit.heterogeneity is not None
    row = fit.heterogeneity.iloc[0]
    y = np.array([trend.estimate for trend in fit.trends])
    v = np.array([np.diag(trend.covariance) for trend in fit.trends])
    single = ((y - common.estimates) ** 2 / v).sum(0)
    q = np.array([row["q"], *(single if len(single) > 1 else [])])
    df = np.array(stated["df"], dtype=float)
    return [
        Comparison("Q", q, stated["Q"], COVARIANCES),
        Comparison("Q df", int(row["df"]), stated["df"][0], 0.0),
        Comparison("Q p", row["p"], stated["p"][0], COVARIANCES),
        Comparison("Q p of all", special.chdtrc(df, q), stated["p"], COVARIANCES),
    ]


def _first_stage(fit: DoseFit, stated: dict[str, Any]) -> list[Comparison]:
    names = [trend.study for trend in fit.trends]
    assert names == [str(name) for name in stated["study"]]
    b, v = (np.array(stated[name], dtype=float) for name in ("coefficients", "vcov"))
    own = np.array([trend.estimate for trend in fit.trends])
    error = np.sqrt(np.diagonal(v, axis1=1, axis2=2))
    return [
        Comparison("first stage", own, b, CLOSED),
        Comparison("first stage / se", own / error, b / error, 1e-2),
        Comparison("first stage vcov", [t.covariance for t in fit.trends], v, CLOSED),
    ]


def covar_logrr(fixture: dict[str, Any]) -> list[Comparison]:
    """Compare ``covar.logrr``: the names are study and method."""
    frame, found = pd.DataFrame(fixture["data"]), []
    words = {"greenland_longnecker": "gl", "hamling": "h"}
    studies = dict(ordered(frame, "study", "se"))
    for name, matrix in fixture["expected"].items():
        study, word = next((name.removesuffix(f"_{w}"), w) for w in words if name.endswith(f"_{w}"))
        rows = studies[study]
        design = DESIGNS[str(rows["type"].iloc[0])]
        variance = rows["se"].to_numpy(dtype=float)[1:] ** 2
        theirs = their_covariance(words[word], design, rows, "logrr", variance)
        if design == CASE_CONTROL or (word, design) == ("greenland_longnecker", INCIDENCE_RATE):
            columns = {"log_ratio": "logrr", "std_error": "se", "cases": "cases", "n": "n"}
            own = dose_ratios(rows, **columns, design=design, covariance=word)
            theirs = own.studies[0].covariance
        found.append(Comparison(name, theirs, matrix, COVARIANCES))
        error = np.sqrt(np.outer(variance, variance))
        found.append(Comparison(f"{name}, scaled", theirs / error, matrix / error, 1e-3))
    return found


ADAPTERS = {"covar.logrr": covar_logrr, "dosresmeta": dosresmeta}
