"""Columns of a user's data frame as checked numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from evidence.effects.sizes.correction import Array
from evidence.effects.sizes.registry import BY_SIZE, Measure
from evidence.errors import EffectError, Problem, did_you_mean

NOT_NEGATIVE = (
    "events1", "nonevents1", "n1", "events2", "nonevents2", "n2", "events", "nonevents", "n",
    "both", "only_first", "only_second", "neither", "time1", "time2", "time", "sd1", "sd2", "sd",
)  # fmt: skip
# Lowest and highest value of the others that have one.
BOUNDS = {
    "correlation": (-1.0, 1.0),
    "r_squared": (0.0, 1.0),
    "alpha": (-np.inf, 1.0),
    "items": (2.0, np.inf),
    "predictors": (1.0, np.inf),
} | dict.fromkeys(NOT_NEGATIVE, (0.0, np.inf))


@dataclass(frozen=True, slots=True)
class Figures:
    """What was read: the kernel's arrays, what the frame gave, and which rows lack what.

    Attributes
    ----------
    arrays : mapping of role to ndarray, shape (k,)
        In the order of the measure's roles; NaN where the frame has nothing.
    given : mapping of role to ndarray, shape (k,)
        The columns as they stand in the frame.
    missing : sequence of str or None, length k
        Why a row lacks a figure, or None.
    """

    arrays: Mapping[str, Array]
    given: Mapping[str, Array]
    missing: Sequence[str | None]


def read_figures(
    frame: pd.DataFrame, measure: Measure, columns: Mapping[str, str], labels: Sequence[str]
) -> Figures:
    """Read the columns a measure needs.

    Raises
    ------
    EffectError
        Naming every column that is absent or does nothing, and every row whose figure is not a
        number or impossible.

    Examples
    --------
    >>> from evidence.effects.sizes.registry import MEASURES
    >>> frame = pd.DataFrame({"r": [0.5], "size": [20]})
    >>> names = {"correlation": "r", "n": "size"}
    >>> read_figures(frame, MEASURES["ZCOR"], names, ["a"]).arrays["n"]
    array([20.])
    """
    unnamed = [
        Problem(role, f"is a {type(column).__name__}", "the name of a column")
        for role, column in columns.items()
        if not isinstance(column, str)
    ]
    if unnamed:
        raise EffectError("columns are not named", unnamed)
    roles = _roles(measure, columns)
    absent = [
        Problem(f"{role}={columns[role]!r}", "no such column", did_you_mean(
            columns[role], map(str, frame.columns)))
        for role in roles
        if columns[role] not in frame.columns
    ]  # fmt: skip
    if absent:
        raise EffectError(f"the frame lacks columns that {measure.code} needs", absent)
    problems: list[Problem] = []
    given = {role: _numbers(frame, role, columns[role], labels, problems) for role in roles}
    problems += _more_events_than_people(given, columns, labels)
    if problems:
        raise EffectError("the frame has figures that are impossible", problems)
    arrays = {role: _derived(role, given) for role in measure.roles}
    missing = []
    for i in range(len(frame)):
        lacking = [f"{r} ({columns[r]})" for r in roles if np.isnan(given[r][i])]
        missing.append("not given: " + ", ".join(lacking) if lacking else None)
    return Figures(arrays, given, missing)


def _roles(measure: Measure, columns: Mapping[str, str]) -> list[str]:
    """The roles to read, sizes in the place of cells that are not given themselves."""
    wanted, problems = [], []
    for role in measure.roles:
        size = BY_SIZE.get(role, (None,))[0]
        if role in columns and size in columns:
            problems.append(Problem(f"{role}, {size}", "both given", "give one of them"))
        if role in columns or size in columns:
            wanted.append(role if role in columns else str(size))
        else:
            right = f"name the column, {role}=..." + (f" or {size}=..." if size else "")
            problems.append(Problem(role, f"{measure.code} needs it", right))
    for role in columns:
        if role not in wanted and not any(
            role in (p.where, *p.where.split(", ")) for p in problems
        ):
            right = "it needs " + ", ".join(measure.roles)
            problems.append(Problem(role, f"does nothing for {measure.code}", right))
    if problems:
        raise EffectError(f"the columns named do not make {measure.code}", problems)
    return wanted


def _numbers(
    frame: pd.DataFrame, role: str, column: str, labels: Sequence[str], problems: list[Problem]
) -> Array:
    values = frame[column]
    if isinstance(values, pd.DataFrame):
        problems.append(Problem(f"column {column!r}", "stands twice in the frame", "rename one"))
        return np.full(len(frame), np.nan)
    numbers = pd.to_numeric(values, errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)
    low, high = BOUNDS.get(role, (-np.inf, np.inf))
    told = values.isna().to_numpy(dtype=bool)
    for i, number in enumerate(numbers):
        where = f"column {column!r} ({role}), row {frame.index[i]!r} ({labels[i]})"
        if np.isnan(number):
            if not told[i]:
                right = "give a number, or leave it empty"
                problems.append(Problem(where, f"{values.iloc[i]!r} is not a number", right))
        elif np.isinf(number):
            problems.append(Problem(where, "is infinite", "give a finite number"))
        elif not low <= number <= high:
            right = f"at least {low:g}" if np.isinf(high) else f"between {low:g} and {high:g}"
            right = f"at most {high:g}" if np.isinf(low) else right
            problems.append(Problem(where, f"{number:g} is impossible", right))
    return np.asarray(numbers, dtype=np.float64)


def _more_events_than_people(
    given: Mapping[str, Array], columns: Mapping[str, str], labels: Sequence[str]
) -> list[Problem]:
    found = []
    for size, events in BY_SIZE.values():
        if size not in given or events not in given:
            continue
        for i in map(int, np.flatnonzero(given[events] > given[size])):
            what = f"{given[events][i]:g} events among {given[size][i]:g}"
            where = f"columns {columns[events]!r} and {columns[size]!r}, row {labels[i]}"
            found.append(Problem(where, what, "events cannot exceed the number of people"))
    return found


def _derived(role: str, given: Mapping[str, Array]) -> Array:
    if role in given:
        return given[role]
    size, events = BY_SIZE[role]
    return np.asarray(given[size] - given[events])
