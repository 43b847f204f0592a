"""simulate_coverage: how often the intervals of pool hold the true mean, by simulation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from itertools import product
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from evidence.errors import FitError, Problem, is_number, is_whole
from evidence.models.frequentist.figures import figures
from evidence.models.frequentist.options import CiMethod, Options, Tau2Method, resolve
from evidence.models.scale import map_chunks

Array = NDArray[np.float64]
_BLOCK = 1000  # repetitions that share a stream of random numbers
_WANT = ("estimate", "ci_low", "ci_high", "tau2")
_SUMS = ("fits", "covered", "error", "square", "width", "tau2", "zero")


@dataclass(frozen=True, slots=True)
class _Scenario:
    k: int
    true_tau2: float
    effect: float
    variances: tuple[float, float]


@dataclass(frozen=True, slots=True)
class _Block:
    scenario: _Scenario
    repetitions: int
    stream: np.random.SeedSequence


def simulate_coverage(
    k: int | Sequence[int],
    true_tau2: float | Sequence[float],
    *,
    seed: int,
    tau2: Tau2Method | Sequence[Tau2Method] = "reml",
    ci: CiMethod | Sequence[CiMethod] = "hartung_knapp_floored",
    effect: float = 0.0,
    variances: tuple[float, float] = (0.02, 0.4),
    repetitions: int = 10_000,
    level: float = 0.95,
) -> pd.DataFrame:
    """Simulate random-effects meta-analyses and count how often the interval holds the true mean.

    True effects are normal around ``effect`` with variance ``true_tau2``, sampling variances are
    uniform and known, estimates are normal around the true effects. All methods see the same data.
    Every 1,000 repetitions have a stream of their own (``numpy.random.SeedSequence.spawn``), so
    that nothing depends on where they run: within ``joblib.parallel_config(...)`` it is the same
    to the last digit.

    Parameters
    ----------
    k : int or sequence of int
        Numbers of studies, each at least 2.
    true_tau2 : float or sequence of float
    seed : int
    tau2, ci : str or sequence of str
        As in ``pool``; all combinations are tried.
    effect : float
    variances : (float, float)
        Ends of the uniform distribution of the sampling variances.
    repetitions : int
    level : float

    Returns
    -------
    DataFrame, one row a combination
        k, true_tau2, tau2, ci; repetitions, failed (fits without an answer; the rest is of the
        others); coverage and its Monte Carlo standard error; bias, root_mean_square_error, width
        (means), mean_tau2, share_zero (of tau2 estimated as 0).

    Raises
    ------
    FitError
        If an option is unknown or a number impossible, or no fit of a combination had an answer.

    Examples
    --------
    >>> found = simulate_coverage(5, 0.1, seed=1, ci=["wald", "hartung_knapp"], repetitions=1000)
    >>> found["coverage"].gt([0.8, 0.9]).tolist(), int(found["failed"].sum())
    ([True, True], 0)
    """
    sizes: list[int] = _several("k", k)
    spreads: list[float] = _several("true_tau2", true_tau2)
    estimators: list[Tau2Method] = _several("tau2", tau2)
    intervals: list[CiMethod] = _several("ci", ci)
    _check(sizes, spreads, effect, variances, repetitions, seed)
    methods = [
        resolve("random", estimator, interval, level)
        for estimator, interval in product(estimators, intervals)
    ]
    scenarios = [
        _Scenario(int(n), float(t), effect, (float(variances[0]), float(variances[1])))
        for n, t in product(sizes, spreads)
    ]
    counts = [min(_BLOCK, repetitions - done) for done in range(0, repetitions, _BLOCK)]
    streams = np.random.SeedSequence(seed).spawn(len(scenarios) * len(counts))
    blocks = [
        _Block(scenario, count, streams[i * len(counts) + j])
        for i, scenario in enumerate(scenarios)
        for j, count in enumerate(counts)
    ]
    sums = np.array(map_chunks(partial(_simulate, methods=methods), blocks))
    rows = []
    for i, scenario in enumerate(scenarios):
        total = sums[i * len(counts) : (i + 1) * len(counts)].sum(0)
        rows += [
            _row(scenario, method, repetitions, figure)
            for method, figure in zip(methods, total, strict=True)
        ]
    return pd.DataFrame(rows)


def _several(where: str, given: Any) -> list[Any]:
    """One value, or several; what is neither is left to the check of its kind."""
    several = isinstance(given, Sequence | np.ndarray) and not isinstance(given, str)
    several = several and len(np.shape(given)) > 0
    values = list(given) if several else [given]
    if not values and where in ("tau2", "ci"):
        raise FitError("this cannot be simulated", [Problem(where, "is empty", "one or more")])
    return values


def _check(
    sizes: list[int],
    spreads: list[float],
    effect: float,
    variances: tuple[float, float],
    repetitions: int,
    seed: int,
) -> None:
    problems = []
    if not sizes or not all(is_whole(n, 2) for n in sizes):
        problems.append(Problem("k", f"is {sizes!r}", "whole numbers of at least 2"))
    if not spreads or not all(is_number(t) and t >= 0 for t in spreads):
        problems.append(Problem("true_tau2", f"is {spreads!r}", "finite numbers of at least 0"))
    if not is_number(effect):
        problems.append(Problem("effect", f"is {effect!r}", "a finite number"))
    two = isinstance(variances, Sequence) and len(variances) == 2
    if not (two and all(map(is_number, variances)) and 0 < variances[0] <= variances[1]):
        right = "two finite numbers above 0, the smaller first"
        problems.append(Problem("variances", f"is {variances!r}", right))
    if not is_whole(repetitions, 1):
        problems.append(Problem("repetitions", f"is {repetitions!r}", "at least 1"))
    if not is_whole(seed):
        problems.append(Problem("seed", f"is {seed!r}", "a whole number of at least 0"))
    if problems:
        raise FitError("this cannot be simulated", problems)


def _simulate(block: _Block, methods: list[Options]) -> Array:
    """Sums (methods, figures) over one block, in the order of ``_SUMS``."""
    scenario, shape = block.scenario, (block.repetitions, block.scenario.k)
    random = np.random.default_rng(block.stream)
    v = random.uniform(*scenario.variances, shape)
    y = random.normal(scenario.effect, np.sqrt(v + scenario.true_tau2))
    return np.array([_sums(y, v, method, scenario.effect) for method in methods])


def _sums(y: Array, v: Array, method: Options, effect: float) -> Array:
    try:
        found = figures(y, v, method, _WANT)
    except FitError:
        if len(y) == 1:
            return np.zeros(len(_SUMS))
        each = [_sums(y[i : i + 1], v[i : i + 1], method, effect) for i in range(len(y))]
        return np.asarray(np.sum(each, axis=0))
    error = found["estimate"] - effect
    covered = (found["ci_low"] <= effect) & (effect <= found["ci_high"])
    width = found["ci_high"] - found["ci_low"]
    columns = (np.ones(len(y)), covered, error, error**2, width, found["tau2"], found["tau2"] == 0)
    return np.array([column.sum() for column in columns], dtype=np.float64)


def _row(scenario: _Scenario, method: Options, repetitions: int, sums: Array) -> dict[str, object]:
    total = dict(zip(_SUMS, (float(x) for x in sums), strict=True))
    fits = total["fits"]
    if not fits:
        problem = Problem("tau2, ci", f"{method.tau2}, {method.ci}: no fit", "other options")
        raise FitError("no fit had an answer", [problem])
    share = total["covered"] / fits
    return {
        "k": scenario.k,
        "true_tau2": scenario.true_tau2,
        "tau2": method.tau2,
        "ci": method.ci,
        "repetitions": repetitions,
        "failed": repetitions - int(fits),
        "coverage": share,
        "coverage_std_error": float(np.sqrt(share * (1.0 - share) / fits)),
        "bias": total["error"] / fits,
        "root_mean_square_error": float(np.sqrt(total["square"] / fits)),
        "width": total["width"] / fits,
        "mean_tau2": total["tau2"] / fits,
        "share_zero": total["zero"] / fits,
    }
