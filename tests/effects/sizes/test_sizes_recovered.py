"""What a user's table lacks, checked against the figures it was made from."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from evidence.effects.sizes.frame import effect_sizes
from evidence.effects.sizes.quantile_estimation import DISTRIBUTIONS, quantile_estimation
from evidence.effects.sizes.recovered import (
    combine_groups,
    events_from_percent,
    pooled_sd_from_test,
    sd_of_group,
    smd_from_test,
)
from evidence.effects.sizes.skewness import skewness_test
from evidence.errors import EffectError

TWO_GROUPS = pd.DataFrame(
    {"m1": [5.0, 2.0], "s1": [2.0, 1.0], "n1": [25, 9], "m2": [3.0, 2.6], "s2": [1.5, 1.3],
     "n2": [22, 14]}
)  # fmt: skip


def behind() -> tuple[np.ndarray, np.ndarray, pd.DataFrame]:
    """T of each row, its P, and the table's own SMD."""
    columns = [TWO_GROUPS[c].to_numpy() for c in ("m1", "s1", "n1", "m2", "s2", "n2")]
    test = stats.ttest_ind_from_stats(*columns)
    table = effect_sizes(
        TWO_GROUPS, measure="SMD", mean1="m1", sd1="s1", n1="n1", mean2="m2", sd2="s2", n2="n2"
    )
    return test.statistic, test.pvalue, table.rows


@pytest.mark.parametrize("by", ["t", "f", "p"])
def test_a_standardized_difference_comes_back_from_its_test(by: str) -> None:
    t, p, rows = behind()
    told = {"t": {"t": t}, "f": {"f": t**2, "sign": np.sign(t)}, "p": {"p": p, "sign": np.sign(t)}}
    got = smd_from_test(TWO_GROUPS["n1"], TWO_GROUPS["n2"], **told[by])
    np.testing.assert_allclose(got["estimate"], rows["estimate"], rtol=1e-10)
    np.testing.assert_allclose(np.sqrt(got["variance"]), rows["std_error"], rtol=1e-10)


@pytest.mark.parametrize("by", ["t", "f", "p", "std_error"])
def test_the_pooled_sd_comes_back(by: str) -> None:
    t, p, _ = behind()
    difference = TWO_GROUPS["m1"] - TWO_GROUPS["m2"]
    told = {"t": t, "f": t**2, "p": p, "std_error": np.abs(difference / t)}[by]
    got = pooled_sd_from_test(difference, TWO_GROUPS["n1"], TWO_GROUPS["n2"], **{by: told})
    n1, n2 = TWO_GROUPS["n1"], TWO_GROUPS["n2"]
    s2 = ((n1 - 1) * TWO_GROUPS["s1"] ** 2 + (n2 - 1) * TWO_GROUPS["s2"] ** 2) / (n1 + n2 - 2)
    np.testing.assert_allclose(got, np.sqrt(s2), rtol=1e-10)


def test_a_difference_of_zero_says_nothing_of_the_sd() -> None:
    assert np.isnan(pooled_sd_from_test([0.0], [10], [10], p=[1.0])[0])


def test_sd_by_standard_error_goes_before_the_interval() -> None:
    got = sd_of_group([16, 16], std_error=[0.5, np.nan], ci_low=[0, 0], ci_high=[9, 2], normal=True)
    np.testing.assert_allclose(got, [2.0, 4 / stats.norm.isf(0.025)])


def test_groups_join_as_their_values_would() -> None:
    rng = np.random.default_rng(3)
    x, y = rng.normal(size=7), rng.normal(2, 3, size=12)
    both = np.concatenate([x, y])
    got = combine_groups(7, x.mean(), x.std(ddof=1), 12, y.mean(), y.std(ddof=1)).loc[0]
    assert got.tolist() == pytest.approx([19, both.mean(), both.std(ddof=1)])
    assert np.isnan(combine_groups(1, 2.0, 0.0, 0.5 + 0.5, 3.0, np.nan).loc[0, "sd"])


@given(st.integers(0, 400), st.integers(1, 400), st.integers(0, 3))
def test_every_count_is_among_those_that_print_as_it_does(x: int, n: int, decimals: int) -> None:
    x = min(x, n)
    row = events_from_percent(round(100 * x / n, decimals), n, decimals=decimals).loc[0]
    assert row["fewest"] <= x <= row["most"]
    assert row["exact"] == (row["fewest"] == row["most"])


