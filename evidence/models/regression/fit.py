"""RegressionFit and its parts: what a meta-regression answers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from evidence.catalog.display import html_of_record, html_of_text
from evidence.catalog.phrases import counted, folded, p_value, wald_words
from evidence.effects.table import EffectTable
from evidence.models.frequentist.fit import TAU2_WORDS, FitStatistics, Heterogeneity
from evidence.models.regression.design import Design

TEST_WORDS = {
    "z": "Wald z",
    "t": "t with k - p df",
    "knapp_hartung": "Knapp-Hartung",
    "knapp_hartung_floored": "Knapp-Hartung, multiplier not below 1",
}


@dataclass(frozen=True, slots=True)
class WaldTest:
    """Test that some coefficients are all 0.

    Attributes
    ----------
    statistic : float
        Chi-squared, or F where ``df_residual`` is finite.
    df : int
    df_residual : float
        Infinite for chi-squared.
    p : float
    coefficients : tuple of str
    """

    statistic: float
    df: int
    df_residual: float
    p: float
    coefficients: tuple[str, ...]

    _repr_html_ = html_of_record

    def __str__(self) -> str:
        head = f"Wald test of {counted(len(self.coefficients), 'coefficient')}"
        test = wald_words(self.statistic, self.df, self.p, self.df_residual)
        return folded(f"{head}: {test}; {', '.join(self.coefficients)}")


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class RegressionFit:
    """Answer of ``meta_regression``; every figure is on the table's analysis scale.

    Attributes
    ----------
    table : EffectTable
    design : Design
    tau2_method : str or None
        None: no residual heterogeneity was allowed for.
    test : str
    level : float
    terms : DataFrame, one row a coefficient
        term, estimate, std_error, statistic, df (infinite: normal), p, ci_low, ci_high, level.
    covariance : ndarray, shape (p, p)
        Of the coefficients, Knapp-Hartung multiplier included.
    knapp_hartung_multiplier : float or None
        q before flooring; None: not used.
    heterogeneity : Heterogeneity
        Residual: Q is QE, tau2 what the moderators leave.
    moderators : WaldTest or None
        All coefficients but the intercept; None where there is nothing but the intercept.
    r2 : float or None
        Percent of tau2 that the moderators account for (Raudenbush 2009); without tau2 the
        adjusted R2 of the weighted regression.
    r2_reason : str or None
        Why there is no R2.
    rows : DataFrame, indexed as ``table.rows``
        fitted, residual, residual_std_error, standardised, weight (percent).
    full_likelihood, restricted_likelihood : FitStatistics
    notes : tuple of str
    stated_weights : ndarray (k,) or None
    """

    table: EffectTable
    design: Design
    tau2_method: str | None
    test: str
    level: float
    terms: pd.DataFrame
    covariance: NDArray[np.float64]
    knapp_hartung_multiplier: float | None
    heterogeneity: Heterogeneity
    moderators: WaldTest | None
    r2: float | None
    r2_reason: str | None
    rows: pd.DataFrame
    full_likelihood: FitStatistics
    restricted_likelihood: FitStatistics
    notes: tuple[str, ...]
    stated_weights: NDArray[np.float64] | None = None

    _repr_html_ = html_of_text

    @property
    def k(self) -> int:
        """Number of effects."""
        return self.table.k

    @property
    def p(self) -> int:
        """Number of coefficients."""
        return len(self.design.names)

    @property
    def df(self) -> float:
        """Degrees of freedom of the tests of coefficients; infinite: normal."""
        return np.inf if self.test == "z" else float(self.k - self.p)

    @property
    def tau2(self) -> float:
        """Residual between-study variance; 0 where none was allowed for."""
        return self.heterogeneity.tau2 or 0.0

    @property
    def estimates(self) -> NDArray[np.float64]:
        """Coefficients, shape (p,)."""
        return self.terms["estimate"].to_numpy(dtype=np.float64)

    @property
    def fitted(self) -> pd.Series[float]:
        """Fitted effects, indexed as ``table.rows``."""
        return self.rows["fitted"]

    @property
    def weights(self) -> pd.Series[float]:
        """Weights in percent, indexed as ``table.rows``."""
        return self.rows["weight"]

    def __repr__(self) -> str:
        return summary(self)


def summary(fit: RegressionFit) -> str:
    """Write a fit as a few lines of text.

    Examples
    --------
    >>> import pandas as pd
    >>> from evidence.effects.table import table_of
    >>> from evidence.models.regression.regression import meta_regression
    >>> table, dose = table_of([0.0, 1.0, 3.0], [1.0, 1.0, 1.0]), pd.DataFrame({"dose": [0, 1, 2]})
    >>> print(meta_regression(table, dose, tau2=None, test="z"))
    Meta-regression of 3 effects (GEN); no residual tau2; tests: Wald z
      intercept  -0.1667 (95% CI -1.956 to 1.623), std. error 0.9129, p = 0.855
      dose       1.5 (95% CI 0.1141 to 2.886), std. error 0.7071, p = 0.0339
      moderators chi-squared(1) = 4.5, p = 0.0339
      residual   Q(1) = 0.1667, p = 0.683; I2 0.0%; R2 92.9%
      note: 3 studies for 1 moderator coefficient: fewer than 10 studies a coefficient
    """
    what = ", ".join(part for part in (fit.table.measure, fit.table.unit) if part)
    scale = ", log scale" if fit.table.scale == "log" else ""
    tau2 = f"tau2: {TAU2_WORDS[fit.tau2_method]}" if fit.tau2_method else "no residual tau2"
    lines = [
        f"Meta-regression of {fit.k} effects ({what}{scale}); {tau2}; tests: {TEST_WORDS[fit.test]}"
    ]
    width = max(10, *(len(name) for name in fit.design.names))
    for row in fit.terms.to_dict("records"):
        interval = f"{100 * fit.level:g}% CI {row['ci_low']:.4g} to {row['ci_high']:.4g}"
        lines.append(
            f"  {row['term']:<{width}} {row['estimate']:.4g} ({interval}),"
            f" std. error {row['std_error']:.4g}, {p_value(row['p'])}"
        )
    if fit.moderators is not None:
        found = fit.moderators
        kind = "chi-squared(" if np.isinf(found.df_residual) else "F("
        df = (
            f"{found.df}" if np.isinf(found.df_residual) else f"{found.df}, {found.df_residual:.0f}"
        )
        test = f"{kind}{df}) = {found.statistic:.4g}, {p_value(found.p)}"
        lines.append(f"  {'moderators':<{width}} {test}")
    left = fit.heterogeneity
    spread = "" if left.tau2 is None else f"; tau2 {left.tau2:.4g}"
    r2 = "" if fit.r2 is None else f"; R2 {fit.r2:.1f}%"
    residual = (
        f"Q({left.df}) = {left.q:.4g}, {p_value(left.p or 0.0)}; I2 {left.i2:.1f}%{spread}{r2}"
    )
    lines.append(f"  {'residual':<{width}} {residual}")
    return folded("\n".join(lines + [f"  note: {note}" for note in fit.notes]))
