"""A document as a PDF: the same bytes from the same document, on any day and any machine."""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from evidence.errors import Problem, ReportError
from evidence.report.document.blocks import Picture, walk
from evidence.report.document.resolve import Resolved
from evidence.report.document.typst import as_typst, picture_files
from evidence.report.document.typst_text import printable

if TYPE_CHECKING:
    from typst import TypstError, TypstWarning

# DejaVu Sans is what the figures are drawn in; the last one shows a sign that no font has as a box
# with the name of its script, and keeps the sign itself for who copies or hears the text.
FONTS = (
    "DejaVuSans.ttf",
    "DejaVuSans-Bold.ttf",
    "DejaVuSans-Oblique.ttf",
    "DejaVuSans-BoldOblique.ttf",
    "LastResortHE-Regular.ttf",
)
SOURCE = "report.typ"
BOX = "\u25a1"
DRAWN = re.compile(r"(figure-\d+\.svg):\d+:\d+")
# Typst's word for signs that no font can set in a way that PDF/UA-1 asks for.
UNSET = re.compile(r"codepoint|heading title is empty")
LINE = re.compile(r"\.typ:(\d+):\d+")


def as_pdf(resolved: Resolved) -> bytes:
    """Write the PDF: tagged, by PDF/UA-1, with the fonts of the packages alone.

    Signs that no font can set, such as stacked accents in a name, keep a PDF from meeting PDF/UA-1:
    then it is written as a tagged PDF without that claim, which readers find in its metadata.

    Typst reads the source and the pictures from a folder of their own and can read no other one;
    it uses no font of the machine and no package.

    Raises
    ------
    ReportError
        If a figure has no description, a link leads to something else than a page or a file, or
        Typst refuses the source or warns.

    Examples
    --------
    >>> from evidence.report.document.blocks import Document, Paragraph
    >>> from evidence.report.document.resolve import resolve
    >>> as_pdf(resolve(Document("x", "Title", "Lead", (Paragraph(("Words.",)),))))[:8]
    b'%PDF-1.7'
    """
    import typst

    _described(resolved)
    source = as_typst(resolved)
    with tempfile.TemporaryDirectory(prefix="evidence-") as folder:
        root = Path(folder) / "pictures"
        fonts = Path(folder) / "fonts"
        for made in (root, fonts, Path(folder) / "packages"):
            made.mkdir()
        for font in FONTS:
            shutil.copyfile(_font_folder() / font, fonts / font)
        for file, svg in staged(resolved).items():
            (root / file).write_bytes(svg)
        (root / SOURCE).write_text(source, "utf-8", newline="\n")
        try:
            made_pdf, warnings = _compiled(root, "ua-1")
        except typst.TypstError as failure:
            if not UNSET.search(failure.message):
                raise _error(resolved, source, [failure]) from None
            try:
                made_pdf, warnings = _compiled(root, "1.7")
            except typst.TypstError as second:
                raise _error(resolved, source, [second]) from None
    if warnings:
        raise _error(resolved, source, warnings)
    return made_pdf


def _compiled(root: Path, standard: Literal["ua-1", "1.7"]) -> tuple[bytes, list[TypstWarning]]:
    import typst

    packages = str(root.parent / "packages")
    return typst.compile_with_warnings(
        str(root / SOURCE),
        root=str(root),
        font_paths=typst.Fonts(False, True, [str(root.parent / "fonts")]),
        ignore_system_fonts=True,
        format="pdf",
        pdf_standards=standard,
        package_path=packages,
        package_cache_path=packages,
    )


def staged(resolved: Resolved) -> dict[str, bytes]:
    """Pictures by the names of their files, as Typst is to draw them.

    A sign that the figures' font lacks becomes the box that a reader would see anyway: else one
    such sign would put its whole line into another font.
    """
    files = picture_files(resolved)
    return {
        files[block.anchor]: (
            block.png if files[block.anchor].endswith(".png") else _drawable(block.svg)
        )
        for block in walk(resolved.document.blocks)
        if isinstance(block, Picture)
    }


def _drawable(svg: bytes) -> bytes:
    if svg.isascii():
        return svg
    text = svg.decode("utf-8")
    lacking = {sign for sign in text if not sign.isascii()} - _signs()
    return text.translate({ord(sign): BOX for sign in lacking}).encode("utf-8")


@lru_cache(maxsize=1)
def _font_folder() -> Path:
    import matplotlib

    return Path(matplotlib.get_data_path()) / "fonts" / "ttf"


@lru_cache(maxsize=1)
def _signs() -> frozenset[str]:
    """Signs that the figures' font has."""
    from matplotlib.ft2font import FT2Font

    return frozenset(map(chr, FT2Font(str(_font_folder() / FONTS[0])).get_charmap()))


def _described(resolved: Resolved) -> None:
    """Refuse a figure without words before Typst does, which could not name it."""
    problems = [
        Problem(block.anchor, "has no description", "say in words what the picture shows")
        for block in walk(resolved.document.blocks)
        if isinstance(block, Picture) and not printable(block.description).strip()
    ]
    if problems:
        raise ReportError(f"the PDF of {resolved.document.name!r} cannot be made", problems)


def _error(
    resolved: Resolved, source: str, found: Sequence[TypstError | TypstWarning]
) -> ReportError:
    """What Typst says, with the figure or the line of the source instead of its passing place."""
    name = resolved.document.name
    anchors = {file: anchor for anchor, file in picture_files(resolved).items()}
    lines = source.split("\n")
    problems = []
    for one in found:
        where = f"{name}, source of the PDF"
        at, drawn = LINE.search(one.diagnostic), DRAWN.search(one.diagnostic)
        if drawn is not None:
            where = f"{name}, picture {anchors[drawn[1]]!r}"
        elif at is not None and int(at[1]) <= len(lines):
            where += f", line {at[1]}: {lines[int(at[1]) - 1].strip():.80}"
        right = "; ".join(one.hints) or "mend what stands there"
        problems.append(Problem(where, one.message, right))
    return ReportError(f"the PDF of {name!r} cannot be made", problems)
