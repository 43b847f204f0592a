import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import integrate, stats

from evidence.effects.table import EffectTable, table_of
from evidence.errors import FitError
from evidence.models.bayesian.exact import pool_bayes
from evidence.models.bayesian.priors import (
    MuPrior,
    TauPrior,
    flat,
    half_cauchy,
    half_normal,
    normal,
    reference_prior,
)
from evidence.models.borrowing.borrow import borrow
from evidence.models.borrowing.engines import spike_slab
from evidence.models.borrowing.kernels_borrow import two_sided

Array = NDArray[np.float64]
YT, ST = np.array([-0.5, -0.1, -0.2]), np.array([0.4, 0.5, 0.3])
YS, SS = np.array([-0.6, -0.4, -0.5, -0.75]), np.array([0.1, 0.15, 0.1, 0.2])
MEN, WOMEN = table_of(YT, ST), table_of(YS, SS)
BOTH = table_of(np.r_[YT, YS], np.r_[ST, SS])
TAU = half_normal(0.3)
FIGURES = ["mean", "median", "sd", "ci_low", "ci_high"]
FLAT = flat()


def pooled(table: EffectTable, tau: TauPrior = TAU, mu: MuPrior = FLAT) -> pd.Series:
    return pool_bayes(table, tau=tau, mu=mu).terms.set_index("term").loc["mu"]


def numbers(row: pd.Series) -> Array:
    return np.asarray(row[FIGURES], dtype=np.float64)


def by_grid(joint: Array, mu: Array) -> tuple[float, float]:
    """Mean and standard deviation of a density of mu that is known on a grid."""
    total = integrate.simpson(joint, x=mu)
    mean = integrate.simpson(mu * joint, x=mu) / total
    return mean, float(np.sqrt(integrate.simpson((mu - mean) ** 2 * joint, x=mu) / total))


@pytest.mark.parametrize("mu", [flat(), normal(0.2, 1.0)], ids=str)
@pytest.mark.parametrize("tau", [half_normal(0.3), half_cauchy(1.0)], ids=str)
def test_discount_0_is_the_target_and_1_is_all(tau: TauPrior, mu: MuPrior) -> None:
    found = borrow(MEN, WOMEN, method="power", tau=tau, mu=mu, discount=0.3, curve=[0, 1])
    columns = FIGURES if found.curve["sd"][0] is not None else ["median", "ci_low", "ci_high"]
    for at, table in ((0, MEN), (1, BOTH)):
        ours = found.curve.loc[at, columns].to_numpy(dtype=np.float64)
        theirs = pooled(table, tau, mu)[columns].to_numpy(dtype=np.float64)
        assert np.abs(ours - theirs).max() < 1e-10


def test_power_prior_by_a_grid() -> None:
    a0, mu, tau = 0.4, np.linspace(-3, 2, 1501), np.linspace(0, 2.5, 801)
    t = tau[:, None, None]
    log = stats.norm(mu[:, None], np.hypot(ST, t)).logpdf(YT).sum(axis=2)
    log = log + a0 * stats.norm(mu[:, None], np.hypot(SS, t)).logpdf(YS).sum(axis=2)
    joint = np.exp(log) * stats.halfnorm(scale=0.3).pdf(tau)[:, None]
    mean, sd = by_grid(integrate.simpson(joint, x=tau, axis=0), mu)
    row = borrow(MEN, WOMEN, method="power", tau=TAU, discount=a0).terms.loc["borrowed"]
    assert row["mean"] == pytest.approx(mean, abs=1e-6)
    assert row["sd"] == pytest.approx(sd, abs=1e-6)


def three(table: EffectTable, other: EffectTable) -> dict[str, EffectTable]:
    return {"women": table, "mixed": other}


