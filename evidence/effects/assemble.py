"""From studies and a question to the table of effects: what is used, in part, or not at all."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

import pandas as pd

from evidence.catalog.question import Question, check_terms
from evidence.catalog.study import Outcome, Study
from evidence.catalog.terms import Terms
from evidence.effects.cells import part_cells, row_cells
from evidence.effects.correlations import partly_associated, why_not
from evidence.effects.derive import assumptions_in
from evidence.effects.eligible import (
    arm_pairs,
    no_pair_reason,
    outcome_reason,
    pairs_told_of,
    study_reason,
)
from evidence.effects.found import Found
from evidence.effects.labels import label, source_text
from evidence.effects.levels import partly_level
from evidence.effects.partial import Part, partly, said
from evidence.effects.printed import Comparison
from evidence.effects.routes import best_route, from_arms
from evidence.effects.shared import closing, combine, covariance, linked
from evidence.effects.stated import once_each, statement
from evidence.effects.statements import Statement
from evidence.effects.table import (
    PARTIAL_COLUMNS,
    ROW_COLUMNS,
    UNUSED_COLUMNS,
    EffectTable,
    RowTrace,
)
from evidence.errors import EffectError

RANDOMISED = ("parallel_rct", "crossover_rct")
READ_ORDER = ("primary_full_text", "primary_abstract", "registry", "secondary_source")
APART = (
    "shares an arm with {}, and the arms' own figures that would be needed to put the two together "
    "were not printed"
)
NOTHING = "no figure, P or direction was printed for this comparison"
NO_LEVEL = "no value of the arm at the occasion asked for was printed"
SAME_PEOPLE = "may hold the same people as {}, which is used"
THROUGH = "shares patients with {}, which shares some with {} too"
PARTLY = {"level": partly_level, "association": partly_associated}


@dataclass(slots=True)
class _Candidate:
    """One report looked at, and what became of it: ``found``, ``part`` or a ``reason``."""

    study: Study
    outcome: Outcome
    comparison: Comparison | None = None
    found: Found | None = None
    part: Part | None = None
    reason: str | None = None
    stage: str = "figures"

    def set_aside(self, reason: str, stage: str = "counted once") -> None:
        """Turn to unused, with the reason."""
        self.found, self.part, self.reason, self.stage = None, None, reason, stage


def effect_table(studies: Iterable[Study], question: Question, terms: Terms) -> EffectTable:
    """Find for each trial the best way to an effect with its standard error.

    A trial counts once: of its outcomes and times the one with the most said is used, then the one
    first in the question's list, then the one nearest to the target week. Two doses against one
    control are combined or carry their covariance, as the question declares. Studies that share
    patients count once.

    Parameters
    ----------
    studies : iterable of Study
    question : Question
    terms : Terms

    Returns
    -------
    EffectTable
        Every report looked at stands in exactly one of ``rows``, ``partial`` and ``unused``.

    Raises
    ------
    QuestionError
        If the question uses words that the terms do not know.
    """
    check_terms(question, terms)
    candidates: list[_Candidate] = []
    for study in sorted(studies, key=lambda s: s.id):
        mine = _candidates(study, question, terms)
        _one_outcome_each(mine, question)
        _shared_arms(mine, question)
        candidates += mine
    _same_patients(candidates)
    return _table(candidates, question)


def _candidates(study: Study, question: Question, terms: Terms) -> list[_Candidate]:
    pairs = arm_pairs(study, question, terms)
    why_not = study_reason(study, question)
    reason: str | None
    made = []
    for outcome in study.outcomes:
        if outcome.outcome not in question.outcomes:
            continue
        if why_not is not None:
            stage, reason = "people or design", why_not
        elif not pairs:
            stage, reason = "comparison", no_pair_reason(question)
        else:
            stage, reason = "role or time", outcome_reason(outcome, question)
        told = pairs_told_of(outcome, pairs)
        comparisons = [Comparison(study, outcome, *pair, question, terms) for pair in told]
        if reason is not None:
            first = next(iter(comparisons), None)
            made.append(_Candidate(study, outcome, first, reason=reason, stage=stage))
            continue
        made += [_looked_at(comparison) for comparison in comparisons]
    return made


def _looked_at(c: Comparison) -> _Candidate:
    candidate = _Candidate(c.study, c.outcome, c)
    try:
        candidate.found = best_route(c)
        in_part = PARTLY.get(c.question.contrast, partly)
        candidate.part = None if candidate.found else in_part(c)
    except EffectError as error:
        candidate.set_aside("; ".join(str(problem) for problem in error.problems), "figures")
        return candidate
    if candidate.found is None and candidate.part is None:
        known = why_not(c) if c.question.contrast == "association" else None
        candidate.reason = known or (NO_LEVEL if c.question.contrast == "level" else NOTHING)
    return candidate


def _one_outcome_each(candidates: list[_Candidate], question: Question) -> None:
    """Keep of each randomisation within a trial the outcome entry that says most."""
    cohorts: dict[str, list[_Candidate]] = {}
    for candidate in candidates:
        if candidate.comparison is not None and candidate.reason is None:
            cohorts.setdefault(candidate.comparison.cohort, []).append(candidate)
    for group in cohorts.values():
        best = min(group, key=lambda candidate: _preference(candidate, question))
        for candidate in group:
            if candidate.outcome.id != best.outcome.id:
                candidate.set_aside(f"the trial counts once: {best.outcome.id} is used")


def _preference(candidate: _Candidate, question: Question) -> tuple[float | int | str, ...]:
    outcome, weeks = candidate.outcome, candidate.outcome.weeks
    return (
        0 if candidate.found else 1,
        question.outcomes.index(outcome.outcome),
        0 if candidate.part is None or candidate.part.estimate is not None else 1,
        1e9 if weeks is None else abs(weeks - question.window.target),
        READ_ORDER.index(outcome.source.read),
        outcome.id,
    )


def _shared_arms(candidates: list[_Candidate], question: Question) -> None:
    """Combine rows that share an arm, or see to it that their covariance is known."""
    used = [(c.comparison, c) for c in candidates if c.found and c.comparison]
    for group in linked(used):
        if len(group) == 1:
            continue
        combining = question.shared_arms == "combine"
        one = group[0]
        within = question.contrast in ("within", "level")
        if _may_share(group, question):
            largest = sorted(group, key=lambda c: -_people(c))
            _only_first(largest, SAME_PEOPLE)
            continue
        if one.study.design == "crossover_rct" and (combining or within):
            _only_first(group, "the same people as in {}")
            continue
        alike = [(c, c.found) for c in group if c.found] if within else _like_arms(group)
        pairs = [(c.comparison, found) for c, found in alike if c.comparison]
        joined = combine(pairs) if combining and pairs else None
        if not alike or (combining and joined is None):
            _only_first(group, APART)
            continue
        first, rows = alike[0][0], [c for c, _ in alike]
        _only_first([first, *(c for c in group if c not in rows)], APART)
        for candidate, found in alike:
            candidate.found = found
        if joined is not None:
            _only_first(rows, "combined with {} into one row")
            first.found = joined
        else:
            for candidate in closing(pairs, rows):
                candidate.set_aside("both its arms stand in rows that are used")


def _may_share(group: list[_Candidate], question: Question) -> bool:
    """Whether groups of one study may hold the same people: all but the arms of a randomisation."""
    if question.contrast not in ("level", "association"):
        return False
    study = group[0].study
    if question.contrast == "association" or study.design not in RANDOMISED:
        return True
    arms = [study.arm(c.comparison.treatment) for c in group if c.comparison is not None]
    return not all(arm.randomised for arm in arms)


def _people(candidate: _Candidate) -> float:
    c = candidate.comparison
    n = None if c is None else c.size(c.treatment)
    return 0.0 if n is None else n.value


def _only_first(group: list[_Candidate], reason: str) -> None:
    for candidate in group[1:]:
        named = group[0].comparison
        candidate.set_aside(reason.format("" if named is None else named.row_id))


def _like_arms(group: list[_Candidate]) -> list[tuple[_Candidate, Found]]:
    """Of rows that share arms, two or more that rest on like figures of their arms.

    A published estimate gives way to the arms' own figures where that lets rows be put together.
    """
    found: list[tuple[_Candidate, Found]] = []
    for candidate in group:
        own = candidate.found
        if own is not None and own.arms is None and candidate.comparison is not None:
            own = from_arms(candidate.comparison)
        if own is None or own.arms is None:
            continue
        if not found or own.part == found[0][1].part:
            found.append((candidate, own))
    return found if len(found) > 1 else []


def _pairs(candidates: Sequence[_Candidate]) -> list[tuple[Comparison, Found]]:
    return [(c.comparison, c.found) for c in candidates if c.comparison and c.found]


def _same_patients(candidates: Sequence[_Candidate]) -> None:
    """Let studies that share patients count once: the one that says more, then the larger."""
    told: dict[str, list[_Candidate]] = {}
    for candidate in candidates:
        if candidate.found or candidate.part:
            told.setdefault(candidate.study.id, []).append(candidate)
    kept: list[Study] = []
    gone: list[Study] = []
    for group in sorted(told.values(), key=_weight, reverse=True):
        study = group[0].study
        other = next((k for k in kept if _overlap(k, study)), None)
        if other is None:
            kept.append(study)
            continue
        gone.append(study)
        for candidate in group:
            candidate.set_aside(f"holds the same patients as {other.id}, which is used")
    _told_of_chains(told, kept, gone)


def _overlap(one: Study, other: Study) -> bool:
    """Whether either of two studies declares that they share patients."""
    return other.id in one.overlaps or one.id in other.overlaps


def _told_of_chains(
    told: dict[str, list[_Candidate]], kept: list[Study], gone: list[Study]
) -> None:
    """Note on rows that two studies share patients with one and the same third, set aside."""
    for study in kept:
        for through in gone:
            if not _overlap(study, through):
                continue
            ends = [k.id for k in kept if k.id != study.id and _overlap(k, through)]
            for candidate in told[study.id] if ends else ():
                if candidate.found is not None:
                    note = THROUGH.format(through.id, " and ".join(sorted(ends)))
                    notes = (*candidate.found.notes, note)
                    candidate.found = replace(candidate.found, notes=notes)


def _weight(group: list[_Candidate]) -> tuple[int, int, str]:
    study = group[0].study
    return (
        1 if any(c.found for c in group) else 0,
        study.population.n_randomised or 0,
        study.id,
    )


def _table(candidates: list[_Candidate], question: Question) -> EffectTable:
    used = [c for c in candidates if c.found is not None]
    pairs = _pairs(used)
    rows = pd.DataFrame([row_cells(c, f) for c, f in pairs], columns=list(ROW_COLUMNS))
    rows.index = pd.Index([c.row_id for c, _ in pairs], name="row", dtype=object)
    for column in ("estimate", "std_error"):
        rows[column] = rows[column].astype(float)
    parts = [(c.comparison, c.part) for c in candidates if c.comparison and c.part]
    unused = [c for c in candidates if c.reason is not None]
    numbers = [number for _, f in pairs for number in (f.estimate, f.std_error)]
    leant_on = sorted({name for number in numbers for name in assumptions_in(number)})
    return EffectTable(
        measure=question.measure,
        unit=question.unit,
        scale=question.scale,
        rows=rows,
        covariance=covariance(pairs),
        partial=pd.DataFrame([part_cells(c, p) for c, p in parts], columns=list(PARTIAL_COLUMNS)),
        unused=pd.DataFrame([_unused_row(c) for c in unused], columns=list(UNUSED_COLUMNS)),
        traces=MappingProxyType(
            {c.row_id: RowTrace(f.estimate, f.std_error) for c, f in pairs},
        ),
        considered=len(candidates),
        assumptions_used=tuple(leant_on),
        question_id=question.id,
        statements=_statements(candidates),
        overlaps=frozenset(
            (min(c.study.id, other), max(c.study.id, other))
            for c in candidates
            for other in c.study.overlaps
            if other != c.study.id
        ),
    )


def _statements(candidates: Sequence[_Candidate]) -> tuple[Statement, ...]:
    told = [(c, c.comparison) for c in candidates if c.comparison and (c.found or c.part)]
    return once_each(
        [statement(comparison, c.found, c.part) for c, comparison in told],
        [comparison.cohort for _, comparison in told],
    )


def _unused_row(candidate: _Candidate) -> dict[str, object]:
    c = candidate.comparison
    return {
        "study": candidate.study.id,
        "label": label(candidate.study),
        "outcome": candidate.outcome.id,
        "treatment": None if c is None else c.treatment,
        "control": None if c is None else c.control,
        "stage": candidate.stage,
        "reason": candidate.reason,
        "said": "" if c is None else said(c),
        "sources": source_text(candidate.outcome),
    }
