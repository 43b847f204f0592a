"""Time pooling beside statsmodels, PyMARE and R's metafor: ``python benchmarks/pooling.py``.

Each line gives our time, the other's, and their ratio (above 1: ours is faster). What the others
do not offer they are not timed at. Data are simulated; the answers are checked to agree first.
PyMARE belongs in an environment of its own that also sees this one (``python -m venv
--system-site-packages other; other/bin/pip install pymare``); metafor is called where ``Rscript``
and the package are installed. Set ``OMP_NUM_THREADS=1`` for times that can be compared.
"""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
import tempfile
import warnings
from collections.abc import Callable
from pathlib import Path
from time import perf_counter

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from evidence.effects.table import table_of
from evidence.models.frequentist.gosh import gosh
from evidence.models.frequentist.leave_one_out import leave_one_out
from evidence.models.frequentist.pool import pool
from evidence.models.frequentist.pool_many import pool_figures, pool_many
from evidence.models.regression.permutation import permutation_test
from evidence.models.regression.regression import meta_regression

Array = NDArray[np.float64]
MANY = 20_000
SIZES = (13, 20, 1000)
SHARE = 400  # of the many, where another package needs a loop; its time is scaled up


def studies(k: int, *shape: int) -> tuple[Array, Array]:
    random = np.random.default_rng(k)
    v = random.uniform(0.02, 0.4, (*shape, k))
    return random.normal(-0.5, np.sqrt(v + 0.2)), v


def seconds(call: Callable[[], object], least: float = 0.5) -> float:
    """Best time of one call, over at least ``least`` seconds of calls."""
    best, spent = np.inf, 0.0
    while spent < least or best == np.inf:
        start = perf_counter()
        call()
        last = perf_counter() - start
        best, spent = min(best, last), spent + last
    return best


def line(task: str, ours: float, other: str = "", theirs: float | None = None) -> None:
    text = f"{task:<50} {1e3 * ours:>10.2f} ms"
    if theirs is not None:
        text += f"   {other:<22} {1e3 * theirs:>10.2f} ms   ratio {theirs / ours:8.2f}"
    print(text)


def statsmodels_dl(y: Array, v: Array) -> float:
    from statsmodels.stats.meta_analysis import combine_effects

    return float(combine_effects(y, v, method_re="chi2", use_t=False).tau2)


def pymare_fit(name: str, y: Array, v: Array) -> float | Array:
    from pymare import estimators

    x = np.ones((len(y), 1))
    if name == "DL":
        found = estimators.DerSimonianLaird().fit(y, v, x)
    else:
        found = estimators.VarianceBasedLikelihoodEstimator(method="REML").fit(y, v, x)
    return np.asarray(found.params_["tau2"]).ravel()


def check(ours: object, theirs: object, tolerance: float) -> None:
    np.testing.assert_allclose(np.ravel(ours), np.ravel(theirs), rtol=tolerance, atol=tolerance)


def single_fits(k: int, pymare: bool) -> None:
    y, v = studies(k)
    table = table_of(y, np.sqrt(v))
    reml, many = seconds(lambda: pool(table)), seconds(lambda: pool_many(y, v))
    line(f"pool, REML, k={k}, all its figures", reml)
    dl = seconds(lambda: pool_many(y, v, tau2="dersimonian_laird"))
    theirs = seconds(lambda: statsmodels_dl(y, v))
    line(f"pool_many, DL, k={k}, one set", dl, "statsmodels DL", theirs)
    if not pymare:
        line(f"pool_many, REML, k={k}, one set", many)
        return
    check(pool_many(y, v).tau2, pymare_fit("REML", y, v), 1e-2)
    theirs = seconds(lambda: pymare_fit("REML", y, v))
    line(f"pool_many, REML, k={k}, one set", many, "PyMARE REML", theirs)


def repeated_fits(pymare: bool) -> None:
    y, v = studies(13)
    table = table_of(y, np.sqrt(v))
    rest = [(np.delete(y, i), np.delete(v, i)) for i in range(13)]
    ours = seconds(lambda: leave_one_out(table, tau2="dersimonian_laird"))
    theirs = seconds(lambda: [statsmodels_dl(a, b) for a, b in rest])
    line("leave_one_out, DL, k=13", ours, "statsmodels, loop", theirs)
    ours = seconds(lambda: leave_one_out(table))
    if pymare:
        theirs = seconds(lambda: [pymare_fit("REML", a, b) for a, b in rest])
        line("leave_one_out, REML, k=13", ours, "PyMARE, loop", theirs)
    else:
        line("leave_one_out, REML, k=13", ours)
    line("gosh, REML, all 8,191 subsets of 13", seconds(lambda: gosh(table), 0.0))
    line(
        "gosh, DL, all 8,191 subsets of 13",
        seconds(lambda: gosh(table, tau2="dersimonian_laird"), 0.0),
    )


