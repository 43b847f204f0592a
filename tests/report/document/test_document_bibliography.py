"""The bibliography: every field of every reference is printed, as it stands."""

import re
import unicodedata
from typing import Any, cast

import pytest
from document_samples import HOSTILE, REFERENCES

import evidence as ev
from evidence.errors import ReportError
from evidence.report.cite import csl_items
from evidence.report.document.bibliography import Entry, address, bibliography
from evidence.report.methods import library

Item = dict[str, Any]
SAMPLES = cast("dict[str, Item]", REFERENCES)
LEDER = SAMPLES["leder-2004"]


def text_of(**changes: object) -> str:
    """The entry of a reference with other fields; a field of None is left out."""
    item: Item = {k: v for k, v in (LEDER | changes).items() if v is not None}
    (entry,) = bibliography(["a"], {"a": item})
    return entry.text


def project_items() -> dict[str, Item]:
    return {item["id"]: item for item in csl_items(ev.load_studies())} | library()


def test_an_article_as_the_national_library_writes_it() -> None:
    assert bibliography(["leder-2004"], SAMPLES) == (
        Entry(
            "leder-2004",
            1,
            "Leder BZ, Rohrer JL. Effects of aromatase inhibition. J Clin Endocrinol Metab. "
            "2004;89(3):1174–80. doi:10.1210/jc.2003-031467",
            "https://doi.org/10.1210/jc.2003-031467",
        ),
    )


def test_entries_stand_in_the_order_asked_for() -> None:
    entries = bibliography(["unused", "leder-2004", "registry"], SAMPLES)
    assert [(e.key, e.number) for e in entries] == [
        ("unused", 1), ("leder-2004", 2), ("registry", 3),
    ]  # fmt: skip
    assert bibliography([], SAMPLES) == ()
    upper = {"a": {**LEDER, "title": "One"}, "A": {**LEDER, "title": "Two"}}
    assert ["One" in e.text for e in bibliography(["A", "a"], upper)] == [False, True]


def test_every_field_of_every_reference_of_the_project_is_printed() -> None:
    items = project_items()
    assert len(items) > 250
    for entry in bibliography(list(items), items):
        item, text = items[entry.key], entry.text
        assert text.strip()
        assert not re.search(r"[\ue000-\uf8ff]|(?<!\.)\.\.(?!\.)|\?\.|\(\)|\[\]|None", text), text
        assert re.match(r"[\w'\"\[(]", text), text
        names = item.get("author", [])
        for author in names if len(names) < 7 else names[:6]:
            name = author.get("literal") or f"{author['family']} {initials(author['given'])}"
            assert name in text, (entry.key, name)
        cut = item.get("note") == "authors not complete" or len(names) > 6
        assert ("et al." in text) == cut, text
        for field in ("title", "volume", "issue", "genre", "edition", "DOI", "PMID"):
            assert str(item.get(field, "")).rstrip(".") in text, (entry.key, field)
        journal = re.sub(r"\.(?!\S)", "", str(item.get("container-title", "")))
        assert journal in text, entry.key
        if "issued" in item:
            assert str(item["issued"]["date-parts"][0][0]) in text
        first, _, last = str(item.get("page", "")).partition("-")
        assert first in text
        assert last == "" or re.search(rf"{first}–\w*{last[-1]}\b", text), entry.key


def initials(given: str) -> str:
    return "".join(char for char in given if char.isupper())


def test_every_reference_leads_to_its_page() -> None:
    items = project_items()
    for entry in bibliography(list(items), items):
        item = items[entry.key]
        wanted = "https://doi.org/10." if "DOI" in item else ""
        if not wanted and "PMID" in item:
            wanted = f"https://pubmed.ncbi.nlm.nih.gov/{item['PMID']}/"
        assert entry.address.startswith(wanted)
        assert bool(entry.address) == bool(wanted)
        assert re.fullmatch(r"[\w:/.%~-]*", entry.address), entry.address


@pytest.mark.parametrize(
    ("given", "printed"),
    [
        ("BZ", "Leder BZ"), ("B. Z.", "Leder BZ"), ("B.-Z.", "Leder BZ"), ("B-Z", "Leder BZ"),
        ("Bernard Z", "Leder BZ"), ("Mary-Jane", "Leder MJ"), ("Abdul-aziz", "Leder A"),
        ("Ö", "Leder Ö"), ("OGJM", "Leder OGJM"), ("", "Leder"),
    ],
)  # fmt: skip
def test_all_initials_are_kept(given: str, printed: str) -> None:
    assert text_of(author=[{"family": "Leder", "given": given}]).startswith(f"{printed}. ")


def test_names_of_groups_and_juniors() -> None:
    authors = [{"family": "Riggs", "given": "BL", "suffix": "3rd"}, {"literal": "ATAC Group"}]
    assert text_of(author=authors).startswith("Riggs BL 3rd, ATAC Group. Effects")


def test_missing_authors_become_et_al() -> None:
    cut = {"note": "authors not complete"}
    one = [{"family": "Leder", "given": "BZ"}]
    assert text_of(**cut, author=one).startswith("Leder BZ, et al. Effects")
    assert text_of(**cut, author=one * 6).count("Leder BZ") == 6
    assert "Leder BZ, et al. Effects" in text_of(**cut, author=one * 6)
    assert text_of(**cut, author=one * 9).count("et al") == 1
    assert text_of(**cut, author=None).startswith("et al. Effects")
    assert "et al" not in text_of(author=one * 6)


