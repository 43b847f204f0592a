"""Percent changes formed from printed means, only where the question declares how."""

from typing import Any

import pytest
from helpers import assume, contrast, only, outcome, study, summary, table
from scipy import stats

from evidence.effects.table import EffectTable
from evidence.effects.trace import trace
from evidence.errors import QuestionError

P = {"relation": "=", "value": 0.0014}
MEN = {
    "a": {"baseline": summary(1.121), "final": summary(1.102)},
    "p": {"baseline": summary(1.18), "final": summary(1.189)},
}
OWN = 100 * (1.102 / 1.121 - 1.189 / 1.18)
COMMON = 100 * -0.028 / ((1.121 + 1.18) / 2)


def asked(arms: dict[str, Any], *values: str, unit: str = "g/cm2", **told: Any) -> EffectTable:
    entry = outcome(arms, [contrast(**({"p": P} | told))], word="spine_bmd", unit=unit)
    declared = tuple(assume("percent_of_baseline", value) for value in values)
    return table(
        study(entry), outcomes=("spine_bmd",), unit="percentage points", assumptions=declared
    )


@pytest.mark.parametrize(("value", "expected"), [("own", OWN), ("common", COMMON)])
def test_means_become_percent_changes_as_declared(value: str, expected: float) -> None:
    found = asked(MEN, value)
    estimate, error, route = only(found)
    assert estimate == pytest.approx(expected)
    assert error == pytest.approx(abs(expected) / stats.norm.isf(0.0007))
    assert route == "means with exact P"
    assert found.assumptions_used == ("percent_of_baseline",)
    assert "percent changes formed from the printed means" in found.rows["notes"].iloc[0]
    told = trace(found, "")
    assert f"percent_of_{value}_baseline" in told
    assert "1.121 g/cm2" in told


def test_without_the_declaration_nothing_is_formed() -> None:
    found = asked(MEN)
    assert found.k == 0
    assert found.partial["estimate"].isna().all()


def test_percent_changes_that_were_printed_come_first() -> None:
    arms = {
        arm: told | {"change_percent": summary(x)}
        for (arm, told), x in zip(MEN.items(), (-2, 1), strict=True)
    }
    found = asked(arms, "own")
    assert only(found)[0] == -3.0
    assert found.assumptions_used == ()


def test_no_percent_of_what_has_no_zero_or_no_baseline() -> None:
    assert asked(MEN, "own", unit="%").k == 0
    assert asked(MEN | {"p": {"final": summary(1.189)}}, "own").k == 0
    assert asked(MEN | {"p": {"baseline": summary(-1.0), "final": summary(1.0)}}, "own").k == 0


def test_a_bound_on_p_leaves_the_formed_estimate_in_part() -> None:
    found = asked(MEN, "own", p={"relation": "<", "value": 0.01})
    assert found.k == 0
    (line,) = found.partial.to_dict("records")
    assert line["kind"] == "estimate_with_bounded_p"
    assert line["estimate"] == pytest.approx(OWN)


def test_the_second_answer_uses_the_formed_estimate_with_its_rounding() -> None:
    (told,) = asked(MEN, "own").statements
    assert told.estimate == pytest.approx(OWN)
    # Half a thousandth of a g/cm2 is some 0.045 %; 1.18 may stand for 1.175 to 1.185.
    *three, last = sorted(told.half_widths)
    assert three == pytest.approx([0.045] * 3, abs=0.004)
    assert last == pytest.approx(0.43, abs=0.01)


def test_other_words_are_refused() -> None:
    with pytest.raises(QuestionError, match=r"percent_of_baseline: 'mean' is not allowed"):
        asked(MEN, "mean")
