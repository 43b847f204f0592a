"""Rules on events among totals: plain functions of floats and arrays, as in ``recover``."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]


def log_risk_ratio(
    events_first: ArrayLike,
    total_first: ArrayLike,
    events_second: ArrayLike,
    total_second: ArrayLike,
) -> Array:
    """Log risk ratio; half an event (and one person) is added to each arm where one has none.

    Examples
    --------
    >>> round(float(log_risk_ratio(11, 1920, 15, 1944)), 4)
    -0.2977
    """
    a, n, c, m = _with_half(events_first, total_first, events_second, total_second)
    return np.asarray(np.log(a / n) - np.log(c / m))


def se_log_risk_ratio(
    events_first: ArrayLike,
    total_first: ArrayLike,
    events_second: ArrayLike,
    total_second: ArrayLike,
) -> Array:
    """Standard error of a log risk ratio (Katz 1978).

    Examples
    --------
    >>> round(float(se_log_risk_ratio(11, 1920, 15, 1944)), 4)
    0.3957
    """
    a, n, c, m = _with_half(events_first, total_first, events_second, total_second)
    return np.asarray(np.sqrt(1 / a - 1 / n + 1 / c - 1 / m))


def log_odds_ratio(
    events_first: ArrayLike,
    total_first: ArrayLike,
    events_second: ArrayLike,
    total_second: ArrayLike,
) -> Array:
    """Log odds ratio; half is added to each of the four cells where one is empty.

    Examples
    --------
    >>> round(float(log_odds_ratio(93, 1449, 84, 1489)), 4)
    0.1373
    """
    a, n, c, m = _with_half(events_first, total_first, events_second, total_second)
    return np.asarray(np.log(a / (n - a)) - np.log(c / (m - c)))


def se_log_odds_ratio(
    events_first: ArrayLike,
    total_first: ArrayLike,
    events_second: ArrayLike,
    total_second: ArrayLike,
) -> Array:
    """Standard error of a log odds ratio (Woolf).

    Examples
    --------
    >>> round(float(se_log_odds_ratio(93, 1449, 84, 1489)), 4)
    0.1553
    """
    a, n, c, m = _with_half(events_first, total_first, events_second, total_second)
    return np.asarray(np.sqrt(1 / a + 1 / (n - a) + 1 / c + 1 / (m - c)))


def log_odds(events: ArrayLike, total: ArrayLike) -> Array:
    """Log odds of one group; half is added to both cells where one is empty.

    Examples
    --------
    >>> round(float(log_odds(18, 21)), 4)
    1.7918
    """
    a, b = _two_cells(events, total)
    return np.asarray(np.log(a / b))


def se_log_odds(events: ArrayLike, total: ArrayLike) -> Array:
    """Standard error of the log odds of one group.

    Examples
    --------
    >>> round(float(se_log_odds(18, 21)), 4)
    0.6236
    """
    a, b = _two_cells(events, total)
    return np.asarray(np.sqrt(1 / a + 1 / b))


def log_odds_of_percent(percent: ArrayLike) -> Array:
    """Log odds that a percentage stands for.

    Examples
    --------
    >>> float(log_odds_of_percent(50.0))
    0.0
    """
    p = np.asarray(percent, float) / 100
    return np.asarray(np.log(p) - np.log1p(-p))


def _two_cells(events: ArrayLike, total: ArrayLike) -> tuple[Array, Array]:
    a, n = np.asarray(events, float), np.asarray(total, float)
    empty = 0.5 * ((a == 0) | (a == n))
    return a + empty, n - a + empty


def _with_half(*table: ArrayLike) -> tuple[Array, Array, Array, Array]:
    a, n, c, m = (np.asarray(x, float) for x in table)
    empty = (a == 0) | (c == 0) | (a == n) | (c == m)
    return a + 0.5 * empty, n + empty, c + 0.5 * empty, m + empty


def events_from_percent_nearest(percent: ArrayLike, total: ArrayLike) -> Array:
    """Whole number of events nearest to a printed percentage.

    Examples
    --------
    >>> float(events_from_percent_nearest(2.8, 3092))
    87.0
    """
    return np.asarray(np.rint(np.asarray(percent, float) * np.asarray(total, float) / 100))


def events_from_percent_fewest(percent: ArrayLike, total: ArrayLike) -> Array:
    """Fewest events that print as the percentage with its one decimal.

    Examples
    --------
    >>> float(events_from_percent_fewest(2.8, 3092))
    86.0
    """
    bound = (np.asarray(percent, float) - 0.05) * np.asarray(total, float) / 100
    return np.asarray(np.maximum(np.ceil(bound - 1e-9), 0.0))


def events_from_percent_most(percent: ArrayLike, total: ArrayLike) -> Array:
    """Most events that print as the percentage with its one decimal.

    Examples
    --------
    >>> float(events_from_percent_most(2.8, 3092))
    88.0
    """
    bound = (np.asarray(percent, float) + 0.05) * np.asarray(total, float) / 100
    return np.asarray(np.minimum(np.ceil(bound - 1e-9) - 1, total))
