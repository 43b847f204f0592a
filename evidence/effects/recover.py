"""Rules that turn what was printed into what is needed: plain functions of floats and arrays.

All are elementwise, so any argument may be an array. The name of a rule is what a trace prints.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

Array = NDArray[np.float64]


def _z(p: ArrayLike) -> Array:
    """Normal quantile that leaves probability p / 2 above it."""
    return np.asarray(-special.ndtri(np.asarray(p, float) / 2))


def difference(first: ArrayLike, second: ArrayLike) -> Array:
    """First minus second.

    Examples
    --------
    >>> float(difference(3.0, 1.0))
    2.0
    """
    return np.subtract(first, second)


def difference_of_changes(
    final_treatment: ArrayLike,
    baseline_treatment: ArrayLike,
    final_control: ArrayLike,
    baseline_control: ArrayLike,
) -> Array:
    """Change in the treated arm minus change in the control arm.

    Examples
    --------
    >>> round(float(difference_of_changes(1.102, 1.121, 1.189, 1.180)), 3)
    -0.028
    """
    treated = np.subtract(final_treatment, baseline_treatment)
    return np.subtract(treated, np.subtract(final_control, baseline_control))


def se_from_ci(low: ArrayLike, high: ArrayLike, level: ArrayLike) -> Array:
    """Standard error from a normal interval (Cochrane Handbook 6.3.1).

    Examples
    --------
    >>> round(float(se_from_ci(-1.96, 1.96, 0.95)), 4)
    1.0
    """
    return np.subtract(high, low) / (2 * _z(1 - np.asarray(level, float)))


def log_se_from_ci(low: ArrayLike, high: ArrayLike, level: ArrayLike) -> Array:
    """Standard error of a log ratio from the limits of the ratio (Cochrane Handbook 6.3.2).

    Examples
    --------
    >>> round(float(log_se_from_ci(0.84, 1.57, 0.95)), 4)
    0.1596
    """
    return se_from_ci(np.log(low), np.log(high), level)


def se_from_p(estimate: ArrayLike, p: ArrayLike) -> Array:
    """Standard error from a two-sided P of a normal test (Cochrane Handbook 6.3.1).

    Examples
    --------
    >>> round(float(se_from_p(-0.028, 0.0014)), 5)
    0.00876
    """
    return np.abs(estimate) / _z(p)


def se_from_p_t(estimate: ArrayLike, p: ArrayLike, df: ArrayLike) -> Array:
    """Standard error from a two-sided P of a t test with df degrees (Cochrane Handbook 6.5.2.3).

    Examples
    --------
    >>> round(float(se_from_p_t(-4.65, 0.008, 224)), 3)
    1.738
    """
    return np.asarray(
        np.abs(estimate) / -special.stdtrit(np.asarray(df, float), np.asarray(p, float) / 2)
    )


def degrees_of_freedom(n_treatment: ArrayLike, n_control: ArrayLike) -> Array:
    """Degrees of freedom of a two-sample t test."""
    return np.add(n_treatment, n_control) - 2.0


def degrees_of_freedom_paired(n: ArrayLike) -> Array:
    """Degrees of freedom of a paired t test."""
    return np.subtract(n, 1.0)


def se_from_sd(sd: ArrayLike, n: ArrayLike) -> Array:
    """Standard error of a mean.

    Examples
    --------
    >>> float(se_from_sd(6.0, 9))
    2.0
    """
    return np.divide(sd, np.sqrt(n))


def sd_from_se(se: ArrayLike, n: ArrayLike) -> Array:
    """Standard deviation from the standard error of a mean (Cochrane Handbook 6.5.2.2).

    Examples
    --------
    >>> round(float(sd_from_se(3.6, 17)), 2)
    14.84
    """
    return np.multiply(se, np.sqrt(n))


def se_from_ci_t(low: ArrayLike, high: ArrayLike, level: ArrayLike, df: ArrayLike) -> Array:
    """Standard error from a t interval with df degrees (Handbook 6.5.2.2, 6.5.2.3).

    Examples
    --------
    >>> round(float(se_from_ci_t(-3.4, -2.0, 0.95, 102)), 3)
    0.353
    """
    tail = (1 - np.asarray(level, float)) / 2
    return np.asarray(np.subtract(high, low) / (-2 * special.stdtrit(np.asarray(df, float), tail)))


def se_of_change(se_baseline: ArrayLike, se_final: ArrayLike, correlation: ArrayLike) -> Array:
    """Standard error of final minus baseline in the same people (Handbook 6.5.2.8).

    Examples
    --------
    >>> round(float(se_of_change(3.0, 4.0, 0.5)), 3)
    3.606
    """
    a, b, r = (np.asarray(x, float) for x in (se_baseline, se_final, correlation))
    return np.asarray(np.sqrt(a**2 + b**2 - 2 * r * a * b))


def se_of_difference(se_first: ArrayLike, se_second: ArrayLike) -> Array:
    """Standard error of a difference of independent figures.

    Examples
    --------
    >>> float(se_of_difference(3.0, 4.0))
    5.0
    """
    return np.hypot(se_first, se_second)


def log_ratio(first: ArrayLike, second: ArrayLike) -> Array:
    """Logarithm of first over second.

    Examples
    --------
    >>> round(float(log_ratio(59.9, 102.0)), 4)
    -0.5323
    """
    return np.log(np.divide(first, second))


def se_log_ratio_of_means(
    se_first: ArrayLike, mean_first: ArrayLike, se_second: ArrayLike, mean_second: ArrayLike
) -> Array:
    """Standard error of a log ratio of two independent means (Hedges 1999, eq. 1).

    Examples
    --------
    >>> round(float(se_log_ratio_of_means(0.5, 3.7, 5.6, 29.8)), 4)
    0.2315
    """
    return np.hypot(np.divide(se_first, mean_first), np.divide(se_second, mean_second))


def se_log_ratio_of_paired_means(
    se_first: ArrayLike,
    mean_first: ArrayLike,
    se_second: ArrayLike,
    mean_second: ArrayLike,
    correlation: ArrayLike,
) -> Array:
    """Standard error of a log ratio of two means of the same people (delta method).

    Examples
    --------
    >>> round(float(se_log_ratio_of_paired_means(3.6, 59.9, 5.7, 102.0, 0.5)), 4)
    0.0581
    """
    return se_of_change(
        np.divide(se_first, mean_first), np.divide(se_second, mean_second), correlation
    )


def log_ratio_from_percent_change(percent: ArrayLike) -> Array:
    """Logarithm of the ratio that a percent change stands for.

    Examples
    --------
    >>> round(float(log_ratio_from_percent_change(-50.0)), 4)
    -0.6931
    """
    return np.log1p(np.asarray(percent, float) / 100)


def se_log_ratio_from_percent_change(se_percent: ArrayLike, percent: ArrayLike) -> Array:
    """Standard error of that logarithm (delta method).

    Examples
    --------
    >>> round(float(se_log_ratio_from_percent_change(6.93, -38.0)), 4)
    0.1118
    """
    return np.asarray(np.divide(se_percent, 100 + np.asarray(percent, float)))


def log_ratio_of_percent_changes(first: ArrayLike, second: ArrayLike) -> Array:
    """Log ratio of two arms that changed by so many percent from alike baselines.

    Examples
    --------
    >>> round(float(log_ratio_of_percent_changes(-50.0, 81.0)), 4)
    -1.2865
    """
    return np.asarray(np.log1p(np.divide(first, 100)) - np.log1p(np.divide(second, 100)))


def percent_of_own_baseline(final: ArrayLike, baseline: ArrayLike) -> Array:
    """Change of an arm's mean in percent of that mean at baseline.

    Examples
    --------
    >>> round(float(percent_of_own_baseline(1.102, 1.121)), 3)
    -1.695
    """
    return np.asarray(100 * (np.divide(final, baseline) - 1))


def percent_of_common_baseline(
    final_treatment: ArrayLike,
    baseline_treatment: ArrayLike,
    final_control: ArrayLike,
    baseline_control: ArrayLike,
) -> Array:
    """Difference of two arms' changes in percent of the middle of both means at baseline.

    Examples
    --------
    >>> round(float(percent_of_common_baseline(1.102, 1.121, 1.189, 1.180)), 3)
    -2.434
    """
    change = difference_of_changes(
        final_treatment, baseline_treatment, final_control, baseline_control
    )
    return np.asarray(200 * change / np.add(baseline_treatment, baseline_control))


def relative_se(se: ArrayLike, mean: ArrayLike) -> Array:
    """Standard error of the logarithm of a mean (delta method).

    Examples
    --------
    >>> float(relative_se(2.0, 10.0))
    0.2
    """
    return np.divide(se, mean)


def combined_n(n_first: ArrayLike, n_second: ArrayLike) -> Array:
    """Size of two arms counted together."""
    return np.add(n_first, n_second)


def combined_mean(
    n_first: ArrayLike, mean_first: ArrayLike, n_second: ArrayLike, mean_second: ArrayLike
) -> Array:
    """Mean of two arms counted together (Cochrane Handbook, table 6.5.a).

    Examples
    --------
    >>> float(combined_mean(10, 2.0, 30, 4.0))
    3.5
    """
    n, m = np.asarray(n_first, float), np.asarray(n_second, float)
    return np.asarray((n * np.asarray(mean_first) + m * np.asarray(mean_second)) / (n + m))


def combined_se(
    n_first: ArrayLike,
    mean_first: ArrayLike,
    se_first: ArrayLike,
    n_second: ArrayLike,
    mean_second: ArrayLike,
    se_second: ArrayLike,
) -> Array:
    """Standard error of the mean of two arms counted together (Handbook, table 6.5.a).

    Examples
    --------
    >>> round(float(combined_se(10, 2.0, 0.5, 30, 2.0, 0.25)), 4)
    0.222
    """
    n, m = np.asarray(n_first, float), np.asarray(n_second, float)
    s, t = np.asarray(se_first) * np.sqrt(n), np.asarray(se_second) * np.sqrt(m)
    apart = n * m / (n + m) * (np.asarray(mean_first) - np.asarray(mean_second)) ** 2
    variance = ((n - 1) * s**2 + (m - 1) * t**2 + apart) / (n + m - 1)
    return np.asarray(np.sqrt(variance / (n + m)))


def weighted_mean(
    first: ArrayLike, se_first: ArrayLike, second: ArrayLike, se_second: ArrayLike
) -> Array:
    """Mean of two independent estimates, each weighted by the inverse of its variance.

    Examples
    --------
    >>> float(weighted_mean(1.0, 1.0, 3.0, 1.0))
    2.0
    """
    w, u = np.asarray(se_first, float) ** -2, np.asarray(se_second, float) ** -2
    return np.asarray((w * np.asarray(first) + u * np.asarray(second)) / (w + u))


def se_of_weighted_mean(se_first: ArrayLike, se_second: ArrayLike) -> Array:
    """Standard error of that mean.

    Examples
    --------
    >>> round(float(se_of_weighted_mean(1.0, 1.0)), 4)
    0.7071
    """
    w, u = np.asarray(se_first, float) ** -2, np.asarray(se_second, float) ** -2
    return np.asarray((w + u) ** -0.5)


def negative(value: ArrayLike) -> Array:
    """The same figure with its sign turned: the arms were printed the other way round."""
    return np.negative(value)


def logarithm(value: ArrayLike) -> Array:
    """Natural logarithm."""
    return np.log(value)


def convert_unit(value: ArrayLike, factor: ArrayLike) -> Array:
    """A figure in another unit: value times factor."""
    return np.multiply(value, factor)
