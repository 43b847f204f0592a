"""How a result shows itself in a notebook: the text and the tables that ``print`` shows, as HTML.

No scripts, no pictures, nothing from elsewhere, and no colours: a table takes those of the page,
light or dark. Text from data is escaped, and signs that nobody sees are made visible.
"""

from __future__ import annotations

import dataclasses
import html
import math
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from evidence.catalog.phrases import counted, folded, unfolded

if TYPE_CHECKING:
    import pandas as pd

    Shown = pd.DataFrame | pd.Series

ROWS, COLUMNS, WORDS, ITEMS = 20, 16, 400, 8
BOX = "overflow-x:auto;max-width:100%"
TABLE = "border-collapse:collapse;margin:0.3em 0"
CAPTION = "caption-side:top;text-align:left;font-weight:bold;white-space:nowrap;padding:0 0 0.3em"
CELL = "text-align:{side};vertical-align:top;padding:0.15em 0.7em"
# A line of a summary: "  pooled      0.5 (...)", or "  prior of mu: flat".
WIDE = re.compile(r"^\s+(\S.*?)\s{2,}(\S.*)$")
COLON = re.compile(r"^\s+([^:;,]{1,40}): (\S.*)$")
NOTE = re.compile(r"^\s*note: (.*)$")
MISSING = ("", "\N{EN DASH}")
NAMED = ("id", "name", "label", "key")
NUMBER = re.compile(r"^[<>]?\s?[-\u2212+]?\d[\d.,e+-]*\s?%?$")


def html_of(title: str, notes: Iterable[str] = (), *tables: tuple[str, Shown]) -> str:
    """Write a title, notes and tables with captions as HTML for a notebook.

    Parameters
    ----------
    title : str
    notes : iterable of str
        Lines below the title.
    tables : (str, DataFrame or Series)
        A caption and what it heads; cut, and saying so, after 20 rows and 16 columns. Tables
        without rows say that there are none.

    Examples
    --------
    >>> import pandas as pd
    >>> shown = html_of("Two <trials>", ["a note"], ("Effects", pd.DataFrame({"estimate": [0.5]})))
    >>> "Two &lt;trials&gt;" in shown, "0.5</td>" in shown
    (True, True)
    """
    parts = [f"<p><strong>{words(title)}</strong></p>"]
    parts += [f"<p>{words(note)}</p>" for note in notes]
    return boxed(*parts, *(_framed(caption, shown) for caption, shown in tables))


def html_of_text(text: object, *tables: tuple[str, Shown]) -> str:
    r"""Write a summary of lines as a table under its first line, notes, and further tables.

    Examples
    --------
    >>> shown = html_of_text("Fit of 3 effects\n  pooled    0.5\n  note: few")
    >>> [part in shown for part in ('<th scope="row"', ">pooled</th>", "<p>Note: few</p>")]
    [True, True, True]
    """
    head, *lines = unfolded(str(text))
    notes = [found[1] for line in lines if (found := NOTE.match(line))]
    pairs = _pairs([line for line in lines if line.strip() and not NOTE.match(line)])
    if not pairs and ": " in head:
        # One line only: what is before the colon heads what follows.
        head, rest = head.split(": ", 1)
        pairs = [(None, part) for part in rest.split("; ")]
    shown = _lines(head, pairs) if pairs else f"<p><strong>{words(head)}</strong></p>"
    parts = [shown, *(f"<p>Note: {words(note)}</p>" for note in notes)]
    return boxed(*parts, *(_framed(caption, frame) for caption, frame in tables))


def html_of_record(record: Any, title: str = "") -> str:
    """Write the fields of a record: single values in one table, each frame in its own.

    Examples
    --------
    >>> from evidence.catalog.number import Source
    >>> shown = html_of_record(Source("leder-2004", "abstract", "primary_abstract", None))
    >>> "Source" in shown, ">leder-2004</td>" in shown, "url" in shown
    (True, True, False)
    """
    pairs, frames, notes = _taken(record, "")
    head = title or _spaced(type(record).__name__)
    single = [_lines(head, pairs)] if pairs else [f"<p><strong>{words(head)}</strong></p>"]
    return boxed(
        *single,
        *(f"<p>Note: {words(note)}</p>" for note in notes),
        *(_framed(caption, frame) for caption, frame in frames),
    )


