"""Ranks, league table and contributions."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from network_samples import arms_of, contrasts_of, network_of, triangle
from scipy import stats

from evidence.errors import FitError
from evidence.models.network.contrasts import network_contrasts
from evidence.models.network.contributions import contribution_matrix
from evidence.models.network.network import network_meta
from evidence.models.network.ranking import league_table, p_scores, rank_probabilities
from evidence.models.network.splitting import node_split


@pytest.mark.parametrize("small", ["desirable", "undesirable"])
@pytest.mark.parametrize("model", ["common", "random"])
def test_p_scores_are_sucra(small: str, model: str) -> None:
    fit = network_meta(network_of())
    score = p_scores(fit, small_values=small, model=model)  # type: ignore[arg-type]
    drawn = rank_probabilities(fit, small_values=small, model=model, draws=40_000, seed=3)  # type: ignore[arg-type]
    assert drawn.sucra.to_numpy() == pytest.approx(score.to_numpy(), abs=0.01)
    assert score.mean() == pytest.approx(0.5)
    share = drawn.probabilities
    assert share.sum().to_numpy() == pytest.approx(1.0)
    assert share.sum(axis=1).to_numpy() == pytest.approx(1.0)
    cumulative = share.cumsum(axis=1).iloc[:, :-1].mean(axis=1)
    assert cumulative.to_numpy() == pytest.approx(drawn.sucra.to_numpy())
    assert drawn.mean_rank.mean() == pytest.approx(2.5)


def test_two_sides_of_a_score() -> None:
    fit = network_meta(triangle())
    low = p_scores(fit, small_values="desirable", model="common")
    high = p_scores(fit, small_values="undesirable", model="common")
    assert (low + high).to_numpy() == pytest.approx(1.0)
    z = fit.common.estimate.loc["x"] / fit.common.std_error.loc["x"].replace(0, np.nan)
    assert high["x"] == pytest.approx(stats.norm.cdf(z.dropna()).mean())


def test_the_same_seed_gives_the_same_ranks() -> None:
    fit = network_meta(network_of())
    one, two, other = (
        rank_probabilities(fit, small_values="desirable", draws=500, seed=s).probabilities
        for s in (5, 5, 6)
    )
    assert one.equals(two)
    assert not one.equals(other)


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"small_values": "good"}, "unknown: 'good'"),
        ({"small_values": "desirable", "draws": 0}, "at least 1"),
        ({"small_values": "desirable", "draws": 10.5}, "a whole number"),
        ({"small_values": "desirable", "seed": -1}, "at least 0"),
        ({"small_values": "desirable", "seed": True}, "a whole number"),
        ({"small_values": "desirable", "model": "fixed"}, "unknown: 'fixed'"),
    ],
)
def test_wrong_rank_options(options: dict[str, object], match: str) -> None:
    with pytest.raises(FitError, match=match):
        rank_probabilities(network_meta(triangle()), **options)  # type: ignore[arg-type]


def test_no_random_effects_to_rank() -> None:
    fit = network_meta(network_of(("ab", "bc")))
    with pytest.raises(FitError, match="tau2 could not be estimated"):
        p_scores(fit, small_values="desirable")


# League table


def test_cells_of_the_league_table() -> None:
    fit = network_meta(network_of())
    table = league_table(fit, digits=3)
    assert fit.random is not None
    row = fit.random.frame().set_index(["treatment1", "treatment2"]).loc[("a", "c")]
    expected = f"{row['estimate']:.3f} ({row['ci_low']:.3f} to {row['ci_high']:.3f})"
    assert table.loc["a", "c"] == expected
    assert [table.loc[t, t] for t in "abcd"] == list("abcd")
    mirrored = table.loc["c", "a"].replace("-", "")
    assert sorted(mirrored.split()) != []
    ordered = league_table(fit, order=("d", "c", "b", "a"))
    assert ordered.index.tolist() == ordered.columns.tolist() == ["d", "c", "b", "a"]
    new = league_table(fit, prediction=True)
    assert fit.prediction is not None
    assert f"{fit.prediction.low.loc['a', 'c']:.2f} to" in new.loc["a", "c"]


def test_ratios_are_shown_as_ratios() -> None:
    data = network_contrasts(contrasts_of(arms_of()), scale="log", measure="OR")
    fit = network_meta(data)
    cell = league_table(fit, model="common", digits=4).loc["a", "b"]
    assert cell.startswith(f"{np.exp(fit.common.estimate.loc['a', 'b']):.4f} (")


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"order": ("a", "b")}, "all treatments, each once"),
        ({"digits": -1}, "a whole number from 0 to 10"),
        ({"digits": 2.0}, "a whole number from 0 to 10"),
        ({"model": "common", "prediction": True}, "common effects have no spread"),
    ],
)
def test_wrong_league_options(options: dict[str, object], match: str) -> None:
    with pytest.raises(FitError, match=match):
        league_table(network_meta(network_of()), **options)  # type: ignore[arg-type]


def test_no_prediction_to_show() -> None:
    fit = network_meta(network_of(("ab", "bc")), tau2=0.1)
    with pytest.raises(FitError, match="Q has no degrees of freedom"):
        league_table(fit, prediction=True)


# Contributions


@pytest.mark.parametrize("model", ["common", "random"])
@settings(max_examples=10, deadline=None)
@given(seed=st.integers(1, 1000))
def test_shares_sum_to_one(model: str, seed: int) -> None:
    fit = network_meta(network_of(seed=seed), tau2=0.1)
    found = contribution_matrix(fit, model=model)
    assert found.matrix.sum(axis=1).to_numpy() == pytest.approx(1.0)
    assert found.studies.sum(axis=1).to_numpy() == pytest.approx(1.0)
    assert (found.matrix.to_numpy() >= 0).all()
    flows = found.paths.groupby("comparison")["flow"].sum()
    assert flows.to_numpy() == pytest.approx(1.0)
    assert (found.paths["path"].str.count(" > ") == found.paths["length"]).all()
    for name, part in found.paths.groupby("comparison"):
        lengths = part["length"].tolist()
        assert lengths == sorted(lengths), name


def test_direct_paths_are_the_direct_proportion() -> None:
    fit = network_meta(network_of(("ab", "ab", "bc", "ac", "cd", "bd")))
    found = contribution_matrix(fit)
    table = node_split(fit).comparisons
    for _, row in table[table["studies"] > 0].iterrows():
        name = f"{row['treatment1']}:{row['treatment2']}"
        assert found.matrix.loc[name, name] == pytest.approx(row["direct_proportion"])


def test_in_a_tree_every_comparison_has_one_path() -> None:
    fit = network_meta(network_of(("ab", "bc", "cd")))
    found = contribution_matrix(fit, model="common")
    assert found.matrix.loc["a:d"].to_numpy() == pytest.approx(1 / 3)
    assert found.paths["path"].tolist()[2] == "a > b > c > d"
