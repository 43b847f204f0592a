"""Roots of many falling functions at once, and how batches are cut and gathered."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]
Indices = NDArray[np.intp]

MAX_STEPS = 200
# Newton's error is about the square of its last step: one this small leaves rounding only.
_STEP_TOLERANCE = 1e-8
_BLOCK = 48_000  # numbers of one array held at once: several of them fit in a core's cache


class Tau2(NamedTuple):
    """Estimates (...) and, for each, whether the search for it ended."""

    tau2: Array
    converged: Mask


def blocks(n: int, k: int) -> Iterator[slice]:
    """Cut n rows of k numbers into slices of a size that the cache holds.

    Examples
    --------
    >>> list(blocks(5, 20_000))
    [slice(0, 2, None), slice(2, 4, None), slice(4, 6, None)]
    """
    rows = max(1, _BLOCK // k)
    yield from (slice(start, start + rows) for start in range(0, n, rows))


def gather(which: Indices, y: Array, v: Array) -> tuple[Array, Array]:
    """Rows of y, v (n, k), laid out column by column: sums over k then run along whole columns.

    Examples
    --------
    >>> gather(np.array([1, 1]), np.array([[1.0], [2.0]]), np.ones((2, 1)))[0].ravel()
    array([2., 2.])
    """
    return np.take(y.T, which, axis=1).T, np.take(v.T, which, axis=1).T


def taker(y: Array, v: Array) -> Callable[[Indices], tuple[Array, Array]]:
    """Return a function that gathers the rows asked for, anew only when they change.

    The first ones asked for are all of them, as ``decreasing_root`` does.

    Examples
    --------
    >>> rows, every = taker(np.array([[1.0], [2.0]]), np.ones((2, 1))), np.arange(2)
    >>> rows(every)[0].ravel(), rows(every[:1])[0].ravel()
    (array([1., 2.]), array([1.]))
    """
    asked: Indices | None = None
    held = y, v

    def take(which: Indices) -> tuple[Array, Array]:
        nonlocal asked, held
        if asked is None:
            asked = which
        elif asked is not which:
            asked, held = which, gather(which, y, v)
        return held

    return take


def decreasing_root(
    value_and_slope: Callable[[Array, Indices], tuple[Array, Array]],
    low: Array,
    high: Array,
    floor: Array,
    start: Array | None = None,
) -> tuple[Array, Mask]:
    """Find where functions that pass from + at ``low`` to - at ``high`` vanish, all at once.

    Newton steps where they stay in the bracket and at least halve, else bisection
    (Press et al. 2007, section 9.4). A root counts as found when a Newton step is below 1e-8, or
    the bracket below rounding, of root + ``floor`` (the smallest sampling variance).

    Parameters
    ----------
    value_and_slope : callable
        Takes values (m,) and the positions (m,) of the problems they belong to.
    low, high, floor : ndarray, shape (n,)
    start : ndarray, shape (n,), optional
        Where to begin; the middle if left out.

    Returns
    -------
    root, converged : ndarray, shape (n,)
    """
    root = 0.5 * (low + high) if start is None else start.copy()
    converged = np.zeros(len(root), dtype=np.bool_)
    active = np.arange(len(root))
    running = np.ones(len(root), dtype=np.bool_)
    # One row each: x, left, right, size of the last step, floor.
    state = np.array([root, low, high, high - low, floor])
    for _ in range(MAX_STEPS):
        if not running.any():
            break
        x = state[0]
        value, slope = value_and_slope(x, active)
        new, done = _step(state, value, slope)
        ended = done & running
        root[active[running]] = new[running]
        converged[active[ended]] = True
        running &= ~done
        state[3] = np.abs(new - x)
        state[0] = new
        # Those that ended are dragged along until there are enough of them to be worth a copy.
        if 2 * np.count_nonzero(running) < running.size:
            active, state, running = active[running], state[:, running], running[running]
    return root, converged


def _step(state: Array, value: Array, slope: Array) -> tuple[Array, Mask]:
    """Next place of each root, and whether it is found; narrows the brackets in ``state``."""
    x, left, right, last, floor = state
    above = value > 0
    np.copyto(left, x, where=above)
    np.copyto(right, x, where=~above)
    size = x + floor
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        change = np.where(value == 0, 0.0, value / slope)
    newton, length = x - change, np.abs(change)
    falling = (slope < 0) | (value == 0)
    close = falling & (length <= _STEP_TOLERANCE * size)
    useful = falling & (newton > left) & (newton < right) & (2.0 * length <= last)
    new = np.where(close | useful, newton, 0.5 * (left + right))
    new = np.minimum(np.maximum(new, left), right)
    return new, close | (right - left <= 4.0 * np.finfo(np.float64).eps * size)
