"""What the simulations share: truths drawn from priors, data of normal models, ranks of draws."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evidence.errors import FitError, Problem
from evidence.models.bayesian.priors import MuPrior, TauPrior

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Truth:
    """One simulated meta-analysis: what was true, and what was seen.

    ``prediction`` is the true effect of a study that was not seen; ``theta, y, s: (k,)``.
    """

    mu: float
    tau: float
    prediction: float
    theta: Array
    y: Array
    s: Array


def draw_truth(
    random: np.random.Generator,
    k: int,
    tau: TauPrior,
    mu: MuPrior,
    variances: tuple[float, float],
) -> Truth:
    """Draw parameters from the priors and data from the parameters.

    Under a flat prior mu is 0: no rank depends on where it is, because the posterior moves with
    the data.
    """
    s = np.sqrt(random.uniform(*variances, k))
    t = float(np.ravel(tau.quantile([random.uniform()], s))[0])
    m = float(random.normal(mu.mean, mu.sd)) if mu.proper else 0.0
    theta = random.normal(m, t, k)
    return Truth(m, t, float(random.normal(m, t)), theta, random.normal(theta, s), s)


def require_simulation(
    k: int, variances: tuple[float, float], tau: TauPrior, least: int = 1, factor: float = 1.0
) -> None:
    """Refuse what cannot be simulated from.

    Raises
    ------
    FitError
    """
    problems = []
    if isinstance(k, bool) or not isinstance(k, int | np.integer) or k < least:
        problems.append(Problem("k", repr(k), f"a whole number of at least {least}"))
    if len(variances) != 2 or not 0 < variances[0] <= variances[1] < np.inf:
        right = "two finite numbers above 0, the smaller first"
        problems.append(Problem("variances", repr(variances), right))
    if not tau.proper or tau.family.quantile is None:
        problems.append(Problem("tau", f"nothing can be drawn from {tau}", "a proper prior"))
    if not 0 < factor < np.inf:
        problems.append(Problem("std_error_factor", repr(factor), "a number above 0"))
    if problems:
        raise FitError("this cannot be simulated", problems)


def rank_of(truth: float, draws: Array, random: np.random.Generator) -> float:
    """Rank of a truth among draws, brought to 0 to 1; where it falls within its step is drawn."""
    below = float((draws < truth).sum())
    return (below + float(random.uniform())) / (draws.size + 1)
