"""Plain statements whose wording follows the certainty (GRADE guidelines 26)."""

from __future__ import annotations

from evidence.errors import FitError, Problem, did_you_mean
from evidence.rating.certainty.inputs import Inputs
from evidence.rating.certainty.rules import LEVELS
from evidence.rating.certainty.rules_text import span

# Adverb or auxiliary by level; for "very_low" the statement is of another form.
HEDGE = {"high": "", "moderate": "probably ", "low": "may "}
SYMBOLS = {
    "high": "\u2295\u2295\u2295\u2295", "moderate": "\u2295\u2295\u2295\u25ef",
    "low": "\u2295\u2295\u25ef\u25ef", "very_low": "\u2295\u25ef\u25ef\u25ef",
}  # fmt: skip


def verb(level: str, plain: str, third: str) -> str:
    """Join a verb with the hedge of a level: "reduces", "probably reduces", "may reduce".

    Raises
    ------
    FitError
        If there is no such level, or it is "very_low", of which no effect is said.

    Examples
    --------
    >>> [verb(level, "reduce", "reduces") for level in ("high", "moderate", "low")]
    ['reduces', 'probably reduces', 'may reduce']
    """
    if level not in HEDGE:
        problem = Problem("level", repr(level), did_you_mean(level, HEDGE))
        raise FitError("there is no wording for this level", [problem])
    return f"{HEDGE[level]}{plain if level == 'low' else third}"


def statement(
    inputs: Inputs,
    level: str | None,
    treatment: str,
    outcome: str,
    control: str,
    *,
    before: bool = False,
) -> str:
    """Say what happens, no more surely than the certainty allows.

    Parameters
    ----------
    level : str or None
        One of ``LEVELS``; None where there is no evidence.
    treatment, outcome, control : str
        As readers call them.
    before : bool
        Whether a level is one that was seen before the treatment.

    Raises
    ------
    FitError
        If there is no such level.

    Notes
    -----
    Santesso et al 2020, J Clin Epidemiol 119:126. Differing from it: where the interval includes no
    effect, that is said too, whatever the estimate; "little or no difference" is said only where
    the interval includes no effect and excludes every effect that matters. An interval that
    excludes no effect tells of an effect, which may be slight.

    Examples
    --------
    >>> found = Inputs(question="q", measure="RR", scale="log", trials=("a", "b"),
    ...                estimate=-0.5, ci_low=-0.8, ci_high=-0.2, important=(-0.29, 0.22))
    >>> statement(found, "moderate", "Anastrozole", "stroke", "placebo")
    'Anastrozole probably reduces stroke compared with placebo.'
    """
    if level is not None and level not in LEVELS:
        problem = Problem("level", repr(level), did_you_mean(level, LEVELS))
        raise FitError("there is no such level of certainty", [problem])
    if level is None:
        return f"No trial seen tells of {outcome}."
    against = f" compared with {control}" if inputs.contrast == "between" else " in treated people"
    what = f"the effect of {within_sentence(treatment)} on {outcome}"
    if inputs.contrast == "within":
        what = f"the change of {outcome} under {within_sentence(treatment)}"
    if inputs.contrast == "level":
        what = f"{outcome} {'before' if before else 'with'} {within_sentence(treatment)}"
    elif inputs.contrast == "association":
        what = outcome if outcome.startswith("association") else f"the association with {outcome}"
    effect = inputs.contrast in ("between", "within")
    if level == "very_low":
        return f"The evidence is very uncertain about {what}{against if effect else ''}."
    if inputs.estimate is None or inputs.ci_low is None or inputs.ci_high is None:
        return f"The size of {what} is not known."
    if not effect:
        hedge = {"high": "is", "moderate": "is probably", "low": "may be"}[level]
        limits = span(inputs, inputs.ci_low, inputs.ci_high)
        return f"{what[:1].upper()}{what[1:]} {hedge} within {limits}."
    if inputs.contrast == "within":
        return _change(inputs, inputs.ci_low, inputs.ci_high, level, treatment, outcome)
    return _effect(inputs, inputs.ci_low, inputs.ci_high, level, treatment, outcome, against)


def _change(
    inputs: Inputs, low: float, high: float, level: str, treatment: str, outcome: str
) -> str:
    """A change against the same people's baseline is worded as one, not as an effect."""
    after = f"after {within_sentence(treatment)} than before it"
    if low <= 0 <= high:
        limits = span(inputs, low, high)
        return f"It is not clear whether {outcome} is lower or higher {after} ({limits})."
    hedge = {"high": "is", "moderate": "is probably", "low": "may be"}[level]
    way = "lower" if high < 0 else "higher"
    return (
        f"{outcome[:1].upper()}{outcome[1:]} {hedge} {way} {after}; how much of that is due to the "
        "treatment is not known."
    )


def _effect(
    inputs: Inputs, low: float, high: float, level: str, treatment: str, outcome: str, against: str
) -> str:
    y, matters = inputs.estimate or 0.0, inputs.important
    change = ("reduce", "reduces") if y < 0 else ("increase", "increases")
    told = f"{treatment} {verb(level, *change)} {outcome}"
    if low > 0 or high < 0:
        inside = matters is not None and matters[0] < y < matters[1]
        return f"{told}{' slightly' if inside else ''}{against}."
    if matters is not None and low > matters[0] and high < matters[1]:
        little = verb(level, "make little or no difference to", "makes little or no difference to")
        return f"{treatment} {little} {outcome}{against}."
    reach = f"the interval ({span(inputs, low, high)}) reaches from a reduction to an increase"
    if matters is not None and (y <= matters[0] or y >= matters[1]):
        return f"{told}{against}, but {reach}."
    return (
        f"It is not clear whether {within_sentence(treatment)} changes {outcome}{against}: {reach}."
    )


def plain_level(level: str | None) -> str:
    """Write a level as readers do; nothing where there is none.

    Examples
    --------
    >>> plain_level("very_low"), plain_level(None)
    ('very low', '')
    """
    return "" if level is None else level.replace("_", " ")


def within_sentence(text: str) -> str:
    """Begin in lower case; abbreviations stay.

    Examples
    --------
    >>> within_sentence("Stroke"), within_sentence("LDL cholesterol"), within_sentence("C-peptide")
    ('stroke', 'LDL cholesterol', 'C-peptide')
    """
    return text[:1].lower() + text[1:] if text[1:2].islower() or text[1:2] == " " else text
