"""Evidence profile after GRADE: every domain of every outcome; the rating of one; the rules."""

from __future__ import annotations

from collections.abc import Sequence

from evidence.catalog.certainty import DOMAINS, UPGRADES
from evidence.errors import ReportError, check_kind
from evidence.rating.certainty.certainty import Certainty
from evidence.rating.certainty.gather import PEOPLE
from evidence.rating.certainty.sources import RULE_LIST
from evidence.rating.certainty.words import plain_level
from evidence.report.certainty.footnotes import DOMAIN_WORDS, step_text
from evidence.report.certainty.summary_of_findings import Rated, outcome_name
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
    labels = [one.outcome.label for one in certainties]
    rows = tuple(
        (
            outcome_name(one) if labels.count(one.outcome.label) > 1 else one.outcome.label,
            " and ".join(PEOPLE[sex] for sex in one.answer.question.sexes),
            f"{one.inputs.k} {DESIGN_WORDS[one.begun.code]}",
            *(_cell(one, domain) for domain in DOMAINS),
            _raised(one),
            Rated(level=one.level(as_asked=True), status=one.status).text,
            Rated(level=one.level(), status=one.status).text,
        )
        for one in certainties
    )
    names = ("Outcome", "People", "Trials", *(DOMAIN_WORDS[d] for d in DOMAINS), "Rated up")
    both = ("Certainty, as asked", "Certainty, for what it is meant for")
    caption = (
        "GRADE counts surrogate outcomes under indirectness. As asked: in the people, against the "
        "comparator and for the outcome of the question itself, so that nothing is indirect."
    )
    return Table("Evidence profile", (*names, *both), rows, (), caption)


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


def certainty_table(one: Certainty) -> Table:
    """Write one rating in full: figures and rule, suggestion, judgement and reason, by domain."""
    rows = [("Start", one.begun.text, "", "", "")]
    for domain in DOMAINS:
        suggestion = one.suggestion(domain)
        judged = None if one.judgement is None else one.judgement.domain(domain)
        level = "" if judged is None or judged.step is None else step_text(judged.step)
        reason = "" if judged is None else judged.reason or f"Not judged: {judged.open_point}"
        cells = (suggestion.text, step_text(suggestion.step), level or "not judged", reason)
        rows.append((DOMAIN_WORDS[domain], *cells))
    if one.begun.step <= 1:
        rows.append(("Rated up", one.raised.text, step_text(one.raised.step), _raised(one), ""))
    for as_asked, name in ((True, "As asked"), (False, "For what it is meant for")):
        suggested, judged_level = one.suggested(as_asked=as_asked), one.judged(as_asked=as_asked)
        rules = plain_level(suggested) or "no evidence"
        cells = ("", rules, plain_level(judged_level) or "not judged", "")
        rows.append((f"Certainty. {name}", *cells))
    caption = ""
    if one.judgement is not None:
        caption = f"Judged by: {one.judgement.judged_by}, {one.judgement.judged_on}."
        if one.changed:
            caption += f" The judgement was made on other figures: {'; '.join(one.changed)}."
    names = ("Domain", "Figures and rule", "Suggested", "Judged", "Reason")
    return Table("Certainty (GRADE)", names, tuple(rows), (), caption)


def rules_table() -> Table:
    """List all rules with their sources.

    Examples
    --------
    >>> rules_table().head
    ('Code', 'When', 'Levels', 'Source')
    """
    rows = tuple((rule.code, rule.when, rule.step, rule.source) for rule in RULE_LIST)
    return Table("Rules behind the suggestions", ("Code", "When", "Levels", "Source"), rows)
