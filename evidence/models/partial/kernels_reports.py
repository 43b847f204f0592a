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
from scipy.special import log_ndtr, roots_jacobi

Array = NDArray[np.float64]

NODES, WEIGHTS = (np.asarray(a, dtype=np.float64) for a in leggauss(24))
# Beyond that many SDs of log s nothing is left of the population.
REACH = 7.0
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
    y, half, blur : float
        Estimate, half the width of what its coarsest figure was rounded from, and the SD of what
        the rounding of its other figures adds.
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
        Degrees of freedom of the trial's sample SD; NaN: ``forms`` say nothing of the SDs.
    arm : bool
        Whether y is the treated arm's change alone.
    control : (float, float)
        Change of the control arm and its standard error.
    """

    y: float
    half: float
    blur: float
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


def beta_correlation(a: float, b: float, count: int = 12) -> Correlation:
    """Beta prior of a correlation on (0, 1), as Gauss-Jacobi nodes."""
    nodes, weights = roots_jacobi(count, b - 1, a - 1)
    return Correlation(np.asarray((nodes + 1) / 2), np.asarray(weights / weights.sum()))


def log_interval(low: Array, high: Array) -> Array:
    """``log(Phi(high) - Phi(low))`` without cancellation in either tail; -inf where empty."""
    low, high = np.broadcast_arrays(low, high)
    with np.errstate(all="ignore"):
        width, middle = high - low, (high + low) / 2
        # A narrow interval: its width times the density, by the series of the integral.
        narrow = (width < 0.1) & (np.abs(middle) * width < 0.5)
        m2, w2 = middle**2, width**2
        series = w2 * (m2 - 1) / 24 + w2**2 * (m2**2 - 6 * m2 + 3) / 1920
        found = np.log(width) - 0.5 * m2 - 0.5 * LOG_2PI + np.log1p(series)
        wide = ~narrow
        a, b = low[wide], high[wide]
        a, b = np.where(a > 0, -b, a), np.where(a > 0, -a, b)
        upper = log_ndtr(b)
        found = np.array(found)
        found[wide] = upper + np.log1p(-np.exp(log_ndtr(a) - upper))
    return np.where(width > 0, found, -np.inf)


def log_sum(terms: Array) -> Array:
    """``log(sum(exp))`` along the last axis; -inf where nothing is left."""
    top = terms.max(axis=-1, keepdims=True)
    top = np.where(np.isfinite(top), top, 0.0)
    with np.errstate(divide="ignore"):
        return np.asarray(np.log(np.exp(terms - top).sum(axis=-1)) + top[..., 0])


def log_likelihood(reports: tuple[Report, ...], p: Parameters, r: Correlation) -> Array:
    """Log likelihood of each report, shape (B, k); NaN only where a parameter overflows."""
    with np.errstate(over="ignore", invalid="ignore", divide="ignore", under="ignore"):
        return np.stack([one_report(report, p, r) for report in reports], axis=-1)


def one_report(report: Report, p: Parameters, r: Correlation) -> Array:
    """Log likelihood of one report, shape (B,)."""
    s, log_weight = _std_errors(report, p, r)
    inner = _given_s(report, p, s) + log_weight
    found = log_sum(inner)
    if np.isfinite(report.control[0]) and not report.arm:
        a, error = report.control
        found = found + _log_normal(a - p.gamma, p.kappa**2 + error**2)
    return np.asarray(found)


def _std_errors(report: Report, p: Parameters, r: Correlation) -> tuple[Array, Array]:
    """Possible standard errors and the log of their weights, (B, N) or (1, N)."""
    if report.forms.size:
        return _printed(report, p, r)
    centre = p.eta[:, None] + report.log_size
    spread = np.hypot(p.omega, own_spread(report))[:, None]
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


def own_spread(report: Report) -> float:
    """SD of the logarithm of a trial's standard error around that of its true SD."""
    sampling = 0.0 if np.isnan(report.df) else 1 / (2 * report.df)
    return float(np.sqrt(report.size_spread**2 + sampling))


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
    population = _log_normal(gap, p.omega[:, None] ** 2 + own_spread(report) ** 2)
    return s[None, :], log_w + population


