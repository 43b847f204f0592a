"""The drawing of a forest plot with measured columns: nothing overlaps, whatever the labels are."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from evidence.report.figures.axes import INCH, effect_ticks, refuse
from evidence.report.figures.forest_table import ForestTable, Row, axis_ends
from evidence.report.figures.style import GREY, INK, ORANGE
from evidence.report.figures.words import fitted, text_width, wrapped

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MARGIN = 4.0  # points
NOTE = 0.92  # size of a note's words, to those of the lines
LEAST_GRAPH, LEAST_LABEL = 105.0, 52.0


@dataclass(slots=True)
class Painter:
    """Measures the columns, then draws; all places are in points from the top left corner."""

    table: ForestTable
    size: float = 6.8
    step: float = 11.4
    span: float = field(init=False)
    left: float = field(init=False)
    right: float = field(init=False)
    ends: tuple[float, float] = field(init=False)
    places: list[tuple[float, float]] = field(init=False)
    label_room: float = field(init=False)
    gap: float = field(init=False)
    groups: list[tuple[str, float, float, int]] = field(init=False, default_factory=list)

    def __post_init__(self) -> None:
        if len(self.table.rows) > 45:
            self.size, self.step = 6.2, 9.0
        self.span = self.table.width / INCH * 72.0
        self.ends = axis_ends(self.table)
        self.gap = 8.0 if len(self.table.columns) < 5 else 6.0
        self._measure()

    def _measure(self) -> None:
        """Give every column its room; the label gets what it needs, the graph the rest."""
        columns = self.table.columns
        widths = [self._column_width(i) for i in range(len(columns))]
        for group in {c.group for c in columns if c.group}:
            inside = [i for i, c in enumerate(columns) if c.group == group]
            room = sum(widths[i] for i in inside) + self.gap * (len(inside) - 1)
            wanted = min(text_width(group, self.size, "bold"), 62.0)
            if room < wanted:
                for i in inside:
                    widths[i] += (wanted - room) / len(inside)
        own = ("study", "pooled", "subtotal", "prediction", "step")
        labels = [r for r in self.table.rows if r.kind in own]
        label = max([text_width(r.label, self.size, self._weight(r)) for r in labels] or [0.0])
        label = max(label, text_width(self.table.look.label_head, self.size, "bold"), 30.0)
        taken = sum(widths) + self.gap * (len(widths) + 2) + 2 * MARGIN
        most = self.span - taken - LEAST_GRAPH
        if most < min(LEAST_LABEL, label):
            right = f"at least {(taken + LEAST_GRAPH + LEAST_LABEL) / 72 * INCH:.0f} mm"
            raise refuse("width", f"{self.table.width:g} mm leave no room for the columns", right)
        self.label_room = min(label, most, max(0.3 * self.span, LEAST_LABEL))
        at, places = MARGIN + self.label_room + self.gap, []
        for width, column in zip(widths, columns, strict=True):
            if column.side == "before":
                places.append((at, at + width))
                at += width + self.gap
        self.left, end = at + 2.0, self.span - MARGIN
        for width, column in reversed(list(zip(widths, columns, strict=True))):
            if column.side == "after":
                places.append((end - width, end))
                end -= width + self.gap
        self.right = end - 2.0
        before = sum(c.side == "before" for c in columns)
        self.places = [*places[:before], *reversed(places[before:])]

    def _column_width(self, i: int) -> float:
        column = self.table.columns[i]
        head = max(text_width(line, self.size, "bold") for line in column.head.split("\n"))
        cells = [
            text_width(r.cells[i], self.size, self._weight(r)) for r in self.table.rows if r.cells
        ]
        return max([head, *cells])

    def _weight(self, row: Row) -> str:
        return "bold" if row.kind in ("pooled", "subtotal", "heading") else "normal"

    def paint(self) -> Figure:
        """Draw everything, from the title down to the notes."""
        from matplotlib.figure import Figure

        lines = self._lines()
        heads = max(c.head.count("\n") for c in self.table.columns) if self.table.columns else 0
        heads = max(heads, self.table.graph_head.count("\n"))
        titled = wrapped(self.table.title, self.span - 2 * MARGIN, 7.8, "bold", 3).split("\n")
        top = 4.0 + (10.5 * len(titled) if self.table.title else 0.0)
        above, below = self._favours()
        self.groups = self._groups()
        tallest = max((g[0].count("\n") for g in self.groups), default=0)
        groups = 11.0 + 8.5 * tallest if self.groups else 0.0
        head = top + 9.0 * len(above) + groups + 9.0 * (heads + 1) + 3.0
        start = head + 3.0
        end = start + self.step * len(lines)
        axis = end + 4.0
        notes = self._notes()
        tall = axis + 19.0 + 9.0 * len(below) + (8.6 * len(notes) + 3.0 if notes else 0.0) + 3.0
        figure = Figure(figsize=(self.span / 72.0, tall / 72.0))
        ax = figure.add_axes((0.0, 0.0, 1.0, 1.0))
        ax.set_xlim(0, self.span)
        ax.set_ylim(tall, 0)
        ax.set_axis_off()
        if self.table.title:
            for i, line in enumerate(titled):
                self._text(ax, MARGIN, 10.0 + 10.5 * i, line, fontsize=7.8, weight="bold")
        self._favours_at(ax, above, top + 4.5, weight="bold")
        self._heads(ax, head)
        self._axis(ax, start, axis)
        biggest = max([r.weight or 0.0 for r in self.table.rows if r.kind == "study"] or [0.0])
        for i, row in enumerate(lines):
            y = start + self.step * (i + 0.5)
            self._words(ax, row, y)
            self._mark(ax, row, y, (row.weight or 0.0) / biggest if biggest else 0.0)
        self._favours_at(ax, below, axis + 20.0)
        for i, line in enumerate(notes):
            y = axis + 22.0 + 9.0 * len(below) + 8.6 * i
            self._text(ax, MARGIN, y, line, fontsize=6.0, color="#444444")
        return figure

    def _lines(self) -> list[Row]:
        """Rows, those of words alone broken where they are too long."""
        lines = []
        for row in self.table.rows:
            if row.kind not in ("heading", "note"):
                lines.append(row)
                continue
            # Where there are columns of text beyond the label, words run over them.
            room = self.left - self.gap - MARGIN
            size = self.size if row.kind == "heading" else NOTE * self.size
            broken = wrapped(row.label, room, size, self._weight(row), 3).split("\n")
            lines += [Row(row.kind, line) for line in broken]
        return lines

    def _notes(self) -> list[str]:
        room = self.span - 2 * MARGIN
        return [
            line for n in self.table.notes for line in wrapped(n, room, 6.0, most=4).split("\n")
        ]

    def _text(self, ax: Axes, x: float, y: float, words: str, **style: Any) -> None:
        plain = {"fontsize": self.size, "va": "center", "color": INK, "parse_math": False}
        if words:
            ax.text(x, y, words, **{**plain, **style})

    def _heads(self, ax: Axes, y: float) -> None:
        bold = {"weight": "bold", "va": "bottom", "linespacing": 1.15}
        self._text(ax, MARGIN, y, self.table.look.label_head, **bold)
        for column, place in zip(self.table.columns, self.places, strict=True):
            self._aligned(ax, place, y, column.head, column.align, **bold)
        middle = (self.left + self.right) / 2
        head = wrapped(
            self.table.graph_head.split("\n")[0], self.right - self.left, self.size, "bold", 1
        )
        rest = self.table.graph_head.split("\n")[1:]
        self._text(ax, middle, y, "\n".join([head, *rest]), ha="center", **bold)
        for name, x0, x1, below in self.groups:
            level = y - 9.0 * (1 + below) - 2.5
            self._text(ax, (x0 + x1) / 2, level, name, ha="center", **bold)
            ax.plot([x0, x1], [level + 1.0] * 2, color=INK, lw=0.5)
        ax.plot([MARGIN, self.span - MARGIN], [y + 2.0] * 2, color=INK, lw=0.7)

    def _groups(self) -> list[tuple[str, float, float, int]]:
        """Heads of groups: words in at most two lines, both ends, lines of the heads below."""
        found = []
        for group in dict.fromkeys(c.group for c in self.table.columns if c.group):
            inside = [i for i, c in enumerate(self.table.columns) if c.group == group]
            x0, x1 = self.places[inside[0]][0], self.places[inside[-1]][1]
            below = max(self.table.columns[i].head.count("\n") for i in inside)
            words = wrapped(group, x1 - x0 + 4.0, self.size, "bold", 2)
            found.append((words, x0, x1, below))
        return found

    def _aligned(
        self, ax: Axes, place: tuple[float, float], y: float, words: str, align: str, **style: Any
    ) -> None:
        x = {"left": place[0], "right": place[1], "center": sum(place) / 2}[align]
        self._text(ax, x, y, words, ha=align, **style)

    def _words(self, ax: Axes, row: Row, y: float) -> None:
        style: dict[str, Any] = {"weight": self._weight(row)}
        if row.kind == "note":
            style["color"] = GREY
        own = row.kind not in ("heading", "note")
        weight = self._weight(row)
        label = fitted(row.label, self._room(row), self.size, weight) if own else row.label
        if row.kind == "note":
            style["fontsize"] = NOTE * self.size
        self._text(ax, MARGIN, y, label, **style)
        for column, place, cell in zip(self.table.columns, self.places, row.cells, strict=False):
            self._aligned(ax, place, y, cell, column.align, **style)

    def _room(self, row: Row) -> float:
        """Width that a label has: up to the first column with words, or to the graph."""
        filled = zip(self.table.columns, self.places, row.cells, strict=False)
        first = next((p for c, p, cell in filled if cell and c.side == "before"), None)
        return (self.left if first is None else first[0]) - self.gap - MARGIN

    def x_of(self, value: float) -> float:
        """Place of an effect."""
        low, high = self.ends
        return self.left + (value - low) / (high - low) * (self.right - self.left)

    def _mark(self, ax: Axes, row: Row, y: float, share: float) -> None:
        if row.kind in ("pooled", "subtotal"):
            self._diamond(ax, row, y)
        elif row.kind == "prediction" and row.low is not None and row.high is not None:
            look = {"color": self.table.look.bar, "lw": 2.6, "solid_capstyle": "butt"}
            self._line(ax, row.low, row.high, y, **look)
        elif row.estimate is not None and row.low is not None and row.high is not None:
            self._line(ax, row.low, row.high, y, color=INK, lw=0.8)
            if self.ends[0] <= row.estimate <= self.ends[1]:
                area = max(share * (0.62 * self.step) ** 2, 2.2) if row.kind == "study" else 9.0
                ax.scatter(
                    [self.x_of(row.estimate)], [y], s=area, zorder=4, linewidths=0,
                    marker="s" if row.kind == "study" else "o", color=self.table.look.square,
                )  # fmt: skip

    def _line(self, ax: Axes, low: float, high: float, y: float, **style: Any) -> None:
        """Interval, with an arrow at each end that the axis cuts."""
        start, end = (min(max(v, self.ends[0]), self.ends[1]) for v in (low, high))
        if end > start:
            ax.plot([self.x_of(start), self.x_of(end)], [y, y], zorder=3, **style)
        self._arrows(ax, low, high, y, style["color"])

    def _arrows(self, ax: Axes, low: float, high: float, y: float, color: str) -> None:
        kinds: dict[str, Any] = {
            "s": 11,
            "color": color,
            "zorder": 4,
            "linewidths": 0,
            "label": "_arrow",
        }
        if low < self.ends[0]:
            ax.scatter([self.left], [y], marker="<", **kinds)
        if high > self.ends[1]:
            ax.scatter([self.right], [y], marker=">", **kinds)

    def _diamond(self, ax: Axes, row: Row, y: float) -> None:
        if row.estimate is None or row.low is None or row.high is None:
            return
        low, middle, high = (
            self.x_of(min(max(v, self.ends[0]), self.ends[1]))
            for v in (row.low, row.estimate, row.high)
        )
        tall = 0.34 * self.step
        if high > low:
            ax.fill(
                [low, middle, high, middle], [y, y - tall, y, y + tall], fc=self.table.look.diamond,
                ec=INK, lw=0.5, zorder=4,
            )  # fmt: skip
        self._arrows(ax, row.low, row.high, y, INK)

    def _axis(self, ax: Axes, top: float, y: float) -> None:
        ax.plot([self.left, self.right], [y, y], color=INK, lw=0.7)
        low, high = self.ends
        if low <= 0 <= high:
            ax.plot([self.x_of(0)] * 2, [y, top], color=INK, lw=0.7, zorder=1)
        pooled = self.table.pooled
        if pooled is not None and low < pooled < high and self.table.look.pooled_line:
            ax.plot([self.x_of(pooled)] * 2, [y, top], color=ORANGE, lw=0.8, ls=":", zorder=1)
        last = -1e9
        for place, word in zip(*effect_ticks(low, high, self.table.scale, 6), strict=True):
            x, half = self.x_of(place), text_width(word, 6.2) / 2
            ax.plot([x, x], [y, y + 2.5], color=INK, lw=0.7)
            if x - half > last + 3.0 and x + half <= self.span:
                self._text(ax, x, y + 8.5, word, ha="center", fontsize=6.2)
                last = x + half

    def _favours(self) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
        """Lines of the words on both sides of no effect: above the graph, below it."""
        if not any(self.table.favours):
            return [], []
        weight = "bold" if self.table.look.favours_above else "normal"
        room = min(120.0, (self.span - 2 * MARGIN - 10.0) / 2)
        broken = [wrapped(words, room, 6.4, weight, 2).split("\n") for words in self.table.favours]
        tall = max(map(len, broken))
        first, second = (lines + [""] * (tall - len(lines)) for lines in broken)
        pairs = [*zip(first, second, strict=True)]
        return (pairs, []) if self.table.look.favours_above else ([], pairs)

    def _favours_at(self, ax: Axes, lines: list[tuple[str, str]], y: float, **style: Any) -> None:
        """Write them about no effect, or, where that is too near the side, as near as they fit."""
        if not lines:
            return
        weight = str(style.get("weight", "normal"))
        sides = zip(*lines, strict=True)
        first, second = (max(text_width(x, 6.4, weight) for x in side) for side in sides)
        zero = min(max(self.x_of(0.0), self.left), self.right)
        zero = min(zero, self.span - MARGIN - second - 5.0)
        zero = max(zero, MARGIN + first + 5.0)
        for i, (low, high) in enumerate(lines):
            self._text(ax, zero - 5.0, y + 9.0 * i, low, ha="right", fontsize=6.4, **style)
            self._text(ax, zero + 5.0, y + 9.0 * i, high, ha="left", fontsize=6.4, **style)
