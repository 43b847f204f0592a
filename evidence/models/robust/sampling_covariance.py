"""sampling_covariance: what the errors of dependent effects have in common, as assumed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from evidence.catalog.display import html_of_record
from evidence.catalog.phrases import counted, figure, folded
from evidence.errors import FitError, Problem
from evidence.models.robust.clusters import Clusters, Labels, clusters_of, codes_of
from evidence.models.robust.correlations import (
    Rho,
    Structure,
    numbers_of,
    structure_of,
    within_cluster,
)
from evidence.models.robust.kernels_correlation import (
    nearest_positive_definite,
    smallest_share,
)

Array = NDArray[np.float64]
LEAST_SHARE = 1e-10


@dataclass(frozen=True, slots=True, eq=False)
class SamplingCovariance:
    """Answer of ``sampling_covariance``.

    Attributes
    ----------
    matrix : ndarray (k, k)
        Covariance of the sampling errors, in the order of the rows given; 0 between clusters.
    clusters : tuple
        Label of each row's cluster.
    smallest_eigenvalue : float
        Smallest eigenvalue of the correlations within clusters, before anything was mended.
    notes : tuple of str
        What was assumed, and what was changed.
    """

    matrix: Array
    clusters: tuple[Any, ...]
    smallest_eigenvalue: float
    notes: tuple[str, ...]

    _repr_html_ = html_of_record

    def __str__(self) -> str:
        k = counted(len(self.clusters), "effect")
        m = counted(len(set(self.clusters)), "cluster")
        lines = [
            f"Sampling covariance of {k} in {m}; smallest "
            f"eigenvalue of the correlations {figure(self.smallest_eigenvalue)}",
            *(f"  note: {note}" for note in self.notes),
        ]
        return folded("\n".join(lines))

    @property
    def correlation(self) -> Array:
        """Correlations of the sampling errors, shape (k, k)."""
        sd = np.sqrt(np.diag(self.matrix))
        return np.asarray(self.matrix / np.outer(sd, sd))

    def frame(self) -> pd.DataFrame:
        """Pairs of dependent rows: cluster, row, other, covariance, correlation."""
        rows, others = np.nonzero(np.triu(self.matrix, 1))
        return pd.DataFrame(
            {
                "cluster": [self.clusters[i] for i in rows],
                "row": rows,
                "other": others,
                "covariance": self.matrix[rows, others],
                "correlation": self.correlation[rows, others],
            }
        )


def sampling_covariance(
    variances: ArrayLike,
    cluster: Labels,
    *,
    subgroup: Labels | None = None,
    obs: Labels | None = None,
    type: Labels | None = None,
    time1: ArrayLike | None = None,
    time2: ArrayLike | None = None,
    grp1: Labels | None = None,
    grp2: Labels | None = None,
    w1: ArrayLike | None = None,
    w2: ArrayLike | None = None,
    rho: Rho | None = None,
    phi: float | None = None,
    correlations: ArrayLike | None = None,
    nearest: bool = False,
) -> SamplingCovariance:
    """Build the covariance of sampling errors of effects that share people.

    The correlation of two rows of a cluster is the product of what their constructs, occasions and
    groups have in common (Gleser and Olkin 2009; Wei and Higgins 2013; metafor ``vcalc``).

    Parameters
    ----------
    variances : array_like (k,)
        Sampling variances.
    cluster, subgroup : labels (k,)
        Rows are dependent within a cluster, and within a subgroup of it where there are such.
    obs, type : labels (k,), optional
        Which observation (scale) and which type of outcome a row is; need ``rho``.
    time1, time2 : array_like (k,), optional
        When the first and the second condition was measured; need ``phi``. ``time2`` goes with
        ``grp2``; without it both conditions were measured at ``time1``.
    grp1, grp2 : labels (k,), optional
        Groups whose difference the row is; ``grp1`` alone: all against one and the same group.
    w1, w2 : array_like (k,), optional
        Sizes of the groups (inverse variances of their means); equal where left out.
    rho : float, DataFrame or pair, optional
        Correlation of different observations or types; a DataFrame has one for each pair of labels.
        With ``obs`` and ``type``: (of one type, of two types).
    phi : float, optional
        Autocorrelation of one group's measurements a unit of time apart.
    correlations : array_like (k, n), optional
        In place of all from ``obs`` to ``phi``: row i has its correlations with the rows of its
        cluster, in their order; the lower triangle is used.
    nearest : bool
        Replace what is not positive definite by the nearest matrix that is; noted in the result.

    Returns
    -------
    SamplingCovariance

    Raises
    ------
    FitError
        If inputs do not fit, say too little or would do nothing, or the covariance of a cluster is
        not positive definite.

    Examples
    --------
    >>> found = sampling_covariance([0.04, 0.09], ["a", "a"], obs=[1, 2], rho=0.5)
    >>> found.matrix.round(6).tolist()
    [[0.04, 0.03], [0.03, 0.09]]
    >>> two = sampling_covariance([1, 1], [1, 1], grp1=["a", "b"], grp2=["c", "c"])
    >>> two.correlation.round(3).tolist()
    [[1.0, 0.5], [0.5, 1.0]]
    """
    v = numbers_of("variances", variances, None, above=0.0)
    k = len(v)
    clusters = clusters_of(cluster, k)
    whole = clusters if subgroup is None else _subdivided(clusters, subgroup, k)
    stated = {
        "obs": obs,
        "type": type,
        "time1": time1,
        "time2": time2,
        "grp1": grp1,
        "grp2": grp2,
        "w1": w1,
        "w2": w2,
        "rho": rho,
        "phi": phi,
    }
    if correlations is None:
        structure = structure_of(stated, k)
        blocks = [within_cluster(structure, rows) for rows in whole.places]
        notes = _assumed(structure)
    else:
        _alone([name for name, value in stated.items() if value is not None])
        blocks = _stated_blocks(correlations, whole, k)
        notes = ["correlations within clusters as stated"]
    return _assembled(v, clusters, whole, blocks, notes, nearest=nearest)


def _subdivided(clusters: Clusters, subgroup: Labels, k: int) -> Clusters:
    parts = codes_of("subgroup", subgroup, k)
    pairs = zip(clusters.codes, parts.codes, strict=True)
    labels = [(clusters.labels[a], parts.labels[b]) for a, b in pairs]
    codes, order = pd.factorize(pd.Series(labels, dtype=object))
    return clusters_of(codes, k)._replace(labels=tuple(order))


def _assembled(
    v: Array,
    clusters: Clusters,
    whole: Clusters,
    blocks: list[Array],
    notes: list[str],
    *,
    nearest: bool,
) -> SamplingCovariance:
    matrix, sd = np.zeros((len(v), len(v))), np.sqrt(v)
    problems, smallest = [], 1.0
    for label, rows, block in zip(whole.labels, whole.places, blocks, strict=True):
        share = smallest_share(block)
        smallest = min(smallest, share)
        if share < LEAST_SHARE:
            what = f"is not positive definite: smallest eigenvalue of the correlations {share:.3g}"
            if not nearest:
                right = "tell its rows apart (obs, type, time), or lower rho; nearest=True mends it"
                problems.append(Problem(f"cluster {label!r}", what, right))
            else:
                block = nearest_positive_definite(block)
            notes.append(f"cluster {label!r} {what}; the nearest matrix that is was taken")
        matrix[np.ix_(rows, rows)] = block * np.outer(sd[rows], sd[rows])
    if problems:
        raise FitError("the sampling covariance is not one", problems)
    matrix[np.arange(len(v)), np.arange(len(v))] = v
    named = tuple(clusters.labels[code] for code in clusters.codes)
    return SamplingCovariance(matrix, named, smallest, tuple(notes))


def _assumed(structure: Structure) -> list[str]:
    found = []
    for name, value in (("rho", structure.rho), ("phi", structure.phi)):
        if isinstance(value, int | float):
            found.append(f"{name} = {value:g} is assumed in all clusters")
        elif value is not None:
            found.append(f"{name} is assumed as stated in all clusters")
    if structure.equal_weights:
        found.append("the groups of a contrast are taken to be of equal size: give w1 and w2")
    return found


def _alone(others: list[str]) -> None:
    if others:
        right = "leave it out, or correlations"
        raise FitError(
            "correlations say it all",
            [Problem(name, "would do nothing beside correlations", right) for name in others],
        )


def _stated_blocks(correlations: ArrayLike, whole: Clusters, k: int) -> list[Array]:
    try:
        given = np.asarray(correlations, dtype=np.float64)
    except (TypeError, ValueError) as error:
        problem = Problem("correlations", str(error), "numbers of shape (k, n)")
        raise FitError("the correlations are not numbers", [problem]) from None
    most = max(len(rows) for rows in whole.places)
    if given.ndim != 2 or len(given) != k or given.shape[1] < most:
        right = f"({k}, {most}): a column for each row of the largest cluster"
        problem = Problem("correlations", f"shape {given.shape}", right)
        raise FitError("the correlations do not fit", [problem])
    blocks, problems = [], []
    for label, rows in zip(whole.labels, whole.places, strict=True):
        low = np.tril(given[rows][:, : len(rows)], -1)
        block = low + low.T + np.eye(len(rows))
        if not np.all(np.isfinite(block)) or np.abs(block).max() > 1.0:
            where = f"correlations, cluster {label!r}"
            problems.append(Problem(where, "missing or beyond 1", "from -1 to 1, lower triangle"))
        blocks.append(block)
    if problems:
        raise FitError("the correlations are not ones", problems)
    return blocks
