"""Cluster labels brought to the rows of a table or fit, and checked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from evidence.errors import FitError, Problem
from evidence.models.robust.kernels_sandwich import Places, places_of

Labels = ArrayLike | Sequence[Any] | pd.Series


class Clusters(NamedTuple):
    """Codes 0 ... m - 1 in order of appearance, the labels they stand for, and the rows of each."""

    codes: NDArray[np.intp]
    labels: tuple[Any, ...]
    places: Places


def clusters_of(cluster: Labels, k: int, index: pd.Index | None = None, least: int = 1) -> Clusters:
    """Clusters of k rows; a Series is aligned to ``index``, unless it is indexed 0, 1, 2, ...

    Raises
    ------
    FitError
        If there is not one label a row, one is missing, a Series does not name the rows, or there
        are fewer than ``least`` clusters.
    """
    found = codes_of("cluster", cluster, k, index)
    if len(found.labels) < least:
        right = f"at least {least}: name what the dependent rows have in common, as the study"
        what = f"{len(found.labels)} cluster"
        raise FitError("too few clusters", [Problem("cluster", what, right)])
    return found


def codes_of(where: str, labels: Labels, k: int, index: pd.Index | None = None) -> Clusters:
    """Codes of any labels of k rows.

    Raises
    ------
    FitError
        If there is not one label a row, or one is missing.
    """
    given = _aligned(where, labels, index)
    if len(given) != k:
        problem = Problem(where, f"{len(given)} labels for {k} rows", "give one a row")
        raise FitError(f"{where} does not fit the rows", [problem])
    missing = np.flatnonzero(given.isna().to_numpy())
    if len(missing):
        right = "state it, or leave the row out"
        raise FitError(
            f"{where} is not complete",
            [Problem(f"{where}[{i}]", "missing", right) for i in missing],
        )
    codes, names = pd.factorize(given.astype(object))
    codes = np.asarray(codes, dtype=np.intp)
    return Clusters(codes, tuple(names), places_of(codes))


def _aligned(where: str, labels: Labels, index: pd.Index | None) -> pd.Series[Any]:
    if not isinstance(labels, pd.Series):
        return pd.Series(list(np.ravel(np.asarray(labels, dtype=object))), dtype=object)
    if index is None or labels.index.equals(pd.RangeIndex(len(labels))):
        return labels.reset_index(drop=True)
    absent = [str(row) for row in index if row not in labels.index]
    if absent or labels.index.has_duplicates:
        what = f"has no row {absent[0]!r}" if absent else "names a row twice"
        right = "index the Series as table.rows, or 0, 1, 2, ...; or give a list in that order"
        raise FitError(f"{where} does not fit the rows", [Problem(where, what, right)])
    return labels.loc[index].reset_index(drop=True)
