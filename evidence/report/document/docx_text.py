"""Running text as WordprocessingML: every word of a document passes through here, escaped."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from urllib.parse import quote, urlsplit
from xml.sax.saxutils import escape

from evidence.report.exchange.cells import clean_text

BREAKS = {"\t": "<w:tab/>", "\n": "<w:br/>"}
# The signs of certainty, which a text font lacks: both from one font, so that they are alike.
SIGNS = re.compile("([\u2295\u25ef]+)")
SIGN_FONT = "<w:rFonts {}/>".format(
    " ".join(f'w:{part}="Segoe UI Symbol"' for part in ("ascii", "hAnsi", "eastAsia", "cs"))
)
LONGEST_NAME = 40  # of a bookmark; Word cuts what is longer, and links to it lead nowhere
HOST = re.compile(r"[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*(:\d{1,5})?")
_STEP = r"[A-Za-z0-9_-][A-Za-z0-9_.-]*"
FILE = re.compile(rf"(?:\.\./)?{_STEP}(?:/{_STEP})*(?:#[A-Za-z0-9_.-]+)?")


def printable(text: str) -> str:
    r"""Keep what XML can hold; the rest becomes the replacement character, line ends one kind.

    Examples
    --------
    >>> printable("a\x00b\r\nc")
    'a\ufffdb\nc'
    """
    return clean_text(text).replace("\r\n", "\n").replace("\r", "\n")


def attribute(text: str) -> str:
    """Escape a text for a place between double quotes."""
    marks = {'"': "&quot;", "\n": "&#10;", "\t": "&#9;"}
    return escape(printable(text), marks)


def run(text: str, look: str = "") -> str:
    """Write words with one look: ``look`` is the inside of a ``w:rPr``, a character style."""
    pieces = SIGNS.split(printable(text))
    return "".join(_run(piece, look + SIGN_FONT * (i % 2)) for i, piece in enumerate(pieces))


def _run(text: str, look: str) -> str:
    if not text:
        return ""
    inside = "".join(
        BREAKS.get(piece) or f'<w:t xml:space="preserve">{escape(piece)}</w:t>'
        for piece in re.split("([\t\n])", text)
        if piece
    )
    return f"<w:r><w:rPr>{look}</w:rPr>{inside}</w:r>" if look else f"<w:r>{inside}</w:r>"


def styled(text: str, style: str) -> str:
    """Write words in a character style."""
    return run(text, f'<w:rStyle w:val="{style}"/>')


def paragraph(style: str, content: str, *, keep: bool = False, frame: str = "") -> str:
    """Write a paragraph: ``keep`` holds it on the page of the next, ``frame`` is its border."""
    kept = "<w:keepNext/>" if keep else ""
    return f'<w:p><w:pPr><w:pStyle w:val="{style}"/>{kept}{frame}</w:pPr>{content}</w:p>'


def to_bookmark(name: str, content: str) -> str:
    """Link words to a bookmark of the same document."""
    return f'<w:hyperlink w:anchor="{name}" w:history="1">{content}</w:hyperlink>'


def to_relation(relation: str, content: str) -> str:
    """Link words to what a relation of the part names."""
    return f'<w:hyperlink r:id="{relation}" w:history="1">{content}</w:hyperlink>'


def field(code: str, shown: str) -> str:
    """Write a field that Word counts itself, with what is shown until it does."""
    return f'<w:fldSimple w:instr=" {code} "><w:r><w:t>{shown}</w:t></w:r></w:fldSimple>'


def bookmark_names(anchors: Iterable[str]) -> dict[str, str]:
    """Give every anchor a name that Word takes: letters, digits and lines, at most 40.

    Word does not tell capitals from small letters in them.

    Examples
    --------
    >>> bookmark_names(["f-men", "f_men"])
    {'f-men': 'f_men', 'f_men': 'f_men_4237a2d8'}
    """
    names: dict[str, str] = {}
    taken: set[str] = set()
    for anchor in dict.fromkeys(anchors):
        name = re.sub(r"[^A-Za-z0-9]", "_", anchor)
        name = name if name[:1].isalpha() else f"a{name}"
        if len(name) > LONGEST_NAME or name.lower() in taken:
            digest = hashlib.sha256(anchor.encode("utf-8", "surrogatepass")).hexdigest()
            name = f"{name[: LONGEST_NAME - 9]}_{digest[:8]}"
        names[anchor] = name
        taken.add(name.lower())
    return names


def safe_address(address: str) -> str | None:
    """Give an address as a package may hold it: a page, or a file beside the document.

    None for everything else: Word refuses a whole file for one address it cannot read.

    Examples
    --------
    >>> safe_address("https://doi.org/10.1002/a<b>")
    'https://doi.org/10.1002/a%3Cb%3E'
    >>> safe_address("effects.csv"), safe_address("javascript:alert(1)")
    ('effects.csv', None)
    """
    if FILE.fullmatch(address):
        return address
    try:
        parts = urlsplit(address)
    except ValueError:
        return None
    if (
        parts.scheme not in ("https", "http")
        or not HOST.fullmatch(parts.netloc)
        or ".." in parts.netloc
    ):
        return None
    if printable(address) != address or re.search(r"\s", address):
        return None
    signs = re.sub(r"%(?![0-9A-Fa-f]{2})", "%25", address)
    return quote(signs, safe="%/:?#=&;,+@!$'()*~.-_")
