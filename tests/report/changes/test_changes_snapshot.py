"""Snapshots: taken from reports, written the same way each time, read strictly."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest
import samples
from change_samples import HOSTILE, claim, question, snapshot, snapshots
from hypothesis import given, settings

from evidence.errors import ReportError
from evidence.report.borrowed.result import BorrowBlock, BorrowRow
from evidence.report.certainty.result import RatingBlock, RatingDomain
from evidence.report.changes.snapshot import (
    Snapshot,
    files_hash,
    read_snapshot,
    read_snapshot_bytes,
    snapshot_bytes,
)
from evidence.report.changes.take import Taken, question_state, snapshot_of
from evidence.report.record import data_hash
from evidence.report.result import SaidBlock, ThresholdBlock


@given(snapshots())
@settings(max_examples=30, deadline=None)
def test_what_is_written_is_read_again(one: Snapshot) -> None:
    raw = snapshot_bytes(one)
    assert read_snapshot_bytes("x.json", raw) == one
    assert snapshot_bytes(read_snapshot_bytes("x.json", raw)) == raw


def test_each_question_is_a_line_and_each_sentence_is_written_once() -> None:
    two = snapshot(question("a"), question("b"))
    lines = snapshot_bytes(two).decode().splitlines()
    assert sum('"id":' in line for line in lines) == 2
    assert sum(line.startswith('"Two trials."') for line in lines) == 1
    plain = json.loads(snapshot_bytes(two))
    assert plain["sentences"] == ["Low.", "Two trials."]
    assert [q["certainty"] for q in plain["questions"]] == [[0, 1], [0, 1]]


def damaged(change: Any) -> bytes:
    plain = json.loads(snapshot_bytes(snapshot(question("a"), question("b"), claims=(claim(),))))
    change(plain)
    return json.dumps(plain).encode()


def _set(path: str, value: Any) -> Any:
    def change(plain: Any) -> None:
        *before, last = path.split(".")
        for key in before:
            plain = plain[int(key) if key.isdigit() else key]
        plain[int(last) if last.isdigit() else last] = value

    return change


@pytest.mark.parametrize(
    ("path", "value", "problem"),
    [
        ("format", "evidence-release/2", r"x.json format: .*evidence-release/1"),
        ("version", 1, r"x.json version"),
        ("date", "21.11.2026", r"x.json date"),
        ("more", 1, r"x.json more: Extra inputs"),
        ("questions.0.k", "2", r"questions.0.k: .*valid integer"),
        ("questions.0.main.at.estimate", "a", r"questions.0.main.at.estimate"),
        ("questions.0.certainty", [99], r"questions.0.certainty.0"),
        ("questions.0.certainty", [True], r"questions.0.certainty.0"),
        ("questions.0.id", "a b", r"questions.0.id"),
        ("questions.0.id", "c", r"'b' stands twice or out of order"),
        ("questions.1.id", "a", r"'a' stands twice or out of order"),
        ("questions.0.analysis", "other", r"belongs to 'other', which is no report"),
        ("reports.0.inputs", [7], r"reports.demo.inputs: leads to no file"),
        ("reports.0.inputs", [0], r"reports.demo.data_hash: is not that of its inputs"),
        ("data_hash", "0" * 64, r"data_hash: is not that of the files"),
        ("files.0.1", "zz", r"files.0.1"),
        ("sentences", None, r'no list of "sentences"'),
        ("claims.0.verdict", None, r"claims.0.verdict"),
    ],
)
def test_what_is_damaged_is_refused(path: str, value: Any, problem: str) -> None:
    with pytest.raises(ReportError, match=problem):
        read_snapshot_bytes("x.json", damaged(_set(path, value)))


def test_all_problems_are_told(tmp_path: Any) -> None:
    def two(plain: Any) -> None:
        plain["questions"][0]["k"], plain["questions"][1]["k"] = "1", "2"

    with pytest.raises(ReportError) as raised:
        read_snapshot_bytes("x", damaged(two))
    assert len(raised.value.problems) == 2
    with pytest.raises(ReportError, match="is missing"):
        read_snapshot(tmp_path / "none.json")
    with pytest.raises(ReportError, match="is not JSON: NaN is not a number"):
        read_snapshot_bytes("x", damaged(_set("questions.0.main.tau", math.nan)))
    for raw in (b"", b"[]", b"\xff", b"{}", b'{"sentences": [], "questions": 3}'):
        with pytest.raises(ReportError, match="x"):
            read_snapshot_bytes("x", raw)
    with pytest.raises(ReportError, match="wrong kind"):
        snapshot_bytes({})  # type: ignore[arg-type]


def test_a_file_in_two_states_counts_twice() -> None:
    pairs = [("a", "1" * 64), ("a", "2" * 64)]
    assert files_hash(pairs) != files_hash(pairs[:1])
    assert files_hash(pairs[:1]) == data_hash(dict(pairs[:1]))


def test_a_snapshot_holds_what_the_report_says() -> None:
    result = samples.result_of(
        [*samples.trials(samples.THREE), samples.part("said-2010", direction="decrease")]
    )
    taken = Taken(samples.file_of(result), "0.1.0", data_hash({}), {})
    found = snapshot_of([taken], None).questions[0]
    assert result.main is not None
    assert found.main is not None
    assert (found.main.at.estimate, found.main.at.low) == (result.main.estimate, result.main.ci_low)
    assert found.main.at.shown == result.main.shown
    assert result.main.prediction is not None
    assert found.main.prediction is not None
    assert found.main.prediction.low == result.main.prediction.low
    assert result.exact is not None
    assert found.bayes is not None
    assert found.bayes.at.estimate == result.exact.terms[0].median
    assert found.bayes.tau == result.exact.terms[1].median
    assert found.studies == ("trial-2001", "trial-2002", "trial-2003")
    assert found.in_part == ("said-2010",)
    assert (found.k, found.partial, found.considered) == (3, 1, 4)
    assert (found.finding, found.certainty) == (result.finding, result.certainty)
    assert read_snapshot_bytes("x", snapshot_bytes(snapshot_of([taken], None))).questions == (
        found,
    )


def test_the_second_answer_the_borrowed_one_and_the_rating() -> None:
    result = samples.result_of(samples.trials(samples.THREE))
    assert result.exact is not None
    said = SaidBlock(
        reports=5, complete=3, used=4, level=0.95, terms=result.exact.terms,
        probability_below_null=0.98, priors=(), lines=(), steps=(), possible=None, notes=(),
        reason="",
    )  # fmt: skip
    row = BorrowRow(
        term="borrowed", discount=0.2, estimate=0.8, low=0.5, high=1.25, probability_below=0.9,
        borrowed_evidence=None, borrowed_patients=None,
    )  # fmt: skip
    block = BorrowBlock(
        sources=(), own=1, method="power", axis="a0", discount=0.2, reason="", priors=(),
        threshold=0.0, level=0.9, rows=(row,), curve=(), tipping=(), conflict=None, notes=(),
        why="",
    )  # fmt: skip
    domains = tuple(
        RatingDomain(domain=name, suggested=-1, rule="", judged=judged, reason="")
        for name, judged in (("risk_of_bias", -2), ("imprecision", None), ("surrogate", 0))
    )
    rated = RatingBlock(
        level="low", as_asked=None, suggested="very_low", status="judged", start="",
        domains=domains, raised="", judged_by="", judged_on="", changed=(), fingerprint="",
    )  # fmt: skip
    changes = {"said": said, "borrowed": block, "rating": rated, "scale": "log"}
    found = question_state(result.model_copy(update=changes), "demo")
    assert found.said is not None
    assert (found.said.reports, found.said.below) == (4, 0.98)
    assert found.said.at.estimate == result.exact.terms[0].median
    assert found.borrowed is not None
    assert found.borrowed.at.shown.low == 0.5
    assert found.borrowed.at.low == pytest.approx(math.log(0.5))
    assert (found.borrowed.level, found.borrowed.discount) == (0.9, 0.2)
    assert found.rating is not None
    assert found.rating.domains == {"risk_of_bias": -2, "imprecision": -1, "surrogate": 0}
    # Where the second answer could not be had, or nothing was borrowed, there is none.
    none = {
        "said": said.model_copy(update={"terms": ()}),
        "borrowed": block.model_copy(update={"rows": ()}),
    }
    found = question_state(result.model_copy(update=none), "demo")
    assert (found.said, found.borrowed) == (None, None)


def test_a_question_without_anything() -> None:
    found = question_state(samples.result_of([]), "demo")
    assert (found.k, found.main, found.bayes, found.said, found.rating) == (
        0,
        None,
        None,
        None,
        None,
    )


@pytest.mark.parametrize(
    ("scale", "unit", "mark", "found"),
    [
        ("log", None, (1.25, "ratio"), (math.log(0.75), math.log(1.25))),
        ("log", None, (4.0, "ratio"), (math.log(0.25), math.log(4))),
        ("log", None, (1.0, "ratio"), None),
        ("log", None, (5.0, "pg/mL"), None),
        ("identity", "pg/mL", (-5.0, "pg/mL"), (-5.0, 5.0)),
        ("identity", "pg/mL", (5.0, "ratio"), None),
        ("identity", "pg/mL", (0.0, "pg/mL"), None),
        ("identity", "pg/mL", (None, None), None),
    ],
)
def test_effects_that_matter(
    scale: str, unit: str | None, mark: tuple[Any, Any], found: tuple[float, float] | None
) -> None:
    threshold = ThresholdBlock(
        kind="stand_in",
        value=mark[0],
        unit=mark[1],
        meaning=None,
        source=None,
        url=None,
        open_point=None,
    )
    changes = {"threshold": threshold, "scale": scale, "unit": unit}
    result = samples.result_of([]).model_copy(update=changes)
    seen = question_state(result, "demo").matters
    assert seen == (None if found is None else pytest.approx(found))
    level = result.model_copy(update={"contrast": "level"})
    assert question_state(level, "demo").matters is None


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_titles_stay_what_they_are(text: str) -> None:
    one = snapshot(question(title=text, finding=text, certainty=(text,)))
    assert read_snapshot_bytes("x", snapshot_bytes(one)) == one
