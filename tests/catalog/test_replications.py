"""data/replications.yaml: complete, and what its reader refuses."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from evidence.catalog.excluded import ReplicationTargets, load_replication_targets
from evidence.catalog.project import find_project
from evidence.catalog.replications import load_replications, question_of
from evidence.catalog.terms import Terms
from evidence.errors import QuestionError, StudyError

PROJECT = find_project(Path(__file__).parents[2])
KNOWN = frozenset(path.stem for path in PROJECT.studies_folder.glob("*.yaml"))
FILE = PROJECT.root / "data" / "replications.yaml"


@pytest.fixture(scope="module")
def targets() -> ReplicationTargets:
    return load_replication_targets(PROJECT.root / "data" / "replication_targets.yaml")


@pytest.fixture(scope="module")
def terms() -> Terms:
    return PROJECT.terms()


def changed(folder: Path, change: object) -> Path:
    plain = yaml.safe_load(FILE.read_text(encoding="utf-8"))
    change(plain)  # type: ignore[operator]
    path = folder / "replications.yaml"
    path.write_text(yaml.safe_dump(plain), encoding="utf-8")
    return path


def test_every_published_figure_has_an_entry(targets: ReplicationTargets, terms: Terms) -> None:
    record = load_replications(FILE, targets, terms, KNOWN)
    there = {(t.id, e.id) for t in targets.targets for e in t.estimates}
    assert {(one.target, one.estimate) for one in record.replications} == there
    assert len(record.replications) == record.n_estimates == 102


def test_a_figure_that_was_not_seen_is_not_rebuilt(
    targets: ReplicationTargets, terms: Terms
) -> None:
    record = load_replications(FILE, targets, terms, KNOWN)
    seen = {(t.id, e.id): e.estimate for t in targets.targets for e in t.estimates}
    for one in record.replications:
        if seen[one.target, one.estimate] is None:
            assert one.cannot, one


@pytest.mark.parametrize(
    ("change", "what"),
    [
        (lambda d: d["replications"].pop(3), '"amir-2011/cerebrovascular" is missing'),
        (lambda d: d["replications"].append(dict(d["replications"][0])), "stands twice"),
        (lambda d: d["replications"][0].update(estimate="low_libidoo"), "is no target"),
        (lambda d: d["replications"][1]["rebuild"].update(comparison="ai"), "is no comparison"),
        (lambda d: d["replications"][1]["rebuild"].update(outcomes=["cv_evnt"]), "cv_evnt"),
        (lambda d: d["replications"][6]["rebuild"].update(trials=["buzdar"]), "is no study"),
        (lambda d: d.update(n_estimates=101), "101 figures are announced"),
        (lambda d: d["replications"][1].pop("difference"), "go together"),
        (lambda d: d["replications"][1].update(cannot="no"), "give rebuild, or cannot"),
        (lambda d: d["replications"][6]["rebuild"].pop("trials_reason"), "go together"),
        (lambda d: d["comparisons"][0].update(sexes=[]), "sexes"),
    ],
)
def test_what_the_reader_refuses(
    change: object, what: str, tmp_path: Path, targets: ReplicationTargets, terms: Terms
) -> None:
    with pytest.raises(StudyError) as caught:
        load_replications(changed(tmp_path, change), targets, terms, KNOWN)
    assert any(what in str(problem) for problem in caught.value.problems)


def test_all_problems_are_told_at_once(
    tmp_path: Path, targets: ReplicationTargets, terms: Terms
) -> None:
    def change(plain: dict[str, object]) -> None:
        entries = plain["replications"]
        assert isinstance(entries, list)
        entries[1]["rebuild"]["comparison"] = "nothing"
        entries[2]["rebuild"]["outcomes"] = ["nothing"]

    with pytest.raises(StudyError) as caught:
        load_replications(changed(tmp_path, change), targets, terms, KNOWN)
    assert len(caught.value.problems) == 2


def test_a_measure_of_no_question_is_refused(targets: ReplicationTargets, terms: Terms) -> None:
    record = load_replications(FILE, targets, terms, KNOWN)
    rebuild = next(one.rebuild for one in record.replications if one.rebuild is not None)
    smd = next(e for e in targets.target("short-stature-2021").estimates if e.measure == "SMD")
    with pytest.raises(QuestionError, match="the measure is SMD"):
        question_of(record.comparisons[0], rebuild, smd, "x/y")
