"""forest: the forest plot of a fit to a table of one's own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scipy import special

from evidence.catalog.question import MEASURES_OF
from evidence.errors import ReportError, check_kind
from evidence.models.frequentist.fit import PooledFit
from evidence.report.figures.axes import shown
from evidence.report.forest.data import ForestData, ForestLine
from evidence.report.forest.marks import draw, new_figure
from evidence.report.numbers import decimals_for, interval, level_text, number, p_value, significant

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def forest_of_fit(fit: PooledFit) -> ForestData:
    """Lay out the forest plot of a fit to a table of one's own."""
    table = fit.table
    widths = table.rows["std_error"].tolist()
    places = decimals_for(widths) if table.scale == "identity" else 2

    def text(estimate: float, low: float, high: float) -> str:
        numbers = [shown(x, table.scale) for x in (estimate, low, high)]
        return f"{number(numbers[0], places)} ({interval(numbers[1], numbers[2], places)})"

    lines: list[ForestLine] = []
    z = float(special.ndtri((1 + fit.level) / 2))
    for row, y, s in zip(table.rows["label"], table.rows["estimate"], widths, strict=True):
        low, high, weight = y - z * s, y + z * s, float(fit.weights.iloc[len(lines)])
        lines.append(
            ForestLine("trial", str(row), "", "", weight, text(y, low, high), y, low, high)
        )
    limits = (fit.estimate, fit.ci_low, fit.ci_high)
    name = {"random": "Random effects", "common": "Common effect"}.get(fit.model, "Single study")
    lines.append(ForestLine("pooled", name, "", "", 100.0, text(*limits), *limits))
    if fit.prediction is not None:
        ends = (fit.prediction.low, fit.prediction.high)
        shown_ends = [shown(x, fit.table.scale) for x in ends]
        words = interval(shown_ends[0], shown_ends[1], places)
        name = f"{level_text(fit.level)} prediction interval"
        lines.append(ForestLine("prediction", name, effect=words, low=ends[0], high=ends[1]))
    het = fit.heterogeneity
    foot = []
    if het.tau2 is not None and het.q is not None and het.p is not None and het.i2 is not None:
        foot.append(
            f"tau2 = {significant(het.tau2)} ({fit.tau2_method}); Q = {het.q:.2f}, df = {het.df}, "
            f"{p_value(het.p)}; I2 = {het.i2:.0f} %"
        )
    unit = f" ({table.unit})" if table.unit else ""
    return ForestData(
        title="",
        measure=f"{table.measure}{unit}",
        scale=table.scale,
        left_head="",
        right_head="",
        lines=tuple(lines),
        favours_low="",
        favours_high="",
        footnotes=(*foot, *fit.notes),
        pooled=fit.estimate,
        level=fit.level,
        null=None if table.measure in MEASURES_OF["level"] else 0.0,
    )


def forest(fit: PooledFit, ax: Axes | None = None) -> Axes:
    """Draw the forest plot of a fit into Axes; ``forest_plot`` has more layouts and columns.

    Parameters
    ----------
    fit : PooledFit
    ax : matplotlib Axes, optional
        Drawn into; a new figure of fitting size where absent.

    Returns
    -------
    matplotlib Axes

    Examples
    --------
    >>> from evidence.effects.table import table_of
    >>> from evidence.models.frequentist.pool import pool
    >>> ax = forest(pool(table_of([0.1, 0.4], [0.1, 0.2], labels=["A", "B"])))
    >>> "A" in [text.get_text() for text in ax.texts]
    True
    """
    check_kind("fit", fit, PooledFit, ReportError)
    if ax is not None:
        from matplotlib.axes import Axes

        check_kind("ax", ax, Axes, ReportError)
    check_kind("fit", fit, PooledFit, ReportError)
    if ax is not None:
        from matplotlib.axes import Axes

        check_kind("ax", ax, Axes, ReportError)
    data = forest_of_fit(fit)
    if ax is None:
        ax = new_figure(data).axes[0]
    draw(data, ax)
    return ax
