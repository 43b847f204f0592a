"""Figures wanted alone are those of the whole fit; no maximum of a likelihood is overlooked."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evidence.errors import FitError
from evidence.models.frequentist import kernels_search, kernels_tau2
from evidence.models.frequentist.figures import FIGURES
from evidence.models.frequentist.kernels_roots import blocks, decreasing_root
from evidence.models.frequentist.pool_many import pool_figures, pool_many

OPTIONS = [
    {},
    {"tau2": "dersimonian_laird", "ci": "wald"},
    {"tau2": "hedges", "ci": "hartung_knapp_checked"},
    {"tau2": 0.1, "ci": "t"},
    {"model": "common"},
    {
        "tau2": "paule_mandel",
        "ci": "hartung_knapp_wider",
        "weights": [1.0, 2.0, 3.0, 4.0, 5.0, 6.0],
    },
]


def data_sets(n: int, k: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    v = random.lognormal(-1.0, 1.2, (n, k))
    return random.normal(1.0, np.sqrt(v + random.choice([0.0, 0.3, 5.0], (n, 1)))), v


@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_each_figure_alone_is_that_of_the_whole(options) -> None:
    y, v = data_sets(40, 6, seed=1)
    whole = pool_many(y, v, **options)
    for name in FIGURES:
        expected = getattr(whole, name)
        if expected is None:
            with pytest.raises(FitError, match=f"want: '{name}' does not exist under these"):
                pool_figures(y, v, [name], **options)
        else:
            found = pool_figures(y, v, [name], **options)
            assert list(found) == [name]
            np.testing.assert_allclose(found[name], expected, rtol=1e-12, atol=1e-300)


@pytest.mark.parametrize("want", ["estimate", [], ["estimates"]])
def test_wishes_that_mean_nothing(want) -> None:
    with pytest.raises(FitError, match="want: "):
        pool_figures([0.0, 1.0], [1.0, 1.0], want)


@pytest.mark.parametrize("options", OPTIONS[:5], ids=str)
def test_blocks_do_not_show(options, monkeypatch: pytest.MonkeyPatch) -> None:
    from evidence.models.frequentist import kernels_roots

    y, v = data_sets(50, 6, seed=2)
    whole = pool_many(y, v, **options)
    monkeypatch.setattr(kernels_roots, "_BLOCK", 80)
    parts = pool_many(y, v, **options)
    for name in ("estimate", "ci_low", "q_p", "i2", "weights"):
        np.testing.assert_allclose(getattr(parts, name), getattr(whole, name), rtol=1e-11)


def test_blocks_cover_all_rows_once() -> None:
    seen = np.concatenate([np.arange(100)[part] for part in blocks(100, 5000)])
    np.testing.assert_array_equal(seen, np.arange(100))
    assert list(blocks(0, 5)) == []
    assert len(list(blocks(3, 10**9))) == 3


def heights(y: np.ndarray, v: np.ndarray, grid: np.ndarray) -> np.ndarray:
    """Restricted log-likelihood (n, grid), one data set at a time."""
    return np.array(
        [kernels_tau2.restricted_log_likelihood(a, b, grid) for a, b in zip(y, v, strict=True)]
    )


@pytest.mark.parametrize("k", [2, 3, 4, 7])
def test_no_higher_maximum_on_a_fine_grid_where_variances_differ_wildly(k: int) -> None:
    random = np.random.default_rng(k)
    v = 10.0 ** random.uniform(-4, 2, (400, k))
    y = random.normal(size=(400, k)) * 10.0 ** random.uniform(-1.5, 1.5, (400, 1))
    found = kernels_tau2.reml(y, v)
    assert found.converged.all()
    grid = np.concatenate([[0.0], np.geomspace(1e-7, 1e5, 4000)])
    best = heights(y, v, grid).max(1)
    ours = kernels_tau2.restricted_log_likelihood(y, v, found.tau2)
    assert (ours >= best - 1e-9).all()


def test_several_maxima_are_there_and_the_highest_wins() -> None:
    random = np.random.default_rng(11)
    v = 10.0 ** random.uniform(-4, 1, (3000, 3))
    y = random.normal(size=(3000, 3)) * 10.0 ** random.uniform(-1, 1, (3000, 1))
    centred = np.asfortranarray(kernels_tau2.centre(y))
    at_zero, problem, low, high, start = kernels_search._falls(
        centred, np.asfortranarray(v), v.min(1), kernels_tau2.restricted_parts
    )
    maxima = np.bincount(problem, minlength=3000) + at_zero
    assert maxima.min() == 1
    assert (maxima > 1).sum() > 10
    assert ((low < start) & (start < high)).all()
    grid = np.concatenate([[0.0], np.geomspace(1e-8, 1e4, 3000)])
    hard = maxima > 1
    ours = kernels_tau2.restricted_log_likelihood(y, v, kernels_tau2.reml(y, v).tau2)
    assert (ours[hard] >= heights(y[hard], v[hard], grid).max(1) - 1e-9).all()


def test_few_and_many_data_sets_are_searched_to_the_same_end() -> None:
    y, v = data_sets(200, 5, seed=8)
    many = kernels_tau2.reml(y, v).tau2
    few = np.concatenate(
        [kernels_tau2.reml(y[i : i + 4], v[i : i + 4]).tau2 for i in range(0, 200, 4)]
    )
    np.testing.assert_allclose(many, few, rtol=1e-10, atol=1e-13)


def test_parts_of_the_slope_fall_in_tau2() -> None:
    y, v = data_sets(30, 5, seed=9)
    grid = np.concatenate([[0.0], np.geomspace(1e-3, 1e3, 40)])
    for parts in (kernels_tau2.restricted_parts, kernels_tau2.full_parts):
        found = parts(kernels_tau2.centre(y)[:, None], v[:, None], np.tile(grid, (30, 1)))
        for part in found:
            assert (np.diff(part, axis=1) <= 1e-9 * part[:, :1]).all()
            assert (part >= 0).all()


def test_the_slope_is_that_of_the_likelihood() -> None:
    y, v = data_sets(20, 6, seed=10)
    y, t, h = kernels_tau2.centre(y), np.full(20, 0.4), 1e-5
    for parts, height in (
        (kernels_tau2.restricted_parts, kernels_tau2.restricted_log_likelihood),
        (kernels_tau2.full_parts, kernels_tau2.full_log_likelihood),
    ):
        value, slope = kernels_search.score_of(parts(y, v, t))
        rise = (height(y, v, t + h) - height(y, v, t - h)) / (2 * h)
        np.testing.assert_allclose(value, 2 * rise, rtol=1e-5, atol=1e-6)
        above, below = (kernels_search.score_of(parts(y, v, t + d))[0] for d in (h, -h))
        np.testing.assert_allclose(slope, (above - below) / (2 * h), rtol=1e-5, atol=1e-6)


@settings(max_examples=40)
@given(st.integers(0, 10_000), st.sampled_from([1e-6, 1.0, 1e6]), st.integers(2, 9))
def test_order_and_unit_of_the_rows_are_only_that(seed: int, unit: float, k: int) -> None:
    y, v = data_sets(3, k, seed)
    order = np.random.default_rng(seed).permutation(k)
    one = pool_figures(y, v, ["estimate", "tau2", "ci_low"])
    two = pool_figures(unit * y[:, order], unit**2 * v[:, order], ["estimate", "tau2", "ci_low"])
    np.testing.assert_allclose(two["estimate"], unit * one["estimate"], rtol=1e-8, atol=1e-8 * unit)
    np.testing.assert_allclose(two["tau2"], unit**2 * one["tau2"], rtol=1e-7, atol=1e-9 * unit**2)


def test_a_root_is_found_from_a_start_of_ones_own() -> None:
    roots = np.array([0.5, 3.0])

    def line(x, at):
        return roots[at] - x, np.full_like(x, -1.0)

    low, high = np.zeros(2), np.full(2, 10.0)
    found, converged = decreasing_root(line, low, high, np.ones(2), np.array([9.0, 2.9]))
    assert converged.all()
    np.testing.assert_allclose(found, roots, rtol=1e-14)
