"""Mantel-Haenszel and Peto from counts, batched over leading axes; the last axis is the table.

A table of counts is (a, b; c, d): a of n1 = a + b under treatment had the event, c of n2 = c + d
under control. A table of rates is x1 events in t1 person-time and x2 in t2. Checked against
metafor ``rma.mh`` and ``rma.peto``.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import special

Array = NDArray[np.float64]


class Tables(NamedTuple):
    """Counts (a, b, c, d), each (..., k); for rates b and d are the person-times t1 and t2."""

    a: Array
    b: Array
    c: Array
    d: Array


class Pooled(NamedTuple):
    """Pooled estimate (log for ratios) and its variance, each (...)."""

    estimate: Array
    variance: Array


class ChiSquared(NamedTuple):
    """A chi-squared statistic (...), its degrees of freedom and p value."""

    statistic: Array
    df: Array
    p: Array


def add_to_cells(tables: Tables, amount: float, to: str, *, rates: bool = False) -> Tables:
    """Add an amount to the cells (of rates: to the events) of some tables.

    ``to``: "none", "zero_cells" (tables with a zero), "all_if_any_zero", "all".
    """
    a, b, c, d = tables
    zero = (a == 0) | (c == 0) if rates else (a == 0) | (b == 0) | (c == 0) | (d == 0)
    if to == "none":
        return tables
    if to == "zero_cells":
        more = np.where(zero, amount, 0.0)
    elif to == "all":
        more = np.full(a.shape, amount)
    else:
        more = np.broadcast_to(np.where(zero.any(-1, keepdims=True), amount, 0.0), a.shape)
    return Tables(a + more, b, c + more, d) if rates else Tables(*(x + more for x in tables))


def study_effects(tables: Tables, measure: str) -> tuple[Array, Array]:
    """Each table's own estimate and variance, NaN or infinite where it has none.

    Standard large-sample forms (Fleiss and Berlin 2009), Peto's as in Yusuf et al. 1985.
    """
    a, b, c, d = tables
    with np.errstate(divide="ignore", invalid="ignore"):
        if measure == "OR":
            return np.log(a * d) - np.log(b * c), 1 / a + 1 / b + 1 / c + 1 / d
        if measure == "IRR":
            return np.log(a / b) - np.log(c / d), 1 / a + 1 / c
        if measure == "IRD":
            return a / b - c / d, a / b**2 + c / d**2
        n1, n2 = a + b, c + d
        if measure == "RR":
            return np.log(a / n1) - np.log(c / n2), 1 / a - 1 / n1 + 1 / c - 1 / n2
        if measure == "RD":
            return a / n1 - c / n2, a * b / n1**3 + c * d / n2**3
        excess, variance = hypergeometric(tables)
        return excess / variance, 1 / variance


def hypergeometric(tables: Tables) -> tuple[Array, Array]:
    """Events under treatment beyond those expected with all margins fixed, and their variance."""
    a, b, c, d = tables
    n1, n2, events, none = a + b, c + d, a + c, b + d
    n = n1 + n2
    variance = events * none * (n1 / n) * (n2 / n) / np.maximum(n - 1.0, 1.0)
    return a - events * n1 / n, variance


def peto(tables: Tables) -> Pooled:
    """Peto's one-step log odds ratio (Yusuf et al. 1985)."""
    excess, variance = hypergeometric(tables)
    total = variance.sum(-1)
    with np.errstate(divide="ignore", invalid="ignore"):
        return Pooled(excess.sum(-1) / total, 1.0 / total)


