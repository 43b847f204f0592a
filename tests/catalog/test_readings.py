"""Readings of two people: what a record must say, and the count of their agreement."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from evidence.catalog.readings import (
    Agreement,
    CheckedFigures,
    Readings,
    TracedFigure,
    agreement,
    load_readings,
)
from evidence.errors import StudyError

TEXT = """\
about: two readers
readers: [A, B]
checked:
  - {study: leder-2004, outcome: estradiol, figure: wk 12, first: 26, result: agrees}
  - {study: goss-2005, outcome: arms n, figure: n, first: 2572, seen: 2593, result: differs, settled: arms}
settlements:
  - id: arms
    kind: disagreement
    study: goss-2005
    first: {text: 2572 women}
    second: {text: 2593 women, url: "https://example.org/a"}
    settled: 2593 women
    reason: they add up
    figures:
      - {path: arms.letrozole.n, first: 2572, now: 2593, now_path: arms.letrozole.n}
notes:
  - {study: goss-2005, text: a remark}
new_figures:
  - {study: goss-2005, figure: a count, url: "https://example.org/b", outcomes: [fracture]}
"""  # noqa: E501


def load(folder: Path, text: str) -> Readings:
    file = folder / "readings.yaml"
    file.write_text(
        text.replace("first: 26,", 'first: "26",').replace("seen: 2593", 'seen: "2593"')
    )
    return load_readings(file)


SOUND = TEXT.replace("first: 2572, seen", 'first: "2572", seen')


def test_a_sound_file(tmp_path: Path) -> None:
    readings = load(tmp_path, SOUND)
    assert readings.settlement("arms").settled == "2593 women"
    assert list(readings.changed()) == [("goss-2005", "", "arms.letrozole.n")]
    assert agreement(readings) == Agreement(checked=2, agree=1, differ=1, not_seen_again=0)
    assert agreement(readings).share == 0.5
    assert str(agreement(readings)).startswith("1 of 2 groups of figures agree (50.0 %)")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("settled: arms}", "settled: arm}", r':5 .*"arm" is no settlement; did you mean "arms"'),
        (", settled: arms}", "}", r'"differs" needs the id of its settlement'),
        ("result: agrees", "result: agrees, settled: arms", "agree need no settlement"),
        ("study: leder-2004, outcome", "outcome", "to one of the two"),
        ("study: leder-2004,", "study: leder-2004, target: amir-2011,", "to one of the two"),
        ("result: differs", "result: not_seen", r'"not_seen" is not allowed'),
        (
            "result: differs",
            'urls: ["https://example.org/c"], result: not_seen_again',
            "has no address",
        ),
        ("    study: goss-2005\n    first", "    first", "to one of the two"),
        (
            '    second: {text: 2593 women, url: "https://example.org/a"}\n',
            "",
            "a disagreement needs the second reading",
        ),
        ("now: 2593, ", "", "now and now_path belong together"),
        ("now: 2593, ", "now: 2572, ", "this figure did not change"),
        ("kind: disagreement", "kind: quarrel", r'"quarrel" is not allowed'),
        (", outcomes: [fracture]", "", "name the outcomes, or say where else"),
        (", outcomes: [fracture]", ", outcomes: [f], elsewhere: note", "name the outcomes, or say"),
        ("https://example.org/b", "example.org", "wrong form"),
        ("checked:\n", "cheked:\n", r'unknown key "cheked"'),
    ],
)
def test_faults_are_told_with_their_line(tmp_path: Path, old: str, new: str, message: str) -> None:
    assert SOUND.count(old) == 1
    with pytest.raises(StudyError, match=message):
        load(tmp_path, SOUND.replace(old, new))


def test_settlements_that_repeat_or_that_nothing_leads_to(tmp_path: Path) -> None:
    start = SOUND.index("  - id: arms")
    block = SOUND[start : SOUND.index("notes:")]
    with pytest.raises(StudyError, match='"arms" stands twice'):
        load(tmp_path, SOUND[:start] + block + SOUND[start:])
    other = block.replace("id: arms", "id: other")
    with pytest.raises(StudyError, match='nothing that was checked leads to "other"'):
        load(tmp_path, SOUND[:start] + other + SOUND[start:])
    changed = other.replace("kind: disagreement", "kind: first_reading_changed")
    assert len(load(tmp_path, SOUND[:start] + changed + SOUND[start:]).settlements) == 2
    without = changed[: changed.index("    figures:")]
    with pytest.raises(StudyError, match="a changed reading needs its figures"):
        load(tmp_path, SOUND[:start] + without + SOUND[start:])


@pytest.mark.parametrize(
    "told",
    [
        {"result": "agrees"},
        {"result": "agrees", "seen": "26 (8)"},
        {"result": "not_seen_again", "seen": "26 (8)", "url": "https://example.org/a"},
    ],
)
def test_a_traced_figure_says_what_was_seen_and_where(told: dict[str, str]) -> None:
    figure = {"study": "a", "outcome": "b", "path": "c", "value": 1.0}
    with pytest.raises(ValidationError, match="one of the two"):
        TracedFigure.model_validate(figure | told)
    whole = {"result": "agrees", "seen": "1.0", "url": "https://example.org/a"}
    assert TracedFigure.model_validate(figure | whole).value == 1
    assert TracedFigure.model_validate(figure | {"result": "not_seen_again"}).url is None


def test_agreement_without_a_page_seen_twice() -> None:
    group = CheckedFigures(
        study="a", outcome="b", figure="c", first="d", result="not_seen_again", settled="e"
    )
    with pytest.raises(StudyError, match="no group was seen by both"):
        agreement(Readings(about="x", readers=("A",), checked=(group,)))
