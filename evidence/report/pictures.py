"""Pictures of a question as SVG and PNG: the same bytes each time."""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from html import escape
from typing import TYPE_CHECKING, Any

from evidence.report.directions import direction_figure, direction_rows
from evidence.report.forest_marks import draw, new_figure
from evidence.report.forest_result import forest_of
from evidence.report.result import QuestionResult

if TYPE_CHECKING:
    from matplotlib.figure import Figure

STYLE: dict[Any, Any] = {
    "svg.hashsalt": "evidence",
    "svg.fonttype": "none",
    "text.parse_math": False,  # a dollar sign in a title is no formula
    "font.family": ["DejaVu Sans", "sans-serif"],
    "figure.dpi": 100,
    "savefig.dpi": 144,
    "path.simplify": False,
}


@contextmanager
def _style() -> Iterator[None]:
    import matplotlib as mpl

    with mpl.rc_context(), warnings.catch_warnings():
        # A sign that the font lacks is a box in the PNG; the SVG leaves it to the reader's fonts.
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        mpl.rcdefaults()
        mpl.rcParams.update(STYLE)
        yield


def picture(result: QuestionResult) -> tuple[bytes, bytes, str]:
    """Draw a question: the forest plot, or the direction display where nothing can be pooled.

    Returns
    -------
    svg, png : bytes
    description : str
        The picture in words, which stands in the SVG too.
    """
    with _style():
        if result.k:
            data = forest_of(result)
            figure, description = new_figure(data), data.description
            draw(data, figure.axes[0])
        else:
            rows = direction_rows(result)
            told = "; ".join(f"{label}: {direction or said}" for label, direction, said in rows)
            figure = direction_figure(result)
            description = f"Effect-direction display. {result.title}. {told or 'No trial'}."
        return _svg(figure, result.title, description), _png(figure), description


def _svg(figure: Figure, title: str, description: str) -> bytes:
    buffer = io.BytesIO()
    figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    text = buffer.getvalue().decode("utf-8")
    start = text.index("<svg ")
    end = text.index(">", start)
    head = text[start:end] + ' role="img" aria-labelledby="title desc">'
    words = f'\n <title id="title">{escape(title)}</title>'
    words += f'\n <desc id="desc">{escape(description)}</desc>'
    return (text[:start] + head + words + text[end + 1 :]).encode("utf-8")


def _png(figure: Figure) -> bytes:
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", metadata={"Software": None})
    return buffer.getvalue()
