"""A hundred hostile strings as names of studies, through every writer and every reader."""

import csv
import io
import json
from pathlib import Path
from xml.sax.saxutils import quoteattr

import pytest

from evidence.effects.foreign.packages import read_revman_package
from evidence.effects.foreign.ris import read_ris
from evidence.effects.foreign.rm5 import read_rm5
from evidence.errors import EvidenceError
from evidence.report.cite import Citable, Release, as_bibtex, as_ris, citation, csl_items
from evidence.report.exchange.cells import CONTROL, clean_text, csv_file
from evidence.report.exchange.fhir import fhir_files
from evidence.report.exchange.incoming import import_file
from evidence.report.exchange.metafor import metafor_files
from evidence.report.exchange.revman import revman_files
from tests.report.exchange.exchange_hostile import HOSTILE
from tests.report.exchange.exchange_samples import (
    RELEASE,
    committed,
    counts_table,
    renamed,
    study_with,
    terms,
)

every = pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
RUN = ("=", "+", "-", "@", "\t", "\r", "\n")


def number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def safe_table(content: bytes) -> list[list[str]]:
    """Rows of a CSV whose text no spreadsheet runs; of one shape and without control characters."""
    rows = list(csv.reader(io.StringIO(content.decode(), newline=""), strict=True))
    assert len({len(row) for row in rows}) == 1
    for cell in (cell for row in rows for cell in row):
        assert not CONTROL.search(cell)
        assert number(cell) or not cell.lstrip(" \u00a0").startswith(RUN)
    return rows


@every
def test_tables(text: str) -> None:
    table = counts_table(text or "x", "Plain 1999")
    for name, content in metafor_files({text: table}).items():
        assert "/" not in name
        if name.endswith(".csv"):
            assert len(safe_table(content)) == 3
    files = revman_files([study_with(text)], terms())
    for name in ("study-information.csv", "study-arms.csv", "study-results.csv"):
        safe_table(files[name])


@every
def test_fhir(text: str) -> None:
    release = Release(text, (text,), "0.1.0", "ab12")
    items = csl_items((study_with(text),))
    (content,) = fhir_files(renamed(committed(), text), release, items).values()
    made = json.loads(content)
    said = json.dumps(made, ensure_ascii=False)
    assert not CONTROL.search(said)
    for entry in made["entry"]:
        resource = entry["resource"]
        assert "<script" not in resource.get("description", "")
        assert all(part for part in _strings(resource))


def _strings(value: object) -> list[str]:
    if isinstance(value, dict):
        return [text for part in value.values() for text in _strings(part)]
    if isinstance(value, list):
        return [text for part in value for text in _strings(part)]
    return [value] if isinstance(value, str) else []


@every
def test_references(tmp_path: Path, text: str) -> None:
    items = (*csl_items((study_with(text),)), citation(Citable(text, "claim", text, text), RELEASE))
    path = tmp_path / "a.ris"
    path.write_text(as_ris(items), encoding="utf-8", newline="")
    assert len(read_ris(path)) == len(items)
    written = as_bibtex(items)
    assert written.count("\n@") == len(items) - 1
    plain = written.replace("\\{", "").replace("\\}", "")
    assert plain.count("{") == plain.count("}")
    json.dumps(items, ensure_ascii=False).encode()


def sayable(text: str) -> str:
    """The string as far as XML can hold it."""
    return clean_text(text)


@every
def test_revman_5_files(tmp_path: Path, text: str) -> None:
    name = quoteattr(sayable(text))
    row = '<DICH_DATA STUDY_ID="STD-1" EVENTS_1="1" TOTAL_1="9" EVENTS_2="2" TOTAL_2="9"/>'
    path = tmp_path / "a.rm5"
    path.write_text(
        f'<COCHRANE_REVIEW><STUDY ID="STD-1" NAME={name}/><ANALYSES_AND_DATA><COMPARISON NO="1">'
        f'<DICH_OUTCOME NO="1" EFFECT_MEASURE="RR" METHOD="MH">{row}</DICH_OUTCOME></COMPARISON>'
        "</ANALYSES_AND_DATA></COCHRANE_REVIEW>",
        encoding="utf-8",
    )
    assert read_rm5(path).analyses[0].trials[0].study
    assert not CONTROL.search(import_file(path, analysis="1.1").replace("\x85", ""))


@every
def test_raw_bytes_in_a_revman_5_file_are_read_or_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "a.rm5"
    path.write_bytes(
        f"<COCHRANE_REVIEW>{text}</COCHRANE_REVIEW>".encode("utf-8", errors="surrogatepass")
    )
    with pytest.raises(EvidenceError):
        read_rm5(path)


@every
def test_data_packages(tmp_path: Path, text: str) -> None:
    head = ("Analysis group", "Analysis number", "Data type", "Effect measure")
    settings = dict(zip(head, (1, 1, "Dichotomous", "Risk Ratio"), strict=True))
    settings |= {"Analysis name": text}
    name = text.strip() or "x"
    trial = {"Analysis group": 1, "Analysis number": 1, "Study": name}
    trial |= {"Experimental cases": 1, "Experimental N": 9, "Control cases": 2, "Control N": 9}
    for file, row in (("overall-estimates-and-settings", settings), ("data-rows", trial)):
        (tmp_path / f"{file}.csv").write_bytes(csv_file(list(row), [row]))
    (one,) = read_revman_package(tmp_path).analyses
    assert one.trials[0].figures["n1"] == 9
    assert one.trials[0].study
