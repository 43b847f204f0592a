"""PooledFit and its parts: what a frequentist pairwise meta-analysis answers."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from evidence.catalog.display import html_of_record, html_of_text
from evidence.catalog.phrases import counted, figure, folded, p_value, percent
from evidence.effects.scales import NAMES, to_readers
from evidence.effects.table import EffectTable

TERM_COLUMNS = (
    "term", "estimate", "std_error", "statistic", "df", "p", "ci_low", "ci_high", "level",
)  # fmt: skip
MODEL_WORDS = {
    "common": "Common-effect meta-analysis",
    "random": "Random-effects meta-analysis",
    "single study": "A single study, not a meta-analysis",
}
SCALES = {"identity": "", "log": ", log scale", "logit": ", log odds", "fisher_z": ", Fisher's z"}
TAU2_WORDS = {
    "reml": "REML",
    "maximum_likelihood": "maximum likelihood",
    "paule_mandel": "Paule-Mandel",
    "paule_mandel_median": "Paule-Mandel, median-unbiased",
    "empirical_bayes": "empirical Bayes",
    "dersimonian_laird": "DerSimonian-Laird",
    "dersimonian_laird_iterated": "DerSimonian-Laird, iterated",
    "hedges": "Hedges",
    "hunter_schmidt": "Hunter-Schmidt",
    "hunter_schmidt_corrected": "Hunter-Schmidt, corrected for few studies",
    "sidik_jonkman": "Sidik-Jonkman",
    "generalised_q": "generalised Q with stated weights",
    "fixed": "stated, not estimated",
}
TAU2_INTERVAL_WORDS = {
    "q_profile": "Q-profile",
    "profile_likelihood": "profile-likelihood",
    "generalised_q": "generalised-Q",
}
CI_WORDS = {
    "wald": "Wald z",
    "t": "t with k - 1 df",
    "hartung_knapp": "Hartung-Knapp",
    "hartung_knapp_floored": "Hartung-Knapp, multiplier not below 1",
    "hartung_knapp_wider": "Hartung-Knapp or Wald z, whichever is wider",
    "hartung_knapp_checked": "Hartung-Knapp, multiplier not below 1 if narrower than Wald z",
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
        Interval of tau2.
    interval_method : {"q_profile", "profile_likelihood", "generalised_q"}
        How that interval was found.
    i2_ci_low, i2_ci_high, h2_ci_low, h2_ci_high : float
        I2 (percent) and H2 at its ends.
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
    interval_method: str | None = None
    i2_ci_low: float | None = None
    i2_ci_high: float | None = None
    h2_ci_low: float | None = None
    h2_ci_high: float | None = None
    method: str | None = None
    at_boundary: bool = False
    interval_empty: bool = False
    typical_variance: float | None = None
    reason: str | None = None

    _repr_html_ = html_of_record

    def __str__(self) -> str:
        return folded("\n".join(["Disagreement of studies", *_heterogeneity(self)]))


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

    _repr_html_ = html_of_record

    def __str__(self) -> str:
        ends = f"{figure(self.low)} to {figure(self.high)}"
        return folded(f"Prediction interval: {percent(self.level)} {ends}; {self.method}")


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

    def __str__(self) -> str:
        return (
            f"log-likelihood {figure(self.log_likelihood)}, deviance {figure(self.deviance)}, "
            f"AIC {figure(self.aic)}, BIC {figure(self.bic)}, AICc {figure(self.aicc)}"
        )


def information_criteria(
    log_likelihood: float, deviance: float, parameters: int, n: int
) -> FitStatistics:
    """Information criteria of a likelihood with so many parameters and n observations."""
    base = -2.0 * log_likelihood
    # The small-sample correction has a pole at n = parameters + 1; n is taken no smaller than + 2.
    room = max(n, parameters + 2) - parameters - 1
    return FitStatistics(
        log_likelihood=log_likelihood,
        deviance=deviance,
        aic=base + 2.0 * parameters,
        bic=base + parameters * math.log(n),
        aicc=base + 2.0 * parameters * (1.0 + (parameters + 1.0) / room),
    )


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
    stated_weights : ndarray (k,) or None
        Weights of the mean where the user stated them; None: inverse variance.
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
    stated_weights: NDArray[np.float64] | None = None

    _repr_html_ = html_of_text

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
        return summary(self)


def summary(fit: PooledFit) -> str:
    """Write a fit as a few lines of text.

    Examples
    --------
    >>> from evidence.effects.table import table_of
    >>> from evidence.models.frequentist.pool import pool
    >>> print(pool(table_of([0.2, 0.5, 0.8], [0.2, 0.1, 0.2]), model="common"))
    Common-effect meta-analysis of 3 effects (GEN); interval: Wald z
      pooled        0.5 (95% CI 0.34 to 0.66), std. error 0.08165, z = 6.12, p < 0.0001
      disagreement  Q(2) = 4.5, p = 0.105; I2 55.6%
      prediction    none: the common-effect model has no spread of effects
    """
    lines = [_headline(fit), _pooled(fit)]
    if fit.table.scale != "identity":
        lines.append(_for_readers(fit))
    lines += _heterogeneity(fit.heterogeneity)
    if fit.prediction is None:
        lines.append(f"  prediction    none: {fit.prediction_reason}")
    else:
        low, high = fit.prediction.low, fit.prediction.high
        interval = f"{percent(fit.prediction.level)} {figure(low)} to {figure(high)}"
        if fit.table.scale != "identity":
            ends = (_brought_back(fit, x) for x in (low, high))
            interval += f" ({NAMES[fit.table.scale]} {' to '.join(ends)})"
        lines.append(f"  prediction    {interval}; {fit.prediction.method}")
    return folded("\n".join(lines + [f"  note: {note}" for note in fit.notes]))


def _headline(fit: PooledFit) -> str:
    what = ", ".join(part for part in (fit.table.measure, fit.table.unit) if part)
    count = "" if fit.model == "single study" else f" of {counted(fit.k, 'effect')}"
    tau2 = f"tau2: {TAU2_WORDS[fit.tau2_method]}; " if fit.tau2_method else ""
    return (
        f"{MODEL_WORDS[fit.model]}{count} ({what}{SCALES[fit.table.scale]}); {tau2}interval: "
        + (CI_WORDS[fit.ci_method])
    )


def _pooled(fit: PooledFit) -> str:
    row = {str(name): value for name, value in fit.terms.iloc[0].items()}
    df = f"{row['df']:.0f}" if float(row["df"]).is_integer() else f"{row['df']:.1f}"
    test = "z" if math.isinf(row["df"]) else f"t({df})"
    label = "estimate    " if fit.model == "single study" else "pooled      "
    line = (
        f"  {label}  {figure(fit.estimate)} ({percent(fit.level)} CI {figure(fit.ci_low)}"
        f" to {figure(fit.ci_high)}), std. error {figure(fit.std_error)},"
        f" {test} = {row['statistic']:.3g}, {p_value(row['p'])}"
    )
    if fit.hartung_knapp_multiplier is None:
        return line
    q = fit.hartung_knapp_multiplier
    floored = ", floored at 1" if fit.ci_method == "hartung_knapp_floored" and q < 1 else ""
    return f"{line}\n                Hartung-Knapp multiplier q = {figure(q)}{floored}"


def _for_readers(fit: PooledFit) -> str:
    estimate, low, high = (_brought_back(fit, x) for x in (fit.estimate, fit.ci_low, fit.ci_high))
    words = f"as a {NAMES[fit.table.scale]}"
    return f"  {words:<13} {estimate} ({percent(fit.level)} CI {low} to {high})"


def _heterogeneity(found: Heterogeneity) -> list[str]:
    lines = []
    if found.q is None or found.p is None or found.i2 is None:
        return [f"  disagreement  not assessed: {found.reason}"]
    if found.tau2 is not None and found.tau is not None and found.interval_method is None:
        lines.append(f"  tau2          {figure(found.tau2)} (stated), tau {figure(found.tau)}")
    elif found.tau2 is not None and found.tau is not None and found.level is not None:
        low, high = found.tau2_ci_low, found.tau2_ci_high
        kind = TAU2_INTERVAL_WORDS[found.interval_method or "q_profile"]
        interval = (
            f"no tau2 is in the {kind} interval"
            if found.interval_empty or low is None or high is None
            else f"{percent(found.level)} CI {figure(low)} to {figure(high)}"
        )
        lines.append(f"  tau2          {figure(found.tau2)} ({interval}), tau {figure(found.tau)}")
    lines.append(
        f"  disagreement  Q({found.df}) = {figure(found.q)}, {p_value(found.p)}; I2 {found.i2:.1f}%"
    )
    return lines


def _brought_back(fit: PooledFit, value: float) -> str:
    # The exponential of more is no floating-point number.
    if fit.table.scale == "log" and value >= 700.0:
        return "above 1e+300"
    return figure(to_readers(value, fit.table.scale))
