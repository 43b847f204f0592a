"""`evidence pool`: a CSV of one's own, from the shell."""

import json
import math
from pathlib import Path

import pytest

from evidence.cli import main
from evidence.errors import EffectError
from evidence.report.own_data import OwnData, read_own

BCG = """trial,ai,n1i,ci,n2i
Aronson,4,123,11,139
Ferguson,6,306,29,303
Rosenthal,3,231,11,220
Hart,62,13598,248,12867
Frimodt,33,5069,47,5808
"""
RR = ["--measure", "RR", "study=trial", "events1=ai", "n1=n1i", "events2=ci", "n2=n2i"]


@pytest.fixture
def bcg(tmp_path: Path) -> str:
    (tmp_path / "bcg.csv").write_text(BCG, encoding="utf-8-sig")
    return str(tmp_path / "bcg.csv")


def test_text_json_and_picture_tell_the_same(
    bcg: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    picture = tmp_path / "plot.svg"
    assert main(["pool", bcg, *RR, "--forest", str(picture)]) == 0
    text = capsys.readouterr().out
    assert main(["pool", bcg, *RR, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    shown = told["pooled"]["shown"]
    # metafor 3.8-1: exp of rma(yi, vi, data = escalc("RR", ...), test = "adhoc").
    figures = [shown[name] for name in ("estimate", "low", "high")]
    assert figures == pytest.approx([0.3469462504, 0.1504000515, 0.8003434801], rel=1e-5)
    assert f"{shown['estimate']:.4f} (95% CI {shown['low']:.4f} to {shown['high']:.4f})" in text
    assert f"{shown['estimate']:.2f}" in picture.read_text(encoding="utf-8")
    assert [x["study"] for x in told["studies"]][:2] == ["Aronson", "Ferguson"]
    assert sum(x["weight"] for x in told["studies"]) == pytest.approx(100)


def test_given_estimates_and_log_scale(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "own.csv"
    file.write_text("who,y,s\na,-0.2,0.1\nb,-0.4,0.2\n", encoding="utf-8")
    parts = ["--measure", "GEN", "study=who", "estimate=y", "std_error=s", "--model", "common"]
    assert main(["pool", str(file), *parts, "--log", "--json"]) == 0
    pooled = json.loads(capsys.readouterr().out)["pooled"]
    mean = (-0.2 * 100 - 0.4 * 25) / 125
    assert pooled["estimate"] == pytest.approx(mean)
    assert pooled["shown"]["estimate"] == pytest.approx(math.exp(mean))


def test_rows_that_cannot_be_used_are_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "zeros.csv"
    file.write_text(BCG + "Nobody,,50,1,50\n", encoding="utf-8")
    assert main(["pool", str(file), *RR]) == 0
    assert "not used: Nobody:" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--measure", "RRR", "events1=ai"], 'did you mean "RR"?'),
        (["--measure", "RR", "evnts1=ai"], 'did you mean "events1"?'),
        (["--measure", "RR", "events1"], "PART=COLUMN"),
        ([*RR[:-1], "n2=zz"], "n2='zz': no such column"),
        ([*RR, "--tau2", "remlx"], 'did you mean "reml"?'),
        ([*RR, "--log"], "would do nothing"),
        ([*RR, "--forest", "plot.bmp"], "end in .svg"),
        (["--measure", "GEN", "estimate=ai"], "std_error: is not named"),
        (["--measure", "GEN", "estimate=trial", "std_error=ai"], "column 'trial', row 1"),
    ],
)
def test_what_is_wrong_is_said(
    bcg: str, options: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["pool", bcg, *options]) == 1
    told = capsys.readouterr()
    assert said in told.err
    assert told.out == ""
    assert "Traceback" not in told.err


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "cannot be read"),
        (b"trial,ai\n", "holds no rows"),
        (b"\xff\xfe\x00", "cannot be read"),
    ],
)
def test_files_that_are_no_csv(
    tmp_path: Path, content: bytes, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "x.csv").write_bytes(content)
    assert main(["pool", str(tmp_path / "x.csv"), *RR]) == 1
    assert said in capsys.readouterr().err
    assert main(["pool", str(tmp_path / "none.csv"), *RR]) == 1
    assert "cannot be read" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("study,yi,sei\nA,0,1,2\n", r"x\.csv:2: has 4 fields, the head has 3"),
        ("study,yi,sei\nA,0,1,\nB,0,1,\n", r"x\.csv:3: has 4 fields"),
        ("study,yi,sei\nA,0\n", r"x\.csv:2: has 2 fields"),
        ("study,yi,yi\nA,0,1\n", r"x\.csv:1: the column 'yi' stands twice"),
    ],
)
def test_rows_that_would_shift_are_refused(tmp_path: Path, text: str, told: str) -> None:
    path = tmp_path / "x.csv"
    path.write_text(text)
    columns = {"study": "study", "estimate": "yi", "std_error": "sei"}
    with pytest.raises(EffectError, match=told):
        read_own(OwnData(path, "GEN", columns))


def test_a_name_that_stands_twice_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "x.csv"
    path.write_text(BCG.replace("Ferguson", "Aronson"))
    assert main(["pool", str(path), *RR]) == 0
    assert "note: Aronson stands in 2 rows" in capsys.readouterr().out
