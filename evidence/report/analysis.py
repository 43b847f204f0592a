"""Analysis: the page that declares which questions a report answers, and how."""

from __future__ import annotations

import importlib.util
import sys
from dataclasses import dataclass
from pathlib import Path

from evidence.catalog.question import Question
from evidence.catalog.yaml_reader import HIDDEN
from evidence.errors import EvidenceError, Problem, QuestionError, ReportError, did_you_mean
from evidence.models.borrowed import borrow_problems
from evidence.models.plan import Plan

# Texts longer than that are no titles, leads or notes.
LONGEST = 5_000


@dataclass(frozen=True, slots=True)
class Section:
    """One question with its plan, and the heading it stands under."""

    heading: str
    question: Question
    plan: Plan


@dataclass(frozen=True, slots=True)
class Analysis:
    """A report as it is declared.

    Attributes
    ----------
    name : str
        Name of the script and of the folder below ``reports/``.
    title : str
    lead : str
        What the report is about, in a sentence or two; no results.
    sections : tuple of Section

    Raises
    ------
    QuestionError
        If it is empty, two questions share an id, or one would borrow from what does not fit it.
    """

    name: str
    title: str
    lead: str
    sections: tuple[Section, ...]

    def __post_init__(self) -> None:
        if not isinstance(self.sections, tuple) or not all(
            isinstance(section, Section) for section in self.sections
        ):
            problem = Problem(f"{self.name}: sections", "are no sections", "(ev.Section(...), ...)")
            raise QuestionError(f"analysis {self.name!r} cannot be run like this", [problem])
        ids = [section.question.id for section in self.sections]
        problems = [
            Problem(f"{self.name}: {name}", "stands twice", "one id a question")
            for name in sorted({i for i in ids if ids.count(i) > 1})
        ]
        asked = {section.question.id: section.question for section in self.sections}
        for section in self.sections:
            problems += borrow_problems(section.question, section.plan, asked)
        if not ids:
            problems.append(Problem(self.name, "asks nothing", "declare at least one section"))
        problems += _text_problems(self)
        if problems:
            raise QuestionError(f"analysis {self.name!r} cannot be run like this", problems)


def _text_problems(analysis: Analysis) -> list[Problem]:
    """Texts of a declaration that are none, or that no form of a report can hold."""
    texts: list[tuple[str, object, bool]] = [
        ("name", analysis.name, True),
        ("title", analysis.title, True),
        ("lead", analysis.lead, False),
    ]
    for section in analysis.sections:
        question = section.question
        texts.append((f"heading of {question.id}", section.heading, True))
        for field in ("id", "title", "note", "indirect", "treatment_label", "control_label"):
            needed = field in ("id", "title")
            texts.append((f"{question.id}.{field}", getattr(question, field), needed))
    problems = []
    for where, text, needed in texts:
        if text is None and not needed:
            continue
        if not isinstance(text, str) or (needed and not text.strip()):
            problems.append(Problem(f"{analysis.name}: {where}", f"{text!r}", "give a text"))
        elif len(text) > LONGEST:
            what = f"is {len(text):,} characters long"
            problems.append(Problem(f"{analysis.name}: {where}", what, f"at most {LONGEST:,}"))
        elif HIDDEN.search(text) or any("\ud800" <= sign <= "\udfff" for sign in text):
            what = "holds a sign that cannot be seen or written"
            problems.append(Problem(f"{analysis.name}: {where}", what, "take it out"))
    return problems


def analysis_names(folder: Path) -> list[str]:
    """List the analyses of a folder by name."""
    return sorted(path.stem for path in folder.glob("*.py") if not path.stem.startswith("_"))


def load_analysis(folder: Path, name: str) -> Analysis:
    """Run the script that declares an analysis and take its ``ANALYSIS``.

    Raises
    ------
    ReportError
        If there is no such script, it cannot be run, or it declares no analysis of that name.
    """
    names = analysis_names(folder)
    if name not in names:
        problem = Problem(str(folder), f'"{name}" is no analysis', did_you_mean(name, names))
        raise ReportError("there is nothing to run", [problem])
    path = folder / f"{name}.py"
    spec = importlib.util.spec_from_file_location(f"_analysis_{name}", path)
    if spec is None or spec.loader is None:
        raise ReportError(f"{path} cannot be loaded")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    try:
        spec.loader.exec_module(module)
    except EvidenceError:
        raise
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        # Whatever an analyst's own script raises is told with its place, not as our traceback; a
        # script that leaves (SystemExit) must not end the command as if all were well.
        line = _line_in(error, path)
        problem = Problem(f"{path}:{line}", f"{type(error).__name__}: {error}", "mend the script")
        raise ReportError("the script of an analysis cannot be run", [problem]) from error
    analysis = getattr(module, "ANALYSIS", None)
    if not isinstance(analysis, Analysis):
        problem = Problem(str(path), "declares no ANALYSIS", "ANALYSIS = ev.Analysis(...)")
        raise ReportError("the script declares no analysis", [problem])
    if analysis.name != name:
        problem = Problem(str(path), f'its name is "{analysis.name}"', f'write name="{name}"')
        raise ReportError("an analysis is named after its script", [problem])
    return analysis


def load_question(folder: Path, question_id: str) -> Section:
    """Find a question among the analyses of a folder.

    Raises
    ------
    QuestionError
        If no analysis declares it, with the nearest id.
    """
    sections = {
        section.question.id: section
        for name in analysis_names(folder)
        for section in load_analysis(folder, name).sections
    }
    if question_id not in sections:
        problem = Problem(str(folder), "no such question", did_you_mean(question_id, sections))
        raise QuestionError(f"question {question_id!r} is not declared", [problem])
    return sections[question_id]


def _line_in(error: BaseException, path: Path) -> int:
    if isinstance(error, SyntaxError) and error.filename == str(path):
        return error.lineno or 1
    line, step = 1, error.__traceback__
    while step is not None:
        if step.tb_frame.f_code.co_filename == str(path):
            line = step.tb_lineno
        step = step.tb_next
    return line