def test_a_percentage_that_no_count_gives() -> None:
    row = events_from_percent([50.0], [3], decimals=0).loc[0]
    assert (row["fewest"], row["most"], row["exact"]) == (None, None, False)
    assert events_from_percent([np.nan], [3]).loc[0, "events"] is None


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: sd_of_group([5]), "std_error, or ci_low with ci_high"),
        (lambda: sd_of_group([1], std_error=[1.0]), "n: is impossible in row 1; at least 2"),
        (lambda: sd_of_group([5, 5], std_error=[1.0, -1]), "std_error: is impossible in row 2"),
        (lambda: sd_of_group([5], ci_low=[2], ci_high=[1]), "low <= high"),
        (lambda: sd_of_group([5], std_error=["a"]), "numbers, NaN where none is"),
        (lambda: sd_of_group([5, 6], std_error=[1, 1, 1]), "the same length"),
        (lambda: sd_of_group([5], ci_low=[1], ci_high=[2], level=95), "a fraction between 0 and 1"),
        (lambda: pooled_sd_from_test([1], [5], [5]), "one of t, f, p, std_error"),
        (lambda: smd_from_test([5], [5]), "one of t, f, p"),
        (lambda: smd_from_test([5], [5], p=[0.0]), "p: is impossible in row 1"),
        (lambda: smd_from_test([5], [5], f=[4.0]), "1 or -1 wherever F or P is used"),
        (lambda: smd_from_test([5], [5], t=[4.0], sign=[-1]), "the same direction in both"),
        (lambda: smd_from_test([1], [1], t=[4.0]), "at least 3"),
        (lambda: combine_groups(0, 1, 1, 5, 1, 1), "n1: is impossible in row 1; at least 1"),
        (lambda: events_from_percent(101, 5), "between 0 and 100"),
    ],
)
def test_what_cannot_be_is_refused_by_name(call: object, words: str) -> None:
    with pytest.raises(EffectError, match=words):
        call()


def five(x: np.ndarray) -> dict[str, np.ndarray]:
    names = ("minimum", "q1", "median", "q3", "maximum")
    return dict(zip(names, np.quantile(x, [0, 0.25, 0.5, 0.75, 1], axis=1), strict=True))


@pytest.mark.parametrize("printed", [("minimum", "maximum"), ("q1", "q3"), None])
@pytest.mark.parametrize("n", [41, 201])
def test_the_skewness_test_keeps_its_level_and_finds_skew(
    n: int, printed: tuple[str, ...] | None
) -> None:
    rng = np.random.default_rng(n)
    keep = {"median", *printed} if printed else {"minimum", "q1", "median", "q3", "maximum"}
    share = {}
    laws = {"normal": rng.normal(size=(4000, n)), "skew": rng.lognormal(0, 1, (4000, n))}
    for name, x in laws.items():
        told = {k: v for k, v in five(x).items() if k in keep}
        share[name] = skewness_test(n=np.full(4000, n), **told)["skewed"].mean()
    assert 0.025 < share["normal"] < 0.06
    assert share["skew"] > (0.3 if n == 41 else 0.9)


def test_the_skewness_test_says_which_way_or_that_it_cannot() -> None:
    frame = skewness_test(
        q1=[1.0, -9.0, 1.0, 5.0], median=[1.5, -1.5, 2, 5], q3=[9.0, -1.0, np.nan, 5],
        n=[60, 60, 60, 60],
    )  # fmt: skip
    assert frame["direction"].tolist() == ["right", "left", None, None]
    assert frame["skewed"].tolist() == [True, True, None, False]
    small = skewness_test(q1=[1.0], median=[2.0], q3=[9.0], n=[4]).loc[0]
    assert (small["skewed"], small["printed"]) == (None, "quartiles")


@pytest.mark.parametrize(
    ("name", "a", "b"),
    [("normal", 40, 1.2), ("lognormal", 1.0, -0.4), ("gamma", 0.9, 1.0), ("weibull", 0.7, 3.0)],
)
@pytest.mark.parametrize("scale", [1e-6, 1.0, 1e6])
def test_exact_quantiles_give_their_distribution_back(
    name: str, a: float, b: float, scale: float
) -> None:
    law = DISTRIBUTIONS[name](a, b)
    n = 200
    places = [1 / n, 0.25, 0.5, 0.75, 1 - 1 / n]
    minimum, q1, median, q3, maximum = ([x * scale] for x in law.ppf(places))
    row = quantile_estimation(
        minimum=minimum, q1=q1, median=median, q3=q3, maximum=maximum, n=[n]
    ).loc[0]
    assert row["distribution"] == name
    assert [row["mean"] / scale, row["sd"] / scale] == pytest.approx([law.mean(), law.std()], 1e-5)


def test_quantile_estimation_leaves_out_what_says_too_little() -> None:
    frame = quantile_estimation(
        q1=[1.0, 2.0, -1.0], median=[2.0, 2.0, 0.0], q3=[np.nan, 2.0, 2.0], n=[30, 30, 30]
    )
    assert frame["mean"].isna().tolist() == [True, True, False]
    assert frame.loc[2, "distribution"] == "normal"
    assert pd.isna(frame.loc[2, "distance_gamma"])
    with pytest.raises(EffectError, match="at least 2"):
        quantile_estimation(q1=[1.0], median=[2.0], q3=[3.0], n=[1])
