"""From the free parameters of a search to the spreads and correlations of the terms, and back.

A search moves on standard deviations of either sign and on angles, so that 0 and the ends of a
correlation are ordinary points where the slope is 0.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from evidence.models.multilevel.kernels_blocks import Batch, Term
from evidence.models.multilevel.kernels_likelihood import (
    log_likelihoods,
    marginal,
    slope_weights,
    solve,
)
from evidence.models.multilevel.kernels_structures import (
    STRUCTURES,
    State,
    angles_of,
    bounds,
    correlation_matrix,
    correlation_slopes,
    counts,
    pairs,
    slopes,
)

Array = NDArray[np.float64]
Values = tuple[Array, Array]


class Layout(NamedTuple):
    """Which of a term's spreads and correlations are fixed, at what, and how angles are ordered.

    ``variance`` (1 or levels,) and ``correlation`` (0, 1 or pairs,) hold NaN where free.
    ``order`` puts the two levels of a fixed correlation of an unstructured matrix first.
    """

    variance: Array
    correlation: Array
    order: NDArray[np.intp]


class Problem(NamedTuple):
    """A likelihood to be searched: the data, what is fixed, and which likelihood."""

    batches: tuple[Batch, ...]
    terms: tuple[Term, ...]
    layouts: tuple[Layout, ...]
    restricted: bool
    k: int


def layout_of(term: Term, variance: Array, correlation: Array) -> Layout:
    """Lay a term out; of an unstructured matrix none, one or all correlations can be fixed."""
    order = np.arange(term.levels)
    stated = np.flatnonzero(~np.isnan(correlation))
    if STRUCTURES[term.structure].correlation == "free" and len(stated) == 1:
        a, b = (int(side[stated[0]]) for side in pairs(term.levels))
        order = np.array([a, b, *(i for i in range(term.levels) if i not in (a, b))])
    return Layout(variance, correlation, order)


def _free(term: Term, layout: Layout) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Places of the free spreads and of the free correlations (or angles)."""
    spreads = np.flatnonzero(np.isnan(layout.variance))
    if STRUCTURES[term.structure].correlation != "free":
        return spreads, np.flatnonzero(np.isnan(layout.correlation))
    count = counts(term)[1]
    stated = int((~np.isnan(layout.correlation)).sum())
    if stated == count:
        return spreads, np.arange(0)
    return spreads, np.arange(min(stated, 1), count)


def size(problem: Problem) -> int:
    """Number of parameters of the search."""
    parts = [_free(t, s) for t, s in zip(problem.terms, problem.layouts, strict=True)]
    return sum(len(a) + len(b) for a, b in parts)


class _View(NamedTuple):
    """A term at some parameters.

    ``sign`` (1 or levels,) of each spread, ``angles`` fixed or not, and which of both are free.
    """

    state: State
    sign: Array
    angles: Array
    spreads: NDArray[np.intp]
    turns: NDArray[np.intp]


def states_of(problem: Problem, theta: Array) -> tuple[State, ...]:
    """Spreads and correlations at parameters (n,)."""
    return tuple(view.state for view in _views(problem, theta))


def _views(problem: Problem, theta: Array) -> list[_View]:
    found, at = [], 0
    for term, layout in zip(problem.terms, problem.layouts, strict=True):
        spreads, turns = _free(term, layout)
        sd, sign = np.sqrt(np.nan_to_num(layout.variance)), np.ones(len(layout.variance))
        here = theta[at : at + len(spreads)]
        sd[spreads], sign[spreads] = np.abs(here), np.where(here < 0, -1.0, 1.0)
        at += len(spreads)
        angles = _stated_angles(term, layout)
        angles[turns] = theta[at : at + len(turns)]
        at += len(turns)
        rho = _correlations(term, layout, angles)
        if _passes_zero(term, layout) and rho.ndim == 2:
            # A spread below 0 is one above it with the signs of its correlations changed.
            rho = rho * np.outer(sign, sign)
        found.append(_View(State(sd, rho), sign, angles, spreads, turns))
    return found


def _passes_zero(term: Term, layout: Layout) -> bool:
    """Whether the likelihood is smooth where a spread of the term passes through 0.

    With correlations that cannot change their sign it has a kink there.
    """
    kind = STRUCTURES[term.structure]
    if not kind.one_each or kind.correlation == "none":
        return True
    return kind.correlation == "free" and bool(np.isnan(layout.correlation).all())


def lowest_of(problem: Problem) -> Array:
    """Lower limits (n,) of the parameters: 0 for spreads with a kink there."""
    made = []
    for term, layout in zip(problem.terms, problem.layouts, strict=True):
        spreads, turns = _free(term, layout)
        low = -np.inf if _passes_zero(term, layout) else 0.0
        made += [np.full(len(spreads), low), np.full(len(turns), -np.inf)]
    return np.concatenate(made) if made else np.zeros(0)


