"""Read a PDF of a report back through its structure: tables by cell, figures with their words."""

from __future__ import annotations

import io
import logging
import re
from dataclasses import dataclass, field
from typing import Any

from evidence.errors import Problem, ReportError
from evidence.report.coherence.pdf_text import fonts_of, words_of
from evidence.report.coherence.read_html import split_label
from evidence.report.coherence.record import ReadFigure, ReadForm, ReadTable

# Numbers of references; what is longer is the number of a record in a library.
NUMBERS = re.compile(r"[\s,;\u2013-]*\d{1,4}(?:[\s,;\u2013-]+\d{1,4})*[\s,;]*")
RIGHT = "build the report anew"
# Deeper than any report; a structure that leads back into itself would have no end.
DEEPEST = 60


def read_pdf(file: str, content: bytes) -> ReadForm:
    """Read a tagged PDF.

    Raises
    ------
    ReportError
        If it cannot be read, or has no structure.
    """
    from pypdf import PdfReader
    from pypdf.errors import PyPdfError

    # What pypdf mends in passing is told by the error or by what is missing, not on the screen.
    logging.getLogger("pypdf").addHandler(logging.NullHandler())
    try:
        reader = PdfReader(io.BytesIO(content), strict=True)
        root = reader.root_object.get("/StructTreeRoot")
        if root is None:
            raise ReportError("a PDF cannot be read", [Problem(file, "is not tagged", RIGHT)])
        pages = {
            page.indirect_reference.idnum: words_of(_content(page), fonts_of(page))
            for page in reader.pages
            if page.indirect_reference is not None
        }
        found = _Gathered(pages)
        found.walk(root.get_object().get("/K"), None, 0)
    except (PyPdfError, KeyError, ValueError, TypeError, AttributeError, RecursionError) as error:
        problem = Problem(file, f"is damaged: {type(error).__name__}: {error}"[:200], RIGHT)
        raise ReportError("a PDF cannot be read", [problem]) from None
    return found.form(file)


def _content(page: Any) -> bytes:
    contents = page.get_contents()
    return b"" if contents is None else bytes(contents.get_data())


@dataclass(slots=True)
class _Table:
    caption: str = ""
    head: list[str] = field(default_factory=list)
    rows: list[tuple[str, ...]] = field(default_factory=list)


