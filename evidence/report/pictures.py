"""Pictures of a question as SVG and PNG: the same bytes each time."""

from __future__ import annotations

from evidence.report.directions import direction_figure, direction_rows
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
