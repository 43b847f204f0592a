import hashlib
import io
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import typst
from document_samples import HOSTILE, document, picture, table
from hypothesis import given, settings
from hypothesis import strategies as st
from pypdf import PdfReader
from pypdf.generic import ContentStream, DictionaryObject, IndirectObject

from evidence.errors import ReportError
from evidence.report.document.blocks import (
    Block,
    Cite,
    Document,
    Fold,
    Heading,
    Items,
    Link,
    Literally,
    Paragraph,
    Part,
    Picture,
    Ref,
    Strong,
    TableBlock,
    Tag,
    Verbatim,
)
from evidence.report.document.pdf import as_pdf, staged
from evidence.report.document.resolve import Resolved, resolve
from evidence.report.document.typst import as_typst
from evidence.report.document.typst_table import (
    INSET,
    TURNED,
    UPRIGHT,
    Layout,
    lay_out,
)
from evidence.report.document.typst_text import (
    em,
    literal,
    printable,
    shown,
    unbroken,
)
from evidence.report.tables import Table

HERE = Path(__file__).parent


def made(*blocks: Block, **other: Any) -> Resolved:
    return resolve(Document("x", "A title", "A lead", blocks, **other))


def read(resolved: Resolved) -> PdfReader:
    return PdfReader(io.BytesIO(as_pdf(resolved)))


@cache
def sample() -> PdfReader:
    return read(resolve(document()))


def squeezed(text: str) -> str:
    """Lines of a column end anywhere."""
    return re.sub(r"\s+", "", text)


def text_of(pdf: PdfReader) -> str:
    return squeezed("".join(page.extract_text() for page in pdf.pages))


def tree(pdf: PdfReader) -> Iterator[DictionaryObject]:
    """Every element of the structure that readers hear."""

    def below(node: Any) -> Iterator[DictionaryObject]:
        node = node.get_object() if isinstance(node, IndirectObject) else node
        if isinstance(node, DictionaryObject):
            if "/S" in node:
                yield node
            yield from below(node.get("/K"))
        elif isinstance(node, list):
            for child in node:
                yield from below(child)

    yield from below(pdf.trailer["/Root"]["/StructTreeRoot"])


def links(pdf: PdfReader) -> tuple[set[str], int]:
    """Addresses of all links that leave the file, and the number of those that do not."""
    found = [a.get_object() for page in pdf.pages for a in page.get("/Annots", ())]
    out = {a["/A"]["/URI"] for a in found if "/A" in a and "/URI" in a["/A"]}
    return out, sum("/Dest" in a or "/D" in a.get("/A", {}) for a in found)


def starts(pdf: PdfReader) -> list[tuple[str, float]]:
    """Words with the place where they start, from the left."""
    found: list[tuple[str, float]] = []

    def visit(text: str, current: Any, matrix: Any, font: Any, size: Any) -> None:
        found.append((text.strip(), matrix[4] * current[0] + current[4]))

    for page in pdf.pages:
        page.extract_text(visitor_text=visit)
    return found


def test_the_same_document_gives_the_same_bytes_and_another_one_others() -> None:
    once = as_pdf(resolve(document()))
    assert once == as_pdf(resolve(document()))
    assert once != as_pdf(resolve(replace(document(), title="Another")))


@pytest.mark.slow
def test_another_process_in_another_place_and_time_gives_the_same_bytes(tmp_path: Path) -> None:
    once = as_pdf(resolve(document()))
    code = (
        f"import sys, hashlib; sys.path.insert(0, {str(HERE)!r})\n"
        "from document_samples import document\n"
        "from evidence.report.document.pdf import as_pdf\n"
        "from evidence.report.document.resolve import resolve\n"
        "print(hashlib.sha256(as_pdf(resolve(document()))).hexdigest())"
    )
    elsewhere = {"SOURCE_DATE_EPOCH": "1", "TZ": "Asia/Tokyo", "LANG": "C", "PYTHONHASHSEED": "7"}
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env=os.environ | elsewhere | {"PYTHONPATH": str(HERE.parents[2])},
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    assert done.stdout.strip() == hashlib.sha256(once).hexdigest()


