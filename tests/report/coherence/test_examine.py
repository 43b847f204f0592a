"""Faults put into each form of a report by hand: every one is named, the report itself is not."""

import base64
import io
import json
import re
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from coherence_samples import changed, told

from evidence.errors import ReportError
from evidence.report.build import Built
from evidence.report.coherence.examine import examine
from evidence.report.document.pdf import as_pdf
from evidence.report.page import digest, resolved
from evidence.report.result import QuestionResult

PAGE, MARKDOWN, WORD, PDF = "index.html", "report.md", "report.docx", "report.pdf"
DOCUMENT = "word/document.xml"
TEXTS = (PAGE, MARKDOWN, WORD)
# How the place of a table, or of a figure, is marked in each form.
MARKS = {PAGE: 'id="{}"', MARKDOWN: '<a id="{}"></a>', WORD: 'w:name="{}"'}


def test_the_report_itself_is_coherent(folder: Path) -> None:
    assert told(folder) == []
    assert {PAGE, MARKDOWN, WORD, PDF} <= {path.name for path in folder.iterdir()}


def tampered(folder: Path, file: str, change: Callable[[str], str]) -> None:
    """Change the text of a form; of a Word file, that of its document."""
    path = folder / file
    if file != WORD:
        old = path.read_text("utf-8")
        new = change(old)
        path.write_text(new, "utf-8")
        assert new != old
        return
    with zipfile.ZipFile(path) as package:
        parts = {name: package.read(name) for name in package.namelist()}
    old = parts[DOCUMENT].decode("utf-8")
    parts[DOCUMENT] = change(old).encode("utf-8")
    assert parts[DOCUMENT] != old.encode("utf-8")
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as package:
        for name, content in parts.items():
            package.writestr(name, content)
    path.write_bytes(buffer.getvalue())
    trust(folder)


def alone(folder: Path, *files: str) -> None:
    """Take the forms away that a folder may lack, but for some: reading them takes its time."""
    for name in {WORD, PDF} - set(files):
        (folder / name).unlink()


def trust(folder: Path) -> None:
    """Put the hashes of the forms as they are now into forms.json: the text alone must give it."""
    here = [name for name in (PDF, WORD) if (folder / name).is_file()]
    hashes = {name: digest((folder / name).read_bytes()) for name in here}
    content = json.dumps({"format": "evidence-forms/1", "sha256": hashes})
    (folder / "forms.json").write_text(content, "utf-8")


def behind(file: str, anchor: str, old: str, new: str) -> Callable[[str], str]:
    """Replace the first text behind an anchor."""
    name = anchor.replace("-", "_") if file == WORD else anchor

    def change(text: str) -> str:
        at = text.index(MARKS[file].format(name))
        place = text.index(old, at)
        return text[:place] + new + text[place + len(old) :]

    return change


