"""Statements from a data frame: each kind of row, and errors that name the row and the column."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from evidence.effects.stated_frame import statements_from_frame
from evidence.effects.statements import ErrorForm, Statement
from evidence.errors import EffectError

INF = np.inf
COLUMNS = (
    "estimate", "std_error", "sd", "plus_minus", "n1", "n2", "p", "p_relation", "direction",
    "half_width", "arm_only", "control_change", "control_std_error",
)  # fmt: skip
NAMES = {name: name for name in COLUMNS}


def read(*rows: dict[str, Any], **changes: Any) -> tuple[Statement, ...]:
    frame = pd.DataFrame([dict.fromkeys(COLUMNS) | row for row in rows], dtype=object)
    return statements_from_frame(frame, **(NAMES | changes))


def one(test: str = "z", **row: Any) -> Statement:
    return read(row, test=test)[0]


SIZES = {"n1": 16, "n2": 25}
SIZE = (1 / 16 + 1 / 25) ** 0.5


def z(p: float) -> float:
    return float(stats.norm.isf(p / 2))


@pytest.mark.parametrize("spread", [{"std_error": 0.5}, {"sd": 0.5 / SIZE}])
def test_complete(spread: dict[str, float]) -> None:
    s = one(estimate=-2.0, half_width=0.05, **spread, **SIZES)
    assert (s.kind, s.complete, s.estimate, s.half_widths) == ("complete", True, -2.0, (0.05,))
    assert s.errors[0].variance == pytest.approx(0.25)
    assert (s.size, s.df) == (pytest.approx(SIZE), 39)


def test_one_group_has_the_size_of_its_own_people() -> None:
    s = one(estimate=-2.0, sd=4.0, n1=16)
    assert (s.size, s.df, s.errors[0].variance) == (0.25, 15, 1.0)


def test_a_p_beside_a_printed_error_is_not_used() -> None:
    s = one(estimate=2.0, std_error=0.5, p=0.9)
    assert (s.se_low, s.se_high, s.z_low, s.z_high) == (0.0, INF, 0.0, INF)
    assert s.errors == (ErrorForm(0.25),)


@pytest.mark.parametrize(
    ("given", "kind", "low", "high"),
    [
        ({"p": 0.03}, "complete", 2 / z(0.025), 2 / z(0.035)),
        ({"p": 0.03, "p_relation": "="}, "complete", 2 / z(0.025), 2 / z(0.035)),
        ({"p": 0.01, "p_relation": "<"}, "estimate_with_bounded_p", 0.0, 2 / z(0.01)),
        ({"p": 0.1, "p_relation": ">"}, "estimate_with_bounded_p", 2 / z(0.1), INF),
        ({"p_relation": "ns"}, "estimate_not_significant", 2 / z(0.05), INF),
        ({"direction": "no_change"}, "estimate_not_significant", 2 / z(0.05), INF),
        ({}, "estimate_alone", 0.0, INF),
    ],
)
def test_an_estimate_without_an_error(
    given: dict[str, Any], kind: str, low: float, high: float
) -> None:
    s = one(estimate=-2.0, **given)
    assert (s.kind, s.errors) == (kind, ())
    assert (s.se_low, s.se_high) == pytest.approx((low, high))


def test_an_estimate_of_0_takes_no_bound_from_a_p() -> None:
    s = one(estimate=0.0, p_relation="ns")
    assert (s.kind, s.se_low, s.se_high) == ("estimate_alone", 0.0, INF)


@pytest.mark.parametrize(
    ("given", "kind", "sign", "low", "high"),
    [
        ({"direction": "decrease"}, "direction", -1, 0.0, INF),
        ({"direction": 1}, "direction", 1, 0.0, INF),
        ({"direction": "decrease", "p": 0.01, "p_relation": "<"}, "direction_with_p", -1, z(0.01),
         INF),
        ({"direction": "increase", "p": 0.03}, "direction_with_p", 1, z(0.035), z(0.025)),
        ({"direction": "no_change"}, "not_significant", 0, 0.0, z(0.05)),
        ({"p_relation": "ns"}, "not_significant", 0, 0.0, z(0.05)),
        ({"p": 0.2, "p_relation": ">"}, "not_significant", 0, 0.0, z(0.2)),
        ({"p": 0.001, "p_relation": "<"}, "p_alone", 0, z(0.001), INF),
        ({"p": 0.03}, "p_alone", 0, z(0.035), z(0.025)),
        ({"p": 1e-300}, "p_alone", 0, z(1.5e-300), z(0.5e-300)),
        ({}, "other_arms", 0, 0.0, INF),
    ],
)  # fmt: skip
def test_without_an_estimate(
    given: dict[str, Any], kind: str, sign: int, low: float, high: float
) -> None:
    s = one(**given)
    assert (s.kind, s.sign) == (kind, sign)
    assert (s.z_low, s.z_high) == pytest.approx((low, high), rel=1e-6)
    assert s.silent == (kind == "other_arms")


def test_a_t_test_takes_its_degrees_from_the_sizes() -> None:
    s = one("t", direction="decrease", p=0.01, p_relation="<", **SIZES)
    assert s.z_low == pytest.approx(stats.t.isf(0.005, 39))
    assert one("t", direction="decrease", p=0.01, p_relation="<").z_low == pytest.approx(z(0.01))


def test_a_spread_without_a_name() -> None:
    s = one(estimate=2.0, plus_minus=0.5, **SIZES)
    assert s.kind == "estimate_with_unlabelled_spread"
    assert [(f.variance, f.probability) for f in s.errors] == [
        (0.25, 0.5),
        (pytest.approx((0.5 * SIZE) ** 2), 0.5),
    ]
    unsized = one(estimate=2.0, plus_minus=0.5)
    assert (unsized.errors, unsized.se_low, unsized.se_high) == ((), 0.0, 0.5)
    told = one(estimate=2.0, plus_minus=0.5, p_relation="ns", **SIZES)
    assert len(told.errors) == 2  # neither reading agrees with that P, so neither is chosen
    told = one(estimate=2.0, plus_minus=1.5, p=0.001, p_relation="<", **SIZES)
    assert [f.variance for f in told.errors] == [pytest.approx((1.5 * SIZE) ** 2)]
    told = one(estimate=2.0, plus_minus=0.5, p=0.001, p_relation="<")
    assert told.se_high == 0.5
    told = one(estimate=2.0, plus_minus=5.0, p=0.05, p_relation=">")
    assert (told.se_low, told.se_high) == (pytest.approx(2 / z(0.05)), 5.0)


def test_treated_arms_alone_and_control_arms() -> None:
    alone = one(estimate=-2.0, sd=4.0, n1=16, arm_only=True)
    assert (alone.kind, alone.arm_only) == ("one_arm", True)
    way = one(direction="decrease", n1=16, arm_only=True)
    assert (way.kind, way.arm_only, way.sign) == ("one_arm", True, -1)
    silent = one(n1=16, arm_only=True)
    assert (silent.kind, silent.arm_only, silent.silent) == ("other_arms", False, True)
    both = one(estimate=-2.0, std_error=0.5, control_change=0.1, control_std_error=0.3)
    assert both.control_change == (0.1, 0.3)


def test_names_come_from_a_column_or_the_index() -> None:
    frame = pd.DataFrame({"d": ["decrease", "increase"], "who": ["A", "B"]}, index=[7, 8])
    assert [s.row for s in statements_from_frame(frame, direction="d")] == ["7", "8"]
    named = statements_from_frame(frame, direction="d", study="who")
    assert [(s.row, s.study, s.label, s.said) for s in named] == [
        ("A", "A", "A", "direction decrease"),
        ("B", "B", "B", "direction increase"),
    ]


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ({"estimate": "x"}, "row '0', column 'estimate': 'x'; a finite number"),
        ({"estimate": INF}, "row '0', column 'estimate': inf; a finite number"),
        ({"estimate": True}, "column 'estimate': True; a finite number"),
        ({"estimate": 1.0, "std_error": 0}, "column 'std_error': 0; a number above 0"),
        ({"direction": "decrease", "n1": -3}, "column 'n1': -3; a number above 0"),
        ({"estimate": 1.0, "half_width": -0.1}, "column 'half_width': -0.1; 0 or more"),
        ({"p": 0.0}, "column 'p': 0.0; a number between 0 and 1"),
        ({"p": 1.0}, "column 'p': 1.0; a number between 0 and 1"),
        ({"p": 0.1, "p_relation": "<="}, "column 'p_relation': '<='; one of =, <, >, ns"),
        ({"p_relation": "<"}, "column 'p_relation': '<'; a row with a P"),
        ({"direction": "down"}, "column 'direction': 'down'; increase, decrease or no_change"),
        ({"estimate": 1.0, "arm_only": "yes"}, "column 'arm_only': 'yes'; True or False"),
        ({"estimate": 1.0, "std_error": 1.0, "sd": 1.0, "n1": 4}, "has a std_error already"),
        ({"std_error": 1.0, "p": 0.1}, "column 'std_error': 1.0; .*the row has no estimate"),
        ({"half_width": 1.0, "p": 0.1}, "column 'half_width': 1.0; .*the row has no estimate"),
        ({"estimate": 1.0, "sd": 1.0}, "column 'sd': 1.0; a row with the number of people"),
    ],
)  # fmt: skip
def test_a_figure_that_cannot_be_is_named_by_row_and_column(
    row: dict[str, Any], words: str
) -> None:
    with pytest.raises(EffectError, match=words):
        one(**row)


def test_a_direction_against_the_estimate_is_refused() -> None:
    with pytest.raises(EffectError, match=r"row '0', column 'direction': .*that of the estimate"):
        one(estimate=1.0, direction="decrease")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"estimate": "effect"}, "estimate: no column 'effect'"),
        ({"p": "directions"}, 'p: no column \'directions\'; did you mean "direction"'),
        ({"test": "F"}, "test: 'F'; known: t, z"),
        ({"n1": None}, "n2: does nothing without n1"),
        ({"estimate": None}, "std_error: does nothing without estimate"),
        ({"control_change": None}, "control_std_error: does nothing without control_change"),
        ({"estimate": None, "p": None, "p_relation": None, "direction": None},
         "nothing of an effect is named"),
    ],
)  # fmt: skip
def test_columns_that_do_not_fit(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(EffectError, match=words):
        read({"estimate": 1.0}, **changes)


def test_a_name_that_repeats_is_refused() -> None:
    frame = pd.DataFrame({"d": ["decrease"] * 3, "who": ["A", "B", "A"]})
    with pytest.raises(EffectError, match="who: repeats A"):
        statements_from_frame(frame, direction="d", study="who")


def test_all_that_is_wrong_is_told_at_once() -> None:
    with pytest.raises(EffectError) as caught:
        read({"p": 2.0}, {"direction": "sideways", "n1": 0})
    assert len(caught.value.problems) == 3
