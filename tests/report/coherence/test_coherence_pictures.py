"""Faults put into pictures: swapped sides, stale figures, marks that lie elsewhere."""

import re
from dataclasses import replace
from pathlib import Path

import pytest
from coherence_samples import told
from samples import FIVE, part, result_of, terms, trial, trials

from evidence.errors import ReportError
from evidence.report.build import Built
from evidence.report.coherence.forest_picture import check_forest, lines_of, read_axis, sides
from evidence.report.coherence.other_pictures import agrees, check_directions, check_picture
from evidence.report.coherence.png_text import png_description
from evidence.report.coherence.read_svg import read_svg
from evidence.report.figures.style import STYLE, svg_bytes
from evidence.report.forest.marks import draw, new_figure
from evidence.report.forest.result import forest_of
from evidence.report.pictures import picture
from evidence.report.result import QuestionResult


def faults(q: QuestionResult, svg: bytes) -> list[str]:
    return [str(one) for one in check_forest("q.svg", q, read_svg("q.svg", svg))]


def ratio() -> QuestionResult:
    """Three ratios of an outcome that is better lower."""
    pairs = ((0.6, 1.5), (0.8, 1.3), (1.1, 1.9))
    made = [
        trial(f"t-{i}", y, s, measure="RR", unit="count", word="cv_event")
        for i, (y, s) in enumerate(pairs)
    ]
    known = terms("lower", "cv_event")
    return result_of(made, known=known, measure="RR", unit=None, outcomes=("cv_event",))


@pytest.fixture(scope="module")
def plain() -> tuple[QuestionResult, bytes]:
    q = result_of(
        [
            *trials(FIVE),
            part("p-2010", estimate=-1.0, measure="MD", p={"relation": "<", "value": 0.01}),
        ],
        known=terms("lower"),
    )
    return q, picture(q).svg


def test_pictures_as_drawn_are_coherent(plain: tuple[QuestionResult, bytes]) -> None:
    assert faults(*plain) == []
    q = ratio()
    assert q.scale == "log"
    assert faults(q, picture(q).svg) == []
    one = result_of(trials(FIVE[:1]))
    assert faults(one, picture(one).svg) == []


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("−3.0 (−5.0 to −1.0)", "−3.0 (−5.0 to −1.1)", "effect and interval"),
        ("−3.0 (−5.0 to −1.0)", "3.0 (−5.0 to −1.0)", "effect and interval"),
        ("Doe 2002", "Doe 2003", "name of the line"),
        (" %</text>", "9 %</text>", "weight"),
        (">20</text>", ">21</text>", "people"),
        ("Q = ", "Q = 1", "note on heterogeneity"),
        ("τ² = ", "τ² = 1", "note on heterogeneity"),
        ("(P &lt; 0.01)", "(P &lt; 0.05)", "effect and interval"),
        ("prediction interval</text>", "interval</text>", "name of the line"),
        ("n 100</text>", "n 101</text>", "people"),
        ("favours placebo", "favours aromatase", "no effect favours"),
    ],
)
def test_changed_words_of_a_forest_plot(
    plain: tuple[QuestionResult, bytes], old: str, new: str, says: str
) -> None:
    q, svg = plain
    text = svg.decode("utf-8")
    head, words = text.split("</desc>")
    assert old in words, words
    found = faults(q, (f"{head}</desc>" + words.replace(old, new, 1)).encode("utf-8"))
    assert any(says in line for line in found), found


def swapped_sides(text: str) -> str:
    """Exchange the words left and right below the axis, arrows and places as they were."""
    left, right = re.findall(r">← ([^<]*)</text>", text), re.findall(r">([^<]*) →</text>", text)
    assert len(left) == len(right) == 1
    text = text.replace(f">← {left[0]}<", ">← HERE<").replace(f">{right[0]} →<", f">{left[0]} →<")
    return text.replace(">← HERE<", f">← {right[0]}<")


@pytest.mark.parametrize("better", ["lower", "higher", "neither"])
def test_swapped_sides_are_named(better: str) -> None:
    q = result_of(trials(FIVE), known=terms(better))
    svg = picture(q).svg
    assert faults(q, svg) == []
    found = faults(q, swapped_sides(svg.decode("utf-8")).encode("utf-8"))
    assert ["below no effect" in line for line in found] == [True, False]
    assert ["above no effect" in line for line in found] == [False, True]


def test_a_picture_that_is_right_for_another_direction_is_named() -> None:
    drawn = result_of(trials(FIVE), known=terms("higher"))
    q = result_of(trials(FIVE), known=terms("lower"))
    found = faults(q, picture(drawn).svg)
    assert len(found) == 2
    assert all("words below the axis" in line for line in found)


