"""NutsSimulation: ranks under the posterior that the sampler draws."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evidence.effects.table import table_of
from evidence.errors import FitError
from evidence.models.bayesian.fit import require_proper_posterior
from evidence.models.bayesian.priors import MuPrior, TauPrior, flat
from evidence.models.bayesian.sampled import sample_bayes
from evidence.models.calibration.kernels_likelihood import log_likelihood
from evidence.models.calibration.truths import draw_truth, rank_of, require_simulation

Array = NDArray[np.float64]
QUANTITIES = ("mu", "tau", "prediction", "theta_1", "log_likelihood")


@dataclass(frozen=True, slots=True, kw_only=True)
class NutsSimulation:
    """Simulate from the model of ``sample_bayes`` and rank the truths among its draws.

    A fit that the sampler's own checks refuse is counted as failed.

    Attributes
    ----------
    k, tau, mu, variances, fitted_tau, std_error_factor
        As in ``NormalSimulation``.
    chains, draws, tune, cores : int
        As in ``sample_bayes``; the ranks do not depend on the cores.
    every : int
        Of each chain's draws every so many-th is ranked, so that they hardly depend on each other.

    Raises
    ------
    FitError
        If nothing can be drawn from a prior, or the posterior would be improper.

    Examples
    --------
    >>> from evidence.models.bayesian.priors import half_normal, normal
    >>> NutsSimulation(k=5, tau=half_normal(0.5), mu=normal(0, 1)).name
    'sample_bayes, k = 5, tau half-normal(0.5), mu normal(0, 1)'
    """

    k: int
    tau: TauPrior
    mu: MuPrior = field(default_factory=flat)
    variances: tuple[float, float] = (0.02, 0.4)
    fitted_tau: TauPrior | None = None
    std_error_factor: float = 1.0
    chains: int = 4
    draws: int = 1000
    tune: int = 1000
    every: int = 10
    cores: int = 1

    def __post_init__(self) -> None:
        require_simulation(self.k, self.variances, self.tau, factor=self.std_error_factor)
        require_proper_posterior(self.k, self.fitted_tau or self.tau, self.mu)

    @property
    def name(self) -> str:
        """Model, number of studies and priors."""
        return f"sample_bayes, k = {self.k}, tau {self.tau}, mu {self.mu}"

    def __call__(self, random: np.random.Generator, fits: int) -> dict[str, Array]:
        """Ranks of the simulated meta-analyses that the sampler has an answer for."""
        ranks = [found for found in (self._one(random) for _ in range(fits)) if found is not None]
        return dict(zip(QUANTITIES, np.array(ranks).reshape(-1, len(QUANTITIES)).T, strict=True))

    def _one(self, random: np.random.Generator) -> tuple[float, ...] | None:
        truth = draw_truth(random, self.k, self.tau, self.mu, self.variances)
        y, s = truth.y, truth.s * self.std_error_factor
        seed = int(random.integers(2**31))
        steps = random.spawn(1)[0]
        try:
            fit = sample_bayes(
                table_of(y, s), tau=self.fitted_tau or self.tau, mu=self.mu, seed=seed,
                chains=self.chains, draws=self.draws, tune=self.tune, cores=self.cores,
            )  # fmt: skip
        except FitError:
            # Counted by calibrate: what the chains' checks refuse is no answer.
            return None
        posterior: Any = fit.posterior
        held = posterior["posterior"]
        kept = {
            name: held[name].to_numpy()[:, :: self.every].reshape(-1)
            for name in ("mu", "tau", "prediction")
        }
        first = held["theta"].to_numpy()[:, :: self.every, 0].reshape(-1)
        seen = log_likelihood(kept["mu"], kept["tau"], y, s)
        at = float(log_likelihood(np.array(truth.mu), np.array(truth.tau), y, s))
        ranks = [rank_of(getattr(truth, name), kept[name], steps) for name in kept]
        return (*ranks, rank_of(truth.theta[0], first, steps), rank_of(at, seen, steps))
