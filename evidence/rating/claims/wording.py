"""The wording that the evidence would allow: templates tied to certainty.

After Santesso et al, GRADE guidelines 26, J Clin Epidemiol 2020;119:126-135: high certainty
"lowers", moderate "probably lowers", low "may lower", very low "the evidence is very uncertain".
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from evidence.catalog.claims import Kind as ClaimKind
from evidence.catalog.question import Kind
from evidence.rating.claims.verdict import SURE, UNRATED, Certainty, ClaimEvidence

ADVERBS: dict[Certainty, str] = {"high": "", "moderate": "probably ", "low": "may "}
BEING: dict[Certainty, str] = {
    "high": "is", "moderate": "is probably", "low": "may be", "very_low": "may or may not be",
}  # fmt: skip
COUNTED = ("RR", "OR", "HR")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sides:
    """The words for what was compared.

    Attributes
    ----------
    treatment, control : str
        "an aromatase inhibitor", "placebo or no treatment".
    outcome, people : str
        "Estradiol, serum", "men on testosterone".
    title : str
        Of the question; levels are told by it.
    counted : bool
        Whether the outcome is an event that is counted.
    contrast : {"between", "within", "level", "association"}
        Of what kind the question is.
    randomised : bool
        Whether all designs that count are randomised; else two groups are only compared.
    figures : str
        Estimate with unit and interval, for levels.
    """

    treatment: str
    control: str
    outcome: str
    people: str
    title: str = ""
    counted: bool = False
    contrast: Kind = "between"
    randomised: bool = True
    figures: str = ""


def allowed_wording(sides: Sides, found: ClaimEvidence, *, below_null: float | None) -> str:
    """Say what the evidence allows, in the words that belong to its certainty.

    Parameters
    ----------
    sides : Sides
    found : ClaimEvidence
    below_null : float or None
        Probability that the effect is below no difference; None where nothing says.

    Examples
    --------
    >>> men = Sides(treatment="an aromatase inhibitor", control="placebo", outcome="Estradiol",
    ...             people="men")
    >>> allowed_wording(men, ClaimEvidence(k=4, certainty="moderate"), below_null=0.999)
    'In men, an aromatase inhibitor probably lowers estradiol compared with placebo.'
    >>> allowed_wording(men, ClaimEvidence(k=1), below_null=0.9)[:60]
    'In men, the evidence leaves open whether an aromatase inhibi'
    """
    name, treatment, control = map(lowered, (sides.outcome, sides.treatment, sides.control))
    who = f"In {sides.people}"
    between = sides.contrast == "between"
    against = f" compared with {control}" if control and between else ""
    under = f" under {treatment}" if treatment and sides.contrast != "level" else ""
    if found.k == 0 and found.in_part == 0:
        if sides.contrast == "level":
            return f"{sides.title}: no study seen reports it."
        return f"{who}, {name}{under}{against}: no study seen reports this comparison."
    if sides.contrast == "level":
        return _level(sides, found)
    if sides.contrast == "association":
        return _association(sides, found, below_null)
    if found.certainty == "very_low":
        about = f"the effect of {treatment} on {name}" if between else f"a change of {name}{under}"
        return f"{who}, the evidence is very uncertain about {about}{against}."
    level = found.certainty or UNRATED
    tail = "" if found.certainty is not None else " (certainty not yet rated)"
    less, more = ("less frequent", "more frequent") if sides.counted else ("lower", "higher")
    if below_null is None or 1 - SURE < below_null < SURE:
        pair = f"{less.split()[0]} or {more}"
        if sides.contrast == "within":
            whether = f"whether {name} is {pair}{under} than before"
            return f"{who}, the evidence leaves open {whether}{_only_partly(found)}."
        if not sides.randomised:
            with_ = f"with {treatment} than with {control}"
            whether = f"whether {name} is {pair} {with_}{_only_partly(found)}"
            return f"{who}, the evidence leaves open {whether}."
        whether = f"whether {treatment} makes {name} {pair}"
        return f"{who}, the evidence leaves open {whether}{against}{_only_partly(found)}."
    down = below_null >= SURE
    if sides.contrast == "within":
        return (
            f"{who}, {name} {BEING[level]} {less if down else more} after {treatment} than before, "
            f"in arms without a comparison; that is no effect of treatment{tail}."
        )
    if not sides.randomised:
        return (
            f"{who}, {name} {BEING[level]} {less if down else more} with {treatment} than with "
            f"{control}; an association, which is no effect{tail}."
        )
    return f"{who}, {treatment} {_verb(level, name, down, counted=sides.counted)}{against}{tail}."


def _only_partly(found: ClaimEvidence) -> str:
    if found.k:
        return ""
    many = "one trial" if found.in_part == 1 else f"{found.in_part} trials"
    return f", which {many} reported in part only"


def _verb(level: Certainty, name: str, down: bool, *, counted: bool) -> str:
    adverb = ADVERBS[level]
    if counted:
        make = "make" if level == "low" else "makes"
        return f"{adverb}{make} {name} {'less' if down else 'more'} frequent"
    verb = "lower" if down else "raise"
    return f"{adverb}{verb if level == 'low' else verb + 's'} {name}"


def figures(found: ClaimEvidence, unit: str | None) -> str:
    """Write estimate, unit and interval with three significant digits; empty without estimate.

    Examples
    --------
    >>> figures(ClaimEvidence(k=2, estimate=616.2, ci_low=500.0, ci_high=1020.0), "ng/dL")
    '616 ng/dL (500 to 1020)'
    """
    if found.estimate is None:
        return ""
    text = three_digits(found.estimate) + (f" {unit}" if unit else "")
    if found.ci_low is None or found.ci_high is None:
        return text
    return f"{text} ({three_digits(found.ci_low)} to {three_digits(found.ci_high)})"


def three_digits(value: float) -> str:
    """Write a figure with three significant digits, no exponent and a true minus sign.

    Examples
    --------
    >>> three_digits(-0.02849), three_digits(1234.5), three_digits(0.0)
    ('−0.0285', '1230', '0')
    """
    if value == 0:
        return "0"
    places = 2 - int(f"{value:.2e}".split("e")[1])
    return f"{round(value, places):.{max(places, 0)}f}".replace("-", "\u2212")


def _level(sides: Sides, found: ClaimEvidence) -> str:
    if not sides.figures:
        return f"{sides.title}: no study seen gives the level with its uncertainty."
    many = "one study" if found.k == 1 else f"{found.k} studies"
    return (
        f"{sides.title}: the mean {BEING[found.certainty or UNRATED]} {sides.figures}, in {many}."
    )


def _association(sides: Sides, found: ClaimEvidence, below_null: float | None) -> str:
    name = lowered(sides.outcome)
    tail = "an association, which is no effect"
    if below_null is None or 1 - SURE < below_null < SURE:
        return f"In {sides.people}, the evidence leaves open the sign of the {name}; {tail}."
    sign = "negative" if below_null >= SURE else "positive"
    return f"In {sides.people}, the {name} {BEING[found.certainty or UNRATED]} {sign}; {tail}."


def lowered(name: str) -> str:
    """Name an outcome within a sentence: without what follows a comma, LDL left as it is."""
    short = name.split(",")[0]
    return short[:1].lower() + short[1:] if short[1:2].islower() else short


def wording_without_test(kind: ClaimKind, *, seen: int) -> str:
    """Say how a claim that no trial can test may be put.

    Examples
    --------
    >>> wording_without_test("advice", seen=0)
    'As advice or opinion only, with its author; no trial seen tests it.'
    """
    sources = {0: "no source was seen", 1: "one source was seen"}.get(
        seen, f"{seen} sources were seen"
    )
    if kind == "advice":
        return "As advice or opinion only, with its author; no trial seen tests it."
    if kind == "mechanism":
        return f"As a mechanism, with its source, and not as an effect on patients; {sources}."
    return f"As a matter of record, with its source; {sources}."


def wording_not_held(agreements: Sequence[str]) -> str:
    """Say what is left of a claim that nothing pooled is held against.

    Examples
    --------
    >>> wording_not_held(["yes", "partly"])
    'As seen in single reports, each with its source (1 agrees, 1 in part); nothing was pooled.'
    >>> wording_not_held([])
    'As a hypothesis only: nothing was seen that tests it.'
    """
    if not agreements:
        return "As a hypothesis only: nothing was seen that tests it."
    counts = [(agreements.count(word), word) for word in ("yes", "partly", "no")]
    words = {"yes": "agrees", "partly": "in part", "no": "does not"}
    plural = {"yes": "agree", "partly": "in part", "no": "do not"}
    told = [f"{n} {(words if n == 1 else plural)[word]}" for n, word in counts if n]
    return (
        f"As seen in single reports, each with its source ({', '.join(told)}); nothing was pooled."
    )
