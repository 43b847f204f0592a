"""Absolute figures of a summary of findings: with the comparator, with the treatment, apart."""

from __future__ import annotations

from evidence.rating.certainty.absolute import PART_WORDS
from evidence.rating.certainty.certainty import Certainty
from evidence.report.numbers import MINUS, pretty_unit, significant
from evidence.report.result import Shown, ten


def printed(value: float) -> str:
    """Write a figure as it was printed, with a true minus sign.

    Examples
    --------
    >>> printed(-0.7), printed(102.0)
    ('−0.7', '102')
    """
    return f"{value:.10g}".replace("-", MINUS)


def _one_kind(one: Certainty) -> bool:
    return len({(mean.part, mean.unit) for mean in one.means}) == 1


def comparator(one: Certainty) -> tuple[float | None, str, str]:
    """Figure with the comparator, where it comes from, and its unit."""
    if one.comparator is not None and one.comparator.unusable:
        return None, one.comparator.source, ""
    if one.comparator is not None:
        return ten(1000 * one.comparator.median), one.comparator.source, "per 1,000"
    if one.means and _one_kind(one):
        values = sorted(mean.value for mean in one.means)
        middle = (values[(len(values) - 1) // 2] + values[len(values) // 2]) / 2
        names = ", ".join(mean.label for mean in one.means)
        source = f"median of the comparator arms ({names})" if len(values) > 1 else names
        unit = one.means[0].unit or ""
        if one.inputs.measure == "MD" and unit != one.inputs.unit:
            # A difference in one unit cannot be laid on a mean in another.
            return None, source, one.inputs.unit or ""
        return ten(middle), source, unit
    return None, "", ""


def comparator_text(one: Certainty) -> str:
    """Write the figure with the comparator, or why there is none to compare with."""
    if one.comparator is not None and one.comparator.unusable:
        return one.comparator.unusable
    if one.comparator is not None:
        low, high = 1000 * one.comparator.lowest, 1000 * one.comparator.highest
        text = f"{significant(1000 * one.comparator.median)} per 1,000"
        reach = f"{significant(low)} to {significant(high)}"
        return text if low == high else f"{text} (trials: {reach})"
    if not one.means:
        return "not printed" if one.inputs.k and one.inputs.contrast == "between" else ""
    if _one_kind(one):
        values = sorted(mean.value for mean in one.means)
        reach = printed(values[0])
        reach += "" if values[0] == values[-1] else f" to {printed(values[-1])}"
        return f"{PART_WORDS[one.means[0].part]} {reach} {pretty_unit(one.means[0].unit)}".rstrip()
    return "; ".join(
        f"{m.label} {PART_WORDS[m.part]} {printed(m.value)} {pretty_unit(m.unit)}".rstrip()
        for m in one.means
    )


def _final_values(one: Certainty) -> bool:
    return bool(one.means) and _one_kind(one) and one.means[0].part == "final"


def _ratios(one: Certainty) -> tuple[float, float, float] | None:
    i = one.inputs
    if i.estimate is None or i.ci_low is None or i.ci_high is None:
        return None
    return i.shown(i.estimate), i.shown(i.ci_low), i.shown(i.ci_high)


def with_treatment(one: Certainty, base: float | None) -> Shown | None:
    """Risk with the treatment, or the mean where the effect is a ratio of final values."""
    if one.absolute is not None:
        return _shown(*one.absolute.treatment)
    ratios = _ratios(one)
    if one.inputs.measure == "ROM" and base and _final_values(one) and ratios:
        return _shown(*(base * r for r in ratios))
    return None


def difference(one: Certainty, base: float | None, relative: Shown | None) -> Shown | None:
    """Difference of the two, or the mean difference as it was pooled."""
    if one.absolute is not None:
        return _shown(*one.absolute.difference)
    if one.inputs.measure == "MD":
        return relative
    made = with_treatment(one, base)
    if made is None or base is None:
        return None
    return _shown(made.estimate - base, made.low - base, made.high - base)


def _shown(estimate: float, low: float, high: float) -> Shown:
    return Shown(estimate=ten(estimate), low=ten(low), high=ten(high))
