"""Plan: how the effects of a question are combined, declared beside the question."""

from __future__ import annotations

from dataclasses import dataclass

from evidence.errors import FitError, Problem
from evidence.models.bayesian.priors import MuPrior, TauPrior
from evidence.models.borrowing.engines import SpikeSlab
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
class Borrow:
    """What other questions of the analysis may add to this one, and why no more than that.

    Attributes
    ----------
    sources : tuple of str
        Ids of questions of the same analysis, in the same outcome, measure and unit.
    method : {"power", "hierarchical", "commensurate", "robust_map"}
        As in ``borrow``; where the question itself has no trial only ``robust_map`` has an answer.
    reason : str
        Why this method and this discount; the report prints it.
    discount : float, optional
        From 0 (nothing) to 1 (all), for ``power`` and ``robust_map``.
    between : TauPrior or SpikeSlab, optional
        For ``hierarchical`` and ``commensurate``.
    vague : MuPrior, optional
        For ``robust_map``.
    threshold : float
        Effect, on the analysis scale, that conclusions are drawn about.

    Raises
    ------
    FitError
        If no source or no reason is named.
    """

    sources: tuple[str, ...]
    method: str
    reason: str
    discount: float | None = None
    between: TauPrior | SpikeSlab | None = None
    vague: MuPrior | None = None
    threshold: float = 0.0

    def __post_init__(self) -> None:
        problems = []
        named = isinstance(self.sources, tuple) and self.sources
        if not named or not all(isinstance(name, str) for name in self.sources):
            right = 'ids of questions in a tuple: ("spine_bmd_women_placebo",)'
            problems.append(Problem("sources", f"{self.sources!r}", right))
        if not isinstance(self.reason, str) or not self.reason.strip():
            right = "say why this method, and why no more is borrowed"
            problems.append(Problem("reason", f"{self.reason!r}", right))
        if problems:
            raise FitError("what is borrowed has to be declared with its reason", problems)


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
    borrow : Borrow, optional
        What trials of other people would add, shown apart from the answer.
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
    borrow: Borrow | None = None
