"""Tables as CSV for other software: no figure rounded, no text that a spreadsheet would run."""

from __future__ import annotations

import csv
import io
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

# What spreadsheets take for the start of a formula, with the full-width signs that some fold.
FORMULA = ("=", "+", "-", "@", "\t", "\n", "＝", "＋", "－", "＠")
CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")


def clean_text(text: str) -> str:
    r"""Put the replacement character where a text has what no file may hold.

    Examples
    --------
    >>> clean_text("a\x00b")
    'a\ufffdb'
    """
    return CONTROL.sub("\ufffd", text)


def cell(value: Any) -> str:
    """Write a cell: numbers with all their digits, text that runs nowhere, nothing for None.

    Examples
    --------
    >>> cell(-0.1), cell("-0.1"), cell("=1+1"), cell(None), cell(3)
    ('-0.1', "'-0.1", "'=1+1", '', '3')
    """
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return repr(float(value)) if math.isfinite(value) else ""
    # The csv module leaves a lone carriage return bare, and readers take it for a line's end.
    text = clean_text(str(value)).replace("\r\n", "\n").replace("\r", "\n")
    return f"'{text}" if text.lstrip(" \u00a0").startswith(FORMULA) else text


def csv_file(columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> bytes:
    r"""Write a CSV: UTF-8, comma, newline.

    Examples
    --------
    >>> csv_file(["a", "b"], [{"a": "x,y", "b": 0.1}])
    b'a,b\n"x,y",0.1\n'
    """
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow([cell(name) for name in columns])
    writer.writerows([cell(row.get(name)) for name in columns] for row in rows)
    return buffer.getvalue().encode("utf-8")


def file_name(text: str) -> str:
    """Make a name for a file of a question's or a report's name.

    Examples
    --------
    >>> file_name("../spine bmd")
    'spine_bmd'
    """
    return re.sub(r"[^A-Za-z0-9_-]+", "_", text).strip("_")[:80] or "unnamed"
