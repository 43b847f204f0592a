"""The second answer in a sentence or two, told apart from the first."""

from __future__ import annotations

from evidence.report.block import Block
from evidence.report.numbers import interval, level_text, number, percent, pretty_unit
from evidence.report.result import QuestionResult, SaidBlock
from evidence.report.said.tables import said_tables
from evidence.report.wording import decimals, event_below, unit_of_study


def said_part(result: QuestionResult) -> Block | None:
    """The block of the page on the second answer; None where nothing was said in part."""
    if result.said is None:
        return None
    tables = said_tables(result)
    return Block(
        "said",
        "A second answer, from complete and partial reports together.",
        (said_sentence(result),),
        {"said": 0, "contribution": 1},
        tuple(tables[:1]),
        tuple(tables[1:]),
        len(result.said.steps) - 1 if tables and result.said.terms else None,
    )


def said_sentence(result: QuestionResult) -> str:
    """Say what complete and partial reports give together, or why they give nothing."""
    block = result.said
    if block is None:
        return ""
    counted = _counted(block)
    mu = next((t.shown for t in block.terms if t.term == "mu"), None)
    if mu is None or block.probability_below_null is None:
        return f"{counted} It cannot be given: {_plain(block.reason, result.measure)}."
    places = decimals(result)
    unit = f" {pretty_unit(result.unit)}" if result.unit else ""
    event = event_below(result).replace("< ", "below ")
    chance = percent(block.probability_below_null)
    told = f"; the probability of a {event} is {chance}" if event else ""
    text = (
        f"{counted} Under the priors stated below, the {result.measure_label} is on average "
        f"{number(mu.estimate, places)}{unit} ({level_text(block.level)} interval "
        f"{interval(mu.low, mu.high, places)}){told}. Nothing was filled in: a report counts with "
        "the probability of what it says."
    )
    if block.possible is not None:
        ends = interval(block.possible.low, block.possible.high, places)
        p, one = block.possible, unit_of_study(result)
        text += (
            f" Without any prior, the pooled {result.measure_label} over all values that agree "
            f"with what was said lies anywhere from {ends} if one {one} can show {p.limits} "
            f"({p.limits_reason})."
        )
    elif "SD" in block.reason:
        text += " A range without any prior cannot be given: no report shows an SD of the outcome."
    return " ".join([text, *(f"{_capital(note)}." for note in block.notes)])


def _counted(block: SaidBlock) -> str:
    verb = "is" if block.complete == 1 else "are"
    text = f"Of {block.reports} reports {block.complete} {verb} complete"
    if block.used:
        text += f" and {block.used} say something of the effect"
    return f"{text}."


def _plain(reason: str, measure: str) -> str:
    """The reason, where it names a setting, in the words of a reader."""
    if "log_sd" in reason and measure == "ZCOR":
        return "no report printed n, from which the standard error of a correlation follows"
    if "log_sd" in reason:
        return "no report shows how variable the outcome is, and no other source for it was seen"
    return reason


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
