"""From answers to what the algorithm proposes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache

from evidence.catalog.display import html_of_record
from evidence.catalog.risk_of_bias import Level
from evidence.errors import Problem, StudyError, check_kind, did_you_mean
from evidence.rating.risk_of_bias.rob2 import (
    CROSSOVER,
    CROSSOVER_ADHERENCE,
    PARALLEL,
    PARALLEL_ADHERENCE,
)
from evidence.rating.risk_of_bias.robins_i import ROBINS_I
from evidence.rating.risk_of_bias.tools import LEVEL_WORDS, SOMETIMES, Domain, Tool

TOOLS: dict[tuple[str, str], Tool] = {
    (tool.name, tool.effect): tool
    for tool in (PARALLEL, PARALLEL_ADHERENCE, CROSSOVER, CROSSOVER_ADHERENCE, ROBINS_I)
}


@dataclass(frozen=True, slots=True)
class Proposal:
    """What a tool proposes for each domain and overall.

    ``possible`` is the best and the worst level of each domain that could be proposed if every
    question without information were answered: where the two differ, want of information decides.
    ``concerns`` counts the domains with some concerns: RoB 2 leaves it to a person whether several
    of them together make the result one at high risk.
    """

    tool: Tool
    domains: Mapping[str, Level]
    overall: Level
    possible: Mapping[str, tuple[Level, Level]]

    _repr_html_ = html_of_record

    def __str__(self) -> str:
        levels = {"overall": self.overall, **self.domains}
        width = max(map(len, levels))
        lines = [f"  {name:<{width}}  {LEVEL_WORDS[level]}" for name, level in levels.items()]
        return "\n".join([f"Proposed by {self.tool.label}", *lines])

    @property
    def concerns(self) -> int:
        """Number of domains with some concerns."""
        return sum(level == "some_concerns" for level in self.domains.values())


def tool_of(name: str, effect: str = "assignment") -> Tool:
    """Find a tool by name and effect of interest.

    Raises
    ------
    StudyError
        If there is none of that name, or none for that effect.

    Examples
    --------
    >>> tool_of("rob2_parallel").version
    '2019-08-22'
    """
    found = TOOLS.get((name, effect)) if isinstance(name, str) and isinstance(effect, str) else None
    if found is None:
        names = [n for n, _ in TOOLS]
        known = name in names if isinstance(name, str) else False
        right = (
            did_you_mean(effect, [e for n, e in TOOLS if n == name])
            if known
            else did_you_mean(name, dict.fromkeys(names))
        )
        where, what = ("effect", effect) if known else ("tool", name)
        problem = Problem(where, f"{what!r} is not known", right)
        raise StudyError("no such risk-of-bias tool", [problem])
    return found


def answer_problems(tool: Tool, answers: Mapping[str, object]) -> list[tuple[str, str, str]]:
    """Say which answers are missing, not allowed, or given to a question that is not put.

    Returns
    -------
    list of (question id, what, what would be right)
    """
    found = []
    for question in (q for d in tool.domains for q in d.questions):
        given = answers.get(question.id)
        asked = question.asked(answers)  # type: ignore[arg-type]
        if given is None and asked:
            found.append((question.id, "is not answered", f"answer it: {_words(question.allowed)}"))
        elif given is not None and (not isinstance(given, str) or given not in SOMETIMES):
            found.append((question.id, f"{given!r} is no answer", _words(question.allowed)))
        elif given is not None and not asked and given != "NA":
            found.append(
                (question.id, f"{given}, but earlier answers do not lead here", "leave it out")
            )
        elif asked and (given not in question.allowed or (given == "NA" and _must(tool, question))):
            right = _words(tuple(a for a in question.allowed if a != "NA"))
            found.append((question.id, f"{given} is not allowed here", right))
    for other in answers:
        if other not in tool.question_ids:
            right = did_you_mean(other, tool.question_ids)
            found.append((str(other), f"is no question of {tool.label}", right))
    return found


def _must(tool: Tool, question: object) -> bool:
    """Whether NA is no answer once the question is put: only 2.4 and 2.5 of adherence allow it."""
    return not (tool.effect == "adherence" and getattr(question, "id", "") in ("2.3", "2.4", "2.5"))


def _words(allowed: tuple[str, ...]) -> str:
    return f"one of {', '.join(allowed)}"


def proposed_risk(
    answers: Mapping[str, str], tool: str = "rob2_parallel", effect: str = "assignment"
) -> Proposal:
    """Propose a judgement for each domain and overall from answers to signalling questions.

    Parameters
    ----------
    answers : mapping of question id to answer
        Ids as the tool prints them (``"1.1"``); Y, PY, PN, N, NI, NA. Questions that earlier
        answers do not lead to are left out, or NA.
    tool : {"rob2_parallel", "rob2_crossover", "robins_i"}
    effect : {"assignment", "adherence"}

    Raises
    ------
    StudyError
        If a question is not answered, or an answer is not allowed.

    Examples
    --------
    >>> answers = {"1.1": "Y", "1.2": "NI", "1.3": "N", "2.1": "N", "2.2": "N", "2.6": "Y",
    ...            "3.1": "Y", "4.1": "N", "4.2": "N", "4.3": "N",
    ...            "5.1": "Y", "5.2": "N", "5.3": "PN"}
    >>> found = proposed_risk(answers)
    >>> found.domains["D1"], found.domains["D2"], found.overall
    ('some_concerns', 'low', 'some_concerns')
    """
    check_kind("answers", answers, Mapping, StudyError)
    chosen = tool_of(tool, effect)
    wrong = answer_problems(chosen, answers)
    if wrong:
        problems = [Problem(f"answers[{q}]", what, right) for q, what, right in wrong]
        raise StudyError(f"these answers do not suit {chosen.label}", problems)
    return proposal_of(chosen, answers)


def proposal_of(tool: Tool, answers: Mapping[str, str]) -> Proposal:
    """Propose from answers that have been checked."""
    levels: dict[str, Level] = {}
    possible: dict[str, tuple[Level, Level]] = {}
    for domain in tool.domains:
        own = tuple((q.id, answers[q.id]) for q in domain.questions if q.id in answers)
        levels[domain.id] = domain.tree(dict(own))  # type: ignore[arg-type]
        possible[domain.id] = _possible(tool.name, tool.effect, domain.id, own)
    return Proposal(tool, levels, tool.overall(tuple(levels.values())), possible)


@cache
def _possible(
    name: str, effect: str, domain_id: str, answers: tuple[tuple[str, str], ...]
) -> tuple[Level, Level]:
    """Best and worst level over all answers to the questions without information."""
    tool = TOOLS[name, effect]
    domain = next(d for d in tool.domains if d.id == domain_id)
    found = {domain.tree(told) for told in _completed(domain, dict(answers), {}, 0)}  # type: ignore[arg-type]
    ranks = sorted(tool.levels.index(level) for level in found if level in tool.levels)
    return tool.levels[ranks[0]], tool.levels[ranks[-1]]


def _completed(
    domain: Domain, given: dict[str, str], told: dict[str, str], at: int
) -> Iterator[dict[str, str]]:
    """All ways to answer what was not; questions that answers do not lead to fall away."""
    if at == len(domain.questions):
        yield told
        return
    question = domain.questions[at]
    if not question.asked(told):  # type: ignore[arg-type]
        yield from _completed(domain, given, told, at + 1)
        return
    word = given.get(question.id, "NI")
    for choice in ("Y", "PN", "N") if word == "NI" else (word,):
        yield from _completed(domain, given, {**told, question.id: choice}, at + 1)
