"""The committed JSON Schemas are those that the code makes today."""

import json
from pathlib import Path

import jsonschema
import pytest

from evidence.cli import main

ROOT = Path(__file__).parents[1]


@pytest.mark.parametrize(
    ("what", "file"),
    [("study", "data/study.schema.json"), ("result", "reports/result.schema.json")],
)
def test_schema_is_fresh(what, file, capsys):
    assert main(["--project", str(ROOT), "schema", what]) == 0
    assert json.loads((ROOT / file).read_text(encoding="utf-8")) == json.loads(
        capsys.readouterr().out
    )


@pytest.mark.parametrize("name", ["spine_bmd", "estradiol", "cardiovascular"])
def test_committed_results_fit_the_schema(name):
    schema = json.loads((ROOT / "reports/result.schema.json").read_text(encoding="utf-8"))
    result = json.loads((ROOT / f"reports/{name}/result.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator(schema).validate(result)