def test_the_file_says_what_it_is() -> None:
    pdf = sample()
    root = pdf.trailer["/Root"]
    assert pdf.metadata is not None
    assert pdf.metadata.title == "A report: Spine density"
    assert pdf.metadata.author == "The evidence authors"
    assert "ab" * 32 in pdf.metadata["/Keywords"]
    assert str(pdf.metadata["/CreationDate"]).startswith("D:20261121")
    assert root["/Lang"] == "en-GB"
    assert root["/MarkInfo"]["/Marked"]
    assert b"<pdfuaid:part>1</pdfuaid:part>" in root["/Metadata"].get_object().get_data()
    without = read(resolve(replace(document(), about={})))
    assert without.metadata is not None
    assert without.metadata.get("/CreationDate") is None


def test_numbers_of_figures_tables_and_citations_are_those_of_the_document() -> None:
    resolved = resolve(document())
    text = text_of(sample())
    for label in resolved.labels.values():
        assert f"{squeezed(label)}." in text
    assert "SeeFigure1andTableS1." in text
    assert "fellby2.4points1." in text
    assert "PooledbyREML.1,2" in text
    assert "Trial11−1.40" in text  # a row's citation behind its first cell
    assert "1.LederBZ" in text


def test_every_form_of_heading_is_in_the_outline_and_the_levels_never_skip() -> None:
    def titles(outline: list[Any]) -> list[Any]:
        return [titles(x) if isinstance(x, list) else x.title for x in outline]

    found = titles(sample().outline)
    assert found[0] == "What was found"
    assert found[1] == ["Spine density in men"]
    assert found[-2] == "Supplement"
    assert found[-1] == ["Spine density in men", ["What each report adds"]]
    deep = made(Heading(4, "Deep", "a"), Heading(2, "High", "b"), Heading(4, "Deep again", "c"))
    assert titles(read(deep).outline) == ["Deep", "High", ["Deep again"]]


def test_folds_go_to_the_supplement_below_their_question() -> None:
    text = text_of(sample())
    body, supplement = text.rsplit("Supplement", 1)
    assert "TableS1.Thenumbersofthefigure" in supplement
    assert "TableS1.Thenumbers" not in body
    assert supplement.index("Spinedensityinmen") < supplement.index("TableS1.")
    assert "Summaryoffindings" in body  # opened ones stay
    assert "Table2.Spinedensity" in body
    at = next(i for i, page in enumerate(sample().pages, 1) if "Supplement" in page.extract_text())
    assert f"Moreinthesupplement,page{at}." in body


def claims(n: int, tables: tuple[TableBlock, ...] = ()) -> tuple[Block, ...]:
    """Parts with a heading and a fold each, as the page of claims has them."""
    seen = Table("Evidence seen", ("Source", "Agrees"), (("A registry", "yes"),))
    return tuple(
        Part(
            "claim",
            f"c-{i}",
            (
                Heading(3, f"Claim number {i}", f"h-{i}"),
                *tables[i : i + 1],
                Fold(
                    f"Evidence seen (1), put as: verdict {i}",
                    (TableBlock(f"s-{i}", seen, {}, True),),
                    under=f"h-{i}",
                ),
                Paragraph((f"Whence {i}.",)),
            ),
        )
        for i in range(n)
    )


def test_what_parts_fold_stands_below_their_headings_with_all_of_its_title() -> None:
    pdf = read(made(Heading(2, "Area", "area"), *claims(2)))
    body, supplement = text_of(pdf).rsplit("Supplement", 1)
    found = [
        supplement.index(squeezed(words))
        for i in range(2)
        for words in (f"Claim number {i}", f"Evidence seen (1), put as: verdict {i}", f"S{i + 1}.")
    ]
    assert found == sorted(found)
    # Each part leads to its own group, and nothing else of the area does.
    assert body.count("Moreinthesupplement,page2.") == 2
    assert body.index("Whence0.") < body.index("Moreinthesupplement")


