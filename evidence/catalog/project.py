"""Where a project keeps its terms, studies, analyses and reports."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from evidence.catalog.read import load_studies, load_terms
from evidence.catalog.study import Study
from evidence.catalog.terms import Terms
from evidence.errors import Problem, StudyError


@dataclass(frozen=True, slots=True)
class Project:
    """A folder with ``data/terms.yaml``, ``data/studies/``, ``analyses/`` and ``reports/``."""

    root: Path

    @property
    def terms_file(self) -> Path:
        """The vocabulary."""
        return self.root / "data" / "terms.yaml"

    @property
    def studies_folder(self) -> Path:
        """The curated trials."""
        return self.root / "data" / "studies"

    @property
    def analyses_folder(self) -> Path:
        """The declared analyses."""
        return self.root / "analyses"

    @property
    def reports_folder(self) -> Path:
        """What the analyses wrote."""
        return self.root / "reports"

    def terms(self) -> Terms:
        """Read the vocabulary."""
        return load_terms(self.terms_file)

    def studies(self, terms: Terms | None = None) -> tuple[Study, ...]:
        """Read the curated trials."""
        return load_studies(self.studies_folder, terms or self.terms())


def find_project(start: str | Path | None = None) -> Project:
    """Find the project that a folder belongs to.

    Looked for upwards from ``start`` (else the working directory), then beside the package, which
    is where it stands in a checkout.

    Raises
    ------
    StudyError
        If no folder holds ``data/terms.yaml``.
    """
    here = Path.cwd() if start is None else Path(start)
    try:
        above = here.resolve().parents
    except (OSError, RuntimeError, ValueError) as error:
        problem = Problem(str(here), f"cannot be followed: {error}", "give another folder")
        raise StudyError("no project found", [problem]) from None
    beside = Path(__file__).resolve().parents[2]
    places = [here, *above] + ([beside] if start is None else [])
    for place in places:
        if (place / "data" / "terms.yaml").is_file():
            return Project(place)
    problem = Problem(str(here), "no data/terms.yaml here or above", "go to a project's folder")
    raise StudyError("no project found", [problem])
