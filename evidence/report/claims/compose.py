"""The claims as a document: every claim, what it was held against, the verdict, the references."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

from evidence.catalog.claims import ClaimSystem
from evidence.rating.claims.assess import AssessedClaim
from evidence.rating.claims.verdict import VERDICT_WORDS
from evidence.report.claims.gather import ClaimsReport
from evidence.report.claims.record import (
    all_reports_text,
    certainty_text,
    claim_record,
    estimate_text,
    printed_text,
    probability_text,
    trials_text,
    verdict_counts,
)
from evidence.report.claims.tables import (
    doses_table,
    levels_table,
    references_table,
    rules_table,
    sources_table,
)
from evidence.report.claims.words import (
    KIND_WORDS,
    STRENGTH_WORDS,
    SUPPORT_WORDS,
    comparison,
    sentence,
)
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
    References,
    Strong,
    TableBlock,
)
from evidence.report.methods import library
from evidence.report.tables import Table

TITLE = "The claims, and what the evidence says of them"
RULE_TEXT = (
    "Each part of a claim is held against the mean effect of its question (exact Bayesian "
    "posterior under the priors of the question's plan; where partial reports exist, the answer "
    "from complete and partial reports together), against the figures that one study printed, "
    "or against the levels of arms. The verdict is a function of what was found and nothing "
    "else; the judgement of the reader who gathered the single sources stands beside it and "
    "does not enter. Questions ask of aromatase inhibitors as a class; which drug each trial "
    "gave stands in the report of the question. The certainty is that of the question as it is "
    "asked; where a question is about other people, another treatment or another outcome than "
    "the claim, the part is marked indirect and can neither support nor refute it. The wording "
    "follows GRADE's."
)
WORDS = list(VERDICT_WORDS.values())


def compose_claims(report: ClaimsReport) -> Document:
    """Write the claims as a document."""
    ledger = report.ledger
    counts = verdict_counts(report.assessed)
    told = ", ".join(f"{counts[word]} {word}" for word in WORDS)
    blocks: list[Block] = []
    if report.notes:
        notes = "; ".join(report.notes)
        text = f"Answers from partial reports could not be read: {notes}."
        blocks.append(Paragraph((text,), "small"))
    blocks += [*_systems(report), *_areas(report)]
    for key, name in ledger.areas.items():
        blocks.append(Heading(2, name, f"area-{key}"))
        blocks += [_claim(report, x) for x in report.assessed if x.claim.area == key]
    blocks += [*_levels(report), *_references(report), *_gaps(report)]
    blocks += [
        Heading(2, "How the verdicts are given", "rules"),
        Paragraph((RULE_TEXT, Cite(("santesso-2020",)))),
        TableBlock("t-rules", rules_table()),
        _sources(report),
        Paragraph(
            (
                "All of this as values: ", Link("claims.json", "claims.json"), ", ",
                Link("claims.csv", "claims.csv"), ", ", Link("citations.csv", "citations.csv"), ".",
            ),
            "small",
        ),
        Heading(2, "References of this page", "bibliography"),
        References(),
    ]  # fmt: skip
    return Document(
        name="claims",
        title=TITLE,
        lead=f"{ledger.about} {len(report.assessed)} claims: {told}.",
        blocks=tuple(blocks),
        references=library(),
    )


def _address(report: ClaimsReport, question: str) -> tuple[str, str]:
    """Title of a question, and where it is answered."""
    asked = report.asked[question]
    return asked.question.title, f"../{asked.analysis}/index.html#q-{question}"


def _row_of_counts(claims: list[AssessedClaim]) -> tuple[str, ...]:
    counts = verdict_counts(claims)
    return (str(len(claims)), *(str(counts[word] or "") for word in WORDS))


def _systems(report: ClaimsReport) -> Iterator[Block]:
    systems = report.ledger.systems
    rows, folds = [], []
    for system in systems:
        mine = [x for x in report.assessed if system.id in x.systems]
        n = len(system.questions)
        answered = f"{n} question{'s' if n > 1 else ''}" if n else ""
        answered = " ".join(text for text in (answered, system.open_point or "") if text)
        rows.append((f"{system.name}: {system.question}", *_row_of_counts(mine), answered))
        folds.append(_system(report, system, mine))
    head = ("System", "Claims", *WORDS, "Answered by")
    table = Table("Claims by system", head, tuple(rows), tuple(range(1, len(WORDS) + 2)))
    yield Heading(2, "By system", "systems")
    what = (
        "The systems are the families of questions that the articles raise; a claim may belong to "
        "several, or to none."
    )
    yield Paragraph((what,), "small")
    anchors = {i: f"s-{system.id}" for i, system in enumerate(systems)}
    links = {(i, len(head) - 1): f"#d-{s.id}" for i, s in enumerate(systems) if s.questions}
    yield TableBlock("t-systems", table, rows=anchors, links=links)
    yield from folds


def _system(report: ClaimsReport, system: ClaimSystem, mine: list[AssessedClaim]) -> Fold:
    p = system.pico
    outcomes = ", ".join(p.outcomes).replace("_", " ")
    designs = ", ".join(system.study_designs).replace("_", " ")
    asked = (
        f"People: {p.population}. Treatment: {p.intervention}. Comparison: {p.comparator}. "
        f"Outcomes: {outcomes}. Designs: {designs}."
    )
    blocks: list[Block] = [Paragraph((asked,), "small")]
    links = [_address(report, question) for question in system.questions]
    if links:
        blocks.append(Items(tuple((Link(title, address),) for title, address in links)))
    blocks += [Paragraph((f"Also asked: {text}",), "small") for text in system.also_asks]
    if system.note:
        blocks.append(Paragraph((system.note,), "small"))
    told: list[Inline] = []
    for x in mine:
        told += [Ref(f"c-{x.claim.id}", x.claim.id), ", "]
    if told:
        blocks.append(Paragraph(tuple(told[:-1]), "small"))
    inside = Part("system", f"d-{system.id}", tuple(blocks))
    title = f"{system.name}: people, comparison, questions and claims"
    return Fold(title, (inside,), under="systems")


def _areas(report: ClaimsReport) -> Iterator[Block]:
    areas = report.ledger.areas
    rows = tuple(
        (name, *_row_of_counts([x for x in report.assessed if x.claim.area == key]))
        for key, name in areas.items()
    )
    head = ("Area", "Claims", *WORDS)
    table = Table("Claims by area", head, rows, tuple(range(1, len(head))))
    yield Heading(2, "By area", "areas")
    links = {(i, 0): f"#area-{key}" for i, key in enumerate(areas)}
    yield TableBlock("t-areas", table, links=links)


def _claim(report: ClaimsReport, assessed: AssessedClaim) -> Part:
    claim, record = assessed.claim, claim_record(assessed, report.asked)
    verdict = sentence(assessed.ruling.words)
    allowed = " ".join(assessed.wording)
    blocks: list[Block] = [
        Heading(3, claim.claim, f"h-{claim.id}"),
        Paragraph((Strong(verdict), f" {sentence(assessed.reason)}")),
        Paragraph((f"What the evidence would allow: {allowed}",)),
    ]
    if record["parts"]:
        blocks.append(_parts(report, claim.id, record["parts"]))
    reader = claim.reader_verdict.replace("_", " ")
    if claim.evidence:
        blocks.append(_evidence(report, assessed, reader))
    else:
        text = f"No evidence was seen; its reader put it: {reader}."
        blocks.append(Paragraph((text,), "small"))
    blocks.append(_whence(assessed))
    if claim.note:
        blocks.append(Paragraph((claim.note,), "small"))
    kind = f"claim {assessed.ruling.verdict.replace('_', '-')}"
    return Part(kind, f"c-{claim.id}", tuple(blocks))


def _parts(report: ClaimsReport, claim: str, parts: list[dict[str, Any]]) -> TableBlock:
    rows, links = [], {}
    for i, part in enumerate(parts):
        doses = "doses of arms" if part["doses"] else "levels of arms"
        against = printed_text(part) or part["open_point"] or doses
        if part["question"] is not None:
            against, links[i, 1] = _address(report, part["question"])
        if part["indirect_reason"]:
            against += f" (indirect: {part['indirect_reason']})"
        rows.append(
            (
                part["part"],
                against,
                part["must_hold"],
                trials_text(part),
                estimate_text(part),
                all_reports_text(part),
                probability_text(part),
                certainty_text(part),
                f"{part['verdict']}: {part['reason']}",
            )
        )
    head = (
        "Part", "Held against", "What must hold", "Trials", "Pooled estimate", "All reports",
        "Probability that it is true", "Certainty", "Verdict",
    )  # fmt: skip
    return TableBlock(
        f"t-{claim}", Table("What it was held against", head, tuple(rows)), links=links
    )


def _evidence(report: ClaimsReport, assessed: AssessedClaim, reader: str) -> Fold:
    claim = assessed.claim
    rows = tuple(
        (seen.source, report.ledger.source(seen.source).what, seen.shows, seen.agrees)
        for seen in claim.evidence
    )
    table = Table("Evidence seen", ("Source", "What it is", "What it shows", "Agrees"), rows)
    links = {(i, 0): seen.url for i, seen in enumerate(claim.evidence)}
    block = TableBlock(f"t-{claim.id}-seen", table, supplement=True, links=links)
    title = f"Evidence seen ({len(rows)}), and how its reader put it: {reader}"
    return Fold(title, (block,), under=f"h-{claim.id}")


def _whence(assessed: AssessedClaim) -> Paragraph:
    """Where a claim stands, of what kind it is, and what it cites."""
    claim = assessed.claim
    told = [
        ", ".join(claim.articles),
        claim.section,
        f"{KIND_WORDS[claim.kind]}, {STRENGTH_WORDS[claim.strength]}",
        comparison(assessed),
    ]
    if claim.magnitude:
        told.append(f"claimed: {claim.magnitude}")
    text: list[Inline] = [Literally(claim.id), " · " + " · ".join(told)]
    if claim.cited:
        other = ", listed in the other article" if claim.cited.in_other_article else ""
        text += [
            " · cites ",
            Ref(f"r-{claim.cited.key}", claim.cited.key),
            f" ({claim.cited.link}{other}), which {SUPPORT_WORDS[claim.cited.supports]}: "
            f"{claim.cited.reason}",
        ]
    return Paragraph(tuple(text), "small")


def _levels(report: ClaimsReport) -> Iterator[Block]:
    levels, doses = levels_table(report), doses_table(report)
    if levels is not None:
        yield Heading(2, "Expected levels against the levels seen", "levels")
        what = (
            "Men on testosterone, one level an arm, the latest on treatment. No arm had a claimed "
            "regimen unless it is marked in the data; a distance is counted from the nearer end of "
            "the claimed range."
        )
        yield Paragraph((what,), "small")
        yield TableBlock("t-levels", levels)
    if doses is not None:
        what = "Men whose weekly dose was printed; of a claimed range the nearer end counts."
        inside = (Paragraph((what,), "small"), TableBlock("t-doses", doses, supplement=True))
        title = f"{doses.title} ({len(doses.rows)})"
        yield Fold(title, inside, under="levels" if levels is not None else "areas")


def _references(report: ClaimsReport) -> Iterator[Block]:
    citations = report.citations
    counts = Counter(one.status for one in citations.references)
    told = ", ".join(f"{n} {status.replace('_', ' ')}" for status, n in counts.items()) + "."
    for twice in citations.duplicates:
        told += f" {twice.paper} stands in both lists ({', '.join(twice.entries)})."
    yield Heading(2, "The articles' own references", "references")
    yield Paragraph((told,))
    table, urls = references_table(report)
    anchors = {i: f"r-{key}" for i, key in enumerate(citations.keys)}
    yield TableBlock("t-references", table, rows=anchors, links=urls)


def _gaps(report: ClaimsReport) -> Iterator[Block]:
    pairs: list[tuple[Inline, ...]] = [
        (
            f"{pair.topic}: ", Ref(f"c-{pair.a}", pair.a), " against ",
            Ref(f"c-{pair.b}", pair.b), ".",
        )
        for pair in report.ledger.contradictions
    ]  # fmt: skip
    pairs += [(gap,) for gap in report.ledger.gaps]
    title = "Where the articles contradict each other, and what is missing"
    yield Heading(2, title, "contradictions")
    if pairs:
        yield Items(tuple(pairs))


def _sources(report: ClaimsReport) -> Fold:
    table = sources_table(report)
    links = {(i, len(table.head) - 1): source.url for i, source in enumerate(report.ledger.sources)}
    block = TableBlock("t-sources", table, supplement=True, links=links)
    return Fold(f"{table.title} ({len(table.rows)})", (block,), under="rules")