def test_a_title_that_says_more_than_its_table_is_printed() -> None:
    studies = TableBlock("t", Table("Studies", ("Study",), (("A",),)), {}, True)
    blocks = (Heading(2, "Found", "f"), Fold("Studies (1)", (studies,), under="f"))
    assert "Studies(1)TableS1.Studies" in text_of(read(made(*blocks)))
    same = (Heading(2, "Found", "f"), Fold("Studies", (studies,), under="f"))
    assert "FoundTableS1.Studies" in text_of(read(made(*same))).rsplit("Supplement", 1)[1]


def test_a_long_table_of_contents_leaves_parts_to_their_chapters() -> None:
    def contents(n: int) -> str:
        text = text_of(read(made(Heading(2, "Area", "area"), *claims(n))))
        return text[text.index("Contents") : text.index("Whence0.")]

    assert contents(20).count("Claimnumber11.") == 2
    long = contents(31)
    assert "Area." in long
    assert "Supplement." in long
    assert "Claimnumber11" not in long


def test_many_wide_tables_turn_the_text_once_and_keep_their_frames() -> None:
    wide = Table("Wide", tuple(f"C{i}" for i in range(12)), (("some words here " * 6,) * 12,))
    tables = tuple(TableBlock(f"w-{i}", wide) for i in range(7))

    def turns(n: int) -> tuple[int, int]:
        pages = read(made(Heading(2, "Area", "area"), *claims(n, tables))).pages
        sides = [False, *(page.mediabox.width > 600 for page in pages)]
        return sum(later and not earlier for earlier, later in pairwise(sides)), len(pages)

    few, many = turns(6), turns(7)
    assert few[0] == 6
    assert many[0] == 1
    assert many[1] < few[1]
    source = as_typst(made(Heading(2, "Area", "area"), *claims(7, tables)))
    assert source.count('part("claim"') == 7


def test_the_supplement_turns_once_too() -> None:
    wide = Table("Wide", tuple(f"C{i}" for i in range(12)), (("some words here " * 4,) * 12,))
    blocks: list[Block] = []
    for i in range(16):
        inside = TableBlock(f"t-{i}", wide if i % 2 else table(), {}, True)
        blocks += [Heading(2, f"Q {i}", f"q-{i}"), Fold(f"Title {i}", (inside,), under=f"q-{i}")]
    pages = read(made(*blocks)).pages
    sides = [page.mediabox.width > 600 for page in pages]
    assert sides == sorted(sides)
    assert "Supplement" in pages[sides.index(True)].extract_text()


def test_what_stands_in_another_file_is_told_and_left_out() -> None:
    text = text_of(sample())
    assert "Notprintedhere:Fromeachnumberdown(intrace.csv)." in text
    assert "└──" not in text
    away = Fold("All", (TableBlock("t-1", table(), {}, True),), "unused.csv")
    again = text_of(read(made(Paragraph(("See ", Ref("t-1"), ".")), away)))
    assert "SeeTableS1(inunused.csv)." in again


def test_a_fold_within_a_fold_is_printed_or_told() -> None:
    inner = (Fold("Inner", (Verbatim("deep"),)), Fold("Away", (Verbatim("gone"),), "trace.csv"))
    text = text_of(read(made(Fold("Outer", (Paragraph(("plain",)), *inner)))))
    assert "OuterplainInnerdeepNotprintedhere:Away(intrace.csv)." in text
    assert "gone" not in text


def test_links_lead_to_places_in_the_file_and_to_pages() -> None:
    out, inside = links(sample())
    assert out == {"https://doi.org/10.1210/jc.2003-031467", "effects.csv", "trace.csv"}
    # 7 citations, 3 references, the numbers of the figure, the way to the supplement
    assert inside == 10
    names = set(sample().named_destinations)
    assert {"found", "q-men", "how", "references", "run"} <= names


def test_rows_have_anchors_and_cells_lead_somewhere() -> None:
    block = TableBlock(
        "t-1",
        table(),
        {},
        False,
        {0: "e-1"},
        {(0, 0): "#q", (1, 0): "trials/b.html", (1, 1): "#t-9"},
    )
    away = Fold("x", (TableBlock("t-9", table(), {}, True),), "unused.csv")
    pdf = read(made(Heading(2, "Question", "q"), block, Paragraph((Ref("e-1", "the row"),)), away))
    out, inside = links(pdf)
    assert out == {"trials/b.html", "unused.csv"}
    assert inside == 3  # the cell, the reference to the row, the way to the supplement
    assert "−2.40(−6.10to1.60)(inunused.csv)" in text_of(pdf)


