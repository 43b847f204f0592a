"""Mantel-Haenszel and Peto again without each study, and as studies were added."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from evidence.errors import FitError, check_kind
from evidence.models.frequentist.cumulative import sorting
from evidence.models.frequentist.events import (
    AddTo,
    EventMeasure,
    EventOptions,
    Method,
    fit_events,
    resolve_events,
    tables_of,
)
from evidence.models.frequentist.kernels_events import Tables

_COLUMNS = (
    "k", "estimate", "std_error", "statistic", "p", "ci_low", "ci_high", "level", "q", "q_df",
    "q_p", "i2", "h2",
)  # fmt: skip


def events_leave_one_out(
    frame: pd.DataFrame,
    *,
    method: Method,
    measure: EventMeasure,
    events_treatment: str = "events_treatment",
    total_treatment: str = "total_treatment",
    events_control: str = "events_control",
    total_control: str = "total_control",
    added: tuple[float, AddTo] = (0.5, "zero_cells"),
    added_to_pool: tuple[float, AddTo] | None = None,
    level: float = 0.95,
) -> pd.DataFrame:
    """Pool counts without each study in turn; options as in ``pool_events``.

    Checked against metafor ``leave1out``.

    Returns
    -------
    DataFrame, one row a study left out
        k, estimate, std_error, statistic, p, ci_low, ci_high, level, q, q_df, q_p, i2, h2.

    Raises
    ------
    FitError
        As in ``pool_events``, for any of the fits.

    Examples
    --------
    >>> frame = pd.DataFrame({"a": [4, 6, 3], "n1": [12, 30, 23], "c": [11, 29, 11],
    ...     "n2": [13, 33, 22]}, index=["x", "y", "z"])
    >>> events_leave_one_out(frame, method="peto", measure="OR", events_treatment="a",
    ...     total_treatment="n1", events_control="c", total_control="n2")["k"].to_dict()
    {'x': 2, 'y': 2, 'z': 2}
    """
    check_kind("frame", frame, pd.DataFrame, FitError)
    options = resolve_events(method, measure, added, added_to_pool, False, None, level)
    columns = (events_treatment, total_treatment, events_control, total_control)
    tables = tables_of(frame, columns, options)
    parts = (np.delete(np.arange(len(frame)), i) for i in range(len(frame)))
    return _fits(tables, frame.index, parts, options).set_axis(frame.index)


def events_cumulative(
    frame: pd.DataFrame,
    order: str | ArrayLike | None = None,
    *,
    method: Method,
    measure: EventMeasure,
    events_treatment: str = "events_treatment",
    total_treatment: str = "total_treatment",
    events_control: str = "events_control",
    total_control: str = "total_control",
    added: tuple[float, AddTo] = (0.5, "zero_cells"),
    added_to_pool: tuple[float, AddTo] | None = None,
    level: float = 0.95,
) -> pd.DataFrame:
    """Pool the counts of the first study, the first two, and so on.

    ``order`` as in ``cumulative``, the rest as in ``pool_events``. Checked against metafor
    ``cumul``.

    Returns
    -------
    DataFrame, one row a study added, columns as of ``events_leave_one_out``.

    Raises
    ------
    FitError
        As in ``pool_events``, for any of the fits.

    Examples
    --------
    >>> frame = pd.DataFrame({"a": [4, 6], "n1": [12, 30], "c": [11, 29], "n2": [13, 33]})
    >>> events_cumulative(frame, [2, 1], method="peto", measure="OR", events_treatment="a",
    ...     total_treatment="n1", events_control="c", total_control="n2")["k"].to_dict()
    {1: 1, 0: 2}
    """
    check_kind("frame", frame, pd.DataFrame, FitError)
    options = resolve_events(method, measure, added, added_to_pool, False, None, level)
    columns = (events_treatment, total_treatment, events_control, total_control)
    tables = tables_of(frame, columns, options)
    places = sorting(order, frame)
    parts = (places[:n] for n in range(1, len(places) + 1))
    return _fits(tables, frame.index, parts, options).set_axis(frame.index[places])


def _fits(
    tables: Tables, index: pd.Index, parts: Iterable[NDArray[np.intp]], options: EventOptions
) -> pd.DataFrame:
    fits = [fit_events(Tables(*(x[i] for x in tables)), index[i], options) for i in parts]
    return pd.DataFrame(
        [[getattr(fit, name) for name in _COLUMNS] for fit in fits], columns=_COLUMNS
    )
