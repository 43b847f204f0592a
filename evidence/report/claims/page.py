"""The claims page: every claim, what it was held against, the verdict, and the references."""

from __future__ import annotations

from collections import Counter
from importlib import resources
from typing import Any

from evidence.catalog.claims import ClaimSystem
from evidence.rating.claims.assess import AssessedClaim
from evidence.rating.claims.verdict import (
    CERTAINTY_WORDS,
    INTERVAL_FROM,
    NEEDED,
    RULES,
    SURE,
    VERDICT_WORDS,
)
from evidence.report.claims.gather import ClaimsReport
from evidence.report.claims.record import (
    all_reports_text,
    certainty_text,
    citations_csv,
    claim_record,
    claims_csv,
    claims_json,
    estimate_text,
    printed_text,
    probability_text,
    trials_text,
    verdict_counts,
)
from evidence.report.claims.text import reference_text
from evidence.report.numbers import percent
from evidence.report.tables import Table

KIND_WORDS = {
    "effect_direction": "direction of an effect",
    "effect_size": "size of an effect",
    "level": "expected level",
    "association": "association",
    "event": "events",
    "advice": "advice or opinion",
    "mechanism": "mechanism",
    "fact": "matter of record",
}
STRENGTH_WORDS = {"hedged": "worded with reserve", "plain": "worded plainly", "proof": "as proof"}
SUPPORT_WORDS = {
    "yes": "supports the claim",
    "partly": "supports the claim in part",
    "no": "does not support the claim",
    "not_seen": "not seen whether it supports the claim",
    "not_found": "was not found as cited",
}


def claims_files(report: ClaimsReport) -> dict[str, bytes]:
    """Make the files of ``reports/claims``: page, table and values; nothing is written."""
    return {
        "index.html": claims_page(report).encode("utf-8"),
        "claims.csv": claims_csv(report),
        "claims.json": claims_json(report),
        "citations.csv": citations_csv(report.citations),
    }


def claims_page(report: ClaimsReport) -> str:
    """Write the self-contained HTML page; all text is escaped, scripts are forbidden."""
    from jinja2 import Environment, PackageLoader, StrictUndefined
    from markupsafe import Markup

    environment = Environment(
        loader=PackageLoader("evidence.report"),
        autoescape=True,
        undefined=StrictUndefined,
        keep_trailing_newline=True,
    )
    style = resources.files("evidence.report").joinpath("templates/style.css").read_text("utf-8")
    ledger = report.ledger
    return environment.get_template("claims.html.j2").render(
        style=Markup(style),
        about=ledger.about,
        n=len(report.assessed),
        verdicts=verdict_counts(report.assessed),
        verdict_words=list(VERDICT_WORDS.values()),
        systems=[_system(report, system) for system in ledger.systems],
        areas=[_area(report, key, name) for key, name in ledger.areas.items()],
        levels=levels_table(report),
        doses=doses_table(report),
        rules=rules_table(),
        references=[_reference(report, key) for key in report.citations.keys],
        statuses=Counter(one.status for one in report.citations.references),
        duplicates=report.citations.duplicates,
        contradictions=ledger.contradictions,
        gaps=ledger.gaps,
        sources=sources_table(report),
        notes=report.notes,
    )


def _link(report: ClaimsReport, question: str) -> dict[str, str]:
    asked = report.asked[question]
    return {
        "id": question,
        "title": asked.question.title,
        "href": f"../{asked.analysis}/index.html#q-{question}",
    }


def _system(report: ClaimsReport, system: ClaimSystem) -> dict[str, Any]:
    mine = [x for x in report.assessed if system.id in x.systems]
    return {
        "s": system,
        "verdicts": verdict_counts(mine),
        "links": [_link(report, question) for question in system.questions],
        "claims": [x.claim.id for x in mine],
    }


def _area(report: ClaimsReport, key: str, name: str) -> dict[str, Any]:
    mine = [x for x in report.assessed if x.claim.area == key]
    return {
        "key": key,
        "name": name,
        "verdicts": verdict_counts(mine),
        "claims": [_claim(report, x) for x in mine],
    }


def _claim(report: ClaimsReport, assessed: AssessedClaim) -> dict[str, Any]:
    claim, record = assessed.claim, claim_record(assessed, report.asked)
    parts = [
        {
            "r": part,
            "link": None if part["question"] is None else _link(report, part["question"]),
            "trials": trials_text(part),
            "estimate": estimate_text(part),
            "all_reports": all_reports_text(part),
            "probability": probability_text(part),
            "certainty": certainty_text(part),
            "printed": printed_text(part),
        }
        for part in record["parts"]
    ]
    return {
        "c": claim,
        "verdict": _sentence(assessed.ruling.words, end=""),
        "class": assessed.ruling.verdict.replace("_", "-"),
        "reason": _sentence(assessed.reason),
        "wording": assessed.wording,
        "kind": KIND_WORDS[claim.kind],
        "strength": STRENGTH_WORDS[claim.strength],
        "reader": claim.reader_verdict.replace("_", " "),
        "comparison": _comparison(assessed),
        "cited": None if claim.cited is None else SUPPORT_WORDS[claim.cited.supports],
        "parts": parts,
        "seen": [
            {"s": seen, "source": report.ledger.source(seen.source)} for seen in claim.evidence
        ],
        "systems": assessed.systems,
    }