def test_no_figure_is_lost_or_larger_than_its_page() -> None:
    svg = '<svg xmlns="http://www.w3.org/2000/svg" width="{}pt" height="{}pt" viewBox="0 0 9 9">'
    svg += '<rect width="9" height="9"/></svg>'
    sizes = ((400, 2000), (3000, 200), (100, 100))
    pictures = [
        replace(picture(f"f-{i}"), svg=svg.format(*size).encode(), description=f"Words {i} −2")
        for i, size in enumerate(sizes)
    ]
    part = Part("said", "s", (pictures[2],))
    resolved = made(*pictures[:2], part, TableBlock("t-men", table()))
    pdf = read(resolved)
    assert [str(x["/Alt"]) for x in tree(pdf) if x["/S"] == "/Figure"] == [
        "Words 0 −2", "Words 1 −2", "Words 2 −2",
    ]  # fmt: skip
    widths = [
        float(x) for x in re.findall(r'^drawn\(.*?svg", ([0-9.]+)pt', as_typst(resolved), re.M)
    ]
    assert widths == [126.0, UPRIGHT, 100.0]
    assert len(staged(resolved)) == 3


def test_signs_are_drawn_by_the_fonts_of_the_packages() -> None:
    signs = "⊕⊕⊖◯ τ² − → ← ✓ ✗ ▲ 10⁻³ α ≥ ≈ 95 %"
    pdf = read(made(Paragraph((signs,)), TableBlock("t", Table(signs, (signs,), ((signs,),)))))
    assert text_of(pdf).count(squeezed(signs)) == 4
    names = {
        str(font.get_object()["/BaseFont"])[1:].split("+")[-1].split("-")[0]
        for page in pdf.pages
        for font in page["/Resources"]["/Font"].values()
    }
    assert names == {"LibertinusSerif", "DejaVuSans"}


def test_words_in_a_picture_stay_words_and_lacking_signs_become_boxes() -> None:
    drawn = picture()
    words = '<text x="9" y="40" style="font: 12px \'DejaVu Sans\'">⊕⊖◯ τ² −2 漢</text></svg>'
    svg = drawn.svg.replace(b"</svg>", words.encode())
    resolved = made(replace(drawn, svg=svg), TableBlock("t-men", table()))
    assert squeezed("⊕⊖◯ τ² −2 □") in text_of(read(resolved))


def everywhere() -> Document:
    """Every hostile string in every place that data may fill."""
    blocks: list[Block] = []
    for i, words in enumerate(HOSTILE):
        grid = Table(words, (words, "b"), ((words, "1"),), (1,), words + " ")
        blocks += [
            Heading(3, words, f"h-{i}"),
            Paragraph((words, Literally(words), Strong(words), Tag(words), Link(words, "x.csv"))),
            Items(((words, Ref(f"h-{i}", words)),)),
            TableBlock(f"t-{i}", grid),
            replace(picture(f"f-{i}", f"t-{i}"), caption=words, description=words + "x"),
            Verbatim(words),
            Fold(words, (Paragraph((words,)),)),
            Fold(words, (Paragraph((words,), "small"),), "", True),
        ]
    return Document("all", "All", "Lead", tuple(blocks))


def actual(pdf: PdfReader) -> set[str]:
    """Text that the file gives to a sign whose drawing stands for another sign too."""
    found = set()
    for page in pdf.pages:
        for operands, operator in ContentStream(page.get_contents(), pdf).operations:
            if operator == b"BDC" and isinstance(operands[1], DictionaryObject):
                found.add(str(operands[1].get("/ActualText", "")))
    return found


@pytest.mark.slow
def test_hostile_strings_come_out_as_they_are() -> None:
    pdf = read(resolve(everywhere()))
    text = text_of(pdf)
    for words in HOSTILE:
        if "漢" in words:  # no font of the packages has it: shown as a box, kept as text
            assert text.count(squeezed(words).replace("字", "漢")) >= 15
            assert "字" in actual(pdf)
            continue
        assert text.count(squeezed(words)) >= 15, words
    alts = {str(x["/Alt"]) for x in tree(pdf) if "/Alt" in x}
    assert {printable(words) + "x" for words in HOSTILE} <= alts
    out, _ = links(pdf)
    assert out == {"x.csv"}


