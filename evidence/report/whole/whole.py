"""The pages on the whole project: the body of evidence, and the claims. Built from the reports."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from evidence.catalog.project import Project
from evidence.errors import Problem, ReportError
from evidence.models.answer import tell_nobody
from evidence.report.analysis import analysis_names
from evidence.report.build import FINDINGS, swap
from evidence.report.certainty.findings_table import findings_table, footnotes_table
from evidence.report.certainty.summary_of_findings import SummaryOfFindings
from evidence.report.claims.gather import CLAIMS_FILE, committed_levels, gather_claims
from evidence.report.claims.page import claims_files
from evidence.report.tables import Table
from evidence.report.verify import Moved, Verification
from evidence.report.whole.body import NAME as BODY
from evidence.report.whole.body import body_files, gather_body

CLAIMS = "claims"


def whole_names(project: Project) -> list[str]:
    """Pages on the whole that a project has the data for."""
    data = project.root / "data"
    needed = {
        CLAIMS: (CLAIMS_FILE,),
        BODY: ("excluded.yaml", "search.yaml", "readings.yaml", "considered.csv", "prisma.yaml"),
    }
    return [name for name, files in needed.items() if all((data / f).is_file() for f in files)]


def make_whole(
    name: str, project: Project, *, tell: Callable[[str], None] = tell_nobody
) -> dict[str, bytes]:
    """Make the files of a page on the whole in memory.

    Raises
    ------
    EvidenceError
        Whatever is wrong with the data or the committed reports.
    """
    if name == CLAIMS:
        levels = committed_levels(project)
        return claims_files(gather_claims(project, certainties=levels, tell=tell))
    return body_files(gather_body(project, tell), tuple(_findings(project)))


def build_whole(name: str, project: Project, *, tell: Callable[[str], None] = tell_nobody) -> Path:
    """Write a page on the whole; its folder is replaced at once or left as it was."""
    files = make_whole(name, project, tell=tell)
    folder = project.reports_folder / name
    folder.parent.mkdir(parents=True, exist_ok=True)
    staging = Path(tempfile.mkdtemp(prefix=f".{name}-", dir=folder.parent))
    try:
        for file, content in files.items():
            (staging / file).write_bytes(content)
        staging.chmod(0o755)
        swap(staging, folder)
    finally:
        shutil.rmtree(staging, ignore_errors=True)
    return folder


def verify_whole(
    name: str, project: Project, *, tell: Callable[[str], None] = tell_nobody
) -> Verification:
    """Make a page on the whole anew and compare it byte for byte with what is committed."""
    files = make_whole(name, project, tell=tell)
    folder = project.reports_folder / name
    moved = []
    for file, content in files.items():
        path = folder / file
        if not path.is_file():
            moved.append(Moved(f"{name}: file {file}", "absent", f"{len(content)} bytes"))
        elif path.read_bytes() != content:
            moved.append(Moved(f"{name}: file {file}", "committed bytes", "rebuilt bytes differ"))
    known = set(files)
    there = sorted(folder.iterdir()) if folder.is_dir() else []
    moved += [
        Moved(f"{name}: file {path.name}", "present", "not part of the page")
        for path in there
        if path.name not in known
    ]
    return Verification(name=name, moved=tuple(moved), notes=(), files=len(files), numbers=0)


def _committed(project: Project, file: str) -> Iterator[tuple[str, Any]]:
    """A file of each committed report, read as JSON; those that are missing are left out."""
    for name in analysis_names(project.analyses_folder):
        path = project.reports_folder / name / file
        if not path.is_file():
            continue
        try:
            yield name, json.loads(path.read_bytes())
        except ValueError as error:
            problem = Problem(str(path), f"cannot be read: {error}", f"evidence run {name}")
            raise ReportError("a committed report is damaged", [problem]) from None


def _findings(project: Project) -> Iterator[tuple[Table, Table | None]]:
    for name, summaries in _committed(project, FINDINGS):
        try:
            for summary in summaries:
                found = SummaryOfFindings.model_validate_json(json.dumps(summary))
                yield findings_table(found), footnotes_table(found)
        except ValidationError as error:
            path = project.reports_folder / name / FINDINGS
            first = str(error).splitlines()[0]
            problem = Problem(str(path), f"cannot be read: {first}", f"evidence run {name}")
            raise ReportError("a committed report is damaged", [problem]) from None
