"""Changes against beginning and end (A17), words against figures (A19)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from evidence.catalog.arithmetic import RATIOS
from evidence.catalog.audit_answers import FigureValue
from evidence.catalog.study import ArmResult, Contrast, Outcome, Study
from evidence.catalog.yaml_reader import Address
from evidence.rating.audit.body import (
    LEVELS,
    Body,
    Cell,
    Cells,
    by_place,
    hit_cell,
    hit_contrast,
)
from evidence.rating.audit.finding import Hit, Severity
from evidence.rating.audit.rounding import apart, difference, span

# Means of changes are of those who were seen twice, and often adjusted for the baseline.
CHANGE_SD_SHARE = 0.25
CHANGE_SHARE = 0.25
PERCENT_POINTS = 25.0
PERCENT_SIGN = 5.0
Told = tuple[tuple[str, FigureValue], ...]
Moved = tuple[str, float, Told]


def changes(body: Body) -> Iterator[Hit]:
    """A17: a change that is not the end minus the beginning."""
    for study, i, outcome in body.outcomes():
        cells = by_place(study, i, outcome)
        for arm in outcome.arms:
            start, end = cells.get((arm, "baseline")), cells.get((arm, "final"))
            if start is None or end is None:
                continue
            ends = (start.summary.mean, end.summary.mean)
            if ends[0] is None or ends[1] is None:
                continue
            gap = difference(span(ends[1]), span(ends[0]))
            for part in ("change", "change_percent"):
                cell = cells.get((arm, part))
                if cell is not None and cell.summary.mean is not None:
                    yield from _change(cell, (start, end), gap)


def _change(cell: Cell, ends: tuple[Cell, Cell], gap: tuple[float, float]) -> Iterator[Hit]:
    printed = span(cell.summary.mean or 0.0)
    value = cell.summary.mean or 0.0
    if cell.part == "change":
        allowed = CHANGE_SHARE * abs(value)
        sds = [c.sd() for c in ends]
        allowed = max(allowed, *(CHANGE_SD_SHARE * (sd or 0.0) for sd in sds))
        border = allowed
    else:
        base = ends[0].summary.mean or 0.0
        if base <= 0:
            return
        gap = (100 * gap[0] / base, 100 * gap[1] / base)
        allowed, border = max(PERCENT_POINTS, 0.5 * abs(value)), PERCENT_SIGN
    opposite = min(gap[1], printed[1]) < -border and max(gap[0], printed[0]) > border
    if apart(printed, gap) <= allowed and not opposite:
        return
    unit = " %" if cell.part == "change_percent" else ""
    found = f"a {cell.part} of {value:g}, but the means give {sum(gap) / 2:.3g}{unit}"
    more: tuple[tuple[str, FigureValue], ...] = (
        ("baseline mean", ends[0].summary.mean or 0.0),
        ("final mean", ends[1].summary.mean or 0.0),
    )
    hit = hit_cell("A17", "error" if opposite else "warning", cell, found, "end minus beginning")
    yield replace(hit, figures=(*hit.figures, *more))


def words(body: Body) -> Iterator[Hit]:
    """A19: "increase" or "decrease" against the figures beside it."""
    for study, i, outcome in body.outcomes():
        cells = by_place(study, i, outcome)
        for arm, result in outcome.arms.items():
            yield from _arm_words(study, i, outcome, arm, result, cells)
        for j, contrast in enumerate(outcome.contrasts):
            yield from _contrast_words((study, i, outcome, j, contrast), cells)


def _arm_words(
    study: Study, i: int, outcome: Outcome, arm: str, result: ArmResult, cells: Cells
) -> Iterator[Hit]:
    moved = _moved(cells, arm)
    if moved is None or result.direction not in ("increase", "decrease"):
        return
    name, value, figures = moved
    if (value > 0) == (result.direction == "increase") or value == 0:
        return
    at: Address = ("outcomes", i, "arms", arm, "direction")
    told = (("direction", result.direction), *figures)
    found = f'"{result.direction}", but the {name} is {value:+.4g}'
    place = f"arms.{arm}.direction"
    expected = "the same direction"
    yield Hit("A19", "error", study.id, outcome.id, at, place, told, found, expected)


def _moved(cells: Cells, arm: str) -> Moved | None:
    for part in ("change", "change_percent"):
        cell = cells.get((arm, part))
        if cell is not None and cell.centre is not None:
            return part, cell.centre, _told(cell)
    ends = [cells.get((arm, part)) for part in LEVELS]
    both = [c for c in ends if c is not None and c.summary.mean is not None]
    if len(both) < 2:
        return None
    value = (both[1].summary.mean or 0.0) - (both[0].summary.mean or 0.0)
    return "difference of means", value, (*_told(both[0]), *_told(both[1]))


def _told(cell: Cell) -> Told:
    return tuple((f"{cell.arm} {cell.part} {k}", v) for k, v in cell.figures())


def _contrast_words(
    place: tuple[Study, int, Outcome, int, Contrast], cells: Cells
) -> Iterator[Hit]:
    contrast = place[4]
    if contrast.direction not in ("increase", "decrease"):
        return
    compared = _compared(contrast, cells)
    if compared is None or compared[1] == 0:
        return
    name, value, figures = compared
    if (value > 0) == (contrast.direction == "increase"):
        return
    found = f'"{contrast.direction}", but the {name} points the other way ({value:+.4g})'
    severity: Severity = "error" if name == "estimate" else "warning"
    yield hit_contrast("A19", severity, place, found, "the same direction", figures)


def _compared(contrast: Contrast, cells: Cells) -> Moved | None:
    if contrast.estimate is not None:
        if contrast.measure in ("MD", "SMD", "RD", "percent_difference", "r", "beta"):
            return "estimate", contrast.estimate, ()
        if contrast.measure in RATIOS and contrast.measure != "RR_inverse":
            return "estimate", contrast.estimate - 1, ()
        return None
    if contrast.kind == "within" and contrast.arm is not None:
        return _moved(cells, contrast.arm)
    if contrast.kind != "between":
        return None
    for part in ("change", "change_percent", "final"):
        pair = [cells.get((arm or "", part)) for arm in (contrast.arm, contrast.versus)]
        both = [c for c in pair if c is not None and c.centre is not None]
        if len(both) == 2:
            value = (both[0].centre or 0.0) - (both[1].centre or 0.0)
            return f"difference of {part}", value, (*_told(both[0]), *_told(both[1]))
    return None
