"""Random terms: from words such as "study/effect" or "outcome | study" to groups and levels."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from evidence.errors import FitError, Problem, did_you_mean
from evidence.models.multilevel.kernels_blocks import Term
from evidence.models.multilevel.kernels_structures import STRUCTURES, counts, pairs

Array = NDArray[np.float64]
StructureName = Literal[
    "identity",
    "diagonal",
    "compound_symmetry",
    "heterogeneous_compound_symmetry",
    "unstructured",
    "autoregressive",
    "heterogeneous_autoregressive",
    "continuous_autoregressive",
]
NAMES = get_args(StructureName)


@dataclass(frozen=True, slots=True)
class RandomTerm:
    """One random term: whose effects vary, between which groups, and how they covary.

    Attributes
    ----------
    name : str
        ``study``, ``study/effect`` or ``outcome | study``.
    structure : str
        ``intercept`` where each group has one effect.
    groups : tuple of str
        Names of the groups (outer levels).
    levels : tuple of str
        Inner levels; empty for an intercept.
    arrays : Term
        Codes of groups and levels of every row.
    components : tuple of str
        Names of its variances, then of its correlations.
    """

    name: str
    structure: str
    groups: tuple[str, ...]
    levels: tuple[str, ...]
    arrays: Term
    components: tuple[str, ...]


def random_terms(
    random: str | Sequence[str] | None,
    structure: StructureName | Sequence[StructureName] | None,
    known: Mapping[str, pd.DataFrame] | None,
    frame: pd.DataFrame,
) -> tuple[RandomTerm, ...]:
    """Read random terms; ``frame`` holds their columns.

    Raises
    ------
    FitError
        If a term cannot be read, a column is absent or has missing values, a grouping has one
        group only, two terms are the same, or a structure is unknown or would do nothing.
    """
    if random is not None and not isinstance(random, str | Sequence):
        right = 'such as "study/effect", or a list of such terms'
        raise _wrong([Problem("random", f"is a {type(random).__name__}", right)])
    texts = [] if random is None else [random] if isinstance(random, str) else list(random)
    parsed = [_parsed(text) for text in texts]
    used = [name for inner, path in parsed for name in ((inner, *path) if inner else path)]
    _check_columns(used, frame)
    structures = _structures(structure, sum(inner is not None for inner, _ in parsed))
    made: list[RandomTerm] = []
    for inner, path in parsed:
        if inner is None:
            made += [_intercept(path[: n + 1], frame, known or {}) for n in range(len(path))]
        else:
            made.append(_structured(inner, path, structures.pop(0), frame))
    unknown = sorted(set(known or {}) - {term.name for term in made if not term.levels})
    if unknown:
        right = did_you_mean(unknown[0], [term.name for term in made if not term.levels])
        raise _wrong([Problem("known_correlations", f"no term {unknown[0]!r}", right)])
    _check_distinct(made)
    return tuple(made)


def _parsed(text: str) -> tuple[str | None, tuple[str, ...]]:
    right = 'such as "study/effect", "study" or "outcome | study"'
    if not isinstance(text, str):
        raise _wrong([Problem("random", f"is a {type(text).__name__}", right)])
    left, bar, rest = text.strip().removeprefix("~").rpartition("|")
    path = tuple(name.strip() for name in rest.split("/"))
    inner = left.strip() if bar and left.strip() != "1" else None
    if not all(path) or (bar and not left.strip()) or re.search(r"[|~+*]", f"{left} {rest}"):
        raise _wrong([Problem(f"random term {text!r}", "cannot be read", right)])
    return inner, path


def _structures(structure: Any, count: int) -> list[str]:
    if structure is None:
        return ["compound_symmetry"] * count
    given = [structure] if isinstance(structure, str) else list(structure)
    if not count:
        what = "would do nothing: no random term has inner levels"
        raise _wrong([Problem("structure", what, 'leave it out, or write "outcome | study"')])
    unknown = [name for name in given if name not in NAMES]
    if unknown:
        right = did_you_mean(str(unknown[0]), NAMES)
        raise _wrong([Problem("structure", f"unknown: {unknown[0]!r}", right)])
    if len(given) not in (1, count):
        what = f"{len(given)} structures for {count} terms with inner levels"
        raise _wrong([Problem("structure", what, "give one, or one each")])
    return given * count if len(given) == 1 else given


def _check_columns(names: list[str], frame: pd.DataFrame) -> None:
    known, problems = [str(name) for name in frame.columns], []
    for name in dict.fromkeys(names):
        if name not in known:
            right = did_you_mean(name, known)
            problems.append(Problem("random", f"data has no column {name!r}", right))
        elif frame[name].isna().any():
            row = str(frame.index[frame[name].isna().to_numpy()][0])
            right = "state the level, or leave the row out"
            problems.append(Problem(f"column {name!r}, row {row!r}", "missing", right))
    if problems:
        raise _wrong(problems)


def sorted_levels(values: pd.Series[Any]) -> tuple[NDArray[np.intp], tuple[Any, ...]]:
    """Codes (k,) and levels: categories in their order, numbers and words sorted."""
    if isinstance(values.dtype, pd.CategoricalDtype):
        used = set(values.dropna())
        levels = [level for level in values.cat.categories if level in used]
    elif pd.api.types.is_numeric_dtype(values.dtype):
        levels = sorted(values.unique().tolist())
    else:
        levels = sorted(values.unique().tolist(), key=str)
    place = {level: i for i, level in enumerate(levels)}
    return np.asarray([place[value] for value in values], dtype=np.intp), tuple(levels)


def _word(level: Any) -> str:
    return f"{level:g}" if isinstance(level, float) else str(level)


def _groups(path: tuple[str, ...], frame: pd.DataFrame) -> tuple[NDArray[np.intp], tuple[str, ...]]:
    parts = [sorted_levels(frame[name]) for name in path]
    table = np.column_stack([codes for codes, _ in parts])
    seen, codes = np.unique(table, axis=0, return_inverse=True)
    names = tuple(
        "/".join(_word(levels[code]) for (_, levels), code in zip(parts, row, strict=True))
        for row in seen
    )
    return np.asarray(codes.ravel(), dtype=np.intp), names


def _intercept(
    path: tuple[str, ...], frame: pd.DataFrame, known: Mapping[str, pd.DataFrame]
) -> RandomTerm:
    name = "/".join(path)
    outer, groups = _groups(path, frame)
    if len(groups) < 2:
        right = "one group says nothing of the variance between groups: leave the term out"
        raise _wrong([Problem(f"random term {name!r}", "has one group only", right)])
    matrix = _known(name, known[name], groups) if name in known else None
    arrays = Term(
        structure="intercept",
        outer=outer,
        inner=np.zeros(len(outer), dtype=np.intp),
        position=np.zeros(1),
        observed=np.array([[len(groups)]]),
        known=matrix,
    )
    return RandomTerm(name, "intercept", groups, (), arrays, (f"variance({name})",))


def _known(name: str, given: pd.DataFrame, groups: tuple[str, ...]) -> Array:
    where = f"known_correlations[{name!r}]"
    if not isinstance(given, pd.DataFrame):
        right = "a DataFrame with the groups as index and columns"
        raise _wrong([Problem(where, f"is a {type(given).__name__}", right)])
    index, columns = ([_word(x) for x in side] for side in (given.index, given.columns))
    absent = [group for group in groups if group not in index or group not in columns]
    if absent:
        raise _wrong([Problem(where, f"has no group {absent[0]!r}", "one row and column each")])
    frame = given.set_axis(index, axis=0).set_axis(columns, axis=1)
    matrix = frame.loc[list(groups), list(groups)].to_numpy(dtype=np.float64)
    fine = np.isfinite(matrix).all() and np.allclose(matrix, matrix.T)
    if not fine or not np.allclose(np.diag(matrix), 1.0):
        what = "is not symmetric with 1 on the diagonal"
        raise _wrong([Problem(where, what, "give a correlation matrix")])
    if np.linalg.eigvalsh(matrix).min() < -1e-8:
        raise _wrong([Problem(where, "has a negative eigenvalue", "give a correlation matrix")])
    return matrix


def _structured(
    inner: str, path: tuple[str, ...], structure: str, frame: pd.DataFrame
) -> RandomTerm:
    name = f"{inner} | {'/'.join(path)}"
    outer, groups = _groups(path, frame)
    codes, levels = sorted_levels(frame[inner])
    if len(levels) < 2:
        right = f'write "{path[-1]}" for an intercept alone'
        raise _wrong([Problem(f"random term {name!r}", "has one inner level only", right)])
    position = np.arange(len(levels), dtype=np.float64)
    if structure == "continuous_autoregressive":
        try:
            position = np.asarray(levels, dtype=np.float64)
        except (TypeError, ValueError):
            what = f"{inner!r} is not numeric: {structure} needs distances"
            raise _wrong([Problem(f"random term {name!r}", what, "autoregressive")]) from None
        _check_distances(name, position)
    both = np.zeros((len(groups), len(levels)), dtype=np.intp)
    both[outer, codes] = 1
    arrays = Term(structure, outer, codes, position, both.T @ both)
    words = tuple(_word(level) for level in levels)
    return RandomTerm(name, structure, groups, words, arrays, _components(name, words, arrays))


def _check_distances(name: str, position: Array) -> None:
    """Refuse distances at which the correlation of one unit is 0 or 1 to the last digit."""
    typical = float(np.median(np.diff(np.sort(position))))
    if not 0.05 <= typical <= 1e6:
        what = f"neighbouring levels lie {typical:.3g} apart"
        right = "measure in a unit in which they are about 1 apart"
        raise _wrong([Problem(f"random term {name!r}", what, right)])


def _components(name: str, levels: tuple[str, ...], arrays: Term) -> tuple[str, ...]:
    inner, outer = (part.strip() for part in name.split("|"))
    spreads, correlations = counts(arrays)
    names = [f"variance({name})"]
    if spreads > 1:
        names = [f"variance({inner}[{level}] | {outer})" for level in levels]
    if STRUCTURES[arrays.structure].correlation == "free":
        names += [
            f"correlation({inner}[{levels[a]}, {levels[b]}] | {outer})"
            for a, b in zip(*pairs(len(levels)), strict=True)
        ]
    elif correlations:
        names.append(f"correlation({name})")
    return tuple(names)


def _check_distinct(terms: list[RandomTerm]) -> None:
    for i, one in enumerate(terms):
        for other in terms[:i]:
            if one.name == other.name:
                right = "name it once"
                raise _wrong([Problem(f"random term {one.name!r}", "stands there twice", right)])
            same = one.arrays.known is None and other.arrays.known is None
            alike = same and np.array_equal(one.arrays.outer, other.arrays.outer)
            if alike and not one.levels and not other.levels:
                what = f"groups the rows as {other.name!r} does"
                right = "their variances cannot be told apart: leave one out"
                raise _wrong([Problem(f"random term {one.name!r}", what, right)])


def _wrong(problems: list[Problem]) -> FitError:
    return FitError("the random terms are not right", problems)
