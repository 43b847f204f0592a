"""Summary of findings after GRADE: what each outcome shows, in absolute terms, and how surely."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Annotated

from pydantic import Field

from evidence.catalog.display import boxed
from evidence.catalog.question import MEASURE_LABELS, Question
from evidence.catalog.study import Record
from evidence.catalog.terms import Terms
from evidence.errors import Problem, ReportError, check_kind
from evidence.rating.certainty.absolute import PART_WORDS
from evidence.rating.certainty.certainty import Certainty, Status
from evidence.rating.certainty.gather import EVENTS, PEOPLE, RANDOMISED
from evidence.rating.certainty.rules import Level
from evidence.rating.certainty.words import SYMBOLS, plain_level, statement, within_sentence
from evidence.report.certainty.footnotes import Footnotes
from evidence.report.numbers import MINUS, pretty_unit, significant
from evidence.report.result import Shown, shown, ten
from evidence.report.wording import list_words

MOST = 7
NO_EVIDENCE = "\u2013"
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


class Rated(Record):
    """A level of certainty; ``level`` is None where there is no evidence."""

    level: Level | None
    status: Status

    @property
    def text(self) -> str:
        """Symbols and words; what was not judged, or on other figures, says so."""
        if self.level is None:
            return NO_EVIDENCE
        beside = "" if self.status == "judged" else f" ({self.status})"
        return f"{SYMBOLS[self.level]} {plain_level(self.level)}{beside}"


class SofRow(Record):
    """One outcome.

    ``comparator`` and ``treatment`` are people in 1,000 with the event, or means in
    ``absolute_unit``; ``difference`` is the difference of the two. ``as_asked`` is the certainty in
    the people, against the comparator and for the outcome of the question itself, ``certainty``
    that for what the answer is meant for.
    """

    question: str
    outcome: str
    follow_up: str
    trials: int
    participants: int | None
    told_in_part: int
    directions: str
    relative: Shown | None
    measure: str
    unit: str | None
    comparator: float | None
    comparator_text: str
    comparator_source: str
    treatment: Shown | None
    difference: Shown | None
    absolute_unit: str
    as_asked: Rated
    certainty: Rated
    footnotes: tuple[int, ...]
    smallest_difference: str
    statement: str


class SummaryOfFindings(Record):
    """A table for one kind of people and one comparison; ``footnotes`` count from 1."""

    title: str
    people: str
    intervention: str
    comparison: str
    meant_for: str
    rows: Annotated[tuple[SofRow, ...], Field(min_length=1, max_length=MOST)]
    footnotes: tuple[str, ...]

    def _repr_html_(self) -> str:
        from evidence.report.certainty.findings_table import findings_table, footnotes_table

        notes = footnotes_table(self)
        tables = [findings_table(self), *([] if notes is None else [notes])]
        return boxed(*(table._repr_html_() for table in tables))


def summary_of_findings(certainties: Sequence[Certainty], terms: Terms) -> SummaryOfFindings:
    """Make the table of up to seven outcomes in the same people and the same comparison.

    Parameters
    ----------
    certainties : sequence of Certainty
    terms : Terms

    Raises
    ------
    ReportError
        If there are none or more than seven, or people or comparison differ.

    Examples
    --------
    >>> import evidence as ev
    >>> terms = ev.load_terms()
    >>> plan = ev.Plan(prior_mu=ev.normal(0, 0.1, "wide"), prior_tau=ev.half_normal(0.02, "small"))
    >>> question = ev.load_question("spine_bmd_men")
    >>> found = ev.answer(question, plan, ev.load_studies(), terms, sample=False)
    >>> from evidence.catalog.project import find_project
    >>> judged = ev.load_certainty(find_project().root / "data" / "certainty.yaml")
    >>> rated = ev.certainty_of(found, terms, {}, judged)
    >>> table = summary_of_findings([rated], terms)
    >>> table.people, table.rows[0].trials
    ('men', 1)
    """
    check_kind("terms", terms, Terms, ReportError)
    check_kind("certainties", certainties, (list, tuple), ReportError)
    for one in certainties:
        check_kind("certainties", one, Certainty, ReportError)
    labels = [one.outcome.label for one in certainties]
    heads = list(dict.fromkeys(head(one.answer.question, terms) for one in certainties))
    problems = []
    if not 1 <= len(certainties) <= MOST:
        what, right = f"{len(certainties)} outcomes", f"1 to {MOST}; see summaries_of_findings"
        problems.append(Problem("certainties", what, right))
    if len(heads) > 1:
        what = " / ".join(f"{people}: {a} v {b}" for people, a, b in heads)
        problems.append(Problem("certainties", what, "one kind of people and one comparison"))
    if problems:
        raise ReportError("there is no summary of findings of this", problems)
    people, treatment, control = heads[0]
    notes = Footnotes()
    rows = tuple(
        _row(one, terms, notes, apart=labels.count(one.outcome.label) > 1) for one in certainties
    )
    against = f" compared with {control}" if control else ""
    return SummaryOfFindings(
        title=f"{_capital(treatment)}{against} in {people}",
        people=people,
        intervention=treatment,
        comparison=control or "none (no comparison between arms)",
        meant_for="" if certainties[0].target is None else certainties[0].target.reason,
        rows=rows,
        footnotes=notes.texts,
    )


def summaries_of_findings(
    certainties: Sequence[Certainty], terms: Terms
) -> tuple[SummaryOfFindings, ...]:
    """Make as many tables as there are kinds of people and comparisons, seven outcomes in each."""
    groups: dict[tuple[str, str, str], list[Certainty]] = {}
    for one in certainties:
        groups.setdefault(head(one.answer.question, terms), []).append(one)
    found = []
    for group in groups.values():
        parts = [group[i : i + MOST] for i in range(0, len(group), MOST)]
        for i, part in enumerate(parts):
            made = summary_of_findings(part, terms)
            more = f" (part {i + 1} of {len(parts)})" if len(parts) > 1 else ""
            found.append(made.model_copy(update={"title": made.title + more}))
    return tuple(found)


def head(question: Question, terms: Terms) -> tuple[str, str, str]:
    """People, treatment and control of a question, as readers call them."""
    people = " and ".join(PEOPLE[sex] for sex in question.sexes)
    groups = [within_sentence(terms.populations[word].label) for word in question.groups]
    people += f" ({'; '.join(groups)})" if groups else ""
    if question.background_with:
        people += f" who also take {list_words(question.background_with, terms)}"
    if not set(question.designs) <= set(RANDOMISED):
        people += f" ({', '.join(STUDY_WORDS[design] for design in question.designs)})"
    treatment = question.treatment_label or list_words(question.treatment, terms)
    control = question.control_label or list_words(question.control, terms)
    if question.contrast == "within":
        control = "their own baseline"
    if question.contrast == "association" and not treatment:
        treatment = "associations"
    return people, within_sentence(treatment), within_sentence(control)


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _beyond(one: Certainty, terms: Terms) -> str:
    """Name what the evidence is used for beyond the question as it is asked."""
    inputs, target, parts = one.inputs, one.target, []
    if inputs.surrogate_for:
        parts.append(f"on {inputs.surrogate_for}")
    if inputs.people and target is not None:
        parts.append(f"in {' and '.join(PEOPLE[sex] for sex in target.sexes)}")
    if inputs.comparator and target is not None:
        parts.append(f"against {list_words(target.controls, terms)}")
    if not parts and one.level() != one.level(as_asked=True):
        parts.append("for what it is meant for")
    return " ".join(parts)


def outcome_name(one: Certainty) -> str:
    """Name an outcome with its measure, where one outcome stands in several rows."""
    label = MEASURE_LABELS[one.inputs.measure]
    measured = f"{label}, {pretty_unit(one.inputs.unit)}" if one.inputs.unit else label
    return f"{one.outcome.label} ({measured})"


def _row(one: Certainty, terms: Terms, notes: Footnotes, *, apart: bool) -> SofRow:
    inputs, table, main = one.inputs, one.answer.table, one.answer.main
    _, treatment, control = head(one.answer.question, terms)
    label = one.outcome.label
    name = within_sentence(label.split(",")[0])
    said = statement(
        inputs,
        one.level(as_asked=True),
        _capital(treatment),
        f"the risk of {name}" if inputs.measure in EVENTS else name,
        control,
    )
    beyond = _beyond(one, terms)
    level = one.level()
    if beyond and level is not None:
        said += f" As evidence {beyond}: {plain_level(level)} certainty."
    relative = None
    if main is not None:
        relative = shown(inputs.scale, main.estimate, main.ci_low, main.ci_high)
    comparator, source, absolute_unit = _comparator(one)
    return SofRow(
        question=inputs.question,
        outcome=outcome_name(one) if apart else label,
        follow_up=_follow_up(one),
        trials=inputs.k,
        participants=_people(one),
        told_in_part=len(inputs.told_in_part),
        directions=_directions(one),
        relative=relative,
        measure=inputs.measure,
        unit=table.unit,
        comparator=comparator,
        comparator_text=_comparator_text(one),
        comparator_source=source,
        treatment=_with_treatment(one, comparator),
        difference=_difference(one, comparator, relative),
        absolute_unit=absolute_unit,
        as_asked=Rated(level=one.level(as_asked=True), status=one.status),
        certainty=Rated(level=one.level(), status=one.status),
        footnotes=notes.of(one),
        smallest_difference=inputs.important_reason,
        statement=said,
    )


def _follow_up(one: Certainty) -> str:
    rows = one.answer.table.rows
    weeks = sorted(float(w) for w in rows["weeks"].dropna())
    untimed = len(rows) - len(weeks)
    if not weeks:
        return "time not printed" if untimed else ""
    told = f"{weeks[0]:.0f}" + ("" if weeks[0] == weeks[-1] else f" to {weeks[-1]:.0f}") + " weeks"
    return told + (f"; {untimed} without a time" if untimed else "")


def _people(one: Certainty) -> int | None:
    """People in the trials used; None where a trial did not print its sizes, or there is none."""
    rows, total = one.answer.table.rows, 0
    for row in rows.to_dict("records"):
        sizes = [row["n_treatment"]] + ([] if row["control"] is None else [row["n_control"]])
        if any(n is None or n != n for n in sizes):
            return None
        total += int(max(sizes) if row["design"] == "crossover_rct" else sum(sizes))
    return total or None


def _directions(one: Certainty) -> str:
    """Directions that trials told in part, each trial once; never which were significant."""
    part = one.answer.table.partial
    counts: Counter[str] = Counter()
    for study in one.inputs.told_in_part:
        ways = {str(d) for d in part["direction"][part["study"] == study] if isinstance(d, str)}
        counts[ways.pop() if len(ways) == 1 else "no direction"] += 1
    order = ("increase", "decrease", "no_change", "no direction")
    return ", ".join(f"{counts[d]} {d.replace('_', ' ')}" for d in order if counts[d])


def printed(value: float) -> str:
    """Write a figure as it was printed, with a true minus sign.

    Examples
    --------
    >>> printed(-0.7), printed(102.0)
    ('−0.7', '102')
    """
    return f"{value:.10g}".replace("-", MINUS)


def _one_kind(one: Certainty) -> bool:
    return len({(mean.part, mean.unit) for mean in one.means}) == 1


def _comparator(one: Certainty) -> tuple[float | None, str, str]:
    """Figure with the comparator, where it comes from, and its unit."""
    if one.comparator is not None:
        return ten(1000 * one.comparator.median), one.comparator.source, "per 1,000"
    if one.means and _one_kind(one):
        values = sorted(mean.value for mean in one.means)
        middle = (values[(len(values) - 1) // 2] + values[len(values) // 2]) / 2
        names = ", ".join(mean.label for mean in one.means)
        source = f"median of the comparator arms ({names})" if len(values) > 1 else names
        unit = one.means[0].unit or ""
        if one.inputs.measure == "MD" and unit != one.inputs.unit:
            # A difference in one unit cannot be laid on a mean in another.
            return None, source, one.inputs.unit or ""
        return ten(middle), source, unit
    return None, "", ""


def _comparator_text(one: Certainty) -> str:
    if one.comparator is not None:
        low, high = 1000 * one.comparator.lowest, 1000 * one.comparator.highest
        text = f"{significant(1000 * one.comparator.median)} per 1,000"
        reach = f"{significant(low)} to {significant(high)}"
        return text if low == high else f"{text} (trials: {reach})"
    if not one.means:
        return "not printed" if one.inputs.k and one.inputs.contrast == "between" else ""
    if _one_kind(one):
        values = sorted(mean.value for mean in one.means)
        reach = printed(values[0])
        reach += "" if values[0] == values[-1] else f" to {printed(values[-1])}"
        return f"{PART_WORDS[one.means[0].part]} {reach} {pretty_unit(one.means[0].unit)}".rstrip()
    return "; ".join(
        f"{m.label} {PART_WORDS[m.part]} {printed(m.value)} {pretty_unit(m.unit)}".rstrip()
        for m in one.means
    )


def _final_values(one: Certainty) -> bool:
    return bool(one.means) and _one_kind(one) and one.means[0].part == "final"


def _ratios(one: Certainty) -> tuple[float, float, float] | None:
    i = one.inputs
    if i.estimate is None or i.ci_low is None or i.ci_high is None:
        return None
    return i.shown(i.estimate), i.shown(i.ci_low), i.shown(i.ci_high)


def _with_treatment(one: Certainty, comparator: float | None) -> Shown | None:
    """Risk with the treatment, or the mean where the effect is a ratio of final values."""
    if one.absolute is not None:
        return _shown(*one.absolute.treatment)
    ratios = _ratios(one)
    if one.inputs.measure == "ROM" and comparator and _final_values(one) and ratios:
        return _shown(*(comparator * r for r in ratios))
    return None


def _difference(one: Certainty, comparator: float | None, relative: Shown | None) -> Shown | None:
    if one.absolute is not None:
        return _shown(*one.absolute.difference)
    if one.inputs.measure == "MD":
        return relative
    made = _with_treatment(one, comparator)
    if made is None or comparator is None:
        return None
    return _shown(made.estimate - comparator, made.low - comparator, made.high - comparator)


def _shown(estimate: float, low: float, high: float) -> Shown:
    return Shown(estimate=ten(estimate), low=ten(low), high=ten(high))
