"""The rules of a suggestion: pure functions from inputs to levels, each with its code and words."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from evidence.catalog.certainty import DOMAINS
from evidence.rating.certainty.inputs import Inputs
from evidence.rating.certainty.rules_imprecision import imprecision
from evidence.rating.certainty.rules_text import Hit, figure, percent, span

Level = Literal["very_low", "low", "moderate", "high"]
LEVELS: tuple[Level, ...] = ("very_low", "low", "moderate", "high")
# Risk-of-bias words by how much they count; the words of RoB 2 and of ROBINS-I.
GRAVE = ("high", "serious", "critical")
UNSURE = ("some_concerns", "moderate", "no_information", "not_rated")
FEW, ASYMMETRY_P = 10, 0.10
GRAVE_SOME, HALF, MOVED = 0.25, 0.5, 0.25
LARGE, VERY_LARGE = 2.0, 5.0
WITHOUT_CONTROL = {
    "within": "Changes within an arm",
    "level": "Levels seen in treated people",
    "association": "Associations in one group of people",
}


@dataclass(frozen=True, slots=True)
class Suggestion:
    """What the rules suggest for one domain: levels down, and every rule that was looked at."""

    domain: str
    step: int
    hits: tuple[Hit, ...]

    @property
    def text(self) -> str:
        """The rules that made the step, or all where none did, with their codes."""
        made = [h for h in self.hits if h.step < 0 or h.beside] if self.step else self.hits
        return " ".join(f"[{hit.code}] {hit.text}" for hit in made)


def start(inputs: Inputs) -> Hit:
    """Level to start from, by design: ``step`` is the number of levels above very low."""
    if inputs.contrast != "between":
        what = WITHOUT_CONTROL[inputs.contrast]
        return Hit("START-W", 1, f"{what} are uncontrolled: the rating starts at low.")
    if inputs.randomised:
        return Hit("START-R", 3, "Randomised trials: the rating starts at high.")
    if inputs.robins_i:
        words = "Non-randomised studies, all rated by ROBINS-I: the rating starts at high."
        return Hit("START-I", 3, words)
    words = "Non-randomised studies, not all rated by ROBINS-I: the rating starts at low."
    return Hit("START-N", 1, words)


def risk_of_bias(inputs: Inputs) -> Suggestion:
    """Share of the weight by rating; what nobody rated counts as some concerns."""
    shares = dict(inputs.bias)

    def share(*words: str) -> float:
        return sum(shares.get(word, 0.0) for word in words)

    grave, unsure, bare = share(*GRAVE), share(*UNSURE), share("not_rated")
    told = ", ".join(f"{w.replace('_', ' ')} {percent(s)}" for w, s in inputs.bias if s > 0)
    if not inputs.k:
        hit = Hit("RB-0", -1, "No trial that could be pooled: counted as some concerns.")
    elif share("critical") >= HALF:
        hit = Hit("RB-5", -3, f"Half of the weight or more is at critical risk ({told}).")
    elif grave >= HALF:
        hit = Hit("RB-4", -2, f"Half of the weight or more is at high risk ({told}).")
    elif grave >= GRAVE_SOME:
        hit = Hit("RB-3", -1, f"A quarter of the weight or more is at high risk ({told}).")
    elif unsure + grave > HALF:
        words = f"Most of the weight is not at low risk ({told})."
        more = " What nobody has rated counts as some concerns." if bare > 0 else ""
        hit = Hit("RB-0" if bare >= HALF else "RB-2", -1, words + more)
    else:
        hit = Hit("RB-1", 0, f"Most of the weight is at low risk ({told}).")
    return Suggestion("risk_of_bias", hit.step, (hit,))


def inconsistency(inputs: Inputs) -> Suggestion:
    """Range of the true effects, estimate ± 1.96 τ, against what matters; I2 only beside.

    The prediction interval is shown but does not decide: it is wide where trials are few, which
    imprecision counts already.
    """
    if inputs.k < 2 or inputs.estimate is None or inputs.tau is None:
        words = "Fewer than two trials: how far trials differ cannot be assessed."
        return Suggestion("inconsistency", 0, (Hit("IC-0", 0, words),))
    low, high = inputs.estimate - 1.96 * inputs.tau, inputs.estimate + 1.96 * inputs.tau
    beside = f"τ = {figure(inputs.tau)} on the analysis scale"
    if inputs.prediction is not None:
        beside += f"; prediction interval {span(inputs, *inputs.prediction)}"
    if inputs.i2 is not None:
        beside += f"; I² beside: {inputs.i2:.0f} %"
    true = f"true effects of the trials reach from {span(inputs, low, high)} ({beside})"
    hits = [_range_hit(inputs, low, high, true)]
    if _apart(inputs):
        words = "The 95 % intervals of two trials on opposite sides of no effect do not meet."
        hits.append(Hit("IC-4", -1, words))
    return Suggestion("inconsistency", min(hit.step for hit in hits), tuple(hits))


def _range_hit(inputs: Inputs, low: float, high: float, true: str) -> Hit:
    if inputs.contrast == "level":
        words = f"The {true}; a level has no smallest difference to hold that against."
        return Hit("IC-L", 0, words)
    null = low < 0 < high
    if inputs.important is None:
        if null:
            words = f"The {true}, on both sides of no effect; no smallest difference was seen."
            return Hit("IC-2", -1, words)
        return Hit("IC-1", 0, f"The {true}, on one side of no effect.")
    harm, good = inputs.important
    if low < harm and high > good:
        return Hit("IC-3", -2, f"The {true}: effects that matter in both directions.")
    if null and (low < harm or high > good):
        words = f"The {true}: from an effect that matters to one of the other sign."
        return Hit("IC-2", -1, words)
    return Hit("IC-1", 0, f"The {true}: the differences would not change what is said.")


def _apart(inputs: Inputs) -> bool:
    limits = () if inputs.contrast == "level" else inputs.trial_limits
    return any(a[1] < b[0] and a[1] < 0 < b[0] for a in limits for b in limits)


def indirectness(inputs: Inputs) -> Suggestion:
    """One level each for people and comparator, two at most; for the question's words alone one."""
    hits = []
    if inputs.people:
        hits.append(Hit("ID-P", -1, f"People: {inputs.people}"))
    if inputs.comparator:
        hits.append(Hit("ID-C", -1, f"Comparator: {inputs.comparator}"))
    if inputs.declared:
        # Where a flag already counts, the declared words say the same thing in other words.
        step = 0 if hits else -1
        hits.append(Hit("ID-D", step, f"Declared with the question: {inputs.declared}"))
    if not hits:
        hits.append(Hit("ID-0", 0, "People and comparator are those the answer is meant for."))
    return Suggestion("indirectness", max(sum(hit.step for hit in hits), -2), tuple(hits))


