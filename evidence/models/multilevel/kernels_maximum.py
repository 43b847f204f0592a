"""The highest likelihood of a multilevel model: scaling, starts, edges, and a last check."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from evidence.errors import FitError
from evidence.errors import Problem as Wrong
from evidence.models.multilevel.kernels_blocks import Term, batches_of
from evidence.models.multilevel.kernels_parameters import (
    Problem,
    Values,
    height,
    height_and_slope,
    layout_of,
    lowest_of,
    start_of,
    states_of,
    values_of,
)
from evidence.models.multilevel.kernels_search import Top, best, climb, is_top
from evidence.models.multilevel.kernels_structures import STRUCTURES, State, bounds

Array = NDArray[np.float64]
NEAR_ZERO = 1e-6
"""Variances below this share of the spread of the effects are tried at exactly 0."""
NEAR_END = 1e-5


class Maximum(NamedTuple):
    """Where the likelihood is highest, on the scale of the data.

    ``values`` are variances and correlations of every term, ``at_bound`` says of each whether it
    was found at an end of its range, ``starts`` and ``agreeing`` count the starts of the search
    and those that ended as high; ``flat`` says that some direction does not matter.
    """

    values: list[Values]
    states: tuple[State, ...]
    at_bound: list[tuple[NDArray[np.bool_], NDArray[np.bool_]]]
    log_likelihood: float
    starts: int
    agreeing: int
    flat: bool


class Scaled(NamedTuple):
    """A problem in units in which the effects spread by about 1; ``unit`` is what 1 stands for."""

    problem: Problem
    unit: float
    spread: float


def scaled(
    y: Array,
    x: Array,
    v: sparse.csr_array,
    terms: tuple[Term, ...],
    fixed: list[Values],
    *,
    restricted: bool,
) -> Scaled:
    """Scale a problem; x (k, p) has orthonormal columns, ``fixed`` holds NaN where free."""
    k, p = x.shape
    left = y - x @ (x.T @ y)
    around = float(left @ left) / max(1, k - p)
    sampling = float(np.median(v.diagonal()))
    unit = float(np.sqrt(max(around, sampling)))
    batches = batches_of(left / unit, x, v / unit**2, terms)
    layouts = tuple(
        layout_of(term, variance / unit**2, rho)
        for term, (variance, rho) in zip(terms, fixed, strict=True)
    )
    spread = max(around - float(v.diagonal().mean()), 0.1 * sampling) / unit**2
    return Scaled(Problem(batches, terms, layouts, restricted, k), unit, spread)


def starts_of(problem: Problem, spread: float) -> list[Array]:
    """Starts: the spread shared evenly, mostly by one term, by none, and correlations of all signs.

    Nothing is drawn at random: the same data have the same starts.
    """
    n = len(problem.terms)
    shares = [np.full(n, 1.0 / max(1, n)), np.full(n, 0.03), np.full(n, 3.0)]
    if n > 1:
        shares += [np.where(np.arange(n) == i, 0.9, 0.1 / (n - 1)) for i in range(n)]
    plans = [(share, 0.5) for share in shares]
    if any(STRUCTURES[term.structure].correlation != "none" for term in problem.terms):
        plans += [(shares[0], 0.9), (shares[0], 0.1), (shares[0], -0.5)]
    made = []
    for share, rho in plans:
        values = []
        for term, layout, part in zip(problem.terms, problem.layouts, share, strict=True):
            low = bounds(term)[0]
            if STRUCTURES[term.structure].correlation == "free":
                low = -1.0 / max(1, term.levels - 1)
            here = rho if rho > 0 else max(rho, 0.7 * low) if low < 0 else 0.02
            here **= _per_unit(term)
            values.append(
                (
                    np.full(len(layout.variance), max(part * spread, 1e-4)),
                    np.full(len(layout.correlation), here),
                )
            )
        made.append(start_of(problem, values))
    return made


def _per_unit(term: Term) -> float:
    """Exponent that makes of a correlation at the typical distance that of one unit."""
    if term.structure != "continuous_autoregressive":
        return 1.0
    return 1.0 / float(np.median(np.diff(np.sort(term.position))))


def maximise(whole: Scaled, starts: list[Array] | None = None) -> Maximum:
    """Find the highest likelihood.

    Raises
    ------
    FitError
        If no start leads to a top: the search did not converge.
    """
    problem = whole.problem
    tried = starts_of(problem, whole.spread) if starts is None else starts
    top, agreeing = best(lambda theta: height_and_slope(problem, theta), tried, lowest_of(problem))
    if not np.isfinite(top.height):
        right = "give V an inverse, or a random effect for each row it leaves singular"
        singular = Wrong("covariance", "is singular together with the random effects", right)
        raise FitError("the multilevel model has no likelihood", [singular])
    problem, top = _edges(problem, top)
    if not is_top(top):
        raise FitError(
            "the multilevel model did not converge",
            [
                Wrong(
                    "random",
                    f"no top of the likelihood in {top.steps} steps from {len(tried)} starts",
                    "simplify the random terms or the structure, or fix a component",
                )
            ],
        )
    states = states_of(problem, top.theta)
    values = values_of(problem.terms, states)
    bound = [
        (
            ~np.isnan(a.variance) & np.isnan(b.variance),
            ~np.isnan(a.correlation) & np.isnan(b.correlation),
        )
        for a, b in zip(problem.layouts, whole.problem.layouts, strict=True)
    ]
    eigen = np.abs(np.linalg.eigvalsh(top.hessian)) if len(top.theta) else np.ones(1)
    unit = whole.unit
    return Maximum(
        values=[(variance * unit**2, rho) for variance, rho in values],
        states=tuple(State(state.sd * unit, state.rho) for state in states),
        at_bound=bound,
        log_likelihood=top.height,
        starts=len(tried),
        agreeing=agreeing,
        flat=bool(eigen.min() <= 1e-7 * max(1.0, float(eigen.max()))),
    )


def _edges(problem: Problem, top: Top) -> tuple[Problem, Top]:
    """Set what lies at an end of its range exactly there, if the likelihood is no lower for it."""
    values = values_of(problem.terms, states_of(problem, top.theta))
    layouts, changed = [], False
    for term, layout, (variance, rho) in zip(problem.terms, problem.layouts, values, strict=True):
        zero = np.isnan(layout.variance) & (variance <= NEAR_ZERO)
        moved = np.where(zero, 0.0, layout.variance)
        ends = layout.correlation.copy()
        if len(rho) == 1:
            for end in bounds(term):
                if np.isnan(ends[0]) and abs(rho[0] - end) <= NEAR_END:
                    ends = np.array([end])
        changed |= bool(zero.any()) or not np.array_equal(ends, layout.correlation, equal_nan=True)
        layouts.append(layout_of(term, moved, ends))
    if not changed:
        return problem, top
    edge = problem._replace(layouts=tuple(layouts))
    found = climb(
        lambda theta: height_and_slope(edge, theta), start_of(edge, values), lowest_of(edge)
    )
    if found.height < top.height - 1e-7 * max(1.0, abs(top.height)):
        return problem, top
    inside = _steepest_inside(problem, edge, found)
    if inside is not None:
        # The edge was a ridge to walk down from: the likelihood rises on leaving 0.
        again = climb(lambda theta: height_and_slope(problem, theta), inside, lowest_of(problem))
        if again.height > found.height + 1e-9:
            return problem, again
    return edge, found


def _steepest_inside(problem: Problem, edge: Problem, found: Top) -> Array | None:
    """A point off an edge at which the likelihood is higher than on it, if there is one."""
    values = values_of(edge.terms, states_of(edge, found.theta))
    for i, (inner, outer) in enumerate(zip(problem.layouts, edge.layouts, strict=True)):
        for j in np.flatnonzero(np.isnan(inner.variance) & ~np.isnan(outer.variance)):
            for step in (1e-3, 1e-2, 1e-1):
                moved = [(a.copy(), b) for a, b in values]
                moved[i][0][j] = step
                theta = start_of(problem, moved)
                if height(problem, theta) > found.height + 1e-9:
                    return theta
    return None


def with_fixed(whole: Scaled, term: int, place: int, kind: str, value: float) -> Scaled:
    """Fix one more component, given on the scale of the data."""
    layouts = list(whole.problem.layouts)
    variance, rho = layouts[term].variance.copy(), layouts[term].correlation.copy()
    if kind == "variance":
        variance[place] = value / whole.unit**2
    else:
        rho[place] = value
    layouts[term] = layout_of(whole.problem.terms[term], variance, rho)
    return whole._replace(problem=whole.problem._replace(layouts=tuple(layouts)))


def profile_height(
    whole: Scaled, place: tuple[int, int, str], value: float, near: list[Values]
) -> float:
    """Highest likelihood (of the scaled effects) with one component fixed.

    ``near`` are variances and correlations, scaled, to start from beside the usual starts.

    Raises
    ------
    FitError
        If the search does not converge.
    """
    term, position, kind = place
    held = with_fixed(whole, term, position, kind, value).problem
    starts = _near(held, whole.spread, near)
    top, _ = best(lambda theta: height_and_slope(held, theta), starts, lowest_of(held))
    _, top = _edges(held, top)
    if not is_top(top):
        problem = Wrong("component", f"no top of the likelihood at {value:.6g}", "look at others")
        raise FitError("the profile did not converge", [problem])
    return top.height


def near_starts(whole: Scaled, values: list[Values]) -> list[Array]:
    """Starts near variances and correlations on the scale of the data, and two of the usual."""
    near = [(variance / whole.unit**2, rho) for variance, rho in values]
    return _near(whole.problem, whole.spread, near)


def _near(problem: Problem, spread: float, values: list[Values]) -> list[Array]:
    # From 0 there is no slope to follow: start a little off it.
    moved = [(np.maximum(variance, 1e-4), rho) for variance, rho in values]
    return [start_of(problem, moved), *starts_of(problem, spread)[:2]]
