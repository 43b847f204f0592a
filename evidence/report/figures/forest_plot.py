"""forest_plot: studies, pooled effect and prediction interval, in three layouts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import get_args

from scipy import special

from evidence.errors import ReportError, check_kind
from evidence.models.frequentist.fit import CI_WORDS, TAU2_WORDS, PooledFit
from evidence.rating.risk_of_bias.lights import Lights
from evidence.report.figures.axes import (
    TWO_COLUMNS,
    axis_name,
    check_choice,
    checked_limits,
    counted,
    effect_name,
    interval_text,
    labels_of,
    places_for,
    pooled_text,
    refuse,
    sentence,
)
from evidence.report.figures.forest_columns import (
    Cells,
    LayoutName,
    arm_columns,
    effect_cells,
    favour_words,
    graph_head,
    heterogeneity_text,
    look_of,
    model_name,
    tail_cells,
    tail_columns,
    test_text,
)
from evidence.report.figures.forest_painter import Painter
from evidence.report.figures.forest_risk import risk_notes, with_risk
from evidence.report.figures.forest_table import ForestTable, Row
from evidence.report.figures.plot import Plot, finished
from evidence.report.figures.style import clean, style
from evidence.report.numbers import level_text


def forest_plot(
    fit: PooledFit,
    *,
    layout: LayoutName = "evidence",
    arms: tuple[str, str] = ("Treatment", "Control"),
    favours: tuple[str, str] | None = None,
    prediction: bool = True,
    limits: tuple[float, float] | None = None,
    title: str | None = None,
    width: float = TWO_COLUMNS,
    risk: Sequence[Lights] | None = None,
) -> Plot:
    """Forest plot with measured columns (``forest`` draws the plain one into Axes of yours).

    Columns of the arms (counts, means, sizes) are those that ``effect_sizes`` was given.

    Parameters
    ----------
    fit : PooledFit
    layout : {"evidence", "revman", "jama"}
        Weight and effect right of the graph; all columns left of it, as Cochrane's RevMan 5 has
        them; effect left and weight right, the favoured side on top, as JAMA has them.
    arms : (str, str)
        Names of the first and the second arm, over their columns.
    favours : (str, str), optional
        Whom effects below, and above, no effect favour.
    prediction : bool
        Whether the prediction interval stands below the pooled effect, where the fit has one.
    limits : (float, float), optional
        Ends of the axis, ratios where the table is of ratios; what lies beyond becomes an arrow.
    title : str, optional
    width : float
        Millimetres.
    risk : sequence of Lights, optional
        Risk of bias of the studies, for columns of signs: ``risk_lights(risks, fit.table)``.

    Returns
    -------
    Plot
        ``data``: kind, label, estimate, low, high (analysis scale), weight (percent), cut (whether
        an arrow stands for a part of it), and the printed cells, a row a line of the figure.

    Raises
    ------
    ReportError
        If an option is wrong or the columns do not fit the width.

    Examples
    --------
    >>> from evidence.effects.table import table_of
    >>> from evidence.models.frequentist.pool import pool
    >>> plot = forest_plot(pool(table_of([0.1, 0.4, 0.2], [0.1, 0.2, 0.3])), layout="revman")
    >>> plot.data["kind"].tolist()
    ['study', 'study', 'study', 'pooled', 'prediction', 'note', 'note']
    """
    check_kind("fit", fit, PooledFit, ReportError)
    check_options(layout, favours, arms)
    given = checked_limits(limits, fit.table.scale)
    parts = arm_columns(fit.table, layout, arms)
    names = labels_of(fit.table)
    rows = [study_row(fit, parts, i, layout, names[i]) for i in range(fit.k)]
    if fit.k > 1:
        rows += pooled_rows(fit, parts, layout, prediction=prediction)
    told = method_notes(fit, layout) if fit.k > 1 else ("One study: nothing was pooled.",)
    columns = (*parts.columns, *tail_columns(layout, effect_name(fit.table), fit.level))
    lines = tuple(rows)
    if risk is not None:
        columns, lines = with_risk(columns, lines, risk)
        told = (*told, *risk_notes(risk))
    table = ForestTable(
        columns=columns,
        rows=lines,
        scale=fit.table.scale,
        graph_head=graph_head(fit, layout),
        look=look_of(layout, parts.kind),
        favours=favour_words(favours, layout),
        notes=told,
        title=clean(title or ""),
        pooled=fit.estimate if fit.k > 1 else None,
        limits=given,
        width=width,
    )
    head = f"Forest plot of {counted(fit.k)}"
    return drawn(table, title or head, f"{head}, {axis_name(fit.table)}", closing(fit), fit)


def check_options(layout: object, favours: tuple[str, str] | None, arms: tuple[str, str]) -> None:
    """Refuse an unknown layout, and pairs of names that are no pairs.

    Raises
    ------
    ReportError
    """
    check_choice("layout", layout, get_args(LayoutName))
    for where, pair in (("favours", favours), ("arms", arms)):
        if pair is not None:
            check_pair(where, pair)


def check_pair(where: str, pair: object) -> None:
    """Refuse what is not two names.

    Raises
    ------
    ReportError
    """
    if (
        not isinstance(pair, tuple | list)
        or len(pair) != 2
        or not all(isinstance(name, str) for name in pair)
    ):
        raise refuse(where, repr(pair), "two names, such as ('vaccine', 'control')")


def study_row(fit: PooledFit, parts: Cells, i: int, layout: str, name: str) -> Row:
    """Line of one study, its interval by the normal distribution at the fit's level."""
    y, s = (float(fit.table.rows[c].iloc[i]) for c in ("estimate", "std_error"))
    half = float(special.ndtri(0.5 + fit.level / 2.0)) * s
    weight = float(fit.weights.iloc[i])
    words = effect_cells(fit, y - half, y, y + half)
    cells = (*parts.cells[i], *tail_cells(layout, weight, words))
    return Row("study", name, cells, y, y - half, y + half, weight)


