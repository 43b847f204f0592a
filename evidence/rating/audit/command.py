"""What `evidence audit` does: read files and answers, run the checks, write what they found."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from evidence.catalog.audit_answers import load_audit_answers
from evidence.catalog.project import Project
from evidence.catalog.read import load_studies, load_terms, study_files
from evidence.errors import Problem, StudyError
from evidence.rating.audit.audit import AuditResult, as_record, audit


def audit_files(
    project: Project,
    paths: Sequence[str | Path] = (),
    answers: Path | None = None,
    terms: Path | None = None,
) -> AuditResult:
    """Audit the studies of a project, or files and folders by its vocabulary or another.

    Files of the project are compared with all of its trials and find its answers; other files are
    compared with one another alone, with the answers that are named.

    Raises
    ------
    StudyError
        With every problem of every file.
    """
    words = project.terms() if terms is None else load_terms(terms)
    if answers is not None and not answers.is_file():
        what = "is a folder" if answers.is_dir() else "does not exist"
        problem = Problem(str(answers), what, "give a file of answers")
        raise StudyError("there are no answers to read", [problem])
    home = _resolved(project.studies_folder)
    given = [Path(path) for path in paths]
    inside = all(_resolved(path).is_relative_to(home) for path in given)
    files = study_files([home] if inside else given)
    record = project.root / "data" / "audit.yaml" if inside and answers is None else answers
    known = None if record is None else load_audit_answers(record)
    studies = load_studies(files, words)
    result = audit(studies, words, known, {file.stem: file for file in files})
    if not (inside and given):
        return result
    wanted = {file.stem for file in study_files(given)}
    return AuditResult(
        tuple(f for f in result.findings if f.study in wanted),
        tuple(a for a in result.stale if a.study in wanted),
        result.too_few,
        len(wanted),
    )


def _resolved(path: Path) -> Path:
    """Follow the links of a path: Python before 3.13 raises a RuntimeError where they go round."""
    try:
        return path.resolve()
    except (OSError, RuntimeError, ValueError) as failure:
        problem = Problem(str(path), f"cannot be followed ({failure})", "give a file or a folder")
        raise StudyError("there is nothing to read", [problem]) from None


def shown(result: AuditResult, *, every: bool = False, as_json: bool = False) -> str:
    """Write a result as lines of text, or as JSON."""
    if as_json:
        return json.dumps(as_record(result), indent=1, ensure_ascii=False, allow_nan=False)
    lines = [str(f) for f in (result.findings if every else result.unanswered)]
    lines += [
        f"{a.code} stale answer {a.study} {a.outcome or ''} {a.address or ''}: it answers no"
        " finding; the figures or the study have changed"
        for a in result.stale
    ]
    counts = {
        name: sum(f.answer is not None and f.answer.answer == name for f in result.findings)
        for name in ("accepted", "corrected", "open")
    }
    told = ", ".join(f"{n} {name}" for name, n in counts.items())
    lines.append(
        f"{result.studies} {'study' if result.studies == 1 else 'studies'},"
        f" {len(result.findings)} {'finding' if len(result.findings) == 1 else 'findings'}:"
        f" {told}, {len(result.unanswered)} without an answer"
    )
    if result.too_few:
        few = ", ".join(f"{code} {n}" for code, n in result.too_few.items())
        lines.append(f"not judged (too few trials, no bound, or too many people): {few}")
    return "\n".join(lines)
