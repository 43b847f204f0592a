"""Effects of a user's own data frame, one row a study, with no study files behind it."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from evidence.catalog.number import Assumed, Derived, Given, Number
from evidence.effects.sizes.cells import fill_zeros
from evidence.effects.sizes.correction import Array
from evidence.effects.sizes.options import Options, measure_of, options_of
from evidence.effects.sizes.reading import Figures, read_figures
from evidence.effects.sizes.reasons import no_one_there, nothing_happened, why_not
from evidence.effects.sizes.registry import Measure
from evidence.effects.table import (
    PARTIAL_COLUMNS,
    ROW_COLUMNS,
    UNUSED_COLUMNS,
    EffectTable,
    RowTrace,
)
from evidence.errors import EffectError, PlausibilityWarning, Problem, did_you_mean

LARGE_SMD = 2.0


@dataclass(frozen=True, slots=True)
class RowEffects:
    """One estimate and variance a row of the frame, shape (k,); NaN only where a reason is.

    Attributes
    ----------
    estimate, variance : ndarray, shape (k,)
    reasons : tuple of str or None
        Why a row cannot be used. A variance of 0 or less is stated and has a reason too.
    added : ndarray of bool, shape (k,)
        Rows whose cells the zero-cell policy changed.
    """

    estimate: Array
    variance: Array
    reasons: tuple[str | None, ...]
    added: NDArray[np.bool_]


def effect_sizes(
    frame: pd.DataFrame,
    *,
    measure: str,
    study: str | None = None,
    events1: str | None = None,
    nonevents1: str | None = None,
    n1: str | None = None,
    events2: str | None = None,
    nonevents2: str | None = None,
    n2: str | None = None,
    events: str | None = None,
    nonevents: str | None = None,
    n: str | None = None,
    both: str | None = None,
    only_first: str | None = None,
    only_second: str | None = None,
    neither: str | None = None,
    time1: str | None = None,
    time2: str | None = None,
    time: str | None = None,
    mean1: str | None = None,
    sd1: str | None = None,
    mean2: str | None = None,
    sd2: str | None = None,
    mean: str | None = None,
    sd: str | None = None,
    correlation: str | None = None,
    t: str | None = None,
    predictors: str | None = None,
    r_squared: str | None = None,
    alpha: str | None = None,
    items: str | None = None,
    add: float | None = None,
    to: str | None = None,
    drop00: bool = False,
    vtype: str | None = None,
    correct: bool | None = None,
    unit: str | None = None,
) -> EffectTable:
    """Compute an effect and its standard error from each row of a data frame.

    Parameters
    ----------
    frame : DataFrame
        One row a study.
    measure : str
        Two groups with events: RR, OR, RD, PETO, AS, PHI, ZPHI, YUQ, YUY, RTET, PBIT, OR2DN,
        OR2DL (``events1, n1`` or ``nonevents1``, ``events2, n2`` or ``nonevents2``); with
        person-time: IRR, IRD, IRSD (``events1, time1, events2, time2``). Matched pairs: MPRR,
        MPOR, MPORC, MPPETO, MPRD (``both, only_first, only_second, neither``). Two groups with
        means: MD, SMD, SMDH, SMD1, SMD1H, SMD_APPROX, GLASS, ROM, CVR, VR, RPB, ZPB, RBIS, ZBIS,
        D2ORN, D2ORL, CLESN (``mean1, sd1, n1, mean2, sd2, n2``). One group: PR, PLN, PLO, PRZ,
        PAS, PFT (``events, n``), IR, IRLN, IRS, IRFT (``events, time``), MN, SMN, MNLN, SDLN,
        CVLN (``mean, sd, n``). Two occasions: MC, SMCC, SMCR, SMCRH, SMCRP, SMCRPH, ROMC, CVRC,
        VRC, CLESCN (``mean1, sd1, mean2, sd2, correlation, n``). Associations: COR, UCOR, ZCOR
        (``correlation, n``), PCOR, ZPCOR, SPCOR (``t, predictors, n``, ``r_squared``).
        Reliability: ARAW, AHW, ABT (``alpha, items, n``). The codes are metafor's; SMD_APPROX
        and GLASS are those of R's meta.
    study : str, optional
        Column with the studies' names; without it the frame's index, or ``study 1`` and so on.
        Rows of one study get the ids ``name/1``, ``name/2``; they are taken as independent.
    events1, ..., items : str
        Names of columns. Which are needed depends on the measure; one that does nothing is
        refused.
    add : float, optional
        What is added to each cell where a cell is 0; 1/2 by default, 0 for measures that exist
        with empty cells (AS, PHI, ZPHI, RTET, IRSD, IRS, IRFT, PAS, PFT).
    to : {"only0", "all", "if0all", "none"}, optional
        Where it is added: rows with an empty cell (default), all, all if any row has one, none.
    drop00 : bool
        Set aside rows in which no one, or everyone, had the event in both groups.
    vtype : str, optional
        Sampling variance: "LS" large sample (default), and by measure "LS2", "UB" unbiased,
        "AV" with the mean over the rows, "HO" equal variances, "AVHO", "ST", "CS".
    correct : bool, optional
        Small-sample correction; True where the measure has one.
    unit : str, optional
        Unit of the outcome, for MD, MC, MN, IRD and IR.

    Returns
    -------
    EffectTable
        Logarithms for ratios of two groups (``scale="log"``). What has no effect stands in
        ``unused`` with the reason; rows with something added say so in ``notes``.

    Raises
    ------
    EffectError
        For unknown names of measures, columns and options, and for impossible figures.

    Warns
    -----
    PlausibilityWarning
        Code ``smd_above_2``: a standardized difference beyond 2 often is an SE taken for an SD
        (Kadlec 2022).

    Examples
    --------
    >>> frame = pd.DataFrame({"trial": ["Aronson", "Empty"], "ai": [4, 0], "n1i": [123, 9],
    ...                       "ci": [11, 0], "n2i": [139, 9]})
    >>> table = effect_sizes(frame, measure="RR", study="trial", events1="ai", n1="n1i",
    ...                      events2="ci", n2="n2i", drop00=True)
    >>> table.rows[["study", "estimate", "std_error"]].round(4)
               study  estimate  std_error
    row
    Aronson  Aronson   -0.8893     0.5706
    >>> table.unused["reason"].tolist()
    ['no events, or nothing but events, in both groups (drop00)']
    """
    named = dict(locals())
    chosen = measure_of(measure)
    options = options_of(chosen, add, to, drop00, vtype, correct, unit)
    not_columns = {"frame", "measure", "study", "unit", *Options.__dataclass_fields__}
    columns = {k: v for k, v in named.items() if k not in not_columns and v is not None}
    labels = _labels(frame, study)
    figures = read_figures(frame, chosen, columns, labels)
    effects = row_effects(chosen, figures, options)
    table = _table(chosen, figures, effects, labels, options, unit)
    _warn_where_large(chosen, table)
    return table


def row_effects(measure: Measure, figures: Figures, options: Options) -> RowEffects:
    """Apply the zero-cell policy and the kernel to what was read.

    Examples
    --------
    >>> frame = pd.DataFrame({"r": [0.5], "n": [20]})
    >>> chosen = measure_of("ZCOR")
    >>> figures = read_figures(frame, chosen, {"correlation": "r", "n": "n"}, ["a"])
    >>> row_effects(chosen, figures, Options()).estimate.round(4)
    array([0.5493])
    """
    arrays = dict(figures.arrays)
    reasons = list(figures.missing)
    _mark(reasons, no_one_there(measure, arrays), "a group of which no one was observed")
    if options.drop00:
        said = "no events, or nothing but events, in both groups (drop00)"
        _mark(reasons, nothing_happened(arrays), said)
    # A row that cannot be used must not reach the means over the rows of vtype "AV".
    set_aside = np.array([reason is not None for reason in reasons], dtype=bool)
    arrays = {role: np.where(set_aside, np.nan, x) for role, x in arrays.items()}
    added = np.zeros_like(set_aside)
    if measure.cells:
        cells, added = fill_zeros([arrays[c] for c in measure.cells], options.add, options.to)
        arrays |= dict(zip(measure.cells, cells, strict=True))
    keywords: dict[str, object] = {}
    if len(measure.vtypes) > 1:
        keywords["vtype"] = options.vtype
    if measure.correctable:
        keywords["correct"] = options.correct
    with np.errstate(all="ignore"):
        y, v = measure.kernel(*(arrays[role] for role in measure.roles), **keywords)
    stated = np.isfinite(y) & np.isfinite(v)
    for i in map(int, np.flatnonzero(~(set_aside | (stated & (v > 0))))):
        row = {role: float(x[i]) for role, x in (dict(figures.given) | arrays).items()}
        reasons[i] = why_not(measure, row, float(y[i]), float(v[i]))
    y, v = np.where(stated, y, np.nan), np.where(stated, v, np.nan)
    return RowEffects(y, v, tuple(reasons), added)


def _mark(reasons: list[str | None], rows: NDArray[np.bool_], reason: str) -> None:
    """Write a reason into the rows that have none yet."""
    for i in map(int, np.flatnonzero(rows)):
        reasons[i] = reasons[i] or reason


def _labels(frame: pd.DataFrame, study: str | None) -> list[str]:
    if not isinstance(frame, pd.DataFrame):
        problem = Problem("frame", f"is a {type(frame).__name__}", "give a pandas DataFrame")
        raise EffectError("there is no data frame", [problem])
    if study is None:
        plain = isinstance(frame.index, pd.RangeIndex)
        return [f"study {i + 1}" if plain else str(x) for i, x in enumerate(frame.index)]
    if study not in frame.columns:
        right = did_you_mean(study, map(str, frame.columns))
        raise EffectError(
            "the studies have no names", [Problem(f"study={study!r}", "no such column", right)]
        )
    empty = frame[study].isna().to_numpy(dtype=bool)
    if empty.any():
        rows = ", ".join(repr(frame.index[int(i)]) for i in np.flatnonzero(empty))
        problem = Problem(f"column {study!r}, row {rows}", "is empty", "name every study")
        raise EffectError("the studies have no names", [problem])
    return [str(x) for x in frame[study]]


def _row_ids(labels: Sequence[str]) -> list[str]:
    """Labels where they are unique; with a running number where a study has several rows."""
    seen: dict[str, int] = {}
    ids = []
    for label in labels:
        seen[label] = seen.get(label, 0) + 1
        ids.append(label if labels.count(label) == 1 else f"{label}/{seen[label]}")
    if len(set(ids)) < len(ids):
        clash = sorted({x for x in ids if ids.count(x) > 1})
        problem = Problem("study", f"{clash[0]!r} names a row twice", "give other names")
        raise EffectError("the studies' names clash", [problem])
    return ids


def _table(
    measure: Measure,
    figures: Figures,
    effects: RowEffects,
    labels: Sequence[str],
    options: Options,
    unit: str | None,
) -> EffectTable:
    ids = _row_ids(labels)
    used = [i for i, reason in enumerate(effects.reasons) if reason is None]
    errors = np.sqrt(effects.variance)
    rows = pd.DataFrame(None, index=pd.Index([ids[i] for i in used], name="row"), dtype=object)
    for column in ROW_COLUMNS:
        rows[column] = None
    rows["study"] = rows["label"] = [labels[i] for i in used]
    rows["estimate"], rows["std_error"] = effects.estimate[used], errors[used]
    rows["route"] = "own figures: " + measure.title
    note = f"{options.add:g} added to each cell"
    rows["notes"] = [note if effects.added[i] else "" for i in used]
    for column, roles in (("n_treatment", ("n1", "n")), ("n_control", ("n2",))):
        sizes = next((figures.given[r] for r in roles if r in figures.given), None)
        if sizes is not None:
            rows[column] = [int(x) if x.is_integer() else x for x in sizes[used].tolist()]
    unused = pd.DataFrame(columns=list(UNUSED_COLUMNS))
    left = [i for i, reason in enumerate(effects.reasons) if reason is not None]
    if left:
        told = {
            "study": [labels[i] for i in left],
            "label": [labels[i] for i in left],
            "stage": "effect size",
            "reason": [effects.reasons[i] for i in left],
        }
        unused = pd.DataFrame(told, columns=list(UNUSED_COLUMNS)).astype(object)
    traces = {
        ids[i]: _trace(measure, figures, i, (effects.estimate[i], errors[i]), options, unit,
                       bool(effects.added[i]))
        for i in used
    }  # fmt: skip
    return EffectTable(
        measure=measure.code,
        unit=unit,
        scale=measure.scale,
        rows=rows,
        covariance=np.diag(errors[used] ** 2),
        partial=pd.DataFrame(columns=list(PARTIAL_COLUMNS)),
        unused=unused,
        traces=MappingProxyType(traces),
        considered=len(labels),
    )


def _trace(
    measure: Measure,
    figures: Figures,
    i: int,
    pair: tuple[float, float],
    options: Options,
    unit: str | None,
    added: bool,
) -> RowTrace:
    """Both figures of a row by the measure's kernel, from what the frame gave."""
    inputs: list[tuple[str, Number]] = [
        (role, Given(float(x[i]), None)) for role, x in figures.given.items()
    ]
    if added:
        reason = f'zero cells: to="{options.to}"'
        inputs.append(
            ("added_to_each_cell", Assumed(options.add, None, "add", reason, "effect_sizes"))
        )
    rule, found = measure.kernel.__name__, tuple(inputs)
    estimate, error = (Derived(float(x), unit, rule, found) for x in pair)
    return RowTrace(estimate, error)


def _warn_where_large(measure: Measure, table: EffectTable) -> None:
    if not measure.standardized:
        return
    large = [str(name) for name in table.rows.index[table.rows["estimate"].abs() > LARGE_SMD]]
    if large:
        found = Problem(
            ", ".join(large),
            f"{measure.code} beyond {LARGE_SMD:g}",
            "check that the SD columns hold standard deviations, not standard errors",
        )
        warnings.warn(PlausibilityWarning("smd_above_2", found), stacklevel=3)