# What is changed, behind which anchor, and a part of what the examination must say of it.
WORDS = {
    "a bound rounded up": ("t-hormone-models", "−4.9 to 0.0", "−5.0 to 0.0", "t-hormone-models"),
    "a bound cut": ("t-hormone-models", "to −1.3)", "to −1)", "t-hormone-models"),
    "a sign lost": ("t-hormone-models", "−2.4 (", "2.4 (", "t-hormone-models"),
    "a sign lost behind to": ("t-hormone-models", "to −1.3", "to 1.3", "t-hormone-models"),
    "a weight": ("t-hormone-effects", "33.3", "33.4", "Weight"),
    "a P": ("t-hormone-models", "P = 0.051", "P = 0.05", "t-hormone-models"),
    "a spread": ("t-hormone-models", "0.521", "0.512", "t-hormone-models"),
    "a prediction": ("t-hormone-models", "−4.6 to 0.0", "−4.6 to 0.1", "t-hormone-models"),
    "a prior": ("t-hormone-priors", "normal(0, 10)", "normal(0, 1)", "t-hormone-priors"),
    "an effect at a glance": ("t-overview", "−0.030", "−0.03", "t-overview"),
    "one of three intervals": ("t-overview", "Wald 19 to 63", "Wald 19 to 36", "t-overview"),
    "a row's name": ("t-hormone-effects", "Doe 2002", "Doe 2012", "t-hormone-effects"),
    "a choice": ("t-hormone-sensitivity", "−11.1 to 6.8", "−11.1 to 8.6", "hormone-sensitivity"),
    "the sampler": ("t-hormone-agreement", "1.001", "1.002", "t-hormone-agreement"),
    "a sampled figure": ("t-hormone-agreement", "0.6334", "0.6343", "t-hormone-agreement"),
    "a shrunken trial": ("t-hormone-shrinkage", "−3.7 to −0.2", "−3.7 to 0.2", "shrinkage"),
    "a finding": ("a-hormone", "−2.4 pg/mL", "−2.3 pg/mL", "finding"),
    "a side": ("a-hormone", "from lower to higher", "from higher to lower", "finding"),
    "people of a finding": ("a-hormone", "126 people", "125 people", "finding"),
    "a limit": ("a-hormone", "between −4.9 and", "between −4.8 and", "certainty"),
    "a total": ("q-hormone", "4 reports = 3 used", "5 reports = 3 used", "considered"),
    "a part of a total": ("q-hormone", "1 in part", "2 in part", "considered"),
    "the second answer": ("said-hormone", "on average −2.6", "on average −2.5", "second answer"),
    "a step": ("t-hormone-said-1", "−2.6 (", "−2.5 (", "t-hormone-said-1"),
    "a contribution": ("t-hormone-said-2", "36 %", "35 %", "t-hormone-said-2"),
    "directions": ("t-lipid-directions", "50 %", "51 %", "t-lipid-directions"),
    "a direction": ("t-lipid-directions", "lower with", "higher with", "t-lipid-directions"),
    "a summary's effect": ("t-findings-1", "MD −2.44", "MD −2.4", "t-findings-1"),
    "a summary's people": ("t-findings-1", "126 (3)", "126 (4)", "t-findings-1"),
    "a number": ("t-hormone-models", "Table 4", "Table 9", ""),
    "the number of a figure": ("f-hormone-said", "Figure 3", "Figure 9", ""),
    "the table of a figure": ("f-hormone-said", "Table 5", "Table 6", ""),
    "a picture's words": ("f-hormone-said", "−2.39 (", "−2.93 (", "words"),
}  # fmt: skip


@pytest.mark.parametrize("file", TEXTS)
@pytest.mark.parametrize("fault", WORDS)
def test_a_changed_word_is_named(folder: Path, file: str, fault: str) -> None:
    alone(folder, file)
    anchor, old, new, says = WORDS[fault]
    if file == WORD and fault == "a picture's words":
        tampered(folder, file, lambda text: text.replace(old, new))
    else:
        tampered(folder, file, behind(file, anchor, old, new))
    found = told(folder)
    assert any(line.startswith(file) and says in line for line in found), found
    # What the page numbers otherwise, the other forms number otherwise too.
    assert "number" in fault or all(line.startswith(file) for line in found), found


def exchanged(text: str, at: int) -> str:
    """Exchange the effects of the first two trials behind a place."""
    pair = ("−3.0 (−5.0 to −1.0)", "−1.0 (−3.9 to 1.9)")
    head, rest = text[:at], text[at:]
    for old, new in ((pair[0], "HERE"), (pair[1], pair[0]), ("HERE", pair[1])):
        assert old in rest
        rest = rest.replace(old, new, 1)
    return head + rest


@pytest.mark.parametrize("file", TEXTS)
def test_exchanged_rows_are_named(folder: Path, file: str) -> None:
    alone(folder, file)
    mark = MARKS[file].format("t_hormone_effects" if file == WORD else "t-hormone-effects")
    tampered(folder, file, lambda text: exchanged(text, text.index(mark)))
    found = [line for line in told(folder) if "t-hormone-effects" in line]
    assert ["row 1" in line for line in found] == [True, False]
    assert ["row 2" in line for line in found] == [False, True]


