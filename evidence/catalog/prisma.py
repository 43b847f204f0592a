"""The PRISMA 2020 map: for each item the place in the reports that meets it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from evidence.catalog.study import Record, Text
from evidence.catalog.validate import load_record
from evidence.errors import Problem, StudyError

# Items and their parts in Page et al. 2021 (BMJ 372:n71), table 1.
PARTS = {10: 2, 13: 6, 16: 2, 20: 4, 23: 4, 24: 3}
ITEMS = tuple(
    f"{number}{'abcdef'[part]}" if number in PARTS and PARTS[number] > 1 else f"{number}"
    for number in range(1, 28)
    for part in range(PARTS.get(number, 1))
)


class PrismaItem(Record):
    """One item, and what meets it.

    ``place`` is a file below ``reports/`` with its anchor, such as ``estradiol/index.html#how``.
    """

    item: Annotated[str, Field(pattern=r"^\d{1,2}[a-f]?$")]
    topic: Text
    met: Literal["yes", "partly", "no"]
    place: Annotated[str, Field(pattern=r"^[\w./-]+(#[\w-]+)?$", max_length=200)] | None = None
    note: Text | None = None


class PrismaMap(Record):
    """``data/prisma.yaml``: the 27 items of PRISMA 2020 with their parts, in order."""

    about: Text
    items: tuple[PrismaItem, ...]


def load_prisma(path: str | Path) -> PrismaMap:
    """Read the map.

    Raises
    ------
    StudyError
        With every problem of the file: an item that is missing, stands twice or is unknown, one
        that is met without a place, one that is not met without a note.
    """
    found = load_record(path, PrismaMap)
    here = [entry.item for entry in found.items]
    problems = [
        Problem(f"{path}: item {item}", "is missing", "add it, met: no where nothing meets it")
        for item in ITEMS
        if item not in here
    ]
    problems += [
        Problem(f"{path}: item {item}", "is no item of PRISMA 2020", f"one of {', '.join(ITEMS)}")
        for item in dict.fromkeys(here)
        if item not in ITEMS
    ]
    problems += [
        Problem(f"{path}: item {item}", "stands twice", "one entry an item")
        for item in dict.fromkeys(here)
        if here.count(item) > 1
    ]
    for entry in found.items:
        where = f"{path}: item {entry.item}"
        if entry.met != "no" and entry.place is None:
            problems.append(Problem(where, f"met: {entry.met}, but no place", "name the place"))
        if entry.met != "yes" and entry.note is None:
            problems.append(Problem(where, f"met: {entry.met}, but no note", "say what is lacking"))
    if problems:
        raise StudyError(f"{path}: {len(problems)} problems", problems)
    return found


def places_missing(found: PrismaMap, reports: Path) -> tuple[Problem, ...]:
    """Places that the map names and the reports do not have.

    Parameters
    ----------
    found : PrismaMap
    reports : Path
        The folder of the reports.
    """
    problems = []
    for entry in found.items:
        if entry.place is None:
            continue
        name, _, anchor = entry.place.partition("#")
        page = reports / name
        where = f"PRISMA item {entry.item}"
        if not page.is_file():
            problems.append(Problem(where, f"{name} is no file of the reports", "mend the place"))
        elif anchor and f'id="{anchor}"' not in page.read_text("utf-8"):
            problems.append(Problem(where, f"{name} has no #{anchor}", "mend the anchor"))
    return tuple(problems)
