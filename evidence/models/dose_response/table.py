"""DoseTable: what each study shows at each dose against its own reference dose."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from evidence.catalog.display import html_of_text
from evidence.catalog.phrases import counted
from evidence.errors import EffectError, Problem

Array = NDArray[np.float64]
COLUMNS = ("study", "dose", "reference_dose", "estimate", "std_error")


@dataclass(frozen=True, slots=True)
class DoseStudy:
    """One study: doses (m,) beside the reference, estimates (m,), their covariance (m, m)."""

    name: str
    reference_dose: float
    doses: Array
    estimates: Array
    covariance: Array


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class DoseTable:
    """Effects at doses against a reference that the effects of a study share.

    ``dose_ratios`` and ``dose_means`` make it.

    Attributes
    ----------
    measure : str
        ``OR``, ``IRR``, ``RR``, ``MD`` or ``SMD``; ratios of several designs: ``RR``.
    scale : {"log", "identity"}
    unit : str or None
        Unit of the dose.
    covariance_method : str
        How covariances within studies were found.
    studies : tuple of DoseStudy
    """

    measure: str
    scale: Literal["log", "identity"]
    unit: str | None
    covariance_method: str
    studies: tuple[DoseStudy, ...]

    _repr_html_ = html_of_text

    def __post_init__(self) -> None:
        problems = [p for study in self.studies for p in _problems(study)]
        names = [study.name for study in self.studies]
        problems += [
            Problem(f"study {name!r}", "stands twice", "one name a study")
            for name in sorted({n for n in names if names.count(n) > 1})
        ]
        if not self.studies:
            problems.append(Problem("studies", "there is none", "one or more"))
        if problems:
            raise EffectError("the effects at doses do not make a table", problems)

    @property
    def k(self) -> int:
        """Number of studies."""
        return len(self.studies)

    @property
    def doses(self) -> Array:
        """All doses, references among them."""
        return np.concatenate([np.append(s.reference_dose, s.doses) for s in self.studies])

    @property
    def rows(self) -> pd.DataFrame:
        """One row an effect: study, dose, reference_dose, estimate, std_error."""
        return pd.DataFrame([*self._cells()], columns=list(COLUMNS))

    def _cells(self) -> Iterator[tuple[str, float, float, float, float]]:
        for s in self.studies:
            for dose, y, v in zip(s.doses, s.estimates, np.diag(s.covariance), strict=True):
                yield s.name, float(dose), s.reference_dose, float(y), float(np.sqrt(v))

    def __repr__(self) -> str:
        effects = sum(len(s.doses) for s in self.studies)
        unit = f" {self.unit}" if self.unit else ""
        return (
            f"DoseTable of {counted(effects, 'effect')} ({self.measure}) in "
            f"{counted(self.k, 'study', 'studies')}; doses "
            f"{self.doses.min():g} to {self.doses.max():g}{unit}; covariances: "
            f"{self.covariance_method.replace('_', '-')}"
        )


def _problems(study: DoseStudy) -> list[Problem]:
    where, m = f"study {study.name!r}", len(study.doses)
    if m == 0:
        return [Problem(where, "has no dose beside its reference", "leave it out")]
    shapes = (study.estimates.shape, study.covariance.shape)
    if shapes != ((m,), (m, m)):
        right = f"{m} estimates and a {m} x {m} covariance"
        return [Problem(where, f"shapes {shapes[0]} and {shapes[1]} for {m} doses", right)]
    parts = (study.doses, study.estimates, study.covariance, np.array([study.reference_dose]))
    if not all(np.isfinite(part).all() for part in parts):
        return [Problem(where, "a dose, estimate or covariance is not finite", "complete it")]
    found = []
    error = np.sqrt(np.maximum(np.diag(study.covariance), 0.0))
    if not np.all(error > 0):
        found.append(Problem(where, "a variance is not above 0", "give standard errors above 0"))
    elif not np.allclose(study.covariance, study.covariance.T, rtol=1e-9, atol=0.0):
        found.append(Problem(where, "the covariance is not symmetric", "give a covariance matrix"))
    elif np.linalg.eigvalsh(study.covariance / np.outer(error, error))[0] < 1e-12:
        right = "look at its standard errors and counts, or give the covariance"
        found.append(Problem(where, "the covariance is not positive definite", right))
    return found
