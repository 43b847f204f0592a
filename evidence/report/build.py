"""build: from an analysis to the files of its report, all of them or none."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd

from evidence.catalog.project import Project
from evidence.catalog.read import study_files
from evidence.effects.trace import LEAF_COLUMNS, trace, trace_frame
from evidence.models.answer import Answer, answer, tell_nobody
from evidence.models.borrowed import Source, borrow_as_declared
from evidence.rating.risk_of_bias.low_risk import with_low_risk
from evidence.report.analysis import Analysis
from evidence.report.certainty.findings_table import findings_table, footnotes_table
from evidence.report.certainty.rated import Ratings, load_ratings
from evidence.report.certainty.summary_of_findings import summaries_of_findings
from evidence.report.collect import collect
from evidence.report.composed.material import Material
from evidence.report.composed.references import references_of
from evidence.report.files import (
    csv_bytes,
    effects_csv,
    json_bytes,
    partial_csv,
    result_bytes,
    unused_csv,
)
from evidence.report.page import forms
from evidence.report.pictures import further_pictures, picture
from evidence.report.record import run_record
from evidence.report.result import ResultFile

RESULT, RUN = "result.json", "run.json"
FINDINGS = "summary_of_findings.json"


@dataclass(frozen=True, slots=True)
class Built:
    """A report in memory: the result, what its page needs beside it, and its files."""

    result: ResultFile
    material: Material
    run: dict[str, Any]
    files: dict[str, bytes]


def make(
    analysis: Analysis, project: Project, *, tell: Callable[[str], None] = tell_nobody
) -> Built:
    """Run an analysis and make its files in memory.

    Raises
    ------
    EvidenceError
        Whatever is wrong with data, questions or fits.
    """
    terms = project.terms()
    studies = project.studies(terms)
    answers = [
        answer(section.question, section.plan, studies, terms, tell=tell)
        for section in analysis.sections
    ]
    ratings = load_ratings(project, studies, terms)
    answers = [with_low_risk(a, ratings.risks) for a in _with_borrowed(answers)]
    rated = {a.question.id: ratings.certainty(a) for a in answers}
    summaries = summaries_of_findings(list(rated.values()), terms)
    result = ResultFile(
        format="evidence-result/1",
        name=analysis.name,
        title=analysis.title,
        lead=analysis.lead,
        questions=tuple(
            collect(a, terms, risks=ratings.risks, certainty=rated[a.question.id]) for a in answers
        ),
    )
    tell(f"{analysis.name}: pictures and page")
    drawn = {q.id: picture(q) for q in result.questions}
    further = {a.question.id: further_pictures(a, ratings.risks) for a in answers}
    seen = studies_seen(result)
    material = Material(
        headings={s.question.id: s.heading for s in analysis.sections},
        pictures=drawn,
        traces={a.question.id: trace(a.table, "") if a.table.k else "" for a in answers},
        further=further,
        findings=tuple((findings_table(s), footnotes_table(s)) for s in summaries),
        references=references_of([s for s in studies if s.id in seen]),
    )
    run = run_record(analysis, project, inputs(analysis, project, result, ratings))
    files = {
        RESULT: result_bytes(result),
        "effects.csv": effects_csv(result),
        "partial.csv": partial_csv(result),
        "unused.csv": unused_csv(result),
        "trace.csv": _trace_csv(answers),
        FINDINGS: json_bytes([s.model_dump(mode="json") for s in summaries]),
        RUN: json_bytes(run),
        **forms(result, material, run),
    }
    for name, image in drawn.items():
        files[f"{name}.svg"], files[f"{name}.png"] = image.svg, image.png
    for question_id, pictures in further.items():
        for name, image in pictures.items():
            files[f"{question_id}_{name}.svg"] = image.svg
    return Built(result, material, run, files)


def _with_borrowed(answers: list[Answer]) -> list[Answer]:
    """Add what each question borrows from the others, as its plan declares."""
    asked = {a.question.id: Source(a.question, a.table) for a in answers}
    return [replace(a, borrowed=borrow_as_declared(a.table, a.plan, asked)) for a in answers]


def studies_seen(result: ResultFile) -> set[str]:
    """Ids of the studies that a report looked at."""
    found: set[str] = set()
    for question in result.questions:
        for lines in (question.effects, question.partial, question.unused):
            found |= {line.study for line in lines}
    return found


def inputs(
    analysis: Analysis, project: Project, result: ResultFile, ratings: Ratings
) -> list[Path]:
    """List the files that a report rests on: of the studies, those it looked at."""
    seen = studies_seen(result)
    studies = [path for path in study_files(project.studies_folder) if path.stem in seen]
    rated = ratings.files(project, sorted(seen))
    return [project.terms_file, *studies, *rated, project.analyses_folder / f"{analysis.name}.py"]


def build(
    analysis: Analysis,
    project: Project,
    folder: Path,
    *,
    tell: Callable[[str], None] = tell_nobody,
) -> Built:
    """Run an analysis and write its report; the folder is replaced at once or left as it was.

    Raises
    ------
    EvidenceError
        Whatever is wrong with data, questions or fits.
    """
    built = make(analysis, project, tell=tell)
    folder.parent.mkdir(parents=True, exist_ok=True)
    staging = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        for name, content in built.files.items():
            (staging / name).write_bytes(content)
        staging.chmod(0o755)
        swap(staging, folder)
    finally:
        shutil.rmtree(staging, ignore_errors=True)
    return built


def swap(staging: Path, folder: Path) -> None:
    """Put a folder in another's place; where that fails the other stands where it stood."""
    old = staging.with_name(f"{staging.name}-old")
    if folder.exists():
        folder.rename(old)
    try:
        staging.rename(folder)
    except OSError:
        if old.exists():
            old.rename(folder)
        raise
    shutil.rmtree(old, ignore_errors=True)


def _trace_csv(answers: list[Answer]) -> bytes:
    frames = [trace_frame(a.table).assign(question=a.question.id) for a in answers if a.table.k]
    columns = ["question", *LEAF_COLUMNS]
    if not frames:
        return csv_bytes(columns, [])
    frame = pd.concat(frames, ignore_index=True).astype(object)
    records = frame.where(frame.notna(), None).to_dict("records")
    return csv_bytes(columns, [{str(k): v for k, v in record.items()} for record in records])
