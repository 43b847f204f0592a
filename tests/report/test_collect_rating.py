"""The certainty of an answer in a report: its block, its sentence, its table."""

from dataclasses import replace

import pytest

import evidence as ev
from evidence.catalog.project import find_project
from evidence.models.answer import Answer
from evidence.report.certainty.collect import rating_block, rating_part, rating_sentence
from evidence.report.certainty.rated import Ratings, load_ratings


@pytest.fixture(scope="module")
def ratings() -> Ratings:
    project = find_project()
    terms = project.terms()
    return load_ratings(project, project.studies(terms), terms)


@pytest.fixture(scope="module")
def found(ratings: Ratings) -> Answer:
    plan = ev.Plan(prior_mu=ev.normal(0, 0.1, "wide"), prior_tau=ev.half_normal(0.02, "small"))
    asked = ev.load_question("spine_bmd_men")
    return ev.answer(asked, plan, ratings.studies, ratings.terms, sample=False)


def test_a_judged_answer_says_who_judged_and_why_down(found: Answer, ratings: Ratings) -> None:
    block = rating_block(ratings.certainty(found))
    assert block.judged_by == "project"
    assert block.domains[0].domain == "risk_of_bias"
    sentence = rating_sentence(block)
    assert sentence.startswith("Certainty (GRADE): ")
    assert "very low for what it is meant for, low as asked (judged" in sentence
    part = rating_part(block)
    assert part is not None
    (table,) = part.folded
    assert table.rows[0][0] == "Start"
    assert len(table.rows) >= 7
    assert table.caption.startswith("Judged by: project")


def test_what_nobody_judged_says_so(found: Answer, ratings: Ratings) -> None:
    bare = Ratings(ratings.terms, ratings.studies)
    block = rating_block(bare.certainty(found))
    assert block.status == "suggested"
    assert "judged by nobody yet" in rating_sentence(block)
    part = rating_part(block)
    assert part is not None
    assert any("Nobody has judged this yet" in text for text in part.paragraphs)


def test_a_judgement_on_other_figures_says_what_moved(found: Answer, ratings: Ratings) -> None:
    judged = ratings.judgements.judgements["spine_bmd_men"]
    before = judged.made_on.model_copy(update={"fingerprint": "0" * 12, "estimate": -0.05})
    other = ratings.judgements.model_copy(
        update={"judgements": {"spine_bmd_men": judged.model_copy(update={"made_on": before})}}
    )
    block = rating_block(replace(ratings, judgements=other).certainty(found))
    assert block.status == "judged on other figures"
    part = rating_part(block)
    assert part is not None
    assert "estimate: -0.05 then" in part.paragraphs[-1]


def test_nothing_to_rate() -> None:
    assert rating_sentence(None) == "No certainty rating (GRADE) has been made."
    assert rating_part(None) is None


def test_a_project_without_ratings_has_none(tmp_path: object, ratings: Ratings) -> None:
    from pathlib import Path

    from evidence.catalog.project import Project

    empty = load_ratings(Project(Path(str(tmp_path))), ratings.studies, ratings.terms)
    assert empty.risks == ()
    assert empty.judgements.judgements == {}
    assert empty.files(Project(Path(str(tmp_path))), ["leder-2004"]) == []
