"""rating_notes: what a check says of ratings that are open."""

import json
from typing import Any

from samples import FIVE, answered, part, terms, trials

from evidence.catalog.certainty import DOMAINS, CertaintyFile
from evidence.models.answer import Answer
from evidence.rating.certainty.certainty import certainty_of
from evidence.report.certainty.collect import rating_block
from evidence.report.certainty.notes import rating_notes
from evidence.report.certainty.result import RatingBlock

THREE = answered(trials(FIVE[:3]))


def block(
    answer: Answer, made_on: dict[str, Any] | None = None, **steps: int | None
) -> RatingBlock:
    """A block: judged on these figures but for the steps that are named; by nobody without."""
    judged = {
        name: {"step": 0, "reason": "r"} if steps.get(name, 0) == 0
        else {"step": None, "open_point": f"{name} is open"} if steps[name] is None
        else {"step": steps[name], "reason": "r"}
        for name in DOMAINS
    }  # fmt: skip
    entry = {
        "judged_by": "project", "judged_on": "2026-01-01", "made_on": made_on, "domains": judged,
    }  # fmt: skip
    judgements = {} if made_on is None else {"judgements": {"q": entry}}
    file = CertaintyFile.model_validate_json(json.dumps(judgements))
    return rating_block(certainty_of(answer, terms(), {}, file))


def made_on(answer: Answer) -> dict[str, Any]:
    found = certainty_of(answer, terms(), {}, CertaintyFile())
    plain: dict[str, Any] = json.loads(found.made_on.model_dump_json())
    return plain


def test_a_judgement_on_these_figures_is_no_note() -> None:
    assert rating_notes({"q": block(THREE, made_on(THREE))}) == []
    assert rating_notes({}) == []


def test_a_judgement_on_other_figures_says_which_and_what_to_do() -> None:
    found = block(answered(trials(FIVE)), made_on(THREE))
    (note,) = rating_notes({"q": found})
    assert note.where == "data/certainty.yaml judgements.q"
    assert note.what.startswith("judged on other figures (trials: trial-2001, trial-2002, trial-")
    assert note.right == f"judge again, then set made_on.fingerprint to {found.fingerprint}"
    assert found.fingerprint == made_on(answered(trials(FIVE)))["fingerprint"]


def test_domains_that_are_not_judged_stand_in_one_line_with_their_reasons() -> None:
    (note,) = rating_notes(
        {"q": block(THREE, made_on(THREE), imprecision=None, inconsistency=None)}
    )
    assert note.what == "inconsistency, imprecision not judged"
    assert note.right == "inconsistency is open; imprecision is open"


def test_what_nobody_judged_is_counted_where_there_is_an_answer() -> None:
    bare, nothing = block(THREE), block(answered([]))
    in_part = block(answered([part("p-2001", direction="decrease")]))
    judged = block(THREE, made_on(THREE))
    notes = rating_notes({"a": bare, "b": nothing, "c": in_part, "d": judged})
    assert [note.what for note in notes] == ["nobody has judged 2 of 3 questions with an answer"]
    assert rating_notes({"b": nothing}) == []
