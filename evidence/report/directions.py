"""Effect-direction display, for questions on which nothing can be pooled.

After the Cochrane Handbook, chapter 12: each trial's stated direction, never a count of
significant results.
"""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

from evidence.report.forest_result import distinct_names
from evidence.report.result import QuestionResult

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MARKS = {
    "increase": ("^", "#de8f05", "higher with treatment"),
    "decrease": ("v", "#0173b2", "lower with treatment"),
    "no_change": ("s", "#949494", "said to be unchanged"),
    None: (None, "#949494", "no direction between the arms stated"),
}
TOP, ROW, FOOT = 0.62, 0.27, 0.42


def direction_rows(result: QuestionResult) -> list[tuple[str, str | None, str]]:
    """Rows of the display: trial, stated direction between the arms, what was said."""
    labels = [line.label for line in result.partial]
    names = distinct_names(labels, [line.treatment for line in result.partial])
    return [
        (name, line.direction, line.said or "in words only")
        for name, line in zip(names, result.partial, strict=True)
    ]


def direction_figure(result: QuestionResult) -> Figure:
    """Draw the display."""
    from matplotlib.figure import Figure

    rows = direction_rows(result)
    height = TOP + ROW * max(len(rows), 1) + FOOT
    figure = Figure(figsize=(9.6, height))
    ax = figure.add_axes((0.0, 0.0, 1.0, 1.0))
    ax.set_xlim(0, 1)
    ax.set_ylim(0, 1)
    ax.set_axis_off()
    ax.text(0.008, 1 - 0.2 / height, result.title, fontsize=10.5, weight="bold", va="center")
    line = 1 - (TOP - 0.12) / height
    ax.plot([0.005, 0.995], [line, line], color="#1a1a1a", lw=0.8)
    for i, (label, direction, said) in enumerate(rows):
        y = 1 - (TOP + ROW * (i + 0.5)) / height
        ax.text(0.008, y, label, fontsize=8.5, va="center")
        marker, color, _ = MARKS[direction]
        if marker is not None:
            ax.scatter([0.2], [y], marker=marker, s=46, color=color, linewidths=0)
        else:
            ax.text(0.2, y, "?", fontsize=8.5, ha="center", va="center", color=color)
        words = textwrap.shorten(said, width=108, placeholder=" ...")
        ax.text(0.225, y, words, fontsize=8.5, va="center", color="#444444")
    if not rows:
        ax.text(
            0.008, 1 - (TOP + ROW / 2) / height, "No trial reported this outcome.", fontsize=8.5
        )
    x, y = 0.008, 0.16 / height
    for key, (marker, color, words) in MARKS.items():
        if marker is None:
            ax.text(x, y, "?", fontsize=7.5, va="center", color=color)
        else:
            ax.scatter([x + 0.004], [y], marker=marker, s=26, color=color, linewidths=0)
        ax.text(x + 0.014, y, words, fontsize=7.5, va="center", color="#444444")
        x += 0.2 if key is not None else 0.0
    return figure
