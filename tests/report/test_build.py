"""Build and verify on a tiny project, without the sampler."""

import csv
import json
import shutil
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from samples import SCRIPT, replace_once, tiny_project, with_sampled

from evidence.catalog.project import Project
from evidence.errors import EvidenceError, FitError, ReportError
from evidence.models.answer import answer
from evidence.report import build as build_module
from evidence.report import verify as verify_module
from evidence.report.analysis import Analysis, load_analysis
from evidence.report.build import Built, build, make
from evidence.report.files import json_bytes, result_bytes
from evidence.report.page import NOT_COMMITTED, forms
from evidence.report.result import ResultFile
from evidence.report.verify import Verification, verify

FILES = {
    "index.html", "report.md", "report.pdf", "report.docx", "forms.json", "result.json",
    "run.json", "effects.csv", "partial.csv", "unused.csv", "trace.csv",
    "summary_of_findings.json", "hormone_said.svg", "hormone.svg", "hormone.png", "bone.svg",
    "bone.png", "hormone_contribution.svg", "hormone_posterior.svg",
}  # fmt: skip


@pytest.fixture(scope="module")
def unsampled() -> Iterator[None]:
    """Answers without PyMC, so that a build takes a second."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(build_module, "answer", partial(answer, sample=False))
        yield


@pytest.fixture(scope="module")
def pristine(unsampled: None, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A built project, to be copied and not to be touched."""
    project = tiny_project(tmp_path_factory.mktemp("pristine") / "p")
    build(demo(project), project, project.reports_folder / "demo")
    return project


@pytest.fixture
def project(pristine: Project, tmp_path: Path) -> Project:
    shutil.copytree(pristine.root, tmp_path / "p")
    return Project(tmp_path / "p")


def demo(project: Project) -> Analysis:
    return load_analysis(project.analyses_folder, "demo")


def report(project: Project) -> Path:
    return project.reports_folder / "demo"


def checked(project: Project) -> Verification:
    return verify(demo(project), project, report(project))


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def places(found: Verification) -> list[str]:
    return [moved.where for moved in found.moved]


# Build


def test_a_build_writes_all_files_and_nothing_else(pristine: Project) -> None:
    assert set(contents(report(pristine))) == FILES
    assert [path.name for path in pristine.reports_folder.iterdir()] == ["demo"]
    plain = json.loads((report(pristine) / "result.json").read_bytes())
    assert [(q["id"], q["k"]) for q in plain["questions"]] == [("hormone", 3), ("bone", 1)]


