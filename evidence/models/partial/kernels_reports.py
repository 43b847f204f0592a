"""Likelihood of what was said: every kind of report, given the parameters of a body of trials.

True effects ``theta_i ~ N(mu, tau^2)``, estimates ``y_i ~ N(theta_i, s_i^2)``, outcome SDs
``log(s_i / size_i) ~ N(eta, omega^2)``, true changes of control arms ``c_i ~ N(gamma, kappa^2)``.
theta and c are integrated in closed form, an open s_i by Gauss-Legendre quadrature, so that each
trial's likelihood is a function of the six parameters alone. Parameters have shape ``(B,)``.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.polynomial.legendre import leggauss
from numpy.typing import NDArray
from scipy.special import log_ndtr, logsumexp, ndtr

Array = NDArray[np.float64]

NODES, WEIGHTS = (np.asarray(a, dtype=np.float64) for a in leggauss(40))
# Beyond that many SDs of log s nothing is left of the population.
REACH = 8.0
LOG_2PI = float(np.log(2 * np.pi))


@dataclass(frozen=True, slots=True)
class Parameters:
    """Draws of the parameters, each of shape (B,)."""

    mu: Array
    tau: Array
    eta: Array
    omega: Array
    gamma: Array
    kappa: Array


@dataclass(frozen=True, slots=True)
class Report:
    """One trial's report as numbers; NaN where nothing was said.

    Attributes
    ----------
    y, half : float
        Estimate and half the width of what it was rounded from.
    sign : int
        Direction of y.
    z : (float, float)
        Bounds of ``|y| / s``.
    forms : ndarray, shape (F, 3)
        Probability, variance at r = 0 and slope of each reading of the standard error.
    bounds : (float, float)
        Bounds of s.
    log_size, size_spread : float
        Logarithm of the factor from SD to standard error, and its uncertainty where no n was
        printed.
    df : float
        Degrees of freedom of the sample SD behind ``forms``; NaN: they say nothing of the SDs.
    arm : bool
        Whether y is the treated arm's change alone.
    control : (float, float)
        Change of the control arm and its standard error.
    """

    y: float
    half: float
    sign: int
    z: tuple[float, float]
    forms: Array
    bounds: tuple[float, float]
    log_size: float
    size_spread: float
    df: float
    arm: bool
    control: tuple[float, float]


@dataclass(frozen=True, slots=True)
class Correlation:
    """Nodes and weights of the prior of a correlation that nobody printed, shape (R,)."""

    nodes: Array
    weights: Array


def beta_correlation(a: float, b: float, count: int = 24) -> Correlation:
    """Beta prior of a correlation on (0, 1), as Gauss-Legendre nodes."""
    nodes, weights = leggauss(count)
    r = (nodes + 1) / 2
    log_w = np.log(weights) + (a - 1) * np.log(r) + (b - 1) * np.log1p(-r)
    return Correlation(r, np.exp(log_w - logsumexp(log_w)))


def log_interval(low: Array, high: Array) -> Array:
    """``log(Phi(high) - Phi(low))`` without cancellation in either tail; -inf where empty."""
    flip = low > 0
    a, b = np.where(flip, -high, low), np.where(flip, -low, high)
    with np.errstate(divide="ignore", invalid="ignore"):
        upper, lower = log_ndtr(b), log_ndtr(a)
        gap = lower - upper
        found = upper + np.log1p(-np.exp(gap))
        # A narrow interval: its width times the density, before the difference loses its digits.
        middle, width = (a + b) / 2, b - a
        narrow = (
            np.log(width)
            - 0.5 * middle**2
            - 0.5 * LOG_2PI
            + np.log1p(width**2 * (middle**2 - 1) / 24)
        )
    found = np.where(width < 1e-4, narrow, found)
    return np.where(b > a, found, -np.inf)


def log_likelihood(reports: tuple[Report, ...], p: Parameters, r: Correlation) -> Array:
    """Log likelihood of each report, shape (B, k); NaN only where a parameter overflows."""
    with np.errstate(over="ignore", invalid="ignore", divide="ignore", under="ignore"):
        return np.stack([one_report(report, p, r) for report in reports], axis=-1)


def one_report(report: Report, p: Parameters, r: Correlation) -> Array:
    """Log likelihood of one report, shape (B,)."""
    s, log_weight = _std_errors(report, p, r)
    inner = _given_s(report, p, s) + log_weight
    found = logsumexp(inner, axis=-1)
    if np.isfinite(report.control[0]) and not report.arm:
        a, error = report.control
        found = found + _log_normal(a - p.gamma, p.kappa**2 + error**2)
    return np.asarray(found)


def _std_errors(report: Report, p: Parameters, r: Correlation) -> tuple[Array, Array]:
    """Possible standard errors and the log of their weights, (B, N) or (1, N)."""
    if report.forms.size:
        return _printed(report, p, r)
    centre = p.eta[:, None] + report.log_size
    spread = np.hypot(p.omega, report.size_spread)[:, None]
    with np.errstate(divide="ignore"):
        ends = [(np.log(np.asarray(x)) - centre) / spread for x in report.bounds]
    low, high = (np.clip(x, -REACH, REACH) for x in ends)
    # Bounds wholly beyond the reach leave what lies next to them.
    high = np.where(high <= low, low + 1e-6, high)
    z = low + (high - low) * (NODES + 1) / 2
    log_weight = np.log(WEIGHTS / 2) + np.log(high - low) - 0.5 * z**2 - 0.5 * LOG_2PI
    beyond = np.where(ends[0] > REACH, -0.5 * ends[0] ** 2, 0.0)
    beyond = beyond + np.where(ends[1] < -REACH, -0.5 * ends[1] ** 2, 0.0)
    return np.exp(centre + spread * z), log_weight + beyond


def _printed(report: Report, p: Parameters, r: Correlation) -> tuple[Array, Array]:
    probability, variance, slope = (report.forms[:, j] for j in range(3))
    if np.any(slope):
        v = (variance[:, None] - slope[:, None] * r.nodes).ravel()
        log_w = (np.log(probability)[:, None] + np.log(r.weights)).ravel()
        keep = v > 1e-12 * variance.max()
        v, log_w = v[keep], log_w[keep]
    else:
        v, log_w = variance, np.log(probability)
    s = np.sqrt(v)
    if np.isnan(report.df):
        return s[None, :], log_w[None, :]
    # The printed SD is itself a draw from the population of SDs, known to 1 / (2 df).
    gap = np.log(s) - report.log_size - p.eta[:, None]
    population = _log_normal(gap, p.omega[:, None] ** 2 + 1 / (2 * report.df))
    return s[None, :], log_w + population


def _given_s(report: Report, p: Parameters, s: Array) -> Array:
    """Log likelihood of the report given its standard error, (B, N)."""
    m, v = (x[:, None] for x in centre_of(report, p))
    total = np.sqrt(v + s**2)
    if np.isfinite(report.y):
        if report.half == 0:
            return _log_normal(np.asarray(report.y - m), np.asarray(total**2))
        ends = [(report.y + side * report.half - m) / total for side in (-1, 1)]
        return np.asarray(log_interval(*ends) - np.log(2 * report.half), dtype=np.float64)
    parts = [
        log_interval(*region)
        for side, region in sides(report, m, total, s)
        if report.sign in (0, side)
    ]
    return parts[0] if len(parts) == 1 else np.asarray(np.logaddexp(*parts), dtype=np.float64)


def centre_of(report: Report, p: Parameters) -> tuple[Array, Array]:
    """Mean of y and its variance without sampling error, shape (B,).

    Where the control arm's change was printed, both share its error: y is taken given that change.
    """
    m, v = p.mu, p.tau**2
    if report.arm:
        return m + p.gamma, v + p.kappa**2
    a, error = report.control
    if np.isfinite(a):
        share = error**2 / (p.kappa**2 + error**2)
        return m - share * (a - p.gamma), v - share * error**2
    return m, v


def sides(
    report: Report, m: Array, total: Array, s: Array
) -> tuple[tuple[int, tuple[Array, Array]], ...]:
    """The two regions of y that ``|y| / s`` within its bounds makes, standardised."""
    low = report.z[0] * s
    with np.errstate(invalid="ignore"):
        high = np.where(np.isinf(report.z[1]), np.inf, report.z[1] * s)
    above = ((low - m) / total, (high - m) / total)
    below = ((-high - m) / total, (-low - m) / total)
    return (1, above), (-1, below)


def _log_normal(gap: Array, variance: Array) -> Array:
    return np.asarray(-0.5 * (LOG_2PI + np.log(variance) + gap**2 / variance), dtype=np.float64)


def true_effect(report: Report, p: Parameters, r: Correlation) -> tuple[Array, Array]:
    """Mean and variance of the trial's true effect given the parameters, shape (B,)."""
    with np.errstate(over="ignore", divide="ignore", under="ignore"):
        return _true_effect(report, p, r)


