"""Tool: domains, signalling questions, and the way from answers to a judgement."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from evidence.catalog.risk_of_bias import AnswerWord, Level

Answers = Mapping[str, AnswerWord]
# Levels from the best to the worst; ROBINS-I's "no information" is none of them.
ROB2_LEVELS: tuple[Level, ...] = ("low", "some_concerns", "high")
ROBINS_LEVELS: tuple[Level, ...] = ("low", "moderate", "serious", "critical")
LEVEL_WORDS: dict[str, str] = {
    "low": "low", "some_concerns": "some concerns", "high": "high", "moderate": "moderate",
    "serious": "serious", "critical": "critical", "no_information": "no information",
}  # fmt: skip
PLAIN: tuple[AnswerWord, ...] = ("Y", "PY", "PN", "N", "NI")
SOMETIMES: tuple[AnswerWord, ...] = ("NA", *PLAIN)


def yes(answers: Answers, *questions: str) -> bool:
    """Whether every one of the questions has the answer yes or probably yes."""
    return all(answers.get(q) in ("Y", "PY") for q in questions)


def no(answers: Answers, *questions: str) -> bool:
    """Whether every one of the questions has the answer no or probably no."""
    return all(answers.get(q) in ("N", "PN") for q in questions)


def always(_: Answers) -> bool:
    """Condition of a question that is put in any case."""
    return True


@dataclass(frozen=True, slots=True)
class SignallingQuestion:
    """A question in our own short words; ``asked`` says whether earlier answers lead to it."""

    id: str
    text: str
    allowed: tuple[AnswerWord, ...] = PLAIN
    asked: Callable[[Answers], bool] = always


@dataclass(frozen=True, slots=True)
class Domain:
    """A domain; ``tree`` is how answers lead to a judgement.

    ``published``: whether the tool's authors printed that way, or it is our reading of their
    criteria in words.
    """

    id: str
    name: str
    questions: tuple[SignallingQuestion, ...]
    tree: Callable[[Answers], Level]
    published: bool = True


@dataclass(frozen=True, slots=True, eq=False)
class Tool:
    """A tool in one version, for one effect of interest."""

    name: str
    label: str
    version: str
    source: str
    effect: Literal["assignment", "adherence"]
    domains: tuple[Domain, ...]
    overall: Callable[[tuple[Level, ...]], Level]
    levels: tuple[Level, ...] = ROB2_LEVELS
    note: str = ""

    @property
    def question_ids(self) -> tuple[str, ...]:
        """Ids of all questions, in order."""
        return tuple(q.id for d in self.domains for q in d.questions)