def test_the_trace_file_leads_every_row_to_its_page(pristine: Project) -> None:
    with (report(pristine) / "trace.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert {row["question"] for row in rows} == {"hormone", "bone"}
    assert {row["kind"] for row in rows} == {"reported"}
    assert {row["report"] for row in rows} == {"r"}
    assert min(float(row["value"]) for row in rows) == -3


def test_a_second_build_is_the_same_bytes(project: Project) -> None:
    before = contents(report(project))
    build(demo(project), project, report(project))
    assert contents(report(project)) == before


def test_the_steps_are_told(project: Project) -> None:
    told: list[str] = []
    make(demo(project), project, tell=told.append)
    assert told[0] == "hormone: effects"
    assert told[-1] == "demo: pictures and page"
    assert "bone: sensitivity" in told


def test_a_build_replaces_what_was_there(project: Project) -> None:
    (report(project) / "old.txt").write_text("old")
    build(demo(project), project, report(project))
    assert set(contents(report(project))) == FILES


def raising(*_: object, **__: object) -> Any:
    raise FitError("does not converge")


def full(*_: object, **__: object) -> Any:
    raise OSError(28, "No space left on device")


@pytest.mark.parametrize("step", ["answer", "collect", "picture", "forms", "result_bytes"])
def test_a_failing_step_leaves_the_old_report_untouched(
    project: Project, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    before = contents(report(project))
    monkeypatch.setattr(build_module, step, raising)
    with pytest.raises(FitError, match="does not converge"):
        build(demo(project), project, report(project))
    assert contents(report(project)) == before
    assert [path.name for path in project.reports_folder.iterdir()] == ["demo"]


@pytest.mark.parametrize("method", ["write_bytes", "chmod"])
def test_a_full_disk_leaves_the_old_report_untouched(
    project: Project, monkeypatch: pytest.MonkeyPatch, method: str
) -> None:
    before, analysis = contents(report(project)), demo(project)
    with monkeypatch.context() as patch:
        patch.setattr(Path, method, full)
        with pytest.raises(OSError, match="No space left"):
            build(analysis, project, report(project))
    assert contents(report(project)) == before
    assert [path.name for path in project.reports_folder.iterdir()] == ["demo"]


def test_where_the_swap_fails_the_old_report_is_put_back(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, rename = contents(report(project)), Path.rename

    def once(self: Path, target: Path) -> Path:
        if target == report(project) and "-old" not in self.name:
            raise OSError(5, "Input/output error")
        return rename(self, target)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "rename", once)
        with pytest.raises(OSError, match="Input/output error"):
            build(demo(project), project, report(project))
    assert contents(report(project)) == before
    assert [path.name for path in project.reports_folder.iterdir()] == ["demo"]


def test_a_question_without_any_trial_is_reported_too(unsampled: None, tmp_path: Path) -> None:
    script = SCRIPT.replace('sexes=("male",)', 'sexes=("female",)')
    project = tiny_project(tmp_path / "p", script)
    built = build(demo(project), project, report(project))
    assert [q.k for q in built.result.questions] == [0, 0]
    assert (report(project) / "trace.csv").read_text().count("\n") == 1
    assert checked(project).passed


# Verify


def test_an_untouched_report_passes(pristine: Project) -> None:
    found = checked(pristine)
    assert found.passed
    assert found.moved == ()
    assert found.notes == ()
    assert found.files == len(FILES)
    assert found.numbers > 200


def test_one_changed_figure_names_the_numbers_that_depend_on_it(project: Project) -> None:
    path = project.studies_folder / "trial-2002.yaml"
    replace_once(path, '"estimate": -1.0', '"estimate": -1.1')
    found = checked(project)
    where = places(found)
    assert not found.passed
    assert where[0] == "input data/studies/trial-2002.yaml"
    assert where.count("input data/studies/trial-2002.yaml") == 1
    numbers = [w for w in where if w.startswith("demo.")]
    assert all(w.startswith("demo.questions[hormone].") for w in numbers)
    row = "demo.questions[hormone].effects[trial-2002/o/a-v-p]"
    assert f"{row}.estimate" in numbers
    assert f"{row}.ci_low" in numbers
    assert "demo.questions[hormone].main.estimate" in numbers
    assert "demo.questions[hormone].exact.terms[mu].median" in numbers
    assert "demo.questions[hormone].finding" in numbers
    # What does not depend on it: its own error, and the other trials' effects.
    assert f"{row}.std_error" not in numbers
    assert not [w for w in numbers if ".effects[trial-2001" in w and ".weight" not in w]
    one = next(m for m in found.moved if m.where == f"{row}.estimate")
    assert str(one) == f"{row}.estimate: -1.0 → -1.1"
    files = {w.removeprefix("file ") for w in where if w.startswith("file ")}
    assert {"effects.csv", "trace.csv", "hormone.svg", "hormone.png", "index.html"} <= files
    assert not files & {"bone.svg", "bone.png", "partial.csv", "unused.csv", "run.json"}


def test_a_figure_of_the_other_question_moves_only_that_one(project: Project) -> None:
    replace_once(project.studies_folder / "bone-2009.yaml", '"se": 0.02', '"se": 0.021')
    where = places(checked(project))
    numbers = [w for w in where if w.startswith("demo.")]
    assert "demo.questions[bone].main.std_error" in numbers
    assert "demo.questions[bone].main.estimate" not in numbers
    assert all(w.startswith("demo.questions[bone].") for w in numbers)
    assert "file hormone.svg" not in where


def test_a_trial_that_is_added_or_taken_away_is_named(project: Project) -> None:
    (project.studies_folder / "trial-2003.yaml").unlink()
    found = checked(project)
    told = {m.where: (m.committed, m.rebuilt) for m in found.moved}
    assert told["input data/studies/trial-2003.yaml"][1] == "absent"
    assert told["demo.questions[hormone].effects[trial-2003/o/a-v-p]"] == ("present", "absent")
    assert told["demo.questions[hormone].k"] == ("3", "2")


def test_a_new_figure_in_an_unused_field_moves_no_number(project: Project) -> None:
    path = project.studies_folder / "trial-2002.yaml"
    replace_once(path, '"funding": null', '"funding": "a foundation"')
    assert places(checked(project)) == ["input data/studies/trial-2002.yaml"]


@pytest.mark.parametrize("name", sorted(FILES - {"result.json", "run.json", *NOT_COMMITTED}))
def test_a_deleted_file_is_named(project: Project, name: str) -> None:
    (report(project) / name).unlink()
    (moved,) = checked(project).moved
    assert (moved.where, moved.committed) == (f"file {name}", "absent")


@pytest.mark.parametrize("name", sorted(FILES - {"result.json", "run.json"}))
def test_an_edited_file_is_named(project: Project, name: str) -> None:
    path = report(project) / name
    path.write_bytes(path.read_bytes()[:-1] + b" ")
    assert places(checked(project)) == [f"file {name}"]


def test_an_edited_cell_a_stale_picture_and_a_page_edited_by_hand(project: Project) -> None:
    replace_once(report(project) / "effects.csv", ",-3,", ",-3.1,")
    replace_once(report(project) / "index.html", "three trials", "four trials")
    (report(project) / "bone.svg").write_bytes((report(project) / "hormone.svg").read_bytes())
    assert set(places(checked(project))) == {"file effects.csv", "file index.html", "file bone.svg"}


def test_a_form_that_is_not_committed_has_its_hash(project: Project) -> None:
    for name in NOT_COMMITTED:
        (report(project) / name).unlink()
    assert checked(project).passed
    path = report(project) / "forms.json"
    hashes = json.loads(path.read_bytes())
    assert set(hashes["sha256"]) == set(NOT_COMMITTED)
    hashes["sha256"]["report.pdf"] = "0" * 64
    path.write_bytes(json_bytes(hashes))
    assert places(checked(project)) == ["file forms.json"]


def test_a_form_that_says_something_else_than_the_result_is_named(project: Project) -> None:
    assert checked(project).incoherent == ()
    replace_once(report(project) / "report.md", "\u22123.0 (", "\u22123.9 (")
    found = checked(project)
    assert not found.passed
    assert any(one.file == "report.md" and "3.9" in one.found for one in found.incoherent)
    html = found._repr_html_()
    assert "Not as the result" in html
    assert "report.md" in html


def test_an_extra_file_is_named(project: Project) -> None:
    (report(project) / "notes.txt").write_text("mine")
    (moved,) = checked(project).moved
    assert str(moved) == "file notes.txt: present → not part of the report"


def test_an_edited_number_of_the_result_is_named(project: Project) -> None:
    path = report(project) / "result.json"
    plain = json.loads(path.read_bytes())
    plain["questions"][1]["main"]["estimate"] = -0.031
    path.write_bytes(json_bytes(plain))
    found = checked(project)
    assert "demo.questions[bone].main.estimate" in places(found)
    told = next(m for m in found.moved if m.where == "demo.questions[bone].main.estimate")
    assert (told.committed, told.rebuilt) == ("-0.031", "-0.03")


def test_a_result_written_in_another_order_is_not_as_committed(project: Project) -> None:
    path = report(project) / "result.json"
    plain = json.loads(path.read_bytes())
    plain["questions"][0]["effects"].reverse()
    path.write_bytes(json_bytes(plain))
    assert places(checked(project)) == ["file result.json"]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("result.json", b"{"),
        ("result.json", b"[]"),
        ("result.json", b"{}"),
        ("result.json", b"\xff\xfe"),
        ("run.json", b"nothing"),
        ("run.json", b"[]"),
        ("run.json", b"{}"),
        ("run.json", b'{"inputs": {}, "environment": {}, "seeds": {}, "data_hash": ""}'),
        ("run.json", b"\xff"),
    ],
)
def test_damaged_files_are_told_without_a_traceback(
    project: Project, name: str, content: bytes
) -> None:
    (report(project) / name).write_bytes(content)
    with pytest.raises(ReportError, match=r"report is damaged\n.*evidence run demo"):
        checked(project)


