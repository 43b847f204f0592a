"""The body of evidence: one page on all sources, readings, checks, ratings and their gaps."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

from evidence.catalog.audit_answers import load_audit_answers
from evidence.catalog.considered import Considered, considered
from evidence.catalog.excluded import (
    Excluded,
    Search,
    load_excluded,
    load_replication_targets,
    load_search,
)
from evidence.catalog.prisma import PrismaMap, load_prisma
from evidence.catalog.project import Project
from evidence.catalog.question import Question
from evidence.catalog.readings import Readings, agreement, load_readings
from evidence.catalog.replications import load_replications
from evidence.catalog.risk_of_bias import StudyRisk
from evidence.catalog.study import Study
from evidence.catalog.terms import Terms
from evidence.effects.assemble import effect_table
from evidence.effects.table import EffectTable
from evidence.models.answer import tell_nobody
from evidence.rating.audit.audit import audit
from evidence.rating.audit.finding import AuditFinding
from evidence.rating.risk_of_bias.lights import risk_lights
from evidence.rating.risk_of_bias.load import load_risk_of_bias
from evidence.rating.risk_of_bias.table import summary_words
from evidence.report.analysis import Analysis, analysis_names, load_analysis
from evidence.report.figures.flow_diagram import flow_diagram
from evidence.report.figures.plot import Plot
from evidence.report.figures.risk_summary import risk_summary_plot
from evidence.report.page import as_data
from evidence.report.risk.tables import risk_of_bias_table
from evidence.report.tables import Table
from evidence.report.whole.flow import Flow, flow
from evidence.report.whole.replication import ReplicationLine, replicate
from evidence.report.whole.tables import (
    audit_sentence,
    audit_table,
    excluded_table,
    prisma_rows,
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

NAME = "body"
REPLICATION = (counts_table, rebuilt_table, trials_table, missing_table)
ABOUT = (
    "What aromatase inhibition does to men is told in trials that asked little of it, in reports "
    "that print little of what was measured, and in women by analogy. This page says which sources "
    "there are, how they were found and read, what was checked, how far each can be trusted, and "
    "what is lacking; the reports of the questions say what they show."
)


@dataclass(frozen=True, slots=True, eq=False)
class Body:
    """All that the page is made of."""

    studies: tuple[Study, ...]
    terms: Terms
    excluded: Excluded
    search: Search
    readings: Readings
    ledger: Considered
    findings: tuple[AuditFinding, ...]
    risks: tuple[StudyRisk, ...]
    prisma: PrismaMap
    analyses: tuple[Analysis, ...]
    answered: tuple[tuple[str, Question, EffectTable], ...]
    replicated: tuple[ReplicationLine, ...]


def gather_body(project: Project, tell: Callable[[str], None] = tell_nobody) -> Body:
    """Read and count everything; nothing is fitted.

    Raises
    ------
    EvidenceError
        Whatever is wrong with a file of the project.
    """
    data = project.root / "data"
    terms = project.terms()
    studies = project.studies(terms)
    names = analysis_names(project.analyses_folder)
    analyses = tuple(load_analysis(project.analyses_folder, name) for name in names)
    answered = []
    for analysis in analyses:
        tell(f"{NAME}: effects of {analysis.name}")
        answered += [
            (analysis.name, s.question, effect_table(studies, s.question, terms))
            for s in analysis.sections
        ]
    tell(f"{NAME}: audit")
    return Body(
        studies=studies,
        terms=terms,
        excluded=load_excluded(data / "excluded.yaml"),
        search=load_search(data / "search.yaml"),
        readings=load_readings(data / "readings.yaml"),
        ledger=considered(project),
        findings=audit(studies, terms, load_audit_answers(data / "audit.yaml")).findings,
        risks=load_risk_of_bias(data / "risk_of_bias", studies, terms),
        prisma=load_prisma(data / "prisma.yaml"),
        analyses=analyses,
        answered=tuple(answered),
        replicated=_replicated(data, studies, terms),
    )


def _replicated(data: Path, studies: Sequence[Study], terms: Terms) -> tuple[ReplicationLine, ...]:
    """Published meta-analyses, rebuilt; nothing where a project names none."""
    path = data / "replications.yaml"
    if not path.is_file():
        return ()
    targets = load_replication_targets(data / "replication_targets.yaml")
    known = frozenset(study.id for study in studies)
    return replicate(load_replications(path, targets, terms, known), targets, studies, terms)


def body_files(
    body: Body,
    findings: Sequence[tuple[Table, Table | None]] = (),
    notes: Sequence[str] = (),
) -> dict[str, bytes]:
    """Make the files of ``reports/body``: page, flow of sources and its numbers.

    Parameters
    ----------
    body : Body
    findings : sequence of (Table, Table or None)
        Summaries of findings with their footnotes.
    notes : sequence of str
        Reports that could not be read.
    """
    counted = flow(body.studies, body.excluded, [(q, table) for _, q, table in body.answered])
    diagram = flow_diagram(counted)
    pictures = {"flow": diagram}
    if any(line.tool is not None for line in risk_lights(body.risks)):
        pictures["risk"] = risk_summary_plot(body.risks, title="Risk of bias of all rated results")
    return {
        "index.html": body_page(body, pictures, findings, notes).encode("utf-8"),
        "flow.svg": diagram.svg(),
        **{f"{name}.png": plot.png() for name, plot in pictures.items()},
        "body.json": _numbers(body, counted),
    }


def body_page(
    body: Body,
    pictures: Mapping[str, Plot],
    findings: Sequence[tuple[Table, Table | None]],
    notes: Sequence[str] = (),
) -> str:
    """Write the self-contained page; all text is escaped, scripts are forbidden."""
    from jinja2 import Environment, PackageLoader, StrictUndefined
    from markupsafe import Markup

    environment = Environment(
        loader=PackageLoader("evidence.report"),
        autoescape=True,
        undefined=StrictUndefined,
        keep_trailing_newline=True,
    )
    style = resources.files("evidence.report").joinpath("templates/style.css").read_text("utf-8")
    met = Counter(entry.met for entry in body.prisma.items)
    # The hatching of the bars of risk makes their SVG ten times as large as the PNG.
    shown = {
        name: {
            "src": as_data(plot.png() if name == "risk" else plot.svg()),
            "description": plot.description,
        }
        for name, plot in pictures.items()
    }
    return environment.get_template("body.html.j2").render(
        style=Markup(style),
        about=ABOUT,
        reports=[_link(body, analysis) for analysis in body.analyses],
        flow=shown["flow"],
        risk=shown.get("risk"),
        ledger=ledger_sentence(body.ledger),
        search_about=body.search.about,
        search=search_table(body.search),
        search_points=body.search.open_points,
        excluded=excluded_table(body.excluded),
        studies=studies_table(body.studies, body.terms),
        agreement=f"{agreement(body.readings)}.",
        settlements=settlements_table(body.readings),
        audit_sentence=audit_sentence(body.findings),
        audit=audit_table(body.findings),
        risk_sentence=_risk_sentence(body),
        risk_tables=[t for t in (risk_of_bias_table(risk_lights(body.risks)),) if t is not None],
        findings=[{"table": table, "notes": notes} for table, notes in findings],
        replications=[make(body.replicated) for make in REPLICATION] if body.replicated else [],
        notes=notes,
        prisma=prisma_rows(body.prisma),
        prisma_about=body.prisma.about,
        prisma_sentence=f"Of {len(body.prisma.items)} items {met['yes']} are met, "
        f"{met['partly']} in part, {met['no']} not.",
    )


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


def _link(body: Body, analysis: Analysis) -> dict[str, Any]:
    mine = [table for name, _, table in body.answered if name == analysis.name]
    return {
        "href": f"../{analysis.name}/index.html",
        "title": analysis.title,
        "questions": len(mine),
        "pooled": sum(table.k > 0 for table in mine),
    }


def _risk_sentence(body: Body) -> str:
    lines = [line for line in risk_lights(body.risks) if line.overall is not None]
    levels = [line.overall.level for line in lines if line.overall is not None]
    want = sum(line.overall.for_want for line in lines if line.overall is not None)
    return (
        f"{len(lines)} results of {len(body.risks)} studies were rated by the algorithm of the "
        f"tool: {summary_words(levels)}. For {want} of them the level rests on what was not told "
        "on the pages read, not on a fault that was seen."
    )


def _numbers(body: Body, counted: Flow) -> bytes:
    """The counts of the page."""
    ledger = body.ledger
    readings = agreement(body.readings)
    record = {
        "format": "evidence-body/1",
        "flow": {
            **{name: getattr(counted, name) for name in counted.__slots__ if name != "excluded"},
            "excluded": dict(counted.excluded),
        },
        "ledger": {
            name: getattr(ledger, name)
            for name in ledger.__slots__
            if name not in ("lost", "without_outcomes")
        }
        | {"lost": len(ledger.lost), "without_outcomes": list(ledger.without_outcomes)},
        "readings": {name: getattr(readings, name) for name in readings.__slots__},
        "audit": dict(
            Counter("unanswered" if f.answer is None else f.answer.answer for f in body.findings)
        ),
        "prisma": dict(Counter(entry.met for entry in body.prisma.items)),
    }
    return (json.dumps(record, indent=1, ensure_ascii=False) + "\n").encode("utf-8")
