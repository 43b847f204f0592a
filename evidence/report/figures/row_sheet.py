"""Sheets of lines: columns of text and graphs side by side, measured so that nothing overlaps."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal

import pandas as pd

from evidence.errors import is_number
from evidence.report.figures.axes import INCH, effect_ticks, refuse
from evidence.report.figures.style import GREY, INK, clean
from evidence.report.figures.words import fitted, text_width, wrapped

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MARGIN, GAP = 4.0, 9.0  # points
LEAST_GRAPH, LEAST_WORDS = 70.0, 52.0
MOST_WORDS = 0.34  # of the width, for a column that gives
SIZE, SMALL_SIZE, NOTE_SIZE = 6.8, 6.2, 6.0


@dataclass(frozen=True, slots=True)
class Words:
    """Column of text, a cell a line; what is too wide for it is shortened where ``gives``.

    A line break in ``head`` is kept.
    """

    head: str
    cells: tuple[str, ...]
    align: Literal["left", "right"] = "left"
    gives: bool = False


@dataclass(frozen=True, slots=True)
class Graph:
    """Column that is drawn in: ends of its axis on the analysis scale, and what it is of."""

    head: str
    ends: tuple[float, float]
    scale: str = "identity"
    share: float = 1.0
    zero: bool = True
    ticks: tuple[tuple[float, str], ...] = ()


@dataclass(slots=True)
class RowSheet:
    """Measures the columns and makes the figure; places are in points from the top left corner.

    ``heights`` are those of the lines. A line of ``headings`` has words in its first column alone,
    which may run up to the first graph; ``bold`` lines stand out.
    """

    columns: tuple[Words | Graph, ...]
    heights: tuple[float, ...]
    width: float
    title: str = ""
    notes: tuple[str, ...] = ()
    headings: frozenset[int] = frozenset()
    bold: frozenset[int] = frozenset()
    figure: Figure = field(init=False)
    ax: Axes = field(init=False)
    places: list[tuple[float, float]] = field(init=False)
    tops: list[float] = field(init=False)
    size: float = field(init=False)

    def __post_init__(self) -> None:
        if not (is_number(self.width) and 60.0 <= self.width <= 1000.0):
            raise refuse("width", repr(self.width), "millimetres, from 60 to 1000")
        self.size = SMALL_SIZE if len(self.heights) > 45 else SIZE
        self.columns = tuple(
            replace(c, head="\n".join(clean(line) for line in c.head.split("\n")))
            for c in self.columns
        )
        self._measure()
        self._make()

    @property
    def span(self) -> float:
        """Width of the sheet."""
        return self.width / INCH * 72.0

    def _natural(self, column: Words) -> float:
        """Width of the widest cell, and at least of the head's widest line or word."""
        strong = self.bold | self.headings
        cells = [
            text_width(clean(cell), self.size, "bold" if i in strong else "normal")
            for i, cell in enumerate(column.cells)
        ]
        broken = column.head.split("\n" if "\n" in column.head else " ")
        head = max(text_width(words, self.size, "bold") for words in broken)
        return max([head, *cells, 12.0])

    def _measure(self) -> None:
        """Words have what they need, those that give less if need be; graphs share the rest."""
        graphs = [c for c in self.columns if isinstance(c, Graph)]
        wanted = [self._natural(c) if isinstance(c, Words) else 0.0 for c in self.columns]
        free = self.span - 2 * MARGIN - GAP * (len(self.columns) - 1)
        least = LEAST_GRAPH * len(graphs)
        giving = [i for i, c in enumerate(self.columns) if isinstance(c, Words) and c.gives]
        for i in giving:
            wanted[i] = min(wanted[i], max(MOST_WORDS * self.span, 145.0))
        while sum(wanted) + least > free:
            widest = max(giving, key=lambda i: wanted[i], default=None)
            if widest is None or wanted[widest] <= LEAST_WORDS:
                needed = (self.span + sum(wanted) + least - free) / 72.0 * INCH
                what = f"{self.width:g} mm leave no room for the columns"
                raise refuse("width", what, f"at least {needed:.0f} mm")
            wanted[widest] = max(LEAST_WORDS, wanted[widest] - 4.0)
        rest, shares = free - sum(wanted), sum(g.share for g in graphs)
        at, self.places = MARGIN, []
        for column, own in zip(self.columns, wanted, strict=True):
            wide = own if isinstance(column, Words) else rest * column.share / shares
            self.places.append((at, at + wide))
            at += wide + GAP

    def _make(self) -> None:
        from matplotlib.figure import Figure

        titled = wrapped(clean(self.title), self.span - 2 * MARGIN, 7.8, "bold", 3).split("\n")
        heads = [self._head(i) for i in range(len(self.columns))]
        deep = max(h.count("\n") + 1 for h in heads)
        head = 4.0 + (10.5 * len(titled) if self.title else 0.0) + 8.6 * deep + 2.0
        self.tops = [head + 4.0]
        for height in self.heights:
            self.tops.append(self.tops[-1] + height)
        notes = [
            line
            for note in self.notes
            for line in wrapped(clean(note), self.span - 2 * MARGIN, NOTE_SIZE, most=4).split("\n")
        ]
        end = self.tops[-1]
        tall = end + 21.0 + (8.6 * len(notes) + 3.0 if notes else 0.0) + 3.0
        self.figure = Figure(figsize=(self.span / 72.0, tall / 72.0))
        self.ax = self.figure.add_axes((0.0, 0.0, 1.0, 1.0))
        self.ax.set_xlim(0, self.span)
        self.ax.set_ylim(tall, 0)
        self.ax.set_axis_off()
        if self.title:
            for i, line in enumerate(titled):
                self.text(MARGIN, 10.0 + 10.5 * i, line, fontsize=7.8, weight="bold")
        for (x0, x1), column, words in zip(self.places, self.columns, heads, strict=True):
            at, side = _anchor(x0, x1, column)
            kinds = {"ha": side, "va": "bottom", "weight": "bold", "linespacing": 1.15}
            self.text(at, head, words, **kinds)
        self.ax.plot([MARGIN, self.span - MARGIN], [head + 2.0] * 2, color=INK, lw=0.7)
        for i, column in enumerate(self.columns):
            if isinstance(column, Words):
                self._cells(i, column)
            else:
                self._axis(i, column, end + 3.0)
        for i, line in enumerate(notes):
            self.text(MARGIN, end + 25.0 + 8.6 * i, line, fontsize=NOTE_SIZE, color="#444444")

    def _head(self, i: int) -> str:
        x0, x1 = self.places[i]
        lines = self.columns[i].head.split("\n")
        most = 3 if len(lines) == 1 else 2
        room = x1 - x0 + 1.0
        return "\n".join(wrapped(line, room, self.size, "bold", most) for line in lines)

    def _cells(self, i: int, column: Words) -> None:
        x0, x1 = self.places[i]
        graphs = [p[0] for p, c in zip(self.places, self.columns, strict=True) if not _words(c)]
        for line, cell in enumerate(column.cells):
            weight = "bold" if line in self.bold | self.headings else "normal"
            room = x1 - x0 + 0.5
            if line in self.headings:
                room = min([g for g in graphs if g > x0], default=self.span - MARGIN) - x0 - GAP
            at, side = _anchor(x0, x1, column)
            words = fitted(clean(cell), room, self.size, weight)
            self.text(at, self.middle(line), words, ha=side, weight=weight)

    def _axis(self, i: int, graph: Graph, y: float) -> None:
        x0, x1 = self.places[i]
        top = self.tops[0] - 1.0
        self.ax.plot([x0, x1], [y, y], color=INK, lw=0.7)
        if graph.zero and graph.ends[0] <= 0 <= graph.ends[1]:
            self.ax.plot([self.x(i, 0.0)] * 2, [y, top], color=INK, lw=0.7, zorder=1)
        ticks = [*graph.ticks]
        for most in range(max(2, min(6, int((x1 - x0) / 26.0))), 7):
            if len(ticks) < 2:
                found = effect_ticks(*graph.ends, graph.scale, most)
                ticks = [*zip(*found, strict=True)]
        last = -1e9
        for place, words in ticks:
            x, half = self.x(i, place), text_width(words, SMALL_SIZE) / 2
            self.ax.plot([x, x], [y, y + 2.5], color=INK, lw=0.7)
            left = MARGIN if i == 0 else self.places[i - 1][1] + 1.0
            if x - half > max(last + 3.0, left) and x + half <= min(x1 + GAP - 2.0, self.span):
                self.text(x, y + 8.5, words, ha="center", fontsize=SMALL_SIZE)
                last = x + half

    def text(self, x: float, y: float, words: str, **style: Any) -> None:
        """Write at a place, never as a formula."""
        plain = {"fontsize": self.size, "va": "center", "color": INK, "parse_math": False}
        if words:
            self.ax.text(x, y, words, **{**plain, **style})

    def middle(self, line: int) -> float:
        """Height at which a line's words stand."""
        return (self.tops[line] + self.tops[line + 1]) / 2.0

    def x(self, i: int, value: float) -> float:
        """Place of a value in graph ``i``; what lies beyond its ends stands at them."""
        column = self.columns[i]
        if isinstance(column, Words):
            raise refuse("column", f"{i} is no graph", "the number of a graph")
        low, high = column.ends
        x0, x1 = self.places[i]
        return x0 + (min(max(value, low), high) - low) / (high - low) * (x1 - x0)

    def line(self, i: int, low: float, high: float, y: float, **style: Any) -> None:
        """Interval in graph ``i``, with an arrow at each end that the axis cuts."""
        graph = self.columns[i]
        x0, x1 = self.x(i, low), self.x(i, high)
        look = {"color": INK, "lw": 0.8, "zorder": 3, "solid_capstyle": "butt", **style}
        if x1 > x0:
            self.ax.plot([x0, x1], [y, y], **look)
        if isinstance(graph, Graph):
            kinds = {"s": 11, "color": look["color"], "zorder": 4, "linewidths": 0}
            if low < graph.ends[0]:
                self.ax.scatter([self.places[i][0]], [y], marker="<", label="_arrow", **kinds)
            if high > graph.ends[1]:
                self.ax.scatter([self.places[i][1]], [y], marker=">", label="_arrow", **kinds)

    def dot(self, i: int, value: float, y: float, **style: Any) -> None:
        """Mark in graph ``i``, where the axis reaches it."""
        graph = self.columns[i]
        if isinstance(graph, Graph) and graph.ends[0] <= value <= graph.ends[1]:
            look = {"s": 11, "color": INK, "zorder": 5, "linewidths": 0, **style}
            self.ax.scatter([self.x(i, value)], [y], **look)

    def diamond(
        self, i: int, ends: tuple[float, float, float], y: float, tall: float, color: str
    ) -> None:
        """Diamond from low over middle to high in graph ``i``."""
        low, middle, high = (self.x(i, v) for v in ends)
        x, up = [low, middle, high, middle], [y, y - tall, y, y + tall]
        self.ax.fill(x, up, fc=color, ec=INK, lw=0.5, zorder=4)
        self.line(i, ends[0], ends[2], y, lw=0.0)

    def rule(self, line: int) -> None:
        """Thin line over the whole sheet above a line."""
        y = self.tops[line]
        self.ax.plot([MARGIN, self.span - MARGIN], [y, y], color=GREY, lw=0.4, zorder=0)


