"""Exact Bayesian meta-analysis: the normal-normal hierarchical model by quadrature."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from evidence.effects.table import EffectTable
from evidence.errors import FitError, Problem
from evidence.models.bayesian import mixtures
from evidence.models.bayesian.fit import (
    TERM_COLUMNS,
    BayesFit,
    arrays_of,
    column_of,
    heavy_tail_note,
    moments_that_exist,
    require_inputs,
    require_proper_posterior,
)
from evidence.models.bayesian.kernels import TauGrid, conditional, tau_grid
from evidence.models.bayesian.posterior import ExactPosterior
from evidence.models.bayesian.priors import MuPrior, TauPrior, flat
from evidence.models.bayesian.summaries import figures_of, tau_figures

Array = NDArray[np.float64]


def pool_bayes(
    table: EffectTable,
    *,
    tau: TauPrior,
    mu: MuPrior | None = None,
    level: float = 0.95,
    interval: str = "central",
) -> BayesFit:
    """Pool effects under the normal-normal hierarchical model, exactly.

    ``y_i ~ N(theta_i, s_i^2)``, ``theta_i ~ N(mu, tau^2)`` (bayesmeta: ``bayesmeta``). mu is
    integrated in closed form, tau by quadrature; checked against bayesmeta 3.4 and grids.

    Parameters
    ----------
    table : EffectTable
        Independent rows; one is enough under a proper prior of tau such as ``half_normal(0.5)``.
    tau : TauPrior
    mu : MuPrior, optional
        ``normal(mean, sd)``; flat if left out.
    level, interval : float, {"central", "shortest"}
        Of all intervals: equal tails, or shortest (highest density).

    Raises
    ------
    FitError
        If rows are dependent, an option is unknown, or the posterior is improper.

    Examples
    --------
    >>> from evidence.effects.table import table_of
    >>> from evidence.models.bayesian.priors import half_normal
    >>> table = table_of([-0.889, -1.442, 0.446], [0.571, 0.141, 0.730], measure="RR", scale="log")
    >>> fit = pool_bayes(table, tau=half_normal(0.5))
    >>> print(fit)
    Bayesian random-effects meta-analysis: 3 studies, RR (log scale)
      prior of mu: flat
      prior of tau: half-normal(0.5)
      mu ...
    >>> round(fit.probability_below(0.0), 3)
    0.971
    """
    mu = flat() if mu is None else mu
    require_inputs(table, tau, mu, level, interval)
    y, s = arrays_of(table)
    posterior, log_integral = solve(y, s, tau, mu)
    return BayesFit(
        table=table,
        engine="quadrature",
        prior_mu=mu,
        prior_tau=tau,
        level=level,
        interval=interval,
        terms=_terms(posterior, level, interval),
        shrinkage=_shrinkage(table, posterior, mu, level, interval),
        log_marginal_likelihood=log_integral if tau.proper and mu.proper else None,
        diagnostics=None,
        posterior=posterior,
        notes=heavy_tail_note(y.size, tau, mu),
    )


def solve(y: Array, s: Array, tau: TauPrior, mu: MuPrior) -> tuple[ExactPosterior, float]:
    """Posterior and log of its normalising constant, the log marginal likelihood if proper.

    Raises
    ------
    FitError
        If the posterior is improper or the quadrature does not converge.
    """
    right = require_proper_posterior(y.size, tau, mu)
    moment = moments_that_exist(right)
    grid = _grid(y, s, tau, mu.mean, mu.precision, right, moment)
    _, m, variance = conditional(grid.tau, y, s, mu.mean, mu.precision)
    posterior = ExactPosterior(
        grid=grid,
        mu_mean=m,
        mu_sd=np.sqrt(variance),
        estimates=y,
        std_errors=s,
        tau_moments=moment,
        mu_moments=2 if mu.proper else moment,
        unbounded=tau.family.order < 0.0,
    )
    return posterior, float(grid.log_integral)


def _grid(
    y: Array, s: Array, tau: TauPrior, mean: float, precision: float, right: float, moment: int
) -> TauGrid:
    low, high = float(s.min()), float(max(s.max(), np.ptp(y)))
    if precision > 0.0:
        high = max(high, float(np.abs(y - mean).max()))
    if tau.proper and not tau.family.from_data:
        ends = tau.quantile([1e-6, 0.999])
        low, high = min(low, float(ends[0])), max(high, float(ends[1]))
    width = max(float(s.max()), float(np.ptp(y)))

    def log_density(t: Array) -> Array:
        return tau.log_density(t, s) + conditional(t, y, s, mean, precision)[0]

    def watched(t: Array) -> tuple[Array, ...]:
        _, m, variance = conditional(t, y, s, mean, precision)
        return 2.0 + (m - y.mean()) / width, variance / (variance + width**2)

    return tau_grid(
        log_density,
        low=low,
        high=high,
        left=tau.family.order + 1.0,
        right=right,
        moment=float(moment),
        upper=tau.upper,
        moments=watched if np.isfinite(precision) else None,
    )


def _terms(posterior: ExactPosterior, level: float, interval: str) -> pd.DataFrame:
    grid, records = posterior.grid, []
    moments: dict[str, list[float | None]] = {"mean": [], "sd": []}
    for term in ("mu", "tau", "prediction"):
        exist = posterior.mu_moments if term == "mu" else posterior.tau_moments
        if term == "tau":
            mean = (grid.weights * grid.tau).sum() if exist >= 1 else 0.0
            sd = np.sqrt((grid.weights * (grid.tau - mean) ** 2).sum()) if exist >= 2 else 0.0
            median, low, high = tau_figures(grid, level, interval)
        else:
            mean, sd = mixtures.moments(*posterior.components(term))
            median, low, high = figures_of(posterior.components(term), level, interval)[0]
        moments["mean"].append(float(mean) if exist >= 1 else None)
        moments["sd"].append(float(sd) if exist >= 2 else None)
        records.append(
            {
                "term": term,
                "median": float(median),
                "ci_low": float(low),
                "ci_high": float(high),
                "level": level,
            }
        )
    frame = pd.DataFrame(records)
    for name, values in moments.items():
        frame[name] = column_of(values)
    return frame[list(TERM_COLUMNS)]


def _shrinkage(
    table: EffectTable, posterior: ExactPosterior, mu: MuPrior, level: float, interval: str
) -> pd.DataFrame:
    parts = posterior.components("studies")
    mean, sd = mixtures.moments(*parts)
    found = figures_of(parts, level, interval)
    w = 1.0 / (posterior.std_errors[:, None] ** 2 + posterior.grid.tau**2)
    share = (posterior.grid.weights * w / (w.sum(axis=0) + mu.precision)).sum(axis=1)
    return pd.DataFrame(
        {
            "mean": mean,
            "median": found[:, 0],
            "sd": sd,
            "ci_low": found[:, 1],
            "ci_high": found[:, 2],
            "weight": share,
        },
        index=table.rows.index,
    )


def compare_models(
    table: EffectTable, *, tau: TauPrior, mu: MuPrior, null: float = 0.0
) -> pd.DataFrame:
    """Bayes factors of no heterogeneity and of no effect against the full model.

    Parameters
    ----------
    table : EffectTable
    tau, mu : TauPrior, MuPrior
        Both proper: marginal likelihoods under improper priors are arbitrary.
    null : float
        The value of mu without effect.

    Returns
    -------
    DataFrame
        Indexed by model: ``full``, ``tau_zero`` (common effect), ``mu_null`` (random effects
        about ``null``), ``both``; columns log_marginal_likelihood and log_bayes_factor, the log
        of the marginal likelihood over that of the full model.

    Raises
    ------
    FitError
        If a prior is improper, or as ``pool_bayes``.

    Examples
    --------
    >>> from evidence.effects.table import table_of
    >>> from evidence.models.bayesian.priors import half_normal, normal
    >>> table = table_of([-0.9, -0.4, -0.6], [0.3, 0.2, 0.4])
    >>> compare_models(table, tau=half_normal(0.5), mu=normal(0, 4)).round(3).index.tolist()
    ['full', 'tau_zero', 'mu_null', 'both']
    """
    require_inputs(table, tau, mu, 0.95, "central")
    problems = [
        Problem(name, f"the prior is {prior}, improper", "a proper prior")
        for name, prior in (("tau", tau), ("mu", mu))
        if not prior.proper
    ]
    if not np.isfinite(null):
        problems.append(Problem("null", repr(null), "a finite number"))
    if problems:
        raise FitError("Bayes factors need proper priors", problems)
    y, s = arrays_of(table)
    zero = np.zeros(1)
    right = require_proper_posterior(y.size, tau, mu)
    found = {
        "full": solve(y, s, tau, mu)[1],
        "tau_zero": float(conditional(zero, y, s, mu.mean, mu.precision)[0][0]),
        "mu_null": float(_grid(y, s, tau, null, np.inf, right, 0).log_integral),
        "both": float(conditional(zero, y, s, null, np.inf)[0][0]),
    }
    values = pd.Series(found, name="log_marginal_likelihood")
    frame = values.to_frame().assign(log_bayes_factor=values - values["full"])
    return frame.rename_axis("model")
