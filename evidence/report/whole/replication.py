"""Published pooled figures beside ours, rebuilt from the trials here: how far apart, and why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from evidence.catalog.excluded import PooledEstimate, ReplicationTarget, ReplicationTargets
from evidence.catalog.question import SCALES, Question, Scale
from evidence.catalog.replications import (
    SAME,
    Rebuild,
    Replication,
    Replications,
    question_of,
)
from evidence.catalog.study import Study
from evidence.catalog.terms import Terms
from evidence.effects.assemble import effect_table
from evidence.effects.scales import from_readers, to_readers
from evidence.errors import Problem, ReportError
from evidence.models.frequentist.fit import CI_WORDS, TAU2_WORDS
from evidence.models.frequentist.pool import pool

Verdict = Literal["reproduced", "close", "different", "cannot_be_rebuilt"]
VERDICT_WORDS: dict[Verdict, str] = {
    "reproduced": "reproduced within rounding",
    "close": "close: intervals overlap and one holds the other's estimate",
    "different": "different",
    "cannot_be_rebuilt": "cannot be rebuilt",
}
Z95 = 1.959963984540054
NO_ROWS = "No trial here has a figure of this comparison that can be pooled."


@dataclass(frozen=True, slots=True)
class Pooled:
    """An estimate with its limits, as readers know it; limits None where they were not seen."""

    estimate: float
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class ReplicationLine:
    """One published figure and what the trials here make of it.

    Attributes
    ----------
    theirs, ours : Pooled or None
        None where no figure was seen, or none can be made.
    our_trials, in_part : tuple of str
        Trials that were pooled, and those that told of it without a usable figure.
    their_k, their_n, k_in_all, n_in_all : int or None
        Trials and people of the figure, and of the whole published paper.
    named : tuple of str
        Trials that the published paper was seen to pool; empty where none was named.
    difference : float or None
        Ours less theirs on the analysis scale, in units of their standard error.
    """

    target: str
    cite: str
    estimate: str
    comparison: str
    outcome: str
    measure: str
    unit: str | None
    theirs: Pooled | None
    their_k: int | None
    their_n: int | None
    k_in_all: int | None
    n_in_all: int | None
    ours: Pooled | None
    our_trials: tuple[str, ...]
    in_part: tuple[str, ...]
    named: tuple[str, ...]
    method: str
    difference: float | None
    verdict: Verdict
    reason: str

    @property
    def in_common(self) -> tuple[str, ...]:
        """Trials that both pooled, as far as theirs were named."""
        return tuple(t for t in self.our_trials if t in self.named)

    @property
    def only_theirs(self) -> tuple[str, ...]:
        """Trials that they were seen to pool and that have no usable figure here."""
        return tuple(t for t in self.named if t not in self.our_trials)

    @property
    def only_ours(self) -> tuple[str, ...]:
        """Trials pooled here that are not among those that they named."""
        return tuple(t for t in self.our_trials if t not in self.named)


def printed_decimals(values: Sequence[float]) -> int:
    """Decimals to which figures were printed, as far as their last digits are not 0.

    Examples
    --------
    >>> printed_decimals([1.2, 1.02, 1.42])
    2
    """
    texts = [repr(float(value)) for value in values]
    return max(0 if text.endswith(".0") else len(text.partition(".")[2]) for text in texts)


def distance(theirs: Pooled, ours: Pooled, scale: Scale) -> float | None:
    """Ours less theirs on the analysis scale, in units of their standard error.

    None where their limits were not seen, or one lies where the scale ends.

    Examples
    --------
    >>> round(distance(Pooled(1.2, 1.0, 1.44), Pooled(1.44, 1.2, 1.7), "log"), 2)
    1.96
    """
    if theirs.low is None or theirs.high is None:
        return None
    if scale == "log" and theirs.low <= 0:
        return None
    low, high = from_readers(theirs.low, scale), from_readers(theirs.high, scale)
    error = (high - low) / (2 * Z95)
    if error <= 0:
        return None
    gap = from_readers(ours.estimate, scale) - from_readers(theirs.estimate, scale)
    return gap / error


def verdict_of(theirs: Pooled, ours: Pooled) -> Verdict:
    """Say how near two pooled figures are.

    ``reproduced`` where the estimate and both limits are the same to the digits that were printed;
    ``close`` where the intervals overlap and one of them holds the other's estimate, or ours holds
    theirs where their interval was not seen.

    Examples
    --------
    >>> verdict_of(Pooled(1.17, 0.97, 1.41), Pooled(1.168, 0.971, 1.406))
    'reproduced'
    >>> verdict_of(Pooled(1.17, 0.97, 1.41), Pooled(2.0, 1.5, 2.7))
    'different'
    """
    low = ours.estimate if ours.low is None else ours.low
    high = ours.estimate if ours.high is None else ours.high
    if theirs.low is None or theirs.high is None:
        return "close" if low <= theirs.estimate <= high else "different"
    pairs = ((theirs.estimate, ours.estimate), (theirs.low, low), (theirs.high, high))
    half = 0.5 * 10.0 ** -printed_decimals([a for a, _ in pairs])
    if all(abs(a - b) <= half * (1 + 1e-9) for a, b in pairs):
        return "reproduced"
    held = low <= theirs.estimate <= high or theirs.low <= ours.estimate <= theirs.high
    return "close" if held else "different"


def replicate(
    replications: Replications,
    targets: ReplicationTargets,
    studies: Sequence[Study],
    terms: Terms,
) -> tuple[ReplicationLine, ...]:
    """Rebuild every published figure that can be rebuilt.

    Parameters
    ----------
    replications : Replications
        What is asked for each figure, or why nothing can be.
    targets : ReplicationTargets
    studies : sequence of Study
    terms : Terms

    Returns
    -------
    tuple of ReplicationLine
        One for each published figure, in the order of ``targets``.

    Raises
    ------
    ReportError
        If a published figure has no entry.
    """
    entries = {(one.target, one.estimate): one for one in replications.replications}
    lines = []
    for target in targets.targets:
        for estimate in target.estimates:
            entry = entries.get((target.id, estimate.id))
            if entry is None:
                problem = Problem(f"{target.id}/{estimate.id}", "has no entry", "declare one")
                raise ReportError("a published figure has no verdict", [problem])
            ours = _Ours(None, (), (), "")
            if entry.rebuild is not None:
                comparison = replications.comparison(entry.rebuild.comparison)
                key = f"{target.id}/{estimate.id}"
                question = question_of(comparison, entry.rebuild, estimate, key)
                ours = _rebuilt(question, entry.rebuild, studies, terms)
            lines.append(_line(target, estimate, entry, ours))
    return tuple(lines)


@dataclass(frozen=True, slots=True)
class _Ours:
    pooled: Pooled | None
    trials: tuple[str, ...]
    in_part: tuple[str, ...]
    method: str


def _rebuilt(question: Question, rebuild: Rebuild, studies: Sequence[Study], terms: Terms) -> _Ours:
    table = effect_table([s for s in studies if _belongs(s, rebuild)], question, terms)
    used = tuple(dict.fromkeys(str(s) for s in table.rows["study"]))
    part = tuple(sorted({str(s) for s in table.partial["study"]} - set(used)))
    if not table.k:
        return _Ours(None, (), part, "")
    random = rebuild.model == "random" and table.k > 1
    fit = pool(
        table,
        model="random" if random else "common",
        tau2=rebuild.tau2 if random else None,
        ci=rebuild.ci if random else "wald",
    )
    estimate, low, high = (
        to_readers(point, question.scale) for point in (fit.estimate, fit.ci_low, fit.ci_high)
    )
    return _Ours(Pooled(estimate, low, high), used, part, _method(rebuild, table.k))


def _line(
    target: ReplicationTarget, estimate: PooledEstimate, entry: Replication, ours: _Ours
) -> ReplicationLine:
    theirs = _theirs(estimate)
    reason = str(entry.cannot or entry.difference)
    if entry.rebuild is not None and ours.pooled is None:
        reason = f"{NO_ROWS} {reason}"
    return ReplicationLine(
        target=target.id,
        cite=target.cite,
        estimate=estimate.id,
        comparison=estimate.comparison,
        outcome=estimate.outcome,
        measure=str(estimate.measure or ""),
        unit=estimate.unit,
        theirs=theirs,
        their_k=estimate.k,
        their_n=estimate.n,
        k_in_all=target.k,
        n_in_all=target.n,
        ours=ours.pooled,
        our_trials=ours.trials,
        in_part=ours.in_part,
        named=estimate.trials,
        method=ours.method,
        difference=_difference(theirs, ours.pooled, estimate),
        verdict=_verdict(theirs, ours.pooled),
        reason=reason,
    )


def _theirs(estimate: PooledEstimate) -> Pooled | None:
    if estimate.estimate is None:
        return None
    low, high = estimate.ci if estimate.ci is not None else (None, None)
    return Pooled(estimate.estimate, low, high)


def _belongs(study: Study, rebuild: Rebuild) -> bool:
    """Whether a trial may be used: named where names are given, and out by then."""
    years = [report.year for report in study.reports if report.year is not None]
    late = rebuild.until is not None and bool(years) and min(years) > rebuild.until
    return not late and (not rebuild.trials or study.id in rebuild.trials)


def _method(rebuild: Rebuild, k: int) -> str:
    if k == 1:
        return "one trial: its own figure"
    if rebuild.model == "common":
        words = "common effect"
    else:
        words = f"random effects, {TAU2_WORDS[rebuild.tau2]}, {CI_WORDS[rebuild.ci]}"
    return words if rebuild.method_seen else f"{words} (theirs was not seen)"


def _difference(
    theirs: Pooled | None, ours: Pooled | None, estimate: PooledEstimate
) -> float | None:
    if theirs is None or ours is None:
        return None
    return distance(theirs, ours, SCALES.get(SAME[str(estimate.measure)], "identity"))


def _verdict(theirs: Pooled | None, ours: Pooled | None) -> Verdict:
    if theirs is None or ours is None:
        return "cannot_be_rebuilt"
    return verdict_of(theirs, ours)
