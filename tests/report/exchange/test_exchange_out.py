"""What is written for other software."""

import csv
import hashlib
import io
import json
import math

import numpy as np
import pytest

from evidence.catalog.number import Derived, Given
from evidence.catalog.risk_of_bias import Judged, RatedResult, StudyRisk
from evidence.effects.assemble import effect_table
from evidence.effects.table import EffectTable, table_of
from evidence.errors import ReportError
from evidence.report.analysis import load_analysis
from evidence.report.certainty.summary_of_findings import Rated, SofRow, SummaryOfFindings
from evidence.report.exchange.cells import cell, clean_text, csv_file, file_name
from evidence.report.exchange.findings import findings_csv
from evidence.report.exchange.frictionless import TABLES, frictionless_files
from evidence.report.exchange.metafor import metafor_files, raw_figures
from evidence.report.exchange.revman import ARMS, INFORMATION, RESULTS, revman_files
from evidence.report.result import Shown
from tests.report.exchange.exchange_samples import (
    RELEASE,
    committed,
    counts_table,
    project,
    studies,
    terms,
)


def rows_of(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content.decode(), newline="")))


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (0.1, "0.1"), (1 / 3, repr(1 / 3)), (-2.5, "-2.5"), (True, "true"), (False, "false"),
        (7, "7"), (None, ""), (math.nan, ""), ("-", "'-"), (" =1", "' =1"), ("＝1", "'＝1"),
        ("a=1", "a=1"), ("\x00=1", "\ufffd=1"), ("\ud800", "\ufffd"), (np.float64(0.25), "0.25"),
    ],
)  # fmt: skip
def test_a_cell(value: object, written: str) -> None:
    assert cell(value) == written


def test_a_table_comes_back_as_it_was() -> None:
    texts = ['a"b', "a,b", "a\nb", "", "é"]
    back = rows_of(csv_file(["x"], [{"x": text} for text in texts]))
    # A lone empty cell is quoted, so that its line is none that a reader passes over.
    assert [row["x"] for row in back] == texts


def test_names_of_files_lead_nowhere() -> None:
    assert file_name("../../etc/passwd") == "etc_passwd"
    assert file_name("...") == "unnamed"
    assert clean_text("a\tb\nc") == "a\tb\nc"


def table_of_question(question: str) -> EffectTable:
    for name in ("spine_bmd", "cardiovascular"):
        for section in load_analysis(project().analyses_folder, name).sections:
            if section.question.id == question:
                return effect_table(studies(), section.question, terms())
    raise AssertionError(question)


def test_metafor_has_counts_where_the_trace_has_them() -> None:
    table = table_of_question("cv_event_women_tamoxifen")
    files = metafor_files({"cv": table})
    rows = rows_of(files["cv.csv"])
    assert len(rows) == table.k
    for row, (estimate, error) in zip(
        rows, table.rows[["estimate", "std_error"]].to_numpy(), strict=True
    ):
        assert float(row["yi"]) == estimate
        assert float(row["sei"]) == error
        assert float(row["vi"]) == error**2
        if row["ai"]:
            a, n1, c, n2 = (float(row[name]) for name in ("ai", "n1i", "ci", "n2i"))
            assert math.log(a / n1 / (c / n2)) == pytest.approx(estimate, rel=1e-9)
    assert any(row["ai"] for row in rows)
    assert 'read.csv("cv.csv"' in files["pool.R"].decode()


def test_metafor_of_ones_own_counts() -> None:
    (row,) = rows_of(metafor_files({"a": counts_table("One")})["a.csv"])
    assert (row["ai"], row["n1i"], row["ci"], row["n2i"]) == ("3", "90", "5", "95")
    assert (row["slab"], row["ni"]) == ("One", "185")


def test_metafor_writes_the_covariance_of_rows_that_share_an_arm() -> None:
    table = table_of([0.1, 0.2], [0.5, 0.5], labels=["a", "b"])
    shared = np.array([[0.25, 0.1], [0.1, 0.25]])
    object.__setattr__(table, "covariance", shared)
    files = metafor_files({"a": table})
    assert rows_of(files["a_V.csv"])[0] == {"V1": "0.25", "V2": "0.1"}
    assert "rma.mv(yi, V" in files["pool.R"].decode()


def test_raw_figures_are_named_by_the_rule() -> None:
    one, two = Given(4.0, None), Given(5.0, None)
    means = Derived(-1.0, None, "difference", (("first", one), ("second", two)))
    assert raw_figures(means) == {"m1i": 4.0, "m2i": 5.0}
    assert raw_figures(Derived(1.0, None, "logarithm", (("value", one),))) == {}
    assert raw_figures(one) == {}


def test_nothing_to_write_is_an_error() -> None:
    with pytest.raises(ReportError, match="hold no rows"):
        metafor_files({})
    with pytest.raises(ReportError, match="is empty"):
        revman_files((), terms())
    with pytest.raises(ReportError, match="hold no table"):
        frictionless_files({}, RELEASE)


