"""Comparisons against the arms that they compare: estimates (A09) and P values (A10)."""

from __future__ import annotations

import math
from collections.abc import Iterator

from evidence.catalog.audit_answers import FigureValue
from evidence.catalog.study import Contrast, Outcome, Study
from evidence.rating.audit.arms import SLOPES, adjusted, mean_difference, pair_of
from evidence.rating.audit.body import (
    Body,
    Cell,
    Cells,
    by_place,
    hit_contrast,
    p_words,
    total_of,
)
from evidence.rating.audit.chance import p_of_z, table_span
from evidence.rating.audit.contrasts import gap_to_p
from evidence.rating.audit.finding import Hit, Severity
from evidence.rating.audit.rounding import Span, apart, difference, log_span, span
from evidence.rating.audit.spreads import Reading, readings

Place = tuple[Study, int, Outcome, int, Contrast]
Count = tuple[Span, int]
COUNT_MEASURES = ("RR", "OR", "RD", "HR", "IRR")
# A ratio of crude counts is not the printed one where it is adjusted or of times to events.
CRUDE_SLACK, MODEL_SLACK = 0.1, 0.35
OPPOSITE = 0.1
ADJUSTED_SHARE, SD_SHARE = 0.5, 0.3
COUNTS_Z_SLACK, MEANS_Z_SLACK = 0.5, 1.5


def estimate_against_arms(body: Body) -> Iterator[Hit]:
    """A09: a printed difference or ratio against the arms' own figures; arms swapped."""
    for place in body.contrasts():
        contrast = place[4]
        if contrast.kind != "between" or contrast.estimate is None:
            continue
        if contrast.measure in COUNT_MEASURES:
            yield from _ratio_of_counts(place)
        elif contrast.measure == "MD":
            yield from _difference_of_means(place)


def _ratio_of_counts(place: Place) -> Iterator[Hit]:
    counts = counts_of(place)
    contrast = place[4]
    if counts is None or contrast.estimate is None:
        return
    crude = _crude(contrast.measure or "", *counts)
    printed = span(contrast.estimate)
    if contrast.measure != "RD":
        printed = log_span(printed)
    if crude is None or math.isinf(printed[0]):
        return
    gap = apart(crude, printed)
    model = contrast.measure in ("HR", "IRR") or contrast.adjusted_for is not None
    limit = MODEL_SLACK if model else CRUDE_SLACK
    limit = 0.02 if contrast.measure == "RD" else limit
    border = 0.01 if contrast.measure == "RD" else OPPOSITE
    crosses = min(crude[1], printed[1]) < -border and max(crude[0], printed[0]) > border
    if gap <= limit and not crosses:
        return
    shown = sum(crude) / 2 if contrast.measure == "RD" else math.exp(sum(crude) / 2)
    found = f"{contrast.measure} {contrast.estimate:g}, but the counts give {shown:.3g}"
    swapped = apart((-crude[1], -crude[0]), printed) <= limit and crosses
    expected = "with the arms swapped they agree" if swapped else "agreement of both"
    severity: Severity = "error" if crosses else "warning"
    yield hit_contrast("A09", severity, place, found, expected, _told_counts(place))


def counts_of(place: Place) -> tuple[Count, Count] | None:
    """Events (the span that a rounded percentage leaves) and totals of both arms."""
    study, _, outcome, _, contrast = place
    found = []
    for arm in (contrast.arm, contrast.versus):
        result = outcome.arms.get(arm or "")
        total = None if result is None else total_of(study, arm or "", result)
        if result is None or total is None or total < 1:
            return None
        if result.events is not None:
            found.append(((float(result.events), float(result.events)), total))
        elif result.events_percent is not None:
            low, high = (x * total / 100 for x in span(result.events_percent))
            ends = (math.ceil(max(low, 0.0)), math.floor(min(high, total)))
            if ends[0] > ends[1]:
                return None
            found.append(((float(ends[0]), float(ends[1])), total))
        else:
            return None
    if any(events[1] > total for events, total in found):
        return None
    return found[0], found[1]


def _told_counts(place: Place) -> tuple[tuple[str, FigureValue], ...]:
    study, _, outcome, _, contrast = place
    told: list[tuple[str, FigureValue]] = []
    for arm in (contrast.arm, contrast.versus):
        result = outcome.arms[arm or ""]
        total = total_of(study, arm or "", result)
        for name, value in (("events", result.events), ("percent", result.events_percent)):
            told += [] if value is None else [(f"{arm} {name}", float(value))]
        told += [] if total is None else [(f"{arm} total", float(total))]
    return tuple(told)


