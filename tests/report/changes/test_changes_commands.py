"""``evidence changes`` and ``evidence release``."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import pytest
from change_projects import built_project, write_report

from evidence.catalog.project import Project
from evidence.errors import EvidenceError, ReportError
from evidence.report.changes.commands import add_commands, run_changes, run_release

MOVED = ((-3.0, 1.0), (-1.0, 1.5), (-6.5, 0.8))


def run(project: Project, *words: str) -> str:
    parser = argparse.ArgumentParser()
    add_commands(parser.add_subparsers(dest="command", required=True))
    options = parser.parse_args(words)
    return {"changes": run_changes, "release": run_release}[options.command](options, project)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    made = built_project(tmp_path)
    told = run(made, "release", "1.0.0", "--why", "The first")
    assert told.splitlines()[1].startswith(f"{tmp_path}/data/releases.yaml: 1.0.0 of 2")
    return made


def test_nothing_moved_since_the_last_release(project: Project) -> None:
    told = run(project, "changes")
    assert told.startswith("From 1.0.0 (")
    assert told.endswith("to the reports of now\nNothing that readers see moved.")


def test_what_moved_and_a_release_of_it(project: Project) -> None:
    write_report(project, MOVED)
    assert "main answer: −2." in run(project, "changes")
    told = run(project, "release", "1.1.0", "--why", "The second")
    assert "no reason given: number q: main: " in told
    assert run(project, "changes").endswith("Nothing that readers see moved.")
    older = run(project, "changes", "--to", "1.1.0")
    assert older.startswith("From 1.0.0 (")
    assert "\nThe second\n" in older
    assert run(project, "changes", "--from", "1.0.0", "--to", "1.1.0") == older
    assert "The second" in run(project, "changes", "--from", "1.0.0")


def test_as_json(project: Project) -> None:
    write_report(project, MOVED)
    record = json.loads(run(project, "changes", "--json"))
    assert record["format"] == "evidence-changes/1"
    (step,) = record["steps"]
    assert step["no_reason"][0]["id"] == step["questions"][0]["id"]
    assert step["questions"][0]["answers"][0]["change"] < 0


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (("changes", "--from", "0.9.0"), "0.9.0: is no data release; known: 1.0.0, now"),
        (("changes", "--to", "2.0.0"), "2.0.0: is no data release"),
        (("changes", "--to", "1.0.0"), "is the first data release"),
        (("release", "1.0.0", "--why", "x"), "1.0.0 is released"),
        (("release", "1.1.0", "--why", " "), "why"),
    ],
)
def test_what_cannot_be_done_is_said(
    project: Project, words: tuple[str, ...], problem: str
) -> None:
    with pytest.raises(ReportError, match=problem):
        run(project, *words)


def test_a_project_without_releases(tmp_path: Path) -> None:
    with pytest.raises(EvidenceError, match=r"releases.yaml"):
        run(built_project(tmp_path), "changes")
