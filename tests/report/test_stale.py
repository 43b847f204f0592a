"""stale: what has changed is built again, and nothing else. On tiny projects, without sampling."""

import json
import os
import shutil
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest
from samples import SCRIPT, THREE, replace_once, tiny_project, trial, trials, write_study

from evidence.catalog.project import Project
from evidence.errors import StudyError
from evidence.models.answer import answer
from evidence.report import build as build_module
from evidence.report import builds, stale
from evidence.report.analysis import load_analysis
from evidence.report.build import build
from evidence.report.builds import DAMAGED, NEVER
from evidence.report.stale import (
    ground,
    reasons,
    remember,
    remember_whole,
    snapshot,
    whole_reasons,
)

# A second analysis, of bone alone: the trials of hormones are none of its business.
BONE = "\n".join(line for line in SCRIPT.splitlines() if "estradiol" not in line)
BONE = BONE.replace('name="demo"', 'name="second"').replace('ask("bone"', 'ask("bones"')
WHOLE = "whole"


@pytest.fixture(scope="module")
def pristine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """Two reports and a page on the whole, built and remembered; not to be touched."""
    folder = tmp_path_factory.mktemp("stale")
    package = folder / "package"
    package.mkdir()
    (package / "code.py").write_text("one = 1\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(build_module, "answer", partial(answer, sample=False))
        # Not the package itself: it may be worked at while the tests run.
        patch.setattr(stale, "PACKAGE", package)
        project = tiny_project(folder / "p")
        (project.analyses_folder / "second.py").write_text(BONE)
        for name in ("demo", "second"):
            assert built(project, name)
        assert built_whole(project)
        yield project


@pytest.fixture
def project(pristine: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    shutil.copytree(pristine.root.parent, tmp_path / "copy")
    monkeypatch.setattr(stale, "PACKAGE", tmp_path / "copy" / "package")
    return Project(tmp_path / "copy" / "p")


def built(project: Project, name: str = "demo") -> bool:
    on, before = ground(project), snapshot(project)
    analysis = load_analysis(project.analyses_folder, name)
    files = build(analysis, project, project.reports_folder / name).files
    return remember(project, analysis, files, before=before, on=on)


def built_whole(project: Project) -> bool:
    before = snapshot(project, reports=True)
    folder = project.reports_folder / WHOLE
    folder.mkdir(exist_ok=True)
    (folder / "index.html").write_text(str(sorted(before.items())))
    return remember_whole(project, WHOLE, before=before, on=ground(project))


def why(project: Project, name: str = "demo") -> tuple[str, ...]:
    if name == WHOLE:
        return whole_reasons(project, name, ground(project))
    return reasons(project, load_analysis(project.analyses_folder, name), ground(project))


def due(project: Project) -> dict[str, tuple[str, ...]]:
    """What is to be built, with the reasons."""
    found = {name: why(project, name) for name in ("demo", "second", WHOLE)}
    return {name: told for name, told in found.items() if told}


def state_file(project: Project, name: str = "demo") -> Path:
    return project.root / ".evidence" / "built" / f"{name}.json"


def test_nothing_is_due_where_nothing_changed(project: Project) -> None:
    assert due(project) == {}
    for path in project.root.rglob("*"):
        os.utime(path, (1, 1))
    assert due(project) == {}


def test_a_study_that_is_used_makes_its_reports_due_and_no_other(project: Project) -> None:
    replace_once(project.studies_folder / "trial-2001.yaml", "-3.0", "-3.5")
    told = ("data/studies/trial-2001.yaml changed",)
    assert due(project) == {"demo": told, WHOLE: told}
    assert built(project)
    assert set(due(project)) == {WHOLE}
    assert any(reason.startswith("reports/demo/") for reason in why(project, WHOLE))
    assert built_whole(project)
    assert due(project) == {}


def test_a_study_that_is_used_by_both_makes_both_due(project: Project) -> None:
    replace_once(project.studies_folder / "bone-2009.yaml", '"se": 0.02', '"se": 0.03')
    assert set(due(project)) == {"demo", "second", WHOLE}


def test_a_study_that_is_gone(project: Project) -> None:
    (project.studies_folder / "trial-2001.yaml").unlink()
    told = ("data/studies/trial-2001.yaml is gone",)
    assert due(project) == {"demo": told, WHOLE: told}


def test_a_new_study_that_is_looked_at(project: Project) -> None:
    (new,) = trials(THREE[:1])
    write_study(project, new.model_copy(update={"id": "new-2020"}))
    assert due(project) == {
        "demo": ("data/studies/new-2020.yaml is new and is looked at",),
        WHOLE: ("data/studies/new-2020.yaml is new",),
    }
    # To ask is not to build: it is still due.
    assert set(due(project)) == {"demo", WHOLE}
    assert built(project)
    assert why(project) == ()


def test_a_new_study_that_cannot_be_used_is_looked_at_all_the_same(project: Project) -> None:
    replace_once(
        write_study(project, trial("women-2020", -1.0, 1.0)), '"sex": "male"', '"sex": "female"'
    )
    assert why(project) == ("data/studies/women-2020.yaml is new and is looked at",)
    assert built(project)
    unused = (project.reports_folder / "demo" / "unused.csv").read_text()
    assert "women-2020" in unused
    assert why(project) == ()


def test_a_new_study_of_something_else_is_looked_up_once(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_study(project, trial("else-2020", 1.0, 1.0, word="spine_bmd", unit="g/cm2"))
    replace_once(path, '"outcome": "spine_bmd"', '"outcome": "hip_bmd"')
    terms = json.loads(project.terms_file.read_text())
    assert "hip_bmd" not in terms["outcomes"]
    terms["outcomes"]["hip_bmd"] = terms["outcomes"]["spine_bmd"]
    project.terms_file.write_text(json.dumps(terms))
    assert built(project)
    assert built(project, "second")
    assert why(project) == why(project, "second") == ()

    replace_once(path, '"n": 20', '"n": 21')
    asked = []
    seen = stale._seen
    monkeypatch.setattr(stale, "_seen", lambda *given: asked.append(given) or seen(*given))
    for _ in range(2):
        assert why(project) == why(project, "second") == ()
    assert len(asked) == 2
    replace_once(path, '"outcome": "hip_bmd"', '"outcome": "spine_bmd"')
    told = ("data/studies/else-2020.yaml changed and is looked at",)
    assert why(project) == why(project, "second") == told
    path.unlink()
    assert why(project) == why(project, "second") == ()


def test_another_study_that_cannot_be_read_is_told(project: Project) -> None:
    (project.studies_folder / "broken-2020.yaml").write_text("id: [")
    with pytest.raises(StudyError, match=r"broken-2020\.yaml"):
        why(project)


def test_what_editors_leave_is_no_study(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    (project.studies_folder / ".trial-2001.yaml.swp").write_text("x")
    (project.root / "data" / "__pycache__").mkdir()
    (project.root / "data" / "__pycache__" / "x.pyc").write_text("x")
    monkeypatch.setattr(stale, "_seen", lambda *_: pytest.fail("nothing to look up"))
    assert due(project) == {}


def rate(project: Project, study: str) -> None:
    folder = project.root / "data" / "risk_of_bias"
    folder.mkdir(exist_ok=True)
    (folder / f"{study}.yaml").write_text("study: x\n")


def test_a_new_rating_matters_where_its_trial_does(project: Project) -> None:
    rate(project, "trial-2001")
    assert why(project) == ("data/risk_of_bias/trial-2001.yaml is new and is looked at",)
    assert why(project, "second") == ()
    (project.root / "data" / "certainty.yaml").write_text("judgements: {}\n")
    told = "data/certainty.yaml is new and is looked at"
    assert why(project) == (told, "data/risk_of_bias/trial-2001.yaml is new and is looked at")
    assert why(project, "second") == (told,)


def test_a_rating_of_another_trial_does_not_matter(project: Project) -> None:
    rate(project, "nobody-2001")
    assert why(project) == why(project, "second") == ()
    assert why(project, WHOLE) == ("data/risk_of_bias/nobody-2001.yaml is new",)


def test_terms_concern_all(project: Project) -> None:
    project.terms_file.write_text(project.terms_file.read_text() + "\n")
    told = ("data/terms.yaml changed",)
    assert due(project) == {"demo": told, "second": told, WHOLE: told}


def test_a_script_concerns_its_report(project: Project) -> None:
    replace_once(project.analyses_folder / "demo.py", "What is asked?", "What was asked?")
    told = ("analyses/demo.py changed",)
    assert due(project) == {"demo": told, WHOLE: told}


def test_what_a_script_takes_from_elsewhere_is_seen(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = SCRIPT.replace('lead="What is asked?"', 'lead=os.environ.get("LEAD", "What?")')
    (project.analyses_folder / "demo.py").write_text(f"import os\n{script}")
    assert built(project)
    assert why(project) == ()
    monkeypatch.setenv("LEAD", "How?")
    assert why(project) == ("what analyses/demo.py declares changed",)


def test_code_and_versions_concern_all(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    (stale.PACKAGE / "more.py").write_text("two = 2\n")
    (stale.PACKAGE / "code.py").write_text("one = 2\n")
    monkeypatch.setattr(stale.metadata, "version", lambda name: f"{name}-9")
    found = due(project)
    assert set(found) == {"demo", "second", WHOLE}
    for told in found.values():
        assert told[-2:] == ("evidence/code.py changed", "evidence/more.py is new")
        assert any(reason.startswith("numpy is numpy-9, was ") for reason in told)


def test_the_ground_is_the_package_as_it_stands(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    here = Path(stale.__file__).resolve().parents[1]
    monkeypatch.setattr(stale, "PACKAGE", here)
    on = ground()
    assert {"__init__.py", "report/stale.py", "report/templates/style.css"} <= set(on.code)
    assert not any("__pycache__" in name for name in on.code)
    assert {"python", "machine", "numpy", "pymc"} <= set(on.versions)


@pytest.mark.parametrize("name", ["demo", WHOLE])
def test_an_output_must_be_there_as_it_was_written(project: Project, name: str) -> None:
    folder = project.reports_folder / name
    path = folder / "index.html"
    content = path.read_bytes()
    path.unlink()
    assert "index.html is missing" in why(project, name)
    path.mkdir()
    assert "index.html is not as it was written" in why(project, name)
    path.rmdir()
    path.write_bytes(content + b" ")
    assert "index.html is not as it was written" in why(project, name)
    path.write_bytes(content)
    assert why(project, name) == ()
    (folder / "more.txt").write_text("x")
    assert why(project, name) == ("more.txt is no file of it",)
    (folder / "more.txt").unlink()
    (folder / "empty").mkdir()
    assert why(project, name) == ("empty is no file of it",)
    (folder / "empty").rmdir()
    there = sorted(path.name for path in folder.iterdir())
    shutil.rmtree(folder)
    assert why(project, name) == tuple(f"{path} is missing" for path in there)


def test_a_page_on_the_whole_rests_on_every_file_of_the_reports(project: Project) -> None:
    (project.reports_folder / "second" / "summary_of_findings.json").write_text("[]")
    told = why(project, WHOLE)
    assert told == ("reports/second/summary_of_findings.json changed",)
    (project.root / "data" / "claims.yaml").write_text("x")
    assert why(project, WHOLE) == ("data/claims.yaml is new", *told)
    assert why(project) == ()


def edited(state: Path) -> None:
    kept = json.loads(state.read_text())
    kept["inputs"]["data/terms.yaml"] = "0" * 64
    state.write_text(json.dumps(kept))


def sealed(state: Path, **changes: object) -> None:
    kept = json.loads(state.read_text()) | changes
    kept.pop("seal")
    state.write_text(json.dumps(kept | {"seal": builds._seal(kept)}))


@pytest.mark.parametrize(
    "harm",
    [
        edited,
        lambda path: path.write_bytes(path.read_bytes()[:-20]),
        lambda path: path.write_bytes(b""),
        lambda path: path.write_bytes(b"\xff\xfe"),
        lambda path: path.write_text("[" * 100_000),
        lambda path: path.write_text("[]"),
        lambda path: path.write_text("{}"),
        lambda path: path.write_text('{"seal": NaN}'),
        lambda path: (path.unlink(), path.mkdir()),
        lambda path: (path.unlink(), path.symlink_to(path)),
        partial(sealed, format="evidence-built/0"),
        partial(sealed, inputs=["data/terms.yaml"]),
        partial(sealed, outputs=None),
    ],
)
@pytest.mark.parametrize("name", ["demo", WHOLE])
def test_a_damaged_record_is_no_record(
    project: Project, name: str, harm: Callable[[Path], object]
) -> None:
    harm(state_file(project, name))
    assert why(project, name) == (DAMAGED,)


def test_without_a_record_all_is_due(project: Project) -> None:
    shutil.rmtree(project.root / ".evidence")
    assert due(project) == dict.fromkeys(("demo", "second", WHOLE), (NEVER,))


def test_an_edit_back_is_no_change(project: Project) -> None:
    path = project.studies_folder / "trial-2001.yaml"
    content = path.read_bytes()
    path.write_bytes(content + b"\n")
    assert why(project)
    path.write_bytes(content)
    assert due(project) == {}


@pytest.mark.parametrize("where", ["data/studies/trial-2001.yaml", "../package/code.py"])
def test_what_changed_during_a_build_forgets_it(project: Project, where: str) -> None:
    on, before = ground(project), snapshot(project)
    analysis = load_analysis(project.analyses_folder, "demo")
    files = build(analysis, project, project.reports_folder / "demo").files
    assert remember(project, analysis, files, before=before, on=on)
    path = project.root / where
    path.write_text(path.read_text() + "\n")
    files = build(analysis, project, project.reports_folder / "demo").files
    assert not remember(project, analysis, files, before=before, on=on)
    assert why(project) == (NEVER,)
    whole = snapshot(project, reports=True)
    path.write_text(path.read_text() + "\n")
    assert not remember_whole(project, WHOLE, before={**whole, "x": ""}, on=on)
    assert why(project, WHOLE) == (NEVER,)


def test_a_study_that_appears_during_a_build_is_looked_up(project: Project) -> None:
    on, before = ground(project), snapshot(project)
    analysis = load_analysis(project.analyses_folder, "demo")
    files = build(analysis, project, project.reports_folder / "demo").files
    write_study(project, trial("late-2020", -1.0, 1.0))
    assert remember(project, analysis, files, before=before, on=on)
    assert why(project) == ("data/studies/late-2020.yaml is new and is looked at",)


def test_a_record_is_replaced_at_once_or_not_at_all(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    state = state_file(project)
    before = state.read_bytes()

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(builds.json, "dump", full)
        with pytest.raises(OSError, match="No space left"):
            built(project)
    assert state.read_bytes() == before
    assert sorted(path.name for path in state.parent.iterdir()) == [
        "demo.json", "second.json", "whole.json"
    ]  # fmt: skip
    assert why(project) == ()


def test_what_cannot_be_kept_up_to_date_is_looked_up_again(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    def denied(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    rate(project, "nobody-2001")
    monkeypatch.setattr(stale, "keep_build", denied)
    assert why(project) == ()


def test_the_folder_keeps_itself_out_of_version_control(project: Project) -> None:
    assert (project.root / ".evidence" / ".gitignore").read_text() == "*\n"
