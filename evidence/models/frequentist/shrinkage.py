"""shrunken_effects: what a random-effects fit says about each study's own true effect."""

from __future__ import annotations

import numpy as np
import pandas as pd

from evidence.errors import FitError, Problem, check_kind
from evidence.models.frequentist import kernels
from evidence.models.frequentist.fit import PooledFit
from evidence.models.frequentist.pool import arrays_of


def shrunken_effects(fit: PooledFit) -> pd.DataFrame:
    """Best linear unbiased predictions of the studies' true effects (metafor: ``blup``).

    tau2 is taken as known, so the intervals are too narrow when studies are few.

    Returns
    -------
    DataFrame, k rows, indexed as the table
        effect, std_error, low, high, level, shrinkage (0: own estimate, 1: pooled estimate).

    Raises
    ------
    FitError
        If the fit is not a random-effects one.

    Examples
    --------
    >>> from evidence.effects.table import table_of
    >>> from evidence.models.frequentist.pool import pool
    >>> shrunken_effects(pool(table_of([0.0, 2.0, 4.0], [1, 1, 1])))["effect"].round(6).tolist()
    [0.5, 2.0, 3.5]
    """
    check_kind("fit", fit, PooledFit, FitError)
    tau2 = fit.heterogeneity.tau2
    if tau2 is None:
        problem = Problem("fit", f"model is {fit.model!r}", "pool with model='random', k >= 2")
        raise FitError("only random effects have effects of their own to predict", [problem])
    y, v = arrays_of(fit.table)
    mean, variance = np.asarray(fit.estimate), np.asarray(fit.std_error**2)
    found = kernels.study_effects(y, v, np.asarray(tau2), mean, variance)
    df = float(fit.terms["df"].to_numpy(dtype=float)[0])
    half = kernels.critical_value(fit.level, df) * found.std_error
    return pd.DataFrame(
        {
            "effect": found.effect,
            "std_error": found.std_error,
            "low": found.effect - half,
            "high": found.effect + half,
            "level": fit.level,
            "shrinkage": found.shrinkage,
        },
        index=fit.table.rows.index,
    )
