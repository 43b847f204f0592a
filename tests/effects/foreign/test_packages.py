"""RevMan's data packages: folders and zips of CSV files."""

import io
import zipfile
from pathlib import Path

import pytest

from evidence.effects.foreign.packages import read_revman_package, read_rows
from evidence.effects.foreign.tables import foreign_table
from evidence.errors import EffectError

SETTINGS = (
    "Analysis group,Analysis number,Analysis name,Analysis group name,Data type,Log-scale data,"
    "Statistical method,Effect measure,Analysis model,Subgroup estimates,Overall estimates,"
    "Swap event and non-event,Study CI,Estimate CI,Mean,CI start,CI end,Heterogeneity Tau²\n"
)
ROWS = (
    "Analysis group,Analysis number,Analysis name,Subgroup,Study,Study year,GIV Mean,GIV SE,"
    "Experimental mean,Experimental SD,Experimental cases,Experimental N,Control mean,Control SD,"
    "Control cases,Control N,O-E,Variance,Mean,CI start,CI end\n"
)
COUNTS = "1,1,Falls,A v B,Dichotomous,true,MH,Risk Ratio,Random effects,true,true,false,95%,90%,"
TRIAL = "1,1,Falls,Old,One 1999,1999,0.0,0.0,0.0,0.0,4,20,0.0,0.0,8,20,0.0,0.0,0.5,0.2,1.4\n"


def package(tmp_path: Path, settings: str, rows: str, parts: str | None = None) -> Path:
    (tmp_path / "CD1-overall-estimates-and-settings.csv").write_text(
        "\ufeff" + SETTINGS + settings, encoding="utf-8"
    )
    (tmp_path / "CD1-data-rows.csv").write_text("\ufeff" + ROWS + rows, encoding="utf-8")
    if parts is not None:
        (tmp_path / "CD1-subgroup-estimates.csv").write_text(parts, encoding="utf-8")
    return tmp_path


def test_counts_with_settings_and_subgroups(tmp_path: Path) -> None:
    parts = "Analysis group,Analysis number,Subgroup,Mean,CI start,CI end\n1,1,Old,0.5,0.2,1.4\n"
    read = read_revman_package(package(tmp_path, COUNTS + "0.5,0.2,1.4,0.01\n", TRIAL, parts))
    (one,) = read.analyses
    assert (one.id, one.comparison, one.outcome) == ("1.1", "A v B", "Falls")
    assert (one.measure, one.method, one.random) == ("RR", "mantel_haenszel", True)
    assert (one.level, one.level_trials, one.totals) == (0.90, 0.95, "all")
    assert one.stored.get("tau2") == 0.01
    assert one.trials[0].figures == {"events1": 4, "n1": 20, "events2": 8, "n2": 20}
    assert one.trials[0].subgroup == one.subgroups[0].id == "Old"
    assert (one.estimator, one.interval) == ("dl", "wald")


def test_newer_packages_name_estimator_and_interval(tmp_path: Path) -> None:
    path = package(tmp_path, COUNTS + ",,,\n", TRIAL)
    file = tmp_path / "CD1-overall-estimates-and-settings.csv"
    lines = file.read_text(encoding="utf-8").splitlines()
    extra = (",Heterogeneity estimator,CI method", ",REML,HKSJ")
    file.write_text("\n".join(a + b for a, b in zip(lines, extra, strict=True)), encoding="utf-8")
    (one,) = read_revman_package(path).analyses
    assert (one.estimator, one.interval) == ("reml", "hartung_knapp")


def test_zeros_that_stand_for_nothing_are_no_result(tmp_path: Path) -> None:
    read = read_revman_package(package(tmp_path, COUNTS + "0,0,0,0\n", TRIAL))
    assert not read.analyses[0].stored.estimable


@pytest.mark.parametrize(
    ("kind", "measure", "figures"),
    [
        ("Continuous", "Mean Difference", {"mean1", "sd1", "n1", "mean2", "sd2", "n2"}),
        ("Contrast level", "Hazard Ratio", {"estimate", "std_error"}),
        ("O-E and Variance", "Peto Odds Ratio", {"observed_minus_expected", "variance"}),
    ],
)
def test_other_kinds_of_data(tmp_path: Path, kind: str, measure: str, figures: set[str]) -> None:
    settings = f"1,1,x,A v B,{kind},false,IV,{measure},Fixed effect,false,true,false,95%,95%,,,,\n"
    read = read_revman_package(package(tmp_path, settings, TRIAL))
    assert set(read.analyses[0].trials[0].figures) == figures


