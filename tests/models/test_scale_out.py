"""Work cut into chunks: the same digits here, on several cores, on a cluster, and after a loss."""

import os
import signal
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pandas as pd
import pytest

from evidence.effects.table import EffectTable, table_of
from evidence.errors import FitError
from evidence.models.frequentist import coverage
from evidence.models.frequentist import gosh as gosh_module
from evidence.models.frequentist.coverage import simulate_coverage
from evidence.models.frequentist.gosh import gosh
from evidence.models.multiverse import fitting
from evidence.models.multiverse import multiverse as multiverse_module
from evidence.models.multiverse.dimensions import Dimension, each_left_out
from evidence.models.multiverse.multiverse import multiverse
from evidence.models.multiverse.null_test import multiverse_test
from evidence.models.regression import permutation
from evidence.models.regression.permutation import permutation_test
from evidence.models.regression.regression import meta_regression
from evidence.models.scale import map_chunks

# Their own: the cluster's clean-up of sockets and event loops after a worker was killed.
pytestmark = [
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.filterwarnings("ignore:.*:Warning:distributed"),
    pytest.mark.filterwarnings("ignore:.*:Warning:dask"),
]


def studies(k: int = 12) -> EffectTable:
    random = np.random.default_rng(7)
    v = random.uniform(0.02, 0.4, k)
    table = table_of(random.normal(-0.5, np.sqrt(v + 0.2)), np.sqrt(v))
    table.rows["risk"] = ["low", "high", "low"] * (k // 3)
    return table


def dimensions(table: EffectTable) -> list[Dimension]:
    estimators = ("reml", "dersimonian_laird", "paule_mandel", "sidik_jonkman", "hedges")
    return [
        Dimension("risk", "rows", {"all": None, "low": {"risk": "low"}}, "bias"),
        Dimension("left out", "without", each_left_out(table), "influence"),
        Dimension("estimator", "tau2", {name: name for name in estimators}, "all in use"),
        Dimension("interval", "ci", {"wald": "wald", "t": "t", "hk": "hartung_knapp"}, "in use"),
    ]


def answers() -> tuple[pd.DataFrame, ...]:
    table = studies()
    found = multiverse(table, dimensions(table))
    curve = multiverse_test(found, draws=60, seed=3).null
    simulated = simulate_coverage(
        [3, 8], [0.0, 0.2], seed=5, ci=["wald", "hartung_knapp"], repetitions=2500
    )
    subsets = gosh(table, draws=300, seed=4).fits
    regression = meta_regression(table, pd.DataFrame({"x": np.arange(12.0)}), test="z")
    orderings = permutation_test(regression, draws=400, seed=6).terms
    return found.universes, curve, simulated, subsets, orderings


def assert_same_bits(one: pd.DataFrame, other: pd.DataFrame) -> None:
    pd.testing.assert_frame_equal(one, other, check_exact=True)


def dies_once(marker: Path, here: int, number: int) -> tuple[int, float]:
    """Work whose fifth chunk kills its own process the first time it is tried."""
    if number == 5 and not marker.exists() and os.getpid() != here:
        marker.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return number, float(np.random.default_rng(number).normal())


def dies_on_the_way(marker: Path, here: int, work: Any, chunk: Any) -> Any:
    """Any work that kills its own process once, unless that is the test's."""
    assert os.getpid() != here
    if not marker.exists():
        marker.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return work(chunk)


@pytest.fixture(autouse=True)
def _small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    """Many chunks from little work; cut here, so that the workers need not know."""
    monkeypatch.setattr(fitting, "BATCH", 40)
    monkeypatch.setattr(gosh_module, "_CHUNK", 20)
    monkeypatch.setattr(permutation, "_BATCH", 40)


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    import dask
    from distributed import Client, LocalCluster

    quiet = {"distributed.worker.profile.enabled": False}
    with (
        dask.config.set(quiet),
        LocalCluster(
            n_workers=2,
            threads_per_worker=1,
            processes=True,
            dashboard_address=None,
            host="127.0.0.1",
            silence_logs=50,
        ) as made,
        Client(made) as client,
    ):
        yield client


def test_chunks_keep_their_order() -> None:
    assert map_chunks(abs, iter([-3, 1, -2])) == [3, 1, 2]
    assert map_chunks(abs, []) == []


def test_an_error_of_the_work_is_the_callers() -> None:
    with pytest.raises(TypeError, match="bad operand"):
        map_chunks(abs, ["x"])  # type: ignore[list-item]


def test_two_threads_give_the_same_digits() -> None:
    alone = answers()
    with joblib.parallel_config(backend="threading", n_jobs=2):
        together = answers()
    for one, other in zip(alone, together, strict=True):
        assert_same_bits(one, other)


@pytest.mark.slow
def test_a_cluster_gives_the_same_digits_and_loses_nothing(cluster: Any, tmp_path: Path) -> None:
    alone = answers()
    with joblib.parallel_config(backend="dask"):
        together = answers()
    for one, other in zip(alone, together, strict=True):
        assert_same_bits(one, other)

    marker = tmp_path / "one worker was lost"
    before = set(cluster.scheduler_info()["workers"])
    with joblib.parallel_config(backend="dask"):
        found = map_chunks(partial(dies_once, marker, os.getpid()), range(40))
    assert marker.exists()
    assert found == [dies_once(marker, os.getpid(), number) for number in range(40)]
    cluster.wait_for_workers(2, timeout=180)
    assert set(cluster.scheduler_info()["workers"]) != before  # one of them is a new one


@pytest.mark.slow
def test_a_worker_lost_in_the_middle_takes_nothing_with_it(
    cluster: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    alone = answers()
    used = []
    for module in (multiverse_module, coverage, gosh_module):
        marker = tmp_path / module.__name__

        def lossy(work: Any, chunks: Any, marker: Path = marker) -> list[Any]:
            cluster.wait_for_workers(2, timeout=180)  # joblib runs a cluster of one as no cluster
            found = map_chunks(partial(dies_on_the_way, marker, os.getpid(), work), chunks)
            used.append(len(found))
            return found

        monkeypatch.setattr(module, "map_chunks", lossy)
    with joblib.parallel_config(backend="dask"):
        together = answers()
    assert len(list(tmp_path.iterdir())) == 3
    assert min(used) >= 6
    for one, other in zip(alone, together, strict=True):
        assert_same_bits(one, other)


def test_what_fails_on_the_way_is_said() -> None:
    with pytest.raises(FitError, match="of at least 2"):
        simulate_coverage(1, 0.1, seed=1)
