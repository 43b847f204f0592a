"""Rerun an analysis that was made elsewhere as its file declares it, and compare the results."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from evidence.catalog.display import html_of_record, plain
from evidence.catalog.phrases import counted, folded, p_value, q_words
from evidence.catalog.phrases import figure as number
from evidence.effects.foreign.records import ForeignAnalysis, ForeignTrial, Stored
from evidence.effects.foreign.tables import counts_of, foreign_table, why_not
from evidence.effects.table import EffectTable
from evidence.errors import EffectError, Problem, ReportError, check_kind
from evidence.models.frequentist import kernels, kernels_events
from evidence.models.frequentist.pool import pool

Array = NDArray[np.float64]
COMPARED = ("estimate", "ci_low", "ci_high", "tau2", "q", "q_df", "i2", "z", "p")
TOLERANCE = 1e-6


@dataclass(frozen=True, slots=True)
class Rerun:
    """What an analysis or one of its subgroups gives, by the file's own method.

    ``estimate``, ``ci_low`` and ``ci_high`` are on the readers' scale, ``std_error`` on that of the
    analysis; ``weights`` in percent.
    """

    k: int
    estimate: float
    ci_low: float
    ci_high: float
    std_error: float
    tau2: float | None
    q: float
    q_df: int
    i2: float
    z: float
    p: float
    weights: tuple[float, ...]

    _repr_html_ = html_of_record

    def __str__(self) -> str:
        spread = "" if self.tau2 is None else f"; tau2 {number(self.tau2)}"
        q = q_words(self.q, self.q_df, None)
        return folded(
            f"{counted(self.k, 'study', 'studies')} pooled as the file does: "
            f"{number(self.estimate)} (CI {number(self.ci_low)} to {number(self.ci_high)}), "
            f"z = {self.z:.3g}, "
            f"{p_value(self.p)}; {q}; I2 {self.i2:.1f}%{spread}"
        )


@dataclass(frozen=True, slots=True)
class Compared:
    """One figure of the file beside ours; ``agrees`` to six digits, or to those it prints."""

    analysis: str
    part: str
    figure: str
    theirs: float
    ours: float
    agrees: bool

    _repr_html_ = html_of_record

    def __str__(self) -> str:
        said = f"{self.figure} {self.ours:.8g}, the file has {self.theirs:.8g}"
        return (
            f"{self.analysis}, {plain(self.part)}: {said}: {'agrees' if self.agrees else 'differs'}"
        )


def rerun_analysis(analysis: ForeignAnalysis, subgroup: str | None = None) -> Rerun:
    """Pool an analysis as its file declares it: Mantel-Haenszel, Peto or inverse variance.

    Under random effects by DerSimonian and Laird's estimator and Wald's interval, with Q about the
    Mantel-Haenszel mean where the method is that (Deeks and Higgins 2010); by another estimator or
    interval where the file names it (RevMan since 2024).

    Parameters
    ----------
    analysis : ForeignAnalysis
    subgroup : str, optional
        Id of one of its subgroups.

    Raises
    ------
    EffectError, FitError
        If there is nothing to pool, or the method does not go with the measure.

    Examples
    --------
    >>> from evidence.effects.foreign.records import ForeignTrial, Stored
    >>> none = Stored(True)
    >>> figures = [{"events1": a, "n1": 20, "events2": c, "n2": 20} for a, c in ((4, 8), (2, 5))]
    >>> trials = tuple(ForeignTrial("a", f"T{i}", "", "", f, none) for i, f in enumerate(figures))
    >>> analysis = ForeignAnalysis("1.1", "a.rm5:2", "A v B", "Death", "counts", "RR", "RR", True,
    ...     "mantel_haenszel", False, 0.95, 0.95, "all", False, "A", "B", trials, (), none)
    >>> round(rerun_analysis(analysis).estimate, 4)
    0.4615
    """
    check_kind("analysis", analysis, ForeignAnalysis, ReportError)
    table = foreign_table(analysis, subgroup)
    y = table.rows["estimate"].to_numpy(dtype=np.float64)
    v = table.rows["std_error"].to_numpy(dtype=np.float64) ** 2
    trials = [t for t in analysis.trials if subgroup in (None, t.subgroup)]
    used = [t for t in trials if why_not(analysis, t) is None]
    if (analysis.estimator, analysis.interval) != ("dl", "wald") and analysis.random:
        return _by_name(analysis, table)
    if analysis.method == "mantel_haenszel":
        centre, variance, weights = _mantel_haenszel(analysis, used)
    else:
        mean = kernels.weighted_mean(y, v, np.asarray(0.0))
        centre, variance, weights = float(mean.mean), float(mean.variance), mean.weights
    # One trial stands where the mean stands; only its last digit says otherwise.
    q = float((((y - centre) ** 2) / v).sum()) if len(y) > 1 else 0.0
    df, tau2 = len(y) - 1, None
    if analysis.random:
        tau2 = _dersimonian_laird(q, v)
        mean = kernels.weighted_mean(y, v, np.asarray(tau2))
        centre, variance, weights = float(mean.mean), float(mean.variance), mean.weights
    return _result(analysis, centre, math.sqrt(variance), weights, (tau2, q, df))


def _dersimonian_laird(q: float, v: Array) -> float:
    if len(v) < 2:
        return 0.0
    w = 1 / v
    return max(0.0, (q - (len(v) - 1)) / float(w.sum() - (w**2).sum() / w.sum()))


def _mantel_haenszel(
    analysis: ForeignAnalysis, trials: Sequence[ForeignTrial]
) -> tuple[float, float, Array]:
    """Mean, variance and weights; 1/2 in the cells of tables with an empty one, as RevMan does."""
    if analysis.kind != "counts" or analysis.measure == "PETO":
        what = f"Mantel-Haenszel for {analysis.measure_label or analysis.measure}"
        right = "RR, OR or RD of counts"
        raise EffectError("the method does not exist", [Problem(analysis.where, what, right)])
    a, n1, c, n2 = np.array([counts_of(analysis, trial) for trial in trials], dtype=float).T
    tables = kernels_events.Tables(a, n1 - a, c, n2 - c)
    spread = kernels_events.add_to_cells(tables, 0.5, "zero_cells")
    if analysis.measure != "RD":
        # Where everyone had the event the ratio is 1: 1/2 goes to the events alone. RevMan's own
        # rule for these tables is not published; this one meets its tau2 to four digits.
        full = (tables.b == 0) & (tables.d == 0)
        b, d = (np.where(full, 0.0, x) for x in (spread.b, spread.d))
        tables = kernels_events.Tables(spread.a, b, spread.c, d)
    estimate = float(kernels_events.mantel_haenszel(tables, analysis.measure).estimate)
    variance = float(kernels_events.mantel_haenszel(spread, analysis.measure).variance)
    if analysis.measure == "RD":
        variance = _of_risk_difference(tables, spread)
    n1, n2 = tables.a + tables.b, tables.c + tables.d
    total = n1 + n2
    weights = {
        "RR": tables.c * n1 / total,
        "OR": tables.b * tables.c / total,
        "RD": n1 * n2 / total,
    }[analysis.measure]
    return estimate, variance, weights


def _of_risk_difference(tables: kernels_events.Tables, spread: kernels_events.Tables) -> float:
    """Variance of a Mantel-Haenszel risk difference (Greenland and Robins 1985), as RevMan has it.

    The spread is that of the tables with 1/2 in their cells, the weights those of the tables as
    they are; one trial alone has its own variance.
    """
    a, b, c, d = spread
    n1, n2 = a + b, c + d
    j = (a * b * n2**3 + c * d * n1**3) / (n1 * n2 * (n1 + n2) ** 2)
    if len(a) > 1:
        n1, n2 = tables.a + tables.b, tables.c + tables.d
    return float(j.sum() / (n1 * n2 / (n1 + n2)).sum() ** 2)


def _by_name(analysis: ForeignAnalysis, table: EffectTable) -> Rerun:
    """Pool by an estimator and an interval that the file names."""
    fit = pool(
        table,
        tau2=analysis.estimator,  # type: ignore[arg-type]
        ci=analysis.interval,  # type: ignore[arg-type]
        level=analysis.level,
    )
    het = fit.heterogeneity
    low, high = fit.ci_low, fit.ci_high
    back = math.exp if analysis.log_scale else float
    q, df = (het.q, het.df) if het.q is not None and het.df is not None else (0.0, 0)
    return Rerun(
        k=table.k,
        estimate=back(fit.estimate),
        ci_low=back(low),
        ci_high=back(high),
        std_error=fit.std_error,
        tau2=het.tau2,
        q=q,
        q_df=df,
        i2=0.0 if het.i2 is None else het.i2,
        z=abs(fit.estimate / fit.std_error),
        p=float(fit.terms["p"].iloc[0]),
        weights=tuple(float(w) for w in fit.weights),
    )


def _result(
    analysis: ForeignAnalysis,
    centre: float,
    error: float,
    weights: Array,
    spread: tuple[float | None, float, int],
) -> Rerun:
    half = kernels.critical_value(analysis.level, math.inf) * error
    back = math.exp if analysis.log_scale else float
    tau2, q, df = spread
    z = abs(centre) / error
    return Rerun(
        k=len(weights),
        estimate=back(centre),
        ci_low=back(centre - half),
        ci_high=back(centre + half),
        std_error=error,
        tau2=tau2,
        q=q,
        q_df=df,
        i2=float(kernels.i2_from_q(np.asarray(q), df)),
        z=z,
        p=float(kernels.two_sided_p(np.asarray(z), np.asarray(math.inf))),
        weights=tuple((100 * weights / weights.sum()).tolist()),
    )


def compare_stored(analysis: ForeignAnalysis) -> tuple[Compared, ...]:
    """Rerun an analysis and set each figure that its file stores beside ours.

    Compared are what the file pooled over all trials, in each subgroup, and the estimate and
    interval of each trial. What the file calls not estimable is left out.

    Examples
    --------
    >>> from evidence.effects.foreign.records import ForeignTrial, Stored
    >>> none = Stored(True)
    >>> figures = {"events1": 4, "n1": 20, "events2": 8, "n2": 20}
    >>> trial = ForeignTrial("a", "One", "", "", figures, Stored(True, {"estimate": 0.5}))
    >>> analysis = ForeignAnalysis("1.1", "a.rm5:2", "A v B", "Death", "counts", "RR", "RR", True,
    ...     "mantel_haenszel", False, 0.95, 0.95, "none", False, "A", "B", (trial,), (), none)
    >>> [(one.part, one.figure, one.agrees) for one in compare_stored(analysis)]
    [('trial One', 'estimate', True)]
    """
    check_kind("analysis", analysis, ForeignAnalysis, ReportError)
    found: list[Compared] = []
    parts: list[Rerun] = []
    if analysis.totals == "all" and analysis.stored.estimable:
        found += _against(analysis, "all trials", analysis.stored, rerun_analysis(analysis))
    for part in analysis.subgroups if analysis.totals != "none" else ():
        if part.stored.estimable:
            made = rerun_analysis(analysis, part.id)
            parts.append(made)
            found += _against(analysis, f"subgroup {part.id}", part.stored, made)
    found += _between(analysis, parts)
    for trial in analysis.trials:
        if trial.stored.estimable and why_not(analysis, trial) is None:
            found += _trial(analysis, trial)
    return tuple(found)


def _against(analysis: ForeignAnalysis, part: str, stored: Stored, made: Rerun) -> list[Compared]:
    found = []
    for figure in COMPARED:
        theirs, ours = stored.get(figure), getattr(made, figure)
        if figure == "i2" and made.q_df == 0 and theirs:
            # I2 of one trial is 0 / 0; files hold 100 where rounding left a Q of 1e-30.
            continue
        # Files write 0 for what one trial alone cannot have, and tau2 = 0 for a fixed effect.
        if theirs is not None and ours is not None and stored.get("estimate") is not None:
            agrees = agree(theirs, float(ours))
            found.append(Compared(analysis.id, part, figure, theirs, float(ours), agrees))
    return found


def _between(analysis: ForeignAnalysis, parts: Sequence[Rerun]) -> list[Compared]:
    """Compare the test for subgroup differences: Q of the subgroups' means by inverse variance."""
    theirs = analysis.stored.get("subgroup_q")
    if theirs is None or len(parts) < 2:
        return []
    into = math.log if analysis.log_scale else float
    y = np.array([into(part.estimate) for part in parts])
    v = np.array([part.std_error**2 for part in parts])
    centre = kernels.weighted_mean(y, v, np.asarray(0.0)).mean
    q = float((((y - centre) ** 2) / v).sum())
    i2 = float(kernels.i2_from_q(np.asarray(q), len(parts) - 1))
    pairs = (("q", theirs, q), ("i2", analysis.stored.get("subgroup_i2"), i2))
    return [
        Compared(analysis.id, "between subgroups", figure, said, ours, agree(said, ours))
        for figure, said, ours in pairs
        if said is not None
    ]


def _trial(analysis: ForeignAnalysis, trial: ForeignTrial) -> list[Compared]:
    alone = replace(analysis, trials=(replace(trial, subgroup=""),), subgroups=())
    table = foreign_table(alone)
    y, s = (float(table.rows[name].iloc[0]) for name in ("estimate", "std_error"))
    half = kernels.critical_value(analysis.level_trials, math.inf) * s
    back = math.exp if analysis.log_scale else float
    ours = {
        "estimate": back(y),
        "ci_low": back(y - half),
        "ci_high": back(y + half),
        "std_error": s,
    }
    return [
        Compared(analysis.id, f"trial {trial.study}", name, theirs, value, agree(theirs, value))
        for name, value in ours.items()
        if (theirs := trial.stored.get(name)) is not None
    ]


def agree(theirs: float, ours: float) -> bool:
    """Whether two figures agree to six significant digits, or to six decimals.

    Examples
    --------
    >>> agree(0.896866, 0.89686556), agree(0.89, 0.8969)
    (True, False)
    """
    return abs(theirs - ours) <= max(TOLERANCE * abs(theirs), 0.6 * TOLERANCE)
