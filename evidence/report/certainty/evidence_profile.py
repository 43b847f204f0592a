"""Evidence profile after GRADE: every domain of every outcome; and the rules."""

from __future__ import annotations

from collections.abc import Sequence

from evidence.catalog.certainty import DOMAINS, UPGRADES
from evidence.errors import ReportError, check_kind
from evidence.rating.certainty.certainty import Certainty
from evidence.rating.certainty.gather import PEOPLE
from evidence.rating.certainty.sources import RULE_LIST
from evidence.report.certainty.footnotes import DOMAIN_WORDS, step_text
from evidence.report.certainty.names import measured_name, outcome_name
from evidence.report.certainty.summary_of_findings import Rated
from evidence.report.tables import Table

SERIOUS = {0: "not serious", -1: "serious", -2: "very serious", -3: "extremely serious"}
SUSPECTED = {0: "not suspected", -1: "suspected", -2: "strongly suspected", -3: "evident"}
DESIGN_WORDS = {
    "START-R": "randomised", "START-N": "not randomised", "START-I": "not randomised, ROBINS-I",
    "START-W": "no comparison of arms",
}  # fmt: skip


def evidence_profile(certainties: Sequence[Certainty]) -> Table:
    """Make the table of all domains, one row an outcome.

    A cell is what was judged; where the rules suggest something else, that stands behind it, and
    where nobody judged, what they suggest stands alone and is marked.

    Raises
    ------
    ReportError
        If something else than certainties is given.

    Examples
    --------
    >>> evidence_profile([]).head[:3]
    ('Outcome', 'People', 'Trials')
    """
    check_kind("certainties", certainties, (list, tuple), ReportError)
    for one in certainties:
        check_kind("certainties", one, Certainty, ReportError)
    names = [outcome_name(one) for one in certainties]
    rows = tuple(
        (
            measured_name(one) if names.count(name) > 1 else name,
            " and ".join(PEOPLE[sex] for sex in one.answer.question.sexes),
            f"{one.inputs.k} {DESIGN_WORDS[one.begun.code]}",
            *(_cell(one, domain) for domain in DOMAINS),
            _raised(one),
            Rated(level=one.level(as_asked=True), status=one.status).text,
            Rated(level=one.level(), status=one.status).text,
        )
        for one, name in zip(certainties, names, strict=True)
    )
    columns = ("Outcome", "People", "Trials", *(DOMAIN_WORDS[d] for d in DOMAINS), "Rated up")
    both = ("Certainty, as asked", "Certainty, for what it is meant for")
    caption = (
        "GRADE counts surrogate outcomes under indirectness. As asked: in the people, against the "
        "comparator and for the outcome of the question itself, so that nothing is indirect."
    )
    return Table("Evidence profile", (*columns, *both), rows, (), caption)


def _cell(one: Certainty, domain: str) -> str:
    if one.status == "no evidence":
        return ""
    words = SUSPECTED if domain == "publication_bias" else SERIOUS
    suggested = one.suggestion(domain).step
    judged = None if one.judgement is None else one.judgement.domain(domain).step
    if judged is None:
        return f"{words[suggested]} (suggested)"
    behind = "" if judged == suggested else f" (rules: {words[suggested]})"
    return words[judged] + behind


def _raised(one: Certainty) -> str:
    if one.judgement is None or one.judged() is None:
        return f"{step_text(one.raised.step)} (suggested)" if one.raised.step else ""
    given = [(name, getattr(one.judgement.rated_up, name)) for name in UPGRADES]
    told = [f"{DOMAIN_WORDS[name].lower()} +{up.step}" for name, up in given if up and up.step]
    return ", ".join(told)


def rules_table() -> Table:
    """List all rules with their sources.

    Examples
    --------
    >>> rules_table().head
    ('Code', 'When', 'Levels', 'Source')
    """
    rows = tuple((rule.code, rule.when, rule.step, rule.source) for rule in RULE_LIST)
    return Table("Rules behind the suggestions", ("Code", "When", "Levels", "Source"), rows)
