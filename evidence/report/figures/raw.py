"""What the trials' arms showed, read back from a table's traces: counts, or means and sizes."""

from __future__ import annotations

from typing import Any

import pandas as pd

from evidence.catalog.number import Derived, Number
from evidence.effects.table import EffectTable

COUNTS = ("events1", "n1", "events2", "n2")
MEANS = ("mean1", "sd1", "n1", "mean2", "sd2", "n2")


def counts_of(table: EffectTable) -> pd.DataFrame | None:
    """Events and sizes of both arms, indexed as the rows; None unless every row has them.

    Examples
    --------
    >>> from evidence.effects.sizes.frame import effect_sizes
    >>> frame = pd.DataFrame({"a": [4, 6], "n": [123, 306], "c": [11, 29], "m": [139, 303]})
    >>> table = effect_sizes(frame, measure="RR", events1="a", n1="n", events2="c", n2="m")
    >>> counts_of(table).loc["study 1"].tolist()
    [4.0, 123.0, 11.0, 139.0]
    """
    rows = [_counts(_inputs(table, name)) for name in table.rows.index]
    if not rows or any(row is None for row in rows):
        return None
    return pd.DataFrame(rows, columns=list(COUNTS), index=table.rows.index, dtype=float)


def means_of(table: EffectTable) -> pd.DataFrame | None:
    """Means, standard deviations and sizes of both arms; None unless every row has them."""
    rows = [_inputs(table, name) for name in table.rows.index]
    if not rows or any(role not in row for row in rows for role in MEANS):
        return None
    cells = [[row[role] for role in MEANS] for row in rows]
    return pd.DataFrame(cells, columns=list(MEANS), index=table.rows.index, dtype=float)


def _counts(given: dict[str, float]) -> list[float] | None:
    cells = []
    for arm in ("1", "2"):
        events = given.get(f"events{arm}")
        size, rest = given.get(f"n{arm}"), given.get(f"nonevents{arm}")
        if events is None or (size is None and rest is None):
            return None
        cells += [events, events + rest if size is None and rest is not None else float(size or 0)]
    return cells


def _inputs(table: EffectTable, name: Any) -> dict[str, float]:
    """Figures that an estimate was computed from at once, by their roles."""
    number: Number = table.traces[name].estimate
    return {role: part.value for role, part in number.inputs} if isinstance(number, Derived) else {}
