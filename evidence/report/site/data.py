"""Gather what the site shows: committed reports, their traces, the studies and the claims."""

from __future__ import annotations

import csv
import io
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from evidence.catalog.project import Project
from evidence.catalog.study import Study
from evidence.catalog.terms import Terms
from evidence.effects.trace import LEAF_COLUMNS
from evidence.errors import Problem, ReportError
from evidence.report.build import RESULT, RUN
from evidence.report.cite import Release
from evidence.report.release import citation_head
from evidence.report.result import QuestionResult, ResultFile

# What of a report's folder is handed on. Pictures stand in its page already: their files are
# needed by the form that only names them.
HANDED_ON = (".bib", ".csv", ".docx", ".html", ".json", ".md", ".pdf", ".ris")
MARKDOWN, PICTURES = "report.md", (".svg",)
CLAIMS, CLAIMS_FILE = "claims", "claims.json"
CLAIMS_AGAIN = "evidence run claims"
TRACE, TRACE_HEAD = "trace.csv", ["question", *LEAF_COLUMNS]
# A question's id is the name of its page.
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,79}")
T = TypeVar("T")


class FileShown(BaseModel):
    """What the pages show of a JSON file; whatever else the file holds is let be."""

    model_config = ConfigDict(frozen=True, strict=True, extra="ignore")


class ReleaseShown(FileShown):
    """What a report is cited as, where its project said so when it was built."""

    title: str
    authors: tuple[str, ...]
    version: str
    date: str | None


class RunShown(FileShown):
    """What is shown of ``run.json``."""

    command: str
    evidence: str
    data_hash: str
    inputs: dict[str, str] = {}
    release: ReleaseShown | None = None


class PartShown(FileShown):
    """A question that a claim is held against; None where no question answers it."""

    question: str | None


class ClaimShown(FileShown):
    """What is shown of a claim."""

    id: str
    claim: str
    verdict: str
    reason: str
    parts: tuple[PartShown, ...]


class ClaimsShown(FileShown):
    """What is shown of ``claims.json``."""

    about: str
    verdicts: dict[str, int]
    claims: tuple[ClaimShown, ...]


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
    run : RunShown
        Of the run record.
    leaves : mapping of (question, row) to the leaves of that row's trace
    files : mapping of file name to its content
    """

    result: ResultFile
    run: RunShown
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
    claims : ClaimsShown or None
        Of ``reports/claims/claims.json``; None where there is none.
    claim_files : mapping of file name to its content
    release : Release or None
        What ``CITATION.cff`` says of the project; None where there is none.
    """

    reports: tuple[ReportData, ...]
    studies: Mapping[str, Study]
    study_files: Mapping[str, bytes]
    terms: Terms
    claims: ClaimsShown | None
    claim_files: Mapping[str, bytes]
    release: Release | None = None

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
    claims, claim_files = _claims(project.reports_folder / CLAIMS)
    return SiteData(
        reports=tuple(reports),
        studies={study.id: study for study in studies},
        study_files=_study_files(project),
        terms=terms,
        claims=claims,
        claim_files=claim_files,
        release=_release(project),
    )


def _release(project: Project) -> Release | None:
    """What ``CITATION.cff`` says, of no data yet."""
    head = citation_head(project)
    if head is None:
        return None
    authors = tuple(head["authors"])
    return Release(head["title"], authors, head["version"], "", head["date"], head.get("url"))


def _report(folder: Path, problems: list[Problem]) -> ReportData | None:
    rebuild = f"evidence run {folder.name}"
    before = len(problems)
    result = _read(folder / RESULT, ResultFile.model_validate_json, rebuild, problems)
    run = _read(folder / RUN, RunShown.model_validate_json, rebuild, problems)
    leaves = _read(folder / TRACE, _leaves, rebuild, problems)
    files = _files(folder, rebuild, problems)
    if result is not None and result.name != folder.name:
        what = f"names its report {result.name!r:.90}, and stands in {folder.name!r}"
        problems.append(Problem(str(folder / RESULT), what, rebuild))
    if len(problems) > before or result is None or run is None or leaves is None:
        return None
    return ReportData(result, run, leaves, files)


def _read(
    path: Path, read: Callable[[bytes], T], rebuild: str, problems: list[Problem]
) -> T | None:
    """What a file holds; None where it cannot be read, and a problem more."""
    try:
        return read(path.read_bytes())
    except ValidationError as error:
        what = f"is not of this version ({error.error_count()} problems)"
    except ReportError as error:
        what = error.message
    except (OSError, ValueError, csv.Error) as error:
        what = f"cannot be read: {error}"
    problems.append(Problem(str(path), what, rebuild))
    return None


def _leaves(content: bytes) -> dict[tuple[str, str], tuple[Leaf, ...]]:
    lines = csv.reader(io.StringIO(content.decode("utf-8"), newline=None))
    if next(lines, []) != TRACE_HEAD:
        raise ReportError("does not begin with the head line of a trace")
    found: dict[tuple[str, str], list[Leaf]] = {}
    for cells in lines:
        if len(cells) != len(TRACE_HEAD):
            told = f"line {lines.line_num} has {len(cells)} cells, not {len(TRACE_HEAD)}"
            raise ReportError(told)
        line = dict(zip(TRACE_HEAD, cells, strict=True))
        leaf = Leaf(**{name: _unguarded(line[name]) for name in Leaf.__dataclass_fields__})
        found.setdefault((line["question"], line["row"]), []).append(leaf)
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


def _files(folder: Path, rebuild: str, problems: list[Problem]) -> dict[str, bytes]:
    wanted = HANDED_ON + (PICTURES if (folder / MARKDOWN).is_file() else ())
    paths = sorted(p for p in folder.iterdir() if p.suffix in wanted and p.is_file())
    found = {path.name: _read(path, bytes, rebuild, problems) for path in paths}
    return {name: content for name, content in found.items() if content is not None}


def _study_files(project: Project) -> dict[str, bytes]:
    return {path.stem: path.read_bytes() for path in sorted(project.studies_folder.glob("*.yaml"))}


def _claims(folder: Path) -> tuple[ClaimsShown | None, dict[str, bytes]]:
    """What is shown of the claims, and the files beside; nothing where there are none."""
    path = folder / CLAIMS_FILE
    problems: list[Problem] = []
    claims = None
    if os.path.lexists(path):
        claims = _read(path, ClaimsShown.model_validate_json, CLAIMS_AGAIN, problems)
    names = [] if claims is None else [claim.id for claim in claims.claims]
    wrong = {x for x in names if not NAME.fullmatch(x) or names.count(x) > 1}
    right = f"letters, digits and hyphens, each once; {CLAIMS_AGAIN}"
    problems += [Problem(str(path), f"the claim's id {x!r:.90}", right) for x in sorted(wrong)]
    files = _files(folder, CLAIMS_AGAIN, problems) if folder.is_dir() else {}
    if problems:
        raise ReportError("the site cannot be made of these claims", problems)
    return claims, files
