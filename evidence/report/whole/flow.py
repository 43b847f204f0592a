"""The flow of studies and reports, counted from the data (Page et al. 2021, PRISMA 2020)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from evidence.catalog.excluded import Excluded
from evidence.catalog.question import Question
from evidence.catalog.study import Study
from evidence.effects.table import EffectTable
from evidence.errors import Problem, ReportError


@dataclass(frozen=True, slots=True)
class Flow:
    """How many sources there were, and what became of them.

    A study counts once, under the most that any question made of it: pooled, used in part, looked
    at but not usable, or not asked about.

    Attributes
    ----------
    sources : int
        Studies with a file, and sources that were named or seen and have none.
    excluded : tuple of (str, int)
        Reasons, and how many sources each.
    studies, reports : int
        Studies with a file, and the publications they were read from.
    unreported : int
        Studies with a file of which no outcome was seen.
    pooled, in_part, not_usable, not_asked : int
        Of the studies with an outcome.
    """

    sources: int
    excluded: tuple[tuple[str, int], ...]
    studies: int
    reports: int
    unreported: int
    pooled: int
    in_part: int
    not_usable: int
    not_asked: int

    def __post_init__(self) -> None:
        sums = {
            "sources": (self.sources, self.studies + sum(n for _, n in self.excluded)),
            "studies": (
                self.studies,
                self.unreported + self.pooled + self.in_part + self.not_usable + self.not_asked,
            ),
        }
        problems = [
            Problem(name, f"{whole}, but its parts add up to {parts}", "every source has one place")
            for name, (whole, parts) in sums.items()
            if whole != parts
        ]
        if problems:
            raise ReportError("the flow of studies does not add up", problems)


def flow(
    studies: Sequence[Study],
    excluded: Excluded,
    answered: Sequence[tuple[Question, EffectTable]],
) -> Flow:
    """Count what became of every source.

    Parameters
    ----------
    studies : sequence of Study
    excluded : Excluded
    answered : sequence of (Question, EffectTable)

    Raises
    ------
    ReportError
        If the counts do not add up.
    """
    tables = [table for _, table in answered]
    told = {study.id for study in studies if study.outcomes}
    pooled = _studies(table.rows["study"] for table in tables) & told
    in_part = (_studies(table.partial["study"] for table in tables) & told) - pooled
    asked = {s.id for s in studies if any(_asks(question, s) for question, _ in answered)}
    not_usable = (asked & told) - pooled - in_part
    return Flow(
        sources=len(studies) + len(excluded.sources),
        excluded=tuple(excluded.by_reason().items()),
        studies=len(studies),
        reports=sum(len(study.reports) for study in studies),
        unreported=len(studies) - len(told),
        pooled=len(pooled),
        in_part=len(in_part),
        not_usable=len(not_usable),
        not_asked=len(told) - len(pooled) - len(in_part) - len(not_usable),
    )


def _studies(columns: Iterable[Iterable[str]]) -> set[str]:
    return {study for column in columns for study in column}


def _asks(question: Question, study: Study) -> bool:
    """True if a question asks for an outcome of this study in its people and design."""
    return (
        study.population.sex in question.sexes
        and study.design in question.designs
        and not {outcome.outcome for outcome in study.outcomes}.isdisjoint(question.outcomes)
    )
