"""The effects of single groups: best linear unbiased predictions."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from evidence.errors import FitError, Problem, check_kind
from evidence.models.frequentist.kernels import critical_value
from evidence.models.multilevel.fit import MultilevelFit
from evidence.models.multilevel.kernels_likelihood import (
    marginal,
    projections,
    solved,
    weighted_residuals,
)
from evidence.models.multilevel.kernels_structures import covariance

Array = NDArray[np.float64]


def random_effects(fit: MultilevelFit) -> pd.DataFrame:
    """Predict the random effect of every group, and of every inner level that a group has.

    Returns
    -------
    DataFrame
        term, group, level (None for an intercept), estimate, std_error, low, high. With C the
        covariance of the effects u with y: C W (y - X b), and std_error^2 is the diagonal of
        var(u) - C P C', which allows for the estimated coefficients (Robinson 1991). The interval
        is by the smallest degrees of freedom of the fit.

    Raises
    ------
    FitError
        If the fit has no random effects.

    Examples
    --------
    >>> from evidence.models.multilevel.multilevel import multilevel
    >>> frame = pd.DataFrame({
    ...     "study": [1, 1, 2, 2, 3, 3], "effect": [1, 2, 3, 4, 5, 6],
    ...     "estimate": [0.1, 0.3, 0.5, 0.9, -0.4, 0.2], "std_error": 0.2,
    ... })
    >>> found = random_effects(multilevel(frame, "study/effect"))
    >>> found[found["term"] == "study"]["estimate"].round(3).tolist()
    [-0.048, 0.31, -0.262]
    """
    check_kind("fit", fit, MultilevelFit, FitError)
    if not fit.random:
        right = "name random terms in the fit"
        raise FitError("there are no random effects", [Problem("fit", "has none", right)])
    model, arrays = fit.model, tuple(term.arrays for term in fit.random)
    least = solved(model.batches, marginal(model.batches, arrays, model.states))
    p, e = projections(least), weighted_residuals(least)
    critical = critical_value(fit.level, float(fit.df.min()))
    frames = []
    for place, (term, state) in enumerate(zip(fit.random, model.states, strict=True)):
        cells: dict[tuple[int, int], tuple[float, float]] = {}
        for b, batch in enumerate(model.batches):
            shared = np.broadcast_to(
                covariance(term.arrays, batch.parts[place], state), batch.v.shape
            )
            mean = (shared @ e[b][..., None])[..., 0]
            left = np.diagonal(shared - shared @ p[b] @ shared, axis1=-2, axis2=-1)
            outer = term.arrays.outer[batch.rows].ravel().tolist()
            inner = term.arrays.inner[batch.rows].ravel().tolist()
            # Rows of one group and level have the same prediction.
            pairs = zip(mean.ravel().tolist(), left.ravel().tolist(), strict=True)
            cells.update(zip(zip(outer, inner, strict=True), pairs, strict=True))
        frames.append(_frame(term.name, term.groups, term.levels, cells, critical))
    return pd.concat(frames, ignore_index=True)


def _frame(
    name: str,
    groups: tuple[str, ...],
    levels: tuple[str, ...],
    cells: dict[tuple[int, int], tuple[float, float]],
    critical: float,
) -> pd.DataFrame:
    places = sorted(cells)
    found = np.array([cells[place] for place in places])
    error = np.sqrt(np.maximum(0.0, found[:, 1]))
    return pd.DataFrame(
        {
            "term": name,
            "group": [groups[g] for g, _ in places],
            "level": pd.Series([levels[j] if levels else None for _, j in places], dtype=object),
            "estimate": found[:, 0],
            "std_error": error,
            "low": found[:, 0] - critical * error,
            "high": found[:, 0] + critical * error,
        }
    )
