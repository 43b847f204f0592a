"""Designs, node splitting and net heat against brute force."""

import numpy as np
import pandas as pd
import pytest
from network_samples import arms_of, contrasts_of, network_of, triangle

from evidence.errors import FitError
from evidence.models.network.contrasts import network_contrasts
from evidence.models.network.inconsistency import design_decomposition, net_heat
from evidence.models.network.network import network_meta
from evidence.models.network.splitting import node_split

TREE = ("ab", "bc", "cd")


def test_the_parts_of_q_add_up() -> None:
    fit = network_meta(network_of())
    found = design_decomposition(fit)
    het = fit.heterogeneity
    assert found.total.q == pytest.approx(het.total.q)
    assert found.within.q == pytest.approx(het.within.q)
    assert found.between.q == pytest.approx(het.between.q)
    assert found.total.df == found.within.df + found.between.df == het.total.df
    assert found.within_designs["q"].sum() == pytest.approx(found.within.q)
    assert found.within_designs["studies"].sum() == fit.data.k
    table = found.frame()
    assert table["source"].tolist()[:3] == ["total", "within designs", "between designs"]
    assert table["q"].tolist()[:3] == [found.total.q, found.within.q, found.between.q]


def test_each_design_by_itself_is_its_own_network() -> None:
    arms = arms_of()
    found = design_decomposition(network_meta(network_of()))
    rows = found.within_designs.set_index("design")
    alone = contrasts_of(arms[arms["study"].isin(["s4", "s5"])])
    own = network_meta(network_contrasts(alone)).heterogeneity.total
    assert rows.loc["a:b:c", "q"] == pytest.approx(own.q)
    assert rows.loc["a:b:c", "df"] == own.df == 2
    assert rows.loc["a:c", "df"] == 0
    assert pd.isna(rows.loc["a:c", "p"])


def test_a_detached_design_takes_its_own_treatments() -> None:
    arms = arms_of()
    fit = network_meta(network_of())
    found = design_decomposition(fit)
    left = found.between_after_detaching.set_index("design")
    apart = arms.copy()
    mine = apart["study"].isin(["s4", "s5"])
    apart.loc[mine, "treatment"] = apart.loc[mine, "treatment"].str.upper()
    # Tied to the others by a study that tells nothing new.
    link = pd.DataFrame({"study": ["z"], "treatment1": ["A"], "treatment2": ["a"],
                         "estimate": [0.0], "std_error": [1.0]})  # fmt: skip
    whole = pd.concat([contrasts_of(apart), link], ignore_index=True)
    q = network_meta(network_contrasts(whole)).heterogeneity.total.q
    assert left.loc["a:b:c", "q"] == pytest.approx(q - found.within.q)
    assert left.loc["a:b:c", "df"] == found.between.df - 2


def test_the_interaction_takes_the_spread_within_designs() -> None:
    fit = network_meta(network_of())
    found = design_decomposition(fit)
    assert found.interaction.df == found.between.df
    stated = found.tau2_within
    own = network_meta(network_of(), tau2="dersimonian_laird")
    assert stated != pytest.approx(own.tau2)
    assert found.interaction.q < found.between.q


def test_a_tree_has_nothing_to_disagree_with() -> None:
    fit = network_meta(network_of(TREE))
    found = design_decomposition(fit)
    assert (found.total.df, found.between.df) == (0, 0)
    assert found.total.p is None
    assert found.tau2_within == 0.0
    assert len(found.between_after_detaching) == 0
    with pytest.raises(FitError, match="net heat needs designs that close a loop"):
        net_heat(fit, model="common")
    with pytest.raises(FitError, match="tau2 could not be estimated"):
        net_heat(fit)
    split = node_split(fit, model="common")
    assert len(split.tested()) == 0
    assert split.comparisons["direct_proportion"].isin([0.0, 1.0]).sum() == 3 or (
        split.comparisons["indirect"].isna().sum() == 3
    )


