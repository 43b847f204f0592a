"""The readers of each form by themselves, and the checker's own numbers against the report's."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from samples import FIVE, result_of, trials

from evidence.errors import ReportError
from evidence.report import numbers
from evidence.report.coherence import digits
from evidence.report.coherence.cells import Expected, compare_table, holds, says
from evidence.report.coherence.pdf_text import signs_of, unescaped, words_of
from evidence.report.coherence.read_docx import read_docx
from evidence.report.coherence.read_html import data_of, read_html
from evidence.report.coherence.read_markdown import read_markdown
from evidence.report.coherence.read_pdf import read_pdf
from evidence.report.coherence.read_svg import read_svg
from evidence.report.coherence.record import ReadForm, ReadTable
from evidence.report.document.blocks import Document, Paragraph, TableBlock
from evidence.report.document.docx import as_docx
from evidence.report.document.html import as_html
from evidence.report.document.markdown import as_markdown
from evidence.report.document.pdf import as_pdf
from evidence.report.document.resolve import resolve
from evidence.report.tables import Table
from evidence.report.wording import decimals

SIZES = st.floats(-1e6, 1e6).filter(lambda x: x == 0 or abs(x) > 1e-9)


@given(SIZES, st.integers(0, 8))
def test_decimals_are_those_of_the_report(value: float, places: int) -> None:
    assert digits.fixed(value, places) == numbers.number(value, places).replace("−", "-")


@given(SIZES, st.integers(1, 5))
def test_significant_digits_are_those_of_the_report(value: float, places: int) -> None:
    theirs = numbers.significant(value, places).replace("−", "-")
    assert float(digits.leading(value, places)) == pytest.approx(float(theirs), rel=1e-12)
    assert len(digits.leading(value, places)) == len(theirs)


@given(st.floats(0, 1))
def test_shares_and_p_are_those_of_the_report(value: float) -> None:
    assert digits.share(value) == numbers.percent(value)
    assert digits.chance(value) == numbers.p_value(value)


@pytest.mark.parametrize("scale", [1e-6, 0.03, 1.0, 450.0, 1e6])
def test_places_are_those_of_the_report(scale: float) -> None:
    q = result_of(trials(tuple((y * scale, s * scale) for y, s in FIVE)))
    assert digits.places_of(q) == decimals(q)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("−0.028 (−0.045 to −0.011)", ("-0.028", "-0.045", "-0.011")),
        ("-3 to 12-24", ("-3", "12", "24")),
        ("1,234 people; CYP19; g/cm2; IL-6", ("1234", "6")),
        ("P < 0.0001, +2", ("0.0001", "2")),
        ("to−0.5", ("0.5",)),
        ("", ()),
    ],
)
def test_figures_of_a_text(text: str, found: tuple[str, ...]) -> None:
    assert digits.figures(text) == found


HOSTILE = (
    "=1+1", "<b>&amp;</b>", "a|b", "**x** _y_ `z`", "[t](#u)", "é ﬁ 漢字", "−1.5 (−2.0 to 3.1)",
    "1. one", "\\ \\* $x$", "a  b", "#1", "<!-- c -->", "~s~", "a@b.c", "https://x.org",
)  # fmt: skip


def one_table(cells: tuple[str, ...]) -> Document:
    rows = tuple((cell, "x", "") for cell in cells)
    table = Table("Of hostile words", ("A", "B", "C"), rows, (), "Caption 1.5")
    return Document("d", "Title", "Lead", (Paragraph(("Words −2.5.",)), TableBlock("t-one", table)))


FORMS = {
    "index.html": lambda r: read_html("index.html", as_html(r)),
    "report.md": lambda r: read_markdown("report.md", as_markdown(r)),
    "report.docx": lambda r: read_docx("report.docx", as_docx(r)),
    "report.pdf": lambda r: read_pdf("report.pdf", as_pdf(r)),
}


@pytest.mark.parametrize("file", FORMS)
def test_hostile_words_come_back_as_they_are(file: str) -> None:
    form: ReadForm = FORMS[file](resolve(one_table(HOSTILE)))
    assert len(form.tables) == 1
    table = next(iter(form.tables.values()))
    assert table.label == "Table 1"
    assert table.head == ("A", "B", "C")
    expected = Expected("t-one", tuple((says(x), says("x"), says("")) for x in HOSTILE), "1.5")
    assert [str(x) for x in compare_table(file, expected, table)] == []
    assert "−2.5" in form.text


def test_a_table_that_differs_is_named_cell_by_cell() -> None:
    found = ReadTable("Table 1", "Of 5", ("A", "B"), (("x", "1.5"), ("y", "2.5"), ("z",)))
    expected = Expected("t", ((says("x"), holds("1.50")), (says("w"), None), (None, None)), "6")
    told = [str(x) for x in compare_table("f", expected, found)]
    assert [line.split(": ")[2].split(" (")[0] for line in told] == [
        "figures of its caption", "column 2", "column 1", "number of cells",
    ]  # fmt: skip


def test_codes_of_a_font() -> None:
    cmap = b"2 beginbfchar\n<0001> <0041>\n<0002> <00660069>\nendbfchar\n"
    cmap += b"1 beginbfrange <0010> <0012> <0061> endbfrange"
    assert signs_of(cmap) == {1: "A", 2: "fi", 16: "a", 17: "b", 18: "c"}


def test_strings_of_a_page() -> None:
    assert unescaped(rb"(a\(b\)\101\\)") == b"a(b)A\\"
    assert unescaped(b"(a\\\nb)") == b"ab"


def test_words_of_marks() -> None:
    fonts = {"f0": {1: "A", 2: "−", 3: "1"}}
    page = (
        rb"/Artifact BMC BT /f0 9 Tf (\000\001) Tj ET EMC "
        rb"/Span <</MCID 0>> BDC BT /f0 9 Tf [(\000\001) 5 (\000\002\000\003)] TJ ET "
        rb"BT <0003> Tj ET EMC "
        rb"/Span <</MCID 1>> BDC /Span <</ActualText <FEFF0042>>> BDC BT (\000\001) Tj ET EMC EMC "
        rb"/P <</MCID 2>> BDC BT /f9 9 Tf (\000\001) Tj ET EMC EMC"
    )
    found = words_of(page, fonts)
    assert {k: v.strip() for k, v in found.items()} == {0: "A−1 1", 1: "B", 2: "\ufffd"}


@pytest.mark.parametrize("address", ["", "x.svg", "data:image/png;base64,!!", "data:text/html,x"])
def test_what_is_no_picture(address: str) -> None:
    assert data_of(address) == b""


def test_an_old_page_without_anchors_is_read() -> None:
    page = "<table><thead><tr><th>A</th></tr></thead><tr><td>1</td></tr></table><img alt='x'>"
    form = read_html("index.html", page)
    assert form.tables["table 1"].rows == (("1",),)
    assert form.figures["figure 1"].alt == "x"


def test_a_verbatim_part_is_no_text_of_the_report() -> None:
    form = read_markdown("r.md", "```text\n| a |\n| --- |\n| 1 |\n```\nwords\n")
    assert form.tables == {}
    assert form.text == "words"


@pytest.mark.parametrize(
    ("read", "content", "match"),
    [
        (read_svg, b"<svg", "cannot be read"),
        (read_svg, b"", "cannot be read"),
        (read_pdf, b"", "cannot be read"),
        (read_docx, b"PK", "cannot be read"),
    ],
)
def test_damage_is_told_as_an_error_of_the_report(read: object, content: bytes, match: str) -> None:
    with pytest.raises(ReportError, match=match) as raised:
        read("file", content)  # type: ignore[operator]
    assert all(p.where and p.what and p.right for p in raised.value.problems)


def test_an_untagged_pdf_is_refused() -> None:
    import io

    from pypdf import PdfWriter

    buffer = io.BytesIO()
    writer = PdfWriter()
    writer.add_blank_page(100, 100)
    writer.write(buffer)
    with pytest.raises(ReportError, match="not tagged"):
        read_pdf("report.pdf", buffer.getvalue())


def test_brackets_in_the_strings_of_a_pdf_may_nest() -> None:
    # Codes of a font are bytes, and 0x28 and 0x29 are brackets that need no escape in pairs.
    signs = {0x28: "1", 0x2B: "6", 0x3A: "/", 0x23: "9", 0x29: "3"}
    drawn = rb"(\000(\000+\000:\000(\000#\000)\000))"
    content = b"/Span<</MCID 4>>BDC BT /f0 8 Tf [" + drawn + b"]TJ ET EMC"
    assert words_of(content, {"f0": signs})[4].strip() == "16/1933"
