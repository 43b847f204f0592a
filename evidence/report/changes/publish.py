"""Make a data release: its snapshot, and its entry in the list of releases."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from pydantic import ValidationError

from evidence.catalog.project import Project
from evidence.catalog.releases import (
    ABOUT,
    DataRelease,
    Reason,
    Releases,
    load_releases,
    version_key,
)
from evidence.errors import Problem, ReportError, check_kind
from evidence.report.changes.history import (
    load_history,
    releases_file,
    snapshot_file,
)
from evidence.report.changes.reasons import reason_problems
from evidence.report.changes.snapshot import Snapshot, read_snapshot_bytes, snapshot_bytes
from evidence.report.changes.take import present, stale

REFUSED = "nothing was released"


def publish(project: Project, version: str, why: str, *, day: str | None = None) -> DataRelease:
    """Write the snapshot of the committed reports, and add the release to ``releases.yaml``.

    Reasons that stand under ``unreleased`` become those of the release.

    Parameters
    ----------
    project : Project
    version : str
        Above the last one.
    why : str
        A sentence for the release as a whole.
    day : str, optional
        ``YYYY-MM-DD``; today where it is not stated.

    Raises
    ------
    EvidenceError
        If the version exists or is no version, a report is not built or out of date, or what is
        there cannot be read. Then nothing was written.
    """
    for name, text in (("version", version), ("why", why)):
        check_kind(name, text, str, ReportError)
    day = day or datetime.now(UTC).date().isoformat()
    before = _before(project)
    now = present(project, version, day)
    release = _entry(version, day, why, now, () if before is None else before.unreleased)
    problems = [] if before is None else _behind(project, release, before)
    problems += stale(project, now)
    if before is not None:
        last = load_history(project).snapshots[-1]
        problems += reason_problems(str(releases_file(project)), before.unreleased, last, now)
    path = snapshot_file(project, version)
    if path.exists():
        problems.append(Problem(str(path), "is there already", "a release is written once"))
    if problems:
        raise ReportError(REFUSED, problems)
    _write(project, release, before, snapshot_bytes(now))
    return release


def _before(project: Project) -> Releases | None:
    """Releases so far; None where there is none yet."""
    path = releases_file(project)
    return load_releases(path) if path.is_file() else None


def _entry(
    version: str, day: str, why: str, now: Snapshot, reasons: tuple[Reason, ...]
) -> DataRelease:
    try:
        return DataRelease(
            version=version,
            date=day,
            data_hash=now.data_hash,
            why=" ".join(why.split()),
            reasons=reasons,
        )
    except ValidationError as error:
        problems = [
            Problem(".".join(map(str, item["loc"])) or "version", item["msg"])
            for item in error.errors(include_url=False, include_input=False, include_context=False)
        ]
        raise ReportError(REFUSED, problems) from None


def _behind(project: Project, release: DataRelease, before: Releases) -> list[Problem]:
    """A version that exists, or that would stand before the last one."""
    last = before.releases[-1]
    where = str(releases_file(project))
    if release.version in before.versions:
        return [Problem(where, f"{release.version} is released", f"name one above {last.version}")]
    found = []
    if version_key(release.version) <= version_key(last.version):
        what = f"{release.version} is not above {last.version}"
        found.append(Problem(where, what, "versions rise"))
    if release.date < last.date:
        what = f"{release.date} is earlier than {last.date} of {last.version}"
        found.append(Problem(where, what, "releases stand in the order of their days"))
    return found


def _write(project: Project, release: DataRelease, before: Releases | None, figures: bytes) -> None:
    """Write both files, the list last and at once; what cannot be read back is not kept."""
    path, at = releases_file(project), snapshot_file(project, release.version)
    text = _appended(path, release, before)
    read_snapshot_bytes(str(at), figures)
    made = tempfile.mkdtemp(prefix=".release-", dir=path.parent)
    staging = Path(made) / path.name
    try:
        staging.write_text(text, encoding="utf-8")
        earlier = () if before is None else before.releases
        if load_releases(staging).releases != (*earlier, release):
            problem = Problem(str(path), "cannot be added to", "releases: as the last key of it")
            raise ReportError(REFUSED, [problem])
        at.parent.mkdir(parents=True, exist_ok=True)
        at.write_bytes(figures)
        os.replace(staging, path)
    except BaseException:
        at.unlink(missing_ok=True)
        raise
    finally:
        staging.unlink(missing_ok=True)
        Path(made).rmdir()


def _appended(path: Path, release: DataRelease, before: Releases | None) -> str:
    """The list with the release behind the others; what people wrote stays as they wrote it."""
    if before is None:
        return f"about: {_quoted(ABOUT)}\nreleases:\n{_entry_text(release)}"
    lines = path.read_text(encoding="utf-8").splitlines()
    kept: list[str] = []
    taking = False
    for line in lines:
        # Keys stand at the start of a line; a comment or a blank one belongs to what is above it.
        if line[:1].strip() and not line.startswith(("#", "-")):
            taking = line.startswith("unreleased:")
        if not taking:
            kept.append(line)
    while kept and not kept[-1].strip():
        kept.pop()
    return "\n".join(kept) + "\n" + _entry_text(release)


def _entry_text(release: DataRelease) -> str:
    lines = [
        f"  - version: {_quoted(release.version)}",
        f"    date: {_quoted(release.date)}",
        f"    data_hash: {_quoted(release.data_hash)}",
        f"    why: {_quoted(release.why)}",
    ]
    lines += ["    reasons:"] if release.reasons else []
    for reason in release.reasons:
        sign = "-"
        for kind in ("questions", "studies", "reports", "claims"):
            names: Sequence[str] = getattr(reason, kind)
            if names:
                listed = ", ".join(map(_quoted, names))
                lines.append(f"      {sign} {kind}: [{listed}]")
                sign = " "
        lines.append(f"        why: {_quoted(reason.why)}")
    return "\n".join(lines) + "\n"


def _quoted(text: str) -> str:
    """Text as YAML reads it back, whatever stands in it."""
    return "'" + text.replace("'", "''").replace("\n", "\n\n") + "'"
