"""RegressionSimulation: ranks under the exact posterior of the Bayesian meta-regression."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from evidence.effects.table import table_of
from evidence.errors import FitError, Problem
from evidence.models.bayesian import mixtures
from evidence.models.bayesian.coefficients import bayes_regression
from evidence.models.bayesian.priors import MuPrior, TauPrior
from evidence.models.calibration.truths import require_simulation

Array = NDArray[np.float64]
QUANTITIES = ("intercept", "slope", "tau", "prediction", "theta_1")


@dataclass(frozen=True, slots=True, kw_only=True)
class RegressionSimulation:
    """Simulate from the model of ``bayes_regression`` with one moderator, and rank the truths.

    The moderator is standard normal over the studies, and 1 in the study that is predicted.

    Attributes
    ----------
    k : int
        At least 2.
    tau : TauPrior
    intercept, slope : MuPrior
        Proper, as are the draws from them.
    variances : (float, float)
        Ends of the uniform distribution of the sampling variances.
    fitted_tau : TauPrior, optional
        What the fit assumes instead: a deliberate fault.
    std_error_factor : float
        What the standard errors are multiplied by before the fit: a deliberate fault if not 1.

    Raises
    ------
    FitError
        If nothing can be drawn from a prior.

    Examples
    --------
    >>> from evidence.models.bayesian.priors import half_normal, normal
    >>> prior = normal(0, 1)
    >>> model = RegressionSimulation(k=6, tau=half_normal(0.5), intercept=prior, slope=prior)
    >>> sorted(model(np.random.default_rng(1), 1))
    ['intercept', 'prediction', 'slope', 'tau', 'theta_1']
    """

    k: int
    tau: TauPrior
    intercept: MuPrior
    slope: MuPrior
    variances: tuple[float, float] = (0.02, 0.4)
    fitted_tau: TauPrior | None = None
    std_error_factor: float = 1.0

    def __post_init__(self) -> None:
        require_simulation(self.k, self.variances, self.tau, 2, self.std_error_factor)
        problems = [
            Problem(name, f"nothing can be drawn from {prior}", "normal(mean, sd)")
            for name, prior in (("intercept", self.intercept), ("slope", self.slope))
            if not prior.proper
        ]
        if problems:
            raise FitError("this cannot be simulated", problems)

    @property
    def name(self) -> str:
        """Model, number of studies and priors."""
        return f"bayes_regression, k = {self.k}, tau {self.tau}, slope {self.slope}"

    def __call__(self, random: np.random.Generator, fits: int) -> dict[str, Array]:
        """Ranks of ``fits`` simulated meta-regressions."""
        found = np.array([self._one(random) for _ in range(fits)])
        return dict(zip(QUANTITIES, np.clip(found, 0.0, 1.0).T, strict=True))

    def _one(self, random: np.random.Generator) -> tuple[float, ...]:
        s, x = np.sqrt(random.uniform(*self.variances, self.k)), random.normal(size=self.k)
        tau = float(np.ravel(self.tau.quantile([random.uniform()], s))[0])
        a, b = (float(random.normal(p.mean, p.sd)) for p in (self.intercept, self.slope))
        theta = random.normal(a + b * x, tau)
        y, new = random.normal(theta, s), float(random.normal(a + b, tau))
        fit = bayes_regression(
            table_of(y, s * self.std_error_factor),
            pd.DataFrame({"slope": x}),
            tau=self.fitted_tau or self.tau,
            coefficients={"intercept": self.intercept, "slope": self.slope},
        )
        p, m, sd = fit.components(np.array([[1.0, 1.0], [1.0, x[0]]]))
        spread, v = fit.grid.tau, (s[0] * self.std_error_factor) ** 2
        pull = v / (v + spread**2)
        means = np.stack([m[0], y[0] + pull * (m[1] - y[0])])
        widths = np.stack([np.hypot(sd[0], spread), np.hypot(np.sqrt(pull) * spread, pull * sd[1])])
        seen = mixtures.cdf(p, means, widths, np.array([[new], [theta[0]]]))[:, 0]
        named = (("intercept", a), ("slope", b), ("tau", tau))
        return (*(fit.probability_below(value, name) for name, value in named), *seen.tolist())
