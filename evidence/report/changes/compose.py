"""The living diff as a document: a section for each data release, newest first."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from evidence.report.changes.figures import ANSWER_WORDS, answer_text, standard_error
from evidence.report.changes.history import History, Step
from evidence.report.changes.inline import claim_items, sentence_blocks
from evidence.report.changes.snapshot import QuestionState, Snapshot
from evidence.report.changes.tables import (
    added_table,
    claims_table,
    counts_table,
    finer_table,
    inputs_table,
    links_now,
    new_answers_table,
    numbers_table,
    overview_table,
    ratings_table,
    removed_table,
    unexplained_table,
)
from evidence.report.changes.words import (
    UNCHANGED,
    day_words,
    many,
    snapshot_name,
    tally_words,
)
from evidence.report.document.blocks import (
    Block,
    Document,
    Fold,
    Heading,
    Link,
    Literally,
    Paragraph,
    Picture,
    Ref,
    TableBlock,
)
from evidence.report.figures.moved import COLUMNS, moved_plot
from evidence.report.figures.plot import Plot
from evidence.report.numbers import pretty_unit
from evidence.report.wording import capital

NAME = "changes"
TITLE = "Changes: what moved between data releases"
LEAD = (
    "For each data release: which numbers moved, by how much and why, and which certainty ratings, "
    "verdicts and sentences changed with them. Figures and inputs are compared by the program; the "
    "reasons are given by people, and where nobody gave one, that is said."
)
HOW = (
    "A number moved where it is not the same in the first ten digits; it is told among the numbers "
    "that moved where it is printed otherwise, and below them where only digits changed that are "
    "not printed. Shifts are in standard errors: the root mean square of those before and after. "
    "Inputs are compared by their hashes, from the run records of the reports. That an input "
    "changed does not show that it moved a number; and where inputs changed, the program may have "
    "changed too."
)
# So many lines a figure has room for.
MOST_LINES = 40
VALUES = "changes.json"


def compose_changes(history: History, now: Snapshot) -> Document:
    """Write what moved, up to the reports of now, as a document."""
    releases = history.releases.releases
    since = history.step(releases[-1].version, "now", now)
    steps = history.steps()
    anchors = ["since", *(anchor_of(release.version) for release in reversed(releases))]
    leads = {(row, 0): f"#{anchor}" for row, anchor in enumerate(anchors)}
    blocks: list[Block] = [
        Heading(2, "All releases", "releases"),
        TableBlock("t-releases", overview_table(history, (*steps, since)), links=leads),
        Paragraph((HOW,), "small"),
        Paragraph(
            (
                "As values: ", Link(VALUES, VALUES), ", and every figure that "
                "moved as a line of ", Link("changes.csv", "changes.csv"), ". At a prompt: ",
                Literally("evidence changes"), ".",
            ),
            "small",
        ),
    ]  # fmt: skip
    blocks += _section(since, "Since the last release", "since")
    for step, release in zip(reversed(steps), reversed(releases), strict=False):
        title = f"{release.version}, {day_words(release.date)}"
        blocks += _section(step, title, anchor_of(release.version))
    blocks += _first(history)
    blocks = list(_leading(tuple(blocks), now))
    return Document(
        name=NAME,
        title=TITLE,
        lead=LEAD,
        blocks=tuple(blocks),
        about={
            "version": releases[-1].version,
            "data_hash": now.data_hash,
            "date": releases[-1].date,
        },
    )


def _leading(blocks: tuple[Block, ...], now: Snapshot) -> Iterator[Block]:
    """Blocks whose links lead to the questions that there are now, and where these stand now."""
    there = {question.id: question for question in now.questions}
    for block in blocks:
        if isinstance(block, Fold):
            yield replace(block, blocks=tuple(_leading(block.blocks, now)))
        elif isinstance(block, TableBlock):
            yield replace(block, links=links_now(block.links, there))
        else:
            yield block


def anchor_of(version: str) -> str:
    """Anchor of a release's section.

    Examples
    --------
    >>> anchor_of("0.1.0a1")
    'v-0-1-0a1'
    """
    return "v-" + version.replace(".", "-")


def _first(history: History) -> list[Block]:
    release, snapshot = history.releases.releases[0], history.snapshots[0]
    anchor = anchor_of(release.version)
    text = f"The first release: {_size(snapshot)}. Nothing stood before it."
    return [
        Heading(2, f"{release.version}, {day_words(release.date)}", anchor),
        Paragraph((release.why,)),
        Paragraph((f"{text} Data ", Literally(snapshot.data_hash[:12]), "."), "small"),
    ]


def _size(snapshot: Snapshot) -> str:
    questions, reports = len(snapshot.questions), len(snapshot.reports)
    return f"{many(questions, 'question')} in {many(reports, 'report')}"


def _section(step: Step, title: str, anchor: str) -> list[Block]:
    found = step.difference
    blocks: list[Block] = [Heading(2, title, anchor)]
    blocks += [Paragraph((why,)) for why in step.why if step.release is not None]
    blocks.append(
        Paragraph(
            (
                f"Compared with {snapshot_name(found.old)}. {_size(found.new)}; data ",
                Literally(found.new.data_hash[:12]), ", before ",
                Literally(found.old.data_hash[:12]), ".",
            ),
            "small",
        )
    )  # fmt: skip
    if found.empty:
        return [*blocks, Paragraph((UNCHANGED,), "finding")]
    blocks.append(Paragraph((f"{capital(tally_words(step))}.",), "finding"))
    return [
        *blocks,
        *_numbers(step, anchor),
        *_ratings(step, anchor),
        *_claims(step, anchor),
        *_questions(step, anchor),
        *_beneath(step, anchor),
    ]


def _numbers(step: Step, anchor: str) -> list[Block]:
    table = numbers_table(step)
    blocks: list[Block] = []
    if table is not None:
        blocks.append(Heading(3, "Numbers that moved", f"{anchor}-numbers"))
        plot = _plot(step)
        at = f"t-{anchor}-numbers"
        if plot is not None:
            caption = "Answers that moved, from before to after, in standard errors"
            blocks.append(
                Picture(
                    f"f-{anchor}-moved", f"moved-{anchor}", plot.svg(), plot.png(144),
                    plot.description, caption, at,
                )
            )  # fmt: skip
        blocks.append(TableBlock(at, table.table, links=table.links))
    further = (
        ("Answers that are new", new_answers_table(step), "new", ""),
        ("Moved by less than is printed", finer_table(step), "finer", VALUES),
        ("Trials, people and reports behind the answers", counts_table(step), "counts", VALUES),
    )
    for title, made, name, elsewhere in further:
        if made is not None:
            block = TableBlock(f"t-{anchor}-{name}", made.table, supplement=True, links=made.links)
            blocks.append(Fold(title, (block,), elsewhere, under=anchor))
    return blocks


def _plot(step: Step) -> Plot | None:
    """Answers that were printed before and are printed otherwise now, farthest first."""
    groups: list[list[tuple[object, ...]]] = []
    for change in step.difference.changed:
        unit = f", {pretty_unit(change.new.unit)}" if change.new.unit else ""
        lines: list[tuple[object, ...]] = []
        for answer in change.moved:
            old, new = (getattr(side, answer.answer) for side in (change.old, change.new))
            if answer.errors is None:
                continue
            a, b = old.at, new.at
            null = None if change.new.contrast == "level" else 0.0
            lines.append(
                (
                    change.new.title, ANSWER_WORDS[answer.answer] + unit,
                    a.estimate, a.low, a.high, standard_error(old),
                    b.estimate, b.low, b.high, standard_error(new), null,
                    answer_text(change.old, old, unit=False),
                    answer_text(change.new, new, unit=False), abs(answer.errors),
                )
            )  # fmt: skip
        if lines:
            groups.append(lines)
    if not groups:
        return None
    import pandas as pd

    # Of many, the figure shows those that moved most; the table below it has them all.
    groups.sort(key=lambda lines: -max(float(str(line[-1])) for line in lines))
    rows = [line[:-1] for lines in groups for line in lines][:MOST_LINES]
    frame = pd.DataFrame(rows, columns=list(COLUMNS)).astype({"null": object})
    found = step.difference
    before, after = (side.version or "now" for side in (found.old, found.new))
    return moved_plot(
        frame.where(frame.notna(), None),
        before=before,
        after=after,
        title=f"Answers that moved from {before} to {after}",
    )


def _ratings(step: Step, anchor: str) -> list[Block]:
    changed, first = ratings_table(step, first=False), ratings_table(step, first=True)
    blocks: list[Block] = []
    if changed is not None:
        blocks.append(Heading(3, "Certainty ratings that changed", f"{anchor}-ratings"))
        blocks.append(TableBlock(f"t-{anchor}-ratings", changed.table, links=changed.links))
    if first is not None:
        at = f"t-{anchor}-rated"
        block = TableBlock(at, first.table, supplement=True, links=first.links)
        blocks.append(Fold("Rated for the first time", (block,), under=anchor))
    return blocks


def _claims(step: Step, anchor: str) -> list[Block]:
    found = step.difference
    table = claims_table(step)
    blocks: list[Block] = []
    if table is not None:
        blocks.append(Heading(3, "Verdicts on claims that changed", f"{anchor}-verdicts"))
        blocks.append(TableBlock(f"t-{anchor}-verdicts", table.table, links=table.links))
    items = claim_items(found)
    if items is not None:
        blocks.append(Fold("Claims and their words", (items,), under=anchor))
    return blocks


def _questions(step: Step, anchor: str) -> list[Block]:
    found = step.difference
    blocks: list[Block] = []
    gone = removed_table(step)
    if gone is not None:
        blocks.append(Heading(3, "Questions that went", f"{anchor}-removed"))
        blocks.append(TableBlock(f"t-{anchor}-removed", gone.table, links=gone.links))
    for old, new in found.renamed:
        text = f"{old.title} ({old.id}) seems to be {new.title} ({new.id}) now: the same figures."
        blocks.append(Paragraph((text,)))
    if found.added:
        made = added_table(found.added)
        block = TableBlock(f"t-{anchor}-added", made.table, supplement=True, links=made.links)
        title = f"{many(len(found.added), 'question')} added in {_reports(found.added)}"
        blocks.append(Fold(title, (block,), VALUES, under=anchor))
    return blocks


def _reports(questions: Iterable[QuestionState]) -> str:
    return many(len({question.analysis for question in questions}), "report")


def _beneath(step: Step, anchor: str) -> list[Block]:
    blocks: list[Block] = []
    told = sentence_blocks(step.difference)
    if told:
        blocks.append(Fold("Sentences that changed", told, under=anchor))
    inputs = inputs_table(step)
    if inputs is not None:
        block = TableBlock(f"t-{anchor}-inputs", inputs.table, supplement=True, links=inputs.links)
        blocks.append(Fold("Which inputs changed", (block,), VALUES, under=anchor))
    lacking = unexplained_table(step)
    if lacking is not None:
        at = f"t-{anchor}-lacking"
        blocks.append(Heading(3, "Moved without a reason given", f"{anchor}-lacking"))
        blocks.append(TableBlock(at, lacking.table, links=lacking.links))
        if step.release is None:
            blocks.append(Paragraph((_pending(), Ref(at), "."), "small"))
    return blocks


def _pending() -> str:
    return "A reason is written into data/releases.yaml under unreleased, for each of "


def pictures(document: Document) -> Sequence[Picture]:
    """Pictures of the document, to be written beside it."""
    return [block for block in document.blocks if isinstance(block, Picture)]
