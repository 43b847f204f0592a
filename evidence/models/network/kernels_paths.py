"""Flows of evidence through a network and the paths that they are made of."""

from __future__ import annotations

from collections import deque

import numpy as np

from evidence.models.network.kernels_graph import Array, Edges, pseudo_inverse

_NOTHING = 1e-10  # flows below this are rounding

Comparison = tuple[int, int]


def comparison_hat(edges: Edges, w: Array) -> tuple[list[Comparison], list[Comparison], Array]:
    """Hat matrix between comparisons: rows all pairs, columns those compared directly.

    Weights of a comparison are the sum of its studies' (reduced) weights: Davies, Papakonstantinou
    and others 2022. An entry is the flow through a direct comparison, from its first treatment
    to its second, that makes up the row's estimate (König, Krahn and Binder 2013).
    """
    low, high = np.minimum(edges.first, edges.second), np.maximum(edges.first, edges.second)
    columns = sorted({(int(a), int(b)) for a, b in zip(low, high, strict=True)})
    place = {pair: c for c, pair in enumerate(columns)}
    total = np.zeros(len(columns))
    for a, b, weight in zip(low, high, w, strict=True):
        total[place[int(a), int(b)]] += weight
    x = np.zeros((len(columns), edges.n))
    for c, (a, b) in enumerate(columns):
        x[c, a], x[c, b] = 1.0, -1.0
    covariance = pseudo_inverse(x.T @ (total[:, None] * x), edges.n - 1)
    rows = [(i, j) for i in range(edges.n) for j in range(i + 1, edges.n)]
    flow = covariance @ (x.T * total)
    hat = np.array([flow[i] - flow[j] for i, j in rows])
    return rows, columns, hat


def paths_of(
    flows: Array, columns: list[Comparison], source: int, sink: int
) -> list[tuple[list[int], float]]:
    """Split one row of the hat matrix into paths with their flows, shortest paths first.

    Papakonstantinou et al. 2018. Equally short paths are taken in the order in which a search in
    breadth meets them, where neighbours stand in the order in which treatments first appear among
    the comparisons, each read in the direction of its flow; igraph takes them so.

    Examples
    --------
    >>> paths_of(np.array([0.4, 0.6, 0.4]), [(0, 1), (0, 2), (1, 2)], 0, 2)
    [([0, 2], 0.6), ([0, 1, 2], 0.4)]
    """
    directed = [(a, b) if f > 0 else (b, a) for f, (a, b) in zip(flows, columns, strict=True)]
    left = {e: abs(float(f)) for e, f in zip(directed, flows, strict=True) if abs(f) > _NOTHING}
    order = list(dict.fromkeys(x for edge in directed for x in edge))
    found = []
    while (path := _shortest(left, order, source, sink)) is not None:
        steps = [(path[i], path[i + 1]) for i in range(len(path) - 1)]
        flow = min(left[step] for step in steps)
        for step in steps:
            left[step] -= flow
            if left[step] < _NOTHING:
                del left[step]
        found.append((path, flow))
    return found


def _shortest(
    left: dict[Comparison, float], order: list[int], source: int, sink: int
) -> list[int] | None:
    before: dict[int, int] = {source: source}
    queue = deque([source])
    while queue and sink not in before:
        here = queue.popleft()
        for there in order:
            if there not in before and (here, there) in left:
                before[there] = here
                queue.append(there)
    if sink not in before:
        return None
    path = [sink]
    while path[-1] != source:
        path.append(before[path[-1]])
    return path[::-1]
