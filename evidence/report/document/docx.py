"""A document as a Word file (DOCX)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import zip_longest

from evidence.errors import ReportError, check_kind
from evidence.report.document.blocks import (
    Block,
    Fold,
    Heading,
    Inline,
    Paragraph,
    Part,
    Picture,
    Ref,
    TableBlock,
    walk,
)
from evidence.report.document.docx_blocks import (
    BlockWriter,
    anchors,
    left_out,
    says_it_itself,
    told_elsewhere,
)
from evidence.report.document.docx_package import Package
from evidence.report.document.docx_table import WIDE
from evidence.report.document.docx_text import paragraph, run, to_bookmark
from evidence.report.document.resolve import Resolved, appendix

SUPPLEMENT, FILES = "docx-supplement", "docx-files"
SUPPLEMENT_LEAD = "What the web page of this report holds behind its folds, by question."
FILES_LEAD = "Too long to print; the files stand beside this document."
TOP, BELOW = 2, 3
MOST_RUNS = 6  # of tables in a row that a sentence names
MOST_TURNS = 6  # of the page beyond which the whole text lies on its side
MOST_LINES = 60  # of the contents beyond which headings of parts are left to their chapters
FIELD = '<w:r><w:fldChar w:fldCharType="{0}"/></w:r>'
CODE = '<w:r><w:instrText xml:space="preserve"> TOC \\o "1-{0}" \\h \\z \\u </w:instrText></w:r>'


@dataclass(frozen=True, slots=True)
class Piece:
    """A block of the text as it is printed.

    Attributes
    ----------
    block : Block
    beside : str
        Kind of the part that it stands in.
    level : int
        Level of the last heading above it.
    part : str
        Anchor of the part that begins with it.
    keep : bool
        Whether it stays on the page of what follows.
    """

    block: Block
    beside: str
    level: int
    part: str = ""
    keep: bool = False


@dataclass(frozen=True, slots=True)
class Behind:
    """Folds of one stretch of text, under its heading."""

    heading: Heading | None
    folds: tuple[Fold, ...]


def as_docx(resolved: Resolved) -> bytes:
    """Write a document as a Word file: the same bytes each time.

    Folds become a supplement behind the text, on pages that lie on their side, as do tables of
    seven columns and more; where there are many of these, all of the text does. What a file beside
    the document holds too is named, not printed.
    The table of contents is filled in and stays as it is until its reader updates it; page numbers
    come with that, as only Word knows them.

    Raises
    ------
    ReportError
        If it is given something else.

    Examples
    --------
    >>> from evidence.report.document.blocks import Document, Heading
    >>> from evidence.report.document.resolve import resolve
    >>> document = Document("a", "A report", "Why.", (Heading(2, "What was found", "found"),))
    >>> as_docx(resolve(document))[:2]
    b'PK'
    """
    check_kind("resolved", resolved, Resolved, ReportError)
    document = resolved.document
    package = Package(document.about)
    stay, behind = _parted(document.blocks, resolved.labels)
    away = list(left_out(document.blocks))
    outline = list(_outline(stay, behind, away))
    writer = BlockWriter(resolved, package, tuple(a for _, _, a in outline if a))
    sections = [(False, _front(resolved, package) + _contents(_shortened(outline, stay), writer))]
    for landscape, pieces in _runs(stay):
        text = "".join(_written(piece, writer, landscape=landscape) for piece in pieces)
        sections.append((landscape, text))
    if behind or away:
        sections.append((True, _supplement(resolved, writer, behind, away)))
    return package.bytes_of(_joined(sections, package), document.title, document.lead)


def _parted(
    blocks: tuple[Block, ...], labels: Mapping[str, str]
) -> tuple[tuple[Piece, ...], tuple[Behind, ...]]:
    """Split what is printed in its place from what stands behind, under its heading."""
    pieces: list[Piece] = []
    headings = {b.anchor: b for b in walk(blocks) if isinstance(b, Heading)}
    behind: dict[str, list[Fold]] = {anchor: [] for anchor in ("", *headings)}
    for heading, stretch in _stretches(blocks):
        stay, away = appendix(stretch)
        pieces += _pieces(stay, "", heading.level if heading else TOP)
        printed = [fold for fold in away if not fold.elsewhere]
        for fold in printed:
            nearest = heading.anchor if heading else ""
            behind[fold.under if fold.under in headings else nearest].append(fold)
        if printed:
            pieces.append(Piece(_pointer(printed, labels), "", TOP))
        elif away and all(isinstance(block, Heading) for block in stay):
            nowhere = Paragraph((Ref(FILES, "In files beside this document"), "."), "small")
            pieces.append(Piece(nowhere, "", TOP))
    found = [Behind(headings.get(key), tuple(folds)) for key, folds in behind.items() if folds]
    return tuple(pieces), tuple(found)


def _pointer(folds: list[Fold], labels: Mapping[str, str]) -> Paragraph:
    """Say which tables of the supplement belong here: "Table S1 to Table S5"."""
    runs: list[list[str]] = []
    for anchor in (a for fold in folds for a in anchors(fold.blocks) if a in labels):
        if runs and labels[anchor] == _next(labels[runs[-1][-1]]):
            runs[-1].append(anchor)
        else:
            runs.append([anchor])
    if not 1 <= len(runs) <= MOST_RUNS:
        return Paragraph((Ref(SUPPLEMENT, "In the supplement"), ", by question."), "small")
    said: list[Inline] = ["In the supplement: "]
    for i, run_of in enumerate(runs):
        said += [", "] * (i > 0) + [Ref(run_of[0])]
        said += [" to ", Ref(run_of[-1])] if len(run_of) > 1 else []
    return Paragraph((*said, "."), "small")


def _next(label: str) -> str:
    return re.sub(r"\d+$", lambda found: str(int(found.group()) + 1), label)


def _stretches(blocks: tuple[Block, ...]) -> Iterator[tuple[Heading | None, tuple[Block, ...]]]:
    """Blocks from one heading of a question, or of a chapter, to the next."""
    heading: Heading | None = None
    stretch: list[Block] = []
    for block in blocks:
        if isinstance(block, Heading) and block.level <= BELOW:
            yield heading, tuple(stretch)
            heading, stretch = block, []
        stretch.append(block)
    yield heading, tuple(stretch)


def _pieces(blocks: tuple[Block, ...], beside: str, level: int) -> Iterator[Piece]:
    """Take parts apart into their blocks: a wide table in one turns the page for itself alone."""
    for block, following in zip_longest(blocks, blocks[1:]):
        if isinstance(block, Part):
            inner = list(_pieces(block.blocks, block.kind, level))
            for i, piece in enumerate(inner):
                first = i == 0
                keep = piece.keep or (first and len(inner) > 1)
                yield replace(piece, part=block.anchor if first else piece.part, keep=keep)
        else:
            level = block.level if isinstance(block, Heading) else level
            keep = isinstance(block, Paragraph) and block.kind == "small" and _leads(following)
            yield Piece(block, beside, level, keep=keep)


def _leads(block: Block | None) -> bool:
    """Whether a remark above a block belongs to it."""
    return isinstance(block, Picture) or (isinstance(block, Paragraph) and block.kind == "small")


def _wide(block: Block) -> bool:
    if isinstance(block, TableBlock):
        return len(block.table.head) >= WIDE
    return isinstance(block, Fold | Part) and any(_wide(inner) for inner in block.blocks)


def _runs(pieces: tuple[Piece, ...]) -> list[tuple[bool, list[Piece]]]:
    """Group pieces by how their page lies; a heading lies as what it stands above.

    A text whose page would be turned again and again lies on its side as a whole.
    """
    lies = [_wide(piece.block) for piece in pieces]
    for i in range(len(pieces) - 2, -1, -1):
        if isinstance(pieces[i].block, Heading):
            lies[i] = lies[i + 1]
    runs: list[tuple[bool, list[Piece]]] = []
    for landscape, piece in zip(lies, pieces, strict=True):
        if not runs or runs[-1][0] != landscape:
            runs.append((landscape, []))
        runs[-1][1].append(piece)
    if sum(landscape for landscape, _ in runs) > MOST_TURNS:
        return [(True, list(pieces))]
    return runs


def _written(piece: Piece, writer: BlockWriter, *, landscape: bool) -> str:
    start = writer.part(piece.part) if piece.part else ""
    return start + writer.block(
        piece.block,
        landscape=landscape,
        beside=piece.beside,
        level=piece.level,
        keep=piece.keep,
    )


def _front(resolved: Resolved, package: Package) -> str:
    document = resolved.document
    made = paragraph("Title", run(document.title))
    made += paragraph("Subtitle", run(document.lead)) if document.lead else ""
    return made + (paragraph("Small", run(said)) if (said := package.said()) else "")


def _outline(
    pieces: tuple[Piece, ...], behind: tuple[Behind, ...], away: list[Fold]
) -> Iterator[tuple[int, str, str]]:
    """Level, words and anchor of each line of the contents: what Word would find itself."""
    gone = {anchor for fold in away for anchor in anchors(fold.blocks)}
    for piece in pieces:
        block = piece.block
        if isinstance(block, Heading) and block.level <= BELOW:
            yield block.level, block.text, block.anchor
        if isinstance(block, Fold) and piece.level == TOP and not says_it_itself(block):
            first = next((a for a in anchors(block.blocks) if a not in gone), "")
            yield BELOW, block.title, first
    if behind or away:
        yield TOP, "Supplement", SUPPLEMENT
    for one in behind:
        if one.heading is not None:
            yield BELOW, one.heading.text, _again(one.heading.anchor)
    if away:
        yield BELOW, "Only in files", FILES


def _shortened(
    outline: list[tuple[int, str, str]], pieces: tuple[Piece, ...]
) -> list[tuple[int, str, str]]:
    """Lines of the contents: chapters alone where parts would make it a list of many pages."""
    headed = any(isinstance(piece.block, Heading) and piece.beside for piece in pieces)
    if len(outline) <= MOST_LINES or not headed:
        return outline
    return [line for line in outline if line[0] == TOP]


def _again(anchor: str) -> str:
    """Anchor in the supplement of what has one in the text."""
    return f"{SUPPLEMENT}-{anchor}"


def _contents(headings: Sequence[tuple[int, str, str]], writer: BlockWriter) -> str:
    """Write the table of contents: Word's own field, filled in."""
    if not headings:
        return ""
    lines = []
    code = CODE.format(2 if any(level != TOP for level, _, _ in headings) else 1)
    for i, (level, text, anchor) in enumerate(headings):
        entry = to_bookmark(writer.names[anchor], run(text)) if anchor else run(text)
        if i == 0:
            entry = FIELD.format("begin") + code + FIELD.format("separate") + entry
        if i == len(headings) - 1:
            entry += FIELD.format("end")
        lines.append(paragraph("TOC1" if level == TOP else "TOC2", entry))
    return (
        '<w:sdt><w:sdtPr><w:docPartObj><w:docPartGallery w:val="Table of Contents"/>'
        "<w:docPartUnique/></w:docPartObj></w:sdtPr><w:sdtContent>"
        f"{paragraph('TOCHeading', run('Contents'))}{''.join(lines)}</w:sdtContent></w:sdt>"
    )


