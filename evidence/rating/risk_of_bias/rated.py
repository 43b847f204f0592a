"""A rated result: what was proposed, what a person judged, and what is shown."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from evidence.catalog.risk_of_bias import Judged, Level, RatedResult, StudyRisk
from evidence.rating.risk_of_bias.proposal import Proposal, proposal_of, tool_of
from evidence.rating.risk_of_bias.tools import Tool


@dataclass(frozen=True, slots=True)
class Shown:
    """A level, and whether a person judged it; a proposal stands until then.

    ``best`` and ``worst`` are what it could become if every question without information were
    answered.
    """

    level: Level
    judged: bool
    proposal: Level
    best: Level
    worst: Level
    reason: str = ""
    by: str = ""

    @property
    def for_want(self) -> bool:
        """Whether more information could make it better: nothing bad need have been seen."""
        return not self.judged and self.best != self.level


@dataclass(frozen=True, slots=True, eq=False)
class Rated:
    """The rating of one result; domains in the order of the tool."""

    study: str
    risk: StudyRisk
    result: RatedResult
    proposal: Proposal
    domains: dict[str, Shown]
    overall: Shown

    @property
    def tool(self) -> Tool:
        """The tool, in its version."""
        return self.proposal.tool

    @property
    def basis(self) -> str:
        """Whether what is shown was judged by a person, in part, or only proposed."""
        marks = [shown.judged for shown in (*self.domains.values(), self.overall)]
        return "judged" if all(marks) else "judged in part" if any(marks) else "proposed"


def rate(risk: StudyRisk, result: RatedResult) -> Rated:
    """Rate one result: its answers through the tool, judgements in the place of proposals.

    A judgement of a domain counts towards what is proposed overall.
    """
    tool = tool_of(risk.tool, risk.effect or "assignment")
    words = {q: given.answer for q, given in risk.answers_of(result).items()}
    found = proposal_of(tool, words)
    domains = {
        domain: _shown(level, found.possible[domain], result.judgements.get(domain))
        for domain, level in found.domains.items()
    }
    together, best, worst = (
        tool.overall(tuple(getattr(shown, end) for shown in domains.values()))
        for end in ("level", "best", "worst")
    )
    overall = _shown(together, (best, worst), result.judgements.get("overall"))
    return Rated(risk.study, risk, result, found, domains, overall)


def _shown(proposal: Level, possible: tuple[Level, Level], judged: Judged | None) -> Shown:
    if judged is None:
        return Shown(proposal, False, proposal, *possible)
    level = judged.judgement
    return Shown(level, True, proposal, level, level, judged.reason, judged.by)


def rate_all(risks: Iterable[StudyRisk]) -> tuple[Rated, ...]:
    """Rate every result of every trial that a tool applies to."""
    return tuple(rate(risk, result) for risk in risks for result in risk.results)


def find_rating(
    rated: Iterable[Rated], study: str, outcome_id: str | None, outcome: str | None
) -> Rated | None:
    """Find the rating of a result: first by the id of its outcome, then by the outcome's word."""
    mine = [r for r in rated if r.study == study]
    by_id = (r for r in mine if outcome_id is not None and outcome_id in r.result.outcome_ids)
    by_word = (r for r in mine if outcome is not None and outcome in r.result.outcomes)
    return next(by_id, None) or next(by_word, None)
