"""ROBINS-I of 2016, effect of assignment: questions, and our reading of its criteria.

Source: Sterne JAC and others, BMJ 2016;355:i4919, version for cohort studies of 19 September 2016.
That version prints criteria in words and no algorithm: the trees here read those criteria, never
propose "critical" for a domain (its criteria ask for more than the answers hold), and a person
judges. Version 2 (2025) is another tool with other questions; it is not this one.
"""

from __future__ import annotations

from evidence.catalog.risk_of_bias import Level
from evidence.rating.risk_of_bias.tools import (
    ROBINS_LEVELS,
    SOMETIMES,
    Answers,
    Domain,
    SignallingQuestion,
    Tool,
    no,
    yes,
)

SQ = SignallingQuestion
VERSION = "2016-09-19"


def _confounding_possible(a: Answers) -> bool:
    return not no(a, "1.1")


def _varies_in_time(a: Answers) -> bool:
    return _confounding_possible(a) and yes(a, "1.2", "1.3")


def _at_baseline(a: Answers) -> bool:
    return _confounding_possible(a) and not yes(a, "1.2", "1.3")


def confounding(a: Answers) -> Level:
    """Domain 1: never better than moderate where confounding is possible."""
    if no(a, "1.1"):
        return "low"
    control, quality = ("1.7", "1.8") if _varies_in_time(a) else ("1.4", "1.5")
    if no(a, control) or no(a, quality) or (_at_baseline(a) and yes(a, "1.6")):
        return "serious"
    known = yes(a, "1.1") and yes(a, control, quality)
    return "moderate" if known and (_varies_in_time(a) or no(a, "1.6")) else "no_information"


def _selected_by_outcome(a: Answers) -> bool:
    return yes(a, "2.1", "2.2", "2.3")


def selection_of_participants(a: Answers) -> Level:
    """Domain 2: who was taken in, and when follow-up began."""
    clean = no(a, "2.1") or no(a, "2.2") or no(a, "2.3")
    if clean and yes(a, "2.4"):
        return "low" if no(a, "2.1") else "moderate"
    if _selected_by_outcome(a) or no(a, "2.4"):
        if yes(a, "2.5"):
            return "moderate"
        return "serious" if no(a, "2.5") else "no_information"
    return "no_information"


def classification(a: Answers) -> Level:
    """Domain 3: how it was known who had which treatment."""
    if no(a, "3.1") or yes(a, "3.3"):
        return "serious"
    if not (yes(a, "3.1") and no(a, "3.3")):
        return "no_information"
    if no(a, "3.2"):
        return "moderate"
    return "low" if yes(a, "3.2") else "no_information"


def deviations(a: Answers) -> Level:
    """Domain 4, effect of assignment."""
    if no(a, "4.1"):
        return "low"
    if yes(a, "4.1") and yes(a, "4.2"):
        return "serious"
    return "moderate" if yes(a, "4.1") and no(a, "4.2") else "no_information"


def _incomplete(a: Answers) -> bool:
    return no(a, "5.1") or yes(a, "5.2") or yes(a, "5.3")


def missing(a: Answers) -> Level:
    """Domain 5: missing data."""
    if yes(a, "5.1") and no(a, "5.2", "5.3"):
        return "low"
    if not _incomplete(a):
        return "no_information"
    if yes(a, "5.4") or yes(a, "5.5"):
        return "low"
    return "serious" if no(a, "5.4", "5.5") else "no_information"


def outcome_measurement(a: Answers) -> Level:
    """Domain 6: how the outcome was measured."""
    if no(a, "6.3") or yes(a, "6.4") or yes(a, "6.1", "6.2"):
        return "serious"
    good = yes(a, "6.3") and no(a, "6.4") and (no(a, "6.1") or no(a, "6.2"))
    return "low" if good else "no_information"


def reported_result(a: Answers) -> Level:
    """Domain 7: low only where a plan shows that nothing was chosen (three times a plain no)."""
    asked = ("7.1", "7.2", "7.3")
    if any(yes(a, q) for q in asked):
        return "serious"
    if not no(a, *asked):
        return "no_information"
    return "low" if all(a.get(q) == "N" for q in asked) else "moderate"


def robins_overall(levels: tuple[Level, ...]) -> Level:
    """Worst of the domains; lack of information in one hides what is better than serious."""
    for level in ("critical", "serious", "no_information", "moderate"):
        if level in levels:
            return level
    return "low"


