"""Effect-direction display, for questions on which nothing can be pooled.

After the Cochrane Handbook, chapter 12: each study's direction, never a count of significant
results.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from evidence.report.figures.effect_direction import (
    CONFLICTING,
    LOOK,
    UNCHANGED,
    directions_frame,
    draw_directions,
)
from evidence.report.figures.plot import Plot
from evidence.report.forest.result import bare, distinct_names
from evidence.report.result import QuestionResult
from evidence.report.tables import Table
from evidence.report.wording import sign_sentence, told_of, unit_of_study

if TYPE_CHECKING:
    from matplotlib.figure import Figure

WIDTH = 243.8  # mm: as wide as a forest plot of a report


def direction_rows(result: QuestionResult) -> list[tuple[str, str | None, str]]:
    """Rows of the display: trial, stated direction between the arms, what was said."""
    labels = [line.label for line in result.partial]
    names = distinct_names(labels, [line.treatment for line in result.partial])
    return [
        (name, line.direction, line.said or "in words only")
        for name, line in zip(names, result.partial, strict=True)
    ]


def result_directions(result: QuestionResult) -> pd.DataFrame:
    """One line a study that told anything of the question: its direction, people, what was said."""
    lines = [line for lines in told_of(result).values() for line in lines]
    return directions_frame([line.model_dump() for line in lines], "")


def direction_words(result: QuestionResult) -> tuple[str, str, str]:
    """What up, down and unchanged mean."""
    if result.contrast == "association":
        return "positive association", "negative association", "no association"
    if result.contrast == "within":
        return "higher after treatment", "lower after treatment", UNCHANGED
    drug = bare(result.treatment)
    return f"higher with {drug}", f"lower with {drug}", UNCHANGED


def direction_plot(result: QuestionResult) -> Plot:
    """Draw the display of a question."""
    return draw_directions(
        result_directions(result),
        [] if result.contrast == "level" else [""],
        words=direction_words(result),
        title=result.title,
        width=WIDTH,
        nothing=f"No {unit_of_study(result)} reported this outcome.",
    )


def direction_figure(result: QuestionResult) -> Figure:
    """Draw the display as a figure for a page."""
    return direction_plot(result).figure


def direction_table(result: QuestionResult) -> Table | None:
    """The display as a table; None where no study told anything, or of a level."""
    if result.contrast == "level" or not told_of(result):
        return None
    words = dict(zip(LOOK, (*direction_words(result), CONFLICTING), strict=True))
    frame = result_directions(result)
    records = frame.astype(object).where(frame.notna(), None).to_dict("records")
    rows = tuple(
        (
            str(r["label"]),
            "not printed" if r["n"] is None else f"{r['n']:,}",
            words.get(r["direction"], "no direction stated"),
            str(r["results"]),
            str(r["said"]) or "in words only",
        )
        for r in records
    )
    head = (unit_of_study(result).capitalize(), "People", "Direction", "Results", "What was said")
    caption = sign_sentence(result) or "Fewer than two studies state a direction"
    return Table("Directions", head, rows, (1, 3), caption)
