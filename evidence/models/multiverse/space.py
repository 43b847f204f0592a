"""The space of universes: all combinations, those that cannot be, and those that are the same."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import prod

import numpy as np
from numpy.typing import NDArray

from evidence.effects.table import EffectTable
from evidence.errors import FitError, Problem, did_you_mean
from evidence.models.frequentist.options import CiMethod, Model, Options, Tau2Method, resolve
from evidence.models.multiverse.dimensions import (
    CORRECTIONS,
    Dimension,
    Exclusion,
    check_values,
    kept_rows,
)

Codes = NDArray[np.int16]
Ids = NDArray[np.int32]
MOST = 2_000_000
_AT_ONCE = 65_536  # row choices combined at once
_METHOD_KINDS = ("model", "tau2", "ci", "correction")


@dataclass(frozen=True, slots=True)
class Method:
    """How one universe is answered; ``options`` is None where the correction has its own."""

    options: Options | None
    level: float
    correction: str | None = None


@dataclass(frozen=True, slots=True)
class Base:
    """Options of ``pool`` that hold where no dimension sets them."""

    model: Model
    tau2: Tau2Method | float | None
    ci: CiMethod | None
    level: float


@dataclass(frozen=True, slots=True, eq=False)
class Space:
    """Universes (n,) by the codes of their options, and what is to be fitted for them.

    Attributes
    ----------
    codes : ndarray, shape (n, dimensions)
        Position of the option taken, of those that are not excluded.
    excluded_codes, excluded_reasons : ndarray (m, dimensions), list of m str
    job : ndarray (n,)
        What is fitted for each universe; equal ones share it.
    table, data, method : ndarray (jobs,)
        Position of the job's table, its row choice (in ``rows`` of that table), and its method.
    rows : list of ndarray of uint8
        By table, distinct row choices, packed as by ``numpy.packbits``.
    """

    dimensions: tuple[Dimension, ...]
    tables: tuple[EffectTable, ...]
    methods: tuple[Method, ...]
    rows: tuple[NDArray[np.uint8], ...]
    codes: Codes
    excluded_codes: Codes
    excluded_reasons: NDArray[np.object_]
    job: Ids
    table: Ids
    data: Ids
    method: Ids


def space_of(
    table: EffectTable | None,
    dimensions: Sequence[Dimension],
    exclude: Sequence[Exclusion],
    base: Base,
) -> Space:
    """Combine all options.

    Raises
    ------
    FitError
        If there are too many, or an option does not suit the tables or ``pool``.
    """
    tables = _tables(table, dimensions)
    shape = tuple(len(d.options) for d in dimensions)
    if prod(shape) > MOST:
        what = f"{prod(shape):,} combinations, more than {MOST:,}"
        raise FitError("too many universes", [Problem("dimensions", what, "fewer options")])
    codes = np.stack(np.unravel_index(np.arange(prod(shape)), shape), axis=1).astype(np.int16)
    why = np.zeros(len(codes), dtype=np.int32)
    reasons: list[str] = [""]
    table_at = _positions(codes, dimensions, ("table",))[0]
    method_at, methods, problems = _methods(codes, dimensions, base)
    _mark(why, reasons, method_at, problems)
    data_at, row_sets, problems = _row_choices(codes, dimensions, tables, table_at)
    _mark(why, reasons, data_at, problems)
    for exclusion in exclude:
        hit = np.ones(len(codes), dtype=np.bool_)
        for at, dimension in enumerate(dimensions):
            if dimension.name in exclusion.options:
                labels, concerned = dimension.labels, exclusion.concerned(dimension.name)
                hit &= np.isin(codes[:, at], [labels.index(label) for label in concerned])
        reasons.append(exclusion.reason)
        why[hit & (why == 0)] = len(reasons) - 1
    kept = why == 0
    key = (table_at[kept] * (data_at.max(initial=0) + 1) + data_at[kept]) * len(methods)
    jobs, job = np.unique(key + method_at[kept], return_inverse=True)
    data, method = np.divmod(jobs, len(methods))
    table_ids, data = np.divmod(data, data_at.max(initial=0) + 1)
    return Space(
        dimensions=tuple(dimensions),
        tables=tables,
        methods=methods,
        rows=row_sets,
        codes=codes[kept],
        excluded_codes=codes[~kept],
        excluded_reasons=np.array(reasons, dtype=object)[why[~kept]],
        job=job.astype(np.int32),
        table=table_ids.astype(np.int32),
        data=data.astype(np.int32),
        method=method.astype(np.int32),
    )


def _mark(
    why: Ids, reasons: list[str], place: NDArray[np.int64], problems: Mapping[int, str]
) -> None:
    """Note why universes are excluded whose ``place`` has a problem."""
    for at, words in problems.items():
        reasons.append(words)
        why[(place == at) & (why == 0)] = len(reasons) - 1


def _tables(table: EffectTable | None, dimensions: Sequence[Dimension]) -> tuple[EffectTable, ...]:
    declared = [d for d in dimensions if d.kind == "table"]
    if (table is None) == (not declared):
        what = "is needed" if table is None else "would do nothing beside a dimension of tables"
        problem = Problem("table", what, "give a table, or a dimension of kind 'table'")
        raise FitError("the multiverse has no data of its own", [problem])
    found = [table] if table is not None else list(declared[0].options.values())
    wrong = [
        Problem(f"table {at}", f"is a {type(one).__name__}", "an EffectTable")
        for at, one in enumerate(found)
        if not isinstance(one, EffectTable)
    ]
    if wrong:
        raise FitError("a table is none", wrong)
    tables = tuple(one for one in found if isinstance(one, EffectTable))
    if len({(one.measure, one.scale, one.unit) for one in tables}) > 1:
        told = ", ".join(sorted({f"{t.measure} ({t.unit or t.scale})" for t in tables}))
        problem = Problem("tables", f"measure {told}", "bring them to one measure and unit first")
        raise FitError("estimates of different measures cannot stand on one curve", [problem])
    return tables


def _positions(
    codes: Codes, dimensions: Sequence[Dimension], kinds: tuple[str, ...]
) -> tuple[NDArray[np.int64], list[int], tuple[int, ...]]:
    """Each universe's place among the combinations of some kinds, the columns and their sizes."""
    columns = [i for i, d in enumerate(dimensions) if d.kind in kinds]
    sizes = tuple(len(dimensions[i].options) for i in columns)
    place = np.zeros(len(codes), dtype=np.int64)
    for column, size in zip(columns, sizes, strict=True):
        place = place * size + codes[:, column]
    return place, columns, sizes


