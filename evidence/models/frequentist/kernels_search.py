"""The highest maximum of a likelihood in tau2, batched, with no maximum overlooked."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from evidence.models.frequentist.kernels_roots import (
    Indices,
    Mask,
    Tau2,
    blocks,
    decreasing_root,
    gather,
    taker,
)

Array = NDArray[np.float64]

# Cells of tau2 at the start, evenly spaced in log(tau2 + smallest variance). Of few data sets the
# calls cost more than the numbers, so that many cells at once save halving.
_CELLS, _CELLS_OF_FEW, _FEW = 8, 64, 32
_LEAST = 1.0  # of the highest tau2 looked at, in units of the smallest variance
_FINEST = 1.02  # ratio of the ends, each plus the smallest variance, of the narrowest cells


class Parts(NamedTuple):
    """Twice the slope of a log-likelihood in tau2, ``pull - push``, and its derivative.

    The derivative is ``push_slope - 2 pull_slope``. Every part is positive and falls in tau2.
    """

    pull: Array
    push: Array
    pull_slope: Array
    push_slope: Array


def score_of(parts: Parts) -> tuple[Array, Array]:
    """Value and derivative of the score."""
    return parts.pull - parts.push, parts.push_slope - 2.0 * parts.pull_slope


PartsOf = Callable[[Array, Array, Array], Parts]
Height = Callable[[Array, Array, Array], Array]


def highest(
    y: Array, v: Array, parts: PartsOf, height: Height, *, fitted: int = 1, width: int = 1
) -> Tau2:
    """Place of the highest maximum of a likelihood, in blocks that stay in the cache.

    Parameters
    ----------
    y, v : ndarray, shape (..., k)
        ``y`` centred.
    parts, height : callable
        Of rows y, v (n, k) and tau2 (..., n): the parts of its slope, and the log-likelihood.
    fitted : int
        Number of coefficients that ``y`` are residuals of.
    width : int
        Numbers that ``parts`` holds at once for each of y.
    """
    shape, k = y.shape[:-1], y.shape[-1]
    y, v = y.reshape(-1, k), v.reshape(-1, k)
    tau2, converged = np.zeros(len(y)), np.ones(len(y), dtype=np.bool_)
    for part in blocks(len(y), k * _CELLS * width):
        columns, variances = np.asfortranarray(y[part]), np.asfortranarray(v[part])
        tau2[part], converged[part] = _highest_rows(columns, variances, parts, height, fitted)
    return Tau2(tau2.reshape(shape), converged.reshape(shape))


def _highest_rows(y: Array, v: Array, parts: PartsOf, height: Height, fitted: int) -> Tau2:
    """Maximise over the rows of y, v (n, k); y is centred."""
    smallest = v.min(-1, initial=np.inf)
    at_zero, problem, low, high, start = _falls(y, v, smallest, parts, fitted)
    rows = taker(*gather(problem, y, v))

    def at(t: Array, which: Indices) -> tuple[Array, Array]:
        return score_of(parts(*rows(which), t))

    peak, done = decreasing_root(at, low, high, smallest[problem], start)
    tau2, best = np.zeros(len(y)), np.full(len(y), -np.inf)
    # Maxima of one problem follow each other in rising tau2: take turns, first ones first.
    turn = np.arange(len(problem)) - np.searchsorted(problem, problem)
    alone = (turn == 0) & ~at_zero[problem]
    tau2[problem[alone]], best[problem[alone]] = peak[alone], 0.0
    rivals = np.unique(problem[~alone])
    if rivals.size:
        one = np.where(at_zero[rivals], 0.0, tau2[rivals])
        best[rivals] = height(y[rivals], v[rivals], one)
    best[at_zero & (best == -np.inf)] = 0.0
    for nth in range(int(turn.max(initial=-1)) + 1):
        now = np.flatnonzero(~alone & (turn == nth))
        reached = height(y[problem[now]], v[problem[now]], peak[now])
        higher = reached > best[problem[now]]
        tau2[problem[now[higher]]], best[problem[now[higher]]] = peak[now[higher]], reached[higher]
    converged = np.isfinite(best)
    converged[problem[~done]] = False
    return Tau2(tau2, converged)


def _falls(
    y: Array, v: Array, smallest: Array, parts: PartsOf, fitted: int = 1
) -> tuple[Mask, Indices, Array, Array, Array]:
    """Find every fall of the score from + to -, each in a cell of tau2 that holds no other.

    Since all parts fall in tau2, a cell [a, b] has one sign throughout if pull(b) > push(a) or
    pull(a) < push(b), and the score falls throughout if push_slope(a) < 2 pull_slope(b). Cells of
    which neither is certain are halved, down to cells that span 2 percent of tau2 + the smallest
    variance, where the signs at the ends decide.

    Returns
    -------
    at_zero : ndarray of bool, shape (n,)
        Whether 0 is a maximum.
    problem, low, high, start : ndarray, shape (cells,)
        Sorted by problem, then by ``low``.
    """
    n, k = y.shape
    cells = _CELLS_OF_FEW if n <= _FEW else _CELLS
    s2 = (y**2).sum(-1) / (k - fitted)
    # One percent of room: with v far below s^2 the bound is met almost with equality.
    top = 1.01 * (s2 + np.sqrt(s2 * v.max(-1, initial=0.0)))
    reach = np.log1p(np.maximum(top / smallest, _LEAST))
    grid = smallest * np.expm1(reach * np.linspace(0.0, 1.0, cells + 1)[:, None])
    found = parts(y, v, grid)
    at_zero = found.pull[0] <= found.push[0]
    which = np.tile(np.arange(n), cells)
    left = np.concatenate([x[:-1].reshape(1, -1) for x in (grid, *found)])
    right = np.concatenate([x[1:].reshape(1, -1) for x in (grid, *found)])
    kept = [_signs(which, left, right)]  # in reserve: rounding can hide a fall from the rest
    while True:
        unsure, single = _classify(left, right, smallest[which])
        kept.append((which[single], left[:, single], right[:, single]))
        if not unsure.any():
            break
        which, left, right = which[unsure], left[:, unsure], right[:, unsure]
        unit = smallest[which]
        middle = np.sqrt((left[0] + unit) * (right[0] + unit)) - unit
        at_middle = parts(*gather(which, y, v), middle)
        between = np.concatenate([middle[None], np.array(at_middle)])
        which = np.concatenate([which, which])
        left, right = np.hstack([left, between]), np.hstack([between, right])
    missed = ~at_zero
    missed[np.concatenate([cells[0] for cells in kept[1:]])] = False
    spare = missed[kept[0][0]]
    kept[0] = kept[0][0][spare], kept[0][1][:, spare], kept[0][2][:, spare]
    return at_zero, *_sorted_cells(kept)


Cells = tuple[Indices, Array, Array]


def _signs(which: Indices, left: Array, right: Array) -> Cells:
    """Cells at whose ends the score is + and -."""
    change = (left[1] > left[2]) & (right[1] <= right[2])
    return which[change], left[:, change], right[:, change]


def _classify(left: Array, right: Array, unit: Array) -> tuple[Mask, Mask]:
    """Which cells must be halved, and which hold a fall of the score from + to -.

    Rows of both: tau2, pull, push, pull_slope, push_slope.
    """
    unsure = (right[1] <= left[2]) & (left[1] >= right[2])
    narrow = right[0] + unit <= _FINEST * (left[0] + unit)
    settled = narrow | (left[4] < 2.0 * right[3])
    change = (left[1] > left[2]) & (right[1] <= right[2])
    return unsure & ~settled, unsure & settled & change


def _sorted_cells(
    kept: list[Cells],
) -> tuple[Indices, Array, Array, Array]:
    which = np.concatenate([part[0] for part in kept])
    left, right = (np.hstack([part[i] for part in kept]) for i in (1, 2))
    order = np.lexsort((left[0], which))
    which, left, right = which[order], left[:, order], right[:, order]
    a, b = left[0], right[0]
    above, slope = score_of(Parts(*left[1:]))
    below = score_of(Parts(*right[1:]))[0]
    # A falling convex score lies between its tangent from the left and its chord.
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        chord = a + (b - a) * above / (above - below)
        start = 0.5 * (np.where(slope < 0, a - above / slope, chord) + chord)
    inside = (start > a) & (start < b)
    return which, a, b, np.where(inside, start, 0.5 * (a + b))