def batches(pymare: bool) -> None:
    y, v = studies(13, MANY)
    task = f"{{}}, {MANY:,} sets of 13"
    plain = ["estimate", "tau2", "wald_std_error"]  # what PyMARE's fit computes
    ours = {}
    for name, method in (("DL", "dersimonian_laird"), ("REML", "reml")):
        some = seconds(lambda method=method: pool_figures(y, v, plain, tau2=method))
        whole = seconds(lambda method=method: pool_many(y, v, tau2=method))
        ours[name] = [(f"pool_figures, {name}, mean and tau2", some)]
        ours[name].append((f"pool_many, {name}, all its figures", whole))
    found = pool_many(y, v, tau2="dersimonian_laird").tau2
    assert found is not None
    check(np.maximum(0, [statsmodels_dl(y[i], v[i]) for i in range(20)]), found[:20], 1e-9)
    loop = seconds(lambda: [statsmodels_dl(y[i], v[i]) for i in range(SHARE)], 0.0)
    for words, own in ours["DL"]:
        line(task.format(words), own, "statsmodels, loop", loop * MANY / SHARE)
    if not pymare:
        for words, own in ours["REML"]:
            line(task.format(words), own)
        return
    # PyMARE takes parallel data sets as columns, all in one call.
    columns = np.ascontiguousarray(y.T), np.ascontiguousarray(v.T)
    check(np.maximum(0, pymare_fit("DL", y[:20].T, v[:20].T)), found[:20], 1e-9)
    theirs = seconds(lambda: pymare_fit("DL", *columns))
    for words, own in ours["DL"]:
        line(task.format(words), own, "PyMARE, columns", theirs)
    theirs = seconds(lambda: pymare_fit("REML", *columns))
    for words, own in ours["REML"]:
        line(task.format(words), own, "PyMARE, columns", theirs)


def metafor_times() -> dict[str, float]:
    """What metafor needs for each task, in seconds; empty where it is not installed."""
    if shutil.which("Rscript") is None:
        return {}
    sets = [pd.DataFrame(dict(zip("yv", studies(k), strict=True))).assign(set=k) for k in SIZES]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "data.csv"
        pd.concat(sets).to_csv(path, index=False, float_format="%.17g")
        script = Path(__file__).with_name("metafor.R")
        done = subprocess.run(
            ["Rscript", str(script), str(path)], capture_output=True, text=True, check=False
        )
    if done.returncode:
        print("metafor did not run:", done.stderr.strip().splitlines()[-1:])
        return {}
    rows = [row.split() for row in done.stdout.splitlines()]
    return {name: float(value) / (1.0 if "tau2" in name else 1e3) for name, value in rows}


def beside_metafor() -> None:
    theirs = metafor_times()
    if not theirs:
        print("metafor is absent; not compared")
        return
    for k in SIZES:
        y, v = studies(k)
        table = table_of(y, np.sqrt(v))
        check(pool_many(y, v).tau2, theirs[f"tau2_{k}"], 1e-6)
        own = seconds(lambda y=y, v=v: pool_many(y, v))
        line(f"pool_many, REML, k={k}, one set", own, "metafor rma", theirs[f"rma_{k}"])
        own = seconds(lambda table=table: pool(table))
        line(f"pool, REML, k={k}, all its figures", own, "metafor rma", theirs[f"rma_{k}"])
    y, v = studies(13)
    table = table_of(y, np.sqrt(v))
    own = seconds(lambda: leave_one_out(table))
    line("leave_one_out, REML, k=13", own, "metafor leave1out", theirs["leave_one_out"])
    own = seconds(lambda: gosh(table))
    line("gosh, REML, all 8,191 subsets of 13", own, "metafor gosh", theirs["gosh"])
    fit = meta_regression(table, pd.DataFrame({"x": np.arange(13.0)}), test="z")
    own = seconds(lambda: permutation_test(fit, draws=10_000, seed=1), 0.0)
    line("permutation_test, REML, 10,000 draws", own, "metafor permutest", theirs["permutation"])


def main() -> None:
    warnings.simplefilter("ignore")  # the other packages warn about their own searches
    pymare = importlib.util.find_spec("pymare") is not None
    if not pymare:
        print("PyMARE is absent; compared with statsmodels only")
    print("statsmodels has no REML; its lines are DerSimonian-Laird (its loops are scaled up)")
    for k in (13, 1000):
        single_fits(k, pymare)
    repeated_fits(pymare)
    batches(pymare)
    beside_metafor()


if __name__ == "__main__":
    main()
