"""Covariances of effects that share a reference: pseudo-counts of ratios, means of groups.

The reference stands first: n, cases, mean and sd have shape (m + 1,), what is relative to the
reference has shape (m,) and its covariance (m, m).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, special

Array = NDArray[np.float64]
CASE_CONTROL, INCIDENCE_RATE, CUMULATIVE = "case_control", "incidence_rate", "cumulative_incidence"


class Counts(NamedTuple):
    """Counts that agree with adjusted ratios: cases (m + 1,) and what they are compared with.

    ``base`` (m + 1,): controls (case-control), person-time (rates), persons (cumulative incidence).
    """

    cases: Array
    base: Array


def greenland_longnecker_counts(log_ratio: Array, cases: Array, n: Array, design: str) -> Counts:
    """Cell counts with the margins of the data and the adjusted ratios as crude ones.

    Greenland and Longnecker 1992. ``n``: cases + controls, person-time, or persons. For rates and
    risks the solution is closed; for odds ratios the log odds of the reference are the one root of
    an increasing function.

    Examples
    --------
    >>> found = greenland_longnecker_counts(
    ...     np.log([2.0]), np.array([10.0, 20.0]), np.array([100.0, 100.0]), "incidence_rate")
    >>> found.cases.round(6).tolist()
    [10.0, 20.0]
    """
    shift = np.concatenate([[0.0], log_ratio])
    total = float(cases.sum())
    if design != CASE_CONTROL:
        share = special.softmax(shift + np.log(n))
        return Counts(total * share, n)

    def excess(odds: float) -> float:
        return float((n * special.expit(odds + shift)).sum() - total)

    start = float(special.logit(total / n.sum()))
    reach = float(np.abs(shift).max()) + 1.0
    odds = optimize.brentq(excess, start - reach, start + reach, xtol=1e-14, rtol=1e-15)
    found = n * special.expit(odds + shift)
    return Counts(found, n - found)


def hamling_counts(
    log_ratio: Array, variance: Array, cases: Array, n: Array, design: str
) -> Counts | None:
    """Effective counts that give the adjusted ratios and their variances; None: there are none.

    Hamling, Lee, Weitkunat and Ambuhl 2008: the reference's share of the base and the ratio of
    base to cases are those of the data.

    Examples
    --------
    >>> found = hamling_counts(
    ...     np.log([2.0]), np.array([0.15]), np.array([10.0, 20.0]), np.array([100.0, 100.0]),
    ...     "incidence_rate")
    >>> found.cases.round(6).tolist()
    [10.0, 20.0]
    """
    base = n - cases if design == CASE_CONTROL else n
    share, ratio = float(base[0] / base.sum()), float(base.sum() / cases.sum())
    # Odds or risk of the reference, given its cases: what ties base to cases. Two unknowns, of
    # which the share fixes the first for any odds, and the ratio of base to cases the odds.
    if design == INCIDENCE_RATE:
        least = float(1.0 / variance.min())

        def outer(a0: float) -> float:
            return _share_of(a0, 0.0, 0.0, log_ratio, variance) - share

        a0 = _root(outer, least * (1.0 + 1e-12), least)
        if a0 is None:
            return None
        a = np.concatenate([[a0], 1.0 / (variance - 1.0 / a0)])
        relative = a / (a0 * np.exp(np.concatenate([[0.0], log_ratio])))
        return Counts(a, relative / relative.sum() * ratio * a.sum())
    sign = 1.0 if design == CASE_CONTROL else -1.0
    return _hamling_two(log_ratio, variance, share, ratio, sign)


def _cells(a0: float, odds: float, sign: float, log_ratio: Array, variance: Array) -> Counts:
    """Cells given the reference's cases and its cases / base; sign 1: 1/b is added, -1: taken."""
    e = np.exp(log_ratio)
    left = variance - (1.0 + sign * odds) / a0
    a = (1.0 + sign * odds * e) / left
    cases = np.concatenate([[a0], a])
    return Counts(cases, np.concatenate([[a0 / odds], a / (odds * e)]))


def _share_of(a0: float, odds: float, sign: float, log_ratio: Array, variance: Array) -> float:
    """Share of the base that the reference has; the size of the odds cancels beside 1."""
    e = np.exp(log_ratio)
    a = (1.0 + sign * odds * e) / (variance - (1.0 + sign * odds) / a0)
    return float(1.0 / (1.0 + (a / (a0 * e)).sum()))


def _root(f: Callable[[float], float], low: float, scale: float) -> float | None:
    """Root above ``low`` of a function that rises from it, looked for up to 1e12 scales."""
    high = low + scale
    while f(high) < 0.0:
        high = low + 4.0 * (high - low)
        if high > 1e12 * scale:
            return None
    return float(optimize.brentq(f, low, high, xtol=1e-13 * scale, rtol=1e-14))


