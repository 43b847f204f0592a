"""Certainty: what people judged of each domain of GRADE, why, and on which figures."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, model_validator

from evidence.catalog.study import Figure, Identifier, Record, Text
from evidence.catalog.terms import Terms
from evidence.catalog.validate import counted, in_order, validated
from evidence.catalog.yaml_reader import read_yaml
from evidence.errors import Problem, StudyError, check_kind, did_you_mean

# GRADE counts surrogates under indirectness; they are judged apart here, so that the certainty of
# the effect on what was measured can be told from that on what matters to patients.
DOMAINS = (
    "risk_of_bias", "inconsistency", "indirectness", "surrogate", "imprecision",
    "publication_bias",
)  # fmt: skip
UPGRADES = ("large_effect", "dose_response", "opposing_confounding")
QuestionId = Annotated[str, Field(pattern=r"^[A-Za-z0-9_]{1,80}$")]
Count = Annotated[int, Field(ge=0, le=100_000)]


class Judged(Record):
    """Judgement of one domain: levels down with the reason, or null with what is missing."""

    step: Literal[0, -1, -2, -3] | None
    reason: Text | None = None
    open_point: Text | None = None

    @model_validator(mode="after")
    def _stated(self) -> Judged:
        if self.step is not None and self.reason is None:
            raise ValueError("a judgement needs its reason")
        if self.step is None and self.open_point is None:
            raise ValueError("a domain that was not judged needs an open_point")
        return self


class Raised(Record):
    """Levels up for one reason, which only a body of non-randomised studies can get."""

    step: Literal[0, 1, 2]
    reason: Text


class JudgedDomains(Record):
    """All domains; each must be there, judged or null."""

    risk_of_bias: Judged
    inconsistency: Judged
    indirectness: Judged
    surrogate: Judged
    imprecision: Judged
    publication_bias: Judged


class Raises(Record):
    """Reasons to rate up."""

    large_effect: Raised | None = None
    dose_response: Raised | None = None
    opposing_confounding: Raised | None = None


class MadeOn(Record):
    """The figures that a judgement was made on, to three digits, on the scale readers know."""

    fingerprint: Annotated[str, Field(pattern=r"^[0-9a-f]{12}$")]
    trials: tuple[Identifier, ...] = ()
    reported_in_part: Count = 0
    estimate: Figure | None = None
    ci_low: Figure | None = None
    ci_high: Figure | None = None
    tau: Figure | None = None


class QuestionJudgement(Record):
    """Judgement of the certainty of one question's answer."""

    judged_by: Text
    judged_on: Annotated[str, Field(pattern=r"^\d{4}-\d{2}-\d{2}$")]
    made_on: MadeOn
    domains: JudgedDomains
    rated_up: Raises = Field(default_factory=Raises)
    note: Text | None = None

    def domain(self, name: str) -> Judged:
        """Judgement of a domain, one of ``DOMAINS``."""
        found: Judged = getattr(self.domains, name)
        return found

    @property
    def steps(self) -> dict[str, int] | None:
        """Levels by domain; None unless every domain was judged."""
        found = {name: self.domain(name).step for name in DOMAINS}
        known: dict[str, int] = {name: s for name, s in found.items() if s is not None}
        return known if len(known) == len(found) else None

    @property
    def raised(self) -> int:
        """Levels up, all reasons together."""
        given = [getattr(self.rated_up, name) for name in UPGRADES]
        return sum(reason.step for reason in given if reason is not None)


class Target(Record):
    """The people and comparisons that the project's answers are meant for.

    ``controls`` are drug classes of the terms file.
    """

    sexes: Annotated[tuple[Literal["male", "female", "mixed"], ...], Field(min_length=1)]
    controls: Annotated[tuple[Text, ...], Field(min_length=1)]
    reason: Text


class CertaintyFile(Record):
    """``data/certainty.yaml``: judgements by question id."""

    target: Target | None = None
    judgements: dict[QuestionId, QuestionJudgement] = Field(default_factory=dict)


def load_certainty(path: str | Path, terms: Terms | None = None) -> CertaintyFile:
    """Read the judgements.

    Parameters
    ----------
    path : path
    terms : Terms, optional
        The vocabulary that the target's drug classes must be of.

    Raises
    ------
    StudyError
        With every problem of the file.

    Examples
    --------
    >>> from evidence.catalog.project import find_project
    >>> file = load_certainty(find_project().root / "data" / "certainty.yaml")
    >>> file.judgements["spine_bmd_men"].judged_by
    'project'
    """
    check_kind("path", path, (str, Path), StudyError)
    if terms is not None:
        check_kind("terms", terms, Terms, StudyError)
    document = read_yaml(Path(path))
    file, found = validated(CertaintyFile, document, terms)
    problems = [*document.problems, *found]
    if file is not None and file.target is not None and terms is not None:
        problems += [
            Problem(
                document.where(("target", "controls", i)),
                f'"{word}" is no class of drugs',
                did_you_mean(word, terms.drug_classes),
            )
            for i, word in enumerate(file.target.controls)
            if word not in terms.drug_classes
        ]
    if file is None or problems:
        raise StudyError(f"{path}: {counted(problems)}", in_order(problems))
    return file


def unknown_questions(path: str | Path, known: set[str]) -> list[Problem]:
    """Judgements of questions that no analysis asks, each with its line.

    Raises
    ------
    StudyError
        If the file cannot be read.
    """
    document = read_yaml(Path(path))
    return [
        Problem(
            document.where(("judgements", word)),
            f'no analysis asks "{word}"',
            did_you_mean(word, known),
        )
        for word in load_certainty(path).judgements
        if word not in known
    ]
