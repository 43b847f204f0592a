"""Tables of the claims page: levels and doses, rules, references and sources."""

from __future__ import annotations

from evidence.catalog.citations import Citation
from evidence.rating.claims.verdict import CERTAINTY_WORDS, INTERVAL_FROM, NEEDED, RULES, SURE
from evidence.report.claims.gather import ClaimsReport
from evidence.report.claims.text import reference_text
from evidence.report.claims.words import STRENGTH_WORDS, SUPPORT_WORDS
from evidence.report.numbers import percent
from evidence.report.tables import Table

MATCH_WORDS = {
    "same_paper": "The paper",
    "same_paper_title_and_authors_only": "The paper, by title and authors only",
    "nearest_paper": "The nearest real paper",
}


def levels_table(report: ClaimsReport) -> Table | None:
    """Each expected level that is claimed, and how far each arm's level lies from it."""
    rows = []
    for assessed in report.assessed:
        for part in assessed.parts:
            holds = part.test.holds
            if part.test.level is None or holds is None:
                continue
            unit = part.test.level.unit
            wanted = f"{holds.low:g} to {holds.high:g}" if holds.high else f"above {holds.low:g}"
            rows += [
                (
                    assessed.claim.id,
                    f"{wanted} {unit}",
                    level.label,
                    level.regimen,
                    "" if level.weeks is None else f"{level.weeks:.0f}",
                    "" if level.n is None else str(level.n),
                    f"{level.level:.4g}",
                    f"{level.kind}{', ' if level.spread else ''}{level.spread}",
                    _distance(level.distance, unit),
                    level.source,
                )
                for level in part.levels
            ]
    if not rows:
        return None
    head = (
        "Claim", "Claimed", "Study", "What the men got", "Week", "n", "Level", "What it is",
        "Distance from the claimed range", "Source",
    )  # fmt: skip
    return Table("Expected levels against the levels seen", head, tuple(rows), (4, 5, 6))


def doses_table(report: ClaimsReport) -> Table | None:
    """Each weekly dose that is claimed, and those that men were given."""
    rows = [
        (
            assessed.claim.id,
            part.test.part,
            dose.label,
            dose.design.replace("_", " "),
            dose.arm,
            dose.schedule,
            f"{dose.weekly_mg:g}",
            "the same" if dose.times == 1 else f"{dose.times:.3g} times",
        )
        for assessed in report.assessed
        for part in assessed.parts
        for dose in part.doses
    ]
    if not rows:
        return None
    head = (
        "Claim", "Claimed", "Study", "Design", "Arm", "Schedule", "mg a week",
        "Against the claimed dose",
    )  # fmt: skip
    return Table("Claimed doses against the doses given", head, tuple(rows), (6,))


def _distance(distance: float, unit: str) -> str:
    if distance == 0:
        return "inside"
    way = "below" if distance < 0 else "above"
    return f"{abs(distance):.3g} {unit} {way}"


def rules_table() -> Table:
    """The rules by which verdicts are given."""
    rows = tuple((name.replace("_", " "), text) for name, text in RULES.items())
    needed = ", ".join(f"{STRENGTH_WORDS[s]}: {CERTAINTY_WORDS[c]}" for s, c in NEEDED.items())
    caption = (
        f"A part of a claim counts as true, or as false, from a probability of {percent(SURE, 1)} "
        f"on. Certainty needed by a claim {needed}. From {INTERVAL_FROM} trials on the interval of "
        "the main analysis must agree."
    )
    return Table("Rules", ("Rule", "Meaning"), rows, (), caption)


def sources_table(report: ClaimsReport) -> Table:
    """The works that were seen to bear on the claims."""
    rows = tuple(
        (source.key, source.cite, source.what, source.pmid or "", source.study or "", source.url)
        for source in report.ledger.sources
    )
    head = ("Key", "Work", "What it is", "PubMed", "Study file", "Page seen")
    return Table("Works seen", head, rows)


def references_table(report: ClaimsReport) -> tuple[Table, dict[tuple[int, int], str]]:
    """The articles' references as cited and as found, and where each was found."""
    known = {one.key: one for one in report.citations.references}
    rows, links = [], {}
    for i, key in enumerate(report.citations.keys):
        one = known[key]
        claims = [x.claim for x in report.assessed if x.claim.cited and x.claim.cited.key == key]
        leaning = "; ".join(f"{c.id}: {SUPPORT_WORDS[c.cited.supports]}" for c in claims if c.cited)
        as_cited = f"{reference_text(one.as_cited)} ({', '.join(one.as_cited.articles)})"
        status = one.status.replace("_", " ")
        rows.append((key, as_cited, status, _found(one), leaning))
        links[i, 3] = one.found.url
    head = ("Reference", "As cited", "Status", "What was found", "Claims that lean on it")
    return Table("References of the articles", head, tuple(rows)), links


def _found(one: Citation) -> str:
    told = [f"{MATCH_WORDS[one.found.match]}: {reference_text(one.found)}"]
    told += [f"PMID {one.found.pmid}."] if one.found.pmid else []
    told += [f"doi {one.found.doi}."] if one.found.doi else []
    told += [f"{text}." for text in one.discrepancies]
    for x in one.other_candidates:
        where = f"{x.journal or 'journal not seen'} {x.year or ''}".strip()
        told.append(f"Another candidate: {x.authors}. {x.title}. {where}.")
    return " ".join([*told, one.note] if one.note else told)
