"""Five-number summaries, Wald intervals, and the way back from the scale of the analysis."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import norm, t

from evidence.effects.sizes import back
from evidence.effects.sizes.fivenumbers import means_and_sds
from evidence.effects.sizes.registry import MEASURES
from evidence.effects.sizes.wald import from_wald
from evidence.errors import EffectError

share = st.floats(0.01, 0.99)


@pytest.mark.parametrize(
    ("code", "inverse"),
    [
        ("PR", np.asarray),
        ("PLN", np.exp),
        ("PLO", back.inverse_logit),
        ("PRZ", back.inverse_probit),
        ("PAS", back.inverse_arcsine),
    ],
)
@given(p=share, n=st.floats(5, 500))
def test_proportions_there_and_back(
    code: str, inverse: Callable[[Any], Any], p: float, n: float
) -> None:
    y, _ = MEASURES[code].kernel(np.array([p * n]), np.array([(1 - p) * n]))
    assert inverse(y)[0] == pytest.approx(p, rel=1e-9)


@given(x=st.integers(0, 60), m=st.integers(0, 60))
def test_double_arcsine_there_and_back(x: int, m: int) -> None:
    if x + m > 0:
        y, _ = MEASURES["PFT"].kernel(np.array([float(x)]), np.array([float(m)]))
        p = back.inverse_freeman_tukey(y, x + m)[0]
        assert p == pytest.approx(x / (x + m), abs=1e-7)
        assert 0 <= p <= 1


@given(x=st.integers(0, 200), time=st.floats(0.5, 5000))
def test_freeman_tukey_rate_there_and_back(x: int, time: float) -> None:
    y, _ = MEASURES["IRFT"].kernel(np.array([float(x)]), np.array([time]))
    rate = back.inverse_freeman_tukey_rate(y, time)[0]
    assert rate == pytest.approx(x / time, rel=1e-7, abs=1e-9 / time)


@given(r=st.floats(-0.99, 0.99))
def test_correlations_there_and_back(r: float) -> None:
    y, _ = MEASURES["ZCOR"].kernel(np.array([r]), np.array([20.0]))
    assert back.inverse_fisher_z(y)[0] == pytest.approx(r, abs=1e-12)


@given(alpha=st.floats(-2, 0.99))
def test_alphas_there_and_back(alpha: float) -> None:
    figures = np.array([alpha]), np.array([5.0]), np.array([40.0])
    ways = (("AHW", back.inverse_cube_root_alpha), ("ABT", back.inverse_log_alpha))
    for code, inverse in ways:
        y, _ = MEASURES[code].kernel(*figures)
        assert inverse(y)[0] == pytest.approx(alpha, abs=1e-12)


@given(x=st.floats(-3, 3), p=share)
def test_an_odds_ratio_as_a_risk_difference_and_ratio(x: float, p: float) -> None:
    risk = p + back.log_odds_ratio_to_risk_difference(x, p)
    assert np.log(risk / (1 - risk)) - np.log(p / (1 - p)) == pytest.approx(x, abs=1e-9)
    assert back.log_odds_ratio_to_risk_ratio(x, p) * p == pytest.approx(risk, rel=1e-9)


@given(d=st.floats(-4, 4))
def test_other_faces_of_d_mirror_its_sign(d: float) -> None:
    for function in (back.d_to_u3, back.d_to_chance_of_larger, back.d_to_success_rate):
        assert function(d) + function(-d) == pytest.approx(1.0)
    assert back.d_to_overlap(d) == pytest.approx(back.d_to_overlap(-d))
    assert back.d_to_correlation(d) == pytest.approx(-back.d_to_correlation(-d))


def test_the_mean_over_a_normal_distribution_against_brute_force() -> None:
    grid = np.linspace(-10, 10, 40_001)
    weights = norm.pdf(grid)
    at = 0.4 + 0.3 * grid
    stated = float((np.tanh(at) * weights).sum() / weights.sum())
    assert back.mean_over_normal(np.tanh, 0.4, 0.09) == pytest.approx(stated, rel=1e-8)
    assert back.mean_over_normal(back.inverse_logit, [0.0], [2.0]) == pytest.approx([0.5])


@given(y=st.floats(-3, 3), s=st.floats(0.01, 2), level=st.sampled_from([0.8, 0.9, 0.95]))
def test_wald_there_and_back(y: float, s: float, level: float) -> None:
    z = norm.isf((1 - level) / 2)
    low, high = np.exp(y - z * s), np.exp(y + z * s)
    for given_ in (
        {"estimate": [np.exp(y)], "low": [low], "high": [high]},
        {"low": [low], "high": [high]},
    ):
        found, v = from_wald(**given_, level=level, log=True)
        assert found[0] == pytest.approx(y, abs=1e-9)
        assert v[0] == pytest.approx(s**2, rel=1e-7)


def test_wald_by_statistic_and_p_with_and_without_df() -> None:
    p = 2 * t.sf(2.5, 9)
    y, v = from_wald(
        estimate=[5.0, 5.0, 5.0, 5.0],
        statistic=[-2.5, np.nan, np.nan, np.nan],
        p=[np.nan, p, 2 * norm.sf(2.5), np.nan],
        df=[np.nan, 9, np.nan, np.nan],
    )
    assert y.tolist() == [5.0] * 4
    assert v[:3] == pytest.approx([4.0] * 3)
    assert np.isnan(v[3])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"low": [2.0], "high": [1.0]}, r"low, high: is impossible in row 1; low <= high"),
        ({"estimate": [1.0, -1.0], "log": True}, r"estimate: is impossible in row 2; above 0"),
        ({"estimate": [1.0], "level": 95}, "level: is impossible"),
        ({"estimate": [1.0], "p": [0.0]}, "p: is impossible"),
        ({"estimate": [1.0], "df": [0]}, "df: is impossible"),
        ({"estimate": [1.0, 2.0], "p": [0.5, 0.5, 0.5]}, "do not pair up"),
    ],
)
def test_impossible_intervals(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(EffectError, match=message):
        from_wald(**arguments)


@given(centre=st.floats(-50, 50), spread=st.floats(0.5, 20), n=st.integers(5, 400))
def test_symmetric_summaries_give_their_centre_and_scale(
    centre: float, spread: float, n: int
) -> None:
    figures = {
        "minimum": [centre - 3 * spread],
        "q1": [centre - spread],
        "median": [centre],
        "q3": [centre + spread],
        "maximum": [centre + 3 * spread],
    }
    for method in ("default", "wan2014", "bland2015"):
        mean, sd = means_and_sds(**figures, n=[n], mean_method=method)
        doubled = {name: [2 * x[0]] for name, x in figures.items()}
        assert mean[0] == pytest.approx(centre, abs=1e-9)
        assert means_and_sds(**doubled, n=[n])[1][0] == pytest.approx(2 * sd[0])


def test_methods_on_normal_samples_against_brute_force() -> None:
    rng = np.random.default_rng(2)
    x = rng.normal(20, 4, (4000, 50))
    low, q1, median, q3, high = np.quantile(x, [0, 0.25, 0.5, 0.75, 1], axis=1)
    n = np.full(len(x), 50)
    parts = [
        {"minimum": low, "maximum": high},
        {"q1": q1, "q3": q3},
        {"minimum": low, "q1": q1, "q3": q3, "maximum": high},
    ]
    for part in parts:
        mean, sd = means_and_sds(**part, median=median, n=n)
        assert mean.mean() == pytest.approx(20, abs=0.05)
        assert sd.mean() == pytest.approx(4, rel=0.04)
        logs = {name: np.exp(value / 10) for name, value in part.items()}
        mean, sd = means_and_sds(**logs, median=np.exp(median / 10), n=n, distribution="lognormal")
        assert mean.mean() == pytest.approx(np.exp(2.08), rel=0.02)
        assert sd.mean() == pytest.approx(np.exp(2.08) * np.sqrt(np.expm1(0.16)), rel=0.06)
    _, sd = means_and_sds(**parts[0], median=median, n=n, sd_method="hozo2005")
    assert sd.mean() == pytest.approx(4, rel=0.2)
    _, sd = means_and_sds(**parts[2], median=median, n=n, sd_method="bland2015")
    assert sd.mean() == pytest.approx(4, rel=0.2)


def test_a_method_that_is_not_for_what_was_printed_gives_no_number() -> None:
    figures = {"q1": [4.0], "median": [6.0], "q3": [9.0], "n": [20]}
    mean, sd = means_and_sds(**figures, mean_method="hozo2005", sd_method="shi2020")
    assert np.isnan([mean[0], sd[0]]).all()
    mean, sd = means_and_sds(minimum=[1.0], median=[2.0], n=[9])
    assert np.isnan([mean[0], sd[0]]).all()


def test_small_ranges_by_hozo() -> None:
    _, sd = means_and_sds(
        minimum=[0.0] * 3, median=[4.0] * 3, maximum=[12.0] * 3, n=[15, 70, 71],
        sd_method="hozo2005",
    )  # fmt: skip
    assert sd == pytest.approx([np.sqrt((16 / 4 + 144) / 12), 3.0, 2.0])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"mean_method": "luo"}, r"mean_method: 'luo'; did you mean \"luo2018\"\?"),
        ({"sd_method": "luo2018"}, "sd_method: 'luo2018'"),
        ({"distribution": "gamma"}, "distribution: 'gamma'; known: lognormal, normal"),
        ({"distribution": "lognormal", "sd_method": "wan2014"}, "do nothing"),
        ({"q3": [1.0]}, r"row 1: \[4.0, 6.0, 1.0\]; minimum <= q1"),
        ({"n": [1]}, "n = 1; at least 2"),
        ({"n": [3, 4]}, r"n: shape \(2,\); \(1,\)"),
        ({"q1": [-1.0], "distribution": "lognormal"}, "above 0 for this method"),
    ],
)
def test_impossible_summaries(arguments: dict[str, Any], message: str) -> None:
    figures: dict[str, Any] = {"q1": [4.0], "median": [6.0], "q3": [9.0], "n": [20]}
    with pytest.raises(EffectError, match=message):
        means_and_sds(**(figures | arguments))
