import hashlib
import io
import re
import subprocess
import sys
import zipfile
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from docx import Document as reopened
from docx.oxml.ns import qn
from hypothesis import given, settings
from hypothesis import strategies as st

from evidence.errors import ReportError
from evidence.report.document.blocks import (
    Block,
    Document,
    Fold,
    Heading,
    Items,
    Link,
    Paragraph,
    Part,
    Ref,
    References,
    TableBlock,
    Verbatim,
    walk,
)
from evidence.report.document.docx import as_docx
from evidence.report.document.docx_table import column_widths
from evidence.report.document.docx_text import bookmark_names, printable, safe_address
from evidence.report.document.resolve import Resolved, resolve
from evidence.report.exchange.cells import CONTROL
from evidence.report.tables import Table
from tests.report.document.document_samples import HOSTILE, document, image, picture, table

ROOT = Path(__file__).resolve().parents[3]
OWN_FIELDS = {"PAGE", "NUMPAGES", 'TOC \\o "1-2" \\h \\z \\u'}
CONTROLS = ("a\x00b", "\x1b[31m", "a\ufffeb", "\ud800", "a\rb\r\nc", "\x85", "\x0b")


def parts(content: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(content)) as package:
        return {name: package.read(name) for name in package.namelist()}


def opened(blocks: tuple[Block, ...] | Document) -> tuple[Any, Resolved, bytes]:
    made = blocks if isinstance(blocks, Document) else Document("a", "A", "", blocks)
    resolved = resolve(made)
    content = as_docx(resolved)
    return reopened(io.BytesIO(content)), resolved, content


def texts(word: Any) -> list[str]:
    return [p.text for p in word.paragraphs]


def whole_text(element: Any) -> str:
    pieces = {qn("w:tab"): "\t", qn("w:br"): "\n"}
    found = element.iter(qn("w:t"), *pieces)
    return "".join(pieces.get(one.tag) or one.text or "" for one in found if one.getparent().tag
                   == qn("w:r"))  # fmt: skip


def bookmarked(word: Any) -> dict[str, str]:
    """Text between the two ends of each bookmark."""
    found = {}
    for start in word.element.iter(qn("w:bookmarkStart")):
        text, node = "", start.getnext()
        while node.tag != qn("w:bookmarkEnd"):
            text, node = text + whole_text(node), node.getnext()
        assert node.get(qn("w:id")) == start.get(qn("w:id"))
        assert start.get(qn("w:name")) not in found
        found[start.get(qn("w:name"))] = text
    return found


def outside(word: Any) -> set[str]:
    return {rel.target_ref for rel in word.part.rels.values() if rel.is_external}


def fields(word: Any) -> set[str]:
    found = {code.text.strip() for code in word.element.iter(qn("w:instrText"))}
    for section in word.sections:
        simple = section.footer._element.iter(qn("w:fldSimple"))
        found |= {one.get(qn("w:instr")).strip() for one in simple}
    assert not list(word.element.iter(qn("w:fldSimple")))
    return found


def footer(section: Any) -> str:
    return whole_text(section.footer._element)


def styled(word: Any, style: str) -> list[str]:
    return [p.text for p in word.paragraphs if p.style.name == style]


def test_the_same_bytes_each_time() -> None:
    assert as_docx(resolve(document())) == as_docx(resolve(document()))
    assert as_docx(resolve(document())) != as_docx(resolve(document("Other words")))


@pytest.mark.slow
def test_the_same_bytes_in_another_process() -> None:
    content = as_docx(resolve(document()))
    code = (
        "import hashlib; from tests.report.document.document_samples import document;"
        "from evidence.report.document.docx import as_docx;"
        "from evidence.report.document.resolve import resolve;"
        "print(hashlib.sha256(as_docx(resolve(document()))).hexdigest())"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, check=True, capture_output=True, text=True
    )
    assert done.stdout.strip() == hashlib.sha256(content).hexdigest()


