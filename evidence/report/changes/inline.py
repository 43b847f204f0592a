"""Sentences that changed as blocks of a document: what is new stands out, what went in brackets."""

from __future__ import annotations

from evidence.report.changes.difference import Difference
from evidence.report.changes.sentences import Piece, SentenceChange
from evidence.report.document.blocks import (
    Block,
    Inline,
    Items,
    Paragraph,
    Strong,
    Tag,
    Text,
)

OF_WORDS = {
    "finding": "finding",
    "certainty": "certainty",
    "claim": "claim",
    "reason": "reason",
    "wording": "wording allowed",
}


def sentence_blocks(difference: Difference) -> tuple[Block, ...]:
    """Every question whose sentences changed, with these sentences."""
    blocks: list[Block] = []
    for change in difference.changed:
        if change.sentences:
            blocks.append(Paragraph((Strong(change.new.title),)))
            blocks.append(Items(tuple(sentence_text(one) for one in change.sentences)))
    return tuple(blocks)


def claim_items(difference: Difference) -> Items | None:
    """Claims that came, went, or are told in other words; None where there are none."""
    items: list[Text] = []
    for change in difference.claims:
        items += [(Strong(change.new.claim), ": ", *sentence_text(one)) for one in change.sentences]
    items += [("New claim: ", claim.claim) for claim in difference.claims_added]
    items += [("Claim that went: ", claim.claim) for claim in difference.claims_removed]
    return Items(tuple(items)) if items else None


def sentence_text(change: SentenceChange) -> Text:
    """Write one change of a sentence.

    Examples
    --------
    >>> sentence_text(SentenceChange("finding", None, "One trial."))
    (Tag(text='finding, new'), ' One trial.')
    """
    of = OF_WORDS[change.of]
    if change.old is None:
        return Tag(f"{of}, new"), f" {change.new}"
    if change.new is None:
        return Tag(f"{of}, gone"), f" {change.old}"
    inlines: list[Inline] = [Tag(of), " "]
    pieces = change.pieces
    for i, piece in enumerate(pieces):
        inlines += _piece(piece, pieces[i + 1] if i + 1 < len(pieces) else None)
    return tuple(inlines)


def _piece(piece: Piece, following: Piece | None) -> list[Inline]:
    if piece.kind == "same":
        return [piece.text]
    body, tail = piece.text.rstrip(), piece.text[len(piece.text.rstrip()) :]
    if piece.kind == "new":
        return [Strong(body), tail] if body else [tail]
    if not body:
        return []
    replaced = following is not None and following.kind == "new"
    return [f"[was: {body.strip()}] " if replaced else f"[gone: {body.strip()}]{tail}"]