def _given_s(report: Report, p: Parameters, s: Array) -> Array:
    """Log likelihood of the report given its standard error, (B, N)."""
    m, v = (x[:, None] for x in centre_of(report, p))
    total = np.sqrt(v + s**2 + report.blur**2)
    if np.isfinite(report.y) and report.half == 0:
        return _log_normal(np.asarray(report.y - m), np.asarray(total**2))
    found = [log_interval(*region) for region in _regions(report, m, total, s)]
    if np.isfinite(report.y):
        return np.asarray(found[0] - np.log(2 * report.half), dtype=np.float64)
    return found[0] if len(found) == 1 else np.asarray(np.logaddexp(*found), dtype=np.float64)


def _regions(report: Report, m: Array, total: Array, s: Array) -> list[tuple[Array, Array]]:
    """Where y may lie, standardised: around what was printed, or on either side of 0."""
    if np.isfinite(report.y):
        low, high = ((report.y + side * report.half - m) / total for side in (-1, 1))
        return [(low, high)]
    return [region for side, region in sides(report, m, total, s) if report.sign in (0, side)]


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
    with np.errstate(over="ignore", divide="ignore", under="ignore", invalid="ignore"):
        return _true_effect(report, p, r)


def _true_effect(report: Report, p: Parameters, r: Correlation) -> tuple[Array, Array]:
    """Integrate over y and s.

    theta given y is normal; y itself is known, or normal cut to what was said of it, whose moments
    are those of Johnson, Kotz & Balakrishnan (1994), section 13.10.1. The treated arm's change
    holds theta and the control arm's true change, of which theta takes its share of the variance.
    """
    s, log_weight = _std_errors(report, p, r)
    log_w = _given_s(report, p, s) + log_weight
    w = np.exp(log_w - log_sum(log_w)[:, None])
    m, v = (x[:, None] for x in centre_of(report, p))
    total = v + s**2 + report.blur**2
    mean_y, var_y = _moments_of_y(report, m, np.sqrt(total), s)
    # Regression of theta on y: Cov(theta, y) is tau^2, whatever else y holds.
    tau2 = p.tau[:, None] ** 2
    share = tau2 / total
    mean = p.mu[:, None] + share * (mean_y - m)
    var = tau2 * (1 - share) + share**2 * var_y
    # A standard error that what was said excludes has no weight and no moments.
    mean, var = (np.where(w > 0, x, 0.0) for x in (mean, var))
    centre = (w * mean).sum(axis=-1)
    return centre, (w * (var + (mean - centre[:, None]) ** 2)).sum(axis=-1)


def _moments_of_y(report: Report, m: Array, total: Array, s: Array) -> tuple[Array, Array]:
    if np.isfinite(report.y) and report.half == 0:
        shape = np.broadcast_shapes(m.shape, total.shape)
        return np.full(shape, report.y), np.zeros(shape)
    regions = _regions(report, m, total, s)
    logs = np.stack([log_interval(*region) for region in regions], axis=-1)
    moments = [_cut_normal(*region, logs[..., j]) for j, region in enumerate(regions)]
    if len(regions) == 1:
        first, second = moments[0]
    else:
        w = np.exp(logs - log_sum(logs)[..., None])
        # A side without weight may have no moments that numbers can hold.
        first, second = (
            np.where(w > 0, w * np.stack([moment[n] for moment in moments], axis=-1), 0.0).sum(-1)
            for n in range(2)
        )
    return m + total * first, total**2 * np.maximum(second - first**2, 0.0)


def _cut_normal(low: Array, high: Array, log_mass: Array) -> tuple[Array, Array]:
    """First and second moment about 0 of a standard normal between two points."""

    def ratio(x: Array) -> tuple[Array, Array]:
        finite = np.isfinite(x)
        at = np.where(finite, x, 0.0)
        density = np.where(finite, np.exp(-0.5 * at**2 - 0.5 * LOG_2PI - log_mass), 0.0)
        return density, at * density

    (d_low, x_low), (d_high, x_high) = ratio(low), ratio(high)
    narrow = high - low < 1e-3
    middle = np.where(narrow, (low + high) / 2, 0.0)
    first = np.where(narrow, middle, d_low - d_high)
    second = np.where(narrow, middle**2, 1 + x_low - x_high)
    return first, second
