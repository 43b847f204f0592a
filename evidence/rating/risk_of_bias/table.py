"""Ratings as tables: one row a result, one row an answer, and the ratings of a question's rows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import pandas as pd

from evidence.catalog.risk_of_bias import StudyRisk
from evidence.effects.table import EffectTable
from evidence.errors import Problem, StudyError, check_kind
from evidence.rating.risk_of_bias.rated import Rated, find_rating, rate_all
from evidence.rating.risk_of_bias.tools import LEVEL_WORDS

DOMAINS = ("D1", "DS", "D2", "D3", "D4", "D5", "D6", "D7")
TAIL = ("overall", "best", "worst", "proposed", "basis")
HEAD = ("study", "result", "tool", "version", "effect")
WITHIN_ARM = (
    "a change or an association within one group: no comparison whose bias a tool could rate"
)
NOT_THERE = "not rated"
WORST_FIRST = (
    "critical", "serious", "high", "moderate", "some_concerns", "no_information", "low",
)  # fmt: skip


def checked_risks(risks: object) -> tuple[StudyRisk, ...]:
    """Refuse what is not a sequence of ratings.

    Raises
    ------
    StudyError
    """
    given = tuple(risks) if isinstance(risks, list | tuple) else None
    if given is None or not all(isinstance(risk, StudyRisk) for risk in given):
        problem = Problem("risks", f"{str(risks)[:40]!r}", "what load_risk_of_bias(...) returns")
        raise StudyError("these are no ratings", [problem])
    return given


def risk_table(risks: Sequence[StudyRisk]) -> pd.DataFrame:
    """Judgements of all rated results; where no person has judged, what the algorithm proposes.

    Returns
    -------
    DataFrame
        A row a result: study, result, tool, version, effect; D1, DS, D2 ... D7 (None where the
        tool has no such domain) and overall; ``best`` and ``worst``: overall, if all that is not
        known were known; ``proposed``: overall by the algorithm; ``basis``: proposed, judged in
        part, or judged.

    Raises
    ------
    StudyError
        If these are no ratings.

    Examples
    --------
    >>> from evidence.rating.risk_of_bias.load import load_risk_of_bias
    >>> table = risk_table(load_risk_of_bias())
    >>> table.loc[table["study"] == "leder-2004", "overall"].unique().tolist()
    ['some_concerns']
    """
    rows = [_row(rated) for rated in rate_all(checked_risks(risks))]
    columns = [*HEAD, *DOMAINS, *TAIL]
    return pd.DataFrame(rows, columns=columns, dtype=object)


def _row(rated: Rated) -> dict[str, Any]:
    return {
        "study": rated.study,
        "result": rated.result.id,
        "tool": rated.tool.name,
        "version": rated.tool.version,
        "effect": rated.tool.effect,
        **dict.fromkeys(DOMAINS),
        **{domain: shown.level for domain, shown in rated.domains.items()},
        "overall": rated.overall.level,
        "best": rated.overall.best,
        "worst": rated.overall.worst,
        "proposed": rated.proposal.overall,
        "basis": rated.basis,
    }


def risk_answers(risks: Sequence[StudyRisk]) -> pd.DataFrame:
    """Every answer with the facts and sources behind it: what stands behind each light.

    Returns
    -------
    DataFrame
        study, result, domain, question, text, answer, why, facts, sources; questions that earlier
        answers do not lead to have the answer NA.
    """
    rows = []
    for rated in rate_all(checked_risks(risks)):
        facts = {fact.id: fact for fact in rated.risk.facts}
        given = rated.risk.answers_of(rated.result)
        for domain in rated.tool.domains:
            for question in domain.questions:
                answer = given.get(question.id)
                rests = [] if answer is None else [facts[f] for f in answer.facts]
                told = [f"{f.report or 'page not named'}[{f.locator}]" for f in rests]
                rows.append(
                    {
                        "study": rated.study,
                        "result": rated.result.id,
                        "domain": domain.id,
                        "question": question.id,
                        "text": question.text,
                        "answer": "NA" if answer is None else answer.answer,
                        "why": "" if answer is None else answer.why or "",
                        "facts": "; ".join(f.text for f in rests) or "not seen",
                        "sources": "; ".join(dict.fromkeys(told)),
                    }
                )
    names = ("study", "result", "domain", "question", "text", "answer", "why", "facts", "sources")
    return pd.DataFrame(rows, columns=list(names), dtype=object)


def row_risks(
    table: EffectTable, risks: Sequence[StudyRisk], *, partial: bool = False
) -> pd.DataFrame:
    """Ratings of the rows of an effect table.

    Parameters
    ----------
    partial : bool
        Rate what was reported only in part, ``table.partial``, instead of ``table.rows``.

    Returns
    -------
    DataFrame
        Indexed as the rows: study, label, result, tool, then as ``risk_table``; where a row has no
        rating these are None and ``why`` says so.

    Raises
    ------
    StudyError
        If an argument is of the wrong kind.
    """
    check_kind("table", table, EffectTable, StudyError)
    lines = table.partial if partial else table.rows
    rows = []
    for study, (label, rated, why) in zip(
        lines["study"], match_rows(table, risks, partial=partial), strict=True
    ):
        own = {} if rated is None else _row(rated)
        rows.append({**own, "study": study, "label": label, "why": why})
    columns = ["study", "label", "result", "tool", *DOMAINS, *TAIL, "why"]
    frame = pd.DataFrame(rows, columns=columns, index=lines.index, dtype=object)
    return frame.where(frame.notna(), None)


def match_rows(
    table: EffectTable, risks: Sequence[StudyRisk], *, partial: bool = False
) -> list[tuple[str, Rated | None, str]]:
    """Match the rows of an effect table with ratings: label, rating or None, and why none."""
    known = rate_all(checked_risks(risks))
    by_study = {risk.study: risk for risk in risks}
    found: list[tuple[str, Rated | None, str]] = []
    for row in (table.partial if partial else table.rows).to_dict("records"):
        study, word = str(row["study"]), _text(row["counted"])
        rated = find_rating(known, study, _text(row["outcome"]), word)
        if _within_arm(row):
            found.append((str(row["label"]), None, WITHIN_ARM))
        else:
            why = _why_not(by_study.get(study), word) if rated is None else ""
            found.append((str(row["label"]), rated, why))
    return found


def study_levels(
    table: EffectTable, risks: Sequence[StudyRisk], *, seen: bool = False
) -> dict[str, str]:
    """Overall level of each rated trial of an effect table, the worst of its rows: for GRADE.

    Parameters
    ----------
    table : EffectTable
    risks : sequence of StudyRisk
    seen : bool
        Count only what was seen against a trial: where want of information alone makes a result
        one at high risk it counts as some concerns (by ROBINS-I: serious as no information).

    Raises
    ------
    StudyError
        If an argument is of the wrong kind.

    Examples
    --------
    >>> from evidence.effects.table import table_of
    >>> study_levels(table_of([0.1], [0.1], labels=["A"]), [])
    {}
    """
    check_kind("table", table, EffectTable, StudyError)
    found: dict[str, str] = {}
    for study, (_, rated, _) in zip(table.rows["study"], match_rows(table, risks), strict=True):
        if rated is None:
            continue
        level: str = rated.overall.level
        if seen and rated.overall.for_want:
            level = {"high": "some_concerns", "serious": "no_information"}.get(level, level)
        old = found.get(str(study), level)
        found[str(study)] = min(old, level, key=WORST_FIRST.index)
    return found


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None


def _within_arm(row: dict[Any, Any]) -> bool:
    """Whether a row of a curated trial has no control; a table of one's own names no arms."""
    return _text(row["treatment"]) is not None and _text(row["control"]) is None


def _why_not(risk: StudyRisk | None, word: str | None) -> str:
    if risk is None:
        return NOT_THERE
    told = [item.reason for item in risk.not_rated if word in item.outcomes]
    return (told[0] if told else None) or risk.reason or NOT_THERE


def summary_words(levels: Iterable[object]) -> str:
    """Count levels in words, the worst first.

    Examples
    --------
    >>> summary_words(["low", "high", None, "low"])
    '1 high, 2 low, 1 not rated'
    """
    given = ["not rated" if level is None else str(level) for level in levels]
    counts = [(level, given.count(level)) for level in (*WORST_FIRST, "not rated")]
    return ", ".join(f"{n} {LEVEL_WORDS.get(level, level)}" for level, n in counts if n)
