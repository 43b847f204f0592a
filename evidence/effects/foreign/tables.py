"""From an analysis of another review to its effects: an EffectTable as any other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from evidence.effects.foreign.records import ROLES, ForeignAnalysis, ForeignTrial
from evidence.effects.sizes.frame import effect_sizes
from evidence.effects.table import UNUSED_COLUMNS, EffectTable, table_of
from evidence.errors import EffectError, Problem, check_kind, did_you_mean

# RevMan's forms of the measures (Deeks and Higgins 2010, Statistical algorithms in RevMan 5).
FORMS = {"SMD": "SMD_APPROX"}
RELATIVE = ("RR", "OR", "PETO")


def foreign_table(analysis: ForeignAnalysis, subgroup: str | None = None) -> EffectTable:
    """Compute the effects of an analysis that was made elsewhere.

    Parameters
    ----------
    analysis : ForeignAnalysis
    subgroup : str, optional
        Id of one of its subgroups; all trials where left out.

    Returns
    -------
    EffectTable
        Effects as RevMan computes them: 1/2 added to the cells of tables with an empty one, for
        risk differences only to their variance; a risk ratio is 1 where everyone had the event.
        Trials without an effect stand in ``unused``.

    Raises
    ------
    EffectError
        If there is no such subgroup, or no trial that has an effect.

    Examples
    --------
    >>> from evidence.effects.foreign.records import ForeignTrial, Stored
    >>> none = Stored(True)
    >>> figures = {"events1": 4, "n1": 20, "events2": 8, "n2": 20}
    >>> trial = ForeignTrial("a.rm5:3", "One 1999", "1999", "", figures, none)
    >>> analysis = ForeignAnalysis("1.1", "a.rm5:2", "A v B", "Death", "counts", "RR", "RR", True,
    ...     "mantel_haenszel", False, 0.95, 0.95, "all", False, "A", "B", (trial,), (), none)
    >>> round(float(foreign_table(analysis).rows["estimate"].iloc[0]), 4)
    -0.6931
    """
    check_kind("analysis", analysis, ForeignAnalysis, EffectError)
    trials = list(analysis.trials)
    if subgroup is not None:
        known = [part.id for part in analysis.subgroups]
        if subgroup not in known:
            problem = Problem(repr(subgroup), "no such subgroup", did_you_mean(subgroup, known))
            raise EffectError(f"analysis {analysis.id} has other subgroups", [problem])
        trials = [trial for trial in trials if trial.subgroup == subgroup]
    reasons = [why_not(analysis, trial) for trial in trials]
    used = [trial for trial, reason in zip(trials, reasons, strict=True) if reason is None]
    if not used:
        problem = Problem(analysis.where, "no trial has an effect", "choose another analysis")
        raise EffectError(f"analysis {analysis.id} cannot be pooled", [problem])
    table = _table(analysis, used)
    left = [
        dict.fromkeys(UNUSED_COLUMNS)
        | {"study": trial.study, "label": trial.study, "outcome": analysis.outcome}
        | {"stage": "effect size", "reason": reason, "sources": trial.where}
        for trial, reason in zip(trials, reasons, strict=True)
        if reason is not None
    ]
    if not left:
        return table
    unused = pd.DataFrame(left, columns=list(UNUSED_COLUMNS)).astype(object)
    return replace(table, unused=unused, considered=len(trials))


def counts_of(analysis: ForeignAnalysis, trial: ForeignTrial) -> tuple[float, float, float, float]:
    """Events and people of both groups; those without the event where the file counts these."""
    a, n1, c, n2 = (trial.figures[name] for name in ("events1", "n1", "events2", "n2"))
    return (n1 - a, n1, n2 - c, n2) if analysis.swapped else (a, n1, c, n2)


def why_not(analysis: ForeignAnalysis, trial: ForeignTrial) -> str | None:
    """Say why a trial has no effect that can be pooled; None where it has one."""
    figures = trial.figures
    missing = [role for role in ROLES[analysis.kind] if role not in figures]
    if missing:
        return f"not given: {', '.join(missing)}"
    if analysis.kind == "counts":
        a, n1, c, n2 = counts_of(analysis, trial)
        if min(n1, n2) <= 0:
            return "no one in a group"
        if analysis.measure in RELATIVE and a + c == 0:
            return "no events in both groups"
        if analysis.measure in ("OR", "PETO") and a + c == n1 + n2:
            return "nothing but events in both groups"
    elif analysis.kind == "means":
        if min(figures["n1"], figures["n2"]) <= 0:
            return "no one in a group"
        if figures["sd1"] <= 0 or figures["sd2"] <= 0:
            return "a standard deviation of 0"
        if analysis.measure == "SMD" and figures["n1"] + figures["n2"] <= 4:
            return "too few people for a standardised difference"
    elif figures["std_error" if analysis.kind == "generic" else "variance"] <= 0:
        return "no spread"
    return None


def _table(analysis: ForeignAnalysis, trials: Sequence[ForeignTrial]) -> EffectTable:
    labels = row_labels([trial.study for trial in trials])
    if analysis.kind == "generic":
        estimates = [trial.figures["estimate"] for trial in trials]
        errors = [trial.figures["std_error"] for trial in trials]
    elif analysis.kind == "observed_expected":
        spread = [trial.figures["variance"] for trial in trials]
        excess = [trial.figures["observed_minus_expected"] for trial in trials]
        estimates = [o / v for o, v in zip(excess, spread, strict=True)]
        errors = [v**-0.5 for v in spread]
    elif analysis.measure == "RD":
        estimates, errors = _risk_differences(analysis, trials)
    elif analysis.measure == "RR" and any(_everyone(analysis, trial) for trial in trials):
        estimates, errors = _risk_ratios(analysis, trials)
    else:
        return _own(analysis, trials, labels)
    return table_of(
        estimates,
        errors,
        labels=labels,
        measure=analysis.measure,
        scale="log" if analysis.log_scale else "identity",
    )


def _own(
    analysis: ForeignAnalysis, trials: Sequence[ForeignTrial], labels: list[str]
) -> EffectTable:
    columns: tuple[str, ...]
    if analysis.kind == "counts":
        columns = ROLES["counts"]
        rows = [dict(zip(columns, counts_of(analysis, t), strict=True)) for t in trials]
    else:
        columns = ROLES["means"]
        rows = [{name: t.figures[name] for name in columns} for t in trials]
    frame = pd.DataFrame(rows, dtype=float).assign(study=labels)
    measure = FORMS.get(analysis.measure, analysis.measure)
    named = {name: name for name in columns}
    if measure == "PETO":
        # Peto's estimate needs no addition to empty cells.
        named |= {"to": "none"}
    return effect_sizes(frame, measure=measure, study="study", **named)  # type: ignore[arg-type]


def _everyone(analysis: ForeignAnalysis, trial: ForeignTrial) -> bool:
    a, n1, c, n2 = counts_of(analysis, trial)
    return a == n1 and c == n2


def _risk_ratios(
    analysis: ForeignAnalysis, trials: Sequence[ForeignTrial]
) -> tuple[list[float], list[float]]:
    """Log risk ratios where some trial had the event in everyone: its ratio is 1, as RevMan has it.

    Its variance, as that of any table with an empty cell, has 1/2 in each cell.
    """
    a, n1, c, n2 = np.array([counts_of(analysis, trial) for trial in trials], dtype=float).T
    more = np.where((a == 0) | (a == n1) | (c == 0) | (c == n2), 0.5, 0.0)
    a, n1, c, n2 = a + more, n1 + 2 * more, c + more, n2 + 2 * more
    full = np.array([_everyone(analysis, trial) for trial in trials])
    y = np.where(full, 0.0, np.log(a / n1) - np.log(c / n2))
    return y.tolist(), np.sqrt(1 / a - 1 / n1 + 1 / c - 1 / n2).tolist()


def _risk_differences(
    analysis: ForeignAnalysis, trials: Sequence[ForeignTrial]
) -> tuple[list[float], list[float]]:
    """Differences of the risks as counted; 1/2 in each cell of their variance if one is empty."""
    a, n1, c, n2 = np.array([counts_of(analysis, trial) for trial in trials], dtype=float).T
    b, d = n1 - a, n2 - c
    more = np.where((a == 0) | (b == 0) | (c == 0) | (d == 0), 0.5, 0.0)
    variance = sum(
        (x + more) * (y + more) / (n + 2 * more) ** 3 for x, y, n in ((a, b, n1), (c, d, n2))
    )
    return (a / n1 - c / n2).tolist(), np.sqrt(variance).tolist()


def row_labels(names: Sequence[str]) -> list[str]:
    """Give each row a label of its own: ``name (2)`` for the second row of one name.

    Examples
    --------
    >>> row_labels(["a", "b", "a"])
    ['a', 'b', 'a (2)']
    """
    found: list[str] = []
    for name in names:
        label, count = name, 1
        while label in found:
            count += 1
            label = f"{name} ({count})"
        found.append(label)
    return found
