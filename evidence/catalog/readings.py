"""Readings: what a second reader saw, and how every difference between readings was settled."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, model_validator

from evidence.catalog.claims import Url
from evidence.catalog.study import Figure, Identifier, Record, Text
from evidence.catalog.validate import counted, in_order, validated
from evidence.catalog.yaml_reader import Document, read_yaml
from evidence.errors import Problem, StudyError, did_you_mean

CheckResult = Literal["agrees", "differs", "not_seen_again"]
# disagreement: the second reader saw another figure; not_seen_again: he did not find the page;
# first_reading_changed: a figure of the first reading stands otherwise, or not, in the study file.
SettlementKind = Literal["disagreement", "not_seen_again", "first_reading_changed"]
Value = Figure | Text


class CheckedFigures(Record):
    """A group of figures that a second reader looked up again.

    ``study`` is the trial, or ``target`` the published meta-analysis; ``report`` names the report
    where the trial has several. ``seen`` is left out where it was the same.
    """

    study: Identifier | None = None
    target: Identifier | None = None
    report: Text | None = None
    outcome: Text
    figure: Text
    first: Text
    seen: Text | None = None
    urls: tuple[Url, ...] = ()
    result: CheckResult
    settled: Identifier | None = None

    @model_validator(mode="after")
    def _whole(self) -> CheckedFigures:
        if (self.study is None) == (self.target is None):
            raise ValueError("figures belong to a study or to a target, to one of the two")
        if self.result == "agrees" and self.settled is not None:
            raise ValueError("figures that agree need no settlement")
        if self.result != "agrees" and self.settled is None:
            raise ValueError(f'"{self.result}" needs the id of its settlement')
        if self.result == "not_seen_again" and self.urls:
            raise ValueError("a page that was not seen again has no address")
        return self


class Reading(Record):
    """What one reader took from a page."""

    text: Text
    url: Url | None = None


class SettledFigure(Record):
    """A figure of the first reading that stands otherwise in the study file.

    ``outcome`` is left out for figures of arms and population. ``path`` is that of the ledger of
    figures; ``now`` and ``now_path`` say what stands in the file, and where, if anything does.
    """

    outcome: Identifier | None = None
    path: Text
    first: Value
    now: Value | None = None
    now_path: Text | None = None

    @model_validator(mode="after")
    def _placed(self) -> SettledFigure:
        if (self.now is None) != (self.now_path is None):
            raise ValueError("now and now_path belong together")
        if self.now_path == self.path and self.now == self.first:
            raise ValueError("this figure did not change")
        return self


class Settlement(Record):
    """A difference between readings, with both of them, what holds, and why."""

    id: Identifier
    kind: SettlementKind
    study: Identifier | None = None
    target: Identifier | None = None
    outcomes: tuple[Identifier, ...] = ()
    first: Reading
    second: Reading | None = None
    settled: Text
    reason: Text
    figures: tuple[SettledFigure, ...] = ()

    @model_validator(mode="after")
    def _whole(self) -> Settlement:
        if (self.study is None) == (self.target is None):
            raise ValueError("a settlement belongs to a study or to a target, to one of the two")
        if self.kind == "disagreement" and self.second is None:
            raise ValueError("a disagreement needs the second reading")
        if self.kind == "first_reading_changed" and not self.figures:
            raise ValueError("a changed reading needs its figures")
        return self


class ReaderNote(Record):
    """A remark of the second reader that changes no figure, and where it is kept."""

    study: Identifier
    text: Text
    urls: tuple[Url, ...] = ()


class NewFigure(Record):
    """A figure that only the second reader saw: the outcomes it became, or where else it stands."""

    study: Identifier
    figure: Text
    url: Url
    outcomes: tuple[Identifier, ...] = ()
    elsewhere: Text | None = None

    @model_validator(mode="after")
    def _kept(self) -> NewFigure:
        if bool(self.outcomes) == (self.elsewhere is not None):
            raise ValueError("name the outcomes, or say where else the figure stands")
        return self


class TracedFigure(Record):
    """A figure drawn at random and looked up again: what the page said, and which page it was."""

    study: Identifier
    outcome: Identifier
    path: Text
    value: Figure
    seen: Text | None = None
    url: Url | None = None
    result: CheckResult

    @model_validator(mode="after")
    def _seen(self) -> TracedFigure:
        looked = self.seen is not None and self.url is not None
        if looked == (self.result == "not_seen_again"):
            raise ValueError("what was seen and where, or not_seen_again: one of the two")
        return self


class Tracing(Record):
    """A random sample of the figures that the analyses used.

    ``frame`` figures of ``outcomes`` outcomes were in use when it was drawn with ``seed``.
    """

    about: Text
    seed: Annotated[int, Field(ge=0)]
    frame: Annotated[int, Field(ge=1)]
    outcomes: Annotated[int, Field(ge=1)]
    figures: Annotated[tuple[TracedFigure, ...], Field(min_length=1)]


class Readings(Record):
    """``data/readings.yaml``."""

    about: Text
    readers: tuple[Text, ...]
    checked: Annotated[tuple[CheckedFigures, ...], Field(min_length=1)]
    settlements: tuple[Settlement, ...] = ()
    notes: tuple[ReaderNote, ...] = ()
    new_figures: tuple[NewFigure, ...] = ()
    tracing: Tracing | None = None

    def settlement(self, settlement_id: str) -> Settlement:
        """Return the settlement of that id; the reader has checked that it exists."""
        return next(item for item in self.settlements if item.id == settlement_id)

    def changed(self) -> dict[tuple[str, str, str], SettledFigure]:
        """Figures that stand otherwise than first read, by study, outcome and path."""
        return {
            (item.study, figure.outcome or "", figure.path): figure
            for item in self.settlements
            if item.study is not None
            for figure in item.figures
        }


@dataclass(frozen=True, slots=True)
class Agreement:
    """How often two readers saw the same.

    Attributes
    ----------
    checked, agree, differ, not_seen_again : int
        Groups of figures.
    """

    checked: int
    agree: int
    differ: int
    not_seen_again: int

    @property
    def seen(self) -> int:
        """Groups whose page was found by both readers."""
        return self.agree + self.differ

    @property
    def share(self) -> float:
        """Share of the groups seen by both readers in which they agree."""
        return self.agree / self.seen

    def __str__(self) -> str:
        return (
            f"{self.agree} of {self.seen} groups of figures agree ({100 * self.share:.1f} %); "
            f"{self.differ} differ; {self.not_seen_again} of {self.checked} were not seen again"
        )


def agreement(readings: Readings) -> Agreement:
    """Count how often the two readers saw the same.

    Groups of figures are the unit: a group differs where one of its figures does.

    Raises
    ------
    StudyError
        If no group was seen by both readers.

    Examples
    --------
    >>> same = CheckedFigures(study="leder-2004", outcome="estradiol", figure="week 12",
    ...                       first="26 (8) to 17 (6)", result="agrees")
    >>> print(agreement(Readings(about="...", readers=("A", "B"), checked=(same,))))
    1 of 1 groups of figures agree (100.0 %); 0 differ; 0 of 1 were not seen again
    """
    counts = Counter(group.result for group in readings.checked)
    if not counts["agrees"] + counts["differs"]:
        problem = Problem("readings", "no group was seen by both readers", "nothing can agree")
        raise StudyError("there is no agreement to count", [problem])
    return Agreement(
        checked=len(readings.checked),
        agree=counts["agrees"],
        differ=counts["differs"],
        not_seen_again=counts["not_seen_again"],
    )


def load_readings(path: str | Path) -> Readings:
    """Read what the readers saw.

    Raises
    ------
    StudyError
        With every problem of the file, each with its line.
    """
    document = read_yaml(Path(path))
    readings, found = validated(Readings, document, None)
    problems = [*document.problems, *found]
    if readings is not None:
        problems += _across(readings, document)
    if problems or readings is None:
        raise StudyError(f"{path}: {counted(problems)}", in_order(problems))
    return readings


def _across(readings: Readings, document: Document) -> list[Problem]:
    """Settlements that repeat, lead nowhere, or that nothing leads to."""
    found: list[Problem] = []
    ids = [item.id for item in readings.settlements]
    used = {group.settled for group in readings.checked}
    for i, item in enumerate(readings.settlements):
        at = document.where(("settlements", i, "id"))
        if item.id in ids[:i]:
            found.append(Problem(at, f'"{item.id}" stands twice', "one id each"))
        if item.kind != "first_reading_changed" and item.id not in used:
            what = f'nothing that was checked leads to "{item.id}"'
            found.append(Problem(at, what, "name it under settled of its figures"))
    for i, group in enumerate(readings.checked):
        if group.settled is not None and group.settled not in ids:
            what = f'"{group.settled}" is no settlement'
            at = document.where(("checked", i, "settled"))
            found.append(Problem(at, what, did_you_mean(group.settled, ids)))
    return found
