"""Printed figures as the numbers that would have been printed so.

Zeros at the end of a decimal fraction are not kept in a study file: 1.10 reads as 1.1. The spans
here are therefore never narrower than the page's; ``together`` narrows them again where figures of
one group show how many decimals the page gave.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

Span = tuple[float, float]
# Half of the last digit, and a hair more: pages round a half up, down or to even.
HALF = 0.5 * (1 + 1e-9)


def decimals(value: float) -> int:
    """Count the decimals that a figure needs; whole numbers have none.

    Examples
    --------
    >>> decimals(343.0), decimals(1.121), decimals(1e-05)
    (0, 3, 5)
    """
    digits, _, exponent = repr(float(value)).partition("e")
    return max(0, len(digits.partition(".")[2].rstrip("0")) - int(exponent or 0))


def digits(value: float) -> int:
    """Count the significant digits of a figure; zeros before a decimal point count.

    Examples
    --------
    >>> digits(0.04), digits(1.121), digits(100.0), digits(0.0)
    (1, 4, 3, 1)
    """
    plain = f"{abs(value):.{decimals(value)}f}"
    return max(1, len(plain.replace(".", "").lstrip("0")))


def span(value: float, places: int | None = None) -> Span:
    """Smallest and largest number that prints as this figure.

    Examples
    --------
    >>> [round(x, 6) for x in span(1.1)], [round(x, 6) for x in span(1.1, 2)]
    ([1.05, 1.15], [1.095, 1.105])
    """
    half = HALF * 10.0 ** -(decimals(value) if places is None else places)
    return value - half, value + half


def together(values: Sequence[float]) -> list[Span]:
    """Spans of figures that stand together on a page, such as an estimate and its interval.

    A figure that shows both fewer decimals and fewer digits than another of the group has lost its
    zeros; 12.5 beside 0.98 has not, for many journals print so many digits, not decimals.

    Examples
    --------
    >>> [tuple(round(x, 4) for x in s) for s in together([1.1, 0.9, 1.38])]
    [(1.095, 1.105), (0.895, 0.905), (1.375, 1.385)]
    >>> [tuple(round(x, 4) for x in s) for s in together([12.5, 0.98])]
    [(12.45, 12.55), (0.975, 0.985)]
    """
    found = []
    for value in values:
        own = places = decimals(value)
        for other in values:
            if decimals(other) > own and digits(other) > digits(value):
                places = max(places, min(decimals(other), own + digits(other) - digits(value)))
        found.append(span(value, places))
    return found


def difference(first: Span, second: Span) -> Span:
    """Span of first minus second."""
    return first[0] - second[1], first[1] - second[0]


def apart(first: Span, second: Span) -> float:
    """How far two spans lie apart; 0 where they touch.

    Examples
    --------
    >>> apart((0, 1), (3, 4)), apart((0, 2), (1, 3))
    (2, 0.0)
    """
    return max(0.0, first[0] - second[1], second[0] - first[1])


def log_span(ends: Span) -> Span:
    """Logarithms of a span; minus infinity where it reaches 0 or below."""
    low, high = (math.log(x) if x > 0 else -math.inf for x in ends)
    return low, high
