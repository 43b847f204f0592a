"""The blocks of a document: what stands in it, never how it looks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from evidence.report.tables import Table


@dataclass(frozen=True, slots=True)
class Ref:
    """A reference to a figure, a table or a heading by its anchor: "Figure 2", linked.

    ``words`` replace the number; a heading has no number and needs them.
    """

    anchor: str
    words: str = ""


@dataclass(frozen=True, slots=True)
class Cite:
    """A citation of one or more references by their keys: superscript numbers, linked."""

    keys: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Literally:
    """A few words as a machine has them: a command, a file's name, a hash."""

    text: str


@dataclass(frozen=True, slots=True)
class Strong:
    """Words that stand out."""

    text: str


@dataclass(frozen=True, slots=True)
class Tag:
    """A short label in a frame behind a name, such as "indirect"."""

    text: str


@dataclass(frozen=True, slots=True)
class Link:
    """Words that lead to a page elsewhere, or to a file beside the report."""

    text: str
    address: str


Inline = str | Ref | Cite | Literally | Strong | Tag | Link
Text = tuple[Inline, ...]


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading; level 2 is the highest below the title."""

    level: Literal[2, 3, 4]
    text: str
    anchor: str


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A paragraph; ``kind`` says what it is for."""

    text: Text
    kind: Literal["plain", "lead", "finding", "small"] = "plain"


@dataclass(frozen=True, slots=True)
class Items:
    """A list without an order."""

    items: tuple[Text, ...]


@dataclass(frozen=True, slots=True)
class TableBlock:
    """A numbered table.

    Attributes
    ----------
    anchor : str
    table : Table
        Its title stands above it behind its number, then its caption (see ``headline``).
    cites : mapping of int to tuple of str
        Keys of the references that a row's first cell cites, by the number of the row.
    supplement : bool
        Numbered apart, "Table S1": what stands behind a fold, or in an appendix.
    rows : mapping of int to str
        Anchors of rows, by the number of the row: those of estimates, which can be cited.
    links : mapping of (int, int) to str
        Where the words of a cell lead, by row and column: a page, a file beside the report, or
        ``#anchor``.
    """

    anchor: str
    table: Table
    cites: Mapping[int, tuple[str, ...]] = field(default_factory=dict)
    supplement: bool = False
    rows: Mapping[int, str] = field(default_factory=dict)
    links: Mapping[tuple[int, int], str] = field(default_factory=dict)


def headline(table: Table) -> tuple[str, str]:
    """Title of a table, and what its caption says beyond that.

    Examples
    --------
    >>> headline(Table("At a glance", (), (), (), "At a glance"))
    ('At a glance', '')
    """
    return table.title, "" if table.caption == table.title else table.caption


@dataclass(frozen=True, slots=True)
class Picture:
    """A numbered figure.

    Attributes
    ----------
    anchor : str
    name : str
        Name of its files beside the report, without ending.
    svg, png : bytes
        The same picture twice; ``png`` serves the forms that cannot hold an SVG.
    description : str
        The picture in words and numbers, for those who do not see it.
    caption : str
    text : str
        Anchor of the table that holds its numbers.
    narrow : bool
        Drawn for one column.
    """

    anchor: str
    name: str
    svg: bytes
    png: bytes
    description: str
    caption: str
    text: str
    narrow: bool = False


@dataclass(frozen=True, slots=True)
class Verbatim:
    """Lines set as they are, such as the tree of a trace."""

    text: str


@dataclass(frozen=True, slots=True)
class Fold:
    """What a page folds behind a title, and a printed form puts into its appendix.

    ``elsewhere`` names the file that holds it too: then the forms that cannot fold leave it out
    and say where it stands. ``opened`` shows it unfolded at first. ``under`` is the anchor of the
    heading it belongs to, under which an appendix sets it.
    """

    title: str
    blocks: tuple[Block, ...]
    elsewhere: str = ""
    opened: bool = False
    under: str = ""


@dataclass(frozen=True, slots=True)
class Part:
    """Blocks set apart from their surroundings.

    ``kind``: "answer" for what was found, "claim" and its verdict, else the name of a block of
    ``evidence.report.block`` (said, borrowed, risk, rating).
    """

    kind: str
    anchor: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True)
class References:
    """The place of the bibliography."""


Block = (
    Heading | Paragraph | Items | TableBlock | Picture | Verbatim | Fold | Part | References
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Document:
    """A report, written once.

    Attributes
    ----------
    name : str
        Of its folder and its files.
    title, lead : str
    blocks : tuple of Block
    references : mapping of str to dict
        CSL-JSON items by key: at least all that are cited.
    about : mapping of str to str
        What stands in the head of a file: ``version``, ``data_hash``, ``date``.
    """

    name: str
    title: str
    lead: str
    blocks: tuple[Block, ...]
    references: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    about: Mapping[str, str] = field(default_factory=dict)


def walk(blocks: tuple[Block, ...]) -> Iterator[Block]:
    """Every block in the order of reading, those inside of others behind them."""
    for block in blocks:
        yield block
        if isinstance(block, Fold | Part):
            yield from walk(block.blocks)
