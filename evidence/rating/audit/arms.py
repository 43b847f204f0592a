"""What the figures of two arms say of their difference, whatever model a page tested it with.

A page may compare final values, changes, or final values adjusted for the baseline. All three are
``final - b * baseline`` with a slope b from 0 to 1; a regression line can lie somewhat beyond. What
no such slope explains is a contradiction.
"""

from __future__ import annotations

import math

from evidence.catalog.study import Contrast
from evidence.rating.audit.body import Cell, Cells
from evidence.rating.audit.chance import welch_span, z_of_t
from evidence.rating.audit.rounding import Span, difference, span

SLOPES = (-0.1, 1.2)
CHANCE_BASELINE = 2.0  # SEs by which the baselines of two arms may differ where none is printed


def pair_of(cells: Cells, contrast: Contrast, part: str) -> list[Cell] | None:
    """Both arms' cells with a mean each, or None."""
    pair = [cells.get((arm or "", part)) for arm in (contrast.arm, contrast.versus)]
    found = [c for c in pair if c is not None and c.summary.mean is not None]
    return found if len(found) == 2 else None


def mean_difference(pair: list[Cell]) -> Span:
    """Difference of two printed means, first minus second, with its rounding."""
    first, second = (span(c.summary.mean or 0.0) for c in pair)
    return difference(first, second)


def error_spans(pair: list[Cell], reading: str) -> list[Span]:
    """Standard errors of two arms, the printed spread read as SD or as SE."""
    found = []
    for cell in pair:
        low, high = span(cell.spread[1] if cell.spread else 0.0)
        divisor = math.sqrt(cell.n or 1) if reading == "sd" else 1.0
        found.append((max(low, 0.0) / divisor, high / divisor))
    return found


def change_deviates(pair: list[Cell], reading: str) -> Span:
    """Deviates of the difference of two printed changes."""
    means = [span(c.summary.mean or 0.0) for c in pair]
    return welch_span(means, error_spans(pair, reading), [float(c.n or 2) for c in pair])


def adjusted(cells: Cells, contrast: Contrast, reading: str | None = None) -> Span | None:
    """Span of the difference at the end over all slopes; None without both final means.

    Where no baseline is printed, the baselines may differ as chance lets them: that takes the
    spread, read as ``reading`` says, or as it is named.
    """
    final = pair_of(cells, contrast, "final")
    if final is None:
        return None
    end = mean_difference(final)
    baseline = pair_of(cells, contrast, "baseline")
    if baseline is not None:
        start = mean_difference(baseline)
        shifts = [s * b for s in SLOPES for b in start]
        return end[0] - max(shifts), end[1] - min(shifts)
    names = {c.spread[0] for c in final if c.spread}
    if len(names) != 1 or any(c.spread is None or c.n is None for c in final):
        return None
    (name,) = names
    named = "se" if name == "se" else "sd"
    error = math.hypot(*(e[1] for e in error_spans(final, reading or named)))
    return end[0] - CHANCE_BASELINE * error, end[1] + CHANCE_BASELINE * error


def least_deviate(cells: Cells, contrast: Contrast, reading: str) -> float | None:
    """Smallest deviate that any such model can give; the largest is not bounded.

    The standard error is at most that of the difference of unrelated baselines and ends.
    """
    final, gap = pair_of(cells, contrast, "final"), adjusted(cells, contrast, reading)
    if final is None or gap is None or not sized(final):
        return None
    squares = [e[1] ** 2 for e in error_spans(final, reading)]
    baseline = pair_of(cells, contrast, "baseline")
    if baseline is not None and sized(baseline) and _names(baseline) == _names(final):
        squares += [e[1] ** 2 for e in error_spans(baseline, reading)]
    else:
        squares += squares
    nearest = 0.0 if gap[0] <= 0 <= gap[1] else min(abs(gap[0]), abs(gap[1]))
    df = sum(c.n or 2 for c in final) - 2.0
    return z_of_t(nearest / math.sqrt(sum(squares)), df) if sum(squares) > 0 else None


def sized(pair: list[Cell]) -> bool:
    """Whether both arms have a spread and a size of at least 3."""
    return all(c.spread is not None and c.n is not None and c.n > 2 for c in pair)


def _names(pair: list[Cell]) -> set[str]:
    return {c.spread[0] for c in pair if c.spread}


def named(pair: list[Cell]) -> str | None:
    """Name of the spread if both arms have the same."""
    names = _names(pair)
    return next(iter(names)) if len(names) == 1 else None
