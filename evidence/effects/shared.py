"""Contrasts that share an arm: combine the arms, or state the covariance."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from evidence.catalog.number import Number
from evidence.effects import levels, recover
from evidence.effects.derive import derive, in_unit
from evidence.effects.events import from_events
from evidence.effects.found import ArmEvents, ArmMean, Found
from evidence.effects.means import from_means
from evidence.effects.printed import Comparison
from evidence.effects.published import in_question_unit

Arm = ArmMean | ArmEvents
T = TypeVar("T")


def linked(items: Sequence[tuple[Comparison, T]]) -> list[list[T]]:
    """Group things whose comparisons share arms, directly or through others."""
    groups: list[list[tuple[Comparison, T]]] = []
    for c, thing in items:
        near = [g for g in groups if any(related(c, d) or same_trial(c, d) for d, _ in g)]
        groups = [g for g in groups if g not in near]
        groups.append([*(pair for g in near for pair in g), (c, thing)])
    return [[thing for _, thing in group] for group in groups]


def closing(rows: Sequence[tuple[Comparison, Found]], things: Sequence[T]) -> list[T]:
    """Those of the rows that follow from the others: A-C = A-D - B-D + B-C.

    Kept beside them, they would count the arms twice, and the covariance would be singular.
    """
    joined: list[set[tuple[int, str | None]]] = []
    found = []
    for (c, _), thing in zip(rows, things, strict=True):
        ends = ((0, c.treatment), (1, c.control))
        near = [nodes for nodes in joined if ends[0] in nodes or ends[1] in nodes]
        if any(ends[0] in nodes and ends[1] in nodes for nodes in near):
            found.append(thing)
            continue
        joined = [nodes for nodes in joined if nodes not in near]
        joined.append(set(ends).union(*near))
    return found


def combine(rows: Sequence[tuple[Comparison, Found]]) -> Found | None:
    """Make one row of several that share arms (Cochrane Handbook 23.3.4).

    All treated arms are counted together, and all control arms. None where the arms are of the
    same people, who cannot be counted together, or where a size was not printed.
    """
    c, first = rows[0]
    if c.study.design == "crossover_rct":
        return None
    if c.question.contrast == "level":
        whole = _joined([found.arm for _, found in rows if found.arm is not None])
        return None if whole is None else levels.joined(rows, whole)
    if c.control is None:
        return _averaged(rows)
    treated, control = (_joined(_distinct(rows, side)) for side in (0, 1))
    found: Found | None = None
    if isinstance(treated, ArmMean) and isinstance(control, ArmMean):
        found = next(in_question_unit(c, from_means(c, treated, control)), None)
    elif isinstance(treated, ArmEvents) and isinstance(control, ArmEvents):
        found = next(from_events(c, treated, control), None)
    if found is None:
        return None
    names = [" and ".join(_names(rows, side)) for side in (0, 1) if len(_names(rows, side)) > 1]
    notes = (*found.notes, *(f"{name} combined into one arm" for name in names))
    return Found(found.estimate, found.std_error, first.route, notes, found.arms)


def same_trial(c: Comparison, d: Comparison) -> bool:
    """Whether two changes within an arm are of one trial, which is to count once."""
    return c.control is None and c.study.id == d.study.id


def _averaged(rows: Sequence[tuple[Comparison, Found]]) -> Found:
    """Make one change of those within the arms of one trial; the arms are of different people."""
    first, found = rows[0]
    estimate, error, n = found.estimate, found.std_error, first.size(first.treatment)
    for c, other in rows[1:]:
        m = c.size(c.treatment)
        n = (
            None
            if n is None or m is None
            else derive(recover.combined_n, None, n_first=n, n_second=m)
        )
        parts = {"se_first": error, "se_second": other.std_error}
        rule = recover.weighted_mean
        estimate = derive(rule, estimate.unit, first=estimate, second=other.estimate, **parts)
        error = derive(recover.se_of_weighted_mean, error.unit, **parts)
    notes = (*found.notes, f"{' and '.join(_names(rows, 0))} averaged by inverse variance")
    return Found(estimate, error, found.route, notes, None, n)


def _names(rows: Sequence[tuple[Comparison, Found]], side: int) -> list[str]:
    return list(dict.fromkeys((c.treatment, c.control or "")[side] for c, _ in rows))


def _distinct(rows: Sequence[tuple[Comparison, Found]], side: int) -> list[Arm]:
    arms: dict[str, Arm] = {}
    for c, found in rows:
        if found.arms is not None:
            arms.setdefault((c.treatment, c.control or "")[side], found.arms[side])
    return list(arms.values())


def _joined(arms: Sequence[Arm]) -> Arm | None:
    whole: Arm | None = arms[0]
    for arm in arms[1:]:
        whole = None if whole is None else _two_joined(whole, arm)
    return whole


def _two_joined(a: Arm, b: Arm) -> Arm | None:
    if isinstance(a, ArmEvents) and isinstance(b, ArmEvents):
        events = derive(recover.combined_n, "events", n_first=a.events, n_second=b.events)
        return ArmEvents(
            events, derive(recover.combined_n, None, n_first=a.total, n_second=b.total)
        )
    if not (isinstance(a, ArmMean) and isinstance(b, ArmMean)) or a.n is None or b.n is None:
        return None
    means: dict[str, Number] = {
        "n_first": a.n,
        "mean_first": a.mean,
        "n_second": b.n,
        "mean_second": b.mean,
    }
    return ArmMean(
        derive(recover.combined_mean, a.mean.unit, **means),
        derive(recover.combined_se, a.mean.unit, **means, se_first=a.se, se_second=b.se),
        derive(recover.combined_n, None, n_first=a.n, n_second=b.n),
        a.part,
    )


def covariance(rows: Sequence[tuple[Comparison, Found]]) -> NDArray[np.float64]:
    """Sampling covariance of the estimates; rows that share an arm or people are correlated.

    Returns an array of shape (k, k).
    """
    k = len(rows)
    matrix = np.zeros((k, k))
    for i, (c, one) in enumerate(rows):
        matrix[i, i] = one.std_error.value**2
        for j in range(i):
            d, two = rows[j]
            if related(c, d) and one.arms is not None and two.arms is not None:
                matrix[i, j] = matrix[j, i] = _covariance(rows[i], rows[j])
    return matrix


def related(c: Comparison, d: Comparison) -> bool:
    """Whether two comparisons share an arm, or are of the same people (a crossover trial)."""
    if c.study.id != d.study.id:
        return False
    if c.study.design == "crossover_rct":
        return c.cohort == d.cohort
    return c.control is not None and (c.treatment == d.treatment or c.control == d.control)


def _covariance(first: tuple[Comparison, Found], second: tuple[Comparison, Found]) -> float:
    """Covariance of A - C and B - D: the sum over both sides of sign times r s s.

    r is 1 for an arm with itself, the declared correlation for two periods of the same people, and
    0 for arms of different people; so that A - C and B - C of a parallel trial share Var(C).
    """
    c, d = first[0], second[0]
    declared = c.assume("crossover_correlation") if c.paired else None
    across = 0.0 if declared is None else declared.value
    total = 0.0
    for i, arm in enumerate((c.treatment, c.control)):
        for j, other in enumerate((d.treatment, d.control)):
            r = 1.0 if arm == other else across
            total += (-1) ** (i + j) * r * _arm_error(first, i) * _arm_error(second, j)
    return total


def _arm_error(row: tuple[Comparison, Found], side: int) -> float:
    """Standard error that an arm contributes to an estimate, on the analysis scale."""
    c, found = row
    if found.arms is None:
        return 0.0
    arm = found.arms[side]
    if isinstance(arm, ArmMean):
        if c.question.scale == "log":
            return abs(arm.se.value / arm.mean.value)
        error = in_unit(arm.se, c.terms, c.substance, arm.se.unit, c.question.unit)
        return 0.0 if error is None else error.value
    # The half that an empty cell of either arm adds is in the standard error of the row.
    sides = [(x.events.value, x.total.value) for x in found.arms if isinstance(x, ArmEvents)]
    half = 0.5 * any(events in (0, total) for events, total in sides)
    events, total = sides[side][0] + half, sides[side][1] + 2 * half
    other = -1 / total if c.question.measure == "RR" else 1 / (total - events)
    return float(np.sqrt(1 / events + other))
