"""Rows that the ledger of figures read should have and has not: it was cut off, or a line is gone.

That every row of the ledger stands in a file, `considered` sees. Here the other way is gone: from
the files, the settlements and the record of the search to the ledger.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from pathlib import Path

from evidence.catalog.considered import ReadFigure, figures_of
from evidence.catalog.excluded import Search
from evidence.catalog.readings import Readings
from evidence.catalog.study import Study
from evidence.errors import Problem

# Of the words of a study file the ledger holds these; of the numbers all.
WORDS = ("direction", "relation", "sex")
NAMED = 5


def ledger_gaps(
    path: Path,
    ledger: Sequence[ReadFigure],
    studies: Iterable[Study],
    readings: Readings,
    search: Search | None = None,
) -> list[Problem]:
    """List what is missing in the ledger.

    Parameters
    ----------
    path : Path
        Where the ledger stands.
    ledger : sequence of ReadFigure
    studies : iterable of Study
    readings : Readings
        Figures that were read later stand here, and what was settled.
    search : Search, optional
        It counts the studies that were read. Without it whole studies may be missing unseen.
    """
    files = {study.id: study for study in studies}
    read = {row.study for row in ledger}
    problems = []
    if ledger and not path.read_bytes().endswith(b"\n"):
        where, what = f"{path}:{len(ledger) + 1}", "the last line does not end"
        problems.append(Problem(where, what, "the file may be cut off: put back what is missing"))
    if search is not None:
        problems += _missing_studies(path, read, files, readings, search)
    for study in sorted(read & files.keys()):
        problems += _missing_figures(path, ledger, files[study], readings)
    known = {row.key for row in ledger}
    problems += [
        Problem(
            f"{path}: {study} {outcome} {figure}",
            "readings.yaml settles this figure, and it stands in no row",
            f"put the row back, with the value {settled.first} as first read",
        )
        for (study, outcome, figure), settled in readings.changed().items()
        if (study, outcome, figure) not in known
    ]
    return problems


def _missing_studies(
    path: Path,
    read: set[str],
    files: dict[str, Study],
    readings: Readings,
    search: Search,
) -> list[Problem]:
    counted = sum(field.studies_with_file for field in search.fields)
    if counted == len(read):
        return []
    later = _read_later(readings)
    without = [
        study.id
        for study in files.values()
        if study.id not in read and not all((study.id, o.id) in later for o in study.outcomes)
    ]
    more = f" and {len(without) - NAMED} more" if len(without) > NAMED else ""
    named = f": {', '.join(sorted(without)[:NAMED])}{more}" if without else ""
    what = f"holds figures of {len(read)} studies, search.yaml counts {counted}"
    return [Problem(str(path), what, f"put back the rows of files that have none{named}")]


def _missing_figures(
    path: Path, ledger: Sequence[ReadFigure], study: Study, readings: Readings
) -> list[Problem]:
    """Figures of a file that nobody read: one problem a study, at the first of them."""
    mine = {row.key for row in ledger if row.study == study.id}
    settled = {key: item for key, item in readings.changed().items() if key[0] == study.id}
    mine |= {(key[0], key[1], item.now_path) for key, item in settled.items() if item.now_path}
    # A word may be what a settlement left of a figure: "a decrease" of a range of two doses.
    reworded = {key[1] for key, item in settled.items() if item.now_path is None}
    later = _read_later(readings)
    # Arms that came with outcomes read later, and stand in no other, have no row.
    added = {arm for o in study.outcomes if (study.id, o.id) in later for arm in o.arms}
    added -= {arm for o in study.outcomes if (study.id, o.id) not in later for arm in o.arms}
    unread = tuple(f"arms.{arm}." for arm in added)
    missing = []
    for (outcome, at), value in figures_of(study).items():
        last = at.split(".")[-1]
        wanted = not isinstance(value, str) or last in WORDS
        wanted &= last != "direction" or outcome not in reworded
        if not wanted or (study.id, outcome, at) in mine or (study.id, outcome) in later:
            continue
        if not outcome and at.startswith(unread):
            continue
        missing.append((study.id, outcome, at, value))
    missing.sort(key=lambda row: row[:3])
    if not missing:
        return []
    first = ",".join(f"{x:.10g}" if isinstance(x, float) else x for x in missing[0])
    line = bisect_left([row.key for row in ledger], missing[0][:3]) + 2
    count = f"{len(missing)} figures" if len(missing) > 1 else "1 figure"
    return [
        Problem(
            f"{path}:{line}",
            f"{count} of {study.id} in its file and in no row, the first: {first}",
            "put the rows back; or, where the figures were read later, name their outcomes under "
            "new_figures in readings.yaml",
        )
    ]


def _read_later(readings: Readings) -> set[tuple[str, str]]:
    """Outcomes by study that the first reader did not read."""
    named = {(item.study, name) for item in readings.new_figures for name in item.outcomes}
    # "X of Y was taken from ... and read once": said of readers, where no second reader was.
    for text in readings.readers:
        words = text.split()
        named |= {
            (b.strip(".,;:"), a) for a, of, b in zip(words, words[1:], words[2:], strict=False)
            if of == "of"
        }  # fmt: skip
    return named
