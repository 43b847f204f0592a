"""Sources that were named or seen and have no study file, published pools, and the search."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, model_validator

from evidence.catalog.claims import Url
from evidence.catalog.study import Count, Figure, Identifier, Positive, Record, Text
from evidence.catalog.validate import counted, in_order, validated
from evidence.catalog.yaml_reader import Document, read_yaml
from evidence.errors import Problem, StudyError, did_you_mean

ExclusionCode = Literal[
    "not_seen", "no_outcome_seen", "no_such_source", "not_an_inhibitor", "wrong_population",
    "review", "meta_analysis", "not_a_study", "duplicate",
]  # fmt: skip
PoolMeasure = Literal["MD", "SMD", "WMD", "RR", "OR", "HR", "proportion", "ratio_not_named"]
EXCLUSION_LABELS: dict[str, str] = {
    "not_seen": "named, but no page was found",
    "no_outcome_seen": "found, but no result was on the pages seen",
    "no_such_source": "does not exist as named",
    "not_an_inhibitor": "tests no aromatase inhibitor and no question of this project",
    "wrong_population": "other people than asked about",
    "review": "a review without pooled figures",
    "meta_analysis": "a meta-analysis, kept as a target to replicate or for another intervention",
    "not_a_study": "no study of patients",
    "duplicate": "another report of a trial that has a file",
}


class ExcludedSource(Record):
    """A source without a study file of its own, and why.

    ``study`` is the file that was taken out, where there was one; ``reported_in`` the study file or
    target that holds its figures.
    """

    id: Identifier
    cite: Text
    url: Url | None = None
    code: ExclusionCode
    reason: Text
    named_in: Annotated[tuple[Identifier, ...], Field(min_length=1)]
    study: Identifier | None = None
    reported_in: Identifier | None = None

    @model_validator(mode="after")
    def _placed(self) -> ExcludedSource:
        if self.code == "duplicate" and self.reported_in is None:
            raise ValueError("a duplicate needs reported_in, the file that holds it")
        return self


class Excluded(Record):
    """``data/excluded.yaml``."""

    about: Text
    sources: tuple[ExcludedSource, ...]

    def by_reason(self) -> dict[str, int]:
        """Count the sources by the label of their reason, most first."""
        counts = Counter(item.code for item in self.sources)
        return {EXCLUSION_LABELS[code]: n for code, n in counts.most_common()}


class PooledEstimate(Record):
    """One pooled figure of a meta-analysis; null what was not seen."""

    id: Identifier
    comparison: Text
    outcome: Text
    word: Identifier | None = None
    measure: PoolMeasure | None = None
    estimate: Figure | None = None
    ci: tuple[Figure, Figure] | None = None
    unit: Text | None = None
    k: Count | None = None
    n: Count | None = None
    i2_percent: Annotated[float, Field(ge=0, le=100, allow_inf_nan=False)] | None = None
    p: Text | None = None
    number_needed: Positive | None = None
    trials: tuple[Identifier, ...] = ()
    url: Url | None = None
    note: Text | None = None

    @model_validator(mode="after")
    def _stated(self) -> PooledEstimate:
        if self.estimate is not None and self.measure is None:
            raise ValueError("an estimate needs its measure")
        if self.estimate is None and self.note is None:
            raise ValueError("without an estimate a note must say what was seen")
        if self.ci is not None and self.estimate is not None:
            low, high = self.ci
            if not low <= self.estimate <= high:
                raise ValueError(f"{self.estimate:g} lies outside {low:g} to {high:g}")
        return self


class ReplicationTarget(Record):
    """A published meta-analysis whose pooled figures can be held against ours."""

    id: Identifier
    cite: Text
    population: Literal["women", "men", "boys"]
    pmid: Annotated[str, Field(pattern=r"^\d{1,8}$")] | None = None
    doi: Annotated[str, Field(pattern=r"^10\.\d{4,9}/\S+$")] | None = None
    url: Url | None = None
    k: Count | None = None
    n: Count | None = None
    estimates: Annotated[tuple[PooledEstimate, ...], Field(min_length=1)]
    note: Text | None = None
    open_points: tuple[Text, ...] = ()


class ReplicationTargets(Record):
    """``data/replication_targets.yaml``."""

    about: Text
    targets: Annotated[tuple[ReplicationTarget, ...], Field(min_length=1)]

    def target(self, target_id: str) -> ReplicationTarget:
        """Return the target of that id."""
        return next(target for target in self.targets if target.id == target_id)


class Searched(Record):
    """One field that was searched: what was recorded of it, null what was not."""

    id: Identifier
    scope: Text
    population: Text
    interventions: Text
    designs: Text | None = None
    databases: tuple[Text, ...] | None = None
    strategy: Text | None = None
    searched_on: Annotated[str, Field(pattern=r"^\d{4}-\d{2}-\d{2}$")] | None = None
    languages: Text | None = None
    screened: Count | None = None
    screened_by: Text | None = None
    read: Text
    studies_with_file: Count
    not_found: Count | None = None
    open_points: tuple[Text, ...] = ()

    @model_validator(mode="after")
    def _owned_up(self) -> Searched:
        asked = (self.databases, self.strategy, self.searched_on, self.screened, self.screened_by)
        if any(value is None for value in asked) and not self.open_points:
            raise ValueError("what was not recorded of a search needs an open point")
        return self


class Search(Record):
    """``data/search.yaml``."""

    about: Text
    fields: Annotated[tuple[Searched, ...], Field(min_length=1)]
    second_reader: Text
    open_points: tuple[Text, ...] = ()


def load_excluded(path: str | Path) -> Excluded:
    """Read the sources without a study file.

    Raises
    ------
    StudyError
        With every problem of the file, each with its line.
    """
    document = read_yaml(Path(path))
    record, problems = validated(Excluded, document, None)
    found = [*document.problems, *problems]
    if record is not None:
        found += _repeated(document, "sources", [item.id for item in record.sources])
    if found or record is None:
        raise StudyError(f"{path}: {counted(found)}", in_order(found))
    return record


def load_replication_targets(path: str | Path) -> ReplicationTargets:
    """Read the published meta-analyses.

    Raises
    ------
    StudyError
        With every problem of the file, each with its line.
    """
    document = read_yaml(Path(path))
    record, problems = validated(ReplicationTargets, document, None)
    found = [*document.problems, *problems]
    if record is not None:
        found += _repeated(document, "targets", [item.id for item in record.targets])
        for i, target in enumerate(record.targets):
            ids = [estimate.id for estimate in target.estimates]
            found += _repeated(document, "targets", ids, (i, "estimates"))
    if found or record is None:
        raise StudyError(f"{path}: {counted(found)}", in_order(found))
    return record


def load_search(path: str | Path) -> Search:
    """Read what was recorded of the search.

    Raises
    ------
    StudyError
        With every problem of the file, each with its line.
    """
    document = read_yaml(Path(path))
    record, problems = validated(Search, document, None)
    found = [*document.problems, *problems]
    if record is not None:
        found += _repeated(document, "fields", [item.id for item in record.fields])
    if found or record is None:
        raise StudyError(f"{path}: {counted(found)}", in_order(found))
    return record


def missing_studies(targets: ReplicationTargets, known: frozenset[str]) -> tuple[Problem, ...]:
    """Trials that a target names and that have no study file."""
    return tuple(
        Problem(f"{target.id}/{estimate.id}", f'"{trial}" is no study', did_you_mean(trial, known))
        for target in targets.targets
        for estimate in target.estimates
        for trial in estimate.trials
        if trial not in known
    )


def _repeated(
    document: Document, name: str, ids: list[str], inside: tuple[str | int, ...] = ()
) -> list[Problem]:
    return [
        Problem(document.where((name, *inside, i)), f'"{word}" stands twice', "one id each")
        for i, word in enumerate(ids)
        if word in ids[:i]
    ]
