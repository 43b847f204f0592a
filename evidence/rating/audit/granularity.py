"""Which means, SDs and percentages whole numbers can have at all."""

from __future__ import annotations

import math

from evidence.rating.audit.rounding import Span, decimals, span

TOO_MANY_SUMS = 200_000


def grim_percent(percent: float, total: int) -> bool:
    """Whether a percentage is one that a whole number of people among a total can have.

    Brown and Heathers 2017 (Soc Psychol Personal Sci 8:363-369), for a share instead of a mean.

    Examples
    --------
    >>> grim_percent(33.3, 12), grim_percent(35.0, 12)
    (True, False)
    """
    low, high = span(percent)
    return math.ceil(low * total / 100) <= math.floor(high * total / 100)


def grim_sums(mean: float, n: int, parts: int = 1) -> range:
    """Whole sums whose mean over ``n * parts`` answers prints as ``mean``; empty if there is none.

    Brown and Heathers 2017. ``parts`` is the number of items that a score is the mean of.

    Examples
    --------
    >>> list(grim_sums(5.18, 28)), list(grim_sums(5.19, 28))
    ([145], [])
    """
    low, high = span(mean)
    return range(math.ceil(low * n * parts), math.floor(high * n * parts) + 1)


def grim_mean(mean: float, n: int, parts: int = 1) -> bool:
    """Whether whole numbers can have this mean.

    Examples
    --------
    >>> grim_mean(5.19, 28)
    False
    """
    return len(grim_sums(mean, n, parts)) > 0


def grimmer(mean: float, sd: float, n: int) -> bool:
    """Whether whole numbers can have this mean and this SD together.

    A sum of squares is whole, is odd where the sum is odd, and is at least what the most even
    distribution of the sum gives (Anaya 2016, PeerJ Preprints 4:e2400v1; Allard 2018's analytic
    form). The three are necessary, so that no set of whole numbers is ever refused.

    Examples
    --------
    >>> grimmer(3.44, 2.48, 18), grimmer(3.44, 2.47, 18)
    (True, False)
    """
    sums = grim_sums(mean, n)
    if n < 2 or len(sums) > TOO_MANY_SUMS:
        return len(sums) > 0
    low, high = span(sd)
    return any(_has_square_sum(total, n, (max(low, 0.0), high)) for total in sums)


def _has_square_sum(total: int, n: int, sd: Span) -> bool:
    least, odd = divmod(total, n)
    even = n * least**2 + odd * (2 * least + 1)
    base = total**2 / n
    slack = 1e-9 * (1 + base)
    first = max(even, math.ceil((n - 1) * sd[0] ** 2 + base - slack))
    last = math.floor((n - 1) * sd[1] ** 2 + base + slack)
    first += (first - total) % 2
    return first <= last


def informative(figure: float, answers: int, scale: float = 1.0) -> bool:
    """Whether the granularity test can refuse anything: with many people every figure is possible.

    ``scale`` is 100 for percentages.

    Examples
    --------
    >>> informative(33.3, 12, 100), informative(33.0, 300, 100)
    (True, False)
    """
    return answers * 10.0 ** -decimals(figure) < scale
