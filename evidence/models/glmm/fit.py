"""GlmmFit and its parts: what a generalised linear mixed model answers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from evidence.catalog.display import html_of_text
from evidence.catalog.phrases import counted, figure, folded, p_value, wald_words
from evidence.models.frequentist.fit import FitStatistics
from evidence.models.glmm.kernels_newton import Solution
from evidence.models.glmm.options import GlmmOptions
from evidence.models.glmm.problem import Setting
from evidence.models.regression.design import Design
from evidence.models.regression.fit import WaldTest

LIKELIHOOD_WORDS = {
    "unconditional_fixed": "unconditional, fixed study effects",
    "unconditional_random": "unconditional, random study effects",
    "conditional_exact": "conditional, exact",
    "conditional_approximate": "conditional, binomial approximation",
    None: "one group",
}
MEASURE_WORDS = {
    "OR": "log odds ratio",
    "IRR": "log rate ratio",
    "PLO": "log odds",
    "IRLN": "log rate",
}


@dataclass(frozen=True, slots=True)
class HeterogeneityTest:
    """Chi-squared test that all studies share the effect the moderators predict."""

    statistic: float
    df: int
    p: float

    def __str__(self) -> str:
        return wald_words(self.statistic, self.df, self.p)


@dataclass(frozen=True, slots=True)
class Tau2Test:
    """Likelihood-ratio test of tau2 = 0, whose distribution at the edge is a mixture.

    Half chi-squared with ``df - 1`` and half with ``df`` degrees of freedom (Self and Liang 1987).
    """

    statistic: float
    df: int
    p: float

    def __str__(self) -> str:
        return f"likelihood ratio {figure(self.statistic)}, df {self.df}, {p_value(self.p)}"


@dataclass(frozen=True, slots=True, eq=False)
class Fitted:
    """Arrays behind a fit, for what is computed from it later."""

    setting: Setting
    solution: Solution
    common: Solution


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class GlmmFit:
    """Answer of ``pool_glmm``; effects are log odds (ratios) or log rates (rate ratios).

    Attributes
    ----------
    options : GlmmOptions
        measure, likelihood, model, coding, correlated, points, drop_double_zero, test, level.
    design : Design
        Of the studies kept.
    k : int
        Studies kept; ``k_informative`` of them have a likelihood that depends on the effect.
    terms : DataFrame, one row a coefficient
        term, estimate, std_error, statistic, df (infinite: normal), p, ci_low, ci_high, level.
    covariance : ndarray, shape (p, p)
    tau2 : float
        Between-study variance of the effect; 0 in a common-effect model.
    sigma2, correlation, study_mean : float or None
        Variance of the random study effects, their correlation with the effects, their mean (that
        of the controls' log odds or log rate); None where the model has none, the correlation
        also where a variance is 0.
    wald_heterogeneity, lr_heterogeneity : HeterogeneityTest or None
        QE: does the saturated model fit better than the common-effect one? By the effects of the
        studies, or by the likelihood ratio.
    wald_reason : str or None
        Why there is no Wald test.
    tau2_test : Tau2Test or None
        None in a common-effect model.
    moderators : WaldTest or None
        All coefficients but the intercept; None where there is no other.
    likelihood : FitStatistics
        Marginal log-likelihood by the quadrature of the fit, all constants included; its deviance
        is against the saturated model.
    i2, h2 : float
        I2 (percent) and H2 of tau2 beside the typical sampling variance of the studies' own
        effects (1/2 added to tables with a zero); without tau2 0 and 1.
    dropped : DataFrame
        Rows left out, with the reason.
    iterations : int
    gradient : float
        Largest absolute derivative of the log-likelihood at the estimates.
    notes : tuple of str
    fitted : Fitted
    """

    options: GlmmOptions
    design: Design
    k: int
    k_informative: int
    terms: pd.DataFrame
    covariance: NDArray[np.float64]
    tau2: float
    sigma2: float | None
    correlation: float | None
    study_mean: float | None
    wald_heterogeneity: HeterogeneityTest | None
    wald_reason: str | None
    lr_heterogeneity: HeterogeneityTest | None
    tau2_test: Tau2Test | None
    moderators: WaldTest | None
    likelihood: FitStatistics
    i2: float
    h2: float
    dropped: pd.DataFrame
    iterations: int
    gradient: float
    notes: tuple[str, ...]
    fitted: Fitted

    _repr_html_ = html_of_text

    @property
    def p(self) -> int:
        """Number of coefficients of the effect."""
        return len(self.design.names)

    @property
    def df(self) -> float:
        """Degrees of freedom of the tests of coefficients; infinite: normal."""
        return np.inf if self.options.test == "z" else float(self.k - self.p)

    @property
    def estimates(self) -> NDArray[np.float64]:
        """Coefficients, shape (p,)."""
        return self.terms["estimate"].to_numpy(dtype=np.float64)

    @property
    def estimate(self) -> float:
        """First coefficient: the pooled effect where there are no moderators."""
        return float(self.terms["estimate"].iloc[0])

    @property
    def std_error(self) -> float:
        """Standard error of the first coefficient."""
        return float(self.terms["std_error"].iloc[0])

    def __repr__(self) -> str:
        return summary(self)


def summary(fit: GlmmFit) -> str:
    """Write a fit as a few lines of text.

    Examples
    --------
    >>> from evidence.models.glmm.glmm import pool_glmm
    >>> frame = pd.DataFrame({"events": [1, 4, 2, 0], "total": [10, 12, 15, 9]})
    >>> print(summary(pool_glmm(frame, measure="PLO", model="common")))
    Common-effect model of 4 studies (log odds; one group)
      intercept  -1.718 (95% CI -2.522 to -0.9131), std. error 0.4105, p < 0.0001
      QE LR(3) = 5.676, p = 0.128
      log-likelihood -6.456, AIC 14.91, BIC 14.3
    """
    options = fit.options
    name = "Random-effects" if options.random else "Common-effect"
    what = f"{MEASURE_WORDS[options.measure]}; {LIKELIHOOD_WORDS[options.likelihood]}"
    lines = [f"{name} model of {counted(fit.k, 'study', 'studies')} ({what})"]
    width = max(10, *(len(name) for name in fit.design.names))
    for row in fit.terms.to_dict("records"):
        interval = f"{100 * options.level:g}% CI {row['ci_low']:.4g} to {row['ci_high']:.4g}"
        lines.append(
            f"  {row['term']:<{width}} {row['estimate']:.4g} ({interval}),"
            f" std. error {row['std_error']:.4g}, {p_value(row['p'])}"
        )
    spread = [f"tau2 {fit.tau2:.4g}, I2 {fit.i2:.1f}%"] if options.random else []
    if fit.sigma2 is not None:
        spread.append(f"sigma2 {fit.sigma2:.4g}")
    if fit.correlation is not None:
        spread.append(f"correlation {fit.correlation:.3g}")
    lines += ["  " + ", ".join(spread)] if spread else []
    for label, test in (("Wald", fit.wald_heterogeneity), ("LR", fit.lr_heterogeneity)):
        if test is not None:
            lines.append(f"  QE {label}({test.df}) = {test.statistic:.4g}, {p_value(test.p)}")
    if fit.moderators is not None:
        found = fit.moderators
        lines.append(f"  moderators({found.df}) = {found.statistic:.4g}, {p_value(found.p)}")
    own = fit.likelihood
    lines.append(f"  log-likelihood {own.log_likelihood:.4g}, AIC {own.aic:.4g}, BIC {own.bic:.4g}")
    return folded("\n".join(lines + [f"  note: {note}" for note in fit.notes]))