def test_text_is_noted(tmp_path: Path) -> None:
    settings = COUNTS + ",,,\n" + COUNTS.replace("1,1,", "1,2,", 1).replace("Dichotomous", "Other")
    read = read_revman_package(package(tmp_path, settings + ",,,\n", TRIAL))
    assert read.notes == ("1.2 has no trials, or text only: it was not taken",)


def test_a_trial_with_an_empty_figure_has_no_effect(tmp_path: Path) -> None:
    rows = TRIAL + TRIAL.replace(",8,20,", ",8,,").replace("One 1999", "Two 2001")
    (one,) = read_revman_package(package(tmp_path, COUNTS + ",,,\n", rows)).analyses
    assert foreign_table(one).unused["reason"].tolist() == ["not given: n2"]


@pytest.mark.parametrize(
    ("settings", "rows", "said"),
    [
        (COUNTS, TRIAL.replace(",8,20,", ",28,20,"), "28 events in 20 people"),
        (COUNTS, TRIAL.replace(",8,20,", ",eight,20,"), "'eight' is no number"),
        (COUNTS, TRIAL.replace("One 1999", ""), "names no study"),
        (COUNTS.replace("Risk Ratio", "Joy"), TRIAL, 'the effect measure "Joy"'),
        (COUNTS.replace(",MH,", ",Guess,"), TRIAL, 'the method "Guess"'),
        (COUNTS.replace("90%", "900%"), TRIAL, "a percentage"),
        (COUNTS, "", "holds no analysis"),
    ],
)
def test_what_is_wrong_is_said(tmp_path: Path, settings: str, rows: str, said: str) -> None:
    with pytest.raises(EffectError, match=said):
        read_revman_package(package(tmp_path, settings + ",,,\n", rows))


def zipped(*files: tuple[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files:
            archive.writestr(name, content)
    return buffer.getvalue()


def test_a_zip_is_read_in_memory(tmp_path: Path) -> None:
    folder = package(tmp_path, COUNTS + ",,,\n", TRIAL)
    files = [(f"CD1-analysis-data/{p.name}", p.read_bytes()) for p in folder.glob("*.csv")]
    path = tmp_path / "CD1-data.zip"
    path.write_bytes(zipped(*files, ("../../evil.csv", b"a\n")))
    assert len(read_revman_package(path).analyses) == 1
    assert not (tmp_path.parent.parent / "evil.csv").exists()


def test_a_zip_within_a_zip_is_read(tmp_path: Path) -> None:
    folder = package(tmp_path, COUNTS + ",,,\n", TRIAL)
    inner = zipped(*((p.name, p.read_bytes()) for p in folder.glob("*.csv")))
    path = tmp_path / "supplement.zip"
    path.write_bytes(zipped(("a/data.zip", inner), ("a/article.pdf", b"")))
    assert len(read_revman_package(path).analyses) == 1
    path.write_bytes(zipped(("a/b.zip", zipped(("c.zip", inner)))))
    with pytest.raises(EffectError, match="this is no data package"):
        read_revman_package(path)


def test_a_zip_that_is_torn(tmp_path: Path) -> None:
    whole = zipped(("a-data-rows.csv", bytes(range(256)) * 400))
    path = tmp_path / "a.zip"
    path.write_bytes(whole[:60] + b"\xff" * 40 + whole[100:])
    with pytest.raises(EffectError, match="is no zip"):
        read_revman_package(path)


def test_zips_that_are_none_or_too_much(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    path.write_bytes(b"PK no zip")
    with pytest.raises(EffectError, match="is no zip"):
        read_revman_package(path)
    path.write_bytes(zipped(("a-data-rows.csv", b"0" * (65 * 1024 * 1024))))
    with pytest.raises(EffectError, match="unpacks to too much"):
        read_revman_package(path)
    path.write_bytes(zipped(("readme.txt", b"")))
    with pytest.raises(EffectError, match=r"no \.\.\.data-rows\.csv"):
        read_revman_package(path)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"a,b\n1,2,3\n", "3 cells under 2 heads"),
        (b"a\n\xff\n", "is no UTF-8"),
        (b'a\n"1\n', "cannot be read"),
    ],
)
def test_csv_that_is_none(content: bytes, said: str) -> None:
    with pytest.raises(EffectError, match=said):
        read_rows(content, "a.csv")
    assert read_rows(b"", "a.csv") == ()
