"""RiskBlock: the risk of bias of a question's results, as result.json keeps it."""

from __future__ import annotations

from evidence.catalog.risk_of_bias import Level
from evidence.catalog.study import Record


class RiskCell(Record):
    """Level of a domain or overall; ``best`` and ``worst`` if all were known."""

    domain: str
    level: Level
    judged: bool
    proposal: Level
    best: Level
    worst: Level
    reason: str
    by: str


class RiskLine(Record):
    """One result; without ``overall`` it has no rating, and ``why`` says why."""

    study: str
    result: str | None
    label: str
    in_part: bool
    tool: str | None
    effect: str | None
    cells: tuple[RiskCell, ...]
    overall: RiskCell | None
    weight: float | None
    why: str


class RiskAnswer(Record):
    """Answer to a signalling question, with the facts and pages it rests on."""

    study: str
    result: str
    question: str
    text: str
    answer: str
    why: str
    facts: str
    sources: str


class RiskOpen(Record):
    """What would settle the ratings of a trial."""

    study: str
    read: str
    points: tuple[str, ...]


class RiskBlock(Record):
    """Ratings of the rows of a question, of what was reported in part, and what is behind them."""

    lines: tuple[RiskLine, ...]
    answers: tuple[RiskAnswer, ...]
    open: tuple[RiskOpen, ...]
