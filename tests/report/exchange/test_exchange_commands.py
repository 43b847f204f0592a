"""``evidence import`` and ``evidence export``."""

import argparse
import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from evidence.catalog.project import Project
from evidence.errors import EvidenceError, ReportError
from evidence.report.exchange.commands import FORMATS, add_commands, run_export, run_import
from evidence.report.exchange.incoming import agreement, import_file
from evidence.report.exchange.outgoing import export, release_of
from tests.report.exchange.exchange_samples import project

INVENTED = Path(__file__).parents[2] / "effects" / "foreign" / "invented.rm5"


def test_a_review_is_rerun() -> None:
    text = import_file(INVENTED)
    assert "8 analyses; 89 of 89 stored figures agree" in text
    assert "0.5483 [0.3518, 0.8546], k = 5" in text


def test_figures_that_a_file_does_not_store_are_not_counted() -> None:
    assert agreement(0, 0) == "the file stores no figures"
    assert agreement(1, 0) == "1 of 1 stored figure agrees"
    assert agreement(9, 2) == "7 of 9 stored figures agree"


WITHOUT_RESULTS = """<COCHRANE_REVIEW><ANALYSES_AND_DATA><COMPARISON NO="1"><NAME>A v B</NAME>
<DICH_OUTCOME NO="1" EFFECT_MEASURE="RR" METHOD="MH" RANDOM="NO"><NAME>Death</NAME>
<DICH_DATA STUDY_ID="STD-One" EVENTS_1="4" TOTAL_1="20" EVENTS_2="8" TOTAL_2="20"/>
</DICH_OUTCOME></COMPARISON></ANALYSES_AND_DATA></COCHRANE_REVIEW>"""


def test_a_file_without_results_says_so(tmp_path: Path) -> None:
    path = tmp_path / "none.rm5"
    path.write_text(WITHOUT_RESULTS, "utf-8")
    whole, told = import_file(path), import_file(path, analysis="1.1")
    assert "1 analysis; the file stores no figures\n1.1\tA v B: Death" in whole
    assert "\t1 trial\n" in whole
    assert "\n  the file stores no figures\n" in told
    assert "0 of 0" not in whole + told


def test_analyses_are_listed() -> None:
    lines = import_file(INVENTED, listing=True).splitlines()
    assert len(lines) == 8
    assert lines[0] == (
        "1.1\tBalm v water, counts: Falls\tRR, Mantel-Haenszel, fixed effect\t6 trials"
    )
    assert len(json.loads(import_file(INVENTED, listing=True, as_json=True))) == 8


def test_one_analysis_is_told_in_full(tmp_path: Path) -> None:
    text = import_file(INVENTED, analysis="1.3")
    assert "Young: -0.12" in text
    assert "as this package pools by default" in text
    text = import_file(INVENTED, analysis="1.1")
    assert "not used: Fern-2009: no events in both groups" in text
    record = json.loads(import_file(INVENTED, analysis="1.3", as_json=True))
    assert record["pooled"]["k"] == 5
    assert len(record["subgroups"]) == 2


@pytest.mark.parametrize("name", ["1.1", "2.1"])
def test_an_analysis_is_drawn(tmp_path: Path, name: str) -> None:
    path = tmp_path / "forest.svg"
    import_file(INVENTED, analysis=name, forest=path)
    assert path.read_text(encoding="utf-8").startswith("<?xml")


def test_the_whole_as_json() -> None:
    record = json.loads(import_file(INVENTED, as_json=True))
    assert record["format"] == "evidence-import/1"
    assert all(one["agrees"] for a in record["analyses"] for one in a["compared"])


def test_a_figure_that_differs_is_named(tmp_path: Path) -> None:
    path = tmp_path / "a.rm5"
    text = INVENTED.read_text(encoding="utf-8")
    path.write_text(text.replace('TAU2="0.251015899577148"', 'TAU2="0.3"'), encoding="utf-8")
    assert "all trials: tau2 0.2510159, the file has 0.3" in import_file(path)


def test_an_analysis_that_cannot_be_pooled_does_not_stop_the_others(tmp_path: Path) -> None:
    path = tmp_path / "a.rm5"
    text = INVENTED.read_text(encoding="utf-8")
    path.write_text(
        text.replace('EFFECT_MEASURE="MD" METHOD="IV"', 'EFFECT_MEASURE="MD" METHOD="MH"'),
        encoding="utf-8",
    )
    text = import_file(path)
    assert "not pooled: the method does not exist" in text
    assert "80 of 80 stored figures agree" in text


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"analysis": "9.9"}, "no such analysis"),
        ({"listing": True, "analysis": "1.1"}, "names analyses and does no more"),
        ({"forest": "a.svg"}, "needs one analysis"),
        ({"analysis": 3}, "wrong kind"),
    ],
)
def test_options_that_do_not_go_together(options: dict[str, object], said: str) -> None:
    with pytest.raises(EvidenceError, match=said):
        import_file(INVENTED, **options)  # type: ignore[arg-type]


