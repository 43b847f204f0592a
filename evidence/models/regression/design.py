"""The design of a meta-regression: from moderators, columns or a formula, to numbers."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from evidence.errors import FitError, Problem, as_words, did_you_mean

Array = NDArray[np.float64]
INTERCEPT = "intercept"


@dataclass(frozen=True, slots=True)
class Design:
    """Columns of numbers and what they stand for.

    Attributes
    ----------
    matrix : ndarray, shape (k, p)
    names : tuple of str
        ``intercept``, a moderator's name, or ``moderator[T.level]``.
    terms : mapping of str to tuple of int
        Columns of each moderator (or term of the formula).
    levels : mapping of str to tuple
        Levels of the categorical moderators, the reference first.
    columns : tuple of str
        Columns of the frame that are used.
    spec : object
        The formula as it was understood; None where the moderators are the frame's columns.
    """

    matrix: Array
    names: tuple[str, ...]
    terms: Mapping[str, tuple[int, ...]]
    levels: Mapping[str, tuple[Any, ...]]
    columns: tuple[str, ...]
    spec: Any = None

    @property
    def has_intercept(self) -> bool:
        """Whether one of the columns is the intercept."""
        return INTERCEPT in self.names


def build(
    moderators: pd.DataFrame | str, data: pd.DataFrame | None, index: pd.Index, *, intercept: bool
) -> Design:
    """Make the design of a table's rows.

    Raises
    ------
    FitError
        Naming the column, and the row, that is missing, constant, not finite or superfluous.
    """
    if isinstance(moderators, str):
        return _from_formula(moderators, data, index, intercept=intercept)
    if not isinstance(moderators, pd.DataFrame):
        what = f"is a {type(moderators).__name__}"
        raise _wrong([Problem("moderators", what, "a DataFrame or a formula such as '~ year'")])
    if data is not None:
        what = "would do nothing: the moderators are a frame already"
        raise _wrong([Problem("data", what, "leave it out")])
    frame = aligned(moderators, index)
    columns = tuple(str(name) for name in frame.columns)
    frame.columns = pd.Index(columns)
    if len(set(columns)) < len(columns):
        twice = sorted({name for name in columns if columns.count(name) > 1})
        raise _wrong(
            [Problem(f"column {name!r}", "stands there twice", "rename one") for name in twice]
        )
    if INTERCEPT in columns:
        right = "give it another name, or leave it out: intercept=True adds one"
        raise _wrong([Problem(f"column {INTERCEPT!r}", "has the intercept's name", right)])
    levels = check(frame, columns)
    constant = [name for name in columns if frame[name].nunique() < 2 and intercept]
    if constant:
        right = "leave it out: it says nothing beside the intercept"
        raise _wrong([Problem(f"column {n!r}", "is the same in all rows", right) for n in constant])
    if not columns and not intercept:
        right = "give a moderator, or intercept=True"
        raise _wrong([Problem("moderators", "no column is left to estimate", right)])
    return _encoded(frame, levels, columns, intercept=intercept)


def aligned(frame: pd.DataFrame, index: pd.Index) -> pd.DataFrame:
    """Bring a frame to the table's rows: by its index, or by position where it is 0, 1, 2, ..."""
    if frame.index.has_duplicates:
        twice = [str(x) for x in frame.index[frame.index.duplicated()].unique()[:5]]
        raise _wrong(
            [
                Problem(
                    f"row {name!r} of the moderators", "stands there twice", "one row an effect"
                )
                for name in twice
            ]
        )
    if set(frame.index) == set(index):
        return frame.loc[index].copy()
    if frame.index.equals(pd.RangeIndex(len(index))):
        return frame.set_axis(index, axis=0)
    missing = [str(name) for name in index if name not in frame.index]
    if not missing:
        return frame.loc[index].copy()
    right = "index the frame as table.rows, or 0, 1, 2, ... in the same order"
    problems = [Problem(f"row {name!r}", "has no moderators", right) for name in missing]
    raise _wrong(problems)


def check(
    frame: pd.DataFrame,
    columns: tuple[str, ...],
    known: Mapping[str, tuple[Any, ...]] | None = None,
) -> dict[str, tuple[Any, ...]]:
    """Refuse missing, infinite and unknown values; return the levels of categorical columns."""
    problems, levels = [], {}
    for name in columns:
        values = frame[name]
        if pd.api.types.is_complex_dtype(values.dtype):
            problems.append(Problem(f"column {name!r}", "is complex", "give real numbers"))
            continue
        categorical = not pd.api.types.is_numeric_dtype(values.dtype)
        bad = values.isna()
        if not categorical:
            bad |= ~np.isfinite(values.astype(float))
        for row in frame.index[bad.to_numpy()]:
            right = "leave the study out of the table, or state the value"
            what = "missing" if pd.isna(values.loc[row]) else "not finite"
            problems.append(Problem(f"column {name!r}, row {str(row)!r}", what, right))
        if known is not None and name in known:
            unknown = set(values.dropna()) - set(known[name])
            problems += [
                Problem(
                    f"column {name!r}",
                    f"unknown level {level!r}",
                    did_you_mean(str(level), [str(x) for x in known[name]]),
                )
                for level in unknown
            ]
        elif known is not None and categorical:
            problems.append(Problem(f"column {name!r}", "was numeric in the fit", "give numbers"))
        elif categorical:
            present = set(values.dropna())
            order = values.cat.categories if hasattr(values, "cat") else sorted(present, key=str)
            levels[name] = tuple(level for level in order if level in present)
    if problems:
        raise _wrong(problems)
    return levels