def _words(column: Words | Graph) -> bool:
    return isinstance(column, Words)


def _anchor(x0: float, x1: float, column: Words | Graph) -> tuple[float, str]:
    if isinstance(column, Graph):
        return (x0 + x1) / 2.0, "center"
    return (x0, "left") if column.align == "left" else (x1, "right")


def records_of(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Rows of a frame, what is missing as None."""
    found = frame.astype(object).where(frame.notna(), None).to_dict("records")
    return [{str(name): value for name, value in row.items()} for row in found]


def term_of(terms: pd.DataFrame, name: str) -> tuple[float, float, float]:
    """Median, lower and upper end of the interval of a term."""
    row = next(r for r in records_of(terms) if r["term"] == name)
    return float(row["median"]), float(row["ci_low"]), float(row["ci_high"])


def sheet_ends(
    marks: list[float], whiskers: list[float], *, zero: bool = True, reach: float = 0.5
) -> tuple[float, float]:
    """Ends of an axis that holds all marks, and whiskers to ``reach`` of their span beyond."""
    held = [*marks, 0.0] if zero else list(marks)
    reach *= max(held) - min(held) or max(map(abs, held)) or 1.0
    bounds = min(held) - reach, max(held) + reach
    ends = held + [min(max(v, bounds[0]), bounds[1]) for v in whiskers]
    low, high = min(ends), max(ends)
    room = 0.04 * (high - low or 1.0)
    # An interval that is cut is cut at the end of the axis.
    return (low if low == bounds[0] else low - room, high if high == bounds[1] else high + room)
