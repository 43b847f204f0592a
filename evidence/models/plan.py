"""Plan: how the effects of a question are combined, declared beside the question."""

from __future__ import annotations

from dataclasses import dataclass

from evidence.models.bayesian.priors import MuPrior, TauPrior
from evidence.models.frequentist.options import CiMethod, Tau2Method


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What can be, on the analysis scale: reports that leave a figure open are held within it.

    Attributes
    ----------
    effect : (float, float)
        Estimates that one trial can show.
    reason : str
        Why these; the report prints it.
    sd : (float, float), optional
        SDs of the outcome; from half the smallest to twice the largest printed one where empty.
    control : (float, float), optional
        Changes of a control arm; without it treated arms alone are left out.
    """

    effect: tuple[float, float]
    reason: str
    sd: tuple[float, float] | None = None
    control: tuple[float, float] | None = None


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
    prior_log_sd : MuPrior, optional
        Prior of the logarithm of the outcome's SD, for reports that print no standard error; to be
        given where no report tells how variable the outcome is.
    limits : Limits, optional
        What one trial can show, for the range of possible answers.
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
    prior_log_sd: MuPrior | None = None
    limits: Limits | None = None
