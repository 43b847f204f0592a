"""Fail-safe numbers: how many unpublished null results would undo a finding."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from scipy import special

from evidence.effects.table import EffectTable
from evidence.errors import FitError, Problem
from evidence.models.bias.checks import Array, arrays_for, check_choice, check_fraction

FailSafeKind = Literal["rosenthal", "orwin", "rosenberg"]


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
    """

    kind: str
    k: int
    number: int
    estimate: float | None
    p: float | None
    alpha: float | None
    target: float | None

    def __str__(self) -> str:
        aim = f"p above {self.alpha:g}" if self.target is None else f"a mean of {self.target:.4g}"
        return (
            f"Fail-safe N ({self.kind.title()}), {self.k} studies: "
            f"{self.number} null results would give {aim}"
        )


def fail_safe_n(
    table: EffectTable,
    *,
    kind: FailSafeKind = "rosenthal",
    alpha: float | None = None,
    target: float | None = None,
    weighted: bool | None = None,
) -> FailSafeN:
    """Count the null results that would undo a finding.

    Parameters
    ----------
    table : EffectTable
        At least 1 row, independent.
    kind : {"rosenthal", "orwin", "rosenberg"}
        Sum of z values, one-sided (Rosenthal 1979); plain or weighted mean down to a target (Orwin
        1983); weighted mean, two-sided (Rosenberg 2005).
    alpha : float, optional
        Rosenthal, Rosenberg; 0.05 if left out.
    target : float, optional
        Orwin: mean to reach, half the observed one if left out. 0 where the sign differs.
    weighted : bool, optional
        Orwin: weights 1/v; False if left out.

    Raises
    ------
    FitError
        Nothing to pool, rows that share an arm, an unknown or useless option, a target of 0.

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
    _useless(kind, alpha, target, weighted)
    y, v = arrays_for(table, "a fail-safe number", 1)
    if kind == "orwin":
        return _orwin(y, 1.0 / v if weighted else np.ones_like(v), target)
    a = 0.05 if alpha is None else alpha
    check_fraction("alpha", a)
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


def _up(raw: float) -> int:
    # Rounding noise above a whole number (k * 2 - k) must not add a study.
    return max(0, math.ceil(raw - 1e-9 * max(1.0, abs(raw))))


def _useless(kind: str, alpha: float | None, target: float | None, weighted: bool | None) -> None:
    given = {"alpha": alpha, "target": target, "weighted": weighted}
    wrong = ("alpha",) if kind == "orwin" else ("target", "weighted")
    found = [
        Problem(name, f"would do nothing with kind={kind!r}", "leave it out")
        for name in wrong
        if given[name] is not None
    ]
    if found:
        raise FitError("an argument would do nothing", found)
