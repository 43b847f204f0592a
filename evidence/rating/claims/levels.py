"""The levels that trials' arms reached, and how far a claimed level stands from each."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from evidence.catalog.claims import Holds, LevelAt
from evidence.catalog.number import Given
from evidence.catalog.study import Arm, ArmResult, Outcome, Study, Summary
from evidence.catalog.terms import Terms
from evidence.effects.derive import in_unit
from evidence.effects.labels import label, source_text
from evidence.errors import Problem, QuestionError, did_you_mean
from evidence.rating.claims.verdict import Ruling

INHIBITOR, ANDROGEN, CONTROL = "aromatase_inhibitor", "androgen", "control"
SKIPPED_ROLES = ("duplicate_source", "off_treatment", "severity_subset")


@dataclass(frozen=True, slots=True)
class ArmLevel:
    """Mean or median level of one arm on treatment, in the claim's unit.

    ``distance`` is how far it lies outside the claimed range, with its sign; 0 inside.
    """

    study: str
    label: str
    arm: str
    regimen: str
    design: str
    weeks: float | None
    n: int | None
    level: float
    kind: str
    spread: str
    distance: float
    same: bool
    source: str
    url: str | None


def arm_levels(
    at: LevelAt, holds: Holds, studies: Iterable[Study], terms: Terms
) -> tuple[ArmLevel, ...]:
    """List the levels that men on testosterone reached, with or without an inhibitor.

    One level an arm: that of the trial's latest time on treatment. Arms of boys and women are left
    out, and arms that are a sum of others.

    Raises
    ------
    QuestionError
        If the outcome or the unit is unknown.
    """
    problems = [
        Problem(name, f'"{word}" is not known', did_you_mean(word, known))
        for name, word, known in (
            ("level.outcome", at.outcome, terms.outcomes),
            ("level.unit", at.unit, terms.units),
        )
        if word not in known
    ]
    if problems:
        raise QuestionError("a claimed level does not fit the terms", problems)
    best: dict[tuple[str, str], ArmLevel] = {}
    for study in studies:
        if study.population.sex != "male" or study.population.group.startswith("boys"):
            continue
        for outcome in study.outcomes:
            if outcome.outcome != at.outcome or outcome.role in SKIPPED_ROLES:
                continue
            for name, result in outcome.arms.items():
                arm = study.arm(name)
                if not _wanted(arm, at.inhibitor, terms):
                    continue
                found = _level(study, outcome, arm, result, at, holds, terms)
                if found is not None:
                    before = best.get((study.id, name))
                    if before is None or (found.weeks or 0.0) > (before.weeks or 0.0):
                        best[study.id, name] = found
    return tuple(sorted(best.values(), key=lambda x: (not x.same, x.study, x.arm)))


def _wanted(arm: Arm, inhibitor: bool, terms: Terms) -> bool:
    drugs = [arm.drug, *(extra.drug for extra in arm.background)]
    classes = {terms.drugs[drug].drug_class for drug in drugs if drug in terms.drugs}
    return ANDROGEN in classes and (INHIBITOR in classes) == inhibitor


def _level(
    study: Study, outcome: Outcome, arm: Arm, result: ArmResult, at: LevelAt, holds: Holds,
    terms: Terms,
) -> ArmLevel | None:  # fmt: skip
    summary = result.final
    if summary is None:
        return None
    kind = (
        "mean" if summary.mean is not None else "median" if summary.median is not None else "centre"
    )
    centre = getattr(summary, kind)
    if centre is None:
        return None
    substance = terms.outcomes[at.outcome].substance

    def convert(value: float) -> float | None:
        number = in_unit(Given(value, outcome.unit), terms, substance, outcome.unit, at.unit)
        return None if number is None else number.value

    level = convert(centre)
    if level is None:
        return None
    return ArmLevel(
        study=study.id,
        label=label(study),
        arm=arm.id,
        regimen=_regimen(arm, terms),
        design=study.design,
        weeks=outcome.weeks,
        n=result.n if result.n is not None else arm.n,
        level=level,
        kind="not named" if kind == "centre" else kind,
        spread=_spread(summary, outcome.unit, at.unit),
        distance=distance(level, holds),
        same=f"{study.id}/{arm.id}" in at.same,
        source=source_text(outcome),
        url=outcome.source.url,
    )


def _regimen(arm: Arm, terms: Terms) -> str:
    def named(drug: str) -> str:
        return terms.drugs[drug].label if drug in terms.drugs else drug

    own = named(arm.drug)
    if arm.weekly_dose_mg is not None:
        own += f" {arm.weekly_dose_mg:g} mg a week"
    drugs = [] if terms.drugs[arm.drug].drug_class == CONTROL else [own]
    drugs += [f"{named(x.drug)}{f' ({x.detail})' if x.detail else ''}" for x in arm.background]
    return "; ".join(drugs)


def _spread(summary: Summary, unit: str | None, wanted: str) -> str:
    """Spread as printed, in the printed unit where that is another."""
    parts = []
    for name in ("sd", "se", "spread"):
        value = getattr(summary, name)
        if value is not None:
            word = {"sd": "SD", "se": "SE", "spread": "±"}[name]
            parts.append(f"{word} {value:g}")
    for name in ("ci95", "iqr", "range"):
        pair = getattr(summary, name)
        if pair is not None:
            parts.append(f"{name.upper() if name == 'iqr' else name} {pair[0]:g} to {pair[1]:g}")
    if parts and unit != wanted:
        parts.append(f"as printed, in {unit}")
    return ", ".join(parts)


def distance(level: float, holds: Holds) -> float:
    """How far a level lies outside a claimed range: below it negative, inside 0.

    Examples
    --------
    >>> distance(616.0, Holds(relation="between", low=700, high=900))
    -84.0
    >>> distance(33.3, Holds(relation="above", low=40)) < 0
    True
    """
    low, high = holds.low, holds.high
    if holds.relation == "below":
        low, high = None, holds.low
    if low is not None and level < low:
        return level - low
    if high is not None and level > high:
        return level - high
    return 0.0


def level_ruling(levels: Sequence[ArmLevel]) -> Ruling:
    """Judge a claimed level by the arms that had the claim's own regimen.

    Arms on other regimens show what levels there are; they do not test the claim.

    Examples
    --------
    >>> level_ruling(()).words
    'not tested by any trial seen'
    """
    same = [x for x in levels if x.same]
    if not same:
        return Ruling("not_tested", "no_arm")
    inside = [x.distance == 0.0 for x in same]
    if all(inside):
        return Ruling("overstated", "unrated")
    return Ruling("uncertain", "open") if any(inside) else Ruling("contradicted", "printed_against")
