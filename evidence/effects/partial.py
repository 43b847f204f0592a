"""What was reported only in part, kept exactly as far as it was said."""

from __future__ import annotations

import re
from dataclasses import dataclass

from evidence.catalog.number import Assumed, Number
from evidence.catalog.study import ArmResult, Contrast, PValue, Summary
from evidence.effects import recover
from evidence.effects.derive import derive, in_unit
from evidence.effects.means import difference_without_spread
from evidence.effects.printed import Comparison
from evidence.effects.published import published_estimate, se_from_p_value

# Kinds, from the most to the least that was said.
KINDS = {
    "estimate_with_bounded_p": "an estimate, and a P given as a bound: its standard error is "
    "bounded too",
    "estimate_not_significant": "an estimate said to be not significant",
    "estimate_with_unlabelled_spread": "an estimate whose ± is not named SD or SE",
    "estimate_alone": "an estimate without any measure of its uncertainty",
    "medians": "medians, which this measure cannot use",
    "unnamed_centre": "figures that the page names neither means nor medians",
    "one_arm": "the treated arm only; the control arm's figures were not printed",
    "direction_with_p": "a direction with a P, but no size",
    "not_significant": "said to be not significant, no size",
    "direction": "a direction, no size",
    "p_alone": "a P, without direction or size",
    "range_of_estimates": "a span over several estimates, none of them by itself",
    "other_association": "an association in another measure or unit, or with another adjustment: "
    "its direction alone",
    "compared_groups": "a comparison of groups that differ in what is measured, no association",
    "other_unit": "figures in a unit from which no rule leads to the one asked for",
    "one_time": "figures of one time only, so that no change can be formed",
    "other_arms": "nothing of these two arms, but something of others or in words",
}
ALONE = {"medians": "median", "unnamed_centre": "centre"}
NS_LEVEL = Assumed(
    0.05, None, "significance_level", '"not significant" means P above 0.05', "convention"
)


@dataclass(frozen=True, slots=True)
class Part:
    """A comparison that was reported only in part.

    ``direction_from`` says whether the direction was ``stated`` or follows from ``figures``.
    ``se_low`` and ``se_high`` bound the standard error of ``estimate``; either may be open.
    """

    kind: str
    said: str
    direction: str | None
    direction_from: str | None
    estimate: Number | None
    se_low: Number | None
    se_high: Number | None
    p: PValue | None


def partly(c: Comparison) -> Part | None:
    """Keep what was said of a comparison that has no estimate with standard error.

    Returns None where nothing at all was printed of it.
    """
    estimate = _estimate(c)
    p = next((contrast.p for contrast, _, _ in c.contrasts() if contrast.p is not None), None)
    direction, told = _direction(c, estimate)
    tested = next((p for p, _ in c.tests()), None)
    low, high = (None, None) if estimate is None else error_bounds(c, estimate, tested)
    kind = _kind(c, estimate, p, direction, high is not None)
    if kind is None:
        return None
    return Part(kind, said(c), direction, told, estimate, low, high, p)


def _estimate(c: Comparison) -> Number | None:
    for estimate in (published_estimate(c), difference_without_spread(c)):
        if estimate is not None:
            told = in_unit(estimate, c.terms, c.substance, estimate.unit, c.question.unit)
            if told is not None:
                return told
    if c.question.measure == "RR" and c.control is not None:
        return _ratio_of_percentages(c, c.control)
    return None


def _ratio_of_percentages(c: Comparison, control: str) -> Number | None:
    shares = []
    for arm in (c.treatment, control):
        result = c.result(arm)
        if result is None or not result.events_percent:
            return None
        shares.append(c.report(result.events_percent, "%", "arms", arm, "events_percent"))
    return derive(recover.log_ratio, None, first=shares[0], second=shares[1])


def error_bounds(
    c: Comparison, estimate: Number, p: PValue | None
) -> tuple[Number | None, Number | None]:
    """Bounds of the standard error from a P, whichever test was made.

    They are the t test's lower and the normal's upper.
    """
    if estimate.value == 0 or p is None or p.relation == "=":
        return None, None
    if p.relation == "ns":
        return se_from_p_value(c, estimate, NS_LEVEL), None
    if p.value is None or not 0 < p.value < 1:
        return None, None
    limit = c.report(p.value, None, "contrasts", "p.value")
    if p.relation == ">":
        return se_from_p_value(c, estimate, limit), None
    return None, derive(recover.se_from_p, estimate.unit, estimate=estimate, p=limit)


def _direction(c: Comparison, estimate: Number | None) -> tuple[str | None, str | None]:
    """Direction of the treated side, and whether it was stated or follows from figures.

    "No significant change" is a statement on the test, not on the direction.
    """
    turned_round = {"increase": "decrease", "decrease": "increase", "no_change": "no_change"}
    for contrast, _, turned in c.contrasts():
        tested = contrast.p is not None and contrast.p.relation == "ns"
        if contrast.direction is None or (tested and contrast.direction == "no_change"):
            continue
        return turned_round[contrast.direction] if turned else contrast.direction, "stated"
    if c.control is None:
        result = c.result(c.treatment)
        if result is not None and result.direction is not None:
            return result.direction, "stated"
    if estimate is None or estimate.value == 0:
        return None, None
    return "increase" if estimate.value > 0 else "decrease", "figures"


