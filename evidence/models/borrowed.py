"""What other people's trials would add to a question, as its plan declares; never its headline."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from evidence.catalog.question import Question
from evidence.effects.table import EffectTable
from evidence.errors import FitError, Problem, did_you_mean
from evidence.models.borrowing.borrow import borrow
from evidence.models.borrowing.checks import require_conclusions, require_options
from evidence.models.borrowing.result import Borrowing
from evidence.models.plan import Borrow, Plan

# Conclusions are drawn at both ends of a 95 % interval, whatever the level of the plan.
PROBABILITY = 0.975
NO_SOURCE = "none of their trials printed an effect with its uncertainty"
NO_TARGET = "no trial of this question has an effect with its uncertainty, to which could be added"


@dataclass(frozen=True, slots=True, eq=False)
class Source:
    """A question whose trials are borrowed from, and their effects."""

    question: Question
    table: EffectTable


@dataclass(frozen=True, slots=True, eq=False)
class Borrowed:
    """A declared borrowing and its answer, or why there is none.

    Attributes
    ----------
    declared : Borrow
    sources : tuple of Source
        All that were declared, those without an effect among them.
    found : Borrowing or None
    reason : str
        Why nothing can be borrowed; empty where something is.
    """

    declared: Borrow
    sources: tuple[Source, ...]
    found: Borrowing | None
    reason: str


def borrow_problems(question: Question, plan: Plan, asked: Mapping[str, Question]) -> list[Problem]:
    """Say what is wrong with a declared borrowing, before anything is computed.

    Parameters
    ----------
    question : Question
    plan : Plan
        Of the question.
    asked : mapping of str to Question
        All questions of the analysis by id.
    """
    declared = plan.borrow
    if declared is None:
        return []
    where = f"{question.id}: borrow"
    problems = []
    for name in declared.sources:
        if name == question.id:
            problems.append(Problem(where, f'"{name}" is the question itself', "name another"))
        elif name not in asked:
            right = did_you_mean(name, [i for i in asked if i != question.id])
            problems.append(Problem(where, f'"{name}" is no question of this analysis', right))
        else:
            problems += _unlike(where, question, asked[name])
    if len(set(declared.sources)) < len(declared.sources):
        problems.append(Problem(where, "a source stands twice", "name it once"))
    try:
        require_options(
            declared.method, plan.prior_tau, declared.discount, declared.between, declared.vague
        )
        require_conclusions(declared.threshold, PROBABILITY)
    except FitError as error:
        problems += [Problem(f"{where}, {p.where}", p.what, p.right) for p in error.problems]
    return problems


def _unlike(where: str, one: Question, other: Question) -> list[Problem]:
    """What keeps two questions from being put on one scale."""
    pairs = {
        "measure": (one.measure, other.measure),
        "unit": (one.unit, other.unit),
        "contrast": (one.contrast, other.contrast),
        "outcomes": (one.outcomes, other.outcomes),
    }
    return [
        Problem(f"{where}, {other.id}: {name}", f"{theirs!r}", f"{own!r}, as the question has it")
        for name, (own, theirs) in pairs.items()
        if own != theirs
    ]


def borrow_as_declared(
    table: EffectTable, plan: Plan, asked: Mapping[str, Source]
) -> Borrowed | None:
    """Borrow from other questions' trials as the plan declares.

    Parameters
    ----------
    table : EffectTable
        Of the question.
    plan : Plan
    asked : mapping of str to Source
        All questions of the analysis, by id.

    Returns
    -------
    Borrowed or None
        None where the plan declares no borrowing.
    """
    declared = plan.borrow
    if declared is None:
        return None
    named = tuple(asked[name] for name in declared.sources)
    sources = {one.question.id: one.table for one in named if one.table.k}
    if not sources:
        return Borrowed(declared, named, None, NO_SOURCE)
    if not table.k and declared.method != "robust_map":
        return Borrowed(declared, named, None, NO_TARGET)
    found = borrow(
        table,
        sources,
        method=declared.method,
        tau=plan.prior_tau,
        mu=plan.prior_mu,
        discount=declared.discount,
        between=declared.between,
        vague=declared.vague,
        threshold=declared.threshold,
        probability=PROBABILITY,
        level=plan.level,
    )
    return Borrowed(declared, named, found, "")
