"""Read XML from strangers: no document type, no entities, bounded in size and depth."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers import expat

from evidence.errors import EffectError, Problem

MOST_BYTES = 64 * 1024 * 1024
MOST_DEPTH = 100
MOST_ELEMENTS = 2_000_000


@dataclass(frozen=True, slots=True)
class Tree:
    """The root of a document and the line that each element starts on."""

    path: str
    root: Element
    lines: dict[int, int]

    def where(self, element: Element) -> str:
        """Name the place of an element: ``file.rm5:12``."""
        return f"{self.path}:{self.lines[id(element)]}"


class _Refused(Exception):
    """Something that no honest file needs."""


def read_xml(path: Path) -> Tree:
    """Read a file.

    Raises
    ------
    EffectError
        If it cannot be read, is larger or deeper than any review, declares a document type or
        entities, or is not well formed.
    """
    return parse_xml(read_bytes(path, MOST_BYTES), str(path))


def read_bytes(path: Path, most: int) -> bytes:
    """Read a file that may not be larger than ``most`` bytes."""
    try:
        size = path.stat().st_size
        if size > most:
            problem = Problem(str(path), f"holds {size} bytes", f"at most {most}")
            raise EffectError("the file is too large", [problem])
        return path.read_bytes()
    except OSError as error:
        what = f"cannot be read: {error.strerror or error}"
        raise EffectError("no file", [Problem(str(path), what, "name a file")]) from None


def parse_xml(content: bytes, name: str) -> Tree:
    """Parse a document from memory; see ``read_xml``."""
    builder, lines = TreeBuilder(), {}
    parser = expat.ParserCreate()
    state = {"depth": 0, "elements": 0}

    def start(tag: str, attributes: dict[str, str]) -> None:
        state["depth"] += 1
        state["elements"] += 1
        if state["depth"] > MOST_DEPTH:
            raise _Refused(f"elements stand {MOST_DEPTH} deep and more")
        if state["elements"] > MOST_ELEMENTS:
            raise _Refused(f"more than {MOST_ELEMENTS} elements")
        lines[id(builder.start(tag, attributes))] = parser.CurrentLineNumber

    def end(tag: str) -> None:
        state["depth"] -= 1
        builder.end(tag)

    def no_document_type(*_: object) -> int:
        raise _Refused("it declares a document type or entities")

    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = builder.data
    parser.StartDoctypeDeclHandler = no_document_type
    parser.EntityDeclHandler = no_document_type
    parser.UnparsedEntityDeclHandler = no_document_type
    parser.ExternalEntityRefHandler = no_document_type
    try:
        parser.Parse(content, True)
    except expat.ExpatError as error:
        where = f"{name}:{error.lineno}"
        what = f"is not well formed: {expat.ErrorString(error.code)}"
        right = f"mend column {error.offset + 1}, or export the file anew"
        raise EffectError("the file is no XML", [Problem(where, what, right)]) from None
    except (_Refused, LookupError, ValueError) as error:
        where = f"{name}:{parser.CurrentLineNumber}"
        problem = Problem(where, str(error), "export the file anew from RevMan")
        raise EffectError("the file is refused", [problem]) from None
    return Tree(name, builder.close(), lines)