def test_kinds_of_file(tmp_path: Path) -> None:
    with pytest.raises(ReportError, match="evidence pool"):
        import_file("a.csv")
    path = tmp_path / "a.ris"
    path.write_text("TY  - JOUR\nTI  - T\nER  - \n")
    assert import_file(path) == "1 reference\n  ----  T"
    assert json.loads(import_file(path, as_json=True))[0]["title"] == "T"
    with pytest.raises(ReportError, match="holds references, no analyses"):
        import_file(path, listing=True)


# Posteriors are sampled anew, which takes half a minute.
SLOW = {"netcdf": pytest.mark.slow}


@pytest.mark.parametrize("form", [pytest.param(f, marks=SLOW.get(f, ())) for f in FORMATS])
def test_a_report_is_exported(tmp_path: Path, form: str) -> None:
    written = export(project(), ["spine_bmd"], form, tmp_path / "new" / "folder")
    assert written
    assert all(path.is_file() and path.stat().st_size for path in written)
    again = export(project(), ["spine_bmd"], form, tmp_path / "again")
    assert [p.read_bytes() for p in written] == [p.read_bytes() for p in again]


def test_what_cannot_be_exported(tmp_path: Path) -> None:
    with pytest.raises(ReportError, match='did you mean "revman"'):
        export(project(), [], "revmann", tmp_path)
    with pytest.raises(ReportError, match='did you mean "spine_bmd"'):
        export(project(), ["spine_bdm"], "ris", tmp_path)
    file = tmp_path / "file"
    file.write_text("")
    with pytest.raises(ReportError, match="cannot be written"):
        export(project(), ["spine_bmd"], "ris", file)


def copied(tmp_path: Path) -> Project:
    """A project with one report, to break."""
    root = tmp_path / "project"
    for name in ("data", "analyses"):
        (root / name).parent.mkdir(exist_ok=True)
        (root / name).symlink_to(project().root / name)
    shutil.copytree(project().reports_folder / "spine_bmd", root / "reports" / "spine_bmd")
    shutil.copy(project().root / "CITATION.cff", root)
    return replace(project(), root=root)


def test_a_report_that_is_not_built_is_named(tmp_path: Path) -> None:
    one = copied(tmp_path)
    path = one.reports_folder / "spine_bmd" / "result.json"
    path.write_text('{"format": "evidence-result/1"}')
    with pytest.raises(ReportError, match="is of another version"):
        export(one, ["spine_bmd"], "fhir", tmp_path / "out")
    (one.reports_folder / "spine_bmd" / "summary_of_findings.json").write_text('[{"a": 1}]')
    with pytest.raises(ReportError, match="is of another version"):
        export(one, ["spine_bmd"], "findings", tmp_path / "out")
    (one.reports_folder / "spine_bmd" / "summary_of_findings.json").unlink()
    with pytest.raises(ReportError, match="no summary of findings"):
        export(one, ["spine_bmd"], "findings", tmp_path / "out")
    path.unlink()
    with pytest.raises(ReportError, match="evidence run spine_bmd"):
        export(one, ["spine_bmd"], "ris", tmp_path / "out")


def test_a_release_needs_its_files(tmp_path: Path) -> None:
    one = copied(tmp_path)
    assert release_of(one, ["spine_bmd"]).version == "0.1.0"
    (one.reports_folder / "spine_bmd" / "run.json").write_text("{}")
    with pytest.raises(ReportError, match="is no run record"):
        release_of(one, ["spine_bmd"])
    (one.root / "CITATION.cff").write_text("title: x")
    with pytest.raises(ReportError, match="cannot be read"):
        release_of(one, [])


def parsed(*words: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    add_commands(parser.add_subparsers())
    return parser.parse_args(words)


def test_the_command_line_of_import() -> None:
    text = run_import(parsed("import", str(INVENTED), "--analysis", "2.1"))
    assert "9 of 9 stored figures agree" in text


def test_the_command_line_of_export(tmp_path: Path) -> None:
    for words in (("spine_bmd", "--format", "ris", str(tmp_path)),
                  ("--format", "ris", str(tmp_path))):  # fmt: skip
        text = run_export(parsed("export", *words), project())
        assert text.splitlines()[-1] == str(tmp_path / "references.ris")