def text_of_record(record: Any, title: str = "") -> str:
    """Write the fields of a record for ``print``: values in lines, of each frame its size.

    Examples
    --------
    >>> from evidence.catalog.number import Source
    >>> print(text_of_record(Source("leder-2004", "abstract", "primary_abstract", None)))
    Source
      report   leder-2004
      locator  abstract
      read     primary_abstract
    """
    pairs, frames, notes = _taken(record, "")
    lines = [(label or "", said) for label, said in pairs]
    lines += [(label, size_of(frame)) for label, frame in frames]
    width = max((len(label) for label, _ in lines), default=0)
    shown = [f"  {label:<{width}}  {plain(said)}".rstrip() for label, said in lines]
    told = [f"  note: {note}" for note in notes]
    return folded("\n".join([title or _spaced(type(record).__name__), *shown, *told]))


def size_of(frame: Shown) -> str:
    """Write how large a table is."""
    if frame.ndim == 1:
        return counted(len(frame), "value")
    return f"{counted(len(frame), 'row')} of {counted(frame.shape[1], 'column')}"


def plain(text: object) -> str:
    """Put text on one line, with what would be invisible in it shown."""
    return html.unescape(words(text))


def boxed(*parts: str) -> str:
    """Put pieces of HTML into one box that scrolls sideways where they are wide."""
    return f'<div class="evidence-result" style="{BOX}">{"".join(parts)}</div>'


def words(text: object) -> str:
    r"""Escape text, and show what would be invisible: control and direction signs as ``U+202E``.

    Examples
    --------
    >>> words("a<b>\u202e")
    'a&lt;b&gt;[U+202E]'
    """
    seen = "".join(
        f"[U+{ord(c):04X}]" if unicodedata.category(c) in ("Cc", "Cf", "Cs", "Zl", "Zp") else c
        for c in str(text).replace("\n", " ").replace("\t", " ")
    )
    return html.escape(seen)


def cell_text(value: object) -> str:
    """Write one value: numbers to four significant digits as the summaries do, long text cut.

    Examples
    --------
    >>> [cell_text(value) for value in (0.123456, 3, None, float("nan"), True)]
    ['0.1235', '3', '\N{EN DASH}', '\N{EN DASH}', 'True']
    """
    kind = getattr(getattr(value, "dtype", None), "kind", "")
    if value is None or type(value).__name__ in ("NAType", "NaTType"):
        return "\N{EN DASH}"
    if isinstance(value, float) or kind == "f":
        number = float(value)  # type: ignore[arg-type]
        return "\N{EN DASH}" if math.isnan(number) else f"{number:.4g}"
    text = str(value)
    return text if len(text) <= WORDS else text[: WORDS - 1] + "\N{HORIZONTAL ELLIPSIS}"


def _pairs(lines: Sequence[str]) -> list[tuple[str | None, str]]:
    """Split lines into a label and what it says; None where a line has no label.

    A label that fills its column has one space behind it, and is known by the others' width.
    """
    wide = [WIDE.match(line) for line in lines]
    starts = sorted({found.start(2) for found in wide if found})
    pairs: list[tuple[str | None, str]] = []
    for line, found in zip(lines, wide, strict=True):
        if found := found or COLON.match(line):
            pairs.append((found[1], found[2]))
            continue
        ends = [n for n in starts if line[n - 1 : n] == " " and line[n : n + 1].strip()]
        pairs.append((line[: ends[0]].strip(), line[ends[0] :]) if ends else (None, line.strip()))
    return pairs


def _lines(caption: str, pairs: Sequence[tuple[str | None, str]]) -> str:
    """Write labels and what they say; a line without a label takes both columns."""
    left = CELL.format(side="left")
    rows = [
        f'<tr><th scope="row" style="{left}">{words(label)}</th>'
        f'<td style="{left}">{words(said)}</td></tr>'
        if label is not None
        else f'<tr><td colspan="2" style="{left}">{words(said)}</td></tr>'
        for label, said in pairs
    ]
    return (
        f'<table style="{TABLE}"><caption style="{CAPTION}">{words(caption)}</caption>'
        f"<tbody>{''.join(rows)}</tbody></table>"
    )


