"""Case diagnostics, cumulative fits, plot coordinates and subsets, each against plain fits."""

from itertools import combinations

import numpy as np
import pytest

from evidence.effects.table import EffectTable, table_of
from evidence.errors import FitError
from evidence.models.frequentist import gosh as gosh_module
from evidence.models.frequentist.cumulative import cumulative
from evidence.models.frequentist.gosh import gosh
from evidence.models.frequentist.influence import baujat, influence, radial
from evidence.models.frequentist.pool import pool

Y = np.array([0.1, 2.0, 3.5, 5.0, 8.0])
S = np.array([1.0, 0.5, 0.8, 1.2, 0.4])
OPTIONS = [{"model": "common"}, {"tau2": "reml"}, {"tau2": "dersimonian_laird"}, {"tau2": 0.5}]


@pytest.fixture
def table() -> EffectTable:
    return table_of(Y, S, labels=list("abcde"))


@pytest.mark.parametrize("options", OPTIONS)
def test_diagnostics_are_differences_of_fits(table: EffectTable, options) -> None:
    own, moves = influence(table, **options), baujat(table, **options)
    full = pool(table, ci="wald", **options)
    assert own["hat"].sum() == pytest.approx(1.0)
    for i, name in enumerate("abcde"):
        rest = pool(table_of(np.delete(Y, i), np.delete(S, i)), ci="wald", **options)
        t = rest.heterogeneity.tau2 or 0.0
        row, gap = own.loc[name], Y[i] - rest.estimate
        assert row["rstudent"] == pytest.approx(gap / np.sqrt(S[i] ** 2 + t + rest.std_error**2))
        assert row["cook"] == pytest.approx(((full.estimate - rest.estimate) / full.std_error) ** 2)
        assert row["cov_ratio"] == pytest.approx((rest.std_error / full.std_error) ** 2)
        assert row["tau2_without"] == pytest.approx(t)
        assert row["q_without"] == pytest.approx(rest.heterogeneity.q)
        all_at_t = pool(table, tau2=t, ci="wald").std_error
        assert row["dfbetas"] == pytest.approx((full.estimate - rest.estimate) / all_at_t)
        moved = (full.estimate - rest.estimate) ** 2 / rest.std_error**2
        assert moves.loc[name, "influence"] == pytest.approx(moved)


def test_common_effect_baujat_adds_up_to_q(table: EffectTable) -> None:
    found = baujat(table, model="common")
    q = pool(table, model="common").heterogeneity.q
    assert found["heterogeneity"].sum() == pytest.approx(q)


def test_an_outlier_is_flagged() -> None:
    found = influence(table_of([0.0, 0.1, -0.1, 0.05, 4.0], [0.1] * 5), model="common")
    assert found["influential"].tolist()[-1]
    quiet = influence(table_of([0.0, 0.1, -0.1, 0.05, 0.0, 0.1], [0.1] * 6), model="common")
    assert not quiet["influential"].any()


def test_diagnostics_need_three(table: EffectTable) -> None:
    for function in (influence, baujat):
        with pytest.raises(FitError, match="too few effects"):
            function(table_of([0.0, 1.0], [1.0, 1.0]))


def test_regression_through_the_origin_of_the_radial_plot_is_the_estimate(table) -> None:
    fit = pool(table)
    found = radial(fit)
    x, y = found["precision"].to_numpy(), found["standardised"].to_numpy()
    assert (x @ y) / (x @ x) == pytest.approx(fit.estimate)


@pytest.mark.parametrize("options", [*OPTIONS, {"ci": "hartung_knapp"}])
def test_cumulative_is_a_fit_of_the_first(table: EffectTable, options) -> None:
    years = [2001, 1999, 2005, 1999, 2000]
    found = cumulative(table, years, **options)
    assert found.index.tolist() == ["b", "d", "e", "a", "c"]
    places = [1, 3, 4, 0, 2]
    for n in range(2, 6):
        fit = pool(table_of(Y[places[:n]], S[places[:n]]), **options)
        row = found.iloc[n - 1]
        assert row["estimate"] == pytest.approx(fit.estimate)
        assert row["ci_high"] == pytest.approx(fit.ci_high)
        assert row["q_df"] == n - 1
    first = found.iloc[0]
    assert (first["estimate"], first["q"], first["q_p"]) == (2.0, 0.0, 1.0)


def test_cumulative_orders(table: EffectTable) -> None:
    assert cumulative(table).index.tolist() == list("abcde")
    assert cumulative(table, "std_error").index.tolist() == list("ebcad")
    with pytest.raises(FitError, match="no such column"):
        cumulative(table, "yeer")
    with pytest.raises(FitError, match="2 values for 5 rows"):
        cumulative(table, [1, 2])
    with pytest.raises(FitError, match="has no value"):
        cumulative(table, [1, 2, None, 4, 5])


@pytest.mark.parametrize("options", OPTIONS)
def test_all_subsets_are_fits_of_their_members(table: EffectTable, options) -> None:
    found = gosh(table, **options)
    assert found.complete
    assert len(found.fits) == 31
    every = [set(c) for n in range(1, 6) for c in combinations(range(5), n)]
    for members, (_, row) in zip(found.members, found.fits.iterrows(), strict=True):
        own = np.flatnonzero(members)
        every.remove(set(own.tolist()))
        if len(own) == 1:
            assert row["estimate"] == Y[own[0]]
            continue
        fit = pool(table_of(Y[own], S[own]), ci="wald", **options)
        assert row["estimate"] == pytest.approx(fit.estimate)
        assert row["i2"] == pytest.approx(fit.heterogeneity.i2)
    assert not every


def test_chunks_change_nothing(table: EffectTable, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = gosh(table)
    monkeypatch.setattr(gosh_module, "_CHUNK", 3)
    parts = gosh(table)
    np.testing.assert_array_equal(whole.members, parts.members)
    np.testing.assert_allclose(whole.fits, parts.fits, rtol=1e-9, atol=1e-12)


def test_drawn_subsets_repeat_with_their_seed() -> None:
    random = np.random.default_rng(0)
    table = table_of(random.normal(size=20), np.full(20, 0.3))
    first, again, other = (gosh(table, model="common", draws=4000, seed=seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first.members, again.members)
    assert not np.array_equal(first.members, other.members)
    assert not first.complete
    assert first.members.any(1).all()
    assert first.members.mean() == pytest.approx(0.5, abs=0.01)


def test_summaries(table: EffectTable) -> None:
    found = gosh(table, model="common")
    summary, medians = found.summary((0.0, 0.5, 1.0)), found.by_study()
    estimate = found.fits["estimate"].to_numpy()
    assert summary.loc["estimate", "sd"] == pytest.approx(estimate.std(ddof=1))
    assert summary.loc["estimate", 0.5] == pytest.approx(np.median(estimate))
    assert medians.loc["e", "with"] == pytest.approx(np.median(estimate[found.members[:, 4]]))
    assert medians.loc["e", "without"] < medians.loc["e", "with"]


@pytest.mark.parametrize(
    ("k", "options", "message"),
    [
        (16, {}, "would be 65,535 fits"),
        (5, {"draws": 10}, "draws need one"),
        (5, {"seed": 1}, "would do nothing"),
        (5, {"draws": 0, "seed": 1}, "from 1 to"),
        (1, {}, "too few effects"),
    ],
)
def test_subsets_that_cannot_be(k: int, options, message: str) -> None:
    with pytest.raises(FitError, match=message):
        gosh(table_of(np.arange(k), np.ones(k)), **options)
