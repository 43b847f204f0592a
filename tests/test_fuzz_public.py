"""Every public function under random calls, right and wrong: an answer or an error that explains.

A long run: ``EVIDENCE_FUZZ=2000 pytest tests/test_fuzz_public.py`` (examples a function).
"""

import functools
import os

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import evidence as ev
from evidence.errors import EvidenceError, Problem
from tests.fuzz_calls import EXEMPT, MAKERS, MISSING, OWN
from tests.fuzz_checks import Broken, outcome
from tests.fuzz_values import Bed, spoil, with_options

EXAMPLES = int(os.environ.get("EVIDENCE_FUZZ", "6"))


def attack(name: str, seed: int) -> str:
    """One random call of a public function; every second one has something spoilt."""
    bed, function = Bed(seed), getattr(ev, name)
    try:
        call = MAKERS[name](bed)
    except EvidenceError:
        return "refused before"
    call = with_options(bed, function, call)
    if bed.chance(0.5):
        call = spoil(bed, call, function)
    return outcome(functools.partial(function, **call), MISSING.get(name, ()))


def test_every_public_name_is_attacked_or_exempt_with_a_reason() -> None:
    assert not set(MAKERS) & set(EXEMPT)
    open_names = set(ev.__all__) - set(MAKERS) - set(EXEMPT)
    assert not {n for n in open_names if not ev._HOME[n].startswith(tuple(OWN))}
    assert not (set(MAKERS) | set(EXEMPT)) - set(ev.__all__)
    assert all([*EXEMPT.values(), *OWN.values()])


@pytest.mark.parametrize("name", sorted(MAKERS))
def test_a_random_call_gives_an_answer_or_an_error_that_explains(name: str) -> None:
    @settings(
        max_examples=EXAMPLES,
        derandomize="EVIDENCE_FUZZ" not in os.environ,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(seed=st.integers(0, 2**32))
    def calls(seed: int) -> None:
        attack(name, seed)

    calls()


def test_the_judge_sees_what_no_call_may_do() -> None:
    with pytest.raises(Broken, match=r"no number in \.figures"):
        outcome(lambda: {"figures": [1.0, float("nan")]})
    with pytest.raises(Broken, match="without 'right'"):
        outcome(functools.partial(_refuse, "what", ""))
    with pytest.raises(ValueError, match="from the inside"):
        outcome(functools.partial(_fail, "from the inside"))
    assert outcome(functools.partial(_refuse, "what", "right")) == "refused"


def _refuse(what: str, right: str) -> None:
    raise EvidenceError("refused", [Problem("where", what, right)])


def _fail(words: str) -> None:
    raise ValueError(words)
