"""Mantel-Haenszel and Peto: one table by hand, exact distributions, simulation, edge cases."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy import optimize, stats

from evidence.errors import FitError
from evidence.models.frequentist import kernels_events
from evidence.models.frequentist.events import pool_events
from evidence.models.frequentist.events_repeated import events_cumulative, events_leave_one_out
from evidence.models.frequentist.kernels_events import Tables

NAMES = ("events_treatment", "total_treatment", "events_control", "total_control")
MEASURES = ("OR", "RR", "RD", "IRR", "IRD")


def frame_of(*rows: tuple[float, float, float, float]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=NAMES)


@st.composite
def tables(draw: st.DrawFn) -> pd.DataFrame:
    rows = []
    for _ in range(draw(st.integers(1, 6))):
        n1, n2 = draw(st.integers(5, 60)), draw(st.integers(5, 60))
        rows.append((draw(st.integers(1, n1 - 1)), n1, draw(st.integers(1, n2 - 1)), n2))
    return frame_of(*rows)


@pytest.mark.parametrize(
    ("measure", "expected"),
    [
        ("OR", np.log(4 * 26 / (16 * 9))),
        ("RR", np.log((4 / 20) / (9 / 35))),
        ("RD", 4 / 20 - 9 / 35),
        ("IRR", np.log((4 / 20) / (9 / 35))),
        ("IRD", 4 / 20 - 9 / 35),
    ],
)
def test_one_table_is_its_own_effect(measure, expected: float) -> None:
    fit = pool_events(frame_of((4, 20, 9, 35)), method="mantel_haenszel", measure=measure)
    assert fit.estimate == pytest.approx(expected)
    assert (fit.k, fit.q_df, fit.q_p, fit.i2, fit.h2) == (1, 0, 1.0, 0.0, 1.0)
    own = fit.studies["variance"].iloc[0]
    assert fit.std_error**2 == pytest.approx(own, rel=1e-9)


def test_hypergeometric_is_the_distribution() -> None:
    cells = Tables(*(np.array([float(x)]) for x in (4, 16, 9, 26)))
    law = stats.hypergeom(55, 13, 20)
    excess, variance = kernels_events.hypergeometric(cells)
    assert excess[0] == pytest.approx(4 - law.mean())
    assert variance[0] == pytest.approx(law.var())


@given(tables(), st.sampled_from(MEASURES))
def test_swapping_the_arms_mirrors_the_answer(frame: pd.DataFrame, measure) -> None:
    plain = pool_events(frame, method="mantel_haenszel", measure=measure)
    swapped = pool_events(
        frame,
        method="mantel_haenszel",
        measure=measure,
        events_treatment=NAMES[2],
        total_treatment=NAMES[3],
        events_control=NAMES[0],
        total_control=NAMES[1],
    )
    assert swapped.estimate == pytest.approx(-plain.estimate, abs=1e-9)
    assert swapped.std_error == pytest.approx(plain.std_error, rel=1e-9)
    assert swapped.q == pytest.approx(plain.q, rel=1e-8, abs=1e-9)


@given(tables(), st.sampled_from(["mantel_haenszel", "peto"]), st.randoms(use_true_random=False))
def test_order_is_irrelevant_and_counting_the_other_outcome_mirrors(frame, method, random) -> None:
    plain = pool_events(frame, method=method, measure="OR")
    order = random.sample(range(len(frame)), len(frame))
    mixed = pool_events(frame.iloc[order], method=method, measure="OR")
    other = frame.copy()
    for events, total in (NAMES[:2], NAMES[2:]):
        other[events] = frame[total] - frame[events]
    mirrored = pool_events(other, method=method, measure="OR")
    assert mixed.estimate == pytest.approx(plain.estimate, abs=1e-12)
    assert mirrored.estimate == pytest.approx(-plain.estimate, abs=1e-9)
    assert mirrored.std_error == pytest.approx(plain.std_error, rel=1e-9)


@given(tables(), st.floats(0.01, 100))
def test_rates_follow_the_unit_of_time(frame: pd.DataFrame, factor: float) -> None:
    scaled = frame.assign(**{name: frame[name] * factor for name in (NAMES[1], NAMES[3])})
    for measure, power in (("IRR", 0), ("IRD", -1)):
        plain = pool_events(frame, method="mantel_haenszel", measure=measure)
        moved = pool_events(scaled, method="mantel_haenszel", measure=measure)
        unit = factor**power
        assert moved.estimate == pytest.approx(plain.estimate * unit, rel=1e-8, abs=1e-12 * unit)
        assert moved.std_error == pytest.approx(plain.std_error * unit, rel=1e-9)


@pytest.mark.parametrize("measure", MEASURES)
def test_standard_errors_match_simulation(measure) -> None:
    random, n = np.random.default_rng(3), np.array([40.0, 80.0, 60.0, 120.0])
    risk = np.array([0.15, 0.25, 0.2, 0.3])
    rates = measure in ("IRR", "IRD")
    draw = (
        random.poisson if rates else (lambda m, size: random.binomial(n.astype(int), m / n, size))
    )
    a, c = (draw(n * risk * x, (40_000, 4)).astype(float) for x in (0.8, 1.0))
    cells = Tables(a, np.broadcast_to(n, a.shape) - (0 if rates else a), c,
        np.broadcast_to(n, c.shape) - (0 if rates else c))  # fmt: skip
    found = kernels_events.mantel_haenszel(cells, measure)
    assert np.sqrt(found.variance.mean()) == pytest.approx(found.estimate.std(), rel=0.02)


def test_breslow_day_fits_events_with_the_pooled_odds_ratio() -> None:
    rows = [(4.0, 20.0, 9.0, 35.0), (12.0, 30.0, 5.0, 33.0), (0.0, 9.0, 0.0, 8.0)]
    fit = pool_events(frame_of(*rows), method="mantel_haenszel", measure="OR")
    ratio, total, gap, spread = np.exp(fit.estimate), 0.0, 0.0, 0.0
    for a, n1, c, n2 in rows[:2]:
        m = a + c

        def excess(x: float, n1=n1, n2=n2, m=m) -> float:
            return x * (n2 - m + x) - ratio * (n1 - x) * (m - x)

        x = optimize.brentq(excess, max(0, m - n2) + 1e-9, min(n1, m) - 1e-9)
        v = 1 / (1 / x + 1 / (n1 - x) + 1 / (m - x) + 1 / (n2 - m + x))
        total, gap, spread = total + (a - x) ** 2 / v, gap + a - x, spread + v
    assert fit.breslow_day is not None
    assert fit.tarone is not None
    assert fit.breslow_day.statistic == pytest.approx(total)
    assert fit.tarone.statistic == pytest.approx(total - gap**2 / spread)
    assert (fit.breslow_day.df, fit.k, fit.k_compared) == (1, 3, 3)


def test_association_against_its_definition() -> None:
    rows = [(4, 20, 9, 35), (12, 30, 5, 33)]
    plain = pool_events(
        frame_of(*rows), method="mantel_haenszel", measure="OR", continuity_correction=False
    )
    laws = [stats.hypergeom(n1 + n2, a + c, n1) for a, n1, c, n2 in rows]
    gap = sum(row[0] - law.mean() for row, law in zip(rows, laws, strict=True))
    statistic = gap**2 / sum(law.var() for law in laws)
    assert plain.association is not None
    assert plain.association.statistic == pytest.approx(statistic)
    assert plain.association.p == pytest.approx(stats.chi2.sf(statistic, 1))


@pytest.mark.parametrize(
    ("to", "expected"),
    [
        ("none", [[0, 3], [2, 4]]),
        ("zero_cells", [[0.5, 3.5], [2, 4]]),
        ("all_if_any_zero", [[0.5, 3.5], [2.5, 4.5]]),
        ("all", [[0.5, 3.5], [2.5, 4.5]]),
    ],
)
def test_adding_to_cells(to: str, expected) -> None:
    a, b = np.array([0.0, 2.0]), np.array([3.0, 4.0])
    found = kernels_events.add_to_cells(Tables(a, b, a + 1, b), 0.5, to)
    np.testing.assert_array_equal(np.stack([found.a, found.b], -1), expected)


def test_double_zero_tables_can_be_dropped() -> None:
    frame = frame_of((4, 20, 9, 35), (0, 10, 0, 11), (10, 10, 11, 11))
    kept = pool_events(frame, method="mantel_haenszel", measure="OR")
    dropped = pool_events(frame, method="mantel_haenszel", measure="OR", drop_double_zero=True)
    assert (kept.k, dropped.k) == (3, 1)
    assert dropped.estimate == pytest.approx(kept.estimate)
    assert pool_events(frame, method="peto", measure="OR").k_compared == 1


@given(tables())
def test_repeated_fits_are_fits_of_the_rest(frame: pd.DataFrame) -> None:
    assume(len(frame) > 1)
    options = {"method": "mantel_haenszel", "measure": "RR"}
    last = len(frame) - 1
    without = pool_events(frame.iloc[:last], **options)
    own = events_leave_one_out(frame, **options)
    assert own["estimate"].iloc[last] == pytest.approx(without.estimate, abs=1e-12)
    assert own["q"].iloc[last] == pytest.approx(without.q, abs=1e-9)
    steps = events_cumulative(frame, **options)
    assert steps["estimate"].iloc[-2] == pytest.approx(without.estimate, abs=1e-12)
    assert steps["k"].tolist() == list(range(1, len(frame) + 1))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"method": "peto", "measure": "RR"}, "no Peto estimate"),
        ({"method": "petto", "measure": "OR"}, "did you mean"),
        ({"measure": "RR", "continuity_correction": False}, "would do nothing"),
        ({"measure": "OR", "added": (0.5, "only")}, "unknown: 'only'"),
        ({"measure": "OR", "added": (0.0, "all")}, "amount 0.0"),
        ({"measure": "OR", "level": 95}, "a fraction"),
        ({"measure": "OR", "events_control": "events_contrl"}, "did you mean"),
    ],
)
def test_options_that_cannot_be(options, message: str) -> None:
    with pytest.raises(FitError, match=message):
        pool_events(frame_of((1, 5, 2, 5)), **({"method": "mantel_haenszel"} | options))


@pytest.mark.parametrize(
    "row", [(6, 5, 1, 5), (-1, 5, 1, 5), (1, 0, 0, 5), (np.nan, 5, 1, 5), (1, np.inf, 1, 5)]
)
def test_impossible_counts(row) -> None:
    with pytest.raises(FitError, match="some counts are impossible"):
        pool_events(frame_of(row), method="mantel_haenszel", measure="OR")


def test_no_events_in_an_arm_cannot_be_pooled_as_a_ratio() -> None:
    frame = frame_of((0, 20, 3, 20), (0, 30, 2, 31))
    with pytest.raises(FitError, match="cannot be pooled"):
        pool_events(frame, method="mantel_haenszel", measure="OR")
    assert pool_events(frame, method="mantel_haenszel", measure="RD").estimate < 0
    added = pool_events(
        frame, method="mantel_haenszel", measure="OR", added_to_pool=(0.5, "zero_cells")
    )
    assert added.estimate < 0
    with pytest.raises(FitError, match="nothing to pool"):
        pool_events(frame.iloc[:0], method="mantel_haenszel", measure="OR")
