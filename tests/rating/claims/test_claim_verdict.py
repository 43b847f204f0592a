"""The verdict: a table of cases, one rule after the other, and what must hold of any case."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evidence.errors import FitError
from evidence.rating.claims.verdict import (
    NEEDED,
    RANK,
    RULES,
    SURE,
    VERDICT_WORDS,
    ClaimEvidence,
    Ruling,
    claim_verdict,
    combined,
    on_record,
)

STRENGTHS = tuple(NEEDED)
RANKS = tuple(RANK)


def found(p: float | None = None, **more: Any) -> ClaimEvidence:
    told: dict[str, Any] = {"k": 5, "certainty": "high"}
    if p is not None:
        told |= {"probability": p, "against": 1 - p}
    return ClaimEvidence(**(told | more))


CASES = [
    # what was found, how the claim is worded, verdict, rule
    (None, "plain", "not_tested", "not_asked"),
    (found(k=0), "plain", "not_tested", "no_trial"),
    (found(k=0, in_part=3), "plain", "uncertain", "no_probability"),
    (found(0.999, certainty="very_low"), "hedged", "uncertain", "very_low"),
    (found(0.001, certainty="very_low"), "hedged", "uncertain", "very_low"),
    (found(0.999), "plain", "supported", "shown"),
    (found(0.975), "plain", "supported", "shown"),
    (found(0.974), "plain", "uncertain", "open"),
    (found(0.5), "plain", "uncertain", "open"),
    (found(0.026), "plain", "uncertain", "open"),
    (found(0.025), "plain", "contradicted", "opposite"),
    (found(0.001), "hedged", "contradicted", "opposite"),
    (found(0.001, certainty="low"), "plain", "contradicted", "opposite"),
    (found(0.001, certainty=None), "plain", "contradicted", "opposite"),
    # certainty against wording
    (found(0.999, certainty="high"), "proof", "supported", "shown"),
    (found(0.999, certainty="moderate"), "proof", "overstated", "certainty"),
    (found(0.999, certainty="moderate"), "plain", "supported", "shown"),
    (found(0.999, certainty="low"), "plain", "overstated", "certainty"),
    (found(0.999, certainty="low"), "hedged", "supported", "shown"),
    (found(0.999, certainty=None), "hedged", "supported", "shown"),
    (found(0.999, certainty=None), "plain", "overstated", "unrated"),
    (found(0.999, certainty=None), "proof", "overstated", "unrated"),
    # other people, another drug or outcome: neither shown nor refuted
    (found(0.999, direct=False), "hedged", "uncertain", "indirect"),
    (found(0.001, direct=False), "hedged", "uncertain", "indirect_against"),
    # a change from baseline is no effect
    (found(0.999, controlled=False), "hedged", "uncertain", "before_after"),
    (found(0.001, controlled=False), "hedged", "uncertain", "before_after"),
    # the main interval must agree from three trials on
    (found(0.999, k=3, interval_agrees=False), "plain", "uncertain", "interval_open"),
    (found(0.999, k=3, interval_agrees=True), "plain", "supported", "shown"),
    (found(0.999, k=2, interval_agrees=False), "plain", "supported", "shown"),
    (found(0.999, interval_agrees=False, basis="all_said"), "plain", "supported", "shown"),
    # sizes
    (found(0.5, direction=0.999, smaller=0.5), "plain", "uncertain", "size_open"),
    (found(0.01, direction=0.999, smaller=0.99), "plain", "overstated", "smaller"),
    (found(0.01, direction=0.999, smaller=0.01), "plain", "contradicted", "opposite"),
    (found(0.01, direction=0.5, smaller=0.99), "plain", "contradicted", "opposite"),
    (found(0.01, direction=0.999, smaller=0.99, direct=False), "plain", "overstated", "smaller"),
    # no difference without a margin
    (found(against=0.5), "plain", "uncertain", "no_margin"),
    (found(against=0.99), "plain", "contradicted", "opposite"),
    # the two answers
    (found(0.99, other_probability=0.01), "plain", "uncertain", "answers_differ"),
    (found(0.01, other_probability=0.99), "plain", "uncertain", "answers_differ"),
    (found(0.99, other_probability=0.5), "plain", "supported", "shown"),
]


@pytest.mark.parametrize(("evidence", "strength", "verdict", "rule"), CASES)
def test_each_rule(evidence: Any, strength: Any, verdict: str, rule: str) -> None:
    ruling = claim_verdict(evidence, strength=strength)
    assert (ruling.verdict, ruling.rule) == (verdict, rule)
    assert ruling.words == VERDICT_WORDS[ruling.verdict]
    assert ruling.reason == RULES[rule]


probabilities = st.floats(0, 1)
anything = st.builds(
    ClaimEvidence,
    k=st.integers(0, 9),
    in_part=st.integers(0, 3),
    probability=st.none() | probabilities,
    against=st.none() | probabilities,
    direction=st.none() | probabilities,
    smaller=st.none() | probabilities,
    interval_agrees=st.none() | st.booleans(),
    other_probability=st.none() | probabilities,
    basis=st.sampled_from(("complete", "all_said", "printed")),
    certainty=st.none() | st.sampled_from(RANKS),
    direct=st.booleans(),
    controlled=st.booleans(),
).filter(lambda x: (x.probability or 0) + (x.against or 0) <= 1)


@given(anything, st.sampled_from(STRENGTHS))
def test_only_sure_direct_and_controlled_evidence_supports(
    evidence: ClaimEvidence, strength: Any
) -> None:
    ruling = claim_verdict(evidence, strength=strength)
    if ruling.verdict == "supported":
        assert (evidence.probability or 0) >= SURE
        assert evidence.direct
        assert evidence.controlled
        assert evidence.certainty != "very_low"
    if ruling.verdict == "contradicted":
        assert (evidence.against or 0) >= SURE
        assert evidence.direct
        assert evidence.controlled
    assert (ruling.verdict == "not_tested") == (evidence.k == 0 == evidence.in_part)


@given(anything)
def test_a_stronger_wording_never_fares_better(evidence: ClaimEvidence) -> None:
    verdicts = [claim_verdict(evidence, strength=s).verdict for s in STRENGTHS]
    supported = [verdict == "supported" for verdict in verdicts]
    assert supported == sorted(supported, reverse=True)


@given(anything)
def test_a_better_certainty_never_takes_support_away(evidence: ClaimEvidence) -> None:
    import dataclasses

    rated = [dataclasses.replace(evidence, certainty=c) for c in ("low", "moderate", "high")]
    supported = [claim_verdict(x).verdict == "supported" for x in rated]
    assert supported == sorted(supported)


def test_what_cannot_be_judged() -> None:
    with pytest.raises(FitError, match="no such strength"):
        claim_verdict(found(0.9), strength="loud")  # type: ignore[arg-type]
    with pytest.raises(FitError, match=r"probability: 1\.2"):
        claim_verdict(ClaimEvidence(k=1, probability=1.2))
    with pytest.raises(FitError, match="k: -1"):
        claim_verdict(ClaimEvidence(k=-1))
    with pytest.raises(FitError, match="certainty: 'sure'"):
        claim_verdict(ClaimEvidence(k=1, certainty="sure"))  # type: ignore[arg-type]
    with pytest.raises(FitError, match="found is of the wrong kind"):
        claim_verdict("nothing")  # type: ignore[arg-type]


NO_NUMBERS: tuple[Any, ...] = (float("nan"), float("inf"), "", "1", [], True, np.ones(2))


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("k", (float("nan"), float("inf"), 1.5, True, None, "1", np.ones(2))),
        ("in_part", (float("nan"), 1.5, True, None)),
        ("probability", NO_NUMBERS),
        ("other_probability", NO_NUMBERS),
        ("estimate", NO_NUMBERS),
        ("ci_low", NO_NUMBERS),
        ("ci_high", NO_NUMBERS),
        ("interval_agrees", ("x", 0, np.ones(2))),
        ("basis", ([], "half", None, np.ones(2))),
        ("certainty", ([], "", np.ones(2))),
        ("direct", ("x", None, 1, np.ones(2))),
        ("controlled", ("x", None, np.ones(2))),
    ],
)
def test_what_is_no_evidence(name: str, values: tuple[Any, ...]) -> None:
    for value in values:
        with pytest.raises(FitError, match=f"{name}: "):
            claim_verdict(found(**{name: value}))


def test_a_claim_is_not_both_true_and_false() -> None:
    with pytest.raises(FitError, match=r"probability, against: 0\.9 and 0\.2; at most 1 together"):
        claim_verdict(found(0.9, against=0.2))
    assert claim_verdict(found(np.float64(0.999), against=0.001 + 1e-12)).verdict == "supported"
    wrong: tuple[Any, ...] = ([], np.ones(2), None)
    for strength in wrong:
        with pytest.raises(FitError, match="no such strength"):
            claim_verdict(found(0.9), strength=strength)


def ruled(*verdicts: str) -> list[Ruling]:
    return [Ruling(v, "shown" if v == "supported" else "open") for v in verdicts]  # type: ignore[arg-type]


ALL_CASES = [
    (("supported", "supported"), "supported", "shown"),
    (("supported", "uncertain"), "overstated", "part_open"),
    (("supported", "not_tested"), "overstated", "part_open"),
    (("supported", "contradicted"), "overstated", "part_contradicted"),
    (("overstated", "contradicted"), "overstated", "part_contradicted"),
    (("supported", "overstated"), "overstated", "part_too_strong"),
    (("uncertain", "contradicted"), "contradicted", "part_refuted"),
    (("uncertain", "not_tested"), "uncertain", "no_part"),
    (("contradicted", "contradicted"), "contradicted", "open"),
    (("not_tested", "not_tested"), "not_tested", "open"),
]
ANY_CASES = [
    (("supported", "contradicted"), "supported", "best_part"),
    (("overstated", "uncertain"), "overstated", "best_part"),
    (("uncertain", "contradicted"), "uncertain", "no_part"),
    (("contradicted", "contradicted"), "contradicted", "open"),
]


@pytest.mark.parametrize(("parts", "verdict", "rule"), ALL_CASES)
def test_a_claim_that_asserts_every_part(parts: Any, verdict: str, rule: str) -> None:
    assert combined(ruled(*parts)) == Ruling(verdict, rule)  # type: ignore[arg-type]


@pytest.mark.parametrize(("parts", "verdict", "rule"), ANY_CASES)
def test_a_claim_for_which_one_part_is_enough(parts: Any, verdict: str, rule: str) -> None:
    assert combined(ruled(*parts), "any") == Ruling(verdict, rule)  # type: ignore[arg-type]


@given(st.lists(st.sampled_from(tuple(VERDICT_WORDS)), min_size=1, max_size=5), st.randoms())
def test_the_order_of_the_parts_does_not_matter(verdicts: list[Any], random: Any) -> None:
    shuffled = list(verdicts)
    random.shuffle(shuffled)
    for how in ("all", "any"):
        first, again = combined(ruled(*verdicts), how), combined(ruled(*shuffled), how)
        assert first.verdict == again.verdict


def test_parts_that_agree_for_other_reasons() -> None:
    parts = [Ruling("uncertain", "open"), Ruling("uncertain", "indirect")]
    assert combined(parts) == Ruling("uncertain", "parts_agree")
    assert combined(parts[:1]) == parts[0]
    with pytest.raises(FitError, match="nothing to combine"):
        combined([])


@pytest.mark.parametrize(
    ("seen", "verdict"),
    [
        ((), "not_tested"),
        (("yes",), "supported"),
        (("no", "no"), "contradicted"),
        (("yes", "partly"), "uncertain"),
    ],
)
def test_matters_of_record(seen: tuple[str, ...], verdict: str) -> None:
    assert on_record(seen).verdict == verdict
