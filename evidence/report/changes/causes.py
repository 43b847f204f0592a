"""The computed part of the why: which inputs of an answer changed between two releases."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Literal

from evidence.report.changes.snapshot import QuestionState, Snapshot

How = Literal["changed", "appeared", "disappeared"]
STUDIES, RISK, CERTAINTY, TERMS = (
    "data/studies", "data/risk_of_bias", "data/certainty.yaml", "data/terms.yaml",
)  # fmt: skip
ANALYSES = "analyses"


@dataclass(frozen=True, slots=True)
class FileChange:
    """An input file that changed, appeared or disappeared between two releases."""

    path: str
    how: How

    @property
    def name(self) -> str:
        """The file's name without its ending: the study, or the analysis."""
        return PurePosixPath(self.path).stem

    @property
    def study(self) -> bool:
        """Whether it is the file of a study."""
        return PurePosixPath(self.path).parent.as_posix() == STUDIES


@dataclass(frozen=True, slots=True)
class Cause:
    """Inputs that changed, by what they can move.

    Attributes
    ----------
    studies : tuple of FileChange
        Of the studies that the answer rests on, in full or in part, before or after.
    others : tuple of FileChange
        Of further studies that the report looked at, and any other file.
    terms : tuple of FileChange
        The vocabulary.
    ratings : tuple of FileChange
        Risk of bias of those studies, and the judgements of certainty: they move ratings only.
    script : tuple of FileChange
        The analysis as it is declared.
    versions : (str, str)
        Of the program that built the report; empty where the report was not there.
    """

    studies: tuple[FileChange, ...]
    others: tuple[FileChange, ...]
    terms: tuple[FileChange, ...]
    ratings: tuple[FileChange, ...]
    script: tuple[FileChange, ...]
    versions: tuple[str, str]

    @property
    def program(self) -> bool:
        """Whether no input changed, so that what moved was moved by the program."""
        found = self.studies or self.others or self.terms or self.ratings or self.script
        return not found


def changed_files(old: dict[str, str], new: dict[str, str]) -> tuple[FileChange, ...]:
    """Files that differ between two sets of inputs, by path.

    Examples
    --------
    >>> [(c.path, c.how) for c in changed_files({"a": "1", "b": "2"}, {"b": "3", "c": "4"})]
    [('a', 'disappeared'), ('b', 'changed'), ('c', 'appeared')]
    """
    found = []
    for path in sorted({*old, *new}):
        if old.get(path) != new.get(path):
            how: How = "changed"
            if path not in old or path not in new:
                how = "disappeared" if path in old else "appeared"
            found.append(FileChange(path, how))
    return tuple(found)


def cause_between(
    old: QuestionState, new: QuestionState, before: Snapshot, after: Snapshot
) -> Cause:
    """Name the inputs of a question's report that changed between two releases."""
    files = changed_files(before.inputs(old.analysis), after.inputs(new.analysis))
    own = {*old.studies, *old.in_part, *new.studies, *new.in_part}
    groups: dict[str, list[FileChange]] = {
        "studies": [], "others": [], "terms": [], "ratings": [], "script": [],
    }  # fmt: skip
    for change in files:
        groups[_group(change, own)].append(change)
    made = {name: tuple(found) for name, found in groups.items()}
    return Cause(
        studies=made["studies"],
        others=made["others"],
        terms=made["terms"],
        ratings=made["ratings"],
        script=made["script"],
        versions=(_version(before, old.analysis), _version(after, new.analysis)),
    )


def _group(change: FileChange, own: set[str]) -> str:
    folder = PurePosixPath(change.path).parent.as_posix()
    if folder == ANALYSES:
        return "script"
    if folder == RISK or change.path == CERTAINTY:
        return "ratings"
    if change.path == TERMS:
        return "terms"
    return "studies" if change.study and change.name in own else "others"


def _version(snapshot: Snapshot, report: str) -> str:
    return next((r.evidence for r in snapshot.reports if r.name == report), "")
