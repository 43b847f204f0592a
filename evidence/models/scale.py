"""map_chunks: the same function over many chunks, on this machine's cores or on a cluster."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

Chunk = TypeVar("Chunk")
Answer = TypeVar("Answer")


def map_chunks(work: Callable[[Chunk], Answer], chunks: Iterable[Chunk]) -> list[Answer]:
    """Apply a function to every chunk through joblib, in the order of the chunks.

    Where it runs is for the caller to say: within ``joblib.parallel_config(n_jobs=4)`` on four
    cores, within ``joblib.parallel_config(backend="dask")`` on a Dask cluster (which also runs
    again what a lost worker held), else here and one after the other. Chunks are cut before they
    come here, so that no answer depends on the number of workers.

    Parameters
    ----------
    work : callable
        Known by name (a function of a module, or ``functools.partial`` of one).
    chunks : iterable
        Its arguments, picklable.

    Examples
    --------
    >>> map_chunks(abs, [-1, 2, -3])
    [1, 2, 3]
    """
    from joblib import Parallel, delayed

    # One chunk a task: they are large already, and joblib would otherwise time and merge them.
    # A tuple, because joblib leaves a bare array with one worker of a cluster, to be lost with it.
    return list(Parallel(batch_size=1)(delayed(_apply)((work, chunk)) for chunk in chunks))


def _apply(task: tuple[Callable[[Chunk], Answer], Chunk]) -> Answer:
    work, chunk = task
    return work(chunk)
