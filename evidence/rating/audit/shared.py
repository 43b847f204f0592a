"""The same numbers in two trials, or in two places of one trial (A18)."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from itertools import combinations

from evidence.catalog.audit_answers import FigureValue
from evidence.catalog.study import Outcome, Study
from evidence.catalog.yaml_reader import Address
from evidence.rating.audit.body import LEVELS, Body, Cell, hit_cell, total_of
from evidence.rating.audit.finding import Hit
from evidence.rating.audit.rounding import decimals, digits

# Digits that two trials share: in one place with the same size, or in several places together.
# How often simulated trials reach either by chance is in docs/validation-audit.md.
SHARED_DIGITS = 7
SEVERAL_DIGITS = 10
COUNT_DIGITS = 7
TWICE_BY_CHANCE = 1e-3
SAME_PEOPLE = 0.2
Same = tuple[Cell, Cell]


def same_numbers(body: Body) -> Iterator[Hit]:
    """A18: the same centres, spreads and sizes in two trials, or in two places of one trial."""
    seen: dict[tuple[object, ...], list[Cell]] = defaultdict(list)
    overlapping = body.overlapping()
    for cell in body.cells():
        if cell.centre is None or cell.centre == 0 or cell.outcome.role == "duplicate_source":
            continue
        spread = None if cell.spread is None else cell.spread[1]
        seen[cell.outcome.outcome, cell.outcome.unit, cell.centre, spread].append(cell)
    shared: dict[tuple[str, str, str], list[Same]] = defaultdict(list)
    for cells in seen.values():
        told = set()
        for first, second in combinations(cells, 2):
            names = first.study.id, second.study.id
            if names[0] != names[1]:
                if frozenset(names) not in overlapping and first.part == second.part:
                    shared[(*names, first.outcome.outcome)].append((first, second))
                continue
            key = (second.outcome.id, second.place)
            if key not in told and _unlikely_within(first, second):
                told.add(key)
                found = f"the same figures stand in {first.outcome.id} {first.place}"
                yield hit_cell("A18", "warning", second, found, "figures of their own")
    for same in shared.values():
        yield from _between(same)
    yield from _same_counts(body, overlapping)


def _between(same: list[Same]) -> Iterator[Hit]:
    """One finding for two trials that share so many digits of one outcome."""
    theirs = {(first.outcome.id, first.place): _digits(first) for first, _ in same}
    mine = {(second.outcome.id, second.place): _digits(second) for _, second in same}
    together = min(sum(theirs.values()), sum(mine.values()))
    places = min(len(theirs), len(mine))
    single = [
        _digits(second) + digits(float(second.n or 0))
        for first, second in same
        if first.n is not None and first.n == second.n and second.spread is not None
    ]
    if max(single, default=0) < SHARED_DIGITS and (places < 2 or together < SEVERAL_DIGITS):
        return
    first, second = same[0]
    more: tuple[tuple[str, FigureValue], ...] = tuple(
        (f"{cell.place} {k}", v) for _, cell in same[1:] for k, v in cell.figures()
    )
    count = "one place" if places == 1 else f"{places} places"
    found = f"the same figures in {count} as {first.study.id}/{first.outcome.id} {first.place}"
    hit = hit_cell("A18", "warning", second, found, "declared overlap")
    yield replace(hit, figures=tuple(dict((*hit.figures, *more)).items()))


def _digits(cell: Cell) -> int:
    spread = 0 if cell.spread is None else digits(cell.spread[1])
    return digits(cell.centre or 0.0) + spread


def _unlikely_within(first: Cell, second: Cell) -> bool:
    # A series prints the same baseline beside each time; two arms do not share one.
    if first.part not in LEVELS or second.part not in LEVELS:
        return False
    same_arm = first.arm == second.arm
    other_time = first.outcome.id != second.outcome.id
    if same_arm and (other_time or first.part == second.part):
        return False
    return _chance(first, second, same_arm) < TWICE_BY_CHANCE


def _chance(first: Cell, second: Cell, same_arm: bool) -> float:
    """Probability that two means and two SDs of one population print alike (normal theory)."""
    sd, n = first.sd(), min(first.n or 0, second.n or 0)
    if sd is None or n < 2 or first.spread is None:
        return 1.0
    # Means of the same people at two times differ by less, the more so the better they correlate.
    error = sd / math.sqrt(n) * (SAME_PEOPLE if same_arm else math.sqrt(2))
    mean = 10.0 ** -decimals(first.centre or 0.0) / (2.5 * error)
    relative = 10.0 ** -decimals(first.spread[1]) / first.spread[1]
    spread = relative * math.sqrt(n) / (2.5 * (SAME_PEOPLE if same_arm else 1.0))
    return min(1.0, mean) * min(1.0, spread)


def _same_counts(body: Body, overlapping: frozenset[frozenset[str]]) -> Iterator[Hit]:
    """Events and totals of all arms of one outcome again in another trial."""
    seen: dict[tuple[object, ...], tuple[Study, Outcome]] = {}
    for study, i, outcome in body.outcomes():
        if outcome.role == "duplicate_source":
            continue
        told = sorted(
            (result.events, total_of(study, arm, result) or 0)
            for arm, result in outcome.arms.items()
            if result.events is not None
        )
        if len(told) < 2 or sum(digits(float(x)) for p in told for x in p) < COUNT_DIGITS:
            continue
        earlier = seen.setdefault((outcome.outcome, tuple(told)), (study, outcome))
        if earlier[0].id == study.id or frozenset((earlier[0].id, study.id)) in overlapping:
            continue
        at: Address = ("outcomes", i)
        figures: tuple[tuple[str, FigureValue], ...] = tuple(
            (f"{name} {k}", float(value))
            for k, pair in enumerate(told)
            for name, value in zip(("events", "total"), pair, strict=True)
        )
        found = f"the same counts stand in {earlier[0].id}/{earlier[1].id}"
        names = study.id, outcome.id
        yield Hit("A18", "warning", *names, at, "arms", figures, found, "declared overlap")
