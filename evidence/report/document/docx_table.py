"""Tables of a Word document: written as XML at once, with widths that fit what stands in them."""

from __future__ import annotations

import re
from collections.abc import Sequence

from evidence.report.document.docx_text import SIGNS, attribute, paragraph, run
from evidence.report.tables import Table

WIDE = 7  # columns from which a table needs a page on its side
LETTER = 82  # mean width of a letter at 8 points, in twentieths of a point
PADDING = 160 + 40
LONGEST_WORD, LONGEST_NUMBER, LONGEST_LINE = 17, 16, 160
BETWEEN = re.compile(r"[\s\-/]+")  # where a line may end
# A table is as wide as its text, with some slack, where that takes less of the page than FULL.
SLACK, FULL = 1.15, 0.6
TOGETHER_ROWS, TOGETHER_LETTERS = 6, 1500


def cell(width: int, content: str, *, span: int = 1, merge: str = "", rule: str = "") -> str:
    """Write a cell: ``content`` are its paragraphs, ``merge`` "restart" or "continue" downwards."""
    spans = f'<w:gridSpan w:val="{span}"/>' if span > 1 else ""
    merged = f'<w:vMerge w:val="{merge}"/>' if merge else ""
    borders = f"<w:tcBorders>{rule}</w:tcBorders>" if rule else ""
    head = f'<w:tcPr><w:tcW w:w="{width}" w:type="dxa"/>{spans}{merged}{borders}</w:tcPr>'
    return f"<w:tc>{head}{content}</w:tc>"


def row(cells: Sequence[str], *, head: bool = False) -> str:
    """Write a row that no page splits; a head comes again on each page."""
    again = "<w:tblHeader/>" if head else ""
    return f"<w:tr><w:trPr><w:cantSplit/>{again}</w:trPr>{''.join(cells)}</w:tr>"


def grid(widths: Sequence[int], rows: Sequence[str], title: str) -> str:
    """Write a table of rows; ``title`` is told to those who do not see it."""
    columns = "".join(f'<w:gridCol w:w="{width}"/>' for width in widths)
    return (
        '<w:tbl><w:tblPr><w:tblStyle w:val="EvidenceTable"/>'
        f'<w:tblW w:w="{sum(widths)}" w:type="dxa"/><w:tblLayout w:type="fixed"/>'
        '<w:tblLook w:val="0420" w:firstRow="1" w:lastRow="0" w:firstColumn="0" '
        f'w:lastColumn="0" w:noHBand="0" w:noVBand="1"/><w:tblCaption w:val="{attribute(title)}"/>'
        f"</w:tblPr><w:tblGrid>{columns}</w:tblGrid>{''.join(rows)}</w:tbl>"
    )


def table_xml(table: Table, rows: Sequence[Sequence[str]], room: int, title: str) -> str:
    """Write a table of words and numbers.

    Parameters
    ----------
    table : Table
    rows : sequence of sequence of str
        The runs of its cells.
    room : int
        Width of the page between its margins.
    title : str
    """
    widths = column_widths(table, room)
    numeric = frozenset(table.numeric)
    head = [
        cell(widths[i], paragraph("TableHeadNumber" if i in numeric else "TableHead", run(text)))
        for i, text in enumerate(table.head)
    ]
    made = [row(head, head=True)]
    letters = sum(len(text) for line in table.rows for text in line)
    together = len(rows) <= TOGETHER_ROWS and letters <= TOGETHER_LETTERS
    for number, line in enumerate(rows):
        keep = together and number < len(rows) - 1
        cells = [
            cell(
                widths[i],
                paragraph("TableNumber" if i in numeric else "TableText", content, keep=keep),
            )
            for i, content in enumerate(line)
        ]
        made.append(row(cells))
    return grid(widths, made, title)


def column_widths(table: Table, room: int) -> list[int]:
    """Share out the width of a page: no word broken, and the more the longer the lines.

    Examples
    --------
    >>> table = Table("t", ("Trial", "Remarks"), (("A 1999", "a long remark " * 20),))
    >>> narrow, broad = column_widths(table, 9000)
    >>> narrow + broad, narrow < 1200
    (9000, True)
    """
    least, most, whole = [], [], []
    for i, name in enumerate(table.head):
        texts = [line[i] for line in table.rows]
        # A head is set bold, which takes about a letter more.
        words = [len(word) + 1 for word in BETWEEN.split(name)]
        words += [_length(word) for text in texts for word in BETWEEN.split(text)]
        longest = max((len(text) for text in texts), default=0)
        low = min(max(words, default=0), LONGEST_WORD)
        if i in table.numeric:
            low = max(low, min(longest, LONGEST_NUMBER))
        high = max(low, longest, min(len(name), 2 * LONGEST_WORD))
        least.append(low * LETTER + PADDING)
        most.append(min(high, LONGEST_LINE) * LETTER + PADDING)
        whole.append(high * LETTER + PADDING)
    if sum(whole) * SLACK <= room * FULL:
        return [round(width * SLACK) for width in whole]
    if sum(least) >= room:
        return _filled([width * room / sum(least) for width in least], room)
    if sum(most) <= room:
        least, most = most, whole
    if sum(most) <= room:
        return _filled([width * room / sum(most) for width in most], room)
    share = (room - sum(least)) / (sum(most) - sum(least))
    return _filled(
        [low + share * (high - low) for low, high in zip(least, most, strict=True)], room
    )


def _length(word: str) -> int:
    """Letters of a word; the signs of certainty are twice as wide."""
    return len(word) + sum(map(len, SIGNS.findall(word)))


def _filled(widths: Sequence[float], room: int) -> list[int]:
    """Round widths down; the last column takes what is left."""
    made = [int(width) for width in widths]
    made[-1] += room - sum(made)
    return made
