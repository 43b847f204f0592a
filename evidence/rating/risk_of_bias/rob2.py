"""RoB 2 for parallel trials and for crossover trials: questions and algorithms.

Sources: Sterne JAC and others, BMJ 2019;366:l4898, and the guidance of 22 August 2019 with its
algorithms; for crossover trials Higgins JPT, Li T, Sterne JAC, the variant of 18 March 2021, of
which domain S could not be checked in print. The questions are in our own words: the printed ones
may not be copied.
"""

from __future__ import annotations

from evidence.catalog.risk_of_bias import Level
from evidence.rating.risk_of_bias.tools import (
    PLAIN,
    SOMETIMES,
    Answers,
    Domain,
    SignallingQuestion,
    Tool,
    no,
    yes,
)

SQ = SignallingQuestion
PARALLEL_VERSION, CROSSOVER_VERSION = "2019-08-22", "2021-03-18"


def randomisation(a: Answers) -> Level:
    """Domain 1: sequence, concealment, differences at baseline."""
    if no(a, "1.2"):
        return "high"
    if not yes(a, "1.2"):
        return "high" if yes(a, "1.3") else "some_concerns"
    return "some_concerns" if no(a, "1.1") or yes(a, "1.3") else "low"


def aware(a: Answers) -> bool:
    """Whether participants or those who treated them knew, or may have known, the treatment."""
    return not no(a, "2.1", "2.2")


def assignment(a: Answers) -> Level:
    """Domain 2, effect of assignment: deviations due to the trial, and who was analysed where."""
    if not aware(a) or no(a, "2.3"):
        first: Level = "low"
    elif not yes(a, "2.3") or no(a, "2.4") or yes(a, "2.5"):
        first = "some_concerns"
    else:
        first = "high"
    if yes(a, "2.6"):
        second: Level = "low"
    else:
        second = "some_concerns" if no(a, "2.7") else "high"
    return rob2_overall((first, second))


def adherence_at_risk(a: Answers) -> bool:
    """Whether other treatment, delivery or adherence may have gone wrong."""
    unbalanced = aware(a) and not yes(a, "2.3") and a.get("2.3") != "NA"
    return unbalanced or not all(no(a, q) or a.get(q) == "NA" for q in ("2.4", "2.5"))


def adherence(a: Answers) -> Level:
    """Domain 2, effect of adhering to the treatment."""
    if not adherence_at_risk(a):
        return "low"
    return "some_concerns" if yes(a, "2.6") else "high"


def missing_data(a: Answers) -> Level:
    """Domain 3: outcome data that are missing."""
    if yes(a, "3.1") or yes(a, "3.2") or no(a, "3.3"):
        return "low"
    return "some_concerns" if no(a, "3.4") else "high"


def measurement(a: Answers) -> Level:
    """Domain 4: how the outcome was measured, and by whom."""
    if yes(a, "4.1") or yes(a, "4.2"):
        return "high"
    best: Level = "low" if no(a, "4.2") else "some_concerns"
    if no(a, "4.3") or no(a, "4.4"):
        return best
    return "some_concerns" if no(a, "4.5") else "high"


def selection(a: Answers) -> Level:
    """Domain 5: whether this result was chosen among several."""
    if yes(a, "5.2") or yes(a, "5.3"):
        return "high"
    return "low" if no(a, "5.2", "5.3") and yes(a, "5.1") else "some_concerns"


def selection_crossover(a: Answers) -> Level:
    """Domain 5 of the crossover variant: 5.4 asks for a first period reported for its carryover."""
    if yes(a, "5.4"):
        return "high"
    found = selection(a)
    return found if no(a, "5.4") or found == "high" else "some_concerns"


def period_and_carryover(a: Answers) -> Level:
    """Domain S: effects of the period, and of the first treatment on the second period."""
    if no(a, "S.3"):
        return "high"
    settled = yes(a, "S.3") and (yes(a, "S.1") or yes(a, "S.2"))
    return "low" if settled else "some_concerns"


def rob2_overall(levels: tuple[Level, ...]) -> Level:
    """Worst of the domains; whether several concerns together make it high is for a person."""
    if "high" in levels:
        return "high"
    return "some_concerns" if "some_concerns" in levels else "low"


