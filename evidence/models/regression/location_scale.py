"""Location-scale meta-regression: moderators of the mean effect and of its spread."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from evidence.catalog.display import html_of_record
from evidence.catalog.phrases import counted, figure, folded, interval, p_value, q_words, wald_words
from evidence.effects.table import EffectTable
from evidence.errors import FitError, Problem, did_you_mean, is_fraction
from evidence.models.frequentist.fit import (
    TAU2_WORDS,
    FitStatistics,
    Heterogeneity,
    information_criteria,
)
from evidence.models.frequentist.kernels import q_p_value
from evidence.models.frequentist.options import require_rows
from evidence.models.frequentist.pool import arrays_of
from evidence.models.regression.design import Design, build
from evidence.models.regression.fit import WaldTest
from evidence.models.regression.kernels_gls import coefficients, log_likelihoods, project, residuals
from evidence.models.regression.kernels_spread import AT_ZERO, Spread, fit_spread
from evidence.models.regression.regression import checked_basis, terms_frame
from evidence.models.regression.wald import moderators_test

Array = NDArray[np.float64]
Link = Literal["log", "identity"]
_AT_EDGE = "tau2 of some studies is estimated at 0, the edge: no standard errors there"
METHODS, LINKS, TESTS = ("reml", "maximum_likelihood"), ("log", "identity"), ("z", "t")


@dataclass(frozen=True, slots=True, eq=False)
class LocationScaleFit:
    """Answer of ``location_scale``.

    Attributes
    ----------
    table : EffectTable
    design, scale_design : Design
    method, link, test : str
    level : float
    terms, scale_terms : DataFrame
        Coefficients of the effect, and of tau2 (of its logarithm under the log link).
    covariance, scale_covariance : ndarray
    tau2 : Series
        Residual between-study variance of each row.
    residual : Heterogeneity
        Q about the fixed-effects regression, its df and p.
    moderators, scale_moderators : WaldTest or None
        All coefficients but the intercept.
    scale_reason : str or None
        Why the scale coefficients have no standard errors (NaN in ``scale_terms``; no covariance,
        no test): under the identity link the estimate may lie where some tau2 is 0.
    full_likelihood, restricted_likelihood : FitStatistics
    """

    table: EffectTable
    design: Design
    scale_design: Design
    method: str
    link: str
    test: str
    level: float
    terms: pd.DataFrame
    scale_terms: pd.DataFrame
    covariance: Array
    scale_covariance: Array | None
    tau2: pd.Series[float]
    residual: Heterogeneity
    moderators: WaldTest | None
    scale_moderators: WaldTest | None
    full_likelihood: FitStatistics
    restricted_likelihood: FitStatistics
    scale_reason: str | None = None

    _repr_html_ = html_of_record

    def __str__(self) -> str:
        return summary(self)


def location_scale(
    table: EffectTable,
    moderators: pd.DataFrame | str,
    scale: pd.DataFrame | str,
    *,
    data: pd.DataFrame | None = None,
    method: Literal["reml", "maximum_likelihood"] = "reml",
    link: Link = "log",
    test: Literal["z", "t"] = "t",
    level: float = 0.95,
) -> LocationScaleFit:
    """Let moderators change the mean effect and the between-study variance.

    tau2 of study i is exp(z_i'a), or z_i'a under the identity link (Viechtbauer and Lopez-Lopez
    2022). Standard errors of the scale coefficients are from the observed information. Checked
    against metafor ``rma(scale=)``, and for a constant scale against ``meta_regression``.

    Parameters
    ----------
    table : EffectTable
    moderators, scale : DataFrame or str
        As in ``meta_regression``; a frame of no columns is the intercept alone.
    data : DataFrame, optional
        Where formulas find their columns.
    method : {"reml", "maximum_likelihood"}
    link : {"log", "identity"}
    test : {"t", "z"}
        t with k less the number of coefficients, of either part.
    level : float

    Raises
    ------
    FitError
        As ``meta_regression``; under the log link also where the likelihood is highest at a tau2
        of 0, whose logarithm does not exist.

    Examples
    --------
    >>> from evidence.effects.table import table_of
    >>> table = table_of([0.1, 0.5, 0.2, 0.7, -2.0, 3.0, -1.0, 2.0], [0.1] * 8)
    >>> frame = pd.DataFrame({"arm": ["a"] * 4 + ["b"] * 4})
    >>> fit = location_scale(table, frame[[]], frame)
    >>> fit.tau2.iloc[[0, 7]].round(3).tolist()
    [0.065, 4.274]
    """
    problems = [
        Problem(name, f"unknown: {value!r}", did_you_mean(str(value), known))
        for name, value, known in (
            ("method", method, METHODS), ("link", link, LINKS), ("test", test, TESTS),
        )
        if not isinstance(value, str) or value not in known
    ]  # fmt: skip
    if not is_fraction(level):
        problems.append(Problem("level", repr(level), "a fraction between 0 and 1, such as 0.95"))
    if problems:
        raise FitError("the options of the location-scale model are not right", problems)
    require_rows(table, 3, "a location-scale model")
    location_data = data if isinstance(moderators, str) else None
    scale_data = data if isinstance(scale, str) else None
    if data is not None and location_data is None and scale_data is None:
        what = "would do nothing: the moderators are frames already"
        raise FitError("the moderators do not make a design", [Problem("data", what, "drop it")])
    design = build(moderators, location_data, table.rows.index, intercept=True)
    scale_design = build(scale, scale_data, table.rows.index, intercept=True)
    basis, z = checked_basis(design, table.k), checked_basis(scale_design, table.k)
    y, v = arrays_of(table)
    found = fit_spread(y, v, basis.q, z, restricted=method == "reml", log=link == "log")
    if found.problem:
        right = "leave moderators of the scale out, or take meta_regression"
        if found.problem == AT_ZERO:
            right = "the log link has no value for 0: link='identity' has, or take meta_regression"
        raise FitError(
            "the location-scale model did not converge", [Problem("scale", found.problem, right)]
        )
    return _assemble(table, design, scale_design, found, method, link, test, level)


def _assemble(
    table: EffectTable,
    design: Design,
    scale_design: Design,
    found: Spread,
    method: str,
    link: str,
    test: str,
    level: float,
) -> LocationScaleFit:
    y, v = arrays_of(table)
    basis = checked_basis(design, table.k)
    k, p = basis.q.shape
    q = len(scale_design.names)
    total = v + found.tau2
    mean = coefficients(y, total, basis, np.zeros(()))
    dfs = [np.inf if test == "z" else float(k - n) for n in (p, q)]
    likelihoods = log_likelihoods(y, v, basis.q, total)
    full, restricted = float(likelihoods.full), float(likelihoods.restricted)
    cochran = float(project(residuals(y, basis.q), v, basis.q, np.zeros(())).q)
    deviance = 2.0 * (float(likelihoods.saturated) - full)
    return LocationScaleFit(
        table=table,
        design=design,
        scale_design=scale_design,
        method=method,
        link=link,
        test=test,
        level=level,
        terms=terms_frame(design.names, mean.estimate, mean.covariance, dfs[0], level),
        scale_terms=_scale_terms(scale_design, found, dfs[1], level),
        covariance=mean.covariance,
        scale_covariance=found.covariance,
        tau2=pd.Series(found.tau2, index=table.rows.index, name="tau2", dtype=float),
        residual=Heterogeneity(
            q=cochran,
            df=k - p,
            p=float(q_p_value(np.asarray(cochran), k - p)),
            reason="tau2 differs between the studies",
        ),
        moderators=moderators_test(design, mean.estimate, mean.covariance, dfs[0]),
        scale_moderators=None
        if found.covariance is None
        else moderators_test(scale_design, found.estimate, found.covariance, dfs[1]),
        full_likelihood=information_criteria(full, deviance, p + q, k),
        restricted_likelihood=information_criteria(restricted, -2.0 * restricted, p + q, k - p),
        scale_reason=None if found.covariance is not None else _AT_EDGE,
    )


def _scale_terms(design: Design, found: Spread, df: float, level: float) -> pd.DataFrame:
    if found.covariance is not None:
        return terms_frame(design.names, found.estimate, found.covariance, df, level)
    terms = terms_frame(design.names, found.estimate, np.eye(len(found.estimate)), df, level)
    terms[["std_error", "statistic", "p", "ci_low", "ci_high"]] = np.nan
    return terms


def summary(fit: LocationScaleFit) -> str:
    """Write a fit as a few lines of text."""
    what = ", ".join(part for part in (fit.table.measure, fit.table.unit) if part)
    of = counted(fit.table.k, "effect")
    lines = [f"Location-scale model of {of} ({what}); tau2: {TAU2_WORDS[fit.method]}"]
    names = [*fit.terms["term"], *(f"tau2: {name}" for name in fit.scale_terms["term"])]
    width = max(10, *(len(str(name)) for name in names))
    rows = [*fit.terms.to_dict("records"), *fit.scale_terms.to_dict("records")]
    for name, row in zip(names, rows, strict=True):
        told = "no std. error" if np.isnan(row["std_error"]) else (
            f"({interval(row['ci_low'], row['ci_high'], fit.level)}), "
            f"std. error {figure(row['std_error'])}, {p_value(row['p'])}"
        )  # fmt: skip
        lines.append(f"  {name:<{width}} {figure(row['estimate'])} {told}")
    for name, test in (("moderators", fit.moderators), ("tau2: moderators", fit.scale_moderators)):
        if test is not None:
            words = wald_words(test.statistic, test.df, test.p, test.df_residual)
            lines.append(f"  {name:<{width}} {words}")
    if fit.residual.q is not None and fit.residual.df is not None:
        q = q_words(fit.residual.q, fit.residual.df, fit.residual.p)
        lines.append(f"  {'residual':<{width}} {q}")
    link = "of the logarithm of tau2" if fit.link == "log" else "of tau2 itself"
    lines.append(f"  note: the coefficients of tau2 are {link}")
    lines += [] if fit.scale_reason is None else [f"  note: {fit.scale_reason}"]
    return folded("\n".join(lines))