def test_a_hostile_title_lead_and_name_stay_text() -> None:
    words = '#read("/etc/passwd") \\ $x$ *b* ]#panic()[ "'
    about = {"version": words, "date": words, "data_hash": words}
    hostile = Document(words, words, words, (Paragraph(("x",)),), {}, about)
    pdf = read(resolve(hostile))
    assert pdf.metadata is not None
    assert pdf.metadata.title == words
    assert text_of(pdf).count(squeezed(words)) >= 2
    assert "panic()[" in text_of(pdf)


@settings(max_examples=40, deadline=None)
@given(st.text(max_size=60))
def test_a_literal_is_the_text_to_typst(words: str) -> None:
    kept = printable(words)
    compiler = typst.Compiler(f"#metadata({literal(kept)}) <m>".encode())
    assert json.loads(compiler.query("<m>", field="value", one=True)) == kept


@given(st.text(st.sampled_from("ab-_/.⊕→ 1P<±()"), max_size=60), st.integers(1, 20))
def test_nothing_is_lost_where_a_line_may_break(words: str, most: int) -> None:
    parts = re.findall(r'"([^"]*)"', shown(words, most))
    assert "".join(parts) == words
    assert all(len(part) <= most for part in unbroken(words, most))


CELLS = st.one_of(
    st.text("abc de/fg-_1", max_size=80),
    st.text("m", min_size=1, max_size=300),
    st.sampled_from(
        [
            "",
            "⊕⊕◯◯",
            "P < 0.0001; 1.2 (± 0.3) g/cm²",
            "−2.40 (−6.10 to 1.60)",
            "anastrozole v placebo",
            "漢" * 40,
        ]
    ),
)


@settings(deadline=None)
@given(st.integers(1, 14).flatmap(lambda k: st.lists(st.tuples(*[CELLS] * k), min_size=1)))
def test_columns_fit_on_the_page_and_words_in_their_columns(rows: list[tuple[str, ...]]) -> None:
    layout = lay_out(TableBlock("t", Table("", rows[0], tuple(rows[1:]))))
    assert sum(layout.widths) <= (TURNED if layout.turned else UPRIGHT) + 0.1 * len(rows[0])
    for j, width in enumerate(layout.widths):
        parts = {part for row in rows for part in unbroken(row[j], layout.most)}
        widest = max((em(part) for part in parts), default=0.0) * layout.size
        assert widest <= width - 2 * INSET


def lines_of(text: str, layout: Layout, column: int) -> float:
    """Lines that a text takes at least in a column."""
    return em(text) * layout.size / (layout.widths[column] - 2 * INSET)


def test_a_head_of_many_words_is_no_tower() -> None:
    said = "some concerns for want of information (could be low)"
    heads = (
        "Result", "D1 Randomisation (RoB 2, parallel groups)", "DS Period and carryover effects",
        "D4 Measurement of the outcome (RoB 2, parallel groups); Measurement of the outcome "
        "(RoB 2, crossover); Deviations from the intended treatment (ROBINS-I 2016)",
        "D5 Selection of the reported result", "D6", "Overall", "Judged because",
    )  # fmt: skip
    rows = (("vandevelde-2011 events", said, "", "low", said, "", said, ""),) * 40
    layout = lay_out(TableBlock("t", Table("Risk", heads, rows)))
    assert max(lines_of(name, layout, j) for j, name in enumerate(heads)) <= 5


def test_one_long_cell_is_no_tower() -> None:
    long = "No question for trials; each reference was checked against the records of a library."
    heads = (
        "System", "Claims", "supported", "supported but overstated", "uncertain", "contradicted",
        "not tested by any trial seen", "Answered by",
    )  # fmt: skip
    short = ("What does the drug do to them? " * 4, "4", "1", "2", "1", "", "4", "3 questions")
    rows = (*(short,) * 15, (*short[:7], f"{long} That is the table of references."))
    layout = lay_out(TableBlock("t", Table("Systems", heads, rows)))
    assert lines_of(rows[-1][7], layout, 7) < 6
    assert lines_of(heads[6], layout, 6) < 3


