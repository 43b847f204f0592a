"""Files of what has no study file: excluded sources, published pools, the search."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from evidence.catalog.excluded import (
    load_excluded,
    load_replication_targets,
    load_search,
    missing_studies,
)
from evidence.errors import StudyError

EXCLUDED = """\
about: left out
sources:
  - {id: a, cite: A 2001, code: not_seen, reason: no page, named_in: [men]}
  - {id: b, cite: B 2002, code: duplicate, reason: same men, named_in: [men], reported_in: leder-2004}
  - {id: c, cite: C 2003, code: not_seen, reason: no page, named_in: [men]}
"""  # noqa: E501
TARGETS = """\
about: pools
targets:
  - id: amir-2011
    cite: Amir 2011
    population: women
    estimates:
      - {id: fracture, comparison: a v b, outcome: fracture, measure: OR, estimate: 1.47, ci: [1.34, 1.61], trials: [buzdar-2006]}
      - {id: other, comparison: a v b, outcome: death, note: not visible}
"""  # noqa: E501
SEARCH = """\
about: searches
second_reader: looked again
fields:
  - {id: men, scope: all, population: men, interventions: inhibitors, read: abstracts, studies_with_file: 3, open_points: [not recorded]}
"""  # noqa: E501
Loader = Callable[[Path], object]


def load(folder: Path, loader: Loader, text: str) -> object:
    file = folder / "file.yaml"
    file.write_text(text)
    return loader(file)


def test_reasons_are_counted(tmp_path: Path) -> None:
    file = tmp_path / "excluded.yaml"
    file.write_text(EXCLUDED)
    assert load_excluded(file).by_reason() == {
        "named, but no page was found": 2,
        "another report of a trial that has a file": 1,
    }


def test_trials_of_a_target_without_a_file(tmp_path: Path) -> None:
    file = tmp_path / "targets.yaml"
    file.write_text(TARGETS)
    targets = load_replication_targets(file)
    assert targets.target("amir-2011").estimates[0].ci == (1.34, 1.61)
    assert missing_studies(targets, frozenset({"buzdar-2006"})) == ()
    (problem,) = missing_studies(targets, frozenset({"buzdar-2005"}))
    assert str(problem) == (
        'amir-2011/fracture: "buzdar-2006" is no study; did you mean "buzdar-2005"?'
    )


def test_a_search_that_owns_up(tmp_path: Path) -> None:
    file = tmp_path / "search.yaml"
    file.write_text(SEARCH)
    (field,) = load_search(file).fields
    assert field.databases is None
    assert field.searched_on is None


@pytest.mark.parametrize(
    ("loader", "text", "old", "new", "message"),
    [
        (load_excluded, EXCLUDED, "{id: c", "{id: a", r':5 .*"a" stands twice'),
        (load_excluded, EXCLUDED, ", reported_in: leder-2004", "", "a duplicate needs reported_in"),
        (load_excluded, EXCLUDED, "code: duplicate", "code: double", r'"double" is not allowed'),
        (load_excluded, EXCLUDED, "about:", "abut:", r'unknown key "abut"; did you mean "about"'),
        (load_replication_targets, TARGETS, "{id: other", "{id: fracture", "stands twice"),
        (load_replication_targets, TARGETS, "measure: OR, ", "", "needs its measure"),
        (load_replication_targets, TARGETS, "1.47", "1.74", "1.74 lies outside 1.34 to 1.61"),
        (load_replication_targets, TARGETS, ", note: not visible", "", "a note must say what"),
        (load_search, SEARCH, ", open_points: [not recorded]", "", "needs an open point"),
        (load_search, SEARCH, "read: abs", "searched_on: May, read: abs", "has the wrong form"),
        (load_search, SEARCH, "studies_with_file: 3", "studies_with_file: -3", "out of range"),
    ],
)
def test_faults_are_told(
    tmp_path: Path, loader: Loader, text: str, old: str, new: str, message: str
) -> None:
    assert text.count(old) == 1
    with pytest.raises(StudyError, match=message):
        load(tmp_path, loader, text.replace(old, new))


def test_ids_of_targets_and_fields_are_not_repeated(tmp_path: Path) -> None:
    block = TARGETS[TARGETS.index("  - id: amir") :]
    with pytest.raises(StudyError, match='"amir-2011" stands twice'):
        load(tmp_path, load_replication_targets, TARGETS + block)
    with pytest.raises(StudyError, match='"men" stands twice'):
        load(tmp_path, load_search, SEARCH + SEARCH[SEARCH.index("  - {id: men") :])
