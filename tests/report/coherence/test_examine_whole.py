"""The forms of a page on the whole against each other: faults put in are found."""

import io
import json
import zipfile
from pathlib import Path

import pytest

from evidence.catalog.project import find_project
from evidence.report.coherence.whole import examine_whole
from evidence.report.document.blocks import (
    Document,
    Fold,
    Heading,
    Paragraph,
    Picture,
    Ref,
    TableBlock,
)
from evidence.report.document.resolve import resolve
from evidence.report.figures.style import png_bytes, style, svg_bytes
from evidence.report.page import forms_of
from evidence.report.tables import Table

TOLD = "Three studies."


TITLE = "Evidence seen (2), read as: supported"
LEFT = "Every source"


def document(title: str = TITLE) -> Document:
    from matplotlib.figure import Figure

    with style():
        figure = Figure(figsize=(3, 1.5), layout="constrained")
        figure.subplots().plot([0, 1], [1, 2])
        svg, png = svg_bytes(figure, "Flow", TOLD), png_bytes(figure, 100, TOLD)
    head = ("Area", "Claims", "supported", "uncertain")
    areas = Table("Claims by area", head, (("Bone", "2", "1", "1"), ("Brain", "1", "", "1")))
    wide = Table("Studies", ("Study", "Effect"), (("Doe 2001", "−2.40 (−6.10 to 1.60)"),))
    return Document(
        name="whole",
        title="The whole",
        lead="All of it.",
        blocks=(
            Heading(2, "Flow", "flow"),
            Picture("f-flow", "flow", svg, png, TOLD, "Flow of studies", "t-areas"),
            Paragraph(("See ", Ref("t-areas"), ".")),
            TableBlock("t-areas", areas),
            Fold("Studies", (TableBlock("t-studies", wide, {}, True),), under="flow"),
            Fold(title, (TableBlock("t-seen", wide, {}, True),), under="flow"),
            Fold(LEFT, (TableBlock("t-left", wide, {}, True),), "left.csv", under="flow"),
            Fold(LEFT, (TableBlock("t-right", wide, {}, True),), "left.csv", under="flow"),
        ),
    )


@pytest.fixture(scope="module")
def made() -> dict[str, bytes]:
    whole = document()
    picture = next(b for b in whole.blocks if isinstance(b, Picture))
    claims = [{"verdict": "supported"}, {"verdict": "uncertain"}, {"verdict": "uncertain"}]
    return {
        **forms_of(resolve(whole)),
        "flow.svg": picture.svg,
        "claims.json": json.dumps({"claims": claims}).encode(),
    }


@pytest.fixture
def folder(made: dict[str, bytes], tmp_path: Path) -> Path:
    for name, content in made.items():
        (tmp_path / name).write_bytes(content)
    return tmp_path


