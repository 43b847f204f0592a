"""dose_ratios and dose_means: one's own data frame as a DoseTable."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from evidence.errors import EffectError, Problem, as_numbers, check_kind, did_you_mean
from evidence.models.dose_response.kernels_covariance import (
    CASE_CONTROL,
    CUMULATIVE,
    INCIDENCE_RATE,
    Differences,
    count_variances,
    greenland_longnecker_counts,
    hamling_counts,
    mean_differences,
    shared_reference_covariance,
    standardised_differences,
)
from evidence.models.dose_response.table import DoseStudy, DoseTable

Array = NDArray[np.float64]
Covariance = Literal["greenland_longnecker", "hamling", "independent"]
COVARIANCES = ("greenland_longnecker", "hamling", "independent")
DESIGNS = {CASE_CONTROL: "OR", INCIDENCE_RATE: "IRR", CUMULATIVE: "RR"}
SHORT = {"cc": CASE_CONTROL, "ir": INCIDENCE_RATE, "ci": CUMULATIVE}
STANDARDISERS = ("cohen", "hedges", "glass")


def dose_ratios(
    frame: pd.DataFrame,
    *,
    study: str = "study",
    dose: str = "dose",
    log_ratio: str = "log_ratio",
    std_error: str = "std_error",
    cases: str | None = None,
    n: str | None = None,
    design: str | None = None,
    covariance: Covariance | Mapping[str, ArrayLike] = "greenland_longnecker",
    unit: str | None = None,
) -> DoseTable:
    """Read log odds, rate or risk ratios at doses against a shared reference dose.

    Parameters
    ----------
    frame : DataFrame
        One row a dose category. The reference of a study has log ratio 0 (or none) and standard
        error 0 (or none), once a study.
    study, dose, log_ratio, std_error : str
        Columns.
    cases, n : str, optional
        Columns: cases, and cases + controls (case-control), person-time (incidence rate) or
        persons (cumulative incidence). Needed by both reconstructions where a study has more than
        one dose beside the reference.
    design : str, optional
        "case_control", "incidence_rate", "cumulative_incidence" (or "cc", "ir", "ci"), or a column
        of these.
    covariance : str or mapping
        "greenland_longnecker": from pseudo-counts with the margins of the data; "hamling": from
        effective counts that give the variances; "independent": none, which is wrong where there
        are several doses and is offered for comparison; or matrices by study, of the rows beside
        the reference in the order of the frame.
    unit : str, optional
        Of the dose.

    Returns
    -------
    DoseTable

    Raises
    ------
    EffectError
        If a column is absent, a figure missing or impossible, a study has no or several
        references, or no counts give a study's ratios and variances.

    Notes
    -----
    For cumulative incidence each count contributes 1/a - 1/n to the variance (Greenland and
    Longnecker 1992; Orsini, Bellocco and Greenland 2006). Checked against dosresmeta 2.2.0, with
    two differences: its figures for risks are those without -1/n, and under the method of Hamling
    et al. 2008 those of the equations of rates for risks, and of risks for rates.

    Examples
    --------
    >>> frame = pd.DataFrame({
    ...     "study": ["a"] * 3, "dose": [0.0, 1.0, 2.0], "log_ratio": [0.0, 0.2, 0.5],
    ...     "std_error": [0.0, 0.15, 0.2], "cases": [60, 70, 40], "n": [900, 880, 370]})
    >>> dose_ratios(frame, cases="cases", n="n", design="incidence_rate")
    DoseTable of 2 effects (IRR) in 1 study; doses 0 to 2; covariances: greenland-longnecker
    """
    check_kind("frame", frame, pd.DataFrame, EffectError)
    check_kind("covariance", covariance, (str, Mapping), EffectError)
    stated = not isinstance(covariance, str)
    if isinstance(covariance, str) and covariance not in COVARIANCES:
        right = did_you_mean(covariance, COVARIANCES)
        raise _wrong([Problem("covariance", f"unknown: {covariance!r}", right)])
    unused = [
        Problem(name, f"{value!r} would do nothing: no covariance is reconstructed", "leave it out")
        for name, value in (("cases", cases), ("n", n), ("design", design))
        if value is not None and (stated or covariance == "independent")
    ]
    if unused:
        raise _wrong(unused)
    given = [c for c in (study, dose, log_ratio, std_error, cases, n) if c is not None]
    if design is not None and design not in (*DESIGNS, *SHORT):
        given.append(design)
    data = _columns(frame, given)
    parts = []
    for name, rows in data.groupby(study, sort=False, observed=True):
        parts.append(_Ratios(str(name), rows, dose, log_ratio, std_error, cases, n, design))
    if isinstance(covariance, Mapping):
        _same_names([part.name for part in parts], covariance)
    found = tuple(part.study(covariance) for part in parts)
    used = {part.design for part in parts if part.design is not None}
    measure = DESIGNS[used.pop()] if len(used) == 1 else "RR"
    method = covariance if isinstance(covariance, str) else "stated"
    return DoseTable(measure, "log", unit, method, found)


class _Ratios:
    """One study's rows, the reference first."""

    __slots__ = ("cases", "design", "doses", "log_ratio", "n", "name", "variance")

    def __init__(
        self, name: str, rows: pd.DataFrame, dose: str, log_ratio: str, std_error: str,
        cases: str | None, n: str | None, design: str | None,
    ) -> None:  # fmt: skip
        where = f"study {name!r}"
        error = _numbers(rows, std_error, where, missing=True)
        ratio = _numbers(rows, log_ratio, where, missing=True)
        reference = np.isnan(error) | (error == 0.0)
        if reference.sum() != 1:
            what = f"{int(reference.sum())} rows have no standard error"
            raise _wrong([Problem(where, what, "exactly one: the reference, 0 or missing")])
        if np.nan_to_num(ratio[reference])[0] != 0.0:
            what = f"the reference has the log ratio {ratio[reference][0]:g}"
            raise _wrong([Problem(where, what, "0: log ratios, not ratios")])
        if np.isnan(ratio[~reference]).any() or np.any(error[~reference] < 0):
            what = "a log ratio is missing or a standard error negative"
            raise _wrong([Problem(where, what, "complete the row or leave it out")])
        order = np.argsort(~reference, kind="stable")
        self.name = name
        self.doses = _numbers(rows, dose, where)[order]
        self.log_ratio, self.variance = ratio[order][1:], error[order][1:] ** 2
        self.cases = None if cases is None else _numbers(rows, cases, where, missing=True)[order]
        self.n = None if n is None else _numbers(rows, n, where, missing=True)[order]
        self.design = None if design is None else _design(rows, design, where)

    def study(self, covariance: str | Mapping[str, ArrayLike]) -> DoseStudy:
        """Return the study with its covariance."""
        if isinstance(covariance, Mapping):
            matrix = as_numbers("covariance", covariance[self.name], EffectError)
        elif covariance == "independent" or len(self.variance) <= 1:
            matrix = np.diag(self.variance)
        else:
            matrix = self._reconstructed(covariance)
        return DoseStudy(self.name, float(self.doses[0]), self.doses[1:], self.log_ratio, matrix)

    def _reconstructed(self, method: str) -> Array:
        where = f"study {self.name!r}"
        if self.cases is None or self.n is None or self.design is None:
            right = "give cases, n and design, a covariance matrix, or covariance='independent'"
            raise _wrong([Problem(where, "several doses and no counts", right)])
        cases, n = self.cases, self.n
        if not (np.isfinite(cases).all() and np.isfinite(n).all()):
            raise _wrong([Problem(where, "cases or n are missing", "complete the rows")])
        people = self.design != INCIDENCE_RATE
        if (
            np.any(cases < 0)
            or cases.sum() <= 0
            or np.any(n <= 0)
            or (people and (np.any(cases > n) or cases.sum() >= n.sum()))
        ):
            right = "0 <= cases <= n, n > 0 (n: cases + controls, or persons), some case"
            raise _wrong([Problem(where, "the counts are impossible", right)])
        if method == "hamling":
            return self._hamling(cases, n, self.design)
        counts = greenland_longnecker_counts(self.log_ratio, cases, n, self.design)
        parts = count_variances(counts, self.design)
        if not np.all(parts > 0):
            what = "the adjusted ratios imply more cases than persons"
            raise _wrong([Problem(where, what, "look at n, or give a covariance matrix")])
        return shared_reference_covariance(self.variance, parts)

    def _hamling(self, cases: Array, n: Array, design: str) -> Array:
        counts = hamling_counts(self.log_ratio, self.variance, cases, n, design)
        if counts is None:
            what = "no effective counts give its ratios and variances"
            right = "covariance='greenland_longnecker', or look at its counts"
            raise _wrong([Problem(f"study {self.name!r}", what, right)])
        return shared_reference_covariance(self.variance, count_variances(counts, design))


