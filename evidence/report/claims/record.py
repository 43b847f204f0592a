"""Claims as plain values: for JSON, CSV, the page and the terminal."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from evidence.catalog.citations import Citations
from evidence.catalog.claims import Holds
from evidence.catalog.question import MEASURE_LABELS
from evidence.rating.claims.assess import AssessedClaim, AssessedPart
from evidence.rating.claims.found import Asked
from evidence.rating.claims.levels import ArmLevel
from evidence.rating.claims.verdict import CERTAINTY_WORDS, VERDICT_WORDS, ClaimEvidence
from evidence.rating.claims.wording import three_digits
from evidence.report.claims.gather import ClaimsReport
from evidence.report.files import csv_bytes, json_bytes
from evidence.report.numbers import MINUS, percent, pretty_unit
from evidence.report.result import ten

FORMAT = "evidence-claims/1"
NEARLY = 1e-6
BASIS_WORDS = {
    "complete": "complete reports",
    "all_said": "complete and partial reports",
    "printed": "what one study printed",
}
RELATION_WORDS = {
    "below": "below", "above": "above", "between": "between", "differs": "different from",
    "no_difference": "no difference that matters", "not_worse": "not worse",
}  # fmt: skip


def claims_record(report: ClaimsReport) -> dict[str, Any]:
    """All of the claims report as one JSON value."""
    ledger = report.ledger
    return {
        "format": FORMAT,
        "about": ledger.about,
        "articles": [article.model_dump(mode="json") for article in ledger.articles],
        "verdicts": verdict_counts(report.assessed),
        "systems": [
            {
                **system.model_dump(mode="json"),
                "verdicts": verdict_counts(x for x in report.assessed if system.id in x.systems),
            }
            for system in ledger.systems
        ],
        "claims": [claim_record(assessed, report.asked) for assessed in report.assessed],
        "citations": [c.model_dump(mode="json") for c in report.citations.references],
        "sources": [source.model_dump(mode="json") for source in ledger.sources],
        "contradictions": [pair.model_dump(mode="json") for pair in ledger.contradictions],
        "gaps": list(ledger.gaps),
        "notes": list(report.notes),
    }


def verdict_counts(assessed: Iterable[AssessedClaim]) -> dict[str, int]:
    """Count claims by verdict, all verdicts named."""
    counts = Counter(x.ruling.verdict for x in assessed)
    return {word: counts[verdict] for verdict, word in VERDICT_WORDS.items()}


def claim_record(assessed: AssessedClaim, asked: Mapping[str, Asked]) -> dict[str, Any]:
    """One claim with its parts, verdict and wording, as a JSON value."""
    claim = assessed.claim
    plain = claim.model_dump(mode="json", exclude={"tests", "evidence"})
    return {
        **plain,
        "systems": list(assessed.systems),
        "verdict": assessed.ruling.words,
        "rule": assessed.ruling.rule,
        "reason": assessed.reason,
        "wording_allowed": list(assessed.wording),
        "parts": [part_record(part, asked) for part in assessed.parts],
        "evidence": [seen.model_dump(mode="json") for seen in claim.evidence],
    }


def part_record(part: AssessedPart, asked: Mapping[str, Asked]) -> dict[str, Any]:
    """One part of a claim: what must hold, what was found, the verdict and its rule."""
    test, found = part.test, part.found
    one = None if test.question is None else asked[test.question]
    record: dict[str, Any] = {
        "part": test.part,
        "must_hold": must_hold(test.holds, one),
        "question": test.question,
        "report": None if one is None else one.analysis,
        "measure": None if one is None else one.question.measure,
        "unit": None if one is None else one.question.unit,
        "figure": None if test.figure is None else test.figure.model_dump(mode="json"),
        "open_point": test.open_point,
        "direct": test.direct,
        "indirect_reason": test.indirect_reason,
        **_found_record(found),
        "all_reports": _said(one),
        "printed": _printed(part),
        "levels": [_level(level) for level in part.levels],
        "doses": [
            {
                "study": dose.study,
                "arm": dose.arm,
                "design": dose.design,
                "schedule": dose.schedule,
                "weekly_mg": dose.weekly_mg,
                "times_the_claimed": ten(dose.times),
            }
            for dose in part.doses
        ],
        "verdict": part.ruling.words,
        "rule": part.ruling.rule,
        "reason": part.ruling.reason,
        "wording_allowed": part.wording or None,
    }
    return record


def _found_record(found: ClaimEvidence | None) -> dict[str, Any]:
    names = (
        "k", "in_part", "estimate", "ci_low", "ci_high", "probability", "against", "direction",
        "smaller", "other_probability", "basis", "certainty",
    )  # fmt: skip
    if found is None:
        return dict.fromkeys(names)
    values = {name: getattr(found, name) for name in names}
    return {name: ten(v) if isinstance(v, float) else v for name, v in values.items()}


def _said(asked: Asked | None) -> dict[str, Any] | None:
    if asked is None or asked.said is None:
        return None
    said = asked.said
    return {
        "reports": said.reports,
        "used": said.used,
        "estimate": said.median,
        "ci_low": said.ci_low,
        "ci_high": said.ci_high,
        "probability_below_null": said.probability_below_null,
    }


def _printed(part: AssessedPart) -> dict[str, Any] | None:
    printed = part.printed
    if printed is None:
        return None
    return {
        "source": printed.source,
        "url": printed.url,
        "direction": printed.direction,
        "p": printed.p,
        "relation": printed.relation,
        "not_significant": printed.not_significant,
        "measure": printed.measure,
        "estimate": printed.estimate,
        "ci": None if printed.ci is None else list(printed.ci),
    }


def _level(level: ArmLevel) -> dict[str, Any]:
    names = (
        "study", "arm", "regimen", "design", "weeks", "n", "level", "kind", "spread", "distance",
        "same", "source", "url",
    )  # fmt: skip
    values = {name: getattr(level, name) for name in names}
    return {name: ten(v) if isinstance(v, float) else v for name, v in values.items()}


def must_hold(holds: Holds | None, asked: Asked | None) -> str:
    """Write what must hold for a part to be true.

    Examples
    --------
    >>> must_hold(Holds(relation="between", low=20, high=30), None)
    'between 20 and 30'
    >>> must_hold(Holds(relation="below"), None)
    'below no difference'
    """
    if holds is None:
        return ""
    what, unit = "", ""
    if asked is not None:
        what = f"{MEASURE_LABELS[asked.question.measure]} "
        unit = f" {pretty_unit(asked.question.unit)}" if asked.question.unit else ""
    if holds.of == "new_population":
        what += "in a new population "
    word = RELATION_WORDS[holds.relation]
    if holds.relation == "between":
        return f"{what}{word} {holds.low:g} and {holds.high:g}{unit}"
    if holds.relation in ("no_difference", "not_worse"):
        margin = (
            "a margin that nobody states" if holds.margin is None else f"{holds.margin:g}{unit}"
        )
        return f"{word} by {margin}" if holds.relation == "not_worse" else f"{word} ({margin})"
    limit = "no difference" if holds.low is None else f"{holds.low:g}{unit}"
    return f"{what}{word} {limit}"


def estimate_text(record: Mapping[str, Any]) -> str:
    """Write estimate, unit and interval of a part; empty where nothing was pooled."""
    if record["estimate"] is None:
        return ""
    text = three_digits(record["estimate"])
    if record["unit"]:
        text += f" {pretty_unit(record['unit'])}"
    if record["ci_low"] is None or record["ci_high"] is None:
        return text
    return f"{text} ({three_digits(record['ci_low'])} to {three_digits(record['ci_high'])})"


def all_reports_text(record: Mapping[str, Any]) -> str:
    """Write the answer from complete and partial reports together; empty where there is none."""
    said = record["all_reports"]
    if said is None:
        return ""
    low, high = three_digits(said["ci_low"]), three_digits(said["ci_high"])
    return f"{three_digits(said['estimate'])} ({low} to {high}), {said['used']} reports"


def printed_text(record: Mapping[str, Any]) -> str:
    """Write what one study printed of a part, and where; empty where nothing rests on it."""
    printed = record["printed"]
    if printed is None:
        return ""
    told = []
    if printed["estimate"] is not None:
        text = f"{printed['measure'] or 'estimate'} {printed['estimate']:g}"
        if printed["ci"]:
            text += f" ({printed['ci'][0]:g} to {printed['ci'][1]:g})"
        told.append(text.replace("-", MINUS))
    if printed["direction"]:
        told.append(printed["direction"].replace("_", " "))
    if printed["p"] is not None:
        told.append(f"P {printed['relation']} {printed['p']:g}")
    return "; ".join([*told, printed["source"]])


def probability_text(record: Mapping[str, Any]) -> str:
    """Write the probability that a part is true as worded, and what it rests on."""
    p = record["probability"]
    if p is None:
        return ""
    # No probability of this kind is exactly 0 or 1, whatever the digits say.
    near = min(max(p, NEARLY), 1 - NEARLY)
    return f"{percent(near)} ({BASIS_WORDS[record['basis']]})"


def trials_text(record: Mapping[str, Any]) -> str:
    """Write how many trials there are: used, and reported in part only."""
    if record["k"] is None:
        return ""
    return f"{record['k']} + {record['in_part']} in part" if record["in_part"] else str(record["k"])


def certainty_text(record: Mapping[str, Any]) -> str:
    """Write the certainty; "not rated" where it was not."""
    if record["k"] is None:
        return ""
    return CERTAINTY_WORDS.get(record["certainty"], "not rated")


PART_COLUMNS = (
    "claim_id", "articles", "area", "systems", "section", "kind", "strength", "claim", "part",
    "must_hold", "question", "report", "k", "in_part", "measure", "unit", "estimate", "ci_low",
    "ci_high", "probability", "basis", "other_probability", "certainty", "direct", "part_verdict",
    "part_rule", "verdict", "rule", "reason", "wording_allowed", "reader_verdict", "cited",
    "cited_supports", "open_point",
)  # fmt: skip


def claims_csv(report: ClaimsReport) -> bytes:
    """One line for each part of each claim; claims without parts have one line."""
    rows = []
    for assessed in report.assessed:
        claim, record = assessed.claim, claim_record(assessed, report.asked)
        head = {
            "claim_id": claim.id,
            "articles": " ".join(claim.articles),
            "systems": " ".join(assessed.systems),
            "cited": None if claim.cited is None else claim.cited.key,
            "cited_supports": None if claim.cited is None else claim.cited.supports,
            **{name: record[name] for name in ("area", "section", "kind", "strength", "claim")},
            **{name: record[name] for name in ("verdict", "rule", "reason", "reader_verdict")},
            "wording_allowed": " ".join(record["wording_allowed"]),
        }
        parts = record["parts"] or [{}]
        for part in parts:
            tail = {"part_verdict": part.get("verdict"), "part_rule": part.get("rule")}
            rows.append({**part, **head, **tail})
    return csv_bytes(PART_COLUMNS, rows)


CITATION_COLUMNS = (
    "key", "articles", "cited_authors", "cited_title", "cited_journal", "cited_year",
    "cited_volume", "cited_issue", "cited_pages", "status", "match", "found_authors",
    "found_title", "found_journal", "found_year", "found_volume", "found_issue", "found_pages",
    "pmid", "doi", "url", "discrepancies", "note",
)  # fmt: skip
DETAILS = ("authors", "title", "journal", "year", "volume", "issue", "pages")


def citations_csv(citations: Citations) -> bytes:
    """One line for each reference: as cited, and as found."""
    rows = []
    for one in citations.references:
        cited = {f"cited_{name}": getattr(one.as_cited, name) for name in DETAILS}
        found = {f"found_{name}": getattr(one.found, name) for name in DETAILS}
        rows.append(
            {
                "key": one.key,
                "articles": " ".join(one.as_cited.articles),
                "status": one.status,
                "match": one.found.match,
                "pmid": one.found.pmid,
                "doi": one.found.doi,
                "url": one.found.url,
                "discrepancies": "; ".join(one.discrepancies),
                "note": one.note,
                **cited,
                **found,
            }
        )
    return csv_bytes(CITATION_COLUMNS, rows)


def claims_json(report: ClaimsReport) -> bytes:
    """Write ``claims.json``."""
    return json_bytes(claims_record(report))
