"""Counts of the studies: read from a frame, checked, and sorted into those that inform."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from evidence.errors import FitError, Problem, did_you_mean
from evidence.models.glmm.options import GlmmOptions

Array = NDArray[np.float64]
NO_EVENTS = "no events in either group: uninformative about the effect"
ALL_EVENTS = "events only in both groups: uninformative about the effect"


@dataclass(frozen=True, slots=True, eq=False)
class Counts:
    """Counts of k studies; with one group ``x2`` and ``n2`` are empty.

    Attributes
    ----------
    x1, n1, x2, n2 : ndarray, shape (k,)
        Events, and group size or person-time.
    index : Index
        Labels of these studies in the user's frame.
    kept : ndarray of bool
        Rows of the user's frame that they are.
    dropped : DataFrame
        Rows left out, with their reason.
    """

    x1: Array
    n1: Array
    x2: Array
    n2: Array
    index: pd.Index
    kept: NDArray[np.bool_]
    dropped: pd.DataFrame

    @property
    def k(self) -> int:
        """Number of studies kept."""
        return len(self.x1)


def read_counts(frame: pd.DataFrame, columns: tuple[str, ...], options: GlmmOptions) -> Counts:
    """Read, check and drop.

    Raises
    ------
    FitError
        Naming every column and row that is wrong, or when nothing is left.
    """
    missing = [name for name in columns if not isinstance(name, str) or name not in frame]
    if missing:
        there = [str(name) for name in frame.columns]
        raise FitError(
            "columns are missing",
            [Problem(f"column {m!r}", "not there", did_you_mean(m, there)) for m in missing],
        )
    if len(frame) == 0:
        raise FitError("nothing to pool", [Problem("frame", "has no rows", "give one a study")])
    try:
        figures = [frame[name].to_numpy(dtype=np.float64) for name in columns]
    except (TypeError, ValueError) as error:
        wrong = Problem("frame", str(error), "give counts")
        raise FitError("the counts are not numbers", [wrong]) from None
    problems, labels = [], list(frame.index)
    for at in range(0, len(columns), 2):
        events, total = figures[at : at + 2]
        bad = ~(np.isfinite(events) & np.isfinite(total) & (events >= 0) & (total > 0))
        whole = np.isfinite(events) & (events == np.round(events))
        if not options.rates:
            bad |= events > total
            whole &= np.isfinite(total) & (total == np.round(total))
        for i in np.flatnonzero(bad | ~whole):
            found = f"{columns[at]}={events[i]:g}, {columns[at + 1]}={total[i]:g}"
            right = "0 <= events, 0 < total, counts whole numbers"
            right += "" if options.rates else ", events <= total"
            problems.append(Problem(f"row {labels[i]!r}", found, right))
    if problems:
        raise FitError("some counts are impossible", problems)
    none = np.zeros(0)
    x1, n1, x2, n2 = (*figures, none, none) if options.one_group else figures
    kept = np.ones(len(frame), dtype=np.bool_)
    nothing = pd.DataFrame({"reason": []}, dtype=object)
    counts = Counts(x1, n1, x2, n2, frame.index, kept, nothing)
    dropping = options.drop_double_zero and not options.one_group
    return _dropping(counts, rates=options.rates) if dropping else counts


def uninformative(counts: Counts, options: GlmmOptions) -> NDArray[np.bool_]:
    """Studies (k,) whose likelihood does not depend on the effect.

    A random intercept learns from a study without events, an approximate conditional likelihood
    from one with events only.
    """
    if options.one_group or options.random_studies:
        return np.zeros(counts.k, dtype=np.bool_)
    found = counts.x1 + counts.x2 == 0
    if not options.rates and options.likelihood != "conditional_approximate":
        found |= (counts.x1 == counts.n1) & (counts.x2 == counts.n2)
    return np.asarray(found)


def check_events(counts: Counts, options: GlmmOptions) -> None:
    """Refuse counts of which no effect can be estimated, whatever the model.

    Raises
    ------
    FitError
    """
    groups = (
        [("the studies", counts.x1, counts.n1)]
        if options.one_group
        else [
            ("the treatment groups", counts.x1, counts.n1),
            ("the control groups", counts.x2, counts.n2),
        ]
    )
    problems = []
    if counts.k == 0:
        problems.append(Problem("frame", "no study has both events and others", "another measure"))
    else:
        for name, x, n in groups:
            if not x.any():
                what = "have no events at all: the estimate would be infinite"
                problems.append(Problem(name, what, "a risk difference, or a Bayesian model"))
            elif not options.rates and bool((x == n).all()):
                what = "have events only: the estimate would be infinite"
                problems.append(Problem(name, what, "a risk difference, or a Bayesian model"))
    if problems:
        raise FitError("these counts cannot be pooled", problems)


def _dropping(counts: Counts, *, rates: bool) -> Counts:
    neither = counts.x1 + counts.x2 == 0
    only = (counts.x1 == counts.n1) & (counts.x2 == counts.n2)
    gone = neither if rates else neither | only
    reasons = np.where(neither, NO_EVENTS, ALL_EVENTS)[gone]
    dropped = pd.DataFrame({"reason": reasons.astype(object)}, index=counts.index[gone])
    kept = ~gone
    x1, n1, x2, n2 = (a[kept] for a in (counts.x1, counts.n1, counts.x2, counts.n2))
    return Counts(x1, n1, x2, n2, counts.index[kept], kept, dropped)
