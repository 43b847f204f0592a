"""Gather what the claims are held against: questions, committed second answers, studies."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from evidence.catalog.certainty import load_certainty
from evidence.catalog.citations import Citations, load_citations
from evidence.catalog.claims import Ledger, load_claims
from evidence.catalog.project import Project
from evidence.catalog.question import Question
from evidence.catalog.terms import Terms
from evidence.rating.claims.assess import AssessedClaim, assess_claims
from evidence.rating.claims.found import AllSaid, Asked, BriefAnswer
from evidence.rating.claims.judged import judged_level
from evidence.rating.claims.verdict import Certainty
from evidence.rating.claims.wording import lowered
from evidence.report.analysis import Section, analysis_names, load_analysis
from evidence.report.wording import list_words, people_words

CLAIMS_FILE, CITATIONS_FILE = "claims.yaml", "citations.yaml"
CERTAINTY_FILE = "certainty.yaml"


@dataclass(frozen=True, slots=True, eq=False)
class ClaimsReport:
    """All that the claims page says.

    Attributes
    ----------
    ledger : Ledger
    citations : Citations
    assessed : tuple of AssessedClaim
        In the order of the ledger.
    asked : mapping of question id to Asked
    notes : tuple of str
        Reports that are missing or were built from other data, so that the answers from all
        reports could not be read from them.
    """

    ledger: Ledger
    citations: Citations
    assessed: tuple[AssessedClaim, ...]
    asked: Mapping[str, Asked]
    notes: tuple[str, ...]


def gather_claims(
    project: Project,
    *,
    certainties: Mapping[str, Certainty | None] | None = None,
    answers: Mapping[str, AllSaid] | None = None,
    tell: Callable[[str], None] | None = None,
) -> ClaimsReport:
    """Hold every claim of the project against its evidence.

    Complete reports are pooled anew, which takes milliseconds; the answers from complete and
    partial reports are read from the committed reports.

    Parameters
    ----------
    project : Project
    certainties : mapping of question id to certainty, optional
        Of the question as it is asked; None, or absent, where it was not rated. What was judged in
        ``data/certainty.yaml`` where no mapping is given.
    answers : mapping of question id to AllSaid, optional
        Answers from all reports, for who has them at hand; the committed reports are not read then.
    tell : function of str, optional
        Is told which question is answered.

    Raises
    ------
    EvidenceError
        Whatever is wrong with claims, citations, studies, questions or reports.
    """
    terms = project.terms()
    studies = project.studies(terms)
    sections: dict[str, tuple[Section, str]] = {}
    for name in analysis_names(project.analyses_folder):
        for section in load_analysis(project.analyses_folder, name).sections:
            sections[section.question.id] = section, name
    citations = load_citations(project.root / "data" / CITATIONS_FILE)
    ledger = load_claims(
        project.root / "data" / CLAIMS_FILE,
        terms,
        questions=sections,
        references=citations.keys,
    )
    needed = {name for claim in ledger.claims for name in claim.questions}
    asked, notes = {}, []
    said: dict[str, dict[str, AllSaid]] = {}
    for question_id, (section, name) in sections.items():
        if answers is None and name not in said and question_id in needed:
            said[name], told = read_said(project, name)
            notes += told
        found = (said.get(name, {}) if answers is None else answers).get(question_id)
        asked[question_id] = asked_of(section, name, terms, found)
    judged = None
    if certainties is None and (project.root / "data" / CERTAINTY_FILE).is_file():
        judged = load_certainty(project.root / "data" / CERTAINTY_FILE, terms)

    def certainty(brief: BriefAnswer) -> Certainty | None:
        if certainties is not None:
            return certainties.get(brief.asked.question.id)
        return None if judged is None else judged_level(judged, brief)

    assessed = assess_claims(ledger, asked, studies, terms, certainty=certainty, tell=tell)
    return ClaimsReport(ledger, citations, assessed, asked, tuple(notes))


def asked_of(section: Section, analysis: str, terms: Terms, said: AllSaid | None) -> Asked:
    """Put a question into the words of a claim's answer."""
    question = section.question
    outcome = terms.outcomes[question.outcomes[0]]
    head = question.title.split(" in ")[0]
    several = len(question.outcomes) > 1 and " against " not in head
    return Asked(
        question=question,
        plan=section.plan,
        analysis=analysis,
        treatment=question.treatment_label or _side(question.treatment, terms),
        control=question.control_label or _side(question.control, terms),
        outcome=head if several else outcome.label,
        people=_people(question, terms),
        better=outcome.better,
        said=said,
    )