def in_word(content: bytes, old: str, new: str) -> bytes:
    """A Word file with one place of its text changed."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as source, zipfile.ZipFile(out, "w") as target:
        for name in source.namelist():
            part = source.read(name)
            if name == "word/document.xml":
                assert old.encode() in part
                part = part.replace(old.encode(), new.encode(), 1)
            target.writestr(name, part)
    return out.getvalue()


def test_an_untouched_page_has_no_fault(folder: Path) -> None:
    assert examine_whole(folder) == ()
    for name in ("report.pdf", "report.docx"):
        (folder / name).unlink()
    assert examine_whole(folder) == ()


@pytest.mark.parametrize(
    ("file", "old", "new", "told"),
    [
        ("index.html", "6.10 to 1.60", "6.10 to 1.06", "report.md: t-studies (Table S1): row 1"),
        ("index.html", ">2</td>", ">3</td>", "total of column Claims"),
        ("index.html", "Table 1. Claims", "Table 4. Claims", "Table 4"),
        ("index.html", f'alt="{TOLD}"', 'alt=""', "f-flow"),
        ("index.html", "base64,", "base64,AAAA", "picture is none of the files"),
        ("index.html", 'href="#t-areas">Table 1', 'href="#t-area">Table 1', "leads nowhere"),
        ("report.md", "6.10 to 1.60", "6.1 to 1.60", "report.md: t-studies (Table S1): row 1"),
        ("report.md", "Brain", "Brian", "report.md: t-areas (Table 1): row 2"),
        ("report.docx", "6.10 to 1.60", "6.10 to 16.0", "report.docx: t-studies"),
        ("claims.json", "supported", "uncertain", "total of column supported"),
        ("claims.json", "claims", "claim", "cannot be read: KeyError"),
        ("report.pdf", "%PDF", "%XXX", "report.pdf: file"),
        ("index.html", "<title>", "\udcff", "is no UTF-8"),
    ],
)
def test_faults_are_found(folder: Path, file: str, old: str, new: str, told: str) -> None:
    path = folder / file
    content = path.read_bytes()
    if file == "report.docx":
        path.write_bytes(in_word(content, old, new))
    else:
        mine, theirs = (x.encode("utf-8", "surrogateescape") for x in (old, new))
        assert mine in content
        path.write_bytes(content.replace(mine, theirs, 1))
    found = [str(one) for one in examine_whole(folder)]
    assert any(told in text for text in found), found


@pytest.mark.parametrize("form", ["report.md", "report.docx", "report.pdf"])
def test_a_lost_title_of_a_fold_is_found(folder: Path, form: str) -> None:
    (folder / form).write_bytes(forms_of(resolve(document("Evidence seen")))[form])
    found = [str(one) for one in examine_whole(folder)]
    assert found == [f"{form}: {TITLE}: title of a fold: stands 0 times, on the page 1"]


def test_a_title_that_is_lost_once_of_twice_is_found(folder: Path) -> None:
    page = folder / "index.html"
    text = page.read_text("utf-8")
    fold = f"<details><summary>{TITLE}</summary></details>"
    more = f"<details><summary>{TITLE} but overstated</summary></details>"
    page.write_text(text.replace("</main>", f"{fold}</main>"), "utf-8")
    assert fold in page.read_text("utf-8")
    for form in ("report.md", "report.docx", "report.pdf"):
        what = f"{form}: {TITLE}: title of a fold: stands 1 times, on the page 2"
        assert what in [str(one) for one in examine_whole(folder)]
    # A longer title is no other one that begins alike.
    form = folder / "report.md"
    form.write_text(form.read_text("utf-8") + f"\n{TITLE} but overstated\n", "utf-8")
    page.write_text(text.replace("</main>", f"{fold}{more}</main>"), "utf-8")
    found = [str(one) for one in examine_whole(folder) if one.file == "report.md"]
    assert found == [f"report.md: {TITLE}: title of a fold: stands 1 times, on the page 2"]


def test_what_is_left_to_a_file_needs_its_name(folder: Path) -> None:
    path = folder / "report.docx"
    content = path.read_bytes()
    with zipfile.ZipFile(io.BytesIO(content)) as package:
        text = package.read("word/document.xml").decode("utf-8")
    assert text.count(LEFT) == 1  # both folds together
    path.write_bytes(in_word(content, "left.csv", "nowhere"))
    (only,) = examine_whole(folder)
    assert str(only) == f"report.docx: {LEFT}: title of a fold: stands 1 times, on the page 2"


def test_a_lost_page_and_a_lost_row_are_found(folder: Path) -> None:
    page = folder / "report.md"
    lines = page.read_text("utf-8").splitlines()
    page.write_text("\n".join(x for x in lines if "Brain" not in x), "utf-8")
    assert any("number of rows" in str(one) for one in examine_whole(folder))
    (folder / "index.html").unlink()
    (only,) = examine_whole(folder)
    assert "is missing" in str(only)


@pytest.mark.parametrize("name", ["claims", "changes", "body"])
def test_the_committed_pages_agree(name: str) -> None:
    assert examine_whole(find_project().reports_folder / name) == ()
