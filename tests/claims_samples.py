"""A small ledger of claims, its citations and its project, for the tests of claims."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

from samples import tiny_project

from evidence.catalog.claims import Claim, Ledger
from evidence.catalog.project import Project

Plain = dict[str, Any]
URL = "https://example.org/page"


def claim_plain(**changes: Any) -> Plain:
    plain: Plain = {
        "id": "lowers",
        "articles": ["article-1"],
        "section": "Fundamentals",
        "claim": "It lowers the hormone",
        "area": "axis",
        "kind": "effect_direction",
        "strength": "plain",
        "population": "men",
        "treatment": "anastrozole",
        "control": "placebo",
        "outcomes": ["estradiol"],
        "direction": "decrease",
        "testable_by": "pooled_rct",
        "tests": [
            {"part": "it is lower", "question": "hormone", "holds": {"relation": "below"}},
        ],
        "reader_verdict": "supported",
        "evidence": [
            {"source": "leder-2004", "url": URL, "shows": "26 to 17 pg/mL", "agrees": "yes"},
        ],
    }
    return plain | changes


ADVICE: Plain = claim_plain(
    id="watch",
    claim="It should be watched",
    kind="advice",
    tests=[],
    not_testable="Advice; no trial was seen.",
    reader_verdict="not_applicable",
    evidence=[],
    direction="association",
)
PRINTED: Plain = claim_plain(
    id="trial-found",
    claim="One trial found it lower <b>in bone</b>",
    kind="fact",
    tests=[
        {
            "part": "it fell",
            "figure": {"study": "said-2010", "outcome": "o", "arm": "a", "versus": "p"},
            "holds": {"relation": "below"},
        },
        {"part": "the others did not", "open_point": "Not visible."},
    ],
    cited={"key": "leder-2004", "link": "explicit", "supports": "yes", "reason": "it says so"},
)


def ledger_plain(*claims: Plain, **changes: Any) -> Plain:
    told = [copy.deepcopy(c) for c in (claims or (claim_plain(), ADVICE, PRINTED))]
    system = {
        "id": "axis-response",
        "name": "Response",
        "question": "By how much?",
        "pico": {
            "population": "men",
            "intervention": "anastrozole",
            "comparator": "placebo",
            "outcomes": ["estradiol"],
        },
        "study_designs": ["parallel_rct"],
        "claims": [told[0]["id"]],
        "questions": ["hormone"],
    }
    plain: Plain = {
        "about": "What is claimed.",
        "articles": [{"id": "article-1", "file": "one.txt"}],
        "n_claims": len(told),
        "areas": {"axis": "Axis"},
        "gaps": ["Nothing on fractures."],
        "contradictions": [{"topic": "target", "a": told[0]["id"], "b": told[-1]["id"]}],
        "systems": [system],
        "sources": [
            {"key": "leder-2004", "cite": "Leder 2004", "what": "a trial", "url": URL},
        ],
        "claims": told,
    }
    return plain | changes


CITATIONS: Plain = {
    "about": "The references.",
    "n_references": 2,
    "rules": ["as printed"],
    "status_counts": {"exact": 1, "not_found": 1},
    "duplicates": [{"paper": "leder-2004", "entries": ["leder-2004", "nowhere-2010"]}],
    "references": [
        {
            "key": "leder-2004",
            "same_as": None,
            "as_cited": {
                "authors": "Leder BZ",
                "title": "Effects",
                "journal": "JCEM",
                "year": 2004,
                "volume": "89",
                "issue": "3",
                "pages": "1174-1180",
                "articles": ["article-1"],
            },
            "found": {
                "match": "same_paper",
                "authors": "Leder BZ",
                "title": "Effects",
                "journal": "JCEM",
                "year": 2004,
                "volume": "89",
                "issue": "3",
                "pages": "1174-1180",
                "pmid": "15001605",
                "doi": "10.1210/jc.2003-031467",
                "url": URL,
            },
            "status": "exact",
            "discrepancies": [],
        },
        {
            "key": "nowhere-2010",
            "same_as": "leder-2004",
            "as_cited": {
                "authors": "N",
                "title": "Nowhere",
                "journal": "J",
                "year": 2010,
                "articles": ["article-1"],
            },
            "found": {
                "match": "nearest_paper",
                "authors": None,
                "title": "Somewhere",
                "journal": None,
                "year": None,
                "volume": None,
                "issue": None,
                "pages": None,
                "pmid": None,
                "doi": None,
                "url": URL,
            },
            "status": "not_found",
            "discrepancies": ["no such paper seen"],
            "other_candidates": [
                {
                    "authors": "M",
                    "title": "Else",
                    "journal": "K",
                    "year": 2011,
                    "pmid": None,
                    "url": None,
                    "seen": "a list",
                }
            ],
        },
    ],
}


def ledger_of(*claims: Plain, **changes: Any) -> Ledger:
    return Ledger.model_validate_json(json.dumps(ledger_plain(*claims, **changes)))


def claim_of(**changes: Any) -> Claim:
    return Claim.model_validate_json(json.dumps(claim_plain(**changes)))


def write_plain(path: Path, plain: Plain) -> Path:
    path.write_text(json.dumps(plain, indent=1), encoding="utf-8")
    return path


def claims_project(root: Path, *claims: Plain, **changes: Any) -> Project:
    """The tiny project with claims and citations."""
    project = tiny_project(root)
    write_plain(project.root / "data" / "claims.yaml", ledger_plain(*claims, **changes))
    write_plain(project.root / "data" / "citations.yaml", CITATIONS)
    return project
