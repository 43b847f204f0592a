"""Ways for levels: the mean of one arm, or the proportion of its people with an event."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from evidence.catalog.number import Number
from evidence.catalog.study import Summary
from evidence.effects import counts, recover
from evidence.effects.derive import derive, in_unit
from evidence.effects.events import arm_events
from evidence.effects.found import ArmEvents, ArmMean, Found
from evidence.effects.partial import Part, said
from evidence.effects.printed import Comparison

HALF = "nobody, or everybody, had the event: half added to both"


def levels(c: Comparison) -> Iterator[Found]:
    """Value of one arm at the occasion asked for, with its standard error."""
    arm = arm_events(c, c.treatment) if c.question.measure == "PLO" else arm_level(c)
    if arm is not None:
        yield from from_arm(c, arm)


def arm_level(c: Comparison) -> ArmMean | None:
    """Mean of the arm with its standard error, as printed."""
    arm, part = c.treatment, occasion(c)
    mean, se = c.mean(arm, part), c.mean_se(arm, part)
    return None if mean is None or se is None else ArmMean(mean, se, c.size(arm), part)


def occasion(c: Comparison) -> str:
    """The part of the arm's figures that is asked for; at week 0 the values are the baseline."""
    asked = c.question.occasion
    if asked == "baseline" and c.outcome.weeks == 0 and c.summary(c.treatment, "baseline") is None:
        return "final"
    return asked


def from_arm(c: Comparison, arm: ArmMean | ArmEvents) -> Iterator[Found]:
    """Level from one arm, or from several counted together, on the analysis scale."""
    if isinstance(arm, ArmEvents):
        yield _proportion(arm)
        return
    wanted, unit = c.question.unit, arm.mean.unit
    mean, se = (in_unit(x, c.terms, c.substance, unit, wanted) for x in (arm.mean, arm.se))
    if mean is None or se is None:
        return
    route = f"one arm: mean and spread {_when(arm.part)}"
    if c.question.measure == "MN":
        yield Found(mean, se, route, arm=arm)
        return
    estimate = derive(recover.logarithm, None, value=mean)
    error = derive(recover.relative_se, None, se=se, mean=mean)
    yield Found(estimate, error, route, arm=arm)


def _when(part: str) -> str:
    return "at baseline" if part == "baseline" else "of final values"


def _proportion(arm: ArmEvents) -> Found:
    events, total = arm.events, arm.total
    from_percent = "events_from_percent" in getattr(events, "rule", "")
    return Found(
        derive(counts.log_odds, None, events=events, total=total),
        derive(counts.se_log_odds, None, events=events, total=total),
        "one arm: events" + (" from a printed percentage" if from_percent else ""),
        (HALF,) if events.value in (0, total.value) else (),
        arm=arm,
    )


def joined(rows: Sequence[tuple[Comparison, Found]], arm: ArmMean | ArmEvents) -> Found | None:
    """Level of arms of different people counted together."""
    c, first = rows[0]
    found = next(from_arm(c, arm), None)
    if found is None:
        return None
    names = " and ".join(dict.fromkeys(row.treatment for row, _ in rows))
    notes = (*found.notes, f"{names} counted together")
    n = arm.n if isinstance(arm, ArmMean) else arm.total
    return Found(found.estimate, found.std_error, first.route, notes, None, n, arm)


def partly_level(c: Comparison) -> Part | None:
    """Keep what was said of a level that has no standard error; changes and P say nothing of it."""
    result = c.result(c.treatment)
    if result is None:
        return None
    estimate = _percentage(c) if c.question.measure == "PLO" else _mean(c)
    summary = None if c.question.measure == "PLO" else c.summary(c.treatment, occasion(c))
    if estimate is not None:
        spread = summary is not None and summary.spread is not None
        kind: str | None = "estimate_with_unlabelled_spread" if spread else "estimate_alone"
    else:
        kind = _kind(summary)
    return None if kind is None else Part(kind, said(c), None, None, estimate, None, None, None)


def _mean(c: Comparison) -> Number | None:
    mean = c.mean(c.treatment, occasion(c))
    told = None if mean is None else in_unit(mean, c.terms, c.substance, mean.unit, c.question.unit)
    if told is None or c.question.measure == "MN":
        return told
    return derive(recover.logarithm, None, value=told) if told.value > 0 else None


def _percentage(c: Comparison) -> Number | None:
    result = c.result(c.treatment)
    if result is None or result.events_percent is None or not 0 < result.events_percent < 100:
        return None
    percent = c.report(result.events_percent, "%", "arms", c.treatment, "events_percent")
    return derive(counts.log_odds_of_percent, None, percent=percent)


def _kind(summary: Summary | None) -> str | None:
    if summary is None:
        return None
    if summary.mean is not None:
        return "other_unit"
    if summary.median is not None:
        return "medians"
    return "unnamed_centre" if summary.centre is not None else None
