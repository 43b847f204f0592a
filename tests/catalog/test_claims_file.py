"""Claims and citations: what their files must hold, and that nothing of the dossier is lost."""

import copy
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from claims_samples import CITATIONS, PRINTED, claim_plain, ledger_plain, write_plain
from helpers import TERMS

from evidence.catalog.citations import Citations, load_citations
from evidence.catalog.claims import Ledger, load_claims
from evidence.catalog.read import study_files
from evidence.errors import StudyError

DATA = Path(__file__).resolve().parents[2] / "data"


def refused(tmp_path: Path, plain: Any, match: str, **known: Any) -> None:
    path = write_plain(tmp_path / "claims.yaml", plain)
    with pytest.raises(StudyError, match=match) as error:
        load_claims(path, **known)
    assert all(problem.where.startswith(str(path)) for problem in error.value.problems)
    assert all(problem.right for problem in error.value.problems)


def test_a_sound_ledger_loads(tmp_path: Path) -> None:
    path = write_plain(tmp_path / "claims.yaml", ledger_plain())
    ledger = load_claims(path, questions=["hormone"], references=["leder-2004"])
    assert [claim.id for claim in ledger.claims] == ["lowers", "watch", "trial-found"]
    assert ledger.claims[0].questions == ("hormone",)
    assert ledger.source("leder-2004").cite == "Leder 2004"
    assert ledger.systems_of("lowers") == ("axis-response",)


@pytest.mark.parametrize(
    ("change", "match"),
    [
        ({"kind": "guess"}, '"guess" is not allowed'),
        ({"strength": "loud"}, '"loud" is not allowed'),
        ({"area": "moon"}, '"moon" is no area'),
        ({"articles": ["article-9"]}, '"article-9" is no article'),
        ({"tests": []}, "needs not_testable"),
        ({"not_testable": "no"}, "claims with tests"),
        ({"tests": [], "not_testable": "no"}, 'kind "effect_direction" needs tests'),
        ({"kind": "advice"}, "claims with tests"),
        ({"surprise": 1}, 'unknown key "surprise"'),
        ({"evidence": [{"source": "x", "url": "u", "shows": "s", "agrees": "yes"}]}, "wrong form"),
        ({"size": {"unit": "pg/mL"}}, "a size needs low, high or both"),
        ({"size": {"low": 3, "high": 2, "unit": "pg/mL"}}, "low 3 is above high 2"),
    ],
)
def test_a_claim_that_is_not_whole(tmp_path: Path, change: Any, match: str) -> None:
    refused(tmp_path, ledger_plain(claim_plain(**change)), match)


@pytest.mark.parametrize(
    ("change", "match"),
    [
        ({"question": None}, "needs an open_point"),
        ({"holds": None}, "holds is missing"),
        ({"figure": PRINTED["tests"][0]["figure"]}, "held against a figure, or"),
        ({"direct": False}, "direct: false and indirect_reason go together"),
        ({"indirect_reason": "women"}, "direct: false and indirect_reason go together"),
        ({"holds": {"relation": "between", "low": 3}}, "between needs low and high"),
        ({"holds": {"relation": "between", "low": 3, "high": 3}}, "between needs low and high"),
        ({"holds": {"relation": "below", "high": 3}}, '"below" knows no high'),
        ({"holds": {"relation": "differs", "low": 3}}, '"differs" knows no low'),
        ({"holds": {"relation": "below", "margin": 3}}, '"below" knows no margin'),
        ({"holds": {"relation": "no_difference", "margin": 0}}, "out of range"),
    ],
)
def test_a_test_that_tests_nothing(tmp_path: Path, change: Any, match: str) -> None:
    test = claim_plain()["tests"][0] | change
    refused(tmp_path, ledger_plain(claim_plain(tests=[test])), match)


def test_words_that_lead_nowhere(tmp_path: Path) -> None:
    refused(tmp_path, ledger_plain(), '"hormone" is no declared question', questions=["bone"])
    refused(tmp_path, ledger_plain(), '"leder-2004" is no reference', references=["x"])
    seen = [{"source": "x-1", "url": "https://x.org", "shows": "s", "agrees": "yes"}]
    refused(tmp_path, ledger_plain(claim_plain(evidence=seen)), '"x-1" is no source')
    again = ledger_plain(claim_plain(), claim_plain())
    refused(tmp_path, again, '"lowers" stands twice')
    refused(tmp_path, ledger_plain(n_claims=4), "4 claims are announced, 3 stand here")
    lost = ledger_plain(contradictions=[{"topic": "t", "a": "lowers", "b": "gone"}])
    refused(tmp_path, lost, '"gone" is no claim')
    system = ledger_plain()["systems"][0]
    refused(
        tmp_path,
        ledger_plain(systems=[system | {"claims": ["gone"]}]),
        '"gone" is no claim',
    )
    refused(
        tmp_path,
        ledger_plain(systems=[system | {"questions": []}]),
        "an open_point must say why",
    )


def test_levels_and_doses_are_of_the_vocabulary(tmp_path: Path) -> None:
    holds = {"relation": "above", "low": 40}
    level = {"outcome": "estradiol", "unit": "pg/ml", "inhibitor": False}
    dose = {"drug": "anastrazole", "low_mg": 1.0, "high_mg": 1.0}
    tests = [{"part": "l", "level": level, "holds": holds}, {"part": "d", "dose": dose}]
    path = write_plain(tmp_path / "claims.yaml", ledger_plain(claim_plain(tests=tests)))
    load_claims(path)
    with pytest.raises(StudyError, match='did you mean "pg/mL"') as error:
        load_claims(path, TERMS)
    assert 'did you mean "anastrozole"' in str(error.value)


