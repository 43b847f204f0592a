"""DoseFit and its parts: what a dose-response meta-analysis answers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from evidence.catalog.display import html_of_text
from evidence.catalog.phrases import counted, folded, p_value
from evidence.models.dose_response.shape import DoseShape
from evidence.models.dose_response.table import DoseTable
from evidence.models.frequentist.fit import FitStatistics
from evidence.models.regression.fit import WaldTest

Array = NDArray[np.float64]
METHOD_WORDS = {
    "fixed": "fixed effects",
    "reml": "random effects, REML",
    "maximum_likelihood": "random effects, maximum likelihood",
    "moments": "random effects, method of moments",
}


@dataclass(frozen=True, slots=True, eq=False)
class StudyTrend:
    """Trend of one study alone: coefficients (p,) and their covariance (p, p)."""

    study: str
    estimate: Array
    covariance: Array


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class DoseFit:
    """Answer of ``dose_response``; every figure is on the table's analysis scale.

    Attributes
    ----------
    table : DoseTable
    shape : DoseShape
    stages : {1, 2}
    method : {"fixed", "reml", "maximum_likelihood", "moments"}
    level : float
    terms : DataFrame, one row a coefficient
        term, estimate, std_error, statistic (z), df (infinite), p, ci_low, ci_high, level.
    covariance : ndarray, shape (p, p)
        Of the coefficients.
    between : ndarray, shape (p, p), or None
        Covariance Psi of the coefficients between studies; None: fixed effects.
    between_rank : int or None
        Below p, Psi lies on the edge of what it can be: some combination of coefficients is
        estimated to be the same in all studies.
    overall : WaldTest
        That all coefficients are 0: no association with dose.
    nonlinearity : WaldTest or None
        That the trend is a straight line.
    nonlinearity_reason : str or None
    heterogeneity : DataFrame or None
        Cochran's Q of the coefficients of the first stage: term ("all" first, then, if there are
        several, each by itself), q, df, p, i2 (percent).
    heterogeneity_reason : str or None
    likelihood : FitStatistics or None
        Of the likelihood that was maximised (fixed effects: full), all constants included;
        information criteria count coefficients and distinct figures of Psi. The restricted one of
        two stages has log det(X'X) / 2 added, that of one stage not, as mixmeta has them.
    likelihood_reason : str or None
    trends : tuple of StudyTrend
        Studies by themselves; in one stage, those that have enough doses for it.
    study_coefficients : tuple of StudyTrend, or None
        Best linear unbiased predictions: each study's coefficients, drawn towards the mean. Their
        covariance includes the uncertainty of the mean. None: fixed effects.
    notes : tuple of str
    """

    table: DoseTable
    shape: DoseShape
    stages: int
    method: str
    level: float
    terms: pd.DataFrame
    covariance: Array
    between: Array | None
    between_rank: int | None
    overall: WaldTest
    nonlinearity: WaldTest | None
    nonlinearity_reason: str | None
    heterogeneity: pd.DataFrame | None
    heterogeneity_reason: str | None
    likelihood: FitStatistics | None
    likelihood_reason: str | None
    trends: tuple[StudyTrend, ...]
    study_coefficients: tuple[StudyTrend, ...] | None
    notes: tuple[str, ...]

    _repr_html_ = html_of_text

    @property
    def k(self) -> int:
        """Number of studies."""
        return self.table.k

    @property
    def estimates(self) -> Array:
        """Coefficients, shape (p,)."""
        return self.terms["estimate"].to_numpy(dtype=np.float64)

    @property
    def between_correlation(self) -> Array | None:
        """Correlations of the coefficients between studies; None where one has no spread."""
        if self.between is None or not np.all(np.diag(self.between) > 0):
            return None
        error = np.sqrt(np.diag(self.between))
        return np.asarray(self.between / np.outer(error, error))

    def frame(self) -> pd.DataFrame:
        """Coefficients of the mean and of every study, one row a coefficient of a study.

        Columns: study ("mean" first), kind ("mean", "alone" or "shrunken"), term, estimate,
        std_error.
        """
        mean = StudyTrend("mean", self.estimates, self.covariance)
        groups = [("mean", (mean,)), ("alone", self.trends)]
        groups.append(("shrunken", self.study_coefficients or ()))
        cells = [
            (trend.study, kind, name, float(b), float(np.sqrt(v)))
            for kind, trends in groups
            for trend in trends
            for name, b, v in zip(
                self.shape.names, trend.estimate, np.diag(trend.covariance), strict=True
            )
        ]
        return pd.DataFrame(cells, columns=["study", "kind", "term", "estimate", "std_error"])

    def __repr__(self) -> str:
        return summary(self)


def summary(fit: DoseFit) -> str:
    """Write a fit as a few lines of text.

    Examples
    --------
    >>> import pandas as pd
    >>> from evidence.models.dose_response.dose_response import dose_response
    >>> from evidence.models.dose_response.reading import dose_ratios
    >>> frame = pd.DataFrame({
    ...     "study": ["a", "a", "b", "b"], "dose": [0.0, 1.0, 0.0, 2.0],
    ...     "log_ratio": [0.0, 0.2, 0.0, 0.1], "std_error": [0.0, 0.1, 0.0, 0.1]})
    >>> print(dose_response(dose_ratios(frame, covariance="independent"), method="fixed"))
    Dose-response meta-analysis of 2 effects in 2 studies (RR, log scale)
      model         linear; two stages; fixed effects
      dose          0.08 (95% CI -0.007652 to 0.1677), std. error 0.04472, p = 0.0736
      overall       chi-squared(1) = 3.2, p = 0.0736
      disagreement  Q(1) = 1.8, p = 0.18; I2 44.4%
    """
    table, width = fit.table, max(13, *(len(name) for name in fit.shape.names))
    scale = ", log scale" if table.scale == "log" else ""
    effects = sum(len(s.doses) for s in table.studies)
    stages = "two stages" if fit.stages == 2 else "one stage"
    lines = [
        f"Dose-response meta-analysis of {counted(effects, 'effect')} in "
        f"{counted(fit.k, 'study', 'studies')}"
        f" ({table.measure}{scale})",
        f"  {'model':<{width}} {fit.shape.words}; {stages}; {METHOD_WORDS[fit.method]}",
    ]
    for row in fit.terms.to_dict("records"):
        interval = f"{100 * fit.level:g}% CI {row['ci_low']:.4g} to {row['ci_high']:.4g}"
        lines.append(
            f"  {row['term']:<{width}} {row['estimate']:.4g} ({interval}),"
            f" std. error {row['std_error']:.4g}, {p_value(row['p'])}"
        )
    for name, test in (("overall", fit.overall), ("non-linearity", fit.nonlinearity)):
        if test is not None:
            words = f"chi-squared({test.df}) = {test.statistic:.4g}, {p_value(test.p)}"
            lines.append(f"  {name:<{width}} {words}")
    if fit.between is not None:
        spread = ", ".join(f"{x:.4g}" for x in np.sqrt(np.diag(fit.between)))
        rank = f"; rank {fit.between_rank} of {len(fit.between)}"
        lines.append(f"  {'between':<{width}} standard deviations {spread}{rank}")
    if fit.heterogeneity is None:
        lines.append(f"  {'disagreement':<{width}} not assessed: {fit.heterogeneity_reason}")
    else:
        row = fit.heterogeneity.to_dict("records")[0]
        words = f"Q({row['df']}) = {row['q']:.4g}, {p_value(row['p'])}; I2 {row['i2']:.1f}%"
        lines.append(f"  {'disagreement':<{width}} {words}")
    return folded("\n".join(lines + [f"  note: {note}" for note in fit.notes]))
