"""The list of data releases: what it may say, and every problem with its line."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evidence.catalog.releases import Reason, Releases, load_releases, version_key
from evidence.errors import StudyError

SOUND = f"""\
about: releases
unreleased:
  - studies: [lew-2003]
    why: a page was read again
releases:
  - version: 1.0.0a1
    date: "2026-01-01"
    data_hash: {"a" * 64}
    why: the first
  - version: 1.0.0
    date: "2026-01-02"
    data_hash: {"b" * 64}
    why: the second
    reasons:
      - questions: [men, women]
        reports: [bone]
        claims: [claim-1]
        why: one figure once
"""


def load(folder: Path, text: str) -> Releases:
    path = folder / "releases.yaml"
    path.write_text(text, encoding="utf-8")
    return load_releases(path)


def test_a_sound_list(tmp_path: Path) -> None:
    releases = load(tmp_path, SOUND)
    assert releases.versions == ("1.0.0a1", "1.0.0")
    assert releases.unreleased == (Reason(studies=("lew-2003",), why="a page was read again"),)
    assert releases.releases[1].reasons[0].questions == ("men", "women")


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("version: 1.0.0\n", "version: 1.0.0a1\n", r"yaml:10 .*1.0.0a1 stands behind 1.0.0a1"),
        ("version: 1.0.0\n", "version: 0.9.0\n", r"0.9.0 stands behind 1.0.0a1; .*oldest first"),
        ("version: 1.0.0\n", "version: latest\n", r'"latest" is no version; write 1.2.0'),
        ("version: 1.0.0\n", "version: 1.0\n", r"releases\[1\].version: .*is not text"),
        ('"2026-01-02"', '"2025-12-31"', r"2025-12-31 is earlier than 2026-01-01"),
        ('"2026-01-02"', '"2026-02-30"', r"2026-02-30 is no day of the calendar"),
        ('"2026-01-02"', '"2.1.2026"', r"wrong form"),
        ("b" * 64, "b" * 63, r"data_hash: .* has the wrong form"),
        ("    why: the second\n", "", r'the key "why" is missing'),
        ("[men, women]", "[men, men]", r'"men" stands twice'),
        ("claims: [claim-1]", "claim: [claim-1]", r'unknown key "claim"; did you mean "claims"'),
        ("studies: [lew-2003]\n    why", "why", r"a reason names questions, studies"),
        ("about: releases", "about: &x releases", r"is an anchor"),
    ],
)
def test_what_is_wrong_is_told(tmp_path: Path, old: str, new: str, problem: str) -> None:
    assert old in SOUND
    with pytest.raises(StudyError, match=problem):
        load(tmp_path, SOUND.replace(old, new, 1))


def test_all_problems_are_told_at_once(tmp_path: Path) -> None:
    wrong = SOUND.replace('"2026-01-02"', '"2025-12-31"').replace(
        "version: 1.0.0\n", "version: 1.0.0a1\n"
    )
    with pytest.raises(StudyError) as raised:
        load(tmp_path, wrong)
    assert len(raised.value.problems) == 2


def test_a_list_without_releases_or_file(tmp_path: Path) -> None:
    with pytest.raises(StudyError, match="releases"):
        load(tmp_path, "about: none\nreleases: []\n")
    with pytest.raises(StudyError, match="cannot be read"):
        load_releases(tmp_path / "none.yaml")
    with pytest.raises(StudyError, match="wrong kind"):
        load_releases(3)  # type: ignore[arg-type]


versions = st.builds(
    lambda numbers, stage: ".".join(map(str, numbers)) + stage,
    st.lists(st.integers(0, 20), min_size=2, max_size=4),
    st.sampled_from(["", "a1", "a2", "b1", "rc1", "rc10", ".post1"]),
)


@given(versions, versions)
def test_the_order_is_that_of_packages(one: str, other: str) -> None:
    from packaging.version import Version

    assert (version_key(one) < version_key(other)) == (Version(one) < Version(other))
    assert (version_key(one) == version_key(other)) == (Version(one) == Version(other))


@pytest.mark.parametrize(
    "text", ["", "1", "v1.0", "1.0-a1", "1.0.dev1", "1..0", "1.0a", " 1.0", "١.٠"]
)
def test_what_is_no_version(text: str) -> None:
    with pytest.raises(ValueError, match="is no version"):
        version_key(text)
