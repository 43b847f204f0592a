"""Ratings: files, judgements beside proposals, the ratings of a question, low risk only."""

from dataclasses import fields
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import evidence as ev
from evidence.catalog.project import find_project
from evidence.catalog.risk_of_bias import RatedResult, SignallingAnswer, StudyRisk
from evidence.catalog.study import Study
from evidence.catalog.terms import Terms
from evidence.effects.table import EffectTable, table_of
from evidence.errors import EvidenceError, StudyError
from evidence.models.answer import Answer
from evidence.models.bayesian.priors import half_normal, normal
from evidence.models.frequentist.pool import pool
from evidence.models.plan import Plan
from evidence.models.sensitivity import COLUMNS
from evidence.rating.risk_of_bias.lights import domain_heads, risk_lights, sign, words
from evidence.rating.risk_of_bias.load import load_risk_of_bias, risk_problems
from evidence.rating.risk_of_bias.low_risk import low_risk_only, low_risk_rows, with_low_risk
from evidence.rating.risk_of_bias.rated import rate
from evidence.rating.risk_of_bias.table import risk_answers, risk_table, row_risks, study_levels

FOLDER = find_project().root / "data" / "risk_of_bias"
FILES = sorted(FOLDER.glob("*.yaml"))
PLAN = Plan(prior_mu=normal(0, 1), prior_tau=half_normal(0.5))
GOOD = {
    "1.1": "Y", "1.2": "Y", "1.3": "N", "2.1": "N", "2.2": "N", "2.6": "Y", "3.1": "Y",
    "4.1": "N", "4.2": "N", "4.3": "N", "5.1": "Y", "5.2": "N", "5.3": "N",
}  # fmt: skip
LINES = """\
study: smith-2001
tool: rob2_parallel
version: "2019-08-22"
effect: assignment
read: the abstract
facts:
  - {id: design, text: randomised and double-blind, report: smith-2001, locator: abstract}
answers:
  "1.1": {answer: NI}
  "1.2": {answer: Y, facts: [design]}
  "1.3": {answer: NI}
  "2.1": {answer: N, facts: [design]}
  "2.2": {answer: N, facts: [design]}
  "2.6": {answer: Y, facts: [design]}
  "3.1": {answer: Y, facts: [design]}
  "4.1": {answer: PN, facts: [design]}
  "4.2": {answer: PN, facts: [design]}
  "4.3": {answer: N, facts: [design]}
  "5.1": {answer: NI}
  "5.2": {answer: NI}
  "5.3": {answer: NI}
results:
  - id: bmd
    outcomes: [spine_bmd]
    judgements:
      D5: {judgement: low, reason: the protocol was seen, by: A. Rater, proposal: some_concerns}
"""


def written(folder: Path, text: str, name: str = "smith-2001.yaml") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def risk(
    study: str, change: dict[str, str] | None = None, outcome: str = "spine_bmd", **more: Any
) -> StudyRisk:
    answers = {
        q: SignallingAnswer(answer=a)  # type: ignore[arg-type]
        for q, a in {**GOOD, **(change or {})}.items()
    }
    result = RatedResult(id="one", outcomes=(outcome,))
    return StudyRisk(
        study=study, tool="rob2_parallel", version="2019-08-22", effect="assignment", read="all",
        answers=answers, results=(result,), **more,
    )  # fmt: skip


def curated(rows: list[tuple[str, str, str, str | None]]) -> EffectTable:
    """A table whose rows name a study, an outcome id, an outcome word and a control."""
    k = len(rows)
    table = table_of([0.1 * i for i in range(k)], [0.1] * k, labels=[r[0] for r in rows])
    for name, values in zip(
        ("study", "outcome", "counted", "control"), zip(*rows, strict=True), strict=True
    ):
        table.rows[name] = list(values)
    table.rows["treatment"] = "drug"
    return table


HIGH = {"1.2": "N"}
CONCERNS = {"5.1": "NI"}


@cache
def project_studies() -> tuple[Study, ...]:
    return find_project().studies()


@cache
def project_terms() -> Terms:
    return find_project().terms()


