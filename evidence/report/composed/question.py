"""The blocks of one question: its figure, its tables, and what stands apart from the answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from evidence.catalog.phrases import counted
from evidence.report.block import Block as Apart
from evidence.report.borrowed.wording import borrowed_part
from evidence.report.certainty.collect import rating_part
from evidence.report.composed.material import Material
from evidence.report.composed.references import References
from evidence.report.directions import direction_table
from evidence.report.document.blocks import (
    Block,
    Fold,
    Heading,
    Literally,
    Paragraph,
    Part,
    Picture,
    Strong,
    TableBlock,
    Verbatim,
)
from evidence.report.pictures import Drawn
from evidence.report.result import EffectLine, PartialLine, QuestionResult
from evidence.report.risk.wording import risk_part
from evidence.report.said.wording import said_part
from evidence.report.tables import (
    Table,
    agreement_table,
    assumptions_table,
    effects_table,
    models_table,
    partial_table,
    priors_table,
    sensitivity_table,
    shrinkage_table,
    unused_tables,
)

# What stands below a question's classical answer, told apart from it, in this order.
PARTS: tuple[Callable[[QuestionResult], Apart | None], ...] = (
    lambda result: rating_part(result.rating),
    lambda result: risk_part(result.risk),
    said_part,
    borrowed_part,
)
# Long tables that a printed form leaves to a file beside it.
ELSEWHERE = {
    "Answers behind the risk of bias": "result.json",
    "Other people, designs or comparisons": "unused.csv",
}


def question_blocks(result: QuestionResult, material: Material) -> list[Block]:
    """Everything that a report shows of one question."""
    drawn = material.further.get(result.id, {})
    blocks: list[Block] = [Heading(3, result.title, f"q-{result.id}")]
    if result.note:
        blocks.append(Paragraph((result.note,), "small"))
    told = (
        f"Looked at: {counted(result.considered, 'report')} = {result.k} used + "
        f"{len(result.partial)} in part + {len(result.unused)} not used. Time: {result.window}. "
        "To be cited as "
    )
    blocks.append(Paragraph((told, Literally(result.id), "."), "small"))
    blocks += _pooled(result, material, drawn) if result.k else _directions(result, material)
    partial = partial_table(result)
    if partial is not None:
        cites = _cites(material.references, result.partial)
        blocks.append(_fold(result, "partial", partial, cites))
    for make in PARTS:
        part = make(result)
        if part is not None:
            blocks.append(_apart(result, part, drawn))
    if material.traces[result.id]:
        blocks.append(
            Fold(
                "From each number down to the printed page",
                (Verbatim(material.traces[result.id]),),
                elsewhere="trace.csv",
                under=f"q-{result.id}",
            )
        )
    return blocks


def _pooled(result: QuestionResult, material: Material, drawn: Mapping[str, Drawn]) -> list[Block]:
    cites = _cites(material.references, result.effects)
    first = material.pictures[result.id]
    blocks: list[Block] = [
        _picture(result, "", first, f"t-{result.id}-effects"),
        TableBlock(f"t-{result.id}-models", models_table(result), rows=_estimates(result)),
    ]
    shrinkage = shrinkage_table(result)
    if "posterior" in drawn and shrinkage is not None:
        blocks.append(_picture(result, "posterior", drawn["posterior"], f"t-{result.id}-shrinkage"))
    blocks.append(_fold(result, "effects", effects_table(result), cites))
    further = {
        "shrinkage": shrinkage,
        "sensitivity": sensitivity_table(result),
        "assumptions": assumptions_table(result),
        "priors": priors_table(result),
        "agreement": agreement_table(result),
    }
    blocks += [_fold(result, name, t) for name, t in further.items() if t is not None]
    return blocks


def _directions(result: QuestionResult, material: Material) -> list[Block]:
    """The display of directions with its table; of levels, what was said is the table."""
    drawn, table = material.pictures[result.id], direction_table(result)
    if table is not None:
        anchor = f"t-{result.id}-directions"
        return [_picture(result, "", drawn, anchor), TableBlock(anchor, table)]
    if result.partial:
        return [_picture(result, "", drawn, f"t-{result.id}-partial")]
    return [Paragraph((drawn.description,))]


def _estimates(result: QuestionResult) -> dict[int, str]:
    """Anchors of the rows of the table of models: one for each estimate."""
    fits = [fit for fit in (result.main, *result.others) if fit is not None]
    names = [fit.name for fit in fits] + ([] if result.exact is None else ["exact"])
    return {row: f"e-{result.id}-{name}" for row, name in enumerate(names)}


def _cites(
    references: References, lines: Sequence[EffectLine | PartialLine]
) -> dict[int, tuple[str, ...]]:
    found = {i: references.of(line.study, line.sources) for i, line in enumerate(lines)}
    return {i: keys for i, keys in found.items() if keys}


def _picture(result: QuestionResult, name: str, drawn: Drawn, text: str) -> Picture:
    ending = f"-{name}" if name else ""
    return Picture(
        anchor=f"f-{result.id}{ending}",
        name=f"{result.id}_{name}" if name else result.id,
        svg=drawn.svg,
        png=drawn.png,
        description=drawn.description,
        caption=drawn.title,
        text=text,
        narrow=drawn.narrow,
    )


def _fold(
    result: QuestionResult,
    name: str,
    table: Table,
    cites: Mapping[int, tuple[str, ...]] | None = None,
    title: str = "",
    under: str = "",
) -> Fold:
    block = TableBlock(f"t-{result.id}-{name}", table, cites or {}, supplement=True)
    return Fold(
        title or table.title,
        (block,),
        elsewhere=ELSEWHERE.get(table.title, ""),
        under=under or f"q-{result.id}",
    )


def _apart(result: QuestionResult, part: Apart, drawn: Mapping[str, Drawn]) -> Part:
    """A block told apart, with its pictures, what it shows and what it folds."""
    lead = (Strong(part.title), f" {part.paragraphs[0]}")
    blocks: list[Block] = [Paragraph(lead), *(Paragraph((p,)) for p in part.paragraphs[1:])]
    tables = (*part.tables, *part.folded)
    anchors = [f"{part.name}-{number}" for number in range(1, len(tables) + 1)]
    for name, at in part.pictures.items():
        if name in drawn:
            blocks.append(_picture(result, name, drawn[name], f"t-{result.id}-{anchors[at]}"))
    row = {} if part.estimate is None else {part.estimate: f"e-{result.id}-{part.name}"}
    for number, table in enumerate(part.tables):
        rows = row if number == 0 else {}
        blocks.append(TableBlock(f"t-{result.id}-{anchors[number]}", table, rows=rows))
    folded = zip(anchors[len(part.tables) :], part.folded, strict=True)
    blocks += [_fold(result, anchor, table) for anchor, table in folded]
    return Part(part.name, f"{part.name}-{result.id}", tuple(blocks))


def unused_blocks(result: QuestionResult, heading: str) -> list[Fold]:
    """What could not be used for a question, and why."""
    folds = []
    for number, table in enumerate(unused_tables(result), 1):
        title = f"{heading}: {table.title[:1].lower()}{table.title[1:]} ({len(table.rows)})"
        folds.append(_fold(result, f"unused-{number}", table, title=title, under="unused"))
    return folds
