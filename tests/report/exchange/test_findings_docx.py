import hashlib
import io
import json
import re
import shutil
import subprocess
import sys
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from docx import Document as reopened
from docx.oxml.ns import qn

from evidence.catalog.project import Project
from evidence.errors import ReportError
from evidence.report.certainty.findings_table import findings_table, footnotes_table
from evidence.report.certainty.summary_of_findings import Rated, SofRow, SummaryOfFindings
from evidence.report.document.docx_text import printable
from evidence.report.exchange.findings_docx import ORDER, findings_docx
from evidence.report.exchange.outgoing import export
from evidence.report.result import Shown
from tests.report.exchange.exchange_hostile import HOSTILE
from tests.report.exchange.exchange_samples import project

ROOT = Path(__file__).resolve().parents[3]
REPORTS = sorted(path.parent.name for path in ROOT.glob("reports/*/summary_of_findings.json"))
MARKS = re.compile(r" \[([\d, ]+)\]$")


def summaries(name: str) -> list[SummaryOfFindings]:
    content = (ROOT / "reports" / name / "summary_of_findings.json").read_bytes()
    return [SummaryOfFindings.model_validate_json(json.dumps(one)) for one in json.loads(content)]


def sample(text: str = "Death") -> SummaryOfFindings:
    shown = Shown(estimate=0.8, low=0.6, high=1.1)
    few = Shown(estimate=-20.0, low=-40.0, high=10.0)
    rated = Rated(level="low", status="judged")
    row = SofRow(
        question="q", outcome=text, follow_up=text, trials=2, participants=1234, told_in_part=1,
        directions=text, relative=shown, measure="RR", unit=None, comparator=100.0,
        comparator_text=text, comparator_source=text, treatment=Shown(
            estimate=80.0, low=60.0, high=110.0), difference=few, absolute_unit="per 1,000",
        as_asked=rated, certainty=Rated(level="very_low", status="suggested"), footnotes=(1, 2),
        smallest_difference=text, statement=text,
    )  # fmt: skip
    return SummaryOfFindings(
        title=f"A compared with B in {text}", people=text, intervention=text, comparison=text,
        meant_for=text, rows=(row,), footnotes=(f"One: {text}", "Two."),
    )  # fmt: skip


def opened(table: SummaryOfFindings, **about: str) -> Any:
    return reopened(io.BytesIO(findings_docx(table, about=about)))


def all_text(word: Any) -> str:
    return "\n".join(p.text for p in word.paragraphs)


@pytest.mark.parametrize("name", REPORTS)
def test_every_figure_is_that_of_the_table(name: str) -> None:
    for summary in summaries(name):
        word, made = opened(summary), findings_table(summary)
        (table,) = word.tables
        head, below, *rows = [[cell.text for cell in row.cells] for row in table.rows]
        assert head[1:4] == ["Anticipated absolute effects (95 % CI)"] * 3
        assert head[6:8] == ["Certainty of the evidence (GRADE)"] * 2
        assert below[3] == "Difference"
        assert below[4] == "Relative effect (95 % CI)"
        for row, wanted in zip(rows, made.rows, strict=True):
            marked = [MARKS.sub(lambda m: m.group(1).replace(" ", ""), text) for text in wanted]
            assert row == [marked[i] for i in ORDER]
        notes = footnotes_table(summary)
        written = [p.text for p in word.paragraphs if p.style.name == "Bibliography"]
        assert written == ([] if notes is None else [f"{n}.\t{text}" for n, text in notes.rows])


def test_there_are_reports_to_look_at() -> None:
    assert len(REPORTS) > 10


@pytest.mark.parametrize("name", REPORTS)
def test_nothing_of_the_caption_is_lost(name: str) -> None:
    for summary in summaries(name):
        word, made = opened(summary), findings_table(summary)
        lines = [p.text for p in word.paragraphs]
        assert lines[:5] == [
            made.title,
            f"Patient or population: {summary.people}",
            "Setting: as in the trials",
            f"Intervention: {summary.intervention}",
            f"Comparison: {summary.comparison}",
        ]
        assert made.caption.endswith(lines[5])
        assert lines[5].startswith("Ratios to two decimals, small ones and other figures")


