"""Nothing that was read is lost: each figure stands in a study file, or is settled, or left out."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import yaml

from evidence.catalog.claims import load_claims
from evidence.catalog.considered import (
    Considered,
    ReadFigure,
    account,
    considered,
    figures_of,
    read_considered,
)
from evidence.catalog.excluded import (
    Excluded,
    load_excluded,
    load_replication_targets,
    load_search,
    missing_studies,
)
from evidence.catalog.project import find_project
from evidence.catalog.readings import Readings, agreement, load_readings
from evidence.catalog.study import Study
from evidence.errors import StudyError

PROJECT = find_project(Path(__file__).resolve().parents[1])
DATA = PROJECT.root / "data"


@pytest.fixture(scope="module")
def studies() -> dict[str, Study]:
    return {study.id: study for study in PROJECT.studies()}


@pytest.fixture(scope="module")
def readings() -> Readings:
    return load_readings(DATA / "readings.yaml")


@pytest.fixture(scope="module")
def excluded() -> Excluded:
    return load_excluded(DATA / "excluded.yaml")


@pytest.fixture(scope="module")
def told() -> Considered:
    return considered(PROJECT)


def test_no_figure_is_lost(told: Considered) -> None:
    assert told.lost == ()
    assert told.adds_up
    assert told.studies_read == 166
    assert told.figures > 5000


def test_every_change_of_a_figure_is_used(told: Considered, readings: Readings) -> None:
    """A settlement that tells of a figure nobody read, or that did not change, is a mistake."""
    assert told.settled == len(readings.changed())


def test_studies_without_outcomes_are_named(told: Considered, studies: dict[str, Study]) -> None:
    assert told.without_outcomes == tuple(s for s in sorted(studies) if not studies[s].outcomes)
    for name in told.without_outcomes:
        assert studies[name].open_points, name


def test_what_the_second_reader_added_is_named(told: Considered, studies: dict[str, Study]) -> None:
    ledger = {row.study for row in read_considered(DATA / "considered.csv")}
    assert studies.keys() - ledger == {"diabetes-care-2010-letrozole"}
    assert told.studies_added == 1


def test_the_ledger_is_sorted_and_small() -> None:
    rows = read_considered(DATA / "considered.csv")
    keys = [row.key for row in rows]
    assert keys == sorted(keys)
    assert (DATA / "considered.csv").stat().st_size < 900_000


def test_every_outcome_is_read_or_added(studies: dict[str, Study], readings: Readings) -> None:
    """No outcome came from nowhere: the ledger knows it, or the second reader, or a stated source.

    Outcomes of words alone have no figure in the ledger; those are the few that are left.
    """
    ledger = {(row.study, row.outcome) for row in read_considered(DATA / "considered.csv")}
    new = {(item.study, outcome) for item in readings.new_figures for outcome in item.outcomes}
    stated = {("falahati-nini-2000", "osteoprotegerin-3w")}
    for study in studies.values():
        for outcome in study.outcomes:
            key = (study.id, outcome.id)
            figures = any(
                isinstance(value, float)
                for (name, path), value in figures_of(study).items()
                if name == outcome.id and not path.startswith("time.")
            )
            assert key in ledger or key in new or key in stated or not figures, key


def test_the_two_readers_agree_as_often_as_they_say(readings: Readings) -> None:
    """164 groups of figures: 156 agree, 4 do not, 4 could not be seen again."""
    seen = agreement(readings)
    assert (seen.checked, seen.agree, seen.differ, seen.not_seen_again) == (164, 156, 4, 4)
    assert seen.seen == 160
    assert seen.share == 0.975


def test_readings_lead_to_studies(
    readings: Readings, studies: dict[str, Study], excluded: Excluded
) -> None:
    targets = {t.id for t in load_replication_targets(DATA / "replication_targets.yaml").targets}
    for group in readings.checked:
        assert group.study is None or group.study in studies, group
        assert group.target is None or group.target in targets, group
    named = {note.study for note in readings.notes} | {new.study for new in readings.new_figures}
    named |= {item.study for item in readings.settlements if item.study is not None}
    assert named <= studies.keys()
    for item in readings.settlements:
        assert item.target is None or item.target in targets
        known = () if item.study is None else [o.id for o in studies[item.study].outcomes]
        assert set(item.outcomes) <= set(known), item.id
        assert {f.outcome for f in item.figures if f.outcome} <= set(item.outcomes), item.id
    for new in readings.new_figures:
        known = [outcome.id for outcome in studies[new.study].outcomes]
        assert set(new.outcomes) <= set(known), new
    for source in excluded.sources:
        assert source.id not in studies
        assert source.reported_in is None or source.reported_in in studies, source.id


def test_new_figures_stand_in_their_files(readings: Readings, studies: dict[str, Study]) -> None:
    """Every number of events that the second reader added is that of his list."""
    for new in readings.new_figures:
        counts = re.match(r"[^;]*; [^;]*; (\d+)(?: \([\d.]+%\))? v (\d+)\b(?!\.)", new.figure)
        if counts is None or len(new.outcomes) != 1:
            continue
        outcome = next(o for o in studies[new.study].outcomes if o.id == new.outcomes[0])
        printed = [r.events for r in outcome.arms.values()]
        if None not in printed:
            assert printed == [int(counts[1]), int(counts[2])], new.outcomes


def test_traced_figures_stand_in_their_files(readings: Readings, studies: dict[str, Study]) -> None:
    """Forty, drawn once; one that differed from its page would need a settlement."""
    assert readings.tracing is not None
    assert len({(f.study, f.outcome, f.path) for f in readings.tracing.figures}) == 40
    for figure in readings.tracing.figures:
        here = figures_of(studies[figure.study])
        assert here[figure.outcome, figure.path] == figure.value, figure
        assert figure.result == "agrees"


def test_changed_figures_say_why_in_the_file(readings: Readings, studies: dict[str, Study]) -> None:
    """What could not be seen again is told to who reads the study file."""
    for item in readings.settlements:
        if item.kind == "not_seen_again" and item.study is not None:
            points = " ".join(studies[item.study].open_points)
            assert "A second reader looked for the page again" in points, item.id


def test_sources_of_the_claims_are_studies_targets_or_left_out(
    studies: dict[str, Study], excluded: Excluded
) -> None:
    targets = {t.id for t in load_replication_targets(DATA / "replication_targets.yaml").targets}
    left_out = {source.id for source in excluded.sources}
    reports = {report.key for study in studies.values() for report in study.reports}
    also = {
        "ide-2020": "ide-2021",
        "spagnolo": "spagnolo-2025",
        "letrozole-metabolic": "lapauw-2009",
    }
    for source in load_claims(DATA / "claims.yaml").sources:
        if source.study is not None:
            assert source.study in studies
        else:
            key = also.get(source.key, source.key)
            assert key in targets | left_out | reports | studies.keys(), source.key


def test_trials_of_the_targets_are_here(studies: dict[str, Study]) -> None:
    targets = load_replication_targets(DATA / "replication_targets.yaml")
    assert missing_studies(targets, frozenset(studies)) == ()
    assert targets.target("amir-2011").n == 30023
    words = PROJECT.terms().outcomes
    for target in targets.targets:
        for estimate in target.estimates:
            assert estimate.word is None or estimate.word in words, (target.id, estimate.id)


def test_every_study_stands_in_a_field_of_the_search(told: Considered) -> None:
    search = load_search(DATA / "search.yaml")
    assert sum(field.studies_with_file for field in search.fields) == told.studies_read
    for field in search.fields:
        assert field.databases is None
        assert field.open_points


# ------------------------------------------------------------------ the account itself


def ledger(*rows: tuple[str, str, str, float | str]) -> tuple[ReadFigure, ...]:
    return tuple(ReadFigure(*row) for row in rows)


def one(readings: Readings, **changes: object) -> Readings:
    """The readings with one settlement and nothing else."""
    plain = {
        "id": "a-change",
        "kind": "first_reading_changed",
        "study": "lester-2008",
        "outcomes": ["spine_bmd-2y"],
        "first": {"text": "a mean"},
        "settled": "a centre",
        "reason": "not called a mean",
        "figures": [
            {
                "outcome": "spine_bmd-2y",
                "path": "arms.anastrozole_placebo.change_percent.mean",
                "first": -3.22,
                "now": -3.22,
                "now_path": "arms.anastrozole_placebo.change_percent.centre",
            }
            | changes
        ],
    }
    kept = readings.model_dump(exclude={"settlements", "checked", "new_figures", "notes"})
    checked = [readings.checked[0].model_dump()]
    text = json.dumps(kept | {"checked": checked, "settlements": [plain]})
    return Readings.model_validate_json(text)


MEAN = ("lester-2008", "spine_bmd-2y", "arms.anastrozole_placebo.change_percent.mean", -3.22)
RANGE = ("lester-2008", "spine_bmd-2y", "arms.anastrozole_placebo.change_percent.range.0", -16.0)
NONE = Excluded(about="nothing", sources=())


def test_found_settled_and_lost(studies: dict[str, Study], readings: Readings) -> None:
    study = studies["lester-2008"]
    told = account(ledger(MEAN, RANGE), [study], one(readings), NONE)
    assert (told.found, told.settled, told.lost) == (1, 1, ())
    assert told.adds_up
    other = (*RANGE[:3], -15.0)
    told = account(ledger(MEAN, other), [study], one(readings), NONE)
    assert told.lost == ledger(other)
    assert not told.adds_up


@pytest.mark.parametrize(
    "changes",
    [
        {"first": -3.2},
        {"now": -3.0},
        {"now_path": "arms.anastrozole_placebo.change_percent.median"},
        {"path": "arms.anastrozole_ibandronate.change_percent.mean"},
        {"now": None, "now_path": None, "path": "arms.anastrozole_placebo.change_percent.centre"},
    ],
)
def test_a_settlement_must_fit_ledger_and_file(
    studies: dict[str, Study], readings: Readings, changes: dict[str, object]
) -> None:
    told = account(ledger(MEAN), [studies["lester-2008"]], one(readings, **changes), NONE)
    assert told.lost == ledger(MEAN)


def test_a_settled_figure_that_is_gone_must_be_gone(
    studies: dict[str, Study], readings: Readings
) -> None:
    study = studies["lester-2008"]
    gone = account(ledger(MEAN), [study], one(readings, now=None, now_path=None), NONE)
    assert (gone.settled, gone.lost) == (1, ())


def test_a_study_that_is_left_out_takes_its_figures_along(
    studies: dict[str, Study], readings: Readings
) -> None:
    text = yaml.safe_load(
        "{id: x, cite: x, code: no_outcome_seen, reason: y, named_in: [z], study: lester-2008}"
    )
    out = Excluded.model_validate_json(json.dumps({"about": "one", "sources": [text]}))
    told = account(ledger(MEAN, RANGE), [], one(readings), out)
    assert (told.excluded, told.studies_excluded, told.studies_kept) == (2, 1, 0)
    assert told.adds_up
    nothing = account(ledger(MEAN), [], one(readings), NONE)
    assert len(nothing.lost) == 1
    assert not nothing.adds_up


def test_a_removed_study_is_noticed(studies: dict[str, Study], readings: Readings) -> None:
    rows = [row for row in read_considered(DATA / "considered.csv") if row.study == "leder-2004"]
    told = account(rows, [], readings, NONE)
    assert len(told.lost) == len(rows) > 50


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "other columns"),
        ("study,outcome,path\n", "other columns"),
        ("study,outcome,path,value\na,b,c\n", r"csv:2: is no row"),
        ("study,outcome,path,value\na,b,,1\n", r"csv:2: is no row"),
        ("study,outcome,path,value\na,b,c,1\na,b,c,2\n", r"csv:3: stands twice"),
    ],
)
def test_a_ledger_that_cannot_be_read(tmp_path: Path, text: str, message: str) -> None:
    file = tmp_path / "considered.csv"
    file.write_text(text)
    with pytest.raises(StudyError, match=message):
        read_considered(file)


def test_a_ledger_that_is_missing_or_no_text(tmp_path: Path) -> None:
    with pytest.raises(StudyError, match="cannot be read"):
        read_considered(tmp_path / "none.csv")
    file = tmp_path / "bytes.csv"
    file.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(StudyError, match="cannot be read"):
        read_considered(file)