def _design(rows: pd.DataFrame, design: str, where: str) -> str:
    words = [design] if design in (*DESIGNS, *SHORT) else [str(w) for w in rows[design].unique()]
    if len(words) != 1:
        raise _wrong([Problem(f"{where} {design}", f"several: {words}", "one design a study")])
    word = SHORT.get(words[0], words[0])
    if word not in DESIGNS:
        right = did_you_mean(words[0], [*DESIGNS, *SHORT])
        raise _wrong([Problem(f"{where} {design}", f"unknown: {words[0]!r}", right)])
    return word


def dose_means(
    frame: pd.DataFrame,
    *,
    study: str = "study",
    dose: str = "dose",
    mean: str = "mean",
    sd: str = "sd",
    n: str = "n",
    measure: Literal["MD", "SMD"] = "MD",
    standardiser: Literal["cohen", "hedges", "glass"] | None = None,
    variances: Literal["pooled", "separate"] | None = None,
    unit: str | None = None,
) -> DoseTable:
    """Read means at doses as differences from the study's reference, which they share.

    Parameters
    ----------
    frame : DataFrame
        One row a group; the first row of a study is its reference.
    study, dose, mean, sd, n : str
        Columns.
    measure : {"MD", "SMD"}
        Mean differences, or differences in standard deviations.
    standardiser : {"cohen", "hedges", "glass"}, optional
        Of an SMD ("cohen" if left out): pooled standard deviation of all groups; the same with the
        small-sample correction; the reference's standard deviation.
    variances : {"pooled", "separate"}, optional
        Of an MD ("pooled" if left out): one variance for all groups, or each its own.
    unit : str, optional
        Of the dose.

    Returns
    -------
    DoseTable

    Raises
    ------
    EffectError

    Examples
    --------
    >>> frame = pd.DataFrame({
    ...     "study": ["a"] * 3, "dose": [0, 10, 20], "mean": [1.0, 3.0, 4.0], "sd": [2.0, 2.0, 2.0],
    ...     "n": [50, 50, 50]})
    >>> dose_means(frame, unit="mg").rows["std_error"].round(3).tolist()
    [0.4, 0.4]
    """
    check_kind("frame", frame, pd.DataFrame, EffectError)
    problems = [
        Problem(name, f"unknown: {value!r}", did_you_mean(str(value), known))
        for name, value, known in (
            ("measure", measure, ("MD", "SMD")),
            ("standardiser", standardiser or "cohen", STANDARDISERS),
            ("variances", variances or "pooled", ("pooled", "separate")),
        )
        if value not in known
    ]
    other = ("standardiser", standardiser) if measure == "MD" else ("variances", variances)
    if other[1] is not None:
        problems.append(Problem(other[0], f"would do nothing for measure={measure!r}", "omit it"))
    if problems:
        raise _wrong(problems)
    data, found = _columns(frame, [study, dose, mean, sd, n]), []
    for name, rows in data.groupby(study, sort=False, observed=True):
        where = f"study {str(name)!r}"
        x, m, s, size = (_numbers(rows, c, where) for c in (dose, mean, sd, n))
        if np.any(s <= 0) or np.any(size < 2):
            what = "a standard deviation is not above 0 or a group has fewer than 2 persons"
            raise _wrong([Problem(where, what, "complete the rows")])
        if measure == "MD":
            made: Differences = mean_differences(m, s, size, pooled=variances != "separate")
        else:
            made = standardised_differences(m, s, size, standardiser or "cohen")
        found.append(DoseStudy(str(name), float(x[0]), x[1:], made.estimate, made.covariance))
    method = (variances or "pooled") + " variances" if measure == "MD" else standardiser or "cohen"
    return DoseTable(measure, "identity", unit, method, tuple(found))


