"""The studies laid out for the checks: every printed centre with its spread, size and place."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Literal

from evidence.catalog.audit_answers import FigureValue
from evidence.catalog.study import ArmResult, Contrast, Outcome, Study, Summary
from evidence.catalog.terms import Terms
from evidence.catalog.yaml_reader import Address, written
from evidence.rating.audit.finding import Hit, Severity

Part = Literal["baseline", "final", "change", "change_percent"]
PARTS: tuple[Part, ...] = ("baseline", "final", "change", "change_percent")
LEVELS = ("baseline", "final")
NO_UNIT = (None, "not printed")


@dataclass(frozen=True, slots=True)
class Cell:
    """What was printed of one arm at one time: centre, spread, size, and where."""

    study: Study
    outcome: Outcome
    at: Address
    arm: str
    part: Part
    summary: Summary
    result: ArmResult
    n: int | None

    @property
    def centre(self) -> float | None:
        """Mean, else median, else the figure that the page names neither."""
        told = (self.summary.mean, self.summary.median, self.summary.centre)
        return next((value for value in told if value is not None), None)

    @property
    def spread(self) -> tuple[str, float] | None:
        """Name and value of the spread that was printed; the SD where there are two."""
        for name in ("sd", "se", "spread"):
            value = getattr(self.summary, name)
            if value is not None:
                return name, value
        return None

    @property
    def place(self) -> str:
        """Address inside the outcome."""
        return f"arms.{self.arm}.{self.part}"

    def figures(self) -> tuple[tuple[str, FigureValue], ...]:
        """What was printed here, for an answer to hold on to."""
        names = ("mean", "median", "centre", "sd", "se", "spread")
        told = [(name, getattr(self.summary, name)) for name in names]
        for name in ("ci95", "iqr", "range"):
            pair = getattr(self.summary, name)
            told += [] if pair is None else [(f"{name}_low", pair[0]), (f"{name}_high", pair[1])]
        told.append(("n", None if self.n is None else float(self.n)))
        return tuple((name, value) for name, value in told if value is not None)

    def sd(self, reading: str | None = None) -> float | None:
        """SD that the printed spread stands for, read as named or as ``reading`` says."""
        if self.spread is None:
            return None
        name, value = self.spread
        name = name if reading is None else reading
        if name == "sd":
            return value
        return None if name != "se" or self.n is None else value * math.sqrt(self.n)


Cells = dict[tuple[str, str], Cell]


@dataclass(slots=True)
class Body:
    """All studies with the vocabulary; counts places that a check could not compare."""

    studies: tuple[Study, ...]
    terms: Terms
    too_few: Counter[str] = field(default_factory=Counter)

    def outcomes(self) -> Iterator[tuple[Study, int, Outcome]]:
        """Every outcome with its position in the file."""
        for study in self.studies:
            for i, outcome in enumerate(study.outcomes):
                yield study, i, outcome

    def contrasts(self) -> Iterator[tuple[Study, int, Outcome, int, Contrast]]:
        """Every contrast with its outcome."""
        for study, i, outcome in self.outcomes():
            for j, contrast in enumerate(outcome.contrasts):
                yield study, i, outcome, j, contrast

    def cells(self) -> list[Cell]:
        """Every printed centre or spread of an arm, in the order of the files."""
        return [
            cell for study, i, outcome in self.outcomes() for cell in cells_of(study, i, outcome)
        ]

    def by_outcome(self, cells: Iterable[Cell]) -> dict[tuple[str, Part], list[Cell]]:
        """Group cells by outcome word and part."""
        found: dict[tuple[str, Part], list[Cell]] = defaultdict(list)
        for cell in cells:
            found[(cell.outcome.outcome, cell.part)].append(cell)
        return found

    def in_base(self, cell: Cell) -> tuple[str, float] | None:
        """Dimension and factor of a cell's unit; amounts become masses where that is possible."""
        part, unit = cell.part, cell.outcome.unit
        if part == "change_percent":
            return "percent change", 1.0
        if unit in NO_UNIT or unit not in self.terms.units:
            return None
        term = self.terms.units[unit]
        word = self.terms.outcomes.get(cell.outcome.outcome)
        substance = None if word is None else word.substance
        if term.dimension == "amount_concentration" and substance in self.terms.substances:
            mass = self.terms.substances[substance].molar_mass
            return "mass_concentration", term.in_base * mass
        return term.dimension, term.in_base

    def molar_factors(self, outcome: str) -> list[float]:
        """Factors by which a unit of mass and one of amount are confused for this outcome."""
        word = self.terms.outcomes.get(outcome)
        if word is None or word.substance not in self.terms.substances:
            return []
        mass = self.terms.substances[word.substance].molar_mass
        units = [self.terms.units[u] for u in word.units if u in self.terms.units]
        masses = {u.in_base for u in units if u.dimension == "mass_concentration"}
        amounts = {u.in_base * mass for u in units if u.dimension == "amount_concentration"}
        return sorted({a / m for a in amounts for m in masses if abs(math.log(a / m)) > 0.5})

    def overlapping(self) -> frozenset[frozenset[str]]:
        """Pairs of studies that declare the same people."""
        return frozenset(
            frozenset((study.id, other)) for study in self.studies for other in study.overlaps
        )


