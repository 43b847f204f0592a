"""Tests of funnel asymmetry for two-by-two tables, where effect and standard error correlate."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import pandas as pd
from scipy import special, stats

from evidence.catalog.display import html_of_text
from evidence.errors import FitError, Problem, check_kind
from evidence.models.bias.checks import LEAST, Array, check_choice, warn_if_few
from evidence.models.bias.kernels_lines import design, mixed_line, weighted_line

EventTest = Literal[
    "egger", "thompson", "begg", "harbord", "peters", "schwarzer", "deeks", "macaskill"
]
EventScale = Literal["odds_ratio", "arcsine"]
EVENT_TESTS, EVENT_SCALES = get_args(EventTest), get_args(EventScale)
_ON_ARCSINE = ("egger", "thompson", "begg")
COLUMNS = ("events_treatment", "total_treatment", "events_control", "total_control")


@dataclass(frozen=True, slots=True)
class EventAsymmetry:
    """Answer of ``events_asymmetry``: the slope or the rank score, its error and its test.

    ``df`` is infinite where the test is normal.
    """

    method: str
    k: int
    scale: str
    bias: float
    std_error: float
    statistic: float
    df: float
    p: float

    _repr_html_ = html_of_text

    def __str__(self) -> str:
        test = "z" if np.isinf(self.df) else f"t({self.df:g})"
        effects = {"odds_ratio": "odds ratios", "arcsine": "arcsine differences"}[self.scale]
        return (
            f"Funnel asymmetry of {effects} ({self.method.title()}), {self.k} studies: "
            f"{test} = {self.statistic:.3g}, p = {self.p:.3g}"
        )


def events_asymmetry(
    frame: pd.DataFrame, *, method: EventTest = "harbord", scale: EventScale = "odds_ratio"
) -> EventAsymmetry:
    """Test the funnel of two-by-two tables for asymmetry, from counts.

    Parameters
    ----------
    frame : DataFrame
        Columns events_treatment, total_treatment, events_control, total_control.
    method : str
        Log odds ratio on: "egger" its standard error; "thompson" the same with an additive tau2
        (REML; Thompson and Sharp 1999); "peters" 1/n weighted by events and non-events (Peters et
        al. 2006); "macaskill" n, inverse variance (Macaskill et al. 2001); "deeks" the root of the
        inverse effective size (Deeks et al. 2005). "harbord": score on its root information
        (Harbord et al. 2006). Rank correlations: "begg" (1994), "schwarzer" (2007), whose
        expectations and variances are hypergeometric at the Mantel-Haenszel odds ratio.
        Half a count is added to tables with an empty cell where a log odds ratio is needed.
    scale : {"odds_ratio", "arcsine"}
        "arcsine": "egger", "thompson" and "begg" take differences of asin(sqrt(risk)), whose
        variance 1/(4 n1) + 1/(4 n2) knows nothing of the effect (Rücker et al. 2008).

    Raises
    ------
    FitError
        Fewer than 3 tables, impossible counts, an unknown method, no Mantel-Haenszel odds ratio.

    Warns
    -----
    FewStudiesWarning
        Below 10 studies.

    Notes
    -----
    Checked against meta ``metabias``.

    Examples
    --------
    >>> a, c = [4, 6, 3, 62, 33, 18, 8, 5, 29, 17], [11, 29, 11, 248, 47, 36, 10, 6, 45, 65]
    >>> n = [200, 300, 230, 9000, 5000, 1500, 2500, 7000, 7400, 1700]
    >>> frame = pd.DataFrame(dict(zip(COLUMNS, [a, n, c, n])))
    >>> events_asymmetry(frame, method="peters").df
    8.0
    """
    check_kind("frame", frame, pd.DataFrame, FitError)
    check_choice("method", method, EVENT_TESTS)
    check_choice("scale", scale, EVENT_SCALES)
    if scale == "arcsine" and method not in _ON_ARCSINE:
        right = "one of " + ", ".join(repr(name) for name in _ON_ARCSINE)
        problem = Problem("method", f"{method!r} is a test of odds ratios", right)
        raise FitError("no such test of arcsine differences", [problem])
    a, n1, c, n2 = _counts(frame)
    warn_if_few(len(a), "a test of funnel asymmetry")
    if method == "schwarzer":
        return _ranked(method, *_hypergeometric(a, n1, c, n2))
    n, m = n1 + n2, a + c
    if method == "harbord":
        info = n1 * n2 * m * (n - m) / (n**2 * (n - 1.0))
        if np.any(info <= 0):
            right = "leave out tables without events, or with events alone"
            raise FitError("no score", [Problem("frame", "a table tells nothing", right)])
        return _sloped(method, (a - m * n1 / n) / info, info**-0.5, info)
    y, v = _log_odds(a, n1, c, n2) if scale == "odds_ratio" else _arcsine(a, n1, c, n2)
    if method == "begg":
        w = 1.0 / v
        z = (y - (w * y).sum() / w.sum()) / np.sqrt(v - 1 / w.sum())
        return _ranked(method, z, v, scale)
    if method == "thompson":
        line, df = mixed_line(y, design(np.sqrt(v)), v, "reml"), float(len(y) - 2)
        b, error = float(line.coefficients[1]), float(line.std_errors[1])
        return _tested(method, len(y), b, error, df, scale)
    if method == "peters":
        if np.any((m == 0) | (m == n)):
            right = "leave out tables without events, or with events alone"
            raise FitError("no weight", [Problem("frame", "a table tells nothing", right)])
        return _sloped(method, y, 1.0 / n, m * (n - m) / n)
    size = 4.0 * n1 * n2 / n
    ways = {"egger": (np.sqrt(v), 1 / v), "macaskill": (n, 1 / v), "deeks": (size**-0.5, size)}
    return _sloped(method, y, *ways[method], scale)


def _counts(frame: pd.DataFrame) -> tuple[Array, Array, Array, Array]:
    missing = [name for name in COLUMNS if name not in frame]
    if missing:
        right = "columns: " + ", ".join(COLUMNS)
        raise FitError("columns are missing", [Problem("frame", f"no {missing}", right)])
    if len(frame) < LEAST:
        problem = Problem("frame", f"{len(frame)} tables", f"at least {LEAST}")
        raise FitError("too few tables for a test of asymmetry", [problem])
    try:
        a, n1, c, n2 = (frame[name].to_numpy(dtype=np.float64) for name in COLUMNS)
    except (TypeError, ValueError) as error:
        problem = Problem("frame", str(error), "whole numbers")
        raise FitError("the counts are not numbers", [problem]) from None
    for x, n, name in ((a, n1, COLUMNS[0]), (c, n2, COLUMNS[2])):
        if not np.all((x >= 0) & (x <= n) & (n > 0) & (x == np.round(x)) & (n == np.round(n))):
            problem = Problem(name, "is impossible", "whole numbers from 0 to the arm's total")
            raise FitError("the counts are not right", [problem])
    return a, n1, c, n2


def _log_odds(a: Array, n1: Array, c: Array, n2: Array) -> tuple[Array, Array]:
    b, d = n1 - a, n2 - c
    half = np.where((a == 0) | (b == 0) | (c == 0) | (d == 0), 0.5, 0.0)
    a, b, c, d = a + half, b + half, c + half, d + half
    return np.log(a * d / (b * c)), 1 / a + 1 / b + 1 / c + 1 / d


def _arcsine(a: Array, n1: Array, c: Array, n2: Array) -> tuple[Array, Array]:
    y = np.arcsin(np.sqrt(a / n1)) - np.arcsin(np.sqrt(c / n2))
    return np.asarray(y), 0.25 / n1 + 0.25 / n2


def _hypergeometric(a: Array, n1: Array, c: Array, n2: Array) -> tuple[Array, Array]:
    """Standardised events and inverse variances at the Mantel-Haenszel odds ratio."""
    n = n1 + n2
    top, bottom = (a * (n2 - c) / n).sum(), (c * (n1 - a) / n).sum()
    if top == 0 or bottom == 0:
        problem = Problem("frame", "an arm has no events in any table", "no odds ratio exists")
        raise FitError("the Mantel-Haenszel odds ratio is 0 or infinite", [problem])
    z, inverse = [], []
    for x, size, m, total in zip(a, n1, a + c, n, strict=True):
        law = stats.nchypergeom_fisher(int(total), int(size), int(m), float(top / bottom))
        mean, variance = float(law.mean()), float(law.var())
        if variance <= 0:
            problem = Problem("frame", "a table tells nothing", "leave it out")
            raise FitError("no variance", [problem])
        z.append((x - mean) / variance**0.5)
        inverse.append(1.0 / variance)
    return np.array(z), np.array(inverse)


def _ranked(method: str, z: Array, v: Array, scale: str = "odds_ratio") -> EventAsymmetry:
    """Kendall's score; its variance allows for ties (Kendall 1970)."""
    k = len(z)
    score = float(np.triu(np.sign(np.subtract.outer(z, z) * np.subtract.outer(v, v)), 1).sum())
    ties = [np.unique(x, return_counts=True)[1].astype(float) for x in (z, v)]
    full = k * (k - 1.0) * (2 * k + 5)
    spread = full - sum(float((t * (t - 1) * (2 * t + 5)).sum()) for t in ties)
    threes = [float((t * (t - 1) * (t - 2)).sum()) for t in ties]
    twos = [float((t * (t - 1)).sum()) for t in ties]
    variance = spread / 18 + threes[0] * threes[1] / (9.0 * k * (k - 1) * (k - 2))
    variance += twos[0] * twos[1] / (2.0 * k * (k - 1))
    if variance <= 0:
        problem = Problem("frame", "all values are equal", "ranks need studies that differ")
        raise FitError("no rank correlation", [problem])
    return _tested(method, k, score, variance**0.5, np.inf, scale)


def _sloped(method: str, y: Array, x: Array, w: Array, scale: str = "odds_ratio") -> EventAsymmetry:
    line = weighted_line(y, design(x), w, dispersion=True)
    bias, error = float(line.coefficients[1]), float(line.std_errors[1])
    return _tested(method, len(y), bias, error, float(len(y) - 2), scale)


def _tested(
    method: str, k: int, bias: float, error: float, df: float, scale: str
) -> EventAsymmetry:
    if not error > 0:
        problem = Problem("frame", "the studies lie on the line", "more studies")
        raise FitError("the dispersion is estimated at 0, so there is no test", [problem])
    z = bias / error
    p = special.ndtr(-abs(z)) if np.isinf(df) else special.stdtr(df, -abs(z))
    return EventAsymmetry(method, k, scale, bias, error, z, df, 2.0 * float(p))
