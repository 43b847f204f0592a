"""What a check found: the place, the printed figures, and what would have been expected."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from evidence.catalog.audit_answers import AuditAnswer, FigureValue
from evidence.catalog.display import html_of_text
from evidence.catalog.yaml_reader import Address

Severity = Literal["error", "warning", "note"]
Figures = tuple[tuple[str, FigureValue], ...]
Key = tuple[str, str, str, str, Figures]


@dataclass(frozen=True, slots=True)
class Hit:
    """A finding before it is given its line and its answer.

    ``at`` is the place in the study file, ``figures`` what is printed there: an answer holds for
    these figures only.
    """

    code: str
    severity: Severity
    study: str
    outcome: str
    at: Address
    place: str
    figures: Figures
    found: str
    expected: str


@dataclass(frozen=True, slots=True)
class AuditFinding:
    """One doubt about a printed figure.

    Attributes
    ----------
    code, name : str
        The check, such as ``A07`` and ``p_against_interval``.
    severity : str
        ``error`` (figures that contradict one another or cannot be), ``warning`` (possible, and
        more often a mistake), ``note`` (a hint how to read a figure).
    study, outcome : str
        Ids; the outcome is empty where the finding is about the whole study.
    address : str
        Place inside the outcome: ``arms.placebo.final`` or ``contrasts[0]``.
    where : str
        File, line and path, where the files are known; else study, outcome and address.
    figures : tuple of (name, figure)
        The printed figures that the finding was made on.
    found, expected : str
        What stands there, and what would be expected.
    answer : AuditAnswer or None
        The recorded answer to exactly these figures.

    Examples
    --------
    >>> one = AuditFinding("A12", "percent_against_count", "error", "x-2001", "fracture",
    ...     "arms.a", "x.yaml:40", (("events", 3.0), ("total", 10.0)), "33 %", "30 %")
    >>> print(one)
    A12 error x.yaml:40: 33 %; 30 %
    """

    code: str
    name: str
    severity: Severity
    study: str
    outcome: str
    address: str
    where: str
    figures: Figures
    found: str
    expected: str
    answer: AuditAnswer | None = None

    _repr_html_ = html_of_text

    @property
    def key(self) -> Key:
        """What a recorded answer must name to answer this finding."""
        return self.code, self.study, self.outcome, self.address, tuple(sorted(self.figures))

    def __str__(self) -> str:
        said = "" if self.answer is None else f" [{self.answer.answer}: {self.answer.reason}]"
        return f"{self.code} {self.severity} {self.where}: {self.found}; {self.expected}{said}"
