"""How a table fits on a page: widths of its columns, size of its print, upright or turned."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from evidence.errors import Problem, ReportError
from evidence.report.document.blocks import TableBlock, headline
from evidence.report.document.typst_text import (
    CELL,
    Place,
    cited,
    em,
    leading,
    literal,
    printable,
    shown,
    unbroken,
)

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

UPRIGHT, TURNED = 482.0, 727.0  # room between the margins of a page of A4, in points
INSET = 3.2  # on each side of a cell
SIZES = (8.5, 8.0, 7.5, 7.0)
NARROWER = (6.5, 6.0, 5.5)  # only where nothing else keeps a table on the page
LINES = 4.0  # lines of a row on average beyond which a table is turned
SHORT = 11.0  # em up to which a cell better stays on one line
SPARED = 0.5  # of the room that such cells may take
LOOSE = 16.0  # points that a small table's columns get beyond what they need
TALL = 280.0  # points beyond which a row may go on over the page
FEW = 6  # columns up to which whole lines are counted
STEEP = 6.0  # how much the highest cell of a row makes its height
# Lines that the head may take, the fewest that fit; a cell of the body may take DEEPER times more.
HEADS = (2, 3, 4, 5, 6, 8)
DEEPER = 2.0
HIGH = 5  # lines of a head beyond which a table is turned
GIVEN = 0.97  # of the room that such bounds may take


@dataclass(frozen=True, slots=True)
class Layout:
    """Layout of a table.

    Attributes
    ----------
    size : float
        Of the print, in points.
    widths : tuple of float
        Of the columns, in points.
    turned : bool
        Whether it needs a page on its side.
    whole : bool
        Whether rows are low enough to be kept in one piece.
    most : int
        Signs of a word beyond which it may be broken.
    """

    size: float
    widths: tuple[float, ...]
    turned: bool
    whole: bool
    most: int = CELL


def lay_out(block: TableBlock, room: float = UPRIGHT) -> Layout:
    """Find the largest print at which a table is easy to read upright, or else turned.

    Raises
    ------
    ReportError
        If a row has another number of cells than the head, or no print gets all columns on a page.

    Examples
    --------
    >>> from evidence.report.tables import Table
    >>> table = Table("", ("Trial", "Weight"), (("A", "50"), ("B", "50")), (1,))
    >>> layout = lay_out(TableBlock("t", table))
    >>> layout.size, layout.turned
    (8.5, False)
    """
    for most in (CELL, 12, 6, 3):
        cells = _measured(block, most)
        # A page that lies on its side already offers its own room only.
        tried = ((True, room),) if room > UPRIGHT else ((False, room), (True, TURNED))
        fallback = None
        for turned, width in tried:
            for size in SIZES:
                short = _kept_whole(cells) * size
                spared = short.sum() <= SPARED * width
                found = _fitted(cells, size, short if spared else cells.least * size, width)
                if found is None:
                    continue
                lines = _lines(cells.natural * size, found)
                whole = bool(lines.max() * size * 1.3 < TALL)
                layout = Layout(size, tuple(map(float, found.round(1))), turned, whole, most)
                low = not _high(cells.heads * size, found)
                easy = lines.mean() <= LINES or lines.mean() * size * 1.3 > 2 * TALL
                if low and (turned or easy):
                    return layout
                fallback = layout if turned else fallback
        if fallback is not None:
            return fallback
        for size in NARROWER:
            found = _fitted(cells, size, cells.least * size, TURNED)
            if found is not None:
                whole = bool(_lines(cells.natural * size, found).max() * size * 1.3 < TALL)
                return Layout(size, tuple(map(float, found.round(1))), True, whole, most)
    table = block.table
    right = "split it, or fold it with the name of the file that holds it"
    problem = Problem(block.anchor, f"has {len(table.head)} columns, too many for a page", right)
    raise ReportError("a table cannot be set", [problem])


@dataclass(frozen=True, slots=True)
class _Cells:
    """Widths in em.

    Attributes
    ----------
    natural : array, rows by columns
        Of each cell on one line; the head is the first row.
    least : array, by columns
        What each column needs for its longest word.
    heads : array, ``HEADS`` by columns
        What each needs for its head to take so many lines.
    """

    natural: NDArray[np.float64]
    least: NDArray[np.float64]
    heads: NDArray[np.float64]


def _measured(block: TableBlock, most: int) -> _Cells:
    """Measure the cells of a table."""
    import numpy as np

    table = block.table
    if not table.head or any(len(row) != len(table.head) for row in table.rows):
        problem = Problem(block.anchor, "has rows of another length than its head", "equal lengths")
        raise ReportError("a table cannot be set", [problem])
    rows = [tuple(map(printable, row)) for row in (table.head, *table.rows)]
    natural = np.array([[em(cell) for cell in row] for row in rows])
    natural[0] *= 1.08  # the head is bold
    for i, keys in block.cites.items():
        natural[i + 1, 0] += 0.8 * len(keys)
    cites = 0.8 * max(map(len, block.cites.values()), default=0)
    least = np.zeros(len(table.head))
    for j in range(len(least)):
        parts = {part for row in rows for part in unbroken(row[j], most)}
        longest = sorted(parts, key=lambda part: (len(part), part))[-12:]
        least[j] = 1.08 * max((em(part) for part in longest), default=0.0)
        least[j] += 0.0 if j else cites
    words = [[1.14 * em(part) for part in unbroken(cell, most)] for cell in rows[0]]
    heads = np.array([[_broken_to(lines, parts) for parts in words] for lines in HEADS])
    return _Cells(natural, least, heads)


def _broken_to(most: int, words: Sequence[float]) -> float:
    """Least width at which words take so many lines at most."""
    space, low, high = em(" "), 0.0, sum(words) + em(" ") * len(words)
    for _ in range(12):
        middle, lines, used = (low + high) / 2, 0, math.inf
        for word in words:
            used += space + word
            if used > middle:
                lines, used = lines + 1, word
        fits = lines <= most and max(words, default=0.0) <= middle
        low, high = (low, middle) if fits else (middle, high)
    return high


def _high(heads: NDArray[np.float64], widths: NDArray[np.float64]) -> bool:
    """Whether the head of a table takes too many lines."""
    return bool((heads[HEADS.index(HIGH)] > widths - 2 * INSET + 0.5).any())


def _kept_whole(cells: _Cells) -> NDArray[np.float64]:
    """What columns need if cells of a few words stay on one line."""
    import numpy as np

    body = cells.natural[1:].max(axis=0, initial=0.0) * 1.02
    return np.asarray(np.maximum(cells.least, np.where(body <= SHORT, body, 0.0)))


def _bounded(
    cells: _Cells, size: float, least: NDArray[np.float64], room: float
) -> NDArray[np.float64]:
    """What columns need for neither their head nor their longest cell to become a tower."""
    import numpy as np

    longest = 1.1 * cells.natural[1:].max(axis=0, initial=0.0) * size
    for lines, heads in zip(HEADS, cells.heads * size, strict=True):
        bounds = np.maximum(np.maximum(least, heads + 0.5), longest / (DEEPER * lines))
        if bounds.sum() <= GIVEN * room:
            return np.asarray(bounds)
    return least


def _fitted(
    cells: _Cells, size: float, least: NDArray[np.float64], room: float
) -> NDArray[np.float64] | None:
    """Widths that make the rows low together; None where the room does not do."""
    import numpy as np

    room -= 2 * INSET * len(least)
    if least.sum() > room:
        return None
    natural = cells.natural * size
    full = np.maximum(natural.max(axis=0) * 1.02 + 1.0, least)
    if full.sum() <= room:
        spare = room - full.sum()
        # A table that nearly fills the page fills it; in a small one no line has far to go.
        further = spare / len(full)
        grown = full + (further if spare < 0.3 * room else min(further, LOOSE))
        return np.asarray(grown + 2 * INSET)
    least = _bounded(cells, size, least, room)
    full = np.maximum(full, least)
    widths = _balanced(natural, least, full, room)
    if len(full) > FEW:
        return np.asarray(widths + 2 * INSET)
    # Lines are whole: a column that gets what it needs for one line may save a line in each row.
    fewest = _lines(natural, widths + 2 * INSET).sum()
    for j in range(len(full)):
        held = np.where(np.arange(len(full)) == j, full, least)
        if held.sum() > room:
            continue
        tried = _balanced(natural, held, full, room)
        lines = _lines(natural, tried + 2 * INSET).sum()
        if lines < fewest:
            widths, least, fewest = tried, held, lines
    return np.asarray(widths + 2 * INSET)


def _balanced(
    natural: NDArray[np.float64],
    least: NDArray[np.float64],
    full: NDArray[np.float64],
    room: float,
) -> NDArray[np.float64]:
    """Widths, between bounds, at which the sum of the rows' heights is least.

    The height of a row is taken as the p-norm of its cells' lines, p = ``STEEP``. At the least sum
    of heights each width's power p + 1 is proportional to a sum over the rows, which is iterated.
    """
    import numpy as np

    widths = np.clip(full, least, room)
    for _ in range(12):
        cells = np.maximum(natural / widths, 1e-3)
        heights = (cells**STEEP).sum(axis=1) ** (1 / STEEP)
        weight = (heights ** (1 - STEEP))[:, None] * np.maximum(natural, 1e-3) ** STEEP
        wanted = weight.sum(axis=0) ** (1 / (STEEP + 1))
        widths = _shared(wanted, least, full, room)
    return widths


def _shared(
    wanted: NDArray[np.float64],
    least: NDArray[np.float64],
    full: NDArray[np.float64],
    room: float,
) -> NDArray[np.float64]:
    """Widths in proportion to what is wanted, between bounds, that add up to the room."""
    import numpy as np

    low, high = 0.0, room / max(float(wanted.min()), 1e-9)
    for _ in range(30):
        middle = (low + high) / 2
        if np.clip(wanted * middle, least, full).sum() > room:
            high = middle
        else:
            low = middle
    return np.asarray(np.clip(wanted * low, least, full))


def _lines(natural: NDArray[np.float64], widths: NDArray[np.float64]) -> NDArray[np.float64]:
    """Lines of each row below the head, about: broken lines are not filled."""
    import numpy as np

    inner = np.maximum(widths - 2 * INSET, 1.0)
    rows = natural[1:] if len(natural) > 1 else natural
    return np.asarray(np.ceil(1.08 * rows / inner - 0.1).max(axis=1))


def table_code(block: TableBlock, layout: Layout, place: Place) -> str:
    """Call of the style's function that sets a table."""
    table = block.table
    title, note = headline(table)
    aligned = ("right" if j in table.numeric else "left" for j in range(len(table.head)))
    cells = (_row(block, i, layout.most, place) for i in range(len(table.rows)))
    head = ", ".join(f"strong({shown(cell, layout.most)})" for cell in table.head)
    return (
        f"numbers({literal(block.anchor)}, {literal(place.resolved.labels[block.anchor])}, "
        f"{shown(title.removesuffix('.') if note else title)}, "
        f"{shown(note) if note else 'none'}, {layout.size}pt, "
        f"({', '.join(f'{width}pt' for width in layout.widths)},), ({', '.join(aligned)},), "
        f"{str(not layout.whole).lower()}, ({head},),\n" + "".join(cells) + ")"
    )


def _row(block: TableBlock, i: int, most: int, place: Place) -> str:
    made = []
    for j, cell in enumerate(block.table.rows[i]):
        address = block.links.get((i, j), "")
        code = leading(address, cell, place, most) if address and cell else shown(cell, most)
        if j == 0 and i in block.cites:
            code = f"{{{code} + {cited(block.cites[i], place.resolved.numbers)}}}"
        if j == 0 and i in block.rows:
            code = f"at({literal(block.rows[i])}, {code})"
        made.append(code)
    return ", ".join(made) + ",\n"
