"""Plain values of YAML, and figures with their leaves."""

from pathlib import Path
from typing import Any

import pytest

from evidence.catalog.number import Assumed, Derived, Given, Reported, Source, leaves
from evidence.catalog.study import Time
from evidence.catalog.yaml_reader import read_yaml, written


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1", 1), ("+1", 1), ("-0.5", -0.5), ("1.", 1.0), (".5", 0.5), ("1e-3", 1e-3), ("1E3", 1e3),
        ("null", None), ("~", None), ("", None), ("Null", None), ("true", True), ("FALSE", False),
        ("yes", "yes"), ("no", "no"), ("on", "on"), ("1_000", "1_000"), ("0x1f", "0x1f"),
        ("12:30", "12:30"), ("2001-05-01", "2001-05-01"), ('"1"', "1"), ("'true'", "true"),
        ("٣", "٣"), ("1,5", "1,5"), ("--1", "--1"), ("1e", "1e"), ("[]", ()), ("{}", {}),
        ("[1, [2, x]]", (1, (2, "x"))),
    ],
)  # fmt: skip
def test_plain_values(tmp_path: Path, text: str, value: Any) -> None:
    file = tmp_path / "x.yaml"
    file.write_text(f"a: {text}\n", encoding="utf-8")
    document = read_yaml(file)
    assert document.problems == ()
    assert document.data == {"a": value}
    assert type(document.data["a"]) is type(value)


def test_where_names_the_nearest_line_that_is_known(tmp_path: Path) -> None:
    file = tmp_path / "x.yaml"
    file.write_text("a:\n  b:\n    - c: 1\n    - d: 2\n")
    document = read_yaml(file)
    assert document.where(("a", "b", 1, "d")) == f"{file}:4 a.b[1].d"
    assert document.where(("a", "b", 1, "missing")) == f"{file}:4 a.b[1].missing"
    assert document.where(("z",)) == f"{file}:1 z"
    assert written(()) == ""


def test_leaves_left_to_right() -> None:
    printed = Reported(1.0, "g", Source("r", "table 1", "primary_abstract", None), "s/o/x")
    assumed = Assumed(0.5, None, "r", "why", "question q")
    given = Given(2.0, None)
    tree = Derived(
        3.0, "g", "f", (("a", Derived(1.0, "g", "h", (("x", printed),))), ("b", assumed))
    )
    top = Derived(4.0, "g", "g", (("c", tree), ("d", given)))
    assert list(leaves(top)) == [printed, assumed, given]
    assert list(leaves(given)) == [given]


@pytest.mark.parametrize(
    ("value", "unit", "weeks"), [(7, "day", 1.0), (3, "week", 3.0), (12, "month", 365.25 / 7),
                                 (1, "year", 365.25 / 7)],
)  # fmt: skip
def test_weeks(value: float, unit: Any, weeks: float) -> None:
    assert Time(value=float(value), unit=unit).weeks == pytest.approx(weeks)
