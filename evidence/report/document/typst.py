"""A document as the source of a PDF: Typst, in which every text of a report is a string."""

from __future__ import annotations

import datetime
import itertools
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from urllib.parse import unquote

from evidence.report.document.blocks import (
    Block,
    Fold,
    Heading,
    Items,
    Paragraph,
    Part,
    Picture,
    References,
    TableBlock,
    Verbatim,
    headline,
    walk,
)
from evidence.report.document.resolve import Resolved
from evidence.report.document.typst_sections import (
    SUPPLEMENT,
    Group,
    Section,
    in_parts,
    place,
    split,
)
from evidence.report.document.typst_style import HEAD, STYLE
from evidence.report.document.typst_table import TURNED, UPRIGHT, lay_out, table_code
from evidence.report.document.typst_text import (
    Place,
    chunks,
    leading,
    literal,
    printable,
    shown,
    words,
)

SIZES = {side: re.compile(rf'<svg[^>]*?\s{side}="([0-9.]+)pt"') for side in ("width", "height")}
DOI = re.compile(r"^https?://(dx\.)?doi\.org/")
# Points that a figure may take of a page's height, beside its caption: upright, on its side.
HIGHEST, LOWER = 630.0, 390.0
NAMED = ("answer", "claim")  # parts that begin with their name
CALLOUT = 20.0  # points that the frame of a part takes from the width
ACROSS = 110  # signs of a line that is set as it is
RUNNING = 78  # signs of the title above each page
CONTENTS = 8  # headings from which on a table of contents serves
LONG = 60  # lines beyond which it leaves the headings of parts to their chapters
TURNS = 6  # of the page beyond which all of the body, or of the supplement, lies on its side
AUTHOR = "The evidence authors"


@dataclass(frozen=True, slots=True)
class Piece:
    """Code of a block, whether it needs a page on its side, and whether the next belongs to it."""

    code: str
    turned: bool = False
    heads: bool = False


@dataclass(slots=True)
class Pen:
    """What the writers of blocks share: ``level`` is that of the last heading.

    ``opens`` says that only a heading and its small print have been written since, ``turned`` that
    the last block stands on a page on its side; with ``flat`` every page lies so. ``led`` has the
    groups of the supplement that belong to headings inside of parts, by these.
    """

    place: Place
    files: dict[str, str]
    led: dict[str, str] = field(default_factory=dict)
    flat: bool = False
    level: int = 0
    opens: bool = False
    turned: bool = False

    def heading(self, level: int, anchor: str, text: str) -> Piece:
        """A heading at most one level below the last one: readers of the tags need each level."""
        self.level = min(level, self.level + 1)
        self.opens, self.turned = True, False
        label = literal(anchor) if anchor else "none"
        return Piece(f"titled({self.level}, {label}, {shown(text)})", heads=True)


def as_typst(resolved: Resolved) -> str:
    """Write the Typst source of a report; its pictures are the files of ``picture_files``.

    Raises
    ------
    ReportError
        If a link leads to something else than a page or a file, a row of a table has another number
        of cells than its head, or a table has too many columns for a page.

    Examples
    --------
    >>> from evidence.report.document.blocks import Document, Paragraph
    >>> from evidence.report.document.resolve import resolve
    >>> source = as_typst(resolve(Document("x", "Title", "Lead", (Paragraph(("#a *b*",)),))))
    >>> print(source[source.index("plain(", source.index("#{")) :])
    plain("#a *b*")
    }
    <BLANKLINE>
    """
    sections, groups = split(resolved)
    inner = set(in_parts(resolved.document.blocks))
    led = {group.owner: group.anchor for group in groups if group.owner in inner}
    pen = Pen(place(resolved, sections, groups), picture_files(resolved), led)
    pieces = _body(sections, pen)
    if _turns(pieces) > TURNS:
        pen.level, pen.flat = 0, True
        pieces = [replace(piece, turned=True) for piece in _body(sections, pen)]
        pen.flat = False
    if groups:
        pieces.append(Piece("pagebreak(weak: true)"))
        pieces += _supplement(groups, pen)
    return "\n".join([STYLE, _head(resolved, groups), "#{", *_runs(pieces), "}", ""])


def _body(sections: Sequence[Section], pen: Pen) -> list[Piece]:
    pieces: list[Piece] = []
    for section in sections:
        made = list(_pieces(section.blocks, pen, TURNED if pen.flat else UPRIGHT))
        if section.groups:
            where = section.groups[0] if len(section.groups) == 1 else SUPPLEMENT
            heads = bool(made) and made[0].heads
            made.insert(int(heads), Piece(f"further({literal(where)})", heads=heads))
        pieces += made
    return pieces


def picture_files(resolved: Resolved) -> dict[str, str]:
    """Name of the file of each picture, by its anchor.

    Typst writes patterns (hatchings) in another order each time: such a picture goes in as PNG.
    """
    drawn = [b for b in walk(resolved.document.blocks) if isinstance(b, Picture)]
    return {
        b.anchor: f"figure-{i}.{'png' if b'<pattern' in b.svg else 'svg'}"
        for i, b in enumerate(drawn, 1)
    }


