"""leave_one_out: the meta-analysis again without each study in turn."""

from __future__ import annotations

import numpy as np
import pandas as pd

from evidence.effects.table import EffectTable
from evidence.models.frequentist.options import (
    CiMethod,
    Model,
    Options,
    Tau2Method,
    require_rows,
    resolve,
)
from evidence.models.frequentist.pool import arrays_of
from evidence.models.frequentist.pool_many import Array, PooledMany, fit_arrays


def leave_one_out(
    table: EffectTable,
    *,
    model: Model = "random",
    tau2: Tau2Method | float | None = None,
    ci: CiMethod | None = None,
    level: float = 0.95,
) -> pd.DataFrame:
    """Pool a table without each of its rows in turn, all in one batched call.

    Options are those of ``pool``; checked against it and against metafor ``leave1out``.

    Returns
    -------
    DataFrame, shape (k, ...)
        Index: the row left out. Columns estimate, std_error, statistic, df, p, ci_low, ci_high,
        level, q, q_df, q_p, i2, h2, and for random effects tau2.

    Raises
    ------
    FitError
        If fewer than 3 rows are there, or as in ``pool``.

    Examples
    --------
    >>> from evidence.effects.table import table_of
    >>> table = table_of([0.0, 2.0, 4.0], [1.0, 1.0, 1.0], labels=["a", "b", "c"])
    >>> leave_one_out(table)["estimate"].round(6).to_dict()
    {'a': 3.0, 'b': 2.0, 'c': 1.0}
    """
    options = resolve(model, tau2, ci, level)
    require_rows(table, 3, "leaving one out")
    y, v = arrays_of(table)
    many = without_each(y, v, options)
    columns = {
        "estimate": many.estimate,
        "std_error": many.std_error,
        "statistic": many.statistic,
        "df": many.df,
        "p": many.p,
        "ci_low": many.ci_low,
        "ci_high": many.ci_high,
        "level": level,
        "q": many.q,
        "q_df": many.q_df,
        "q_p": many.q_p,
        "i2": many.i2,
        "h2": many.h2,
    }
    if many.tau2 is not None:
        columns["tau2"] = many.tau2
    return pd.DataFrame(columns, index=pd.Index(table.rows.index, name="left_out"))


def without_each(y: Array, v: Array, options: Options) -> PooledMany:
    """Fit y, v (k,) without each entry in turn: leading shape (k,)."""
    k = len(y)
    kept = ~np.eye(k, dtype=np.bool_)
    left = [np.broadcast_to(x, kept.shape)[kept].reshape(k, k - 1) for x in (y, v)]
    return fit_arrays(left[0], left[1], options)