def test_the_layout_of_grade() -> None:
    word = opened(sample(), version="1.2", data_hash="cd" * 32, date="2025-03-04", author="A. One")
    (section,) = word.sections
    assert section.page_width > section.page_height
    text = all_text(word)
    for level, signs in (
        ("High", "⊕⊕⊕⊕"),
        ("Moderate", "⊕⊕⊕◯"),
        ("Low", "⊕⊕◯◯"),
        ("Very low", "⊕◯◯◯"),
    ):
        assert f"\n{signs} {level} certainty: " in text
    assert "CI: confidence interval; RR: risk ratio. Questions: q." in text
    assert "cdcd" not in text
    assert word.core_properties.keywords == "cd" * 32
    assert "data cdcdcdcdcdcdcdcd\t" in section.footer.paragraphs[0].text
    assert word.core_properties.author == "A. One"
    assert word.core_properties.created.date().isoformat() == "2025-03-04"
    assert word.core_properties.title == "Summary of findings: A compared with B in Death"
    (table,) = word.tables
    cells = [cell.text for cell in table.rows[2].cells]
    assert cells[1:5] == [
        "Death", "80.0 (60.0 to 110) per 1,000", "20.0 fewer per 1,000 (40.0 fewer to 10.0 more)",
        "RR 0.80 (0.60 to 1.10)",
    ]  # fmt: skip
    assert cells[5].startswith("1,234 (2)")
    assert cells[6:8] == ["⊕⊕◯◯ low", "⊕◯◯◯ very low (suggested)1,2"]


def test_levels_before_the_treatment_stand_under_no_treatment() -> None:
    table = sample()
    row = table.rows[0].model_copy(
        update={"measure": "MN", "unit": "pg/mL", "occasion": "baseline", "difference": None}
    )
    (made,) = opened(table.model_copy(update={"rows": (row,)})).tables
    assert [cell.text for cell in made.rows[1].cells][1:3] == [
        "Before the treatment", "With the treatment",
    ]  # fmt: skip
    cells = [cell.text for cell in made.rows[2].cells]
    assert cells[1:3] == ["0.800 (0.600 to 1.10) pg/mL", ""]


def test_heads_come_again_and_marks_lead_to_their_reasons() -> None:
    word = opened(sample())
    rows = [row._tr for row in word.tables[0].rows]
    assert [row.find(".//" + qn("w:tblHeader")) is not None for row in rows] == [True, True, False]
    assert all(row.find(".//" + qn("w:cantSplit")) is not None for row in rows)
    links = [link.get(qn("w:anchor")) for link in word.element.iter(qn("w:hyperlink"))]
    marks = [mark.get(qn("w:name")) for mark in word.element.iter(qn("w:bookmarkStart"))]
    assert links == marks == ["reason_1", "reason_2"]
    ids = [mark.get(qn("w:id")) for mark in word.element.iter(qn("w:bookmarkStart"))]
    assert len(set(ids)) == 2


def test_a_table_without_reasons_has_none() -> None:
    table = sample()
    row = table.rows[0].model_copy(update={"footnotes": ()})
    word = opened(table.model_copy(update={"footnotes": (), "rows": (row,)}))
    assert "Reasons" not in all_text(word)
    assert word.tables[0].rows[2].cells[7].text == "⊕◯◯◯ very low (suggested)"
    assert not list(word.element.iter(qn("w:hyperlink")))


def test_the_same_bytes_each_time() -> None:
    about = {"version": "1"}
    assert findings_docx(sample(), about=about) == findings_docx(sample(), about=about)
    assert findings_docx(sample()) != findings_docx(sample(), about=about)
    with zipfile.ZipFile(io.BytesIO(findings_docx(sample()))) as package:
        assert {one.date_time[0] for one in package.infolist()} == {1980}