@pytest.mark.parametrize("model", ["common", "random"])
def test_heat_sums_to_what_a_design_takes_out(model: str) -> None:
    fit = network_meta(network_of())
    answer = net_heat(fit, model=model)
    heat, shares = answer.heat, answer.shares
    found = design_decomposition(fit)
    left = found.between_after_detaching.set_index("design")
    assert heat.columns.tolist() == left.index.tolist()
    if model == "common":
        assert shares.sum() == pytest.approx(found.between.q)
        assert heat.sum().to_numpy() == pytest.approx(found.between.q - left["q"].to_numpy())
    # A detached design fits itself.
    assert np.diag(heat) == pytest.approx(shares.to_numpy())
    with pytest.raises(FitError, match='did you mean "common"'):
        net_heat(fit, model="comon")


# Splitting


def test_a_triangle_by_hand() -> None:
    table = node_split(network_meta(triangle()), model="common").comparisons
    row = table.iloc[1]
    assert (row["treatment1"], row["treatment2"], row["studies"]) == ("x", "z", 1)
    assert (row["direct"], row["indirect"]) == pytest.approx((1.2, 1.5))
    assert row["direct_proportion"] == pytest.approx(2 / 3)
    assert row["difference_std_error"] == pytest.approx(np.sqrt(0.75))
    assert row["ci_high"] - row["ci_low"] == pytest.approx(2 * 1.959964 * np.sqrt(0.75), rel=1e-6)


@pytest.mark.parametrize("model", ["common", "random"])
def test_of_two_arm_studies_both_methods_agree(model: str) -> None:
    fit = network_meta(network_of(("ab", "ab", "bc", "ac", "cd", "bd", "ad", "cd")), tau2=0.1)
    a, b = (
        node_split(fit, model=model, method=method).comparisons
        for method in ("back_calculation", "without_direct_studies")
    )
    for column in ("indirect", "indirect_std_error", "difference", "p"):
        assert a[column].to_numpy(float) == pytest.approx(b[column].to_numpy(float), rel=1e-8)


def test_direct_and_indirect_make_up_the_network() -> None:
    fit = network_meta(network_of())
    table = node_split(fit).tested()
    share = table["direct_proportion"]
    mixed = share * table["direct"] + (1 - share) * table["indirect"]
    assert mixed.to_numpy() == pytest.approx(table["network"].to_numpy())
    precision = table["direct_std_error"] ** -2 + table["indirect_std_error"] ** -2
    assert precision.to_numpy() == pytest.approx(table["network_std_error"].to_numpy() ** -2)


def test_without_the_studies_that_compare_the_pair() -> None:
    arms = arms_of()
    fit = network_meta(network_of())
    found = node_split(fit, method="without_direct_studies").comparisons
    row = found[(found["treatment1"] == "a") & (found["treatment2"] == "b")].iloc[0]
    rest = arms[~arms["study"].isin(["s0", "s1", "s4", "s5", "s8"])]
    alone = network_meta(network_contrasts(contrasts_of(rest)))
    assert alone.random is not None
    assert row["indirect"] == pytest.approx(alone.random.estimate.loc["a", "b"])
    assert row["indirect_std_error"] == pytest.approx(alone.random.std_error.loc["a", "b"])
    # Without its only study nothing joins d to the others.
    lone = network_meta(network_of(("ab", "ab", "bc", "ac", "ad")))
    table = node_split(lone, method="without_direct_studies").comparisons
    assert table.set_index(["treatment1", "treatment2"]).loc[("a", "d"), "indirect"] is None or (
        pd.isna(table.set_index(["treatment1", "treatment2"]).loc[("a", "d"), "indirect"])
    )


def test_a_network_left_without_freedom_keeps_the_networks_tau2() -> None:
    fit = network_meta(network_of(("ab", "ab", "ab", "bc", "ac")), tau2="dersimonian_laird")
    found = node_split(fit, method="without_direct_studies").comparisons.iloc[0]
    v = fit.data.contrasts.set_index("study")["std_error"].loc[["s3", "s4"]] ** 2
    assert found["indirect_std_error"] == pytest.approx(np.sqrt(v.sum() + 2 * fit.tau2))
    based = network_meta(fit.data, tau2="reml_uncorrelated", reference="c")
    assert len(node_split(based, method="without_direct_studies").tested()) == 3


def test_wrong_split_options() -> None:
    fit = network_meta(triangle())
    with pytest.raises(FitError, match="method"):
        node_split(fit, method="side")  # type: ignore[arg-type]
    with pytest.raises(FitError, match="model"):
        node_split(fit, model="both")