def _stated_angles(term: Term, layout: Layout) -> Array:
    kind, count = STRUCTURES[term.structure].correlation, counts(term)[1]
    if kind == "none":
        return np.zeros(0)
    stated = layout.correlation[~np.isnan(layout.correlation)]
    if kind != "free":
        return _to_angle(term, stated) if len(stated) else np.zeros(1)
    angles = np.zeros(count)
    if len(stated) == 1:
        angles[0] = float(np.arcsin(np.clip(stated[0], -1.0, 1.0)))
    return angles


def _to_angle(term: Term, rho: Array) -> Array:
    low, high = bounds(term)
    return np.asarray(np.arcsin(np.clip(2.0 * (rho - low) / (high - low) - 1.0, -1.0, 1.0)))


def _correlations(term: Term, layout: Layout, angles: Array) -> Array:
    kind, j = STRUCTURES[term.structure].correlation, term.levels
    if kind == "none":
        return angles
    stated = ~np.isnan(layout.correlation)
    if kind == "free":
        if not stated.all() or not len(stated):
            return correlation_matrix(angles, j, layout.order)
        made = np.eye(j)
        made[pairs(j)] = layout.correlation
        return np.asarray(made + np.triu(made, 1).T)
    if stated[0]:
        return layout.correlation.copy()
    low, high = bounds(term)
    return np.asarray(low + 0.5 * (high - low) * (1.0 + np.sin(angles)))


def start_of(problem: Problem, values: list[Values]) -> Array:
    """Parameters (n,) at given variances and correlations of every term."""
    made = []
    for term, layout, (variance, rho) in zip(problem.terms, problem.layouts, values, strict=True):
        spreads, turns = _free(term, layout)
        made.append(np.sqrt(variance)[spreads])
        if len(turns):
            kind = STRUCTURES[term.structure].correlation
            if kind == "free":
                matrix = np.eye(term.levels)
                matrix[pairs(term.levels)] = rho
                matrix = matrix + np.triu(matrix, 1).T
                made.append(angles_of(matrix, layout.order)[turns])
            else:
                made.append(_to_angle(term, rho)[turns])
    return np.concatenate(made) if made else np.zeros(0)


def values_of(terms: tuple[Term, ...], states: tuple[State, ...]) -> list[Values]:
    """Variances and correlations of terms, the latter as a vector."""
    found = []
    for term, state in zip(terms, states, strict=True):
        free = STRUCTURES[term.structure].correlation == "free"
        rho = state.rho[pairs(term.levels)] if free else state.rho
        found.append((state.sd**2, np.asarray(rho)))
    return found


def height(problem: Problem, theta: Array) -> float:
    """Log-likelihood at parameters (n,); minus infinity where M is not positive definite."""
    states = states_of(problem, theta)
    found = solve(problem.batches, marginal(problem.batches, problem.terms, states))
    if found is None:
        return -np.inf
    return log_likelihoods(found, problem.k)[1 if problem.restricted else 0]


def height_and_slope(problem: Problem, theta: Array) -> tuple[float, Array]:
    """Log-likelihood and its slope (n,)."""
    views = _views(problem, theta)
    states = tuple(view.state for view in views)
    found = solve(problem.batches, marginal(problem.batches, problem.terms, states))
    if found is None:
        return -np.inf, np.zeros(len(theta))
    weights = slope_weights(found, restricted=problem.restricted)
    made = []
    for i, (term, layout) in enumerate(zip(problem.terms, problem.layouts, strict=True)):
        view, by_sd, by_rho = views[i], np.zeros(len(views[i].sign)), np.zeros(())
        for batch, k in zip(problem.batches, weights, strict=True):
            one, two = slopes(term, batch.parts[i], view.state, k)
            by_sd, by_rho = by_sd + one, by_rho + two
        if _passes_zero(term, layout) and by_rho.ndim == 2:
            by_rho = by_rho * np.outer(view.sign, view.sign)
        made.append((by_sd * view.sign)[view.spreads])
        made.append(_by_angle(term, layout, view.angles, by_rho)[view.turns])
    value = log_likelihoods(found, problem.k)[1 if problem.restricted else 0]
    return value, np.concatenate(made) if made else np.zeros(0)


def _by_angle(term: Term, layout: Layout, angles: Array, by_rho: Array) -> Array:
    kind = STRUCTURES[term.structure].correlation
    if kind == "none":
        return np.zeros(0)
    if kind == "free":
        each = correlation_slopes(angles, term.levels, layout.order)
        return np.asarray(np.einsum("aij,ij->a", each, by_rho))
    low, high = bounds(term)
    return np.asarray(by_rho * 0.5 * (high - low) * np.cos(angles))
