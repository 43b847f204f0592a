"""One tau2 for several groups of studies that each have a mean of their own."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from evidence.models.frequentist import kernels_tau2
from evidence.models.frequentist.kernels_moments import form_trace, quadratic_form
from evidence.models.frequentist.kernels_tau2 import Tau2, decreasing_root, generalised_q

Array = NDArray[np.float64]
Groups = Sequence[tuple[Array, Array]]
COMMON_METHODS = (
    "reml",
    "maximum_likelihood",
    "paule_mandel",
    "empirical_bayes",
    "dersimonian_laird_iterated",
    "dersimonian_laird",
    "hedges",
)


def common_tau2(groups: Groups, method: str) -> Tau2:
    """tau2 from the sums over groups (y, v), each (k_g,), of what the estimator of one group uses.

    The residual heterogeneity of a meta-regression on the group; at least one group has two
    studies. Checked against meta ``metagen(subgroup=, tau.common=TRUE)`` and brute force.

    Examples
    --------
    >>> pair = (np.array([0.0, 2.0, 4.0]), np.ones(3))
    >>> common_tau2([pair, pair], "dersimonian_laird").tau2.item()
    3.0
    """
    if method in ("dersimonian_laird", "hedges"):
        return _moments(groups, method)
    groups = [(kernels_tau2.centre(y), v) for y, v in groups]
    if method in ("reml", "maximum_likelihood"):
        return _likelihood(groups, restricted=method == "reml")
    df = float(sum(len(y) - 1 for y, _ in groups))

    def excess(t: Array, _: NDArray[np.intp]) -> tuple[Array, Array]:
        value, slope = -df, 0.0
        for y, v in groups:
            w = 1.0 / (v + t[0])
            r = y - (w * y).sum() / w.sum()
            value, slope = value + (w * r**2).sum(), slope - ((w * r) ** 2).sum()
        return np.array([value]), np.array([slope])

    zero, each = np.zeros(1), np.zeros(1, dtype=np.intp)
    if excess(zero, each)[0][0] <= 0:
        return Tau2(np.asarray(0.0), np.asarray(True))
    high = np.array([sum(float((y**2).sum()) for y, _ in groups) / df])
    root, done = decreasing_root(excess, zero, high, _smallest(groups))
    return Tau2(np.asarray(root[0]), np.asarray(done[0]))


def _moments(groups: Groups, method: str) -> Tau2:
    gap, slope = 0.0, 0.0
    for y, v in groups:
        a = 1.0 / v if method == "dersimonian_laird" else np.ones_like(v)
        gap += float(quadratic_form(y, a) - form_trace(a, v))
        slope += float(form_trace(a, np.ones_like(v)))
    return Tau2(np.asarray(max(0.0, gap / slope)), np.asarray(True))


def _likelihood(groups: Groups, *, restricted: bool) -> Tau2:
    """Highest maximum, searched as for one group; groups are centred, so sums bound tau2."""
    one = kernels_tau2.restricted_score if restricted else kernels_tau2.full_score

    def score(t: Array, _: NDArray[np.intp]) -> tuple[Array, Array]:
        found = [one(y[None], v[None], t) for y, v in groups]
        return sum((f[0] for f in found), np.zeros(len(t))), sum((f[1] for f in found), t * 0.0)

    def height(t: float) -> float:
        at, total = np.asarray(t), 0.0
        for y, v in groups:
            total -= 0.5 * float(np.log(v + t).sum() + generalised_q(y, v, at))
            total -= 0.5 * float(np.log((1.0 / (v + t)).sum())) if restricted else 0.0
        return total

    df = sum(len(y) - 1 for y, _ in groups)
    v = np.concatenate([v for _, v in groups])
    s2 = sum(float((y**2).sum()) for y, _ in groups) / df
    top = 1.01 * (s2 + np.sqrt(s2 * v.max()))
    low = 1e-3 * v.min()
    grid = np.concatenate([[0.0], np.geomspace(min(low, 1e-3 * top) or low, max(top, low), 120)])
    slope = score(grid, np.arange(len(grid)))[0]
    cells = np.flatnonzero((slope[:-1] > 0) & (slope[1:] <= 0))
    floor = np.full(len(cells), float(v.min()))
    peaks, done = decreasing_root(score, grid[cells], grid[cells + 1], floor)
    places = ([0.0] if slope[0] <= 0 else []) + [float(p) for p in peaks]
    if not places:
        return Tau2(np.asarray(0.0), np.asarray(False))
    return Tau2(np.asarray(max(places, key=height)), np.asarray(bool(done.all())))


def _smallest(groups: Groups) -> Array:
    return np.array([min(float(v.min()) for _, v in groups)])
