"""The dumbbells of estimates that moved."""

from __future__ import annotations

import pandas as pd
import pytest
from change_samples import HOSTILE

from evidence.errors import ReportError
from evidence.report.figures.moved import COLUMNS, moved_plot, signed

ROW = ("Estradiol", "main", -2.0, -3.0, -1.0, 0.5, -1.0, -2.0, 0.0, 0.5, 0.0, "−2.0", "−1.0")


def frame(*rows: tuple[object, ...], **changes: object) -> pd.DataFrame:
    made = pd.DataFrame(list(rows), columns=list(COLUMNS), dtype=object)
    for name, value in changes.items():
        made[name] = value
    return made


def test_figures_are_in_standard_errors() -> None:
    plot = moved_plot(frame(ROW))
    row = plot.data.iloc[0]
    assert (row["new"], row["old_low"], row["new_high"], row["null"]) == (2.0, -2.0, 4.0, 4.0)
    assert "+2.00 standard errors" in plot.description
    assert plot.svg() == moved_plot(frame(ROW)).svg()


def test_the_error_is_the_root_mean_square_of_both() -> None:
    plot = moved_plot(frame(ROW, new_error=(0.5 * 7**0.5)))
    assert plot.data["new"].iloc[0] == pytest.approx(1.0)


def test_one_heading_a_question_and_a_mark_for_no_effect() -> None:
    second = (*ROW[:1], "Bayes", *ROW[2:])
    level = ("A level", *ROW[1:10], None, *ROW[11:])
    plot = moved_plot(frame(ROW, second, level))
    shown = [text.get_text() for text in plot.figure.axes[0].texts]
    assert shown.count("Estradiol") == 1
    assert {"main", "Bayes", "A level"} <= set(shown)
    reds = [line for line in plot.figure.axes[0].lines if line.get_color() == "#d55e00"]
    assert len(reds) == 2
    assert plot.data["null"].tolist() == [4.0, 4.0, None]


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_names(text: str) -> None:
    plot = moved_plot(frame((text, text, *ROW[2:])), before=text, after=text, title=text)
    assert b"<script>alert" not in plot.svg()


def test_many_lines() -> None:
    rows = [(f"Question {i}", *ROW[1:]) for i in range(40)]
    assert len(moved_plot(frame(*rows)).data) == 40


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"old": float("nan")}, r"rows\[0\].old"),
        ({"new": "2"}, r"rows\[0\].new"),
        ({"null": float("inf")}, r"rows\[0\].null"),
        ({"old_error": 0.0}, "standard error that is not positive"),
    ],
)
def test_figures_that_are_none_are_refused(changes: dict[str, object], problem: str) -> None:
    with pytest.raises(ReportError, match=problem):
        moved_plot(frame(ROW, **changes))


def test_frames_that_are_none_are_refused() -> None:
    with pytest.raises(ReportError, match="lacks null"):
        moved_plot(frame(ROW).drop(columns="null"))
    with pytest.raises(ReportError, match="has no rows"):
        moved_plot(frame())
    with pytest.raises(ReportError, match="wrong kind"):
        moved_plot([ROW])  # type: ignore[arg-type]
    with pytest.raises(ReportError, match="before"):
        moved_plot(frame(ROW), before=3)  # type: ignore[arg-type]


def test_signed() -> None:
    assert [signed(x) for x in (0.0, -0.004, 1.5, -2.25)] == ["0.00", "0.00", "+1.50", "−2.25"]
