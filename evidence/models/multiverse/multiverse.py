"""multiverse: the meta-analysis under every combination of the declared choices."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from evidence.effects.table import EffectTable
from evidence.errors import FitError, Problem, did_you_mean
from evidence.models.frequentist.options import CiMethod, Model, Tau2Method, resolve
from evidence.models.multiverse.dimensions import Dimension, Exclusion, check_together
from evidence.models.multiverse.fitting import FIGURES, batches, bundles, fit_bundle, sizes_of
from evidence.models.multiverse.result import Multiverse
from evidence.models.multiverse.space import Base, Space, space_of
from evidence.models.scale import map_chunks


def multiverse(
    table: EffectTable | None,
    dimensions: Sequence[Dimension],
    *,
    exclude: Sequence[Exclusion] = (),
    primary: Mapping[str, str] | None = None,
    model: Model = "random",
    tau2: Tau2Method | float | None = None,
    ci: CiMethod | None = None,
    level: float = 0.95,
) -> Multiverse:
    """Answer the question under every combination of the declared options.

    Steegen, Tuerlinckx, Gelman and Vanpaemel 2016; for meta-analysis Voracek, Kossmeier and Tran
    2019. Universes with the same rows and the same method are fitted once and flagged (under the
    common effect those that differ in tau2, for instance); one that cannot be fitted is a row with
    the reason. Fits of one method and number of studies are one call. Within
    ``joblib.parallel_config(...)`` they run in parallel or on a cluster, to the same digits.

    Parameters
    ----------
    table : EffectTable or None
        None where a dimension of kind "table" gives the tables.
    dimensions : sequence of Dimension
    exclude : sequence of Exclusion
        Combinations that cannot be, beside those that ``pool`` refuses.
    primary : mapping of str to str, optional
        Option of the primary analysis in dimensions where it is not the first.
    model, tau2, ci, level
        As in ``pool``, where no dimension sets them.

    Returns
    -------
    Multiverse

    Raises
    ------
    FitError
        If a declaration is not right, there are more than 2,000,000 combinations, or the primary
        analysis is excluded or has no answer.

    Examples
    --------
    >>> from evidence.effects.table import table_of
    >>> table = table_of([0.1, 0.4, 0.5, 0.9], [0.2, 0.1, 0.2, 0.3], labels=list("ABCD"))
    >>> found = multiverse(table, [
    ...     Dimension("model", "model", {"random": "random", "common": "common"}, "both in use"),
    ...     Dimension("estimator", "tau2", {"REML": "reml", "PM": "paule_mandel"}, "simulations"),
    ...     Dimension("left out", "without", {"none": None, "D": "D"}, "D is the smallest")])
    >>> found.summary().universes, found.summary().duplicates
    (8, 2)
    """
    check_together(dimensions, exclude)
    resolve(model, None if model == "common" else tau2, ci, level)
    space = space_of(table, dimensions, exclude, Base(model, tau2, ci, level))
    sizes = sizes_of(space)
    found = np.full((len(sizes), len(FIGURES)), np.nan)
    reasons: dict[int, str] = {}
    notes: dict[int, str] = {}
    for answers in map_chunks(fit_bundle, bundles(batches(space, sizes))):
        for answer in answers:
            found[answer.jobs] = answer.figures
            reasons |= {int(answer.jobs[i]): words for i, words in answer.reasons.items()}
            notes |= {int(answer.jobs[i]): words for i, words in answer.notes.items()}
    at_primary = _primary(space, primary or {})
    if int(space.job[at_primary]) in reasons:
        problem = Problem("primary", reasons[int(space.job[at_primary])], "choose another")
        raise FitError("the primary analysis has no answer", [problem])
    first = space.tables[0]
    return Multiverse(
        universes=_frame(space, sizes, found, reasons, notes, at_primary),
        excluded=_choices(space, space.excluded_codes).assign(
            reason=pd.Categorical(space.excluded_reasons)
        ),
        dimensions=space.dimensions,
        measure=first.measure,
        unit=first.unit,
        scale=first.scale,
        level=level,
        space=space,
    )


def _primary(space: Space, primary: Mapping[str, str]) -> int:
    """Position of the universe of the primary analysis."""
    names = [d.name for d in space.dimensions]
    problems = [
        Problem("primary", f"unknown: {name!r}", did_you_mean(name, names))
        for name in primary
        if name not in names
    ]
    problems += [
        Problem(f"primary[{d.name!r}]", f"unknown: {primary[d.name]!r}", known)
        for d in space.dimensions
        if d.name in primary and primary[d.name] not in d.labels
        for known in [did_you_mean(primary[d.name], d.labels)]
    ]
    if problems:
        raise FitError("the primary analysis is not among the options", problems)
    wanted = [d.labels.index(primary.get(d.name, d.labels[0])) for d in space.dimensions]
    place = np.flatnonzero((space.codes == wanted).all(1))
    if len(place):
        return int(place[0])
    at = int(np.flatnonzero((space.excluded_codes == wanted).all(1))[0])
    problem = Problem("primary", f"is excluded: {space.excluded_reasons[at]}", "choose another")
    raise FitError("the primary analysis is not in the multiverse", [problem])


def _choices(space: Space, codes: NDArray[np.int16]) -> pd.DataFrame:
    columns: dict[str, Any] = {
        d.name: pd.Categorical.from_codes(
            codes[:, i].astype(np.intp), categories=pd.Index(d.labels)
        )
        for i, d in enumerate(space.dimensions)
    }
    return pd.DataFrame(columns, index=pd.RangeIndex(len(codes), name="universe"))


def _frame(
    space: Space,
    sizes: NDArray[np.int64],
    found: NDArray[np.float64],
    reasons: dict[int, str],
    notes: dict[int, str],
    primary: int,
) -> pd.DataFrame:
    frame = _choices(space, space.codes)
    frame["k"] = sizes[space.job]
    for at, name in enumerate(FIGURES):
        frame[name] = found[space.job, at]
    principled = np.ones(len(frame), dtype=np.bool_)
    for at, dimension in enumerate(space.dimensions):
        weak = [dimension.labels.index(label) for label in dimension.possible]
        principled &= ~np.isin(space.codes[:, at], weak)
    frame["principled"] = principled
    frame["primary"] = np.arange(len(frame)) == primary
    first = np.unique(space.job, return_index=True)[1][space.job]
    itself = first == np.arange(len(frame))
    frame["duplicate_of"] = pd.array(np.where(itself, 0, first), dtype="Int64")
    frame.loc[itself, "duplicate_of"] = pd.NA
    frame["reason"] = _words(space.job, reasons, len(sizes))
    frame["note"] = _words(space.job, notes, len(sizes))
    return frame


def _words(job: NDArray[np.int32], told: dict[int, str], jobs: int) -> Any:
    """Words of each universe by its job; missing where there are none."""
    known = sorted(set(told.values()))
    place = {words: at for at, words in enumerate(known)}
    codes = np.full(jobs, -1, dtype=np.int32)
    for at, words in told.items():
        codes[at] = place[words]
    return pd.Categorical.from_codes(codes[job].astype(np.intp), categories=pd.Index(known))
