"""The files of a report: JSON and CSV written the same way each time."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from evidence.report.result import EffectLine, PartialLine, QuestionResult, ResultFile, UnusedLine

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\n")


def json_bytes(value: Any) -> bytes:
    """Write JSON for people and diffs: indented, UTF-8, one newline at the end."""
    text = json.dumps(value, indent=1, ensure_ascii=False, allow_nan=False)
    return (text + "\n").encode("utf-8")


def result_bytes(result: ResultFile) -> bytes:
    """Write ``result.json``."""
    return json_bytes(result.model_dump(mode="json"))


def safe_cell(value: Any) -> Any:
    """Keep a spreadsheet from running a text cell as a formula.

    Examples
    --------
    >>> safe_cell("=1+1"), safe_cell(-1.5), safe_cell(None)
    ("'=1+1", -1.5, '')
    """
    if value is None:
        return ""
    if not isinstance(value, str):
        return value
    # The csv module leaves a lone carriage return bare, and readers take it for a line's end.
    text = value.replace("\r\n", "\n").replace("\r", "\n")
    return f"'{text}" if text.lstrip(" ").startswith(FORMULA_STARTS) else text


def csv_bytes(columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> bytes:
    """Write a CSV: UTF-8, comma, newline, ten significant digits."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(columns)
    for row in rows:
        writer.writerow([_digits(safe_cell(row.get(name))) for name in columns])
    return buffer.getvalue().encode("utf-8")


def _digits(value: Any) -> Any:
    return f"{value:.10g}" if isinstance(value, float) else value


def effects_csv(result: ResultFile) -> bytes:
    """Every effect that was used, one line each."""
    columns = ["question", "measure", "unit", *(n for n in EffectLine.model_fields if n != "shown")]
    rows = [
        {"question": q.id, "measure": q.measure, "unit": q.unit, **line.model_dump()}
        for q in result.questions
        for line in q.effects
    ]
    ends = ["shown_estimate", "shown_low", "shown_high"]
    for row in rows:
        back = row.pop("shown")
        row.update(zip(ends, (back["estimate"], back["low"], back["high"]), strict=True))
    return csv_bytes([*columns, *ends], rows)


def partial_csv(result: ResultFile) -> bytes:
    """What was reported only in part, one line each."""
    return _lines(result, list(PartialLine.model_fields), "partial")


def unused_csv(result: ResultFile) -> bytes:
    """What could not be used, one line each."""
    return _lines(result, list(UnusedLine.model_fields), "unused")


def _lines(result: ResultFile, columns: list[str], name: str) -> bytes:
    rows = [
        {"question": q.id, **line.model_dump()} for q in result.questions for line in _of(q, name)
    ]
    return csv_bytes(["question", *columns], rows)


def _of(question: QuestionResult, name: str) -> tuple[PartialLine | UnusedLine, ...]:
    found: tuple[PartialLine | UnusedLine, ...] = getattr(question, name)
    return found
