"""calibrate: simulation-based calibration of a posterior."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from evidence.catalog.display import html_of_text
from evidence.catalog.phrases import counted
from evidence.errors import FitError, Problem
from evidence.models.calibration import kernels_uniform as kernels
from evidence.models.scale import map_chunks

Array = NDArray[np.float64]
Simulation = Callable[[np.random.Generator, int], Mapping[str, Array]]
COVERED = (0.5, 0.8, 0.95)


@dataclass(frozen=True, slots=True, eq=False)
class Calibration:
    """Answer of ``calibrate``.

    Attributes
    ----------
    name : str
    ranks : DataFrame
        A row a fit, a column a quantity: posterior probability of less than the truth.
    failed : int
        Fits without an answer; they are not among the ranks.
    seed : int
    level : float
        Probability that a calibrated quantity stays within its band.
    """

    name: str
    ranks: pd.DataFrame
    failed: int
    seed: int
    level: float

    _repr_html_ = html_of_text

    @property
    def fits(self) -> int:
        """Number of fits with an answer."""
        return len(self.ranks)

    def uniform(self) -> bool:
        """Whether every quantity stays within its band, at the level divided among them."""
        return bool((self.summary()["p_ecdf"] >= (1 - self.level) / self.ranks.shape[1]).all())

    def summary(self) -> pd.DataFrame:
        """Tests of uniformity, a row a quantity.

        Returns
        -------
        DataFrame
            Indexed by quantity: fits, mean (0.5 if calibrated), distance (largest, of the
            distribution function), p_ecdf (of leaving a simultaneous band), chi_squared, df,
            p_chi_squared, and the share of central 50, 80 and 95 % intervals that hold the truth.
        """
        rows = {}
        for name, column in self.ranks.items():
            u = column.to_numpy(dtype=np.float64)
            z = kernels.points(u.size)
            statistic, df, p = kernels.chi_squared(u)
            rows[name] = {
                "fits": u.size,
                "mean": u.mean(),
                "distance": np.abs(kernels.counts_at(u, z) / u.size - z).max(),
                "p_ecdf": kernels.simultaneous_p(u),
                "chi_squared": statistic,
                "df": df,
                "p_chi_squared": p,
            } | {f"covered_{100 * level:g}": kernels.covered(u, level) for level in COVERED}
        return pd.DataFrame.from_dict(rows, orient="index").rename_axis("quantity")

    def __str__(self) -> str:
        lines = [f"Calibration of {self.name}: {counted(self.fits, 'fit')}, {self.failed} failed"]
        summary = self.summary()
        lines += [
            f"  {name:<14} mean rank {row['mean']:.3f}, 95% interval holds "
            f"{100 * row['covered_95']:.1f}%, P {row['p_ecdf']:.3g}"
            for name, row in summary.iterrows()
        ]
        limit = (1 - self.level) / len(summary)
        lines.append(
            f"  smallest of {len(summary)} P of uniformity {summary['p_ecdf'].min():.3g}; below "
            f"{limit:.3g} is unexpected of that many (Bonferroni at {100 * (1 - self.level):g}%)"
        )
        return "\n".join(lines)


def calibrate(
    model: Simulation,
    *,
    seed: int,
    fits: int = 1000,
    block: int = 100,
    level: float = 0.95,
    name: str | None = None,
) -> Calibration:
    """Check a posterior by simulation from its own model (Talts et al. 2018).

    Parameters are drawn from the prior, data from the parameters, and the posterior is fitted to
    the data. If all three agree, the posterior probability of less than the truth is uniform; a
    prior, a likelihood or an engine that is wrong makes it lean, pile up or spread.

    Parameters
    ----------
    model : callable
        ``NormalSimulation``, ``RegressionSimulation``, ``ReportsSimulation``,
        ``NutsSimulation``, ``BorrowingSimulation``, ``AverageSimulation``, or any function of a
        random generator and a number n that gives n ranks or fewer between 0 and 1 for each
        quantity, by name; those that it does not give are counted as failed.
    seed : int
        Every block has a stream of its own (``numpy.random.SeedSequence.spawn``): the first
        blocks do not depend on how many follow, nor on where they run.
    fits : int
        At least 20.
    block : int
        Fits that share a stream of random numbers.
    level : float
        Of the simultaneous band (Saeilynoja et al. 2022).
    name : str, optional
        That of the model if left out.

    Returns
    -------
    Calibration

    Raises
    ------
    FitError
        If a number is impossible, ranks are not between 0 and 1, or fewer than 20 fits succeed.

    Examples
    --------
    >>> from evidence.models.bayesian.priors import half_normal, normal
    >>> from evidence.models.calibration.normal import NormalSimulation
    >>> model = NormalSimulation(k=4, tau=half_normal(0.5), mu=normal(0, 1))
    >>> found = calibrate(model, fits=50, seed=1)
    >>> found.uniform(), sorted(found.ranks)
    (True, ['log_likelihood', 'mu', 'prediction', 'tau', 'theta_1'])
    """
    _check(seed, fits, block, level)
    counts = [min(block, fits - done) for done in range(0, fits, block)]
    streams = np.random.SeedSequence(seed).spawn(len(counts))
    parts = map_chunks(partial(_one_block, model=model), list(zip(streams, counts, strict=True)))
    ranks = pd.concat(parts, ignore_index=True)
    title = name or getattr(model, "name", None) or type(model).__name__
    if len(ranks) < 20:
        what = f"{len(ranks)} of {fits} fits have an answer"
        raise FitError("too few ranks", [Problem("model", what, "at least 20")])
    return Calibration(title, ranks, fits - len(ranks), seed, level)


def _one_block(task: tuple[np.random.SeedSequence, int], model: Simulation) -> pd.DataFrame:
    stream, count = task
    ranks = pd.DataFrame(
        {k: np.asarray(v, float) for k, v in model(_generator(stream), count).items()}
    )
    values = ranks.to_numpy()
    if values.shape[0] > count or not ((values >= 0) & (values <= 1)).all():
        right = f"at most {count} numbers from 0 to 1 for each quantity"
        what = "the ranks are not probabilities, or there are more than were asked for"
        raise FitError("these are no ranks", [Problem("model", what, right)])
    return ranks


def _generator(stream: np.random.SeedSequence) -> np.random.Generator:
    return np.random.default_rng(stream)


def _check(seed: int, fits: int, block: int, level: float) -> None:
    problems = []
    for where, value, least in (("seed", seed, 0), ("fits", fits, 20), ("block", block, 1)):
        whole = isinstance(value, int | np.integer) and not isinstance(value, bool)
        if not whole or value < least:
            right = f"a whole number of at least {least}"
            problems.append(Problem(where, repr(value), right))
    if not 0 < level < 1:
        problems.append(Problem("level", repr(level), "a fraction between 0 and 1, such as 0.95"))
    if problems:
        raise FitError("this cannot be calibrated", problems)
