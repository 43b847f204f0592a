"""Borrowing: a target's mean effect, and what it owes to other populations."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from evidence.catalog.display import html_of_text
from evidence.effects.table import EffectTable


@dataclass(frozen=True, slots=True)
class Conflict:
    """How far target and source contradict each other; small figures mean conflict.

    Attributes
    ----------
    box_p : float
        Box (1980): probability, under what the source alone predicts for the target's trials at
        full borrowing, of a weighted mean that is less likely than the one seen.
    tail_p : float
        Twice the smaller tail of the same predictive distribution.
    difference_p : float
        Twice the smaller tail of the posterior of target minus source, each from its own data
        (Presanis et al. 2013).
    difference : float
        Posterior median of each one's own mean, target's minus source's.
    """

    box_p: float
    tail_p: float
    difference_p: float
    difference: float


@dataclass(frozen=True, slots=True, eq=False)
class Borrowing:
    """Answer of ``borrow``, on the tables' analysis scale.

    Attributes
    ----------
    target : EffectTable
    sources : mapping of str to EffectTable
    method : str
    axis : str
        What the discount is: ``a0``, ``sd``, ``spike_probability`` or ``map_weight``.
    stated : float or None
        The discount asked for; None where its prior is integrated.
    terms : DataFrame
        Target's mean: rows ``target_only`` (the vague prior where it has no trials), ``borrowed``
        (at what was stated), ``pooled`` (all trials as one population); columns mean, median, sd,
        ci_low, ci_high, probability_below, borrowed_evidence, borrowed_patients.
    curve : DataFrame
        The same over the discount, column ``discount``.
    tipping : DataFrame
        Where a conclusion changes along the curve: criterion (``ci_low`` or ``ci_high`` touches
        the threshold, ``probability_below`` or ``probability_above`` crosses the level),
        discount. Empty where none does.
    conflict : Conflict or None
        None where the target has no trials, so that nothing can contradict the source.
    level, threshold, probability : float
    notes : tuple of str
    """

    target: EffectTable
    sources: Mapping[str, EffectTable]
    method: str
    axis: str
    stated: float | None
    terms: pd.DataFrame
    curve: pd.DataFrame
    tipping: pd.DataFrame
    conflict: Conflict | None
    level: float
    threshold: float
    probability: float
    notes: tuple[str, ...] = ()

    _repr_html_ = html_of_text

    def frame(self) -> pd.DataFrame:
        """The curve over the discount."""
        return self.curve

    def __str__(self) -> str:
        names = ", ".join(self.sources)
        k = sum(table.k for table in self.sources.values())
        lines = [
            f"Borrowing ({self.method}): {self.target.k} target trials, {k} of {names}; "
            f"{self.target.measure} ({self.target.scale} scale)"
        ]
        lines += [
            f"  {row['term']:<12} median {row['median']:.4g}, {100 * self.level:g}% "
            f"{row['ci_low']:.4g} to {row['ci_high']:.4g}, "
            f"P(below {self.threshold:g}) {row['probability_below']:.4f}"
            for row in self.terms.reset_index(names="term").to_dict("records")
        ]
        share = self.terms["borrowed_evidence"].to_dict()["borrowed"]
        if share is not None:
            lines.append(f"  borrowed: {share:.3g} times the target's own evidence")
        c = self.conflict
        if c is not None:
            lines.append(
                f"  conflict: Box's p {c.box_p:.3g}, tail p {c.tail_p:.3g}, "
                f"p of the difference {c.difference_p:.3g}"
            )
        lines += [
            f"  tipping point: {row['criterion']} at {self.axis} {row['discount']:.3g}"
            for row in self.tipping.to_dict("records")
        ]
        if self.tipping.empty:
            lines.append(f"  no conclusion changes along the curve over {self.axis}")
        return "\n".join([*lines, *(f"  note: {note}" for note in self.notes)])