@pytest.mark.parametrize(
    ("page", "printed"),
    [
        ("1174-1180", ":1174–80."), ("1174-80", ":1174–80."), ("212-29", ":212–29."),
        ("426-", ":426."), ("98-102", ":98–102."), ("10-102", ":10–102."), ("e1516", ":e1516."),
        ("S12-S18", ":S12–8."), ("R52", ":R52."), ("951–1003", ":951–1003."), ("12", ":12."),
        ("1-2, 5-9", ":1–2, 5–9."),
    ],
)  # fmt: skip
def test_pages(page: str, printed: str) -> None:
    assert f"2004;89(3){printed}" in text_of(page=page)


def test_what_the_style_does_not_know_is_printed_too() -> None:
    item = {"type": "dataset", "title": "T", "version": "0.1.0", "note": "Question q; data ab12",
            "container-title": "evidence", "issued": {"date-parts": [[2026, 11, 21]]}}  # fmt: skip
    (entry,) = bibliography(["q"], {"q": item})
    assert entry.text == "T. evidence. Version 0.1.0. 2026. Question q; data ab12."


def test_a_chapter_names_its_book() -> None:
    (entry,) = bibliography(["handbook-6"], library())
    assert entry.text.endswith(
        "effect. In: Cochrane Handbook for Systematic Reviews of Interventions. Version 6.5. 2024."
    )


def test_no_entry_is_empty() -> None:
    entries = bibliography(["artsenkrant-news"], {"artsenkrant-news": {"type": "article-journal"}})
    assert entries[0].text == "[artsenkrant-news; title not recorded]."
    bare = {"type": "article-journal", "PMID": "19106273"}
    text = bibliography(["x"], {"x": bare})[0].text
    assert text == "[x; title not recorded]. PubMed PMID: 19106273."
    web = {"type": "webpage", "URL": "https://example.org/a"}
    text = bibliography(["x"], {"x": web})[0].text
    assert "Available from: https://example.org/a" in text


def test_points_behind_questions_and_within_names() -> None:
    assert ". Is it so? J Clin" in text_of(title="Is it so?")
    assert ". It is so! J Clin" in text_of(title="It is so!")
    assert ". It is so. J Clin" in text_of(title="It is so.")
    assert ". Front Neurosci. 2004" in text_of(**{"container-title": "Front. Neurosci."})
    assert ". ClinicalTrials.gov. 2004" in text_of(**{"container-title": "ClinicalTrials.gov"})


@pytest.mark.parametrize("words", [*HOSTILE, '<span class="nocase">x</span>', "{x} \\{y\\}"])
def test_words_stay_words(words: str) -> None:
    plain = " ".join(words.split(" ")).replace("\t", " ").strip(" ")
    plain = re.sub(" +", " ", plain)
    assert plain.rstrip(".") in text_of(title=words)
    assert plain in text_of(author=[{"literal": words}])
    assert plain in text_of(author=[{"family": words, "given": "B"}])
    assert plain in text_of(volume=words)
    assert plain in text_of(issue=words)
    assert plain in text_of(type="chapter", **{"container-title": words})
    assert plain in text_of(note=words, DOI=None)
    journal = re.sub(r"\.(?!\S)", "", plain)
    assert journal in text_of(**{"container-title": words})
    found = address({"DOI": words})
    assert re.fullmatch(r"https://doi\.org/[\w/.%~-]+", found)
    assert bibliography(["k"], {"k": {"title": words}})[0].text


def test_private_characters_of_a_text_are_replaced() -> None:
    text = text_of(title="a\ue000b\ue003c")
    assert "a\ufffdb\ufffdc" in text
    assert not any(unicodedata.category(char) == "Co" for char in text)


def test_the_same_references_give_the_same_text() -> None:
    items = project_items()
    keys = list(items)
    first = {e.key: e.text for e in bibliography(keys, items)}
    again = {e.key: e.text for e in bibliography(keys[::-1], items)}
    assert first == again


def test_nothing_is_said_on_the_way(capfd: pytest.CaptureFixture[str]) -> None:
    bibliography(["a"], {"a": {**LEDER, "ISSN": "1", "unknown-field": "x", "language": "de"}})
    assert capfd.readouterr() == ("", "")


def test_keys_that_are_not_there_are_refused() -> None:
    with pytest.raises(ReportError, match=r"there is no item 'leder-2005'.*leder-2004"):
        bibliography(["leder-2005"], SAMPLES)
    with pytest.raises(ReportError, match="'registry' is asked for twice; each once"):
        bibliography(["registry", "registry"], SAMPLES)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("author", "Leder BZ"), ("author", ["Leder BZ"]), ("issued", 2004), ("issued", "2004"),
        ("issued", {"date-parts": [2004]}), ("issued", {"date-parts": [["soon"]]}),
        ("issued", {"date-parts": [[2004, 13]]}), ("issued", {"date-parts": [[]]}),
        ("issued", {"date-parts": [[2004], [2005], [2006]]}), ("title", ["a"]), ("volume", 8.5),
        ("accessed", {"date-parts": "2004"}), ("note", {}),
    ],
)  # fmt: skip
def test_items_that_are_no_csl_are_refused(field: str, value: object) -> None:
    with pytest.raises(ReportError, match=rf"cannot be written[\s\S]*a: {field}"):
        text_of(**{field: value})
