"""BorrowBlock: what other people's trials would add to a question, as result.json keeps it."""

from __future__ import annotations

from evidence.catalog.study import Record


class BorrowSource(Record):
    """A question that was borrowed from: its trials with an effect, and those that said less."""

    id: str
    title: str
    people: str
    trials: tuple[str, ...]
    in_part: tuple[str, ...]


class BorrowRow(Record):
    """The mean effect at one discount; estimate, low and high on the readers' scale."""

    term: str
    discount: float | None
    estimate: float
    low: float
    high: float
    probability_below: float
    borrowed_evidence: float | None
    borrowed_patients: float | None


class TippingLine(Record):
    """A discount at which a conclusion changes."""

    criterion: str
    discount: float
    rising: bool


class ConflictBlock(Record):
    """How far both contradict each other; ``difference`` of the two, a ratio on the log scale."""

    box_p: float
    tail_p: float
    difference_p: float
    difference: float


class BorrowBlock(Record):
    """A declared borrowing; ``why``: why nothing was borrowed.

    ``own`` is the number of the question's own effects: with none of them, the rows are what the
    sources predict.
    """

    sources: tuple[BorrowSource, ...]
    own: int
    method: str
    axis: str | None
    discount: float | None
    reason: str
    priors: tuple[tuple[str, str, str], ...]
    threshold: float
    level: float
    rows: tuple[BorrowRow, ...]
    curve: tuple[BorrowRow, ...]
    tipping: tuple[TippingLine, ...]
    conflict: ConflictBlock | None
    notes: tuple[str, ...]
    why: str