@dataclass(slots=True)
class _Gathered:
    """What a walk through the structure finds; pages by number, then by mark."""

    pages: dict[int, dict[int, str]]
    tables: dict[str, ReadTable] = field(default_factory=dict)
    figures: dict[str, ReadFigure] = field(default_factory=dict)
    words: list[str] = field(default_factory=list)
    cited: list[str] = field(default_factory=list)
    references: list[str] = field(default_factory=list)

    def form(self, file: str) -> ReadForm:
        return ReadForm(
            file=file,
            tables=self.tables,
            figures=self.figures,
            text=" ".join(" ".join(self.words).split()),
            cited=tuple(self.cited),
            references=tuple(self.references),
        )

    def walk(self, node: Any, page: int | None, depth: int) -> None:
        node = _plain(node)
        if isinstance(node, list):
            for one in node:
                self.walk(one, page, depth)
            return
        if not isinstance(node, dict) or depth > DEEPEST:
            self.words.append(self.text(node, page, depth))
            return
        kind, page = node.get("/S"), _page(node, page)
        if kind == "/Table":
            self._table(node, page, depth, "")
        elif kind == "/Figure":
            self._figure(node, page, depth, "")
        elif kind in ("/P", "/H1", "/H2", "/H3", "/H4", "/Title", "/LBody"):
            self.words.append(self.text(node, page, depth))
        elif kind == "/Lbl":
            self.references += re.findall(r"^\s*(\d+)\.?\s*$", self.text(node, page, depth))
        elif kind == "/TOC":
            return
        elif kind is not None and not self._captioned(node, page, depth):
            self.walk(node.get("/K"), page, depth + 1)

    def _captioned(self, node: Any, page: int | None, depth: int) -> bool:
        """Read a caption with the table or picture beside it; False where there is none."""
        below = node.get("/K")
        below = _plain(below)
        parts = [_plain(one) for one in below] if isinstance(below, list) else []
        named = [p for p in parts if isinstance(p, dict)]
        told = [p for p in named if p.get("/S") == "/Caption"]
        if len(told) != 1:
            return False
        caption = self.text(told[0], _page(told[0], page), depth)
        for part in named:
            if part is not told[0]:
                self._told(part, _page(part, page), depth, caption)
        return True

    def _told(self, node: Any, page: int | None, depth: int, caption: str) -> None:
        """Find the table or picture that a caption belongs to, however deep it stands."""
        node = _plain(node)
        if isinstance(node, list):
            for one in node:
                self._told(one, page, depth, caption)
        elif isinstance(node, dict) and depth <= DEEPEST:
            page = _page(node, page)
            if node.get("/S") == "/Table":
                self._table(node, page, depth, caption)
            elif node.get("/S") == "/Figure":
                self._figure(node, page, depth, caption)
            else:
                self._told(node.get("/K"), page, depth + 1, caption)

    def text(self, node: Any, page: int | None, depth: int) -> str:
        """Words below a node; numbers that cite are gathered apart."""
        node = _plain(node)
        if isinstance(node, list):
            return "".join(self.text(one, page, depth) for one in node)
        if isinstance(node, int):
            return self.pages.get(page or 0, {}).get(int(node), "")
        if not isinstance(node, dict) or depth > DEEPEST:
            return ""
        page = _page(node, page)
        if node.get("/Type") == "/MCR":
            return self.pages.get(page or 0, {}).get(int(node.get("/MCID", -1)), "")
        if node.get("/Type") == "/OBJR":
            return ""
        words = self.text(node.get("/K"), page, depth + 1)
        if node.get("/S") == "/Link" and NUMBERS.fullmatch(words):
            # Numbers that lead somewhere are citations: no figures of the report.
            self.cited += re.findall(r"\d+", words)
            return ""
        return words

    def _table(self, node: Any, page: int | None, depth: int, caption: str) -> None:
        table = _Table(caption)
        self._parts(node.get("/K"), page, depth, table, head=False)
        label, caption = split_label(table.caption)
        name = label or f"table {len(self.tables) + 1}"
        name = name if name not in self.tables else f"{name} again"
        self.tables[name] = ReadTable(label, caption, tuple(table.head), tuple(table.rows))

    def _parts(self, node: Any, page: int | None, depth: int, table: _Table, *, head: bool) -> None:
        node = _plain(node)
        if isinstance(node, list):
            for one in node:
                self._parts(one, page, depth, table, head=head)
        if not isinstance(node, dict) or depth > DEEPEST:
            return
        kind, page = node.get("/S"), _page(node, page)
        if kind == "/Caption":
            table.caption += self.text(node, page, depth)
        elif kind == "/TR":
            cells = tuple(self._cells(node.get("/K"), page, depth))
            if head:
                table.head += cells
            else:
                table.rows.append(cells)
        else:
            self._parts(node.get("/K"), page, depth + 1, table, head=head or kind == "/THead")

    def _cells(self, node: Any, page: int | None, depth: int) -> list[str]:
        node = _plain(node)
        found = []
        for one in node if isinstance(node, list) else [node]:
            cell = _plain(one)
            if isinstance(cell, dict) and cell.get("/S") in ("/TD", "/TH"):
                words = self.text(cell, page, depth + 1)
                found.append(" ".join(words.split()))
        return found

    def _figure(self, node: Any, page: int | None, depth: int, caption: str) -> None:
        words = self.text(node.get("/K"), _page(node, page), depth)
        label, caption = split_label(caption)
        name = label or f"figure {len(self.figures) + 1}"
        name = name if name not in self.figures else f"{name} again"
        alt = str(node.get("/Alt", ""))
        self.figures[name] = ReadFigure(label, caption, alt, words=words)


def _plain(node: Any) -> Any:
    return node.get_object() if hasattr(node, "get_object") else node


def _page(node: Any, page: int | None) -> int | None:
    own = node.raw_get("/Pg") if "/Pg" in node else None
    return page if own is None else int(own.idnum)
