"""Estimate and sampling variance from a printed estimate with its interval, statistic or P."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import norm, t

from evidence.effects.sizes.correction import Array, Effect
from evidence.errors import EffectError, Problem


def from_wald(
    *,
    estimate: ArrayLike | None = None,
    low: ArrayLike | None = None,
    high: ArrayLike | None = None,
    level: ArrayLike = 0.95,
    statistic: ArrayLike | None = None,
    p: ArrayLike | None = None,
    df: ArrayLike | None = None,
    log: bool = False,
) -> Effect:
    """Turn what was printed beside an estimate into its variance.

    The interval comes first, then the statistic, then P; with no estimate, the middle of the
    interval stands for it. All is symmetric on the analysis scale (Wald).

    Parameters
    ----------
    estimate, low, high : array_like, shape (k,)
        As printed; NaN where it was not. Ratios with ``log=True``.
    level : array_like, shape (k,) or ()
        Confidence level, a fraction.
    statistic : array_like, shape (k,)
        z, or t with ``df``.
    p : array_like, shape (k,)
        Two-sided.
    df : array_like, shape (k,)
        Degrees of freedom where t was used; NaN or None means the normal distribution.
    log : bool
        Whether the figures are ratios: their logarithms are analysed.

    Returns
    -------
    y, v : ndarray, shape (k,)
        On the analysis scale; NaN where too little was printed.

    Raises
    ------
    EffectError
        For ends out of order, a level or P outside (0, 1), or a ratio not above 0.

    Examples
    --------
    >>> y, v = from_wald(estimate=[1.37], low=[1.03], high=[1.82], log=True)
    >>> y.round(4), v.round(5)
    (array([0.3148]), array([0.02109]))
    """
    given = {
        "estimate": estimate, "low": low, "high": high, "level": level, "statistic": statistic,
        "p": p, "df": df,
    }  # fmt: skip
    f = _arrays(given)
    _check(f, log)
    ends = {name: np.log(f[name]) if log else f[name] for name in ("estimate", "low", "high")}
    normal = ~np.isfinite(f["df"])
    df_or_one = np.where(normal, 1.0, f["df"])

    def critical(tail: Array) -> Array:
        return np.asarray(np.where(normal, norm.isf(tail), t.isf(tail, df_or_one)))

    y = np.where(np.isnan(ends["estimate"]), (ends["low"] + ends["high"]) / 2, ends["estimate"])
    with np.errstate(all="ignore"):
        by_interval = (ends["high"] - ends["low"]) / (2 * critical((1 - f["level"]) / 2))
        by_statistic = y / f["statistic"]
        by_p = y / critical(f["p"] / 2)
    s = np.where(np.isfinite(by_interval), by_interval, by_statistic)
    s = np.where(np.isfinite(s), s, by_p)
    return y, np.where(np.isfinite(s), s**2, np.nan)


def _arrays(given: Mapping[str, ArrayLike | None]) -> dict[str, Array]:
    try:
        known = {n: np.asarray(x, dtype=np.float64) for n, x in given.items() if x is not None}
    except (TypeError, ValueError, OverflowError) as error:
        problem = Problem("arguments", str(error), "numbers, NaN where none was printed")
        raise EffectError("the printed figures are not numbers", [problem]) from None
    try:
        shape = np.broadcast_shapes(*(x.shape for x in known.values()))
    except ValueError:
        shapes = ", ".join(f"{name} {x.shape}" for name, x in known.items())
        problem = Problem("arguments", shapes, "give all the same length")
        raise EffectError("the printed figures do not pair up", [problem]) from None
    return {n: np.broadcast_to(known.get(n, np.asarray(np.nan)), shape) for n in given}


def _check(f: Mapping[str, Array], log: bool) -> None:
    checks = {
        "low, high": (f["low"] > f["high"], "low <= high"),
        "level": ((f["level"] <= 0) | (f["level"] >= 1), "a fraction between 0 and 1"),
        "p": ((f["p"] <= 0) | (f["p"] >= 1), "between 0 and 1"),
        "df": (f["df"] <= 0, "above 0"),
    }
    if log:
        for name in ("estimate", "low", "high"):
            checks[name] = (f[name] <= 0, "above 0, because its logarithm is analysed")
    refuse(checks, "a printed figure is impossible")


def refuse(checks: Mapping[str, tuple[NDArray[np.bool_], str]], summary: str) -> None:
    """Refuse figures that cannot be, by name and row.

    Parameters
    ----------
    checks : mapping of name to (bad, right)
        Which rows are impossible, and what would be right.
    summary : str
        Head of the error.

    Raises
    ------
    EffectError
        If a row is marked.
    """
    found = [
        Problem(name, f"is impossible in row {', '.join(map(str, np.flatnonzero(bad) + 1))}", right)
        for name, (bad, right) in checks.items()
        if np.any(bad)
    ]
    if found:
        raise EffectError(summary, found)