CUTS = {
    PAGE: (r'<table id="t-hormone-effects">.*?</table>', ""),
    MARKDOWN: (r'<a id="t-hormone-effects"></a>.*?\n\n\|.*?\n\n', ""),
    WORD: (r'(w:name="t_hormone_effects"/>.*?)<w:tbl>.*?</w:tbl>', r"\1"),
}


@pytest.mark.parametrize("file", TEXTS)
def test_a_lost_table_is_named(folder: Path, file: str) -> None:
    alone(folder, file)
    pattern, rest = CUTS[file]
    tampered(folder, file, lambda text: re.sub(pattern, rest, text, count=1, flags=re.DOTALL))
    found = told(folder)
    assert any("t-hormone-effects: the table is missing" in line for line in found), found
    assert any("names a table that is not there" in line for line in found), found


@pytest.mark.parametrize("file", TEXTS)
def test_a_lost_row_is_named(folder: Path, file: str) -> None:
    alone(folder, file)
    row = {
        PAGE: r"<tr[^>]*><td[^>]*>Doe 2002<.*?</tr>",
        MARKDOWN: r"\| Doe 2002<.*?\|\n",
        WORD: r"<w:tr>(?:(?!<w:tr>).)*?Doe 2002.*?</w:tr>",
    }[file]
    tampered(folder, file, lambda text: re.sub(row, "", text, count=1, flags=re.DOTALL))
    assert any("number of rows" in line for line in told(folder))


ALT = {
    PAGE: r'alt="Forest plot[^"]*"',
    MARKDOWN: r"!\[Forest plot[^\]]*\]",
    WORD: r'descr="Forest[^"]*"',
}
NO_ALT = {PAGE: 'alt=""', MARKDOWN: "![]", WORD: 'descr=""'}


@pytest.mark.parametrize("file", TEXTS)
def test_missing_words_of_a_picture_are_named(folder: Path, file: str) -> None:
    alone(folder, file)
    tampered(folder, file, lambda text: re.sub(ALT[file], NO_ALT[file], text))
    assert any("has no words" in line and "Figure 1" in line for line in told(folder))


@pytest.mark.parametrize(
    ("file", "pattern", "to", "says"),
    [
        (PAGE, r'href="#ref-r"', 'href="#ref-q"', "citation q: is not in the list"),
        (MARKDOWN, r"\(#ref-r\)", "(#ref-q)", "citation q: is not in the list"),
        (PAGE, r'<sup class="cite">.*?</sup>', "", "reference r: is cited nowhere"),
        (MARKDOWN, r"<sup>\[.*?</sup>", "", "reference r: is cited nowhere"),
        (PAGE, r'href="#q-hormone"', 'href="#q-none"', "leads nowhere"),
        (MARKDOWN, r"\(#q-hormone\)", "(#q-none)", "leads nowhere"),
        (WORD, r'w:anchor="q_hormone"', 'w:anchor="q_none"', "leads nowhere"),
        (WORD, r'<w:rStyle w:val="Citation"/></w:rPr><w:t[^>]*>1<',
         '<w:rStyle w:val="Citation"/></w:rPr><w:t>999<', "citation 999"),
        (PAGE, r'<figure id="f-bone">.*?</figure>', "", "f-bone: the figure is missing"),
        (PAGE, r'<figure id="f-bone">', '<figure id="f-hormone">', "stands twice"),
    ],
)  # fmt: skip
def test_references_that_do_not_resolve(
    folder: Path, file: str, pattern: str, to: str, says: str
) -> None:
    alone(folder, file)
    tampered(folder, file, lambda text: re.sub(pattern, to, text, flags=re.DOTALL))
    found = told(folder)
    assert any(says in line for line in found), found


def test_a_stale_picture_in_the_page_is_named(folder: Path) -> None:
    alone(folder)
    svg = (folder / "hormone.svg").read_bytes()
    old = base64.b64encode(svg).decode("ascii")
    new = base64.b64encode(svg.replace(b"Doe 2001", b"Doe 2000")).decode("ascii")
    tampered(folder, PAGE, lambda text: text.replace(old, new))
    assert any("f-hormone: the picture is not hormone.svg" in line for line in told(folder))


