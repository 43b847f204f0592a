"""Names in a summary of findings: people, both sides, outcomes, and what lies beyond them."""

from __future__ import annotations

from evidence.catalog.question import MEASURE_LABELS, Question
from evidence.catalog.terms import Terms
from evidence.rating.certainty.certainty import Certainty
from evidence.rating.certainty.gather import EVENTS, PEOPLE, RANDOMISED
from evidence.rating.certainty.words import within_sentence
from evidence.report.numbers import pretty_unit
from evidence.report.wording import list_words

STUDY_WORDS = {
    "parallel_rct": "parallel trials",
    "crossover_rct": "crossover trials",
    "single_arm": "single-arm trials",
    "non_randomised": "non-randomised studies",
    "cohort": "cohorts",
    "case_control": "case-control studies",
    "cross_sectional": "cross-sectional studies",
    "case_report": "case reports",
}


def head(question: Question, terms: Terms) -> tuple[str, str, str]:
    """People, treatment and control of a question, as readers call them."""
    people = " and ".join(PEOPLE[sex] for sex in question.sexes)
    groups = [within_sentence(terms.populations[word].label) for word in question.groups]
    people += f" ({'; '.join(groups)})" if groups else ""
    if question.background_with:
        people += f" who also take {list_words(question.background_with, terms)}"
    if not set(question.designs) <= set(RANDOMISED):
        people += f" ({', '.join(STUDY_WORDS[design] for design in question.designs)})"
    treatment, control = sides(question, terms)
    return people, f"before {treatment}" if before(question) else treatment, control


def sides(question: Question, terms: Terms) -> tuple[str, str]:
    """Treatment and control of a question, whatever its occasion."""
    treatment = question.treatment_label or list_words(question.treatment, terms)
    control = question.control_label or list_words(question.control, terms)
    if question.contrast == "within":
        control = "their own baseline"
    if question.contrast == "association" and not treatment:
        treatment = "associations"
    return within_sentence(treatment), within_sentence(control)


def before(question: Question) -> bool:
    """Whether a question asks for levels that were seen before the treatment."""
    return question.contrast == "level" and question.occasion == "baseline"


def capital(text: str) -> str:
    """Begin with a capital."""
    return text[:1].upper() + text[1:]


def beyond(one: Certainty, terms: Terms) -> str:
    """Name what the evidence is used for beyond the question as it is asked."""
    inputs, target, parts = one.inputs, one.target, []
    if inputs.surrogate_for:
        parts.append(f"on {inputs.surrogate_for}")
    if inputs.people and target is not None:
        parts.append(f"in {' and '.join(PEOPLE[sex] for sex in target.sexes)}")
    if inputs.comparator and target is not None and not _levels(one.answer.question, terms):
        parts.append(f"against {list_words(target.controls, terms)}")
    if not parts and one.level() != one.level(as_asked=True):
        parts.append("for what it is meant for")
    return " ".join(parts)


def _levels(question: Question, terms: Terms) -> bool:
    """Whether the comparator is a level that people have, and nothing that they are given."""
    classes = {terms.drugs[drug].drug_class for drug in terms.drugs_of(question.control)}
    return bool(classes) and all(name.startswith("level_") for name in classes)


def outcome_name(one: Certainty) -> str:
    """Name what a row is about: the outcome, or what the title says where there are several."""
    question = one.answer.question
    name = _asked(one) if len(one.outcomes) > 1 else one.outcome.label
    return f"{name}, before treatment" if before(question) else name


def _asked(one: Certainty) -> str:
    """What a title asks about, before its colon; where it has none, the labels of all outcomes."""
    asked, colon, _ = one.answer.question.title.partition(":")
    if colon and asked.strip():
        return capital(asked.strip())
    labels = [within_sentence(outcome.label.split(",")[0]) for outcome in one.outcomes]
    *first, last = dict.fromkeys(labels)
    return capital(" or ".join(filter(None, (", ".join(first), last))))


def measured_name(one: Certainty) -> str:
    """Name an outcome with its measure, where one outcome stands in several rows."""
    label = MEASURE_LABELS[one.inputs.measure]
    measured = f"{label}, {pretty_unit(one.inputs.unit)}" if one.inputs.unit else label
    return f"{outcome_name(one)} ({measured})"


def said_name(one: Certainty) -> str:
    """Name an outcome as a statement does: its risk, how often it occurs, or itself."""
    several = len(one.outcomes) > 1
    name = within_sentence(_asked(one) if several else one.outcome.label.split(",")[0])
    if one.inputs.measure not in EVENTS:
        return name
    if all(outcome.better == "lower" for outcome in one.outcomes):
        return f"the risk of {name}"
    if several or "count" not in one.outcome.units:
        return name
    return f"how often {name} occurs" if one.outcome.better == "higher" else f"the risk of {name}"