def _side(words: tuple[str, ...], terms: Terms) -> str:
    """Name one side of a comparison; of several drugs of one class, the class."""
    classes = {terms.drugs[word].drug_class for word in words if word in terms.drugs}
    whole = len(words) > 1 and len(classes) == 1 and all(word in terms.drugs for word in words)
    return list_words(tuple(classes) if whole else words, terms)


def _people(question: Question, terms: Terms) -> str:
    """Name the people a question asks about, with what all of them take."""
    groups = [terms.populations[word].label for word in question.groups]
    people = lowered(groups[0]) if len(groups) == 1 else people_words(question.sexes)
    return f"{people} on testosterone" if "androgen" in question.background_with else people


def read_said(project: Project, analysis: str) -> tuple[dict[str, AllSaid], list[str]]:
    """Read the answers from all reports of a committed report, by question id.

    Nothing is taken from a report whose inputs have changed since it was built.
    """
    result, told = committed_result(project, analysis)
    return answers_of(result), told


def committed_levels(project: Project) -> dict[str, Certainty | None]:
    """Certainty of each answer as it was asked, by question id, from the committed reports.

    Nothing is taken from a report whose inputs have changed since it was built.
    """
    return {
        question: level
        for name in analysis_names(project.analyses_folder)
        for question, level in levels_of(committed_result(project, name)[0]).items()
    }


def committed_result(project: Project, analysis: str) -> tuple[dict[str, Any], list[str]]:
    """The result of a committed report, or why it cannot be read from it.

    Nothing is taken from a report that is damaged, or whose inputs have changed since.
    """
    folder = project.reports_folder / analysis
    again = f"run evidence run {analysis}"
    result, run = _json(folder / "result.json"), _json(folder / "run.json")
    if result is None or run is None:
        return {}, [f"{analysis}: no report; {again}"]
    inputs = run.get("inputs")
    if not isinstance(inputs, dict) or not inputs:
        return {}, [f"{analysis}: run.json names no inputs; {again}"]
    changed = [name for name, digest in inputs.items() if _digest(project.root / name) != digest]
    if changed:
        more = f" and {len(changed) - 1} more" if len(changed) > 1 else ""
        return {}, [f"{analysis}: the report is out of date ({changed[0]}{more} changed); {again}"]
    try:
        answers_of(result), levels_of(result)
    except (AttributeError, KeyError, IndexError, TypeError, ValueError) as error:
        return {}, [f"{analysis}: result.json is damaged ({type(error).__name__}); {again}"]
    return result, []


def levels_of(result: Mapping[str, Any]) -> dict[str, Certainty | None]:
    """Take the certainty of each answer, as it was asked, out of a result."""
    return {
        question["id"]: None if question.get("rating") is None else question["rating"]["as_asked"]
        for question in result.get("questions", [])
    }


def answers_of(result: Mapping[str, Any]) -> dict[str, AllSaid]:
    """Take the answers from all reports out of a result (``result.json`` as a mapping)."""
    found = {}
    for question in result.get("questions", []):
        block = question.get("said")
        if block and block["terms"] and block["probability_below_null"] is not None:
            shown = block["terms"][0]["shown"]
            found[question["id"]] = AllSaid(
                reports=block["reports"],
                used=block["used"],
                median=shown["estimate"],
                ci_low=shown["low"],
                ci_high=shown["high"],
                probability_below_null=block["probability_below_null"],
            )
    return found


def _json(path: Path) -> dict[str, Any] | None:
    try:
        found = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _digest(path: Path) -> str | None:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except (OSError, ValueError):
        return None
