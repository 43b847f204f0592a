"""Judgements: read strictly, kept apart from suggestions, and never changed without a person."""

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml
from helpers import DATA, TERMS, contrast, outcome, study
from samples import FIVE, answered, part, terms, trials

from evidence.catalog.certainty import (
    DOMAINS,
    CertaintyFile,
    load_certainty,
    unknown_questions,
)
from evidence.catalog.project import find_project
from evidence.catalog.terms import Terms
from evidence.errors import FitError, StudyError
from evidence.models.answer import Answer
from evidence.rating.certainty.certainty import Certainty, certainty_of
from evidence.report.analysis import analysis_names, load_analysis

Plain = dict[str, Any]
NONE = CertaintyFile()


def judged(**steps: int | None) -> Plain:
    """All domains, 0 where nothing else is said; None is not judged."""
    found: Plain = {}
    for name in DOMAINS:
        step = steps.get(name, 0)
        found[name] = {"step": step} | ({"open_point": "o"} if step is None else {"reason": name})
    return found


def plain_file(fingerprint: str = "0" * 12, **changes: Any) -> Plain:
    entry: Plain = {
        "judged_by": "project",
        "judged_on": "2026-01-01",
        "made_on": {"fingerprint": fingerprint},
        "domains": judged(),
    }
    return {"judgements": {"q": entry | changes}}


def file_of(fingerprint: str = "0" * 12, **changes: Any) -> CertaintyFile:
    return CertaintyFile.model_validate_json(json.dumps(plain_file(fingerprint, **changes)))


def rated(answer: Answer, file: CertaintyFile = NONE, **more: Any) -> Certainty:
    return certainty_of(answer, terms(), more.pop("ratings", {}), file, **more)


THREE = answered(trials(FIVE[:3]))


def test_without_a_judgement_the_suggestion_is_shown_as_one() -> None:
    found = rated(THREE)
    assert (found.status, found.judged(), found.changed) == ("suggested", None, ())
    assert found.level() == found.suggested()
    assert found.judgement is None


def test_no_evidence_has_no_level() -> None:
    found = rated(answered([]))
    assert (found.status, found.level()) == ("no evidence", None)
    assert rated(answered([part("p-2001", direction="decrease")])).level() == "very_low"


def test_a_judgement_on_these_figures_stands() -> None:
    file = file_of(rated(THREE).inputs.fingerprint, domains=judged(imprecision=-1))
    found = rated(THREE, file)
    assert (found.status, found.level(), found.changed) == ("judged", "moderate", ())
    assert found.suggested() == rated(THREE).suggested()


def test_a_judgement_on_other_figures_is_kept_and_says_so() -> None:
    before = json.loads(rated(THREE).made_on.model_dump_json())
    file = file_of(made_on=before, domains=judged(imprecision=-1))
    found = rated(answered(trials(FIVE)), file)
    assert (found.status, found.level()) == ("judged on other figures", "moderate")
    assert found.changed[0] == (
        "trials: trial-2001, trial-2002, trial-2003 then, "
        "trial-2001, trial-2002, trial-2003, trial-2004, trial-2005 now"
    )
    assert any(text.startswith("estimate: ") for text in found.changed)


def test_another_rating_of_bias_is_another_figure() -> None:
    made_on = json.loads(rated(THREE).made_on.model_dump_json())
    found = rated(THREE, file_of(made_on=made_on), ratings={"trial-2001": "high"})
    assert found.changed == ("other inputs (risk of bias, flags, information size or thresholds)",)


def test_one_domain_that_was_not_judged_leaves_the_suggestion() -> None:
    fingerprint = rated(THREE).inputs.fingerprint
    found = rated(THREE, file_of(fingerprint, domains=judged(imprecision=None)))
    assert (found.status, found.judged()) == ("suggested", None)


def test_surrogate_and_people_are_left_out_of_the_question_as_asked() -> None:
    file = file_of(domains=judged(surrogate=-1, indirectness=-1, risk_of_bias=-1))
    found = rated(THREE, file)
    assert (found.level(), found.level(as_asked=True)) == ("very_low", "moderate")


def test_rating_up_is_for_bodies_that_start_at_low() -> None:
    up = {"large_effect": {"step": 1, "reason": "r"}, "dose_response": {"step": 1, "reason": "r"}}
    with pytest.raises(FitError, match="rates up a body of evidence that starts at high"):
        rated(THREE, file_of(rated_up=up))
    told = contrast(measure="MD", estimate=-1, se=1)
    cohort = study(outcome({"a": {"n": 9}, "p": {"n": 9}}, [told]), id="n", design="non_randomised")
    answer = answered([cohort], designs=("non_randomised",))
    assert rated(answer, file_of(rated_up=up)).level() == "high"
    assert rated(answer, file_of()).level() == "low"


def test_a_large_effect_of_counts_is_suggested_upwards() -> None:
    arms = {"a": {"events": 3000, "total": 5000}, "p": {"events": 250, "total": 5000}}
    cohort = study(
        outcome(arms, word="cv_event", unit="count", type="binary"),
        id="n-2001",
        design="non_randomised",
    )
    answer = answered([cohort], measure="RR", outcomes=("cv_event",), designs=("non_randomised",))
    found = rated(answer, ratings={"n-2001": "low"}, studies=[cohort])
    assert (found.raised.code, found.suggested()) == ("LE-2", "high")
    assert found.absolute is not None
    assert found.absolute.comparator == pytest.approx(50)


