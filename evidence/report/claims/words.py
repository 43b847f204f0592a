"""Words of the claims: kinds, strengths, support, and small sentences."""

from __future__ import annotations

from evidence.rating.claims.assess import AssessedClaim

KIND_WORDS = {
    "effect_direction": "direction of an effect",
    "effect_size": "size of an effect",
    "level": "expected level",
    "association": "association",
    "event": "events",
    "advice": "advice or opinion",
    "mechanism": "mechanism",
    "fact": "matter of record",
}
STRENGTH_WORDS = {"hedged": "worded with reserve", "plain": "worded plainly", "proof": "as proof"}
SUPPORT_WORDS = {
    "yes": "supports the claim",
    "partly": "supports the claim in part",
    "no": "does not support the claim",
    "not_seen": "not seen whether it supports the claim",
    "not_found": "was not found as cited",
}


def sentence(text: str, end: str = ".") -> str:
    """Begin with a capital, end with a full stop."""
    whole = text[:1].upper() + text[1:]
    return whole if whole.endswith(end) else whole + end


def comparison(assessed: AssessedClaim) -> str:
    """Whom a claim is about, and what it compares."""
    claim = assessed.claim
    sides = [claim.treatment, claim.control]
    told = " against ".join(side for side in sides if side and side != "none")
    people = claim.population or "nobody named"
    return f"{people}; {told}" if told else people
