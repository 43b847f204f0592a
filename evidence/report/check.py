"""check: read every data file of a project beside its studies, and say all that is wrong."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path

from evidence.catalog.audit_answers import load_audit_answers
from evidence.catalog.certainty import unknown_questions
from evidence.catalog.citations import load_citations
from evidence.catalog.claims import load_claims
from evidence.catalog.considered import account, read_considered
from evidence.catalog.excluded import (
    load_excluded,
    load_replication_targets,
    load_search,
    missing_studies,
)
from evidence.catalog.ledger_gaps import ledger_gaps
from evidence.catalog.phrases import counted
from evidence.catalog.prisma import load_prisma, places_missing
from evidence.catalog.project import Project
from evidence.catalog.question import check_terms
from evidence.catalog.readings import load_readings
from evidence.catalog.replications import load_replications
from evidence.catalog.study import Study
from evidence.catalog.terms import Terms
from evidence.errors import EvidenceError, Problem, StudyError
from evidence.rating.risk_of_bias.load import risk_problems
from evidence.report.analysis import analysis_names, load_analysis
from evidence.report.certainty.notes import rating_notes
from evidence.report.certainty.result import RatingBlock
from evidence.report.changes.history import load_history
from evidence.report.claims.gather import committed_result

# So many names are told of a list.
NAMED = 5


def check_project(project: Project, studies: Sequence[Study], terms: Terms) -> list[str]:
    """Check analyses, ratings, readings, claims and the other files of ``data/``.

    Files that a project does not have are passed over.

    Returns
    -------
    list of str
        What was read, in words, and notes on what is open without being wrong.

    Raises
    ------
    StudyError
        With every problem of every file.
    """
    data, told, problems = project.root / "data", list[str](), list[Problem]()
    notes = list[str]()

    def read(name: str, check: Callable[[Path], list[Problem]]) -> None:
        path = data / name
        if not path.exists():
            return
        try:
            found = check(path)
        except EvidenceError as error:
            found = list(error.problems) or [Problem(str(path), error.message, "mend it")]
        problems.extend(found)
        if not found:
            told.append(name)

    questions = _questions(project, terms)
    ids = set(questions)
    read("risk_of_bias", lambda path: risk_problems(path, studies, terms))
    read("certainty.yaml", lambda path: list(unknown_questions(path, ids)))
    read("audit.yaml", lambda path: _nothing(load_audit_answers(path)))
    read("readings.yaml", lambda path: _nothing(load_readings(path)))
    read("excluded.yaml", lambda path: _nothing(load_excluded(path)))
    read("search.yaml", lambda path: _nothing(load_search(path)))
    read("prisma.yaml", lambda path: _places(path, project.reports_folder, notes))
    read("citations.yaml", lambda path: _nothing(load_citations(path)))
    read("claims.yaml", lambda path: _claims(path, data, ids))
    known = frozenset(study.id for study in studies)
    read(
        "replication_targets.yaml",
        lambda path: list(missing_studies(load_replication_targets(path), known)),
    )
    read(
        "replications.yaml",
        lambda path: _nothing(
            load_replications(
                path, load_replication_targets(data / "replication_targets.yaml"), terms, known
            )
        ),
    )
    read("releases.yaml", lambda _: _releases(project, notes))
    read("considered.csv", lambda path: _lost(path, data, studies))
    if problems:
        # A file that several checks read tells each of them the same.
        once = list(dict.fromkeys(problems))
        raise StudyError(f"{counted(len(once), 'problem')} beside the study files", once)
    analyses = len(analysis_names(project.analyses_folder)) if ids else 0
    head = f"{counted(analyses, 'analysis', 'analyses')}, {counted(len(ids), 'question')}"
    lines = [f"{head}: nothing wrong"] if ids else []
    if told:
        lines.append(f"{', '.join(told)}: nothing wrong")
    if "certainty.yaml" in told:
        notes += _ratings(project)
    return [*lines, *(f"note: {note}" for note in notes)]


def _nothing(_: object) -> list[Problem]:
    return []


def _questions(project: Project, terms: Terms) -> list[str]:
    if not project.analyses_folder.is_dir():
        return []
    found = []
    for name in analysis_names(project.analyses_folder):
        for section in load_analysis(project.analyses_folder, name).sections:
            check_terms(section.question, terms)
            found.append(section.question.id)
    return found


def _claims(path: Path, data: Path, questions: set[str]) -> list[Problem]:
    references = load_citations(data / "citations.yaml").keys
    load_claims(path, questions=questions, references=references)
    return []


def _releases(project: Project, notes: list[str]) -> list[Problem]:
    """Read the data releases; figures that moved without a reason are notes."""
    for step in load_history(project).steps():
        notes += [
            f"no reason is given why {x.kind} {x.id} moved: {x.what}" for x in step.unexplained
        ]
    return []


def _places(path: Path, reports: Path, notes: list[str]) -> list[Problem]:
    """Places of the PRISMA map that the reports do not have; of reports not built yet, a note."""
    found = load_prisma(path)
    there = [
        entry
        for entry in found.items
        if entry.place is not None and (reports / entry.place.split("/")[0]).is_dir()
    ]
    named = [entry.place.split("/")[0] for entry in found.items if entry.place is not None]
    unbuilt = sorted({name for name in named if not (reports / name).is_dir()})
    if unbuilt:
        notes.append(f"{path}: places in {_names(unbuilt)} not looked up: not built yet")
    missing = places_missing(found.model_copy(update={"items": tuple(there)}), reports)
    return [Problem(f"{path}: {one.where}", one.what, one.right) for one in missing]


def _ratings(project: Project) -> list[str]:
    """What is open in the ratings, as the committed reports hold them."""
    ratings, unread = dict[str, RatingBlock](), []
    for name in analysis_names(project.analyses_folder):
        result, told = committed_result(project, name)
        try:
            ratings |= {
                question["id"]: RatingBlock.model_validate_json(json.dumps(question["rating"]))
                for question in result.get("questions", [])
                if question.get("rating") is not None
            }
        except ValueError as error:
            told = [str(error)]
        if told:
            unread.append(name)
    notes = [str(note) for note in rating_notes(ratings)]
    if unread:
        what = "which are missing, damaged or built from other data: evidence run"
        notes.append(f"data/certainty.yaml: not held against the reports {_names(unread)}, {what}")
    return notes


def _names(names: Sequence[str]) -> str:
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return ", ".join(names[:NAMED]) + more


def _lost(path: Path, data: Path, studies: Sequence[Study]) -> list[Problem]:
    """Figures that the ledger has and the files have not, or the other way round."""
    ledger, readings = read_considered(path), load_readings(data / "readings.yaml")
    file = data / "search.yaml"
    search = load_search(file) if file.is_file() else None
    found = account(ledger, studies, readings, load_excluded(data / "excluded.yaml"))
    gaps = ledger_gaps(path, ledger, studies, readings, search)
    return gaps + [
        Problem(
            f"{path}: {row.study} {row.outcome} {row.path}",
            f"{row.value} was read and stands nowhere now",
            "put it back, or settle it with both readings in readings.yaml",
        )
        for row in found.lost
    ]