@pytest.mark.parametrize(
    ("changes", "below", "above"),
    [
        ({"better": "lower"}, "favours drug", "favours placebo"),
        ({"better": "higher"}, "favours placebo", "favours drug"),
        ({"better": "neither"}, "lower with drug", "higher with drug"),
        ({"contrast": "within"}, "lower after treatment", "higher after treatment"),
        ({"contrast": "level"}, "", ""),
        ({"contrast": "association"}, "negative association", "positive association"),
    ],
)
def test_sides_of_every_contrast(changes: dict[str, str], below: str, above: str) -> None:
    q = result_of(trials(FIVE)).model_copy(
        update={"treatment": "a drug", "control": "placebo"} | changes
    )
    assert sides(q) == {"below": below, "above": above}


def moved(text: str, pattern: str, by: float) -> str:
    """Move what a pattern finds first to the right; its group is the place."""
    found = re.search(pattern, text, re.DOTALL)
    assert found is not None
    place = float(found[1]) + by
    return f"{text[: found.start(1)]}{place:.6f}{text[found.end(1) :]}"


@pytest.mark.parametrize(
    ("pattern", "says"),
    [
        (r'<use [^>]*x="([\d.]+)" y="[\d.]+" style="fill: #0173b2"', "mark drawn"),
        (r"M ([\d.]+) 81\.18 \n", "ends drawn"),
        (r'<path d="M ([\d.]+) [\d.]+ \n[^"]*z\n" [^>]*#de8f05', "ends drawn"),
    ],
)
@pytest.mark.parametrize("by", [-4.0, 0.6, 20.0])
def test_marks_that_lie_elsewhere_are_named(
    plain: tuple[QuestionResult, bytes], pattern: str, says: str, by: float
) -> None:
    q, svg = plain
    found = faults(q, moved(svg.decode("utf-8"), pattern, by).encode("utf-8"))
    assert any(says in line for line in found), found


def test_a_picture_of_other_values_is_named_though_its_words_are_right() -> None:
    import matplotlib as mpl

    q = result_of(trials(FIVE))
    data = forest_of(q)
    first = data.lines[0]
    assert first.estimate is not None
    stale = (replace(first, estimate=first.estimate + 0.5), *data.lines[1:])
    with mpl.rc_context(STYLE):
        figure = new_figure(data)
        draw(replace(data, lines=stale), figure.axes[0])
        svg = svg_bytes(figure, q.title, data.description)
    found = faults(q, svg)
    assert len(found) == 1
    assert "mark drawn" in found[0]


def test_the_axis_is_read_on_every_scale() -> None:
    q = ratio()
    axis = read_axis(read_svg("q.svg", picture(q).svg), "log")
    assert axis is not None
    assert axis.x(0.0) == pytest.approx(axis.place)
    assert axis.low < axis.x(q.effects[0].estimate) < axis.high
    # A ratio's ticks, read as plain numbers, put every mark elsewhere.
    other = q.model_copy(update={"scale": "identity"})
    assert faults(other, picture(q).svg)


def test_an_axis_without_numbers_is_named() -> None:
    q = result_of(trials(FIVE))
    svg = re.sub(rb"text-anchor: middle", b"text-anchor: start", picture(q).svg)
    assert [line for line in faults(q, svg) if "cannot be read" in line]


def test_a_plot_of_one_trial_has_no_weight() -> None:
    q = result_of(trials(FIVE[:1]))
    assert [line.weight for line in lines_of(q)] == [""]


# Beside the forest plot: what is changed in a picture, and what is said of it.
OTHERS = [
    ("hormone_posterior.svg", "posterior −2.39 (−3.84 to", "posterior −2.38 (−3.84 to", "mean"),
    ("hormone_posterior.svg", "Doe 2001 printed −3.00", "Doe 2001 printed −3.01", "Doe 2001"),
    ("hormone_posterior.svg", "Doe 2002 printed", "Doe 2012 printed", "does not tell the trial"),
    ("hormone_posterior.svg", ">−2.39 (−3.84", ">−2.38 (−3.84", "does not show"),
    ("hormone_said.svg", "4 reports, −2.58", "4 reports, −2.85", "step"),
    ("hormone_said.svg", "3 reports, ", "2 reports, ", "step"),
    ("hormone_said.svg", ">−2.58 (", ">−2.85 (", "does not show"),
    ("hormone_contribution.svg", "(complete) 48.0 %", "(complete) 46.0 %", "precision lost"),
    ("hormone_contribution.svg", ">48.0<", ">46.0<", "does not show"),
    ("lipid.svg", "Doe 2011: increase", "Doe 2011: decrease", "does not tell a report"),
    ("lipid.svg", ">Doe 2011<", ">Doe 2010<", "does not show a study"),
    ("lipid.svg", ">42<", ">24<", "does not show its people"),
    ("bone.svg", "bone: is it lower", "hormone: is it lower", "another question"),
    ("hormone_said.svg", "hormone: is it lower", "bone: is it lower", "another question"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "old", "new", "says"), OTHERS)
