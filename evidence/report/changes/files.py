"""The files of ``reports/changes``, in memory."""

from __future__ import annotations

from evidence.catalog.project import Project
from evidence.report.changes.compose import compose_changes, pictures
from evidence.report.changes.history import NOW, load_with_present
from evidence.report.changes.record import figures_csv, steps_record
from evidence.report.cite import Release
from evidence.report.composed.citing import with_citation
from evidence.report.document.resolve import resolve
from evidence.report.files import json_bytes
from evidence.report.page import forms_of


def changes_files(project: Project, release: Release | None = None) -> dict[str, bytes]:
    """Make the page on what moved between data releases, with its values; nothing is written.

    Raises
    ------
    EvidenceError
        If a release or a snapshot is missing or damaged, or a report is not built.
    """
    history, now = load_with_present(project)
    document = compose_changes(history, now)
    since = history.step(history.releases.versions[-1], NOW, now)
    steps = [since, *reversed(history.steps())]
    files = {
        **forms_of(resolve(with_citation(document, release))),
        "changes.json": json_bytes(steps_record(steps)),
        "changes.csv": figures_csv(steps),
    }
    for picture in pictures(document):
        files |= {f"{picture.name}.svg": picture.svg, f"{picture.name}.png": picture.png}
    return files
