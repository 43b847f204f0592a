"""Tables of the whole body of evidence: studies, sources left out, readings, audit, PRISMA."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from evidence.catalog.excluded import EXCLUSION_LABELS, Excluded, Search
from evidence.catalog.prisma import PrismaMap
from evidence.catalog.readings import Readings
from evidence.catalog.study import Study
from evidence.catalog.terms import Terms
from evidence.rating.audit.finding import AuditFinding
from evidence.report.tables import Table
from evidence.report.whole.flow import Flow

MET = {"yes": "met", "partly": "met in part", "no": "not met"}
SETTLED = {
    "disagreement": "the readers differ",
    "not_seen_again": "not seen again",
    "first_reading_changed": "changed after the first reading",
}


def studies_table(studies: Iterable[Study], terms: Terms) -> Table:
    """Characteristics of every study with a file."""
    rows = []
    for study in studies:
        people = terms.populations[study.population.group].label
        drugs = dict.fromkeys(terms.drugs[arm.drug].label for arm in study.arms)
        rows.append(
            (
                study.id,
                study.design.replace("_", " "),
                f"{people}; {study.population.sex}"
                + (f"; age {study.population.age}" if study.population.age else ""),
                "" if study.population.n_randomised is None else f"{study.population.n_randomised}",
                "; ".join(drugs),
                f"{len(study.outcomes)}",
                ", ".join(study.overlaps),
            )
        )
    head = ("Study", "Design", "People", "n", "Arms", "Outcomes", "Shares people with")
    return Table("Studies", head, tuple(rows), (3, 5))


def flow_table(counted: Flow) -> Table:
    """The flow of the sources in numbers: the text of the flow diagram."""
    rows = [("Sources named or seen", f"{counted.sources:,}")]
    rows += [(f"left out: {reason}", f"{n:,}") for reason, n in counted.excluded]
    rows += [
        ("Studies with a file", f"{counted.studies:,}"),
        ("publications they were read from", f"{counted.reports:,}"),
        ("without any outcome seen", f"{counted.unreported:,}"),
        ("pooled in at least one answer", f"{counted.pooled:,}"),
        ("used in part only", f"{counted.in_part:,}"),
        ("looked at, but not usable", f"{counted.not_usable:,}"),
        ("not asked about", f"{counted.not_asked:,}"),
    ]
    return Table("Flow of the sources", ("What", "Number"), tuple(rows), (1,))


def excluded_table(excluded: Excluded) -> Table:
    """Sources without a study file, and why, in the order of the reasons."""
    order = list(EXCLUSION_LABELS)
    sources = sorted(excluded.sources, key=lambda item: (order.index(item.code), item.id))
    rows = tuple(
        (item.cite, EXCLUSION_LABELS[item.code], item.reason, item.reported_in or "")
        for item in sources
    )
    return Table("Sources without a study file", ("Source", "Why", "Reason", "Told in"), rows)


def search_table(search: Search) -> Table:
    """What was recorded of the search; "not recorded" where nothing was."""

    def told(value: object) -> str:
        if value is None:
            return "not recorded"
        return "; ".join(map(str, value)) if isinstance(value, tuple) else f"{value}"

    rows = tuple(
        (
            field.scope,
            field.population,
            field.interventions,
            told(field.databases),
            told(field.searched_on),
            told(field.screened),
            told(field.screened_by),
            field.read,
            f"{field.studies_with_file}",
        )
        for field in search.fields
    )
    head = (
        "Field", "People", "Treatments", "Searched in", "On", "Screened", "By", "What was read",
        "Studies with a file",
    )  # fmt: skip
    return Table("Search", head, rows, (8,))


def settlements_table(readings: Readings) -> Table:
    """Every difference between readings, with both of them and what holds."""
    rows = tuple(
        (
            item.study or item.target or "",
            ", ".join(item.outcomes),
            SETTLED[item.kind],
            item.first.text,
            "" if item.second is None else item.second.text,
            item.settled,
            item.reason,
        )
        for item in readings.settlements
    )
    head = ("Study", "Outcome", "What", "First reading", "Second reading", "What holds", "Why")
    return Table("Differences between readings, settled", head, rows)


def audit_table(findings: Sequence[AuditFinding]) -> Table:
    """Findings of the plausibility audit with their recorded answers."""
    rows = tuple(
        (
            f"{f.code} {f.name.replace('_', ' ')}",
            f.severity,
            f.study,
            " ".join(part for part in (f.outcome, f.address) if part),
            f"{f.found}; {f.expected}",
            "none yet" if f.answer is None else f.answer.answer,
            "" if f.answer is None else f.answer.reason,
        )
        for f in findings
    )
    head = ("Check", "Severity", "Study", "Where", "Found; expected", "Answer", "Reason")
    return Table("Findings of the plausibility audit", head, rows)


def audit_sentence(findings: Sequence[AuditFinding]) -> str:
    """Count the findings by their answer."""
    counts = Counter("unanswered" if f.answer is None else f.answer.answer for f in findings)
    told = ", ".join(
        f"{counts[word]} {word}"
        for word in ("accepted", "corrected", "open", "unanswered")
        if counts[word]
    )
    return f"{len(findings)} findings: {told}." if findings else "No findings."


def prisma_table(found: PrismaMap) -> Table:
    """Items, whether each is met, and where."""
    rows = tuple(
        (entry.item, entry.topic, MET[entry.met], entry.place or "", entry.note or "")
        for entry in found.items
    )
    return Table("Items of PRISMA 2020", ("Item", "Topic", "Met", "Where", "What is lacking"), rows)
