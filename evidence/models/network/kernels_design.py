"""Designs (sets of treatments compared together): Q within and between them, and net heat."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from evidence.models.network.kernels_basic import Basic, basic_contrasts, gls_q, projector
from evidence.models.network.kernels_graph import Array, Edges, Indices, pseudo_inverse


class Designs(NamedTuple):
    """Basic contrasts with the design of each row; ``sets`` are the treatments of each design."""

    basic: Basic
    design: Indices
    sets: tuple[tuple[int, ...], ...]


class DesignQ(NamedTuple):
    """Q of some model with its degrees of freedom."""

    q: float
    df: int


def designs_of(edges: Edges, base: int | None = None) -> Designs:
    """Basic contrasts against ``base`` (where a study has it) and the designs they belong to."""
    basic = basic_contrasts(edges, base)
    of_study = {
        int(edges.study[rows[0]]): tuple(edges.arms(rows).tolist()) for rows in edges.groups
    }
    sets = tuple(dict.fromkeys(of_study.values()))
    number = {treatments: i for i, treatments in enumerate(sets)}
    return Designs(basic, np.array([number[of_study[int(s)]] for s in basic.study]), sets)


def within_designs(designs: Designs, tau2: float = 0.0) -> list[DesignQ]:
    """Q of the studies of each design about their own mean (Krahn, Binder and König 2013)."""
    found = []
    v = designs.basic.s + tau2 * designs.basic.h
    for i in range(len(designs.sets)):
        rows = np.flatnonzero(designs.design == i)
        q, rank = gls_q(designs.basic.y[rows], designs.basic.x[rows], v[np.ix_(rows, rows)])
        found.append(DesignQ(max(q, 0.0), len(rows) - rank))
    return found


def detached(designs: Designs, free: list[int]) -> Array:
    """Design matrix in which the designs listed have treatment effects of their own."""
    x = designs.basic.x
    for i in free:
        own = np.where((designs.design == i)[:, None], designs.basic.x, 0.0)
        x = np.hstack([np.where((designs.design == i)[:, None], 0.0, x), own])
    return x


def between_designs(designs: Designs, free: list[int], tau2: float = 0.0) -> DesignQ:
    """Q between designs that is left after detaching some of them (none: all of it)."""
    v = designs.basic.s + tau2 * designs.basic.h
    q, rank = gls_q(designs.basic.y, detached(designs, free), v)
    within = within_designs(designs, tau2)
    df = len(designs.basic.y) - rank - sum(d.df for d in within)
    return DesignQ(max(q - sum(d.q for d in within), 0.0) if df else 0.0, df)


def moment_tau2_within(designs: Designs) -> float:
    """Moment estimate of tau2 within designs: free treatment effects in each (Jackson 2012)."""
    within = within_designs(designs)
    total = 0.0
    for i in range(len(designs.sets)):
        rows = np.flatnonzero(designs.design == i)
        block = np.ix_(rows, rows)
        p = projector(designs.basic.x[rows], designs.basic.s[block])
        total += float((p * designs.basic.h[block]).sum())
    excess = sum(d.q for d in within) - sum(d.df for d in within)
    return max(0.0, excess / total) if sum(d.df for d in within) else 0.0


def residual_parts(designs: Designs, free: list[int], tau2: float = 0.0) -> Array:
    """Share (designs,) of each design in Q between designs.

    A design's own estimate less that of the model, squared and weighed by its own precision.
    """
    v = designs.basic.s + tau2 * designs.basic.h
    x = detached(designs, free)
    inverse = np.linalg.inv(v)
    rank = int(np.linalg.matrix_rank(x))
    fitted = x @ pseudo_inverse(x.T @ inverse @ x, rank) @ x.T @ inverse @ designs.basic.y
    found = np.zeros(len(designs.sets))
    for i in range(len(designs.sets)):
        rows = np.flatnonzero(designs.design == i)
        w = inverse[np.ix_(rows, rows)]
        e = designs.basic.y[rows] - fitted[rows]
        whole = float(e @ w @ e)
        alone = gls_q(designs.basic.y[rows], designs.basic.x[rows], v[np.ix_(rows, rows)])[0]
        found[i] = max(whole - alone, 0.0)
    return found
