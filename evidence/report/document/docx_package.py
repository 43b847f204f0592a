"""The package of a Word document: its parts, relations and properties, the same bytes each time."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from evidence.report.document.docx_styles import (
    LANDSCAPE,
    LANGUAGE,
    NAMESPACES,
    UPRIGHT,
    numbering_xml,
    section_xml,
    settings_xml,
    styles_xml,
)
from evidence.report.document.docx_text import field, paragraph, printable, run, safe_address

# The template's ballast, by the end of the relation's type: a picture of a page, "Microsoft
# Macintosh Word" as the writer, a second copy of all styles.
DROPPED = (
    "thumbnail", "extended-properties", "customXml", "stylesWithEffects", "webSettings",
    "fontTable", "theme",
)  # fmt: skip
MAIN = "word/document.xml"
DECLARATION = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
LONGEST_PROPERTY = 255
EARLIEST = (1980, 1, 1, 0, 0, 0)  # no archive can hold an earlier time
HASH_SHOWN = 16


@dataclass(frozen=True, slots=True)
class PlacedImage:
    """An image in the package: its relation, and its size in points of the screen."""

    relation: str
    wide: int
    high: int


class Package:
    """A Word document in the making.

    Parameters
    ----------
    about : mapping of str to str
        ``version``, ``data_hash``, ``date``, ``author``: what stands in its properties and its
        footer, as far as it is known.
    """

    def __init__(self, about: Mapping[str, str]) -> None:
        from docx import Document

        self._document = Document()
        self._about = {key: printable(str(value)) for key, value in about.items()}
        self._relations: dict[str, str] = {}
        for rels in (self._document.part.rels, self._document.part.package.rels):
            for key in [k for k, rel in rels.items() if rel.reltype.split("/")[-1] in DROPPED]:
                del rels[key]
        _replace(self._document.styles.element, styles_xml())
        _replace(self._document.settings.element, settings_xml())
        _replace(self._document.part.numbering_part.element, numbering_xml())
        self._footers = {wide: self._footer(wide) for wide in (UPRIGHT, LANDSCAPE)}

    def link(self, address: str) -> str | None:
        """Give the relation of a page or a file elsewhere; None where none may lead there."""
        from docx.opc.constants import RELATIONSHIP_TYPE

        safe = safe_address(address)
        if safe is None:
            return None
        if safe not in self._relations:
            kind = RELATIONSHIP_TYPE.HYPERLINK
            self._relations[safe] = self._document.part.relate_to(safe, kind, is_external=True)
        return self._relations[safe]

    def image(self, png: bytes) -> PlacedImage:
        """Take in an image; the same image twice is one part."""
        relation, image = self._document.part.get_or_add_image(io.BytesIO(png))
        return PlacedImage(relation, image.px_width, image.px_height)

    def section(self, *, landscape: bool) -> str:
        """Write the properties of a section."""
        return section_xml(self._footers[LANDSCAPE if landscape else UPRIGHT], landscape=landscape)

    def said(self, *, short: bool = False) -> str:
        """Say which version and data the document stands on."""
        digest = self._about.get("data_hash", "")
        told = (
            f"Version {version}" if (version := self._about.get("version")) else "",
            f"data {digest[:HASH_SHOWN] if short else digest}" if digest else "",
            "" if short else self._about.get("date", ""),
        )
        return " \u00b7 ".join(text for text in told if text)

    def bytes_of(self, body: str, title: str, subject: str = "") -> bytes:
        """Write the document: ``body`` is the inside of its ``w:body``."""
        self._describe(title, subject)
        buffer = io.BytesIO()
        self._document.save(buffer)
        # The body goes into the package as it is: to build its tree of elements first would take
        # minutes for a few hundred thousand cells.
        main = f"{DECLARATION}<w:document {NAMESPACES}><w:body>{body}</w:body></w:document>"
        return _same_each_time(buffer.getvalue(), {MAIN: main.encode("utf-8")})

    def _footer(self, wide: int) -> str:
        add: Any = self._document.part.add_footer_part
        part, relation = add()
        tab = f'<w:tabs><w:tab w:val="right" w:pos="{wide}"/></w:tabs>'
        pages = run("\tPage ") + field("PAGE", "1") + run(" of ") + field("NUMPAGES", "1")
        text = paragraph("Footer", run(self.said(short=True)) + pages, frame=tab)
        _replace(part.element, f"<w:ftr {NAMESPACES}>{text}</w:ftr>")
        return str(relation)

    def _describe(self, title: str, subject: str) -> None:
        about, properties = self._about, self._document.core_properties
        version = about.get("version", "")
        author = about.get("author") or f"evidence {version}".strip()
        properties.title = _short(title)
        properties.subject = _short(subject)
        properties.author = properties.last_modified_by = _short(author)
        properties.comments = ""
        properties.keywords = _short(about.get("data_hash", ""))
        properties.version = _short(version)
        properties.language = LANGUAGE
        try:
            made = datetime.fromisoformat(about.get("date", "")).replace(tzinfo=None)
        except ValueError:
            made = datetime(*EARLIEST)
        properties.created = properties.modified = made


def _short(text: str) -> str:
    text = " ".join(printable(text).split())
    return text if len(text) <= LONGEST_PROPERTY else f"{text[: LONGEST_PROPERTY - 1]}…"


def _replace(element: Any, xml: str) -> None:
    """Put the children of an element in the place of those of another."""
    from docx.oxml import parse_xml

    made: Any = parse_xml(xml)
    for child in list(element):
        element.remove(child)
    for child in list(made):
        element.append(child)


def _same_each_time(package: bytes, parts: Mapping[str, bytes]) -> bytes:
    """Write an archive again without the time of its writing, some of its parts anew."""
    buffer = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(package)) as old,
        zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        first = "[Content_Types].xml"
        for name in [first, *sorted(name for name in old.namelist() if name != first)]:
            entry = zipfile.ZipInfo(name, EARLIEST)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.create_system = 0  # else the operating system stands in it
            new.writestr(entry, parts.get(name) or old.read(name))
    return buffer.getvalue()
