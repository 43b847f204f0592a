"""Data of a sampled model, read and checked: arrays, design, clusters and what is known of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from evidence.effects.table import EffectTable
from evidence.errors import FitError, Problem, did_you_mean
from evidence.models.bayesian.fit import arrays_of
from evidence.models.glmm.counts import read_counts
from evidence.models.glmm.options import resolve as resolve_glmm
from evidence.models.multilevel.options import read_table
from evidence.models.regression.design import build
from evidence.models.robust.clusters import clusters_of
from evidence.models.sampling.options import Structure
from evidence.models.sampling.priors import Priors

Array = NDArray[np.float64]
STANDARDIZED = ("SMD", "SMDH", "SMD1", "SMD1H", "SMCC", "SMCR", "SMCRH", "SMN")


@dataclass(frozen=True, slots=True, eq=False)
class Figures:
    """What was observed of k studies: effects with standard errors, or events of two groups.

    Attributes
    ----------
    measure : str
        Of the effect: the table's, or OR, IRR.
    scale : {"log", "standardized"} or None
    y, s : ndarray, shape (k,)
        Effects and standard errors; of counts the empirical ones, half an event added to each
        cell, which serve to place the sampler and to check predictions, never as likelihood.
    groups : ndarray, shape (4, k), or None
        Events and size (or time) of the treated, events and size of the controls.
    """

    measure: str
    scale: str | None
    labels: tuple[str, ...]
    y: Array
    s: Array
    groups: Array | None


@dataclass(frozen=True, slots=True, eq=False)
class Setup:
    """All a model is made from.

    Attributes
    ----------
    z : ndarray, shape (k, q)
        Moderators less their mean, in standard deviations.
    middle, width : ndarray, shape (q,)
        Those means and standard deviations.
    moderators : tuple of str
    codes, clusters : ndarray (k,), tuple of str
        Cluster of each row and labels of the clusters; empty without levels.
    """

    structure: Structure
    figures: Figures
    z: Array
    middle: Array
    width: Array
    moderators: tuple[str, ...]
    codes: NDArray[np.intp]
    clusters: tuple[str, ...]
    priors: Priors

    @property
    def k(self) -> int:
        """Number of rows."""
        return len(self.figures.y)


def read_effects(
    table: EffectTable | pd.DataFrame, data: pd.DataFrame | None
) -> tuple[Figures, pd.DataFrame]:
    """Effects of a table, and the frame in which moderators and clusters are found.

    Raises
    ------
    FitError
    """
    made, frame = read_table(table, data)
    if made.k == 0:
        found = f"no rows ({len(made.partial)} partial, {len(made.unused)} unused)"
        right = "at least one effect; table.unused says why"
        raise FitError("nothing to pool", [Problem("table", found, right)])
    if not made.independent:
        right = "combine the arms of a study into one contrast, or use multilevel"
        what = "rows share an arm or patients"
        raise FitError("the effects are not independent", [Problem("table", what, right)])
    y, s = arrays_of(made)
    scale = "log" if made.scale == "log" else None
    scale = "standardized" if made.measure in STANDARDIZED else scale
    labels = tuple(str(x) for x in made.rows.index)
    return Figures(made.measure, scale, labels, y, s, None), frame


def read_groups(
    frame: pd.DataFrame | EffectTable, columns: tuple[str, ...], *, rates: bool
) -> tuple[Figures, pd.DataFrame]:
    """Events of two groups.

    Raises
    ------
    FitError
    """
    if not isinstance(frame, pd.DataFrame):
        right = "a DataFrame with events and totals of both groups"
        what = f"is a {type(frame).__name__}"
        raise FitError("these counts cannot be read", [Problem("table", what, right)])
    measure: Literal["OR", "IRR"] = "IRR" if rates else "OR"
    options = resolve_glmm(
        measure, "unconditional_fixed", "random", "both", False, None, False, "z", 0.95
    )
    counts = read_counts(frame, columns, options)
    if counts.index.has_duplicates:
        twice = sorted({str(x) for x in counts.index[counts.index.duplicated()]})
        problems = [
            Problem(f"row {name!r}", "stands there twice", "one row a study") for name in twice
        ]
        raise FitError("rows are named alike", problems)
    groups = np.stack([counts.x1, counts.n1, counts.x2, counts.n2])
    y, s = empirical(groups, rates=rates)
    labels = tuple(str(x) for x in counts.index)
    return Figures(measure, "log", labels, y, s, groups), frame


def group_logs(events: Array, totals: Array, *, rates: bool) -> tuple[Array, Array]:
    """Log odds or log rate of groups and its variance, half an event added; any shape."""
    x = events + 0.5
    if rates:
        return np.log(x / totals), 1.0 / x
    rest = totals - events + 0.5
    return np.log(x / rest), 1.0 / x + 1.0 / rest


def empirical(groups: Array, *, rates: bool) -> tuple[Array, Array]:
    """Log ratio of the groups and its standard error, shape (..., k), of (4, ..., k)."""
    treated, v1 = group_logs(groups[0], groups[1], rates=rates)
    control, v2 = group_logs(groups[2], groups[3], rates=rates)
    return treated - control, np.sqrt(v1 + v2)


def read_moderators(
    moderators: pd.DataFrame | str | None, frame: pd.DataFrame, labels: tuple[str, ...]
) -> tuple[Array, Array, Array, tuple[str, ...]]:
    """Standardized moderators (k, q), their means, standard deviations and names.

    Raises
    ------
    FitError
    """
    none = np.zeros(0)
    if moderators is None:
        return np.zeros((len(labels), 0)), none, none, ()
    index = pd.Index(labels)
    named = frame.set_axis(index, axis=0)
    design = build(
        moderators, named if isinstance(moderators, str) else None, index, intercept=True
    )
    if not design.has_intercept:
        what = "has no intercept, whose prior is that of the average effect"
        raise FitError(
            "the moderators do not make a design",
            [Problem("moderators", what, "leave out '- 1': slopes count from the mean")],
        )
    at = [i for i, name in enumerate(design.names) if name != "intercept"]
    x = design.matrix[:, at]
    middle, width = x.mean(axis=0), x.std(axis=0)
    problems = [
        Problem(f"moderator {design.names[i]!r}", "is the same in all rows", "leave it out")
        for i, w in zip(at, width, strict=True)
        if not w > 0
    ]
    if not at:
        problems.append(Problem("moderators", "none is named", "leave the argument out"))
    if not problems and np.linalg.matrix_rank(np.c_[np.ones(len(x)), (x - middle) / width]) <= len(
        at
    ):
        right = "leave out one that the others determine; or there are too few rows"
        problems.append(Problem("moderators", "are linearly dependent", right))
    if problems:
        raise FitError("the moderators do not make a design", problems)
    return (x - middle) / width, middle, width, tuple(design.names[i] for i in at)


def read_clusters(
    cluster: str | None, frame: pd.DataFrame
) -> tuple[NDArray[np.intp], tuple[str, ...]]:
    """Codes (k,) and labels of the outer level.

    Raises
    ------
    FitError
        The column is missing, or it names fewer than two clusters, or as many as rows.
    """
    if cluster is None:
        return np.zeros(0, dtype=np.intp), ()
    if cluster not in frame.columns:
        right = did_you_mean(str(cluster), [str(x) for x in frame.columns])
        raise FitError("the clusters are not there", [Problem("cluster", f"{cluster!r}", right)])
    found = clusters_of(list(frame[cluster]), len(frame), least=2)
    if len(found.labels) == len(frame):
        right = "leave it out: two levels tell no more"
        what = f"{cluster!r} has one row in each cluster"
        raise FitError("the clusters have no inside", [Problem("cluster", what, right)])
    return found.codes, tuple(str(x) for x in found.labels)


def prior_numbers(priors: Priors, names: tuple[str, ...]) -> Mapping[str, float]:
    """Parameters of the priors as the model is fed them: ``tau_scale``, ``mu_mean``."""
    numbers: dict[str, float] = {}
    for name in names:
        prior = getattr(priors, name)
        if hasattr(prior, "parameters"):
            numbers |= {f"{name}_{key}": value for key, value in prior.parameters}
        else:
            numbers |= {f"{name}_mean": prior.mean, f"{name}_sd": prior.sd}
    return numbers
