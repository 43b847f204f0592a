"""The data releases of this project: whole, small, and each with its reasons."""

from __future__ import annotations

import json

from evidence.catalog.project import find_project
from evidence.report.changes.compose import compose_changes
from evidence.report.changes.history import load_history
from evidence.report.changes.snapshot import snapshot_bytes
from evidence.report.document.resolve import resolve

PROJECT = find_project()


def test_releases_are_whole_and_every_number_that_moved_has_its_reason() -> None:
    history = load_history(PROJECT)
    assert len(history.releases.versions) >= 5
    for step in history.steps():
        assert step.unexplained == ()


def test_snapshots_are_small_and_written_as_the_program_writes_them() -> None:
    history = load_history(PROJECT)
    for version, snapshot in zip(history.releases.versions, history.snapshots, strict=True):
        raw = (PROJECT.root / "data" / "releases" / f"{version}.json").read_bytes()
        assert len(raw) < 300_000
        assert snapshot_bytes(snapshot) == raw


def test_a_moved_number_of_the_past_is_told() -> None:
    history = load_history(PROJECT)
    step = history.step("0.1.0a1", "0.1.0a2")
    change = next(c for c in step.difference.changed if c.id == "estradiol_men_change")
    assert change.moved[0].printed == ("0.62 (0.52 to 0.74)", "0.61 (0.47 to 0.80)")
    assert [c.of for c in change.moved[0].conclusions] == ["prediction interval"]
    assert next(m for m in change.counts if m.what == "effects").new == "4"


def test_the_page_holds_together_and_leads_to_reports_that_are_there() -> None:
    history = load_history(PROJECT)
    document = compose_changes(history, history.snapshots[-1])
    assert resolve(document).labels["f-v-0-1-0-moved"].startswith("Figure")
    reports = {r.name for r in history.snapshots[-1].reports}
    assert reports == {path.stem for path in PROJECT.analyses_folder.glob("*.py")}
    assert json.dumps(document.about)
