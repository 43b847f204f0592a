"""cumulative: the meta-analysis as it stood after each study was added."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from evidence.effects.table import EffectTable
from evidence.errors import FitError, Problem, did_you_mean
from evidence.models.frequentist import kernels
from evidence.models.frequentist.options import (
    CiMethod,
    Model,
    Options,
    Tau2Method,
    require_rows,
    resolve,
)
from evidence.models.frequentist.pool import arrays_of
from evidence.models.frequentist.pool_many import fit_arrays


def cumulative(
    table: EffectTable,
    order: str | ArrayLike | None = None,
    *,
    model: Model = "random",
    tau2: Tau2Method | float | None = None,
    ci: CiMethod | None = None,
    level: float = 0.95,
) -> pd.DataFrame:
    """Pool the first row, the first two, and so on.

    Parameters
    ----------
    table : EffectTable
    order : str or array_like (k,), optional
        Column of ``table.rows`` or values, such as years, by which rows are sorted upwards; equal
        ones keep the order of the table. None: the order of the table.
    model, tau2, ci, level
        As in ``pool``. Checked against metafor ``cumul``.

    Returns
    -------
    DataFrame, k rows
        Index: the row added. Columns k, estimate, std_error, statistic, df, p, ci_low, ci_high,
        level, q, q_df, q_p, i2, h2, and for random effects tau2. The first row is that study
        alone: its normal interval, and by convention q 0, q_p 1, i2 0, h2 1 and tau2 0.

    Raises
    ------
    FitError
        If the order does not fit the table, or as in ``pool``.

    Examples
    --------
    >>> from evidence.effects.table import table_of
    >>> table = table_of([4.0, 0.0], [1.0, 1.0], labels=["late", "early"])
    >>> cumulative(table, [2020, 1990], model="common")["estimate"].to_dict()
    {'early': 0.0, 'late': 2.0}
    """
    options = resolve(model, tau2, ci, level)
    require_rows(table, 1, "accumulating")
    y, v = arrays_of(table)
    places = sorting(order, table.rows)
    y, v = y[places], v[places]
    rows = [_first(y[0], v[0], options)]
    rows += [_row(y[:n], v[:n], options) for n in range(2, table.k + 1)]
    return pd.DataFrame(rows, index=pd.Index(table.rows.index[places], name="added"))


def sorting(order: str | ArrayLike | None, rows: pd.DataFrame) -> NDArray[np.intp]:
    """Positions of the rows in the order asked for."""
    if order is None:
        return np.arange(len(rows))
    if isinstance(order, str):
        if order not in rows:
            known = did_you_mean(order, [str(name) for name in rows.columns])
            raise FitError("no such column", [Problem("order", f"unknown: {order!r}", known)])
        values: Sequence[object] = rows[order].tolist()
    else:
        values = np.asarray(order).tolist()
    if not isinstance(values, list) or len(values) != len(rows):
        count = len(values) if isinstance(values, list) else 1
        problem = Problem("order", f"{count} values for {len(rows)} rows", "one a row")
        raise FitError("the order does not fit the table", [problem])
    missing = [
        Problem(f"order, row {name!r}", "has no value", "give each row its place")
        for name, value in zip(rows.index, values, strict=True)
        if pd.isna(value)
    ]
    if missing:
        raise FitError("the order has gaps", missing)
    return np.argsort(np.array(values), kind="stable")


def _first(y: float, v: float, options: Options) -> dict[str, float]:
    stated = options.stated_tau2 or 0.0
    error = float(np.sqrt(v + stated))
    half = kernels.critical_value(options.level, np.inf) * error
    row = {
        "k": 1,
        "estimate": float(y),
        "std_error": error,
        "statistic": float(y) / error,
        "df": np.inf,
        "p": float(kernels.two_sided_p(np.asarray(y / error), np.inf)),
        "ci_low": float(y) - half,
        "ci_high": float(y) + half,
        "level": options.level,
        "q": 0.0,
        "q_df": 0,
        "q_p": 1.0,
        "i2": 0.0,
        "h2": 1.0,
    }
    return row if options.tau2 is None else row | {"tau2": stated}


def _row(y: kernels.Array, v: kernels.Array, options: Options) -> dict[str, float]:
    many = fit_arrays(y, v, options)
    row = {
        "k": len(y),
        "estimate": float(many.estimate),
        "std_error": float(many.std_error),
        "statistic": float(many.statistic),
        "df": float(many.df),
        "p": float(many.p),
        "ci_low": float(many.ci_low),
        "ci_high": float(many.ci_high),
        "level": options.level,
        "q": float(many.q),
        "q_df": many.q_df,
        "q_p": float(many.q_p),
        "i2": float(many.i2),
        "h2": float(many.h2),
    }
    return row if many.tau2 is None else row | {"tau2": float(many.tau2)}
