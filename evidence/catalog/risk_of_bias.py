"""Risk of bias: answers to signalling questions with the facts they rest on, and judgements."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from evidence.catalog.study import Identifier, Read, Record, Text
from evidence.catalog.vocabulary import OutcomeWord

ToolName = Literal["rob2_parallel", "rob2_crossover", "robins_i", "none"]
AnswerWord = Literal["Y", "PY", "PN", "N", "NI", "NA"]
Level = Literal[
    "low", "some_concerns", "high", "moderate", "serious", "critical", "no_information",
]  # fmt: skip
QuestionId = Annotated[str, Field(pattern=r"^([1-7]|S)\.[1-8]$")]
DomainId = Annotated[str, Field(pattern=r"^(D[1-7]|DS|overall)$")]


class Fact(Record):
    """What a page says about how a trial was run; ``report`` is null where no page is named."""

    id: Identifier
    text: Text
    report: Identifier | None = None
    locator: Text
    read: Read | None = None


class SignallingAnswer(Record):
    """Answer to one signalling question; without ``facts`` nothing that bears on it was seen."""

    answer: AnswerWord
    facts: tuple[Identifier, ...] = ()
    why: Text | None = None


class Judged(Record):
    """What a person judged, why, and what the algorithm proposed at that time."""

    judgement: Level
    reason: Text
    by: Text
    proposal: Level


class RatedResult(Record):
    """One result of a trial: an outcome word, or single outcomes of the study file by their id.

    ``answers`` are those that differ from the trial's, or that only a result has. ``judgements``
    go by domain, and by ``overall``.
    """

    id: Identifier
    outcomes: tuple[OutcomeWord, ...] = ()
    outcome_ids: tuple[Identifier, ...] = ()
    answers: dict[QuestionId, SignallingAnswer] = Field(default_factory=dict)
    judgements: dict[DomainId, Judged] = Field(default_factory=dict)
    note: Text | None = None
    open_points: tuple[Text, ...] = ()


class NotRated(Record):
    """A result that no tool applies to, or that was not rated, and why."""

    what: Text
    outcomes: tuple[OutcomeWord, ...] = ()
    reason: Text


class StudyRisk(Record):
    """Risk of bias of the results of one trial.

    ``tool`` is ``none`` where no tool applies, and ``reason`` says why. ``version`` is that of the
    tool's guidance. ``facts`` is all that was seen; ``answers`` hold for every result unless the
    result has its own.
    """

    study: Identifier
    tool: ToolName
    version: Text | None = None
    effect: Literal["assignment", "adherence"] | None = None
    reason: Text | None = None
    read: Text
    facts: tuple[Fact, ...] = ()
    answers: dict[QuestionId, SignallingAnswer] = Field(default_factory=dict)
    results: tuple[RatedResult, ...] = ()
    not_rated: tuple[NotRated, ...] = ()
    open_points: tuple[Text, ...] = ()

    def answers_of(self, result: RatedResult) -> dict[str, SignallingAnswer]:
        """Answers that hold for a result: the trial's, and its own in their place."""
        return {**self.answers, **result.answers}