def _sentence(text: str, end: str = ".") -> str:
    """Begin with a capital, end with a full stop."""
    whole = text[:1].upper() + text[1:]
    return whole if whole.endswith(end) else whole + end


def _comparison(assessed: AssessedClaim) -> str:
    claim = assessed.claim
    sides = [claim.treatment, claim.control]
    told = " against ".join(side for side in sides if side and side != "none")
    people = claim.population or "nobody named"
    return f"{people}; {told}" if told else people


def levels_table(report: ClaimsReport) -> Table | None:
    """Each expected level that is claimed, and how far each arm's level lies from it."""
    rows = []
    for assessed in report.assessed:
        for part in assessed.parts:
            holds = part.test.holds
            if part.test.level is None or holds is None:
                continue
            unit = part.test.level.unit
            wanted = f"{holds.low:g} to {holds.high:g}" if holds.high else f"above {holds.low:g}"
            rows += [
                (
                    assessed.claim.id,
                    f"{wanted} {unit}",
                    level.label,
                    level.regimen,
                    "" if level.weeks is None else f"{level.weeks:.0f}",
                    "" if level.n is None else str(level.n),
                    f"{level.level:.4g}",
                    f"{level.kind}{', ' if level.spread else ''}{level.spread}",
                    _distance(level.distance, unit),
                    level.source,
                )
                for level in part.levels
            ]
    if not rows:
        return None
    head = (
        "Claim", "Claimed", "Study", "What the men got", "Week", "n", "Level", "What it is",
        "Distance from the claimed range", "Source",
    )  # fmt: skip
    return Table("Expected levels against the levels seen", head, tuple(rows), (4, 5, 6))


def doses_table(report: ClaimsReport) -> Table | None:
    """Each weekly dose that is claimed, and those that men were given."""
    rows = [
        (
            assessed.claim.id,
            part.test.part,
            dose.label,
            dose.design.replace("_", " "),
            dose.arm,
            dose.schedule,
            f"{dose.weekly_mg:g}",
            "the same" if dose.times == 1 else f"{dose.times:.3g} times",
        )
        for assessed in report.assessed
        for part in assessed.parts
        for dose in part.doses
    ]
    if not rows:
        return None
    head = (
        "Claim", "Claimed", "Study", "Design", "Arm", "Schedule", "mg a week",
        "Against the claimed dose",
    )  # fmt: skip
    return Table("Claimed doses against the doses given", head, tuple(rows), (6,))


def _distance(distance: float, unit: str) -> str:
    if distance == 0:
        return "inside"
    way = "below" if distance < 0 else "above"
    return f"{abs(distance):.3g} {unit} {way}"


def rules_table() -> Table:
    """The rules by which verdicts are given."""
    rows = tuple((name.replace("_", " "), text) for name, text in RULES.items())
    needed = ", ".join(f"{STRENGTH_WORDS[s]}: {CERTAINTY_WORDS[c]}" for s, c in NEEDED.items())
    caption = (
        f"A part of a claim counts as true, or as false, from a probability of {percent(SURE, 1)} "
        f"on. Certainty needed by a claim {needed}. From {INTERVAL_FROM} trials on the interval of "
        "the main analysis must agree."
    )
    return Table("Rules", ("Rule", "Meaning"), rows, (), caption)


def sources_table(report: ClaimsReport) -> Table:
    """The works that were seen to bear on the claims."""
    rows = tuple(
        (source.key, source.cite, source.what, source.pmid or "", source.study or "", source.url)
        for source in report.ledger.sources
    )
    head = ("Key", "Work", "What it is", "PubMed", "Study file", "Page seen")
    return Table("Works seen", head, rows)


def _reference(report: ClaimsReport, key: str) -> dict[str, Any]:
    one = next(r for r in report.citations.references if r.key == key)
    claims = [x.claim for x in report.assessed if x.claim.cited and x.claim.cited.key == key]
    word = {
        "same_paper": "The paper",
        "same_paper_title_and_authors_only": "The paper, by title and authors only",
        "nearest_paper": "The nearest real paper",
    }[one.found.match]
    return {
        "r": one,
        "status": one.status.replace("_", " "),
        "cited": reference_text(one.as_cited),
        "found": reference_text(one.found),
        "found_word": word,
        "others": [
            f"{x.authors}. {x.title}. {x.journal or 'journal not seen'} {x.year or ''}".strip()
            for x in one.other_candidates
        ],
        "claims": [(c.id, SUPPORT_WORDS[c.cited.supports]) for c in claims if c.cited],
    }