def _methods(
    codes: Codes, dimensions: Sequence[Dimension], base: Base
) -> tuple[NDArray[np.int64], tuple[Method, ...], dict[int, str]]:
    place, columns, sizes = _positions(codes, dimensions, _METHOD_KINDS)
    ids: dict[Method, int] = {}
    of_place, problems = np.zeros(prod(sizes), dtype=np.int64), {}
    for at, chosen in enumerate(np.ndindex(*sizes)):
        settings: dict[str, object] = {"model": base.model, "tau2": base.tau2, "ci": base.ci}
        words = []
        for column, option in zip(columns, chosen, strict=True):
            dimension = dimensions[column]
            settings[dimension.kind] = list(dimension.options.values())[option]
            words.append(f"{dimension.name} {dimension.labels[option]!r}")
        method = _method(settings, base.level, ", ".join(words))
        # A problem gets a place of its own behind all methods.
        if isinstance(method, str):
            of_place[at] = -1 - at
            problems[-1 - at] = method
        else:
            of_place[at] = ids.setdefault(method, len(ids))
    return of_place[place], tuple(ids) or (Method(None, base.level),), problems


def _method(settings: dict[str, object], level: float, words: str) -> Method | str:
    """Return the method of a combination; words where it cannot be, an error if it is misspelt."""
    model, tau2, ci = settings["model"], settings["tau2"], settings["ci"]
    correction = settings.get("correction")
    if correction is not None and correction not in CORRECTIONS:
        known = did_you_mean(str(correction), CORRECTIONS)
        raise FitError("unknown correction", [Problem(words, f"{correction!r}", known)])
    # Each alone first: what is wrong by itself is a mistake, not an impossible combination.
    resolve(model, None, None, level)  # type: ignore[arg-type]
    resolve("random", tau2, ci, level)  # type: ignore[arg-type]
    try:
        # Under the common effect nothing is estimated: universes that differ in tau2 are the same.
        estimator = None if model == "common" else tau2
        options = resolve(model, estimator, ci, level)  # type: ignore[arg-type]
    except FitError as error:
        return f"{words}: " + "; ".join(f"{p.what}" for p in error.problems)
    if correction == "pet_peese":
        return Method(None, level, correction)
    return Method(options, level, None if correction is None else str(correction))


def _row_choices(
    codes: Codes,
    dimensions: Sequence[Dimension],
    tables: tuple[EffectTable, ...],
    table_at: NDArray[np.int64],
) -> tuple[NDArray[np.int64], tuple[NDArray[np.uint8], ...], dict[int, str]]:
    """Each universe's place among the distinct row choices of its table, and these by table.

    A problem has a negative place of its own.
    """
    place, columns, sizes = _positions(codes, dimensions, ("rows", "without"))
    for column in columns:
        if dimensions[column].kind == "rows":
            check_values(dimensions[column], tables)
    found, row_sets = np.zeros(len(codes), dtype=np.int64), []
    problems: dict[int, str] = {}
    count = prod(sizes)
    for at, table in enumerate(tables):
        masks, packed = [], np.empty((count, (table.k + 7) // 8), dtype=np.uint8)
        wrong = np.zeros(count, dtype=np.int64)
        for column in columns:
            options = [kept_rows(dimensions[column], o, table) for o in dimensions[column].labels]
            masks.append(options)
        for start in range(0, count, _AT_ONCE):
            these = np.arange(start, min(start + _AT_ONCE, count))
            kept = np.ones((len(these), table.k), dtype=np.bool_)
            for options, option in zip(masks, np.unravel_index(these, sizes or (1,)), strict=False):
                for i, mask in enumerate(options):
                    if isinstance(mask, str):
                        code = next((c for c, w in problems.items() if w == mask), None)
                        code = -1 - len(problems) if code is None else code
                        problems[code] = mask
                        wrong[these[option == i]] = code
                    else:
                        kept[option == i] &= mask
            packed[these] = np.packbits(kept, axis=1)
        distinct, which = np.unique(packed, axis=0, return_inverse=True)
        row_sets.append(distinct)
        mine = table_at == at
        found[mine] = np.where(wrong < 0, wrong, which.ravel())[place[mine]]
    return found, tuple(row_sets), problems
