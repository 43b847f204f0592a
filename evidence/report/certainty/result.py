"""RatingBlock: the certainty of an answer after GRADE, as result.json keeps it."""

from __future__ import annotations

from evidence.catalog.study import Record
from evidence.rating.certainty.certainty import Status
from evidence.rating.certainty.rules import Level


class RatingDomain(Record):
    """One domain: levels down that the rules suggest, with their words, and what was judged."""

    domain: str
    suggested: int
    rule: str
    judged: int | None
    reason: str


class RatingBlock(Record):
    """Certainty of one answer; levels are None where there is no evidence.

    ``as_asked`` is the certainty in the people, against the comparator and for the outcome of the
    question itself, ``level`` that for what the answer is meant for. ``changed`` says which
    figures have changed since a person judged.
    """

    level: Level | None
    as_asked: Level | None
    suggested: Level | None
    status: Status
    start: str
    domains: tuple[RatingDomain, ...]
    raised: str
    judged_by: str
    judged_on: str
    changed: tuple[str, ...]
    fingerprint: str
