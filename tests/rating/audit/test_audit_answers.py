"""The record of answers, what it answers, and the command on files."""

import json
import time
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from helpers import TERMS, TERMS_PLAIN, outcome, study, summary

import evidence as ev
from evidence.catalog.audit_answers import AuditAnswers, load_audit_answers
from evidence.catalog.project import Project
from evidence.cli import main
from evidence.errors import EffectError, StudyError
from evidence.rating.audit.audit import as_record, audit
from evidence.rating.audit.command import audit_files, shown
from evidence.rating.audit.registry import CHECKS

ROOT = Path(__file__).resolve().parents[3]
FIGURES = {"mean": 4000.0, "sd": 8.0, "n": 30.0}


def doubtful(mean: float = 4000.0) -> Any:
    entry = outcome({"a": {"n": 30, "baseline": summary(mean, sd=8.0)}}, id="e2")
    return study(entry, id="x")


def answer(**changes: Any) -> dict[str, Any]:
    given = {
        "code": "A04",
        "study": "x",
        "outcome": "e2",
        "address": "arms.a.baseline",
        "figures": FIGURES,
        "answer": "accepted",
        "reason": "pregnant women",
    }
    return {k: v for k, v in (given | changes).items() if v is not None}


def answers(*given: dict[str, Any]) -> AuditAnswers:
    return AuditAnswers.model_validate_json(json.dumps({"answers": list(given)}))


def written(folder: Path, *given: dict[str, Any]) -> Path:
    path = folder / "audit.yaml"
    path.write_text(json.dumps({"answers": list(given)}, indent=1), encoding="utf-8")
    return path


def test_an_answer_holds_for_the_figures_it_was_made_on() -> None:
    record = answers(answer())
    result = audit([doubtful()], TERMS, record)
    (one,) = result.findings
    assert one.answer is not None
    assert str(one).endswith("[accepted: pregnant women]")
    assert result.passed
    assert not result.stale
    moved = audit([doubtful(5000.0)], TERMS, record)
    assert [f.answer for f in moved.findings] == [None]
    assert not moved.passed
    assert [a.study for a in moved.stale] == ["x"]


def test_answers_about_other_studies_are_not_stale() -> None:
    assert audit([study(id="y")], TERMS, answers(answer())).stale == ()


def test_a_warning_without_an_answer_is_no_failure() -> None:
    rows = {"a": {"events_percent": 35, "total": 12}}
    result = audit([study(outcome(rows, word="cv_event", unit="%", type="binary"))], TERMS)
    assert [f.severity for f in result.unanswered] == ["warning"]
    assert result.passed


def test_the_frame_and_the_record_hold_every_finding() -> None:
    result = audit([doubtful()], TERMS, answers(answer()))
    frame = result.frame()
    assert frame.loc[0, ["code", "name", "answer", "reason"]].tolist() == [
        "A04", "possible_values", "accepted", "pregnant women",
    ]  # fmt: skip
    assert audit([study()], TERMS).frame().empty
    record = json.loads(json.dumps(as_record(result), allow_nan=False))
    assert record["findings"][0]["figures"] == FIGURES
    assert len(record["checks"]) == len(CHECKS)


@pytest.mark.parametrize(
    ("change", "match"),
    [
        ({"code": "B1"}, "has the wrong form"),
        ({"answer": "maybe"}, "is not allowed"),
        ({"reason": None}, 'the key "reason" is missing'),
        ({"figures": {}}, "figures"),
        ({"answer": "open"}, 'the answer "open" needs "settled_by"'),
        ({"answer": "corrected", "used": "12"}, 'the answer "corrected" needs "printed"'),
        ({"printed": "12"}, '"printed" says nothing beside the answer "accepted"'),
        ({"because": "x"}, 'unknown key "because"'),
    ],
)
def test_an_answer_that_is_wrong_is_refused(
    tmp_path: Path, change: dict[str, Any], match: str
) -> None:
    with pytest.raises(StudyError, match=match):
        load_audit_answers(written(tmp_path, answer(**change)))


def test_two_answers_to_one_finding_are_refused(tmp_path: Path) -> None:
    with pytest.raises(StudyError, match="two answers to one finding: A04 x e2"):
        load_audit_answers(written(tmp_path, answer(), answer(reason="another")))


def test_corrected_and_open_answers(tmp_path: Path) -> None:
    corrected = answer(answer="corrected", printed="4000", used="40.00", source="erratum")
    open_one = answer(code="A06", answer="open", settled_by="the full paper")
    record = load_audit_answers(written(tmp_path, corrected, open_one))
    assert [a.answer for a in record.answers] == ["corrected", "open"]


@pytest.mark.parametrize(
    ("call", "match"),
    [
        (lambda: audit(3), "argument studies is of the wrong kind"),  # type: ignore[arg-type]
        (lambda: audit([3]), "argument studies is of the wrong kind"),  # type: ignore[list-item]
        (lambda: audit([], "terms"), "argument terms is of the wrong kind"),  # type: ignore[arg-type]
        (lambda: audit([], TERMS, 3), "argument answers is of the wrong kind"),  # type: ignore[arg-type]
        (lambda: audit([], TERMS, None, 3), "argument files is of the wrong kind"),  # type: ignore[arg-type]
        (lambda: audit([study()], TERMS, None, {"s": None}), r"files\['s'\]: is a NoneType"),  # type: ignore[dict-item]
        (lambda: audit("", TERMS), "studies: is a str; give a list of studies"),  # type: ignore[arg-type]
        (lambda: audit({}, TERMS), "studies: is a dict; give a list of studies"),
        (lambda: audit(pd.DataFrame(), TERMS), "studies: is a DataFrame"),  # type: ignore[arg-type]
        (lambda: audit([study(), study()], TERMS), 'the study "s": stands twice'),
    ],
)
def test_wrong_arguments_are_refused(call: Any, match: str) -> None:
    with pytest.raises(EffectError, match=match):
        call()


