"""A small report with all its forms, and what is needed to tamper with it."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from helpers import TERMS_PLAIN, contrast, outcome, study
from samples import SCRIPT, tiny_project, trial, with_sampled, write_study

from evidence.models.answer import answer
from evidence.report import build as build_module
from evidence.report.analysis import load_analysis
from evidence.report.build import Built, make
from evidence.report.coherence.examine import examine
from evidence.report.files import result_bytes
from evidence.report.page import forms
from evidence.report.result import QuestionResult, ResultFile

# Less of the hormone is better and more of bone; of the lipid nobody printed an effect, and two
# trials are all that there is of the last.
SECTIONS = """
        ev.Section("Lipid", ask("lipid", "ldl", "mg/dL"), plan(10, 1)),
        ev.Section("Androgen", ask("androgen", "testosterone", "ng/dL"), plan(10, 1)),
    ),
)
"""
ASKED = SCRIPT.rstrip().removesuffix("    ),\n)") + SECTIONS.lstrip("\n")


def built_report(root: Path) -> Built:
    """Make the report; it takes some seconds."""
    project = tiny_project(root, ASKED)
    plain = json.loads(json.dumps(TERMS_PLAIN))
    plain["outcomes"]["estradiol"]["better"] = "lower"
    plain["outcomes"]["spine_bmd"]["better"] = "higher"
    project.terms_file.write_text(json.dumps(plain), encoding="utf-8")
    arms = {"a": {"n": 20}, "p": {"n": 22}}
    for name, told in (("ups-2011", "increase"), ("downs-2012", "decrease")):
        entry = outcome(arms, [contrast(direction=told)], word="ldl", unit="mg/dL")
        write_study(project, study(entry, id=name))
    for name, estimate in (("one-2013", 30.0), ("two-2014", 52.0)):
        one = trial(name, estimate, 12.0, word="testosterone", unit="ng/dL")
        write_study(project, one)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(build_module, "answer", partial(answer, sample=False))
        made = make(load_analysis(project.analyses_folder, "demo"), project)
    result = changed(made.result, "hormone", with_sampled)
    files = {**made.files, "result.json": result_bytes(result)}
    return Built(result, made.material, made.run, files | forms(result, made.material, made.run))


def changed(
    result: ResultFile, name: str, change: Callable[[QuestionResult], QuestionResult]
) -> ResultFile:
    """The result with one question changed."""
    questions = tuple(change(q) if q.id == name else q for q in result.questions)
    return result.model_copy(update={"questions": questions})


def written(made: Built, folder: Path) -> Path:
    """Write the report's files into a folder."""
    folder.mkdir(parents=True)
    for name, content in made.files.items():
        (folder / name).write_bytes(content)
    return folder


def told(folder: Path) -> list[str]:
    """What the examination of a folder says, one line each."""
    return [str(one) for one in examine(folder)]
