"""Data releases: versions of the evidence, with a person's reasons for what changed in each."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path
from typing import Annotated

from pydantic import Field, model_validator

from evidence.catalog.study import Identifier, Record, Text
from evidence.catalog.validate import counted, in_order, validated
from evidence.catalog.yaml_reader import Document, read_yaml
from evidence.errors import Problem, StudyError, check_kind

RELEASES_FILE = "releases.yaml"
VERSION = re.compile(
    r"(\d{1,6}(?:\.\d{1,6}){1,3})(?:(a|b|rc)(\d{1,6}))?(?:\.post(\d{1,6}))?", re.ASCII
)
DAY = r"^\d{4}-\d{2}-\d{2}$"
Version = Annotated[str, Field(max_length=40)]
Hash = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
ABOUT = (
    "Data releases, oldest first. Each has a sentence of why, and reasons for single questions, "
    "studies, reports or claims; the figures of a release stand in releases/<version>.json."
)


class Reason(Record):
    """Why something changed: what it concerns, by id, and the reason in words.

    A reason that names a study holds for every answer that the changed study bears on; one that
    names a report holds for each of its questions.
    """

    questions: tuple[Identifier, ...] = ()
    studies: tuple[Identifier, ...] = ()
    reports: tuple[Identifier, ...] = ()
    claims: tuple[Identifier, ...] = ()
    why: Text

    @model_validator(mode="after")
    def _of_something(self) -> Reason:
        if not (self.questions or self.studies or self.reports or self.claims):
            raise ValueError("a reason names questions, studies, reports or claims")
        return self


class DataRelease(Record):
    """One data release; ``data_hash`` is that of all files its reports were made from."""

    version: Version
    date: Annotated[str, Field(pattern=DAY)]
    data_hash: Hash
    why: Text
    reasons: tuple[Reason, ...] = ()

    @model_validator(mode="after")
    def _dated(self) -> DataRelease:
        version_key(self.version)
        try:
            date.fromisoformat(self.date)
        except ValueError:
            raise ValueError(f"{self.date} is no day of the calendar") from None
        return self


class Releases(Record):
    """``data/releases.yaml``: oldest first; ``unreleased`` waits for the next release."""

    about: Text
    unreleased: tuple[Reason, ...] = ()
    releases: Annotated[tuple[DataRelease, ...], Field(min_length=1)]

    @property
    def versions(self) -> tuple[str, ...]:
        """Versions, oldest first."""
        return tuple(release.version for release in self.releases)


def version_key(version: str) -> tuple[tuple[int, ...], tuple[int, int], int]:
    """Place of a version in the order of PEP 440: ``0.1.0a1 < 0.1.0b1 < 0.1.0 < 0.1.0.post1``.

    Raises
    ------
    ValueError
        If it is no version of that form.

    Examples
    --------
    >>> sorted(["0.1.0", "0.1.0.post1", "0.10.0", "0.1.0rc1", "0.1.0a2", "0.2.0"], key=version_key)
    ['0.1.0a2', '0.1.0rc1', '0.1.0', '0.1.0.post1', '0.2.0', '0.10.0']
    """
    found = VERSION.fullmatch(version)
    if found is None:
        raise ValueError(
            f'"{version:.40}" is no version; write 1.2.0, 1.2.0a1, 1.2.0b1 or 1.2.0rc1'
        )
    numbers, stage, nth, after = found.groups()
    parts = [int(part) for part in numbers.split(".")]
    while len(parts) > 1 and parts[-1] == 0:
        parts.pop()
    rank = {"a": 0, "b": 1, "rc": 2, None: 3}[stage]
    return tuple(parts), (rank, int(nth or 0)), -1 if after is None else int(after)


def load_releases(path: str | Path) -> Releases:
    """Read the data releases.

    Raises
    ------
    StudyError
        With every problem of the file, each with its line.
    """
    check_kind("path", path, (str, Path), StudyError)
    document = read_yaml(Path(path))
    releases, found = validated(Releases, document, None)
    problems = [*document.problems, *found]
    if releases is not None:
        problems += _across(releases, document)
    if problems or releases is None:
        raise StudyError(f"{path}: {counted(problems)}", in_order(problems))
    return releases


def _across(releases: Releases, document: Document) -> list[Problem]:
    """Versions and days that do not rise, and ids that a reason names twice."""
    found: list[Problem] = []
    for i in range(1, len(releases.releases)):
        old, new = releases.releases[i - 1], releases.releases[i]
        if version_key(old.version) >= version_key(new.version):
            at = document.where(("releases", i, "version"))
            what = f"{new.version} stands behind {old.version}"
            found.append(Problem(at, what, "one release a version, oldest first"))
        if old.date > new.date:
            at = document.where(("releases", i, "date"))
            what = f"{new.date} is earlier than {old.date} of {old.version}"
            found.append(Problem(at, what, "oldest first"))
    for i, release in enumerate(releases.releases):
        found += _twice(release.reasons, ("releases", i, "reasons"), document)
    return found + _twice(releases.unreleased, ("unreleased",), document)


def _twice(
    reasons: tuple[Reason, ...], address: tuple[str | int, ...], document: Document
) -> list[Problem]:
    found = []
    for i, reason in enumerate(reasons):
        for kind in ("questions", "studies", "reports", "claims"):
            names: tuple[str, ...] = getattr(reason, kind)
            for name in sorted({n for n in names if names.count(n) > 1}):
                at = document.where((*address, i, kind))
                found.append(Problem(at, f'"{name}" stands twice', "name it once"))
    return found
