"""Columns of a forest plot in the layouts of Cochrane's RevMan, of JAMA, and our own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from evidence.effects.table import EffectTable
from evidence.models.frequentist.fit import TAU2_WORDS, Heterogeneity, PooledFit
from evidence.report.figures.axes import effect_name, effect_text, interval_text, places_for
from evidence.report.figures.forest_table import Align, Column, Look
from evidence.report.figures.raw import counts_of, means_of
from evidence.report.figures.style import clean
from evidence.report.numbers import decimals_for, level_text, number, p_value, significant

LayoutName = Literal["evidence", "revman", "jama"]
LAYOUTS = ("evidence", "revman", "jama")
# RevMan 5 draws squares blue where there are counts, green where there are means, red else.
REVMAN = {"counts": "#1f4e9c", "means": "#2e7d32", "other": "#b03a2e"}


@dataclass(frozen=True, slots=True)
class Cells:
    """Columns that come before and after the effect, with a cell for each study and for totals."""

    columns: tuple[Column, ...]
    cells: tuple[tuple[str, ...], ...]
    totals: tuple[str, ...]
    kind: str
    events: tuple[int, int] | None = None


def look_of(layout: str, kind: str) -> Look:
    """Colours and places of a layout."""
    if layout == "revman":
        return Look(REVMAN[kind], "#000000", "#000000", "Study or subgroup", False, False)
    if layout == "jama":
        return Look("#35618f", "#35618f", "#35618f", "Source", True, True)
    return Look()


def effect_cells(fit: PooledFit, low: float, middle: float, high: float) -> str:
    """Estimate and interval as a layout's last column prints them."""
    scale, places = fit.table.scale, places_for(fit.table)
    ends = interval_text(low, high, scale, places)
    return f"{effect_text(middle, scale, places)} ({ends})"


def arm_columns(
    table: EffectTable, layout: str, arms: tuple[str, str], members: Sequence[int] | None = None
) -> Cells:
    """Make the columns of the arms: counts, means, sizes, or what the estimate itself is.

    ``totals`` are of the rows ``members``, of all if left out.
    """
    names = tuple(clean(arm) for arm in arms)
    some = list(range(table.k)) if members is None else list(members)
    counts, means = counts_of(table), means_of(table)
    if counts is not None:
        return _counts(counts, layout, names, some)
    if means is not None:
        return _means(means, layout, names, some)
    if layout == "revman":
        return _estimates(table)
    return _sizes(table, names, some)


def _counts(frame: pd.DataFrame, layout: str, names: tuple[str, ...], some: list[int]) -> Cells:
    whole = frame.iloc[some].sum()
    events = round(float(whole["events1"])), round(float(whole["events2"]))
    if layout == "revman":
        columns = tuple(Column(h, "right", g) for g in names for h in ("Events", "Total"))
        cells = [tuple(f"{x:.10g}" for x in row) for row in frame.to_numpy()]
        totals = ("", f"{whole['n1']:.10g}", "", f"{whole['n2']:.10g}")
        return Cells(columns, tuple(cells), totals, "counts", events)
    head = "No./total" if layout == "jama" else "events/n"
    columns = tuple(Column(head, "right", g) for g in names)
    shares = [(f"{a:.10g}/{n:.10g}", f"{c:.10g}/{m:.10g}") for a, n, c, m in frame.to_numpy()]
    sums = tuple(f"{whole[f'events{i}']:.10g}/{whole[f'n{i}']:.10g}" for i in (1, 2))
    return Cells(columns, tuple(shares), sums, "counts", events)


def _means(frame: pd.DataFrame, layout: str, names: tuple[str, ...], some: list[int]) -> Cells:
    whole = frame.iloc[some].sum()
    places = decimals_for(frame[["sd1", "sd2"]].to_numpy().ravel().tolist())
    rows = frame.to_numpy()
    if layout == "revman":
        columns = tuple(Column(h, "right", g) for g in names for h in ("Mean", "SD", "Total"))
        cells = [
            tuple(f"{x:.10g}" if i % 3 == 2 else number(x, places) for i, x in enumerate(row))
            for row in rows
        ]
        totals = ("", "", f"{whole['n1']:.10g}", "", "", f"{whole['n2']:.10g}")
        return Cells(columns, tuple(cells), totals, "means")
    columns = tuple(Column(h, "right", g) for g in names for h in ("mean (SD)", "n"))
    told = [
        (f"{number(a, places)} ({number(b, places)})", f"{n:.10g}",
         f"{number(c, places)} ({number(d, places)})", f"{m:.10g}")
        for a, b, n, c, d, m in rows
    ]  # fmt: skip
    sums = ("", f"{whole['n1']:.10g}", "", f"{whole['n2']:.10g}")
    return Cells(columns, tuple(told), sums, "means")


def _estimates(table: EffectTable) -> Cells:
    words = effect_name(table)
    head = f"log[{words}]" if table.scale == "log" else words
    columns = (Column(head if len(head) <= 26 else "Estimate"), Column("SE"))
    rows = table.rows[["estimate", "std_error"]].to_numpy(dtype=float)
    places = max(decimals_for(rows[:, 1].tolist()), 2)
    cells = tuple((number(a, places), number(b, places)) for a, b in rows)
    return Cells(columns, cells, ("", ""), "other")


