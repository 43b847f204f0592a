"""coverage_table: frequentist and Bayesian intervals side by side, by simulation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from evidence.errors import FitError, Problem
from evidence.models.bayesian.many import pool_bayes_many
from evidence.models.bayesian.priors import MuPrior, TauPrior, flat
from evidence.models.frequentist.coverage import simulate_coverage
from evidence.models.frequentist.options import CiMethod, Tau2Method
from evidence.models.scale import map_chunks

Array = NDArray[np.float64]
COLUMNS = (
    "kind", "method", "interval", "k", "true_tau2", "repetitions", "failed", "coverage",
    "coverage_std_error", "width", "bias", "root_mean_square_error",
)  # fmt: skip
ESTIMATORS: tuple[Tau2Method, ...] = ("dersimonian_laird", "reml", "paule_mandel")
INTERVALS: tuple[CiMethod, ...] = ("wald", "t", "hartung_knapp", "hartung_knapp_floored")
_BLOCK = 250  # repetitions that share a stream of random numbers


@dataclass(frozen=True, slots=True)
class _Cell:
    k: int
    true_tau2: float
    prior: TauPrior
    repetitions: int
    stream: np.random.SeedSequence


def coverage_table(
    k: int | Sequence[int],
    true_tau2: float | Sequence[float],
    *,
    seed: int,
    priors: TauPrior | Sequence[TauPrior],
    mu: MuPrior | None = None,
    tau2: Tau2Method | Sequence[Tau2Method] = ESTIMATORS,
    ci: CiMethod | Sequence[CiMethod] = INTERVALS,
    variances: tuple[float, float] = (0.02, 0.4),
    repetitions: int = 10_000,
    bayes_repetitions: int = 1000,
    level: float = 0.95,
) -> pd.DataFrame:
    """Count how often each interval holds the true mean, and how long it is.

    True effects are normal around 0 with variance ``true_tau2``, sampling variances are uniform
    and known. Frequentist intervals by ``simulate_coverage``, Bayesian ones (central, of mu) by
    ``pool_bayes_many``. The truth is fixed here, so that a Bayesian interval need not hold it in
    just its level of cases: that it does on the average over its own prior is what ``calibrate``
    shows.

    Parameters
    ----------
    k, true_tau2, tau2, ci, variances, repetitions, level
        As in ``simulate_coverage``.
    seed : int
    priors : TauPrior or sequence of TauPrior
        Priors of tau; all see the same data.
    mu : MuPrior, optional
        Flat if left out.
    bayes_repetitions : int
        Of the Bayesian intervals, which take longer.

    Returns
    -------
    DataFrame, one row an interval and scenario
        kind (frequentist, Bayesian), method (estimator of tau2, or prior), interval, k, true_tau2,
        repetitions, failed, coverage and its Monte Carlo standard error, mean width, bias and root
        mean square error of the estimate (the posterior median).

    Raises
    ------
    FitError
        If an option is unknown, a number impossible or a posterior improper.

    Examples
    --------
    >>> from evidence.models.bayesian.priors import half_normal
    >>> found = coverage_table(
    ...     3, 0.0, seed=1, priors=half_normal(0.5), tau2="reml", ci="wald", repetitions=500,
    ...     bayes_repetitions=100,
    ... )
    >>> found["kind"].tolist(), bool(found["coverage"].gt(0.9).all())
    (['frequentist', 'Bayesian'], True)
    """
    beliefs = (priors,) if isinstance(priors, TauPrior) else tuple(priors)
    if not beliefs or isinstance(bayes_repetitions, bool) or bayes_repetitions < 1:
        problem = Problem(
            "priors, bayes_repetitions", "none", "a prior, and a number of at least 1"
        )
        raise FitError("this cannot be simulated", [problem])
    known = simulate_coverage(
        k, true_tau2, seed=seed, tau2=tau2, ci=ci, variances=variances, repetitions=repetitions,
        level=level,
    )  # fmt: skip
    known = known.rename(columns={"tau2": "method", "ci": "interval"}).assign(kind="frequentist")
    scenarios = known[["k", "true_tau2"]].drop_duplicates().to_numpy().tolist()
    counts = [min(_BLOCK, bayes_repetitions - done) for done in range(0, bayes_repetitions, _BLOCK)]
    # Not the streams of simulate_coverage, which are the first children of the same seed.
    streams = np.random.SeedSequence([seed, 1]).spawn(len(scenarios) * len(counts))
    cells = [
        _Cell(int(n), float(t), prior, count, streams[i * len(counts) + j])
        for i, (n, t) in enumerate(scenarios)
        for prior in beliefs
        for j, count in enumerate(counts)
    ]
    work = partial(_simulate, mu=flat() if mu is None else mu, variances=variances, level=level)
    sums = np.array(map_chunks(work, cells)).reshape(-1, len(counts), 4).sum(axis=1)
    rows = [
        _row(n, t, prior, bayes_repetitions, sums[i * len(beliefs) + j])
        for i, (n, t) in enumerate(scenarios)
        for j, prior in enumerate(beliefs)
    ]
    return pd.concat([known, pd.DataFrame(rows)], ignore_index=True)[list(COLUMNS)]


def _simulate(cell: _Cell, mu: MuPrior, variances: tuple[float, float], level: float) -> Array:
    """Sums over one block: intervals that hold 0, widths, errors and their squares."""
    random, shape = np.random.default_rng(cell.stream), (cell.repetitions, cell.k)
    v = random.uniform(*variances, shape)
    y = random.normal(0.0, np.sqrt(v + cell.true_tau2))
    found = pool_bayes_many(y, np.sqrt(v), tau=cell.prior, mu=mu, level=level).mu
    covered = (found["ci_low"] <= 0) & (found["ci_high"] >= 0)
    width, error = found["ci_high"] - found["ci_low"], found["median"]
    return np.array([covered.sum(), width.sum(), error.sum(), (error**2).sum()])


def _row(k: float, true_tau2: float, prior: TauPrior, n: int, sums: Array) -> dict[str, object]:
    share, width, bias, square = (float(x) / n for x in sums)
    return {
        "kind": "Bayesian",
        "method": str(prior),
        "interval": "central",
        "k": int(k),
        "true_tau2": float(true_tau2),
        "repetitions": n,
        "failed": 0,
        "coverage": share,
        "coverage_std_error": float(np.sqrt(share * (1.0 - share) / n)),
        "width": width,
        "bias": bias,
        "root_mean_square_error": float(np.sqrt(square)),
    }
