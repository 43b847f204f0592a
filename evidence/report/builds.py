"""What is remembered of a build, in ``.evidence/built/`` of a project: one file a report.

The folder is for this computer alone and is never committed.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from evidence.catalog.project import Project

Hashes = Mapping[str, str]

FORMAT = "evidence-built/1"
HOME = Path(".evidence")
NEVER = "no build of it is remembered"
DAMAGED = "the record of its last build is damaged"
PARTS = ("inputs", "others", "code", "versions", "outputs")


@dataclass(frozen=True, slots=True)
class Built:
    """What is remembered of a build.

    Attributes
    ----------
    inputs : mapping of str to str
        Files that the report rests on, by their hash.
    others : mapping of str to str
        Files of studies and ratings that it did not look at.
    declared : str
        Hash of what its script declares.
    code, versions : mapping of str to str
        The package's own files by their hash, and the versions of others.
    outputs : mapping of str to str
        Files that were written.
    """

    inputs: Hashes
    others: Hashes
    declared: str
    code: Hashes
    versions: Hashes
    outputs: Hashes


def _place(project: Project, name: str) -> Path:
    return project.root / HOME / "built" / f"{name}.json"


def read_build(project: Project, name: str) -> Built | str:
    """What is remembered of a build, or why nothing is."""
    path = _place(project, name)
    if not os.path.lexists(path):
        return NEVER
    try:
        kept = json.loads(path.read_bytes())
        seal = kept.pop("seal")
        # Who edits the file by hand breaks its seal.
        if seal != _seal(kept) or kept.pop("format") != FORMAT:
            return DAMAGED
        return Built(declared=str(kept["declared"]), **{part: _texts(kept[part]) for part in PARTS})
    except (OSError, ValueError, RecursionError, AttributeError, KeyError, TypeError):
        return DAMAGED


def _texts(value: Mapping[str, Any]) -> dict[str, str]:
    return {str(key): str(text) for key, text in value.items()}


def _seal(kept: Mapping[str, Any]) -> str:
    """One hash over all that is remembered."""
    return hashlib.sha256(json.dumps(kept, sort_keys=True).encode()).hexdigest()


def keep_build(project: Project, name: str, built: Built | None) -> bool:
    """Write what is remembered at once, or forget it; which of both is returned."""
    path = _place(project, name)
    if built is None:
        path.unlink(missing_ok=True)
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    # The folder keeps itself out of version control, wherever the project lies.
    (project.root / HOME / ".gitignore").write_text("*\n", encoding="utf-8")
    kept: dict[str, Any] = {"format": FORMAT, "declared": built.declared}
    kept |= {part: dict(getattr(built, part)) for part in PARTS}
    kept["seal"] = _seal(kept)
    handle, staging = tempfile.mkstemp(prefix=f".{name}-", dir=path.parent)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump(kept, file, indent=1)
        os.replace(staging, path)
    finally:
        Path(staging).unlink(missing_ok=True)
    return True
