"""multiverse_test: whether the whole curve could have come about without any effect."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import special

from evidence.catalog.display import html_of_record
from evidence.catalog.phrases import counted, figure, folded, p_value
from evidence.errors import FitError, Problem, check_kind, is_whole
from evidence.models.multiverse import fitting
from evidence.models.multiverse.fitting import Batch, batches, bundles, flipped, sizes_of
from evidence.models.multiverse.result import Multiverse
from evidence.models.multiverse.space import Space
from evidence.models.scale import map_chunks

Array = NDArray[np.float64]
_BLOCK = 50  # draws looked at together; each block has a stream of random numbers of its own
_LEAST_P = 1e-300
_TIES = 1e-9
STATISTICS = ("absolute median", "share significant in one direction", "absolute mean z")


_MOST_DRAWS = 1_000_000


@dataclass(frozen=True, slots=True, eq=False)
class MultiverseTest:
    """Answer of ``multiverse_test``.

    Attributes
    ----------
    terms : DataFrame
        Indexed by statistic: observed, null_median, null_high (95% quantile under no effect), p.
    null : DataFrame, one row a draw
    draws : int
    failed : int
        Fits of flipped data that had no answer and were left out of their draw.
    """

    terms: pd.DataFrame
    null: pd.DataFrame
    draws: int
    failed: int

    _repr_html_ = html_of_record

    def __str__(self) -> str:
        head = f"Test of a multiverse against no effect, {counted(self.draws, 'draw')}"
        failed = f"; {counted(self.failed, 'fit')} without an answer" if self.failed else ""
        width = max(map(len, map(str, self.terms.index)))
        lines = [
            f"  {name!s:<{width}}  {figure(row['observed'])}; under no effect median "
            f"{figure(row['null_median'])}, 95% below {figure(row['null_high'])}; "
            f"{p_value(row['p'])}"
            for name, row in self.terms.iterrows()
        ]
        return folded("\n".join([head + failed, *lines]))


def multiverse_test(result: Multiverse, *, draws: int = 500, seed: int) -> MultiverseTest:
    """Test a specification curve as a whole against no effect in any study.

    Simonsohn, Simmons and Nelson 2020, with the signs of the studies' effects flipped at random:
    under no effect, and sampling errors as likely up as down, every pattern of signs was equally
    likely. A study has one sign in all universes. Statistics are the absolute median estimate, the
    larger of the shares significantly positive and significantly negative, and the absolute mean of
    the z values (Stouffer), each over the distinct universes; p = (1 + draws as extreme) /
    (1 + draws). Within ``joblib.parallel_config(...)`` fits run in parallel, to the same digits.

    Parameters
    ----------
    result : Multiverse
    draws : int
        At least 10.
    seed : int

    Raises
    ------
    FitError
        If ``draws`` or ``seed`` is not right.

    Examples
    --------
    >>> from evidence.effects.table import table_of
    >>> from evidence.models.multiverse.dimensions import Dimension
    >>> from evidence.models.multiverse.multiverse import multiverse
    >>> table = table_of([0.8, 0.9, 1.1, 1.2, 1.0, 0.7], [0.2] * 6)
    >>> models = Dimension("model", "model", {"r": "random", "c": "common"}, "both in use")
    >>> test = multiverse_test(multiverse(table, [models]), draws=200, seed=1)
    >>> bool(test.terms.loc["absolute median", "p"] < 0.1)
    True
    """
    check_kind("result", result, Multiverse, FitError)
    _check(draws, seed)
    space, sizes = result.space, sizes_of(result.space)
    jobs = np.zeros(len(sizes), dtype=np.bool_)
    jobs[space.job[result.universes["estimate"].notna().to_numpy()]] = True
    answered = result.answered()
    estimate, p = answered["estimate"].to_numpy(), answered["p"].to_numpy()
    seen = _statistics(estimate[None], p[None], result)
    null, failed = [], 0
    streams = np.random.SeedSequence(seed).spawn(-(-draws // _BLOCK))
    for at, stream in enumerate(streams):
        signs = _signs(space, min(_BLOCK, draws - at * _BLOCK), stream)
        work = partial(_flipped, signs=signs, most=fitting.BATCH)
        found = np.concatenate(map_chunks(work, bundles(batches(space, sizes, jobs))), axis=2)
        failed += int(np.isnan(found[0]).sum())
        null.append(_statistics(found[0], found[1], result))
    every = np.concatenate(null)
    above = (every >= seen - _TIES * np.abs(seen)).sum(0)
    terms = pd.DataFrame(
        {
            "observed": seen[0],
            "null_median": np.median(every, axis=0),
            "null_high": np.quantile(every, 0.95, axis=0),
            "p": (1 + above) / (1 + draws),
        },
        index=pd.Index(STATISTICS, name="statistic"),
    )
    return MultiverseTest(terms, pd.DataFrame(every, columns=list(STATISTICS)), draws, failed)


def _check(draws: int, seed: int) -> None:
    problems = []
    if not is_whole(draws, 10) or draws > _MOST_DRAWS:
        problems.append(
            Problem("draws", f"is {draws!r}", f"a whole number from 10 to {_MOST_DRAWS:,}")
        )
    if not is_whole(seed):
        problems.append(Problem("seed", f"is {seed!r}", "a whole number of at least 0"))
    if problems:
        raise FitError("the test of the multiverse cannot be made", problems)


def _signs(space: Space, draws: int, stream: np.random.SeedSequence) -> list[Array]:
    """Signs (draws, k) of the rows of each table; a study has the same sign everywhere."""
    names = [table.rows["study"].astype(str).to_numpy() for table in space.tables]
    studies, which = np.unique(np.concatenate(names), return_inverse=True)
    drawn = np.random.default_rng(stream).choice((-1.0, 1.0), size=(draws, len(studies)))
    ends = np.cumsum([len(name) for name in names])[:-1]
    return [drawn[:, part] for part in np.split(which.ravel(), ends)]


def _flipped(bundle: list[Batch], signs: list[Array], most: int) -> Array:
    """Estimates and p values (2, draws, universes) of a bundle."""
    return np.concatenate([flipped(batch, signs[batch.table], most) for batch in bundle], axis=2)


def _statistics(estimate: Array, p: Array, result: Multiverse) -> Array:
    """The three statistics (draws, 3) over the universes (draws, n) that have an answer."""
    p = np.maximum(p, _LEAST_P)
    significant = np.where(np.isnan(p), np.nan, p < 1.0 - result.level)
    shares = [np.nanmean(significant * (sign * estimate > 0), axis=1) for sign in (1, -1)]
    z = np.sign(estimate) * -special.ndtri(p / 2.0)
    median = np.abs(np.nanmedian(estimate, axis=1))
    return np.stack([median, np.maximum(*shares), np.abs(np.nanmean(z, axis=1))], axis=1)
