"""Gather what the site shows: committed reports, their traces, the studies and the claims."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from evidence.catalog.project import Project
from evidence.catalog.study import Study
from evidence.catalog.terms import Terms
from evidence.errors import Problem, ReportError
from evidence.report.build import RESULT, RUN
from evidence.report.result import QuestionResult, ResultFile

# What of a report's folder is handed on; pictures stand in its page already.
HANDED_ON = (".bib", ".csv", ".docx", ".html", ".json", ".pdf", ".ris")
CLAIMS = "claims"
# A question's id is the name of its page.
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,79}")


@dataclass(frozen=True, slots=True)
class Leaf:
    """A figure that an effect rests on: printed on a page, or assumed for a reason."""

    figure: str
    kind: str
    value: str
    unit: str
    address: str
    report: str
    locator: str
    read: str
    url: str
    reason: str


@dataclass(frozen=True, slots=True, eq=False)
class ReportData:
    """One committed report.

    Attributes
    ----------
    result : ResultFile
    run : mapping
        The run record.
    leaves : mapping of (question, row) to the leaves of that row's trace
    files : mapping of file name to its content
    """

    result: ResultFile
    run: Mapping[str, Any]
    leaves: Mapping[tuple[str, str], tuple[Leaf, ...]]
    files: Mapping[str, bytes]


@dataclass(frozen=True, slots=True, eq=False)
class SiteData:
    """All that the site is made of.

    Attributes
    ----------
    reports : tuple of ReportData
        In the order of their names.
    studies : mapping of id to Study
    study_files : mapping of id to the bytes of its file
    terms : Terms
    claims : mapping or None
        ``reports/claims/claims.json``; None where there is none.
    claim_files : mapping of file name to its content
    """

    reports: tuple[ReportData, ...]
    studies: Mapping[str, Study]
    study_files: Mapping[str, bytes]
    terms: Terms
    claims: Mapping[str, Any] | None
    claim_files: Mapping[str, bytes]

    @property
    def home(self) -> dict[str, ReportData]:
        """The report that each question stands in."""
        return {q.id: report for report in self.reports for q in report.result.questions}


def gather_site(project: Project) -> SiteData:
    """Read the committed reports and the studies; nothing is computed anew.

    Raises
    ------
    EvidenceError
        With everything that cannot be read, and where there is no report at all.
    """
    terms = project.terms()
    studies = project.studies(terms)
    folders = sorted(path.parent for path in project.reports_folder.glob(f"*/{RESULT}"))
    if not folders:
        right = "evidence run NAME writes one"
        problem = Problem(str(project.reports_folder), "holds no report", right)
        raise ReportError("there is nothing to show", [problem])
    problems: list[Problem] = []
    reports = [found for folder in folders if (found := _report(folder, problems)) is not None]
    problems += _name_problems(reports, {study.id for study in studies})
    if problems:
        raise ReportError("the site cannot be made of these reports", problems)
    claims = project.reports_folder / CLAIMS
    return SiteData(
        reports=tuple(reports),
        studies={study.id: study for study in studies},
        study_files=_study_files(project),
        terms=terms,
        claims=_claims(claims),
        claim_files=_files(claims) if claims.is_dir() else {},
    )


def _report(folder: Path, problems: list[Problem]) -> ReportData | None:
    rebuild = f"evidence run {folder.name}"
    try:
        result = ResultFile.model_validate_json((folder / RESULT).read_bytes())
        run = json.loads((folder / RUN).read_bytes())
        leaves = _leaves((folder / "trace.csv").read_text("utf-8"))
    except ValidationError as error:
        what = f"is not of this version ({error.error_count()} problems)"
        problems.append(Problem(str(folder / RESULT), what, rebuild))
    except (OSError, ValueError, KeyError) as error:
        problems.append(Problem(str(folder), f"cannot be read: {error}", rebuild))
    else:
        return ReportData(result, run, leaves, _files(folder))
    return None


def _leaves(text: str) -> dict[tuple[str, str], tuple[Leaf, ...]]:
    found: dict[tuple[str, str], list[Leaf]] = {}
    for line in csv.DictReader(io.StringIO(text)):
        cells = {name: _unguarded(line[name]) for name in Leaf.__dataclass_fields__}
        found.setdefault((line["question"], line["row"]), []).append(Leaf(**cells))
    return {key: tuple(leaves) for key, leaves in found.items()}


def _unguarded(cell: str) -> str:
    """A cell without the mark that keeps a spreadsheet from running it."""
    return cell[1:] if re.match(r"'[=+\-@\t\r]", cell) else cell


def _name_problems(reports: list[ReportData], studies: set[str]) -> list[Problem]:
    """Questions that would share a page, or have no page's name; studies that are not there."""
    problems: list[Problem] = []
    seen: dict[str, str] = {}
    for report in reports:
        name = report.result.name
        for question in report.result.questions:
            if not NAME.fullmatch(question.id):
                right = "letters, digits and underscores"
                problems.append(Problem(name, f"the question's id {question.id!r}", right))
            if question.id in seen:
                what = f'"{question.id}" is a question of {seen[question.id]} too'
                problems.append(Problem(name, what, "give each question an id of its own"))
            seen[question.id] = name
            absent = sorted(_named_studies(question) - studies)
            problems += [
                Problem(f"{name}: {question.id}", f'"{x}" is no study', f"evidence run {name}")
                for x in absent
            ]
    return problems


def _named_studies(question: QuestionResult) -> set[str]:
    used = {line.study for line in question.effects}
    return used | {x.study for x in question.partial} | {x.study for x in question.unused}


def _files(folder: Path) -> dict[str, bytes]:
    paths = sorted(p for p in folder.iterdir() if p.suffix in HANDED_ON and p.is_file())
    return {path.name: path.read_bytes() for path in paths}


def _study_files(project: Project) -> dict[str, bytes]:
    return {path.stem: path.read_bytes() for path in sorted(project.studies_folder.glob("*.yaml"))}


def _claims(folder: Path) -> Mapping[str, Any] | None:
    path = folder / "claims.json"
    if not path.is_file():
        return None
    try:
        found: dict[str, Any] = json.loads(path.read_bytes())
    except ValueError as error:
        problem = Problem(str(path), f"cannot be read: {error}", "evidence claims")
        raise ReportError("the site cannot be made of these claims", [problem]) from None
    return found