def test_a_stale_picture_in_the_word_file_is_named(folder: Path) -> None:
    (folder / "hormone.png").write_bytes((folder / "bone.png").read_bytes())
    found = told(folder)
    assert any(line.startswith(WORD) and "not hormone.png" in line for line in found), found


# What the PDF is built from, changed: the other forms and the result are the right ones.
Change = Callable[[Built], bytes]


def shown(q: QuestionResult, **values: float) -> QuestionResult:
    assert q.main is not None
    main = q.main.model_copy(update={"shown": q.main.shown.model_copy(update=values)})
    return q.model_copy(update={"main": main})


def effect(q: QuestionResult, place: int, **values: object) -> QuestionResult:
    lines = list(q.effects)
    lines[place] = lines[place].model_copy(update=values)
    return q.model_copy(update={"effects": tuple(lines)})


def swapped(q: QuestionResult) -> QuestionResult:
    first, second = q.effects[0].shown, q.effects[1].shown
    return effect(effect(q, 0, shown=second), 1, shown=first)


REBUILT: dict[str, tuple[Callable[[QuestionResult], QuestionResult], str]] = {
    "a bound rounded": (lambda q: shown(q, low=-5.04), "t-hormone-models"),
    "a sign lost": (lambda q: shown(q, estimate=2.4363), "t-hormone-models"),
    "rows exchanged": (swapped, "t-hormone-effects"),
    "a weight": (lambda q: effect(q, 0, weight=33.4), "Weight"),
    "a total": (lambda q: q.model_copy(update={"considered": 5}), "considered"),
    "a finding": (
        lambda q: q.model_copy(update={"finding": q.finding.replace("126", "125")}),
        "finding",
    ),
    "a row's name": (lambda q: effect(q, 1, label="Doe 2012"), "t-hormone-effects"),
    "a lost table": (lambda q: q.model_copy(update={"sensitivity": ()}), "is missing"),
}


@pytest.mark.parametrize("fault", REBUILT)
def test_a_pdf_of_another_result_is_named(made: Built, folder: Path, fault: str) -> None:
    change, says = REBUILT[fault]
    other = changed(made.result, "hormone", change)
    (folder / PDF).write_bytes(as_pdf(resolved(other, made.material, made.run)))
    trust(folder)
    found = told(folder)
    assert any(line.startswith(PDF) and says in line for line in found), found
    assert all(line.startswith(PDF) for line in found), found


@pytest.mark.parametrize("words", [b"Doe 2001", "−2.4 (−4.9 to 0.0)".encode(), b"33.3 %"])
def test_a_stale_picture_in_the_pdf_is_named(made: Built, folder: Path, words: bytes) -> None:
    drawn = made.material.pictures["hormone"]
    stale = replace(drawn, svg=drawn.svg.replace(words, b"9.9"))
    assert stale.svg != drawn.svg
    material = replace(made.material, pictures={**made.material.pictures, "hormone": stale})
    (folder / PDF).write_bytes(as_pdf(resolved(made.result, material, made.run)))
    trust(folder)
    found = told(folder)
    assert [line.startswith(PDF) and "words of the picture" in line for line in found] == [True]


def test_other_words_of_a_picture_in_the_pdf_are_named(made: Built, folder: Path) -> None:
    drawn = made.material.pictures["hormone"]
    stale = replace(drawn, description=drawn.description.replace("2001", "2002"))
    material = replace(made.material, pictures={**made.material.pictures, "hormone": stale})
    (folder / PDF).write_bytes(as_pdf(resolved(made.result, material, made.run)))
    trust(folder)
    assert any("words for those who do not see it" in line for line in told(folder))


def test_an_older_form_than_its_hash_is_named(folder: Path) -> None:
    content = (folder / "forms.json").read_text("utf-8")
    (folder / "forms.json").write_text(content.replace("a", "b"), "utf-8")
    assert [line.partition(":")[0] for line in told(folder)] == [WORD, PDF]


