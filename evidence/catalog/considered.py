"""Considered: the ledger of every figure that was first read, and what became of each."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from evidence.catalog.excluded import Excluded, load_excluded
from evidence.catalog.project import Project
from evidence.catalog.readings import Readings, SettledFigure, load_readings
from evidence.catalog.study import Study
from evidence.errors import Problem, StudyError

COLUMNS = ("study", "outcome", "path", "value")
Key = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class ReadFigure:
    """A figure, direction or relation of P as first read: ``outcome`` is empty for arms."""

    study: str
    outcome: str
    path: str
    value: float | str

    @property
    def key(self) -> Key:
        """Where it stands."""
        return self.study, self.outcome, self.path


@dataclass(frozen=True, slots=True)
class Considered:
    """What became of all that was read.

    Every study read is kept or excluded, every figure stands where it was read (``found``), was
    changed with both readings and a reason (``settled``), belongs to an excluded study
    (``excluded``), or is ``lost``.

    Attributes
    ----------
    studies_read, studies_kept, studies_excluded : int
        Studies of the ledger.
    studies_added : int
        Study files that the ledger does not know: found by the second reader.
    sources_excluded : int
        Reports and trials named while searching that have no study file, with their reasons.
    without_outcomes : tuple of str
        Kept studies of which no outcome was seen.
    figures, found, settled, excluded : int
        Figures of the ledger.
    lost : tuple of ReadFigure
    """

    studies_read: int
    studies_kept: int
    studies_excluded: int
    studies_added: int
    sources_excluded: int
    without_outcomes: tuple[str, ...]
    figures: int
    found: int
    settled: int
    excluded: int
    lost: tuple[ReadFigure, ...]

    @property
    def adds_up(self) -> bool:
        """True where nothing is lost and every sum is what it must be."""
        return (
            not self.lost
            and self.studies_read == self.studies_kept + self.studies_excluded
            and self.figures == self.found + self.settled + self.excluded
        )


def considered(project: Project) -> Considered:
    """Hold all that was first read against the study files.

    Raises
    ------
    StudyError
        If a file of the project cannot be read.
    """
    data = project.root / "data"
    return account(
        read_considered(data / "considered.csv"),
        project.studies(),
        load_readings(data / "readings.yaml"),
        load_excluded(data / "excluded.yaml"),
    )


def account(
    ledger: Iterable[ReadFigure],
    studies: Iterable[Study],
    readings: Readings,
    excluded: Excluded,
) -> Considered:
    """Say of each figure of the ledger what became of it.

    Parameters
    ----------
    ledger : iterable of ReadFigure
    studies : iterable of Study
    readings : Readings
        The settled differences.
    excluded : Excluded
    """
    rows = tuple(ledger)
    files = {study.id: study for study in studies}
    here = {study.id: figures_of(study) for study in files.values()}
    out = {item.study for item in excluded.sources if item.study is not None}
    changed = readings.changed()
    found = settled = left_out = 0
    lost = []
    for row in rows:
        if row.study in out:
            left_out += 1
        elif here.get(row.study, {}).get((row.outcome, row.path)) == row.value:
            found += 1
        elif _is_settled(row, changed.get(row.key), here.get(row.study, {})):
            settled += 1
        else:
            lost.append(row)
    read = {row.study for row in rows}
    return Considered(
        studies_read=len(read),
        studies_kept=len(read & files.keys()),
        studies_excluded=len((read & out) - files.keys()),
        studies_added=len(files.keys() - read),
        sources_excluded=len(excluded.sources),
        without_outcomes=tuple(sorted(s.id for s in files.values() if not s.outcomes)),
        figures=len(rows),
        found=found,
        settled=settled,
        excluded=left_out,
        lost=tuple(lost),
    )


def figures_of(study: Study) -> dict[tuple[str, str], float | str]:
    """Give every figure and word of a study by outcome (empty for arms) and path.

    Numbers are floats. Arms go by their id, contrasts and limits by their place from 0.
    """
    figures: dict[tuple[str, str], float | str] = {}
    general = {
        "population": study.population.model_dump(),
        "arms": {arm.id: arm.model_dump() for arm in study.arms},
    }
    for outcome, values in [("", general)] + [(o.id, o.model_dump()) for o in study.outcomes]:
        figures.update({(outcome, path): value for path, value in _leaves(values, ())})
    return figures


def read_considered(path: str | Path) -> tuple[ReadFigure, ...]:
    """Read the ledger.

    Raises
    ------
    StudyError
        If it cannot be read, its columns are others, or a figure stands twice.
    """
    try:
        with Path(path).open(encoding="utf-8-sig", newline="") as handle:
            lines = list(csv.reader(handle))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        problem = Problem(str(path), f"cannot be read ({error})", "give a CSV file")
        raise StudyError("there is no ledger", [problem]) from None
    if not lines or tuple(lines[0]) != COLUMNS:
        problem = Problem(f"{path}:1", "has other columns", ",".join(COLUMNS))
        raise StudyError("this is no ledger of figures", [problem])
    rows, problems, seen = [], [], set()
    for number, line in enumerate(lines[1:], start=2):
        if len(line) != len(COLUMNS) or not line[0] or not line[2] or not line[3]:
            problems.append(Problem(f"{path}:{number}", "is no row", "study,outcome,path,value"))
            continue
        row = ReadFigure(line[0], line[1], line[2], _value(line[3]))
        if row.key in seen:
            problems.append(Problem(f"{path}:{number}", "stands twice", "one row a figure"))
        seen.add(row.key)
        rows.append(row)
    if problems:
        raise StudyError(f"{path}: {len(problems)} problems", problems)
    return tuple(rows)


def _is_settled(
    row: ReadFigure,
    change: SettledFigure | None,
    here: Mapping[tuple[str, str], float | str],
) -> bool:
    """True if a settlement tells of this figure, and the file holds what it says."""
    if change is None or change.first != row.value:
        return False
    if change.now_path is None:
        return (row.outcome, row.path) not in here
    return here.get((row.outcome, change.now_path)) == change.now


def _leaves(value: Any, at: tuple[str, ...]) -> Iterator[tuple[str, float | str]]:
    if isinstance(value, Mapping):
        for key, inside in value.items():
            yield from _leaves(inside, (*at, str(key)))
    elif isinstance(value, tuple):
        for i, inside in enumerate(value):
            yield from _leaves(inside, (*at, str(i)))
    elif isinstance(value, str):
        yield ".".join(at), value
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield ".".join(at), float(value)


def _value(text: str) -> float | str:
    try:
        return float(text)
    except ValueError:
        return text
