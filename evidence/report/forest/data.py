"""What a forest plot shows, before anything is drawn: lines, axis, ticks, areas."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from evidence.catalog.question import Scale
from evidence.report.figures.axes import effect_ticks
from evidence.report.numbers import number

RATIO_TICKS = (
    0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 1.0, 1.5, 2.0, 3.0, 5.0, 10.0, 20.0, 50.0, 100.0,
)  # fmt: skip
# Inches: above the first line, of a line, of the axis with its words, of a footnote.
TOP, ROW, AXIS, FOOT = 1.0, 0.255, 0.72, 0.17
Kind = Literal["trial", "partial", "pooled", "prediction", "other", "heading"]


@dataclass(frozen=True, slots=True)
class ForestLine:
    """One line of the plot; ``estimate``, ``low``, ``high`` on the analysis scale.

    ``below`` puts a line of words under the axis, where it cannot cross the graph.

    ``kind``: ``trial`` (square and line), ``partial`` (hollow mark, or text alone), ``pooled``
    (diamond), ``prediction`` (bar), ``other`` (thin line), ``heading`` (text).
    """

    kind: Kind
    label: str
    left: str = ""
    right: str = ""
    weight: float | None = None
    effect: str = ""
    estimate: float | None = None
    low: float | None = None
    high: float | None = None
    below: bool = False


@dataclass(frozen=True, slots=True)
class ForestData:
    """Everything a forest plot shows; ``null`` is where there is no effect, None of a level."""

    title: str
    measure: str
    scale: Scale
    left_head: str
    right_head: str
    lines: tuple[ForestLine, ...]
    favours_low: str
    favours_high: str
    footnotes: tuple[str, ...]
    pooled: float | None
    level: float = 0.95
    null: float | None = 0.0
    head: str = "Trial"

    @property
    def drawn(self) -> tuple[ForestLine, ...]:
        """Lines that stand beside the graph; those of words alone stand below its axis."""
        return tuple(line for line in self.lines if not line.below)

    @property
    def words(self) -> tuple[ForestLine, ...]:
        """Lines of words alone."""
        return tuple(line for line in self.lines if line.below)

    @property
    def description(self) -> str:
        """The plot in words, for those who do not see it."""
        told = [f"{x.label}: {x.effect}" for x in self.lines if x.effect]
        return f"Forest plot. {self.title}. {self.measure}. " + "; ".join(told) + "."


def axis_limits(data: ForestData) -> tuple[float, float]:
    """Ends of the axis: all pooled marks, and trials as far as they leave the rest readable."""
    ends = [] if data.null is None else [data.null]
    marks = [x for x in data.lines if x.kind in ("pooled", "prediction", "other")]
    for line in marks:
        ends += [v for v in (line.low, line.high) if v is not None]
    trials = [x for x in data.lines if x.kind in ("trial", "partial") and x.estimate is not None]
    # Where nothing was pooled, the trials themselves are what must be seen whole.
    alone = [x for x in trials if x.kind == "trial"] if not marks else []
    ends += [v for x in alone for v in (x.low, x.high) if v is not None]
    points = [x.estimate for x in trials if x.estimate is not None]
    ends += points
    ends = ends or [0.0]
    reach = max(ends) - min(ends) or 1.0
    for line in trials:
        for value in (line.low, line.high):
            if value is not None and min(ends) - reach <= value <= max(ends) + reach:
                ends.append(value)
    low, high = min(ends), max(ends)
    room = 0.06 * ((high - low) or 1.0)
    return low - room, high + room


def ticks(data: ForestData) -> tuple[list[float], list[str]]:
    """Places and words of the ticks: round ratios on a log axis."""
    low, high = axis_limits(data)
    if data.scale == "identity":
        step = _round_step((high - low) / 5)
        first = math.ceil(low / step)
        places = [step * i for i in range(first, math.floor(high / step) + 1)]
        digits = next(d for d in range(20) if math.isclose(round(step, d), step))
        return places, [number(x, digits) for x in places]
    if data.scale != "log" or data.null is None:
        return effect_ticks(low, high, data.scale)
    inside = [x for x in RATIO_TICKS if low <= math.log(x) <= high]
    if len(inside) < 3:
        fine = [round(0.1 * i, 1) for i in range(1, 31)]
        inside = [x for x in fine if low <= math.log(x) <= high] or [1.0]
    while len(inside) > 8:
        inside = [x for i, x in enumerate(inside) if i % 2 == 0 or x == 1.0]
    return [math.log(x) for x in inside], [f"{x:g}" for x in inside]


def _round_step(raw: float) -> float:
    power = 10.0 ** math.floor(math.log10(raw))
    return next(m * power for m in (1, 2, 2.5, 5, 10) if m * power >= raw * 0.999)


def weights_area(lines: tuple[ForestLine, ...]) -> np.ndarray[Any, Any]:
    """Areas of the squares, in proportion to the weights; the largest is 1."""
    weights = np.array([line.weight or 0.0 for line in lines if line.kind == "trial"])
    return weights / weights.max() if len(weights) and weights.max() > 0 else weights