@pytest.mark.parametrize("path", FILES, ids=[p.stem for p in FILES])
def test_every_file_of_the_project_is_sound(path: Path) -> None:
    assert risk_problems(path, project_studies(), project_terms()) == []
    found = load_risk_of_bias(path)[0]
    # A rating that says what it rests on: every "no information" says what was looked for.
    for result in found.results:
        answers = found.answers_of(result)
        assert all(a.why or a.facts for a in answers.values())


def test_the_project_rates_every_controlled_result_that_a_report_uses() -> None:
    rated = {r.study for r in load_risk_of_bias(FOLDER)}
    designs = {"parallel_rct", "crossover_rct"}
    assert {s.id for s in project_studies() if s.design in designs} <= rated


def test_a_judgement_stands_beside_the_proposal(tmp_path: Path) -> None:
    found = load_risk_of_bias(written(tmp_path, LINES))[0]
    rated = rate(found, found.results[0])
    assert (rated.domains["D5"].level, rated.domains["D5"].proposal) == ("low", "some_concerns")
    assert rated.proposal.overall == "some_concerns"
    assert (rated.overall.level, rated.overall.judged, rated.basis) == (
        "low", False, "judged in part",
    )  # fmt: skip
    table = risk_table([found])
    cells = table.loc[0, ["D1", "D5", "overall", "proposed", "best", "worst"]].tolist()
    # The worst that 1.1 and 1.3 could still show is some concerns.
    assert cells == ["low", "low", "low", "some_concerns", "low", "some_concerns"]
    assert table.loc[0, "DS"] is None
    assert words(rated.domains["D5"]) == "low (judged; proposed: some concerns)"


def test_a_judgement_of_the_whole_is_shown_whatever_the_domains_are(tmp_path: Path) -> None:
    more = "      overall: {judgement: high, reason: two concerns, by: A, proposal: low}\n"
    found = load_risk_of_bias(written(tmp_path, LINES + more))[0]
    overall = rate(found, found.results[0]).overall
    assert (overall.level, overall.best, overall.reason) == ("high", "high", "two concerns")


CHANGES = [
    ("proposal: some_concerns", "proposal: high",
     r"smith-2001.yaml:\d+ .*D5.proposal: the algorithm now proposes some_concerns, not high as"),
    ("D5: {judgement", "D6: {judgement", r"RoB 2, parallel groups has no such domain"),
    ("judgement: low", "judgement: serious", r"D5.judgement: serious is no level of RoB 2"),
    ('"1.2": {answer: Y, facts: [design]}', '"1.2": {answer: Y}', r"answers.1.2: Y rests on no"),
    ("facts: [design]}\n  \"2.6\"", "facts: [designs]}\n  \"2.6\"", r'"designs" is no fact here'),
    ('  "5.3": {answer: NI}\n', "", r"5.3: is not answered; answer it: one of Y"),
    ('"5.3": {answer: NI}', '"2.7": {answer: NI}\n  "5.3": {answer: NI}', r"do not lead here"),
    ('"2019-08-22"', '"2011"', r"version: 2011 is not the version here; 2019-08-22"),
    ("effect: assignment\n", "", r"effect: is missing; assignment or adherence"),
    ("rob2_parallel", "robins_i", r"1.1: NI, but|is no question of ROBINS-I 2016"),
    ("rob2_parallel", "none", r"no tool and no reason; say under reason"),
    ("rob2_parallel", "rob1", r'"rob1" is not allowed'),
    ("study: smith-2001", "study: smith", r'"smith" is not the name of the file'),
    ("outcomes: [spine_bmd]", "outcomes: []", r"names no outcome; list outcomes"),
    ("  - id: bmd\n", "  - {id: b2, outcomes: [spine_bmd]}\n  - id: bmd\n",
     r'"spine_bmd" is rated twice'),
    ("id: design, text", "id: design, txt", r'unknown key "txt"; did you mean "text"'),
    ("facts:\n", "facts:\n  - {id: design, text: again, locator: abstract}\n", r"stands twice"),
    ("answer: PN", "answer: maybe", r'"maybe" is not allowed'),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "told"), CHANGES)
def test_what_is_wrong_with_a_file_is_said_with_its_line(
    tmp_path: Path, old: str, new: str, told: str
) -> None:
    assert old in LINES
    path = written(tmp_path, LINES.replace(old, new, 1))
    with pytest.raises(StudyError, match=told):
        load_risk_of_bias(path)
    assert risk_problems(path)


