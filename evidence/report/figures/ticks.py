"""Round places for the ticks of an axis."""

from __future__ import annotations

import math
from itertools import pairwise

from evidence.effects.scales import from_readers, to_readers

CURVED = {
    "fisher_z": (0.0, 0.5, -0.5, 0.9, -0.9, 0.99, -0.99, 0.2, -0.2, 0.8, -0.8, 0.3, -0.3,
                 0.7, -0.7),
    "logit": (0.5, 0.1, 0.9, 0.01, 0.99, 0.001, 0.999, 0.2, 0.8, 0.3, 0.7, 0.05, 0.95, 0.02, 0.98),
}  # fmt: skip


def curved_ticks(low: float, high: float, scale: str, most: int = 7) -> list[float]:
    """Correlations or proportions that stand apart on the analysis scale, between its ends.

    Examples
    --------
    >>> curved_ticks(-6.0, 4.0, "logit"), curved_ticks(-0.7, 0.1, "fisher_z")
    ([0.01, 0.1, 0.5, 0.9, 0.98], [-0.6, -0.4, -0.2, 0.0])
    """
    ends, gap = (to_readers(low, scale), to_readers(high, scale)), (high - low) / (most + 1)
    even = [x for x in plain_ticks(*ends, most) if abs(x) < 1 and (scale != "logit" or x > 0)]
    for choice in (even, even[1::2], even[::2]):
        places = [from_readers(x, scale) for x in choice]
        if len(choice) > 2 and min(b - a for a, b in pairwise(places)) >= gap:
            return choice
    found: list[float] = []
    for x in CURVED[scale]:
        place = from_readers(x, scale)
        near = any(abs(place - from_readers(y, scale)) < gap for y in found)
        if low <= place <= high and not near:
            found.append(x)
    return sorted(found) if len(found) > 1 else even


def plain_ticks(low: float, high: float, most: int = 6) -> list[float]:
    """Evenly spaced round numbers in an interval.

    Examples
    --------
    >>> plain_ticks(-0.13, 0.51)
    [0.0, 0.2, 0.4]
    """
    raw = (high - low) / most
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(m * power for m in (1, 2, 5, 10) if m * power >= raw * 0.999)
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [float(f"{step * i:.12g}") for i in range(first, last + 1)]
