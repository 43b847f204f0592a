"""subgroups: a meta-analysis within each group of studies, and a test between the groups."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from evidence.catalog.display import html_of_record, plain
from evidence.catalog.phrases import counted, figure, folded, p_value, q_words
from evidence.effects.table import EffectTable
from evidence.errors import FitError, Problem, did_you_mean
from evidence.models.frequentist import kernels, kernels_tau2
from evidence.models.frequentist.kernels_common import COMMON_METHODS, common_tau2
from evidence.models.frequentist.options import (
    FIXED,
    CiMethod,
    Model,
    Options,
    Tau2Method,
    require_rows,
    resolve,
)
from evidence.models.frequentist.pool import arrays_of
from evidence.models.frequentist.pool_many import fit_arrays


@dataclass(frozen=True, slots=True, eq=False)
class Subgroups:
    """Answer of ``subgroups``.

    Attributes
    ----------
    groups : DataFrame, one row a group, in the order in which they appear
        k, estimate, std_error, df, p, ci_low, ci_high, tau2, q, q_df, q_p, i2 (from Q, percent),
        note. tau2 is missing where a single study leaves nothing to estimate it from; the note
        says so, and the group then has its own estimate and normal interval.
    tau2_common : bool
    q_between, q_between_df, q_between_p : float, int, float
        Test of equal means, each weighted by the inverse of its squared Wald standard error.
    """

    groups: pd.DataFrame
    tau2_common: bool
    q_between: float
    q_between_df: int
    q_between_p: float

    _repr_html_ = html_of_record

    def __str__(self) -> str:
        spread = "one tau2 for all" if self.tau2_common else "each with its own tau2"
        lines = [f"Meta-analysis of {counted(len(self.groups), 'subgroup')}, {spread}"]
        width = max(7, *(len(plain(name)) for name in self.groups.index))
        for name, row in self.groups.iterrows():
            tau2 = "" if pd.isna(row["tau2"]) else f", tau2 {figure(row['tau2'])}"
            ends = f"CI {figure(row['ci_low'])} to {figure(row['ci_high'])}"
            lines.append(
                f"  {plain(name):<{width}}  {figure(row['estimate'])} ({ends}), "
                f"{p_value(row['p'])}; {counted(row['k'], 'effect')}{tau2}"
            )
        test = q_words(self.q_between, self.q_between_df, self.q_between_p)
        lines.append(f"  {'between':<{width}}  {test}")
        notes = self.groups["note"]
        lines += [f"  note: {plain(name)}: {note}" for name, note in notes.items() if note]
        return folded("\n".join(lines))


def subgroups(
    table: EffectTable,
    by: str | Sequence[str],
    *,
    tau2_common: bool = False,
    model: Model = "random",
    tau2: Tau2Method | float | None = None,
    ci: CiMethod | None = None,
    level: float = 0.95,
) -> Subgroups:
    """Pool each group of a table and test whether the groups differ.

    Parameters
    ----------
    table : EffectTable
    by : str or sequence of k labels
        Column of ``table.rows``, or one label a row.
    tau2_common : bool
        Whether one tau2 is estimated for all groups (Borenstein et al. 2009); by "reml",
        "maximum_likelihood", "paule_mandel" and its kin, "dersimonian_laird" or "hedges".
    model, tau2, ci, level
        As in ``pool``, for every group.

    Raises
    ------
    FitError
        As in ``pool``; also if there are fewer than two groups, a label is missing, or an option
        would do nothing.

    Examples
    --------
    >>> from evidence.effects.table import table_of
    >>> found = subgroups(table_of([0, 1, 4, 5], [1, 1, 1, 1]), ["a", "a", "b", "b"], ci="wald")
    >>> found.groups["estimate"].to_dict(), round(found.q_between, 9)
    ({'a': 0.5, 'b': 4.5}, 16.0)
    """
    options = resolve(model, tau2, ci, level)
    require_rows(table, 2, "comparing groups")
    _check(options, tau2_common)
    y, v = arrays_of(table)
    labels = _labels(table, by)
    members = {name: np.flatnonzero(labels == name) for name in dict.fromkeys(labels.tolist())}
    if tau2_common:
        found = common_tau2([(y[i], v[i]) for i in members.values()], options.tau2 or "")
        if not found.converged:
            where = Problem("tau2", f"{options.tau2!r} common to all groups did not converge")
            raise FitError("tau2 did not converge", [where])
        options = Options(options.model, FIXED, options.ci, level, float(found.tau2))
    rows = [_row(y[i], v[i], options) for i in members.values()]
    groups = pd.DataFrame(rows, index=pd.Index(list(members), name="group"))
    m, w = groups["estimate"].to_numpy(), groups.pop("wald_std_error").to_numpy() ** -2.0
    q = float((w * (m - (w * m).sum() / w.sum()) ** 2).sum())
    df = len(groups) - 1
    p = float(kernels.q_p_value(np.asarray(q), df))
    return Subgroups(groups, tau2_common, q, df, p)


def _check(options: Options, tau2_common: bool) -> None:
    if not tau2_common:
        return
    method = options.tau2
    if method in COMMON_METHODS:
        return
    if method is None or method == FIXED:
        problem = Problem("tau2_common", "would do nothing: tau2 is not estimated", "leave it out")
    else:
        right = "one of " + ", ".join(COMMON_METHODS)
        problem = Problem("tau2", f"{method!r} has no form common to several groups", right)
    raise FitError("the options of the subgroup analysis are not right", [problem])


def _labels(table: EffectTable, by: str | Sequence[str]) -> NDArray[np.object_]:
    if isinstance(by, str):
        if by not in table.rows:
            known = did_you_mean(by, [str(name) for name in table.rows.columns])
            raise FitError("no such column", [Problem("by", f"unknown: {by!r}", known)])
        by = table.rows[by].tolist()
    if len(by) != table.k:
        problem = Problem("by", f"{len(by)} labels for {table.k} rows", "one a row")
        raise FitError("the labels do not fit the table", [problem])
    labels = np.array(list(by), dtype=object)
    missing = [
        Problem(f"by, row {name!r}", "has no label", "give each row its group")
        for name, label in zip(table.rows.index, labels, strict=True)
        if pd.isna(label)
    ]
    if missing:
        raise FitError("a group is missing", missing)
    if len(set(labels)) < 2:
        problem = Problem("by", f"only one group, {labels[0]!r}", "two or more; else use pool")
        raise FitError("nothing to compare", [problem])
    return labels


def _row(y: kernels.Array, v: kernels.Array, options: Options) -> dict[str, object]:
    if len(y) == 1:
        return _alone(float(y[0]), float(v[0]), options)
    many = fit_arrays(y, v, options)
    q = float(kernels_tau2.generalised_q(y, v, np.asarray(0.0)))
    return {
        "k": len(y),
        "estimate": float(many.estimate),
        "std_error": float(many.std_error),
        "wald_std_error": float(many.wald_std_error),
        "df": float(many.df),
        "p": float(many.p),
        "ci_low": float(many.ci_low),
        "ci_high": float(many.ci_high),
        "tau2": 0.0 if many.tau2 is None else float(many.tau2),
        "q": q,
        "q_df": len(y) - 1,
        "q_p": float(many.q_p),
        "i2": float(kernels.i2_from_q(np.asarray(q), len(y) - 1)),
        "note": "",
    }


def _alone(y: float, v: float, options: Options) -> dict[str, object]:
    stated = options.stated_tau2
    error = float(np.sqrt(v + (stated or 0.0)))
    half = kernels.critical_value(options.level, np.inf) * error
    known = options.tau2 is None or stated is not None
    return {
        "k": 1,
        "estimate": y,
        "std_error": error,
        "wald_std_error": error,
        "df": np.inf,
        "p": float(kernels.two_sided_p(np.asarray(y / error), np.inf)),
        "ci_low": y - half,
        "ci_high": y + half,
        "tau2": (stated or 0.0) if known else None,
        "q": 0.0,
        "q_df": 0,
        "q_p": 1.0,
        "i2": 0.0,
        "note": "one study" if known else "one study: tau2 was not estimated and not added",
    }
