"""Way 3: events in two arms, as counts or as printed percentages."""

from __future__ import annotations

from collections.abc import Iterator

from evidence.effects import counts
from evidence.effects.derive import derive
from evidence.effects.found import ArmEvents, Found
from evidence.effects.printed import Comparison


def events(c: Comparison) -> Iterator[Found]:
    """Way 3: the events of both arms among their totals."""
    if c.question.measure not in ("RR", "OR") or c.control is None or c.paired:
        return
    treated, control = arm_events(c, c.treatment), arm_events(c, c.control)
    if treated is not None and control is not None:
        yield from from_events(c, treated, control)


def arm_events(c: Comparison, arm: str) -> ArmEvents | None:
    """Events and total of an arm; from a percentage only where the question says how."""
    result, total = c.result(arm), c.size(arm)
    if result is None or total is None:
        return None
    if result.total is not None:
        total = c.report(result.total, None, "arms", arm, "total")
    if result.events is not None:
        return ArmEvents(c.report(result.events, "events", "arms", arm, "events"), total)
    if result.events_percent is None:
        return None
    declared = c.question.assumption("percent_to_count")
    if declared is None:
        return None
    rule = {
        "nearest": counts.events_from_percent_nearest,
        "fewest": counts.events_from_percent_fewest,
        "most": counts.events_from_percent_most,
    }[str(declared.value)]
    percent = c.report(result.events_percent, "%", "arms", arm, "events_percent")
    return ArmEvents(derive(rule, "events", percent=percent, total=total), total)


def from_events(c: Comparison, treated: ArmEvents, control: ArmEvents) -> Iterator[Found]:
    """Log ratio from two arms with events; nothing where no arm, or every person, had one."""
    a, n, b, m = (x.value for x in (treated.events, treated.total, control.events, control.total))
    if a + b == 0 or (a == n and b == m):
        return
    rules = {
        "RR": (counts.log_risk_ratio, counts.se_log_risk_ratio),
        "OR": (counts.log_odds_ratio, counts.se_log_odds_ratio),
    }[c.question.measure]
    inputs = {
        "events_first": treated.events,
        "total_first": treated.total,
        "events_second": control.events,
        "total_second": control.total,
    }
    empty = a in (0, n) or b in (0, m)
    notes = ("an arm without events, or with none but events: half added to each cell",)
    percent = "events_from_percent" in getattr(treated.events, "rule", "")
    yield Found(
        derive(rules[0], None, **inputs),
        derive(rules[1], None, **inputs),
        "two arms: events" + (" from printed percentages" if percent else ""),
        notes if empty else (),
        (treated, control),
    )
