"""Read a Word file of a report back: a package of XML parts, without Word's own library."""

from __future__ import annotations

import io
import re
import struct
import zipfile
import zlib
from dataclasses import dataclass, field
from typing import Any
from xml.etree.ElementTree import Element, ParseError, fromstring

from evidence.errors import Problem, ReportError
from evidence.report.coherence.read_html import split_label
from evidence.report.coherence.record import ReadFigure, ReadForm, ReadTable

W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
R = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}"
A = "{http://schemas.openxmlformats.org/drawingml/2006/main}"
WP = "{http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing}"
RELATIONS = "word/_rels/document.xml.rels"
RIGHT = "build the report anew"
# What the packages of Python raise at a package that is none any more.
DAMAGED = (
    zipfile.BadZipFile, zipfile.LargeZipFile, zlib.error, struct.error, KeyError, ValueError,
    EOFError, OSError, NotImplementedError, RuntimeError,
)  # fmt: skip
# Bytes of a part that is read: far above any report, far below what fills a machine's memory.
MOST = 200_000_000


def read_docx(file: str, content: bytes) -> ReadForm:
    """Read a Word file; tables and figures are known by their labels.

    Raises
    ------
    ReportError
        If the package is damaged or one of its parts declares entities.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as package:
            document = _xml(package, "word/document.xml")
            targets = {
                r.attrib["Id"]: r.attrib["Target"]
                for r in _xml(package, RELATIONS)
                if r.attrib.get("TargetMode") != "External"
            }
            body = document.find(f"{W}body")
            if body is None:
                raise ValueError("has no body")
            found = _Gathered(package, targets)
            found.blocks(body)
    except (*DAMAGED, ParseError) as error:
        problem = Problem(file, f"is damaged: {type(error).__name__}: {error}"[:200], RIGHT)
        raise ReportError("a Word file cannot be read", [problem]) from None
    return found.form(file)


def _bytes(package: zipfile.ZipFile, name: str) -> bytes:
    if package.getinfo(name).file_size > MOST:
        raise ValueError(f"{name} is too large")
    return package.read(name)


def _xml(package: zipfile.ZipFile, name: str) -> Element:
    content = _bytes(package, name)
    if b"<!" in content[:2000]:
        raise ValueError(f"{name} declares a document type")
    return fromstring(content)


@dataclass(slots=True)
class _Gathered:
    package: zipfile.ZipFile
    targets: dict[str, str]
    tables: dict[str, ReadTable] = field(default_factory=dict)
    figures: dict[str, ReadFigure] = field(default_factory=dict)
    words: list[str] = field(default_factory=list)
    links: list[tuple[str, str]] = field(default_factory=list)
    anchors: list[str] = field(default_factory=list)
    labels: dict[str, str] = field(default_factory=dict)
    cited: list[str] = field(default_factory=list)
    references: list[str] = field(default_factory=list)
    caption: tuple[str, str] = ("", "")
    picture: tuple[str, str, bytes] | None = None

    def form(self, file: str) -> ReadForm:
        return ReadForm(
            file=file,
            tables=self.tables,
            figures=self.figures,
            text=" ".join(" ".join(self.words).split()),
            links=tuple(self.links),
            anchors=tuple(self.anchors),
            cited=tuple(self.cited),
            references=tuple(self.references),
        )

    def blocks(self, body: Element) -> None:
        for block in body:
            if block.tag == f"{W}p":
                self._paragraph(block)
            elif block.tag == f"{W}tbl":
                self._table(block)
            elif block.tag == f"{W}bookmarkStart":
                self.anchors.append(block.attrib.get(f"{W}name", ""))
            elif block.tag == f"{W}sdt":
                inside = block.find(f"{W}sdtContent")
                if inside is not None:
                    self.blocks(inside)

    def _paragraph(self, paragraph: Element) -> None:
        style = paragraph.find(f"{W}pPr/{W}pStyle")
        kind = "" if style is None else style.attrib.get(f"{W}val", "")
        text = self._text(paragraph)
        drawing = paragraph.find(f".//{WP}inline")
        if drawing is not None:
            self.picture = self._drawn(drawing)
        label, caption = split_label(text)
        if kind == "Caption" and label:
            self.caption = (label, caption)
        elif kind == "FigureCaption" and label:
            name, alt, image = self.picture or ("", "", b"")
            key = label if label not in self.figures else f"{label} again"
            self.figures[key] = ReadFigure(label, caption, alt, image, name)
            self.picture = None
        elif kind == "Bibliography":
            self.references += re.findall(r"^\s*(\d+)\.", text)
        elif not kind.startswith("TOC"):
            self.words.append(text)

    def _text(self, node: Element) -> str:
        """Words of a paragraph; bookmarks, links and citations are noted on the way."""
        parts = []
        for mark in node.iter(f"{W}bookmarkStart"):
            self.anchors.append(mark.attrib.get(f"{W}name", ""))
        for link in node.iter(f"{W}hyperlink"):
            target = link.attrib.get(f"{W}anchor")
            words = "".join(_words(run) for run in link.iter(f"{W}r") if not _cites(run))
            if target and words:
                self.links.append((target, words))
        for run in node.iter(f"{W}r"):
            if _cites(run):
                self.cited += re.findall(r"\d+", _words(run))
            else:
                parts.append(_words(run))
        return "".join(parts)

    def _drawn(self, drawing: Element) -> tuple[str, str, bytes]:
        about = drawing.find(f"{WP}docPr")
        given = {} if about is None else about.attrib
        blip = drawing.find(f".//{A}blip")
        target = None if blip is None else self.targets.get(blip.attrib.get(f"{R}embed", ""))
        image = b"" if target is None else _bytes(self.package, f"word/{target}")
        return given.get("name", ""), given.get("descr", ""), image

    def _table(self, table: Element) -> None:
        label, caption = self.caption
        head: tuple[str, ...] = ()
        rows = []
        for row in table.findall(f"{W}tr"):
            cells = tuple(self._cell(cell) for cell in row.findall(f"{W}tc"))
            if row.find(f"{W}trPr/{W}tblHeader") is not None:
                head = cells
            else:
                rows.append(cells)
        key = label or f"table {len(self.tables) + 1}"
        key = key if key not in self.tables else f"{key} again"
        self.tables[key] = ReadTable(label, caption, head, tuple(rows))
        self.caption = ("", "")

    def _cell(self, cell: Element) -> str:
        return " ".join(self._text(p) for p in cell.iter(f"{W}p"))


def _cites(run: Element) -> bool:
    style = run.find(f"{W}rPr/{W}rStyle")
    return style is not None and style.attrib.get(f"{W}val") == "Citation"


def _words(run: Any) -> str:
    breaks = {f"{W}tab": "\t", f"{W}br": "\n"}
    return "".join(breaks.get(x.tag, x.text or "" if x.tag == f"{W}t" else "") for x in run)
