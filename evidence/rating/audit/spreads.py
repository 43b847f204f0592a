"""Spreads: an SD that is a standard error, or the reverse (A01, A02, A03)."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import combinations
from statistics import median

from evidence.catalog.audit_answers import FigureValue
from evidence.catalog.study import Contrast
from evidence.rating.audit.arms import change_deviates, least_deviate, named, pair_of, sized
from evidence.rating.audit.body import (
    LEVELS,
    Body,
    Cell,
    Cells,
    by_place,
    cells_of,
    hit_cell,
    hit_contrast,
    p_words,
)
from evidence.rating.audit.chance import p_of_z, variance_ratio_p
from evidence.rating.audit.contrasts import gap_to_p
from evidence.rating.audit.finding import Hit, Severity
from evidence.rating.audit.rounding import Span

FEWEST_OTHERS = 4
ROBUST_Z = 3.5  # Iglewicz and Hoaglin 1993, section 3.3: modified z score
# SDs of one outcome differ by a quarter between trials without any mistake, those of changes more.
LEAST_SPREAD, LEAST_OF_CHANGES = 0.25, 0.4
FITS = 2.0
SWAPPED_Z = 2.45
SMALL_P = 1e-4
LARGE_RATIO = 2.5
Z_OFF, Z_NEAR = 1.0, 0.4


def against_trials(body: Body) -> Iterator[Hit]:
    """A01: the log of SD / mean (levels) or of the SD (changes) against the other trials'."""
    for (_, part), cells in body.by_outcome(body.cells()).items():
        known: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
        judged = []
        for cell in cells:
            size = _log_size(body, cell)
            if size is None:
                continue
            judged.append((cell, *size))
            if cell.spread is not None and cell.spread[0] != "spread":
                known[size[0]][cell.study.id].append(size[1])
        middles = {k: {s: median(v) for s, v in told.items()} for k, told in known.items()}
        for cell, scale, as_named in judged:
            others = [m for s, m in middles.get(scale, {}).items() if s != cell.study.id]
            if len(others) < FEWEST_OTHERS:
                body.too_few["A01"] += 1
                continue
            yield from _judge_spread(cell, as_named, others, part)


def _log_size(body: Body, cell: Cell) -> tuple[str, float] | None:
    unit, sd, centre = body.in_base(cell), cell.sd(), cell.centre
    if cell.spread is not None and cell.spread[0] == "spread":
        sd = cell.spread[1]
    if unit is None or sd is None or cell.n is None or cell.n < 3:
        return None
    if cell.part in LEVELS and unit[0] not in ("percent", "t_score", "sd"):
        if centre is None or centre <= 0:
            return None
        return f"{unit[0]} ratio", math.log(sd / centre)
    return unit[0], math.log(sd * unit[1])


def _judge_spread(cell: Cell, size: float, others: list[float], part: str) -> Iterator[Hit]:
    middle, between = robust(others, LEAST_SPREAD if part in LEVELS else LEAST_OF_CHANGES)
    # The log of an SD of n figures has a standard error of its own.
    scale = math.hypot(between, 1 / math.sqrt(2 * ((cell.n or 3) - 1)))
    half_log_n = math.log(cell.n or 1) / 2
    name, value = cell.spread or ("sd", 0.0)
    as_named = (size - middle) / scale
    what = "SD / mean" if part in LEVELS else "SD"
    usual = f"the {what} of {len(others)} other trials is near {math.exp(middle):.3g}"
    if name == "spread":
        as_se = (size + half_log_n - middle) / scale
        if min(abs(as_named), abs(as_se)) > ROBUST_Z:
            found = f"± {value:g} is like no other trial's, read as SD ({as_named:+.1f} robust SDs)"
            yield hit_cell("A01", "warning", cell, f"{found} or SE ({as_se:+.1f})", usual)
        return
    other = (size + (half_log_n if name == "sd" else -half_log_n) - middle) / scale
    swapped = abs(other) < FITS and abs(as_named) > abs(other) + FITS
    if abs(as_named) <= (SWAPPED_Z if swapped else ROBUST_Z):
        return
    word, instead = ("an SD", "SE") if name == "sd" else ("a standard error", "SD")
    found = f"{value:g} as {word} lies {as_named:+.1f} robust SDs from the other trials"
    hint = f"; as {instead} it would lie at {other:+.1f}" if swapped else ""
    severe = swapped and abs(as_named) > ROBUST_Z
    yield hit_cell("A01", "error" if severe else "warning", cell, found + hint, usual)


def robust(values: list[float], least: float) -> tuple[float, float]:
    """Median, and 1.4826 times the median absolute deviation, but not less than ``least``.

    Examples
    --------
    >>> robust([1.0, 2.0, 3.0, 4.0, 100.0], 0.25)[0]
    3.0
    """
    middle = median(values)
    return middle, max(least, 1.4826 * median(abs(v - middle) for v in values))


