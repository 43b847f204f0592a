"""Time the large sweeps and show that memory does not grow: ``python benchmarks/sweeps.py``.

Each line: seconds, the peak of the memory that Python and NumPy held meanwhile, and what of it was
passing, that is, not part of the answer.
"""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from time import perf_counter

import numpy as np
import pandas as pd

from evidence.effects.table import EffectTable, table_of
from evidence.models.frequentist.coverage import simulate_coverage
from evidence.models.frequentist.gosh import gosh
from evidence.models.multiverse.dimensions import Dimension, each_left_out
from evidence.models.multiverse.multiverse import multiverse
from evidence.models.multiverse.null_test import multiverse_test
from evidence.models.regression.permutation import permutation_test
from evidence.models.regression.regression import meta_regression


def studies(k: int) -> EffectTable:
    random = np.random.default_rng(k)
    v = random.uniform(0.02, 0.4, k)
    table = table_of(random.normal(-0.5, np.sqrt(v + 0.2)), np.sqrt(v))
    table.rows["risk"] = [("low", "high")[i % 2] for i in range(k)]
    table.rows["population"] = [("a", "b", "c")[i % 3] for i in range(k)]
    return table


def dimensions(table: EffectTable, *, pairs: bool) -> list[Dimension]:
    estimators = ("reml", "dersimonian_laird", "paule_mandel", "sidik_jonkman")
    why = "for the benchmark"
    groups = {"all": None} | {x: {"population": x} for x in "abc"}
    found = [
        Dimension("risk", "rows", {"all": None, "low": {"risk": "low"}}, why),
        Dimension("population", "rows", groups, why),
        Dimension("left out", "without", each_left_out(table), why),
        Dimension("estimator", "tau2", {name: name for name in estimators}, why),
        Dimension("interval", "ci", {n: n for n in ("wald", "hartung_knapp_floored", "t")}, why),
    ]
    return found + ([Dimension("and", "without", each_left_out(table), why)] if pairs else [])


def line(task: str, call: Callable[[], object]) -> None:
    start = perf_counter()
    call()
    spent = perf_counter() - start
    tracemalloc.start()
    answer = call()
    held, peak = (x / 1e6 for x in tracemalloc.get_traced_memory())
    tracemalloc.stop()
    del answer
    print(f"{task:<56} {spent:>6.2f} s   peak {peak:>6.1f} MB   passing {peak - held:>6.1f} MB")


def main() -> None:
    table = studies(20)
    for draws in (10_000, 100_000):
        line(f"gosh, REML, {draws:,} subsets of 20", lambda n=draws: gosh(table, draws=n, seed=1))
    fit = meta_regression(table, pd.DataFrame({"x": np.arange(20.0)}), test="z")
    for draws in (1_000, 10_000):
        task = f"permutation_test, REML, {draws:,} orderings of 20"
        line(task, lambda n=draws: permutation_test(fit, draws=n, seed=1))
    one = multiverse(table, dimensions(table, pairs=False))
    for k, pairs in ((20, False), (104, False), (20, True)):
        own = studies(k)
        choices = dimensions(own, pairs=pairs)
        n = int(np.prod([len(d.options) for d in choices]))
        line(
            f"multiverse, {n:,} universes of {k} studies", lambda t=own, c=choices: multiverse(t, c)
        )
    for draws in (50, 200):
        task = f"multiverse_test, {len(one.universes):,} universes, {draws} draws"
        line(task, lambda n=draws: multiverse_test(one, draws=n, seed=1))
    for repetitions in (10_000, 100_000):
        task = f"simulate_coverage, REML, k=10, {repetitions:,} repetitions"
        line(task, lambda n=repetitions: simulate_coverage(10, 0.1, seed=1, repetitions=n))


if __name__ == "__main__":
    main()
