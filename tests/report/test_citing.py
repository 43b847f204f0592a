"""Cite this: identifiers that stay, and texts that reference managers read."""

import json
import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml

import evidence as ev
from evidence.effects.foreign.ris import read_ris
from evidence.errors import ReportError
from evidence.report.cite import Citable, Release
from evidence.report.citing import (
    FORMS,
    anchor_of,
    citable_claim,
    citables,
    cite_files,
    cite_texts,
)
from evidence.report.exchange.outgoing import release_of
from evidence.report.result import QuestionResult, ResultFile
from tests.report.exchange.exchange_hostile import HOSTILE
from tests.report.exchange.exchange_samples import RELEASE, project

WHAT = Citable("spine_bmd_men", "question", "Spine BMD in men")
# What the schema of CITATION.cff 1.2.0 knows at its top, and demands.
CFF = {
    "abstract", "authors", "cff-version", "commit", "contact", "date-released", "doi",
    "identifiers", "keywords", "license", "license-url", "message", "preferred-citation",
    "references", "repository", "repository-artifact", "repository-code", "title", "type", "url",
    "version",
}  # fmt: skip
CFF_NEEDED = {"authors", "cff-version", "message", "title"}


def questions() -> Iterator[QuestionResult]:
    for path in sorted(project().reports_folder.glob("*/result.json")):
        yield from ResultFile.model_validate_json(path.read_bytes()).questions


def question(name: str) -> QuestionResult:
    return next(q for q in questions() if q.id == name)


def test_a_question_and_its_estimates_have_identifiers() -> None:
    found = citables(question("spine_bmd_men_percent"), "https://x.example/q.html")
    assert [(x.id, x.kind) for x in found] == [
        ("spine_bmd_men_percent", "question"),
        ("spine_bmd_men_percent.main", "estimate"),
        ("spine_bmd_men_percent.exact", "estimate"),
        ("spine_bmd_men_percent.borrowed", "estimate"),
    ]
    assert found[1].url == "https://x.example/q.html#e-spine_bmd_men_percent-main"
    assert "; estimate of the one trial: −2.5 percentage points (95 % CI" in found[1].title
    assert "; Bayesian estimate: −2.4 percentage points (95 % CrI" in found[2].title
    assert "; estimate with what is borrowed from women: −2.6 percentage" in found[3].title
    assert [x.url for x in citables(question("spine_bmd_men_percent"))] == [None] * 4
    with pytest.raises(ReportError, match="question"):
        citables("spine_bmd_men")  # type: ignore[arg-type]


def test_what_a_report_does_not_give_cannot_be_cited() -> None:
    ids: list[str] = []
    kinds: set[str] = set()
    for q in questions():
        found = {x.id.removeprefix(f"{q.id}").lstrip(".") for x in citables(q)}
        assert ("main" in found) == (q.main is not None)
        assert ("exact" in found) == (q.exact is not None)
        assert ("said" in found) == (q.said is not None and bool(q.said.terms))
        assert ("borrowed" in found) == (q.borrowed is not None and bool(q.borrowed.rows))
        ids += [x.id for x in citables(q)]
        kinds |= found
    assert kinds == {"", "main", "exact", "said", "borrowed"}
    assert len(ids) == len(set(ids)) > 200
    anchors = [anchor_of(x.id, x.kind) for q in questions() for x in citables(q)]
    assert len(set(anchors)) == len(anchors)
    assert all(re.fullmatch(r"[qe]-[\w-]+", anchor) for anchor in anchors)


def test_titles_say_whether_trials_were_pooled_or_lent() -> None:
    pooled = next(q for q in questions() if q.main is not None and q.k > 2)
    assert "; pooled estimate: " in citables(pooled)[1].title
    alone = question("cv_event_men")
    assert [x.id for x in citables(alone)] == ["cv_event_men", "cv_event_men.borrowed"]
    assert "; prediction from women: " in citables(alone)[1].title
    said = next(q for q in questions() if q.said is not None and q.said.terms)
    assert any("from complete and partial reports: " in x.title for x in citables(said))


