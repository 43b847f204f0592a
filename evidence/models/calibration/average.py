"""AverageSimulation: ranks under an average over models of effect, heterogeneity and bias."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from evidence.effects.table import table_of
from evidence.errors import FitError, Problem
from evidence.models.bayesian.average import ModelAverage, average_models
from evidence.models.bayesian.bias_models import BiasModel, ensemble
from evidence.models.bayesian.posterior_average import Part
from evidence.models.bayesian.priors import MuPrior, TauPrior
from evidence.models.calibration.truths import require_simulation

Array = NDArray[np.float64]
QUANTITIES = ("mu", "tau", "effect", "heterogeneity", "bias")


@dataclass(frozen=True, slots=True, kw_only=True)
class AverageSimulation:
    """Simulate from the models of ``average_models``, and rank the truths under their average.

    A model is drawn by its prior probability, its parameters from their priors, and studies from
    the model: of a weight function each study is drawn anew until it is published. Where a
    parameter is fixed in some models the posterior has a step, within which the rank is drawn;
    whether there is an effect, heterogeneity or bias is ranked in the same way.

    Attributes
    ----------
    k : int
    effect, heterogeneity : MuPrior, TauPrior
    bias : {"psma", "pp", "2w"}, tuple of BiasModel, or None
        As in ``average_models``.
    variances : (float, float)
        Ends of the uniform distribution of the sampling variances.
    fitted_bias : {"psma", "pp", "2w"}, tuple of BiasModel, or None
        What the fit assumes instead of ``bias``: a deliberate fault unless left at "as drawn".

    Raises
    ------
    FitError
        If nothing can be drawn from a prior, or the bias models are unknown.

    Examples
    --------
    >>> from evidence.models.bayesian.priors import half_normal, normal
    >>> model = AverageSimulation(k=4, effect=normal(0, 1), heterogeneity=half_normal(0.5))
    >>> bool(0 < model(np.random.default_rng(1), 1)["mu"][0] < 1)
    True
    """

    k: int
    effect: MuPrior
    heterogeneity: TauPrior
    bias: str | tuple[BiasModel, ...] | None = None
    variances: tuple[float, float] = (0.02, 0.4)
    fitted_bias: str | tuple[BiasModel, ...] | None = "as drawn"

    def __post_init__(self) -> None:
        require_simulation(self.k, self.variances, self.heterogeneity)
        if not self.effect.proper:
            what = f"nothing can be drawn from {self.effect}"
            raise FitError("this cannot be simulated", [Problem("effect", what, "normal(0, 1)")])
        ensemble(self.bias)
        ensemble(self._fitted())

    @property
    def name(self) -> str:
        """Model, number of studies and priors."""
        named = self.bias if isinstance(self.bias, str) else f"{len(ensemble(self.bias))}"
        bias = "no bias model" if self.bias is None else f"bias models {named}"
        return f"average_models, k = {self.k}, tau {self.heterogeneity}, {bias}"

    def __call__(self, random: np.random.Generator, fits: int) -> dict[str, Array]:
        """Ranks of ``fits`` simulated meta-analyses."""
        found = np.array([self._one(random) for _ in range(fits)])
        return dict(zip(QUANTITIES, np.clip(found, 0.0, 1.0).T, strict=True))

    def _fitted(self) -> str | tuple[BiasModel, ...] | None:
        return self.bias if self.fitted_bias == "as drawn" else self.fitted_bias

    def _one(self, random: np.random.Generator) -> tuple[float, ...]:
        biases = ensemble(self.bias)
        weights = np.array([model.weight for model in biases])
        held = random.uniform(size=2) < 0.5
        model = biases[int(random.choice(len(biases), p=weights / weights.sum()))]
        s = np.sqrt(random.uniform(*self.variances, self.k))
        mu = float(random.normal(self.effect.mean, self.effect.sd)) if held[0] else 0.0
        tau = float(self.heterogeneity.quantile(random.uniform())) if held[1] else 0.0
        y = published(random, model, mu, tau, s)
        fit = average_models(
            table_of(y, s), effect=self.effect, heterogeneity=self.heterogeneity,
            bias=self._fitted(),
        )  # fmt: skip
        share = random.uniform(size=5)
        p = fit.models["posterior_probability"].to_numpy()
        flags = {"effect": held[0], "heterogeneity": held[1], "bias": model.kind != "none"}
        return (
            _rank(fit, p, mu, lambda part: part.mu()[1], "mu", share[0]),
            _rank(fit, p, tau, lambda part: part.positive("tau")[1], "tau", share[1]),
            *(
                _rank_of_flag(fit, name, truth, u)
                for (name, truth), u in zip(flags.items(), share[2:], strict=True)
            ),
        )


def published(
    random: np.random.Generator, model: BiasModel, mu: float, tau: float, s: Array
) -> Array:
    """Effects of studies with standard errors ``s: (k,)`` under a model of bias.

    Parameters
    ----------
    random : numpy.random.Generator
    model : BiasModel
    mu, tau : float
    s : ndarray, shape (k,)

    Returns
    -------
    ndarray, shape (k,)
    """
    shift = np.zeros_like(s)
    if model.prior is not None:
        b = float(np.ravel(model.prior.quantile(random.uniform()))[0])
        shift = b * (s if model.kind == "pet" else s**2)
    if model.kind != "weights":
        return np.asarray(random.normal(mu + shift, np.hypot(s, tau)))
    falling = np.sort(random.uniform(size=model.levels - 1))[::-1]
    return selected(random, mu, tau, s, model.cuts, np.concatenate([[1.0], falling])[model.of])


def selected(
    random: np.random.Generator, mu: float, tau: float, s: Array, cuts: Array, weights: Array
) -> Array:
    """Effects that were published with the probabilities of their one-sided p-values.

    Parameters
    ----------
    random : numpy.random.Generator
    mu, tau : float
    s : ndarray, shape (k,)
    cuts, weights : ndarray, shape (J - 1,), (J,)
        Rising p-values, and the probability of publication in each interval; the largest is 1.

    Returns
    -------
    ndarray, shape (k,)
    """
    y, open_ = np.empty_like(s), np.arange(s.size)
    while open_.size:
        tried = random.normal(mu, np.hypot(s[open_], tau))
        chance = weights[np.searchsorted(cuts, ndtr(-tried / s[open_]))]
        there = random.uniform(size=open_.size) < chance
        y[open_[there]] = tried[there]
        open_ = open_[~there]
    return y


def _rank(
    fit: ModelAverage,
    p: Array,
    truth: float,
    cdf: Callable[[Part], Callable[[Array], Array]],
    axis: str,
    share: float,
) -> float:
    """Posterior probability of less than the truth; a share of that of the truth itself."""
    below = at = 0.0
    for weight, part in zip(p, fit.parts, strict=True):
        found = weight * float(cdf(part)(np.array([truth]))[0])
        fixed = axis not in part.axes and truth == 0.0
        at += found if fixed else 0.0
        below += 0.0 if fixed else found
    return below + share * at


def _rank_of_flag(fit: ModelAverage, name: str, truth: bool, share: float) -> float:
    """Rank of whether there is such a component, 0 or 1, within its probability."""
    if name not in fit.components.index:
        return share
    held = float(fit.components["posterior_probability"].to_dict()[name])
    return 1.0 - held + share * held if truth else share * (1.0 - held)
