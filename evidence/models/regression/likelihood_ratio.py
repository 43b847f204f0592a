"""Likelihood-ratio test of nested meta-regressions."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import special

from evidence.catalog.display import html_of_record
from evidence.catalog.phrases import folded, wald_words
from evidence.errors import FitError, Problem, check_kind
from evidence.models.regression.fit import RegressionFit
from evidence.models.regression.kernels_gls import basis_of


@dataclass(frozen=True, slots=True)
class LikelihoodRatio:
    """Answer of ``likelihood_ratio_test``; ``r2`` (percent) is None where ``reason`` says why."""

    statistic: float
    df: int
    p: float
    r2: float | None
    reason: str | None

    _repr_html_ = html_of_record

    def __str__(self) -> str:
        spread = "" if self.r2 is None else f"; R2 {self.r2:.1f}%"
        why = "" if self.reason is None else f"\n  note: no R2: {self.reason}"
        test = wald_words(self.statistic, self.df, self.p)
        return folded(f"Likelihood-ratio test of two regressions: {test}{spread}{why}")


def likelihood_ratio_test(full: RegressionFit, reduced: RegressionFit) -> LikelihoodRatio:
    """Test the coefficients that a fit has more than another, both by maximum likelihood.

    Raises
    ------
    FitError
        If the fits are not by maximum likelihood of the same effects, or are not nested.

    Examples
    --------
    >>> import pandas as pd
    >>> from evidence.effects.table import table_of
    >>> from evidence.models.regression.regression import meta_regression
    >>> table = table_of([0.1, 0.4, 0.2, 0.9], [0.1, 0.1, 0.2, 0.2])
    >>> frame = pd.DataFrame({"dose": [1.0, 2.0, 3.0, 4.0]})
    >>> full = meta_regression(table, frame, tau2="maximum_likelihood")
    >>> reduced = meta_regression(table, frame[[]], tau2="maximum_likelihood")
    >>> likelihood_ratio_test(full, reduced).df
    1
    """
    check_kind("full", full, RegressionFit, FitError)
    check_kind("reduced", reduced, RegressionFit, FitError)
    problems = []
    for name, fit in (("full", full), ("reduced", reduced)):
        if fit.tau2_method not in ("maximum_likelihood", None):
            what = f"is by tau2={fit.tau2_method!r}"
            right = "fit both by tau2='maximum_likelihood', or both by None"
            problems.append(Problem(name, what, right))
        if fit.stated_weights is not None:
            problems.append(Problem(name, "has stated weights", "leave them out in both"))
    if full.tau2_method != reduced.tau2_method:
        problems.append(Problem("full, reduced", "differ in tau2", "fit both alike"))
    columns = ["estimate", "std_error"]
    if not full.table.rows[columns].equals(reduced.table.rows[columns]):
        problems.append(Problem("full, reduced", "are fits of different effects", "fit one table"))
    elif not _nested(full, reduced):
        right = "the larger one first; all of the smaller one's moderators must be in it"
        problems.append(Problem("full, reduced", "are not nested", right))
    if problems:
        raise FitError("the fits cannot be compared by their likelihoods", problems)
    gap = full.full_likelihood.log_likelihood - reduced.full_likelihood.log_likelihood
    statistic, df = max(0.0, 2.0 * gap), full.p - reduced.p
    p = float(special.chdtrc(df, statistic))
    if reduced.tau2 == 0.0:
        reason = "without the moderators there is no residual tau2 to account for"
        return LikelihoodRatio(statistic, df, p, None, reason)
    r2 = 100.0 * max(0.0, 1.0 - full.tau2 / reduced.tau2)
    return LikelihoodRatio(statistic, df, p, r2, None)


def _nested(full: RegressionFit, reduced: RegressionFit) -> bool:
    if full.p <= reduced.p:
        return False
    large, small = basis_of(full.design.matrix).q, basis_of(reduced.design.matrix).q
    return bool(np.abs(small - large @ (large.T @ small)).max() < 1e-8)
