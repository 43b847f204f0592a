"""check: read every data file of a project beside its studies, and say all that is wrong."""

from __future__ import annotations

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
from evidence.catalog.prisma import load_prisma
from evidence.catalog.project import Project
from evidence.catalog.question import check_terms
from evidence.catalog.readings import load_readings
from evidence.catalog.replications import load_replications
from evidence.catalog.study import Study
from evidence.catalog.terms import Terms
from evidence.errors import EvidenceError, Problem, StudyError
from evidence.rating.risk_of_bias.load import risk_problems
from evidence.report.analysis import analysis_names, load_analysis


def check_project(project: Project, studies: Sequence[Study], terms: Terms) -> list[str]:
    """Check analyses, ratings, readings, claims and the other files of ``data/``.

    Files that a project does not have are passed over.

    Returns
    -------
    list of str
        What was read, in words.

    Raises
    ------
    StudyError
        With every problem of every file.
    """
    data, told, problems = project.root / "data", [], list[Problem]()

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
    read("prisma.yaml", lambda path: _nothing(load_prisma(path)))
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
    read("considered.csv", lambda path: _lost(path, data, studies))
    if problems:
        raise StudyError(f"{len(problems)} problems beside the study files", problems)
    lines = (
        [
            f"{len(analysis_names(project.analyses_folder))} analyses, {len(ids)} questions: "
            "nothing wrong"
        ]
        if ids
        else []
    )
    return [*lines, f"{', '.join(told)}: nothing wrong"] if told else lines


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


def _lost(path: Path, data: Path, studies: Sequence[Study]) -> list[Problem]:
    """Figures of the ledger that neither stand in a file nor were settled or excluded."""
    found = account(
        read_considered(path),
        studies,
        load_readings(data / "readings.yaml"),
        load_excluded(data / "excluded.yaml"),
    )
    return [
        Problem(
            f"{path}: {row.study} {row.outcome} {row.path}",
            f"{row.value} was read and stands nowhere now",
            "put it back, or settle it with both readings in readings.yaml",
        )
        for row in found.lost
    ]
