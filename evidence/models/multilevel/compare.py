"""Two multilevel fits against each other, and how the variance divides over the levels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import special

from evidence.catalog.display import html_of_record
from evidence.catalog.phrases import folded, wald_words
from evidence.errors import FitError, Problem, check_kind
from evidence.models.multilevel.fit import MultilevelFit
from evidence.models.multilevel.kernels_structures import counts
from evidence.models.regression.kernels_gls import basis_of


@dataclass(frozen=True, slots=True)
class MultilevelComparison:
    """Answer of ``compare_multilevel``.

    ``df`` is the number of parameters that the larger model has more; ``note`` says where the p
    value is too large because a variance was tested at 0, the edge of what it can be.
    """

    statistic: float
    df: int
    p: float
    note: str | None

    _repr_html_ = html_of_record

    def __str__(self) -> str:
        note = "" if self.note is None else f"\n  note: {self.note}"
        test = wald_words(self.statistic, self.df, self.p)
        return folded(f"Likelihood-ratio test of two multilevel models: {test}{note}")


def compare_multilevel(full: MultilevelFit, reduced: MultilevelFit) -> MultilevelComparison:
    """Test what a fit has more than another by their likelihoods.

    Whether the random terms are nested is for the user to see; that they have fewer parameters and
    no higher likelihood is checked.

    Raises
    ------
    FitError
        If the fits are of different effects or methods, if restricted likelihoods are of different
        moderators, or if the reduced model is not the smaller one.

    Examples
    --------
    >>> from evidence.models.multilevel.multilevel import multilevel
    >>> frame = pd.DataFrame({
    ...     "study": [1, 1, 2, 2, 3, 3], "effect": [1, 2, 3, 4, 5, 6],
    ...     "estimate": [0.1, 0.3, 0.5, 0.9, -0.4, 0.2], "std_error": 0.2,
    ... })
    >>> full = multilevel(frame, "study/effect")
    >>> reduced = multilevel(frame, "study/effect", fixed={"variance(study)": 0.0})
    >>> round(compare_multilevel(full, reduced).p, 3)
    0.327
    """
    check_kind("full", full, MultilevelFit, FitError)
    check_kind("reduced", reduced, MultilevelFit, FitError)
    problems = [
        Problem("full, reduced", f"differ in {name}", "fit one table")
        for name in ("estimate", "std_error")
        if not full.table.rows[name].equals(reduced.table.rows[name])
    ]
    gap = full.model.sampling - reduced.model.sampling if full.k == reduced.k else None
    if gap is not None and gap.nnz and np.abs(gap.data).max() > 0:
        problems.append(Problem("full, reduced", "differ in sampling covariance", "fit one table"))
    if full.method != reduced.method:
        what = f"are by {full.method!r} and {reduced.method!r}"
        problems.append(Problem("full, reduced", what, "fit both by one method"))
    if not problems:
        problems += _moderator_problems(full, reduced)
    df = full.parameters - reduced.parameters
    if not problems and df < 1:
        what = f"the first has {full.parameters} parameters, the second {reduced.parameters}"
        problems.append(Problem("full, reduced", what, "the larger one first"))
    rise = full.log_likelihood - reduced.log_likelihood
    if not problems and rise < -1e-6 * max(1.0, abs(full.log_likelihood)):
        what = "the reduced model has the higher likelihood"
        problems.append(Problem("full, reduced", what, "compare nested models"))
    if problems:
        raise FitError("the fits cannot be compared by their likelihoods", problems)
    statistic = max(0.0, 2.0 * rise)
    note = None
    if _variances(full) > _variances(reduced):
        note = "a variance was tested at 0, the edge of what it can be: p is too large"
    return MultilevelComparison(statistic, df, float(special.chdtrc(df, statistic)), note)


def _moderator_problems(full: MultilevelFit, reduced: MultilevelFit) -> list[Problem]:
    large, small = (basis_of(fit.design.matrix).q for fit in (full, reduced))
    same = large.shape == small.shape
    nested = bool(np.abs(small - large @ (large.T @ small)).max() < 1e-8)
    if full.method == "reml" and not (same and nested):
        right = "method='maximum_likelihood' for both"
        what = "have different moderators: their restricted likelihoods are of different data"
        return [Problem("full, reduced", what, right)]
    if not nested:
        right = "all moderators of the reduced model must be in the full one"
        return [Problem("full, reduced", "are not nested", right)]
    return []


def _variances(fit: MultilevelFit) -> int:
    frame = fit.components
    free = (frame["kind"] == "variance") & ~frame["fixed"]
    return int(free.sum())


def variance_shares(fit: MultilevelFit) -> pd.DataFrame:
    """Divide the variance of an effect over the levels: I2 of each random term, in percent.

    Each variance over the sum of all and the typical sampling variance, (k - p) / tr(P) with P of
    the sampling covariance matrix (Cheung 2014; Jackson, White and Riley 2012). A term with a
    variance for each inner level counts with their mean over the rows.

    Returns
    -------
    DataFrame
        term, variance, share; the last row is the sampling error.

    Raises
    ------
    FitError
        If the sampling covariance matrix is singular.

    Examples
    --------
    >>> from evidence.models.multilevel.multilevel import multilevel
    >>> frame = pd.DataFrame({
    ...     "study": [1, 1, 2, 2, 3, 3], "effect": [1, 2, 3, 4, 5, 6],
    ...     "estimate": [0.1, 0.3, 0.5, 0.9, -0.4, 0.2], "std_error": 0.2,
    ... })
    >>> variance_shares(multilevel(frame, "study/effect"))["share"].round(1).tolist()
    [55.6, 25.4, 19.0]
    """
    check_kind("fit", fit, MultilevelFit, FitError)
    typical = fit.heterogeneity.typical_variance
    if typical is None:
        what, right = fit.heterogeneity.reason or "", "state a covariance with an inverse"
        problem = Problem("covariance", what, right)
        raise FitError("the variance cannot be divided", [problem])
    rows = []
    for term, state in zip(fit.random, fit.model.states, strict=True):
        several = counts(term.arrays)[0] > 1
        variance = state.sd**2
        mean = float(variance[term.arrays.inner].mean() if several else variance[0])
        rows.append((term.name, mean))
    rows.append(("sampling error", typical))
    found = pd.DataFrame(rows, columns=["term", "variance"])
    found["share"] = 100.0 * found["variance"] / found["variance"].sum()
    return found
