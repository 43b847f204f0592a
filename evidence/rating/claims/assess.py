"""Every claim held against the evidence: parts, verdicts, and the wording allowed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from evidence.catalog.claims import Claim, ClaimTest, Holds, Ledger, LevelAt
from evidence.catalog.study import Study
from evidence.catalog.terms import Terms
from evidence.errors import Problem, QuestionError, StudyError, did_you_mean
from evidence.rating.claims.doses import GivenDose, given_doses
from evidence.rating.claims.found import Asked, BriefAnswer, answer_briefly, found_for
from evidence.rating.claims.judged import RANDOMISED
from evidence.rating.claims.levels import ArmLevel, arm_levels, level_ruling
from evidence.rating.claims.printed import Printed, found_on_page, on_page, read_printed
from evidence.rating.claims.verdict import (
    Certainty,
    ClaimEvidence,
    Ruling,
    claim_verdict,
    combined,
    on_record,
)
from evidence.rating.claims.wording import (
    COUNTED,
    Sides,
    allowed_wording,
    figures,
    wording_not_held,
    wording_without_test,
)


@dataclass(frozen=True, slots=True, eq=False)
class AssessedPart:
    """One part of a claim with what it was held against.

    ``found`` is None where nothing could be held against it; ``printed``, ``levels`` and ``doses``
    stand where the part rests on one study's figures, or on the levels or doses of arms.
    """

    test: ClaimTest
    ruling: Ruling
    wording: str
    found: ClaimEvidence | None = None
    brief: BriefAnswer | None = None
    printed: Printed | None = None
    levels: tuple[ArmLevel, ...] = ()
    doses: tuple[GivenDose, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class AssessedClaim:
    """A claim, its parts, the verdict on the whole, and the wording that the evidence allows."""

    claim: Claim
    systems: tuple[str, ...]
    parts: tuple[AssessedPart, ...]
    ruling: Ruling
    wording: tuple[str, ...]

    @property
    def reason(self) -> str:
        """Why this verdict, in words."""
        why = self.ruling.reason
        if self.ruling.rule in ("parts_agree", "no_part"):
            why = "; ".join(dict.fromkeys(part.ruling.reason for part in self.parts))
        if self.claim.not_testable is None:
            return why
        if self.claim.kind != "fact":
            return self.claim.not_testable
        return f"{why}; {self.claim.not_testable[:1].lower()}{self.claim.not_testable[1:]}"


def assess_claims(
    ledger: Ledger,
    asked: Mapping[str, Asked],
    studies: Iterable[Study],
    terms: Terms,
    *,
    certainty: Callable[[BriefAnswer], Certainty | None] | None = None,
    tell: Callable[[str], None] | None = None,
) -> tuple[AssessedClaim, ...]:
    """Hold every claim of a ledger against the evidence.

    Parameters
    ----------
    ledger : Ledger
    asked : mapping of question id to Asked
        The declared questions.
    studies : iterable of Study
    terms : Terms
    certainty : function of BriefAnswer, optional
        Gives the certainty of a question's answer; None where it was not rated.
    tell : function of str, optional
        Is told which question is answered.

    Raises
    ------
    QuestionError
        If a claim is held against a question that is not declared.
    StudyError
        If a claim rests on a printed figure that is not there.
    """
    trials = list(studies)
    needed = dict.fromkeys(name for claim in ledger.claims for name in claim.questions)
    lost = [
        Problem(name, "is no declared question", did_you_mean(name, asked))
        for name in needed
        if name not in asked
    ]
    if lost:
        raise QuestionError("claims are held against questions that are not declared", lost)
    briefs = {}
    for name in needed:
        if tell is not None:
            tell(name)
        briefs[name] = answer_briefly(asked[name], trials, terms)
    rated = {name: certainty(brief) if certainty else None for name, brief in briefs.items()}
    by_id = {study.id: study for study in trials}

    def part(claim: Claim, test: ClaimTest) -> AssessedPart:
        if test.question is not None:
            name = test.question
            return _by_question(claim, test, briefs[name], rated[name], trials, terms)
        if test.figure is not None:
            return _by_figure(claim, test, by_id)
        if test.level is not None:
            return _by_level(test, test.level, trials, terms)
        if test.dose is not None:
            given = given_doses(test.dose, trials)
            rule = "not_asked" if any(dose.times == 1 for dose in given) else "no_arm"
            return AssessedPart(test, Ruling("not_tested", rule), "", doses=given)
        return AssessedPart(test, claim_verdict(None), "")

    return tuple(
        _whole(claim, ledger.systems_of(claim.id), tuple(part(claim, t) for t in claim.tests))
        for claim in ledger.claims
    )


def _whole(
    claim: Claim, systems: tuple[str, ...], parts: tuple[AssessedPart, ...]
) -> AssessedClaim:
    seen = len(claim.evidence)
    if claim.kind in ("advice", "mechanism"):
        words = (wording_without_test(claim.kind, seen=seen),)
        return AssessedClaim(claim, systems, parts, Ruling("not_tested", "untestable"), words)
    if not parts:
        ruling = on_record([source.agrees for source in claim.evidence])
        words = (wording_without_test(claim.kind, seen=seen),)
        return AssessedClaim(claim, systems, parts, ruling, words)
    ruling = combined([p.ruling for p in parts], claim.combine)
    said = [text for text in dict.fromkeys(p.wording for p in parts) if text]
    if not said or (ruling.verdict == "not_tested" and claim.evidence):
        said.append(wording_not_held([source.agrees for source in claim.evidence]))
    return AssessedClaim(claim, systems, parts, ruling, tuple(said))


def _holds(test: ClaimTest) -> Holds:
    if test.holds is None:
        problem = Problem(test.part, "does not say what must hold", "add holds")
        raise QuestionError("a claim cannot be tested as it stands", [problem])
    return test.holds


def _by_question(
    claim: Claim,
    test: ClaimTest,
    brief: BriefAnswer,
    certainty: Certainty | None,
    studies: Iterable[Study],
    terms: Terms,
) -> AssessedPart:
    found = found_for(_holds(test), brief, certainty=certainty, direct=test.direct)
    ruling = claim_verdict(found, strength=claim.strength)
    asked = brief.asked
    sides = Sides(
        treatment=asked.treatment,
        control=asked.control,
        outcome=asked.outcome,
        people=asked.people,
        title=asked.question.title,
        randomised=set(asked.question.designs) <= RANDOMISED,
        counted=asked.question.measure in COUNTED,
        contrast=asked.question.contrast,
        figures=figures(found, asked.question.unit),
    )
    below = None
    if asked.said is not None:
        below = asked.said.probability_below_null
    elif brief.exact is not None and not asked.is_level:
        below = brief.exact.probability_below(0.0)
    words = allowed_wording(sides, found, below_null=below)
    levels: tuple[ArmLevel, ...] = ()
    if test.level is not None:
        levels = arm_levels(test.level, _holds(test), studies, terms)
    return AssessedPart(test, ruling, words, found, brief, None, levels)


def _by_figure(claim: Claim, test: ClaimTest, studies: Mapping[str, Study]) -> AssessedPart:
    at = test.figure
    if at is None or at.study not in studies:
        name = "" if at is None else at.study
        problem = Problem(name, "is no study", did_you_mean(name, studies))
        raise StudyError("a claim rests on a study that is not there", [problem])
    printed = read_printed(studies[at.study], at)
    if claim.kind == "fact":
        ruling = on_page(_holds(test), printed)
        words = f"As what one study found, with its source ({printed.source})."
        return AssessedPart(test, ruling, words, None, None, printed)
    found = found_on_page(_holds(test), printed, direct=test.direct)
    ruling = claim_verdict(found, strength=claim.strength)
    words = f"One study reports it ({printed.source}); nothing was pooled."
    return AssessedPart(test, ruling, words, found, None, printed)


def _by_level(test: ClaimTest, at: LevelAt, studies: Iterable[Study], terms: Terms) -> AssessedPart:
    levels = arm_levels(at, _holds(test), studies, terms)
    ruling = level_ruling(levels)
    inside = sum(level.distance == 0.0 for level in levels)
    arms = "no arm" if not levels else f"{len(levels)} arm{'' if len(levels) == 1 else 's'}"
    words = (
        f"No trial seen gives the level under this regimen. Of {arms} of men on testosterone "
        f"{'with' if at.inhibitor else 'without'} an inhibitor whose level was printed, {inside} "
        f"{'lies' if inside == 1 else 'lie'} in the range."
    )
    if not levels:
        words = "No trial seen gives the level of such men in a unit that can be compared."
    return AssessedPart(test, ruling, words, None, None, None, levels)
