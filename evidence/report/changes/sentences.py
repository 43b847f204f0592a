"""Sentences of two releases side by side: which changed, and in which words."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Literal

# Sentences that share less than this are two sentences, not one that changed.
ALIKE = 0.5
# Spaces, numbers with their sign and decimals, words with their hyphens, and single signs.
TOKEN = re.compile(r"\s+|[+\u2212-]?\d+(?:[.,]\d+)*|\w+(?:['\u2019-]\w+)*|[^\w\s]")


@dataclass(frozen=True, slots=True)
class Piece:
    """Words that stand in both sentences, or in one of them only."""

    kind: Literal["same", "gone", "new"]
    text: str


@dataclass(frozen=True, slots=True)
class SentenceChange:
    """A sentence that changed; ``old`` is None where it is new, ``new`` where it is gone.

    ``of`` says which: "finding", "certainty", or for a claim "reason" and "wording".
    """

    of: str
    old: str | None
    new: str | None

    @property
    def pieces(self) -> tuple[Piece, ...]:
        """The words of both, as they go together."""
        return words_between(self.old or "", self.new or "")


def words_between(old: str, new: str) -> tuple[Piece, ...]:
    """Split two sentences into the words that they share and those of one only.

    The pieces that are not new make up the old sentence, those that are not gone the new one.

    Examples
    --------
    >>> [(p.kind, p.text) for p in words_between("a fall of 3 %", "a fall of 4 %")]
    [('same', 'a fall of '), ('gone', '3'), ('new', '4'), ('same', ' %')]
    """
    before, after = TOKEN.findall(old), TOKEN.findall(new)
    pieces: list[Piece] = []
    for tag, i0, i1, j0, j1 in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if tag == "equal":
            pieces.append(Piece("same", "".join(before[i0:i1])))
            continue
        if i1 > i0:
            pieces.append(Piece("gone", "".join(before[i0:i1])))
        if j1 > j0:
            pieces.append(Piece("new", "".join(after[j0:j1])))
    return _joined(pieces)


def _joined(pieces: list[Piece]) -> tuple[Piece, ...]:
    """Take single spaces between two changes into both of them: one change, not two."""
    found: list[Piece] = []
    gone = new = ""
    for i, piece in enumerate(pieces):
        blank = piece.kind == "same" and not piece.text.strip()
        if piece.kind == "gone":
            gone += piece.text
        elif piece.kind == "new":
            new += piece.text
        elif blank and 0 < i < len(pieces) - 1 and (gone or new):
            gone, new = gone + piece.text, new + piece.text
        else:
            found += _flushed(gone, new)
            gone = new = ""
            found.append(piece)
    return tuple(found + _flushed(gone, new))


def _flushed(gone: str, new: str) -> list[Piece]:
    made = [Piece("gone", gone)] if gone else []
    return made + ([Piece("new", new)] if new else [])


def sentence_changes(of: str, old: Sequence[str], new: Sequence[str]) -> tuple[SentenceChange, ...]:
    """Pair the sentences of two releases; what stands in both, wherever, did not change.

    Examples
    --------
    >>> found = sentence_changes("certainty", ["One trial.", "Low."], ["Low.", "Two trials."])
    >>> [(change.old, change.new) for change in found]
    [('One trial.', None), (None, 'Two trials.')]
    """
    before = [text for text in old if text not in new]
    after = [text for text in new if text not in old]
    pairs: list[SentenceChange] = []
    scores = sorted(
        ((_alike(a, b), i, j) for i, a in enumerate(before) for j, b in enumerate(after)),
        key=lambda item: (-item[0], item[1] + item[2], item[1]),
    )
    partner: dict[int, int] = {}
    for score, i, j in scores:
        if score >= ALIKE and i not in partner and j not in partner.values():
            partner[i] = j
    for i, text in enumerate(before):
        other = after[partner[i]] if i in partner else None
        pairs.append(SentenceChange(of, text, other))
    paired = set(partner.values())
    pairs += [SentenceChange(of, None, text) for j, text in enumerate(after) if j not in paired]
    return tuple(pairs)


def _alike(a: str, b: str) -> float:
    """Share of words that two sentences have in common, the same either way."""
    first, second = sorted((a.split(), b.split()))
    blocks = SequenceMatcher(None, first, second, autojunk=False).get_matching_blocks()
    total = len(first) + len(second)
    return 2.0 * sum(block.size for block in blocks) / total if total else 1.0