def rows_of(design: Design, frame: pd.DataFrame) -> Array:
    """Encode new rows as the fit's were.

    Raises
    ------
    FitError
        If a column is absent, a value is missing or a level was not in the fit.
    """
    absent = [name for name in design.columns if name not in frame.columns]
    if absent:
        raise _wrong(
            [Problem(f"column {name!r}", "is absent", "the fit uses it") for name in absent]
        )
    frame = frame.reset_index(drop=True)
    check(frame, design.columns, design.levels)
    if design.spec is not None:
        if not design.columns:
            return np.repeat(design.matrix[:1], len(frame), axis=0)
        return np.asarray(_evaluated(design.spec, frame, "of the fit"), dtype=np.float64)
    encoded = _encoded(frame, design.levels, design.columns, intercept=design.has_intercept)
    return encoded.matrix


def _encoded(
    frame: pd.DataFrame,
    levels: Mapping[str, tuple[Any, ...]],
    columns: tuple[str, ...],
    *,
    intercept: bool,
) -> Design:
    """Treatment contrasts; without an intercept the first categorical column has all its levels."""
    names = [INTERCEPT] if intercept else []
    parts, terms = [np.ones(len(frame))] if intercept else [], {}
    full = not intercept
    for column in columns:
        start = len(names)
        if column in levels:
            shown, mark = (levels[column], "") if full else (levels[column][1:], "T.")
            full = False
            for level in shown:
                names.append(f"{column}[{mark}{level}]")
                parts.append((frame[column] == level).to_numpy(dtype=np.float64))
        else:
            names.append(column)
            parts.append(frame[column].to_numpy(dtype=np.float64))
        terms[column] = tuple(range(start, len(names)))
    matrix = np.column_stack(parts) if parts else np.empty((len(frame), 0))
    return Design(matrix, tuple(names), terms, dict(levels), columns)


def _from_formula(
    formula: str, data: pd.DataFrame | None, index: pd.Index, *, intercept: bool
) -> Design:
    if not intercept:
        what = "False would do nothing: the formula says whether there is an intercept"
        raise _wrong([Problem("intercept", what, "write '- 1' in the formula")])
    import formulaic

    frame = pd.DataFrame(index=index) if data is None else aligned(data, index)
    try:
        parsed = formulaic.Formula(formula.strip().removeprefix("~").strip())
        used = tuple(sorted(str(name) for name in parsed.required_variables))
    except (formulaic.errors.FormulaicError, SyntaxError, AttributeError) as error:
        raise _wrong(
            [Problem(f"formula {formula!r}", str(error), "such as '~ year + C(design)'")]
        ) from None
    absent = [name for name in used if name not in frame.columns]
    if absent:
        near = [did_you_mean(name, [str(c) for c in frame.columns]) for name in absent]
        raise _wrong(
            [
                Problem(f"formula {formula!r}", f"data has no column {n!r}", right)
                for n, right in zip(absent, near, strict=True)
            ]
        )
    levels = check(frame, used)
    for name in levels:
        if isinstance(frame[name].dtype, pd.CategoricalDtype):
            frame[name] = frame[name].cat.remove_unused_categories()
    made = _evaluated(parsed, frame, repr(formula))
    if not hasattr(made, "model_spec") or not hasattr(made, "columns"):
        raise _wrong(
            [Problem(f"formula {formula!r}", "has two sides", "give the moderators alone")]
        )
    spec = made.model_spec
    names = tuple(INTERCEPT if c == "Intercept" else str(c) for c in made.columns)
    terms = {
        str(term): tuple(int(i) for i in places)
        for term, places in spec.term_indices.items()
        if str(term) != "1"
    }
    matrix = np.asarray(made, dtype=np.float64)
    if not matrix.size:
        right = "name a moderator"
        raise _wrong([Problem(f"formula {formula!r}", "no column is left to estimate", right)])
    return Design(matrix, names, terms, levels, used, spec)


def _evaluated(formula: Any, frame: pd.DataFrame, text: str) -> Any:
    """Columns of a formula; what it warns of (levels it does not know, log of 0) is refused."""
    where, right = f"formula {text}", "such as '~ year + C(design)'"
    import formulaic

    failures = (formulaic.errors.FormulaicError, SyntaxError, Warning, ValueError, TypeError)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            made = formula.get_model_matrix(frame, context={})
        except failures as error:
            raise _wrong([Problem(where, str(error), right)]) from None
    if hasattr(made, "columns"):
        numbers = np.asarray(made, dtype=np.float64)
        if len(numbers) != len(frame) or not np.isfinite(numbers).all():
            raise _wrong([Problem(where, "is not finite in every row", "look at its functions")])
    return made


def columns_of(design: Design, names: str | Sequence[str]) -> tuple[int, ...]:
    """Positions of coefficients given by their names or by the names of terms.

    Raises
    ------
    FitError
        If a name is unknown or none is given.
    """
    wanted = as_words("names", names, FitError)
    known, found, problems = [*design.names, *design.terms], [], []
    for name in wanted:
        if name in design.terms:
            found += list(design.terms[name])
        elif name in design.names:
            found.append(design.names.index(name))
        else:
            problems.append(
                Problem("coefficients", f"unknown: {name!r}", did_you_mean(str(name), known))
            )
    if not found and not problems:
        problems.append(Problem("coefficients", "none is named", did_you_mean("", known)))
    if problems:
        raise FitError("the coefficients to test are not there", problems)
    return tuple(sorted(set(found)))


def _wrong(problems: list[Problem]) -> FitError:
    return FitError("the moderators do not make a design", problems)
