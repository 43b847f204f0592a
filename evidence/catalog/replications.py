"""How each published pooled figure is rebuilt from the trials here, or why it cannot be."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, model_validator

from evidence.catalog.excluded import PooledEstimate, ReplicationTargets
from evidence.catalog.question import Assumption, Kind, Measure, Question, Window, check_terms
from evidence.catalog.study import Count, Design, Identifier, Record, Text
from evidence.catalog.terms import Terms
from evidence.catalog.validate import counted, in_order, validated
from evidence.catalog.yaml_reader import Document, read_yaml
from evidence.errors import Problem, QuestionError, StudyError, did_you_mean

Year = Annotated[int, Field(ge=1950, le=2100)]
COUNTS = Assumption(
    "percent_to_count",
    "nearest",
    "Some trials print only a percentage; the whole number of people nearest to it is taken.",
)
# Measures of published pools that are our own by another name.
SAME: dict[str, Measure] = {
    "MD": "MD", "WMD": "MD", "RR": "RR", "OR": "OR", "HR": "HR", "proportion": "PLO",
}  # fmt: skip


class Comparison(Record):
    """The parts of a question that several published figures share."""

    id: Identifier
    sexes: Annotated[tuple[Literal["male", "female", "mixed"], ...], Field(min_length=1)]
    treatment: Annotated[tuple[Identifier, ...], Field(min_length=1)]
    control: tuple[Identifier, ...] = ()
    contrast: Kind = "between"
    groups: tuple[Identifier, ...] = ()
    designs: Annotated[tuple[Design, ...], Field(min_length=1)] = ("parallel_rct", "crossover_rct")
    background_with: tuple[Identifier, ...] = ()
    earliest: Annotated[float, Field(ge=0)] = 0
    latest: Annotated[float, Field(ge=0)] = 1300
    target: Annotated[float, Field(ge=0)] = 260


class Rebuild(Record):
    """What to ask of the trials here.

    Attributes
    ----------
    outcomes : tuple of str
        In the order of preference, as in a question.
    unit : str, optional
        For mean differences.
    until : int, optional
        Trials first reported later than this year are left out.
    trials : tuple of str
        Where not empty, only these trials.
    model, tau2, ci : str
        As the published paper pooled; ``method_seen`` says whether that was seen, else the usual
        choice of the software of such reviews is taken.
    """

    comparison: Identifier
    outcomes: Annotated[tuple[Identifier, ...], Field(min_length=1)]
    unit: Text | None = None
    until: Year | None = None
    trials: tuple[Identifier, ...] = ()
    trials_reason: Text | None = None
    model: Literal["common", "random"] = "random"
    tau2: Literal["dersimonian_laird", "reml"] = "dersimonian_laird"
    ci: Literal["wald", "hartung_knapp"] = "wald"
    method_seen: bool = False

    @model_validator(mode="after")
    def _reasoned(self) -> Rebuild:
        if bool(self.trials) != (self.trials_reason is not None):
            raise ValueError("trials and trials_reason go together")
        return self


class Replication(Record):
    """One published figure: rebuilt, with the difference explained, or the reason why not."""

    target: Identifier
    estimate: Identifier
    rebuild: Rebuild | None = None
    difference: Text | None = None
    cannot: Text | None = None

    @model_validator(mode="after")
    def _one_way(self) -> Replication:
        if (self.rebuild is None) != (self.difference is None):
            raise ValueError("rebuild and difference, what may make it differ, go together")
        if (self.rebuild is None) == (self.cannot is None):
            raise ValueError("give rebuild, or cannot: which trials or figures are missing")
        return self


class Replications(Record):
    """``data/replications.yaml``."""

    about: Text
    n_estimates: Count
    comparisons: Annotated[tuple[Comparison, ...], Field(min_length=1)]
    replications: Annotated[tuple[Replication, ...], Field(min_length=1)]

    def comparison(self, comparison_id: str) -> Comparison:
        """Return the comparison of that id; the reader has checked that it exists."""
        return next(one for one in self.comparisons if one.id == comparison_id)


def question_of(
    comparison: Comparison, rebuild: Rebuild, estimate: PooledEstimate, key: str
) -> Question:
    """Make the question that a published figure answered.

    Raises
    ------
    QuestionError
        If the parts make no question, or the published measure is none of ours.
    """
    if estimate.measure not in SAME:
        problem = Problem(
            key, f"the measure is {estimate.measure}", did_you_mean(str(estimate.measure), SAME)
        )
        raise QuestionError(f"{key} cannot be rebuilt", [problem])
    measure = SAME[str(estimate.measure)]
    return Question(
        id=key.replace("-", "_").replace("/", "_"),
        title=f"{estimate.outcome}: {estimate.comparison}",
        sexes=comparison.sexes,
        treatment=comparison.treatment,
        control=comparison.control,
        outcomes=rebuild.outcomes,
        measure=measure,
        unit=rebuild.unit,
        window=Window(comparison.earliest, comparison.latest, comparison.target, untimed=True),
        groups=comparison.groups,
        designs=comparison.designs,
        contrast=comparison.contrast,
        background_with=comparison.background_with,
        assumptions=(COUNTS,) if measure in ("RR", "OR", "PLO") else (),
    )


def load_replications(
    path: str | Path, targets: ReplicationTargets, terms: Terms, known: frozenset[str]
) -> Replications:
    """Read how the published figures are rebuilt.

    Parameters
    ----------
    path : path
    targets : ReplicationTargets
        The published figures; each must stand in the file once.
    terms : Terms
        The vocabulary of the questions.
    known : frozenset of str
        Ids of the studies.

    Raises
    ------
    StudyError
        With every problem of the file, each with its line.
    """
    document = read_yaml(Path(path))
    record, problems = validated(Replications, document, terms)
    found = [*document.problems, *problems]
    if record is not None:
        found += _against(record, document, targets, terms, known)
    if found or record is None:
        raise StudyError(f"{path}: {counted(found)}", in_order(found))
    return record


def _against(
    record: Replications,
    document: Document,
    targets: ReplicationTargets,
    terms: Terms,
    known: frozenset[str],
) -> list[Problem]:
    """Hold the file against the targets, the terms and the studies."""
    there = {(t.id, e.id): e for t in targets.targets for e in t.estimates}
    names = {f"{a}/{b}" for a, b in there}
    comparisons = {one.id: one for one in record.comparisons}
    found, seen = [], set()
    for i, one in enumerate(record.replications):
        pair, key = (one.target, one.estimate), f"{one.target}/{one.estimate}"
        where = document.where(("replications", i))
        if pair not in there:
            found.append(Problem(where, f'"{key}" is no target', did_you_mean(key, names)))
            continue
        if pair in seen:
            found.append(Problem(where, f'"{key}" stands twice', "one entry each"))
        seen.add(pair)
        if one.rebuild is None:
            continue
        found += [
            Problem(where, f'"{trial}" is no study', did_you_mean(trial, known))
            for trial in one.rebuild.trials
            if trial not in known
        ]
        if one.rebuild.comparison not in comparisons:
            right = did_you_mean(one.rebuild.comparison, comparisons)
            found.append(Problem(where, f'"{one.rebuild.comparison}" is no comparison', right))
            continue
        try:
            comparison = comparisons[one.rebuild.comparison]
            check_terms(question_of(comparison, one.rebuild, there[pair], key), terms)
        except QuestionError as error:
            found += [Problem(where, f"{p.where}: {p.what}", p.right) for p in error.problems]
    for a, b in there:
        if (a, b) not in seen:
            what = f'"{a}/{b}" is missing'
            found.append(Problem(document.where(("replications",)), what, "add it"))
    if record.n_estimates != len(there):
        what = f"{record.n_estimates} figures are announced, {len(there)} are there"
        found.append(Problem(document.where(("n_estimates",)), what, str(len(there))))
    return found