def test_exchangeable_populations_by_a_grid() -> None:
    mixed = table_of([0.1, -0.3], [0.3, 0.25])
    sources = three(WOMEN, mixed)
    gamma = half_normal(0.2)
    found = borrow(MEN, sources, method="hierarchical", tau=TAU, between=gamma)
    tau, sd = np.linspace(0, 2, 161), np.linspace(0, 1.2, 161)
    mu = np.linspace(-3, 2, 1001)
    total = np.zeros_like(mu)
    groups = [(YT, ST), (YS, SS), (np.array([0.1, -0.3]), np.array([0.3, 0.25]))]
    rule = integrate.simpson(np.eye(161), x=tau, axis=0) * stats.halfnorm(scale=0.3).pdf(tau)
    weight_sd = integrate.simpson(np.eye(161), x=sd, axis=0) * stats.halfnorm(scale=0.2).pdf(sd)
    for t, weight_tau in zip(tau, rule, strict=True):
        w = [1 / (s**2 + t**2) for _, s in groups]
        m = np.array([x @ y / x.sum() for x, (y, _) in zip(w, groups, strict=True)])
        v = np.array([1 / x.sum() for x in w])
        log_c = sum(
            0.5 * np.log(x).sum() - 0.5 * x @ (y - mm) ** 2 + 0.5 * np.log(vv)
            for mm, vv, x, (y, _) in zip(m, v, w, groups, strict=True)
        )
        u = 1 / (v[1:] + sd[:, None] ** 2)  # others about a flat common mean
        spread = 1 / u.sum(axis=1)
        centre = (u * m[1:]).sum(axis=1) * spread
        log_o = 0.5 * np.log(u).sum(axis=1) + 0.5 * np.log(spread)
        log_o = log_o - 0.5 * (u * (m[1:] - centre[:, None]) ** 2).sum(axis=1)
        prior = np.sqrt(spread + sd**2)
        each = stats.norm.pdf(mu[:, None], centre, prior) @ (weight_sd * np.exp(log_o))
        total += weight_tau * np.exp(log_c) * each * stats.norm.pdf(mu, m[0], np.sqrt(v[0]))
    mean, spread_sd = by_grid(total, mu)
    row = found.terms.loc["borrowed"]
    assert row["mean"] == pytest.approx(mean, abs=2e-5)
    assert row["sd"] == pytest.approx(spread_sd, abs=2e-5)
    all_three = table_of(np.r_[YT, YS, 0.1, -0.3], np.r_[ST, SS, 0.3, 0.25])
    assert np.abs(numbers(found.curve.loc[0]) - numbers(pooled(all_three))).max() < 1e-10
    assert found.stated is None


def test_commensurate_is_exchangeable_with_half_the_variance() -> None:
    sd = np.array([0.05, 0.3, 1.0])
    one = borrow(
        MEN, WOMEN, method="commensurate", tau=TAU, between=half_normal(0.3), curve=sd * np.sqrt(2)
    )
    two = borrow(MEN, WOMEN, method="hierarchical", tau=TAU, between=half_normal(0.2), curve=sd)
    np.testing.assert_allclose(
        one.curve[FIGURES].astype(float), two.curve[FIGURES].astype(float), atol=1e-9
    )


@pytest.mark.parametrize("mu", [flat(), normal(0.0, 0.5)], ids=str)
def test_identical_populations_are_pooled(mu: MuPrior) -> None:
    found = borrow(
        MEN, WOMEN, method="commensurate", tau=TAU, mu=mu, between=half_normal(0.2), curve=[0.0, 50]
    )
    assert np.abs(numbers(found.curve.loc[0]) - numbers(pooled(BOTH, TAU, mu))).max() < 1e-10


def test_spike_and_slab_by_quadrature() -> None:
    prior = spike_slab(0.6, spike_sd=0.02, slab_sd=(0.1, 1.5))
    found = borrow(MEN, WOMEN, method="commensurate", tau=half_normal(1e-4), between=prior)
    # With next to no tau each population is a normal.
    (mt, vt), (ms, vs) = (
        (y @ s**-2.0 / (s**-2.0).sum(), 1 / (s**-2.0).sum()) for y, s in ((YT, ST), (YS, SS))
    )

    def given(precision: float) -> tuple[float, float]:
        around = vs + 1 / precision
        evidence = stats.norm.pdf(mt, ms, np.sqrt(around + vt))
        return evidence, (mt / vt + ms / around) / (1 / vt + 1 / around)

    spike = given(0.02**-2)
    low, high = 1.5**-2, 0.1**-2
    slab = integrate.quad(lambda p: given(p)[0], low, high)[0] / (high - low)
    mean = integrate.quad(lambda p: given(p)[0] * given(p)[1], low, high)[0] / (high - low)
    weight = 0.6 * spike[0] + 0.4 * slab
    expected = (0.6 * spike[0] * spike[1] + 0.4 * mean) / weight
    assert found.terms.loc["borrowed", "mean"] == pytest.approx(expected, abs=1e-5)
    assert (found.stated, found.axis) == (0.6, "spike_probability")


