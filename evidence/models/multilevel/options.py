"""Inputs and options of a multilevel model, checked in one place."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy import sparse

from evidence.effects.table import EffectTable, table_of
from evidence.errors import FitError, Problem, check_kind, did_you_mean, is_fraction, is_number
from evidence.models.multilevel.kernels_structures import STRUCTURES, bounds, counts
from evidence.models.multilevel.terms import RandomTerm
from evidence.models.regression.design import aligned

Array = NDArray[np.float64]
Method = Literal["reml", "maximum_likelihood"]
Test = Literal["t", "z"]
DfMethod = Literal["containment", "residual"]
METHODS, TESTS, DF_METHODS = ("reml", "maximum_likelihood"), ("t", "z"), ("containment", "residual")


@dataclass(frozen=True, slots=True)
class Choice:
    """Checked options."""

    method: str
    test: str
    df_method: str | None
    level: float


def check_options(method: str, test: str, df: str | None, level: float) -> Choice:
    """Refuse unknown options.

    Raises
    ------
    FitError
    """
    problems = []
    for name, value, known in (("method", method, METHODS), ("test", test, TESTS)):
        if not isinstance(value, str) or value not in known:
            problems.append(Problem(name, f"unknown: {value!r}", did_you_mean(str(value), known)))
    if df is not None and (not isinstance(df, str) or df not in DF_METHODS):
        problems.append(Problem("df", f"unknown: {df!r}", did_you_mean(str(df), DF_METHODS)))
    elif df is not None and test == "z":
        problems.append(Problem("df", "would do nothing with test='z'", "leave it out"))
    if not is_fraction(level):
        right = "a fraction between 0 and 1, such as 0.95"
        problems.append(Problem("level", repr(level), right))
    if problems:
        raise FitError("the options of the multilevel model are not right", problems)
    return Choice(method, test, (df or "containment") if test == "t" else None, float(level))


def read_table(
    table: EffectTable | pd.DataFrame, data: pd.DataFrame | None
) -> tuple[EffectTable, pd.DataFrame]:
    """Return the table, and the frame in which terms and formulas find their columns.

    Raises
    ------
    FitError
    """
    if isinstance(table, EffectTable):
        frame = table.rows
        if data is not None:
            extra = aligned(data, frame.index)
            kept = [name for name in frame.columns if name not in extra.columns]
            frame = pd.concat([extra, frame[kept]], axis=1)
        return table, frame
    problems = []
    if not isinstance(table, pd.DataFrame):
        what = f"is a {type(table).__name__}"
        raise _wrong([Problem("table", what, "an EffectTable, or a DataFrame")])
    if data is not None:
        what = "would do nothing: the table is a frame already"
        problems.append(Problem("data", what, "leave it out"))
    columns = [str(name) for name in table.columns]
    problems += [
        Problem("table", f"has not one column {name!r}", "name it so")
        for name in ("estimate", "std_error")
        if columns.count(name) != 1
    ]
    if problems:
        raise _wrong(problems)
    labels = [str(name) for name in table.index]
    made = table_of(table["estimate"].to_numpy(), table["std_error"].to_numpy(), labels=labels)
    return made, table.set_axis(made.rows.index, axis=0).set_axis(columns, axis=1)


def read_covariance(
    table: EffectTable, covariance: ArrayLike | sparse.sparray | None
) -> sparse.csr_array:
    """Sampling covariance (k, k), sparse: the table's, or one that agrees with its variances.

    Raises
    ------
    FitError
        If it is no covariance matrix of these effects.
    """
    if covariance is None:
        return sparse.csr_array(table.covariance)
    k = table.k
    if sparse.issparse(covariance):
        v = sparse.csr_array(covariance, dtype=np.float64)
    else:
        try:
            v = sparse.csr_array(np.atleast_2d(np.asarray(covariance, dtype=np.float64)))
        except (TypeError, ValueError) as error:
            raise _wrong([Problem("covariance", str(error), f"({k}, {k}) numbers")]) from None
    if v.shape != (k, k):
        raise _wrong([Problem("covariance", f"shape {v.shape}", f"({k}, {k})")])
    if not np.isfinite(v.data).all():
        raise _wrong([Problem("covariance", "is not finite", "give a covariance matrix")])
    variance = table.rows["std_error"].to_numpy(dtype=np.float64) ** 2
    off = np.abs(v.diagonal() - variance) > 1e-6 * variance
    if off.any():
        row = str(table.rows.index[off][0])
        what = f"diagonal of row {row!r} is not std_error ** 2"
        raise _wrong([Problem("covariance", what, "make them agree")])
    scale = np.sqrt(variance)
    if (
        sparse.linalg.norm(
            sparse.diags_array(1 / scale) @ (v - v.T) @ sparse.diags_array(1 / scale)
        )
        > 1e-8 * k
    ):
        raise _wrong([Problem("covariance", "is not symmetric", "give a covariance matrix")])
    return sparse.csr_array(0.5 * (v + v.T))


def read_fixed(
    fixed: Mapping[str, float] | None, terms: tuple[RandomTerm, ...]
) -> list[tuple[Array, Array]]:
    """Variances and correlations of every term that are stated; NaN where they are free.

    Raises
    ------
    FitError
        If a name is unknown or a value outside its range.
    """
    names = [name for term in terms for name in term.components]
    if fixed is not None:
        check_kind("fixed", fixed, Mapping, FitError)
    left, problems, found = dict(fixed or {}), [], []
    for name in left:
        if name not in names:
            right = did_you_mean(str(name), names)
            problems.append(Problem("fixed", f"no component {name!r}", right))
    for term in terms:
        spreads, _ = counts(term.arrays)
        values = np.full(len(term.components), np.nan)
        low, high = bounds(term.arrays)
        for i, name in enumerate(term.components):
            if name not in left:
                continue
            value = float(left[name]) if is_number(left[name]) else np.nan
            within = value >= 0 if i < spreads else low <= value <= high
            if not np.isfinite(value) or not within:
                right = "0 or more" if i < spreads else f"{low:.4g} to {high:.4g}"
                problems.append(Problem(f"fixed[{name!r}]", repr(left[name]), right))
            values[i] = value
        variance, rho = values[:spreads], values[spreads:]
        stated = ~np.isnan(rho)
        if STRUCTURES[term.structure].correlation == "free" and 1 < stated.sum() < len(rho):
            what = "some of several correlations of an unstructured matrix are stated"
            problems.append(Problem("fixed", what, "state one of them, or all"))
        elif STRUCTURES[term.structure].correlation == "free" and stated.all():
            problems += _impossible(term, rho)
        found.append((variance, rho))
    if problems:
        raise _wrong(problems)
    return found


def _impossible(term: RandomTerm, rho: Array) -> list[Problem]:
    """Correlations that cannot hold at the same time."""
    matrix = np.eye(len(term.levels))
    matrix[np.triu_indices(len(matrix), 1)] = rho
    if np.linalg.eigvalsh(matrix, UPLO="U").min() >= -1e-10:
        return []
    what = f"the correlations of {term.name} cannot hold together"
    return [Problem("fixed", what, "state those of a correlation matrix")]


def unidentified(term: RandomTerm) -> NDArray[np.bool_]:
    """Which correlations of a term no group tells of, because none has both levels."""
    seen, count = term.arrays.observed, counts(term.arrays)[1]
    upper = seen[np.triu_indices(len(seen), 1)]
    if STRUCTURES[term.structure].correlation == "free":
        return np.asarray(upper == 0)
    return np.full(count, not upper.any())


def _wrong(problems: list[Problem]) -> FitError:
    return FitError("the multilevel model cannot be fitted to these data", problems)
