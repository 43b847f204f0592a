"""The document of a report: what stands in it, in which order, and what it cites."""

import json
from dataclasses import replace
from typing import Any

import pytest
from samples import (
    FIVE,
    RUN,
    TERMS,
    THREE,
    answered,
    file_of,
    material_of,
    part,
    result_of,
    trials,
    with_sampled,
)

from evidence.catalog.study import Study
from evidence.report.cite import Release
from evidence.report.collect import collect
from evidence.report.composed.citing import with_citation
from evidence.report.composed.material import Material
from evidence.report.composed.references import references_of
from evidence.report.composed.report import compose
from evidence.report.document.blocks import (
    Document,
    Fold,
    Heading,
    Part,
    Picture,
    TableBlock,
    Verbatim,
    walk,
)
from evidence.report.document.resolve import resolve
from evidence.report.pictures import further_pictures
from evidence.report.result import QuestionResult

RELEASE = {
    "title": "Evidence", "authors": ["The authors"], "version": "1.2", "date": "2026-11-21",
}  # fmt: skip
SAID = part("said-2010", direction="decrease", p={"relation": "<", "value": 0.05})


def studies() -> list[Study]:
    """Trials whose reports have keys of their own, but the last two share one paper's."""
    found = []
    for i, study in enumerate([*trials(FIVE), SAID]):
        plain: dict[str, Any] = study.model_dump(mode="json")
        key = f"paper-{min(i, 4)}"
        plain["reports"] = [{"key": key, "authors": "Doe J", "title": key, "year": 2001}]
        for outcome in plain["outcomes"]:
            outcome["source"]["report"] = key
        found.append(Study.model_validate_json(json.dumps(plain)))
    return found


def made(**changes: Any) -> tuple[Document, QuestionResult]:
    answer = answered(studies())
    result = with_sampled(collect(answer, TERMS))
    material = replace(
        material_of(result, traces="a\n└─ b"),
        further={"q": further_pictures(answer)},
        references=references_of(studies()),
    )
    return compose(file_of(result), material, {**RUN, **changes}), result


@pytest.fixture(scope="module")
def document() -> Document:
    return made()[0]


def blocks_of(document: Document, kind: type) -> list[Any]:
    return [block for block in walk(document.blocks) if isinstance(block, kind)]


def test_every_figure_has_its_table_and_every_anchor_its_name(document: Document) -> None:
    pictures = {p.anchor: p for p in blocks_of(document, Picture)}
    assert pictures.keys() >= {"f-q", "f-q-posterior", "f-q-said", "f-q-contribution"}
    tables = {t.anchor: t for t in blocks_of(document, TableBlock)}
    assert {p.text for p in pictures.values()} <= set(tables)
    assert pictures["f-q-posterior"].text == "t-q-shrinkage"
    assert pictures["f-q-contribution"].text == "t-q-said-2"
    assert "Precision lost without it" in tables["t-q-said-2"].table.head
    assert all(p.png.startswith(b"\x89PNG") and p.svg for p in pictures.values())
    assert resolve(document).labels["f-q"] == "Figure 1"


def test_the_order_is_that_of_reading(document: Document) -> None:
    found = [h.anchor for h in blocks_of(document, Heading)]
    assert found == ["found", "shown", "q-q", "how", "references", "unused", "run"]
    parts = [p.anchor for p in blocks_of(document, Part)]
    assert parts[0] == "a-q"
    assert "said-q" in parts


def test_rows_cite_the_reports_they_rest_on(document: Document) -> None:
    tables = {t.anchor: t for t in blocks_of(document, TableBlock)}
    cites = tables["t-q-effects"].cites
    assert len(cites) == 5
    assert sorted({key for keys in cites.values() for key in keys})[:2] == ["paper-0", "paper-1"]
    assert tables["t-q-partial"].cites == {0: ("paper-4",)}
    resolved = resolve(document)
    assert set(resolved.numbers) >= {"paper-0", "paper-4", "viechtbauer-2005"}
    assert [entry.text for entry in resolved.entries if entry.key == "paper-0"] == [
        "Doe J. paper-0. 2001."
    ]


def test_estimates_have_anchors_of_their_own(document: Document) -> None:
    anchors = {a for t in blocks_of(document, TableBlock) for a in t.rows.values()}
    assert anchors == {"e-q-main", "e-q-common", "e-q-wald", "e-q-exact", "e-q-said"}
    tables = {t.anchor: t for t in blocks_of(document, TableBlock)}
    row = next(i for i, a in tables["t-q-models"].rows.items() if a == "e-q-exact")
    assert tables["t-q-models"].table.rows[row][0].startswith("Bayes, exact")


def test_what_a_printed_form_leaves_out_can_be_read_elsewhere(document: Document) -> None:
    elsewhere = {f.title: f.elsewhere for f in blocks_of(document, Fold) if f.elsewhere}
    assert elsewhere == {"From each number down to the printed page": "trace.csv"}
    under = {f.under for f in blocks_of(document, Fold)}
    assert under == {"q-q"}


def test_a_release_is_cited() -> None:
    document, _ = made(release=RELEASE)
    assert document.about["date"] == "2026-11-21"
    folds = {f.title: f for f in blocks_of(document, Fold)}
    texts = [b.text for b in walk(folds["Cite this"].blocks) if isinstance(b, Verbatim)]
    assert any(text.startswith("@misc{q,") and "data " in text for text in texts)
    assert any(text.startswith("TY  - DATA") for text in texts)
    assert "cite" in [h.anchor for h in blocks_of(document, Heading)]
    assert "cite" not in [h.anchor for h in blocks_of(made(release=None)[0], Heading)]


def test_a_question_without_any_trial_is_said_in_words() -> None:
    nothing = result_of([])
    document = compose(file_of(nothing), material_of(nothing), RUN)
    assert blocks_of(document, Picture) == []
    said = result_of([SAID])
    document = compose(file_of(said), material_of(said), RUN)
    (picture,) = blocks_of(document, Picture)
    assert picture.text == "t-q-directions"


def test_two_studies_that_tell_a_paper_differently_both_stand() -> None:
    one, two = studies()[:2]
    plain: dict[str, Any] = two.model_dump(mode="json")
    plain["reports"] = [{"key": "paper-0", "authors": "Doe J", "title": "other", "year": 2001}]
    plain["outcomes"] = []
    references = references_of([one, Study.model_validate_json(json.dumps(plain))])
    assert set(references.items) == {"paper-0", f"{two.id}.paper-0"}
    assert references.of(two.id, "paper-0[abstract]; nobody[x]") == (f"{two.id}.paper-0",)
    assert references.of("nobody", "paper-0[abstract]") == ()


def test_the_same_result_gives_the_same_document() -> None:
    assert made()[0] == made()[0]
    assert isinstance(material_of(result_of(trials(THREE))), Material)


def test_a_page_on_the_whole_says_how_it_is_cited() -> None:
    whole = Document("claims", "The claims", "All.", (Heading(2, "By system", "systems"),))
    assert with_citation(whole, None) == whole
    release = Release("Evidence", ("The authors",), "1.2", "ab" * 32, "2026-11-21")
    cited = with_citation(whole, release)
    assert [h.anchor for h in blocks_of(cited, Heading)] == ["systems", "cite"]
    assert cited.about == {
        "version": "1.2", "data_hash": "ab" * 32, "date": "2026-11-21", "author": "The authors",
    }  # fmt: skip
    texts = " ".join(b.text for b in blocks_of(cited, Verbatim))
    assert "[claims, version 1.2, data abababababab]" in texts
    assert resolve(cited).labels == {}
