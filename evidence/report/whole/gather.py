"""Gather the body of evidence: read and count everything; nothing is fitted."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

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
from evidence.catalog.readings import Readings, load_readings
from evidence.catalog.replications import load_replications
from evidence.catalog.risk_of_bias import StudyRisk
from evidence.catalog.study import Study
from evidence.catalog.terms import Terms
from evidence.effects.assemble import effect_table
from evidence.effects.table import EffectTable
from evidence.models.answer import tell_nobody
from evidence.rating.audit.audit import audit
from evidence.rating.audit.finding import AuditFinding
from evidence.rating.risk_of_bias.load import load_risk_of_bias
from evidence.report.analysis import Analysis, analysis_names, load_analysis
from evidence.report.whole.replication import ReplicationLine, replicate

NAME = "body"


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
