"""Summary of findings after GRADE: what each outcome shows, in absolute terms, and how surely."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import Field

from evidence.catalog.display import boxed
from evidence.catalog.phrases import folded
from evidence.catalog.study import Record
from evidence.catalog.terms import Terms
from evidence.errors import Problem, ReportError, check_kind
from evidence.rating.certainty.certainty import Certainty, Status
from evidence.rating.certainty.rules import Level
from evidence.rating.certainty.words import SYMBOLS, plain_level, statement
from evidence.report.certainty.comparator import (
    comparator,
    comparator_text,
    difference,
    with_treatment,
)
from evidence.report.certainty.footnotes import Footnotes
from evidence.report.certainty.names import (
    before,
    beyond,
    capital,
    head,
    measured_name,
    outcome_name,
    said_name,
    sides,
)
from evidence.report.result import Shown, shown

MOST = 7
NO_EVIDENCE = "\u2013"


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
    ``absolute_unit``; ``difference`` is the difference of the two. ``capped`` says that a ratio led
    beyond 1,000 of 1,000, ``occasion`` whether a level was seen before the treatment
    (``baseline``) or under it (``final``). ``as_asked`` is the certainty in
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
    capped: bool = False
    occasion: Literal["final", "baseline"] = "final"


class SummaryOfFindings(Record):
    """A table for one kind of people and one comparison; ``footnotes`` count from 1."""

    title: str
    people: str
    intervention: str
    comparison: str
    meant_for: str
    rows: Annotated[tuple[SofRow, ...], Field(min_length=1, max_length=MOST)]
    footnotes: tuple[str, ...]

    def __str__(self) -> str:
        return folded("\n".join([self.title, *(f"  {row.statement}" for row in self.rows)]))

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
    names = [outcome_name(one) for one in certainties]
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
        _row(one, terms, notes, measured_name(one) if names.count(name) > 1 else name)
        for one, name in zip(certainties, names, strict=True)
    )
    against = f" compared with {control}" if control else ""
    return SummaryOfFindings(
        title=f"{capital(treatment)}{against} in {people}",
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


def _row(one: Certainty, terms: Terms, notes: Footnotes, name: str) -> SofRow:
    inputs, table, main = one.inputs, one.answer.table, one.answer.main
    question, level = one.answer.question, one.level()
    treatment, control = sides(question, terms)
    early = before(question)
    said = statement(
        inputs,
        one.level(as_asked=True),
        capital(treatment),
        said_name(one),
        control,
        before=early,
    )
    further = beyond(one, terms)
    if further and level is not None:
        said += f" As evidence {further}: {plain_level(level)} certainty."
    relative = None
    if main is not None:
        relative = shown(inputs.scale, main.estimate, main.ci_low, main.ci_high)
    base, source, absolute_unit = comparator(one)
    return SofRow(
        question=inputs.question,
        outcome=name,
        follow_up="" if early else _follow_up(one),
        trials=inputs.k,
        participants=_people(one),
        told_in_part=len(inputs.told_in_part),
        directions=_directions(one),
        relative=relative,
        measure=inputs.measure,
        unit=table.unit,
        comparator=base,
        comparator_text=comparator_text(one),
        comparator_source=source,
        treatment=with_treatment(one, base),
        difference=difference(one, base, relative),
        absolute_unit=absolute_unit,
        as_asked=Rated(level=one.level(as_asked=True), status=one.status),
        certainty=Rated(level=one.level(), status=one.status),
        footnotes=notes.of(one),
        smallest_difference=inputs.important_reason,
        statement=said,
        capped=one.absolute is not None and one.absolute.capped,
        occasion=question.occasion if early else "final",
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