def test_stale_pictures_are_named(folder: Path, name: str, old: str, new: str, says: str) -> None:
    for form in ("report.pdf", "report.docx"):
        (folder / form).unlink()
    text = (folder / name).read_text("utf-8")
    assert old in text, re.findall("<desc.*</desc>", text)
    (folder / name).write_text(text.replace(old, new), "utf-8")
    found = told(folder)
    assert any(line.startswith(name) and says in line for line in found), found
    assert any("the picture is not" in line or "words for those" in line for line in found)


def test_pictures_of_no_question_are_named(folder: Path) -> None:
    (folder / "old.svg").write_bytes((folder / "bone.svg").read_bytes())
    assert any("picture of no question" in line for line in told(folder))


def untold(content: bytes) -> bytes:
    """A PNG without its own description."""
    at, kept = 8, content[:8]
    while at < len(content):
        size = int.from_bytes(content[at : at + 4], "big") + 12
        if content[at + 4 : at + 8] not in (b"iTXt", b"tEXt"):
            kept += content[at : at + size]
        at += size
    return kept


def tagged(content: bytes, text: str, kind: bytes = b"iTXt") -> bytes:
    """Put a description into a PNG."""
    import struct
    import zlib

    inside = b"Description\0" + (b"\0\0\0\0" if kind == b"iTXt" else b"")
    inside += text.encode("utf-8" if kind == b"iTXt" else "latin-1")
    chunk = struct.pack(">I4s", len(inside), kind) + inside
    return content[:33] + chunk + struct.pack(">I", zlib.crc32(chunk[4:])) + content[33:]


@pytest.mark.parametrize("kind", [b"iTXt", b"tEXt"])
def test_words_of_a_png(made: Built, kind: bytes) -> None:
    content = untold(made.files["bone.png"])
    assert png_description("a.png", content) is None
    new = tagged(content, "as drawn", kind)
    assert png_description("a.png", new) == "as drawn"
    for broken in (new[:60], new[:-1], new.replace(b"as drawn", b"as drown"), b"", b"GIF89a"):
        with pytest.raises(ReportError, match="cannot be read"):
            png_description("a.png", broken)


def test_packed_words_of_a_png(made: Built) -> None:
    import struct
    import zlib

    inside = b"iTXtDescription\0\1\0\0\0" + zlib.compress("é".encode())
    chunk = struct.pack(">I", len(inside) - 4) + inside + struct.pack(">I", zlib.crc32(inside))
    content = untold(made.files["bone.png"])
    assert png_description("a.png", content[:33] + chunk + content[33:]) == "é"
    wrong = b"iTXtDescription\0\1\0\0\0no"
    chunk = struct.pack(">I", len(wrong) - 4) + wrong + struct.pack(">I", zlib.crc32(wrong))
    with pytest.raises(ReportError, match="cannot be read"):
        png_description("a.png", content[:33] + chunk + content[33:])


def test_a_png_that_says_something_else_is_named(folder: Path) -> None:
    path = folder / "bone.png"
    path.write_bytes(tagged(untold(path.read_bytes()), "Forest plot. Other."))
    (folder / "report.docx").unlink()
    (folder / "report.pdf").unlink()
    assert [line for line in told(folder) if line.startswith("bone.png")]


@pytest.mark.parametrize(
    ("found", "value", "right"),
    [
        ("1.12", 1.1249, True), ("1.12", 1.126, False), ("0.9", -0.9, False), ("-0", 0.4, True),
        ("2.5", 2.45, True), ("2.5", 2.55, True), ("2.5", 2.551, False), ("x", 1.0, False),
    ],
)  # fmt: skip
def test_agreement_at_the_printed_precision(found: str, value: float, *, right: bool) -> None:
    assert agrees(found, value) is right


def test_a_picture_of_what_the_result_lacks_is_named(made: Built) -> None:
    hormone = next(q for q in made.result.questions if q.id == "hormone")
    bare = hormone.model_copy(update={"exact": None, "said": None, "risk": None})
    for name, says in (
        ("posterior", "has not"),
        ("said", "steps"),
        ("contribution", "precision lost"),
    ):
        file = f"hormone_{name}.svg"
        read = read_svg(file, made.files[file])
        assert not list(check_picture(file, name, hormone, read))
        assert any(says in str(one) for one in check_picture(file, name, bare, read)), name
    lipid = next(q for q in made.result.questions if q.id == "lipid")
    read = read_svg("lipid.svg", made.files["lipid.svg"])
    assert not list(check_directions("lipid.svg", lipid, read))
    assert list(check_directions("lipid.svg", hormone, read))