def surrogate(inputs: Inputs) -> Suggestion:
    """One level where the outcome only stands in for what patients notice."""
    if inputs.surrogate_for:
        words = f"The outcome stands in for {inputs.surrogate_for}."
        hit = Hit("SU-1", -1, words)
    else:
        hit = Hit("SU-0", 0, "The outcome is not declared as a surrogate.")
    return Suggestion("surrogate", hit.step, (hit,))


def publication_bias(inputs: Inputs) -> Suggestion:
    """Small-study test with ten trials or more; what trials told only in part at any number."""
    hits = []
    if inputs.asymmetry_p is not None:
        found = inputs.asymmetry_p < ASYMMETRY_P
        words = f"Test of small-study effects in {inputs.k} trials: P = {inputs.asymmetry_p:.2g}."
        hits.append(Hit("PB-1" if found else "PB-5", -1 if found else 0, words))
    else:
        why = inputs.asymmetry_reason or f"with fewer than {FEW} trials"
        hits.append(Hit("PB-0", 0, f"Small-study effects are not tested {why}."))
    hits.append(_partial_hit(inputs))
    return Suggestion("publication_bias", min(hit.step for hit in hits), tuple(hits))


def _partial_hit(inputs: Inputs) -> Hit:
    share = inputs.partial_share
    if share is None:
        return Hit("PB-4", 0, "No trial told of the outcome.")
    told = f"{len(inputs.told_in_part)} of {inputs.k + len(inputs.told_in_part)} trials"
    if share < HALF:
        return Hit("PB-4", 0, f"{told} told of the outcome only in part.")
    if inputs.estimate is None or inputs.second is None:
        words = f"{told} told of the outcome only in part, and "
        words += "none gave an effect with its uncertainty."
        if inputs.estimate is not None:
            words = f"{told} told of the outcome only in part; what they would change is not known."
        return Hit("PB-3", -1, words)
    y, z = inputs.estimate, inputs.second.median
    second = f"with them the estimate is {figure(inputs.shown(z))} in place of "
    second += figure(inputs.shown(y))
    # A move away from no effect is no sign of results kept back.
    towards = (abs(y) - abs(z)) if y * z > 0 else abs(y) + abs(z)
    if towards >= MOVED * abs(y) and y != 0:
        words = f"{told} told of the outcome only in part; {second}, nearer to no effect by a "
        return Hit("PB-2", -1, words + "quarter or more.")
    return Hit("PB-6", 0, f"{told} told of the outcome only in part; {second}.")


