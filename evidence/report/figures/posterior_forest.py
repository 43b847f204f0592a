"""posterior_forest: each study's printed effect beside what is believed of it after all studies."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from scipy import special

from evidence.catalog.question import MEASURES_OF
from evidence.errors import ReportError, check_kind
from evidence.models.bayesian.fit import BayesFit, arrays_of
from evidence.report.figures.axes import (
    TWO_COLUMNS,
    axis_name,
    checked_limits,
    counted,
    effect_name,
    effect_text,
    interval_text,
    labels_of,
    places_for,
)
from evidence.report.figures.plot import Plot, finished
from evidence.report.figures.row_sheet import (
    Graph,
    RowSheet,
    Words,
    records_of,
    sheet_ends,
    term_of,
)
from evidence.report.figures.style import BLUE, GREY, INK, ORANGE, style
from evidence.report.numbers import level_text, percent, significant

MANY = 45  # studies above which lines stand closer
GRAPH = 1


def posterior_forest(
    fit: BayesFit,
    *,
    prediction: bool = True,
    limits: tuple[float, float] | None = None,
    title: str | None = None,
    width: float = TWO_COLUMNS,
) -> Plot:
    """Forest plot of printed and posterior effects, their shrinkage visible.

    On top of each line the printed estimate with its interval by the normal distribution, below
    it the posterior median and interval of that study's true effect, and a hairline between the
    two.

    Parameters
    ----------
    fit : BayesFit
    prediction : bool
        Whether the true effect of a new study stands below the mean.
    limits : (float, float), optional
        Ends of the axis, ratios where the table is of ratios; what lies beyond becomes an arrow.
    title : str, optional
    width : float
        Millimetres.

    Returns
    -------
    Plot
        ``data``: kind (study, mean, prediction), label, estimate, low, high (as printed; None
        below the studies), posterior, posterior_low, posterior_high, weight (percent, posterior
        mean of the study's share in the mean), shrinkage (percent of the way from the printed
        estimate to the mean; None where both are the same).

    Raises
    ------
    ReportError
        If an option is wrong or the columns do not fit the width.

    Examples
    --------
    >>> from evidence.effects.table import table_of
    >>> from evidence.models.bayesian.exact import pool_bayes
    >>> from evidence.models.bayesian.priors import half_normal
    >>> fit = pool_bayes(table_of([-0.9, -1.4, 0.4], [0.5, 0.2, 0.7]), tau=half_normal(0.5))
    >>> posterior_forest(fit).data["kind"].tolist()
    ['study', 'study', 'study', 'mean', 'prediction']
    """
    check_kind("fit", fit, BayesFit, ReportError)
    given = checked_limits(limits, fit.table.scale)
    data = _data(fit, prediction=prediction)
    with style(small=True):
        sheet = _sheet(fit, data, given, title, width)
        for i, row in enumerate(records_of(data)):
            _mark(sheet, i, row)
        mean = term_of(fit.terms, "mu")[0]
        if sheet.x(GRAPH, mean) not in sheet.places[GRAPH]:
            x = sheet.x(GRAPH, mean)
            sheet.ax.plot([x, x], [sheet.tops[0], sheet.tops[-1]], color=ORANGE, lw=0.8, ls=":")
        head = f"Posterior forest plot of {counted(fit.table.k)}"
        words = f"{head}, {axis_name(fit.table)}: {_told(fit, data)}."
        return finished("posterior forest", title or head, words, data, sheet.figure)


def _data(fit: BayesFit, *, prediction: bool) -> pd.DataFrame:
    y, s = arrays_of(fit.table)
    half = float(special.ndtri(0.5 + fit.level / 2.0)) * s
    columns = ("median", "ci_low", "ci_high")
    middle = term_of(fit.terms, "mu")[0]
    cells: list[dict[str, Any]] = []
    own = fit.shrinkage[[*columns, "weight"]].to_numpy(dtype=np.float64).tolist()
    for i, (label, found) in enumerate(zip(labels_of(fit.table), own, strict=True)):
        away = middle - y[i]
        moved = (found[0] - y[i]) / away if abs(away) > 1e-9 * max(abs(middle), s[i]) else None
        cells.append(
            {
                "kind": "study", "label": label, "estimate": float(y[i]),
                "low": float(y[i] - half[i]), "high": float(y[i] + half[i]),
                "posterior": found[0], "posterior_low": found[1], "posterior_high": found[2],
                "weight": 100.0 * found[3], "shrinkage": None if moved is None else 100.0 * moved,
            }
        )  # fmt: skip
    below = {"mu": ("mean", "Mean effect"), "prediction": ("prediction", "New study")}
    for term, (kind, label) in below.items():
        if term == "mu" or prediction:
            names = ("posterior", "posterior_low", "posterior_high")
            ends = zip(names, term_of(fit.terms, term), strict=True)
            cells.append({"kind": kind, "label": label, **dict(ends)})
    frame = pd.DataFrame(cells, dtype=object).rename_axis("line")
    return frame.where(frame.notna(), None)


def _sheet(
    fit: BayesFit,
    data: pd.DataFrame,
    given: tuple[float, float] | None,
    title: str | None,
    width: float,
) -> RowSheet:
    k, step = fit.table.k, 14.0 if fit.table.k <= MANY else 10.5
    rows = records_of(data)
    marks = [r[c] for r in rows[:k] for c in ("estimate", "posterior")]
    marks += [r[c] for r in rows[k:] for c in ("posterior_low", "posterior_high")]
    whiskers = [r[c] for r in rows[:k] for c in ("low", "high", "posterior_low", "posterior_high")]
    level = level_text(fit.level)
    printed = tuple(_cell(fit, r, ("estimate", "low", "high")) for r in rows)
    posterior = tuple(_cell(fit, r, ("posterior", "posterior_low", "posterior_high")) for r in rows)
    weights = tuple("" if r["weight"] is None else percent(r["weight"] / 100) for r in rows)
    null = fit.table.measure not in MEASURES_OF["level"]
    ends = given or sheet_ends(marks, whiskers, zero=null)
    return RowSheet(
        columns=(
            Words("Study", tuple(r["label"] for r in rows), gives=True),
            Graph(effect_name(fit.table), ends, fit.table.scale, zero=null),
            Words(f"Printed\n({level} CI)", printed, "right"),
            Words(f"Posterior median\n({level} interval)", posterior, "right"),
            Words("Weight", weights, "right"),
        ),
        heights=tuple([step] * k + [14.0] * (len(rows) - k)),
        width=width,
        title=title or "",
        notes=_notes(fit),
        bold=frozenset({k}),
    )


def _cell(fit: BayesFit, row: dict[str, Any], names: tuple[str, str, str]) -> str:
    middle, low, high = (row[n] for n in names)
    if middle is None:
        return ""
    scale, places = fit.table.scale, places_for(fit.table)
    return f"{effect_text(middle, scale, places)} ({interval_text(low, high, scale, places)})"


def _notes(fit: BayesFit) -> tuple[str, ...]:
    tau, low, high = term_of(fit.terms, "tau")
    ends = f"{significant(low)} to {significant(high)}"
    engine = "exact, by quadrature" if fit.diagnostics is None else "sampled by NUTS"
    kind = "" if fit.interval == "central" else f"; {fit.interval} intervals"
    return (
        "Blue squares: printed estimates; orange circles: posterior of each study's own effect.",
        f"τ: median {significant(tau)} ({level_text(fit.level)} interval {ends}). "
        f"Priors: mean effect {fit.prior_mu}, τ {fit.prior_tau}; {engine}{kind}.",
        *(f"{note[:1].upper()}{note[1:]}." for note in fit.notes),
    )


def _mark(sheet: RowSheet, i: int, row: dict[str, Any]) -> None:
    """Printed above posterior within the line; mean as diamond, new study as bar."""
    y, tall = sheet.middle(i), sheet.tops[i + 1] - sheet.tops[i]
    middle, low, high = (row[n] for n in ("posterior", "posterior_low", "posterior_high"))
    if row["kind"] == "mean":
        sheet.rule(i)
        sheet.diamond(GRAPH, (low, middle, high), y, 0.28 * tall, ORANGE)
    elif row["kind"] == "prediction":
        sheet.line(GRAPH, low, high, y, color=ORANGE, lw=2.6)
        sheet.dot(GRAPH, middle, y, marker="|", s=22, linewidths=0.8)
    else:
        up, down = y - 0.17 * tall, y + 0.19 * tall
        ends = [sheet.x(GRAPH, row["estimate"]), sheet.x(GRAPH, middle)]
        sheet.ax.plot(ends, [up, down], color=GREY, lw=0.5, zorder=2)
        sheet.line(GRAPH, row["low"], row["high"], up, color=BLUE, lw=0.8)
        sheet.dot(GRAPH, row["estimate"], up, marker="s", s=8, color=BLUE)
        sheet.line(GRAPH, low, high, down, color=ORANGE, lw=1.3)
        look = {"s": 11, "color": ORANGE, "edgecolors": INK, "linewidths": 0.4}
        sheet.dot(GRAPH, middle, down, **look)


def _told(fit: BayesFit, data: pd.DataFrame) -> str:
    parts = []
    for row in records_of(data):
        after = _cell(fit, row, ("posterior", "posterior_low", "posterior_high"))
        before = _cell(fit, row, ("estimate", "low", "high"))
        parts.append(f"{row['label']} {f'printed {before}, ' if before else ''}posterior {after}")
    return "; ".join(parts)
