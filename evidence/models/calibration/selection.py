"""selection_coverage: intervals that answer publication bias, where studies were selected."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from evidence.effects.table import EffectTable, table_of
from evidence.errors import FitError, Problem
from evidence.models.bias.checks import FewStudiesWarning
from evidence.models.bias.corrected import henmi_copas, limit_meta_analysis
from evidence.models.bias.pet_peese import pet_peese
from evidence.models.bias.selection import selection_model
from evidence.models.bias.trim_fill import trim_and_fill
from evidence.models.calibration.average import selected
from evidence.models.frequentist.pool import pool
from evidence.models.scale import map_chunks

Array = NDArray[np.float64]
Interval = tuple[float, float, float]
COLUMNS = (
    "method", "k", "true_mu", "true_tau2", "weight", "repetitions", "failed", "coverage",
    "coverage_std_error", "width", "bias", "root_mean_square_error",
)  # fmt: skip
STEP = 0.025
_BLOCK = 100  # repetitions that share a stream of random numbers


def _uncorrected(table: EffectTable, level: float) -> Interval:
    fit = pool(table, tau2="reml", ci="hartung_knapp_floored", level=level)
    return fit.estimate, fit.ci_low, fit.ci_high


def _selection(table: EffectTable, level: float) -> Interval:
    fit = selection_model(table, steps=(STEP,), level=level)
    return float(fit.coefficients[0]), float(fit.ci_low[0]), float(fit.ci_high[0])


def _pet_peese(table: EffectTable, level: float) -> Interval:
    fit = pet_peese(table, level=level)
    line = fit.pet if fit.chosen == "PET" else fit.peese
    return _whole(fit.estimate, line.limit_low, line.limit_high)


def _limit(table: EffectTable, level: float) -> Interval:
    fit = limit_meta_analysis(table, level=level).mean
    return fit.estimate, fit.ci_low, fit.ci_high


def _henmi_copas(table: EffectTable, level: float) -> Interval:
    fit = henmi_copas(table, level=level)
    return fit.estimate, fit.ci_low, fit.ci_high


def _trim_and_fill(table: EffectTable, level: float) -> Interval:
    fit = trim_and_fill(table, level=level).adjusted
    return fit.estimate, fit.ci_low, fit.ci_high


def _whole(estimate: float, low: float | None, high: float | None) -> Interval:
    """An interval that is there; a line that has none is no answer."""
    if low is None or high is None:
        raise FitError("no interval", [Problem("line", "has no limits", "more studies")])
    return estimate, low, high


METHODS: dict[str, Callable[[EffectTable, float], Interval]] = {
    "no correction, REML, Hartung-Knapp floored": _uncorrected,
    "selection model, step at 0.025": _selection,
    "PET-PEESE": _pet_peese,
    "limit meta-analysis": _limit,
    "Henmi-Copas": _henmi_copas,
    "trim and fill": _trim_and_fill,
}


@dataclass(frozen=True, slots=True)
class _Cell:
    k: int
    mu: float
    tau2: float
    weight: float
    repetitions: int
    stream: np.random.SeedSequence


def selection_coverage(
    k: int | Sequence[int],
    true_mu: float | Sequence[float],
    true_tau2: float | Sequence[float],
    weight: float | Sequence[float],
    *,
    seed: int,
    variances: tuple[float, float] = (0.02, 0.4),
    repetitions: int = 400,
    level: float = 0.95,
) -> pd.DataFrame:
    """Count how often intervals hold the true mean where studies were selected by their P.

    Studies whose one-sided p-value is above 0.025 are published with the probability ``weight``,
    all others are; k is the number of those published, and sampling variances are those of the
    published. A weight of 1 is no selection.

    Parameters
    ----------
    k, true_mu, true_tau2, weight : numbers, or sequences of numbers
        All combinations are simulated.
    seed : int
    variances : (float, float)
        Ends of the uniform distribution of the sampling variances.
    repetitions : int
    level : float

    Returns
    -------
    DataFrame
        A row for each method and combination: columns ``COLUMNS``. ``failed`` repetitions, in
        which a method refused to answer, count neither way.

    Raises
    ------
    FitError
        If a number is impossible.

    Examples
    --------
    >>> table = selection_coverage(8, 0.3, 0.0, 0.2, seed=1, repetitions=5)
    >>> table["repetitions"].unique().tolist()
    [5]
    """
    sizes, means, spreads, weights = (
        np.atleast_1d(np.asarray(x, dtype=np.float64)) for x in (k, true_mu, true_tau2, weight)
    )
    _check(sizes, means, spreads, weights, repetitions)
    grid = [(n, m, t, w) for n in sizes for m in means for t in spreads for w in weights]
    counts = [min(_BLOCK, repetitions - done) for done in range(0, repetitions, _BLOCK)]
    streams = np.random.SeedSequence(seed).spawn(len(grid) * len(counts))
    cells = [
        _Cell(int(n), float(m), float(t), float(w), count, streams[i * len(counts) + j])
        for i, (n, m, t, w) in enumerate(grid)
        for j, count in enumerate(counts)
    ]
    parts = map_chunks(partial(_simulate, variances=variances, level=level), cells)
    found = [np.concatenate(parts[i : i + len(counts)]) for i in range(0, len(parts), len(counts))]
    rows = [
        _row(name, (int(n), float(m), float(t), float(w)), seen[:, j])
        for (n, m, t, w), seen in zip(grid, found, strict=True)
        for j, name in enumerate(METHODS)
    ]
    return pd.DataFrame(rows)[list(COLUMNS)]


def _check(sizes: Array, means: Array, spreads: Array, weights: Array, repetitions: int) -> None:
    problems = []
    if not all(float(n).is_integer() and n >= 3 for n in sizes):
        problems.append(Problem("k", f"{sizes.tolist()}", "whole numbers of at least 3"))
    if not np.isfinite(means).all():
        problems.append(Problem("true_mu", f"{means.tolist()}", "finite numbers"))
    if not (np.isfinite(spreads).all() and (spreads >= 0).all()):
        problems.append(Problem("true_tau2", f"{spreads.tolist()}", "numbers of at least 0"))
    if not ((weights > 0) & (weights <= 1)).all():
        problems.append(Problem("weight", f"{weights.tolist()}", "above 0, at most 1"))
    if isinstance(repetitions, bool) or not isinstance(repetitions, int) or repetitions < 1:
        problems.append(Problem("repetitions", repr(repetitions), "a number of at least 1"))
    if problems:
        raise FitError("this cannot be simulated", problems)


def _simulate(cell: _Cell, variances: tuple[float, float], level: float) -> Array:
    """Error and interval of each repetition and method, (n, methods, 3); NaN: no answer."""
    with warnings.catch_warnings():
        # How few studies matter is what the table counts.
        warnings.simplefilter("ignore", FewStudiesWarning)
        return _counted(cell, variances, level)


def _counted(cell: _Cell, variances: tuple[float, float], level: float) -> Array:
    random = np.random.default_rng(cell.stream)
    found = np.full((cell.repetitions, len(METHODS), 3), np.nan)
    for i in range(cell.repetitions):
        s = np.sqrt(random.uniform(*variances, cell.k))
        y = selected(
            random, cell.mu, cell.tau2**0.5, s, np.array([STEP]), np.array([1.0, cell.weight])
        )
        table = table_of(y, s)
        for j, method in enumerate(METHODS.values()):
            try:
                found[i, j] = np.array(method(table, level)) - cell.mu
            except FitError:
                # Counted as failed: a method that refuses gives no interval to be counted.
                continue
    return found


def _row(name: str, cell: tuple[int, float, float, float], seen: Array) -> dict[str, object]:
    k, mu, tau2, weight = cell
    there = seen[np.isfinite(seen).all(axis=1)]
    n = len(there)
    row: dict[str, object] = {
        "method": name, "k": k, "true_mu": mu, "true_tau2": tau2, "weight": weight,
        "repetitions": len(seen), "failed": len(seen) - n,
    }  # fmt: skip
    if not n:
        return row | dict.fromkeys(COLUMNS[7:])
    error, low, high = there.T
    share = float(((low <= 0) & (high >= 0)).mean())
    return row | {
        "coverage": share,
        "coverage_std_error": float(np.sqrt(share * (1.0 - share) / n)),
        "width": float((high - low).mean()),
        "bias": float(error.mean()),
        "root_mean_square_error": float(np.sqrt((error**2).mean())),
    }