def test_revman_has_every_study_arm_and_printed_result() -> None:
    files = revman_files(studies(), terms())
    information = rows_of(files["study-information.csv"])
    assert list(information[0]) == list(INFORMATION)
    names = [row["Study"] for row in information]
    assert len(names) == len(set(names)) == len(studies())
    arms = rows_of(files["study-arms.csv"])
    assert list(arms[0]) == list(ARMS)
    known = {(row["Study"], row["Arm"]) for row in arms}
    assert len(known) == sum(len(study.arms) for study in studies())
    results = rows_of(files["study-results.csv"])
    assert list(results[0]) == list(RESULTS)
    for row in results:
        assert (row["Study"], row["Arm"]) in known
        assert row["Footnotes"]
        if row["Data type"] == "Dichotomous":
            assert 0 <= int(row["Cases"]) <= int(row["Sample size"])
        elif row["Data type"] == "Continuous":
            assert row["Mean"]
            assert row["SD"] or row["SE"] or row["CI start"]
        else:
            assert (row["Study"], row["Reference arm"]) in known
            assert row["Mean"] or row["Exp mean"]


def test_revman_figures_are_those_of_the_page() -> None:
    one = [study for study in studies() if study.id == "gibb-2016"]
    results = rows_of(revman_files(one, terms())["study-results.csv"])
    row = next(r for r in results if "Estradiol" in r["Outcome"] and r["Arm"] == "anastrozole")
    assert (row["Mean"], row["SE"], row["SD"], row["Sample size"]) == ("59.9", "3.6", "", "17")


def test_revman_writes_judgements_of_people_only() -> None:
    judged = Judged(judgement="low", reason="=told", by="A", proposal="high")
    result = RatedResult(id="pain", judgements={"D1": judged, "overall": judged})
    unjudged = RatedResult(id="falls")
    risk = StudyRisk(study="gibb-2016", tool="none", read="x", results=(result, unjudged))
    one = [study for study in studies() if study.id == "gibb-2016"]
    (row,) = rows_of(revman_files(one, terms(), {"gibb-2016": risk})["risk-of-bias.csv"])
    assert row["Result"] == "pain"
    assert row["Domain (judgement): D1"] == "Low risk of bias"
    assert row["Domain (support): overall"] == "'=told"


def reports() -> dict[str, dict[str, bytes]]:
    found = {}
    for name in ("spine_bmd", "estradiol"):
        folder = project().reports_folder / name
        found[name] = {table: (folder / table).read_bytes() for table in TABLES}
    return found


def test_frictionless_names_every_table_with_its_hash() -> None:
    files = frictionless_files(reports(), RELEASE)
    head = json.loads(files["datapackage.json"])
    assert head["licence"] is None
    assert head["open_points"]
    assert len(head["resources"]) == 8
    for resource in head["resources"]:
        content = files[resource["path"]]
        assert resource["hash"] == f"sha256:{hashlib.sha256(content).hexdigest()}"
        assert resource["bytes"] == len(content)
        names = [field["name"] for field in resource["schema"]["fields"]]
        rows = list(csv.reader(io.StringIO(content.decode(), newline="")))
        assert rows[0] == names
        for field, column in zip(
            resource["schema"]["fields"], zip(*rows[1:], strict=True), strict=False
        ):
            if field["type"] in ("number", "integer"):
                kind = float if field["type"] == "number" else int
                assert all(math.isfinite(kind(value)) for value in column if value)


def test_frictionless_refuses_a_table_of_another_version() -> None:
    with pytest.raises(ReportError, match=r"study, treatment missing"):
        frictionless_files({"a": {"unused.csv": b"question\n"}}, RELEASE)


def test_findings_keep_every_figure() -> None:
    shown = Shown(estimate=0.123456789, low=-0.5, high=0.75)
    rated = Rated(level="very_low", status="judged")
    row = SofRow(
        question="q", outcome="=Death", follow_up="", trials=2, participants=None, told_in_part=1,
        directions="1 increase", relative=shown, measure="RR", unit=None, comparator=12.5,
        comparator_text="12", comparator_source="", treatment=None, difference=shown,
        absolute_unit="per 1,000", as_asked=rated, certainty=Rated(level=None, status="judged"),
        footnotes=(1, 2), smallest_difference="", statement="It may.",
    )  # fmt: skip
    table = SummaryOfFindings(
        title="A v B", people="men", intervention="A", comparison="B", meant_for="", rows=(row,),
        footnotes=("One.", "-Two."),
    )  # fmt: skip
    files = findings_csv(table)
    (line,) = rows_of(files["findings.csv"])
    assert (line["relative_estimate"], line["relative_low"]) == ("0.123456789", "-0.5")
    assert (line["outcome"], line["footnotes"], line["treatment_low"]) == ("'=Death", "1 2", "")
    assert line["certainty"] == "–"
    assert "very low" in line["as_asked"].lower()
    assert rows_of(files["findings-footnotes.csv"])[1]["footnote"] == "'-Two."


def test_the_committed_report_is_readable() -> None:
    assert committed().name == "spine_bmd"
