"""flow_diagram: what became of every source, from those found to those pooled."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from evidence.report.figures.axes import TWO_COLUMNS, sheet
from evidence.report.figures.plot import Plot, finished
from evidence.report.figures.style import INK, clean, style
from evidence.report.whole.flow import Flow

if TYPE_CHECKING:
    from matplotlib.axes import Axes

LINE = 3.6  # millimetres from one line of text to the next
MARGIN = 2.0
CHARACTERS = 52


@dataclass(frozen=True, slots=True)
class _Box:
    """A box of the diagram: text line by line, left edge and width as shares of the sheet."""

    stage: str
    lines: tuple[str, ...]
    left: float
    width: float

    @property
    def height(self) -> float:
        return len(self.lines) * LINE + 2 * MARGIN


def flow_diagram(found: Flow, *, title: str | None = None, width: float = TWO_COLUMNS) -> Plot:
    """Draw the flow of studies, studies and reports apart.

    After the template of PRISMA 2020 (Page et al. 2021), for what one project knows: sources
    found, sources without a study file and why, studies and their reports, and the most that any
    question made of each study.

    Parameters
    ----------
    found : Flow
    title : str, optional
    width : float
        Millimetres.

    Returns
    -------
    Plot
        ``data``: stage, what, n.

    Raises
    ------
    ReportError
        If the width is not possible.

    Examples
    --------
    >>> found = Flow(5, (("a review", 2),), 3, 4, 0, 1, 1, 0, 1)
    >>> flow_diagram(found).data["n"].tolist()
    [5, 2, 3, 4, 0, 1, 1, 0, 1]
    """
    data = _data(found)
    left, right = _boxes(found)
    rows = [max(a.height, b.height if b else 0.0) for a, b in zip(left, right, strict=True)]
    gap = 5.0
    with style(small=True):
        figure = sheet(width, sum(rows) + gap * (len(rows) + 1))
        axes = figure.subplots()
        axes.set_axis_off()
        axes.set_xlim(0.0, 1.0)
        tall = sum(rows) + gap * (len(rows) + 1)
        axes.set_ylim(tall, 0.0)
        top = gap
        for i, (main, side) in enumerate(zip(left, right, strict=True)):
            middle = top + rows[i] / 2
            _draw(axes, main, middle - main.height / 2)
            if side is not None:
                _draw(axes, side, middle - side.height / 2)
                _arrow(axes, (main.left + main.width, middle), (side.left, middle))
            if i + 1 < len(left):
                below = top + rows[i] + gap + (rows[i + 1] - left[i + 1].height) / 2
                x = main.left + main.width / 2
                _arrow(axes, (x, middle + main.height / 2), (x, below))
            top += rows[i] + gap
        words = "; ".join(f"{row.what}: {row.n}" for row in data.itertuples())
        head = title or f"Flow of {found.sources} sources"
        return finished("flow", head, f"Flow of sources. {words}.", data, figure)


def _data(found: Flow) -> pd.DataFrame:
    rows = [("found", "sources found", found.sources)]
    rows += [("excluded", reason, n) for reason, n in found.excluded]
    rows += [
        ("included", "studies with a file", found.studies),
        ("included", "reports of these studies", found.reports),
        ("included", "studies of which no outcome was seen", found.unreported),
        ("used", "studies pooled in a question", found.pooled),
        ("used", "studies used in part", found.in_part),
        ("used", "studies asked about, not usable", found.not_usable),
        ("used", "studies that no question asks about", found.not_asked),
    ]
    return pd.DataFrame(rows, columns=["stage", "what", "n"]).rename_axis("box")


def _boxes(found: Flow) -> tuple[list[_Box], list[_Box | None]]:
    """Boxes of the main line, and beside each what left it there."""
    out = sum(n for _, n in found.excluded)
    told = found.studies - found.unreported
    asked = told - found.not_asked
    used = found.pooled + found.in_part
    main = [
        ("Found", [f"Sources found (n = {found.sources})"]),
        (
            "Included",
            [f"Studies with a file (n = {found.studies})", f"Their reports (n = {found.reports})"],
        ),
        ("Asked about", [f"Studies that a question asks about (n = {asked})"]),
        (
            "Used",
            [
                f"Studies used (n = {used})",
                f"pooled (n = {found.pooled})",
                f"in part only (n = {found.in_part})",
            ],
        ),
    ]
    beside: list[list[str]] = [
        [f"No study file (n = {out}):", *(f"{why} (n = {n})" for why, n in found.excluded)],
        [
            f"No outcome seen (n = {found.unreported})",
            f"Outcomes that no question asks for (n = {found.not_asked})",
        ],
        [f"Reported too little to be used, or no such comparison (n = {found.not_usable})"],
        [],
    ]
    left = [_Box(stage, _wrapped(lines, 42), 0.02, 0.40) for stage, lines in main]
    right = [
        _Box("left out", _wrapped(lines, CHARACTERS), 0.50, 0.48) if lines else None
        for lines in beside
    ]
    return left, right


def _wrapped(lines: list[str], characters: int) -> tuple[str, ...]:
    """Break lines, but never within a count."""
    whole = [clean(line).replace("(n = ", "(n\u00a0=\u00a0") for line in lines]
    return tuple(part for line in whole for part in textwrap.wrap(line, characters))


def _draw(axes: Axes, box: _Box, top: float) -> None:
    from matplotlib.patches import Rectangle

    axes.add_patch(
        Rectangle((box.left, top), box.width, box.height, facecolor="white", edgecolor=INK, lw=0.7)
    )
    for i, line in enumerate(box.lines):
        y = top + MARGIN + (i + 0.5) * LINE
        axes.text(box.left + 0.012, y, line, va="center", ha="left", size=6.8, parse_math=False)


def _arrow(axes: Axes, start: tuple[float, float], end: tuple[float, float]) -> None:
    axes.annotate(
        "",
        xy=end,
        xytext=start,
        arrowprops={"arrowstyle": "-|>", "color": INK, "lw": 0.7, "shrinkA": 0, "shrinkB": 0},
    )