def _crude(measure: str, first: Count, second: Count) -> Span | None:
    shares = [(events[0] / n, events[1] / n) for events, n in (first, second)]
    if measure == "RD":
        return difference(shares[0], shares[1])
    if measure == "OR":
        if any(high >= 1 for _, high in shares):
            return None
        shares = [(low / (1 - low), high / (1 - high)) for low, high in shares]
    if any(low <= 0 for low, _ in shares):
        return None
    ratio = difference(log_span(shares[0]), log_span(shares[1]))
    if measure not in ("HR", "IRR") or any(high >= 1 for _, high in shares):
        return ratio
    # A ratio of hazards lies between that of the risks and that of the cumulative hazards.
    hazards = [(-math.log1p(-low), -math.log1p(-high)) for low, high in shares]
    other = difference(log_span(hazards[0]), log_span(hazards[1]))
    return min(ratio[0], other[0]), max(ratio[1], other[1])


def _difference_of_means(place: Place) -> Iterator[Hit]:
    study, i, outcome, _, contrast = place
    cells = by_place(study, i, outcome)
    told: list[tuple[str, Span, list[Cell]]] = []
    for part in ("change", "change_percent", "final"):
        pair = pair_of(cells, contrast, part)
        gap = None if pair is None else mean_difference(pair)
        gap = adjusted(cells, contrast) if part == "final" else _with_baseline(cells, contrast, gap)
        if pair is not None and gap is not None:
            told.append((part, gap, pair))
    printed = span(contrast.estimate or 0.0)
    if not told or any(apart(printed, gap) == 0 for _, gap, _ in told):
        return
    part, nearest, pair_cells = min(told, key=lambda one: apart(printed, one[1]))
    opposite = apart(printed, (-nearest[1], -nearest[0])) == 0
    allowed = ADJUSTED_SHARE * abs(contrast.estimate or 0.0)
    sds = [sd for sd in (c.sd() for c in pair_cells) if sd is not None]
    allowed = max([allowed, *(SD_SHARE * sd for sd in sds)])
    if apart(printed, nearest) <= allowed and not opposite:
        return
    found = f"MD {contrast.estimate:g}, but the arms' {part} means give {sum(nearest) / 2:.3g}"
    expected = "with the arms swapped they agree" if opposite else "agreement of both"
    more = tuple((f"{c.arm} {k}", v) for c in pair_cells for k, v in c.figures())
    severity: Severity = "error" if opposite else "warning"
    yield hit_contrast("A09", severity, place, found, expected, more)


def _with_baseline(cells: Cells, contrast: Contrast, gap: Span | None) -> Span | None:
    """Difference of changes, as adjustment for the printed baselines may move it."""
    baseline = pair_of(cells, contrast, "baseline")
    if gap is None or baseline is None:
        return gap
    pair = pair_of(cells, contrast, "change")
    if pair is None:
        return gap
    shifts = [(1 - slope) * b for slope in SLOPES for b in mean_difference(baseline)]
    return gap[0] + min(shifts), gap[1] + max(shifts)


def p_against_arms(body: Body) -> Iterator[Hit]:
    """A10: P recomputed from the counts or means, spreads and sizes of the arms."""
    for place in body.contrasts():
        contrast = place[4]
        if contrast.kind != "between" or contrast.p is None:
            continue
        yield from _p_of_counts(place)
        yield from _p_of_means(place)


def _p_of_counts(place: Place) -> Iterator[Hit]:
    contrast, outcome = place[4], place[2]
    counts = counts_of(place)
    if counts is None:
        return
    told = table_span(*counts)
    model = outcome.type in ("time_to_event", "rate") or contrast.measure in ("HR", "IRR")
    slack = (2 if model or contrast.adjusted_for else 1) * COUNTS_Z_SLACK
    gap = gap_to_p(contrast, told)
    if gap <= slack + 0.1 * max(told):
        return
    low, high = p_of_z(told[1]), p_of_z(told[0])
    found = f"P {p_words(contrast)}, but the counts give P from {low:.2g} to {high:.2g}"
    expected = "a P of chi-square or Fisher's test near the printed one"
    severity: Severity = "warning" if model or gap < 3 * COUNTS_Z_SLACK else "error"
    yield hit_contrast("A10", severity, place, found, expected, _told_counts(place))


def _p_of_means(place: Place) -> Iterator[Hit]:
    study, i, outcome, _, contrast = place
    told = readings(by_place(study, i, outcome), contrast)
    spans = [(r, s) for r in told for s in _possible(r)]
    if not spans:
        return
    gap, reading, nearest = min(
        ((gap_to_p(contrast, s), r, s) for r, s in spans), key=lambda one: one[0]
    )
    if gap <= MEANS_Z_SLACK:
        return
    p = p_of_z(nearest[0] if math.isinf(nearest[1]) else sum(nearest) / 2)
    limit = "at most" if math.isinf(nearest[1]) else "near"
    found = f"P {p_words(contrast)}, but the {reading.part} values give P {limit} {p:.2g}"
    more = tuple((f"{c.arm} {k}", v) for c in reading.pair for k, v in c.figures())
    expected = "a P of the t test near the printed one"
    yield hit_contrast("A10", "warning", place, found, expected, more)


def _possible(reading: Reading) -> list[Span]:
    both = [reading.as_named, reading.other]
    return both if reading.name == "spread" else both[:1]
