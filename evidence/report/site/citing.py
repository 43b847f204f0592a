"""Cite this: what of the site has an identifier, its texts, and its files for download."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from evidence.report.cite import Citable, Release
from evidence.report.citing import (
    ENDINGS,
    FORMS,
    anchor_of,
    citable_claim,
    citables,
    cite_files,
    cite_texts,
)
from evidence.report.record import data_hash
from evidence.report.site.data import ReportData, SiteData
from evidence.report.wording import capital

FOLDER = "cite"


@dataclass(frozen=True, slots=True)
class Form:
    """One text: its name for readers, and the file that holds it, if one does."""

    name: str
    title: str
    text: str
    file: str


@dataclass(frozen=True, slots=True)
class Cited:
    """Something that can be cited: identifier, anchor, what it is, and its texts."""

    id: str
    anchor: str
    words: str
    forms: tuple[Form, ...]


Cites = Mapping[str, tuple[Cited, ...]]


def question_cites(site: SiteData) -> dict[str, tuple[Cited, ...]]:
    """Give each question and its estimates, by the question's id; none where nobody is named."""
    found: dict[str, tuple[Cited, ...]] = {}
    for report in site.reports:
        release = _release(site.release, report)
        if release is None:
            continue
        for question in report.result.questions:
            page = _page(release, f"questions/{question.id}.html")
            head = f"{question.title}; "
            found[question.id] = tuple(
                _cited(x, release, x.title.removeprefix(head) if x.kind == "estimate" else "")
                for x in citables(question, page)
            )
    return found


def claim_cites(site: SiteData) -> dict[str, tuple[Cited, ...]]:
    """Give each claim by its id; its data are those of all reports."""
    if site.release is None or site.claims is None:
        return {}
    inputs: dict[str, str] = {}
    for report in site.reports:
        inputs |= report.run.inputs
    release = replace(site.release, data_hash=data_hash(inputs))
    page = _page(release, "claims.html")
    found: dict[str, tuple[Cited, ...]] = {}
    for claim in site.claims.claims:
        what = citable_claim(claim.id, claim.claim, claim.verdict, page)
        found[claim.id] = (_cited(what, release, claim.claim),)
    return found


def files_of(cites: Cites) -> Iterator[tuple[str, bytes]]:
    """Every file for a reference manager: its path and its content."""
    for several in cites.values():
        for cited in several:
            for form in cited.forms:
                if form.file:
                    yield form.file, form.text.encode("utf-8")


def _release(release: Release | None, report: ReportData) -> Release | None:
    """What a report was built as; else the project's release, which has a date for its version."""
    run, url = report.run, None if release is None else release.url
    if run.release is not None:
        head = run.release
        return Release(head.title, head.authors, head.version, run.data_hash, head.date, url)
    if release is None:
        return None
    date = release.date if run.evidence == release.version else None
    return replace(release, version=run.evidence, data_hash=run.data_hash, date=date)


def _page(release: Release, path: str) -> str | None:
    return None if release.url is None else f"{release.url.rstrip('/')}/{path}"


def _cited(what: Citable, release: Release, words: str = "") -> Cited:
    texts = cite_texts(what, release)
    files = dict(zip(ENDINGS, cite_files(what, texts), strict=True))
    forms = tuple(
        Form(name, title, texts[name], f"{FOLDER}/{files[name]}" if name in files else "")
        for name, title in FORMS.items()
    )
    words = capital(words or f"the {what.kind}")
    return Cited(what.id, anchor_of(what.id, what.kind), words, forms)
