"""compose: from a result to the document that all forms of its report are written from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from evidence.report.composed.citing import cite_fold, cite_report
from evidence.report.composed.material import Material
from evidence.report.composed.question import question_blocks, unused_blocks
from evidence.report.document.blocks import (
    Block,
    Cite,
    Document,
    Fold,
    Heading,
    Inline,
    Items,
    Link,
    Literally,
    Paragraph,
    Part,
    Ref,
    TableBlock,
    Tag,
)
from evidence.report.document.blocks import References as Bibliography
from evidence.report.methods import library, methods
from evidence.report.release import release_in
from evidence.report.result import QuestionResult, ResultFile
from evidence.report.tables import overview_table

CONTRAST_TAGS = {
    "within": "not a treatment effect",
    "level": "a level, no treatment effect",
    "association": "an association, no treatment effect",
}
FORMS = {
    "index.html": "a page for reading on a screen",
    "report.pdf": "for print",
    "report.docx": "for Word",
    "report.md": "plain text",
}


def compose(result: ResultFile, material: Material, run: Mapping[str, Any]) -> Document:
    """Write a report as a document: the same for the same result, material and run record."""
    blocks: list[Block] = [
        Heading(2, "What was found, and how sure one can be", "found"),
        TableBlock("t-overview", overview_table(result.questions)),
    ]
    blocks += [_answer(q, material.headings[q.id]) for q in result.questions]
    blocks += _findings(material)
    blocks.append(Heading(2, "What the trials show", "shown"))
    release = release_in(run)
    for question in result.questions:
        blocks += question_blocks(question, material)
        blocks += [] if release is None else [cite_fold(question, release)]
    blocks += _how(result)
    blocks.append(Heading(2, "What could not be used, and why", "unused"))
    for question in result.questions:
        blocks += unused_blocks(question, material.headings[question.id])
    blocks += [*cite_report(result, release), *_record(result, run)]
    return Document(
        name=result.name,
        title=result.title,
        lead=result.lead,
        blocks=tuple(blocks),
        references={**library(), **material.references.items},
        about={
            "version": str(run["evidence"]),
            "data_hash": str(run["data_hash"]),
            **({"date": release.date} if release is not None and release.date else {}),
            **({"author": ", ".join(release.authors)} if release is not None else {}),
        },
    )


def _answer(result: QuestionResult, heading: str) -> Part:
    tags: list[Inline] = []
    if result.indirect:
        tags += [" ", Tag("indirect")]
    if result.contrast in CONTRAST_TAGS:
        tags += [" ", Tag(CONTRAST_TAGS[result.contrast])]
    return Part(
        "answer",
        f"a-{result.id}",
        (
            Paragraph((Ref(f"q-{result.id}", heading), *tags)),
            Paragraph((result.finding,), "finding"),
            Items(tuple((line,) for line in result.certainty)),
        ),
    )


def _findings(material: Material) -> list[Block]:
    if not material.findings:
        return []
    blocks: list[Block] = [Heading(2, "Summary of findings", "certainty")]
    for number, (table, notes) in enumerate(material.findings, 1):
        inside = [TableBlock(f"t-findings-{number}", table)]
        if notes is not None:
            inside.append(TableBlock(f"t-findings-{number}-notes", notes))
        blocks.append(Fold(table.title, tuple(inside), opened=True, under="certainty"))
    return blocks


def _how(result: ResultFile) -> list[Block]:
    blocks: list[Block] = [Heading(2, "How it was done", "how")]
    for paragraph in methods(result):
        cite = (Cite(paragraph.cites),) if paragraph.cites else ()
        blocks.append(Paragraph((paragraph.text, *cite)))
    return [*blocks, Heading(3, "References", "references"), Bibliography()]


def _record(result: ResultFile, run: Mapping[str, Any]) -> list[Block]:
    seeds = ", ".join(f"{name} {seed}" for name, seed in run["seeds"].items()) or "none"
    forms: list[Inline] = []
    for file, what in FORMS.items():
        forms += [Link(file, file), f" ({what}), "]
    forms[-1] = str(forms[-1]).removesuffix(", ") + "."
    blocks: list[Block] = [Heading(2, "Run record", "run")]
    built: tuple[Inline, ...] = (
        "Built by ", Literally(str(run["command"])), f" with evidence {run['evidence']}. "
        "Data hash ", Literally(str(run["data_hash"])[:16]), f" over {len(run['inputs'])} input "
        f"files. Seeds: {seeds}. Python and package versions and the hash of each input file "
        "stand in ", Literally("run.json"), "; all numbers in ", Literally("result.json"), ", ",
        Literally("effects.csv"), " and ", Literally("trace.csv"), ". ",
        Literally(f"evidence verify {result.name}"), " rebuilds this report and names every "
        "number that moved.",
    )  # fmt: skip
    return [*blocks, Paragraph(("This report in four forms: ", *forms)), Paragraph(built, "small")]