def _pieces(blocks: Iterable[Block], pen: Pen, room: float = UPRIGHT) -> Iterator[Piece]:
    for block in blocks:
        if isinstance(block, Heading):
            yield pen.heading(block.level - 1, block.anchor, block.text)
        elif isinstance(block, TableBlock):
            yield _table(block, pen, room)
        elif isinstance(block, Part):
            yield from _part(block, pen, room)
        elif isinstance(block, Fold):
            yield from _fold(block, pen, room, "")
        else:
            pen.opens &= isinstance(block, Paragraph) and block.kind == "small"
            pen.turned = False
            yield Piece(_simple(block, pen, room))


def _table(block: TableBlock, pen: Pen, room: float) -> Piece:
    """A table; behind a turned one it is turned too, such as the notes of a wide table."""
    layout = lay_out(block, TURNED if pen.turned else room)
    pen.opens, pen.turned = False, not pen.flat and (pen.turned or layout.turned)
    return Piece(table_code(block, layout, pen.place), pen.turned)


def _simple(
    block: Paragraph | Items | Picture | Verbatim | References, pen: Pen, room: float
) -> str:
    """Code of a block that holds no others."""
    if isinstance(block, Paragraph):
        kind = "opening" if pen.opens else block.kind
        return f"{kind}({words(block.text, pen.place)})"
    if isinstance(block, Items):
        items = ", ".join(f"{{plain({words(item, pen.place)})}}" for item in block.items)
        return f"points({items})"
    if isinstance(block, Picture):
        return _picture(block, pen, room)
    if isinstance(block, Verbatim):
        lines = (line.expandtabs(4) for line in block.text.rstrip("\n").split("\n"))
        cut = (part for line in lines for part in chunks(printable(line), ACROSS))
        return f"lines({literal(chr(10).join(cut))})"
    return _references(pen.place.resolved)


def _picture(block: Picture, pen: Pen, room: float) -> str:
    """A figure at the size at which it was drawn, or as large as fits."""
    found = [
        pattern.search(block.svg[:2000].decode("utf-8", "replace")) for pattern in SIZES.values()
    ]
    width, height = (float(x[1]) if x else room for x in found)
    width *= min(1.0, room / width, (LOWER if pen.flat else HIGHEST) / height)
    further = ""
    if block.text:
        label = pen.place.resolved.labels[block.text]
        further = f', ". Its numbers: ", {leading("#" + block.text, label, pen.place)}, "."'
    label = pen.place.resolved.labels[block.anchor]
    return (
        f"drawn({literal(block.anchor)}, {literal(label)}, {literal(pen.files[block.anchor])}, "
        f"{width:.1f}pt, {literal(printable(block.description))}, {shown(block.caption)}{further})"
    )


def _references(resolved: Resolved) -> str:
    made = []
    for entry in resolved.entries:
        code = _entry(entry.text, entry.address)
        made.append(f"entry({literal('ref-' + entry.key)}, {entry.number}, {{{code}}})")
    return f"listed({', '.join(made)})" if made else ""


def _entry(text: str, address: str) -> str:
    """An entry whose address, DOI or number is the link; an address it lacks goes behind it."""
    if not address:
        return shown(text)
    doi = DOI.sub("", address)
    for name in (address, doi, unquote(doi), address.rstrip("/").rsplit("/", 1)[-1]):
        before, found, after = text.rpartition(name)
        if found:
            return f"{shown(before)} + out({literal(address)}, {shown(found)}) + {shown(after)}"
    return f"{shown(text + ' ')} + out({literal(address)}, {shown(address)})"


def _part(block: Part, pen: Pen, room: float) -> Iterator[Piece]:
    """A part in its frame, which a table on a page of its own interrupts."""
    pen.opens = pen.turned = False
    inner = _together(_pieces(block.blocks, pen, room - CALLOUT))
    for heading in block.blocks:
        if isinstance(heading, Heading) and heading.anchor in pen.led:
            inner.append(Piece(f"further({literal(pen.led[heading.anchor])})"))
    if block.kind in NAMED and inner:
        inner[0] = replace(inner[0], code=f"kept({{{inner[0].code}}})")
    inner.insert(0, Piece(f"here-is({literal(block.anchor)})", inner[0].turned if inner else False))
    held: list[str] = []
    for piece in [*inner, None]:
        if piece is not None and not piece.turned:
            held.append(piece.code)
            continue
        if held:
            yield Piece(f"part({literal(block.kind)}, {{\n" + "\n".join(held) + "\n})")
            held = []
        if piece is not None:
            yield piece


def _fold(fold: Fold, pen: Pen, room: float, anchor: str) -> Iterator[Piece]:
    """A fold where it stands: opened, or within another that has gone into the supplement."""
    if fold.opened:
        if not _titled(fold):
            yield Piece(f"opened({shown(fold.title)})", heads=True)
        yield from _pieces(fold.blocks, pen, room)
    elif fold.elsewhere:
        yield Piece(_told([fold], pen))
    else:
        if not _titled(fold):
            yield pen.heading(3, anchor, fold.title)
        yield from _pieces(fold.blocks, pen, room)


