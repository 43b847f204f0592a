"""Examine a page on the whole: its forms against each other, its figures, and its counts."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from html.parser import HTMLParser
from pathlib import Path

from evidence.errors import ReportError
from evidence.report.coherence.digits import bare
from evidence.report.coherence.numbering import (
    check_figures,
    check_labels,
    check_references,
    check_same_labels,
    labels_of,
)
from evidence.report.coherence.read_docx import read_docx
from evidence.report.coherence.read_html import read_html
from evidence.report.coherence.read_markdown import read_markdown
from evidence.report.coherence.read_pdf import read_pdf
from evidence.report.coherence.record import Incoherence, ReadForm, ReadTable

PAGE = "index.html"
READERS: dict[str, Callable[[bytes], ReadForm]] = {
    PAGE: lambda content: read_html(PAGE, content.decode("utf-8")),
    "report.md": lambda content: read_markdown("report.md", content.decode("utf-8")),
    "report.docx": lambda content: read_docx("report.docx", content),
    "report.pdf": lambda content: read_pdf("report.pdf", content),
}
CLAIMS = "claims.json"
# Behind the title of a fold, without spaces: the file that holds it instead.
LEFT = r"(?:\([^()]*\))?(?::(?:see)?|\(in)[A-Za-z0-9_-]+\.(?:csv|json|yaml)"


def examine_whole(folder: Path) -> tuple[Incoherence, ...]:
    """Compare the forms of a page on the whole with each other and with the values beside it.

    Such a page has no ``result.json``; its tables must be the same, cell by cell, in every form
    that is there, and the titles of its folds must stand in each. Its pictures must be the files
    beside it; the counts of claims must be those of ``claims.json``.

    Parameters
    ----------
    folder : Path

    Returns
    -------
    tuple of Incoherence
        Empty where all agree.
    """
    forms: dict[str, ReadForm] = {}
    found: list[Incoherence] = []
    for file, read in READERS.items():
        path = folder / file
        if not path.is_file():
            continue
        try:
            forms[file] = read(path.read_bytes())
        except ReportError as error:
            told = "; ".join(problem.what for problem in error.problems)
            found.append(Incoherence(file, "file", f"{told}; build it anew"))
        except UnicodeDecodeError as error:
            found.append(Incoherence(file, "file", f"is no UTF-8: byte {error.start}"))
    page = forms.get(PAGE)
    if page is None:
        return tuple(found) or (Incoherence(PAGE, "file", "is missing; build it anew"),)
    labels = labels_of(page)
    titles = _fold_titles((folder / PAGE).read_text("utf-8"))
    found += check_labels(page)
    # What a fold leaves to a file is in none of the forms that cannot fold.
    others = [labels_of(form) for form in forms.values() if form is not page]
    shown = {name for own in others for name in (*own, *own.values())}
    aside = {a for a, label in labels.items() if a not in shown and label not in shown}
    aside = {a for a in aside if labels[a].startswith("Table S")} if others else set()
    for form in forms.values():
        found += [*check_references(form, labels), *check_figures(form, labels)]
        if form is not page:
            found += check_same_labels(form, labels, aside=frozenset(aside))
            found += _same_tables(page, form, labels)
            found += _told(titles, form)
    return (*found, *_pictures(folder, page), *_counts(folder, page))


class _Folds(HTMLParser):
    """Gathers the titles of a page's folds, without their spaces."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.titles: list[str] = []
        self._open = False

    def handle_starttag(self, tag: str, _attrs: list[tuple[str, str | None]]) -> None:
        if tag == "summary":
            self._open = True
            self.titles.append("")

    def handle_endtag(self, tag: str) -> None:
        if tag == "summary":
            self._open = False

    def handle_data(self, data: str) -> None:
        if self._open:
            self.titles[-1] += data


def _fold_titles(page: str) -> Counter[str]:
    """How often each title stands above a fold."""
    folds = _Folds()
    folds.feed(page)
    folds.close()
    return Counter(" ".join(title.split()) for title in folds.titles)


def _told(titles: Mapping[str, int], form: ReadForm) -> Iterator[Incoherence]:
    """Each title of a fold stands in a form that cannot fold, as often as on the page.

    What is left to a file may be named together, once for all folds of one title.
    """
    captions = [table.caption for table in form.tables.values()]
    text = bare(" ".join((form.text, *captions)))
    # A title may begin as another does: the longer is looked for first, and taken out.
    for title in sorted(titles, key=len, reverse=True):
        words = bare(title)
        seen, times = text.count(words), titles[title]
        if seen < times and not re.search(re.escape(words) + LEFT, text):
            what = f"title of a fold: stands {seen} times, on the page {times}"
            yield Incoherence(form.file, title, what)
        text = text.replace(words, "\n")


def _same_tables(
    page: ReadForm, form: ReadForm, labels: Mapping[str, str]
) -> Iterator[Incoherence]:
    """Each cell of each table is that of the page."""
    for anchor, table in page.tables.items():
        other = form.tables.get(anchor) or form.tables.get(labels[anchor])
        if other is not None:
            yield from _same_cells(form.file, f"{anchor} ({table.label})", table, other)


def _same_cells(file: str, where: str, mine: ReadTable, theirs: ReadTable) -> Iterator[Incoherence]:
    if len(mine.rows) != len(theirs.rows):
        counts = str(len(mine.rows)), str(len(theirs.rows))
        yield Incoherence(file, where, "number of rows, against the page", *counts)
        return
    both = zip((mine.head, *mine.rows), (theirs.head, *theirs.rows), strict=True)
    for i, (ours, other) in enumerate(both):
        # Commas between citations stay where these are read as what they are.
        if [bare(x).rstrip(",") for x in ours] != [bare(x).rstrip(",") for x in other]:
            what = f"row {i}, against the page" if i else "head, against the page"
            yield Incoherence(file, where, what, " | ".join(ours), " | ".join(other))


def _pictures(folder: Path, page: ReadForm) -> Iterator[Incoherence]:
    beside = {path.read_bytes() for path in folder.glob("*.svg")}
    for anchor, figure in page.figures.items():
        if figure.image not in beside:
            yield Incoherence(PAGE, anchor, "the picture is none of the files beside the page")


def _counts(folder: Path, page: ReadForm) -> Iterator[Incoherence]:
    """Claims by area, and each verdict, add up to those of the values."""
    path, table = folder / CLAIMS, page.tables.get("t-areas")
    if not path.is_file() or table is None:
        return
    try:
        claims = json.loads(path.read_bytes())["claims"]
        verdicts = Counter(str(claim["verdict"]) for claim in claims)
    except (OSError, ValueError, KeyError, TypeError) as error:
        yield Incoherence(CLAIMS, "file", f"cannot be read: {type(error).__name__}")
        return
    right = {"Claims": len(claims), **verdicts}
    for column, head in enumerate(table.head[1:], 1):
        total = sum(
            int(row[column] or 0) for row in table.rows if row[column].strip("0123456789") == ""
        )
        if total != right.get(head, 0):
            what = f"total of column {head}, against {CLAIMS}"
            yield Incoherence(PAGE, "t-areas", what, str(right.get(head, 0)), str(total))