def test_no_time_of_its_making_and_nothing_of_the_template() -> None:
    word, _, content = opened(document())
    with zipfile.ZipFile(io.BytesIO(content)) as package:
        assert {one.date_time for one in package.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        assert package.namelist()[0] == "[Content_Types].xml"
    properties = word.core_properties
    assert properties.created == properties.modified == datetime.fromisoformat("2026-11-21T00:00Z")
    assert (properties.title, properties.language) == ("A report: Spine density", "en-GB")
    assert properties.author == "evidence 0.1.0"
    assert properties.keywords == "ab" * 32
    plain = b"".join(text for name, text in parts(content).items() if name.endswith(".xml"))
    assert b"Macintosh" not in plain
    assert b"python-docx" not in plain


def test_no_date_where_none_is_known() -> None:
    word, _, _ = opened((Heading(2, "One", "one"),))
    assert word.core_properties.created.year == 1980
    assert word.core_properties.author == "evidence"
    assert footer(word.sections[0]) == "\tPage 1 of 1"
    named = replace(resolve(document()).document, about={"author": "A. Person", "date": "soon"})
    assert opened(named)[0].core_properties.author == "A. Person"
    assert opened(named)[0].core_properties.created.year == 1980


def test_headings_are_words_own() -> None:
    word, resolved, _ = opened(document())
    assert styled(word, "Title") == [resolved.document.title]
    assert styled(word, "Subtitle") == [resolved.document.lead]
    top = ["What was found", "How it was done", "Run record", "Supplement"]
    assert styled(word, "Heading 1") == top
    below = ["Spine density in men", "Summary of findings", "References", "Spine density in men",
             "Only in files"]  # fmt: skip
    assert styled(word, "Heading 2") == below
    levels = {s.style_id: s.element.find(".//" + qn("w:outlineLvl")) for s in word.styles}
    assert levels["Heading1"].get(qn("w:val")) == "0"


def test_the_contents_are_filled_in_and_ask_nothing() -> None:
    word, _, content = opened(document())
    lines = [whole_text(p) for p in word.element.iter(qn("w:sdtContent")) for p in p]
    words = [p for p in word.paragraphs if p.style.name in ("Heading 1", "Heading 2")]
    assert lines == ["Contents", *(p.text for p in words)]
    assert lines[1:5] == [
        "What was found", "Spine density in men", "How it was done", "Summary of findings",
    ]  # fmt: skip
    kept = [p for one in word.element.iter(qn("w:sdtContent")) for p in one][1:]
    marks = bookmarked(word)
    for line in kept:
        (link,) = line.iter(qn("w:hyperlink"))
        assert link.get(qn("w:anchor")) in marks
    assert fields(word) == OWN_FIELDS
    kinds = [one.get(qn("w:fldCharType")) for one in word.element.iter(qn("w:fldChar"))]
    assert kinds == ["begin", "separate", "end"]
    assert b"updateFields" not in parts(content)["word/settings.xml"]
    assert b"w:dirty" not in parts(content)["word/document.xml"]


def test_every_label_is_a_bookmark_and_every_link_has_its_end() -> None:
    word, resolved, _ = opened(document())
    marks = bookmarked(word)
    for anchor, label in resolved.labels.items():
        assert marks[anchor.replace("-", "_")] == f"{label}."
    for entry in resolved.entries:
        assert marks[f"ref_{entry.key.replace('-', '_')}"] == f"{entry.number}."
    links = [(link.get(qn("w:anchor")), whole_text(link)) for link in
             word.element.iter(qn("w:hyperlink")) if link.get(qn("w:anchor"))]  # fmt: skip
    assert {name for name, _ in links} <= set(marks)
    assert ("f_men", "Figure 1") in links
    assert links.count(("t_men", "Table S1")) == 3
    assert ("ref_leder_2004", "1") in links
    assert all(re.fullmatch(r"[A-Za-z][A-Za-z0-9_]{0,39}", name) for name in marks)


def test_citations_are_raised() -> None:
    word, _, _ = opened(document())
    (style,) = [s for s in word.styles if s.name == "Citation"]
    assert style.font.superscript
    cited = [p for p in word.paragraphs if p.text == "Pooled by REML.1,2"]
    runs = [run for link in cited[0].hyperlinks for run in link.runs]
    assert [(run.text, run.style.name) for run in runs] == [("1", "Citation"), ("2", "Citation")]


def test_captions_and_references_read_as_they_should() -> None:
    word, resolved, _ = opened(document())
    assert styled(word, "Figure Caption") == ["Figure 1. Forest plot: men. Its numbers: Table S1."]
    assert styled(word, "Caption") == [
        "Table 1. Models side by side. A caption",
        "Table 2. Spine density. A caption",
        "Table S1. The numbers of the figure",
        "Table S2. Spine density",
    ]
    wanted = [f"{e.number}.\t{e.text}" for e in resolved.entries]
    assert styled(word, "Bibliography") == wanted
    assert outside(word) == {
        "https://doi.org/10.1210/jc.2003-031467", "effects.csv", "trace.csv",
    }  # fmt: skip


def test_an_address_that_the_reference_does_not_print_stands_behind_it() -> None:
    resolved = resolve(document())
    first, second = resolved.entries
    entries = (replace(first, text="Plain.", address="https://example.org/a"), second)
    word = reopened(io.BytesIO(as_docx(replace(resolved, entries=entries))))
    assert styled(word, "Bibliography")[0] == "1.\tPlain. https://example.org/a"
    assert "https://example.org/a" in outside(word)
    entries = (replace(first, text="Plain.", address="javascript:alert(1)"), second)
    word = reopened(io.BytesIO(as_docx(replace(resolved, entries=entries))))
    assert styled(word, "Bibliography")[0] == "1.\tPlain."


@pytest.mark.parametrize(
    ("text", "address", "linked"),
    [
        (
            "A. doi:10.1/S1(04)2 PubMed PMID: 12.",
            "https://doi.org/10.1/S1%2804%292",
            "10.1/S1(04)2",
        ),
        ("B. PubMed PMID: 12.", "https://pubmed.ncbi.nlm.nih.gov/12/", "PMID: 12"),
        ("C. https://example.org/a.", "https://example.org/a", "https://example.org/a"),
    ],
)
def test_an_address_is_linked_where_it_is_printed(text: str, address: str, linked: str) -> None:
    resolved = resolve(document())
    first = replace(resolved.entries[0], text=text, address=address)
    word = reopened(io.BytesIO(as_docx(replace(resolved, entries=(first,)))))
    (entry,) = [p for p in word.paragraphs if p.text == f"1.\t{text}"]
    assert [link.text for link in entry.hyperlinks] == [linked]
    assert [link.url for link in entry.hyperlinks] == [address]


def printed_order(resolved: Resolved) -> list[TableBlock]:
    blocks = [b for b in walk(resolved.document.blocks) if isinstance(b, TableBlock)]
    return [*(b for b in blocks if not b.supplement), *(b for b in blocks if b.supplement)]


def test_tables_hold_every_cell() -> None:
    word, resolved, _ = opened(document())
    for made, block in zip(word.tables, printed_order(resolved), strict=True):
        numbers = resolved.numbers
        wanted = [list(block.table.head), *(list(row) for row in block.table.rows)]
        for row, keys in block.cites.items():
            wanted[row + 1][0] += ",".join(str(numbers[key]) for key in keys)
        assert [[cell.text for cell in row.cells] for row in made.rows] == wanted
        head, *rows = made.rows
        assert head._tr.find(".//" + qn("w:tblHeader")) is not None
        assert not any(row._tr.findall(".//" + qn("w:tblHeader")) for row in rows)
        assert all(row._tr.find(".//" + qn("w:cantSplit")) is not None for row in made.rows)
        for row in rows:
            styles = [cell.paragraphs[0].style.name for cell in row.cells]
            assert styles == ["Table Text", "Table Text", "Table Number"]
        assert made._tbl.find(".//" + qn("w:tblCaption")) is not None
    right = next(s for s in word.styles if s.name == "Table Number")
    assert right.paragraph_format.alignment == 2


def wide(columns: int = 7, rows: int = 3) -> Table:
    head = tuple(f"Column {i}" for i in range(columns))
    return Table("Wide", head, tuple(tuple(f"{r}.{c}" for c in range(columns))
                                     for r in range(rows)))  # fmt: skip


def test_wide_tables_lie_on_their_side_with_their_heading() -> None:
    blocks = (
        Heading(2, "First", "first"),
        Paragraph(("Some words.",)),
        Heading(2, "Second", "second"),
        Fold("Both", (TableBlock("a", wide()), TableBlock("b", table())), opened=True),
        TableBlock("c", wide()),
        Paragraph(("More words.",)),
        TableBlock("d", wide(6)),
        Fold("Behind", (TableBlock("e", table(), {}, True),)),
    )
    word, _, _ = opened(blocks)
    lies, landscape, seen = [], [], []
    for element in word.element.body:
        words = whole_text(element)
        seen.append(words)
        if element.find(".//" + qn("w:sectPr")) is not None or element.tag == qn("w:sectPr"):
            page = next(element.iter(qn("w:pgSz")))
            turned = int(page.get(qn("w:w"))) > int(page.get(qn("w:h")))
            assert turned == (page.get(qn("w:orient")) == "landscape")
            lies.append(turned)
            landscape.append("".join(seen))
            seen = []
    assert lies == [False, True, False, True]
    assert "Some words." in landscape[0]
    assert landscape[1].startswith("SecondBothTable 1.")
    assert "More words." in landscape[2]
    assert landscape[3].startswith("Supplement")
    rooms = [sum(int(c.get(qn("w:w"))) for c in t._tbl.iter(qn("w:gridCol"))) for t in word.tables]
    assert max(rooms[:1]) <= 16838 - 2 * 1134
    assert [footer(section) for section in word.sections] == ["\tPage 1 of 1"] * 4


def sides(word: Any) -> list[bool]:
    return [section.page_width > section.page_height for section in word.sections]


def claims(n: int) -> tuple[Block, ...]:
    """Parts with a heading and a wide table each."""
    return tuple(
        Part("claim", f"c-{i}", (
            Heading(3, f"Claim {i}", f"h-{i}"),
            TableBlock(f"t-{i}", wide()),
            Paragraph((f"Whence {i}.",)),
        ))
        for i in range(n)
    )  # fmt: skip


def test_many_wide_tables_turn_the_text_once() -> None:
    word, _, _ = opened((Heading(2, "Area", "area"), *claims(6)))
    assert sum(sides(word)) == 6
    word, _, _ = opened((Heading(2, "Area", "area"), *claims(7)))
    assert sides(word) == [False, True]
    assert [f"Whence {i}." in texts(word) for i in range(7)] == [True] * 7


def test_a_long_table_of_contents_leaves_parts_to_their_chapters() -> None:
    def contents(n: int) -> tuple[list[str], set[str]]:
        word, _, _ = opened((Heading(2, "Area", "area"), *claims(n), Heading(2, "End", "end")))
        lines = [whole_text(p) for p in word.element.iter(qn("w:sdtContent")) for p in p]
        return lines, fields(word)

    lines, seen = contents(58)
    assert len(lines) == 61
    assert seen == OWN_FIELDS
    lines, seen = contents(59)
    assert lines == ["Contents", "Area", "End"]
    # Word itself would find the same lines.
    assert 'TOC \\o "1-1" \\h \\z \\u' in seen
    without = tuple(Heading(3, f"Question {i}", f"q-{i}") for i in range(70))
    word, _, _ = opened((Heading(2, "Area", "area"), *without))
    assert len([p for one in word.element.iter(qn("w:sdtContent")) for p in one]) == 72


def test_pictures_have_their_words_and_fit_the_page() -> None:
    from matplotlib.figure import Figure

    from evidence.report.figures.style import png_bytes

    high = png_bytes(Figure(figsize=(6, 40)), dpi=30)
    first, narrow = picture(), replace(picture("f-2"), narrow=True)
    tall = replace(picture("f-3"), png=high, description='"<&>\n\x00')
    word, _, content = opened((first, narrow, tall, TableBlock("t-men", table())))
    told = [p.get("descr") for p in word.element.iter(qn("wp:docPr"))]
    assert told == [first.description, narrow.description, '"<&>\n\ufffd']
    sizes = [(shape.width.cm, shape.height.cm) for shape in word.inline_shapes]
    assert sizes[0] == pytest.approx((10.16, 5.08), abs=0.01)
    assert sizes[1][0] == pytest.approx(10.16, abs=0.1)
    assert sizes[2][1] < 23
    assert sizes[2][1] / sizes[2][0] == pytest.approx(40 / 6, rel=0.01)
    pictures = {name: text for name, text in parts(content).items() if "/media/" in name}
    assert set(pictures.values()) == {image()[1], high}
    ids = [p.get("id") for p in word.element.iter(qn("wp:docPr"))]
    assert len(set(ids)) == 3


def test_folds_go_behind_and_say_so() -> None:
    word, _, _ = opened(document())
    lines = texts(word)
    assert "In the supplement: Table S1 to Table S2." in lines
    behind = lines[lines.index("Supplement") :]
    assert behind[2] == "Spine density in men"
    assert behind.index("Table S1. The numbers of the figure") < behind.index(
        "What each report adds"
    )
    assert "From each number down: trace.csv" in behind
    assert not any("└──" in line for line in lines)
    assert "Summary of findings" in lines[: lines.index("Supplement")]


def test_what_is_left_out_is_named_where_it_is_referred_to() -> None:
    inner = TableBlock("t", table(), {}, True, {0: "row"})
    blocks = (
        Paragraph(("See ", Ref("t"), " and ", Ref("row", "one row"), ".")),
        Heading(2, "Unused", "unused"),
        Fold("All of them", (inner,), "unused.csv", under="unused"),
        Heading(2, "Next", "next"),
        Fold("Open", (Fold("More", (Verbatim("x"),), "more.txt"),), opened=True),
    )
    word, _, _ = opened(blocks)
    lines = texts(word)
    assert "See Table S1 (in unused.csv) and one row (in unused.csv)." in lines
    assert lines[lines.index("Unused") + 1] == "In files beside this document."
    assert "All of them (Table S1): unused.csv" in lines
    assert "More: see more.txt." in lines
    assert not word.tables
    assert outside(word) == {"unused.csv", "more.txt"}


def test_a_part_behind_a_fold_keeps_its_line() -> None:
    part = Part("said", "said", (Paragraph(("Inner.",)), TableBlock("t", table(), {}, True)))
    blocks = (Heading(3, "Men", "men"), Fold("Behind", (part,)), Paragraph((Ref("said", "x"),)))
    word, _, _ = opened(blocks)
    (inner,) = [p for p in word.paragraphs if p.text == "Inner."]
    assert inner._p.find(".//" + qn("w:pBdr")) is not None
    assert "said" in bookmarked(word)


def test_a_title_without_a_place_of_its_own_stands_unlinked_in_the_contents() -> None:
    gone = Fold("Gone", (TableBlock("t", table()),), "t.csv")
    blocks = (Heading(2, "One", "one"), Fold("Words", (Verbatim("x"), gone), opened=True))
    word, _, _ = opened(blocks)
    lines = [p for one in word.element.iter(qn("w:sdtContent")) for p in one]
    linked = {whole_text(p): bool(list(p.iter(qn("w:hyperlink")))) for p in lines}
    assert linked["One"]
    assert not linked["Words"]
    names = {a.get(qn("w:anchor")) for a in word.element.iter(qn("w:hyperlink"))} - {None}
    assert names <= set(bookmarked(word))


def test_folds_stand_under_the_heading_that_they_name() -> None:
    def fold(anchor: str, under: str) -> Fold:
        return Fold(f"Of {anchor}", (TableBlock(anchor, table(), {}, True),), under=under)

    blocks: tuple[Block, ...] = (
        Fold("Before", (TableBlock("z", table(), {}, True),)),
        Heading(3, "Men", "men"),
        fold("a", "men"),
        Heading(3, "Women", "women"),
        fold("b", "women"),
        Heading(2, "Unused", "unused"),
        *(fold(f"u{i}", under) for i, under in enumerate(("men", "women"))),
        Heading(2, "Scattered", "scattered"),
        fold("c", "nowhere"),
    )
    word, _, _ = opened(blocks)
    lines = texts(word)
    behind = [line for line in lines[lines.index("Supplement") + 2 :] if "Table" not in line]
    assert [line for line in behind if line] == [
        "Before", "Men", "Of a", "Of u0", "Women", "Of b", "Of u1", "Scattered", "Of c",
    ]  # fmt: skip
    assert lines[lines.index("Unused") + 1] == "In the supplement: Table S4 to Table S5."


def test_too_many_tables_to_name_are_not_named() -> None:
    tables = [TableBlock(f"t{i}", table(), {}, i % 2 == 0) for i in range(20)]
    blocks = (Heading(2, "Many", "many"), Fold("All", tuple(tables)))
    assert "In the supplement, by question." in texts(opened(blocks)[0])


def test_rows_and_cells_can_be_led_to_and_from() -> None:
    links = {(0, 1): "#row", (1, 1): "effects.csv#b", (1, 0): "#nowhere"}
    links |= {(0, 2): "data:text/html,x"}
    block = TableBlock("t", table(), {0: ("k",)}, False, {0: "row"}, links)
    blocks = (block, Paragraph((Ref("row", "that row"),)), References())
    item = {"id": "k", "type": "webpage", "title": "T"}
    word, _, _ = opened(Document("a", "A", "", blocks, {"k": item}))
    assert bookmarked(word)["row"] == "Trial 11"
    anchors = [(a.get(qn("w:anchor")), whole_text(a)) for a in word.element.iter(qn("w:hyperlink"))]
    assert ("row", "−1.40 (−6.10 to 1.60)") in anchors
    assert ("row", "that row") in anchors
    assert outside(word) == {"effects.csv#b"}
    assert [cell.text for cell in word.tables[0].rows[2].cells] == list(block.table.rows[1])


def test_parts_stand_apart() -> None:
    answer = Part("answer", "a-1", (Paragraph(("One.",)), Items((("Two.",),))))
    blocks = (answer, replace(answer, anchor="a-2"), Part("borrowed", "b", answer.blocks))
    word, _, _ = opened((*blocks, Paragraph((Ref("b", "there"),))))
    frames = [p._p.find(".//" + qn("w:pBdr") + "/" + qn("w:left")) for p in word.paragraphs]
    kinds = [None if f is None else f.get(qn("w:val")) for f in frames]
    assert kinds[-7:] == ["single"] * 4 + ["dashed"] * 2 + [None]
    lefts = [p.paragraph_format.left_indent for p in word.paragraphs if p.text == "One."]
    assert lefts[0] != lefts[1]
    assert "b" in bookmarked(word)


@pytest.mark.parametrize("words", [*HOSTILE, *CONTROLS], ids=range(len(HOSTILE) + len(CONTROLS)))
def test_hostile_strings_come_back_as_they_are(words: str) -> None:
    word, _, content = opened(document(words))
    kept = printable(words)
    lines = texts(word)
    assert styled(word, "Title") == [f"A report: {kept}"]
    assert lines.count(f"{kept} in men") == 2
    assert f"{kept} in men \u00a0indirect\u00a0" in lines
    assert f"Built by evidence run x; {kept}" in lines
    assert f"{kept} fell by 2.4 points1." in lines
    assert f"A second answer. {kept}: P below 0.05" in lines
    assert fields(word) == OWN_FIELDS
    assert outside(word) == {"https://doi.org/10.1210/jc.2003-031467", "effects.csv", "trace.csv"}
    assert len(word.core_properties.title) <= 255
    for text in parts(content).values():
        assert not text.startswith(b"<?xml") or not CONTROL.search(text.decode("utf-8"))
    assert bookmarked(word).keys() >= {"f_men", "t_men", "q_men"}


@pytest.mark.parametrize("words", [*HOSTILE, *CONTROLS], ids=range(len(HOSTILE) + len(CONTROLS)))
def test_hostile_strings_in_cells_files_and_addresses(words: str) -> None:
    made = Table(words, (words, "b"), ((words, words),), (1,), f"{words}!")
    blocks = (
        TableBlock("t", made, links={(0, 1): words}),
        Paragraph((Link(words, words),)),
        Verbatim(words),
        Fold(words, (Verbatim(words),), words),
    )
    about = {"version": words, "data_hash": words, "date": words, "author": words}
    word, _, _ = opened(Document("a", words, words, blocks, {}, about))
    kept = printable(words)
    cells = [[cell.text for cell in row.cells] for row in word.tables[0].rows]
    assert cells == [[kept, "b"], [kept, kept]]
    assert kept.rstrip("\n") in styled(word, "HTML Preformatted")
    safe = safe_address(words)
    assert outside(word) == (set() if safe is None else {safe})
    assert fields(word) <= OWN_FIELDS


@pytest.mark.parametrize(
    ("address", "safe"),
    [
        ("https://doi.org/10.1002/(SICI)1<2:A>3", "https://doi.org/10.1002/(SICI)1%3C2:A%3E3"),
        ("https://example.org/100%", "https://example.org/100%25"),
        ("https://example.org/%C3%A9", "https://example.org/%C3%A9"),
        ("https://example.org/é", "https://example.org/%C3%A9"),
        ("http://example.org:80/a", "http://example.org:80/a"),
        ("../site/a.html#b", "../site/a.html#b"),
        ("effects.csv", "effects.csv"),
        ("../../etc/passwd", None),
        ("/etc/passwd", None),
        ("//example.org", None),
        ("\\\\server\\share", None),
        ("file:///etc/passwd", None),
        ("javascript:alert(1)", None),
        ("https://user@example.org/", None),
        ("https://[::1", None),
        ("https://", None),
        ("https://a..b/", None),
        ("https://example.org/a b", None),
        ("https://example.org/\x00", None),
        ("", None),
    ],
)
def test_addresses(address: str, safe: str | None) -> None:
    assert safe_address(address) == safe


@settings(deadline=None)
@given(st.lists(st.text(max_size=60), max_size=20))
def test_names_of_bookmarks_are_words_own_and_never_shared(anchors: list[str]) -> None:
    names = bookmark_names(anchors)
    assert set(names) == set(anchors)
    assert len({name.lower() for name in names.values()}) == len(names)
    assert all(re.fullmatch(r"[A-Za-z][A-Za-z0-9_]{0,39}", name) for name in names.values())


def rows_of(columns: int) -> st.SearchStrategy[list[list[int]]]:
    row = st.lists(st.integers(0, 300), min_size=columns, max_size=columns)
    return st.lists(row, min_size=2, max_size=5)


@settings(deadline=None)
@given(
    st.integers(1, 30).flatmap(rows_of),
    st.sampled_from([9638, 14570]),
    st.sampled_from(["x", "ab c\u2295 "]),
)
def test_widths_fit_the_page(rows: list[list[int]], room: int, word: str) -> None:
    texts = [tuple((word * 300)[:length] for length in row) for row in rows]
    widths = column_widths(Table("t", texts[0], tuple(texts[1:]), (0,)), room)
    assert len(widths) == len(texts[0])
    assert min(widths) > 0
    assert sum(widths) <= room


def test_small_tables_stay_together_and_long_ones_do_not() -> None:
    word, _, _ = opened((TableBlock("a", table(rows=3)), TableBlock("b", table(rows=30))))
    short, long = word.tables
    kept = [len(row._tr.findall(".//" + qn("w:keepNext"))) for row in short.rows]
    assert kept == [0, 3, 3, 0]
    assert sum(len(row._tr.findall(".//" + qn("w:keepNext"))) for row in long.rows) == 0


def test_many_long_tables_come_out_whole() -> None:
    tables = tuple(TableBlock(f"t{i}", wide(11, 100)) for i in range(30))
    word, _, _ = opened(tables)
    assert len(word.tables) == 30
    assert len(word.element.findall(".//" + qn("w:tr"))) == 30 * 101


def test_something_else_is_refused() -> None:
    with pytest.raises(ReportError, match="resolved"):
        as_docx(document())  # type: ignore[arg-type]