@pytest.mark.slow
def test_the_same_bytes_in_another_process() -> None:
    code = (
        "import hashlib; from tests.report.exchange.test_findings_docx import sample;"
        "from evidence.report.exchange.findings_docx import findings_docx;"
        "print(hashlib.sha256(findings_docx(sample())).hexdigest())"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, check=True, capture_output=True, text=True
    )
    assert done.stdout.strip() == hashlib.sha256(findings_docx(sample())).hexdigest()


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_strings_come_back_as_they_are(text: str) -> None:
    word, kept = opened(sample(text), version=text, author=text), printable(text)
    assert [p.text for p in word.paragraphs][1] == f"Patient or population: {kept}"
    cells = [cell.text for cell in word.tables[0].rows[2].cells]
    assert cells[1] == cells[8] == kept
    assert f"1.\tOne: {kept}" in [p.text for p in word.paragraphs]
    assert not [rel for rel in word.part.rels.values() if rel.is_external]
    assert not list(word.element.iter(qn("w:instrText"), qn("w:fldSimple")))


def test_export_writes_it_beside_the_tables(tmp_path: Path) -> None:
    written = export(project(), ["spine_bmd"], "findings", tmp_path)
    names = {path.name for path in written}
    assert {"spine_bmd-1-findings.docx", "spine_bmd-1-findings.csv"} <= names
    assert sum(name.endswith(".docx") for name in names) == len(summaries("spine_bmd"))
    word = reopened(str(tmp_path / "spine_bmd-1-findings.docx"))
    run = json.loads((project().reports_folder / "spine_bmd" / "run.json").read_bytes())
    assert word.core_properties.keywords == run["data_hash"]
    asked = [row.question for row in summaries("spine_bmd")[0].rows]
    assert f"Questions: {', '.join(asked)}." in all_text(word)
    assert word.paragraphs[0].text == findings_table(summaries("spine_bmd")[0]).title


def copied(tmp_path: Path) -> Project:
    root = tmp_path / "project"
    folder = root / "reports" / "spine_bmd"
    shutil.copytree(project().reports_folder / "spine_bmd", folder)
    (root / "analyses").symlink_to(project().root / "analyses")
    return replace(project(), root=root)


def test_export_names_the_release_of_the_run(tmp_path: Path) -> None:
    one = copied(tmp_path)
    path = one.reports_folder / "spine_bmd" / "run.json"
    run = json.loads(path.read_bytes())
    head = {"title": "T", "authors": ["A. One", "B. Two"], "version": "1", "date": "2025-03-04"}
    path.write_text(json.dumps(run | {"release": head}), encoding="utf-8")
    export(one, ["spine_bmd"], "findings", tmp_path / "out")
    properties = reopened(str(tmp_path / "out" / "spine_bmd-1-findings.docx")).core_properties
    assert properties.author == "A. One, B. Two"
    assert properties.created.date().isoformat() == "2025-03-04"
    path.write_text(json.dumps({k: v for k, v in run.items() if k != "release"}), encoding="utf-8")
    export(one, ["spine_bmd"], "findings", tmp_path / "out")
    properties = reopened(str(tmp_path / "out" / "spine_bmd-1-findings.docx")).core_properties
    assert properties.author.startswith("evidence ")


def test_export_needs_the_run_record(tmp_path: Path) -> None:
    one = copied(tmp_path)
    (one.reports_folder / "spine_bmd" / "run.json").write_text("[]", encoding="utf-8")
    with pytest.raises(ReportError, match="is no run record"):
        export(one, ["spine_bmd"], "findings", tmp_path / "out")


def test_something_else_is_refused() -> None:
    with pytest.raises(ReportError, match="table"):
        findings_docx("a table")  # type: ignore[arg-type]
    with pytest.raises(ReportError, match="about"):
        findings_docx(sample(), about="1.2")  # type: ignore[arg-type]
