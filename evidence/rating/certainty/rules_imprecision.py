"""Imprecision: the interval against no effect and what matters, and the information size."""

from __future__ import annotations

import math

from evidence.rating.certainty.inputs import Inputs
from evidence.rating.certainty.rules_text import Hit, figure, percent, span

FAR_LESS = 0.3
THREEFOLD = 3.0
WIDE = {"RR": 3.0, "HR": 3.0, "OR": 2.5}


def imprecision(inputs: Inputs) -> tuple[int, tuple[Hit, ...]]:
    """Levels down: the gravest of what the interval, its width and the number of people say.

    A wider interval about the same estimate never takes fewer levels.
    """
    if inputs.estimate is None or inputs.ci_low is None or inputs.ci_high is None:
        words = "Nothing could be pooled: the size of the effect and its interval are not known."
        return -2, (Hit("IM-0", -2, words),)
    hits = [interval_hit(inputs, inputs.ci_low, inputs.ci_high), size_hit(inputs)]
    hits += _width_hit(inputs, inputs.ci_low, inputs.ci_high)
    if inputs.bayes is not None and inputs.k in (2, 3):
        beside = interval_hit(inputs, *inputs.bayes)
        words = f"Beside it, Bayes gives {span(inputs, *inputs.bayes)}, which by the same rule "
        words += f"would take {-beside.step} ({beside.code}); {inputs.k} trials settle neither."
        hits.append(Hit("IM-B", 0, words))
    return min(hit.step for hit in hits), tuple(hits)


def interval_hit(inputs: Inputs, low: float, high: float) -> Hit:
    """What an interval excludes and includes."""
    told = f"The interval, {span(inputs, low, high)},"
    if inputs.contrast == "level":
        words = f"{told} has no threshold to be held against: a level is compared with nothing."
        return Hit("IM-L", 0, words)
    null = low < 0 < high
    if inputs.important is None:
        lack = "; against what matters it cannot be computed: no smallest difference was seen."
        if null:
            return Hit("IM-1n", -1, f"{told} includes no effect{lack}")
        return Hit("IM-0n", 0, f"{told} excludes no effect{lack}")
    harm, good = inputs.important
    marks = f" (what matters: {figure(inputs.shown(harm))} or less, "
    marks += f"{figure(inputs.shown(good))} or more)"
    if low < harm and high > good:
        if _threefold(inputs, low, high):
            words = f"{told} reaches three times what matters in both directions{marks}."
            return Hit("IM-3", -3, words)
        return Hit("IM-2", -2, f"{told} includes effects that matter in both directions{marks}.")
    if null and (low < harm or high > good):
        return Hit("IM-1", -1, f"{told} includes no effect and one that matters{marks}.")
    if null:
        return Hit("IM-0t", 0, f"{told} excludes every effect that matters{marks}.")
    return Hit("IM-0e", 0, f"{told} excludes no effect{marks}.")


def _threefold(inputs: Inputs, low: float, high: float) -> bool:
    if inputs.important is None:
        return False
    harm, good = inputs.important
    return low <= THREEFOLD * harm and high >= THREEFOLD * good


def size_hit(inputs: Inputs) -> Hit:
    """People against the optimal information size."""
    size = inputs.size
    if size is not None and size.fraction is None and inputs.k:
        told = f"at least {size.required:,} would be needed ({size.basis})"
        words = f"Information size: {inputs.size_reason or 'sizes were not printed'}"
        return Hit("IM-Sn", -1, f"{words}, so that it is not shown to be enough; {told}.")
    if size is None or size.fraction is None:
        why = inputs.size_reason or "sizes were not printed"
        return Hit("IM-Sx", 0, f"Information size: cannot be computed ({why}).")
    bound = size.people is None
    people = size.at_most if bound else size.people
    told = f"{'At most ' if bound else ''}{people:,} people, of {size.required:,} that one trial "
    told += f"would need ({size.basis}): {percent(size.fraction)}."
    if size.fraction >= 1:
        if bound:
            words = "Information size: of the people randomised, those with this outcome were not "
            return Hit("IM-Sn", -1, f"{words}printed, so that it is not shown to be enough.")
        return Hit("IM-S0", 0, told)
    if size.fraction < FAR_LESS:
        return Hit("IM-S2", -2, f"{told} That is far less than needed.")
    return Hit("IM-S1", -1, told)


def _width_hit(inputs: Inputs, low: float, high: float) -> list[Hit]:
    most = WIDE.get(inputs.measure)
    if most is None:
        return []
    wide = high - low > math.log(most)
    words = f"Upper over lower limit of the {inputs.measure}: "
    words += f"{figure(math.exp(min(high - low, 700.0)))}; over {most:g} would mean far fewer "
    words += "people than needed."
    return [Hit("IM-R2" if wide else "IM-R0", -2 if wide else 0, words)]
