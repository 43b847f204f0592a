"""What was borrowed, in words that keep it apart from the answer."""

from __future__ import annotations

from evidence.report.block import Block
from evidence.report.borrowed.result import BorrowBlock, BorrowRow
from evidence.report.borrowed.tables import borrowed_tables
from evidence.report.numbers import interval, level_text, number, percent, pretty_unit, significant
from evidence.report.result import QuestionResult
from evidence.report.wording import decimals, list_of

POSSESSIVE = {"men": "men's", "women": "women's"}
METHODS = {
    "power": "power prior: the likelihood of {whose} trials is raised to the power of the discount",
    "hierarchical": "the two populations' means lie about a common one, as far apart as the prior "
    "says",
    "commensurate": "the mean in {people} lies about that in {others}, as far off as the prior "
    "says",
    "robust_map": "robust meta-analytic-predictive prior: the discount is the weight of what "
    "{whose} trials predict, the rest of the weight stands on a vague prior",
}
CRITERIA = {
    "ci_low": "the interval's lower end meets {mark}",
    "ci_high": "the interval's upper end meets {mark}",
    "probability_below": "the probability of an effect below {mark} reaches 97.5 %",
    "probability_above": "the probability of an effect above {mark} reaches 97.5 %",
}
# A two-sided P below which the two populations are said to contradict each other.
CONFLICT = 0.1


def borrowed_part(result: QuestionResult) -> Block | None:
    """The block of the page on what was borrowed; None where no borrowing is declared."""
    block = result.borrowed
    if block is None:
        return None
    others = others_of(block)
    whose = POSSESSIVE.get(others, f"{others}'s")
    if block.own:
        title = f"What {whose} trials would add if borrowed."
    else:
        title = f"What {whose} trials would predict for {result.people}."
    apart = "This is indirect evidence: it is no part of the answer above and enters no headline."
    declared = f"{apart} {_declared(result, block, others, whose)}"
    if not block.rows:
        told = f"Nothing can be borrowed: {_why(result, block, others)}."
        return Block("borrowed", title, (told, *_left_out(block), declared))
    paragraphs = [declared, _answer(result, block, others), *_checks(result, block, others)]
    tables = borrowed_tables(result)
    return Block(
        "borrowed",
        title,
        (*paragraphs, *_left_out(block)),
        {"borrowed": 1},
        tuple(tables[:1]),
        tuple(tables[1:]),
        estimate=1,
    )


def others_of(block: BorrowBlock) -> str:
    """The people that were borrowed from."""
    return " and ".join(dict.fromkeys(source.people for source in block.sources))


def _declared(result: QuestionResult, block: BorrowBlock, others: str, whose: str) -> str:
    how = METHODS[block.method].format(people=result.people, others=others, whose=whose)
    size = "" if block.discount is None else f"Declared discount: {block.discount:g}"
    text = f"{size} ({how})." if size else f"Declared: {how}."
    return f"{text} Why: {block.reason}"


def _why(result: QuestionResult, block: BorrowBlock, others: str) -> str:
    if any(source.trials for source in block.sources):
        return f"no trial in {result.people} has an effect with its uncertainty to be added to"
    return f"no trial in {others} printed an effect with its uncertainty in this measure"


def _row(block: BorrowBlock, term: str) -> BorrowRow:
    return next(row for row in block.rows if row.term == term)


def _effect(result: QuestionResult, row: BorrowRow, words: str = "") -> str:
    places = decimals(result)
    return f"{number(row.estimate, places)} ({words}{interval(row.low, row.high, places)})"


def _answer(result: QuestionResult, block: BorrowBlock, others: str) -> str:
    alone, stated, pooled = (_row(block, t) for t in ("target_only", "borrowed", "pooled"))
    unit = f" {pretty_unit(result.unit)}" if result.unit else ""
    level, mark = f"median; {level_text(block.level)} interval ", _mark(result, block)
    told = percent(stated.probability_below)
    if not block.own:
        return (
            f"No trial in {result.people} has an effect with its uncertainty, so that there is "
            f"nothing of their own to add to. With that weight the {result.measure_label} "
            f"predicted for {result.people} is {_effect(result, stated, level)}{unit}; the "
            f"probability of one below {mark} is {told}. The vague prior alone gives "
            f"{_effect(result, alone)}, the mean over trials in {others} is "
            f"{_effect(result, pooled)}. It is a prediction, not a finding."
        )
    text = (
        f"The {result.measure_label} in {result.people} would then be "
        f"{_effect(result, stated, level)}{unit}, where {result.people} alone give "
        f"{_effect(result, alone)} under the same priors and {result.people} and {others} as one "
        f"population {_effect(result, pooled)}; the probability of one below {mark} is {told}, "
        f"alone {percent(alone.probability_below)}."
    )
    if stated.borrowed_evidence is not None:
        size = significant(stated.borrowed_evidence, 2)
        text += f" What was borrowed is worth {size} times the evidence in {result.people}"
        if stated.borrowed_patients is not None:
            text += f", as {stated.borrowed_patients:.0f} more of their patients would be"
        else:
            text += "; in patients it cannot be said, for their number was not printed"
        return f"{text}."
    return " ".join([text, *(f"{note[:1].upper()}{note[1:]}." for note in block.notes)])


def _mark(result: QuestionResult, block: BorrowBlock) -> str:
    return number(block.threshold, 2) if result.scale == "log" else f"{block.threshold:g}"


def _checks(result: QuestionResult, block: BorrowBlock, others: str) -> list[str]:
    said = []
    c = block.conflict
    if c is not None:
        apart = number(c.difference, decimals(result))
        kind = "ratio of the first to the second" if result.scale == "log" else "difference"
        verdict = (
            "the two contradict each other, and borrowing is not warranted"
            if min(c.box_p, c.difference_p) < CONFLICT
            else "no sign of a conflict, which so few trials would hardly show"
        )
        said.append(
            f"Conflict: {result.people} alone against {others} alone, {kind} {apart}, "
            f"P {significant(c.difference_p, 2)} (Box's predictive P "
            f"{significant(c.box_p, 2)}): {verdict}."
        )
    mark = _mark(result, block)
    turns = [
        f"{CRITERIA[line.criterion].format(mark=mark)} at {significant(line.discount, 2)}"
        for line in block.tipping
    ]
    if turns:
        said.append(f"Tipping points over the discount: {'; '.join(turns)}.")
    else:
        said.append(
            "No tipping point: at no discount does the interval begin or cease to include "
            f"{mark}, nor a probability of either side reach 97.5 %."
        )
    return [" ".join(said)]


def _left_out(block: BorrowBlock) -> list[str]:
    told = []
    for source in block.sources:
        used = f"Borrowed from: {list_of(source.trials)}." if source.trials else ""
        less = (
            f" Only effects with their uncertainty are borrowed; reported in part, and so not "
            f"borrowed: {list_of(source.in_part)}."
            if source.in_part
            else ""
        )
        told.append(f"“{source.title}”. {used}{less}".strip())
    return told
