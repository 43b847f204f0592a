"""Baselines that are too different, or too alike, for chance (A15, A16; Carlisle 2017)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace

from evidence.catalog.audit_answers import FigureValue
from evidence.catalog.study import Study
from evidence.catalog.yaml_reader import Address
from evidence.rating.audit.body import Body, Cell, cells_of, hit_cell
from evidence.rating.audit.chance import anova_span, stouffer
from evidence.rating.audit.finding import Hit, Severity
from evidence.rating.audit.rounding import span

# Carlisle 2017 (Anaesthesia 72:944-952) counts the trials beyond 1 in 10,000 on either side.
CERTAIN = 1e-4
DOUBTFUL = 1e-3
FEWEST_VARIABLES = 4


def different(body: Body) -> Iterator[Hit]:
    """A15: a baseline difference between randomised arms that chance does not make."""
    for study in body.studies:
        for cells, _, high in _variables(study):
            if high < DOUBTFUL:
                severity: Severity = "error" if high < CERTAIN else "warning"
                found = f"the arms' baselines differ with P {high:.2g} at most"
                more: tuple[tuple[str, FigureValue], ...] = tuple(
                    (f"{c.arm} {k}", v) for c in cells[1:] for k, v in c.figures()
                )
                expected = "P above 0.001 after randomisation"
                hit = hit_cell("A15", severity, cells[0], found, expected)
                yield replace(hit, figures=(*hit.figures, *more))


def alike(body: Body) -> Iterator[Hit]:
    """A16: baselines of one trial that are all nearer to each other than chance leaves them."""
    for study in body.studies:
        least: dict[str, float] = {}
        told: list[tuple[str, FigureValue]] = []
        for cells, low, _ in _variables(study):
            word = cells[0].outcome.outcome
            least[word] = min(low, least.get(word, 1.0))
            for cell in cells:
                told += [(f"{cell.outcome.id} {cell.arm} {k}", v) for k, v in cell.figures()]
        if len(least) < FEWEST_VARIABLES:
            body.too_few["A16"] += 1
            continue
        # The smallest P that rounding leaves of each: equal means of coarse figures are no proof.
        p = stouffer([1 - value for value in least.values()])
        if p < DOUBTFUL:
            found = f"{len(least)} baselines are all alike: combined P {p:.2g}"
            at: Address = ("outcomes",)
            severity: Severity = "error" if p < CERTAIN else "warning"
            expected = "P values of baseline differences spread over 0 to 1"
            yield Hit("A16", severity, study.id, "", at, "", tuple(told), found, expected)


def _variables(study: Study) -> Iterator[tuple[list[Cell], float, float]]:
    """Baselines of the arms that were randomised against each other, with the span of P."""
    if study.design != "parallel_rct":
        return
    randomised = {arm.id: arm.cohort for arm in study.arms if arm.randomised}
    for i, outcome in enumerate(study.outcomes):
        if outcome.role in ("subgroup", "duplicate_source"):
            continue
        groups: dict[str, list[Cell]] = defaultdict(list)
        for cell in cells_of(study, i, outcome):
            if cell.part == "baseline" and cell.arm in randomised and _usable(cell):
                groups[randomised[cell.arm]].append(cell)
        for cells in groups.values():
            if len(cells) > 1:
                means = [span(c.summary.mean or 0.0) for c in cells]
                sds = [_sd_span(c) for c in cells]
                yield cells, *anova_span(means, sds, [float(c.n or 2) for c in cells])


def _usable(cell: Cell) -> bool:
    return cell.summary.mean is not None and cell.spread is not None and (cell.n or 0) > 2


def _sd_span(cell: Cell) -> tuple[float, float]:
    """Span of the SD; an unnamed spread may be either, so that both ends are taken."""
    name, value = cell.spread or ("sd", 0.0)
    low, high = span(value)
    root = float(cell.n or 1) ** 0.5
    if name == "se":
        return low * root, high * root
    return low, high * root if name == "spread" else high
