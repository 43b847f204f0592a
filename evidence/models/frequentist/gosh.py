"""gosh: the meta-analysis of every subset of the studies (Olkin, Dahabreh and Trikalinos 2012)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from itertools import combinations, islice

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from evidence.catalog.display import html_of_record
from evidence.catalog.phrases import counted
from evidence.effects.table import EffectTable
from evidence.errors import FitError, Problem, is_whole
from evidence.models.frequentist import kernels
from evidence.models.frequentist.figures import figures
from evidence.models.frequentist.options import Model, Options, Tau2Method, require_rows, resolve
from evidence.models.frequentist.pool import arrays_of
from evidence.models.scale import map_chunks

MOST_FOR_ALL = 15  # 32,767 subsets
MOST_DRAWS = 1_000_000
_CHUNK = 8192  # subsets fitted at once, so that memory does not grow with their number
_PROBABILITIES = (0.0, 0.05, 0.25, 0.5, 0.75, 0.95, 1.0)
_FIGURES = ("estimate", "q", "i2", "h2", "tau2")


@dataclass(frozen=True, slots=True, eq=False)
class Gosh:
    """Fits of subsets of the studies.

    Attributes
    ----------
    fits : DataFrame, one row a subset
        k, estimate, q, i2, h2, and for random effects tau2. A study alone has, by convention,
        q 0, i2 0, h2 1, tau2 0.
    members : ndarray of bool, shape (subsets, k)
    names : Index
        Row ids of the table, the columns of ``members``.
    complete : bool
        Whether these are all non-empty subsets.
    """

    fits: pd.DataFrame
    members: NDArray[np.bool_]
    names: pd.Index
    complete: bool

    _repr_html_ = html_of_record

    def __str__(self) -> str:
        which = "all" if self.complete else "random"
        of = counted(len(self.names), "study", "studies")
        sets = counted(len(self.fits), "subset")
        return f"Fits of {sets} ({which}) of {of}: see summary(), by_study()"

    def summary(self, probabilities: tuple[float, ...] = _PROBABILITIES) -> pd.DataFrame:
        """Mean, standard deviation and quantiles (linear interpolation) of every figure."""
        figures = self.fits[[name for name in _FIGURES if name in self.fits]]
        quantiles = figures.quantile(list(probabilities)).T
        return pd.concat(
            [figures.mean().rename("mean"), figures.std().rename("sd"), quantiles], axis=1
        )

    def by_study(self) -> pd.DataFrame:
        """Median estimate of the subsets with and without each study."""
        estimate = self.fits["estimate"].to_numpy()
        rows = [
            (float(np.median(estimate[column])), float(np.median(estimate[~column])))
            for column in self.members.T
        ]
        return pd.DataFrame(rows, index=self.names, columns=["with", "without"])


def gosh(
    table: EffectTable,
    *,
    model: Model = "random",
    tau2: Tau2Method | float | None = None,
    draws: int | None = None,
    seed: int | None = None,
) -> Gosh:
    """Pool every non-empty subset of the rows, or a random sample of the subsets.

    Within ``joblib.parallel_config(...)`` they are fitted in parallel, to the same digits.

    Parameters
    ----------
    table : EffectTable
    model, tau2
        As in ``pool``.
    draws : int, optional
        Number of subsets to draw, all equally likely, with replacement; needed above 15 rows.
    seed : int, optional
        Of the draws, which need one.

    Raises
    ------
    FitError
        If all subsets are too many, ``draws`` and ``seed`` do not come together, or as in ``pool``.

    Examples
    --------
    >>> from evidence.effects.table import table_of
    >>> found = gosh(table_of([0.0, 1.0, 5.0], [1, 1, 1]), model="common")
    >>> found.fits["estimate"].tolist()
    [0.0, 1.0, 5.0, 0.5, 2.5, 3.0, 2.0]
    """
    options = resolve(model, tau2, "wald", 0.95)
    require_rows(table, 2, "fitting subsets")
    _check(table.k, draws, seed)
    y, v = arrays_of(table)
    groups = _all(table.k) if draws is None else _drawn(table.k, draws, seed)
    parts = map_chunks(partial(_fit, y, v, options), groups)
    fits = pd.DataFrame({name: np.concatenate([p[name] for p in parts]) for name in parts[0]})
    return Gosh(fits, np.concatenate(groups), table.rows.index, draws is None)


def _check(k: int, draws: int | None, seed: int | None) -> None:
    problems = []
    if draws is None and k > MOST_FOR_ALL:
        what = f"all subsets of {k} rows would be {2**k - 1:,} fits"
        problems.append(Problem("draws", what, "draws=10_000, seed=1"))
    if draws is not None and not (is_whole(draws, 1) and draws <= MOST_DRAWS):
        problems.append(Problem("draws", f"is {draws!r}", f"from 1 to {MOST_DRAWS:,}"))
    if draws is not None and seed is None:
        problems.append(Problem("seed", "draws need one to be repeatable", "seed=1"))
    elif seed is not None and not is_whole(seed):
        problems.append(Problem("seed", f"is {seed!r}", "a whole number of at least 0"))
    if draws is None and seed is not None:
        problems.append(Problem("seed", "would do nothing without draws", "leave it out"))
    if problems:
        raise FitError("these subsets cannot be fitted", problems)


def _all(k: int) -> list[NDArray[np.bool_]]:
    """Members of all subsets, smallest first, in chunks of one size each."""
    chunks = []
    for size in range(1, k + 1):
        every = combinations(range(k), size)
        while chosen := list(islice(every, _CHUNK)):
            members = np.zeros((len(chosen), k), dtype=np.bool_)
            members[np.arange(len(chosen))[:, None], np.array(chosen)] = True
            chunks.append(members)
    return chunks


def _drawn(k: int, draws: int, seed: int | None) -> list[NDArray[np.bool_]]:
    """Members of drawn subsets, sorted by size, in chunks of one size each."""
    random = np.random.default_rng(seed)
    members = random.random((draws, k)) < 0.5
    while (empty := ~members.any(1)).any():
        members[empty] = random.random((int(empty.sum()), k)) < 0.5
    sizes, chunks = members.sum(1), []
    for size in np.unique(sizes):
        same = members[sizes == size]
        chunks += [same[i : i + _CHUNK] for i in range(0, len(same), _CHUNK)]
    return chunks


def _fit(
    y: kernels.Array, v: kernels.Array, options: Options, members: NDArray[np.bool_]
) -> dict[str, NDArray[np.float64]]:
    n, size = len(members), int(members[0].sum())
    own = np.nonzero(members)[1].reshape(n, size)
    if size == 1:
        zero, stated = np.zeros(n), options.stated_tau2 or 0.0
        found = {"k": zero + 1, "estimate": y[own[:, 0]], "q": zero, "i2": zero, "h2": zero + 1.0}
        return found if options.tau2 is None else found | {"tau2": zero + stated}
    want = _FIGURES if options.tau2 is not None else _FIGURES[:-1]
    return {"k": np.full(n, float(size))} | figures(y[own], v[own], options, want)
