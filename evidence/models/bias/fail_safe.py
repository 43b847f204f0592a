"""Fail-safe numbers: how many unpublished null results would undo a finding."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, NamedTuple, get_args

import numpy as np
from scipy import special

from evidence.catalog.display import html_of_record, html_of_text
from evidence.catalog.phrases import counted, figure, p_value
from evidence.effects.table import EffectTable
from evidence.errors import FitError, Problem, is_number, is_whole
from evidence.models.bias.checks import Array, arrays_for, check_choice, check_fraction
from evidence.models.frequentist.options import Options, Tau2Method, resolve
from evidence.models.frequentist.pool_many import fit_arrays

FailSafeKind = Literal["rosenthal", "orwin", "rosenberg", "general"]
_MOST, _MOST_EXACT = 10_000_000, 100_000
_TAKES = {
    "rosenthal": ("alpha",),
    "rosenberg": ("alpha",),
    "orwin": ("target", "weighted"),
    "general": ("alpha", "target", "tau2", "exact"),
}


@dataclass(frozen=True, slots=True)
class FailSafeN:
    """Answer of ``fail_safe_n``.

    Attributes
    ----------
    kind : str
    k, number : int
        Studies there are, and null results that it would take.
    estimate : float or None
        The mean; None for Rosenthal, who has none.
    p : float or None
        Of the observed studies; None for Orwin, who tests nothing.
    alpha, target : float or None
        What the number refers to.
    estimate_with, tau2_with, p_with : float or None
        Of the studies and the null results together; None but for "general".
    """

    kind: str
    k: int
    number: int
    estimate: float | None
    p: float | None
    alpha: float | None
    target: float | None
    estimate_with: float | None = None
    tau2_with: float | None = None
    p_with: float | None = None

    _repr_html_ = html_of_text

    def __str__(self) -> str:
        aim = f"p above {self.alpha:g}" if self.target is None else f"a mean of {self.target:.4g}"
        return (
            f"Fail-safe N ({self.kind.title()}), {counted(self.k, 'study', 'studies')}: "
            f"{counted(self.number, 'null result')} would give {aim}"
        )


def fail_safe_n(
    table: EffectTable,
    *,
    kind: FailSafeKind = "rosenthal",
    alpha: float | None = None,
    target: float | None = None,
    weighted: bool | None = None,
    tau2: Tau2Method | None = None,
    exact: bool | None = None,
) -> FailSafeN:
    """Count the null results that would undo a finding.

    Parameters
    ----------
    table : EffectTable
        At least 2 independent rows.
    kind : {"rosenthal", "orwin", "rosenberg", "general"}
        Sum of z values, one-sided (Rosenthal 1979); plain or weighted mean down to a target (Orwin
        1983); common-effect mean, two-sided (Rosenberg 2005); random-effects mean, two-sided or
        down to a target, where the null results have the harmonic mean of the variances and the
        heterogeneity of the studies.
    alpha : float, optional
        Not Orwin; 0.05 if left out.
    target : float, optional
        Mean to reach. Orwin: half the observed one if left out; 0 where the sign differs. General:
        instead of alpha, taken with the sign of the mean.
    weighted : bool, optional
        Orwin: weights 1/v; False if left out.
    tau2 : str, optional
        General: its estimator, as in ``pool``; REML if left out.
    exact : bool, optional
        General: estimate tau2 again with the null results; else, and if left out, take their
        pooled variance ((k + n - 2) tau2 + k n / (k + n) mean^2) / (k + n - 1).

    Raises
    ------
    FitError
        Fewer than 2 rows, rows that share an arm, an unknown or useless option, a target of 0, no
        number up to ten million (100,000 if exact).

    Notes
    -----
    Checked against metafor ``fsn``.

    Examples
    --------
    >>> from evidence.effects.table import table_of
    >>> print(fail_safe_n(table_of([0.5, 0.6, 0.4], [0.2, 0.2, 0.2])))
    Fail-safe N (Rosenthal), 3 studies: 18 null results would give p above 0.05
    """
    check_choice("kind", kind, get_args(FailSafeKind))
    _useless(
        kind, {"alpha": alpha, "target": target, "weighted": weighted, "tau2": tau2, "exact": exact}
    )
    y, v = arrays_for(table, "a fail-safe number", 2)
    if kind == "orwin":
        return _orwin(y, 1.0 / v if weighted else np.ones_like(v), target)
    a = 0.05 if alpha is None else alpha
    check_fraction("alpha", a)
    if kind == "general":
        return _general(y, v, a, target, tau2 or "reml", exact=bool(exact))
    k = len(y)
    if kind == "rosenthal":
        z = float((y / np.sqrt(v)).sum())
        raw = (z / float(special.ndtri(1.0 - a))) ** 2 - k
        p = float(special.ndtr(-abs(z) / math.sqrt(k)))
        return FailSafeN(kind, k, _up(raw), None, p, a, None)
    w = 1.0 / v
    total, weight = float((w * y).sum()), float(w.sum())
    raw = k * (total / float(special.ndtri(1.0 - a / 2))) ** 2 / weight - k
    p = 2.0 * float(special.ndtr(-abs(total) / math.sqrt(weight)))
    return FailSafeN(kind, k, _up(raw), total / weight, p, a, None)


def _orwin(y: Array, w: Array, target: float | None) -> FailSafeN:
    mean = float((w * y).sum() / w.sum())
    aim = mean / 2.0 if target is None else float(target)
    if aim == 0.0 or not math.isfinite(aim):
        problem = Problem("target", repr(aim), "a number other than 0: null results never reach 0")
        raise FitError("Orwin's number does not exist", [problem])
    k = len(y)
    return FailSafeN("orwin", k, _up(k * (mean / aim - 1.0)), mean, None, None, aim)


class WithNullResults(NamedTuple):
    """Random-effects mean of the studies and null results together: estimate, tau2, Wald p."""

    estimate: float
    tau2: float
    p: float

    def __str__(self) -> str:
        mean = f"{figure(self.estimate)}, tau2 {figure(self.tau2)}"
        return f"Mean with null results: {mean}, {p_value(self.p)}"

    def _repr_html_(self) -> str:
        return html_of_record(self)


def with_null_results(
    table: EffectTable, number: int, *, tau2: Tau2Method = "reml", exact: bool = False
) -> WithNullResults:
    """Pool a table with a number of studies that average 0 in a file drawer.

    Each has the harmonic mean of the sampling variances, and their results vary as that and tau2
    have it; ``exact`` as in ``fail_safe_n(kind="general")``, which searches the number.

    Raises
    ------
    FitError
        Fewer than 2 rows, rows that share an arm, an unknown estimator, a number below 0.

    Examples
    --------
    >>> from evidence.effects.table import table_of
    >>> table = table_of([0.5, 0.6, 0.1, 0.4], [0.1, 0.2, 0.1, 0.2])
    >>> [round(with_null_results(table, n).estimate, 3) for n in (0, 4)]
    [0.376, 0.185]
    """
    if not is_whole(number) or number > _MOST:
        problem = Problem("number", repr(number), f"a whole number from 0 to {_MOST:,}")
        raise FitError("no such file drawer", [problem])
    y, v = arrays_for(table, "a file drawer of null results", 2)
    options = resolve("random", tau2, "wald", 0.95)
    alone = _pooled(y, v, options)
    return alone if number == 0 else _with(y, v, int(number), alone, options if exact else None)


def _general(
    y: Array, v: Array, alpha: float, target: float | None, method: Tau2Method, *, exact: bool
) -> FailSafeN:
    if target is not None and (not is_number(target) or target == 0.0):
        right = "a number other than 0: null results never reach 0"
        raise FitError(
            "the fail-safe number does not exist", [Problem("target", repr(target), right)]
        )
    options = resolve("random", method, "wald", 0.95)
    alone = _pooled(y, v, options)

    def fit(n: int) -> WithNullResults:
        return alone if n == 0 else _with(y, v, n, alone, options if exact else None)

    def undone(n: int) -> bool:
        found = fit(n)
        return found.p >= alpha if target is None else abs(found.estimate) <= abs(target)

    low, high, most = -1, 0, _MOST_EXACT if exact else _MOST
    while not undone(high):
        low, high = high, max(1, 2 * high)
        if high > most:
            problem = Problem("kind", f"it is above {most:,}", "exact=False goes to ten million")
            raise FitError("the fail-safe number was not found", [problem])
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if undone(middle) else (middle, high)
    goal = None if target is None else math.copysign(target, alone.estimate)
    level = alpha if target is None else None
    return FailSafeN("general", len(y), high, alone.estimate, alone.p, level, goal, *fit(high))


def _pooled(y: Array, v: Array, options: Options) -> WithNullResults:
    fit = fit_arrays(y, v, options)
    return WithNullResults(float(fit.estimate), float(fit.tau2 or 0.0), float(fit.p))


def _with(
    y: Array, v: Array, n: int, alone: WithNullResults, options: Options | None
) -> WithNullResults:
    """Fit with n null results; without options tau2 is the approximate one."""
    k, own = len(y), float(len(v) / (1.0 / v).sum())
    if options is not None:
        # Only their mean, 0, and their variance matter, because they weigh alike.
        pairs, total = n // 2, (n - 1) * (alone.tau2 + own)
        ends = np.full(pairs, math.sqrt(total / (2 * pairs)) if pairs else 0.0)
        filed = np.concatenate([ends, -ends, np.zeros(n % 2)])
        return _pooled(np.append(y, filed), np.append(v, np.full(n, own)), options)
    spread = k * n / (k + n) * alone.estimate**2
    tau2 = ((k + n - 2) * alone.tau2 + spread) / (k + n - 1)
    w = 1.0 / (v + tau2)
    weight = float(w.sum()) + n / (own + tau2)
    mean = float((w * y).sum()) / weight
    return WithNullResults(mean, tau2, 2.0 * float(special.ndtr(-abs(mean) * math.sqrt(weight))))


def _up(raw: float) -> int:
    # Rounding noise above a whole number (k * 2 - k) must not add a study.
    return max(0, math.ceil(raw - 1e-9 * max(1.0, abs(raw))))


def _useless(kind: str, given: dict[str, object]) -> None:
    found = [
        Problem(name, f"would do nothing with kind={kind!r}", "leave it out")
        for name, value in given.items()
        if value is not None and name not in _TAKES[kind]
    ]
    if kind == "general" and given["alpha"] is not None and given["target"] is not None:
        found.append(Problem("alpha", "would do nothing with a target", "leave it out"))
    if found:
        raise FitError("an argument would do nothing", found)
