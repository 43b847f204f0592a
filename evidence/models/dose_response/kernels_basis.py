"""Bases of dose: powers and restricted cubic splines, shape (..., p) of doses (...)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def spline_basis(x: Array, knots: Array) -> Array:
    """Restricted cubic spline: x and k - 2 terms that are linear beyond the outer knots.

    Harrell 2015, eq. 2.25: truncated cubes over the square of the distance of the outer knots, as
    ``rms::rcs`` has it.

    Examples
    --------
    >>> spline_basis(np.array([0.0, 1.0, 3.0]), np.array([0.0, 1.0, 2.0])).round(6).tolist()
    [[0.0, 0.0], [1.0, 0.25], [3.0, 3.0]]
    """
    first, before, last = knots[0], knots[-2], knots[-1]
    span = (last - first) ** 2

    def cube(knot: float) -> Array:
        return np.asarray(np.maximum(x - knot, 0.0) ** 3)

    terms = [np.asarray(x, dtype=np.float64)]
    for knot in knots[:-2]:
        tail = cube(before) * (last - knot) / (last - before)
        end = cube(last) * (before - knot) / (last - before)
        terms.append((cube(float(knot)) - tail + end) / span)
    return np.stack(terms, axis=-1)


def power_basis(x: Array, powers: tuple[float, ...], shift: float) -> Array:
    """Powers of x + shift; 0 is the logarithm, a repeated power is times one logarithm more.

    Royston and Altman 1994. Doses must be such that every term is finite.

    Examples
    --------
    >>> power_basis(np.array([1.0, 2.0]), (1.0, 1.0), 0.0).round(4).tolist()
    [[1.0, 0.0], [2.0, 1.3863]]
    """
    moved, terms = x + shift, []
    for i, power in enumerate(powers):
        repeats = powers[:i].count(power)
        term = np.ones_like(moved) if power == 0.0 else moved**power
        logs = repeats + (1 if power == 0.0 else 0)
        terms.append(term * np.log(moved) ** logs if logs else term)
    return np.stack(terms, axis=-1)
