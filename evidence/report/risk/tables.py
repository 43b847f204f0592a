"""Tables of the risk of bias: the judgements, what stands behind them, and what is not rated."""

from __future__ import annotations

from collections.abc import Sequence

from evidence.rating.risk_of_bias.lights import Lights, domain_heads, words
from evidence.report.risk.result import RiskAnswer, RiskOpen
from evidence.report.tables import Table


def risk_of_bias_table(lines: Sequence[Lights]) -> Table | None:
    """Judgement of each domain in words, with reasons: the text of the traffic-light plot.

    ``lines`` are those of ``risk_lights``; None where none of them is rated.
    """
    rated = [line for line in lines if line.tool is not None]
    if not rated:
        return None
    heads = domain_heads(rated)
    rows = []
    for line in rated:
        cells = [words(line.domains[d]) if d in line.domains else "" for d in heads]
        every = [*line.domains.values(), line.overall]
        reasons = dict.fromkeys(f"{s.reason} ({s.by})" for s in every if s is not None and s.judged)
        rows.append((line.label, *cells, words(line.overall), "; ".join(reasons)))
    tools = dict.fromkeys(line.tool for line in rated)
    told = [f"{t.label}, version {t.version}: {t.source}. {t.note}".strip() for t in tools if t]
    if not any(s.judged for line in rated for s in (*line.domains.values(), line.overall) if s):
        told.append("Proposed by the algorithm from the answers; nobody has judged yet.")
    if any(_concerns(line) > 1 for line in rated):
        told.append(
            "Some concerns in several domains may together make a high risk: RoB 2 leaves that to "
            "a person."
        )
    head = ("Result", *(f"{d} {name}" for d, name in heads.items()), "Overall", "Judged because")
    return Table("Risk of bias", head, tuple(rows), (), " ".join(told))


def _concerns(line: Lights) -> int:
    """Number of domains with some concerns, where nobody has judged the whole."""
    if line.overall is None or line.overall.judged:
        return 0
    return sum(shown.level == "some_concerns" for shown in line.domains.values())


def unrated_table(lines: Sequence[Lights]) -> Table | None:
    """Results without a rating, and why; None where all are rated."""
    rows = tuple((line.label, line.why) for line in lines if line.tool is None)
    if not rows:
        return None
    return Table("Results without a rating of the risk of bias", ("Result", "Why"), rows)


def risk_answers_table(answers: Sequence[RiskAnswer]) -> Table | None:
    """Answers to the signalling questions with the facts and pages they rest on."""
    if not answers:
        return None
    rows = tuple(
        (f"{a.study}: {a.result}", f"{a.question} {a.text}", a.answer, a.why, a.facts, a.sources)
        for a in answers
    )
    caption = (
        "Y yes, PY probably yes, PN probably no, N no, NI no information. The questions are in our "
        "own short words; the tools print them in full."
    )
    head = ("Result", "Question", "Answer", "Why", "Rests on", "Read where")
    return Table("Answers behind the risk of bias", head, rows, (), caption)


def settling_table(points: Sequence[RiskOpen]) -> Table | None:
    """What each trial's rating rests on, and which pages would settle it."""
    rows = tuple((x.study, x.read, "; ".join(x.points)) for x in points if x.points)
    if not rows:
        return None
    head = ("Trial", "What the rating rests on", "What would settle it")
    return Table("What would settle the ratings", head, rows)
