"""Intervals of the residual tau2 of a meta-regression beside the Q-profile: one data set, (k,)."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, special

from evidence.models.frequentist.kernels import Tau2Interval
from evidence.models.regression.kernels_gls import project

Array = NDArray[np.float64]
_GRID = 80  # values of tau2 at which a profile is looked at before its ends are refined
_NODES = 400  # of the contour integral; 200 give the same twelve digits
_DROP = 40.0  # exp(-40): what lies beyond the ends of the contour is rounding


def profile_interval(
    height: Callable[[float], float], tau2: float, v: Array, top: float, level: float
) -> Tau2Interval:
    """All tau2 whose log-likelihood is within chi-squared(1) / 2 of that at the estimate.

    Hardy and Thompson 1996; where the set has gaps, its outermost ends. ``top``: a tau2 beyond
    which the likelihood falls. Checked against metafor ``confint(type="PL")``.

    Examples
    --------
    >>> found = profile_interval(lambda t: -((t - 2.0) ** 2), 2.0, np.ones(3), 4.0, 0.95)
    >>> round(float(found.low), 3), round(float(found.high), 3)
    (0.614, 3.386)
    """
    floor = height(tau2) - float(special.chdtri(1, 1.0 - level)) / 2.0

    def above(t: float) -> float:
        return height(t) - floor

    tiny = float(v.min())
    grid = np.concatenate([[0.0], np.geomspace(1e-4 * tiny, max(top, tiny), _GRID)])
    inside = [tau2, *(float(t) for t in grid if above(float(t)) >= 0.0)]
    first, last = min(inside), max(inside)
    high = 2.0 * max(last, tiny)
    while above(high) > 0.0:
        high *= 2.0
    upper = _root(above, last, high, 1e-13 * tiny)
    if first == 0.0 or above(0.0) >= 0.0:
        return _interval(0.0, upper, empty=False)
    below = float(grid[np.searchsorted(grid, first) - 1])
    return _interval(_root(above, below, first, 1e-13 * tiny), upper, empty=False)


def generalised_q_interval(
    y: Array, v: Array, basis: Array, a: Array, level: float
) -> Tau2Interval:
    """All tau2 for which the form with weights a is an ordinary draw from its exact distribution.

    With P = A - A B (B'AB)^-1 B'A the form y'Py is a sum of chi-squared(1) times the eigenvalues
    of (V + tau2)^(1/2) P (V + tau2)^(1/2) (Jackson, Turner, Rhodes and Viechtbauer 2014), so that
    P(form <= observed) falls in tau2. Checked against metafor ``confint`` of ``method="GENQ"``.
    """
    tail, root = (1.0 - level) / 2.0, np.sqrt(a)
    found = project(y, 1.0 / a, basis, np.zeros(()))
    q, u = float(found.q), root[:, None] * found.u
    form, df = np.diag(a) - u @ u.T, len(y) - basis.shape[1]

    def below(t: float) -> float:
        sd = np.sqrt(v + t)
        return sum_cdf(q, np.linalg.eigvalsh(form * np.outer(sd, sd))[-df:])

    at_zero, tiny = below(0.0), 1e-13 * float(v.min())
    high = float(v.max()) + q / float(a.sum())
    while below(high) > tail:
        high *= 2.0
    ends = [
        0.0 if at_zero <= p else _root(lambda t, p=p: below(t) - p, 0.0, high, tiny)  # type: ignore[misc]
        for p in (1.0 - tail, tail)
    ]
    return _interval(ends[0], ends[1], empty=at_zero < tail)


def sum_cdf(x: float, c: Array) -> float:
    """P(sum of c_j chi-squared(1) <= x), c_j > 0.

    Its Laplace transform is prod(1 + 2 z c)^(-1/2); the distribution function is the contour
    integral of exp(z x) L(z) / z along a parabola through the saddle point, open to the left,
    where every singularity lies, by the trapezoidal rule. Checked against chi-squared (equal c)
    and simulation.

    Examples
    --------
    >>> round(sum_cdf(3.0, np.ones(3)) - float(special.chdtr(3, 3.0)), 12)
    0.0
    """
    if x <= 0.0:
        return 0.0

    def slope(z: float) -> float:
        return x - float((c / (1.0 + 2.0 * z * c)).sum()) - 1.0 / z

    # The slope rises in z and is below 0 at 1 / (2 x); above 0 at (1 + m / 2) / x.
    z0 = _root(slope, 0.5 / x, (1.0 + len(c) / 2.0) / x * 1.01, 0.0)
    r = c / (1.0 + 2.0 * z0 * c)
    second = 2.0 * float((r**2).sum()) + z0**-2
    bend = (8.0 * float((r**3).sum()) + 2.0 * z0**-3) / (6.0 * second)

    def logarithm(u: Array) -> NDArray[np.complex128]:
        z = z0 + 1j * u - bend * u**2
        return np.asarray(z * x - 0.5 * np.log(1.0 + 2.0 * z[:, None] * c).sum(-1) - np.log(z))

    reach, top = second**-0.5, float(logarithm(np.zeros(1))[0].real)
    while float(logarithm(np.array([reach]))[0].real) > top - _DROP:
        reach *= 1.3
    u = np.linspace(0.0, reach, _NODES)
    values = np.exp(logarithm(u)) * (1.0 + 2j * bend * u)
    values[0] *= 0.5
    return float(min(1.0, max(0.0, values.real.sum() * (u[1] - u[0]) / np.pi)))


def _root(f: Callable[[float], float], low: float, high: float, tiny: float) -> float:
    if f(low) == 0.0:
        return low
    return float(optimize.brentq(f, low, high, xtol=tiny or 1e-300, rtol=1e-13, maxiter=1000))


def _interval(low: float, high: float, *, empty: bool) -> Tau2Interval:
    return Tau2Interval(np.asarray(low), np.asarray(high), np.asarray(empty), np.asarray(True))
