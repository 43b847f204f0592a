"""The risk of bias of a question: its block of the result, its words, its pictures."""

from dataclasses import fields
from functools import cache
from typing import Any

import pandas as pd
import pytest

import evidence as ev
from evidence.catalog.project import find_project
from evidence.catalog.risk_of_bias import Judged, RatedResult, SignallingAnswer, StudyRisk
from evidence.catalog.study import Study
from evidence.effects.table import EffectTable, table_of
from evidence.models.answer import Answer
from evidence.models.bayesian.priors import half_normal, normal
from evidence.models.frequentist.pool import pool
from evidence.models.plan import Plan
from evidence.models.sensitivity import subset
from evidence.rating.risk_of_bias.lights import risk_lights
from evidence.rating.risk_of_bias.load import load_risk_of_bias
from evidence.report.risk.collect import lights_of, risk_block, risk_pictures
from evidence.report.risk.result import RiskBlock
from evidence.report.risk.wording import risk_part

GOOD = {
    "1.1": "Y", "1.2": "Y", "1.3": "N", "2.1": "N", "2.2": "N", "2.6": "Y", "3.1": "Y",
    "4.1": "N", "4.2": "N", "4.3": "N", "5.1": "Y", "5.2": "N", "5.3": "N",
}  # fmt: skip
HIGH, UNKNOWN = {"1.2": "N"}, {"2.6": "NI", "2.7": "NI"}


def risk(study: str, change: dict[str, str] | None = None, judged: str = "") -> StudyRisk:
    answers = {
        q: SignallingAnswer(answer=a)  # type: ignore[arg-type]
        for q, a in {**GOOD, **(change or {})}.items()
    }
    given: dict[str, Any] = {}
    if judged:
        given = {"D1": Judged(judgement=judged, reason="seen", by="A", proposal="low")}  # type: ignore[arg-type]
    result = RatedResult(id="one", outcomes=("spine_bmd",), judgements=given)
    return StudyRisk(
        study=study, tool="rob2_parallel", version="x", effect="assignment", read="the abstract",
        answers=answers, results=(result,), open_points=("the full text",),
    )  # fmt: skip


def table_with(studies: list[str], control: str | None = "placebo") -> EffectTable:
    table = table_of([0.1 * i for i in range(len(studies))], [0.1] * len(studies), labels=studies)
    table.rows["study"], table.rows["counted"] = studies, "spine_bmd"
    table.rows["treatment"], table.rows["control"] = "drug", control
    return table


def answer_with(table: EffectTable) -> Answer:
    blank: dict[str, Any] = dict.fromkeys(field.name for field in fields(Answer))
    plan = Plan(prior_mu=normal(0, 1), prior_tau=half_normal(0.5))
    main = pool(table) if table.k else None
    question = ev.load_question("spine_bmd_men")
    given = {"question": question, "plan": plan, "table": table, "main": main}
    return Answer(**{**blank, **given, "sensitivity": pd.DataFrame()})


@cache
def studies() -> tuple[Study, ...]:
    return find_project().studies()


def paragraphs(block: RiskBlock | None) -> str:
    part = risk_part(block)
    assert part is not None
    return " ".join(part.paragraphs)


def test_a_block_can_be_written_and_read_again() -> None:
    table = table_with(["a", "b", "c"])
    risks = [risk("a"), risk("b", UNKNOWN, "some_concerns")]
    answer = answer_with(table)
    block = risk_block(answer, risks)
    assert block is not None
    again = RiskBlock.model_validate_json(block.model_dump_json())
    assert again == block
    assert answer.main is not None
    before = risk_lights(risks, table, answer.main.weights.tolist())
    assert [(x.label, x.tool, x.domains, x.overall, x.why) for x in lights_of(again)] == [
        (x.label, x.tool, dict(x.domains), x.overall, x.why) for x in before
    ]
    assert [line.weight for line in block.lines] == pytest.approx(answer.main.weights.tolist())
    assert {a.study for a in block.answers} == {"a", "b"}
    assert len([a for a in block.answers if a.study == "a"]) == len(GOOD)


def test_the_words_keep_what_was_seen_from_what_is_not_known() -> None:
    answer = answer_with(table_with(["a", "b", "c", "d"]))
    told = paragraphs(risk_block(answer, [risk("a"), risk("b", HIGH), risk("c", UNKNOWN)]))
    assert "Of 4 results used: 2 high, 1 low, 1 not rated." in told
    assert "Results at high risk carry 50 % of the weight." in told
    assert "Of 2 results at high risk 1 are so for want of information" in told
    assert "no person has judged them yet" in told
    assert "The answer from the 1 at low risk alone" in told
    every = paragraphs(risk_block(answer, [risk(s, UNKNOWN) for s in "abcd"]))
    assert "Of 4 results at high risk all are so for want" in every
    assert "carry 100 % of the weight" in every
    assert "such results alone give no answer" in every
    single = paragraphs(risk_block(answer, [risk("a", UNKNOWN), risk("b"), risk("c"), risk("d")]))
    assert "The one result at high risk is so for want of information" in single
    seen = paragraphs(risk_block(answer, [risk(s, HIGH) for s in "abcd"]))
    assert "want of information" not in seen
    mixed = paragraphs(risk_block(answer, [risk("a", None, "low"), risk("b")]))
    assert "Where no person's judgement stands" in mixed


def test_changes_within_an_arm_are_said_to_have_no_rating() -> None:
    answer = answer_with(table_with(["a", "b"], None))
    block = risk_block(answer, [risk("a"), risk("b")])
    part = risk_part(block)
    assert part is not None
    assert part.paragraphs[0].startswith("No result here can be rated: a change or an association")
    assert [table.title for table in part.folded] == [
        "Results without a rating of the risk of bias"
    ]
    assert risk_pictures(answer, [risk("a")]) == {}


def test_no_result_no_block() -> None:
    table = table_with(["a"])
    empty = subset(table, [False], "none")
    assert risk_block(answer_with(empty), [risk("a")]) is None
    assert risk_part(None) is None
    assert risk_pictures(answer_with(empty), []) == {}


def test_pictures_of_one_and_of_several_results() -> None:
    one = risk_pictures(answer_with(table_with(["a"])), [risk("a")])
    assert list(one) == ["risk_lights"]
    two = risk_pictures(answer_with(table_with(["a", "b"])), [risk("a"), risk("b", HIGH)])
    assert list(two) == ["risk_lights"]
    part = risk_part(risk_block(answer_with(table_with(["a", "b"])), [risk("a")]))
    assert part is not None
    assert set(part.pictures) == set(two)
    titles = [table.title for table in part.folded]
    assert titles == [
        "Risk of bias", "Results without a rating of the risk of bias",
        "Answers behind the risk of bias", "What would settle the ratings",
    ]  # fmt: skip


def test_a_question_of_the_project_with_results_reported_in_part() -> None:
    project = find_project()
    risks = load_risk_of_bias(project.root / "data" / "risk_of_bias")
    table = ev.effect_table(studies(), ev.load_question("estradiol_men"))
    block = risk_block(answer_with(table), risks)
    assert block is not None
    in_part = [line.label for line in block.lines if line.in_part]
    # Two arms of one trial are one line.
    assert len(in_part) == len(set(in_part))
    assert {line.study for line in block.lines} == {*table.rows["study"], *table.partial["study"]}
    assert all(line.overall is not None for line in block.lines)
    told = paragraphs(block)
    assert "reported in part" in told
    assert len(risk_pictures(answer_with(table), risks)) >= 1
