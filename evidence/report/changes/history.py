"""The data releases of a project with their figures, and what moved from each to the next."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from evidence.catalog.project import Project
from evidence.catalog.releases import RELEASES_FILE, DataRelease, Reason, Releases, load_releases
from evidence.errors import Problem, ReportError, did_you_mean
from evidence.report.changes.difference import Difference, difference
from evidence.report.changes.reasons import Unexplained, reason_problems, unexplained
from evidence.report.changes.snapshot import Snapshot, read_snapshot
from evidence.report.changes.take import present

FOLDER = "releases"
NOW = "now"


@dataclass(frozen=True, slots=True)
class Step:
    """What moved up to a release, or up to now, with the reasons that people gave.

    ``release`` is None for what is not released; ``why`` has the sentences of the releases in it.
    """

    release: DataRelease | None
    difference: Difference
    reasons: tuple[Reason, ...]
    why: tuple[str, ...]

    @property
    def unexplained(self) -> tuple[Unexplained, ...]:
        """What moved without a reason."""
        return unexplained(self.difference, self.reasons)


@dataclass(frozen=True, slots=True)
class History:
    """Releases, oldest first, each with its snapshot."""

    releases: Releases
    snapshots: tuple[Snapshot, ...]

    def steps(self) -> tuple[Step, ...]:
        """What moved from each release to the next, oldest first."""
        versions = self.releases.versions
        pairs = itertools.pairwise(versions)
        return tuple(self.step(old, new) for old, new in pairs)

    def before(self, version: str) -> str:
        """Version before a release; the last one where it is asked of now, or of none known.

        Raises
        ------
        ReportError
            If nothing stands before it.
        """
        versions = self.releases.versions
        if version not in versions:
            return versions[-1]
        if version == versions[0]:
            problem = Problem(version, "is the first data release", "there is nothing before it")
            raise ReportError("these cannot be compared", [problem])
        return versions[versions.index(version) - 1]

    def step(self, old: str, new: str, now: Snapshot | None = None) -> Step:
        """What moved between two releases, or from one to ``"now"``, with all reasons between.

        Raises
        ------
        ReportError
            If there is no such release, or the first does not stand before the second.
        """
        versions = (*self.releases.versions, *(() if now is None else (NOW,)))
        wrong = [
            Problem(name, "is no data release", did_you_mean(name, versions))
            for name in (old, new)
            if name not in versions
        ]
        if not wrong and versions.index(old) >= versions.index(new):
            wrong = [Problem(f"{old} to {new}", "runs backwards", "name the earlier one first")]
        if wrong:
            raise ReportError("these cannot be compared", wrong)
        first, last = versions.index(old), versions.index(new)
        states = (*self.snapshots, *(() if now is None else (now,)))
        between = self.releases.releases[first + 1 : last + 1]
        reasons = tuple(reason for release in between for reason in release.reasons)
        open_ended = new == NOW
        return Step(
            release=None if open_ended else between[-1],
            difference=difference(states[first], states[last]),
            reasons=(*reasons, *self.releases.unreleased) if open_ended else reasons,
            why=tuple(release.why for release in between),
        )


def releases_file(project: Project) -> Path:
    """Where a project keeps its releases."""
    return project.root / "data" / RELEASES_FILE


def snapshot_file(project: Project, version: str) -> Path:
    """Where the figures of a release stand."""
    return project.root / "data" / FOLDER / f"{version}.json"


def load_history(project: Project) -> History:
    """Read all releases with their figures.

    Raises
    ------
    EvidenceError
        If the list of releases or a snapshot is missing, damaged, or they contradict each other.
    """
    path = releases_file(project)
    if not path.is_file():
        right = 'evidence release 0.1.0 --why "the first figures"'
        raise ReportError(
            "there is no data release yet", [Problem(str(path), "is not there", right)]
        )
    releases = load_releases(path)
    problems: list[Problem] = []
    snapshots = []
    for release in releases.releases:
        path = snapshot_file(project, release.version)
        try:
            snapshot = read_snapshot(path)
        except ReportError as error:
            problems += error.problems
            continue
        snapshots.append(snapshot)
        problems += _contradictions(path, release, snapshot)
    problems += _strangers(project, releases.versions)
    if not problems:
        problems += _reasons(str(releases_file(project)), releases, snapshots)
    if problems:
        raise ReportError(f"the data releases do not hold together: {len(problems)}", problems)
    return History(releases, tuple(snapshots))


def load_with_present(project: Project) -> tuple[History, Snapshot]:
    """Read all releases and the committed reports of now.

    Raises
    ------
    EvidenceError
        As ``load_history`` and ``present``; or if a reason for the next release leads nowhere.
    """
    history, now = load_history(project), present(project)
    where = f"{releases_file(project)} unreleased"
    problems = reason_problems(where, history.releases.unreleased, history.snapshots[-1], now)
    if problems:
        raise ReportError("a reason leads nowhere", problems)
    return history, now


def _contradictions(path: Path, release: DataRelease, snapshot: Snapshot) -> list[Problem]:
    pairs = {
        "version": (release.version, snapshot.version),
        "date": (release.date, snapshot.date),
        "data_hash": (release.data_hash, snapshot.data_hash),
    }
    return [
        Problem(f"{path} {name}", f"is {seen}", f"{RELEASES_FILE} says {said}")
        for name, (said, seen) in pairs.items()
        if said != seen
    ]


def _strangers(project: Project, versions: Sequence[str]) -> list[Problem]:
    folder = project.root / "data" / FOLDER
    known = {f"{version}.json" for version in versions}
    there = sorted(folder.iterdir()) if folder.is_dir() else []
    return [
        Problem(str(path), "belongs to no release", f"name it in {RELEASES_FILE}, or delete it")
        for path in there
        if path.name not in known and not path.name.startswith(".")
    ]


def _reasons(where: str, releases: Releases, snapshots: list[Snapshot]) -> list[Problem]:
    found = []
    for i, (release, snapshot) in enumerate(zip(releases.releases, snapshots, strict=True)):
        before = snapshots[i - 1] if i else None
        at = f"{where} releases[{i}]"
        found += reason_problems(at, release.reasons, before, snapshot)
    return found