# The command


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A project with one doubtful study."""
    made = Project(tmp_path / "p")
    made.studies_folder.mkdir(parents=True)
    made.terms_file.write_text(json.dumps(TERMS_PLAIN, indent=1), encoding="utf-8")
    text = json.dumps(doubtful().model_dump(mode="json"), indent=1)
    (made.studies_folder / "x.yaml").write_text(text, encoding="utf-8")
    return made


def call(project: Project, *words: str) -> int:
    return main(["--project", str(project.root), "audit", *words])


def test_a_finding_without_an_answer_names_its_line(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call(project) == 1
    first, last, _ = capsys.readouterr().out.splitlines()
    lines = (project.studies_folder / "x.yaml").read_text(encoding="utf-8").splitlines()
    number = next(i for i, line in enumerate(lines, 1) if '"baseline"' in line)
    assert f"x.yaml:{number} outcomes[0].arms.a.baseline: 4000 pg/mL" in first
    assert last == "1 study, 1 finding: 0 accepted, 0 corrected, 0 open, 1 without an answer"


def test_answers_of_the_project_are_found(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    written(project.root / "data", answer())
    assert call(project) == 0
    assert "A04" not in capsys.readouterr().out
    assert call(project, "--all") == 0
    assert "A04 error" in capsys.readouterr().out


def test_a_stale_answer_is_told(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    written(project.root / "data", answer(figures=FIGURES | {"mean": 12.0}))
    assert call(project) == 1
    assert "A04 stale answer x e2 arms.a.baseline" in capsys.readouterr().out


def test_a_folder_of_a_users_own(
    project: Project, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    written(project.root / "data", answer())
    folder = tmp_path / "mine"
    folder.mkdir()
    text = (project.studies_folder / "x.yaml").read_text(encoding="utf-8")
    (folder / "x.yaml").write_text(text, encoding="utf-8")
    assert call(project, str(folder)) == 1  # the project's answers are not those of other files
    own = str(project.root / "data" / "audit.yaml")
    assert call(project, str(folder), "--answers", own) == 0
    capsys.readouterr()
    assert call(project, str(folder), "--json") == 1
    record = json.loads(capsys.readouterr().out)
    assert record["passed"] is False
    assert record["findings"][0]["study"] == "x"


def test_one_file_of_the_project_is_compared_with_all(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    for i, mean in enumerate((24.0, 26.0, 29.0, 22.0, 250.0)):
        one = study(outcome({"a": {"n": 30, "baseline": summary(mean, sd=8.0)}}), id=f"t{i}")
        path = project.studies_folder / f"t{i}.yaml"
        path.write_text(json.dumps(one.model_dump(mode="json"), indent=1), encoding="utf-8")
    assert call(project, str(project.studies_folder / "t4.yaml")) == 1
    out = capsys.readouterr().out
    assert "A06 error" in out
    assert "1 study, " in out
    assert "x.yaml" not in out
    assert call(project, str(project.studies_folder / "t0.yaml")) == 0


def test_a_vocabulary_of_a_users_own(
    project: Project, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    terms = tmp_path / "words.yaml"
    terms.write_text(json.dumps(TERMS_PLAIN), encoding="utf-8")
    mine = tmp_path / "x.yaml"
    mine.write_text((project.studies_folder / "x.yaml").read_text(encoding="utf-8"))
    assert main(["audit", str(mine), "--terms", str(terms)]) == 1
    assert "A04 error" in capsys.readouterr().out


def test_answers_that_do_not_exist(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    assert call(project, "--answers", "nowhere.yaml") == 1
    assert "nowhere.yaml: does not exist" in capsys.readouterr().err


def test_answers_that_are_a_folder(
    project: Project, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call(project, "--answers", str(tmp_path)) == 1
    assert f"{tmp_path}: is a folder; give a file of answers" in capsys.readouterr().err


def test_links_that_go_round_are_refused(project: Project, tmp_path: Path) -> None:
    loop = tmp_path / "loop.yaml"
    loop.symlink_to(loop)
    with pytest.raises(StudyError, match=r"loop\.yaml: "):
        audit_files(project, [loop])


def test_a_broken_study_is_refused_with_its_line(
    project: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    path = project.studies_folder / "x.yaml"
    path.write_text(path.read_text(encoding="utf-8").replace('"sd": 8.0', '"sd": -8.0'))
    assert call(project) == 1
    assert "x.yaml:" in capsys.readouterr().err


# The curated trials


def test_every_finding_in_the_curated_trials_has_an_answer() -> None:
    start = time.perf_counter()
    result = audit_files(Project(ROOT))
    assert [str(f) for f in result.unanswered] == []
    assert [a.study for a in result.stale] == []
    assert time.perf_counter() - start < 30
    assert "0 without an answer" in shown(result)


def test_the_public_names() -> None:
    found = ev.audit(ev.load_studies(), answers=ev.load_audit_answers(ROOT / "data" / "audit.yaml"))
    assert found.passed
    assert all(isinstance(f, ev.AuditFinding) for f in found.findings)