def _titled(fold: Fold) -> bool:
    """Whether the caption of a fold's first table is its title, all of it."""
    first = fold.blocks[0] if fold.blocks else None
    return isinstance(first, TableBlock) and headline(first.table)[0] == fold.title


def _told(folds: Sequence[Fold], pen: Pen) -> str:
    """Sentence of what stands in files beside the report."""
    parts = []
    for i, fold in enumerate(folds):
        file = leading(fold.elsewhere, fold.elsewhere, pen.place)
        parts += [literal("; " if i else "Not printed here: "), shown(fold.title)]
        parts += [literal(" (in "), file, literal(")")]
    return f"small({', '.join(parts)}, {literal('.')})"


def _supplement(groups: Sequence[Group], pen: Pen) -> list[Piece]:
    pieces = [pen.heading(1, SUPPLEMENT, "Supplement")]
    for group in groups:
        made = list(_group(group, pen))
        # One turned table turns the group's small ones too: pages are not left half empty.
        pieces += _lying([group], pen) if any(piece.turned for piece in made) else made
    if _turns(pieces) <= TURNS:
        return pieces
    pen.level = 0
    title = replace(pen.heading(1, SUPPLEMENT, "Supplement"), turned=True)
    return [title, *_lying(groups, pen)]


def _lying(groups: Sequence[Group], pen: Pen) -> list[Piece]:
    """Groups on pages on their side."""
    pen.flat = True
    made = [replace(piece, turned=True) for group in groups for piece in _group(group, pen)]
    pen.flat = False
    return made


def _group(group: Group, pen: Pen) -> Iterator[Piece]:
    room = TURNED if pen.flat else UPRIGHT
    yield pen.heading(2, group.anchor, group.heading)
    for i, fold in enumerate(group.folds, 1):
        if not fold.elsewhere:
            yield from _fold(fold, pen, room, f"{group.anchor}-{i}")
    away = [fold for fold in group.folds if fold.elsewhere]
    if away:
        yield Piece(_told(away, pen))


def _together(pieces: Iterable[Piece]) -> list[Piece]:
    """Turn the headings of what is turned."""
    made = list(pieces)
    for i in reversed(range(len(made) - 1)):
        if made[i].heads and made[i + 1].turned:
            made[i] = replace(made[i], turned=True)
    return made


def _turns(pieces: Sequence[Piece]) -> int:
    """How often the page is turned on its side."""
    turned = [False, *(piece.turned for piece in _together(pieces))]
    return sum(later and not earlier for earlier, later in itertools.pairwise(turned))


def _runs(pieces: Sequence[Piece]) -> Iterator[str]:
    """Code of all pieces; those in a row that are turned share their pages."""
    pieces = _together(pieces)
    for i, piece in enumerate(pieces):
        if piece.turned and not (i and pieces[i - 1].turned):
            yield "turned({"
        yield piece.code
        if piece.turned and not (i + 1 < len(pieces) and pieces[i + 1].turned):
            yield "})"


def _head(resolved: Resolved, groups: Sequence[Group]) -> str:
    """What stands in the file's own data, on each page's edges and above the text."""
    document = resolved.document
    about = {name: printable(value) for name, value in document.about.items()}
    title = printable(document.title)
    running = title if len(title) <= RUNNING else title[: RUNNING - 1].rstrip() + "\u2026"
    data = about.get("data_hash", "")
    told = (
        f"version {about['version']}" if "version" in about else "",
        f"data {data[:12]}" if data else "",
        about.get("date", ""),
    )
    keywords = ["evidence synthesis", document.name, f"data {data}" if data else ""]
    listed = "".join(literal(printable(word)) + ", " for word in keywords if word)
    edges = HEAD.format(
        short=literal(running),
        name=literal(printable(document.name)),
        about=literal(" \u00b7 ".join(x for x in told if x)),
    )
    author = literal(about.get("author", AUTHOR))
    code = (
        f"#set document(title: {shown(document.title)}, author: {author}, "
        f"description: {literal(printable(document.lead))}, keywords: ({listed}), "
        f"date: {_date(about.get('date', ''))})\n{edges}#lead({shown(document.lead)})\n"
    )
    headings = [b for b in walk(document.blocks) if isinstance(b, Heading)]
    if len(headings) >= CONTENTS:
        many = len(headings) + len(groups) > LONG and any(in_parts(document.blocks))
        code += f"#outline(depth: {1 if many else 2}, title: [Contents], indent: 1.2em)\n"
    return code


def _date(text: str) -> str:
    """The report's date as the file's: the day on which it is built is no part of it."""
    try:
        day = datetime.date.fromisoformat(text[:10])
    except ValueError:
        return "none"
    return f"datetime(year: {day.year}, month: {day.month}, day: {day.day})"