def test_a_small_table_is_upright_and_a_wide_one_turned_with_its_heading() -> None:
    wide = Table("Wide", tuple(f"Column {i}" for i in range(11)), (("some words here " * 4,) * 11,))
    pdf = read(
        made(
            Paragraph(("before",)),
            Heading(2, "Head of the wide", "w"),
            TableBlock("t-w", wide),
            TableBlock("t-n", table()),
            Paragraph(("after",)),
            TableBlock("t-o", table()),
        )
    )
    sides = [page.mediabox.width > page.mediabox.height for page in pdf.pages]
    assert sides == [False, True, False]
    assert "Headofthewide" in squeezed(pdf.pages[1].extract_text())
    assert "Column10" in squeezed(pdf.pages[1].extract_text())
    assert "Trial" in pdf.pages[1].extract_text()  # its notes stay with it
    assert "Trial" in pdf.pages[2].extract_text()


def test_a_wide_table_interrupts_the_frame_of_its_part() -> None:
    wide = Table("Wide", tuple(f"C{i}" for i in range(12)), (("some words here " * 6,) * 12,))
    part = Part("rating", "r", (Paragraph(("one",)), TableBlock("t", wide), Paragraph(("two",))))
    pages = [
        squeezed(page.extract_text())
        for page in read(made(part, Paragraph((Ref("r", "w"),)))).pages
    ]
    assert ["one" in pages[0], "Table1.Wide" in pages[1], "two" in pages[2]] == [True] * 3


def test_a_turned_section_of_the_supplement_shares_its_pages() -> None:
    wide = Table("Wide", tuple(f"C{i}" for i in range(12)), (("some words here " * 4,) * 12,))
    folds = (
        Fold("a", (TableBlock("a", table(), {}, True),)),
        Fold("b", (TableBlock("b", wide, {}, True),)),
    )
    pdf = read(made(Heading(2, "Q", "q"), *folds))
    assert [page.mediabox.width > 600 for page in pdf.pages] == [False, True]
    text = squeezed(pdf.pages[1].extract_text())
    assert text.index("Supplement") < text.index("TableS1.") < text.index("TableS2.")


def test_a_long_table_breaks_and_repeats_its_head_and_numbers_stand_flush_right() -> None:
    rows = tuple((f"Trial {i}", "−1.0 (−2.0 to 0.0)", str(10 ** (i % 4))) for i in range(300))
    pdf = read(made(TableBlock("t", Table("Long", ("Trial", "MD", "Weight"), rows, (2,)))))
    assert len(pdf.pages) >= 4
    assert all("Weight" in page.extract_text() for page in pdf.pages)
    text = text_of(pdf)
    assert all(f"Trial{i}−1.0" in text for i in range(300))
    left = dict(starts(pdf))
    assert left["1000"] < left["100"] < left["10"]
    heads = [x for x in tree(pdf) if x["/S"] == "/TH"]
    assert len(heads) == 3  # the repeated ones are no content


def test_many_headings_get_a_table_of_contents() -> None:
    heads = tuple(Heading(2, f"Head {i}", f"h-{i}") for i in range(9))
    assert "Contents" in text_of(read(made(*heads)))
    assert "Contents" not in text_of(read(made(*heads[:3])))


def test_each_page_has_its_number_the_title_and_the_version() -> None:
    pages = [squeezed(page.extract_text()) for page in sample().pages]
    assert [f"{i}/{len(pages)}" in page for i, page in enumerate(pages, 1)] == [True] * len(pages)
    assert all("version0.1.0·dataabababababab·2026-11-21" in page for page in pages)
    assert all("Areport:Spinedensity" in page for page in pages)


def test_lines_as_they_are_keep_their_tree_and_long_ones_go_on() -> None:
    tree_lines = "−2.40\n└── a\n    └── b\n" + "y" * 250
    source = as_typst(made(Verbatim(tree_lines)))
    assert '"−2.40\\n└── a\\n    └── b\\n' + "y" * 110 + "\\n" in source
    assert "y" * 250 in text_of(read(made(Verbatim(tree_lines))))


