"""Plot: a figure with its title, its description, and the numbers that it shows."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from evidence.errors import Problem, ReportError
from evidence.report.figures.style import clean, png_bytes, style, svg_bytes
from evidence.report.files import csv_bytes

if TYPE_CHECKING:
    from matplotlib.figure import Figure

ENDINGS = (".csv", ".pdf", ".png", ".svg")


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Plot:
    """A figure and the numbers that it shows.

    Attributes
    ----------
    kind : str
        What sort of figure: ``funnel``, ``forest``, ...
    title : str
        Short title, read first by screen readers.
    description : str
        The figure in words and numbers, which stands in the SVG too.
    data : DataFrame
        What is drawn, one row a mark or a point of a curve, on the analysis scale unless a column
        says otherwise.
    figure : matplotlib Figure
        To be changed at will.

    Examples
    --------
    >>> from evidence.effects.table import table_of
    >>> from evidence.models.frequentist.pool import pool
    >>> from evidence.report.figures.funnel import funnel_plot
    >>> plot = funnel_plot(pool(table_of([0.1, 0.4, 0.2], [0.1, 0.2, 0.3])))
    >>> plot
    Plot(funnel: Funnel plot of 3 studies)
    >>> plot.data.loc["study 2", ["x", "y"]].to_dict()
    {'x': 0.4, 'y': 0.2}
    """

    kind: str
    title: str
    description: str
    data: pd.DataFrame
    figure: Figure

    def __repr__(self) -> str:
        return f"Plot({self.kind}: {self.title})"

    def _repr_png_(self) -> bytes:
        """Show it in a notebook."""
        return self.png(dpi=150)

    def svg(self) -> bytes:
        """SVG with title and description; the same bytes each time."""
        with style(small=True):
            return svg_bytes(self.figure, self.title, self.description)

    def png(self, dpi: float = 300) -> bytes:
        """PNG; the same bytes each time."""
        with style(small=True):
            return png_bytes(self.figure, dpi, self.description)

    def text(self) -> str:
        """The description and the table of what is drawn, for those who do not see it."""
        return f"{self.title}\n{self.description}\n\n{self.data.to_string(na_rep='')}\n"

    def save(self, path: str | Path) -> None:
        """Write the figure (``.svg``, ``.png``, ``.pdf``) or its table (``.csv``).

        Raises
        ------
        ReportError
            If the ending is another one or the file cannot be written.
        """
        path = Path(path)
        ending = path.suffix.lower()
        if ending not in ENDINGS:
            problem = Problem(str(path), "unknown kind of file", f"end in {', '.join(ENDINGS)}")
            raise ReportError("the figure cannot be saved", [problem])
        made = {".svg": self.svg, ".png": self.png, ".csv": self._csv, ".pdf": self._pdf}[ending]()
        try:
            path.write_bytes(made)
        except OSError as error:
            problem = Problem(str(path), f"cannot be written: {error.strerror}", "name another")
            raise ReportError("the figure cannot be saved", [problem]) from None

    def _csv(self) -> bytes:
        name = str(self.data.index.name or "row")
        frame = self.data.astype(object).where(self.data.notna(), None)
        columns = [name, *map(str, frame.columns)]
        rows = [
            dict(zip(columns, (label, *cells), strict=True))
            for label, cells in zip(frame.index, frame.to_numpy().tolist(), strict=True)
        ]
        return csv_bytes(columns, rows)

    def _pdf(self) -> bytes:
        import io

        buffer = io.BytesIO()
        with style(small=True):
            self.figure.savefig(buffer, format="pdf", metadata={"CreationDate": None})
        return buffer.getvalue()


def finished(kind: str, title: str, description: str, data: pd.DataFrame, figure: Figure) -> Plot:
    """Make the Plot; its words are put on one line.

    Raises
    ------
    ReportError
        If something is drawn at a place that is not a number.
    """
    numbers = data.select_dtypes("number").to_numpy(dtype=float)
    if pd.isna(numbers).any() or (abs(numbers) == float("inf")).any():
        columns = data.select_dtypes("number").columns
        bad = [str(c) for c in columns if not data[c].abs().lt(float("inf")).all()]
        problem = Problem(", ".join(bad), "not finite in every row", "check the fit")
        raise ReportError(f"the {kind} plot cannot be drawn", [problem])
    figure.draw_without_rendering()  # ticks are made when first drawn, and in this style
    figure.set_layout_engine("none")  # what was laid out stays: saving moves nothing
    return Plot(kind, clean(title), clean(description), data, figure)
