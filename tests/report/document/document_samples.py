"""A small document with one of each block, and strings that want to be more than text."""

from functools import cache

from evidence.report.document.blocks import (
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
    References,
    Strong,
    TableBlock,
    Tag,
    Verbatim,
)
from evidence.report.tables import Table

HOSTILE = (
    "<script>alert(1)</script>", "</td></table><img src=x onerror=alert(1)>", "&lt;b&gt; & \"'",
    "#import \"x.typ\"", "#read(\"/etc/passwd\")", "#{panic()}", "$x^2$ and `raw`", "*bold* _it_",
    "= heading", "- item", "+ item", "/ term: x", "<label>", "@ref", "\\ # $ * _ ~ ` ' \" @ < >",
    "//comment", "/* comment", "https://example.org/x", "[link](javascript:alert(1))",
    "![img](file:///etc/passwd)", "| cell | cell |", "---", "===", "1. one", "# one", "> quote",
    "\\newline\\", "]]>", "<![CDATA[x]]>", "<?xml version='1.0'?>", "&amp;&#x41;&#65;", "=1+1",
    "+1", "@SUM(A1)", "\tTab", "{=html}", "{{ r.title }}", "{% raw %}", "%s %d {0}", "é ü 漢字",
    "a\u00a0b", "τ² − 0.5", "~~~", "```", "<!-- x", "-->", "a  b", "x" * 300, "1\u20142",
)  # fmt: skip


@cache
def image() -> tuple[bytes, bytes]:
    """A picture as SVG and PNG."""
    from matplotlib.figure import Figure

    from evidence.report.figures.style import png_bytes, style, svg_bytes

    with style():
        figure = Figure(figsize=(4, 2), layout="constrained")
        figure.subplots().plot([0, 1], [0.5, 0.25])
        return svg_bytes(figure, "A line", "A line from 0.5 to 0.25."), png_bytes(figure)


def picture(anchor: str = "f-men", text: str = "t-men") -> Picture:
    svg, png = image()
    description = "Two trials and their mean −2.40 (−6.10 to 1.60)."
    return Picture(anchor, "men", svg, png, description, "Forest plot: men", text)


def table(title: str = "The numbers of the figure", rows: int = 2) -> Table:
    head = ("Trial", "MD, 95 % CI", "Weight, %")
    lines = tuple((f"Trial {i}", f"−{i}.40 (−6.10 to 1.60)", "50.0") for i in range(1, rows + 1))
    return Table(title, head, lines, (2,), "" if rows == 2 else "A caption")


REFERENCES = {
    "leder-2004": {
        "id": "leder-2004", "type": "article-journal", "title": "Effects of aromatase inhibition",
        "author": [{"family": "Leder", "given": "BZ"}, {"family": "Rohrer", "given": "JL"}],
        "container-title": "J Clin Endocrinol Metab", "issued": {"date-parts": [[2004]]},
        "volume": "89", "issue": "3", "page": "1174-80", "DOI": "10.1210/jc.2003-031467",
    },
    "registry": {"id": "registry", "type": "webpage", "title": "A registry's page"},
    "unused": {"id": "unused", "type": "article-journal", "title": "Cited by nobody"},
}  # fmt: skip


def document(words: str = "Spine density") -> Document:
    """One of each block; ``words`` stand wherever data may put text."""
    men = (
        Heading(3, f"{words} in men", "q-men"),
        Paragraph(("Looked at: 3 reports = 2 used + 1 in part + 0 not used.",), "small"),
        picture(),
        TableBlock("m-men", table("Models side by side", 3)),
        Fold(
            "The numbers of the figure",
            (TableBlock("t-men", table(), {0: ("leder-2004",), 1: ("registry",)}, True),),
            under="q-men",
        ),
        Part(
            "said",
            "said-men",
            (
                Paragraph((Strong("A second answer."), f" {words}: P below 0.05")),
                Fold(
                    "What each report adds",
                    (TableBlock("c-men", table(words), {}, True),),
                    under="q-men",
                ),
            ),
        ),
        Fold(
            "From each number down",
            (Verbatim(f"−2.40\n└── {words}\n"),),
            "trace.csv",
            under="q-men",
        ),
    )
    found = (
        Heading(2, "What was found", "found"),
        Part(
            "answer",
            "a-men",
            (
                Paragraph((Ref("q-men", f"{words} in men"), " ", Tag("indirect"))),
                Paragraph((f"{words} fell by 2.4 points", Cite(("leder-2004",)), "."), "finding"),
                Items(((words,), ("See ", Ref("f-men"), " and ", Ref("t-men"), "."))),
            ),
        ),
    )
    end = (
        Heading(2, "How it was done", "how"),
        Paragraph(("Pooled by REML.", Cite(("leder-2004", "registry")))),
        Fold("Summary of findings", (TableBlock("s-1", table(words, 4)),), "", True),
        Heading(3, "References", "references"),
        References(),
        Heading(2, "Run record", "run"),
        Paragraph(("Built by ", Literally("evidence run x"), "; ", Link(words, "effects.csv"))),
    )
    return Document(
        name="sample",
        title=f"A report: {words}",
        lead=f"What {words} shows.",
        blocks=(*found, *men, *end),
        references=REFERENCES,
        about={"version": "0.1.0", "data_hash": "ab" * 32, "date": "2026-11-21"},
    )