def test_a_rating_without_results_and_a_tool_for_none(tmp_path: Path) -> None:
    cut = LINES[: LINES.index("results:")]
    with pytest.raises(StudyError, match="results: holds no result"):
        load_risk_of_bias(written(tmp_path, cut))
    none = "study: smith-2001\ntool: none\nreason: one arm\nread: the abstract\n"
    found = load_risk_of_bias(written(tmp_path, none))
    assert risk_table(found).empty
    with pytest.raises(StudyError, match="effect: stands although no tool applies"):
        load_risk_of_bias(written(tmp_path, none + "effect: assignment\n"))


def test_a_rating_must_fit_its_study(tmp_path: Path) -> None:
    studies = project_studies()
    text = LINES.replace("smith-2001", "leder-2004").replace("spine_bmd", "estradiol")
    path = written(tmp_path, text, "leder-2004.yaml")
    assert risk_problems(path, studies) == []
    for old, new, told in (
        ("report: leder-2004", "report: leder-2040", '"leder-2040" is no report of it; did you'),
        ("[estradiol]", "[estradiols]", '"estradiols" is no outcome of it; did you mean'),
        ("rob2_parallel", "rob2_crossover", "rob2_crossover is not for a parallel_rct"),
    ):
        path.write_text(text.replace(old, new), encoding="utf-8")
        assert any(told in str(problem) for problem in risk_problems(path, studies))
    other = written(tmp_path, LINES)
    assert '"smith-2001" is no study' in str(risk_problems(other, studies)[0])


def test_answers_with_what_they_rest_on(tmp_path: Path) -> None:
    found = risk_answers(load_risk_of_bias(written(tmp_path, LINES))).set_index("question")
    assert found.loc["1.2", ["answer", "facts", "sources"]].tolist() == [
        "Y", "randomised and double-blind", "smith-2001[abstract]",
    ]  # fmt: skip
    assert found.loc["1.1", "facts"] == "not seen"
    assert found.loc["2.3", "answer"] == "NA"
    assert len(found) == 22


def test_rows_are_matched_by_outcome_id_before_the_outcome_word() -> None:
    both = risk("a")
    special = both.model_copy(
        update={"results": (*both.results, RatedResult(id="two", outcome_ids=("bmd-2y",)))}
    )
    table = curated(
        [
            ("a", "bmd-1y", "spine_bmd", "placebo"),
            ("a ", "bmd-1y", "spine_bmd", "placebo"),
            ("b", "bmd-1y", "spine_bmd", "placebo"),
        ]
    )
    table.rows["outcome"] = ["bmd-2y", "bmd-2y", "bmd-1y"]
    rows = row_risks(table, [special, risk("b", outcome="hip_bmd")])
    assert rows["result"].tolist() == ["two", None, None]
    assert rows["why"].tolist() == ["", "not rated", "not rated"]
    assert row_risks(table, [both])["result"].tolist() == ["one", None, None]


def test_a_change_within_an_arm_is_not_rated_and_a_reason_is_told() -> None:
    table = curated([("a", "x", "spine_bmd", None), ("b", "x", "spine_bmd", "placebo")])
    none = StudyRisk(study="b", tool="none", reason="both arms take it", read="abstract")
    rows = row_risks(table, [risk("a"), none])
    assert rows["why"].iloc[0].startswith("a change or an association within one group")
    assert rows["why"].iloc[1] == "both arms take it"
    lines = risk_lights([risk("a"), none], table)
    assert [line.tool for line in lines] == [None, None]
    assert domain_heads(lines) == {}


def test_low_risk_only_pools_what_is_left() -> None:
    rows = [(s, "x", "spine_bmd", "placebo") for s in "abcd"]
    table = curated(rows)
    risks = [risk("a"), risk("b"), risk("c", HIGH), risk("d", CONCERNS)]
    assert low_risk_only(table, risks) == tuple(table.rows.index[:2])
    found = low_risk_rows(table, PLAN, risks)
    assert found.columns.tolist() == list(COLUMNS)
    assert found["k"].tolist() == [2, 3]
    whole = pool(table_of([0.0, 0.1], [0.1, 0.1]), tau2=PLAN.tau2, ci=PLAN.ci, level=PLAN.level)
    assert found.loc[0, "estimate"] == pytest.approx(whole.estimate)
    assert found.loc[0, "ci_high"] == pytest.approx(whole.ci_high)
    assert "1 high, 1 some concerns, 2 low; proposed" in found.loc[0, "choice"]


