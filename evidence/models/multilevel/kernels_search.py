"""Search for the highest likelihood: Newton's method from several starts, and a check of the top.

The slope is exact; its own slope is taken by central differences. Where the surface does not curve
downward the steps follow the size of the curvature (Nocedal and Wright 2006, section 3.4).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import optimize

Array = NDArray[np.float64]
Slope = Callable[[Array], tuple[float, Array]]
STEPS, HALVINGS, NEAR = 200, 40, 1e-3
OUTSIDE = 1e12
LONGEST = 1.0
"""Longest step: parameters are near 1, because effects are scaled before a search."""


class Top(NamedTuple):
    """Where a search ended: ``gain`` is what one more Newton step could add."""

    theta: Array
    height: float
    gain: float
    steps: int
    hessian: Array


def curvature(slope: Slope, theta: Array) -> Array:
    """Second derivatives (n, n) by central differences of the slope."""
    n = len(theta)
    found = np.zeros((n, n))
    for i in range(n):
        h = 1e-5 * max(abs(theta[i]), 1e-2)
        up, down = theta.copy(), theta.copy()
        up[i] += h
        down[i] -= h
        (high, above), (low, below) = slope(up), slope(down)
        if not (np.isfinite(high) and np.isfinite(low)):
            return np.full((n, n), np.nan)
        found[i] = (above - below) / (2.0 * h)
    return 0.5 * (found + found.T)


def climb(slope: Slope, start: Array, lowest: Array | None = None) -> Top:
    """Climb from a start until a Newton step promises nothing more.

    Parameters do not go below ``lowest`` (n,); one that presses against it is held there.

    Examples
    --------
    >>> top = climb(lambda t: (-float(((t - 1) ** 2).sum()), -2 * (t - 1)), np.zeros(2))
    >>> top.theta.round(8).tolist()
    [1.0, 1.0]
    """
    theta = start.copy()
    lowest = np.full(len(theta), -np.inf) if lowest is None else lowest
    value, gradient = slope(theta)
    hessian, gain, step = np.zeros((len(theta), len(theta))), np.inf, 0
    if not np.isfinite(value):
        return Top(theta, value, gain, 0, hessian)
    for step in range(STEPS):  # noqa: B007 - how many it took is part of the answer
        hessian = curvature(slope, theta)
        if not np.all(np.isfinite(hessian)):
            break
        move = _direction(gradient, hessian, (theta <= lowest) & (gradient <= 0.0))
        gain = float(gradient @ move)
        if gain <= 1e-14 * max(1.0, abs(value)):
            break
        length = float(np.abs(move).max())
        move = move * min(1.0, LONGEST / length)
        new, after = _line(slope, theta, value, gradient, move, lowest)
        if new is None or after is None:
            break
        theta, (value, gradient) = new, after
    return Top(theta, value, gain, step, hessian)


def _direction(gradient: Array, hessian: Array, held: NDArray[np.bool_]) -> Array:
    free = np.flatnonzero(~held)
    move = np.zeros(len(gradient))
    values, vectors = np.linalg.eigh(-hessian[np.ix_(free, free)])
    floor = max(1e-8 * float(np.abs(values).max(initial=0.0)), 1e-10)
    inside = (vectors.T @ gradient[free]) / np.maximum(np.abs(values), floor)
    move[free] = vectors @ inside
    return move


def _line(
    slope: Slope, theta: Array, value: float, gradient: Array, move: Array, lowest: Array
) -> tuple[Array | None, tuple[float, Array] | None]:
    share = 1.0
    for _ in range(HALVINGS):
        new = np.maximum(theta + share * move, lowest)
        after = slope(new)
        promise = float(gradient @ (new - theta))
        if np.isfinite(after[0]) and promise > 0 and after[0] >= value + 1e-4 * promise:
            return new, after
        share *= 0.5
    return None, None


def best(slope: Slope, starts: list[Array], lowest: Array) -> tuple[Top, int]:
    """Highest top of all starts, and how many starts came near it.

    Each start is followed by a quasi-Newton search (Byrd, Lu, Nocedal and Zhu 1995) first; the
    highest end, and those of other heights within 1e-3 of it, are climbed by Newton's method.
    The number is of those that ended within 1e-3 of the highest.
    """
    if not len(lowest):
        return climb(slope, lowest), len(starts)
    ends = [_approach(slope, start, lowest) for start in starts]
    highest = max(height for height, _ in ends)
    near = [(height, theta) for height, theta in ends if height >= highest - NEAR]
    distinct: list[tuple[float, Array]] = []
    for height, theta in sorted(near, key=lambda end: -end[0]):
        # Ends of about one height are one top, unless the heights differ by more than rounding.
        if not distinct or distinct[-1][0] - height > 1e-6:
            distinct.append((height, theta))
    top = max((climb(slope, theta, lowest) for _, theta in distinct), key=lambda one: one.height)
    return top, sum(height >= top.height - NEAR for height, _ in ends)


def _approach(slope: Slope, start: Array, lowest: Array) -> tuple[float, Array]:
    def fall(theta: Array) -> tuple[float, Array]:
        value, gradient = slope(theta)
        # Where there is no likelihood the search has to turn back.
        return (-value, -gradient) if np.isfinite(value) else (OUTSIDE, -gradient)

    found = optimize.minimize(
        fall,
        np.maximum(start, lowest),
        jac=True,
        method="L-BFGS-B",
        bounds=[(low, None) for low in lowest],
        options={"maxiter": 300, "ftol": 1e-11, "gtol": 1e-6},
    )
    height = -float(found.fun)
    return (height if height > -OUTSIDE else -np.inf), np.asarray(found.x)


def is_top(top: Top) -> bool:
    """Whether slope and curvature say that the search ended on a top."""
    if not np.isfinite(top.height) or not np.all(np.isfinite(top.hessian)):
        return False
    if not len(top.theta):
        return True
    values = np.linalg.eigvalsh(top.hessian)
    rising = values.max() > 1e-5 * max(1.0, float(np.abs(values).max()))
    return not rising and top.gain <= 1e-8 * max(1.0, abs(top.height))
