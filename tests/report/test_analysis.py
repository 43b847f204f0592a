"""Scripts that declare analyses: what is refused, and where it says the mistake is."""

import re
from dataclasses import replace
from pathlib import Path

import pytest
from helpers import question
from samples import SCRIPT, plan, tiny_project

from evidence.errors import QuestionError, ReportError
from evidence.report.analysis import (
    Analysis,
    Section,
    analysis_names,
    load_analysis,
    load_question,
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tiny_project(tmp_path / "p").analyses_folder


def test_scripts_are_listed_by_name_without_helpers(folder: Path) -> None:
    (folder / "_shared.py").write_text("X = 1\n")
    (folder / "also.py").write_text("X = 1\n")
    assert analysis_names(folder) == ["also", "demo"]
    assert analysis_names(folder / "nowhere") == []


def test_an_analysis_and_its_questions_are_found(folder: Path) -> None:
    analysis = load_analysis(folder, "demo")
    assert [s.question.id for s in analysis.sections] == ["hormone", "bone"]
    assert load_question(folder, "bone").heading == "Bone"


def test_an_unknown_analysis_names_the_nearest(folder: Path) -> None:
    with pytest.raises(ReportError, match='"dmo" is no analysis; did you mean "demo"'):
        load_analysis(folder, "dmo")
    with pytest.raises(ReportError, match="is no analysis"):
        load_analysis(folder, "../analyses/demo")


def test_an_unknown_question_names_the_nearest(folder: Path) -> None:
    with pytest.raises(QuestionError, match=r"'bones' is not declared\n.*did you mean \"bone\""):
        load_question(folder, "bones")


@pytest.mark.parametrize(
    ("script", "match"),
    [
        ("x = 1\ny = (\n", r"demo\.py:2: SyntaxError: .*mend the script"),
        ("x = 1\n\n1 / 0\n", r"demo\.py:3: ZeroDivisionError: division by zero"),
        ("def f():\n    raise ValueError('no')\n\nf()\n", r"demo\.py:2: ValueError: no"),
        ("import nothing_of_that_name\n", r"demo\.py:1: ModuleNotFoundError"),
        ("x = 1\n", r"demo\.py: declares no ANALYSIS"),
        ("ANALYSIS = {'name': 'demo'}\n", r"demo\.py: declares no ANALYSIS"),
        (SCRIPT.replace('name="demo"', 'name="other"'), r'its name is "other"; write name="demo"'),
        ("x = '\ud800'\n", r"demo\.py:\d+: "),
    ],
)
def test_a_script_that_cannot_be_run_is_told_with_its_line(
    folder: Path, script: str, match: str
) -> None:
    (folder / "demo.py").write_bytes(script.encode("utf-8", "surrogatepass"))
    with pytest.raises(ReportError, match=match):
        load_analysis(folder, "demo")


def test_a_wrong_question_in_a_script_is_told_as_itself(folder: Path) -> None:
    (folder / "demo.py").write_text(SCRIPT.replace('measure="MD"', 'measure="XX"'))
    with pytest.raises(QuestionError, match='"XX" is not allowed'):
        load_analysis(folder, "demo")


def test_an_analysis_asks_something_and_each_id_once() -> None:
    with pytest.raises(QuestionError, match="empty: asks nothing; declare at least one section"):
        Analysis("empty", "t", "l", ())
    section = Section("h", question(), plan())
    with pytest.raises(QuestionError, match="twice: q: stands twice; one id a question"):
        Analysis("twice", "t", "l", (section, section))


@pytest.mark.parametrize(
    ("title", "told"),
    [
        (None, "t: q.title: None; give a text"),
        (5, "q.title: 5"),
        ("  ", "q.title"),
        ("a\x00b", "q.title: holds a sign that cannot be seen or written"),
        ("a\ud800b", "cannot be seen or written"),
        ("a\u202eb", "cannot be seen or written"),
        ("x" * 5001, "is 5,001 characters long"),
    ],
)
def test_texts_are_texts(title: object, told: str) -> None:
    section = Section("Heading", replace(question(), title=title), plan())  # type: ignore[arg-type]
    with pytest.raises(QuestionError, match=re.escape(told)):
        Analysis("t", "A title", "A lead", (section,))


def test_sections_are_sections() -> None:
    with pytest.raises(QuestionError, match="are no sections"):
        Analysis("t", "A title", "A lead", (1,))  # type: ignore[arg-type]


@pytest.mark.parametrize("line", ["import sys; sys.exit(0)", "raise BaseException('x')"])
def test_a_script_that_leaves_is_no_success(folder: Path, line: str) -> None:
    (folder / "demo.py").write_text(f"{line}\n")
    with pytest.raises(ReportError, match=r"(?s)cannot be run.*demo\.py:1.*mend the script"):
        load_analysis(folder, "demo")
