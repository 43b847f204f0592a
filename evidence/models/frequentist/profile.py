"""profile_tau2: the profile log-likelihood of the between-study variance, as a curve."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from evidence.catalog.display import html_of_text
from evidence.catalog.phrases import folded
from evidence.errors import (
    FitError,
    Problem,
    as_numbers,
    check_kind,
    did_you_mean,
    is_fraction,
    is_whole,
)
from evidence.models.frequentist import kernels, kernels_tau2
from evidence.models.frequentist.fit import PooledFit
from evidence.models.frequentist.kernels_intervals import profile_interval
from evidence.models.frequentist.pool import arrays_of

Likelihood = Literal["restricted", "full"]
_OWN = {"reml": "restricted", "maximum_likelihood": "full"}


@dataclass(frozen=True, slots=True, eq=False)
class ProfileTau2:
    """Answer of ``profile_tau2``.

    Attributes
    ----------
    curve : DataFrame
        tau2 (rising), log_likelihood, and the pooled estimate with its Wald standard error there.
    likelihood : {"restricted", "full"}
    tau2, log_likelihood : float
        The maximum.
    low, high, level : float
        Interval of all tau2 whose log-likelihood is within chi-squared(1) / 2 of it.
    threshold : float
        The log-likelihood at which that interval ends.
    fitted_tau2 : float
        That of the fit, which is the maximum only for the fit's own likelihood.
    """

    curve: pd.DataFrame
    likelihood: str
    tau2: float
    log_likelihood: float
    low: float
    high: float
    level: float
    threshold: float
    fitted_tau2: float

    _repr_html_ = html_of_text

    def __str__(self) -> str:
        interval = f"{100 * self.level:g}% CI {self.low:.4g} to {self.high:.4g}"
        return folded(
            f"Profile of tau2, {self.likelihood} likelihood: highest at {self.tau2:.4g}"
            f" ({interval}), log-likelihood {self.log_likelihood:.4f}"
        )


def profile_tau2(
    fit: PooledFit,
    *,
    likelihood: Likelihood | None = None,
    at: ArrayLike | None = None,
    points: int | None = None,
    level: float | None = None,
) -> ProfileTau2:
    """Profile log-likelihood of tau2, the mean at its best for each value (metafor: ``profile``).

    Hardy and Thompson 1996; restricted: Harville 1974. All constants are included. Checked against
    the normal density, against numerical integration over the mean, and against ``pool``.

    Parameters
    ----------
    fit : PooledFit
        Random effects by inverse-variance weights.
    likelihood : {"restricted", "full"}, optional
        The one that "reml" or "maximum_likelihood" maximises; must be stated for other estimators.
    at : array_like, optional
        Values of tau2; else ``points`` (120 if left out) evenly spaced ones from 0 past the
        interval, or about it where it is far from 0. The maximum is always among them.
    points : int, optional
    level : float, optional
        The fit's if left out.

    Raises
    ------
    FitError
        If the fit has no tau2, an option is wrong, or the maximum was not found.

    Examples
    --------
    >>> from evidence.effects.table import table_of
    >>> from evidence.models.frequentist.pool import pool
    >>> found = profile_tau2(pool(table_of([0.0, 2.0, 4.0, 6.0], [1, 1, 1, 1])))
    >>> round(found.tau2, 4), round(found.low, 3), round(found.high, 3)
    (5.6667, 0.88, 57.146)
    """
    check_kind("fit", fit, PooledFit, FitError)
    kind, level = _checked(fit, likelihood, level)
    y, v = arrays_of(fit.table)
    y = kernels_tau2.centre(y)
    search = kernels_tau2.reml if kind == "restricted" else kernels_tau2.maximum_likelihood
    peak = search(y[None], v[None])
    if not bool(peak.converged.all()):
        raise FitError("no profile", [Problem("tau2", "the maximum was not found", "see pool")])
    top = float(peak.tau2[0])
    ends = profile_interval(y, v, top, level, full=kind == "full")
    low, high = float(ends.low), float(ends.high)
    t = np.unique(np.append(_grid(at, points, low, high), top))
    found = kernels.log_likelihoods(
        np.broadcast_to(y, (len(t), len(y))), np.broadcast_to(v, (len(t), len(v))), t
    )
    height = found.restricted if kind == "restricted" else found.full
    y = arrays_of(fit.table)[0]
    mean = kernels.weighted_mean(
        np.broadcast_to(y, (len(t), len(y))), np.broadcast_to(v, (len(t), len(v))), t
    )
    columns = {
        "tau2": t,
        "log_likelihood": height,
        "estimate": mean.mean,
        "std_error": np.sqrt(mean.variance),
    }
    best = float(height[np.searchsorted(t, top)])
    return ProfileTau2(
        curve=pd.DataFrame(columns),
        likelihood=kind,
        tau2=top,
        log_likelihood=best,
        low=low,
        high=high,
        level=level,
        threshold=best - kernels.critical_value(level, np.inf) ** 2 / 2.0,
        fitted_tau2=float(fit.heterogeneity.tau2 or 0.0),
    )


def _checked(fit: PooledFit, likelihood: str | None, level: float | None) -> tuple[str, float]:
    problems = []
    level = fit.level if level is None else level
    method = fit.tau2_method
    if fit.model != "random":
        problems.append(Problem("fit", f"is a {fit.model} model", "pool with model='random'"))
    elif fit.stated_weights is not None:
        right = "pool without weights"
        problems.append(Problem("fit", "has stated weights, which no likelihood has", right))
    kinds = get_args(Likelihood)
    if likelihood is not None and (not isinstance(likelihood, str) or likelihood not in kinds):
        known = did_you_mean(str(likelihood), kinds)
        problems.append(Problem("likelihood", f"unknown: {likelihood!r}", known))
    if likelihood is None and method not in _OWN and not problems:
        what = f"{method!r} maximises none"
        problems.append(Problem("likelihood", what, "'restricted' or 'full'"))
    if not is_fraction(level):
        problems.append(Problem("level", repr(level), "a fraction between 0 and 1, such as 0.95"))
    if problems:
        raise FitError("no profile of tau2 can be made", problems)
    return likelihood or _OWN[str(method)], level


def _grid(at: ArrayLike | None, points: int | None, low: float, high: float) -> kernels.Array:
    if at is None:
        n = 120 if points is None else points
        if not is_whole(n, 2) or n > 100_000:
            problem = Problem("points", f"is {points!r}", "from 2 to 100,000")
            raise FitError("no profile of tau2 can be made", [problem])
        gap = high - low
        return np.linspace(max(0.0, low - 0.25 * gap), high + 0.25 * gap, n)
    if points is not None:
        problem = Problem("points", "would do nothing: at says where", "leave it out")
        raise FitError("an argument would do nothing", [problem])
    t = np.atleast_1d(as_numbers("at", at, FitError))
    if t.ndim != 1 or not len(t) or not np.all(np.isfinite(t) & (t >= 0)):
        problem = Problem("at", "not all are finite numbers of at least 0", "values of tau2")
        raise FitError("no profile of tau2 can be made", [problem])
    return t
