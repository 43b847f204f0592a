"""Why a row has no effect, in words."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from evidence.effects.sizes.correction import Array
from evidence.effects.sizes.registry import PAIRS, PROPORTION, TABLE, Measure

MEANS_IN_A_RATIO = ("ROM", "CVR", "ROMC", "CVRC", "MNLN", "CVLN")


def why_not(measure: Measure, row: Mapping[str, float], estimate: float, variance: float) -> str:
    """Say why a kernel gave no usable effect for a row whose figures are all there.

    Examples
    --------
    >>> from evidence.effects.sizes.registry import MEASURES
    >>> row = {"events1": 0.0, "nonevents1": 9.0, "events2": 2.0, "nonevents2": 7.0}
    >>> why_not(MEASURES["OR"], row, -np.inf, np.inf)
    'OR does not exist with 0 in events1'
    """
    empty = [name for name in measure.cells if row[name] == 0]
    no_people = [
        name
        for name, value in row.items()
        if value == 0 and name in ("time", "time1", "time2", "n", "n1", "n2")
    ]
    flat = [name for name in ("sd", "sd1", "sd2") if row.get(name) == 0]
    means = [row[name] for name in ("mean", "mean1", "mean2") if name in row]
    if no_people:
        return f"0 in {', '.join(no_people)}: there is nothing to compare"
    if empty:
        return f"{measure.code} does not exist with 0 in {', '.join(empty)}"
    if measure.code in MEANS_IN_A_RATIO and (np.prod(means) <= 0):
        shown = " and ".join(f"{x:g}" for x in means)
        return f"no logarithm of a ratio of means of {shown}"
    if flat:
        return f"{', '.join(flat)} is 0: no sampling variance"
    if not np.isfinite(estimate) or not np.isfinite(variance):
        sizes = ", ".join(f"{n} = {v:g}" for n, v in row.items() if n in ("n", "n1", "n2"))
        return f"{measure.code} does not exist for these figures" + (f" ({sizes})" if sizes else "")
    return f"its sampling variance is {variance:g}"


def nothing_happened(arrays: Mapping[str, Array]) -> NDArray[np.bool_]:
    """Rows in which no one, or (in a table) everyone, had the event in both groups, shape (k,).

    Examples
    --------
    >>> cells = {"events1": [0, 1], "nonevents1": [9, 8], "events2": [0, 0], "nonevents2": [9, 9]}
    >>> nothing_happened({k: np.array(v) for k, v in cells.items()})
    array([ True, False])
    """
    none = (arrays["events1"] == 0) & (arrays["events2"] == 0)
    if "nonevents1" in arrays:
        none = none | ((arrays["nonevents1"] == 0) & (arrays["nonevents2"] == 0))
    return np.asarray(none, dtype=bool)


def no_one_there(measure: Measure, arrays: Mapping[str, Array]) -> NDArray[np.bool_]:
    """Rows with a group of no people, to whom nothing may be added, shape (k,).

    Examples
    --------
    >>> from evidence.effects.sizes.registry import MEASURES
    >>> cells = {"events": [0, 0], "nonevents": [0, 9]}
    >>> no_one_there(MEASURES["PR"], {k: np.array(v) for k, v in cells.items()})
    array([ True, False])
    """
    groups = {TABLE: (TABLE[:2], TABLE[2:]), PAIRS: (PAIRS,), PROPORTION: (PROPORTION,)}
    length = len(next(iter(arrays.values())))
    empty = np.zeros(length, dtype=bool)
    for cells in groups.get(measure.roles, ()):
        empty |= np.sum([arrays[cell] for cell in cells], axis=0) == 0
    return empty
