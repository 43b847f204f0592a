"""Footnotes of a summary of findings: each reason once, in the order of its first use."""

from __future__ import annotations

from evidence.catalog.certainty import DOMAINS, UPGRADES
from evidence.rating.certainty.certainty import Certainty
from evidence.report.numbers import MINUS

DOMAIN_WORDS = {
    "risk_of_bias": "Risk of bias",
    "inconsistency": "Inconsistency",
    "indirectness": "Indirectness",
    "surrogate": "Surrogate outcome",
    "imprecision": "Imprecision",
    "publication_bias": "Publication bias",
    "large_effect": "Large effect",
    "dose_response": "Dose response",
    "opposing_confounding": "Opposing confounding",
}


def step_text(step: int) -> str:
    """Write a step with its sign.

    Examples
    --------
    >>> step_text(-2), step_text(0), step_text(1)
    ('−2', '0', '+1')
    """
    return f"{MINUS}{-step}" if step < 0 else f"+{step}" if step else "0"


class Footnotes:
    """Collects reasons and numbers them."""

    def __init__(self) -> None:
        self._texts: list[str] = []

    @property
    def texts(self) -> tuple[str, ...]:
        """All reasons, in the order of their numbers."""
        return tuple(self._texts)

    def of(self, one: Certainty) -> tuple[int, ...]:
        """Take in the reasons of one rating, and give their numbers."""
        numbers = []
        for text in reasons(one):
            if text not in self._texts:
                self._texts.append(text)
            numbers.append(self._texts.index(text) + 1)
        return tuple(sorted(numbers))


def reasons(one: Certainty) -> list[str]:
    """Reasons for each level down or up: those judged, else those that the rules suggest."""
    if one.status == "no evidence":
        return []
    judgement, judged = one.judgement, one.judged() is not None
    found = [] if one.begun.step > 1 else [one.begun.text]
    for domain in DOMAINS:
        name = DOMAIN_WORDS[domain]
        suggestion = one.suggestion(domain)
        if judgement is not None and judged:
            told = judgement.domain(domain)
            if told.step:
                found.append(f"{name} {step_text(told.step)}: {told.reason}")
        elif suggestion.step:
            found.append(f"{name} {step_text(suggestion.step)}, suggested: {suggestion.text}")
        if judgement is not None and not judged and judgement.domain(domain).step is None:
            found.append(f"{name}, not judged: {judgement.domain(domain).open_point}")
    if judgement is not None and judged:
        for upgrade in UPGRADES:
            raised = getattr(judgement.rated_up, upgrade)
            if raised is not None and raised.step:
                found.append(f"{DOMAIN_WORDS[upgrade]} +{raised.step}: {raised.reason}")
    elif one.raised.step:
        found.append(f"Large effect +{one.raised.step}, suggested: {one.raised.text}")
    if judgement is not None and one.changed:
        found.append(f"The judgement was made on other figures. {_sentence(one.changed)}")
    return found


def _sentence(parts: tuple[str, ...]) -> str:
    text = "; ".join(parts)
    return f"{text[:1].upper()}{text[1:]}."
