"""Levels: impossible ones, centres and limits that contradict, units that slipped (A04 to A06)."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from statistics import median

from evidence.rating.audit.body import LEVELS, Body, Cell, hit_cell
from evidence.rating.audit.bounds import bound_in
from evidence.rating.audit.chance import t_quantile
from evidence.rating.audit.finding import Hit
from evidence.rating.audit.rounding import span, together
from evidence.rating.audit.spreads import FEWEST_OTHERS, ROBUST_Z, robust

Group = tuple[str, str]
LEAST_LOG_SCALE = 0.3
CORRECTED = 1.5
WIDTH_SLACK = 0.08


def possible(body: Body) -> Iterator[Hit]:
    """A04: means that no group of people has."""
    for cell in body.cells():
        centre = cell.centre
        if centre is None:
            continue
        if cell.part == "change_percent":
            if centre < -100:
                found = f"a change of {centre:g} %"
                yield hit_cell("A04", "error", cell, found, "nothing falls by more than all of it")
            continue
        unit = cell.outcome.unit
        if cell.part not in LEVELS or unit is None:
            continue
        bound = bound_in(cell.outcome.outcome, unit, body.terms)
        if bound is None:
            body.too_few["A04"] += 1
            continue
        low, high, why = bound
        if not low <= centre <= high:
            found = f"{centre:g} {unit} of {cell.outcome.outcome}"
            yield hit_cell("A04", "error", cell, found, f"between {low:.3g} and {high:.3g}: {why}")
        elif _impossible_sd(cell, low, high):
            found = f"{centre:g} with an SD of {cell.sd():g} {unit}"
            expected = f"values between {low:.3g} and {high:.3g} cannot spread so far"
            yield hit_cell("A04", "error", cell, found, expected)


def _impossible_sd(cell: Cell, low: float, high: float) -> bool:
    """Whether the SD is above what figures between two bounds can have (Bhatia and Davis 2000)."""
    sd, mean = cell.sd(), cell.summary.mean
    # The wide bounds of the table are no limits of single people: only true shares have such.
    if sd is None or mean is None or (low, high) != (0.0, 100.0):
        return False
    n = cell.n or 2
    most = (mean - low) * (high - mean) * n / max(1, n - 1)
    return span(sd)[0] > math.sqrt(max(0.0, most)) + 0.5


def limits(body: Body) -> Iterator[Hit]:
    """A05: a centre outside its limits; an SD that does not fit the range; SE against interval."""
    for cell in body.cells():
        summary = cell.summary
        for name in ("ci95", "iqr", "range"):
            pair = getattr(summary, name)
            centre = summary.mean if name == "ci95" else summary.median
            centre = summary.mean if name == "range" and centre is None else centre
            if pair is None or centre is None:
                continue
            (low, _), (_, high) = span(pair[0]), span(pair[1])
            if not low <= centre <= high:
                found = f"{centre:g} outside its {name} {pair[0]:g} to {pair[1]:g}"
                yield hit_cell("A05", "error", cell, found, "inside")
        yield from _sd_in_range(cell)
        yield from _interval_and_error(cell)


def _sd_in_range(cell: Cell) -> Iterator[Hit]:
    """Largest and least SD of n figures with a range (Popoviciu 1935; Nagy 1918)."""
    ends, sd, n = cell.summary.range, cell.sd(), cell.n
    if ends is None or sd is None or n is None or n < 2 or ends[0] >= ends[1]:
        return
    width = span(ends[1])[1] - span(ends[0])[0]
    most = width / 2 * math.sqrt(n / (n - 1))
    least = (span(ends[1])[0] - span(ends[0])[1]) / math.sqrt(2 * (n - 1))
    low, high = span(sd)
    if low > most or high < least:
        found = f"an SD of {sd:g} with a range of {ends[0]:g} to {ends[1]:g} in {n}"
        yield hit_cell("A05", "error", cell, found, f"between {least:.3g} and {most:.3g}")


def _interval_and_error(cell: Cell) -> Iterator[Hit]:
    pair, spread, n = cell.summary.ci95, cell.spread, cell.n
    if pair is None or spread is None or n is None or n < 2 or spread[0] == "spread":
        return
    low, high = together(pair)
    width = (high[0] - low[1], high[1] - low[0])
    divisor = 1.0 if spread[0] == "se" else math.sqrt(n)
    error = tuple(x / divisor for x in span(spread[1]))
    least = 2 * t_quantile(0.95, math.inf) * error[0] * (1 - WIDTH_SLACK)
    most = 2 * t_quantile(0.95, n - 1) * error[1] * (1 + WIDTH_SLACK)
    if width[1] < least or width[0] > most:
        found = f"a 95 % interval {pair[1] - pair[0]:.3g} wide with {spread[0]} {spread[1]:g}"
        yield hit_cell("A05", "error", cell, found, f"a width of {least:.3g} to {most:.3g}")


def units(body: Body) -> Iterator[Hit]:
    """A06: levels that fit the other trials only after a factor of ten or a molar factor."""
    for (outcome, part), cells in body.by_outcome(body.cells()).items():
        if part not in LEVELS:
            continue
        entries: dict[tuple[str, str], list[tuple[Cell, float]]] = defaultdict(list)
        known: dict[Group, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
        for cell in cells:
            unit, centre = body.in_base(cell), cell.centre
            if unit is None or centre is None or centre <= 0 or unit[0] in ("percent", "t_score"):
                continue
            size = math.log(centre * unit[1])
            known[unit[0], cell.study.population.sex][cell.study.id].append(size)
            entries[cell.study.id, cell.outcome.id].append((cell, size))
        slips = _slips(body.molar_factors(outcome))
        middles = {g: {s: median(v) for s, v in told.items()} for g, told in known.items()}
        for entry in entries.values():
            unit = body.in_base(entry[0][0])
            group = ("" if unit is None else unit[0], entry[0][0].study.population.sex)
            yield from _entry(body, entry, middles[group], slips)


def _entry(
    body: Body,
    entry: list[tuple[Cell, float]],
    middles: dict[str, float],
    slips: list[tuple[str, float]],
) -> Iterator[Hit]:
    """Baselines one by one; of levels on treatment the entry's median, for arms are made to differ.

    A castrate arm beside a replaced one is the design of a trial, not a slip.
    """
    name = entry[0][0].study.id
    others = [middle for study, middle in middles.items() if study != name]
    if len(others) < FEWEST_OTHERS:
        body.too_few["A06"] += len(entry)
        return
    treated = entry[0][0].part == "final"
    middle = median(size for _, size in entry)
    for cell, size in entry[:1] if treated else entry:
        judged = middle if treated else size
        for hit in _slip(cell, judged, size, others, slips):
            yield replace(hit, severity="warning") if treated else hit


def _slips(molar: list[float]) -> list[tuple[str, float]]:
    found = [(f"a factor of {10**k}", k * math.log(10)) for k in (1, 2, 3)]
    found += [(f"a factor of 1/{10**k}", -k * math.log(10)) for k in (1, 2, 3)]
    for factor in molar:
        found.append((f"a molar factor of {factor:.4g}", math.log(factor)))
        found.append((f"a molar factor of 1/{factor:.4g}", -math.log(factor)))
    return found


def _slip(
    cell: Cell, judged: float, size: float, others: list[float], slips: list[tuple[str, float]]
) -> Iterator[Hit]:
    middle, scale = robust(others, LEAST_LOG_SCALE)
    off = (judged - middle) / scale
    if abs(off) <= ROBUST_Z:
        return
    fitting = [(abs((judged - f - middle) / scale), name) for name, f in slips]
    nearest, name = min(fitting)
    found = f"{cell.centre:g} {cell.outcome.unit} lies {off:+.1f} robust SDs from the other trials"
    usual = (
        f"{len(others)} other trials lie near {math.exp(middle - size) * (cell.centre or 0):.3g}"
    )
    if nearest < CORRECTED:
        yield hit_cell("A06", "error", cell, f"{found}, and near them after {name}", usual)
    else:
        yield hit_cell("A06", "warning", cell, found, usual)
