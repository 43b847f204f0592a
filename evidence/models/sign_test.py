"""sign_test: the share of positive directions where sizes cannot be pooled."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from scipy import stats

from evidence.catalog.display import html_of_record
from evidence.catalog.phrases import figure, folded, interval, p_value
from evidence.errors import FitError, Problem, is_fraction, is_whole

# Share of a study's results that must point one way for the study to count as pointing so.
ONE_WAY = 0.7


@dataclass(frozen=True, slots=True)
class SignTest:
    """Share of positive directions with its exact interval, and the P of an even chance.

    Attributes
    ----------
    positive, negative : int
        Numbers of directions.
    proportion : float
        positive / (positive + negative).
    ci_low, ci_high, level : float
        Interval of Clopper and Pearson.
    p : float
        Two-sided, of the hypothesis that either direction is as likely.
    """

    positive: int
    negative: int
    proportion: float
    ci_low: float
    ci_high: float
    level: float
    p: float

    _repr_html_ = html_of_record

    def __str__(self) -> str:
        ends = interval(self.ci_low, self.ci_high, self.level)
        return folded(
            f"Sign test of {self.positive} positive and {self.negative} negative: "
            f"share of the positive {figure(self.proportion)} ({ends}), {p_value(self.p)}"
        )


def sign_test(positive: int, negative: int, *, level: float = 0.95) -> SignTest:
    """Ask whether directions point one way more often than chance would have it.

    Cochrane Handbook, 12.2.1.3 and 12.4.2.3: each study counts by the direction of its effect
    whatever its P, studies without a direction are left out. It says nothing of how large an effect
    is.

    Parameters
    ----------
    positive, negative : int
        Numbers of studies that point either way.
    level : float
        Of the interval.

    Returns
    -------
    SignTest

    Raises
    ------
    FitError
        If a number is none of studies, there is no direction at all, or the level is no fraction.

    Examples
    --------
    >>> found = sign_test(8, 4)
    >>> [round(x, 3) for x in (found.proportion, found.ci_low, found.ci_high, found.p)]
    [0.667, 0.349, 0.901, 0.388]
    """
    problems = [
        Problem(name, repr(value)[:80], "a whole number of studies, 0 or more")
        for name, value in (("positive", positive), ("negative", negative))
        if not is_whole(value)
    ]
    if not is_fraction(level):
        problems.append(Problem("level", repr(level)[:80], "a fraction between 0 and 1"))
    if not problems:
        # Numpy's integers would overflow, and are no plain values of a record.
        positive, negative, level = int(positive), int(negative), float(level)
    if not problems and positive + negative == 0:
        problems.append(Problem("positive, negative", "no direction", "at least one study"))
    if not problems and positive + negative > 10**9:
        problems.append(Problem("positive, negative", "too many", "numbers of studies"))
    if problems:
        raise FitError("directions cannot be tested", problems)
    found = stats.binomtest(positive, positive + negative, 0.5)
    ends = found.proportion_ci(level, method="exact")
    share = positive / (positive + negative)
    low, high = float(ends.low), float(ends.high)
    return SignTest(positive, negative, share, low, high, level, float(found.pvalue))


def study_direction(directions: Iterable[str | None]) -> str | None:
    """Direction of a study from those of its results in one domain (Boon and Thomson 2021).

    Returns
    -------
    str or None
        That of at least 70 % of them, else "conflicting"; None where none was stated.

    Examples
    --------
    >>> study_direction(["increase", "increase", None]), study_direction(["increase", "decrease"])
    ('increase', 'conflicting')
    """
    known = [d for d in directions if d is not None]
    if not known:
        return None
    most = max(dict.fromkeys(known), key=known.count)
    return most if known.count(most) >= ONE_WAY * len(known) else "conflicting"