def against_p(body: Body) -> Iterator[Hit]:
    """A02: the P that the means, spreads and sizes of two arms give, read as SD and as SE."""
    for study, i, outcome, j, contrast in body.contrasts():
        if contrast.kind != "between" or contrast.p is None:
            continue
        cells = by_place(study, i, outcome)
        told = readings(cells, contrast)
        # The P may be of any of these: where one fits as it is named, nothing is to be said.
        if not told or any(gap_to_p(contrast, r.as_named) < Z_OFF for r in told):
            continue
        for reading in told:
            if gap_to_p(contrast, reading.other) >= Z_NEAR:
                continue
            more = tuple((f"{c.arm} {k}", v) for c in reading.pair for k, v in c.figures())
            p1, p2 = _p_words(reading.as_named), _p_words(reading.other)
            now, then = ("SE", "SD") if reading.name == "se" else ("SD", "SE")
            found = f"P {p_words(contrast)}, but the {reading.part} values give P {p1}"
            expected = f"with the spread read as {then} instead of {now} they give {p2}"
            severity: Severity = "note" if reading.name == "spread" else "error"
            place = (study, i, outcome, j, contrast)
            yield hit_contrast("A02", severity, place, found, expected, more)
            break


@dataclass(frozen=True, slots=True)
class Reading:
    """Deviates that two arms give, their spread as it is named and the other way."""

    part: str
    name: str
    pair: list[Cell]
    as_named: Span
    other: Span


def readings(cells: Cells, contrast: Contrast) -> list[Reading]:
    """Every comparison that the P of a contrast may be of."""
    found = []
    for part in ("change", "change_percent", "final"):
        pair = pair_of(cells, contrast, part)
        name = None if pair is None or not sized(pair) else named(pair)
        if pair is None or name is None:
            continue
        usual, instead = ("se", "sd") if name == "se" else ("sd", "se")
        if part != "final":
            spans = change_deviates(pair, usual), change_deviates(pair, instead)
        else:
            least = [least_deviate(cells, contrast, r) for r in (usual, instead)]
            if least[0] is None or least[1] is None:
                continue
            spans = (least[0], math.inf), (least[1], math.inf)
        found.append(Reading(part, name, pair, *spans))
    return found


def _p_words(deviates: Span) -> str:
    if math.isinf(deviates[1]):
        return f"of at most {p_of_z(deviates[0]):.2g}"
    return f"near {p_of_z(sum(deviates) / 2):.2g}"


def against_arms(body: Body) -> Iterator[Hit]:
    """A03: SDs of two arms of one outcome that chance does not make so different."""
    for study, i, outcome in body.outcomes():
        cells = [c for c in cells_of(study, i, outcome) if c.sd() is not None and (c.n or 0) > 2]
        for first, second in combinations(cells, 2):
            arms = first.part == second.part
            times = first.arm == second.arm and {first.part, second.part} == {"baseline", "final"}
            # What a treatment moves by different amounts in different people spreads the more.
            if not (arms or times) or first.part not in LEVELS:
                continue
            told = _unlike(first, second)
            if told is not None:
                smaller, ratio, p = told
                name = "SE" if smaller.spread and smaller.spread[0] == "sd" else "spread"
                root = math.sqrt(smaller.n or 1)
                hint = f"; the smaller may be an {name}" if root / 1.8 < ratio < root * 1.8 else ""
                other = second if smaller is first else first
                more: tuple[tuple[str, FigureValue], ...] = tuple(
                    (f"{other.arm} {other.part} {k}", v) for k, v in other.figures()
                )
                found = f"the SD is {ratio:.1f} times smaller than that of {other.place}"
                hit = hit_cell("A03", "warning", smaller, found + hint, f"P of that is {p:.1g}")
                yield replace(hit, figures=(*hit.figures, *more))


def _unlike(first: Cell, second: Cell) -> tuple[Cell, float, float] | None:
    """The cell with the smaller SD, the ratio, and P; levels must differ relative to means too."""
    sds = [first.sd() or 0.0, second.sd() or 0.0]
    sizes = [first.n or 2, second.n or 2]
    small = 0 if sds[0] < sds[1] else 1
    ratio = sds[1 - small] / sds[small]
    p = variance_ratio_p(sds, sizes)
    centres = [first.centre, second.centre]
    if any(c is None or c <= 0 for c in centres):
        return None
    relative = [s / (c or 1.0) for s, c in zip(sds, centres, strict=True)]
    if relative[small] >= relative[1 - small]:
        return None
    ratio = min(ratio, relative[1 - small] / relative[small])
    p = max(p, variance_ratio_p(relative, sizes))
    if ratio < LARGE_RATIO or p > SMALL_P:
        return None
    return (first, second)[small], ratio, p
