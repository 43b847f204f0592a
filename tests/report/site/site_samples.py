"""Projects whose site is made in tests: a tiny one, and one with hostile text everywhere."""

from __future__ import annotations

import json
import re
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from samples import Plain, tiny_project

from evidence.catalog.project import Project
from evidence.models.answer import answer
from evidence.report import build as build_module
from evidence.report.analysis import load_analysis
from evidence.report.build import build

ROOT = Path(__file__).resolve().parents[3]
REAL = Project(ROOT)


def tiny_site_project(root: Path) -> Project:
    """The tiny project with its report, built without the sampler."""
    project = tiny_project(root)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(build_module, "answer", partial(answer, sample=False))
        analysis = load_analysis(project.analyses_folder, "demo")
        build(analysis, project, project.reports_folder / "demo")
    return project


def change_result(project: Project, change: Any) -> None:
    """Change ``result.json`` of the demo as plain JSON."""
    path = project.reports_folder / "demo" / "result.json"
    plain: Plain = json.loads(path.read_text("utf-8"))
    change(plain)
    path.write_text(json.dumps(plain), encoding="utf-8")


def change_study(project: Project, name: str, change: Any) -> None:
    """Change a study file of the tiny project, which is JSON."""
    path = project.studies_folder / f"{name}.yaml"
    plain: Plain = json.loads(path.read_text("utf-8"))
    change(plain)
    path.write_text(json.dumps(plain), encoding="utf-8")


# A hundred strings that end elements, attributes, scripts and comments, or look like templates.
_SEEDS = (
    "<script>window.hacked = 1</script>",
    "</script><script>window.hacked = 1</script>",
    "<!--<script>",
    "--><img src=x onerror=window.hacked=1>",
    '"><svg onload=window.hacked=1>',
    "' onmouseover='window.hacked=1",
    "<img src=http://example.invalid/a.png>",
    "<iframe srcdoc='<script>parent.hacked=1</script>'></iframe>",
    "<style>body{display:none}</style>",
    "<link rel=stylesheet href=http://example.invalid/a.css>",
    "<base href=http://example.invalid/>",
    "<meta http-equiv=refresh content='0;url=http://example.invalid/'>",
    "</title><h1>owned</h1>",
    "</table></main><p>out",
    "javascript:window.hacked=1",
    "{{ 7 * 7 }}{% raw %}",
    "${window.hacked = 1}`",
    "\\u003cscript\\u003e",
    "a\u2028b\u2029c",
    "\u202eright to left\u202c",
    "&lt;b&gt; &amp;amp; &#60;",
    "]]><![CDATA[",
    "<!DOCTYPE html>",
    '\\"};window.hacked=1;//',
    "=HYPERLINK(1)",
)
HOSTILE = tuple(f"{seed} {i}" for i in range(4) for seed in _SEEDS)
# The same as a study may hold it: hidden characters are refused there.
HOSTILE_SEEN = tuple(re.sub("[\u2028\u2029\u202c\u202e]", "", text) for text in HOSTILE)