@pytest.mark.parametrize(
    ("text", "address", "linked"),
    [
        ("T. doi:10.1/a-b", "https://doi.org/10.1/a-b", "10.1/a-b"),
        ("T. https://doi.org/10.1/a-b.", "https://doi.org/10.1/a-b", "https://doi.org/10.1/a-b"),
        ("T. doi:10.1/a(86)b", "https://doi.org/10.1/a%2886%29b", "10.1/a(86)b"),
        ("T. PMID: 254", "https://pubmed.ncbi.nlm.nih.gov/254/", "254"),
        ("T.", "https://doi.org/10.1/a", "https://doi.org/10.1/a"),
        ("T.", "", ""),
    ],
)
def test_entries_lead_to_their_pages(text: str, address: str, linked: str) -> None:
    resolved = resolve(document())
    entry = replace(resolved.entries[0], text=text, address=address)
    one = replace(resolved, entries=(entry, resolved.entries[1]))
    if linked:
        assert f"out({literal(address)}, {shown(linked)})" in as_typst(one)
    out, _ = links(read(one))
    assert out == {*([address] if address else ()), "effects.csv", "trace.csv"}
    whole = text if linked in text else f"{text} {linked}"
    assert f"1.{squeezed(whole)}2.Aregistry" in text_of(read(one))


def test_errors_say_where_what_and_what_would_be_right() -> None:
    text = TableBlock("t-men", table())
    broken: Picture = replace(picture(), svg=b"no picture")
    with pytest.raises(ReportError, match=r"x, picture 'f-men': failed to parse SVG"):
        as_pdf(made(broken, text))
    mute = replace(picture(), description=" ")
    with pytest.raises(ReportError, match=r"f-men: has no description; say in words"):
        as_pdf(made(mute, text))
    with pytest.raises(ReportError, match="leads to something else"):
        as_pdf(made(Paragraph((Link("x", "javascript:alert(1)"),))))
    ragged = TableBlock("t", Table("x", ("a", "b"), (("1",),)))
    with pytest.raises(ReportError, match="t: has rows of another length than its head"):
        as_pdf(made(ragged))
    endless = TableBlock("t", Table("x", ("Column",) * 150, ()))
    with pytest.raises(ReportError, match="t: has 150 columns, too many for a page; split it"):
        as_pdf(made(endless))


def test_a_picture_reads_no_file() -> None:
    svg = picture().svg.replace(
        b"</svg>", b'<image href="/etc/passwd" width="9" height="9"/></svg>'
    )
    with pytest.raises(ReportError, match=r"picture 'f-men': .*absolute paths are not allowed"):
        as_pdf(made(replace(picture(), svg=svg), TableBlock("t-men", table())))


def test_what_typst_warns_of_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    from evidence.report.document import pdf

    monkeypatch.setattr(
        pdf, "as_typst", lambda r: '#set text(font: "No such font")\n#set document(title: "x")\nx'
    )
    with pytest.raises(
        ReportError, match=r"line 1: #set text.*: unknown font family: no such font"
    ):
        as_pdf(made(Paragraph(("x",))))


def test_citations_in_text_and_tables_lead_to_the_bibliography() -> None:
    source = as_typst(resolve(document()))
    assert source.count('cites(("ref-leder-2004", "1"))') == 2
    assert 'cites(("ref-leder-2004", "1"), ("ref-registry", "2"))' in source
    assert isinstance(document().blocks[1].blocks[1].text[1], Cite)  # type: ignore[union-attr]


def test_widths_of_signs_are_near_those_of_the_font() -> None:
    words = "Any cardiovascular event: 12.5 (3.1 to 44.0) AND MORE"
    style = '#set text(font: "Libertinus Serif", number-width: "tabular", size: 100pt)'
    code = f"{style}\n#context [#metadata(measure({literal(words)}).width.pt()) <m>]"
    compiler = typst.Compiler(code.encode(), font_paths=typst.Fonts(include_system_fonts=False))
    width = json.loads(compiler.query("<m>", field="value", one=True)) / 100
    assert np.isclose(em(words), width, rtol=0.04)
