"""The range of answers: against all combinations, and as it must move with what is said."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evidence.effects.statements import ErrorForm, Statement
from evidence.effects.table import table_of
from evidence.errors import FitError
from evidence.models.frequentist.pool import pool
from evidence.models.frequentist.pool_many import pool_many
from evidence.models.partial.possible import possible_answers


def told(row: str, **given: object) -> Statement:
    return Statement(row=row, study=row, label=row.upper(), **({"kind": "part"} | given))


def complete(y: tuple[float, ...] = (-0.5, -0.3, 0.1), s: float = 0.2) -> list[Statement]:
    return [
        told(row, kind="complete", estimate=value, errors=(ErrorForm(s**2),), size=0.2, df=98)
        for row, value in zip("abcdef", y, strict=False)
    ]


def test_complete_reports_leave_one_answer() -> None:
    found = possible_answers(complete(), limits=(-2, 2))
    fit = pool(table_of([-0.5, -0.3, 0.1], [0.2] * 3))
    one = fit.terms.iloc[0] if hasattr(fit, "terms") else None
    single = pool_many(np.array([-0.5, -0.3, 0.1]), np.full(3, 0.04))
    assert found.low == found.high == pytest.approx(float(single.estimate), rel=1e-12)
    assert (found.ci_low, found.ci_high) == pytest.approx(
        (float(single.ci_low), float(single.ci_high)), rel=1e-12
    )
    assert one is None or one["estimate"] == pytest.approx(found.low, rel=1e-9)


PARTS = [
    told("p", sign=-1, size=0.2),
    told("q", z_high=1.96, size=0.3),
    told("r", estimate=-0.8, size=0.25),
    told("u", estimate=0.4, errors=(ErrorForm(0.04, 0.0, 0.5), ErrorForm(1.0, 0.0, 0.5))),
    told("w", estimate=-0.2, errors=(ErrorForm(0.3, 0.25),)),
    told("x", estimate=-0.6, half_widths=(0.05, 0.05), errors=(ErrorForm(0.01),)),
    told("y", sign=1, z_low=1.96, size=0.1),
]


def grid(s: Statement, limits: tuple[float, float], sds: tuple[float, float]) -> np.ndarray:
    """Estimates and standard errors that agree with a report, written down anew."""
    if s.errors:
        errors = [np.sqrt(e.variance - e.slope * r) for e in s.errors for r in (0, 0.5, 0.95)]
    else:
        errors = list(np.geomspace(sds[0] * s.size, sds[1] * s.size, 4))
    points = []
    for error in errors:
        if s.estimate is not None:
            points += [(s.estimate + d * s.half_width, error) for d in (-1, 0, 1)]
            continue
        for y in np.linspace(*limits, 9):
            sign = s.sign == 0 or y * s.sign >= 0
            if sign and s.z_low * error - 1e-12 <= abs(y) <= s.z_high * error + 1e-12:
                points.append((y, error))
    return np.array(points)


@pytest.mark.parametrize("model", ["common", "random"])
@pytest.mark.parametrize("pair", list(itertools.combinations(PARTS, 2)), ids=lambda p: p[0].row)
def test_no_combination_of_values_lies_outside(model: str, pair: tuple[Statement, ...]) -> None:
    limits, sds = (-1.5, 1.5), (0.5, 2.0)
    body = [*complete()[:2], *pair]
    found = possible_answers(body, limits=limits, sd_limits=sds, model=model)
    choices = [grid(s, limits, sds) for s in body]
    every = np.array(list(itertools.product(*choices)))
    estimates = pool_many(every[..., 0], every[..., 1] ** 2, model=model).estimate
    assert found.low <= estimates.min() + 1e-3
    assert found.high >= estimates.max() - 1e-3
    # What the answer claims to be possible is possible, and gives the answer.
    for end, value in (("low", found.low), ("high", found.high)):
        at = found.extremes[[f"estimate_at_{end}", f"std_error_at_{end}"]].to_numpy()
        again = pool_many(at[:, 0], at[:, 1] ** 2, model=model).estimate
        assert float(again) == pytest.approx(value, rel=1e-12)
        for s, (y, error) in zip(body, at, strict=True):
            assert s.sign * y >= 0
            if s.estimate is None:
                assert s.z_low * error - 1e-9 <= abs(y) <= s.z_high * error + 1e-9
            else:
                assert abs(y - s.estimate) <= s.half_width + 1e-12


def test_the_range_shrinks_as_more_is_said() -> None:
    steps = [
        told("z", z_low=1.96, size=0.2),
        told("z", sign=-1, z_low=1.96, size=0.2),
        told("z", sign=-1, z_low=1.96, z_high=2.6, size=0.2),
        told("z", estimate=-0.5, se_low=0.19, se_high=0.26, size=0.2),
        told("z", estimate=-0.5, errors=(ErrorForm(0.04),), size=0.2),
    ]
    found = [
        possible_answers([*complete(), s], limits=(-2, 2), sd_limits=(0.8, 1.5), model="common")
        for s in steps
    ]
    for wider, narrower in itertools.pairwise(found):
        assert wider.low - 1e-9 <= narrower.low
        assert narrower.high <= wider.high + 1e-9
    assert found[-1].low == found[-1].high


@settings(max_examples=40, deadline=None)
@given(st.lists(st.floats(-1.4, 1.4), min_size=2, max_size=3), st.floats(0.5, 2.0))
def test_what_was_true_before_it_was_left_out_is_inside(y: list[float], sd: float) -> None:
    """A trial whose figures are erased to a direction stays within the range of answers."""
    s = 0.2 * sd
    body = [told(f"t{i}", sign=1 if v >= 0 else -1, size=0.2) for i, v in enumerate(y)]
    found = possible_answers(
        [*complete(), *body], limits=(-1.5, 1.5), sd_limits=(0.5, 2.0), model="common"
    )
    whole = pool_many(
        np.array([-0.5, -0.3, 0.1, *y]), np.array([0.04] * 3 + [s**2] * len(y)), model="common"
    )
    assert found.low - 1e-9 <= float(whole.estimate) <= found.high + 1e-9


def test_treated_arms_come_in_with_limits_of_the_control() -> None:
    arm = told("t", estimate=-1.0, errors=(ErrorForm(0.04),), arm_only=True, size=0.2)
    without = possible_answers([*complete(), arm], limits=(-2, 2))
    assert without.used == 3
    assert without.notes == ("treated arms without their control are left out: T",)
    found = possible_answers([*complete(), arm], limits=(-2, 2), control_limits=(-0.5, 0.3))
    assert (found.used, found.notes) == (4, ())
    assert found.extremes.loc["t", "estimate_at_low"] == pytest.approx(-1.3)
    assert found.extremes.loc["t", "estimate_at_high"] == pytest.approx(-0.5)
    way = told("t", sign=-1, arm_only=True, size=0.2)
    found = possible_answers(
        [*complete(), way], limits=(-2, 2), control_limits=(-0.5, 0.3), model="common"
    )
    assert found.extremes.loc["t", "estimate_at_low"] == -2.0
    assert found.extremes.loc["t", "estimate_at_high"] == 0.5
    way = told("t", sign=1, arm_only=True, size=0.2)
    found = possible_answers(
        [*complete(), way], limits=(-2, 2), control_limits=(-0.5, 0.3), model="common"
    )
    assert found.extremes.loc["t", "estimate_at_low"] == -0.3


def test_sd_limits_follow_from_the_reports_that_show_an_sd() -> None:
    """SD 1 in the others: from one half to 2, so that s goes from 0.1 to 0.4."""
    body = [*complete(), told("z", estimate=3.0, size=0.2)]
    found = possible_answers(body, limits=(-2, 2), model="common")
    assert found.extremes.loc["z", "std_error_at_high"] == pytest.approx(0.1)
    assert found.extremes.loc["z", "std_error_at_low"] == pytest.approx(0.4)
    unsized = possible_answers([*complete(), told("z", estimate=3.0)], limits=(-2, 2))
    assert unsized.high > unsized.low


def test_bounds_of_a_p_go_before_limits_that_were_declared() -> None:
    for bounds, low, high in (((0.0, 0.05), 0.025, 0.05), ((3.0, np.inf), 3.0, 6.0)):
        z = told("z", estimate=1.0, se_low=bounds[0], se_high=bounds[1], size=0.2)
        found = possible_answers([*complete(), z], limits=(-2, 2), model="common")
        ends = sorted(found.extremes.loc["z", [f"std_error_at_{e}" for e in ("low", "high")]])
        assert ends == pytest.approx([low, high])


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: possible_answers(complete()[:1], limits=(-1, 1)), "told: 1 usable"),
        (lambda: possible_answers(complete(), limits=(1, -1)), "limits: .*the smaller first"),
        (
            lambda: possible_answers(complete(), limits=(-1, 1), sd_limits=(0, 1)),
            "sd_limits: .*above 0",
        ),
        (
            lambda: possible_answers(complete(), limits=(-1, 1), control_limits=(1, np.inf)),
            "control_limits: .*two finite numbers",
        ),
        (
            lambda: possible_answers(PARTS[:2], limits=(-1, 1)),
            "p: no report shows an SD; give sd_limits",
        ),
        (
            lambda: possible_answers(
                [*complete(), told("z", sign=1, z_low=30.0, size=0.2)], limits=(-1, 1)
            ),
            "z: no value agrees with it; wider limits",
        ),
    ],
)
def test_what_cannot_be_is_refused_by_name(call: object, words: str) -> None:
    with pytest.raises(FitError, match=words):
        call()