def test_robust_map_is_the_posterior_under_its_mixture() -> None:
    vague = normal(0.0, 2.0)
    found = borrow(MEN, WOMEN, method="robust_map", tau=TAU, discount=0.7, vague=vague)
    source = pool_bayes(WOMEN, tau=TAU).posterior
    mu, tau = np.linspace(-6, 6, 2401), np.linspace(0, 2.5, 501)
    prior = 0.7 * source.density(mu, "prediction") + 0.3 * stats.norm.pdf(mu, 0, 2)
    log = stats.norm(mu[:, None], np.hypot(ST, tau[:, None, None])).logpdf(YT).sum(axis=2)
    joint = np.exp(log) * stats.halfnorm(scale=0.3).pdf(tau)[:, None]
    mean, sd = by_grid(integrate.simpson(joint, x=tau, axis=0) * prior, mu)
    row = found.terms.loc["borrowed"]
    assert row["mean"] == pytest.approx(mean, abs=1e-6)
    assert row["sd"] == pytest.approx(sd, abs=1e-6)
    alone = pooled(MEN, TAU, vague)
    assert np.abs(numbers(found.curve.loc[0]) - numbers(alone)).max() < 1e-9
    assert found.terms.loc["target_only", "mean"] == pytest.approx(alone["mean"])


def test_map_yields_under_conflict() -> None:
    far = table_of(YS + 5.0, SS)
    robust = borrow(MEN, far, method="robust_map", tau=TAU, discount=0.5, vague=normal(0, 2))
    near = borrow(MEN, WOMEN, method="robust_map", tau=TAU, discount=0.5, vague=normal(0, 2))
    gap = abs(robust.terms.loc["borrowed", "mean"] - robust.terms.loc["target_only", "mean"])
    assert gap < 0.05
    assert near.terms.loc["borrowed", "borrowed_evidence"] > 0.3
    assert robust.conflict is not None
    assert near.conflict is not None
    for p in (robust.conflict.box_p, robust.conflict.tail_p, robust.conflict.difference_p):
        assert p < 1e-4
    assert robust.conflict.difference == pytest.approx(near.conflict.difference - 5.0, abs=1e-6)


def test_conflict_of_known_normals() -> None:
    tiny = half_normal(1e-6)
    found = borrow(MEN, WOMEN, method="power", tau=tiny, discount=0.5).conflict
    assert found is not None
    w, u = ST**-2.0, SS**-2.0
    z = (w @ YT / w.sum() - u @ YS / u.sum()) / np.sqrt(1 / w.sum() + 1 / u.sum())
    expected = 2 * stats.norm.sf(abs(z))
    for p in (found.box_p, found.tail_p, found.difference_p):
        assert p == pytest.approx(expected, abs=1e-4)


def test_box_p_of_a_mixture_by_draws() -> None:
    p, m, s = np.array([0.5, 0.5]), np.array([-2.0, 2.0]), np.array([0.5, 1.0])

    def density(x: Array) -> Array:
        return np.asarray(stats.norm.pdf(x[:, None], m, s) @ p)

    random = np.random.default_rng(3)
    which = random.integers(0, 2, 200_000)
    draws = random.normal(m[which], s[which])
    for at in (0.0, 1.0, 4.5):
        direct = (density(draws) <= density(np.array([at]))).mean()
        assert two_sided(p, m, s, at) == pytest.approx(direct, abs=4e-3)


