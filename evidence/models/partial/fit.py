"""ReportsFit: the posterior of a body of trials from all that was said of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import ndtr

from evidence.catalog.display import html_of_record, html_of_text
from evidence.catalog.phrases import counted, figure
from evidence.effects.statements import Statement
from evidence.errors import FitError, Problem, did_you_mean
from evidence.models.bayesian.fit import Diagnostics
from evidence.models.partial.kernels_importance import Draws
from evidence.models.partial.space import ReportPriors, Space

if TYPE_CHECKING:
    from arviz import InferenceData

Array = NDArray[np.float64]

TERM_COLUMNS = ("term", "mean", "median", "sd", "ci_low", "ci_high", "level", "mcse_mean")
TRIAL_COLUMNS = (
    "label", "kind", "said", "mean", "sd", "information", "shift", "left_out_mean",
    "left_out_sd", "note",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportsFit:
    """The normal-normal model fitted to what was said, complete or not.

    Attributes
    ----------
    statements : tuple of Statement
    priors : ReportPriors
    level : float
    terms : DataFrame
        Rows ``mu``, ``tau``, ``prediction`` and what else was learned (``log_sd``,
        ``log_sd_spread``, ``control``, ``control_tau``); columns ``TERM_COLUMNS``, where
        ``mcse_mean`` is the numerical error of the mean.
    trials : DataFrame
        Index: row id. True effect of each trial (``mean``, ``sd``), its ``information`` (the share
        of the posterior precision of mu that is lost without it), the ``shift`` of the posterior
        mean of mu that it makes, and mu without it.
    log_marginal_likelihood : float
    ess : float
        Effective number of draws.
    draws : Draws
    space : Space
    notes : tuple of str
    """

    statements: tuple[Statement, ...]
    priors: ReportPriors
    level: float
    terms: pd.DataFrame
    trials: pd.DataFrame
    log_marginal_likelihood: float
    ess: float
    draws: Draws
    space: Space
    notes: tuple[str, ...]

    _repr_html_ = html_of_text

    @property
    def used(self) -> int:
        """Number of reports that say something."""
        return len(self.space.reports)

    def probability_below(self, threshold: float, of: str = "mu") -> float:
        """Posterior probability that the mean, or the effect of a new trial, is below a value.

        Raises
        ------
        FitError
            For another quantity than "mu" or "prediction", or a threshold that is not finite.
        """
        if of not in ("mu", "prediction"):
            right = did_you_mean(of, ("mu", "prediction"))
            raise FitError("no such quantity", [Problem("of", repr(of), right)])
        if not np.isfinite(threshold):
            problem = Problem("threshold", repr(threshold), "a finite number")
            raise FitError("no such threshold", [problem])
        p = self.space.parameters(self.draws.x)
        if of == "mu":
            return float(self.draws.mean((p.mu < threshold).astype(np.float64)))
        return float(self.draws.mean(ndtr((threshold - p.mu) / p.tau)))

    def __str__(self) -> str:
        mu = self.terms.set_index("term").loc["mu"]
        complete = sum(s.complete for s in self.statements)
        return (
            f"All that was said: {counted(len(self.statements), 'report')}, "
            f"{complete} complete, "
            f"{self.used} say something\n"
            f"  mu {mu['median']:.4g} ({100 * self.level:g} % {mu['ci_low']:.4g} to "
            f"{mu['ci_high']:.4g})"
        )


@dataclass(frozen=True, slots=True, eq=False)
class SampledReports:
    """Answer of ``sample_reports``.

    Attributes
    ----------
    terms : DataFrame
        Index: ``mu``, ``tau`` and what else was learned; summaries of the draws with Monte Carlo
        errors, effective sample sizes and R-hat.
    trials : DataFrame
        Index: row id; the same of each trial's true effect.
    diagnostics : Diagnostics
    posterior : arviz.InferenceData
    """

    terms: pd.DataFrame
    trials: pd.DataFrame
    diagnostics: Diagnostics
    posterior: InferenceData

    _repr_html_ = html_of_record

    def __str__(self) -> str:
        of = counted(len(self.trials), "trial")
        lines = [f"All that was said of {of}, sampled"]
        for name, row in self.terms.iterrows():
            ends = f"{figure(row['ci_low'])} to {figure(row['ci_high'])}"
            lines.append(
                f"  {name!s:<14} median {figure(row['median'])}, mean {figure(row['mean'])}, {ends}"
            )
        return "\n".join(lines)
