"""Releases: made, refused, and read again with what moved between them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import samples
from change_projects import built_project, write_claims, write_report

from evidence.catalog.project import Project
from evidence.catalog.releases import Reason, load_releases
from evidence.errors import ReportError, StudyError
from evidence.report.changes.history import load_history, load_with_present
from evidence.report.changes.publish import publish
from evidence.report.changes.reasons import Unexplained, reasons_for
from evidence.report.changes.snapshot import read_snapshot
from evidence.report.changes.take import present

MOVED = ((-3.0, 1.0), (-1.0, 1.5), (-6.5, 0.8))


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return built_project(tmp_path)


def state(project: Project) -> dict[str, bytes]:
    data = project.root / "data"
    return {str(p): p.read_bytes() for p in sorted(data.rglob("*")) if p.is_file()}


def test_the_first_release_and_the_next(project: Project) -> None:
    first = publish(project, "1.0.0", "The first: it's\n <b>said</b>", day="2026-01-01")
    assert first.why == "The first: it's <b>said</b>"
    assert read_snapshot(project.root / "data/releases/1.0.0.json").data_hash == first.data_hash
    history, now = load_with_present(project)
    assert history.step("1.0.0", "now", now).difference.empty
    write_report(project, MOVED)
    publish(project, "1.1.0a1", "The second", day="2026-01-02")
    history = load_history(project)
    (step,) = history.steps()
    (change,) = step.difference.changed
    assert change.moved[0].answer == "main"
    assert change.cause.program
    assert {x.kind for x in step.unexplained} == {"number"}
    assert history.before("1.1.0a1") == "1.0.0"
    assert history.before("now") == "1.1.0a1"


def test_the_same_bytes_each_time(project: Project, tmp_path: Path) -> None:
    other = built_project(tmp_path / "other")
    for one in (project, other):
        publish(one, "1.0.0", "why", day="2026-01-01")
    assert [*state(project).values()] == [*state(other).values()]


def test_what_people_wrote_stays_and_reasons_move_along(project: Project) -> None:
    publish(project, "1.0.0", "why", day="2026-01-01")
    path = project.root / "data/releases.yaml"
    text = path.read_text("utf-8").replace(
        "releases:\n",
        "# what waits\nunreleased:\n  - questions: [q]\n    studies: [trial-2001]\n"
        '    why: >-\n      it\'s "read"\n      again: # no comment\n'
        "# the list\nreleases:  # oldest first\n",
    )
    path.write_text(text, "utf-8")
    write_report(project, MOVED)
    release = publish(project, "1.0.1", "why not", day="2026-01-01")
    reason = Reason(
        questions=("q",), studies=("trial-2001",), why='it\'s "read" again: # no comment'
    )
    assert release.reasons == (reason,)
    kept = path.read_text("utf-8")
    assert "# what waits\n" in kept
    assert "releases:  # oldest first" in kept
    assert load_releases(path).unreleased == ()
    (step,) = load_history(project).steps()
    assert reasons_for(step.difference.changed[0], step.reasons) == (reason.why,)
    assert step.unexplained == ()


def test_reasons_for_the_next_release_are_shown_before_it(project: Project) -> None:
    publish(project, "1.0.0", "why", day="2026-01-01")
    path = project.root / "data/releases.yaml"
    waits = "unreleased:\n  - reports: [demo]\n    why: read again\nreleases:\n"
    path.write_text(path.read_text("utf-8").replace("releases:\n", waits, 1), "utf-8")
    write_report(project, MOVED)
    history, now = load_with_present(project)
    step = history.step("1.0.0", "now", now)
    assert (step.release, step.unexplained) == (None, ())
    path.write_text(path.read_text("utf-8").replace("[demo]", "[dmo]"), "utf-8")
    with pytest.raises(ReportError, match=r'"dmo" stands in no release; did you mean "demo"'):
        load_with_present(project)
    with pytest.raises(ReportError, match="nothing was released"):
        publish(project, "1.0.1", "why", day="2026-01-01")


@pytest.mark.parametrize(
    ("version", "why", "day", "problem"),
    [
        ("1.0.0", "why", "2026-01-03", "1.0.0 is released"),
        ("0.9.0", "why", "2026-01-03", "0.9.0 is not above 1.0.0"),
        ("1.0", "why", "2026-01-03", "1.0 is not above 1.0.0"),
        ("next", "why", "2026-01-03", '"next" is no version'),
        ("../../x", "why", "2026-01-03", "is no version"),
        ("1.1.0", "", "2026-01-03", "why"),
        ("1.1.0", "turned \u202eround", "2026-01-03", "hidden character"),
        ("1.1.0", "why", "2026-13-01", "no day of the calendar"),
        ("1.1.0", "why", "2025-01-01", "2025-01-01 is earlier than 2026-01-01"),
    ],
)
def test_releases_that_are_refused(
    project: Project, version: str, why: str, day: str, problem: str
) -> None:
    publish(project, "1.0.0", "why", day="2026-01-01")
    before = state(project)
    with pytest.raises((ReportError, StudyError), match=problem):
        publish(project, version, why, day=day)
    assert state(project) == before


def test_a_report_that_is_not_built_or_stale_is_refused(project: Project) -> None:
    before = state(project)
    (project.analyses_folder / "other.py").write_text("", "utf-8")
    with pytest.raises(ReportError, match=r"other: is not built .*; evidence run other"):
        publish(project, "1.0.0", "why")
    (project.analyses_folder / "other.py").unlink()
    study = project.studies_folder / "trial-2001.yaml"
    text = study.read_text("utf-8")
    study.write_text(text + "\n", "utf-8")
    with pytest.raises(ReportError, match=r"demo: is out of date: data/studies/trial-2001.yaml"):
        publish(project, "1.0.0", "why")
    study.unlink()
    with pytest.raises(ReportError, match="is out of date"):
        publish(project, "1.0.0", "why")
    study.write_text(text, "utf-8")
    assert state(project) == before
    with pytest.raises(ReportError, match="wrong kind"):
        publish(project, 1, "why")  # type: ignore[arg-type]


@pytest.mark.parametrize("text", ["{", "[]", '{"format": "evidence-result/1"}', '{"inputs": 3}'])
@pytest.mark.parametrize("file", ["result.json", "run.json"])
def test_a_damaged_report_is_refused(project: Project, file: str, text: str) -> None:
    (project.reports_folder / "demo" / file).write_text(text, "utf-8")
    with pytest.raises(ReportError, match=r"demo.*evidence run demo"):
        present(project)


def test_claims_that_are_damaged(project: Project) -> None:
    path = write_claims(project)
    claims = present(project).claims
    assert claims is not None
    assert claims[0].verdict == "uncertain"
    for text in ("{}", '{"claims": [{"id": 1}]}', '{"claims": [3]}', "["):
        path.write_text(text, "utf-8")
        with pytest.raises(ReportError, match="evidence run claims"):
            present(project)


def test_a_verdict_that_changed_without_a_reason(project: Project) -> None:
    write_claims(project)
    publish(project, "1.0.0", "why", day="2026-01-01")
    write_claims(project, verdict="supported")
    history, now = load_with_present(project)
    told = history.step("1.0.0", "now", now).unexplained
    assert told == (Unexplained("verdict", "claim-1", "uncertain → supported"),)


def test_a_project_without_analyses(tmp_path: Path) -> None:
    (tmp_path / "analyses").mkdir()
    with pytest.raises(ReportError, match="holds no analysis"):
        present(Project(tmp_path))


def test_releases_and_snapshots_that_contradict_each_other(project: Project) -> None:
    publish(project, "1.0.0", "why", day="2026-01-01")
    folder = project.root / "data/releases"
    path, text = folder / "1.0.0.json", (folder / "1.0.0.json").read_text("utf-8")
    path.write_text(text.replace('"version": "1.0.0"', '"version": "1.0.1"'), "utf-8")
    with pytest.raises(ReportError, match=r"version: is 1.0.1; releases.yaml says 1.0.0"):
        load_history(project)
    path.write_text(text.replace('"date": "2026-01-01"', '"date": "2026-01-02"'), "utf-8")
    with pytest.raises(ReportError, match="date: is 2026-01-02"):
        load_history(project)
    path.unlink()
    with pytest.raises(ReportError, match="each release has its snapshot"):
        load_history(project)
    path.write_text(text, "utf-8")
    (folder / "0.9.0.json").write_text(text, "utf-8")
    with pytest.raises(ReportError, match=r"0.9.0.json: belongs to no release"):
        load_history(project)


def test_a_reason_that_leads_nowhere(project: Project) -> None:
    publish(project, "1.0.0", "why", day="2026-01-01")
    path = project.root / "data/releases.yaml"
    text = path.read_text("utf-8")
    for kind, name in (("questions", "w"), ("studies", "x"), ("reports", "y"), ("claims", "z")):
        more = f"    reasons:\n      - {kind}: [{name}]\n        why: so\n"
        path.write_text(text + more, "utf-8")
        with pytest.raises(ReportError, match=rf'reasons\[0\].{kind}: "{name}" stands in no'):
            load_history(project)


def test_steps_over_several_releases_and_backwards(project: Project) -> None:
    publish(project, "1.0.0", "one", day="2026-01-01")
    write_report(project, MOVED)
    publish(project, "1.1.0", "two", day="2026-01-01")
    write_report(project, samples.THREE)
    publish(project, "1.2.0", "three", day="2026-01-01")
    history = load_history(project)
    whole = history.step("1.0.0", "1.2.0")
    assert whole.difference.empty
    assert whole.why == ("two", "three")
    for old, new in (("1.2.0", "1.0.0"), ("1.1.0", "1.1.0")):
        with pytest.raises(ReportError, match="runs backwards"):
            history.step(old, new)
    with pytest.raises(ReportError, match=r"1.3.0: is no data release; did you mean"):
        history.step("1.0.0", "1.3.0")
    with pytest.raises(ReportError, match="now: is no data release"):
        history.step("1.0.0", "now")
    with pytest.raises(ReportError, match="is the first data release"):
        history.before("1.0.0")


def test_a_list_that_cannot_be_added_to_is_left_alone(project: Project) -> None:
    publish(project, "1.0.0", "why", day="2026-01-01")
    path = project.root / "data/releases.yaml"
    lines = path.read_text("utf-8").splitlines()
    # The text about it stands last: a release behind it would belong to nothing.
    path.write_text("\n".join([*lines[1:], lines[0]]) + "\n", "utf-8")
    before = state(project)
    with pytest.raises((ReportError, StudyError), match="releases"):
        publish(project, "1.1.0", "why", day="2026-01-02")
    assert state(project) == before


def test_a_snapshot_on_disk_without_a_release(project: Project) -> None:
    folder = project.root / "data/releases"
    folder.mkdir()
    (folder / "1.0.0.json").write_text(json.dumps({}), "utf-8")
    with pytest.raises(ReportError, match="is there already"):
        publish(project, "1.0.0", "why", day="2026-01-01")
    assert not (project.root / "data/releases.yaml").exists()
