"""Figures of a mixture of models, some of which fix a parameter."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from evidence.models.bayesian.bias_models import BiasModel
from evidence.models.bayesian.kernels_average import marginal_cdf

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """One model's posterior.

    Attributes
    ----------
    log_marginal : float
    axes : dict
        Of ``mu``, ``tau`` (log tau), ``b`` (log coefficient) that are free: panel edges, nodes,
        and their probabilities.
    model : BiasModel
    omega : ndarray, shape (W, L)
        Nodes of the publication weights.
    omega_weights : ndarray, shape (W,)
        Their posterior probabilities; of other models one weight, 1.
    null, sign : float
        Value of mu where fixed, and -1 where the effects were turned round.
    """

    log_marginal: float
    axes: dict[str, tuple[Array, Array, Array]]
    model: BiasModel
    omega: Array
    omega_weights: Array
    null: float
    sign: float

    def mu(self) -> tuple[float, Callable[[Array], Array]]:
        """Mean and distribution function of mu."""
        if "mu" not in self.axes:
            return self.sign * self.null, _step(self.sign * self.null)
        edges, nodes, p = self.axes["mu"]
        mean = self.sign * float(p @ nodes)
        if self.sign < 0:
            return mean, lambda x: 1.0 - marginal_cdf(edges, p, -x)
        return mean, lambda x: marginal_cdf(edges, p, x)

    def positive(self, name: str) -> tuple[float, Callable[[Array], Array]]:
        """Mean and distribution function of tau or of the bias coefficient; 0 where fixed."""
        if name not in self.axes:
            return 0.0, _step(0.0)
        edges, nodes, p = self.axes[name]

        def cdf(x: Array) -> Array:
            found = marginal_cdf(edges, p, np.log(np.maximum(x, 1e-300)))
            return np.where(x > 0, found, 0.0)

        return float(p @ np.exp(nodes)), cdf


def _step(at: float) -> Callable[[Array], Array]:
    return lambda x: (x >= at).astype(np.float64)


def figures(parts: list[Part], weights: Array, level: float) -> pd.DataFrame:
    """Mean, median and central interval of every parameter, averaged with the weights."""
    used, share = _used(parts, weights)
    q = np.array([0.5, (1 - level) / 2, (1 + level) / 2])
    rows = {}
    for term in _terms(parts):
        mean, quantiles = _averaged(used, share, term, q)
        values = (mean, *quantiles.tolist())
        rows[term] = dict(zip(("mean", "median", "ci_low", "ci_high"), values, strict=True))
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("term")


def quantile_of(parts: list[Part], weights: Array, term: str, probability: float) -> float:
    """Quantile of one term, averaged with the weights."""
    used, share = _used(parts, weights)
    return float(_averaged(used, share, term, np.array([probability]))[1][0])


def _used(parts: list[Part], weights: Array) -> tuple[list[Part], Array]:
    share = weights / weights.sum()
    return [part for part, w in zip(parts, share, strict=True) if w > 0], share[share > 0]


def _cuts(parts: list[Part]) -> list[float]:
    found = sorted({float(c) for p in parts if p.model.kind == "weights" for c in p.model.cuts})
    return [0.0, *found, 1.0] if found else []


def _terms(parts: list[Part]) -> list[str]:
    ends = _cuts(parts)
    weights = [f"weight {a:g} to {b:g}" for a, b in pairwise(ends)]
    kinds = [kind for kind in ("pet", "peese") if any(p.model.kind == kind for p in parts)]
    return ["mu", "tau", *weights, *kinds]


def _averaged(used: list[Part], share: Array, term: str, q: Array) -> tuple[float, Array]:
    if term.startswith("weight "):
        low, high = (float(x) for x in term.removeprefix("weight ").split(" to "))
        return _weight(used, share, 0.5 * (low + high), q)
    if term == "mu":
        return _mixed([part.mu() for part in used], share, q)
    if term == "tau":
        return _mixed([part.positive("tau") for part in used], share, q)
    fixed = (0.0, _step(0.0))
    held = [part.positive("b") if part.model.kind == term else fixed for part in used]
    return _mixed(held, share, q)


def _mixed(
    held: list[tuple[float, Callable[[Array], Array]]], share: Array, q: Array
) -> tuple[float, Array]:
    mean = float(share @ np.array([m for m, _ in held]))

    def cdf(x: Array) -> Array:
        return np.asarray(sum(w * f(x) for w, (_, f) in zip(share, held, strict=True)))

    low, high = np.full(q.shape, -1.0), np.full(q.shape, 1.0)
    while (cdf(low) >= q).any():
        low *= 2.0
    while (cdf(high) < q - 1e-12).any():
        high *= 2.0
    for _ in range(100):
        middle = 0.5 * (low + high)
        enough = cdf(middle) >= q - 1e-12
        low, high = np.where(enough, low, middle), np.where(enough, middle, high)
    return mean, np.where(np.abs(high) < 1e-12, 0.0, high)


def _weight(used: list[Part], share: Array, p_value: float, q: Array) -> tuple[float, Array]:
    values, masses = [np.ones(1)], [np.zeros(1)]
    for part, w in zip(used, share, strict=True):
        if part.model.kind == "weights":
            which = part.model.of[np.searchsorted(part.model.cuts, p_value)]
            values.append(part.omega[:, which])
            masses.append(w * part.omega_weights)
        else:
            masses[0] = masses[0] + w
    value, mass = np.concatenate(values), np.concatenate(masses)
    mean = float(value @ mass)
    # Nodes stand for stretches: half of a node's probability lies to either side of it.
    free = value < 1.0
    if not free.any():
        return mean, np.ones(q.shape)
    order = np.argsort(value[free])
    nodes, held = value[free][order], mass[free][order]
    middle = np.cumsum(held) - 0.5 * held
    return mean, np.where(q < held.sum(), np.interp(q, middle, nodes), 1.0)