RANDOMISATION = Domain(
    "D1",
    "Randomisation",
    (
        SQ("1.1", "Was the order of allocation random?"),
        SQ("1.2", "Was it hidden until each person had been enrolled and assigned?"),
        SQ("1.3", "Do differences at baseline point to a fault of the randomisation?"),
    ),
    randomisation,
)
AWARENESS = (
    SQ("2.1", "Did participants know which treatment they had?"),
    SQ("2.2", "Did those who cared for or treated them know it?"),
)
ASSIGNMENT = Domain(
    "D2",
    "Deviations from the intended treatment",
    (
        *AWARENESS,
        SQ("2.3", "Did being in the trial lead to departures from what was intended?",
           SOMETIMES, aware),
        SQ("2.4", "Could these departures have affected the outcome?", SOMETIMES,
           lambda a: aware(a) and yes(a, "2.3")),
        SQ("2.5", "Were they alike in the groups?", SOMETIMES,
           lambda a: aware(a) and yes(a, "2.3") and not no(a, "2.4")),
        SQ("2.6", "Does the analysis suit the effect of being assigned to a treatment?"),
        SQ("2.7", "Could it matter that people were not analysed where randomised?", SOMETIMES,
           lambda a: not yes(a, "2.6")),
    ),
    assignment,
)  # fmt: skip
ADHERENCE = Domain(
    "D2",
    "Deviations from the intended treatment",
    (
        *AWARENESS,
        SQ("2.3", "Were important treatments outside the protocol alike in the groups?",
           SOMETIMES, aware),
        SQ("2.4", "Did delivery of the treatment fail in a way that could affect the outcome?",
           SOMETIMES),
        SQ("2.5", "Did people not adhere in a way that could affect the outcome?", SOMETIMES),
        SQ("2.6", "Does the analysis suit the effect of adhering to a treatment?", SOMETIMES,
           adherence_at_risk),
    ),
    adherence,
)  # fmt: skip
CARRYOVER = Domain(
    "DS",
    "Period and carryover effects",
    (
        SQ("S.1", "Had both orders of treatment the same number of people, or nearly so?"),
        SQ("S.2", "Does the analysis allow for effects of the period?", SOMETIMES,
           lambda a: not yes(a, "S.1")),
        SQ("S.3", "Was there time for effects of the first treatment to fade before the second "
           "period was measured?"),
    ),
    period_and_carryover,
    published=False,
)  # fmt: skip
MISSING = Domain(
    "D3",
    "Missing outcome data",
    (
        SQ("3.1", "Are there outcome data of all, or nearly all, who were randomised?"),
        SQ("3.2", "Is there evidence that missing data did not bias the result?",
           ("NA", "Y", "PY", "PN", "N"), lambda a: not yes(a, "3.1")),
        SQ("3.3", "Could it depend on the outcome itself whether it is missing?", SOMETIMES,
           lambda a: not yes(a, "3.1") and not yes(a, "3.2")),
        SQ("3.4", "Is it likely that it did?", SOMETIMES,
           lambda a: not yes(a, "3.1") and not yes(a, "3.2") and not no(a, "3.3")),
    ),
    missing_data,
)  # fmt: skip


def _unsure_whether_measured_well(a: Answers) -> bool:
    return not yes(a, "4.1") and not yes(a, "4.2")


MEASUREMENT = Domain(
    "D4",
    "Measurement of the outcome",
    (
        SQ("4.1", "Was the outcome measured in an unsuitable way?"),
        SQ("4.2", "Could it have been measured or found differently in the groups?"),
        SQ("4.3", "Did those who assessed it know the treatment?", SOMETIMES,
           _unsure_whether_measured_well),
        SQ("4.4", "Could knowing it have influenced the assessment?", SOMETIMES,
           lambda a: _unsure_whether_measured_well(a) and not no(a, "4.3")),
        SQ("4.5", "Is it likely that it did?", SOMETIMES,
           lambda a: _unsure_whether_measured_well(a) and not no(a, "4.3") and not no(a, "4.4")),
    ),
    measurement,
)  # fmt: skip
REPORTED = (
    SQ("5.1", "Was the analysis planned before unblinded outcome data were at hand?"),
    SQ("5.2", "Was the result probably chosen from several measurements by what they showed?"),
    SQ("5.3", "Was the result probably chosen from several analyses by what they showed?"),
)
SELECTION = Domain("D5", "Selection of the reported result", REPORTED, selection)
SELECTION_CROSSOVER = Domain(
    "D5",
    "Selection of the reported result",
    (
        *REPORTED,
        SQ("5.4", "Is a result of both periods wanted, and missing because carryover was found?",
           PLAIN),
    ),
    selection_crossover,
)  # fmt: skip
UNSEEN = "Domain S: questions and algorithm could not be checked against the printed variant."
PARALLEL = Tool(
    "rob2_parallel", "RoB 2, parallel groups", PARALLEL_VERSION,
    "Sterne JAC and others, BMJ 2019;366:l4898; guidance of 22 August 2019", "assignment",
    (RANDOMISATION, ASSIGNMENT, MISSING, MEASUREMENT, SELECTION), rob2_overall,
)  # fmt: skip
PARALLEL_ADHERENCE = Tool(
    "rob2_parallel", PARALLEL.label, PARALLEL_VERSION, PARALLEL.source, "adherence",
    (RANDOMISATION, ADHERENCE, MISSING, MEASUREMENT, SELECTION), rob2_overall,
)  # fmt: skip
CROSSOVER = Tool(
    "rob2_crossover", "RoB 2, crossover", CROSSOVER_VERSION,
    "Sterne JAC and others, BMJ 2019;366:l4898; variant for crossover trials of 18 March 2021",
    "assignment",
    (RANDOMISATION, CARRYOVER, ASSIGNMENT, MISSING, MEASUREMENT, SELECTION_CROSSOVER),
    rob2_overall, note=UNSEEN,
)  # fmt: skip
CROSSOVER_ADHERENCE = Tool(
    "rob2_crossover", CROSSOVER.label, CROSSOVER_VERSION, CROSSOVER.source, "adherence",
    (RANDOMISATION, CARRYOVER, ADHERENCE, MISSING, MEASUREMENT, SELECTION_CROSSOVER),
    rob2_overall, note=UNSEEN,
)  # fmt: skip