def test_a_claim_has_the_anchor_that_its_page_has_long_had() -> None:
    what = citable_claim("hpg", "It falls", "uncertain", "https://x.example/claims.html")
    assert (what.id, what.kind) == ("claim-hpg", "claim")
    assert what.title == "Verdict on the claim “It falls”: uncertain"
    assert what.url == "https://x.example/claims.html#c-hpg"
    assert anchor_of(what.id, what.kind) == "c-hpg"


def test_each_text_names_version_data_and_date(tmp_path: Path) -> None:
    texts = cite_texts(Citable("a.main", "estimate", "T: −2.5", "https://x.example/#e"), RELEASE)
    assert list(texts) == list(FORMS) == ["vancouver", "bibtex", "ris", "csl"]
    for form, text in texts.items():
        assert "0.1.0" in text, form
        assert "ab12" in text, form
        assert "2026" in text, form
        assert "a.main" in text, form
        assert "https://x.example/#e" in text.replace("\\", ""), form
    assert texts["vancouver"] == (
        "The evidence authors. T: −2.5 [dataset]. evidence: a title [Internet]. Version 0.1.0. "
        "2026. Available from: https://x.example/#e Estimate a.main; data ab12; released "
        "2026-11-21."
    )
    (item,) = json.loads(texts["csl"])
    assert item["issued"] == {"date-parts": [[2026, 11, 21]]}
    assert item["version"] == "0.1.0"
    (tmp_path / "a.ris").write_text(texts["ris"], encoding="utf-8")
    (read,) = read_ris(tmp_path / "a.ris")
    assert read.title == "T: −2.5 [a.main, version 0.1.0, data ab12]"


def test_the_files_hold_the_texts() -> None:
    texts = cite_texts(WHAT, RELEASE)
    files = cite_files(WHAT, texts)
    assert list(files) == ["spine_bmd_men.bib", "spine_bmd_men.ris", "spine_bmd_men.json"]
    assert files["spine_bmd_men.bib"].decode() == texts["bibtex"]
    assert json.loads(files["spine_bmd_men.json"])[0]["id"] == "spine_bmd_men"


def test_without_a_release_no_date_is_made_up() -> None:
    texts = cite_texts(WHAT, Release("evidence", ("A",), "0.1.0", "ab12"))
    assert "released" not in texts["vancouver"]
    assert "issued" not in texts["csl"]
    assert "PY  -" not in texts["ris"]


@pytest.mark.parametrize("words", HOSTILE)
def test_words_stay_words(words: str) -> None:
    texts = cite_texts(Citable("a", "claim", words), RELEASE)
    title = json.loads(texts["csl"])[0]["title"]
    shown, told, _ = title.rpartition(f" [a, version {RELEASE.version}, data ")
    assert told
    assert shown.rstrip(".") in texts["vancouver"]
    assert texts["ris"].count("\nTY  - ") == 0
    assert texts["ris"].count("\nER  - ") == 1
    assert re.fullmatch(r"@misc\{a,\n(?:  \w+ = .*\n)+\}\n", texts["bibtex"])


@pytest.mark.parametrize("url", ["javascript:alert(1)", "x.example", "https://a b", "", "ftp://x"])
def test_a_release_has_an_address_or_none(url: str) -> None:
    assert Release("e", ("A",), "1", "a", None, "https://x.example/e/").url
    with pytest.raises(ReportError, match=r"(?s)no address like this.*or None"):
        Release("e", ("A",), "1", "a", None, url)


def test_the_citation_file_is_as_its_schema_has_it() -> None:
    head: dict[str, Any] = yaml.safe_load((project().root / "CITATION.cff").read_text("utf-8"))
    assert CFF_NEEDED <= set(head) <= CFF
    assert head["cff-version"] == "1.2.0"
    assert head["type"] in ("software", "dataset")
    assert head["version"] == ev.__version__
    assert isinstance(head["date-released"], date)
    assert all(isinstance(head[x], str) and head[x].strip() for x in ("title", "message"))
    assert head["license"] in (project().root / "LICENSE").read_text("utf-8")
    assert head["keywords"] == list(dict.fromkeys(head["keywords"]))
    for one in head["authors"]:
        assert set(one) <= {"name", "given-names", "family-names", "affiliation", "orcid", "email"}
        assert one.get("name") or one.get("family-names")
    release = release_of(project(), [])
    assert (release.title, release.version) == (head["title"], head["version"])
    assert release.date == head["date-released"].isoformat()
