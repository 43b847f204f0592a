"""Which outcomes and which pairs of arms answer a question, and the reason where none does."""

from __future__ import annotations

from evidence.catalog.question import Question
from evidence.catalog.study import Arm, Contrast, Outcome, Study
from evidence.catalog.terms import Terms
from evidence.effects.printed import ALL_ARMS

ROLE_REASONS = {
    "subgroup": "a subgroup of the trial",
    "severity_subset": "only the graver of the events that are counted elsewhere",
    "other_analysis": "another analysis (measure, people or model) of events counted elsewhere",
    "off_treatment": "measured after treatment had ended",
    "duplicate_source": "a second report of figures that stand elsewhere in the file",
}
PLACEBO = "placebo"


def study_reason(study: Study, question: Question) -> str | None:
    """Why a study does not count, or None where it does."""
    if study.design not in question.designs:
        return f"the design is {study.design.replace('_', ' ')}"
    if study.population.sex not in question.sexes:
        return f"the people are {study.population.sex}"
    group = study.population.group
    if (question.groups and group not in question.groups) or group in question.excluded_groups:
        return f"the people are {group.replace('_', ' ')}"
    return None


def outcome_reason(outcome: Outcome, question: Question) -> str | None:
    """Why an outcome does not count, or None where it does."""
    if outcome.role in ROLE_REASONS:
        return ROLE_REASONS[outcome.role]
    weeks, window = outcome.weeks, question.window
    if weeks is None:
        return None if window.untimed else "no time was printed"
    if not window.earliest <= weeks <= window.latest:
        return (
            f"measured at week {weeks:.0f}, outside the window of weeks "
            f"{window.earliest:g} to {window.latest:g}"
        )
    return None


def arm_pairs(study: Study, question: Question, terms: Terms) -> list[tuple[str, str | None]]:
    """Pairs of arms that differ in the treatment asked about and in nothing else.

    For a question about changes within an arm, or its level, each treated arm with None; for one
    about associations each group of people, and all arms together.
    """
    treatments = terms.drugs_of(question.treatment)
    controls = terms.drugs_of(question.control)
    arms = [arm for arm in study.arms if _background_fits(arm, question, terms)]
    treated = [arm for arm in arms if _given(arm, question) & treatments]
    if question.contrast == "association":
        whole = [] if question.treatment else [(ALL_ARMS, None)]
        groups = treated if question.treatment else arms
        return [*((arm.id, None) for arm in groups), *whole]
    if question.contrast == "level":
        # Groups that are no arm hold the people of the arms once more.
        own = [arm for arm in treated if arm.randomised] or treated
        return [(arm.id, None) for arm in own]
    if question.contrast == "within":
        return [(arm.id, None) for arm in treated]
    return [
        (arm.id, other.id)
        for arm in treated
        for other in arms
        if other.id != arm.id
        and other.drug in controls
        and arm.randomised
        and other.randomised
        and arm.cohort == other.cohort
        and _background(arm) == _background(other)
    ]


def pairs_told_of(
    outcome: Outcome, pairs: list[tuple[str, str | None]]
) -> list[tuple[str, str | None]]:
    """Of the pairs that would count, those that an outcome tells of; else the first of them.

    A pair is told of when both its arms or a contrast of the two stand in the outcome, or one of
    its arms does and no other pair is told of. A group is told of when an association or a
    direction is printed of it.
    """
    if any(contrast.kind == "association" for contrast in outcome.contrasts):
        named = {ALL_ARMS if x.arm is None else x.arm for x in outcome.contrasts if _joins(x)}
        named |= {arm for arm, result in outcome.arms.items() if result.direction is not None}
        found = [pair for pair in pairs if pair[1] is None and pair[0] in named]
        if found:
            return found

    def both(pair: tuple[str, str | None]) -> bool:
        sides = {side for side in pair if side is not None}
        linked = any({c.arm, c.versus} == sides for c in outcome.contrasts)
        return sides <= set(outcome.arms) or linked

    def either(pair: tuple[str, str | None]) -> bool:
        sides = {side for side in pair if side is not None}
        return any(side in outcome.arms for side in sides) or any(
            c.arm in sides for c in outcome.contrasts
        )

    told = [pair for pair in pairs if both(pair)] or [pair for pair in pairs if either(pair)]
    return told or pairs[:1]


def _joins(contrast: Contrast) -> bool:
    return contrast.kind == "association"


def _background(arm: Arm) -> frozenset[tuple[str, str | None]]:
    return frozenset((b.drug, b.detail) for b in arm.background if b.drug != PLACEBO)


def _given(arm: Arm, question: Question) -> set[str]:
    """What is asked about of an arm: its drug; of a level all that its people got."""
    besides = arm.background if question.contrast == "level" else ()
    return {arm.drug, *(b.drug for b in besides)}


def _background_fits(arm: Arm, question: Question, terms: Terms) -> bool:
    """Whether the arm's people got what is asked for besides, and nothing that is excluded.

    Of a level it does not matter which of the drugs the trial tested.
    """
    given = {b.drug for b in arm.background if b.drug != PLACEBO}
    if question.contrast == "level":
        given |= {arm.drug}
    wanted = all(given & terms.drugs_of((word,)) for word in question.background_with)
    return wanted and not given & terms.drugs_of(question.background_without)


def no_pair_reason(question: Question) -> str:
    """Say what comparison a trial lacks."""
    if question.contrast == "association":
        return "no group of people under these conditions"
    if question.contrast in ("within", "level"):
        return f"no arm on {' or '.join(question.treatment)} under these conditions"
    return (
        f"no randomised comparison of {' or '.join(question.treatment)} with "
        f"{' or '.join(question.control)} in which the arms differ in nothing else"
    )
