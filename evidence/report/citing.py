"""Cite this: stable identifiers of questions, estimates and claims, and their texts for others."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from evidence.errors import ReportError, check_kind
from evidence.report.borrowed.wording import others_of
from evidence.report.cite import Citable, Release, as_bibtex, as_ris, citation
from evidence.report.document.bibliography import bibliography
from evidence.report.numbers import interval, level_text, number, pretty_unit
from evidence.report.result import QuestionResult, Shown
from evidence.report.wording import decimals, estimate_text

# Names of the forms, of their files' endings, and their words for readers.
FORMS = {"vancouver": "Vancouver", "bibtex": "BibTeX", "ris": "RIS", "csl": "CSL-JSON"}
# So many signs of the data's hash tell one state of the data from another.
SHORT = 12
ENDINGS = {"bibtex": "bib", "ris": "ris", "csl": "json"}


def citables(question: QuestionResult, page: str | None = None) -> tuple[Citable, ...]:
    """Give what of a question can be cited: the question, then each of its estimates.

    The question's identifier is its id, ``spine_bmd_men``. Its estimates are ``spine_bmd_men.main``
    (classical), ``.exact`` (Bayesian), ``.said`` (with what was reported in part) and ``.borrowed``
    (with what other people's trials lend), as far as the report has them.

    Parameters
    ----------
    question : QuestionResult
    page : str, optional
        Address of the page that shows it, without an anchor, where it is published.
    """
    check_kind("question", question, QuestionResult, ReportError)
    found = [(question.id, "question", question.title)]
    for name, words in _estimates(question).items():
        found.append((f"{question.id}.{name}", "estimate", f"{question.title}; {words}"))
    return tuple(Citable(x, kind, title, _at(page, x, kind)) for x, kind, title in found)


def citable_claim(claim: str, text: str, verdict: str, page: str | None = None) -> Citable:
    """Give a claim as what can be cited: the verdict on it, never the claim as if it were ours.

    Examples
    --------
    >>> what = citable_claim("lowers-e2", "It lowers estradiol", "supported")
    >>> what.id, what.title
    ('claim-lowers-e2', 'Verdict on the claim “It lowers estradiol”: supported')
    """
    name = f"claim-{claim}"
    title = f"Verdict on the claim \N{LEFT DOUBLE QUOTATION MARK}{text}"
    title += f"\N{RIGHT DOUBLE QUOTATION MARK}: {verdict}"
    return Citable(name, "claim", title, _at(page, name, "claim"))


def anchor_of(name: str, kind: str) -> str:
    """Name the anchor of an identifier, the same on each page that shows it.

    Examples
    --------
    >>> anchor_of("spine_bmd_men", "question"), anchor_of("spine_bmd_men.main", "estimate")
    ('q-spine_bmd_men', 'e-spine_bmd_men-main')
    >>> anchor_of("claim-anastrozole-lowers-e2", "claim")
    'c-anastrozole-lowers-e2'
    """
    if kind == "claim":
        return f"c-{name.removeprefix('claim-')}"
    if kind == "question":
        return f"q-{name}"
    question, _, estimate = name.rpartition(".")
    return f"e-{question}-{estimate}"


def cite_texts(what: Citable, release: Release) -> dict[str, str]:
    """Write how something is cited: in words, and for reference managers.

    Returns
    -------
    dict of str to str
        ``vancouver``, ``bibtex``, ``ris`` and ``csl`` (JSON), each with the version, the hash of
        the data and the date of release.

    Examples
    --------
    >>> release = Release("evidence", ("The evidence authors",), "0.1.0", "ab12", "2026-11-21")
    >>> texts = cite_texts(Citable("spine_bmd_men", "question", "Spine BMD in men"), release)
    >>> texts["vancouver"].partition(" [dataset]. ")[2]
    'evidence. Version 0.1.0. 2026. Question spine_bmd_men; data ab12; released 2026-11-21.'
    """
    item = citation(what, release)
    printed: dict[str, Any] = item | {"genre": "dataset"}
    dated = "" if release.date is None else f"; released {release.date}"
    printed["note"] = item["note"][:1].upper() + item["note"][1:] + dated
    (entry,) = bibliography([what.id], {what.id: printed})
    # Few styles print a note or a version: what must be cited stands in the title too.
    data = release.data_hash[:SHORT]
    told = f"{item['title']} [{item['id']}, version {release.version}, data {data}]"
    other = item | {"title": told}
    return {
        "vancouver": entry.text,
        "bibtex": as_bibtex([other]),
        "ris": as_ris([other]),
        "csl": json.dumps([other], indent=1, ensure_ascii=False, allow_nan=False) + "\n",
    }


def cite_files(what: Citable, texts: Mapping[str, str]) -> dict[str, bytes]:
    """Give the texts for reference managers as files, by name: ``spine_bmd_men.main.bib``."""
    return {f"{what.id}.{end}": texts[form].encode("utf-8") for form, end in ENDINGS.items()}


def _json(item: Mapping[str, Any]) -> str:
    """One item, a line for each of its fields."""
    fields = (f"  {json.dumps(k)}: {json.dumps(v, ensure_ascii=False)}" for k, v in item.items())
    return "[{\n" + ",\n".join(fields) + "\n}]\n"


def _at(page: str | None, name: str, kind: str) -> str | None:
    return None if page is None else f"{page}#{anchor_of(name, kind)}"


def _estimates(question: QuestionResult) -> dict[str, str]:
    """The estimates that a report of a question has, by name, in words and numbers."""
    found: dict[str, str] = {}
    if question.main is not None:
        words = "pooled estimate" if question.k > 1 else "estimate of the one trial"
        found["main"] = f"{words}: {estimate_text(question, question.main)}"
    exact, said, borrowed = question.exact, question.said, question.borrowed
    if exact is not None and (shown := _mean(exact.terms)) is not None:
        found["exact"] = f"Bayesian estimate: {_text(question, shown, exact.level)}"
    if said is not None and (shown := _mean(said.terms)) is not None:
        words = "estimate from complete and partial reports"
        found["said"] = f"{words}: {_text(question, shown, said.level)}"
    for row in () if borrowed is None else borrowed.rows:
        if borrowed is not None and row.term == "borrowed":
            words = "estimate with what is borrowed from" if borrowed.own else "prediction from"
            shown = Shown(estimate=row.estimate, low=row.low, high=row.high)
            text = _text(question, shown, borrowed.level)
            found["borrowed"] = f"{words} {others_of(borrowed)}: {text}"
    return found


def _mean(terms: tuple[Any, ...]) -> Shown | None:
    return next((term.shown for term in terms if term.term == "mu"), None)


def _text(question: QuestionResult, shown: Shown, level: float) -> str:
    places = decimals(question)
    unit = f" {pretty_unit(question.unit)}" if question.unit else ""
    limits = interval(shown.low, shown.high, places)
    return f"{number(shown.estimate, places)}{unit} ({level_text(level)} CrI {limits})"
