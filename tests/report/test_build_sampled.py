"""Build and verify on a tiny project, with the sampler itself."""

from pathlib import Path

import pytest
from samples import replace_once, tiny_project

from evidence.catalog.project import Project
from evidence.report.analysis import Analysis, load_analysis
from evidence.report.build import build
from evidence.report.verify import Verification, verify


def demo(project: Project) -> Analysis:
    return load_analysis(project.analyses_folder, "demo")


def report(project: Project) -> Path:
    return project.reports_folder / "demo"


def checked(project: Project) -> Verification:
    return verify(demo(project), project, report(project))


def exact(project: Project) -> dict[str, bytes]:
    kinds = ("csv", "svg", "png")
    return {p.name: p.read_bytes() for p in report(project).iterdir() if p.name.endswith(kinds)}


def places(found: Verification) -> list[str]:
    return [moved.where for moved in found.moved]


@pytest.mark.slow
def test_a_sampled_report_is_built_and_verified(tmp_path: Path) -> None:
    project = tiny_project(tmp_path / "p")
    built = build(demo(project), project, report(project))
    for question in built.result.questions:
        assert question.sampled is not None
        assert all(line.within for line in question.sampled.agreement)
    before = exact(project)
    found = checked(project)
    assert found.passed, found.moved
    build(demo(project), project, report(project))
    assert exact(project) == before

    replace_once(project.analyses_folder / "demo.py", "seed=7", "seed=8")
    moved = places(checked(project))
    assert "input analyses/demo.py" in moved
    assert "run.seeds.hormone" in moved
    assert "demo.questions[hormone].sampled.seed" in moved
    # Another seed moves no sampled figure beyond its error, and no exact one at all.
    assert not [w for w in moved if "sampled[" in w or ".exact" in w or ".main" in w]

    replace_once(project.studies_folder / "trial-2001.yaml", '"estimate": -3.0', '"estimate": 9.0')
    moved = places(checked(project))
    assert "demo.questions[hormone].sampled[mu].median" in moved
    assert not [w for w in moved if w.startswith("demo.questions[bone].sampled[")]
