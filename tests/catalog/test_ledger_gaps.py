"""ledger_gaps: each row that the ledger lacks is told with where, what and right."""

from pathlib import Path

import pytest

from evidence.catalog.considered import ReadFigure, read_considered
from evidence.catalog.excluded import Search, load_search
from evidence.catalog.ledger_gaps import ledger_gaps
from evidence.catalog.project import find_project
from evidence.catalog.readings import Readings, load_readings
from evidence.catalog.study import Study

PROJECT = find_project(Path(__file__).resolve().parents[2])
PATH = PROJECT.root / "data" / "considered.csv"


@pytest.fixture(scope="module")
def studies() -> tuple[Study, ...]:
    return PROJECT.studies()


@pytest.fixture(scope="module")
def readings() -> Readings:
    return load_readings(PROJECT.root / "data" / "readings.yaml")


@pytest.fixture(scope="module")
def search() -> Search:
    return load_search(PROJECT.root / "data" / "search.yaml")


@pytest.fixture(scope="module")
def ledger() -> tuple[ReadFigure, ...]:
    return read_considered(PATH)


def of(study: str, studies: tuple[Study, ...]) -> tuple[Study, ...]:
    return tuple(one for one in studies if one.id == study)


def test_the_ledger_of_the_project_lacks_nothing(
    ledger: tuple[ReadFigure, ...],
    studies: tuple[Study, ...],
    readings: Readings,
    search: Search,
) -> None:
    assert ledger_gaps(PATH, ledger, studies, readings, search) == []


@pytest.mark.parametrize(
    "study",
    # Plain; with figures read later; with figures settled; with words that a settlement left.
    ["leder-2004", "mouridsen-2007", "cuzick-2014", "lester-2008", "trunet-1993", "t2dm-men-2023"],
)
def test_every_single_row_is_missed(
    study: str, ledger: tuple[ReadFigure, ...], studies: tuple[Study, ...], readings: Readings
) -> None:
    rows = [n for n, row in enumerate(ledger) if row.study == study]
    assert len(rows) > 10
    for n in rows:
        problems = ledger_gaps(PATH, (*ledger[:n], *ledger[n + 1 :]), of(study, studies), readings)
        where, row = [problem.where for problem in problems], ledger[n]
        # A figure that was settled stands in no file; then it is the settlement that misses it.
        settled = f"{PATH}: {row.study} {row.outcome} {row.path}"
        assert where in ([f"{PATH}:{n + 2}"], [settled]), row
        assert all(problem.what and problem.right.startswith("put the row") for problem in problems)


def test_rows_of_a_study_are_one_problem_at_the_first(
    ledger: tuple[ReadFigure, ...], studies: tuple[Study, ...], readings: Readings
) -> None:
    last = [row for row in ledger if row.study == "zumoff-2003"]
    problems = ledger_gaps(PATH, ledger[: -len(last) + 1], of("zumoff-2003", studies), readings)
    (problem,) = problems
    assert problem.where == f"{PATH}:{len(ledger) - len(last) + 3}"
    row = last[1]
    value = row.value if isinstance(row.value, str) else f"{row.value:.10g}"
    first = f"{row.study},{row.outcome},{row.path},{value}"
    count = len(last) - 1
    assert problem.what == f"{count} figures of zumoff-2003 in its file and in no row, " + (
        f"the first: {first}"
    )


def test_a_study_that_is_wholly_gone_shows_in_the_count_of_the_search(
    ledger: tuple[ReadFigure, ...],
    studies: tuple[Study, ...],
    readings: Readings,
    search: Search,
) -> None:
    rest = [row for row in ledger if row.study != "leder-2004"]
    assert ledger_gaps(PATH, rest, studies, readings) == []
    (problem,) = ledger_gaps(PATH, rest, studies, readings, search)
    assert problem.what == "holds figures of 165 studies, search.yaml counts 166"
    assert problem.right == "put back the rows of files that have none: leder-2004"


def test_an_added_study_is_none_of_the_ledgers(
    ledger: tuple[ReadFigure, ...],
    studies: tuple[Study, ...],
    readings: Readings,
    search: Search,
) -> None:
    new = studies[0].model_copy(update={"id": "new-2026"})
    assert ledger_gaps(PATH, ledger, (*studies, new), readings, search) == []
