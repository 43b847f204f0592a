"""The risk of bias of a question's results, in words."""

from __future__ import annotations

from collections.abc import Sequence

from evidence.rating.risk_of_bias.lights import Lights
from evidence.rating.risk_of_bias.table import summary_words
from evidence.report.block import Block
from evidence.report.numbers import percent
from evidence.report.risk.collect import lights_of
from evidence.report.risk.result import RiskBlock
from evidence.report.risk.tables import (
    risk_answers_table,
    risk_of_bias_table,
    settling_table,
    unrated_table,
)

TITLE = "Risk of bias of these results."
NONE = "No result here can be rated: {why}."
BAD = ("high", "serious", "critical")


def risk_part(block: RiskBlock | None) -> Block | None:
    """The block of the page on the risk of bias; None where there is no result."""
    if block is None:
        return None
    lines = lights_of(block)
    rest = unrated_table(lines)
    if all(line.tool is None for line in lines):
        whys = dict.fromkeys(line.why for line in lines)
        folded = () if rest is None else (rest,)
        return Block("risk", TITLE, (NONE.format(why="; ".join(whys)),), folded=folded)
    pooled = [x for x, line in zip(lines, block.lines, strict=True) if not line.in_part]
    in_part = [x for x, line in zip(lines, block.lines, strict=True) if line.in_part]
    told = [_told(pooled, "used"), _told(in_part, "reported in part")]
    told += [_want(lines), _judged(lines), _low(pooled)]
    folded_tables = (
        risk_of_bias_table(lines),
        rest,
        risk_answers_table(block.answers),
        settling_table(block.open),
    )
    return Block(
        "risk",
        TITLE,
        tuple(text for text in told if text),
        {"risk_lights": 0},
        (),
        tuple(table for table in folded_tables if table is not None),
    )


def _levels(lines: Sequence[Lights]) -> list[str | None]:
    return [None if line.overall is None else line.overall.level for line in lines]


def _told(lines: Sequence[Lights], what: str) -> str:
    if not lines:
        return ""
    text = f"Of {len(lines)} result{'' if len(lines) == 1 else 's'} {what}: "
    text += f"{summary_words(_levels(lines))}."
    weights = [line.weight for line in lines]
    if len(lines) > 1 and all(weight is not None for weight in weights):
        bad = sum(
            line.weight or 0.0
            for line in lines
            if line.overall is not None and line.overall.level in BAD
        )
        text += f" Results at high risk carry {percent(round(bad, 6) / 100)} of the weight."
    return text


def _want(lines: Sequence[Lights]) -> str:
    """How many are at high risk only because too little was read."""
    bad = [x.overall for x in lines if x.overall is not None and x.overall.level in BAD]
    want = sum(shown.for_want for shown in bad)
    if not want:
        return ""
    one = "The one result at high risk is so" if len(bad) == 1 else ""
    who = one or f"Of {len(bad)} results at high risk {'all' if want == len(bad) else want} are so"
    return (
        f"{who} for want of information: the tool counts what is not known against a result, and "
        "what was read tells too little of how the trial was run. Nothing bad need have been seen; "
        "the full texts could change the rating."
    )


def _judged(lines: Sequence[Lights]) -> str:
    shown = [s for x in lines for s in (*x.domains.values(), x.overall) if s is not None]
    if all(s.judged for s in shown):
        return ""
    some = any(s.judged for s in shown)
    return (
        "Where no person's judgement stands, the levels are proposals of the tool's algorithm."
        if some
        else "The levels are proposals of the tool's algorithm; no person has judged them yet."
    )


def _low(pooled: Sequence[Lights]) -> str:
    if not pooled:
        return ""
    low = _levels(pooled).count("low")
    if not low:
        return "No result that was used is at low risk of bias: such results alone give no answer."
    return f"The answer from the {low} at low risk alone stands among the sensitivity analyses."