def test_borrowed_evidence_and_patients() -> None:
    rows = MEN.rows.assign(n_treatment=[20, 30, 50], n_control=[20, 30, 50])
    counted = EffectTable(
        measure=MEN.measure, unit=MEN.unit, scale=MEN.scale, rows=rows,
        covariance=MEN.covariance, partial=MEN.partial, unused=MEN.unused, traces=MEN.traces,
        considered=MEN.considered,
    )  # fmt: skip
    found = borrow(counted, WOMEN, method="power", tau=TAU, discount=0.5)
    base, row = found.terms.loc["target_only"], found.terms.loc["borrowed"]
    assert row["borrowed_evidence"] == pytest.approx((base["sd"] / row["sd"]) ** 2 - 1)
    assert row["borrowed_patients"] == pytest.approx(200 * row["borrowed_evidence"])
    assert base["borrowed_evidence"] == 0.0
    assert found.notes == ()
    assert found.curve["borrowed_evidence"].is_monotonic_increasing
    assert found.frame() is found.curve


def test_tipping_points_are_where_conclusions_change() -> None:
    found = borrow(
        MEN, WOMEN, method="power", tau=TAU, discount=0.5, threshold=-0.05, probability=0.95
    )
    assert set(found.tipping["criterion"]) == {"ci_high", "probability_below"}
    for row in found.tipping.to_dict("records"):
        at = borrow(
            MEN, WOMEN, method="power", tau=TAU, discount=row["discount"], threshold=-0.05
        ).terms.loc["borrowed"]
        seen = (
            at["ci_high"] + 0.05
            if row["criterion"] == "ci_high"
            else (at["probability_below"] - 0.95)
        )
        assert seen == pytest.approx(0.0, abs=1e-6)
    assert "tipping point: ci_high at a0" in str(found)
    none = borrow(MEN, WOMEN, method="power", tau=TAU, discount=0.5, threshold=-50.0)
    assert none.tipping.empty
    assert "no conclusion changes" in str(none)


def test_one_target_trial_and_one_source_trial() -> None:
    man, woman = table_of([-0.3], [0.4], labels=["m"]), table_of([-0.5], [0.1], labels=["w"])
    for arguments in (
        {"method": "power", "discount": 0.5},
        {"method": "hierarchical", "between": half_normal(0.2)},
        {"method": "robust_map", "discount": 0.5, "vague": normal(0, 2)},
    ):
        found = borrow(man, woman, tau=TAU, **arguments)  # type: ignore[arg-type]
        row = found.terms.loc["borrowed"]
        assert -0.55 < row["median"] < -0.3
        assert found.curve["ci_low"].notna().all()


def test_heavy_tails_leave_the_size_open() -> None:
    man = table_of(YT[:2], ST[:2])
    found = borrow(man, WOMEN, method="power", tau=half_cauchy(0.5), discount=0.5)
    assert found.terms.loc["borrowed", "borrowed_evidence"] is None
    assert "no posterior variance" in found.notes[0]
    assert "borrowed:" not in str(found)


@settings(max_examples=10, deadline=None)
@given(st.floats(1e-3, 1e3), st.floats(-3, 3), st.permutations(range(4)))
def test_scale_shift_and_order(factor: float, shift: float, order: list[int]) -> None:
    base = borrow(MEN, WOMEN, method="power", tau=TAU, discount=0.4, curve=[0.2]).curve
    moved = borrow(
        table_of(factor * (YT + shift), factor * ST),
        table_of(factor * (YS + shift)[order], factor * SS[order]),
        method="power", tau=half_normal(0.3 * factor), discount=0.4, curve=[0.2],
    ).curve  # fmt: skip
    for name in ("mean", "median", "ci_low", "ci_high"):
        assert moved[name][0] / factor == pytest.approx(base[name][0] + shift, abs=1e-7)
    assert moved["sd"][0] / factor == pytest.approx(base["sd"][0], rel=1e-7)


