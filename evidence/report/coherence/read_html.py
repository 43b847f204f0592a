"""Read a page of a report back: its tables, figures, references and words."""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass, field
from html.parser import HTMLParser

from evidence.report.coherence.record import ReadFigure, ReadForm, ReadTable

LABEL = re.compile(r"\s*((?:Figure|Table) S?[0-9]+)\.?\s*")
VOID = ("meta", "link", "br", "img", "hr", "wbr", "input", "col", "base")


def read_html(file: str, text: str) -> ReadForm:
    """Read a page, as far as its marks go; what it lacks is missing in the form."""
    reader = _Reader()
    reader.feed(text)
    reader.close()
    return ReadForm(
        file=file,
        tables=reader.tables,
        figures=reader.figures,
        text=" ".join(" ".join(reader.words).split()),
        links=tuple(reader.links),
        anchors=tuple(reader.anchors),
        cited=tuple(reader.cited),
        references=tuple(reader.references),
    )


def split_label(text: str) -> tuple[str, str]:
    """Take the label off a caption.

    Examples
    --------
    >>> split_label("Table S2. What there is"), split_label("What there is")
    (('Table S2', 'What there is'), ('', 'What there is'))
    """
    plain = " ".join(text.split())
    found = LABEL.match(plain)
    return (found.group(1), plain[found.end() :]) if found else ("", plain)


def data_of(address: str) -> bytes:
    """The picture that stands in an address; empty where none does."""
    kind, _, code = address.partition(";base64,")
    if not kind.startswith("data:image/"):
        return b""
    try:
        return base64.b64decode(code, validate=True)
    except (binascii.Error, ValueError):
        return b""


@dataclass(slots=True)
class _Table:
    anchor: str
    caption: str = ""
    head: list[str] = field(default_factory=list)
    rows: list[list[str]] = field(default_factory=list)
    in_head: bool = False


@dataclass(slots=True)
class _Figure:
    anchor: str
    caption: str = ""
    alt: str = ""
    image: bytes = b""


class _Reader(HTMLParser):
    """Gathers what is wanted; one open table and figure at a time, as a report has them."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.tables: dict[str, ReadTable] = {}
        self.figures: dict[str, ReadFigure] = {}
        self.words: list[str] = []
        self.links: list[tuple[str, str]] = []
        self.anchors: list[str] = []
        self.cited: list[str] = []
        self.references: list[str] = []
        self._table: _Table | None = None
        self._figure: _Figure | None = None
        self._open: list[tuple[str, str]] = []
        self._target: str | None = None
        self._linked = ""

    def _inside(self, tag: str, kind: str = "") -> bool:
        return any(t == tag and (not kind or c == kind) for t, c in self._open)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if "id" in given:
            self.anchors.append(given["id"])
        if tag not in VOID:
            self._open.append((tag, given.get("class", "")))
        if tag == "table":
            self._table = _Table(given.get("id", f"table {len(self.tables) + 1}"))
        elif tag == "figure":
            self._figure = _Figure(given.get("id", f"figure {len(self.figures) + 1}"))
        elif tag == "img":
            self._picture(given)
        elif tag == "a" and given.get("href", "").startswith("#"):
            self._target, self._linked = given["href"][1:], ""
        elif tag == "li" and given.get("id", "").startswith("ref-"):
            self.references.append(given["id"].removeprefix("ref-"))
        elif self._table is not None:
            self._start_cell(tag, self._table)

    def _picture(self, given: dict[str, str]) -> None:
        image = data_of(given.get("src", ""))
        if self._figure is None:
            name = f"figure {len(self.figures) + 1}"
            self.figures[name] = ReadFigure("", "", given.get("alt", ""), image)
            return
        self._figure.alt, self._figure.image = given.get("alt", ""), image

    def _start_cell(self, tag: str, table: _Table) -> None:
        if tag == "thead":
            table.in_head = True
        elif tag == "tr" and not table.in_head:
            table.rows.append([])
        elif tag == "th" and table.in_head:
            table.head.append("")
        elif tag in ("td", "th") and table.rows:
            table.rows[-1].append("")

    def handle_endtag(self, tag: str) -> None:
        if tag == "a" and self._target is not None:
            if self._inside("sup", "cite"):
                self.cited.append(self._target.removeprefix("ref-"))
            else:
                self.links.append((self._target, " ".join(self._linked.split())))
            self._target = None
        if tag == "thead" and self._table is not None:
            self._table.in_head = False
        elif tag == "table" and self._table is not None:
            t = self._table
            label, caption = split_label(t.caption)
            rows = tuple(tuple(row) for row in t.rows)
            self.tables[t.anchor] = ReadTable(label, caption, tuple(t.head), rows)
            self._table = None
        elif tag == "figure" and self._figure is not None:
            f = self._figure
            label, caption = split_label(f.caption)
            self.figures[f.anchor] = ReadFigure(label, caption, f.alt, f.image)
            self._figure = None
        for i in range(len(self._open) - 1, -1, -1):
            if self._open[i][0] == tag:
                del self._open[i:]
                break

    def handle_data(self, data: str) -> None:
        if self._target is not None:
            self._linked += data
        if self._inside("sup", "cite") or self._inside("style") or self._inside("pre"):
            return
        table = self._table
        if table is not None:
            if self._inside("caption"):
                table.caption += data
            elif self._inside("thead") and table.head:
                table.head[-1] += data
            elif self._inside("td") and table.rows and table.rows[-1]:
                table.rows[-1][-1] += data
        elif self._figure is not None and self._inside("figcaption"):
            self._figure.caption += data
        else:
            self.words.append(data)