@pytest.mark.parametrize(
    ("changes", "match"),
    [
        ({"answer": None}, "the argument answer is of the wrong kind"),
        ({"terms": None}, "the argument terms is of the wrong kind"),
        ({"ratings": ["low"]}, "the argument ratings is of the wrong kind"),
        ({"judgements": {}}, "the argument judgements is of the wrong kind"),
        ({"studies": None}, "studies: is a NoneType; give a list of studies"),
        ({"studies": [None]}, "studies: is a NoneType; give a Study"),
        ({"studies": "x"}, "studies: is a str; give a list of studies"),
        ({"studies": pd.DataFrame()}, "studies: is a DataFrame; give a list of studies"),
        ({"ratings": {"trial-2001": True}}, r"ratings\['trial-2001'\]: is a bool; give a word"),
        ({"ratings": {"other": b"low"}}, r"ratings\['other'\]: is a bytes"),
        ({"ratings": {"trial-2001": pd.DataFrame()}}, "is a DataFrame; give a word, or None"),
        ({"robins_i": 3}, "robins_i: is 3; give a name"),
        ({"robins_i": len}, "robins_i: is <built-in function len>"),
    ],
)
def test_arguments_of_the_wrong_kind(changes: Plain, match: str) -> None:
    given: Plain = {"answer": THREE, "terms": TERMS, "ratings": {}, "judgements": NONE} | changes
    with pytest.raises(FitError, match=match):
        certainty_of(**given)


def test_a_trial_that_is_not_in_the_answer_may_be_rated() -> None:
    assert rated(THREE, ratings={"other": "low"}).inputs == rated(THREE).inputs


def written(folder: Path, plain: Plain) -> Path:
    path = folder / "certainty.yaml"
    path.write_text(yaml.safe_dump(plain), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("changes", "match"),
    [
        ({"domains": judged() | {"imprecision": {"step": -1}}}, "a judgement needs its reason"),
        (
            {"domains": judged() | {"imprecision": {"step": None}}},
            "a domain that was not judged needs an open_point",
        ),
        ({"domains": judged() | {"imprecision": {"step": 1, "reason": "r"}}}, "1 is not allowed"),
        ({"domains": judged() | {"mood": {"step": 0, "reason": "r"}}}, 'unknown key "mood"'),
        ({"domains": {"imprecision": {"step": 0, "reason": "r"}}}, '"risk_of_bias" is missing'),
        ({"judged_on": "yesterday"}, "has the wrong form"),
        ({"rated_up": {"large_effect": {"step": 3, "reason": "r"}}}, "3 is not allowed"),
    ],
)
def test_a_file_with_a_problem_names_line_and_remedy(
    tmp_path: Path, changes: Plain, match: str
) -> None:
    with pytest.raises(StudyError, match=match) as told:
        load_certainty(written(tmp_path, plain_file(**changes)))
    assert "certainty.yaml:" in str(told.value)


def test_a_fingerprint_has_its_form(tmp_path: Path) -> None:
    with pytest.raises(StudyError, match="has the wrong form"):
        load_certainty(written(tmp_path, plain_file("not one")))


def test_all_problems_of_a_file_come_at_once(tmp_path: Path) -> None:
    changes = {"judged_by": 3, "domains": judged() | {"mood": {}, "imprecision": {"step": -9}}}
    with pytest.raises(StudyError) as told:
        load_certainty(written(tmp_path, plain_file(**changes)))
    assert len(told.value.problems) >= 3


def test_a_target_is_of_known_classes(tmp_path: Path) -> None:
    target = {"sexes": ["male"], "controls": ["contrl"], "reason": "r"}
    path = written(tmp_path, {"target": target})
    assert load_certainty(path).target is not None
    with pytest.raises(StudyError, match='"contrl" is no class of drugs; did you mean "control"'):
        load_certainty(path, TERMS)


def test_questions_that_nobody_asks(tmp_path: Path) -> None:
    path = written(tmp_path, plain_file())
    assert unknown_questions(path, {"q"}) == []
    (problem,) = unknown_questions(path, {"spine", "qq"})
    assert 'no analysis asks "q"' in problem.what
    assert "certainty.yaml:" in problem.where


def test_a_path_of_the_wrong_kind() -> None:
    with pytest.raises(StudyError, match="the argument path is of the wrong kind"):
        load_certainty(3)  # type: ignore[arg-type]
    with pytest.raises(StudyError, match="the argument terms is of the wrong kind"):
        load_certainty("x", "y")  # type: ignore[arg-type]


PROJECT = find_project()
FILE = DATA / "certainty.yaml"


def test_the_projects_file_is_sound_and_judges_questions_that_are_asked() -> None:
    known: Terms = PROJECT.terms()
    file = load_certainty(FILE, known)
    folder = PROJECT.analyses_folder
    asked = {
        section.question.id
        for name in analysis_names(folder)
        for section in load_analysis(folder, name).sections
    }
    assert unknown_questions(FILE, asked) == []
    assert file.target is not None
    assert {"spine_bmd_men", "estradiol_men", "vte_women_tamoxifen"} <= set(file.judgements)
    for judgement in file.judgements.values():
        assert judgement.steps is not None or all(
            judgement.domain(name).open_point
            for name in DOMAINS
            if judgement.domain(name).step is None
        )


def test_surrogates_of_the_project_name_what_they_stand_for_and_who_says_so() -> None:
    known = PROJECT.terms()
    assert known.outcomes["fracture"].surrogate_for is None
    for word in ("spine_bmd", "estradiol", "ldl"):
        surrogate = known.outcomes[word].surrogate_for
        assert surrogate is not None
        assert surrogate.source
        assert surrogate.url is not None
