"""Intervals of tau2 beside the Q-profile: profile likelihood and generalised Q; test-based I2, H.

These take one data set, y and v of shape (k,), because each end is found by its own search.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, special

from evidence.models.frequentist import kernels_tau2
from evidence.models.frequentist.kernels import Tau2Interval, log_likelihoods, weighted_mean
from evidence.models.frequentist.kernels_moments import quadratic_form

Array = NDArray[np.float64]
_NODES = 400  # of the contour integral; 200 give the same twelve digits
_DROP = 40.0  # exp(-40): what lies beyond the ends of the contour is rounding


def profile_interval(
    y: Array, v: Array, tau2: float, level: float, *, full: bool, weights: Array | None = None
) -> Tau2Interval:
    """All tau2 whose log-likelihood is within chi-squared(1) / 2 of its maximum at ``tau2``.

    With ``weights`` the likelihood is taken at the mean of these weights, not at its own maximum.

    Hardy and Thompson 1996, with the full (``full=True``) or the restricted likelihood; where the
    set has gaps, its outermost ends. Checked against metafor ``confint(type="PL")``.

    Examples
    --------
    >>> y, v = np.array([0.0, 2.0, 4.0, 6.0]), np.ones(4)
    >>> [round(float(x), 3) for x in profile_interval(y, v, 5.66667, 0.95, full=False)[:2]]
    [0.88, 57.146]
    """
    y = kernels_tau2.centre(y)
    mean = None if weights is None else weighted_mean(y, v, np.zeros(()), weights).mean

    def height(t: float) -> float:
        found = log_likelihoods(y, v, np.asarray(t), mean)
        return float(found.full if full else found.restricted)

    floor = height(tau2) - float(special.chdtri(1, 1.0 - level)) / 2.0

    def above(t: float) -> float:
        return height(t) - floor

    grid = kernels_tau2.likelihood_grid(y[None], v[None])[0]
    inside = [t for t in grid if above(float(t)) >= 0.0]
    first, last = min([tau2, *inside]), max([tau2, *inside])
    high = 2.0 * max(last, float(v.min()))
    while above(high) > 0.0:
        high *= 2.0
    tiny = 1e-13 * float(v.min())
    top = _root(above, last, high, tiny)
    if first == 0.0 or above(0.0) >= 0.0:
        return _interval(0.0, top, empty=False)
    below = float(grid[np.searchsorted(grid, first) - 1])
    return _interval(_root(above, below, first, tiny), top, empty=False)


def generalised_q_interval(y: Array, v: Array, a: Array, level: float) -> Tau2Interval:
    """All tau2 for which the form with weights a is an ordinary draw from its exact distribution.

    Jackson 2013: P(Q <= observed) falls in tau2, so each end is one root, and 0 where it starts
    below. Checked against metafor ``confint`` of ``method="GENQ"`` and against simulation.
    """
    q, tail = float(quadratic_form(y, a)), (1.0 - level) / 2.0

    def below(t: float) -> float:
        return form_cdf(q, a * (v + t), a)

    at_zero, tiny = below(0.0), 1e-13 * float(v.min())
    high = float(v.max()) + q / float(a.sum())
    while below(high) > tail:
        high *= 2.0
    ends = [
        0.0 if at_zero <= p else _root(lambda t, p=p: below(t) - p, 0.0, high, tiny)  # type: ignore[misc]
        for p in (1.0 - tail, tail)
    ]
    return _interval(ends[0], ends[1], empty=at_zero < tail)


def form_cdf(x: float, c: Array, a: Array) -> float:
    """P(Q <= x) of the form with weights a for normal estimates with variances c / a.

    Its Laplace transform is L(z) = (prod(1 + 2 z c) sum(a / (1 + 2 z c)) / sum(a))^(-1/2); the
    distribution function is the contour integral of exp(z x) L(z) / z along a parabola through the
    saddle point, open to the left, where every singularity lies, by the trapezoidal rule.
    Checked against chi-squared (equal c) and simulation.

    Examples
    --------
    >>> round(form_cdf(3.0, np.ones(4), np.ones(4)) - float(special.chdtr(3, 3.0)), 12)
    0.0
    """
    if x <= 0.0:
        return 0.0
    share = (len(c) - 1) / len(c)  # the form has k - 1 degrees of freedom

    def slope(z: float) -> float:
        return x - share * float((c / (1.0 + 2.0 * z * c)).sum()) - 1.0 / z

    # The slope rises in z and is below 0 at 1 / (2 x); above 0 at (1 + k / 2) / x.
    z0 = _root(slope, 0.5 / x, (1.0 + len(c) / 2.0) / x * 1.01, 0.0)
    r = c / (1.0 + 2.0 * z0 * c)
    second = 2.0 * share * float((r**2).sum()) + z0**-2
    third = 8.0 * share * float((r**3).sum()) + 2.0 * z0**-3
    bend = third / (6.0 * second)

    def logarithm(u: Array) -> NDArray[np.complex128]:
        z = z0 + 1j * u - bend * u**2
        factors = 1.0 + 2.0 * z[:, None] * c
        middle = (a / a.sum() / factors).sum(-1)
        return np.asarray(z * x - 0.5 * (np.log(factors).sum(-1) + np.log(middle)) - np.log(z))

    reach, top = second**-0.5, float(logarithm(np.zeros(1))[0].real)
    while float(logarithm(np.array([reach]))[0].real) > top - _DROP:
        reach *= 1.3
    u = np.linspace(0.0, reach, _NODES)
    values = np.exp(logarithm(u)) * (1.0 + 2j * bend * u)
    values[0] *= 0.5
    return float(min(1.0, max(0.0, values.real.sum() * (u[1] - u[0]) / np.pi)))


class HeterogeneityRatio(NamedTuple):
    """H and I2 (a percentage) with their ends."""

    h: float
    h_low: float
    h_high: float
    i2: float
    i2_low: float
    i2_high: float


def ratio_interval(q: float, k: int, level: float) -> HeterogeneityRatio:
    """H = sqrt(Q / (k - 1)), not below 1, and I2 with an interval from the normality of log H.

    Higgins and Thompson 2002; k >= 3. Checked against meta ``metagen``.
    """
    df = k - 1
    h = max(1.0, np.sqrt(q / df))
    if q > k:
        error = 0.5 * (np.log(q) - np.log(df)) / (np.sqrt(2.0 * q) - np.sqrt(2.0 * k - 3.0))
    else:
        error = np.sqrt((1.0 - 1.0 / (3.0 * (k - 2) ** 2)) / (2.0 * (k - 2)))
    half = float(special.ndtri(0.5 + level / 2.0)) * error
    low, high = max(1.0, h * np.exp(-half)), max(1.0, h * np.exp(half))
    i2 = [100.0 * (x**2 - 1.0) / x**2 for x in (h, low, high)]
    return HeterogeneityRatio(float(h), float(low), float(high), *(float(x) for x in i2))


def _root(f: Callable[[float], float], low: float, high: float, tiny: float) -> float:
    if f(low) == 0.0:
        return low
    return float(optimize.brentq(f, low, high, xtol=tiny or 1e-300, rtol=1e-13, maxiter=1000))


def _interval(low: float, high: float, *, empty: bool) -> Tau2Interval:
    return Tau2Interval(np.asarray(low), np.asarray(high), np.asarray(empty), np.asarray(True))