def test_low_risk_only_says_when_nothing_is_left() -> None:
    table = curated([("a", "x", "spine_bmd", "placebo"), ("b", "x", "spine_bmd", "placebo")])
    found = low_risk_rows(table, PLAN, [risk("a", HIGH)])
    assert found["k"].tolist() == [0, 1]
    assert found.loc[0, "why"] == "no trial is left"
    assert np.isnan(found.loc[0, "estimate"])
    assert "1 high, 1 not rated" in found.loc[0, "choice"]
    empty = table_of([1.0], [0.1])
    assert low_risk_only(empty, []) == ()


def test_low_risk_rows_join_the_sensitivity_of_an_answer() -> None:
    table = curated([(s, "x", "spine_bmd", "placebo") for s in "ab"])
    before = pd.DataFrame(
        [{"group": "model", "choice": "common effect", "k": 2, "estimate": 0.5, "ci_low": 0.1,
          "ci_high": 0.9, "tau2": None}], columns=list(COLUMNS),
    )  # fmt: skip
    question = ev.load_question("spine_bmd_men")
    blank: dict[str, Any] = dict.fromkeys(field.name for field in fields(Answer))
    given = {"question": question, "plan": PLAN, "table": table, "sensitivity": before}
    answer = Answer(**{**blank, **given})
    after = with_low_risk(answer, [risk("a"), risk("b")]).sensitivity
    assert after["group"].tolist() == ["model", "risk of bias"]
    assert after["estimate"].dtype == float
    assert after.loc[0, "estimate"] == 0.5


def test_signs_tell_what_was_seen_from_what_is_not_known() -> None:
    seen, unknown = risk("a", HIGH), risk("b", CONCERNS)
    first, second = risk_lights([seen, unknown])
    assert sign(first.overall) == "\N{MINUS SIGN}"
    assert sign(second.overall) == "(!)"
    assert words(second.overall) == ("some concerns for want of information (could be low)")
    assert words(first.overall) == "high"


def test_levels_for_grade_are_the_worst_of_a_trial_and_may_count_only_what_was_seen() -> None:
    unknown = risk("b", {"2.6": "NI", "2.7": "NI"})
    table = curated([(s, "x", "spine_bmd", "placebo") for s in "abcd"])
    risks = [risk("a", HIGH), unknown, risk("c")]
    assert study_levels(table, risks) == {"a": "high", "b": "high", "c": "low"}
    seen = study_levels(table, risks, seen=True)
    assert seen == {"a": "high", "b": "some_concerns", "c": "low"}
    two = risk("a", HIGH)
    two = two.model_copy(
        update={"results": (*two.results, RatedResult(id="hip", outcomes=("hip_bmd",)))}
    )
    table.rows["study"], table.rows["counted"] = "a", ["hip_bmd", "spine_bmd", "x", "x"]
    assert study_levels(table, [two]) == {"a": "high"}


@pytest.mark.parametrize("junk", [None, 3, "x", [3], [None], {}, pd.DataFrame()])
def test_what_is_no_rating_is_refused(junk: Any) -> None:
    table = table_of([1.0], [0.1])
    for call in (
        lambda: risk_table(junk),
        lambda: risk_lights(junk, table),
        lambda: low_risk_only(table, junk),
        lambda: risk_answers(junk),
    ):
        with pytest.raises(EvidenceError, match=r"risks: .* what load_risk_of_bias"):
            call()


def test_arguments_of_the_wrong_kind() -> None:
    with pytest.raises(EvidenceError, match="table: is a list"):
        low_risk_only([], [])  # type: ignore[arg-type]
    with pytest.raises(EvidenceError, match="plan: is a"):
        low_risk_rows(table_of([1.0], [0.1]), None, [])  # type: ignore[arg-type]
    with pytest.raises(EvidenceError, match="answer: is a"):
        with_low_risk(None, [])  # type: ignore[arg-type]
    with pytest.raises(EvidenceError, match="weights: 1 for 2 rows"):
        risk_lights([], table_of([1.0, 2.0], [0.1, 0.1]), [100.0])
    with pytest.raises(EvidenceError, match="does not exist"):
        load_risk_of_bias("nowhere.yaml")