def test_a_file_that_is_none(tmp_path: Path) -> None:
    path = tmp_path / "claims.yaml"
    path.write_text("a: [", encoding="utf-8")
    with pytest.raises(StudyError, match="is not YAML"):
        load_claims(path)


def citations(**changes: Any) -> Any:
    return copy.deepcopy(CITATIONS) | changes


def changed(index: int, **changes: Any) -> Any:
    plain = citations()
    plain["references"][index] |= changes
    return plain


@pytest.mark.parametrize(
    ("plain", "match"),
    [
        (citations(n_references=3), "3 references are announced, 2 stand here"),
        (citations(status_counts={"exact": 2}), "2 are counted, 1 stand here"),
        (citations(duplicates=[{"paper": "x", "entries": ["x", "leder-2004"]}]), "no reference"),
        (changed(1, same_as="gone"), '"gone" is no reference'),
        (changed(1, key="leder-2004"), '"leder-2004" stands twice'),
        (changed(0, discrepancies=["x"]), "an exact reference has no discrepancies"),
        (changed(1, discrepancies=[]), "needs discrepancies"),
        (changed(1, status="minor_errors"), "needs the match same_paper"),
    ],
)
def test_citations_that_do_not_hold_together(tmp_path: Path, plain: Any, match: str) -> None:
    path = write_plain(tmp_path / "citations.yaml", plain)
    with pytest.raises(StudyError, match=match):
        load_citations(path)


def test_sound_citations_load(tmp_path: Path) -> None:
    found = load_citations(write_plain(tmp_path / "citations.yaml", CITATIONS))
    assert found.keys == ("leder-2004", "nowhere-2010")


@pytest.fixture(scope="module")
def curated_citations() -> Citations:
    return load_citations(DATA / "citations.yaml")


@pytest.fixture(scope="module")
def curated(curated_citations: Citations) -> Ledger:
    return load_claims(DATA / "claims.yaml", references=curated_citations.keys)


def test_no_claim_of_the_dossier_is_lost(curated: Ledger) -> None:
    claims = curated.claims
    assert len(claims) == curated.n_claims == 106
    assert Counter(c.articles[0] for c in claims) == {"article-1": 71, "article-2": 35}
    assert Counter(c.area for c in claims) == {
        "skeletal": 28, "trt_protocol": 21, "symptoms": 13, "cardiovascular": 12, "mechanism": 11,
        "hormonal_axis": 8, "cns": 7, "reproductive": 4, "gynecomastia": 2,
    }  # fmt: skip
    assert Counter(c.testable_by for c in claims) == {
        "pooled_rct": 33, "observational": 28, "single_rct": 20, "opinion": 16,
        "mechanistic_only": 9,
    }  # fmt: skip
    assert Counter(c.reader_verdict for c in claims) == {
        "supported": 39, "not_verified": 18, "partly_supported": 17, "mixed": 14,
        "contradicted": 5, "not_applicable": 5, "not_checked": 5, "indirect_only": 3,
    }  # fmt: skip
    assert sum(len(c.evidence) for c in claims) == EVIDENCE
    assert sum(c.cited is not None for c in claims) == CITED
    assert sum(c.note is not None for c in claims) == NOTES
    assert len(curated.sources) == SOURCES
    assert len(curated.systems) == 13
    assert sum(len(s.claims) for s in curated.systems) == IN_SYSTEMS
    assert (len(curated.gaps), len(curated.contradictions)) == (3, 2)


EVIDENCE, CITED, NOTES, SOURCES, IN_SYSTEMS = 209, 42, 42, 71, 77


def test_every_figure_of_the_protocol_table_is_a_level_with_a_range(curated: Ledger) -> None:
    levels = {c.id: c.size for c in curated.claims if c.id.startswith("proto-expected")}
    assert {(k, s.low, s.high, s.unit) for k, s in levels.items() if s is not None} == {
        ("proto-expected-t-trt-only", 700, 900, "ng/dL"),
        ("proto-expected-t-with-ai", 800, 1000, "ng/dL"),
        ("proto-expected-e2-trt-only", 40, None, "pg/mL"),
        ("proto-expected-e2-with-ai", 20, 30, "pg/mL"),
    }
    for claim in curated.claims:
        if claim.id in levels:
            assert any(test.level is not None for test in claim.tests)


def test_studies_named_by_sources_and_figures_exist(curated: Ledger) -> None:
    known = {path.stem for path in study_files(DATA / "studies")}
    named = {s.study for s in curated.sources if s.study is not None}
    figures = {t.figure.study for c in curated.claims for t in c.tests if t.figure is not None}
    assert named | figures <= known


def test_the_check_of_the_references_is_whole(curated_citations: Citations) -> None:
    assert curated_citations.n_references == 18
    assert curated_citations.status_counts == {
        "exact": 7, "minor_errors": 3, "wrong_details": 0, "not_found": 6,
        "does_not_exist_as_cited": 2,
    }  # fmt: skip
    assert sum(len(r.other_candidates) for r in curated_citations.references) == 3