def _kind(
    c: Comparison,
    estimate: Number | None,
    p: PValue | None,
    direction: str | None,
    bounded: bool,
) -> str | None:
    if estimate is not None:
        if bounded or (p is not None and p.relation == ">"):
            return "estimate_with_bounded_p"
        if p is not None and p.relation == "ns":
            return "estimate_not_significant"
        unlabelled = any(_unlabelled(c.result(arm)) for arm in (c.treatment, c.control) if arm)
        return "estimate_with_unlabelled_spread" if unlabelled else "estimate_alone"
    results = [c.result(arm) for arm in (c.treatment, c.control) if arm]
    if len(results) == 2 and all(_has(result, "median") for result in results):
        return "medians"
    if len(results) == 2 and all(_has(result, "centre") for result in results):
        return "unnamed_centre"
    if len(results) == 2 and all(_has(result, "mean") for result in results):
        return "other_unit"
    if c.control is not None and _has(results[0], "mean", "median", "centre"):
        return "one_arm"
    if p is not None and p.relation == "ns":
        return "not_significant"
    if direction is not None and p is not None:
        return "direction_with_p"
    if direction is not None or _arm_direction(results):
        return "direction"
    if p is not None:
        return "p_alone"
    if c.control is None:
        alone = next((k for k, n in ALONE.items() if _has(results[0], n)), "one_time")
        return alone if _summaries(results[0]) else None
    return "other_arms" if c.outcome.arms or c.outcome.contrasts else None


def _summaries(result: ArmResult | None) -> list[tuple[str, Summary]]:
    if result is None:
        return []
    parts = ("baseline", "final", "change", "change_percent")
    found = [(part, getattr(result, part)) for part in parts]
    return [(part, summary) for part, summary in found if summary is not None]


def _has(result: ArmResult | None, *names: str) -> bool:
    return any(
        getattr(summary, name) is not None
        for part, summary in _summaries(result)
        if part != "baseline"
        for name in names
    )


def _unlabelled(result: ArmResult | None) -> bool:
    return any(summary.spread is not None for _, summary in _summaries(result))


def _arm_direction(results: list[ArmResult | None]) -> bool:
    return any(result is not None and result.direction is not None for result in results)


def said(c: Comparison) -> str:
    """Say in one line what was printed of the comparison."""
    pieces = []
    own = [arm for arm in (c.treatment, c.control) if arm is not None]
    told = any(arm_said(c, arm) for arm in own)
    for arm in own if told else c.outcome.arms:
        text = arm_said(c, arm)
        if text:
            pieces.append(f"{arm}: {text}")
    for contrast, _, _ in c.contrasts():
        words = contrast_said(contrast)
        if words:
            pieces.append("between arms: " * (contrast.kind == "between") + words)
    pieces += _unclear(c, told or bool(list(c.contrasts())))
    return re.sub(r"(?<![\w.])-(?=\d)", "\u2212", "; ".join(pieces))


def contrast_said(contrast: Contrast) -> str:
    """Say in one line what was printed of a contrast."""
    words = []
    if contrast.estimate is not None:
        limits = "" if contrast.ci is None else " ({:g} to {:g})".format(*contrast.ci)
        words.append(f"{contrast.measure} {contrast.estimate:g}{limits}")
    elif contrast.range is not None and contrast.measure is not None:
        words.append("{} {:g} to {:g} (a span)".format(contrast.measure, *contrast.range))
    if contrast.direction is not None:
        words.append(contrast.direction.replace("_", " "))
    if contrast.p is not None:
        words.append(p_said(contrast.p))
    if contrast.kind == "association" and contrast.adjusted_for is not None:
        words.append(f"adjusted for {contrast.adjusted_for}")
    return ", ".join(words)


def _unclear(c: Comparison, own: bool) -> list[str]:
    """What was said of a comparison whose other side the page does not name."""
    found = []
    for contrast in c.outcome.contrasts:
        if contrast.kind != "not_stated" or (own and contrast.arm not in (c.treatment, c.control)):
            continue
        words = [] if contrast.direction is None else [contrast.direction.replace("_", " ")]
        words += [] if contrast.p is None else [p_said(contrast.p)]
        if words:
            found.append(f"{contrast.arm}: {', '.join(words)} (against what is not said)")
    return found


def arm_said(c: Comparison, arm: str) -> str:
    """Say in one line what was printed of an arm."""
    result = c.result(arm)
    words = []
    for part, summary in _summaries(result):
        centres = (("mean", summary.mean), ("median", summary.median), ("", summary.centre))
        name, value = next(((n, v) for n, v in centres if v is not None), ("", None))
        if value is None:
            continue
        spread = next(
            (
                f" ({label} {getattr(summary, kind):g})"
                for kind, label in (("sd", "SD"), ("se", "SE"), ("spread", "±"))
                if getattr(summary, kind) is not None
            ),
            "",
        )
        unit = c.unit_of(part) or ""
        what = f"{part.replace('_', ' ')} {name}".strip()
        words.append(f"{what} {value:g}{spread} {unit}".strip())
    if result is not None:
        if result.events is not None:
            total = result.total if result.total is not None else result.n
            words.append(f"{result.events}/{total}" if total else f"{result.events} events")
        if result.events_percent is not None:
            words.append(f"{result.events_percent:g} % with an event")
        if result.direction is not None:
            words.append(result.direction.replace("_", " "))
    return ", ".join(words)


def p_said(p: PValue) -> str:
    """Write a P as it was printed."""
    return "not significant" if p.relation == "ns" else f"P {p.relation} {p.value:g}"