def pooled_rows(
    fit: PooledFit, parts: Cells, layout: str, *, prediction: bool, name: str | None = None
) -> list[Row]:
    """Lines of the pooled effect, of its prediction interval, and in RevMan of what follows."""
    words = effect_cells(fit, fit.ci_low, fit.estimate, fit.ci_high)
    cells = (*parts.totals, *tail_cells(layout, 100.0, words))
    name = name or model_name(fit, layout)
    rows = [Row("pooled", name, cells, fit.estimate, fit.ci_low, fit.ci_high, 100.0)]
    if prediction and fit.prediction is not None:
        low, high = fit.prediction.low, fit.prediction.high
        scale, places = fit.table.scale, places_for(fit.table)
        ends = interval_text(low, high, scale, places)
        blank = tuple("" for _ in parts.columns)
        name = f"{level_text(fit.prediction.level)} prediction interval"
        cells = (*blank, *tail_cells(layout, None, ends))
        rows.append(Row("prediction", name, cells, None, low, high))
    if layout == "revman":
        if parts.events is not None:
            first, second = parts.events
            blank = tuple("" for _ in tail_cells(layout, None, ""))
            rows.append(Row("note", f"Total events: {first:,} and {second:,}"))
        spread = heterogeneity_text(fit.heterogeneity, layout)
        rows.append(Row("note", f"Heterogeneity: {spread}"))
        rows.append(Row("note", f"Test for overall effect: {test_text(fit, layout)}"))
    return rows


def method_notes(fit: PooledFit, layout: str) -> tuple[str, ...]:
    """Notes under the figure: heterogeneity and test where no line has them, and the method."""
    method = "Inverse variance, "
    if fit.model == "random":
        method += f"random effects (τ²: {TAU2_WORDS[fit.tau2_method or 'fixed']})"
    else:
        method += "common effect"
    if fit.stated_weights is not None:
        method = method.replace("Inverse variance", "Stated weights")
    method += f"; interval: {CI_WORDS[fit.ci_method]}."
    if fit.prediction is not None:
        method += f" Prediction interval: {fit.prediction.method}."
    notes = [f"{sentence(clean(note))}." for note in fit.notes]
    if layout == "revman":
        return (method, *notes)
    spread, test = heterogeneity_text(fit.heterogeneity, layout), test_text(fit, layout)
    return (f"Heterogeneity: {spread}. Overall effect: {test}.", method, *notes)


def closing(fit: PooledFit) -> str:
    """Last words of the description: pooled effect, prediction, heterogeneity."""
    text = f"{sentence(pooled_text(fit))}."
    if fit.k == 1:
        return text
    if fit.prediction is not None:
        scale, places = fit.table.scale, places_for(fit.table)
        ends = interval_text(fit.prediction.low, fit.prediction.high, scale, places)
        text += f" {level_text(fit.prediction.level)} prediction interval {ends}."
    return f"{text} {heterogeneity_text(fit.heterogeneity, 'evidence')}."


def drawn(table: ForestTable, title: str, head: str, end: str, fit: PooledFit) -> Plot:
    """Draw the table; its description names every line that has an effect."""
    with style(small=True):
        figure = Painter(table).paint()
        places, scale = places_for(fit.table), fit.table.scale
        lines = [
            f"{row.label} "
            + (
                effect_cells(fit, row.low, row.estimate, row.high)
                if row.estimate is not None
                else interval_text(row.low, row.high, scale, places)
            )
            for row in table.rows
            if row.low is not None and row.high is not None
        ]
        told = f"{head}: {'; '.join(lines)}. {end}"
        return finished("forest", title, told, table.frame(), figure)
