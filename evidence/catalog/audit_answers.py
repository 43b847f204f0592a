"""What people answered to the findings of the plausibility audit."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, model_validator

from evidence.catalog.study import Figure, Identifier, Record, Text
from evidence.catalog.validate import load_record

FigureValue = float | str


class AuditAnswer(Record):
    """An answer to one finding, and to the figures that it was made on.

    ``figures`` are those of the finding: when one of them changes in the study file, the answer no
    longer holds, and the finding is asked again. ``accepted`` keeps the figures, with the reason;
    ``corrected`` says what was printed and what is used instead (a record: no figure of a study
    file is replaced by it); ``open`` says what would settle the matter.
    """

    code: Annotated[str, Field(pattern=r"^A\d\d$")]
    study: Identifier
    outcome: Identifier | None = None
    address: Text | None = None
    figures: Annotated[dict[str, Figure | Text], Field(min_length=1)]
    answer: Literal["accepted", "corrected", "open"]
    reason: Text
    source: Text | None = None
    printed: Text | None = None
    used: Text | None = None
    settled_by: Text | None = None

    @model_validator(mode="after")
    def _complete(self) -> AuditAnswer:
        needed = {"corrected": ("printed", "used"), "open": ("settled_by",), "accepted": ()}
        for name in ("printed", "used", "settled_by"):
            given, wanted = getattr(self, name) is not None, name in needed[self.answer]
            if wanted and not given:
                raise ValueError(f'the answer "{self.answer}" needs "{name}"')
            if given and not wanted:
                raise ValueError(f'"{name}" says nothing beside the answer "{self.answer}"')
        return self

    @property
    def key(self) -> tuple[str, str, str, str, tuple[tuple[str, FigureValue], ...]]:
        """The finding that this answers."""
        figures = tuple(sorted((k, v) for k, v in self.figures.items()))
        return self.code, self.study, self.outcome or "", self.address or "", figures


class AuditAnswers(Record):
    """All answers of a project."""

    answers: tuple[AuditAnswer, ...] = ()

    @model_validator(mode="after")
    def _once(self) -> AuditAnswers:
        seen = set()
        for answer in self.answers:
            if answer.key in seen:
                place = f"{answer.code} {answer.study} {answer.outcome} {answer.address}"
                raise ValueError(f"two answers to one finding: {place}")
            seen.add(answer.key)
        return self


def load_audit_answers(path: str | Path) -> AuditAnswers:
    """Read the record of answers; a file that does not exist holds none.

    Raises
    ------
    StudyError
        With every problem of the file.

    Examples
    --------
    >>> load_audit_answers("no-such-file.yaml").answers
    ()
    """
    return load_record(path, AuditAnswers) if Path(path).exists() else AuditAnswers()