ROBINS_I = Tool(
    "robins_i",
    "ROBINS-I 2016",
    VERSION,
    "Sterne JAC and others, BMJ 2016;355:i4919; version for cohorts of 19 September 2016",
    "assignment",
    (
        Domain(
            "D1",
            "Confounding",
            (
                SQ("1.1", "Can the effect be confounded?"),
                SQ("1.2", "Was follow-up split by the treatment a person had at the time?",
                   SOMETIMES, _confounding_possible),
                SQ("1.3", "Did people stop or switch for reasons that bear on the outcome?",
                   SOMETIMES, lambda a: _confounding_possible(a) and yes(a, "1.2")),
                SQ("1.4", "Does the analysis control for every important confounder?", SOMETIMES,
                   _at_baseline),
                SQ("1.5", "Were these measured validly and reliably?", SOMETIMES,
                   lambda a: _at_baseline(a) and yes(a, "1.4")),
                SQ("1.6", "Does it control for things that the treatment may have changed?",
                   SOMETIMES, _at_baseline),
                SQ("1.7", "Does it adjust for confounders, also those that change with time?",
                   SOMETIMES, _varies_in_time),
                SQ("1.8", "Were these measured validly and reliably?", SOMETIMES,
                   lambda a: _varies_in_time(a) and yes(a, "1.7")),
            ),
            confounding,
            published=False,
        ),
        Domain(
            "D2",
            "Selection of participants",
            (
                SQ("2.1", "Were people taken in by what was seen after treatment began?"),
                SQ("2.2", "Was that related to the treatment?", SOMETIMES,
                   lambda a: yes(a, "2.1")),
                SQ("2.3", "Was that influenced by the outcome or by a cause of it?", SOMETIMES,
                   lambda a: yes(a, "2.1", "2.2")),
                SQ("2.4", "Did follow-up and treatment begin together for most?"),
                SQ("2.5", "Was the analysis adjusted for such selection?", SOMETIMES,
                   lambda a: _selected_by_outcome(a) or no(a, "2.4")),
            ),
            selection_of_participants,
            published=False,
        ),
        Domain(
            "D3",
            "Classification of treatments",
            (
                SQ("3.1", "Were the groups clearly defined?"),
                SQ("3.2", "Was what defines them recorded when treatment began?"),
                SQ("3.3", "Could knowing the outcome have changed the classification?"),
            ),
            classification,
            published=False,
        ),
        Domain(
            "D4",
            "Deviations from the intended treatment",
            (
                SQ("4.1", "Were there departures beyond those of usual practice?"),
                SQ("4.2", "Were they unequal and likely to affect the outcome?", SOMETIMES,
                   lambda a: yes(a, "4.1")),
            ),
            deviations,
            published=False,
        ),
        Domain(
            "D5",
            "Missing data",
            (
                SQ("5.1", "Are there outcome data of all, or nearly all?"),
                SQ("5.2", "Were people left out for want of data on treatment?"),
                SQ("5.3", "Were people left out for want of other data?"),
                SQ("5.4", "Are share of and reasons for missing data alike in the groups?",
                   SOMETIMES, _incomplete),
                SQ("5.5", "Is there evidence that the result withstands missing data?", SOMETIMES,
                   _incomplete),
            ),
            missing,
            published=False,
        ),
        Domain(
            "D6",
            "Measurement of outcomes",
            (
                SQ("6.1", "Could knowing the treatment influence the measurement?"),
                SQ("6.2", "Did the assessors know the treatment?"),
                SQ("6.3", "Was the outcome assessed alike in the groups?"),
                SQ("6.4", "Were errors of measurement related to the treatment?"),
            ),
            outcome_measurement,
            published=False,
        ),
        Domain(
            "D7",
            "Selection of the reported result",
            (
                SQ("7.1", "Was the result probably chosen from several measurements?"),
                SQ("7.2", "Was it probably chosen from several analyses?"),
                SQ("7.3", "Was it probably chosen from several subgroups?"),
            ),
            reported_result,
            published=False,
        ),
    ),
    robins_overall,
    ROBINS_LEVELS,
    "Criteria printed in words; the way from answers to judgements is our reading of them.",
)  # fmt: skip
