"""Names in signs that no font can set do not keep a report from being printed."""

from dataclasses import replace

import pytest
from document_samples import document
from matplotlib.figure import Figure

from evidence.report.document.blocks import Document, Picture
from evidence.report.document.pdf import as_pdf, staged
from evidence.report.document.resolve import resolve
from evidence.report.figures.style import style, svg_bytes


def test_a_hatched_picture_goes_in_as_png() -> None:
    sample = document()
    pattern = b"<svg><pattern/></svg>"
    blocks = [replace(b, svg=pattern) if isinstance(b, Picture) else b for b in sample.blocks]
    files = staged(resolve(replace(sample, blocks=tuple(blocks))))
    assert list(files) == ["figure-1.png"]
    assert files["figure-1.png"].startswith(b"\x89PNG")
    assert list(staged(resolve(sample))) == ["figure-1.svg"]


def drawn(words: str) -> Document:
    """The sample with a picture that shows some words."""
    with style():
        figure = Figure(figsize=(3, 1.5))
        figure.subplots().set_title(words)
        svg = svg_bytes(figure, "A title", "A description")
    sample = document()
    blocks = [replace(b, svg=svg) if isinstance(b, Picture) else b for b in sample.blocks]
    return replace(sample, blocks=tuple(blocks))


@pytest.mark.parametrize(
    ("words", "by_the_standard"),
    [("plain", True), ("e\u0301\u0302\u0303", False), ("\U0001f468\u200d\U0001f469", False)],
)
def test_a_pdf_claims_the_standard_only_where_it_meets_it(
    words: str, by_the_standard: bool
) -> None:
    made = as_pdf(resolve(drawn(words)))
    assert made.startswith(b"%PDF-1.7")
    assert (b"pdfuaid" in made) == by_the_standard
    assert made == as_pdf(resolve(drawn(words)))
