"""Absolute effects: what a ratio means for people with a stated risk or level."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from evidence.catalog.study import ArmResult, Study, Summary
from evidence.errors import EffectError, Problem, is_number

PARTS = ("final", "change", "change_percent")
PART_WORDS = {"final": "final value", "change": "change", "change_percent": "percent change"}


@dataclass(frozen=True, slots=True)
class ComparatorRisk:
    """Risk with the comparator: the median over trials, and each of them.

    ``trials`` holds label, events, people and weeks; a trial that printed only the percentage has
    no events.
    """

    median: float
    lowest: float
    highest: float
    trials: tuple[str, ...]
    missing: int

    @property
    def unusable(self) -> str:
        """Why no absolute risk follows from a ratio and this risk; empty where one does."""
        if 0 < self.median < 1:
            return ""
        arms = "the comparator arm" if len(self.trials) == 1 else "the comparator arms"
        if self.lowest < self.highest:
            arms = "the middle one of the comparator arms"
        what = f"no event in {arms}" if self.median == 0 else f"an event in everyone of {arms}"
        return f"{what}: no absolute difference follows from a ratio"

    @property
    def source(self) -> str:
        """Where the risk comes from."""
        n = len(self.trials)
        middle = "the comparator arm" if n == 1 else f"median of the comparator arms of {n} trials"
        left = f"; {self.missing} more printed none" if self.missing else ""
        return f"{middle}: {'; '.join(self.trials)}{left}"


@dataclass(frozen=True, slots=True)
class ComparatorMean:
    """Mean with the comparator in one trial, as printed."""

    label: str
    part: str
    value: float
    unit: str | None


@dataclass(frozen=True, slots=True)
class AbsoluteRisk:
    """People in 1,000 with the event: with the comparator, with the treatment, and how many more.

    Each triple is estimate, lower and upper limit. ``capped`` says that a ratio led beyond
    1,000 of 1,000.
    """

    comparator: float
    treatment: tuple[float, float, float]
    difference: tuple[float, float, float]
    capped: bool


def absolute_risk(
    comparator_risk: float, measure: str, estimate: float, low: float, high: float
) -> AbsoluteRisk:
    """Put a ratio into people in 1,000.

    Parameters
    ----------
    comparator_risk : float
        Between 0 and 1, and neither: of no events at all, or of all, a ratio makes nothing.
    measure : {"RR", "OR", "HR"}
    estimate, low, high : float
        Ratios (not logarithms), above 0. The comparator's risk is taken as known, so that the
        limits carry the uncertainty of the ratio alone.

    Raises
    ------
    EffectError
        If the measure is another, or a number is out of range.

    Notes
    -----
    Cochrane Handbook 15.4.4: risk ratio ``r p``; odds ratio ``r p / (1 - p + r p)``; hazard ratio
    ``1 - (1 - p)^r``.

    Examples
    --------
    >>> found = absolute_risk(0.1, "RR", 0.8, 0.5, 1.2)
    >>> [round(x, 6) for x in found.treatment], [round(x, 6) for x in found.difference]
    ([80.0, 50.0, 120.0], [-20.0, -50.0, 20.0])
    """
    problems = []
    if measure not in ("RR", "OR", "HR"):
        problems.append(Problem("measure", repr(measure), "one of RR, OR, HR"))
    if not is_number(comparator_risk) or not 0 < comparator_risk < 1:
        right = "above 0 and below 1: else no absolute risk follows from a ratio"
        problems.append(Problem("comparator_risk", repr(comparator_risk), right))
    for name, value in (("estimate", estimate), ("low", low), ("high", high)):
        if not is_number(value) or value <= 0:
            problems.append(Problem(name, repr(value), "a ratio, above 0"))
    if problems:
        raise EffectError("there is no absolute risk of this", problems)
    risks = [_risk(comparator_risk, measure, ratio) for ratio in (estimate, low, high)]
    capped = max(risks) > 1
    per = [1000 * min(risk, 1.0) for risk in risks]
    base = 1000 * comparator_risk
    treatment = (per[0], per[1], per[2])
    difference = (per[0] - base, per[1] - base, per[2] - base)
    return AbsoluteRisk(base, treatment, difference, capped)


def _risk(p: float, measure: str, ratio: float) -> float:
    if measure == "RR":
        return ratio * p
    if measure == "OR":
        return ratio * p / (1 - p + ratio * p)
    return -math.expm1(ratio * math.log1p(-p))


def comparator_risk(rows: pd.DataFrame, studies: Iterable[Study]) -> ComparatorRisk | None:
    """Median risk in the comparator arms of the trials used (Cochrane Handbook 14.1.5).

    Parameters
    ----------
    rows : DataFrame
        Rows of an effect table.
    studies : iterable of Study
        The trials that they were made of.

    Returns
    -------
    ComparatorRisk or None
        None where no trial printed it.
    """
    risks, told = [], []
    for label, weeks, _, result in _control_arms(rows, studies):
        people = result.total if result.total is not None else result.n
        when = "" if weeks is None else f" at {weeks:.0f} weeks"
        if result.events is not None and people:
            risks.append(result.events / people)
            told.append(f"{label} {result.events}/{people}{when}")
        elif result.events_percent is not None:
            risks.append(result.events_percent / 100)
            told.append(f"{label} {result.events_percent:g} %{when}")
    if not risks:
        return None
    median = float(np.median(risks))
    return ComparatorRisk(median, min(risks), max(risks), tuple(told), len(rows) - len(risks))


def comparator_means(rows: pd.DataFrame, studies: Iterable[Study]) -> tuple[ComparatorMean, ...]:
    """Mean of each comparator arm: the final value, else the change, else the percent change."""
    found = []
    for label, _, unit, result in _control_arms(rows, studies):
        for part in PARTS:
            summary: Summary | None = getattr(result, part)
            value = None if summary is None else _centre(summary)
            if value is not None:
                of = "%" if part == "change_percent" and unit != "%/year" else unit
                found.append(ComparatorMean(label, part, value, of))
                break
    return tuple(found)


def _centre(summary: Summary) -> float | None:
    return summary.mean if summary.mean is not None else summary.centre


def _control_arms(
    rows: pd.DataFrame, studies: Iterable[Study]
) -> Iterable[tuple[str, float | None, str | None, ArmResult]]:
    """Comparator arms of the rows, each once: label, weeks, unit and what was printed of it."""
    known = {study.id: study for study in studies}
    seen = set()
    for row in rows.to_dict("records"):
        key = (str(row["study"]), str(row["outcome"]), str(row["control"]))
        study = known.get(key[0])
        if study is None or row["control"] is None or key in seen:
            continue
        seen.add(key)
        outcome = next((o for o in study.outcomes if o.id == key[1]), None)
        result = None if outcome is None else outcome.arms.get(key[2])
        if outcome is not None and result is not None:
            yield str(row["label"]), outcome.weeks, outcome.unit, result
