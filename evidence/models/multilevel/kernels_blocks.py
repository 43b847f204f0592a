"""Rows that can be evaluated apart: the blocks of a block-diagonal covariance, batched by size.

Two rows belong to one block if their sampling errors covary or a random effect is common to them,
directly or through other rows. Blocks of one size make one batch of arrays (n, m, ...), so that
thousands of rows cost a few calls.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse import csgraph

Array = NDArray[np.float64]
Codes = NDArray[np.intp]


class Term(NamedTuple):
    """One random term in numbers.

    ``structure`` is a key of ``kernels_structures.STRUCTURES``; ``outer`` (k,) codes the groups
    within which effects covary, ``inner`` (k,) the levels within a group (all 0: an intercept),
    ``position`` (levels,) where the levels stand on the axis of an autoregression. ``observed``
    (levels, levels) counts the groups that have both levels. ``known`` (groups, groups), if not
    None, is a known correlation between the groups themselves.
    """

    structure: str
    outer: Codes
    inner: Codes
    position: Array
    observed: NDArray[np.intp]
    known: Array | None = None

    @property
    def levels(self) -> int:
        """Number of inner levels."""
        return len(self.position)


class Part(NamedTuple):
    """One term in one batch.

    ``shared`` (n, m, m) is 1 where two rows share the group (or the known correlation of their
    groups), ``inner`` (n, m) the codes, ``lag`` (n, m, m) distances of positions.
    """

    shared: Array
    inner: Codes
    lag: Array


class Batch(NamedTuple):
    """Blocks of one size m: ``rows`` (n, m), ``y`` (n, m), ``x`` (n, m, p), ``v`` (n, m, m)."""

    rows: Codes
    y: Array
    x: Array
    v: Array
    parts: tuple[Part, ...]


def block_labels(v: sparse.csr_array, terms: tuple[Term, ...]) -> Codes:
    """Label of the block of each row (k,), in the order of first appearance.

    Examples
    --------
    >>> both = np.array([[1.0, 0.5, 0.0], [0.5, 1.0, 0.0], [0.0, 0.0, 1.0]])
    >>> block_labels(sparse.csr_array(both), ()).tolist()
    [0, 0, 1]
    """
    k, graph = v.shape[0], v
    rows = np.arange(k)
    for term in terms:
        if term.known is None:
            links = term.outer
        else:
            # Groups that are correlated belong together.
            _, groups = csgraph.connected_components(sparse.csr_array(term.known), directed=False)
            links = groups[term.outer]
        _, first = np.unique(links, return_index=True)
        anchor = first[np.unique(links, return_inverse=True)[1]]
        graph = graph + sparse.csr_array((np.ones(k), (rows, anchor)), shape=(k, k))
    _, found = csgraph.connected_components(graph, directed=False)
    _, first, codes = np.unique(found, return_index=True, return_inverse=True)
    return np.asarray(np.argsort(np.argsort(first))[codes], dtype=np.intp)


def batches_of(
    y: Array, x: Array, v: sparse.csr_array, terms: tuple[Term, ...]
) -> tuple[Batch, ...]:
    """Cut a model into batches of blocks."""
    labels = block_labels(v, terms)
    order = np.argsort(labels, kind="stable")
    sizes = np.bincount(labels)
    starts = np.concatenate([[0], np.cumsum(sizes)[:-1]])
    made = []
    for size in np.unique(sizes):
        blocks = starts[sizes == size]
        rows = order[blocks[:, None] + np.arange(size)]
        parts = tuple(_part(term, rows) for term in terms)
        made.append(Batch(rows, y[rows], x[rows], _dense(v, rows), parts))
    return tuple(made)


def one_block(
    y: Array, x: Array, v: sparse.csr_array, terms: tuple[Term, ...], rows: Codes
) -> Batch:
    """Some rows as one block, whether or not they covary."""
    here = rows[None]
    parts = tuple(_part(term, here) for term in terms)
    return Batch(here, y[here], x[here], _dense(v, here), parts)


def _dense(v: sparse.csr_array, rows: Codes) -> Array:
    """Blocks (n, m, m) of a sparse matrix whose other entries are 0."""
    n, m = rows.shape
    where = np.full((v.shape[0], 2), -1, dtype=np.intp)
    where[rows.ravel(), 0] = np.repeat(np.arange(n), m)
    where[rows.ravel(), 1] = np.tile(np.arange(m), n)
    part = v.tocoo()
    left, right = part.coords
    mine = where[left, 0] >= 0
    found = np.zeros((n, m, m))
    found[where[left[mine], 0], where[left[mine], 1], where[right[mine], 1]] = part.data[mine]
    return found


def _part(term: Term, rows: Codes) -> Part:
    outer, inner = term.outer[rows], term.inner[rows]
    if term.known is None:
        shared = (outer[:, :, None] == outer[:, None, :]).astype(np.float64)
    else:
        shared = term.known[outer[:, :, None], outer[:, None, :]]
    place = term.position[inner]
    return Part(shared, inner, np.abs(place[:, :, None] - place[:, None, :]))


def blocks_to_dense(batches: tuple[Batch, ...], found: list[Array], k: int) -> Array:
    """Put blocks (n, m, m) of every batch in one matrix (k, k)."""
    dense = np.zeros((k, k))
    for batch, block in zip(batches, found, strict=True):
        dense[batch.rows[:, :, None], batch.rows[:, None, :]] = block
    return dense


def gather(batches: tuple[Batch, ...], found: list[Array], k: int) -> Array:
    """Put values of rows (n, m, ...) of every batch in the order of the rows (k, ...)."""
    first = found[0]
    values = np.zeros((k, *first.shape[2:]))
    for batch, value in zip(batches, found, strict=True):
        values[batch.rows] = value
    return values
