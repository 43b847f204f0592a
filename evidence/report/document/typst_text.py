"""Text for Typst: literals that can only be text, places to break a line, running words.

Every text of a report stands in the Typst source as a string literal of Typst's code mode, as an
argument of a function of the style. Typst reads markup only in markup mode, and code only outside
of literals: so a literal whose quotes and backslashes are escaped can be nothing but text, whatever
stands in it, and no table of special characters has to be kept up to date.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from evidence.report.document.blocks import (
    Cite,
    Inline,
    Link,
    Literally,
    Ref,
    Strong,
    Tag,
    Text,
)
from evidence.report.document.html import safe_address
from evidence.report.document.resolve import Resolved

# Widths of the signs from " " to "~" in Libertinus Serif with figures of one width, in 1/1000 em.
ADVANCE = (
    250, 288, 336, 465, 465, 637, 705, 190, 298, 298, 369, 550, 220, 338, 220, 323, 465, 465, 465,
    465, 465, 465, 465, 465, 465, 465, 236, 236, 550, 550, 550, 435, 895, 695, 588, 646, 701, 557,
    485, 685, 730, 297, 322, 637, 528, 839, 699, 702, 541, 702, 587, 485, 597, 661, 652, 951, 660,
    575, 604, 356, 287, 356, 518, 486, 392, 457, 493, 428, 506, 447, 310, 500, 538, 271, 272, 512,
    264, 790, 542, 504, 519, 503, 372, 390, 316, 531, 497, 747, 490, 515, 424, 277, 205, 277, 449,
)  # fmt: skip
WIDTH = {chr(32 + i): w / 1000 for i, w in enumerate(ADVANCE)}
ELSE = 0.55  # Greek letters, signs, accents
SIGN = 0.75
FULL = 1.0  # Chinese, Japanese and Korean signs
# Signs of the rating and marks of figures: in the text's own font some are small, some are lacking.
SIGNS = re.compile("[\u2190-\u21ff\u2295-\u2298\u25a0-\u25ff\u2605-\u2606\u2713-\u2718\u2a01]+")
# Units, and figures behind a sign, in which no line may end: "g/cm²", "(± 4.8)", "95 % CI".
WHOLE = re.compile(
    r"(?<![^\s(])[^\s/()]{1,8}/[^\s/()]{1,6}(?![^\s),;.:])"
    r"|\(?\b\d[\d.]* %(?: CI)?\)?[,;]?"
    r"|\(?(?:\b[Pp] )?[<>=\u00b1\u2264\u2265] [\u2212+]?\d[\d.]*\)?[,;]?"
)
SPECIAL = re.compile(f"{SIGNS.pattern}|{WHOLE.pattern}")
AFTER = re.compile(r"(?<=[-/\u2013\u2014_.,:;=?&|)])")
BODY, CELL = 30, 18  # signs of a word beyond which it may be broken


@dataclass(frozen=True, slots=True)
class Place:
    """What the writers of text need to know beside the text.

    Attributes
    ----------
    resolved : Resolved
    here : frozenset of str
        The anchors that stand in this file, and can be led to.
    elsewhere : mapping of str to str
        The file that holds an anchor's block instead, by anchor.
    """

    resolved: Resolved
    here: frozenset[str]
    elsewhere: Mapping[str, str]


def printable(text: str) -> str:
    r"""Text on one line, without signs that no page can show or that turn its direction.

    Examples
    --------
    >>> printable("a  b\tc\u202ed\x00")
    'a  b cd'
    """
    return "".join(map(_kept, text))


@lru_cache(maxsize=4096)
def _kept(sign: str) -> str:
    if sign in "\t\n\r\x0b\x0c\x1c\x1d\x1e\x1f\x85\u2028\u2029":
        return " "
    if sign in "\u200c\u200d":  # they shape letters of some scripts
        return sign
    bad = unicodedata.category(sign) in ("Cc", "Cf", "Cs", "Cn") or sign in "\ufffe\uffff"
    return "" if bad else sign


def literal(text: str) -> str:
    r"""Typst string literal of a text.

    Examples
    --------
    >>> print(literal('#read("x") \\'))
    "#read(\"x\") \\"
    """
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'


def em(text: str) -> float:
    """Width of a text on one line, in em, within a few per cent."""
    return sum([WIDTH.get(sign) or _advance(sign) for sign in text], 0.0)


@lru_cache(maxsize=4096)
def _advance(sign: str) -> float:
    if SIGNS.match(sign):
        return SIGN
    return FULL if unicodedata.east_asian_width(sign) in "WF" else ELSE


def chunks(word: str, most: int) -> Iterator[str]:
    """Parts of a long word between which a line may end, best behind its punctuation."""
    if len(word) <= most:
        yield word
        return
    held = ""
    for part in AFTER.split(word):
        if held and len(held) + len(part) > most:
            yield held
            held = ""
        held += part
        while len(held) > most:
            yield held[:most]
            held = held[most:]
    if held:
        yield held


def unbroken(text: str, most: int) -> Iterator[str]:
    """What of a text stays on one line when it is shown."""
    for kind, part in _kinds(text, most):
        if kind:
            yield part
        else:
            for word in part.split(" "):
                yield from chunks(word, most)


def _kinds(text: str, most: int) -> Iterator[tuple[str, str]]:
    """Parts of a text with the function of the style that sets them, none for plain words."""
    at = 0
    for found in SPECIAL.finditer(text):
        part = found.group()
        if len(part) > most:
            continue
        if found.start() > at:
            yield "", text[at : found.start()]
        yield "signs" if SIGNS.match(part) else "whole", part
        at = found.end()
    if at < len(text):
        yield "", text[at:]


def shown(text: str, most: int = BODY) -> str:
    """Typst expression that shows a text as it is; words beyond ``most`` signs may be broken."""
    made = [
        f"{kind}({literal(part)})" if kind else _broken(part, most)
        for kind, part in _kinds(printable(text), most)
    ]
    if len(made) == 1:
        return made[0]
    return "{" + " + ".join(made) + "}" if made else literal("")


def _broken(text: str, most: int) -> str:
    """Literals with places to break between them: no sign is added that a reader might copy."""
    made, held = [], ""
    for i, word in enumerate(text.split(" ")):
        held += " " if i else ""
        parts = list(chunks(word, most))
        for part in parts[:-1]:
            made.append(held + part)
            held = ""
        held += parts[-1]
    made.append(held)
    if len(made) == 1:
        return literal(made[0])
    return "breaks(" + ", ".join(map(literal, made)) + ")"


def words(text: Text, place: Place) -> str:
    """Running text as arguments of a function of the style."""
    return ", ".join(_inline(inline, place) for inline in text)


def _inline(inline: Inline, place: Place) -> str:
    if isinstance(inline, str):
        return shown(inline)
    if isinstance(inline, Ref):
        label = inline.words or place.resolved.labels[inline.anchor]
        return leading("#" + inline.anchor, label, place)
    if isinstance(inline, Cite):
        return cited(inline.keys, place.resolved.numbers)
    if isinstance(inline, Link):
        return leading(inline.address, inline.text, place)
    kinds: dict[type, str] = {Literally: "mono", Strong: "strong", Tag: "tag"}
    return f"{kinds[type(inline)]}({shown(inline.text)})"


def leading(address: str, text: str, place: Place, most: int = BODY) -> str:
    """Words that lead to an anchor of this file, to a file beside it or to a page elsewhere.

    Raises
    ------
    ReportError
        If the address is none of them.
    """
    if not address.startswith("#"):
        return f"out({literal(safe_address(address))}, {shown(text, most)})"
    anchor = address[1:]
    if anchor in place.here:
        return f"to({literal(anchor)}, {shown(text, most)})"
    file = place.elsewhere.get(anchor, "")
    return shown(f"{text} (in {file})" if file else text, most)


def cited(keys: Sequence[str], numbers: Mapping[str, int]) -> str:
    """Superscript numbers that lead to the bibliography."""
    pairs = (f"({literal('ref-' + key)}, {literal(str(numbers[key]))})" for key in keys)
    return f"cites({', '.join(pairs)})"
