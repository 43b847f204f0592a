"""Tables of what was borrowed: the three answers, the curve over the discount, and the priors."""

from __future__ import annotations

from evidence.report.borrowed.result import BorrowBlock, BorrowRow
from evidence.report.numbers import interval, level_text, number, percent, pretty_unit, significant
from evidence.report.result import QuestionResult
from evidence.report.tables import Table
from evidence.report.wording import decimals

AXES = {
    "a0": "Discount a₀",
    "sd": "SD between populations",
    "spike_probability": "Probability of the spike",
    "map_weight": "Weight of the prediction",
}


def borrowed_tables(result: QuestionResult) -> list[Table]:
    """Rows, curve and priors; empty where nothing was borrowed."""
    block = result.borrowed
    if block is None or not block.rows or block.axis is None:
        return []
    priors = Table("Priors of the borrowing", ("Quantity", "Prior", "Why"), block.priors)
    return [_rows(result, block), _curve(result, block, AXES[block.axis]), priors]


def _words(result: QuestionResult, block: BorrowBlock) -> dict[str, str]:
    others = " and ".join(dict.fromkeys(source.people for source in block.sources))
    stated = "" if block.discount is None else f", discount {block.discount:g}"
    if block.own:
        return {
            "target_only": f"{result.people} alone",
            "borrowed": f"as declared{stated}",
            "pooled": f"{result.people} and {others} as one population",
        }
    return {
        "target_only": f"nothing borrowed: no trial in {result.people}, the vague prior alone",
        "borrowed": f"as declared{stated}",
        "full": f"discount 1: the whole prediction for a new population from {others}",
        "pooled": f"the mean over trials in {others} themselves",
    }


def _rows(result: QuestionResult, block: BorrowBlock) -> Table:
    rows = list(block.rows)
    if not block.own:
        rows.insert(2, block.curve[-1].model_copy(update={"term": "full"}))
    words = _words(result, block)
    cells = tuple((words[row.term], *_cells(result, block, row)) for row in rows)
    caption = f"{result.people.capitalize()}: from nothing borrowed to all of it"
    return _table(result, block, "What would be borrowed", "", cells, caption)


def _curve(result: QuestionResult, block: BorrowBlock, axis: str) -> Table:
    cells = tuple(
        (significant(row.discount or 0.0, 3), *_cells(result, block, row)) for row in block.curve
    )
    return _table(result, block, "The same at every discount", axis, cells, "")


def _table(
    result: QuestionResult,
    block: BorrowBlock,
    title: str,
    first: str,
    cells: tuple[tuple[str, ...], ...],
    caption: str,
) -> Table:
    unit = f", {pretty_unit(result.unit)}" if result.unit else ""
    mark = number(block.threshold, 2) if result.scale == "log" else f"{block.threshold:g}"
    head = [
        first,
        f"{result.measure_label.capitalize()}{unit}, {level_text(block.level)} interval",
        f"P({'ratio' if result.scale == 'log' else 'difference'} < {mark})",
    ]
    if _measured(block):
        head.append("Borrowed, × own evidence")
    if _counted(block):
        head.append("Borrowed, patients")
    return Table(title, tuple(head), cells, tuple(range(2, len(head))), caption)


def _measured(block: BorrowBlock) -> bool:
    return all(row.borrowed_evidence is not None for row in block.rows)


def _counted(block: BorrowBlock) -> bool:
    return all(row.borrowed_patients is not None for row in block.rows)


def _cells(result: QuestionResult, block: BorrowBlock, row: BorrowRow) -> tuple[str, ...]:
    places = decimals(result)
    cells = [
        f"{number(row.estimate, places)} ({interval(row.low, row.high, places)})",
        percent(row.probability_below),
    ]
    if _measured(block) and row.borrowed_evidence is not None:
        cells.append(number(row.borrowed_evidence, 2))
    if _counted(block) and row.borrowed_patients is not None:
        cells.append(number(row.borrowed_patients, 0))
    return tuple(cells)
