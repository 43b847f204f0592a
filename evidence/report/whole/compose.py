"""The body of evidence as a document: sources, readings, checks, ratings and their gaps."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from evidence.catalog.considered import Considered
from evidence.catalog.prisma import PrismaMap
from evidence.catalog.readings import agreement
from evidence.rating.risk_of_bias.lights import risk_lights
from evidence.rating.risk_of_bias.table import summary_words
from evidence.report.analysis import Analysis
from evidence.report.composed.references import references_of
from evidence.report.document.blocks import (
    Block,
    Document,
    Fold,
    Heading,
    Items,
    Link,
    Paragraph,
    Picture,
    References,
    TableBlock,
)
from evidence.report.figures.plot import Plot
from evidence.report.pictures import SCREEN_DPI
from evidence.report.risk.tables import risk_of_bias_table
from evidence.report.tables import Table
from evidence.report.whole.flow import Flow
from evidence.report.whole.gather import Body
from evidence.report.whole.tables import (
    audit_sentence,
    audit_table,
    excluded_table,
    flow_table,
    prisma_table,
    search_table,
    settlements_table,
    studies_table,
)
from evidence.report.whole.tables_replication import (
    counts_table,
    missing_table,
    rebuilt_table,
    trials_table,
)

ABOUT = (
    "What aromatase inhibition does to men is told in trials that asked little of it, in reports "
    "that print little of what was measured, and in women by analogy. This page says which sources "
    "there are, how they were found and read, what was checked, how far each can be trusted, and "
    "what is lacking; the reports of the questions say what they show."
)


def compose_body(
    body: Body,
    counted: Flow,
    pictures: Mapping[str, Plot],
    findings: Sequence[tuple[Table, Table | None]],
    notes: Sequence[str] = (),
) -> Document:
    """Write the body of evidence as a document."""
    references = references_of(body.studies)
    blocks: list[Block] = [Heading(2, "Reports", "reports"), _reports(body)]
    blocks += [
        Heading(2, "From the sources to the answers", "flow"),
        _picture("flow", pictures["flow"], "t-flow"),
        TableBlock("t-flow", flow_table(counted)),
        Paragraph((ledger_sentence(body.ledger),), "small"),
        Heading(2, "How the sources were found", "search"),
        Paragraph((body.search.about,), "small"),
        TableBlock("t-search", search_table(body.search)),
        *(Paragraph((f"Open: {point}",), "small") for point in body.search.open_points),
        Heading(2, "Sources left out, and why", "excluded"),
        _fold("excluded", excluded_table(body.excluded)),
        Heading(2, "Studies", "studies"),
        _fold(
            "studies",
            studies_table(body.studies, body.terms),
            {
                i: tuple(dict.fromkeys(references.ids[study.id, r.key] for r in study.reports))
                for i, study in enumerate(body.studies)
            },
        ),
        Heading(2, "Two readings of the figures", "readings"),
        Paragraph((f"{agreement(body.readings)}.",)),
        _fold("settlements", settlements_table(body.readings), under="readings"),
    ]
    blocks += [*_audit(body), *_risk(body, pictures), *_certainty(findings, notes)]
    blocks += [*_replications(body), *_prisma(body.prisma)]
    blocks += [Heading(2, "References", "references"), References()]
    return Document(
        name="body",
        title="The body of evidence",
        lead=ABOUT,
        blocks=tuple(blocks),
        references=references.items,
    )


def _reports(body: Body) -> Items:
    items = [_link(body, analysis) for analysis in body.analyses]
    claims = Link("The claims, and what the evidence says of them", "../claims/index.html")
    return Items((*items, (claims,)))


def _link(body: Body, analysis: Analysis) -> tuple[Link, str]:
    mine = [table for name, _, table in body.answered if name == analysis.name]
    pooled = sum(table.k > 0 for table in mine)
    told = f": {len(mine)} questions, {pooled} with a pooled answer"
    return Link(analysis.title, f"../{analysis.name}/index.html"), told


def _picture(name: str, plot: Plot, text: str) -> Picture:
    svg, png = plot.svg(), plot.png(SCREEN_DPI)
    return Picture(f"f-{name}", name, svg, png, plot.description, plot.title, text)


def _fold(
    name: str, table: Table, cites: Mapping[int, tuple[str, ...]] | None = None, under: str = ""
) -> Fold:
    block = TableBlock(f"t-{name}", table, cites or {}, supplement=True)
    return Fold(f"{table.title} ({len(table.rows)})", (block,), under=under or name)


def _audit(body: Body) -> Iterator[Block]:
    yield Heading(2, "Plausibility audit", "audit")
    told = audit_sentence(body.findings)
    measured = "What the checks find and miss is measured on seeded errors"
    yield Paragraph((f"{told} {measured} (docs/validation-audit.md).",))
    if body.findings:
        yield _fold("audit", audit_table(body.findings))


def _risk(body: Body, pictures: Mapping[str, Plot]) -> Iterator[Block]:
    yield Heading(2, "Risk of bias", "risk")
    lines = risk_lights(body.risks)
    table = risk_of_bias_table(lines)
    if table is not None and "risk" in pictures:
        yield _picture("risk", pictures["risk"], "t-risk")
    rated = [line.overall for line in lines if line.overall is not None]
    levels = summary_words([overall.level for overall in rated])
    want = sum(overall.for_want for overall in rated)
    told = (
        f"{len(rated)} results of {len(body.risks)} studies were rated by the algorithm of the "
        f"tool: {levels}. For {want} of them the level rests on what was not told on the pages "
        "read, not on a fault that was seen."
    )
    yield Paragraph((told,), "small")
    if table is not None:
        yield _fold("risk", table)


def _certainty(
    findings: Sequence[tuple[Table, Table | None]], notes: Sequence[str]
) -> Iterator[Block]:
    yield Heading(2, "Certainty of every answer", "certainty")
    for note in notes:
        yield Paragraph((f"Not used: {note}",), "small")
    for number, (table, footnotes) in enumerate(findings, 1):
        inside = [TableBlock(f"t-findings-{number}", table, supplement=True)]
        if footnotes is not None:
            inside.append(TableBlock(f"t-findings-{number}-notes", footnotes, supplement=True))
        yield Fold(f"{table.title} ({len(table.rows)})", tuple(inside), under="certainty")


def _replications(body: Body) -> Iterator[Block]:
    if not body.replicated:
        return
    yield Heading(2, "Published meta-analyses, rebuilt", "replication")
    yield TableBlock("t-replication", counts_table(body.replicated))
    further = (rebuilt_table, trials_table, missing_table)
    for number, make in enumerate(further, 1):
        yield _fold(f"replication-{number}", make(body.replicated), under="replication")


def _prisma(found: PrismaMap) -> Iterator[Block]:
    met = Counter(entry.met for entry in found.items)
    told = (
        f"{found.about} Of {len(found.items)} items {met['yes']} are met, {met['partly']} in part, "
        f"{met['no']} not."
    )
    yield Heading(2, "Where each item of PRISMA 2020 is met", "prisma")
    yield Paragraph((told,), "small")
    links = {(i, 3): f"../{x.place}" for i, x in enumerate(found.items) if x.place is not None}
    yield TableBlock("t-prisma", prisma_table(found), links=links)


def ledger_sentence(found: Considered) -> str:
    """Say what became of all that was first read."""
    lost = f"; {len(found.lost)} are lost" if found.lost else "; none is lost"
    return (
        f"Of {found.studies_read} studies first read {found.studies_kept} have a file and "
        f"{found.studies_excluded} were excluded; {found.studies_added} more were found by the "
        f"second reader. Of {found.figures:,} figures first read {found.found:,} stand as read, "
        f"{found.settled:,} were changed with both readings kept and {found.excluded:,} belong to "
        f"excluded studies{lost}. Studies without any outcome seen: "
        f"{', '.join(found.without_outcomes) or 'none'}."
    )
