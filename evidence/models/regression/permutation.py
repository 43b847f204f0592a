"""Permutation tests of a meta-regression: every ordering, or a random sample of them."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from itertools import islice, product

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from evidence.catalog.display import html_of_record
from evidence.catalog.phrases import figure, folded, p_value
from evidence.errors import FitError, Problem, check_kind, is_whole
from evidence.models.frequentist.pool import arrays_of
from evidence.models.regression.design import INTERCEPT
from evidence.models.regression.fit import RegressionFit
from evidence.models.regression.kernels_gls import Basis, basis_of, coefficients
from evidence.models.regression.options import Choice
from evidence.models.regression.regression import multiplier, scaled
from evidence.models.regression.residual import tau2_of
from evidence.models.regression.wald import wald_statistic
from evidence.models.scale import map_chunks

Array = NDArray[np.float64]
Dealt = NDArray[np.float64] | NDArray[np.intp]
MOST = 500_000
_BATCH = 2_000
_TIES = math.sqrt(np.finfo(np.float64).eps)  # statistics that differ by less are the same one


@dataclass(frozen=True, slots=True, eq=False)
class PermutationTest:
    """Answer of ``permutation_test``.

    Attributes
    ----------
    terms : DataFrame
        term, statistic, p: the share of orderings whose statistic is as far from 0.
    statistic, p : float
        Of all moderators together (of the intercept where there is nothing else).
    iterations : int
        Orderings looked at, the observed one among them.
    exact : bool
    kind : {"orderings of the moderators", "sign flips"}
    """

    terms: pd.DataFrame
    statistic: float
    p: float
    iterations: int
    exact: bool
    kind: str

    _repr_html_ = html_of_record

    def __str__(self) -> str:
        which = "all" if self.exact else "random"
        head = f"Permutation test, {self.iterations} {self.kind} ({which})"
        width = max(8, *(len(str(name)) for name in self.terms["term"]))
        lines = [f"  {'together':<{width}}  statistic {figure(self.statistic)}, {p_value(self.p)}"]
        lines += [
            f"  {row['term']!s:<{width}}  statistic {figure(row['statistic'])}, {p_value(row['p'])}"
            for row in self.terms.to_dict("records")
        ]
        return folded("\n".join([head, *lines]))


def permutation_test(
    fit: RegressionFit, *, draws: int | None = None, seed: int | None = None
) -> PermutationTest:
    """Test coefficients by how their statistics fall when the moderators are dealt out anew.

    Follmann and Proschan 1999, Higgins and Thompson 2004: the rows of moderators are permuted
    against the effects; without moderators the signs of the effects are flipped. The model is
    fitted again each time, within ``joblib.parallel_config(...)`` in parallel and to the same
    digits. Statistics that differ by less than 1.5e-8 count as ties.

    Parameters
    ----------
    fit : RegressionFit
    draws : int, optional
        Random orderings, the observed one included; all distinct ones if left out.
    seed : int, optional
        Goes with ``draws``, and must then be stated.

    Raises
    ------
    FitError
        If there are more than 500,000 orderings and ``draws`` is not stated, or a refit fails.

    Examples
    --------
    >>> from evidence.effects.table import table_of
    >>> from evidence.models.regression.regression import meta_regression
    >>> table = table_of([0.1, 0.2, 0.4, 0.9], [0.1, 0.1, 0.2, 0.2])
    >>> fit = meta_regression(table, pd.DataFrame({"dose": [1.0, 2.0, 3.0, 4.0]}), test="z")
    >>> found = permutation_test(fit)
    >>> found.iterations, round(found.p, 3)
    (24, 0.083)
    """
    check_kind("fit", fit, RegressionFit, FitError)
    flips = fit.design.names == (INTERCEPT,)
    labels = np.unique(fit.design.matrix, axis=0, return_inverse=True)[1].ravel()
    counts = [int(n) for n in np.bincount(labels)]
    total = 2**fit.k if flips else math.factorial(fit.k) // math.prod(map(math.factorial, counts))
    _check(draws, seed, total)
    y, v = arrays_of(fit.table)
    choice = Choice(
        fit.tau2_method,
        fit.test,
        fit.level,
        fit.tau2 if fit.tau2_method == "fixed" else None,
        fit.stated_weights,
    )
    basis = basis_of(fit.design.matrix)
    tested = [i for i, name in enumerate(fit.design.names) if flips or name != INTERCEPT]
    seen, seen_all = _statistics(y[None], v[None], basis, choice, tested)
    random = None if draws is None else np.random.default_rng(seed)
    deals = _flips(fit.k, random, draws) if flips else _orderings(labels, random, draws)
    work = partial(_as_far, y, v, basis, choice, tested, flips, np.append(seen[0], seen_all[0]))
    counted = np.sum(map_chunks(work, _batches(deals)), axis=0)
    count, above, above_all = int(counted[0]), counted[1:-1], int(counted[-1])
    cells = {"term": list(fit.design.names), "statistic": seen[0], "p": above / count}
    return PermutationTest(
        terms=pd.DataFrame(cells),
        statistic=float(seen_all[0]),
        p=above_all / count,
        iterations=count,
        exact=draws is None,
        kind="sign flips" if flips else "orderings of the moderators",
    )


def _check(draws: int | None, seed: int | None, total: int) -> None:
    problems = []
    if draws is None and seed is not None:
        problems.append(Problem("seed", "would do nothing without draws", "leave it out"))
    if draws is None and total > MOST:
        right = "permutation_test(fit, draws=9999, seed=1)"
        problems.append(Problem("draws", f"there are {total} orderings, more than {MOST}", right))
    if draws is not None and not is_whole(draws, 2):
        problems.append(Problem("draws", f"is {draws!r}", "a whole number of at least 2"))
    if draws is not None and seed is None:
        problems.append(Problem("seed", "is not stated", "state one, so that it can be repeated"))
    elif seed is not None and not is_whole(seed):
        problems.append(Problem("seed", f"is {seed!r}", "a whole number of at least 0"))
    if problems:
        raise FitError("the options of the permutation test are not right", problems)


def _batches(deals: Iterator[Array] | Iterator[NDArray[np.intp]]) -> Iterator[Dealt]:
    while batch := list(islice(deals, _BATCH)):
        yield np.asarray(batch)


def _as_far(
    y: Array,
    v: Array,
    basis: Basis,
    choice: Choice,
    tested: list[int],
    flips: bool,
    seen: Array,
    dealt: Dealt,
) -> Array:
    """Number of deals, and of those whose statistics (p, and together) are as far as seen."""
    if flips:
        ys, vs, order = y * dealt, np.broadcast_to(v, dealt.shape), None
    else:
        order = dealt.astype(np.intp, copy=False)
        ys, vs = y[order], v[order]
    each, together = _statistics(ys, vs, basis, choice, tested, order)
    above = (np.abs(each) >= np.abs(seen[:-1]) - _TIES).sum(0)
    return np.array([len(dealt), *above, (together >= seen[-1] - _TIES).sum()], dtype=np.float64)


def _statistics(
    y: Array,
    v: Array,
    basis: Basis,
    choice: Choice,
    tested: list[int],
    dealt: NDArray[np.intp] | None = None,
) -> tuple[Array, Array]:
    """Statistics of all coefficients (n, p) and of the tested ones together (n,)."""
    weights = choice.weights
    if weights is not None and dealt is not None:
        weights = weights[dealt]
    choice = Choice(choice.method, choice.test, choice.level, choice.stated_tau2, weights)
    tau2 = tau2_of(choice, y, v, basis.q)
    found = coefficients(y, v, basis, tau2, weights)
    covariance = scaled(choice, found.covariance, multiplier(choice, y, v, basis, tau2))
    error = np.sqrt(np.diagonal(covariance, axis1=-2, axis2=-1))
    if not np.all(error > 0):
        right = "test='knapp_hartung_floored' or 'z'"
        problem = Problem(
            "test", "an ordering is fitted perfectly: its standard errors are 0", right
        )
        raise FitError("the permutation test cannot be made", [problem])
    part = covariance[:, tested][:, :, tested]
    together = wald_statistic(found.estimate[:, tested], part)
    return found.estimate / error, together / (1 if choice.test == "z" else len(tested))


def _flips(k: int, random: np.random.Generator | None, draws: int | None) -> Iterator[Array]:
    if random is None or draws is None:
        yield from (np.asarray(signs) for signs in product((1.0, -1.0), repeat=k))
        return
    yield np.ones(k)
    for _ in range(draws - 1):
        yield random.choice((-1.0, 1.0), size=k)


def _orderings(
    labels: NDArray[np.intp], random: np.random.Generator | None, draws: int | None
) -> Iterator[NDArray[np.intp]]:
    """Positions of the effects that each row of moderators is dealt."""
    k = len(labels)
    if random is not None and draws is not None:
        yield np.arange(k)
        for _ in range(draws - 1):
            yield random.permutation(k)
        return
    home = np.argsort(labels, kind="stable")
    for arrangement in _distinct(sorted(labels.tolist())):
        dealt = np.empty(k, dtype=np.intp)
        dealt[home] = np.argsort(arrangement, kind="stable")
        yield dealt


def _distinct(items: list[int]) -> Iterator[list[int]]:
    """All distinct orderings of sorted items, each after the other in the dictionary's order."""
    while True:
        yield items
        i = len(items) - 2
        while i >= 0 and items[i] >= items[i + 1]:
            i -= 1
        if i < 0:
            return
        j = len(items) - 1
        while items[j] <= items[i]:
            j -= 1
        items = items.copy()
        items[i], items[j] = items[j], items[i]
        items[i + 1 :] = items[:i:-1]
