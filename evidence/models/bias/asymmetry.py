"""Tests of funnel asymmetry: regression on a measure of precision, and rank correlation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from evidence.catalog.display import html_of_text
from evidence.catalog.phrases import folded
from evidence.effects.table import EffectTable
from evidence.errors import FitError, Problem
from evidence.models.bias.checks import (
    arrays_for,
    check_choice,
    check_fraction,
    predictor_of,
    warn_if_few,
)
from evidence.models.bias.kernels_lines import design, mixed_line, weighted_line
from evidence.models.frequentist.kernels import critical_value, two_sided_p

Predictor = Literal[
    "std_error", "variance", "size", "inverse_size", "root_size", "root_inverse_size"
]
LineModel = Literal["dispersion", "random", "common"]
PREDICTORS, LINE_MODELS = get_args(Predictor), get_args(LineModel)
_OF_SIZE = ("size", "root_size")


@dataclass(frozen=True, slots=True)
class RegressionTest:
    """Answer of ``regression_test``, on the table's analysis scale.

    Attributes
    ----------
    k : int
    predictor, model : str
    intercept, intercept_std_error, slope, slope_std_error : float
    statistic, df, p : float
        Of the slope; df infinite: normal.
    tau2 : float or None
        Residual variance between studies; None where the model has none.
    limit, limit_low, limit_high : float or None
        Estimate as the predictor goes to 0, which is the intercept; None for sizes, which do not.
    level : float
    """

    k: int
    predictor: str
    model: str
    intercept: float
    intercept_std_error: float
    slope: float
    slope_std_error: float
    statistic: float
    df: float
    p: float
    tau2: float | None
    limit: float | None
    limit_low: float | None
    limit_high: float | None
    level: float

    _repr_html_ = html_of_text

    def __str__(self) -> str:
        test = f"z = {self.statistic:.3g}" if np.isinf(self.df) else (
            f"t({self.df:g}) = {self.statistic:.3g}"
        )  # fmt: skip
        text = (
            f"Regression test of funnel asymmetry, {self.k} studies, predictor {self.predictor}, "
            f"model {self.model}: {test}, p = {self.p:.3g}"
        )
        if self.limit is None:
            return folded(text)
        interval = f"{self.limit_low:.4g} to {self.limit_high:.4g}"
        limit = f"{self.limit:.4g} ({100 * self.level:g}% CI {interval})"
        return folded(f"{text}; limit estimate {limit}")


@dataclass(frozen=True, slots=True)
class RankTest:
    """Answer of ``rank_test``: Kendall's tau-b, its p value, and whether that is exact."""

    k: int
    tau: float
    p: float
    exact: bool

    _repr_html_ = html_of_text

    def __str__(self) -> str:
        kind = "exact" if self.exact else "normal approximation, ties"
        return (
            f"Rank correlation test of funnel asymmetry, {self.k} studies: "
            f"Kendall's tau = {self.tau:.3g}, p = {self.p:.3g} ({kind})"
        )


def regression_test(
    table: EffectTable,
    *,
    predictor: Predictor = "std_error",
    model: LineModel = "dispersion",
    sizes: ArrayLike | None = None,
    level: float = 0.95,
) -> RegressionTest:
    """Regress the estimates on a measure of precision (Egger et al. 1997 and kin).

    Parameters
    ----------
    table : EffectTable
        At least 3 independent rows.
    predictor : str
        "std_error" (Egger), "variance", "size" n, "inverse_size" 1/n, their roots.
    model : {"dispersion", "random", "common"}
        Weights 1/v with an estimated dispersion and t; mixed-effects meta-regression by REML and
        normal test; the same without tau2.
    sizes : array_like (k,), optional
        Total sample sizes; else those of the table's arms.
    level : float
        Level of the interval of the limit estimate.

    Raises
    ------
    FitError
        Fewer than 3 rows, rows that share an arm, unknown options, sizes absent or of no use, a
        predictor that does not vary.

    Warns
    -----
    FewStudiesWarning
        Below 10 studies.

    Notes
    -----
    Sterne and Egger 2005. Checked against metafor ``regtest``.

    Examples
    --------
    >>> from evidence.effects.table import table_of
    >>> s = [0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.55]
    >>> y = [0.2, 0.1, 0.3, 0.2, 0.4, 0.2, 0.6, 0.3, 0.7, 0.8]
    >>> test = regression_test(table_of(y, s))
    >>> round(test.slope, 3), round(test.p, 3)
    (0.93, 0.013)
    """
    check_choice("predictor", predictor, PREDICTORS)
    check_choice("model", model, LINE_MODELS)
    check_fraction("level", level)
    y, v = arrays_for(table, "a regression test")
    warn_if_few(table.k, "a regression test of funnel asymmetry")
    X = design(predictor_of(table, predictor, v, sizes))
    if model == "dispersion":
        line, df = weighted_line(y, X, 1.0 / v, dispersion=True), float(len(y) - 2)
        if line.dispersion <= 1e-20 * float((y**2 / v).sum()):
            problem = Problem(
                "table", "the studies lie on the line", 'model="common" needs no spread'
            )
            raise FitError("the dispersion is estimated at 0, so there is no test", [problem])
    else:
        method = "reml" if model == "random" else "common"
        line, df = mixed_line(y, X, v, method), np.inf
    errors = line.std_errors
    statistic = float(line.coefficients[1] / errors[1])
    start, half = float(line.coefficients[0]), critical_value(level, df) * float(errors[0])
    has_limit = predictor not in _OF_SIZE
    return RegressionTest(
        k=table.k,
        predictor=predictor,
        model=model,
        intercept=start,
        intercept_std_error=float(errors[0]),
        slope=float(line.coefficients[1]),
        slope_std_error=float(errors[1]),
        statistic=statistic,
        df=df,
        p=float(two_sided_p(np.asarray(statistic), df)),
        tau2=line.tau2 if model == "random" else None,
        limit=start if has_limit else None,
        limit_low=start - half if has_limit else None,
        limit_high=start + half if has_limit else None,
        level=level,
    )


def rank_test(table: EffectTable) -> RankTest:
    """Rank correlation of standardised estimates and variances (Begg and Mazumdar 1994).

    The p value is exact where nothing is tied, else normal with the variance for ties.
    Checked against metafor ``ranktest``.

    Raises
    ------
    FitError
        Fewer than 3 rows, rows that share an arm, or variances that are all equal.

    Warns
    -----
    FewStudiesWarning
        Below 10 studies.

    Examples
    --------
    >>> from evidence.effects.table import table_of
    >>> s = [0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.45, 0.5, 0.55]
    >>> y = [0.2, 0.1, 0.3, 0.2, 0.4, 0.2, 0.6, 0.3, 0.7, 0.8]
    >>> print(rank_test(table_of(y, s)))
    Rank correlation test of funnel asymmetry, 10 studies:
    Kendall's tau = 0.689, p = 0.00469 (exact)
    """
    y, v = arrays_for(table, "a rank correlation test")
    warn_if_few(table.k, "a rank correlation test of funnel asymmetry")
    w = 1.0 / v
    mean = float((w * y).sum() / w.sum())
    z = (y - mean) / np.sqrt(v - 1.0 / w.sum())
    if len(set(v)) == 1 or len(set(z)) == 1:
        right = "ranks need studies that differ"
        raise FitError("no rank correlation", [Problem("table", "all values are equal", right)])
    exact = len(set(v)) == len(v) and len(set(z)) == len(z)
    found = stats.kendalltau(z, v, method="exact" if exact else "asymptotic")
    return RankTest(len(y), float(found.statistic), float(found.pvalue), exact)
