"""PooledFit and its parts: what a frequentist pairwise meta-analysis answers."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from evidence.effects.table import EffectTable

TERM_COLUMNS = (
    "term", "estimate", "std_error", "statistic", "df", "p", "ci_low", "ci_high", "level",
)  # fmt: skip
MODEL_WORDS = {
    "common": "Common-effect meta-analysis",
    "random": "Random-effects meta-analysis",
    "single study": "A single study, not a meta-analysis",
}
TAU2_WORDS = {
    "reml": "REML",
    "paule_mandel": "Paule-Mandel",
    "dersimonian_laird": "DerSimonian-Laird",
}
CI_WORDS = {
    "wald": "Wald z",
    "t": "t with k - 1 df",
    "hartung_knapp": "Hartung-Knapp",
    "hartung_knapp_floored": "Hartung-Knapp, multiplier not below 1",
}


@dataclass(frozen=True, slots=True)
class Heterogeneity:
    """How far the studies disagree. A field is None where ``reason`` says why.

    Attributes
    ----------
    q, df, p : float, int, float
        Cochran's Q about the common-effect mean, its degrees of freedom and p value.
    i2 : float
        Percent. Random effects: 100 tau2 / (tau2 + typical variance); common: from Q.
    h2 : float
        Random effects: (tau2 + typical variance) / typical variance; common: Q / df.
    tau2, tau, tau2_std_error : float
        Between-study variance, its root, its large-sample standard error.
    tau2_ci_low, tau2_ci_high, level : float
        Q-profile interval of tau2.
    method : str
        Estimator of tau2.
    at_boundary : bool
        Whether tau2 is estimated at 0, the edge of what it can be.
    interval_empty : bool
        Whether the studies agree so well that no tau2 is in the interval; both ends then read 0.
    typical_variance : float
        Typical sampling variance of Higgins and Thompson 2002.
    reason : str
        Why fields are None.
    """

    q: float | None = None
    df: int | None = None
    p: float | None = None
    i2: float | None = None
    h2: float | None = None
    tau2: float | None = None
    tau: float | None = None
    tau2_std_error: float | None = None
    tau2_ci_low: float | None = None
    tau2_ci_high: float | None = None
    level: float | None = None
    method: str | None = None
    at_boundary: bool = False
    interval_empty: bool = False
    typical_variance: float | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Prediction:
    """Interval for the true effect of one new study, on the analysis scale.

    ``df`` is None for the normal interval; ``method`` names distribution and standard error.
    """

    low: float
    high: float
    level: float
    df: int | None
    method: str


@dataclass(frozen=True, slots=True)
class FitStatistics:
    """Log-likelihood and information criteria of one likelihood, all constants included.

    ``deviance`` of the full likelihood is against one free mean a study with tau2 = 0; that of the
    restricted one is -2 log-likelihood. ``aicc`` corrects for k (restricted: k - 1) observations.
    """

    log_likelihood: float
    deviance: float
    aic: float
    bic: float
    aicc: float


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class PooledFit:
    """Answer of ``pool``; every figure is on the table's analysis scale.

    Attributes
    ----------
    table : EffectTable
    model : {"common", "random", "single study"}
    tau2_method, ci_method : str or None, str
    level : float
    terms : DataFrame, one row
        term, estimate, std_error, statistic, df (infinite: normal), p, ci_low, ci_high, level.
        ``std_error`` is the one the interval is made of.
    wald_std_error : float
        1 / sqrt(sum of weights), before any Hartung-Knapp multiplier.
    hartung_knapp_multiplier : float or None
        q before flooring; its root multiplies the Wald standard error. None: not used.
    heterogeneity : Heterogeneity
    prediction : Prediction or None
    prediction_reason : str or None
        Why there is no prediction interval.
    weights : Series
        Percent, indexed as ``table.rows``.
    full_likelihood, restricted_likelihood : FitStatistics or None
        At the fit's tau2; None for a single study.
    notes : tuple of str
        What a reader must know beside the figures.
    """

    table: EffectTable
    model: str
    tau2_method: str | None
    ci_method: str
    level: float
    terms: pd.DataFrame
    wald_std_error: float
    hartung_knapp_multiplier: float | None
    heterogeneity: Heterogeneity
    prediction: Prediction | None
    prediction_reason: str | None
    weights: pd.Series[float]
    full_likelihood: FitStatistics | None
    restricted_likelihood: FitStatistics | None
    notes: tuple[str, ...]

    @property
    def k(self) -> int:
        """Number of effects pooled."""
        return self.table.k

    @property
    def estimate(self) -> float:
        """Pooled estimate."""
        return self._cell("estimate")

    @property
    def std_error(self) -> float:
        """Standard error that the interval is made of."""
        return self._cell("std_error")

    @property
    def ci_low(self) -> float:
        """Lower end of the confidence interval."""
        return self._cell("ci_low")

    @property
    def ci_high(self) -> float:
        """Upper end of the confidence interval."""
        return self._cell("ci_high")

    def _cell(self, column: str) -> float:
        return float(self.terms[column].to_numpy(dtype=float)[0])

    def __repr__(self) -> str:
        from evidence.models.frequentist.summary import summary

        return summary(self)