POWER = {"method": "power", "tau": TAU, "discount": 0.5}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"method": "powr"}, "method: unknown: 'powr'.*power"),
        ({"discount": None}, "discount: power needs it"),
        ({"discount": 1.5}, r"discount: 1\.5"),
        ({"between": half_normal(1)}, "between: would do nothing for power"),
        ({"tau": reference_prior("dumouchel")}, "made from the data"),
        ({"tau": 3}, "3 is not a prior of tau"),
        ({"curve": [2.0]}, "numbers from 0 to 1"),
        ({"threshold": np.nan}, "threshold: nan"),
        ({"probability": 0.3}, r"probability: 0\.3"),
        ({"source": {}}, "no table"),
        ({"source": MEN}, "count every trial once"),
        ({"source": table_of(YS, SS, measure="RR", scale="log")}, "(?s)measure: 'RR'.*scale"),
        ({"method": "hierarchical", "discount": None}, "between: hierarchical needs it"),
        ({"method": "hierarchical", "discount": None,
          "between": spike_slab(0.5, spike_sd=0.1, slab_sd=(0.2, 1))}, "between: spike-and-slab"),
        ({"method": "hierarchical", "discount": None, "between": half_normal(1), "curve": [-1]},
         "numbers from 0 on"),
        ({"method": "robust_map", "vague": flat()}, "vague: flat"),
    ],
)  # fmt: skip
def test_refuses(change: dict[str, object], message: str) -> None:
    arguments = {"source": WOMEN} | POWER | change
    source = arguments.pop("source")
    with pytest.raises(FitError, match=message):
        borrow(MEN, source, **arguments)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((1.5, 0.1, (0.2, 1.0)), r"probability: 1\.5"),
        ((0.5, 0.0, (0.2, 1.0)), r"spike_sd: 0\.0"),
        ((0.5, 0.1, (1.0, 0.2)), "slab_sd"),
    ],
)
def test_spike_slab_refuses(
    arguments: tuple[float, float, tuple[float, float]], message: str
) -> None:
    with pytest.raises(FitError, match=message):
        spike_slab(arguments[0], spike_sd=arguments[1], slab_sd=arguments[2])


# A target without trials


def empty() -> EffectTable:
    return table_of([], [])


def test_without_target_trials_the_robust_map_is_a_prediction() -> None:
    vague = normal(0.0, 2.0)
    found = borrow(empty(), WOMEN, method="robust_map", tau=TAU, discount=0.3, vague=vague)
    source = pool_bayes(WOMEN, tau=TAU).posterior
    row = found.terms.loc["borrowed"]
    # Its distribution function is the weighted mean of those of the two parts.
    for name, p in (("ci_low", 0.025), ("median", 0.5), ("ci_high", 0.975)):
        at = float(row[name])
        below = 0.3 * float(source.cdf(at, "prediction")) + 0.7 * stats.norm.cdf(at, 0, 2)
        assert below == pytest.approx(p, abs=1e-9)
    alone, pooled_row = found.terms.loc["target_only"], found.terms.loc["pooled"]
    assert (alone["median"], alone["sd"]) == (pytest.approx(0, abs=1e-9), pytest.approx(2))
    assert numbers(pooled_row) == pytest.approx(numbers(pooled(WOMEN)), abs=1e-10)
    ends = found.curve.iloc[[0, -1]]["ci_high"].to_numpy(dtype=np.float64)
    assert ends[0] == pytest.approx(alone["ci_high"], abs=1e-9)
    assert ends[1] == pytest.approx(float(source.quantile(0.975, "prediction")), abs=1e-9)


def test_a_prediction_has_no_conflict_and_no_measure_of_what_was_borrowed() -> None:
    found = borrow(empty(), WOMEN, method="robust_map", tau=TAU, discount=0.3, vague=normal(0, 2))
    assert found.conflict is None
    assert found.terms["borrowed_evidence"].isna().all()
    assert "the target has no trials" in found.notes[0]
    text = str(found)
    assert "conflict" not in text
    assert "0 target trials" in text


def test_heavy_tails_of_a_prediction_have_no_variance() -> None:
    found = borrow(
        empty(), table_of(YS[:2], SS[:2]), method="robust_map", tau=half_cauchy(0.5), discount=0.3,
        vague=normal(0, 2),
    )  # fmt: skip
    assert found.terms["sd"].isna().all()
    assert np.isfinite(found.terms["ci_high"].astype(float)).all()


def test_other_methods_need_target_trials() -> None:
    with pytest.raises(FitError, match="no rows"):
        borrow(empty(), WOMEN, method="power", tau=TAU, discount=0.5)
    with pytest.raises(FitError, match="no rows"):
        borrow(MEN, empty(), method="robust_map", tau=TAU, discount=0.5, vague=normal(0, 2))
