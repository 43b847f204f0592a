"""The words of a PDF's pages, by the marks that tie them to its structure."""

from __future__ import annotations

import re
from typing import Any


def _literal(depth: int) -> bytes:
    """Pattern of a string in brackets, which may hold as many balanced brackets inside another."""
    inner = rb"" if depth == 0 else rb"|" + _literal(depth - 1)
    return rb"\((?:[^()\\]|\\." + inner + rb")*\)"


# What is looked at in a page: literal and hexadecimal strings, fonts, marks; the rest is drawing.
TOKEN = re.compile(
    rb"(?P<literal>" + _literal(8) + rb")"
    rb"|(?P<open><<)|(?P<close>>>)"
    rb"|<(?P<hex>[0-9A-Fa-f\s]*)>"
    rb"|/MCID\s+(?P<mark>\d+)|/(?P<actual>ActualText)\b|/(?P<name>[^\s/\[\]<>()]+)"
    rb"|\b(?P<operator>BDC|BMC|EMC|Tf|TJ|Tj|ET)\b",
    re.DOTALL,
)
ESCAPE = re.compile(rb"\\(?:([0-7]{1,3})|(\r\n|[\r\n])|(.))", re.DOTALL)
PLAIN = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"b": b"\b", b"f": b"\f"}
PAIR = re.compile(rb"<([0-9A-Fa-f]+)>\s*<([0-9A-Fa-f]+)>")
RANGE = re.compile(rb"<([0-9A-Fa-f]+)>\s*<([0-9A-Fa-f]+)>\s*<([0-9A-Fa-f]+)>")
SINGLES = re.compile(rb"beginbfchar(.*?)endbfchar", re.DOTALL)
RANGES = re.compile(rb"beginbfrange(.*?)endbfrange", re.DOTALL)
Signs = dict[int, str]


def signs_of(cmap: bytes) -> Signs:
    """What each code of a font stands for.

    Examples
    --------
    >>> signs_of(b"1 beginbfchar <0007> <2212> endbfchar 1 beginbfrange <0001> <0002> <0041>")[7]
    '−'
    """
    found: Signs = {}
    for part in SINGLES.findall(cmap):
        for code, text in PAIR.findall(part):
            found[int(code, 16)] = _wide(text)
    for part in RANGES.findall(cmap):
        for first, last, text in RANGE.findall(part):
            start = _wide(text)
            for step in range(int(last, 16) - int(first, 16) + 1):
                found[int(first, 16) + step] = start[:-1] + chr(ord(start[-1]) + step)
    return found


def _wide(digits: bytes) -> str:
    return bytes.fromhex(digits.decode("ascii")).decode("utf-16-be", "replace")


def unescaped(literal: bytes) -> bytes:
    r"""Bytes of a string in brackets.

    Examples
    --------
    >>> unescaped(rb"(a\051\n)")
    b'a)\n'
    """

    def one(match: re.Match[bytes]) -> bytes:
        octal, line, sign = match.groups()
        if octal is not None:
            return bytes([int(octal, 8) & 255])
        return b"" if line is not None else PLAIN.get(sign, sign)

    return ESCAPE.sub(one, literal[1:-1])


def words_of(content: bytes, fonts: dict[str, Signs]) -> dict[int, str]:
    """Words under each mark of a page, in the order of drawing.

    Strings of fonts with two bytes a sign are read, as a report's writer has them; of others, the
    signs are unknown and left out.
    """
    found: dict[int, list[str]] = {}
    stack: list[tuple[int | None, bool]] = []
    signs: Signs = {}
    strings: list[bytes] = []
    name, mark, depth = "", None, 0
    actual: str | None = None
    wants_actual = False
    for token in TOKEN.finditer(content):
        kind = token.lastgroup
        if kind == "literal":
            strings.append(unescaped(token["literal"]))
        elif kind == "hex":
            strings.append(_raw(token["hex"]))
        elif kind in ("open", "close"):
            depth += 1 if kind == "open" else -1
        elif kind == "mark":
            mark = int(token["mark"])
        elif kind == "actual":
            wants_actual = True
            strings = []
            continue
        elif kind == "name":
            if depth == 0:
                name = token["name"].decode("latin-1")
        else:
            place = next((m for m, _ in reversed(stack) if m is not None), None)
            operator = token["operator"]
            if operator in (b"BDC", b"BMC"):
                stack.append((mark, actual is not None))
                if actual is not None:
                    outer = mark if mark is not None else place
                    if outer is not None:
                        found.setdefault(outer, []).append(actual)
                mark, actual, strings = None, None, []
            elif operator == b"EMC":
                if stack:
                    stack.pop()
            elif operator == b"Tf":
                signs = fonts.get(name, {})
            elif operator in (b"TJ", b"Tj"):
                told = any(hidden for _, hidden in stack)
                if place is not None and not told:
                    text = "".join(_decoded(s, signs) for s in strings)
                    found.setdefault(place, []).append(text)
                strings = []
            elif place is not None:
                found.setdefault(place, []).append(" ")
        if wants_actual and strings:
            raw = strings.pop()
            actual = raw[2:].decode("utf-16-be", "replace") if raw[:2] == b"\xfe\xff" else None
            wants_actual = False
    return {place: "".join(parts) for place, parts in found.items()}


def _raw(digits: bytes) -> bytes:
    plain = b"".join(digits.split())
    return bytes.fromhex((plain + b"0" * (len(plain) % 2)).decode("ascii"))


def _decoded(string: bytes, signs: Signs) -> str:
    codes = zip(string[::2], string[1::2], strict=False)
    return "".join(signs.get(256 * high + low, "\ufffd") for high, low in codes)


def fonts_of(page: Any) -> dict[str, Signs]:
    """Signs of each font that a page names."""
    resources = page.get("/Resources")
    named = resources.get_object().get("/Font") if resources is not None else None
    found = {}
    for name, font in (named.get_object() if named is not None else {}).items():
        cmap = font.get_object().get("/ToUnicode")
        if cmap is not None:
            found[str(name)[1:]] = signs_of(cmap.get_object().get_data())
    return found
