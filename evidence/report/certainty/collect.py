"""From a Certainty to its block of the result, and the block to words and a table."""

from __future__ import annotations

from evidence.catalog.certainty import DOMAINS
from evidence.rating.certainty.certainty import Certainty
from evidence.rating.certainty.words import SYMBOLS, plain_level
from evidence.report.block import Block
from evidence.report.certainty.footnotes import DOMAIN_WORDS, step_text
from evidence.report.certainty.result import RatingBlock, RatingDomain
from evidence.report.tables import Table

TITLE = "How sure one can be (GRADE)."
WANT = (
    "A high risk of bias that rests on missing information alone counts as some concerns here; the "
    "tool's own levels stand under risk of bias."
)
SUGGESTED = (
    "Nobody has judged this yet: the level is what the rules suggest from the figures alone."
)


def rating_block(rated: Certainty) -> RatingBlock:
    """Gather the certainty of an answer."""
    judgement = rated.judgement
    domains = []
    for name in DOMAINS:
        suggestion = rated.suggestion(name)
        judged = None if judgement is None else judgement.domain(name)
        reason = "" if judged is None else judged.reason or f"Not judged: {judged.open_point}"
        domains.append(
            RatingDomain(
                domain=name,
                suggested=suggestion.step,
                rule=suggestion.text,
                judged=None if judged is None else judged.step,
                reason=reason,
            )
        )
    return RatingBlock(
        level=rated.level(),
        as_asked=rated.level(as_asked=True),
        suggested=rated.suggested(),
        status=rated.status,
        start=rated.begun.text,
        domains=tuple(domains),
        raised=rated.raised.text,
        judged_by="" if judgement is None else judgement.judged_by,
        judged_on="" if judgement is None else judgement.judged_on,
        changed=rated.changed,
        fingerprint=rated.made_on.fingerprint,
    )


def rating_sentence(block: RatingBlock | None) -> str:
    """Say in one sentence how certain an answer is, and who says so."""
    if block is None:
        return "No certainty rating (GRADE) has been made."
    if block.level is None or block.as_asked is None:
        return "Certainty (GRADE): there is no evidence to rate."
    told = f"Certainty (GRADE): {SYMBOLS[block.level]} {plain_level(block.level)}"
    if block.as_asked != block.level:
        told += f" for what it is meant for, {plain_level(block.as_asked)} as asked"
    who = {
        "judged": "judged",
        "judged on other figures": "judged on figures that have changed since",
        "suggested": "suggested by the rules, judged by nobody yet",
        "no evidence": "",
    }[block.status]
    why = [
        DOMAIN_WORDS[d.domain].lower()
        for d in block.domains
        if (d.suggested if d.judged is None else d.judged) < 0
    ]
    return f"{told} ({who})" + (f"; rated down for {', '.join(why)}." if why else ".")


def rating_part(block: RatingBlock | None) -> Block | None:
    """The block of the page on certainty; None where nothing was rated."""
    if block is None or block.level is None:
        return None
    told = [rating_sentence(block), WANT]
    if block.status == "suggested":
        told.append(SUGGESTED)
    if block.changed:
        told.append(f"The judgement was made on other figures: {'; '.join(block.changed)}.")
    return Block("rating", TITLE, tuple(told), folded=(_table(block),))


def _table(block: RatingBlock) -> Table:
    rows = [("Start", block.start, "", "", "")]
    rows += [
        (
            DOMAIN_WORDS[d.domain],
            d.rule,
            step_text(d.suggested),
            "not judged" if d.judged is None else step_text(d.judged),
            d.reason,
        )
        for d in block.domains
    ]
    if block.raised:
        rows.append(("Rated up", block.raised, "", "", ""))
    caption = f"Judged by: {block.judged_by}, {block.judged_on}." if block.judged_by else ""
    names = ("Domain", "Figures and rule", "Suggested", "Judged", "Reason")
    return Table("Certainty by domain", names, tuple(rows), (), caption)
