"""examine: read all forms of a report back from its folder and compare them with its result."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from evidence.errors import Problem, ReportError
from evidence.report.certainty.summary_of_findings import SummaryOfFindings
from evidence.report.coherence.cells import Expected, compare_table
from evidence.report.coherence.csv_files import check_csvs
from evidence.report.coherence.digits import bare
from evidence.report.coherence.expected import overview, tables_of
from evidence.report.coherence.expected_findings import check_findings, findings
from evidence.report.coherence.expected_parts import parts_of
from evidence.report.coherence.forest_picture import check_forest
from evidence.report.coherence.numbering import (
    check_figures,
    check_labels,
    check_references,
    check_same_labels,
    check_words,
    labels_of,
)
from evidence.report.coherence.other_pictures import CHECKS, check_directions, check_picture
from evidence.report.coherence.png_text import png_description
from evidence.report.coherence.read_docx import DAMAGED, read_docx
from evidence.report.coherence.read_html import read_html
from evidence.report.coherence.read_markdown import read_markdown
from evidence.report.coherence.read_pdf import read_pdf
from evidence.report.coherence.read_svg import ReadPicture, read_svg
from evidence.report.coherence.record import Incoherence, ReadForm, ReadTable
from evidence.report.coherence.sentences import check_findings_told, check_sentences
from evidence.report.coherence.tallies import directions
from evidence.report.coherence.totals import check_totals
from evidence.report.page import digest
from evidence.report.result import QuestionResult, ResultFile

RESULT, FINDINGS, PAGE = "result.json", "summary_of_findings.json", "index.html"
HASHES = "forms.json"
CSVS = ("effects.csv", "partial.csv", "unused.csv", "trace.csv")
RIGHT = "build the report anew"
FORMS: dict[str, Callable[[str, bytes], ReadForm]] = {
    PAGE: lambda file, content: read_html(file, content.decode("utf-8")),
    "report.md": lambda file, content: read_markdown(file, content.decode("utf-8")),
    "report.docx": read_docx,
    "report.pdf": read_pdf,
}
# Forms that a folder may lack: they are built where they are wanted, and only their hashes kept.
MAY_LACK = ("report.docx", "report.pdf")


def examine(folder: Path) -> tuple[Incoherence, ...]:
    """Compare everything that a report's folder holds with the result in it.

    The tables, sentences, figures, references and numbers of every form are read back; what the
    result itself must add up to is computed anew. Nothing outside of the folder is read, and
    nothing is rebuilt: that the result follows from the data is what ``verify`` asks. Word file
    and PDF are compared where they are there.

    Parameters
    ----------
    folder : Path
        Of one report.

    Returns
    -------
    tuple of Incoherence
        Empty where all agree.

    Raises
    ------
    ReportError
        If ``result.json`` is missing or damaged, so that there is nothing to compare with.
    """
    result = _result(folder)
    kept = _Kept(folder)
    summaries = _summaries(kept)
    found = [*check_totals(result), *check_findings_told(result)]
    found += check_findings(result, summaries) if summaries else []
    texts = {name: kept.text(name) for name in CSVS}
    found += check_csvs(result, {k: v for k, v in texts.items() if v is not None})
    pictures = _pictures(kept)
    found += _check_pictures(kept, result, pictures)
    expected = [overview(result.questions), *findings(summaries)]
    for q in result.questions:
        expected += [*tables_of(q), *([] if q.k else directions(q)), *parts_of(q)]
    found += _check_forms(kept, result, expected, pictures)
    found += _check_hashes(kept)
    return (*kept.wrong, *found)


def _result(folder: Path) -> ResultFile:
    path = folder / RESULT
    if not path.is_file():
        problem = Problem(str(folder), f"holds no {RESULT}", RIGHT)
        raise ReportError("there is no report to examine", [problem])
    try:
        raw = path.read_bytes()
        json.loads(raw, parse_constant=_refuse)
        return ResultFile.model_validate_json(raw)
    except (OSError, ValueError, RecursionError) as error:
        first = str(error).splitlines()[0]
        problem = Problem(str(path), f"cannot be read: {first}", RIGHT)
        raise ReportError("the report's result is damaged", [problem]) from None


def _refuse(word: str) -> None:
    raise ValueError(f"{word} is not a number")


@dataclass(slots=True)
class _Kept:
    """The folder's files; what is missing or cannot be read is noted."""

    folder: Path
    wrong: list[Incoherence] = field(default_factory=list)

    def content(self, name: str) -> bytes | None:
        try:
            return (self.folder / name).read_bytes()
        except OSError as error:
            missing = isinstance(error, FileNotFoundError)
            told = "is missing" if missing else f"cannot be read: {error.strerror}"
            self.wrong.append(Incoherence(name, "file", f"{told}; {RIGHT}"))
            return None

    def text(self, name: str) -> str | None:
        content = self.content(name)
        if content is None:
            return None
        try:
            return content.decode("utf-8")
        except UnicodeDecodeError as error:
            self.damaged(name, f"is no UTF-8: byte {error.start}")
            return None

    def damaged(self, name: str, why: str) -> None:
        self.wrong.append(Incoherence(name, "file", f"{why}; {RIGHT}"))

    def names(self, ending: str) -> list[str]:
        return sorted(path.name for path in self.folder.glob(f"*{ending}"))


