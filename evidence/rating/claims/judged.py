"""The certainty of a question's answer, as people judged it, for the claims held against it."""

from __future__ import annotations

import math

from evidence.catalog.certainty import CertaintyFile, MadeOn
from evidence.effects.scales import to_readers
from evidence.rating.certainty.rules import level_of
from evidence.rating.claims.found import BriefAnswer
from evidence.rating.claims.verdict import Certainty

RANDOMISED = {"parallel_rct", "crossover_rct"}
# Levels above very low at which a rating starts (GRADE): randomised comparisons at high.
START_RANDOMISED, START_OTHER = 3, 1
# The figures that a judgement was made on are kept with three significant digits.
ROUNDED = 0.01


def judged_level(judgements: CertaintyFile, brief: BriefAnswer) -> Certainty | None:
    """Level of certainty that was judged, of the question as it is asked.

    Indirectness and surrogates are left out: whether people and outcome are those of a claim is
    said with the claim. None where nobody judged every domain, or where the trials or the estimate
    are no longer those that the judgement was made on.
    """
    question = brief.asked.question
    judgement = judgements.judgements.get(question.id)
    if judgement is None or judgement.steps is None or not _same(judgement.made_on, brief):
        return None
    randomised = question.contrast == "between" and set(question.designs) <= RANDOMISED
    begun = START_RANDOMISED if randomised else START_OTHER
    return level_of(begun, judgement.steps, judgement.raised, as_asked=True)


def _same(made_on: MadeOn, brief: BriefAnswer) -> bool:
    if set(made_on.trials) != set(brief.table.rows["study"]):
        return False
    if brief.main is None or made_on.estimate is None:
        return brief.main is None and made_on.estimate is None
    now = to_readers(brief.main.estimate, brief.table.scale)
    return math.isclose(now, made_on.estimate, rel_tol=ROUNDED)