def test_a_result_with_nan_is_damaged(project: Project) -> None:
    path = report(project) / "result.json"
    path.write_bytes(path.read_bytes().replace(b'"k": 3', b'"k": NaN', 1))
    with pytest.raises(ReportError, match="cannot be read: NaN is not a number"):
        checked(project)


@pytest.mark.parametrize("part", ["inputs", "environment", "seeds", "command", "data_hash"])
def test_a_run_record_with_a_part_of_the_wrong_kind_is_damaged(project: Project, part: str) -> None:
    path = report(project) / "run.json"
    path.write_bytes(json_bytes({**json.loads(path.read_bytes()), part: 3}))
    with pytest.raises(ReportError, match="is no complete run record"):
        checked(project)


@pytest.mark.parametrize("name", ["result.json", "run.json"])
def test_without_a_report_there_is_nothing_to_verify(project: Project, name: str) -> None:
    (report(project) / name).unlink()
    with pytest.raises(ReportError, match=r"holds no result\.json and run\.json; build it first"):
        checked(project)


def test_another_version_is_a_note_and_no_failure(project: Project) -> None:
    path = report(project) / "run.json"
    run = json.loads(path.read_bytes())
    run["environment"]["packages"]["numpy"] = "1.0"
    run["environment"]["python"] = "3.0"
    path.write_bytes(json_bytes(run))
    found = checked(project)
    assert found.passed
    assert [note.split(",")[0] for note in found.notes] == [
        "numpy: built with 1.0",
        "python: built with 3.0",
    ]


