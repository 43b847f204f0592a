"""ExactPosterior: what is known of mu, tau and a new study, as quadrature nodes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from evidence.errors import FitError, Problem, did_you_mean
from evidence.models.bayesian import mixtures
from evidence.models.bayesian.kernels import TauGrid, tau_cdf, tau_density, tau_quantile
from evidence.models.bayesian.summaries import tau_mode

Array = NDArray[np.float64]
QUANTITIES = ("mu", "tau", "prediction")


def require_quantity(of: str, known: tuple[str, ...] = QUANTITIES) -> None:
    """Refuse a quantity that the posterior does not hold."""
    if of not in known:
        problem = Problem("of", f"unknown: {of!r}", did_you_mean(str(of), known))
        raise FitError("no such quantity", [problem])


@dataclass(frozen=True, slots=True, eq=False)
class ExactPosterior:
    """Posterior by quadrature: tau on nodes, and given tau everything is normal.

    Attributes
    ----------
    grid : TauGrid
        Nodes and probabilities of tau.
    mu_mean, mu_sd : ndarray, shape (n,)
        Of mu given each node.
    estimates, std_errors : ndarray, shape (k,)
    tau_moments, mu_moments : int
        Highest power whose posterior mean exists (0, 1 or 2); of a new study it is that of tau.
    unbounded : bool
        Whether the density of tau grows without bound at 0, as its prior's does.
    """

    grid: TauGrid
    mu_mean: Array
    mu_sd: Array
    estimates: Array
    std_errors: Array
    tau_moments: int
    mu_moments: int
    unbounded: bool = False

    def components(self, of: str) -> tuple[Array, Array, Array]:
        """Probabilities, means and standard deviations of the normals that make up ``of``.

        ``mu`` and ``prediction`` have shape (n,), ``studies`` (k, n).
        """
        require_quantity(of, ("mu", "prediction", "studies"))
        tau, p = self.grid.tau, self.grid.weights
        if of == "mu":
            return p, self.mu_mean, self.mu_sd
        if of == "prediction":
            return p, self.mu_mean, np.hypot(self.mu_sd, tau)
        y, s = self.estimates[:, None], self.std_errors[:, None]
        pull = s**2 / (s**2 + tau**2)
        mean = y + pull * (self.mu_mean - y)
        sd = np.hypot(np.sqrt(pull) * tau, pull * self.mu_sd)
        return np.broadcast_to(p, mean.shape), mean, sd

    def density(self, x: ArrayLike, of: str = "mu") -> Array:
        """Density of ``mu``, ``tau`` or ``prediction`` at the points x."""
        require_quantity(of)
        at = np.asarray(x, dtype=np.float64)
        if of == "tau":
            return tau_density(self.grid, at)
        return mixtures.density(*self.components(of), at.ravel()).reshape(at.shape)

    def cdf(self, x: ArrayLike, of: str = "mu") -> Array:
        """Probability that ``mu``, ``tau`` or ``prediction`` is at most x."""
        require_quantity(of)
        at = np.asarray(x, dtype=np.float64)
        if of == "tau":
            return tau_cdf(self.grid, at)
        return mixtures.cdf(*self.components(of), at.ravel()).reshape(at.shape)

    def quantile(self, probability: ArrayLike, of: str = "mu") -> Array:
        """Quantiles of ``mu``, ``tau`` or ``prediction``.

        Raises
        ------
        FitError
            If a probability is not inside 0 to 1.
        """
        require_quantity(of)
        q = np.asarray(probability, dtype=np.float64)
        if not np.all((q > 0) & (q < 1)):
            problem = Problem("probability", f"{probability!r}", "numbers between 0 and 1")
            raise FitError("no such quantile", [problem])
        if of == "tau":
            return tau_quantile(self.grid, q.ravel()).reshape(q.shape)
        return mixtures.quantile(*self.components(of), q.ravel()).reshape(q.shape)

    def mode(self, of: str = "mu") -> float:
        """Highest point of the density; of tau it may be 0."""
        require_quantity(of)
        if of != "tau":
            return float(mixtures.mode(*self.components(of)))
        if self.unbounded:
            return 0.0
        return tau_mode(self.grid)

    def probability_below(self, threshold: float, of: str = "mu") -> float:
        """Probability that ``mu``, ``tau`` or ``prediction`` is below the threshold."""
        return float(self.cdf(threshold, of))
