"""Directions that were told in part, counted anew: the table and the words that give them."""

from __future__ import annotations

import re
from collections import Counter
from math import comb

from evidence.report.coherence.cells import Expected, holds, says
from evidence.report.coherence.digits import chance, share
from evidence.report.result import PartialLine, QuestionResult

# Share of a study's results that must point one way for it to point so.
ONE_WAY = 0.7
WORDS = {
    "within": ("higher after treatment", "lower after treatment", "said to be unchanged"),
    "association": ("positive association", "negative association", "no association"),
}


def told(q: QuestionResult) -> dict[str, list[PartialLine]]:
    """Lines of each study that told something of the comparison itself."""
    found: dict[str, list[PartialLine]] = {}
    for line in q.partial:
        if line.kind != "other_arms":
            found.setdefault(line.study, []).append(line)
    return found


def way(lines: list[PartialLine]) -> str | None:
    """Where most results of a study point; "conflicting" where too few agree."""
    counts = Counter(line.direction for line in lines if line.direction)
    if not counts:
        return None
    first, most = counts.most_common(1)[0]
    return first if most >= ONE_WAY * counts.total() else "conflicting"


def directions(q: QuestionResult) -> list[Expected]:
    """The text of the display of directions."""
    if q.contrast == "level" or not told(q):
        return []
    drug = re.sub(r"^(an?|the) ", "", q.treatment)
    plain = (f"higher with {drug}", f"lower with {drug}", "said to be unchanged")
    up, down, same = WORDS.get(q.contrast, plain)
    words = {"increase": up, "decrease": down, "no_change": same}
    words["conflicting"] = "results in both directions"
    rows = tuple(
        (
            says(lines[0].label),
            holds(_people(lines)),
            says(words.get(way(lines) or "", "no direction stated")),
            says(str(len(lines))),
            says("; ".join(dict.fromkeys(x.said for x in lines if x.said)) or "in words only"),
        )
        for lines in told(q).values()
    )
    return [Expected(f"t-{q.id}-directions", rows, tested(q))]


def _people(lines: list[PartialLine]) -> str:
    sizes = [[n for n in (x.n_treatment, x.n_control) if n is not None] for x in lines]
    known = [sum(two) for two in sizes if two]
    return f"{max(known):,}" if known else ""


def tested(q: QuestionResult) -> str:
    """Figures of the sentence on the sign test; empty with fewer than two directions."""
    ways = [way(lines) for lines in told(q).values()]
    up, down = ways.count("increase"), ways.count("decrease")
    if up + down < 2:
        return ""
    low, high, p = sign_test(up, up + down)
    apart = len(ways) - up - down
    rest = f"; {apart} left out" if apart else ""
    return (
        f"{up + down} of {up}: {share(up / (up + down))} 95 % {share(low)} {share(high)} "
        f"{chance(p)}{rest}"
    )


def sign_test(up: int, n: int) -> tuple[float, float, float]:
    """Interval of Clopper and Pearson at 95 %, and two-sided P of an even chance.

    Examples
    --------
    >>> [round(x, 3) for x in sign_test(8, 12)]
    [0.349, 0.901, 0.388]
    """
    from scipy import special

    low = 0.0 if up == 0 else float(special.betaincinv(up, n - up + 1, 0.025))
    high = 1.0 if up == n else float(special.betaincinv(up + 1, n - up, 0.975))
    mine = comb(n, up)
    as_rare = sum(comb(n, i) for i in range(n + 1) if comb(n, i) <= mine)
    return low, high, min(as_rare / 2**n, 1.0)


def counted(q: QuestionResult) -> tuple[str, ...]:
    """How many studies state each direction, or show it, and how many do not: in their order."""
    stated: Counter[str] = Counter()
    shown: Counter[str] = Counter()
    tested_only = other = 0
    for lines in told(q).values():
        ways = {line.direction for line in lines if line.direction}
        if len(ways) == 1:
            by = {line.direction_from for line in lines if line.direction}
            (stated if "stated" in by else shown)[ways.pop()] += 1
        elif not ways and any(line.p_relation == "ns" for line in lines):
            tested_only += 1
        else:
            other += 1
    order = ("increase", "decrease", "no_change")
    all_of = [*(stated[d] for d in order), *(shown[d] for d in order), tested_only, other]
    return tuple(str(n) for n in all_of if n)
