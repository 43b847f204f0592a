"""What a fitted trend says at doses, and how well it describes the effects it was fitted to."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy import linalg, special

from evidence.catalog.display import html_of_record
from evidence.catalog.phrases import counted, folded, wald_words
from evidence.errors import FitError, Problem, check_kind, is_fraction, is_number
from evidence.models.dose_response.fit import DoseFit
from evidence.models.frequentist.kernels import critical_value

Array = NDArray[np.float64]

_LARGEST_LOG = 700.0  # the exponential of more is no floating-point number


def dose_predictions(
    fit: DoseFit,
    doses: ArrayLike | None = None,
    *,
    reference: float | None = None,
    level: float | None = None,
) -> pd.DataFrame:
    """Predict the mean effect of doses against a reference dose.

    Parameters
    ----------
    fit : DoseFit
    doses : array_like, optional
        All different doses of the table if left out.
    reference : float, optional
        The lowest dose of the table if left out.
    level : float, optional
        The fit's if left out.

    Returns
    -------
    DataFrame
        dose, reference_dose, estimate, std_error, ci_low, ci_high; of random effects
        prediction_low, prediction_high (the effect in one new study: variance std_error^2 + x' Psi
        x, normal); level, extrapolated (beyond the doses of the table); for ratios ratio,
        ratio_ci_low, ratio_ci_high.

    Raises
    ------
    FitError

    Examples
    --------
    >>> from evidence.models.dose_response.dose_response import dose_response
    >>> from evidence.models.dose_response.reading import dose_ratios
    >>> frame = pd.DataFrame({
    ...     "study": ["a", "a", "b", "b"], "dose": [0.0, 1.0, 0.0, 2.0],
    ...     "log_ratio": [0.0, 0.2, 0.0, 0.1], "std_error": [0.0, 0.1, 0.0, 0.1]})
    >>> fit = dose_response(dose_ratios(frame, covariance="independent"), method="fixed")
    >>> dose_predictions(fit, [0, 2])["ratio"].round(3).tolist()
    [1.0, 1.174]
    """
    check_kind("fit", fit, DoseFit, FitError)
    known = fit.table.doses
    level = fit.level if level is None else level
    problems = []
    try:
        x = np.atleast_1d(np.asarray(np.unique(known) if doses is None else doses, dtype=float))
    except (TypeError, ValueError, OverflowError) as failure:
        x = np.empty(0)
        problems.append(Problem("doses", str(failure), "numbers"))
    if not problems and (x.ndim != 1 or not x.size or not np.isfinite(x).all()):
        problems.append(Problem("doses", f"shape {x.shape}, or not finite", "finite numbers"))
    at = float(known.min()) if reference is None else reference
    if not is_number(at):
        problems.append(Problem("reference", repr(reference), "a finite dose"))
    if not is_fraction(level):
        problems.append(Problem("level", repr(level), "a fraction between 0 and 1, such as 0.95"))
    if problems:
        raise FitError("the prediction is not possible", problems)
    rows = fit.shape.basis(x) - fit.shape.basis(np.array([at]))
    estimate, error = rows @ fit.estimates, _errors(rows, fit.covariance)
    z = critical_value(level, np.inf)
    cells: dict[str, object] = {
        "dose": x,
        "reference_dose": at,
        "estimate": estimate,
        "std_error": error,
        "ci_low": estimate - z * error,
        "ci_high": estimate + z * error,
    }
    if fit.between is not None:
        spread = np.hypot(error, _errors(rows, fit.between))
        cells |= {"prediction_low": estimate - z * spread, "prediction_high": estimate + z * spread}
    cells |= {"level": level, "extrapolated": (x < known.min()) | (x > known.max())}
    if fit.table.scale == "log":
        if np.max(estimate + z * error) > _LARGEST_LOG:
            what = f"log ratios of up to {np.max(estimate + z * error):.3g}"
            right = "doses within those of the studies, in their unit"
            raise FitError("the ratios are no numbers", [Problem("doses", what, right)])
        cells |= {
            "ratio": np.exp(estimate),
            "ratio_ci_low": np.exp(estimate - z * error),
            "ratio_ci_high": np.exp(estimate + z * error),
        }
    return pd.DataFrame(cells)


def _errors(rows: Array, covariance: Array) -> Array:
    return np.asarray(np.sqrt(np.maximum(0.0, ((rows @ covariance) * rows).sum(1))))


@dataclass(frozen=True, slots=True, eq=False)
class DoseGoodness:
    """How well the mean trend describes the effects (Discacciati, Crippa and Orsini 2017).

    Attributes
    ----------
    deviance, df, p : float, int, float
        Weighted sum of squares about the mean trend; chi-squared if the trend is right and there is
        no heterogeneity.
    r2, r2_adjusted : float
        Percent of the decorrelated effects' squares (about 0: the reference has no effect) that
        the trend accounts for.
    rows : DataFrame
        study, dose, reference_dose, estimate, fitted, residual, decorrelated (residual times the
        inverse of the Cholesky factor of the study's covariance: variance 1 each).
    """

    deviance: float
    df: int
    p: float
    r2: float
    r2_adjusted: float
    rows: pd.DataFrame

    _repr_html_ = html_of_record

    def __str__(self) -> str:
        test = wald_words(self.deviance, self.df, self.p)
        return folded(
            f"Fit of the mean trend to {counted(len(self.rows), 'effect')}: deviance {test}; "
            f"R2 {self.r2:.1f}%, adjusted {self.r2_adjusted:.1f}%"
        )


def dose_goodness(fit: DoseFit) -> DoseGoodness:
    """Deviance, R2 and decorrelated residuals of the mean trend.

    Raises
    ------
    FitError
        If there are no more effects than coefficients, or all effects are 0.

    Examples
    --------
    >>> from evidence.models.dose_response.dose_response import dose_response
    >>> from evidence.models.dose_response.reading import dose_ratios
    >>> frame = pd.DataFrame({
    ...     "study": ["a", "a", "b", "b"], "dose": [0.0, 1.0, 0.0, 2.0],
    ...     "log_ratio": [0.0, 0.2, 0.0, 0.1], "std_error": [0.0, 0.1, 0.0, 0.1]})
    >>> fit = dose_response(dose_ratios(frame, covariance="independent"), method="fixed")
    >>> round(dose_goodness(fit).deviance, 6)
    1.8
    """
    check_kind("fit", fit, DoseFit, FitError)
    rows, fitted, left, whole = fit.table.rows, [], [], 0.0
    for s in fit.table.studies:
        x = fit.shape.basis(s.doses) - fit.shape.basis(np.array([s.reference_dose]))
        factor = np.linalg.cholesky(s.covariance)
        fitted.append(x @ fit.estimates)
        left.append(linalg.solve_triangular(factor, s.estimates - fitted[-1], lower=True))
        whole += float((linalg.solve_triangular(factor, s.estimates, lower=True) ** 2).sum())
    rest = np.concatenate(left)
    deviance, n = float((rest**2).sum()), len(rest)
    df = n - fit.shape.size
    if df < 1 or whole == 0.0:
        what = f"{n} effects for {fit.shape.size} coefficients" if df < 1 else "all effects are 0"
        raise FitError("the goodness of fit is not defined", [
            Problem("fit", what, "more doses than coefficients, and an effect")
        ])  # fmt: skip
    share = deviance / whole
    rows = rows.assign(fitted=np.concatenate(fitted))
    rows = rows.assign(residual=rows["estimate"] - rows["fitted"], decorrelated=rest)
    return DoseGoodness(
        deviance,
        df,
        float(special.chdtrc(df, deviance)),
        100.0 * (1.0 - share),
        100.0 * (1.0 - share * n / df),
        rows.drop(columns="std_error"),
    )
