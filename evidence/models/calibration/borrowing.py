"""BorrowingSimulation: ranks of a target population's mean that was helped by another."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evidence.errors import FitError, Problem, did_you_mean
from evidence.models.bayesian import mixtures
from evidence.models.bayesian.priors import MuPrior, TauPrior
from evidence.models.borrowing import engines
from evidence.models.calibration.truths import require_simulation

Array = NDArray[np.float64]
METHODS = ("hierarchical", "commensurate", "robust_map")


@dataclass(frozen=True, slots=True, kw_only=True)
class BorrowingSimulation:
    """Simulate a target and a source from the model of ``borrow``, and rank the target's mean.

    The power prior is left out: it is no model from which data could be drawn.

    Attributes
    ----------
    method : {"hierarchical", "commensurate", "robust_map"}
    k : (int, int)
        Studies of the target and of the source.
    tau, mu : TauPrior, MuPrior
        As in ``borrow``, both proper.
    between : TauPrior
        SD between the population means; of ``robust_map`` it is the source's own tau.
    weight : float
        Discount of ``robust_map``.
    vague : MuPrior, optional
        Of ``robust_map``.
    variances : (float, float)
        Ends of the uniform distribution of the sampling variances.
    fitted_between : TauPrior, optional
        What the fit assumes instead: a deliberate fault.

    Raises
    ------
    FitError
        If nothing can be drawn from a prior, or the method is unknown.

    Examples
    --------
    >>> from evidence.models.bayesian.priors import half_normal, normal
    >>> model = BorrowingSimulation(
    ...     method="hierarchical", k=(2, 4), tau=half_normal(0.3), mu=normal(0, 1),
    ...     between=half_normal(0.3),
    ... )
    >>> bool(0 < model(np.random.default_rng(1), 1)["target_mean"][0] < 1)
    True
    """

    method: str
    k: tuple[int, int]
    tau: TauPrior
    mu: MuPrior
    between: TauPrior | None = None
    weight: float | None = None
    vague: MuPrior | None = None
    variances: tuple[float, float] = (0.02, 0.4)
    fitted_between: TauPrior | None = None

    def __post_init__(self) -> None:
        problems = []
        if self.method not in METHODS:
            right = did_you_mean(str(self.method), METHODS)
            problems.append(Problem("method", f"unknown: {self.method!r}", right))
        if not self.mu.proper:
            problems.append(Problem("mu", f"nothing can be drawn from {self.mu}", "normal(0, 1)"))
        mapped = self.method == "robust_map"
        if mapped and (self.weight is None or self.vague is None):
            problems.append(Problem("weight, vague", "left out", "0.8 and normal(0, 2)"))
        if not mapped and self.between is None:
            problems.append(Problem("between", "left out", "half_normal(0.3)"))
        if problems:
            raise FitError("this cannot be simulated", problems)
        for size in self.k:
            require_simulation(size, self.variances, self.tau)

    @property
    def name(self) -> str:
        """Method, numbers of studies and priors."""
        own, other = self.k
        return f"borrow, {self.method}, k = {own} and {other}, tau {self.tau}"

    def __call__(self, random: np.random.Generator, fits: int) -> dict[str, Array]:
        """Ranks of ``fits`` target means."""
        return {"target_mean": np.array([self._one(random) for _ in range(fits)])}

    def _one(self, random: np.random.Generator) -> float:
        tau, source_tau = (float(self.tau.quantile(random.uniform())) for _ in range(2))
        centre = float(random.normal(self.mu.mean, self.mu.sd))
        z = random.normal(size=2)
        share = random.uniform()
        if self.weight is not None and self.vague is not None:
            informed = share < self.weight
            source = centre
            target = centre + source_tau * z[0]
            target = target if informed else self.vague.mean + self.vague.sd * z[0]
        elif self.between is not None:
            sd, source_tau = float(self.between.quantile(share)), tau
            target = centre + sd * z[0]
            source = centre + sd * z[1] if self.method == "hierarchical" else centre
        means = (target, source)
        seen = []
        for size, mean, spread in zip(self.k, means, (tau, source_tau), strict=True):
            s = np.sqrt(random.uniform(*self.variances, size))
            seen.append((random.normal(random.normal(mean, spread, size), s), s))
        parts = self._posterior(seen[0], seen[1])
        below = float(mixtures.cdf(*parts, np.array([target]))[0])
        return min(max(below, 0.0), 1.0)

    def _posterior(self, target: engines.Data, source: engines.Data) -> engines.Parts:
        """Mixture of normals that ``borrow`` has for the target's mean."""
        between = self.fitted_between or self.between
        if self.weight is not None and self.vague is not None:
            made = engines.robust_map(target, source, self.tau, self.mu, self.vague, self.weight)
        elif between is not None and self.method == "hierarchical":
            made = engines.exchangeable([target, source], self.tau, self.mu, between)
        elif between is not None:
            made = engines.commensurate(target, source, self.tau, self.mu, between)
        else:
            raise FitError("no way to borrow", [Problem("between", "left out", "a prior")])
        return made.stated()
