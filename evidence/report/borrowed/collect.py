"""From what was borrowed to its block of the result."""

from __future__ import annotations

import math
from typing import Any

import pandas as pd

from evidence.effects.scales import to_readers
from evidence.models.answer import Answer
from evidence.models.bayesian.priors import MuPrior, TauPrior
from evidence.models.borrowed import Borrowed, Source
from evidence.models.borrowing.engines import SpikeSlab
from evidence.models.borrowing.result import Borrowing
from evidence.models.plan import Plan
from evidence.report.borrowed.result import (
    BorrowBlock,
    BorrowRow,
    BorrowSource,
    ConflictBlock,
    TippingLine,
)
from evidence.report.said.collect import six
from evidence.report.wording import people_words


def borrowed_block(answer: Answer) -> BorrowBlock | None:
    """Gather what was borrowed; None where the plan declares no borrowing."""
    borrowed, scale = answer.borrowed, answer.table.scale
    if borrowed is None:
        return None
    declared, found = borrowed.declared, borrowed.found
    given: dict[str, Any] = {
        "axis": None, "rows": (), "curve": (), "tipping": (), "conflict": None, "notes": (),
    }  # fmt: skip
    if found is not None:
        given = _found(found, scale)
    return BorrowBlock(
        sources=tuple(_source(one) for one in borrowed.sources),
        own=answer.table.k,
        method=declared.method,
        discount=declared.discount,
        reason=declared.reason,
        priors=_priors(borrowed, answer.plan),
        threshold=_back(declared.threshold, scale),
        level=answer.plan.level,
        why=borrowed.reason,
        **given,
    )


def _back(value: float, scale: str) -> float:
    return six(to_readers(value, scale))


def _source(one: Source) -> BorrowSource:
    used, partly = one.table.rows["label"], one.table.partial
    less = partly["label"][partly["kind"] != "other_arms"]
    return BorrowSource(
        id=one.question.id,
        title=one.question.title,
        people=people_words(one.question.sexes),
        trials=tuple(dict.fromkeys(used)),
        in_part=tuple(dict.fromkeys(less)),
    )


def _priors(borrowed: Borrowed, plan: Plan) -> tuple[tuple[str, str, str], ...]:
    declared = borrowed.declared
    found: list[tuple[str, MuPrior | TauPrior]] = [
        ("μ, the mean effect", plan.prior_mu),
        ("τ, the SD between trials", plan.prior_tau),
    ]
    told = [(words, str(prior), prior.reason) for words, prior in found]
    if declared.vague is not None:
        told.append(("the vague part", str(declared.vague), declared.vague.reason))
    if declared.between is not None:
        told.append(("between populations", *_between(declared.between)))
    return tuple(told)


def _between(prior: TauPrior | SpikeSlab) -> tuple[str, str]:
    if isinstance(prior, TauPrior):
        return str(prior), prior.reason
    sds = [f"{x**-0.5:.3g}" for x in (prior.spike, prior.high, prior.low)]
    words = f"SD {sds[0]} with probability {prior.probability:g}, else from {sds[1]} to {sds[2]}"
    return words, ""


def _found(found: Borrowing, scale: str) -> dict[str, Any]:
    rows = [(str(n), _at(found, str(n)), c) for n, c in found.terms.to_dict("index").items()]
    curve = [("curve", float(c["discount"]), c) for c in found.curve.to_dict("records")]
    tipping = [
        TippingLine(
            criterion=str(line["criterion"]),
            discount=six(line["discount"]),
            rising=bool(line["rising"]),
        )
        for line in found.tipping.to_dict("records")
    ]
    c, conflict = found.conflict, None
    if c is not None:
        conflict = ConflictBlock(
            box_p=six(c.box_p),
            tail_p=six(c.tail_p),
            difference_p=six(c.difference_p),
            difference=six(math.exp(c.difference) if scale == "log" else c.difference),
        )
    return {
        "axis": found.axis,
        "rows": tuple(_row(scale, *one) for one in rows),
        "curve": tuple(_row(scale, *one) for one in curve),
        "tipping": tuple(tipping),
        "conflict": conflict,
        "notes": found.notes,
    }


def _at(found: Borrowing, term: str) -> float | None:
    return found.stated if term == "borrowed" else None


def _row(scale: str, term: str, discount: float | None, cells: dict[Any, Any]) -> BorrowRow:
    return BorrowRow(
        term=term,
        discount=None if discount is None else six(discount),
        estimate=_back(cells["median"], scale),
        low=_back(cells["ci_low"], scale),
        high=_back(cells["ci_high"], scale),
        probability_below=six(cells["probability_below"]),
        borrowed_evidence=_number(cells["borrowed_evidence"]),
        borrowed_patients=_number(cells["borrowed_patients"]),
    )


def _number(value: Any) -> float | None:
    return None if value is None or pd.isna(value) else six(float(value))
