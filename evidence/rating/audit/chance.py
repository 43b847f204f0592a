"""P values and test statistics from printed summaries, with the span that rounding leaves."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import product

from scipy.special import chdtrc, fdtrc, gammaln, ndtr, ndtri, stdtr, stdtrit

from evidence.rating.audit.rounding import Span, span

LARGEST_Z = 38.0


def z_of_p(p: float) -> float:
    """Absolute normal deviate of a two-sided P.

    Examples
    --------
    >>> round(z_of_p(0.05), 2), z_of_p(1.0)
    (1.96, 0.0)
    """
    if p <= 0:
        return LARGEST_Z
    return min(LARGEST_Z, abs(float(ndtri(min(p, 1.0) / 2))))


def p_of_z(z: float) -> float:
    """Two-sided P of a normal deviate."""
    return 2 * float(ndtr(-abs(z)))


def p_span(p: float) -> Span:
    """Deviates that print as this P, the smaller first."""
    low, high = span(p)
    return z_of_p(min(high, 1.0)), z_of_p(max(low, 0.0))


def z_of_t(t: float, df: float) -> float:
    """Deviate with the same P as Student's t.

    Examples
    --------
    >>> round(z_of_t(2.228, 10), 2)
    1.96
    """
    return z_of_p(2 * float(stdtr(df, -abs(t))))


def t_quantile(level: float, df: float) -> float:
    """Half-width of an interval in standard errors; df may be infinite."""
    tail = (1 + level) / 2
    return float(ndtri(tail)) if math.isinf(df) else float(stdtrit(df, tail))


def welch(means: Sequence[float], errors: Sequence[float], sizes: Sequence[float]) -> float:
    """Deviate of two means with their standard errors (Welch 1947).

    Examples
    --------
    >>> round(welch((10, 12), (0.5, 0.5), (30, 30)), 2)
    2.73
    """
    largest = max(errors)
    if largest <= 0:
        return LARGEST_Z if means[0] != means[1] else 0.0
    squares = [(e / largest) ** 2 for e in errors]
    total = sum(squares)
    df = total**2 / sum(s * s / (n - 1) for s, n in zip(squares, sizes, strict=True))
    return z_of_t((means[0] - means[1]) / (largest * math.sqrt(total)), df)


def welch_span(means: Sequence[Span], errors: Sequence[Span], sizes: Sequence[float]) -> Span:
    """Smallest and largest deviate that the rounding of four figures leaves."""
    low, high = means[0][0] - means[1][1], means[0][1] - means[1][0]
    nearest = 0.0 if low <= 0 <= high else min(abs(low), abs(high))
    farthest = max(abs(low), abs(high))
    widest = [e[1] for e in errors]
    narrowest = [max(e[0], 0.0) for e in errors]
    return welch((nearest, 0.0), widest, sizes), welch((farthest, 0.0), narrowest, sizes)


def anova_p(means: Sequence[float], sds: Sequence[float], sizes: Sequence[float]) -> float:
    """P of the analysis of variance of several groups, from their summaries (Carlisle 2017).

    Examples
    --------
    >>> round(anova_p([10, 12], [2.7386, 2.7386], [30, 30]), 3)
    0.006
    """
    total = sum(sizes)
    grand = sum(m * n for m, n in zip(means, sizes, strict=True)) / total
    between = sum(n * (m - grand) ** 2 for m, n in zip(means, sizes, strict=True))
    within = sum((n - 1) * s * s for s, n in zip(sds, sizes, strict=True))
    df1, df2 = len(means) - 1, total - len(means)
    if within <= 0:
        return 1.0 if between <= 0 else 0.0
    return float(fdtrc(df1, df2, (between / df1) / (within / df2)))


def anova_span(means: Sequence[Span], sds: Sequence[Span], sizes: Sequence[float]) -> Span:
    """Smallest and largest P that the rounding of means and SDs leaves.

    The means are moved apart to the ends of their spans (exact for two arms, near it for more), and
    together as far as their spans let them.
    """
    total = sum(sizes)
    mids = [(low + high) / 2 for low, high in means]
    grand = sum(m * n for m, n in zip(mids, sizes, strict=True)) / total
    near, middle = mids, grand
    for _ in range(60):
        near = [min(max(middle, low), high) for low, high in means]
        middle = sum(m * n for m, n in zip(near, sizes, strict=True)) / total
    # The lower half of the means down, the upper half up: equal means move apart too.
    order = sorted(range(len(mids)), key=lambda k: mids[k])
    below = sum(m < grand for m in mids)
    down = set(order[: below if 0 < below < len(mids) else len(mids) // 2])
    far = [low if k in down else high for k, (low, high) in enumerate(means)]
    narrow, wide = [max(s[0], 0.0) for s in sds], [s[1] for s in sds]
    return anova_p(far, narrow, sizes), anova_p(near, wide, sizes)


def variance_ratio_p(sds: Sequence[float], sizes: Sequence[float]) -> float:
    """Two-sided P of the ratio of two variances (F test).

    Examples
    --------
    >>> variance_ratio_p([5, 1], [25, 25]) < 1e-9
    True
    """
    (larger, n1), (smaller, n2) = sorted(zip(sds, sizes, strict=True), reverse=True)
    if smaller <= 0:
        return 0.0
    return min(1.0, 2 * float(fdtrc(n1 - 1, n2 - 1, min(larger / smaller, 1e100) ** 2)))


def table_span(first: tuple[Span, float], second: tuple[Span, float]) -> Span:
    """Smallest and largest deviate of two counts among their totals.

    Every test that a page may have used is tried (Pearson's chi-square with and without
    continuity correction, Fisher's exact test), at both ends of the counts.

    Examples
    --------
    >>> [round(z, 2) for z in table_span(((7, 7), 1449), ((24, 24), 1489))]
    [2.81, 2.99]
    """
    deviates = []
    for a, c in product(sorted(set(first[0])), sorted(set(second[0]))):
        deviates += _table_deviates(a, first[1], c, second[1])
    low, high = min(deviates), max(deviates)
    shares = [(x[0] / n, x[1] / n) for x, n in (first, second)]
    crosses = shares[0][0] <= shares[1][1] and shares[1][0] <= shares[0][1]
    return (0.0 if crosses and first[0][0] != first[0][1] else low), high


def _table_deviates(a: float, n1: float, c: float, n2: float) -> list[float]:
    events, total = a + c, n1 + n2
    if events <= 0 or events >= total:
        return [0.0]
    spread = n1 * n2 * events * (total - events)
    cross = abs(a * (n2 - c) - c * (n1 - a))
    found = []
    for correction in (0.0, total / 2):
        square = total * max(0.0, cross - correction) ** 2 / spread
        found.append(z_of_p(float(chdtrc(1, square))))
    if all(float(x).is_integer() for x in (a, c, n1, n2)):
        found.append(z_of_p(fisher_p(int(a), int(n1), int(c), int(n2))))
    return found


def fisher_p(a: int, n1: int, c: int, n2: int) -> float:
    """Two-sided P of Fisher's exact test.

    Examples
    --------
    >>> round(fisher_p(1, 10, 9, 11), 4)
    0.0019
    """
    events = a + c

    def log_choose(n: int, k: int) -> float:
        return float(gammaln(n + 1) - gammaln(k + 1) - gammaln(n - k + 1))

    whole = log_choose(n1 + n2, events)
    seen = log_choose(n1, a) + log_choose(n2, c) - whole
    # Tables more than forty standard deviations away add nothing that a float can hold.
    middle = events * n1 / (n1 + n2)
    reach = 40 * math.sqrt(max(1.0, middle * n2 / (n1 + n2))) + 40
    first = max(0, events - n2, math.floor(middle - reach))
    last = min(n1, events, math.ceil(middle + reach))
    total = 0.0
    for k in range(first, last + 1):
        one = log_choose(n1, k) + log_choose(n2, events - k) - whole
        if one <= seen + 1e-7:
            total += math.exp(one)
    return min(1.0, total)


def stouffer(ps: Sequence[float]) -> float:
    """One P of several independent ones, by the sum of their deviates (Stouffer 1949).

    Examples
    --------
    >>> round(stouffer([0.04, 0.05, 0.03]), 4)
    0.0012
    """
    clipped = [min(max(p, 1e-12), 1 - 1e-12) for p in ps]
    return float(ndtr(sum(float(ndtri(p)) for p in clipped) / math.sqrt(len(clipped))))
