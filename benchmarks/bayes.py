"""Time the exact Bayesian engine: ``python benchmarks/bayes.py``.

R's bayesmeta takes up to a few seconds a fit (Roever 2020, J Stat Softw 93(6)); where ``Rscript``
and the package are installed it is timed beside ours. Data are simulated. Set
``OMP_NUM_THREADS=1`` for times that can be compared.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from time import perf_counter

import numpy as np
import pandas as pd

from evidence.effects.table import table_of
from evidence.models.bayesian.average import average_models
from evidence.models.bayesian.coefficients import bayes_regression
from evidence.models.bayesian.exact import pool_bayes
from evidence.models.bayesian.many import pool_bayes_many
from evidence.models.bayesian.priors import half_normal
from evidence.models.borrowing.borrow import borrow

K, MANY = 13, 1000
R_CODE = """
if (!requireNamespace("bayesmeta", quietly = TRUE)) quit(status = 1)
set.seed(1); y <- rnorm(13, 0, .5); s <- runif(13, .1, .6)
f <- function() bayesmeta::bayesmeta(y, s, tau.prior = function(t) bayesmeta::dhalfnormal(t, .5))
f(); cat(min(replicate(3, system.time(f())[["elapsed"]])))
"""


def seconds(call: Callable[[], object], least: float = 1.0) -> float:
    """Best time of one call, over at least ``least`` seconds of calls."""
    call()
    best, spent = np.inf, 0.0
    while spent < least:
        start = perf_counter()
        call()
        last = perf_counter() - start
        best, spent = min(best, last), spent + last
    return best


def line(task: str, time: float, fits: int = 1) -> None:
    each = f"{1e3 * time / fits:10.2f} ms a fit" if fits > 1 else ""
    print(f"{task:<52} {1e3 * time:10.1f} ms {each}")


def bayesmeta() -> float | None:
    """Seconds of one fit by R's bayesmeta, where it is installed."""
    if shutil.which("Rscript") is None:
        return None
    done = subprocess.run(["Rscript", "-e", R_CODE], capture_output=True, text=True, check=False)
    return float(done.stdout) if done.returncode == 0 else None


def main() -> None:
    random = np.random.default_rng(1)
    y, s = random.normal(0, 0.5, (MANY, K)), random.uniform(0.1, 0.6, (MANY, K))
    table, tau = table_of(y[0], s[0]), half_normal(0.5)
    one = seconds(lambda: pool_bayes(table, tau=tau))
    line("pool_bayes, central intervals", one)
    line("pool_bayes, shortest", seconds(lambda: pool_bayes(table, tau=tau, interval="shortest")))
    many = seconds(lambda: pool_bayes_many(y, s, tau=tau))
    line("pool_bayes_many, 1,000 data sets", many, MANY)
    priors = [half_normal(x) for x in np.geomspace(0.01, 10, MANY)]
    line(
        "pool_bayes_many, 1,000 priors",
        seconds(lambda: pool_bayes_many(y[0], s[0], tau=priors)),
        MANY,
    )
    frame = pd.DataFrame({"x": random.normal(size=K)})
    line("bayes_regression", seconds(lambda: bayes_regression(table, "~ x", data=frame, tau=tau)))
    line("average_models, 36 models", seconds(lambda: average_models(table)))
    few, far = table_of(y[0, :3], s[0, :3]), table_of(y[1], s[1])
    line(
        "borrow, power prior, curve of 21 discounts",
        seconds(lambda: borrow(few, far, method="power", tau=tau, discount=0.5)),
    )
    theirs = bayesmeta()
    if theirs is None:
        print("bayesmeta is not installed: no time beside ours")
    else:
        print(
            f"bayesmeta, one fit: {1e3 * theirs:.0f} ms, ratio {theirs / one:.0f}, "
            f"beside the batch {theirs * MANY / many:.0f}"
        )


if __name__ == "__main__":
    main()
