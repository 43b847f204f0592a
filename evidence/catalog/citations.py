"""References of the source articles, each checked against records of the literature."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, model_validator

from evidence.catalog.claims import Url
from evidence.catalog.study import Identifier, Record, Text
from evidence.catalog.validate import counted, in_order, validated
from evidence.catalog.yaml_reader import Document, read_yaml
from evidence.errors import Problem, StudyError, did_you_mean

Status = Literal["exact", "minor_errors", "wrong_details", "not_found", "does_not_exist_as_cited"]
Match = Literal["same_paper", "same_paper_title_and_authors_only", "nearest_paper"]
Year = Annotated[int, Field(ge=1900, le=2100)]


class AsCited(Record):
    """A reference as an article prints it."""

    authors: Text
    title: Text
    journal: Text
    year: Year
    volume: Text | None = None
    issue: Text | None = None
    pages: Text | None = None
    articles: Annotated[tuple[Identifier, ...], Field(min_length=1)]


class RecordFound(Record):
    """The record that was found; null where a detail was not seen."""

    match: Match
    authors: Text | None
    title: Text
    journal: Text | None
    year: Year | None
    volume: Text | None
    issue: Text | None
    pages: Text | None
    pmid: Annotated[str, Field(pattern=r"^\d{1,8}$")] | None
    doi: Annotated[str, Field(pattern=r"^10\.\d{4,9}/\S+$")] | None
    url: Url


class OtherCandidate(Record):
    """Another paper that may have been meant."""

    authors: Text
    title: Text
    journal: Text | None
    year: Year | None
    pmid: Annotated[str, Field(pattern=r"^\d{1,8}$")] | None
    url: Url | None
    seen: Text


class Citation(Record):
    """One reference: as cited, what was found, and how the two compare."""

    key: Identifier
    same_as: Identifier | None
    as_cited: AsCited
    found: RecordFound
    status: Status
    discrepancies: tuple[Text, ...]
    note: Text | None = None
    other_candidates: tuple[OtherCandidate, ...] = ()

    @model_validator(mode="after")
    def _explained(self) -> Citation:
        if self.status == "exact" and self.discrepancies:
            raise ValueError("an exact reference has no discrepancies")
        if self.status != "exact" and not self.discrepancies:
            raise ValueError(f'the status "{self.status}" needs discrepancies')
        if self.status in ("exact", "minor_errors") and self.found.match != "same_paper":
            raise ValueError(f'the status "{self.status}" needs the match same_paper')
        return self


class DuplicateReference(Record):
    """One paper that stands in the lists more than once."""

    paper: Identifier
    entries: Annotated[tuple[Identifier, ...], Field(min_length=2)]


class Citations(Record):
    """``data/citations.yaml``."""

    about: Text
    n_references: Annotated[int, Field(ge=1)]
    rules: tuple[Text, ...]
    status_counts: dict[Status, Annotated[int, Field(ge=0)]]
    duplicates: tuple[DuplicateReference, ...] = ()
    references: Annotated[tuple[Citation, ...], Field(min_length=1)]

    @property
    def keys(self) -> tuple[str, ...]:
        """Keys of the references."""
        return tuple(reference.key for reference in self.references)


def load_citations(path: str | Path) -> Citations:
    """Read the check of the references.

    Raises
    ------
    StudyError
        With every problem of the file, each with its line.
    """
    document = read_yaml(Path(path))
    citations, found = validated(Citations, document, None)
    problems = [*document.problems, *found]
    if citations is not None:
        problems += _across(citations, document)
    if problems or citations is None:
        raise StudyError(f"{path}: {counted(problems)}", in_order(problems))
    return citations


def _across(citations: Citations, document: Document) -> list[Problem]:
    """Keys that repeat or lead nowhere, and counts that do not add up."""
    found, keys = [], citations.keys
    for i, reference in enumerate(citations.references):
        if reference.key in keys[:i]:
            what = f'"{reference.key}" stands twice'
            found.append(Problem(document.where(("references", i)), what, "one key each"))
        if reference.same_as is not None and reference.same_as not in keys:
            right = did_you_mean(reference.same_as, keys)
            what = f'"{reference.same_as}" is no reference'
            found.append(Problem(document.where(("references", i, "same_as")), what, right))
    for i, pair in enumerate(citations.duplicates):
        for entry in pair.entries:
            if entry not in keys:
                where = document.where(("duplicates", i, "entries"))
                found.append(
                    Problem(where, f'"{entry}" is no reference', did_you_mean(entry, keys))
                )
    if len(keys) != citations.n_references:
        what = f"{citations.n_references} references are announced, {len(keys)} stand here"
        found.append(Problem(document.where(("n_references",)), what, "none may be lost"))
    counts = Counter(str(reference.status) for reference in citations.references)
    for status, count in citations.status_counts.items():
        if counts[status] != count:
            where = document.where(("status_counts", status))
            found.append(
                Problem(where, f"{count} are counted, {counts[status]} stand here", "count")
            )
    return found
