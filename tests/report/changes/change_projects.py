"""Small projects with built reports and releases, on disk."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import samples
from helpers import TERMS_PLAIN

from evidence.catalog.project import Project
from evidence.report.files import json_bytes, result_bytes
from evidence.report.record import data_hash

CLAIM = {
    "id": "claim-1", "claim": "It lowers estradiol", "verdict": "uncertain",
    "reason": "certainty is low", "wording_allowed": ["It may lower estradiol."], "parts": [],
}  # fmt: skip


def built_project(root: Path) -> Project:
    """A project with one analysis ``demo``, whose report is built from three trials."""
    project = Project(root)
    project.studies_folder.mkdir(parents=True)
    project.analyses_folder.mkdir()
    project.terms_file.write_text(json.dumps(TERMS_PLAIN), encoding="utf-8")
    (project.analyses_folder / "demo.py").write_text("# declared\n", encoding="utf-8")
    for one in samples.trials(samples.THREE):
        samples.write_study(project, one)
    write_report(project)
    return project


def write_report(
    project: Project, pairs: tuple[tuple[float, float], ...] = samples.THREE, **changes: Any
) -> None:
    """Write result and run record of ``demo``, the inputs as they are on disk now."""
    result = samples.result_of(samples.trials(pairs)).model_copy(update=changes)
    folder = project.reports_folder / "demo"
    folder.mkdir(parents=True, exist_ok=True)
    files = [
        project.terms_file,
        project.analyses_folder / "demo.py",
        *sorted(project.studies_folder.iterdir()),
    ]
    inputs = {
        path.relative_to(project.root).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in files
    }
    run = samples.RUN | {"inputs": inputs, "data_hash": data_hash(inputs), "evidence": "0.1.0"}
    (folder / "result.json").write_bytes(result_bytes(samples.file_of(result)))
    (folder / "run.json").write_bytes(json_bytes(run))


def write_claims(project: Project, **changes: Any) -> Path:
    folder = project.reports_folder / "claims"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "claims.json"
    path.write_bytes(json_bytes({"claims": [CLAIM | changes]}))
    return path
