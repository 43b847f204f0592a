"""Tables of the published pooled figures beside ours."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from evidence.catalog.question import MEASURE_LABELS
from evidence.catalog.replications import SAME
from evidence.report.numbers import interval, number
from evidence.report.tables import Table
from evidence.report.whole.replication import (
    VERDICT_WORDS,
    Pooled,
    ReplicationLine,
    printed_decimals,
)


def pooled_text(pooled: Pooled | None, decimals: int) -> str:
    """Write an estimate with its interval.

    Examples
    --------
    >>> pooled_text(Pooled(1.26, 1.1, 1.43), 2)
    '1.26 (1.10 to 1.43)'
    """
    if pooled is None:
        return ""
    text = number(pooled.estimate, decimals)
    if pooled.low is None or pooled.high is None:
        return f"{text} (interval not seen)"
    return f"{text} ({interval(pooled.low, pooled.high, decimals)})"


def counts_table(lines: Sequence[ReplicationLine]) -> Table:
    """How many published figures got which verdict."""
    counts = Counter(line.verdict for line in lines)
    rows = [(words, str(counts[verdict])) for verdict, words in VERDICT_WORDS.items()]
    rows.append(("all", str(len(lines))))
    return Table("Published figures by verdict", ("Verdict", "Figures"), tuple(rows), (1,))


def rebuilt_table(lines: Sequence[ReplicationLine]) -> Table:
    """Published figures beside ours, where both are there."""
    rows = []
    for line in lines:
        if line.theirs is None or line.ours is None:
            continue
        figures = (line.theirs.estimate, line.theirs.low, line.theirs.high)
        places = max(printed_decimals([x for x in figures if x is not None]), 2)
        measure = MEASURE_LABELS[SAME[line.measure]]
        rows.append(
            (
                line.cite,
                f"{line.outcome}: {line.comparison}",
                f"{measure}, {line.unit}" if line.unit else measure,
                pooled_text(line.theirs, places),
                _counted(line.their_k, line.k_in_all),
                _counted(line.their_n, line.n_in_all),
                pooled_text(line.ours, places),
                str(len(line.our_trials)),
                "" if line.difference is None else number(line.difference, 1),
                VERDICT_WORDS[line.verdict],
                line.reason,
            )
        )
    head = (
        "Published by", "Outcome", "Measure", "Published (95 % CI)", "k", "n", "Ours (95 % CI)",
        "k", "Difference / their SE", "Verdict", "Why they differ",
    )  # fmt: skip
    return Table("Published figures and ours", head, tuple(rows), (4, 5, 7, 8))


def trials_table(lines: Sequence[ReplicationLine]) -> Table:
    """Trials of each rebuilt figure: shared, only theirs, only ours."""
    rows = [
        (
            f"{line.cite}: {line.outcome}",
            _listed(line.in_common) if line.named else "not known: theirs were not named",
            _listed(line.only_theirs) if line.named else "not named on the pages seen",
            _listed(line.only_ours),
            _listed(line.in_part),
            line.method,
        )
        for line in lines
        if line.theirs is not None and line.ours is not None
    ]
    head = (
        "Figure", "In common", "Only theirs", "Ours, not named by them",
        "Here without a usable figure", "Pooled here by",
    )  # fmt: skip
    return Table("Trials behind the rebuilt figures", head, tuple(rows))


def missing_table(lines: Sequence[ReplicationLine]) -> Table:
    """Published figures that cannot be rebuilt, and what is missing."""
    rows = []
    for line in lines:
        if line.verdict != "cannot_be_rebuilt":
            continue
        places = 2
        if line.theirs is not None:
            figures = (line.theirs.estimate, line.theirs.low, line.theirs.high)
            places = max(printed_decimals([x for x in figures if x is not None]), 2)
        printed = " ".join(x for x in (line.measure, pooled_text(line.theirs, places)) if x)
        unit = f" {line.unit}" if line.unit and line.theirs else ""
        rows.append(
            (
                line.cite,
                f"{line.outcome}: {line.comparison}",
                f"{printed}{unit}" if line.theirs else "no figure seen",
                line.reason,
                _listed(line.in_part),
            )
        )
    head = (
        "Published by", "Outcome", "Published (95 % CI)", "What is missing",
        "Here without a usable figure",
    )  # fmt: skip
    return Table("Published figures that cannot be rebuilt", head, tuple(rows))


def _counted(count: int | None, in_all: int | None) -> str:
    if count is not None:
        return f"{count}"
    return "not seen" if in_all is None else f"not seen; {in_all} in all"


def _listed(trials: Sequence[str]) -> str:
    return ", ".join(trials) if trials else "none"
