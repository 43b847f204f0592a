"""What of a report stands in its body, what in its supplement, and what in a file beside it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from evidence.report.document.blocks import (
    Block,
    Fold,
    Heading,
    Part,
    Picture,
    TableBlock,
    walk,
)
from evidence.report.document.resolve import Resolved, appendix
from evidence.report.document.typst_text import Place

SUPPLEMENT = "supplement"


@dataclass(frozen=True, slots=True)
class Section:
    """Blocks from one heading on, and the anchors of the groups that its folds have gone to.

    Groups of headings inside of parts are not among them: their parts lead to them.
    """

    blocks: tuple[Block, ...]
    groups: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Group:
    """What the supplement holds below one heading: ``owner``, that of the body once more."""

    anchor: str
    heading: str
    folds: tuple[Fold, ...]
    owner: str


def split(resolved: Resolved) -> tuple[tuple[Section, ...], tuple[Group, ...]]:
    """Split a document at its headings, and gather what a page would fold by where it belongs."""
    held: list[tuple[str, list[Block]]] = [("", [])]
    headings = {"": "The report"}
    for block in walk(resolved.document.blocks):
        if isinstance(block, Heading) and block.level <= 3:
            headings[block.anchor] = block.text
    for block in resolved.document.blocks:
        if isinstance(block, Heading) and block.level <= 3:
            held.append((block.anchor, []))
        held[-1][1].append(block)
    inner = set(in_parts(resolved.document.blocks))
    folds: dict[str, list[Fold]] = {}
    sections = []
    for anchor, blocks in held:
        stay, away = appendix(tuple(blocks))
        owners = [fold.under if fold.under in headings else anchor for fold in away]
        for owner, fold in zip(owners, away, strict=True):
            folds.setdefault(owner, []).append(fold)
        led = dict.fromkeys(_anchor(owner) for owner in owners if owner not in inner)
        sections.append(Section(stay, tuple(led)))
    groups = tuple(
        Group(_anchor(anchor), headings[anchor], tuple(folds[anchor]), anchor)
        for anchor in headings
        if anchor in folds
    )
    return tuple(sections), groups


def in_parts(blocks: tuple[Block, ...]) -> Iterator[str]:
    """Anchors of the headings inside of parts."""
    for part in walk(blocks):
        if isinstance(part, Part):
            yield from (b.anchor for b in walk(part.blocks) if isinstance(b, Heading))


def _anchor(heading: str) -> str:
    return f"{SUPPLEMENT}-{heading or 'report'}"


def place(resolved: Resolved, sections: Sequence[Section], groups: Sequence[Group]) -> Place:
    """Say which anchors the file holds, and where the others are."""
    here: set[str] = set()
    for section in sections:
        here |= set(_anchors(section.blocks))
    for group in groups:
        for fold in group.folds:
            here |= set() if fold.elsewhere else set(_anchors(fold.blocks))
    away: dict[str, str] = {}
    for block in walk(resolved.document.blocks):
        if isinstance(block, Fold) and block.elsewhere and not block.opened:
            away |= dict.fromkeys(_anchors(block.blocks), block.elsewhere)
    return Place(resolved, frozenset(here - set(away)), away)


def _anchors(blocks: tuple[Block, ...]) -> Iterator[str]:
    for block in walk(blocks):
        if isinstance(block, Heading | Part | Picture | TableBlock):
            yield block.anchor
        if isinstance(block, TableBlock):
            yield from block.rows.values()
