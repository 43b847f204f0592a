"""The certainty that was judged, and the figures it was judged on."""

from typing import Any

import pytest
from helpers import TERMS, question
from samples import THREE, plan, trials

from evidence.catalog.certainty import DOMAINS, CertaintyFile
from evidence.rating.claims.found import Asked, BriefAnswer, answer_briefly
from evidence.rating.claims.judged import judged_level

NAMES = ["trial-2001", "trial-2002", "trial-2003"]


def brief(studies: Any = None, **changes: Any) -> BriefAnswer:
    asked = Asked(
        question=question(**changes),
        plan=plan(),
        analysis="demo",
        treatment="t",
        control="c",
        outcome="o",
        people="men",
    )
    return answer_briefly(asked, trials(THREE) if studies is None else studies, TERMS)


def judged(now: BriefAnswer, **changes: Any) -> CertaintyFile:
    steps = dict.fromkeys(DOMAINS, 0) | changes.pop("steps", {})
    made_on: dict[str, Any] = {
        "fingerprint": "0" * 12,
        "trials": tuple(NAMES),
        "estimate": None if now.main is None else now.main.estimate,
    }
    one = {
        "judged_by": "a person",
        "judged_on": "2026-01-01",
        "made_on": made_on | changes,
        "domains": {
            name: {"step": step, "reason": "r", "open_point": "o"} for name, step in steps.items()
        },
    }
    return CertaintyFile.model_validate({"judgements": {"q": one}})


@pytest.mark.parametrize(
    ("steps", "level"),
    [
        ({}, "high"),
        ({"risk_of_bias": -1}, "moderate"),
        ({"risk_of_bias": -1, "imprecision": -2}, "very_low"),
        ({"surrogate": -1, "indirectness": -2}, "high"),
        ({"risk_of_bias": None}, None),
    ],
)
def test_the_level_is_that_of_the_question_as_it_is_asked(steps: Any, level: str | None) -> None:
    now = brief()
    assert judged_level(judged(now, steps=steps), now) == level


def test_what_is_not_randomised_starts_at_low() -> None:
    cohort = brief(designs=("cohort", "parallel_rct"))
    assert judged_level(judged(cohort), cohort) == "low"


def test_a_judgement_on_other_figures_does_not_count() -> None:
    now = brief()
    assert now.main is not None
    assert judged_level(CertaintyFile(), now) is None
    assert judged_level(judged(now, trials=tuple(NAMES[:2])), now) is None
    assert judged_level(judged(now, estimate=now.main.estimate * 1.02), now) is None
    assert judged_level(judged(now, estimate=now.main.estimate * 1.002), now) == "high"
    none = brief(studies=[])
    assert judged_level(judged(none, trials=()), none) == "high"
    assert judged_level(judged(none, trials=(), estimate=1.0), none) is None
