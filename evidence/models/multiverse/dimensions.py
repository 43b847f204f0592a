"""What a multiverse is declared with: dimensions, their options, and what cannot be combined."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from evidence.catalog.display import html_of_text
from evidence.effects.table import EffectTable
from evidence.errors import FitError, Problem, as_words, check_kind, did_you_mean

Kind = Literal["table", "rows", "without", "model", "tau2", "ci", "correction"]
Correction = Literal["trim_and_fill", "pet_peese"]
KINDS, CORRECTIONS = get_args(Kind), get_args(Correction)
SINGLE = ("table", "model", "tau2", "ci", "correction")  # kinds that two dimensions cannot share
RESERVED = (
    "k", "estimate", "std_error", "ci_low", "ci_high", "p", "tau2", "i2", "principled", "primary",
    "duplicate_of", "reason", "note",
)  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class Dimension:
    """One choice of the analysis, and the options it leaves.

    Parameters
    ----------
    name : str
        Such as "risk of bias"; a column of the results.
    kind : {"table", "rows", "without", "model", "tau2", "ci", "correction"}
        What the options set: the EffectTable; the rows kept (None: all, a mapping of columns to
        the values kept, or one bool a row); the row ids or studies left out (None, one, or
        several); the model, the estimator or value of tau2, or the interval, as in ``pool``; the
        correction of small-study effects (None, "trim_and_fill" or "pet_peese").
    options : mapping of str to object
        What each option is called, and what it sets; the first is the primary analysis.
    reason : str or mapping of str to str
        Why the options are defensible: one reason for all, or one each.
    possible : sequence of str
        Options that are merely possible, not as good as the others (Del Giudice and Gangestad
        2021); universes without any of them are the principled ones.

    Raises
    ------
    FitError
        If a part is missing or unknown.

    Examples
    --------
    >>> Dimension("estimator", "tau2", {"REML": "reml", "DL": "dersimonian_laird"}, "common use")
    Dimension('estimator', tau2: REML, DL)
    """

    name: str
    kind: Kind
    options: Mapping[str, object]
    reason: str | Mapping[str, str]
    possible: Sequence[str] = ()

    _repr_html_ = html_of_text

    def __post_init__(self) -> None:
        problems = _faults(self)
        if problems:
            raise FitError(f"dimension {self.name!r} is not right", problems)

    def __repr__(self) -> str:
        return f"Dimension({self.name!r}, {self.kind}: {', '.join(self.options)})"

    @property
    def labels(self) -> tuple[str, ...]:
        """Names of the options, in order."""
        return tuple(self.options)

    def reason_of(self, label: str) -> str:
        """Why an option is defensible."""
        return self.reason if isinstance(self.reason, str) else self.reason[label]


def _faults(dimension: Dimension) -> list[Problem]:
    if not isinstance(dimension.options, Mapping):
        return [Problem("options", f"is {dimension.options!r:.80}", "a mapping of names to values")]
    if not isinstance(dimension.reason, str | Mapping):
        return [Problem("reason", f"is {dimension.reason!r:.80}", "words, or one reason an option")]
    labels, reason, found = list(dimension.options), dimension.reason, []
    found += [
        Problem("options", f"{label!r} is no name", "names in words")
        for label in labels
        if not isinstance(label, str)
    ]
    if not isinstance(dimension.name, str) or not dimension.name or dimension.name in RESERVED:
        right = "a name that is no column of the results: " + ", ".join(RESERVED)
        found.append(Problem("name", repr(dimension.name), right))
    if not isinstance(dimension.kind, str) or dimension.kind not in KINDS:
        found.append(Problem("kind", repr(dimension.kind), did_you_mean(dimension.kind, KINDS)))
    if not labels:
        found.append(Problem("options", "are none", "at least one"))
    if isinstance(reason, str) and not reason.strip():
        found.append(Problem("reason", "is empty", "say why these options are defensible"))
    if not isinstance(reason, str):
        found += [
            Problem(f"reason[{label!r}]", "is missing or empty", "say why it is defensible")
            for label in labels
            if not str(reason.get(label, "")).strip()
        ]
        found += [
            Problem("reason", f"unknown option {label!r}", did_you_mean(str(label), labels))
            for label in reason
            if label not in labels
        ]
    found += [
        Problem("possible", f"unknown option {label!r}", did_you_mean(str(label), labels))
        for label in dimension.possible
        if label not in labels
    ]
    return found


@dataclass(frozen=True, slots=True, eq=False)
class Exclusion:
    """Options that cannot be combined, and why.

    Parameters
    ----------
    options : mapping of str to str or sequence of str
        Names of dimensions, and in each the option or options concerned; a universe is excluded
        if all of them meet in it.
    reason : str

    Examples
    --------
    >>> Exclusion({"model": "common", "estimator": ["REML"]}, "nothing to estimate").reason
    'nothing to estimate'
    """

    options: Mapping[str, str | Sequence[str]]
    reason: str

    def __post_init__(self) -> None:
        problems = []
        if not isinstance(self.options, Mapping) or not self.options:
            problems.append(Problem("options", "are none", "name the options that cannot meet"))
        else:
            for name, options in self.options.items():
                as_words(f"options[{name!r}]", options, FitError)
        if not isinstance(self.reason, str) or not self.reason.strip():
            problems.append(Problem("reason", "is empty", "say why they cannot be combined"))
        if problems:
            raise FitError("an exclusion is not right", problems)

    def concerned(self, name: str) -> tuple[str, ...]:
        """Options of one dimension that are concerned."""
        options = self.options[name]
        return (options,) if isinstance(options, str) else tuple(options)


def each_left_out(table: EffectTable) -> dict[str, str | None]:
    """Options of a "without" dimension: none, and each row in turn.

    Examples
    --------
    >>> from evidence.effects.table import table_of
    >>> each_left_out(table_of([1.0, 2.0], [1, 1], labels=["A", "B"]))
    {'none': None, 'without A': 'A', 'without B': 'B'}
    """
    check_kind("table", table, EffectTable, FitError)
    every: dict[str, str | None] = {"none": None}
    return every | {f"without {row}": str(row) for row in table.rows.index}


def check_together(dimensions: Sequence[Dimension], exclude: Sequence[Exclusion]) -> None:
    """Refuse dimensions that share a name or a kind, and exclusions of what is unknown.

    Raises
    ------
    FitError
    """
    for where, given, kind in (
        ("dimensions", dimensions, Dimension),
        ("exclude", exclude, Exclusion),
    ):
        if not isinstance(given, Sequence) or not all(isinstance(x, kind) for x in given):
            problem = Problem(where, f"is {given!r:.80}", f"a list of {kind.__name__}")
            raise FitError("the multiverse is not declared right", [problem])
    names, kinds = [d.name for d in dimensions], [d.kind for d in dimensions]
    problems = [] if names else [Problem("dimensions", "are none", "at least one")]
    problems += [
        Problem("dimensions", f"{name!r} comes twice", "one name each")
        for name in sorted({name for name in names if names.count(name) > 1})
    ]
    problems += [
        Problem("dimensions", f"two are of kind {kind!r}", "put all its options into one")
        for kind in SINGLE
        if kinds.count(kind) > 1  # type: ignore[arg-type]
    ]
    known = {d.name: d.labels for d in dimensions}
    for at, exclusion in enumerate(exclude):
        for name in exclusion.options:
            where = f"exclude[{at}]"
            if name not in known:
                problems.append(Problem(where, f"unknown: {name!r}", did_you_mean(name, names)))
                continue
            problems += [
                Problem(f"{where}[{name!r}]", f"unknown: {o!r}", did_you_mean(o, known[name]))
                for o in exclusion.concerned(name)
                if o not in known[name]
            ]
    if problems:
        raise FitError("the multiverse is not declared right", problems)


def kept_rows(dimension: Dimension, label: str, table: EffectTable) -> NDArray[np.bool_] | str:
    """Rows of a table that an option keeps; words where the option does not suit the table.

    Raises
    ------
    FitError
        If a column or a shape is not the table's.
    """
    setting, where = dimension.options[label], f"{dimension.name!r}, option {label!r}"
    if setting is None:
        return np.ones(table.k, dtype=np.bool_)
    if dimension.kind == "without":
        return _without(setting, table)
    if isinstance(setting, Mapping):
        return _by_columns(setting, table.rows, where)
    kept = np.asarray(setting)
    if kept.dtype != np.bool_ or kept.shape != (table.k,):
        what = f"{kept.dtype} of shape {kept.shape}"
        right = f"None, a mapping of columns to values, or {table.k} bools"
        raise FitError("rows cannot be chosen", [Problem(where, what, right)])
    return kept


def _without(setting: object, table: EffectTable) -> NDArray[np.bool_] | str:
    gone = _several(setting)
    rows, studies = table.rows.index.astype(str), table.rows["study"].astype(str)
    hit = [(rows == str(name)) | (studies == str(name)).to_numpy() for name in gone]
    missing = [str(name) for name, rows_hit in zip(gone, hit, strict=True) if not rows_hit.any()]
    if missing:
        return f"the table has no {', '.join(missing)} to leave out"
    return np.asarray(~np.logical_or.reduce(hit), dtype=np.bool_)


def _by_columns(setting: Mapping[str, object], rows: pd.DataFrame, where: str) -> NDArray[np.bool_]:
    kept, problems = np.ones(len(rows), dtype=np.bool_), []
    for column, values in setting.items():
        if column in rows:
            kept &= rows[column].isin(_several(values)).to_numpy()
        else:
            known = did_you_mean(str(column), [str(name) for name in rows.columns])
            problems.append(Problem(where, f"unknown column {column!r}", known))
    if problems:
        raise FitError("rows cannot be chosen", problems)
    return kept


def _several(values: object) -> list[object]:
    if isinstance(values, Iterable) and not isinstance(values, str):
        return list(values)
    return [values]


def check_values(dimension: Dimension, tables: Sequence[EffectTable]) -> None:
    """Refuse values that no row of any table has in the column.

    Raises
    ------
    FitError
    """
    problems = []
    for label, setting in dimension.options.items():
        for column, values in setting.items() if isinstance(setting, Mapping) else ():
            present = {x for t in tables if column in t.rows for x in t.rows[column]}
            words = [str(x) for x in present if x is not None]
            problems += [
                Problem(
                    f"{dimension.name!r}, option {label!r}",
                    f"no row has {value!r} in {column!r}",
                    did_you_mean(str(value), words),
                )
                for value in _several(values)
                if value not in present and any(column in t.rows for t in tables)
            ]
    if problems:
        raise FitError("rows cannot be chosen", problems)
