"""Read a picture back: its words with their places, its lines, marks and filled shapes."""

from __future__ import annotations

import re
from dataclasses import dataclass

from evidence.errors import Problem, ReportError

SVG, LINK = "{http://www.w3.org/2000/svg}", "{http://www.w3.org/1999/xlink}href"
NUMBER = r"-?[0-9]+(?:\.[0-9]+)?(?:e-?[0-9]+)?"
PLACE = re.compile(rf"translate\(({NUMBER})[ ,]+({NUMBER})\)")
POINT = re.compile(rf"[ML] ({NUMBER}) ({NUMBER})")
ANCHOR = re.compile(r"text-anchor: (\w+)")


@dataclass(frozen=True, slots=True)
class Words:
    """A text of a picture; y counts downwards, ``anchor`` is start, middle or end."""

    x: float
    y: float
    anchor: str
    text: str


@dataclass(frozen=True, slots=True)
class ReadPicture:
    """A picture, read back.

    Attributes
    ----------
    title, description : str
    words : tuple of Words
    lines : tuple of tuple of (float, float)
        Points of each line that is not filled.
    marks : tuple of (float, float)
    shapes : tuple of tuple of (float, float)
        Corners of each filled shape.
    """

    title: str
    description: str
    words: tuple[Words, ...]
    lines: tuple[tuple[tuple[float, float], ...], ...]
    marks: tuple[tuple[float, float], ...]
    shapes: tuple[tuple[tuple[float, float], ...], ...]


def read_svg(file: str, content: bytes) -> ReadPicture:
    """Read a picture as the report writes them.

    Raises
    ------
    ReportError
        If the file is no picture that can be read, or declares entities.
    """
    from xml.etree import ElementTree

    right = "build the report anew"
    if b"<!ENTITY" in content:
        problem = Problem(file, "declares entities", right)
        raise ReportError("a picture cannot be read", [problem])
    try:
        root = ElementTree.fromstring(content)
    except (ElementTree.ParseError, ValueError, LookupError) as error:
        problem = Problem(file, f"is no well-formed SVG: {error}", right)
        raise ReportError("a picture cannot be read", [problem]) from None
    words, marks = [], []
    lines: list[tuple[tuple[float, float], ...]] = []
    shapes: list[tuple[tuple[float, float], ...]] = []
    inside = {id(path) for group in root.iter(f"{SVG}defs") for path in group.iter(f"{SVG}path")}
    for element in root.iter():
        if element.tag == f"{SVG}text":
            words.append(_words(element.attrib, "".join(element.itertext())))
        elif element.tag == f"{SVG}use":
            place = element.attrib.get("x", ""), element.attrib.get("y", "")
            if all(re.fullmatch(NUMBER, value) for value in place):
                marks.append((float(place[0]), float(place[1])))
        elif element.tag == f"{SVG}path" and id(element) not in inside:
            points = tuple(
                (float(x), float(y)) for x, y in POINT.findall(element.attrib.get("d", ""))
            )
            hollow = "fill: none" in element.attrib.get("style", "")
            (lines if hollow else shapes).append(points)
    return ReadPicture(
        title=_text(root, "title"),
        description=_text(root, "desc"),
        words=tuple(words),
        lines=tuple(lines),
        marks=tuple(marks),
        shapes=tuple(shapes),
    )


def _text(root: object, name: str) -> str:
    found = root.find(f"{SVG}{name}")  # type: ignore[attr-defined]
    return "" if found is None else "".join(found.itertext())


def _words(given: dict[str, str], text: str) -> Words:
    moved = PLACE.search(given.get("transform", ""))
    anchor = ANCHOR.search(given.get("style", ""))
    if moved is not None:
        x, y = float(moved.group(1)), float(moved.group(2))
    else:
        x, y = (_number(given.get(name, "")) for name in ("x", "y"))
    return Words(x, y, "start" if anchor is None else anchor.group(1), text)


def _number(text: str) -> float:
    return float(text) if re.fullmatch(NUMBER, text) else 0.0
