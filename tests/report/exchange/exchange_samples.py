"""A report, studies and names to write out, with any name for a study."""

from __future__ import annotations

from functools import cache

import pandas as pd

from evidence.catalog.project import Project, find_project
from evidence.catalog.study import Study
from evidence.catalog.terms import Terms
from evidence.effects.sizes.frame import effect_sizes
from evidence.effects.table import EffectTable
from evidence.report.cite import Release
from evidence.report.result import ResultFile

RELEASE = Release("evidence: a title", ("The evidence authors",), "0.1.0", "ab12", "2026-11-21")


@cache
def project() -> Project:
    return find_project()


@cache
def terms() -> Terms:
    return project().terms()


@cache
def studies() -> tuple[Study, ...]:
    return project().studies(terms())


@cache
def committed(name: str = "spine_bmd") -> ResultFile:
    path = project().reports_folder / name / "result.json"
    return ResultFile.model_validate_json(path.read_bytes())


def counts_table(*names: str) -> EffectTable:
    """One risk ratio a name."""
    # No frame of pandas holds a lone surrogate, so that none can reach a table.
    names = tuple(name.encode(errors="replace").decode() for name in names)
    n = len(names)
    frame = pd.DataFrame(
        {"trial": names, "a": range(3, 3 + n), "n": [90] * n, "c": range(5, 5 + n), "m": [95] * n}
    )
    columns = {"events1": "a", "n1": "n", "events2": "c", "n2": "m"}
    return effect_sizes(frame, measure="RR", study="trial", **columns)  # type: ignore[arg-type]


def renamed(result: ResultFile, name: str) -> ResultFile:
    """The report with other words wherever a person may have written them."""
    questions = []
    for question in result.questions:
        lines = tuple(
            line.model_copy(update={"label": name, "remark": name, "sources": name})
            for line in question.effects
        )
        words = dict.fromkeys(("title", "people", "treatment", "note", "finding"), name)
        questions.append(question.model_copy(update={"effects": lines} | words))
    return result.model_copy(update={"title": name, "questions": tuple(questions)})


def study_with(name: str) -> Study:
    """A real study with other words for its name, its people and its first report."""
    one = next(study for study in studies() if study.id == "gibb-2016")
    report = one.reports[0].model_copy(update=dict.fromkeys(("authors", "title", "journal"), name))
    people = one.population.model_copy(update={"description": name})
    changed = {"name": name, "reports": (report, *one.reports[1:]), "population": people}
    return one.model_copy(update=changed | {"open_points": (name,)})