def _summaries(kept: _Kept) -> tuple[SummaryOfFindings, ...]:
    content = kept.content(FINDINGS)
    if content is None:
        return ()
    try:
        return TypeAdapter(tuple[SummaryOfFindings, ...]).validate_json(content)
    except (ValidationError, ValueError) as error:
        kept.damaged(FINDINGS, f"cannot be read: {str(error).splitlines()[0]}")
        return ()


def _pictures(kept: _Kept) -> dict[str, ReadPicture]:
    found = {}
    for file in kept.names(".svg"):
        content = kept.content(file)
        try:
            if content is not None:
                found[file] = read_svg(file, content)
        except ReportError as error:
            kept.damaged(file, "; ".join(p.what for p in error.problems))
    return found


def _check_pictures(
    kept: _Kept, result: ResultFile, pictures: dict[str, ReadPicture]
) -> Iterator[Incoherence]:
    known = set()
    for q in result.questions:
        for name in ("", *CHECKS):
            file = f"{q.id}_{name}.svg" if name else f"{q.id}.svg"
            known.add(file)
            picture = pictures.get(file)
            if picture is None:
                if not name and not (kept.folder / file).is_file():
                    yield Incoherence(file, "file", f"is missing; {RIGHT}")
            elif name:
                yield from check_picture(file, name, q, picture)
            else:
                yield from (check_forest if q.k else check_directions)(file, q, picture)
    for file in sorted(set(pictures) - known):
        yield Incoherence(file, "file", "is a picture of no question of the report")
    for file in kept.names(".png"):
        yield from _check_png(kept, file, pictures.get(f"{file.removesuffix('.png')}.svg"))


def _check_png(kept: _Kept, file: str, beside: ReadPicture | None) -> Iterator[Incoherence]:
    """A PNG is whole, and says what the SVG beside it says, where it says anything."""
    content = kept.content(file)
    if beside is None:
        yield Incoherence(file, "file", "is a picture without an SVG beside it")
    if content is None or beside is None:
        return
    try:
        told = png_description(file, content)
    except ReportError as error:
        kept.damaged(file, "; ".join(p.what for p in error.problems))
        return
    if told is not None and bare(told) != bare(beside.description):
        what = "is another than that of the SVG beside it"
        yield Incoherence(file, "description", what, beside.description, told)


def _check_forms(
    kept: _Kept,
    result: ResultFile,
    expected: list[Expected],
    pictures: dict[str, ReadPicture],
) -> Iterator[Incoherence]:
    forms = {}
    for file, read in FORMS.items():
        if file in MAY_LACK and not (kept.folder / file).exists():
            continue
        content = kept.content(file)
        try:
            if content is not None:
                forms[file] = read(file, content)
        except ReportError as error:
            kept.damaged(file, "; ".join(p.what for p in error.problems))
        except UnicodeDecodeError as error:
            kept.damaged(file, f"is no UTF-8: byte {error.start}")
    page = forms.get(PAGE)
    labels = {} if page is None else labels_of(page)
    aside = frozenset(e.anchor for e in expected if e.beside)
    drawn = _drawn(result)
    if page is not None:
        yield from check_labels(page)
    for form in forms.values():
        yield from check_references(form, labels)
        yield from check_figures(form, labels)
        yield from check_sentences(form, result)
        if form is not page and page is not None:
            yield from check_same_labels(form, labels, aside=aside)
        for table in expected:
            found = _table(form, table.anchor, labels)
            if found is not None:
                yield from compare_table(form.file, table, found)
            elif form is page or not table.beside:
                yield Incoherence(form.file, table.anchor, "the table is missing")
        yield from _check_images(kept, form, labels, drawn, pictures)
    if page is not None:
        for anchor in sorted(set(page.tables) - {e.anchor for e in expected}):
            yield Incoherence(PAGE, anchor, "the table stands for no part of the result")