@pytest.mark.parametrize(
    ("change", "where"),
    [
        ({"seeds": {"hormone": 8, "bone": 7}}, "run.seeds.hormone"),
        ({"data_hash": "f" * 64}, "run.data_hash"),
        ({"command": "evidence run other"}, "run.command"),
    ],
)
def test_an_edited_run_record_is_named(
    project: Project, change: dict[str, Any], where: str
) -> None:
    path = report(project) / "run.json"
    path.write_bytes(json_bytes({**json.loads(path.read_bytes()), **change}))
    assert where in places(checked(project))


# Sampled figures: a report as if it had been sampled, and its rebuild


def sampled(built: Built, **how: float) -> Built:
    questions = tuple(with_sampled(q, **how) for q in built.result.questions)
    result = ResultFile(**{**dict(built.result), "questions": questions})
    files = {
        **built.files,
        "result.json": result_bytes(result),
        **forms(result, built.material, built.run),
    }
    return Built(result, built.material, built.run, files)


@pytest.fixture
def twice(project: Project, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Commit one sampled part, rebuild another; return the verification."""
    built = make(demo(project), project)

    def run(committed: dict[str, float], rebuilt: dict[str, float]) -> Verification:
        for name, content in sampled(built, **committed).files.items():
            (report(project) / name).write_bytes(content)
        monkeypatch.setattr(verify_module, "make", lambda *_, **__: sampled(built, **rebuilt))
        return checked(project)

    return run


@pytest.mark.parametrize("apart", [0.0, 1.0, -5.0, 7.0])
def test_sampled_figures_may_move_within_their_monte_carlo_error(twice: Any, apart: float) -> None:
    found = twice({}, {"apart": apart})
    assert found.passed, found.moved


@pytest.mark.parametrize("apart", [7.2, -8.0])
def test_sampled_figures_beyond_their_monte_carlo_error_have_moved(
    twice: Any, apart: float
) -> None:
    found = twice({}, {"apart": apart})
    where = places(found)
    assert len(where) == 2 * 3 * 4
    assert "demo.questions[hormone].sampled[mu].median" in where
    assert "Monte Carlo error" in str(found.moved[0])


def test_a_committed_file_cannot_widen_its_own_tolerance(twice: Any) -> None:
    assert not twice({"mcse": 1.0, "apart": 1.0}, {}).passed


def test_a_sampled_part_that_came_or_went_has_moved(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    built = make(demo(project), project)
    monkeypatch.setattr(verify_module, "make", lambda *_, **__: sampled(built))
    assert "demo.questions[hormone].sampled" in places(checked(project))


@pytest.mark.parametrize(
    ("spoil", "where"),
    [
        (lambda s: s.update(seed=8), "demo.questions[hormone].sampled.seed"),
        (lambda s: s["terms"].pop(0), "demo.questions[hormone].sampled[mu].median"),
        (lambda s: s["terms"][0].update(mean=None), "demo.questions[hormone].sampled[mu].mean"),
    ],
)
def test_a_sampled_part_that_was_edited_has_moved(
    project: Project, monkeypatch: pytest.MonkeyPatch, spoil: Any, where: str
) -> None:
    built = sampled(make(demo(project), project))
    plain = json.loads(built.files["result.json"])
    spoil(plain["questions"][0]["sampled"])
    for name, content in built.files.items():
        (report(project) / name).write_bytes(content)
    (report(project) / "result.json").write_bytes(json_bytes(plain))
    monkeypatch.setattr(verify_module, "make", lambda *_, **__: built)
    assert where in places(checked(project))


def test_errors_of_the_data_stop_a_verification(project: Project) -> None:
    replace_once(project.studies_folder / "trial-2001.yaml", '"se": 1.0', '"se": -1.0')
    with pytest.raises(EvidenceError, match=r"trial-2001\.yaml:\d+ outcomes\[0\]\.contrasts"):
        checked(project)
