"""Tables as CSV: the one writer of them all, and no text that a spreadsheet would run."""

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


def cell(value: Any, *, digits: int | None = None) -> str:
    """Write a cell: a number as one, text that runs nowhere, nothing for None and for no number.

    Parameters
    ----------
    value : object
    digits : int, optional
        Significant digits of floats; all that they have where absent.

    Examples
    --------
    >>> cell(-0.1), cell("-0.1"), cell("=1+1"), cell(None), cell(3), cell(True)
    ('-0.1', "'-0.1", "'=1+1", '', '3', 'true')
    >>> cell(1 / 3), cell(1 / 3, digits=10)
    ('0.3333333333333333', '0.3333333333')
    """
    if value is None:
        return ""
    if hasattr(value, "item"):
        # Numbers of NumPy are no numbers to isinstance, all but its floats.
        value = value.item()
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        if math.isnan(value):
            return ""
        return repr(float(value)) if digits is None else f"{value:.{digits}g}"
    # The csv module leaves a lone carriage return bare, and readers take it for a line's end.
    text = clean_text(str(value)).replace("\r\n", "\n").replace("\r", "\n")
    return f"'{text}" if text.lstrip(" \u00a0").startswith(FORMULA) else text


def csv_file(
    columns: Sequence[str], rows: Iterable[Mapping[str, Any]], *, digits: int | None = None
) -> bytes:
    r"""Write a CSV: UTF-8, comma, newline.

    Parameters
    ----------
    columns : sequence of str
    rows : iterable of mappings
        What a row does not have stays empty.
    digits : int, optional
        Significant digits of floats; all that they have where absent.

    Examples
    --------
    >>> csv_file(["a", "b"], [{"a": "x,y", "b": 0.1}])
    b'a,b\n"x,y",0.1\n'
    """
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow([cell(name) for name in columns])
    writer.writerows([cell(row.get(name), digits=digits) for name in columns] for row in rows)
    return buffer.getvalue().encode("utf-8")


def file_name(text: str) -> str:
    """Make a name for a file of a question's or a report's name.

    Examples
    --------
    >>> file_name("../spine bmd")
    'spine_bmd'
    """
    return re.sub(r"[^A-Za-z0-9_-]+", "_", text).strip("_")[:80] or "unnamed"