def cells_of(study: Study, i: int, outcome: Outcome) -> Iterator[Cell]:
    """Lay out the cells of one outcome."""
    for arm, result in outcome.arms.items():
        for part in PARTS:
            summary = getattr(result, part)
            if summary is not None:
                at: Address = ("outcomes", i, "arms", arm, part)
                n = size_of(study, arm, result)
                yield Cell(study, outcome, at, arm, part, summary, result, n)


def by_place(study: Study, i: int, outcome: Outcome) -> Cells:
    """Cells of one outcome by arm and part."""
    return {(cell.arm, cell.part): cell for cell in cells_of(study, i, outcome)}


def size_of(study: Study, arm: str, result: ArmResult) -> int | None:
    """Size of an arm in an outcome: as printed there, else that of the arm."""
    if result.n is not None:
        return result.n
    return next((one.n for one in study.arms if one.id == arm), None)


def total_of(study: Study, arm: str, result: ArmResult) -> int | None:
    """Denominator of a count: as printed, else the size."""
    return result.total if result.total is not None else size_of(study, arm, result)


def hit_cell(code: str, severity: Severity, cell: Cell, found: str, expected: str) -> Hit:
    """Make a hit on a cell."""
    study, outcome = cell.study.id, cell.outcome.id
    return Hit(code, severity, study, outcome, cell.at, cell.place, cell.figures(), found, expected)


def contrast_figures(contrast: Contrast) -> tuple[tuple[str, FigureValue], ...]:
    """What a contrast prints, for an answer to hold on to."""
    told: list[tuple[str, FigureValue]] = []
    for name in ("estimate", "se"):
        value = getattr(contrast, name)
        told += [] if value is None else [(name, value)]
    if contrast.ci is not None:
        told += [("ci_low", contrast.ci[0]), ("ci_high", contrast.ci[1])]
    if contrast.p is not None:
        told.append(("p", p_words(contrast)))
    if contrast.direction is not None:
        told.append(("direction", contrast.direction))
    return tuple(told)


def p_words(contrast: Contrast) -> str:
    """Write a P value as it was said."""
    p = contrast.p
    if p is None:
        return "none"
    return p.relation if p.value is None else f"{p.relation} {p.value:g}"


def hit_contrast(
    code: str,
    severity: Severity,
    place: tuple[Study, int, Outcome, int, Contrast],
    found: str,
    expected: str,
    more: tuple[tuple[str, FigureValue], ...] = (),
) -> Hit:
    """Make a hit on a contrast; ``more`` are figures of its arms that it rests on."""
    study, i, outcome, j, contrast = place
    at: Address = ("outcomes", i, "contrasts", j)
    figures = (*contrast_figures(contrast), *more)
    return Hit(code, severity, study.id, outcome.id, at, written(at[2:]), figures, found, expected)
