"""The files of a report: CSV, JSON, schema, run record."""

import csv
import hashlib
import io
import json
import math
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from samples import RUN, THREE, file_of, part, result_of, tiny_project, trials, with_sampled

from evidence.report.analysis import load_analysis
from evidence.report.exchange.cells import clean_text
from evidence.report.files import (
    csv_bytes,
    effects_csv,
    json_bytes,
    partial_csv,
    result_bytes,
    unused_csv,
)
from evidence.report.record import data_hash, run_record
from evidence.report.result import ResultFile, result_schema, shown, ten

SAID = part("said-2010", direction="decrease", p={"relation": "<", "value": 0.05})


def read(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content.decode("utf-8"), newline="")))


@given(st.text())
def test_no_text_cell_starts_a_formula(text: str) -> None:
    (row,) = csv.reader(io.StringIO(csv_bytes([text], []).decode("utf-8"), newline=""))
    (cells,) = read(csv_bytes(["x"], [{"x": text}]))
    assert row == [cells["x"]]
    assert cells["x"].lstrip(" \u00a0")[:1] not in ("=", "+", "-", "@", "\t", "\n", "＝", "＋")
    assert "\r" not in cells["x"]
    told = clean_text(text).replace("\r\n", "\n").replace("\r", "\n")
    assert cells["x"] in (told, f"'{told}")


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (True, "true"), (np.bool_(False), "false"), (-3, "-3"), (np.int64(-3), "-3"),
        (np.float64(-1 / 3), "-0.3333333333"), (math.nan, ""), (np.float64("nan"), ""),
        (-math.inf, "-inf"), (12345678901, "12345678901"), (0.1 + 0.2, "0.3"), (None, ""),
    ],
)  # fmt: skip
def test_a_value_is_written_as_what_it_is(value: object, written: str) -> None:
    # Of two columns: a lone empty cell is quoted, so that its line is none to pass over.
    content = csv_bytes(["x", "y"], [{"x": value, "y": 1}])
    assert content.decode() == f"x,y\n{written},1\n"


@given(st.floats(-1e300, 1e300))
def test_numbers_are_numbers_in_a_csv(value: float) -> None:
    (row,) = read(csv_bytes(["x", "y"], [{"x": value}]))
    assert float(row["x"]) == pytest.approx(value, rel=1e-9)
    assert row["y"] == ""


def test_effects_in_the_csv_are_those_of_the_result() -> None:
    result = result_of([*trials(THREE), SAID])
    rows = read(effects_csv(file_of(result)))
    assert len(rows) == 3
    for row, line in zip(rows, result.effects, strict=True):
        assert row["question"] == "q"
        assert row["row"] == line.row
        for name in ("estimate", "std_error", "ci_low", "ci_high", "weight"):
            assert float(row[name]) == pytest.approx(getattr(line, name), rel=1e-9)
        assert float(row["shown_low"]) == pytest.approx(line.shown.low, rel=1e-9)
    assert any(float(row["estimate"]) < 0 for row in rows)
    (told,) = read(partial_csv(file_of(result)))
    assert (told["direction"], told["p_relation"], told["p_value"]) == ("decrease", "<", "0.05")
    assert read(unused_csv(file_of(result))) == []


def test_a_formula_in_a_label_is_only_text() -> None:
    result = result_of(trials(THREE))
    bad = '=HYPERLINK("http://x","y")'
    effects = tuple(line.model_copy(update={"label": bad}) for line in result.effects)
    rows = read(effects_csv(file_of(result.model_copy(update={"effects": effects}))))
    assert {row["label"] for row in rows} == {f"'{bad}"}


def test_json_has_no_nan_and_one_newline() -> None:
    with pytest.raises(ValueError, match="Out of range float values"):
        json_bytes({"x": math.nan})
    assert json_bytes({"ä": 1}) == '{\n "ä": 1\n}\n'.encode()


@pytest.mark.parametrize("k", [0, 1, 2, 3])
def test_results_fit_their_schema_and_come_back_the_same(k: int) -> None:
    result = file_of(with_sampled(result_of([*trials(THREE[:k]), SAID])))
    content = result_bytes(result)
    plain = json.loads(content, parse_constant=pytest.fail)
    schema = result_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(plain, schema, cls=jsonschema.Draft202012Validator)
    assert ResultFile.model_validate_json(content) == result
    assert result_bytes(ResultFile.model_validate_json(content)) == content


@pytest.mark.parametrize(
    "spoil",
    [
        lambda r: r.update(format="evidence-result/2"),
        lambda r: r.update(questions=[]),
        lambda r: r.update(more=1),
        lambda r: r["questions"][0].update(k="3"),
        lambda r: r["questions"][0]["main"].pop("ci_low"),
    ],
)
def test_the_schema_refuses_what_is_no_result(spoil: Any) -> None:
    plain = json.loads(result_bytes(file_of(result_of(trials(THREE)))))
    spoil(plain)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(plain, result_schema(), cls=jsonschema.Draft202012Validator)


@given(st.floats(-1e12, 1e12), st.floats(0, 5), st.floats(0, 5))
def test_ten_digits_keep_the_order_of_an_interval(x: float, a: float, b: float) -> None:
    assert ten(x) == pytest.approx(x, rel=1e-9)
    assert ten(ten(x)) == ten(x)
    y = math.remainder(x, 20)
    back = shown("log", y, y - a, y + b)
    assert 0 < back.low <= back.estimate <= back.high
    assert back.estimate == pytest.approx(math.exp(y), rel=1e-9)


def test_the_run_record_names_every_input_by_its_hash(tmp_path: Path) -> None:
    project = tiny_project(tmp_path / "p")
    analysis = load_analysis(project.analyses_folder, "demo")
    files = [project.terms_file, *project.studies_folder.iterdir()]
    run = run_record(analysis, project, files)
    assert run == run_record(analysis, project, reversed(files))
    assert set(run) == set(RUN)
    assert list(run["inputs"]) == sorted(run["inputs"])
    for name, digest in run["inputs"].items():
        assert hashlib.sha256((project.root / name).read_bytes()).hexdigest() == digest
    assert run["seeds"] == {"hormone": 7, "bone": 7}
    assert "numpy" in run["environment"]["packages"]
    assert run["data_hash"] == data_hash(run["inputs"])
    words = json_bytes(run).decode()
    assert str(tmp_path) not in words


@given(st.dictionaries(st.text("ab/", min_size=1), st.text("01", min_size=2), min_size=1))
def test_the_data_hash_changes_with_any_input_and_not_with_their_order(
    inputs: dict[str, str],
) -> None:
    first = data_hash(inputs)
    assert data_hash(dict(reversed(inputs.items()))) == first
    name = next(iter(inputs))
    assert data_hash({**inputs, name: inputs[name] + "x"}) != first
    assert data_hash({k: v for k, v in inputs.items() if k != name}) != first
