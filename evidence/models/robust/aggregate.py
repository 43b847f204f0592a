"""aggregate_effects: one effect a cluster, with the variance that dependent effects have."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, Literal, get_args

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy import sparse

from evidence.catalog.display import html_of_record
from evidence.catalog.number import Derived, Number
from evidence.catalog.phrases import counted, folded
from evidence.effects.table import ROW_COLUMNS, EffectTable, RowTrace
from evidence.errors import FitError, Problem, check_kind, did_you_mean
from evidence.models.frequentist.pool import arrays_of
from evidence.models.robust.clusters import Clusters, Labels, clusters_of, codes_of
from evidence.models.robust.correlations import numbers_of
from evidence.models.robust.kernels_correlation import lag_correlation, smallest_share
from evidence.models.robust.sampling_covariance import LEAST_SHARE

Array = NDArray[np.float64]
Structure = Literal[
    "independent",
    "compound_symmetry",
    "autoregressive",
    "compound_symmetry_plus_autoregressive",
    "compound_symmetry_times_autoregressive",
]
PerCluster = float | Mapping[Any, float]
NEEDS: dict[str, tuple[str, ...]] = {
    "independent": (),
    "compound_symmetry": ("rho",),
    "autoregressive": ("phi", "time"),
    "compound_symmetry_plus_autoregressive": ("rho", "phi", "time"),
    "compound_symmetry_times_autoregressive": ("rho", "phi", "time", "obs"),
}
RULE = "aggregated"


@dataclass(frozen=True, slots=True, eq=False)
class AggregatedEffects:
    """Answer of ``aggregate_effects``.

    Attributes
    ----------
    table : EffectTable
        One row a cluster, in the order of their first rows; ready for ``pool``.
    members : DataFrame, indexed as the rows that were aggregated
        cluster, weight (of the row in its cluster's mean; they sum to 1, and may be below 0).
    notes : tuple of str
    """

    table: EffectTable
    members: pd.DataFrame
    notes: tuple[str, ...]

    _repr_html_ = html_of_record

    def __str__(self) -> str:
        head = f"{counted(len(self.members), 'effect')} aggregated to {self.table.k}, one a cluster"
        return folded("\n".join([head, *(f"  note: {note}" for note in self.notes)]))


def aggregate_effects(
    table: EffectTable,
    cluster: Labels,
    *,
    structure: Structure | None = None,
    rho: PerCluster | None = None,
    phi: PerCluster | None = None,
    time: ArrayLike | None = None,
    obs: Labels | None = None,
    covariance: ArrayLike | None = None,
    weighted: bool = True,
) -> AggregatedEffects:
    """Combine the effects of each cluster into one.

    Parameters
    ----------
    table : EffectTable
    cluster : labels (k,)
        Usually the study.
    structure : str, optional
        Correlation of the errors of two rows of a cluster: "independent" 0; "compound_symmetry"
        rho (implied by ``rho`` alone); "autoregressive" phi^|lag|;
        "compound_symmetry_plus_autoregressive" rho + (1 - rho) phi^|lag|;
        "compound_symmetry_times_autoregressive" phi^|lag|, times rho between different ``obs``.
    rho, phi : float or mapping of cluster label to float, optional
    time : array_like (k,), optional
    obs : labels (k,), optional
    covariance : array_like (k, k), optional
        Covariance of the errors instead, as from ``sampling_covariance``. Without it and without a
        structure that of the table is used, if its rows share arms.
    weighted : bool
        Weights from the inverse of the cluster's covariance (generalised least squares); else the
        plain mean. The variance follows from the covariance in both.

    Returns
    -------
    AggregatedEffects
        Checked against metafor ``aggregate.escalc``.

    Raises
    ------
    FitError
        If an option is absent, wrong or would do nothing, or the covariance of a cluster is not
        positive definite.

    Examples
    --------
    >>> from evidence.effects.table import table_of
    >>> table = table_of([0.2, 0.4, 0.3], [0.1, 0.1, 0.2])
    >>> found = aggregate_effects(table, ["a", "a", "b"], rho=0.5)
    >>> found.table.rows[["estimate", "std_error"]].round(4).to_numpy().tolist()
    [[0.3, 0.0866], [0.3, 0.2]]
    """
    check_kind("table", table, EffectTable, FitError)
    clusters = clusters_of(cluster, table.k, table.rows.index)
    options = {"rho": rho, "phi": phi, "time": time, "obs": obs}
    v, notes = _covariance(table, clusters, structure, options, covariance)
    _check_definite(v, clusters)
    own = np.empty(table.k)
    for rows in clusters.places:
        ones = np.ones(len(rows))
        pull = np.linalg.solve(v[np.ix_(rows, rows)], ones) if weighted else ones
        own[rows] = pull / pull.sum()
    if (own < 0).any():
        names = sorted({str(clusters.labels[c]) for c in clusters.codes[own < 0]})
        notes.append(f"weights below 0 in cluster {', '.join(names)}: the correlation is high")
    labels = [clusters.labels[code] for code in clusters.codes]
    members = pd.DataFrame({"cluster": labels, "weight": own}, index=table.rows.index)
    return AggregatedEffects(_table(table, clusters, own, v), members, tuple(notes))


def _covariance(
    table: EffectTable,
    clusters: Clusters,
    structure: str | None,
    options: Mapping[str, Any],
    covariance: ArrayLike | None,
) -> tuple[Array, list[str]]:
    given = [name for name, value in options.items() if value is not None]
    if structure is not None and (
        not isinstance(structure, str) or structure not in get_args(Structure)
    ):
        right = did_you_mean(str(structure), get_args(Structure))
        raise _wrong(Problem("structure", f"unknown: {structure!r}", right))
    if structure is None and given == ["rho"]:
        structure = "compound_symmetry"
    if covariance is not None:
        others = given + ([] if structure is None else ["structure"])
        if others:
            what = "would do nothing beside covariance"
            raise _wrong(*(Problem(name, what, "leave it out") for name in others))
        return _stated(covariance, table), ["covariance of the errors as stated"]
    if structure is None:
        if given or table.independent:
            right = "how rows of a cluster depend, such as rho=0.6 or structure='independent'"
            raise _wrong(Problem("structure", "is absent", right))
        return table.covariance, ["covariance of the errors as in the table"]
    needed = NEEDS[structure]
    problems = [
        Problem(name, f"is absent, and structure={structure!r} needs it", f"give {name}")
        for name in needed
        if name not in given
    ] + [
        Problem(name, f"would do nothing with structure={structure!r}", "leave it out")
        for name in given
        if name not in needed
    ]
    if problems:
        raise _wrong(*problems)
    return _structured(table, clusters, structure, options)


def _structured(
    table: EffectTable, clusters: Clusters, structure: str, options: Mapping[str, Any]
) -> tuple[Array, list[str]]:
    notes, each = [], {}
    for name in ("rho", "phi"):
        value = options[name]
        if value is not None:
            each[name] = _per_cluster(name, value, clusters)
            notes.append(f"{name} within clusters is assumed: {value}")
    k, index = table.k, table.rows.index
    time = None if options["time"] is None else numbers_of("time", options["time"], k)
    obs = None if options["obs"] is None else codes_of("obs", options["obs"], k, index).codes
    _, variances = arrays_of(table)
    sd, found = np.sqrt(variances), np.zeros((k, k))
    for i, rows in enumerate(clusters.places):
        r = float(each["rho"][i]) if "rho" in each else 0.0
        lag = None if time is None else lag_correlation(time[rows], float(each["phi"][i]))
        if lag is None:
            block = np.full((len(rows), len(rows)), r)
        elif structure == "autoregressive":
            block = lag
        elif obs is None:
            block = r + (1.0 - r) * lag
        else:
            block = lag * np.where(obs[rows][:, None] == obs[rows], 1.0, r)
        np.fill_diagonal(block, 1.0)
        found[np.ix_(rows, rows)] = block * np.outer(sd[rows], sd[rows])
    return found, notes


def _per_cluster(name: str, value: Any, clusters: Clusters) -> Array:
    if isinstance(value, Mapping):
        absent = [repr(label) for label in clusters.labels if label not in value]
        if absent:
            right = "a value for every cluster"
            raise _wrong(Problem(name, f"has none for {', '.join(absent)}", right))
        values = [value[label] for label in clusters.labels]
    else:
        values = [value] * len(clusters.labels)
    least = -1.0 if name == "rho" else 0.0
    try:
        found = np.array([float(x) for x in values])
    except (TypeError, ValueError):
        right = "a number, or a mapping of cluster labels to numbers"
        raise _wrong(Problem(name, repr(value), right)) from None
    if not np.all((found >= least) & (found <= 1.0)):
        raise _wrong(Problem(name, repr(value), f"from {least:g} to 1"))
    return found


def _stated(covariance: ArrayLike, table: EffectTable) -> Array:
    try:
        found = np.asarray(covariance, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise _wrong(Problem("covariance", str(error), "numbers of shape (k, k)")) from None
    if found.shape != (table.k, table.k) or not np.isfinite(found).all():
        right = f"finite numbers of shape ({table.k}, {table.k})"
        raise _wrong(Problem("covariance", f"shape {found.shape}", right))
    if not np.allclose(found, found.T, rtol=1e-9, atol=0.0):
        raise _wrong(Problem("covariance", "is not symmetric", "a covariance matrix"))
    _, variances = arrays_of(table)
    if not np.allclose(np.diag(found), variances, rtol=1e-6, atol=0.0):
        right = "rows in the order of the table, variances as there"
        raise _wrong(Problem("covariance", "its diagonal is not the table's variances", right))
    return found


def _check_definite(v: Array, clusters: Clusters) -> None:
    problems = []
    for label, rows in zip(clusters.labels, clusters.places, strict=True):
        share = smallest_share(v[np.ix_(rows, rows)])
        if share < LEAST_SHARE:
            what = f"smallest eigenvalue of the correlations {share:.3g}"
            problems.append(Problem(f"cluster {label!r}", what, "lower rho or phi"))
    if problems:
        raise FitError("the covariance within clusters is not positive definite", problems)


def _table(table: EffectTable, clusters: Clusters, own: Array, v: Array) -> EffectTable:
    y, _ = arrays_of(table)
    labels = [str(label) for label in clusters.labels]
    if len(set(labels)) < len(labels):
        twice = sorted({x for x in labels if labels.count(x) > 1})
        raise _wrong(Problem("cluster", f"two labels read {twice[0]!r}", "tell them apart"))
    ends = (clusters.codes, np.arange(table.k))
    weights = sparse.csr_array((own, ends), shape=(len(labels), table.k))
    estimate, covariance = weights @ y, weights @ (weights @ v).T
    covariance = 0.5 * (covariance + covariance.T)
    error = np.sqrt(np.diag(covariance))
    rows = pd.DataFrame({"study": labels}, index=pd.Index(labels, name="row"))
    for column in ROW_COLUMNS[1:]:
        cells = table.rows[column].to_numpy(dtype=object)
        values = [_common(cells[place]) for place in clusters.places]
        rows[column] = pd.Series(values, index=rows.index, dtype=object)
    rows["label"], rows["estimate"], rows["std_error"] = labels, estimate, error
    sizes = [len(place) for place in clusters.places]
    several = np.array(sizes) > 1
    rows.loc[several, "route"] = RULE
    rows.loc[several, "remark"] = [f"mean of {n} dependent effects" for n in sizes if n > 1]
    traces = {
        label: _trace(table, place, (float(estimate[i]), float(error[i])))
        for i, (label, place) in enumerate(zip(labels, clusters.places, strict=True))
    }
    considered = len(labels) + len(table.partial) + len(table.unused)
    return replace(
        table,
        rows=rows,
        covariance=covariance,
        traces=MappingProxyType(traces),
        considered=considered,
    )


def _common(values: NDArray[np.object_]) -> Any:
    """What all rows say; None where they differ."""
    first = values[0]
    same = all(value is first or value == first for value in values[1:])
    return first if same else None


def _trace(table: EffectTable, place: NDArray[np.intp], pair: tuple[float, float]) -> RowTrace:
    ids = [str(table.rows.index[row]) for row in place]
    traces = [table.traces[name] for name in table.rows.index[place]]
    if len(place) == 1:
        return traces[0]
    inputs: tuple[tuple[str, Number], ...] = tuple(
        (f"{figure} of {name}", getattr(trace, figure))
        for name, trace in zip(ids, traces, strict=True)
        for figure in ("estimate", "std_error")
    )
    unit = table.unit
    return RowTrace(*(Derived(figure, unit, RULE, inputs) for figure in pair))


def _wrong(*problems: Problem) -> FitError:
    return FitError("the aggregation is not right", list(problems))