def test_forms_that_are_not_kept_may_be_absent(folder: Path) -> None:
    (folder / PDF).unlink()
    (folder / WORD).unlink()
    assert told(folder) == []


@pytest.mark.parametrize("name", [PAGE, MARKDOWN, "effects.csv", "trace.csv", "hormone.svg"])
def test_a_missing_file_is_named(folder: Path, name: str) -> None:
    alone(folder, name)
    (folder / name).unlink()
    assert any(line.startswith(f"{name}: file: is missing") for line in told(folder))


@pytest.mark.parametrize(
    "name",
    [PAGE, MARKDOWN, WORD, PDF, "hormone.svg", "effects.csv", "summary_of_findings.json"],
)
@pytest.mark.parametrize(
    "content", [b"", b"\xff\xfe\x00", b"%PDF-1.7\n%%EOF", b"PK\x03\x04", b"{}"]
)
def test_a_damaged_file_is_named_and_never_breaks(folder: Path, name: str, content: bytes) -> None:
    alone(folder, name)
    (folder / name).write_bytes(content)
    assert any(line.startswith(name) for line in told(folder))


@pytest.mark.parametrize("cut", [100, 5000, 20000])
@pytest.mark.parametrize("name", [PAGE, MARKDOWN, WORD, PDF, "hormone.svg", "hormone.png"])
def test_a_cut_file_is_named_and_never_breaks(folder: Path, name: str, cut: int) -> None:
    alone(folder, name)
    content = (folder / name).read_bytes()
    (folder / name).write_bytes(content[: min(cut, len(content) - 50)])
    assert told(folder)


@pytest.mark.parametrize("content", [None, b"", b"{", b'{"a": NaN}', b"[]"])
def test_a_damaged_result_is_refused(folder: Path, content: bytes | None) -> None:
    path = folder / "result.json"
    path.unlink() if content is None else path.write_bytes(content)
    with pytest.raises(ReportError, match=r"no report to examine|result is damaged"):
        examine(folder)


def test_entities_are_not_read(folder: Path) -> None:
    bomb = b'<!DOCTYPE s [<!ENTITY a "aa">]><svg xmlns="http://www.w3.org/2000/svg">&a;</svg>'
    (folder / "hormone.svg").write_bytes(bomb)
    tampered(folder, WORD, lambda text: text.replace("?>", '?><!DOCTYPE d [<!ENTITY a "b">]>', 1))
    found = told(folder)
    assert any("declares entities" in line for line in found)
    assert any("declares a document type" in line for line in found)


@pytest.mark.parametrize(
    ("name", "old", "new", "says"),
    [
        ("effects.csv", "-3,1,", "-3.1,1,", "estimate"),
        ("effects.csv", "Doe 2002", "Doe 2012", "label"),
        ("effects.csv", ",weight,", ",heft,", "column"),
        ("partial.csv", "decrease", "increase", "line 1"),
        ("trace.csv", "reported,-3,", "reported,three,", "a number"),
        ("trace.csv", "hormone,trial-2001", "hormone,trial-2009", "no trace"),
        ("trace.csv", "hormone,trial-2001", "hormone,trial-2009", "a trace of no effect"),
        ("trace.csv", ",r,table 1,", ",q,table 1,", "leads to no page of a source"),
        ("trace.csv", ",r,table 1,", ",,table 1,", "without its report"),
        ("trace.csv", ",estimate,", ",std_error,", "no trace of the estimate"),
        ("summary_of_findings.json", '"participants": 126', '"participants": 125', "participants"),
        ("summary_of_findings.json", '"trials": 3', '"trials": 4', "trials"),
    ],
)
def test_a_changed_cell_is_named(folder: Path, name: str, old: str, new: str, says: str) -> None:
    alone(folder, name)
    tampered(folder, name, lambda text: text.replace(old, new))
    found = told(folder)
    assert any(line.startswith(name) and says in line for line in found), found


def test_a_lost_line_of_effects_is_named(folder: Path) -> None:
    alone(folder)
    tampered(folder, "effects.csv", lambda text: text.partition("\n")[0] + "\n")
    assert any("number of lines" in line for line in told(folder))