def _framed(caption: str, shown: Any) -> str:
    """Write a frame with its index, cut after so many rows and columns; numbers flush right."""
    frame = shown.to_frame() if shown.ndim == 1 else shown
    if not len(frame):
        return f"<p>{words(caption)}: none</p>"
    # A plain count of rows tells nothing; any other index names them.
    plain = frame.index.name is None and type(frame.index).__name__ == "RangeIndex"
    names = [] if plain else [" / ".join(str(n) for n in frame.index.names if n is not None)]
    columns = [str(name) for name in frame.columns[:COLUMNS]]
    cells = [
        [_value(cell) for cell in row]
        for row in frame.iloc[:ROWS, :COLUMNS].astype(object).itertuples(index=False, name=None)
    ]
    if (over := len(frame.columns) - len(columns)) > 0:
        columns.append(f"\N{HORIZONTAL ELLIPSIS} {over} more column{'s' if over > 1 else ''}")
        cells = [[*row, ""] for row in cells]
    sides = ["left"] * len(names) + [
        "right" if all(NUMBER.match(cell) or cell in MISSING for cell in column) else "left"
        for column in zip(*cells, strict=True)
    ]
    body = [
        _row([] if plain else [_named(index)], row, sides)
        for index, row in zip(frame.index[:ROWS], cells, strict=True)
    ]
    left = CELL.format(side="left")
    if (below := len(frame) - len(body)) > 0:
        told = f"\N{HORIZONTAL ELLIPSIS} {below:,} more row{'s' if below > 1 else ''}"
        body.append(f'<tr><td colspan="{len(sides)}" style="{left}">{told}</td></tr>')
    head = "".join(
        f'<th scope="col" style="{CELL.format(side=side)}">{words(name)}</th>'
        if name
        else "<td></td>"
        for name, side in zip(names + columns, sides, strict=True)
    )
    above = f'<caption style="{CAPTION}">{words(caption)}</caption>' if caption else ""
    return (
        f'<table style="{TABLE}">{above}<thead><tr>{head}</tr></thead>'
        f"<tbody>{''.join(body)}</tbody></table>"
    )


def _row(names: Sequence[str], cells: Sequence[str], sides: Sequence[str]) -> str:
    left = CELL.format(side="left")
    first = "".join(f'<th scope="row" style="{left}">{words(name)}</th>' for name in names)
    rest = "".join(
        f'<td style="{CELL.format(side=side)}">{words(cell)}</td>'
        for cell, side in zip(cells, sides[len(names) :], strict=True)
    )
    return f"<tr>{first}{rest}</tr>"


def _named(index: object) -> str:
    parts = index if isinstance(index, tuple) else (index,)
    return " / ".join(cell_text(part) for part in parts)


def _taken(
    record: Any, before: str
) -> tuple[list[tuple[str | None, str]], list[tuple[str, Shown]], list[str]]:
    """Fields of a record as single values, frames and notes; records in it, taken apart."""
    pairs: list[tuple[str | None, str]] = []
    frames: list[tuple[str, Shown]] = []
    notes: list[str] = []
    for name, value in _fields(record):
        label = f"{before}{_spaced(name)}"
        if value is None or (isinstance(value, str | tuple | Mapping) and not len(value)):
            continue
        if hasattr(value, "iloc"):
            frames.append((label, value))
        elif name == "notes":
            notes += list(value)
        elif _fields(value) and not hasattr(value, "_repr_html_"):
            inner = _taken(value, f"{label}: ")
            pairs, frames, notes = pairs + inner[0], frames + inner[1], notes + inner[2]
        else:
            pairs.append((label, _value(value)))
    return pairs, frames, notes


def _fields(record: Any) -> list[tuple[str, Any]]:
    """Public fields of a dataclass, a named tuple or a pydantic model; none of anything else."""
    if isinstance(record, type):
        return []
    if dataclasses.is_dataclass(record):
        names = [field.name for field in dataclasses.fields(record)]
    else:
        kind: Any = type(record)
        names = list(getattr(kind, "_fields", ()) or getattr(kind, "model_fields", ()))
    return [(name, getattr(record, name)) for name in names if not name.startswith("_")]


def _value(value: object) -> str:
    """Write a value in few words: lists by their first items, a record by its first line."""
    shape = getattr(value, "shape", ())
    if isinstance(value, Mapping):
        items = [f"{key}: {_value(item)}" for key, item in list(value.items())[:ITEMS]]
        return _some(items, len(value), "; ")
    if isinstance(value, tuple | list | set | frozenset) or (shape and hasattr(value, "tolist")):
        if len(shape) > 1:
            return " \N{MULTIPLICATION SIGN} ".join(map(str, shape)) + " numbers"
        held = sorted(value) if isinstance(value, set | frozenset) else list(value)  # type: ignore[call-overload]
        return _some([_value(item) for item in held[:ITEMS]], len(held), ", ")
    if _fields(value) or hasattr(value, "_repr_html_"):
        named = [said for name, said in _fields(value) if name in NAMED]
        told = str(value).split("\n", 1)[0]
        plain = told.startswith(f"{type(value).__name__}(")
        return cell_text(named[0] if named else _spaced(type(value).__name__) if plain else told)
    return cell_text(value)


def _some(items: Sequence[str], of: int, between: str) -> str:
    told = between.join(items)
    if of <= len(items):
        return told
    return f"{told}{between}\N{HORIZONTAL ELLIPSIS} {of - len(items):,} more"


def _spaced(name: str) -> str:
    """``tau2_std_error`` and ``NodeSplit`` as words."""
    apart = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name).replace("_", " ").strip()
    return apart if name[:1].islower() else apart.capitalize()
