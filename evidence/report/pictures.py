"""Pictures of a question as SVG and PNG: the same bytes each time."""

from __future__ import annotations

from evidence.models.answer import Answer
from evidence.report.directions import direction_figure, direction_rows
from evidence.report.figures.axes import effect_name
from evidence.report.figures.ladder import ladder_plot
from evidence.report.figures.style import png_bytes, style, svg_bytes
from evidence.report.forest_marks import draw, new_figure
from evidence.report.forest_result import forest_of
from evidence.report.result import QuestionResult


def picture(result: QuestionResult) -> tuple[bytes, bytes, str]:
    """Draw a question: the forest plot, or the direction display where nothing can be pooled.

    Returns
    -------
    svg, png : bytes
    description : str
        The picture in words, which stands in the SVG too.
    """
    with style():
        if result.k:
            data = forest_of(result)
            figure, description = new_figure(data), data.description
            draw(data, figure.axes[0])
        else:
            rows = direction_rows(result)
            told = "; ".join(f"{label}: {direction or said}" for label, direction, said in rows)
            figure = direction_figure(result)
            description = f"Effect-direction display. {result.title}. {told or 'No trial'}."
        return svg_bytes(figure, result.title, description), png_bytes(figure), description


def said_picture(answer: Answer) -> tuple[bytes, bytes, str] | None:
    """Draw the second answer: from complete reports to all that was said; None where there is none.

    Returns
    -------
    svg, png : bytes
    description : str
    """
    said = answer.said
    if said is None or said.fit is None or said.ladder is None:
        return None
    plot = ladder_plot(
        said.ladder,
        said.possible,
        name=effect_name(answer.table),
        scale=answer.table.scale,
        level=answer.plan.level,
        title=f"All that was said: {answer.question.title}",
    )
    return plot.svg(), plot.png(dpi=150), plot.description
