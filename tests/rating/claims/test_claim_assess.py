"""Every claim of a ledger held against questions, printed figures and levels."""

from typing import Any

import pytest
from claims_samples import ADVICE, PRINTED, claim_plain, ledger_of
from helpers import TERMS, outcome, question, study
from samples import THREE, part, plan, trials

from evidence.errors import QuestionError, StudyError
from evidence.rating.claims.assess import AssessedClaim, assess_claims
from evidence.rating.claims.found import Asked

SAID = part("said-2010", direction="decrease", p={"relation": "<", "value": 0.05})


def asked(**changes: Any) -> dict[str, Asked]:
    one = Asked(
        question=question(id="hormone", **changes),
        plan=plan(),
        analysis="demo",
        treatment="an aromatase inhibitor",
        control="placebo",
        outcome="Estradiol",
        people="men",
    )
    return {"hormone": one}


def assessed(*claims: Any, certainty: Any = None, studies: Any = None) -> tuple[AssessedClaim, ...]:
    trials_ = [SAID, *trials(THREE)] if studies is None else studies
    return assess_claims(ledger_of(*claims), asked(), trials_, TERMS, certainty=lambda _: certainty)


def test_claim_advice_and_record_get_their_verdicts() -> None:
    lowers, watch, fact = assessed(certainty="high")
    assert [p.brief is not None for p in lowers.parts] == [True]
    found = lowers.parts[0].found
    assert found is not None
    assert (found.k, found.in_part, found.certainty) == (3, 1, "high")
    assert lowers.systems == ("axis-response",)
    assert (watch.ruling.verdict, watch.reason) == ("not_tested", "Advice; no trial was seen.")
    assert fact.parts[0].ruling.rule == "printed_agrees"
    assert (fact.ruling.verdict, fact.ruling.rule) == ("overstated", "part_open")
    assert fact.wording == ("As what one study found, with its source (r[table 1]).",)
    assert fact.systems == ()


def test_the_certainty_that_is_given_is_the_one_that_counts() -> None:
    strong = claim_plain(
        tests=[{"part": "x", "question": "hormone", "holds": {"relation": "below", "low": 9}}]
    )
    for certainty, verdict in (("high", "supported"), ("low", "overstated"), (None, "overstated")):
        (one,) = assessed(strong, certainty=certainty)
        assert one.ruling.verdict == verdict, certainty
    (one,) = assess_claims(ledger_of(strong), asked(), trials(THREE), TERMS)
    assert one.ruling.rule == "unrated"


def test_what_nothing_is_held_against_keeps_its_single_reports() -> None:
    open_ = claim_plain(tests=[{"part": "x", "open_point": "No question."}])
    (one,) = assessed(open_)
    assert (one.ruling.verdict, one.ruling.rule) == ("not_tested", "not_asked")
    assert "single reports" in one.wording[0]
    assert "1 agrees" in one.wording[0]


def test_a_claim_on_one_studys_figure_is_not_upgraded() -> None:
    single = claim_plain(kind="association", tests=[PRINTED["tests"][0]])
    (one,) = assessed(single)
    assert (one.ruling.verdict, one.ruling.rule) == ("overstated", "unrated")
    assert "nothing was pooled" in one.wording[0]
    assert one.parts[0].found is not None
    assert one.parts[0].found.basis == "printed"


def test_levels_stand_alone_or_beside_a_question() -> None:
    at = {"outcome": "estradiol", "unit": "pg/mL", "inhibitor": False}
    holds = {"relation": "between", "low": 20, "high": 30}
    alone = {"part": "level", "level": at, "holds": holds}
    both = {"part": "both", "question": "hormone", "level": at, "holds": holds}
    entry = outcome({"t": {"final": {"mean": 33}}})
    on_t = study(entry, id="on-t", arms={"t": "testosterone"})
    (one,) = assessed(
        claim_plain(kind="level", tests=[alone, both]), studies=[on_t, *trials(THREE)]
    )
    assert [[x.level for x in p.levels] for p in one.parts] == [[33.0], [33.0]]
    assert one.parts[0].ruling.rule == "no_arm"
    assert "Of 1 arm of men on testosterone without an inhibitor" in one.wording[0]
    (none,) = assessed(claim_plain(kind="level", tests=[alone]))
    assert "in a unit that can be compared" in none.wording[0]


def test_reasons_name_what_the_parts_lack() -> None:
    two = claim_plain(
        tests=[
            {"part": "a", "question": "hormone", "holds": {"relation": "above", "low": -1.9}},
            {"part": "b", "open_point": "No question."},
        ]
    )
    (one,) = assessed(two)
    assert one.ruling.verdict == "uncertain"
    assert "neither true nor false" in one.reason
    assert "no declared question" in one.reason
    label = claim_plain(kind="fact", tests=[], not_testable="The label says so.")
    (fact,) = assessed(label)
    assert fact.reason.endswith("every source seen agrees; the label says so.")


def test_what_is_not_there_is_refused() -> None:
    with pytest.raises(QuestionError, match="hormone: is no declared question"):
        assess_claims(ledger_of(), {}, trials(THREE), TERMS)
    with pytest.raises(StudyError, match="said-2010: is no study"):
        assessed(PRINTED, studies=trials(THREE))


def test_each_question_is_answered_once() -> None:
    told: list[str] = []
    assess_claims(
        ledger_of(claim_plain(), claim_plain(id="again"), ADVICE),
        asked(),
        trials(THREE),
        TERMS,
        tell=told.append,
    )
    assert told == ["hormone"]


def test_a_test_that_says_not_what_must_hold() -> None:
    ledger = ledger_of()
    claim = ledger.claims[0]
    bare = claim.tests[0].model_copy(update={"holds": None})
    empty = claim.model_copy(update={"tests": (bare,)})
    with pytest.raises(QuestionError, match="does not say what must hold"):
        assess_claims(ledger.model_copy(update={"claims": (empty,)}), asked(), trials(THREE), TERMS)


def test_doses_are_listed_beside_a_claimed_dose() -> None:
    at = {"drug": "anastrozole", "low_mg": 0.5, "high_mg": 0.5}
    claim = claim_plain(kind="advice", tests=[{"part": "d", "dose": at}], not_testable="Chosen.")
    arms = [{"id": "a", "drug": "anastrozole", "weekly_dose_mg": 2.0}]
    (one,) = assessed(claim, studies=[study(arms=arms)])
    assert [x.times for x in one.parts[0].doses] == [4.0]
    assert one.parts[0].ruling.rule == "no_arm"
    same = [{"id": "a", "drug": "anastrozole", "weekly_dose_mg": 0.5}]
    (one,) = assessed(claim, studies=[study(arms=same)])
    assert one.parts[0].ruling.rule == "not_asked"
    assert one.ruling.verdict == "not_tested"