def mantel_haenszel(tables: Tables, measure: str) -> Pooled:
    """Mantel-Haenszel estimate and variance.

    OR: Robins, Breslow and Greenland 1986; RR, IRR, IRD: Greenland and Robins 1985, Rothman,
    Greenland and Lash 2008; RD: Sato 1989.
    """
    a, b, c, d = tables
    with np.errstate(divide="ignore", invalid="ignore"):
        if measure in ("IRR", "IRD"):
            n = b + d
            if measure == "IRR":
                r, s = (a * d / n).sum(-1), (c * b / n).sum(-1)
                return Pooled(np.log(r / s), (b * d * (a + c) / n**2).sum(-1) / (r * s))
            total = (b * d / n).sum(-1)
            variance = ((a * d**2 + c * b**2) / n**2).sum(-1) / total**2
            return Pooled((a * d / n - c * b / n).sum(-1) / total, variance)
        n1, n2 = a + b, c + d
        n = n1 + n2
        if measure == "RD":
            total = (n1 * n2 / n).sum(-1)
            rd = (a * n2 / n - c * n1 / n).sum(-1) / total
            p = c * (n1 / n) ** 2 - a * (n2 / n) ** 2 + (n1 / n) * (n2 / n) * (n2 - n1) / 2
            q = (a * d + b * c) / n / 2
            return Pooled(rd, (rd * p.sum(-1) + q.sum(-1)) / total**2)
        if measure == "RR":
            r, s = (a * n2 / n).sum(-1), (c * n1 / n).sum(-1)
            variance = (n1 * n2 * (a + c) / n**2 - a * c / n).sum(-1) / (r * s)
            return Pooled(np.log(r / s), variance)
        r, s, p, q = a * d / n, b * c / n, (a + d) / n, (b + c) / n
        rs, ss = r.sum(-1), s.sum(-1)
        parts = (p * r).sum(-1) / (2 * rs**2) + (q * s).sum(-1) / (2 * ss**2)
        cross = (p * s + q * r).sum(-1) / (2 * rs * ss)
        return Pooled(np.log(rs / ss), parts + cross)


def association(tables: Tables, *, corrected: bool, rates: bool = False) -> ChiSquared:
    """Cochran-Mantel-Haenszel test of no effect anywhere; ``corrected`` takes 1/2 off."""
    if rates:
        a, t1, c, t2 = tables
        excess, variance = a - (a + c) * t1 / (t1 + t2), (a + c) * t1 * t2 / (t1 + t2) ** 2
    else:
        excess, variance = hypergeometric(tables)
    distance = np.abs(excess.sum(-1)) - (0.5 if corrected else 0.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        statistic = np.maximum(distance, 0.0) ** 2 / variance.sum(-1)
    return ChiSquared(statistic, np.ones_like(statistic), special.chdtrc(1.0, statistic))


def same_odds_ratio(tables: Tables, estimate: Array) -> tuple[ChiSquared, ChiSquared]:
    """Breslow and Day's test of equal odds ratios, and Tarone's correction of it.

    Breslow and Day 1980; Tarone 1985. Tables without events, or without anyone free of
    them, say nothing about an odds ratio and are left out.
    """
    a, b, c, d = tables
    informative = (a + c > 0) & (b + d > 0)
    ratio, n1, n2, events = np.exp(estimate)[..., None], a + b, c + d, a + c
    # Fitted events x solve x (n2 - events + x) = ratio (n1 - x) (events - x).
    square, line, rest = 1.0 - ratio, n2 - events + ratio * (n1 + events), -ratio * n1 * events
    root = np.sqrt(np.maximum(line**2 - 4.0 * square * rest, 0.0))
    x = -2.0 * rest / (line + root)  # stays good where the ratio is 1 and the equation is linear
    cells = np.stack([x, n1 - x, events - x, n2 - events + x])
    with np.errstate(divide="ignore", invalid="ignore"):
        variance = np.where(informative, 1.0 / (1.0 / cells).sum(0), 0.0)
        term = np.where(informative, (a - x) ** 2 / variance, 0.0).sum(-1)
        gap = np.where(informative, a - x, 0.0).sum(-1)
        tarone = term - gap**2 / variance.sum(-1)
    df = informative.sum(-1) - 1.0
    return tuple(  # type: ignore[return-value]
        ChiSquared(q, df, np.where(df > 0, special.chdtrc(np.maximum(df, 1.0), q), 1.0))
        for q in (term, tarone)
    )
