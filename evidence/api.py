"""The few public functions that need to know where a project lies."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path

from evidence.catalog.project import find_project
from evidence.catalog.question import Question
from evidence.catalog.read import load_studies as read_studies
from evidence.catalog.read import load_terms as read_terms
from evidence.catalog.study import Study
from evidence.catalog.terms import Terms
from evidence.effects.assemble import effect_table as assemble
from evidence.effects.table import EffectTable
from evidence.errors import EvidenceError
from evidence.report.analysis import Analysis
from evidence.report.analysis import load_question as find_question


def load_terms(path: str | Path | None = None) -> Terms:
    """Read the vocabulary: a file, or that of the project one stands in.

    Raises
    ------
    StudyError
        With every problem of the file.

    Examples
    --------
    >>> load_terms().outcomes["spine_bmd"].better
    'higher'
    """
    return find_project().terms() if path is None else read_terms(path)


def load_studies(
    path: str | Path | Iterable[str | Path] | None = None, terms: Terms | None = None
) -> tuple[Study, ...]:
    """Read study files: the curated trials of the project, or your own files or folder.

    Parameters
    ----------
    path : path or iterable of paths, optional
        Files or folders; ``data/studies`` of the project where absent.
    terms : Terms, optional
        The vocabulary; that of the project where absent.

    Raises
    ------
    StudyError
        With every problem of every file; nothing is loaded unless all are sound.

    Examples
    --------
    >>> studies = load_studies()
    >>> studies[0].id < studies[-1].id
    True
    """
    words = load_terms() if terms is None else terms
    return read_studies(find_project().studies_folder if path is None else path, words)


def load_question(question_id: str) -> Question:
    """Find a question that an analysis of the project declares.

    Raises
    ------
    QuestionError
        If none does, with the nearest id.

    Examples
    --------
    >>> load_question("spine_bmd_men").measure
    'MD'
    """
    return find_question(find_project().analyses_folder, question_id).question


def effect_table(
    studies: Iterable[Study], question: Question, terms: Terms | None = None
) -> EffectTable:
    """Find for each trial the best way to an effect with its standard error.

    See ``evidence.effects.assemble.effect_table``; the terms are those of the project where absent.

    Examples
    --------
    >>> table = effect_table(load_studies(), load_question("spine_bmd_men"))
    >>> table.rows["estimate"].round(3).to_dict()
    {'burnett-bowie-2009/spine_bmd-12mo/anastrozole-v-placebo': -0.028}
    """
    return assemble(studies, question, load_terms() if terms is None else terms)


def run(analysis: Analysis) -> None:
    """Build the report of an analysis below ``reports/`` of the project, as a script does.

    What is wrong is said on standard error and ends the script with status 1.
    """
    from evidence.progress import Progress
    from evidence.report.build import build

    try:
        project = find_project()
        folder = project.reports_folder / analysis.name
        with Progress() as progress:
            build(analysis, project, folder, tell=progress.tell)
    except EvidenceError as error:
        sys.stderr.write(f"{error}\n")
        raise SystemExit(1) from None
    sys.stdout.write(f"{folder}\n")
