"""The Markdown of a document: rendered by a parser of CommonMark, and read as a browser would."""

import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from document_samples import HOSTILE, document, picture, table

from evidence.errors import ReportError
from evidence.report.document.blocks import (
    Document,
    Fold,
    Heading,
    Items,
    Link,
    Literally,
    Paragraph,
    Part,
    Ref,
    Strong,
    TableBlock,
    Tag,
    Verbatim,
    walk,
)
from evidence.report.document.markdown import as_markdown, code, plain
from evidence.report.document.resolve import resolve
from evidence.report.tables import Table

VOID = {"img", "br", "hr"}
# What the lines of a file cannot hold as they are, or a cell shows otherwise.
MORE = (
    "a\nb", "a\r\nb", "a\u2028b", " led", "trailed ", "a | b \\| c \\\\| d", "a\\", "_a_b_ c_d",
    "**a** ***b***", "[^1]", "[a]: b", "www.example.org", "me@example.org", "http://x.y", "10) a",
    "- [ ] task", "$$x$$", "<!--", "<a id='x'>", "***", "* * *", "+ a", "\u00a0a", "![", "](x)",
    "`` ` ``", "a    b", ":smile", "| --- |", "\\", "&nbsp;", "~~gone~~", "    code", "\tcode",
)  # fmt: skip


