"""``evidence export``: a report, or all of them, in the forms of other software."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from evidence.catalog.project import Project
from evidence.catalog.study import Study
from evidence.effects.assemble import effect_table
from evidence.errors import Problem, ReportError, check_kind, did_you_mean
from evidence.report.analysis import analysis_names, load_analysis
from evidence.report.certainty.summary_of_findings import SummaryOfFindings
from evidence.report.cite import Release, as_bibtex, as_ris, csl_items
from evidence.report.exchange.cells import file_name
from evidence.report.exchange.fhir import fhir_files
from evidence.report.exchange.findings import findings_csv
from evidence.report.exchange.findings_docx import findings_docx
from evidence.report.exchange.frictionless import TABLES, frictionless_files
from evidence.report.exchange.metafor import metafor_files
from evidence.report.exchange.revman import revman_files
from evidence.report.files import json_bytes
from evidence.report.record import data_hash
from evidence.report.release import FILE, citation_head, release_in
from evidence.report.result import ResultFile

Files = dict[str, bytes]
FINDINGS = "summary_of_findings.json"


def export(
    project: Project, names: Sequence[str], form: str, folder: str | Path
) -> tuple[Path, ...]:
    """Write reports into a folder in the form of other software.

    Parameters
    ----------
    project : Project
    names : sequence of str
        Analyses; all that are built where it is empty.
    form : {"metafor", "revman", "frictionless", "fhir", "ris", "findings", "netcdf"}
        "ris" writes the references as RIS, BibTeX and CSL-JSON, "findings" each Summary of
        Findings as CSV and for Word. See ``commands.FORMATS``.
    folder : path
        Made where it is not there; files of the same names are replaced.

    Returns
    -------
    tuple of Path
        What was written.

    Raises
    ------
    EvidenceError
        If the form or an analysis is unknown, a report is not built, or the folder cannot be
        written.

    Examples
    --------
    >>> import tempfile
    >>> from evidence.catalog.project import find_project
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     written = export(find_project(), ["spine_bmd"], "ris", folder)
    >>> [path.name for path in written]
    ['references.bib', 'references.csl.json', 'references.ris']
    """
    check_kind("project", project, Project, ReportError)
    check_kind("names", names, (list, tuple), ReportError)
    check_kind("form", form, str, ReportError)
    check_kind("folder", folder, (str, Path), ReportError)
    makers: dict[str, Callable[[Project, list[str]], Files]] = {
        "metafor": _metafor,
        "revman": _revman,
        "frictionless": _frictionless,
        "fhir": _fhir,
        "ris": _references,
        "findings": _findings,
        "netcdf": _netcdf,
    }
    if form not in makers:
        problem = Problem("--format", f'"{form}" is unknown', did_you_mean(form, makers))
        raise ReportError("nothing can be exported like this", [problem])
    known = analysis_names(project.analyses_folder)
    problems = [
        Problem(str(name), "is no analysis", did_you_mean(name, known))
        for name in names
        if name not in known
    ]
    if problems:
        raise ReportError("nothing can be exported like this", problems)
    chosen = list(names) or [name for name in known if _path(project, name).is_file()]
    files = makers[form](project, chosen if names or form != "revman" else [])
    return write_files(files, Path(folder))


def write_files(files: Files, folder: Path) -> tuple[Path, ...]:
    """Write files below a folder, which is made where it is not there."""
    written = []
    try:
        for name in sorted(files):
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(files[name])
            written.append(path)
    except OSError as error:
        problem = Problem(str(folder), f"cannot be written: {error.strerror}", "name a folder")
        raise ReportError("nothing can be exported there", [problem]) from None
    return tuple(written)


def release_of(project: Project, names: Sequence[str]) -> Release:
    """Read what is cited from ``CITATION.cff`` and the run records of reports.

    Raises
    ------
    ReportError
        If either is not there or not what it should be.
    """
    head = citation_head(project)
    if head is None:
        problem = Problem(str(project.root), f"has no {FILE}", "write one: title, authors, version")
        raise ReportError("nobody can be cited", [problem])
    inputs: dict[str, str] = {}
    for name in names:
        run = project.reports_folder / name / "run.json"
        try:
            inputs |= json.loads(run.read_bytes())["inputs"]
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
            problem = Problem(str(run), "is no run record", f"evidence run {name}")
            raise ReportError("a report is not built", [problem]) from None
    authors = tuple(head["authors"])
    return Release(head["title"], authors, head["version"], data_hash(inputs), head["date"])


def _path(project: Project, name: str) -> Path:
    return project.reports_folder / name / "result.json"


def _result(project: Project, name: str) -> ResultFile:
    path = _path(project, name)
    try:
        return ResultFile.model_validate_json(path.read_bytes())
    except OSError as error:
        problem = Problem(str(path), error.strerror or "cannot be read", f"evidence run {name}")
        raise ReportError("a report is not built", [problem]) from None
    except ValidationError as error:
        what = f"is of another version: {error.error_count()} fields differ"
        problem = Problem(str(path), what, f"evidence run {name}")
        raise ReportError("a report is not built", [problem]) from None


def _studies(project: Project, names: Sequence[str]) -> tuple[Study, ...]:
    """Studies whose results a report shows, whole or in part; all where no report is named."""
    studies = project.studies()
    if not names:
        return studies
    seen: set[str] = set()
    for name in names:
        for question in _result(project, name).questions:
            seen |= {line.study for line in question.effects}
            seen |= {line.study for line in question.partial}
    return tuple(study for study in studies if study.id in seen)


def _metafor(project: Project, names: list[str]) -> Files:
    terms = project.terms()
    studies = project.studies(terms)
    return metafor_files(
        {
            section.question.id: effect_table(studies, section.question, terms)
            for name in names
            for section in load_analysis(project.analyses_folder, name).sections
        }
    )


def _revman(project: Project, names: list[str]) -> Files:
    from evidence.rating.risk_of_bias.load import load_risk_of_bias

    folder = project.root / "data" / "risk_of_bias"
    risks = {r.study: r for r in load_risk_of_bias(folder)} if folder.is_dir() else {}
    studies = _studies(project, names)
    return revman_files(studies, project.terms(), risks)


def _frictionless(project: Project, names: list[str]) -> Files:
    release = release_of(project, names)
    reports = {}
    for name in names:
        folder = project.reports_folder / name
        paths = [folder / table for table in TABLES if (folder / table).is_file()]
        reports[name] = {path.name: path.read_bytes() for path in paths}
    return frictionless_files(reports, release)


def _fhir(project: Project, names: list[str]) -> Files:
    files: Files = {}
    for name in names:
        items = csl_items(_studies(project, [name]))
        files |= fhir_files(_result(project, name), release_of(project, [name]), items)
    return files


def _references(project: Project, names: list[str]) -> Files:
    items = csl_items(_studies(project, names))
    return {
        "references.ris": as_ris(items).encode(),
        "references.bib": as_bibtex(items).encode(),
        "references.csl.json": json_bytes(list(items)),
    }


def _about(project: Project, name: str) -> dict[str, str]:
    """Version, data, date and authors of a report, as its run record has them."""
    path = project.reports_folder / name / "run.json"
    try:
        run: Any = json.loads(path.read_bytes())
        release = release_in(run)
        about = {"version": run["evidence"], "data_hash": run["data_hash"]}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        problem = Problem(str(path), "is no run record", f"evidence run {name}")
        raise ReportError("a report is not built", [problem]) from None
    if release is not None:
        about |= {"author": ", ".join(release.authors), "date": release.date or ""}
    return about


def _findings(project: Project, names: list[str]) -> Files:
    files: Files = {}
    for name in names:
        path = project.reports_folder / name / FINDINGS
        if not path.is_file():
            continue
        try:
            tables = [
                SummaryOfFindings.model_validate_json(json.dumps(one))
                for one in json.loads(path.read_bytes())
            ]
        except (OSError, ValueError, TypeError, RecursionError):
            problem = Problem(str(path), "is of another version", f"evidence run {name}")
            raise ReportError("a report is not built", [problem]) from None
        about = _about(project, name)
        for i, table in enumerate(tables, start=1):
            made = findings_csv(table) | {"findings.docx": findings_docx(table, about=about)}
            files |= {f"{file_name(name)}-{i}-{end}": content for end, content in made.items()}
    if not files:
        problem = Problem(", ".join(names), f"has no {FINDINGS}", "evidence run NAME")
        raise ReportError("there is no summary of findings", [problem])
    return files


def _netcdf(project: Project, names: list[str]) -> Files:
    from evidence.report.exchange.netcdf import netcdf_files

    files: Files = {}
    for name in names:
        release = release_of(project, [name])
        about = {"version": release.version, "data_hash": release.data_hash}
        files |= netcdf_files(project, _result(project, name), about)
    if not files:
        problem = Problem(", ".join(names), "answers nothing by Bayes", "another report")
        raise ReportError("there is no posterior", [problem])
    return files
