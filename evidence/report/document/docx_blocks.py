"""Blocks of a document as WordprocessingML."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from urllib.parse import unquote

from evidence.report.document.bibliography import Entry
from evidence.report.document.blocks import (
    Block,
    Cite,
    Fold,
    Heading,
    Inline,
    Items,
    Link,
    Literally,
    Paragraph,
    Part,
    Picture,
    Ref,
    References,
    Strong,
    TableBlock,
    Tag,
    Text,
    Verbatim,
    headline,
    walk,
)
from evidence.report.document.docx_package import Package
from evidence.report.document.docx_styles import (
    ACCENT,
    BULLET,
    FLAT,
    LANDSCAPE,
    LINE,
    SOFT,
    TALL,
    TINT,
    UPRIGHT,
)
from evidence.report.document.docx_table import table_xml
from evidence.report.document.docx_text import (
    attribute,
    bookmark_names,
    paragraph,
    run,
    styled,
    to_bookmark,
    to_relation,
)
from evidence.report.document.resolve import Resolved

STYLES = {"plain": "Normal", "lead": "Lead", "finding": "Finding", "small": "Small"}
HEADINGS = {2: "Heading1", 3: "Heading2", 4: "Heading3"}
LOWEST = 4
PUBMED = re.compile(r"https://pubmed\.ncbi\.nlm\.nih\.gov/(\d+)/?")
INDENT = 200
NARROW = 5800  # width of a figure drawn for one column, in twentieths of a point
PIXEL = 10  # the most that a pixel is wide: 144 in an inch, as figures are drawn
EMU = 635  # of the drawing's units in a twentieth of a point
# The line beside a part: its kind, width and colour, and the ground behind "answer".
BESIDE = {"answer": ("single", 24, ACCENT), "borrowed": ("dashed", 12, SOFT)}
OTHERS = ("single", 12, LINE)
DRAWING = (
    '<w:r><w:drawing><wp:inline distT="0" distB="0" distL="0" distR="0">'
    '<wp:extent cx="{wide}" cy="{high}"/><wp:docPr id="{id}" name="{name}" descr="{told}"/>'
    '<wp:cNvGraphicFramePr><a:graphicFrameLocks noChangeAspect="1"/></wp:cNvGraphicFramePr>'
    '<a:graphic><a:graphicData uri="http://schemas.openxmlformats.org/drawingml/2006/picture">'
    '<pic:pic><pic:nvPicPr><pic:cNvPr id="{id}" name="{name}" descr="{told}"/><pic:cNvPicPr/>'
    '</pic:nvPicPr><pic:blipFill><a:blip r:embed="{relation}"/><a:stretch><a:fillRect/>'
    '</a:stretch></pic:blipFill><pic:spPr><a:xfrm><a:off x="0" y="0"/>'
    '<a:ext cx="{wide}" cy="{high}"/></a:xfrm><a:prstGeom prst="rect"><a:avLst/></a:prstGeom>'
    "</pic:spPr></pic:pic></a:graphicData></a:graphic></wp:inline></w:drawing></w:r>"
)


def left_out(blocks: tuple[Block, ...]) -> Iterator[Fold]:
    """Folds that a form which cannot fold leaves out, as a file holds them too."""
    for block in blocks:
        if isinstance(block, Fold) and block.elsewhere and not block.opened:
            yield block
        elif isinstance(block, Fold | Part):
            yield from left_out(block.blocks)


def anchors(blocks: tuple[Block, ...]) -> Iterator[str]:
    """Anchors of what has a place in a document."""
    for block in walk(blocks):
        if isinstance(block, Heading | Picture | TableBlock | Part):
            yield block.anchor
        if isinstance(block, TableBlock):
            yield from block.rows.values()


class BlockWriter:
    """Writes the blocks of one document, and counts what Word wants counted.

    Parameters
    ----------
    resolved : Resolved
    package : Package
    further : tuple of str
        Anchors that the form adds to the document's own.
    """

    def __init__(self, resolved: Resolved, package: Package, further: tuple[str, ...]) -> None:
        blocks = resolved.document.blocks
        self._resolved, self._package = resolved, package
        self._files = {
            anchor: fold.elsewhere for fold in left_out(blocks) for anchor in anchors(fold.blocks)
        }
        here = [anchor for anchor in anchors(blocks) if anchor not in self._files]
        if any(isinstance(block, References) for block in walk(blocks)):
            here += [f"ref-{entry.key}" for entry in resolved.entries]
        self.names = bookmark_names([*here, *further])
        self._bookmarks = self._drawings = self._parts = 0

    def bookmark(self, anchor: str, content: str) -> str:
        """Put the bookmark of an anchor around words."""
        self._bookmarks += 1
        mark = f'w:id="{self._bookmarks}"'
        start = f'<w:bookmarkStart {mark} w:name="{self.names[anchor]}"/>'
        return f"{start}{content}<w:bookmarkEnd {mark}/>"

    def part(self, anchor: str) -> str:
        """Begin a part."""
        self._parts += 1
        return self.bookmark(anchor, "")

    def text(self, text: Text) -> str:
        """Write running text."""
        return "".join(self._inline(inline) for inline in text)

    def cite(self, keys: tuple[str, ...]) -> str:
        """Write the numbers of references, raised and linked."""
        numbers = self._resolved.numbers
        made = []
        for key in keys:
            shown = styled(str(numbers[key]), "Citation")
            name = self.names.get(f"ref-{key}")
            made.append(to_bookmark(name, shown) if name else shown)
        return styled(",", "Citation").join(made)

    def heading(self, level: int, text: str, anchor: str = "") -> str:
        """Write a heading; level 2 is the highest."""
        content = run(text)
        return paragraph(HEADINGS[level], self.bookmark(anchor, content) if anchor else content)

    def block(
        self,
        block: Block,
        *,
        landscape: bool,
        beside: str = "",
        level: int = 2,
        keep: bool = False,
    ) -> str:
        """Write a block.

        Parameters
        ----------
        block : Block
        landscape : bool
            How the page lies.
        beside : str
            Kind of the part that the block stands in; empty outside of parts.
        level : int
            Level of the last heading above it.
        keep : bool
            Whether a paragraph stays on the page of what follows.
        """
        match block:
            case Heading():
                return self.heading(block.level, block.text, block.anchor)
            case Paragraph():
                frame = self._frame(beside)
                return paragraph(STYLES[block.kind], self.text(block.text), keep=keep, frame=frame)
            case Items():
                frame = self._frame(beside, items=True)
                return "".join(
                    paragraph("ListBullet", self.text(item), frame=frame) for item in block.items
                )
            case TableBlock():
                return self._table(block, LANDSCAPE if landscape else UPRIGHT)
            case Picture():
                return self._picture(block, landscape=landscape)
            case Verbatim():
                return paragraph("Preformatted", run(block.text.rstrip("\n")))
            case References():
                return "".join(self._entry(entry) for entry in self._resolved.entries)
            case Part():
                return self.part(block.anchor) + self.blocks(
                    block.blocks, landscape=landscape, beside=block.kind, level=level
                )
            case Fold():
                return self._fold(block, landscape=landscape, beside=beside, level=level)

    def blocks(
        self, blocks: tuple[Block, ...], *, landscape: bool, beside: str = "", level: int = 2
    ) -> str:
        """Write blocks one after the other."""
        made = []
        for block in blocks:
            made.append(self.block(block, landscape=landscape, beside=beside, level=level))
            level = block.level if isinstance(block, Heading) else level
        return "".join(made)

    def in_file(self, address: str) -> str:
        """Name a file beside the document, linked."""
        relation, shown = self._package.link(address), styled(address, "Literally")
        return to_relation(relation, shown) if relation else shown

    def _frame(self, beside: str, *, items: bool = False) -> str:
        """Give the line beside a paragraph of a part, and its indent.

        Word joins the lines of neighbours that are indented alike: those of two parts differ by as
        little as can be.
        """
        if not beside:
            return ""
        kind, width, colour = BESIDE.get(beside, OTHERS)
        line = f'<w:left w:val="{kind}" w:sz="{width}" w:space="8" w:color="{colour}"/>'
        tint = TINT if beside == "answer" else ""
        shade = f'<w:shd w:val="clear" w:color="auto" w:fill="{tint}"/>' if tint else ""
        left = INDENT + self._parts % 2
        pairs = f'w:left="{left + BULLET}" w:hanging="{BULLET}"' if items else f'w:left="{left}"'
        return f"<w:pBdr>{line}</w:pBdr>{shade}<w:ind {pairs}/>"

    def _inline(self, inline: Inline) -> str:
        match inline:
            case str():
                return run(inline)
            case Ref():
                return self._reference(inline)
            case Cite():
                return self.cite(inline.keys)
            case Literally():
                return styled(inline.text, "Literally")
            case Strong():
                return styled(inline.text, "Strong")
            case Tag():
                # A hard space on either side keeps the frame off the letters.
                return styled(f"\u00a0{inline.text}\u00a0", "Tag")
            case Link():
                return self._leading(inline.text, inline.address)

    def _reference(self, ref: Ref) -> str:
        words = ref.words or self._resolved.labels[ref.anchor]
        name = self.names.get(ref.anchor)
        if name is not None:
            return to_bookmark(name, styled(words, "Hyperlink"))
        return f"{run(f'{words} (in ')}{self.in_file(self._files[ref.anchor])}{run(')')}"

    def _label(self, anchor: str, words: str) -> str:
        """Label and words of a caption; the bookmark holds the label alone."""
        label = self.bookmark(anchor, styled(f"{self._resolved.labels[anchor]}.", "Strong"))
        return label + styled(f" {words}", "Strong")

    def _table(self, block: TableBlock, room: int) -> str:
        title, note = headline(block.table)
        words = self._label(block.anchor, _sentence(title) if note else title)
        words += run(f" {note}" if note else "")
        rows = [list(map(run, line)) for line in block.table.rows]
        for (row, column), address in block.links.items():
            rows[row][column] = self._leading(block.table.rows[row][column], address)
        for row, keys in block.cites.items():
            rows[row][0] += self.cite(keys) if keys else ""
        for row, anchor in block.rows.items():
            rows[row][0] = self.bookmark(anchor, rows[row][0])
        told = f"{self._resolved.labels[block.anchor]}. {title}"
        return paragraph("Caption", words, keep=True) + table_xml(block.table, rows, room, told)

    def _leading(self, words: str, address: str) -> str:
        """Words that lead to a place in the document, to a page, or to a file beside it."""
        if address.startswith("#"):
            name = self.names.get(address[1:])
            return to_bookmark(name, styled(words, "Hyperlink")) if name else run(words)
        relation = self._package.link(address)
        return to_relation(relation, styled(words, "Hyperlink")) if relation else run(words)

    def _picture(self, block: Picture, *, landscape: bool) -> str:
        image = self._package.image(block.png)
        wide = min(NARROW if block.narrow else UPRIGHT, image.wide * PIXEL)
        high = round(wide * image.high / image.wide)
        most = FLAT if landscape else TALL
        if high > most:
            wide, high = round(wide * most / high), most
        self._drawings += 1
        drawn = DRAWING.format(
            id=self._drawings,
            name=attribute(block.name),
            told=attribute(block.description),
            wide=wide * EMU,
            high=high * EMU,
            relation=image.relation,
        )
        caption = self._label(block.anchor, _sentence(block.caption)) + run(" Its numbers: ")
        caption += self._reference(Ref(block.text)) + run(".")
        return paragraph("Figure", drawn, keep=True) + paragraph("FigureCaption", caption)

    def _entry(self, entry: Entry) -> str:
        number = self.bookmark(f"ref-{entry.key}", run(f"{entry.number}."))
        relation = self._package.link(entry.address) if entry.address else None
        before, address, after = _split(entry.text, entry.address)
        shown = run(before)
        if relation and not address:
            shown += run(" ")
            address = entry.address
        link = styled(address, "Hyperlink") if relation else run(address)
        shown += to_relation(relation, link) if relation else link
        return paragraph("Bibliography", number + run("\t") + shown + run(after))

    def _fold(self, fold: Fold, *, landscape: bool, beside: str, level: int) -> str:
        if fold.elsewhere and not fold.opened:
            words = run(f"{fold.title}: see ")
            return paragraph("Small", words + self.in_file(fold.elsewhere) + run("."))
        below = min(level + 1, LOWEST)
        head = "" if says_it_itself(fold) else self.heading(below, fold.title)
        return head + self.blocks(fold.blocks, landscape=landscape, beside=beside, level=below)


def says_it_itself(fold: Fold) -> bool:
    """Whether the fold's one table has the fold's title."""
    first = fold.blocks[0] if len(fold.blocks) == 1 else None
    return isinstance(first, TableBlock) and fold.title == first.table.title


def _sentence(text: str) -> str:
    return text if not text or text[-1] in ".!?" else f"{text}."


def _split(text: str, address: str) -> tuple[str, str, str]:
    """Part a reference where its address, its DOI or its number in PubMed is printed."""
    plain = unquote(address)
    pubmed = PUBMED.fullmatch(address)
    doi = plain.removeprefix("https://doi.org/")
    for part in (address, plain, doi, f"PMID: {pubmed[1]}" if pubmed else ""):
        if part and part in text:
            return text.rpartition(part)
    return text, "", ""


def labels_in(fold: Fold, labels: Mapping[str, str]) -> list[str]:
    """Labels of the tables and figures in a fold."""
    return [labels[anchor] for anchor in anchors(fold.blocks) if anchor in labels]


def told_elsewhere(
    folds: list[Fold], labels: Mapping[str, str]
) -> dict[tuple[str, str], list[str]]:
    """Labels of the tables in folds that are left out, by the fold's title and its file."""
    found: dict[tuple[str, str], list[str]] = {}
    for fold in folds:
        named = labels_in(fold, labels)
        found.setdefault((fold.title, fold.elsewhere), []).extend(named)
    return found