def _true_effect(report: Report, p: Parameters, r: Correlation) -> tuple[Array, Array]:
    """Integrate over y and s.

    theta given y is normal; y itself is known, or normal cut to what was said of it, whose moments
    are those of Johnson, Kotz & Balakrishnan (1994), section 13.10.1. The treated arm's change
    holds theta and the control arm's true change, of which theta takes its share of the variance.
    """
    s, log_weight = _std_errors(report, p, r)
    log_w = _given_s(report, p, s) + log_weight
    w = np.exp(log_w - logsumexp(log_w, axis=-1, keepdims=True))
    m, v = (x[:, None] for x in centre_of(report, p))
    total = v + s**2
    mean_y, var_y = _moments_of_y(report, m, np.sqrt(total), s)
    # Regression of theta on y: Cov(theta, y) is tau^2, whatever else y holds.
    tau2 = p.tau[:, None] ** 2
    share = tau2 / total
    mean = p.mu[:, None] + share * (mean_y - m)
    var = tau2 * (1 - share) + share**2 * var_y
    centre = (w * mean).sum(axis=-1)
    return centre, (w * (var + (mean - centre[:, None]) ** 2)).sum(axis=-1)


def _moments_of_y(report: Report, m: Array, total: Array, s: Array) -> tuple[Array, Array]:
    if np.isfinite(report.y):
        if report.half == 0:
            shape = np.broadcast_shapes(m.shape, total.shape)
            return np.full(shape, report.y), np.zeros(shape)
        ends = [(report.y + side * report.half - m) / total for side in (-1, 1)]
        regions = [(ends[0], ends[1])]
    else:
        regions = [x for side, x in sides(report, m, total, s) if report.sign in (0, side)]
    logs = np.stack([log_interval(*region) for region in regions])
    w = np.exp(logs - logsumexp(logs, axis=0))
    moments = [_cut_normal(*region) for region in regions]
    first = sum(w[j] * moments[j][0] for j in range(len(regions)))
    second = sum(w[j] * moments[j][1] for j in range(len(regions)))
    return m + total * first, total**2 * np.maximum(second - first**2, 0.0)


def _cut_normal(low: Array, high: Array) -> tuple[Array, Array]:
    """First and second moment about 0 of a standard normal between two points."""
    log_mass = log_interval(low, high)

    def ratio(x: Array) -> tuple[Array, Array]:
        finite = np.isfinite(x)
        at = np.where(finite, x, 0.0)
        density = np.where(finite, np.exp(-0.5 * at**2 - 0.5 * LOG_2PI - log_mass), 0.0)
        return density, at * density

    (d_low, x_low), (d_high, x_high) = ratio(low), ratio(high)
    narrow = high - low < 1e-3
    middle = (np.where(narrow, low, 0.0) + np.where(narrow, high, 0.0)) / 2
    first = np.where(narrow, middle, d_low - d_high)
    second = np.where(narrow, middle**2, 1 + x_low - x_high)
    return first, second


def probability_below(mean: Array, sd: Array, x: float) -> Array:
    """P(X <= x) of normals."""
    return np.asarray(ndtr((x - mean) / sd))
