"""Block: a part of a question's page that is told apart from the classical answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

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
    pictures : mapping of str to int
        Names of the question's further pictures, and which of the tables, shown and folded in one
        row from 0 on, holds the numbers of each; pictures that were not drawn are left out.
    tables, folded : tuple of Table
        Shown, and behind their titles.
    estimate : int or None
        Row of the first table that holds the estimate which can be cited.
    """

    name: str
    title: str
    paragraphs: tuple[str, ...]
    pictures: Mapping[str, int] = field(default_factory=dict)
    tables: tuple[Table, ...] = ()
    folded: tuple[Table, ...] = ()
    estimate: int | None = None
