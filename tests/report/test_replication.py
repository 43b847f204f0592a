"""Published pooled figures beside ours: verdicts, distances, tables, and the page."""

from __future__ import annotations

import importlib.util
import math
import sys
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evidence.catalog.excluded import load_replication_targets
from evidence.catalog.project import find_project
from evidence.catalog.replications import Replications, load_replications
from evidence.errors import ReportError
from evidence.report.whole.replication import (
    VERDICT_WORDS,
    Pooled,
    ReplicationLine,
    distance,
    printed_decimals,
    replicate,
    verdict_of,
)
from evidence.report.whole.tables_replication import (
    counts_table,
    missing_table,
    pooled_text,
    rebuilt_table,
    trials_table,
)

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def benchmark_module() -> ModuleType:
    name = "benchmark_replication"
    spec = importlib.util.spec_from_file_location(name, ROOT / "benchmarks" / "replication.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def lines(benchmark_module: ModuleType) -> tuple[ReplicationLine, ...]:
    made: tuple[ReplicationLine, ...] = benchmark_module.lines_of(find_project(ROOT))
    return made


def test_the_page_is_what_the_data_say(
    benchmark_module: ModuleType, lines: tuple[ReplicationLine, ...]
) -> None:
    committed = (ROOT / "docs" / "replication.md").read_text(encoding="utf-8")
    assert benchmark_module.page(lines) == committed


def test_every_published_figure_has_a_verdict_and_a_reason(
    lines: tuple[ReplicationLine, ...],
) -> None:
    targets = load_replication_targets(ROOT / "data" / "replication_targets.yaml")
    wanted = [(t.id, e.id) for t in targets.targets for e in t.estimates]
    assert [(line.target, line.estimate) for line in lines] == wanted
    for line in lines:
        assert line.verdict in VERDICT_WORDS
        assert line.reason.strip(), line
        both = line.theirs is not None and line.ours is not None
        assert (line.verdict != "cannot_be_rebuilt") == both


def test_what_is_declared_as_rebuilt_is_rebuilt(lines: tuple[ReplicationLine, ...]) -> None:
    """A question that finds no trial would be a reason that nobody wrote."""
    for line in lines:
        assert "No trial here has a figure of this comparison" not in line.reason, line


def test_trials_fall_into_shared_theirs_and_ours(lines: tuple[ReplicationLine, ...]) -> None:
    for line in lines:
        assert set(line.in_common) | set(line.only_ours) == set(line.our_trials)
        assert set(line.in_common) | set(line.only_theirs) == set(line.named)
        assert not set(line.in_part) & set(line.our_trials)
    randomised = next(x for x in lines if x.estimate == "fracture_none_rct")
    assert set(randomised.in_common) == {"goss-2005", "lonning-2005"}


def test_no_trial_is_later_than_the_paper(lines: tuple[ReplicationLine, ...]) -> None:
    early = [line for line in lines if line.target in ("amir-2011", "cuppone-2007")]
    used = {trial for line in early for trial in line.our_trials}
    assert used
    assert not used & {"forbes-2016", "margolese-2016", "cuzick-2014"}
    first = next(line for line in early if line.target == "cuppone-2007")
    assert "vandevelde-2011" not in first.our_trials


def test_tseng_by_hand(lines: tuple[ReplicationLine, ...]) -> None:
    """Two log ratios with their limits, weighted by their inverse variances: tau2 is 0."""
    line = next(x for x in lines if x.estimate == "fracture_none_rct")
    z = 1.959963984540054
    rows = [(1.15, 0.94, 1.41), (0.81, 0.23, 2.90)]
    weights = [(2 * z / math.log(high / low)) ** 2 for _, low, high in rows]
    mean = sum(w * math.log(x) for w, (x, _, _) in zip(weights, rows, strict=True)) / sum(weights)
    assert line.ours is not None
    assert line.ours.estimate == pytest.approx(math.exp(mean), rel=0.01)


@pytest.mark.parametrize(
    ("theirs", "ours", "verdict"),
    [
        (Pooled(1.17, 0.97, 1.41), Pooled(1.1749, 0.9651, 1.4149), "reproduced"),
        (Pooled(1.17, 0.97, 1.41), Pooled(1.1751, 0.97, 1.41), "close"),
        (Pooled(1.2, 1.0, 1.4), Pooled(1.24, 1.04, 1.44), "reproduced"),
        (Pooled(1.2, 1.02, 1.4), Pooled(1.24, 1.04, 1.44), "close"),
        (Pooled(2.0, 1.5, 2.5), Pooled(2.9, 2.4, 3.4), "different"),
        (Pooled(2.0, 1.5, 2.5), Pooled(2.9, 1.9, 3.9), "close"),
        (Pooled(2.0, 1.5, 2.5), Pooled(3.0, 2.6, 3.4), "different"),
        (Pooled(1.35, None, None), Pooled(1.27, 1.16, 1.39), "close"),
        (Pooled(1.35, None, None), Pooled(1.27, 1.16, 1.34), "different"),
        (Pooled(1.0, 0.9, 1.1), Pooled(1.05, None, None), "close"),
    ],
)
def test_verdicts(theirs: Pooled, ours: Pooled, verdict: str) -> None:
    assert verdict_of(theirs, ours) == verdict


@given(st.floats(0.1, 10), st.floats(0.05, 2), st.floats(0.1, 10), st.floats(0.05, 2))
def test_verdict_does_not_depend_on_the_direction_of_a_ratio(
    a: float, s: float, b: float, t: float
) -> None:
    """1/ratio with swapped limits is the same finding (rounding apart)."""
    theirs = Pooled(a, a * math.exp(-s), a * math.exp(s))
    ours = Pooled(b, b * math.exp(-t), b * math.exp(t))

    def turned(x: Pooled) -> Pooled:
        assert x.low is not None
        assert x.high is not None
        return Pooled(1 / x.estimate, 1 / x.high, 1 / x.low)

    gap = abs(math.log(a / b))
    if min(abs(gap - s), abs(gap - t)) > 1e-6:
        assert verdict_of(theirs, ours) == verdict_of(turned(theirs), turned(ours))
    one, other = distance(theirs, ours, "log"), distance(turned(theirs), turned(ours), "log")
    assert one == pytest.approx(-other if other is not None else None, abs=1e-9)


def test_a_distance_needs_their_limits() -> None:
    assert distance(Pooled(1.3, None, None), Pooled(1.2, 1.0, 1.4), "log") is None
    assert distance(Pooled(1.3, 0.0, 2.0), Pooled(1.2, 1.0, 1.4), "log") is None
    assert distance(Pooled(1.3, 1.3, 1.3), Pooled(1.2, 1.0, 1.4), "log") is None
    moved = distance(Pooled(2.0, 0.04, 3.96), Pooled(1.0, 0.0, 2.0), "identity")
    assert moved == pytest.approx(-1.0, abs=1e-4)


def test_digits_and_text() -> None:
    assert printed_decimals([1.0, 2.0]) == 0
    assert printed_decimals([0.76, 0.58, 1.003]) == 3
    assert pooled_text(None, 2) == ""
    assert pooled_text(Pooled(-0.1, -0.86, 0.66), 2) == "−0.10 (−0.86 to 0.66)"
    assert pooled_text(Pooled(1.35, None, None), 2) == "1.35 (interval not seen)"


def test_the_tables_hold_every_figure(lines: tuple[ReplicationLine, ...]) -> None:
    rebuilt, trials, missing = rebuilt_table(lines), trials_table(lines), missing_table(lines)
    assert len(rebuilt.rows) == len(trials.rows)
    assert len(rebuilt.rows) + len(missing.rows) == len(lines)
    assert counts_table(lines).rows[-1] == ("all", str(len(lines)))
    assert sum(int(n) for _, n in counts_table(lines).rows[:-1]) == len(lines)
    for table in (rebuilt, trials, missing):
        assert all(len(row) == len(table.head) for row in table.rows)
    unseen = replace(lines[1], theirs=None, ours=None, verdict="cannot_be_rebuilt")
    assert missing_table([unseen]).rows[0][2] == "no figure seen"


def test_a_figure_without_an_entry_is_refused() -> None:
    project = find_project(ROOT)
    terms = project.terms()
    targets = load_replication_targets(ROOT / "data" / "replication_targets.yaml")
    studies = project.studies(terms)
    known = frozenset(study.id for study in studies)
    record = load_replications(ROOT / "data" / "replications.yaml", targets, terms, known)
    fewer = Replications.model_construct(
        about=record.about,
        n_estimates=1,
        comparisons=record.comparisons,
        replications=record.replications[1:],
    )
    with pytest.raises(ReportError, match="has no verdict"):
        replicate(fewer, targets, studies, terms)


def test_a_question_without_a_trial_says_so() -> None:
    project = find_project(ROOT)
    terms = project.terms()
    targets = load_replication_targets(ROOT / "data" / "replication_targets.yaml")
    studies = project.studies(terms)
    known = frozenset(study.id for study in studies)
    record = load_replications(ROOT / "data" / "replications.yaml", targets, terms, known)
    made = replicate(record, targets, (), terms)
    assert all(line.verdict == "cannot_be_rebuilt" for line in made)
    amir = next(line for line in made if line.estimate == "fracture" and line.theirs is not None)
    assert amir.reason.startswith("No trial here has a figure of this comparison")
