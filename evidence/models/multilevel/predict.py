"""Mean effects where the moderators are as stated, and the effect of one new study."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from evidence.errors import FitError, Problem, check_kind, did_you_mean, is_fraction
from evidence.models.frequentist.kernels import critical_values
from evidence.models.multilevel.fit import MultilevelFit
from evidence.models.multilevel.terms import RandomTerm
from evidence.models.regression.design import rows_of

Array = NDArray[np.float64]


def predict_multilevel(
    fit: MultilevelFit,
    frame: pd.DataFrame | None = None,
    *,
    prediction: bool = True,
    level: float | None = None,
) -> pd.DataFrame:
    """Predict the mean effect, and the effect of a new group of every random term.

    Parameters
    ----------
    fit : MultilevelFit
    frame : DataFrame, optional
        Moderators, one row a prediction. Where a random term has a variance for each inner level,
        the column of those levels too. Left out where the model is an intercept: one row, or one
        for every inner level with a variance of its own.
    prediction : bool
        Whether the prediction interval is wanted.
    level : float, optional
        The fit's if left out.

    Returns
    -------
    DataFrame
        estimate, std_error, df, ci_low, ci_high, prediction_low, prediction_high, level, and the
        inner levels where they were left out. The prediction interval has the variance
        std_error^2 + the sum of the variances at the inner levels; df is the smallest of the
        coefficients that count in the row.

    Raises
    ------
    FitError
        If a column is absent or a level was not in the fit.

    Examples
    --------
    >>> from evidence.models.multilevel.multilevel import multilevel
    >>> frame = pd.DataFrame({
    ...     "study": [1, 1, 2, 2, 3, 3], "effect": [1, 2, 3, 4, 5, 6],
    ...     "estimate": [0.1, 0.3, 0.5, 0.9, -0.4, 0.2], "std_error": 0.2,
    ... })
    >>> found = predict_multilevel(multilevel(frame, "study/effect", test="z"))
    >>> found[["prediction_low", "prediction_high"]].round(3).to_numpy().tolist()
    [[-0.662, 1.195]]
    """
    check_kind("fit", fit, MultilevelFit, FitError)
    level = fit.level if level is None else level
    if not is_fraction(level):
        problem = Problem("level", repr(level), "a fraction between 0 and 1, such as 0.95")
        raise FitError("the prediction is not possible", [problem])
    shown: list[str] = []
    if frame is None:
        frame, shown = _levels_frame(fit, prediction=prediction)
    rows = rows_of(fit.design, frame)
    estimate = rows @ fit.estimates
    error = np.sqrt(np.maximum(0.0, ((rows @ fit.covariance) * rows).sum(1)))
    df = np.where(rows != 0.0, fit.df, np.inf).min(1)
    critical = critical_values(level, df)
    cells: dict[str, Any] = {name: frame[name] for name in shown}
    cells |= {
        "estimate": estimate,
        "std_error": error,
        "df": df,
        "ci_low": estimate - critical * error,
        "ci_high": estimate + critical * error,
    }
    if prediction and fit.random:
        spread = np.sqrt(error**2 + _variance(fit, frame))
        cells["prediction_low"] = estimate - critical * spread
        cells["prediction_high"] = estimate + critical * spread
    return pd.DataFrame({**cells, "level": level}, index=frame.index)


def inner_column(term: RandomTerm) -> str:
    """Name of the column of a term's inner levels."""
    return term.name.split("|")[0].strip()


def _several(fit: MultilevelFit) -> list[tuple[RandomTerm, Array]]:
    """Terms with a variance for each inner level, and these variances."""
    found = []
    for term, state in zip(fit.random, fit.model.states, strict=True):
        if len(state.sd) > 1:
            found.append((term, state.sd**2))
    return found


def _levels_frame(fit: MultilevelFit, *, prediction: bool) -> tuple[pd.DataFrame, list[str]]:
    if fit.design.columns:
        right = f"give the columns {', '.join(fit.design.columns)}"
        raise FitError(
            "the prediction is not possible",
            [Problem("frame", "is left out, and the model has moderators", right)],
        )
    levels: dict[str, tuple[str, ...]] = {}
    for term, _ in _several(fit) if prediction else []:
        levels[inner_column(term)] = term.levels
    rows = list(itertools.product(*levels.values()))
    return pd.DataFrame(rows, columns=list(levels), index=range(len(rows))), list(levels)


def _variance(fit: MultilevelFit, frame: pd.DataFrame) -> Array:
    """Variance of the effect of a new group in each row."""
    total = np.zeros(len(frame))
    for state in fit.model.states:
        if len(state.sd) == 1:
            total += float(state.sd[0]) ** 2
    for term, variances in _several(fit):
        name = inner_column(term)
        if name not in frame.columns:
            right = f"add it (one of {', '.join(term.levels)}), or say prediction=False"
            what = f"is absent: {term.name} has a variance for each level"
            raise FitError(
                "the prediction is not possible", [Problem(f"column {name!r}", what, right)]
            )
        for i, value in enumerate(frame[name]):
            word = f"{value:g}" if isinstance(value, float) else str(value)
            if word not in term.levels:
                right = did_you_mean(word, term.levels)
                problem = Problem(f"column {name!r}", f"unknown level {word!r}", right)
                raise FitError("the prediction is not possible", [problem])
            total[i] += variances[term.levels.index(word)]
    return total
