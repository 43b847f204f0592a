"""The pages on the whole project: the body of evidence, and the claims. Built from the reports."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from pydantic import TypeAdapter

from evidence.catalog.project import Project
from evidence.errors import Problem, ReportError
from evidence.models.answer import tell_nobody
from evidence.report.analysis import analysis_names
from evidence.report.build import FINDINGS, RUN, swap
from evidence.report.certainty.findings_table import findings_table, footnotes_table
from evidence.report.certainty.summary_of_findings import SummaryOfFindings
from evidence.report.changes.files import changes_files
from evidence.report.cite import Release
from evidence.report.claims.gather import (
    CLAIMS_FILE,
    committed_levels,
    committed_result,
    gather_claims,
)
from evidence.report.claims.page import claims_files
from evidence.report.coherence.whole import examine_whole
from evidence.report.exchange.outgoing import release_of
from evidence.report.release import citation_head
from evidence.report.tables import Table
from evidence.report.verify import Verification, compared, examined
from evidence.report.whole.body import body_files
from evidence.report.whole.gather import NAME as BODY
from evidence.report.whole.gather import gather_body

CLAIMS, CHANGES = "claims", "changes"
SUMMARIES = TypeAdapter(tuple[SummaryOfFindings, ...])


def whole_names(project: Project) -> list[str]:
    """Pages on the whole that a project has the data for."""
    data = project.root / "data"
    needed = {
        CLAIMS: (CLAIMS_FILE,),
        CHANGES: ("releases.yaml", CLAIMS_FILE),
        BODY: ("excluded.yaml", "search.yaml", "readings.yaml", "considered.csv", "prisma.yaml"),
    }
    return [name for name, files in needed.items() if all((data / f).is_file() for f in files)]


def make_whole(
    name: str, project: Project, *, tell: Callable[[str], None] = tell_nobody
) -> tuple[dict[str, bytes], tuple[str, ...]]:
    """Make the files of a page on the whole in memory, and say which reports it could not use.

    Raises
    ------
    EvidenceError
        Whatever is wrong with the data or the committed reports.
    """
    if name == CLAIMS:
        levels = committed_levels(project)
        report = gather_claims(project, certainties=levels, tell=tell)
        return claims_files(report, _release(project)), report.notes
    if name == CHANGES:
        tell("changes: what moved between data releases")
        return changes_files(project, _release(project)), ()
    body = gather_body(project, tell)
    findings, notes = _findings(project)
    return body_files(body, findings, notes, _release(project)), notes


def build_whole(name: str, project: Project, *, tell: Callable[[str], None] = tell_nobody) -> Path:
    """Write a page on the whole; its folder is replaced at once or left as it was."""
    files, _ = make_whole(name, project, tell=tell)
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
    """Make a page on the whole anew, compare it byte for byte, and read its forms again."""
    files, notes = make_whole(name, project, tell=tell)
    folder = project.reports_folder / name
    moved = [replace(found, where=f"{name}: {found.where}") for found in compared(folder, files)]
    return Verification(
        name=name,
        moved=tuple(moved),
        notes=notes,
        files=len(files),
        numbers=0,
        incoherent=examined(folder, files, examine_whole),
    )


def _release(project: Project) -> Release | None:
    """What pages on the whole are cited as: the data are those of all built reports."""
    head = citation_head(project)
    names = analysis_names(project.analyses_folder)
    built = [name for name in names if (project.reports_folder / name / RUN).is_file()]
    return None if head is None or not built else release_of(project, built)


def _findings(
    project: Project,
) -> tuple[tuple[tuple[Table, Table | None], ...], tuple[str, ...]]:
    """Summaries of findings of the committed reports, and which could not be read."""
    found, notes = [], []
    for name in analysis_names(project.analyses_folder):
        _, told = committed_result(project, name)
        notes += told
        if told:
            continue
        path = project.reports_folder / name / FINDINGS
        try:
            made = SUMMARIES.validate_json(path.read_bytes())
        except (OSError, ValueError) as error:
            first = str(error).splitlines()[0]
            problem = Problem(str(path), f"cannot be read: {first}", f"evidence run {name}")
            raise ReportError("a committed report is damaged", [problem]) from None
        found += [(findings_table(one), footnotes_table(one)) for one in made]
    return tuple(found), tuple(notes)