def _supplement(
    resolved: Resolved, writer: BlockWriter, behind: tuple[Behind, ...], away: list[Fold]
) -> str:
    made = [writer.heading(TOP, "Supplement", SUPPLEMENT)]
    made += [paragraph("Normal", run(SUPPLEMENT_LEAD))] if behind else []
    for one in behind:
        if one.heading is not None:
            made.append(writer.heading(BELOW, one.heading.text, _again(one.heading.anchor)))
        made.append(writer.blocks(one.folds, landscape=True, level=BELOW))
    if away:
        made.append(writer.heading(BELOW, "Only in files", FILES))
        made.append(paragraph("Normal", run(FILES_LEAD)))
        for (title, file), labels in told_elsewhere(away, resolved.labels).items():
            named = f" ({', '.join(labels)})" if labels else ""
            text = run(f"{title}{named}: ") + writer.in_file(file)
            made.append(paragraph("ListBullet", text))
    return "".join(made)


def _joined(sections: list[tuple[bool, str]], package: Package) -> str:
    """Join sections; neighbours that lie alike become one, the last one's page ends the body."""
    merged: list[tuple[bool, str]] = []
    for landscape, text in sections:
        if merged and merged[-1][0] == landscape:
            merged[-1] = (landscape, merged[-1][1] + text)
        else:
            merged.append((landscape, text))
    made = []
    for i, (landscape, text) in enumerate(merged):
        page = package.section(landscape=landscape)
        last = i == len(merged) - 1
        made.append(text + (page if last else paragraph("SectionEnd", "", frame=page)))
    return "".join(made)
