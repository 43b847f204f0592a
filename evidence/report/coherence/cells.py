"""Expected tables, and their comparison with those of a form, cell by cell."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from evidence.report.coherence.digits import bare, figures
from evidence.report.coherence.record import Incoherence, ReadTable


@dataclass(frozen=True, slots=True)
class Cell:
    """What a cell should say: a text as it is, or else its figures alone, in their order."""

    text: str
    whole: bool = False

    def fits(self, found: str) -> bool:
        """Whether a cell that was read says so."""
        if self.whole:
            return bare(found) == bare(self.text)
        return figures(found) == figures(self.text)


@dataclass(frozen=True, slots=True)
class Expected:
    """A table as the result has it.

    Attributes
    ----------
    anchor : str
    rows : tuple of tuple of Cell or None
        None where nothing is expected of a cell.
    caption : str
        Text whose figures the caption holds; empty where nothing is expected of it.
    beside : bool
        Whether a form that cannot fold may leave it to a file.
    """

    anchor: str
    rows: tuple[tuple[Cell | None, ...], ...]
    caption: str = ""
    beside: bool = False


def says(text: str | None) -> Cell:
    """A cell that repeats a text of the result."""
    return Cell(text or "", whole=True)


def holds(*parts: str | None) -> Cell:
    """A cell whose figures are those of some texts of the result."""
    return Cell(" ; ".join(part for part in parts if part))


def compare_table(file: str, expected: Expected, found: ReadTable) -> Iterator[Incoherence]:
    """Name each cell of a table that says something else than the result."""
    where = f"{expected.anchor} ({found.label})" if found.label else expected.anchor
    if len(found.rows) != len(expected.rows):
        counts = str(len(expected.rows)), str(len(found.rows))
        yield Incoherence(file, where, "number of rows", *counts)
    if expected.caption and figures(expected.caption) != figures(found.caption):
        yield Incoherence(file, where, "figures of its caption", expected.caption, found.caption)
    for i, (mine, theirs) in enumerate(zip(expected.rows, found.rows, strict=False), 1):
        name = theirs[0] if theirs and theirs[0] else "no name"
        row = f"{where}, row {i} ({name[:40]})"
        if len(mine) != len(theirs):
            yield Incoherence(file, row, "number of cells", str(len(mine)), str(len(theirs)))
            continue
        for j, (cell, text) in enumerate(zip(mine, theirs, strict=True)):
            if cell is not None and not cell.fits(text):
                head = found.head[j] if j < len(found.head) else ""
                what = f"column {j + 1}" + (f" ({head})" if head else "")
                yield Incoherence(file, row, what, cell.text, text)
