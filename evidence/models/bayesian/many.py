"""pool_bayes_many: exact posteriors of many data sets, or under many priors, in one call."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from evidence.catalog.display import html_of_record, text_of_record
from evidence.errors import FitError, Problem, did_you_mean
from evidence.models.bayesian import mixtures
from evidence.models.bayesian.fit import moments_that_exist, require_proper_posterior
from evidence.models.bayesian.kernels import TauGrid, conditional, tau_grid
from evidence.models.bayesian.kernels_many import tau_quantiles
from evidence.models.bayesian.priors import MuPrior, TauPrior, flat

Array = NDArray[np.float64]
QUANTITIES = ("mu", "tau", "prediction")
FIGURES = ("mean", "median", "sd", "ci_low", "ci_high")
# Nodes of quadrature held at once: beyond it the fits are done in parts.
MOST_NODES = 2_000_000


@dataclass(frozen=True, slots=True, eq=False)
class BayesMany:
    """Answers of ``pool_bayes_many``; arrays have the leading shape (...) of the fits.

    Attributes
    ----------
    k : int
    level : float
    thresholds : tuple of float
    mu, tau, prediction : dict of str to ndarray
        mean, median, sd, ci_low, ci_high; mean or sd is left out where it does not exist.
    probability_below : dict of str to ndarray, shape (..., thresholds)
        For ``mu`` and ``prediction``.
    log_marginal_likelihood : ndarray or None
        None where a prior is improper.
    """

    k: int
    level: float
    thresholds: tuple[float, ...]
    mu: dict[str, Array]
    tau: dict[str, Array]
    prediction: dict[str, Array]
    probability_below: dict[str, Array]
    log_marginal_likelihood: Array | None

    _repr_html_ = html_of_record

    def __str__(self) -> str:
        return text_of_record(self, "Bayesian meta-analyses of many tables")

    def frame(self, of: str = "mu") -> pd.DataFrame:
        """One row a fit, in the order of the leading axes."""
        if of not in QUANTITIES:
            right = did_you_mean(str(of), QUANTITIES)
            raise FitError("no such quantity", [Problem("of", f"unknown: {of!r}", right)])
        found = {"mu": self.mu, "tau": self.tau, "prediction": self.prediction}[of]
        frame = pd.DataFrame({name: value.ravel() for name, value in found.items()})
        if of in self.probability_below:
            below = self.probability_below[of].reshape(len(frame), -1)
            for i, threshold in enumerate(self.thresholds):
                frame[f"below_{threshold:g}"] = below[:, i]
        return frame


def pool_bayes_many(
    estimates: ArrayLike,
    std_errors: ArrayLike,
    *,
    tau: TauPrior | Sequence[TauPrior],
    mu: MuPrior | None = None,
    level: float = 0.95,
    thresholds: Sequence[float] = (),
) -> BayesMany:
    """Fit ``pool_bayes`` to every data set along the last axis, or under every prior.

    Parameters
    ----------
    estimates, std_errors : array_like, shape (..., k)
    tau : TauPrior, or sequence of TauPrior
        A sequence is matched with the leading axis: one prior a data set, or, where the data
        have one axis, all priors for the same data.
    mu : MuPrior, optional
        ``normal(mean, sd)``; flat if left out.
    level : float
        Of the central intervals.
    thresholds : sequence of float
        Values of which the probability to be below is wanted.

    Raises
    ------
    FitError
        If a number is not usable, the shapes do not fit, or a posterior is improper.

    Examples
    --------
    >>> from evidence.models.bayesian.priors import half_normal
    >>> y, s = [-0.889, -1.442, 0.446], [0.571, 0.141, 0.730]
    >>> priors = [half_normal(scale) for scale in (0.1, 0.5, 1.0)]
    >>> pool_bayes_many(y, s, tau=priors, thresholds=[0.0]).frame()["below_0"].round(3).tolist()
    [1.0, 0.971, 0.914]
    """
    mu = flat() if mu is None else mu
    y, s, priors = _checked(estimates, std_errors, tau, mu, level, thresholds)
    shape, k = y.shape[:-1], y.shape[-1]
    y, s = y.reshape(-1, k), s.reshape(-1, k)
    right = min(require_proper_posterior(k, prior, mu) for prior in set(priors))
    moment = moments_that_exist(right)
    found: dict[str, Array] = {}
    groups: dict[tuple[str, float], list[int]] = {}
    for i, prior in enumerate(priors if len(priors) > 1 else priors * len(y)):
        groups.setdefault((prior.kind, prior.upper), []).append(i)
    for rows in groups.values():
        step = max(1, MOST_NODES // (400 * k))
        for start in range(0, len(rows), step):
            part = np.array(rows[start : start + step])
            mine = [priors[i] for i in part] if len(priors) > 1 else list(priors)
            figures = _solve(y[part], s[part], mine, mu, level, np.array(thresholds, float))
            for name, value in figures.items():
                held = found.setdefault(name, np.empty((len(y), *value.shape[1:])))
                held[part] = value
    exist = {"mu": 2 if mu.proper else moment, "tau": moment, "prediction": moment}
    named = {
        of: {
            name: found[f"{of} {name}"].reshape(shape)
            for name in FIGURES
            if {"mean": 1, "sd": 2}.get(name, 0) <= exist[of]
        }
        for of in QUANTITIES
    }
    proper = mu.proper and all(prior.proper for prior in priors)
    below = {of: found[f"{of} below"].reshape(*shape, -1) for of in ("mu", "prediction")}
    return BayesMany(
        k=k,
        level=level,
        thresholds=tuple(float(x) for x in thresholds),
        mu=named["mu"],
        tau=named["tau"],
        prediction=named["prediction"],
        probability_below=below,
        log_marginal_likelihood=found["evidence"].reshape(shape) if proper else None,
    )


def _solve(
    y: Array, s: Array, priors: list[TauPrior], mu: MuPrior, level: float, thresholds: Array
) -> dict[str, Array]:
    """Figures of data sets (rows, k) under priors of one family."""
    grid, (m, sd) = _grid(y, s, priors, mu)
    p, ends = grid.weights, np.array([0.5, (1 - level) / 2, (1 + level) / 2])
    names = ("median", "ci_low", "ci_high")
    found: dict[str, Array] = {"evidence": grid.log_integral}
    for of, width in (("mu", sd), ("prediction", np.hypot(sd, grid.tau))):
        found[f"{of} mean"], found[f"{of} sd"] = mixtures.moments(p, m, width)
        q = mixtures.quantile(p, m, width, np.broadcast_to(ends, (len(y), 3)))
        found |= {f"{of} {name}": q[:, i] for i, name in enumerate(names)}
        x = np.broadcast_to(thresholds, (len(y), thresholds.size))
        found[f"{of} below"] = mixtures.cdf(p, m, width, x)
    found["tau mean"] = (p * grid.tau).sum(axis=-1)
    found["tau sd"] = np.sqrt((p * (grid.tau - found["tau mean"][:, None]) ** 2).sum(axis=-1))
    q = tau_quantiles(grid, ends)
    return found | {f"tau {name}": q[:, i] for i, name in enumerate(names)}


def _grid(
    y: Array, s: Array, priors: list[TauPrior], mu: MuPrior
) -> tuple[TauGrid, tuple[Array, Array]]:
    first, k = priors[0], y.shape[-1]
    right = min(require_proper_posterior(k, prior, mu) for prior in set(priors))
    names = [name for name, _ in first.parameters]
    values = np.array([[dict(prior.parameters)[name] for name in names] for prior in priors])
    # The families' formulas hold for arrays (rows, 1) of parameters too.
    par: dict[str, Any] = {name: values[:, i : i + 1] for i, name in enumerate(names)}
    low, high = float(s.min()), max(float(s.max()), float(np.ptp(y, axis=-1).max()))
    if mu.proper:
        high = max(high, float(np.abs(y - mu.mean).max()))
    if first.proper and not first.family.from_data:
        ends = np.stack([prior.quantile([1e-6, 0.999]) for prior in set(priors)])
        low, high = min(low, float(ends.min())), max(high, float(ends.max()))
    width = np.maximum(s.max(axis=-1), np.ptp(y, axis=-1))[:, None]
    centre = y.mean(axis=-1)[:, None]

    def log_density(t: Array) -> Array:
        t = np.broadcast_to(t, (len(y), t.shape[-1]))
        with np.errstate(divide="ignore"):
            prior = first.family.log_density(t, par, s)
        return np.asarray(prior + conditional(t, y, s, mu.mean, mu.precision)[0])

    def watched(t: Array) -> tuple[Array, ...]:
        _, m, variance = conditional(t, y, s, mu.mean, mu.precision)
        return 2.0 + (m - centre) / width, variance / (variance + width**2)

    grid = tau_grid(
        log_density,
        low=low,
        high=high,
        left=first.family.order + 1.0,
        right=right,
        moment=float(moments_that_exist(right)),
        upper=first.upper,
        moments=watched,
    )
    _, m, variance = conditional(grid.tau, y, s, mu.mean, mu.precision)
    return grid, (m, np.sqrt(variance))


def _checked(
    estimates: ArrayLike,
    std_errors: ArrayLike,
    tau: TauPrior | Sequence[TauPrior],
    mu: object,
    level: float,
    thresholds: Sequence[float],
) -> tuple[Array, Array, tuple[TauPrior, ...]]:
    y = np.asarray(estimates, dtype=np.float64)
    s = np.asarray(std_errors, dtype=np.float64)
    problems = []
    priors = (tau,) if isinstance(tau, TauPrior) else tuple(tau)
    if not priors or not all(isinstance(prior, TauPrior) for prior in priors):
        right = "a prior such as half_normal(0.5), or a sequence of them"
        problems.append(Problem("tau", f"{tau!r} is no prior of tau", right))
    if not isinstance(mu, MuPrior):
        problems.append(Problem("mu", f"{mu!r} is not a prior of mu", "normal(0, 4) or flat()"))
    if not 0.0 < level < 1.0:
        problems.append(Problem("level", repr(level), "a fraction between 0 and 1, such as 0.95"))
    if not np.isfinite(np.asarray(thresholds, dtype=np.float64)).all():
        problems.append(Problem("thresholds", repr(thresholds), "finite numbers"))
    if y.ndim == 0 or y.shape != s.shape or y.size == 0:
        what = f"shapes {y.shape} and {s.shape}"
        problems.append(Problem("estimates, std_errors", what, "the same shape (..., k)"))
    elif not (np.isfinite(y).all() and np.isfinite(s).all() and (s > 0).all()):
        right = "finite estimates, and finite standard errors above 0"
        problems.append(Problem("estimates, std_errors", "a number is not usable", right))
    elif len(priors) > 1 and y.ndim > 1 and y.shape[:-1] != (len(priors),):
        what = f"{len(priors)} priors for data of shape {y.shape}"
        problems.append(Problem("tau", what, "one prior a data set, or one for all"))
    if problems:
        raise FitError("the Bayesian meta-analyses cannot be fitted as asked", problems)
    if len(priors) > 1 and y.ndim == 1:
        y = np.broadcast_to(y, (len(priors), y.size))
        s = np.broadcast_to(s, y.shape)
    return y, s, priors
