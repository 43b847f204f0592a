"""Claims and references for the terminal."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from evidence.catalog.citations import AsCited, Citation, RecordFound, load_citations
from evidence.catalog.project import Project
from evidence.errors import Problem, ReportError, did_you_mean
from evidence.rating.claims.assess import AssessedClaim
from evidence.rating.claims.found import Asked
from evidence.rating.claims.verdict import VERDICT_WORDS
from evidence.report.claims.gather import (
    CITATIONS_FILE,
    ClaimsReport,
    committed_levels,
    gather_claims,
)
from evidence.report.claims.record import (
    all_reports_text,
    certainty_text,
    claim_record,
    estimate_text,
    printed_text,
    probability_text,
    trials_text,
    verdict_counts,
)


def claims_output(
    project: Project, system: str | None, verdict: str | None, *, as_json: bool
) -> tuple[str, tuple[str, ...]]:
    """Write claims as text or JSON, and what could not be read for them.

    Raises
    ------
    EvidenceError
        As ``gather_claims`` and ``chosen``.
    """
    report = gather_claims(project, certainties=committed_levels(project))
    some = chosen(report, system=system, verdict=verdict)
    if as_json:
        return _json([claim_record(one, report.asked) for one in some]), report.notes
    return "\n".join(claims_lines(some, report.asked)), report.notes


def citations_output(project: Project, *, as_json: bool) -> str:
    """Write the check of the references as text or JSON.

    Raises
    ------
    StudyError
        If the file of citations is not as it should be.
    """
    citations = load_citations(project.root / "data" / CITATIONS_FILE)
    if as_json:
        return _json([one.model_dump(mode="json") for one in citations.references])
    return "\n".join(citation_lines(citations.references))


def _json(value: Any) -> str:
    return json.dumps(value, indent=1, ensure_ascii=False, allow_nan=False)


def chosen(
    report: ClaimsReport, *, system: str | None = None, verdict: str | None = None
) -> tuple[AssessedClaim, ...]:
    """Choose claims by system (or area) and by verdict.

    Raises
    ------
    ReportError
        If there is no such system, area or verdict.
    """
    areas, systems = report.ledger.areas, [s.id for s in report.ledger.systems]
    problems = []
    if system is not None and system not in areas and system not in systems:
        right = did_you_mean(system, [*areas, *systems])
        problems.append(Problem("--system", f'"{system}" is no system and no area', right))
    if verdict is not None and verdict not in VERDICT_WORDS:
        right = did_you_mean(verdict, VERDICT_WORDS)
        problems.append(Problem("--verdict", f'"{verdict}" is no verdict', right))
    if problems:
        raise ReportError("there is nothing to show", problems)
    return tuple(
        x
        for x in report.assessed
        if (system is None or system == x.claim.area or system in x.systems)
        and (verdict is None or x.ruling.verdict == verdict)
    )


def claims_lines(assessed: Sequence[AssessedClaim], asked: Mapping[str, Asked]) -> list[str]:
    """Lines for the terminal: claim, what the evidence says, verdict and wording."""
    lines: list[str] = []
    for one in assessed:
        claim, record = one.claim, claim_record(one, asked)
        lines += [f"{claim.id}: {one.ruling.words.upper()}", f"  claim: {claim.claim}"]
        lines += [f"  - {_part_line(part)}" for part in record["parts"]]
        lines += [f"  why: {one.reason}", f"  allowed: {' '.join(one.wording)}", ""]
    counts = verdict_counts(assessed)
    told = ", ".join(f"{n} {word}" for word, n in counts.items() if n)
    return [*lines, f"{len(assessed)} claim{'' if len(assessed) == 1 else 's'}: {told or 'none'}"]


def _part_line(part: Mapping[str, Any]) -> str:
    told = [part["part"]]
    if part["question"]:
        told.append(f"{part['question']}, trials {trials_text(part)}")
        said = all_reports_text(part)
        every = f"from all reports {said}" if said else ""
        told += [text for text in (estimate_text(part), every, _probable(part)) if text]
        told.append(f"certainty {certainty_text(part)}")
    elif part["printed"]:
        told += [text for text in (printed_text(part), _probable(part)) if text]
    elif part["open_point"]:
        told.append(part["open_point"].rstrip("."))
    if part["levels"]:
        inside = sum(level["distance"] == 0 for level in part["levels"])
        told.append(f"{inside} of {len(part['levels'])} arms in the range")
    if part["doses"]:
        least = part["doses"][0]
        told.append(f"least dose given to men {least['weekly_mg']:g} mg a week ({least['study']})")
    return "; ".join([*told, part["verdict"]])


def _probable(part: Mapping[str, Any]) -> str:
    text = probability_text(part)
    return f"true with a probability of {text}" if text else ""


def citation_lines(references: Sequence[Citation]) -> list[str]:
    """Lines for the terminal: each reference, its status, and what is wrong with it."""
    lines = []
    for one in references:
        cited, found = one.as_cited, one.found
        lines.append(f"{one.key}: {one.status.replace('_', ' ').upper()}")
        lines.append(f"  cited: {reference_text(cited)}")
        if one.status != "exact":
            word = {"nearest_paper": "nearest"}.get(found.match, "right")
            lines.append(f"  {word}: {reference_text(found)}")
            lines += [f"  - {text}" for text in one.discrepancies]
    counts = Counter(one.status for one in references)
    told = ", ".join(f"{n} {status.replace('_', ' ')}" for status, n in counts.items())
    return [*lines, f"{len(references)} references: {told}"]


def reference_text(one: AsCited | RecordFound) -> str:
    """Write a reference, as cited or as found, in one line."""
    where = one.journal or "journal not seen"
    if one.year:
        where += f" {one.year}"
    if one.volume:
        where += f";{one.volume}" + (f"({one.issue})" if one.issue else "")
    if one.pages:
        where += f":{one.pages}"
    authors = one.authors or "authors not seen"
    return f"{authors.rstrip('.')}. {one.title}. {where}"