def _check_hashes(kept: _Kept) -> Iterator[Incoherence]:
    """A form that may be lacking is the one whose hash is kept."""
    text = kept.text(HASHES) if (kept.folder / HASHES).is_file() else None
    if text is None:
        return
    try:
        read = json.loads(text)
    except (ValueError, RecursionError) as error:
        kept.damaged(HASHES, f"cannot be read: {error}")
        return
    hashes = read.get("sha256") if isinstance(read, dict) else None
    for file in MAY_LACK:
        right = hashes.get(file) if isinstance(hashes, dict) else None
        content = kept.content(file) if (kept.folder / file).is_file() else None
        found = right if content is None else _digest(content)
        if found != right:
            yield Incoherence(file, "file", f"is not the one of {HASHES}", str(right), str(found))


def _digest(content: bytes) -> str:
    try:
        return digest(content)
    except DAMAGED as error:
        return f"none: {type(error).__name__}"


def _table(form: ReadForm, anchor: str, labels: dict[str, str]) -> ReadTable | None:
    return form.tables.get(anchor) or form.tables.get(labels.get(anchor, "none"))


def _drawn(result: ResultFile) -> dict[str, tuple[str, QuestionResult]]:
    """Name of the picture's files for the anchor of each figure that a report may have."""
    found = {}
    for q in result.questions:
        if q.k or q.partial:
            found[f"f-{q.id}"] = (q.id, q)
        found |= {f"f-{q.id}-{name}": (f"{q.id}_{name}", q) for name in CHECKS}
    return found


def _check_images(
    kept: _Kept,
    form: ReadForm,
    labels: dict[str, str],
    drawn: dict[str, tuple[str, QuestionResult]],
    pictures: dict[str, ReadPicture],
) -> Iterator[Incoherence]:
    """Each figure is the picture beside the report, and each picture is shown."""
    described = {}
    for anchor, (name, _) in drawn.items():
        picture = pictures.get(f"{name}.svg")
        figure = form.figures.get(anchor) or form.figures.get(labels.get(anchor, "none"))
        if picture is None:
            continue
        if figure is None:
            yield Incoherence(form.file, anchor, "the figure is missing")
            continue
        described[figure.label] = picture.description
        if form.file == PAGE:
            yield from _same(kept, form.file, anchor, figure.image, f"{name}.svg")
        elif form.file.endswith(".docx") and (kept.folder / f"{name}.png").is_file():
            yield from _same(kept, form.file, anchor, figure.image, f"{name}.png")
        if figure.source and not figure.source.startswith(name):
            yield Incoherence(form.file, anchor, "picture", name, figure.source)
        if form.file.endswith(".pdf"):
            yield from _words(form.file, anchor, figure.words, picture)
    yield from check_words(form, described)
    for anchor in sorted(set(form.figures) - set(drawn) - {labels.get(a) for a in drawn}):
        yield Incoherence(form.file, anchor, "the figure is of no question of the report")


def _same(kept: _Kept, file: str, anchor: str, image: bytes, name: str) -> Iterator[Incoherence]:
    beside = kept.content(name)
    if beside is not None and image != beside:
        sizes = f"{len(beside)} bytes", f"{len(image)} bytes"
        yield Incoherence(file, anchor, f"the picture is not {name}", *sizes)


def _words(file: str, anchor: str, words: str, picture: ReadPicture) -> Iterator[Incoherence]:
    """A picture that a form draws itself shows the words of the SVG, in their order."""
    mine, theirs = bare("".join(w.text for w in picture.words)), bare(words)
    if len(mine) != len(theirs) or any(
        a != b and b != "\u25a1" for a, b in zip(mine, theirs, strict=True)
    ):
        at = next((i for i, (a, b) in enumerate(zip(mine, theirs, strict=False)) if a != b), 0)
        what = "words of the picture"
        yield Incoherence(file, anchor, what, mine[at : at + 40], theirs[at : at + 40])
