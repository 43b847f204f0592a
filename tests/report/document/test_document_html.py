"""The page of a document: parsed as a browser would."""

import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from document_samples import HOSTILE, document

from evidence.errors import ReportError
from evidence.report.document.blocks import Link, Paragraph
from evidence.report.document.html import as_html, safe_address
from evidence.report.document.resolve import resolve

VOID = {"meta", "img"}


class Tree(HTMLParser):
    """Tags in order with their attributes, and the text of the body."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.words = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" not in self.open:
            self.words += data


def html(words: str = "Spine density") -> str:
    return as_html(resolve(document(words)))


def test_every_link_of_the_page_leads_somewhere() -> None:
    tree = Tree(html())
    assert tree.open == []
    ids = [str(a["id"]) for _, a in tree.tags if "id" in a]
    assert len(ids) == len(set(ids))
    links = [str(a["href"]) for tag, a in tree.tags if tag == "a"]
    inside = {link[1:] for link in links if link.startswith("#")}
    assert inside >= {"q-men", "f-men", "t-men", "ref-leder-2004", "ref-registry"}
    assert inside <= set(ids)
    assert [link for link in links if not link.startswith("#")] == [
        "https://doi.org/10.1210/jc.2003-031467", "effects.csv",
    ]  # fmt: skip


def test_figures_and_tables_stand_behind_their_numbers() -> None:
    tree = Tree(html())
    assert "Figure 1. Forest plot: men. Its numbers: Table S1." in tree.words
    for label in ("Table 1. Models side by side", "Table S1. The numbers", "Table 2."):
        assert label in tree.words
    (image,) = (a for tag, a in tree.tags if tag == "img")
    assert str(image["alt"]).startswith("Two trials")
    assert "See Figure 1 and Table S1." in tree.words
    assert re.search(r"Trial 1<sup class=\"cite\"><a href=\"#ref-leder-2004\">1</a></sup>", html())


@pytest.mark.parametrize("words", HOSTILE)
def test_words_stay_words(words: str) -> None:
    plain, seen = Tree(html()), Tree(html(words))
    assert [tag for tag, _ in seen.tags] == [tag for tag, _ in plain.tags]
    assert seen.words.count(words) == plain.words.count("Spine density")


@pytest.mark.parametrize(
    "address",
    ["javascript:alert(1)", "ftp://example.org", "//example.org", "data:text/html,x", "/etc/x",
     "../../etc/passwd", "https://a b", "file:///x", "", "a:b"],
)  # fmt: skip
def test_links_lead_to_pages_and_files_only(address: str) -> None:
    with pytest.raises(ReportError, match=r"(?s)leads to something else.*no address"):
        safe_address(address)
    wrong = replace(document(), blocks=(Paragraph((Link("x", address),)),))
    with pytest.raises(ReportError, match="no address"):
        as_html(resolve(wrong))


def test_the_same_document_gives_the_same_page() -> None:
    assert html() == html()
    assert "<script" not in html()
