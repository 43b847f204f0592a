"""NormalSimulation: ranks under the exact posterior of the normal-normal model."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from evidence.models.bayesian import mixtures
from evidence.models.bayesian.exact import solve
from evidence.models.bayesian.fit import require_proper_posterior
from evidence.models.bayesian.priors import MuPrior, TauPrior, flat
from evidence.models.calibration.kernels_likelihood import likelihood_cdf, log_likelihood
from evidence.models.calibration.truths import Truth, draw_truth, require_simulation

Array = NDArray[np.float64]
QUANTITIES = ("mu", "tau", "prediction", "theta_1", "log_likelihood")


@dataclass(frozen=True, slots=True, kw_only=True)
class NormalSimulation:
    """Simulate from the model of ``pool_bayes`` and rank the truths under its exact posterior.

    The rank is the posterior distribution function at the truth, without Monte Carlo error.

    Attributes
    ----------
    k : int
    tau, mu : TauPrior, MuPrior
        What the truths are drawn from; under a flat ``mu`` the truth is 0, on which no rank
        depends.
    variances : (float, float)
        Ends of the uniform distribution of the sampling variances.
    fitted_tau, fitted_mu : TauPrior, MuPrior, optional
        What the fit assumes instead: a deliberate fault.
    std_error_factor : float
        What the standard errors are multiplied by before the fit: a deliberate fault if not 1.

    Raises
    ------
    FitError
        If nothing can be drawn from a prior, or the posterior would be improper.

    Examples
    --------
    >>> from evidence.models.bayesian.priors import half_normal, normal
    >>> model = NormalSimulation(k=3, tau=half_normal(0.5), mu=normal(0, 1))
    >>> model(np.random.default_rng(1), 2)["mu"].shape
    (2,)
    """

    k: int
    tau: TauPrior
    mu: MuPrior = field(default_factory=flat)
    variances: tuple[float, float] = (0.02, 0.4)
    fitted_tau: TauPrior | None = None
    fitted_mu: MuPrior | None = None
    std_error_factor: float = 1.0

    def __post_init__(self) -> None:
        require_simulation(self.k, self.variances, self.tau, factor=self.std_error_factor)
        require_proper_posterior(self.k, self.fitted_tau or self.tau, self.fitted_mu or self.mu)

    @property
    def name(self) -> str:
        """Model, number of studies and priors."""
        return f"pool_bayes, k = {self.k}, tau {self.tau}, mu {self.mu}"

    def __call__(self, random: np.random.Generator, fits: int) -> dict[str, Array]:
        """Ranks of ``fits`` simulated meta-analyses."""
        found = np.array([self._one(random) for _ in range(fits)])
        return dict(zip(QUANTITIES, found.T, strict=True))

    def _one(self, random: np.random.Generator) -> tuple[float, ...]:
        truth = draw_truth(random, self.k, self.tau, self.mu, self.variances)
        return self.ranks(truth)

    def ranks(self, truth: Truth) -> tuple[float, ...]:
        """Posterior probabilities of less than the truth, in the order of ``QUANTITIES``."""
        y, s = truth.y, truth.s * self.std_error_factor
        posterior, _ = solve(y, s, self.fitted_tau or self.tau, self.fitted_mu or self.mu)
        named = {name: float(posterior.cdf(getattr(truth, name), name)) for name in QUANTITIES[:3]}
        p, m, sd = (part[0] for part in posterior.components("studies"))
        theta = float(mixtures.cdf(p, m, sd, truth.theta[:1])[0])
        at = float(log_likelihood(np.array(truth.mu), np.array(truth.tau), y, s))
        p, m, sd = posterior.components("mu")
        seen = likelihood_cdf(p, posterior.grid.tau, m, sd, y, s, at)
        ranks = np.array([*named.values(), theta, seen])
        return tuple(np.clip(ranks, 0.0, 1.0).tolist())  # sums of probabilities round past 1
