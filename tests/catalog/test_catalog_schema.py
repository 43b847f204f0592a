"""The JSON Schema says what the reader says, as far as a schema can."""

import copy
import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from helpers import DATA
from jsonschema import Draft202012Validator

from evidence.catalog.read import load_terms
from evidence.catalog.schema import study_schema
from evidence.catalog.terms import Terms

STUDIES = sorted((DATA / "studies").glob("*.yaml"))


@pytest.fixture(scope="module")
def terms() -> Terms:
    return load_terms(DATA / "terms.yaml")


@pytest.fixture(scope="module")
def validator(terms: Terms) -> Draft202012Validator:
    return Draft202012Validator(study_schema(terms))


@pytest.fixture(scope="module")
def sound() -> Any:
    file = next(file for file in STUDIES if file.stem == "burnett-bowie-2009")
    return yaml.safe_load(file.read_text())


def test_it_is_a_schema(validator: Draft202012Validator) -> None:
    Draft202012Validator.check_schema(validator.schema)
    text = json.dumps(validator.schema)
    assert "x-vocabulary" not in text
    assert json.loads(text) == validator.schema


@pytest.mark.parametrize("file", STUDIES, ids=lambda file: file.stem)
def test_it_accepts_every_study_of_the_project(validator: Draft202012Validator, file: Path) -> None:
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    assert list(validator.iter_errors(yaml.load(file.read_text(), Loader=loader))) == []


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("nmae",), "x"),
        (("design",), "paralel_rct"),
        (("arms",), []),
        (("arms", 0, "drug"), "anastrozol"),
        (("arms", 0, "dose_mg"), "1.0"),
        (("arms", 0, "dose_mg"), 0),
        (("outcomes", 0, "unit"), "nmol/l"),
        (("outcomes", 0, "source", "url"), "ftp://x"),
        (("outcomes", 0, "contrasts", 0, "p", "relation"), "~"),
        (("outcomes", 0, "contrasts", 0, "p", "value"), 1.2),
        (("outcomes", 0, "contrasts", 0, "ci"), [1.0]),
        (("outcomes", 0, "contrasts", 0, "ci"), [1.0, 2.0, 3.0]),
        (("outcomes", 0, "time", "value"), -1),
        (("reports", 0, "doi"), "doi:10.1000/x"),
        (("population", "n_randomised"), -1),
    ],
)
def test_it_refuses_what_the_reader_refuses(
    validator: Draft202012Validator, sound: Any, path: tuple[Any, ...], value: Any
) -> None:
    assert validator.is_valid(sound)
    broken = copy.deepcopy(sound)
    place = broken
    for part in path[:-1]:
        place = place[part]
    place[path[-1]] = value
    assert not validator.is_valid(broken)


@pytest.mark.parametrize("key", ["id", "reports", "arms", "population", "design"])
def test_it_asks_for_what_the_reader_asks_for(
    validator: Draft202012Validator, sound: Any, key: str
) -> None:
    assert not validator.is_valid({k: v for k, v in sound.items() if k != key})
