"""The files of a report: JSON and CSV written the same way each time."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from evidence.report.exchange.cells import csv_file
from evidence.report.result import EffectLine, PartialLine, QuestionResult, ResultFile, UnusedLine


def json_bytes(value: Any) -> bytes:
    """Write JSON for people and diffs: indented, UTF-8, one newline at the end."""
    text = json.dumps(value, indent=1, ensure_ascii=False, allow_nan=False)
    return (text + "\n").encode("utf-8")


def result_bytes(result: ResultFile) -> bytes:
    """Write ``result.json``."""
    return json_bytes(result.model_dump(mode="json"))


def csv_bytes(columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> bytes:
    r"""Write a CSV of a report: ten significant digits, as many as its result has.

    Examples
    --------
    >>> csv_bytes(["a", "b"], [{"a": "=1+1", "b": 1 / 3}])
    b"a,b\n'=1+1,0.3333333333\n"
    """
    return csv_file(columns, rows, digits=10)


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
