"""A document as Markdown: CommonMark with pipe tables, for GitHub and for plain readers."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from html import escape
from urllib.parse import quote

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
from evidence.report.document.html import safe_address
from evidence.report.document.resolve import Resolved, appendix
from evidence.report.exchange.cells import clean_text

# What may begin an element, an entity or mathematics wherever it stands.
MARKS = re.compile(r"[\\`*\[\]<>#|~&$]|(?<![^\W_])_|_(?![^\W_])")
# What begins a list, a rule or a heading where a line begins.
STARTS = re.compile(r"([-+=])|(\d+)([.)])")
# What GitHub makes a link of without any mark.
ADDRESSES = re.compile(r"(?<=[A-Za-z]):(?=//)|(?<=[Ww]{3})\.")
# No mark keeps it from linking an address of mail; a comment parts its text.
MAIL, PARTED = re.compile(r"(?<=[\w.+-])@(?=\w)"), "<!-- -->"
# Spaces that would be cut off at the ends of a line, and what would end the line.
AHEAD, BEHIND = re.compile(r"^\s+"), re.compile(r"\s+$")
BREAKS = re.compile("[\t\r\n\u2028\u2029]")


def as_markdown(resolved: Resolved) -> str:
    """Write a document as Markdown: all text stands as text, whatever marks it holds.

    Figures are the SVG files beside the report. What a page folds stands in a supplement at the
    end, as in the forms for print; of what a file holds, that file is named.

    Raises
    ------
    ReportError
        If a link leads to something else than a page or a file beside the report.
    """
    return _Writer(resolved).whole()


def plain(text: str, *, start: bool = False, first: bool = True, last: bool = True) -> str:
    r"""Escape text such that it is read as it stands.

    ``start``: a block begins with it; ``first`` and ``last``: it stands at an end of its line.

    Examples
    --------
    >>> plain("<b> a_b *c* [d]"), plain("1. one", start=True), plain("- one", start=True)
    ('\\<b\\> a_b \\*c\\* \\[d\\]', '1\\. one', '\\- one')
    """
    text = MARKS.sub(lambda m: f"\\{m[0]}", clean_text(text))
    text = ADDRESSES.sub(lambda m: f"\\{m[0]}", text)
    text = MAIL.sub(f"{PARTED}@", text)
    if start:
        text = STARTS.sub(_at_start, text, count=1) if STARTS.match(text) else text
    text = AHEAD.sub(_entities, text) if first else text
    text = BEHIND.sub(_entities, text) if last else text
    return BREAKS.sub(_entities, text)


def _entities(match: re.Match[str]) -> str:
    return "".join(f"&#{ord(char)};" for char in match[0])


def _at_start(match: re.Match[str]) -> str:
    return f"\\{match[1]}" if match[1] else f"{match[2]}\\{match[3]}"


def code(text: str) -> str:
    """Write a code span; its marks are longer than any that stand in it.

    Examples
    --------
    >>> code("evidence run x"), code("a `b`")
    ('`evidence run x`', '`` a `b` ``')
    """
    text = " ".join(clean_text(text).splitlines())
    if not text:
        return ""
    marks = "`" * (_longest(text) + 1)
    edge = " " if text[0] in "` " or text[-1] in "` " else ""
    return f"{marks}{edge}{text}{edge}{marks}" if text.strip(" ") else f"<code>{text}</code>"


def _longest(text: str) -> int:
    return max((len(run) for run in re.findall("`+", text)), default=0)


def _anchor(name: str) -> str:
    return f'<a id="{escape(clean_text(name))}"></a>'


def _link(words: str, address: str) -> str:
    """Write a link; ``words`` are escaped already."""
    return f"[{words}]({quote(safe_address(address), safe=':/?#@!$&+,;=%-._~')})"


def _inside(words: str, anchor: str) -> str:
    return f"[{words}](#{quote(anchor, safe='._-')})"


class _Writer:
    """Writes the blocks one after the other; anchors of parts wait for the next line of text."""

    def __init__(self, resolved: Resolved) -> None:
        self.resolved = resolved
        self.stay, self.away = appendix(resolved.document.blocks)
        # What stands in a file alone is referred to there.
        self.files = {
            block.anchor: fold.elsewhere
            for fold in self.away
            if fold.elsewhere
            for block in walk(fold.blocks)
            if isinstance(block, Heading | Picture | TableBlock | Part)
        }
        self.waiting: list[str] = []

    def whole(self) -> str:
        document = self.resolved.document
        told = [f"{plain(name.replace('_', ' '))} {code(x)}" for name, x in document.about.items()]
        parts = [f"# {plain(document.title)}", plain(document.lead, start=True)]
        parts += ["; ".join(told)] if told else []
        parts += list(self.blocks(self.stay))
        parts += list(self.supplement())
        return "\n\n".join(part for part in parts if part) + "\n"

    def blocks(self, blocks: Sequence[Block]) -> Iterator[str]:
        for i, block in enumerate(blocks):
            if isinstance(block, Part):
                self.waiting.append(block.anchor)
                yield from self.blocks(block.blocks)
            elif isinstance(block, Fold):
                if not _says(block):
                    yield f"{self.anchors()}**{plain(block.title)}**"
                yield from self.blocks(block.blocks)
            elif isinstance(block, TableBlock):
                yield from self.table(block)
            elif isinstance(block, Picture):
                yield from self.picture(block)
            else:
                yield self.words_of(block)
                if self.away and _empty(block, blocks[i + 1 :]):
                    yield f"It stands in the {_inside('supplement', 'supplement')}."
        if self.waiting:
            yield self.anchors()

    def words_of(self, block: Heading | Paragraph | Items | Verbatim | References) -> str:
        if isinstance(block, Heading):
            text = f"{self.anchors(block.anchor)}{plain(block.text)}"
            return f"{'#' * block.level} {text}"
        if isinstance(block, Paragraph):
            return self.anchors() + self.text(block.text, start=True)
        if isinstance(block, Items):
            lines = [self.anchors() + self.text(item, start=True) for item in block.items]
            return "\n".join(f"- {line}" for line in lines)
        if isinstance(block, Verbatim):
            text = clean_text(block.text).rstrip("\n")
            marks = "`" * max(3, _longest(text) + 1)
            return f"{self.anchors()}\n\n{marks}text\n{text}\n{marks}".lstrip("\n")
        return self.references()

    def anchors(self, *more: str) -> str:
        """Anchors that wait for a line, and those of the line itself."""
        found, self.waiting = [*self.waiting, *more], []
        return "".join(_anchor(name) for name in found)

    def text(self, text: Text, *, start: bool = False) -> str:
        parts: list[str] = []
        for i, inline in enumerate(text):
            ahead, last = not any(parts), i == len(text) - 1
            if isinstance(inline, str):
                parts.append(plain(inline, start=start and ahead, first=ahead, last=last))
            elif isinstance(inline, Strong):
                alone = (ahead or _spaced(text[i - 1], -1)) and (last or _spaced(text[i + 1], 0))
                parts.append(_strong(inline.text, alone))
            else:
                parts.append(self.inline(inline))
        return "".join(parts)

    def inline(self, inline: Ref | Cite | Literally | Tag | Link) -> str:
        if isinstance(inline, Ref):
            words = plain(inline.words or self.resolved.labels[inline.anchor])
            file = self.files.get(inline.anchor)
            return _link(words, file) if file else _inside(words, inline.anchor)
        if isinstance(inline, Cite):
            return self.cites(inline.keys)
        if isinstance(inline, Literally):
            return code(inline.text)
        if isinstance(inline, Tag):
            return f"\\[{plain(inline.text)}\\]"
        return _link(plain(inline.text), inline.address)

    def cites(self, keys: tuple[str, ...]) -> str:
        numbers = self.resolved.numbers
        return f"<sup>{','.join(_inside(str(numbers[x]), f'ref-{x}') for x in keys)}</sup>"

    def table(self, block: TableBlock) -> Iterator[str]:
        table = block.table
        title, note = headline(table)
        end = "." if note and not title.endswith((".", "?", "!")) else ""
        label = f"**{self.resolved.labels[block.anchor]}. {plain(title)}{end}**"
        yield f"{self.anchors(block.anchor)}{label}{' ' if note else ''}{plain(note)}"
        rule = ["---:" if i in table.numeric else "---" for i in range(len(table.head))]
        lines = [[plain(cell) for cell in table.head], rule]
        for number, row in enumerate(table.rows):
            cells = [plain(cell) for cell in row]
            if number in block.rows:
                cells[0] = _anchor(block.rows[number]) + cells[0]
            if number in block.cites:
                cells[0] += self.cites(block.cites[number])
            lines.append(cells)
        yield "\n".join(f"| {' | '.join(cells)} |" for cells in lines)

    def picture(self, block: Picture) -> Iterator[str]:
        file = quote(safe_address(f"{block.name}.svg"))
        described = plain(block.description).replace(PARTED, "")
        yield f"{self.anchors(block.anchor)}![{described}]({file})"
        numbers = self.inline(Ref(block.text))
        label = f"**{self.resolved.labels[block.anchor]}. {plain(block.caption)}.**"
        yield f"{label} Its numbers: {numbers}."

    def references(self) -> str:
        lines = [
            f"{entry.number}. {_anchor(f'ref-{entry.key}')}{plain(entry.text)}"
            + (f" {_link(_where(entry.address), entry.address)}" if entry.address else "")
            for entry in self.resolved.entries
        ]
        return "\n".join(lines)

    def supplement(self) -> Iterator[str]:
        """What a page folds: below the headings that it belongs to, in their order."""
        if not self.away:
            return
        yield f"## {_anchor('supplement')}Supplement"
        titles = {
            block.anchor: block.text
            for block in walk(self.resolved.document.blocks)
            if isinstance(block, Heading)
        }
        last = ""
        for fold in self.away:
            if fold.under in titles and fold.under != last:
                yield f"### {_inside(plain(titles[fold.under]), fold.under)}"
            last = fold.under
            yield f"#### {plain(fold.title)}"
            if fold.elsewhere:
                yield f"It stands in the file {_link(plain(fold.elsewhere), fold.elsewhere)}."
            else:
                yield from self.blocks(fold.blocks)


def _says(fold: Fold) -> bool:
    """Whether the first table of a fold begins with the same words."""
    first = fold.blocks[0] if fold.blocks else None
    return isinstance(first, TableBlock) and fold.title.startswith(first.table.title)


def _empty(block: Block, rest: Sequence[Block]) -> bool:
    """Whether nothing is left of a section: all that it had is folded."""
    if not isinstance(block, Heading):
        return False
    return not rest or (isinstance(rest[0], Heading) and rest[0].level <= block.level)


def _spaced(inline: Inline, at: int) -> bool:
    """Whether a neighbour of strong words has a space where it meets them."""
    return isinstance(inline, str) and inline[at : at + 1 or None] == " "


def _strong(text: str, alone: bool) -> str:
    simple = alone and text.strip() == text != ""
    return f"**{plain(text)}**" if simple else f"<strong>{plain(text)}</strong>"


def _where(address: str) -> str:
    return "PubMed" if address.startswith("https://pubmed.") else "doi"
