"""load_record: a YAML file into a record, or all that is wrong with it."""

from pathlib import Path

import pytest

from evidence.catalog.study import Record
from evidence.catalog.validate import load_record
from evidence.errors import StudyError


class Pair(Record):
    first: int
    second: str = "none"


def test_a_sound_file(tmp_path: Path) -> None:
    path = tmp_path / "pair.yaml"
    path.write_text("first: 1\n", "utf-8")
    assert load_record(path, Pair) == Pair(first=1)


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("first: one\nthird: 3\n", r"2 problems(.|\n)*third"),
        ("first: 1\nfirst: 2\n", "first"),
        ("", "the file is empty"),
        ("- 1\n", "no mapping"),
    ],
)
def test_all_problems_with_their_lines(text: str, match: str, tmp_path: Path) -> None:
    path = tmp_path / "pair.yaml"
    path.write_text(text, "utf-8")
    with pytest.raises(StudyError, match=match):
        load_record(path, Pair)


@pytest.mark.parametrize("code", [0x1B, 0x07, 0x202E, 0x85])
def test_hidden_characters_are_refused(code: int, tmp_path: Path) -> None:
    path = tmp_path / "pair.yaml"
    path.write_text(f'first: 1\nsecond: "a\\U{code:08X}b"\n', "utf-8")
    with pytest.raises(StudyError, match=f"pair.yaml:2.*hidden character U\\+{code:04X}"):
        load_record(path, Pair)
