"""What the priors do: the posterior over the prior's scale, and prior beside posterior."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from evidence.effects.table import EffectTable
from evidence.errors import FitError, Problem
from evidence.models.bayesian.fit import BayesFit, arrays_of, require_inputs
from evidence.models.bayesian.many import pool_bayes_many
from evidence.models.bayesian.posterior import ExactPosterior, require_quantity
from evidence.models.bayesian.priors import MuPrior, TauPrior, flat

Array = NDArray[np.float64]


def prior_sensitivity(
    table: EffectTable,
    prior: Callable[[float], TauPrior],
    scales: ArrayLike,
    *,
    mu: MuPrior | None = None,
    level: float = 0.95,
    threshold: float = 0.0,
) -> pd.DataFrame:
    """Posterior over the scale of the prior of tau: a curve, from one batched call.

    Parameters
    ----------
    table : EffectTable
    prior : callable
        From a scale to a prior: ``half_normal``, ``half_cauchy``, or a function of your own.
    scales : array_like
    mu, level
        As in ``pool_bayes``; intervals are central.
    threshold : float
        Value of which the probability to be below is given.

    Returns
    -------
    DataFrame
        A row a scale: scale, mu_median, mu_ci_low, mu_ci_high, tau_median, tau_ci_low,
        tau_ci_high, prediction_ci_low, prediction_ci_high, probability_below (of mu).

    Raises
    ------
    FitError
        As ``pool_bayes``, or if the scales are not usable.

    Examples
    --------
    >>> from evidence.effects.table import table_of
    >>> from evidence.models.bayesian.priors import half_normal
    >>> table = table_of([-0.889, -1.442, 0.446], [0.571, 0.141, 0.730])
    >>> curve = prior_sensitivity(table, half_normal, [0.1, 0.5, 1.0])
    >>> curve["probability_below"].round(3).tolist()
    [1.0, 0.971, 0.914]
    """
    mu = flat() if mu is None else mu
    values = np.atleast_1d(np.asarray(scales, dtype=np.float64))
    if values.ndim != 1 or values.size == 0 or not np.isfinite(values).all():
        problem = Problem("scales", repr(scales), "finite numbers, such as [0.1, 0.5, 1]")
        raise FitError("there is no curve", [problem])
    priors = [prior(float(value)) for value in values]
    require_inputs(table, priors[0], mu, level, "central")
    y, s = arrays_of(table)
    many = pool_bayes_many(
        np.broadcast_to(y, (values.size, y.size)),
        np.broadcast_to(s, (values.size, y.size)),
        tau=priors,
        mu=mu,
        level=level,
        thresholds=[threshold],
    )
    columns: dict[str, Array] = {"scale": values}
    for of, found in (("mu", many.mu), ("tau", many.tau), ("prediction", many.prediction)):
        names = ("ci_low", "ci_high") if of == "prediction" else ("median", "ci_low", "ci_high")
        columns |= {f"{of}_{name}": found[name] for name in names}
    columns["probability_below"] = many.probability_below["mu"][:, 0]
    return pd.DataFrame(columns)


def prior_posterior(fit: BayesFit, of: str = "mu", points: ArrayLike | None = None) -> pd.DataFrame:
    """Densities of prior and posterior, for a figure.

    Parameters
    ----------
    fit : BayesFit
        Exact.
    of : {"mu", "tau"}
    points : array_like, optional
        Where; 201 points over all but a thousandth of the posterior if left out.

    Returns
    -------
    DataFrame
        Columns x, prior, posterior; an improper prior's column is None throughout.

    Raises
    ------
    FitError
        If the fit was sampled, or there is no such quantity.

    Examples
    --------
    >>> from evidence.effects.table import table_of
    >>> from evidence.models.bayesian.exact import pool_bayes
    >>> from evidence.models.bayesian.priors import half_normal
    >>> fit = pool_bayes(table_of([-0.9, -1.4], [0.5, 0.3]), tau=half_normal(0.5))
    >>> prior_posterior(fit, "tau", [0.0, 0.5]).round(3).to_numpy().tolist()
    [[0.0, 1.596, 1.891], [0.5, 0.968, 0.908]]
    """
    posterior = exact_of(fit)
    require_quantity(of, ("mu", "tau"))
    if points is None:
        ends = posterior.quantile([0.0005, 0.9995], of)
        x = np.linspace(0.0 if of == "tau" else ends[0], ends[1], 201)
    else:
        x = np.atleast_1d(np.asarray(points, dtype=np.float64))
    if x.size == 0 or not np.isfinite(x).all() or (of == "tau" and x.min() < 0):
        problem = Problem("points", repr(points), "finite numbers; of tau from 0 on")
        raise FitError("the densities cannot be drawn there", [problem])
    if of == "tau":
        proper = fit.prior_tau.proper
        prior = np.exp(fit.prior_tau.log_density(x, posterior.std_errors)) if proper else None
    else:
        prior = np.exp(fit.prior_mu.log_density(x)) if fit.prior_mu.proper else None
    return pd.DataFrame({"x": x, "prior": prior, "posterior": posterior.density(x, of)})


def probability_beyond(
    fit: BayesFit, thresholds: Sequence[float], *, of: str = "mu", direction: str = "below"
) -> pd.DataFrame:
    """Posterior probability that an effect lies beyond each threshold.

    Parameters
    ----------
    fit : BayesFit
        Exact.
    thresholds : sequence of float
    of : {"mu", "tau", "prediction"}
    direction : {"below", "above"}

    Returns
    -------
    DataFrame
        Columns threshold, probability.

    Raises
    ------
    FitError
        If the fit was sampled or an option is unknown.

    Examples
    --------
    >>> from evidence.effects.table import table_of
    >>> from evidence.models.bayesian.exact import pool_bayes
    >>> from evidence.models.bayesian.priors import half_normal
    >>> fit = pool_bayes(table_of([-0.9, -1.4], [0.5, 0.3]), tau=half_normal(0.5))
    >>> probability_beyond(fit, [-1.0, 0.0])["probability"].round(3).tolist()
    [0.743, 0.993]
    """
    posterior = exact_of(fit)
    if direction not in ("below", "above"):
        problem = Problem("direction", f"unknown: {direction!r}", '"below" or "above"')
        raise FitError("no such probability", [problem])
    x = np.asarray(thresholds, dtype=np.float64)
    if x.ndim != 1 or x.size == 0 or not np.isfinite(x).all():
        problem = Problem("thresholds", repr(thresholds), "finite numbers")
        raise FitError("no such probability", [problem])
    below = posterior.cdf(x, of)
    return pd.DataFrame(
        {"threshold": x, "probability": below if direction == "below" else 1.0 - below}
    )


def exact_of(fit: BayesFit) -> ExactPosterior:
    """Posterior of an exact fit; a sampled one raises FitError."""
    if not isinstance(fit.posterior, ExactPosterior):
        problem = Problem("fit", "was sampled", "fit it with pool_bayes")
        raise FitError("this needs an exact posterior", [problem])
    return fit.posterior
