"""pool_events: Mantel-Haenszel and Peto meta-analysis from counts or from rates."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from evidence.catalog.display import html_of_record
from evidence.catalog.phrases import counted, figure, folded, interval, p_value, q_words, wald_words
from evidence.errors import FitError, Problem, check_kind, did_you_mean, is_fraction, is_number
from evidence.models.frequentist import kernels, kernels_events
from evidence.models.frequentist.fit import FitStatistics, information_criteria
from evidence.models.frequentist.kernels_events import Tables

Method = Literal["mantel_haenszel", "peto"]
EventMeasure = Literal["OR", "RR", "RD", "IRR", "IRD"]
AddTo = Literal["none", "zero_cells", "all_if_any_zero", "all"]
MOST_PEOPLE = 1e15  # more are no longer counted one by one by a computer's numbers
RATES = ("IRR", "IRD")
METHOD_WORDS = {"mantel_haenszel": "Mantel-Haenszel", "peto": "Peto"}
TESTED = ("OR", "IRR")  # the measures that have a test of association of their own


@dataclass(frozen=True, slots=True)
class ChiSquaredTest:
    """A chi-squared statistic with its degrees of freedom and p value."""

    statistic: float
    df: int
    p: float

    def __str__(self) -> str:
        return wald_words(self.statistic, self.df, self.p)


@dataclass(frozen=True, slots=True, eq=False)
class EventsFit:
    """Answer of ``pool_events``; ratios are on the log scale.

    Attributes
    ----------
    method, measure : str
    estimate, std_error, statistic, p, ci_low, ci_high, level : float
        Pooled estimate with its normal test and interval.
    k, k_compared : int
        Tables pooled, and those of them with an effect of their own, which Q compares.
    q, q_df, q_p, i2, h2 : float
        Cochran's Q of those effects about the pooled one; I2 in percent, H2 = Q / df (df 0: 1).
    association : ChiSquaredTest or None
        Cochran-Mantel-Haenszel test; OR and IRR by Mantel-Haenszel only.
    breslow_day, tarone : ChiSquaredTest or None
        Tests of equal odds ratios; OR by Mantel-Haenszel only.
    likelihood : FitStatistics
        Normal likelihood of the studies' own effects at the pooled estimate.
    studies : DataFrame
        Each table's own estimate and variance, only those compared; indexed as the frame.
    """

    method: Method
    measure: EventMeasure
    estimate: float
    std_error: float
    statistic: float
    p: float
    ci_low: float
    ci_high: float
    level: float
    k: int
    k_compared: int
    q: float
    q_df: int
    q_p: float
    i2: float
    h2: float
    association: ChiSquaredTest | None
    breslow_day: ChiSquaredTest | None
    tarone: ChiSquaredTest | None
    likelihood: FitStatistics
    studies: pd.DataFrame

    _repr_html_ = html_of_record

    def __str__(self) -> str:
        log = ", log scale" if self.measure in ("OR", "RR", "IRR") else ""
        own = counted(self.k_compared, "study", "studies")
        some = "" if self.k_compared == self.k else f"; {own} with an effect to compare"
        lines = [
            f"{METHOD_WORDS[self.method]} meta-analysis of {counted(self.k, 'study', 'studies')} "
            f"({self.measure}{log}); interval: Wald z",
            f"  pooled        {figure(self.estimate)} "
            f"({interval(self.ci_low, self.ci_high, self.level)}), std. error "
            f"{figure(self.std_error)}, z = {self.statistic:.3g}, {p_value(self.p)}",
            f"  disagreement  {q_words(self.q, self.q_df, self.q_p)}; I2 {self.i2:.1f}%{some}",
        ]
        for name, test in (
            ("association", self.association),
            ("Breslow-Day", self.breslow_day),
            ("Tarone", self.tarone),
        ):
            lines += [] if test is None else [f"  {name:<13} {test}"]
        return folded("\n".join(lines))


@dataclass(frozen=True, slots=True)
class EventOptions:
    """Resolved options of ``pool_events``."""

    method: Method
    measure: EventMeasure
    added: tuple[float, AddTo]
    added_to_pool: tuple[float, AddTo]
    drop_double_zero: bool
    corrected: bool
    level: float

    @property
    def rates(self) -> bool:
        """Whether the tables hold person-time."""
        return self.measure in RATES


def pool_events(
    frame: pd.DataFrame,
    *,
    method: Method,
    measure: EventMeasure,
    events_treatment: str = "events_treatment",
    total_treatment: str = "total_treatment",
    events_control: str = "events_control",
    total_control: str = "total_control",
    added: tuple[float, AddTo] = (0.5, "zero_cells"),
    added_to_pool: tuple[float, AddTo] | None = None,
    drop_double_zero: bool = False,
    continuity_correction: bool | None = None,
    level: float = 0.95,
) -> EventsFit:
    """Pool counts under the common-effect model without an effect of each study's own.

    Parameters
    ----------
    frame : DataFrame, one row a study
    method : {"mantel_haenszel", "peto"}
        Peto's is for odds ratios only.
    measure : {"OR", "RR", "RD", "IRR", "IRD"}
        IRR and IRD compare rates: the totals are then person-time.
    events_treatment, total_treatment, events_control, total_control : str
        Columns of the frame.
    added : (amount, where)
        Added to cells for the studies' own effects, which Q needs; ``where`` is "none",
        "zero_cells" (tables with a zero), "all_if_any_zero" or "all".
    added_to_pool : (amount, where), optional
        The same for the pooled estimate, which needs none.
    drop_double_zero : bool
        Whether tables without any event (or with events only) are left out altogether.
    continuity_correction : bool, optional
        Of the Cochran-Mantel-Haenszel test; True if left out. OR and IRR only.
    level : float

    Raises
    ------
    FitError
        If an option is wrong or would do nothing, a count is impossible, or no estimate exists.

    Examples
    --------
    >>> frame = pd.DataFrame({"a": [4, 6], "n1": [123, 306], "c": [11, 29], "n2": [139, 303]})
    >>> fit = pool_events(frame, method="mantel_haenszel", measure="RR", events_treatment="a",
    ...     total_treatment="n1", events_control="c", total_control="n2")
    >>> round(fit.estimate, 4), round(fit.std_error, 4)
    (-1.3517, 0.3455)
    """
    check_kind("frame", frame, pd.DataFrame, FitError)
    options = resolve_events(
        method, measure, added, added_to_pool, drop_double_zero, continuity_correction, level
    )
    columns = (events_treatment, total_treatment, events_control, total_control)
    return fit_events(tables_of(frame, columns, options), frame.index, options)


def resolve_events(
    method: Method,
    measure: EventMeasure,
    added: tuple[float, AddTo],
    added_to_pool: tuple[float, AddTo] | None,
    drop_double_zero: bool,
    continuity_correction: bool | None,
    level: float,
) -> EventOptions:
    """Check the options and fill in defaults."""
    problems = []
    for where, value, known in (
        ("method", method, get_args(Method)),
        ("measure", measure, get_args(EventMeasure)),
    ):
        if not isinstance(value, str) or value not in known:
            problems.append(Problem(where, f"unknown: {value!r}", did_you_mean(str(value), known)))
    for where, pair in (("added", added), ("added_to_pool", added_to_pool)):
        problems += [] if pair is None and where == "added_to_pool" else _addition(where, pair)
    if not is_fraction(level):
        problems.append(Problem("level", repr(level), "a fraction between 0 and 1, such as 0.95"))
    if method == "peto" and measure != "OR":
        problems.append(Problem("measure", f"{measure!r} has no Peto estimate", "measure='OR'"))
    if continuity_correction is not None and (method == "peto" or measure not in TESTED):
        what = f"would do nothing for {method!r} with {measure!r}"
        problems.append(Problem("continuity_correction", what, "leave it out"))
    if problems:
        raise FitError("the options of the meta-analysis are not right", problems)
    correct = continuity_correction is not False
    pool = added_to_pool or (0.0, "none")
    return EventOptions(method, measure, added, pool, drop_double_zero, correct, level)


def _addition(where: str, pair: object) -> list[Problem]:
    """What is wrong with an amount and the cells that it is added to."""
    known = get_args(AddTo)
    if not isinstance(pair, tuple | list) or len(pair) != 2:
        return [Problem(where, f"is {pair!r}", "an amount and cells, such as (0.5, 'zero_cells')")]
    amount, to = pair
    if not isinstance(to, str) or to not in known:
        return [Problem(where, f"unknown: {to!r}", did_you_mean(to, known))]
    if to != "none" and not (is_number(amount) and amount > 0):
        return [Problem(where, f"amount {amount!r}", "a finite number above 0")]
    return []


def tables_of(frame: pd.DataFrame, columns: tuple[str, ...], options: EventOptions) -> Tables:
    """Read and check the counts; raises FitError naming every row that is wrong."""
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
        x1, n1, x2, n2 = (frame[name].to_numpy(dtype=np.float64) for name in columns)
    except (TypeError, ValueError) as error:
        wrong = Problem("frame", str(error), "give counts")
        raise FitError("the counts are not numbers", [wrong]) from None
    problems, labels = [], list(frame.index)
    for events, total, names in ((x1, n1, columns[:2]), (x2, n2, columns[2:])):
        bad = ~(np.isfinite(events) & np.isfinite(total) & (events >= 0) & (total > 0))
        if not options.rates:
            bad |= events > total
        bad |= total > MOST_PEOPLE
        for i in np.flatnonzero(bad):
            found = f"{names[0]}={events[i]:g}, {names[1]}={total[i]:g}"
            right = "0 <= events, 0 < total" + ("" if options.rates else ", events <= total")
            problems.append(Problem(f"row {labels[i]!r}", found, right))
    if problems:
        raise FitError("some counts are impossible", problems)
    if options.rates:
        return Tables(x1, n1, x2, n2)
    return Tables(x1, n1 - x1, x2, n2 - x2)


def fit_events(tables: Tables, index: pd.Index, options: EventOptions) -> EventsFit:
    """Fit checked tables."""
    if options.drop_double_zero:
        none = (tables.a + tables.c == 0) | (
            np.zeros(len(index), dtype=np.bool_) if options.rates else tables.b + tables.d == 0
        )
        tables, index = Tables(*(x[~none] for x in tables)), index[~none]
    pooled_from = kernels_events.add_to_cells(tables, *options.added_to_pool, rates=options.rates)
    peto = options.method == "peto"
    if peto:
        pooled = kernels_events.peto(pooled_from)
    else:
        pooled = kernels_events.mantel_haenszel(pooled_from, options.measure)
    estimate, variance = float(pooled.estimate), float(pooled.variance)
    if not (np.isfinite(estimate) and np.isfinite(variance) and variance > 0):
        what = "no finite estimate: one group has no events, or all have them"
        right = "measure='RD', or added_to_pool=(0.5, 'all')"
        raise FitError("these counts cannot be pooled", [Problem(options.method, what, right)])
    error = float(np.sqrt(variance))
    half = kernels.critical_value(options.level, np.inf) * error
    y, v, q = _compared(tables, pooled_from, options, estimate)
    kept = np.isfinite(y) & np.isfinite(v) & (v > 0)
    df = int(kept.sum()) - 1
    test, breslow, tarone = _tests(pooled_from, pooled.estimate, options)
    return EventsFit(
        method=options.method,
        measure=options.measure,
        estimate=estimate,
        std_error=error,
        statistic=estimate / error,
        p=float(kernels.two_sided_p(np.asarray(estimate / error), np.inf)),
        ci_low=estimate - half,
        ci_high=estimate + half,
        level=options.level,
        k=len(index),
        k_compared=df + 1,
        q=q,
        q_df=max(df, 0),
        q_p=float(kernels.q_p_value(np.asarray(q), df)) if df > 0 else 1.0,
        i2=float(kernels.i2_from_q(np.asarray(q), df)) if df > 0 else 0.0,
        h2=q / df if df > 0 else 1.0,
        association=test,
        breslow_day=breslow,
        tarone=tarone,
        likelihood=_likelihood(y[kept], v[kept], estimate),
        studies=pd.DataFrame({"estimate": y[kept], "variance": v[kept]}, index=index[kept]),
    )


def _compared(
    tables: Tables, pooled_from: Tables, options: EventOptions, estimate: float
) -> tuple[NDArray[np.float64], NDArray[np.float64], float]:
    """Own effects of the studies and their Q about the pooled one.

    Peto's Q needs no added cells, and a table without events or without anyone free of them has
    no Peto effect, whatever is added.
    """
    cells = kernels_events.add_to_cells(tables, *options.added, rates=options.rates)
    if options.method == "mantel_haenszel":
        y, v = kernels_events.study_effects(cells, options.measure)
        kept = np.isfinite(y) & np.isfinite(v) & (v > 0)
        return y, v, float(((y[kept] - estimate) ** 2 / v[kept]).sum())
    y, v = kernels_events.study_effects(cells, "PETO")
    own, spread = kernels_events.study_effects(pooled_from, "PETO")
    kept = np.isfinite(own) & np.isfinite(spread)
    q = float(((own[kept] - estimate) ** 2 / spread[kept]).sum())
    return np.where(kept, y, np.nan), np.where(kept, v, np.nan), q


def _tests(
    tables: Tables, estimate: NDArray[np.float64], options: EventOptions
) -> tuple[ChiSquaredTest | None, ChiSquaredTest | None, ChiSquaredTest | None]:
    if options.method == "peto" or options.measure not in TESTED:
        return None, None, None
    found = [kernels_events.association(tables, corrected=options.corrected, rates=options.rates)]
    if options.measure == "OR":
        found += kernels_events.same_odds_ratio(tables, estimate)
    tests = [ChiSquaredTest(float(t.statistic), int(t.df), float(t.p)) for t in found]
    return (tests[0], tests[1], tests[2]) if len(tests) == 3 else (tests[0], None, None)


def _likelihood(y: NDArray[np.float64], v: NDArray[np.float64], estimate: float) -> FitStatistics:
    deviance = float(((y - estimate) ** 2 / v).sum())
    height = -0.5 * float(np.log(2.0 * np.pi * v).sum()) - 0.5 * deviance
    return information_criteria(height, deviance, 1, len(y))
