"""The drawing of a forest plot: columns of text, squares, diamonds, bars, arrows."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from evidence.report.forest.data import (
    AXIS,
    FOOT,
    ROW,
    TOP,
    ForestData,
    ForestLine,
    axis_limits,
    ticks,
    weights_area,
)
from evidence.report.numbers import level_text

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

INK, GREY = "#1a1a1a", "#767676"
BLUE, ORANGE = "#0173b2", "#de8f05"  # seaborn's colorblind palette, first two
LEFT, RIGHT = 0.475, 0.765
COLUMNS = {"label": 0.008, "left": 0.225, "right": 0.345, "weight": 0.815, "effect": 0.992}


def new_figure(data: ForestData) -> Figure:
    """Make an empty figure of the size that the plot needs."""
    from matplotlib.figure import Figure

    height = TOP + ROW * len(data.lines) + AXIS + FOOT * len(data.footnotes) + 0.1
    figure = Figure(figsize=(9.6, height))
    figure.add_axes((0.0, 0.0, 1.0, 1.0))
    return figure


def draw(data: ForestData, ax: Axes) -> None:
    """Draw the lines into an Axes that is taken whole: text columns left and right of the graph."""
    Painter(data, ax).paint()


@dataclass(slots=True)
class Painter:
    """Draws one ForestData; the graph lies between LEFT and RIGHT of the figure's width."""

    data: ForestData
    ax: Axes
    height: float = field(init=False)
    low: float = field(init=False)
    high: float = field(init=False)

    def __post_init__(self) -> None:
        self.height = float(self.ax.get_window_extent().height / self.ax.figure.dpi)
        self.low, self.high = axis_limits(self.data)

    def paint(self) -> None:
        """Draw everything, from the title down to the footnotes."""
        self.ax.set_xlim(0, 1)
        self.ax.set_ylim(0, 1)
        self.ax.set_axis_off()
        self._head()
        areas = iter(weights_area(self.data.lines))
        down = TOP
        for line in self.data.drawn:
            y = self._y(down + ROW / 2)
            self._words(line, y)
            self._mark(line, y, float(next(areas)) if line.kind == "trial" else 0.0)
            down += ROW
        self._axis(TOP, down)
        down += AXIS
        for line in self.data.words:
            self._words(line, self._y(down + ROW / 2))
            down += ROW
        self._foot(down)

    def _y(self, inches: float) -> float:
        """Height in the figure of a place so many inches below its top."""
        return 1 - inches / self.height

    def _x(self, value: float) -> float:
        return LEFT + (value - self.low) / (self.high - self.low) * (RIGHT - LEFT)

    def _text(self, x: float, y: float, words: str, **style: Any) -> None:
        plain = {"fontsize": 8.5, "va": "center", "color": INK, "parse_math": False}
        self.ax.text(x, y, words, **{**plain, **style})

    def _head(self) -> None:
        style = {"weight": "bold", "va": "bottom"}
        y = self._y(TOP - 0.07)
        self._text(COLUMNS["label"], self._y(0.2), self.data.title, fontsize=10.5, weight="bold")
        self._text(COLUMNS["label"], y, self.data.head, **style)
        self._text(COLUMNS["left"], y, self.data.left_head, **style)
        self._text(COLUMNS["right"], y, self.data.right_head, **style)
        if self.data.pooled is not None:
            self._text(COLUMNS["weight"], y, "Weight", ha="right", **style)
        effect = f"{self.data.measure}\n{level_text(self.data.level)} CI"
        self._text(COLUMNS["effect"], y, effect, ha="right", **style)
        line = self._y(TOP - 0.03)
        self.ax.plot([0.005, 0.995], [line, line], color=INK, lw=0.8)

    def _words(self, line: ForestLine, y: float) -> None:
        style: dict[str, Any] = {}
        if line.kind in ("pooled", "heading"):
            style["weight"] = "bold"
        if line.kind in ("partial", "other"):
            style["color"] = GREY if line.kind == "partial" else INK
        wide = line.kind == "heading" or line.below
        self._text(COLUMNS["label"], y, line.label, **style)
        if wide:
            self._text(COLUMNS["left"], y, line.left, **style)
            self._text(COLUMNS["effect"], y, line.effect, ha="right", **style)
            return
        self._text(COLUMNS["left"], y, line.left, **style)
        self._text(COLUMNS["right"], y, line.right, **style)
        weighed = self.data.pooled is not None and line.kind in ("trial", "pooled")
        if line.weight is not None and weighed:
            self._text(COLUMNS["weight"], y, f"{line.weight:.1f} %", ha="right", **style)
        self._text(COLUMNS["effect"], y, line.effect, ha="right", **style)

    def _mark(self, line: ForestLine, y: float, area: float) -> None:
        if line.kind == "pooled":
            self._diamond(line, y)
        elif line.kind == "prediction" and line.low is not None and line.high is not None:
            self._span(line.low, line.high, y, color=ORANGE, lw=4.0, solid_capstyle="butt")
        elif line.estimate is not None:
            if line.low is not None and line.high is not None:
                dotted = {"ls": (0, (1, 1.5)), "color": GREY} if line.kind == "partial" else {}
                self._span(line.low, line.high, y, **{"color": INK, "lw": 1.1, **dotted})
            self._point(line, y, area)

    def _point(self, line: ForestLine, y: float, area: float) -> None:
        if line.estimate is None or not self.low <= line.estimate <= self.high:
            return
        x = self._x(line.estimate)
        if line.kind == "trial":
            size = max(124 * area, 3.0)  # in proportion; the smallest stays visible
            self.ax.scatter([x], [y], s=size, marker="s", color=BLUE, zorder=3, linewidths=0)
        elif line.kind == "partial":
            self.ax.scatter(
                [x], [y], s=26, marker="o", facecolors="white", edgecolors=GREY, zorder=3
            )
        else:
            self.ax.scatter([x], [y], s=16, marker="D", color=INK, zorder=3, linewidths=0)

    def _span(self, low: float, high: float, y: float, **style: Any) -> None:
        """Draw a line; an arrow where the axis cuts it."""
        ends = max(low, self.low), min(high, self.high)
        if ends[0] >= ends[1]:
            return
        self.ax.plot([self._x(ends[0]), self._x(ends[1])], [y, y], zorder=2, **style)
        color = style.get("color", INK)
        if low < self.low:
            self.ax.scatter([self._x(self.low)], [y], marker="<", s=22, color=color, zorder=3)
        if high > self.high:
            self.ax.scatter([self._x(self.high)], [y], marker=">", s=22, color=color, zorder=3)

    def _diamond(self, line: ForestLine, y: float) -> None:
        if line.low is None or line.high is None or line.estimate is None:
            return
        tall = 0.085 / self.height
        low, high = max(line.low, self.low), min(line.high, self.high)
        xs = [self._x(low), self._x(line.estimate), self._x(high), self._x(line.estimate)]
        self.ax.fill(xs, [y, y + tall, y, y - tall], color=ORANGE, ec=INK, lw=0.6, zorder=3)

    def _axis(self, first: float, last: float) -> None:
        top, bottom = self._y(first), self._y(last + 0.04)
        self.ax.plot([LEFT, RIGHT], [bottom, bottom], color=INK, lw=0.8)
        null = self.data.null
        if null is not None:
            self.ax.plot([self._x(null)] * 2, [bottom, top], color=INK, lw=0.8, zorder=1)
        if self.data.pooled is not None and self.low < self.data.pooled < self.high:
            x = self._x(self.data.pooled)
            self.ax.plot([x, x], [bottom, top], color=ORANGE, lw=0.9, ls=":", zorder=1)
        for place, word in zip(*ticks(self.data), strict=True):
            x = self._x(place)
            self.ax.plot([x, x], [bottom, self._y(last + 0.09)], color=INK, lw=0.8)
            self._text(x, self._y(last + 0.18), word, ha="center", fontsize=8)
        y, zero, gap = self._y(last + 0.4), self._x(null or 0.0), 0.01
        if self.data.favours_low:
            self._text(zero - gap, y, f"← {self.data.favours_low}", ha="right", fontsize=8)
        if self.data.favours_high:
            self._text(zero + gap, y, f"{self.data.favours_high} →", ha="left", fontsize=8)

    def _foot(self, down: float) -> None:
        for note in self.data.footnotes:
            down += FOOT
            words = textwrap.shorten(note, width=185, placeholder=" ...")
            self._text(COLUMNS["label"], self._y(down), words, fontsize=7.5, color="#444444")
