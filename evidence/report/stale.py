"""stale: which reports rest on what has changed since they were built, so that others stay.

What was known at a build is remembered in ``.evidence/built/`` of the project, one file a report:
the hashes of what it rests on and of what it wrote. The folder is for this computer alone; it is
never committed, ``verify`` does not read it, and where it is missing or damaged all is built anew.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from importlib import metadata
from pathlib import Path

from evidence.catalog.project import Project
from evidence.report.analysis import Analysis, analysis_names
from evidence.report.builds import Built, Hashes, keep_build, read_build
from evidence.report.record import PACKAGES
from evidence.report.release import FILE as CITATION

PACKAGE = Path(__file__).resolve().parents[1]
STUDIES, RISKS, CERTAINTY = "data/studies", "data/risk_of_bias", "data/certainty.yaml"


@dataclass(frozen=True, slots=True)
class Ground:
    """What every report stands on beside the project: code and versions, as a run found them.

    Taken once, when a run begins: what runs is the code that was read then.

    Attributes
    ----------
    code : mapping of str to str
        Files of the package by their hash.
    versions : mapping of str to str
        Python, the machine, and the packages that the run record names.
    """

    code: Hashes
    versions: Hashes


def ground(project: Project | None = None) -> Ground:
    """Read what every report stands on: of a project also what it is cited as.

    Examples
    --------
    >>> "report/stale.py" in ground().code
    True
    """
    versions = {name: metadata.version(name) for name in PACKAGES}
    return Ground(
        code=_hashes(PACKAGE, PACKAGE),
        versions={
            "python": platform.python_version(),
            "machine": platform.machine(),
            **versions,
            **({} if project is None else {CITATION: _digest(project.root / CITATION)[:12]}),
        },
    )


def whole_snapshot(project: Project, name: str) -> dict[str, str]:
    """Hash what a page on the whole rests on: all data, the analyses and their reports.

    What moved between releases is read from the claims' values too, which are written before.
    """
    found = snapshot(project, reports=True)
    if name == "changes":
        path = project.reports_folder / "claims" / "claims.json"
        found[path.relative_to(project.root).as_posix()] = _digest(path)
    return found


def snapshot(project: Project, *, reports: bool = False) -> dict[str, str]:
    """Hash the files below ``data/`` and ``analyses/``, and those of the analyses' reports.

    Parameters
    ----------
    project : Project
    reports : bool
        Whether the reports of the analyses are hashed too: pages on the whole are made of them.
    """
    folders = [project.root / "data", project.analyses_folder]
    if reports:
        names = analysis_names(project.analyses_folder)
        folders += [project.reports_folder / name for name in names]
    return {k: v for folder in folders for k, v in _hashes(folder, project.root).items()}


def reasons(project: Project, analysis: Analysis, on: Ground) -> tuple[str, ...]:
    """Say why a report must be built; empty where it is current.

    A report is current if every file it rests on, what its script declares, the package's own code
    and the versions are as they were when it was built, every file that it wrote is there as it was
    written, and no other study that has changed or appeared since is looked at by its questions.

    Parameters
    ----------
    project : Project
    analysis : Analysis
    on : Ground

    Raises
    ------
    StudyError
        If another study has changed and the studies cannot be read.
    """
    now = snapshot(project)
    known = read_build(project, analysis.name)
    if not isinstance(known, Built):
        return (known,)
    rests = {name: now.get(name) or _digest(project.root / name) for name in known.inputs}
    told = [*_differ(known.inputs, {k: v for k, v in rests.items() if v})]
    if not told and known.declared != _declared(analysis):
        told.append(f"what analyses/{analysis.name}.py declares changed")
    told += _stands(known, on)
    told += _written(known, project.reports_folder / analysis.name)
    if told:
        return tuple(told)
    return _looked_at(project, analysis, known, now)


def whole_reasons(project: Project, name: str, on: Ground) -> tuple[str, ...]:
    """Say why a page on the whole must be built; empty where it is current.

    It rests on all of ``data/`` and ``analyses/`` and on every file of the analyses' reports.
    """
    known = read_build(project, name)
    if not isinstance(known, Built):
        return (known,)
    told = [*_differ(known.inputs, whole_snapshot(project, name)), *_stands(known, on)]
    return tuple(told + _written(known, project.reports_folder / name))


def remember(
    project: Project,
    analysis: Analysis,
    files: Mapping[str, bytes],
    *,
    before: Hashes,
    on: Ground,
) -> bool:
    """Remember a build; forget it where something changed while it ran.

    Parameters
    ----------
    project : Project
    analysis : Analysis
    files : mapping of str to bytes
        What was written: of it ``run.json`` names the inputs.
    before : mapping of str to str
        `snapshot` from before the build.
    on : Ground

    Returns
    -------
    bool
        Whether it is remembered.

    Raises
    ------
    OSError
        If nothing can be written below ``.evidence``.
    """
    inputs: dict[str, str] = json.loads(files["run.json"])["inputs"]
    below = ("data/", "analyses/")
    as_read = all(before.get(k) == v for k, v in inputs.items() if k.startswith(below))
    others = {name: digest for name, digest in _asked(before).items() if name not in inputs}
    built = Built(
        inputs=inputs,
        others=others,
        declared=_declared(analysis),
        code=on.code,
        versions=on.versions,
        outputs={name: hashlib.sha256(content).hexdigest() for name, content in files.items()},
    )
    return keep_build(project, analysis.name, built if as_read and ground(project) == on else None)


def remember_whole(project: Project, name: str, *, before: Hashes, on: Ground) -> bool:
    """Remember the build of a page on the whole; forget it where something changed meanwhile.

    Parameters
    ----------
    project : Project
    name : str
    before : mapping of str to str
        `whole_snapshot` from before the build.
    on : Ground

    Returns
    -------
    bool
        Whether it is remembered.

    Raises
    ------
    OSError
        If nothing can be written below ``.evidence``.
    """
    folder = project.reports_folder / name
    built = Built(
        inputs=before,
        others={},
        declared="",
        code=on.code,
        versions=on.versions,
        outputs={path.relative_to(folder).as_posix(): _digest(path) for path in _files(folder)},
    )
    same = whole_snapshot(project, name) == dict(before) and ground(project) == on
    return keep_build(project, name, built if same else None)


def _looked_at(project: Project, analysis: Analysis, known: Built, now: Hashes) -> tuple[str, ...]:
    """Hold changed files that the report does not rest on against what it would look at now."""
    asked = {name: digest for name, digest in _asked(now).items() if name not in known.inputs}
    fresh = [name for name, digest in asked.items() if known.others.get(name) != digest]
    studies = [name for name in {**asked, **known.others} if name.startswith(f"{STUDIES}/")]
    # That a study is gone may leave another's "overlaps" without an end, which reading tells.
    seen = {Path(name).stem for name in known.inputs if name.startswith(f"{STUDIES}/")}
    if any(asked.get(name) != known.others.get(name) for name in studies):
        seen |= _seen(project, analysis)
    told = [
        f"{name} {'changed' if name in known.others else 'is new'} and is looked at"
        for name in fresh
        if name == CERTAINTY or Path(name).stem in seen
    ]
    if not told and asked != known.others:
        # It was looked up once: the next run need not.
        with suppress(OSError):
            keep_build(project, analysis.name, replace(known, others=asked))
    return tuple(told)


def _seen(project: Project, analysis: Analysis) -> set[str]:
    """Ids of the studies that the questions of an analysis look at."""
    from evidence.effects.assemble import effect_table

    terms = project.terms()
    studies = project.studies(terms)
    found: set[str] = set()
    for section in analysis.sections:
        table = effect_table(studies, section.question, terms)
        for frame in (table.rows, table.partial, table.unused):
            found |= set(map(str, frame["study"]))
    return found


def _asked(hashes: Hashes) -> dict[str, str]:
    """Of all files those that a report may look at: studies and ratings."""
    folders = (f"{STUDIES}/", f"{RISKS}/")
    return {k: v for k, v in hashes.items() if k.startswith(folders) or k == CERTAINTY}


def _declared(analysis: Analysis) -> str:
    """Hash of what a script declares: it may have taken it from elsewhere."""
    # Where a thing says nothing of itself but its place in memory, that differs by run.
    words = re.sub(r" at 0x[0-9a-fA-F]+", "", repr(analysis))
    return hashlib.sha256(words.encode("utf-8", "surrogatepass")).hexdigest()


def _stands(known: Built, on: Ground) -> Iterator[str]:
    for name in sorted({**known.versions, **on.versions}):
        before, after = known.versions.get(name), on.versions.get(name)
        if before != after:
            yield f"{name} is {after}, was {before}"
    yield from (f"evidence/{text}" for text in _differ(known.code, on.code))


def _differ(before: Hashes, after: Hashes) -> Iterator[str]:
    for name in sorted({**before, **after}):
        if name not in after:
            yield f"{name} is gone"
        elif name not in before:
            yield f"{name} is new"
        elif before[name] != after[name]:
            yield f"{name} changed"


def _written(known: Built, folder: Path) -> list[str]:
    """Say what stands in the folder of a report that was not written so."""
    there = {path.relative_to(folder).as_posix(): _digest(path) for path in _files(folder)}
    return [
        f"{name} is missing"
        if name not in there
        else f"{name} is no file of it"
        if name not in known.outputs
        else f"{name} is not as it was written"
        for name in sorted({**known.outputs, **there})
        if known.outputs.get(name) != there.get(name)
    ]


def _files(folder: Path) -> Iterator[Path]:
    """What stands below a folder, in order: files, links, and folders that are empty."""
    for at, folders, files in os.walk(folder):
        folders.sort()
        links = [name for name in folders if os.path.islink(os.path.join(at, name))]
        yield from (Path(at, name) for name in sorted([*files, *links]))
        if not folders and not files and Path(at) != folder:
            yield Path(at)


def _hashes(folder: Path, root: Path) -> dict[str, str]:
    """Hash the files below a folder, but what Python and editors leave behind."""
    found = {path.relative_to(root): path for path in _files(folder)}
    return {
        name.as_posix(): _digest(path)
        for name, path in found.items()
        if not any(part.startswith(".") or part == "__pycache__" for part in name.parts)
    }


def _digest(path: Path) -> str:
    """Hash of a file; empty where it cannot be read, which is no hash of anything."""
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError:
        return ""
