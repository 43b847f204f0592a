"""Plan: how the effects of a question are combined, declared beside the question."""

from __future__ import annotations

from dataclasses import dataclass

from evidence.models.bayesian.priors import MuPrior, TauPrior
from evidence.models.frequentist.options import CiMethod, Tau2Method


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Models and priors, fixed before the data are seen.

    Attributes
    ----------
    prior_mu : MuPrior
        Prior of the mean effect, on the analysis scale.
    prior_tau : TauPrior
        Prior of the standard deviation between trials, on the analysis scale.
    tau2 : str
        Estimator of the between-trial variance.
    ci : str
        Interval of the random-effects mean.
    level : float
        Level of all intervals.
    seed : int
        Seed of the sampler.
    draws, tune, chains : int
        Size of the sampled fit.
    """

    prior_mu: MuPrior
    prior_tau: TauPrior
    tau2: Tau2Method = "reml"
    ci: CiMethod = "hartung_knapp_floored"
    level: float = 0.95
    seed: int = 1
    draws: int = 4000
    tune: int = 2000
    chains: int = 4