def _columns(frame: pd.DataFrame, names: list[str]) -> pd.DataFrame:
    known = [str(c) for c in frame.columns]
    absent = [
        Problem("frame", f"has no column {name!r}", did_you_mean(str(name), known))
        for name in names
        if name not in known
    ]
    if absent:
        raise _wrong(absent)
    if frame.columns.has_duplicates:
        raise _wrong([Problem("frame", "two columns have one name", "name each once")])
    if frame[names[0]].isna().any():
        raise _wrong([Problem(f"column {names[0]!r}", "a study has no name", "name each")])
    return frame


def _numbers(rows: pd.DataFrame, column: str, where: str, *, missing: bool = False) -> Array:
    try:
        found = rows[column].to_numpy(dtype=np.float64, na_value=np.nan)
    except (TypeError, ValueError) as error:
        raise _wrong([Problem(f"{where} {column}", str(error), "numbers")]) from None
    bad = np.isinf(found) if missing else ~np.isfinite(found)
    if bad.any():
        raise _wrong([Problem(f"{where} {column}", "a figure is missing or infinite", "complete")])
    return found


def _same_names(names: list[str], covariance: Mapping[str, ArrayLike]) -> None:
    absent = [name for name in names if name not in covariance]
    more = [str(name) for name in covariance if str(name) not in names]
    problems = [Problem("covariance", f"has no matrix of study {n!r}", "one each") for n in absent]
    problems += [
        Problem("covariance", f"names a study that is not there: {n!r}", did_you_mean(n, names))
        for n in more
    ]
    if problems:
        raise _wrong(problems)


def _wrong(problems: list[Problem]) -> EffectError:
    return EffectError("the dose categories cannot be read", problems)