def _hamling_two(
    log_ratio: Array, variance: Array, share: float, ratio: float, sign: float
) -> Counts | None:
    highest = 0.0 if sign > 0 else -float(max(0.0, log_ratio.max()))

    def cells(log_odds: float) -> Counts | None:
        odds = float(np.exp(log_odds))
        least = (1.0 + sign * odds) / float(variance.min())
        if least <= 0.0:
            return None

        def outer(a0: float) -> float:
            return _share_of(a0, odds, sign, log_ratio, variance) - share

        a0 = _root(outer, least * (1.0 + 1e-12), least)
        return None if a0 is None else _cells(a0, odds, sign, log_ratio, variance)

    def gap(log_odds: float) -> float:
        found = cells(log_odds)
        return (
            np.nan if found is None else float(np.log(found.base.sum() / found.cases.sum() / ratio))
        )

    top = 20.0 if sign > 0 else highest - 1e-9
    grid = np.linspace(-30.0, top, 120)
    values = np.array([gap(x) for x in grid])
    # Fewer cases per base as the odds fall: the ratio falls along the grid and crosses once.
    with np.errstate(invalid="ignore"):
        crossing = np.flatnonzero((values[:-1] >= 0.0) & (values[1:] < 0.0))
    if not crossing.size:
        return None
    i = int(crossing[-1])
    log_odds = float(optimize.brentq(gap, grid[i], grid[i + 1], xtol=1e-13, rtol=1e-14))
    return cells(log_odds)


def count_variances(counts: Counts, design: str) -> Array:
    """Contribution (m + 1,) of each category to the variance of a log ratio.

    1/a + 1/b for odds ratios, 1/a for rates, 1/a - 1/n for risks.
    """
    sign = {CASE_CONTROL: 1.0, INCIDENCE_RATE: 0.0, CUMULATIVE: -1.0}[design]
    return np.asarray(1.0 / counts.cases + sign / counts.base)


def shared_reference_covariance(variance: Array, parts: Array) -> Array:
    """Covariance with stated variances (m,) and the correlations of parts (m + 1,).

    Greenland and Longnecker 1992: r_ij = s_0 / sqrt((s_0 + s_i) (s_0 + s_j)).

    Examples
    --------
    >>> found = shared_reference_covariance(np.array([0.3, 0.5]), np.array([0.1, 0.2, 0.4]))
    >>> found.round(6).tolist()
    [[0.3, 0.1], [0.1, 0.5]]
    """
    scale = np.sqrt(variance / (parts[0] + parts[1:]))
    found = parts[0] * np.outer(scale, scale)
    found[np.diag_indices(len(variance))] = variance
    return np.asarray(found)


class Differences(NamedTuple):
    """Differences (m,) from the reference and their covariance (m, m)."""

    estimate: Array
    covariance: Array


def mean_differences(mean: Array, sd: Array, n: Array, *, pooled: bool) -> Differences:
    """Mean differences; one variance for all groups, or each its own (Crippa and Orsini 2016).

    Examples
    --------
    >>> found = mean_differences(
    ...     np.array([1.0, 2.0, 4.0]), np.array([1.0, 1.0, 1.0]), np.array([10.0, 10.0, 20.0]),
    ...     pooled=True)
    >>> found.covariance.round(6).tolist()
    [[0.2, 0.1], [0.1, 0.15]]
    """
    variance = np.full(len(n), pooled_variance(sd, n)) if pooled else sd**2
    part = variance / n
    return Differences(mean[1:] - mean[0], part[0] + np.diag(part[1:]))


def pooled_variance(sd: Array, n: Array) -> float:
    """Mean square within groups."""
    return float(((n - 1.0) * sd**2).sum() / (n - 1.0).sum())


def standardised_differences(mean: Array, sd: Array, n: Array, standardiser: str) -> Differences:
    """Standardised mean differences with a shared reference (Gleser and Olkin 2009).

    cov = 1/n_0 + d_i d_j / (2 N), with 1/n_i more on the diagonal. "cohen": pooled standard
    deviation of all groups, N persons; "hedges": times the exact small-sample factor, its square
    on the covariance; "glass": standard deviation and number of the reference.
    """
    if standardiser == "glass":
        unit, basis = float(sd[0]), float(n[0])
    else:
        unit, basis = float(np.sqrt(pooled_variance(sd, n))), float(n.sum())
    d = (mean[1:] - mean[0]) / unit
    covariance = 1.0 / n[0] + np.diag(1.0 / n[1:]) + np.outer(d, d) / (2.0 * basis)
    if standardiser != "hedges":
        return Differences(d, covariance)
    df = float((n - 1.0).sum())
    j = float(np.exp(special.gammaln(df / 2.0) - special.gammaln((df - 1.0) / 2.0)))
    j *= float(np.sqrt(2.0 / df))
    return Differences(j * d, j**2 * covariance)
