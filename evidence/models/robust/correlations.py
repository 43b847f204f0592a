"""The options of a sampling covariance, checked, and the correlations they say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from evidence.errors import FitError, Problem
from evidence.models.robust.clusters import codes_of
from evidence.models.robust.kernels_correlation import (
    Codes,
    Conditions,
    construct_correlation,
    contrast_correlation,
    lag_correlation,
)

Array = NDArray[np.float64]
Rho = float | pd.DataFrame | tuple["float | pd.DataFrame", "float | pd.DataFrame"]
NEEDS = {
    "obs": "rho",
    "type": "rho",
    "time1": "phi",
    "time2": "grp2",
    "grp2": "grp1",
    "w1": "grp1",
    "w2": "grp2",
}


@dataclass(frozen=True, slots=True)
class Structure:
    """What makes rows dependent; ``within`` and ``between`` are tables over the codes."""

    obs: Codes | None
    type: Codes | None
    within: Array | None
    between: Array | None
    first: Conditions | None
    second: Conditions | None
    time: Array | None
    rho: object
    phi: float | None
    equal_weights: bool


def numbers_of(
    where: str, values: ArrayLike, k: int | None, *, above: float | None = None
) -> Array:
    """Finite numbers (k,), above a bound where there is one.

    Raises
    ------
    FitError
    """
    try:
        found = np.atleast_1d(np.asarray(values, dtype=np.float64))
    except (TypeError, ValueError) as error:
        problem = Problem(where, str(error), "numbers")
        raise FitError(f"{where} are not numbers", [problem]) from None
    if found.ndim != 1 or not found.size or (k is not None and len(found) != k):
        shape = f"({'k' if k is None else k},): one number a row"
        raise FitError(f"{where} do not fit", [Problem(where, f"shape {found.shape}", shape)])
    bad = ~np.isfinite(found) if above is None else ~(np.isfinite(found) & (found > above))
    if bad.any():
        right = "a finite number" + ("" if above is None else f" above {above:g}")
        problems = [Problem(f"{where}[{i}]", f"is {found[i]}", right) for i in np.flatnonzero(bad)]
        raise FitError(f"{where} are not all usable", problems)
    return found


def structure_of(stated: Mapping[str, Any], k: int) -> Structure:
    """Check what was stated together.

    Raises
    ------
    FitError
        If an option lacks the one it needs, would do nothing, or nothing tells rows apart.
    """
    _complete(stated)
    obs = None if stated["obs"] is None else codes_of("obs", stated["obs"], k)
    type_ = None if stated["type"] is None else codes_of("type", stated["type"], k)
    within, between = _tables(
        stated["rho"], None if obs is None else obs.labels, None if type_ is None else type_.labels
    )
    phi = stated["phi"]
    if phi is not None and not (isinstance(phi, int | float) and 0.0 <= phi <= 1.0):
        raise FitError("phi is not right", [Problem("phi", repr(phi), "a number from 0 to 1")])
    times = {
        name: None if stated[name] is None else numbers_of(name, stated[name], k)
        for name in ("time1", "time2")
    }
    first, second = _conditions(stated, times, k)
    return Structure(
        obs=None if obs is None else obs.codes,
        type=None if type_ is None else type_.codes,
        within=within,
        between=between,
        first=first,
        second=second,
        time=times["time1"] if first is None else None,
        rho=stated["rho"],
        phi=None if phi is None else float(phi),
        equal_weights=first is not None and stated["w1"] is None,
    )


def within_cluster(structure: Structure, rows: NDArray[np.intp]) -> Array:
    """Correlations of the rows of one cluster.

    Raises
    ------
    FitError
        If the two conditions of a row are one and the same.
    """
    obs, type_ = (None if c is None else c[rows] for c in (structure.obs, structure.type))
    found = np.ones((len(rows), len(rows)))
    found = found * construct_correlation(obs, type_, structure.within, structure.between)
    phi = 1.0 if structure.phi is None else structure.phi
    if structure.time is not None:
        found = found * lag_correlation(structure.time[rows], phi)
    if structure.first is not None and structure.second is not None:
        first, second = (
            Conditions(side.group[rows], side.time[rows], side.weight[rows])
            for side in (structure.first, structure.second)
        )
        found = found * contrast_correlation(first, second, phi)
    empty = np.flatnonzero(np.isnan(np.diag(found)))
    if len(empty):
        right = "a row compares two groups, or one group at two times (time1, time2, phi below 1)"
        raise FitError(
            "a contrast has no variance",
            [Problem(f"row {rows[i]}", "both its conditions are the same", right) for i in empty],
        )
    np.fill_diagonal(found, 1.0)
    return found


def _complete(stated: Mapping[str, Any]) -> None:
    given = {name for name, value in stated.items() if value is not None}
    problems = [
        Problem(name, f"needs {other}, which is absent", f"give {other}")
        for name, other in NEEDS.items()
        if name in given and other not in given
    ]
    if "w1" in given and "grp2" in given and "w2" not in given:
        problems.append(Problem("w1", "needs w2 where grp2 is given", "give both or neither"))
    if "w2" in given and "w1" not in given:
        problems.append(Problem("w2", "needs w1, which is absent", "give both or neither"))
    if "w1" in given and "grp2" not in given:
        right = "leave it out: with grp1 alone nobody knows the size of the other group"
        problems.append(Problem("w1", "would do nothing without grp2", right))
    if "time2" in given and "time1" not in given:
        problems.append(Problem("time2", "needs time1, which is absent", "give time1"))
    for name, users in (("rho", ("obs", "type")), ("phi", ("time1",))):
        if name in given and not given & set(users):
            right = f"give {' or '.join(users)}: which rows differ in what"
            problems.append(Problem(name, "would do nothing", right))
    if not given & {"obs", "type", "time1", "grp1"} and not problems:
        right = "give obs and rho, for instance obs=range(k), rho=0.6"
        problems.append(Problem("obs, type, time1, grp1", "all absent: rows are the same", right))
    if problems:
        raise FitError("the sampling covariance is not fully stated", problems)


def _tables(
    rho: Any, obs: tuple[Any, ...] | None, type_: tuple[Any, ...] | None
) -> tuple[Array | None, Array | None]:
    if rho is None:
        return None, None
    if obs is not None and type_ is not None:
        if not isinstance(rho, tuple | list | np.ndarray) or len(rho) != 2:
            right = "a pair: the correlation within a type, and that between types"
            raise FitError("rho is not right", [Problem("rho", repr(rho), right)])
        return _table("rho[0]", rho[0], obs, "obs"), _table("rho[1]", rho[1], type_, "type")
    if obs is not None:
        return _table("rho", rho, obs, "obs"), None
    return None, _table("rho", rho, type_ or (), "type")


def _table(where: str, rho: Any, labels: tuple[Any, ...], of: str) -> Array:
    if isinstance(rho, pd.DataFrame):
        return _looked_up(where, rho, labels, of)
    try:
        value = float(rho)
    except (TypeError, ValueError):
        right = f"a number, or a DataFrame over the labels of {of}"
        raise FitError("rho is not right", [Problem(where, repr(rho), right)]) from None
    if not -1.0 <= value <= 1.0:
        raise FitError("rho is not right", [Problem(where, repr(rho), "from -1 to 1")])
    return np.full((len(labels), len(labels)), value)


def _looked_up(where: str, rho: pd.DataFrame, labels: tuple[Any, ...], of: str) -> Array:
    frame = rho.set_axis([str(x) for x in rho.index]).set_axis([str(x) for x in rho], axis=1)
    names = [str(label) for label in labels]
    absent = [n for n in names if n not in frame.index or n not in frame.columns]
    if absent or not frame.index.is_unique or not frame.columns.is_unique:
        right = f"one row and one column for each label of {of}"
        what = f"lacks {', '.join(absent)}" if absent else "names a label twice"
        raise FitError("rho is not right", [Problem(where, what, right)])
    table = frame.loc[names, names].to_numpy(dtype=np.float64)
    off = table - np.diag(np.diag(table))
    if not (np.isfinite(off).all() and np.abs(off).max(initial=0.0) <= 1.0):
        raise FitError("rho is not right", [Problem(where, "not from -1 to 1", "correlations")])
    if not np.allclose(off, off.T, rtol=0.0, atol=1e-12):
        raise FitError("rho is not right", [Problem(where, "not symmetric", "as a correlation")])
    return table


def _conditions(
    stated: Mapping[str, Any], times: Mapping[str, Array | None], k: int
) -> tuple[Conditions | None, Conditions | None]:
    if stated["grp1"] is None:
        return None, None
    first = list(np.ravel(np.asarray(stated["grp1"], dtype=object)))
    alone = stated["grp2"] is None
    # One and the same group that is in no other row.
    other = [object()] * len(first) if alone else list(np.ravel(np.asarray(stated["grp2"], object)))
    for name, labels in (("grp1", first), ("grp2", other)):
        codes_of(name, labels, k)
    both = codes_of("grp1, grp2", [*first, *other], 2 * k).codes
    zero, one = np.zeros(k), np.ones(k)
    time1 = zero if times["time1"] is None else times["time1"]
    time2 = time1 if times["time2"] is None else times["time2"]
    weights = [
        one if stated[name] is None else numbers_of(name, stated[name], k, above=0.0)
        for name in ("w1", "w2")
    ]
    return Conditions(both[:k], time1, weights[0]), Conditions(both[k:], time2, weights[1])
