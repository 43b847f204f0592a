"""How a report and what it holds are cited, as blocks of its document."""

from __future__ import annotations

from dataclasses import replace

from evidence.report.cite import Citable, Release
from evidence.report.citing import citables, cite_texts
from evidence.report.document.blocks import (
    Block,
    Document,
    Fold,
    Heading,
    Literally,
    Paragraph,
    Strong,
    Verbatim,
)
from evidence.report.result import QuestionResult, ResultFile

FORMS = {"bibtex": "BibTeX", "ris": "RIS", "csl": "CSL-JSON"}


def cite_fold(result: QuestionResult, release: Release) -> Fold:
    """How a question and each of its estimates are cited."""
    question, *estimates = citables(result)
    blocks = _texts(question, release)
    for what in estimates:
        text = cite_texts(what, release)["vancouver"]
        blocks.append(Paragraph((Literally(what.id), f": {text}"), "small"))
    return Fold("Cite this", tuple(blocks), elsewhere="index.html", under=f"q-{result.id}")


def cite_report(result: ResultFile, release: Release | None) -> list[Block]:
    """How the report as a whole is cited; nothing where it has no release."""
    return [] if release is None else _cited(result.name, result.title, release)


def with_citation(document: Document, release: Release | None) -> Document:
    """Add how a page on the whole is cited, and what stands in the head of its files."""
    if release is None:
        return document
    about = {
        "version": release.version,
        "data_hash": release.data_hash,
        **({} if release.date is None else {"date": release.date}),
        "author": ", ".join(release.authors),
    }
    blocks = (*document.blocks, *_cited(document.name, document.title, release))
    return replace(document, blocks=blocks, about={**document.about, **about})


def _cited(name: str, title: str, release: Release) -> list[Block]:
    vancouver, *others = _texts(Citable(name, "report", title), release)
    fold = Fold("The same for reference managers", tuple(others), "index.html", under="cite")
    return [Heading(2, "How to cite", "cite"), vancouver, fold]


def _texts(what: Citable, release: Release) -> list[Block]:
    texts = cite_texts(what, release)
    blocks: list[Block] = [Paragraph((texts["vancouver"],))]
    for form, name in FORMS.items():
        blocks += [Paragraph((Strong(name),), "small"), Verbatim(texts[form])]
    return blocks
