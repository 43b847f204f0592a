"""The correlation of two normal variables of which only a 2 × 2 table of halves was seen."""

from __future__ import annotations

import numpy as np
from scipy.integrate import quad
from scipy.optimize import brentq
from scipy.stats import norm

from evidence.effects.sizes.correction import Array, Effect

EDGE = 1 - 1e-12


def tetrachoric(a: Array, b: Array, c: Array, d: Array) -> Effect:
    """Tetrachoric correlation: the r at which the normal quadrant holds a of the n (Pearson 1900).

    The margins give the two cuts h and k; r solves Φ2(h, k, r) = a/n, where Φ2(h, k, r) is
    Φ(h) Φ(k) and the integral of the density from 0 to r (Plackett 1954). The variance is the
    delta method's, multinomial counts; it equals Pearson's formula. NaN where a margin is empty
    or r reaches ±1 (a cell is empty).

    Examples
    --------
    >>> y, v = tetrachoric(*np.array([[4.0], [119.0], [11.0], [128.0]]))
    >>> y.round(4), v.round(5)
    (array([-0.2631]), array([0.02357]))
    """
    found = [_one(*map(float, row)) for row in np.stack([a, b, c, d], axis=-1).reshape(-1, 4)]
    both = np.array(found, dtype=np.float64).reshape((*np.shape(a), 2))
    return both[..., 0], both[..., 1]


def _one(a: float, b: float, c: float, d: float) -> tuple[float, float]:
    n = a + b + c + d
    if not (a + b > 0 and c + d > 0 and a + c > 0 and b + d > 0) or min(a, b, c, d) <= 0:
        return np.nan, np.nan
    row, col, cell = (a + b) / n, (a + c) / n, a / n
    h, k = float(norm.ppf(row)), float(norm.ppf(col))

    def density_by_angle(t: float) -> float:
        s = np.sin(t)
        return float(np.exp(-(h * h - 2 * h * k * s + k * k) / (2 * (1 - s * s))) / (2 * np.pi))

    def excess(t: float) -> float:
        gained = quad(density_by_angle, 0.0, t, epsabs=1e-15, epsrel=1e-13)[0]
        return float(row * col + gained - cell)

    edge = float(np.arcsin(EDGE))
    if excess(-edge) >= 0 or excess(edge) <= 0:
        return np.nan, np.nan
    angle = brentq(excess, -edge, edge, xtol=1e-15, rtol=1e-14)
    r, root = float(np.sin(angle)), float(np.cos(angle))
    # d r = (d cell − A d row − B d col) / density, of one person's three indicators.
    by_row, by_col = float(norm.cdf((k - r * h) / root)), float(norm.cdf((h - r * k) / root))
    slopes = np.array([1 - by_row - by_col, -by_row, -by_col, 0.0])
    p = np.array([a, b, c, d]) / n
    spread = p @ slopes**2 - (p @ slopes) ** 2
    density = density_by_angle(angle) / root
    return r, float(spread / (n * density**2))
