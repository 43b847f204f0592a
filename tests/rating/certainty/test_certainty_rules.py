"""The rules as a pure function: every boundary, and what a wider interval must never do."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evidence.catalog.certainty import DOMAINS
from evidence.rating.certainty.inputs import Inputs, Second, Size
from evidence.rating.certainty.rules import (
    RULES,
    Suggestion,
    large_effect,
    level_of,
    start,
    suggest,
)
from evidence.rating.certainty.rules_imprecision import imprecision
from evidence.rating.certainty.sources import RULE_LIST

FIVE = ("a", "b", "c", "d", "e")
GOOD = Inputs(
    question="q", measure="RR", scale="log", trials=FIVE, estimate=-0.5, ci_low=-0.7, ci_high=-0.3,
    tau=0.0, important=(-0.3, 0.25), bias=(("low", 1.0),),
    size=Size(required=1000, basis="b", people=2000, at_most=None),
)  # fmt: skip


def of(domain: str, **changes: Any) -> tuple[int, list[str]]:
    """Step and codes of a domain for the good inputs with some changed."""
    found = RULES[domain](replace(GOOD, **changes))
    return found.step, [hit.code for hit in found.hits]


def test_nothing_wrong_is_high() -> None:
    found = suggest(GOOD)
    assert tuple(s.domain for s in found) == DOMAINS
    assert [s.step for s in found] == [0] * 6
    assert level_of(start(GOOD).step, {s.domain: s.step for s in found}, 0) == "high"


@pytest.mark.parametrize(
    ("changes", "code", "step"),
    [
        ({}, "START-R", 3),
        ({"randomised": False}, "START-N", 1),
        ({"randomised": False, "robins_i": True}, "START-I", 3),
        ({"contrast": "within"}, "START-W", 1),
        ({"contrast": "level"}, "START-W", 1),
        ({"contrast": "association", "randomised": False, "robins_i": True}, "START-W", 1),
    ],
)
def test_start(changes: dict[str, Any], code: str, step: int) -> None:
    found = start(replace(GOOD, **changes))
    assert (found.code, found.step) == (code, step)


@pytest.mark.parametrize(
    ("bias", "step", "code"),
    [
        ((("low", 0.5), ("some_concerns", 0.5)), 0, "RB-1"),
        ((("low", 0.49), ("some_concerns", 0.51)), -1, "RB-2"),
        ((("low", 0.49), ("moderate", 0.51)), -1, "RB-2"),
        ((("low", 0.49), ("no_information", 0.51)), -1, "RB-2"),
        ((("low", 0.45), ("some_concerns", 0.31), ("not_rated", 0.24)), -1, "RB-2"),
        ((("low", 0.4), ("not_rated", 0.6)), -1, "RB-0"),
        ((("not_rated", 1.0),), -1, "RB-0"),
        ((("low", 0.76), ("high", 0.24)), 0, "RB-1"),
        ((("low", 0.75), ("high", 0.25)), -1, "RB-3"),
        ((("low", 0.51), ("serious", 0.49)), -1, "RB-3"),
        ((("low", 0.5), ("high", 0.5)), -2, "RB-4"),
        ((("low", 0.5), ("high", 0.3), ("serious", 0.2)), -2, "RB-4"),
        ((("low", 0.5), ("critical", 0.5)), -3, "RB-5"),
        ((("low", 0.3), ("high", 0.21), ("critical", 0.49)), -2, "RB-4"),
    ],
)
def test_risk_of_bias(bias: tuple[tuple[str, float], ...], step: int, code: str) -> None:
    assert of("risk_of_bias", bias=bias) == (step, [code])


def test_risk_of_bias_without_a_pooled_trial() -> None:
    assert of("risk_of_bias", trials=(), bias=()) == (-1, ["RB-0"])


@pytest.mark.parametrize(
    ("changes", "step", "codes"),
    [
        ({"trials": ("a",), "tau": None}, 0, ["IC-0"]),
        ({"trials": (), "tau": None, "estimate": None}, 0, ["IC-0"]),
        ({"tau": 0.25}, 0, ["IC-1"]),  # -0.99 to -0.01
        ({"tau": 0.26}, -1, ["IC-2"]),  # -1.01 to 0.01
        ({"tau": 0.38}, -1, ["IC-2"]),  # to 0.2448
        ({"tau": 0.385}, -2, ["IC-3"]),  # to 0.2546
        ({"estimate": 0.02, "tau": 0.1}, 0, ["IC-1"]),  # nothing that matters within
        ({"tau": 0.25, "important": None}, 0, ["IC-1"]),
        ({"tau": 0.26, "important": None}, -1, ["IC-2"]),
        ({"tau": 5.0, "important": None}, -1, ["IC-2"]),
        ({"trial_limits": ((-0.9, -0.1), (0.1, 0.9))}, -1, ["IC-1", "IC-4"]),
        ({"trial_limits": ((-0.9, -0.5), (-0.4, -0.1))}, 0, ["IC-1"]),
        ({"trial_limits": ((-0.9, 0.2), (0.1, 0.9))}, 0, ["IC-1"]),
        (
            {"contrast": "level", "tau": 9.0, "trial_limits": ((-2.0, -1.0), (1.0, 2.0))},
            0,
            ["IC-L"],
        ),
    ],
)
def test_inconsistency(changes: dict[str, Any], step: int, codes: list[str]) -> None:
    assert of("inconsistency", **changes) == (step, codes)


def test_i2_stands_beside_and_decides_nothing() -> None:
    for i2 in (0.0, 99.0):
        found = RULES["inconsistency"](replace(GOOD, i2=i2, prediction=(-2.0, 2.0)))
        assert found.step == 0
        assert f"I² beside: {i2:.0f} %" in found.text
        assert "prediction interval 0.14 to 7.39" in found.text


@pytest.mark.parametrize(
    ("changes", "step", "codes"),
    [
        ({}, 0, ["ID-0"]),
        ({"people": "p"}, -1, ["ID-P"]),
        ({"comparator": "c"}, -1, ["ID-C"]),
        ({"declared": "d"}, -1, ["ID-D"]),
        ({"people": "p", "declared": "d"}, -1, ["ID-P", "ID-D"]),
        ({"people": "p", "comparator": "c", "declared": "d"}, -2, ["ID-P", "ID-C", "ID-D"]),
    ],
)
def test_indirectness(changes: dict[str, Any], step: int, codes: list[str]) -> None:
    assert of("indirectness", **changes) == (step, codes)


def test_surrogate() -> None:
    assert of("surrogate") == (0, ["SU-0"])
    assert of("surrogate", surrogate_for="fracture") == (-1, ["SU-1"])


@pytest.mark.parametrize(
    ("low", "high", "step", "code"),
    [
        (-0.7, -0.3, 0, "IM-0e"),
        (-0.7, 0.0, 0, "IM-0e"),  # touches no effect
        (-0.7, 0.01, -1, "IM-1"),
        (-0.3, 0.25, 0, "IM-0t"),  # touches what matters on both sides
        (-0.29, 0.24, 0, "IM-0t"),
        (-0.29, 0.26, -1, "IM-1"),
        (-0.31, 0.24, -1, "IM-1"),
        (-0.31, 0.26, -2, "IM-2"),
        (-0.9, 0.74, -2, "IM-2"),
        (-0.89, 0.75, -2, "IM-2"),
        (-0.9, 0.75, -3, "IM-3"),
    ],
)
def test_interval_against_what_matters(low: float, high: float, step: int, code: str) -> None:
    # MD, so that the width of a ratio plays no part.
    changes = {"measure": "MD", "scale": "identity", "estimate": -0.1, "unit": "g"}
    found, codes = of("imprecision", ci_low=low, ci_high=high, **changes)
    assert (found, codes[0]) == (step, code)


@pytest.mark.parametrize(
    ("low", "high", "step", "code"),
    [(-0.7, -0.1, 0, "IM-0n"), (-0.7, 0.0, 0, "IM-0n"), (-9.0, 0.1, -1, "IM-1n")],
)
def test_without_a_smallest_difference_only_no_effect_counts(
    low: float, high: float, step: int, code: str
) -> None:
    changes = {"measure": "MD", "scale": "identity", "important": None}
    found = RULES["imprecision"](replace(GOOD, ci_low=low, ci_high=high, **changes))
    assert (found.step, found.hits[0].code) == (step, code)
    assert "cannot be computed: no smallest difference was seen" in found.hits[0].text


@pytest.mark.parametrize(
    ("people", "at_most", "step", "code"),
    [
        (1000, None, 0, "IM-S0"),
        (999, None, -1, "IM-S1"),
        (300, None, -1, "IM-S1"),
        (299, None, -2, "IM-S2"),
        (None, 299, -2, "IM-S2"),
        (None, 999, -1, "IM-S1"),
        (None, 1000, -1, "IM-Sn"),
        (None, None, -1, "IM-Sn"),
    ],
)
def test_information_size(people: int | None, at_most: int | None, step: int, code: str) -> None:
    size = Size(required=1000, basis="b", people=people, at_most=at_most)
    found, codes = of("imprecision", size=size)
    assert (found, codes[1]) == (step, code)


def test_an_upper_bound_of_people_is_called_one() -> None:
    size = Size(required=1000, basis="b", people=None, at_most=88)
    assert "At most 88 people, of 1,000" in imprecision(replace(GOOD, size=size))[1][1].text


@pytest.mark.parametrize(
    ("measure", "width", "step"),
    [
        ("RR", 1.0986, 0),
        ("RR", 1.0987, -2),
        ("HR", 1.0987, -2),
        ("OR", 0.916, 0),
        ("OR", 0.917, -2),
    ],
)
def test_width_of_a_ratio(measure: str, width: float, step: int) -> None:
    found, codes = of("imprecision", measure=measure, ci_low=-0.01 - width, ci_high=-0.01)
    assert (found, codes[-1]) == (step, "IM-R2" if step else "IM-R0")


def test_a_ratio_of_means_has_no_such_width() -> None:
    assert of("imprecision", measure="ROM", ci_low=-9.0)[1] == ["IM-0e", "IM-S0"]


def test_nothing_pooled_is_imprecise() -> None:
    assert of("imprecision", estimate=None, ci_low=None, ci_high=None) == (-2, ["IM-0"])


def test_a_level_is_held_against_nothing() -> None:
    found = of("imprecision", contrast="level", measure="MN", ci_low=-9.0, ci_high=9.0)
    assert found == (0, ["IM-L", "IM-S0"])


@pytest.mark.parametrize(("k", "told"), [(1, False), (2, True), (3, True), (4, False)])
def test_the_bayesian_interval_stands_beside_two_or_three_trials(k: int, told: bool) -> None:
    found = RULES["imprecision"](
        replace(GOOD, trials=FIVE[:k], ci_low=-3.0, ci_high=3.0, bayes=(-0.7, -0.2))
    )
    assert found.step == -3
    assert ("[IM-B] Beside it, Bayes gives 0.50 to 0.82" in found.text) == told


SECOND = Second(median=-0.375, low=-1.0, high=0.5)


@pytest.mark.parametrize(
    ("changes", "step", "code"),
    [
        ({}, 0, "PB-4"),
        ({"told_in_part": FIVE[:4]}, 0, "PB-4"),
        ({"told_in_part": FIVE}, -1, "PB-3"),
        ({"told_in_part": FIVE, "second": SECOND}, -1, "PB-2"),
        ({"told_in_part": FIVE, "second": replace(SECOND, median=-0.376)}, 0, "PB-6"),
        ({"told_in_part": FIVE, "second": replace(SECOND, median=-0.9)}, 0, "PB-6"),
        ({"told_in_part": FIVE, "second": replace(SECOND, median=0.1)}, -1, "PB-2"),
        ({"trials": (), "estimate": None, "told_in_part": ("z",), "second": SECOND}, -1, "PB-3"),
        ({"trials": (), "estimate": None}, 0, "PB-4"),
    ],
)
def test_what_trials_told_in_part(changes: dict[str, Any], step: int, code: str) -> None:
    assert of("publication_bias", **changes) == (step, ["PB-0", code])


@pytest.mark.parametrize(("p", "step", "code"), [(0.0999, -1, "PB-1"), (0.1, 0, "PB-5")])
def test_small_study_effects(p: float, step: int, code: str) -> None:
    assert of("publication_bias", asymmetry_p=p) == (step, [code, "PB-4"])


@pytest.mark.parametrize(
    ("low", "high", "down", "code"),
    [
        (0.70, 1.5, 0, "LE-1"),  # 2.01
        (0.69, 1.5, 0, "LE-0"),  # 1.99
        (1.61, 3.0, 0, "LE-2"),
        (-1.5, -0.70, 0, "LE-1"),
        (-3.0, -1.61, 0, "LE-2"),
        (-3.0, 3.0, 0, "LE-0"),
        (1.61, 3.0, -1, "LE-0"),
    ],
)
def test_large_effects_rate_up_from_low_only(low: float, high: float, down: int, code: str) -> None:
    seen = replace(GOOD, randomised=False, ci_low=low, ci_high=high)
    assert large_effect(seen, start(seen), down).code == code
    trials = replace(seen, randomised=True)
    assert large_effect(trials, start(trials), down).code == "LE-0"


@pytest.mark.parametrize(
    ("begun", "steps", "raised", "level", "as_asked"),
    [
        (3, {}, 0, "high", "high"),
        (3, {"imprecision": -1}, 0, "moderate", "moderate"),
        (3, {"imprecision": -3}, 0, "very_low", "very_low"),
        (3, {"imprecision": -3, "risk_of_bias": -3}, 0, "very_low", "very_low"),
        (3, {"indirectness": -1, "surrogate": -1}, 0, "low", "high"),
        (3, {"indirectness": -2, "surrogate": -1}, 0, "low", "high"),  # one domain: two levels
        (3, {"indirectness": -3, "surrogate": -1}, 0, "very_low", "high"),
        (1, {}, 1, "moderate", "moderate"),
        (1, {}, 5, "high", "high"),
    ],
)
def test_level(begun: int, steps: dict[str, int], raised: int, level: str, as_asked: str) -> None:
    assert level_of(begun, steps, raised) == level
    assert level_of(begun, steps, raised, as_asked=True) == as_asked


SMALL = st.floats(0, 3)
WIDER = st.floats(0, 5)


def any_inputs(y: float, a: float, b: float, tau: float, people: int, mark: float) -> Inputs:
    return replace(
        GOOD,
        estimate=y,
        ci_low=y - a,
        ci_high=y + b,
        tau=tau,
        important=(-mark, mark) if mark else None,
        size=Size(required=1000, basis="b", people=people, at_most=None),
    )


@given(
    st.floats(-2, 2), SMALL, SMALL, st.floats(0, 1), st.integers(0, 2000), st.floats(0, 1),
    WIDER, WIDER, st.booleans(), st.sampled_from(["RR", "OR", "ROM", "MD"]),
)  # fmt: skip
def test_a_wider_interval_never_raises_the_suggestion(
    y: float, a: float, b: float, tau: float, people: int, mark: float, left: float,
    right: float, randomised: bool, measure: str,
) -> None:  # fmt: skip
    narrow = any_inputs(y, a, b, tau, people, mark)
    narrow = replace(narrow, randomised=randomised, measure=measure)
    wide = replace(narrow, ci_low=y - a - left, ci_high=y + b + right)
    levels = []
    for inputs in (narrow, wide):
        begun, steps = start(inputs), {s.domain: s.step for s in suggest(inputs)}
        up = large_effect(inputs, begun, sum(steps.values())).step
        levels.append((sum(steps.values()) + up, steps["imprecision"]))
    assert levels[1][0] <= levels[0][0]
    assert levels[1][1] <= levels[0][1]


@given(st.lists(st.floats(0.01, 1), min_size=3, max_size=3), st.floats(0, 1))
def test_more_weight_at_high_risk_never_raises(parts: list[float], moved: float) -> None:
    total = sum(parts)
    low, some, high = (part / total for part in parts)
    shift = low * moved
    before = of("risk_of_bias", bias=(("low", low), ("some_concerns", some), ("high", high)))
    after = of(
        "risk_of_bias",
        bias=(("low", low - shift), ("some_concerns", some), ("high", high + shift)),
    )
    assert after[0] <= before[0]


@given(st.floats(-1, 1), st.floats(0, 2), st.floats(0, 2))
def test_more_disagreement_never_raises(y: float, tau: float, more: float) -> None:
    before = of("inconsistency", estimate=y, tau=tau)[0]
    assert of("inconsistency", estimate=y, tau=tau + more)[0] <= before


def test_every_rule_is_listed_with_its_source() -> None:
    listed = [rule.code for rule in RULE_LIST]
    assert len(listed) == len(set(listed))
    assert all(rule.source and rule.when and rule.step for rule in RULE_LIST)
    import inspect
    import re

    from evidence.rating.certainty import rules, rules_imprecision

    used = set()
    for module in (rules, rules_imprecision):
        used |= set(
            re.findall(r'"((?:RB|IC|ID|SU|IM|PB|LE|START)-\w+)"', inspect.getsource(module))
        )
    assert used == set(listed)


def test_the_text_of_a_suggestion_names_the_rules_that_made_it() -> None:
    found = suggest(replace(GOOD, ci_low=-0.7, ci_high=0.3))[DOMAINS.index("imprecision")]
    assert isinstance(found, Suggestion)
    assert found.text.startswith("[IM-2] The interval, 0.50 to 1.35,")
    assert "IM-S0" not in found.text
    assert "[IM-S0]" in RULES["imprecision"](GOOD).text
