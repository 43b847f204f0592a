"""node_split: direct against indirect evidence for each comparison."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import pandas as pd

from evidence.catalog.display import html_of_record, plain
from evidence.catalog.phrases import counted, figure, folded, interval, p_value
from evidence.errors import FitError, check_kind
from evidence.models.frequentist.kernels import critical_value, two_sided_p
from evidence.models.network.data import check_word
from evidence.models.network.fit import NetworkFit
from evidence.models.network.inconsistency import tau2_for
from evidence.models.network.kernels_graph import Array, Edges, Indices, pair_spread, parts
from evidence.models.network.kernels_network import degrees, solve
from evidence.models.network.network import tau2_of

SplitMethod = Literal["back_calculation", "without_direct_studies"]
_WHOLE = 1e-8  # a direct proportion this near to 1 leaves no indirect evidence
COLUMNS = (
    "treatment1", "treatment2", "studies", "direct_proportion",
    "network", "network_std_error",
    "direct", "direct_std_error", "direct_p", "indirect", "indirect_std_error", "indirect_p",
    "difference", "difference_std_error", "statistic", "p", "ci_low", "ci_high",
)  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class NodeSplit:
    """Answer of ``node_split``.

    Attributes
    ----------
    model, method : str
    level : float
    comparisons : DataFrame, one row a pair of treatments
        treatment1, treatment2; studies that compare them; direct_proportion; network, direct and
        indirect estimate of 1 minus 2 with std_error and p; difference (direct minus indirect)
        with std_error, statistic, p and interval. Missing where there is no such evidence: no
        study compares the pair, or the network knows it by these studies alone.
    """

    model: str
    method: str
    level: float
    comparisons: pd.DataFrame

    _repr_html_ = html_of_record

    def __str__(self) -> str:
        found, of = self.tested(), counted(len(self.comparisons), "comparison")
        head = f"Node splitting ({self.method.replace('_', ' ')}, {self.model} effects): {of}, "
        lines = [f"{head}{len(found)} with direct and indirect evidence"]
        for row in found.to_dict("records"):
            pair = plain(f"{row['treatment1']}:{row['treatment2']}")
            ends = interval(row["ci_low"], row["ci_high"], self.level)
            lines.append(
                f"  {pair}  direct {figure(row['direct'])}, indirect {figure(row['indirect'])}, "
                f"difference {figure(row['difference'])} ({ends}), {p_value(row['p'])}"
            )
        return folded("\n".join(lines))

    def tested(self) -> pd.DataFrame:
        """Only the comparisons with both direct and indirect evidence."""
        both = self.comparisons["difference"].notna()
        return self.comparisons[both].reset_index(drop=True)


def node_split(
    fit: NetworkFit, *, method: SplitMethod = "back_calculation", model: str = "random"
) -> NodeSplit:
    """Compare direct with indirect evidence for every pair of treatments.

    Parameters
    ----------
    fit : NetworkFit
    method : {"back_calculation", "without_direct_studies"}
        "back_calculation" takes the direct estimate (pooled with the network's tau2) out of the
        network estimate (König, Krahn and Binder 2013; Dias et al. 2010).
        "without_direct_studies" fits the network again without the studies that compare the
        pair, tau2 estimated anew (SIDDE: Efthimiou et al. 2019); a stated tau2 stays, and the
        network's is taken where what is left tells nothing of it.
    model : {"common", "random"}

    Raises
    ------
    FitError
        If an option is unknown or the model was not fitted.

    Examples
    --------
    >>> from evidence.models.network.contrasts import network_contrasts
    >>> from evidence.models.network.network import network_meta
    >>> frame = pd.DataFrame({"study": list("abc"), "treatment1": list("xyx"),
    ...     "treatment2": list("yzz"), "estimate": [1.0, 0.5, 1.2], "std_error": [0.5] * 3})
    >>> found = node_split(network_meta(network_contrasts(frame)), model="common").comparisons
    >>> found[["treatment1", "treatment2", "direct", "indirect", "p"]].round(3)
      treatment1 treatment2  direct  indirect     p
    0          x          y     1.0       0.7 0.729
    1          x          z     1.2       1.5 0.729
    2          y          z     0.5       0.2 0.729
    """
    check_kind("fit", fit, NetworkFit, FitError)
    check_word("method", method, get_args(SplitMethod))
    tau2 = tau2_for(fit, model)
    edges, names = fit.data.edges, fit.data.treatments
    found = solve(edges, tau2)
    spread = pair_spread(found.covariance)
    rows = []
    for i in range(edges.n):
        for j in range(i + 1, edges.n):
            network = (float(found.levels[i] - found.levels[j]), float(spread[i, j]))
            own, count = direct_evidence(edges, tau2, i, j)
            share = 0.0 if own is None else (network[1] / own[1]) ** 2
            if own is None:
                other: tuple[float, float] | None = network
            elif method == "without_direct_studies":
                other = _without(fit, edges, i, j, model)
            elif share >= 1.0 - _WHOLE:
                other = None
            else:
                estimate = (network[0] - share * own[0]) / (1.0 - share)
                other = estimate, network[1] / float(np.sqrt(1.0 - share))
            row = [names[i], names[j], count, share, *network, *_tested(own), *_tested(other)]
            rows.append([*row, *_difference(own, other, fit.level)])
    table = pd.DataFrame(rows, columns=list(COLUMNS))
    return NodeSplit(model, method, fit.level, table)


def direct_evidence(
    edges: Edges, tau2: float, i: int, j: int
) -> tuple[tuple[float, float] | None, int]:
    """Inverse-variance mean of the contrasts i minus j with its standard error; and their count."""
    rows, sign = _comparing(edges, i, j)
    if not len(rows):
        return None, 0
    w = 1.0 / (edges.v[rows] + tau2)
    return (float((w * sign * edges.y[rows]).sum() / w.sum()), float(w.sum() ** -0.5)), len(rows)


def _comparing(edges: Edges, i: int, j: int) -> tuple[Indices, Array]:
    forward = (edges.first == i) & (edges.second == j)
    rows = np.flatnonzero(forward | ((edges.first == j) & (edges.second == i)))
    return rows, np.where(forward[rows], 1.0, -1.0)


def _without(
    fit: NetworkFit, edges: Edges, i: int, j: int, model: str
) -> tuple[float, float] | None:
    """Estimate of a network without the studies that compare the pair; None where it breaks."""
    rows, _ = _comparing(edges, i, j)
    rest = edges.take(~np.isin(edges.study, edges.study[rows]))
    part = next(p for p in parts(rest.first, rest.second, edges.n) if i in p)
    if j not in part:
        return None
    rest = rest.take(np.isin(rest.first, part))
    place = np.array(part)
    small = rest._replace(
        first=np.searchsorted(place, rest.first),
        second=np.searchsorted(place, rest.second),
        n=len(part),
    )
    tau2 = 0.0
    if model == "random":
        df = degrees(small, len(part) - 1)
        method = fit.heterogeneity.tau2_method
        name = None if fit.reference is None else fit.data.treatments.index(fit.reference)
        base = part.index(name) if name in part else None
        stated = fit.tau2 if method == "stated" else None
        own = tau2_of(small, method if stated is None else stated, df, base)
        # Without degrees of freedom only the whole network tells of the spread.
        tau2 = tau2_for(fit, model) if own is None else own
    found = solve(small, tau2)
    a, b = part.index(i), part.index(j)
    return float(found.levels[a] - found.levels[b]), float(pair_spread(found.covariance)[a, b])


def _tested(pair: tuple[float, float] | None) -> list[float | None]:
    if pair is None:
        return [None, None, None]
    return [*pair, float(two_sided_p(np.asarray(pair[0] / pair[1]), np.inf))]


def _difference(
    own: tuple[float, float] | None, other: tuple[float, float] | None, level: float
) -> list[float | None]:
    if own is None or other is None:
        return [None] * 6
    gap, spread = own[0] - other[0], float(np.hypot(own[1], other[1]))
    half = critical_value(level, np.inf) * spread
    p = float(two_sided_p(np.asarray(gap / spread), np.inf))
    return [gap, spread, gap / spread, p, gap - half, gap + half]
