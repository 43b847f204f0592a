"""What is done with cells that hold no one, before an effect is computed."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from evidence.effects.sizes.correction import Array

TO = ("all", "only0", "if0all", "none")


def fill_zeros(
    cells: Sequence[Array], add: float, to: str
) -> tuple[tuple[Array, ...], NDArray[np.bool_]]:
    """Add a number to every cell of the rows that a policy names.

    Parameters
    ----------
    cells : sequence of arrays, each shape (k,)
        The counts of a row, one array a cell.
    add : float
        What is added to each cell of such a row.
    to : {"only0", "all", "if0all", "none"}
        Rows with an empty cell; all; all where any row has an empty cell; none.

    Returns
    -------
    cells, added : the new cells, and the rows they changed in, shape (k,)

    Examples
    --------
    >>> cells, added = fill_zeros([np.array([0.0, 3.0]), np.array([5.0, 2.0])], 0.5, "only0")
    >>> cells[0], cells[1], added
    (array([0.5, 3. ]), array([5.5, 2. ]), array([ True, False]))
    """
    empty = np.zeros(np.shape(cells[0]), dtype=bool)
    for cell in cells:
        empty = empty | (cell == 0)
    everywhere = to == "all" or (to == "if0all" and bool(empty.any()))
    chosen = np.ones_like(empty) if everywhere else empty & (to == "only0")
    added = chosen & (add > 0)
    return tuple(np.where(added, cell + add, cell) for cell in cells), added