def _sizes(table: EffectTable, names: tuple[str, ...], some: list[int]) -> Cells:
    found = table.rows[["n_treatment", "n_control"]]
    if found.isna().to_numpy().any() or not len(found):
        return Cells((), tuple(() for _ in range(table.k)), (), "other")
    columns = tuple(Column("n", "right", g) for g in names)
    rows = found.to_numpy(dtype=float)
    cells = tuple((f"{a:.10g}", f"{b:.10g}") for a, b in rows)
    totals = tuple(f"{x:.10g}" for x in rows[some].sum(0))
    return Cells(columns, cells, totals, "other")


def tail_columns(layout: str, head: str, level: float) -> tuple[Column, ...]:
    """Columns of weight and effect: left of the graph in RevMan, around it else."""
    interval = f"{level_text(level)} CI"
    if layout == "revman":
        align: Align = "right"
        return (Column("Weight", "right"), Column(f"{head}\n{interval}", align))
    if layout == "jama":
        return (
            Column(f"{head}\n({interval})", "left"),
            Column("Weight,\n%", "right", side="after"),
        )
    return (
        Column("Weight", "right", side="after"),
        Column(f"{head}\n{interval}", "right", side="after"),
    )


def tail_cells(layout: str, weight: float | None, effect: str) -> tuple[str, ...]:
    """Cells of weight and effect in the order of ``tail_columns``."""
    if layout == "jama":
        return effect, "" if weight is None else f"{weight:.1f}"
    sign = "%" if layout == "revman" else " %"
    return "" if weight is None else f"{weight:.1f}{sign}", effect


def p_text(p: float, layout: str) -> str:
    """Print a P value as a layout does: JAMA without the zero before the point.

    Examples
    --------
    >>> p_text(0.0321, "jama"), p_text(0.0321, "revman"), p_text(1e-9, "revman")
    ('P = .03', 'P = 0.03', 'P < 0.00001')
    """
    if layout == "jama":
        if p < 0.001:
            return "P < .001"
        return f"P = {p:.2f}".replace("0.", ".") if p >= 0.01 else f"P = {p:.3f}".replace("0.", ".")
    if layout == "revman":
        for bound in ("0.00001", "0.0001"):
            if p < float(bound):
                return f"P < {bound}"
        return f"P = {p:.2f}" if p >= 0.01 else f"P = {p:.1g}"
    return p_value(p)


def heterogeneity_text(found: Heterogeneity, layout: str) -> str:
    """Heterogeneity of a fit on one line; empty where there is none to speak of."""
    if found.q is None or found.p is None or found.i2 is None:
        return ""
    p = p_text(found.p, layout)
    if layout == "revman":
        tau = "" if found.tau2 is None else f"Tau² = {significant(found.tau2, 2)}; "
        return f"{tau}Chi² = {found.q:.2f}, df = {found.df} ({p}); I² = {found.i2:.0f}%"
    if layout == "jama":
        return f"I² = {found.i2:.0f}%; Q = {found.q:.2f}, df = {found.df}, {p}"
    tau = ""
    if found.tau2 is not None:
        tau = f"τ² = {significant(found.tau2)} ({TAU2_WORDS[found.method or 'fixed']}); "
    return f"{tau}Q = {found.q:.2f}, df = {found.df}, {p}; I² = {found.i2:.0f}\u00a0%"


def test_text(fit: PooledFit, layout: str) -> str:
    """Test of the pooled effect on one line."""
    row = fit.terms.iloc[0]
    df, statistic = float(row["df"]), float(row["statistic"])
    letter = ("Z" if layout == "revman" else "z") if np.isinf(df) else "t"
    freedom = "" if np.isinf(df) else f", df = {df:g}"
    words = f"{letter} = {number(statistic, 2)}{freedom}"
    p = p_text(float(row["p"]), layout)
    return f"{words} ({p})" if layout == "revman" else f"{words}, {p}"


def model_name(fit: PooledFit, layout: str) -> str:
    """Name of the pooled row."""
    if layout == "revman":
        return f"Total ({level_text(fit.level)} CI)"
    if layout == "jama":
        return "Overall"
    return "Random effects" if fit.model == "random" else "Common effect"


def graph_head(fit: PooledFit, layout: str) -> str:
    """Words over the graph."""
    name = effect_name(fit.table)
    if layout == "revman":
        kind = "Random" if fit.model == "random" else "Fixed"
        return f"{name}\nIV, {kind}, {level_text(fit.level)} CI"
    return "" if layout == "jama" else name


def favour_words(favours: tuple[str, str] | None, layout: str) -> tuple[str, str]:
    """Words on both sides of no effect."""
    if favours is None:
        return "", ""
    low, high = (clean(side) for side in favours)
    if layout == "revman":
        return f"Favours [{low}]", f"Favours [{high}]"
    if layout == "jama":
        return f"Favors {low}", f"Favors {high}"
    return f"← favours {low}", f"favours {high} →"
