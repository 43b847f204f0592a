"""The likelihood of each kind of report, against integrals that take no shortcut."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import integrate, stats

from evidence.models.partial.kernels_importance import importance_sample, weighted_quantile
from evidence.models.partial.kernels_reports import (
    Parameters,
    Report,
    beta_correlation,
    log_interval,
    log_likelihood,
    one_report,
    true_effect,
)

NAN = float("nan")
P = Parameters(*(np.array([x]) for x in (0.3, 0.4, -0.2, 0.3, -0.1, 0.25)))
MU, TAU, ETA, OMEGA, GAMMA, KAPPA = 0.3, 0.4, -0.2, 0.3, -0.1, 0.25
R = beta_correlation(2.0, 2.0)


def report(**given: object) -> Report:
    blank = {
        "y": NAN, "half": 0.0, "blur": 0.0, "sign": 0, "z": (0.0, np.inf),
        "forms": np.empty((0, 3)),
        "bounds": (0.0, np.inf), "log_size": np.log(0.3), "size_spread": 0.0, "df": NAN,
        "arm": False, "control": (NAN, NAN),
    }  # fmt: skip
    return Report(**(blank | given))


def known(s: float) -> np.ndarray:
    return np.array([[1.0, s**2, 0.0]])


def density_of_y(y: float, s: float, m: float = MU, v: float = TAU**2) -> float:
    """Density of y, with theta integrated by brute force rather than in closed form."""
    sd = np.sqrt(v)
    return integrate.quad(
        lambda t: stats.norm.pdf(t, m, sd) * stats.norm.pdf(y, t, s), m - 9 * sd, m + 9 * sd,
        epsabs=1e-13, limit=200,
    )[0]  # fmt: skip


def over_s(function: object, low: float = -8.0, high: float = 8.0) -> float:
    """Integral over the population of SDs, s = 0.3 exp(eta + omega z)."""
    return integrate.quad(
        lambda z: stats.norm.pdf(z) * function(0.3 * np.exp(ETA + OMEGA * z)), low, high,
        epsabs=1e-12, limit=200,
    )[0]  # fmt: skip


def between(low: float, high: float, s: float, m: float = MU, v: float = TAU**2) -> float:
    law = stats.norm(m, np.sqrt(v + s**2))
    return law.cdf(high) - law.cdf(low)


def of(told: Report) -> float:
    return float(np.exp(one_report(told, P, R))[0])


def test_a_printed_estimate_and_error() -> None:
    assert of(report(y=0.7, forms=known(0.2))) == pytest.approx(density_of_y(0.7, 0.2), rel=1e-8)


@pytest.mark.parametrize("half", [1e-7, 1e-3, 0.05, 2.0])
def test_a_rounded_estimate(half: float) -> None:
    expected = between(0.7 - half, 0.7 + half, 0.2) / (2 * half)
    assert of(report(y=0.7, half=half, forms=known(0.2))) == pytest.approx(expected, rel=1e-6)


def test_rounding_of_several_figures_by_simulation() -> None:
    """The coarsest figure is off by a uniform error, the others together by a normal one."""
    rng = np.random.default_rng(3)
    halves = (0.3, 0.15, 0.1)
    y = rng.normal(MU, np.hypot(TAU, 0.2), 4_000_000)
    off = sum(rng.uniform(-h, h, y.size) for h in halves)
    printed = np.mean(abs(y + off - 0.7) < 0.005) / 0.01
    blur = float(np.sqrt((0.15**2 + 0.1**2) / 3))
    told = report(y=0.7, half=0.3, blur=blur, forms=known(0.2))
    assert of(told) == pytest.approx(printed, rel=0.02)
    exact = report(y=0.7, blur=blur, forms=known(0.2))
    assert of(exact) == pytest.approx(stats.norm.pdf(0.7, MU, np.sqrt(TAU**2 + 0.04 + blur**2)))


def test_a_known_sd_tells_as_much_as_its_size_is_known() -> None:
    """Where no n was printed, the population of SDs sees the standard error through its size."""
    told = report(y=0.7, forms=known(0.2), df=20.0, size_spread=0.6)
    spread = np.sqrt(OMEGA**2 + 0.36 + 1 / 40)
    expected = stats.norm.pdf(0.7, MU, np.hypot(TAU, 0.2)) * stats.norm.pdf(
        np.log(0.2 / 0.3), ETA, spread
    )
    assert of(told) == pytest.approx(expected, rel=1e-12)


EXTREME = Parameters(
    *(np.array(x) for x in (
        [0.3, 1e8, -1e8, 0.0, 0.0], [0.4, 1e-300, 1e-9, 0.0, 1e5], [-0.2, 300.0, -300.0, 0.0, 0.0],
        [0.3, 50.0, 1e-9, 0.0, 3.0], [-0.1, 1e8, 0.0, 0.0, 0.0], [0.25, 1e-300, 1e5, 0.0, 1.0],
    ))
)  # fmt: skip


@pytest.mark.parametrize(
    "told",
    [
        report(y=0.7), report(y=0.7, half=0.1), report(sign=-1), report(z=(0.0, 1.96)),
        report(z=(2.0, np.inf)), report(sign=1, z=(2.0, 2.5)), report(y=0.7, bounds=(0.2, 0.25)),
        report(y=0.7, bounds=(0.0, 0.5)), report(y=0.5, half=1e-9, arm=True),
        report(y=0.7, forms=known(0.2), half=0.2, control=(-0.05, 0.12)),
    ],
)  # fmt: skip
def test_parameters_beyond_reason_make_no_warning_and_no_nan(told: Report) -> None:
    found = log_likelihood((told,), EXTREME, R)[:, 0]
    mean, var = true_effect(told, EXTREME, R)
    assert np.isfinite([found[0], mean[0], var[0]]).all()
    # Draws that could carry a weight have moments; those beyond never reach the answer.
    some = found > -1e4
    assert np.isfinite(mean[some]).all()
    assert (var[some] >= 0).all()


@pytest.mark.parametrize(
    ("sign", "z", "low", "high"),
    [
        (1, (0.0, np.inf), 0, 99), (-1, (0.0, np.inf), -99, 0), (1, (2.0, np.inf), 0.4, 99),
        (-1, (2.0, np.inf), -99, -0.4), (1, (2.0, 2.2), 0.4, 0.44), (0, (0.0, 1.96), -0.392, 0.392),
    ],
)  # fmt: skip
def test_a_direction_or_a_test(sign: int, z: tuple[float, float], low: float, high: float) -> None:
    told = report(sign=sign, z=z, forms=known(0.2))
    assert of(told) == pytest.approx(between(low, high, 0.2), rel=1e-10)


def test_a_p_without_direction_is_both_sides() -> None:
    both = of(report(z=(2.0, np.inf), forms=known(0.2)))
    apart = [of(report(sign=s, z=(2.0, np.inf), forms=known(0.2))) for s in (1, -1)]
    assert both == pytest.approx(sum(apart), rel=1e-12)


def test_an_open_standard_error_is_drawn_from_the_population() -> None:
    expected = over_s(lambda s: stats.norm.pdf(0.7, MU, np.hypot(TAU, s)))
    assert of(report(y=0.7)) == pytest.approx(expected, rel=1e-7)
    tested = over_s(lambda s: between(1.9 * s, np.inf, s))
    assert of(report(sign=1, z=(1.9, np.inf))) == pytest.approx(tested, rel=1e-7)


def test_a_bounded_standard_error() -> None:
    low, high = 0.2, 0.26
    ends = [(np.log(x / 0.3) - ETA) / OMEGA for x in (low, high)]
    expected = over_s(lambda s: stats.norm.pdf(0.7, MU, np.hypot(TAU, s)), *ends)
    assert of(report(y=0.7, bounds=(low, high))) == pytest.approx(expected, rel=1e-9)


def test_bounds_far_outside_the_population_are_improbable_not_impossible() -> None:
    near, far = (one_report(report(y=0.7, bounds=(0.0, x)), P, R)[0] for x in (0.05, 0.001))
    assert np.isfinite(far)
    assert far < near < one_report(report(y=0.7), P, R)[0]


def test_a_spread_without_a_name_is_a_mixture_that_the_population_weighs() -> None:
    forms = np.array([[0.5, 0.04, 0.0], [0.5, 4.0, 0.0]])
    told = report(y=0.7, forms=forms, df=20.0)
    expected = sum(
        0.5
        * stats.norm.pdf(0.7, MU, np.hypot(TAU, s))
        * stats.norm.pdf(np.log(s / 0.3), ETA, np.sqrt(OMEGA**2 + 1 / 40))
        for s in (0.2, 2.0)
    )
    assert of(told) == pytest.approx(expected, rel=1e-12)


def test_a_correlation_that_nobody_printed_is_integrated_over_its_prior() -> None:
    def at(r: float) -> float:
        return stats.beta.pdf(r, 2, 2) * stats.norm.pdf(0.7, MU, np.sqrt(TAU**2 + 0.1 - 0.08 * r))

    expected = integrate.quad(at, 0, 1)[0]
    assert of(report(y=0.7, forms=np.array([[1.0, 0.1, 0.08]]))) == pytest.approx(expected, 1e-9)


def test_one_arm_adds_the_change_of_a_control_arm_nobody_printed() -> None:
    told = report(y=0.5, forms=known(0.2), arm=True)
    expected = stats.norm.pdf(0.5, MU + GAMMA, np.sqrt(TAU**2 + KAPPA**2 + 0.04))
    assert of(told) == pytest.approx(expected, rel=1e-12)


def test_a_printed_control_arm_shares_its_error_with_the_contrast() -> None:
    told = report(y=0.7, forms=known(0.2), control=(-0.05, 0.12))
    shared = 0.12**2
    covariance = [[TAU**2 + 0.04, -shared], [-shared, KAPPA**2 + shared]]
    expected = stats.multivariate_normal([MU, GAMMA], covariance).pdf([0.7, -0.05])
    assert of(told) == pytest.approx(expected, rel=1e-10)


@pytest.mark.parametrize(
    "told",
    [
        report(y=0.7, forms=known(0.2)), report(y=0.7, half=0.1, forms=known(0.2)),
        report(sign=-1, forms=known(0.2)), report(z=(0.0, 1.96), forms=known(0.2)),
        report(z=(2.0, 2.5), forms=known(0.2)), report(y=0.5, forms=known(0.2), arm=True),
    ],
)  # fmt: skip
def test_the_true_effect_by_brute_force(told: Report) -> None:
    """Simulate theta and y, keep what agrees with what was said (or weigh it)."""
    rng = np.random.default_rng(7)
    theta = rng.normal(MU, TAU, 2_000_000)
    change = theta + (rng.normal(GAMMA, KAPPA, theta.size) if told.arm else 0.0)
    y = change + rng.normal(0, 0.2, theta.size)
    if np.isfinite(told.y):
        w = stats.norm.pdf(told.y, change, 0.2) if told.half == 0 else abs(y - told.y) < told.half
    else:
        w = (np.abs(y) / 0.2 >= told.z[0]) & (np.abs(y) / 0.2 <= told.z[1])
        w = w & ((np.sign(y) == told.sign) | (told.sign == 0))
    mean = np.average(theta, weights=w)
    sd = np.sqrt(np.average((theta - mean) ** 2, weights=w))
    found, var = true_effect(told, P, R)
    assert [found[0], np.sqrt(var[0])] == pytest.approx([mean, sd], abs=4e-3)


@given(st.floats(-38, 38), st.floats(1e-9, 60))
def test_the_log_of_an_interval_keeps_its_digits(low: float, width: float) -> None:
    found = float(log_interval(np.array(low), np.array(low + width)))
    a, b = (low, low + width) if low + width <= 0 else (-(low + width), -low)
    if low < 0 < low + width:
        expected = np.log1p(-stats.norm.sf(low + width) - stats.norm.cdf(low))
    else:
        top, bottom = stats.norm.logcdf(b), stats.norm.logcdf(a)
        expected = top + np.log(-np.expm1(bottom - top)) if bottom - top < -1e-6 else None
    if expected is not None and width > 1e-3:
        assert found == pytest.approx(expected, rel=1e-7, abs=1e-9)
    assert np.isfinite(found)
    assert found <= 1e-12


def test_an_empty_interval_has_no_probability() -> None:
    assert log_interval(np.array(1.0), np.array(1.0)) == -np.inf


def test_importance_sampling_finds_a_banana() -> None:
    """A density with known moments: x ~ N(1, 2^2), y | x ~ N(x^2 / 8, 0.5^2)."""

    def log_density(x: np.ndarray) -> np.ndarray:
        return -0.5 * ((x[:, 0] - 1) / 2) ** 2 - 0.5 * ((x[:, 1] - x[:, 0] ** 2 / 8) / 0.5) ** 2

    draws = importance_sample(log_density, np.array([[3.0, 3.0]]), seed=5, log2_size=14)
    assert draws.mean(draws.x) == pytest.approx([1.0, 5 / 8], abs=0.02)
    assert draws.log_integral == pytest.approx(np.log(2 * np.pi * 2 * 0.5), abs=0.01)
    assert draws.error(draws.x).max() < 0.02
    middle = weighted_quantile(draws.x[:, 0], draws.weights, np.array([0.025, 0.5, 0.975]))
    assert middle == pytest.approx(stats.norm(1, 2).ppf([0.025, 0.5, 0.975]), abs=0.05)


def test_same_seed_same_draws() -> None:
    def log_density(x: np.ndarray) -> np.ndarray:
        return -0.5 * (x**2).sum(axis=1)

    first, again, other = (
        importance_sample(log_density, np.zeros((1, 2)), seed=s).x for s in (1, 1, 2)
    )
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)
