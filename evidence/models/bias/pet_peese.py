"""PET and PEESE: the effect that a study without sampling error would show."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from scipy import special

from evidence.catalog.display import html_of_text
from evidence.catalog.phrases import folded
from evidence.effects.table import EffectTable
from evidence.errors import FitError, Problem
from evidence.models.bias.asymmetry import LineModel, RegressionTest, regression_test
from evidence.models.bias.checks import check_choice

_ALPHA = 0.05
Direction = Literal["either", "greater", "less"]


@dataclass(frozen=True, slots=True)
class PetPeese:
    """Answer of ``pet_peese``: both regressions, and which one Stanley's rule takes.

    Attributes
    ----------
    pet, peese : RegressionTest
        On the standard error and on the variance; their ``limit`` is the corrected effect.
    pet_p : float
        Two-sided p value of PET's limit estimate.
    chosen : {"PET", "PEESE"}
        PEESE where PET's limit lies in the expected direction with a one-sided p below 0.05.
    """

    pet: RegressionTest
    peese: RegressionTest
    pet_p: float
    chosen: Literal["PET", "PEESE"]

    _repr_html_ = html_of_text

    @property
    def estimate(self) -> float:
        """Corrected effect."""
        return self._fit.intercept

    @property
    def std_error(self) -> float:
        """Standard error of the corrected effect."""
        return self._fit.intercept_std_error

    @property
    def _fit(self) -> RegressionTest:
        return self.pet if self.chosen == "PET" else self.peese

    def __str__(self) -> str:
        fit = self._fit
        ends = f"{100 * fit.level:g}% CI {fit.limit_low:.4g} to {fit.limit_high:.4g}"
        return folded(
            f"PET-PEESE, {fit.k} studies, model {fit.model}: {self.chosen} gives "
            f"{self.estimate:.4g} ({ends}); PET's own p = {self.pet_p:.3g}"
        )


def pet_peese(
    table: EffectTable,
    *,
    direction: Direction = "either",
    model: LineModel = "dispersion",
    level: float = 0.95,
) -> PetPeese:
    """Precision-effect test and estimate (Stanley and Doucouliagos 2014).

    ``direction`` is where an effect is expected; ``model`` as in ``regression_test``.
    Checked against R ``lm`` and metafor ``rma``.

    Raises
    ------
    FitError
        As ``regression_test``.

    Examples
    --------
    >>> from evidence.effects.table import table_of
    >>> s = [0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.55]
    >>> y = [0.2, 0.1, 0.3, 0.2, 0.4, 0.2, 0.6, 0.3, 0.7, 0.8]
    >>> pet_peese(table_of(y, s)).chosen
    'PET'
    """
    check_choice("direction", direction, get_args(Direction))
    pet = regression_test(table, predictor="std_error", model=model, level=level)
    peese = regression_test(table, predictor="variance", model=model, level=level)
    statistic = abs(pet.intercept / pet.intercept_std_error)
    p = 2.0 * float(
        special.ndtr(-statistic) if np.isinf(pet.df) else special.stdtr(pet.df, -statistic)
    )
    if not np.isfinite(p):
        raise FitError("PET has no test", [Problem("table", "the line's error is 0", "more data")])
    sign = {"greater": pet.intercept > 0, "less": pet.intercept < 0, "either": True}[direction]
    return PetPeese(pet, peese, p, "PEESE" if sign and p / 2.0 < _ALPHA else "PET")
