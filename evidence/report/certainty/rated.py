"""Ratings of a project: risk of bias and certainty, read once and laid on each answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from evidence.catalog.certainty import CertaintyFile, load_certainty
from evidence.catalog.project import Project
from evidence.catalog.risk_of_bias import StudyRisk
from evidence.catalog.study import Study
from evidence.catalog.terms import Terms
from evidence.models.answer import Answer
from evidence.rating.certainty.certainty import Certainty, certainty_of
from evidence.rating.risk_of_bias.load import load_risk_of_bias
from evidence.rating.risk_of_bias.table import study_levels


@dataclass(frozen=True, slots=True)
class Ratings:
    """What people rated: empty where a project has no ratings.

    Attributes
    ----------
    risks : tuple of StudyRisk
    judgements : CertaintyFile
    studies : tuple of Study
    terms : Terms
    """

    terms: Terms
    studies: tuple[Study, ...]
    risks: tuple[StudyRisk, ...] = ()
    judgements: CertaintyFile = field(default_factory=CertaintyFile)

    def certainty(self, answer: Answer) -> Certainty:
        """Rate the certainty of an answer.

        What a trial's report does not tell counts as some concerns here, not as high risk: else
        most bodies of evidence would lose two levels for pages that nobody could open.
        """
        levels = study_levels(answer.table, self.risks, seen=True)
        robins_i = [risk.study for risk in self.risks if risk.tool == "robins_i"]
        return certainty_of(
            answer,
            self.terms,
            levels,
            self.judgements,
            studies=self.studies,
            robins_i=robins_i,
        )

    def files(self, project: Project, studies: Sequence[str]) -> list[Path]:
        """Files that the ratings of some studies were read from."""
        rated = {risk.study for risk in self.risks} & set(studies)
        found = [_risk_folder(project) / f"{name}.yaml" for name in sorted(rated)]
        certainty = _certainty_file(project)
        return [*found, certainty] if certainty.is_file() else found


def load_ratings(project: Project, studies: Sequence[Study], terms: Terms) -> Ratings:
    """Read the ratings of a project.

    Raises
    ------
    StudyError
        With every problem of the files.
    """
    folder, file = _risk_folder(project), _certainty_file(project)
    return Ratings(
        terms=terms,
        studies=tuple(studies),
        risks=load_risk_of_bias(folder, studies, terms) if folder.is_dir() else (),
        judgements=load_certainty(file, terms) if file.is_file() else CertaintyFile(),
    )


def _risk_folder(project: Project) -> Path:
    return project.root / "data" / "risk_of_bias"


def _certainty_file(project: Project) -> Path:
    return project.root / "data" / "certainty.yaml"
