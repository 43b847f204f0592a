"""Block: a part of a question's page that is told apart from the classical answer."""

from __future__ import annotations

from dataclasses import dataclass

from evidence.report.tables import Table


@dataclass(frozen=True, slots=True)
class Block:
    """A part of a question's page with a heading of its own.

    Attributes
    ----------
    name : str
        One word: the block's class and, with the question's id, its anchor.
    title : str
    paragraphs : tuple of str
        The first stands beside the title.
    pictures : tuple of str
        Names of the question's further pictures; those that were not drawn are left out.
    tables, folded : tuple of Table
        Shown, and behind their titles.
    """

    name: str
    title: str
    paragraphs: tuple[str, ...]
    pictures: tuple[str, ...] = ()
    tables: tuple[Table, ...] = ()
    folded: tuple[Table, ...] = ()
