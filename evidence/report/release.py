"""What a report is cited as: the head of ``CITATION.cff``, kept in the run record."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from evidence.catalog.project import Project
from evidence.errors import Problem, ReportError
from evidence.report.cite import Release

FILE = "CITATION.cff"


def citation_head(project: Project) -> dict[str, Any] | None:
    """Read title, authors, version and date of a project; None where it has no such file.

    Raises
    ------
    ReportError
        If the file is not what it should be.
    """
    path = project.root / FILE
    return _read(path) if path.is_file() else None


def _read(path: Path) -> dict[str, Any]:
    try:
        head: Any = yaml.safe_load(path.read_text(encoding="utf-8"))
        authors = [
            str(one.get("name") or f"{one['given-names']} {one['family-names']}")
            for one in head["authors"]
        ]
        date, url = head.get("date-released"), head.get("url")
        return {
            "title": str(head["title"]),
            "authors": authors,
            "version": str(head["version"]),
            "date": None if date is None else str(date),
            "url": None if url is None else str(url),
        }
    except (OSError, UnicodeDecodeError, yaml.YAMLError, KeyError, TypeError, AttributeError):
        problem = Problem(str(path), "cannot be read", "title, authors and version, as CFF 1.2 has")
        raise ReportError("nobody can be cited", [problem]) from None


def release_in(run: Mapping[str, Any]) -> Release | None:
    """The release that a run record tells of; None where its project has no ``CITATION.cff``."""
    head = run.get("release")
    if head is None:
        return None
    authors = tuple(head["authors"])
    return Release(
        head["title"], authors, head["version"], run["data_hash"], head["date"], head.get("url")
    )