def large_effect(inputs: Inputs, begun: Hit, down: int) -> Hit:
    """Levels up for a large effect: only from low, and only where nothing was rated down.

    The end of the interval nearest to no effect decides: a ratio of 2 or 5, or its inverse.
    """
    ratio = inputs.measure in ("RR", "OR", "HR")
    if begun.step > 1 or down < 0 or not ratio or inputs.ci_low is None or inputs.ci_high is None:
        return Hit("LE-0", 0, "No rating up for a large effect.")
    low, high = inputs.shown(inputs.ci_low), inputs.shown(inputs.ci_high)
    nearest = max(low, 1 / high if high > 0 else 0.0)
    told = f"the end of the interval nearest to no effect is {figure(nearest)} times"
    if nearest >= VERY_LARGE:
        return Hit("LE-2", 2, f"Very large effect: {told}.")
    if nearest >= LARGE:
        return Hit("LE-1", 1, f"Large effect: {told}.")
    return Hit("LE-0", 0, f"No rating up for a large effect: {told}.")


RULES: dict[str, Callable[[Inputs], Suggestion]] = {
    "risk_of_bias": risk_of_bias,
    "inconsistency": inconsistency,
    "indirectness": indirectness,
    "surrogate": surrogate,
    "imprecision": lambda inputs: Suggestion("imprecision", *imprecision(inputs)),
    "publication_bias": publication_bias,
}


def suggest(inputs: Inputs) -> tuple[Suggestion, ...]:
    """Suggestion for each domain, in the order of ``DOMAINS``."""
    return tuple(RULES[domain](inputs) for domain in DOMAINS)


def level_of(begun: int, steps: dict[str, int], raised: int, *, as_asked: bool = False) -> Level:
    """Level of certainty: where it began, less the levels down, plus those up.

    Surrogate and indirectness are one domain of GRADE, which takes two levels at most (three where
    one of them alone was judged so).

    Parameters
    ----------
    as_asked : bool
        Of the question as it is asked, in its own people, against its own comparator and in what
        was measured, so that nothing is indirect.

    Examples
    --------
    >>> steps = {"risk_of_bias": -1, "indirectness": 0, "surrogate": -1, "imprecision": -1}
    >>> level_of(3, steps, 0), level_of(3, steps, 0, as_asked=True)
    ('very_low', 'low')
    """
    left = dict(steps)
    pair = (left.pop("indirectness", 0), left.pop("surrogate", 0))
    down = sum(left.values()) + (0 if as_asked else max(sum(pair), min(-2, *pair)))
    return LEVELS[min(max(begun + down + raised, 0), len(LEVELS) - 1)]
