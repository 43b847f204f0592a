"""Our figures beside those of established software, and a guard that none is dropped."""

import json
from pathlib import Path

import pytest
from adapter import compare
from comparison import Comparison, NotOfferedError

HERE = Path(__file__).parent


def test_agrees_with_reference(fixture_path: Path) -> None:
    fixture = json.loads(fixture_path.read_text(encoding="utf-8"))
    problems = [found for item in compare(fixture) if (found := item.problem())]
    assert not problems, "\n".join(problems)


def test_no_reference_file_was_dropped() -> None:
    stated = json.loads((HERE / "counts.json").read_text(encoding="utf-8"))
    folders = sorted(path for path in HERE.iterdir() if any(path.glob("*.json")))
    assert {folder.name: len([*folder.glob("*.json")]) for folder in folders} == stated


def test_unknown_function_fails() -> None:
    with pytest.raises(NotOfferedError, match=r"no adapter for 'rma\.unheard'"):
        compare({"name": "x", "source": {"function": "rma.unheard"}})


def test_unknown_method_of_known_function_fails() -> None:
    fixture = {
        "name": "x",
        "source": {"function": "rma.uni", "call": "rma(yi, vi)"},
        "options": {"method": "NEW", "test": "z", "level": 95},
        "data": [{"id": 1, "yi": 0.0, "vi": 1.0}],
        "expected": {},
    }
    with pytest.raises(NotOfferedError, match="method 'NEW'"):
        compare(fixture)


@pytest.mark.parametrize(
    ("ours", "expected", "relative", "wrong"),
    [
        (1e-6, 2e-6, False, False),
        (1e-6, 2e-6, True, True),
        (100.0, 100.5, False, False),
        (100.0, 102.0, True, True),
        ([1.0, 2.0], [1.0, 2.5], False, True),
        ([1.0, 2.0], [1.0], False, True),
        (float("nan"), 1.0, False, True),
        (None, 1.0, False, True),
        (None, None, False, False),
    ],
)
def test_comparison_sees_what_differs(
    ours: object, expected: object, relative: bool, wrong: bool
) -> None:
    item = Comparison("figure", ours, expected, 0.01, relative)
    assert (item.problem() is not None) == wrong
