"""sweep_correlation: the answer over an assumed correlation, and the value that flips it."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Literal, Protocol

import numpy as np
import pandas as pd
from scipy import optimize

from evidence.catalog.display import html_of_text
from evidence.errors import EffectError, FitError, Problem, did_you_mean, is_fraction, is_number

Conclusion = Literal["above", "below", "not shown"]
COLUMNS = ("estimate", "std_error", "p", "ci_low", "ci_high")
ENDS = ("ci_low", "ci_high")
GRID = tuple(float(x) for x in np.linspace(0.0, 0.95, 20))


class Answer(Protocol):
    """Any fit with a frame of terms: pooled, regression, multilevel, robust."""

    @property
    def terms(self) -> pd.DataFrame:
        """Frame with term, estimate, std_error, p, ci_low and ci_high."""
        ...


@dataclass(frozen=True, slots=True)
class Flip:
    """Where the conclusion changes.

    Attributes
    ----------
    rho : float
    figure : {"ci_low", "ci_high", "p"}
        What meets the threshold there.
    before, after : {"above", "below", "not shown"}
        Conclusion just below and just above ``rho``.
    """

    rho: float
    figure: str
    before: str
    after: str


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class CorrelationSweep:
    """Answer of ``sweep_correlation``.

    Attributes
    ----------
    rows : DataFrame, one row a correlation
        rho, estimate, std_error, p, ci_low, ci_high, conclusion, reason (why there is no answer).
    flips : tuple of Flip
        In the order of rho.
    term : str
    threshold : float
    alpha : float or None
        What p was compared with; None: the interval decides.
    stated : float or None
        Correlation of the analysis itself.
    """

    rows: pd.DataFrame
    flips: tuple[Flip, ...]
    term: str
    threshold: float
    alpha: float | None
    stated: float | None

    _repr_html_ = html_of_text

    @property
    def conclusion(self) -> str | None:
        """Conclusion at the stated correlation; None where none was stated."""
        if self.stated is None:
            return None
        return str(self.rows.loc[self.rows["rho"] == self.stated, "conclusion"].iloc[0])

    @property
    def nearest_flip(self) -> Flip | None:
        """Flip nearest to the stated correlation; without one, the first; None where none is."""
        if not self.flips:
            return None
        stated = self.flips[0].rho if self.stated is None else self.stated
        return min(self.flips, key=lambda flip: abs(flip.rho - stated))

    def frame(self) -> pd.DataFrame:
        """The rows."""
        return self.rows.copy()

    def __repr__(self) -> str:
        known = self.rows[self.rows["reason"].isna()]
        low, high = known["rho"].min(), known["rho"].max()
        head = f"{self.term!r} over correlations {low:g} to {high:g}"
        lines = [f"{head}: estimate {known['estimate'].min():.4g} to {known['estimate'].max():.4g}"]
        if self.stated is not None:
            lines.append(f"  at the stated {self.stated:g}: {self._words(str(self.conclusion))}")
        lines += [
            f"  at rho = {flip.rho:.3f} it flips from {self._words(flip.before)!r}"
            f" to {self._words(flip.after)!r}"
            for flip in self.flips
        ]
        if not self.flips:
            words = self._words(str(known["conclusion"].iloc[0]))
            lines.append(f"  no correlation tried changes the conclusion: {words}")
        lost = len(self.rows) - len(known)
        return "\n".join([*lines, f"  without an answer at {lost} values"] if lost else lines)

    def _words(self, conclusion: str) -> str:
        return "not shown" if conclusion == "not shown" else f"{conclusion} {self.threshold:g}"


def sweep_correlation(
    answer: Callable[[float], Answer],
    values: Iterable[float] = GRID,
    *,
    term: str | None = None,
    threshold: float = 0.0,
    alpha: float | None = None,
    stated: float | None = None,
    tolerance: float = 1e-6,
) -> CorrelationSweep:
    """Repeat an analysis over an assumed correlation and find where its conclusion flips.

    The conclusion is "above" or "below" where the whole interval lies on that side of the
    threshold (with ``alpha``: where p is below it), else "not shown". Between neighbouring values
    at which it differs, the crossing is found by Brent's method. Two crossings of the same kind
    between two values are not seen: try more values.

    Parameters
    ----------
    answer : callable
        From a correlation to a fit with ``terms``, such as
        ``lambda rho: pool(aggregate_effects(table, study, rho=rho).table)``.
    values : iterable of float
        Correlations from -1 to 1; 0 to 0.95 by 0.05 if left out.
    term : str, optional
        Coefficient that the conclusion is about; may be left out where there is only one.
    threshold : float
        No effect, or the smallest effect that matters, on the analysis scale.
    alpha : float, optional
        Judge by p < alpha instead of by the interval; the threshold is then 0.
    stated : float, optional
        Correlation of the analysis itself; added to the values.
    tolerance : float
        Width within which a flip is found.

    Returns
    -------
    CorrelationSweep
        Values without an answer (a covariance that is none) say so in ``reason``; a flip between
        such a value and its neighbour is not looked for.

    Raises
    ------
    FitError
        If an option is wrong, the term is unknown, or no value has an answer.

    Examples
    --------
    >>> from evidence.effects.table import table_of
    >>> from evidence.models.frequentist.pool import pool
    >>> from evidence.models.robust.aggregate import aggregate_effects
    >>> table = table_of([0.12, 0.22, 0.07, 0.27], [0.15] * 4)
    >>> def at(rho):
    ...     return pool(aggregate_effects(table, list("aabb"), rho=rho).table, model="common")
    >>> found = sweep_correlation(at, stated=0.5)
    >>> [round(flip.rho, 3) for flip in found.flips], found.conclusion
    ([0.337], 'not shown')
    """
    _called(answer)
    grid = _grid(values, stated, tolerance)
    rule = _rule(threshold, alpha)
    found = [_at(answer, rho, term) for rho in grid]
    if all(row["reason"] is not None for row in found):
        problems = [Problem(f"rho = {row['rho']:g}", str(row["reason"])) for row in found]
        raise FitError("no correlation has an answer", problems)
    name = next(str(row["term"]) for row in found if row["reason"] is None)
    for row in found:
        row["conclusion"] = None if row["reason"] else conclusion_of(row, rule)
    flips: list[Flip] = []
    for left, right in itertools.pairwise(found):
        if left["reason"] is None and right["reason"] is None:
            flips += _between(answer, (left, right), name, rule, tolerance)
    rows = pd.DataFrame(found)[["rho", *COLUMNS]].astype(float)
    for column in ("conclusion", "reason"):
        rows[column] = pd.Series([row[column] for row in found], dtype=object)
    return CorrelationSweep(rows, tuple(flips), name, threshold, alpha, stated)


@dataclass(frozen=True, slots=True)
class Rule:
    """What decides: the figures that are compared, and with what."""

    figures: tuple[str, ...]
    against: float


def _rule(threshold: float, alpha: float | None) -> Rule:
    if not is_number(threshold):
        raise _wrong(Problem("threshold", repr(threshold), "a finite number"))
    if alpha is None:
        return Rule(ENDS, threshold)
    if not is_fraction(alpha):
        raise _wrong(Problem("alpha", repr(alpha), "a fraction between 0 and 1, such as 0.05"))
    if threshold != 0.0:
        right = "leave one out: p values test against 0"
        raise _wrong(Problem("threshold", "would do nothing beside alpha", right))
    return Rule(("p",), alpha)


def conclusion_of(row: dict[str, Any], rule: Rule) -> Conclusion:
    """Side of the threshold that is shown."""
    if rule.figures == ("p",):
        if row["p"] >= rule.against:
            return "not shown"
        return "above" if row["estimate"] > 0 else "below"
    if row["ci_low"] > rule.against:
        return "above"
    return "below" if row["ci_high"] < rule.against else "not shown"


def _grid(values: Iterable[float], stated: float | None, tolerance: float) -> list[float]:
    try:
        given = [float(x) for x in values] + ([] if stated is None else [float(stated)])
    except (TypeError, ValueError) as error:
        raise _wrong(Problem("values, stated", str(error), "numbers from -1 to 1")) from None
    bad = [x for x in given if not -1.0 <= x <= 1.0]
    if bad:
        raise _wrong(Problem("values, stated", f"{bad[0]:g}", "correlations from -1 to 1"))
    if not (is_number(tolerance) and tolerance > 0):
        raise _wrong(Problem("tolerance", repr(tolerance), "above 0, such as 1e-6"))
    grid = sorted(set(given))
    if len(grid) < 2:
        raise _wrong(Problem("values", f"{len(grid)} different", "at least 2, such as 0 to 0.9"))
    return grid


def _called(answer: Callable[[float], Answer]) -> None:
    if not callable(answer):
        right = "a function of the correlation that returns a fit"
        raise _wrong(Problem("answer", f"is a {type(answer).__name__}", right))


def _at(answer: Callable[[float], Answer], rho: float, term: str | None) -> dict[str, Any]:
    try:
        terms = answer(rho).terms
    except (FitError, EffectError) as error:
        reason = "; ".join([error.message, *map(str, error.problems[:1])])
        return {"rho": rho, "term": term, **dict.fromkeys(COLUMNS), "reason": reason}
    names = [str(name) for name in terms["term"]]
    if term is None and len(names) > 1:
        right = f"name one of {', '.join(names)}"
        raise _wrong(Problem("term", f"absent, and there are {len(names)}", right))
    chosen = names[0] if term is None else term
    if chosen not in names:
        raise _wrong(Problem("term", f"unknown: {chosen!r}", did_you_mean(chosen, names)))
    row = terms.iloc[names.index(chosen)]
    figures = {column: float(row[column]) for column in COLUMNS}
    missing = "there is no interval" if np.isnan(figures["ci_low"]) else None
    return {"rho": rho, "term": chosen, **figures, "reason": missing}


def _between(
    answer: Callable[[float], Answer],
    pair: tuple[dict[str, Any], dict[str, Any]],
    term: str,
    rule: Rule,
    tolerance: float,
) -> list[Flip]:
    """Flips between two neighbouring correlations, in their order."""
    left, right = pair
    roots = [
        (_crossing(answer, pair, term, figure, rule.against, tolerance), figure)
        for figure in rule.figures
        if (left[figure] > rule.against) != (right[figure] > rule.against)
    ]
    flips, before = [], str(left["conclusion"])
    for i, (root, figure) in enumerate(sorted(roots)):
        after = str(right["conclusion"]) if i == len(roots) - 1 else "not shown"
        if before != after:
            flips.append(Flip(root, figure, before, after))
        before = after
    return flips


def _crossing(
    answer: Callable[[float], Answer],
    pair: tuple[dict[str, Any], dict[str, Any]],
    term: str,
    figure: str,
    against: float,
    tolerance: float,
) -> float:
    known = {float(row["rho"]): row for row in pair}

    def gap(rho: float) -> float:
        row = known[rho] if rho in known else _at(answer, rho, term)
        if row["reason"] is not None:
            problem = Problem(f"rho = {rho:g}", str(row["reason"]), "try other values")
            raise FitError("between two answers there is none", [problem])
        return float(row[figure]) - against

    low, high = known
    return float(optimize.brentq(gap, low, high, xtol=tolerance))


def _wrong(problem: Problem) -> FitError:
    return FitError("the sweep over correlations is not right", [problem])
