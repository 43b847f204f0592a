"""Forest plots of several meta-analyses: by subgroup, as studies were added, without each study."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from evidence.errors import ReportError, check_kind
from evidence.models.frequentist.cumulative import cumulative, sorting
from evidence.models.frequentist.fit import PooledFit
from evidence.models.frequentist.leave_one_out import leave_one_out
from evidence.models.frequentist.subgroups import Subgroups, subgroups
from evidence.report.figures.axes import (
    TWO_COLUMNS,
    axis_name,
    checked_limits,
    counted,
    effect_name,
    labels_of,
    refuse,
    sentence,
)
from evidence.report.figures.baujat import options_of
from evidence.report.figures.forest_columns import (
    LayoutName,
    arm_columns,
    effect_cells,
    favour_words,
    graph_head,
    look_of,
    p_text,
    tail_cells,
    tail_columns,
)
from evidence.report.figures.forest_plot import (
    check_options,
    closing,
    drawn,
    method_notes,
    pooled_rows,
    study_row,
)
from evidence.report.figures.forest_table import Column, ForestTable, Row
from evidence.report.figures.plot import Plot
from evidence.report.figures.style import clean
from evidence.report.numbers import level_text, significant


def forest_subgroups(
    fit: PooledFit,
    by: str | Sequence[str],
    *,
    tau2_common: bool = False,
    layout: LayoutName = "evidence",
    arms: tuple[str, str] = ("Treatment", "Control"),
    favours: tuple[str, str] | None = None,
    overall: bool = True,
    limits: tuple[float, float] | None = None,
    title: str | None = None,
    width: float = TWO_COLUMNS,
) -> Plot:
    """Forest plot by subgroup: a diamond for each, the overall one, and the test of difference.

    Parameters
    ----------
    fit : PooledFit
        Of all studies; the subgroups are pooled as it was.
    by : str or sequence of k labels
        Column of ``fit.table.rows``, or one label a row.
    tau2_common : bool
        As in ``subgroups``.
    overall : bool
        Whether the effect of all studies stands below; leave it out where groups must not be mixed.
    layout, arms, favours, limits, title, width
        As in ``forest_plot``.

    Returns
    -------
    Plot
        ``data`` as of ``forest_plot``; weights are those of the fit to all studies, a subgroup's
        their sum.

    Raises
    ------
    ReportError, FitError
        As in ``forest_plot`` and ``subgroups``; also for stated weights.

    Examples
    --------
    >>> from evidence.effects.table import table_of
    >>> from evidence.models.frequentist.pool import pool
    >>> fit = pool(table_of([0, 1, 4, 5], [1, 1, 1, 1]), ci="wald")
    >>> plot = forest_subgroups(fit, ["a", "a", "b", "b"])
    >>> plot.data[plot.data["kind"] == "subtotal"]["estimate"].tolist()
    [0.5, 4.5]
    """
    check_kind("fit", fit, PooledFit, ReportError)
    check_options(layout, favours, arms)
    given = checked_limits(limits, fit.table.scale)
    options = _options(fit, "a subgroup plot", 2)
    found = subgroups(fit.table, by, tau2_common=tau2_common, **options)
    labels = [str(x) for x in (fit.table.rows[by] if isinstance(by, str) else by)]
    parts = arm_columns(fit.table, layout, arms)
    names, rows = labels_of(fit.table), list[Row]()
    for group in found.groups.index:
        members = [i for i, label in enumerate(labels) if label == str(group)]
        rows.append(Row("heading", clean(group) or "(no name)"))
        rows += [study_row(fit, parts, i, layout, names[i]) for i in members]
        rows += _subtotal(fit, found, group, members, layout, arms)
    test = _difference(found, layout)
    if overall:
        rows.append(Row("heading", "All studies"))
        rows += pooled_rows(fit, parts, layout, prediction=True)
    rows.append(Row("note", test))
    table = ForestTable(
        columns=(*parts.columns, *tail_columns(layout, effect_name(fit.table), fit.level)),
        rows=tuple(rows),
        scale=fit.table.scale,
        graph_head=graph_head(fit, layout),
        look=look_of(layout, parts.kind),
        favours=favour_words(favours, layout),
        notes=method_notes(fit, layout) if overall else (),
        title=clean("" if title is None else title),
        pooled=fit.estimate if overall else None,
        limits=given,
        width=width,
    )
    head = (
        f"Forest plot of {counted(fit.k)} in {counted(len(found.groups), 'subgroup', 'subgroups')}"
    )
    end = f"{test}. " + (closing(fit) if overall else "")
    return drawn(table, title or head, f"{head}, {axis_name(fit.table)}", end.strip(), fit)


def _options(fit: PooledFit, purpose: str, least: int) -> dict[str, Any]:
    """Options with which a fit is repeated on other rows."""
    return {**options_of(fit, purpose, least), "ci": fit.ci_method, "level": fit.level}


def _subtotal(
    fit: PooledFit,
    found: Subgroups,
    group: Any,
    members: list[int],
    layout: str,
    arms: tuple[str, str],
) -> list[Row]:
    line = found.groups.loc[group]
    middle, low, high = (float(line[c]) for c in ("estimate", "ci_low", "ci_high"))
    weight = float(fit.weights.iloc[members].sum())
    parts = arm_columns(fit.table, layout, arms, members)
    name = f"Subtotal ({level_text(fit.level)} CI)" if layout == "revman" else "Subtotal"
    cells = (*parts.totals, *tail_cells(layout, weight, effect_cells(fit, low, middle, high)))
    row = Row("subtotal", name, cells, middle, low, high, weight)
    if int(line["k"]) == 1:
        return [row, Row("note", sentence(str(line["note"]) or "one study"))]
    tau = (
        ""
        if pd.isna(line["tau2"]) or fit.model == "common"
        else f"τ² = {significant(float(line['tau2']))}; "
    )
    p = p_text(float(line["q_p"]), layout)
    spread = (
        f"{tau}Q = {line['q']:.2f}, df = {int(line['q_df'])}, {p}; I² = {line['i2']:.0f}\u00a0%"
    )
    return [row, Row("note", f"Heterogeneity: {spread}" if layout == "revman" else spread)]


def _difference(found: Subgroups, layout: str) -> str:
    sign = "Chi²" if layout == "revman" else "Q"
    p = p_text(found.q_between_p, layout)
    common = "; one τ² for all" if found.tau2_common else ""
    return (
        f"Test for subgroup differences: {sign} = {found.q_between:.2f}, "
        f"df = {found.q_between_df}, {p}{common}"
    )


def forest_cumulative(
    fit: PooledFit,
    order: str | ArrayLike | None = None,
    *,
    layout: LayoutName = "evidence",
    favours: tuple[str, str] | None = None,
    limits: tuple[float, float] | None = None,
    title: str | None = None,
    width: float = TWO_COLUMNS,
) -> Plot:
    """Forest plot of the meta-analysis as it stood after each study (Lau et al. 1992).

    Parameters
    ----------
    fit : PooledFit
        Of all studies; it is repeated on the first one, the first two, and so on.
    order : str or array_like, optional
        As in ``cumulative``.
    layout, favours, limits, title, width
        As in ``forest_plot``.

    Returns
    -------
    Plot
        ``data`` as of ``forest_plot``, a line for each study added.

    Raises
    ------
    ReportError, FitError
        As in ``forest_plot`` and ``cumulative``; also for stated weights.

    Examples
    --------
    >>> from evidence.effects.table import table_of
    >>> from evidence.models.frequentist.pool import pool
    >>> fit = pool(table_of([4.0, 0.0], [1.0, 1.0], labels=["late", "early"]), model="common")
    >>> forest_cumulative(fit, [2020, 1990]).data[["label", "estimate"]].values.tolist()[:2]
    [['early', 0.0], ['+ late', 2.0]]
    """
    check_kind("fit", fit, PooledFit, ReportError)
    check_options(layout, favours, ("", ""))
    found = cumulative(fit.table, order, **_options(fit, "a cumulative plot", 1))
    names = np.array(labels_of(fit.table), dtype=object)[sorting(order, fit.table.rows)]
    labels = [name if i == 0 else f"+ {name}" for i, name in enumerate(names)]
    columns = {"k": [f"{k}" for k in found["k"]], "I²": [f"{x:.0f} %" for x in found["i2"]]}
    notes = [
        "Each line pools the studies down to it; the first is that study's own normal interval."
    ]
    return _steps(
        fit, found, labels, columns, "Study added", "Cumulative forest plot",
        notes, (layout, favours, limits, title, width), last=False,
    )  # fmt: skip


def forest_leave_one_out(
    fit: PooledFit,
    *,
    layout: LayoutName = "evidence",
    favours: tuple[str, str] | None = None,
    limits: tuple[float, float] | None = None,
    title: str | None = None,
    width: float = TWO_COLUMNS,
) -> Plot:
    """Forest plot of the meta-analysis without each study in turn, and with all.

    Parameters
    ----------
    fit : PooledFit
        Of all studies, at least 3.
    layout, favours, limits, title, width
        As in ``forest_plot``.

    Returns
    -------
    Plot
        ``data`` as of ``forest_plot``, a line for each study left out.

    Raises
    ------
    ReportError
        As in ``forest_plot``; also with fewer than 3 studies or stated weights.

    Examples
    --------
    >>> from evidence.effects.table import table_of
    >>> from evidence.models.frequentist.pool import pool
    >>> plot = forest_leave_one_out(pool(table_of([0.0, 2.0, 4.0], [1.0, 1.0, 1.0])))
    >>> [round(x, 3) for x in plot.data["estimate"]]
    [3.0, 2.0, 1.0, 2.0]
    """
    check_kind("fit", fit, PooledFit, ReportError)
    check_options(layout, favours, ("", ""))
    found = leave_one_out(fit.table, **_options(fit, "leaving one out", 3))
    labels = [f"without {name}" for name in labels_of(fit.table)]
    columns = {"I²": [f"{x:.0f} %" for x in found["i2"]]}
    if "tau2" in found:
        columns = {"τ²": [significant(float(x)) for x in found["tau2"]], **columns}
    return _steps(
        fit, found, labels, columns, "Study left out", "Leave-one-out forest plot",
        [], (layout, favours, limits, title, width), last=True,
    )  # fmt: skip


def _steps(
    fit: PooledFit,
    found: pd.DataFrame,
    labels: list[str],
    columns: dict[str, list[str]],
    head: str,
    kind: str,
    notes: list[str],
    options: tuple[Any, ...],
    *,
    last: bool,
) -> Plot:
    """Draw repeated fits, and the fit to all studies where ``last``."""
    layout, favours, limits, title, width = options
    if fit.k == 1 and last:
        raise refuse("fit", "one study", "at least 3")
    side = "before" if layout == "revman" else "after"
    heads = [Column(name) for name in columns]
    tail = Column(f"{effect_name(fit.table)}\n{level_text(fit.level)} CI", "right", side=side)  # type: ignore[arg-type]
    ends = found[["estimate", "ci_low", "ci_high"]].to_numpy(dtype=float).tolist()
    rows = [
        Row(
            "step", label, (*cells, effect_cells(fit, low, middle, high)), middle, low, high
        )
        for label, (middle, low, high), cells in zip(
            labels, ends, zip(*columns.values(), strict=True), strict=True
        )
    ]  # fmt: skip
    if last:
        spread = fit.heterogeneity
        every = {"τ²": significant(spread.tau2 or 0.0), "I²": f"{spread.i2 or 0.0:.0f} %"}
        cells = (
            *(every[name] for name in columns),
            effect_cells(fit, fit.ci_low, fit.estimate, fit.ci_high),
        )
        rows.append(Row("pooled", "all studies", cells, fit.estimate, fit.ci_low, fit.ci_high))
    look = look_of(layout, "other")
    table = ForestTable(
        columns=(*heads, tail),
        rows=tuple(rows),
        scale=fit.table.scale,
        graph_head=graph_head(fit, layout),
        look=type(look)(look.square, look.diamond, look.bar, head, look.favours_above, True),
        favours=favour_words(favours, layout),
        notes=(*notes, *(method_notes(fit, layout) if fit.k > 1 else ())),
        title=clean("" if title is None else title),
        pooled=fit.estimate,
        limits=checked_limits(limits, fit.table.scale),
        width=width,
    )
    words = f"{kind} of {counted(fit.k)}"
    return drawn(table, title or words, f"{words}, {axis_name(fit.table)}", closing(fit), fit)
