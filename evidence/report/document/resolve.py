"""Resolve a document: number its figures, tables and citations, and find what leads nowhere."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from evidence.errors import Problem, ReportError, did_you_mean
from evidence.report.document.bibliography import Entry, bibliography
from evidence.report.document.blocks import (
    Block,
    Cite,
    Document,
    Fold,
    Heading,
    Inline,
    Items,
    Paragraph,
    Part,
    Picture,
    Ref,
    TableBlock,
    walk,
)


@dataclass(frozen=True, slots=True)
class Resolved:
    """A document with its numbers: what every form is written from.

    Attributes
    ----------
    document : Document
    labels : mapping of str to str
        "Figure 2", "Table S3" by anchor.
    numbers : mapping of str to int
        Number of a reference by its key.
    entries : tuple of Entry
        The bibliography, in the order of its numbers.
    """

    document: Document
    labels: Mapping[str, str]
    numbers: Mapping[str, int]
    entries: tuple[Entry, ...]


def resolve(document: Document) -> Resolved:
    """Number what a document holds.

    Figures are numbered in one row, tables in two: "Table 1" and, for what stands behind a fold,
    "Table S1". References are numbered in the order in which they are first cited.

    Raises
    ------
    ReportError
        If two blocks share an anchor, a reference leads to none, or a citation to no item.
    """
    problems = [*_anchors(document), *_figures(document)]
    labels = _labels(document)
    known = set(_all_anchors(document.blocks))
    for inline in inlines(document.blocks):
        if isinstance(inline, Ref) and inline.anchor not in known:
            right = did_you_mean(inline.anchor, known)
            problems.append(Problem(document.name, f"refers to {inline.anchor!r}", right))
        if isinstance(inline, Ref) and not inline.words and inline.anchor not in labels:
            right = "give the reference its words"
            problems.append(Problem(document.name, f"{inline.anchor!r} has no number", right))
    cited = list(dict.fromkeys(_cited(document.blocks)))
    problems += [
        Problem(document.name, f"cites {key!r}", did_you_mean(key, document.references))
        for key in cited
        if key not in document.references
    ]
    if problems:
        raise ReportError("the document does not hold together", problems)
    entries = bibliography(cited, document.references)
    return Resolved(document, labels, {entry.key: entry.number for entry in entries}, entries)


def inlines(blocks: tuple[Block, ...]) -> Iterator[Inline]:
    """Every piece of running text, in the order of reading."""
    for block in walk(blocks):
        if isinstance(block, Paragraph):
            yield from block.text
        elif isinstance(block, Items):
            for item in block.items:
                yield from item


def _cited(blocks: tuple[Block, ...]) -> Iterator[str]:
    """Keys in the order in which they are cited, in text and in tables."""
    for block in walk(blocks):
        for inline in inlines((block,)) if isinstance(block, Paragraph | Items) else ():
            if isinstance(inline, Cite):
                yield from inline.keys
        if isinstance(block, TableBlock):
            yield from (key for row in sorted(block.cites) for key in block.cites[row])


def _labels(document: Document) -> dict[str, str]:
    labels: dict[str, str] = {}
    counts = {"Figure ": 0, "Table ": 0, "Table S": 0}
    for block in walk(document.blocks):
        if isinstance(block, Picture | TableBlock):
            kind = "Figure " if isinstance(block, Picture) else "Table "
            kind += "S" if isinstance(block, TableBlock) and block.supplement else ""
            counts[kind] += 1
            labels[block.anchor] = f"{kind}{counts[kind]}"
    return labels


def _all_anchors(blocks: tuple[Block, ...]) -> list[str]:
    found = []
    for block in walk(blocks):
        if isinstance(block, Heading | Picture | TableBlock | Part):
            found.append(block.anchor)
        if isinstance(block, TableBlock):
            found += block.rows.values()
    return found


def _anchors(document: Document) -> list[Problem]:
    found = _all_anchors(document.blocks)
    return [
        Problem(document.name, f"the anchor {anchor!r} stands twice", "one block an anchor")
        for anchor in sorted({a for a in found if found.count(a) > 1})
    ]


def _figures(document: Document) -> list[Problem]:
    """Every figure needs the table of its numbers."""
    tables = {b.anchor for b in walk(document.blocks) if isinstance(b, TableBlock)}
    return [
        Problem(document.name, f"{b.anchor!r} has no text table {b.text!r}", "name its table")
        for b in walk(document.blocks)
        if isinstance(b, Picture) and b.text not in tables
    ]


def appendix(blocks: tuple[Block, ...]) -> tuple[tuple[Block, ...], tuple[Fold, ...]]:
    """Split blocks for a form that cannot fold: what stays, and what goes behind it.

    A fold that can be read elsewhere goes too, for its sentence of where; an opened one stays.
    """
    stay: list[Block] = []
    away: list[Fold] = []
    for block in blocks:
        if isinstance(block, Fold) and not block.opened:
            away.append(block)
        elif isinstance(block, Part):
            inner, folds = appendix(block.blocks)
            stay.append(Part(block.kind, block.anchor, inner))
            away += folds
        else:
            stay.append(block)
    return tuple(stay), tuple(away)
