"""Whether ranks are uniform: simultaneous band of their distribution, chi-squared, coverage.

Saeilynoja, Buerkner and Vehtari (2022, Statistics and Computing 32:32): the band is made of
pointwise binomial intervals whose probability is widened, by simulation, until all hold at once.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import stats

Array = NDArray[np.float64]
SIMULATED, SEED, MOST_POINTS = 10_000, 20220317, 100
# What `_least` found for the latest numbers of ranks: seconds of simulation each.
_HELD: dict[int, tuple[Array, Array]] = {}


def points(n: int) -> Array:
    """Places between 0 and 1 at which n ranks are compared with the uniform distribution."""
    count = min(n, MOST_POINTS)
    return np.asarray(np.arange(1, count) / count, dtype=np.float64)


def counts_at(u: Array, z: Array) -> NDArray[np.intp]:
    """How many of ``u: (n,)`` are at most each of ``z: (m,)``."""
    return np.searchsorted(np.sort(u), z, side="right")


def _least(n: int) -> tuple[Array, Array]:
    """Two-sided binomial P of each count (n + 1, m), and their minima in uniform samples, sorted.

    The minimum over the places of the P of what was counted there is what a band bounds.
    """
    if n in _HELD:
        return _HELD[n]
    z = points(n)
    counts = np.arange(n + 1)[:, None]
    below = stats.binom.cdf(counts, n, z)
    above = stats.binom.sf(counts - 1, n, z)
    p = np.minimum(1.0, 2.0 * np.minimum(below, above))
    random = np.random.default_rng(SEED)
    cells = random.multinomial(n, np.full(z.size + 1, 1.0 / (z.size + 1)), SIMULATED)
    seen = np.cumsum(cells[:, :-1], axis=1)
    found = p, np.sort(p[seen, np.arange(z.size)].min(axis=1))
    if len(_HELD) >= 32:
        _HELD.clear()
    return _HELD.setdefault(n, found)


def band(n: int, level: float) -> tuple[Array, Array, Array]:
    """Places z, and the fractions between which the ranks' distribution lies at all of them.

    Parameters
    ----------
    n : int
        Number of ranks, at least 2.
    level : float
        Probability that all of it lies inside, if the ranks are uniform.

    Returns
    -------
    z, low, high : ndarray, shape (m,)
    """
    p, least = _least(n)
    gamma = float(np.quantile(least, 1.0 - level, method="lower"))
    inside = p >= gamma
    low = inside.argmax(axis=0)
    high = n - inside[::-1].argmax(axis=0)
    return points(n), low / n, high / n


def simultaneous_p(u: Array) -> float:
    """P that uniform ranks depart as far at their worst place; at least 1 in 10,001."""
    p, least = _least(u.size)
    z = points(u.size)
    found = p[counts_at(u, z), np.arange(z.size)].min()
    below = np.searchsorted(least, found * (1 + 1e-9), side="right")
    return float((1 + below) / (1 + least.size))


def bins_for(n: int) -> int:
    """How many bins n ranks fill with at least about ten each, from 5 to 20."""
    return int(np.clip(n // 10, 5, 20))


def chi_squared(u: Array) -> tuple[float, int, float]:
    """Chi-squared test of equal counts in the bins: statistic, degrees of freedom, P."""
    bins = bins_for(u.size)
    seen = np.histogram(u, bins, (0.0, 1.0))[0]
    expected = u.size / bins
    statistic = float(((seen - expected) ** 2).sum() / expected)
    return statistic, bins - 1, float(stats.chi2.sf(statistic, bins - 1))


def covered(u: Array, level: float) -> float:
    """Share of fits whose central interval of that level holds the truth."""
    return float((np.abs(u - 0.5) <= level / 2).mean())
