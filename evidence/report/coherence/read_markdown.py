"""Read a report in Markdown back: its tables, figures, references and words."""

from __future__ import annotations

import re
from html import unescape
from urllib.parse import unquote

from evidence.report.coherence.read_html import split_label
from evidence.report.coherence.record import ReadFigure, ReadForm, ReadTable

ANCHOR = re.compile(r'<a id="([^"]*)"></a>')
CITES = re.compile(r"<sup>((?:\[\d+\]\(#[^)]*\),?)+)</sup>")
CITED = re.compile(r"\[\d+\]\(#ref-([^)]*)\)")
LINK = re.compile(r"(?<![\\!])\[((?:[^\]\\]|\\.)*)\]\(([^)\s]*)\)")
IMAGE = re.compile(r"!\[((?:[^\]\\]|\\.)*)\]\(([^)\s]*)\)")
MARKS = re.compile(r"</?(?:strong|code|sup|b|i|em)>|<!-- -->|<br ?/?>")
RULE = re.compile(r"\|(?: ?:?-{3,}:? ?\|)+\s*")
CELL = re.compile(r"(?<!\\)\|")
FENCE = re.compile(r"(`{3,})(?:text)?\s*")
# A sign behind a backslash, or an entity: never both.
ESCAPED = re.compile(r"\\([!-/:-@\[-`{-~])|&(?:#\d+|\w+);")
ENTRY = re.compile(r"\d+\. ")


def read_markdown(file: str, text: str) -> ReadForm:
    """Read Markdown as the report writes it."""
    reader = _Reader()
    for line in text.splitlines():
        reader.line(line)
    reader.end_table()
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


def plain(text: str) -> str:
    r"""Take the marks off a text.

    Examples
    --------
    >>> plain(r"**a\_b** &#32; [Table 1](#t) \<i\>")
    'a_b   Table 1 <i>'
    """
    text = CITES.sub("", ANCHOR.sub("", text))
    text = LINK.sub(lambda m: m[1], IMAGE.sub("", text))
    text = MARKS.sub("", text)
    # A mark that stands behind a backslash is none.
    text = re.sub(r"(?<!\\)(\*\*|`+)", "", text)
    return ESCAPED.sub(lambda m: m[1] or unescape(m[0]), text)


class _Reader:
    """Reads line by line; a table begins below the line of its label."""

    def __init__(self) -> None:
        self.tables: dict[str, ReadTable] = {}
        self.figures: dict[str, ReadFigure] = {}
        self.words: list[str] = []
        self.links: list[tuple[str, str]] = []
        self.anchors: list[str] = []
        self.cited: list[str] = []
        self.references: list[str] = []
        self._rows: list[list[str]] = []
        self._label = ("", "", "")
        self._picture: tuple[str, str, str] | None = None
        self._fence = ""

    def line(self, line: str) -> None:
        if self._fence:
            self._fence = "" if line.strip() == self._fence else self._fence
            return
        fence = FENCE.fullmatch(line)
        if fence is not None:
            self._fence = fence[1]
            return
        self._marks(line)
        if line.startswith("|"):
            if not RULE.fullmatch(line):
                self._rows.append([plain(cell).strip() for cell in CELL.split(line)[1:-1]])
            return
        self.end_table()
        own = ANCHOR.findall(line)
        image = IMAGE.search(line)
        label, caption = split_label(plain(line))
        if image is not None:
            alt, source = plain(image[1]), unquote(image[2])
            self._picture = (own[-1] if own else f"figure {len(self.figures) + 1}", alt, source)
            self.figures[self._picture[0]] = ReadFigure("", "", alt, source=source)
        elif label.startswith("Table"):
            self._label = (own[-1] if own else label, label, caption)
        elif label and self._picture is not None:
            name, alt, source = self._picture
            self.figures[name] = ReadFigure(label, caption, alt, source=source)
            self._picture = None
        elif ENTRY.match(line) and any(x.startswith("ref-") for x in own):
            self.references.append(own[0].removeprefix("ref-"))
        else:
            self.words.append(plain(line.removeprefix("- ").lstrip("# ")))

    def _marks(self, line: str) -> None:
        self.anchors += [unescape(name) for name in ANCHOR.findall(line)]
        for cites in CITES.findall(line):
            self.cited += [unquote(key) for key in CITED.findall(cites)]
        for words, address in LINK.findall(CITES.sub("", line)):
            if address.startswith("#"):
                self.links.append((unquote(address[1:]), plain(words)))

    def end_table(self) -> None:
        """Keep the table that has been read."""
        if not self._rows:
            return
        anchor, label, caption = self._label
        name = anchor or f"table {len(self.tables) + 1}"
        head, *rows = (tuple(row) for row in self._rows)
        self.tables[name] = ReadTable(label, caption, head, tuple(rows))
        self._rows, self._label = [], ("", "", "")
