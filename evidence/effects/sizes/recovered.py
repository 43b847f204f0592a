"""What a user's table lacks, from what it has: SDs, standardized differences, counts, joined arms.

For study files the same rules stand in :mod:`evidence.effects.recover`, one figure at a time and
with a trace; here they take columns.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from evidence.effects.sizes.correction import Array, exact_factor
from evidence.effects.sizes.wald import refuse
from evidence.errors import EffectError, Problem


def sd_of_group(
    n: ArrayLike,
    *,
    std_error: ArrayLike | None = None,
    ci_low: ArrayLike | None = None,
    ci_high: ArrayLike | None = None,
    level: ArrayLike = 0.95,
    normal: bool = False,
) -> Array:
    """SD of one group from the standard error, or from the interval, of its mean.

    Parameters
    ----------
    n : array_like, shape (k,)
        Size of the group.
    std_error, ci_low, ci_high : array_like, shape (k,)
        As printed; NaN where it was not. The standard error goes first.
    level : array_like, shape (k,) or ()
        Confidence level, a fraction.
    normal : bool
        Whether the interval used the normal distribution; by default t with n - 1 df.

    Returns
    -------
    ndarray, shape (k,)
        NaN where too little was printed.

    Raises
    ------
    EffectError
        For n below 2, a negative standard error, ends out of order, or nothing to work from.

    Notes
    -----
    Cochrane Handbook 6.5.2.2, with whose example the doctest agrees (there 5.09).

    Examples
    --------
    >>> sd_of_group([25], ci_low=[30.0], ci_high=[34.2]).round(2)
    array([5.09])
    """
    f = _columns(
        {"n": n, "std_error": std_error, "ci_low": ci_low, "ci_high": ci_high, "level": level}
    )
    if std_error is None and (ci_low is None or ci_high is None):
        right = "std_error, or ci_low with ci_high"
        raise EffectError(
            "an SD needs something to come from", [Problem("arguments", "n alone", right)]
        )
    _refuse(
        {
            "n": (f["n"] < 2, "at least 2"),
            "std_error": (f["std_error"] < 0, "not negative"),
            "ci_low, ci_high": (f["ci_low"] > f["ci_high"], "low <= high"),
            "level": ((f["level"] <= 0) | (f["level"] >= 1), "a fraction between 0 and 1"),
        }
    )
    tail = (1 - f["level"]) / 2
    critical = stats.norm.isf(tail) if normal else stats.t.isf(tail, f["n"] - 1)
    by_interval = (f["ci_high"] - f["ci_low"]) / (2 * critical)
    se = np.where(np.isnan(f["std_error"]), by_interval, f["std_error"])
    return np.asarray(se * np.sqrt(f["n"]))


def pooled_sd_from_test(
    difference: ArrayLike,
    n1: ArrayLike,
    n2: ArrayLike,
    *,
    t: ArrayLike | None = None,
    f: ArrayLike | None = None,
    p: ArrayLike | None = None,
    std_error: ArrayLike | None = None,
) -> Array:
    """Common SD of two groups from the difference of their means and how it was tested.

    Parameters
    ----------
    difference, n1, n2 : array_like, shape (k,)
        Difference of the means, and the sizes.
    t, f, p, std_error : array_like, shape (k,)
        t of the two-sample test, F with 1 df above (its square), the two-sided P of either, or
        the standard error of the difference; the first that a row has is used, in the order
        std_error, t, f, p.

    Returns
    -------
    ndarray, shape (k,)
        NaN where too little was printed, or where a difference of 0 or a t of 0 says nothing
        about the SD.

    Raises
    ------
    EffectError
        For n below 1 or n1 + n2 below 3, F below 0, P outside (0, 1), or nothing to work from.

    Notes
    -----
    Cochrane Handbook 6.5.2.3, whose example (difference 3.8, P = 0.008, 25 and 22 people) the
    doctest is; with its rounded steps it says 4.69.

    Examples
    --------
    >>> pooled_sd_from_test([3.8], [25], [22], p=[0.008]).round(2)
    array([4.68])
    """
    c = _columns(
        {"difference": difference, "n1": n1, "n2": n2, "t": t, "f": f, "p": p, "se": std_error}
    )
    with np.errstate(divide="ignore", invalid="ignore"):
        se = np.abs(c["difference"]) / _absolute_t(c, also=("se",))
        se = np.where(np.isfinite(c["se"]), c["se"], se)
        sd = se / np.sqrt(1 / c["n1"] + 1 / c["n2"])
    return np.asarray(np.where(np.isfinite(sd) & (sd > 0), sd, np.nan))


def smd_from_test(
    n1: ArrayLike,
    n2: ArrayLike,
    *,
    t: ArrayLike | None = None,
    f: ArrayLike | None = None,
    p: ArrayLike | None = None,
    sign: ArrayLike | None = None,
    correct: bool = True,
) -> pd.DataFrame:
    """Standardized mean difference from the statistic or the P of a two-sample t test.

    Parameters
    ----------
    n1, n2 : array_like, shape (k,)
        Sizes of the groups.
    t, f, p : array_like, shape (k,)
        t with its sign, F with 1 df above, or the two-sided P of either; the first that a row
        has is used.
    sign : array_like, shape (k,)
        1 or -1: which way the difference went. Needed for rows of F or P, which do not tell.
    correct : bool
        Whether to apply Hedges' exact small-sample factor.

    Returns
    -------
    DataFrame
        ``estimate`` and ``variance`` (large sample, Hedges 1982, as measure SMD); NaN where too
        little was printed.

    Raises
    ------
    EffectError
        For n below 1 or n1 + n2 below 3, F below 0, P outside (0, 1), a sign that is not 1 or
        -1 or is missing, or nothing to work from.

    Notes
    -----
    d = t √(1/n1 + 1/n2), Cooper, Hedges & Valentine (2009), table 12.1. Checked against
    ``effect_sizes(measure="SMD")`` of the means and SDs behind t.

    Examples
    --------
    >>> smd_from_test([25], [22], p=[0.008], sign=[1]).round(3).to_dict("records")
    [{'estimate': 0.798, 'variance': 0.092}]
    """
    c = _columns({"n1": n1, "n2": n2, "t": t, "f": f, "p": p, "sign": sign})
    size = _absolute_t(c)
    blind = np.isnan(c["t"]) & np.isfinite(size)
    _refuse(
        {
            "sign": (
                (np.isfinite(c["sign"]) & (np.abs(c["sign"]) != 1)) | (blind & np.isnan(c["sign"])),
                "1 or -1 wherever F or P is used, which do not tell the direction",
            ),
            "t, sign": (
                np.isfinite(c["t"]) & (c["t"] * c["sign"] < 0),
                "the same direction in both, or no sign",
            ),
        }
    )
    signed = np.where(np.isfinite(c["t"]), c["t"], c["sign"] * size)
    d = signed * np.sqrt(1 / c["n1"] + 1 / c["n2"])
    if correct:
        d = d * exact_factor(c["n1"] + c["n2"] - 2)
    variance = 1 / c["n1"] + 1 / c["n2"] + d**2 / (2 * (c["n1"] + c["n2"]))
    return pd.DataFrame({"estimate": d, "variance": np.where(np.isfinite(d), variance, np.nan)})


def combine_groups(
    n1: ArrayLike, mean1: ArrayLike, sd1: ArrayLike, n2: ArrayLike, mean2: ArrayLike, sd2: ArrayLike
) -> pd.DataFrame:
    """Two groups as one, so that a trial with two like arms gives one comparison.

    Parameters
    ----------
    n1, mean1, sd1, n2, mean2, sd2 : array_like, shape (k,)
        Sizes, means and SDs.

    Returns
    -------
    DataFrame
        ``n``, ``mean`` and ``sd`` of the joined group, as if all its values had been seen; NaN
        where a figure is.

    Raises
    ------
    EffectError
        For n below 1 or an SD below 0.

    Notes
    -----
    Cochrane Handbook table 6.5.a. Checked against the mean and SD of simulated values.

    Examples
    --------
    >>> combine_groups([10], [2.0], [1.0], [20], [5.0], [1.5]).round(3).to_dict("records")
    [{'n': 30.0, 'mean': 4.0, 'sd': 1.963}]
    """
    c = _columns({"n1": n1, "mean1": mean1, "sd1": sd1, "n2": n2, "mean2": mean2, "sd2": sd2})
    _refuse(
        {
            "n1": (c["n1"] < 1, "at least 1"),
            "n2": (c["n2"] < 1, "at least 1"),
            "sd1": (c["sd1"] < 0, "not negative"),
            "sd2": (c["sd2"] < 0, "not negative"),
        }
    )
    n = c["n1"] + c["n2"]
    mean = (c["n1"] * c["mean1"] + c["n2"] * c["mean2"]) / n
    within = (c["n1"] - 1) * c["sd1"] ** 2 + (c["n2"] - 1) * c["sd2"] ** 2
    between = c["n1"] * c["n2"] / n * (c["mean1"] - c["mean2"]) ** 2
    with np.errstate(divide="ignore", invalid="ignore"):
        sd = np.where(n > 1, np.sqrt((within + between) / (n - 1)), np.nan)
    return pd.DataFrame({"n": n, "mean": mean, "sd": sd})


def events_from_percent(
    percent: ArrayLike, n: ArrayLike, *, decimals: ArrayLike = 0
) -> pd.DataFrame:
    """Counts that print as the percentages a page gave.

    Parameters
    ----------
    percent : array_like, shape (k,)
        As printed.
    n : array_like, shape (k,)
        People the percentage is of.
    decimals : array_like of int, shape (k,) or ()
        Decimals that were printed.

    Returns
    -------
    DataFrame
        ``events`` (nearest whole number), ``fewest`` and ``most`` (the counts that round to what
        was printed; None where no count does) and ``exact`` (whether only one count does).

    Raises
    ------
    EffectError
        For a percentage outside [0, 100], n below 1, or decimals below 0.

    Examples
    --------
    >>> events_from_percent([2.8, 33], [3092, 12], decimals=[1, 0]).to_dict("list")
    {'events': [87, 4], 'fewest': [86, 4], 'most': [88, 4], 'exact': [False, True]}
    """
    c = _columns({"percent": percent, "n": n, "decimals": decimals})
    _refuse(
        {
            "percent": ((c["percent"] < 0) | (c["percent"] > 100), "between 0 and 100"),
            "n": (c["n"] < 1, "at least 1"),
            "decimals": (c["decimals"] < 0, "0 or more"),
        }
    )
    rows = zip(c["percent"], c["n"], c["decimals"], strict=True)
    return pd.DataFrame([_counts(*row) for row in rows])


def _counts(percent: float, n: float, decimals: float) -> dict[str, object]:
    if not np.isfinite(percent + n + decimals):
        return {"events": None, "fewest": None, "most": None, "exact": None}
    half = 0.5 * 10.0**-decimals
    # The slack keeps a count that lies on the edge itself, whichever way it was rounded.
    slack = 1e-9 * n
    fewest = max(0, int(np.ceil((percent - half) * n / 100 - slack)))
    most = min(int(n), int(np.floor((percent + half) * n / 100 + slack)))
    nearest = int(np.rint(percent * n / 100))
    possible = fewest <= most
    return {
        "events": nearest,
        "fewest": fewest if possible else None,
        "most": most if possible else None,
        "exact": fewest == most if possible else False,
    }


def _absolute_t(c: Mapping[str, Array], also: tuple[str, ...] = ()) -> Array:
    """|t| from t, F or P, whichever comes first; NaN where a row has none."""
    if all(np.all(np.isnan(c[name])) for name in ("t", "f", "p", *also)):
        right = "one of " + ", ".join(("t", "f", "p", *(["std_error"] if also else [])))
        raise EffectError("there is no test to work from", [Problem("arguments", "none", right)])
    _refuse(
        {
            "n1": (c["n1"] < 1, "at least 1"),
            "n2": (c["n2"] < 1, "at least 1"),
            "n1 + n2": (c["n1"] + c["n2"] < 3, "at least 3"),
            "f": (c["f"] < 0, "0 or more"),
            "p": ((c["p"] <= 0) | (c["p"] > 1), "above 0 and at most 1"),
            "std_error": (c["se"] <= 0 if "se" in c else np.zeros(1, bool), "above 0"),
        }
    )
    by_p = stats.t.isf(c["p"] / 2, c["n1"] + c["n2"] - 2)
    size = np.where(np.isfinite(c["t"]), np.abs(c["t"]), np.sqrt(c["f"]))
    return np.asarray(np.where(np.isfinite(size), size, by_p))


def _columns(given: Mapping[str, ArrayLike | None]) -> dict[str, Array]:
    try:
        known = {n: np.asarray(x, dtype=np.float64) for n, x in given.items() if x is not None}
    except (TypeError, ValueError, OverflowError):
        problem = Problem("arguments", "hold what is no number", "numbers, NaN where none is")
        raise EffectError("the figures are not numbers", [problem]) from None
    bad = {n: (np.isinf(x), "finite numbers, NaN where none is") for n, x in known.items()}
    _refuse(bad)
    flat = [Problem(n, f"shape {x.shape}", "(k,)") for n, x in known.items() if x.ndim > 1]
    if flat:
        raise EffectError("the figures are not columns", flat)
    try:
        shape = np.broadcast_shapes((1,), *(x.shape for x in known.values()))
    except ValueError:
        shapes = ", ".join(f"{name} {x.shape}" for name, x in known.items())
        problem = Problem("arguments", shapes, "give all the same length")
        raise EffectError("the figures do not pair up", [problem]) from None
    return {n: np.broadcast_to(known.get(n, np.asarray(np.nan)), shape) for n in given}


def _refuse(checks: Mapping[str, tuple[NDArray[np.bool_], str]]) -> None:
    refuse(checks, "a figure is impossible")