class Tree(HTMLParser):
    """Tags in order with their attributes, the text, and the cells of each table."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.words = ""
        self.tables: list[list[list[str]]] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)
        if tag == "table":
            self.tables.append([])
        if tag == "tr":
            self.tables[-1].append([])
        if tag in ("td", "th"):
            self.tables[-1][-1].append("")

    def handle_endtag(self, tag: str) -> None:
        assert tag in VOID or self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words += data
        if {"td", "th"} & set(self.open) and "sup" not in self.open:
            self.tables[-1][-1][-1] += data


def tree_of(text: str) -> Tree:
    from markdown_it import MarkdownIt

    parser = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
    return Tree(parser.render(text))


def markdown(words: str = "Spine density") -> str:
    return as_markdown(resolve(document(words)))


def only(*blocks: object) -> str:
    made = Document("x", "Title", "Lead", blocks)  # type: ignore[arg-type]
    return as_markdown(resolve(made))


def test_every_link_leads_somewhere() -> None:
    tree = tree_of(markdown())
    assert tree.open == []
    ids = [str(a["id"]) for _, a in tree.tags if "id" in a]
    assert len(ids) == len(set(ids))
    links = [str(a["href"]) for tag, a in tree.tags if tag == "a" and "href" in a]
    inside = {link[1:] for link in links if link.startswith("#")}
    assert inside >= {"q-men", "f-men", "t-men", "ref-leder-2004", "ref-registry"}
    assert inside <= set(ids)
    assert [link for link in links if not link.startswith("#")] == [
        "https://doi.org/10.1210/jc.2003-031467", "effects.csv", "trace.csv",
    ]  # fmt: skip
    wanted = {b.anchor for b in walk(document().blocks) if hasattr(b, "anchor")}
    assert wanted <= set(ids)


def test_figures_tables_and_references_stand_behind_their_numbers() -> None:
    text = markdown()
    tree = tree_of(text)
    assert "Figure 1. Forest plot: men. Its numbers: Table S1." in tree.words
    for label in ("Table 1. Models side by side", "Table S1. The numbers", "Table 2."):
        assert label in tree.words
    (image,) = (a for tag, a in tree.tags if tag == "img")
    assert image == {"src": "men.svg", "alt": "Two trials and their mean −2.40 (−6.10 to 1.60)."}
    assert "See Figure 1 and Table S1." in tree.words
    assert "Trial 1<sup>[1](#ref-leder-2004)</sup>" in text
    assert re.search(r'^1\. <a id="ref-leder-2004"></a>Leder BZ, Rohrer JL\. ', text, re.MULTILINE)
    assert "version `0.1.0`" in text


def test_each_cell_of_each_table_is_there() -> None:
    tables = [b.table for b in walk(document().blocks) if isinstance(b, TableBlock)]
    shown = tree_of(markdown()).tables
    wanted = [[list(t.head), *[list(row) for row in t.rows]] for t in tables]
    assert sorted(shown) == sorted(wanted)
    assert "| --- | --- | ---: |" in markdown()


def test_what_folds_stands_in_a_supplement_below_its_heading() -> None:
    body, _, behind = markdown().partition("Supplement\n")
    assert "Table S1. The numbers" in behind
    assert "Table S1. The numbers" not in body
    assert "[Spine density in men](#q-men)\n\n#### The numbers of the figure" in behind
    assert "It stands in the file [trace.csv](trace.csv)." in behind
    assert "└──" not in behind
    assert "**Summary of findings**" in body
    assert "Supplement" not in only(Paragraph(("a",)))


@pytest.mark.parametrize("words", [*HOSTILE, *MORE])
def test_words_stay_words(words: str) -> None:
    base, seen = tree_of(markdown()), tree_of(markdown(words))
    assert [tag for tag, _ in seen.tags] == [tag for tag, _ in base.tags]
    assert seen.words.count(words) == base.words.count("Spine density")
    links = [[a.get("href") for _, a in tree.tags] for tree in (seen, base)]
    assert links[0] == links[1]


@pytest.mark.parametrize("words", [*HOSTILE, *MORE])
def test_no_text_is_linked_by_itself(words: str) -> None:
    """GitHub makes links of addresses without any mark: none is left whole."""
    text = re.sub(r"\]\([^)]*\)", "]", plain(words, start=True))
    assert not re.search(r"(?<!\\)://|www\.|[\w.+-]@\w", text)
    assert not re.search(r"(?<!\\)\$", text)
    assert "\n" not in text
    assert "\r" not in text


@pytest.mark.parametrize("words", [*HOSTILE, *MORE])
def test_words_stay_words_wherever_they_stand(words: str) -> None:
    words = re.sub(r"[\r\n\u2028]+", " ", words)
    blocks = (
        Heading(3, words, "h"),
        Paragraph((words,)),
        Paragraph((Strong(words), "x", Tag(words), Strong(words))),
        Paragraph((Link(words, "a.csv"), " ", words)),
        Items(((words,), (Strong(words), " ", words))),
        Verbatim(f"{words}\n{words}"),
        TableBlock("t", Table(words, (words, words), ((words, words), ("", "")), (), words)),
        TableBlock("u", Table(words, (words, words), ((words, words), ("", "")))),
        replace(picture("f", "t"), description=words, caption=words),
        Fold(words, (Paragraph((words,)),), under="h"),
        Part("said", "p", (Fold(words, (Verbatim("x"),), "a b.csv".replace(" ", "-")),)),
    )
    harmless = [_renamed(block, words, "Spine") for block in blocks]
    seen, base = tree_of(only(*blocks)), tree_of(only(*harmless))
    assert [tag for tag, _ in seen.tags] == [tag for tag, _ in base.tags]
    assert seen.words.count(words) >= base.words.count("Spine")
    assert all(cell in (words, "") for rows in seen.tables for row in rows for cell in row)
    (image,) = (a for tag, a in seen.tags if tag == "img")
    assert image["alt"] == words


def _renamed(block: object, old: str, new: str) -> object:
    """The same block with other words."""
    if isinstance(block, tuple):
        return tuple(_renamed(x, old, new) for x in block)
    if isinstance(block, str):
        return block.replace(old, new) if block in (old, f"{old}\n{old}") else block
    if hasattr(block, "__dataclass_fields__"):
        fields = {name: getattr(block, name) for name in block.__dataclass_fields__}
        return type(block)(**{k: _renamed(v, old, new) for k, v in fields.items()})
    return block


@pytest.mark.parametrize(
    "text", ["a", "`", "``", "a `b` c", " a ", "`a", "<b> & \\ | *", "javascript:x", "  ", "a\nb"]
)
def test_code_stays_as_a_machine_has_it(text: str) -> None:
    tree = tree_of(f"x {code(text)} y")
    assert [tag for tag, _ in tree.tags] == ["p", "code"]
    assert tree.words.rstrip("\n") == f"x {' '.join(text.splitlines())} y"
    assert code("") == ""


def test_strong_words_are_marked_wherever_they_stand() -> None:
    text = only(
        Paragraph((Strong("A."), " b ", Strong("c"), "d", Strong("e"))),
        Paragraph(("a ", Strong(" b "), " c", Literally(""), Strong("d"))),
    )
    assert "**A.** b <strong>c</strong>d<strong>e</strong>" in text
    assert "a <strong>&#32;b&#32;</strong> c<strong>d</strong>" in text


def test_what_stands_in_a_file_alone_is_referred_to_there() -> None:
    text = only(
        Heading(2, "A", "a"),
        Paragraph(("See ", Ref("t"), ".")),
        Fold("All", (TableBlock("t", table(), {}, True),), "effects.csv"),
    )
    assert "See [Table S1](effects.csv)." in text


def test_a_section_that_is_folded_as_a_whole_leads_to_the_supplement() -> None:
    head, other = Heading(2, "Not used", "a"), Heading(2, "End", "b")
    fold = Fold("All", (Paragraph(("x",)),))
    text = only(head, fold, other, Paragraph(("y",)))
    assert "Not used\n\nIt stands in the [supplement](#supplement).\n\n## " in text
    assert text.count("It stands in") == 1
    assert "It stands in" in only(other, head, fold).partition("Not used")[2]
    assert "It stands in" not in only(head, other, Paragraph(("y",)))
    assert "It stands in" not in only(head, Heading(3, "c", "c"), Paragraph(("y",)), fold)


def test_an_open_fold_says_its_title_once() -> None:
    block = TableBlock("t", table("Summary"))
    assert "**Summary (1)**" not in only(Fold("Summary (1)", (block,), "", True))
    assert "**Open**" in only(Fold("Open", (block,), "", True))
    assert "**Open**" in only(Fold("Open", (), "", True))


def test_a_title_ends_before_what_is_said_of_it() -> None:
    for title, shown in (("Why?", "**Table 1. Why?** Note"), ("So", "**Table 1. So.** Note")):
        assert shown in only(TableBlock("t", Table(title, ("a",), (("b",),), (), "Note")))
    assert "**Table 1. So**\n" in only(TableBlock("t", Table("So", ("a",), (("b",),), (), "So")))


def test_parts_keep_their_anchors() -> None:
    text = only(Part("answer", "a", (Items((("x",),)),)), Part("said", "b", ()))
    tree = tree_of(text)
    assert [a["id"] for _, a in tree.tags if "id" in a] == ["a", "b"]
    assert [tag for tag, _ in tree.tags].count("li") == 1
    rows = TableBlock("t", table(), {}, False, {1: "e-men-main"})
    assert '| <a id="e-men-main"></a>Trial 2 |' in only(rows)


def test_verbatim_lines_hold_any_marks() -> None:
    tree = tree_of(only(Part("a", "p", (Verbatim("````\n<b>\n\n- x\n~~~\n"),))))
    assert [tag for tag, _ in tree.tags if tag not in ("h1", "p")] == ["a", "pre", "code"]
    assert "````\n<b>\n\n- x\n~~~\n" in tree.words


@pytest.mark.parametrize("address", ["javascript:alert(1)", "/etc/x", "data:text/html,x", "a b"])
def test_links_lead_to_pages_and_files_only(address: str) -> None:
    with pytest.raises(ReportError, match="no address"):
        only(Paragraph((Link("x", address),)))


def test_addresses_cannot_end_their_link() -> None:
    text = only(Paragraph((Link("x", "https://example.org/a(b)[c]<d>"),)))
    (link,) = (a for tag, a in tree_of(text).tags if tag == "a")
    assert link["href"] == "https://example.org/a%28b%29%5Bc%5D%3Cd%3E"


def test_the_same_document_gives_the_same_text() -> None:
    assert markdown() == markdown()
    assert markdown().endswith("\n")
    assert not markdown().endswith("\n\n")
