"""The fits of a multiverse: batches of equal size and method, each answered in one call."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from evidence.effects.table import EffectTable, table_of
from evidence.errors import EvidenceWarning, FitError, Problem
from evidence.models.bias.pet_peese import pet_peese
from evidence.models.bias.trim_fill import trim_and_fill
from evidence.models.frequentist import kernels
from evidence.models.frequentist.figures import figures
from evidence.models.frequentist.options import Options
from evidence.models.frequentist.pool import arrays_of
from evidence.models.multiverse.space import Method, Space

Array = NDArray[np.float64]
FIGURES = ("estimate", "std_error", "ci_low", "ci_high", "p", "tau2", "i2")
NO_STUDY = "no study is left"
SHARED = "rows that are left share an arm or patients"
ALONE = "one study alone: its own estimate and normal interval"
BATCH = 4096  # universes fitted at once, so that memory does not grow with their number
_COST_CORRECTED = 100  # of a corrected fit, which is made alone, in fits that are made together


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """Jobs (m,) of one table, method and number of studies; ``rows`` (m, bytes) are packed."""

    jobs: NDArray[np.intp]
    table: int
    y: Array
    v: Array
    rows: NDArray[np.uint8]
    k: int
    method: Method
    shared: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True, eq=False)
class Answers:
    """Figures (m, figures) of jobs, in the order of ``FIGURES``; nan where ``reasons`` says why."""

    jobs: NDArray[np.intp]
    figures: Array
    reasons: dict[int, str]
    notes: dict[int, str]


def sizes_of(space: Space) -> NDArray[np.int64]:
    """Number of studies of each job."""
    found = np.zeros(len(space.method), dtype=np.int64)
    for at, rows in enumerate(space.rows):
        mine = space.table == at
        found[mine] = np.bitwise_count(rows).sum(1)[space.data[mine]]
    return found


def batches(
    space: Space, sizes: NDArray[np.int64], only: NDArray[np.bool_] | None = None
) -> Iterator[Batch]:
    """Cut the jobs (of ``only``) into batches; the cut does not depend on who will fit them."""
    order = np.lexsort((sizes, space.method, space.table))
    order = order if only is None else order[only[order]]
    keys = np.stack([space.table, space.method, sizes], axis=1)[order]
    ends = np.flatnonzero(np.any(np.diff(keys, axis=0), axis=1)) + 1
    for same in np.split(order, ends) if len(order) else []:
        at, method = int(space.table[same[0]]), space.methods[space.method[same[0]]]
        y, v = arrays_of(space.tables[at])
        shared = _shared(space.tables[at])
        for start in range(0, len(same), BATCH):
            jobs = same[start : start + BATCH]
            rows = space.rows[at][space.data[jobs]]
            yield Batch(jobs, at, y, v, rows, int(sizes[same[0]]), method, shared)


def bundles(every: Iterator[Batch]) -> Iterator[list[Batch]]:
    """Put small batches together, so that a bundle is worth sending."""
    bundle: list[Batch] = []
    cost = 0
    for batch in every:
        bundle.append(batch)
        cost += len(batch.jobs) * (_COST_CORRECTED if batch.method.correction else 1)
        if cost >= BATCH:
            yield bundle
            bundle, cost = [], 0
    if bundle:
        yield bundle


def fit_bundle(bundle: list[Batch]) -> list[Answers]:
    """Fit every batch of a bundle."""
    return [fit_batch(batch) for batch in bundle]


def _shared(table: EffectTable) -> tuple[tuple[int, int], ...]:
    above = np.argwhere(np.triu(table.covariance, 1) != 0.0)
    return tuple((int(i), int(j)) for i, j in above)


def fit_batch(batch: Batch) -> Answers:
    """Fit a batch; what fails is fitted again alone, so that it takes no other with it."""
    m, members = len(batch.jobs), _members(batch)
    found = np.full((m, len(FIGURES)), np.nan)
    reasons: dict[int, str] = {}
    notes: dict[int, str] = {}
    if batch.k == 0:
        return Answers(batch.jobs, found, dict.fromkeys(range(m), NO_STUDY), notes)
    own = np.nonzero(members)[1].reshape(m, batch.k)
    for i, j in batch.shared:
        reasons |= dict.fromkeys(np.flatnonzero(members[:, i] & members[:, j]).tolist(), SHARED)
    usable = np.array([i for i in range(m) if i not in reasons], dtype=np.intp)
    y, v = batch.y[own[usable]], batch.v[own[usable]]
    try:
        found[usable], told = fit_rows(y, v, batch.method)
        notes = {int(usable[i]): words for i, words in told.items()}
    except FitError:
        for i, yi, vi in zip(usable.tolist(), y, v, strict=True):
            try:
                found[i : i + 1], told = fit_rows(yi[None], vi[None], batch.method)
            except FitError as error:
                reasons[i] = _words(error)
            else:
                notes |= dict.fromkeys([i] if told else [], told.get(0, ""))
    return Answers(batch.jobs, found, reasons, notes)


def _members(batch: Batch) -> NDArray[np.bool_]:
    return np.unpackbits(batch.rows, axis=1, count=len(batch.y)).astype(np.bool_)


def _words(error: FitError) -> str:
    told = "; ".join(problem.what for problem in error.problems[:3])
    return f"{error.message}: {told}" if told else error.message


def fit_rows(y: Array, v: Array, method: Method) -> tuple[Array, dict[int, str]]:
    """Figures (m, figures) of y, v (m, k), k >= 1, and notes by position.

    Raises
    ------
    FitError
    """
    options = method.options
    if method.correction is not None or options is None:
        each = [_corrected(yi, vi, method) for yi, vi in zip(y, v, strict=True)]
        return np.array([row for row, _ in each]), {i: n for i, (_, n) in enumerate(each) if n}
    if y.shape[1] == 1:
        return _alone(y[:, 0], v[:, 0], options), dict.fromkeys(range(len(y)), ALONE)
    want = [name for name in FIGURES if name != "tau2" or options.tau2 is not None]
    found = figures(y, v, options, want)
    return np.stack([found.get(name, np.zeros(len(y))) for name in FIGURES], axis=1), {}


def _alone(y: Array, v: Array, options: Options) -> Array:
    stated = options.stated_tau2 or 0.0
    error = np.sqrt(v + stated)
    half = kernels.critical_value(options.level, np.inf) * error
    known = options.tau2 is None or options.stated_tau2 is not None
    tau2 = np.full(len(y), stated if known else np.nan)
    p = kernels.two_sided_p(y / error, np.inf)
    return np.stack([y, error, y - half, y + half, p, tau2, np.zeros(len(y))], axis=1)


def _corrected(y: Array, v: Array, method: Method) -> tuple[tuple[float, ...], str]:
    """Figures of one corrected meta-analysis, and the codes of the warnings it gave."""
    table, options = table_of(y, np.sqrt(v)), method.options
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always", EvidenceWarning)
        if options is None:
            fit = pet_peese(table, level=method.level)
            line = fit.pet if fit.chosen == "PET" else fit.peese
            p = kernels.two_sided_p(np.asarray(fit.estimate / fit.std_error), line.df)
            if line.limit_low is None or line.limit_high is None:
                where = Problem("correction", "PET-PEESE has no interval", "another correction")
                raise FitError("the corrected effect has no interval", [where])
            ends = (line.limit_low, line.limit_high)
            row = (fit.estimate, fit.std_error, *ends, float(p), np.nan, np.nan)
        else:
            tau2 = options.tau2 if options.stated_tau2 is None else options.stated_tau2
            adjusted = trim_and_fill(
                table,
                model=options.model,
                tau2=tau2,  # type: ignore[arg-type]
                ci=options.ci,
                level=options.level,
            ).adjusted
            spread, term = adjusted.heterogeneity, adjusted.terms.iloc[0]
            ends = (adjusted.ci_low, adjusted.ci_high)
            tail = (float(term["p"]), spread.tau2 or 0.0, spread.i2 or 0.0)
            row = (adjusted.estimate, float(term["std_error"]), *ends, *tail)
    own = [w.message for w in told if isinstance(w.message, EvidenceWarning)]
    for other in told:
        if not isinstance(other.message, EvidenceWarning):
            warnings.warn_explicit(other.message, other.category, other.filename, other.lineno)
    return row, ", ".join(sorted({warning.code for warning in own}))


def flipped(batch: Batch, signs: Array, most: int = BATCH) -> Array:
    """Estimates and p values (2, draws, m) with the signs (draws, rows of the table) changed.

    Fits that fail are nan; ``most`` of them are made in one call.
    """
    draws, m = len(signs), len(batch.jobs)
    found = np.empty((2, draws, m))
    own = np.nonzero(_members(batch))[1].reshape(m, batch.k)
    step = max(1, most // m)
    for start in range(0, draws, step):
        part = signs[start : start + step]
        y = (part * batch.y)[:, own].reshape(-1, batch.k)
        v = np.broadcast_to(batch.v[own], (len(part), m, batch.k)).reshape(-1, batch.k)
        try:
            rows = fit_rows(y, v, batch.method)[0].reshape(len(part), m, -1)
        except FitError:
            alone = [fit_batch(replace(batch, y=batch.y * one)).figures for one in part]
            rows = np.stack(alone)
        found[:, start : start + step] = rows[..., 0], rows[..., 4]
    return found
